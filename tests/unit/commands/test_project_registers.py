"""The rules of milestones, dependencies, risks, issues, stakeholders, benefits and lessons."""

from datetime import date
from decimal import Decimal

import pytest

from schemas import delivery, exposure, project, value
from schemas.event import Event
from services.commands.command import Command
from services.commands.project import benefits, milestones, risks
from services.commands.project.registers import CodeInUse, Ended, NotInRegister
from services.errors import BadInput, NotFound
from tests.unit.commands.dsl import ProjectHistory, given, on, person
from tests.unit.commands.office import PROPOSAL, Office
from tests.unit.commands.scenarios import (
    A_NOTE,
    MINUTES,
    a_closed_issue,
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
    a_running_project,
    a_stakeholder,
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
        with pytest.raises(NotFound, match="no project HARBOUR-2"):
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
