"""What random organisations share: records as commands, importers and late corrections could have left them.

Everything happens in a few months; some of it is recorded late, corrected, withdrawn, or reported by its source before
it was recorded.
"""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from schemas.catalogue import VOIDED
from schemas.event import Event, Record
from schemas.streams import kind_of
from tests.strategies import superseded_by_definition

ZONE = ZoneInfo("Pacific/Auckland")
FIRST, LAST = dt.date(2026, 1, 5), dt.date(2026, 7, 5)
Make = Callable[[], Event]


class Teller:
    """Records by stream, all drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.records: list[Record] = []

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def day(self, first: dt.date = FIRST, last: dt.date = LAST) -> dt.date:
        return first + dt.timedelta(days=self.random.randint(0, (last - first).days))

    def moment(self) -> tuple[dt.datetime, str]:
        """When something happened: a day, which begins at its midnight in the zone, or an instant."""
        midnight = dt.datetime.combine(self.day(), dt.time(), ZONE)
        if self.pick(True, False):
            return midnight.astimezone(dt.UTC), "day"
        return (midnight + dt.timedelta(milliseconds=self.random.randint(0, 86_399_999))).astimezone(dt.UTC), "instant"

    def tell(self, stream: str, first: Sequence[Event], more: Make | None = None, number: int = 0) -> None:
        """The stream's history: `first` in this order on days in this order, then `number` of `more` at any time."""
        days = sorted(self.day(FIRST, FIRST + dt.timedelta(days=60)) for _ in first)
        opening = [(dt.datetime.combine(day, dt.time(), ZONE).astimezone(dt.UTC), "day") for day in days]
        now, history = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC), list[Record]()
        for place in range(len(first) + number):
            now += dt.timedelta(milliseconds=self.pick(0, 1, 3_600_000, 86_400_000, 5 * 86_400_000, 20 * 86_400_000))
            countable = sorted({r.version for r in history} - superseded_by_definition(history))
            supersedes, event = None, None
            when, precision = opening[place] if place < len(first) else self.moment()
            if place < len(first):
                event = first[place]
            elif countable and self.random.random() < 0.2:
                supersedes = self.pick(*countable)
                event = VOIDED[kind_of(stream)](reason=None) if self.pick(True, False) else None
            if event is None:
                assert more
                event = more()
            history.append(
                Record(
                    stream=stream, version=place + 1, event=event, occurred_at=when, recorded_at=now,
                    source="/pmo/test", actor="system:test", command_id=f"c{place}", correlation_id="test",
                    precision=precision,  # type: ignore[arg-type]
                    supersedes=supersedes, reported_at=self.pick(None, now - dt.timedelta(days=self.pick(0, 5, 40))),
                )
            )  # fmt: skip
        self.records += history
