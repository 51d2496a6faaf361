"""Items of work: their history is told once, by its ids; of a state only what differs from the log."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from schemas import work as events
from schemas.event import Event
from services.importers.shown import UNSCHEDULED, Item, Status, When
from services.importers.tell.teller import Teller, moment

BEFORE = "Not shown"
"""The status of an item before the first one that its source shows."""

_PLANNED = ("estimate", "planned_start", "planned_finish")
_PLAN = (*_PLANNED, "percent_complete")
_PLAN_FIELDS = frozenset(_PLAN)
_FIELDS = ("status", "assignee", *_PLAN, "blocked", "removed")
_values_of = attrgetter(*_FIELDS)
_plan_of = attrgetter(*_PLAN)
_Key = tuple[str, ...]
"""What names a change in its source: parts of its command id."""

_UNSCHEDULED = events.WorkScheduled.model_validate(UNSCHEDULED)


@dataclass(slots=True)
class _Standing:
    """What the log says of an item at a moment."""

    exists: bool = False
    status: Status | None = None
    assignee: str | None = None
    plan: tuple[Any, Any, Any, Any] = (None, None, None, None)
    blocked: bool = False
    schedule: events.WorkScheduled = _UNSCHEDULED
    described: events.WorkCreated | events.WorkDescribed | None = None

    def take(self, event: Event) -> None:
        """Folds one event in."""
        match event:
            case events.WorkCreated():
                self.exists, self.blocked = True, False
                self.status = Status(event.status, event.category)
                self.assignee = event.assignee
                self.plan = (event.estimate, event.planned_start, event.planned_finish, None)
                self.described = event
            case events.WorkDescribed():
                self.described = event
            case events.Moved() | events.WorkDone() | events.WorkReopened():
                self.status = Status(event.status, event.category)
            case events.Assigned():
                self.assignee = event.assignee
            case events.ReEstimated():
                self.plan = (
                    event.total_effort,
                    event.planned_start,
                    event.planned_finish,
                    event.percent_complete,
                )
            case events.WorkScheduled():
                self.schedule = event
            case events.Blocked():
                self.blocked = True
            case events.Unblocked():
                self.blocked = False
            case events.WorkRemoved():
                self.exists = False
            case _:
                pass


def tell_item(teller: Teller, item: Item) -> None:
    """Records what the log does not say of an item yet."""
    _Telling(teller, item).tell()


def tell_gone(teller: Teller, stream: str, when: When, listing: str) -> bool:
    """Records that an item of this source is in it no longer; False if it is not, or was told so."""
    records = teller.records(stream)
    created = [record for record in records if isinstance(record.event, events.WorkCreated | events.WorkRemoved)]
    if not created or not isinstance(created[-1].event, events.WorkCreated) or not teller.is_ours(created[-1]):
        return False
    if created[-1].occurred_at > teller.end_of(when):
        # an older export says nothing of what came later
        return False
    # the latest time in a file may lie before the last that was told of what it no longer shows
    when = max(when, *(record.occurred_at for record in records), key=lambda each: moment(each, teller.settings))
    halts = [record.event for record in records if isinstance(record.event, events.Blocked | events.Unblocked)]
    if halts and isinstance(halts[-1], events.Blocked):
        teller.tell(stream, events.Unblocked(), when, teller.id_of(stream, "gone unblocked", str(when)))
    note, entries = teller.note(f"No longer in {listing}")
    teller.tell(stream, events.WorkRemoved(reason=note), when, teller.id_of(stream, "gone", str(when)), notes=entries)
    return True


class _Telling:
    __slots__ = ("_item", "_records", "_seen", "_settings", "_standing", "_stream", "_taken", "_teller")

    def __init__(self, teller: Teller, item: Item) -> None:
        self._teller, self._item = teller, item
        self._stream = f"work:{item.project}/{item.key}"
        self._records = teller.records(self._stream)
        self._settings = teller.settings
        self._standing = _Standing()
        self._taken = 0
        # a source without dates, or with wrong ones, may show a state before what its own history says
        self._seen = item.seen
        for when in (item.steps[-1].when if item.steps else None, item.created):
            if when is not None and when is not self._seen and self._moment(when) > self._moment(self._seen):
                self._seen = when

    def tell(self) -> None:
        item, first = self._item, self._item.created or self._begins()
        if not self._records:
            self._create(self._at_first(), first, ("created",))
        elif status := item.first.get("status"):
            self._begin_with(status)
        for step in item.steps:
            self._advance(step.when)
            self._differ(step.fields, step.when, ("step", step.id))
        self._advance(self._seen)
        if not self._stands():
            now = {name: value for name, value in _fields_of(item).items() if name not in item.silent}
            self._differ(now, self._seen, ("seen", str(item.seen)))
        if self._standing.exists:
            self._describe()
            self._schedule()

    def _stands(self) -> bool:
        """Whether all that the item shows stands in the log, as it mostly does."""
        item, standing = self._item, self._standing
        return (
            standing.exists is not bool(item.removed)
            and standing.status == item.status
            and standing.blocked == item.blocked
            and standing.plan == _plan_of(item)
            and standing.assignee == self._teller.person(item.assignee, self._seen)
        )

    def _begin_with(self, status: Status) -> None:
        """A history shows what an export of states alone could not: how the item began."""
        created = self._records[0]
        if not isinstance(created.event, events.WorkCreated) or not created.event.status == BEFORE != status.name:
            return
        if not self._teller.has_told(self._stream, self._teller.id_of(self._stream, "first\0status")):
            self._standing.take(created.event)
            self._status(status, created.occurred_at, ("first",))
            self._standing, self._records = _Standing(), self._teller.records(self._stream)

    def _begins(self) -> When:
        item = self._item
        return min((step.when for step in item.steps), key=self._moment, default=item.seen)

    def _moment(self, when: When) -> dt.datetime:
        return moment(when, self._settings)

    def _advance(self, when: When) -> None:
        """Folds what the log says up to then."""
        if self._taken == len(self._records):
            return
        until = self._teller.end_of(when)
        if self._taken and self._records[self._taken - 1].occurred_at > until:
            self._standing, self._taken = _Standing(), 0
        while self._taken < len(self._records) and self._records[self._taken].occurred_at <= until:
            record = self._records[self._taken]
            self._standing.take(record.event)
            self._taken += 1

    def _at_first(self) -> Mapping[str, Any]:
        """The fields at the beginning: what the history says, else what is shown now where nothing changed."""
        item = self._item
        first = _fields_of(item)
        for step in item.steps:
            for name in step.fields:
                first.pop(name, None)
        first.update(item.first)
        if not item.steps and item.created is not None:
            # nothing is known of what lies between the beginning and the moment that is shown
            if item.status.category != "queue":
                first["status"] = Status(BEFORE, "queue")
            first["blocked"] = False
        return first

    def _create(self, fields: Mapping[str, Any], when: When, key: _Key) -> None:
        item, teller = self._item, self._teller
        status: Status = fields.get("status") or Status(BEFORE, "queue")
        title, notes = teller.note(item.title)
        created = events.WorkCreated(
            work_type=item.work_type,
            title=title,
            parent=item.parent,
            status=status.name,
            category=status.category,
            assignee=teller.person(fields.get("assignee"), when),
            **_plan(fields),
        )
        self._tell(created, when, key, notes)

    def _differ(self, fields: Mapping[str, Any], when: When, key: _Key) -> None:
        """Tells each field that stands otherwise."""
        standing, teller = self._standing, self._teller
        removed = fields.get("removed")
        if "removed" in fields and bool(removed) == standing.exists:
            if removed:
                if standing.blocked:
                    self._tell(events.Unblocked(), when, (*key, "unblocked"))
                if (status := fields.get("status")) and status.category != "done":
                    self._status(status, when, key)
                reason, notes = teller.note(str(removed))
                self._tell(events.WorkRemoved(reason=reason), when, (*key, "removed"), notes)
            else:
                self._create({**_fields_of(self._item), **fields}, when, (*key, "again"))
        if not standing.exists:
            return
        if status := fields.get("status"):
            self._status(status, when, key)
        if "assignee" in fields:
            assignee = teller.person(fields["assignee"], when)
            if assignee != standing.assignee:
                self._tell(events.Assigned(assignee=assignee), when, (*key, "assignee"))
        if not _PLAN_FIELDS.isdisjoint(fields):
            plan = tuple(fields.get(name, held) for name, held in zip(_PLAN, standing.plan, strict=True))
            if plan != standing.plan:
                estimate, start, finish, complete = plan
                again = events.ReEstimated(
                    total_effort=estimate,
                    remaining_effort=None,
                    percent_complete=complete,
                    planned_start=start,
                    planned_finish=finish,
                )
                self._tell(again, when, (*key, "plan"))
        if "blocked" in fields and fields["blocked"] != standing.blocked:
            blocked = events.Blocked(reason=None) if fields["blocked"] else events.Unblocked()
            self._tell(blocked, when, (*key, "blocked"))

    def _status(self, status: Status, when: When, key: _Key) -> None:
        held = self._standing.status
        if held != status:
            self._tell(_moved(held, status), when, (*key, "status"))

    def _describe(self) -> None:
        item, teller, held = self._item, self._teller, self._standing.described
        if not self._records or held is None or "title" in item.silent:
            return
        was = teller.text_of(held.title) if held.title else None
        # a title that was erased is not brought in again
        is_erased = held.title is not None and was is None
        title = None if is_erased else item.title
        work_type = held.work_type if "work_type" in item.silent else item.work_type
        parent = held.parent if "parent" in item.silent else item.parent
        if (held.work_type, held.parent, was) == (work_type, parent, title and title.strip()):
            return
        note, notes = teller.note(title)
        described = events.WorkDescribed(work_type=work_type, title=note, parent=parent)
        self._tell(described, self._seen, ("seen", str(item.seen), "described"), notes)

    def _schedule(self) -> None:
        shown, held = self._item.schedule, self._standing.schedule
        if shown is None or (held is _UNSCHEDULED and shown.says_nothing):
            return
        fields = {**held.model_dump(), **shown.fields}
        if shown.assignments is not None:
            fields["assignments"] = [
                {
                    **dict.fromkeys(events.ItemAssignment.model_fields),
                    "person": self._teller.person(each.person, self._seen),
                    "units": each.units,
                }
                for each in shown.assignments
            ]
        event = events.WorkScheduled.model_validate(fields)
        if event != held:
            self._tell(event, self._seen, ("seen", str(self._item.seen), "schedule"))

    def _tell(self, event: Event, when: When, key: _Key, notes: tuple[Any, ...] = ()) -> None:
        command_id = self._teller.id_of(self._stream, *key)
        if self._records and self._teller.was_withdrawn(self._stream, command_id):
            # somebody knows better than the source
            return
        self._teller.tell(
            self._stream,
            event,
            when,
            command_id,
            reported_at=self._item.reported_at,
            notes=notes,
        )
        self._standing.take(event)


@lru_cache(maxsize=1024)
def _moved(held: Status | None, status: Status) -> Event:
    """What a change of status is called; few of them make up a whole history."""
    was_done, is_done = held is not None and held.category == "done", status.category == "done"
    if is_done and not was_done:
        return events.WorkDone(status=status.name, category="done")
    if was_done and not is_done:
        return events.WorkReopened(status=status.name, category=status.category)
    return events.Moved(
        from_status=held.name if held else None,
        from_category=held.category if held else None,
        status=status.name,
        category=status.category,
    )


def _fields_of(item: Item) -> dict[str, Any]:
    return dict(zip(_FIELDS, _values_of(item), strict=True))


def _plan(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields.get(name) for name in _PLANNED}
