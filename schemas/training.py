"""Courses, who must have taken them, and who has."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Event
from schemas.fields import CareerLevel, Day, Evidence, Hours, Item, Key, Note, PersonId, Share, Text
from schemas.voiding import voided

Months = Annotated[int, Field(ge=1, le=600, examples=[24])]
Days = Annotated[int, Field(ge=0, le=3650, examples=[90])]
ValidUnit = Literal["days", "months"]
ValidUntil = Literal["day", "end-of-month", "end-of-year"]


class Validity(BaseModel):
    """How long a completion counts, from the day on which the course was passed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    length: Annotated[int, Field(ge=1, le=18_250, examples=[24])] = Field(description="How many of the unit")
    unit: ValidUnit
    until: ValidUntil = Field(
        description="Whether it ends on that very day, or with the month or year in which the day lies"
    )


class CourseDefinedV1(Event, type="pmo.course.defined.v1"):
    """A course exists, or is now described otherwise; as recorded before validities of days and whole years."""

    title: Text
    provider: Text | None
    hours: Hours | None
    valid_months: Months | None = Field(description="How long a completion counts; null: for ever")

    def upcast(self) -> "CourseDefined":
        """Months that end on the day."""
        months = self.valid_months
        validity = None if months is None else Validity(length=months, unit="months", until="day")
        return CourseDefined(title=self.title, provider=self.provider, hours=self.hours, validity=validity)


class CourseDefined(Event, type="pmo.course.defined.v2"):
    """A course exists, or is now described otherwise."""

    title: Text
    provider: Text | None
    hours: Hours | None
    validity: Validity | None = Field(description="How long a completion counts; null: for ever")


class CourseRequired(Event, type="pmo.course.required.v1"):
    """People of a role must hold the course; `item` is the requirement."""

    item: Item
    role: Text
    career_level: Annotated[int, Field(ge=1, le=20, examples=[3])] | None = Field(description="From this level up")
    grace_days: Days = Field(description="Days after taking the role until it is due")


class CourseNotRequired(Event, type="pmo.course.not-required.v1"):
    """The requirement no longer stands."""

    item: Item


class CourseRetired(Event, type="pmo.course.retired.v1"):
    """The course is no longer given."""

    reason: Note | None


class PathLevel(BaseModel):
    """One level of a career path, and what it takes to reach it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    level: CareerLevel
    title: Text
    courses: tuple[Key, ...] = Field(description="Courses that it asks for")
    months: Months | None = Field(description="Usual time on the level before")


class PathDefined(Event, type="pmo.path.defined.v1"):
    """A role's career path has these levels, and no others."""

    role: Text
    levels: Annotated[tuple[PathLevel, ...], Field(min_length=1)]


class PathRetired(Event, type="pmo.path.retired.v1"):
    """The path is no longer followed."""

    reason: Note | None


class Enrolled(Event, type="pmo.training.enrolled.v1"):
    """The person is to take the course."""

    due: Day | None


class TrainingCompleted(Event, type="pmo.training.completed.v1"):
    """The person took the course and passed."""

    completed_on: Day
    score: Share | None
    certificate: Evidence | None
    expires: Day | None = Field(description="The last day on which it counts; null: for ever")


class TrainingFailed(Event, type="pmo.training.failed.v1"):
    """The person took the course and did not pass."""

    failed_on: Day
    score: Share | None


class TrainingExempted(Event, type="pmo.training.exempted.v1"):
    """The person need not hold the course until a day."""

    until: Day
    reason: Note | None
    decided_by: PersonId


class TrainingRevoked(Event, type="pmo.training.revoked.v1"):
    """A completion or exemption no longer counts."""

    reason: Note | None
    decided_by: PersonId | None


CourseVoided = voided("course")
PathVoided = voided("path")
TrainingVoided = voided("training")

EVENTS: tuple[type[Event], ...] = (
    CourseDefinedV1,
    CourseDefined,
    CourseRequired,
    CourseNotRequired,
    CourseRetired,
    CourseVoided,
    PathDefined,
    PathRetired,
    PathVoided,
    Enrolled,
    TrainingCompleted,
    TrainingFailed,
    TrainingExempted,
    TrainingRevoked,
    TrainingVoided,
)
