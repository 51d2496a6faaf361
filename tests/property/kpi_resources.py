"""Net capacity, plans, demand and hours worked out in plain Python, day by day, and the KPIs and loads on them."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import holidays

from tests.property.folds import allocation, get, happened, last
from tests.property.folds_more import placeholder
from tests.property.slow import Question, Records, Row, days, is_here, parts, project_state, role_of, skills_of, unit_of

NONE, ONE = Fraction(0), Fraction(1)
WEEK = dt.timedelta(days=6)


class Hours(NamedTuple):
    """A person's hours in a week: planned up to the end of the projects, and after it."""

    hard: Fraction = NONE
    soft: Fraction = NONE
    is_planned: bool = False
    after_hard: Fraction = NONE
    after_soft: Fraction = NONE
    is_planned_after: bool = False


class Need(NamedTuple):
    stream: str
    unit: str
    role: str
    skill: str
    monday: dt.date
    hours: Fraction
    excluded: str


def country_of(question: Question, person: Records) -> str:
    """The person's own, else the nearest unit's above that has one."""
    own, unit = get(last(person, "joined"), "country")[0], unit_of(person)
    for _ in range(20):
        if own or not unit:
            break
        registered = last(question.by_kind["business-unit"].get(f"business-unit:{unit}", []), "registered")
        unit, own = get(registered, "parent", "country")
    return own or ""


def working_days(question: Question, country: str, year_days: list[dt.date]) -> tuple[set[dt.date], int]:
    """Which of these days are worked on, and how many of a usual week."""
    weekend, off = {5, 6}, set[dt.date]()
    code, _, part = country.partition("-")
    if country:
        known = holidays.country_holidays(code, subdiv=part or None, years=(2026,))
        weekend, off = set(known.weekend), set(known)
    more: set[dt.date] = set()
    for name in {country, code} - {""}:
        said = get(last(question.by_kind["setting"].get(f"setting:CALENDAR.{name}", []), "set"), "value")[0]
        value = json.loads(said) if said else {}
        off |= {dt.date.fromisoformat(day) for day in value.get("days_off", ())}
        more |= {dt.date.fromisoformat(day) for day in value.get("working_days", ())}
    return {d for d in year_days if d in more or (d.weekday() not in weekend and d not in off)}, 7 - len(weekend)


def spoken_of(question: Question) -> dt.date:
    """The Monday of the first week that any timesheet or allocation speaks of, at least that of the as-of day."""
    told = [dt.date.fromisocalendar(2026, int(s[-2:]), 1) for s in question.by_kind["timesheet"]]
    plans = [r for s in question.by_kind["workload"].values() for r in s if get(r, "first_day")[0]]
    told += [day - dt.timedelta(days=day.weekday()) for (day,) in (get(r, "first_day") for r in plans)]
    return min([*told, question.as_of - dt.timedelta(days=question.as_of.weekday())])


@cache
def capacity(question: Question) -> dict[tuple[str, dt.date], Fraction]:
    """Net hours of each person in each week of the period on a day of which they are here."""
    found: dict[tuple[str, dt.date], Fraction] = {}
    weeks = [m for m in question.weeks() if m >= spoken_of(question)]
    if not weeks:
        return found
    for person, told in question.people.items():
        worked, usual = working_days(question, country_of(question, told), days(weeks[0], weeks[-1] + WEEK))
        away = [last(r, "absence-planned", "absence-cancelled") for r in parts(told).values()]
        absences = [get(r, "first_day", "last_day", "share") for r in away if r and happened(r) == "absence-planned"]
        contracts = [
            (question.local(r), *get(r, "weekly_hours")) for r in told if happened(r) in ("joined", "hours-changed")
        ]
        for monday in weeks:
            here = [day for day in days(monday, monday + WEEK) if is_here(question, told, day)]
            hours = NONE
            for day in here:
                weekly = [hours for since, hours in contracts if since <= day][-1]
                gone = sum((Fraction(share) for first, end, share in absences if first <= day <= end), NONE)
                if day in worked:
                    hours += Fraction(weekly) / usual * (1 - min(ONE, gone))
            if here:
                found[person, monday] = hours
    return found


def covered(first: dt.date, end: dt.date, monday: dt.date) -> list[dt.date]:
    """The days from Monday to Friday of a week that lie between two days."""
    return [d for d in days(monday, monday + dt.timedelta(days=4)) if first <= d <= end]


@cache
def planned(question: Question) -> dict[tuple[str, dt.date], Hours]:
    found: dict[tuple[str, dt.date], Hours] = defaultdict(Hours)
    for stream, told in question.by_kind["workload"].items():
        for records in parts(told).values():
            booked = allocation(records)
            if booked is None:
                continue
            code, first, end, weekly, hard = booked[:5]
            status, over = project_state(question, code)[2:]
            for monday in question.weeks():
                on = covered(first, end, monday)
                after = [d for d in on if over and (d > over or status == "withdrawn")]
                if not on:
                    continue
                before, later = Fraction(weekly) * (len(on) - len(after)) / 5, Fraction(weekly) * len(after) / 5
                old = found[stream[9:], monday]
                found[stream[9:], monday] = Hours(
                    old.hard + before * hard, old.soft + before * (not hard), old.is_planned or len(after) < len(on),
                    old.after_hard + later * hard, old.after_soft + later * (not hard),
                    old.is_planned_after or bool(after),
                )  # fmt: skip
    return found


def worked(question: Question) -> Iterator[tuple[str, dt.date, bool, list[Fraction]]]:
    """Person, week, whether it is submitted, and the hours of each entry as corrected."""
    for stream, told in question.by_kind["timesheet"].items():
        entries = [last(records, "hours-logged", "hours-corrected") for records in parts(told).values()]
        hours = [Fraction(get(r, "hours")[0]) for r in entries if r]
        monday = dt.date.fromisocalendar(2026, int(stream[-2:]), 1)
        yield stream[10:].split("/")[0], monday, last(told, "submitted") is not None, hours


@cache
def demand(question: Question) -> list[Need]:
    found = []
    for stream, told in question.by_kind["demand"].items():
        code = stream[7:]
        unit, _, status, over = project_state(question, code)
        for monday in question.weeks():
            open_: list[tuple[Fraction, str, str | None, str, str]] = []
            for name, records in parts(told).items():
                held = placeholder(records)
                if held is None or held[3] is None:
                    continue
                role, skill, group, first, end, weekly = held[:6]
                if on := covered(first, end, monday):
                    open_.append((Fraction(weekly) * len(on) / 5, name, group, role, skill or ""))
            for hours, name, group, role, skill in open_:
                rivals = [(-h, n) for h, n, g, _, _ in open_ if g == group]
                excluded = f"project {status}" if over else ""
                if not over and group is not None and min(rivals) != (-hours, name):
                    excluded = "alternative of an option group"
                found.append(Need(stream, unit, role, skill, monday, hours, excluded))
    return found


def _who(question: Question, person: str, is_counted: bool) -> tuple[str, str, str]:
    told = question.people.get(person, []) if is_counted else []
    return unit_of(told), role_of(told), skills_of(told)


def utilization(question: Question) -> list[Row]:
    ended = question.as_of - WEEK
    net = {key: hours for key, hours in capacity(question).items() if key[1] <= ended}
    mondays = [monday for monday in question.weeks() if monday <= ended]
    sheets = {
        (who, monday): sum(hours, NONE)
        for who, monday, submitted, hours in worked(question)
        if submitted and monday in mondays
    }
    found = []
    for person, monday in {**net, **sheets}:
        key = person, monday
        excluded = "not here that week" if key not in net else "" if key in sheets else "no timesheet submitted"
        if excluded == "no timesheet submitted" and not net[key]:
            continue
        unit, role, _ = _who(question, person, key in net)
        found.append(
            Row(unit, f"person:{person}", (role, str(monday)), excluded, sheets.get(key, NONE), net.get(key, NONE))
        )
    return found


def _load(question: Question, *, with_soft: bool) -> list[Row]:
    net, plans, found = capacity(question), planned(question), []
    for person, monday in {**net, **plans}:
        key = person, monday
        plan, hours = plans.get(key, Hours()), net.get(key, NONE)
        unit, role, skills = _who(question, person, key in net)
        counted, after = plan.hard + plan.soft * with_soft, plan.after_hard + plan.after_soft * with_soft
        at = unit, f"person:{person}", (role, skills, str(monday))
        if counted or hours:
            found.append(Row(*at, "" if key in net else "not here that week", counted, hours))
        if after:
            found.append(Row(*at, "project ended", after, NONE))
    return found


def committed_load(question: Question) -> list[Row]:
    return _load(question, with_soft=False)


def forecast_load(question: Question) -> list[Row]:
    needs = [
        Row(n.unit, n.stream, (n.role, n.skill, str(n.monday)), n.excluded, n.hours, NONE) for n in demand(question)
    ]
    return _load(question, with_soft=True) + needs


def over_allocated(question: Question) -> list[Row]:
    net, found = capacity(question), []
    for key, plan in planned(question).items():
        unit, role, _ = _who(question, key[0], key in net)
        at = unit, f"person:{key[0]}", (role, str(key[1]))
        if plan.is_planned:
            is_over = plan.hard + plan.soft > net.get(key, NONE)
            found.append(Row(*at, "" if key in net else "not here that week", Fraction(is_over), ONE))
        if plan.is_planned_after:
            found.append(Row(*at, "project ended", NONE, ONE))
    return found


def unmet_demand(question: Question) -> list[Row]:
    return [Row(n.unit, n.stream, (n.role, n.skill, str(n.monday)), n.excluded, n.hours, ONE) for n in demand(question)]


def forecasts(question: Question) -> Iterator[tuple[Row, Fraction, Fraction]]:
    """Each submitted person-week, the hours worked, and the hours planned as known four weeks before."""
    for person, monday, submitted, entries in worked(question):
        if not submitted or monday not in question.weeks() or monday + WEEK > question.as_of:
            continue
        cut = question.midnight(monday - dt.timedelta(days=27)) - dt.timedelta(milliseconds=1)
        known = question.told(question.streams.get(f"workload:{person}", []), cut.astimezone(dt.UTC))
        plan = NONE
        for records in parts(known).values():
            if booked := allocation(records):
                plan += Fraction(booked[3]) * len(covered(booked[1], booked[2], monday)) / 5
        unit, role, _ = _who(question, person, True)
        excluded = "" if person in question.people else "never joined"
        yield Row(unit, f"person:{person}", (role, str(monday)), excluded, NONE, plan), sum(entries, NONE), plan


def forecast_accuracy(question: Question) -> list[Row]:
    return [row._replace(numerator=plan - abs(hours - plan)) for row, hours, plan in forecasts(question)]


def forecast_bias(question: Question) -> list[Row]:
    return [row._replace(numerator=hours - plan) for row, hours, plan in forecasts(question)]


LOADS = ("net", "hard", "soft", "placeholders", "actual", "after_end")
_Load = tuple[str, str, tuple[str, ...], str, dt.date, dict[str, Fraction]]


def _loads(question: Question) -> Iterator[_Load]:
    def of(person: str) -> tuple[str, str, tuple[str, ...], str]:
        unit, role, skills = _who(question, person, True)
        return unit, role, tuple(filter(None, skills.split(","))), person

    for (person, monday), hours in capacity(question).items():
        yield *of(person), monday, {"net": hours}
    for (person, monday), plan in planned(question).items():
        after = plan.after_hard + plan.after_soft
        yield *of(person), monday, {"hard": plan.hard, "soft": plan.soft, "after_end": after}
    for need in demand(question):
        if not need.excluded:
            skills = (need.skill,) if need.skill else ()
            yield need.unit, need.role, skills, "", need.monday, {"placeholders": need.hours}
    mondays = question.weeks()
    for person, monday, _, entries in worked(question):
        if monday in mondays and entries:
            yield *of(person), monday, {"actual": sum(entries, NONE)}


def loads(question: Question, by: str, every: str) -> dict[tuple[str, dt.date], dict[str, Fraction]]:
    """`pmo capacity`: the hours of each group and week or month."""
    found: dict[tuple[str, dt.date], dict[str, Fraction]] = defaultdict(lambda: dict.fromkeys(LOADS, NONE))
    for unit, role, skills, person, monday, hours in _loads(question):
        groups = {"unit": (unit,), "role": (role,), "skill": skills or ("",), "person": (person,)}[by]
        start = monday if every == "week" else (monday + dt.timedelta(days=3)).replace(day=1)
        for group in groups:
            for name, amount in hours.items():
                found[group or "(none)", start][name] += amount
    return found


RECOMPUTED = {
    "utilization": utilization, "committed-load": committed_load, "forecast-load": forecast_load,
    "over-allocated": over_allocated, "unmet-demand": unmet_demand, "forecast-accuracy": forecast_accuracy,
    "forecast-bias": forecast_bias,
}  # fmt: skip
