"""KPIs of delivery, budget and portfolio worked out in plain Python: slow, obvious, sharing nothing with the SQL.

Each function takes a project's records that count, in order of meaning, and gives its rows: why it is left out, the
numerator and the denominator. All rates of exchange are `RATE`, all reports are in EUR.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from schemas.event import Record
from services.projections.scope import Scope
from tests.property.folds import STEPS, get, happened, last

ZONE = ZoneInfo("Pacific/Auckland")
RATE = {"EUR": Fraction(1), "GBP": Fraction(5, 4)}
ENDED = ("completed", "cancelled", "merged", "split", "descoped")
Records = Sequence[Record]
Row = tuple[str, Fraction, Fraction]
ONE = Fraction(1)


def local_day(record: Record) -> dt.date:
    return record.occurred_at.astimezone(ZONE).date()


def status(records: Records) -> str:
    step = last(records, *STEPS)
    return STEPS[happened(step)] if step else "observed"


def ended_on(records: Records) -> dt.date | None:
    step = last(records, *STEPS)
    return local_day(step) if step and status(records) in (*ENDED, "rejected", "withdrawn") else None


def in_period(day: dt.date | None, scope: Scope) -> bool:
    first, end = scope.period_from or dt.date(1970, 1, 1), scope.period_to or scope.as_of
    return day is not None and first <= day <= end


def convertible(records: Records, currency: str) -> bool:
    plan = last(records, "baseline-set", item="1") or last(records, "proposed")
    return currency == "EUR" or currency == get(plan, "currency")[0]


def corrections(records: Records, since: Record, until: dt.date | None = None) -> list[Record]:
    kept = {
        r.event.part: r
        for r in records
        if happened(r) == "actual-cost-corrected" and r.k > since.k and (until is None or local_day(r) <= until)
    }
    return list(kept.values())


def currencies(records: Records) -> set[str]:
    return {get(r, "currency")[0] for r in records}


def total(records: Records, field: str) -> Fraction:
    return sum((Fraction(get(r, field)[0]) for r in records), Fraction(0))


def points(plan: Record) -> list[tuple[dt.date, Fraction]]:
    start, finish, budget, curve = get(plan, "start", "finish", "budget", "curve")
    return sorted((p.day, Fraction(p.value)) for p in curve) or [(start, Fraction(0)), (finish, Fraction(budget))]


def planned_value(curve: list[tuple[dt.date, Fraction]], day: dt.date) -> Fraction:
    if day < curve[0][0]:
        return Fraction(0)
    for (one, low), (other, high) in zip(curve, curve[1:], strict=False):
        if one <= day < other:
            return low + (high - low) * (day - one).days / (other - one).days
    return curve[-1][1]


def earned_days(curve: list[tuple[dt.date, Fraction]], start: dt.date, earned: Fraction) -> Fraction:
    before = None
    for day, value in curve:
        if value >= earned:
            if before is None:
                return Fraction((day - start).days)
            one, low = before
            return (one - start).days + (earned - low) / (value - low) * (day - one).days
        before = (day, value)
    return Fraction((curve[-1][0] - start).days)


def earned(records: Records, scope: Scope, kpi: str) -> list[Row]:
    now, end = status(records), ended_on(records)
    if now not in ("running", "on-hold", *ENDED) or (end and (scope.as_of - end).days > 35):
        return []
    first = kpi in ("spi-t-first", "eac-over-budget", "eac-to-budget", "own-forecast-to-budget")
    plans = [r for r in records if happened(r) == "baseline-set" and (not first or r.event.part == "1")]
    told = last(records, "progress-reported")
    reported, done = get(told, "data_date", "percent_complete")
    held = [r for r in plans if told and local_day(r) <= reported]
    plan = held[-1] if held else None
    if now in ENDED and now != "completed":
        return left_out(now)
    if not plans:
        return left_out("no baseline")
    if told is None:
        return left_out("no report")
    if (scope.as_of - reported).days > 35:
        return left_out("stale report")
    if plan is None:
        return left_out("no baseline at the data date")
    start, budget, currency = get(plan, "start", "budget", "currency")
    if budget == 0:
        return left_out("budget of 0")
    budget = Fraction(budget)
    # an amount is kept to a ten-thousandth, which decides where a curve stands still at just that amount
    worth, rate = Fraction(round(budget * Fraction(done) * 10_000), 10_000), RATE[currency]
    at = (min(reported, end or reported) - start).days
    if kpi.startswith("spi-t"):
        return left_out("just begun") if at <= 0 else [("", earned_days(points(plan), start, worth), Fraction(at))]
    if kpi == "spi":
        value = planned_value(points(plan), reported)
        reason = "nothing planned yet" if value <= 0 else "" if convertible(records, currency) else "another currency"
        return [(reason, worth * rate, value * rate)]
    if kpi == "own-forecast-to-budget":
        cost, said_in = get(last(records, "progress-reported", "reforecast"), "forecast_cost", "currency")
        if cost is None:
            return left_out("no forecast")
        if said_in != currency:
            return left_out("forecast in another currency")
        reason = "" if convertible(records, currency) else "another currency"
        return [(reason, Fraction(cost) * rate, budget * rate)]
    later = corrections(records, told, reported)
    cost = total([told], "actual_cost") + total(later, "amount")
    if currencies([told, *later]) != {currency}:
        return left_out("cost in another currency")
    if cost <= 0:
        return left_out("no actual cost")
    if kpi != "cost-variance" and done == 0:
        return left_out("nothing earned yet")
    if kpi == "eac-over-budget":
        return [("", Fraction(cost / Fraction(done) > budget), ONE)]
    if not convertible(records, currency):
        return left_out("another currency")
    if kpi == "cpi":
        return [("", worth * rate, cost * rate)]
    if kpi == "cost-variance":
        return [("", (worth - cost) * rate, ONE)]
    at_end = cost / Fraction(done)
    return [("", at_end * rate, budget * rate) if kpi == "eac-to-budget" else ("", (budget - at_end) * rate, ONE)]


def left_out(reason: str) -> list[Row]:
    return [(reason, Fraction(0), ONE)]


def forecast_slip(records: Records, scope: Scope, kpi: str) -> list[Row]:
    if status(records) not in ("running", "on-hold"):
        return []
    plan = last(records, "baseline-set", item="1" if kpi == "forecast-slip" else None)
    finish = get(last(records, "progress-reported", "reforecast"), "forecast_finish")[0]
    if plan is None:
        return left_out("no baseline")
    if finish is None:
        return left_out("no forecast")
    return [("", Fraction((max(finish, scope.as_of) - get(plan, "finish")[0]).days), ONE)]


def by_item(records: Records, *names: str) -> list[list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        if happened(record) in names:
            found.setdefault(record.event.part, []).append(record)
    return list(found.values())


_OF_MILESTONES = ("milestone-planned", "milestone-moved", "milestone-reached", "milestone-dropped")


def milestone_slip(records: Records, scope: Scope, _: str) -> list[Row]:
    rows, now = [], status(records)
    for told in by_item(records, *_OF_MILESTONES):
        plan, reached = last(told, "milestone-planned"), last(told, "milestone-reached")
        dropped = happened(told[-1]) == "milestone-dropped"
        if plan is None or dropped or now == "withdrawn" or not in_period(get(plan, "due")[0], scope):
            continue
        due = get(last(told, "milestone-planned", "milestone-moved"), "due")[0]
        until = local_day(reached) if reached else max(due, scope.as_of)
        reason = now if reached is None and now in (*ENDED, "rejected") else ""
        rows.append((reason, Fraction((until - get(plan, "due")[0]).days), ONE))
    return rows


_DECISIONS = ("gate-passed", "gate-passed-with-conditions", "gate-failed")


def answering(told: list[Record]) -> list[Record]:
    """A gate's requests and decisions; a whole day's decision that nobody waited for comes after its day's requests."""
    placed: list[tuple[int, int, Record]] = []
    waiting = False
    for place, record in enumerate(told):
        asked = happened(record) == "gate-requested"
        at = [place]
        if not asked and not waiting and record.occurred_at.astimezone(ZONE).time() == dt.time():
            at += [
                n for n, r in enumerate(told) if happened(r) == "gate-requested" and local_day(r) == local_day(record)
            ]
        placed.append((max(at), int(not asked), record))
        waiting = asked
    return [record for *_, record in sorted(placed, key=lambda each: each[:2])]


def gate_lead_time(records: Records, scope: Scope, _: str) -> list[Row]:
    rows: list[Row] = []
    if status(records) == "withdrawn":
        return rows
    for told in by_item(records, "gate-requested", *_DECISIONS):
        since: Record | None = None
        for record in [*answering(told), None]:
            if record and happened(record) == "gate-requested":
                since = since or record
            elif since:
                until = local_day(record) if record else ended_on(records) or scope.as_of
                if in_period(local_day(since), scope):
                    rows.append(("", Fraction(max(0, (until - local_day(since)).days)), ONE))
                since = None
    return rows


def gate_waiting(records: Records, scope: Scope, _: str) -> list[Row]:
    if status(records) not in ("proposed", "deferred", "approved", "running", "on-hold"):
        return []
    rows = []
    for told in by_item(records, "gate-requested", *_DECISIONS):
        told = answering(told)
        decided = max((i for i, r in enumerate(told) if happened(r) in _DECISIONS), default=-1)
        if waiting := told[decided + 1 :]:
            rows.append(("", Fraction((scope.as_of - local_day(waiting[0])).days), ONE))
    return rows


def approved(records: Records) -> list[tuple[Record, Record]]:
    found = []
    for told in by_item(records, "change-requested", "change-approved", "change-rejected"):
        asked, decided = last(told, "change-requested"), last(told, "change-approved", "change-rejected")
        if asked and decided and happened(decided) == "change-approved":
            found.append((asked, decided))
    return found


def change_rate(records: Records, scope: Scope, _: str) -> list[Row]:
    now = status(records)
    if now not in ("running", "on-hold") and not (now in ENDED and in_period(ended_on(records), scope)):
        return []
    plan = last(records, "baseline-set", item="1")
    budget, currency = get(plan, "budget", "currency")
    asked = [request for request, _ in approved(records)]
    if plan is None:
        return left_out("no baseline")
    if budget == 0:
        return left_out("budget of 0")
    if currencies(asked) - {currency}:
        return left_out("change in another currency")
    return [("", total(asked, "cost") * RATE[currency], Fraction(budget) * RATE[currency])]


def on_budget_approved(records: Records, scope: Scope, _: str) -> list[Row]:
    closure, plan = last(records, "financially-closed", "reopened"), last(records, "baseline-set", item="1")
    if status(records) in ("withdrawn", "observed") or closure is None or happened(closure) == "reopened":
        return []
    if not in_period(local_day(closure), scope):
        return []
    later = corrections(records, closure)
    asked = [request for request, decided in approved(records) if decided.occurred_at <= closure.occurred_at]
    if plan is None:
        return left_out("no baseline")
    if plan.occurred_at > closure.occurred_at:
        return left_out("baseline set after the closure")
    budget, currency = get(plan, "budget", "currency")
    if budget == 0:
        return left_out("budget of 0")
    if currencies([closure, *later]) != {currency}:
        return left_out("cost in another currency")
    if currencies(asked) - {currency}:
        return left_out("change in another currency")
    cost = total([closure], "final_cost") + total(later, "amount")
    return [("", Fraction(cost <= Fraction(budget) + total(asked, "cost")), ONE)]


def waste(records: Records, scope: Scope, _: str) -> list[Row]:
    now = status(records)
    if now not in ("cancelled", "completed") or not in_period(ended_on(records), scope):
        return []
    closing, told = last(records, "financially-closed", "reopened"), last(records, "progress-reported")
    closure = closing if closing and happened(closing) == "financially-closed" else None
    source = closure or told
    if source is None:
        return left_out("no cost known")
    currency, later = get(source, "currency")[0], corrections(records, source)
    if currencies(later) - {currency}:
        return left_out("correction in another currency")
    if not convertible(records, currency):
        return left_out("another currency")
    cost = (total([source], "final_cost" if closure else "actual_cost") + total(later, "amount")) * RATE[currency]
    return [("", cost if now == "cancelled" else Fraction(0), cost)]


def exposure(records: Records, scope: Scope, kpi: str) -> list[Row]:
    rows: list[Row] = []
    if status(records) not in ("running", "on-hold"):
        return rows
    names = ("risk-raised", "risk-reassessed", "risk-closed", "risk-materialised")
    for told in by_item(records, *names):
        raised, held = last(told, "risk-raised"), last(told, "risk-raised", "risk-reassessed")
        if raised is None or happened(told[-1]) in names[2:] or get(raised, "effect")[0] != kpi.split("-")[0]:
            continue
        chance, impact, currency = get(held, "probability", "impact", "currency")
        reason = "" if convertible(records, currency) else "another currency"
        rows.append((reason, Fraction(chance) * Fraction(impact) * RATE[currency], ONE))
    return rows


def benefits(records: Records, scope: Scope, _: str) -> list[Row]:
    rows: list[Row] = []
    now = status(records)
    for told in by_item(records, "benefit-planned", "benefit-measured"):
        plan, measured = last(told, "benefit-planned"), last(told, "benefit-measured")
        if plan is None or now in ("withdrawn", "observed") or not (measured or get(plan, "due")[0] <= scope.as_of):
            continue
        reason = now if now in ("cancelled", "merged", "split", "descoped", "rejected") else ""
        amounts: list[Any] = [get(r, "amount", "currency") if r else (Decimal(0), "EUR") for r in (measured, plan)]
        if not reason and not all(convertible(records, currency) for _, currency in amounts):
            reason = "another currency"
        top, bottom = (Fraction(amount) * RATE[currency] for amount, currency in amounts)
        rows.append((reason, top, bottom))
    return rows


RECOMPUTED: dict[str, Callable[[Records, Scope, str], list[Row]]] = {
    **dict.fromkeys(
        ("spi-t", "spi-t-first", "spi", "cpi", "cost-variance", "vac", "eac-to-budget", "eac-over-budget",
         "own-forecast-to-budget"), earned,
    ),
    "forecast-slip": forecast_slip,
    "forecast-slip-current": forecast_slip,
    "milestone-slip": milestone_slip,
    "gate-lead-time": gate_lead_time,
    "gate-waiting": gate_waiting,
    "change-rate": change_rate,
    "on-budget-approved": on_budget_approved,
    "waste": waste,
    "threat-exposure": exposure,
    "opportunity-exposure": exposure,
    "benefits": benefits,
}  # fmt: skip
