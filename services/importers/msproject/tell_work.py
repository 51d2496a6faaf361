"""Tasks as items of work: created, begun and done at their own times, and what the schedule shows at the file's day."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal, cast

from schemas.event import Event, Record
from schemas.streams import slug_key, stream_id
from schemas.work import (
    Assigned,
    ItemAssignment,
    ItemBaseline,
    LagUnit,
    Moved,
    Predecessor,
    ReEstimated,
    ReEstimatedV1,
    WorkCreated,
    WorkDone,
    WorkRemoved,
    WorkReopened,
    WorkScheduled,
)
from services.commands.directory import write_note
from services.commands.fold import State
from services.importers.msproject.compare import Teller
from services.importers.msproject.people import exact
from services.importers.msproject.rows import Baseline
from services.importers.msproject.rows import Predecessor as Link
from services.importers.msproject.wanted import Work

QUEUE, ACTIVE, DONE = "Not started", "In progress", "Complete"
_ORDER = ("queue", "active", "done")
_STEPS = (WorkCreated, Moved, WorkDone, WorkReopened)
_RELATIONS = {"FS": "finish-to-start", "SS": "start-to-start", "FF": "finish-to-finish", "SF": "start-to-finish"}
_LAG_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks", "mo": "months", "y": "years", "%": "percent"}


def tell_work(teller: Teller) -> None:
    """All tasks, then what is gone."""
    key = teller.wanted.key
    known = set(teller.streams("work", f"work:{key}/"))
    streams = {item: stream_id("work", key, item) for item in teller.wanted.work}
    teller.unit.take_as_new(stream for stream in streams.values() if stream not in known)
    for item, work in teller.wanted.work.items():
        _Item(teller, streams[item], item, work).tell()
    kept = {stream_id("work", key, item) for item in (*streams, *teller.wanted.unsure_tasks)}
    for stream in sorted(known - kept):
        last = teller.state(stream).record(WorkCreated, WorkRemoved)
        if last and isinstance(last.event, WorkCreated) and teller.is_ours(last):
            note, entry = teller.gone()
            teller.tell(stream, "removed", WorkRemoved(reason=note), entries=(entry,))


class _Item:
    """One task."""

    def __init__(self, teller: Teller, stream: str, item: str, work: Work) -> None:
        self._teller, self._stream, self._item, self._work = teller, stream, item, work
        self._task = work.task
        task = self._task
        total = None if task.summary else _hours(task.work)
        left = None if task.summary else _hours(task.remaining_work)
        # of a task that is not begun, what is left is all of it, as when it was created
        told = bool(task.complete) or left not in (None, total)
        self._plan = ReEstimated(
            total_effort=total,
            remaining_effort=left if told else None,
            percent_complete=_hours(task.complete) if told else None,
            planned_start=_day(task.start),
            planned_finish=_day(task.finish),
        )
        self._assignee = teller.person(work.assignee) if work.assignee else None

    def tell(self) -> None:
        """Its description, its plan, its steps and its schedule."""
        teller, stream, row = self._teller, self._stream, self._work.row
        state = teller.state(stream)
        last = state.record(WorkCreated, WorkRemoved)
        if last is None or isinstance(last.event, WorkRemoved):
            self._create(again=last is not None)
            state = State() if last is None else teller.state(stream)
        elif not teller.is_ours(last):
            return
        else:
            self._describe(last)
            assigned = state.record(WorkCreated, Assigned)
            if assigned is None or getattr(assigned.event, "assignee", None) != self._assignee:
                teller.tell(stream, "assigned", Assigned(assignee=self._assignee), row)
        held = state.record(WorkCreated, ReEstimated) if last else None
        if self._plan != (_as_plan(held.event) if held else self._unbegun()):
            teller.tell(stream, "plan", self._plan, row)
        self._steps(state)
        schedule = self._schedule()
        if schedule != state.last(WorkScheduled):
            teller.tell(stream, "schedule", schedule, row)

    def _unbegun(self) -> ReEstimated:
        """The plan as a new item has it."""
        return self._plan.model_copy(update={"remaining_effort": None, "percent_complete": None})

    def _described(self) -> str:
        said = [self._work.work_type, self._task.name, self._work.parent]
        return f"created-{self._teller.says(said)}"

    def _created(self, like: WorkCreated | None) -> tuple[WorkCreated, tuple[Any, ...]]:
        note, entry = write_note(self._task.name) if self._task.name else (None, None)
        said = {"work_type": self._work.work_type, "title": note, "parent": self._work.parent}
        if like is not None:
            return like.model_copy(update=said), (entry,) if entry else ()
        event = WorkCreated(
            status=QUEUE,
            category="queue",
            assignee=self._assignee,
            estimate=self._plan.total_effort,
            planned_start=self._plan.planned_start,
            planned_finish=self._plan.planned_finish,
            **said,
        )
        return event, (entry,) if entry else ()

    def _create(self, *, again: bool) -> None:
        event, entries = self._created(None)
        times = [self._teller.day_start]
        if not again:
            own = (self._work.created_at, self._work.started_at, self._work.finished_at)
            times += [self._teller.instant(moment) for moment in own if moment]
        self._teller.tell(self._stream, self._described(), event, self._work.row, at=min(times), entries=entries)

    def _describe(self, held: Record) -> None:
        """Another title, parent or kind takes the place of the one before: no event tells when it changed."""
        aspect = self._described()
        if not self._teller.is_ours(held, f"{aspect}/"):
            event, entries = self._created(cast(WorkCreated, held.event))
            self._teller.tell(
                self._stream, aspect, event, self._work.row, at=held.occurred_at, replacing=held, entries=entries
            )

    def _steps(self, state: State) -> None:
        teller, stream, work = self._teller, self._stream, self._work
        held = state.record(*_STEPS)
        was = str(getattr(held.event, "category", "queue")) if held else "queue"
        if held is not None and _ORDER.index(was) > _ORDER.index(work.category):
            self._back(held, cast(Literal["queue", "active"], work.category))
            state = teller.state(stream)
        since = max((r.occurred_at for r in self._taken_back()), default=None)
        if work.started_at:
            at = _not_before(teller.instant(work.started_at), since)
            begun = state.record(Moved) if was != "queue" else None
            teller.step(stream, "started", begun, at, _started, work.row)
        if work.finished_at:
            at = _not_before(teller.instant(work.finished_at), since)
            done = state.record(WorkDone) if was == "done" else None
            teller.step(stream, "done", done, at, lambda: WorkDone(status=DONE, category="done"), work.row)

    def _taken_back(self) -> Iterator[Record]:
        """What created it, or let it go on or wait again: it begins and is done only after that."""
        for record in self._teller.unit.history(self._stream).active():
            event = record.event
            if isinstance(event, WorkCreated | WorkReopened) or (
                isinstance(event, Moved) and event.category == "queue"
            ):
                yield record

    def _back(self, held: Record, to: Literal["queue", "active"]) -> None:
        """The plan takes back what it said: since then where that lies before the file's day, else it never was."""
        teller, row = self._teller, self._work.row
        if not teller.is_ours(held):
            return
        if held.occurred_at >= teller.day_start:
            teller.withdraw(held, f"not so in {teller.wanted.file}", row)
        elif isinstance(held.event, WorkDone):
            status = ACTIVE if to == "active" else QUEUE
            teller.tell(self._stream, "reopened", WorkReopened(status=status, category=to), row)
        else:
            move = Moved(from_status=ACTIVE, from_category="active", status=QUEUE, category="queue")
            teller.tell(self._stream, "back", move, row)

    def _schedule(self) -> WorkScheduled:
        task, teller = self._task, self._teller
        has_cost = bool(task.cost or task.actual_cost)
        return WorkScheduled(
            actual_effort=_hours(task.actual_work),
            duration=_hours(task.duration),
            elapsed=task.elapsed,
            cost=_hours(task.cost) if has_cost else None,
            actual_cost=_hours(task.actual_cost) if has_cost else None,
            currency=teller.wanted.currency if has_cost else None,
            deadline=task.deadline.date() if task.deadline else None,
            predecessors=tuple(_link(link, teller.wanted.task_keys) for link in task.predecessors),
            baselines=tuple(_baseline(each) for each in task.baselines),
            assignments=tuple(
                ItemAssignment(
                    person=teller.person(person) if person else None,
                    role=role,
                    units=_hours(assignment.units),
                    effort=_hours(assignment.work),
                    actual_effort=_hours(assignment.actual_work),
                )
                for person, role, assignment in self._work.assignments
            ),
        )


def _as_plan(event: Event) -> ReEstimated:
    """What an item was last expected to take: as it was created, or estimated anew since."""
    if isinstance(event, WorkCreated):
        return ReEstimated(
            total_effort=event.estimate,
            remaining_effort=None,
            percent_complete=None,
            planned_start=event.planned_start,
            planned_finish=event.planned_finish,
        )
    return event.upcast() if isinstance(event, ReEstimatedV1) else cast(ReEstimated, event)


def _started() -> Moved:
    return Moved(from_status=QUEUE, from_category="queue", status=ACTIVE, category="active")


def _not_before(at: dt.datetime, since: dt.datetime | None) -> dt.datetime:
    return max(at, since) if since else at


def _hours(number: float | None) -> Any:
    return None if number is None else exact(number)


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.date() if moment else None


def _baseline(baseline: Baseline) -> ItemBaseline:
    return ItemBaseline(
        number=baseline.number,
        start=_day(baseline.start),
        finish=_day(baseline.finish),
        effort=_hours(baseline.work),
        cost=_hours(baseline.cost),
    )


def _link(link: Link, keys: dict[int, str]) -> Predecessor:
    return Predecessor(
        item_key=keys.get(link.uid, slug_key(str(link.uid))),
        relation=cast(Any, _RELATIONS[link.relation]),
        lag=exact(link.lag),
        lag_unit=cast(LagUnit, _LAG_UNITS[link.unit]),
        elapsed=link.elapsed,
    )
