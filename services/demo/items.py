"""Items of work inside some of the simulated company's projects, from the queue to done."""

from datetime import date, timedelta
from typing import Any

from services.demo.fates import Project
from services.demo.script import Script

_ITEMS = (14, 30)
_KINDS = ("task", "task", "task", "defect", "test")


def do(script: Script, projects: list[Project]) -> None:
    """Every second project keeps its items here."""
    for project in projects[::2]:
        if project.fate != "entered-twice" and project.staffed:
            for number in range(1, script.random.randint(*_ITEMS)):
                _item(script, project, f"W-{number}")


def _item(script: Script, project: Project, key: str) -> None:
    """One item: it waits, is worked on, is sometimes blocked, is reviewed and done; some come back or are dropped."""
    rng = script.random
    where: dict[str, Any] = {"project": project.code, "item": key, "by": project.manager.key}
    person = rng.choice(sorted(project.staffed))
    day = project.at(rng.uniform(0.01, 0.8))
    if not script.say(
        day, "work create", work_type=rng.choice(_KINDS), title=f"Part {key}", estimate=str(rng.randint(4, 60)), **where
    ):
        return
    day += script.days(2, 15)
    if script.chance(0.05):
        script.say(day, "work remove", reason="It was there twice.", **where)
        return
    script.say(day, "work assign", assignee=person, **where)
    day += script.days(1, 4)
    script.say(day, "work move", status="In progress", category="active", **where)
    if script.chance(0.12):
        day += script.days(2, 5)
        script.say(day, "work re-estimate", estimate=str(rng.randint(8, 80)), **where)
    # where people are booked twice, work waits for them
    if script.chance(0.4 if project.unit.overbooks else 0.12):
        day = _wait(script, day + script.days(1, 4), where, project.unit.overbooks)
    day += script.days(2, 12)
    if script.chance(0.7):
        script.say(day, "work move", status="In review", category="active", **where)
        day += script.days(1, 9)
    if project.ended > script.last_day or script.chance(0.97):
        script.say(day, "work done", **where)
        if script.chance(0.06):
            day += script.days(3, 10)
            script.say(day, "work reopen", **where)
            script.say(day + script.days(3, 8), "work done", **where)


def _wait(script: Script, day: date, where: dict[str, Any], is_long: bool) -> date:
    script.say(day, "work block", reason="Those who could help are elsewhere.", **where)
    ready = day + (script.days(8, 30) if is_long else script.days(2, 9))
    script.say(ready, "work unblock", **where)
    return ready + timedelta(days=1)
