"""The KPIs about people and standards, each case by hand: what happened, and the figure that follows."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from kpi_world import KpiWorld, fresh, kpi_world

YEAR = ("2025-12-29", "2026-12-31")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def week(world: KpiWorld, person: str, monday: str, hours: float, *, submitted: bool = True) -> str:
    """A week's timesheet: one entry on its Monday for a day's worth, the rest on Tuesday."""
    first = dt.date.fromisoformat(monday)
    year, number, _ = first.isocalendar()
    stream = f"timesheet:{person}/{year}-W{number:02}"
    entries = [("P1", first, min(hours, 24)), ("P2", first + dt.timedelta(days=1), max(0, hours - 24))]
    for project, day, worked in entries:
        world.tell(
            stream, "hours-logged", day, item=f"{project}.{day}", project=project, day=day, hours=Decimal(str(worked))
        )
    if submitted:
        world.tell(stream, "submitted", first + dt.timedelta(days=7))
    return stream


def utilization(world: KpiWorld, unit: str, **scope: Any) -> tuple[Decimal, Decimal, dict[str, int]]:
    figure = world.figure("utilization", unit, **{"period": YEAR, **scope})
    return figure.numerator, figure.denominator, dict(figure.left_out)


# Monday 5 January 2026 and Monday 11 May 2026 begin ordinary weeks; Germany is off on Thursday 14 May (Ascension)
@pytest.mark.parametrize(
    ("who", "monday", "capacity"),
    [
        ({"weekly_hours": 40}, "2026-05-04", 40),
        ({"weekly_hours": 20}, "2026-05-04", 20),
        ({"weekly_hours": 40, "country": "DE"}, "2026-05-11", 32),
        ({"weekly_hours": 40, "country": "DE-BY"}, "2026-06-01", 32),
        ({"weekly_hours": 40, "country": "DE"}, "2026-06-01", 40),
        ({"weekly_hours": 40, "country": "SA"}, "2026-05-11", 40),
        ({"weekly_hours": 40, "country": "ZZ"}, "2026-05-11", 40),
    ],
    ids=["full time", "part time", "holiday", "holiday of a land", "not of the others", "own weekend", "unknown"],
)
def test_capacity(world: KpiWorld, who: dict[str, Any], monday: str, capacity: int) -> None:
    unit = world.unit()
    week(world, world.person(unit, **who), monday, 30)
    covered = (dt.date.fromisoformat(monday), dt.date.fromisoformat(monday) + dt.timedelta(days=6))
    period = (str(covered[0]), str(covered[1]))
    assert utilization(world, unit, period=period) == (30, capacity, {})


def test_the_units_country_counts_where_the_person_has_none(world: KpiWorld) -> None:
    unit = world.unit(country="DE")
    week(world, world.person(unit), "2026-05-11", 16)
    week(world, world.person(unit, country="US"), "2026-05-11", 16)
    assert utilization(world, unit, period=("2026-05-11", "2026-05-17")) == (32, 32 + 40, {})


def test_absence_is_taken_off_by_the_working_day_and_its_share(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    absences = [("A", "2026-05-06", "2026-05-10", 1), ("B", "2026-05-05", "2026-05-05", Decimal("0.5"))]
    for item, first, last, share in absences:
        world.tell(
            f"person:{person}", "absence-planned", "2026-04-01", item=item, first_day=first, last_day=last, share=share
        )
    week(world, person, "2026-05-04", 10)
    period = ("2026-05-04", "2026-05-10")
    assert utilization(world, unit, period=period) == (10, 8 + 4, {})
    world.tell(f"person:{person}", "absence-cancelled", "2026-05-20", item="A")
    assert utilization(world, unit, period=period) == (10, 36, {})
    assert utilization(world, unit, period=period, as_of="2026-05-19") == (10, 12, {})


def test_two_absences_on_a_day_take_it_off_once(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    for item in ("A", "B"):
        world.tell(
            f"person:{person}", "absence-planned", "2026-04-01",
            item=item, first_day="2026-05-04", last_day="2026-05-04", share=1,
        )  # fmt: skip
    week(world, person, "2026-05-04", 10)
    assert utilization(world, unit, period=("2026-05-04", "2026-05-10")) == (10, 32, {})


def test_contracted_hours_are_those_of_the_day(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    world.tell(f"person:{person}", "hours-changed", "2026-05-07", weekly_hours=20)
    week(world, person, "2026-05-04", 10)
    assert utilization(world, unit, period=("2026-05-04", "2026-05-10")) == (10, 3 * 8 + 2 * 4, {})


def test_who_joins_and_leaves_counts_by_the_day(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit, on="2026-05-06")
    world.tell(f"person:{person}", "left", "2026-05-15")
    week(world, person, "2026-05-04", 10)
    week(world, person, "2026-05-11", 10)
    week(world, person, "2026-05-25", 10)
    found = utilization(world, unit, period=("2026-05-04", "2026-05-31"))
    assert found == (20, 3 * 8 + 4 * 8, {})
    # the week after the departure stands beside, under no unit
    assert world.figure("utilization", "", period=("2026-05-25", "2026-05-31")).left_out == {"not here that week": 1}


def test_only_submitted_weeks_count_and_the_rest_is_coverage(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    week(world, person, "2026-05-04", 30)
    week(world, person, "2026-05-18", 30, submitted=False)
    period = ("2026-05-04", "2026-05-31")
    assert utilization(world, unit, period=period) == (30, 40, {"no timesheet submitted": 3})
    assert utilization(world, unit, period=period, as_of="2026-05-09")[2] == {}
    figure = world.figure("utilization", unit, period=period)
    assert (figure.value, figure.n) == (Decimal("0.75"), 1)


def test_corrected_hours_replace_and_a_void_revives(world: KpiWorld) -> None:
    unit = world.unit()
    stream = week(world, world.person(unit), "2026-05-04", 24)
    period = ("2026-05-04", "2026-05-10")
    world.tell(
        stream, "hours-corrected", "2026-05-04", recorded="2026-06-01",
        item="P1.2026-05-04", project="P1", day="2026-05-04", hours=4,
    )  # fmt: skip
    assert utilization(world, unit, period=period)[0] == 4
    assert utilization(world, unit, period=period, known_at="2026-05-31")[0] == 24
    world.tell(stream, "voided", "2026-06-02", supersedes=4)
    assert utilization(world, unit, period=period)[0] == 24


def test_a_week_belongs_where_its_thursday_lies(world: KpiWorld) -> None:
    unit = world.unit()
    week(world, world.person(unit), "2026-04-27", 30)
    assert utilization(world, unit, period=("2026-04-01", "2026-04-30"))[:2] == (30, 40)
    assert utilization(world, unit, period=("2026-05-01", "2026-05-03"))[:2] == (0, 0)


def test_a_person_who_joins_in_a_week_before_the_period_is_not_in_it(world: KpiWorld) -> None:
    unit = world.unit()
    week(world, world.person(unit, on="2026-05-06"), "2026-05-04", 10)
    assert utilization(world, unit, period=("2026-05-08", "2026-05-10"))[2] == {}
    assert utilization(world, unit, period=("2026-05-07", "2026-05-10"))[:2] == (10, 24)


def test_coverage_begins_with_the_first_week_that_was_known_of(world: KpiWorld) -> None:
    unit = world.unit()
    stream = f"timesheet:{world.person(unit)}/2022-W10"
    world.tell(stream, "submitted", "2022-03-14", recorded="2026-06-01")
    period = ("2022-01-01", "2022-03-31")
    assert utilization(world, unit, period=period)[2] == {"no timesheet submitted": 3}
    assert utilization(world, unit, period=period, known_at="2026-05-31")[2] == {}


def test_utilization_names_the_entries_behind_it(world: KpiWorld) -> None:
    unit = world.unit()
    stream = week(world, world.person(unit), "2026-05-04", 30)
    (row,) = world.rows("utilization", unit, period=("2026-05-04", "2026-05-10"))
    assert row["evidence"] == [f"{stream}/1", f"{stream}/2", f"{stream}/3"]


def standard(world: KpiWorld, weights: tuple[int, ...] = (1, 1, 1, 1)) -> str:
    code = fresh("S")
    world.tell(f"standard:{code}", "published", "2026-01-01", edition="1", requirements=requirements(weights))
    return code


def requirements(weights: tuple[int, ...]) -> tuple[dict[str, Any], ...]:
    return tuple({"id": f"R{n}", "text": "Do it", "weight": weight} for n, weight in enumerate(weights, 1))


def results(*said: str) -> tuple[dict[str, str], ...]:
    return tuple({"requirement": f"R{n}", "result": result} for n, result in enumerate(said, 1))


def mandated(world: KpiWorld, *steps: tuple[str, dict[str, Any]], weights: tuple[int, ...] = (1, 1, 1, 1)) -> str:
    unit, code = world.unit(), standard(world, weights)
    stream = f"adoption:{code}/{unit}"
    world.add(stream, ("2026-01-10 mandated", {"due": "2026-12-31"}), *steps)
    return stream


ASSESSED = ("2026-02-01 assessed", {"edition": "1", "results": results("met", "partly", "not-met")})
ADOPTION: dict[str, tuple[tuple[tuple[str, dict[str, Any]], ...], tuple[int, int, dict[str, int]]]] = {
    "not assessed": ((), (0, 4, {})),
    "met, partly, not met and unassessed": ((ASSESSED,), (1, 4, {})),
    "the last assessment counts whole": (
        (ASSESSED, ("2026-03-01 assessed", {"edition": "1", "results": results("partly", "met")})),
        (1, 4, {}),
    ),
    "waived": ((ASSESSED, ("2026-03-01 waived", {"until": "2026-06-30"})), (0, 0, {"waived": 1})),
    "waiver over": ((ASSESSED, ("2026-03-01 waived", {"until": "2026-06-29"})), (1, 4, {})),
    "waiver ended": ((("2026-03-01 waived", {"until": "2026-12-31"}), ("2026-04-01 waiver-ended", {})), (0, 4, {})),
    "not applicable": ((("2026-03-01 not-applicable", {}),), (0, 0, {"not applicable": 1})),
    "mandated again": (
        (("2026-03-01 not-applicable", {}), ("2026-04-01 mandated", {"due": "2026-12-31"})),
        (0, 4, {}),
    ),
    "abandoned": ((ASSESSED, ("2026-03-01 abandoned", {})), (0, 4, {})),
    "assessed after it was abandoned": ((("2026-01-15 abandoned", {}), ASSESSED), (1, 4, {})),
    "assessed under another edition": (
        (("2026-02-01 assessed", {"edition": "0", "results": results("met", "met")}),),
        (0, 4, {}),
    ),
}


@pytest.fixture(scope="module")
def adoptions(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    return {case: mandated(world, *steps).rpartition("/")[2] for case, (steps, _) in ADOPTION.items()}


@pytest.mark.parametrize("case", ADOPTION)
def test_adoption(world: KpiWorld, adoptions: dict[str, str], case: str) -> None:
    assert world.shown("adoption", adoptions[case]) == ADOPTION[case][1]


def test_requirements_count_by_weight(world: KpiWorld) -> None:
    stream = mandated(world, ASSESSED, weights=(5, 1, 1))
    assert world.shown("adoption", stream.rpartition("/")[2]) == (5, 7, {})


def test_a_new_edition_leaves_everything_unassessed(world: KpiWorld) -> None:
    stream = mandated(world, ASSESSED)
    code, unit = stream[9:].split("/")
    world.tell(f"standard:{code}", "revised", "2026-05-01", edition="2", requirements=requirements((1, 1)))
    assert world.shown("adoption", unit, as_of="2026-04-30") == (1, 4, {})
    assert world.shown("adoption", unit) == (0, 2, {})
    world.tell(stream, "assessed", "2026-06-01", edition="2", results=results("met"))
    assert world.shown("adoption", unit) == (1, 2, {})
    assert world.rows("adoption", unit)[0]["evidence"] == [f"{stream}/1", f"{stream}/3", f"standard:{code}/2"]


def test_what_is_not_mandated_or_withdrawn_is_no_data(world: KpiWorld) -> None:
    unit, code = world.unit(), standard(world)
    world.add(f"adoption:{code}/{unit}", ASSESSED)
    assert world.figure("adoption", unit).value is None
    assert world.shown("adoption", unit) == (0, 0, {"not mandated": 1})
    other = mandated(world, ASSESSED)
    world.tell(f"standard:{other[9:].split('/')[0]}", "withdrawn", "2026-06-01")
    assert world.shown("adoption", other.rpartition("/")[2]) == (0, 0, {"standard withdrawn": 1})


Told = tuple[str, dict[str, Any]]
COMPLETED: Told = ("2026-02-01 completed", {"completed_on": "2026-02-01", "expires": None})
TRAINING: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[Told, ...], tuple[int, int, dict[str, int]]]] = {
    "valid": ({}, {}, (COMPLETED,), (1, 1, {})),
    "missing": ({}, {}, (), (0, 1, {})),
    "enrolled is not done": ({}, {}, (("2026-02-01 enrolled", {"due": None}),), (0, 1, {})),
    "failed": ({}, {}, (("2026-02-01 failed", {"failed_on": "2026-02-01"}),), (0, 1, {})),
    "valid and failed at the next try": (
        {}, {}, (COMPLETED, ("2026-03-01 failed", {"failed_on": "2026-03-01"})), (1, 1, {}),
    ),
    "expires on the day": (
        {}, {}, (("2026-02-01 completed", {"completed_on": "2026-02-01", "expires": "2026-06-30"}),), (1, 1, {}),
    ),
    "expired": (
        {}, {}, (("2026-02-01 completed", {"completed_on": "2026-02-01", "expires": "2026-06-29"}),), (0, 1, {}),
    ),
    "revoked": ({}, {}, (COMPLETED, ("2026-03-01 revoked", {})), (0, 1, {})),
    "completed again after it was revoked": (
        {}, {}, (COMPLETED, ("2026-03-01 revoked", {}),
                 ("2026-04-01 completed", {"completed_on": "2026-04-01", "expires": None})), (1, 1, {}),
    ),
    "exempted": ({}, {}, (("2026-02-01 exempted", {"until": "2026-06-30"}),), (1, 1, {})),
    "exemption over": ({}, {}, (("2026-02-01 exempted", {"until": "2026-06-29"}),), (0, 1, {})),
    "another role": ({"role": "Tester"}, {}, (), (0, 0, {})),
    "below the level": ({"career_level": 2}, {"career_level": 3}, (), (0, 0, {})),
    "at the level": ({"career_level": 3}, {"career_level": 3}, (), (0, 1, {})),
    "level unknown": ({"career_level": None}, {"career_level": 3}, (), (0, 0, {})),
    "due on the day": ({"on": "2026-06-20"}, {"grace_days": 10}, (), (0, 1, {})),
    "within the grace days": ({"on": "2026-06-21"}, {"grace_days": 10}, (COMPLETED,), (0, 0, {"not due yet": 1})),
    "required since yesterday": ({}, {"on": "2026-06-29", "grace_days": 10}, (), (0, 0, {"not due yet": 1})),
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(world: KpiWorld) -> dict[str, tuple[str, str, str]]:
    """Unit, person and course of each case; all are landed together."""
    return {case: training(world, who, rule, steps) for case, (who, rule, steps, _) in TRAINING.items()}


def training(
    world: KpiWorld, who: dict[str, Any], rule: dict[str, Any], steps: tuple[Told, ...] = ()
) -> tuple[str, str, str]:
    unit, course = world.unit(), fresh("C")
    role = f"role of {course}"
    person = world.person(unit, **{"on": "2025-01-01", "role": role, "career_level": 5, **who})
    rule = {"on": "2025-01-01", "grace_days": 30, "career_level": None, **rule}
    world.tell(f"course:{course}", "defined", "2024-01-01")
    world.tell(f"course:{course}", "required", rule.pop("on"), item="R", role=role, **rule)
    world.add(f"training:{person}/{course}", *steps)
    return unit, person, course


@pytest.mark.parametrize("case", TRAINING)
def test_training_compliance(world: KpiWorld, trained: dict[str, tuple[str, str, str]], case: str) -> None:
    assert world.shown("training-compliance", trained[case][0]) == TRAINING[case][3]


def test_who_left_is_beside(world: KpiWorld) -> None:
    unit, person, _ = training(world, {}, {})
    world.tell(f"person:{person}", "left", "2026-06-30")
    assert world.shown("training-compliance", unit, as_of="2026-06-29") == (0, 1, {})
    assert world.shown("training-compliance", unit) == (0, 0, {"left": 1})


def test_a_promotion_in_the_same_role_does_not_begin_the_grace_anew(world: KpiWorld) -> None:
    unit, person, course = training(world, {}, {})
    role = f"role of {course}"
    world.tell(f"person:{person}", "role-changed", "2026-06-25", role=role, career_level=6)
    assert world.shown("training-compliance", unit) == (0, 1, {})


def test_a_new_role_begins_the_grace_and_so_does_its_return(world: KpiWorld) -> None:
    unit, person, course = training(world, {}, {})
    role = f"role of {course}"
    world.tell(f"person:{person}", "role-changed", "2026-03-01", role="Tester", career_level=5)
    world.tell(f"person:{person}", "role-changed", "2026-06-25", role=role, career_level=5)
    assert world.shown("training-compliance", unit, as_of="2026-02-28") == (0, 1, {})
    assert world.shown("training-compliance", unit, as_of="2026-05-31") == (0, 0, {})
    assert world.shown("training-compliance", unit) == (0, 0, {"not due yet": 1})
    assert world.shown("training-compliance", unit, as_of="2026-07-25") == (0, 1, {})


def test_two_requirements_for_one_course_count_once_at_the_earliest(world: KpiWorld) -> None:
    unit, _, course = training(world, {}, {"grace_days": 3650})
    world.tell(
        f"course:{course}", "required", "2025-01-01",
        item="R2", role=f"role of {course}", career_level=3, grace_days=5,
    )  # fmt: skip
    assert world.shown("training-compliance", unit) == (0, 1, {})


def test_a_requirement_that_ended_and_a_retired_course(world: KpiWorld) -> None:
    unit, _, course = training(world, {}, {})
    world.tell(f"course:{course}", "retired", "2026-05-01")
    assert world.shown("training-compliance", unit) == (0, 0, {"course retired": 1})
    world.tell(f"course:{course}", "not-required", "2026-06-01", item="R")
    assert world.shown("training-compliance", unit) == (0, 0, {})


def test_a_training_recorded_late(world: KpiWorld) -> None:
    unit, person, course = training(world, {}, {})
    stream = f"training:{person}/{course}"
    world.tell(stream, "completed", "2026-02-01", recorded="2026-06-01", completed_on="2026-02-01", expires=None)
    assert world.shown("training-compliance", unit, as_of="2026-03-31") == (1, 1, {})
    assert world.shown("training-compliance", unit, as_of="2026-03-31", known_at="2026-05-31") == (0, 1, {})
    assert world.rows("training-compliance", unit)[0]["evidence"] == [
        f"person:{person}/1",
        f"course:{course}/2",
        f"{stream}/1",
    ]
