"""The Excel export of a board into entries: states only, people by name, a board and its groups without ids."""

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import moments, tabular
from services.importers.cells import Cell, CellProblem, shown, text
from services.importers.monday.entry import Entry, silent
from services.importers.monday.layout import Header, Line, layout
from services.importers.monday.mapping import BoardRule, Column, Columns, Level, MondayMapping, columns_said, roles
from services.importers.monday.observed import OF_PROJECTS, observed
from services.importers.monday.values import Wrong, amount_of, number, points, share_of
from services.importers.shown import Person, Row, When, last_moment
from services.importers.source import Given

_DAYS, _MOMENTS = ("timeline", "start", "due"), ("created", "updated")
_NOT_HERE = frozenset(("time", "after", "key"))
# the logs of creation and of the last change say who before they say when
_WHEN = re.compile(r"(?:\d{4}-\d|\d{1,2}[ ./-]|[^\W\d_]{3,10}\.? \d{1,2}(?:,|\s)).*$")
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_DIGITS = re.compile(r"\d{1,20}")
_EXACT = 2**53
_TITLE_LENGTH = 2000


class Sheet:
    """One Excel export, read."""

    def __init__(self, path: Path, mapping: MondayMapping, given: Given) -> None:
        self._mapping = mapping
        self._table, records = tabular.lines(path)
        self._layout = layout(self._table, records)
        self.file, self.digest, self.place, self.notes = (
            self._table.file, self._table.digest, self._table.place, self._table.notes,
        )  # fmt: skip
        self.board = self._layout.board
        self.rule = mapping.boards.get(self.board) or BoardRule()
        self._columns: dict[tuple[tuple[Column, ...], bool], Mapping[str, Column]] = {}
        if self.level == "group" and (twice := self._twice(self._layout.groups)):
            raise BadInput(
                f"{self.file} has two groups called {twice!r}, and an Excel export has no ids of groups, so that they "
                "cannot be two projects; give the JSON of the board, or rename one of them."
            )
        zone = ZoneInfo(mapping.zone) if mapping.zone else None
        self._calendar = moments.settle(self._times(), self.file, self.place, zone, mapping.date_order, self.notes)
        self.entries: list[Entry] = []
        self.rows = [Row(at, ignored=reason) for at, reason in self._layout.ignored]
        self.several = 0
        self.data_date = given.data_date or self._latest()
        self._read()

    @property
    def level(self) -> Level:
        """What is a project on this board."""
        return self.rule.projects or self._mapping.level

    @property
    def filled(self) -> BoardRule:
        """How the board was read, with the columns that were guessed."""
        named: dict[bool, dict[str, str]] = {False: {}, True: {}}
        for (_, is_sub), found in self._columns.items():
            named[is_sub].update((role, column.title) for role, column in found.items())
        part = {"columns": Columns(**named[False]), "subitems": Columns(**named[True])}
        return self.rule.model_copy(update=part)

    @property
    def said(self) -> Iterator[str]:
        """By which columns its items were read."""
        for is_sub in (False, True):
            blocks = [found for (_, sub), found in self._columns.items() if sub is is_sub]
            columns = {role: c for found in blocks for role, c in found.items() if self._is_carried(role)}
            if blocks:
                yield columns_said(f"subitems of {self.board}" if is_sub else self.board, columns)

    @property
    def has_ids(self) -> bool:
        """Whether every block of items has its column Item ID."""
        return all(line.header.id is not None for line in self._layout.lines)

    @property
    def has_key(self) -> bool:
        """Whether the mapping names a column that is the key of items."""
        return any("key" in found for found in self._columns.values())

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns that are carried."""
        used = {
            column.title: None
            for (_, _), found in self._columns.items()
            for role, column in found.items()
            if self._is_carried(role)
        }
        key = [line.header.columns[0].title for line in self._layout.lines[:1]]
        return tuple(dict.fromkeys((*key, *used)))

    @property
    def other(self) -> tuple[str, ...]:
        """Columns that are not."""
        pairs = {f"{title}{end}" for title in self.carried for end in (" - Start", " - End")}
        known = {*self.carried, *pairs, "Name", "Subitems", "Item ID (auto generated)"}
        titles = (column.title for line in self._layout.lines for column in line.header.columns)
        return tuple(dict.fromkeys(title for title in titles if title not in known))

    def _is_carried(self, role: str) -> bool:
        if role in OF_PROJECTS:
            return self.level == "item"
        return role not in _NOT_HERE and (role != "points" or self._mapping.hours_per_point is not None)

    def _roles(self, line: Line) -> Mapping[str, Column]:
        columns, is_sub = line.header.columns, line.parent is not None
        found = self._columns.get((columns, is_sub))
        if found is None:
            try:
                found = roles(columns, self.rule.subitems if is_sub else self.rule.columns)
            except KeyError as error:
                listed = ", ".join(repr(column.title) for column in columns[:20])
                raise BadInput(
                    f"{self.file} has no column {error.args[0]!r}, which the mapping names; it has {listed}."
                ) from None
            self._columns[columns, is_sub] = found
        return found

    def _cells(self, line: Line, role: str) -> list[Cell]:
        column = self._roles(line).get(role)
        return [] if column is None else _at(line.cells, line.header, column)

    def _times(self) -> Iterator[tuple[int, Cell]]:
        for line in self._layout.lines:
            for role in _DAYS:
                yield from ((line.number, _as_day(cell)) for cell in self._cells(line, role))
            for role in _MOMENTS:
                yield from ((line.number, _as_moment(cell)) for cell in self._cells(line, role))

    def _latest(self) -> When:
        found = last_moment(
            self._calendar.when(_as_moment(cell))
            for line in self._layout.lines
            for role in _MOMENTS
            for cell in self._cells(line, role)
        )
        if found is None and self._layout.lines:
            raise BadInput(
                f"{self.file} does not say of which day it speaks, as a column Last Updated would; say it by "
                "--data-date, such as --data-date 2026-06-30."
            )
        return found or EARLIEST

    def _read(self) -> None:
        keys: dict[int, str] = {}
        names = self._names()
        for line in self._layout.lines:
            try:
                entry = self._entry(line, keys, names)
            except Wrong as wrong:
                self.rows.append(Row(line.number, faults=(wrong.fault,)))
                continue
            keys[line.number] = entry.id
            self.entries.append(entry)

    def _names(self) -> Mapping[tuple[str | int | None, str], list[int]]:
        """The rows of each name within its group, or below its item: without ids a name that repeats names nothing."""
        found: dict[tuple[str | int | None, str], list[int]] = {}
        for line in self._layout.lines:
            above = line.group if line.parent is None else line.parent
            found.setdefault((above, line.name), []).append(line.number)
        return found

    def _entry(self, line: Line, keys: Mapping[int, str], names: Mapping[Any, list[int]]) -> Entry:
        if line.parent is not None and line.parent not in keys:
            raise Wrong("Subitems", line.name, f"stands below row {line.parent}, which was rejected")
        parent = keys[line.parent] if line.parent is not None else None
        updated = self._moment(line, "updated")
        entry = Entry(
            line.number,
            self.board,
            self._key(line, parent, names),
            updated or self.data_date,
            name=line.name[:_TITLE_LENGTH],
            board_name=self.board,
            group=line.group,
            group_title=line.group,
            parent=parent,
            created=self._moment(line, "created"),
        )
        shown_by = set(self._roles(line)) - (set() if self._mapping.hours_per_point else {"points"})
        entry.silent = silent(shown_by)
        if self.rule.group_is_status and parent is None:
            entry.label, entry.silent = line.group, entry.silent - {"status"}
        else:
            entry.label = self._label(line, "status")
        people = [name.strip() for name in (self._label(line, "assignee") or "").split(",")]
        entry.people = tuple(Person(self._mapping.people.get(name, name), name) for name in people if name)
        self.several += len(entry.people) > 1
        self._plan(entry, line)
        self._effort(entry, line)
        entry.work_type = self._label(line, "work_type") or ("Subitem" if parent else "Item")
        if parent is None and self.level == "item":
            budget = self._cell(line, "budget")
            amount = amount_of(self._roles(line)["budget"], budget) if budget is not None else None
            entry.project = observed(entry.percent, amount, self._label(line, "rag"), self._mapping)
        return entry

    def _key(self, line: Line, parent: str | None, names: Mapping[Any, list[int]]) -> str:
        """The item's id; without that column what the mapping names as its key, else its name within its group."""
        if (at := line.header.id) is not None:
            return _id(line.cells[at] if at < len(line.cells) else None)
        if "key" in self._roles(line):
            if (key := self._label(line, "key")) is None:
                raise Wrong(self._roles(line)["key"].title, None, "is empty, and it is the key of the item")
            return f"{key}/{self.board}"
        rows = names[line.group if line.parent is None else line.parent, line.name]
        if len(rows) > 1:
            others = ", ".join(str(row) for row in rows if row != line.number)
            reason = (
                f"is also the name of row {others}, and without the column Item ID nothing tells them apart; export it "
                "with that column, or name another one as `key` in the mapping"
            )
            raise Wrong("Name", line.name, reason)
        # a name may be of a person, and a key stands in the log
        said = "\0".join((self.board, parent or line.group or "", line.name))
        return f"N{hashlib.sha256(said.encode()).hexdigest()[:20].upper()}"

    def _plan(self, entry: Entry, line: Line) -> None:
        timeline = self._days(line, "timeline")
        entry.start, entry.finish = timeline if len(timeline) == 2 else (None, None)
        if not entry.start and not entry.finish:
            entry.start, entry.finish = (next(iter(self._days(line, role)), None) for role in ("start", "due"))
        entry.order_days()

    def _effort(self, entry: Entry, line: Line) -> None:
        percent = self._cell(line, "percent")
        entry.percent = share_of(self._roles(line)["percent"], percent) if percent is not None else None
        entry.estimate = self._number(line, "estimate")
        factor = self._mapping.hours_per_point
        if entry.estimate is None and factor is not None and (label := self._label(line, "points")) is not None:
            try:
                told = points(self._roles(line)["points"], label)
            except Wrong as wrong:
                entry.notes.append(wrong.fault._replace(reason=f"{wrong.fault.reason}, so no estimate was recorded"))
            else:
                entry.estimate = told * factor if told is not None else None

    def _cell(self, line: Line, role: str) -> Cell:
        return next(iter(self._cells(line, role)), None)

    def _label(self, line: Line, role: str) -> str | None:
        return (text(self._cell(line, role)) or "")[:500] or None

    def _number(self, line: Line, role: str) -> Decimal | None:
        cell = self._cell(line, role)
        if isinstance(cell, float):
            # as a spreadsheet shows it
            cell = repr(round(cell, 4))
        return number(self._roles(line)[role], cell) if cell is not None else None

    def _days(self, line: Line, role: str) -> list[dt.date | None]:
        found: list[dt.date | None] = []
        for cell in self._cells(line, role):
            day = self._calendar.day(_as_day(cell))
            if isinstance(day, CellProblem):
                raise Wrong(self._roles(line)[role].title, cell, day.reason)
            found.append(day)
        return found

    def _moment(self, line: Line, role: str) -> When | None:
        cell = self._cell(line, role)
        moment = self._calendar.when(_as_moment(cell))
        if isinstance(moment, CellProblem):
            raise Wrong(self._roles(line)[role].title, cell, moment.reason)
        return moment

    @staticmethod
    def _twice(names: list[str]) -> str | None:
        return next((name for name, count in Counter(names).items() if count > 1), None)


def _id(cell: Cell) -> str:
    line = text(cell)
    if line is None:
        raise Wrong("Item ID", None, "is empty")
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    if _DIGITS.fullmatch(line) and not (is_number and int(line) >= _EXACT):
        return line
    if is_number or _SHORTENED.fullmatch(line):
        reason = "was shortened by a spreadsheet, so that the item is not known; export the board again"
        raise Wrong("Item ID", shown(cell), reason)
    raise Wrong("Item ID", shown(cell), "is not the id of an item, which has digits only")


def _at(cells: Any, header: Header, column: Column) -> list[Cell]:
    return [cells[place] if place < len(cells) else None for place in header.places[column.id]]


def _as_day(cell: Cell) -> Cell:
    return cell.date() if isinstance(cell, dt.datetime) else cell


def _as_moment(cell: Cell) -> Cell:
    """What says when in a cell that may say who before."""
    if not isinstance(cell, str):
        return cell
    line = text(cell) or ""
    found = _WHEN.search(line)
    return found[0] if found else line
