"""What random histories found of the controls, as cases by hand."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from controls_histories import person_key
from controls_world import World, opened

SATISFIED, VIOLATED, CURED = "satisfied", "violated", "cured late"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def somebody(world: World, joined: str = "2026-01-05", **fields: Any) -> str:
    person = person_key()
    world.tell(f"person:{person}", "joined", joined, role="pilot", **fields)
    return person


def planned(world: World, person: str, first: str, last: str, hours: int = 40, **fields: Any) -> str:
    given = {"on": "2026-01-10", "item": "A1", "project": "X", **fields}
    plan = {"first_day": first, "last_day": last, "weekly_hours": hours}
    return world.tell(f"workload:{person}", "allocation-planned", **plan, **given).event_id


def overbooked(world: World, person: str, as_of: str) -> list[tuple[str, str]]:
    found = world.ask(13, as_of, streams=[f"workload:{person}"])
    return [(str(o.since.astimezone(dt.UTC).date() + dt.timedelta(days=1)), o.result) for o in found]


def test_a_holiday_after_the_as_of_day_belongs_to_its_week(world: World) -> None:
    """Good Friday 2026 is 3 April: as of the Thursday before, the week has four working days."""
    person = somebody(world, country="DE")
    planned(world, person, "2026-03-30", "2026-04-12")
    assert [o.detail for o in world.ask(13, "2026-04-09", streams=[f"workload:{person}"])] == [
        "2 weeks running from 2026-03-30, up to 40 hours planned of 32"
    ]
    assert world.ask(13, "2026-04-02", streams=[f"workload:{person}"])[0].result == SATISFIED
    # two weeks over, the second by its Good Friday alone
    other = somebody(world, country="DE")
    away = {"item": "V1", "first_day": "2026-03-23", "last_day": "2026-03-23", "share": "1"}
    world.tell(f"person:{other}", "absence-planned", "2026-01-10", **away)
    planned(world, other, "2026-03-23", "2026-04-05")
    for as_of in ("2026-04-02", "2026-04-30"):
        assert overbooked(world, other, as_of) == [("2026-03-23", VIOLATED)]


def test_an_absence_after_the_as_of_day_belongs_to_its_week(world: World) -> None:
    person = somebody(world)
    for number, friday in enumerate(("2026-02-06", "2026-02-13")):
        away = {"item": f"V{number}", "first_day": friday, "last_day": friday, "share": "1"}
        world.tell(f"person:{person}", "absence-planned", "2026-01-10", **away)
    planned(world, person, "2026-02-02", "2026-02-15")
    assert overbooked(world, person, "2026-02-12") == [("2026-02-02", VIOLATED)]


def test_hours_change_nothing_for_who_is_not_here(world: World) -> None:
    person = somebody(world, joined="2026-02-16")
    world.tell(f"person:{person}", "hours-changed", "2026-02-11", weekly_hours=30)
    world.tell(f"person:{person}", "left", "2026-03-04")
    world.tell(f"person:{person}", "hours-changed", "2026-03-05", weekly_hours=40)
    planned(world, person, "2026-02-09", "2026-03-08")
    found = world.ask(13, "2026-06-30", streams=[f"workload:{person}"])
    # neither the days before joining nor those after leaving have capacity: 16 hours in the week of leaving
    assert [(o.result, o.detail) for o in found] == [(SATISFIED, ""), (SATISFIED, "")]
    assert [o.since.date() for o in found] == [dt.date(2026, 2, 15), dt.date(2026, 3, 1)]


def test_what_is_pencilled_in_is_no_evidence_of_firm_plans(world: World) -> None:
    person = somebody(world)
    firm = planned(world, person, "2026-02-02", "2026-02-15", 48)
    soft = {"item": "A2", "hard": False, "on": "2026-01-12"}
    planned(world, person, "2026-02-02", "2026-02-15", 8, **soft)
    [over] = world.ask(13, "2026-06-30", streams=[f"workload:{person}"])
    assert (over.result, over.activating, over.evidence) == (VIOLATED, firm, (firm,))
    world.tell(f"timesheet:{somebody(world)}/2026-W05", "submitted", "2026-01-31")
    owed = world.ask(15, "2026-02-28", streams=[f"workload:{person}"])
    assert {(o.activating, o.evidence) for o in owed} == {(firm, (firm,))}


def test_an_allocation_that_is_planned_after_its_last_day_is_confirmed_then(world: World) -> None:
    project = world.project("2026-01-01 started").removeprefix("project:")
    ended = world.project("2026-01-01 started", "2026-02-20 completed").removeprefix("project:")
    person = somebody(world)
    late = {"on": "2026-03-10", "project": project}
    planned(world, person, "2026-02-02", "2026-02-27", **late)
    planned(world, person, "2026-02-02", "2026-02-27", **{**late, "item": "A2", "project": ended})
    stream = f"workload:{person}"
    assert world.results(14, stream, "2026-03-10") == []
    assert world.results(14, stream, "2026-03-11") == [VIOLATED]
    world.tell(stream, "allocation-confirmed", "2026-03-12", item="A1", confirmed_by=person)
    [found] = world.ask(14, "2026-06-30", streams=[stream])
    assert (found.result, found.due) == (CURED, dt.date(2026, 3, 10))


def test_a_timesheet_that_says_nothing_leaves_the_plan_to_be_the_reason(world: World) -> None:
    person = somebody(world)
    plan = planned(world, person, "2026-02-02", "2026-02-08")
    sheet = f"timesheet:{person}/2026-W06"
    world.tell(sheet, "submitted", "2026-02-09")
    world.tell(sheet, "approved", "2026-02-10", decided_by=person)
    world.tell(sheet, "voided", "2026-02-11", supersedes=1)
    [owed] = [o for o in world.ask(15, "2026-06-30") if o.label == person]
    assert (owed.result, owed.activating, owed.evidence) == (VIOLATED, plan, (plan,))
