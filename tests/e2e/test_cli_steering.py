"""Benchmarks, the portfolio's ranking, the steering pack and the replay, through the program itself."""

import csv
import io
import json
from pathlib import Path

import pytest

from services.projections.kpi import find_kpi
from tests.e2e.cli import Pmo

ANN = "ann@example.org"


@pytest.fixture
def pmo(tmp_path: Path) -> Pmo:
    """A workspace to write to."""
    return harbour(tmp_path / "home")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Pmo:
    """One that is only asked."""
    return harbour(tmp_path_factory.mktemp("steering") / "home")


def harbour(home: Path) -> Pmo:
    """PORT with a project on time and two open proposals; OLD is retired."""
    pmo = Pmo(home)
    pmo.ok("init", "--organisation", "Harbour <b>Authority</b>", "--time-zone", "Europe/London", "--currency", "GBP")
    for code in ("PORT", "OLD"):
        pmo.ok("unit", "register", code, "--name", code.title(), "--on", "2024-01-01")
    pmo.ok("unit", "retire", "OLD", "--on", "2025-01-01")
    pmo.ok("person", "join", ANN, "--unit", "PORT", "--role", "PM", "--name", "Ann Smith", "--on", "2024-01-01")
    pmo.ok("project", "propose", "CRANE-7", "--name", "Crane", "--unit", "PORT", "--manager", ANN, "--on", "2025-01-02")
    plan = ("--start", "2025-01-06", "--finish", "2025-03-14", "--budget", "1000")
    pmo.ok("project", "set-baseline", "CRANE-7", *plan, "--on", "2025-01-03")
    pmo.ok("project", "start", "CRANE-7", "--at-risk", "no board", "--on", "2025-01-06")
    pmo.ok("project", "complete", "CRANE-7", "--on", "2025-03-10")
    for code, budget, value in (("DOCK-2", "600", "1800"), ("QUAY-3", "700", "700")):
        asked = ("--budget", budget, "--value", value, "--risk", "0.2", "--unit", "PORT", "--on", "2025-02-01")
        pmo.ok("project", "propose", code, "--name", "<script>alert(1)</script>", *asked)
    return pmo


def test_benchmarks(asked: Pmo) -> None:
    found = asked.data("benchmark", "on-time")
    [row] = found["rows"]
    assert (row["unit"], row["value"], row["n"], row["low"], row["rest"]) == ("PORT", "1", 1, "0.2065", None)
    assert "uncertainty of the process" in asked.ok("benchmark", "on-time", "--by", "unit")
    rows = list(csv.DictReader(io.StringIO(asked.ok("benchmark", "on-time", "--by", "industry", "--csv"))))
    assert {row["unit"] for row in rows} == {"projects", "organisations", "respondents' estimates"}
    assert all(row["source"] and row["year"] and row["population"] and row["n"] for row in rows)
    shown = asked.ok("benchmark", "on-time", "--by", "period", "--from", "2025-01-01", "--to", "2025-03-31")
    assert "the one before" in shown and "a year before" in shown and "no data" in shown


@pytest.mark.parametrize(
    ("code", "args", "said"),
    [
        (5, ("benchmark", "on-tme"), "did you mean on-time"),
        (5, ("benchmark", "on-time", "--unit", "PROT"), "did you mean PORT"),
        (
            2,
            ("benchmark", "on-time", "--unit", "OLD"),
            "Unit OLD was retired on 2025-01-01; --as-of 2024-12-31 shows the time before.",
        ),
        (2, ("benchmark", "on-time", "--from", "2025-02-01", "--to", "2025-01-01"), "swap --from and --to"),
        (2, ("kpi", "on-time", "--from", "2150-01-01"), "--from: 2150-01-01 lies after "),
        (
            2,
            ("audit", "trend", "--from", "2025-02-01", "--as-of", "2025-01-01"),
            "as of which is asked; give an earlier",
        ),
        (2, ("portfolio", "rank", "--budget", "+10%"), "changes a base case"),
        (2, ("portfolio", "rank", "--record", "Q1"), "--decided-by"),
        (2, ("portfolio", "rank", "--record", "Q1", "--decided-by", ANN, "--as-of", "2025-06-30"), "as of now"),
        (2, ("portfolio", "rank", "--record", "Q1", "--decided-by", ANN, "--without", "A"), "what-if is not recorded"),
        (
            2,
            ("portfolio", "rank", "--record", "Q1", "--decided-by", ANN, "--budget", "9", "--budget", "+10%"),
            "what-if is not recorded",
        ),
        (5, ("portfolio", "rank", "--without", "NONE"), "no open proposal 'NONE'"),
        (5, ("portfolio", "rank", "--without", ""), "no open proposal ''"),
        (2, ("portfolio", "rank", "--decided-by", ANN), "belong to --record"),
        (2, ("report",), "-o report.html"),
        (2, ("report", "-o", "r.html", "--known-at", "2150-01-01"), "2150-01-01 lies in the future"),
        (2, ("kpi", "on-time", "--known-at", "2150-01-01T10:00"), "leave it out to ask with what is known now"),
        (2, ("history", "project:CRANE-7", "--known-at", "2150-01-01"), "lies in the future"),
        (5, ("report", "verify", "R-9"), "There is no report R-9"),
        (
            2,
            ("report", "-o", "r.html", "--unit", "OLD"),
            "Unit OLD was retired on 2025-01-01; --as-of 2024-12-31 shows the time before.",
        ),
        (2, ("replay", "--from", "2025-02-01", "--to", "2025-01-01"), "swap --from and --to"),
        (2, ("replay", "--from", "2025-01-01", "--speed", "fast"), "is no speed"),
        (5, ("replay", "--from", "2020-01-01", "--to", "2020-02-01"), "No event was recorded by 2020-02-01"),
        (5, ("replay", "--from", "2025-01-01", "--controls", "no-such"), "there is no folder no-such"),
        (7, ("replay", "--from", "2025-01-01", "--listen"), "--listen needs a broker"),
    ],
)
def test_wrong_input_in_words(asked: Pmo, code: int, args: tuple[str, ...], said: str) -> None:
    assert said in asked.refused(code, *args)


def test_a_retired_unit_is_answered_for_and_said_to_be_retired(asked: Pmo) -> None:
    said = "Unit OLD was retired on 2025-01-01; --as-of 2024-12-31 shows the time before.\n"
    for args in (
        ("kpi", "on-time"), ("kpi", "trend", "on-time", "--from", "2025-01-01", "--every", "year"), ("capacity",),
        ("explain", "on-time"), ("audit", "1"), ("audit", "trend", "1", "--from", "2025-01-01", "--every", "year"),
    ):  # fmt: skip
        result = asked(*args, "--unit", "OLD")
        assert (result.exit_code, result.stderr) == (0, said), args
    assert asked("kpi", "on-time", "--unit", "OLD", "--as-of", "2024-12-31").stderr == ""
    assert asked("kpi", "on-time", "--unit", "PORT").stderr == ""


def test_points_before_the_unit_was_registered_have_no_figures(asked: Pmo) -> None:
    for args in (("kpi", "trend", "on-time"), ("audit", "trend", "1"), ("audit", "trend", "1", "--by", "unit")):
        asked_for = (*args, "--unit", "PORT", "--from", "2022-01-01", "--to", "2025-12-31", "--every", "year")
        assert [point["from"] for point in asked.data(*asked_for)["points"]] == ["2025-01-01"], args
        before = (*args, "--unit", "PORT", "--from", "2022-01-01", "--to", "2023-12-31")
        assert "There is no unit PORT at that time" in asked.refused(5, *before)
    found = asked.data("benchmark", "on-time", "--by", "period", "--unit", "PORT", "--as-of", "2025-03-31")
    assert [row["value"] for row in found["rows"]] == ["1", None]


def test_nothing_to_show_is_said_in_words(asked: Pmo) -> None:
    nothing = "No data: there is nothing that it is about, at these two times."
    assert nothing in asked.ok("kpi", "csat", "--rows", "--as-of", "2024-06-30")
    assert nothing in asked.ok("explain", "csat", "--as-of", "2024-06-30")
    assert "left out; --left-out shows them." in asked.ok("explain", "cpi", "--as-of", "2025-02-01")
    assert asked.ok("benchmark", "csat", "--as-of", "2024-06-30").startswith("Customer satisfaction by unit")


def test_a_route_that_is_set_nowhere_is_a_slip_where_others_are(pmo: Pmo) -> None:
    propose = ("project", "propose", "--name", "Pier", "--unit", "PORT")
    pmo.ok(*propose, "PIER-1", "--gate-route", "LONG")
    pmo.ok("setting", "set", "GATE-ROUTE.LONG", "--value", '{"gates": [{"gate": "G1", "due_days": 9}]}')
    said = pmo.refused(5, *propose, "PIER-2", "--gate-route", "LNG")
    assert said == (
        "There is no setting GATE-ROUTE.LNG; 'pmo setting set GATE-ROUTE.LNG' makes it, or did you mean "
        "GATE-ROUTE.LONG?"
    )
    pmo.ok(*propose, "PIER-2", "--gate-route", "long")


def test_rows_of_ones_own_and_a_kpi_that_there_is_not(pmo: Pmo) -> None:
    row = "{id: ours, figure: Ours, value: 0.5, kpi: no-such, source: S, year: 2025, population: P, unit: projects, "
    (pmo.home / "benchmarks.yaml").write_text(f"- {row}wording: w}}\n")
    assert "no-such: figures are published of it, but there is no such KPI here" in pmo.ok(
        "benchmark", "--by", "industry"
    )
    (pmo.home / "benchmarks.yaml").write_text(f"- {row}wordin: w}}\n")
    assert "benchmarks.yaml, line 1" in pmo.refused(2, "benchmark", "--by", "industry")


def test_the_portfolio_and_its_ranking(asked: Pmo) -> None:
    projects = {row["project"]: row for row in asked.data("portfolio", "list")["projects"]}
    assert projects["CRANE-7"]["manager"] == "Ann Smith" and projects["CRANE-7"]["slip"] == -4
    assert "Ann Smith" in asked.ok("portfolio", "list") and "No data" in asked.ok(
        "portfolio", "list", "--as-of", "2024-01-01"
    )
    found = asked.data("portfolio", "rank", "--budget", "1000", "--budget", "+30%")
    assert [(row["project"], row["within"]) for row in found["places"]] == [("DOCK-2", True), ("QUAY-3", True)]
    assert found["against_base"]["comes_in"] == ["QUAY-3"] and found["against_base"]["base"]["budget"] == "1000"
    shown = asked.ok("portfolio", "rank", "--budget", "1000", "--without", "DOCK-2")
    assert "falls out: DOCK-2" in shown and "comes in: QUAY-3" in shown and "DEFAULT v" in shown
    assert "--- cut line ---" in asked.ok("portfolio", "rank", "--budget", "1000")


def test_a_ranking_is_recorded_once(pmo: Pmo) -> None:
    record = ("portfolio", "rank", "--budget", "1000", "--record", "2026-Q3", "--decided-by", ANN)
    assert "Recorded as ranking 2026-Q3: 2 events." in pmo.ok(*record)
    events = pmo.recorded()
    assert "0 events" in pmo.ok(*record)
    assert pmo.recorded() == events
    ranked = json.loads(pmo.ok("history", "project:QUAY-3", "--json"))
    data = (ranked["events"] if isinstance(ranked, dict) else ranked)[-1]["data"]
    assert (data["ranking"], data["rank"], data["within"], data["cut_by"]) == ("2026-Q3", 2, False, "budget")


@pytest.mark.long
def test_the_steering_pack_is_written_issued_and_reproduced(pmo: Pmo, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said = pmo.ok("report", "-o", str(file), "--audience", "The board", "--id", "r-1")
    assert said.startswith("Report R-1, as of ")
    [published] = pmo.data("history", "kpi:ON-TIME")
    assert published["data"]["digest"] == find_kpi("on-time").digest
    assert "KPI definitions published in the present words." in said
    told = pmo.data("report", "-o", str(tmp_path / "again.html"))
    assert (told["published"], told["retired"], told["definitions"]["kpi:on-time"]) == (
        0,
        [],
        find_kpi("on-time").digest,
    )
    html = file.read_text()
    assert "&lt;script&gt;alert(1)" in html and "<script>alert" not in html and "<b>Authority" not in html
    assert "R-1" in pmo.ok("report", "list") and "The board" in pmo.ok("report", "list")
    pmo.ok("project", "reject", "QUAY-3", "--decided-by", ANN, "--on", "2025-02-10")
    assert "Same digest: " in pmo.ok("report", "verify", "r-1")
    own = pmo.home / "kpis"
    own.mkdir()
    shipped = Path(__file__).parents[2] / "services/projections/kpis/throughput.sql"
    (own / "mine.sql").write_text(shipped.read_text().replace("name: throughput", "name: mine", 1))
    result = pmo("report", "verify", "r-1", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["definitions_added"] == ["kpi:mine"]


@pytest.mark.long
def test_figures_alone_issue_nothing(asked: Pmo) -> None:
    before = asked.recorded()
    found = asked.data("report", "--as-of", "2025-06-30", "--known-at", "2025-06-30")
    assert found["report"] is None and found["scope"]["as_of"] == "2025-06-30" and len(found["digest"]) == 64
    assert asked.recorded() == before


@pytest.mark.long
def test_history_happens_again(pmo: Pmo, tmp_path: Path) -> None:
    today = pmo.data("kpi", "on-time", "--by", "portfolio")["figures"]
    found = pmo.data("replay", "--from", "2025-01-01")
    assert [figure for figure in found["figures"] if figure["kpi"] == "on-time"] == today
    assert found["events"] > 0 and found["other"] is None and not (pmo.home / "replay").exists()
    rule = Path(__file__).parents[2] / "services/projections/controls/01_approved_baseline_before_start.yaml"
    stricter = tmp_path / "stricter"
    stricter.mkdir()
    (stricter / "x.yaml").write_text(
        rule.read_text().replace("id: ", "id: mine-", 1).replace("number: 1", "number: 901")
    )
    shown = pmo.ok("replay", "--from", "2025-01-01", "--controls", str(stricter))
    assert "1 finding new under the other rules" in shown and "0 findings gone under the other rules" in shown
