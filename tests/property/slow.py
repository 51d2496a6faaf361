"""What the slow recomputations share: a question put to records, and the states of people, units and projects.

Written from the words of the catalogue in plain Python over records; nothing here is shared with the SQL.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from schemas.event import Record
from schemas.streams import kind_of
from tests.property.folds import STEPS, countable, get, happened, last

FOR_EVER = dt.datetime(2199, 1, 1, tzinfo=dt.UTC)
ENDED = ("completed", "cancelled", "merged", "split", "descoped", "rejected", "withdrawn")
Records = Sequence[Record]


class Row(NamedTuple):
    """A row of a KPI: `by` holds its further dimensions, in the order of the KPI's header.

    `ended` is False for a duration that is still going on.
    """

    unit: str
    subject: str
    by: tuple[str, ...]
    excluded: str
    numerator: Fraction
    denominator: Fraction
    ended: bool = True
    standing: str = "governed"


@dataclass(frozen=True, eq=False)
class Question:
    """Records asked as of the end of a day, as known at a moment, over a period.

    `met` are the cases that the recomputation came across, so that a test can insist on each of them.
    """

    streams: dict[str, list[Record]]
    zone: dt.tzinfo
    as_of: dt.date
    known_at: dt.datetime
    basis: str
    first: dt.date
    end: dt.date
    met: set[str] = field(default_factory=set)

    def meets(self, case: str, condition: object) -> bool:
        """Whether the condition holds; that the case occurred is remembered."""
        if condition:
            self.met.add(case)
        return bool(condition)

    def covers(self, day: dt.date | None) -> bool:
        """Whether the day lies in the period."""
        return day is not None and self.first <= day <= self.end

    def midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), self.zone)

    @property
    def until(self) -> dt.datetime:
        """The first moment after the as-of day."""
        return self.midnight(self.as_of + dt.timedelta(days=1)).astimezone(dt.UTC)

    def told(self, records: Records, known_at: dt.datetime | None = None) -> list[Record]:
        latest = min(self.known_at, known_at or self.known_at)
        return countable(records, self.until - dt.timedelta(milliseconds=1), latest, self.basis)

    def local(self, record: Record) -> dt.date:
        return record.occurred_at.astimezone(self.zone).date()

    @cached_property
    def by_kind(self) -> dict[str, dict[str, list[Record]]]:
        """The records that count, by kind and stream; streams without any are not here."""
        found: dict[str, dict[str, list[Record]]] = defaultdict(dict)
        for stream, records in self.streams.items():
            if kept := self.told(records):
                found[kind_of(stream)][stream] = kept
        return found

    @cached_property
    def ids(self) -> set[str]:
        """Of all records that count."""
        return {r.event_id for streams in self.by_kind.values() for told in streams.values() for r in told}

    @cached_property
    def people(self) -> dict[str, list[Record]]:
        """Who ever joined, by pseudonym."""
        return {s[7:]: told for s, told in self.by_kind["person"].items() if last(told, "joined")}

    def weeks(self) -> list[dt.date]:
        """The Mondays of the weeks whose Thursday lies in the period."""
        monday = self.first - dt.timedelta(days=self.first.weekday() + 7)
        every = (monday + dt.timedelta(weeks=n) for n in range((self.end - monday).days // 7 + 2))
        return [m for m in every if self.first <= m + dt.timedelta(days=3) <= self.end]


def parts(records: Iterable[Record]) -> dict[str, list[Record]]:
    """A stream's records by what they are about."""
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.event.part].append(record)
    return found


def days(first: dt.date, end: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((end - first).days + 1)]


def unit_of(person: Records) -> str:
    return get(last(person, "joined", "moved"), "unit")[0] or ""


def role_of(person: Records) -> str:
    return get(last(person, "joined", "role-changed"), "role")[0] or ""


def skills_of(person: Records) -> str:
    """As a set: a person counts under each."""
    return ",".join(sorted(get(last(person, "joined", "skills-changed"), "skills")[0] or ()))


def is_here(question: Question, person: Records, day: dt.date) -> bool:
    """Whether the person joined by the day and had not left by it; the day of leaving counts no more."""
    said = [r for r in person if happened(r) in ("joined", "left") and question.local(r) <= day]
    return bool(said) and happened(said[-1]) == "joined"


def project_state(question: Question, code: str) -> tuple[str, str, str, dt.date | None]:
    """Unit, standing, status and the day since which it has ended."""
    told = question.by_kind["project"].get(f"project:{code}", [])
    step = last(told, *STEPS)
    unit = get(last(told, "proposed", "recorded", "transferred"), "unit")[0] or ""
    status = STEPS[happened(step)] if step else "observed"
    standing = "observed" if told and not step else "governed"
    return unit, standing, status, question.local(step) if step and status in ENDED else None
