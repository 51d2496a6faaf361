"""Brings a database up to the program's definitions."""

from collections.abc import Callable

from schemas.catalogue import BY_TYPE
from services.errors import Unavailable
from services.projections.analysis import is_offered, offer
from services.projections.beside import beside, drop_abandoned, put
from services.projections.calendars import fill_calendars, library_version
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import OWNER, Table, fingerprint, tables
from services.projections.filling import fill, fill_from
from services.projections.kept import keep_anew, kept_states
from services.projections.older import settle_older
from services.projections.projector import drop_leftovers
from services.settings import Settings

_DAY_S = 86_400
Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Takes progress that nobody wants to see."""


def prepare(clickhouse: ClickHouse, workspace_id: str, progress: Progress = silent) -> bool:
    """Makes what is missing, and gives whether anything was.

    A table whose definition changed is made beside the old one and filled from `events`.

    Raises Unavailable if the database belongs to another workspace, or a newer program made it.
    """
    clickhouse.command(
        f"CREATE TABLE IF NOT EXISTS {OWNER} (at DateTime64(6) DEFAULT now64(6), workspace String, "
        "fingerprint String, types Array(String)) ENGINE = MergeTree ORDER BY at"
    )
    held = _held(clickhouse, workspace_id)
    current = f"{fingerprint()}-{library_version()}"
    if held == current:
        return False
    _check_not_newer(clickhouse)
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
            if "events" in existing:
                progress(f"keeping {kept.view.name}")
                keep_anew(clickhouse, kept)
            else:
                clickhouse.command(kept.create())
    for definition in tables():
        for view in definition.views:
            clickhouse.command(view.create())
    fill_calendars(clickhouse)
    clickhouse.command(
        f"INSERT INTO {OWNER} (workspace, fingerprint, types) "
        "VALUES ({workspace:String}, {fingerprint:String}, {types:Array(String)})",
        {"workspace": workspace_id, "fingerprint": current, "types": sorted(BY_TYPE)},
    )
    return True


def _check_not_newer(clickhouse: ClickHouse) -> None:
    """Raises Unavailable if a program that knows more types of events made the tables: these would be a step back."""
    # the first programs did not say what they know
    clickhouse.command(f"ALTER TABLE {OWNER} ADD COLUMN IF NOT EXISTS types Array(String)")
    known = clickhouse.scalar(f"SELECT arraySort(groupUniqArrayArray(types)) FROM {OWNER}")
    if unknown := [name for name in known if name not in BY_TYPE]:
        more = f" and {len(unknown) - 1} more types of events" if len(unknown) > 1 else ""
        raise Unavailable(
            f"The tables of {clickhouse.where} were made by a newer pmo, which knows {unknown[0]}{more}; "
            "update pmo here."
        )


def _held(clickhouse: ClickHouse, workspace_id: str) -> str:
    """The fingerprint of the definitions in use, "" for none. Raises Unavailable for another workspace's database."""
    held = clickhouse.rows(f"SELECT workspace, fingerprint FROM {OWNER} ORDER BY at DESC LIMIT 1")
    if held and held[0]["workspace"] != workspace_id:
        raise Unavailable(
            f"{clickhouse.where} belongs to workspace {held[0]['workspace']}, not {workspace_id}; "
            "give this workspace a database of its own."
        )
    return str(held[0]["fingerprint"]) if held else ""


def check_tables(clickhouse: ClickHouse, workspace_id: str) -> None:
    """For a reader: raises Unavailable if the database is another workspace's, or kept by another version of pmo."""
    wanted = {definition.physical for definition in tables()} | {kept.physical for kept in kept_states()}
    query = "SELECT name FROM system.tables WHERE database = currentDatabase()"
    there = {str(row["name"]) for row in clickhouse.rows(query)}
    if OWNER in there:
        _held(clickhouse, workspace_id)
    if missing := wanted - there:
        raise Unavailable(
            f"{clickhouse.where} is kept by another version of pmo ({len(missing)} tables of this one are missing); "
            "restart 'pmo up' or 'pmo worker' with this version."
        )


def _create_filled(clickhouse: ClickHouse, definition: Table) -> None:
    with beside(clickhouse, definition.physical, definition.create) as fresh:
        if definition.name == "events":
            # the old one still stands behind the plain name, and its bytes are all that a new one needs
            fill_from(clickhouse, fresh, definition, "(SELECT value FROM events)")
        else:
            fill(clickhouse, fresh, definition)
        put(clickhouse, fresh, definition.physical)


def point(clickhouse: ClickHouse, definition: Table) -> None:
    """Lets the plain name show the table of the present definition."""
    clickhouse.command(f"CREATE OR REPLACE VIEW {definition.name} AS SELECT * FROM {definition.physical}")


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
        drop_abandoned(clickhouse, alone=not settings.clickhouse)
    except BaseException:
        clickhouse.close()
        raise
    return clickhouse
