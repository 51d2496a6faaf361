"""Hours that people worked: each entry of the source is one item of the person's week, told once and corrected."""

import datetime as dt
from decimal import Decimal

from schemas import workload as events
from schemas.event import Event
from schemas.streams import slug_key, stream_id
from services.importers.shown import Hours
from services.importers.tell.teller import Teller


def tell_hours(teller: Teller, hours: Hours) -> None:
    """Records an entry that is new, or says other hours than before."""
    person = teller.person(hours.person, hours.day)
    assert person is not None
    stream, item = stream_id("timesheet", person, week_of(hours.day)), item_of(hours)
    told = [record.event for record in teller.records(stream) if record.event.part == item]
    fields = {"item": item, "project": hours.project, "day": hours.day, "hours": hours.hours}
    event: Event
    if not told:
        event = events.HoursLogged(**fields)
    elif told[-1].hours == hours.hours:  # type: ignore[attr-defined]
        return
    else:
        event = events.HoursCorrected(reason=None, **fields)
    teller.tell(stream, event, hours.day, teller.id_of(stream, hours.id, str(hours.hours)))


def tell_hours_gone(teller: Teller, stream: str, listed: frozenset[str], projects: frozenset[str]) -> int:
    """Corrects to nothing the entries of this source that a complete export of these projects no longer lists."""
    standing: dict[str, events.HoursLogged | events.HoursCorrected] = {}
    for record in teller.records(stream):
        if teller.is_ours(record) and isinstance(record.event, events.HoursLogged | events.HoursCorrected):
            standing[record.event.item] = record.event
    gone = [e for item, e in standing.items() if item not in listed and e.project in projects and e.hours]
    for event in gone:
        corrected = events.HoursCorrected(
            item=event.item, project=event.project, day=event.day, hours=Decimal(0), reason=None
        )
        teller.tell(stream, corrected, event.day, teller.id_of(stream, event.item, "gone"))
    return len(gone)


def item_of(hours: Hours) -> str:
    """The item of the week that an entry is: PROJECT.DAY, as of all hours, and the source's own id."""
    # a project's code and an id of 64 characters each would be too long beside a day
    return f"{slug_key(hours.project)[:51]}.{hours.day.isoformat()}.{slug_key(hours.id)}"


def week_of(day: dt.date) -> str:
    """The key of the ISO week: ``2026-W07``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
