"""The KPIs about who comes, goes and gets on, each case by hand: what happened, and the figure that follows."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from kpi_world import KpiWorld, Shown, fresh, kpi_world

Told = tuple[str, dict[str, Any]]
YEAR = ("2026-01-01", "2026-12-31")
HALF = 181
"""The days from 1 January to 30 June 2026, the as-of day."""
FREELY, SENT = {"voluntary": True}, {"voluntary": False}
BACK = {"unit": "OPS", "role": "PM", "weekly_hours": 40}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def back(on: str, unit: str) -> Told:
    """The person joins again."""
    return f"{on} joined", {**BACK, "unit": unit}


# each with the day of joining, what came then, who left of their own will, and the days of the half-year here
LEAVING: dict[str, tuple[str, tuple[str | Told, ...], int, int]] = {
    "stays": ("2020-01-01", (), 0, HALF),
    "leaves": ("2020-01-01", (("2026-04-01 left", FREELY),), 1, 90),
    "is sent away": ("2020-01-01", (("2026-04-01 left", SENT),), 0, 90),
    "leaves for unknown reasons": ("2020-01-01", (("2026-04-01 left", {}),), 0, 90),
    "leaves and comes back": ("2020-01-01", (("2026-04-01 left", FREELY), "back 2026-05-01"), 0, 90 + 61),
    "leaves on the last day": ("2020-01-01", (("2026-06-30 left", FREELY),), 1, HALF - 1),
    "leaves on the first day": ("2020-01-01", (("2026-01-01 left", FREELY),), 1, 0),
    "left before": ("2020-01-01", (("2025-12-31 left", FREELY),), 0, 0),
    "joins in the period": ("2026-06-01", (), 0, 30),
    "joins and leaves in the period": ("2026-06-01", (("2026-06-11 left", FREELY),), 1, 10),
    "joins and leaves on one day": ("2026-06-01", (("2026-06-01 left", FREELY),), 1, 0),
    "leaves after the as-of day": ("2020-01-01", (("2026-07-01 left", FREELY),), 0, HALF),
    "is promoted": (
        "2020-01-01",
        (("2026-04-01 role-changed", {"role": "PM", "career_level": 4}), ("2026-05-01 left", FREELY)),
        1,
        120,
    ),
}


@pytest.fixture(scope="module")
def leavers(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    return {case: alone(world, *LEAVING[case][:2])[0] for case in LEAVING}


def alone(world: KpiWorld, on: str, steps: tuple[str | Told, ...]) -> tuple[str, str]:
    """A unit with one person."""
    unit = world.unit()
    person = world.person(unit, on=on)
    told = [back(s.removeprefix("back "), unit) if isinstance(s, str) and s.startswith("back") else s for s in steps]
    world.add(f"person:{person}", *told)
    return unit, person


@pytest.mark.parametrize("case", LEAVING)
def test_attrition(world: KpiWorld, leavers: dict[str, str], case: str) -> None:
    figure = world.figure("attrition", leavers[case], period=YEAR)
    *_, left, days = LEAVING[case]
    assert figure.numerator == left
    assert figure.denominator == round(Decimal(days) / HALF, 4)


def test_attrition_is_over_the_average_headcount_of_part_of_the_period(world: KpiWorld) -> None:
    unit = world.unit()
    for _ in range(3):
        world.person(unit)
    world.tell(f"person:{world.person(unit)}", "left", "2026-03-17", **FREELY)
    march = ("2026-03-01", "2026-03-31")
    # 16 of the 31 days
    assert world.figure("attrition", unit, period=march).value == 1 / Decimal("3.5161")
    assert world.figure("attrition", unit, as_of="2026-03-31", period=YEAR).value == 1 / Decimal("3.8333")
    assert world.shown("attrition", unit, period=("2026-02-01", "2026-02-28")) == (0, 4, {})
    assert world.shown("attrition", unit, period=("2026-04-01", "2026-04-30")) == (0, 3, {})
    (row,) = [row for row in world.rows("attrition", unit, period=march) if row["numerator"]]
    assert row["evidence"] == [1, 2]


def test_attrition_begins_with_the_first_person_and_needs_a_period_before_the_as_of_day(world: KpiWorld) -> None:
    unit = world.unit()
    world.person(unit)
    assert world.shown("attrition", unit, as_of="2020-12-31", period=("2019-01-01", "2020-12-31")) == (0, 1, {})
    assert world.shown("attrition", unit, period=("2026-07-01", "2026-12-31")) == (0, 0, {})
    assert world.figure("attrition", unit, period=("2026-07-01", "2026-12-31")).value is None


def test_attrition_counts_for_the_unit_and_role_of_last(world: KpiWorld) -> None:
    old, new = world.unit(), world.unit()
    person = world.person(old)
    world.add(
        f"person:{person}",
        ("2026-02-01 moved", {"unit": new}),
        ("2026-03-01 role-changed", {"role": "Tester", "career_level": None}),
        ("2026-04-01 left", FREELY),
    )
    assert world.shown("attrition", old, period=YEAR) == (0, 0, {})
    (figure,) = world.figures("attrition", by="role", unit=new, period=YEAR)
    assert (figure.by, figure.numerator, figure.denominator) == ("Tester", 1, Decimal("0.4972"))


RETAINED: dict[str, tuple[int, int]] = {
    "stays": (1, 1),
    "leaves": (0, 1),
    "is sent away": (0, 1),
    "leaves and comes back": (1, 1),
    "leaves on the last day": (0, 1),
    "leaves on the first day": (0, 0),
    "left before": (0, 0),
    "joins in the period": (0, 0),
    "leaves after the as-of day": (1, 1),
    "is promoted": (0, 1),
}


@pytest.mark.parametrize("case", RETAINED)
def test_retention(world: KpiWorld, leavers: dict[str, str], case: str) -> None:
    assert world.shown("retention", leavers[case], period=YEAR) == (*RETAINED[case], {})


def test_what_is_said_of_somebody_after_they_left_does_not_bring_them_back(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    world.tell(f"person:{person}", "left", "2026-02-01", voluntary=True)
    world.tell(f"person:{person}", "role-changed", "2026-02-10", role="DEV")
    january, march = ("2026-01-01", "2026-02-28"), ("2026-03-01", "2026-03-31")
    figure = world.figure("attrition", unit, period=january)
    assert (figure.numerator, round(figure.denominator, 4)) == (1, Decimal("0.5254"))
    assert world.shown("attrition", unit, period=march) == (0, 0, {})
    assert world.shown("retention", unit, period=january) == (0, 1, {})
    assert world.shown("retention", unit, period=march) == (0, 0, {})


def test_retention_is_of_the_period_and_needs_a_first_day(world: KpiWorld) -> None:
    unit, _ = alone(world, "2026-01-01", (("2026-04-01 left", FREELY), "back 2026-05-01"))
    assert world.shown("retention", unit, period=("2026-01-01", "2026-03-31")) == (1, 1, {})
    assert world.shown("retention", unit, period=("2026-01-01", "2026-04-30")) == (0, 1, {})
    assert world.shown("retention", unit, period=("2025-12-31", "2026-03-31")) == (0, 0, {})
    assert world.shown("retention", unit, as_of="2026-04-15", period=YEAR) == (0, 1, {})
    assert world.figure("retention", unit).value is None


def path(world: KpiWorld, role: str, *months: int | None, code: str = "") -> str:
    """A career path whose level n takes so many months on the level before."""
    code = code or fresh("W")
    levels = [{"level": n, "title": f"Level {n}", "courses": (), "months": m} for n, m in enumerate(months, 1)]
    world.tell(f"path:{code}", "defined", "2020-01-01", role=role, levels=levels[::-1])
    return code


def level(on: str, found: int, path: str | None = None) -> Told:
    return f"{on} level-assessed", {"career_level": found, "path": path}


def climber(world: KpiWorld, *steps: str | Told, on: str = "2024-06-30", months: tuple[int | None, ...] = ()) -> str:
    """A unit with one person whose role's path takes a year a level up to 3, and has a 4th without usual months."""
    unit, role = world.unit(), fresh("role ")
    path(world, role, *(months or (None, 12, 12, None)))
    person = world.person(unit, on=on, role=role)
    for step in steps:
        world.add(f"person:{person}", step)
    return unit


CLIMBING: dict[str, tuple[tuple[str | Told, ...], dict[str, Any], Shown]] = {
    "as expected on the day": ((level("2026-06-01", 3),), {}, (1, 1, {})),
    "behind": ((level("2026-06-01", 2),), {}, (0, 1, {})),
    "a day before the next level": ((level("2026-06-01", 2),), {"on": "2024-07-01"}, (1, 1, {})),
    "the last assessment counts": ((level("2026-05-01", 3), level("2026-06-01", 2)), {}, (0, 1, {})),
    "nothing is expected beyond a level without months": (
        (level("2026-06-01", 3),), {"on": "2020-01-01"}, (1, 1, {}),
    ),
    "nor of what follows it": (
        (level("2026-06-01", 1),), {"on": "2020-01-01", "months": (None, None, 1)}, (1, 1, {}),
    ),
    "the lowest level is expected at once": ((level("2026-06-30", 1),), {"on": "2026-06-30"}, (1, 1, {})),
    "a very long path": ((level("2026-06-01", 1),), {"months": (None, *[600] * 19)}, (1, 1, {})),
    "not assessed": ((), {}, (0, 0, {"not assessed": 1})),
    "assessed before the role": ((level("2024-06-29", 5),), {}, (0, 0, {"not assessed": 1})),
    "left": ((level("2026-06-01", 3), ("2026-06-30 left", FREELY)), {}, (0, 0, {"left": 1})),
}  # fmt: skip


@pytest.fixture(scope="module")
def climbers(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    return {case: climber(world, *steps, **who) for case, (steps, who, _) in CLIMBING.items()}


@pytest.mark.parametrize("case", CLIMBING)
def test_level_progress(world: KpiWorld, climbers: dict[str, str], case: str) -> None:
    assert world.shown("level-progress", climbers[case]) == CLIMBING[case][2]


def test_a_role_without_a_path_is_beside(world: KpiWorld) -> None:
    unit, role = world.unit(), fresh("role ")
    person = world.person(unit, role=role)
    world.add(f"person:{person}", level("2026-06-01", 3))
    assert world.shown("level-progress", unit) == (0, 0, {"no path": 1})
    code = path(world, role, None, 12)
    assert world.shown("level-progress", unit) == (1, 1, {})
    world.tell(f"path:{code}", "retired", "2026-06-15", reason=None)
    assert world.shown("level-progress", unit) == (0, 0, {"no path": 1})
    assert world.shown("level-progress", unit, as_of="2026-06-14") == (1, 1, {})


def test_the_path_that_the_assessment_names_goes_before_the_roles(world: KpiWorld) -> None:
    unit, role = world.unit(), fresh("role ")
    path(world, role, None, 1)
    slower = path(world, fresh("role "), None, 600)
    person = world.person(unit, role=role)
    world.add(f"person:{person}", level("2026-06-01", 1, slower))
    assert world.shown("level-progress", unit) == (1, 1, {})
    assert world.rows("level-progress", unit)[0]["evidence"] == [1, 2]
    # that path is followed no more: the role's own counts
    world.tell(f"path:{slower}", "retired", "2026-06-15", reason=None)
    assert world.shown("level-progress", unit) == (0, 1, {})


def test_of_several_paths_of_a_role_the_first_by_name_counts(world: KpiWorld) -> None:
    unit, role = world.unit(), fresh("role ")
    path(world, role, None, 1, code=fresh("ZZ"))
    path(world, role, None, 600, code=fresh("AA"))
    world.add(f"person:{world.person(unit, role=role)}", level("2026-06-01", 1))
    assert world.shown("level-progress", unit) == (1, 1, {})


def test_a_new_role_begins_anew_and_a_promotion_in_it_does_not(world: KpiWorld) -> None:
    unit, role = world.unit(), fresh("role ")
    path(world, role, None, 12, 12)
    person = world.person(unit, on="2020-01-01", role="Tester")
    changed = {"role": role, "career_level": 1}
    world.add(f"person:{person}", ("2025-06-30 role-changed", changed), level("2026-06-01", 2))
    assert world.shown("level-progress", unit) == (1, 1, {})
    world.add(f"person:{person}", ("2026-06-02 role-changed", {**changed, "career_level": 2}))
    assert world.shown("level-progress", unit) == (1, 1, {})
    assert world.shown("level-progress", unit, as_of="2027-06-30") == (0, 1, {})
    # another role and back: what was assessed before is of the time before
    world.add(
        f"person:{person}",
        ("2027-07-01 role-changed", {**changed, "role": "Tester"}),
        ("2027-08-01 role-changed", changed),
    )
    assert world.shown("level-progress", unit, as_of="2027-08-31") == (0, 0, {"not assessed": 1})
