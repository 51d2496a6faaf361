"""The state views with their columns, each beside the fold that they must equal."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.event import Record
from schemas.streams import keys_of
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


@dataclass(frozen=True)
class ViewCase:
    """A state view: its columns, and the fold that they must equal; `item` names the part's column, if it has parts."""

    view: str
    kind: str
    columns: str
    fold: Callable[..., Row | None]
    item: str = ""
    stream: str = "stream"


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
        "report.1, report.2, report.3, report.4, report.5, report.6, report.7, forecast.1, forecast.2, forecast.3, "
        "forecast.4, forecast.5",
        report,
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
    ViewCase("courses", "course", "title, provider, hours, valid_months, is_retired", course),
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
    ViewCase("goals", "goal", "statement, weight, owner_unit, is_retired", goal),
    ViewCase("imports", "import", "completed_at, " + ", ".join(IMPORT), imported),
)  # fmt: skip


def expected(case: ViewCase, streams: dict[str, list[Record]]) -> dict[tuple[str, ...], Row]:
    """What the view must show of these streams' records that count, by stream and part."""
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
