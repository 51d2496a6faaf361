"""The store itself: every stream's versions from 1 on without a gap, each row what its bytes say, the Merkle root."""

import re
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from services.commands.directory import note_digest
from services.commands.store import Store
from services.verify.findings import Part
from services.verify.merkle import Tree, leaf_hash

PAGE = 20_000
_DIGEST = 16
LEAF_BYTES = 32
_UNINDEXED = re.compile(r"row (\d+) missing from index sqlite_autoindex_stored_events_1")
_NOTE = re.compile(rb'"id":"([0-9a-f]{32})","digest":"([0-9a-f]{64})"')
# in nearly no event: looking for these bytes costs a third of the expression
_NAMES_NOTE = b'","digest":"'

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Log:
    """The events up to `end`, in the order of recording: their number, digests, and the root at each size asked for.

    `notes` are those that events name, by id: the digest that stands in the event, and the event's id.
    """

    end: int
    size: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    notes: dict[str, tuple[str, str]] = field(default_factory=dict)
    leaves: dict[str, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    """By stream the leaf hashes of its events, one after the other as they were recorded."""
    skewed: dict[str, int] = field(default_factory=dict)
    """The streams whose versions do not run from 1 without a gap, each with its highest one."""
    _positions: "array[int]" = field(default_factory=lambda: array("q"))
    _digests: bytearray = field(default_factory=bytearray)

    @property
    def root(self) -> bytes:
        """The Merkle root over all of them."""
        return self.roots[self.size]

    def place(self, position: int) -> int | None:
        """The number of the event with this position; None if there is none."""
        at = bisect_left(self._positions, position)
        return at if at < self.size and self._positions[at] == position else None

    def position(self, place: int) -> int:
        """The position of the event of this number."""
        return self._positions[place]

    def is_same(self, place: int, value: bytes) -> bool:
        """Whether the event of this number has exactly these bytes."""
        return self._digests[place * _DIGEST : (place + 1) * _DIGEST] == leaf_hash(value)[:_DIGEST]

    def add(self, position: int, stream: str, version: int, leaf: bytes) -> int:
        """Takes the next event; gives the version that it should have."""
        self._positions.append(position)
        self._digests += leaf[:_DIGEST]
        self.size += 1
        held = self.leaves[stream]
        expected = (self.skewed[stream] if stream in self.skewed else len(held) // LEAF_BYTES) + 1
        held += leaf
        if version != expected or stream in self.skewed:
            self.skewed[stream] = max(version, expected - 1) if isinstance(version, int) else expected - 1
        return expected


def walked(store: Store, sizes: Iterable[int], part: Part, progress: Progress) -> Log:
    """Goes through the whole store as it is now; `part` takes what is wrong with it."""
    wanted = set(sizes)
    log = Log(store.max_notification_id() or 0)
    for fault in store.damage():
        part.differs(*_damaged(store, fault))
    for stream, version in store.outside():
        part.differs(f"{stream}/{version}", "stands before the first position, where nobody reads it")
    tree = Tree()
    position = 0
    free = 1
    if 0 in wanted:
        log.roots[0] = tree.root()
    while rows := store.stored_after(position, PAGE):
        for position, stream, version, type_name, value in rows:
            if position > log.end:
                break
            if position != free:
                part.differs(*_gap(free, position - 1))
            free = position + 1
            leaf = leaf_hash(as_bytes(value))
            tree.append(leaf)
            expected = log.add(position, stream, version, leaf)
            if _NAMES_NOTE in as_bytes(value):
                for note, digest in _NOTE.findall(as_bytes(value)):
                    log.notes[note.decode()] = digest.decode(), f"{stream}/{version}"
            if wrong := _wrong(stream, version, type_name, value):
                part.differs(f"{stream}/{version}", wrong)
            if version != expected and isinstance(version, int):
                part.differs(f"{stream}/{version}", f"comes where version {expected} should")
            if tree.size in wanted:
                log.roots[tree.size] = tree.root()
        part.looked_at = log.size
        progress(position, log.end)
        if position > log.end:
            break
    log.roots[log.size] = tree.root()
    return log


def compare_notes(store: Store, log: Log, part: Part) -> None:
    """Holds each note in the directory against the salted digest that stands in its event; an erased one is none."""
    left, seq, unsalted = dict(log.notes), 0, 0
    while entries := store.entries_after(seq, PAGE):
        seq = entries[-1][0]
        for _, subject, name, text, salt in entries:
            if not all(isinstance(said, str) for said in (subject, name, text or "", salt)):
                part.differs(f"{as_text(name)} of {as_text(subject)}", "is no text")
                left.pop(as_text(subject).removeprefix("note:"), None)
                continue
            told = left.pop(subject.removeprefix("note:"), None) if name == "text" else None
            if told is None or text is None:
                continue
            part.looked_at += 1
            if not salt:
                unsalted += 1
            elif note_digest(salt, text) != told[0]:
                part.differs(told[1], "names a note whose text is another than when it was recorded")
    for _, event in left.values():
        part.differs(event, "names a note that is not in the directory")
    if unsalted:
        part.note = f"{unsalted} have no salt any more, so nothing proves them"


def as_bytes(value: object) -> bytes:
    """The bytes of an event; of what is no blob, as a tampered row may hold, those of its text."""
    return value if isinstance(value, bytes) else str(value).encode()


def as_text(value: object) -> str:
    """What the directory says; of what is no text, as a tampered row may hold, its bytes read as such."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def stored(store: Store, stream: str, version: int) -> bytes | None:
    """The bytes of exactly this event; None if the store does not have it."""
    rows = store.stored_by_key(stream, version - 1, 1)
    return as_bytes(rows[0][3]) if rows and rows[0][1:3] == (stream, version) else None


def _damaged(store: Store, fault: str) -> tuple[str, str]:
    row = _UNINDEXED.fullmatch(fault)
    found = store.stored_after(int(row[1]) - 1, 1) if row else []
    if not found:
        return "the file", f"is damaged ({fault})"
    _, stream, version, *_ = found[0]
    return f"{stream}/{version}", "is not found by its stream and version, so that commands do not see it"


def _gap(first: int, last: int) -> tuple[str, str]:
    # they are given out one after the other, and none that a command gave up is lost
    return (f"position {first}", "is missing") if first == last else (f"positions {first} to {last}", "are missing")


def _wrong(stream: str, version: int, type_name: str, value: bytes) -> str | None:
    if not isinstance(value, bytes):
        return "its bytes are no event"
    try:
        said = orjson.loads(value)
        told = said["subject"], said["id"], said["type"]
    except (ValueError, KeyError, TypeError):
        return "its bytes are no event"
    if told != (stream, f"{stream}/{version}", type_name):
        return f"its bytes say that it is {told[1]}, {told[2]}"
    return None
