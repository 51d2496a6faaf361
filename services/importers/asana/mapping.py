"""What a mapping for Asana says, and what is guessed where it does not."""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.fields import Hours, Key
from schemas.work import StatusCategory
from services.importers.source import SourceMapping

TimeUnit = Literal["minutes", "hours"]

_ORDINARY = re.compile(r"^[\W\d_]+|[^\w' ]+")
_KNOWN: dict[str, StatusCategory] = {
    **dict.fromkeys(
        ("to do", "todo", "backlog", "new", "new request", "new requests", "requests", "requested", "inbox", "intake",
         "not started", "next", "next up", "up next", "upcoming", "open", "ready", "planned", "on hold", "blocked",
         "waiting", "icebox", "later", "triage", "pending", "ready for review", "ready for qa"), "queue",
    ),
    **dict.fromkeys(
        ("in progress", "doing", "wip", "work in progress", "working on it", "in review", "review", "under review",
         "in development", "in testing", "testing", "qa", "in qa", "in approval", "ongoing", "on going", "started",
         "active"), "active",
    ),
    **dict.fromkeys(
        ("done", "complete", "completed", "finished", "closed", "shipped", "released", "live", "deployed", "published",
         "archive", "archived"), "done",
    ),
}  # fmt: skip


class AsanaMapping(SourceMapping):
    """A mapping for Asana. `projects` are named by gid or name, `people` by e-mail or name, `statuses` are sections."""

    project: Key | None = Field(
        default=None, description="Of tasks that are in no project, and of files without the column Projects"
    )
    workflow: dict[Key, bool] = Field(default={}, description="Whether the sections of a project say how far work is")
    estimate: str | None = Field(default=None, description="The column or custom field of the estimate")
    actual: str | None = Field(default=None, description="The column of the time that was worked")
    time_unit: TimeUnit | None = Field(default=None, description="Of estimates and times that are plain numbers")
    decimal: Literal[".", ","] = Field(default=".", description="The decimal mark of numbers")
    allocation_hours: Literal["day", "week", "total"] | None = Field(
        default=None, description="What the hours of an allocation are for"
    )
    weekly_hours: Hours = Field(default=Decimal(40), description="What an allocation of 100 % is")


def known(section: str) -> StatusCategory | None:
    """The category of a section by its name, or None if the name does not say one."""
    return _KNOWN.get(" ".join(_ORDINARY.sub(" ", section.casefold()).split()))


def is_workflow(sections: Collection[str]) -> bool:
    """Whether these sections seem to say how far work is: two or more, and no fewer than half, by names that do."""
    count = sum(known(section) is not None for section in sections)
    return count >= 2 and count * 2 >= len(sections)


def unit_named(column: str) -> TimeUnit | None:
    """The unit that the name of a column says."""
    name = column.casefold()
    if "hour" in name or "(h)" in name:
        return "hours"
    return "minutes" if "minute" in name or "(min)" in name else None
