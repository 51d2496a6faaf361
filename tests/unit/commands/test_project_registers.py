"""The rules of milestones, dependencies, risks, issues, stakeholders, benefits and lessons."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import delivery, exposure, project, value
from schemas.event import Event
from services.commands.command import Command
from services.commands.intake import Intake
from services.commands.project import benefits, changes, milestones, risks, scoring
from services.commands.project.common import ProjectClosed, UnknownProject
from services.commands.project.registers import CodeInUse, Ended, NotInRegister
from services.errors import BadInput, NotFound
from tests.unit.commands.dsl import SECRET, ProjectHistory, given, on, person
from tests.unit.commands.office import PROPOSAL, Office
from tests.unit.commands.scenarios import (
    A_NOTE,
    MINUTES,
    a_closed_issue,
    a_closed_project,
    a_closed_risk,
    a_declared_dependency,
    a_materialised_risk,
    a_planned_benefit,
    a_planned_milestone,
    a_raised_issue,
    a_raised_risk,
    a_reached_milestone,
    a_reassessed_risk,
    a_recorded_lesson,
    a_removed_dependency,
    a_requested_change,
    a_running_project,
    a_stakeholder,
    a_withdrawn_project,
    an_applied_lesson,
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

MAKING: list[tuple[type[Command], dict[str, str], ProjectHistory]] = [
    (milestones.PlanMilestone, PLAN_MILESTONE, a_planned_milestone()),
    (milestones.DeclareDependency, NEED, a_declared_dependency()),
    (milestones.DeclareDependency, NEED, a_removed_dependency()),
    (risks.RaiseRisk, RAISE_RISK, a_raised_risk()),
    (risks.RaiseRisk, RAISE_RISK, a_closed_risk()),
    (risks.RaiseIssue, RAISE_ISSUE, a_raised_issue()),
    (risks.RegisterStakeholder, REGISTER, a_stakeholder()),
    (benefits.PlanBenefit, PLAN_BENEFIT, a_planned_benefit()),
    (benefits.RecordLesson, LESSON, a_recorded_lesson()),
]
CHANGING: list[tuple[type[Command], dict[str, str], ProjectHistory, type[Event], str]] = [
    (
        milestones.MoveMilestone,
        {**MILESTONE, "due": "2026-09-30"},
        a_planned_milestone(),
        delivery.MilestoneMoved,
        "plan-milestone",
    ),
    (milestones.ReachMilestone, MILESTONE, a_planned_milestone(), delivery.MilestoneReached, "plan-milestone"),
    (
        milestones.RemoveDependency,
        DEPENDENCY,
        a_declared_dependency(),
        delivery.DependencyRemoved,
        "declare-dependency",
    ),
    (risks.ReassessRisk, RISK, a_raised_risk(), exposure.RiskReassessed, "raise-risk"),
    (risks.CloseRisk, RISK, a_raised_risk(), exposure.RiskClosed, "raise-risk"),
    (risks.MaterialiseRisk, RISK, a_raised_risk(), exposure.RiskMaterialised, "raise-risk"),
    (risks.ReassessIssue, ISSUE, a_raised_issue(), exposure.IssueReassessed, "raise-issue"),
    (risks.CloseIssue, ISSUE, a_raised_issue(), exposure.IssueClosed, "raise-issue"),
    (
        risks.AssessEngagement,
        {**STAKEHOLDER, "current": "neutral"},
        a_stakeholder(),
        exposure.EngagementAssessed,
        "register-stakeholder",
    ),
    (
        benefits.MeasureBenefit,
        {**BENEFIT, "amount": "62000"},
        a_planned_benefit(),
        value.BenefitMeasured,
        "plan-benefit",
    ),
]
ENDING: list[tuple[type[Command], dict[str, str], ProjectHistory]] = [
    (milestones.ReachMilestone, MILESTONE, a_reached_milestone()),
    (milestones.RemoveDependency, DEPENDENCY, a_removed_dependency()),
    (risks.CloseRisk, RISK, a_closed_risk()),
    (risks.MaterialiseRisk, RISK, a_materialised_risk()),
    (risks.CloseIssue, ISSUE, a_closed_issue()),
]
AFTER_THE_END: list[tuple[type[Command], dict[str, str], ProjectHistory]] = [
    (milestones.MoveMilestone, {**MILESTONE, "due": "2026-09-30"}, a_reached_milestone()),
    (risks.ReassessRisk, RISK, a_closed_risk()),
    (risks.ReassessIssue, ISSUE, a_closed_issue()),
]


class TestEveryRegister:
    @pytest.mark.parametrize(("command", "fields", "history"), MAKING)
    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-03-05"])
    def test_a_code_is_taken_once_now_or_later(
        self, command: type[Command], fields: dict[str, str], history: ProjectHistory, occurring: str
    ) -> None:
        given(a_running_project(), history).when(command, occurring, **fields).refused(
            CodeInUse, "choose another code, or correct it by --supersedes"
        )

    @pytest.mark.parametrize(("command", "fields", "history"), MAKING)
    def test_a_correction_keeps_its_code(
        self, command: type[Command], fields: dict[str, str], history: ProjectHistory
    ) -> None:
        made = history[0][0]
        given(a_running_project(), history).correcting(5).when(command, "2026-03-10", **fields).then_type(type(made))

    @pytest.mark.parametrize(("command", "fields", "history", "event", "made_with"), CHANGING)
    def test_nothing_happens_to_what_was_never_made(
        self,
        command: type[Command],
        fields: dict[str, str],
        history: ProjectHistory,
        event: type[Event],
        made_with: str,
    ) -> None:
        other = tuple((e.model_copy(update={"item": "X9"}), day) for e, day in history)
        given(a_running_project(), other).when(command, **fields).refused(NotInRegister, f"pmo project {made_with}")

    @pytest.mark.parametrize(("command", "fields", "history", "event", "made_with"), CHANGING)
    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-03-05"])
    def test_what_happened_is_told_even_of_what_was_written_down_after_it(
        self,
        command: type[Command],
        fields: dict[str, str],
        history: ProjectHistory,
        event: type[Event],
        made_with: str,
        occurring: str,
    ) -> None:
        given(a_running_project(), history).when(command, occurring, **fields).then_type(event)

    @pytest.mark.parametrize(("command", "fields", "history"), ENDING)
    @pytest.mark.parametrize("occurring", ["2026-06-30", "2026-04-10"])
    def test_it_ends_once_now_or_later_but_for_a_correction(
        self, command: type[Command], fields: dict[str, str], history: ProjectHistory, occurring: str
    ) -> None:
        ended = given(a_running_project(), history)
        ended.when(command, occurring, **fields).refused(Ended, "already; correct that event by --supersedes")
        ended.correcting(6).when(command, occurring, **fields).then_type(type(history[-1][0]))

    @pytest.mark.parametrize(("command", "fields", "history"), AFTER_THE_END)
    def test_what_has_ended_changes_no_more_but_its_past_may_be_told(
        self, command: type[Command], fields: dict[str, str], history: ProjectHistory
    ) -> None:
        ended = given(a_running_project(), history)
        ended.when(command, **fields).refused(Ended, "say by --on")
        assert len(ended.when(command, occurring="2026-04-10", **fields).decide()) == 1


class TestMilestones:
    def test_one_is_planned_moved_and_reached(self) -> None:
        given(a_running_project()).when(milestones.PlanMilestone, **PLAN_MILESTONE).then(
            delivery.MilestonePlanned(item="M1", name="Crane delivered", due=date(2026, 8, 31))
        )
        planned = given(a_running_project(), a_planned_milestone())
        planned.when(
            milestones.MoveMilestone, **MILESTONE, due="2026-09-30", reason="supplier late", decided_by="board"
        ).then(delivery.MilestoneMoved(item="M1", due=date(2026, 9, 30), reason=A_NOTE, decided_by=person("board")))
        planned.when(milestones.ReachMilestone, **MILESTONE, **PROOF).then(
            delivery.MilestoneReached(item="M1", evidence=(MINUTES,))
        )


class TestDependencies:
    def test_one_is_declared_and_removed(self) -> None:
        given(a_running_project()).when(
            milestones.DeclareDependency, **NEED, needed_by="2026-07-31", description="the quay"
        ).then(
            delivery.DependencyDeclared(
                item="D1",
                on_project="HARBOUR-2",
                relation="finish-to-start",
                needed_by=date(2026, 7, 31),
                description=A_NOTE,
            )
        )
        given(a_running_project(), a_declared_dependency()).when(
            milestones.RemoveDependency, **DEPENDENCY, reason="own quay"
        ).then(delivery.DependencyRemoved(item="D1", reason=A_NOTE))

    def test_on_itself_is_malformed(self) -> None:
        given(a_running_project()).when(milestones.DeclareDependency, **{**NEED, "on_project": "CRANE-7"}).refused(
            BadInput, "depend on itself"
        )

    def test_the_other_project_exists(self, planned: Office) -> None:
        with pytest.raises(NotFound, match="no project:HARBOUR-2"):
            planned.do("project declare-dependency", **NEED)
        planned.do("project propose", **{**PROPOSAL, "project": "harbour-2"})
        planned.do("project declare-dependency", **NEED)


class TestRisks:
    def test_one_is_raised_in_the_plans_currency(self) -> None:
        given(a_running_project()).when(
            risks.RaiseRisk, **RAISE_RISK, category="supply", owner="ann", description="an old gear box"
        ).then(
            exposure.RiskRaised(
                item="R1",
                name="Crane fails",
                effect="threat",
                category="supply",
                probability=Decimal("0.3"),
                impact=Decimal(50_000),
                currency="GBP",
                owner=person("ann"),
                description=A_NOTE,
            )
        )

    def test_without_a_plan_it_takes_the_organisations_currency(self) -> None:
        observed = on("2026-01-01", project.LeftSource(listing="x"))
        (made,) = (
            given(observed).when(risks.RaiseRisk, **RAISE_RISK, effect="opportunity").then_type(exposure.RiskRaised)
        )
        assert (made.model_dump()["currency"], made.model_dump()["effect"]) == ("EUR", "opportunity")

    def test_what_a_reassessment_leaves_out_stays_as_it_was(self) -> None:
        raised = given(a_running_project(), a_raised_risk())
        raised.when(risks.ReassessRisk, **RISK, probability="0.1", reason="second supplier").then(
            exposure.RiskReassessed(
                item="R1",
                probability=Decimal("0.1"),
                impact=Decimal(50_000),
                currency="USD",
                owner=person("ann"),
                reason=A_NOTE,
            )
        )
        again = given(a_running_project(), a_reassessed_risk())
        again.when(risks.ReassessRisk, **RISK, impact="0").then(
            exposure.RiskReassessed(
                item="R1",
                probability=Decimal("0.2"),
                impact=Decimal(0),
                currency="USD",
                owner=person("bob"),
                reason=None,
            )
        )

    def test_a_late_reassessment_goes_on_from_the_one_before(self) -> None:
        (made,) = (
            given(a_running_project(), a_reassessed_risk())
            .when(risks.ReassessRisk, occurring="2026-04-01", **RISK)
            .then_type(exposure.RiskReassessed)
        )
        assert made.model_dump()["impact"] == 50_000

    def test_what_was_closed_may_happen_all_the_same_and_the_other_way_round(self) -> None:
        given(a_running_project(), a_closed_risk()).when(
            risks.MaterialiseRisk, **RISK, impact="43000", reason="gear box broke"
        ).then(exposure.RiskMaterialised(item="R1", impact=Decimal(43_000), currency="USD", reason=A_NOTE))
        happened = given(a_running_project(), a_materialised_risk())
        happened.when(risks.CloseRisk, **RISK).then(exposure.RiskClosed(item="R1", reason=None))
        happened.when(risks.ReassessRisk, **RISK, probability="0.5").then_type(exposure.RiskReassessed)

    def test_a_probability_is_a_share(self) -> None:
        given(a_running_project()).when(risks.RaiseRisk, **{**RAISE_RISK, "probability": "30"}).refused(
            BadInput, "--probability"
        )


class TestIssues:
    def test_one_is_raised_reassessed_and_closed(self) -> None:
        given(a_running_project()).when(
            risks.RaiseIssue, **RAISE_ISSUE, owner="ann", due="2026-07-31", description="strike"
        ).then(
            exposure.IssueRaised(
                item="I1",
                name="No crane driver",
                severity="high",
                owner=person("ann"),
                due=date(2026, 7, 31),
                description=A_NOTE,
            )
        )
        raised = given(a_running_project(), a_raised_issue())
        raised.when(risks.ReassessIssue, **ISSUE, owner="bob").then(
            exposure.IssueReassessed(
                item="I1", severity="high", owner=person("bob"), due=date(2026, 7, 31), reason=None
            )
        )
        raised.when(risks.CloseIssue, **ISSUE, reason="driver hired").then(
            exposure.IssueClosed(item="I1", reason=A_NOTE)
        )


class TestStakeholders:
    def test_one_is_registered_and_assessed(self) -> None:
        given(a_running_project()).when(risks.RegisterStakeholder, **REGISTER, person="ann").then(
            exposure.StakeholderRegistered(
                item="S1", role="Harbour master", person=person("ann"), current="resistant", desired="supportive"
            )
        )
        registered = given(a_running_project(), a_stakeholder())
        (assessed,) = registered.when(
            risks.AssessEngagement, **STAKEHOLDER, current="neutral", desired="leading", **PROOF
        ).then_type(exposure.EngagementAssessed)
        assert assessed == exposure.EngagementAssessed(
            item="S1", current="neutral", desired="leading", evidence=(MINUTES,)
        )
        given(a_running_project(), a_stakeholder(), on("2026-05-01", assessed)).when(
            risks.AssessEngagement, **STAKEHOLDER, current="supportive"
        ).then(exposure.EngagementAssessed(item="S1", current="supportive", desired="leading", evidence=()))


class TestBenefitsAndLessons:
    def test_a_benefit_is_planned_in_the_plans_currency_and_measured_in_its_own(self) -> None:
        given(a_running_project()).when(benefits.PlanBenefit, **PLAN_BENEFIT).then(
            value.BenefitPlanned(
                item="B1",
                name="Fewer hours waiting",
                amount=Decimal(80_000),
                currency="GBP",
                due=date(2027, 12, 31),
                owner=None,
            )
        )
        given(a_running_project(), a_planned_benefit()).when(
            benefits.MeasureBenefit, **BENEFIT, amount="-500", **PROOF
        ).then(value.BenefitMeasured(item="B1", amount=Decimal(-500), currency="USD", evidence=(MINUTES,)))

    def test_a_benefit_is_measured_again_and_again(self) -> None:
        measured = on("2026-06-01", value.BenefitMeasured(item="B1", amount=Decimal(1), currency="USD", evidence=()))
        given(a_running_project(), a_planned_benefit(), measured).when(
            benefits.MeasureBenefit, **BENEFIT, amount="2", currency="GBP"
        ).then(value.BenefitMeasured(item="B1", amount=Decimal(2), currency="GBP", evidence=()))

    def test_a_lesson_is_recorded(self) -> None:
        given(a_running_project()).when(
            benefits.RecordLesson, **LESSON, category="procurement", text="order early"
        ).then(value.LessonRecorded(item="L1", category="procurement", lesson=A_NOTE))

    def test_a_lesson_of_another_project_is_applied_once(self) -> None:
        applied = value.LessonApplied(
            item="HARBOUR-2.L1", from_project="HARBOUR-2", lesson_item="L1", evidence=(MINUTES,)
        )
        other = "project:HARBOUR-2"
        given(a_running_project()).elsewhere(other, *a_recorded_lesson()).when(
            benefits.ApplyLesson, **APPLIED, **PROOF
        ).then(applied)
        again = given(a_running_project(), an_applied_lesson()).elsewhere(other, *a_recorded_lesson())
        again.when(benefits.ApplyLesson, **APPLIED).refused(CodeInUse, "HARBOUR-2.L1")
        again.correcting(5).when(benefits.ApplyLesson, **APPLIED, **PROOF).then(applied)

    def test_a_lesson_of_its_own_is_applied_even_where_it_was_written_down_after_that(self) -> None:
        own = {**APPLIED, "from_project": "crane-7"}
        history = given(a_running_project(), a_recorded_lesson())
        for day in ("2026-06-30", "2026-03-05"):
            history.when(benefits.ApplyLesson, day, **own).then_type(value.LessonApplied)
        given(a_running_project()).when(benefits.ApplyLesson, **own).refused(NotInRegister, "CRANE-7 has no lesson L1")

    def test_a_lesson_that_nobody_learned_is_not_applied(self) -> None:
        given(a_running_project(), a_recorded_lesson()).elsewhere("project:HARBOUR-2", *a_running_project()).when(
            benefits.ApplyLesson, **APPLIED
        ).refused(NotInRegister, "Project HARBOUR-2 has no lesson L1; 'pmo project record-lesson'")

    def test_the_project_that_learned_it_exists(self) -> None:
        command = Intake(SECRET).prepare(benefits.ApplyLesson, APPLIED, {}).command
        assert command.references() == ("project:HARBOUR-2",)

    def test_the_longest_codes_still_make_an_item(self) -> None:
        longest: dict[str, Any] = {**APPLIED, "from_project": "P" * 64, "lesson": "L" * 63}
        lesson = on("2026-03-10", value.LessonRecorded(item="L" * 63, category=None, lesson=None))
        given(a_running_project()).elsewhere(f"project:{'P' * 64}", *lesson).when(
            benefits.ApplyLesson, **longest
        ).then_type(value.LessonApplied)
        given(a_running_project()).when(benefits.RecordLesson, **{**LESSON, "lesson": "L" * 64}).refused(
            BadInput, "LESSON: "
        )


HAPPENS_AFTER_CLOSURE: list[tuple[type[Command], dict[str, Any], ProjectHistory]] = [
    (benefits.MeasureBenefit, {**BENEFIT, "amount": "1"}, a_planned_benefit()),
    (benefits.RecordLesson, LESSON, ()),
    (benefits.ApplyLesson, {**APPLIED, "from_project": "crane-7"}, a_recorded_lesson()),
]
ENDS_WITH_THE_BOOKS: list[tuple[type[Command], dict[str, Any]]] = [
    (milestones.PlanMilestone, PLAN_MILESTONE),
    (milestones.MoveMilestone, {**MILESTONE, "due": "2026-09-30"}),
    (milestones.ReachMilestone, MILESTONE),
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
