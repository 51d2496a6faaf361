"""Business units, the goals that projects serve, and people (without their names)."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import (
    CareerLevel,
    Country,
    Day,
    Evidence,
    Hours,
    Item,
    Key,
    Level,
    Note,
    PersonId,
    Share,
    Text,
    TimeZone,
)
from schemas.voiding import voided

WorkMode = Literal["office", "hybrid", "remote"]


class UnitRegistered(Event, type="pmo.business-unit.registered.v1"):
    """A business unit exists."""

    name: Text
    parent: Key | None = Field(description="The unit above it; null at the top")
    country: Country | None = Field(description="Whose public holidays apply")


class UnitRenamed(Event, type="pmo.business-unit.renamed.v1"):
    """A business unit has another name."""

    name: Text


class UnitMergedInto(Event, type="pmo.business-unit.merged-into.v1"):
    """A business unit went into another one."""

    into: Key


class MaturityAssessed(Event, type="pmo.business-unit.maturity-assessed.v1"):
    """The unit's maturity was judged; `item` is the model: P3M3 has one each for project, programme and portfolio."""

    item: Item
    framework: Text = Field(examples=["P3M3"])
    framework_version: Text = Field(examples=["3.0"])
    level: Level = Field(description="The model's overall level")
    perspectives: dict[Item, Level] = Field(description="The level per perspective", examples=[{"governance": 3}])
    target: Level | None = Field(description="The level that the unit aims at")
    assessor_type: Literal["self", "peer", "independent"]
    assessor: PersonId | None
    evidence: tuple[Evidence, ...]


class ImprovementPlanned(Event, type="pmo.business-unit.improvement-planned.v1"):
    """The unit means to get better at something by a day; `item` is the improvement."""

    item: Item
    model: Item | None = Field(description="The maturity model that it serves")
    perspective: Item | None
    due: Day
    owner: PersonId | None
    description: Note | None


class ImprovementDone(Event, type="pmo.business-unit.improvement-done.v1"):
    """The improvement is carried out."""

    item: Item
    evidence: tuple[Evidence, ...]


class UnitRetired(Event, type="pmo.business-unit.retired.v1"):
    """A business unit no longer exists."""

    reason: Note | None


class GoalDeclared(Event, type="pmo.goal.declared.v1"):
    """A strategic goal that projects may contribute to."""

    statement: Text
    weight: Share = Field(description="Its share among the goals, before they are normalised")
    owner_unit: Key | None


class GoalReweighted(Event, type="pmo.goal.reweighted.v1"):
    """A goal counts more or less than before."""

    weight: Share


class GoalRetired(Event, type="pmo.goal.retired.v1"):
    """A goal is no longer pursued."""

    reason: Note | None


class PersonJoined(Event, type="pmo.person.joined.v1"):
    """A person works for the organisation. Names stand in the directory."""

    unit: Key
    role: Text
    skills: tuple[Text, ...]
    weekly_hours: Hours = Field(description="Contracted hours a week")
    career_level: Annotated[int, Field(ge=1, le=20, examples=[3])] | None
    country: Country | None = Field(description="Whose public holidays apply; null: the unit's")
    time_zone: TimeZone | None = Field(description="Null: the organisation's")
    work_mode: WorkMode | None


class PersonMoved(Event, type="pmo.person.moved.v1"):
    """A person works for another unit."""

    unit: Key


class PersonRoleChanged(Event, type="pmo.person.role-changed.v1"):
    """A person has another role; training requirements follow it."""

    role: Text
    career_level: Annotated[int, Field(ge=1, le=20, examples=[3])] | None


class PersonLinked(Event, type="pmo.person.linked.v1"):
    """Another source's person is the same one; `item` is that one's pseudonym."""

    item: PersonId
    tool: Text = Field(description="Where the other key comes from")


class SkillsChanged(Event, type="pmo.person.skills-changed.v1"):
    """A person has these skills, and no others."""

    skills: tuple[Text, ...]


class LevelAssessed(Event, type="pmo.person.level-assessed.v1"):
    """A person was held against their role's path."""

    path: Key | None
    career_level: CareerLevel = Field(description="The level that the assessor found")
    assessor: PersonId | None
    evidence: tuple[Evidence, ...]


class PersonHoursChanged(Event, type="pmo.person.hours-changed.v1"):
    """A person's contract has other weekly hours."""

    weekly_hours: Hours


class AbsencePlanned(Event, type="pmo.person.absence-planned.v1"):
    """A person is away, both days included. The kind of absence is nobody's business here."""

    item: Item
    first_day: Day
    last_day: Day
    share: Share = Field(description="Part of each working day; 1 is all of it")


class AbsenceCancelled(Event, type="pmo.person.absence-cancelled.v1"):
    """A planned absence does not take place."""

    item: Item


class PersonLeft(Event, type="pmo.person.left.v1"):
    """A person no longer works for the organisation."""

    voluntary: bool | None
    reason: Note | None


UnitVoided = voided("business-unit")
GoalVoided = voided("goal")
PersonVoided = voided("person")

EVENTS: tuple[type[Event], ...] = (
    UnitRegistered,
    UnitRenamed,
    UnitMergedInto,
    MaturityAssessed,
    ImprovementPlanned,
    ImprovementDone,
    UnitRetired,
    UnitVoided,
    GoalDeclared,
    GoalReweighted,
    GoalRetired,
    GoalVoided,
    PersonJoined,
    PersonMoved,
    PersonRoleChanged,
    PersonLinked,
    SkillsChanged,
    LevelAssessed,
    PersonHoursChanged,
    AbsencePlanned,
    AbsenceCancelled,
    PersonLeft,
    PersonVoided,
)
