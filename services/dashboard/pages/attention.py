"""Attention: what somebody has to see to, with owner and age."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from services.dashboard.pages.common import kinds_of_queries, of_section, section_part, the
from services.dashboard.panels import Fact, House, Page, Panel, Shown, Values
from services.dashboard.question import Question
from services.reports.pack import Section
from services.reports.sections import STALE_DAYS, attention

PART = section_part(
    "attention",
    attention,
    kinds_of_queries("waiting_decisions", "conditions_past_due", "open_findings", "portfolio"),
)
SEVERITIES = ("critical", "high", "medium", "low")


def page(_: House) -> Page:
    """What needs attention."""
    return Page("/attention", "Attention", "What waits for somebody: with its owner, and for how long.", _panels)


def _panels(_: Question) -> tuple[Panel, ...]:
    return (
        Panel("counts", "In short", (PART,), _counts, heading=False),
        of_section(PART, "decisions", "Decisions waiting", ("decisions",), size="half",
                   hint="Gates requested, changes asked for and proposals handed in, each undecided."),
        of_section(PART, "findings-chart", "Open findings by unit and severity", (), _severities, size="half"),
        of_section(PART, "stale", f"Running, and not reported on for more than {STALE_DAYS} days", ("stale",),
                   size="half"),
        of_section(PART, "conditions", "Gate conditions past due", ("conditions",), size="half"),
        of_section(PART, "findings", "Open findings", ("findings",),
                   hint="Raised by 'pmo audit run', and neither remediated nor accepted."),
    )  # fmt: skip


def _counts(values: Values) -> Shown:
    section: Section = values[PART.key][0]
    wanted = (
        ("decisions", "decisions waiting"),
        ("stale", "stale reports"),
        ("findings", "open findings"),
        ("conditions", "conditions past due"),
    )
    facts = []
    for name, title in wanted:
        rows = the(section, name).rows
        ages = [int(row["age"]) for row in rows if row.get("age") is not None]
        ages += [int(row["report_age"]) for row in rows if row.get("report_age") is not None]
        oldest = f"the oldest for {max(ages):,} days" if ages else "nothing waits" if not rows else ""
        facts.append(Fact(title, f"{len(rows):,}", "warn" if rows else "good", f"#{name}", oldest))
    return Shown(facts=tuple(facts))


def _severities(section: Section) -> Mapping[str, Any] | None:
    rows = the(section, "findings").rows
    units = sorted({str(row["unit"]) for row in rows})
    found = Counter((str(row["unit"]), str(row["severity"])) for row in rows)
    series = [
        {"name": severity, "values": [found[unit, severity] for unit in units], "tone": severity}
        for severity in SEVERITIES
    ]
    return {"kind": "bars", "stack": True, "categories": [unit or "(none)" for unit in units], "series": series,
            "unit": "", "label": "Open findings by unit and severity"} if rows else None  # fmt: skip
