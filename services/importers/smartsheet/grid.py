"""A sheet as all its formats have it: columns, lines in their order with their places in the hierarchy, and cells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from services.importers.rows import CellFault
from services.importers.shown import Row
from services.importers.smartsheet.values import Cell

_DEEPEST = 100


class Column(NamedTuple):
    """A column: its title, and what the interface says of it. `contacts` are e-mails by the names it lists."""

    title: str
    type: str | None = None
    is_primary: bool = False
    tags: tuple[str, ...] = ()
    system: str | None = None
    symbol: str | None = None
    contacts: Mapping[str, str] = {}


@dataclass(slots=True)
class Line:
    """A row: its number in the file, the number by which predecessors name it, and the line that it is under."""

    number: int
    position: int
    cells: Sequence[Cell]
    id: str | None = None
    parent: int | None = None
    created: Any = None
    modified: Any = None
    fault: CellFault | None = None


@dataclass(slots=True)
class Grid:
    """One sheet of a file. `id` is the sheet's own; without `is_leveled` nothing shows which rows are under others."""

    file: str
    digest: str
    place: str
    name: str
    columns: list[Column]
    lines: list[Line]
    id: str | None = None
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_leveled: bool = True
    modified: Any = None
    version: Any = None
    total: int | None = None
    hours_per_day: Decimal | None = None
    days_per_week: Decimal | None = None
    prefix: str = ""
    """What a column is called by in a report, where a file has several sheets."""

    def parents(self) -> set[int]:
        """The indexes of lines with lines under them."""
        return {line.parent for line in self.lines if line.parent is not None}

    def above(self, index: int) -> list[int]:
        """The indexes of the lines that a line is under, the nearest first."""
        found: list[int] = []
        above = self.lines[index].parent
        while above is not None and above not in found and len(found) < _DEEPEST:
            found.append(above)
            above = self.lines[above].parent
        return found

    def column_cells(self, at: int) -> Iterable[Cell]:
        """All cells of a column."""
        return (line.cells[at] for line in self.lines)


def by_levels(lines: Sequence[Line], levels: Sequence[int | None]) -> None:
    """Puts each line under the last one before it that stands further out; one without a level is under none."""
    open_lines: list[tuple[int, int]] = []
    for index, (line, level) in enumerate(zip(lines, levels, strict=True)):
        if level is None:
            continue
        while open_lines and open_lines[-1][0] >= level:
            open_lines.pop()
        line.parent = open_lines[-1][1] if open_lines else None
        open_lines.append((level, index))
