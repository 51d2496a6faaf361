"""Items of the interface's answers into entries: columns by their roles, subitems on boards of their own, the log."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.errors import BadInput
from services.importers import documents
from services.importers.cells import CellProblem, text
from services.importers.moments import Calendar
from services.importers.monday import activity
from services.importers.monday.answers import Board, Page, answers, learn
from services.importers.monday.entry import Entry, Statuses, silent
from services.importers.monday.mapping import (
    BoardRule,
    Column,
    Columns,
    Level,
    MondayMapping,
    columns_said,
    roles,
    type_of,
)
from services.importers.monday.observed import OF_PROJECTS, observed
from services.importers.monday.tracking import sessions
from services.importers.monday.values import Value, Wrong, amount_of, key_of, persons, share_of
from services.importers.shown import Row

CARRIED = (
    "id", "name", "board", "group", "state", "created_at", "updated_at", "subitems", "activity_logs",
)  # fmt: skip
_TITLE_LENGTH = 2000


@dataclass(slots=True)
class File:
    """One file, read: its entries, its rows that are none, and what is to be said of it."""

    file: str
    digest: str
    count: int = 0
    entries: list[Entry] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    carried: dict[str, None] = field(default_factory=lambda: dict.fromkeys(CARRIED))
    place: str = "element"
    other: dict[str, None] = field(default_factory=dict)


class Reader:
    """Reads JSON files: first what all of them say of boards and users, then their items and logs."""

    def __init__(self, mapping: MondayMapping, calendar: Calendar, statuses: Statuses) -> None:
        self._mapping, self._calendar, self._statuses = mapping, calendar, statuses
        self.boards: dict[str, Board] = {}
        self._names: dict[str, str] = {}
        self._mails: dict[str, str] = {}
        self._roles: dict[tuple[str, tuple[Column, ...], bool], Mapping[str, Column]] = {}
        self._with_more: set[str] = set()
        self._above: dict[str, str] = {}
        self._rules: dict[str, BoardRule] = {}
        self._used: dict[str, Mapping[str, Column]] = {}
        self._logs: dict[str, list[activity.Logged]] = {}
        self.log_begins: dict[str | None, dt.datetime] = {}
        self.ids: dict[str, str] = {}
        self.cursors = self.nexts = self.several = self.teams = self.held_back = self.without_sessions = self.logged = (
            self.tracked
        ) = 0

    def learn(self, path: Path) -> None:
        """What a file says of boards and users."""
        source = documents.opened(path)
        for answer in answers(source):
            for told in answer.boards:
                learn(self.boards, told, source.file)
            self._with_more.update(page.board for page in answer.pages if page.cursor and page.board)
            for user in answer.users:
                if isinstance(user, dict) and (key := key_of(user.get("id"))) is not None:
                    for into, name in ((self._names, "name"), (self._mails, "email")):
                        if isinstance(user.get(name), str) and (said := text(user[name])):
                            into[key] = said[:500]
        for board in self.boards.values():
            for labels in board.done.values():
                for label in labels:
                    self._statuses.learn_done(board.id, label)

    def read(self, path: Path) -> File:
        """The items of a file. Raises BadInput where it is not known of which board they are."""
        source = documents.opened(path)
        found = File(source.file, source.digest)
        for answer in answers(source):
            for page in answer.pages:
                self.cursors += page.cursor is not None
                self.nexts += page.is_next
                for item in page.items:
                    self._element(found, item, self._board_of(page, item, source.file))
            for board, entries in answer.logs:
                for told in entries:
                    self._log(found, board, told)
        return found

    def rule(self, board: str) -> BoardRule:
        """How a board is read; one of subitems is read as the board says that they are below."""
        board = self._above.get(board, board)
        found = self._rules.get(board)
        if found is None:
            known = self.boards.get(board)
            name = known.name if known else None
            found = self._mapping.boards.get(board) or self._mapping.boards.get(name or "") or BoardRule()
            self._rules[board] = found
        return found

    def level(self, board: str) -> Level:
        """What is a project on a board."""
        return self.rule(board).projects or self._mapping.level

    def rules(self) -> dict[str, BoardRule]:
        """How each board was read, with the columns that were guessed."""
        found: dict[str, BoardRule] = {}
        for board, columns in self._used.items():
            above = self._above.get(board, board)
            named = Columns(**{role: column.id for role, column in columns.items()})
            part = {"columns": named} if above == board else {"subitems": named}
            found[above] = found.get(above, self.rule(board)).model_copy(update=part)
        return found

    @property
    def said(self) -> Iterator[str]:
        """By which columns the items of each board were read."""
        for board, columns in self._used.items():
            above = self._above.get(board, board)
            known = self.boards.get(above)
            name = known.name if known and known.name else above
            carried = {role: column for role, column in columns.items() if self._is_carried(role, board)}
            yield columns_said(f"subitems of {name}" if board != above else name, carried)

    def tell_history(self, entry: Entry) -> None:
        """Gives an entry what the log says of it."""
        entry.log_begins = self.log_begins.get(entry.board)
        logged = self._logs.get(entry.id)
        if not logged:
            return
        columns = self._used.get(entry.board, {})
        board = self.boards.get(entry.board)
        told = activity.Told(
            {column.id: role for role, column in columns.items()},
            board.labels if board else {},
            entry.parent is None and self.rule(entry.board).group_is_status,
            self._mapping.hours_per_point,
            self._names,
        )
        known: set[str] = set()
        for each in logged:
            try:
                changes = list(activity.changes_of(each, told, self._calendar))
            except Wrong as wrong:
                reason = f"{wrong.fault.reason}, so this entry of the activity log was left out"
                entry.notes.append(wrong.fault._replace(reason=reason))
                continue
            entry.changes.extend(change for change in changes if change.id not in known)
            known.update(change.id for change in changes)

    @property
    def loose(self) -> int:
        """How many items the log speaks of that no file shows."""
        return sum(key not in self.ids for key in self._logs)

    def _board_of(self, page: Page, item: Any, file: str) -> str:
        own = item.get("board") if isinstance(item, dict) else None
        key = key_of(own.get("id")) if isinstance(own, dict) else None
        if key or page.board:
            return str(key or page.board)
        # a next page goes on with what had a cursor
        likely = self._with_more if page.is_next and self._with_more else self.boards
        if len(likely) == 1:
            return next(iter(likely))
        raise BadInput(
            f"{file} has items that do not say of which board they are; ask for board {{ id }} in each of them, or "
            "give the answer that has their board with it."
        )

    def _log(self, found: File, board: str | None, told: Any) -> None:
        found.count += 1
        try:
            logged, items = activity.entry_of(told, self._calendar)
        except Wrong as wrong:
            found.rows.append(Row(found.count, faults=(wrong.fault,)))
            return
        self.logged += 1
        begins = self.log_begins.get(board)
        self.log_begins[board] = min(begins, logged.when) if begins else logged.when
        for key in items:
            self._logs.setdefault(key, []).append(logged)

    def _element(self, found: File, told: Any, board: str, parent: str | None = None) -> None:
        found.count += 1
        try:
            entry = self._entry(found, told, board, parent)
        except Wrong as wrong:
            found.rows.append(Row(found.count, faults=(wrong.fault,)))
            return
        if (file := self.ids.get(entry.id)) is not None:
            found.rows.append(Row(entry.number, ignored=f"the item {entry.id} again, which is told from {file}"))
            return
        self.ids[entry.id] = found.file
        found.entries.append(entry)
        if parent is None and board in self.boards:
            self.boards[board].shown += 1
        listed = told.get("subitems")
        for each in listed if isinstance(listed, list) else ():
            own = each.get("board") if isinstance(each, dict) else None
            key = (key_of(own.get("id")) if isinstance(own, dict) else None) or f"{board}.subitems"
            self._above.setdefault(key, board)
            self._element(found, each, key, entry.id)

    def _entry(self, found: File, told: Any, board: str, parent: str | None) -> Entry:
        if not isinstance(told, dict):
            raise Wrong(None, told, "is not an item")
        key = key_of(told.get("id"))
        if key is None:
            raise Wrong("id", told.get("id"), "is not the id of an item, which has digits only")
        above = told.get("parent_item")
        parent = parent or (key_of(above.get("id")) if isinstance(above, dict) else None)
        created, updated = self._when(told, "created_at"), self._when(told, "updated_at")
        seen = updated or created
        if seen is None:
            raise Wrong("updated_at", None, "has neither created_at nor updated_at; ask for both")
        group = told.get("group")
        group = group if isinstance(group, dict) else {}
        known = self.boards.get(board)
        entry = Entry(
            found.count,
            board,
            key,
            seen,
            name=(text(_string(told.get("name"))) or "")[:_TITLE_LENGTH] or None,
            board_name=known.name if known else None,
            group=text(_string(group.get("id"))),
            group_title=text(_string(group.get("title"))),
            parent=parent,
            state=str(told.get("state") or "active"),
            created=created,
        )
        values = self._values(told, known)
        rule = self.rule(board)
        columns = self._roles_of(board, tuple(value.column for value in values.values()), parent is not None, rule)
        carried = {column.id for role, column in columns.items() if self._is_carried(role, board)}
        found.carried.update((value.column.title, None) for value in values.values() if value.column.id in carried)
        found.other.update(
            (value.column.title, None)
            for value in values.values()
            if value.column.id not in carried and value.column.type != "subtasks"
        )
        self._fill(entry, {role: values[c.id] for role, c in columns.items() if c.id in values}, rule)
        return entry

    def _values(self, told: Mapping[str, Any], board: Board | None) -> dict[str, Value]:
        listed = told.get("column_values")
        if not isinstance(listed, list):
            raise Wrong("column_values", told.get("id"), "are not there; ask for column_values { id type text value }")
        found: dict[str, Value] = {}
        for each in listed:
            key = each.get("id") if isinstance(each, dict) else None
            if not isinstance(key, str) or key == "name":
                continue
            column = board.columns.get(key) if board else None
            if column is None:
                own = each.get("column")
                own = own if isinstance(own, dict) else {}
                title = text(_string(each.get("title"))) or text(_string(own.get("title"))) or key
                column = Column(key, title, type_of(each.get("type") or own.get("type"), key))
            found[key] = Value(column, each)
        return found

    def _is_carried(self, role: str, board: str) -> bool:
        if role in ("key", "created", "updated"):
            # the interface tells them of every item
            return False
        if role in OF_PROJECTS:
            return self.level(board) == "item"
        return role != "points" or self._mapping.hours_per_point is not None

    def _roles_of(self, board: str, columns: tuple[Column, ...], is_sub: bool, rule: BoardRule) -> Mapping[str, Column]:
        known = self._roles.get((board, columns, is_sub))
        if known is None:
            said: Columns = rule.subitems if is_sub else rule.columns
            try:
                known = roles(columns, said)
            except KeyError as error:
                listed = ", ".join(repr(column.title) for column in columns[:20])
                raise BadInput(
                    f"The board {board} has no column {error.args[0]!r}, which the mapping names; it has {listed}."
                ) from None
            self._roles[board, columns, is_sub] = known
            self._used[board] = {**self._used.get(board, {}), **known}
        return known

    def _fill(self, entry: Entry, values: Mapping[str, Value], rule: BoardRule) -> None:
        """What the columns say. Raises Wrong for a value that cannot be taken."""
        calendar = self._calendar
        hidden = [role for role, value in values.items() if value.is_held_back]
        self.held_back += bool(hidden)
        shown_by = {role: value for role, value in values.items() if role not in hidden}
        if self._mapping.hours_per_point is None:
            shown_by.pop("points", None)
        entry.silent = silent(shown_by)
        get = shown_by.get
        labels = self.boards[entry.board].labels if entry.board in self.boards else {}
        if rule.group_is_status and entry.parent is None:
            entry.label, entry.silent = entry.group_title, entry.silent - {"status"}
        elif status := get("status"):
            entry.label = status.label(labels.get(status.column.id, {}))
            if status.told.get("is_done") is True and entry.label:
                self._statuses.learn_done(entry.board, entry.label)
            self._since(entry, status, "status")
        if people := get("assignee"):
            told = persons(people, self._names, self._mails)
            entry.people = tuple(told)
            self.several += len(told) > 1
            self.teams += any(not is_person for _, is_person in people.people())
            self._since(entry, people, "assignee")
        if timeline := get("timeline"):
            entry.start, entry.finish = timeline.day(calendar, "from"), timeline.day(calendar, "to")
            self._since(entry, timeline, "planned_start", "planned_finish")
        if not entry.start and not entry.finish:
            if start := get("start"):
                entry.start = start.date(calendar)
                self._since(entry, start, "planned_start")
            if due := get("due"):
                entry.finish = due.date(calendar)
                self._since(entry, due, "planned_finish")
        entry.order_days()
        self._effort(entry, get("estimate"), get("points"), labels)
        if kind := get("work_type"):
            entry.work_type = kind.label(labels.get(kind.column.id, {}))
        entry.work_type = entry.work_type or ("Subitem" if entry.parent else "Item")
        if after := get("after"):
            entry.after = after.linked()
        if time := get("time"):
            entry.sessions, left_out = sessions(time, calendar, self._names, self._mails)
            entry.notes.extend(left_out)
            self.tracked += len(entry.sessions)
            self.without_sessions += bool(time.seconds and not next(time.sessions(), None))
        if percent := get("percent"):
            entry.percent = share_of(percent.column, percent.scalar)
        if entry.parent is None and self.level(entry.board) == "item":
            entry.project = self._project(entry, get("budget"), get("rag"), labels)

    def _effort(
        self, entry: Entry, hours: Value | None, points: Value | None, labels: Mapping[str, Mapping[str, str]]
    ) -> None:
        """The estimate, of hours or else of story points; what is no number of points leaves it out."""
        if hours is not None:
            entry.estimate = hours.number()
        if entry.estimate is None and points is not None:
            try:
                found = points.points(labels.get(points.column.id, {}))
            except Wrong as wrong:
                entry.notes.append(wrong.fault._replace(reason=f"{wrong.fault.reason}, so no estimate was recorded"))
                return
            entry.estimate = found * (self._mapping.hours_per_point or Decimal(1)) if found is not None else None

    def _project(
        self, entry: Entry, budget: Value | None, rag: Value | None, labels: Mapping[str, Mapping[str, str]]
    ) -> Mapping[str, Any]:
        health = rag.label(labels.get(rag.column.id, {})) if rag else None
        return observed(
            entry.percent, amount_of(budget.column, budget.scalar) if budget else None, health, self._mapping
        )

    def _since(self, entry: Entry, value: Value, *names: str) -> None:
        if (when := value.when(self._calendar, "changed_at", "updated_at")) is not None:
            entry.since.update(dict.fromkeys(names, when))

    def _when(self, told: Mapping[str, Any], name: str) -> dt.datetime | None:
        value = told.get(name)
        found = self._calendar.when(value if isinstance(value, str) else None)
        if isinstance(found, CellProblem):
            raise Wrong(name, value, found.reason)
        if value is not None and not isinstance(found, dt.datetime):
            raise Wrong(name, value, "is not a moment")
        return found if isinstance(found, dt.datetime) else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
