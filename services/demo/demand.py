"""Whom the simulated company's projects look for before they have names."""

from datetime import date, timedelta
from typing import Any

from services.demo.fates import Project
from services.demo.script import Script
from services.demo.world import DEVELOPER, ENGINEER, SKILLS


def look_for(script: Script, projects: list[Project]) -> None:
    """Every second project plans placeholders before it starts; they are filled, withdrawn or still open."""
    for project in projects[::2]:
        if project.fate == "entered-twice":
            continue
        filled = list(project.staffed.items())[:2]
        for number, (key, person) in enumerate(filled, 1):
            code, booked = f"P{number}", project.booked_on[key]
            _plan(script, project, code, person.role, booked - script.days(6, 20), "")
            if script.chance(0.2):
                script.say(
                    booked - timedelta(days=4),
                    "demand revise",
                    weekly_hours="20",
                    **_fields(project, code, person.role),
                )
            script.say(
                booked + timedelta(days=1), "demand fill", project=project.code, placeholder=code, person=key,
                allocation=project.code, by=project.manager.key,
            )  # fmt: skip
        asked = project.started - timedelta(days=12)
        if script.chance(0.3):
            # one of two will do: either is enough
            for code, role in (("X1", ENGINEER), ("X2", DEVELOPER)):
                _plan(script, project, code, role, asked, "EITHER")
        if script.chance(0.4) or project.ended > script.last_day:
            _plan(script, project, "W1", DEVELOPER if project.unit.overbooks else ENGINEER, asked, "")
            if project.ended <= script.last_day:
                script.say(
                    project.at(0.3), "demand withdraw", project=project.code, placeholder="W1", by=project.manager.key,
                    reason="It was bought in.",
                )  # fmt: skip
        if project.ended <= script.last_day:
            for code in ("X1", "X2"):
                if f"{project.code} {code}" in script.labels:
                    script.say(project.at(0.4), "demand withdraw", project=project.code, placeholder=code)


def _fields(project: Project, code: str, role: str) -> dict[str, Any]:
    first: date = project.started
    return {
        "project": project.code,
        "placeholder": code,
        "role": role,
        "first_day": first.isoformat(),
        "last_day": max(project.planned.finish, first + timedelta(days=30)).isoformat(),
        "by": project.manager.key,
    }


def _plan(script: Script, project: Project, code: str, role: str, day: date, group: str) -> None:
    more: dict[str, Any] = {"option_group": group} if group else {}
    if script.chance(0.6):
        more["skill"] = SKILLS[role][0]
    script.say(
        day, "demand plan", label=f"{project.code} {code}", weekly_hours=str(script.random.choice((16, 24, 40))),
        **_fields(project, code, role), **more,
    )  # fmt: skip
