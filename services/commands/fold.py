"""What a stream says: its active events, and for each type and part the one that holds.

Versions follow recording, meaning follows occurrence: the fold goes in order of (occurred_at, version), and ignores an
event that an active later version supersedes. The SQL side folds the same way (`superseded.sql`); a property test
holds the two together.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import ClassVar, TypeVar, cast

from schemas.event import EARLIEST, Event, Record, base_name
from schemas.voiding import Voided

E = TypeVar("E", bound=Event)


def dead_versions(records: Iterable[Record]) -> set[int]:
    """Versions that do not count: replaced or voided.

    What a correction replaced stays dead when the correction is itself corrected, and revives only when it is voided.
    """
    dead: set[int] = set()
    withdrawn: set[int] = set()
    corrections = [(r.version, r.supersedes, isinstance(r.event, Voided)) for r in records if r.supersedes is not None]
    # a record supersedes earlier versions only, so the later ones are settled first
    for version, superseded, is_void in sorted(corrections, reverse=True):
        if version not in withdrawn:
            dead.add(superseded)
            if is_void and version not in dead:
                withdrawn.add(superseded)
    return dead


class State:
    """The fold: for each type (all its versions alike) and part, the latest event by (occurred_at, version).

    A kind of stream whose rules look back further names in `steps_of` the types of which every record is kept.
    """

    steps_of: ClassVar[tuple[type[Event], ...]] = ()

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._latest: dict[str, dict[str, Record]] = {}
        self._steps: list[Record] = []
        for record in records:
            self.evolve(record)

    def evolve(self, record: Record) -> None:
        """Takes `record` in, in whatever order records come."""
        parts = self._latest.setdefault(base_name(record.event.type_name), {})
        part = record.event.part
        held = parts.get(part)
        if held is None or record.k > held.k:
            parts[part] = record
        if isinstance(record.event, self.steps_of):
            self._steps.append(record)

    def __bool__(self) -> bool:
        return bool(self._latest)

    @property
    def steps(self) -> list[Record]:
        """Every record of the types in `steps_of`, in the order of what they mean."""
        return sorted(self._steps, key=lambda r: r.k)

    def records(self, *types: type[Event]) -> Iterator[Record]:
        """The record that holds for each part, of these types."""
        for event_type in types:
            yield from self._latest.get(base_name(event_type.type_name), {}).values()

    def record(self, *types: type[Event], item: str | None = None) -> Record | None:
        """The latest record of any of these types, of the part `item` if given."""
        found = (r for r in self.records(*types) if item is None or r.event.part == item)
        return max(found, key=lambda r: r.k, default=None)

    def last(self, event_type: type[E], item: str | None = None) -> E | None:
        """The latest event of one type, of the part `item` if given."""
        record = self.record(event_type, item=item)
        return cast(E, record.event) if record else None

    def parts(self, *types: type[Event]) -> dict[str, Record]:
        """For each part, the latest record among these types."""
        held: dict[str, Record] = {}
        for record in self.records(*types):
            other = held.get(record.event.part)
            if other is None or record.k > other.k:
                held[record.event.part] = record
        return held


def ever(state: State, later: Iterable[Record], event_type: type[Event]) -> bool:
    """Whether an event of this type happened, by the time of `state` or after it."""
    return state.record(event_type) is not None or any(isinstance(r.event, event_type) for r in later)


class History:
    """All records of one stream, in order of version."""

    def __init__(self, stream: str, records: Iterable[Record] = ()) -> None:
        self.stream = stream
        self.records: list[Record] = []
        self.command_ids: dict[str, tuple[Record, ...]] = {}
        self.extend(records)

    def extend(self, records: Iterable[Record]) -> None:
        """Appends what has been recorded since."""
        for record in records:
            self.records.append(record)
            self.command_ids[record.command_id] = (*self.command_ids.get(record.command_id, ()), record)
            if record.supersedes is None and self._state is not None:
                # most records only add to what is known; what was folded once is then folded on
                self._counting.append(record)
                self._last = max(self._last, record.occurred_at)
                self._state.evolve(record)
            else:
                self._state = None
                for derived in ("_dead", "_counting", "_last"):
                    self.__dict__.pop(derived, None)

    def copy(self) -> "History":
        """A history to extend without touching this one."""
        other = History(self.stream)
        other.records, other.command_ids = self.records.copy(), self.command_ids.copy()
        return other

    @property
    def version(self) -> int:
        """The last version, 0 for a stream that does not exist."""
        return self.records[-1].version if self.records else 0

    @property
    def recorded_at(self) -> datetime | None:
        """When the last event was recorded."""
        return self.records[-1].recorded_at if self.records else None

    _state: State | None = None

    @cached_property
    def _dead(self) -> set[int]:
        return dead_versions(self.records)

    @cached_property
    def _counting(self) -> list[Record]:
        return self.active()

    @cached_property
    def _last(self) -> datetime:
        return max((r.occurred_at for r in self._counting), default=EARLIEST)

    def is_active(self, version: int) -> bool:
        """Whether the event of this version exists and is not superseded."""
        return 1 <= version <= self.version and version not in self._dead

    @property
    def exists(self) -> bool:
        """Whether anything in it counts: where all is voided, nothing was ever there."""
        return bool(self._counting)

    def active(self, *, without: int | None = None, known_at: datetime | None = None) -> list[Record]:
        """The events that count, as known at `known_at`, and as if version `without` did not.

        A `voided` event says nothing beyond what it withdraws, so it is not among them.
        """
        records, dead = self.records, self._dead
        if known_at is not None:
            records = [r for r in records if r.recorded_at <= known_at]
            dead = dead_versions(records)
        left_out = dead | {without}
        return [r for r in records if r.version not in left_out and not isinstance(r.event, Voided)]

    def at(self, kind: type[State], as_of: datetime | None, without: int | None = None) -> tuple[State, list[Record]]:
        """The state at `as_of` (None: after all of it) and the events after it, as if version `without` did not count.

        The state after all of it is kept, since most questions are about that; do not change it.
        """
        if without is None and (as_of is None or self._last <= as_of):
            if self._state is None:
                self._state = kind(self._counting)
            return self._state, []
        active = self._counting if without is None else self.active(without=without)
        if as_of is None:
            return kind(active), []
        return kind(r for r in active if r.occurred_at <= as_of), [r for r in active if r.occurred_at > as_of]
