"""KPIs in the steering pack: by unit, gate or status, and all of them by family."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from services.benchmarks.compare import interval_of, months_before
from services.projections import figures, trends
from services.projections.house import Target
from services.projections.kpi import Kpi
from services.reports.pack import Column, Section, Table, row
from services.reports.sections import Asked

TRENDS = ("on-time", "on-budget", "success", "adoption", "training-compliance", "csat")
"""KPIs that are followed over five quarters."""
_QUARTERS = (12, 9, 6, 3, 0)
_WARNED = 2
_EXCHANGED = {"warning": "not met", "not met": "warning"}


def by_group(asked: Asked, name: str, title: str, wanted: Sequence[tuple[str, str]], note: str = "") -> Section:
    """KPIs, each by a dimension; those that there are not here are left out."""
    tables = []
    for kpi_name, by in wanted:
        kpi = asked.kpis.get(kpi_name)
        if kpi is None or by not in figures.groupings(kpi):
            continue
        found = _rows(asked, kpi, by)
        heads = (Column("group", by.replace("_", " ").capitalize()), *_figure_columns(found))
        caption = f"{kpi.title} by {by.replace('_', ' ')}, version {kpi.version}"
        tables.append(Table(kpi.name, caption, heads, ("group", "standing"), tuple(found), "No data."))
    return Section(name, title, tuple(tables), note)


def _figure_columns(rows: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    aims = (Column("target", "Target", "target"), Column("met", "")) if any(row.get("target") for row in rows) else ()
    return (Column("standing", "Standing"), Column("value", "Value", "measured"), *aims, Column("n", "n", "count"),
            Column("interval", "Interval"), Column("left_out", "Left out"))  # fmt: skip


def of_kpi(asked: Asked, kpi: Kpi) -> list[dict[str, Any]]:
    """The figures of a KPI for the portfolio, with five quarters of those that are followed."""
    found = _rows(asked, kpi, "portfolio")
    trend, gap = _trend(asked, kpi) if kpi.name in TRENDS else ({}, "")
    return [
        {
            "kpi": kpi.name,
            "title": kpi.title,
            "version": kpi.version,
            **each,
            "left_out": ", ".join(filter(None, (each["left_out"], gap))),
            "trend": trend.get(each["standing"], []),
        }
        for each in found or [_no_figure(asked, kpi, "no data")]
    ]


def _rows(asked: Asked, kpi: Kpi, by: str) -> list[dict[str, Any]]:
    """The KPI's figures, or one row that says which exchange rate is missing: the rest of the report stands."""
    try:
        return [_measured(asked, kpi, figure, by) for figure in figures.measure(asked.clickhouse, kpi, asked.scope, by)]
    except figures.NoRate as error:
        return [row({"group": "", **_no_figure(asked, kpi, error.short)})]


def _no_figure(asked: Asked, kpi: Kpi, why: str) -> dict[str, Any]:
    found = {"standing": "", "value": None, "n": 0, "measure": kpi.measure, "interval": "", "left_out": why}
    return found if asked.layout == 1 else {**found, "target": None, "met": ""}


def _aim(asked: Asked, kpi: Kpi, figure: figures.Figure, by: str) -> dict[str, Any]:
    """The target and whether it is met; nothing where the layout has no targets."""
    if asked.layout == 1:
        return {}
    target = asked.targets.get(kpi.name)
    aim = target.of(kpi, by) if target else None
    if aim is None:
        return {"target": None, "met": ""}
    met = aim.verdict(kpi, figure.value)
    return {"target": aim.target, "met": _as_once(met, aim) if asked.layout == _WARNED else met}


def _as_once(met: str, aim: Target) -> str:
    """The verdict in the layout in which a figure worse than `warn` was the warning; on it, it was not one."""
    return _EXCHANGED.get(met, met) if aim.warn is not None else met


def kpi_section(families: Mapping[str, Sequence[dict[str, Any]]]) -> Section:
    """All KPIs by family."""
    tables = tuple(
        Table(
            family,
            family.capitalize(),
            (Column("title", "KPI"), Column("version", "Version", "count"), *_figure_columns(rows),
             Column("trend", "Five quarters", "spark")),
            ("kpi", "standing"),
            tuple(row(each) for each in rows),
        )
        for family, rows in families.items()
    )  # fmt: skip
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


def _measured(asked: Asked, kpi: Kpi, figure: figures.Figure, by: str) -> dict[str, Any]:
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
            **_aim(asked, kpi, figure, by),
        }
    )


def _rounded(value: Decimal | None) -> Decimal | None:
    # a quotient of sums has as many digits as the context; what is shown and digested has these
    return None if value is None else value.quantize(Decimal("0.00000001"))
