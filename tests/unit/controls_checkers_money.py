"""Obvious Python checkers of the controls over money: 6, 23 and 33."""

import datetime as dt
from collections.abc import Callable, Sequence
from fractions import Fraction

from controls_checkers import Found, local_day, may_precede, what
from controls_checkers_gates import ENDS, part, surely_precedes

from schemas.event import Record

Histories = Sequence[Record]
SPENT = {"progress-reported": "actual_cost", "financially-closed": "final_cost"}
NO_LIMIT = Fraction(10**6)


def overspend_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 6: each time that what is spent passes the budget plus approved changes by more than 10 %."""
    plans = [r for r in project if what(r) == "baseline-set" and part(r) == "1"]
    spends = [(r, spent_by(project, r)) for r in project if what(r) in (*SPENT, "actual-cost-corrected")]
    if not plans or not plans[-1].event.budget or not any(what(r) in SPENT for r, _ in spends):
        return []
    if not any(spent > 0 for _, spent in spends):
        return []
    base = plans[-1].event
    changes = granted(project)
    currencies = {r.event.currency for r, _ in spends} | {asked.event.currency for _, asked in changes}
    course = []
    for point in sorted([r for r, _ in spends] + [r for r, _ in changes], key=lambda r: r.k):
        spent = next((value for r, value in reversed(spends) if r.k <= point.k), Fraction(0))
        allowed = Fraction(base.budget) + sum(
            Fraction(asked.event.cost) for yes, asked in changes if may_precede(yes, point)
        )
        course.append((point, spent / allowed - 1 if allowed > 0 else NO_LIMIT if spent > 0 else Fraction(-1)))
    highest = max(over for _, over in course)
    highest_at = [point.event_id for point, over in course if over == highest][-1]
    if currencies != {base.currency}:
        return [(highest_at, "no evidence")]
    found: list[Found] = []
    is_over = False
    for point, over in course:
        if over > Fraction(1, 10) and not is_over:
            found.append((point.event_id, "violated"))
        elif over <= Fraction(1, 10) and is_over:
            found[-1] = (found[-1][0], "cured late")
        is_over = over > Fraction(1, 10)
    return found or [(highest_at, "satisfied")]


def spent_by(project: Histories, record: Record) -> Fraction:
    """What was spent by then: as last reported, with what later corrections of it last said."""
    spent, corrections = Fraction(0), {}
    for each in project:
        if each.k > record.k:
            break
        if what(each) in SPENT:
            spent, corrections = Fraction(getattr(each.event, SPENT[what(each)])), {}
        elif what(each) == "actual-cost-corrected":
            corrections[part(each)] = Fraction(each.event.amount)
    return spent + sum(corrections.values())


def granted(project: Histories) -> list[tuple[Record, Record]]:
    """The first approval and the last request of each change that stands approved."""
    found = []
    for change in {part(r) for r in project if what(r) == "change-requested"}:
        own = [r for r in project if part(r) == change]
        verdicts = [r for r in own if what(r) in ("change-approved", "change-rejected")]
        if verdicts and what(verdicts[-1]) == "change-approved":
            first = next(r for r in verdicts if what(r) == "change-approved")
            found.append((first, [r for r in own if what(r) == "change-requested"][-1]))
    return found


def colour_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 23: no report says green while its own forecast is red."""
    found = []
    plans = [r for r in project if what(r) == "baseline-set"]
    for report in (r for r in project if what(r) == "progress-reported" and r.event.rag):
        said = report.event
        if said.forecast_finish is None and said.forecast_cost is None:
            continue
        in_force = [r.event for r in plans if local_day(r) <= said.data_date]
        if not in_force:
            found.append((report.event_id, "no evidence"))
            continue
        plan = in_force[-1]
        first = ([p for p in in_force if p.part == "1"] or [plan])[-1]
        is_red = []
        if said.forecast_finish is not None:
            length = max(1, (first.finish - first.start).days)
            is_red.append(Fraction((said.forecast_finish - plan.finish).days, length) > Fraction(1, 10))
        if said.forecast_cost is not None and plan.budget and plan.currency == said.currency:
            is_red.append(Fraction(said.forecast_cost) > Fraction(plan.budget) * Fraction(11, 10))
        hidden = any(is_red) and said.rag == "green"
        found.append((report.event_id, "no evidence" if not is_red else "violated" if hidden else "satisfied"))
    return found


def wind_down_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 33: no cost comes more than 60 days after the end, unless the project was reopened."""
    found = []
    for cost in (r for r in project if what(r) in ("progress-reported", "actual-cost-corrected")):
        reopened = [r for r in project if what(r) == "reopened" and may_precede(r, cost)]
        ends = [
            r
            for r in project
            if what(r) in ENDS and surely_precedes(r, cost) and not any(again.k > r.k for again in reopened)
        ]
        late = bool(ends) and (local_day(cost) - local_day(ends[-1])).days > 60
        found.append((cost.event_id, "violated" if late else "satisfied"))
    return found


def closing_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 34: nothing of a later day follows the closing of the books, until the project is reopened."""
    harmless = ("actual-cost-corrected", "benefit-measured", "lesson-recorded", "lesson-applied", "recorded",
                "left-source", "withdrawn")  # fmt: skip
    found = []
    for place, closing in enumerate(project):
        if what(closing) != "financially-closed":
            continue
        disturbed = False
        for record in project[place + 1 :]:
            if what(record) == "reopened":
                break
            disturbed |= what(record) not in harmless and local_day(record) > local_day(closing)
        found.append((closing.event_id, "violated" if disturbed else "satisfied"))
    return found


CHECKERS: dict[int, Callable[..., list[Found]]] = {
    6: overspend_checker,
    23: colour_checker,
    33: wind_down_checker,
    34: closing_checker,
}
