"""Tables that are filled beside those in use, and take their name when they are full.

Several processes may do that at once, as workers that are started together do: each fills its own, the first wins. Who
lands records meanwhile puts them into such a table first and then into the one in use: so what is read never goes back
when the two are exchanged. One that was left behind by a killed process is told by its age, as whoever is at work says
so every few seconds.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse, QueryFailed

FRESH = "_fresh_"
_BEAT_S = 5.0
_LEASE_S = 30
"""After so long without a sign of life a table counts as left behind."""

Fresh = Mapping[str, Sequence[str]]
"""The tables that are being filled, by the name of the one in use."""


def fresh_name(physical: str) -> str:
    """A name that no other process uses."""
    return f"{physical}{FRESH}{uuid.uuid4().hex}"


@contextmanager
def beside(clickhouse: ClickHouse, physical: str, create: Callable[[str], str]) -> Iterator[str]:
    """The name of an empty table to fill. Whatever has that name at the end, as the former one may have, is dropped.

    Raises Unavailable where somebody else dropped it, since this process stood still for so long.
    """
    fresh = fresh_name(physical)
    clickhouse.command(create(fresh))
    ended = threading.Event()
    alive = threading.Thread(target=_stay_alive, args=(clickhouse, fresh, ended), daemon=True)
    alive.start()
    try:
        yield fresh
    except BaseException as error:
        _end(alive, ended)
        # the reason for the end counts, which may be that nothing answers any more
        with suppress(QueryFailed):
            if isinstance(error, QueryFailed) and not clickhouse.scalar(f"EXISTS TABLE {fresh}"):
                raise Unavailable(
                    f"This process gave no sign of life for {_LEASE_S} s, and what it was filling was cleared away; "
                    "the tables are as they were: run it again."
                ) from error
            clickhouse.command(f"DROP TABLE IF EXISTS {fresh} SYNC")
        raise
    _end(alive, ended)
    clickhouse.command(f"DROP TABLE IF EXISTS {fresh} SYNC")


def _end(alive: threading.Thread, ended: threading.Event) -> None:
    ended.set()
    alive.join()


def _stay_alive(clickhouse: ClickHouse, fresh: str, ended: threading.Event) -> None:
    """Changes the table's comment now and then, and thereby the time of its last change."""
    if ended.wait(_BEAT_S):
        return
    with clickhouse.session() as own:
        while True:
            try:
                own.command(f"ALTER TABLE {fresh} MODIFY COMMENT 'is being filled'")
            except QueryFailed:
                # whoever fills it will be told why
                return
            if ended.wait(_BEAT_S):
                return


def put(clickhouse: ClickHouse, fresh: str, physical: str) -> None:
    """Gives a filled table its name, last, so that a table that stands is a table that is filled."""
    try:
        clickhouse.command(f"RENAME TABLE {fresh} TO {physical}")
    except QueryFailed:
        if not clickhouse.scalar(f"EXISTS TABLE {physical}"):
            raise


def being_filled(clickhouse: ClickHouse) -> Fresh:
    """The tables that somebody is filling at this moment."""
    found: dict[str, list[str]] = {}
    for name in _fresh(clickhouse, f"> now() - {_LEASE_S}"):
        found.setdefault(name.partition(FRESH)[0], []).append(name)
    return found


def insert(clickhouse: ClickHouse, physical: str, select: str, fresh: Fresh) -> None:
    """Inserts what a query gives into a table, and before that into those that are to take its place."""
    for name in fresh.get(physical, ()):
        insert_beside(clickhouse, name, partial(clickhouse.command, f"INSERT INTO {name} {select}"))
    clickhouse.command(f"INSERT INTO {physical} {select}")


def insert_beside(clickhouse: ClickHouse, name: str, work: Callable[[], None]) -> None:
    """Does something with a table that may have taken its place, and be gone, by now."""
    try:
        work()
    except QueryFailed:
        if clickhouse.scalar(f"EXISTS TABLE {name}"):
            raise


def drop_abandoned(clickhouse: ClickHouse, *, alone: bool = False) -> None:
    """Drops the half-filled tables of processes that were killed; `alone` says that nobody else can be at work."""
    for name in _fresh(clickhouse, "<= now()" if alone else f"<= now() - {_LEASE_S}"):
        clickhouse.command(f"DROP TABLE IF EXISTS {name} SYNC")


def _fresh(clickhouse: ClickHouse, changed: str) -> list[str]:
    query = (
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND position(name, {fresh:String}) > 0 "
        f"AND metadata_modification_time {changed}"
    )
    return [str(row["name"]) for row in clickhouse.rows(query, {"fresh": FRESH})]
