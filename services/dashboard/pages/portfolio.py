"""Portfolio: slip and estimate at completion of what runs; and the list of all projects."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from services.audit.run import check
from services.dashboard.pages.common import kinds_of_queries, people, section_part, the
from services.dashboard.panels import ALWAYS, Ask, Fact, House, Page, Panel, Part, Shown, Values, simple
from services.dashboard.question import Question
from services.projections.queries import ask as asked_for
from services.projections.queries import check_unit
from services.reports.pack import Column, Section, Table, row
from services.reports.sections import portfolio

PART = section_part("portfolio", portfolio, kinds_of_queries("portfolio", "forecast_costs"))
_CLAIMS = 23
_STATES = ("", "running", "on-hold", "proposed", "approved", "deferred", "completed", "cancelled", "observed")


def page(house: House) -> Page:
    """What runs, and where it will end."""
    claims = _claims(house)

    def panels(_: Question) -> tuple[Panel, ...]:
        return (
            Panel("counts", "In short", (PART, claims), _counts, heading=False),
            Panel("map", "Where projects will end", (PART,), _map,
                  hint="Each running project: by how much it slips against its first baseline, and its estimate at "
                  "completion against its budget; the larger, the more budget."),
            Panel("slip", "Slip against the baselines", (PART, claims), _slips,
                  hint="In calendar days. 'Reported' is what the manager says; 'computed' is red where the manager's "
                  "own forecast is off by more than control 23 allows."),
            Panel("cost", "Estimate at completion", (PART,), _costs,
                  hint="Budget / CPI, beside the manager's own forecast, in each baseline's currency."),
        )  # fmt: skip

    return Page("/portfolio", "Portfolio", "Slip and estimate at completion of what runs, against the baselines.",
                panels)  # fmt: skip


def listing(_: House) -> Page:
    """All projects."""

    def panels(question: Question) -> tuple[Panel, ...]:
        title = f"Projects, {question.get('status')}" if question.get("status") else "All projects"
        return (
            simple("projects", title, _all, kinds_of_queries("portfolio"), own=("status",), key="projects"),
        )  # fmt: skip

    return Page("/projects", "Projects", "Every project; choose one to see its timeline.", panels,
                {"status": _STATES}, "filters_status.html")  # fmt: skip


def _all(ask: Ask) -> Shown:
    check_unit(ask.clickhouse, ask.scope)
    status = ask.question.get("status")
    found = [each for each in asked_for(ask.clickhouse, "portfolio", ask.scope) if status in ("", each["status"])]
    fields = ("project", "name", "unit", "status", "standing", "manager", "first_finish", "ends", "slip", "rag",
              "percent", "report_age", "budget", "currency")  # fmt: skip
    columns = (Column("project", "Project"), Column("name", "Name"), Column("unit", "Unit"),
               Column("status", "Status"), Column("standing", "Standing"), Column("manager", "Manager", "person"),
               Column("first_finish", "First finish", "day"), Column("ends", "Ends", "day"),
               Column("slip", "Slip, days", "slip"), Column("rag", "RAG"), Column("percent", "Complete", "share"),
               Column("report_age", "Report's age", "count"), Column("budget", "Budget", "money"),
               Column("currency", "Currency"))  # fmt: skip
    table = Table("projects", "Projects", columns, ("project",), tuple(row(each, *fields) for each in found))
    return Shown(tables=people(ask, (table,)))


def _claims(house: House) -> Part:
    """By project, what the last report says and whether its own forecast makes it red."""
    control = next((control for control in house.controls.values() if control.number == _CLAIMS), None)

    def compute(ask: Ask) -> dict[str, str]:
        if control is None:
            return {}
        last: dict[str, tuple[Any, str]] = {}
        for occasion in check(ask.clickhouse, control, ask.scope):
            held = last.get(occasion.subject)
            if held is None or occasion.since >= held[0]:
                last[occasion.subject] = (occasion.since, occasion.result)
        return {subject.partition(":")[2]: result for subject, (_, result) in last.items()}

    return Part("claims", compute, frozenset({"project"}) | ALWAYS, wanted=False)


def _counts(values: Values) -> Shown:
    section: Section = values[PART.key][0]
    rows = the(section, "slip").rows
    late = [r for r in rows if (r["slip"] or 0) > 0]
    moved = [r for r in rows if (r["moved"] or 0) > 0]
    costs = [r for r in the(section, "cost").rows if r["eac"] is not None]
    over = [r for r in costs if Decimal(str(r["eac"])) > Decimal(str(r["budget"]))]
    claims = values.get("claims")
    wrong = [code for code, result in claims.items() if result == "violated"] if isinstance(claims, Mapping) else []
    shown = {r["project"] for r in rows}
    wrong = [code for code in wrong if code in shown]
    return Shown(
        facts=(
            Fact("running or on hold", f"{len(rows):,}"),
            Fact("later than first planned", f"{len(late):,}", "warn" if late else "good", "#slip"),
            Fact("slipped in the last 7 days", f"{len(moved):,}", "warn" if moved else "good", "#slip"),
            Fact(
                "with an EAC over budget", f"{len(over):,}", "warn" if over else "good", "#cost", f"of {len(costs):,}"
            ),
            Fact("green by report, red by forecast", f"{len(wrong):,}", "bad" if wrong else "good", "#slip"),
        )
    )


def _map(values: Values) -> Shown:
    section: Section = values[PART.key][0]
    costs = {r["project"]: r for r in the(section, "cost").rows}
    points = []
    for each in the(section, "slip").rows:
        cost = costs.get(each["project"])
        if each["slip"] is None or cost is None or cost["eac"] is None or not Decimal(str(cost["budget"])):
            continue
        share = Decimal(str(cost["eac"])) / Decimal(str(cost["budget"])) * 100
        points.append({"x": int(each["slip"]), "y": round(float(share), 1), "size": float(cost["budget"]),
                       "name": f"{each['project']} {each['name']}", "tone": each["rag"] or "none",
                       "link": f"/project/{each['project']}"})  # fmt: skip
    columns = (Column("name", "Project"), Column("x", "Slip, days", "slip"), Column("y", "EAC of budget, %", "number"),
               Column("tone", "Reported RAG"))  # fmt: skip
    rows = tuple({**p, "y": str(p["y"])} for p in points)
    chart = {"kind": "scatter", "x": "Slip against the first baseline, days", "y": "EAC of the budget, %",
             "points": points, "label": "Running projects by slip and cost", "xline": 0, "yline": 100}  # fmt: skip
    return Shown(chart=chart if points else None, tables=(Table("map", "Slip and cost", columns, ("name",), rows),))


def _slips(values: Values) -> Shown:
    section, currency = values[PART.key]
    table = the(section, "slip")
    claims = values.get("claims")
    if isinstance(claims, Mapping):
        said = {"violated": "red", "cured late": "red", "satisfied": "as reported"}
        rows = tuple({**r, "computed": said.get(str(claims.get(str(r["project"]), "")), "")} for r in table.rows)
        at = next(n for n, column in enumerate(table.columns) if column.field == "rag") + 1
        columns = (*table.columns[:at], Column("computed", "Computed"), *table.columns[at:])
        table = replace(table, rows=rows, columns=columns)
    return Shown(tables=(table,), currency=currency)


def _costs(values: Values) -> Shown:
    section, currency = values[PART.key]
    return Shown(tables=(the(section, "cost"),), currency=currency)
