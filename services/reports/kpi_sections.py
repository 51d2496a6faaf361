"""KPIs in the steering pack: by unit, gate or status, and all of them by family."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from services.benchmarks.compare import interval_of, months_before
from services.projections import figures, trends
from services.projections.kpi import Kpi
from services.reports.pack import Column, Section, Table, row
from services.reports.sections import Asked

TRENDS = ("on-time", "on-budget", "success", "adoption", "training-compliance", "csat")
"""KPIs that are followed over five quarters."""
_QUARTERS = (12, 9, 6, 3, 0)


def by_group(asked: Asked, name: str, title: str, wanted: Sequence[tuple[str, str]], note: str = "") -> Section:
    """KPIs, each by a dimension; those that there are not here are left out."""
    tables = []
    for kpi_name, by in wanted:
        kpi = asked.kpis.get(kpi_name)
        if kpi is None or by not in figures.groupings(kpi):
            continue
        found = _rows(asked, kpi, by)
        heads = (Column("group", by.replace("_", " ").capitalize()), *_FIGURE)
        caption = f"{kpi.title} by {by.replace('_', ' ')}, version {kpi.version}"
        tables.append(Table(kpi.name, caption, heads, ("group", "standing"), tuple(found), "No data."))
    return Section(name, title, tuple(tables), note)


_FIGURE = (Column("standing", "Standing"), Column("value", "Value", "measured"), Column("n", "n", "count"),
           Column("interval", "Interval"), Column("left_out", "Left out"))  # fmt: skip


def all_kpis(asked: Asked, kpis: Sequence[Kpi]) -> list[dict[str, Any]]:
    """The figures of these KPIs for the portfolio."""
    rows: list[dict[str, Any]] = []
    for kpi in kpis:
        found = _rows(asked, kpi, "portfolio")
        trend, gap = _trend(asked, kpi) if kpi.name in TRENDS else ({}, "")
        none = _no_figure(kpi, "no data")
        rows += [
            {
                "kpi": kpi.name,
                "title": kpi.title,
                "version": kpi.version,
                **each,
                "left_out": ", ".join(filter(None, (each["left_out"], gap))),
                "trend": trend.get(each["standing"], []),
            }
            for each in found or [none]
        ]
    return rows


def _rows(asked: Asked, kpi: Kpi, by: str) -> list[dict[str, Any]]:
    """The KPI's figures, or one row that says which exchange rate is missing: the rest of the report stands."""
    try:
        return [_measured(kpi, figure) for figure in figures.measure(asked.clickhouse, kpi, asked.scope, by)]
    except figures.NoRate as error:
        return [row({"group": "", **_no_figure(kpi, error.short)})]


def _no_figure(kpi: Kpi, why: str) -> dict[str, Any]:
    return {"standing": "", "value": None, "n": 0, "measure": kpi.measure, "interval": "", "left_out": why}


def kpi_section(families: Mapping[str, Sequence[dict[str, Any]]]) -> Section:
    """All KPIs by family."""
    heads = (Column("title", "KPI"), Column("version", "Version", "count"), *_FIGURE,
             Column("trend", "Five quarters", "spark"))  # fmt: skip
    tables = tuple(
        Table(family, family.capitalize(), heads, ("kpi", "standing"), tuple(row(each) for each in rows))
        for family, rows in families.items()
    )
    note = (
        "Intervals are Wilson's at 95 %: uncertainty of the process; the population is complete. "
        "~ where subjects weigh differently and each counts as one."
    )
    return Section("kpis", "KPIs by family", tables, note)


def _trend(asked: Asked, kpi: Kpi) -> tuple[dict[str, list[Decimal | None]], str]:
    """The figures of five quarters by standing, or none and which exchange rate is missing for one of them."""
    scopes = []
    for months in _QUARTERS:
        last = months_before(asked.scope.as_of, months)
        first = months_before(last, 12) + timedelta(days=1)
        scopes.append(replace(asked.scope, as_of=last, period_from=first, period_to=last))
    try:
        points = trends.trend(asked.clickhouse, kpi, scopes)
    except figures.NoRate as error:
        return {}, f"five quarters: {error.short}"
    found: dict[str, list[Decimal | None]] = {}
    for place, (_, measured) in enumerate(points):
        for figure in measured:
            found.setdefault(figure.standing, [None] * len(points))[place] = _rounded(figure.value)
    return found, ""


def _measured(kpi: Kpi, figure: figures.Figure) -> dict[str, Any]:
    interval = interval_of(kpi, figure)
    shown = ""
    if interval is not None:
        shown = f"{'~' if interval.approximate else ''}{interval.low * 100:.1f} to {interval.high * 100:.1f} %"
    left_out = ", ".join(f"{n} {reason}" for reason, n in sorted(figure.left_out.items()))
    return row(
        {
            "group": figure.by or "(none)",
            "standing": figure.standing,
            "value": _rounded(figure.value),
            "measure": kpi.measure,
            "n": figure.n,
            "interval": shown,
            "left_out": left_out,
        }
    )


def _rounded(value: Decimal | None) -> Decimal | None:
    # a quotient of sums has as many digits as the context; what is shown and digested has these
    return None if value is None else value.quantize(Decimal("0.00000001"))
