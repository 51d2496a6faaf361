"""Microsoft Project plans in XML (MSPDI) of our own making, of any size."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape

_FIRST = dt.datetime(2025, 1, 6, 8)
_LAST = dt.datetime(2026, 12, 18, 17)
_PEOPLE = 120
_TASKS_IN_A_PHASE = 25
_WORKED_SHARE = 0.5
_REMARK = "Agreed with the site. " * 12
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Project xmlns="http://schemas.microsoft.com/project">'
)
_SHIFTS = (("08:00:00", "12:00:00"), ("13:00:00", "17:00:00"))


def element(name: str, value: Any) -> str:
    """An XML element; a mapping has children, a sequence repeats the element, and null leaves it out."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(element(child, each) for child, each in value.items())}</{name}>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(element(name, each) for each in value)
    return f"<{name}>{escape(_text(value))}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds()) // 60
        return f"PT{minutes // 60}H{minutes % 60}M0S"
    return str(int(value)) if isinstance(value, bool) else str(value)


def calendar(uid: int, name: str, base: int | None = None, exceptions: Sequence[Mapping[str, Any]] = ()) -> Any:
    """A calendar of 40 hours a week, or one that follows `base`."""
    shifts = {"WorkingTime": [{"FromTime": start, "ToTime": finish} for start, finish in _SHIFTS]}
    week = [
        {"DayType": day, "DayWorking": int(2 <= day <= 6), "WorkingTimes": shifts if 2 <= day <= 6 else None}
        for day in range(1, 8)
    ]
    return {
        "UID": uid,
        "Name": name,
        "IsBaseCalendar": int(base is None),
        "BaseCalendarUID": -1 if base is None else base,
        "WeekDays": {"WeekDay": week} if base is None else None,
        "Exceptions": {"Exception": list(exceptions)} if exceptions else None,
    }


def write(path: Path, header: Mapping[str, Any], parts: Mapping[str, Iterator[Any] | Sequence[Any]]) -> None:
    """A plan: `header` first, then lists such as ``Tasks`` with their items, which may be made one after another."""
    with path.open("w", encoding="utf-8") as out:
        _write(out, header, parts)


def _write(out: TextIO, header: Mapping[str, Any], parts: Mapping[str, Iterator[Any] | Sequence[Any]]) -> None:
    out.write(_HEAD)
    for name, value in header.items():
        out.write(element(name, value))
    for name, items in parts.items():
        out.write(f"<{name}>")
        for item in items:
            out.write(element(name.removesuffix("s"), item))
            out.write("\n")
        out.write(f"</{name}>\n")
    out.write("</Project>\n")


def write_large(path: Path, tasks: int) -> None:
    """A plan of `tasks` tasks of a week each, each with a baseline and a person; half are done, with hours by day."""
    header = {
        "SaveVersion": 14,
        "Name": path.name,
        "GUID": "9B3C1C1E-0000-4000-8000-00000000BE2C",
        "Title": "Benchmark",
        "CreationDate": _FIRST,
        "LastSaved": dt.datetime(2026, 1, 5, 9),
        "StartDate": _FIRST,
        "FinishDate": _LAST,
        "CurrencyCode": "EUR",
        "CalendarUID": 1,
        "MinutesPerDay": 480,
        "MinutesPerWeek": 2400,
        "StatusDate": dt.datetime(2025, 12, 31, 17),
    }
    people = [calendar(2 + number, f"Person {number}", base=1) for number in range(_PEOPLE)]
    write(
        path,
        header,
        {
            "Calendars": [calendar(1, "Standard"), *people],
            "Tasks": _tasks(tasks),
            "Resources": (_person(number) for number in range(_PEOPLE)),
            "Assignments": _assignments(tasks),
        },
    )


def _span(number: int, tasks: int) -> tuple[dt.datetime, dt.datetime]:
    weeks = (_LAST - _FIRST).days // 7
    start = _FIRST + dt.timedelta(weeks=number * weeks // max(1, tasks))
    return start, start + dt.timedelta(days=4, hours=9)


def _tasks(tasks: int) -> Iterator[Any]:
    yield {"UID": 0, "ID": 0, "Name": "Benchmark", "Summary": 1, "OutlineLevel": 0, "Start": _FIRST, "Finish": _LAST}
    for number in range(tasks):
        start, finish = _span(number, tasks)
        done = number < tasks * _WORKED_SHARE
        phase = number % _TASKS_IN_A_PHASE == 0
        work = dt.timedelta(hours=40)
        yield {
            "UID": number + 1,
            "ID": number + 1,
            "Name": f"{'Phase' if phase else 'Task'} {number + 1}",
            "IsNull": 0,
            "CreateDate": _FIRST,
            "OutlineLevel": 1 if phase else 2,
            "Start": start,
            "Finish": finish,
            "Duration": work,
            "DurationFormat": 7,
            "Work": work,
            "Milestone": 0,
            "Summary": int(phase),
            "PercentComplete": 100 if done else 0,
            "Cost": 2000,
            "ActualStart": start if done else None,
            "ActualFinish": finish if done else None,
            "ActualCost": 2000 if done else 0,
            "ActualWork": work if done else dt.timedelta(),
            "RemainingWork": dt.timedelta() if done else work,
            "Notes": _REMARK,
            "PredecessorLink": None
            if phase
            else {"PredecessorUID": number, "Type": 1, "LinkLag": -4800, "LagFormat": 7},
            "Baseline": {"Number": 0, "Start": start, "Finish": finish, "Work": work, "Cost": 2000},
        }


def _person(number: int) -> Any:
    return {
        "UID": number + 1,
        "ID": number + 1,
        "Name": f"Person {number + 1}",
        "Type": 1,
        "EmailAddress": f"person{number + 1}@example.org",
        "MaxUnits": "1.00",
        "CalendarUID": 2 + number,
    }


def _assignments(tasks: int) -> Iterator[Any]:
    for number in range(tasks):
        if number % _TASKS_IN_A_PHASE == 0:
            continue
        start, finish = _span(number, tasks)
        done = number < tasks * _WORKED_SHARE
        days = [start + dt.timedelta(days=day) for day in range(5)]
        yield {
            "UID": number + 1,
            "TaskUID": number + 1,
            "ResourceUID": number % _PEOPLE + 1,
            "Start": start,
            "Finish": finish,
            "Units": "1",
            "Work": dt.timedelta(hours=40),
            "ActualWork": dt.timedelta(hours=40 if done else 0),
            "RemainingWork": dt.timedelta(hours=0 if done else 40),
            "TimephasedData": [
                {
                    "Type": 2 if done else 1,
                    "UID": number + 1,
                    "Start": day,
                    "Finish": day + dt.timedelta(hours=9),
                    "Unit": 2,
                    "Value": dt.timedelta(hours=8),
                }
                for day in days
            ],
        }
