"""Who of the simulated company works on what: allocations, firm and pencilled in, and the hours of the last weeks."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.demo.people import Person, Staff
from services.demo.projects import Project
from services.demo.script import Script

_SHARES = (Decimal(8), Decimal(12), Decimal(16), Decimal(20))
_FRIDAY = 4
_WEEK = timedelta(days=7)


def staff_projects(script: Script, projects: list[Project], staff: Staff) -> None:
    """Plans people for each project; one unit books more than they have."""
    for project in sorted(projects, key=lambda p: (p.started, p.code)):
        candidates = staff.team(project.unit.code, project.started)
        script.random.shuffle(candidates)
        # the least booked first, as a planner would
        last = max(project.planned.finish, project.started + timedelta(days=30))
        candidates.sort(key=lambda p: p.peak(project.started, last))
        for person in candidates[: project.team]:
            _allocate(script, project, person, last, staff)


def _allocate(script: Script, project: Project, person: Person, last: date, staff: Staff) -> None:
    rng, unit = script.random, project.unit
    first = project.started
    hours = rng.choice(_SHARES)
    if unit.overbooks:
        hours = rng.choice((Decimal(20), Decimal(24), Decimal(28)))
    free = person.weekly_hours - person.peak(first, last)
    is_over = hours > free
    hard = not is_over or unit.overbooks
    item = project.code
    said: dict[str, Any] = {
        "person": person.key,
        "allocation": item,
        "project": project.code,
        "first_day": first.isoformat(),
        "weekly_hours": str(hours),
        "hard": hard,
    }
    if hard and is_over:
        said["at_risk"] = "The date was promised to the customer."
    planned = first - script.days(2, 12)
    if planned <= person.joined:
        planned = first
    manager, director = staff.managers[unit.code][0].key, staff.directors[unit.code].key
    if not script.say(planned, "workload allocate", by=manager, last_day=last.isoformat(), **said):
        return
    project.staffed[person.key] = person
    if hard:
        person.booked[item] = (first, last, hours)
        if script.chance(unit.confirms):
            script.say(
                planned + script.days(1, 6), "workload confirm", person=person.key, allocation=item,
                confirmed_by=director, by=director,
            )  # fmt: skip
    _follow(script, project, person, last, said, manager)


def _follow(script: Script, project: Project, person: Person, last: date, said: dict[str, Any], manager: str) -> None:
    """The plan follows the project: it is prolonged, or released early."""
    ended, item = project.ended, said["allocation"]
    if ended < last:
        reason: dict[str, Any] = {"reason": "The project ended."} if script.chance(0.3) else {}
        script.say(
            ended, "workload release", person=person.key, allocation=item, last_day=ended.isoformat(), by=manager,
            **reason,
        )  # fmt: skip
        if item in person.booked and ended <= script.last_day:
            person.booked[item] = (person.booked[item][0], ended, person.booked[item][2])
        return
    moved = last - timedelta(days=10)
    if ended <= last + timedelta(days=5) or moved <= project.started or moved > script.last_day:
        return
    hours = Decimal(said["weekly_hours"])
    if said["hard"]:
        over = hours + person.peak(project.started, ended, without=item) > person.weekly_hours
        person.booked[item] = (project.started, ended, hours)
        said = said | ({"at_risk": "The work is not done yet."} if over else {})
    script.say(moved, "workload revise", by=manager, **(said | {"last_day": ended.isoformat()}))


def log_hours(script: Script, projects: list[Project], staff: Staff, weeks: int) -> None:
    """The timesheets of the last weeks of everybody who was planned for something."""
    monday = script.last_day - timedelta(days=script.last_day.weekday())
    for back in range(weeks, 0, -1):
        week = monday - back * _WEEK
        for person in staff.everybody:
            working = [p for p in projects if person.key in p.staffed and p.started <= week + _WEEK and p.ended > week]
            if working and person.is_there(week):
                _week(script, week, person, working, staff)


def _week(script: Script, monday: date, person: Person, working: list[Project], staff: Staff) -> None:
    rng, unit = script.random, person.unit
    # whoever has several projects works on one of them a day, so that no week is longer than people can bear
    daily = float(person.weekly_hours) / 5 * (1.15 if unit.overbooks else 0.88)
    entered = monday + timedelta(days=_FRIDAY)
    for weekday in range(5):
        day = monday + timedelta(days=weekday)
        project = working[weekday % len(working)]
        if person.is_away(day) or not project.started <= day <= project.ended:
            continue
        hours = min(12.0, max(1.0, round(rng.gauss(daily, 0.7) * 4) / 4))
        said: dict[str, Any] = {"person": person.key, "project": project.code, "day": day.isoformat(), "by": person.key}
        script.say(day, "timesheet log", late=(entered - day).days, hours=str(hours), **said)
        if script.chance(0.004):
            script.say(
                day, "timesheet log", late=(entered - day).days + 6, hours=str(hours - 1), reason="Typed wrongly.",
                **said,
            )  # fmt: skip
    if script.chance(0.04):
        return
    submitted = monday + script.days(*unit.submits_after) + timedelta(days=_FRIDAY - 3)
    week: dict[str, Any] = {"person": person.key, "week_of": monday.isoformat()}
    script.say(submitted, "timesheet submit", by=person.key, **week)
    if script.chance(0.8):
        director = staff.directors[unit.code].key
        script.say(submitted + timedelta(days=3), "timesheet approve", decided_by=director, by=director, **week)
