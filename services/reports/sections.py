"""The screens of the steering pack, each gathered from queries, KPIs and controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from services.audit.run import Score, scorecard
from services.portfolio.ranking import Limits, proposals, rank
from services.projections.capacity import loads
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.house import Target
from services.projections.kpi import Kpi
from services.projections.queries import ask
from services.projections.scope import Scope
from services.reports.pack import Column, Section, Table, row

QUERIES = ("waiting_decisions", "conditions_past_due", "open_findings", "portfolio", "forecast_costs", "recent_changes",
           "rebaselines", "pipeline", "scoring_model")  # fmt: skip
"""The files that the sections read."""
STALE_DAYS = 14
PERIOD_DAYS = 90
WEEKS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What every section needs: the connection, the question, and the definitions in force.

    `layout` says how the figures are arranged.
    """

    clickhouse: ClickHouse
    scope: Scope
    kpis: Mapping[str, Kpi]
    controls: Mapping[str, Control]
    targets: Mapping[str, Target]
    layout: int


def attention(asked: Asked) -> Section:
    """What somebody has to see to, with owner and age."""
    tables = [
        Table(
            "decisions",
            "Decisions waiting",
            (
                Column("what", "Decision"),
                Column("item", "Which"),
                *_PROJECT,
                Column("owner", "Owner", "person"),
                Column("since", "Since", "day"),
                Column("age", "Days", "count"),
            ),  # fmt: skip
            ("what", "project", "item"),
            _rows(asked, "waiting_decisions", "what", "item", "project", "name", "unit", "owner", "since", "age"),
        ),
        Table(
            "stale",
            f"Running projects not reported on for more than {STALE_DAYS} days",
            (*_PROJECT, Column("manager", "Owner", "person"), Column("report_age", "Days", "count")),
            ("project",),
            tuple(
                row(found, "project", "name", "unit", "manager", "report_age")
                for found in ask(asked.clickhouse, "portfolio", asked.scope)
                if found["status"] == "running" and (found["report_age"] is None or found["report_age"] > STALE_DAYS)
            ),
        ),
        Table(
            "findings",
            "Open findings",
            (
                Column("severity", "Severity"),
                Column("control", "Control"),
                Column("subject", "About", "stream"),
                Column("unit", "Unit"),
                Column("state", "State"),
                Column("owner", "Owner", "person"),
                Column("due", "Due", "day"),
                Column("age", "Days", "count"),
            ),  # fmt: skip
            ("finding",),
            _rows(
                asked,
                "open_findings",
                "finding",
                "severity",
                "control",
                "subject",
                "unit",
                "state",
                "owner",
                "due",
                "age",
            ),  # fmt: skip
            "None; findings are raised by 'pmo audit run'.",
        ),
        Table(
            "conditions",
            "Gate conditions past due",
            (
                Column("gate", "Gate"),
                *_PROJECT,
                Column("owner", "Owner", "person"),
                Column("due", "Due", "day"),
                Column("age", "Days over", "count"),
            ),  # fmt: skip
            ("project", "gate"),
            _rows(asked, "conditions_past_due", "gate", "project", "name", "unit", "owner", "due", "age"),
        ),
    ]
    return Section("attention", "Needs attention", tuple(tables))


_PROJECT = (Column("project", "Project"), Column("name", "Name"), Column("unit", "Unit"))


def portfolio(asked: Asked) -> Section:
    """Slip and estimate at completion of what runs."""
    before = replace(asked.scope, as_of=asked.scope.as_of - timedelta(days=7))
    week = {found["project"]: found["slip"] for found in ask(asked.clickhouse, "portfolio", before)}
    running = [
        {**found, "moved": _moved(found["slip"], week.get(found["project"]))}
        for found in ask(asked.clickhouse, "portfolio", asked.scope)
        if found["status"] in ("running", "on-hold") or (found["status"] == "observed" and found["rag"])
    ]
    fields = ("project", "name", "unit", "status", "manager", "slip", "slip_current", "moved", "rag", "report_age")
    slips = Table(
        "slip",
        "Slip against the first baseline and the one in force, in calendar days",
        (
            *_PROJECT,
            Column("status", "Status"),
            Column("manager", "Manager", "person"),
            Column("slip", "Against the first", "slip"),
            Column("slip_current", "Against the one in force", "slip"),
            Column("moved", "Moved in 7 days", "slip"),
            Column("rag", "Reported RAG"),
            Column("report_age", "Age of report, days", "count"),
        ),  # fmt: skip
        ("project",),
        tuple(row(found, *fields) for found in running),
    )
    money = ("project", "name", "unit", "percent", "currency", "budget", "actual", "earned", "eac",
             "managers_forecast", "left_out")  # fmt: skip
    costs = Table(
        "cost",
        "Estimate at completion (budget / CPI) and the manager's own forecast, in each baseline's currency",
        (
            *_PROJECT,
            Column("percent", "Complete", "share"),
            Column("currency", "Currency"),
            Column("budget", "Budget", "money"),
            Column("actual", "Actual", "money"),
            Column("earned", "Earned", "money"),
            Column("eac", "EAC", "money"),
            Column("managers_forecast", "Manager's", "money"),
            Column("left_out", "No EAC because"),
        ),  # fmt: skip
        ("project",),
        _rows(asked, "forecast_costs", *money),
    )
    return Section("portfolio", "Portfolio", (slips, costs))


def _moved(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before


def capacity(asked: Asked) -> Section:
    """The next weeks by role."""
    first = asked.scope.as_of
    period = replace(asked.scope, period_from=first, period_to=first + timedelta(weeks=WEEKS))
    by_role: dict[str, list[Any]] = {}
    for load in loads(asked.clickhouse, period, "role"):
        by_role.setdefault(load.group, []).append(load)
    names = ("net", "hard", "soft", "placeholders", "gap")
    rows = tuple(
        row(
            {
                "role": role,
                **{name: sum((getattr(load, name) for load in found), Decimal(0)) for name in names},
                "weeks": [load.gap for load in found],
                "short": sum(load.gap < 0 for load in found),
            }
        )
        for role, found in sorted(by_role.items())
    )
    columns = (Column("role", "Role"), Column("net", "Net supply, h", "number"), Column("hard", "Hard, h", "number"),
               Column("soft", "Soft, h", "number"), Column("placeholders", "Asked for, h", "number"),
               Column("gap", "Left, h", "number"), Column("short", "Weeks too short", "count"),
               Column("weeks", "Left by week", "bars"))  # fmt: skip
    table = Table("roles", f"Hours in the {WEEKS} weeks from the as-of day, by role", columns, ("role",), rows)
    return Section("capacity", "Capacity", (table,))


def changes(asked: Asked) -> Section:
    """Changes and rebaselines of the last three months."""
    last = asked.scope.as_of
    period = replace(asked, scope=replace(asked.scope, period_from=last - timedelta(days=PERIOD_DAYS), period_to=last))
    asked_for = Table(
        "changes",
        f"Changes asked for or decided in the last {PERIOD_DAYS} days",
        (
            *_PROJECT,
            Column("change", "Change"),
            Column("cost", "Cost", "money"),
            Column("currency", "Currency"),
            Column("days", "Days", "slip"),
            Column("verdict", "Verdict"),
            Column("decided_by", "Decided by", "person"),
            Column("asked_on", "Asked", "day"),
        ),  # fmt: skip
        ("project", "change"),
        _rows(
            period,
            "recent_changes",
            "project",
            "name",
            "unit",
            "change",
            "cost",
            "currency",
            "days",
            "verdict",
            "decided_by",
            "asked_on",
        ),  # fmt: skip
    )
    rebaselined = Table(
        "rebaselines",
        f"Baselines set anew in the last {PERIOD_DAYS} days",
        (
            *_PROJECT,
            Column("number", "Number"),
            Column("set_on", "Set", "day"),
            Column("finish", "Finish", "day"),
            Column("budget", "Budget", "money"),
            Column("currency", "Currency"),
            Column("rests_on", "Rests on"),
        ),  # fmt: skip
        ("project", "number"),
        _rows(
            period,
            "rebaselines",
            "project",
            "name",
            "unit",
            "number",
            "set_on",
            "finish",
            "budget",
            "currency",
            "rests_on",
        ),  # fmt: skip
    )
    return Section("changes", "Changes and rebaselines", (asked_for, rebaselined))


def pipeline(asked: Asked) -> Section:
    """Open proposals by score."""
    found, model = proposals(asked.clickhouse, asked.scope)
    places = rank(found, Limits(), model.formula).places
    names = ("project", "name", "unit", "status", "score", "model", "computed", "density", "cost", "hours", "recorded")
    rows = tuple(
        row(
            {
                "rank": place.rank,
                **{name: getattr(place.proposal, name) for name in names},
                "spent": place.spent,
                **(
                    {}
                    if asked.layout == 1
                    else {"left_out": place.proposal.problem.short if place.proposal.problem else ""}
                ),
            }
        )
        for place in places
    )
    columns = (Column("rank", "Rank", "count"), *_PROJECT, Column("status", "Status"),
               Column("score", "Score", "number"), Column("model", "Model"),
               Column("density", "Value per cost", "number"),
               Column("cost", f"Cost, {asked.scope.currency}", "money"), Column("hours", "Hours", "number"),
               Column("spent", "Cost so far", "money"), Column("recorded", "Last recorded place"),
               Column("left_out", "No cost because"))  # fmt: skip
    table = Table("ranking", "Open proposals in the order of their scores", columns, ("project",), rows)
    note = f"Formula: {model.formula}. 'pmo portfolio rank' draws the cut line for a budget and a capacity."
    return Section("pipeline", "Pipeline", (table,), note)


def compliance(asked: Asked, scores: Sequence[Score]) -> Section:
    """Units by controls: what went against a control, of what it applied to."""
    units = sorted({score.unit for score in scores})
    rows = []
    for control in asked.controls.values():
        own = [score for score in scores if score.control == control.id]
        activated = sum(score.activated for score in own)
        satisfied = sum(score.satisfied for score in own)
        cells = {f"unit:{unit}": _cell([score for score in own if score.unit == unit]) for unit in units}
        rows.append(
            row(
                {
                    "number": control.number,
                    "control": control.title,
                    "version": control.version,
                    "severity": control.severity,
                    "activated": activated,
                    "compliance": _share(satisfied, activated),
                    "no_evidence": sum(score.no_evidence for score in own),
                    **cells,
                }
            )
        )
    columns = (Column("number", "No", "count"), Column("control", "Control"), Column("version", "Version", "count"),
               Column("severity", "Severity"), Column("compliance", "Compliance", "share"),
               Column("activated", "n", "count"), Column("no_evidence", "No evidence", "count"),
               *(Column(f"unit:{unit}", unit or "(none)") for unit in units))  # fmt: skip
    caption = "By unit: violated, cured late too / occasions on which the control applied"
    return Section("compliance", "Compliance", (Table("controls", caption, columns, ("number",), tuple(rows)),))


def scores_of(asked: Asked, control: Control) -> list[Score]:
    """A control's scores; those of observed subjects too."""
    return scorecard(asked.clickhouse, control, asked.scope)


def _cell(scores: Sequence[Score]) -> str:
    activated = sum(score.activated for score in scores)
    return f"{activated - sum(score.satisfied for score in scores)}/{activated}" if activated else ""


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.00000001")) if whole else None


def _rows(asked: Asked, query: str, *fields: str) -> tuple[dict[str, Any], ...]:
    return tuple(row(found, *fields) for found in ask(asked.clickhouse, query, asked.scope))
