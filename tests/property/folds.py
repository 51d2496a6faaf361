"""What each state view must say of a stream, written out in plain Python: slow, obvious, sharing nothing with the SQL.

Each function takes a stream's records that count, in order of meaning, and gives what the view's columns must hold;
None where the view must have no row; `views.VIEWS` names the columns.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.event import Record
from schemas.voiding import Voided
from tests.strategies import superseded_by_definition

Row = tuple[Any, ...]
Records = Sequence[Record]


def happened(record: Record) -> str:
    return record.event.type_name.split(".")[2]


def countable(records: Iterable[Record], as_of: dt.datetime, known_at: dt.datetime, basis: str) -> list[Record]:
    """The records that count, in order of (occurred_at, version)."""
    known = [r for r in records if ((r.reported_at if basis == "reported" else None) or r.recorded_at) <= known_at]
    dead = superseded_by_definition(known)
    kept = [r for r in known if r.version not in dead and not isinstance(r.event, Voided) and r.occurred_at <= as_of]
    return sorted(kept, key=lambda r: (r.occurred_at, r.version))


def last(records: Records, *names: str, item: str | None = None) -> Record | None:
    found = [r for r in records if happened(r) in names and (item is None or r.event.part == item)]
    return found[-1] if found else None


def get(record: Record | None, *fields: str) -> Row:
    return tuple(None if record is None else getattr(record.event, field, None) for field in fields)


def version(record: Record | None) -> int:
    return record.version if record else 0


def when(record: Record | None) -> dt.datetime | None:
    return record.occurred_at.replace(tzinfo=None) if record else None


STEPS = {
    "proposed": "proposed", "deferred": "deferred", "approved": "approved", "rejected": "rejected",
    "started": "running", "put-on-hold": "on-hold", "resumed": "running", "completed": "completed",
    "cancelled": "cancelled", "merged-into": "merged", "split-into": "split", "descoped": "descoped",
    "reopened": "running", "withdrawn": "withdrawn",
}  # fmt: skip
OTHER_STEPS = (
    "baseline-set", "financially-closed", "transferred", "manager-changed", "actual-cost-corrected", "recorded",
    "left-source",
)  # fmt: skip


def project(records: Records) -> Row | None:
    if not last(records, *STEPS, *OTHER_STEPS):
        return None
    step = last(records, *STEPS)
    closure, completion = last(records, "financially-closed"), last(records, "completed")
    closing = last(records, "financially-closed", "reopened")
    first, current = last(records, "baseline-set", item="1"), last(records, "baseline-set")
    recorded = [r for r in records if happened(r) == "recorded"]
    finished = next((r for r in recorded if get(r, "finish")[0] is not None), None)
    budgeted = next((r for r in recorded if get(r, "budget")[0] is not None), None)
    observed = recorded[-1] if recorded else None
    cost = get(observed, "forecast_cost", "budget", "currency")
    starts = [r for r in records if happened(r) == "started"]
    seen = last(records, "recorded", "left-source")
    corrections = [r for r in records if happened(r) == "actual-cost-corrected"]
    plan = ("start", "finish", "budget", "currency")
    return (
        *get(last(records, "proposed", "recorded"), "name"),
        *get(last(records, "proposed", "recorded", "transferred"), "unit"),
        *get(last(records, "proposed", "manager-changed"), "manager"),
        *get(last(records, "proposed"), "sponsor"),
        STEPS[happened(step)] if step else "observed",
        "governed" if step else "observed",
        version(starts[0] if starts else None),
        version(completion),
        *get(completion, "objectives_met", "quality_met"),
        *get(last(records, "cancelled"), "cause"),
        closing is not None and happened(closing) == "financially-closed",
        *get(closure, "final_cost", "currency"),
        version(closure),
        *get(first, *plan),
        version(first),
        *get(current, *plan),
        version(current),
        current.event.part if current else "",
        *get(finished, *plan),
        version(finished),
        *get(budgeted, "budget", "currency"),
        version(budgeted),
        cost[1] if cost[0] is None else cost[0],
        cost[2],
        *get(observed, "status", "start", "finish", "budget", "forecast_cost", "rag"),
        version(observed),
        seen is not None and happened(seen) == "left-source",
        [r.version for r in corrections],
    )


def report(records: Records) -> Row | None:
    forecast, said = last(records, "progress-reported", "reforecast"), last(records, "progress-reported")
    if not forecast:
        return None
    fields = ("data_date", "percent_complete", "actual_cost", "forecast_finish", "forecast_cost", "rag")
    return (
        *get(said, *fields),
        version(said),
        *get(said, "currency"),
        *get(forecast, "forecast_finish", "forecast_cost", "currency"),
        version(forecast),
        when(forecast),
    )


def unit(records: Records) -> Row | None:
    if not records:
        return None
    standing = last(records, "registered", "retired")
    return (
        *get(last(records, "registered", "renamed"), "name"),
        *get(last(records, "registered"), "parent", "country"),
        *get(last(records, "merged-into"), "into"),
        standing is not None and happened(standing) == "retired",
    )


def person(records: Records) -> Row | None:
    joined = last(records, "joined")
    if not joined:
        return None
    presence = last(records, "joined", "left")
    gone = presence if presence and happened(presence) == "left" else None
    job = last(records, "joined", "role-changed")
    stays = [r for r in records if happened(r) in ("joined", "left")]

    def here(record: Record) -> bool:
        return [happened(r) == "joined" for r in stays if r.k <= record.k][-1:] == [True]

    roles = [r for r in records if happened(r) in ("joined", "role-changed", "left")]
    contracts = [r for r in records if happened(r) in ("joined", "hours-changed", "left")]
    return (
        *get(last(records, "joined", "moved"), "unit"),
        *get(job, "role", "career_level"),
        when(job),
        *get(last(records, "joined", "hours-changed"), "weekly_hours"),
        *get(joined, "country", "work_mode"),
        list(get(last(records, "joined", "skills-changed"), "skills")[0]),
        when(joined),
        when(gone),
        *get(gone, "voluntary"),
        [(when(r), *((get(r, "role")[0], get(r, "career_level")[0] or 0) if here(r) else ("", 0))) for r in roles],
        [(when(r), get(r, "weekly_hours")[0] if here(r) else 0) for r in contracts],
        version(job),
    )


def absence(records: Records) -> Row | None:
    standing = last(records, "absence-planned", "absence-cancelled")
    if standing is None or happened(standing) != "absence-planned":
        return None
    return get(standing, "first_day", "last_day", "share")


def allocation(records: Records) -> Row | None:
    plan = last(records, "allocation-planned", "allocation-revised")
    release, confirmation = last(records, "allocation-released"), last(records, "allocation-confirmed")
    if plan is None:
        return None
    project, first, end, hours, hard, at_risk = get(
        plan, "project", "first_day", "last_day", "weekly_hours", "hard", "at_risk"
    )
    released = release if release and release.k > plan.k else None
    if released:
        (until,) = get(released, "last_day")
        if until is None or until < first:
            return None
        end = min(end, until)
    confirmed = confirmation if confirmation and confirmation.k > plan.k else None
    return (
        project, first, end, hours, hard, at_risk.id if at_risk else None, released is not None,
        confirmed is not None, *get(confirmed, "confirmed_by"), [version(plan), version(confirmed)],
    )  # fmt: skip


def hours(records: Records) -> Row | None:
    entry = last(records, "hours-logged", "hours-corrected")
    return (*get(entry, "project", "day", "hours"), version(entry)) if entry else None


def timesheet(records: Records) -> Row | None:
    if not records:
        return None
    submitted, approved = last(records, "submitted"), last(records, "approved")
    parts = {r.event.part for r in records if happened(r) in ("hours-logged", "hours-corrected")}
    entries = [hours([r for r in records if r.event.part == part]) for part in sorted(parts)]
    return (
        when(submitted), version(submitted), when(approved), *get(approved, "decided_by"),
        sum((e[2] for e in entries if e), 0), [e[3] for e in entries if e],
    )  # fmt: skip


def standard(records: Records) -> Row | None:
    edition = last(records, "published", "revised")
    if not edition:
        return None
    name, kind, code, requirements, data_class, review = get(
        edition, "name", "standard_kind", "edition", "requirements", "data_class", "security_review"
    )
    standing = last(records, "published", "revised", "withdrawn")
    return (
        name, kind, code, [(r.id, r.weight) for r in requirements], data_class, review.uri if review else None,
        version(edition), happened(standing) == "withdrawn" if standing else False,
    )  # fmt: skip


def adoption(records: Records, standard: Row | None) -> Row | None:
    if not records:
        return None
    mandate, applies = last(records, "mandated"), last(records, "mandated", "not-applicable")
    edition = standard[2] if standard else None
    under = [r for r in records if happened(r) == "assessed" and get(r, "edition")[0] == edition]
    assessment = under[-1] if under else None
    waiver = last(records, "waived", "waiver-ended")
    stance = last(records, "adopted", "abandoned")
    usage = last(records, "usage-measured")
    return (
        edition,
        standard[3] if standard else [],
        *get(mandate, "due"),
        version(mandate),
        applies is not None and happened(applies) == "not-applicable",
        [(a.requirement, a.result) for a in (get(assessment, "results")[0] or ())],
        version(assessment),
        get(waiver, "until")[0] if waiver and happened(waiver) == "waived" else None,
        happened(stance) if stance else "",
        version(stance),
        *get(usage, "active", "eligible"),
        version(usage),
    )


def course(records: Records) -> Row | None:
    if not records:
        return None
    standing, defined = last(records, "defined", "retired"), last(records, "defined")
    (validity,) = get(defined, "validity")
    return (
        *get(defined, "title", "provider", "hours"),
        *((validity.length, validity.unit, validity.until) if validity else (None, None, None)),
        standing is not None and happened(standing) == "retired",
    )


def requirement(records: Records) -> Row | None:
    standing = last(records, "required", "not-required")
    if standing is None or happened(standing) != "required":
        return None
    return (*get(standing, "role", "career_level", "grace_days"), when(standing), version(standing))


def training(records: Records) -> Row | None:
    if not records:
        return None
    revoked = last(records, "revoked")
    after = [r for r in records if not revoked or r.k > revoked.k]
    completed, exempted = last(after, "completed"), last(after, "exempted")
    return (
        completed is not None,
        exempted is not None,
        *get(completed, "completed_on", "expires"),
        *get(exempted, "until"),
        revoked is not None and not completed and not exempted,
    )


def response(records: Records) -> Row | None:
    answer = last(records, "response-recorded")
    if not answer:
        return None
    role, satisfaction, scores, recommend = get(answer, "stakeholder_role", "satisfaction", "scores", "recommend")
    return role, satisfaction, dict(scores), recommend, when(answer), version(answer)


def survey(records: Records) -> Row | None:
    return (dict(get(last(records, "invited"), "invited")[0] or {}),) if records else None


def goal(records: Records) -> Row | None:
    if not records:
        return None
    standing = last(records, "declared", "retired")
    return (
        *get(last(records, "declared"), "statement"),
        *get(last(records, "declared", "reweighted"), "weight"),
        version(last(records, "declared", "reweighted")),
        *get(last(records, "declared"), "owner_unit"),
        standing is not None and happened(standing) == "retired",
    )


IMPORT = ("source_kind", "file_name", "file_digest", "mapping_digest", "rows", "recorded", "unchanged", "rejected",
          "ignored", "events")  # fmt: skip


def imported(records: Records) -> Row | None:
    done = last(records, "completed")
    return (when(done), *get(done, *IMPORT)) if done else None
