"""Obvious Python checkers of the controls over gates and baselines: 2, 3, 5 and 8."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from typing import Any

from controls_checkers import Found, local_day, may_precede, what

from schemas.event import Record

Histories = Sequence[Record]
Gates = dict[str, int]
PASSES = ("gate-passed", "gate-passed-with-conditions")
UNDONE = ("gate-failed", "gate-decision-revoked")
ENDS = ("completed", "cancelled", "merged-into", "split-into", "descoped")


def part(record: Record) -> str:
    return record.event.part


def surely_precedes(first: Record, second: Record) -> bool:
    """Whether the first came before the second, at whatever time of its day either may have been."""
    return not may_precede(second, first)


def route_at(project: Histories, routes: Sequence[Histories], record: Record) -> Gates | None:
    """The gates of the project's route with their days, as set by then or else as first set; empty if none are."""
    named = [r.event.gate_route for r in project if what(r) == "proposed"][-1:]
    if not named or named[0] is None:
        return None
    for settings in routes:
        if settings and settings[0].stream == f"setting:GATE-ROUTE.{named[0]}":
            way = next((r for r in reversed(settings) if may_precede(r, record)), settings[0])
            gates = json.loads(way.event.value)["gates"] if way.event.value else []
            return {gate["gate"]: gate["due_days"] for gate in gates}
    return {}


def order_checker(project: Histories, *more: Any) -> list[Found]:
    """Control 2: before a gate is passed, those before it on the route are."""
    *routes, _ = more
    found = []
    for act in (r for r in project if what(r) in PASSES):
        route = route_at(project, routes, act)
        if route is None:
            continue
        if not route:
            found.append((act.event_id, "no evidence"))
            continue
        if part(act) not in route:
            found.append((act.event_id, "violated"))
            continue
        names = list(route)
        missing = [gate for gate in names[: names.index(part(act))] if not stands(project, gate, act)]
        caught_up = all(any(what(r) in PASSES and part(r) == gate and r.k > act.k for r in project) for gate in missing)
        found.append((act.event_id, "satisfied" if not missing else "cured late" if caught_up else "violated"))
    return found


def stands(project: Histories, gate: str, act: Record) -> bool:
    """Whether the gate may have been passed by the act, and not surely undone again."""
    own = [r for r in project if part(r) == gate]
    return any(
        what(passed) in PASSES
        and may_precede(passed, act)
        and not any(what(r) in UNDONE and r.k > passed.k and surely_precedes(r, act) for r in own)
        for passed in own
    )


def days_checker(project: Histories, *more: Any) -> list[Found]:
    """Control 3: each request is decided within its gate's days."""
    *routes, as_of = more
    found = []
    decided = (*PASSES, "gate-failed")
    for ask in (r for r in project if what(r) == "gate-requested"):
        own = [r for r in project if part(r) == part(ask) and what(r) in ("gate-requested", *decided)]
        answers = [
            r
            for n, r in enumerate(own)
            if what(r) in decided
            and (r.k > ask.k or (may_precede(ask, r) and not (n > 0 and what(own[n - 1]) == "gate-requested")))
        ]
        ended = [local_day(r) for r in project if what(r) in ("rejected", *ENDS) and may_precede(ask, r)]
        days = (route_at(project, routes, ask) or {}).get(part(ask), 14)
        last_day = local_day(ask) + dt.timedelta(days=days)
        if answers and local_day(answers[0]) <= last_day:
            found.append((ask.event_id, "satisfied"))
        elif as_of > last_day and not (ended and ended[0] <= last_day):
            found.append((ask.event_id, "cured late" if answers else "violated"))
    return found


def evidence_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 8: a gate is passed on evidence."""
    passes = [r for r in project if what(r) in PASSES]
    found = []
    for act in passes:
        again = any(part(r) == part(act) and r.k > act.k and r.event.evidence for r in passes)
        found.append((act.event_id, "satisfied" if act.event.evidence else "cured late" if again else "violated"))
    return found


def rebaseline_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 5: each baseline after the first has an approved change of its own."""
    found = []
    plans = [r for r in project if what(r) == "baseline-set"]
    for plan in (r for r in plans if part(r) != "1"):
        change = plan.event.change_id
        verdicts = [r for r in project if part(r) == change and what(r) in ("change-approved", "change-rejected")]
        taken = any(r.k < plan.k and r.event.change_id == change and not r.event.unauthorised for r in plans)
        result = "violated"
        if change and not plan.event.unauthorised and not taken:
            granted = any(
                what(yes) == "change-approved"
                and may_precede(yes, plan)
                and not any(
                    what(no) == "change-rejected" and no.k > yes.k and surely_precedes(no, plan) for no in verdicts
                )
                for yes in verdicts
            )
            late = any(what(yes) == "change-approved" and not may_precede(yes, plan) for yes in verdicts)
            result = "satisfied" if granted else "cured late" if late else "violated"
        found.append((plan.event_id, result))
    return found


CHECKERS: dict[int, Callable[..., list[Found]]] = {2: order_checker, 3: days_checker}
ALONE: dict[int, Callable[..., list[Found]]] = {5: rebaseline_checker, 8: evidence_checker}
