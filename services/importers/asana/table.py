"""The CSV of an Asana project, also as a spreadsheet has left it: ids without their last digits, parents by name."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import tabular
from services.importers.asana.mapping import AsanaMapping, TimeUnit, unit_named
from services.importers.asana.task import Projects, Task, hours, is_plain
from services.importers.cells import CellProblem, label, shown, text
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Person, Row, When
from services.shown import said_of

KEY = "task id"
_COLUMNS = {
    "gid": (KEY,),
    "created": ("created at",),
    "completed": ("completed at",),
    "modified": ("last modified",),
    "title": ("name",),
    "section": ("section/column",),
    "assignee": ("assignee",),
    "email": ("assignee email",),
    "start": ("start date",),
    "due": ("due date",),
    "projects": ("projects",),
    "parent": ("parent task",),
    "waits_for": ("blocked by (dependencies)", "blocked by"),
    "estimate": ("estimated time", "estimated hours", "estimated minutes"),
    "actual": ("actual time", "actual hours", "actual minutes"),
}
_HAPPENED = ("created", "completed", "modified")
_TIMES = (*_HAPPENED, "start", "due")
_SILENT = {
    "assignee": "assignee", "estimate": "estimate", "start": "planned_start", "due": "planned_finish", "title": "title",
    "parent": "parent",
}  # fmt: skip
NO_SECTION = frozenset({"untitled section", "(no section)"})
_AGAIN = "export it again from Asana and import the file as it was downloaded"
_DIGITS = re.compile(r"'?(\d{1,30})(\.0+)?")
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE)
_EXACT_FLOAT = 2**53
_SPREADSHEET_DIGITS = 15
_FEW = 5
_TITLE = 2000


class Sheet:
    """One CSV or Excel file with the places of its columns. Its calendar is to be settled before it is read."""

    def __init__(self, table: tabular.Table, mapping: AsanaMapping, projects: Projects) -> None:
        self.table, self.calendar = table, Calendar()
        self._mapping, self._projects = mapping, projects
        names = {(text(name) or "").casefold(): at for at, name in reversed(list(enumerate(table.columns)))}
        own = {"estimate": mapping.estimate, "actual": mapping.actual}
        self.at: dict[str, int] = {}
        for field, known in _COLUMNS.items():
            wanted = (said.casefold(),) if (said := own.get(field)) else known
            if (found := next((names[name] for name in wanted if name in names), None)) is not None:
                self.at[field] = found
            elif said:
                raise BadInput(f"{table.file} has no column {said!r}, which the mapping names as `{field}`.")
        self._units: dict[str, TimeUnit | None] = {}
        for field in ("estimate", "actual"):
            self._settle_unit(field)

    def _settle_unit(self, field: str) -> None:
        if (at := self.at.get(field)) is None:
            return
        name = self.table.columns[at]
        unit = self._units[field] = self._mapping.time_unit or unit_named(name)
        if unit is None and any((cell := text(row.cells[at])) and is_plain(cell) for row in self.table.rows):
            del self.at[field]
            self.table.notes.append(
                f"the column {name} was left out, since no one says what its numbers are; say by `time_unit` in a "
                "mapping: minutes or hours"
            )

    def column(self, field: str) -> str:
        """The header of a field's column."""
        return self.table.columns[self.at[field]] if field in self.at else field

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns that have a place here."""
        return tuple(self.table.columns[at] for at in self.at.values())

    @property
    def not_carried(self) -> tuple[str, ...]:
        """The columns that have none."""
        used = set(self.at.values())
        return tuple(name for at, name in enumerate(self.table.columns) if at not in used)

    def times(self) -> Iterator[tuple[int, Any]]:
        """All cells with dates, to settle their order by."""
        return self._dates(_TIMES)

    def happened(self) -> Iterator[tuple[int, Any]]:
        """The dates of what has happened: what is planned does not say when the file was written."""
        return self._dates(_HAPPENED)

    def _dates(self, fields: tuple[str, ...]) -> Iterator[tuple[int, Any]]:
        places = [self.at[field] for field in fields if field in self.at]
        for row in self.table.rows:
            for at in places:
                if (cell := row.cells[at]) is not None and cell != "":
                    yield row.number, _spaced(cell)

    def tasks(self, data_date: When | None) -> tuple[list[Task], list[Row], str | None]:
        """The tasks, rows that are none, and the one project of which the file is an export, if it shows that."""
        return _Reader(self, self._mapping, self._projects, self._units, data_date).read()


class _Reader:
    def __init__(
        self,
        sheet: Sheet,
        mapping: AsanaMapping,
        projects: Projects,
        units: dict[str, TimeUnit | None],
        data_date: When | None,
    ) -> None:
        self._sheet, self._mapping, self._projects, self._data_date = sheet, mapping, projects, data_date
        self._read = [(field, at, self._reader_of(field, units.get(field))) for field, at in sheet.at.items()]
        silent = {ours for field, ours in _SILENT.items() if field not in sheet.at}
        self._silent = frozenset(silent | {"work_type"})
        self._keys = {who.casefold(): key for who, key in mapping.people.items()}
        self._people: dict[tuple[str | None, str | None], Person] = {}
        self.undated = self.by_name = 0

    def read(self) -> tuple[list[Task], list[Row], str | None]:
        """All rows, then what stands by name in them."""
        rows: list[Row] = []
        found: list[tuple[Task, dict[str, Any]]] = []
        for row in self._sheet.table.rows:
            told = self._task(row)
            if isinstance(told, Row):
                rows.append(told)
            else:
                found.append(told)
        found = self._with_own_ids(found, rows)
        common = self._common(found)
        by_name: dict[str, list[Task]] = {}
        for task, _ in found:
            by_name.setdefault(task.title or "", []).append(task)
        for task, said in found:
            task.fallback = common
            where = common if common in task.projects else task.projects[0] if len(task.projects) == 1 else None
            if "section" in self._sheet.at and where is not None:
                task.sections = {where: said.get("section")}
            self._name(task, said, by_name)
        notes = self._sheet.table.notes
        if self.undated:
            they = said_of(
                self.undated, "task", "has no date of its own and stands", "have no date of their own and stand"
            )
            notes.append(f"{they} at {self._data_date}")
        notes.append("a state is dated by the column Last Modified, its completion by Completed At")
        if self.by_name:
            notes.append("people without an e-mail are known by the names in the file")
        return [task for task, _ in found], rows, common

    def _task(self, row: tabular.Row) -> tuple[Task, dict[str, Any]] | Row:
        said: dict[str, Any] = {}
        faults: list[CellFault] = []
        for field, at, read in self._read:
            cell = row.cells[at]
            value = None if cell is None or cell == "" else read(cell)
            if isinstance(value, CellProblem):
                faults.append(CellFault(self._sheet.column(field), shown(cell), value.reason))
            elif value is not None:
                said[field] = value
        if "gid" not in said and not faults:
            faults.append(CellFault(self._sheet.column("gid"), None, "is empty"))
        if faults:
            return Row(row.number, faults=tuple(faults))
        notes: list[CellFault] = []
        created, completed, seen = said.get("created"), said.get("completed"), said.get("modified")
        is_completed = completed is not None
        if completed and created and _day(completed) < _day(created):
            notes.append(
                CellFault(
                    self._sheet.column("completed"),
                    str(completed),
                    f"lies before the creation, {created}, so it is completed as of the last change",
                )
            )
            completed = None
        if (seen := seen or completed or created) is None:
            self.undated += 1
            seen = self._data_date or EARLIEST
        start, due = said.get("start"), said.get("due")
        if start and due and due < start:
            notes.append(
                CellFault(
                    self._sheet.column("start"), str(start), f"lies after the due date, {due}, so it was left out"
                )
            )
            start = None
        projects = tuple(self._projects.of(None, name) for name in said.get("projects", ()))
        actual = said.get("actual")
        task = Task(
            row.number,
            said["gid"],
            seen,
            is_completed,
            title=said.get("title"),
            projects=tuple(dict.fromkeys(projects)),
            created=created,
            completed_at=completed,
            assignee=self._person(said.get("assignee"), said.get("email")),
            estimate=said.get("estimate"),
            start=start,
            due=due,
            schedule={"actual_effort": actual} if "actual" in self._sheet.at else {},
            notes=notes,
            silent=self._silent,
        )
        return task, said

    def _with_own_ids(
        self, found: list[tuple[Task, dict[str, Any]]], rows: list[Row]
    ) -> list[tuple[Task, dict[str, Any]]]:
        """Without the rows whose id is that of another task too, or was cut so that it may be."""
        by_gid: dict[str, list[tuple[Task, dict[str, Any]]]] = {}
        for each in found:
            by_gid.setdefault(each[0].gid, []).append(each)
        long = [gid for gid in by_gid if len(gid) > _SPREADSHEET_DIGITS]
        were_cut = len(long) >= _FEW and all(gid.endswith("0") for gid in long)
        place, column = self._sheet.table.place, self._sheet.column("gid")
        kept: list[tuple[Task, dict[str, Any]]] = []
        for task, said in found:
            alike = by_gid[task.gid]
            first = alike[0][0]
            if were_cut and len(task.gid) > _SPREADSHEET_DIGITS:
                reason = f"ends in 0 as all ids of this file do, since a spreadsheet keeps 15 digits; {_AGAIN}"
            elif any((each.title, each.created) != (first.title, first.created) for each, _ in alike):
                lines = ", ".join(str(each.number) for each, _ in alike)
                reason = f"is the id of different tasks in {place}s {lines}, as a spreadsheet leaves it; {_AGAIN}"
            elif said != alike[0][1]:
                reason = f"is the task of {place} {first.number} again, in another state"
            else:
                kept.append((task, said))
                continue
            rows.append(Row(task.number, faults=(CellFault(column, task.gid, reason),)))
        return kept

    def _common(self, found: Sequence[tuple[Task, dict[str, Any]]]) -> str | None:
        """The project that all tasks with projects are in, if there is exactly one."""
        if "projects" not in self._sheet.at:
            return self._mapping.project
        several = [task.projects for task, _ in found if task.projects]
        counted = Counter(project for projects in several for project in projects)
        everywhere = [project for project, times in counted.items() if times == len(several)]
        return everywhere[0] if len(everywhere) == 1 else None

    def _name(self, task: Task, said: dict[str, Any], by_name: dict[str, list[Task]]) -> None:
        """Parent and predecessors, which the file has by name only: one that repeats is not guessed."""
        if (name := said.get("parent")) is not None:
            task.parent = self._only("parent", name, task, by_name, "no parent was recorded")
            if task.parent is None:
                task.silent |= {"parent"}
        if "waits_for" in self._sheet.at:
            names = self._names(said.get("waits_for"), by_name)
            found = [self._only("waits_for", name, task, by_name, "it was left out") for name in names]
            task.dependencies = tuple(dict.fromkeys(gid for gid in found if gid))

    def _only(self, field: str, name: str, task: Task, by_name: dict[str, list[Task]], result: str) -> str | None:
        gids = {each.gid: each.number for each in by_name.get(name, ()) if each.gid != task.gid}
        if len(gids) == 1:
            return next(iter(gids))
        if gids:
            lines = ", ".join(map(str, gids.values()))
            reason = f"is the name of {len(gids)} tasks, in {self._sheet.table.place}s {lines}, so {result}"
        else:
            reason = f"is no task of this file, so {result}"
        task.notes.append(CellFault(self._sheet.column(field), shown(name), reason))
        return None

    @staticmethod
    def _names(cell: str | None, by_name: dict[str, list[Task]]) -> list[str]:
        """Names in a cell of several. A name may have commas itself."""
        parts = (cell or "").split(",")
        names: list[str] = []
        at = 0
        while at < len(parts):
            ends = range(len(parts), at, -1)
            end = next((end for end in ends if ",".join(parts[at:end]).strip() in by_name), at + 1)
            names.append(",".join(parts[at:end]).strip())
            at = end
        return [name for name in names if name]

    def _person(self, name: str | None, email: str | None) -> Person | None:
        if name is None and email is None:
            return None
        found = self._people.get((name, email))
        if found is None:
            said = self._keys.get((email or "").casefold()) or self._keys.get((name or "").casefold())
            self.by_name += said is None and email is None
            key = said or (email.casefold() if email else str(name))
            found = self._people[name, email] = Person(key, name, email)
        return found

    def _reader_of(self, field: str, unit: TimeUnit | None) -> Callable[[Any], Any]:
        """What reads the cells of a field: a value, None for none, or a problem."""
        calendar = self._sheet.calendar
        match field:
            case "gid":
                return gid_of
            case "created" | "completed" | "modified":
                return lru_cache(maxsize=16384, typed=True)(lambda cell: calendar.when(_spaced(cell)))
            case "start" | "due":
                return lru_cache(maxsize=16384, typed=True)(lambda cell: calendar.day(_spaced(cell)))
            case "estimate" | "actual":
                return lru_cache(maxsize=4096)(partial(hours, unit=unit, decimal=self._mapping.decimal))
            case "title":
                return title_of
            case "section":
                return lru_cache(maxsize=4096)(section_of)
            case "projects":
                return lru_cache(maxsize=4096)(lambda cell: self._projects.split(text(cell) or ""))
            case "waits_for" | "parent":
                return text
            case _:
                return lru_cache(maxsize=16384)(label)


def is_header(column: str) -> bool:
    """Whether a cell is the name of the column of task ids."""
    return (text(column) or "").casefold() == KEY


def gid_of(cell: Any) -> str | None | CellProblem:
    """A task's id, if it is whole: a spreadsheet shows 16 digits as 1.21143E+15 and keeps no more than 15."""
    line = text(cell)
    if line is None:
        return None
    if not isinstance(cell, str):
        is_whole = isinstance(cell, int) and not isinstance(cell, bool)
        if not is_whole and not (isinstance(cell, float) and cell.is_integer() and cell >= 0):
            return CellProblem("is not the id of a task")
        digits = str(int(cell))
        return digits if len(digits) <= _SPREADSHEET_DIGITS else CellProblem(f"is a number in a workbook; {_AGAIN}")
    if (plain := _DIGITS.fullmatch(line)) is not None:
        if plain[2] and int(plain[1]) > _EXACT_FLOAT:
            return CellProblem(f"was cut by a spreadsheet; {_AGAIN}")
        return plain[1]
    if (cut := _SCIENTIFIC.fullmatch(line)) is not None:
        places = cut[2] or ""
        if len(places) == int(cut[3]):
            return cut[1] + places
        return CellProblem(f"was cut to {1 + len(places)} digits by a spreadsheet; {_AGAIN}")
    return CellProblem("is not the id of a task")


def section_of(cell: Any) -> str | None | CellProblem:
    """A section; None for the one that has no name."""
    name = label(cell)
    return None if isinstance(name, str) and name.casefold() in NO_SECTION else name


def title_of(cell: Any) -> str | None:
    """A name, cut to what a title may have."""
    line = text(cell)
    return line[:_TITLE] if line else None


@lru_cache(maxsize=16384, typed=True)
def _spaced(cell: Any) -> Any:
    """A cell whose spaces are plain ones; others come with what is copied from a page."""
    return text(cell) if isinstance(cell, str) else cell


def _day(when: When) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when
