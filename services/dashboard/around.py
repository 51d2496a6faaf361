"""What stands around every page: the units to choose from, the days to slide between, and what is to be warned of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.dashboard.board import Board, Trouble
from services.dashboard.panels import Ask, House, Page, Panel, Part, Shown
from services.dashboard.question import Question, today
from services.errors import BadInput, NotFound, meant
from services.projections.figures import incomplete_streams
from services.projections.queries import ask, retirement
from services.projections.timeline import span

_PATIENCE_S = 5.0


class Around:
    """Asks for it through the board, so that it is asked for once."""

    def __init__(self, house: House, board: Board) -> None:
        self._house = house
        self._board = board
        self._parts = (
            Part("around:units", _units, frozenset({"business-unit"})),
            Part("around:span", lambda asked: span(asked.clickhouse, asked.scope), None, lasting=600.0),
            Part("around:gaps", lambda asked: len(incomplete_streams(asked.clickhouse)), None, lasting=5.0),
        )
        self._retired = Part("around:retired", lambda asked: retirement(asked.clickhouse, asked.scope),
                             frozenset({"business-unit"}))  # fmt: skip

    def of(self, question: Question, page: Page) -> dict[str, Any]:
        """The values for the templates. Raises NotFound for an unknown unit."""
        now = Question()
        units, days, gaps = self._ask(self._parts, replace(now, as_of=question.as_of, known_at=question.known_at))
        warnings = []
        if question.unit:
            codes = [str(unit["unit"]) for unit in units or ()]
            if question.unit not in codes:
                raise NotFound(f"There is no unit {question.unit} at that time; {meant(question.unit, codes)}")
            [retired] = self._ask((self._retired,), question)
            if retired:
                warnings.append(str(retired).replace("; --as-of", "; as of"))
        if gaps:
            warnings.append(f"{gaps} streams have a gap in their history: figures that rest on them may change.")
        first, last = self._days(days, question)
        return {"units": _tree(units or ()), "first_day": first, "last_day": last, "warnings": warnings,
                "known_day": question.known_at[:10] or last.isoformat(),
                "as_of_day": self._as_of(question).isoformat(),
                "slider": {"first": first.isoformat(), "days": (last - first).days}}  # fmt: skip

    def _as_of(self, question: Question) -> date:
        return question.scope(self._house.settings).as_of

    def _days(self, days: Any, question: Question) -> tuple[date, date]:
        now = today(self._house.settings)
        last = max(now, self._as_of(question))
        first = days[0] if isinstance(days, tuple) else now - timedelta(days=365)
        return min(first, self._as_of(question), now - timedelta(days=7)), last

    def _ask(self, parts: Sequence[Part], question: Question) -> list[Any]:
        panel = Panel("around", "", tuple(parts), _held)
        page = Page("/around", "", "", lambda _: (panel,))
        [ready] = self._board.page(page, question, wait=_PATIENCE_S)
        values: Mapping[str, Any] = ready.shown.more if ready.shown else {}
        found = [values.get(part.key) for part in parts]
        for each in found:
            if isinstance(each, Trouble):
                raise BadInput(each.problem)
        return found


def _held(values: Mapping[str, Any]) -> Shown:
    return Shown(more=dict(values))


def _units(asked: Ask) -> list[dict[str, Any]]:
    return ask(asked.clickhouse, "units", replace(asked.scope, unit=None))


def _tree(units: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The units each below the one above it, with how deep it stands."""
    below: dict[str, list[Mapping[str, Any]]] = {}
    codes = {str(unit["unit"]) for unit in units}
    for unit in units:
        parent = str(unit["parent"]) if str(unit["parent"]) in codes else ""
        below.setdefault(parent, []).append(unit)
    found: list[dict[str, Any]] = []

    def add(parent: str, depth: int) -> None:
        for unit in below.get(parent, ()):
            found.append({"code": unit["unit"], "name": unit["name"], "depth": depth, "state": unit["state"]})
            if depth < 12:
                add(str(unit["unit"]), depth + 1)

    add("", 0)
    return found
