"""Audits that were performed, and what became of their findings."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Day, Digest, EventId, Evidence, Instant, Item, Key, Note, PersonId, Text
from schemas.governance import Basis, Count, Definitions
from schemas.streams import STREAM_PATTERN
from schemas.voiding import voided

Severity = Literal["low", "medium", "high", "critical"]
Subject = Annotated[str, Field(pattern=STREAM_PATTERN, examples=["project:ALPHA"])]


class AuditPerformed(Event, type="pmo.audit.performed.v1"):
    """Controls were run, which is evidence also where nothing was found."""

    controls: Definitions
    unit: Key | None
    as_of: Day
    known_at: Instant
    basis: Basis
    position: Count = Field(description="The log's position up to which everything had been read")
    population: Count = Field(description="Occasions that could be judged")
    exceptions: Count = Field(description="Those of them that were violated, or cured late")
    without_evidence: Count = Field(description="Occasions of which only a source's state is known")
    incomplete: Count = Field(description="Subjects with a gap in their history")
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
    """A later audit found the occasion in order, or cured late."""

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
