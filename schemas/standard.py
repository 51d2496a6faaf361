"""Standards of work and technology, and how each unit adopts them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Event
from schemas.fields import Day, Evidence, Item, Note, PersonId, Text
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
    Abandoned,
    AdoptionVoided,
)
