"""What people are planned to work on, and the hours that they did."""

from pydantic import Field

from schemas.event import Event
from schemas.fields import Day, DayHours, Hours, Item, Key, Note, PersonId
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
TimesheetVoided = voided("timesheet")

EVENTS: tuple[type[Event], ...] = (
    AllocationPlanned,
    AllocationRevised,
    AllocationConfirmed,
    AllocationReleased,
    WorkloadVoided,
    HoursLogged,
    HoursCorrected,
    TimesheetSubmitted,
    TimesheetApproved,
    TimesheetVoided,
)
