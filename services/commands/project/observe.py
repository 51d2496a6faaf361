"""States of projects that a source shows without their decisions."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from schemas import progress
from schemas import project as events
from schemas.event import Event, Record, base_name
from schemas.fields import Cost, Currency, Money, Rag, Share, Text
from schemas.streams import stream_id
from services.commands.command import Command, Context, Day, FreeText, KeyArgument, KeyField
from services.commands.fold import State


class RecordState(Command, path="project record", example='DAM-1 --name "Dam" --rag amber --finish 2027-03-31'):
    """Record the state that a source shows of a project, without asserting any decision."""

    project: KeyArgument = Field(description="The project's code")
    name: Text | None = Field(default=None, description="Its name")
    unit: KeyField | None = Field(default=None, description="The unit that answers for it")
    status: progress.ObservedStatus | None = Field(default=None, description="Its status, where the source states one")
    start: Day | None = Field(default=None, description="Its start")
    finish: Day | None = Field(default=None, description="Its finish, planned or past")
    budget: Cost | None = Field(default=None, description="Budget for its whole life")
    forecast_cost: Cost | None = Field(default=None, description="Forecast for its whole life")
    year_budget: Money | None = Field(default=None, description="Budget of the source's financial year")
    year_forecast: Money | None = Field(default=None, description="Forecast of the source's financial year")
    benefits: Money | None = Field(default=None, description="Planned benefits")
    currency: Currency | None = Field(default=None, description="ISO 4217")
    percent_complete: Share | None = Field(default=None, description="Work done, 0 to 1")
    actual_cost: Cost | None = Field(default=None, description="Cost to date")
    rag: Rag | None = Field(default=None, description="Delivery confidence")
    category: Text | None = Field(default=None, description="The source's category")
    source_key: Annotated[str | None, Field(max_length=200)] = Field(default=None, description="Its key in the source")
    narrative: FreeText | None = Field(default=None, description="What the source says")

    def stream(self) -> str:
        """The project's stream."""
        return stream_id("project", self.project)

    def references(self) -> tuple[str, ...]:
        """The unit."""
        return (stream_id("business-unit", self.unit),) if self.unit else ()

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Never refuses: an observation is a fact."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields if name != "project"}
        return [progress.Recorded(**fields)]


class LeaveSource(Command, path="project leave-source", example='DAM-1 --listing "portfolio 2024.csv"'):
    """Record that a source no longer lists a project; says nothing about its outcome."""

    project: KeyArgument = Field(description="The project's code")
    listing: Text = Field(description="The export that no longer shows it")

    def stream(self) -> str:
        """The project's stream."""
        return stream_id("project", self.project)

    def references(self) -> tuple[str, ...]:
        """The project itself must be known."""
        return (self.stream(),)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Says it once: nothing follows while the source has not listed it again."""
        seen = state.record(progress.Recorded, events.LeftSource)
        if seen and base_name(seen.event.type_name) == base_name(events.LeftSource.type_name):
            return []
        return [events.LeftSource(listing=self.listing)]


COMMANDS: tuple[type[Command], ...] = (RecordState, LeaveSource)
