"""Tasks into what they show: an item of work with its history, and the project that it belongs to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.streams import slug_key
from services.importers.asana.mapping import AsanaMapping, is_workflow, known
from services.importers.asana.task import Change, Projects, Task, Tasks
from services.importers.rows import CellFault
from services.importers.shown import Allocation, Hours, Item, Project, Row, Schedule, Status, Step
from services.importers.tell.work import BEFORE

OPEN = Status("Open", "queue")
COMPLETED = Status("Completed", "done")
"""Completion is a tick at the task in Asana, whatever section it stands in."""

_UNKNOWN = Status(BEFORE, "queue")


class Sections:
    """Of each project whether its sections say how far work is, and the category of each that does."""

    def __init__(self, mapping: AsanaMapping) -> None:
        self._workflow: dict[str, bool] = dict(mapping.workflow)
        self._said = {name.casefold(): category for name, category in mapping.statuses.items()}
        self._names: dict[str, dict[str, None]] = {}
        self._projects: dict[str, str] = {}
        self.guessed: dict[str, Any] = {}
        self.not_completed: dict[str, None] = {}

    def learn(self, project: str, section: str | None, gid: str | None = None) -> None:
        """A section of a project, before any status is asked for."""
        if section is not None:
            self._names.setdefault(project, {})[section] = None
        if gid is not None:
            self._projects[gid] = project

    def project_of(self, gids: Iterable[str]) -> str | None:
        """The project of the first of these sections that a file shows."""
        return next((self._projects[gid] for gid in gids if gid in self._projects), None)

    def settle(self, projects: Iterable[str]) -> dict[str, bool]:
        """Guesses what the mapping does not say; the guesses, by project."""
        asked = [each for each in dict.fromkeys(projects) if each not in self._workflow and each in self._names]
        found = {each: is_workflow(self._names[each]) for each in sorted(asked)}
        self._workflow.update(found)
        return found

    def status(self, project: str, section: str | None, completed: bool) -> Status:
        """The status of a task. One that stands among what is done and is not completed is still worked on."""
        if completed:
            return COMPLETED
        if section is None or not self._workflow.get(project):
            return OPEN
        category = self._said.get(section.casefold())
        if category is None:
            category = self.guessed[section] = known(section) or "active"
        if category == "done":
            self.not_completed[section] = None
            category = "active"
        return Status(section, category)


class Teller:
    """Makes the rows of one import."""

    def __init__(self, tasks: Tasks, projects: Projects, sections: Sections) -> None:
        self._tasks, self._projects, self._sections = tasks, projects, sections
        self._with_project: set[str] = set()
        self.in_several = 0

    def knows(self, project: str) -> None:
        """A project that a file shows itself, and no task needs to make known."""
        self._with_project.add(project)

    def learn(self, task: Task, home: str) -> None:
        """The sections in which a task stood, also those that no task stands in now."""
        for change in task.changes or ():
            if "section" in change.after and self._is_of(change, home):
                self._sections.learn(home, change.before["section"])
                self._sections.learn(home, change.after["section"])

    def made_known(self, thing: Hours | Allocation | Item) -> Iterator[Project]:
        """The project of a thing, if nothing made it known before."""
        if thing.project not in self._with_project:
            self._with_project.add(thing.project)
            fields = {"name": self._projects.name(thing.project), "unit": self._projects.unit(thing.project)}
            when = thing.day if isinstance(thing, Hours) else thing.seen
            if isinstance(thing, Item) and thing.created is not None:
                when = thing.created
            yield Project(thing.project, when, fields, if_unknown=True)

    def row(self, task: Task) -> Row:
        """What a task shows."""
        home = self._tasks.home(task.gid)
        if home is None:
            fault = CellFault(
                "Projects", None, "is in no project; say by `project` in a mapping to which of ours it belongs"
            )
            return Row(task.number, faults=(fault,))
        self.in_several += len(task.projects) > 1
        item = self._item(task, home)
        return Row(task.number, (*self.made_known(item), item), notes=tuple(task.notes))

    def _item(self, task: Task, home: str) -> Item:
        is_shown = home in task.sections or not self._tasks.projects(task.gid)
        section = task.sections.get(home)
        silent = task.silent | {"blocked", "percent_complete"}
        item = Item(
            home,
            slug_key(task.gid),
            task.seen,
            self._sections.status(home, section, task.completed),
            work_type=task.work_type,
            title=task.title,
            parent=self._parent(task, home),
            assignee=task.assignee,
            estimate=task.estimate,
            planned_start=task.start,
            planned_finish=task.due,
            created=task.created,
            schedule=self._schedule(task, home),
            silent=silent,
        )
        if not is_shown and not task.completed:
            # the file shows the section in another project only
            item.status, item.silent = _UNKNOWN, silent | {"status"}
        if task.changes:
            item.first, item.steps = self._history(task, home, section)
        elif task.created is not None:
            item.first = {"blocked": False}
            if task.completed and task.completed_at is not None:
                item.steps = (Step(f"{COMPLETED.name} {task.completed_at}", task.completed_at, {"status": COMPLETED}),)
        return item

    def _history(self, task: Task, home: str, section: str | None) -> tuple[Mapping[str, Any], tuple[Step, ...]]:
        """The fields at the beginning, and each change; a section of another project says nothing of this one."""
        changes = [each for each in task.changes or () if self._is_of(each, home)]
        if task.completed_at is not None and not any(change.after.get("completed") for change in changes):
            changes.append(Change(f"completed {task.completed_at}", task.completed_at, {}, {"completed": True}))
        first: dict[str, Any] = {}
        for change in reversed(changes):
            first.update(change.before)
        now, completed = first.pop("section", section), False
        first.pop("completed", None)
        status = first["status"] = self._sections.status(home, now, completed)
        steps: list[Step] = []
        for change in changes:
            fields = dict(change.after)
            now, completed = fields.pop("section", now), fields.pop("completed", completed)
            if (stands := self._sections.status(home, now, completed)) != status:
                status = fields["status"] = stands
            if fields:
                steps.append(Step(change.id, change.when, fields))
        return first, tuple(steps)

    def _is_of(self, change: Change, home: str) -> bool:
        if "section" not in change.after:
            return True
        project = self._projects.final(change.project) if change.project else self._sections.project_of(change.sections)
        return project in (None, home)

    def _parent(self, task: Task, home: str) -> str | None:
        if task.parent is None:
            return None
        above = self._tasks.home(task.parent)
        if above is None:
            reason = "is no task of these files, so no parent was recorded"
        elif above != home:
            reason = f"counts for {above}, another project, so no parent was recorded"
        else:
            return slug_key(task.parent)
        task.notes.append(CellFault("Parent task", task.parent, reason))
        return None

    def _schedule(self, task: Task, home: str) -> Schedule | None:
        fields = dict(task.schedule)
        if task.dependencies is not None:
            fields["predecessors"] = [
                {
                    "item_key": slug_key(gid),
                    "relation": "finish-to-start",
                    "lag": 0,
                    "lag_unit": "days",
                    "elapsed": False,
                }
                for gid in task.dependencies
                if self._waits_for(task, gid, home)
            ]
        return Schedule(fields) if fields else None

    def _waits_for(self, task: Task, gid: str, home: str) -> bool:
        other = self._tasks.home(gid)
        if other != home:
            where = f"counts for {other}, another project" if other else "is no task of these files"
            task.notes.append(CellFault("Blocked By", gid, f"{where}, so it was left out"))
        return other == home
