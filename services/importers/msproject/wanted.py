"""What a plan says in terms of the platform, before it is compared with what is known: no clock, no store.

Rows = those that are wanted + rejected + ignored. A row that is wrong is rejected with its place, field and value, and
the rest goes on.
"""

import datetime as dt
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from services.importers.msproject.rows import Assignment, Resource, Task

ENOUGH = Decimal("0.0001")


class Fault(NamedTuple):
    """A row that is not taken: where it stands, which field, its value and the reason."""

    row: str
    column: str | None
    value: str | None
    reason: str


class Ignored(NamedTuple):
    """A row that is left out on purpose."""

    row: str
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """What the project looked like at a day: its own state, or one of its baselines."""

    aspect: str
    day: dt.date
    fields: Map[str, object]
    reported_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone: the day first planned, the one expected now, and when it was reached."""

    row: str
    name: str
    first_due: dt.date
    due: dt.date
    created_at: dt.datetime | None
    reached_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """A task: how it stands, and what its schedule shows; `assignments` name people by their keys."""

    row: str
    task: Task
    work_type: str
    parent: str | None
    category: str
    created_at: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    assignee: str | None
    assignments: tuple[tuple[str | None, str | None, Assignment], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A person: `steps` are the hours a week from a day on, the first from the beginning."""

    row: str
    resource: Resource
    steps: tuple[tuple[dt.date | None, Decimal], ...]
    absences: Map[str, tuple[dt.date, dt.date, Decimal]]
    hard: bool


@dataclass(slots=True)
class Wanted:
    """One project of a file. `loads` are planned hours by person and Monday, `hours` worked ones by person and day.

    `source_key` is what the source knows the project by; `is_coded`: somebody said which project of ours it is;
    `is_dated`: the file or somebody said which day it shows.
    Of what a rejected row is about nothing can be said to be gone: `unsure_tasks`, `unsure_people`, or all hours.
    """

    key: str
    name: str
    file: str
    day: dt.date
    today: dt.date
    source_key: str
    is_coded: bool
    is_dated: bool
    reported_at: dt.datetime | None
    unit: str | None
    currency: str | None
    rows: int = 0
    states: list[State] = field(default_factory=list)
    milestones: dict[str, Milestone] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    loads: dict[tuple[str, dt.date], Decimal] = field(default_factory=dict)
    demand: dict[tuple[str, dt.date], Decimal] = field(default_factory=dict)
    hours: dict[tuple[str, dt.date], Decimal] = field(default_factory=dict)
    first_days: dict[str, dt.date] = field(default_factory=dict)
    assignment_rows: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    role_rows: dict[str, str] = field(default_factory=dict)
    task_keys: dict[int, str] = field(default_factory=dict)
    unsure_tasks: set[str] = field(default_factory=set)
    unsure_people: set[str] = field(default_factory=set)
    is_unsure: bool = False
    rejected: list[Fault] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def listed(self) -> set[str]:
        """The rows that are taken."""
        return {
            "project",
            *(each.row for each in self.milestones.values()),
            *(each.row for each in self.work.values()),
            *(each.row for each in self.people.values()),
            *self.role_rows,
            *self.assignment_rows,
        }
