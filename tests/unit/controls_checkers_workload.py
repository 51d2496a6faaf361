"""Obvious Python checkers of the controls over people's work: capacity, confirmations, timesheets, logged hours."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from controls_checkers import Found, local_day, may_precede, what
from controls_checkers_capacity import WEEK, Office, firm_weeks, net_capacity, plans

from schemas.event import Record

RUNS = ("started", "resumed", "reopened")
STEPS = ("proposed", "approved", *RUNS, "put-on-hold", "completed", "cancelled")


def overbooked_checker(
    workload: Sequence[Record], person: Sequence[Record], office: Office, as_of: dt.date
) -> list[Found]:
    """Control 13: nobody is booked over net capacity two weeks running."""
    runs: list[tuple[dt.date, bool, list[dt.date]]] = []
    booked = firm_weeks(workload, office, as_of)
    for monday in sorted(booked):
        net = net_capacity(person, office, monday)
        if not net:
            continue
        over = booked[monday][0] > net
        if runs and runs[-1][1] == over and runs[-1][2][-1] == monday - WEEK:
            runs[-1][2].append(monday)
        else:
            runs.append((monday, over, [monday]))
    return sorted(
        (
            max(booked[first][1], key=lambda r: r.version).event_id,
            "violated" if over and len(weeks) > 1 else "satisfied",
        )
        for first, over, weeks in runs
    )


def runs_from(project: Sequence[Record], first: dt.date) -> dt.date | None:
    """From which day the project runs, that day or later."""
    steps = [r for r in project if what(r) in STEPS]
    if not steps:
        # only what a source shows is known
        steps = [r for r in project if what(r) == "recorded" and getattr(r.event, "status", None)]
    going = [what(r) in RUNS or getattr(r.event, "status", None) == "running" for r in steps]
    by_then = [now for r, now in zip(steps, going, strict=True) if local_day(r) <= first]
    if by_then and by_then[-1]:
        return first
    return next((local_day(r) for r, now in zip(steps, going, strict=True) if now and local_day(r) > first), None)


def confirmation_checker(
    workload: Sequence[Record], projects: Mapping[str, Sequence[Record]], as_of: dt.date
) -> list[Found]:
    """Control 14: a hard allocation to a running project is confirmed by its first day."""
    found = []
    for plan in plans(workload):
        asked = max(plan.event.first_day, local_day(plan.said))
        # one that is planned only after its last day is held against its last day
        runs = runs_from(projects[plan.event.project], min(asked, plan.last_day))
        if not plan.event.hard or runs is None or runs > plan.last_day:
            continue
        due = max(asked, runs)
        if plan.confirmed:
            found.append((plan.said.event_id, "satisfied" if local_day(plan.confirmed) <= due else "cured late"))
        elif as_of > due:
            found.append((plan.said.event_id, "violated"))
    return sorted(found)


def timesheet_checker(
    workload: Sequence[Record],
    person: Sequence[Record],
    sheets: Mapping[dt.date, Sequence[Record]],
    office: Office,
    first_week: dt.date,
    as_of: dt.date,
) -> list[tuple[dt.date, str]]:
    """Control 15: a timesheet is submitted in the week after; by the weeks' Mondays."""
    found = []
    booked = firm_weeks(workload, office, as_of)
    for monday in sorted({*sheets, *booked}):
        sheet = sheets.get(monday, ())
        entries: dict[str, Any] = {r.event.part: r.event for r in sheet if what(r).startswith("hours-")}
        owed = sum(entry.hours for entry in entries.values()) > 0
        owed = owed or (monday in booked and net_capacity(person, office, monday) > 0)
        if not owed or monday < first_week:
            continue
        limit = monday + dt.timedelta(days=6 + 7)
        submitted = [local_day(r) for r in sheet if what(r) == "submitted"]
        if submitted:
            found.append((monday, "satisfied" if submitted[0] <= limit else "cured late"))
        elif as_of > limit:
            found.append((monday, "violated"))
    return found


def logged_checker(sheet: Sequence[Record], workload: Sequence[Record]) -> list[Found]:
    """Control 16: time is logged only against allocations."""
    found = []
    for item in {r.event.part for r in sheet if what(r).startswith("hours-")}:
        entries: list[Any] = [r for r in sheet if what(r).startswith("hours-") and r.event.part == item]
        entry = entries[-1].event
        if not entry.hours:
            continue
        first = next(r for r in entries if r.event.hours)
        covering = [
            (begins, ends)
            for begins, ends, plan, last in standing(workload)
            if plan.project == entry.project and plan.first_day <= entry.day <= last
        ]
        # no plan that ended before the day counts; one of that very day may have stood a part of it
        stood = [began for began, ended in covering if ended is None or local_day(ended) >= entry.day]
        if any(may_precede(began, first) for began in stood):
            result = "satisfied"
        elif any(not may_precede(began, first) for began, _ in covering):
            result = "cured late"
        else:
            result = "violated"
        found.append((first.event_id, result))
    return sorted(found)


def standing(workload: Sequence[Record]) -> list[tuple[Record, Record | None, Any, dt.date]]:
    """Each state of each allocation: from which record on, up to which, the plan and its last day."""
    found = []
    for item in {r.event.part for r in workload}:
        own = [r for r in workload if r.event.part == item and what(r) != "allocation-confirmed"]
        plan: Any = None
        for record, following in zip(own, [*own[1:], None], strict=False):
            event: Any = record.event
            if what(record) != "allocation-released":
                plan, last = event, event.last_day
            elif plan:
                last = min(plan.last_day, event.last_day or dt.date.min)
            if plan:
                found.append((record, following, plan, last))
    return found


def own_approval_checker(person: str, history: Sequence[Record]) -> list[Found]:
    """Control 35: nobody confirms their own allocation, hours or rights."""
    granting = {"allocation-confirmed": "confirmed_by", "approved": "decided_by", "granted": "decided_by"}
    return sorted(
        (r.event_id, "violated" if getattr(r.event, granting[what(r)]) == person else "satisfied")
        for r in history
        if what(r) in granting
    )


def leaver_checker(workload: Sequence[Record], person: Sequence[Record]) -> list[Found]:
    """Control 36: from the leaving on, no hard allocation lasts to that day; ended later, that is cured late."""
    stays = [r for r in person if what(r) in ("joined", "left")]
    if not stays or what(stays[-1]) == "joined":
        return []
    gone = stays[-1]
    found = []
    for item in {r.event.part for r in workload}:
        plan: Any = None
        after: list[tuple[Record, bool]] = []
        for step in (r for r in workload if r.event.part == item and what(r).startswith("allocation-")):
            event: Any = step.event
            if what(step) == "allocation-confirmed":
                continue
            if what(step) == "allocation-released":
                last = min(event.last_day, plan.event.last_day) if plan and event.last_day else None
            else:
                plan, last = step, event.last_day
            if local_day(step) <= local_day(gone):
                # only the state at the end of the day of leaving counts
                after.clear()
            stands = bool(plan and last and plan.event.hard and last >= plan.event.first_day)
            after.append((plan if stands else None, stands and last >= local_day(gone)))
        bad = [stands for stands, is_bad in after if is_bad]
        standing = [stands for stands, _ in after if stands]
        if bad:
            found.append((bad[-1].event_id, "violated" if after[-1][1] else "cured late"))
        elif standing:
            found.append((standing[-1].event_id, "satisfied"))
    return sorted(found)
