"""The JSON of a sheet: `GET /sheets/{id}`, one or more of them in a file, and one sheet in several pages."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.errors import BadInput
from services.importers import documents, tabular, whose
from services.importers.cells import shown, text
from services.importers.documents import Text, elements
from services.importers.rows import CellFault
from services.importers.shown import Row
from services.importers.smartsheet.grid import Column, Grid, Line
from services.importers.smartsheet.values import Cell

_EMPTY = Cell()
_LISTS = ("data", "sheets")


def read(path: Path) -> list[Grid]:
    """The grids of a file. Raises BadInput for a file without a sheet and its rows."""
    source = documents.load(path)
    grids: list[Grid] = []
    rows: list[Any] = []
    other: list[Mapping[str, Any]] = []
    for element in elements(source, "rows"):
        if element.key is not None:
            rows.append(element.value)
            continue
        around: Mapping[str, Any] = element.value
        inner = [each for name in _LISTS for each in _list(around.get(name)) if isinstance(each, dict)]
        if isinstance(around.get("columns"), list) and ("rows" in around or rows):
            grids.append(_grid(source, around, rows))
        elif whole := [each for each in inner if isinstance(each.get("columns"), list) and "rows" in each]:
            grids.extend(_grid(source, each, _list(each["rows"])) for each in whole)
        else:
            other.append(around)
        rows = []
    if not grids:
        raise BadInput(f"{source.file} is JSON, but no sheet of Smartsheet: {_instead(other, rows)}.")
    if other or rows:
        grids[0].notes.append("parts of the file that are no sheets were left out")
    if len(grids) > 1:
        for grid in grids:
            grid.prefix = f"{grid.name}: "
    return grids


def _instead(other: Sequence[Mapping[str, Any]], rows: Sequence[Any]) -> str:
    if seems := next(filter(None, (whose.of_keys(each, "smartsheet") for each in other)), None):
        return seems
    if any("columns" in each or _LISTS[0] in each for each in other):
        return "it has no rows; get each sheet by GET /sheets/{id}"
    keys = ", ".join(str(key)[:40] for each in other[:1] for key in list(each)[:5])
    what = f"only {keys}" if keys else "a list of other things" if rows else "nothing"
    return f"it has no columns and rows, but {what}"


def _grid(source: Text, around: Mapping[str, Any], rows: Sequence[Any]) -> Grid:
    columns = [each for each in _list(around.get("columns")) if isinstance(each, dict)]
    if any("virtualId" in each for each in columns):
        raise BadInput(f"{source.file} is a report of Smartsheet, which repeats rows of sheets; export those sheets.")
    columns.sort(key=lambda each: each["index"] if isinstance(each.get("index"), int) else len(columns))
    titles = tabular.distinct([text(each.get("title")) or "" for each in columns])
    settings = around.get("projectSettings")
    settings = settings if isinstance(settings, dict) else {}
    total = around.get("totalRowCount")
    grid = Grid(
        source.file,
        source.digest,
        "row",
        text(around.get("name")) or Path(source.file).stem,
        [_column(each, title) for each, title in zip(columns, titles, strict=True)],
        [],
        id=identifier(around.get("id")) or text(around.get("name")) or Path(source.file).stem,
        modified=around.get("modifiedAt"),
        version=around.get("version"),
        total=total if isinstance(total, int) else None,
        hours_per_day=_size(settings.get("lengthOfDay"), 24),
        days_per_week=_size(len(_list(settings.get("workingDays"))), 7),
    )
    _fill(grid, [each.get("id") for each in columns], rows)
    return grid


def identifier(value: Any) -> str | None:
    """A key of the interface; one that went through a floating point number is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value.strip() if isinstance(value, str) and value.strip().isdecimal() else None


def _fill(grid: Grid, column_ids: Sequence[Any], rows: Sequence[Any]) -> None:
    places = {identifier(each): at for at, each in enumerate(column_ids) if identifier(each)}
    known: dict[str, int] = {}
    above: list[tuple[Line, str, str | None]] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not isinstance(cells := row.get("cells"), list):
            fault = CellFault(None, shown(str(row)), "is no row: it has no cells")
            grid.rows.append(Row(number, faults=(fault,)))
            continue
        own, filled = identifier(row.get("id")), [_EMPTY] * len(column_ids)
        for cell in cells:
            at = places.get(identifier(cell.get("columnId"))) if isinstance(cell, dict) else None
            if at is not None:
                filled[at] = _cell(cell)
        place = row.get("rowNumber")
        stated = place if isinstance(place, int) and not isinstance(place, bool) and 0 < place < 10**9 else None
        line = Line(stated or number, stated or 0, filled, own, None, row.get("createdAt"), row.get("modifiedAt"))
        if own is None:
            why = "is no id: it went through a program that keeps 15 digits" if "id" in row else "has no id"
            line.fault = CellFault("id", shown(str(row.get("id"))) if "id" in row else None, why)
        elif own in known:
            line.fault = CellFault("id", own, f"is the id of row {grid.lines[known[own]].number} again")
        else:
            known[own] = len(grid.lines)
        grid.lines.append(line)
        under = row.get("parentId")
        parent = "" if under is None else identifier(under) or shown(str(under))
        above.append((line, parent, identifier(row.get("siblingId"))))
    for line, parent, _ in above:
        line.parent = known.get(parent)
        if parent and line.parent is None:
            line.fault = line.fault or CellFault("parentId", parent, "is none of the rows of the file; export them all")
    _order(grid, above)


def _cell(cell: Mapping[str, Any]) -> Cell:
    value, display = cell.get("value"), cell.get("displayValue")
    if isinstance(value, dict | list):
        value = None
    return Cell(value, display if isinstance(display, str) else None, cell.get("objectValue"))


def _order(grid: Grid, above: Sequence[tuple[Line, str, str | None]]) -> None:
    """Puts rows in the order of the sheet: by their numbers, else by which sibling each one follows."""
    if all(line.position for line in grid.lines):
        order = sorted(range(len(grid.lines)), key=lambda at: grid.lines[at].position)
    else:
        order = _by_siblings(grid, above)
        for position, at in enumerate(order, start=1):
            grid.lines[at].number = grid.lines[at].position = position
        grid.notes.append("rows have no numbers and stand in the order of their siblingId")
    moved = {old: new for new, old in enumerate(order)}
    grid.lines = [grid.lines[at] for at in order]
    for line in grid.lines:
        line.parent = None if line.parent is None else moved[line.parent]


def _by_siblings(grid: Grid, above: Sequence[tuple[Line, str, str | None]]) -> list[int]:
    followers: dict[tuple[int | None, str | None], list[int]] = {}
    for at, (line, _, sibling) in enumerate(above):
        followers.setdefault((line.parent, sibling), []).append(at)
    order: list[int] = []
    # who follows whom, and who is under whom: the next one to place is on top
    waiting = list(reversed(followers.pop((None, None), [])))
    while waiting:
        at = waiting.pop()
        order.append(at)
        line = grid.lines[at]
        waiting.extend(reversed(followers.pop((line.parent, line.id), [])))
        waiting.extend(reversed(followers.pop((at, None), [])))
    placed = set(order)
    return order + [at for at in range(len(grid.lines)) if at not in placed]


def _column(column: Mapping[str, Any], title: str) -> Column:
    contacts = (each for each in _list(column.get("contactOptions")) if isinstance(each, dict))
    pairs = ((text(each.get("name")), text(each.get("email"))) for each in contacts)
    emails = {name: email for name, email in pairs if name and email}
    tags = tuple(str(tag) for tag in _list(column.get("tags")))
    return Column(
        title,
        text(column.get("type")),
        column.get("primary") is True,
        tags,
        text(column.get("systemColumnType")),
        text(column.get("symbol")),
        emails,
    )


def _size(value: Any, most: int) -> Decimal | None:
    """A length of the sheet's settings, if it can be one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(repr(value)) if is_number and 0 < value <= most else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
