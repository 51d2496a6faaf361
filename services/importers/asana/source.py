"""Asana as a source: tells CSV from JSON, settles what the files leave open, and puts files of one import together."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import documents, moments, tabular
from services.importers.asana import graph, table
from services.importers.asana.history import in_order
from services.importers.asana.mapping import AsanaMapping
from services.importers.asana.objects import Others, People
from services.importers.asana.task import Change, Projects, Task, Tasks
from services.importers.asana.telling import Sections, Teller
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Allocation, Export, Project, Row, When, instant
from services.importers.source import Given, Read, Source
from services.shown import counted, said_of

_EPILOG = """\b
Examples:
  pmo import asana Launch.csv --dry-run
  pmo import asana Launch.csv Website.csv --complete
  pmo import asana graph-export.jsonl --write-mapping asana.yaml
  pmo import asana graph-export.jsonl --mapping asana.yaml --report report.json"""


def read(paths: Sequence[Path], mapping: AsanaMapping, given: Given) -> Read:
    """All files of one import. Nothing is recorded before all of them are understood."""
    return _Import(mapping, given).read(paths)


class _Import:
    """What the files of one import share: projects, tasks, people and the meaning of sections."""

    def __init__(self, mapping: AsanaMapping, given: Given) -> None:
        self._mapping, self._given = mapping, given
        self._projects, self._people, self._sections = Projects(mapping), People(), Sections(mapping)
        self._tasks = Tasks(mapping, self._projects)
        zone = ZoneInfo(mapping.zone) if mapping.zone else None
        calendar = Calendar(zone, mapping.date_order)
        self._others = Others(mapping, calendar, self._projects, self._tasks, self._people)
        self._reader = graph.Reader(mapping, calendar, self._projects, self._people, self._others)
        self._teller = Teller(self._tasks, self._projects, self._sections)

    def read(self, paths: Sequence[Path]) -> Read:
        """All files: first what each says, then what they say together."""
        files = [_Graph(path, self) if documents.is_document(path) else _Sheet(path, self) for path in paths]
        for file in files:
            self._tasks.add(file.tasks)
        for project, section, gid in self._reader.sections:
            self._sections.learn(self._projects.final(project), section, gid)
        self._merge_stories([file for file in files if isinstance(file, _Graph)])
        homes: set[str] = set()
        for task in (task for file in files for task in file.tasks):
            for project, section in task.sections.items():
                self._sections.learn(project, section)
            if home := self._tasks.home(task.gid):
                homes.add(home)
                self._teller.learn(task, home)
        workflow = self._sections.settle(homes)
        for file in files:
            for project in file.projects:
                self._teller.knows(self._projects.final(project))
        exports = [file.made() for file in files]
        if self._mapping.complete:
            self._check_complete(files, exports)
        exports[0].notes.extend(self._notes(workflow))
        return Read(exports, self._filled(workflow))

    def sheet(self, path: Path) -> table.Sheet:
        """A CSV or Excel file, its dates settled."""
        found = table.Sheet(
            tabular.read(path, None, table.is_header, sought=" (Task ID)", advice=tabular.IN_ENGLISH),
            self._mapping,
            self._projects,
        )
        said, mapping = found.table, self._mapping
        if "projects" not in found.at and mapping.project is None:
            raise BadInput(
                f"{said.file} has no column Projects, so it is not known whose tasks these are; say it by "
                "`project: KEY` in a mapping."
            )
        zone = ZoneInfo(mapping.zone) if mapping.zone else None
        found.calendar = moments.settle(found.times(), said.file, said.place, zone, mapping.date_order, said.notes)
        return found

    def objects(self, path: Path) -> graph.Graph:
        """A JSON file."""
        return self._reader.read(documents.opened(path))

    def latest(self, whens: Iterable[When | Any]) -> When | None:
        """What a file speaks of: the last of its times, unless the user said when it is of."""
        return self._given.data_date or _latest(whens)

    def rows(self, tasks: Iterable[Task]) -> Iterator[Row]:
        """What tasks show."""
        for task in tasks:
            task.assignee = self._people.of(task.assignee)
            yield self._teller.row(task)

    def other_rows(self, read_: graph.Graph, data_date: When | None) -> Iterator[Row]:
        """What the other objects of a file show; a project of which only hours or plans are shown is made known."""
        for row in graph.other_rows(read_, self._others, data_date):
            things = [
                thing
                for each in row.things
                for thing in (*(() if isinstance(each, Project) else self._teller.made_known(each)), each)
            ]
            yield row._replace(things=tuple(things))

    def story_rows(self, read_: graph.Graph) -> Iterator[Row]:
        """Stories make no rows of their own."""
        for story in read_.stories:
            if story.change is None:
                yield Row(story.number, ignored=f"is the story {story.kind[:50]}, which has no place here")
            elif self._tasks.find(story.task) is None:
                yield Row(story.number, ignored="is the history of a task that is in none of the files")
            else:
                yield Row(story.number, ignored=f"its change is told with the task {story.task}")

    def _merge_stories(self, graphs: Sequence["_Graph"]) -> None:
        """The changes of each task in order, also those that stand in a file of their own."""
        loose: dict[str, list[Change]] = {}
        for each in graphs:
            for story in each.graph.stories:
                if story.change is not None:
                    loose.setdefault(story.task, []).append(story.change)
        for each in graphs:
            for task in each.tasks:
                if task.changes or task.gid in loose:
                    task.changes = in_order(loose.get(task.gid, ()), task)

    def _check_complete(self, files: Sequence["_Sheet | _Graph"], exports: Sequence[Export]) -> None:
        """Refuses to take what is missing as gone where the files do not hold all of a project."""
        graphs = [file for file in files if isinstance(file, _Graph)]
        if graphs and not any(file.graph.is_last for file in graphs):
            raise BadInput("The last page is not among the files; give all pages, or no --complete.")
        whole = {self._projects.final(project) for file in files for project in file.whole}
        things = (thing for export in exports for row in export.rows for thing in row.things)
        told = {thing.key if isinstance(thing, Project) else thing.project for thing in things}
        if missing := sorted(told - whole):
            names = ", ".join(self._projects.name(key) for key in missing[:5])
            raise BadInput(
                f"The files show a part of {names} only; export the whole project too, or give no --complete."
            )

    def _notes(self, workflow: dict[str, bool]) -> Iterator[str]:
        for answer, said in (
            (True, "say how far work is"),
            (False, "do not say how far work is, so what is not completed is Open"),
        ):
            if names := [self._projects.name(key) for key, found in workflow.items() if found is answer]:
                yield f"guessed that the sections {said}: {', '.join(names)}"
        if guessed := self._sections.guessed:
            yield "guessed by the names of sections: " + ", ".join(f"{n} {c}" for n, c in sorted(guessed.items()))
        if not_completed := self._sections.not_completed:
            yield f"tasks in {', '.join(sorted(not_completed))} that are not ticked as completed count as active"
        if self._teller.in_several:
            several = said_of(self._teller.in_several, "task", "is", "are")
            counts = "counts" if self._teller.in_several == 1 else "count"
            yield f"{several} in several projects and {counts} in one: the first in the mapping, then in the alphabet"

    def _filled(self, workflow: dict[str, bool]) -> AsanaMapping:
        mapping = self._mapping
        statuses = {**self._sections.guessed, **mapping.statuses}
        emails = {each.email: each.key for each in self._people.known.values() if each.email}
        return mapping.model_copy(
            update={
                "statuses": dict(sorted(statuses.items())),
                "workflow": dict(sorted({**workflow, **mapping.workflow}.items())),
                "projects": self._projects.rules,
                "people": {**dict(sorted(emails.items())), **mapping.people},
            }
        )


class _Sheet:
    """A CSV or Excel file."""

    def __init__(self, path: Path, shared: _Import) -> None:
        self._shared, self._sheet = shared, shared.sheet(path)
        self.latest = shared.latest(self._sheet.calendar.when(cell) for _, cell in self._sheet.happened())
        if self.latest is None and self._sheet.table.rows:
            raise BadInput(f"{path.name} has no dates of what has happened; say by --data-date of which day it speaks.")
        self.tasks, self._rows, common = self._sheet.tasks(self.latest)
        self.whole = {common} if common else set()
        self.projects: set[str] = set()

    def made(self) -> Export:
        read_ = self._sheet.table
        rows = [*self._rows, *self._shared.rows(self.tasks)]
        rows += [Row(each.number, faults=(CellFault(None, None, each.reason),)) for each in read_.malformed]
        rows += [Row(each.number, ignored=each.reason) for each in read_.ignored]
        return Export(
            read_.file,
            read_.digest,
            read_.place,
            sorted(rows, key=lambda row: row.number),
            self.latest or EARLIEST,
            read_.notes,
            self._sheet.carried,
            self._sheet.not_carried,
            without_plans=True,
        )


class _Graph:
    """A JSON file."""

    def __init__(self, path: Path, shared: _Import) -> None:
        self._shared, self.graph = shared, shared.objects(path)
        self.tasks, self.projects = self.graph.tasks, self.graph.projects
        top = [set(task.projects) for task in self.tasks if task.projects]
        common = set.intersection(*top) if top else set()
        self.whole = self.projects | (common if len(common) == 1 else set())

    def made(self) -> Export:
        found, notes = self.graph, []
        latest = self._shared.latest(time for task in self.tasks for time in (task.seen, task.completed_at))
        rows = [*self._shared.rows(self.tasks), *found.rows, *self._shared.story_rows(found)]
        if without := sum(not task.changes for task in self.tasks):
            they = said_of(without, "task", "comes without stories: its", "come without stories: their")
            notes.append(f"{they} completion is dated by completed_at, the rest by modified_at")
        if without := sum(bool(task.projects) and not task.sections for task in self.tasks):
            they = said_of(without, "task", "comes without memberships, so its", "come without memberships, so their")
            notes.append(
                f"{they} sections are not known; ask for memberships.section.name and memberships.project.name with "
                "opt_fields"
            )
        if found.without_unit:
            notes.append(
                f"the estimates of {counted(found.without_unit, 'task')} were left out, since no one says what their "
                "numbers are; say by `time_unit` in a mapping: minutes or hours"
            )
        # updates of a project come before its present state, and both after no task
        ordered = sorted(rows, key=lambda row: row.number)
        others = [*self._shared.other_rows(found, latest)]
        return Export(
            found.file,
            found.digest,
            "object",
            [*others, *ordered],
            latest or EARLIEST,
            notes,
            graph.CARRIED,
            tuple(found.not_carried),
            without_plans=not any(isinstance(thing, Allocation) for row in others for thing in row.things),
        )


def _latest(whens: Iterable[Any]) -> When | None:
    now = dt.datetime.now(dt.UTC)
    # the few days of a file come again and again
    times = (each for each in dict.fromkeys(whens) if isinstance(each, dt.date) and instant(each) <= now)
    return max(times, key=instant, default=None)


SOURCE = Source(
    "asana",
    "Import the tasks of Asana as items of work, with their history.",
    AsanaMapping,
    read,
    "the CSV and JSON of a project, and JSON Lines of a graph export or of the API's answers",
    _EPILOG,
)
