"""Random histories of people's work: capacity, confirmations, timesheets and logged hours against slow checkers."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from controls_checkers import counting
from controls_checkers_capacity import Office, monday_of
from controls_checkers_workload import (
    confirmation_checker,
    leaver_checker,
    logged_checker,
    overbooked_checker,
    own_approval_checker,
    timesheet_checker,
)
from controls_histories import START, Dice, Step, person_key, shown, tell
from controls_world import ZONE, World, opened

from schemas.event import Record

PROJECTS = tuple(f"P{n}" for n in range(12))
COUNTRIES = (None, None, "DE", "GB-SCT", "IL", "XX")
WEEKS = 10
PEOPLE = 280
TIMES = [(90, None), (75, 60), (45, None), (45, 60), (30, 45), (60, 30)]
"""As of when and known when, in days from the start."""


@dataclass
class Told:
    """All that was told, by stream."""

    projects: dict[str, list[Record]]
    units: dict[str, list[Record]]
    calendars: dict[str, list[Record]]
    persons: dict[str, list[Record]]
    workloads: dict[str, list[Record]]
    sheets: dict[str, dict[dt.date, list[Record]]]
    rights: dict[str, list[Record]]


def drawn_project(dice: Dice) -> list[Step]:
    names = ("started", "started", "put-on-hold", "resumed", "completed", "reopened", "approved", "proposed")
    steps = [dice.sure("started", -5)] * dice.choice([0, 1])
    steps += [dice.step(dice.choice(names)) for _ in range(dice.randint(0, 4))]
    states = (None, "running", "running", "completed")
    return steps + [dice.step("recorded", status=dice.choice(states)) for _ in range(dice.choice([0, 0, 1, 2]))]


def drawn_person(dice: Dice) -> list[Step]:
    def joined() -> dict[str, Any]:
        return {
            "role": "pilot",
            "unit": dice.choice("ABCD"),
            "weekly_hours": dice.choice([40, 20]),
            "country": dice.choice(COUNTRIES),
        }

    steps = [dice.sure("joined", dice.choice([-30, -30, 3, 16]), **joined())]
    for _ in range(dice.randint(0, 5)):
        match dice.choice(["away", "away", "away", "cancelled", "hours", "moved", "left", "joined"]):
            case "away":
                span = dice.span(0, 60, 20)
                steps.append(
                    dice.step("absence-planned", item=dice.choice("AB"), share=dice.choice(["1", "1", "0.5"]), **span)
                )
            case "cancelled":
                steps.append(dice.step("absence-cancelled", item=dice.choice("AB")))
            case "hours":
                steps.append(dice.step("hours-changed", weekly_hours=dice.choice([30, 40, 0])))
            case "moved":
                steps.append(dice.step("moved", unit=dice.choice("ABCD")))
            case "left":
                steps.append(dice.step("left", first=20))
            case "joined":
                steps.append(dice.step("joined", **joined()))
    return steps


def drawn_workload(dice: Dice, key: str) -> list[Step]:
    steps = []
    for number in range(dice.randint(1, 7)):
        item = dice.choice("AB")
        match dice.choice(
            ["planned", "planned", "revised", "confirmed", "confirmed", "released"][: 6 if number else 1]
        ):
            case "confirmed":
                steps.append(dice.step("allocation-confirmed", item=item, confirmed_by=dice.choice(("B" * 20, key))))
            case "released":
                day = dice.choice([None, dice.day(0, 70), dice.day(20, 70)])
                steps.append(dice.step("allocation-released", 40, item=item, last_day=day))
            case happened:
                plan = {
                    "project": dice.choice(PROJECTS + PROJECTS[:2] * 10),
                    "hard": dice.random() < 0.8,
                    **dice.span(0, 60, 40),
                }
                hours = dice.choice([8, 20, 20, 32, 40, 40, 50])
                steps.append(dice.step(f"allocation-{happened}", item=item, weekly_hours=hours, **plan))
    return steps


def drawn_sheet(dice: Dice, key: str, monday: dt.date) -> list[Step]:
    begun = (monday - START).days
    steps = []
    for _ in range(dice.randint(1, 4)):
        match dice.choice(["logged", "logged", "corrected", "submitted", "approved"]):
            case "submitted":
                steps.append(dice.step("submitted", begun + 30, begun))
            case "approved":
                steps.append(dice.step("approved", begun + 30, begun, decided_by=dice.choice(("B" * 20, key))))
            case happened:
                project, on = dice.choice(PROJECTS[:2]), monday + dt.timedelta(days=dice.randint(0, 6))
                entry = {"item": f"{project}.{on}", "project": project, "day": on, "hours": dice.choice([8, 4, 0])}
                steps.append(dice.step(f"hours-{happened}", begun + 20, begun - 3, **entry))
    return steps


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def told(world: World) -> Told:
    dice = Dice(13)
    every = Told({}, {}, {}, {}, {}, defaultdict(dict), {})
    for project in PROJECTS:
        every.projects[project] = tell(world, f"project:{project}", drawn_project(dice))
    for unit, above in (("A", None), ("B", "A"), ("C", "B"), ("D", None)):
        registered = dice.sure("registered", -40, parent=above, country="DE" if unit == "A" else None)
        moves = [dice.step("registered", parent=above, country=dice.choice(COUNTRIES)) for _ in range(2)]
        every.units[unit] = tell(world, f"business-unit:{unit}", [registered, *moves])
    for country in ("DE", "GB", "IL"):
        steps = []
        for _ in range(3):
            days = dice.sample(range(70), 6)
            value = {"days_off": [dice.day(d, d) for d in days[:3]], "working_days": [dice.day(d, d) for d in days[3:]]}
            steps.append(dice.step("set", value=json.dumps(value)))
        every.calendars[country] = tell(world, f"setting:CALENDAR.{country}", steps)
    for _ in range(PEOPLE):
        key = person_key()
        every.persons[key] = tell(world, f"person:{key}", drawn_person(dice))
        every.workloads[key] = tell(world, f"workload:{key}", drawn_workload(dice, key))
        for week in dice.sample(range(2, WEEKS), dice.choice([0, 1, 2, 3])):
            monday = monday_of(START) + dt.timedelta(weeks=week)
            stream = f"timesheet:{key}/{monday:%G-W%V}"
            every.sheets[key][monday] = tell(world, stream, drawn_sheet(dice, key, monday))
        given = {"item": dice.choice("AB"), "role": "viewer", "decided_by": dice.choice(("B" * 20, key))}
        rights = [dice.step("granted", **given), dice.step("revoked", item="A", decided_by=key)]
        every.rights[key] = tell(world, f"access:{key}", rights[: dice.choice([0, 0, 1, 2])])
    return every


Counted = Callable[[list[Record]], list[Record]]


def at(as_of: int, known_at: int | None) -> tuple[dt.date, dt.date | None, Counted]:
    day = START + dt.timedelta(days=as_of)
    known = None if known_at is None else START + dt.timedelta(days=known_at)
    return day, known, lambda records: counting(records, day, known or dt.date.max)


def office_of(told: Told, counted: Counted) -> Office:
    units = {unit: counted(records) for unit, records in told.units.items()}
    calendars = {country: counted(records) for country, records in told.calendars.items()}
    projects = {project: counted(records) for project, records in told.projects.items()}
    return Office({unit: records for unit, records in units.items() if records}, calendars, projects)


def asked(world: World, control: int, as_of: dt.date, known: dt.date | None) -> dict[str, list[tuple[str, str]]]:
    found = defaultdict(list)
    for occasion in world.ask(control, as_of, known and str(known)):
        found[occasion.subject].append((occasion.activating, occasion.result))
    return {subject: sorted(occasions) for subject, occasions in found.items()}


def seen(found: Mapping[str, list[Any]]) -> set[str]:
    return {result for occasions in found.values() for _, result in occasions}


def test_nobody_is_overbooked(world: World, told: Told) -> None:
    results: set[str] = set()
    for days, known_day in TIMES:
        as_of, known, counted = at(days, known_day)
        office = office_of(told, counted)
        found = asked(world, 13, as_of, known)
        for key in told.persons:
            workload, person = counted(told.workloads[key]), counted(told.persons[key])
            expected = overbooked_checker(workload, person, office, as_of)
            assert found.get(f"workload:{key}", []) == expected, shown(workload, person)
        results |= seen(found)
    assert results == {"satisfied", "violated"}


def test_hard_allocations_are_confirmed(world: World, told: Told) -> None:
    results: set[str] = set()
    for days, known_day in TIMES:
        as_of, known, counted = at(days, known_day)
        projects = {project: counted(records) for project, records in told.projects.items()}
        found = asked(world, 14, as_of, known)
        for key in told.persons:
            workload = counted(told.workloads[key])
            expected = confirmation_checker(workload, projects, as_of)
            named = {r.event.project for r in workload if hasattr(r.event, "project")}
            assert found.get(f"workload:{key}", []) == expected, shown(workload, *(projects[p] for p in named))
        results |= seen(found)
    assert results == {"satisfied", "cured late", "violated"}


def test_timesheets_are_submitted(world: World, told: Told) -> None:
    results: set[str] = set()
    for days, known_day in TIMES:
        as_of, known, counted = at(days, known_day)
        office = office_of(told, counted)
        sheets = {
            key: {monday: held for monday, records in told.sheets[key].items() if (held := counted(records))}
            for key in told.persons
        }
        first = min(monday for held in sheets.values() for monday in held)
        found = defaultdict(list)
        for occasion in world.ask(15, as_of, known and str(known)):
            stream, _, version = occasion.activating.rpartition("/")
            assert stream == occasion.subject and int(version) > 0
            assert set(occasion.evidence) <= ids(told), occasion.evidence
            week = occasion.since.astimezone(ZONE).date()
            found[stream.split(":")[1].split("/")[0]].append((week, occasion.result))
        for key in told.persons:
            workload, person = counted(told.workloads[key]), counted(told.persons[key])
            expected = timesheet_checker(workload, person, sheets[key], office, first, as_of)
            assert sorted(found[key]) == expected, shown(workload, person, *sheets[key].values())
        results |= seen(found)
    assert results == {"satisfied", "cured late", "violated"}


def ids(told: Told) -> set[str]:
    everything = [*told.workloads.values(), *(held for sheets in told.sheets.values() for held in sheets.values())]
    return {record.event_id for records in everything for record in records}


def test_time_is_logged_against_allocations(world: World, told: Told) -> None:
    results: set[str] = set()
    for days, known_day in TIMES:
        as_of, known, counted = at(days, known_day)
        found = asked(world, 16, as_of, known)
        for key, sheets in told.sheets.items():
            workload = counted(told.workloads[key])
            for monday, records in sheets.items():
                sheet = counted(records)
                expected = logged_checker(sheet, workload)
                assert found.get(f"timesheet:{key}/{monday:%G-W%V}", []) == expected, shown(sheet, workload)
        results |= seen(found)
    assert results == {"satisfied", "cured late", "violated"}


def test_nobody_approves_their_own(world: World, told: Told) -> None:
    results: set[str] = set()
    for days, known_day in TIMES:
        as_of, known, counted = at(days, known_day)
        found = asked(world, 35, as_of, known)
        for key in told.persons:
            streams = {
                f"workload:{key}": counted(told.workloads[key]),
                f"access:{key}": counted(told.rights[key]),
                **{f"timesheet:{key}/{week:%G-W%V}": counted(sheet) for week, sheet in told.sheets[key].items()},
            }
            for stream, history in streams.items():
                assert found.get(stream, []) == own_approval_checker(key, history), shown(history)
        results |= seen(found)
    assert results == {"satisfied", "violated"}


def test_leavers_are_not_planned(world: World, told: Told) -> None:
    results: set[str] = set()
    for days, known_day in TIMES:
        as_of, known, counted = at(days, known_day)
        found = asked(world, 36, as_of, known)
        for key in told.persons:
            workload, person = counted(told.workloads[key]), counted(told.persons[key])
            assert found.get(f"workload:{key}", []) == leaver_checker(workload, person), shown(workload, person)
        results |= seen(found)
    assert results == {"satisfied", "cured late", "violated"}
