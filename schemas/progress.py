"""What is reported of a running project, and what a source shows of one whose decisions it does not show."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Cost, Currency, Day, Item, Key, Money, Note, Rag, Share, Text

ProgressMethod = Literal["physical", "milestones", "fifty-fifty", "zero-hundred", "level-of-effort", "estimate"]
ObservedStatus = Literal["proposed", "approved", "running", "on-hold", "completed", "cancelled"]


class ProgressReported(Event, type="pmo.project.progress-reported.v1"):
    """The project's state at its data date, by its manager; cost is cumulative."""

    data_date: Day
    percent_complete: Share
    method: ProgressMethod
    actual_cost: Cost = Field(description="Cost to date, from the project's beginning")
    forecast_finish: Day | None
    forecast_cost: Cost | None = Field(description="The manager's estimate at completion")
    currency: Currency
    rag: Rag | None
    narrative: Note | None
    at_risk: Note | None = Field(description="Why it comes while on hold or after completion; null where it does not")


class ActualCostCorrected(Event, type="pmo.project.actual-cost-corrected.v1"):
    """A credit note or a booking error; `item` is its number."""

    item: Item
    amount: Money = Field(description="Added to the cost to date; negative for a credit")
    currency: Currency
    reason: Note | None


class Reforecast(Event, type="pmo.project.reforecast.v1"):
    """Another finish or cost is expected, between two reports."""

    forecast_finish: Day | None
    forecast_cost: Cost | None
    currency: Currency
    reason: Note | None


class Recorded(Event, type="pmo.project.recorded.v1"):
    """A state that a source shows without its decisions: asserts no approval, and null where the source is silent."""

    name: Text | None
    unit: Key | None
    status: ObservedStatus | None
    start: Day | None
    finish: Day | None = Field(description="The finish that the source states, planned or past")
    budget: Cost | None = Field(description="For the whole life of the project")
    forecast_cost: Cost | None = Field(description="For the whole life of the project")
    year_budget: Money | None = Field(description="For the source's financial year")
    year_forecast: Money | None = Field(description="For the source's financial year")
    benefits: Money | None
    currency: Currency | None
    percent_complete: Share | None
    actual_cost: Cost | None
    rag: Rag | None
    category: Text | None
    source_key: Annotated[str, Field(max_length=200, examples=["MOD_0106_1617-Q1"])] | None
    narrative: Note | None


EVENTS: tuple[type[Event], ...] = (ProgressReported, ActualCostCorrected, Reforecast, Recorded)
