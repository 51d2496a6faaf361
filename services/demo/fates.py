"""What becomes of the simulated company's projects, and what others need to know of one."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from services.demo.people import Person
from services.demo.reporting import Plan
from services.demo.world import UnitPlan

Fate = Literal[
    "plain",
    "rejected",
    "deferred",
    "cancelled",
    "on-hold",
    "merged",
    "split",
    "descoped",
    "reopened",
    "completed-too-early",
    "approved-by-its-proposer",
    "entered-twice",
    "transferred",
    "gate-revoked",
    "approval-recorded-late",
    "manager-leaves",
]

FATES: dict[str, Fate] = {
    "FIN-03": "rejected",
    "FIN-05": "approved-by-its-proposer",
    "FIN-08": "deferred",
    "OPS-02": "completed-too-early",
    "OPS-05": "cancelled",
    "OPS-09": "on-hold",
    "OPS-14": "transferred",
    "DIG-04": "cancelled",
    "DIG-07": "merged",
    "DIG-11": "manager-leaves",
    "DIG-14": "split",
    "COM-03": "cancelled",
    "COM-06": "approval-recorded-late",
    "COM-09": "deferred",
    "COM-12": "descoped",
    "RND-02": "reopened",
    "RND-06": "gate-revoked",
    "PPL-02": "entered-twice",
    "PPL-04": "rejected",
}
"""Changes of mind and corrections that are there whatever the seed."""


@dataclass(slots=True)
class Project:
    """What others need to know of a project: who leads it, when it really ran, and how many people it takes."""

    code: str
    unit: UnitPlan
    planned: Plan
    proposed: date
    started: date
    ended: date
    team: int
    manager: Person
    director: str
    fate: Fate
    resting: tuple[date, date] | None = None
    staffed: dict[str, Person] = field(default_factory=dict)
    booked_on: dict[str, date] = field(default_factory=dict)
    """The day on which each person was planned for it."""

    def at(self, share: float) -> date:
        """The day after a share of its real length, beside any rest."""
        day = self.started + timedelta(days=round((self.ended - self.started).days * share))
        return self.resting[1] if self.resting and self.resting[0] <= day <= self.resting[1] else day
