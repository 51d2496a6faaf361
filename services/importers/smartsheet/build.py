"""The rows of one sheet into what they show: its project or projects, their work, schedules and allocations."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from schemas.streams import slug_key
from services.importers.cells import rag_key
from services.importers.rows import CellFault
from services.importers.shown import Allocation, Assignment, Item, Project, Row, Schedule, Status, Step, Thing, When
from services.importers.smartsheet.grid import Grid
from services.importers.smartsheet.mapping import COLOURS, Column, SmartsheetMapping
from services.importers.smartsheet.settling import Settled
from services.importers.smartsheet.statuses import Statuses
from services.importers.smartsheet.task import Reader, Task, linked, schedule_of, when_created, when_seen
from services.importers.smartsheet.values import as_moment
from services.importers.source import ProjectRule
from services.importers.tell.work import BEFORE

_BY_PERCENT = (Status("Not started", "queue"), Status("In progress", "active"), Status("Complete", "done"))
_NO_STATUS = Status("No status", "queue")
_BASELINE: frozenset[Column] = frozenset(("baseline_start", "baseline_finish", "budget"))
_TIMES: tuple[Column, ...] = ("created", "modified")
_SILENT = {
    "assigned_to": "assignee", "effort": "estimate", "start": "planned_start", "finish": "planned_finish",
    "percent_complete": "percent_complete", "blocked": "blocked", "name": "title",
}  # fmt: skip
_REPEATED = (
    "stands on several rows, and without a column of keys nothing tells them apart; name one as `key` in the mapping"
)
_PARENT = "a parent row: what it shows is made of the rows under it"


class Builder:
    """One sheet, turned into what its rows show."""

    def __init__(
        self, grid: Grid, reader: Reader, settled: Settled, mapping: SmartsheetMapping, statuses: Statuses
    ) -> None:
        self._grid, self._reader, self._settled = grid, reader, settled
        self._mapping, self._statuses = mapping, statuses
        self._tasks = [reader.task(line) for line in grid.lines]
        self._parents = grid.parents()
        self._projects = self._project_rows()
        self._keys: list[str | None] = []
        self._health = {rag_key(name): rating for name, rating in {**COLOURS, **mapping.health}.items()}
        self.by_path = False
        self.undated = 0
        self.projects: dict[str, str] = {}
        """The source's projects and ours: what a mapping names them by, and the codes that they have here."""

    def moments(self) -> list[dt.datetime]:
        """The times that the sheet says of itself and of its rows."""
        told = (task.get(name) for task in self._tasks for name in _TIMES)
        return [*(each for each in told if isinstance(each, dt.datetime)), *self._of_sheet()]

    def _of_sheet(self) -> list[dt.datetime]:
        """When the sheet was changed last, if it says so."""
        changed = self._settled.calendar.when(as_moment(self._grid.modified))
        return [changed] if isinstance(changed, dt.datetime) else []

    def rows(self, data_date: When) -> Iterator[Row]:
        """Each row of the sheet, with what it shows, or why it shows nothing."""
        yield from self._grid.rows
        self._name_keys()
        positions = {line.position: at for at, line in enumerate(self._grid.lines)}
        ids = {line.id: at for at, line in enumerate(self._grid.lines) if line.id}
        told: set[str] = set()
        for at, task in enumerate(self._tasks):
            number = task.line.number
            if task.is_blank and at not in self._parents:
                yield Row(number, ignored="blank")
                continue
            if task.faults:
                yield Row(number, faults=tuple(task.faults), notes=tuple(task.notes))
                continue
            if at in self._parents and at not in self._projects:
                yield Row(number, ignored=_PARENT, notes=tuple(task.notes))
                continue
            self.undated += task.get("modified") is None
            seen = when_seen(task, data_date)
            things: list[Thing] = []
            if at in self._projects:
                things.append(self._project(at, task, seen))
                told.add(self._project_of(at))
            else:
                project = self._project_of(at)
                if project not in told:
                    told.add(project)
                    things.append(self._unknown(at, seen))
                things.append(self._item(at, task, seen, project, (positions, ids)))
                things.extend(self._allocations(at, task, seen, project))
            yield Row(number, tuple(things), notes=tuple(task.notes))

    def _project_rows(self) -> set[int]:
        """The rows that are projects: those at the top, or of a sheet that is one its only row at the top."""
        top = [at for at, task in enumerate(self._tasks) if task.line.parent is None and not task.is_blank]
        if self._mapping.projects_are == "rows":
            return set(top)
        return set(top) if len(top) == 1 and top[0] in self._parents else set()

    def _name_keys(self) -> None:
        """The key of each row: the source's own id, else a column's, else the path of names, which may repeat."""
        has_column = any("key" in task.found for task in self._tasks)
        for at, task in enumerate(self._tasks):
            if has_column:
                self._keys.append(task.get("key"))
            elif task.line.id is not None:
                self._keys.append(task.line.id)
            else:
                self._keys.append(self._by_names(at))
        self.by_path = not has_column and self._grid.id is None and bool(self._tasks)
        shows = [
            not task.faults and not task.is_blank and (at in self._projects or at not in self._parents)
            for at, task in enumerate(self._tasks)
        ]
        often = Counter(slug_key(key) for key, is_shown in zip(self._keys, shows, strict=True) if key and is_shown)
        first: dict[str, int] = {}
        column = self._reader.title("key" if has_column else "name")
        for at, (task, key) in enumerate(zip(self._tasks, self._keys, strict=True)):
            if not shows[at]:
                continue
            if key is None:
                task.faults.append(CellFault(column, None, "is empty, so nothing tells this row from others"))
            elif often[slug_key(key)] > 1:
                before = first.setdefault(slug_key(key), at)
                if not has_column:
                    task.faults.append(CellFault(column, str(task.get("name"))[:60], _REPEATED))
                elif before != at:
                    number = self._tasks[before].line.number
                    task.faults.append(CellFault(column, key[:60], f"is the key of {self._grid.place} {number} again"))

    def _by_names(self, at: int) -> str | None:
        """A key of the row's name under those above it. A title may name people, so of work it is only the digest."""
        name: str | None = self._tasks[at].get("name")
        if name is None or at in self._projects:
            return name
        above = (self._tasks[each].get("name") or "" for each in reversed(self._grid.above(at)))
        path = "\0".join((*above, name))
        return f"NAMED-{hashlib.sha256(path.upper().encode()).hexdigest()[:16].upper()}"

    def _top(self, at: int) -> int:
        above = self._grid.above(at)
        return above[-1] if above else at

    def _rule(self, *names: str | None) -> ProjectRule | None:
        return next((rule for name in names if name and (rule := self._mapping.projects.get(name))), None)

    def _source_of(self, at: int) -> tuple[str, str]:
        """The key and the name of the source's project of a row: its sheet, or the row at the top that it is under."""
        if self._mapping.projects_are == "sheets":
            return self._grid.id or self._grid.name, self._grid.name
        top = self._top(at)
        name = str(self._tasks[top].get("name") or "")
        return self._keys[top] or name or f"{self._grid.name} {self._tasks[top].line.position}", name

    def _project_of(self, at: int) -> str:
        """Our project of a row."""
        source, name = self._source_of(at)
        rule = self._rule(source, name)
        code = rule.project if rule else self._mapping.project if self._mapping.projects_are == "sheets" else None
        self.projects[source] = code = code or slug_key(source)
        return code

    def _unit(self, *names: str | None) -> str | None:
        rule = self._rule(*names)
        return (rule.unit if rule else None) or self._mapping.unit

    def _unknown(self, at: int, seen: When) -> Project:
        """The project of a row, of which nothing more is shown."""
        source, name = self._source_of(at)
        begins = min((each for task in self._tasks if (each := task.get("created"))), key=_day, default=seen)
        fields = {"name": name or source, "unit": self._unit(source, name), "source_key": source}
        return Project(self._project_of(at), begins, fields, if_unknown=True)

    def _project(self, at: int, task: Task, seen: When) -> Project:
        """A project as its row shows it."""
        source, name = self._source_of(at)
        if self._mapping.projects_are == "sheets":
            # its name is the sheet's, and what is rolled up changes without a change of the row
            seen = max((*self._of_sheet(), *([seen] if isinstance(seen, dt.datetime) else [])), default=seen)
        status, rating = task.get("status"), task.get("health")
        start, finish = self._days(task, "start", "finish")
        rag = None
        if rating is not None and rag_key(rating) in self._health:
            rag = self._health[rag_key(rating)]
        elif rating is not None:
            why = "is no rating that is known, so it was left out; say in the mapping's `health` which one it is"
            task.notes.append(CellFault(self._reader.title("health"), rating, why))
        amounts = {"budget": "budget", "forecast_cost": "cost", "actual_cost": "actual_cost"}
        fields = {ours: task.get(theirs) for ours, theirs in amounts.items()}  # type: ignore[arg-type]
        has_amount = any(amount is not None for amount in fields.values())
        fields |= {
            "name": name,
            "unit": self._unit(source, name),
            "status": self._statuses.of_project(status) if status else None,
            "start": start,
            "finish": finish,
            "percent_complete": task.get("percent_complete"),
            "rag": rag,
            "currency": self._settled.currency if has_amount else None,
            "source_key": source,
        }
        return Project(self._project_of(at), seen, fields)

    def _days(self, task: Task, first: Any, last: Any) -> tuple[dt.date | None, dt.date | None]:
        """Two days in their order; a beginning behind the end is left out and noted."""
        start, finish = task.get(first), task.get(last)
        if start and finish and finish < start:
            why = f"lies after {self._reader.title(last)}, {finish}, so it was left out"
            task.notes.append(CellFault(self._reader.title(first), str(start), why))
            start = None
        return start, finish

    def _status(self, task: Task) -> tuple[Status, bool]:
        """The status of a row, and whether the row says one: without a column it follows from how much is done."""
        name, percent, done = task.get("status"), task.get("percent_complete"), task.get("done")
        if name is not None:
            return self._statuses.of(name), True
        if done is not None and "status" not in task.found:
            return _BY_PERCENT[2] if done else _BY_PERCENT[1 if percent else 0], True
        if percent is not None:
            return _BY_PERCENT[0 if percent == 0 else 2 if percent == 1 else 1], True
        if "status" in task.found or "percent_complete" in task.found or "done" in task.found:
            return _NO_STATUS, True
        return Status(BEFORE, "queue"), False

    def _item(
        self, at: int, task: Task, seen: When, project: str, rows: tuple[Mapping[int, int], Mapping[str, int]]
    ) -> Item:
        status, is_said = self._status(task)
        start, finish = self._days(task, "start", "finish")
        people = task.get("assigned_to") or []
        silent = {ours for theirs, ours in _SILENT.items() if theirs not in task.found}
        return Item(
            project,
            slug_key(str(self._keys[at])),
            seen,
            status,
            work_type=task.get("work_type"),
            title=task.get("name"),
            assignee=people[0] if people else None,
            estimate=task.get("effort"),
            planned_start=start,
            planned_finish=finish,
            percent_complete=task.get("percent_complete"),
            blocked=bool(task.get("blocked")),
            removed=self._statuses.ends(status),
            created=when_created(task),
            steps=tuple(_steps(task, status)),
            first={"status": Status(BEFORE, "queue"), "blocked": False} if _begun(task, status) else {},
            schedule=self._schedule(at, task, project, rows),
            silent=frozenset(silent if is_said else {*silent, "status"}),
        )

    def _schedule(
        self, at: int, task: Task, project: str, rows: tuple[Mapping[int, int], Mapping[str, int]]
    ) -> Schedule | None:
        fields = schedule_of(task)
        if "predecessors" in task.found:
            fields["predecessors"] = tuple(self._predecessors(at, task, project, rows))
        if task.found.keys() & _BASELINE and not task.failed & _BASELINE:
            start, finish = self._days(task, "baseline_start", "baseline_finish")
            budget = task.get("budget")
            baseline = {"number": 0, "start": start, "finish": finish, "effort": None, "cost": budget}
            fields["baselines"] = (baseline,) if start or finish or budget is not None else ()
        if task.found.keys() & {"cost", "actual_cost", "budget"}:
            has_amount = any(task.get(name) is not None for name in ("cost", "actual_cost", "budget"))
            fields["currency"] = self._settled.currency if has_amount else None
        assignments = None
        if "assigned_to" in task.found and "allocation" not in task.failed:
            units = task.get("allocation")
            assignments = tuple(Assignment(person, units) for person in task.get("assigned_to") or [])
        return Schedule(fields, assignments) if fields or assignments is not None else None

    def _predecessors(
        self, at: int, task: Task, project: str, rows: tuple[Mapping[int, int], Mapping[str, int]]
    ) -> Iterator[dict[str, Any]]:
        positions, ids = rows
        seen: set[str] = set()
        for link in linked(task):
            other = ids.get(link.id) if link.id else positions.get(link.row) if link.row is not None else None
            why = None
            if other is None or self._keys[other] is None or self._tasks[other].is_blank:
                why = "is no row of the sheet"
            elif other == at:
                why = "is the row itself"
            elif other in self._parents:
                why = "is a parent row, which is no item of work"
            elif self._project_of(other) != project:
                why = "is in another project"
            elif (item := slug_key(str(self._keys[other]))) not in seen:
                seen.add(item)
                yield {
                    "item_key": item,
                    "relation": link.relation,
                    "lag": link.lag,
                    "lag_unit": link.unit,
                    "elapsed": link.elapsed,
                }
            if why:
                named = f"row {link.row}" if link.row is not None else str(link.id)
                task.notes.append(CellFault(self._reader.title("predecessors"), named, f"{why}, so it was left out"))

    def _allocations(self, at: int, task: Task, seen: When, project: str) -> Iterator[Allocation]:
        share: Decimal | None = task.get("allocation")
        people, start, finish = task.get("assigned_to") or [], task.get("start"), task.get("finish")
        if not share:
            return
        if not people or not start or not finish or finish < start:
            missing = "nobody is assigned" if not people else "there are no days from and to which it is"
            task.notes.append(
                CellFault(
                    self._reader.title("allocation"),
                    f"{(share * 100).normalize():f}%",
                    f"makes no plan, since {missing}",
                )
            )
            return
        hours = (share * self._mapping.weekly_hours).quantize(Decimal("0.01"))
        for person in dict.fromkeys(people):
            plan = f"{project} {self._keys[at]}"
            yield Allocation(person, project, plan, start, finish, hours, self._mapping.hard, seen)


def _begun(task: Task, status: Status) -> bool:
    return next(_steps(task, status), None) is not None


def _steps(task: Task, status: Status) -> Iterator[Step]:
    """The changes whose days a row shows: when its work really began, and when it was done."""
    began, ended = task.get("actual_start"), task.get("actual_finish")
    if status.category == "queue":
        return
    if began and not (ended and status.category == "done" and ended < began):
        now = status if status.category == "active" else Status(BEFORE, "active")
        yield Step(f"began {began}", began, {"status": now})
    if ended and status.category == "done":
        yield Step(f"ended {ended}", ended, {"status": status})


def _day(when: When) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when
