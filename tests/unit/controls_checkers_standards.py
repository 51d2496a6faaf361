"""Obvious Python checkers of the controls over standards, waivers, exemptions and maturity."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from controls_checkers import Found, certainly_before, local_day, may_precede, what

from schemas.event import Record


def nonconformity_checker(history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """Control 10: each nonconformity is resolved by its due day; another statement by that day moves it."""
    found = []
    for raised in (r for r in history if what(r) == "nonconformity-raised"):
        about: list[Any] = [r for r in history if r.event.part == raised.event.part]
        due = raised.event.due
        again = [r for r in about if what(r) == "nonconformity-raised" and r.k > raised.k]
        if again and local_day(again[0]) <= due:
            continue
        resolved = [
            local_day(r) for r in about if what(r) == "nonconformity-resolved" and not certainly_before(r, raised)
        ]
        if resolved and resolved[0] <= due:
            found.append((raised.event_id, "satisfied"))
        elif as_of > due:
            late = any(on > due for on in resolved)
            found.append((raised.event_id, "cured late" if late else "violated"))
    return sorted(found)


def edition_at(standard: Sequence[Record], on: dt.date, k: int) -> Any:
    """The edition in force at the end of a day, or at a later record."""
    editions = [r.event for r in standard if what(r) != "withdrawn" and (local_day(r) <= on or r.k <= k)]
    return editions[-1] if editions else None


def meets(assessment: Record, edition: Any) -> bool:
    """Whether the unit meets all that the edition asks for; where none is known, it asks for nothing by that name."""
    event: Any = assessment.event
    if edition is None:
        return not event.edition
    met = {result.requirement for result in event.results if result.result == "met"}
    return event.edition == edition.edition and met >= {requirement.id for requirement in edition.requirements}


def waiver_checker(history: Sequence[Record], standard: Sequence[Record], as_of: dt.date) -> list[Found]:
    """Control 11: no waiver of a mandated standard expires unnoticed, or is the third in a row."""
    found = []
    everything = sorted([*history, *standard], key=lambda r: r.k)
    for waiver in (r for r in history if what(r) == "waived"):
        event: Any = waiver.event
        last = event.until
        mandates = [r for r in history if what(r) in ("mandated", "not-applicable") and local_day(r) <= last]
        lifted = bool(mandates) and what(mandates[-1]) == "not-applicable" and mandates[-1].k < waiver.k
        words = [r for r in standard if local_day(r) <= last]
        withdrawn = bool(words) and what(words[-1]) == "withdrawn" and words[-1].k < waiver.k
        if not mandates or lifted or withdrawn:
            continue
        instead = [
            r
            for r in everything
            if (what(r) == "assessed" and meets(r, edition_at(standard, last, end_of_day(r))))
            or (what(r) in ("waived", "waiver-ended", "not-applicable", "withdrawn") and r.k > waiver.k)
        ]
        in_time = any(local_day(r) <= last for r in instead)
        if in_a_row(waiver, everything, standard) > 2:
            found.append((waiver.event_id, "violated"))
        elif in_time:
            found.append((waiver.event_id, "satisfied"))
        elif as_of > last:
            found.append((waiver.event_id, "cured late" if instead else "violated"))
    return sorted(found)


def end_of_day(record: Record) -> int:
    """The last key at which it may have come."""
    return record.k + (86_399_999 << 20) if record.precision == "day" else record.k


def in_a_row(waiver: Record, everything: Sequence[Record], standard: Sequence[Record]) -> int:
    """Which of waivers following one another it is; their end, a met edition and the like begin a new row."""
    count = 0
    for record in everything:
        if record.k > end_of_day(waiver):
            break
        ends = what(record) in ("waiver-ended", "not-applicable", "withdrawn")
        moment = end_of_day(record)
        if ends or (what(record) == "assessed" and meets(record, edition_at(standard, dt.date.min, moment))):
            count = 0
        elif what(record) == "waived" and record.k <= waiver.k:
            count += 1
    return max(1, count)


def technology_checker(history: Sequence[Record], standard: Sequence[Record]) -> list[Found]:
    """Control 28: a technology is mandated only after its security review."""
    found = []
    editions: list[Any] = [r for r in standard if what(r) != "withdrawn"]
    for mandate in (r for r in history if what(r) == "mandated"):
        by_then = [r for r in editions if may_precede(r, mandate)]
        kind = (by_then[-1:] or editions[:1])[0].event.standard_kind if editions else None
        if kind != "technology":
            continue
        if by_then and by_then[-1].event.security_review:
            found.append((mandate.event_id, "satisfied"))
        else:
            later = any(r.event.security_review for r in editions if not may_precede(r, mandate))
            found.append((mandate.event_id, "cured late" if later else "violated"))
    return sorted(found)


def own_decision_checker(history: Sequence[Record]) -> list[Found]:
    """Control 32: nobody waives what they asked for, or finds done what they answer for."""
    found = []
    for place, record in enumerate(history):
        event: Any = record.event
        before: list[Any] = [r.event for r in history[:place]]
        match what(record):
            case "waived":
                own = {event.requested_by}
            case "exempted":
                own = {record.stream.split(":")[1].split("/")[0]}
            case "nonconformity-resolved":
                raised = [e for e in before if e.type_name.endswith("-raised.v1") and e.part == event.part]
                own = {raised[-1].owner if raised else None}
            case "dismissed" | "remediated" | "risk-accepted":
                owners = [e.owner for e in before if hasattr(e, "owner")]
                own = {*owners[-1:], getattr(event, "requested_by", None)} - {None}
            case _:
                continue
        unknown = None in own or event.decided_by is None
        result = "no evidence" if unknown else "violated" if event.decided_by in own else "satisfied"
        found.append((record.event_id, result))
    return sorted(found)


def maturity_checker(history: Sequence[Record], as_of: dt.date) -> list[Found]:
    """Control 22: each unit's maturity is assessed at least yearly, while the unit exists."""
    found: list[Found] = []
    exists = False
    clock = asked = 0
    asks: Record | None = None
    today = dt.date.min
    for record in history:
        clock += (local_day(record) - today).days if exists else 0
        today = local_day(record)
        match what(record):
            case "registered":
                exists, asks = True, asks or record
            case "retired" | "merged-into":
                exists = False
            case "maturity-assessed" if exists and asks:
                found.append((asks.event_id, "satisfied" if clock - asked <= 365 else "cured late"))
                asked, asks = clock, record
    clock += (as_of - today).days if exists else 0
    return sorted([*found, (asks.event_id, "violated")] if asks and clock - asked > 365 else found)
