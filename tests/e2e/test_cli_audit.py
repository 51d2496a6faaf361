"""Audits that leave evidence, findings and what becomes of them, back-tests and explanations, through the program."""

from typing import Any

import pytest

from services.projections.checking import load_controls
from tests.e2e.cli import Pmo

START = "approved-baseline-before-start"
RULE = """id: every-project-is-approved
number: 901
title: Every start comes after an approval
why: Because we say so.
subjects: project
severity: high
owner: PMO
since: 2026-01-01
version: 1
rule:
  template: precedence
  activation:
    happened: started
  required:
    - name: approval
      happened: approved
"""


@pytest.fixture
def history(pmo: Pmo) -> Pmo:
    """DOCK-2 was begun without approval; CRANE-7 has everything."""
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2025-01-06")
    for code in ("CRANE-7", "DOCK-2"):
        pmo.ok("project", "propose", code, "--name", code.title(), "--unit", "OPS", "--on", "2025-02-03")
        plan = ("--start", "2025-03-03", "--finish", "2025-06-27", "--budget", "1000")
        pmo.ok("project", "set-baseline", code, *plan, "--on", "2025-02-20")
    pmo.ok("project", "approve", "CRANE-7", "--decided-by", "board", "--on", "2025-02-10")
    pmo.ok("project", "start", "CRANE-7", "--on", "2025-03-03")
    pmo.ok("project", "start", "DOCK-2", "--at-risk", "storm damage", "--on", "2025-03-03")
    return pmo


def standing(pmo: Pmo, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pmo.data("finding", "list", "--control", "1", *args)["findings"]
    return found


def states(pmo: Pmo) -> list[str]:
    return [finding["state"] for finding in standing(pmo, "--state", "all")]


def test_a_run_records_itself_and_raises_each_finding_once(history: Pmo) -> None:
    first = history.data("audit", "run")
    assert (first["raised"], first["cured"]) == (first["exceptions"], 0)
    assert first["published"] == len(first["controls"])
    (finding,) = standing(history)
    assert (finding["subject"], finding["state"], finding["unit"]) == ("project:DOCK-2", "open", "OPS")
    second = history.data("audit", "run")
    assert (second["raised"], second["cured"], second["published"]) == (0, 0, 0)
    assert second["results_digest"] == first["results_digest"]
    assert second["audit"] != first["audit"]
    (performed,) = history.data("history", first["audit"])
    assert performed["type"] == "pmo.audit.performed.v1"


@pytest.mark.long
def test_what_is_withdrawn_is_cured_and_what_comes_back_is_reopened(history: Pmo) -> None:
    history.ok("audit", "run")
    history.ok("void", "project:DOCK-2", "3", "--reason", "another project")
    assert history.data("audit", "run")["cured"] >= 1
    assert states(history) == ["cured"]
    history.ok("void", "project:DOCK-2", "4", "--reason", "it was this one")
    assert history.data("audit", "run")["reopened"] >= 1
    assert states(history) == ["open"]


def test_a_clean_run_is_recorded_too(pmo: Pmo) -> None:
    found = pmo.data("audit", "run")
    assert (found["exceptions"], found["raised"]) == (0, 0)
    assert len(pmo.data("history", found["audit"])) == 1


@pytest.mark.long
def test_a_run_for_the_past_leaves_findings_as_they_are(history: Pmo) -> None:
    asked = ("audit", "run", "--as-of", "2025-12-31")
    assert "findings are left as they are" in history.ok(*asked)
    found = history.data(*asked)
    assert (found["exceptions"] > 0, found["raised"]) == (True, 0)
    assert states(history) == []


def test_a_finding_is_acknowledged_accepted_and_closed_by_others_only(history: Pmo) -> None:
    history.ok("audit", "run")
    name = standing(history)[0]["finding"]
    history.ok("finding", "acknowledge", name, "--owner", "ann", "--due", "2098-12-31")
    (finding,) = standing(history)
    assert (finding["state"], finding["overdue"]) == ("acknowledged", False)
    assert standing(history, "--overdue") == []
    assert [finding["overdue"] for finding in standing(history, "--overdue", "--as-of", "2099-01-01")] == [True]
    assert "owner" in history.refused(4, "finding", "remediate", name, "--decided-by", "ann")
    history.ok("finding", "remediate", name, "--decided-by", "bob")
    assert states(history) == ["remediated"]
    assert history.data("audit", "run")["raised"] == 0
    assert states(history) == ["remediated"]


def test_a_backtest_of_a_rule_that_never_was_records_nothing(history: Pmo) -> None:
    rule = history.home / "rule.yaml"
    rule.write_text(RULE)
    before = history.recorded()
    found = history.data("audit", "backtest", str(rule), "--from", "2025-01-01", "--to", "2025-12-31")
    assert [finding["subject"] for finding in found["findings"]] == ["project:DOCK-2"]
    assert [(score["satisfied"], score["violated"]) for score in found["scores"]] == [(1, 1)]
    assert history.data("audit", "backtest", str(rule), "--from", "2026-01-01", "--to", "2026-03-01")["findings"] == []
    assert history.recorded() == before


def test_a_control_of_the_workspace_is_one_file(history: Pmo) -> None:
    folder = history.home / "controls"
    folder.mkdir()
    (folder / "901_every_project_is_approved.yaml").write_text(RULE)
    assert "Every start comes after an approval" in history.ok("audit", "901")
    assert "every-project-is-approved" in [row["control"] for row in history.data("audit", "run")["controls"]]
    (folder / "901_every_project_is_approved.yaml").write_text(RULE.replace("happened: started", "happened: begun"))
    load_controls.cache_clear()
    for asked in (("audit", "901"), ("audit", "run"), ("audit",), ("audit", "approved-baselin")):
        said = history.refused(2, *asked)
        assert said.startswith("901_every_project_is_approved.yaml, line 13: ")
    shipped = history("audit", "show", START)
    assert (shipped.exit_code, "50.0 %" in shipped.stdout) == (0, True)
    assert "Controls of your own are left out: 901_every_project_is_approved.yaml, line 13: " in shipped.stderr


@pytest.mark.long
def test_a_control_whose_file_is_removed_is_retired_with_its_findings(history: Pmo) -> None:
    folder = history.home / "controls"
    folder.mkdir()
    file = folder / "901_every_project_is_approved.yaml"
    file.write_text(RULE)
    load_controls.cache_clear()
    first = history.data("audit", "run")
    assert first["retired"] == []
    file.unlink()
    load_controls.cache_clear()
    other = history.home / "other"
    other.mkdir()
    assert history.data("audit", "run", "--controls", str(other))["retired"] == []
    said = history.ok("audit", "run")
    assert "1 control retired, as no file has it any more: every-project-is-approved." in said
    assert "1 finding of retired controls closed." in said
    again = history.data("audit", "run")
    assert (again["retired"], again["closed"], again["published"]) == ([], 0, 0)
    listed = history.data("finding", "list", "--state", "all")["findings"]
    found = [row for row in listed if row["control"] == "every-project-is-approved"]
    assert [row["state"] for row in found] == ["cured"]
    told = history.data("history", f"finding:{found[0]['finding']}")[-1]
    assert told["data"]["evidence"] == ["control:EVERY-PROJECT-IS-APPROVED/2"]
    at_first = history.data("history", first["audit"])[0]["recorded_at"]
    then = ("audit", "901", "--rules-of", "then")
    assert len(history.data(*then, "--known-at", at_first)["scores"]) == 1
    assert "No control 901 was published" in history.refused(5, *then)


def test_compliance_over_time(history: Pmo) -> None:
    asked = ("audit", "trend", START, "--from", "2025-01-01", "--to", "2025-06-30", "--every", "quarter")
    points = history.data(*asked)["points"]
    assert [(point["from"], point["satisfied"], point["violated"]) for point in points] == [("2025-01-01", 1, 1)]
    assert "50.0 %" in history.ok(*asked)


def test_compliance_by_severity_and_in_all(history: Pmo) -> None:
    told = history.data("audit", "--by", "severity", "--as-of", "2025-12-31")
    grades = ["critical", "high", "medium", "low"]
    found = [grades.index(row["severity"]) for row in told["scores"]]
    assert len(found) > 1 and found == sorted(found)
    names = ("satisfied", "violated", "cured_late", "no_evidence")
    for name in names:
        assert sum(row[name] for row in told["scores"]) == sum(row[name] for row in told["total"])
    said = history.ok("audit", "--by", "severity", "--as-of", "2025-12-31")
    assert "Controls by severity" in said
    assert said.splitlines()[-3].split()[0] == "total"


@pytest.mark.long
def test_the_rules_of_then_need_to_have_been_published(history: Pmo) -> None:
    asked = ("audit", START, "--rules-of", "then")
    assert "No control approved-baseline-before-start was published" in history.refused(5, *asked)
    history.ok("audit", "run")
    assert history.data(*asked)["scores"] == history.data("audit", START)["scores"]
    assert "was published" in history.refused(5, *asked, "--as-of", "2025-12-31")
    backtest = ("audit", "backtest", START, "--from", "2025-01-01", "--rules-of", "then")
    assert len(history.data(*backtest)["findings"]) == 1


def test_a_run_says_what_it_found_and_did(history: Pmo) -> None:
    said = history.ok("audit", "run", "--unit", "ops", "--actor", "system:audit")
    assert "Recorded as audit:" in said
    assert "'pmo finding list' shows those that stand." in said
    listed = history.ok("finding", "list", "--control", "1")
    assert "APPROVED-BASELINE-BEFORE-START/PROJECT.DOCK-2/PROJECT.DOCK-2.3" in listed
    [row] = history.ok("finding", "list", "--control", "1", "--csv").splitlines()[1:]
    assert ",project:DOCK-2,project:DOCK-2/3,high,open," in row


def test_the_rows_left_out_of_a_figure_are_explained_too(history: Pmo) -> None:
    history.ok("project", "cancel", "CRANE-7", "--reason", "no crane", "--decided-by", "board", "--on", "2025-06-02")
    asked = ("explain", "on-time", "--as-of", "2025-12-31")
    assert [row["subject"] for row in history.data(*asked)["rows"]] == ["project:DOCK-2"]
    left_out = [(row["subject"], row["excluded"]) for row in history.data(*asked, "--left-out")["rows"]]
    assert left_out == [("project:CRANE-7", "cancelled"), ("project:DOCK-2", "")]
    assert "(left out: cancelled)" in history.ok(*asked, "--left-out")
    head, *lines = history.ok(*asked, "--left-out", "--csv").splitlines()
    assert head.startswith("unit,subject,label,standing,excluded,")
    assert len(lines) == 2


def test_a_rule_that_is_wrong_is_refused_with_its_line(history: Pmo) -> None:
    rule = history.home / "rule.yaml"
    rule.write_text(RULE.replace("severity: high", "severity: grave"))
    said = history.refused(2, "audit", "backtest", str(rule), "--from", "2025-01-01")
    assert said.startswith("rule.yaml, line 6: severity")
    rule.write_text("id: [")
    assert "rule.yaml, line 1: it is not YAML" in history.refused(
        2, "audit", "backtest", str(rule), "--from", "2025-01-01"
    )


def test_a_figure_is_explained_down_to_who_recorded_what(history: Pmo) -> None:
    told = history.data("explain", "on-time", "--as-of", "2025-12-31", "--subject", "project:DOCK-2")
    (row,) = told["rows"]
    (event,) = row["events"]
    assert (event["event"], event["type"]) == ("project:DOCK-2/2", "pmo.project.baseline-set.v1")
    assert (event["actor"], event["authenticated"]) == ("kim", False)
    assert len(told["kpi"]["digest"]) == 64
    said = history.ok("explain", "on-time", "--as-of", "2025-12-31")
    assert "project:CRANE-7" in said
    assert "kim (claimed)" in said


def test_a_control_is_explained_down_to_who_recorded_what(history: Pmo) -> None:
    told = history.data("explain", "1", "--as-of", "2025-12-31")
    assert (told["control"]["id"], told["control"]["version"]) == (START, load_controls()[START].version)
    assert told["control"]["definition"] == load_controls()[START].text
    [score] = told["scores"]
    assert (score["satisfied"], score["violated"], score["compliance"]) == (1, 1, "0.5")
    worst, other = told["occasions"]
    assert (worst["subject"], worst["result"]) == ("project:DOCK-2", "violated")
    assert (other["subject"], other["result"]) == ("project:CRANE-7", "satisfied")
    first = worst["events"][0]
    assert (first["event"], first["type"]) == (worst["activating"], "pmo.project.started.v1")
    assert (first["actor"], first["authenticated"]) == ("kim", False)
    assert {event["event"] for event in other["events"]} >= set(other["evidence"])
    [only] = history.data("explain", START, "--as-of", "2025-12-31", "--subject", "project:CRANE-7")["occasions"]
    assert only == other
    said = history.ok("explain", "1", "--as-of", "2025-12-31")
    assert f"Control 1, {START}, version" in said
    assert "pmo.project.started.v1 (activates)" in said
    assert "kim (claimed)" in said
    head, *lines = history.ok("explain", "1", "--as-of", "2025-12-31", "--csv").splitlines()
    assert head.startswith("unit,subject,label,standing,result,activating,")
    assert len(lines) == sum(len(occasion["events"]) for occasion in told["occasions"])


@pytest.mark.long
def test_a_control_is_explained_in_the_words_of_then_and_with_the_numbers_that_are_set(history: Pmo) -> None:
    assert "take --rules-of now" in history.refused(5, "explain", "1", "--rules-of", "then")
    history.ok("audit", "run")
    told = history.data("explain", "1", "--rules-of", "then")
    assert [occasion["result"] for occasion in told["occasions"]] == ["violated", "satisfied"]
    history.ok("setting", "set", "THRESHOLD.OVERSPEND", "--value", '{"value": 0.05}', "--on", "2025-06-02")
    before, after = (history.data("explain", "6", "--as-of", day)["control"] for day in ("2025-06-01", "2025-06-02"))
    assert (before["settings"], before["rule"]["at_most"]) == ({}, 0.1)
    assert (after["settings"], after["rule"]["at_most"]) == ({"THRESHOLD.OVERSPEND": 0.05}, 0.05)
    assert before["digest"] == after["digest"] == load_controls()["spend-within-approval"].digest
    assert "THRESHOLD.OVERSPEND is set: at_most is 0.05." in history.ok("explain", "6", "--as-of", "2025-06-02")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("audit", "show", "approved-baselin"), 5, "did you mean 1 approved-baseline-before-start"),
        (("audit", "backtest", "none.yaml", "--from", "2025-01-01"), 2, "There is no file none.yaml"),
        (("audit", "backtest", "1", "--from", "2025-06-01", "--to", "2025-01-01"), 2, "swap --from and --to"),
        (("audit", "trend", "--from", "2025-06-01", "--to", "2025-01-01"), 2, "swap --from and --to"),
        (("audit", "run", "--as-of", "2099-01-01"), 2, "has not come"),
        (("audit", "backtest", "approved-baselin", "--from", "2025-01-01"), 5, "did you mean 1 approved"),
        (("finding", "list", "--control", "0"), 5, "There is no control '0'"),
        (("explain", "on-tme"), 5, "did you mean on-time"),
        (("explain", "approved-baselin"), 5, f"did you mean {START}"),
        (("explain", "99"), 5, "'pmo kpi' lists KPIs, 'pmo audit' controls."),
        (("explain", "on-time", "--rules-of", "then"), 2, "on-time is a KPI: leave it out."),
        (("explain", "1", "--subject", "project:NONE"), 5, "'pmo explain 1 --all' lists its subjects."),
        (("explain", "on-time", "--subject", "project:NONE"), 5, "'pmo kpi on-time --rows' lists its subjects."),
        (("finding", "dismiss", "A/B/C", "--decided-by", "bob", "--reason", "x"), 5, "audit run"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(history: Pmo, args: tuple[str, ...], code: int, said: str) -> None:
    assert said in history.refused(code, *args)
