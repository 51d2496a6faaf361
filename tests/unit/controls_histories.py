"""Random histories for the tests of controls: how they are drawn, told to a world, and shown when one fails."""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from typing import Any

from controls_checkers import local_day, what
from controls_world import ZONE, World, fresh

from schemas.event import Record

START = dt.date(2026, 2, 1)
Step = tuple[tuple[str, tuple[int, int | None], dict[str, Any]], int, int | None]
"""What happened, when (a day and, for an instant, its hour) and with which fields; days late; what it supersedes."""


class Dice(random.Random):
    """Draws histories; most examples of a test differ by their seed alone."""

    def step(self, name: str, days: int = 70, first: int = 0, **fields: Any) -> Step:
        """Something that happens within so many days, mostly told at once and seldom a correction."""
        when = (self._offset(first, days), self.choice([None, None, None, 9, 15]))
        late = self.choice([0, 0, 0, 0, 5, 30])
        return (name, when, fields), late, self.choice([None] * 7 + [1, 2])

    def beside(self, step: Step, other: Step) -> Step:
        """The step on the same day as the other, before or after it or at an unknown hour."""
        (name, (_, hour), fields), late, again = step
        return (name, (other[0][1][0], hour), fields), late, again

    def sure(self, name: str, day: int, **fields: Any) -> Step:
        """Something that happens on that day, told at once."""
        return (name, (day, None), fields), 0, None

    def day(self, first: int, last: int) -> str:
        """A day so many days after the start."""
        return str(START + dt.timedelta(days=self._offset(first, last)))

    def _offset(self, first: int, last: int) -> int:
        """Often one of few days, so that much happens on the same one, and on the day on which something is due."""
        drawn = self.randint(first, last)
        return max(first, drawn - drawn % 5) if self.random() < 0.5 else drawn

    def span(self, first: int, last: int, longest: int) -> dict[str, str]:
        """The first and the last day of something."""
        begins = self.randint(first, last)
        return {"first_day": self.day(begins, begins), "last_day": self.day(begins, begins + longest)}


def person_key() -> str:
    """A person that no other example has."""
    return fresh().ljust(20, "A").translate(str.maketrans("0189", "WXYZ"))


def tell(world: World, stream: str, history: Iterable[Any]) -> list[Record]:
    told: list[Record] = []
    recorded = START
    for (name, (offset, hour), fields), late, again in history:
        on = START + dt.timedelta(days=offset)
        recorded = max(recorded, on) + dt.timedelta(days=late)
        supersedes = again if again and again <= len(told) else None
        moment = f"{on} {hour:02}:00" if hour else on
        if supersedes and late == 5:
            name, fields = "voided", {}
        told.append(world.tell(stream, name, moment, recorded=f"{recorded} 20:00", supersedes=supersedes, **fields))
    return told


def shown(*histories: Iterable[Record]) -> str:
    """The histories behind a failure."""
    return "\n".join(
        f"{r.event_id} {r.occurred_at.astimezone(ZONE):%m-%d %H:%M} {what(r)} {r.event.model_dump(exclude_none=True)}"
        for history in histories
        for r in history
    )


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def last_by(records: Sequence[Record], on: dt.date) -> Record | None:
    return next((r for r in reversed(records) if local_day(r) <= on), None)
