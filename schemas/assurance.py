"""Audits that were performed, and what became of their findings."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Event
from schemas.fields import Day, Digest, EventId, Evidence, Instant, Item, Key, Note, PersonId, Text, TimeZone
from schemas.governance import Basis, Count, Definitions
from schemas.streams import STREAM_PATTERN
from schemas.voiding import voided

Severity = Literal["low", "medium", "high", "critical"]
Subject = Annotated[str, Field(pattern=STREAM_PATTERN, examples=["project:ALPHA"])]


class ControlCounts(BaseModel):
    """What an audit found of one control; one that was never activated has a population of 0."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    population: Count
    exceptions: Count
    without_evidence: Count


class AuditPerformed(Event, type="pmo.audit.performed.v1"):
    """Controls were run, which is evidence also where nothing was found."""

    controls: Definitions
    unit: Key | None
    as_of: Day
    known_at: Instant
    basis: Basis
    time_zone: TimeZone = Field(description="In which the days of the controls begin and end")
    position: Count = Field(description="The log's position up to which everything had been read")
    population: Count = Field(description="Occasions that could be judged")
    exceptions: Count = Field(description="Those of them that were violated, or cured late")
    without_evidence: Count = Field(description="Occasions of which only a source's state is known")
    incomplete: Count = Field(description="Subjects with a gap in their history")
    by_control: dict[Item, ControlCounts] = Field(
        description="The same for each control",
        examples=[{"status-every-14-days": {"population": 12, "exceptions": 2, "without_evidence": 1}}],
    )
    results_digest: Digest = Field(description="Of all occasions and their results")


class FindingRaised(Event, type="pmo.finding.raised.v1"):
    """A control found an occasion that went against it."""

    control: Item
    control_digest: Digest
    subject: Subject
    activating: EventId
    unit: Key | None
    severity: Severity
    result: Literal["violated", "cured-late"]
    due: Day | None
    evidence: tuple[EventId, ...]
    detail: Text | None
    audit: Key


class FindingCured(Event, type="pmo.finding.cured.v1"):
    """A later audit found all that the event activated in order, cured late or gone, or the control retired."""

    control_digest: Digest
    result: Literal["satisfied", "cured-late", "not-activated", "no-evidence"]
    evidence: tuple[EventId, ...]
    audit: Key


class FindingAcknowledged(Event, type="pmo.finding.acknowledged.v1"):
    """Somebody answers for the finding and will remedy it by a day."""

    owner: PersonId
    due: Day


class FindingDismissed(Event, type="pmo.finding.dismissed.v1"):
    """The finding is a false positive."""

    decided_by: PersonId
    reason: Note | None


class FindingRiskAccepted(Event, type="pmo.finding.risk-accepted.v1"):
    """The finding is lived with until a day."""

    until: Day
    requested_by: PersonId | None
    decided_by: PersonId
    reason: Note | None


class FindingRemediated(Event, type="pmo.finding.remediated.v1"):
    """What the finding asked for is done."""

    decided_by: PersonId
    evidence: tuple[Evidence, ...]


class FindingReopened(Event, type="pmo.finding.reopened.v1"):
    """The finding stands again."""

    decided_by: PersonId | None
    control_digest: Digest | None = Field(description="The rule that found it again; null where a person reopened it")
    evidence: tuple[EventId, ...]
    audit: Key | None = Field(description="The audit that found it again; null where a person reopened it")
    reason: Note | None


AuditVoided = voided("audit")
FindingVoided = voided("finding")

EVENTS: tuple[type[Event], ...] = (
    AuditPerformed,
    AuditVoided,
    FindingRaised,
    FindingCured,
    FindingAcknowledged,
    FindingDismissed,
    FindingRiskAccepted,
    FindingRemediated,
    FindingReopened,
    FindingVoided,
)
