"""Controls of people's plans and hours: load, confirmations and timesheets, case by case."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from controls_world import PERSONS, World, fresh, opened

from services.importers.record import ACTOR

SATISFIED, VIOLATED, CURED, UNKNOWN = "satisfied", "violated", "cured late", "no evidence"
END = "2026-12-31"
ANN = PERSONS["ann"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def somebody(world: World, joined: str = "2025-12-29", **fields: Any) -> str:
    """A person of 40 hours a week, with nothing planned."""
    person: str = fresh("X").ljust(20, "A")
    world.tell(f"person:{person}", "joined", joined, role="Engineer", **fields)
    return person


def planned(on: str, first: str, last: str, item: str = "A1", how: str = "planned", **fields: Any) -> Any:
    given = {"project": "NONE", "weekly_hours": 40, "first_day": first, "last_day": last, "item": item, "at_risk": None}
    return (f"{on} allocation-{how}", {**given, **fields})


def ran(world: World, *steps: Any) -> str:
    """A project's key, of one that was started on 1 January."""
    stream: str = world.project(*(steps or ("2026-01-01 started",)))
    return stream.removeprefix("project:")


OVER: dict[str, Any] = {"weekly_hours": 48}
PLANS: list[tuple[str, tuple[Any, ...], list[str]]] = [
    ("within", (planned("2026-01-10", "2026-02-02", "2026-02-22"),), [SATISFIED]),
    ("over for a week", (planned("2026-01-10", "2026-02-02", "2026-02-08", **OVER),), [SATISFIED]),
    ("over for two weeks", (planned("2026-01-10", "2026-02-02", "2026-02-15", **OVER),), [VIOLATED]),
    ("over twice, apart", (planned("2026-01-10", "2026-02-02", "2026-02-08", **OVER),
        planned("2026-01-10", "2026-02-16", "2026-02-22", "A2", **OVER)), [SATISFIED, SATISFIED]),
    ("over by two plans", (planned("2026-01-10", "2026-02-02", "2026-03-01"),
        planned("2026-01-10", "2026-02-09", "2026-02-22", "A2", weekly_hours=1)), [SATISFIED, VIOLATED, SATISFIED]),
    ("pencilled in", (planned("2026-01-10", "2026-02-02", "2026-02-22", hard=False, **OVER),), []),
    ("pencilled in beside", (planned("2026-01-10", "2026-02-02", "2026-02-22"),
        planned("2026-01-10", "2026-02-02", "2026-02-22", "A2", hard=False)), [SATISFIED]),
    ("released in time", (planned("2026-01-10", "2026-02-02", "2026-02-22", **OVER),
        ("2026-02-05 allocation-released", {"item": "A1", "last_day": "2026-02-08"})), [SATISFIED]),
    ("the second week has not come", (planned("2026-01-10", "2026-06-22", "2026-07-12", **OVER),), [SATISFIED]),
    ("voided", (planned("2026-01-10", "2026-02-02", "2026-02-22", **OVER), ("2026-01-11 voided", {"supersedes": 1})),
        []),
    ("away for two weeks", (planned("2026-01-10", "2026-02-02", "2026-02-15", weekly_hours=8),
        planned("2026-01-10", "2026-05-04", "2026-05-17", "A2", weekly_hours=8)), [SATISFIED]),
    ("before the person came", (planned("2025-11-10", "2025-12-01", "2025-12-21", **OVER),), []),
]  # fmt: skip


@pytest.mark.parametrize(("plans", "results"), [each[1:] for each in PLANS], ids=[each[0] for each in PLANS])
def test_nobody_is_overbooked_two_weeks_running(world: World, plans: tuple[Any, ...], results: list[str]) -> None:
    person = somebody(world)
    away = {"item": "V1", "first_day": "2026-05-04", "last_day": "2026-05-17", "share": 1}
    world.tell(f"person:{person}", "absence-planned", "2026-01-05", **away)
    stream = f"workload:{person}"
    world.add(stream, *plans)
    assert world.results(13, stream, "2026-06-30") == results


def test_two_full_weeks_are_over_where_somebody_is_away(world: World) -> None:
    person = somebody(world)
    away = {"item": "V1", "first_day": "2026-02-06", "last_day": "2026-02-09", "share": 1}
    world.tell(f"person:{person}", "absence-planned", "2026-01-05", **away)
    world.add(f"workload:{person}", planned("2026-01-10", "2026-02-02", "2026-02-22"))
    over, within = world.ask(13, "2026-06-30", streams=[f"workload:{person}"])
    assert (over.result, within.result) == (VIOLATED, SATISFIED)
    assert over.detail == "2 weeks running from 2026-02-02, up to 40 hours planned of 32"
    assert over.activating == f"workload:{person}/1"
    assert (over.unit, over.label, over.since) == ("OPS", person, dt.datetime(2026, 2, 1, 23, tzinfo=dt.UTC))


CONFIRMED = ("2026-01-31 allocation-confirmed", {"item": "A1", "confirmed_by": ANN})
MARCH = ("2026-01-15", "2026-02-01", "2026-03-31")
ALLOCATIONS: list[tuple[str, tuple[Any, ...], tuple[Any, ...], str, list[str]]] = [
    ("in time", (planned(*MARCH), CONFIRMED), (), END, [SATISFIED]),
    ("on the first day", (planned(*MARCH), ("2026-02-01 allocation-confirmed", CONFIRMED[1])), (), END, [SATISFIED]),
    ("a day later", (planned(*MARCH), ("2026-02-02 allocation-confirmed", CONFIRMED[1])), (), END, [CURED]),
    ("not at all", (planned(*MARCH),), (), "2026-02-02", [VIOLATED]),
    ("not yet due", (planned(*MARCH),), (), "2026-02-01", []),
    ("pencilled in", (planned(*MARCH, hard=False),), (), END, []),
    ("released before it began", (planned(*MARCH), ("2026-01-20 allocation-released", {"item": "A1",
        "last_day": None})),
        (), END, []),
    ("revised since", (planned(*MARCH), CONFIRMED, planned("2026-02-10", *MARCH[1:], how="revised")), (), END,
        [VIOLATED]),
    ("revised and confirmed that day", (planned(*MARCH), CONFIRMED, planned("2026-02-10", *MARCH[1:], how="revised"),
        ("2026-02-10 allocation-confirmed", CONFIRMED[1])), (), END, [SATISFIED]),
    ("another one is confirmed", (planned(*MARCH), ("2026-01-20 allocation-confirmed", {**CONFIRMED[1], "item": "A2"})),
        (), END, [VIOLATED]),
    ("the project never runs", (planned(*MARCH),), ("2026-01-01 proposed",), END, []),
    ("the project runs later", (planned(*MARCH), ("2026-03-01 allocation-confirmed", CONFIRMED[1])),
        ("2026-01-01 proposed", "2026-03-01 started"), END, [SATISFIED]),
    ("the project runs after it", (planned(*MARCH),), ("2026-01-01 proposed", "2026-04-01 started"), END, []),
    ("the project ended before", (planned(*MARCH),), ("2026-01-01 started", "2026-01-20 cancelled"), END, []),
    ("the project has ended since", (planned(*MARCH),), ("2026-01-01 started", "2026-02-20 completed"), END,
        [VIOLATED]),
    ("the project is on hold", (planned(*MARCH),), ("2026-01-01 started", "2026-01-20 put-on-hold"), END, []),
    ("the project was withdrawn", (planned(*MARCH),), ("2026-01-01 started", "2026-02-20 withdrawn"), END, []),
    ("the project runs by its source", (planned(*MARCH),), (("2026-01-01 recorded", {"status": "running"}),), END,
        [VIOLATED]),
    ("the project is started here, ended there", (planned(*MARCH),), ("2026-01-01 started",
        ("2026-01-15 recorded", {"status": "completed"})), END, [VIOLATED]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plans", "project", "as_of", "results"), [each[1:] for each in ALLOCATIONS], ids=[each[0] for each in ALLOCATIONS]
)
def test_hard_allocations_are_confirmed(
    world: World, plans: tuple[Any, ...], project: tuple[Any, ...], as_of: str, results: list[str]
) -> None:
    key, stream = ran(world, *project), f"workload:{somebody(world)}"
    world.add(stream, *((step, {**said, "project": key} if "project" in said else said) for step, said in plans))
    assert world.results(14, stream, as_of) == results


def test_an_allocation_is_due_on_its_first_day(world: World) -> None:
    key, person = ran(world), somebody(world)
    world.add(f"workload:{person}", planned(*MARCH, project=key), ("2026-02-04 allocation-confirmed", CONFIRMED[1]))
    [late] = world.ask(14, END, streams=[f"workload:{person}"])
    assert (late.unit, late.due, late.cured_at) == (
        "OPS", dt.date(2026, 2, 1), dt.datetime(2026, 2, 3, 23, tzinfo=dt.UTC),
    )  # fmt: skip
    assert late.detail == f"A1 to {key}, confirmed 3 days after 2026-02-01"
    assert late.evidence == (f"workload:{person}/1", f"workload:{person}/2")


def logged(on: str, hours: int = 8, how: str = "hours-logged") -> tuple[str, dict[str, Any]]:
    return (f"{on} {how}", {"item": "P.2026-02-02", "project": "P", "day": "2026-02-02", "hours": hours})


# the week from 2 to 8 February 2026
WEEKS: list[tuple[str, tuple[Any, ...], str, list[str]]] = [
    ("in the same week", (logged("2026-02-02"), "2026-02-06 submitted"), END, [SATISFIED]),
    ("on the seventh day", (logged("2026-02-02"), "2026-02-15 submitted"), END, [SATISFIED]),
    ("on the eighth day", (logged("2026-02-02"), "2026-02-16 submitted"), END, [CURED]),
    ("not at all", (logged("2026-02-02"),), "2026-02-16", [VIOLATED]),
    ("not yet due", (logged("2026-02-02"),), "2026-02-15", []),
    ("submitted again", (logged("2026-02-02"), "2026-02-06 submitted", "2026-03-06 submitted"), END, [SATISFIED]),
    ("corrected to nothing", (logged("2026-02-02"), logged("2026-02-03", 0, "hours-corrected")), END, []),
    ("corrected without hours before", (logged("2026-02-03", 4, "hours-corrected"),), END, [VIOLATED]),
    ("corrected", (logged("2026-02-02"), logged("2026-02-03", 4, "hours-corrected")), END, [VIOLATED]),
    ("voided", (logged("2026-02-02"), ("2026-02-03 voided", {"supersedes": 1})), END, []),
]


@pytest.mark.parametrize(("steps", "as_of", "results"), [each[1:] for each in WEEKS], ids=[each[0] for each in WEEKS])
def test_timesheets_are_submitted(world: World, steps: tuple[Any, ...], as_of: str, results: list[str]) -> None:
    stream = f"timesheet:{somebody(world)}/2026-W06"
    world.add(stream, *steps)
    assert world.results(15, stream, as_of) == results
    assert not any(o.activating.endswith("/0") for o in world.ask(15, as_of))


def test_hours_that_only_a_source_shows_are_no_evidence(world: World) -> None:
    step, said = logged("2026-02-02")
    imported = (step, {**said, "actor": ACTOR})
    alone, submitted, planned_here = (somebody(world) for _ in range(3))
    key = ran(world)
    world.add(f"timesheet:{alone}/2026-W06", imported)
    world.add(f"timesheet:{submitted}/2026-W06", imported, "2026-02-06 submitted")
    world.add(f"workload:{planned_here}", planned("2026-01-10", "2026-01-26", "2026-03-01", project=key))
    world.add(f"timesheet:{planned_here}/2026-W06", (step, {**imported[1], "project": key}))
    assert world.results(15, f"timesheet:{alone}/2026-W06", END) == [UNKNOWN]
    assert world.results(15, f"timesheet:{submitted}/2026-W06", END) == [SATISFIED]
    assert world.results(16, f"timesheet:{alone}/2026-W06", END) == [UNKNOWN]
    assert world.results(16, f"timesheet:{planned_here}/2026-W06", END) == [SATISFIED]


def test_who_is_planned_owes_a_timesheet(world: World) -> None:
    person = somebody(world)
    away = {"item": "V1", "first_day": "2026-02-16", "last_day": "2026-02-22", "share": 1}
    world.tell(f"timesheet:{somebody(world)}/2026-W06", "submitted", "2026-02-06")
    world.tell(f"person:{person}", "absence-planned", "2026-01-05", **away)
    world.add(f"workload:{person}", planned("2026-01-10", "2026-01-26", "2026-03-01"))
    world.tell(f"timesheet:{person}/2026-W07", "submitted", "2026-02-16")
    # away all week from 16 February on, and gone after it
    world.tell(f"person:{person}", "left", "2026-02-23", voluntary=True)
    owed = {o.due: o for o in world.ask(15, END) if o.label == person}
    assert {due: (o.subject, o.result, o.detail) for due, o in owed.items()} == {
        dt.date(2026, 2, 15): (f"workload:{person}", VIOLATED, "2026-W06, not submitted"),
        dt.date(2026, 2, 22): (f"timesheet:{person}/2026-W07", SATISFIED, ""),
    }
    assert {o.unit for o in owed.values()} == {"OPS"}
    assert owed[dt.date(2026, 2, 15)].activating == f"workload:{person}/1"
    assert owed[dt.date(2026, 2, 15)].since == dt.datetime(2026, 2, 1, 23, tzinfo=dt.UTC)


def test_records_that_stand_twice_count_once(world: World) -> None:
    key, person = ran(world), somebody(world)
    world.add(f"workload:{person}", planned("2026-01-10", "2026-02-02", "2026-02-22", project=key, weekly_hours=48))
    world.add(f"timesheet:{person}/2026-W06", logged("2026-02-02"), "2026-02-16 submitted")
    before = {number: world.ask(number, END) for number in (13, 14, 15)}
    assert {n: {o.result for o in found if person in o.subject} for n, found in before.items()} == {
        13: {VIOLATED}, 14: {VIOLATED}, 15: {CURED, VIOLATED},
    }  # fmt: skip
    world.stand_twice("project", "workload", "timesheet", "person")
    assert {number: world.ask(number, END) for number in before} == before
