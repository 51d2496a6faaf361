"""The rules of a project's life cycle: what is refused, what asks for a reason, and what is a fact."""

from datetime import date
from decimal import Decimal

import pytest

from schemas import progress, project
from services.commands.command import Command
from services.commands.project import delivery, life_cycle, observe, scoring
from services.commands.project.common import NeedsAtRisk, NotYet, OwnDecision, ProjectClosed, UnknownProject
from services.errors import BadInput, Rejected
from tests.unit.commands.dsl import ProjectHistory, given, on, person
from tests.unit.commands.scenarios import (
    A_NOTE,
    BASELINE,
    MINUTES,
    PROPOSED,
    a_cancelled_project,
    a_closed_project,
    a_completed_project,
    a_planned_project,
    a_project_on_hold,
    a_proposed_project,
    a_running_project,
    a_withdrawn_project,
    an_approved_project,
)

REPORT = {"project": "CRANE-7", "percent_complete": "0.5", "actual_cost": "1000"}
PROPOSAL = {"project": "crane-7", "name": " Crane renewal ", "unit": "ops"}


class TestProposing:
    def test_sets_all_fields_and_takes_the_organisations_currency(self) -> None:
        given().when(life_cycle.Propose, **PROPOSAL, proposed_by="ann").then(
            project.Proposed(
                name="Crane renewal",
                unit="OPS",
                sponsor=None,
                manager=None,
                proposed_by=person("ann"),
                gate_route=None,
                contributions={},
                size=None,
                value=None,
                risk=None,
                planned_start=None,
                planned_finish=None,
                budget=None,
                currency="EUR",
            )
        )

    def test_a_code_is_unique(self) -> None:
        given(a_proposed_project()).when(life_cycle.Propose, **PROPOSAL).refused(life_cycle.CodeTaken, "already")

    def test_a_code_taken_later_is_taken(self) -> None:
        given(a_proposed_project()).when(life_cycle.Propose, occurring="2025-12-01", **PROPOSAL).refused(
            life_cycle.CodeTaken, "already"
        )

    def test_a_withdrawn_projects_code_stays_taken(self) -> None:
        given(a_withdrawn_project()).when(life_cycle.Propose, **PROPOSAL).refused(life_cycle.CodeTaken, "already")

    def test_correcting_the_proposal_is_no_second_one(self) -> None:
        given(a_running_project()).correcting(1).when(life_cycle.Propose, occurring="2026-01-10", **PROPOSAL).then_type(
            project.Proposed
        )

    def test_a_finish_before_the_start_is_malformed(self) -> None:
        dates = {"planned_start": "2026-03-02", "planned_finish": "2026-03-01"}
        given().when(life_cycle.Propose, **PROPOSAL, **dates).refused(BadInput, "--planned-finish lies before")

    def test_names_the_unit_and_the_goals_as_references(self) -> None:
        command = life_cycle.Propose(**PROPOSAL, contributions={"growth": 3})
        assert command.references() == ("business-unit:OPS", "goal:GROWTH")


class TestDecidingOnAProposal:
    def test_somebody_else_approves(self) -> None:
        when = given(a_proposed_project()).when(
            life_cycle.Approve, project="CRANE-7", decided_by="board", evidence=["https://docs.example/minutes"]
        )
        when.then(project.Approved(decided_by=person("board"), evidence=(MINUTES,)))

    @pytest.mark.parametrize("decision", [life_cycle.Approve, life_cycle.RejectProposal])
    def test_the_proposer_does_not_decide_whoever_types(self, decision: type[Command]) -> None:
        given(a_proposed_project()).when(decision, project="CRANE-7", decided_by=" ANN ").refused(
            OwnDecision, "somebody else"
        )

    def test_what_was_never_proposed_cannot_be_approved(self) -> None:
        started = on("2026-01-01", project.Started(at_risk=A_NOTE))
        given(started).when(life_cycle.Approve, project="CRANE-7", decided_by="board").refused(
            life_cycle.NotProposed, "never proposed"
        )

    @pytest.mark.parametrize(
        ("command", "fields"),
        [
            (life_cycle.Approve, {"decided_by": "board"}),
            (life_cycle.RejectProposal, {"decided_by": "board"}),
            (life_cycle.Defer, {}),
            (scoring.Score, {}),
            (scoring.Rank, {"ranking": "Q1", "rank": 1, "within": True}),
        ],
    )
    def test_what_is_proposed_only_later_is_told_with_the_day(
        self, command: type[Command], fields: dict[str, object]
    ) -> None:
        said = given(a_proposed_project()).when(command, "2025-12-31", project="CRANE-7", **fields)
        day = a_proposed_project()[0][1]
        said.refused(NotYet, f"was proposed on {day}, after 2025-12-31; give a later day by --on")

    @pytest.mark.parametrize("history", [a_completed_project(), a_cancelled_project(), an_approved_project()])
    def test_what_has_ended_or_is_approved_cannot_be_approved(self, history: ProjectHistory) -> None:
        given(history).when(life_cycle.Approve, project="CRANE-7", decided_by="board").refused(Rejected, "approved")

    def test_a_rejected_proposal_may_be_approved_after_all(self) -> None:
        rejected = on("2026-02-01", project.RejectedProposal(decided_by=person("board"), reason=None))
        given(a_proposed_project(), rejected).when(life_cycle.Approve, project="CRANE-7", decided_by="board").then_type(
            project.Approved
        )

    def test_a_running_project_may_be_approved_late(self) -> None:
        started = on("2026-02-01", project.Started(at_risk=A_NOTE))
        given(a_proposed_project(), started).when(life_cycle.Approve, project="CRANE-7", decided_by="board").then_type(
            project.Approved
        )

    @pytest.mark.parametrize("decision", [life_cycle.RejectProposal, life_cycle.Defer])
    def test_only_an_open_proposal_is_rejected_or_deferred(self, decision: type[Command]) -> None:
        fields = {"decided_by": "board"} if decision is life_cycle.RejectProposal else {}
        given(a_running_project()).when(decision, project="CRANE-7", **fields).refused(
            Rejected, "only an open proposal"
        )

    def test_deferring_twice(self) -> None:
        deferred = on("2026-02-01", project.Deferred(until=None, reason=None, decided_by=None))
        given(a_proposed_project(), deferred).when(life_cycle.Defer, project="CRANE-7", until="2026-10-01").then(
            project.Deferred(until=date(2026, 10, 1), reason=None, decided_by=None)
        )

    def test_deferring_into_the_past_is_malformed(self) -> None:
        given(a_proposed_project()).when(life_cycle.Defer, project="CRANE-7", until="2026-06-29").refused(
            BadInput, "--until lies before"
        )


class TestStarting:
    def test_with_approval_and_baseline(self) -> None:
        given(a_planned_project()).when(life_cycle.Start, project="CRANE-7").then(project.Started(at_risk=None))

    @pytest.mark.parametrize(
        ("history", "missing"),
        [
            (a_proposed_project(), "no approval and no baseline"),
            (an_approved_project(), "no baseline"),
            (a_proposed_project() + on("2026-02-15", BASELINE), "no approval"),
            (on("2026-02-15", BASELINE), "no approval"),
        ],
    )
    def test_without_them_it_needs_a_reason_and_is_then_recorded(self, history: ProjectHistory, missing: str) -> None:
        given(history).when(life_cycle.Start, project="CRANE-7").refused(NeedsAtRisk, missing)
        given(history).when(life_cycle.Start, project="CRANE-7", at_risk="storm damage").then(
            project.Started(at_risk=A_NOTE)
        )

    def test_an_approval_after_the_start_does_not_count(self) -> None:
        given(a_planned_project()).when(life_cycle.Start, occurring="2026-01-20", project="CRANE-7").refused(
            NeedsAtRisk, "no approval and no baseline"
        )

    def test_a_rejection_after_the_approval_counts(self) -> None:
        rejected = on("2026-02-20", project.RejectedProposal(decided_by=person("board"), reason=None))
        given(a_planned_project(), rejected).when(life_cycle.Start, project="CRANE-7").refused(
            NeedsAtRisk, "no approval"
        )


class TestGoingOn:
    def test_hold_and_resume(self) -> None:
        given(a_running_project()).when(life_cycle.Hold, project="CRANE-7", reason="supplier insolvent").then(
            project.PutOnHold(reason=A_NOTE, decided_by=None)
        )
        given(a_project_on_hold()).when(life_cycle.Resume, project="CRANE-7", decided_by="board").then(
            project.Resumed(decided_by=person("board"))
        )

    def test_only_what_is_on_hold_is_resumed(self) -> None:
        given(a_running_project()).when(life_cycle.Resume, project="CRANE-7").refused(Rejected, "not on hold")

    def test_a_late_resume_finds_the_hold_of_then(self) -> None:
        given(a_completed_project(), on("2026-04-01", project.PutOnHold(reason=None, decided_by=None))).when(
            life_cycle.Resume, occurring="2026-04-10", project="CRANE-7"
        ).then_type(project.Resumed)

    def test_transfer_and_change_of_manager(self) -> None:
        given(a_running_project()).when(life_cycle.Transfer, project="CRANE-7", unit="logistics").then(
            project.Transferred(unit="LOGISTICS")
        )
        given(a_running_project()).when(life_cycle.ChangeManager, project="CRANE-7").then(
            project.ManagerChanged(manager=None)
        )


class TestEnding:
    def test_completion_is_a_fact_even_of_what_never_started(self) -> None:
        given(a_proposed_project()).when(life_cycle.Complete, project="CRANE-7", objectives_met=True).then(
            project.Completed(objectives_met=True, quality_met=None, assessor=None)
        )

    def test_cancellation_is_a_fact(self) -> None:
        given(a_project_on_hold()).when(life_cycle.Cancel, project="CRANE-7", cause="funding").then(
            project.Cancelled(cause="funding", reason=None, decided_by=None)
        )

    def test_a_merger_into_itself_is_malformed(self) -> None:
        given(a_running_project()).when(life_cycle.Merge, project="CRANE-7", into="crane-7").refused(
            BadInput, "into itself"
        )
        given(a_running_project()).when(life_cycle.Merge, project="CRANE-7", into="dam-1").then(
            project.MergedInto(into="DAM-1")
        )

    @pytest.mark.parametrize("into", [["dam-1"], ["dam-1", "DAM-1"], ["dam-1", "crane-7"]])
    def test_a_split_makes_two_others_or_more(self, into: list[str]) -> None:
        given(a_running_project()).when(life_cycle.Split, project="CRANE-7", into=into).refused(BadInput, "--into")
        given(a_running_project()).when(life_cycle.Split, project="CRANE-7", into=["dam-1", "dam-2"]).then(
            project.SplitInto(into=("DAM-1", "DAM-2"))
        )

    def test_descoping_is_a_fact(self) -> None:
        given(a_running_project()).when(life_cycle.Descope, project="CRANE-7").then(
            project.Descoped(reason=None, decided_by=None)
        )

    def test_books_close_only_after_the_end(self) -> None:
        given(a_running_project()).when(life_cycle.Close, project="CRANE-7", final_cost="1").refused(
            Rejected, "complete or cancel it"
        )
        given(a_completed_project()).when(life_cycle.Close, project="CRANE-7", final_cost="240000.50").then(
            project.FinanciallyClosed(final_cost=Decimal("240000.50"), currency="GBP")
        )

    def test_books_without_a_plan_need_a_currency(self) -> None:
        ended = on("2026-05-01", project.Completed(objectives_met=None, quality_met=None, assessor=None))
        given(ended).when(life_cycle.Close, project="CRANE-7", final_cost="1").refused(BadInput, "give --currency")
        given(ended).when(life_cycle.Close, project="CRANE-7", final_cost="1", currency="JPY").then_type(
            project.FinanciallyClosed
        )

    @pytest.mark.parametrize(
        "history", [a_completed_project(), a_cancelled_project(), a_closed_project(), a_withdrawn_project()]
    )
    def test_what_has_ended_can_be_reopened(self, history: ProjectHistory) -> None:
        given(history).when(life_cycle.Reopen, project="CRANE-7").then(project.Reopened(reason=None, decided_by=None))

    def test_what_goes_on_cannot_be_reopened(self) -> None:
        given(a_running_project()).when(life_cycle.Reopen, project="CRANE-7").refused(Rejected, "that has ended")


ANYTHING = [
    (life_cycle.Approve, {"decided_by": "board"}),
    (life_cycle.RejectProposal, {"decided_by": "board"}),
    (life_cycle.Defer, {}),
    (life_cycle.Start, {"at_risk": "x"}),
    (life_cycle.Hold, {}),
    (life_cycle.Resume, {}),
    (life_cycle.Complete, {}),
    (life_cycle.Cancel, {}),
    (life_cycle.Withdraw, {}),
    (life_cycle.Close, {"final_cost": "1"}),
    (life_cycle.Transfer, {"unit": "OPS"}),
    (life_cycle.ChangeManager, {}),
    (life_cycle.Merge, {"into": "DAM-1"}),
    (life_cycle.Split, {"into": ["DAM-1", "DAM-2"]}),
    (life_cycle.Descope, {}),
    (delivery.SetBaseline, {"start": "2026-01-01", "finish": "2026-02-01", "budget": "1"}),
    (delivery.RequestGate, {"gate": "G1"}),
    (delivery.PassGate, {"gate": "G1", "decided_by": "board"}),
    (delivery.FailGate, {"gate": "G1", "decided_by": "board"}),
    (delivery.RevokeGate, {"gate": "G1", "decided_by": "board"}),
    (delivery.MeetCondition, {"gate": "G1"}),
    (delivery.Report, {"percent_complete": "0.5", "actual_cost": "1", "at_risk": "x"}),
    (delivery.ReforecastProject, {"forecast_cost": "1"}),
]
ALWAYS = (life_cycle.Propose, life_cycle.Reopen, delivery.CorrectCost)


class TestClosedAndWithdrawn:
    def test_every_command_is_looked_at_here(self) -> None:
        assert {command for command, _ in ANYTHING} | set(ALWAYS) == {*life_cycle.COMMANDS, *delivery.COMMANDS}

    @pytest.mark.parametrize(("command", "fields"), ANYTHING)
    def test_only_corrections_credit_notes_and_reopening_are_left(
        self, command: type[Command], fields: dict[str, str]
    ) -> None:
        given(a_closed_project()).when(command, project="CRANE-7", **fields).refused(
            ProjectClosed, "financially closed"
        )
        given(a_withdrawn_project()).when(command, project="CRANE-7", **fields).refused(ProjectClosed, "withdrawn")

    @pytest.mark.parametrize(("command", "fields"), ANYTHING)
    def test_nothing_happens_to_an_unknown_project(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, project="CRANE-8", **fields).refused(UnknownProject, "pmo project propose")

    def test_a_credit_note_comes_after_the_books_are_closed(self) -> None:
        given(a_closed_project()).when(
            delivery.CorrectCost, project="CRANE-7", number="cn-114", amount="-1200", reason="credit note"
        ).then(progress.ActualCostCorrected(item="CN-114", amount=Decimal(-1200), currency="GBP", reason=A_NOTE))

    def test_a_correction_is_left_even_where_it_now_falls_after_the_closure(self) -> None:
        given(a_closed_project()).correcting(5).when(
            life_cycle.Complete, occurring="2026-06-15", project="CRANE-7", objectives_met=True
        ).then_type(project.Completed)

    def test_what_happened_before_the_closure_may_still_be_told(self) -> None:
        given(a_closed_project()).when(delivery.Report, occurring="2026-03-31", **REPORT).then_type(
            progress.ProgressReported
        )

    def test_reopening_lets_everything_go_on(self) -> None:
        reopened = on("2026-06-10", project.Reopened(reason=None, decided_by=None))
        given(a_closed_project(), reopened).when(life_cycle.Hold, project="CRANE-7").then_type(project.PutOnHold)

    def test_an_observation_is_never_refused(self) -> None:
        given(a_withdrawn_project()).when(observe.RecordState, project="CRANE-7", rag="red").then_type(
            progress.Recorded
        )


class TestLeavingASource:
    def test_is_said_once_until_listed_again(self) -> None:
        listed = on("2025-09-30", progress.Recorded(**dict.fromkeys(progress.Recorded.model_fields)))
        left = on("2026-01-31", project.LeftSource(listing="2025.csv"))
        leave = {"project": "DAM-1", "listing": "2026.csv"}
        given(listed).when(observe.LeaveSource, **leave).then(project.LeftSource(listing="2026.csv"))
        given(listed, left).when(observe.LeaveSource, **leave).then()
        again = on("2026-02-28", *(event for event, _ in listed))
        given(listed, left, again).when(observe.LeaveSource, **leave).then_type(project.LeftSource)


def test_the_proposal_in_these_tests_is_the_scenarios() -> None:
    assert PROPOSED.proposed_by == person("Ann ")
