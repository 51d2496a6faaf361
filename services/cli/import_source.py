"""``pmo import SOURCE``: one command for each source, all made here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services import times
from services.cli import output
from services.cli.files import whole_file
from services.errors import BadInput, PartlyRejected
from services.settings import Settings

if TYPE_CHECKING:
    from services.importers.exports import FileReport
    from services.importers.source import Given, Source, SourceMapping

_COUNTS = ("rows", "recorded", "unchanged", "rejected", "ignored", "gone", "events")
_MOST_SAID = 20


def options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that all sources have."""
    for option in reversed(
        (
            click.argument("files", metavar="FILE...", nargs=-1, required=True),
            click.option("--mapping", metavar="FILE", help="How to read it: statuses, projects, people (YAML)."),
            click.option("--write-mapping", metavar="FILE", help="Write what is guessed as a mapping; record nothing."),
            click.option("--zone", metavar="ZONE", help="The time zone of times that say none: Europe/London."),
            click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="What 5/6/25 is."),
            click.option("--data-date", metavar="DAY", help="The day that states without a date speak of."),
            click.option("--complete", is_flag=True, help="The files hold all of their projects: the rest is gone."),
            click.option("--dry-run", is_flag=True, help="Show what would be recorded, and record nothing."),
            click.option("--details", is_flag=True, help="List every row that was left out, and the columns."),
            click.option("--report", metavar="FILE", help="Write what became of every row as JSON."),
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    mapping: str | None
    write_mapping: str | None
    zone: str | None
    date_order: Any
    data_date: str | None
    complete: bool
    dry_run: bool
    details: bool
    report: str | None
    as_json: bool


def command(name: str) -> click.Command:
    """The command of a source."""
    from services.importers.source import load
    from services.importers.sources import SOURCES

    row = next(row for row in SOURCES if row.name == name)
    source = load(row)

    def run(files: tuple[str, ...], **typed: Any) -> None:
        _import(source, [Path(file) for file in files], Asked(**typed))

    run.__doc__ = f"{source.title} Reads {source.files}."
    return click.command(name, epilog=source.epilog, short_help=row.title)(options(run))


def _import(source: "Source", files: list[Path], asked: Asked) -> None:
    from services.importers.exports import record, undisturbed
    from services.importers.source import load_mapping
    from services.runtime import open_app

    settings = Settings.load()
    given = _given(asked, settings)
    mapping = load_mapping(source, Path(asked.mapping) if asked.mapping else None, given)
    with undisturbed():
        read = source.read(files, mapping, given)
        if asked.write_mapping:
            _write_mapping(source, Path(asked.write_mapping), read.mapping)
            return
        with open_app(settings) as app, output.progress("Importing") as progress:
            reports = record(app, source, read, dry_run=asked.dry_run, progress=progress)
    data = {"source": source.name, "dry_run": asked.dry_run, "files": [_data(report) for report in reports]}
    if asked.report:
        import json

        with whole_file(Path(asked.report)) as write:
            write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    if asked.as_json:
        output.as_json(data)
    else:
        _print(reports, asked)
    rejected = sum(len(report.rejected) for report in reports)
    if rejected:
        raise PartlyRejected(f"{output.counted(rejected, 'row')} could not be recorded; the list above says why.")


def _given(asked: Asked, settings: Settings) -> "Given":
    from services.importers.source import Given

    zone = None
    if asked.zone:
        from zoneinfo import ZoneInfo

        try:
            zone = ZoneInfo(asked.zone)
        except (KeyError, ValueError, OSError):
            raise BadInput(f"--zone: {asked.zone!r} is not an IANA time zone such as Europe/London.") from None
    day = times.day(asked.data_date, "--data-date", settings.zone) if asked.data_date else None
    if day and day > datetime.now(settings.zone).date():
        raise BadInput(f"--data-date: {day} lies in the future, and no file speaks of that.")
    return Given(zone, asked.date_order, day, asked.complete)


def _write_mapping(source: "Source", path: Path, mapping: "SourceMapping") -> None:
    from services.importers.source import written

    if path.exists():
        raise BadInput(f"{path} exists already; give another name, so that no edited mapping is lost.")
    with whole_file(path) as write:
        write(written(mapping, source.name))
    click.echo(f"Wrote {path}. Edit it, then import with --mapping {path}. Nothing was recorded.")


def _print(reports: list["FileReport"], asked: Asked) -> None:
    columns = [output.Column("File", "file"), *(output.Column(name.capitalize(), name, True) for name in _COUNTS)]
    rows = [_counts(report) for report in reports]
    if len(rows) > 1:
        rows.append({"file": "All", **{name: sum(int(row[name]) for row in rows) for name in _COUNTS}})
    note = "gone: what the files no longer show. events: what all this made in the log."
    output.table("Would be recorded" if asked.dry_run else "Imported", columns, rows, [note])
    for report in reports:
        for said in report.export.notes:
            click.echo(f"{report.export.file}: {said}.")
    for report in reports:
        for row in report.rejected:
            for fault in row.faults:
                click.echo(_line(report, row.number, fault))
    left_out = [(report, row.number, fault) for report in reports for row in report.export.rows for fault in row.notes]
    for report, number, fault in left_out if asked.details else left_out[:_MOST_SAID]:
        click.echo(f"{_line(report, number, fault)}; the rest of the row was taken")
    if len(left_out) > _MOST_SAID and not asked.details:
        click.echo(f"{output.counted(len(left_out) - _MOST_SAID, 'more such cell')}; --details lists all.")
    if asked.dry_run:
        _by_event(reports)
    if asked.details:
        _details(reports)


def _line(report: "FileReport", number: int, fault: Any) -> str:
    column = f", column {fault.column}" if fault.column else ""
    value = f" {fault.value!r}" if fault.value else ""
    return f"{report.export.where(number)}{column}:{value} {fault.reason}"


def _by_event(reports: list["FileReport"]) -> None:
    by_type: dict[str, list[str]] = {}
    for report in reports:
        for record in report.records:
            by_type.setdefault(record.event.type_name, []).append(record.stream)
    rows = [
        {"type": name, "events": len(streams), "streams": len(set(streams)), "example": streams[0]}
        for name, streams in sorted(by_type.items())
    ]
    columns = [
        output.Column("Event", "type"),
        output.Column("Events", "events", True),
        output.Column("Streams", "streams", True),
        output.Column("First", "example", identifier=True),
    ]
    output.table("By event", columns, rows)


def _details(reports: list["FileReport"]) -> None:
    for report in reports:
        export = report.export
        for row in report.ignored:
            click.echo(f"{export.where(row.number)}: ignored, {row.ignored}")
        for stream in report.gone:
            click.echo(f"{export.file}: gone, {stream}")
        click.echo(f"{export.file}: carried over: {', '.join(export.carried)}")
        if export.not_carried:
            click.echo(f"{export.file}: not carried over: {', '.join(export.not_carried)}")


def _counts(report: "FileReport") -> dict[str, Any]:
    return {
        "file": report.export.file,
        "rows": report.rows,
        "recorded": report.recorded,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
        "ignored": len(report.ignored),
        "gone": len(report.gone),
        "events": len(report.records),
    }


def _data(report: "FileReport") -> dict[str, Any]:
    export = report.export
    by_type: dict[str, int] = {}
    for record in report.records:
        by_type[record.event.type_name] = by_type.get(record.event.type_name, 0) + 1
    return {
        **_counts(report),
        "digest": export.digest,
        "data_date": str(export.data_date),
        "place": export.place,
        "events_by_type": dict(sorted(by_type.items())),
        "rejections": [_fault(row.number, fault) for row in report.rejected for fault in row.faults],
        "left_out": [_fault(row.number, fault) for row in export.rows for fault in row.notes],
        "ignored_rows": [{"row": row.number, "reason": row.ignored} for row in report.ignored],
        "gone_streams": list(report.gone),
        "notes": list(export.notes),
        "carried": list(export.carried),
        "not_carried": list(export.not_carried),
    }


def _fault(number: int, fault: Any) -> dict[str, Any]:
    return {"row": number, "column": fault.column, "value": fault.value, "reason": fault.reason}
