"""``pmo benchmark``: a KPI by unit, by period, and beside published figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.ask import catalogue_of, definition, kpi_of
from services.cli.names import complete_kpi
from services.cli.output import Column
from services.cli.scope import scope_data, scope_of, scope_options, scope_text
from services.settings import Settings
from services.shown import points_text, value_text

if TYPE_CHECKING:
    from services.benchmarks.compare import IndustryRow, Interval, PeriodRow, UnitRow
    from services.projections.figures import Figure
    from services.projections.kpi import Kpi
    from services.projections.scope import Scope

_HEADS = {
    "unit": ("kpi", "version", "unit", "standing", "value", "n", "low", "high", "approximate", "rest", "rest_n",
             "difference", "apart", "mark", "retired"),
    "period": ("kpi", "version", "period", "from", "to", "standing", "value", "n", "low", "high", "approximate",
               "difference", "apart"),
    "industry": ("kpi", "version", "standing", "value", "n", "low", "high", "approximate", "theirs", "difference",
                 "outside", "figure", "source", "year", "population", "unit", "wording", "warnings"),
}  # fmt: skip


@click.command(
    epilog="""\b
Example:
  pmo benchmark on-time --by unit
  pmo benchmark on-time on-budget --by industry --as-of 2026-06-30"""
)
@click.argument("names", metavar="[KPI]...", nargs=-1, shell_complete=complete_kpi)
@click.option("--by", type=click.Choice(("unit", "period", "industry")), default="unit", show_default=True,
              help="What it is set against.")  # fmt: skip
@click.option("--from", "period_from", metavar="DAY", help="First day; with --by period by default a year before.")
@click.option("--to", "period_to", metavar="DAY", help="Last day; by default the as-of day.")
@scope_options
@output.format_options
def benchmark(
    names: tuple[str, ...],
    by: str,
    period_from: str | None,
    period_to: str | None,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """KPIs set against others: unit against unit, period against period, or against published figures.

    Each share has its n and an interval; best and worst are marked only where intervals have nothing in common. A
    published figure that counts something else than ours is shown with a warning. Rows of your own stand in the
    workspace's benchmarks.yaml. Without KPI: all shares, or with --by industry all that figures are published of.
    """
    from services.benchmarks import compare
    from services.benchmarks.industry import cited_with
    from services.projections.figures import NoRate
    from services.projections.house import in_reporting_currency
    from services.projections.queries import check_unit, retired_units
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis, period_from, period_to)
    cited = cited_with(settings.home) if by == "industry" else ()
    wanted, notes = _wanted(settings, names, {row.kpi for row in cited} if by == "industry" else None)
    rows: list[tuple[Kpi, Any]] = []
    with output.progress("Comparing") as progress, open_reader(settings, progress) as clickhouse:
        check_unit(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        retired = retired_units(clickhouse, scope)
        for done, kpi in enumerate(wanted, 1):
            try:
                found: Sequence[Any]
                match by:
                    case "unit":
                        found = compare.by_unit(clickhouse, kpi, scope, retired)
                    case "period":
                        found = compare.by_period(clickhouse, kpi, _whole(scope))
                    case _:
                        found = compare.by_industry(clickhouse, kpi, scope, cited)
                        if not found:
                            notes.append(f"{kpi.name}: no figure is published here; benchmarks.yaml takes your own.")
                rows += [(kpi, row) for row in found]
            except NoRate as error:
                if len(wanted) == 1:
                    raise
                notes.append(f"{kpi.name}: {error}")
            progress(done, len(wanted))
    say: Callable[[Any], dict[str, Any]]
    say = _unit_data if by == "unit" else _period_data if by == "period" else _industry_data
    plain = [{"kpi": kpi.name, "version": kpi.version, **say(row)} for kpi, row in rows]
    silent = [kpi.name for kpi in wanted if not any(kpi is shown for shown, _ in rows)]
    notes += [f"{name}: no data." for name in silent if not any(note.startswith(f"{name}:") for note in notes)]
    if as_json:
        definitions = {kpi.name: definition(kpi) for kpi in wanted}
        head = {"scope": scope_data(scope), "by": by, "kpis": definitions}
        output.as_json({**head, "rows": plain, "notes": [compare.PROCESS, *notes]})
    elif as_csv:
        output.as_csv(_HEADS[by], plain)
    else:
        _show(by, wanted, rows, plain, scope, [compare.PROCESS, *notes])


def _wanted(settings: Settings, names: Sequence[str], published: set[str] | None) -> "tuple[list[Kpi], list[str]]":
    """The KPIs asked for; without names all that have something to be set against, and what was left out."""
    if names:
        return [kpi_of(settings, name) for name in dict.fromkeys(names)], []
    known = catalogue_of(settings)
    if published is None:
        return [kpi for kpi in known if kpi.measure == "share"], []
    missing = sorted(published - {kpi.name for kpi in known})
    return [kpi for kpi in known if kpi.name in published], [
        f"{name}: figures are published of it, but there is no such KPI here, so it is left out." for name in missing
    ]


def _whole(scope: "Scope") -> "Scope":
    # the period may end before the as-of day, and what came after it is not asked for
    return replace(scope, as_of=scope.period_to) if scope.period_to and scope.period_to < scope.as_of else scope


def _figure_data(figure: "Figure | None", interval: "Interval | None") -> dict[str, Any]:
    return {
        "standing": figure.standing if figure else "",
        "value": figure.value if figure else None,
        "numerator": figure.numerator if figure else None,
        "denominator": figure.denominator if figure else None,
        "n": figure.n if figure else 0,
        "left_out": dict(figure.left_out) if figure else {},
        "incomplete": figure.incomplete if figure else 0,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "approximate": interval.approximate if interval else None,
    }


def _unit_data(row: "UnitRow") -> dict[str, Any]:
    return {
        "unit": row.figure.by,
        **_figure_data(row.figure, row.interval),
        "rest": row.rest.value if row.rest else None,
        "rest_n": row.rest.n if row.rest else None,
        "difference": row.difference,
        "apart": row.apart,
        "mark": row.mark,
        "retired": row.retired,
    }


def _period_data(row: "PeriodRow") -> dict[str, Any]:
    return {
        "period": row.period,
        "from": row.first,
        "to": row.last,
        **_figure_data(row.figure, row.interval),
        "standing": row.standing,
        "difference": row.difference,
        "apart": row.apart,
    }


def _industry_data(row: "IndustryRow") -> dict[str, Any]:
    cited = row.cited
    return {
        **_figure_data(row.figure, row.interval),
        "theirs": cited.value,
        "difference": row.difference,
        "outside": row.outside,
        "id": cited.id,
        "figure": cited.figure,
        "source": cited.source,
        "year": cited.year,
        "population": cited.population,
        "unit": cited.unit,
        "wording": cited.wording,
        "warnings": list(row.warnings),
    }


def _show(
    by: str,
    wanted: "Sequence[Kpi]",
    rows: "Sequence[tuple[Kpi, Any]]",
    plain: Sequence[Mapping[str, Any]],
    scope: "Scope",
    notes: list[str],
) -> None:
    shown = [
        {
            **data,
            "title": kpi.title,
            "shown": value_text(kpi, data["value"], data["n"], scope.currency),
            "interval": interval_text(data),
            "against": value_text(kpi, data.get("rest"), 0, scope.currency) if data.get("rest") is not None else "",
            "change": points_text(kpi, data["difference"]),
            "said": _said(by, data),
            "theirs_text": output.percent(data["theirs"]) if by == "industry" else "",
        }
        for (kpi, _), data in zip(rows, plain, strict=True)
    ]
    kpis = {kpi.name: kpi for kpi, _ in rows}
    ours = [
        Column("value", "shown", number=True),
        Column("n", "n", number=True),
        Column("interval", "interval", number=True),
    ]
    match by:
        case "unit":
            columns = [Column("unit", "unit"), Column("standing", "standing"), *ours,
                       Column("the rest", "against", number=True), Column("difference", "change", number=True),
                       Column("", "said")]  # fmt: skip
        case "period":
            columns = [Column("period", "period"), Column("from", "from"), Column("to", "to"),
                       Column("standing", "standing"), *ours, Column("this one less that", "change", number=True),
                       Column("", "said")]  # fmt: skip
        case _:
            columns = [Column("standing", "standing"), *ours, Column("theirs", "theirs_text", number=True),
                       Column("difference", "change", number=True), Column("published figure", "figure"),
                       Column("source", "source"), Column("year", "year", number=True),
                       Column("population", "population"), Column("counts", "unit"), Column("", "said")]  # fmt: skip
    if len(wanted) != 1:
        columns.insert(0, Column("KPI", "title"))
    title = wanted[0].title if len(wanted) == 1 else "KPIs"
    versions = ", ".join(f"{kpi.name} v{kpi.version}" for kpi in kpis.values())
    head = [f"Definitions: {versions}."] if versions else []
    against = {"unit": "by unit", "period": "by period", "industry": "against published figures"}[by]
    output.table(f"{title} {against}, {scope_text(scope)}", columns, shown, ["", *notes, *head])


def _said(by: str, data: Mapping[str, Any]) -> str:
    if by == "industry":
        parts = [f"warning: {warning}" for warning in data["warnings"]]
        return "; ".join([*(["outside our interval"] if data["outside"] else []), *parts])
    parts = [data.get("mark", ""), "retired" if data.get("retired") else ""]
    if data["apart"]:
        parts.append("intervals do not overlap")
    return ", ".join(part for part in parts if part)


def interval_text(data: Mapping[str, Any]) -> str:
    """``35.0 to 65.0 %``, or a dash where none can be given."""
    if data["low"] is None:
        return "-"
    low, high = (f"{data[name] * 100:.1f}" for name in ("low", "high"))
    return f"{'~' if data['approximate'] else ''}{low} to {high} %"
