"""Net capacity and firm plans by week, said in plain Python for the checkers of controls over people's work."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import holidays
from controls_checkers import local_day, what
from controls_histories import days_between, last_by

from schemas.event import Record

WEEK = dt.timedelta(days=7)


@dataclass
class Office:
    """What capacity and load rest on beside the person: units, settings and projects by their key."""

    units: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    calendars: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    projects: Mapping[str, Sequence[Record]] = field(default_factory=dict)

    def country_of(self, unit: str | None) -> str | None:
        """The unit's own country, else that of the nearest unit above that has one."""
        passed: set[str] = set()
        while unit and unit in self.units and unit not in passed:
            passed.add(unit)
            registered: list[Any] = [r.event for r in self.units[unit] if what(r) == "registered"]
            if not registered:
                return None
            if registered[-1].country:
                return str(registered[-1].country)
            unit = registered[-1].parent
        return None

    def works(self, on: dt.date, country: str | None) -> bool:
        """Whether people of the country work on that day."""
        told: list[dict[str, list[str]]] = []
        for place in {country, (country or "").split("-")[0]} if known(country) else ():
            last: list[Any] = [r.event.value for r in self.calendars.get(place or "", ())][-1:]
            told += [json.loads(value) for value in last if value]
        if any(str(on) in each["working_days"] for each in told):
            return True
        off = any(str(on) in each["days_off"] for each in told)
        library = known(country)
        return not off and on.weekday() not in weekend(country) and not (library is not None and on in library)


@cache
def known(country: str | None) -> holidays.HolidayBase | None:
    """The library's calendar of the country."""
    code, _, part = (country or "").partition("-")
    try:
        return holidays.country_holidays(code, subdiv=part or None)
    except NotImplementedError:
        return None


@cache
def weekend(country: str | None) -> frozenset[int]:
    """Days of the week, Monday 0, that are off."""
    library = known(country)
    return frozenset({5, 6} if library is None else library.weekend)


def contract(person: Sequence[Record], on: dt.date) -> Fraction:
    """Weekly hours on that day; the day of leaving counts no more."""
    presence = last_by([r for r in person if what(r) in ("joined", "left")], on)
    terms = last_by([r for r in person if what(r) in ("joined", "hours-changed")], on)
    if presence is None or what(presence) == "left" or terms is None:
        return Fraction(0)
    event: Any = terms.event
    return Fraction(event.weekly_hours)


def net_capacity(person: Sequence[Record], office: Office, monday: dt.date) -> Fraction:
    """Contracted hours of the week's working days, less absence."""
    joined: list[Any] = [r.event for r in person if what(r) == "joined"]
    if not joined:
        return Fraction(0)
    home: list[Any] = [r.event for r in person if what(r) in ("joined", "moved")]
    country = joined[-1].country or office.country_of(home[-1].unit)
    away: dict[str, Record] = {r.event.part: r for r in person if what(r).startswith("absence-")}
    planned: list[Any] = [r.event for r in away.values() if what(r) == "absence-planned"]
    total = Fraction(0)
    for on in days_between(monday, monday + dt.timedelta(days=6)):
        if office.works(on, country):
            missing = sum(Fraction(a.share) for a in planned if a.first_day <= on <= a.last_day)
            total += contract(person, on) / (7 - len(weekend(country))) * max(0, 1 - missing)
    return total


@dataclass
class Plan:
    """An allocation as it is now: what was said last, and its last day after a release."""

    said: Record
    event: Any
    last_day: dt.date
    confirmed: Record | None


def plans(workload: Sequence[Record]) -> list[Plan]:
    """The person's allocations; one that was released before it began is none."""
    found = []
    for item in {r.event.part for r in workload}:
        own = [r for r in workload if r.event.part == item]
        said = [r for r in own if what(r) in ("allocation-planned", "allocation-revised")]
        if not said:
            continue
        event: Any = said[-1].event
        last = event.last_day
        releases: list[Any] = [r for r in own if what(r) == "allocation-released"]
        if releases and releases[-1].k > said[-1].k:
            last = min(last, releases[-1].event.last_day or dt.date.min)
        agreed = [r for r in own if what(r) == "allocation-confirmed" and r.k > said[-1].k]
        if last >= event.first_day:
            found.append(Plan(said[-1], event, last, agreed[-1] if agreed else None))
    return found


def monday_of(on: dt.date) -> dt.date:
    return on - dt.timedelta(days=on.weekday())


_STEPS = ("proposed", "approved", "started", "resumed", "reopened", "put-on-hold", "completed", "cancelled")
_ENDS = ("completed", "cancelled")


def ended_on(project: Sequence[Record]) -> dt.date:
    """The day on which the project ended: what is planned for later is no load."""
    steps = [r for r in project if what(r) in _STEPS]
    return local_day(steps[-1]) if steps and what(steps[-1]) in _ENDS else dt.date.max


def firm_weeks(
    workload: Sequence[Record], office: Office, as_of: dt.date
) -> dict[dt.date, tuple[Fraction, list[Record]]]:
    """Hours firmly planned in each week whose Thursday has come, with the plans behind them."""
    weeks: dict[dt.date, tuple[Fraction, list[Record]]] = {}
    for plan in plans(workload):
        last = min(plan.last_day, ended_on(office.projects[plan.event.project]))
        monday = monday_of(plan.event.first_day)
        while plan.event.hard and monday <= last and monday + dt.timedelta(days=3) <= as_of:
            days = [d for d in days_between(monday, monday + dt.timedelta(days=4)) if plan.event.first_day <= d <= last]
            if days and plan.event.weekly_hours:
                hours, behind = weeks.get(monday, (Fraction(0), []))
                weeks[monday] = hours + Fraction(plan.event.weekly_hours) * len(days) / 5, [*behind, plan.said]
            monday += WEEK
    return weeks
