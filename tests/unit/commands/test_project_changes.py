"""The rules of changes, decisions and actions."""

from decimal import Decimal
from typing import Any

import pytest

from schemas import delivery, project
from services.commands.app import Meta
from services.commands.project import changes
from services.commands.project.common import NotRequested, NotYet, OwnDecision
from services.commands.project.registers import CodeInUse, Ended, NotInRegister
from services.errors import BadInput, Rejected
from tests.unit.commands.dsl import ProjectHistory, given, on, person
from tests.unit.commands.office import ME, Office
from tests.unit.commands.scenarios import (
    A_NOTE,
    MINUTES,
    a_closed_action,
    a_recorded_decision,
    a_rejected_change,
    a_requested_change,
    a_running_project,
    an_approved_change,
    an_open_action,
)

CHANGE = {"project": "CRANE-7", "change": "cr-1"}
DECISION = {**CHANGE, "decided_by": "board"}
ACTION = {"project": "CRANE-7", "action": "a1"}
PROOF = {"evidence": ["https://docs.example/minutes"]}
APPROVED = delivery.ChangeApproved(item="CR-1", decided_by=person("board"), evidence=(MINUTES,))
REJECTED = delivery.ChangeRejected(item="CR-1", decided_by=person("board"), reason=A_NOTE)
DECIDING = [changes.ApproveChange, changes.RejectChange]
Deciding = type[changes.ApproveChange] | type[changes.RejectChange]


class TestRequestingAChange:
    def test_it_takes_the_plans_currency(self) -> None:
        given(a_running_project()).when(
            changes.RequestChange, **CHANGE, cost="-1200", days=14, requested_by="ann", reason="second hook"
        ).then(
            delivery.ChangeRequested(
                item="CR-1", cost=Decimal(-1200), currency="GBP", days=14, requested_by=person("ann"), reason=A_NOTE
            )
        )

    def test_without_a_plan_it_takes_the_organisations_currency(self) -> None:
        observed = on("2026-01-01", project.LeftSource(listing="x"))
        (made,) = given(observed).when(changes.RequestChange, **CHANGE, cost="0").then_type(delivery.ChangeRequested)
        assert made.model_dump()["currency"] == "EUR"
        assert made.model_dump()["days"] == 0
        (made,) = (
            given(observed)
            .when(changes.RequestChange, **CHANGE, cost="0", currency="JPY")
            .then_type(delivery.ChangeRequested)
        )
        assert made.model_dump()["currency"] == "JPY"

    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-03-15"])
    def test_a_code_is_taken_once_now_or_later(self, occurring: str) -> None:
        history = given(a_running_project(), a_requested_change())
        history.when(changes.RequestChange, occurring, **CHANGE, cost="1").refused(CodeInUse, "choose another code")
        history.when(changes.RequestChange, occurring, **{**CHANGE, "change": "CR-2"}, cost="1").then_type(
            delivery.ChangeRequested
        )

    def test_a_correction_keeps_its_code(self) -> None:
        given(a_running_project(), an_approved_change()).correcting(5).when(
            changes.RequestChange, occurring="2026-04-01", **CHANGE, cost="1"
        ).then_type(delivery.ChangeRequested)

    def test_nobody_shifts_a_finish_by_centuries(self) -> None:
        given(a_running_project()).when(changes.RequestChange, **CHANGE, cost="1", days=36_501).refused(
            BadInput, "--days"
        )


class TestDecidingAChange:
    def test_somebody_else_approves_or_rejects(self) -> None:
        history = given(a_running_project(), a_requested_change())
        history.when(changes.ApproveChange, **DECISION, **PROOF).then(APPROVED)
        history.when(changes.RejectChange, **DECISION, reason="too dear").then(REJECTED)

    @pytest.mark.parametrize("command", DECIDING)
    def test_nobody_decides_what_nobody_asked(self, command: Deciding) -> None:
        given(a_running_project(), a_requested_change("CR-2")).when(command, **DECISION).refused(
            NotRequested, "pmo project request-change"
        )

    @pytest.mark.parametrize("command", DECIDING)
    def test_nobody_decides_what_was_asked_only_later(self, command: Deciding) -> None:
        given(a_running_project(), a_requested_change()).when(command, occurring="2026-03-31", **DECISION).refused(
            NotYet, "was requested on 2026-04-01, after 2026-03-31"
        )

    @pytest.mark.parametrize("command", DECIDING)
    def test_the_requester_does_not_decide_whoever_types(self, command: Deciding) -> None:
        own = {**DECISION, "decided_by": " Manager "}
        given(a_running_project(), a_requested_change()).when(command, **own).refused(OwnDecision, "somebody else")

    @pytest.mark.parametrize("command", DECIDING)
    @pytest.mark.parametrize("decided", [an_approved_change(), a_rejected_change()])
    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-04-10"])
    def test_it_is_decided_once_now_or_later(self, command: Deciding, decided: ProjectHistory, occurring: str) -> None:
        given(a_running_project(), decided).when(command, occurring, **DECISION).refused(
            changes.Decided, "--supersedes"
        )

    def test_a_decision_is_corrected_by_the_same_or_the_other(self) -> None:
        history = given(a_running_project(), a_rejected_change()).correcting(6)
        history.when(changes.RejectChange, **DECISION, reason="too dear").then(REJECTED)
        history.when(changes.ApproveChange, **DECISION, **PROOF).then(APPROVED)
        history.when(changes.ApproveChange, **{**DECISION, "decided_by": "manager"}).refused(
            OwnDecision, "somebody else"
        )

    def test_the_other_decision_replaces_it_in_the_log_and_lets_a_baseline_rest_on_it(self, planned: Office) -> None:
        plan: dict[str, Any] = {
            "project": "crane-7", "start": "2026-03-01", "finish": "2026-11-30", "budget": "250000"
        }  # fmt: skip
        planned.do("project set-baseline", **plan)
        planned.do("project request-change", **CHANGE, cost="1200", requested_by="ann")
        (rejected,) = planned.do("project reject-change", **DECISION).records
        with pytest.raises(Rejected, match="approve-change"):
            planned.do("project set-baseline", **plan, change_id="cr-1")
        with pytest.raises(Rejected, match="decided already"):
            planned.do("project approve-change", **DECISION)
        planned.do("project approve-change", Meta(ME, supersedes=rejected.version), **DECISION)
        planned.do("project set-baseline", **plan, change_id="cr-1")
        with pytest.raises(Rejected, match="behind baseline 2"):
            planned.do("project set-baseline", **plan, change_id="cr-1")

    def test_a_voided_decision_leaves_the_change_open(self, planned: Office) -> None:
        planned.do("project request-change", **CHANGE, cost="1200", requested_by="ann")
        (rejected,) = planned.do("project reject-change", **DECISION).records
        planned.app.void("project:CRANE-7", rejected.version, Meta(ME))
        (approved,) = planned.do("project approve-change", **DECISION).records
        assert isinstance(approved.event, delivery.ChangeApproved)


class TestDecisions:
    FIELDS = {"project": "CRANE-7", "decision": "d-4", "text": "buy, not rent", "decided_by": "board"}

    def test_what_was_decided_is_a_fact(self) -> None:
        given(a_running_project()).when(changes.RecordDecision, **self.FIELDS, **PROOF).then(
            delivery.DecisionRecorded(item="D-4", decided_by=person("board"), decision=A_NOTE, evidence=(MINUTES,))
        )

    def test_a_code_is_taken_once_but_for_a_correction(self) -> None:
        history = given(a_running_project(), a_recorded_decision())
        history.when(changes.RecordDecision, **self.FIELDS).refused(CodeInUse, "has decision D-4 already")
        history.correcting(5).when(changes.RecordDecision, **self.FIELDS).then_type(delivery.DecisionRecorded)


class TestActions:
    def test_one_is_opened_and_closed(self) -> None:
        given(a_running_project()).when(changes.OpenAction, **ACTION, owner="ann", description="ask for offers").then(
            delivery.ActionOpened(item="A1", owner=person("ann"), due=None, description=A_NOTE)
        )
        given(a_running_project(), an_open_action()).when(changes.CloseAction, **ACTION, **PROOF).then(
            delivery.ActionClosed(item="A1", evidence=(MINUTES,))
        )

    def test_a_code_is_taken_once_even_after_it_is_closed(self) -> None:
        given(a_running_project(), a_closed_action()).when(changes.OpenAction, **ACTION).refused(
            CodeInUse, "has action A1 already"
        )

    def test_what_was_never_opened_is_not_closed(self) -> None:
        given(a_running_project(), an_open_action()).when(changes.CloseAction, **{**ACTION, "action": "A2"}).refused(
            NotInRegister, "pmo project open-action"
        )

    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-04-10"])
    def test_it_is_closed_once_now_or_later_but_for_a_correction(self, occurring: str) -> None:
        history = given(a_running_project(), a_closed_action())
        history.when(changes.CloseAction, occurring, **ACTION).refused(Ended, "closed already")
        history.correcting(6).when(changes.CloseAction, occurring, **ACTION).then_type(delivery.ActionClosed)

    def test_one_that_was_written_down_after_it_was_done(self) -> None:
        given(a_running_project(), an_open_action()).when(
            changes.CloseAction, occurring="2026-03-05", **ACTION
        ).then_type(delivery.ActionClosed)
