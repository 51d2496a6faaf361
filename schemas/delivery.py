"""What a project's delivery turns on: milestones, changes, dependencies, decisions and actions."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Currency, Day, Evidence, Item, Key, Money, Note, PersonId, Text


class MilestonePlanned(Event, type="pmo.project.milestone-planned.v1"):
    """A day by which something is to be reached; it is the milestone's baseline. `item` is the milestone."""

    item: Item
    name: Text
    due: Day


class MilestoneMoved(Event, type="pmo.project.milestone-moved.v1"):
    """The milestone is expected on another day; its baseline stays."""

    item: Item
    due: Day
    reason: Note | None
    decided_by: PersonId | None


class MilestoneReached(Event, type="pmo.project.milestone-reached.v1"):
    """The milestone is reached."""

    item: Item
    evidence: tuple[Evidence, ...]


class MilestoneDropped(Event, type="pmo.project.milestone-dropped.v1"):
    """The milestone is no longer part of the plan; that says nothing of whether it was reached."""

    item: Item
    reason: Note | None


class ChangeRequested(Event, type="pmo.project.change-requested.v1"):
    """Somebody asks for another scope, cost or finish; `item` is the change."""

    item: Item
    cost: Money = Field(description="What it adds to the budget; negative where it saves")
    currency: Currency
    days: Annotated[int, Field(ge=-36_500, le=36_500, examples=[14])] = Field(
        description="Calendar days that it adds to the finish; negative where it saves"
    )
    requested_by: PersonId | None
    reason: Note | None


class ChangeApproved(Event, type="pmo.project.change-approved.v1"):
    """The change is to be made."""

    item: Item
    decided_by: PersonId
    evidence: tuple[Evidence, ...]


class ChangeRejected(Event, type="pmo.project.change-rejected.v1"):
    """The change is not to be made."""

    item: Item
    decided_by: PersonId
    reason: Note | None


class DependencyDeclared(Event, type="pmo.project.dependency-declared.v1"):
    """The project needs something of another one; `item` is the dependency."""

    item: Item
    on_project: Key
    relation: Literal["finish-to-start", "start-to-start", "finish-to-finish", "start-to-finish"]
    needed_by: Day | None
    description: Note | None


class DependencyRemoved(Event, type="pmo.project.dependency-removed.v1"):
    """The project no longer needs it."""

    item: Item
    reason: Note | None


class DecisionRecorded(Event, type="pmo.project.decision-recorded.v1"):
    """Something was decided about the project; `item` is the decision."""

    item: Item
    decided_by: PersonId | None
    decision: Note | None
    evidence: tuple[Evidence, ...]


class ActionOpened(Event, type="pmo.project.action-opened.v1"):
    """Somebody is to do something by a day; `item` is the action."""

    item: Item
    owner: PersonId | None
    due: Day | None
    description: Note | None


class ActionClosed(Event, type="pmo.project.action-closed.v1"):
    """The action is done."""

    item: Item
    evidence: tuple[Evidence, ...]


EVENTS: tuple[type[Event], ...] = (
    MilestonePlanned,
    MilestoneMoved,
    MilestoneReached,
    MilestoneDropped,
    ChangeRequested,
    ChangeApproved,
    ChangeRejected,
    DependencyDeclared,
    DependencyRemoved,
    DecisionRecorded,
    ActionOpened,
    ActionClosed,
)
