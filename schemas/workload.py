"""What people are planned to work on, whom projects still look for, and the hours that were worked."""

from pydantic import Field

from schemas.event import Event
from schemas.fields import Day, DayHours, Effort, Hours, Item, Key, Note, PersonId, Text
from schemas.voiding import voided


class AllocationPlanned(Event, type="pmo.workload.allocation-planned.v1"):
    """A person is planned for a project, both days included; `item` is the allocation."""

    item: Item
    project: Key
    first_day: Day
    last_day: Day
    weekly_hours: Hours
    hard: bool = Field(description="Committed; false: pencilled in")
    at_risk: Note | None = Field(description="Why it exceeds the person's capacity; null where it does not")


class AllocationRevised(Event, type="pmo.workload.allocation-revised.v1"):
    """An allocation has other days, hours or firmness."""

    item: Item
    project: Key
    first_day: Day
    last_day: Day
    weekly_hours: Hours
    hard: bool
    at_risk: Note | None


class AllocationConfirmed(Event, type="pmo.workload.allocation-confirmed.v1"):
    """The person's line manager agreed to the allocation."""

    item: Item
    confirmed_by: PersonId


class AllocationReleased(Event, type="pmo.workload.allocation-released.v1"):
    """The allocation ends before its last day, or never began."""

    item: Item
    last_day: Day | None = Field(description="The last day that still counts; null: none of it does")
    reason: Note | None


class PlaceholderPlanned(Event, type="pmo.demand.placeholder-planned.v1"):
    """A project needs somebody of a role, both days included; `item` is the placeholder."""

    item: Item
    role: Text
    skill: Text | None
    option_group: Item | None = Field(description="Placeholders of one group are alternatives: only one will be filled")
    first_day: Day
    last_day: Day
    weekly_hours: Effort


class PlaceholderRevised(Event, type="pmo.demand.placeholder-revised.v1"):
    """The project needs it otherwise."""

    item: Item
    role: Text
    skill: Text | None
    option_group: Item | None
    first_day: Day
    last_day: Day
    weekly_hours: Effort


class PlaceholderFilled(Event, type="pmo.demand.placeholder-filled.v1"):
    """A person's allocation takes the placeholder's place."""

    item: Item
    person: PersonId
    allocation: Item


class PlaceholderWithdrawn(Event, type="pmo.demand.placeholder-withdrawn.v1"):
    """The project no longer needs it."""

    item: Item
    reason: Note | None


class HoursLogged(Event, type="pmo.timesheet.hours-logged.v1"):
    """Hours worked on a project on a day; `item` is PROJECT.DAY."""

    item: Item
    project: Key
    day: Day
    hours: DayHours


class HoursCorrected(Event, type="pmo.timesheet.hours-corrected.v1"):
    """The hours of that project on that day were others."""

    item: Item
    project: Key
    day: Day
    hours: DayHours
    reason: Note | None


class TimesheetSubmitted(Event, type="pmo.timesheet.submitted.v1"):
    """The person says that the week is complete."""


class TimesheetApproved(Event, type="pmo.timesheet.approved.v1"):
    """The week is accepted."""

    decided_by: PersonId


WorkloadVoided = voided("workload")
DemandVoided = voided("demand")
TimesheetVoided = voided("timesheet")

EVENTS: tuple[type[Event], ...] = (
    AllocationPlanned,
    AllocationRevised,
    AllocationConfirmed,
    AllocationReleased,
    WorkloadVoided,
    PlaceholderPlanned,
    PlaceholderRevised,
    PlaceholderFilled,
    PlaceholderWithdrawn,
    DemandVoided,
    HoursLogged,
    HoursCorrected,
    TimesheetSubmitted,
    TimesheetApproved,
    TimesheetVoided,
)
