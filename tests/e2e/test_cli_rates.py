"""A missing exchange rate stops only what needs it, and is named; a rate that is set mends it. Through the program."""

import csv
import io
from pathlib import Path

import pytest

from tests.e2e.cli import Pmo

pytestmark = pytest.mark.long

MISSING = (
    "There is no exchange rate for USD on 2025-01-03; 'pmo rate set USD --rate ... --first-day 2025-01-03' gives one."
)
OF_QUAY = "There is no exchange rate for USD on 2025-02-01, which QUAY-3 needs; 'pmo rate set USD --rate"


def harbour(home: Path) -> Pmo:
    """CRANE-7 runs in dollars, its plan made on 3 January; DOCK-2 in pounds and QUAY-3 in dollars are proposed."""
    pmo = Pmo(home)
    pmo.ok("init", "--time-zone", "Europe/London", "--currency", "GBP")
    pmo.ok("unit", "register", "PORT", "--name", "Port", "--on", "2024-01-01")
    crane = ("--name", "Crane", "--unit", "PORT", "--currency", "USD")
    pmo.ok("project", "propose", "CRANE-7", *crane, "--on", "2025-01-02")
    plan = ("--start", "2025-01-06", "--finish", "2025-02-28", "--budget", "1000", "--currency", "USD")
    pmo.ok("project", "set-baseline", "CRANE-7", *plan, "--on", "2025-01-03")
    pmo.ok("project", "start", "CRANE-7", "--at-risk", "no board", "--on", "2025-01-06")
    told = ("--data-date", "2025-02-20", "--percent-complete", "0.5", "--actual-cost", "400", "--currency", "USD")
    pmo.ok("project", "report", "CRANE-7", *told, "--on", "2025-02-20")
    for code, budget, currency in (("DOCK-2", "600", "GBP"), ("QUAY-3", "700", "USD")):
        worth = ("--budget", budget, "--currency", currency, "--value", "900", "--risk", "0.2")
        pmo.ok("project", "propose", code, "--name", code.title(), "--unit", "PORT", *worth, "--on", "2025-02-01")
    return pmo


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Pmo:
    """Only asked."""
    return harbour(tmp_path_factory.mktemp("rates") / "home")


AS_OF = ("--as-of", "2025-03-01")


def test_all_kpis_go_on_and_one_alone_is_refused(asked: Pmo) -> None:
    assert asked.refused(2, "kpi", "cpi", *AS_OF) == MISSING
    shown = asked.ok("kpi", "--family", "budget", *AS_OF)
    assert "no rate: USD 2025-01-03, see below" in shown and shown.count(MISSING) == 1 and "On-budget rate" in shown
    figures = asked.data("kpi", "--family", "budget", *AS_OF)["figures"]
    without = {row["kpi"]: row["error"] for row in figures if row.get("error")}
    assert without["cpi"] == MISSING and "on-time" not in without
    rows = list(csv.DictReader(io.StringIO(asked.ok("kpi", "--family", "budget", *AS_OF, "--csv"))))
    assert {row["kpi"] for row in rows if row["error"]} == set(without)


def test_the_rows_of_a_kpi_say_which_rate_each_lacks(asked: Pmo) -> None:
    rows = list(csv.DictReader(io.StringIO(asked.ok("kpi", "cpi", "--rows", *AS_OF, "--csv"))))
    assert {row["subject"]: row["excluded"] for row in rows}["project:CRANE-7"] == "no rate: USD 2025-01-03"


def test_the_report_has_a_row_that_says_so(asked: Pmo) -> None:
    figures = asked.data("report", *AS_OF)["figures"]
    [cpi] = [row for row in figures["kpis"]["budget"] if row["kpi"] == "cpi"]
    assert (cpi["value"], cpi["left_out"]) == (None, "no rate: USD 2025-01-03")
    ranking = {row["project"]: (row["cost"], row["left_out"]) for row in figures["pipeline"]["ranking"]}
    assert ranking == {"DOCK-2": ("600", ""), "QUAY-3": (None, "no rate: USD 2025-02-01")}


def test_a_benchmark_leaves_that_kpi_out(asked: Pmo) -> None:
    assert asked.refused(2, "benchmark", "cpi", *AS_OF) == MISSING
    for by in ("unit", "period"):
        found = asked.data("benchmark", "cpi", "on-time", "--by", by, *AS_OF)
        assert f"cpi: {MISSING}" in found["notes"] and {row["kpi"] for row in found["rows"]} == {"on-time"}


def test_a_proposal_without_a_rate_is_ranked_last_and_recorded_never(asked: Pmo) -> None:
    places = asked.data("portfolio", "rank", *AS_OF)["places"]
    assert [(row["project"], row["cut_by"], row["cost"]) for row in places] == [
        ("DOCK-2", "", "600.00"), ("QUAY-3", "no rate", None),
    ]  # fmt: skip
    assert places[1]["error"].startswith(OF_QUAY)
    assert OF_QUAY in asked.ok("portfolio", "rank", *AS_OF)
    assert asked.refused(2, "portfolio", "rank", "--record", "Q1", "--decided-by", "board").startswith(OF_QUAY)


def test_a_rate_that_is_set_mends_it(tmp_path: Path) -> None:
    pmo = harbour(tmp_path / "home")
    pmo.ok("rate", "set", "USD", "--rate", "0.9", "--first-day", "2025-01-01", "--to", "EUR")
    assert pmo.refused(2, "kpi", "cpi", *AS_OF) == MISSING
    pmo.ok("rate", "set", "USD", "--rate", "0.8", "--first-day", "2025-01-01")
    [cpi] = pmo.data("kpi", "cpi", *AS_OF)["figures"]
    assert (cpi["value"], cpi["denominator"]) == ("1.25", "320.0000")
    pmo.ok("setting", "set", "REPORTING-CURRENCY", "--value", '{"currency": "EUR"}', "--on", "2025-01-01")
    [cpi] = pmo.data("kpi", "cpi", *AS_OF)["figures"]
    assert cpi["denominator"] == "360.0000"
