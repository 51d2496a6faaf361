"""What the views of a project's parts must say: plans, milestones, changes, gates, risks and benefits."""

from tests.property.folds import Records, Row, get, happened, last, version, when


def baselines(records: Records) -> Row | None:
    sets = [r for r in records if happened(r) == "baseline-set"]
    if not sets:
        return None
    shown = []
    for record in sets:
        start, finish, budget, currency, curve = get(record, "start", "finish", "budget", "currency", "curve")
        points = sorted((point.day, point.value) for point in curve) or [(start, 0), (finish, budget)]
        shown.append((record.event.part, start, finish, budget, currency, points, record.version))
    return (shown,)


def proposal(records: Records) -> Row | None:
    if not last(records, "proposed", "scored", "ranked", "deferred"):
        return None
    proposed, scored, ranked = last(records, "proposed"), last(records, "scored"), last(records, "ranked")
    wanted = ("size", "value", "risk", "planned_start", "planned_finish", "budget", "currency")
    return (
        dict(get(proposed, "contributions")[0] or {}),
        *get(proposed, *wanted),
        version(proposed),
        *get(proposed, "gate_route"),
        *get(scored, "model", "model_version", "score"),
        version(scored),
        *get(ranked, "ranking", "rank", "within", "cut_by"),
        *get(last(records, "deferred"), "until"),
    )


def milestone(records: Records) -> Row | None:
    plan = last(records, "milestone-planned")
    step = last(records, "milestone-planned", "milestone-moved", "milestone-reached", "milestone-dropped")
    if plan is None or (step and happened(step) == "milestone-dropped"):
        return None
    expected, reached = last(records, "milestone-planned", "milestone-moved"), last(records, "milestone-reached")
    return (
        *get(plan, "name", "due"),
        version(plan),
        *get(expected, "due"),
        version(expected),
        when(reached),
        version(reached),
        sum(happened(r) == "milestone-moved" for r in records),
    )


def change(records: Records) -> Row | None:
    request = last(records, "change-requested")
    if request is None:
        return None
    decision = last(records, "change-approved", "change-rejected")
    return (
        *get(request, "cost", "currency", "days", "requested_by"),
        when(request),
        version(request),
        happened(decision).removeprefix("change-") if decision else "",
        *get(decision, "decided_by"),
        version(decision),
    )


_DECISIONS = ("gate-passed", "gate-passed-with-conditions", "gate-failed")


def gate(records: Records) -> Row | None:
    if not last(records, "gate-requested", *_DECISIONS, "gate-decision-revoked", "condition-met"):
        return None
    standing, met = last(records, *_DECISIONS, "gate-decision-revoked"), last(records, "condition-met")
    return (
        [r.version for r in records if happened(r) == "gate-requested"],
        [(happened(r), get(r, "decided_by")[0], r.version) for r in records if happened(r) in _DECISIONS],
        *get(standing, "due"),
        when(met) if met and (standing is None or met.k > standing.k) else None,
    )


def risk(records: Records) -> Row | None:
    raised = last(records, "risk-raised")
    if raised is None:
        return None
    assessed = last(records, "risk-raised", "risk-reassessed")
    step = last(records, "risk-raised", "risk-reassessed", "risk-closed", "risk-materialised")
    assert step
    return (
        *get(raised, "name", "effect", "category"),
        *get(assessed, "probability", "impact", "currency", "owner"),
        version(assessed),
        {"risk-closed": "closed", "risk-materialised": "materialised"}.get(happened(step), "open"),
    )


def benefit(records: Records) -> Row | None:
    plan = last(records, "benefit-planned")
    if plan is None:
        return None
    measured = last(records, "benefit-measured")
    return (
        *get(plan, "name", "amount", "currency", "due", "owner"),
        version(plan),
        *get(measured, "amount", "currency"),
        when(measured),
        version(measured),
    )
