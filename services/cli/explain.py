"""``pmo explain``: a figure down to the events behind it, who recorded them and when."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.ask import (
    NO_ROWS,
    beside_text,
    definition,
    definition_notes,
    figure_row,
    fraction_text,
    kpi_of,
    number_of,
    value_text,
)
from services.cli.names import complete_kpi
from services.cli.output import Column
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.errors import NotFound
from services.settings import Settings

if TYPE_CHECKING:
    from services.projections.explain import Explanation, Row
    from services.projections.kpi import Kpi
    from services.projections.scope import Scope

_MOST = 20
_CSV = (
    "unit", "subject", "label", "standing", "excluded", "numerator", "denominator",
    "event", "type", "occurred_at", "recorded_at", "actor", "authenticated",
)  # fmt: skip


@click.command(
    epilog="""\b
Example:
  pmo explain on-time --unit OPS --as-of 2026-06-30
  pmo explain on-budget --subject project:CRANE-7"""
)
@click.argument("name", metavar="KPI", shell_complete=complete_kpi)
@click.option("--from", "period_from", metavar="DAY", help="First day of the period.")
@click.option("--to", "period_to", metavar="DAY", help="Last day of the period; by default the as-of day.")
@click.option("--subject", metavar="STREAM", help="Only this one, such as project:CRANE-7.")
@click.option("--left-out", is_flag=True, help="Those that are left out too, each with the reason.")
@click.option("--all", "everything", is_flag=True, help=f"All rows, not only the first {_MOST}.")
@scope_options
@output.format_options
def explain(
    name: str,
    period_from: str | None,
    period_to: str | None,
    subject: str | None,
    left_out: bool,
    everything: bool,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """A figure with its definition, its rows, and the events behind each row: who recorded what, and when."""
    from services.projections.explain import explain as explained
    from services.projections.house import in_reporting_currency, targets
    from services.runtime import open_reader

    settings = Settings.load()
    wanted = kpi_of(settings, name)
    scope = scope_of(settings, unit, as_of, known_at, known_basis, period_from, period_to)
    most = None if everything or as_json or as_csv else _MOST
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        aim = targets(clickhouse, scope).get(wanted.name)
        found = explained(clickhouse, wanted, scope, subject, left_out, most)
    if subject is not None and not found.rows:
        raise NotFound(
            f"{name} has nothing to say of {subject} at that time; 'pmo kpi {name} --rows' lists its subjects."
        )
    if as_json:
        output.as_json(
            {
                "scope": scope_data(scope),
                "kpi": {"name": wanted.name, **definition(wanted)},
                "figures": [figure_row(wanted, figure, "portfolio", aim) for figure in found.figures],
                "rows": [asdict(row) for row in found.rows],
            }
        )
    elif as_csv:
        output.as_csv(_CSV, (line for row in found.rows for line in _flat(row)))
    else:
        _show(wanted, found, scope)


def _flat(row: "Row") -> Iterator[dict[str, Any]]:
    for event in row.events or (None,):
        yield {**asdict(row), **(asdict(event) if event else {})}


def _show(kpi: "Kpi", found: "Explanation", scope: "Scope") -> None:
    figures = [
        {
            "standing": figure.standing,
            "value": value_text(kpi, figure.value, figure.n, scope.currency),
            "of": fraction_text(kpi, figure),
            "n": figure.n,
            "beside": beside_text(kpi, figure, scope.currency),
        }
        for figure in found.figures
    ]
    columns = [Column("standing", "standing"), Column("value", "value", number=True), Column("of", "of", number=True)]
    columns += [Column("n", "n", number=True), Column("beside", "beside")]
    output.table(
        f"{kpi.title}, {scope_text(scope)}", columns, figures, [*definition_notes(kpi), f"Digest: {kpi.digest}"]
    )
    click.echo()
    more = found.of - len(found.rows)
    output.table(
        f"What it rests on, {output.counted(found.of, 'row')}",
        [
            Column("unit", "unit"),
            Column("subject, and event", "subject", identifier=True),
            Column("name, and type", "label"),
            Column("of", "of", number=True),
            Column("occurred", "occurred"),
            Column("recorded", "recorded"),
            Column("by", "by"),
        ],
        [line for row in found.rows for line in _lines(row, scope)],
        [f"{output.counted(more, 'row')} more; --all shows them."] if more else [] if found.rows else [_none(found)],
    )


def _none(found: "Explanation") -> str:
    left_out = sum(n for figure in found.figures for n in figure.left_out.values())
    return f"No data: {output.counted(left_out, 'row')} left out; --left-out shows them." if left_out else NO_ROWS


def _lines(row: "Row", scope: "Scope") -> Iterator[dict[str, Any]]:
    yield {
        "unit": row.unit,
        "subject": row.subject,
        "label": f"{row.label}{f' (left out: {row.excluded})' if row.excluded else ''}",
        "of": number_of(row.numerator, row.denominator),
    }
    for event in row.events:
        claimed = "" if event.authenticated else " (claimed)"
        yield {
            "subject": f"  {event.event}",
            "label": f"  {event.type}",
            "occurred": event.occurred_at.astimezone(scope.zone),
            "recorded": event.recorded_at.astimezone(scope.zone),
            "by": f"{event.actor}{claimed}",
        }
