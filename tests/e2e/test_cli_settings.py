"""Every setting that can be set decides something that a command shows, from its day on and as known at a time."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.commands.setting_values import SETTINGS
from tests.e2e.cli import Pmo

ANN, BOB = "ann@example.org", "bob@example.org"
AS_OF = ("--as-of", "2025-06-30")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Pmo:
    """CRANE-7 runs in dollars, reports seldom and spends 8 % too much; DOCK-2 has cost 70 days after its end."""
    pmo = Pmo(tmp_path_factory.mktemp("settings") / "home")
    pmo.ok("init", "--time-zone", "Europe/London", "--currency", "GBP")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--country", "GB", "--on", "2024-01-01")
    for person in (ANN, BOB):
        role = ("--role", "PM", "--weekly-hours", "40")
        pmo.ok("person", "join", person, "--unit", "OPS", *role, "--on", "2024-01-01")
    pmo.ok("rate", "set", "USD", "--rate", "0.8", "--first-day", "2024-01-01")
    pmo.ok("rate", "set", "USD", "--rate", "0.5", "--to", "EUR", "--first-day", "2024-01-02")
    for code, budget in (("CRANE-7", "1000"), ("DOCK-2", "2000"), ("PIER-3", "500")):
        said = ("--unit", "OPS", "--budget", budget, "--currency", "USD", "--risk", "0.5", "--value", "900")
        pmo.ok("project", "propose", code, "--name", code.title(), *said, "--gate-route", "LONG", "--on", "2024-02-01")
    for code, budget in (("CRANE-7", "1000"), ("DOCK-2", "2000")):
        plan = ("--start", "2024-03-01", "--finish", "2025-12-19", "--budget", budget)
        pmo.ok("project", "set-baseline", code, *plan, "--on", "2024-02-20")
        pmo.ok("project", "approve", code, "--decided-by", ANN, "--on", "2024-02-10")
        pmo.ok("project", "start", code, "--on", "2024-03-01")
    risk = ("--name", "Storm", "--probability", "0.1", "--impact", "40000", "--owner", BOB)
    pmo.ok("project", "raise-risk", "CRANE-7", "R1", *risk, "--on", "2025-03-01")
    pmo.ok("project", "report", "CRANE-7", "--percent-complete", "0.9", "--actual-cost", "1080", "--on", "2025-05-20")
    pmo.ok("project", "request-gate", "CRANE-7", "G1", "--requested-by", BOB, "--on", "2025-06-01")
    pmo.ok("project", "complete", "DOCK-2", "--on", "2025-01-10")
    week = ("--project", "CRANE-7", "--first-day", "2025-05-05", "--last-day", "2025-05-11", "--weekly-hours", "8")
    pmo.ok("workload", "allocate", ANN, "A1", *week, "--on", "2025-01-02")
    cost = ("--percent-complete", "1", "--actual-cost", "1900", "--at-risk", "late bill")
    pmo.ok("project", "report", "DOCK-2", *cost, "--on", "2025-03-21")
    return pmo


def value_of(pmo: Pmo, kpi: str, *scope: str) -> Any:
    shown = pmo.data("kpi", kpi, "--by", "portfolio", *AS_OF, *scope)
    [figure] = shown["figures"]
    return figure["value"] and float(figure["value"]), shown["scope"]["currency"]


def violated(pmo: Pmo, control: int, *scope: str) -> Any:
    scores = pmo.data("audit", str(control), *AS_OF, *scope)["scores"]
    return sum(score["violated"] + score["cured_late"] for score in scores)


def target_of(pmo: Pmo, *scope: str) -> Any:
    [figure] = pmo.data("kpi", "risk-exposure", "--by", "portfolio", *AS_OF, *scope)["figures"]
    return figure["target"], figure["met"]


def hours(pmo: Pmo, *scope: str) -> Any:
    week = ("--from", "2025-05-05", "--to", "2025-05-11")
    return [load["net"] for load in pmo.data("capacity", *week, *AS_OF, *scope)["loads"]]


def formula(pmo: Pmo, *scope: str) -> Any:
    ranked = pmo.data("portfolio", "rank", *AS_OF, *scope)
    return [place["model"] for place in ranked["places"]]


Case = tuple[str, dict[str, Any], Callable[..., Any], tuple[Any, ...], Any, Any]
CASES: dict[str, Case] = {
    "REPORTING-CURRENCY": (
        "REPORTING-CURRENCY", {"currency": "EUR"}, value_of, ("risk-exposure",), (3200, "GBP"), (2000, "EUR"),
    ),
    "TARGET.<KPI-NAME>": ("TARGET.RISK-EXPOSURE", {"target": 1000}, target_of, (), (None, None), ("1000", "not met")),
    "THRESHOLD.RISK-EXPOSURE": ("THRESHOLD.RISK-EXPOSURE", {"value": 4000}, violated, (18,), 0, 1),
    "THRESHOLD.OVERSPEND": ("THRESHOLD.OVERSPEND", {"value": 0.05}, violated, (6,), 0, 1),
    "THRESHOLD.WIND-DOWN-DAYS": ("THRESHOLD.WIND-DOWN-DAYS", {"value": 90}, violated, (33,), 1, 0),
    "THRESHOLD.STALE-DAYS": (
        "THRESHOLD.STALE-DAYS", {"value": 50}, value_of, ("cpi",), (None, "GBP"), (pytest.approx(900 / 1080), "GBP"),
    ),
    "GATE-ROUTE.<NAME>": (
        "GATE-ROUTE.LONG", {"gates": [{"gate": "G1", "due_days": 60}]}, violated, (3,), 1, 0,
    ),
    "CALENDAR.<COUNTRY>": ("CALENDAR.GB", {"days_off": ["2025-05-06"]}, hours, (), ["64.0000"], ["48.0000"]),
    "SCORING.<MODEL>": (
        "SCORING.DEFAULT",
        {"version": 7, "weights": {"alignment": 0, "value": 1, "certainty": 1, "affordability": 0}},
        formula, (), ["DEFAULT v1"], ["DEFAULT v7"],
    ),
}  # fmt: skip


def test_no_setting_is_without_a_case_here() -> None:
    assert CASES.keys() == SETTINGS.keys()


@pytest.mark.parametrize("pattern", CASES)
def test_a_setting_decides(office: Pmo, pattern: str) -> None:
    name, value, ask, args, before, after = CASES[pattern]
    assert ask(office, *args) == before
    known = datetime.now(UTC).isoformat()
    time.sleep(0.002)
    office.ok("setting", "set", name, "--value", json.dumps(value), "--decided-by", BOB, "--on", "2025-02-15")
    assert ask(office, *args) == after
    assert ask(office, *args, "--known-at", known) == before
    office.ok("setting", "clear", name, "--on", "2025-05-30")
    assert ask(office, *args) == before


@pytest.mark.long
def test_a_currency_is_that_of_the_day(tmp_path: Path) -> None:
    pmo = Pmo(tmp_path / "home")
    pmo.ok("init", "--currency", "GBP")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2024-01-01")
    pmo.ok("setting", "set", "REPORTING-CURRENCY", "--value", '{"currency": "EUR"}', "--on", "2025-03-01")
    for day, currency in (("2025-02-28", "GBP"), ("2025-03-01", "EUR")):
        for command in (
            ("kpi", "vac"),
            ("kpi", "trend", "vac", "--from", "2025-01-01"),
            ("explain", "vac"),
            ("benchmark", "on-time"),
            ("portfolio", "list"),
            ("portfolio", "rank"),
            ("report",),
        ):
            assert pmo.data(*command, "--as-of", day)["scope"]["currency"] == currency, command
    told = pmo.data("rate", "set", "USD", "--rate", "0.9", "--first-day", "2025-03-02")
    assert told[0]["data"]["to_currency"] == "EUR"


def test_a_target_is_one_that_its_kpi_can_have(crane: Pmo) -> None:
    def refused(kpi: str, value: str) -> str:
        return crane.refused(2, "setting", "set", f"TARGET.{kpi}", "--value", value)

    assert refused("ON-TIME", '{"target": 80}') == (
        "--value: target 80 is no share from 0 to 1, which on-time is; write 0.8 for 80 %."
    )
    assert "warn -0.1 is no share" in refused("ON-TIME", '{"target": 0.8, "warn": -0.1}')
    assert "warn 0.9 does not lie below the target 0.8" in refused("ON-TIME", '{"target": 0.8, "warn": 0.9}')
    assert "warn 5 does not lie above the target 10" in refused("FORECAST-SLIP", '{"target": 10, "warn": 5}')
    crane.ok("setting", "set", "TARGET.FORECAST-SLIP", "--value", '{"target": 10, "warn": 50}')
    shown = " ".join(crane.ok("setting", "set", "--help").split())
    assert all(name in shown for name in SETTINGS)
    assert "between it and `warn`, which may be left out, it is a warning" in shown


def test_what_is_set_elsewhere_or_of_nothing_is_refused(crane: Pmo) -> None:
    value = ("--value", '{"target": 0.8}')
    assert "pmo init --time-zone" in crane.refused(2, "setting", "set", "TIME-ZONE", "--value", '{"zone": "UTC"}')
    assert "did you mean TARGET.ON-TIME" in crane.refused(2, "setting", "set", "TARGET.ON-TMIE", *value)
    (crane.home / "kpis").mkdir()
    (crane.home / "kpis" / "own_figure.sql").write_text("-- name: own-figure\n")
    assert "did you mean TARGET.OWN-FIGURE" in crane.refused(2, "setting", "set", "TARGET.OWN-FIGUR", *value)
    crane.ok("setting", "set", "TARGET.OWN-FIGURE", *value)
