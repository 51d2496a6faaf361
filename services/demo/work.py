"""Who of the simulated company works on what: allocations, firm and pencilled in, and the hours of the last weeks."""

import heapq
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from services.demo.fates import Project
from services.demo.people import Person, Staff
from services.demo.script import Script

_SHARES = (Decimal(8), Decimal(12), Decimal(16), Decimal(20))
_OVERBOOKED = (Decimal(20), Decimal(24), Decimal(28))
_FRIDAY = 4
_WEEK = timedelta(days=7)


class _Planner:
    """Plans day by day, since what a rule allows depends on all that was planned before."""

    def __init__(self, script: Script, staff: Staff) -> None:
        self._script = script
        self._staff = staff
        self._due: list[tuple[date, int, Callable[[date], None]]] = []
        self._number = 0

    def at(self, day: date, action: Callable[[date], None]) -> None:
        """Lets `action` happen on a day."""
        self._number += 1
        heapq.heappush(self._due, (self._script.workday(day), self._number, action))

    def run(self) -> None:
        """Lets everything happen."""
        while self._due and self._due[0][0] <= self._script.last_day:
            day, _, action = heapq.heappop(self._due)
            action(day)

    def team_up(self, project: Project, today: date) -> None:
        """Plans people for a project, the least booked first."""
        first, rng = project.started, self._script.random
        last = max(project.planned.finish, first + timedelta(days=30))
        candidates = self._staff.team(project.unit.code, first)
        if project.unit.overbooks:
            # everybody asks for the same few
            candidates = candidates[: max(3, len(candidates) // 3)]
        rng.shuffle(candidates)
        candidates.sort(key=lambda p: p.peak(first, last))
        for person in candidates[: project.team]:
            if person.joined < today:
                self._allocate(project, person, last, today)

    def _allocate(self, project: Project, person: Person, last: date, today: date) -> None:
        script, unit, first, item = self._script, project.unit, project.started, project.code
        hours = script.random.choice(_OVERBOOKED if unit.overbooks else _SHARES)
        is_over = hours > person.weekly_hours - person.peak(first, last)
        hard = not is_over or unit.overbooks
        said: dict[str, Any] = {
            "person": person.key,
            "allocation": item,
            "project": project.code,
            "first_day": first.isoformat(),
            "weekly_hours": str(hours),
            "hard": hard,
            "by": self._staff.managers[unit.code][0].key,
        }
        risk: dict[str, Any] = {"at_risk": "The date was promised to the customer."} if hard and is_over else {}
        script.say(today, "workload allocate", last_day=last.isoformat(), **said, **risk)
        project.staffed[person.key] = person
        project.booked_on[person.key] = today
        if hard:
            person.booked[item] = (first, last, hours)
            if script.chance(unit.confirms):
                director = self._staff.directors[unit.code].key
                script.say(
                    today + script.days(1, 6), "workload confirm", person=person.key, allocation=item,
                    confirmed_by=director, by=director,
                )  # fmt: skip
        ended = project.ended
        if ended < last:
            self.at(ended, lambda day: self._release(project, person, said, day))
        elif ended > last + timedelta(days=5) and last - timedelta(days=10) > max(first, today):
            self.at(last - timedelta(days=10), lambda day: self._prolong(project, person, said, day))

    def _release(self, project: Project, person: Person, said: dict[str, Any], today: date) -> None:
        reason: dict[str, Any] = {"reason": "The project ended."} if self._script.chance(0.3) else {}
        item, ended = project.code, project.ended
        self._script.say(
            today, "workload release", person=person.key, allocation=item, last_day=ended.isoformat(), by=said["by"],
            **reason,
        )  # fmt: skip
        if item in person.booked:
            first, _, hours = person.booked[item]
            person.booked[item] = (first, ended, hours)

    def _prolong(self, project: Project, person: Person, said: dict[str, Any], today: date) -> None:
        if today >= person.left:
            return
        item, first, ended = project.code, project.started, project.ended
        hours = Decimal(said["weekly_hours"])
        over = said["hard"] and hours + person.peak(first, ended, without=item) > person.weekly_hours
        risk: dict[str, Any] = {"at_risk": "The work is not done yet."} if over else {}
        if said["hard"]:
            person.booked[item] = (first, ended, hours)
        self._script.say(today, "workload revise", last_day=ended.isoformat(), **said, **risk)


def staff_projects(script: Script, projects: list[Project], staff: Staff) -> None:
    """Plans people for each project; one unit books more than they have."""
    planner = _Planner(script, staff)
    for project in projects:
        planner.at(project.started - script.days(4, 12), partial(planner.team_up, project))
    planner.run()


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
