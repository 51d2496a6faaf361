"""The KPIs of slips, gates, changes, exposure, benefits and waste, each case by hand."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from controls_world import PERSONS
from kpi_world import KpiWorld, fresh, kpi_world, scope_of

from services.errors import BadInput
from services.projections.queries import ask

Steps = tuple[str | tuple[str, dict[str, Any]], ...]
Expected = dict[str, tuple[str | None, str]]


def plan(number: int = 1, on: str = "2026-01-02", **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} baseline-set", {"item": str(number), "finish": "2026-06-20", "budget": 1000, **more}


def step(happened: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return happened, more


def change(item: str, cost: int, on: str = "2026-03-01", verdict: str = "approved", **more: Any) -> Steps:
    asked = step(f"{on} change-requested", item=item, cost=cost, days=0, **more)
    return (asked, step(f"{on} 12:00 change-{verdict}", item=item)) if verdict else (asked,)


def risk(item: str, probability: str, impact: int, **more: Any) -> tuple[str, dict[str, Any]]:
    data = {"item": item, "effect": "threat", "probability": probability, "impact": impact, **more}
    return "2026-02-01 risk-raised", data


def closed(on: str, cost: int, **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} financially-closed", {"final_cost": cost, **more}


RUNS: Steps = (plan(), "2026-01-05 started")
DONE: Steps = (*RUNS, "2026-04-01 completed")
PLANNED = step("2026-01-10 milestone-planned", item="M", due="2026-05-01")
BENEFIT = step("2026-01-10 benefit-planned", item="B", amount=200, due="2026-06-30")

CASES: dict[str, tuple[Steps, Expected]] = {
    # slips, as of 30 June
    "forecast later than the plan": (
        (*RUNS, step("2026-06-01 reforecast", forecast_finish="2026-07-20")),
        {"forecast-slip": ("30", ""), "forecast-slip-current": ("30", "")},
    ),
    "forecast passed: the as-of day": (
        (*RUNS, step("2026-06-01 reforecast", forecast_finish="2026-06-25")), {"forecast-slip": ("10", "")},
    ),
    "early": ((plan(finish="2026-09-08"), step("2026-06-01 reforecast", forecast_finish="2026-08-09")), {
        "forecast-slip": (None, ""),
    }),
    "early and running": (
        (plan(finish="2026-09-08"), "2026-01-05 started", step("2026-06-01 reforecast", forecast_finish="2026-08-09")),
        {"forecast-slip": ("-30", "")},
    ),
    "rebaselined twice: the first does not forgive": (
        (*RUNS, plan(2, "2026-02-01", finish="2026-07-10"), plan(3, "2026-03-01", finish="2026-07-20"),
         step("2026-06-01 reforecast", forecast_finish="2026-07-30")),
        {"forecast-slip": ("40", ""), "forecast-slip-current": ("10", "")},
    ),
    "no forecast": (RUNS, {"forecast-slip": (None, "no forecast")}),
    "no baseline": (
        ("2026-01-05 started",), {"forecast-slip": (None, "no baseline"), "change-rate": (None, "no baseline")},
    ),
    "milestone overdue": ((*RUNS, PLANNED), {"milestone-slip": ("60", "")}),
    "milestone moved: its baseline stays": (
        (*RUNS, PLANNED, step("2026-02-01 milestone-moved", item="M", due="2026-07-10")),
        {"milestone-slip": ("70", "")},
    ),
    "milestone reached early": (
        (*RUNS, PLANNED, step("2026-04-21 milestone-reached", item="M")), {"milestone-slip": ("-10", "")},
    ),
    "milestone of a cancelled project": (
        (*RUNS, PLANNED, "2026-04-01 cancelled"), {"milestone-slip": (None, "cancelled")},
    ),
    "milestone of a withdrawn project": ((*RUNS, PLANNED, "2026-04-01 withdrawn"), {"milestone-slip": (None, "")}),
    # budgets and changes
    "within the changes approved by the closure": (
        (*DONE, *change("C1", 200), *change("C2", 500, verdict="rejected"), *change("C3", 500, verdict=""),
         closed("2026-05-01", 1200), *change("C4", -900, "2026-05-02")),
        {"on-budget-approved": ("1", "")},
    ),
    "over the changes": ((*DONE, *change("C1", 200), closed("2026-05-01", 1201)), {"on-budget-approved": ("0", "")}),
    "a credit note after the closure": (
        (*DONE, closed("2026-05-01", 1100), step("2026-05-10 actual-cost-corrected", item="1", amount=-100)),
        {"on-budget-approved": ("1", "")},
    ),
    "a change in another currency": (
        (*DONE, *change("C1", 200, currency="GBP"), closed("2026-05-01", 900)),
        dict.fromkeys(("on-budget-approved", "change-rate"), (None, "change in another currency")),
    ),
    "closed with a budget of 0": (
        (plan(budget=0), "2026-04-01 completed", closed("2026-05-01", 9)),
        {"on-budget-approved": (None, "budget of 0"), "change-rate": (None, "budget of 0")},
    ),
    "reopened since": ((*DONE, closed("2026-05-01", 9), "2026-05-05 reopened"), {"on-budget-approved": (None, "")}),
    "savings count against changes": ((*RUNS, *change("C1", 300), *change("C2", -50)), {"change-rate": ("0.25", "")}),
    "no changes": (RUNS, {"change-rate": ("0", "")}),
    # exposure
    "threats add up, opportunities apart": (
        (*RUNS, risk("R1", "0.5", 100), risk("R2", "0.25", 400), risk("O1", "0.1", 1000, effect="opportunity")),
        {"risk-exposure": ("150", ""), "opportunity-exposure": ("100", "")},
    ),
    "what is left of it": (
        (*RUNS, risk("R1", "0.5", 100), step("2026-03-01 risk-reassessed", item="R1", probability="0.1", impact=50)),
        {"risk-exposure": ("5", "")},
    ),
    "closed and materialised ones": (
        (*RUNS, risk("R1", "0.5", 100), risk("R2", "0.5", 100), step("2026-03-01 risk-closed", item="R1"),
         step("2026-03-01 risk-materialised", item="R2")),
        {"risk-exposure": (None, "")},
    ),
    "a threat to an ended project": ((*DONE, risk("R1", "0.5", 100)), {"risk-exposure": (None, "")}),
    # benefits
    "due and not measured is 0": ((*DONE, BENEFIT), {"benefits": ("0", "")}),
    "not due": (
        (*DONE, step("2026-01-10 benefit-planned", item="B", amount=1, due="2026-07-01")), {"benefits": (None, "")},
    ),
    "measured before it is due": (
        (*DONE, step("2026-01-10 benefit-planned", item="B", amount=200, due="2026-07-01"),
         step("2026-05-01 benefit-measured", item="B", amount=50)),
        {"benefits": ("0.25", "")},
    ),
    "the last measurement": (
        (*DONE, BENEFIT, step("2026-05-01 benefit-measured", item="B", amount=50),
         step("2026-06-01 benefit-measured", item="B", amount=150)),
        {"benefits": ("0.75", "")},
    ),
    "benefits of a cancelled project": ((*RUNS, BENEFIT, "2026-05-01 cancelled"), {"benefits": (None, "cancelled")}),
    # success
    "met": (
        (*RUNS, step("2026-04-01 completed", objectives_met=True, quality_met=True)),
        {"objectives-met": ("1", ""), "success-at-least": ("0", ""), "success-at-most": ("1", "")},
    ),
    "failed": (
        (*RUNS, step("2026-04-01 completed", objectives_met=False)),
        {"objectives-met": ("0", ""), "success-at-least": ("0", ""), "success-at-most": ("0", "")},
    ),
    "unknown": (DONE, {"objectives-met": (None, "objectives unknown"), "success-at-most": ("1", "")}),
    "cancelled": ((*RUNS, step("2026-05-01 cancelled", cause="funding")), {
        "cancelled": ("1", ""), "success-at-most": (None, ""), "waste": (None, "no cost known"),
    }),
    "cancelled and reopened": ((*RUNS, "2026-05-01 cancelled", "2026-05-02 reopened"), {"cancelled": (None, "")}),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


@pytest.fixture(scope="module")
def units(world: KpiWorld) -> dict[str, str]:
    return {case: told(world, steps) for case, (steps, _) in CASES.items()}


def told(world: KpiWorld, *histories: Steps, **proposal: Any) -> str:
    unit = world.unit()
    for steps in histories:
        world.last = world.project(("2026-01-01 proposed", {"unit": unit, **proposal}), *steps)
    return unit


def near(value: Decimal | None, expected: str | None) -> bool:
    if value is None or expected is None:
        return value is None and expected is None
    return abs(value - Decimal(expected)) <= Decimal("0.0001")


@pytest.mark.parametrize(("case", "kpi"), [(case, kpi) for case, (_, kpis) in CASES.items() for kpi in kpis])
def test_by_hand(world: KpiWorld, units: dict[str, str], case: str, kpi: str) -> None:
    value, left_out = CASES[case][1][kpi]
    figure = world.figure(kpi, units[case])
    assert near(figure.value, value), figure
    assert dict(figure.left_out) == ({left_out: 1} if left_out else {})


def recorded(on: str, finish: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} recorded", {"finish": finish, **more}


@pytest.mark.parametrize(
    ("states", "value", "left_out"),
    [
        ([recorded("2025-01-01", "2026-07-01"), recorded("2026-01-01", "2026-07-31")], "30", ""),
        ([recorded("2025-01-01", "2026-07-01")], None, "only one report of a finish"),
        ([recorded("2025-01-01", "2026-03-01"), recorded("2026-01-01", "2026-06-29")], None,
         "stated finish has passed"),
        ([recorded("2025-01-01", "2026-03-01"), recorded("2026-01-01", None)], None, "finish no longer stated"),
        ([recorded("2025-01-01", "2026-03-01"), recorded("2026-01-01", "2026-09-01", status="cancelled")], None,
         "cancelled"),
        ([recorded("2025-01-01", "2026-08-01"), ("2026-01-01 left-source", {"listing": "x"})], None, "left the source"),
    ],
)  # fmt: skip
def test_forecast_slip_as_a_source_shows_it(
    world: KpiWorld, states: list[tuple[str, dict[str, Any]]], value: str | None, left_out: str
) -> None:
    unit = world.unit()
    world.project(*((on, {"unit": unit, **fields} if "recorded" in on else fields) for on, fields in states))
    figure = world.figure("forecast-slip", unit, standing="observed")
    assert near(figure.value, value)
    assert dict(figure.left_out) == ({left_out: 1} if left_out else {})


def asked(on: str, gate: str = "G1") -> tuple[str, dict[str, Any]]:
    return f"{on} gate-requested", {"item": gate}


def passed(on: str, gate: str = "G1", by: str = "bob", how: str = "passed", **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} gate-{how}", {"item": gate, "decided_by": PERSONS[by], **more}


def test_gate_lead_time_from_the_first_request_to_the_decision(world: KpiWorld) -> None:
    unit = told(
        world,
        (asked("2026-03-01"), asked("2026-03-05"), passed("2026-03-11")),
        (asked("2026-03-01"), passed("2026-03-21", by="dan", how="failed"), asked("2026-04-01"), passed("2026-05-01")),
    )
    figure = world.figure("gate-lead-time", unit)
    assert (figure.value, figure.n, figure.open) == (20, 3, 0)
    assert sorted(row["numerator"] for row in world.rows("gate-lead-time", unit)) == [10, 20, 30]
    found = {row["approver"] for row in world.rows("gate-lead-time", unit)}
    assert found == {PERSONS["bob"], PERSONS["dan"]}
    assert world.figure("gate-waiting", unit).value is None


def test_a_decision_of_the_day_of_the_request_answers_it(world: KpiWorld) -> None:
    # as control 3 has it, whatever was recorded first
    unit = told(
        world,
        (passed("2026-03-05"), asked("2026-03-05"), asked("2026-03-05 15:00")),
        (asked("2026-03-01"), passed("2026-03-04"), passed("2026-03-09"), asked("2026-03-09"), passed("2026-03-19")),
        (passed("2026-03-05"), asked("2026-03-05 10:00")),
        (passed("2026-03-05 09:00"), asked("2026-03-05 10:00")),
        (asked("2026-03-01"), passed("2026-03-06", how="failed"), asked("2026-03-06"), passed("2026-03-26")),
    )
    assert sorted(row["numerator"] for row in world.rows("gate-lead-time", unit)) == [0, 0, 0, 3, 5, 20, 117]
    assert world.figure("gate-lead-time", unit).open == 1
    # of these five only the one that was decided before it was asked for
    assert [row["numerator"] for row in world.rows("gate-waiting", unit)] == [117]
    scope = scope_of("2026-06-30", unit=unit)
    assert [row["age"] for row in ask(world.clickhouse, "waiting_decisions", scope) if row["what"] == "gate"] == [117]


def test_open_requests_are_censored_at_the_as_of_day_or_the_end(world: KpiWorld) -> None:
    unit = told(world, (asked("2026-06-01"),), (asked("2026-06-01", "G2"), "2026-06-11 cancelled"))
    assert sorted(row["numerator"] for row in world.rows("gate-lead-time", unit)) == [10, 29]
    assert (world.figure("gate-lead-time", unit).value, world.figure("gate-lead-time", unit).open) == (None, 2)
    waiting = world.figure("gate-waiting", unit)
    assert (waiting.value, waiting.n) == (29, 1)


def test_a_gate_waits_since_the_earliest_request_after_the_last_decision(world: KpiWorld) -> None:
    unit = told(
        world,
        (asked("2026-03-01"), passed("2026-03-11", how="failed"), asked("2026-06-10"), asked("2026-06-20")),
        (asked("2026-06-25", "G2"), "2026-06-26 withdrawn"),
    )
    assert world.figure("gate-waiting", unit).value == 20
    assert world.figure("gate-lead-time", unit).n == 2


def test_changes_of_projects_that_ended_in_the_period(world: KpiWorld) -> None:
    unit = told(world, (*DONE, *change("C1", 100)))
    assert near(world.figure("change-rate", unit, period=("2026-04-01", "2026-04-01")).value, "0.1")
    assert world.figure("change-rate", unit, period=("2026-04-02", "2026-06-30")).value is None


def test_waste_is_the_cost_of_what_was_cancelled(world: KpiWorld) -> None:
    spent = step("2026-03-01 progress-reported", percent_complete="0.5", actual_cost=300)
    unit = told(
        world,
        (*RUNS, spent, "2026-05-01 cancelled", step("2026-05-02 actual-cost-corrected", item="1", amount=-100)),
        (*DONE, closed("2026-05-01", 600)),
        (*RUNS, spent, step("2026-05-01 merged-into", into="X")),
        (*RUNS, spent, "2026-05-01 cancelled", "2026-05-02 withdrawn"),
    )
    figure = world.figure("waste", unit)
    assert (figure.numerator, figure.denominator, dict(figure.left_out)) == (200, 800, {})
    assert world.figure("waste", unit, period=("2026-04-01", "2026-04-30")).numerator == 0


def test_success_lies_between_its_bounds(world: KpiWorld) -> None:
    good = step("2026-04-01 completed", objectives_met=True, quality_met=True)
    unit = told(world, (*RUNS, good), (*RUNS, good), (*RUNS, step("2026-04-01 completed", objectives_met=False)))
    for number in range(5):
        world.tell(f"survey:{world.last[8:]}/2026", "response-recorded", "2026-05-01", item=str(number), satisfaction=5,
                   stakeholder_role="team-member", scores={})  # fmt: skip
    answered = world.project(("2026-01-01 proposed", {"unit": unit}), *RUNS, good)
    for number in range(5):
        world.tell(f"survey:{answered[8:]}/2026", "response-recorded", "2026-05-01", item=str(number), satisfaction=5,
                   stakeholder_role="team-member", scores={})  # fmt: skip
    assert world.shown("success-at-least", unit) == (1, 4, {})
    assert world.shown("success-at-most", unit) == (3, 4, {})
    assert world.shown("objectives-met", unit) == (3, 4, {})


def test_cancelled_by_cause(world: KpiWorld) -> None:
    unit = told(
        world, *((*RUNS, step("2026-05-01 cancelled", cause=cause)) for cause in ("funding", "funding", None)),
        (*RUNS, "2026-05-01 cancelled", "2026-06-01 withdrawn"),
    )  # fmt: skip
    found = {f.by: f.value for f in world.figures("cancelled", by="cause", unit=unit)}
    assert found == {"funding": 2, "unknown": 1}


def test_alignment_weighs_budgets_by_the_goals_they_serve(world: KpiWorld) -> None:
    run: Steps = ("2026-01-02 approved",)
    before = told(world, run, contributions={"GROW": 5})
    assert dict(world.figure("alignment", before).left_out) == {"no goals": 1}
    for goal, weight in (("GROW", "0.6"), ("SAVE", "0.2"), ("OLD", "0.9")):
        world.tell(f"goal:{goal}", "declared", "2026-01-01", statement=goal, weight=weight)
    world.tell("goal:OLD", "retired", "2026-02-01")
    unit = world.unit()
    for contributions, budget in (({"GROW": 5, "SAVE": 5}, 100), ({"GROW": 2, "OLD": 5, "NONE": 5}, 300)):
        world.project(("2026-01-01 proposed", {"unit": unit, "contributions": contributions, "budget": budget}), *run)
    world.last = world.project(("2026-01-01 proposed", {"unit": unit, "contributions": {"SAVE": 5}, "budget": 9}), *run,
                               plan(budget=600), "2026-01-05 started")  # fmt: skip
    world.project(("2026-01-01 proposed", {"unit": unit, "budget": 50}), *run)
    world.project(("2026-01-01 proposed", {"unit": unit, "contributions": {"SAVE": 5}, "budget": None}), *run)
    world.project(("2026-01-01 proposed", {"unit": unit, "contributions": {"SAVE": 5}, "budget": 5}))
    figure = world.figure("alignment", unit)
    # weights 3/4 and 1/4: 100 * 1 + 300 * 3/4 * 2/5 + 600 * 1/4
    assert (figure.numerator, figure.denominator) == (100 + 90 + 150, 1000)
    assert dict(figure.left_out) == {"unscored": 1, "no budget": 1}
    row = next(row for row in world.rows("alignment", unit) if row["subject"] == world.last)
    assert row["evidence"] == [f"{world.last}/1", f"{world.last}/3", "goal:SAVE/1"]


def test_money_of_another_currency_is_converted_or_its_missing_rate_named(world: KpiWorld) -> None:
    gbp = {"currency": "GBP"}
    other = told(
        world, (plan(**gbp), "2026-01-05 started", risk("R1", "0.5", 100, currency="CHF")), currency="GBP"
    )  # fmt: skip
    assert dict(world.figure("risk-exposure", other).left_out) == {"another currency": 1}
    told(world, (*RUNS, risk("R1", "0.5", 100)))
    run: Steps = (
        plan(**gbp), "2026-01-05 started", risk("R1", "0.5", 100, **gbp), risk("R2", "0.5", 100),
        *change("C1", 100, **gbp), step("2026-01-10 benefit-planned", item="B", amount=100, due="2026-06-30", **gbp),
        step("2026-05-01 benefit-measured", item="B", amount=50, currency="EUR"),
    )  # fmt: skip
    unit = told(world, (*run,), (*RUNS, *change("C1", 500)), currency="GBP", contributions={"GROW": 5})
    for kpi in ("risk-exposure", "change-rate", "benefits", "alignment"):
        with pytest.raises(BadInput, match="There is no exchange rate for GBP on 2026-01-02"):
            world.figure(kpi, unit)
    world.tell("rate:GBP", "set", "2026-01-01", item=fresh("R"), first_day="2026-01-01", to_currency="EUR", rate="1.2")
    assert near(world.figure("risk-exposure", unit).value, "110")
    assert near(world.figure("change-rate", unit).value, str(Decimal(120 + 500) / 2200))
    assert near(world.figure("benefits", unit).value, str(Decimal(50) / 120))
