"""From resources and assignments to people, roles, planned hours by week and worked hours by day."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from schemas.streams import slug_key
from services.importers.msproject.mapping import Mapping
from services.importers.msproject.reader import Plan
from services.importers.msproject.rows import Assignment, Exempt, Resource
from services.importers.msproject.wanted import Fault, Ignored, Person, Wanted
from services.shown import said_of

KEY_PREFIX = "msproject:"
_WEEK_HOURS = Decimal(168)
_DAY_HOURS = Decimal(24)
_DEFAULT_WEEK = 40.0
_AROUND, _LONGEST = dt.timedelta(days=366), dt.timedelta(days=30 * 366)
FIRST_YEAR, LAST_YEAR = 1900, 2299
_MOST = 1e6
_PLACES, _ONE = Decimal("0.0001"), Decimal(1)
_MANY = 2.0
_NAME_LENGTH = 500


class Assigned(NamedTuple):
    """An assignment with the key of its person, or the name of its role; neither where the resource is rejected."""

    person: str | None
    role: str | None
    assignment: Assignment


def exact(number: float) -> Decimal:
    """A float to four decimals, without needless zeros."""
    rounded = Decimal(number).quantize(_PLACES)
    return rounded.quantize(_ONE) if rounded == rounded.to_integral_value() else rounded.normalize()


def interpret_people(wanted: Wanted, plan: Plan, mapping: Mapping) -> dict[int, list[Assigned]]:
    """Fills people, roles and hours; gives the assignments that are taken, by their task's UID."""
    resources = _Resources(wanted, plan, mapping)
    by_task: dict[int, list[Assigned]] = defaultdict(list)
    untimed = 0
    tasks = {task.uid: task for task in plan.tasks}
    hours: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
    loads: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
    demand: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
    for assignment in plan.assignments:
        row = f"assignment UID {assignment.uid} (task UID {assignment.task})"
        task = tasks.get(assignment.task)
        if reason := _left_out(assignment, resources):
            wanted.ignored.append(Ignored(row, reason))
            continue
        if task is not None and (task.is_null or not task.active or task.external):
            wanted.ignored.append(Ignored(row, "its task is left out"))
            continue
        assert assignment.resource is not None
        person, role = resources.people.get(assignment.resource), resources.roles.get(assignment.resource)
        if fault := _wrong(assignment, row, wanted.today):
            wanted.rejected.append(fault)
            if person:
                wanted.unsure_people.add(person)
            wanted.is_unsure |= person is None
            continue
        by_task[assignment.task].append(Assigned(person, role, assignment))
        wanted.assignment_rows[row] = (person, role)
        of, whose = (loads, person) if person else (demand, role)
        assert whose
        for each in assignment.days:
            of[whose, each.day - dt.timedelta(days=each.day.weekday())] += exact(each.hours)
        if person:
            days = [each.day for each in assignment.days]
            if days:
                wanted.first_days[person] = min(days[0], wanted.first_days.get(person, days[0]))
            for each in assignment.worked:
                hours[person, each.day] += exact(each.hours)
            untimed += bool(assignment.actual_work) and not assignment.timephased
    if untimed:
        they = said_of(untimed, "assignment", "has", "have")
        wanted.notes.append(f"{they} hours worked, but not by day: no timesheet is made of these")
    _keep(wanted, hours, loads, demand)
    resources.unused_roles()
    return by_task


def _left_out(assignment: Assignment, resources: "_Resources") -> str | None:
    if assignment.resource is None:
        return "nobody is assigned"
    if assignment.resource not in resources.people and assignment.resource not in resources.roles:
        return "its resource is left out"
    if not assignment.work:
        return "no work is assigned"
    if not assignment.start or not assignment.finish:
        return "it has no days"
    return None


def _wrong(assignment: Assignment, row: str, today: dt.date) -> Fault | None:
    start, finish = assignment.start, assignment.finish
    assert start and finish
    for name, moment in (("Start", start), ("Finish", finish)):
        if not FIRST_YEAR < moment.year < LAST_YEAR:
            return Fault(row, name, moment.isoformat(), "is no day that a plan can have")
    if finish < start:
        return Fault(row, "Finish", finish.isoformat(), f"lies before its Start, {start.isoformat()}")
    if not assignment.days:
        return Fault(row, "Finish", finish.isoformat(), "makes it longer than 30 years")
    numbers = {"Work": assignment.work, "ActualWork": assignment.actual_work, "Units": assignment.units}
    for name, number in numbers.items():
        if number is not None and not 0 <= number <= _MOST:
            return Fault(row, name, f"{number:g}", "is less than nothing or more than can be")
    ahead = [each for each in assignment.worked if each.day > today]
    if ahead:
        return Fault(row, "ActualWork", ahead[0].day.isoformat(), "is a day to come, and work on it is not done yet")
    wrong = next((each for each in (*assignment.days, *assignment.worked) if not 0 <= each.hours <= _MOST), None)
    return Fault(row, "TimephasedData", f"{wrong.hours:g}", f"hours on {wrong.day} cannot be") if wrong else None


def _keep(
    wanted: Wanted,
    hours: dict[tuple[str, dt.date], Decimal],
    loads: dict[tuple[str, dt.date], Decimal],
    demand: dict[tuple[str, dt.date], Decimal],
) -> None:
    """What a day and a week can have; more of one person is cut and said."""
    for (person, day), worked in sorted(hours.items()):
        if worked > _DAY_HOURS:
            wanted.notes.append(f"{worked:f} hours of one person on {day} are cut to 24")
        wanted.hours[person, day] = min(worked, _DAY_HOURS)
    for (person, monday), planned in sorted(loads.items()):
        if planned > _WEEK_HOURS:
            wanted.notes.append(f"{planned:f} planned hours of one person in the week of {monday} are cut to 168")
        wanted.loads[person, monday] = min(planned, _WEEK_HOURS)
    wanted.demand.update(sorted(demand.items()))


class _Resources:
    """Who and what the resources are."""

    def __init__(self, wanted: Wanted, plan: Plan, mapping: Mapping) -> None:
        self.people: dict[int, str] = {}
        self.roles: dict[int, str] = {}
        self._wanted, self._mapping = wanted, mapping
        self._known = {name.casefold(): key for name, key in mapping.people.items()}
        self._roles = {name.casefold() for name in mapping.roles}
        self._guids = {r.guid for r in plan.resources if r.guid}
        self._span = _span(plan, wanted.day)
        self._assigned = {a.resource for a in plan.assignments if a.work}
        for resource in plan.resources:
            self._take(resource)

    def _take(self, resource: Resource) -> None:
        row = f"resource UID {resource.uid}"
        wanted = self._wanted
        if resource.is_null:
            wanted.ignored.append(Ignored(row, "an empty row"))
        elif not resource.name:
            wanted.ignored.append(Ignored(row, "a resource without a name"))
        elif resource.kind != "work":
            wanted.ignored.append(Ignored(row, f"a {resource.kind} resource, and no person"))
        elif self._is_role(resource):
            self.roles[resource.uid] = resource.name[:_NAME_LENGTH]
            wanted.role_rows[row] = resource.name[:_NAME_LENGTH]
        else:
            key = self._key(resource)
            if key in wanted.people:
                wanted.ignored.append(Ignored(row, f"the same person as {wanted.people[key].row}"))
            else:
                wanted.people[key] = self._person(resource, row)
            self.people[resource.uid] = key

    def unused_roles(self) -> None:
        """Leaves out roles and teams that no task needs: of them nothing can be recorded."""
        for row, name in list(self._wanted.role_rows.items()):
            if not any(role == name for role, _ in self._wanted.demand):
                del self._wanted.role_rows[row]
                self._wanted.ignored.append(Ignored(row, "a role or team that no task needs"))

    def _is_role(self, resource: Resource) -> bool:
        """Whether it is a role or a team: said so, or more of it than one person can be."""
        if resource.generic or (resource.name or "").casefold() in self._roles:
            return True
        return any(step.units >= _MANY or step.units * (resource.week or 0) > _WEEK_HOURS for step in resource.units)

    def _key(self, resource: Resource) -> str:
        own = (resource.email, resource.account, resource.guid, resource.code, resource.name)
        for name in own:
            if name and name.casefold() in self._known:
                return self._known[name.casefold()]
        said = resource.email or resource.account or resource.guid
        return f"{KEY_PREFIX}{said or f'{self._wanted.key}/{resource.code or resource.uid}'}"

    def _person(self, resource: Resource, row: str) -> Person:
        week = resource.week if resource.week else _DEFAULT_WEEK
        steps: list[tuple[dt.date | None, Decimal]] = []
        for step in sorted(resource.units, key=lambda each: each.start or dt.datetime.min):
            hours = min(exact(max(0.0, week * step.units)), _WEEK_HOURS)
            begins = step.start.date() if step.start else None
            if not steps:
                begins = None
            if not steps or steps[-1][1] != hours:
                steps.append((begins, hours))
        later = [step for step in steps if step[0] and step[0] > self._wanted.day]
        if later:
            self._wanted.notes.append(
                f"{row}: its units from {later[0][0]} on lie after the file's day and are left out"
            )
        return Person(
            row=row,
            resource=resource,
            steps=tuple(step for step in steps if step not in later) or ((None, exact(week)),),
            absences=_absences(resource, self._span, self._wanted.key),
            hard=not resource.proposed,
        )


def _span(plan: Plan, day: dt.date) -> tuple[dt.date, dt.date]:
    """The days around the plan of which absences are taken: calendars repeat theirs for decades."""
    starts = (task.start.date() for task in plan.tasks if task.start)
    finishes = (task.finish.date() for task in plan.tasks if task.finish)
    return (
        max(min(starts, default=day), day - _LONGEST) - _AROUND,
        min(max(*finishes, day, day), day + _LONGEST) + _AROUND,
    )


def _absences(
    resource: Resource, span: tuple[dt.date, dt.date], project: str
) -> dict[str, tuple[dt.date, dt.date, Decimal]]:
    """The days off of a resource's calendar by a name that stays: days of its own count before those it is based on."""
    found: dict[str, tuple[dt.date, dt.date, Decimal]] = {}
    taken: set[dt.date] = set()
    for exempt in resource.exempt:
        first, last = max(exempt.first_day, span[0]), min(exempt.last_day, span[1])
        if first > last:
            continue
        days = {first + dt.timedelta(days=n) for n in range((last - first).days + 1)}
        if not days & taken and (share := _share(exempt, days, resource.days)):
            found[slug_key(f"{project}.{exempt.first_day}")] = (exempt.first_day, min(exempt.last_day, span[1]), share)
        taken |= days
    return found


def _share(exempt: Exempt, days: Iterable[dt.date], week: tuple[float, ...]) -> Decimal | None:
    """The part of a working day that is off; None where no working day is, or more is worked than in other weeks."""
    usual = max((week[day.weekday()] for day in days), default=0.0) if week else 0.0
    if not usual or exempt.hours >= usual:
        return None
    return Decimal(1 - exempt.hours / usual).quantize(_PLACES)
