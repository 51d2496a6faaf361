"""Items of work inside a project, as trackers and schedules hold them: `work:PROJECT/KEY`."""

from typing import Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Day, Effort, Key, Note, PersonId, Share, Text
from schemas.voiding import voided

StatusCategory = Literal["queue", "active", "done"]


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
    Blocked,
    Unblocked,
    WorkDone,
    WorkReopened,
    WorkRemoved,
    WorkVoided,
)
