"""KPIs of success, alignment and forecasts worked out in plain Python, sharing nothing with the SQL."""

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.event import Record
from schemas.streams import keys_of
from tests.property.folds import OTHER_STEPS, STEPS, get, happened, last
from tests.property.kpi_projects import RATE, convertible
from tests.property.slow import Question, Records, Row, project_state

ENDED = ("completed", "cancelled", "merged", "split", "descoped")
"""Of these a project once ran; what was rejected or withdrawn did not."""


class Project(NamedTuple):
    stream: str
    told: Records
    unit: str
    standing: str
    status: str
    ended_on: dt.date | None

    def row(self, excluded: str = "", numerator: Any = 0, denominator: Any = 1, *by: str) -> Row:
        top, bottom = Fraction(numerator), Fraction(denominator)
        return Row(self.unit, self.stream, by, excluded, top, bottom, standing=self.standing)


def projects(question: Question) -> Iterator[Project]:
    for stream, told in question.by_kind["project"].items():
        if last(told, *STEPS, *OTHER_STEPS):
            yield Project(stream, told, *project_state(question, keys_of(stream)[0]))


def answers(question: Question, told: Records) -> list[Record]:
    """Each answer as it was last recorded."""
    recorded = [r for r in told if happened(r) == "response-recorded"]
    found = list({r.event.part: r for r in recorded}.values())
    question.meets("answered again", len(found) < len(recorded))
    return found


def last_survey(question: Question, project: Project, *, in_period: bool = False) -> list[Record]:
    """The answers of the project's survey that was answered last; of those answered last in the period, if asked."""
    latest: tuple[dt.datetime, list[Record]] | None = None
    (code,) = keys_of(project.stream)
    for stream, told in sorted(question.by_kind["survey"].items()):
        found = answers(question, told) if keys_of(stream)[0] == code else []
        if not found:
            continue
        newest = max(found, key=lambda r: r.occurred_at)
        if in_period and question.meets("answered outside the period", not question.covers(question.local(newest))):
            continue
        question.meets("several surveys", latest)
        if latest is None or newest.occurred_at > latest[0]:
            latest = (newest.occurred_at, found)
    return latest[1] if latest else []


def judged(question: Question, project: Project) -> tuple[bool | None, bool | None, bool | None]:
    """Objectives, quality, satisfaction."""
    objectives, quality = get(last(project.told, "completed"), "objectives_met", "quality_met")
    said = [get(r, "satisfaction")[0] for r in last_survey(question, project)]
    if len(said) < 5:
        return objectives, quality, None
    share = Fraction(sum(value >= 4 for value in said), len(said))
    if objectives and quality:
        question.meets("satisfied by just three quarters", share == Fraction(3, 4))
        question.meets("only satisfaction failed", share < Fraction(3, 4))
    question.meets("only quality failed", objectives and quality is False and share >= Fraction(3, 4))
    question.meets("only objectives failed", objectives is False and quality and share >= Fraction(3, 4))
    return objectives, quality, share >= Fraction(3, 4)


def shown_completed(question: Question, told: Records) -> Record | None:
    """The report with which the source began to show it as completed, as it still does."""
    found: Record | None = None
    for state in (r for r in told if happened(r) == "recorded"):
        is_completed = get(state, "status")[0] == "completed"
        question.meets("shown as completed, then not", found and not is_completed)
        question.meets("shown as completed more than once", found and is_completed)
        found = (found or state) if is_completed else None
    return found


def success(question: Question) -> list[Row]:
    rows = []
    for project in projects(question):
        if project.status == "observed":
            shown = shown_completed(question, project.told)
            if shown and question.covers(question.local(shown)):
                rows.append(project.row("not assessed here"))
        elif project.status in ENDED and question.covers(project.ended_on):
            objectives, quality, satisfied = judged(question, project)
            reason = ""
            if project.status == "cancelled":
                reason = f"cancelled: {get(last(project.told, 'cancelled'), 'cause')[0] or 'cause unknown'}"
            elif project.status != "completed":
                reason = project.status
            elif objectives is None:
                reason = "objectives unknown"
            elif quality is None:
                reason = "quality unknown"
            elif satisfied is None:
                reason = "fewer than 5 answers"
            rows.append(project.row(reason, objectives and quality and satisfied or False))
    return rows


def completed(question: Question) -> Iterator[Project]:
    for project in projects(question):
        times = [r for r in project.told if happened(r) == "completed"]
        question.meets("reopened", times and project.status == "running")
        question.meets("completed and withdrawn", times and project.status == "withdrawn")
        if project.status == "completed" and question.covers(project.ended_on):
            question.meets("completed again", len(times) > 1)
            yield project


def success_at_least(question: Question) -> list[Row]:
    rows = []
    for project in completed(question):
        three = judged(question, project)
        question.meets("only one unknown", three.count(None) == 1 and three.count(True) == 2)
        rows.append(project.row("", three.count(True) == 3))
    return rows


def success_at_most(question: Question) -> list[Row]:
    rows = []
    for project in completed(question):
        three = judged(question, project)
        question.meets("all unknown", three.count(None) == 3)
        question.meets("failed, the others unknown", three.count(None) == 2 and False in three)
        rows.append(project.row("", False not in three))
    return rows


def objectives_met(question: Question) -> list[Row]:
    rows = []
    for project in completed(question):
        (objectives,) = get(last(project.told, "completed"), "objectives_met")
        rows.append(project.row("objectives unknown" if objectives is None else "", objectives or False))
    return rows


def cancelled(question: Question) -> list[Row]:
    rows = []
    for project in projects(question):
        was = last(project.told, "cancelled")
        question.meets("reopened", was and project.status == "running")
        if project.status == "cancelled" and question.covers(project.ended_on):
            causes = [get(r, "cause")[0] or "unknown" for r in project.told if happened(r) == "cancelled"]
            question.meets("cancelled again for another cause", len(set(causes)) > 1)
            rows.append(project.row("", 1, 1, causes[-1]))
    return rows


def on_time_current(question: Question) -> list[Row]:
    rows = []
    for project in projects(question):
        plan, done = last(project.told, "baseline-set"), last(project.told, "completed")
        planned = get(plan, "finish")[0]
        if project.standing == "observed" or project.status == "withdrawn" or plan is None:
            continue
        if not question.covers(planned) or question.meets("due after the as-of day", planned > question.as_of):
            continue
        if project.status in (*ENDED, "rejected") and project.status != "completed":
            rows.append(project.row(project.status))
            continue
        if done is None or project.status != "completed":
            question.meets("open and overdue", True)
            question.meets("open, though it was completed once", done)
            rows.append(project.row())
            continue
        if plan.occurred_at > done.occurred_at:
            rows.append(project.row("baseline set after the completion"))
            continue
        first = get(last(project.told, "baseline-set", item="1"), "finish")[0]
        on = question.local(done)
        question.meets("completed on the planned day", on == planned)
        question.meets("late for the first baseline only", first and first < on <= planned)
        question.meets("late", on > planned)
        rows.append(project.row("", on <= planned))
    return rows


def forecast_within_budget(question: Question) -> list[Row]:
    rows = []
    for project in projects(question):
        states = [r for r in project.told if happened(r) == "recorded"]
        if project.status == "observed" and states:
            said: Record | None = states[-1]
            first = next((r for r in states if get(r, "budget")[0] is not None), None)
            forecast, budgeted, told_in = get(said, "forecast_cost", "budget", "currency")
            cost = budgeted if forecast is None else forecast
            question.meets("the budget for want of a forecast", forecast is None and cost is not None)
        elif project.status in ("running", "on-hold"):
            said = last(project.told, "progress-reported", "reforecast")
            first = last(project.told, "baseline-set", item="1")
            cost, told_in = get(said, "forecast_cost", "currency")
            question.meets("rebaselined", first and last(project.told, "baseline-set") is not first)
            question.meets("reforecast", said and happened(said) == "reforecast")
        else:
            continue
        if said and question.meets("said outside the period", not question.covers(question.local(said))):
            continue
        budget, currency = get(first, "budget", "currency")
        reason = ""
        if project.status == "observed" and get(said, "status")[0] == "cancelled":
            reason = "cancelled"
        elif cost is None:
            reason = "no forecast"
        elif not budget:
            reason = "no budget"
        elif project.status == "observed" and said is first:
            reason = "only one report"
        elif currency != told_in:
            reason = "another currency"
        question.meets("just the budget", not reason and cost == budget)
        question.meets("over the budget", not reason and cost > budget)
        rows.append(project.row(reason, not reason and cost <= budget))
    return rows


def goal_weights(question: Question) -> dict[str, Fraction]:
    weights: dict[str, Fraction] = {}
    for stream, told in question.by_kind["goal"].items():
        standing, weight = last(told, "declared", "retired"), get(last(told, "declared", "reweighted"), "weight")[0]
        if standing and question.meets("a retired goal", happened(standing) == "retired"):
            continue
        question.meets("a goal reweighted", happened(told[-1]) == "reweighted")
        if not question.meets("a goal without weight", weight == 0):
            weights[keys_of(stream)[0]] = Fraction(weight)
    return weights


def alignment(question: Question) -> list[Row]:
    weights = goal_weights(question)
    total = sum(weights.values(), Fraction(0))
    rows = []
    for project in projects(question):
        if project.status not in ("approved", "running", "on-hold"):
            continue
        proposal, plan = last(project.told, "proposed"), last(project.told, "baseline-set")
        contributions = get(proposal, "contributions")[0] or {}
        budget, currency = get(plan or proposal, "budget", "currency")
        reason = ""
        if not contributions:
            reason = "unscored"
        elif not total:
            reason = "no goals"
        elif budget is None:
            reason = "no budget"
        elif budget == 0:
            reason = "budget of 0"
        elif not convertible(project.told, currency):
            reason = "another currency"
        if reason:
            rows.append(project.row(reason))
            continue
        question.meets("a goal that is unknown", contributions.keys() - weights.keys())
        question.meets("the proposal's budget", plan is None)
        question.meets("a later baseline", plan and plan.event.part != "1")
        question.meets("converted", currency != "EUR")
        share = sum((weight / total * contributions.get(goal, 0) / 5 for goal, weight in weights.items()), Fraction(0))
        worth = Fraction(budget) * RATE[currency]
        rows.append(project.row("", worth * share, worth))
    return rows


RECOMPUTED: dict[str, Callable[[Question], list[Row]]] = {
    "success": success,
    "success-at-least": success_at_least,
    "success-at-most": success_at_most,
    "objectives-met": objectives_met,
    "cancelled": cancelled,
    "on-time-current": on_time_current,
    "forecast-within-budget": forecast_within_budget,
    "alignment": alignment,
}
