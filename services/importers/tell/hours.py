"""Hours that people worked: each entry of the source is one item of the person's week, told once and corrected."""

import datetime as dt
from decimal import Decimal

from schemas import workload as events
from schemas.event import Event
from schemas.streams import slug_key, stream_id
from services.importers.shown import Hours
from services.importers.tell.teller import Teller

_MADE_UP = ":"
_Logged = events.HoursLogged | events.HoursCorrected


def tell_hours(teller: Teller, hours: Hours) -> None:
    """Records an entry that is new, or says other hours than before."""
    person = teller.person(hours.person, hours.day)
    assert person is not None
    stream, item = stream_id("timesheet", person, week_of(hours.day)), item_of(hours)
    standing = _standing(teller, stream)
    fields = {"item": item, "project": hours.project, "day": hours.day, "hours": hours.hours}
    event: Event
    if (told := standing.get(item)) is None:
        alike = (
            other
            for other, event in standing.items()
            if _is_made_up(other) != hours.made_up
            and (event.project, event.day, event.hours) == (hours.project, hours.day, hours.hours)
        )
        if teller.claim(stream, alike):
            return
        event = events.HoursLogged(**fields)
    elif told.hours == hours.hours:
        return
    else:
        event = events.HoursCorrected(reason=None, **fields)
    teller.tell(stream, event, hours.day, teller.id_of(stream, item, str(hours.hours)))


def tell_hours_gone(teller: Teller, stream: str, listed: frozenset[str], projects: frozenset[str]) -> int:
    """Corrects to nothing the entries of this source that a complete export of these projects no longer lists.

    Of entries with ids of the source's own an export without such ids says nothing, nor the other way round.
    """
    forms = {_is_made_up(item) for item in listed}
    gone = [
        event
        for item, event in _standing(teller, stream).items()
        if item not in listed and _is_made_up(item) in forms and event.project in projects and event.hours
    ]
    for event in gone:
        corrected = events.HoursCorrected(
            item=event.item, project=event.project, day=event.day, hours=Decimal(0), reason=None
        )
        teller.tell(stream, corrected, event.day, teller.id_of(stream, event.item, "gone"))
    return len(gone)


def _standing(teller: Teller, stream: str) -> dict[str, _Logged]:
    """The entries of this source in a week, as corrected."""
    return {
        record.event.item: record.event
        for record in teller.records(stream)
        if isinstance(record.event, _Logged) and teller.is_ours(record)
    }


def item_of(hours: Hours) -> str:
    """The item of the week that an entry is: PROJECT.DAY, as of all hours, and the id of the entry."""
    # a project's code and an id of 64 characters each would be too long beside a day
    made_up = _MADE_UP if hours.made_up else ""
    return f"{slug_key(hours.project)[:50]}.{hours.day.isoformat()}.{made_up}{slug_key(hours.id)}"


def _is_made_up(item: str) -> bool:
    return f".{_MADE_UP}" in item


def week_of(day: dt.date) -> str:
    """The key of the ISO week: ``2026-W07``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
