"""A KPI's value as the KPI stream carries it: what is published again each time that it changes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

PULSE_KEY = "pulse"
"""The key of the record that says that somebody publishes, beside those of the values."""


class KpiValue(BaseModel):
    """A KPI for the portfolio or a unit. Of two for one place the one with the higher position counts.

    `value` is null where the denominator is empty, or where `error` says why there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kpi: str = Field(examples=["on-time"])
    version: int = Field(ge=1, description="The version of the KPI's definition")
    by: Literal["portfolio", "unit"]
    group: str = Field(description="The unit's code; empty for the portfolio", examples=["OPS"])
    standing: str = Field(description="Whether it is of governed or of observed projects", examples=["governed"])
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal
    n: int = Field(ge=0, description="How many subjects count")
    open: int = Field(ge=0, description="Durations that still go on")
    left_out: dict[str, int] = Field(description="How many subjects do not count, by reason")
    incomplete: int = Field(ge=0, description="Subjects that rest on a stream of which a version has not landed")
    currency: str = Field(description="The reporting currency")
    error: str | None = Field(description="Why there is no value, such as a missing exchange rate")
    as_of: date = Field(description="The day at whose end it is true, in the organisation's time zone")
    position: int = Field(ge=0, description="How many records had landed, over all partitions, before it was computed")
    computed_at: datetime

    @property
    def key(self) -> str:
        """The place that it is the value of: what the topic is compacted by."""
        return f"{self.kpi}/{self.by}/{self.group}/{self.standing}"

    @property
    def said(self) -> tuple[object, ...]:
        """What makes it another value: all but when and from how many records it was computed."""
        return (
            self.version, self.value, self.numerator, self.denominator, self.n, self.open,
            tuple(sorted(self.left_out.items())), self.incomplete, self.currency, self.error,
        )  # fmt: skip

    def replaces(self, held: "KpiValue | None") -> bool:
        """Whether a reader who holds `held` takes this one: never one of fewer records, as a frozen leader sends."""
        return held is None or (self.position, self.as_of) >= (held.position, held.as_of)

    def to_bytes(self) -> bytes:
        """As it stands on the topic."""
        return self.model_dump_json().encode()


class Pulse(BaseModel):
    """Says every few seconds that values are published, up to which record, and when the last event was recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int = Field(ge=0)
    last_recorded_at: datetime | None
    at: datetime

    @field_validator("last_recorded_at")
    @classmethod
    def _in_utc(cls, moment: datetime | None) -> datetime | None:
        # the engine gives it without a zone, and so did those who published first
        return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment

    def to_bytes(self) -> bytes:
        """As it stands on the topic."""
        return self.model_dump_json().encode()
