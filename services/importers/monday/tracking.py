"""The sessions of a time tracking column: who worked, when it began, and for how long."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from services.importers.cells import shown
from services.importers.moments import Calendar
from services.importers.monday.entry import Session
from services.importers.monday.values import Value, key_of
from services.importers.rows import CellFault
from services.importers.shown import Person

_GONE = ("deleted", "inactive")


def sessions(
    value: Value, calendar: Calendar, names: Mapping[str, str], mails: Mapping[str, str]
) -> tuple[list[Session], list[CellFault]]:
    """The sessions that count, each on the day in the calendar's zone on which it began, and those left out."""
    found: list[Session] = []
    left_out: list[CellFault] = []
    for told in value.sessions():
        if told.get("status") in _GONE:
            continue
        key, who = key_of(told.get("id")), key_of(told.get("started_user_id"))
        started, ended = (_moment(told.get(name), calendar) for name in ("started_at", "ended_at"))
        if started and told.get("ended_at") is None:
            said = "is a session that still runs, so it was left out"
            left_out.append(CellFault(value.column.title, str(started), said))
        elif key and who and started and ended:
            day = started.astimezone(calendar.zone or dt.UTC).date()
            person = Person(who, names.get(who), mails.get(who))
            found.append(Session(key, person, day, round((ended - started).total_seconds())))
        else:
            said = "has no id, person or times of a session, so it was left out"
            left_out.append(CellFault(value.column.title, shown(str(told)), said))
    return found, left_out


def _moment(told: Any, calendar: Calendar) -> dt.datetime | None:
    found = calendar.when(told if isinstance(told, str) else None)
    return found if isinstance(found, dt.datetime) else None
