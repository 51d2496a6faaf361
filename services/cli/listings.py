"""``list`` among the catalogue's commands about units, settings and projects."""

import json

import click

from services.cli import output
from services.cli.generate import group as generated
from services.cli.output import Column
from services.cli.scope import scope_data, scope_of, scope_options, scope_text, time_options
from services.settings import Settings

_UNITS = ("unit", "name", "parent", "country", "state", "merged_into")
_SETTINGS = ("setting", "value", "since")


@click.command(
    "list",
    epilog="""\b
Example:
  pmo unit list
  pmo unit list --unit OPS --as-of 2026-06-30""",
)
@scope_options
@output.format_options
def units(
    unit: str | None, as_of: str | None, known_at: str | None, known_basis: str, as_json: bool, as_csv: bool
) -> None:
    """Business units: name, the unit above, country, and whether they are retired or merged into another."""
    from services.projections.queries import ask
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        rows = ask(clickhouse, "units", scope)
    if as_json:
        output.as_json({"scope": scope_data(scope), "units": rows})
    elif as_csv:
        output.as_csv(_UNITS, rows)
    else:
        columns = [Column(name.replace("_", " "), name, identifier=name == "unit") for name in _UNITS]
        notes = [] if rows else ["None at these two times. 'pmo unit register' makes one."]
        output.table(f"{output.counted(len(rows), 'unit')}, {scope_text(scope)}", columns, rows, notes)


@click.command(
    "list",
    epilog="""\b
Example:
  pmo setting list
  pmo setting list --as-of 2026-06-30""",
)
@time_options
@output.format_options
def settings_(as_of: str | None, known_at: str | None, known_basis: str, as_json: bool, as_csv: bool) -> None:
    """Settings in force: targets, thresholds, gate routes, scoring models, calendars, the reporting currency.

    Each with its value as 'pmo setting set' takes it, and the day since when; 'pmo history setting:NAME' tells who
    set it.
    """
    from services.projections.queries import ask
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, None, as_of, known_at, known_basis)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        rows = ask(clickhouse, "settings_in_force", scope)
    if as_json:
        told = [{**row, "value": json.loads(row["value"])} for row in rows]
        output.as_json({"scope": scope_data(scope), "settings": told})
    elif as_csv:
        output.as_csv(_SETTINGS, rows)
    else:
        columns = [Column(name, name, identifier=name == "setting") for name in _SETTINGS]
        notes = [
            *([""] if rows else []),
            "What is not set has its default; 'pmo setting set --help' names the settings.",
        ]
        output.table(f"{output.counted(len(rows), 'setting')} in force, {scope_text(scope)}", columns, rows, notes)


def _projects() -> click.Command:
    """``pmo portfolio list`` under the name that is looked for first."""
    from services.cli.portfolio import list_

    example = "\b\nExample:\n  pmo project list --unit OPS\n  pmo portfolio list --unit OPS    (the same)"
    return click.Command("list", callback=list_.callback, params=list_.params, help=list_.help, epilog=example)


def group(name: str) -> click.Group:
    """The commands of the catalogue about units, settings or projects, and the list of them."""
    made = generated(name)
    made.add_command({"unit": lambda: units, "setting": lambda: settings_, "project": _projects}[name]())
    return made
