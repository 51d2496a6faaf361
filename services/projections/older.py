"""Tables of a program with older definitions, which may still be landing records into them: a rolling upgrade.

What an older worker lands and acknowledges stands in its own tables only. A newer one brings it into the present ones,
at its start and every few seconds while it runs.
"""

from collections.abc import Callable, Iterable
from threading import Event

from services.projections.beside import FRESH, drop_abandoned
from services.projections.clickhouse import ClickHouse, QueryFailed
from services.projections.definitions import Table, table, tables
from services.projections.filling import fill_missed
from services.projections.kept import keep_missed, kept_states

_EVERY_S = 10.0


def settle_older(clickhouse: ClickHouse) -> None:
    """Brings in what a program with older definitions landed into its own tables only.

    In an embedded folder nobody else can be at work, so the older tables are dropped; on a server an older worker may
    still be landing: `keep_settled` goes on with it.
    """
    found = _bring_in(clickhouse, lambda name: True)
    if clickhouse.folder is not None:
        for name in found:
            clickhouse.command(f"DROP TABLE {name} SYNC")


def keep_settled(clickhouse: ClickHouse, stop: Event, every: float = _EVERY_S) -> None:
    """Until `stop`, brings in what older workers land, and clears away what killed rebuilds left behind."""
    held: dict[str, str] = {}

    def changed(name: str) -> bool:
        content = clickhouse.parts(name)
        before, held[name] = held.get(name), content
        return before != content

    while not stop.wait(every):
        try:
            drop_abandoned(clickhouse)
            _bring_in(clickhouse, changed)
        except QueryFailed:
            # the server is away: the worker itself waits for it, and this is done at the next turn
            held.clear()


def _bring_in(clickhouse: ClickHouse, is_due: Callable[[str], bool]) -> list[str]:
    """Gives the names of all older tables, after bringing in what is missing of those that are due."""
    names = [
        str(row["name"])
        for row in clickhouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    ]
    found: list[str] = []
    kept_is_due = False
    for definition in tables():
        older = _older(names, f"{definition.name}__", definition.physical)
        due = [name for name in older if is_due(name)]
        if definition.fill:
            for source in _sources(definition, due):
                fill_missed(clickhouse, definition.physical, definition, source)
        found += older
        kept_is_due |= bool(due)
    for kept in kept_states():
        older = _older(names, f"{kept.view.name}_kept__", kept.physical)
        # each is looked at, so that each is known at the next turn
        kept_is_due |= len([name for name in older if is_due(name)]) > 0
        found += older
    if kept_is_due:
        keep_missed(clickhouse)
    return found


def _sources(definition: Table, due: list[str]) -> list[str]:
    if definition.name == "events":
        return due
    return [table("events").physical] if due else []


def _older(names: Iterable[str], prefix: str, present: str) -> list[str]:
    return [n for n in names if n.startswith(prefix) and n != present and FRESH not in n]
