"""Items of work inside a project, as trackers and schedules hold them: `work:PROJECT/KEY`."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Event
from schemas.fields import Cost, Currency, Day, Effort, Key, Note, PersonId, Share, Text
from schemas.voiding import voided
from schemas.wire import Exact

StatusCategory = Literal["queue", "active", "done"]
LagUnit = Literal["minutes", "hours", "days", "weeks", "months", "years", "percent"]
Lag = Annotated[
    Decimal,
    Field(max_digits=10, decimal_places=4),
    Exact(r"^-?[0-9]{1,6}(\.[0-9]{1,4})?$"),
    Field(examples=["-2.5000"]),
]
"""How long after its predecessor an item comes, in the unit that stands beside it; negative for a lead."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Predecessor(_Part):
    """An item, or a milestone, of the same project on which another one waits."""

    item_key: Key
    relation: Literal["finish-to-start", "start-to-start", "finish-to-finish", "start-to-finish"]
    lag: Lag
    lag_unit: LagUnit
    elapsed: bool = Field(description="The lag runs by the clock, not in working time")


class ItemBaseline(_Part):
    """What was once planned for an item: one of the baselines that schedules number from 0 to 10."""

    number: Annotated[int, Field(ge=0, le=10, examples=[0])]
    start: Day | None
    finish: Day | None
    effort: Effort | None
    cost: Cost | None


class ItemAssignment(_Part):
    """Who, or which role, works on an item, and how much."""

    person: PersonId | None = Field(description="Null where a role is to do it, or somebody unknown")
    role: Text | None
    units: Effort | None = Field(description="How much of them at a time: 1.5 is one and a half")
    effort: Effort | None
    actual_effort: Effort | None


class WorkCreated(Event, type="pmo.work.created.v1"):
    """An item of work exists. Its title may name people, so it is a note."""

    work_type: Text | None = Field(examples=["task"])
    title: Note | None
    parent: Key | None = Field(description="The item that it is a part of, in the same project")
    status: Text
    category: StatusCategory = Field(description="Whether it waits, is worked on, or is done")
    assignee: PersonId | None
    estimate: Effort | None
    planned_start: Day | None
    planned_finish: Day | None


class WorkDescribed(Event, type="pmo.work.described.v1"):
    """The item is of another type, has another title, or is a part of another item: all of them are given anew."""

    work_type: Text | None = Field(examples=["task"])
    title: Note | None
    parent: Key | None = Field(description="The item that it is a part of, in the same project")


class Moved(Event, type="pmo.work.moved.v1"):
    """The item went from one status to another."""

    from_status: Text | None
    from_category: StatusCategory | None
    status: Text
    category: StatusCategory


class Assigned(Event, type="pmo.work.assigned.v1"):
    """Another person, or nobody, is to do it."""

    assignee: PersonId | None


class ReEstimatedV1(Event, type="pmo.work.re-estimated.v1"):
    """It is expected to take other hours, or to lie on other days; no longer written."""

    estimate: Effort | None
    planned_start: Day | None
    planned_finish: Day | None

    def upcast(self) -> "ReEstimated":
        """The same in the words of version 2: what is left to do was not told, nor how much of it is done."""
        return ReEstimated(
            total_effort=self.estimate,
            remaining_effort=None,
            percent_complete=None,
            planned_start=self.planned_start,
            planned_finish=self.planned_finish,
        )


class ReEstimated(Event, type="pmo.work.re-estimated.v2"):
    """It is expected to take other hours, to be further on, or to lie on other days."""

    total_effort: Effort | None = Field(description="Hours from its beginning to its end, those worked included")
    remaining_effort: Effort | None = Field(description="Hours that are still to be worked")
    percent_complete: Share | None = Field(description="How much of it is done, as its source says")
    planned_start: Day | None
    planned_finish: Day | None


class WorkScheduled(Event, type="pmo.work.scheduled.v1"):
    """What a schedule shows of the item at its data date, without its decisions."""

    actual_effort: Effort | None = Field(description="Hours worked on it so far")
    duration: Effort | None = Field(description="Working hours from its start to its finish, or hours by the clock")
    elapsed: bool = Field(description="The duration runs by the clock")
    cost: Cost | None = Field(description="For all of it, as expected at the data date")
    actual_cost: Cost | None
    currency: Currency | None
    deadline: Day | None
    predecessors: tuple[Predecessor, ...]
    baselines: tuple[ItemBaseline, ...]
    assignments: tuple[ItemAssignment, ...]


class Blocked(Event, type="pmo.work.blocked.v1"):
    """It cannot go on."""

    reason: Note | None


class Unblocked(Event, type="pmo.work.unblocked.v1"):
    """It can go on."""


class WorkDone(Event, type="pmo.work.done.v1"):
    """The item is finished."""

    status: Text
    category: Literal["done"]


class WorkReopened(Event, type="pmo.work.reopened.v1"):
    """A finished item goes on."""

    status: Text
    category: StatusCategory


class WorkRemoved(Event, type="pmo.work.removed.v1"):
    """The item is no longer part of the project: deleted, moved away, or gone from the source."""

    reason: Note | None


WorkVoided = voided("work")

EVENTS: tuple[type[Event], ...] = (
    WorkCreated,
    WorkDescribed,
    Moved,
    Assigned,
    ReEstimatedV1,
    ReEstimated,
    WorkScheduled,
    Blocked,
    Unblocked,
    WorkDone,
    WorkReopened,
    WorkRemoved,
    WorkVoided,
)
