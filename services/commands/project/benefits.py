"""What a project is for, and what is learned from it."""

from collections.abc import Sequence
from typing import Annotated, cast

from pydantic import Field

from schemas import value as events
from schemas.event import Event, Record
from schemas.fields import Currency, Money, Text
from schemas.streams import stream_id
from services.commands.command import Command, Context, Day, FreeText, KeyArgument, PersonKey, Proof
from services.commands.project.common import ProjectCommand, plain
from services.commands.project.registers import Register
from services.commands.project.state import ProjectState

BENEFITS = Register("benefit", events.BenefitPlanned, "plan-benefit")
LESSONS = Register("lesson", events.LessonRecorded, "record-lesson")
APPLICATIONS = Register("application of lesson", events.LessonApplied, "apply-lesson")

# PROJECT.LESSON is an item, which has at most 128 characters
LessonArgument = Annotated[KeyArgument, Field(max_length=63)]


class PlanBenefit(
    ProjectCommand,
    path="project plan-benefit",
    example='CRANE-7 B1 --name "Fewer hours waiting" --amount 80000 --due 2027-12-31 --owner ann@example.org',
):
    """Record what a project is to bring by a day, on which that is reviewed."""

    benefit: KeyArgument = Field(description="Any code for the benefit, to measure it by")
    name: Text = Field(description="What it is to bring")
    amount: Money = Field(description="What that is worth, in money")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's")
    due: Day = Field(description="The day on which it is reviewed")
    owner: PersonKey | None = Field(default=None, description="Who answers for it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        BENEFITS.refuse_taken(self.project, self.benefit, project, later)
        currency = self.currency or project.currency or context.currency
        return [events.BenefitPlanned(item=self.benefit, currency=currency, **plain(self, "benefit", "currency"))]


class MeasureBenefit(
    ProjectCommand,
    path="project measure-benefit",
    example="CRANE-7 B1 --amount 62000 --evidence https://docs.example/waiting-hours",
):
    """Record what of a benefit has come about so far, also after the books are closed."""

    closed_too = True
    benefit: KeyArgument = Field(description="The benefit's code")
    amount: Money = Field(description="What has come about, in money, from the beginning")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the benefit's")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a benefit that was never planned."""
        planned = BENEFITS.entry(self.project, self.benefit, project, later)
        currency = self.currency or planned.currency
        return [events.BenefitMeasured(item=self.benefit, currency=currency, **plain(self, "benefit", "currency"))]


class RecordLesson(
    ProjectCommand,
    path="project record-lesson",
    example='CRANE-7 L1 --category procurement --text "order long-lead items before G2"',
):
    """Record something that was learned, also after the books are closed."""

    closed_too = True
    lesson: LessonArgument = Field(description="Any code for the lesson, to apply it by")
    category: Text | None = Field(default=None, description="What it is about")
    text: FreeText | None = Field(default=None, description="What was learned")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        LESSONS.refuse_taken(self.project, self.lesson, project, later)
        return [events.LessonRecorded(item=self.lesson, category=self.category, lesson=self.text)]


class ApplyLesson(
    ProjectCommand,
    path="project apply-lesson",
    example="CRANE-7 HARBOUR-2 L1 --evidence https://docs.example/order",
):
    """Record that a project put a lesson to use: another project's, or its own."""

    closed_too = True
    from_project: KeyArgument = Field(description="The project that learned it")
    lesson: LessonArgument = Field(description="The lesson's code in that project")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def references(self) -> tuple[str, ...]:
        """The project that learned it."""
        return (stream_id("project", self.from_project),)

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a lesson that was never recorded, and to apply it twice."""
        if self.from_project == self.project:
            LESSONS.entry(self.project, self.lesson, project, later)
        else:
            other = cast(ProjectState, context.other(stream_id("project", self.from_project)))
            LESSONS.entry(self.from_project, self.lesson, other, ())
        item = f"{self.from_project}.{self.lesson}"
        APPLICATIONS.refuse_taken(self.project, item, project, later)
        return [
            events.LessonApplied(
                item=item, from_project=self.from_project, lesson_item=self.lesson, evidence=self.evidence
            )
        ]


COMMANDS: tuple[type[Command], ...] = (PlanBenefit, MeasureBenefit, RecordLesson, ApplyLesson)
