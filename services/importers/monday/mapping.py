"""What a mapping for monday.com says, and what is guessed: columns by type and title, labels by name."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from schemas.fields import Currency, Rag
from schemas.progress import ObservedStatus
from schemas.work import StatusCategory
from services.importers.source import Part, SourceMapping

Level = Literal["board", "group", "item"]

NOT_SET = "Not set"
"""The status of an item that has none, on a board that has no name for that."""

NOT_DONE = (
    "Cancelled", "Canceled", "Won't do", "Won't fix", "Rejected", "Declined", "Duplicate", "Dropped", "Abandoned",
    "Obsolete",
)  # fmt: skip
STUCK = ("Stuck", "Blocked")

_WORDS = re.compile(r"[^\W_]+|%")
_QUEUE = frozenset(
    ("not set", "not started", "to do", "todo", "backlog", "new", "open", "planned", "upcoming", "future", "waiting",
     "waiting for review", "waiting for approval", "pending", "pending approval", "pending deploy", "on hold", "ready",
     "ready to start", "ready for dev", "ready for review", "requested", "submitted", "next", "later", "paused"),
)  # fmt: skip
_DONE = frozenset(
    ("done", "complete", "completed", "closed", "resolved", "finished", "delivered", "live", "shipped", "released",
     "deployed", *(" ".join(_WORDS.findall(name.casefold())) for name in NOT_DONE)),
)  # fmt: skip
_DONE_SIGNS = frozenset("✅✔☑🏁")

_TYPES = {
    # how older versions of the interface call them
    "color": "status", "multiple-person": "people", "multiple_person": "people", "person": "people",
    "timerange": "timeline", "numeric": "numbers", "duration": "time_tracking", "lookup": "mirror",
    "pulse-log": "creation_log", "pulse-updated": "last_updated", "pulse-id": "item_id", "subtasks": "subtasks",
    "dropdown": "dropdown",
}  # fmt: skip
_BY_ID = (
    ("time_tracking", "time_tracking"), ("duration", "time_tracking"), ("timeline", "timeline"),
    ("timerange", "timeline"), ("status", "status"), ("color", "status"), ("person", "people"), ("people", "people"),
    ("multiple_person", "people"), ("date", "date"), ("numbers", "numbers"), ("numeric", "numbers"),
    ("dependency", "dependency"), ("dependent_on", "dependency"), ("mirror", "mirror"), ("lookup", "mirror"),
    ("formula", "formula"), ("dropdown", "dropdown"), ("subitems", "subtasks"), ("subtasks", "subtasks"),
)  # fmt: skip
WITHOUT_VALUE = frozenset(("mirror", "formula"))
"""Types whose values the interface gives only where they are asked for as `display_value`."""


class Columns(Part):
    """Which columns say what, each by its title or its id."""

    status: str | None = None
    assignee: str | None = None
    timeline: str | None = None
    start: str | None = None
    due: str | None = None
    estimate: str | None = Field(default=None, description="Hours")
    points: str | None = Field(default=None, description="Story points, which hours_per_point makes hours")
    time: str | None = Field(default=None, description="Time tracking")
    work_type: str | None = None
    after: str | None = Field(default=None, description="Dependencies")
    key: str | None = Field(default=None, description="What names an item where an Excel export has no Item ID")
    created: str | None = None
    updated: str | None = None
    percent: str | None = Field(default=None, description="How much of it is done, 0 to 100")
    budget: str | None = Field(default=None, description="Of a project")
    rag: str | None = Field(default=None, description="Of a project")


class BoardRule(Part):
    """How one board is read."""

    projects: Level | None = Field(default=None, description="What is a project: the board, its groups, or its items")
    group_is_status: bool = Field(default=False, description="The group that an item is in is its status")
    columns: Columns = Columns()
    subitems: Columns = Columns()


class MondayMapping(SourceMapping):
    """A mapping for monday.com."""

    level: Level = Field(default="board", description="What is a project where `boards` says nothing else")
    boards: dict[str, BoardRule] = Field(default={}, description="How a board is read, by its id or name")
    not_done: tuple[str, ...] = Field(default=NOT_DONE, description="Labels that end an item without its being done")
    stuck: tuple[str, ...] = Field(default=STUCK, description="Labels at which an item cannot go on")
    hours_per_point: Annotated[Decimal, Field(gt=0, le=1000)] | None = Field(
        default=None, description="Without it story points are no estimate, since they are no hours"
    )
    project_statuses: dict[str, ObservedStatus] = Field(default={}, description="Labels of items that are projects")
    rag: dict[str, Rag] = Field(default={}, description="Labels of the health of items that are projects")
    currency: Currency | None = Field(default=None, description="Of budgets")


class Column(NamedTuple):
    """A column of a board. `type` is None where only its title is known."""

    id: str
    title: str
    type: str | None


class _Wanted(NamedTuple):
    types: tuple[str, ...]
    titles: tuple[str, ...]
    any_of_type: bool = False


_ROLES: dict[str, _Wanted] = {
    "status": _Wanted(("status",), ("status", "state", "stage", "item status", "task status")),
    "assignee": _Wanted(
        ("people",), ("assignee", "owner", "person", "people", "responsible", "assigned to", "developer"), True
    ),
    "timeline": _Wanted(("timeline",), ("timeline", "planned timeline", "schedule"), True),
    "start": _Wanted(("date",), ("start", "start date", "planned start", "begin")),
    "due": _Wanted(("date",), ("due date", "due", "deadline", "end date", "end", "finish", "target date", "date")),
    "estimate": _Wanted(
        ("numbers",),
        ("estimate", "estimate h", "estimated hours", "estimated h", "estimation", "effort", "effort h",
         "planned effort", "planned hours", "budgeted hours", "estimated effort", "original estimate"),
    ),
    "points": _Wanted(
        ("status", "dropdown", "numbers", "text"), ("story points", "story point", "estimated sp", "sp", "points")
    ),
    "time": _Wanted(("time_tracking",), ("time tracking",), True),
    "work_type": _Wanted(("status", "dropdown"), ("type", "item type", "task type", "issue type", "work type")),
    "after": _Wanted(("dependency",), ("dependent on", "dependency", "depends on"), True),
    "created": _Wanted(("creation_log",), ("creation log", "created", "created at", "creation date"), True),
    "updated": _Wanted(("last_updated",), ("last updated", "updated", "last update", "updated at"), True),
    "percent": _Wanted(("numbers", "progress"), ("% complete", "percent complete", "completion", "% done")),
    "budget": _Wanted(("numbers",), ("budget", "planned budget", "approved budget")),
    "rag": _Wanted(("status",), ("rag", "health", "project health")),
}  # fmt: skip
# of labels that are no status, whatever else is the only column of that type
_NO_STATUS = frozenset(
    ("priority", "points", "point", "sp", "type", "size", "effort", "risk", "health", "rag", "category")
)


def plain(title: str) -> str:
    """A title or label without case, signs and emoji."""
    return " ".join(_WORDS.findall(title.casefold()))


def type_of(name: object, column_id: str) -> str | None:
    """The type of a column as the interface calls it today; by the id that monday gives it where it is not told."""
    if isinstance(name, str) and name:
        return _TYPES.get(name, name)
    return next((kind for begin, kind in _BY_ID if column_id.startswith(begin)), None)


def roles(columns: Iterable[Column], said: Columns) -> Mapping[str, Column]:
    """Which column says what: as the mapping says, else by type and title. Raises KeyError for one not there."""
    listed = list(columns)
    found: dict[str, Column] = {}
    for role in Columns.model_fields:
        name = getattr(said, role)
        column = _named(listed, name) if name else _guessed(listed, _ROLES.get(role))
        if column is not None:
            found[role] = column
    if "status" not in found:
        labels = [c for c in listed if c.type in ("status", None) and not _NO_STATUS & set(plain(c.title).split())]
        ending = [c for c in labels if plain(c.title).endswith("status")]
        typed = [c for c in labels if c.type == "status"]
        if len(ending or typed) == 1:
            found["status"] = (ending or typed)[0]
    return found


def columns_said(board: str, columns: Mapping[str, Column]) -> str:
    """By which columns a board was read, in words."""
    listed = ", ".join(f"{role} is {column.title}" for role, column in columns.items())
    return f"columns of {board}: {listed or 'none that is carried'}"


def _named(columns: list[Column], name: str) -> Column:
    found = next((column for column in columns if name in (column.id, column.title)), None)
    if found is None:
        raise KeyError(name)
    return found


def _guessed(columns: list[Column], wanted: _Wanted | None) -> Column | None:
    if wanted is None:
        return None
    fitting = [column for column in columns if column.type in (None, *wanted.types)]
    for title in wanted.titles:
        for column in fitting:
            if plain(column.title) == title:
                return column
    typed = [column for column in fitting if column.type is not None]
    return typed[0] if wanted.any_of_type and typed else None


def guessed(label: str) -> StatusCategory:
    """The category of a label by its name; what is not known to wait or to be done is worked on."""
    name = plain(label)
    if not name:
        return "done" if _DONE_SIGNS & set(label) else "active"
    if name in _DONE:
        return "done"
    return "queue" if name in _QUEUE else "active"
