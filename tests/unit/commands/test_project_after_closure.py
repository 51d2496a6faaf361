"""What may still be said of a project after its books are closed, or after it was withdrawn."""

from typing import Any

import pytest

from schemas import delivery
from services.commands.command import Command
from services.commands.project import benefits, changes, milestones, risks, scoring
from services.commands.project.common import ProjectClosed, UnknownProject
from tests.unit.commands.dsl import ProjectHistory, given
from tests.unit.commands.scenarios import (
    a_closed_project,
    a_planned_benefit,
    a_recorded_lesson,
    a_requested_change,
    a_running_project,
    a_withdrawn_project,
)

CODE = {"project": "crane-7"}
PROOF = {"evidence": ["https://docs.example/minutes"]}
MILESTONE = {**CODE, "milestone": "m1"}
DEPENDENCY = {**CODE, "dependency": "d1"}
RISK = {**CODE, "risk": "r1"}
ISSUE = {**CODE, "issue": "i1"}
STAKEHOLDER = {**CODE, "stakeholder": "s1"}
BENEFIT = {**CODE, "benefit": "b1"}
LESSON = {**CODE, "lesson": "l1"}
APPLIED = {**CODE, "from_project": "harbour-2", "lesson": "l1"}

PLAN_MILESTONE = {**MILESTONE, "name": "Crane delivered", "due": "2026-08-31"}
NEED = {**DEPENDENCY, "on_project": "harbour-2"}
RAISE_RISK = {**RISK, "name": "Crane fails", "probability": "0.3", "impact": "50000"}
RAISE_ISSUE = {**ISSUE, "name": "No crane driver", "severity": "high"}
REGISTER = {**STAKEHOLDER, "role": "Harbour master", "current": "resistant", "desired": "supportive"}
PLAN_BENEFIT = {**BENEFIT, "name": "Fewer hours waiting", "amount": "80000", "due": "2027-12-31"}

HAPPENS_AFTER_CLOSURE: list[tuple[type[Command], dict[str, Any], ProjectHistory]] = [
    (benefits.MeasureBenefit, {**BENEFIT, "amount": "1"}, a_planned_benefit()),
    (benefits.RecordLesson, LESSON, ()),
    (benefits.ApplyLesson, {**APPLIED, "from_project": "crane-7"}, a_recorded_lesson()),
]
ENDS_WITH_THE_BOOKS: list[tuple[type[Command], dict[str, Any]]] = [
    (milestones.PlanMilestone, PLAN_MILESTONE),
    (milestones.MoveMilestone, {**MILESTONE, "due": "2026-09-30"}),
    (milestones.ReachMilestone, MILESTONE),
    (milestones.DropMilestone, MILESTONE),
    (milestones.DeclareDependency, NEED),
    (milestones.RemoveDependency, DEPENDENCY),
    (changes.RequestChange, {**CODE, "change": "CR-1", "cost": "1"}),
    (changes.ApproveChange, {**CODE, "change": "CR-1", "decided_by": "board"}),
    (changes.RejectChange, {**CODE, "change": "CR-1", "decided_by": "board"}),
    (changes.RecordDecision, {**CODE, "decision": "D-4"}),
    (changes.OpenAction, {**CODE, "action": "A1"}),
    (changes.CloseAction, {**CODE, "action": "A1"}),
    (risks.RaiseRisk, RAISE_RISK),
    (risks.ReassessRisk, RISK),
    (risks.CloseRisk, RISK),
    (risks.MaterialiseRisk, RISK),
    (risks.RaiseIssue, RAISE_ISSUE),
    (risks.ReassessIssue, ISSUE),
    (risks.CloseIssue, ISSUE),
    (risks.RegisterStakeholder, REGISTER),
    (risks.AssessEngagement, {**STAKEHOLDER, "current": "neutral"}),
    (benefits.PlanBenefit, PLAN_BENEFIT),
    (scoring.Score, CODE),
    (scoring.Rank, {**CODE, "ranking": "2026-Q3", "rank": 4, "within": True}),
]
ALL = [*ENDS_WITH_THE_BOOKS, *((command, fields) for command, fields, _ in HAPPENS_AFTER_CLOSURE)]


class TestClosedAndWithdrawn:
    def test_every_command_is_looked_at_here(self) -> None:
        modules = (milestones, changes, risks, benefits, scoring)
        assert {command for command, _ in ALL} == {command for module in modules for command in module.COMMANDS}

    @pytest.mark.parametrize(("command", "fields"), ENDS_WITH_THE_BOOKS)
    def test_closed_books_end_it(self, command: type[Command], fields: dict[str, Any]) -> None:
        given(a_closed_project()).when(command, **fields).refused(ProjectClosed, "financially closed")

    @pytest.mark.parametrize(("command", "fields", "before"), HAPPENS_AFTER_CLOSURE)
    def test_what_is_measured_and_learned_comes_after_the_closure(
        self, command: type[Command], fields: dict[str, Any], before: ProjectHistory
    ) -> None:
        assert len(given(a_closed_project(), before).when(command, **fields).decide()) == 1

    @pytest.mark.parametrize(("command", "fields"), ALL)
    def test_nothing_happens_to_a_withdrawn_or_unknown_project(
        self, command: type[Command], fields: dict[str, Any]
    ) -> None:
        given(a_withdrawn_project()).when(command, **fields).refused(ProjectClosed, "withdrawn")
        given().when(command, **fields).refused(UnknownProject, "pmo project propose")

    def test_a_correction_is_left_after_the_closure(self) -> None:
        given(a_running_project(), a_requested_change(), a_closed_project()[-2:]).correcting(5).when(
            changes.RequestChange, **CODE, change="CR-1", cost="2"
        ).then_type(delivery.ChangeRequested)
