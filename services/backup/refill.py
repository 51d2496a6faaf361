"""An event store made again from Kafka alone: what the relay sent, at the positions that it was sent with.

Positions run from 1 without a gap, and so do the versions of each stream: whatever is missing in the middle shows. What
the end lacks shows against a signed checkpoint only.

What never was on Kafka does not come back: what commands said beside their events (a command id that is used again with
other content is taken for a second try), and the salts of notes (their texts come back, but can no longer be held
against the digests in the events).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import SQLiteCursor

from schemas.streams import kind_of
from services import bus
from services.broker import LocalBroker
from services.commands.relay import is_led
from services.errors import BadInput, Rejected, Unavailable
from services.projections.bulk import read_checked, validators
from services.projections.landing import topic_names
from services.runtime import open_app
from services.settings import Settings
from services.topics import POSITION, SEQ, directory_topic, event_topic

Progress = Callable[[int, int], None]
Say = Callable[[str], None]
Row = tuple[int, str, int, str, bytes]
_DIGEST = 16
_CACHE_KIB = 256 * 1024

_INSERT = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)"
# by the primary key's index alone, which holds the positions too
_OUT_OF_ORDER = """
SELECT originator_id, originator_version, number FROM (
    SELECT originator_id, originator_version, row_number() OVER stream AS number,
        rowid < lag(rowid) OVER stream AS before
    FROM stored_events WINDOW stream AS (PARTITION BY originator_id ORDER BY originator_version))
WHERE number != originator_version OR before LIMIT 1"""


@dataclass(slots=True)
class Refilled:
    """What came back: events, names and notes; copies of events, and records that are no events, are not among them."""

    events: int = 0
    names: int = 0
    copies: int = 0
    others: int = 0


def refill(settings: Settings, say: Say, progress: Progress) -> Refilled:
    """Fills the workspace's empty event store from its topics, as a whole or not at all.

    Raises Rejected if there are events already, BadInput, which names the event, if something is missing or stands
    there in two forms, Unavailable if Kafka or the disk fails or a relay is at work.
    """
    with _kafka(settings, say) as bootstrap, open_app(settings) as app:
        if is_led(settings):
            raise Unavailable("A relay is at work for this workspace; stop it or 'pmo up', then try again.")
        ends = bus.end_offsets(bootstrap, topic_names(settings.topic_prefix))
        try:
            with app.store.datastore.transaction(commit=True) as cursor:
                return _filled(cursor, settings, bootstrap, ends, progress)
        except PersistenceError as error:
            raise Unavailable(f"The event store could not be filled ({error}); nothing was written.") from error


@contextmanager
def _kafka(settings: Settings, say: Say) -> Iterator[str]:
    """Where Kafka answers: as set, else the workspace's own broker, which is started for as long as it is needed."""
    folder = settings.home / "kafka"
    if settings.kafka:
        yield settings.kafka
    elif folder.is_dir():
        with LocalBroker(folder) as broker:
            yield broker.start(lambda text: say(f"{text} ..."))
    else:
        raise Unavailable("There is no Kafka to restore from: set PMO_KAFKA to host:port.")


def _filled(
    cursor: SQLiteCursor, settings: Settings, bootstrap: str, ends: dict[tuple[str, int], int], progress: Progress
) -> Refilled:
    # the first statement takes the lock of the writer, so that nobody records anything meanwhile
    cursor.execute("DELETE FROM relayed")
    cursor.execute("SELECT 1 FROM stored_events LIMIT 1")
    if cursor.fetchall():
        raise Rejected(
            f"{settings.store_path} holds events already, and only an empty store is filled from Kafka: move the "
            "file away, or set PMO_HOME to another folder with this workspace's workspace.json."
        )
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    total = sum(ends.values())
    taking = _Taking(settings.source, settings.topic_prefix, total)
    names, done = topic_names(settings.topic_prefix), 0
    with validators(total) as checking:
        for records, faults in read_checked(bootstrap, names, {}, ends, checking):
            _insert(cursor, taking.rows(records, faults))
            done += len(records)
            progress(done, total)
    _check_whole(cursor, settings, bootstrap, taking)
    cursor.executemany(
        "INSERT INTO directory (seq, subject, field, value, salt) VALUES (?, ?, ?, ?, '')",
        [(seq, *key, value) for key, (_, seq, value) in taking.names.items()],
    )
    # all of this is on the topics: the relay goes on behind it
    sent = orjson.dumps({f"{topic}/{partition}": end for (topic, partition), end in ends.items() if end}).decode()
    cursor.execute("INSERT INTO relayed VALUES (?, ?)", (taking.last, sent))
    seq = max((seq for _, seq, _ in taking.names.values()), default=0)
    cursor.execute("INSERT OR REPLACE INTO relayed_directory VALUES (1, ?)", (seq,))
    return Refilled(taking.last, len(taking.names), taking.copies, taking.others)


@dataclass(slots=True)
class _Taking:
    """Takes each event once, and the last record of each name."""

    source: str
    prefix: str
    most: int
    last: int = 0
    count: int = 0
    copies: int = 0
    others: int = 0
    names: dict[tuple[str, str], tuple[int, int, str | None]] = field(default_factory=dict)
    """By subject and field: offset, number in the directory, and the value, None where it was erased."""
    _digests: bytearray = field(default_factory=bytearray)

    def rows(self, records: Sequence[bus.Record], faults: "Future[list[str | None]]") -> list[Row]:
        """What is new in these records, as rows of the store."""
        directory = directory_topic(self.prefix)
        rows = []
        for record, fault in zip(records, faults.result(), strict=True):
            if record.topic == directory:
                self._take_name(record)
            elif fault is not None or record.value is None:
                self.others += 1
            elif row := self._row(record, record.value):
                rows.append(row)
        return rows

    def _row(self, record: bus.Record, value: bytes) -> Row | None:
        said = orjson.loads(value)
        stream, event_id, type_name, source = said["subject"], said["id"], said["type"], said["source"]
        position = _number(record.headers.get(POSITION))
        if not position or record.key != stream.encode() or record.topic != event_topic(self.prefix, kind_of(stream)):
            self.others += 1
            return None
        if source != self.source:
            raise BadInput(
                f"The topics {self.prefix}.* hold the events of another workspace ({source}, not {self.source}); put "
                "that one's workspace.json here first, or correct PMO_TOPIC_PREFIX."
            )
        if position > self.most:
            raise BadInput(
                f"{event_id} has position {position}, but the topics {self.prefix}.* have {self.most} records only: "
                "others are missing, and nothing was restored."
            )
        if self._seen(position, value, event_id):
            return None
        return position, stream, int(event_id[len(stream) + 1 :]), type_name, value

    def _seen(self, position: int, value: bytes, event_id: str) -> bool:
        digest, at = hashlib.sha256(value).digest()[:_DIGEST], position * _DIGEST
        if len(self._digests) < at + _DIGEST:
            self._digests.extend(bytes(max(at + _DIGEST, 2 * len(self._digests)) - len(self._digests)))
        there = self._digests[at : at + _DIGEST]
        if there == digest:
            self.copies += 1
            return True
        if any(there):
            raise BadInput(
                f"Position {position} stands on the topics twice with different bytes, once as {event_id}: one of them "
                "was forged, and nothing was restored."
            )
        self._digests[at : at + _DIGEST] = digest
        self.count += 1
        self.last = max(self.last, position)
        return False

    def missing(self) -> int:
        """The first position up to the last one that no record had; 0 if there is none."""
        if self.count == self.last:
            return 0
        nothing = bytes(_DIGEST)
        places = range(1, self.last + 1)
        return next(n for n in places if self._digests[n * _DIGEST : (n + 1) * _DIGEST] == nothing)

    def _take_name(self, record: bus.Record) -> None:
        try:
            subject, name = orjson.loads(record.key or b"")
            value = None if record.value is None else str(orjson.loads(record.value)["value"])
        except (ValueError, TypeError, KeyError):
            self.others += 1
            return
        # offsets of one key are in one partition, but batches may interleave
        if record.offset >= self.names.get((subject, name), (0, 0, None))[0]:
            self.names[subject, name] = record.offset, _number(record.headers.get(SEQ)), value


def _insert(cursor: SQLiteCursor, rows: Sequence[Row]) -> None:
    try:
        cursor.executemany(_INSERT, rows)
    except Exception:
        _name_double(cursor, rows)
        raise


def _name_double(cursor: SQLiteCursor, rows: Sequence[Row]) -> None:
    """Raises BadInput if the statement failed because an event stands at two positions."""
    places: dict[tuple[Any, ...], int] = {}
    for position, stream, version, *_ in rows:
        query = "SELECT rowid FROM stored_events WHERE originator_id = ? AND originator_version = ? AND rowid != ?"
        cursor.execute(query, (stream, version, position))
        found = [row[0] for row in cursor.fetchall()]
        other = places.setdefault((stream, version), position)
        if found or other != position:
            raise BadInput(
                f"{stream}/{version} stands on the topics at two positions, {position} and {(found or [other])[0]}: "
                "one of them was forged, and nothing was restored."
            )


def _check_whole(cursor: SQLiteCursor, settings: Settings, bootstrap: str, taking: _Taking) -> None:
    where = f"the topics {settings.topic_prefix}.* at {bootstrap}"
    if not taking.last:
        raise Unavailable(f"There are no events on {where}; correct PMO_KAFKA or PMO_TOPIC_PREFIX.")
    if missing := taking.missing():
        raise BadInput(f"The event at position {missing} is missing on {where}, so nothing was restored.")
    cursor.execute(_OUT_OF_ORDER)
    for stream, version, number in cursor.fetchall():
        raise BadInput(f"{stream}/{version} stands on {where} where version {number} should, so nothing was restored.")


def _number(header: bytes | None) -> int:
    return int(header) if header and header.isdigit() else 0
