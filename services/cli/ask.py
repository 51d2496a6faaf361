"""``pmo kpi``: figures as of any day, as known at any time; and the scope that every question takes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import click

from services.cli import output, times
from services.cli.names import complete_kpi, completing, unknown_kpi
from services.cli.output import Column
from services.errors import BadInput, NotFound
from services.settings import Settings

if TYPE_CHECKING:
    from services.projections.kpi import By, Figure, Kpi
    from services.projections.scope import Basis, Scope

NO_DATA = "no data"
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
    "left_out",
    "incomplete",
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


def scope_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say of whom, as of when and as known when."""
    options = (
        click.option(
            "--unit",
            metavar="CODE",
            help="Only this unit and those below it.",
            shell_complete=completing("business-unit"),
        ),
        click.option("--as-of", metavar="DAY", help="What was true at the end of this day; by default today."),
        click.option("--known-at", metavar="TIME", help="With what was known by this day's end or instant."),
        click.option(
            "--known-basis",
            type=click.Choice(("recorded", "reported")),
            default="recorded",
            show_default=True,
            help="Known since we recorded it, or since the source reported it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    epilog="""\b
Example:
  pmo kpi
  pmo kpi on-time --by unit --as-of 2026-06-30 --known-at 2026-07-05"""
)
@click.argument("name", required=False, shell_complete=complete_kpi)
@click.option("--by", type=click.Choice(("unit", "portfolio", "project")), help="One figure for each of these.")
@click.option("--from", "period_from", metavar="DAY", help="First day of the period.")
@click.option("--to", "period_to", metavar="DAY", help="Last day of the period; by default the as-of day.")
@click.option("--rows", "as_rows", is_flag=True, help="List the subjects behind the figures, and those left out.")
@scope_options
@output.format_options
def kpi(
    name: str | None,
    by: str | None,
    period_from: str | None,
    period_to: str | None,
    as_rows: bool,
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
    from services.projections import kpi as kpis
    from services.runtime import open_reader

    if as_rows and not name:
        raise BadInput("--rows needs the name of a KPI; 'pmo kpi' lists them.")
    wanted = [_kpi(name)] if name else list(kpis.load_kpis().values())
    group = cast("By", by or ("unit" if name else "portfolio"))
    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis, period_from, period_to)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        if as_rows:
            found = kpis.rows(clickhouse, wanted[0], scope)
        else:
            figures = [(each, figure) for each in wanted for figure in kpis.measure(clickhouse, each, scope, group)]
    if as_rows:
        _show_rows(wanted[0], scope, found, as_json, as_csv)
        return
    rows = [_figure_row(each, figure, group) for each, figure in figures]
    if as_json:
        definitions = {each.name: _definition(each) for each in wanted}
        output.as_json({"scope": scope_data(scope), "kpis": definitions, "figures": rows})
    elif as_csv:
        output.as_csv(_FIGURE_CSV, rows)
    else:
        _show_figures(wanted, figures, scope, group, alone=name is not None)


def _kpi(name: str) -> "Kpi":
    from services.projections import kpi as kpis

    try:
        return kpis.find_kpi(name)
    except NotFound:
        raise unknown_kpi(name) from None


def scope_of(
    settings: Settings,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    basis: str,
    period_from: str | None = None,
    period_to: str | None = None,
) -> "Scope":
    """The scope that the options mean. Raises BadInput."""
    from services.projections.scope import Scope

    zone = settings.zone
    return Scope(
        as_of=times.day("today" if as_of is None else as_of, "--as-of", zone),
        zone=zone,
        known_at=times.end_of(known_at, "--known-at", zone) if known_at is not None else None,
        basis=cast("Basis", basis),
        unit=unit.upper() if unit is not None else None,
        period_from=times.day(period_from, "--from", zone) if period_from is not None else None,
        period_to=times.day(period_to, "--to", zone) if period_to is not None else None,
    )


def scope_data(scope: "Scope") -> dict[str, Any]:
    """The scope for programs."""
    return {
        "as_of": scope.as_of,
        "known_at": scope.known_at,
        "known_basis": scope.basis,
        "unit": scope.unit,
        "from": scope.period_from,
        "to": scope.period_to,
    }


def scope_text(scope: "Scope") -> str:
    """The scope for people."""
    known: datetime | None = scope.known_at
    parts = [f"as of {scope.as_of}"]
    parts.append(f"known at {known.astimezone(scope.zone):%Y-%m-%d %H:%M}" if known else "known now")
    if scope.basis == "reported":
        parts.append("by the time of reporting")
    if scope.unit:
        parts.append(f"unit {scope.unit} and below")
    if scope.period_from or scope.period_to:
        parts.append(f"period {scope.period_from or '...'} to {scope.period_to or scope.as_of}")
    return ", ".join(parts)


def value_text(kpi: "Kpi", value: Decimal | None) -> str:
    """A KPI's value with its unit of measure."""
    if value is None:
        return NO_DATA
    match kpi.measure:
        case "share":
            return output.percent(value)
        case "days":
            return f"{output.figure(round(value, 1))} days"
        case _:
            return output.figure(round(value, 2))


def _definition(kpi: "Kpi") -> dict[str, Any]:
    names = ("title", "family", "measure", "better", "aggregator", "version", "definition", "source")
    return {name: getattr(kpi, name) for name in names}


def _figure_row(kpi: "Kpi", figure: "Figure", group: str) -> dict[str, Any]:
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
        "left_out": dict(figure.left_out),
        "incomplete": figure.incomplete,
    }


def _show_figures(
    wanted: Sequence["Kpi"],
    figures: Sequence[tuple["Kpi", "Figure"]],
    scope: "Scope",
    group: str,
    *,
    alone: bool,
) -> None:
    rows = [
        {
            "title": kpi.title,
            "group": figure.by or "(none)",
            "standing": figure.standing,
            "value": value_text(kpi, figure.value),
            "of": "" if kpi.aggregator == "median" else _fraction(figure.numerator, figure.denominator),
            "n": figure.n,
            "left_out": _left_out(figure.left_out, figure.incomplete),
        }
        for kpi, figure in figures
    ]
    silent = [kpi for kpi in wanted if not any(kpi is measured for measured, _ in figures)]
    rows += [{"title": kpi.title, "group": "all", "value": NO_DATA, "n": 0} for kpi in silent]
    columns = [
        *([] if alone else [Column("KPI", "title")]),
        *([] if group == "portfolio" else [Column(group, "group")]),
        Column("standing", "standing"),
        Column("value", "value", number=True),
        Column("of", "of", number=True),
        Column("n", "n", number=True),
        Column("left out", "left_out"),
    ]
    subject = wanted[0].title if alone else "KPIs"
    by = "" if group == "portfolio" else f" by {group}"
    notes = (
        definition_notes(wanted[0])
        if alone
        else ["", "'pmo kpi NAME' shows one by unit, with its definition:", ", ".join(kpi.name for kpi in wanted)]
    )
    output.table(f"{subject}{by}, {scope_text(scope)}", columns, rows, notes)


def definition_notes(kpi: "Kpi") -> list[str]:
    """What stands under a KPI's figures."""
    return [
        "",
        f"{kpi.name}, version {kpi.version}, {kpi.better} is better. {kpi.definition}",
        f"Source: {kpi.source}",
    ]


def _show_rows(kpi: "Kpi", scope: "Scope", rows: list[dict[str, Any]], as_json: bool, as_csv: bool) -> None:
    if as_json:
        output.as_json({"scope": scope_data(scope), "kpi": {"name": kpi.name, **_definition(kpi)}, "rows": rows})
    elif as_csv:
        output.as_csv(_ROW_CSV, rows)
    else:
        standings = {str(row["standing"]) for row in rows}
        one = f", {standings.pop()}" if len(standings) == 1 else ""
        columns = [column for column in _ROW_COLUMNS if not one or column.field != "standing"]
        shown = [{**row, "of": _fraction(row["numerator"], row["denominator"])} for row in rows]
        output.table(f"{kpi.title}, {scope_text(scope)}{one}", columns, shown, definition_notes(kpi))


def _fraction(numerator: Decimal | None, denominator: Decimal | None) -> str:
    return (
        "" if numerator is None or denominator is None else f"{output.figure(numerator)} / {output.figure(denominator)}"
    )


def _left_out(reasons: Mapping[str, int], incomplete: int) -> str:
    parts: Iterable[str] = (f"{n} {reason}" for reason, n in sorted(reasons.items()))
    return ", ".join([*parts, *([f"{incomplete} with a gap in their history"] if incomplete else [])])
