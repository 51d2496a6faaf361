"""People with their hours and absences, what they are planned for, what they worked, and the roles that are needed."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal

from schemas.event import Record
from schemas.organisation import AbsenceCancelled, AbsencePlanned, PersonHoursChanged, PersonJoined, PersonLeft
from schemas.streams import slug_key, stream_id
from schemas.workload import (
    AllocationPlanned,
    AllocationReleased,
    AllocationRevised,
    HoursCorrected,
    HoursLogged,
    PlaceholderPlanned,
    PlaceholderRevised,
    PlaceholderWithdrawn,
)
from services.commands.directory import Entry
from services.importers.msproject.compare import Teller, week_of
from services.importers.msproject.wanted import Person

_SIX_DAYS = dt.timedelta(days=6)
_NOBODYS_ROLE = "Team member"


def tell_people(teller: Teller, unit: str) -> None:
    """Who is in the plan, joined on the first day that the plan has work for them."""
    known = set(teller.streams("person", "person:"))
    for key, wanted in teller.wanted.people.items():
        person = teller.person(key)
        stream = stream_id("person", person)
        if stream not in known:
            teller.unit.take_as_new((stream,))
        _join(teller, stream, person, key, wanted, unit)
        _absences(teller, stream, wanted)


def _join(teller: Teller, stream: str, person: str, key: str, wanted: Person, unit: str) -> None:
    resource = wanted.resource
    personal = {"name": resource.name, "email": resource.email}
    entries = tuple(Entry(f"person:{person}", field, value) for field, value in personal.items() if value)
    aspect = f"joined-{teller.says(personal)}"
    state = teller.state(stream)
    standing = state.record(PersonJoined, PersonLeft)
    if standing is None:
        event = PersonJoined(
            unit=unit,
            role=resource.group or _NOBODYS_ROLE,
            skills=(),
            weekly_hours=wanted.steps[0][1],
            career_level=None,
            country=None,
            time_zone=None,
            work_mode=None,
        )
        first = teller.wanted.first_days.get(key, teller.wanted.day)
        day = min(first - dt.timedelta(days=first.weekday()), teller.wanted.day)
        teller.tell(stream, aspect, event, wanted.row, on=day, entries=entries)
        for begins, hours in wanted.steps[1:]:
            teller.tell(stream, "hours", PersonHoursChanged(weekly_hours=hours), wanted.row, on=begins)
        return
    if not teller.is_ours(standing) or not isinstance(standing.event, PersonJoined):
        return
    if not teller.is_ours(standing, f"{aspect}/"):
        event = standing.event.model_copy(update={"role": resource.group or _NOBODYS_ROLE})
        teller.tell(stream, aspect, event, wanted.row, at=standing.occurred_at, replacing=standing, entries=entries)
    held = state.record(PersonJoined, PersonHoursChanged)
    begins, hours = wanted.steps[-1]
    if held and getattr(held.event, "weekly_hours", None) != hours and teller.is_ours(held):
        teller.tell(stream, "hours", PersonHoursChanged(weekly_hours=hours), wanted.row, on=begins)


def _absences(teller: Teller, stream: str, wanted: Person) -> None:
    held = teller.state(stream).parts(AbsencePlanned, AbsenceCancelled)
    for item, (first, last, share) in wanted.absences.items():
        event = AbsencePlanned(item=item, first_day=first, last_day=last, share=share)
        if item not in held or held[item].event != event:
            teller.tell(stream, "absence", event, wanted.row)
    for item, record in held.items():
        if isinstance(record.event, AbsencePlanned) and teller.is_ours(record) and item not in wanted.absences:
            teller.tell(stream, "absence", AbsenceCancelled(item=item), wanted.row)


def tell_loads(teller: Teller) -> None:
    """Planned hours of each person in each week: one allocation a week and project."""
    wanted = teller.wanted
    by_person: dict[str, dict[str, AllocationPlanned]] = defaultdict(dict)
    rows: dict[str, str] = {}
    for (key, monday), hours in wanted.loads.items():
        item = slug_key(f"{wanted.key}.{week_of(monday)}")
        stream = stream_id("workload", teller.person(key))
        rows[stream] = key
        by_person[stream][item] = AllocationPlanned(
            item=item,
            project=wanted.key,
            first_day=monday,
            last_day=monday + _SIX_DAYS,
            weekly_hours=hours,
            hard=wanted.people[key].hard,
            at_risk=None,
        )
    unsure = {stream_id("workload", teller.person(key)) for key in wanted.unsure_people}
    known = set(teller.streams("workload", "workload:"))
    teller.unit.take_as_new(stream for stream in by_person if stream not in known)
    for stream in (*by_person, *sorted(known - set(by_person))):
        key = rows.get(stream, "")
        held = teller.state(stream).parts(AllocationPlanned, AllocationRevised, AllocationReleased)
        for item, event in by_person.get(stream, {}).items():
            _load(teller, stream, held.get(item), event, key)
        if stream in unsure or wanted.is_unsure:
            continue
        for item, record in held.items():
            standing = not isinstance(record.event, AllocationReleased)
            if standing and teller.is_ours(record, "load") and item not in by_person.get(stream, {}):
                note, entry = teller.gone()
                release = AllocationReleased(item=item, last_day=None, reason=note)
                teller.tell(stream, "load", release, f"person {key}", entries=(entry,))


def _load(teller: Teller, stream: str, held: Record | None, event: AllocationPlanned, key: str) -> None:
    if held is None:
        # nothing tells when it was planned; at the latest when the week began that it is for
        teller.tell(stream, "load", event, f"person {key}", on=min(event.first_day, teller.wanted.day))
        return
    if isinstance(held.event, AllocationReleased):
        teller.tell(stream, "load", event, f"person {key}")
        return
    standing = held.event
    assert isinstance(standing, AllocationPlanned | AllocationRevised)
    if teller.is_ours(held) and (standing.weekly_hours, standing.hard) != (event.weekly_hours, event.hard):
        teller.tell(stream, "load", AllocationRevised(**event.model_dump()), f"person {key}")


def tell_hours(teller: Teller) -> None:
    """Worked hours of each person on each day, as the file has them by time."""
    wanted = teller.wanted
    by_stream: dict[str, dict[str, tuple[str, dt.date, Decimal]]] = defaultdict(dict)
    for (key, day), hours in wanted.hours.items():
        monday = day - dt.timedelta(days=day.weekday())
        stream = stream_id("timesheet", teller.person(key), week_of(monday))
        by_stream[stream][f"{wanted.key}.{day.isoformat()}"] = (key, day, hours)
    unsure = {teller.person(key) for key in wanted.unsure_people}
    people = {teller.person(key) for key in wanted.people}
    known = {s for s in teller.streams("timesheet", "timesheet:") if s.split(":")[1].split("/")[0] in people}
    teller.unit.take_as_new(stream for stream in by_stream if stream not in known)
    for stream in (*by_stream, *sorted(known - set(by_stream))):
        held = teller.state(stream).parts(HoursLogged, HoursCorrected)
        for item, (key, day, hours) in by_stream.get(stream, {}).items():
            _day(teller, stream, held.get(item), item, day, hours, f"person {key}")
        if stream.split(":")[1].split("/")[0] in unsure or wanted.is_unsure:
            continue
        for item, record in held.items():
            assert isinstance(record.event, HoursLogged | HoursCorrected)
            if teller.is_ours(record) and record.event.hours and item not in by_stream.get(stream, {}):
                _day(teller, stream, record, item, record.event.day, Decimal(0), "")


def _day(teller: Teller, stream: str, held: Record | None, item: str, day: dt.date, hours: Decimal, row: str) -> None:
    said = {"item": item, "project": teller.wanted.key, "day": day, "hours": hours}
    if held is None:
        teller.tell(stream, "hours", HoursLogged(**said), row, on=day)
    elif teller.is_ours(held) and getattr(held.event, "hours", None) != hours:
        teller.tell(stream, "hours", HoursCorrected(reason=None, **said), row, on=day)


def tell_demand(teller: Teller) -> None:
    """What roles and teams are needed for, by week: placeholders that nobody fills yet."""
    wanted = teller.wanted
    stream = stream_id("demand", wanted.key)
    held = teller.state(stream).parts(PlaceholderPlanned, PlaceholderRevised, PlaceholderWithdrawn)
    items = set()
    for (role, monday), hours in wanted.demand.items():
        item = slug_key(f"{role}.{week_of(monday)}")
        items.add(item)
        event = PlaceholderPlanned(
            item=item,
            role=role,
            skill=None,
            option_group=None,
            first_day=monday,
            last_day=monday + _SIX_DAYS,
            weekly_hours=hours,
        )
        known = held.get(item)
        if known is None or isinstance(known.event, PlaceholderWithdrawn):
            teller.tell(stream, "demand", event, f"role {role}")
        elif teller.is_ours(known) and getattr(known.event, "weekly_hours", None) != hours:
            teller.tell(stream, "demand", PlaceholderRevised(**event.model_dump()), f"role {role}")
    for item, record in held.items():
        open_yet = not isinstance(record.event, PlaceholderWithdrawn)
        if open_yet and teller.is_ours(record) and item not in items and not wanted.is_unsure:
            note, entry = teller.gone()
            teller.tell(stream, "demand", PlaceholderWithdrawn(item=item, reason=note), entries=(entry,))
