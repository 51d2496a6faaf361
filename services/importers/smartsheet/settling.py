"""What a sheet leaves open is settled once for all of it: zone, order of dates, percentages, amounts, working time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.errors import BadInput
from services.importers import moments
from services.importers.cells import CellProblem, money
from services.importers.moments import Calendar
from services.importers.smartsheet.grid import Grid
from services.importers.smartsheet.mapping import Column, SmartsheetMapping
from services.importers.smartsheet.values import (
    Cell,
    Unit,
    WorkingTime,
    as_moment,
    day_part,
    has_failed,
    is_empty,
    line,
    unit_of,
)

DAYS: tuple[Column, ...] = (
    "start", "finish", "baseline_start", "baseline_finish", "deadline", "actual_start", "actual_finish",
)  # fmt: skip
MOMENTS: tuple[Column, ...] = ("created", "modified")
AMOUNTS: tuple[Column, ...] = ("budget", "cost", "actual_cost")
SHARES: Mapping[Column, Decimal] = {"percent_complete": Decimal(1), "allocation": Decimal(10)}
"""Percentages, and the greatest fraction of each: somebody may be allocated to more than 100 %."""

_SYMBOLS = {"£": "GBP", "€": "EUR"}
_CURRENCY = re.compile(r"[£€$¥]|\b[A-Z]{3}\b")
Mark = Literal[".", ","]


@dataclass(slots=True)
class Settled:
    """How one sheet is to be read."""

    calendar: Calendar
    time: WorkingTime
    units: dict[Column, Unit] = field(default_factory=dict)
    currency: str | None = None
    decimal: Mark = "."


def settle(grid: Grid, at: Mapping[Column, int], mapping: SmartsheetMapping) -> Settled:
    """Settles a sheet, and says in its notes how. Raises BadInput that names what settles the rest."""
    zone = ZoneInfo(mapping.zone) if mapping.zone else None
    calendar = moments.settle(_times(grid, at), grid.file, grid.place, zone, mapping.date_order, grid.notes)
    time = WorkingTime(
        mapping.hours_per_day or grid.hours_per_day or Decimal(8),
        mapping.days_per_week or grid.days_per_week or Decimal(5),
    )
    if "duration" in at or "predecessors" in at:
        days, hours = f"{time.days_per_week.normalize():f}", f"{time.hours_per_day.normalize():f}"
        each = (f"{number} {unit}{'' if number == '1' else 's'}" for number, unit in ((days, "day"), (hours, "hour")))
        grid.notes.append(f"a week of a duration has {', a day '.join(each)}")
    settled = Settled(calendar, time)
    for name, most in SHARES.items():
        if name in at:
            settled.units[name] = mapping.percent or unit_of(_filled(grid, at[name]), most)
            if settled.units[name] == "percent":
                grid.notes.append(f"numbers in {grid.columns[at[name]].title} are percentages, so that 50 is a half")
    _amounts(grid, at, mapping, settled)
    return settled


def _filled(grid: Grid, place: int) -> Iterator[Cell]:
    return (cell for cell in grid.column_cells(place) if not is_empty(cell) and not has_failed(cell))


def _times(grid: Grid, at: Mapping[Column, int]) -> Iterator[tuple[int, Any]]:
    for row in grid.lines:
        for name in DAYS:
            if name in at:
                yield row.number, day_part(row.cells[at[name]].value)
        for name in MOMENTS:
            if name in at:
                yield row.number, as_moment(row.cells[at[name]].value)
        yield row.number, as_moment(row.created)
        yield row.number, as_moment(row.modified)
    yield 0, as_moment(grid.modified)


def _amounts(grid: Grid, at: Mapping[Column, int], mapping: SmartsheetMapping, settled: Settled) -> None:
    """The currency and the decimal mark of all amounts of the sheet."""
    places = [at[name] for name in AMOUNTS if name in at]
    told = [(row.number, place, row.cells[place]) for row in grid.lines for place in places]
    told = [each for each in told if not is_empty(each[2]) and not has_failed(each[2])]
    if not told:
        return
    number, place, first = told[0]
    where = f"{grid.file}, {grid.place} {number}, column {grid.prefix}{grid.columns[place].title}"
    settled.currency = mapping.currency
    if settled.currency is None:
        marks = {mark for _, _, cell in told for mark in _CURRENCY.findall(line(cell) or "")}
        named = {_SYMBOLS.get(mark, mark if len(mark) == 3 else "") for mark in marks}
        if len(named) != 1 or "" in named:
            raise BadInput(f"{where}: nothing says which currency {line(first)!r} is in; say `currency` in a mapping.")
        (settled.currency,) = named
        grid.notes.append(f"amounts are in {settled.currency}")
    settled.decimal = mapping.decimal or _mark(told, where, grid.notes)


def _mark(told: list[tuple[int, int, Cell]], where: str, notes: list[str]) -> Mark:
    texts = [cell.value for _, _, cell in told if isinstance(cell.value, str)]
    point, comma = ([money(text, 1, mark) for text in texts] for mark in (".", ","))
    fits = [not any(isinstance(each, CellProblem) for each in read) for read in (point, comma)]
    if all(fits) and point != comma:
        differs = next(text for text, a, b in zip(texts, point, comma, strict=True) if a != b)
        raise BadInput(f"{where}: {differs!r} can be read two ways; say `decimal` in a mapping: '.' or ','.")
    if fits == [False, True]:
        notes.append("the decimal mark of amounts is a comma")
        return ","
    return "."
