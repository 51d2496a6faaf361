"""The KPIs of earned value and earned schedule: published worked examples, and the cases that bend them, by hand.

PRA: the R package PRA (CRAN, P. Govan), whose manual works an example after Damnjanovic and Reinschmidt, Data
Analytics for Engineering and Construction Project Risk Management (2020): budget 100,000; planned 10, 20, 40, 70 and
100 % by the ends of five periods; at the end of the third 35 % are done and 36,000 are spent. UTD: a year's project
of 100,000 at half time and half done, 55,000 of it planned by then and 45,000 spent (UT Dallas, Project Management
Symposium 2014, Lipke's introduction to Earned Schedule). ES by Lipke (2003): whole periods earned, and the share of
the next one.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from kpi_world import KpiWorld, kpi_world

from services.errors import BadInput

AS_OF = "2026-06-30"
Steps = tuple[str | tuple[str, dict[str, Any]], ...]


def curve(*points: tuple[str, int]) -> dict[str, Any]:
    return {"curve": [{"day": day, "value": value} for day, value in points]}


def plan(number: int = 1, on: str = "2026-01-01", **more: Any) -> tuple[str, dict[str, Any]]:
    """A baseline of 1000 over 100 days, in a straight line unless a curve is given."""
    data = {"item": str(number), "start": "2026-03-22", "finish": "2026-06-30", "budget": 1000, **more}
    return f"{on} baseline-set", data


def report(done: str, cost: int, on: str = "2026-06-10", **more: Any) -> tuple[str, dict[str, Any]]:
    return f"{on} progress-reported", {"percent_complete": done, "actual_cost": cost, **more}


PRA: Steps = (
    ("2026-01-01 baseline-set", {
        "item": "1", "start": "2026-05-01", "finish": "2026-06-20", "budget": 100_000,
        **curve(("2026-05-01", 0), ("2026-05-11", 10_000), ("2026-05-21", 20_000), ("2026-05-31", 40_000),
                ("2026-06-10", 70_000), ("2026-06-20", 100_000)),
    }),
    "2026-05-01 started",
    report("0.35", 36_000, "2026-05-31"),
)  # fmt: skip
UTD: Steps = (
    ("2025-12-01 baseline-set", {
        "item": "1", "start": "2025-12-15", "finish": "2026-12-15", "budget": 100_000,
        **curve(("2025-12-15", 0), ("2026-06-15", 55_000), ("2026-12-15", 100_000)),
    }),
    "2025-12-15 started",
    report("0.5", 45_000, "2026-06-15"),
)  # fmt: skip
RUNS: Steps = (plan(), "2026-03-22 started")
"""Day 80 of 100 on 10 June, where the reports of the cases are."""

# case: steps, then by KPI the value and what is left out
Expected = dict[str, tuple[str | None, str]]
CASES: dict[str, tuple[Steps, Expected]] = {
    "PRA": (PRA, {
        "spi": ("0.875", ""), "cpi": ("0.9722", ""), "cost-variance": ("-1000", ""), "spi-t": ("0.9167", ""),
        "eac-to-budget": ("1.0286", ""), "vac": ("-2857.1429", ""), "eac-over-budget": ("1", ""),
    }),
    "UTD": (UTD, {
        "spi": ("0.9091", ""), "cpi": ("1.1111", ""), "cost-variance": ("5000", ""), "spi-t": ("0.9091", ""),
        "eac-to-budget": ("0.9", ""), "vac": ("10000", ""), "eac-over-budget": ("0", ""),
    }),
    "a straight line where there is no curve": ((*RUNS, report("0.4", 500)), {
        "spi": ("0.5", ""), "spi-t": ("0.5", ""), "cpi": ("0.8", ""), "vac": ("-250", ""),
    }),
    "overdue: money returns to 1, time does not": (
        (plan(finish="2026-04-11"), "2026-03-22 started", report("0.999", 999, "2026-05-31")),
        {"spi": ("0.999", ""), "spi-t": ("0.2854", "")},
    ),
    "completed: its time ends with it": (
        (plan(finish="2026-05-31"), "2026-03-22 started", report("1", 900, "2026-06-10"), "2026-06-05 completed"),
        {"spi": ("1", ""), "spi-t": ("0.9333", ""), "eac-to-budget": ("0.9", ""), "eac-over-budget": ("0", "")},
    ),
    "completed 35 days ago": (
        (*RUNS, report("1", 900, "2026-05-26"), "2026-05-26 completed"), {"cpi": ("1.1111", "")},
    ),
    "completed 36 days ago": ((*RUNS, report("1", 900, "2026-05-25"), "2026-05-25 completed"), {"cpi": (None, "")}),
    "flat: the earliest day that reaches it": (
        (plan(**curve(("2026-03-22", 0), ("2026-04-11", 400), ("2026-06-20", 400), ("2026-06-30", 1000))),
         "2026-03-22 started", report("0.4", 100)),
        {"spi-t": ("0.25", ""), "spi": ("1", "")},
    ),
    "flat at first: nothing earned is no time": (
        (plan(**curve(("2026-03-22", 0), ("2026-06-20", 0), ("2026-06-30", 1000))), "2026-03-22 started",
         report("0", 10)),
        {"spi-t": ("0", ""), "spi": (None, "nothing planned yet"), "cpi": (None, "nothing earned yet"),
         "vac": (None, "nothing earned yet"), "cost-variance": ("-10", "")},
    ),
    "curve that never reaches it: its last day": (
        (plan(**curve(("2026-03-22", 0), ("2026-05-01", 300))), "2026-03-22 started", report("0.5", 100)),
        {"spi-t": ("0.5", ""), "spi": ("1.6667", "")},
    ),
    "begun on the data date": (
        (plan(start="2026-06-10"), "2026-03-22 started", report("0.1", 100)),
        {"spi-t": (None, "just begun"), "spi": (None, "nothing planned yet"), "cpi": ("1", "")},
    ),
    "cancelled": ((*RUNS, report("0.4", 500), "2026-06-12 cancelled"), {"cpi": (None, "cancelled")}),
    "merged": ((*RUNS, report("0.4", 500), ("2026-06-12 merged-into", {"into": "X"})), {"spi-t": (None, "merged")}),
    "split": ((*RUNS, report("0.4", 500), ("2026-06-12 split-into", {"into": ("X", "Y")})), {"spi": (None, "split")}),
    "descoped": ((*RUNS, report("0.4", 500), "2026-06-12 descoped"), {"vac": (None, "descoped")}),
    "withdrawn": ((*RUNS, report("0.4", 500), "2026-06-12 withdrawn"), {"cpi": (None, ""), "spi-t": (None, "")}),
    "on hold stays in": ((*RUNS, report("0.4", 500), "2026-06-12 put-on-hold"), {"cpi": ("0.8", "")}),
    "no baseline": (("2026-03-22 started", report("0.4", 500)), {"cpi": (None, "no baseline")}),
    "no report": (RUNS, {"spi": (None, "no report"), "own-forecast-to-budget": (None, "no report")}),
    "report of 35 days ago": ((*RUNS, report("0.4", 500, "2026-05-26")), {"cpi": ("0.8", "")}),
    "stale report": ((*RUNS, report("0.4", 500, "2026-05-25")), {"cpi": (None, "stale report")}),
    "a stale data date in a fresh report": (
        (*RUNS, report("0.4", 500, data_date="2026-05-25")), {"spi-t": (None, "stale report")},
    ),
    "baseline after the data date": (
        ("2026-03-22 started", report("0.4", 500), plan(on="2026-06-11")),
        {"cpi": (None, "no baseline at the data date"), "spi-t-first": (None, "no baseline at the data date")},
    ),
    "budget of 0": ((plan(budget=0), "2026-03-22 started", report("0.4", 500)), {"cpi": (None, "budget of 0")}),
    "rebaselined twice": (
        (*RUNS, plan(2, "2026-05-01", budget=2000, finish="2026-07-10", change_id="C1"), report("0.4", 500),
         plan(3, "2026-06-20", budget=9000, change_id="C2")),
        # in force on 10 June: 2000 over 110 days, of which 44 are earned; the first: 40 of 100
        {"cpi": ("1.6", ""), "spi-t": ("0.55", ""), "spi-t-first": ("0.5", ""), "vac": ("750", ""),
         "eac-to-budget": ("1.25", ""), "eac-over-budget": ("1", "")},
    ),
    "no actual cost": ((*RUNS, report("0.4", 0)), {"cpi": (None, "no actual cost"), "spi": ("0.5", "")}),
    "a correction after the report, on its data date": (
        (*RUNS, report("0.4", 500), ("2026-06-10 12:00 actual-cost-corrected", {"item": "1", "amount": -50}),
         ("2026-06-10 13:00 actual-cost-corrected", {"item": "1", "amount": -100})),
        {"cpi": ("1", "")},
    ),
    "a correction after the data date": (
        (*RUNS, report("0.4", 500), ("2026-06-11 actual-cost-corrected", {"item": "1", "amount": -100})),
        {"cpi": ("0.8", "")},
    ),
    "a correction before the report is in its cost": (
        (*RUNS, ("2026-06-09 actual-cost-corrected", {"item": "1", "amount": -100}), report("0.4", 500)),
        {"cpi": ("0.8", "")},
    ),
    "cost in another currency": (
        (*RUNS, report("0.4", 500, currency="GBP")),
        {"cpi": (None, "cost in another currency"), "spi": ("0.5", "")},
    ),
    "the last forecast counts": (
        (*RUNS, report("0.4", 500, forecast_cost=1200), ("2026-06-20 reforecast", {"forecast_cost": 1100})),
        {"own-forecast-to-budget": ("1.1", "")},
    ),
    "no forecast": ((*RUNS, report("0.4", 500)), {"own-forecast-to-budget": (None, "no forecast")}),
    "forecast in another currency": (
        (*RUNS, report("0.4", 500, forecast_cost=1, currency="GBP")),
        {"own-forecast-to-budget": (None, "forecast in another currency")},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


@pytest.fixture(scope="module")
def units(world: KpiWorld) -> dict[str, str]:
    return {case: told(world, steps) for case, (steps, _) in CASES.items()}


def told(world: KpiWorld, *histories: Steps) -> str:
    unit = world.unit()
    for steps in histories:
        world.last = world.project(("2025-11-01 proposed", {"unit": unit}), *steps)
    return unit


def near(value: Decimal | None, expected: str | None) -> bool:
    if value is None or expected is None:
        return value is None and expected is None
    return abs(value - Decimal(expected)) <= Decimal("0.0001")


@pytest.mark.parametrize(("case", "kpi"), [(case, kpi) for case, (_, kpis) in CASES.items() for kpi in kpis])
def test_earned_value(world: KpiWorld, units: dict[str, str], case: str, kpi: str) -> None:
    value, left_out = CASES[case][1][kpi]
    figure = world.figure(kpi, units[case])
    assert near(figure.value, value), figure
    assert dict(figure.left_out) == ({left_out: 1} if left_out else {})


def test_sums_of_money_and_the_middle_of_time(world: KpiWorld) -> None:
    unit = told(world, PRA, UTD, CASES["rebaselined twice"][0], RUNS)
    assert near(world.figure("cpi", unit).value, str(Decimal(35_000 + 50_000 + 800) / (36_000 + 45_000 + 500)))
    figure = world.figure("spi-t", unit)
    assert near(figure.value, "0.9091")
    assert near(figure.beside["min"], "0.55")
    assert near(figure.beside["max"], "0.9167")
    assert dict(figure.left_out) == {"no report": 1}


def test_evidence_names_the_plan_the_report_and_the_corrections(world: KpiWorld) -> None:
    unit = told(world, CASES["a correction after the report, on its data date"][0])
    assert world.rows("cpi", unit)[0]["evidence"] == [2, 4, 6]
    assert world.rows("spi", unit)[0]["evidence"] == [2, 4]


def test_a_baseline_recorded_late_changes_what_was_true_and_not_what_was_known(world: KpiWorld) -> None:
    unit = told(world, ("2026-03-22 started", report("0.4", 500)))
    world.tell(world.last, "baseline-set", "2026-01-01", recorded="2026-06-20", **plan()[1])
    assert near(world.figure("cpi", unit).value, "0.8")
    assert dict(world.figure("cpi", unit, known_at="2026-06-19").left_out) == {"no baseline": 1}


def test_as_of_an_earlier_day(world: KpiWorld) -> None:
    unit = told(world, (*RUNS, report("0.2", 200, "2026-05-01"), report("0.4", 500), "2026-06-12 cancelled"))
    assert near(world.figure("cpi", unit, as_of="2026-05-15").value, "1")
    assert near(world.figure("cpi", unit, as_of="2026-06-11").value, "0.8")
    assert dict(world.figure("cpi", unit, as_of="2026-06-12").left_out) == {"cancelled": 1}


def test_large_budgets_do_not_overflow(world: KpiWorld) -> None:
    unit = told(world, (plan(budget=90_000_000_000_000), "2026-03-22 started", report("0.4", 45_000_000_000_000)))
    assert near(world.figure("cpi", unit).value, "0.8")
    assert near(world.figure("spi-t", unit).value, "0.5")


def test_another_currency_is_converted_or_its_missing_rate_named(world: KpiWorld) -> None:
    gbp = {"currency": "GBP"}
    unit = told(world, (plan(**gbp), "2026-03-22 started", report("0.4", 500, **gbp)), PRA)
    with pytest.raises(BadInput, match="There is no exchange rate for GBP on 2026-01-01"):
        world.figure("cpi", unit)
    assert near(world.figure("spi-t", unit).value, str((Decimal("0.5") + Decimal("0.91666667")) / 2))
    rate = {"item": "2026-01-01", "first_day": "2026-01-01", "to_currency": "EUR", "rate": "1.2"}
    world.tell("rate:GBP", "set", "2026-01-01", **rate)
    world.tell("rate:GBP", "set", "2026-06-01", **(rate | {"item": "2", "first_day": "2026-06-01", "rate": "9"}))
    assert near(world.figure("cpi", unit).value, str(Decimal(35_000 + 480) / (36_000 + 600)))
    assert near(world.figure("cost-variance", unit).value, "-1120")
