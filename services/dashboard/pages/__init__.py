"""The pages, in the order in which a PMO director opens them every week."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from services.dashboard.pages import (
    attention,
    capacity,
    changes,
    compliance,
    groups,
    kpi,
    overview,
    pipeline,
    portfolio,
    project,
    steering,
)
from services.dashboard.panels import House, Page
from services.errors import NotFound, meant

T = TypeVar("T")
MENU: tuple[tuple[str, str, str], ...] = (
    ("/", "Overview", "gauge"),
    ("/attention", "Attention", "bell"),
    ("/portfolio", "Portfolio", "layers"),
    ("/capacity", "Capacity", "grid"),
    ("/projects", "Projects", "flag"),
    ("/changes", "Changes", "branch"),
    ("/pipeline", "Pipeline", "funnel"),
    ("/compliance", "Compliance", "shield"),
    ("/bottlenecks", "Bottlenecks", "hourglass"),
    ("/standards", "Standards", "book"),
    ("/steering", "Steering pack", "file"),
)
"""Address, title and icon."""
_MADE: Mapping[str, Callable[[House], Page]] = {
    "": overview.page,
    "attention": attention.page,
    "portfolio": portfolio.page,
    "capacity": capacity.page,
    "projects": portfolio.listing,
    "changes": changes.page,
    "pipeline": pipeline.page,
    "compliance": compliance.page,
    "bottlenecks": groups.bottlenecks,
    "standards": groups.standards,
    "steering": steering.page,
}


class Pages:
    """The pages by their addresses; each is made once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._held: dict[str, Page] = {}

    def find(self, path: str) -> Page:
        """The page at this address. Raises NotFound with the nearest ones."""
        path = path.strip("/")
        first, _, rest = path.partition("/")
        made: Callable[[], Page]
        if path in _MADE:
            made = partial(_MADE[path], self._house)
        elif first == "project" and rest:
            # as many as there are projects: they are not kept
            return project.page(self._house, rest)
        elif first == "kpi" and rest:
            made = partial(kpi.page, self._house, self._one(rest, self._house.kpis, "KPI"))
        elif first == "control" and rest:
            by_number = {str(control.number): control for control in self._house.controls.values()}
            known = {**self._house.controls, **by_number} if rest.isdigit() else self._house.controls
            made = partial(compliance.control_page, self._house, self._one(rest, known, "control"))
        else:
            raise NotFound(f"There is no page /{path}; {meant(first, [name for name in _MADE if name])}")
        if path not in self._held:
            self._held[path] = made()
        return self._held[path]

    @staticmethod
    def _one(name: str, known: Mapping[str, T], what: str) -> T:
        if name not in known:
            raise NotFound(f"There is no {what} {name!r}; {meant(name, known)}")
        return known[name]
