"""The CSV of Jira's issue search: names of columns that repeat, times without a zone, seconds, parents by number."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from services.errors import BadInput
from services.importers import tabular
from services.importers.cells import CellProblem, label, shown, text
from services.importers.jira.issue import Issue, Worklog, effort
from services.importers.jira.mapping import Column, JiraMapping
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Person, Row, When

_KEY = "Issue key"
_REPEATED = re.compile(r"\.\d+$")
_COLUMNS: dict[Column, tuple[str, ...]] = {
    "key": ("issue key", "key"),
    "id": ("issue id", "id"),
    "project": ("project key",),
    "project_name": ("project name", "project"),
    "title": ("summary",),
    "type": ("issue type", "issuetype", "type"),
    "status": ("status",),
    "category": ("status category",),
    "resolution": ("resolution",),
    "assignee": ("assignee",),
    "assignee_id": ("assignee id",),
    "estimate": ("original estimate",),
    "start": ("custom field (start date)", "start date", "custom field (target start)"),
    "due": ("due date", "due"),
    "flagged": ("custom field (flagged)", "flagged"),
    "parent": ("parent key", "parent id", "parent", "custom field (epic link)", "epic link"),
    "created": ("created",),
    "updated": ("updated",),
    "resolved": ("resolved", "resolution date"),
    "status_since": ("status category changed",),
    "log": ("log work", "worklog"),
}
_HAPPENED = ("created", "updated", "resolved", "status_since")
_TIMES = (*_HAPPENED, "start", "due")
CARRIED = tuple(_COLUMNS)
_SILENT = {
    "assignee": "assignee", "estimate": "estimate", "flagged": "blocked", "title": "title",
}  # fmt: skip
_OTHERWISE = (
    "if it was exported in another language, say by `columns` in a mapping what its columns are called, or export it "
    "in English"
)
_KEY_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+")


@dataclass(slots=True)
class Sheet:
    """One CSV file with the places of its columns, and the calendar that it is written in."""

    table: tabular.Table
    at: dict[str, tuple[int, ...]]
    calendar: Calendar
    data_date: When | None = None
    issues: list[Issue] | None = None


def read(path: Path, mapping: JiraMapping) -> tabular.Table:
    """The table in a file. Raises BadInput for one without the column of issue keys."""
    wanted = mapping.columns.get("key") or (_KEY,)
    titles = {_plain(title) for title in wanted}
    return tabular.read(
        path, None, lambda column: _plain(column) in titles, sought=f" ({' or '.join(wanted)})", advice=_OTHERWISE
    )


def columns(table: tabular.Table, mapping: JiraMapping) -> dict[str, tuple[int, ...]]:
    """Where each field stands. A column without a sign of its own, as the sums with Σ, is another column.

    Raises BadInput for a column that the mapping names and the file does not have.
    """
    names: dict[str, list[int]] = {}
    known = {name.casefold() for name in table.columns}
    for at, column in enumerate(table.columns):
        name = column.casefold()
        base = _REPEATED.sub("", name)
        names.setdefault(base if base != name and base in known else name, []).append(at)
    own = {"flagged": mapping.flagged, "start": mapping.start}
    found: dict[str, tuple[int, ...]] = {}
    for field, known_as in _COLUMNS.items():
        said = mapping.columns.get(field)
        if said is None and (one := own.get(field)):
            known_as = (_plain(one),)
        wanted = known_as if said is None else map(_plain, said)
        found[field] = tuple(place for name in wanted for place in names.get(name, ()))
        if said and not found[field]:
            titles = " or ".join(map(repr, said))
            raise BadInput(
                f"{table.file} has no column {titles}, which the mapping names as `{field}`; correct it, or leave it "
                f"out. The file has {', '.join(table.columns)}."
            )
    return found


def _plain(title: str) -> str:
    return (text(title) or "").casefold()


def times(sheet: Sheet) -> Iterator[tuple[int, Any]]:
    """All cells with times, to settle zone and order by."""
    return _times(sheet, _TIMES)


def happened(sheet: Sheet) -> Iterator[tuple[int, Any]]:
    """The times of what has happened: what is planned does not say when the file was written."""
    return _times(sheet, _HAPPENED)


def _times(sheet: Sheet, fields: tuple[str, ...]) -> Iterator[tuple[int, Any]]:
    places = [place for field in fields for place in sheet.at[field]]
    logs = sheet.at["log"]
    for row in sheet.table.rows:
        for place in places:
            if cell := row.cells[place]:
                yield row.number, cell
        for place in logs:
            if (cell := row.cells[place]) and len(parts := str(cell).rsplit(";", 3)) > 2:
                yield row.number, parts[-3].strip()


def not_carried(sheet: Sheet) -> tuple[str, ...]:
    """Columns that have no place here."""
    used = {place for places in sheet.at.values() for place in places}
    names = (_REPEATED.sub("", name) for at, name in enumerate(sheet.table.columns) if at not in used)
    return tuple(dict.fromkeys(names))


class Reader:
    """Reads the rows of one sheet into issues."""

    def __init__(self, sheet: Sheet, mapping: JiraMapping, data_date: When) -> None:
        self._sheet, self._mapping, self._data_date = sheet, mapping, data_date
        at = sheet.at
        self._read = [
            (field, places, self._reader_of(field)) for field, places in at.items() if places and field != "log"
        ]
        self._logs = at["log"]
        self._people: dict[tuple[str | None, str | None], Person | None] = {}
        silent = {ours for field, ours in _SILENT.items() if not at[field]} | {"percent_complete"}
        if not at["start"]:
            silent.add("planned_start")
        if not at["due"]:
            silent.add("planned_finish")
        if not at["resolution"]:
            silent.add("removed")
        self._silent = frozenset(silent)
        self.undated = 0
        self.by_name = False

    def issue(self, row: tabular.Row) -> Issue | Row:
        """The issue of a row, or what is wrong with it."""
        cells, faults = row.cells, []
        found: dict[str, Any] = {}
        for field, places, read in self._read:
            cell = cells[places[0]] if len(places) == 1 else _first(places, cells)
            if cell is None or cell == "":
                continue
            value = read(cell)
            if value.__class__ is CellProblem:
                faults.append(CellFault(self._name(field), shown(cell), value.reason))
            elif value is not None:
                found[field] = value
        key, status = found.get("key"), found.get("status")
        if key is None and not faults:
            faults.append(CellFault(self._name("key"), None, "is empty"))
        if status is None and not faults:
            faults.append(CellFault(self._name("status"), None, "is empty"))
        notes: list[CellFault] = []
        logs = self._worklogs(row, str(key), notes) if self._logs else []
        if faults or key is None or status is None:
            return Row(row.number, faults=tuple(faults))
        get = found.get
        resolved, since, start, due = get("resolved"), get("status_since"), get("start"), get("due")
        seen = get("updated") or resolved or since
        if seen is None:
            self.undated += 1
            seen = self._data_date
        if start and due and due < start:
            notes.append(
                CellFault(self._name("start"), str(start), f"lies after the due date, {due}, so it was left out")
            )
            start = None
        return Issue(
            row.number,
            key,
            get("id") or key,
            get("project") or key.rpartition("-")[0],
            status,
            get("category"),
            seen,
            get("project_name"),
            get("title"),
            get("type"),
            get("resolution"),
            self._person(get("assignee"), get("assignee_id")),
            get("estimate"),
            start,
            due,
            "flagged" in found,
            get("parent"),
            get("created"),
            resolved,
            since,
            logs,
            None,
            notes,
            self._silent,
        )

    def _reader_of(self, field: str) -> Callable[[Any], Any]:
        """What reads the cells of a field: a value, None for none, or a problem."""
        calendar = self._sheet.calendar
        match field:
            case "key":
                return _key
            case "title":
                return _title
            case "id":
                return text
            case "parent":
                return _parent
            case "estimate":
                return lru_cache(maxsize=4096)(partial(_effort, self._mapping))
            case "start" | "due":
                return calendar.day
            case "created" | "updated" | "resolved" | "status_since":
                return calendar.when
            case _:
                # the few values of such a column come again in every row
                return lru_cache(maxsize=16384)(label)

    def _name(self, field: str) -> str:
        places = self._sheet.at[field]
        return self._sheet.table.columns[places[0]] if places else field

    def _person(self, name: str | None, key: str | None) -> Person | None:
        if name is None and key is None:
            return None
        found = self._people.get((name, key))
        if found is None:
            known = key or self._mapping.people.get(name or "")
            self.by_name = self.by_name or known is None
            found = self._people[name, key] = Person(known or str(name), name)
        return found

    def _worklogs(self, row: tabular.Row, key: str, notes: list[CellFault]) -> list[Worklog]:
        logs: list[Worklog] = []
        for place in self._logs:
            cell = row.cells[place]
            if cell is None or cell == "":
                continue
            parts = str(cell).rsplit(";", 3)
            # comment;date;account;seconds, in which a comment may be missing, and hold semicolons
            day = self._sheet.calendar.day(parts[-3].strip()) if len(parts) > 2 else None
            if (
                day is None
                or isinstance(day, CellProblem)
                or not parts[-1].strip().isdecimal()
                or not parts[-2].strip()
            ):
                why = day.reason if isinstance(day, CellProblem) else "is not comment;date;account;seconds"
                notes.append(CellFault("Log Work", shown(cell), f"{why}, so it was left out"))
                continue
            account, seconds = parts[-2].strip(), int(parts[-1])
            known = self._mapping.people.get(account, account)
            # there is no id: what makes it one entry is all that it says, and how often that was said before
            said = f"{key}\0{parts[-3].strip()}\0{account}\0{seconds}"
            again = sum(log.id.startswith(_short(said)) for log in logs)
            logs.append(Worklog(f"{_short(said)}{again or ''}", Person(known), day, seconds, made_up=True))
        return logs


def _key(cell: Any) -> str | None | CellProblem:
    line = text(cell)
    if line is not None and (len(line) > 100 or not _KEY_FORM.fullmatch(line)):
        return CellProblem("is not the key of an issue, such as PAY-12")
    return line.upper() if line else None


def _parent(cell: Any) -> str | None:
    reference = text(cell)
    if reference is None:
        return None
    # a number may have gone through a spreadsheet
    return reference.removesuffix(".0") if reference[0].isdigit() else reference.upper()


def _effort(mapping: JiraMapping, cell: Any) -> Any:
    try:
        return effort(cell, mapping)
    except ValueError as error:
        return CellProblem(str(error))


def _first(places: tuple[int, ...], cells: Sequence[Any]) -> Any:
    for place in places:
        cell = cells[place]
        if cell is not None and cell != "":
            return cell
    return None


def _title(cell: Any) -> str | None:
    line = text(cell)
    return line[:2000] if line else None


def _short(said: str) -> str:
    return f"L{hashlib.sha256(said.encode()).hexdigest()[:16].upper()}"
