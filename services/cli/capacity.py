"""``pmo capacity``: who is free, who is booked and who is missing, by week or month."""

from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import click

from services.cli import output
from services.cli.output import Column
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput
from services.settings import Settings

if TYPE_CHECKING:
    from services.projections.capacity import By, Every

_WEEKS = 12
_HOURS = ("net", "hard", "soft", "placeholders", "actual", "gap")
_CSV = ("group", "start", *_HOURS, "after_end")
_COLUMNS = [
    Column("from", "start"),
    *(Column(name if name != "net" else "net supply", name, number=True) for name in _HOURS),
    Column("", "mark"),
]


@click.command(
    epilog="""\b
Example:
  pmo capacity --by role
  pmo capacity --by unit --every month --from 2026-01-01 --to 2026-12-31"""
)
@click.option(
    "--by",
    type=click.Choice(("role", "skill", "unit", "person")),
    default="role",
    show_default=True,
    help="A line for each.",
)
@click.option(
    "--every", type=click.Choice(("week", "month")), default="week", show_default=True, help="A line for each of these."
)
@click.option("--from", "period_from", metavar="DAY", help="First day; by default the as-of day.")
@click.option("--to", "period_to", metavar="DAY", help="Last day; by default twelve weeks after the first.")
@scope_options
@output.format_options
def capacity(
    by: str,
    every: str,
    period_from: str | None,
    period_to: str | None,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Hours of net supply against hard and soft allocations, open placeholders and hours worked.

    The gap is what is left when all that is planned and asked for is taken off; negative where people are missing.
    Past weeks are shown by what is known of them at the two times.
    """
    from services.projections.capacity import loads
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis, period_from, period_to, ahead=True)
    first = scope.period_from or scope.as_of
    last = scope.period_to or first + timedelta(weeks=_WEEKS)
    if last < first:
        raise BadInput("The period ends before it begins: swap --from and --to.")
    scope = replace(scope, period_from=first, period_to=last)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        found = loads(clickhouse, scope, cast("By", by), cast("Every", every))
    rows = [{**asdict(load), "gap": load.gap} for load in found]
    if as_json:
        output.as_json({"scope": scope_data(scope), "by": by, "every": every, "loads": rows})
    elif as_csv:
        output.as_csv(_CSV, rows)
    else:
        shown = [_shown(row) for row in rows]
        notes = [] if rows else ["No data: nobody is here in this period, and nothing is planned."]
        if by == "skill" and rows:
            notes.append("A person counts under each of their skills, so these rows must not be added up.")
        if after_end := sum(load.after_end for load in found):
            notes.append(f"Left out: {round(after_end, 1)} hours allocated for after the end of their project.")
        title = f"Capacity in hours by {by} and {every}, {scope_text(scope)}"
        output.table(title, [Column(by, "group"), *_COLUMNS], shown, notes)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    hours = {name: round(Decimal(row[name]), 1) for name in _HOURS}
    return {**row, **hours, "mark": "too little" if row["gap"] < 0 else ""}
