"""The rules of baselines, gates and progress reports."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import progress, project
from services.commands.project import delivery
from services.commands.project.common import NeedsAtRisk, NotRequested, OwnDecision
from services.errors import BadInput, Rejected
from services.projections.checking import load_controls
from services.projections.rules import Absence
from tests.unit.commands.dsl import ProjectHistory, given, on, person
from tests.unit.commands.scenarios import (
    A_NOTE,
    BASELINE,
    MINUTES,
    a_cancelled_project,
    a_completed_project,
    a_gate_passed_with_conditions,
    a_merged_project,
    a_planned_project,
    a_project_on_hold,
    a_rejected_change,
    a_requested_change,
    a_requested_gate,
    a_running_project,
    an_approved_change,
    an_approved_project,
)

PLAN = {"project": "CRANE-7", "start": "2026-03-01", "finish": "2026-11-30", "budget": "250000"}
AGAIN = {**PLAN, "budget": "300000"}
GATE = {"project": "CRANE-7", "gate": "g1", "decided_by": "board"}
PROOF = {"evidence": ["https://docs.example/minutes"]}
REPORT = {"project": "CRANE-7", "percent_complete": "0.45", "actual_cost": "118000"}


def curve(**points: str) -> dict[str, Any]:
    return {"curve": {day.removeprefix("d").replace("_", "-"): value for day, value in points.items()}}


class TestTheBaseline:
    def test_the_first_one_needs_nobody(self) -> None:
        given(an_approved_project()).when(delivery.SetBaseline, **PLAN).then(BASELINE)

    def test_a_further_one_needs_an_approved_change_or_the_word(self) -> None:
        rule = given(a_planned_project())
        rule.when(delivery.SetBaseline, **AGAIN).refused(delivery.UnauthorisedBaseline, "--change-id")
        rule.when(delivery.SetBaseline, **AGAIN, unauthorised=True).refused(delivery.UnauthorisedBaseline, "--reason")
        rule.when(delivery.SetBaseline, **AGAIN, reason="x").refused(delivery.UnauthorisedBaseline, "--unauthorised")
        changed = given(a_planned_project(), an_approved_change())
        (second,) = changed.when(delivery.SetBaseline, **AGAIN, change_id="cr-1").then_type(project.BaselineSet)
        assert (second.part, second.model_dump()["change_id"]) == ("2", "CR-1")
        rule.when(delivery.SetBaseline, **AGAIN, unauthorised=True, reason="asked for").then_type(project.BaselineSet)

    @pytest.mark.parametrize("change", [(), a_requested_change(), a_rejected_change(), an_approved_change("CR-2")])
    def test_the_change_behind_it_is_approved(self, change: ProjectHistory) -> None:
        given(a_planned_project(), change).when(delivery.SetBaseline, **AGAIN, change_id="CR-1").refused(
            delivery.UnauthorisedBaseline, "pmo project approve-change"
        )

    def test_an_approval_after_it_does_not_count(self) -> None:
        given(a_planned_project(), an_approved_change()).when(
            delivery.SetBaseline, occurring="2026-04-14", **AGAIN, change_id="CR-1"
        ).refused(delivery.UnauthorisedBaseline, "by then")

    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-04-20"])
    def test_one_change_is_behind_one_baseline(self, occurring: str) -> None:
        second = on("2026-05-01", BASELINE.model_copy(update={"item": "2", "change_id": "CR-1"}))
        history = given(a_planned_project(), an_approved_change(), an_approved_change("CR-2"), second)
        history.when(delivery.SetBaseline, occurring=occurring, **AGAIN, change_id="CR-1").refused(
            delivery.UnauthorisedBaseline, "behind baseline 2 already"
        )
        history.when(delivery.SetBaseline, occurring=occurring, **AGAIN, change_id="CR-2").then_type(
            project.BaselineSet
        )

    def test_correcting_a_baseline_keeps_its_change(self) -> None:
        second = on("2026-05-01", BASELINE.model_copy(update={"item": "2", "change_id": "CR-1"}))
        (corrected,) = (
            given(a_planned_project(), an_approved_change(), second)
            .correcting(6)
            .when(delivery.SetBaseline, occurring="2026-05-01", **AGAIN, change_id="CR-1")
            .then_type(project.BaselineSet)
        )
        assert corrected.part == "2"

    def test_a_first_baseline_rests_on_no_change_that_never_was(self) -> None:
        given(an_approved_project()).when(delivery.SetBaseline, **PLAN, change_id="CR-9").refused(
            delivery.UnauthorisedBaseline, "no approved change CR-9 by then"
        )
        given(an_approved_project(), an_approved_change()).when(
            delivery.SetBaseline, **PLAN, change_id="CR-1"
        ).then_type(project.BaselineSet)

    def test_a_change_and_the_word_contradict_each_other(self) -> None:
        given(a_planned_project(), an_approved_change()).when(
            delivery.SetBaseline, **AGAIN, change_id="CR-1", unauthorised=True, reason="asked for"
        ).refused(BadInput, "--unauthorised says")

    def test_a_baseline_of_later_counts_too(self) -> None:
        given(a_planned_project()).when(delivery.SetBaseline, occurring="2026-02-10", **AGAIN).refused(
            delivery.UnauthorisedBaseline, "has a baseline"
        )

    def test_correcting_the_first_one_keeps_its_number(self) -> None:
        second = on("2026-04-01", BASELINE.model_copy(update={"item": "2", "change_id": "CR-1"}))
        history = given(a_planned_project(), second)
        (corrected,) = (
            history.correcting(3)
            .when(delivery.SetBaseline, occurring="2026-02-15", **AGAIN)
            .then_type(project.BaselineSet)
        )
        assert corrected.part == "1"
        history.correcting(4).when(delivery.SetBaseline, **AGAIN).refused(delivery.UnauthorisedBaseline, "--change-id")

    def test_it_takes_the_plans_currency(self) -> None:
        observed = on("2026-01-01", project.LeftSource(listing="x"))
        given(observed).when(delivery.SetBaseline, **PLAN).refused(BadInput, "give --currency")
        (made,) = given(observed).when(delivery.SetBaseline, **PLAN, currency="JPY").then_type(project.BaselineSet)
        assert made.model_dump()["currency"] == "JPY"

    def test_a_finish_before_the_start_is_malformed(self) -> None:
        given(an_approved_project()).when(delivery.SetBaseline, **{**PLAN, "finish": "2026-02-28"}).refused(
            BadInput, "--finish lies before --start"
        )

    @pytest.mark.parametrize(
        "points",
        [
            curve(d2026_06_01="100000", d2026_07_01="90000"),
            curve(d2026_06_01="250001"),
            curve(d2026_02_28="0"),
            curve(d2026_12_01="250000"),
            curve(d2026_03_01="1"),
            curve(d2026_11_30="249999"),
        ],
    )
    def test_a_curve_rises_from_0_to_the_budget(self, points: dict[str, Any]) -> None:
        given(an_approved_project()).when(delivery.SetBaseline, **PLAN, **points).refused(BadInput, "--curve must rise")

    def test_a_curve_may_be_flat_and_is_put_in_order(self) -> None:
        points = curve(d2026_08_01="120000", d2026_06_01="120000")
        (made,) = (
            given(an_approved_project()).when(delivery.SetBaseline, **PLAN, **points).then_type(project.BaselineSet)
        )
        assert [(str(p["day"]), p["value"]) for p in made.model_dump()["curve"]] == [
            ("2026-03-01", 0),
            ("2026-06-01", 120_000),
            ("2026-08-01", 120_000),
            ("2026-11-30", 250_000),
        ]

    def test_a_plan_of_one_day(self) -> None:
        (made,) = (
            given(an_approved_project())
            .when(delivery.SetBaseline, **{**PLAN, "finish": "2026-03-01"})
            .then_type(project.BaselineSet)
        )
        assert [p["value"] for p in made.model_dump()["curve"]] == [250_000]


class TestGates:
    def test_a_gate_is_requested(self) -> None:
        given(a_running_project()).when(
            delivery.RequestGate, project="CRANE-7", gate="g1", requested_by="manager", **PROOF
        ).then(project.GateRequested(item="G1", requested_by=person("manager"), evidence=(MINUTES,)))

    @pytest.mark.parametrize("decision", [delivery.PassGate, delivery.FailGate])
    def test_nobody_decides_what_nobody_asked(self, decision: type[delivery.ProjectCommand]) -> None:
        given(a_running_project()).when(decision, **GATE, **PROOF).refused(NotRequested, "request-gate")
        other = {**GATE, "gate": "G2"}
        given(a_requested_gate()).when(decision, **other, **PROOF).refused(NotRequested, "G2")

    @pytest.mark.parametrize("decision", [delivery.PassGate, delivery.FailGate])
    def test_the_requester_does_not_decide(self, decision: type[delivery.ProjectCommand]) -> None:
        own = {**GATE, "decided_by": "Manager"}
        given(a_requested_gate()).when(decision, **own, **PROOF).refused(OwnDecision, "somebody else")

    def test_passing_needs_evidence_its_own_or_the_requests(self) -> None:
        given(a_requested_gate()).when(delivery.PassGate, **GATE).refused(delivery.NoEvidence, "--evidence")
        passed = project.GatePassed(item="G1", decided_by=person("board"), evidence=(MINUTES,))
        given(a_requested_gate()).when(delivery.PassGate, **GATE, **PROOF).then(passed)
        given(a_requested_gate((MINUTES,))).when(delivery.PassGate, **GATE).then(passed)

    def test_passing_with_conditions_needs_the_day_by_which_they_are_owed(self) -> None:
        given(a_requested_gate()).when(delivery.PassGate, **GATE, **PROOF, conditions="risk plan").refused(
            BadInput, "--due"
        )
        given(a_requested_gate()).when(delivery.PassGate, **GATE, **PROOF, due="2026-06-29").refused(
            BadInput, "--due lies before"
        )
        given(a_requested_gate()).when(
            delivery.PassGate, **GATE, **PROOF, due="2026-07-31", conditions="risk plan"
        ).then(
            project.GatePassedWithConditions(
                item="G1", decided_by=person("board"), evidence=(MINUTES,), due=date(2026, 7, 31), conditions=A_NOTE
            )
        )

    def test_failing_needs_no_evidence(self) -> None:
        given(a_requested_gate()).when(delivery.FailGate, **GATE, reason="no risk plan").then(
            project.GateFailed(item="G1", decided_by=person("board"), evidence=(), reason=A_NOTE)
        )

    def test_a_condition_is_met_only_where_one_is_owed(self) -> None:
        meet = {"project": "CRANE-7", "gate": "G1"}
        given(a_requested_gate()).when(delivery.MeetCondition, **meet).refused(Rejected, "not passed with conditions")
        given(a_gate_passed_with_conditions()).when(delivery.MeetCondition, **meet).then(
            project.ConditionMet(item="G1", evidence=())
        )

    def test_only_a_decision_that_holds_is_revoked_and_not_by_the_requester(self) -> None:
        given(a_requested_gate()).when(delivery.RevokeGate, **GATE).refused(Rejected, "no decision to revoke")
        decided = given(a_gate_passed_with_conditions())
        decided.when(delivery.RevokeGate, **{**GATE, "decided_by": "manager"}).refused(OwnDecision, "somebody else")
        (revoked,) = decided.when(delivery.RevokeGate, **GATE, reason="forged").then_type(project.GateDecisionRevoked)
        after = given(a_gate_passed_with_conditions(), on("2026-05-01", revoked))
        after.when(delivery.RevokeGate, **GATE).refused(Rejected, "no decision to revoke")
        after.when(delivery.MeetCondition, project="CRANE-7", gate="G1").refused(Rejected, "not passed with conditions")


class TestReports:
    def test_a_report_sets_all_fields_at_its_data_date(self) -> None:
        given(a_running_project()).when(delivery.Report, **REPORT, data_date="2026-05-31", rag="amber").then(
            progress.ProgressReported(
                data_date=date(2026, 5, 31),
                percent_complete=Decimal("0.45"),
                method="physical",
                actual_cost=Decimal(118_000),
                forecast_finish=None,
                forecast_cost=None,
                currency="GBP",
                rag="amber",
                narrative=None,
                at_risk=None,
            )
        )

    def test_the_data_date_is_when_it_was_true(self) -> None:
        fields = {**REPORT, "data_date": "2026-05-31"}
        assert delivery.Report(**fields).occurs_on() == date(2026, 5, 31)
        (made,) = (
            given(a_running_project())
            .when(delivery.Report, occurring="2026-04-30", **REPORT)
            .then_type(progress.ProgressReported)
        )
        assert made.model_dump()["data_date"] == date(2026, 4, 30)

    @pytest.mark.parametrize(
        ("history", "words"),
        [
            (a_project_on_hold(), "is on-hold; give --at-risk"),
            (a_completed_project(), "is completed since 2026-05-01, more than 60 days; give --at-risk"),
            (a_cancelled_project(), "is cancelled since 2026-05-01, more than 60 days; give --at-risk"),
            (a_merged_project(), "is merged since 2026-05-01"),
        ],
    )
    def test_progress_at_rest_or_after_the_wind_down_needs_a_reason(self, history: ProjectHistory, words: str) -> None:
        late = given(history)
        late.when(delivery.Report, occurring="2026-07-01", **REPORT).refused(NeedsAtRisk, words)
        (made,) = late.when(delivery.Report, occurring="2026-07-01", **REPORT, at_risk="a bill").then_type(
            progress.ProgressReported
        )
        assert made.model_dump()["at_risk"] is not None

    def test_until_the_wind_down_is_over_bills_may_come(self) -> None:
        given(a_completed_project()).when(delivery.Report, occurring="2026-06-30", **REPORT).then_type(
            progress.ProgressReported
        )
        rule = load_controls()["no-cost-after-wind-down"].rule
        assert isinstance(rule, Absence) and rule.grace_days == delivery.WIND_DOWN_DAYS

    def test_a_late_report_about_the_time_before_needs_none(self) -> None:
        given(a_project_on_hold()).when(delivery.Report, occurring="2026-03-31", **REPORT).then_type(
            progress.ProgressReported
        )

    def test_a_reforecast_says_something(self) -> None:
        given(a_running_project()).when(delivery.ReforecastProject, project="CRANE-7").refused(
            BadInput, "--forecast-finish"
        )
        given(a_running_project()).when(delivery.ReforecastProject, project="CRANE-7", forecast_cost="1").then(
            progress.Reforecast(forecast_finish=None, forecast_cost=Decimal(1), currency="GBP", reason=None)
        )
