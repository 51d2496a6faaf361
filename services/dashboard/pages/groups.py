"""KPIs by what they can be grouped by, each a chart with its table: bottlenecks; standards, training and maturity."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.dashboard.pages.kpis import kinds_of, tile_panel
from services.dashboard.panels import House, Page, Panel, Part, Shown, Values
from services.dashboard.question import Question
from services.projections.figures import groupings
from services.projections.kpi import Kpi
from services.reports.gather import ADOPTION, BOTTLENECKS
from services.reports.kpi_sections import by_group
from services.reports.pack import Section, Table
from services.reports.sections import Asked

BOTTLENECK_KPIS = (
    *BOTTLENECKS, ("cycle-time", "unit"), ("wip-age", "unit"), ("flow-efficiency", "unit"), ("gate-waiting", "gate"),
    ("blocked-time", "unit"), ("gate-lead-time", "approver"),
)  # fmt: skip
"""KPIs with what they are grouped by, where work may wait."""
STANDARD_KPIS = (
    *ADOPTION, ("adoption", "standard"), ("training-compliance", "course"), ("maturity", "unit"),
    ("maturity-gap", "unit"), ("level-progress", "unit"), ("improvements-on-time", "unit"),
)  # fmt: skip
"""The same of standards, training and maturity."""
_SHOWN = 16


def bottlenecks(house: House) -> Page:
    """Where work waits."""
    wanted = _there(house, BOTTLENECK_KPIS)
    return Page(
        "/bottlenecks", "Bottlenecks", "Where work waits: by status, gate and approver.", _panels(house, wanted)
    )


def standards(house: House) -> Page:
    """Whether standards, training and maturity take hold."""
    wanted = _there(house, STANDARD_KPIS)
    return Page("/standards", "Standards", "Adoption of standards, technology, training and maturity.",
                _panels(house, wanted))  # fmt: skip


def _there(house: House, pairs: Sequence[tuple[str, str]]) -> list[tuple[Kpi, str]]:
    return [(house.kpis[name], by) for name, by in pairs if name in house.kpis and by in groupings(house.kpis[name])]


def _panels(house: House, wanted: Sequence[tuple[Kpi, str]]) -> Callable[[Question], tuple[Panel, ...]]:
    whole = [kpi for kpi, by in wanted if by == "portfolio"]
    made = tuple(_panel(kpi, by) for kpi, by in wanted if by != "portfolio")

    def panels(question: Question) -> tuple[Panel, ...]:
        # figures for the whole portfolio need no chart: they stand together at the top
        top = (tile_panel("headlines", "Headlines", whole, house, question, large=True),) if whole else ()
        return (*top, *made)

    return panels


def _panel(kpi: Kpi, by: str) -> Panel:
    part = Part(f"group:{kpi.name}:{by}", lambda ask: (_section(kpi, by)(ask.asked), ask.scope.currency), kinds_of(kpi))

    def show(values: Values) -> Shown:
        section, currency = values[part.key]
        assert isinstance(section, Section)
        return Shown(tables=section.tables, chart=_chart(kpi, by, section.tables), currency=currency)

    title = f"{kpi.title} by {by.replace('_', ' ')}"
    return Panel(f"{kpi.name}-{by.replace('_', '-')}", title, (part,), show, "half",
                 hint=kpi.definition, link=f"/kpi/{kpi.name}")  # fmt: skip


def _section(kpi: Kpi, by: str) -> Callable[[Asked], Section]:
    return lambda asked: by_group(asked, kpi.name, kpi.title, ((kpi.name, by),))


def _chart(kpi: Kpi, by: str, tables: Sequence[Table]) -> Mapping[str, Any] | None:
    if not tables:
        return None
    rows = [row for row in tables[0].rows if row.get("value") is not None]
    standing = "governed" if any(row["standing"] == "governed" for row in rows) else "observed"
    rows = [row for row in rows if row["standing"] == standing]
    share = kpi.measure == "share"
    bars = [
        (str(row["group"]), round(float(row["value"]) * (100 if share else 1), 2), row.get("met", "")) for row in rows
    ]
    if by not in ("unit", "status", "gate"):
        bars.sort(key=lambda bar: bar[1])
    bars = bars[-_SHOWN:]
    aim = next((row["target"] for row in rows if row.get("target") is not None), None)
    tones = {"met": "green", "warning": "amber", "not met": "red"}
    return {
        "kind": "bars", "horizontal": by not in ("unit", "status", "gate"), "categories": [name for name, _, _ in bars],
        "series": [{"name": kpi.title, "values": [value for _, value, _ in bars],
                    "tones": [tones.get(str(met), "") for _, _, met in bars]}],
        "unit": "%" if share else kpi.measure if kpi.measure in ("days", "hours") else "",
        "aim": None if aim is None else round(float(aim) * (100 if share else 1), 2),
        "label": f"{kpi.title} by {by.replace('_', ' ')}",
    } if bars else None  # fmt: skip
