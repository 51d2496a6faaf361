"""Commands about courses and who has taken them."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from schemas import training as events
from schemas.event import Event, Record
from schemas.fields import LAST_DAY, Hours, Share, Text
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
from services.commands.fold import State
from services.errors import BadInput, NotFound, Rejected


class _CourseCommand(Command):
    course: KeyArgument = Field(description="The course's code")

    def stream(self) -> str:
        """The course's stream."""
        return stream_id("course", self.course)


class DefineCourse(_CourseCommand, path="course define", example='SAFETY --title "Site safety" --valid-months 24'):
    """Define a course, or describe it anew."""

    title: Text = Field(description="Its title")
    provider: Text | None = Field(default=None, description="Who gives it")
    hours: Hours | None = Field(default=None, description="How long it takes")
    valid_months: events.Months | None = Field(default=None, description="How long it counts; leave out for ever")
    valid_days: Annotated[int | None, Field(ge=1, le=18_250)] = Field(
        default=None, description="How long it counts, in days instead of months"
    )
    valid_until: events.ValidUntil | None = Field(
        default=None, description="Whether it ends on that very day, or with that day's month or year; by default day"
    )

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a validity in two units, and an end of none."""
        return [
            events.CourseDefined(title=self.title, provider=self.provider, hours=self.hours, validity=self._validity())
        ]

    def _validity(self) -> events.Validity | None:
        until = self.valid_until or "day"
        match self.valid_months, self.valid_days:
            case None, None:
                if self.valid_until is not None:
                    raise BadInput("--valid-until: say how long it counts, by --valid-months or --valid-days.")
                return None
            case int(months), None:
                return events.Validity(length=months, unit="months", until=until)
            case None, int(days):
                return events.Validity(length=days, unit="days", until=until)
        raise BadInput("--valid-days: give the validity in days or in months, not both.")


class RequireCourse(
    _CourseCommand, path="course require", example='SAFETY R1 --role "Project manager" --grace-days 90'
):
    """Ask people of a role to hold a course."""

    requirement: Annotated[KeyField, Argument()] = Field(description="Any name for it, to end it by")
    role: Text = Field(description="The role")
    career_level: Annotated[int | None, Field(ge=1, le=20)] = Field(default=None, description="From this level up")
    grace_days: events.Days = Field(default=90, description="Days after taking the role")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown course."""
        _defined(state, later, self.course)
        return [
            events.CourseRequired(
                item=self.requirement, role=self.role, career_level=self.career_level, grace_days=self.grace_days
            )
        ]


class EndRequirement(_CourseCommand, path="course not-require", example="SAFETY R1"):
    """No longer ask for a course."""

    requirement: Annotated[KeyField, Argument()] = Field(description="Its name")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a requirement that never was."""
        if state.last(events.CourseRequired, item=self.requirement) is None:
            raise NotFound(f"Course {self.course} has no requirement {self.requirement}.")
        return [events.CourseNotRequired(item=self.requirement)]


class RetireCourse(_CourseCommand, path="course retire", example="SAFETY"):
    """No longer give a course."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown course."""
        _defined(state, later, self.course)
        return [events.CourseRetired(reason=self.reason)]


class _TrainingCommand(Command):
    person: PersonArgument = Field(description="The person's own key")
    course: Annotated[KeyField, Argument()] = Field(description="The course's code")

    def stream(self) -> str:
        """The person's record of the course."""
        return stream_id("training", self.person, self.course)

    def references(self) -> tuple[str, ...]:
        """The person and the course."""
        return (stream_id("person", self.person), stream_id("course", self.course))


class Enrol(_TrainingCommand, path="training enrol", example="ann@example.org SAFETY --due 2026-09-30"):
    """Record that a person is to take a course."""

    due: Day | None = Field(default=None, description="By when")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.Enrolled(due=self.due)]


class CompleteTraining(
    _TrainingCommand, path="training complete", example="ann@example.org SAFETY --completed-on 2026-05-12"
):
    """Record that a person took a course and passed."""

    completed_on: Day | None = Field(default=None, description="By default --on, else today")
    score: Share | None = Field(default=None, description="0 to 1")
    certificate: Proof | None = Field(default=None, description="The certificate")
    expires: Day | None = Field(default=None, description="Its last valid day; by default as the course says")

    def occurs_on(self) -> date | None:
        """The day of completion."""
        return self.completed_on

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an expiry before the completion; takes the course's validity otherwise."""
        done = self.completed_on or context.day
        course = context.other(stream_id("course", self.course)).last(events.CourseDefined)
        expires = self.expires
        if expires is None and course and course.validity:
            expires = last_valid_day(done, course.validity)
        if expires is not None and expires < done:
            raise BadInput("--expires lies before the completion.")
        return [
            events.TrainingCompleted(completed_on=done, score=self.score, certificate=self.certificate, expires=expires)
        ]


class FailTraining(_TrainingCommand, path="training fail", example="ann@example.org SAFETY"):
    """Record that a person took a course and did not pass."""

    failed_on: Day | None = Field(default=None, description="By default --on, else today")
    score: Share | None = Field(default=None, description="0 to 1")

    def occurs_on(self) -> date | None:
        """The day of the failure."""
        return self.failed_on

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.TrainingFailed(failed_on=self.failed_on or context.day, score=self.score)]


class Exempt(
    _TrainingCommand, path="training exempt", example="ann@example.org SAFETY --until 2027-01-31 --decided-by hr"
):
    """Let a person be without a course until a day."""

    until: Day = Field(description="The last day of the exemption")
    decided_by: PersonKey = Field(description="Who grants it; not the person")
    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses one's own exemption, and one that has ended before it begins."""
        if self.decided_by == self.person:
            raise Rejected("Nobody exempts themselves; let somebody else decide.")
        if self.until < context.day:
            raise BadInput("--until lies before the exemption's beginning.")
        return [events.TrainingExempted(until=self.until, reason=self.reason, decided_by=self.decided_by)]


class RevokeTraining(_TrainingCommand, path="training revoke", example='ann@example.org SAFETY --reason "forged"'):
    """Let a completion or exemption no longer count."""

    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses where there is nothing to revoke."""
        if state.record(events.TrainingCompleted, events.TrainingExempted) is None:
            raise Rejected("There is no completion or exemption to revoke.")
        return [events.TrainingRevoked(reason=self.reason, decided_by=self.decided_by)]


def add_months(day: date, months: int) -> date:
    """`day` moved on by whole months, to the month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_valid_day(done: date, validity: events.Validity) -> date:
    """The last day on which a course counts that was passed on the day `done`."""
    length = validity.length
    last = add_months(done, length) if validity.unit == "months" else done + timedelta(days=length)
    match validity.until:
        case "end-of-month":
            last = last.replace(day=monthrange(last.year, last.month)[1])
        case "end-of-year":
            last = last.replace(month=12, day=31)
    return min(last, LAST_DAY)


def _defined(state: State, later: Sequence[Record], course: str) -> None:
    if not state and not later:
        raise NotFound(f"There is no course {course}; 'pmo course define' makes it.")


COMMANDS: tuple[type[Command], ...] = (
    DefineCourse,
    RequireCourse,
    EndRequirement,
    RetireCourse,
    Enrol,
    CompleteTraining,
    FailTraining,
    Exempt,
    RevokeTraining,
)
