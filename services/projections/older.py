"""Tables of a program with older definitions, which may still be landing records into them: a rolling upgrade.

What an older worker lands and acknowledges stands in its own tables only. A newer one brings it into the present ones,
at its start and every few seconds while it runs.
"""

from collections.abc import Callable, Iterable
from threading import Event

from services.projections.beside import FRESH, drop_abandoned
from services.projections.clickhouse import ClickHouse, QueryFailed
from services.projections.definitions import OWNER, table, tables
from services.projections.filling import fill_landed, fill_missed, in_parts
from services.projections.kept import keep_missed, kept_states

_EVERY_S = 10.0
_UPGRADED_D = 30


def settle_older(clickhouse: ClickHouse) -> None:
    """Brings in what a program with older definitions landed into its own tables only.

    In an embedded folder nobody else can be at work, so the older tables are dropped; on a server an older worker may
    still be landing: `keep_settled` goes on with it.
    """
    found = _bring_in(clickhouse, lambda name: True, lambda: table("events").physical)
    if clickhouse.folder is not None:
        for name in found:
            clickhouse.command(f"DROP TABLE {name} SYNC")


def keep_settled(clickhouse: ClickHouse, stop: Event, every: float = _EVERY_S) -> None:
    """Until `stop`, brings in what older workers land, and clears away what killed rebuilds left behind."""
    held: dict[str, frozenset[str]] = {}
    events = table("events").physical

    def news(name: str) -> frozenset[str]:
        before, held[name] = held.get(name, frozenset()), clickhouse.parts(name)
        return held[name] - before

    def landed() -> str:
        # a merged part holds old records beside the new ones, which costs a second look and nothing else
        parts = news(events)
        return in_parts(events, parts) if parts else ""

    while not stop.wait(every):
        try:
            drop_abandoned(clickhouse)
            _bring_in(clickhouse, lambda name: bool(news(name)), landed)
        except QueryFailed:
            # the server is away: the worker itself waits for it, and this is done at the next turn
            held.clear()


def _bring_in(clickhouse: ClickHouse, is_due: Callable[[str], bool], landed: Callable[[], str]) -> list[str]:
    """Gives the names of all older tables, after bringing in what is missing.

    What an older worker lands stands in `events`, which both share; a record of a type that the older one does not know
    stands nowhere else. So what has `landed` there is looked through, not the older tables. An older `events`, or kept
    state, is looked at where it `is_due`.
    """
    names = [
        str(row["name"])
        for row in clickhouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    ]
    events, *projections = (definition for definition in tables() if definition.fill)
    older_events = _older(names, f"{events.name}__", events.physical)
    for name in older_events:
        if is_due(name):
            fill_missed(clickhouse, events.physical, events, name)
    older = {each: _older(names, f"{each.name}__", each.physical) for each in projections}
    # a table that an older program knows nothing of misses what that lands, too
    source = landed() if older_events or any(older.values()) or _was_upgraded(clickhouse) else ""
    brought_in = [fill_landed(clickhouse, each.physical, each, source) for each in projections if source]
    older_kept = [name for kept in kept_states() for name in _older(names, f"{kept.view.name}_kept__", kept.physical)]
    # each is looked at, so that each is known at the next turn
    if len([name for name in older_kept if is_due(name)]) > 0 or any(brought_in):
        keep_missed(clickhouse)
    return [*older_events, *(name for each in older.values() for name in each), *older_kept]


def _was_upgraded(clickhouse: ClickHouse) -> bool:
    """Whether a worker with other definitions may still be landing, as in the weeks after an upgrade of a server.

    The one before may have lacked a table, and left none of its own.
    """
    if clickhouse.is_embedded:
        return False
    upgraded = f"uniqExact(fingerprint) > 1 AND max(at) > now() - toIntervalDay({_UPGRADED_D})"
    return bool(clickhouse.scalar(f"SELECT {upgraded} FROM {OWNER}"))


def _older(names: Iterable[str], prefix: str, present: str) -> list[str]:
    return [n for n in names if n.startswith(prefix) and n != present and FRESH not in n]
