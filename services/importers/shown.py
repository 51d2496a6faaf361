"""What a source shows, in words that all sources share: rows, and the items, hours, projects and plans in them.

A reader fills these and knows nothing of the log; `tell` compares them with the log and records the difference. A
moment is an aware `datetime`; a `date` stands for a day of which the source does not say the time.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.work import StatusCategory, WorkScheduled
from services.importers.rows import CellFault

When = dt.datetime | dt.date


def instant(when: When) -> dt.datetime:
    """When something was, to tell the later of two: a day stands at its beginning in UTC."""
    return when if isinstance(when, dt.datetime) else dt.datetime.combine(when, dt.time(), dt.UTC)


def last_moment(told: Iterable[object]) -> dt.datetime | None:
    """The last of the moments among these that is not in the future."""
    now = dt.datetime.now(dt.UTC)
    return max((each for each in told if isinstance(each, dt.datetime) and each <= now), default=None)


class Status(NamedTuple):
    """A status of the source, and whether it waits, is worked on, or is done."""

    name: str
    category: StatusCategory


class Person(NamedTuple):
    """A person as the source knows one: `key` is the source's own, the rest goes to the directory."""

    key: str
    name: str | None = None
    email: str | None = None


class Step(NamedTuple):
    """A change in an item's history: its id in the source, when it was, and the fields it gave, as in `Item`.

    `fields` has any of status, assignee, estimate, planned_start, planned_finish, percent_complete, blocked and
    removed.
    """

    id: str
    when: When
    fields: Mapping[str, Any]


UNSCHEDULED: Mapping[str, Any] = {
    **dict.fromkeys(WorkScheduled.model_fields), "elapsed": False, "predecessors": (), "baselines": (),
    "assignments": (),
}  # fmt: skip
"""The fields of `WorkScheduled` where no schedule says anything."""


class Assignment(NamedTuple):
    """Who is to do an item, and how much of them at a time: units of 1.5 are one and a half."""

    person: Person
    units: Decimal | None = None


class Schedule(NamedTuple):
    """What a schedule shows of an item: fields of `WorkScheduled` by name, in plain values, and who is to do it.

    Of a field that is not among them, and of assignments that are None, the file says nothing.
    """

    fields: Mapping[str, Any]
    assignments: tuple[Assignment, ...] | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether all that it shows is that there is nothing."""
        return not self.assignments and all(
            name in UNSCHEDULED and (() if value == [] else value) == UNSCHEDULED[name]
            for name, value in self.fields.items()
        )


@dataclass(slots=True)
class Item:
    """An item of work as the source shows it at the moment `seen`.

    What the source does not show is in `silent` by its field's name, and then no difference is told of it; None in any
    other field says that there is none. `steps` are the history that the source shows, oldest first, and `first` what
    the history says that the fields were at the beginning; without steps nothing is known of what was before `seen`.
    """

    project: str
    key: str
    seen: When
    status: Status
    work_type: str | None = None
    title: str | None = None
    parent: str | None = None
    assignee: Person | None = None
    estimate: Decimal | None = None
    planned_start: dt.date | None = None
    planned_finish: dt.date | None = None
    percent_complete: Decimal | None = None
    blocked: bool = False
    removed: str | None = None
    """Why it is no part of the project although the source shows it: decided against, or a duplicate."""
    created: When | None = None
    reported_at: dt.datetime | None = None
    schedule: Schedule | None = None
    first: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    silent: frozenset[str] = frozenset()


class Hours(NamedTuple):
    """Hours that a person worked on a project on a day; `id` is the source's own of this entry.

    A format without ids makes one of what the entry says, marked as `made_up`: then the same hours of a format that has
    them are the same entry.
    """

    person: Person
    project: str
    day: dt.date
    hours: Decimal
    id: str
    made_up: bool = False


@dataclass(slots=True)
class Project:
    """A project as the source shows it: `fields` are those of `pmo project record`, the rest is null.

    With `if_unknown` it is recorded only where the log has no such project, so that work has something to belong to.
    A report that the source keeps for ever has its `id` there, and is told once, whatever came after it.
    """

    key: str
    seen: When
    fields: Mapping[str, Any]
    if_unknown: bool = False
    id: str | None = None


class Allocation(NamedTuple):
    """A person's plan for a project, both days included; `id` is the source's own of this plan."""

    person: Person
    project: str
    id: str
    first_day: dt.date
    last_day: dt.date
    weekly_hours: Decimal
    hard: bool
    seen: When


Thing = Item | Hours | Project | Allocation


class Row(NamedTuple):
    """One row of a file: what it shows, or what is wrong with it, or why it is left out.

    `notes` are parts that have no place, such as an entry of 40 hours on one day, while the rest of the row goes on.
    """

    number: int
    things: tuple[Thing, ...] = ()
    faults: tuple[CellFault, ...] = ()
    ignored: str | None = None
    notes: tuple[CellFault, ...] = ()


@dataclass(slots=True)
class Export:
    """One file, understood. `place` is what a row's number counts: line, row, issue.

    `notes` say what was settled for the whole file: zone, order of dates, where the dates of states come from.
    `data_date` is what the file speaks of where a row has no date of its own. `listings` are what the source keys of
    the projects begin with that it lists: one of them that a complete import shows no longer has left its source.
    """

    file: str
    digest: str
    place: str
    rows: list[Row]
    data_date: When
    notes: list[str] = field(default_factory=list)
    carried: tuple[str, ...] = ()
    not_carried: tuple[str, ...] = ()
    without_plans: bool = False
    """Whether its format has no plans of people, so that none that it leaves out is gone."""
    listings: tuple[str, ...] = ()

    def where(self, number: int) -> str:
        """The row in words: ``issues.csv, line 12``."""
        return f"{self.file}, {self.place} {number}"
