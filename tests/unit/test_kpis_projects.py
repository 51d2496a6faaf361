"""The KPIs about projects, each case by hand: what happened, and the figure that follows."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from kpi_world import KpiWorld, kpi_world

Steps = tuple[str | tuple[str, dict[str, Any]], ...]
Expected = tuple[int, int, dict[str, int]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


@pytest.fixture(scope="module")
def units(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together, since landing takes longer than asking."""
    made = {case: told(world, steps) for case, (steps, _) in (ON_TIME | ON_BUDGET | FORECAST).items()}
    for case, (steps, surveys, _) in SUCCESS.items():
        made[case] = told(world, steps)
        for number, (period, scores) in enumerate(surveys.items(), 4):
            answer(world, world.last, period, f"2026-0{number}-01", scores)
    for case, (states, _) in OBSERVED.items():
        made[case] = world.unit()
        world.project(*((f"{on} recorded", {"unit": made[case], "finish": finish}) for on, finish in states))
    for case, (costs, _) in OBSERVED_COST.items():
        made[case] = world.unit()
        world.project(
            *((f"202{n}-03-31 recorded", {"unit": made[case], "budget": None, **c}) for n, c in enumerate(costs, 1))
        )
    return made


PLAN: Steps = (
    "2026-01-01 approved",
    ("2026-01-02 baseline-set", {"item": "1", "finish": "2026-03-31", "budget": 1000}),
    "2026-01-05 started",
)


def rebaselined(on: str, number: int, finish: str, budget: int) -> tuple[str, dict[str, Any]]:
    return f"{on} baseline-set", {"item": str(number), "finish": finish, "budget": budget, "change_id": f"C{number}"}


def closed(on: str, cost: int, **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} financially-closed", {"final_cost": cost, **more}


ON_TIME: dict[str, tuple[Steps, Expected]] = {
    "completed on the finish": ((*PLAN, "2026-03-31 completed"), (1, 1, {})),
    "completed in the last minute of the finish": ((*PLAN, "2026-03-31 23:59 completed"), (1, 1, {})),
    "completed the day after": ((*PLAN, "2026-04-01 completed"), (0, 1, {})),
    "open and overdue is late": (PLAN, (0, 1, {})),
    "on hold stays in": ((*PLAN, "2026-02-01 put-on-hold"), (0, 1, {})),
    "reopened since is open": ((*PLAN, "2026-03-01 completed", "2026-05-01 reopened"), (0, 1, {})),
    "cancelled is beside": ((*PLAN, "2026-02-01 cancelled"), (0, 0, {"cancelled": 1})),
    "merged is beside": ((*PLAN, ("2026-02-01 merged-into", {"into": "OTHER"})), (0, 0, {"merged": 1})),
    "split is beside": ((*PLAN, ("2026-02-01 split-into", {"into": ("A", "B")})), (0, 0, {"split": 1})),
    "descoped is beside": ((*PLAN, "2026-02-01 descoped"), (0, 0, {"descoped": 1})),
    "withdrawn counts nowhere": ((*PLAN, "2026-02-01 withdrawn"), (0, 0, {})),
    "finish still to come": ((*PLAN[:1], rebaselined("2026-01-02", 1, "2026-07-01", 1)), (0, 0, {})),
    "rebaselined twice, the first counts": (
        (*PLAN, rebaselined("2026-03-01", 2, "2026-05-31", 1), rebaselined("2026-05-01", 3, "2026-06-30", 1),
         "2026-06-15 completed"),
        (0, 1, {}),
    ),
    "a baseline set after the completion is no plan": (
        ("2026-01-05 started", "2026-02-01 completed", rebaselined("2026-02-02", 1, "2026-05-01", 1)),
        (0, 0, {"baseline set after the completion": 1}),
    ),
    "no baseline, no cohort": (("2026-01-05 started", "2026-02-01 completed"), (0, 0, {})),
}  # fmt: skip


def told(world: KpiWorld, *histories: Steps) -> str:
    unit = world.unit()
    for steps in histories:
        world.last = world.project(("2026-01-01 proposed", {"unit": unit}), *steps)
    return unit


def answer(world: KpiWorld, project: str, period: str, on: str, scores: list[int]) -> str:
    survey = f"survey:{project[8:]}/{period}"
    plain = {"stakeholder_role": "team-member", "scores": {}}
    world.add(
        survey,
        *((f"{on} response-recorded", {"item": str(n), "satisfaction": s, **plain}) for n, s in enumerate(scores)),
    )
    return survey


@pytest.mark.parametrize("case", ON_TIME)
def test_on_time(world: KpiWorld, units: dict[str, str], case: str) -> None:
    assert world.shown("on-time", units[case]) == ON_TIME[case][1]


def test_on_time_is_a_ratio_of_sums(world: KpiWorld) -> None:
    unit = told(world, *(steps for steps, _ in ON_TIME.values()))
    late = sum(expected[1] - expected[0] for _, expected in ON_TIME.values())
    figure = world.figure("on-time", unit)
    assert (figure.value, figure.n) == (Decimal(2) / (2 + late), 2 + late)
    beside = ("cancelled", "merged", "split", "descoped", "baseline set after the completion")
    assert figure.left_out == dict.fromkeys(beside, 1)


def test_nothing_to_count_is_no_data_not_zero(world: KpiWorld) -> None:
    unit = told(world, ON_TIME["cancelled is beside"][0])
    assert world.figure("on-time", unit).value is None


def test_the_current_baseline_forgives_what_the_first_does_not(world: KpiWorld) -> None:
    unit = told(world, ON_TIME["rebaselined twice, the first counts"][0])
    assert world.shown("on-time", unit) == (0, 1, {})
    assert world.shown("on-time-current", unit) == (1, 1, {})


def test_the_period_is_of_the_planned_finish(world: KpiWorld) -> None:
    unit = told(world, ON_TIME["completed the day after"][0])
    assert world.shown("on-time", unit, period=("2026-03-31", "2026-03-31")) == (0, 1, {})
    assert world.shown("on-time", unit, period=("2026-04-01", "2026-06-30")) == (0, 0, {})


def test_a_late_correction_changes_what_was_true_and_not_what_was_known(world: KpiWorld) -> None:
    unit = told(world, (*PLAN, "2026-04-02 completed"))
    stream = world.last
    world.tell(stream, "completed", "2026-03-30", recorded="2026-06-01", supersedes=5)
    assert world.shown("on-time", unit) == (1, 1, {})
    assert world.shown("on-time", unit, as_of="2026-04-30") == (1, 1, {})
    assert world.shown("on-time", unit, as_of="2026-04-30", known_at="2026-05-31") == (0, 1, {})
    assert world.rows("on-time", unit)[0]["evidence"] == [3, 6]
    assert world.rows("on-time", unit, known_at="2026-05-31")[0]["evidence"] == [3, 5]


def test_a_void_revives_what_the_correction_replaced(world: KpiWorld) -> None:
    unit = told(world, (*PLAN, "2026-04-02 completed"))
    stream = world.last
    world.tell(stream, "completed", "2026-03-30", recorded="2026-06-01", supersedes=5)
    world.tell(stream, "voided", "2026-06-02", supersedes=6)
    assert world.shown("on-time", unit) == (0, 1, {})


def test_a_transferred_project_counts_for_its_unit_on_the_as_of_day(world: KpiWorld) -> None:
    other = world.unit()
    unit = told(world, (*PLAN, ("2026-05-15 transferred", {"unit": other}), "2026-03-31 completed"))
    assert world.shown("on-time", unit, as_of="2026-05-14") == (1, 1, {})
    assert world.shown("on-time", other, as_of="2026-05-15") == (1, 1, {})
    assert world.shown("on-time", unit, as_of="2026-05-15") == (0, 0, {})


OBSERVED: dict[str, tuple[tuple[tuple[str, str | None], ...], Expected]] = {
    "finished as first stated": ((("2024-09-30", "2025-03-31"), ("2025-09-30", "2025-03-31")), (1, 1, {})),
    "finished later": ((("2024-09-30", "2025-03-31"), ("2026-03-31", "2025-12-31")), (0, 1, {})),
    "still to finish after the plan": ((("2024-09-30", "2025-03-31"), ("2025-09-30", "2027-01-31")), (0, 1, {})),
    "one report alone proves nothing": ((("2025-09-30", "2025-03-31"),), (0, 0, {"only one report of a finish": 1})),
    "the finish is the report's own day": (
        (("2024-09-30", "2025-03-31"), ("2025-03-31", "2025-03-31")),
        (0, 0, {"no report after the finish": 1}),
    ),
    "no report since": ((("2024-09-30", "2025-03-31"),), (0, 0, {"no report after the finish": 1})),
    "finish no longer stated": (
        (("2024-09-30", "2025-03-31"), ("2025-09-30", None)),
        (0, 0, {"finish no longer stated": 1}),
    ),
}


@pytest.mark.parametrize("case", OBSERVED)
def test_on_time_as_a_source_shows_it(world: KpiWorld, units: dict[str, str], case: str) -> None:
    assert world.shown("on-time", units[case], standing="observed") == OBSERVED[case][1]
    assert world.shown("on-time", units[case]) == (0, 0, {})


def test_an_observed_project_that_left_its_source(world: KpiWorld) -> None:
    unit = world.unit()
    world.project(
        ("2024-09-30 recorded", {"unit": unit, "finish": "2025-03-31"}), ("2025-09-30 left-source", {"listing": "x"})
    )
    assert world.shown("on-time", unit, standing="observed") == (0, 0, {"left the source": 1})


DONE: Steps = (*PLAN, "2026-03-31 completed")
ON_BUDGET: dict[str, tuple[Steps, Expected]] = {
    "at the budget": ((*DONE, closed("2026-04-30", 1000)), (1, 1, {})),
    "over it": ((*DONE, closed("2026-04-30", 1001)), (0, 1, {})),
    "a baseline set after the closure is no plan": (
        ("2026-02-01 completed", closed("2026-03-01", 5), rebaselined("2026-03-02", 1, "2026-05-01", 10)),
        (0, 0, {"baseline set after the closure": 1}),
    ),
    "not closed": (DONE, (0, 0, {"not closed": 1})),
    "open": (PLAN, (0, 0, {"not closed": 1})),
    "never started": (PLAN[:2], (0, 0, {})),
    "reopened since": ((*DONE, closed("2026-04-30", 900), "2026-05-05 reopened"), (0, 0, {"not closed": 1})),
    "cancelled and closed counts": ((*PLAN, "2026-02-01 cancelled", closed("2026-04-30", 10)), (1, 1, {})),
    "closed and withdrawn counts nowhere": ((*DONE, closed("2026-04-30", 10), "2026-05-01 withdrawn"), (0, 0, {})),
    "a budget of nothing": (
        (rebaselined("2026-01-02", 1, "2026-03-31", 0), "2026-03-01 completed", closed("2026-04-30", 0)),
        (0, 0, {"budget of 0": 1}),
    ),
    "no baseline": (("2026-03-01 completed", closed("2026-04-30", 5)), (0, 0, {"no baseline": 1})),
    "rebaselined twice, the first budget counts": (
        (*PLAN, rebaselined("2026-02-01", 2, "2026-05-31", 2000), rebaselined("2026-02-15", 3, "2026-05-31", 3000),
         "2026-03-31 completed", closed("2026-04-30", 2500)),
        (0, 1, {}),
    ),
    "closed in another currency": (
        (*DONE, closed("2026-04-30", 10, currency="GBP")),
        (0, 0, {"cost in another currency": 1}),
    ),
    "a credit note after the closure": (
        (*DONE, closed("2026-04-30", 1100), ("2026-05-15 actual-cost-corrected", {"item": "CN1", "amount": -100})),
        (1, 1, {}),
    ),
    "a credit note before the closure is in the final cost": (
        (*DONE, ("2026-04-15 actual-cost-corrected", {"item": "CN1", "amount": -100}), closed("2026-04-30", 1100)),
        (0, 1, {}),
    ),
    "one credit note said twice counts once": (
        (*DONE, closed("2026-04-30", 1150), ("2026-05-15 actual-cost-corrected", {"item": "CN1", "amount": -100}),
         ("2026-05-16 actual-cost-corrected", {"item": "CN1", "amount": -100})),
        (0, 1, {}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ON_BUDGET)
def test_on_budget(world: KpiWorld, units: dict[str, str], case: str) -> None:
    assert world.shown("on-budget", units[case]) == ON_BUDGET[case][1]


def test_the_period_is_of_the_closure(world: KpiWorld) -> None:
    unit = told(world, ON_BUDGET["at the budget"][0])
    assert world.shown("on-budget", unit, period=("2026-04-30", "2026-04-30")) == (1, 1, {})
    assert world.shown("on-budget", unit, period=("2026-05-01", "2026-06-30")) == (0, 0, {})


def test_no_closure_is_observed(world: KpiWorld) -> None:
    unit = world.unit()
    world.project(("2025-01-01 recorded", {"unit": unit, "budget": 10}))
    assert world.shown("on-budget", unit, standing="observed") == (0, 0, {"closure is not observed": 1})


def report(on: str, cost: int | None, **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} progress-reported", {"forecast_cost": cost, **more}


FORECAST: dict[str, tuple[Steps, Expected]] = {
    "within": ((*PLAN, report("2026-02-01", 1000)), (1, 1, {})),
    "over": ((*PLAN, report("2026-02-01", 900), report("2026-03-01", 1001)), (0, 1, {})),
    "a reforecast counts": (
        (*PLAN, report("2026-02-01", 1001), ("2026-02-10 reforecast", {"forecast_cost": 990})),
        (1, 1, {}),
    ),
    "a late report about before does not": ((*PLAN, report("2026-03-01", 1001), report("2026-02-01", 1)), (0, 1, {})),
    "cleared since": ((*PLAN, report("2026-02-01", 900), report("2026-03-01", None)), (0, 0, {"no forecast": 1})),
    "ended": ((*PLAN, report("2026-02-01", 900), "2026-03-01 completed"), (0, 0, {})),
    "another currency": ((*PLAN, report("2026-02-01", 9, currency="USD")), (0, 0, {"another currency": 1})),
}


@pytest.mark.parametrize("case", FORECAST)
def test_forecast_within_budget(world: KpiWorld, units: dict[str, str], case: str) -> None:
    assert world.shown("forecast-within-budget", units[case]) == FORECAST[case][1]


OBSERVED_COST: dict[str, tuple[list[dict[str, int]], Expected]] = {
    "same budget": ([{"budget": 100}, {"budget": 100}], (1, 1, {})),
    "more": ([{"budget": 100}, {"budget": 101}], (0, 1, {})),
    "the forecast comes first": ([{"budget": 100}, {"budget": 200, "forecast_cost": 99}], (1, 1, {})),
    "stated once": ([{"budget": 100}], (0, 0, {"only one report": 1})),
    "silent now": ([{"budget": 100}, {}], (0, 0, {"no forecast": 1})),
    "began with nothing": ([{"budget": 0}, {"budget": 10}], (0, 0, {"no budget": 1})),
}


@pytest.mark.parametrize("case", OBSERVED_COST)
def test_forecast_within_budget_as_a_source_shows_it(world: KpiWorld, units: dict[str, str], case: str) -> None:
    assert world.shown("forecast-within-budget", units[case], standing="observed") == OBSERVED_COST[case][1]


def ended(objectives: bool | None, quality: bool | None) -> Steps:
    return (*PLAN, ("2026-03-31 completed", {"objectives_met": objectives, "quality_met": quality}))


SUCCESS: dict[str, tuple[Steps, dict[str, list[int]], Expected]] = {
    "all three": (ended(True, True), {"Q1": [4, 4, 5, 1]}, (0, 0, {"fewer than 5 answers": 1})),
    "three quarters satisfied": (ended(True, True), {"Q1": [4, 4, 5, 5, 4, 4, 1, 2]}, (1, 1, {})),
    "less than three quarters": (ended(True, True), {"Q1": [4, 4, 5, 3, 3]}, (0, 1, {})),
    "quality not met": (ended(True, False), {"Q1": [5] * 5}, (0, 1, {})),
    "objectives unknown": (ended(None, True), {"Q1": [5] * 5}, (0, 0, {"objectives unknown": 1})),
    "quality unknown": (ended(True, None), {"Q1": [5] * 5}, (0, 0, {"quality unknown": 1})),
    "not asked": (ended(True, True), {}, (0, 0, {"fewer than 5 answers": 1})),
    "the last survey counts": (ended(True, True), {"Q1": [5] * 5, "Q2": [1] * 5}, (0, 1, {})),
    "cancelled": ((*PLAN, ("2026-02-01 cancelled", {"cause": "funding"})), {}, (0, 0, {"cancelled: funding": 1})),
    "still running": (PLAN, {"Q1": [5] * 5}, (0, 0, {})),
}


@pytest.mark.parametrize("case", SUCCESS)
def test_success(world: KpiWorld, units: dict[str, str], case: str) -> None:
    assert world.shown("success", units[case]) == SUCCESS[case][2]


def test_success_names_the_completion_and_the_answers_behind_it(world: KpiWorld) -> None:
    unit = told(world, ended(True, True))
    survey = answer(world, world.last, "CLOSURE", "2026-04-01", [5] * 5)
    assert world.rows("success", unit)[0]["evidence"] == [f"{world.last}/5", *(f"{survey}/{n}" for n in range(1, 6))]


def test_what_a_source_shows_as_completed_stands_beside_in_the_period_of_the_change(world: KpiWorld) -> None:
    unit = world.unit()
    world.project(
        ("2024-03-31 recorded", {"unit": unit, "status": "completed"}),
        ("2024-09-30 recorded", {"unit": unit, "status": "running"}),
        ("2025-03-31 recorded", {"unit": unit, "status": "completed"}),
        ("2025-09-30 recorded", {"unit": unit, "status": "completed"}),
    )

    def beside(first: str, last: str) -> dict[str, int]:
        return world.shown("success", unit, standing="observed", period=(first, last))[2]

    assert beside("2025-03-31", "2025-03-31") == {"not assessed here": 1}
    assert beside("2025-04-01", "2026-06-30") == {}
    assert beside("2024-01-01", "2025-03-30") == {}
    for bound in ("success-at-least", "success-at-most"):
        assert world.shown(bound, unit, standing="observed") == (0, 0, {})
