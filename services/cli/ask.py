"""``pmo kpi``: figures as of any day, as known at any time, and the rows behind them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.names import complete_kpi, unknown_kpi
from services.cli.output import Column
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput, NotFound
from services.settings import Settings
from services.shown import NO_DATA, beside_text, better_text, fraction_text, left_out_text, number_of, value_text

if TYPE_CHECKING:
    from services.projections.figures import Figure, NoRate
    from services.projections.house import Target
    from services.projections.kpi import Kpi
    from services.projections.scope import Scope

NO_ROWS = "No data: there is nothing that it is about, at these two times."
_FIGURE_CSV = (
    "kpi",
    "version",
    "by",
    "group",
    "subject",
    "standing",
    "value",
    "numerator",
    "denominator",
    "n",
    "open",
    "beside",
    "left_out",
    "incomplete",
    "target",
    "warn",
    "met",
    "error",
)
_ROW_COLUMNS = (
    Column("unit", "unit"),
    Column("subject", "subject", identifier=True),
    Column("name", "label"),
    Column("standing", "standing"),
    Column("of", "of", number=True),
    Column("left out because", "excluded"),
)
_ROW_CSV = ("unit", "subject", "label", "standing", "numerator", "denominator", "excluded", "evidence")


@click.command(
    "show",
    epilog="""\b
Example:
  pmo kpi on-time --by unit --as-of 2026-06-30 --known-at 2026-07-05
  pmo kpi on-time --follow""",
)
@click.argument("name", required=False, shell_complete=complete_kpi)
@click.option("--family", metavar="FAMILY", help="Only KPIs of this family, such as delivery or budget.")
@click.option("--by", metavar="WHAT", help="One figure for each unit, portfolio or project, or what the KPI offers.")
@click.option("--from", "period_from", metavar="DAY", help="First day of the period.")
@click.option("--to", "period_to", metavar="DAY", help="Last day of the period; by default the as-of day.")
@click.option("--rows", "as_rows", is_flag=True, help="List the subjects behind the figures, and those left out.")
@click.option("--follow", is_flag=True, help="Go on, and print each value as it changes, until Ctrl-C.")
@scope_options
@output.format_options
def show(
    name: str | None,
    family: str | None,
    by: str | None,
    period_from: str | None,
    period_to: str | None,
    as_rows: bool,
    follow: bool,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Figures, each with its numerator and denominator, and what it leaves out and why.

    Without NAME all KPIs are shown, for the portfolio unless --by says otherwise. Governed projects, whose decisions
    are recorded here, stand apart from observed ones, of which only a source's states are known.
    """
    from services.projections import figures as measured
    from services.projections.house import in_reporting_currency, targets
    from services.runtime import open_reader

    if as_rows and not name:
        raise BadInput("--rows needs the name of a KPI; 'pmo kpi' lists them.")
    settings = Settings.load()
    wanted = [kpi_of(settings, name)] if name else catalogue_of(settings, family)
    group = by or ("unit" if name else "portfolio")
    if follow:
        from services.cli.follow import follow_kpis

        if as_rows or as_csv or any((as_of, known_at, period_from, period_to)):
            raise BadInput("--follow shows what is so now: leave times, --rows and --csv out.")
        follow_kpis(settings, {each.name: each for each in wanted}, group, unit, as_json)
        return
    scope = scope_of(settings, unit, as_of, known_at, known_basis, period_from, period_to)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        if as_rows:
            found = measured.rows(clickhouse, wanted[0], scope)
        else:
            aims = targets(clickhouse, scope)
            figures, problems = measured.measure_all(clickhouse, wanted, scope, group)
            for _, problem in problems if name else ():
                raise problem
    if as_rows:
        _show_rows(wanted[0], scope, found, as_json, as_csv)
        return
    rows = [figure_row(each, figure, group, aims.get(each.name)) for each, figure in figures]
    rows += [no_figure(each, group, problem) for each, problem in problems]
    if as_json:
        definitions = {each.name: definition(each) for each in wanted}
        output.as_json({"scope": scope_data(scope), "kpis": definitions, "figures": rows})
    elif as_csv:
        output.as_csv(_FIGURE_CSV, rows)
    else:
        unlisted = None if name else _by_name_only(settings, family)
        show_figures(wanted, figures, scope, group, aims, problems, unlisted)


def catalogue_of(settings: Settings, family: str | None = None) -> "list[Kpi]":
    """The KPIs that a list shows: the shipped ones and the workspace's own, or those of one family.

    Raises NotFound with the families.
    """
    from services.projections.kpi import listed

    return list(listed(_known(settings, family)).values())


def _by_name_only(settings: Settings, family: str | None) -> list[str]:
    known = _known(settings, family)
    shown = {kpi.name for kpi in catalogue_of(settings, family)}
    return [name for name in known if name not in shown]


def _known(settings: Settings, family: str | None) -> "dict[str, Kpi]":
    from services.projections.kpi import FAMILIES, kpis_with

    if family is not None and family not in FAMILIES:
        raise NotFound(f"There is no family {family!r} of KPIs; families are {', '.join(FAMILIES)}.")
    return {name: kpi for name, kpi in kpis_with(settings.own_kpis).items() if family in (None, kpi.family)}


def kpi_of(settings: Settings, name: str) -> "Kpi":
    """The KPI of this name. Raises NotFound with the nearest ones."""
    from services.projections.kpi import find_kpi

    try:
        return find_kpi(name, settings.own_kpis)
    except NotFound:
        raise unknown_kpi(name) from None


def definition(kpi: "Kpi") -> dict[str, Any]:
    """A KPI's definition for programs."""
    names = ("title", "family", "measure", "better", "aggregator", "version", "digest", "definition", "source")
    return {name: getattr(kpi, name) for name in names}


def no_figure(kpi: "Kpi", group: str, problem: "NoRate") -> dict[str, Any]:
    """What stands in the place of a KPI's figures that there cannot be."""
    return {"kpi": kpi.name, "version": kpi.version, "by": group, "value": None, "error": str(problem)}


def figure_row(kpi: "Kpi", figure: "Figure", group: str, aim: "Target | None" = None) -> dict[str, Any]:
    """A figure for programs, with its target."""
    aim = aim.of(kpi, group) if aim else None
    return {
        "kpi": kpi.name,
        "version": kpi.version,
        "by": group,
        "group": figure.by,
        "subject": figure.subject,
        "standing": figure.standing,
        "value": figure.value,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "n": figure.n,
        "open": figure.open,
        "beside": dict(figure.beside),
        "left_out": dict(figure.left_out),
        "incomplete": figure.incomplete,
        "target": aim.target if aim else None,
        "warn": aim.warn if aim else None,
        "met": (aim.verdict(kpi, figure.value) or None) if aim else None,
    }


def aim_cells(kpi: "Kpi", figure: "Figure", group: str, aim: "Target | None", currency: str) -> dict[str, str]:
    """The target and whether it is met, as they stand in a table."""
    aim = aim.of(kpi, group) if aim else None
    if aim is None:
        return {}
    return {"target": value_text(kpi, aim.target, 0, currency), "met": aim.verdict(kpi, figure.value)}


def aim_columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns of targets, where any row has one."""
    return (
        [Column("target", "target", number=True), Column("", "met")] if any(row.get("target") for row in rows) else []
    )


def show_figures(
    wanted: Sequence["Kpi"],
    figures: Sequence[tuple["Kpi", "Figure"]],
    scope: "Scope",
    group: str,
    aims: Mapping[str, "Target"],
    problems: Sequence[tuple["Kpi", "NoRate"]],
    unlisted: Sequence[str] | None,
) -> None:
    """Prints figures as a table: of a list, with the names of those `unlisted`, or of one KPI with its definition."""
    alone = unlisted is None
    rows = [
        {
            "title": kpi.title,
            "group": figure.by or "(none)",
            "standing": figure.standing,
            "value": value_text(kpi, figure.value, figure.n, scope.currency),
            "of": fraction_text(kpi, figure),
            "n": figure.n,
            "beside": beside_text(kpi, figure, scope.currency),
            "left_out": left_out_text(figure.left_out, figure.incomplete),
            **aim_cells(kpi, figure, group, aims.get(kpi.name), scope.currency),
        }
        for kpi, figure in figures
    ]
    rows += [{"title": kpi.title, "value": f"{problem.short}, see below"} for kpi, problem in problems]
    told = {kpi.name for kpi, _ in (*figures, *problems)}
    silent = [kpi for kpi in wanted if kpi.name not in told]
    if alone:
        rows += [{"title": kpi.title, "group": "all", "value": NO_DATA, "n": 0} for kpi in silent]
    columns = [
        *([] if alone else [Column("KPI", "title")]),
        *([] if group == "portfolio" else [Column(group.replace("_", " "), "group")]),
        Column("standing", "standing"),
        Column("value", "value", number=True),
        *aim_columns(rows),
        Column("of", "of", number=True),
        Column("n", "n", number=True),
        *([Column("beside", "beside")] if any(row.get("beside") for row in rows) else []),
        Column("left out", "left_out"),
    ]
    subject = wanted[0].title if alone else "KPIs"
    by = "" if group == "portfolio" else f" by {group.replace('_', ' ')}"
    notes = definition_notes(wanted[0]) if unlisted is None else _overview_notes(wanted, silent, unlisted)
    notes += problem_notes(problems)
    output.table(f"{subject}{by}, {scope_text(scope)}", columns, rows, notes)


def problem_notes(problems: Iterable[tuple["Kpi", "NoRate"]]) -> list[str]:
    """Which exchange rates are missing, each once."""
    return [line for said in dict.fromkeys(str(problem) for _, problem in problems) for line in ("", said)]


def _overview_notes(wanted: Sequence["Kpi"], silent: Sequence["Kpi"], unlisted: Sequence[str]) -> list[str]:
    told = [kpi.name for kpi in wanted if kpi not in silent]
    return [
        *(["", f"No data: {', '.join(kpi.name for kpi in silent)}"] if silent else []),
        *(["", "'pmo kpi NAME' shows one by unit, with its definition:", ", ".join(told)] if told else []),
        *(["", f"By name only, as it takes longer: {', '.join(unlisted)}"] if unlisted else []),
    ]


def definition_notes(kpi: "Kpi") -> list[str]:
    """What stands under a KPI's figures."""
    from services.projections.figures import groupings

    return [
        "",
        f"{kpi.name}, version {kpi.version}, {better_text(kpi)}. {kpi.definition}",
        f"Source: {kpi.source}",
        f"By: {', '.join(groupings(kpi))}",
    ]


def _show_rows(kpi: "Kpi", scope: "Scope", rows: list[dict[str, Any]], as_json: bool, as_csv: bool) -> None:
    if as_json:
        output.as_json({"scope": scope_data(scope), "kpi": {"name": kpi.name, **definition(kpi)}, "rows": rows})
    elif as_csv:
        output.as_csv((*_ROW_CSV, *kpi.by), rows)
    else:
        standings = {str(row["standing"]) for row in rows}
        one = f", {standings.pop()}" if len(standings) == 1 else ""
        columns = [column for column in _ROW_COLUMNS if not one or column.field != "standing"]
        columns[3:3] = [Column(name.replace("_", " "), name) for name in kpi.by]
        shown = [{**row, "of": number_of(row["numerator"], row["denominator"])} for row in rows]
        notes = [*([] if rows else [NO_ROWS]), *definition_notes(kpi)]
        output.table(f"{kpi.title}, {scope_text(scope)}{one}", columns, shown, notes)
