"""Lists of what there is: units, settings, projects, findings and reports, as somebody looks for them."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.projections.kpi import find_kpi
from services.shown import value_text
from tests.e2e.cli import Pmo

ANN = "ann@example.org"


@pytest.fixture(scope="module")
def pmo(tmp_path_factory: pytest.TempPathFactory) -> Pmo:
    """Two units, of which one is merged into the other, a person, two projects of which one is done in time."""
    pmo = Pmo(tmp_path_factory.mktemp("listed") / "home")
    pmo.ok("init", "--time-zone", "Asia/Tokyo", "--currency", "JPY")
    pmo.ok("unit", "register", "PORT", "--name", "Port", "--country", "JP", "--on", "2024-01-01")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--parent", "PORT", "--on", "2024-01-01")
    pmo.ok("unit", "register", "YARD", "--name", "Yard", "--on", "2024-01-01")
    pmo.ok("unit", "merge", "YARD", "--into", "OPS", "--on", "2024-08-01")
    pmo.ok("person", "join", ANN, "--unit", "OPS", "--role", "PM", "--name", "Ann Smith", "--on", "2024-01-01")
    for code in ("CRANE-7", "DOCK-2"):
        pmo.ok("project", "propose", code, "--name", code.title(), "--unit", "OPS", "--on", "2024-02-01")
        plan = ("--start", "2024-03-01", "--finish", "2024-06-28", "--budget", "1000")
        pmo.ok("project", "set-baseline", code, *plan, "--on", "2024-02-20")
        pmo.ok("project", "start", code, "--at-risk", "storm damage", "--on", "2024-03-01")
    pmo.ok("project", "complete", "CRANE-7", "--objectives-met", "--on", "2024-06-20")
    return pmo


def test_units(pmo: Pmo) -> None:
    rows = pmo.data("unit", "list")["units"]
    assert [(row["unit"], row["parent"], row["state"], row["merged_into"]) for row in rows] == [
        ("OPS", "PORT", "active", ""),
        ("PORT", "", "active", ""),
        ("YARD", "", "merged", "OPS"),
    ]
    assert "YARD,Yard,,,active,\n" in pmo.ok("unit", "list", "--as-of", "2024-07-31", "--csv")
    below = pmo.data("unit", "list", "--unit", "port", "--as-of", "2024-07-31")["units"]
    assert [row["unit"] for row in below] == ["OPS", "PORT"]
    assert "Operations" in pmo.ok("unit", "list")
    assert "'pmo unit register' makes one" in pmo.ok("unit", "list", "--as-of", "2023-01-01")


def test_settings_in_force(pmo: Pmo) -> None:
    route = '{"gates":[{"due_days":10,"gate":"G1"}]}'
    pmo.ok("setting", "set", "GATE-ROUTE.SHORT", "--value", route, "--on", "2024-02-01")
    pmo.ok("setting", "set", "TARGET.ON-TIME", "--value", '{"target": 0.8}', "--on", "2024-03-01")
    pmo.ok("setting", "clear", "TARGET.ON-TIME", "--on", "2024-05-01")
    [row] = pmo.data("setting", "list")["settings"]
    assert row == {
        "setting": "GATE-ROUTE.SHORT",
        "value": {"gates": [{"due_days": 10, "gate": "G1"}]},
        "since": "2024-02-01",
    }
    assert len(pmo.data("setting", "list", "--as-of", "2024-04-30")["settings"]) == 2
    shown = pmo.ok("setting", "list", "--as-of", "2024-04-30")
    assert '{"target":0.8}' in shown and route in shown and "What is not set has its default" in shown
    assert pmo.data("setting", "list", "--known-at", "2024-12-31")["settings"] == []


def test_projects_are_listed_where_they_are_looked_for(pmo: Pmo) -> None:
    options = ("--unit", "OPS", "--as-of", "2024-06-30")
    assert pmo.data("project", "list", *options) == pmo.data("portfolio", "list", *options)
    assert "CRANE-7" in pmo.ok("project", "list")


def test_a_subject_has_its_own_figure(pmo: Pmo) -> None:
    options = ("--as-of", "2024-12-31", "--subject", "project:crane-7")
    told = pmo.data("explain", "on-time", *options)
    assert [(figure["subject"], figure["value"], figure["n"]) for figure in told["figures"]] == [
        ("project:CRANE-7", "1", 1)
    ]
    assert [row["subject"] for row in told["rows"]] == ["project:CRANE-7"]
    assert "On-time rate of Crane-7, as of 2024-12-31" in pmo.ok("explain", "on-time", *options)
    [score] = pmo.data("explain", "1", *options)["scores"]
    assert (score["activated"], score["violated"]) == (1, 1)
    [whole] = pmo.data("explain", "1", "--as-of", "2024-12-31")["scores"]
    assert whole["violated"] == 2


def test_a_subject_without_its_kind_is_pointed_at(pmo: Pmo) -> None:
    said = pmo.refused(5, "explain", "on-time", "--subject", "CRANE-7")
    assert said == "'CRANE-7' is not a stream such as project:ALPHA. Did you mean project:CRANE-7?"
    assert f"Did you mean person:{ANN}?" in pmo.refused(5, "history", ANN)
    assert "Did you mean" not in pmo.refused(5, "history", "nobody@example.org")
    assert "--subject: " in pmo.refused(2, "explain", "on-time", "--subject", "project:a b")
    assert "nothing to say of project:NONE" in pmo.refused(5, "explain", "on-time", "--subject", "project:NONE")


@pytest.mark.long
def test_findings_have_words(pmo: Pmo) -> None:
    assert "'pmo audit run' looks for findings." in pmo.ok("finding", "list")
    pmo.ok("audit", "run")
    one = ("finding", "list", "--control", "1")
    found = pmo.data(*one)["findings"]
    assert {(row["title"], row["subject"], row["name"]) for row in found} == {
        ("No start without an approved baseline", "project:CRANE-7", "Crane-7"),
        ("No start without an approved baseline", "project:DOCK-2", "Dock-2"),
    }
    assert "Crane-7" in pmo.ok(*one)
    assert "None of 2 findings is overdue." in pmo.ok(*one, "--overdue")
    assert "'pmo finding list --state all'" in pmo.ok("finding", "list", "--state", "dismissed")


@pytest.mark.long
def test_reports_are_told_in_the_time_of_the_organisation(pmo: Pmo, tmp_path: Path) -> None:
    told = ("--as-of", "2024-06-30", "--known-at", "2026-01-15", "--id", "R-1")
    pmo.ok("report", "-o", str(tmp_path / "report.html"), *told)
    shown = pmo.ok("report", "list")
    [row] = pmo.data("report", "list")["reports"]
    issued = datetime.fromisoformat(row["issued_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
    assert "2026-01-15 23:59" in shown and f"{issued:%Y-%m-%d %H:%M}" in shown
    assert "known at 2026-01-15 23:59." in pmo.ok("report", "verify", "R-1")


def test_whom_nobody_knows_is_told_as_typed(pmo: Pmo) -> None:
    days = ("--first-day", "2024-05-01", "--last-day", "2024-05-31", "--weekly-hours", "8")
    said = pmo.refused(5, "workload", "allocate", "maxx", "A1", "--project", "CRANE-7", *days)
    assert said == "There is no person maxx; 'pmo person join' makes it known, or correct the key."
    country = pmo.refused(2, "unit", "register", "X", "--name", "X", "--country", "XX")
    assert country.endswith("?")


def test_one_day_is_one_and_nothing_is_not_below_zero() -> None:
    slip, ratio = find_kpi("forecast-slip"), find_kpi("change-rate")
    assert [value_text(slip, Decimal(days)) for days in ("1", "1.04", "2", "0")] == [
        "1 day",
        "1 day",
        "2 days",
        "0 days",
    ]
    assert [value_text(ratio, Decimal(said)) for said in ("-0.001", "-0", "-0.25")] == ["0", "0", "-0.25"]
