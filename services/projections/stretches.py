"""A period in stretches of days, weeks, months, quarters or years, each asked for as of its own end."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from services.errors import BadInput
from services.projections.scope import Scope

Every = Literal["day", "week", "month", "quarter", "year"]
EVERY: tuple[Every, ...] = ("day", "week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MOST = 400


def stretches(scope: Scope, every: str, window: int) -> list[tuple[date, date]]:
    """The stretches of a scope's period, each with its first and last day. Raises BadInput if they are too many."""
    first, last = scope.period_from, scope.period_to or scope.as_of
    if first is None or last < first:
        raise BadInput("The period ends before it begins: swap --from and --to.")
    found: list[tuple[date, date]] = []
    start = _begin(first, every)
    while start <= last:
        following = _after(start, every, 1)
        begin = _after(start, every, 1 - window)
        found.append((max(begin, first) if window == 1 else begin, min(following - timedelta(days=1), last)))
        start = following
        if len(found) > _MOST:
            raise BadInput(f"That makes more than {_MOST} points; take longer stretches with --every.")
    return found


def scope_at(scope: Scope, stretch: tuple[date, date], known_then: bool) -> Scope:
    """The scope as of the stretch's last day, over the stretch."""
    first, last = stretch
    midnight = datetime.combine(last + timedelta(days=1), time(), scope.zone).astimezone(UTC)
    known = midnight - timedelta(milliseconds=1) if known_then else scope.known_at
    return replace(scope, as_of=last, period_from=first, period_to=last, known_at=known)


def _begin(day: date, every: str) -> date:
    if every == "day":
        return day
    if every == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[every]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _after(day: date, every: str, n: int) -> date:
    if every in ("day", "week"):
        return day + timedelta(days=n * (7 if every == "week" else 1))
    month = day.year * 12 + day.month - 1 + n * _MONTHS[every]
    return date(month // 12, month % 12 + 1, 1)
