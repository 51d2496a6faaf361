"""From a topic's records to rows: what is valid or of an unknown type lands, what is invalid becomes a dead letter.

The order is the promise: dead letters are acknowledged, rows stand in every table, then the checkpoint says so; only
after that may the caller acknowledge the records. The Faust worker and the bulk reader both call this.
"""

import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import orjson

from schemas.catalogue import KINDS, validated
from schemas.event import InvalidRecord, UnknownType
from services import bus
from services.metrics import LandingMetrics
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Checkpoint, DirectoryRow, Projector
from services.topics import POSITION, SEQ, dead_letter_topic, directory_topic, event_topic

# By its type, not by its topic: which tables take a record depends on the record alone.
_KIND = re.compile(rb'"type": ?"pmo\.([a-z-]+)\.')


class Batch(NamedTuple):
    """What follows from some records."""

    values: list[bytes]
    kinds: set[str]
    directory: list[DirectoryRow]
    dead: list[tuple[bus.Record, str]]
    checkpoints: list[Checkpoint]


def topic_names(prefix: str) -> list[str]:
    """The topics that land: one for each kind of stream, and the directory."""
    return [*(event_topic(prefix, kind) for kind in KINDS), directory_topic(prefix)]


def fault(value: bytes | None) -> str | None:
    """Why an event's record is invalid; None if it may land, as one of an unknown type may."""
    if value is None:
        return "a record without a value"
    try:
        validated(value)
    except InvalidRecord as error:
        return str(error)
    except UnknownType:
        return None
    return None


class Landing(AbstractContextManager["Landing"]):
    """Lands records through one connection; for one thread."""

    def __init__(
        self, clickhouse: ClickHouse, bootstrap: str, prefix: str, metrics: LandingMetrics | None = None
    ) -> None:
        self.projector = Projector(clickhouse)
        self._bootstrap = bootstrap
        self._directory = directory_topic(prefix)
        self._dead_letters = dead_letter_topic(prefix)
        self._kinds = {event_topic(prefix, kind): kind for kind in KINDS}
        self._producer: bus.Producer | None = None
        self._metrics = metrics or LandingMetrics(None)

    def land(self, records: Sequence[bus.Record]) -> None:
        """Lands the records. Raises Unavailable, and then nothing is lost: landing them again gives the same tables."""
        began = time.perf_counter()
        batch = self._prepared(records, None)
        self.projector.land(batch.values, batch.kinds, batch.checkpoints)
        self._count(batch, began)

    def land_much(self, records: Sequence[bus.Record], faults: Sequence[str | None]) -> None:
        """The same for one of many large batches, see `Projector.land_much`; `faults` says why each is invalid."""
        began = time.perf_counter()
        batch = self._prepared(records, faults)
        self.projector.land_much(batch.values, batch.kinds, batch.checkpoints)
        self._count(batch, began)

    def _count(self, batch: Batch, began: float) -> None:
        position = max((each.position for each in batch.checkpoints), default=0)
        self._metrics.landed(len(batch.values), len(batch.dead), position, time.perf_counter() - began)

    def _prepared(self, records: Sequence[bus.Record], faults: Sequence[str | None] | None) -> Batch:
        batch = self._sorted(records, faults)
        self._bury(batch.dead)
        self.projector.land_directory(batch.directory)
        return batch

    def _sorted(self, records: Sequence[bus.Record], faults: Sequence[str | None] | None) -> Batch:
        batch = Batch([], set(), [], [], [])
        places: dict[tuple[str, int], Checkpoint] = {}
        for number, record in enumerate(records):
            topic, partition, offset = record[:3]
            before = places.get((topic, partition))
            position = max(_number(record.headers.get(POSITION)), before.position if before else 0)
            places[topic, partition] = Checkpoint(
                topic, partition, max(offset + 1, before.next if before else 0), position
            )
            if topic == self._directory:
                self._sort_directory(record, batch)
                continue
            reason = faults[number] if faults is not None else fault(record.value)
            if reason is None and record.value is not None:
                batch.values.append(record.value)
                found = _KIND.search(record.value)
                batch.kinds.add(found[1].decode() if found else self._kinds[topic])
            else:
                batch.dead.append((record, reason or "a record without a value"))
        batch.checkpoints.extend(places.values())
        return batch

    def _sort_directory(self, record: bus.Record, batch: Batch) -> None:
        row = directory_row(record)
        if row is not None:
            batch.directory.append(row)
        else:
            # the reason leaves the content out: it may be a name
            batch.dead.append((record, "not a record of the directory"))

    def _bury(self, dead: Sequence[tuple[bus.Record, str]]) -> None:
        if not dead:
            return
        if self._producer is None:
            self._producer = bus.Producer(self._bootstrap)
        try:
            for record, reason in dead:
                headers = {
                    "reason": reason,
                    "topic": record.topic,
                    "partition": str(record.partition),
                    "offset": str(record.offset),
                }
                named = [(name, text.encode()) for name, text in headers.items()]
                if position := record.headers.get(POSITION):
                    # for another try, where the store is not at hand to say it
                    named.append((POSITION, position))
                # a name must not come to stand on a topic that keeps everything for ever
                value = None if record.topic == self._directory else record.value
                self._producer.send(self._dead_letters, record.key or b"", value, named)
            self._producer.flush()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives up the connection to Kafka."""
        if self._producer is not None:
            self._producer.close()
            self._producer = None

    def __exit__(self, *_: object) -> None:
        self.close()


def directory_row(record: bus.Record) -> DirectoryRow | None:
    """What a record of the directory says; None if it is no such record."""
    try:
        subject, field = orjson.loads(record.key or b"")
        if record.value is None:
            return int(record.headers[SEQ]), subject, field, None
        document = orjson.loads(record.value)
        row = int(document["seq"]), subject, field, document["value"]
    except (ValueError, TypeError, KeyError):
        return None
    return row if all(isinstance(text, str) for text in row[1:]) else None


def _number(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0
