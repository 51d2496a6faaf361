"""The KPIs about improvement and maturity, each case by hand: what happened, and the figure that follows."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from kpi_world import KpiWorld, Shown, fresh, kpi_world

Told = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def adopting(world: KpiWorld, *steps: str | Told, unit: str = "", kind: str = "practice") -> tuple[str, str]:
    """A standard of its own, and the stream of its adoption; gives that and the unit."""
    unit, code = unit or world.unit(), fresh("S")
    world.tell(f"standard:{code}", "published", "2025-01-01", edition="1", standard_kind=kind)
    stream = f"adoption:{code}/{unit}"
    world.add(stream, *steps)
    return stream, unit


MANDATED: Told = ("2026-01-10 mandated", {"due": "2026-12-31"})
OPEN = 171
ADOPTING: dict[str, tuple[tuple[str | Told, ...], Shown]] = {
    "declared": ((MANDATED, "2026-02-09 adopted"), (30, 1, {})),
    "on the day": ((MANDATED, "2026-01-10 adopted"), (0, 1, {})),
    "open until the as-of day": ((MANDATED,), (OPEN, 1, {})),
    "the first declaration counts": ((MANDATED, "2026-02-09 adopted", "2026-03-01 adopted"), (30, 1, {})),
    "abandoned later": ((MANDATED, "2026-02-09 adopted", "2026-03-01 abandoned"), (30, 1, {})),
    "the first mandate counts": (
        (MANDATED, ("2026-02-01 mandated", {"due": "2027-12-31"}), "2026-02-09 adopted"),
        (30, 1, {}),
    ),
    "it worked by it before": (("2025-06-01 adopted", MANDATED), (0, 1, {})),
    "it worked by it before and says so again": (("2025-06-01 adopted", MANDATED, "2026-02-09 adopted"), (0, 1, {})),
    "it had abandoned it by then": (
        ("2025-06-01 adopted", "2025-07-01 abandoned", MANDATED, "2026-02-09 adopted"),
        (30, 1, {}),
    ),
    "it had abandoned it and has not declared it again": (
        ("2025-06-01 adopted", "2025-07-01 abandoned", MANDATED),
        (OPEN, 1, {}),
    ),
    "not mandated": (("2026-02-09 adopted",), (0, 0, {})),
    "not applicable": ((MANDATED, "2026-02-09 not-applicable"), (0, 0, {"not applicable": 1})),
}  # fmt: skip


@pytest.fixture(scope="module")
def adopted(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    return {case: adopting(world, *steps)[1] for case, (steps, _) in ADOPTING.items()}


@pytest.mark.parametrize("case", ADOPTING)
def test_time_to_adopt(world: KpiWorld, adopted: dict[str, str], case: str) -> None:
    assert world.shown("time-to-adopt", adopted[case]) == ADOPTING[case][1]
    figure = world.figure("time-to-adopt", adopted[case])
    is_open = figure.numerator == OPEN
    assert (figure.value, figure.open) == (None if is_open or not figure.n else figure.numerator, int(is_open))


def test_a_standard_withdrawn_before_it_was_adopted_is_beside(world: KpiWorld) -> None:
    stream, unit = adopting(world, MANDATED)
    done, other = adopting(world, MANDATED, "2026-02-09 adopted")
    for adoption in (stream, done):
        world.tell(f"standard:{adoption[9:].split('/')[0]}", "withdrawn", "2026-03-01")
    assert world.shown("time-to-adopt", unit) == (0, 0, {"standard withdrawn": 1})
    assert world.shown("time-to-adopt", other) == (30, 1, {})
    assert world.rows("time-to-adopt", other)[0]["evidence"] == [1, 2]


def test_time_to_adopt_is_of_those_mandated_in_the_period_and_open_at_the_as_of_day(world: KpiWorld) -> None:
    _, unit = adopting(world, MANDATED, "2026-02-09 adopted")
    assert world.shown("time-to-adopt", unit, period=("2026-01-11", "2026-12-31")) == (0, 0, {})
    assert world.shown("time-to-adopt", unit, period=("2026-01-01", "2026-01-10")) == (30, 1, {})
    assert world.shown("time-to-adopt", unit, as_of="2026-02-08") == (29, 1, {})
    assert world.figure("time-to-adopt", unit, as_of="2026-02-08").open == 1


def test_open_ones_are_censored_by_kaplan_and_meier(world: KpiWorld) -> None:
    # done after 10 and 30 days, one open since 20 days and one since 40: 3/4 go on after 10 days, 3/8 after 30
    unit = world.unit()
    due = {"due": "2026-12-31"}
    adopting(world, ("2026-01-10 mandated", due), "2026-01-20 adopted", unit=unit)
    adopting(world, ("2026-01-10 mandated", due), "2026-02-09 adopted", unit=unit)
    adopting(world, ("2026-06-10 mandated", due), unit=unit)
    adopting(world, ("2026-05-21 mandated", due), unit=unit)
    figure = world.figure("time-to-adopt", unit)
    assert (figure.value, figure.n, figure.open) == (30, 4, 2)


def test_a_median_that_is_not_reached_is_no_data(world: KpiWorld) -> None:
    unit = world.unit()
    adopting(world, MANDATED, "2026-01-20 adopted", unit=unit)
    for _ in range(2):
        adopting(world, MANDATED, unit=unit)
    figure = world.figure("time-to-adopt", unit)
    assert (figure.value, figure.n, figure.open) == (None, 3, 2)


def raised(on: str, **fields: Any) -> Told:
    return f"{on} nonconformity-raised", {"due": "2026-12-31", "severity": "minor", **fields}


def test_time_to_remediate(world: KpiWorld) -> None:
    stream, unit = adopting(world, raised("2026-02-01"), ("2026-02-15 nonconformity-resolved", {}))
    assert world.shown("time-to-remediate", unit) == (14, 1, {})
    assert world.figure("time-to-remediate", unit).value == 14
    assert world.rows("time-to-remediate", unit)[0]["evidence"] == [1, 2]
    # open before its resolution, and not in another period
    assert world.figure("time-to-remediate", unit, as_of="2026-02-14").open == 1
    assert world.shown("time-to-remediate", unit, as_of="2026-02-14") == (13, 1, {})
    assert world.shown("time-to-remediate", unit, period=("2026-02-02", "2026-12-31")) == (0, 0, {})
    world.tell(stream, "voided", "2026-03-01", supersedes=2)
    assert world.shown("time-to-remediate", unit) == (149, 1, {})


def test_a_nonconformity_raised_again_is_open_again(world: KpiWorld) -> None:
    stream, unit = adopting(
        world, raised("2026-02-01"), ("2026-02-15 nonconformity-resolved", {}), raised("2026-06-10")
    )
    assert world.shown("time-to-remediate", unit) == (20, 1, {})
    assert world.figure("time-to-remediate", unit).open == 1
    world.tell(stream, "nonconformity-resolved", "2026-06-20")
    assert world.figure("time-to-remediate", unit).value == 10


def test_time_to_remediate_by_severity(world: KpiWorld) -> None:
    _, unit = adopting(
        world,
        raised("2026-02-01", item="1", severity="critical"), ("2026-02-03 nonconformity-resolved", {"item": "1"}),
        raised("2026-02-01", item="2"), ("2026-02-21 nonconformity-resolved", {"item": "2"}),
        raised("2026-02-01", item="3"),
    )  # fmt: skip
    found = {f.by: (f.value, f.open) for f in world.figures("time-to-remediate", by="severity", unit=unit)}
    assert found == {"critical": (2, 0), "minor": (20, 1)}


def used(on: str, active: int, eligible: int) -> Told:
    return f"{on} usage-measured", {"active": active, "eligible": eligible}


USAGE: dict[str, tuple[tuple[str | Told, ...], Shown]] = {
    "the last measurement": ((used("2026-02-01", 10, 20), used("2026-03-01", 15, 30)), (15, 30, {})),
    "not mandated all the same": ((used("2026-02-01", 10, 20),), (10, 20, {})),
    "not measured": ((MANDATED,), (0, 0, {"not measured": 1})),
    "measured after the period": ((used("2026-02-01", 10, 20), used("2026-05-01", 1, 20)), (10, 20, {})),
    "measured at other times": ((used("2025-12-31", 1, 2), used("2026-05-01", 1, 2)), (0, 0, {"not measured": 1})),
    "nobody eligible": ((used("2026-02-01", 0, 0),), (0, 0, {"nobody eligible": 1})),
    "nobody used it": ((used("2026-02-01", 0, 20),), (0, 20, {})),
    "abandoned": ((used("2026-02-01", 10, 20), "2026-03-01 abandoned"), (0, 0, {"abandoned": 1})),
    "adopted again": (
        (used("2026-02-01", 10, 20), "2026-03-01 abandoned", "2026-03-02 adopted"),
        (10, 20, {}),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def usage(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    return {case: adopting(world, *steps, kind="technology")[1] for case, (steps, _) in USAGE.items()}


@pytest.mark.parametrize("case", USAGE)
def test_technology_usage(world: KpiWorld, usage: dict[str, str], case: str) -> None:
    period = ("2026-01-01", "2026-03-31")
    assert world.shown("technology-usage", usage[case], period=period) == USAGE[case][1]


def test_usage_is_summed_over_technologies_and_only_those(world: KpiWorld) -> None:
    _, unit = adopting(world, used("2026-02-01", 10, 20), kind="technology")
    withdrawn, _ = adopting(world, used("2026-02-01", 9, 9), kind="technology", unit=unit)
    adopting(world, used("2026-02-01", 5, 5), kind="practice", unit=unit)
    adopting(world, used("2026-03-01", 0, 5), kind="technology", unit=unit)
    world.tell(f"standard:{withdrawn[9:].split('/')[0]}", "withdrawn", "2026-03-01")
    figure = world.figure("technology-usage", unit)
    assert (figure.value, figure.left_out) == (Decimal("0.4"), {"standard withdrawn": 1})
    assert [row["evidence"] for row in world.rows("technology-usage", unit) if not row["excluded"]] == [[1], [1]]


def learnt(
    world: KpiWorld, *steps: Told, unit: str = "", hours: float | None = 8, on: str = "2025-01-01"
) -> tuple[str, str, str]:
    """Somebody's training in a course of its own: unit, person and course."""
    unit, course = unit or world.unit(), fresh("C")
    person = world.person(unit, on=on)
    world.tell(f"course:{course}", "defined", "2024-01-01", hours=hours)
    world.add(f"training:{person}/{course}", *steps)
    return unit, person, course


def completed(on: str, expires: str | None = None) -> Told:
    return f"{on} completed", {"completed_on": on, "expires": expires}


# 90 days after 30 June 2026 is 28 September
EXPIRING: dict[str, tuple[tuple[Told, ...], tuple[int, int]]] = {
    "for ever": ((completed("2026-02-01"),), (0, 1)),
    "expires within 90 days": ((completed("2026-02-01", "2026-09-27"),), (1, 1)),
    "still counts 90 days later": ((completed("2026-02-01", "2026-09-28"),), (0, 1)),
    "counts for the last time": ((completed("2026-02-01", "2026-06-30"),), (1, 1)),
    "is over": ((completed("2026-02-01", "2026-06-29"),), (0, 0)),
    "renewed": ((completed("2025-02-01", "2026-09-01"), completed("2026-06-01", "2027-09-01")), (0, 1)),
    "revoked": ((completed("2026-02-01", "2026-09-27"), ("2026-03-01 revoked", {})), (0, 0)),
    "exempted only": ((("2026-02-01 exempted", {"until": "2026-09-01"}),), (0, 0)),
}


@pytest.fixture(scope="module")
def expiring(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    return {case: learnt(world, *steps)[0] for case, (steps, _) in EXPIRING.items()}


@pytest.mark.parametrize("case", EXPIRING)
def test_training_expiring_within_90_days(world: KpiWorld, expiring: dict[str, str], case: str) -> None:
    figure = world.figure("training-expiring", expiring[case])
    assert (figure.numerator, figure.n, figure.left_out) == (*EXPIRING[case][1], {})
    assert figure.value == (figure.numerator if figure.n else None)


def test_expiring_trainings_of_who_left_and_of_retired_courses_are_beside(world: KpiWorld) -> None:
    unit, person, _ = learnt(world, completed("2026-02-01", "2026-08-01"))
    *_, course = learnt(world, completed("2026-02-01", "2026-08-01"), unit=unit)
    assert world.shown("training-expiring", unit) == (2, 2, {})
    world.tell(f"person:{person}", "left", "2026-06-01")
    world.tell(f"course:{course}", "retired", "2026-06-01")
    assert world.shown("training-expiring", unit) == (0, 0, {"left": 1, "course retired": 1})


def test_training_hours_by_the_day_of_completion(world: KpiWorld) -> None:
    unit, person, course = learnt(world, completed("2025-12-31"), completed("2026-01-01"), hours=8)
    learnt(world, completed("2026-06-30"), ("2026-07-01 revoked", {}), hours=4, unit=unit)
    learnt(world, completed("2026-02-01"), hours=None, unit=unit)
    learnt(world, ("2026-02-01 failed", {"failed_on": "2026-02-01"}), hours=100, unit=unit)
    year = ("2026-01-01", "2026-12-31")
    assert world.shown("training-hours", unit, period=year) == (12, 2, {"hours not stated": 1})
    assert world.figure("training-hours", unit, period=year).value == 12
    assert world.shown("training-hours", unit) == (20, 3, {"hours not stated": 1})
    assert world.shown("training-hours", unit, as_of="2026-06-29", period=year)[0] == 8
    # who left took it all the same; a mistake was not taken
    world.tell(f"person:{person}", "left", "2026-03-01")
    assert world.shown("training-hours", unit, period=year)[0] == 12
    world.tell(f"training:{person}/{course}", "voided", "2026-04-01", supersedes=2)
    assert world.shown("training-hours", unit, period=year)[0] == 4
    assert world.figure("training-hours", unit, period=("2024-01-01", "2024-12-31")).value is None


def planned(on: str, due: str) -> Told:
    return f"{on} improvement-planned", {"due": due}


IMPROVEMENTS: dict[str, tuple[tuple[Told, ...], Shown]] = {
    "done in time": ((planned("2026-01-01", "2026-03-01"), ("2026-03-01 improvement-done", {})), (1, 1, {})),
    "done late": ((planned("2026-01-01", "2026-03-01"), ("2026-03-02 improvement-done", {})), (0, 1, {})),
    "open and overdue": ((planned("2026-01-01", "2026-03-01"),), (0, 1, {})),
    "due today": ((planned("2026-01-01", "2026-06-30"),), (0, 1, {})),
    "not due yet": ((planned("2026-01-01", "2026-07-01"), ("2026-02-01 improvement-done", {})), (0, 0, {})),
    "put off": (
        (planned("2026-01-01", "2026-02-01"), planned("2026-01-20", "2026-03-01"), ("2026-03-01 improvement-done", {})),
        (1, 1, {}),
    ),
    "due before the period": ((planned("2025-01-01", "2025-12-31"),), (0, 0, {})),
    "never planned": ((("2026-03-01 improvement-done", {}),), (0, 0, {})),
}


@pytest.fixture(scope="module")
def improvements(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    units = {case: world.unit() for case in IMPROVEMENTS}
    for case, unit in units.items():
        world.add(f"business-unit:{unit}", *IMPROVEMENTS[case][0])
    return units


@pytest.mark.parametrize("case", IMPROVEMENTS)
def test_improvements_on_time(world: KpiWorld, improvements: dict[str, str], case: str) -> None:
    period = ("2026-01-01", "2026-12-31")
    assert world.shown("improvements-on-time", improvements[case], period=period) == IMPROVEMENTS[case][1]


def test_improvements_name_what_was_planned_and_done(world: KpiWorld, improvements: dict[str, str]) -> None:
    rows = world.rows("improvements-on-time", improvements["put off"])
    assert [row["evidence"] for row in rows] == [[3, 4]]


def assessed(on: str, level: int, target: int | None = None, model: str = "project") -> Told:
    return f"{on} maturity-assessed", {
        "item": model, "framework": "P3M3", "framework_version": "3", "level": level, "perspectives": {},
        "target": target, "assessor_type": "self",
    }  # fmt: skip


def test_maturity_is_the_latest_assessment_of_each_model(world: KpiWorld) -> None:
    unit = world.unit()
    steps = assessed("2024-02-01", 2), assessed("2026-02-01", 4), assessed("2020-02-01", 1, model="portfolio")
    world.add(f"business-unit:{unit}", *steps)
    figure = world.figure("maturity", unit, period=("2026-06-01", "2026-06-30"))
    assert (figure.value, figure.n, figure.beside) == (Decimal("2.5"), 2, {"min": 1, "max": 4})
    assert {f.by: f.value for f in world.figures("maturity", by="model", unit=unit)} == {"portfolio": 1, "project": 4}
    assert world.figure("maturity", unit, as_of="2026-01-31").value == Decimal("1.5")
    assert world.figure("maturity", unit, as_of="2019-12-31").value is None


def test_maturity_is_the_mean_over_units_with_the_range_beside(world: KpiWorld) -> None:
    top = world.unit()
    below = [world.unit(parent=top) for _ in range(4)]
    for unit, level in zip(below, (1, 3, 5, 5), strict=True):
        world.add(f"business-unit:{unit}", assessed("2026-02-01", level, 4))
    world.tell(f"business-unit:{below[2]}", "retired", "2026-03-01")
    world.tell(f"business-unit:{below[3]}", "merged-into", "2026-03-01", into=below[0])
    (figure,) = world.figures("maturity", by="portfolio", unit=top)
    assert (figure.value, figure.beside) == (2, {"min": 1, "max": 3})
    assert figure.left_out == {"unit retired": 1, "unit merged": 1}
    (gap,) = world.figures("maturity-gap", by="portfolio", unit=top)
    assert (gap.value, gap.beside, gap.left_out) == (2, {"min": 1, "max": 3}, figure.left_out)


def test_maturity_gap_is_the_target_less_the_level(world: KpiWorld) -> None:
    unit = world.unit()
    steps = assessed("2026-02-01", 2, 5, "a"), assessed("2026-02-01", 4, 3, "b"), assessed("2026-02-01", 1, model="c")
    world.add(f"business-unit:{unit}", *steps)
    found = {f.by: (f.value, f.left_out) for f in world.figures("maturity-gap", by="model", unit=unit)}
    assert found == {"a": (3, {}), "b": (-1, {}), "c": (None, {"no target": 1})}
    # a later assessment without a target leaves none
    world.add(f"business-unit:{unit}", assessed("2026-05-01", 3, None, "a"))
    assert world.shown("maturity-gap", unit) == (-1, 1, {"no target": 2})
