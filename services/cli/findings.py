"""``pmo finding``: what audits found, and what becomes of it."""

from dataclasses import replace
from typing import Any

import click

from services.cli import output
from services.cli.generate import group as generated
from services.cli.names import complete_control
from services.cli.output import Column
from services.cli.rules import control_of, rules_now
from services.cli.scope import scope_data, scope_of, scope_options, scope_text
from services.settings import Settings

_STATES = ("open", "acknowledged", "risk-accepted", "remediated", "dismissed", "cured")
_CSV = (
    "finding", "control", "unit", "subject", "activating", "severity", "state", "raised_at", "age", "owner", "due",
    "until", "overdue", "detail", "title", "name",
)  # fmt: skip


@click.command(
    "list",
    epilog="""\b
Example:
  pmo finding list
  pmo finding list --state acknowledged --overdue --unit OPS""",
)
@click.option(
    "--state", "states", type=click.Choice((*_STATES, "all")), multiple=True, help="By default those that stand."
)
@click.option(
    "--control", metavar="CONTROL", shell_complete=complete_control, help="Only those of this control, by id or number."
)
@click.option("--overdue", is_flag=True, help="Only those whose promised or accepted day is past.")
@scope_options
@output.format_options
def list_(
    states: tuple[str, ...],
    control: str | None,
    overdue: bool,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Findings with their state, owner and promised day; by default those that stand.

    The first column is what 'pmo finding acknowledge' and its like take.
    """
    from services.projections.findings import STANDING, STATES, findings
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    wanted = _STATES if "all" in states else states or STANDING
    controls = [control_of(settings, control).id] if control else []
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        found = findings(clickhouse, scope, wanted, controls)
        told = [row for row in found if row["overdue"] or not overdue]
        note = "" if told else _none(len(found), bool(found or findings(clickhouse, replace(scope, unit=None), STATES)))
    titles = {each.id: each.title for each in rules_now(settings)}
    # a finding's control may be one of the workspace's own that is gone
    told = [{**row, "title": titles.get(row["control"].lower(), row["control"])} for row in told]
    if as_json:
        output.as_json({"scope": scope_data(scope), "findings": told})
    elif as_csv:
        output.as_csv(_CSV, told)
    else:
        columns = [
            Column("finding", "finding", identifier=True),
            Column("control", "title"),
            Column("subject", "name"),
            Column("unit", "unit"),
            Column("severity", "severity"),
            Column("state", "state"),
            Column("raised", "raised"),
            Column("days", "age", number=True),
            Column("owner", "owner"),
            Column("by", "day"),
            Column("", "late"),
            Column("detail", "detail"),
        ]
        shown = [
            {
                **row,
                "raised": output.local(row["raised_at"], settings.zone).date(),
                "day": row["until"] or row["due"],
                "late": _late(row),
            }
            for row in told
        ]
        output.table(
            f"{output.counted(len(told), 'finding')}, {scope_text(scope)}", columns, shown, [note] if note else []
        )


def _none(found: int, any_at_all: bool) -> str:
    """What to say where nothing is listed: those `found` are not overdue, or there are others, or none at all."""
    if found:
        return f"None of {output.counted(found, 'finding')} is overdue."
    if any_at_all:
        return "None of these; 'pmo finding list --state all' shows those that were closed too."
    return "None. 'pmo audit run' looks for findings."


def _late(row: dict[str, Any]) -> str:
    return "overdue" if row["overdue"] else ""


def group(name: str) -> click.Group:
    """The commands of the catalogue about findings, and the list of them."""
    made = generated(name)
    made.add_command(list_)
    return made
