"""Obvious Python checkers of the controls over reports and forecasts: 17, 24, 25, 26, 27 and 31."""

import datetime as dt
import math
from collections.abc import Callable, Sequence

from controls_checkers import Found, local_day, may_precede, what
from controls_checkers_gates import ENDS, PASSES, UNDONE, surely_precedes
from controls_world import ZONE

from schemas.event import Record

Histories = Sequence[Record]
RUNS = ("started", "resumed", "reopened")
DONE = ("change-requested", "change-approved", "decision-recorded", *PASSES, "gate-failed")
RECORDED = (
    "approved", "rejected", "baseline-set", *PASSES, *UNDONE, "condition-met", "change-approved", "change-rejected",
    "progress-reported", "milestone-reached", "started", "put-on-hold", "resumed", "completed", "cancelled",
    "financially-closed",
)  # fmt: skip


def shown_once(history: Histories, shows: Callable[[Record], bool]) -> list[Found]:
    """No evidence, once, where a source shows a state."""
    return [(r.event_id, "no evidence") for r in history if what(r) == "recorded" and shows(r)][:1]


def red_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 17: a red stretch is answered within 30 days, and again in each further 30 days that show red."""
    found: list[Found] = []
    stretch: tuple[dt.date, set[int]] | None = None
    reds = [r for r in project if what(r) == "progress-reported" and r.event.rag == "red"]
    for record in project:
        colour = record.event.rag if what(record) == "progress-reported" else None
        if what(record) in ("put-on-hold", *ENDS) or colour not in (None, "red"):
            stretch = None
        if colour != "red":
            continue
        stretch = stretch or (local_day(record), set())
        month = max(0, math.ceil((local_day(record) - stretch[0]).days / 30) - 1)
        if month in stretch[1]:
            continue
        stretch[1].add(month)
        since = stretch[0] + dt.timedelta(days=30 * month)
        answers = [r for r in project if answers_red(r) and came_after(r, record, since, month)]
        if answers and local_day(answers[0]) <= since + dt.timedelta(days=30):
            found.append((record.event_id, "satisfied"))
        elif as_of > since + dt.timedelta(days=30):
            found.append((record.event_id, "cured late" if answers else "violated"))
    return found if reds else shown_once(project, lambda r: r.event.rag == "red")


def answers_red(record: Record) -> bool:
    if what(record) == "progress-reported":
        return record.event.rag not in (None, "red")
    return what(record) in (*DONE, "put-on-hold", *ENDS)


def came_after(answer: Record, red: Record, since: dt.date, month: int) -> bool:
    if month:
        return local_day(answer) > since
    # two reports are taken in their order; what else was done that day may have been done since
    return answer.k > red.k or (what(answer) != "progress-reported" and may_precede(red, answer))


def forecast_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 24: each forecast is replaced, or the project ends, by its day."""
    steps = [r for r in project if what(r) in (*RUNS, "put-on-hold", *ENDS)]
    if not steps:
        return shown_once(project, lambda r: r.event.status in (None, "running", "on-hold", "completed"))
    running: list[tuple[dt.date, dt.date]] = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if what(step) in RUNS:
            running.append((local_day(step), local_day(after) if after else as_of))
    forecasts = [r for r in project if what(r) in ("progress-reported", "reforecast") and r.event.forecast_finish]
    plans = [r for r in project if what(r) == "baseline-set" and not any(f.k < r.k for f in forecasts)]
    found: list[Found] = []
    told = sorted(plans + forecasts, key=lambda r: r.k)
    for forecast, after in zip(told, [*told[1:], None], strict=False):
        since, until = local_day(forecast), local_day(after) if after else as_of
        finish = forecast.event.finish if what(forecast) == "baseline-set" else forecast.event.forecast_finish
        if not any(first < until and last > since for first, last in running):
            continue
        # a day counts if the project ran when it was over, and the forecast still stood
        days = [since + dt.timedelta(days=n) for n in range((until - since).days)]
        late = any(first <= on < last and finish <= on for on in days for first, last in running)
        over = after is not None or what(steps[-1]) in ENDS
        if late:
            found.append((forecast.event_id, "cured late" if over else "violated"))
        elif over:
            found.append((forecast.event_id, "satisfied"))
    return found


def alike_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 25: no three identical reports running."""
    runs: list[list[Record]] = []
    for report in (r for r in project if what(r) == "progress-reported"):
        if runs and says(runs[-1][0]) == says(report):
            runs[-1].append(report)
        else:
            runs.append([report])
    return [(run[0].event_id, "violated" if len(run) > 2 else "satisfied") for run in runs]


def says(report: Record) -> tuple[object, ...]:
    said = report.event
    return said.percent_complete, said.actual_cost, said.forecast_finish, said.forecast_cost, said.rag


def recording_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 26: decisions and progress are recorded, or reported by their source, within 30 days."""
    found = []
    for record in (r for r in project if what(r) in RECORDED):
        told = (record.reported_at or record.recorded_at).astimezone(ZONE).date()
        found.append((record.event_id, "violated" if (told - local_day(record)).days > 30 else "satisfied"))
    return found


def at_risk_checker(project: Histories, workload: Histories, as_of: dt.date) -> list[Found]:
    """Control 27, of a project and of the plans for it: nothing is done at risk."""
    uses = [r for r in project if what(r) in ("started", "progress-reported")]
    uses += [r for r in workload if what(r) in ("allocation-planned", "allocation-revised")]
    return [(r.event_id, "violated" if r.event.at_risk else "satisfied") for r in uses]


def hold_checker(project: Histories, as_of: dt.date) -> list[Found]:
    """Control 31: no progress is reported while on hold."""
    found = []
    for report in (r for r in project if what(r) == "progress-reported"):
        ends = [r for r in project if what(r) in (*RUNS, *ENDS) and may_precede(r, report)]
        holds = [r for r in project if what(r) == "put-on-hold" and surely_precedes(r, report)]
        rests = bool(holds) and not any(r.k > holds[-1].k for r in ends)
        found.append((report.event_id, "violated" if rests else "satisfied"))
    return found


CHECKERS: dict[int, Callable[..., list[Found]]] = {
    17: red_checker, 24: forecast_checker, 25: alike_checker, 26: recording_checker, 31: hold_checker,
}  # fmt: skip
