"""Changes and rebaselines of the last three months."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from services.dashboard.pages.common import kinds_of_queries, of_section, section_part, the
from services.dashboard.panels import Fact, House, Page, Panel, Shown, Values
from services.dashboard.question import Question
from services.reports.pack import Section
from services.reports.sections import PERIOD_DAYS, changes

PART = section_part("changes", changes, kinds_of_queries("recent_changes", "rebaselines"))
_VERDICTS = {"approved": "green", "open": "amber", "rejected": "red"}


def page(_: House) -> Page:
    """What was changed, and by whose decision."""
    return Page("/changes", "Changes", f"Changes and rebaselines of the last {PERIOD_DAYS} days.", _panels)


def _panels(_: Question) -> tuple[Panel, ...]:
    return (
        Panel("counts", "In short", (PART,), _counts, heading=False),
        of_section(PART, "by-unit", "Changes by unit and verdict", (), _chart, size="half"),
        of_section(PART, "rebaselines", "Baselines set anew", ("rebaselines",), size="half",
                   hint="Each rests on an approved change, or is unauthorised."),
        of_section(PART, "changes", "Changes", ("changes",)),
    )  # fmt: skip


def _counts(values: Values) -> Shown:
    section: Section = values[PART.key][0]
    asked, anew = the(section, "changes").rows, the(section, "rebaselines").rows
    open_ones = sum(row["verdict"] == "open" for row in asked)
    loose = sum(row["rests_on"] != "" and not str(row["rests_on"]).startswith("change ") for row in anew)
    days = sum(int(row["days"] or 0) for row in asked if row["verdict"] == "approved")
    return Shown(
        facts=(
            Fact("changes asked for or decided", f"{len(asked):,}", "", "#changes"),
            Fact("still open", f"{open_ones:,}", "warn" if open_ones else "good", "#changes"),
            Fact("days granted", f"{days:+,}" if days else "0"),
            Fact("baselines set anew", f"{len(anew):,}", "", "#rebaselines"),
            Fact("without an approved change", f"{loose:,}", "bad" if loose else "good", "#rebaselines"),
        )
    )


def _chart(section: Section) -> Mapping[str, Any] | None:
    rows = the(section, "changes").rows
    units = sorted({str(row["unit"]) for row in rows})
    found = Counter((str(row["unit"]), str(row["verdict"])) for row in rows)
    series = [{"name": verdict, "values": [found[unit, verdict] for unit in units], "tone": tone}
              for verdict, tone in _VERDICTS.items()]  # fmt: skip
    return {"kind": "bars", "stack": True, "categories": units, "series": series, "unit": "",
            "label": "Changes by unit and verdict"} if rows else None  # fmt: skip
