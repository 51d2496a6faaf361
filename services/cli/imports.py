"""``pmo import``: history from elsewhere."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services import times
from services.cli import output
from services.cli.groups import LazyGroup, Section, Subcommand
from services.errors import PartlyRejected
from services.importers.sources import SOURCES
from services.settings import Settings

if TYPE_CHECKING:
    from services.importers.record import FileReport

_EPILOG = """\b
Rows = recorded + unchanged + rejected + ignored. Importing a file again
records nothing; a newer export records only what changed.

\b
Examples:
  pmo import portfolio --mapping gmpp uk_2014.csv uk_2015.csv
  pmo import portfolio --mapping our-list.yaml --data-date 2026-06-30 list.xlsx --dry-run"""


class _Imports(LazyGroup):
    sections = (
        Section(
            "Sources",
            (
                *(Subcommand(row.name, row.title, "services.cli.import_source:command") for row in SOURCES),
                Subcommand(
                    "msproject",
                    "Microsoft Project, Primavera and Planner files.",
                    "services.cli.import_plans:msproject",
                ),
                Subcommand("portfolio", "CSV or Excel lists of projects.", "services.cli.imports:portfolio"),
            ),
        ),
    )


@click.group("import", cls=_Imports, epilog=_EPILOG)
def group() -> None:
    """Bring in history from other tools: a file is one transaction."""


@click.command(epilog=_EPILOG)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--mapping", required=True, metavar="FILE_OR_NAME", help="The mapping (YAML), or gmpp, which ships.")
@click.option("--data-date", metavar="DAY", help="The day the figures speak of, where mapping and file do not say.")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded, and record nothing.")
@click.option("--details", is_flag=True, help="List every ignored row, noted cell and new name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def portfolio(
    files: tuple[str, ...], mapping: str, data_date: str | None, dry_run: bool, details: bool, as_json: bool
) -> None:
    """Import CSV or Excel lists of projects as observed states, without asserting any decision."""
    settings = Settings.load()
    from services.importers import mapping as mappings
    from services.importers import portfolio as planning
    from services.importers.record import record
    from services.runtime import open_app

    rules = mappings.load(mappings.find(mapping))
    day = times.day(data_date, "--data-date", settings.zone) if data_date else None
    plan = planning.plan([Path(file) for file in files], rules, day, datetime.now(settings.zone).date())
    with open_app(settings) as app, output.progress("Importing") as progress:
        reports = record(app, plan, rules, dry_run=dry_run, progress=progress)
    if as_json:
        output.as_json({"dry_run": dry_run, "files": [_data(report) for report in reports]})
    else:
        _print(reports, dry_run=dry_run, details=details)
    rejected = sum(len(report.plan.rejected) for report in reports)
    if rejected:
        raise PartlyRejected(f"{output.counted(rejected, 'row')} could not be recorded; the list above says why.")


def _print(reports: list["FileReport"], *, dry_run: bool, details: bool) -> None:
    columns = [
        output.Column("File", "file"),
        *(output.Column(title.capitalize(), title, True) for title in _COUNTS),
    ]
    rows = [_counts(report) for report in reports]
    rows.append({"file": "All", **{name: sum(int(row[name]) for row in rows) for name in _COUNTS}})
    title = "Would be recorded" if dry_run else "Imported"
    note = "left: projects that the listing no longer shows. events: what all this made in the log."
    output.table(title, columns, rows, [note])
    for report in reports:
        for rejection in report.plan.rejected:
            for fault in rejection.faults:
                click.echo(_fault(report, rejection.number, fault))
    if dry_run:
        _examples(reports)
    new = sum(len(report.plan.new_names) for report in reports)
    if new and not details:
        click.echo(f"{output.counted(new, 'row')} had a name that no alias knows and no number; --details lists them.")
    emptied = sum(cell.emptied for report in reports for row in report.plan.observations for cell in row.notes)
    if emptied and not details:
        verb = "was" if emptied == 1 else "were"
        click.echo(f"{output.counted(emptied, 'cell')} {verb} left empty; --details lists {_them(emptied)}.")
    if details:
        _details(reports)


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


_COUNTS = ("rows", "recorded", "unchanged", "rejected", "ignored", "left", "events")


def _counts(report: "FileReport") -> dict[str, Any]:
    return {
        "file": report.plan.file,
        "rows": report.plan.rows,
        "recorded": report.recorded,
        "unchanged": report.unchanged,
        "rejected": len(report.plan.rejected),
        "ignored": len(report.plan.ignored),
        "left": len(report.left),
        "events": report.events,
    }


def _data(report: "FileReport") -> dict[str, Any]:
    plan = report.plan
    return {
        **_counts(report),
        "digest": plan.digest,
        "rejections": [
            {"row": row.number, "column": fault.column, "value": fault.value, "reason": fault.reason}
            for row in plan.rejected
            for fault in row.faults
        ],
        "cell_notes": [
            {"row": row.number, "column": cell.column, "reason": cell.reason}
            for row in plan.observations
            for cell in row.notes
        ],
        "ignored_rows": [{"row": row.number, "reason": row.reason} for row in plan.ignored],
        "new_names": [
            {"name": n.name, "unit": n.unit, "stream": n.stream_key, "row": n.number} for n in plan.new_names
        ],
        "left_streams": list(report.left),
        "notes": list(plan.notes),
    }


def _fault(report: "FileReport", number: int, fault: Any) -> str:
    column = f", column {fault.column}" if fault.column else ""
    value = f" {fault.value!r}" if fault.value else ""
    return f"{report.plan.where(number)}{column}:{value} {fault.reason}"


def _examples(reports: list["FileReport"]) -> None:
    by_type: dict[str, list[str]] = {}
    for report in reports:
        for record in report.records:
            by_type.setdefault(record.type_name, []).append(record.stream)
    rows = [{"type": name, "events": len(streams), "example": streams[0]} for name, streams in sorted(by_type.items())]
    columns = [
        output.Column("Event", "type"),
        output.Column("Events", "events", True),
        output.Column("First", "example"),
    ]
    output.table("By event", columns, rows)


def _details(reports: list["FileReport"]) -> None:
    for report in reports:
        plan = report.plan
        for note in plan.notes:
            click.echo(f"{plan.file}: {note}")
        for row in plan.ignored:
            click.echo(f"{plan.where(row.number)}: ignored, {row.reason}")
        for observation in plan.observations:
            for cell in observation.notes:
                click.echo(f"{plan.where(observation.number)}, column {cell.column}: {cell.reason}")
        for new in plan.new_names:
            click.echo(f"{plan.where(new.number)}: new name, no alias: {new.name} ({new.unit or 'no unit'})")
