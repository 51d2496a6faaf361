"""Commands about business units, goals and people."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from schemas import organisation as events
from schemas import training
from schemas.event import Event, Record
from schemas.fields import CareerLevel, Hours, Item, Share, Text, TimeZone
from schemas.streams import stream_id
from services.commands.command import (
    Argument,
    Command,
    Context,
    Day,
    FreeText,
    KeyArgument,
    KeyField,
    PersonArgument,
    PersonKey,
    Proof,
)
from services.commands.countries import CountryField
from services.commands.fold import State, ever
from services.errors import BadInput, NotFound, Rejected


class UnitCommand(Command):
    """A command about one unit."""

    unit: KeyArgument = Field(description="The unit's code")

    def stream(self) -> str:
        """The unit's stream."""
        return stream_id("business-unit", self.unit)


class RegisterUnit(UnitCommand, path="unit register", example='OPS --name "Operations" --country GB'):
    """Register a business unit."""

    name: Text = Field(description="Its name")
    parent: KeyField | None = Field(default=None, description="The unit above it")
    country: CountryField | None = Field(default=None, description="Whose public holidays apply, such as GB or DE-BY")

    def references(self) -> tuple[str, ...]:
        """The parent."""
        return (stream_id("business-unit", self.parent),) if self.parent else ()

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken, and a unit above itself."""
        if ever(state, later, events.UnitRegistered):
            raise Rejected(f"There is a unit {self.unit} already; 'pmo unit rename' changes its name.")
        if self.parent == self.unit:
            raise BadInput("A unit cannot be its own parent.")
        return [events.UnitRegistered(name=self.name, parent=self.parent, country=self.country)]


class RenameUnit(UnitCommand, path="unit rename", example='OPS --name "Operations and logistics"'):
    """Give a unit another name."""

    name: Text = Field(description="Its new name")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown unit."""
        return (
            [events.UnitRenamed(name=self.name)] if known(state or later, f"unit {self.unit}", "unit register") else []
        )


class MergeUnit(UnitCommand, path="unit merge", example="LOGISTICS --into OPS"):
    """Record that a unit went into another one."""

    into: KeyField = Field(description="The unit that it is part of now")

    def references(self) -> tuple[str, ...]:
        """The other unit."""
        return (stream_id("business-unit", self.into),)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a merger with itself."""
        if self.into == self.unit:
            raise BadInput("A unit cannot be merged into itself.")
        return (
            [events.UnitMergedInto(into=self.into)]
            if known(state or later, f"unit {self.unit}", "unit register")
            else []
        )


class RetireUnit(UnitCommand, path="unit retire", example='OPS --reason "sold"'):
    """Record that a unit no longer exists."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown unit."""
        return (
            [events.UnitRetired(reason=self.reason)]
            if known(state or later, f"unit {self.unit}", "unit register")
            else []
        )


class _GoalCommand(Command):
    goal: KeyArgument = Field(description="The goal's code")

    def stream(self) -> str:
        """The goal's stream."""
        return stream_id("goal", self.goal)


class DeclareGoal(_GoalCommand, path="goal declare", example='GROWTH --statement "Grow in Asia" --weight 0.4'):
    """Declare a strategic goal."""

    statement: Text = Field(description="What is to be reached")
    weight: Share = Field(description="Its share among the goals, 0 to 1")
    owner_unit: KeyField | None = Field(default=None, description="The unit that answers for it")

    def references(self) -> tuple[str, ...]:
        """The owner."""
        return (stream_id("business-unit", self.owner_unit),) if self.owner_unit else ()

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        if ever(state, later, events.GoalDeclared):
            raise Rejected(f"There is a goal {self.goal} already; 'pmo goal reweight' changes its weight.")
        return [events.GoalDeclared(statement=self.statement, weight=self.weight, owner_unit=self.owner_unit)]


class ReweightGoal(_GoalCommand, path="goal reweight", example="GROWTH --weight 0.3"):
    """Let a goal count more or less."""

    weight: Share = Field(description="Its share among the goals, 0 to 1")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown goal."""
        return (
            [events.GoalReweighted(weight=self.weight)]
            if known(state or later, f"goal {self.goal}", "goal declare")
            else []
        )


class RetireGoal(_GoalCommand, path="goal retire", example="GROWTH"):
    """No longer pursue a goal."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown goal."""
        return (
            [events.GoalRetired(reason=self.reason)]
            if known(state or later, f"goal {self.goal}", "goal declare")
            else []
        )


class _PersonCommand(Command):
    person: PersonArgument = Field(description="The person's own key: staff number, login or e-mail")

    def stream(self) -> str:
        """The person's stream."""
        return stream_id("person", self.person)


class Join(_PersonCommand, path="person join", example='ann@example.org --unit OPS --role "Project manager"'):
    """Record that a person works for the organisation. The name stays out of the log."""

    unit: KeyField = Field(description="The unit that the person belongs to")
    role: Text = Field(description="The person's role; training requirements follow it")
    skills: tuple[Text, ...] = Field(default=(), description="A skill")
    weekly_hours: Hours = Field(default=Decimal(40), description="Contracted hours a week")
    career_level: Annotated[int | None, Field(ge=1, le=20)] = Field(default=None, description="1 to 20")
    country: CountryField | None = Field(default=None, description="Whose public holidays apply; by default the unit's")
    time_zone: TimeZone | None = Field(default=None, description="By default the organisation's")
    work_mode: Literal["office", "hybrid", "remote"] | None = Field(default=None, description="Where the person works")
    name: Text | None = Field(default=None, description="The person's name, kept in the erasable directory only")
    email: Text | None = Field(default=None, description="The person's e-mail, kept in the erasable directory only")

    def references(self) -> tuple[str, ...]:
        """The unit."""
        return (stream_id("business-unit", self.unit),)

    def personal(self) -> dict[str, str]:
        """Name and e-mail."""
        return {field: value for field, value in (("name", self.name), ("email", self.email)) if value}

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses somebody who is there already."""
        standing = state.record(events.PersonJoined, events.PersonLeft)
        if standing and isinstance(standing.event, events.PersonJoined):
            raise Rejected("That person has joined already; 'pmo person move' or 'change-role' records what changed.")
        left_out = {"person", "name", "email"}
        fields = {name: getattr(self, name) for name in type(self).model_fields if name not in left_out}
        return [events.PersonJoined(**fields)]


class Move(_PersonCommand, path="person move", example="ann@example.org --unit FINANCE"):
    """Record that a person works for another unit."""

    unit: KeyField = Field(description="The unit that the person belongs to now")

    def references(self) -> tuple[str, ...]:
        """The unit."""
        return (stream_id("business-unit", self.unit),)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person."""
        return [events.PersonMoved(unit=self.unit)] if known(state or later, "such person", "person join") else []


class ChangeRole(_PersonCommand, path="person change-role", example='ann@example.org --role "Programme manager"'):
    """Record that a person has another role."""

    role: Text = Field(description="The role")
    career_level: Annotated[int | None, Field(ge=1, le=20)] = Field(default=None, description="1 to 20")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person."""
        known(state or later, "such person", "person join")
        return [events.PersonRoleChanged(role=self.role, career_level=self.career_level)]


class ChangeHours(_PersonCommand, path="person change-hours", example="ann@example.org --weekly-hours 30"):
    """Record that a person's contract has other hours."""

    weekly_hours: Hours = Field(description="Contracted hours a week")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person."""
        known(state or later, "such person", "person join")
        return [events.PersonHoursChanged(weekly_hours=self.weekly_hours)]


class ChangeSkills(_PersonCommand, path="person change-skills", example="ann@example.org --skills Python --skills SQL"):
    """Record which skills a person has: those given, and no others."""

    skills: tuple[Text, ...] = Field(description="A skill")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person; a skill given twice counts once."""
        known(state or later, "such person", "person join")
        return [events.SkillsChanged(skills=tuple(dict.fromkeys(self.skills)))]


class AssessLevel(
    _PersonCommand, path="person assess-level", example="ann@example.org --career-level 3 --assessor bob@example.org"
):
    """Record which career level a person was found to have."""

    career_level: CareerLevel = Field(description="The level that the assessor found, 1 to 20")
    career_path: KeyField | None = Field(default=None, description="The path that the person was held against")
    assessor: PersonKey | None = Field(default=None, description="Who judged")
    evidence: tuple[Proof, ...] = Field(default=(), description="What the judgement rests on")

    def references(self) -> tuple[str, ...]:
        """The path."""
        return (stream_id("path", self.career_path),) if self.career_path else ()

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person, and a level that the path does not have."""
        known(state or later, "such person", "person join")
        if self.career_path:
            path = context.other(stream_id("path", self.career_path)).last(training.PathDefined)
            levels = [each.level for each in path.levels] if path else []
            if levels and self.career_level not in levels:
                raise BadInput(
                    f"--career-level: path {self.career_path} has no level {self.career_level}; "
                    f"its levels are {', '.join(map(str, levels))}."
                )
        return [
            events.LevelAssessed(
                path=self.career_path,
                career_level=self.career_level,
                assessor=self.assessor,
                evidence=self.evidence,
            )
        ]


class LinkPerson(_PersonCommand, path="person link", example="ann@example.org 4711 --tool jira"):
    """Record that another source's person is the same one."""

    other: PersonArgument = Field(description="The same person's key in the other source")
    tool: Text = Field(description="Where the other key comes from")

    def considers(self) -> tuple[str, ...]:
        """The other person, who may be linked the other way round."""
        return (stream_id("person", self.other),)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person, a link to oneself, and one that stands, in either direction."""
        known(state or later, "such person", "person join")
        if self.other == self.person:
            raise BadInput("Both keys lead to the same person already; give the other source's key.")
        if any(isinstance(r.event, events.PersonLinked) and r.event.item == self.other for r in later) or state.last(
            events.PersonLinked, item=self.other
        ):
            raise Rejected("These two are linked already; correct the link by --supersedes, or void it.")
        if context.other(stream_id("person", self.other)).last(events.PersonLinked, item=self.person):
            raise Rejected("These two are linked already, the other way round; void that link to turn it.")
        return [events.PersonLinked(item=self.other, tool=self.tool)]


class PlanAbsence(
    _PersonCommand,
    path="person plan-absence",
    example="ann@example.org SUMMER --first-day 2026-08-03 --last-day 2026-08-14",
):
    """Record that a person will be away."""

    absence: Annotated[Item, Argument()] = Field(description="Any name for it, to cancel it by")
    first_day: Day = Field(description="First day away")
    last_day: Day = Field(description="Last day away")
    share: Share = Field(default=Decimal(1), description="Part of each working day")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses days in the wrong order."""
        if self.last_day < self.first_day:
            raise BadInput("--last-day lies before --first-day.")
        known(state or later, "such person", "person join")
        return [
            events.AbsencePlanned(item=self.absence, first_day=self.first_day, last_day=self.last_day, share=self.share)
        ]


class CancelAbsence(_PersonCommand, path="person cancel-absence", example="ann@example.org SUMMER"):
    """Record that a planned absence does not take place."""

    absence: Annotated[Item, Argument()] = Field(description="Its name")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an absence that was never planned."""
        if state.last(events.AbsencePlanned, item=self.absence) is None:
            raise NotFound(f"That person has no planned absence {self.absence}.")
        return [events.AbsenceCancelled(item=self.absence)]


class Leave(_PersonCommand, path="person leave", example="ann@example.org --voluntary"):
    """Record that a person no longer works for the organisation."""

    voluntary: bool | None = Field(default=None, description="Whether the person chose to; leave out if unknown")
    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown person."""
        known(state or later, "such person", "person join")
        return [events.PersonLeft(voluntary=self.voluntary, reason=self.reason)]


def known(standing: object, what: str, made_by: str) -> bool:
    """True, or NotFound where nothing stands: `what` is not known, and the command `made_by` would make it."""
    if not standing:
        raise NotFound(f"There is no {what}; 'pmo {made_by}' makes it known, or correct the key.")
    return True


COMMANDS: tuple[type[Command], ...] = (
    RegisterUnit,
    RenameUnit,
    MergeUnit,
    RetireUnit,
    DeclareGoal,
    ReweightGoal,
    RetireGoal,
    Join,
    Move,
    ChangeRole,
    ChangeHours,
    ChangeSkills,
    AssessLevel,
    LinkPerson,
    PlanAbsence,
    CancelAbsence,
    Leave,
)
