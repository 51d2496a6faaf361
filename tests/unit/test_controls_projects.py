"""The controls about projects, case by case: what happened, and what the control makes of it."""

import datetime as dt
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest
from controls_world import PERSONS, World, day, opened

ANN, BOB = PERSONS["ann"], PERSONS["bob"]
SATISFIED, VIOLATED, CURED, UNKNOWN = "satisfied", "violated", "cured late", "no evidence"
Steps = tuple[str | tuple[str, dict[str, Any]], ...]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def told(world: World) -> dict[int, str]:
    """The stream of each case; all are landed together, since landing takes longer than asking."""
    cases = (*START_CASES, *STATUS_CASES, *DECISION_CASES)
    return {id(case): world.project(*case[1]) for case in cases}


PROPOSED = "2026-01-01 proposed"
PLANNED: Steps = (PROPOSED, "2026-01-05 approved", "2026-01-06 baseline-set")
START_CASES: list[tuple[str, Steps, list[str]]] = [
    ("in order", (*PLANNED, "2026-01-10 started"), [SATISFIED]),
    ("never started", PLANNED, []),
    ("no approval", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 started"), [VIOLATED]),
    ("no baseline", (PROPOSED, "2026-01-05 approved", "2026-01-10 started"), [VIOLATED]),
    ("rejected before the start", (*PLANNED, "2026-01-07 rejected", "2026-01-10 started"), [VIOLATED]),
    ("deferred before the start", (*PLANNED, "2026-01-07 deferred", "2026-01-10 started"), [VIOLATED]),
    ("rejected after the start", (*PLANNED, "2026-01-10 started", "2026-02-01 rejected"), [SATISFIED]),
    ("approved again after a rejection", (PROPOSED, "2026-01-02 rejected", "2026-01-05 approved",
        "2026-01-06 baseline-set", "2026-01-10 started"), [SATISFIED]),
    ("approved too late", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 started", "2026-01-11 approved"), [CURED]),
    ("only half cured", (PROPOSED, "2026-01-10 started", "2026-01-11 approved"), [VIOLATED]),
    ("same day, both by day, told in the wrong order", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 started",
        "2026-01-10 approved"), [SATISFIED]),
    ("started by day, approved that afternoon", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 started",
        "2026-01-10 15:00 approved"), [SATISFIED]),
    ("same day, by the clock before", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 09:00 approved",
        "2026-01-10 10:00 started"), [SATISFIED]),
    ("same day, by the clock after", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 10:00 started",
        "2026-01-10 15:00 approved"), [CURED]),
    ("approved by day, started by the clock", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 approved",
        "2026-01-10 10:00 started"), [SATISFIED]),
    ("told before the approval, started after", (PROPOSED, "2026-01-10 started", "2026-01-05 approved",
        "2026-01-06 baseline-set"), [SATISFIED]),
    ("baseline voided", (*PLANNED, "2026-01-10 started", ("2026-01-20 voided", {"supersedes": 3})), [VIOLATED]),
    ("baseline superseded by a later date", (*PLANNED, "2026-01-10 started",
        ("2026-01-15 baseline-set", {"supersedes": 3})), [CURED]),
    ("approval's date corrected to an earlier one", (PROPOSED, "2026-01-20 approved", "2026-01-06 baseline-set",
        "2026-01-10 started", ("2026-01-05 approved", {"supersedes": 2, "recorded": "2026-01-21"})), [SATISFIED]),
    ("two baselines", (*PLANNED, ("2026-01-08 baseline-set", {"item": "2"}), "2026-01-10 started"), [SATISFIED]),
    ("first baseline voided, second stands", (*PLANNED, ("2026-01-08 baseline-set", {"item": "2"}),
        "2026-01-10 started", ("2026-01-20 voided", {"supersedes": 3})), [SATISFIED]),
    ("the start itself voided", (*PLANNED, "2026-01-10 started", ("2026-01-20 voided", {"supersedes": 4})), []),
    ("withdrawn", (PROPOSED, "2026-01-10 started", "2026-01-20 withdrawn"), []),
    ("each start is an occasion", (PROPOSED, "2026-01-06 baseline-set", "2026-01-10 started", "2026-01-11 approved",
        "2026-02-01 started"), [CURED, SATISFIED]),
    ("seen running by a source", (("2026-01-10 recorded", {"status": "running"}),), [UNKNOWN]),
    ("seen by a source that says no status", (("2026-01-10 recorded", {"status": None}),
        ("2026-02-10 recorded", {"status": None})), [UNKNOWN]),
    ("seen as a proposal by a source", (("2026-01-10 recorded", {"status": "proposed"}),), []),
    ("approved according to a source, planned and started here", (("2026-01-02 recorded", {"status": "approved"}),
        "2026-01-06 baseline-set", "2026-01-10 started"), [UNKNOWN]),
    ("approved according to a source, no baseline", (("2026-01-02 recorded", {"status": "approved"}),
        "2026-01-10 started"), [VIOLATED]),
    ("approved according to a later source", ("2026-01-06 baseline-set", "2026-01-10 started",
        ("2026-03-02 recorded", {"status": "running"})), [VIOLATED]),
]  # fmt: skip


@pytest.mark.parametrize("case", START_CASES, ids=itemgetter(0))
def test_no_start_without_an_approved_baseline(world: World, told: dict[int, str], case: tuple[Any, ...]) -> None:
    assert world.results(1, told[id(case)], "2026-06-30") == case[2]


def test_a_start_occasion_names_its_evidence(world: World) -> None:
    project = world.project(PROPOSED, "2026-01-10 started", "2026-01-12 baseline-set", "2026-01-15 approved")
    [found] = world.ask("approved-baseline-before-start", "2026-06-30", streams=[project])
    assert found.activating == f"{project}/2"
    assert set(found.evidence) == {f"{project}/{v}" for v in (2, 3, 4)}
    assert (found.unit, found.label, found.standing) == ("OPS", "Name", "governed")
    assert found.since == day("2026-01-10")
    assert found.cured_at == day("2026-01-15")
    assert found.detail == "without approval, without baseline"
    assert not found.incomplete


def test_an_approval_recorded_late_counts_as_of_then_but_not_as_known_then(world: World) -> None:
    project = world.project(
        PROPOSED, "2026-01-06 baseline-set", "2026-01-10 started", ("2026-01-05 approved", {"recorded": "2026-03-01"})
    )
    assert world.results(1, project, "2026-01-31") == [SATISFIED]
    assert world.results(1, project, "2026-01-31", known_at="2026-02-28") == [VIOLATED]
    assert world.results(1, project, "2026-06-30", known_at="2026-02-28") == [VIOLATED]
    assert world.results(1, project, "2026-01-09") == []


def test_an_imported_project_is_observed(world: World) -> None:
    project = world.project(("2026-01-10 recorded", {"status": "running"}))
    for control in (1, 4, 7):
        [found] = world.ask(control, "2026-06-30", streams=[project])
        assert (found.result, found.standing) == (UNKNOWN, "observed")
        assert found.evidence == (f"{project}/1",)


def test_a_gap_in_the_history_is_said(world: World) -> None:
    stream = world.project(PROPOSED)
    world._versions[stream] += 1
    world.add(stream, "2026-01-10 started")
    [found] = world.ask(1, "2026-06-30", streams=[stream])
    assert found.incomplete


RUNNING = "2026-01-10 started"
REPORT = "progress-reported"
STATUS_CASES: list[tuple[str, Steps, str, list[str]]] = [
    ("before it is due", (RUNNING,), "2026-01-23", []),
    ("on the due day", (RUNNING,), "2026-01-24", []),
    ("a day past due", (RUNNING,), "2026-01-25", [VIOLATED]),
    ("never reported", (RUNNING,), "2026-12-31", [VIOLATED]),
    ("after exactly 14 days", (RUNNING, f"2026-01-24 {REPORT}"), "2026-01-24", [SATISFIED]),
    ("after 15 days", (RUNNING, f"2026-01-25 {REPORT}"), "2026-01-25", [CURED]),
    ("one late, then in time, then silence", (RUNNING, f"2026-02-01 {REPORT}", f"2026-02-10 {REPORT}"), "2026-03-31",
        [CURED, SATISFIED, VIOLATED]),
    ("across the change to summer time", ("2026-03-20 started", f"2026-04-03 {REPORT}"), "2026-04-03", [SATISFIED]),
    ("on hold all the time", (RUNNING, "2026-01-12 put-on-hold"), "2026-12-31", []),
    ("silent before the hold", (RUNNING, "2026-01-25 put-on-hold"), "2026-12-31", [VIOLATED]),
    ("on hold between, 14 running days", (RUNNING, "2026-01-15 put-on-hold", "2026-03-01 resumed",
        f"2026-03-10 {REPORT}"), "2026-03-10", [SATISFIED]),
    ("on hold between, 15 running days", (RUNNING, "2026-01-15 put-on-hold", "2026-03-01 resumed",
        f"2026-03-11 {REPORT}"), "2026-03-11", [CURED]),
    ("a report on hold asks for nothing", (RUNNING, "2026-01-15 put-on-hold", f"2026-02-01 {REPORT}"), "2026-12-31",
        []),
    ("completed in time", (RUNNING, "2026-01-20 completed"), "2026-12-31", []),
    ("completed in silence", (RUNNING, "2026-03-01 completed"), "2026-12-31", [VIOLATED]),
    ("reopened", (RUNNING, "2026-01-20 completed", "2026-06-01 reopened", f"2026-06-05 {REPORT}"), "2026-06-19",
        [SATISFIED]),
    ("reopened and silent", (RUNNING, "2026-01-20 completed", "2026-06-01 reopened"), "2026-06-30", [VIOLATED]),
    ("approved while running", (RUNNING, "2026-01-15 approved"), "2026-01-25", [VIOLATED]),
    ("reports before the start", (f"2026-01-05 {REPORT}", RUNNING), "2026-01-25", [VIOLATED]),
    ("not started", (PROPOSED,), "2026-12-31", []),
    ("a report voided", (RUNNING, f"2026-01-20 {REPORT}", ("2026-01-21 voided", {"supersedes": 2})), "2026-01-25",
        [VIOLATED]),
    ("told in another order", (RUNNING, f"2026-02-05 {REPORT}", (f"2026-01-23 {REPORT}", {"recorded": "2026-02-06"})),
        "2026-02-05", [SATISFIED, SATISFIED]),
    ("seen running by a source", (("2026-01-10 recorded", {"status": "running"}),), "2026-12-31", [UNKNOWN]),
]  # fmt: skip


@pytest.mark.parametrize("case", STATUS_CASES, ids=itemgetter(0))
def test_status_every_14_days(world: World, told: dict[int, str], case: tuple[Any, ...]) -> None:
    assert world.results(4, told[id(case)], case[2]) == case[3]


def test_a_late_status_says_since_when_and_by_when(world: World) -> None:
    project = world.project(
        RUNNING, "2026-01-15 put-on-hold", "2026-03-01 resumed", f"2026-03-20 {REPORT}", "2026-05-01 completed"
    )
    late, open_ = world.ask(4, "2026-12-31", streams=[project])
    assert (late.result, open_.result) == (CURED, VIOLATED)
    assert (late.since, late.due, late.cured_at) == (day("2026-01-10"), dt.date(2026, 3, 10), day("2026-03-20"))
    assert late.evidence == (f"{project}/1", f"{project}/4")
    assert (open_.since, open_.due, open_.cured_at) == (day("2026-03-20"), dt.date(2026, 4, 3), None)


def test_a_status_recorded_late_was_missing_as_known_then(world: World) -> None:
    project = world.project(RUNNING, (f"2026-01-20 {REPORT}", {"recorded": "2026-02-15"}))
    assert world.results(4, project, "2026-01-30") == [SATISFIED]
    assert world.results(4, project, "2026-01-30", known_at="2026-01-30") == [VIOLATED]


def _proposed(by: str | None) -> tuple[str, dict[str, Any]]:
    return ("2026-01-01 proposed", {"proposed_by": by})


def _asked(by: str | None, gate: str = "G1", on: str = "2026-02-01") -> tuple[str, dict[str, Any]]:
    return (f"{on} gate-requested", {"item": gate, "requested_by": by})


def _passed(by: str, gate: str = "G1", on: str = "2026-02-05", how: str = "gate-passed") -> tuple[str, dict[str, Any]]:
    more = {"due": "2026-04-01"} if how == "gate-passed-with-conditions" else {}
    return (f"{on} {how}", {"item": gate, "decided_by": by, **more})


DECISION_CASES: list[tuple[str, Steps, list[str]]] = [
    ("by another", (_proposed(ANN), ("2026-01-05 approved", {"decided_by": BOB})), [SATISFIED]),
    ("by the proposer", (_proposed(ANN), ("2026-01-05 approved", {"decided_by": ANN})), [VIOLATED]),
    ("turned down by the proposer", (_proposed(ANN), ("2026-01-05 rejected", {"decided_by": ANN})), [VIOLATED]),
    ("proposer unknown", (_proposed(None), ("2026-01-05 approved", {"decided_by": ANN})), [UNKNOWN]),
    ("never proposed", (("2026-01-05 approved", {"decided_by": ANN}),), [UNKNOWN]),
    ("proposer corrected", (_proposed(ANN), ("2026-01-05 approved", {"decided_by": ANN}),
        ("2026-01-01 proposed", {"proposed_by": BOB, "supersedes": 1})), [SATISFIED]),
    ("not decided", (_proposed(ANN),), []),
    ("gate by another", (_asked(ANN), _passed(BOB)), [SATISFIED]),
    ("gate by the requester", (_asked(ANN), _passed(ANN)), [VIOLATED]),
    ("gate failed by the requester", (_asked(ANN), _passed(ANN, how="gate-failed")), [VIOLATED]),
    ("passed with conditions by the requester", (_asked(ANN), _passed(ANN, how="gate-passed-with-conditions")),
        [VIOLATED]),
    ("revoked by the requester", (_asked(ANN), _passed(BOB), _passed(ANN, on="2026-03-01",
        how="gate-decision-revoked")), [SATISFIED, VIOLATED]),
    ("requester unknown", (_asked(None), _passed(BOB)), [UNKNOWN]),
    ("gate nobody asked for", (_passed(BOB),), [UNKNOWN]),
    ("another gate's requester", (_asked(ANN, "G1"), _asked(BOB, "G2"), _passed(BOB, "G1")), [SATISFIED]),
    ("asked again by another", (_asked(ANN), _asked(BOB, on="2026-02-03"), _passed(BOB)), [VIOLATED]),
    ("asked on the day of the decision", (_passed(ANN), _asked(ANN, on="2026-02-05 09:00")), [VIOLATED]),
    ("asked only afterwards", (_passed(ANN), _asked(ANN, on="2026-02-06")), [UNKNOWN]),
    ("approved elsewhere, gate here", (("2026-01-10 recorded", {"status": "approved"}), _asked(ANN), _passed(BOB)),
        [UNKNOWN, SATISFIED]),
]  # fmt: skip


@pytest.mark.parametrize("case", DECISION_CASES, ids=itemgetter(0))
def test_the_decider_is_neither_proposer_nor_requester(
    world: World, told: dict[int, str], case: tuple[Any, ...]
) -> None:
    assert world.results(7, told[id(case)], "2026-06-30") == case[2]


def test_a_decision_on_ones_own_matter_names_both_events(world: World) -> None:
    project = world.project(_proposed(BOB), _asked(ANN), _passed(ANN))
    [found] = world.ask(7, "2026-06-30", streams=[project])
    assert found.evidence == (f"{project}/3", f"{project}/2")
    assert found.detail == "decided_by is requested_by"
