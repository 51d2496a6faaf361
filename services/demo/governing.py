"""How the simulated company governs itself: its units and goals, and the standards that each unit takes up."""

from datetime import date, timedelta
from typing import Any

from services.demo.people import Staff
from services.demo.reporting import respond
from services.demo.script import Script
from services.demo.world import GOALS, ORGANISATION, STANDARDS, TOP, StandardPlan, UnitPlan

_MONTH = timedelta(days=30)
_REVISED = ("RISK", "EVM", "AI-ASSIST")
_SPARED = {("TAKT", "PPL"): "It plans no work in beats.", ("AI-FORECAST", "PPL"): "Its projects are too few."}
_WAIVED = {("EVM", "COM"), ("PLANBOARD", "PPL"), ("PEER", "OPS")}


def found(script: Script, start: date, units: tuple[UnitPlan, ...]) -> None:
    """Registers the units and the goals; two units of old go into others, one goal is dropped."""
    script.say(start, "unit register", unit=TOP, name=ORGANISATION, country="GB")
    for unit in units:
        script.say(start, "unit register", unit=unit.code, name=unit.name, parent=TOP, country=unit.country)
    script.say(start, "unit register", unit="LAB", name="Laboratory", parent=TOP, country="DE")
    script.say(start, "unit register", unit="PRINT", name="Print shop", parent=TOP, country="GB")
    script.say(start + timedelta(days=150), "unit merge", unit="LAB", into="RND")
    script.say(start + timedelta(days=210), "unit retire", unit="PRINT", reason="Printing is bought in now.")
    script.say(start + timedelta(days=330), "unit rename", unit="RND", name="Research and development", late=9)
    for goal, statement, weight, owner in GOALS:
        script.say(start, "goal declare", goal=goal, statement=statement, weight=weight, owner_unit=owner)
    script.say(start, "goal declare", goal="PAPERLESS", statement="No paper in any office", weight="0.1")
    script.say(start + timedelta(days=365), "goal reweight", goal="GROWTH", weight="0.30")
    script.say(start + timedelta(days=365), "goal reweight", goal="SAFETY", weight="0.25")
    script.say(start + timedelta(days=400), "goal retire", goal="PAPERLESS", reason="It was reached.")


def adopt_standards(script: Script, start: date, units: tuple[UnitPlan, ...], staff: Staff) -> None:
    """Publishes the standards, and lets each unit be asked, be assessed, take up, be spared or give up."""
    officer = staff.directors["FIN"].key
    for standard in STANDARDS:
        published = start + standard.month * _MONTH
        script.say(published, "standard publish", by=officer, **standard.fields("1"))
        if standard.code in _REVISED:
            script.say(published + 14 * _MONTH, "standard revise", by=officer, **standard.fields("2"))
        for unit in units:
            _take_up(script, standard, unit, published + timedelta(days=10), start, staff, officer)
    old: dict[str, Any] = {"standard": "TELEX", "name": "Telex templates", "standard_kind": "practice", "edition": "1"}
    script.say(start + _MONTH, "standard publish", by=officer, requirements={"R1": "The form is used"}, **old)
    script.say(start + 9 * _MONTH, "standard withdraw", standard="TELEX", reason="Nobody telexes.", by=officer)


def _take_up(
    script: Script, standard: StandardPlan, unit: UnitPlan, asked: date, start: date, staff: Staff, officer: str
) -> None:
    rng, director = script.random, staff.directors[unit.code].key
    where: dict[str, Any] = {"standard": standard.code, "unit": unit.code}
    if reason := _SPARED.get((standard.code, unit.code)):
        script.say(asked, "adoption not-applicable", rationale=reason, decided_by=officer, by=officer, **where)
        return
    due = asked + 6 * _MONTH
    script.say(asked, "adoption mandate", due=due.isoformat(), decided_by=officer, by=officer, **where)
    if (standard.code, unit.code) in _WAIVED:
        script.say(
            asked + 4 * _MONTH, "adoption waive", until=(asked + 16 * _MONTH).isoformat(), requested_by=director,
            decided_by=officer if officer != director else staff.directors["PPL"].key, by=officer,
            reason="The tools for it are bought next year.", **where,
        )  # fmt: skip
        if standard.code == "PLANBOARD":
            script.say(asked + 12 * _MONTH, "adoption end-waiver", reason="The tools are here.", by=officer, **where)
        return
    month = standard.adopters.get(unit.code)
    adopted = start + month * _MONTH if month is not None else None
    assessed = due + script.days(40, 170) if unit.assesses_late else due - script.days(10, 60)
    _prepare(script, unit, asked, where, director)
    while assessed <= script.last_day:
        ready = adopted is not None and assessed >= adopted
        good = (0.25 + 0.12 * unit.maturity) * (1.0 if ready else 0.6)
        results = {
            item: "met" if script.chance(good) else rng.choice(("partly", "not-met")) for item in standard.requirements
        }
        script.say(
            assessed, "adoption assess", results=results, assessor=officer, by=officer,
            evidence=[f"https://docs.meridian.example/assessments/{standard.code}/{unit.code}"],
            late=rng.choice((0, 0, 4)), **where,
        )  # fmt: skip
        _nonconform(script, assessed, results, where, director, officer)
        assessed += timedelta(days=rng.randint(330, 380))
    if adopted is None:
        return
    script.say(max(adopted, asked), "adoption adopt", decided_by=director, by=director, **where)
    if standard.kind == "technology":
        _measure_usage(script, standard, unit, max(adopted, asked) + _MONTH, where)
    if (standard.code, unit.code) == ("PEER", "DIG"):
        script.say(adopted + 10 * _MONTH, "adoption abandon", reason="There was no time for it.", by=director, **where)


def _prepare(script: Script, unit: UnitPlan, day: date, where: dict[str, Any], director: str) -> None:
    """How much the standard changes, how ready the unit is for it, and how much it resists; less so half a year on."""
    rng = script.random
    for half in range(2):
        when = day + timedelta(days=14 + 180 * half)
        ready, resists = min(5, unit.maturity + half), max(1, 5 - unit.maturity - half)
        said: dict[str, Any] = {"people": unit.people, "assessor": director, "by": director, **where}
        if half == 0:
            script.say(when, "adoption assess-impact", level=rng.randint(2, 4), **said)
        script.say(when, "adoption assess-readiness", level=ready, **said)
        script.say(when, "adoption assess-resistance", level=resists, **said)


def _nonconform(
    script: Script, day: date, results: dict[str, str], where: dict[str, Any], director: str, officer: str
) -> None:
    """What is not met becomes a nonconformity of the unit's director; most are resolved, some past their day."""
    other = officer if officer != director else "MW-0002"
    for item, result in results.items():
        if result != "not-met":
            continue
        due = day + timedelta(days=120)
        code = f"{item}-{day.year}-{day.month}"
        raised = script.say(
            day + timedelta(days=6), "adoption raise-nonconformity", nonconformity=code, severity="major",
            due=due.isoformat(), requirement=item, raised_by=officer, owner=director, by=officer, **where,
        )  # fmt: skip
        if raised and script.chance(0.75):
            script.say(due + script.days(-70, 20), "adoption resolve-nonconformity", nonconformity=code,
                       decided_by=other, by=other, **where)  # fmt: skip


def _measure_usage(script: Script, standard: StandardPlan, unit: UnitPlan, day: date, where: dict[str, Any]) -> None:
    share = 0.15
    while day <= script.last_day:
        share = min(0.9, share + script.random.uniform(0.02, 0.12))
        script.say(
            day, "adoption measure-usage", active=round(unit.people * share), eligible=unit.people, by="MW-0001",
            **where,
        )  # fmt: skip
        day += 2 * _MONTH


def ask_about_the_pmo(script: Script, start: date) -> None:
    """Every half year people say what they think of the PMO itself: better each time."""
    day, number = start + timedelta(days=170), 0
    while day <= script.last_day:
        number += 1
        where: dict[str, Any] = {"subject": "PMO", "period": f"{day.year}-H{1 if day.month < 7 else 2}-{number}"}
        script.say(day, "survey invite", invited={"business-leader": 6, "project-manager": 20}, **where)
        for answer in range(1, 16):
            role = "business-leader" if answer <= 4 else "project-manager"
            respond(script, day + script.days(2, 20), where, answer, role, 3.0 + 0.2 * number)
        day += timedelta(days=182)
