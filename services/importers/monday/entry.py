"""An item of either format, as its board shows it, and the history that its columns and the activity log tell."""

import datetime as dt
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from services.importers.monday.mapping import NOT_SET, MondayMapping, guessed, plain
from services.importers.rows import CellFault
from services.importers.shown import Person, Status, Step, When

_SHOWN_BY = {
    "status": ("status",), "assignee": ("assignee",), "estimate": ("estimate", "points"),
    "planned_start": ("timeline", "start"), "planned_finish": ("timeline", "due"), "percent_complete": ("percent",),
}  # fmt: skip

UNKNOWN = object()
"""What a column held before a change that does not say it."""

_SAME_CHANGE = dt.timedelta(minutes=1)
_KINDS = ("status", "assignee", "estimate", "planned_start", "planned_finish")


class Session(NamedTuple):
    """Time that was tracked."""

    id: str
    person: Person
    day: dt.date
    seconds: int


class Change(NamedTuple):
    """A change of one field, or of the item's state: of the activity log, or the last one, which a column tells."""

    id: str
    when: dt.datetime
    field: str
    before: Any
    after: Any


@dataclass(slots=True)
class Entry:
    """An item or a subitem. `silent` are fields that its file has no column for; `since` when a field last changed.

    `after` are the ids of the items that it waits for, None where its file does not say; `percent` is a share, 0 to 1.
    """

    number: int
    board: str
    id: str
    seen: When
    label: str | None = None
    name: str | None = None
    board_name: str | None = None
    group: str | None = None
    group_title: str | None = None
    parent: str | None = None
    state: str = "active"
    created: When | None = None
    work_type: str | None = None
    people: tuple[Person, ...] = ()
    estimate: Decimal | None = None
    percent: Decimal | None = None
    start: dt.date | None = None
    finish: dt.date | None = None
    after: tuple[str, ...] | None = None
    sessions: list[Session] = field(default_factory=list)
    since: dict[str, dt.datetime] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    log_begins: dt.datetime | None = None
    silent: frozenset[str] = frozenset()
    project: Mapping[str, Any] = field(default_factory=dict)
    notes: list[CellFault] = field(default_factory=list)

    @property
    def assignee(self) -> Person | None:
        """The first of its people."""
        return self.people[0] if self.people else None

    def order_days(self) -> None:
        """Leaves out a start that lies after its finish, and says so."""
        if self.start and self.finish and self.finish < self.start:
            said = f"lies after the finish, {self.finish}, so it was left out"
            self.notes.append(CellFault("start", str(self.start), said))
            self.start = None

    def shows(self, name: str) -> Any:
        """The value of one of the fields that changes are told of."""
        return {
            "status": self.label, "assignee": self.assignee, "estimate": self.estimate,
            "planned_start": self.start, "planned_finish": self.finish,
        }[name]  # fmt: skip


def silent(roles: Container[str]) -> frozenset[str]:
    """The fields of an item of which a file without other columns than these says nothing."""
    return frozenset(name for name, told_by in _SHOWN_BY.items() if not any(role in roles for role in told_by))


class Statuses:
    """The category of every label: of the mapping, else as its board says which are done, else by its name."""

    def __init__(self, mapping: MondayMapping) -> None:
        self._mapped = {name.casefold(): category for name, category in mapping.statuses.items()}
        self._done: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str], Status] = {}
        self._not_done = frozenset(plain(name) for name in mapping.not_done)
        self._stuck = frozenset(plain(name) for name in mapping.stuck)
        self.guessed: dict[str, Any] = {}

    def learn_done(self, board: str, label: str) -> None:
        """A board counts this label as done."""
        self._done.add((board, label))

    def of(self, board: str, label: str | None) -> Status:
        """The status of a label on a board; of none at all, the one that says so."""
        name = label or NOT_SET
        found = self._found.get((board, name))
        if found is None:
            category = self._mapped.get(name.casefold())
            if category is None:
                category = "done" if (board, name) in self._done else guessed(name)
                if (board, name) not in self._done and name != NOT_SET:
                    self.guessed[name] = category
            found = self._found[board, name] = Status(name, category)
        return found

    def told(self) -> dict[str, Any]:
        """The category of each label that was met; none where two boards differ."""
        by_name: dict[str, set[str]] = {}
        for status in self._found.values():
            by_name.setdefault(status.name, set()).add(status.category)
        return {name: categories.pop() for name, categories in by_name.items() if len(categories) == 1}

    def is_stuck(self, label: str | None) -> bool:
        """Whether an item with this label cannot go on."""
        return label is not None and plain(label) in self._stuck

    def removed(self, status: Status, state: str) -> str | None:
        """Why an item with this status and in this state of monday.com is no part of its project; None if it is."""
        if state == "deleted":
            return "Deleted in monday.com"
        if status.category == "done":
            # archiving what is done is tidying up
            return f"Ended without being done: {status.name}" if plain(status.name) in self._not_done else None
        return "Archived in monday.com before it was done" if state == "archived" else None


def history(entry: Entry, statuses: Statuses) -> tuple[Mapping[str, Any], tuple[Step, ...]]:
    """The fields at the beginning, as far as they are known, and each change of them that has a time."""
    changes = sorted(_dated(entry), key=lambda change: (change.when, change.id))
    if not changes and entry.created is None:
        return {}, ()
    knows_all = entry.log_begins is not None and _begins(entry) >= entry.log_begins
    first = {name: _at_first(entry, name, changes, knows_all, statuses) for name in (*_KINDS, "state")}
    label, state = first.pop("status"), first.pop("state")
    status = None if label is UNKNOWN else statuses.of(entry.board, label)
    # of what is not known the log says later what it became, and until then nothing
    told: dict[str, Any] = {name: None if value is UNKNOWN else value for name, value in first.items()}
    blocked, removed = label is not UNKNOWN and statuses.is_stuck(label), None
    told.update(blocked=blocked, removed=None)
    if status is None or knows_all:
        told["status"] = status
    steps: list[Step] = []
    for change in changes:
        fields: dict[str, Any] = {}
        if change.field == "status":
            label = change.after
            fields["status"] = status = statuses.of(entry.board, label)
            if statuses.is_stuck(label) != blocked:
                blocked = fields["blocked"] = not blocked
        elif change.field == "state":
            state = change.after
        else:
            fields[change.field] = change.after
        if change.field in ("status", "state"):
            known = status or statuses.of(entry.board, None)
            if (now := statuses.removed(known, state)) != removed:
                removed = fields["removed"] = now
        if steps and steps[-1].when == change.when:
            steps[-1] = Step(steps[-1].id, change.when, {**steps[-1].fields, **fields})
        elif fields:
            steps.append(Step(change.id, change.when, fields))
    return told, tuple(steps)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, Person) and isinstance(other, Person):
        return one.key == other.key
    return bool(one == other)


def _begins(entry: Entry) -> dt.datetime:
    created = entry.created
    return created if isinstance(created, dt.datetime) else dt.datetime.min.replace(tzinfo=dt.UTC)


def _dated(entry: Entry) -> Iterable[Change]:
    """The changes of the log, and of each field the last one, as its column tells it, where that is another."""
    created = entry.created if isinstance(entry.created, dt.datetime) else None
    found = [c._replace(when=max(c.when, created)) if created else c for c in entry.changes]
    found = [c for c in found if c.field == "state" or c.field not in entry.silent]
    for name, when in entry.since.items():
        shown = entry.shows(name)
        of_field = [at for at, change in enumerate(found) if change.field == name]
        last = max(of_field, key=lambda at: found[at].when, default=None)
        if last is not None and _alike(found[last].after, shown) and abs(found[last].when - when) <= _SAME_CHANGE:
            # an import without the log told it at this time
            found[last] = found[last]._replace(when=when)
        elif (last is None or found[last].when < when) and (created is None or when > created):
            found.append(Change(f"{name} {when.isoformat()}", when, name, UNKNOWN, shown))
    return found


def _at_first(entry: Entry, name: str, changes: list[Change], knows_all: bool, statuses: Statuses) -> Any:
    earliest = next((change for change in changes if change.field == name), None)
    if name == "state":
        return "active"
    if earliest is not None:
        return earliest.before if knows_all else UNKNOWN
    shown = entry.shows(name)
    if name == "status" and not knows_all and statuses.of(entry.board, shown).category != "queue":
        return UNKNOWN
    return shown
