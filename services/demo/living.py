"""The simulated company goes on living: every few seconds one of its managers records something, until it is stopped.

What happens is drawn by chance among what the rules allow; what they refuse is not recorded, and another thing happens.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.demo.exposure import ISSUES, RISKS
from services.demo.reporting import NARRATIVES, rag_of
from services.errors import BadInput, Conflict, NotFound, Rejected
from services.projections.clickhouse import ClickHouse
from services.projections.queries import ask
from services.projections.scope import Scope

EVERY_S = 3.0
_AGAIN = timedelta(minutes=2)
_NEXT = {"created": "assigned", "assigned": "active", "active": "review", "review": "done"}
_TRIES = 12

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Running:
    """A running project, as it stands; `manager` is ``person:ID``, which commands take for the person's key."""

    code: str
    manager: str
    budget: Decimal
    percent: Decimal
    actual: Decimal
    finish: date


class Living:
    """Records what happens next; `record` one thing, `run` one after another."""

    def __init__(self, app: Governance, clickhouse: ClickHouse, seed: int) -> None:
        self._app = app
        self._clickhouse = clickhouse
        self._random = random.Random(seed)
        self._secret = app.settings.secret.get_secret_value()
        self._projects: dict[str, _Running] = {}
        self._looked: datetime | None = None
        self._items: dict[tuple[str, str], str] = {}
        self._numbers = random.Random(seed).randrange(1000, 9000)

    def run(self, stop: threading.Event, every: float = EVERY_S) -> None:
        """Goes on until `stop`."""
        while not stop.wait(every):
            self.record()

    def record(self) -> str:
        """Records one thing, and gives the command's path; empty where nothing was possible."""
        self._look()
        acts: tuple[Callable[[_Running], tuple[str, Fields]], ...] = (
            *(self._work,) * 9, *(self._report,) * 6, self._risk, self._risk, self._issue, self._change,
        )  # fmt: skip
        for _ in range(_TRIES if self._projects else 0):
            project = self._random.choice(sorted(self._projects.values(), key=lambda each: each.code))
            path, fields = self._random.choice(acts)(project)
            try:
                prepared = Intake(self._secret).prepare(BY_PATH[path], fields, {})
                self._app.handle(prepared, Meta(actor=project.manager))
            except (Rejected, BadInput, NotFound, Conflict):
                # a rule of the house: something else happens then
                continue
            return path
        return ""

    def _look(self) -> None:
        """Which projects run, now and then: some are completed by people who use the demo."""
        now = datetime.now(self._app.settings.zone)
        if self._looked is not None and now - self._looked < _AGAIN:
            return
        self._looked = now
        scope = Scope(now.date(), self._app.settings.zone, currency=self._app.settings.currency)
        costs = {str(row["project"]): row for row in ask(self._clickhouse, "forecast_costs", scope)}
        self._projects = {
            str(row["project"]): _of(row, costs[str(row["project"])], now.date())
            for row in ask(self._clickhouse, "portfolio", scope)
            if row["status"] == "running" and row["manager"] and str(row["project"]) in costs and row["budget"]
        }

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _work(self, project: _Running) -> tuple[str, Fields]:
        """An item goes one step further, or a new one is created."""
        own = [(item, state) for (code, item), state in self._items.items() if code == project.code]
        if not own or self._random.random() < 0.35:
            item = f"W-{self._number()}"
            self._items[project.code, item] = "created"
            return "work create", {"project": project.code, "item": item, "work_type": "task", "title": f"Part {item}",
                                   "estimate": str(self._random.randint(4, 60))}  # fmt: skip
        item, state = self._random.choice(own)
        where: Fields = {"project": project.code, "item": item}
        following = _NEXT[state]
        self._items[project.code, item] = following
        if following == "assigned":
            return "work assign", {**where, "assignee": project.manager}
        if following == "done":
            del self._items[project.code, item]
            return "work done", where
        return "work move", {**where, "status": "In progress" if following == "active" else "In review",
                             "category": "active"}  # fmt: skip

    def _report(self, project: _Running) -> tuple[str, Fields]:
        """The manager reports a little more done, and a little more spent than that."""
        rng = self._random
        step = Decimal(rng.randint(2, 25)) / 1000
        percent = min(Decimal("0.99"), project.percent + step)
        spent = (percent - project.percent) * Decimal(str(round(rng.uniform(0.9, 1.25), 3)))
        actual = round(project.actual + spent * project.budget)
        finish = project.finish + timedelta(days=rng.choice((0, 0, 0, 1, 2, -1)))
        forecast = round(max(Decimal(actual), project.budget * Decimal(str(round(rng.uniform(0.97, 1.1), 3)))))
        off = float(Decimal(forecast) / project.budget - 1)
        self._projects[project.code] = replace(project, percent=percent, actual=Decimal(actual), finish=finish)
        today = datetime.now(self._app.settings.zone).date()
        told: Fields = {"narrative": rng.choice(NARRATIVES)} if rng.random() < 0.2 else {}
        return "project report", {
            "project": project.code, "data_date": today.isoformat(), "percent_complete": f"{percent:.3f}",
            "actual_cost": str(actual), "forecast_finish": max(finish, today).isoformat(),
            "forecast_cost": str(forecast), "rag": rag_of(max(0.0, off)), **told,
        }  # fmt: skip

    def _risk(self, project: _Running) -> tuple[str, Fields]:
        name, category = self._random.choice(RISKS)
        impact = project.budget * self._random.randint(2, 12) // 100
        return "project raise-risk", {
            "project": project.code, "risk": f"R{self._number()}", "name": name, "category": category,
            "effect": "threat", "probability": f"{self._random.uniform(0.1, 0.6):.2f}", "impact": str(impact),
            "owner": project.manager,
        }  # fmt: skip

    def _issue(self, project: _Running) -> tuple[str, Fields]:
        today = datetime.now(self._app.settings.zone).date()
        return "project raise-issue", {
            "project": project.code, "issue": f"I{self._number()}", "name": self._random.choice(ISSUES),
            "severity": self._random.choice(("low", "medium", "high")), "owner": project.manager,
            "due": (today + timedelta(days=self._random.randint(10, 40))).isoformat(),
        }  # fmt: skip

    def _change(self, project: _Running) -> tuple[str, Fields]:
        return "project request-change", {
            "project": project.code, "change": f"CR-{self._number()}",
            "cost": str(project.budget * self._random.randint(1, 6) // 100), "days": self._random.randint(0, 20),
            "reason": "A customer asks for more.", "requested_by": project.manager,
        }  # fmt: skip


def _of(row: Mapping[str, Any], cost: Mapping[str, Any], today: date) -> _Running:
    return _Running(
        code=str(row["project"]),
        manager=f"person:{row['manager']}",
        budget=Decimal(row["budget"]),
        percent=Decimal(row["percent"] or 0),
        actual=Decimal(cost["actual"] or 0),
        finish=max(row["ends"] or today, today),
    )
