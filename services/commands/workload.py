"""Commands about what people are planned to work on, and the hours that they did."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import Field

from schemas import workload as events
from schemas.event import Event, Record
from schemas.fields import DayHours, Hours
from schemas.streams import stream_id
from services.commands.command import Argument, Command, Context, Day, FreeText, KeyField, PersonArgument, PersonKey
from services.commands.fold import State
from services.commands.presence import Planned, Presence
from services.errors import BadInput, NotFound, Rejected

_LONGEST = timedelta(days=3653)
"""Ten years: each week of an allocation is looked at, and nobody plans people for longer."""


class OverCapacity(Rejected):
    """A hard allocation over the person's net capacity needs `--at-risk`."""


class WorkloadState(State):
    """All allocations of one person."""

    def standing(self, without: str = "") -> dict[str, Planned]:
        """The allocations that hold, by id, each cut at its release."""
        planned = self.parts(events.AllocationPlanned, events.AllocationRevised)
        return {
            item: kept
            for item, record in planned.items()
            if item != without and (kept := self._cut(cast(Planned, record.event), record.k))
        }

    def _cut(self, allocation: Planned, k: int) -> Planned | None:
        released = self.record(events.AllocationReleased, item=allocation.item)
        if released is None or released.k < k:
            return allocation
        last = cast(events.AllocationReleased, released.event).last_day
        if last is None or last < allocation.first_day:
            return None
        return allocation.model_copy(update={"last_day": min(last, allocation.last_day)})


class _AllocationCommand(Command):
    person: PersonArgument = Field(description="The person's own key")
    allocation: Annotated[KeyField, Argument()] = Field(description="Any name for the allocation, to change it by")

    def stream(self) -> str:
        """The person's workload: one boundary for all allocations."""
        return stream_id("workload", self.person)


class _Plan(_AllocationCommand):
    project: KeyField = Field(description="The project")
    first_day: Day = Field(description="First day")
    last_day: Day = Field(description="Last day")
    weekly_hours: Hours = Field(description="Hours a week")
    hard: bool = Field(default=True, description="Committed, or only pencilled in")
    at_risk: FreeText | None = Field(default=None, description="Why it exceeds the person's capacity")

    def references(self) -> tuple[str, ...]:
        """The person and the project."""
        return (stream_id("person", self.person), stream_id("project", self.project))

    def checked(self, state: WorkloadState, context: Context) -> dict[str, Any]:
        """The event's fields; refuses days in the wrong order, and over-commitment without a reason."""
        if self.last_day < self.first_day:
            raise BadInput("--last-day lies before --first-day.")
        if self.last_day - self.first_day > _LONGEST:
            raise BadInput("--last-day lies more than ten years after --first-day; plan what can be foreseen.")
        names = (name for name in _Plan.model_fields if name not in ("person", "allocation"))
        fields = {"item": self.allocation, **{name: getattr(self, name) for name in names}}
        if self.hard and self.at_risk is None:
            self._refuse_overbooked(events.AllocationPlanned(**fields), state, context)
        return fields

    def _refuse_overbooked(self, planned: Planned, state: WorkloadState, context: Context) -> None:
        presence = Presence(context.other(stream_id("person", self.person)), context.zone)
        others = [a for a in state.standing(self.allocation).values() if a.hard]
        week = presence.overbooked(planned, others)
        if week:
            why = "" if presence.contracted(week.monday + timedelta(days=4)) else ", since the person is not here"
            raise OverCapacity(
                f"That makes {_short(week.planned)} committed hours in the week of {week.monday} "
                f"against a net capacity of {_short(week.net)}{why}; "
                "plan fewer, pencil it in with --no-hard, or give --at-risk with the reason."
            )


class Allocate(
    _Plan,
    path="workload allocate",
    example="ann@example.org A1 --project CRANE-7 --first-day 2026-03-02 --last-day 2026-06-26 --weekly-hours 20",
):
    """Plan a person for a project."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an id that stands, or will."""
        workload = cast(WorkloadState, state)
        planned = any(isinstance(r.event, events.AllocationPlanned) and r.event.item == self.allocation for r in later)
        if planned or self.allocation in workload.standing():
            raise Rejected(f"Allocation {self.allocation} stands already; 'pmo workload revise' changes it.")
        return [events.AllocationPlanned(**self.checked(workload, context))]


class Revise(
    _Plan,
    path="workload revise",
    example="ann@example.org A1 --project CRANE-7 --first-day 2026-03-02 --last-day 2026-05-29 --weekly-hours 16",
):
    """Change an allocation: all its fields are given anew."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an id that does not stand."""
        workload = cast(WorkloadState, state)
        _standing(workload, self.allocation)
        return [events.AllocationRevised(**self.checked(workload, context))]


class Confirm(_AllocationCommand, path="workload confirm", example="ann@example.org A1 --confirmed-by bob@example.org"):
    """Record that the line manager agreed to an allocation."""

    confirmed_by: PersonKey = Field(description="Who agreed; not the person")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses one's own confirmation."""
        _standing(cast(WorkloadState, state), self.allocation)
        if self.confirmed_by == self.person:
            raise Rejected("Nobody confirms their own allocation; let the line manager do it.")
        return [events.AllocationConfirmed(item=self.allocation, confirmed_by=self.confirmed_by)]


class Release(_AllocationCommand, path="workload release", example="ann@example.org A1 --last-day 2026-04-30"):
    """End an allocation early."""

    last_day: Day | None = Field(default=None, description="The last day that still counts; leave out if none does")
    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an id that does not stand."""
        _standing(cast(WorkloadState, state), self.allocation)
        return [events.AllocationReleased(item=self.allocation, last_day=self.last_day, reason=self.reason)]


class _TimesheetCommand(Command):
    person: PersonArgument = Field(description="The person's own key")

    def week_day(self) -> date:
        """Any day of the week that it is about."""
        raise NotImplementedError

    def stream(self) -> str:
        """The person's ISO week."""
        year, week, _ = self.week_day().isocalendar()
        return stream_id("timesheet", self.person, f"{year}-W{week:02}")

    def references(self) -> tuple[str, ...]:
        """The person."""
        return (stream_id("person", self.person),)


class LogHours(
    _TimesheetCommand, path="timesheet log", example="ann@example.org --project CRANE-7 --day 2026-03-02 --hours 6"
):
    """Record hours worked on a project on a day. Again for the same day and project, it corrects them."""

    project: KeyField = Field(description="The project")
    day: Day = Field(description="The day")
    hours: DayHours = Field(description="Hours")
    reason: FreeText | None = Field(default=None, description="Why they are corrected")

    def week_day(self) -> date:
        """The day itself."""
        return self.day

    def occurs_on(self) -> date | None:
        """The day itself."""
        return self.day

    def references(self) -> tuple[str, ...]:
        """The person and the project."""
        return (*super().references(), stream_id("project", self.project))

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Corrects what was logged for that day and project before."""
        item = f"{self.project}.{self.day.isoformat()}"
        fields = {"item": item, "project": self.project, "day": self.day, "hours": self.hours}
        approved = state.last(events.TimesheetApproved) or any(
            isinstance(r.event, events.TimesheetApproved) for r in later
        )
        if approved and self.reason is None:
            raise Rejected("That week is approved; give --reason to change its hours all the same.")
        if self.reason is not None or state.last(events.HoursLogged, item=item):
            return [events.HoursCorrected(reason=self.reason, **fields)]
        return [events.HoursLogged(**fields)]


class Submit(_TimesheetCommand, path="timesheet submit", example="ann@example.org --week-of 2026-03-02"):
    """Say that a week's hours are complete."""

    week_of: Day = Field(description="Any day of the week")

    def week_day(self) -> date:
        """The day given."""
        return self.week_of

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a week that has not begun."""
        monday = self.week_of - timedelta(days=self.week_of.weekday())
        if context.day < monday:
            raise BadInput("That week has not begun.")
        return [events.TimesheetSubmitted()]


class ApproveTimesheet(
    _TimesheetCommand, path="timesheet approve", example="ann@example.org --week-of 2026-03-02 --decided-by bob"
):
    """Accept a submitted week."""

    week_of: Day = Field(description="Any day of the week")
    decided_by: PersonKey = Field(description="Who accepts it; not the person")

    def week_day(self) -> date:
        """The day given."""
        return self.week_of

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a week that is not submitted, and one's own."""
        if not state.last(events.TimesheetSubmitted):
            raise Rejected("That week is not submitted yet.")
        if self.decided_by == self.person:
            raise Rejected("Nobody approves their own timesheet; let the line manager do it.")
        return [events.TimesheetApproved(decided_by=self.decided_by)]


def _short(hours: Decimal) -> str:
    return f"{round(hours, 2).normalize():f}"


def _standing(workload: WorkloadState, allocation: str) -> None:
    if allocation not in workload.standing():
        raise NotFound(f"That person has no allocation {allocation} that stands.")


COMMANDS: tuple[type[Command], ...] = (Allocate, Revise, Confirm, Release, LogHours, Submit, ApproveTimesheet)
