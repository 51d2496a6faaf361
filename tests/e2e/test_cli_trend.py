"""Trends, groupings and a workspace's own KPIs, through the program itself."""

from pathlib import Path

import pytest

from tests.e2e.cli import Pmo

OWN = """-- name: projects-known
-- title: Projects known
-- family: portfolio
-- measure: count
-- better: neither
-- aggregator: sum
-- by: status
-- version: 1
-- source: our own
-- definition: All projects that the organisation has ever proposed or observed, whatever became of them, each counted
--   once; by the status that it has on the as-of day.
SELECT
    ifNull(unit, '') AS unit, stream AS subject, ifNull(name, project) AS label, standing, '' AS excluded,
    toDecimal128(1, 4) AS numerator, toDecimal128(1, 4) AS denominator, [1] AS evidence, status
FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
"""


@pytest.fixture
def history(pmo: Pmo) -> Pmo:
    """ALPHA is due in March and on time, BETA in May and still open; BETA's plan was recorded, as all of it, today."""
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2025-01-01")
    for code, finish in (("ALPHA", "2025-03-14"), ("BETA", "2025-05-16")):
        pmo.ok("project", "propose", code, "--name", code.title(), "--unit", "OPS", "--on", "2025-01-02")
        plan = ("--start", "2025-01-06", "--finish", finish, "--budget", "1000")
        pmo.ok("project", "set-baseline", code, *plan, "--on", "2025-01-03")
        pmo.ok("project", "start", code, "--at-risk", "no board", "--on", "2025-01-06")
    pmo.ok("project", "complete", "ALPHA", "--on", "2025-03-10")
    return pmo


def test_a_trend_has_a_figure_for_each_stretch_with_data(history: Pmo) -> None:
    points = history.data("kpi", "trend", "on-time", "--from", "2025-01-01", "--to", "2025-06-30")["points"]
    assert [(point["from"], point["to"], point["value"]) for point in points] == [
        ("2025-03-01", "2025-03-31", "1"),
        ("2025-05-01", "2025-05-31", "0"),
    ]


def test_a_window_looks_back_over_several_stretches(history: Pmo) -> None:
    asked = ("kpi", "trend", "on-time", "--from", "2025-05-01", "--to", "2025-06-30", "--window", "3")
    points = history.data(*asked)["points"]
    assert [(point["from"], point["n"]) for point in points] == [("2025-03-01", 2), ("2025-04-01", 1)]


def test_each_point_as_it_was_known_then(history: Pmo) -> None:
    asked = ("kpi", "trend", "on-time", "--from", "2025-03-01", "--to", "2025-03-31", "--known-then")
    assert history.data(*asked)["points"] == []
    assert "No data in this period." in history.ok(*asked)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--from", "2025-06-01", "--to", "2025-01-01"), "The period ends before it begins: swap --from and --to."),
        (("--from", "2020-01-01", "--to", "2025-01-01", "--every", "day"), "take longer stretches with --every"),
        (("--from", "soon"), "'soon' is not a day"),
        (("--from", "2025-01-01", "--known-at", "2025-02-01", "--known-then"), "not both"),
        (("--from", "2025-01-01", "--by", "colour"), "on-time cannot be shown by colour; it can by portfolio, unit"),
    ],
)
def test_a_trend_that_makes_no_sense_is_refused_in_words(history: Pmo, args: tuple[str, ...], said: str) -> None:
    result = history("kpi", "trend", "on-time", *args)
    assert result.exit_code != 0
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_kpi_of_the_workspace_is_one_file(history: Pmo) -> None:
    folder = history.home / "kpis"
    folder.mkdir()
    (folder / "projects_known.sql").write_text(OWN)
    figures = history.data("kpi", "projects-known", "--by", "status")["figures"]
    assert {figure["group"]: figure["value"] for figure in figures} == {"completed": "1.0000", "running": "1.0000"}
    assert "Projects known" in history.ok("kpi", "--as-of", "2025-06-30")
    trend = history.data("kpi", "trend", "projects-known", "--from", "2025-01-01", "--to", "2025-01-31")
    assert [point["value"] for point in trend["points"]] == ["2.0000"]


def test_a_wrong_kpi_of_the_workspace_is_refused_with_file_and_line(history: Pmo) -> None:
    folder = history.home / "kpis"
    folder.mkdir()
    (folder / "projects_known.sql").write_text(OWN.replace("by: status", "by: colour"))
    assert "projects_known.sql, line 7: there is no dimension 'colour'" in history.refused(2, "kpi", "projects-known")
    (folder / "projects_known.sql").write_text(OWN.replace("projects-known", "on-time"))
    (folder / "projects_known.sql").rename(folder / "on_time.sql")
    assert "there is a KPI on-time already; rename yours." in history.refused(2, "kpi", "on-time")


def test_help_names_the_subcommands(pmo: Pmo, tmp_path: Path) -> None:
    said = pmo.ok("kpi", "--help")
    assert "trend" in said
    assert "pmo kpi trend on-time" in said
