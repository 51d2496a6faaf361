"""A row of a sheet, read: what each of its columns says, what is wrong with it, and of what it says nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from services.importers.cells import CellProblem, label, money, shown
from services.importers.rows import CellFault
from services.importers.shown import Person, When, instant
from services.importers.smartsheet.grid import Grid, Line
from services.importers.smartsheet.mapping import Column, SmartsheetMapping
from services.importers.smartsheet.settling import AMOUNTS, DAYS, MOMENTS, SHARES, Settled
from services.importers.smartsheet.values import (
    Cell,
    Duration,
    Link,
    WorkingTime,
    as_moment,
    day_part,
    duration,
    flag,
    has_failed,
    is_either,
    is_empty,
    line,
    links,
    people,
    share,
)

_FAILED = "is a formula that failed, so the cell was left out"
_LONGEST_TITLE = 2000
_ROUNDED = re.compile(r"\d[.,]?\d*E\+?\d+", re.IGNORECASE)


@dataclass(slots=True)
class Task:
    """What a row says, by field. `found` has None for an empty cell; a field that is not in it is not said.

    `failed` are those of them of which a formula should say something, and could not.
    """

    line: Line
    found: dict[Column, Any] = field(default_factory=dict)
    faults: list[CellFault] = field(default_factory=list)
    notes: list[CellFault] = field(default_factory=list)
    failed: set[Column] = field(default_factory=set)

    def get(self, name: Column) -> Any:
        """The value of a field, or None."""
        return self.found.get(name)

    @property
    def is_blank(self) -> bool:
        """Whether no cell that is read has a value."""
        said = (value for name, value in self.found.items() if name not in ("created", "modified", "key"))
        # an unchecked box is in every row, also in those of which nothing was made yet
        return not self.faults and not self.notes and not any(value not in (None, False) for value in said)


class Reader:
    """Reads the lines of one sheet."""

    def __init__(self, grid: Grid, at: Mapping[Column, int], settled: Settled, mapping: SmartsheetMapping) -> None:
        self._grid, self._at, self._settled, self._mapping = grid, at, settled, mapping
        self._readers = [(name, place, self._reader_of(name, place)) for name, place in at.items() if name != "level"]
        self.by_name = False

    def task(self, row: Line) -> Task:
        """One line. An empty cell has no value; one with a failed formula says nothing, which is noted."""
        task = Task(row)
        for name, place, read in self._readers:
            cell = row.cells[place]
            if is_empty(cell):
                task.found[name] = None
            elif has_failed(cell):
                task.notes.append(CellFault(self.title(name), shown(cell.value), _FAILED))
                task.failed.add(name)
            else:
                value = read(cell)
                if isinstance(value, CellProblem):
                    task.faults.append(CellFault(self.title(name), shown(line(cell)), value.reason))
                else:
                    task.found[name] = value
        for name, own in (("created", row.created), ("modified", row.modified)):
            if own is not None:
                self._moment(task, name, own)
        if row.fault is not None:
            task.faults.append(row.fault)
        return task

    def title(self, name: Column) -> str:
        """The column of a field as a report calls it."""
        return self._grid.prefix + (self._grid.columns[self._at[name]].title if name in self._at else name)

    def _moment(self, task: Task, name: Any, own: Any) -> None:
        when = self._settled.calendar.when(as_moment(own))
        if isinstance(when, CellProblem):
            task.faults.append(CellFault(f"{self._grid.prefix}{name}At", shown(str(own)), when.reason))
        elif when is not None:
            task.found[name] = when

    def _reader_of(self, name: Column, place: int) -> Callable[[Cell], Any]:
        """What reads the cells of a field: a value, or a problem."""
        settled, time = self._settled, self._settled.time
        if name in DAYS:
            return lambda cell: settled.calendar.day(day_part(cell.value))
        if name in MOMENTS:
            return lambda cell: settled.calendar.when(as_moment(cell.value))
        if name in AMOUNTS:
            return partial(_amount, settled)
        if name in SHARES:
            return partial(_share, settled, name)
        match name:
            case "key":
                return key
            case "done" | "blocked":
                return flag
            case "duration":
                return lambda cell: duration(cell, time)
            case "effort" | "actual_effort":
                return partial(_effort, time)
            case "predecessors":
                return lambda cell: links(cell, time)
            case "assigned_to":
                return partial(self._people, place)
            case "name":
                return lambda cell: (line(cell) or "")[:_LONGEST_TITLE] or None
            case _:
                return lambda cell: label(line(cell))

    def _people(self, place: int, cell: Cell) -> list[Person]:
        column = self._grid.columns[place]
        many = None if column.type is None else column.type not in ("CONTACT_LIST", "PICKLIST")
        if column.type == "TEXT_NUMBER":
            many = None
        found = people(cell, column.contacts, self._mapping.people, many=many)
        self.by_name = self.by_name or any("@" not in person.key for person in found)
        return found


def key(cell: Cell) -> str | None | CellProblem:
    """The stable key of a row; a number of 16 digits that a spreadsheet rounded is none."""
    value = cell.value
    if isinstance(value, float) and (not value.is_integer() or abs(value) >= 1e15):
        return CellProblem("is no key: a spreadsheet has rounded it to 15 digits")
    found = label(value if isinstance(value, int | float) and not isinstance(value, bool) else line(cell), 200)
    if isinstance(found, str) and _ROUNDED.fullmatch(found):
        return CellProblem("is no key: a spreadsheet has rounded it to 15 digits")
    return found


def when_seen(task: Task, data_date: When) -> When:
    """When what the row shows was so."""
    modified: When | None = task.get("modified")
    return data_date if modified is None else modified


def when_created(task: Task) -> When | None:
    """When the row was created; a sheet may be made after what it tells of began."""
    known = [each for each in (task.get("created"), task.get("actual_start"), task.get("actual_finish")) if each]
    return min(known, key=instant) if task.get("created") and known else None


def schedule_of(task: Task) -> dict[str, Any]:
    """The fields of a schedule that the row says; its predecessors are told by whoever knows the other rows."""
    fields: dict[str, Any] = {}
    if "duration" in task.found:
        told: Duration | None = task.get("duration")
        fields["duration"], fields["elapsed"] = (told.hours, told.elapsed) if told else (None, False)
    for name in ("actual_effort", "deadline", "cost", "actual_cost"):
        if name in task.found:
            fields[name] = task.found[name]
    return fields


def linked(task: Task) -> list[Link]:
    """The predecessors of the row."""
    return task.get("predecessors") or []


def _amount(settled: Settled, cell: Cell) -> Any:
    found = money(cell.value, 1, settled.decimal)
    return CellProblem("is below zero") if isinstance(found, Decimal) and found < 0 else found


def _share(settled: Settled, name: Column, cell: Cell) -> Any:
    unit = settled.units[name]
    if is_either(cell, unit):
        return CellProblem("could be a fraction or a percentage; others of the column are percentages")
    return share(cell, unit, SHARES[name])


def _effort(time: WorkingTime, cell: Cell) -> Any:
    """Hours of work: a number is hours, a text such as 2d is working time."""
    if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
        number = money(cell.value)
    else:
        number = money(line(cell) or "")
        if isinstance(number, CellProblem):
            told = duration(cell, time)
            number = told if isinstance(told, CellProblem) else told.hours
    if isinstance(number, Decimal) and number < 0:
        return CellProblem("is below zero")
    return number
