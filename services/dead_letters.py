"""What could not be landed: which records, why, what became of them, and another try after an upgrade.

The dead letters' topic only grows, so what became of one is not written there but seen: its event stands in
ClickHouse's `events`, or it does not. Another try sends the same bytes to their own topic once more, where the workers
land them like any record; on the topic that is one more copy, byte for byte, which readers and `pmo verify` know.
"""

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import orjson

from schemas.catalogue import KINDS
from schemas.event import EVENT_ID_PATTERN
from schemas.streams import kind_of
from services import bus
from services.commands.store import Store
from services.errors import NotFound, Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.landing import fault
from services.projections.projector import Projector
from services.settings import Settings
from services.topics import POSITION, dead_letter_topic, directory_topic, event_headers, event_topic
from services.waiting import missing

State = Literal["landed", "ready", "invalid", "foreign"]

_EVENT_ID = re.compile(EVENT_ID_PATTERN)
_ASKED_AT_ONCE = 1_000
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that was refused: `place` is partition/offset on the dead letters' topic, the rest is the record's own.

    `times` counts how often it was refused: once more after each crash and each rebuild from the topics.
    """

    place: str
    refused_at: datetime
    reason: str
    topic: str
    partition: str
    offset: str
    event: str | None
    value: bytes | None
    key: bytes
    position: int
    source: str | None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a letter: it landed, it would by another try ("ready"), it is invalid still, or not ours."""

    state: State
    why: str = ""


def letters(bootstrap: str, prefix: str) -> list[Letter]:
    """All dead letters, oldest first; one that was refused several times stands there once."""
    found: dict[tuple[str, str, str, bytes | None], list[Letter]] = {}
    for batch in bus.read(bootstrap, [dead_letter_topic(prefix)]):
        for letter in map(_letter, batch):
            found.setdefault((letter.topic, letter.partition, letter.offset, letter.value), []).append(letter)
    firsts = [_counted(same) for same in found.values()]
    return sorted(firsts, key=lambda letter: (letter.refused_at, letter.place))


def chosen(found: Sequence[Letter], places: Sequence[str]) -> list[Letter]:
    """Those at these places, all if none is given. Raises NotFound."""
    by_place = {letter.place: letter for letter in found}
    if unknown := [place for place in places if place not in by_place]:
        raise NotFound(f"There is no dead letter {unknown[0]}; 'pmo dead-letters list' shows which there are.")
    return [by_place[place] for place in dict.fromkeys(places)] if places else list(found)


def judged(
    settings: Settings, found: Sequence[Letter], clickhouse: ClickHouse, store: Store | None
) -> list[tuple[Letter, Verdict]]:
    """What became of each letter. With a `store`, only what it holds byte for byte is ever ready."""
    landed = _landed(clickhouse, [letter.event for letter in found if letter.event])
    return [
        (letter, _name_verdict(letter, clickhouse, store))
        if letter.topic == directory_topic(settings.topic_prefix)
        else (letter, _verdict(settings, letter, landed, store))
        for letter in found
    ]


def retry(
    settings: Settings,
    bootstrap: str,
    found: Sequence[Letter],
    clickhouse: ClickHouse,
    store: Store | None,
    timeout: float,
) -> list[tuple[Letter, Verdict]]:
    """Sends what is ready once more and waits until it has landed; what became of each letter then.

    Raises Unavailable if the workers have not landed what was sent before, so that nothing is sent twice because they
    are away.
    """
    if not any(verdict.state == "ready" for _, verdict in judged(settings, found, clickhouse, store)):
        return judged(settings, found, clickhouse, store)
    ends = bus.end_offsets(bootstrap, [event_topic(settings.topic_prefix, kind) for kind in KINDS])
    _wait(clickhouse, ends, timeout, "have not landed what was sent before; nothing was tried again")
    with bus.Producer(bootstrap) as producer:
        for letter, verdict in judged(settings, found, clickhouse, store):
            if verdict.state == "ready" and letter.event:
                stream = letter.event.rpartition("/")[0]
                topic = event_topic(settings.topic_prefix, kind_of(stream))
                producer.send(topic, stream.encode(), letter.value, event_headers(_position(letter, store)))
        ends = producer.flush()
    _wait(clickhouse, ends, timeout, "have not landed what was sent once more")
    return [
        (letter, Verdict("invalid", "a worker refused it again: is it of an older version?"))
        if verdict.state == "ready"
        else (letter, verdict)
        for letter, verdict in judged(settings, found, clickhouse, store)
    ]


def _letter(record: bus.Record) -> Letter:
    told = {name: text.decode(errors="replace") for name, text in record.headers.items()}
    position = told.get(POSITION, "")
    event = record.said("id")
    return Letter(
        place=f"{record.partition}/{record.offset}",
        refused_at=datetime.fromtimestamp(record.sent_at / 1000, UTC),
        reason=told.get("reason", "says no reason"),
        topic=told.get("topic", ""),
        partition=told.get("partition", ""),
        offset=told.get("offset", ""),
        event=event if event and _EVENT_ID.fullmatch(event) else None,
        value=record.value,
        key=record.key or b"",
        position=int(position) if position.isdecimal() else 0,
        source=record.said("source"),
    )


def _counted(same: Sequence[Letter]) -> Letter:
    first = min(same, key=lambda letter: letter.refused_at)
    return replace(first, times=len(same))


def _verdict(settings: Settings, letter: Letter, landed: dict[str, set[str]], store: Store | None) -> Verdict:
    if letter.value is None:
        return Verdict("invalid", "a record without a value")
    digests = landed.get(letter.event or "", set())
    if hashlib.sha256(letter.value).hexdigest().upper() in digests:
        return Verdict("landed")
    if reason := fault(letter.value):
        return Verdict("invalid", reason)
    if kind_of(letter.event or "") not in KINDS:
        return Verdict("invalid", "of a kind of stream that this version does not know")
    if store is not None:
        held = _held(letter, store)
        if held is None:
            return Verdict("foreign", f"{letter.event} was never recorded")
        return Verdict("ready") if held[1] == letter.value else Verdict("foreign", "the store holds other bytes")
    if digests:
        return Verdict("foreign", f"{letter.event} landed with other bytes")
    if letter.source != settings.source:
        return Verdict("foreign", f"recorded by {letter.source}")
    return Verdict("ready") if letter.position else Verdict("invalid", "says no position: try again beside the store")


def _held(letter: Letter, store: Store) -> tuple[int, bytes] | None:
    stream, _, version = (letter.event or "").rpartition("/")
    for position, found, number, value in store.stored_by_key(stream, int(version) - 1, 1):
        if (found, number) == (stream, int(version)):
            return position, bytes(value)
    return None


def _position(letter: Letter, store: Store | None) -> int:
    held = _held(letter, store) if store is not None else None
    return held[0] if held else letter.position


def _landed(clickhouse: ClickHouse, events: Sequence[str]) -> dict[str, set[str]]:
    """The digests under which each of these events stands in ClickHouse."""
    landed: dict[str, set[str]] = {}
    for start in range(0, len(events), _ASKED_AT_ONCE):
        asked = [event.rpartition("/") for event in events[start : start + _ASKED_AT_ONCE]]
        rows = clickhouse.rows(
            "WITH arrayZip({streams:Array(String)}, {versions:Array(UInt32)}) AS asked"
            " SELECT stream, version, groupUniqArray(hex(SHA256(value))) AS digests FROM events"
            " WHERE (stream, version) IN (SELECT arrayJoin(asked)) GROUP BY stream, version",
            {"streams": [stream for stream, *_ in asked], "versions": [int(version) for *_, version in asked]},
        )
        landed |= {f"{row['stream']}/{row['version']}": set(row["digests"]) for row in rows}
    return landed


def _name_verdict(letter: Letter, clickhouse: ClickHouse, store: Store | None) -> Verdict:
    """Of a directory record, whose content stands nowhere here. It is never sent again: it may be erased by now."""
    try:
        subject, field = orjson.loads(letter.key)
        entry = store.entry(str(subject), str(field)) if store is not None else None
    except (ValueError, TypeError):
        return Verdict("invalid", "not a record of the directory")
    if store is None:
        return Verdict("invalid", "what became of it is seen beside the store only")
    if entry is None:
        return Verdict("foreign", "the directory never held it")
    landed = clickhouse.scalar(
        "SELECT max(seq) FROM directory WHERE subject = {subject:String} AND field = {field:String}",
        {"subject": subject, "field": field},
    )
    if landed >= entry:
        return Verdict("landed", "as the directory says it now")
    return Verdict("invalid", "only the relay sends names: record the name again")


def _wait(clickhouse: ClickHouse, ends: Mapping[tuple[str, int], int], timeout: float, problem: str) -> None:
    """Returns when everything before these ends has landed. Raises Unavailable after `timeout`."""
    due = {f"{topic}/{partition}": end for (topic, partition), end in ends.items()}
    deadline = time.monotonic() + timeout
    while missing(due, Projector(clickhouse).landed()):
        if time.monotonic() >= deadline:
            raise Unavailable(f"After {timeout:.0f} s the workers {problem}; 'pmo doctor' says which part is behind.")
        time.sleep(_POLL_S)
