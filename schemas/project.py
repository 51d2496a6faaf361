"""A project from proposal to financial closure: its life cycle, baselines and gates."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Event
from schemas.fields import Contribution, Cost, Currency, Day, Evidence, Item, Key, Note, PersonId, Points, Share, Text
from schemas.voiding import voided

Size = Literal["small", "medium", "large", "major"]
Probability = Annotated[Share, Field(description="Chance that the proposal fails, 0..1")]


class PlannedValue(BaseModel):
    """One point of a planned-value curve: by `day`, work worth `value` is planned to be done."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    day: Day
    value: Cost


class Proposed(Event, type="pmo.project.proposed.v1"):
    """Somebody asks for a project."""

    name: Text
    unit: Key
    sponsor: PersonId | None
    manager: PersonId | None
    proposed_by: PersonId | None = Field(description="Whose proposal it is, whoever typed it")
    gate_route: Item | None = Field(description="The route of gates that it follows, by the setting's name")
    contributions: dict[Key, Contribution] = Field(description="Contribution to each goal", examples=[{"GROWTH": 3}])
    size: Size | None
    value: Cost | None = Field(description="What it is expected to be worth over its life")
    risk: Probability | None
    planned_start: Day | None
    planned_finish: Day | None
    budget: Cost | None
    currency: Currency


class Scored(Event, type="pmo.project.scored.v1"):
    """The proposal was scored by a model, whose formula stands under its version in the settings."""

    model: Item
    model_version: Annotated[int, Field(ge=1, le=10_000, examples=[2])]
    score: Points
    components: dict[Item, Points] = Field(description="What the score is made of", examples=[{"alignment": "60.00"}])
    scored_by: PersonId | None


class Ranked(Event, type="pmo.project.ranked.v1"):
    """The proposal was ranked among others, within a budget and a capacity."""

    ranking: Item = Field(description="Which ranking it was, the same for all that were ranked together")
    rank: Annotated[int, Field(ge=1, le=100_000, examples=[4])]
    within: bool = Field(description="Above the cut line")
    cut_by: Literal["budget", "capacity"] | None = Field(description="What it did not fit into; null if within")
    decided_by: PersonId | None


class Deferred(Event, type="pmo.project.deferred.v1"):
    """The decision on a proposal is put off."""

    until: Day | None
    reason: Note | None
    decided_by: PersonId | None


class Approved(Event, type="pmo.project.approved.v1"):
    """The project may be carried out."""

    decided_by: PersonId
    evidence: tuple[Evidence, ...]


class RejectedProposal(Event, type="pmo.project.rejected.v1"):
    """The proposal is turned down."""

    decided_by: PersonId
    reason: Note | None


class BaselineSet(Event, type="pmo.project.baseline-set.v1"):
    """The plan that the project is measured against; `item` is its number, 1 the first."""

    item: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$", examples=["1"])]
    start: Day
    finish: Day
    budget: Cost
    currency: Currency
    curve: tuple[PlannedValue, ...] = Field(description="Planned value, monotone from 0 at start to budget at finish")
    change_id: Item | None = Field(description="The approved change that it rests on; null for the first one")
    unauthorised: bool = Field(description="Set without an approved change, and said so")
    reason: Note | None
    decided_by: PersonId | None


class GateRequested(Event, type="pmo.project.gate-requested.v1"):
    """The project asks to pass a gate; `item` is the gate."""

    item: Item
    requested_by: PersonId | None
    evidence: tuple[Evidence, ...]


class GatePassed(Event, type="pmo.project.gate-passed.v1"):
    """The gate is passed."""

    item: Item
    decided_by: PersonId
    evidence: tuple[Evidence, ...]


class GatePassedWithConditions(Event, type="pmo.project.gate-passed-with-conditions.v1"):
    """The gate is passed, and something is still owed by a day."""

    item: Item
    decided_by: PersonId
    evidence: tuple[Evidence, ...]
    due: Day
    conditions: Note | None


class GateFailed(Event, type="pmo.project.gate-failed.v1"):
    """The gate is not passed."""

    item: Item
    decided_by: PersonId
    evidence: tuple[Evidence, ...]
    reason: Note | None


class GateDecisionRevoked(Event, type="pmo.project.gate-decision-revoked.v1"):
    """The gate's last decision no longer holds; the gate is open again."""

    item: Item
    decided_by: PersonId
    evidence: tuple[Evidence, ...]
    reason: Note | None


class ConditionMet(Event, type="pmo.project.condition-met.v1"):
    """What a gate still asked for is done; `item` is the gate."""

    item: Item
    evidence: tuple[Evidence, ...]


class Started(Event, type="pmo.project.started.v1"):
    """Work on the project began, allowed or not."""

    at_risk: Note | None = Field(description="Why it began without approval or baseline; null where it had both")


class PutOnHold(Event, type="pmo.project.put-on-hold.v1"):
    """Work on the project rests."""

    reason: Note | None
    decided_by: PersonId | None


class Resumed(Event, type="pmo.project.resumed.v1"):
    """Work on the project goes on."""

    decided_by: PersonId | None


class Completed(Event, type="pmo.project.completed.v1"):
    """The project delivered; unknown assessments are null."""

    objectives_met: bool | None
    quality_met: bool | None
    assessor: PersonId | None


class Cancelled(Event, type="pmo.project.cancelled.v1"):
    """The project ended without delivering."""

    cause: Literal["strategy", "funding", "feasibility", "performance", "duplicate", "other"] | None
    reason: Note | None
    decided_by: PersonId | None


class MergedInto(Event, type="pmo.project.merged-into.v1"):
    """The project went on as part of another one."""

    into: Key


class SplitInto(Event, type="pmo.project.split-into.v1"):
    """The project went on as several others."""

    into: tuple[Key, ...]


class Descoped(Event, type="pmo.project.descoped.v1"):
    """The project's scope was taken out of the portfolio."""

    reason: Note | None
    decided_by: PersonId | None


class Reopened(Event, type="pmo.project.reopened.v1"):
    """A project that had ended goes on."""

    reason: Note | None
    decided_by: PersonId | None


class Withdrawn(Event, type="pmo.project.withdrawn.v1"):
    """The whole project was recorded in error and counts nowhere."""

    reason: Note | None


class FinanciallyClosed(Event, type="pmo.project.financially-closed.v1"):
    """No more cost will come; the final cost is known."""

    final_cost: Cost
    currency: Currency


class Transferred(Event, type="pmo.project.transferred.v1"):
    """Another unit answers for the project."""

    unit: Key


class ManagerChanged(Event, type="pmo.project.manager-changed.v1"):
    """Another person manages the project."""

    manager: PersonId | None


class LeftSource(Event, type="pmo.project.left-source.v1"):
    """The source no longer lists the project, which says nothing about its outcome."""

    listing: Text = Field(description="The export that no longer shows it")


ProjectVoided = voided("project")

EVENTS: tuple[type[Event], ...] = (
    Proposed,
    Scored,
    Ranked,
    Deferred,
    Approved,
    RejectedProposal,
    BaselineSet,
    GateRequested,
    GatePassed,
    GatePassedWithConditions,
    GateFailed,
    GateDecisionRevoked,
    ConditionMet,
    Started,
    PutOnHold,
    Resumed,
    Completed,
    Cancelled,
    MergedInto,
    SplitInto,
    Descoped,
    Reopened,
    Withdrawn,
    FinanciallyClosed,
    Transferred,
    ManagerChanged,
    LeftSource,
    ProjectVoided,
)
