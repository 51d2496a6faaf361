"""KPIs about people worked out in plain Python: who left, who stayed, who reached their level."""

import calendar
import datetime as dt
from fractions import Fraction

from tests.property.folds import get, happened, last
from tests.property.slow import Question, Records, Row, days, is_here, role_of, unit_of

ONE = Fraction(1)


def attrition(question: Question) -> list[Row]:
    joined = [question.local(r) for told in question.people.values() for r in told if happened(r) == "joined"]
    opening = max(question.first, min(joined, default=question.first))
    period = days(opening, min(question.end, question.as_of))
    found = []
    for person, told in question.people.items():
        here = sum(is_here(question, told, day) for day in period)
        presence = last(told, "joined", "left")
        assert presence
        gone = happened(presence) == "left" and get(presence, "voluntary")[0] is True
        left = gone and question.local(presence) in period
        if period and (left or here):
            share = Fraction(here, len(period))
            found.append(Row(unit_of(told), f"person:{person}", (role_of(told),), "", Fraction(left), share))
    return found


def retention(question: Question) -> list[Row]:
    end = min(question.end, question.as_of)
    return [
        Row(unit_of(told), f"person:{person}", (role_of(told),), "", Fraction(is_here(question, told, end)), ONE)
        for person, told in question.people.items()
        if end >= question.first and is_here(question, told, question.first)
    ]


def level_progress(question: Question) -> list[Row]:
    paths = {
        stream[5:]: get(told[-1], "role", "levels")
        for stream, told in sorted(question.by_kind["path"].items())
        if happened(told[-1]) == "defined"
    }
    found = []
    for person, told in question.people.items():
        assessed = last(told, "level-assessed")
        named, level = get(assessed, "path", "career_level")
        own = next((levels for role, levels in paths.values() if role == role_of(told)), ())
        levels = paths[named][1] if named in paths else own
        since = took_role(question, told)
        presence = last(told, "joined", "left")
        excluded, met = "", False
        if presence and happened(presence) == "left":
            excluded = "left"
        elif not levels:
            excluded = "no path"
        elif assessed is None or question.local(assessed) < since:
            excluded = "not assessed"
        else:
            met = level >= expected(levels, since, question.as_of)
        found.append(Row(unit_of(told), f"person:{person}", (role_of(told),), excluded, Fraction(met), ONE))
    return found


def took_role(question: Question, told: Records) -> dt.date:
    """The day from which on the person has had the role that they have, without a break."""
    since, current = dt.date.min, None
    for record in told:
        if happened(record) == "left":
            current = None
        elif happened(record) in ("joined", "role-changed"):
            (role,) = get(record, "role")
            if role != current:
                since, current = question.local(record), role
    return since


def expected(levels: tuple[object, ...], since: dt.date, as_of: dt.date) -> int:
    reached, months = 0, 0
    for place, step in enumerate(sorted(levels, key=lambda each: each.level)):  # type: ignore[attr-defined]
        if place and step.months is None:  # type: ignore[attr-defined]
            break
        months += step.months if place else 0  # type: ignore[attr-defined]
        if months_after(since, months) <= as_of:
            reached = step.level  # type: ignore[attr-defined]
    return reached


def months_after(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


RECOMPUTED = {"attrition": attrition, "retention": retention, "level-progress": level_progress}
