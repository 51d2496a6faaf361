"""An issue as either format has it, into what it shows: an item with its history, hours, and its project."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.streams import slug_key
from services.importers.cells import FOUR_PLACES, text
from services.importers.jira.mapping import CATEGORIES, JiraMapping, guessed
from services.importers.rows import CellFault
from services.importers.shown import Hours, Item, Person, Project, Row, Status, Step, Thing, When
from services.importers.source import ProjectRule
from services.importers.worked import worked_on

_SECONDS = Decimal(3600)
_DEEPEST = 10
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhm])\w*", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.0+)?")


class Change(NamedTuple):
    """One entry of the changelog: what each field became, and what it was."""

    id: str
    when: dt.datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class Worklog(NamedTuple):
    """Time that was logged."""

    id: str
    person: Person
    day: dt.date
    seconds: int
    made_up: bool = False


@dataclass(slots=True)
class Issue:
    """An issue of either format. `silent` are fields that the export does not have."""

    number: int
    key: str
    id: str
    project: str
    status: str
    category: str | None
    seen: When
    project_name: str | None = None
    title: str | None = None
    work_type: str | None = None
    resolution: str | None = None
    assignee: Person | None = None
    estimate: Decimal | None = None
    start: dt.date | None = None
    due: dt.date | None = None
    flagged: bool = False
    parent: str | None = None
    created: When | None = None
    resolved: When | None = None
    status_since: When | None = None
    worklogs: list[Worklog] = field(default_factory=list)
    changes: list[Change] | None = None
    notes: list[CellFault] = field(default_factory=list)
    silent: frozenset[str] = frozenset()


class Statuses:
    """The category of every status: of the mapping, else as the files say, else by its name, which is noted."""

    def __init__(self, mapping: JiraMapping) -> None:
        self._known: dict[str, Any] = {name.casefold(): category for name, category in mapping.statuses.items()}
        self._of_mapping = frozenset(self._known)
        self.guessed: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self._statuses: dict[str, Status] = {}

    def learn(self, name: str, category: str | None) -> None:
        """What a file says of a status, by the key or the name of Jira's category."""
        known = CATEGORIES.get((category or "").casefold())
        if known is not None and name.casefold() not in self._of_mapping:
            self._known[name.casefold()] = self.told[name] = known

    def of(self, name: str) -> Status:
        """The status with its category."""
        found = self._statuses.get(name)
        if found is None:
            category = self._known.get(name.casefold())
            if category is None:
                category = self.guessed[name] = guessed(name)
            found = self._statuses[name] = Status(name, category)
        return found


class Issues:
    """All issues of one import: parents and epics are looked up among them."""

    def __init__(self, mapping: JiraMapping, statuses: Statuses) -> None:
        self._mapping, self._statuses = mapping, statuses
        self._not_done = frozenset(name.casefold() for name in mapping.not_done)
        self._parents: dict[str, str | None] = {}
        self._by_id: dict[str, str] = {}
        self._projects: dict[str, str] = {}
        self._ours: dict[str, tuple[ProjectRule | None, str]] = {}

    def add(self, issues: Iterable[Issue]) -> None:
        """Makes issues known before any is turned into what it shows."""
        for issue in issues:
            self._by_id[issue.id] = issue.key
            self._projects[issue.key] = issue.project
            self._parents[issue.key] = issue.parent

    def key_of(self, reference: str | None) -> str | None:
        """The key of an issue that is named by key or by number; None if it is not among the files."""
        if reference is None:
            return None
        found = self._by_id.get(reference, reference)
        return None if found.isdecimal() else found

    def row(self, issue: Issue, known: set[str]) -> Row:
        """What an issue shows. A project that is not among the `known` is made known by its first row."""
        rule, project = self._project(issue.key, issue.project)
        things: list[Thing] = []
        if project not in known:
            known.add(project)
            things.append(self._as_project(issue, rule, project))
        things.append(self._as_item(issue, project))
        things.extend(self._hours(issue, project))
        return Row(issue.number, tuple(things), notes=tuple(issue.notes))

    def _project(self, key: str, source_project: str) -> tuple[ProjectRule | None, str]:
        """By the epic that the issue is under, else by its Jira project."""
        above: str | None = key
        for _ in range(_DEEPEST if self._mapping.epics else 0):
            if above is None:
                break
            if (rule := self._mapping.epics.get(above)) is not None:
                return rule, rule.project
            above = self.key_of(self._parents.get(above))
        found = self._ours.get(source_project)
        if found is None:
            rule = self._mapping.projects.get(source_project)
            found = self._ours[source_project] = rule, rule.project if rule else slug_key(source_project)
        return found

    def _as_project(self, issue: Issue, rule: ProjectRule | None, project: str) -> Project:
        unit = (rule.unit if rule else None) or self._mapping.unit
        name = issue.project_name if rule is None or rule.project == slug_key(issue.project) else None
        fields = {"name": name or project, "unit": unit, "source_key": issue.project}
        return Project(project, issue.created or issue.seen, fields, if_unknown=True)

    def _as_item(self, issue: Issue, project: str) -> Item:
        status = self._statuses.of(issue.status)
        item = Item(
            project,
            slug_key(issue.key),
            issue.seen,
            status,
            work_type=issue.work_type,
            title=issue.title,
            parent=self._parent(issue, project),
            assignee=issue.assignee,
            estimate=issue.estimate,
            planned_start=issue.start,
            planned_finish=issue.due,
            blocked=issue.flagged,
            removed=self._removed(status, issue.resolution),
            created=issue.created,
            silent=issue.silent,
        )
        if issue.changes is not None:
            item.first, item.steps = self._history(issue)
        elif issue.created is not None:
            item.steps = self._dated(issue, item)
            item.first = {"blocked": False}
        return item

    def _parent(self, issue: Issue, project: str) -> str | None:
        if issue.parent is None:
            return None
        parent = self.key_of(issue.parent)
        if parent is None:
            issue.notes.append(
                CellFault("Parent", issue.parent, "is no issue of these files, so no parent was recorded")
            )
            return None
        above = self._projects.get(parent, parent.rpartition("-")[0])
        if self._project(parent, above)[1] != project:
            issue.notes.append(CellFault("Parent", parent, "is in another project, so no parent was recorded"))
            return None
        return slug_key(parent)

    def _removed(self, status: Status, resolution: str | None) -> str | None:
        if status.category != "done":
            return None
        ends = next((name for name in (resolution, status.name) if name and name.casefold() in self._not_done), None)
        return f"Ended without being done: {ends}" if ends else None

    def _dated(self, issue: Issue, item: Item) -> tuple[Step, ...]:
        """The changes whose time a state shows: when it was resolved, or when its category changed."""
        since = issue.resolved if item.status.category == "done" else issue.status_since
        since = since or issue.status_since
        if since is None or item.status.category == "queue":
            return ()
        fields: dict[str, Any] = {"status": item.status}
        if item.removed:
            fields["removed"] = item.removed
        return (Step(f"{item.status.name} {since}", since, fields),)

    def _history(self, issue: Issue) -> tuple[Mapping[str, Any], tuple[Step, ...]]:
        """The fields at the beginning, and each change of them; whether an issue is removed follows from two fields."""
        changes = issue.changes or []
        first: dict[str, Any] = {}
        for change in reversed(changes):
            first.update(change.before)
        name, resolution = first.pop("status", issue.status), first.pop("resolution", issue.resolution)
        first["status"] = self._statuses.of(name)
        removed = first["removed"] = self._removed(first["status"], resolution)
        steps: list[Step] = []
        for change in changes:
            fields = dict(change.after)
            if "status" in fields or "resolution" in fields:
                name, resolution = fields.get("status", name), fields.pop("resolution", resolution)
                status = self._statuses.of(name)
                if "status" in fields:
                    fields["status"] = status
                if (now := self._removed(status, resolution)) != removed:
                    removed = fields["removed"] = now
            if fields:
                steps.append(Step(change.id, change.when, fields))
        return first, tuple(steps)

    def _hours(self, issue: Issue, project: str) -> Iterator[Hours]:
        for log in issue.worklogs:
            if hours := worked_on(log.day, log.seconds, "Log Work", issue.notes):
                yield Hours(log.person, project, log.day, hours, log.id, log.made_up)


def effort(cell: Any, mapping: JiraMapping) -> Decimal | None:
    """Hours of a time that Jira writes in seconds, or as ``1w 2d 3h``; None for none. Raises ValueError."""
    line = text(cell)
    if line is None or line == "-1":
        return None
    if _NUMBER.fullmatch(line):
        seconds = Decimal(line)
    else:
        parts = _PART.findall(line)
        if not parts or _PART.sub("", line).strip(" ,"):
            raise ValueError("is neither seconds nor a time such as 1d 4h")
        day = mapping.hours_per_day * 3600
        sizes = {"w": day * mapping.days_per_week, "d": day, "h": _SECONDS, "m": Decimal(60)}
        seconds = sum((Decimal(number) * sizes[unit.lower()] for number, unit in parts), Decimal(0))
    if seconds < 0:
        raise ValueError("is below zero")
    hours = (seconds / _SECONDS).quantize(FOUR_PLACES)
    return hours.quantize(Decimal(1)) if hours == hours.to_integral_value() else hours.normalize()
