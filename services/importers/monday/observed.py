"""What the columns of an item say where the item is a project: an observed state, which asserts no decision."""

from decimal import Decimal
from typing import Any

from schemas.fields import Rag
from schemas.progress import ObservedStatus
from services.importers.monday.entry import Entry, Statuses
from services.importers.monday.mapping import MondayMapping, plain

OF_PROJECTS = ("budget", "rag")
"""Roles of columns that only projects have a place for."""

_STATUSES: dict[str, ObservedStatus] = {
    "approved": "approved", "proposed": "proposed", "proposal": "proposed", "idea": "proposed", "requested": "proposed",
    "on hold": "on-hold", "paused": "on-hold", "cancelled": "cancelled", "canceled": "cancelled",
}  # fmt: skip
_RAG: dict[str, Rag] = {
    "green": "green", "on track": "green", "good": "green", "amber": "amber", "yellow": "amber", "at risk": "amber",
    "red": "red", "off track": "red", "critical": "red",
}  # fmt: skip


def observed(
    percent: Decimal | None, budget: Decimal | None, health: str | None, mapping: MondayMapping
) -> dict[str, Any]:
    """The fields of `pmo project record` that these give."""
    rated = {plain(name): rag for name, rag in mapping.rag.items()}
    return {
        "percent_complete": percent,
        "budget": budget,
        "currency": mapping.currency if budget is not None else None,
        "rag": (rated.get(plain(health)) or _RAG.get(plain(health))) if health else None,
    }


class ProjectStatuses:
    """What the label of an item that is a project says of it: as the mapping says, else by its name and category."""

    def __init__(self, mapping: MondayMapping, statuses: Statuses) -> None:
        self._mapped = {plain(name): status for name, status in mapping.project_statuses.items()}
        self._statuses = statuses
        self.told: dict[str, ObservedStatus] = {}

    def of(self, entry: Entry) -> ObservedStatus | None:
        """The status; None where the item has none."""
        if entry.label is None:
            return None
        name = plain(entry.label)
        found = self._mapped.get(name) or _STATUSES.get(name)
        if found is None:
            # what waits to begin is no proposal for certain, nor approved
            by_category: dict[str, ObservedStatus | None] = {"active": "running", "done": "completed", "queue": None}
            status = self._statuses.of(entry.board, entry.label)
            found = "cancelled" if self._statuses.removed(status, "active") else by_category[status.category]
        if found is not None:
            self.told[entry.label] = found
        return found
