"""How the simulated company grows: the maturity of its units, and the careers of its people."""

from datetime import date, timedelta
from typing import Any

from services.demo.people import Staff
from services.demo.script import Script
from services.demo.world import COURSES, EVERYBODY, SKILLS, UnitPlan

_YEAR = timedelta(days=365)
_PERSPECTIVES = ("governance", "control", "benefits", "risk", "stakeholders", "finance", "resources")
_GRADES = (
    "Trainee", "Junior", "Associate", "Professional", "Experienced professional", "Senior", "Senior with a field",
    "Principal", "Expert", "Fellow",
)  # fmt: skip
_MONTHS = 18
_TOOLS = 25


def mature(script: Script, start: date, units: tuple[UnitPlan, ...], staff: Staff) -> None:
    """P3M3 every year, and what each unit means to get better at; the least mature one leaves a year out."""
    for unit in units:
        director = staff.directors[unit.code].key
        for year in range(3):
            day = start + year * _YEAR + timedelta(days=40)
            if unit.maturity == 1 and year == 1:
                continue
            level = min(5, max(1, unit.maturity - 1 + (year + 1) // 2))
            _assess(script, day, unit, level, "PROJECT", director)
            _assess(script, day + timedelta(days=3), unit, max(1, level - 1), "PORTFOLIO", director)
            _improve(script, day + timedelta(days=20), unit, year, director)


def _assess(script: Script, day: date, unit: UnitPlan, level: int, model: str, director: str) -> None:
    found = {name: min(5, level + script.random.choice((0, 0, 1))) for name in _PERSPECTIVES}
    found[script.random.choice(_PERSPECTIVES)] = level
    script.say(
        day, "unit assess-maturity", unit=unit.code, model=model, level=level, perspectives=found,
        target=min(5, level + 1), assessor_type="independent" if unit.maturity > 3 else "self", assessor=director,
        by=director, evidence=[f"https://docs.meridian.example/p3m3/{unit.code}/{day.year}"],
    )  # fmt: skip


def _improve(script: Script, day: date, unit: UnitPlan, year: int, director: str) -> None:
    for number, perspective in enumerate(script.random.sample(_PERSPECTIVES, k=2), 1):
        where: dict[str, Any] = {"unit": unit.code, "improvement": f"{perspective.upper()}-{year + 1}-{number}"}
        due = day + timedelta(days=200)
        script.say(
            day, "unit plan-improvement", due=due.isoformat(), model="PROJECT", perspective=perspective,
            owner=director, by=director, **where,
        )  # fmt: skip
        if script.chance(0.35 + 0.12 * unit.maturity):
            script.say(due + script.days(-30, 25), "unit finish-improvement", by=director, **where)


def careers(script: Script, start: date, staff: Staff) -> None:
    """A path for every role; once a year everybody's level is looked at, and skills are added."""
    rng, officer = script.random, staff.directors["PPL"].key
    for role in EVERYBODY:
        courses = [course.code for course in COURSES if role in course.roles and course.month == 0]
        levels = {str(number): f"{grade} ({role.lower()})" for number, grade in enumerate(_GRADES, 1)}
        months = dict.fromkeys(map(str, range(2, len(_GRADES) + 1)), _MONTHS)
        script.say(
            start + timedelta(days=30), "path define", career_path=_path(role), role=role, levels=levels,
            courses={"3": courses}, months=months, by=officer,
        )  # fmt: skip
    script.say(start + timedelta(days=31), "path define", career_path="OPERATOR", role="Operator",
               levels={"1": "Operator"}, by=officer)  # fmt: skip
    script.say(start + timedelta(days=420), "path retire", career_path="OPERATOR", reason="Calls are answered by all.")
    for number, person in enumerate(staff.everybody):
        if person.role not in EVERYBODY:
            continue
        day, level = max(person.joined, start) + script.days(60, 330), person.level
        while day < min(script.until, person.left):
            level = min(len(_GRADES), level + rng.choice((0, 0, 1)))
            script.say(
                day, "person assess-level", person=person.key, career_level=level, career_path=_path(person.role),
                assessor=staff.directors[person.unit.code].key, by=staff.directors[person.unit.code].key,
            )  # fmt: skip
            if script.chance(0.15):
                script.say(day, "person change-skills", person=person.key, skills=list(SKILLS[person.role]))
            day += _YEAR
        if number % _TOOLS == 0:
            script.say(person.joined + timedelta(days=2), "person link", person=person.key, other=f"JIRA-{number}",
                       tool="jira")  # fmt: skip


def _path(role: str) -> str:
    return role.upper().replace(" ", "-")
