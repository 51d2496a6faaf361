"""``pmo import msproject``: plans of Microsoft Project, Primavera and Planner."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.streams import key
from services import times
from services.cli import output
from services.errors import BadInput, PartlyRejected
from services.settings import Settings

if TYPE_CHECKING:
    from services.importers.msproject.record import FileReport

_EPILOG = """\b
Needs MPXJ and Java: pip install 'pmo[msproject]', and a Java runtime.
Rows = recorded + unchanged + rejected + ignored. Importing a file again
records nothing; a newer file of a project records only what changed.

\b
Examples:
  pmo import msproject plan.mpp --dry-run
  pmo import msproject plan.mpp --project CRANE-7 --unit OPS
  pmo import msproject *.xml --write-mapping plans.yaml
  pmo import msproject *.xml --mapping plans.yaml"""
_COUNTS = ("rows", "recorded", "unchanged", "rejected", "ignored", "events")


@click.command(epilog=_EPILOG)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--project", metavar="CODE", help="The project's code, of one file; by default its id, GUID or name.")
@click.option("--unit", metavar="CODE", help="The unit that answers for it and that its people belong to.")
@click.option("--currency", metavar="ISO", help="The currency of costs, where a file names none.")
@click.option("--data-date", metavar="DAY", help="The day that a file shows; by default its status date.")
@click.option("--mapping", metavar="FILE", help="Codes of projects, people, roles and unit (YAML).")
@click.option("--write-mapping", metavar="FILE", help="Write what is guessed as a mapping; record nothing.")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded, and record nothing.")
@click.option("--details", is_flag=True, help="List every ignored row.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def msproject(
    files: tuple[str, ...],
    project: str | None,
    unit: str | None,
    currency: str | None,
    data_date: str | None,
    mapping: str | None,
    write_mapping: str | None,
    dry_run: bool,
    details: bool,
    as_json: bool,
) -> None:
    """Import plans (.mpp, .mpx, .xer, XML): tasks, milestones, baselines, people, planned and worked hours."""
    settings = Settings.load()
    from services.importers.msproject import mapping as mappings
    from services.importers.msproject.record import guessed, read, record
    from services.runtime import open_app

    rules = (mappings.load(Path(mapping)) if mapping else mappings.Mapping()).with_options(unit, currency)
    day = times.day(data_date, "--data-date", settings.zone) if data_date else None
    with output.progress("Reading") as progress:
        read_files = read(
            [Path(file) for file in files],
            rules,
            datetime.now(settings.zone),
            code=_code(project),
            data_date=day,
            progress=progress,
        )
    if write_mapping:
        mappings.write(Path(write_mapping), guessed(read_files, rules))
        click.echo(f"Wrote {write_mapping}. Edit it, then import with --mapping {write_mapping}. Nothing was recorded.")
        return
    with open_app(settings) as app, output.progress("Importing") as progress:
        reports = record(app, read_files, rules, dry_run=dry_run, progress=progress)
    if as_json:
        output.as_json({"dry_run": dry_run, "files": [_data(report) for report in reports]})
    else:
        _print(reports, dry_run=dry_run, details=details)
    if rejected := sum(report.rejections for report in reports):
        raise PartlyRejected(f"{output.counted(rejected, 'row')} could not be recorded; the list above says why.")


def _code(project: str | None) -> str | None:
    try:
        return key(project) if project else None
    except ValueError as error:
        raise BadInput(f"--project: {error}.") from None


def _counts(report: "FileReport") -> dict[str, Any]:
    return {
        "rows": report.rows,
        "recorded": report.recorded,
        "unchanged": report.unchanged,
        "rejected": report.rejections,
        "ignored": len(report.ignored),
        "events": report.events,
    }


def _print(reports: list["FileReport"], *, dry_run: bool, details: bool) -> None:
    columns = [
        output.Column("File", "file"),
        output.Column("Project", "projects"),
        *(output.Column(name.capitalize(), name, True) for name in _COUNTS),
    ]
    rows = [{"file": r.file, "projects": ", ".join(r.projects), **_counts(r)} for r in reports]
    output.table("Would be recorded" if dry_run else "Imported", columns, rows)
    for report in reports:
        if report.refused:
            click.echo(report.refused)
        for note in report.notes:
            click.echo(f"{report.file}: {note}.")
        for row, column, value, reason in report.rejected:
            click.echo(
                f"{report.file}, {row}{f', {column}' if column else ''}:{f' {value!r}' if value else ''} {reason}"
            )
        reasons = Counter(row.reason for row in report.ignored)
        for reason, number in sorted(reasons.items()):
            if not details:
                click.echo(f"{report.file}: {output.counted(number, 'row')} ignored: {reason}.")
        if details:
            for ignored in report.ignored:
                click.echo(f"{report.file}, {ignored.row}: ignored, {ignored.reason}")
    if dry_run:
        _examples(reports)


def _examples(reports: list["FileReport"]) -> None:
    by_type: dict[str, list[str]] = {}
    for report in reports:
        for record in report.records:
            by_type.setdefault(record.event.type_name, []).append(record.stream)
    columns = [
        output.Column("Event", "type"),
        output.Column("Events", "events", True),
        output.Column("First", "example"),
    ]
    rows = [{"type": name, "events": len(streams), "example": streams[0]} for name, streams in sorted(by_type.items())]
    output.table("By event", columns, rows)


def _data(report: "FileReport") -> dict[str, Any]:
    return {
        "file": report.file,
        "projects": list(report.projects),
        **_counts(report),
        "digest": report.digest,
        "refused": report.refused,
        "rejections": [fault._asdict() for fault in report.rejected],
        "ignored_rows": [row._asdict() for row in report.ignored],
        "notes": list(report.notes),
        "by_event": dict(sorted(Counter(record.event.type_name for record in report.records).items())),
    }
