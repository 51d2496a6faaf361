"""The activity log: what happened on a board, when, as JSON inside a string; the history of its items."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from services.importers.cells import text
from services.importers.moments import Calendar
from services.importers.monday.entry import UNKNOWN, Change
from services.importers.monday.mapping import Column
from services.importers.monday.values import Wrong, key_of, number, people_of, points
from services.importers.shown import Person

COLUMN_CHANGED = ("update_column_value", "batch_change_pulses_column_value")
MOVED = "move_pulse_from_group"
_STATES = {"archive_pulse": "archived", "delete_pulse": "deleted", "restore_pulse": "active"}
_TICKS = re.compile(r"\d{17}")
_TICKS_IN_MILLISECOND = 10_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_WHERE = "activity_logs"


class Logged(NamedTuple):
    """One entry of the log that says something of items."""

    id: str
    when: dt.datetime
    event: str
    data: Mapping[str, Any]


class Told(NamedTuple):
    """What the columns of an item's board say: which column has which role, and the labels of each."""

    roles: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]
    group_is_status: bool
    hours_per_point: Any
    names: Mapping[str, str]


def moment_of(value: Any, calendar: Calendar) -> dt.datetime:
    """The time of an entry: 17 digits that count 100 ns since 1970, or ISO 8601. Raises Wrong for anything else."""
    line = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if _TICKS.fullmatch(line):
        return _EPOCH + dt.timedelta(milliseconds=int(line) // _TICKS_IN_MILLISECOND)
    found = calendar.when(line) if len(line) > 10 and line[10] == "T" else None
    if isinstance(found, dt.datetime):
        return found
    raise Wrong(_WHERE, value, "is not a time of the activity log: 17 digits that count 100 ns since 1970")


def entry_of(told: Any, calendar: Calendar) -> tuple[Logged, tuple[str, ...]]:
    """An entry, and the ids of the items that it is about; none for one that is about something else. Raises Wrong."""
    if not isinstance(told, dict):
        raise Wrong(_WHERE, told, "is not an entry of the activity log")
    when = moment_of(told.get("created_at"), calendar)
    data = told.get("data")
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            raise Wrong(_WHERE, data, "is not the JSON that monday.com writes into `data`") from None
    event = told.get("event")
    if not isinstance(data, dict) or not isinstance(event, str):
        raise Wrong(_WHERE, told.get("id"), "has no event, or no data; ask for id, event, data and created_at")
    listed = data.get("pulse_ids")
    named = listed if isinstance(listed, list) else [data.get("pulse_id")]
    items = tuple(key for each in named if (key := key_of(each)) is not None)
    is_carried = event in (*COLUMN_CHANGED, MOVED, *_STATES)
    return Logged(str(told.get("id") or f"{event} {when.isoformat()}"), when, event, data), items if is_carried else ()


def changes_of(logged: Logged, told: Told, calendar: Calendar) -> Iterator[Change]:
    """What an entry changed of the fields that are carried. Raises Wrong for a value that is none."""
    data, event = logged.data, logged.event
    if event in _STATES:
        yield Change(logged.id, logged.when, "state", UNKNOWN, _STATES[event])
    elif event == MOVED:
        if told.group_is_status:
            yield Change(logged.id, logged.when, "status", _title(data, "source_group"), _title(data, "dest_group"))
    else:
        column_id = str(data.get("column_id"))
        role = told.roles.get(column_id)
        if role is not None:
            column = Column(column_id, str(data.get("column_title") or column_id), None)
            yield from _of_column(logged, role, column, told, calendar)


def _of_column(logged: Logged, role: str, column: Column, told: Told, calendar: Calendar) -> Iterator[Change]:
    data = logged.data
    labels = told.labels.get(column.id, {})
    readers: dict[str, tuple[tuple[str, Callable[[Any], Any]], ...]] = {
        "status": (("status", lambda value: _label(value) or labels.get("5") or None),),
        "assignee": (("assignee", lambda value: _person(value, told.names)),),
        "timeline": (
            ("planned_start", lambda value: _day(value, "from", column, calendar)),
            ("planned_finish", lambda value: _day(value, "to", column, calendar)),
        ),
        "start": (("planned_start", lambda value: _day(value, "date", column, calendar)),),
        "due": (("planned_finish", lambda value: _day(value, "date", column, calendar)),),
        "estimate": (("estimate", lambda value: number(column, _number(value))),),
        "points": (("estimate", lambda value: _hours(value, column, told.hours_per_point)),),
    }
    for at, (field, read) in enumerate(readers.get(role, ())):
        before = read(data["previous_value"]) if "previous_value" in data else UNKNOWN
        after = read(data.get("value"))
        if before is UNKNOWN or before != after:
            yield Change(f"{logged.id}.{at}" if at else logged.id, logged.when, field, before, after)


def _label(value: Any) -> str | None:
    label = value.get("label") if isinstance(value, dict) else value
    found = label.get("text") if isinstance(label, dict) else label
    return (text(found) or "")[:500] or None if isinstance(found, str) else None


def _person(value: Any, names: Mapping[str, str]) -> Person | None:
    first = next((key for key, is_person in people_of(value) if is_person), None)
    return Person(first, names.get(first)) if first is not None else None


def _day(value: Any, name: str, column: Column, calendar: Calendar) -> dt.date | None:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        return None
    day = calendar.day(found[:10])
    if day is None or isinstance(day, dt.date):
        return day
    raise Wrong(column.title, found, day.reason)


def _number(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _hours(value: Any, column: Column, hours_per_point: Any) -> Any:
    label = _label(value)
    found = points(column, label) if label is not None else number(column, _number(value))
    return None if found is None or hours_per_point is None else found * hours_per_point


def _title(data: Mapping[str, Any], name: str) -> str | None:
    group = data.get(name)
    return text(str(group.get("title"))) if isinstance(group, dict) and group.get("title") else None
