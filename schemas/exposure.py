"""What may happen to a project and what stands in its way: risks and issues; and whom it has to win."""

from typing import Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Cost, Currency, Day, Evidence, Item, Note, PersonId, Share, Text

IssueSeverity = Literal["low", "medium", "high", "critical"]
Effect = Literal["threat", "opportunity"]
Engagement = Literal["unaware", "resistant", "neutral", "supportive", "leading"]


class RiskRaised(Event, type="pmo.project.risk-raised.v1"):
    """Something uncertain that would harm or help; `item` is the risk."""

    item: Item
    name: Text
    effect: Effect
    category: Text | None
    probability: Share
    impact: Cost = Field(description="What it would cost, or bring, if it happened")
    currency: Currency
    owner: PersonId | None
    description: Note | None


class RiskReassessed(Event, type="pmo.project.risk-reassessed.v1"):
    """The risk was looked at again; what is left of it after the responses taken."""

    item: Item
    probability: Share = Field(description="Residual")
    impact: Cost = Field(description="Residual")
    currency: Currency
    owner: PersonId | None
    reason: Note | None


class RiskClosed(Event, type="pmo.project.risk-closed.v1"):
    """The risk can no longer happen."""

    item: Item
    reason: Note | None


class RiskMaterialised(Event, type="pmo.project.risk-materialised.v1"):
    """The risk happened."""

    item: Item
    impact: Cost | None = Field(description="What it cost, or brought")
    currency: Currency
    reason: Note | None


class IssueRaised(Event, type="pmo.project.issue-raised.v1"):
    """Something stands in the way; `item` is the issue."""

    item: Item
    name: Text
    severity: IssueSeverity
    owner: PersonId | None
    due: Day | None
    description: Note | None


class IssueReassessed(Event, type="pmo.project.issue-reassessed.v1"):
    """The issue is graver or lesser, or in other hands."""

    item: Item
    severity: IssueSeverity
    owner: PersonId | None
    due: Day | None
    reason: Note | None


class IssueClosed(Event, type="pmo.project.issue-closed.v1"):
    """The issue is out of the way."""

    item: Item
    reason: Note | None


class StakeholderRegistered(Event, type="pmo.project.stakeholder-registered.v1"):
    """Somebody has a stake in the project; `item` is the stakeholder."""

    item: Item
    role: Text
    person: PersonId | None
    current: Engagement
    desired: Engagement


class EngagementAssessed(Event, type="pmo.project.engagement-assessed.v1"):
    """How a stakeholder stands towards the project, and how they should."""

    item: Item
    current: Engagement
    desired: Engagement
    evidence: tuple[Evidence, ...]


EVENTS: tuple[type[Event], ...] = (
    RiskRaised,
    RiskReassessed,
    RiskClosed,
    RiskMaterialised,
    IssueRaised,
    IssueReassessed,
    IssueClosed,
    StakeholderRegistered,
    EngagementAssessed,
)
