"""Land, then project: the one way from records to rows, called by embedded mode, by the worker and by restores.

A batch goes into a Memory table of its own, from there into `events` and into each projection that takes its kinds;
then the kept states of its streams are made anew, and the checkpoint row is written last. Rows depend on the record
alone and are keyed by stream and version, so landing again, late or in another order gives the same tables.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from schemas.streams import kind_of
from services.projections import calendars
from services.projections.beside import being_filled, insert, insert_beside
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import Table, table, tables
from services.projections.erasing import erase
from services.projections.kept import keep, keep_missed
from services.projections.parallel import each
from services.projections.told import told

_BATCH = "batch_"
_CORRECTIONS = "corrections"
_UNSETTLED = 5  # batches
_POLL_S = 0.05

DirectoryRow = tuple[int, str, str, str | None]
"""Its number, subject, field and value; None where that was erased."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a transport has landed: `next` is the offset or notification id to go on from."""

    transport: str
    partition: int
    next: int
    position: int = 0


class Projector:
    """Lands batches through one connection; use one per thread."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._events = table("events").physical
        self._projections = [t for t in tables() if t.fill and t.name != "events"]
        self._countries: set[bytes] = set()
        self._unkept: set[str] = set()
        self._unsaid: list[Sequence[Checkpoint]] = []

    def land(self, values: Sequence[bytes], kinds: set[str], checkpoints: Sequence[Checkpoint]) -> None:
        """Lands records' bytes of these kinds; after it returns, they are in every table and the checkpoints hold."""
        self._land(values, kinds, keep_now=True)
        self.checkpoint(checkpoints)

    def land_much(self, values: Sequence[bytes], kinds: set[str], checkpoints: Sequence[Checkpoint]) -> None:
        """The same for one of many large batches: its states are kept and its checkpoints said at the next `settle`.

        After a crash before that, the batch is landed again.
        """
        self._land(values, kinds, keep_now=False)
        self._unkept |= kinds
        self._unsaid.append(checkpoints)
        if len(self._unsaid) >= _UNSETTLED:
            self.settle()

    def settle(self) -> None:
        """Keeps the states and says the checkpoints of the batches that were landed by `land_much`."""
        keep_missed(self._clickhouse, self._unkept)
        self.checkpoint([checkpoint for batch in self._unsaid for checkpoint in batch])
        self._unkept, self._unsaid = set(), []

    def _land(self, values: Sequence[bytes], kinds: set[str], keep_now: bool) -> None:
        if not values:
            return
        tells = told(values)
        concerned = [t for t in self._projections if t.takes(kinds) and (tells.corrects or t.name != _CORRECTIONS)]
        with staged(self._clickhouse, values) as batch:
            # looked up before each kind of table: who begins to fill one later finds these records in what it reads
            fresh = being_filled(self._clickhouse)
            insert(self._clickhouse, self._events, f"SELECT * FROM {batch}", fresh)
            fresh = being_filled(self._clickhouse)

            def fill(session: ClickHouse, projection: Table) -> None:
                insert(session, projection.physical, projection.select_from(batch), fresh)

            each(self._clickhouse, fill, concerned)
            if keep_now:
                keep(self._clickhouse, batch, kinds, tells)
            if not tells.countries <= self._countries:
                calendars.fill_calendars(self._clickhouse)
                self._countries |= tells.countries

    def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Says how far has landed."""
        if checkpoints:
            self._clickhouse.insert(
                table("checkpoints").physical,
                {
                    "transport": [c.transport for c in checkpoints],
                    "partition": [c.partition for c in checkpoints],
                    "next": [c.next for c in checkpoints],
                    "position": [c.position for c in checkpoints],
                },
            )

    def landed(self) -> dict[tuple[str, int], Checkpoint]:
        """How far each transport has landed."""
        query = (
            "SELECT transport, partition, max(next) AS next, max(position) AS position FROM checkpoints GROUP BY ALL"
        )
        rows = self._clickhouse.rows(query)
        return {(r["transport"], r["partition"]): Checkpoint(**r) for r in rows}

    def land_directory(self, entries: Sequence[DirectoryRow]) -> None:
        """Takes over directory rows (seq, subject, field, value); None erases what was there, from the disk too."""
        if entries:
            physical = table("directory").physical
            for name in being_filled(self._clickhouse).get(physical, ()):
                insert_beside(self._clickhouse, name, partial(insert_directory, self._clickhouse, name, entries))
            insert_directory(self._clickhouse, physical, entries)
        if erased := {(subject, field): seq for seq, subject, field, value in entries if value is None}:
            erase(self._clickhouse, erased)


def kinds_of(streams: Sequence[str]) -> set[str]:
    """The kinds among these streams."""
    return {kind_of(stream) for stream in streams}


@contextmanager
def staged(clickhouse: ClickHouse, values: Sequence[bytes]) -> Iterator[str]:
    """A table in memory of these records, with the columns of `events`, for as long as the block takes."""
    batch = f"{_BATCH}{uuid.uuid4().hex}"
    raw = f"{batch}_raw"
    try:
        clickhouse.command(f"CREATE TABLE {raw} (value String) ENGINE = Memory")
        clickhouse.insert(raw, {"value": values})
        clickhouse.command(f"CREATE TABLE {batch} ENGINE = Memory AS {table('events').select_from(raw)}")
        yield batch
    finally:
        clickhouse.command(f"DROP TABLE IF EXISTS {raw} SYNC")
        clickhouse.command(f"DROP TABLE IF EXISTS {batch} SYNC")


def wait_for_batches(clickhouse: ClickHouse, timeout: float) -> None:
    """Returns when the batches that are being landed now stand in every table, at the latest after `timeout`."""
    deadline = time.monotonic() + timeout
    awaited = _batches(clickhouse)
    while awaited and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        awaited &= _batches(clickhouse)


def insert_directory(clickhouse: ClickHouse, name: str, entries: Sequence[DirectoryRow]) -> None:
    """Puts directory rows into the table of this name."""
    seqs, subjects, fields, values = zip(*entries, strict=True)
    named = {"seq": seqs, "subject": subjects, "field": fields, "value": [value or "" for value in values]}
    clickhouse.insert(name, {column: list(held) for column, held in named.items()})


def drop_leftovers(clickhouse: ClickHouse, older_than: int) -> None:
    """Drops the batches of processes that were killed: those made so many seconds ago."""
    for name in sorted(_batches(clickhouse, older_than)):
        clickhouse.command(f"DROP TABLE IF EXISTS {name} SYNC")


def _batches(clickhouse: ClickHouse, older_than: int = 0) -> set[str]:
    """The tables of batches that were made so many seconds ago or earlier."""
    found = clickhouse.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase() "
        "AND engine = 'Memory' AND startsWith(name, {batch:String}) "
        "AND metadata_modification_time <= now() - {older_than:UInt32}",
        {"batch": _BATCH, "older_than": older_than},
    )
    return {str(row["name"]) for row in found}
