"""``pmo kpi trend``: a figure at the end of each day, week, month, quarter or year of a period."""

from collections.abc import Sequence
from typing import Any

import click

from services.cli import output
from services.cli.ask import aim_cells, aim_columns, definition, definition_notes, figure_row, kpi_of
from services.cli.names import complete_kpi
from services.cli.output import Column
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput
from services.projections.stretches import EVERY, scope_at, stretches
from services.settings import Settings
from services.shown import beside_text, fraction_text, value_text

_CSV = (
    "from",
    "to",
    "known_at",
    "group",
    "standing",
    "value",
    "numerator",
    "denominator",
    "n",
    "open",
    "left_out",
    "target",
    "warn",
    "met",
)


@click.command(
    "trend",
    epilog="""\b
Example:
  pmo kpi trend on-time --from 2025-01-01 --to 2025-12-31 --every quarter
  pmo kpi trend adoption --from 2025-01-01 --to 2025-12-31 --by unit --known-then""",
)
@click.argument("name", shell_complete=complete_kpi)
@click.option("--from", "first", metavar="DAY", required=True, help="First day.")
@click.option("--to", "last", metavar="DAY", help="Last day; by default the as-of day.")
@click.option("--every", type=click.Choice(EVERY), default="month", show_default=True, help="A figure for each.")
@click.option("--window", type=click.IntRange(1, 100), default=1, show_default=True, help="Stretches that each covers.")
@click.option("--known-then", is_flag=True, help="Each as it was known at its own end, not as we know it now.")
@click.option("--by", metavar="WHAT", default="portfolio", show_default=True, help="One line for each of these.")
@scope_options
@output.format_options
def trend(
    name: str,
    first: str,
    last: str | None,
    every: str,
    window: int,
    known_then: bool,
    by: str,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """How a KPI went: for each stretch of time, the figure as of its last day.

    A KPI of what happened (projects due, hours worked) counts what lies in the stretch, or with --window in the last
    few; a KPI of a state (adoption, training) shows the state at the stretch's end.
    """
    from services.projections.house import in_reporting_currency, targets
    from services.projections.trends import trend as followed
    from services.runtime import open_reader

    if known_then and known_at is not None:
        raise BadInput("Give --known-at or --known-then, not both.")
    settings = Settings.load()
    wanted = kpi_of(settings, name)
    whole = scope_of(settings, unit, as_of, known_at, known_basis, first, last)
    parts = stretches(whole, every, window)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        # one currency for all points: that of the as-of day
        whole = in_reporting_currency(clickhouse, whole)
        scopes = [scope_at(whole, stretch, known_then) for stretch in parts]
        say_if_retired(clickhouse, scopes[-1])
        points = followed(clickhouse, wanted, scopes, by)
        aims = [targets(clickhouse, scope).get(wanted.name) for scope in scopes]
    rows = [
        {
            "from": scope.period_from,
            "to": scope.period_to,
            "known_at": scope.known_at,
            **figure_row(wanted, figure, by, aim),
            "shown": value_text(wanted, figure.value, figure.n, scope.currency),
            "of": fraction_text(wanted, figure),
            "beside_text": beside_text(wanted, figure, scope.currency),
            "aim": aim_cells(wanted, figure, by, aim, scope.currency),
        }
        for (scope, found), aim in zip(points, aims, strict=True)
        for figure in found
    ]
    if as_json:
        for row in rows:
            for shown in ("shown", "of", "beside_text", "aim"):
                del row[shown]
        output.as_json({"scope": scope_data(whole), "kpi": {"name": wanted.name, **definition(wanted)}, "points": rows})
    elif as_csv:
        output.as_csv(_CSV, rows)
    else:
        _show(f"{wanted.title}, every {every}, {scope_text(whole)}", rows, by, definition_notes(wanted))


def _show(title: str, rows: Sequence[dict[str, Any]], by: str, notes: Sequence[str]) -> None:
    rows = [{**row, "target": None, "met": None, **row["aim"]} for row in rows]
    columns = [
        Column("from", "from"),
        Column("to", "to"),
        *([] if by == "portfolio" else [Column(by.replace("_", " "), "group")]),
        Column("standing", "standing"),
        Column("value", "shown", number=True),
        *aim_columns(rows),
        Column("of", "of", number=True),
        Column("n", "n", number=True),
        *([Column("beside", "beside_text")] if any(row["beside_text"] for row in rows) else []),
    ]
    output.table(title, columns, rows, notes if rows else ["No data in this period.", *notes])
