"""Whom projects still look for."""

from collections.abc import Sequence
from typing import Annotated, Any, cast

from pydantic import Field

from schemas import workload as events
from schemas.event import Event, Record
from schemas.fields import Effort, Item, Text
from schemas.streams import stream_id
from services.commands.command import Argument, Command, Context, Day, FreeText, KeyArgument, KeyField, PersonKey
from services.commands.fold import State
from services.commands.workload import WorkloadState
from services.errors import BadInput, NotFound, Rejected

_OPENED = (events.PlaceholderPlanned, events.PlaceholderRevised)
_CLOSED = (events.PlaceholderFilled, events.PlaceholderWithdrawn)


class _DemandCommand(Command):
    project: KeyArgument = Field(description="The project's code")
    placeholder: Annotated[KeyField, Argument()] = Field(description="Any name for the placeholder, to change it by")

    def stream(self) -> str:
        """The project's demand."""
        return stream_id("demand", self.project)

    def references(self) -> tuple[str, ...]:
        """The project."""
        return (stream_id("project", self.project),)

    def last(self, state: State) -> Record | None:
        """What happened to the placeholder last."""
        return state.record(*_OPENED, *_CLOSED, item=self.placeholder)

    def refuse_closed(self, state: State) -> None:
        """Refuses a placeholder that is unknown at that time, filled or withdrawn."""
        last = self.last(state)
        if last is None:
            raise NotFound(
                f"Project {self.project} has no placeholder {self.placeholder} at that time; "
                "'pmo demand plan' makes it."
            )
        self._refuse(last)

    def refuse_closed_later(self, later: Sequence[Record]) -> None:
        """Refuses what is recorded to be filled or withdrawn after that time."""
        own = [r for r in later if r.event.part == self.placeholder and isinstance(r.event, _CLOSED)]
        if own:
            self._refuse(min(own, key=lambda r: r.k))

    def _refuse(self, last: Record) -> None:
        if isinstance(last.event, _CLOSED):
            how = "filled" if isinstance(last.event, events.PlaceholderFilled) else "withdrawn"
            raise Rejected(
                f"Placeholder {self.placeholder} is {how} already; plan another, or correct that by --supersedes."
            )


class _Plan(_DemandCommand):
    role: Text = Field(description="The role that is needed")
    first_day: Day = Field(description="First day")
    last_day: Day = Field(description="Last day")
    weekly_hours: Effort = Field(description="Hours a week, of all who are needed")
    skill: Text | None = Field(default=None, description="The skill that is needed")
    option_group: Item | None = Field(
        default=None, description="Placeholders of one group are alternatives: only one will be filled"
    )

    def checked(self) -> dict[str, Any]:
        """The event's fields; refuses days in the wrong order."""
        if self.last_day < self.first_day:
            raise BadInput("--last-day lies before --first-day.")
        fields = {name: getattr(self, name) for name in _Plan.model_fields if name not in ("project", "placeholder")}
        return {"item": self.placeholder, **fields}


class PlanDemand(
    _Plan,
    path="demand plan",
    example="CRANE-7 WELDER-1 --role Welder --first-day 2026-09-01 --last-day 2026-11-27 --weekly-hours 40",
):
    """Record that a project needs somebody of a role."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a name that stands, or will; a withdrawn one may be planned again."""
        last = self.last(state)
        planned = any(
            isinstance(r.event, events.PlaceholderPlanned) and r.event.item == self.placeholder for r in later
        )
        if planned or (last and not isinstance(last.event, events.PlaceholderWithdrawn)):
            raise Rejected(f"Placeholder {self.placeholder} stands already; 'pmo demand revise' changes it.")
        return [events.PlaceholderPlanned(**self.checked())]


class ReviseDemand(
    _Plan,
    path="demand revise",
    example="CRANE-7 WELDER-1 --role Welder --first-day 2026-10-01 --last-day 2026-11-27 --weekly-hours 20",
):
    """Change what a project needs: all fields of the placeholder are given anew."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is unknown, filled or withdrawn."""
        self.refuse_closed(state)
        return [events.PlaceholderRevised(**self.checked())]


class FillDemand(
    _DemandCommand, path="demand fill", example="CRANE-7 WELDER-1 --person ann@example.org --allocation A1"
):
    """Record that a person's allocation takes a placeholder's place."""

    person: PersonKey = Field(description="The person's own key")
    allocation: KeyField = Field(description="The person's allocation, by its name")

    def considers(self) -> tuple[str, ...]:
        """The person's workload."""
        return (stream_id("workload", self.person),)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is unknown, filled or withdrawn, and an allocation that does not stand or is elsewhere."""
        self.refuse_closed(state)
        self.refuse_closed_later(later)
        workload = context.other(stream_id("workload", self.person))
        standing = cast(WorkloadState, workload).standing() if workload else {}
        allocation = standing.get(self.allocation)
        if allocation is None:
            raise NotFound(
                f"That person has no allocation {self.allocation} that stands; 'pmo workload allocate' plans one."
            )
        if allocation.project != self.project:
            raise Rejected(
                f"Allocation {self.allocation} is for project {allocation.project}; "
                f"name one for project {self.project}."
            )
        return [events.PlaceholderFilled(item=self.placeholder, person=self.person, allocation=self.allocation)]


class WithdrawDemand(_DemandCommand, path="demand withdraw", example='CRANE-7 WELDER-1 --reason "bought in"'):
    """Record that a project no longer needs somebody."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is unknown, filled or withdrawn."""
        self.refuse_closed(state)
        self.refuse_closed_later(later)
        return [events.PlaceholderWithdrawn(item=self.placeholder, reason=self.reason)]


COMMANDS: tuple[type[Command], ...] = (PlanDemand, ReviseDemand, FillDemand, WithdrawDemand)
