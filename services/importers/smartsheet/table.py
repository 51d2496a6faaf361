"""Excel and CSV as Smartsheet exports them: the header is the first row, and the outline of rows is the hierarchy."""

import re
from pathlib import Path

from services.errors import BadInput
from services.importers import tabular, whose
from services.importers.rows import CellFault
from services.importers.shown import Row
from services.importers.smartsheet import outline
from services.importers.smartsheet.grid import Column, Grid, Line, by_levels
from services.importers.smartsheet.values import Cell

_COPY = re.compile(r"\s*\(\d{1,3}\)$")
_ABOVE = "above the header"


def read(path: Path, is_sure: bool = False) -> Grid:
    """The grid of a file; an Excel workbook's first sheet is the grid, and others such as Comments are left out.

    Raises BadInput for what seems to be another tool's export, unless the user `is_sure` that it is a sheet.
    """
    table = tabular.read(path)
    # any table fits a sheet, so that nothing else would tell
    if not is_sure and (seems := whose.of_columns(table.columns, "smartsheet")) is not None:
        raise BadInput(f"{table.file} is no sheet of Smartsheet: {seems}. If it is one, name its columns in a mapping.")
    # predecessors count the sheet's own rows, blank ones too, from the first one under the header
    numbers = [each.number for each in table.rows]
    numbers += [each.number for each in (*table.malformed, *table.ignored) if each.reason != _ABOVE]
    position = {number: at for at, number in enumerate(sorted(numbers), start=1)}
    lines = [Line(row.number, position[row.number], [Cell(cell) for cell in row.cells]) for row in table.rows]
    is_leveled = False
    if table.sheet is not None:
        levels = outline.levels(path, table.sheet)
        is_leveled = bool(levels)
        by_levels(lines, [levels.get(line.number, 0) for line in lines])
    # a browser adds a number to the name of a file that it has downloaded before
    name = table.sheet or _COPY.sub("", path.stem) or path.stem
    rows = [Row(each.number, faults=(CellFault(None, None, each.reason),)) for each in table.malformed]
    rows += [Row(each.number, ignored=each.reason) for each in table.ignored]
    return Grid(
        table.file,
        table.digest,
        table.place,
        name,
        [Column(title, is_primary=False) for title in table.columns],
        lines,
        rows=rows,
        notes=table.notes,
        is_leveled=is_leveled,
    )
