"""What analysts and their tools see: plain views of today, without parameters, in a database of their own.

Each shows what is true at the end of this day in the organisation's time zone, with all that is known now: the lists of
``analysis/*.sql``, some of the screens' queries, and the rows of each KPI, so that a share of theirs is
``sum(numerator) / sum(denominator)`` where `excluded` is empty. Only columns of plain values are there, since many
drivers know no arrays. In a list, ``{times}`` stands for both times of a state view.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.projections.clickhouse import ClickHouse
from services.projections.definitions import digest, flat
from services.projections.figures import of_grouping
from services.projections.inlining import PARAM
from services.projections.kept import kept_states
from services.projections.kpi import COLUMNS, Kpi, kpis_with
from services.projections.publishing import make_table
from services.projections.queries import query_text
from services.settings import Settings

FOLDER = Path(__file__).parent / "analysis"
SUFFIX = "_analysis"
ABOUT = "about"
_TIMES = "as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}"
_SCREENS = {
    "projects": "portfolio",
    "cost_forecasts": "forecast_costs",
    "decisions_waiting": "waiting_decisions",
    "conditions_past_due": "conditions_past_due",
    "changes": "recent_changes",
    "rebaselines": "rebaselines",
    "units": "units",
}
"""Lists that are a screen's query, asked for all units and all time."""
_NO_VALUE = re.compile(r"\b(?:Array|Tuple|Map|Nested)\(")
_KPI_COLUMNS = tuple(name for name in COLUMNS if name != "evidence")
_READ = re.compile(r"\b(FROM|JOIN|IN) (\w+__[0-9a-f]{10}|events|names|calendars|kpi_values)\b(?!\s*\()")
_ORDER = re.compile(r"\n*ORDER BY [\w, ]+\s*$")


@dataclass(frozen=True, slots=True)
class Offered:
    """A view for analysts: `columns` empty means all of plain values."""

    name: str
    select: str
    comment: str
    columns: tuple[str, ...] = ()


def database_of(clickhouse: ClickHouse) -> str:
    """The database that holds the views."""
    return f"{clickhouse.database}{SUFFIX}"


def offer(clickhouse: ClickHouse, settings: Settings) -> bool:
    """Makes the views where they are missing or of other definitions; gives whether it did."""
    database = database_of(clickhouse)
    wanted = tuple(_offered(settings))
    written = [_written(view.select, settings, clickhouse.database) for view in wanted]
    current = digest(*written, *(view.comment for view in wanted))
    query = "SELECT comment FROM system.tables WHERE database = {database:String} AND name = {name:String}"
    said = clickhouse.scalar(query, {"database": database, "name": ABOUT})
    if said is not None and str(said).endswith(current):
        return False
    make_table(clickhouse)
    clickhouse.command(f"CREATE DATABASE IF NOT EXISTS `{database}`")
    for view, select in zip(wanted, written, strict=True):
        columns = ", ".join(view.columns or _plain(clickhouse, select))
        clickhouse.command(
            f"CREATE OR REPLACE VIEW `{database}`.{view.name} AS SELECT {columns} FROM ({select}) "
            f"COMMENT {_quoted(view.comment)}"
        )
    named = [view.name for view in wanted]
    stale = clickhouse.rows(
        "SELECT name FROM system.tables WHERE database = {database:String} AND NOT has({named:Array(String)}, name)",
        {"database": database, "named": [*named, ABOUT]},
    )
    for row in stale:
        clickhouse.command(f"DROP VIEW `{database}`.`{row['name']}`")
    # last: its comment says that all the others stand
    told = ", ".join(f"({_quoted(view.name)}, {_quoted(view.comment)})" for view in wanted)
    clickhouse.command(
        f"CREATE OR REPLACE VIEW `{database}`.{ABOUT} AS SELECT * FROM VALUES('view String, meaning String', {told}) "
        f"COMMENT {_quoted(f'The views of this database and what they mean. {current}')}"
    )
    return True


def is_offered(clickhouse: ClickHouse) -> bool:
    """Whether the views were made here at some time."""
    query = "SELECT count() FROM system.tables WHERE database = {database:String} AND name = {name:String}"
    return bool(clickhouse.scalar(query, {"database": database_of(clickhouse), "name": ABOUT}))


def listed(settings: Settings) -> list[tuple[str, str]]:
    """The views by name, each with what it means."""
    return [(view.name, view.comment) for view in _offered(settings)]


def _offered(settings: Settings) -> Iterator[Offered]:
    for name, query in _SCREENS.items():
        text = query_text(query)
        yield Offered(name, _ORDER.sub("", _code(text)), _comment(text))
    for path in sorted(FOLDER.glob("*.sql")):
        text = path.read_text()
        yield Offered(path.stem, _code(text).replace("{times}", _TIMES), _comment(text))
    for kpi in kpis_with(settings.own_kpis).values():
        # one over controls is asked control by control; its occasions stand in no single query
        if not kpi.of_occasions:
            yield _of_kpi(kpi)


def _of_kpi(kpi: Kpi) -> Offered:
    select = of_grouping(kpi, kpi.sql, "")
    by = tuple(name for name in kpi.by if name != "skill")
    ended = ("ended",) if kpi.aggregator == "kaplan-meier" else ()
    comment = (
        f"KPI {kpi.name}, version {kpi.version}: {kpi.definition} "
        f"({kpi.measure}, {kpi.aggregator} of numerator and denominator, better {kpi.better}; a row each subject.)"
    )
    return Offered(f"kpi_{kpi.name.replace('-', '_')}", select, comment, (*_KPI_COLUMNS, *by, *ended))


def _written(select: str, settings: Settings, database: str) -> str:
    """The query of today: states are read as they are kept, and no parameter is left."""
    zone = _quoted(settings.time_zone)
    today = f"toDate32(now({zone}))"
    # the last millisecond of the day, and the last version in it: `Scope.as_of_k`
    last = f"toUnixTimestamp64Milli(toDateTime64(addDays(toStartOfDay(now({zone})), 1), 3)) - 1"
    values = {
        "as_of": today,
        "as_of_k": f"(bitShiftLeft({last}, 20) + 1048575)",
        "known_at": "toDateTime64('2199-12-31 23:59:59.999', 3, 'UTC')",
        "basis": "'recorded'",
        "tz": zone,
        "period_from": "toDate32('1970-01-01')",
        "period_to": today,
        "currency": _quoted(settings.currency),
        "units": "CAST([], 'Array(String)')",
    }
    text = flat(select, {kept.view.name: kept.select for kept in kept_states()})
    filled = PARAM.sub(lambda found: values[found[1]], text)
    return _in_database(filled, database)


def _in_database(text: str, database: str) -> str:
    """Every table that the query reads with its database: the view stands in another one."""
    return _READ.sub(lambda found: f"{found[1]} `{database}`.{found[2]}", text)


def _plain(clickhouse: ClickHouse, select: str) -> list[str]:
    described = clickhouse.rows(f"DESCRIBE ({select})")
    return [str(row["name"]) for row in described if not _NO_VALUE.search(str(row["type"]))]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _comment(text: str) -> str:
    return " ".join(line[2:].strip() for line in text.splitlines() if line.startswith("--"))


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
