"""What no event can hold is a fault of its row, whichever source showed it, so that recording fails on none."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.event import Event
from schemas.fields import FIRST_DAY, LAST_DAY, DayHours, Effort, Hours, Share
from schemas.progress import Recorded
from schemas.streams import KEY_PATTERN
from schemas.work import WorkScheduled
from services.importers.cells import NARRATIVE_BYTES, shown
from services.importers.rows import CellFault
from services.importers.shown import UNSCHEDULED, Allocation, Item, Project, Schedule, Thing, When
from services.importers.shown import Hours as WorkedHours

_KEY = re.compile(KEY_PATTERN)
_LONGEST = 500
# no character has more than four bytes
_SURELY_FITS = NARRATIVE_BYTES // 4
_SIZES: dict[str, TypeAdapter[Any]] = {
    "estimate": TypeAdapter(Effort),
    "hours": TypeAdapter(DayHours),
    "weekly_hours": TypeAdapter(Hours),
    "percent_complete": TypeAdapter(Share),
    "units": TypeAdapter(Effort),
}


def faults_of(thing: Thing, latest: dt.datetime) -> Iterator[CellFault]:
    """What is wrong with a thing, nothing may have happened after `latest`."""
    match thing:
        case Item():
            yield from _item(thing, latest)
        case WorkedHours():
            yield from _codes(thing.project)
            yield from _moment("day", thing.day, latest)
            yield from _sized("hours", thing.hours)
        case Project():
            yield from _codes(thing.key)
            yield from _moment("seen", thing.seen, latest)
            yield from _recorded(thing)
        case Allocation():
            yield from _codes(thing.project)
            yield from _moment("seen", thing.seen, latest)
            yield from _sized("weekly_hours", thing.weekly_hours)
            yield from _ordered(thing.first_day, thing.last_day)


def _item(item: Item, latest: dt.datetime) -> Iterator[CellFault]:
    # nearly all items are right, and a generator is made only for what is not, or needs a closer look
    if not (_is_key(item.project) and _KEY.fullmatch(item.key) and (item.parent is None or _is_key(item.parent))):
        yield from _codes(item.project, item.key, *([item.parent] if item.parent else []))
    if item.created is not None and not _has_been(item.created, latest):
        yield from _moment("created", item.created, latest)
    if not _has_been(item.seen, latest):
        yield from _moment("seen", item.seen, latest)
    if not 1 <= len(item.status.name) <= _LONGEST:
        yield from _short("status", item.status.name)
    if item.work_type is not None and not 1 <= len(item.work_type) <= _LONGEST:
        yield from _short("work_type", item.work_type)
    if item.title is not None and len(item.title) > _SURELY_FITS and len(item.title.encode()) > NARRATIVE_BYTES:
        yield CellFault("title", shown(item.title), "is longer than a text may be")
    if item.estimate is not None and _refusal("estimate", str(item.estimate)):
        yield from _sized("estimate", item.estimate)
    if item.percent_complete is not None:
        yield from _sized("percent_complete", item.percent_complete)
    if item.schedule is not None:
        yield from _scheduled(item.schedule)
    if item.planned_start is not None or item.planned_finish is not None:
        yield from _ordered(item.planned_start, item.planned_finish)
    for step in item.steps:
        if not _has_been(step.when, latest):
            yield from _moment("history", step.when, latest)
        if (status := step.fields.get("status")) is not None and not 1 <= len(status.name) <= _LONGEST:
            yield from _short("history", status.name)
        if (estimate := step.fields.get("estimate")) is not None:
            yield from _sized("estimate", estimate)


def _codes(*codes: str) -> Iterator[CellFault]:
    for code in codes:
        if not _KEY.fullmatch(code):
            yield CellFault(None, shown(code), "is not a key: it has 1 to 64 letters, digits, '.', '_' or '-'")


@lru_cache(maxsize=4096)
def _is_key(code: str) -> bool:
    return _KEY.fullmatch(code) is not None


def _has_been(when: When, latest: dt.datetime) -> bool:
    if isinstance(when, dt.datetime):
        return FIRST_DAY.year <= when.year <= LAST_DAY.year and when <= latest
    return FIRST_DAY <= when <= latest.date()


def _moment(name: str, when: When, latest: dt.datetime) -> Iterator[CellFault]:
    day = when.date() if isinstance(when, dt.datetime) else when
    if not FIRST_DAY <= day <= LAST_DAY:
        yield CellFault(name, str(when), f"lies outside the years {FIRST_DAY.year} to {LAST_DAY.year}")
    elif (when > latest) if isinstance(when, dt.datetime) else (day > latest.date()):
        yield CellFault(name, str(when), "lies in the future, and nothing has happened there yet")


def _short(name: str, text: str) -> Iterator[CellFault]:
    if not 1 <= len(text) <= _LONGEST:
        yield CellFault(name, shown(text), f"has {len(text)} characters, and 1 to {_LONGEST} are allowed")


def _sized(name: str, number: Decimal) -> Iterator[CellFault]:
    # equal numbers may be written with more digits than are allowed
    if reason := _refusal(name, str(number)):
        yield CellFault(name, str(number)[:60], f"cannot be taken: {reason}")


@lru_cache(maxsize=4096)
def _refusal(name: str, number: str) -> str | None:
    try:
        _SIZES[name].validate_python(Decimal(number))
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"]
    return None


def _ordered(start: dt.date | None, finish: dt.date | None) -> Iterator[CellFault]:
    for day in (start, finish):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            yield CellFault(None, str(day), f"lies outside the years {FIRST_DAY.year} to {LAST_DAY.year}")
    if start is not None and finish is not None and finish < start:
        yield CellFault(None, str(finish), f"lies before the start, {start}")


def _scheduled(schedule: Schedule) -> Iterator[CellFault]:
    if schedule.says_nothing:
        return
    yield from _refused(WorkScheduled, {**UNSCHEDULED, **schedule.fields})
    for each in schedule.assignments or ():
        if each.units is not None:
            yield from _sized("units", each.units)


def _recorded(project: Project) -> Iterator[CellFault]:
    yield from _refused(Recorded, dict.fromkeys(Recorded.model_fields) | dict(project.fields) | {"narrative": None})


def _refused(event: type[Event], fields: dict[str, Any]) -> Iterator[CellFault]:
    try:
        event.model_validate(fields)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            reason = found["msg"].removeprefix("Value error, ")
            yield CellFault(str(found["loc"][0]), shown(str(found["input"])), f"cannot be taken: {reason}")
