"""Filling a table from events: one statement for a small table, one for each stretch of streams of a large one."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, of_kinds, table

_EVENTS_AT_ONCE = 300_000

Done = Callable[[int], None]
"""Told of how many more events have been dealt with."""


def unseen(_: int) -> None:
    """Takes progress that nobody wants to see."""


class Stretch(NamedTuple):
    """Some of all streams: a condition, its parameters, and about how many events they have."""

    chosen: str
    params: dict[str, str]
    events: int


def stretches(clickhouse: ClickHouse, chosen: str = "1") -> Iterator[Stretch]:
    """Stretches of the streams of a condition, with about as many events each as fit into memory, in their order.

    The first and the last have no bound: nothing may stand outside of all of them.
    """
    physical, bound, params = table("events").physical, chosen, dict[str, str]()
    while True:
        # from the last bound on: what is passed over is not read again
        rows = clickhouse.rows(
            f"SELECT stream FROM {physical} WHERE {bound} ORDER BY stream LIMIT 1 OFFSET {_EVENTS_AT_ONCE}", params
        )
        if not rows:
            left = int(clickhouse.scalar(f"SELECT count() FROM {physical} WHERE {bound}", params))
            yield Stretch(bound, params, left)
            return
        until = str(rows[0]["stream"])
        yield Stretch(f"{bound} AND stream <= {{until:String}}", {**params, "until": until}, _EVENTS_AT_ONCE)
        bound, params = f"{chosen} AND stream > {{after:String}}", {"after": until}


def fill(clickhouse: ClickHouse, target: str, definition: Table, done: Done = unseen) -> None:
    """Fills a table under the name `target` from all events that have landed."""
    events = table("events").physical
    for chosen, params, count in stretches(clickhouse, of_kinds(definition.kinds)):
        _insert(clickhouse, target, definition, f"(SELECT * FROM {events} WHERE {chosen})", params)
        done(count)


def fill_missed(clickhouse: ClickHouse, target: str, definition: Table, source: str) -> None:
    """Brings in what `source` has and the table under the name `target` has not."""
    held = f"(SELECT stream, version FROM {target})"
    chosen = of_kinds(definition.kinds)
    missed = f"(SELECT * FROM {source} WHERE {chosen} AND (stream, version) NOT IN {held})"
    _insert(clickhouse, target, definition, missed, {})


def in_parts(physical: str, parts: Iterable[str]) -> str:
    """What stands in these parts of a table, as a source to fill from."""
    names = ", ".join(f"'{part}'" for part in sorted(parts))
    return f"(SELECT * FROM {physical} WHERE _part IN ({names}))"


def fill_landed(clickhouse: ClickHouse, target: str, definition: Table, source: str) -> bool:
    """Brings in what `source` has and the table under the name `target` has not; gives whether there was anything.

    For a small part of all events: only the streams in it are looked up.
    """
    chosen = of_kinds(definition.kinds)
    streams = f"(SELECT stream FROM {source} WHERE {chosen})"
    held = f"(SELECT stream, version FROM {target} WHERE stream IN {streams})"
    missed = f"(SELECT * FROM {source} WHERE {chosen} AND (stream, version) NOT IN {held})"
    if not clickhouse.scalar(f"SELECT count() FROM ({definition.select_from(missed)})"):
        return False
    _insert(clickhouse, target, definition, missed, {})
    return True


def fill_from(clickhouse: ClickHouse, target: str, definition: Table, source: str) -> None:
    """Fills a table from a source that is read in one go."""
    _insert(clickhouse, target, definition, source, {})


def _insert(clickhouse: ClickHouse, target: str, definition: Table, source: str, params: dict[str, str]) -> None:
    # small blocks keep all cores at work on the JSON
    clickhouse.command(
        f"INSERT INTO {target} {definition.select_from(source)} "
        "SETTINGS max_insert_threads = 4, max_block_size = 16384",
        params,
    )
