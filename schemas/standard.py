"""Standards of work and technology, and how each unit adopts them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Event
from schemas.fields import Day, Evidence, Item, Level, Note, PersonId, Text
from schemas.voiding import voided

StandardKind = Literal["practice", "process", "technology"]
Result = Literal["met", "partly", "not-met"]


class Requirement(BaseModel):
    """One thing that a standard asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: Item
    text: Text
    weight: Annotated[int, Field(ge=1, le=100, examples=[1])]


class Assessment(BaseModel):
    """How far one requirement is met."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    requirement: Item
    result: Result


class StandardPublished(Event, type="pmo.standard.published.v1"):
    """A standard, in a version, asks for these requirements."""

    name: Text
    standard_kind: StandardKind
    edition: Item
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1)]
    data_class: Literal["public", "internal", "confidential", "restricted"] | None
    security_review: Evidence | None


class StandardRevised(Event, type="pmo.standard.revised.v1"):
    """The standard has another edition; requirements are then unassessed until assessed under it."""

    name: Text
    standard_kind: StandardKind
    edition: Item
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1)]
    data_class: Literal["public", "internal", "confidential", "restricted"] | None
    security_review: Evidence | None


class StandardWithdrawn(Event, type="pmo.standard.withdrawn.v1"):
    """The standard no longer applies."""

    reason: Note | None


class Mandated(Event, type="pmo.adoption.mandated.v1"):
    """The unit has to meet the standard by a day."""

    due: Day
    decided_by: PersonId | None


class NotApplicable(Event, type="pmo.adoption.not-applicable.v1"):
    """The standard does not concern the unit."""

    rationale: Note | None
    decided_by: PersonId | None


class Assessed(Event, type="pmo.adoption.assessed.v1"):
    """The unit was held against every requirement of the edition; those left out are unassessed."""

    edition: Item
    results: tuple[Assessment, ...]
    assessor: PersonId | None
    evidence: tuple[Evidence, ...]


class UsageMeasured(Event, type="pmo.adoption.usage-measured.v1"):
    """How many of those who could use a technology did, in the 30 days before."""

    active: Annotated[int, Field(ge=0, examples=[42])]
    eligible: Annotated[int, Field(ge=0, examples=[60])]


class Adopted(Event, type="pmo.adoption.adopted.v1"):
    """The unit declares that it works by the standard."""

    decided_by: PersonId | None


class Waived(Event, type="pmo.adoption.waived.v1"):
    """The unit need not meet the standard until a day."""

    until: Day
    reason: Note | None
    requested_by: PersonId | None
    decided_by: PersonId


class WaiverEnded(Event, type="pmo.adoption.waiver-ended.v1"):
    """The waiver no longer holds."""

    reason: Note | None


class NonconformityRaised(Event, type="pmo.adoption.nonconformity-raised.v1"):
    """The unit does not work as the standard says; `item` is the nonconformity."""

    item: Item
    requirement: Item | None
    severity: Literal["minor", "major", "critical"]
    due: Day = Field(description="When it is to be resolved")
    raised_by: PersonId | None
    owner: PersonId | None
    evidence: tuple[Evidence, ...]
    description: Note | None


class NonconformityResolved(Event, type="pmo.adoption.nonconformity-resolved.v1"):
    """The nonconformity is resolved."""

    item: Item
    decided_by: PersonId | None
    evidence: tuple[Evidence, ...]


class ImpactAssessed(Event, type="pmo.adoption.impact-assessed.v1"):
    """How much the standard changes the unit's work: 1 hardly, 5 thoroughly."""

    level: Level
    people: Annotated[int, Field(ge=0, examples=[42])] | None = Field(description="How many it concerns")
    assessor: PersonId | None
    findings: Note | None


class ReadinessAssessed(Event, type="pmo.adoption.readiness-assessed.v1"):
    """How ready the unit is for the standard: 1 not at all, 5 fully."""

    level: Level
    people: Annotated[int, Field(ge=0, examples=[42])] | None
    assessor: PersonId | None
    findings: Note | None


class ResistanceAssessed(Event, type="pmo.adoption.resistance-assessed.v1"):
    """How much the unit resists the standard: 1 hardly, 5 strongly."""

    level: Level
    people: Annotated[int, Field(ge=0, examples=[42])] | None
    assessor: PersonId | None
    findings: Note | None


class Abandoned(Event, type="pmo.adoption.abandoned.v1"):
    """The unit no longer works by the standard."""

    reason: Note | None


StandardVoided = voided("standard")
AdoptionVoided = voided("adoption")

EVENTS: tuple[type[Event], ...] = (
    StandardPublished,
    StandardRevised,
    StandardWithdrawn,
    StandardVoided,
    Mandated,
    NotApplicable,
    Assessed,
    UsageMeasured,
    Adopted,
    Waived,
    WaiverEnded,
    NonconformityRaised,
    NonconformityResolved,
    ImpactAssessed,
    ReadinessAssessed,
    ResistanceAssessed,
    Abandoned,
    AdoptionVoided,
)
