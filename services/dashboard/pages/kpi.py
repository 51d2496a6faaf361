"""One KPI: its definition, how it went, by whom, against others, and its rows down to the events behind each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from services.benchmarks import compare
from services.dashboard.pages import kpis as tiles
from services.dashboard.pages.common import traced
from services.dashboard.pages.compliance import evidence_table
from services.dashboard.panels import Ask, Evidence, Fact, House, Page, Panel, Part, Shown, Values
from services.dashboard.question import Question
from services.projections import trends
from services.projections.explain import explain
from services.projections.figures import Figure, groupings, measure
from services.projections.kpi import Kpi
from services.projections.stretches import Every, scope_at, stretches
from services.reports.pack import Column, Table
from services.shown import beside_text, better_text, fraction_text, left_out_text, number_of, points_text, value_text

_FIRST = 30
_EVERY: dict[str, int] = {"month": 12, "quarter": 24, "year": 60}
_BARS = 30


def page(house: House, kpi: Kpi) -> Page:
    """A KPI's page."""
    known = groupings(kpi)
    own: Mapping[str, tuple[str, ...]] = {
        "by": known, "every": tuple(_EVERY), "subject": (), "left_out": ("", "yes"), "rows": ("", "all"),
    }  # fmt: skip
    kinds = tiles.kinds_of(kpi)
    default = "unit" if "unit" in known else known[0]

    def panels(question: Question) -> tuple[Panel, ...]:
        by = question.get("by", default)
        groups = Part(f"by:{kpi.name}", lambda ask: _grouped(ask, kpi, default), kinds, own=("by",))
        went = Part(f"went:{kpi.name}", lambda ask: _went(ask, kpi), kinds, own=("every",), lasting=30.0)
        periods = Part(f"periods:{kpi.name}", lambda ask: _periods(ask, kpi), kinds, lasting=30.0)
        others = Part(f"others:{kpi.name}", lambda ask: _others(ask, kpi), kinds, lasting=30.0)
        rows = Part(f"rows:{kpi.name}", lambda ask: _rows(ask, kpi), kinds, own=("subject", "left_out", "rows"))
        found = [
            Panel("tile", "Now", tiles.parts([kpi], question.versus), _tile(house, kpi, question), "third",
                  heading=False),
            Panel("trend", f"Every {question.get('every', 'month')}", (went,), lambda v: v[went.key], "wide",
                  hint="A KPI of what happened counts what lies in each stretch; one of a state shows its end."),
            Panel("groups", f"By {by.replace('_', ' ')}", (groups,), lambda v: v[groups.key], "half"),
            Panel("periods", "Against earlier periods", (periods,), lambda v: v[periods.key], "half",
                  hint="This period, the one before it, and the same days of the year before."),
        ]  # fmt: skip
        if any(row.kpi == kpi.name for row in house.cited):
            found.append(Panel("others", "What others publish", (others,), lambda v: v[others.key]))
        found.append(Panel("definition", "What it is", (), lambda _: _definition(kpi)))
        title = "Rows and the events behind them"
        found.append(Panel("rows", title, (rows,), lambda v: v[rows.key],
                           hint="Who recorded what, and when; what is left out, and why."))  # fmt: skip
        return tuple(found)

    return Page(
        f"/kpi/{kpi.name}", kpi.title, f"A KPI of {kpi.family}: {better_text(kpi)}.", panels, own, "filters_kpi.html"
    )


def _tile(house: House, kpi: Kpi, question: Question) -> Any:
    def show(values: Values) -> Shown:
        made = tiles.tile(kpi, values, house.cited, question.versus, large=True)
        return Shown(tiles=() if made is None else (made,), more={"all": 1})

    return show


def _definition(kpi: Kpi) -> Shown:
    facts = (
        Fact("definition", kpi.definition), Fact("better", better_text(kpi)), Fact("source", kpi.source),
        Fact("version", f"{kpi.version}"), Fact("digest", kpi.digest),
    )  # fmt: skip
    return Shown(facts=facts, more={"list": True})


def _grouped(ask: Ask, kpi: Kpi, default: str) -> Shown:
    by = ask.question.get("by", default)
    found = measure(ask.clickhouse, kpi, ask.scope, by)
    aim = ask.targets.get(kpi.name)
    aim = aim.of(kpi, by) if aim else None
    rows = tuple(
        {
            "group": figure.by or "(none)", "subject": figure.subject,
            "met": aim.verdict(kpi, figure.value) if aim else "",
            **_cells(kpi, figure, ask.scope.currency),
        }
        for figure in found
    )  # fmt: skip
    columns = (Column("group", by.replace("_", " ").capitalize()), *_COLUMNS, Column("met", ""))
    tones = {"met": "green", "warning": "amber", "not met": "red"}
    told = [(figure, row) for figure, row in zip(found, rows, strict=True) if figure.value is not None]
    first = told[0][0].standing if told else ""
    told = [(figure, row) for figure, row in told if figure.standing == first]
    if by not in ("unit", "portfolio"):
        told.sort(key=lambda pair: cast("Decimal", pair[0].value))
    told = told[-_BARS:]
    chart = {
        "kind": "bars", "horizontal": by not in ("unit", "portfolio", "gate", "status"),
        "categories": [str(row["group"]) for _, row in told], "unit": _unit(kpi), "label": f"{kpi.title} by {by}",
        "series": [{"name": f"{kpi.title}, {first}", "values": [_plain(kpi, figure.value) for figure, _ in told],
                    "tones": [tones.get(str(row["met"]), "") for _, row in told]}],
        "aim": None if aim is None else _plain(kpi, aim.target),
    }  # fmt: skip
    return Shown(chart=chart if told else None, tables=(Table("groups", f"By {by}", columns, ("group",), rows),))


_COLUMNS = (Column("standing", "Standing"), Column("value", "Value"), Column("of", "Of"), Column("n", "n", "count"),
            Column("beside", "Beside"), Column("left_out", "Left out"), Column("exact", "Exactly"))  # fmt: skip


def _cells(kpi: Kpi, figure: Figure, currency: str) -> dict[str, Any]:
    return {
        "standing": figure.standing,
        "value": value_text(kpi, figure.value, figure.n, currency),
        "of": fraction_text(kpi, figure),
        "n": figure.n,
        "beside": beside_text(kpi, figure, currency),
        "left_out": left_out_text(figure.left_out, figure.incomplete),
        "exact": "" if figure.value is None else format(figure.value, "f"),
    }


def _plain(kpi: Kpi, value: Decimal | None) -> float | None:
    return None if value is None else round(float(value) * (100 if kpi.measure == "share" else 1), 4)


def _unit(kpi: Kpi) -> str:
    return "%" if kpi.measure == "share" else kpi.measure if kpi.measure in ("days", "hours") else ""


def _went(ask: Ask, kpi: Kpi) -> Shown:
    every = ask.question.get("every", "month")
    last = ask.scope.period_to or ask.scope.as_of
    first = ask.scope.period_from or compare.months_before(last + timedelta(days=1), _EVERY[every])
    whole = replace(ask.scope, period_from=first, period_to=last)
    scopes = [scope_at(whole, part, known_then=False) for part in stretches(whole, cast("Every", every), 1)]
    points = trends.trend(ask.clickhouse, kpi, scopes)
    standings = sorted({figure.standing for _, found in points for figure in found})
    days = [scope.as_of.isoformat() for scope, _ in points]
    series = []
    for standing in standings:
        values = [next((f.value for f in found if f.standing == standing), None) for _, found in points]
        told = [[day, _plain(kpi, value)] for day, value in zip(days, values, strict=True)]
        series.append({"name": standing, "points": told, "area": standing == standings[0]})
    aim = ask.targets.get(kpi.name)
    aim = aim.of(kpi, "portfolio") if aim else None
    rows = tuple(
        {"from": str(scope.period_from), "to": str(scope.period_to), **_cells(kpi, figure, ask.scope.currency)}
        for scope, found in points
        for figure in found
    )
    columns = (Column("from", "From", "day"), Column("to", "To", "day"), *_COLUMNS)
    chart = {"kind": "lines", "time": True, "series": series, "unit": _unit(kpi),
             "label": f"{kpi.title}, every {every}",
             "aim": None if aim is None else _plain(kpi, aim.target)}  # fmt: skip
    return Shown(chart=chart if series else None, tables=(Table("trend", f"Every {every}", columns, ("to",), rows),))


def _periods(ask: Ask, kpi: Kpi) -> Shown:
    scope = ask.scope
    if scope.period_to and scope.period_to < scope.as_of:
        scope = replace(scope, as_of=scope.period_to)
    rows = tuple(
        {
            "period": row.period, "from": row.first.isoformat(), "to": row.last.isoformat(), "standing": row.standing,
            "value": value_text(kpi, row.figure.value, row.figure.n, scope.currency) if row.figure else "no data",
            "n": row.figure.n if row.figure else 0, "interval": _interval(row.interval),
            "difference": points_text(kpi, row.difference),
            "said": "intervals do not overlap" if row.apart else "",
        }
        for row in compare.by_period(ask.clickhouse, kpi, scope)
    )  # fmt: skip
    columns = (Column("period", "Period"), Column("from", "From", "day"), Column("to", "To", "day"),
               Column("standing", "Standing"), Column("value", "Value"), Column("n", "n", "count"),
               Column("interval", "Interval"), Column("difference", "This one less that"),
               Column("said", ""))  # fmt: skip
    return Shown(tables=(Table("periods", "By period", columns, ("period",), rows, "No data."),), note=compare.PROCESS)


def _interval(found: compare.Interval | None) -> str:
    if found is None:
        return ""
    return f"{'~' if found.approximate else ''}{found.low * 100:.1f} to {found.high * 100:.1f} %"


def _others(ask: Ask, kpi: Kpi) -> Shown:
    rows = tuple(
        {
            "figure": row.cited.figure, "theirs": f"{row.cited.value * 100:.1f} %",
            "ours": value_text(kpi, row.figure.value, row.figure.n, ask.scope.currency) if row.figure else "no data",
            "n": row.figure.n if row.figure else 0, "interval": _interval(row.interval),
            "difference": points_text(kpi, row.difference), "source": f"{row.cited.source}, {row.cited.year}",
            "population": row.cited.population, "counts": row.cited.unit,
            "warnings": "; ".join((*(["outside our interval"] if row.outside else []), *row.warnings)),
        }
        for row in compare.by_industry(ask.clickhouse, kpi, ask.scope, ask.house.cited)
    )  # fmt: skip
    columns = (Column("figure", "Published figure"), Column("theirs", "Theirs"), Column("ours", "Ours"),
               Column("n", "n", "count"), Column("interval", "Our interval"), Column("difference", "Difference"),
               Column("source", "Source"), Column("population", "Population"), Column("counts", "Counts"),
               Column("warnings", "Warnings"))  # fmt: skip
    return Shown(tables=(Table("others", "Published figures", columns, ("figure",), rows),))


def _rows(ask: Ask, kpi: Kpi) -> Shown:
    most = None if ask.question.get("rows") == "all" else _FIRST
    left_out = ask.question.get("left_out") == "yes"
    found = explain(ask.clickhouse, kpi, ask.scope, ask.question.get("subject") or None, left_out, most)
    evidence = _evidence(found.rows, ask)
    left = sum(n for figure in found.figures for n in figure.left_out.values())
    return Shown(evidence=evidence, tables=(evidence_table(evidence),),
                 more={"of": found.of, "shown": len(evidence), "left": left})  # fmt: skip


def _evidence(rows: Sequence[Any], ask: Ask) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            unit=row.unit,
            subject=row.subject,
            label=row.label,
            of=number_of(row.numerator, row.denominator),
            why=f"left out: {row.excluded}" if row.excluded else "",
            tone="muted" if row.excluded else "",
            events=tuple(traced(trace, ask.scope.zone) for trace in row.events),
        )
        for row in rows
    )
