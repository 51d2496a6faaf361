"""What statuses mean: of work its category, of a project its state, and which ones end a row without its being done."""

from typing import Any

from schemas.work import StatusCategory
from services.importers.shown import Status
from services.importers.smartsheet.mapping import SmartsheetMapping, category_of, project_status_of


class Statuses:
    """The category of every status: of the mapping, else by its name, which is noted."""

    def __init__(self, mapping: SmartsheetMapping) -> None:
        self._mapping = mapping
        self._known = {name.casefold(): category for name, category in mapping.statuses.items()}
        self._of_projects = {name.casefold(): status for name, status in mapping.project_statuses.items()}
        self._not_done = frozenset(name.casefold() for name in mapping.not_done)
        self.guessed: dict[str, StatusCategory] = {}
        self.guessed_projects: dict[str, Any] = {}
        self.unclear: dict[str, None] = {}

    def of(self, name: str) -> Status:
        """A status of work, with its category."""
        category = self._known.get(name.casefold())
        if category is None:
            category = self.guessed[name] = category_of(name)
        return Status(name, category)

    def of_project(self, name: str) -> str | None:
        """What a status says of a project; None if that is not clear."""
        known = self._of_projects.get(name.casefold())
        if known is None and (known := project_status_of(name)) is not None:
            self.guessed_projects[name] = known
        if known is None:
            self.unclear[name] = None
        return known

    def ends(self, status: Status) -> str | None:
        """Why a row in that status is no part of the project, if it ended without being done."""
        is_end = status.category == "done" and status.name.casefold() in self._not_done
        return f"Ended without being done: {status.name}" if is_end else None
