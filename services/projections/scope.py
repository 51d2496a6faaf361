"""Which question is asked: as of when, as known when, of whom, over which period."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from schemas.event import LATEST, MAX_VERSION, in_milliseconds, order_key
from services.errors import BadInput

Basis = Literal["recorded", "reported"]
FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Scope:
    """`as_of`: what was true at the end of that day. `known_at`: with what we knew then; None: all that we know now.

    `basis` says by which time knowing is measured: when we recorded it, or when the source says it was reported.
    `currency` is the one that amounts of several projects are shown in.
    """

    as_of: date
    zone: ZoneInfo
    known_at: datetime | None = None
    basis: Basis = "recorded"
    unit: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if self.period_from and self.period_to and self.period_to < self.period_from:
            raise BadInput("The period ends before it begins: swap --from and --to.")

    @property
    def as_of_k(self) -> int:
        """The greatest fold key at the end of the day in the organisation's time zone."""
        midnight = datetime.combine(self.as_of + timedelta(days=1), datetime.min.time(), self.zone)
        # no event lies later, and a later key would not fit 64 bits
        return order_key(min(in_milliseconds(midnight), LATEST) - timedelta(milliseconds=1), MAX_VERSION)

    def params(self) -> dict[str, Any]:
        """The parameters that every KPI, control and state view takes."""
        known_at = (self.known_at or LATEST - timedelta(milliseconds=1)).astimezone(UTC)
        return {
            "as_of": self.as_of.isoformat(),
            "as_of_k": self.as_of_k,
            "known_at": known_at.strftime("%Y-%m-%d %H:%M:%S.") + f"{known_at.microsecond // 1000:03}",
            "basis": self.basis,
            "tz": str(self.zone),
            "period_from": (self.period_from or FIRST_DAY).isoformat(),
            "period_to": (self.period_to or self.as_of).isoformat(),
            "currency": self.currency,
        }
