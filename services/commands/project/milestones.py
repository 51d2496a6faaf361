"""Milestones of a project, and what it needs of others."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from schemas import delivery as events
from schemas.event import Event, Record
from schemas.fields import Text
from schemas.streams import stream_id
from services.commands.command import Command, Context, Day, FreeText, KeyArgument, KeyField, PersonKey, Proof
from services.commands.project.common import ProjectCommand, plain
from services.commands.project.registers import Register
from services.commands.project.state import ProjectState
from services.errors import BadInput

MILESTONES = Register(
    "milestone", events.MilestonePlanned, "plan-milestone", ended_by=events.MilestoneReached, ended="reached"
)
DEPENDENCIES = Register(
    "dependency",
    events.DependencyDeclared,
    "declare-dependency",
    ended_by=events.DependencyRemoved,
    ended="removed",
)


class PlanMilestone(
    ProjectCommand, path="project plan-milestone", example='CRANE-7 M1 --name "Crane delivered" --due 2026-08-31'
):
    """Plan a day by which something is to be reached."""

    milestone: KeyArgument = Field(description="Any code for the milestone, to move and reach it by")
    name: Text = Field(description="What is to be reached")
    due: Day = Field(description="The day; later moves are measured against it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        MILESTONES.refuse_taken(self.project, self.milestone, project, later)
        return [events.MilestonePlanned(item=self.milestone, **plain(self, "milestone"))]


class MoveMilestone(
    ProjectCommand,
    path="project move-milestone",
    example='CRANE-7 M1 --due 2026-09-30 --reason "supplier late" --decided-by board',
):
    """Expect a milestone on another day; the day first planned stays its baseline."""

    milestone: KeyArgument = Field(description="The milestone's code")
    due: Day = Field(description="The day that is expected now")
    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a milestone that was never planned, and one that was reached by then."""
        MILESTONES.open_entry(self.project, self.milestone, project, later)
        return [events.MilestoneMoved(item=self.milestone, **plain(self, "milestone"))]


class ReachMilestone(ProjectCommand, path="project reach-milestone", example="CRANE-7 M1 --on 2026-09-15"):
    """Record that a milestone is reached."""

    milestone: KeyArgument = Field(description="The milestone's code")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a milestone that was never planned, and to reach it twice."""
        MILESTONES.refuse_ended(self.project, self.milestone, project, later)
        return [events.MilestoneReached(item=self.milestone, evidence=self.evidence)]


class DropMilestone(
    ProjectCommand, path="project drop-milestone", example='CRANE-7 M1 --reason "delivered with the hoist"'
):
    """Record that a milestone is no longer part of the plan; it then counts as neither reached nor late."""

    milestone: KeyArgument = Field(description="The milestone's code")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a milestone that was never planned, and one that was reached by then."""
        MILESTONES.open_entry(self.project, self.milestone, project, later)
        return [events.MilestoneDropped(item=self.milestone, reason=self.reason)]


class DeclareDependency(
    ProjectCommand,
    path="project declare-dependency",
    example="CRANE-7 D1 --on-project HARBOUR-2 --needed-by 2026-07-31",
):
    """Record that a project needs something of another one."""

    dependency: KeyArgument = Field(description="Any code for the dependency, to remove it by")
    on_project: KeyField = Field(description="The project that it needs something of")
    relation: Literal["finish-to-start", "start-to-start", "finish-to-finish", "start-to-finish"] = Field(
        default="finish-to-start", description="What of the other project comes before what of this one"
    )
    needed_by: Day | None = Field(default=None, description="The day by which it is needed")
    description: FreeText | None = Field(default=None, description="What is needed")

    def references(self) -> tuple[str, ...]:
        """The other project."""
        return (stream_id("project", self.on_project),)

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a dependency on itself, and a code that is taken."""
        if self.on_project == self.project:
            raise BadInput("A project cannot depend on itself; give another one by --on-project.")
        DEPENDENCIES.refuse_taken(self.project, self.dependency, project, later)
        return [events.DependencyDeclared(item=self.dependency, **plain(self, "dependency"))]


class RemoveDependency(
    ProjectCommand, path="project remove-dependency", example='CRANE-7 D1 --reason "own quay is used"'
):
    """Record that a project no longer needs what it needed of another one."""

    dependency: KeyArgument = Field(description="The dependency's code")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a dependency that was never declared, and to remove it twice."""
        DEPENDENCIES.refuse_ended(self.project, self.dependency, project, later)
        return [events.DependencyRemoved(item=self.dependency, reason=self.reason)]


COMMANDS: tuple[type[Command], ...] = (
    PlanMilestone,
    MoveMilestone,
    ReachMilestone,
    DropMilestone,
    DeclareDependency,
    RemoveDependency,
)
