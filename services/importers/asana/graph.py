"""Asana's JSON: that of a project, pages of the API, and JSON Lines of a graph export, one object a line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import whose
from services.importers.asana.history import change_of
from services.importers.asana.mapping import AsanaMapping, unit_named
from services.importers.asana.objects import Others, People, Wrong, listed, part, said
from services.importers.asana.table import section_of, title_of
from services.importers.asana.task import Change, Projects, Task, hours
from services.importers.cells import CellProblem, shown
from services.importers.documents import Opened, elements
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Row, When

CARRIED = (
    "gid", "name", "resource_subtype", "completed", "completed_at", "created_at", "modified_at", "memberships",
    "projects", "parent", "assignee", "start_on", "due_on", "dependencies", "actual_time_minutes", "Estimated time",
    "stories", "time_tracking_entry", "allocation", "project", "section", "status_update", "portfolio", "user",
)  # fmt: skip
ESTIMATE = "estimated time"
_TYPES = {"default_task": "Task", "milestone": "Milestone", "approval": "Approval"}
_TASK = frozenset(
    ("gid", "id", "name", "resource_type", "resource_subtype", "completed", "completed_at", "created_at", "modified_at",
     "memberships", "projects", "parent", "assignee", "start_on", "start_at", "due_on", "due_at", "dependencies",
     "actual_time_minutes", "stories", "subtasks", "custom_fields")
)  # fmt: skip
_OTHERS = frozenset(("project", "time_tracking_entry", "allocation", "status_update", "project_status"))
_NAMED = {
    "section": "is a section: told with the tasks in it",
    "portfolio": "is a portfolio: the category of the projects that it lists",
    "user": "is a user: known by what they did or are to do",
}
_SILENT = {
    "assignee": ("assignee",), "planned_start": ("start_on", "start_at"), "planned_finish": ("due_on", "due_at"),
    "title": ("name",), "parent": ("parent",), "work_type": ("resource_subtype",),
}  # fmt: skip


class Story(NamedTuple):
    """A story that is told with its task, or is none of a task."""

    number: int
    task: str
    change: Change | None
    kind: str


@dataclass(slots=True)
class Graph:
    """One JSON file, read: tasks, the other objects as they stand, and rows that are already made."""

    file: str
    digest: str
    tasks: list[Task] = field(default_factory=list)
    others: list[tuple[int, str, Mapping[str, Any]]] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    projects: set[str] = field(default_factory=set)
    count: int = 0
    is_last: bool = True
    without_unit: int = 0
    not_carried: dict[str, None] = field(default_factory=dict)


class Reader:
    """Reads JSON files; users, projects and sections are learned on the way."""

    def __init__(self, mapping: AsanaMapping, calendar: Calendar, projects: Projects, people: People, others: Others):
        self._mapping, self._calendar, self._projects = mapping, calendar, projects
        self._people, self._others = people, others
        self.sections: list[tuple[str, str | None, str | None]] = []
        self._estimate = (mapping.estimate or ESTIMATE).casefold()

    def read(self, source: Opened) -> Graph:
        """One file. Raises BadInput if there is no object of Asana's in it."""
        graph = Graph(source.file, source.digest)
        around: list[Mapping[str, Any]] = []
        for element in (each for text in source.texts for each in elements(text, "data")):
            value = element.value
            if element.key is None and not (isinstance(value, dict) and ("gid" in value or "resource_type" in value)):
                around.append(value)
                if isinstance(data := value.get("data"), dict) and ("gid" in data or "resource_type" in data):
                    self._object(graph, data)
            else:
                self._object(graph, value)
        if not graph.count and not any(each.get("data") is True for each in around):
            raise BadInput(
                f"{source.file} is JSON, but no export of Asana: it has no list `data` and no object with a gid, "
                f"{whose.instead(around, 'asana')}."
            )
        pages = [each for each in around if "next_page" in each]
        graph.is_last = not pages or any(each["next_page"] is None for each in pages)
        return graph

    def _object(self, graph: Graph, value: Any) -> None:
        graph.count += 1
        number = graph.count
        try:
            if not isinstance(value, dict):
                raise Wrong(None, value, "is no object of Asana's")
            kind = said(value, "resource_type") or ("task" if "completed" in value or "memberships" in value else "")
            if kind == "task":
                self._task(graph, number, value)
            elif kind == "story":
                graph.stories.append(self._story(number, value, None))
            elif kind in _OTHERS:
                if kind == "project" and (gid := said(value, "gid")) and "name" in value:
                    graph.projects.add(self._projects.of(gid, said(value, "name")))
                graph.others.append((number, kind, value))
            elif kind in _NAMED:
                self._named(kind, value)
                graph.rows.append(Row(number, ignored=_NAMED[kind]))
            elif kind:
                graph.rows.append(Row(number, ignored=f"is a {kind[:50]}, which has no place here"))
            else:
                raise Wrong("resource_type", said(value, "gid"), "is empty, so it is not known what it is")
        except Wrong as wrong:
            graph.rows.append(Row(number, faults=(wrong.fault,)))

    def _named(self, kind: str, value: Mapping[str, Any]) -> None:
        if kind == "user":
            self._people.learn(value)
        elif kind == "portfolio":
            self._others.portfolio(value)
        elif project := part(value, "project"):
            self._section(self._key(project), value)

    def _key(self, project: Mapping[str, Any]) -> str | None:
        gid, name = said(project, "gid") or said(project, "id"), said(project, "name")
        return self._projects.of(gid, name) if gid or name else None

    def _section(self, project: str | None, section: Mapping[str, Any]) -> str | None:
        name = section_of(said(section, "name"))
        if isinstance(name, CellProblem):
            raise Wrong("section", said(section, "name"), name.reason)
        if project is not None:
            self.sections.append((project, name, said(section, "gid")))
        return name

    def _task(self, graph: Graph, number: int, value: Mapping[str, Any]) -> None:
        task = self._made(graph, number, value)
        if isinstance(task, Row):
            graph.rows.append(task)
            return
        graph.tasks.append(task)
        graph.not_carried.update(dict.fromkeys(name for name, held in value.items() if held and name not in _TASK))
        for below in listed(value, "subtasks"):
            if "completed" in below:
                parent = below.get("parent") or {"gid": task.gid}
                self._object(graph, {"resource_type": "task", **below, "parent": parent})

    def _made(self, graph: Graph, number: int, value: Mapping[str, Any]) -> Task | Row:
        gid = said(value, "gid") or said(value, "id")
        if gid is None:
            raise Wrong("gid", None, "is empty")
        if value.get("is_rendered_as_separator") is True or said(value, "resource_subtype") == "section":
            return Row(number, ignored="is a separator between tasks, and no task")
        if not isinstance(completed := value.get("completed"), bool):
            raise Wrong(
                "completed", gid, "does not say whether it is; ask for name, completed and the rest with opt_fields"
            )
        notes: list[CellFault] = []
        created, ended = self._when("created_at", value), self._when("completed_at", value) if completed else None
        if created and ended and created > ended:
            reason = f"lies before the creation, {created}, so it is completed as of the last change"
            notes.append(CellFault("completed_at", str(ended), reason))
            ended = None
        start = self._others.day("start_on", value.get("start_on") or _ten(value.get("start_at")))
        due = self._others.day("due_on", value.get("due_on") or _ten(value.get("due_at")))
        if start and due and due < start:
            reason = f"lies after the due date, {due}, so it was left out"
            notes.append(CellFault("start_on", str(start), reason))
            start = None
        seen = self._when("modified_at", value) or ended or created
        if seen is None:
            raise Wrong("modified_at", gid, "has neither modified_at nor created_at; ask for them with opt_fields")
        sections = {
            key: self._section(key, part(each, "section"))
            for each in listed(value, "memberships")
            if (key := self._key(part(each, "project"))) is not None
        }
        others = (self._key(each) for each in listed(value, "projects"))
        estimate, is_silent = self._estimated(graph, value)
        silent = {ours for ours, theirs in _SILENT.items() if not any(name in value for name in theirs)}
        waits_for = [said(each, "gid") for each in listed(value, "dependencies")] if "dependencies" in value else None
        stories = [self._story(0, each, gid) for each in listed(value, "stories")]
        return Task(
            number,
            gid,
            seen,
            completed,
            title=title_of(said(value, "name")),
            work_type=_TYPES.get(kind, kind) if (kind := said(value, "resource_subtype")) else None,
            projects=tuple(dict.fromkeys((*sections, *(key for key in others if key)))),
            sections=sections,
            parent=said(part(value, "parent"), "gid") or said(part(value, "parent"), "id"),
            created=created,
            completed_at=ended,
            assignee=self._people.learn(part(value, "assignee")),
            estimate=estimate,
            start=start,
            due=due,
            schedule=_worked(value),
            dependencies=tuple(each for each in waits_for if each) if waits_for is not None else None,
            changes=[each.change for each in stories if each.change] or None,
            notes=notes,
            silent=frozenset(silent | ({"estimate"} if is_silent else set())),
        )

    def _when(self, name: str, value: Mapping[str, Any]) -> Any:
        return self._others.when(name, value.get(name))

    def _estimated(self, graph: Graph, value: Mapping[str, Any]) -> tuple[Any, bool]:
        """The estimate, and whether the file says nothing of it."""
        found = next(
            (f for f in listed(value, "custom_fields") if (said(f, "name") or "").casefold() == self._estimate), None
        )
        if found is None:
            return None, True
        number = found.get("number_value")
        if number is None or isinstance(number, bool) or not isinstance(number, int | float):
            return None, number is not None
        is_duration = said(found, "format") == "duration"
        unit = "minutes" if is_duration else self._mapping.time_unit or unit_named(said(found, "name") or "")
        if unit is None:
            graph.without_unit += 1
            return None, True
        estimate = hours(f"{number:.4f}" if abs(number) < 1e9 else str(number), unit, ".")
        if isinstance(estimate, CellProblem):
            raise Wrong(said(found, "name"), number, estimate.reason)
        return estimate, False

    def _story(self, number: int, value: Mapping[str, Any], task: str | None) -> Story:
        target = part(value, "target") or part(value, "task")
        about = task or said(target, "gid") or ""
        kind = said(value, "resource_subtype") or said(value, "type") or "story"
        change = change_of(value, kind, self._others, self._people, self._projects, self._mapping)
        return Story(number, about, change, kind)


def other_rows(graph: Graph, others: Others, data_date: When | None) -> Iterator[Row]:
    """The rows of objects that are no tasks; updates come first, since a project's state follows from the last one."""
    first = [each for each in graph.others if each[1] in ("status_update", "project_status")]
    for number, kind, value in (*first, *(each for each in graph.others if each not in first)):
        try:
            match kind:
                case "project":
                    yield others.project(number, value, data_date or EARLIEST)
                case "time_tracking_entry":
                    yield others.entry(number, value)
                case "allocation":
                    yield others.allocation(number, value, data_date or EARLIEST)
                case _:
                    yield others.update(number, value)
        except Wrong as wrong:
            yield Row(number, faults=(wrong.fault,))


def _worked(value: Mapping[str, Any]) -> dict[str, Any]:
    minutes = value.get("actual_time_minutes")
    if "actual_time_minutes" not in value:
        return {}
    if minutes is None:
        return {"actual_effort": None}
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 <= minutes <= 1e8:
        raise Wrong("actual_time_minutes", shown(str(minutes)), "is no number of minutes")
    return {"actual_effort": hours(f"{minutes:.4f}", "minutes", ".")}


def _ten(moment: Any) -> Any:
    return moment[:10] if isinstance(moment, str) else None
