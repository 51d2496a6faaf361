"""One row of a portfolio table into the fields of an observed state, by a mapping's columns."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.streams import slug_key
from services.commands.project.observe import RecordState
from services.errors import BadInput
from services.importers import cells, tabular
from services.importers.cells import Cell, CellProblem
from services.importers.mapping import Column, DayColumn, Fields, Mapping, MoneyColumn, ShareColumn, column_matches

_KEY_LENGTH = 200
_FUTURE = "lies in the future, which no data date or publication can"
_WORDS = re.compile(r"[^\W\d_]+")
# a whole-life budget below zero is an income, which is not what a budget is compared with
_NEVER_NEGATIVE = frozenset({"budget", "forecast_cost", "actual_cost"})


class Observed(NamedTuple):
    """The fields of the `recorded` event; `narrative` goes to the directory."""

    name: str | None = None
    unit: str | None = None
    status: str | None = None
    start: dt.date | None = None
    finish: dt.date | None = None
    budget: Decimal | None = None
    forecast_cost: Decimal | None = None
    year_budget: Decimal | None = None
    year_forecast: Decimal | None = None
    benefits: Decimal | None = None
    currency: str | None = None
    percent_complete: Decimal | None = None
    actual_cost: Decimal | None = None
    rag: str | None = None
    category: str | None = None
    source_key: str | None = None
    narrative: str | None = None


class CellFault(NamedTuple):
    """A cell, or a whole row where `column` is None, that cannot be taken, and why."""

    column: str | None
    value: str | None
    reason: str


class CellNote(NamedTuple):
    """A cell that was read otherwise than it stands, and why."""

    column: str
    field: str
    reason: str
    emptied: bool = True


class Dates(NamedTuple):
    """When what a row shows was true, and when that was published."""

    data_date: dt.date
    reported_on: dt.date | None


@dataclass(slots=True)
class ReadRow:
    """What one row says, and what is wrong with it; without faults `dates` and `observed` are complete."""

    name: str = ""
    source_key: str | None = None
    unit: str | None = None
    dates: Dates = Dates(dt.date.min, None)
    observed: Observed = Observed()
    faults: list[CellFault] = field(default_factory=list)
    notes: list[CellNote] = field(default_factory=list)


class _Source(NamedTuple):
    field: str
    columns: tuple[int, ...]
    parse: Callable[[Cell], Any]
    replace: dict[str, str]
    never_negative: bool
    careful: bool  # a value is not to be taken as soon as it parses
    near: frozenset[str] | None  # words that are no prose in it; None where prose is not left out


class RowReader:
    """Knows where each field stands in one table."""

    def __init__(self, table: tabular.Table, mapping: Mapping, data_date: dt.date | None, today: dt.date) -> None:
        self._columns = table.columns
        self._today = today
        self._mapping = mapping
        self._sources: list[_Source] = []
        for name in Fields.model_fields:
            column = getattr(mapping.fields, name)
            if column is not None and (positions := self._positions(table, name, column)):
                never_negative = name in _NEVER_NEGATIVE
                careful = never_negative or bool(column.replace)
                parse = self._parser(name, column)
                self._sources.append(
                    _Source(name, positions, parse, column.replace, never_negative, careful, self._near(name, column))
                )
        self._report_columns = [
            (at, report)
            for report in mapping.reports
            if report.column is not None
            for at in _matching(table.columns, (report.column,))
        ]
        self._ignore = [(at, rule) for rule in mapping.ignore for at in _matching(table.columns, (rule.column,))]
        report = mapping.report(table.file)
        self._dates = (
            Dates(report.data_date, report.reported_on) if report else Dates(data_date, None) if data_date else None
        )
        if self._dates and (late := max(filter(None, self._dates))) > today:
            raise BadInput(f"{table.file}: {late} {_FUTURE}; correct the mapping's `reports` or --data-date.")
        if self._dates is None and not self._report_columns and not self._has("data_date"):
            raise BadInput(
                f"{table.file} has no data date: name one with the import, or declare it in the mapping's `reports`."
            )

    @property
    def unused_columns(self) -> tuple[str, ...]:
        """The columns that no field reads."""
        used = {at for source in self._sources for at in source.columns} | {at for at, _ in self._report_columns}
        return tuple(column for at, column in enumerate(self._columns) if at not in used)

    def ignored(self, row: tabular.Row) -> str | None:
        """The reason of the mapping's rule that leaves this row out, if one does."""
        for at, rule in self._ignore:
            if rule.matches.match(cells.text(row.cells[at]) or ""):
                return rule.reason
        return None

    def read(self, row: tabular.Row) -> ReadRow:
        """The row's fields, with every cell that cannot be taken among its faults."""
        read = ReadRow()
        values: dict[str, Any] = {}
        row_cells = row.cells
        for source in self._sources:
            cell = row_cells[source.columns[0]]
            value = None if cell is None or cell == "" or source.careful else source.parse(cell)
            if value is None or value.__class__ is CellProblem:
                value = self._value(source, row_cells, read)
            values[source.field] = value
        row_date = values.pop("data_date", None)
        dates = Dates(row_date, None) if row_date else self._reported(row.cells) or self._dates
        if dates is None:
            read.faults.append(CellFault(None, None, "has no data date"))
        elif max(dates.data_date, dates.reported_on or dates.data_date) > self._today:
            columns = self._names_of("data_date") if row_date else []
            read.faults.append(CellFault(columns[0] if columns else None, str(max(filter(None, dates))), _FUTURE))
        else:
            read.dates = dates
        read.name = values["name"] or ""
        if not read.name and not any(fault.column in self._names_of("name") for fault in read.faults):
            read.faults.append(CellFault(self._names_of("name")[0], None, "has no name"))
        start, finish = values.get("start"), values.get("finish")
        if start and finish and finish < start:
            read.faults.append(CellFault(self._names_of("finish")[0], str(finish), f"lies before the start, {start}"))
        read.source_key, read.unit = values.pop("key", None), values.get("unit")
        if not read.faults:
            read.observed = Observed(**values, source_key=read.source_key, currency=self._currency(values))
            self._check(read)
        return read

    def _check(self, read: ReadRow) -> None:
        """Whatever the command would refuse is a fault of the row, so that recording fails on none."""
        said = {name: value for name, value in read.observed._asdict().items() if value is not None}
        said.pop("narrative", None)  # cut to size when read
        try:
            RecordState.model_validate({"project": "X", **said})
        except ValidationError as error:
            for found in error.errors(include_url=False):
                name = str(found["loc"][0]) if found["loc"] else ""
                columns = self._names_of("key" if name == "source_key" else name)
                reason = found["msg"].removeprefix("Value error, ")
                shown = cells.shown(str(found["input"]))
                read.faults.append(CellFault(columns[0] if columns else None, shown, f"cannot be taken: {reason}"))

    def _currency(self, values: dict[str, Any]) -> str | None:
        amounts = ("budget", "forecast_cost", "actual_cost", "year_budget", "year_forecast", "benefits")
        return self._mapping.currency if any(values.get(amount) is not None for amount in amounts) else None

    def _value(self, source: _Source, row: Sequence[Cell], read: ReadRow) -> Any:
        """The first value among the candidate columns; prose stands back behind a value in another column."""
        absent: list[CellNote] = []
        for at in source.columns:
            cell = row[at]
            if cell is None or cell == "":
                continue
            if source.replace and (written := cells.text(cell)) in source.replace:
                cell = source.replace[str(written)]
                read.notes.append(CellNote(self._columns[at], source.field, f"{written!r} read as {cell!r}", False))
            value = source.parse(cell)
            if isinstance(value, CellProblem):
                # looked for only now: prose is rare, and every pattern on every cell would be half the run
                prose = cells.absence(cell, self._mapping.absent)
                if prose is None and source.near is not None and cells.is_prose(cell, source.near):
                    prose = repr(cells.shown(cell))
                if prose is None:
                    read.faults.append(CellFault(self._columns[at], cells.shown(cell), value.reason))
                    return None
                absent.append(CellNote(self._columns[at], source.field, f"no value: {prose}"))
            elif value is not None:
                if source.never_negative and value < 0:
                    absent.append(CellNote(self._columns[at], source.field, f"{cells.shown(cell)!r} is below zero"))
                    continue
                return value
        read.notes.extend(absent[:1])
        return None

    def _reported(self, row: Sequence[Cell]) -> Dates | None:
        for at, report in self._report_columns:
            if cells.text(row[at]) == report.value:
                return Dates(report.data_date, report.reported_on)
        return None

    def _has(self, name: str) -> bool:
        return any(source.field == name for source in self._sources)

    def _names_of(self, name: str) -> list[str]:
        return [self._columns[at] for source in self._sources if source.field == name for at in source.columns]

    def _positions(self, table: tabular.Table, name: str, column: Column) -> tuple[int, ...]:
        found = _matching(table.columns, column.columns)
        if not found and (column.required or name == "name"):
            raise BadInput(
                f"{table.file} has no column for `{name}`: none of {', '.join(map(repr, column.columns))} is among its"
                f" columns {_listed(table.columns)}; correct the mapping's `fields`, or say `required: false` there."
            )
        return found

    def _near(self, name: str, column: Column) -> frozenset[str] | None:
        if name == "data_date":  # without it another date would stand for the row's own
            return None
        if isinstance(column, DayColumn):
            return cells.NEAR_DAYS
        if isinstance(column, MoneyColumn | ShareColumn):
            return cells.NEAR_AMOUNTS
        if name == "rag":
            return frozenset(word for rating in self._mapping.rag for word in _WORDS.findall(rating.casefold()))
        return None

    def _parser(self, name: str, column: Column) -> Callable[[Cell], Any]:
        mapping = self._mapping
        if isinstance(column, DayColumn):
            orders, century_from = column.orders, mapping.century_from
            return lambda cell: cells.day(cell, orders, century_from)
        if isinstance(column, MoneyColumn):
            scale, decimal = column.scale, column.decimal
            return lambda cell: cells.money(cell, scale, decimal)
        if isinstance(column, ShareColumn):
            unit = column.unit
            return lambda cell: cells.share(cell, unit)
        if name == "rag":
            scale_of_rag = mapping.rag_scale
            return _remembered(lambda cell: cells.rag(cell, scale_of_rag))
        by_field: dict[str, Callable[[Cell], Any]] = {
            "narrative": cells.narrative,
            "unit": _remembered(self._unit),
            "status": _remembered(self._status),
            "category": _remembered(cells.label),
            "key": lambda cell: cells.label(cell, _KEY_LENGTH),
        }
        return by_field.get(name, cells.label)

    def _unit(self, cell: Cell) -> str | None | CellProblem:
        written = cells.label(cell)
        if written is None or isinstance(written, CellProblem):
            return written
        if not self._mapping.units:
            return slug_key(written)
        code = self._mapping.unit_codes.get(written.casefold())
        return code or CellProblem("is not among the mapping's `units`")

    def _status(self, cell: Cell) -> str | None | CellProblem:
        written = cells.text(cell)
        if written is None:
            return None
        known = {spelling.casefold(): ours for spelling, ours in self._mapping.statuses.items()}
        return known.get(written.casefold()) or CellProblem("is not among the mapping's `statuses`")


def _remembered(parse: Callable[[Cell], Any]) -> Callable[[Cell], Any]:
    # the few values of such a column come again in every row
    return lru_cache(maxsize=1024, typed=True)(parse)


def _listed(columns: Sequence[str], most: int = 20) -> str:
    more = f" and {len(columns) - most} more" if len(columns) > most else ""
    return ", ".join(map(repr, columns[:most])) + more


def _matching(columns: Sequence[str], patterns: Sequence[str]) -> tuple[int, ...]:
    found: list[int] = []
    for pattern in patterns:
        found.extend(at for at, column in enumerate(columns) if at not in found and column_matches(pattern, column))
    return tuple(found)
