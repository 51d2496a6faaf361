"""KPIs about the flow of work worked out in plain Python: each item's history cut into stretches of one status."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from tests.property.folds import get, happened, last
from tests.property.slow import Question, Records, Row, project_state

ONE = Fraction(1)
_DAY = dt.timedelta(days=1)


class Stretch(NamedTuple):
    start: dt.datetime
    end: dt.datetime
    status: str
    category: str
    is_blocked: bool

    def days(self, opening: dt.datetime | None = None, closing: dt.datetime | None = None) -> Fraction:
        start, end = max(self.start, opening or self.start), min(self.end, closing or self.end)
        return Fraction(max((end - start) // dt.timedelta(milliseconds=1), 0), 86_400_000)


class Item(NamedTuple):
    stream: str
    unit: str
    is_removed: bool
    started: dt.datetime | None
    done: dt.datetime | None
    stretches: list[Stretch]

    def row(self, excluded: str, numerator: Fraction, denominator: Fraction = ONE, *by: str) -> Row:
        return Row(self.unit, self.stream, by, excluded, numerator, denominator)


def moves_of(told: Records) -> Records:
    return [r for r in told if happened(r) in ("created", "moved", "done", "reopened")]


def items(question: Question) -> Iterator[Item]:
    for stream, told in question.by_kind["work"].items():
        if not last(told, "created"):
            continue
        moves = moves_of(told)
        moments = {r.occurred_at for r in told if happened(r) in ("blocked", "unblocked")}
        cuts = sorted({m for m in moments if m >= moves[0].occurred_at} | {r.occurred_at for r in moves})
        stretches = []
        for start, end in zip(cuts, [*cuts[1:], question.until], strict=True):
            before = [r for r in told if r.occurred_at <= start]
            status, category = get(moves_of(before)[-1], "status", "category")
            halt = last(before, "blocked", "unblocked")
            stretches.append(Stretch(start, end, status, category, halt is not None and happened(halt) == "blocked"))
        started = next((r.occurred_at for r in moves if get(r, "category")[0] == "active"), None)
        done = None
        for record in moves:
            is_done = get(record, "category")[0] == "done"
            done = (done or record.occurred_at) if is_done else None
        unit = project_state(question, stream[5:].split("/")[0])[0]
        there = last(told, "created", "removed")
        is_removed = there is not None and happened(there) == "removed"
        yield Item(stream, unit, is_removed, started, done, stretches)


def done_in_period(question: Question) -> Iterator[Item]:
    for item in items(question):
        if item.done and question.first <= item.done.astimezone(question.zone).date() <= question.end:
            yield item


def why_left_out(item: Item) -> str:
    return "removed" if item.is_removed else "" if item.started else "never active"


def in_days(span: dt.timedelta) -> Fraction:
    return Fraction(span // dt.timedelta(milliseconds=1), 86_400_000)


def cycle_time(question: Question) -> list[Row]:
    return [
        item.row(why_left_out(item), in_days(item.done - item.started) if item.started and item.done else Fraction(0))
        for item in done_in_period(question)
    ]


def throughput(question: Question) -> list[Row]:
    return [item.row("removed" if item.is_removed else "", ONE) for item in done_in_period(question)]


def wip_age(question: Question) -> list[Row]:
    return [
        item.row("", in_days(question.until - item.started))
        for item in items(question)
        if item.stretches[-1].category == "active" and not item.is_removed and item.started
    ]


def flow_efficiency(question: Question) -> list[Row]:
    found = []
    for item in done_in_period(question):
        between = [
            s for s in item.stretches
            if item.started and item.done and s.start >= item.started and s.end <= item.done and s.category != "done"
        ]  # fmt: skip
        active = sum((s.days() for s in between if s.category == "active" and not s.is_blocked), Fraction(0))
        found.append(item.row(why_left_out(item), active, sum((s.days() for s in between), Fraction(0))))
    return found


def blocked_time(question: Question) -> list[Row]:
    opening, closing = question.midnight(question.first), question.midnight(question.end + _DAY)
    found = []
    for item in items(question):
        blocked = [s.days(opening, closing) for s in item.stretches if s.is_blocked and s.category != "done"]
        if sum(blocked) > Fraction(1, 86_400):
            found.append(item.row("removed" if item.is_removed else "", sum(blocked, Fraction(0))))
    return found


def where_work_waits(question: Question) -> list[Row]:
    opening, closing = question.midnight(question.first), question.midnight(question.end + _DAY)
    found = []
    for item in items(question):
        waits: dict[str, Fraction] = defaultdict(Fraction)
        for stretch in item.stretches:
            if stretch.category == "queue" or (stretch.category == "active" and stretch.is_blocked):
                waits[stretch.status] += stretch.days(opening, closing)
        excluded = "removed" if item.is_removed else ""
        found += [item.row(excluded, took, ONE, status) for status, took in waits.items() if took > Fraction(1, 86_400)]
    return found


RECOMPUTED = {
    "cycle-time": cycle_time,
    "wip-age": wip_age,
    "flow-efficiency": flow_efficiency,
    "blocked-time": blocked_time,
    "throughput": throughput,
    "where-work-waits": where_work_waits,
}
