"""The people of the simulated company: who joins, moves, is away and leaves, and what they learn."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.demo.script import Script
from services.demo.world import (
    ANALYST,
    COURSES,
    DIRECTOR,
    FIRST_NAMES,
    LAST_NAMES,
    MANAGER,
    ROLES,
    SKILLS,
    CoursePlan,
    UnitPlan,
)

FULL_TIME = Decimal(40)
_PART_TIME = (Decimal(20), Decimal(24), Decimal(30), Decimal(32))
_NEVER = date.max
_LAPSED_FOR = timedelta(days=500)


@dataclass(slots=True)
class Person:
    """Somebody, by the staff number; `booked` holds the hard allocations (first, last, hours a week)."""

    key: str
    unit: UnitPlan
    role: str
    weekly_hours: Decimal
    joined: date
    level: int = 3
    left: date = _NEVER
    away: list[tuple[date, date]] = field(default_factory=list)
    booked: dict[str, tuple[date, date, Decimal]] = field(default_factory=dict)

    def is_there(self, day: date) -> bool:
        """Whether the person works here on that day, away or not."""
        return self.joined <= day < self.left

    def is_away(self, day: date) -> bool:
        """Whether the person is absent."""
        return any(first <= day <= last for first, last in self.away)

    def peak(self, first: date, last: date, without: str = "") -> Decimal:
        """The most hours a week that are booked on any day between."""
        held = [b for item, b in self.booked.items() if item != without and b[0] <= last and b[1] >= first]
        edges = {max(first, b[0]) for b in held}
        return max((sum((b[2] for b in held if b[0] <= day <= b[1]), Decimal(0)) for day in edges), default=Decimal(0))


@dataclass(slots=True)
class Staff:
    """All people, and those whom projects need by name."""

    everybody: list[Person]
    directors: dict[str, Person]
    managers: dict[str, list[Person]]
    frozen_manager: Person
    """The one whose reports never change."""

    def team(self, unit: str, day: date) -> list[Person]:
        """Those of a unit who can be booked on a day."""
        leading = (DIRECTOR, MANAGER)
        return [p for p in self.everybody if p.unit.code == unit and p.role not in leading and p.is_there(day)]


def hire(script: Script, start: date, units: tuple[UnitPlan, ...], scale: float) -> Staff:
    """Lets everybody join, most of them at the beginning, and some of them leave."""
    rng = script.random
    names = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(names)
    everybody: list[Person] = []
    directors: dict[str, Person] = {}
    managers: dict[str, list[Person]] = {}
    for unit in units:
        count = max(8, round(unit.people * scale))
        managing = max(2, round(unit.projects * scale / 5))
        for number in range(count):
            role = DIRECTOR if number == 0 else MANAGER if number <= managing else rng.choice(ROLES[unit.code])
            is_leading = number <= managing
            early = is_leading or script.chance(0.75)
            joined = start if early else start + script.days(30, (script.last_day - start).days - 40)
            hours = rng.choice(_PART_TIME) if not is_leading and script.chance(0.18) else FULL_TIME
            level = 12 if role == DIRECTOR else rng.randint(2, 9)
            person = Person(f"MW-{len(everybody) + 1:04}", unit, role, hours, joined, level)
            everybody.append(person)
            _join(script, person, names[len(everybody)])
            if role == DIRECTOR:
                directors[unit.code] = person
            elif role == MANAGER:
                managers.setdefault(unit.code, []).append(person)
            else:
                _later_life(script, person)
            _absences(script, person)
    return Staff(everybody, directors, managers, managers["OPS"][0])


def _join(script: Script, person: Person, name: str) -> None:
    rng = script.random
    known = SKILLS[person.role]
    script.say(
        person.joined,
        "person join",
        person=person.key,
        unit=person.unit.code,
        role=person.role,
        skills=rng.sample(known, k=min(len(known), rng.randint(1, 2))),
        weekly_hours=str(person.weekly_hours),
        career_level=person.level,
        country=person.unit.country,
        work_mode=rng.choice(("office", "hybrid", "remote")),
        name=name,
        email=f"{name.lower().replace(' ', '.')}@meridian.example",
    )


def _later_life(script: Script, person: Person) -> None:
    """Leaving, other hours, another role: what changes after joining."""
    rng, known = script.random, (script.last_day - person.joined).days
    if known < 300:
        return
    day = person.joined + script.days(200, known)
    what = rng.random()
    if what < 0.11:
        voluntary = script.chance(0.7)
        if script.say(day, "person leave", person=person.key, voluntary=voluntary, late=rng.choice((0, 0, 3))):
            person.left = day
    elif what < 0.17:
        hours = rng.choice((*_PART_TIME, FULL_TIME))
        if hours >= person.weekly_hours:  # fewer would make plans that were in order exceed the contract
            script.say(day, "person change-hours", person=person.key, weekly_hours=str(hours))
    elif what < 0.19:
        script.say(day, "person move", person=person.key, unit="RND" if person.unit.code == "OPS" else "OPS")
    elif what < 0.26:
        script.say(day, "person change-role", person=person.key, role=person.role, career_level=rng.randint(6, 10))


def _absences(script: Script, person: Person) -> None:
    """One in the year before, one in the last weeks, some that are still to come; now and then one is cancelled."""
    rng, last_day = script.random, script.last_day
    spans = [(last_day - script.days(120, 365), 10), (last_day - script.days(5, 80), rng.choice((1, 2, 5)))]
    if script.chance(0.4):
        spans.append((last_day + script.days(7, 80), rng.choice((5, 10))))
    for number, (first, length) in enumerate(spans, 1):
        planned = min(first, last_day) - script.days(10, 40)
        if planned <= person.joined or planned >= person.left or script.chance(0.15):
            continue
        last = first + timedelta(days=length + length // 5 * 2 - 1)
        item = f"A{number}"
        script.say(
            planned, "person plan-absence", person=person.key, absence=item,
            first_day=first.isoformat(), last_day=last.isoformat(),
        )  # fmt: skip
        if script.chance(0.06):
            script.say(planned + timedelta(days=5), "person cancel-absence", person=person.key, absence=item)
        else:
            person.away.append((first, last))


def teach(script: Script, start: date, staff: Staff) -> None:
    """Courses, who must hold them, and who took them; one unit stopped renewing."""
    officer = staff.directors["PPL"].key
    for course in COURSES:
        opened = start + timedelta(days=30 * course.month)
        script.say(
            opened, "course define", course=course.code, title=course.title, hours=course.hours,
            valid_months=course.valid_months, provider="Meridian Academy", by=officer,
        )  # fmt: skip
        for number, role in enumerate(course.roles, 1):
            script.say(
                opened, "course require", course=course.code, requirement=f"R{number}", role=role, grace_days=90,
                by=officer,
            )  # fmt: skip
        for person in staff.everybody:
            if person.role in course.roles:
                _learn(script, course, person, max(opened, person.joined), officer)
    old = start + timedelta(days=20)
    script.say(old, "course define", course="FAX-USE", title="Using the fax", by=officer)
    script.say(old, "course require", course="FAX-USE", requirement="R1", role=ANALYST, by=officer)
    script.say(start + timedelta(days=400), "course not-require", course="FAX-USE", requirement="R1", by=officer)
    script.say(start + timedelta(days=420), "course retire", course="FAX-USE", reason="Nobody sends one.", by=officer)


def _learn(script: Script, course: CoursePlan, person: Person, opened: date, officer: str) -> None:
    """The first completion, and a renewal each time before it expires, mostly."""
    rng = script.random
    said: dict[str, Any] = {"person": person.key, "course": course.code}
    if script.chance(0.01):
        until = (opened + timedelta(days=900)).isoformat()
        script.say(
            opened + timedelta(days=15), "training exempt", until=until, decided_by=officer, by=officer,
            reason="Holds a similar certificate from an earlier employer.", **said,
        )  # fmt: skip
        return
    if script.chance(0.02):
        return
    day = opened + script.days(5, 85)
    if script.chance(0.2):
        script.say(opened + timedelta(days=3), "training enrol", due=(opened + timedelta(days=90)).isoformat(), **said)
    if script.chance(0.03):
        script.say(day - timedelta(days=2), "training fail", score="0.4", late=1, **said)
    lapsed_from = script.last_day - _LAPSED_FOR
    while day < min(script.until, person.left):
        if not person.unit.renews_training and day > lapsed_from and day > opened + timedelta(days=86):
            return
        done = script.say(
            day, "training complete", score=f"0.{rng.randint(70, 99)}", late=rng.choice((0, 0, 0, 1, 4)), by=officer,
            completed_on=day.isoformat(), **said,
        )  # fmt: skip
        if done and script.chance(0.004):
            script.say(
                day + timedelta(days=30), "training revoke", reason="The test was taken by somebody else.",
                decided_by=officer, by=officer, **said,
            )  # fmt: skip
        if course.valid_months is None or script.chance(0.03):
            return
        day += timedelta(days=course.valid_months * 30 - rng.randint(-5, 30))
