"""Entries of all files into what they show: items with their history, hours, and the projects that they belong to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.streams import slug_key
from services.importers.monday.entry import Entry, Statuses, history
from services.importers.monday.mapping import Level, MondayMapping
from services.importers.monday.observed import ProjectStatuses
from services.importers.rows import CellFault
from services.importers.shown import Assignment, Hours, Item, Project, Row, Schedule, Thing, When, instant
from services.importers.source import ProjectRule
from services.importers.worked import worked_on

_NAME_LENGTH = 500
_FINISH_TO_START = {"relation": "finish-to-start", "lag": Decimal(0), "lag_unit": "days", "elapsed": False}


def listing(board: str) -> str:
    """What the source keys of all projects that a board lists begin with."""
    return f"{board}/"


class _Place(NamedTuple):
    """A project: our key of it, the source's, its name there, and what the mapping says of it."""

    key: str
    source_key: str
    name: str | None
    rule: ProjectRule | None


class Things:
    """All entries of one import: parents, and what comes after what, are looked up among them."""

    def __init__(self, mapping: MondayMapping, statuses: Statuses, level: Callable[[str], Level]) -> None:
        self._mapping, self._statuses, self._level = mapping, statuses, level
        self.project_statuses = ProjectStatuses(mapping, statuses)
        self._entries: Mapping[str, Entry] = {}
        self._begins: dict[str, When] = {}
        self._told: set[str] = set()

    def add(self, entries: Iterable[Entry]) -> None:
        """Makes all entries known before any is turned into what it shows."""
        self._entries = {entry.id: entry for entry in entries}
        for entry in self._entries.values():
            key, when = self._place(entry).key, entry.created or entry.seen
            self._begins[key] = min(self._begins.get(key, when), when, key=instant)

    def row(self, entry: Entry) -> Row:
        """What an entry shows; with the first one of a project the project itself."""
        if self.is_project(entry) and entry.state == "deleted":
            return Row(entry.number, ignored="deleted in monday.com")
        place = self._place(entry)
        things: list[Thing] = []
        if self.is_project(entry):
            self._told.add(place.key)
            things.append(self._project(entry, place))
        else:
            if place.key not in self._told:
                self._told.add(place.key)
                things.append(self._known(place))
            things.append(self._item(entry, place))
        things.extend(self._hours(entry, place))
        return Row(entry.number, tuple(things), notes=tuple(entry.notes))

    def is_project(self, entry: Entry) -> bool:
        """Whether it is a project, and no item of one."""
        return entry.parent is None and self._level(entry.board) == "item"

    def _top(self, entry: Entry) -> Entry:
        seen = {entry.id}
        while entry.parent is not None and entry.parent not in seen:
            above = self._entries.get(entry.parent)
            if above is None:
                break
            seen.add(above.id)
            entry = above
        return entry

    def _place(self, entry: Entry) -> _Place:
        top = self._top(entry)
        board, name = top.board, top.board_name
        match self._level(board):
            case "item":
                names, key, said = (top.id, top.name), top.id, top.name
            case "group" if top.group:
                key = f"{board}.{top.group}"
                names = (f"{board}/{top.group}", f"{name}/{top.group_title}")
                said = f"{name or board} / {top.group_title or top.group}"
            case _:
                names, key, said = (board, name), board, name
        rule = next((self._mapping.projects[each] for each in names if each in self._mapping.projects), None)
        return _Place(rule.project if rule else slug_key(key), key, said, rule)

    def _known(self, place: _Place) -> Project:
        # where several of the source's are one of ours, none of them gives it its name
        name = (place.name or place.source_key) if place.key == slug_key(place.source_key) else place.key
        fields = {"name": name[:_NAME_LENGTH], "unit": self._unit(place), "source_key": place.source_key[:200]}
        return Project(place.key, self._begins[place.key], fields, if_unknown=True)

    def _project(self, entry: Entry, place: _Place) -> Project:
        fields = {
            **entry.project,
            "name": (entry.name or place.key)[:_NAME_LENGTH],
            "unit": self._unit(place),
            "status": self.project_statuses.of(entry),
            "start": entry.start,
            "finish": entry.finish,
            "category": entry.group_title,
            "source_key": f"{listing(entry.board)}{entry.id}"[:200],
        }
        return Project(place.key, entry.seen, fields)

    def _unit(self, place: _Place) -> str | None:
        return (place.rule.unit if place.rule else None) or self._mapping.unit

    def _item(self, entry: Entry, place: _Place) -> Item:
        status = self._statuses.of(entry.board, entry.label)
        first, steps = history(entry, self._statuses)
        silent = entry.silent
        return Item(
            place.key,
            slug_key(entry.id),
            entry.seen,
            status,
            work_type=entry.work_type,
            title=entry.name,
            parent=self._parent(entry),
            assignee=entry.assignee,
            estimate=entry.estimate,
            planned_start=entry.start,
            planned_finish=entry.finish,
            percent_complete=entry.percent,
            schedule=self._schedule(entry, place),
            blocked=self._statuses.is_stuck(entry.label),
            removed=self._statuses.removed(status, entry.state),
            created=entry.created,
            first=first,
            steps=steps,
            silent=silent | {"blocked"} if "status" in silent else silent,
        )

    def _schedule(self, entry: Entry, place: _Place) -> Schedule:
        """What it waits for, and all of its people where there are several: an item of work has one assignee."""
        fields = {} if entry.after is None else {"predecessors": list(self._predecessors(entry, place))}
        people = tuple(Assignment(person) for person in entry.people) if len(entry.people) > 1 else ()
        return Schedule(fields, None if "assignee" in entry.silent else people)

    def _predecessors(self, entry: Entry, place: _Place) -> Iterator[dict[str, Any]]:
        for key in entry.after or ():
            before = self._entries.get(key)
            if before is None or self.is_project(before) or self._place(before).key != place.key:
                where = "is no item of these files" if before is None else "is in another project"
                entry.notes.append(CellFault("dependency", key, f"{where}, so it was left out"))
            else:
                yield {"item_key": slug_key(key), **_FINISH_TO_START}

    def _parent(self, entry: Entry) -> str | None:
        if entry.parent is None:
            return None
        above = self._entries.get(entry.parent)
        if above is None:
            reason = "is no item of these files, so no parent was recorded"
            entry.notes.append(CellFault("parent_item", entry.parent, reason))
            return None
        return None if self.is_project(above) else slug_key(above.id)

    def _hours(self, entry: Entry, place: _Place) -> Iterator[Hours]:
        for session in entry.sessions:
            if hours := worked_on(session.day, session.seconds, "time tracking", entry.notes):
                yield Hours(session.person, place.key, session.day, hours, session.id)
