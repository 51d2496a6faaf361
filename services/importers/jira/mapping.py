"""What a mapping for Jira says, and what is guessed where it does not."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from schemas.work import StatusCategory
from services.importers.source import ProjectRule, SourceMapping, Titles

Column = Literal[
    "key", "id", "project", "project_name", "title", "type", "status", "category", "resolution", "assignee",
    "assignee_id", "estimate", "start", "due", "flagged", "parent", "created", "updated", "resolved", "status_since",
    "log",
]  # fmt: skip
"""What a column of a CSV may be for us."""

NOT_DONE = (
    "Won't Do", "Won't Fix", "Duplicate", "Cannot Reproduce", "Can't Reproduce", "Incomplete", "Declined", "Rejected",
    "Not a Bug", "Invalid", "Abandoned", "Obsolete", "Withdrawn", "Cancelled", "Canceled", "Known Error",
)  # fmt: skip

CATEGORIES: dict[str, StatusCategory] = {
    "new": "queue", "undefined": "queue", "to do": "queue", "indeterminate": "active", "in progress": "active",
    "done": "done", "complete": "done",
}  # fmt: skip
"""Of Jira's status categories, by key and by name."""

_BY_NAME: dict[str, StatusCategory] = {
    **dict.fromkeys(
        ("to do", "todo", "open", "new", "backlog", "reopened", "selected for development", "ready", "created",
         "on hold", "ready for development", "waiting", "waiting for support", "waiting for customer", "pending",
         "triage",
         "ready for review", "ready for test", "ready for qa", "blocked", "planned", "funnel"), "queue",
    ),
    **dict.fromkeys(
        ("done", "closed", "resolved", "released", "cancelled", "canceled", "complete", "completed", "won't do",
         "rejected", "declined", "deployed", "live"), "done",
    ),
}  # fmt: skip


class JiraMapping(SourceMapping):
    """A mapping for Jira."""

    columns: dict[Column, Titles] = Field(
        default={}, description="What the columns of a CSV are called, where it is not as in English; null for none"
    )
    epics: dict[str, ProjectRule] = Field(default={}, description="Epics, by issue key, that are projects of ours")
    not_done: tuple[str, ...] = Field(
        default=NOT_DONE, description="Resolutions and statuses that end an issue without its being done"
    )
    flagged: str | None = Field(default=None, description="The field of the flag, such as customfield_10021")
    start: str | None = Field(default=None, description="The field of the planned start, such as customfield_10015")
    hours_per_day: Annotated[Decimal, Field(gt=0, le=24)] = Field(default=Decimal(8), description="Of 1d")
    days_per_week: Annotated[Decimal, Field(gt=0, le=7)] = Field(default=Decimal(5), description="Of 1w")


def guessed(status: str) -> StatusCategory:
    """The category of a status by its name; what is not known to wait or to be done is worked on."""
    return _BY_NAME.get(status.casefold(), "active")
