"""A task as either format has it; its project, the one home of a task that is in several; and what a time says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.streams import slug_key
from services.errors import BadInput
from services.importers.asana.mapping import AsanaMapping, TimeUnit
from services.importers.cells import FOUR_PLACES, CellProblem, money, text
from services.importers.rows import CellFault
from services.importers.shown import Person, When
from services.importers.source import ProjectRule

_DEEPEST = 20
_CLOCK = re.compile(r"(\d{1,5}):(\d{2})")
_PART = re.compile(r"(\d{1,6}(?:[.,]\d{1,4})?)\s*([hm])[a-z]*", re.IGNORECASE)
_PLAIN = re.compile(r"[-+]?\d[\d.,' ]*")


class Change(NamedTuple):
    """An entry of a task's history: fields after it and before it.

    `project` is the one whose section changed, where the entry tells; else the gids of its `sections` may.
    """

    id: str
    when: When
    before: dict[str, Any]
    after: dict[str, Any]
    project: str | None = None
    sections: tuple[str, ...] = ()


@dataclass(slots=True)
class Task:
    """A task. `sections` has the section in each project that the file tells of, `fallback` where it belongs if
    neither it nor its parent is in a project; `changes` are None where the file has no history.
    """

    number: int
    gid: str
    seen: When
    completed: bool
    title: str | None = None
    work_type: str | None = None
    projects: tuple[str, ...] = ()
    sections: dict[str, str | None] = field(default_factory=dict)
    parent: str | None = None
    fallback: str | None = None
    created: When | None = None
    completed_at: When | None = None
    assignee: Person | None = None
    estimate: Decimal | None = None
    start: Any = None
    due: Any = None
    schedule: dict[str, Any] = field(default_factory=dict)
    dependencies: tuple[str, ...] | None = None
    changes: list[Change] | None = None
    notes: list[CellFault] = field(default_factory=list)
    silent: frozenset[str] = frozenset()


class Projects:
    """The projects of one import: by gid or name as the mapping says, else each is ours by its name."""

    def __init__(self, mapping: AsanaMapping) -> None:
        self._mapping = mapping
        self._order = {rule.project: at for at, rule in enumerate(mapping.projects.values())}
        self._gids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._named: dict[str, str] = {}
        self._units = {rule.project: rule.unit for rule in mapping.projects.values() if rule.unit}

    def of(self, gid: str | None, name: str | None) -> str:
        """Our key of a project. Raises BadInput if two projects that the mapping does not tell apart share a name."""
        rules = self._mapping.projects
        rule = rules.get(gid or "") or rules.get(name or "")
        if rule is not None:
            key = rule.project
        elif name is None:
            key = self.final(slug_key(gid or ""))
        else:
            key = slug_key(name)
            if gid is not None and (other := self._gids.setdefault(key, gid)) != gid:
                raise BadInput(
                    f"Two projects are named {name!r}, {other} and {gid}; say by `projects` in a mapping which project "
                    f'of ours each is, as in {{"{gid}": {{project: KEY}}}}.'
                )
        if gid is not None:
            self._named[slug_key(gid)] = key
        if name is not None:
            self._names.setdefault(key, name)
        return key

    def final(self, key: str) -> str:
        """The key of a project, also where its name came after the first that was said of it."""
        return self._named.get(key, key)

    @property
    def rules(self) -> dict[str, ProjectRule]:
        """The mapping's rules, and behind them one for each other project, in the order in which tasks prefer them."""
        said = {rule.project for rule in self._mapping.projects.values()}
        found = {self._gids.get(key, name): key for key, name in sorted(self._names.items()) if key not in said}
        return {**self._mapping.projects, **{name: ProjectRule(project=key) for name, key in found.items()}}

    def name(self, key: str) -> str:
        """What a project is called in Asana."""
        return self._names.get(key, key)

    def unit(self, key: str) -> str | None:
        """The unit that answers for a project that is not yet known."""
        return self._units.get(key) or self._mapping.unit

    def home(self, keys: Iterable[str]) -> str | None:
        """The one of these projects for which a task counts: by the mapping's order, then by the alphabet."""
        return min(keys, key=lambda key: (self._order.get(key, len(self._order)), key), default=None)

    def split(self, cell: str) -> list[str]:
        """The names in a cell of several: those of the mapping are whole, also where they have commas."""
        parts = [part.strip() for part in cell.split(",")]
        names: list[str] = []
        at = 0
        while at < len(parts):
            ends = range(len(parts), at, -1)
            end = next((end for end in ends if ", ".join(parts[at:end]) in self._mapping.projects), at + 1)
            names.append(", ".join(parts[at:end]))
            at = end
        return [name for name in names if name]


class Tasks:
    """All tasks of one import: parents and what a task waits for are looked up among them."""

    def __init__(self, mapping: AsanaMapping, projects: Projects) -> None:
        self._mapping, self._projects = mapping, projects
        self._tasks: dict[str, Task] = {}
        self._homes: dict[str, str | None] = {}

    def add(self, tasks: Iterable[Task]) -> None:
        """Makes tasks known before any is turned into what it shows."""
        final = self._projects.final
        for task in tasks:
            task.projects = tuple(dict.fromkeys(map(final, task.projects)))
            task.sections = {final(key): section for key, section in task.sections.items()}
            held = self._tasks.setdefault(task.gid, task)
            if held is not task:
                # another file may say more of where it belongs
                held.projects = tuple(dict.fromkeys((*held.projects, *task.projects)))

    def find(self, gid: str) -> Task | None:
        """A task of the files."""
        return self._tasks.get(gid)

    def projects(self, gid: str) -> tuple[str, ...]:
        """All projects that a task is in itself."""
        task = self._tasks.get(gid)
        return task.projects if task else ()

    def home(self, gid: str) -> str | None:
        """Our project of a task of the files: its own, else that of the task above it, else what the mapping says."""
        if gid not in self._homes:
            self._homes[gid] = self._found(self._tasks.get(gid), 0)
        return self._homes[gid]

    def _found(self, task: Task | None, depth: int) -> str | None:
        if task is None or depth > _DEEPEST:
            return None
        own = self._projects.home(task.projects)
        above = self._found(self._tasks.get(task.parent), depth + 1) if own is None and task.parent else None
        return own or above or task.fallback or self._mapping.project


def hours(cell: Any, unit: TimeUnit | None, decimal: str) -> Decimal | None | CellProblem:
    """Hours of ``1h 30m``, ``1:30``, or of a plain number, which needs a unit; None for an empty cell."""
    line = text(cell)
    if line is None:
        return None
    if (clock := _CLOCK.fullmatch(line)) is not None:
        return _rounded(Decimal(int(clock[1]) * 60 + int(clock[2])) / 60)
    if is_plain(line):
        number = money(line, 1, decimal)
        if not isinstance(number, Decimal):
            return number
        if number < 0:
            return CellProblem("is below zero")
        if unit is None:
            return CellProblem("is a number without a unit; say by `time_unit` in a mapping: minutes or hours")
        return _rounded(number / 60 if unit == "minutes" else number)
    parts = _PART.findall(line)
    if not parts or _PART.sub("", line).strip(" ,"):
        return CellProblem("is no time such as 1h 30m, 1:30 or 90")
    minutes = sum(Decimal(n.replace(",", ".")) * (60 if u in "hH" else 1) for n, u in parts)
    return _rounded(Decimal(minutes) / 60)


def is_plain(line: str) -> bool:
    """Whether a time is a number without a unit."""
    return _PLAIN.fullmatch(line) is not None


def _rounded(number: Decimal) -> Decimal:
    found = number.quantize(FOUR_PLACES)
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()
