"""Kafka against the store: every event, its bytes, under its stream, in order, and nothing else."""

import hashlib
from collections.abc import Callable

import orjson

from schemas.catalogue import KINDS
from schemas.streams import kind_of
from services import bulk_read, bus
from services.commands.store import Store
from services.topics import POSITION, directory_topic, event_topic
from services.verify.findings import Part
from services.verify.log import Log, as_text, stored

_PAGE = 20_000

Progress = Callable[[int, int], None]


def compare_topics(
    store: Store, log: Log, sent: int, bootstrap: str, prefix: str, part: Part, progress: Progress
) -> None:
    """Holds the records of the event topics against the log, up to the position `sent` that the relay has reached."""
    names = [event_topic(prefix, kind) for kind in KINDS]
    ends = bus.end_offsets(bootstrap, names)
    total = sum(ends.values())
    seen = bytearray(log.size)
    last: dict[str, int] = {}
    copies = 0
    for batch in bulk_read.read(bootstrap, {}, ends):
        for record in batch:
            part.looked_at += 1
            at = f"offset {record.offset} of {record.topic}/{record.partition}"
            event_id = record.said("id") or ""
            place, wrong = _placed(store, log, record, event_id, prefix)
            if wrong:
                part.differs(at, wrong)
            if place is None:
                continue
            if seen[place]:
                copies += 1
                continue
            seen[place] = 1
            stream, _, version = event_id.rpartition("/")
            if int(version) < last.get(stream, 0):
                part.differs(at, f"{stream}/{version} comes after version {last[stream]}")
            last[stream] = max(int(version), last.get(stream, 0))
        progress(part.looked_at, total)
    for place in range(log.size):
        if not seen[place] and log.position(place) <= sent:
            row = store.stored_after(log.position(place) - 1, 1)[0]
            part.differs(f"{row[1]}/{row[2]}", "is missing")
    unsent = sum(1 for place in range(log.size) if log.position(place) > sent)
    notes = [f"{unsent} are still to be sent"] if unsent else []
    notes += [f"{copies} of them copies, byte for byte, of one that was there already"] if copies else []
    part.note = "; ".join(notes)


def _placed(store: Store, log: Log, record: bus.Record, event_id: str, prefix: str) -> tuple[int | None, str]:
    """The number in the log of the event that the record holds, None if it holds none; and what is wrong with it."""
    header = record.headers.get(POSITION, b"")
    position = int(header) if header.isdigit() else 0
    stream, _, version = event_id.rpartition("/")
    place = log.place(position)
    if place is None or record.value is None or not log.is_same(place, record.value):
        if not (stream and version.isdecimal()):
            return None, "is no event"
        value = stored(store, stream, int(version))
        if value is None:
            return None, f"holds {event_id}, which is not in the store"
        if value != record.value:
            return None, f"holds {event_id} with other bytes than in the store"
        # behind the log's end it was recorded and sent while the verification ran
        return None, "" if position > log.end else f"holds {event_id} with another position"
    if record.key != stream.encode() or record.topic != event_topic(prefix, kind_of(stream)):
        return None, f"an event of {stream} stands under another key or topic"
    return place, ""


def compare_directory_topic(store: Store, sent: int, bootstrap: str, prefix: str, part: Part) -> None:
    """Holds the last name or note under each key against the directory, up to the row `sent`; shows no content."""
    name = directory_topic(prefix)
    ends = bus.end_offsets(bootstrap, [name])
    last: dict[bytes, tuple[int, bytes | None]] = {}
    for batch in bulk_read.read(bootstrap, {}, ends):
        for record in batch:
            part.looked_at += 1
            key, digest = record.key or b"", record.value and hashlib.sha256(record.value).digest()
            if record.offset >= last.get(key, (-1, None))[0]:
                last[key] = (record.offset, digest)
    seq = 0
    while entries := store.entries_after(seq, _PAGE):
        for seq, subject, field, value, _ in entries:
            subject, field = as_text(subject), as_text(field)
            document = {"seq": seq, "subject": subject, "field": field, "value": value and as_text(value)}
            due = None if value is None else hashlib.sha256(orjson.dumps(document)).digest()
            found = last.pop(orjson.dumps([subject, field]), None)
            # a tombstone may be compacted away in the end; what is newer than the relay is on its way
            if seq <= sent and (found[1] if found else None) != due:
                part.differs(f"{field} of {subject}", "is missing" if found is None else "is another than in the store")
    for key, (_, digest) in last.items():
        if digest is not None:
            part.differs(_whose(key), "stands there, but not in the store")


def _whose(key: bytes) -> str:
    try:
        subject, field = orjson.loads(key)
    except (ValueError, TypeError):
        return "a record"
    return f"{field} of {subject}"
