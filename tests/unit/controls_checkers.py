"""Obvious Python checkers of the controls over projects, for the SQL to agree with."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from controls_world import ZONE

from schemas.event import Record

Found = tuple[str, str]


def local_day(record: Record) -> dt.date:
    return record.occurred_at.astimezone(ZONE).date()


def what(record: Record) -> str:
    return record.event.type_name.split(".")[2]


def counting(records: Iterable[Record], as_of: dt.date, known_at: dt.date) -> list[Record]:
    """What counts, in the order of meaning."""
    known = [r for r in records if r.recorded_at.astimezone(ZONE).date() <= known_at]
    dead: set[int] = set()
    withdrawn: set[int] = set()
    for record in sorted(known, key=lambda r: -r.version):
        # what a correction replaced stays dead when it is corrected itself, and revives when it is voided
        if record.supersedes and record.version not in withdrawn:
            dead.add(record.supersedes)
            if what(record) == "voided" and record.version not in dead:
                withdrawn.add(record.supersedes)
    alive = [r for r in known if r.version not in dead and what(r) != "voided" and local_day(r) <= as_of]
    return sorted(alive, key=lambda r: r.k)


def may_precede(first: Record, second: Record) -> bool:
    """Whether the first may have come before the second: a day-precision event came at any time of its day."""
    if second.precision == "day":
        return local_day(first) <= local_day(second)
    return first.k <= second.k


def certainly_before(first: Record, second: Record) -> bool:
    """Whether the first came before the second for certain: one of a day may have come at its end."""
    if first.precision == "day":
        return local_day(first) < local_day(second)
    return first.k < second.k


def start_checker(history: Sequence[Record]) -> list[str]:
    results = []
    for start in (r for r in history if what(r) == "started"):
        states = []
        for needed, cancels, shown in (
            ("approved", ("rejected", "deferred"), ("approved", "running", "on-hold", "completed")),
            ("baseline-set", (), ()),
        ):
            before = [r for r in history if r.k <= start.k and what(r) in (needed, *cancels)]
            after = [r for r in history if r.k > start.k and what(r) == needed]
            if (before and what(before[-1]) == needed) or any(may_precede(r, start) for r in after):
                states.append("satisfied")
            elif any(what(r) == "recorded" and r.event.status in shown and may_precede(r, start) for r in history):
                states.append("no evidence")
            else:
                states.append("cured late" if after else "violated")
        results.append(max(states, key=("satisfied", "no evidence", "cured late", "violated").index))
    return results or observed(history, ("running", "on-hold", "completed", None))


def observed(history: Sequence[Record], statuses: tuple[str | None, ...]) -> list[str]:
    return ["no evidence"] * any(what(r) == "recorded" and r.event.status in statuses for r in history)


def status_checker(history: Sequence[Record], as_of: dt.date) -> list[str]:
    results: list[str] = []
    running = started = False
    clock = asked = 0
    today = dt.date.min
    for record in history:
        clock += (local_day(record) - today).days if running else 0
        today = local_day(record)
        match what(record):
            case "started" | "resumed" | "reopened":
                running = started = True
            case "put-on-hold" | "completed" | "cancelled":
                running = False
            case "progress-reported" if running:
                results.append("satisfied" if clock - asked <= 14 else "cured late")
                asked = clock
    clock += (as_of - today).days if running else 0
    if started and clock - asked > 14:
        results.append("violated")
    ended = any(what(r) in ("put-on-hold", "completed", "cancelled") for r in history)
    return results if started or ended else observed(history, ("running", "on-hold", "completed", None))


def decision_checker(history: Sequence[Record]) -> list[Found]:
    found = []
    for record in history:
        event: Any = record.event
        if what(record) in ("approved", "rejected"):
            matters = [r.event.proposed_by for r in history if what(r) == "proposed" and may_precede(r, record)]
        elif what(record).startswith("gate-") and what(record) != "gate-requested":
            matters = [
                r.event.requested_by
                for r in history
                if what(r) == "gate-requested" and r.event.part == record.event.part and may_precede(r, record)
            ]
        elif what(record) in ("change-approved", "change-rejected"):
            matters = [
                r.event.requested_by
                for r in history
                if what(r) == "change-requested" and r.event.part == record.event.part and may_precede(r, record)
            ]
        else:
            continue
        other = matters[-1] if matters else None
        found.append(
            (record.event_id, "no evidence" if not other else "violated" if event.decided_by == other else "satisfied")
        )
    if not any(what(r) in ("approved", "rejected") for r in history):
        seen = [r for r in history if what(r) == "recorded" and r.event.status != "proposed"]
        found += [(r.event_id, "no evidence") for r in seen[:1]]
    return sorted(found)
