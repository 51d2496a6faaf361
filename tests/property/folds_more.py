"""More of `folds`: what the views of work, demand, settings, definitions, audits and findings must say of a stream."""

from collections.abc import Iterable

from schemas.event import Record
from tests.property.folds import Records, Row, get, happened, last, version, when


def placeholder(records: Records) -> Row | None:
    if happened(records[-1]) in ("placeholder-filled", "placeholder-withdrawn"):
        return None
    plan = last(records, "placeholder-planned", "placeholder-revised")
    return (
        *get(plan, "role", "skill", "option_group", "first_day", "last_day", "weekly_hours"),
        version(plan),
    )


def work_item(records: Records) -> Row | None:
    created = last(records, "created")
    if not created:
        return None
    moves = [r for r in records if happened(r) in ("created", "moved", "done", "reopened")]
    halts = [r for r in records if happened(r) in ("blocked", "unblocked")]
    return (
        *get(last(records, "created", "described"), "work_type", "parent"),
        when(next(r for r in records if happened(r) == "created")),
        *get(last(records, "created", "assigned"), "assignee"),
        *_plan(last(records, "created", "re-estimated")),
        *get(moves[-1], "status", "category"),
        when(moves[-1]),
        version(moves[-1]),
        [(when(r), *get(r, "status", "category")) for r in moves],
        [(when(r), happened(r) == "blocked") for r in halts],
        *get(last(records, "scheduled"), "actual_effort", "cost", "actual_cost", "currency", "deadline"),
        happened(last(records, "created", "removed") or created) == "removed",
    )


def _plan(record: Record | None) -> Row:
    # records stand in the words of the latest version, which calls the hours of re-estimated otherwise
    hours = "total_effort" if record and happened(record) == "re-estimated" else "estimate"
    return get(record, hours, "planned_start", "planned_finish", "remaining_effort", "percent_complete")


def path(records: Records) -> Row | None:
    if not records or happened(records[-1]) == "retired":
        return None
    (role, levels) = get(records[-1], "role", "levels")
    return role, [(level.level, level.title, list(level.courses), level.months) for level in levels]


def maturity(records: Records) -> Row | None:
    found = last(records, "maturity-assessed")
    if not found:
        return None
    level, target, perspectives = get(found, "level", "target", "perspectives")
    return level, target, dict(perspectives), *get(found, "framework", "assessor_type"), when(found), version(found)


def improvement(records: Records) -> Row | None:
    plan, done = last(records, "improvement-planned"), last(records, "improvement-done")
    if not plan and not done:
        return None
    return *get(plan, "due", "owner"), when(plan), version(plan), when(done), version(done)


def nonconformity(records: Records) -> Row | None:
    raised = last(records, "nonconformity-raised")
    if not raised:
        return None
    step = last(records, "nonconformity-raised", "nonconformity-resolved")
    resolved = step if step and happened(step) == "nonconformity-resolved" else None
    return (
        *get(raised, "severity", "due", "owner", "raised_by"),
        when(raised),
        version(raised),
        when(resolved),
        version(resolved),
    )


def readiness(records: Records) -> Row | None:
    asked = ("impact-assessed", "readiness-assessed", "resistance-assessed")
    if not last(records, *asked):
        return None
    return tuple(get(last(records, name), "level")[0] for name in asked)


def assessed_level(records: Records) -> Row | None:
    found = last(records, "level-assessed")
    return (*get(found, "path", "career_level"), when(found), version(found)) if found else None


def linked(streams: Iterable[Records]) -> dict[tuple[str, ...], Row]:
    """Every pseudonym that some person's stream names as another one's: whoever said so last, or later by name."""
    said = [r for records in streams for r in records if happened(r) == "linked"]
    said.sort(key=lambda r: (r.k, r.stream))
    return {(r.event.part,): (r.stream.removeprefix("person:"),) for r in said}


def setting(records: Records) -> Row | None:
    held = last(records, "set")
    value = get(held, "value")[0]
    return None if value is None else (value, when(held), version(held))


def rate(records: Records) -> Row | None:
    held = last(records, "set")
    return (*get(held, "first_day", "to_currency", "rate"), version(held)) if held else None


def right(records: Records) -> Row | None:
    if happened(records[-1]) == "revoked":
        return None
    return *get(records[-1], "role", "decided_by"), when(records[-1])


def definition(records: Records) -> Row | None:
    """A control or KPI in force."""
    if not records or happened(records[-1]) == "retired":
        return None
    first = next((r for r in records if happened(r) == "published"), None)
    return (
        *get(records[-1], "title", "definition", "definition_version", "digest"),
        when(records[-1]),
        version(records[-1]),
        when(first),
    )


def issued(records: Records) -> Row | None:
    fields = ("title", "audience", "unit", "as_of", "known_at", "basis", "figures_digest")
    return (*get(records[-1], *fields), when(records[-1])) if records else None


AUDIT = ("unit", "as_of", "known_at", "basis", "position", "population", "exceptions", "without_evidence", "incomplete",
         "results_digest")  # fmt: skip


def audit(records: Records) -> Row | None:
    return (*get(records[-1], *AUDIT), when(records[-1])) if records else None


FOUND = ("control", "subject", "activating", "unit", "severity", "result", "due", "detail", "audit")


def finding(records: Records) -> Row | None:
    raised = last(records, "raised")
    if not raised:
        return None
    step = happened(records[-1])
    return (
        *get(raised, *FOUND),
        when(raised),
        when(records[-1]),
        version(records[-1]),
        "open" if step in ("raised", "reopened") else step,
        *get(last(records, "acknowledged"), "owner", "due"),
        *get(last(records, "risk-accepted"), "until", "requested_by", "decided_by"),
        when(last(records, "cured", "remediated", "dismissed")),
    )
