"""Filling tables anew without stopping anything: readers see the old one until the new one is whole.

What is landed meanwhile goes into both, see `beside`. That spares readers a step back, but nothing rests on it: whoever
lands takes this process for dead when it was frozen for long. So after each exchange the source is read on, to its end
by then, and what is missing comes in. `events` itself and the directory of names and notes are filled anew from the
store or from Kafka, the other tables from `events`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from services.errors import NotFound, Unavailable, meant
from services.projections.beside import beside
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, table, tables
from services.projections.erasing import erase
from services.projections.filling import Done, fill, fill_landed, fill_missed, unseen
from services.projections.kept import keep_anew, kept_states
from services.projections.projector import DirectoryRow, Projector, insert_directory, staged

Say = Callable[[str], None]

Values = Callable[[], Iterable[Sequence[bytes]]]
"""Gives, in batches, the bytes of all events of the source that it has not given before; the first time of all."""

Entries = Callable[[], Iterable[Sequence[DirectoryRow]]]
"""The same of a directory's rows."""


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


def rebuild_events(clickhouse: ClickHouse, values: Values, done: Done = unseen) -> int:
    """Fills `events` anew from all that its source has; gives how many there were.

    Nothing is taken over from the old one: what the source does not have was never recorded. What is on its way stands
    in its source already. Raises Unavailable if the source has nothing at all, but something has landed.
    """
    definition = table("events")
    count = 0

    def bring_in(target: str) -> None:
        nonlocal count
        for found in values():
            with staged(clickhouse, found) as batch:
                fill_landed(clickhouse, target, definition, batch)
            count += len(found)
            done(len(found))

    with beside(clickhouse, definition.physical, definition.create) as fresh:
        for found in values():
            with staged(clickhouse, found) as batch:
                clickhouse.command(f"INSERT INTO {fresh} SELECT * FROM {batch}")
            count += len(found)
            done(len(found))
        # nobody may see fewer events than before, whatever came beside
        bring_in(fresh)
        _check_not_empty(clickhouse, definition.physical, count, "event")
        clickhouse.command(f"EXCHANGE TABLES {fresh} AND {definition.physical}")
    bring_in(definition.physical)
    return count


def rebuild_directory(clickhouse: ClickHouse, entries: Entries) -> None:
    """Fills the table of names and notes anew from all that the directory has, which is none of `events`.

    Raises Unavailable if the directory has nothing at all, but something has landed.
    """
    definition = table("directory")
    count, erased = 0, dict[tuple[str, str], int]()
    with beside(clickhouse, definition.physical, definition.create) as fresh:
        for read in (entries, entries):
            # twice: for what changed while the first, long reading went on
            for rows in read():
                insert_directory(clickhouse, fresh, rows)
                count += len(rows)
                erased |= {(subject, field): seq for seq, subject, field, value in rows if value is None}
        _check_not_empty(clickhouse, definition.physical, count, "name or note")
        if erased:
            # an older row of the same reading may still say what was erased
            erase(clickhouse, erased)
        clickhouse.command(f"EXCHANGE TABLES {fresh} AND {definition.physical}")
    projector = Projector(clickhouse)
    for rows in entries():
        projector.land_directory(rows)


def _check_not_empty(clickhouse: ClickHouse, physical: str, found: int, what: str) -> None:
    if not found and (landed := int(clickhouse.scalar(f"SELECT count() FROM {physical}"))):
        raise Unavailable(
            f"There is no {what} in what the tables were to be filled from, but {landed:,} have landed, which stay as "
            "they are; correct PMO_STORE, or PMO_KAFKA and PMO_TOPIC_PREFIX."
        )
