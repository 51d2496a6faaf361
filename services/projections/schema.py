"""Brings a database up to the program's definitions, and rebuilds tables without stopping anything."""

from collections.abc import Callable, Iterable

from services.errors import Unavailable
from services.projections.analysis import is_offered, offer
from services.projections.beside import FRESH, fresh_name, put
from services.projections.calendars import fill_calendars, library_version
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, fingerprint, of_kinds, table, tables
from services.projections.kept import keep_anew, keep_missed, kept_states
from services.projections.projector import drop_leftovers
from services.settings import Settings

_OWNER = "definitions"
_DAY_S = 86_400
Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Takes progress that nobody wants to see."""


def prepare(clickhouse: ClickHouse, workspace_id: str, progress: Progress = silent) -> bool:
    """Makes what is missing, and gives whether anything was.

    A table whose definition changed is made beside the old one and filled from `events`.

    Raises Unavailable if the database belongs to another workspace.
    """
    clickhouse.command(
        f"CREATE TABLE IF NOT EXISTS {_OWNER} (at DateTime64(6) DEFAULT now64(6), workspace String, "
        "fingerprint String) ENGINE = MergeTree ORDER BY at"
    )
    held = clickhouse.rows(f"SELECT workspace, fingerprint FROM {_OWNER} ORDER BY at DESC LIMIT 1")
    if held and held[0]["workspace"] != workspace_id:
        raise Unavailable(
            f"{clickhouse.where} belongs to workspace {held[0]['workspace']}, not {workspace_id}; "
            "give this workspace a database of its own."
        )
    current = f"{fingerprint()}-{library_version()}"
    if held and held[0]["fingerprint"] == current:
        return False
    existing = {
        row["name"] for row in clickhouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")
    }
    for definition in tables():
        if definition.physical not in existing:
            if definition.fill and "events" in existing:
                progress(f"filling {definition.name}")
                _create_filled(clickhouse, definition)
            else:
                clickhouse.command(definition.create())
        point(clickhouse, definition)
    for kept in kept_states():
        if kept.physical not in existing:
            progress(f"keeping {kept.view.name}")
            keep_anew(clickhouse, kept)
    for definition in tables():
        for view in definition.views:
            clickhouse.command(view.create())
    fill_calendars(clickhouse)
    clickhouse.command(
        f"INSERT INTO {_OWNER} (workspace, fingerprint) VALUES ({{workspace:String}}, {{fingerprint:String}})",
        {"workspace": workspace_id, "fingerprint": current},
    )
    return True


def check_tables(clickhouse: ClickHouse) -> None:
    """Raises Unavailable if tables of this program's definitions are not there: another version keeps this database."""
    wanted = {definition.physical for definition in tables()} | {kept.physical for kept in kept_states()}
    query = "SELECT name FROM system.tables WHERE database = currentDatabase()"
    if missing := wanted - {str(row["name"]) for row in clickhouse.rows(query)}:
        raise Unavailable(
            f"{clickhouse.where} is kept by another version of pmo ({len(missing)} tables of this one are missing); "
            "restart 'pmo up' or 'pmo worker' with this version."
        )


def _create_filled(clickhouse: ClickHouse, definition: Table) -> None:
    # the old `events` still stands behind the plain name, and its bytes are all that a new one needs
    source = "(SELECT value FROM events)" if definition.name == "events" else _events_of(definition)
    fresh = _filled_beside(clickhouse, definition, source)
    put(clickhouse, fresh, definition.physical)


def _filled_beside(clickhouse: ClickHouse, definition: Table, source: str) -> str:
    fresh = fresh_name(definition.physical)
    clickhouse.command(definition.create(fresh))
    _fill(clickhouse, fresh, definition, source)
    return fresh


def _events_of(definition: Table) -> str:
    return f"(SELECT * FROM {table('events').physical} WHERE {of_kinds(definition.kinds)})"


def point(clickhouse: ClickHouse, definition: Table) -> None:
    """Lets the plain name show the table of the present definition."""
    clickhouse.command(f"CREATE OR REPLACE VIEW {definition.name} AS SELECT * FROM {definition.physical}")


def rebuild(clickhouse: ClickHouse, progress: Progress = silent) -> int:
    """Fills every projection anew from `events`, while landing and reading go on; gives the number of events."""
    for definition in tables():
        if definition.fill and definition.name != "events":
            progress(f"rebuilding {definition.name}")
            rebuild_table(clickhouse, definition)
    for kept in kept_states():
        progress(f"keeping {kept.view.name}")
        keep_anew(clickhouse, kept)
    return int(clickhouse.scalar("SELECT uniqExact(stream, version) FROM events"))


def rebuild_table(clickhouse: ClickHouse, definition: Table) -> None:
    """Fills one table beside itself, exchanges the two, and brings in what landed meanwhile."""
    fresh = _filled_beside(clickhouse, definition, _events_of(definition))
    clickhouse.command(f"EXCHANGE TABLES {fresh} AND {definition.physical}")
    # records acknowledged between the SELECT and the exchange stand in `events`, but in the old table only
    _insert_missed(clickhouse, definition, table("events").physical)
    clickhouse.command(f"DROP TABLE {fresh} SYNC")


def settle_older(clickhouse: ClickHouse) -> None:
    """Brings in what a program with older definitions landed into its own tables only.

    In an embedded folder nobody else can be at work, so the older tables are dropped; on a server an older worker may
    still be landing, and the next start of a newer one settles the rest.
    """
    names = [
        str(row["name"])
        for row in clickhouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    ]
    found = False
    for definition in tables():
        older = _older(names, f"{definition.name}__", definition.physical)
        found |= bool(older)
        if definition.fill and older:
            sources = older if definition.name == "events" else [table("events").physical]
            for source in sources:
                _insert_missed(clickhouse, definition, source)
        _drop_embedded(clickhouse, older)
    for kept in kept_states():
        older = _older(names, f"{kept.view.name}_kept__", kept.physical)
        found |= bool(older)
        _drop_embedded(clickhouse, older)
    if found:
        keep_missed(clickhouse)


def _older(names: Iterable[str], prefix: str, present: str) -> list[str]:
    return [n for n in names if n.startswith(prefix) and n != present and FRESH not in n]


def _drop_embedded(clickhouse: ClickHouse, names: Iterable[str]) -> None:
    if clickhouse.folder is not None:
        for name in names:
            clickhouse.command(f"DROP TABLE {name} SYNC")


def _insert_missed(clickhouse: ClickHouse, definition: Table, source: str) -> None:
    held = f"(SELECT stream, version FROM {definition.physical})"
    chosen = of_kinds(definition.kinds)
    missed = f"(SELECT * FROM {source} WHERE {chosen} AND (stream, version) NOT IN {held})"
    _fill(clickhouse, definition.physical, definition, missed)


def _fill(clickhouse: ClickHouse, target: str, definition: Table, source: str) -> None:
    # small blocks keep all cores at work on the JSON
    clickhouse.command(
        f"INSERT INTO {target} {definition.select_from(source)} SETTINGS max_insert_threads = 4, max_block_size = 16384"
    )


def connect(settings: Settings, *, wait: float | None = None) -> ClickHouse:
    """The ClickHouse of the workspace, open for writing, its tables up to date."""
    if settings.clickhouse:
        clickhouse = ClickHouse.server(settings.clickhouse)
    else:
        clickhouse = ClickHouse.embedded(settings.clickhouse_path, **({} if wait is None else {"wait": wait}))
    try:
        if prepare(clickhouse, settings.workspace_id) and is_offered(clickhouse):
            offer(clickhouse, settings)
        settle_older(clickhouse)
        # nobody else is at work in a folder of ours; on a server a batch takes seconds
        drop_leftovers(clickhouse, _DAY_S if settings.clickhouse else 0)
    except BaseException:
        clickhouse.close()
        raise
    return clickhouse
