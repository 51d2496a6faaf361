"""The state views with their columns, each beside the fold that they must equal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.event import Record
from schemas.streams import keys_of
from tests.property import folds_more as more
from tests.property.folds import (
    IMPORT,
    Row,
    absence,
    adoption,
    allocation,
    course,
    goal,
    hours,
    imported,
    person,
    project,
    report,
    requirement,
    response,
    standard,
    survey,
    timesheet,
    training,
    unit,
)
from tests.property.folds_projects import baselines, benefit, change, gate, milestone, proposal, risk


@dataclass(frozen=True)
class ViewCase:
    """A state view: its columns, and the fold that they must equal; `item` names the part's column, if it has parts."""

    view: str
    kind: str
    columns: str
    fold: Callable[..., Any]
    item: str = ""
    stream: str = "stream"


def _up_to(tuple_column: str, last: int) -> str:
    """The first parts of a column that is a tuple."""
    return ", ".join(f"{tuple_column}.{number}" for number in range(1, last + 1))


_PUBLISHED = _up_to("published", 6) + ", nullIf(first_published, toDateTime64(0, 3, 'UTC'))"
_PLAN = "{0}.1, {0}.2, {0}.3, {0}.4, {0}.5"
VIEWS = (
    ViewCase(
        "projects", "project",
        "name, unit, manager, sponsor, status, standing, first_start.2, completion.2, assessment.1, assessment.2, "
        "cancel_cause, is_closed, closure.1, closure.2, closure.4, " + _PLAN.format("baseline1") + ", "
        + _PLAN.format("baseline") + ", baseline.6, " + _PLAN.format("observed1") + ", observed_budget1.1, "
        "observed_budget1.2, observed_budget1.3, observed_cost.1, observed_cost.2, observed.1, observed.2, observed.3, "
        "observed.4, observed.5, observed.6, observed.8, left_source, arrayMap(c -> c.5, cost_corrections)",
        project,
    ),
    ViewCase(
        "project_reports", "project",
        "report.1, report.2, report.3, report.4, report.5, report.6, report.7, report.8, forecast.1, "
        "forecast.2, forecast.3, forecast.4, forecast.5",
        report,
    ),
    ViewCase(
        "baselines", "project", "arrayMap(s -> (s.2, s.3, s.4, s.5, s.6, s.7, s.8), sets)", baselines,
    ),
    ViewCase(
        "proposals", "project",
        "proposal.1, proposal.2, proposal.3, proposal.4, proposal.5, proposal.6, proposal.7, proposal.8, proposal.9, "
        "proposal.11, scoring.1, scoring.2, scoring.3, scoring.5, ranking.1, ranking.2, ranking.3, ranking.4, "
        "deferred_until",
        proposal,
    ),
    ViewCase(
        "milestones", "project",
        "plan.1, plan.2, plan.3, due, due_version, reached_at, reached_version, moves", milestone, "milestone",
    ),
    ViewCase(
        "changes", "project",
        "request.1, request.2, request.3, request.4, request.5, request.6, verdict, decision.2, decision.4",
        change, "change",
    ),
    ViewCase(
        "gates", "project",
        "arrayMap(r -> r.3, requests), arrayMap(d -> (d.3, d.4, d.5), decisions), condition_due, condition_met_at",
        gate, "gate",
    ),
    ViewCase(
        "risks", "project",
        "what.1, what.2, what.3, assessment.1, assessment.2, assessment.3, assessment.4, assessment.6, state",
        risk, "risk",
    ),
    ViewCase(
        "benefits", "project",
        "plan.1, plan.2, plan.3, plan.4, plan.5, plan.6, measured.1, measured.2, measured.3, measured.4",
        benefit, "benefit",
    ),
    ViewCase("units", "business-unit", "name, parent, country, merged_into, is_retired", unit),
    ViewCase(
        "people", "person",
        "unit, role, career_level, role_since, weekly_hours, country, work_mode, skills, joined_at, left_at, "
        "left_voluntarily, roles, contracts, role_version",
        person,
    ),
    ViewCase("absences", "person", "first_day, last_day, share", absence, "absence", "concat('person:', person)"),
    ViewCase(
        "allocations", "workload",
        "project, first_day, last_day, weekly_hours, hard, at_risk, released, confirmed, confirmed_by, versions",
        allocation, "allocation",
    ),
    ViewCase("timesheet_hours", "timesheet", "project, day, hours, version", hours, "item"),
    ViewCase(
        "timesheets", "timesheet",
        "submitted_at, submitted_version, approved_at, approved_by, hours, versions",
        timesheet,
    ),
    ViewCase(
        "standards", "standard",
        "name, standard_kind, edition, arrayMap(r -> (r.1, r.2), requirements), data_class, security_review, "
        "edition_version, is_withdrawn",
        standard,
    ),
    ViewCase(
        "adoptions", "adoption",
        "edition, arrayMap(r -> (r.1, r.2), requirements), due, mandate.3, not_applicable, "
        "arrayMap(r -> (r.1, r.2), results), assessment.2, waived_until, stance, declaration.3, usage.1, usage.2, "
        "usage.4",
        adoption,
    ),
    ViewCase(
        "courses",
        "course",
        "title, provider, hours, validity_length, validity_unit, validity_until, is_retired",
        course,
    ),
    ViewCase(
        "course_requirements", "course", "role, career_level, grace_days, required_at, version",
        requirement, "requirement",
    ),
    ViewCase(
        "trainings", "training", "completed, exempted, valid_from, valid_until, exempt_until, revoked", training
    ),
    ViewCase(
        "survey_responses", "survey",
        "stakeholder_role, satisfaction, scores, recommend, answered_at, version", response, "response",
    ),
    ViewCase("surveys", "survey", "invited", survey),
    ViewCase("goals", "goal", "statement, weight, weight_version, owner_unit, is_retired", goal),
    ViewCase("imports", "import", "completed_at, " + ", ".join(IMPORT), imported),
    ViewCase(
        "placeholders", "demand", "role, skill, option_group, first_day, last_day, weekly_hours, plan_version",
        more.placeholder, "placeholder",
    ),
    ViewCase(
        "work_items", "work",
        "work_type, parent, created_at, assignee, plan.1, plan.2, plan.3, plan.4, plan.5, status, category, "
        "status_since, step.4, steps, blocks, schedule.1, schedule.2, schedule.3, schedule.4, schedule.5, is_removed",
        more.work_item,
    ),
    ViewCase("paths", "path", "role, arrayMap(l -> (l.1, l.2, l.3, l.4), levels)", more.path),
    ViewCase(
        "maturity", "business-unit", _up_to("held", 7), more.maturity, "model", "concat('business-unit:', unit)"
    ),
    ViewCase(
        "improvements", "business-unit",
        "plan.1, plan.2, if(plan.4 = 0, NULL, plan.3), plan.4, done_at, completion.2",
        more.improvement, "improvement", "concat('business-unit:', unit)",
    ),
    ViewCase(
        "nonconformities", "adoption",
        _up_to("raised", 6) + ", resolved_at, resolved_version",
        more.nonconformity, "nonconformity",
    ),
    ViewCase("change_readiness", "adoption", "impact, readiness, resistance", more.readiness),
    ViewCase(
        "assessed_levels", "person", _up_to("assessment", 4), more.assessed_level,
        stream="concat('person:', person)",
    ),
    ViewCase("linked_people", "person", "person", more.linked, stream="other"),
    ViewCase("settings", "setting", "value, held.2, held.3", more.setting),
    ViewCase(
        "rates", "rate", "first_day, to_currency, rate, held.4", more.rate, "entry", "concat('rate:', currency)"
    ),
    ViewCase(
        "rights", "access", _up_to("granted", 3), more.right, "unit", "concat('access:', person)"
    ),
    ViewCase("published_controls", "control", _PUBLISHED, more.definition),
    ViewCase("published_kpis", "kpi", _PUBLISHED, more.definition),
    ViewCase("reports", "report", _up_to("issued", 8), more.issued),
    ViewCase("audits", "audit", _up_to("performed", 11), more.audit),
    ViewCase(
        "findings", "finding",
        _up_to("found", 8) + ", found.10, found.9, step.2, step.3, state, promise.1, promise.2, acceptance.1, "
        "acceptance.2, acceptance.3, nullIf(closed_at, toDateTime64(0, 3, 'UTC'))",
        more.finding,
    ),
)  # fmt: skip


def expected(case: ViewCase, streams: dict[str, list[Record]]) -> dict[tuple[str, ...], Row]:
    """What the view must show of these streams' records that count, by stream and part."""
    if case.view == "linked_people":
        return more.linked(streams.values())
    found: dict[tuple[str, ...], Row] = {}
    for stream, records in streams.items():
        if not stream.startswith(case.kind + ":"):
            continue
        parts = sorted({r.event.part for r in records}) if case.item else [""]
        for part in parts:
            told = [r for r in records if r.event.part == part] if case.item else records
            if case.view == "adoptions":
                row = adoption(told, standard(streams.get(f"standard:{keys_of(stream)[0]}", [])))
            else:
                row = case.fold(told)
            if row is not None:
                found[(stream, part) if case.item else (stream,)] = row
    return found
