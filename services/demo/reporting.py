"""What managers of the simulated company report while a project runs, and what stakeholders say at its end."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from services.demo.script import Script
from services.demo.world import UnitPlan

_CHANGES_UNTIL = 3
_SATISFACTION_FALLS = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned, and what nobody knows yet: the share of the time and of the money by which it will be off."""

    code: str
    start: date
    finish: date
    budget: int
    slip: float
    cost: float

    @property
    def days(self) -> int:
        """Its planned length."""
        return (self.finish - self.start).days

    def curve(self) -> dict[str, str]:
        """Planned value at the end of each month between start and finish, along an S."""
        points: dict[str, str] = {}
        day = self.start + timedelta(days=30)
        while day < self.finish:
            points[day.isoformat()] = str(round(self.budget * s_curve((day - self.start).days / self.days)))
            day += timedelta(days=30)
        return points


def s_curve(share: float) -> float:
    """Work done after a share of the time."""
    return (1 - math.cos(math.pi * min(1.0, max(0.0, share)))) / 2


def actual_finish(plan: Plan, started: date) -> date:
    """The day on which it will really be done."""
    return started + timedelta(days=max(20, round(plan.days * (1 + plan.slip))))


def report(
    script: Script,
    plan: Plan,
    unit: UnitPlan,
    manager: str,
    started: date,
    ended: date,
    is_frozen: bool,
    resting: tuple[date, date] | None,
) -> None:
    """The progress reports, each at its data date; some are corrected later, a few withdrawn.

    Planted: of a frozen manager the figures never change after the third, one unit says green whatever it forecasts,
    and one writes its reports down more than a month late.
    """
    rng = script.random
    done = actual_finish(plan, started)
    optimism = 0.4 if unit.maturity < 2 else 1.0
    said: dict[str, Any] = {}
    day, number = started + timedelta(days=unit.report_every), 0
    while day < min(ended, script.until):
        if (resting is None or not resting[0] - timedelta(days=2) <= day <= resting[1]) and not script.chance(0.02):
            number += 1
            if not (is_frozen and number > _CHANGES_UNTIL):
                share = s_curve((day - started).days / max(1, (done - started).days))
                known = min(1.0, share * 1.4) * optimism
                seen = plan.slip * known
                said = {
                    "percent_complete": f"{min(0.99, share):.2f}",
                    "actual_cost": str(round(plan.budget * plan.cost * share * rng.uniform(0.97, 1.03))),
                    "forecast_finish": max(day, plan.finish + timedelta(days=round(plan.days * seen))).isoformat(),
                    "forecast_cost": str(round(plan.budget * (1 + (plan.cost - 1) * known))),
                    "rag": "green" if unit.says_green else rag_of(max(seen, (plan.cost - 1) * known)),
                }
            told: dict[str, Any] = {"narrative": rng.choice(NARRATIVES)} if script.chance(0.15) else {}
            late = rng.randint(33, 62) if script.chance(unit.records_late) else rng.choice((0, 0, 1, 3))
            _tell(script, day, late, manager, {"project": plan.code, "data_date": day.isoformat(), **said, **told})
        day += timedelta(days=unit.report_every)


def _tell(script: Script, day: date, late: int, manager: str, said: dict[str, Any]) -> None:
    """Records a report, and now and then that a figure in it was wrong, or that all of it was."""
    label = f"{said['project']} {day}"
    if not script.say(day, "project report", by=manager, late=late, label=label, **said):
        return
    found = script.random.random()
    if found < 0.015:
        right = {**said, "actual_cost": str(int(said["actual_cost"]) * 97 // 100)}
        script.say(day, "project report", by=manager, late=late + 20, corrects=label, **right)
    elif found < 0.02:
        script.withdraw(day + timedelta(days=late + 6), label, "It was another project's report.", by=manager)


def rag_of(off: float) -> str:
    """The colour of a forecast that is off by a share."""
    return "green" if off < 0.05 else "amber" if off < 0.15 else "red"


NARRATIVES = (
    "All work packages go as planned.",
    "The supplier delivers two weeks later than agreed; the team works on other parts meanwhile.",
    "Two people are missing; the second half of the month will be tight.",
    "The test showed defects that are being repaired.",
)

Role = Literal["business-leader", "project-manager", "team-member"]


def survey(script: Script, plan: Plan, ended: date) -> None:
    """At the end stakeholders are asked; those of late projects are less content."""
    invited: dict[Role, int] = {"business-leader": 8, "project-manager": 1, "team-member": 10}
    where: dict[str, Any] = {"subject": plan.code, "period": "CLOSURE"}
    script.say(ended + timedelta(days=4), "survey invite", invited=dict(invited), **where)
    mood = 4.4 - max(0.0, plan.slip) * _SATISFACTION_FALLS
    number = 0
    for role, people in invited.items():
        for _ in range(people):
            number += 1
            if script.chance(0.75):
                respond(script, ended + script.days(5, 18), where, number, role, mood)


def respond(script: Script, day: date, where: dict[str, Any], number: int, role: str, mood: float) -> None:
    """One answer, around a mood of 1 to 5."""
    rng = script.random
    felt = min(5, max(1, round(rng.gauss(mood, 0.8))))
    script.say(
        day, "survey respond", response=str(number), stakeholder_role=role, satisfaction=felt,
        scores={"communication": min(5, max(1, felt + rng.choice((-1, 0, 0, 1))))},
        recommend=min(10, max(0, felt * 2 + rng.choice((-1, 0, 1)))), **where,
    )  # fmt: skip
