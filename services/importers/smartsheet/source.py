"""Smartsheet as a source: tells JSON from tables, finds columns, and turns rows into what they show."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import BadInput
from services.importers import documents
from services.importers.cells import shown
from services.importers.rows import CellFault
from services.importers.shown import Export, Row, When, last_moment
from services.importers.smartsheet import columns, sheet, table
from services.importers.smartsheet.build import Builder
from services.importers.smartsheet.grid import Grid, by_levels
from services.importers.smartsheet.mapping import Column, SmartsheetMapping
from services.importers.smartsheet.settling import settle
from services.importers.smartsheet.statuses import Statuses
from services.importers.smartsheet.task import Reader
from services.importers.smartsheet.values import is_empty, level
from services.importers.source import Given, ProjectRule, Read, Source
from services.shown import counted

_EPILOG = """\b
Examples:
  pmo import smartsheet plan.json --dry-run
  pmo import smartsheet plan.xlsx --zone Europe/London --write-mapping smartsheet.yaml
  pmo import smartsheet portfolio.csv --mapping smartsheet.yaml --data-date 2026-06-30"""
_SHOWS: tuple[Column, ...] = ("status", "done", "percent_complete", "start", "finish", "assigned_to", "duration")
_IDS_TO_JUDGE = 3
_ROUNDED_FROM = 16


@dataclass(slots=True)
class _Sheet:
    """A sheet with the places of its columns, read."""

    grid: Grid
    at: dict[Column, int]
    path: Path
    builder: Builder
    by_name: bool


def read(paths: Sequence[Path], mapping: SmartsheetMapping, given: Given) -> Read:
    """All files of one import. Nothing is recorded before all of them are understood."""
    is_sure = bool(mapping.columns)
    files = [(path, sheet.read(path) if documents.is_document(path) else [table.read(path, is_sure)]) for path in paths]
    grids = [grid for _, each in files for grid in each]
    for name, titles in mapping.columns.items():
        if columns.unknown(titles, grids):
            said = " or ".join(repr(title) for title in titles)
            has = ", ".join(column.title for column in grids[0].columns[:20])
            raise BadInput(f"No file has the column {said} that the mapping names for `{name}`; there are {has}.")
    statuses = Statuses(mapping)
    sheets = {path: [_understood(path, grid, mapping, statuses) for grid in each] for path, each in files}
    if mapping.complete:
        _check_complete(grids)
    exports = [_export(each, mapping, given) for each in sheets.values()]
    _say_guessed(exports[0], statuses)
    return Read(exports, _filled(mapping, [each for found in sheets.values() for each in found], statuses))


def _understood(path: Path, grid: Grid, mapping: SmartsheetMapping, statuses: Statuses) -> _Sheet:
    at = columns.places(grid, mapping)
    if (place := columns.rated(grid, at, mapping)) is not None:
        at["health"] = place
    if "name" not in at or not any(name in at for name in _SHOWS):
        has = ", ".join(column.title for column in grid.columns[:20])
        raise BadInput(
            f"{grid.file} has no columns such as Status, % Complete, Start or Finish, but {has}; if it is a sheet of "
            "Smartsheet, name its columns in a mapping's `columns`."
        )
    _check_rounded(grid, at)
    _settle_hierarchy(grid, at)
    settled = settle(grid, at, mapping)
    reader = Reader(grid, at, settled, mapping)
    builder = Builder(grid, reader, settled, mapping, statuses)
    return _Sheet(grid, at, path, builder, reader.by_name)


def _check_rounded(grid: Grid, at: Mapping[Column, int]) -> None:
    """Refuses ids that a spreadsheet has rounded: where all of 16 digits end in 0, they are no ids any more."""
    if "key" not in at:
        return
    values = (cell.value for cell in grid.column_cells(at["key"]))
    long = [str(value) for value in values if str(value).isdecimal() and len(str(value)) >= _ROUNDED_FROM]
    if len(long) >= _IDS_TO_JUDGE and all(value.endswith("0") for value in long):
        raise BadInput(
            f"{grid.file}, column {grid.columns[at['key']].title}: all ids end in 0, as {long[0]} does, so a "
            "spreadsheet has rounded them to 15 digits; export the sheet again, and do not save it in a spreadsheet."
        )


def _settle_hierarchy(grid: Grid, at: Mapping[Column, int]) -> None:
    """Where rows have no outline, a column may say how far each is indented."""
    if "level" in at and grid.id is None and not grid.is_leveled:
        title = grid.prefix + grid.columns[at["level"]].title
        levels = [level(line.cells[at["level"]]) for line in grid.lines]
        for line, found in zip(grid.lines, levels, strict=True):
            if found is None and not is_empty(line.cells[at["level"]]):
                line.fault = CellFault(title, shown(line.cells[at["level"]].value), "is no number of a level")
        by_levels(grid.lines, levels)
        grid.is_leveled = True
    if not grid.is_leveled:
        grid.notes.append("nothing shows which rows are under others, so none is")


def _check_complete(grids: Sequence[Grid]) -> None:
    """Refuses to take what is missing as gone where a sheet itself says that rows are missing."""
    for grid in grids:
        if (grid.total or 0) > len(grid.lines) + len(grid.rows):
            raise BadInput(
                f"The sheet {grid.name} has {counted(grid.total or 0, 'row')} and {grid.file} has {len(grid.lines):,} "
                "of them; get it whole, without page, filter or rowIds, or give no --complete."
            )


def _export(sheets: Sequence[_Sheet], mapping: SmartsheetMapping, given: Given) -> Export:
    """One file with all of its sheets."""
    first = sheets[0].grid
    notes: list[str] = []
    data_date = given.data_date or _data_date(sheets)
    rows: list[Row] = []
    for each in sheets:
        rows.extend(each.builder.rows(data_date))
        notes.extend(note for note in each.grid.notes if note not in notes)
        notes.extend(_said(each, mapping))
    undated = sum(each.builder.undated for each in sheets)
    if undated and given.data_date is None:
        of = "that of the file itself" if _latest(sheets) is None else "the latest in the file"
        notes.append(f"rows that do not say when they changed: {undated}; they stand at {_shown(data_date)}, {of}")
    carried = {each.grid.columns[place].title: None for each in sheets for place in each.at.values()}
    other = {column.title: None for each in sheets for column in each.grid.columns if column.title not in carried}
    if len(sheets) == 1:
        rows.sort(key=lambda row: row.number)
    return Export(first.file, first.digest, first.place, rows, data_date, notes, tuple(carried), tuple(other))


def _said(each: _Sheet, mapping: SmartsheetMapping) -> list[str]:
    """What was settled for a sheet."""
    found = [f"{each.grid.columns[place].title} is {name}" for name, place in each.at.items()]
    notes = [f"{each.grid.prefix}columns: {', '.join(found)}"]
    if each.builder.by_path:
        notes.append(f"{each.grid.prefix}rows are known by their names under the names of the rows above them")
    if each.by_name:
        notes.append("people are known by the names in the file where it has no e-mail")
    return notes


def _data_date(sheets: Sequence[_Sheet]) -> When:
    """When the sheet was last changed, else the latest change of a row, else the date of the file."""
    if (last := _latest(sheets)) is not None:
        return last
    changed = dt.datetime.fromtimestamp(int(sheets[0].path.stat().st_mtime), dt.UTC)
    return min(changed, dt.datetime.now(dt.UTC))


def _latest(sheets: Sequence[_Sheet]) -> dt.datetime | None:
    return last_moment(each for one in sheets for each in one.builder.moments())


def _shown(when: When) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if isinstance(when, dt.datetime) else str(when)


def _say_guessed(export: Export, statuses: Statuses) -> None:
    if statuses.guessed:
        said = ", ".join(f"{name} {category}" for name, category in sorted(statuses.guessed.items()))
        export.notes.append(f"guessed by their names: {said}")
    if statuses.guessed_projects:
        said = ", ".join(f"{name} {status}" for name, status in sorted(statuses.guessed_projects.items()))
        export.notes.append(f"guessed of projects by their names: {said}")
    if statuses.unclear:
        said = ", ".join(sorted(statuses.unclear))
        export.notes.append(f"left out, since it is not clear what they say of a project (project_statuses): {said}")


def _filled(mapping: SmartsheetMapping, sheets: Sequence[_Sheet], statuses: Statuses) -> SmartsheetMapping:
    """The mapping with what was guessed."""
    titles: dict[Any, tuple[str, ...]] = {}
    for each in sheets:
        for name, place in each.at.items():
            title = each.grid.columns[place].title
            titles[name] = (*(held for held in titles.get(name, ()) if held != title), title)
    projects = {
        source: mapping.projects.get(source) or ProjectRule(project=code)
        for each in sheets
        for source, code in each.builder.projects.items()
    }
    return mapping.model_copy(
        update={
            "columns": {**titles, **mapping.columns},
            "projects": {**projects, **mapping.projects},
            "statuses": dict(sorted({**statuses.guessed, **mapping.statuses}.items())),
            "project_statuses": dict(sorted({**statuses.guessed_projects, **mapping.project_statuses}.items())),
        }
    )


SOURCE = Source(
    "smartsheet",
    "Import the sheets of Smartsheet as work with its schedule, or as a portfolio of projects.",
    SmartsheetMapping,
    read,
    "sheets from JSON, Excel and CSV",
    _EPILOG,
)
