"""Obvious Python checkers of the controls over a project's course and its end: 18 to 21, 29 and 30."""

import datetime as dt
from collections.abc import Callable, Sequence

from controls_checkers import Found, local_day, may_precede, what
from controls_checkers_gates import ENDS, UNDONE, part, surely_precedes
from controls_checkers_reports import RUNS, shown_once

from schemas.event import Record

Histories = Sequence[Record]
ASSESSED = ("risk-raised", "risk-reassessed")
OVER = ("risk-closed", "risk-materialised")
MONTH = dt.timedelta(days=30)


def threat_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 18: a grave threat has an owner and is reassessed within 31 days."""
    found = []
    threats = {part(r) for r in project if what(r) == "risk-raised" and r.event.effect == "threat"}
    for act in (r for r in project if what(r) in ASSESSED and part(r) in threats and is_grave(r)):
        before = [r for r in project if what(r) in (*RUNS, *ENDS) and r.k < act.k]
        if before and what(before[-1]) in ENDS:
            continue
        after = [r for r in project if r.k > act.k]
        following = [r for r in after if what(r) in ENDS or (what(r) in (*ASSESSED, *OVER) and part(r) == part(act))]
        settled = [r for r in following if what(r) not in ASSESSED or r.event.owner or not is_grave(r)]
        if not act.event.owner and not (settled and local_day(settled[0]) == local_day(act)):
            found.append((act.event_id, "cured late" if settled else "violated"))
            continue
        last_day = local_day(act) + dt.timedelta(days=31)
        if following and local_day(following[0]) <= last_day:
            found.append((act.event_id, "satisfied"))
        elif as_of > last_day:
            found.append((act.event_id, "cured late" if following else "violated"))
    return found


def is_grave(record: Record) -> bool:
    return record.event.probability * record.event.impact >= 50_000


def survey_checker(project: Histories, survey: Histories, as_of: dt.date) -> list[Found]:
    """Control 19: somebody answers within 30 days of the completion, before or after it."""
    completions = [r for r in project if what(r) == "completed"]
    if not completions:
        return shown_once(project, lambda r: r.event.status == "completed")
    found = []
    days = sorted(local_day(r) for r in survey if what(r) == "response-recorded")
    for completion in completions:
        on = local_day(completion)
        answers = [day for day in days if day >= on - MONTH]
        reopened = [local_day(r) for r in project if what(r) == "reopened" and r.k > completion.k]
        if answers and answers[0] <= on + MONTH:
            found.append((completion.event_id, "satisfied"))
        elif as_of > on + MONTH and not (reopened and reopened[0] <= on + MONTH):
            found.append((completion.event_id, "cured late" if answers else "violated"))
    return found


OPENS = {"risk-raised": "risk", "risk-reassessed": "risk", "change-requested": "change",
         "gate-passed-with-conditions": "condition"}  # fmt: skip
CLOSES = {"risk-closed": "risk", "risk-materialised": "risk", "change-approved": "change", "change-rejected": "change",
          "gate-passed": "condition", **dict.fromkeys(UNDONE, "condition"), "condition-met": "condition"}  # fmt: skip


def leftover_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 20: completion leaves no risk, change or condition open."""
    completions = [r for r in project if what(r) == "completed"]
    if not completions:
        return shown_once(project, lambda r: r.event.status == "completed")
    found = []
    steps = [r for r in project if what(r) in (*OPENS, *CLOSES)]
    for completion in completions:
        settled_later = []
        for thing in {(thing_of(r), part(r)) for r in steps}:
            own = [r for r in steps if (thing_of(r), part(r)) == thing]
            before = [r for r in own if r.k <= completion.k]
            closings = [r for r in own if r.k > completion.k and what(r) in CLOSES]
            is_open = bool(before) and what(before[-1]) in OPENS
            if is_open and not (closings and may_precede(closings[0], completion)):
                settled_later.append(bool(closings))
        result = "satisfied" if not settled_later else "cured late" if all(settled_later) else "violated"
        found.append((completion.event_id, result))
    return found


def thing_of(record: Record) -> str:
    return {**OPENS, **CLOSES}[what(record)]


def score_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 21: a proposal is scored before it is approved."""
    approvals = [r for r in project if what(r) == "approved"]
    scores = [r for r in project if what(r) == "scored"]
    if not approvals:
        return shown_once(project, lambda r: r.event.status in ("approved", "running", "on-hold", "completed"))
    return [
        (r.event_id, "satisfied" if any(may_precede(s, r) for s in scores) else "cured late" if scores else "violated")
        for r in approvals
    ]


def benefit_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 29: a planned benefit is measured by its due day, at least once."""
    found = []
    for plan in (r for r in project if what(r) == "benefit-planned"):
        due = plan.event.due
        own = [r for r in project if part(r) == part(plan)]
        anew = [local_day(r) for r in own if what(r) == "benefit-planned" and r.k > plan.k]
        measured = [local_day(r) for r in own if what(r) == "benefit-measured"]
        if anew and anew[0] <= due:
            continue
        if any(on <= due for on in measured):
            found.append((plan.event_id, "satisfied"))
        elif as_of > due:
            found.append((plan.event_id, "cured late" if measured else "violated"))
    return found


def listing_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 30: no project leaves its source while it is open."""
    found = []
    steps = [r for r in project if opens(r) or closes(r)]
    for left in (r for r in project if what(r) == "left-source"):
        before = [r for r in steps if (surely_precedes(r, left) if opens(r) else may_precede(r, left))]
        back = [r for r in project if r.k > left.k and (what(r) in ("rejected", "recorded", *ENDS))]
        is_open = bool(before) and opens(before[-1])
        found.append((left.event_id, "satisfied" if not is_open else "cured late" if back else "violated"))
    return found


def opens(record: Record) -> bool:
    if what(record) == "recorded":
        return record.event.status in ("proposed", "approved", "running", "on-hold", None)
    return what(record) in ("proposed", "approved", *RUNS, "put-on-hold")


def closes(record: Record) -> bool:
    if what(record) == "recorded":
        return record.event.status in ("completed", "cancelled")
    return what(record) in ("rejected", *ENDS)


CHECKERS: dict[int, Callable[..., list[Found]]] = {
    18: threat_checker, 20: leftover_checker, 21: score_checker, 29: benefit_checker, 30: listing_checker,
}  # fmt: skip
