"""``pmo explain``: a figure, or a control's result, down to the events behind it, who recorded them and when."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from services.cli import output
from services.cli.ask import NO_ROWS, definition, definition_notes, figure_row, kpi_of
from services.cli.names import complete_definition, kpi_names, unknown_definition
from services.cli.output import Column
from services.cli.rules import control_of, rules_option, rules_then
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput, NotFound
from services.settings import Settings
from services.shown import beside_text, fraction_text, number_of, value_text

if TYPE_CHECKING:
    from services.projections.checking import Control
    from services.projections.explain import Explanation, Row, Trace
    from services.projections.kpi import Kpi
    from services.projections.scope import Scope

_MOST = 20
_CSV = (
    "unit", "subject", "label", "standing", "excluded", "numerator", "denominator",
    "event", "type", "occurred_at", "recorded_at", "actor", "authenticated",
)  # fmt: skip

EVENT_COLUMNS = (Column("occurred", "occurred"), Column("recorded", "recorded"), Column("by", "by"))
"""What is shown of an event beside its id and type."""


@click.command(
    epilog="""\b
Example:
  pmo explain on-time --unit OPS --as-of 2026-06-30
  pmo explain on-budget --subject project:CRANE-7
  pmo explain 13 --as-of 2026-06-30
  pmo explain status-every-14-days --subject project:CRANE-7"""
)
@click.argument("name", metavar="KPI|CONTROL", shell_complete=complete_definition)
@click.option("--from", "period_from", metavar="DAY", help="First day of the period.")
@click.option("--to", "period_to", metavar="DAY", help="Last day of the period; by default the as-of day.")
@click.option("--subject", metavar="STREAM", help="Only this one, such as project:CRANE-7.")
@click.option(
    "--left-out", is_flag=True, help="Those that are left out too, each with the reason; those without evidence."
)
@click.option("--all", "everything", is_flag=True, help=f"All rows, not only the first {_MOST}.")
@rules_option
@scope_options
@output.format_options
def explain(
    name: str,
    period_from: str | None,
    period_to: str | None,
    subject: str | None,
    left_out: bool,
    everything: bool,
    rules_of: str,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """A figure with its definition, its rows, and the events behind each row: who recorded what, and when.

    Of a CONTROL, an id or number: its result, its rule, its occasions with those that went against it first, and the
    events that activated and decided each. With --from, the occasions that began in the period.
    """
    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis, period_from, period_to)
    asked = _Asked(
        None if subject is None else _stream(settings, subject),
        left_out,
        None if everything or as_json or as_csv else _MOST,
    )
    control = _control(settings, name) if rules_of == "now" else None
    if control is not None or rules_of == "then":
        _explain_control(settings, name, control, scope, asked, as_json, as_csv)
    else:
        _explain_kpi(settings, name, scope, asked, as_json, as_csv)


class _Asked(NamedTuple):
    """Which rows are wanted."""

    subject: str | None
    left_out: bool
    most: int | None


def _stream(settings: Settings, subject: str) -> str:
    from services.cli.history import resolved
    from services.runtime import open_app

    with open_app(settings) as app:
        return resolved(app, subject, "--subject")


def _control(settings: Settings, name: str) -> "Control | None":
    """The control of this id or number; None where a KPI has the name, or nothing has."""
    if name in kpi_names():
        return None
    try:
        return control_of(settings, name)
    except NotFound:
        return None


def _explain_control(
    settings: Settings,
    name: str,
    control: "Control | None",
    scope: "Scope",
    asked: _Asked,
    as_json: bool,
    as_csv: bool,
) -> None:
    from services.audit.explain import explain as explained
    from services.cli.explain_control import print_explanation
    from services.runtime import open_reader

    if control is None and name in kpi_names():
        raise BadInput(f"--rules-of is for controls, and {name} is a KPI: leave it out.")
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        control = control or rules_then(clickhouse, scope, name)[0]
        found = explained(clickhouse, control, scope, *asked)
    if asked.subject is not None and not found.cases:
        raise NotFound(
            f"{name} has nothing to say of {asked.subject} at that time; 'pmo explain {name} --all' lists its subjects."
        )
    print_explanation(found, scope, as_json=as_json, as_csv=as_csv)


def _explain_kpi(settings: Settings, name: str, scope: "Scope", asked: _Asked, as_json: bool, as_csv: bool) -> None:
    from services.projections.explain import explain as explained
    from services.projections.house import in_reporting_currency, targets
    from services.runtime import open_reader

    try:
        wanted = kpi_of(settings, name)
    except NotFound:
        raise unknown_definition(name) from None
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        aim = targets(clickhouse, scope).get(wanted.name)
        found = explained(clickhouse, wanted, scope, *asked)
    if asked.subject is not None and not found.rows:
        raise NotFound(
            f"{name} has nothing to say of {asked.subject} at that time; 'pmo kpi {name} --rows' lists its subjects."
        )
    if as_json:
        output.as_json(
            {
                "scope": scope_data(scope),
                "kpi": {"name": wanted.name, **definition(wanted)},
                "figures": [
                    figure_row(wanted, figure, "project" if asked.subject else "portfolio", aim)
                    for figure in found.figures
                ],
                "rows": [asdict(row) for row in found.rows],
            }
        )
    elif as_csv:
        output.as_csv(_CSV, (line for row in found.rows for line in _flat(row)))
    else:
        _show(wanted, found, scope, asked.subject)


def _flat(row: "Row") -> Iterator[dict[str, Any]]:
    for event in row.events or (None,):
        yield {**asdict(row), **(asdict(event) if event else {})}


def _show(kpi: "Kpi", found: "Explanation", scope: "Scope", subject: str | None) -> None:
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
    of = f" of {found.rows[0].label}" if subject else ""
    output.table(
        f"{kpi.title}{of}, {scope_text(scope)}", columns, figures, [*definition_notes(kpi), f"Digest: {kpi.digest}"]
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
            *EVENT_COLUMNS,
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
        yield event_cells(event, scope)


def event_cells(event: "Trace", scope: "Scope") -> dict[str, Any]:
    """An event as a line below what it stands behind."""
    claimed = "" if event.authenticated else " (claimed)"
    return {
        "subject": f"  {event.event}",
        "label": f"  {event.type}",
        "occurred": event.occurred_at.astimezone(scope.zone),
        "recorded": event.recorded_at.astimezone(scope.zone),
        "by": f"{event.actor}{claimed}",
    }
