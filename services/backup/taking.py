"""What the topics hold, each event taken once: by its position, which only one event can have."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from schemas.catalogue import KINDS, validated
from schemas.event import InvalidRecord, UnknownType
from schemas.streams import kind_of
from services import bus
from services.commands.store_whole import EventRow
from services.errors import BadInput
from services.topics import POSITION, SEQ, directory_topic, event_topic

_DIGEST = 16
_NOTHING = bytes(_DIGEST)


class Said(NamedTuple):
    """What an event's bytes say of themselves, and their digest."""

    stream: str
    version: int
    type_name: str
    source: str
    digest: bytes


class Name(NamedTuple):
    """The record of a name or note; a value of None where it was erased."""

    offset: int
    seq: int
    value: str | None


def said_in(values: list[bytes | None]) -> list[Said | None]:
    """What each value says, None of what is no valid event; for a process of its own."""
    return [None if value is None else _said(value) for value in values]


def _said(value: bytes) -> Said | None:
    digest = hashlib.sha256(value).digest()[:_DIGEST]
    try:
        envelope = validated(value)
    except InvalidRecord:
        return None
    except UnknownType:
        # of a newer program, whose envelope is valid all the same
        document = orjson.loads(value)
        version = int(document["id"].rpartition("/")[2])
        return Said(document["subject"], version, document["type"], document["source"], digest)
    return Said(envelope.subject, envelope.version, envelope.type, envelope.source, digest)


class Taking:
    """Takes each event once, and the last record of each name, from topics that hold `most` records.

    `copies` and `others` count what it passes over: events that it has, and what is no event or name of ours.
    """

    def __init__(self, source: str, prefix: str, most: int) -> None:
        self.names: dict[tuple[str, str], Name] = {}
        self.last = self.copies = self.others = 0
        self._count = 0
        self._source = source
        self._prefix = prefix
        self._most = most
        self._directory = directory_topic(prefix)
        self._topics = {kind: event_topic(prefix, kind) for kind in KINDS}
        # by position: half the memory of a dictionary of them, and more
        self._digests = bytearray((most + 1) * _DIGEST)

    def rows(self, records: Sequence[bus.Record], said: Sequence[Said | None]) -> list[EventRow]:
        """What is new in these records, as rows of the store. Raises BadInput, which names what is wrong with them."""
        rows: list[EventRow] = []
        for record, event in zip(records, said, strict=True):
            if record.topic == self._directory:
                self._take_name(record)
                continue
            position = _number(record.headers.get(POSITION))
            if event is None or record.value is None or not position or not self._in_place(record, event):
                self.others += 1
            elif self._is_new(position, event):
                rows.append((position, event.stream, event.version, event.type_name, record.value))
        return rows

    def missing(self) -> int:
        """The first position up to the last one that no record had; 0 if there is none."""
        if self._count == self.last:
            return 0
        return next(n for n in range(1, self.last + 1) if self._digest(n) == _NOTHING)

    def _in_place(self, record: bus.Record, event: Said) -> bool:
        return record.key == event.stream.encode() and record.topic == self._topics.get(kind_of(event.stream))

    def _is_new(self, position: int, event: Said) -> bool:
        name = f"{event.stream}/{event.version}"
        if event.source != self._source:
            raise BadInput(
                f"The topics {self._prefix}.* hold the events of another workspace ({event.source}, not "
                f"{self._source}); put that one's workspace.json here first, or correct PMO_TOPIC_PREFIX."
            )
        if position > self._most:
            raise BadInput(
                f"{name} has position {position}, but the topics {self._prefix}.* have {self._most} records only: "
                "others are missing, and nothing was restored."
            )
        there = self._digest(position)
        if there == event.digest:
            self.copies += 1
            return False
        if there != _NOTHING:
            raise BadInput(
                f"Position {position} stands on the topics twice with different bytes, once as {name}: one of them "
                "was forged, and nothing was restored."
            )
        self._digests[position * _DIGEST : (position + 1) * _DIGEST] = event.digest
        self._count += 1
        self.last = max(self.last, position)
        return True

    def _digest(self, position: int) -> bytes:
        return bytes(self._digests[position * _DIGEST : (position + 1) * _DIGEST])

    def _take_name(self, record: bus.Record) -> None:
        try:
            subject, field = orjson.loads(record.key or b"")
            value = None if record.value is None else str(orjson.loads(record.value)["value"])
        except (ValueError, TypeError, KeyError):
            self.others += 1
            return
        before = self.names.get((subject, field))
        # all records of a key are in one partition
        if before is None or record.offset > before.offset:
            self.names[subject, field] = Name(record.offset, _number(record.headers.get(SEQ)), value)


def _number(header: bytes | None) -> int:
    return int(header) if header and header.isdigit() else 0
