"""The house rules of the simulated company: gate routes, scoring, targets, exchange rates, and who may do what."""

import json
from datetime import date, timedelta
from typing import Any

from services.demo.people import Staff
from services.demo.script import Script
from services.demo.world import CURRENCY, ROUTES

_QUARTER = timedelta(days=91)
_TARGETS = {"ON-TIME": 0.7, "ON-BUDGET": 0.75, "UTILIZATION": 0.8, "ADOPTION": 0.8, "TRAINING-COMPLIANCE": 0.95}
_WEIGHTS = (
    {"alignment": 40, "value": 30, "certainty": 20, "affordability": 10},
    {"alignment": 50, "value": 30, "certainty": 15, "affordability": 5},
)


def lay_down(script: Script, start: date, staff: Staff) -> None:
    """What is set on the first day, and what is set otherwise later."""
    officer = staff.directors["FIN"].key

    def put(day: date, name: str, value: dict[str, Any]) -> None:
        script.say(day, "setting set", name=name, value=json.dumps(value), decided_by=officer, by=officer)

    for route, gates in ROUTES.items():
        put(start, f"GATE-ROUTE.{route}", {"gates": [{"gate": g, "due_days": days} for g, days in gates.items()]})
    for version, weights in enumerate(_WEIGHTS, 1):
        day = start + (version - 1) * timedelta(days=540)
        put(day, "SCORING.DEFAULT", {"version": version, "weights": weights, "ceiling": 2_500_000})
    for name, target in _TARGETS.items():
        put(start, f"TARGET.{name}", {"target": target, "warn": round(target - 0.1, 2)})
    put(start + timedelta(days=500), "TARGET.ON-TIME", {"target": 0.75, "warn": 0.65})
    put(start, "REPORTING-CURRENCY", {"currency": CURRENCY})
    put(start, "THRESHOLD.STALE-DAYS", {"value": 35})
    put(start, "THRESHOLD.RISK-EXPOSURE", {"value": 50_000})
    put(start, "CALENDAR.GB", {"days_off": [f"{year}-12-24" for year in range(start.year, start.year + 4)]})
    put(start, "THRESHOLD.OVERSPEND", {"value": 0.05})
    script.say(start + timedelta(days=200), "setting clear", name="THRESHOLD.OVERSPEND", decided_by=officer, by=officer)
    _rates(script, start, officer)
    _access(script, start, staff)


def _rates(script: Script, start: date, officer: str) -> None:
    """Every quarter from the first day: one unit's projects are planned in pounds."""
    day, rate = start, 1.16
    while day <= script.last_day:
        script.say(
            day, "rate set", currency="GBP", rate=f"{rate:.4f}", first_day=day.isoformat(),
            origin="Treasury of the company", by=officer,
        )  # fmt: skip
        rate += script.random.uniform(-0.02, 0.02)
        day = script.workday(day + _QUARTER)


def _access(script: Script, start: date, staff: Staff) -> None:
    """Directors govern their unit, managers report; an auditor sees all, and a contractor lost the right to."""
    chief = staff.directors["PPL"].key
    first = start + timedelta(days=3)
    for unit, director in staff.directors.items():
        if director.key != chief:
            script.say(first, "access grant", person=director.key, unit=unit, role="pmo", decided_by=chief, by=chief)
        for manager in staff.managers[unit]:
            script.say(first, "access grant", person=manager.key, unit=unit, role="manager", decided_by=chief, by=chief)
    for person, role in (("AUDIT-1", "auditor"), ("CONTRACTOR-1", "viewer")):
        script.say(first, "access grant", person=person, role=role, decided_by=chief, by=chief)
    script.say(
        start + timedelta(days=300), "access revoke", person="CONTRACTOR-1", reason="The contract ended.",
        decided_by=chief, by=chief,
    )  # fmt: skip
