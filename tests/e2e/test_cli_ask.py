"""Figures and audits through the program itself, on a history of two projects."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli import Pmo, run

ANN = "ann@example.org"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CRANE-7 finished in time, DOCK-2 was begun without approval and is late."""
    pmo = Pmo(tmp_path_factory.mktemp("asked") / "home")
    pmo.ok("init", "--time-zone", "Europe/London", "--currency", "GBP")
    pmo.ok("unit", "register", "PORT", "--name", "Port", "--on", "2024-01-01")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--parent", "PORT", "--on", "2024-01-01")
    pmo.ok("person", "join", ANN, "--unit", "OPS", "--role", "PM", "--on", "2024-01-01")
    for code in ("CRANE-7", "DOCK-2"):
        pmo.ok("project", "propose", code, "--name", code.title(), "--unit", "OPS", "--on", "2024-02-01")
        plan = ("--start", "2024-03-01", "--finish", "2024-06-28", "--budget", "1000")
        pmo.ok("project", "set-baseline", code, *plan, "--on", "2024-02-20")
    pmo.ok("project", "approve", "CRANE-7", "--decided-by", ANN, "--on", "2024-02-10")
    pmo.ok("project", "start", "CRANE-7", "--on", "2024-03-01")
    pmo.ok("project", "start", "DOCK-2", "--at-risk", "storm damage", "--on", "2024-03-01")
    pmo.ok("project", "complete", "CRANE-7", "--objectives-met", "--on", "2024-06-20")
    return pmo.home


def asked(home: Path, *args: str) -> str:
    done = run(home, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def data(home: Path, *args: str) -> Any:
    return json.loads(asked(home, *args, "--json"))


def test_a_figure_says_what_it_rests_on(home: Path) -> None:
    shown = asked(home, "kpi", "on-time", "--as-of", "2024-12-31")
    assert "On-time rate by unit, as of 2024-12-31, known now" in shown
    [row] = [line.split() for line in shown.splitlines() if line.startswith("OPS")]
    assert row == ["OPS", "governed", "50.0", "%", "1", "/", "2", "2"]
    assert "on-time, version 1, higher is better." in shown


def test_a_figure_for_programs(home: Path) -> None:
    found = data(home, "kpi", "on-time", "--by", "portfolio", "--as-of", "2024-06-29", "--unit", "port")
    assert found["scope"]["as_of"] == "2024-06-29" and found["scope"]["unit"] == "PORT"
    [figure] = found["figures"]
    assert (figure["value"], figure["n"], figure["standing"]) == ("0.5", 2, "governed")
    rows = list(csv.DictReader(io.StringIO(asked(home, "kpi", "on-time", "--rows", "--csv"))))
    assert [row["subject"] for row in rows] == ["project:CRANE-7", "project:DOCK-2"]


def test_what_was_not_known_then_is_no_data(home: Path) -> None:
    assert "no data" in asked(home, "kpi", "on-time", "--known-at", "2024-12-31")
    assert "no data" in asked(home, "kpi", "on-time", "--as-of", "2024-01-31")


def test_all_figures_at_once(home: Path) -> None:
    found = data(home, "kpi")
    assert "on-time" in found["kpis"]
    assert {figure["kpi"] for figure in found["figures"]} <= set(found["kpis"])


def test_an_audit_by_unit_and_its_findings(home: Path) -> None:
    found = data(home, "audit", "1", "--as-of", "2024-12-31")
    [score] = found["scores"]
    assert (score["unit"], score["satisfied"], score["violated"], score["compliance"]) == ("OPS", 1, 1, "0.5")
    shown = asked(home, "audit", "1", "--findings", "--as-of", "2024-12-31")
    assert "1 finding, as of 2024-12-31, known now" in shown and "project:DOCK-2" in shown
    [finding] = data(home, "audit", "1", "--findings", "--as-of", "2024-12-31")["findings"]
    assert (finding["subject"], finding["result"]) == ("project:DOCK-2", "violated")


def test_unknown_units_and_controls(home: Path) -> None:
    done = run(home, "kpi", "on-time", "--unit", "OPX")
    assert (done.returncode, done.stderr) == (5, "Error: There is no unit OPX at that time; did you mean OPS?\n")
    done = run(home, "audit", "99")
    assert done.returncode == 5 and "'99'; controls are 1 approved-baseline-before-start, 2 " in done.stderr
    assert "did you mean 1 approved-baseline-before-start" in run(home, "audit", "approved-baseline").stderr


def test_an_empty_option_is_not_taken_for_none_given(home: Path) -> None:
    for option, code in (("--as-of", 2), ("--known-at", 2), ("--from", 2), ("--to", 2), ("--unit", 5)):
        assert run(home, "kpi", "on-time", option, "").returncode == code


def test_the_last_days_that_can_be_asked_for_are_answered(home: Path) -> None:
    years = [data(home, "kpi", "on-time", "--as-of", f"{year}-12-30")["figures"] for year in (2199, 2298)]
    assert years[0] == years[1] != []
