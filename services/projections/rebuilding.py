"""Filling tables anew without stopping anything: readers see the old one until the new one is whole.

What is landed meanwhile goes into both, see `beside`. `events` itself is filled anew from the store or from Kafka, the
other tables from it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from services.errors import NotFound, meant
from services.projections.beside import beside
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, table, tables
from services.projections.filling import Done, fill, fill_missed, unseen
from services.projections.kept import keep_anew, kept_states
from services.projections.projector import staged

Say = Callable[[str], None]


def silent(_: str) -> None:
    """Takes what nobody wants to read."""


def rebuild(clickhouse: ClickHouse, wanted: Collection[str] = (), say: Say = silent, done: Done = unseen) -> int:
    """Fills every table of events anew from `events`, or these, with their kept states; gives the number of events.

    `done` is told of how many more events have been dealt with, for each table.
    """
    for definition in rebuilt(wanted):
        say(f"rebuilding {definition.name}")
        rebuild_table(clickhouse, definition, done)
    for kept in kept_states():
        if not wanted or kept.source.name in wanted:
            say(f"keeping {kept.view.name}")
            keep_anew(clickhouse, kept)
    return int(clickhouse.scalar("SELECT uniqExact(stream, version) FROM events"))


def rebuilt(wanted: Collection[str] = ()) -> list[Table]:
    """The tables that are filled from `events`, or those of these names. Raises NotFound with the nearest ones."""
    known = {t.name: t for t in tables() if t.fill and t.name != "events"}
    for name in wanted:
        if name not in known:
            raise NotFound(f"There is no table {name!r} that is filled from events; {meant(name, known)}")
    return [definition for name, definition in known.items() if not wanted or name in wanted]


def rebuild_table(clickhouse: ClickHouse, definition: Table, done: Done = unseen) -> None:
    """Fills one table beside itself, exchanges the two, and brings in what landed meanwhile."""
    events = table("events").physical
    with beside(clickhouse, definition.physical, definition.create) as fresh:
        fill(clickhouse, fresh, definition, done)
        # from a batch that was on its way when the filling began: nobody may see fewer rows than before
        fill_missed(clickhouse, fresh, definition, events)
        clickhouse.command(f"EXCHANGE TABLES {fresh} AND {definition.physical}")
    fill_missed(clickhouse, definition.physical, definition, events)


def rebuild_events(clickhouse: ClickHouse, batches: Iterable[Sequence[bytes]], done: Done = unseen) -> int:
    """Fills `events` anew from all that its source has, in batches of bytes; gives how many there were.

    Nothing is taken over from the old one: what the source does not have was never recorded. A batch that is on its
    way stands in its source already.
    """
    definition = table("events")
    count = 0
    with beside(clickhouse, definition.physical, definition.create) as fresh:
        for values in batches:
            with staged(clickhouse, values) as batch:
                clickhouse.command(f"INSERT INTO {fresh} SELECT * FROM {batch}")
            count += len(values)
            done(len(values))
        clickhouse.command(f"EXCHANGE TABLES {fresh} AND {definition.physical}")
    return count
