"""The rules of benefits and lessons."""

from datetime import date
from decimal import Decimal
from typing import Any

from schemas import value
from services.commands.intake import Intake
from services.commands.project import benefits
from services.commands.project.registers import CodeInUse, NotInRegister
from services.errors import BadInput
from tests.unit.commands.dsl import SECRET, given, on
from tests.unit.commands.scenarios import (
    A_NOTE,
    MINUTES,
    a_planned_benefit,
    a_recorded_lesson,
    a_running_project,
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
