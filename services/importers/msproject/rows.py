"""What a plan file holds, in neutral rows: one JSON line each between the reading process and the importer.

Hours are hours of work, units are fractions (1.5 is one and a half persons), shares are 0..1, moments have no zone, as
in the files. Null means that the file does not say, and so do the days 1984-01-01 and 2049-12-31, which mean no limit.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Row(BaseModel):
    """The base of every row."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Baseline(Row):
    """One of the eleven baselines, 0 to 10, of a project or task; `set_on` is when it was saved."""

    number: int
    start: dt.datetime | None = None
    finish: dt.datetime | None = None
    work: float | None = None
    cost: float | None = None
    set_on: dt.datetime | None = None


class Project(Row):
    """The project itself; `code` is Primavera's project id. Dates and sums are those of its summary.

    `rows` is how many rows are to follow.
    """

    row: Literal["project"] = "project"
    file_type: str
    application: str
    guid: str | None = None
    code: str | None = None
    title: str | None = None
    name: str | None = None
    category: str | None = None
    currency: str | None = None
    status_date: dt.datetime | None = None
    saved_at: dt.datetime | None = None
    created_at: dt.datetime | None = None
    start: dt.datetime | None = None
    finish: dt.datetime | None = None
    actual_start: dt.datetime | None = None
    actual_finish: dt.datetime | None = None
    complete: float | None = None
    cost: float | None = None
    actual_cost: float | None = None
    baselines: tuple[Baseline, ...] = ()
    rows: int = 0


class Predecessor(Row):
    """A task on which another one waits; its `lag` in the unit that was entered, negative for a lead."""

    uid: int
    relation: Literal["FS", "SS", "FF", "SF"]
    lag: float = 0
    unit: str = "d"
    elapsed: bool = False


class Task(Row):
    """A task, summary or milestone. `number` is its row in the plan, `code` Primavera's activity id."""

    row: Literal["task"] = "task"
    uid: int
    number: int | None = None
    code: str | None = None
    name: str | None = None
    parent: int | None = None
    is_null: bool = False
    is_project: bool = False
    summary: bool = False
    milestone: bool = False
    active: bool = True
    external: bool = False
    created_at: dt.datetime | None = None
    start: dt.datetime | None = None
    finish: dt.datetime | None = None
    actual_start: dt.datetime | None = None
    actual_finish: dt.datetime | None = None
    deadline: dt.datetime | None = None
    duration: float | None = None
    elapsed: bool = False
    work: float | None = None
    actual_work: float | None = None
    remaining_work: float | None = None
    complete: float | None = None
    cost: float | None = None
    actual_cost: float | None = None
    predecessors: tuple[Predecessor, ...] = ()
    baselines: tuple[Baseline, ...] = ()


class Exempt(Row):
    """Days on which a calendar differs from its week; `hours` are worked on each of them, 0 where none."""

    first_day: dt.date
    last_day: dt.date
    hours: float = 0
    name: str | None = None


class Units(Row):
    """How much of a resource there is from one moment to another."""

    start: dt.datetime | None = None
    finish: dt.datetime | None = None
    units: float


class Rate(Row):
    """What an hour of a resource costs from one moment to another."""

    start: dt.datetime | None = None
    finish: dt.datetime | None = None
    hour: float
    overtime_hour: float | None = None
    per_use: float | None = None


class Resource(Row):
    """Somebody or something that tasks need.

    `days` are the hours that its calendar works on each weekday without exceptions, Monday first; `week` is their sum.
    """

    row: Literal["resource"] = "resource"
    uid: int
    number: int | None = None
    guid: str | None = None
    code: str | None = None
    name: str | None = None
    email: str | None = None
    account: str | None = None
    group: str | None = None
    kind: Literal["work", "material", "cost"] = "work"
    generic: bool = False
    proposed: bool = False
    is_null: bool = False
    week: float | None = None
    days: tuple[float, ...] = ()
    units: tuple[Units, ...] = ()
    rates: tuple[Rate, ...] = ()
    exempt: tuple[Exempt, ...] = ()


class Day(Row):
    """Hours on a day."""

    day: dt.date
    hours: float


class Assignment(Row):
    """A resource on a task; no `resource` means that nobody is assigned.

    `days` are all its hours by day, worked or planned; `worked` are the worked ones, only where the file has them by
    time (`timephased`).
    """

    row: Literal["assignment"] = "assignment"
    uid: int
    task: int
    resource: int | None = None
    units: float | None = None
    start: dt.datetime | None = None
    finish: dt.datetime | None = None
    work: float | None = None
    actual_work: float | None = None
    remaining_work: float | None = None
    cost: float | None = None
    actual_cost: float | None = None
    timephased: bool = False
    days: tuple[Day, ...] = ()
    worked: tuple[Day, ...] = ()


class Unread(Row):
    """A row in which there is something that the library does not understand."""

    row: Literal["unread"] = "unread"
    what: str
    uid: int
    reason: str


class End(Row):
    """The file is read: how many of the projects in it there were, or why it was not."""

    row: Literal["end"] = "end"
    projects: int = 0
    refused: str | None = None
    unavailable: str | None = None


AnyRow = Annotated[Project | Task | Resource | Assignment | Unread | End, Field(discriminator="row")]
ROW: TypeAdapter[Project | Task | Resource | Assignment | Unread | End] = TypeAdapter(AnyRow)
