"""The controls about standards and trainings, case by case."""

import datetime as dt
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest
from controls_world import World, day, fresh, opened

SATISFIED, VIOLATED, CURED = "satisfied", "violated", "cured late"
Step = str | tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def mandated(on: str, due: str, **more: Any) -> Step:
    return (f"{on} mandated", {"due": due, **more})


def assessed(on: str, edition: str = "1") -> Step:
    return (f"{on} assessed", {"edition": edition})


def waived(on: str, until: str) -> Step:
    return (f"{on} waived", {"until": until})


FIRST: Step = ("2025-01-01 published", {"edition": "1"})
SECOND: Step = ("2026-03-01 revised", {"edition": "2"})
MANDATE = mandated("2026-02-01", "2026-06-01")
NOT_APPLICABLE = "not-applicable"
# what the standard, then the unit did; as of when; the results
ASSESSMENT_CASES: list[tuple[str, tuple[Step, ...], tuple[Step, ...], str, list[str]]] = [
    ("not mandated", (FIRST,), (assessed("2026-03-01"),), "2026-12-31", []),
    ("in time", (FIRST,), (MANDATE, assessed("2026-05-01")), "2026-12-31", [SATISFIED]),
    ("on the due day", (FIRST,), (MANDATE, assessed("2026-06-01")), "2026-12-31", [SATISFIED]),
    ("on the evening of the due day", (FIRST,), (MANDATE, assessed("2026-06-01 23:30")), "2026-12-31", [SATISFIED]),
    ("a day late", (FIRST,), (MANDATE, assessed("2026-06-02")), "2026-12-31", [CURED]),
    ("not yet due", (FIRST,), (MANDATE,), "2026-05-31", []),
    ("due today", (FIRST,), (MANDATE,), "2026-06-01", []),
    ("past due", (FIRST,), (MANDATE,), "2026-06-02", [VIOLATED]),
    ("assessed before the mandate", (FIRST,), (assessed("2026-01-15"), MANDATE), "2026-12-31", [SATISFIED]),
    ("assessed long before, another edition since", (FIRST, ("2026-01-20 revised", {"edition": "2"})),
        (assessed("2026-01-15"), MANDATE), "2026-12-31", [VIOLATED]),
    ("assessed under the old edition", (FIRST, SECOND), (MANDATE, assessed("2026-04-01", "1")), "2026-12-31",
        [VIOLATED]),
    ("assessed under the new edition", (FIRST, SECOND), (MANDATE, assessed("2026-04-01", "2")), "2026-12-31",
        [SATISFIED]),
    ("the edition changed after the assessment", (FIRST, SECOND), (MANDATE, assessed("2026-02-15", "1")), "2026-12-31",
        [SATISFIED]),
    ("the edition changed on the day of the assessment", (FIRST, ("2026-03-01 10:00 revised", {"edition": "2"})),
        (MANDATE, assessed("2026-03-01", "2")), "2026-12-31", [SATISFIED]),
    ("an assessment of an edition that is not yet there", (FIRST, SECOND), (MANDATE, assessed("2026-02-15", "2")),
        "2026-12-31", [VIOLATED]),
    ("a standard that nobody published", (), (MANDATE, assessed("2026-04-01", "7")), "2026-12-31", [SATISFIED]),
    ("due moved to later in time", (FIRST,), (MANDATE, mandated("2026-05-01", "2026-09-01")), "2026-07-01", []),
    ("due moved to later, too late", (FIRST,), (MANDATE, mandated("2026-06-15", "2026-09-01")), "2026-07-01",
        [VIOLATED]),
    ("due moved too late, then assessed", (FIRST,), (MANDATE, mandated("2026-06-15", "2026-09-01"),
        assessed("2026-08-01")), "2026-12-31", [CURED, SATISFIED]),
    ("due moved to earlier", (FIRST,), (MANDATE, mandated("2026-03-01", "2026-04-01"), assessed("2026-05-01")),
        "2026-12-31", [CURED]),
    ("due corrected", (FIRST,), (MANDATE, mandated("2026-02-01", "2026-07-01", supersedes=1), assessed("2026-06-20")),
        "2026-12-31", [SATISFIED]),
    ("waived at the due day", (FIRST,), (MANDATE, waived("2026-05-01", "2026-08-31")), "2026-08-31", []),
    ("waived, and silent after the waiver", (FIRST,), (MANDATE, waived("2026-05-01", "2026-08-31")), "2026-09-01",
        [VIOLATED]),
    ("waived, and assessed within the waiver", (FIRST,), (MANDATE, waived("2026-05-01", "2026-08-31"),
        assessed("2026-08-01")), "2026-12-31", [SATISFIED]),
    ("waived twice running", (FIRST,), (MANDATE, waived("2026-05-01", "2026-08-31"), waived("2026-08-31",
        "2026-11-30")), "2026-11-30", []),
    ("the waiver ends before the due day", (FIRST,), (MANDATE, waived("2026-03-01", "2026-04-30")), "2026-06-02",
        [VIOLATED]),
    ("the waiver is ended early", (FIRST,), (MANDATE, waived("2026-05-01", "2026-08-31"), "2026-07-01 waiver-ended"),
        "2026-07-02", [VIOLATED]),
    ("waived too late", (FIRST,), (MANDATE, waived("2026-06-15", "2026-08-31")), "2026-12-31", [CURED]),
    ("not applicable", (FIRST,), (MANDATE, f"2026-05-01 {NOT_APPLICABLE}"), "2026-12-31", []),
    ("not applicable, said too late", (FIRST,), (MANDATE, f"2026-06-15 {NOT_APPLICABLE}"), "2026-12-31", [CURED]),
    ("not applicable before the mandate", (FIRST,), (f"2026-01-05 {NOT_APPLICABLE}", MANDATE), "2026-12-31",
        [VIOLATED]),
    ("applicable again", (FIRST,), (MANDATE, f"2026-05-01 {NOT_APPLICABLE}", mandated("2026-07-01", "2026-09-01")),
        "2026-12-31", [VIOLATED]),
    ("the mandate voided", (FIRST,), (MANDATE, ("2026-07-01 voided", {"supersedes": 1})), "2026-12-31", []),
    ("the assessment voided", (FIRST,), (MANDATE, assessed("2026-05-01"), ("2026-05-02 voided", {"supersedes": 2})),
        "2026-12-31", [VIOLATED]),
]  # fmt: skip


@pytest.fixture(scope="module")
def adoptions(world: World) -> dict[int, str]:
    streams = {}
    for case in ASSESSMENT_CASES:
        standard = fresh("STD")
        world.add(f"standard:{standard}", *case[1])
        streams[id(case)] = f"adoption:{standard}/OPS"
        world.add(streams[id(case)], *case[2])
    return streams


@pytest.mark.parametrize("case", ASSESSMENT_CASES, ids=itemgetter(0))
def test_a_mandated_standard_is_assessed_by_its_due_date(
    world: World, adoptions: dict[int, str], case: tuple[Any, ...]
) -> None:
    assert world.results(9, adoptions[id(case)], case[3]) == case[4]


def test_a_late_assessment_says_by_when_and_when(world: World) -> None:
    standard = fresh("STD")
    stream = f"adoption:{standard}/SALES"
    world.add(f"standard:{standard}", FIRST)
    world.add(stream, MANDATE, waived("2026-05-01", "2026-06-30"), assessed("2026-07-10"))
    [found] = world.ask(9, "2026-12-31", streams=[stream])
    assert (found.unit, found.label, found.standing) == ("SALES", standard, "governed")
    assert (found.since, found.due, found.cured_at) == (day("2026-02-01"), dt.date(2026, 6, 30), day("2026-07-10"))
    assert found.evidence == (f"{stream}/1", f"{stream}/3")


def test_an_assessment_recorded_late_was_missing_as_known_then(world: World) -> None:
    standard = fresh("STD")
    stream = f"adoption:{standard}/OPS"
    world.add(f"standard:{standard}", FIRST)
    world.add(stream, MANDATE, ("2026-05-01 assessed", {"edition": "1", "recorded": "2026-07-01"}))
    assert world.results(9, stream, "2026-06-30") == [SATISFIED]
    assert world.results(9, stream, "2026-06-30", known_at="2026-06-30") == [VIOLATED]


def needs(grace: int = 0, on: str = "2025-01-01", level: int | None = None) -> Step:
    return (f"{on} required", {"grace_days": grace, "career_level": level})


def planned(first: str, last: str, happened: str = "planned", on: str = "2026-01-01") -> Step:
    return (f"{on} allocation-{happened}", {"first_day": first, "last_day": last})


def completed(on: str, expires: str | None = None) -> Step:
    return (f"{on} completed", {"completed_on": on, "expires": expires})


JOINED = "2025-01-01 joined"
SPRING = planned("2026-03-01", "2026-05-31")
END = "2026-12-31"
# what was said of the course, of the person, of their workload and training; as of when; the results
TRAINING_CASES: list[tuple[str, tuple[Step, ...], tuple[Step, ...], tuple[Step, ...], tuple[Step, ...], str, list[str]]]
TRAINING_CASES = [
    ("not required", (), (JOINED,), (SPRING,), (), END, []),
    ("not allocated", (needs(),), (JOINED,), (), (), END, []),
    ("allocated in future", (needs(),), (JOINED,), (SPRING,), (), "2026-02-28", []),
    ("never taken", (needs(),), (JOINED,), (SPRING,), (), END, [VIOLATED]),
    ("taken before", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01"),), END, [SATISFIED]),
    ("taken on the first day", (needs(),), (JOINED,), (SPRING,), (completed("2026-03-01"),), END, [SATISFIED]),
    ("taken a day after", (needs(),), (JOINED,), (SPRING,), (completed("2026-03-02"),), END, [CURED]),
    ("taken after the end", (needs(),), (JOINED,), (SPRING,), (completed("2026-06-01"),), END, [VIOLATED]),
    ("valid to the last day", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01", "2026-05-31"),), END,
        [SATISFIED]),
    ("expired on the way", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01", "2026-05-30"),), END, [VIOLATED]),
    ("expires later, as of before", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01", "2026-05-30"),),
        "2026-05-30", [SATISFIED]),
    ("renewed without a gap", (needs(),), (JOINED,), (SPRING,), (completed("2025-04-01", "2026-03-31"),
        completed("2026-03-20", "2027-03-20")), END, [SATISFIED]),
    ("renewed the day after", (needs(),), (JOINED,), (SPRING,), (completed("2025-04-01", "2026-03-31"),
        completed("2026-04-01", "2027-03-20")), END, [SATISFIED]),
    ("renewed with a gap", (needs(),), (JOINED,), (SPRING,), (completed("2025-04-01", "2026-03-31"),
        completed("2026-04-15", "2027-03-20")), END, [CURED]),
    ("exempted", (needs(),), (JOINED,), (SPRING,), (("2026-02-01 exempted", {"until": "2026-12-31"}),), END,
        [SATISFIED]),
    ("exemption ends on the way", (needs(),), (JOINED,), (SPRING,), (("2026-02-01 exempted", {"until": "2026-04-30"}),),
        END, [VIOLATED]),
    ("exempted, then taken", (needs(),), (JOINED,), (SPRING,), (("2026-02-01 exempted", {"until": "2026-04-30"}),
        completed("2026-04-20")), END, [SATISFIED]),
    ("failed", (needs(),), (JOINED,), (SPRING,), (("2026-02-01 failed", {"failed_on": "2026-02-01"}),), END,
        [VIOLATED]),
    ("revoked on the way", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01"), "2026-04-01 revoked"), END,
        [VIOLATED]),
    ("revoked, taken again", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01"), "2026-04-01 revoked",
        completed("2026-04-10")), END, [CURED]),
    ("released before it began", (needs(),), (JOINED,), (SPRING, ("2026-02-15 allocation-released",
        {"last_day": None})), (), END, []),
    ("released before the training expired", (needs(),), (JOINED,), (SPRING, ("2026-04-10 allocation-released",
        {"last_day": "2026-04-10"})), (completed("2026-02-01", "2026-04-30"),), END, [SATISFIED]),
    ("moved until after the training", (needs(),), (JOINED,), (SPRING, planned("2026-04-01", "2026-05-31", "revised",
        "2026-02-01")), (completed("2026-03-20"),), END, [SATISFIED]),
    ("in the grace days", (needs(90),), ("2026-02-01 joined",), (SPRING,), (), "2026-05-01", []),
    ("after the grace days", (needs(90),), ("2026-02-01 joined",), (SPRING,), (), "2026-05-02", [VIOLATED]),
    ("taken within the grace days", (needs(90),), ("2026-02-01 joined",), (SPRING,), (completed("2026-04-30"),), END,
        [SATISFIED]),
    ("required only since then", (needs(30, "2026-04-01"),), (JOINED,), (SPRING,), (completed("2026-04-30"),), END,
        [SATISFIED]),
    ("no longer required", (needs(), "2026-02-01 not-required"), (JOINED,), (SPRING,), (), END, []),
    ("another role by then", (needs(),), (JOINED, ("2026-02-01 role-changed", {"role": "another"})), (SPRING,), (), END,
        []),
    ("another role on the way", (needs(),), (JOINED, ("2026-04-01 role-changed", {"role": "another"})), (SPRING,),
        (completed("2026-02-01", "2026-03-31"),), END, [SATISFIED]),
    ("gone before", (needs(),), (JOINED, "2026-02-01 left"), (SPRING,), (), END, []),
    ("below the level", (needs(level=3),), ((JOINED, {"career_level": 2}),), (SPRING,), (), END, []),
    ("of the level", (needs(level=3),), ((JOINED, {"career_level": 3}),), (SPRING,), (), END, [VIOLATED]),
    ("the completion voided", (needs(),), (JOINED,), (SPRING,), (completed("2026-02-01"),
        ("2026-02-02 voided", {"supersedes": 1})), END, [VIOLATED]),
    ("two allocations", (needs(),), (JOINED,), (SPRING, ("2026-01-02 allocation-planned", {"item": "2",
        "first_day": "2026-06-01", "last_day": "2026-06-30"})), (completed("2026-03-10"),), END, [CURED, SATISFIED]),
]  # fmt: skip


@pytest.fixture(scope="module")
def workloads(world: World) -> dict[int, str]:
    return {id(case): tell_training(world, *case[1:5]) for case in TRAINING_CASES}


def tell_training(
    world: World,
    course: tuple[Step, ...],
    person: tuple[Step, ...],
    workload: tuple[Step, ...],
    training: tuple[Step, ...],
) -> str:
    """A person, a role and a course of their own; gives the workload's stream."""
    code, owner = fresh("C"), fresh().ljust(20, "A").translate(str.maketrans("0189", "WXYZ"))
    given = {
        "required": {"role": code},
        "joined": {"role": code},
        "planned": {"project": "X"},
        "revised": {"project": "X"},
    }

    def add(stream: str, *steps: Step) -> None:
        for text, fields in (step if isinstance(step, tuple) else (step, {}) for step in steps):
            happened = text.split()[-1].removeprefix("allocation-")
            world.add(stream, (text, {**given.get(happened, {}), **fields}))

    add(f"course:{code}", "2024-01-01 defined", *course)
    add(f"person:{owner}", *person)
    add(f"workload:{owner}", *workload)
    world.add(f"training:{owner}/{code}", *training)
    return f"workload:{owner}"


@pytest.mark.parametrize("case", TRAINING_CASES, ids=itemgetter(0))
def test_required_training_is_valid_before_and_during_an_allocation(
    world: World, workloads: dict[int, str], case: tuple[Any, ...]
) -> None:
    assert world.results(12, workloads[id(case)], case[5]) == case[6]


def test_a_training_occasion_names_its_evidence(world: World) -> None:
    stream = tell_training(
        world, (needs(),), (JOINED,), (SPRING,), (completed("2025-04-01", "2026-03-31"), completed("2026-04-15"))
    )
    person = stream.removeprefix("workload:")
    [found] = world.ask(12, END, streams=[stream])
    course = found.detail.split()[0]
    assert (found.unit, found.activating, found.detail) == ("OPS", f"{stream}/1", f"{course} for X")
    assert set(found.evidence) == {
        f"{stream}/1", f"course:{course}/2", f"training:{person}/{course}/1", f"training:{person}/{course}/2"
    }  # fmt: skip
    assert (found.due, found.cured_at) == (dt.date(2026, 3, 1), day("2026-04-15"))
