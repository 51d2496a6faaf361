"""Obvious Python checkers of the templates of controls, for any rule that is made of them."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from controls_checkers import Found, certainly_before, local_day, may_precede, what

from schemas.event import Record
from services.projections.rules import Absence, Existence, NotMoreThan, Precedence, Response, Selector

WORST = ("satisfied", "no evidence", "cured late", "violated")


def picks(selector: Selector | None, record: Record) -> bool:
    """Whether the selector means the record."""
    return selector is not None and (
        what(record) in selector.happened
        and all(getattr(record.event, column, None) in values for column, values in selector.where.items())
    )


def of(selector: Selector | None, history: Iterable[Record]) -> list[Record]:
    return [record for record in history if picks(selector, record)]


def alike(rule: Any, first: Record, second: Record) -> bool:
    """Whether both are about the same part of the stream, where the rule asks for it."""
    return not rule.same_item or getattr(first.event, "part", "") == getattr(second.event, "part", "")


def judged(rule: Any, acts: Sequence[Record], history: Sequence[Record], judge: Callable[[Record], str]) -> list[Found]:
    """Each activation's result; if there is none, what a source shows is no evidence."""
    found = [(record.event_id, result) for record in acts if (result := judge(record))]
    seen = [] if acts else of(rule.observed, history)[:1]
    return sorted([*found, *((record.event_id, "no evidence") for record in seen)])


def existence_checker(rule: Existence, history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """What is needed has come by so many days after the activation, or at any time before."""

    def judge(act: Record) -> str:
        due = local_day(act) + dt.timedelta(days=rule.within_days)
        came = [local_day(r) for r in of(rule.needed, history) if alike(rule, r, act)]
        if any(on <= due for on in came):
            return "satisfied"
        return "" if as_of <= due else "cured late" if came else "violated"

    return judged(rule, of(rule.activation, history), history, judge)


def absence_checker(rule: Absence, history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """What is activated is not forbidden, or does not come during a stretch; in doubt it does not."""

    def judge(act: Record) -> str:
        wrong = picks(rule.forbidden, act) if rule.forbidden else comes_during(rule, act, history)
        cures = [r for selector in rule.cured_by or () for r in of(selector, history)]
        cured = any(r.k > act.k and alike(rule, r, act) and not picks(rule.forbidden, r) for r in cures)
        return "satisfied" if not wrong else "cured late" if cured else "violated"

    return judged(rule, of(rule.activation, history), history, judge)


def comes_during(rule: Absence, act: Record, history: Sequence[Record]) -> bool:
    assert rule.during is not None
    begun: Record | None = None
    for record in history:
        if any(picks(selector, record) for selector in rule.during.begins):
            begun = record if certainly_before(record, act) else begun
        elif any(picks(selector, record) for selector in rule.during.ends) and may_precede(record, act):
            begun = None
    return begun is not None and (local_day(act) - local_day(begun)).days > rule.grace_days - (not rule.grace_days)


def count_checker(rule: NotMoreThan, history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """No run of what is counted, with the same values, is longer than allowed."""
    runs: list[list[Record]] = []
    going: dict[str, tuple[list[Any], list[Record]]] = {}
    for record in history:
        part = getattr(record.event, "part", "") if rule.same_item else ""
        if picks(rule.counted, record):
            values = [getattr(record.event, column, None) for column in rule.alike]
            if part in going and going[part][0] == values:
                going[part][1].append(record)
            else:
                going[part] = values, [record]
                runs.append(going[part][1])
        elif what(record) in rule.ended_by:
            going.pop(part, None)
    return sorted((run[0].event_id, "satisfied" if len(run) <= rule.at_most else "violated") for run in runs)


def precedence_checker(rule: Precedence, history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """All that is required holds when the occasion comes."""

    def judge(act: Record) -> str:
        states = []
        for required in rule.required:
            said = [r for r in history if picks(required, r) or what(r) in required.cancelled_by]
            before = [r for r in said if r.k <= act.k]
            after = [r for r in of(required, history) if r.k > act.k]
            if (before and picks(required, before[-1])) or any(may_precede(r, act) for r in after):
                states.append("satisfied")
            elif any(may_precede(r, act) for r in of(required.observed, history)):
                states.append("no evidence")
            else:
                states.append("cured late" if after else "violated")
        return max(states, key=WORST.index)

    return judged(rule, of(rule.activation, history), history, judge)


def response_checker(rule: Response, history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """The target comes by the activation's day, which releases put off and another activation by then replaces."""
    acts = [r for r in of(rule.activation, history) if getattr(r.event, rule.due, None)]

    def judge(act: Record) -> str:
        due = put_off(rule, getattr(act.event, rule.due), history)
        following = [r for r in acts if r.k > act.k and alike(rule, r, act)]
        if following and local_day(following[0]) <= due:
            return ""
        served = [r for r in of(rule.target, history) if alike(rule, r, act)]
        on = [local_day(r) for r in served if rule.earlier_counts or not certainly_before(r, act)]
        if any(day <= due for day in on):
            return "satisfied"
        released = any(local_day(r) > due for release in rule.released_by for r in of(release, history))
        return "" if as_of <= due else "cured late" if on or released else "violated"

    return judged(rule, acts, history, judge)


def put_off(rule: Response, due: dt.date, history: Sequence[Record]) -> dt.date:
    """The due day, put off by each release that stands on it."""
    spans = []
    for release in rule.released_by:
        for given in of(release, history):
            until = getattr(given.event, release.until, None) if release.until else None
            ends = [local_day(r) for r in history if what(r) in release.ended_by and r.k > given.k]
            spans.append((local_day(given), min([until or dt.date.max, *ends[:1]])))
    while longer := [until for first, until in spans if first <= due < until]:
        due = max(longer)
    return due
