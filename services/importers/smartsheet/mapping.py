"""What a mapping for Smartsheet says, and what is guessed of statuses where it does not."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Currency, Key, Rag
from schemas.progress import ObservedStatus
from schemas.work import StatusCategory
from services.importers.source import SourceMapping, Titles

Column = Literal[
    "name", "key", "level", "work_type", "status", "done", "blocked", "start", "finish", "duration", "predecessors",
    "percent_complete", "assigned_to", "allocation", "effort", "actual_effort", "baseline_start", "baseline_finish",
    "deadline", "actual_start", "actual_finish", "health", "budget", "cost", "actual_cost", "created", "modified",
]  # fmt: skip
"""What a column may be for us."""

NOT_DONE = (
    "Cancelled", "Canceled", "Rejected", "Declined", "Duplicate", "Withdrawn", "Abandoned", "Not Needed",
    "Not Required", "N/A", "Descoped", "Won't Do",
)  # fmt: skip
COLOURS: dict[str, Rag | None] = {
    "green": "green", "yellow": "amber", "amber": "amber", "red": "red", "gray": None, "grey": None, "blue": None,
}  # fmt: skip
"""The colours of Smartsheet's symbols: gray and blue say that there is nothing to rate."""

_QUEUE = (
    "not started", "not yet started", "to do", "todo", "open", "new", "backlog", "planned", "scheduled", "upcoming",
    "pending", "on hold", "waiting", "blocked", "proposed", "requested", "submitted", "draft", "idea", "intake",
    "paused", "deferred", "assigned", "approved", "ready", "future",
)  # fmt: skip
_DONE = (
    "complete", "completed", "done", "closed", "finished", "resolved", "delivered", "live", "shipped",
    *(name.casefold() for name in NOT_DONE),
)  # fmt: skip
_PROJECT_STATUSES: dict[str, ObservedStatus] = {
    **dict.fromkeys(("proposed", "requested", "submitted", "idea", "intake", "draft"), "proposed"),
    **dict.fromkeys(("approved", "authorized", "authorised"), "approved"),
    **dict.fromkeys(
        ("in progress", "active", "running", "on track", "at risk", "off track", "delayed", "started", "underway"),
        "running",
    ),
    **dict.fromkeys(("on hold", "paused", "suspended"), "on-hold"),
    **dict.fromkeys(("complete", "completed", "done", "closed", "finished"), "completed"),
    **dict.fromkeys(("cancelled", "canceled", "abandoned", "withdrawn"), "cancelled"),
}  # fmt: skip


class SmartsheetMapping(SourceMapping):
    """A mapping for Smartsheet."""

    columns: dict[Column, Titles] = Field(
        default={}, description="The titles of the columns of each field; the first that a sheet has, null for none"
    )
    project: Key | None = Field(default=None, description="Our project of all sheets, whatever they are called")
    projects_are: Literal["sheets", "rows"] = Field(
        default="sheets", description="rows: each row at the top level is a project, and the leaves below are its work"
    )
    not_done: tuple[str, ...] = Field(default=NOT_DONE, description="Statuses that end a row without its being done")
    project_statuses: dict[str, ObservedStatus] = Field(default={}, description="The statuses of projects, as ours")
    health: dict[str, Rag | None] = Field(default={}, description="Ratings of projects, as ours; null for none")
    currency: Currency | None = Field(default=None, description="Of all amounts")
    decimal: Literal[".", ","] | None = Field(default=None, description="The decimal mark of amounts in text")
    percent: Literal["fraction", "percent"] | None = Field(
        default=None, description="What numbers without a percent sign are: 0.5 or 50 of a half"
    )
    hours_per_day: Annotated[Decimal, Field(gt=0, le=24)] | None = Field(
        default=None, description="Of a day's duration; else as the sheet says, else 8"
    )
    days_per_week: Annotated[Decimal, Field(gt=0, le=7)] | None = Field(
        default=None, description="Of a week's duration; else as the sheet says, else 5"
    )
    weekly_hours: Annotated[Decimal, Field(gt=0, le=168)] = Field(
        default=Decimal(40), description="Of an allocation of 100 %"
    )
    hard: bool = Field(default=True, description="Allocations are committed, not pencilled in")


def category_of(status: str) -> StatusCategory:
    """The category of a status by its name; what is not known to wait or to be done is worked on."""
    known = " ".join(status.casefold().split())
    return "queue" if known in _QUEUE else "done" if known in _DONE else "active"


def project_status_of(status: str) -> ObservedStatus | None:
    """What a status of that name says of a project, if it is clear."""
    return _PROJECT_STATUSES.get(" ".join(status.casefold().split()))
