"""The rules of workloads, timesheets, standards, adoptions, courses, trainings, units, goals, people and surveys."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import governance, organisation, standard, survey, training, workload
from schemas.fields import Evidence
from services.commands import organisation as org
from services.commands import standards, surveys, trainings
from services.commands import workload as work
from services.commands.command import Command
from services.commands.intake import Intake
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import SECRET, Given, given, on, person
from tests.unit.commands.scenarios import (
    A_NOTE,
    a_course,
    a_person,
    a_published_standard,
    a_withdrawn_standard,
    an_allocation,
)

PERSON = f"person:{person('ann')}"


class TestAllocating:
    ASKED = {
        "person": "ann",
        "allocation": "a2",
        "project": "crane-7",
        "first_day": "2026-06-01",
        "last_day": "2026-09-30",
        "weekly_hours": "20",
    }

    def having(self, *items: Any, hours: int = 40) -> Given:
        return given(*items).elsewhere(PERSON, *a_person(hours))

    def test_within_capacity(self) -> None:
        self.having(an_allocation("A1", 20)).when(work.Allocate, **self.ASKED).then(
            workload.AllocationPlanned(
                item="A2",
                project="CRANE-7",
                first_day=date(2026, 6, 1),
                last_day=date(2026, 9, 30),
                weekly_hours=Decimal(20),
                hard=True,
                at_risk=None,
            )
        )

    def test_hard_hours_over_capacity_need_a_reason(self) -> None:
        full = self.having(an_allocation("A1", 21))
        full.when(work.Allocate, **self.ASKED).refused(work.OverCapacity, "41 committed hours a week against 40")
        full.when(work.Allocate, **self.ASKED, at_risk="peak").then_type(workload.AllocationPlanned)
        full.when(work.Allocate, **self.ASKED, hard=False).then_type(workload.AllocationPlanned)

    def test_pencilled_in_hours_do_not_count(self) -> None:
        self.having(an_allocation("A1", 40, hard=False)).when(work.Allocate, **self.ASKED).then_type(
            workload.AllocationPlanned
        )

    def test_the_busiest_day_counts_not_the_sum(self) -> None:
        early = {"first_day": date(2026, 6, 1), "last_day": date(2026, 6, 30), "item": "E"}
        late = {"first_day": date(2026, 7, 1), "last_day": date(2026, 7, 31), "item": "L"}
        (base,) = (event for event, _ in an_allocation(weekly_hours=20))
        both = on("2026-02-01", base.model_copy(update=early), base.model_copy(update=late))
        self.having(both).when(work.Allocate, **self.ASKED).then_type(workload.AllocationPlanned)
        overlapping = on("2026-02-01", base.model_copy(update={**early, "last_day": date(2026, 7, 1)}))
        self.having(both, overlapping).when(work.Allocate, **self.ASKED).refused(work.OverCapacity, "60 committed")

    @pytest.mark.parametrize(("last_day", "fits"), [(None, True), (date(2026, 5, 31), True), (date(2026, 6, 1), False)])
    def test_a_released_allocation_counts_to_its_last_day(self, last_day: date | None, fits: bool) -> None:
        released = on("2026-05-15", workload.AllocationReleased(item="A1", last_day=last_day, reason=None))
        when = self.having(an_allocation("A1", 40), released).when(work.Allocate, **self.ASKED)
        if fits:
            when.then_type(workload.AllocationPlanned)
        else:
            when.refused(work.OverCapacity, "60 committed")

    def test_the_contract_of_the_time_counts(self) -> None:
        fewer = on("2026-05-01", organisation.PersonHoursChanged(weekly_hours=Decimal(10)))
        given().elsewhere(PERSON, *a_person(), *fewer).when(work.Allocate, **self.ASKED).refused(
            work.OverCapacity, "against 10 contracted"
        )

    def test_days_in_the_wrong_order_are_malformed(self) -> None:
        self.having().when(work.Allocate, **{**self.ASKED, "last_day": "2026-05-31"}).refused(BadInput, "--last-day")

    def test_an_id_stands_once_now_or_later(self) -> None:
        standing = self.having(an_allocation("A2", 1))
        standing.when(work.Allocate, **self.ASKED).refused(Rejected, "stands already")
        standing.when(work.Allocate, occurring="2026-01-15", **self.ASKED).refused(Rejected, "stands already")

    @pytest.mark.parametrize(
        ("command", "fields"),
        [(work.Revise, ASKED), (work.Confirm, {"confirmed_by": "bob"}), (work.Release, {})],
    )
    def test_what_does_not_stand_is_not_changed(self, command: type[Command], fields: dict[str, str]) -> None:
        fields = {"person": "ann", "allocation": "a2", **fields}
        self.having(an_allocation("A1")).when(command, **fields).refused(NotFound, "no allocation A2")
        released = on("2026-05-15", workload.AllocationReleased(item="A2", last_day=None, reason=None))
        self.having(an_allocation("A2"), released).when(command, **fields).refused(NotFound, "no allocation A2")

    def test_revising_does_not_count_its_own_hours(self) -> None:
        self.having(an_allocation("A2", 40)).when(work.Revise, **{**self.ASKED, "weekly_hours": "40"}).then_type(
            workload.AllocationRevised
        )

    def test_nobody_confirms_their_own(self) -> None:
        mine = {"person": "ann", "allocation": "A1"}
        self.having(an_allocation()).when(work.Confirm, **mine, confirmed_by="Ann").refused(Rejected, "their own")
        self.having(an_allocation()).when(work.Confirm, **mine, confirmed_by="bob").then(
            workload.AllocationConfirmed(item="A1", confirmed_by=person("bob"))
        )

    def test_release(self) -> None:
        self.having(an_allocation()).when(
            work.Release, person="ann", allocation="A1", last_day="2026-04-30", reason="moved on"
        ).then(workload.AllocationReleased(item="A1", last_day=date(2026, 4, 30), reason=A_NOTE))


class TestTimesheets:
    LOG = {"person": "ann", "project": "crane-7", "day": "2026-01-01", "hours": "6"}

    def test_hours_go_to_the_iso_week_of_their_day(self) -> None:
        command = Intake(SECRET).prepare(work.LogHours, self.LOG, {}).command
        assert command.stream() == f"timesheet:{person('ann')}/2026-W01"
        assert command.model_copy(update={"day": date(2027, 1, 1)}).stream().endswith("/2026-W53")
        assert command.occurs_on() == date(2026, 1, 1)
        assert set(command.references()) == {PERSON, "project:CRANE-7"}

    def test_the_same_day_and_project_again_is_a_correction(self) -> None:
        logged = workload.HoursLogged(
            item="CRANE-7.2026-01-01", project="CRANE-7", day=date(2026, 1, 1), hours=Decimal(6)
        )
        given().when(work.LogHours, **self.LOG).then(logged)
        given(on("2026-01-01", logged)).when(work.LogHours, **self.LOG).then(
            workload.HoursCorrected(**logged.model_dump(), reason=None)
        )

    def test_a_day_has_24_hours(self) -> None:
        given().when(work.LogHours, **{**self.LOG, "hours": "24.5"}).refused(BadInput, "--hours")

    def test_a_week_is_submitted_when_it_has_begun(self) -> None:
        week = {"person": "ann", "week_of": "2026-07-05"}
        given().when(work.Submit, occurring="2026-06-28", **week).refused(BadInput, "not begun")
        given().when(work.Submit, occurring="2026-06-29", **week).then(workload.TimesheetSubmitted())

    def test_only_what_is_submitted_is_approved_and_not_by_oneself(self) -> None:
        week = {"person": "ann", "week_of": "2026-06-22"}
        submitted = on("2026-06-26", workload.TimesheetSubmitted())
        given().when(work.ApproveTimesheet, **week, decided_by="bob").refused(Rejected, "not submitted")
        given(submitted).when(work.ApproveTimesheet, **week, decided_by="ANN").refused(Rejected, "their own")
        given(submitted).when(work.ApproveTimesheet, **week, decided_by="bob").then(
            workload.TimesheetApproved(decided_by=person("bob"))
        )


class TestStandards:
    EDITION = {
        "standard": "risk",
        "name": "Risk management",
        "standard_kind": "process",
        "edition": "2",
        "requirements": {"R1": "Register kept"},
    }

    def test_publishing(self) -> None:
        given().when(standards.Publish, **self.EDITION, weights={"R1": 3}).then(
            standard.StandardPublished(
                name="Risk management",
                standard_kind="process",
                edition="2",
                requirements=(standard.Requirement(id="R1", text="Register kept", weight=3),),
                data_class=None,
                security_review=None,
            )
        )

    def test_a_code_is_unique(self) -> None:
        given(a_published_standard()).when(standards.Publish, **self.EDITION).refused(Rejected, "already")

    def test_an_edition_asks_for_something_and_weighs_only_that(self) -> None:
        given().when(standards.Publish, **{**self.EDITION, "requirements": {}}).refused(BadInput, "--requirements")
        given().when(standards.Publish, **self.EDITION, weights={"R9": 1}).refused(BadInput, "R9")

    def test_revising_needs_a_standard_and_a_new_edition(self) -> None:
        given().when(standards.ReviseStandard, **self.EDITION).refused(NotFound, "standard publish")
        given(a_published_standard()).when(standards.ReviseStandard, **{**self.EDITION, "edition": "1"}).refused(
            Rejected, "has edition 1 already"
        )
        given(a_published_standard()).when(standards.ReviseStandard, **self.EDITION).then_type(standard.StandardRevised)

    def test_withdrawing_needs_a_standard(self) -> None:
        given().when(standards.WithdrawStandard, standard="risk").refused(NotFound, "no standard RISK")
        given(a_published_standard()).when(standards.WithdrawStandard, standard="risk").then(
            standard.StandardWithdrawn(reason=None)
        )


class TestAdoption:
    HERE = {"standard": "risk", "unit": "ops"}

    def having(self, *history: Any) -> Given:
        return given().elsewhere("standard:RISK", *(history or a_published_standard()))

    def test_a_withdrawn_standard_cannot_be_mandated(self) -> None:
        mandate = {**self.HERE, "due": "2026-12-31"}
        self.having(*a_withdrawn_standard()).when(standards.Mandate, **mandate).refused(Rejected, "is withdrawn")
        self.having().when(standards.Mandate, **mandate, decided_by="cio").then(
            standard.Mandated(due=date(2026, 12, 31), decided_by=person("cio"))
        )

    def test_an_assessment_knows_the_requirements_of_the_edition_in_force(self) -> None:
        self.having().when(standards.Assess, **self.HERE, results={"R9": "met"}).refused(BadInput, "it has R1, R2")
        self.having().when(standards.Assess, **self.HERE, results={"R1": "partly"}).then(
            standard.Assessed(
                edition="1",
                results=(standard.Assessment(requirement="R1", result="partly"),),
                assessor=None,
                evidence=(),
            )
        )

    def test_an_assessment_needs_an_edition(self) -> None:
        given().elsewhere("standard:RISK").when(standards.Assess, **self.HERE, results={}).refused(
            NotFound, "no edition at that time"
        )

    def test_no_more_users_than_could_be(self) -> None:
        self.having().when(standards.MeasureUsage, **self.HERE, active=61, eligible=60).refused(BadInput, "--active")
        self.having().when(standards.MeasureUsage, **self.HERE, active=60, eligible=60).then(
            standard.UsageMeasured(active=60, eligible=60)
        )

    def test_a_waiver_is_granted_by_another_until_a_day_to_come(self) -> None:
        waive = {**self.HERE, "requested_by": "ann"}
        self.having().when(standards.Waive, **waive, decided_by="Ann", until="2027-01-01").refused(
            Rejected, "person who asked"
        )
        self.having().when(standards.Waive, **waive, decided_by="cio", until="2026-06-29").refused(BadInput, "--until")
        self.having().when(standards.Waive, **waive, decided_by="cio").refused(BadInput, "needs --until")
        self.having().when(standards.Waive, **waive, decided_by="cio", until="2026-06-30").then(
            standard.Waived(until=date(2026, 6, 30), reason=None, requested_by=person("ann"), decided_by=person("cio"))
        )

    def test_not_applicable_needs_a_rationale(self) -> None:
        self.having().when(standards.DeclareNotApplicable, **self.HERE).refused(BadInput, "needs --rationale")
        self.having().when(standards.DeclareNotApplicable, **self.HERE, rationale="no projects").then(
            standard.NotApplicable(rationale=A_NOTE, decided_by=None)
        )

    def test_adopting_and_abandoning_are_facts(self) -> None:
        self.having().when(standards.Adopt, **self.HERE).then(standard.Adopted(decided_by=None))
        self.having().when(standards.Abandon, **self.HERE).then(standard.Abandoned(reason=None))


class TestTraining:
    HERE = {"person": "ann", "course": "safety"}

    def having(self, valid_months: int | None = 24) -> Given:
        return given().elsewhere("course:SAFETY", *a_course(valid_months))

    @pytest.mark.parametrize(("months", "expires"), [(24, date(2028, 2, 28)), (1, date(2026, 3, 28)), (None, None)])
    def test_a_completion_counts_as_long_as_the_course_says(self, months: int | None, expires: date | None) -> None:
        (made,) = (
            self.having(months)
            .when(trainings.CompleteTraining, **self.HERE, completed_on="2026-02-28")
            .then_type(training.TrainingCompleted)
        )
        assert made.model_dump()["expires"] == expires

    def test_months_end_on_the_months_last_day(self) -> None:
        assert trainings.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
        assert trainings.add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)
        assert trainings.add_months(date(2026, 1, 15), 11) == date(2026, 12, 15)

    def test_an_expiry_before_the_completion_is_malformed(self) -> None:
        fields = {**self.HERE, "completed_on": "2026-02-28", "expires": "2026-02-27"}
        self.having().when(trainings.CompleteTraining, **fields).refused(BadInput, "--expires")

    def test_the_day_is_the_commands_unless_given(self) -> None:
        (made,) = (
            self.having()
            .when(trainings.FailTraining, occurring="2026-05-05", **self.HERE)
            .then_type(training.TrainingFailed)
        )
        assert made.model_dump()["failed_on"] == date(2026, 5, 5)

    def test_nobody_exempts_themselves_nor_into_the_past(self) -> None:
        exempt = {**self.HERE, "until": "2027-01-31"}
        self.having().when(trainings.Exempt, **exempt, decided_by="ANN").refused(Rejected, "themselves")
        self.having().when(trainings.Exempt, **{**exempt, "until": "2026-06-29"}, decided_by="hr").refused(
            BadInput, "--until"
        )
        self.having().when(trainings.Exempt, **exempt, decided_by="hr", reason="abroad").then(
            training.TrainingExempted(until=date(2027, 1, 31), reason=A_NOTE, decided_by=person("hr"))
        )

    def test_only_what_counts_is_revoked(self) -> None:
        given().when(trainings.RevokeTraining, **self.HERE).refused(Rejected, "no completion or exemption")
        proof = Evidence(uri="https://docs.example/1", digest=None)
        done = training.TrainingCompleted(completed_on=date(2026, 1, 1), score=None, certificate=proof, expires=None)
        given(on("2026-01-01", done)).when(trainings.RevokeTraining, **self.HERE, reason="forged").then(
            training.TrainingRevoked(reason=A_NOTE, decided_by=None)
        )

    @pytest.mark.parametrize(
        ("command", "fields"),
        [(trainings.RequireCourse, {"requirement": "r1", "role": "PM"}), (trainings.RetireCourse, {})],
    )
    def test_a_course_must_be_defined(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, course="safety", **fields).refused(NotFound, "course define")
        assert len(given(a_course()).when(command, course="safety", **fields).decide()) == 1

    def test_a_requirement_ends_only_if_it_stands(self) -> None:
        end = {"course": "safety", "requirement": "R1"}
        given(a_course()).when(trainings.EndRequirement, **end).refused(NotFound, "no requirement R1")
        required = training.CourseRequired(item="R1", role="PM", career_level=None, grace_days=90)
        given(a_course(), on("2026-02-01", required)).when(trainings.EndRequirement, **end).then(
            training.CourseNotRequired(item="R1")
        )


class TestTheOrganisation:
    UNIT = on("2026-01-01", organisation.UnitRegistered(name="Operations", parent=None, country="GB"))
    GOAL = on("2026-01-01", organisation.GoalDeclared(statement="Grow", weight=Decimal("0.4"), owner_unit=None))
    JOIN = {"person": "ann", "unit": "ops", "role": "Engineer"}

    def test_codes_are_unique(self) -> None:
        given(self.UNIT).when(org.RegisterUnit, unit="ops", name="x").refused(Rejected, "already")
        given(self.UNIT).when(org.RegisterUnit, occurring="2025-01-01", unit="ops", name="x").refused(
            Rejected, "already"
        )
        given(self.GOAL).when(org.DeclareGoal, goal="growth", statement="x", weight="0.1").refused(Rejected, "already")

    def test_a_unit_is_neither_above_nor_inside_itself(self) -> None:
        given().when(org.RegisterUnit, unit="ops", name="x", parent="OPS").refused(BadInput, "own parent")
        given(self.UNIT).when(org.MergeUnit, unit="ops", into="OPS").refused(BadInput, "into itself")

    @pytest.mark.parametrize(
        ("command", "fields"),
        [
            (org.RenameUnit, {"unit": "ops", "name": "x"}),
            (org.MergeUnit, {"unit": "ops", "into": "LOGISTICS"}),
            (org.RetireUnit, {"unit": "ops"}),
        ],
    )
    def test_an_unknown_unit_is_not_changed(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, **fields).refused(NotFound, "register it first")
        assert len(given(self.UNIT).when(command, **fields).decide()) == 1

    @pytest.mark.parametrize(
        ("command", "fields"), [(org.ReweightGoal, {"weight": "0.3"}), (org.RetireGoal, {"reason": "sold"})]
    )
    def test_an_unknown_goal_is_not_changed(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, goal="growth", **fields).refused(NotFound, "register it first")
        assert len(given(self.GOAL).when(command, goal="growth", **fields).decide()) == 1

    def test_weights_are_shares(self) -> None:
        given().when(org.DeclareGoal, goal="growth", statement="x", weight="40").refused(BadInput, "--weight")

    def test_a_person_joins_once_and_may_come_back(self) -> None:
        given(a_person()).when(org.Join, **self.JOIN).refused(Rejected, "joined already")
        left = on("2026-05-01", organisation.PersonLeft(voluntary=True, reason=None))
        given(a_person(), left).when(org.Join, **self.JOIN).then_type(organisation.PersonJoined)

    def test_a_name_goes_nowhere_near_the_event(self) -> None:
        (joined,) = (
            given()
            .when(org.Join, **self.JOIN, name="Ann Example", email="ann@example.org")
            .then_type(organisation.PersonJoined)
        )
        assert "Example" not in joined.model_dump_json() and "ann" not in joined.model_dump_json()

    @pytest.mark.parametrize(
        ("command", "fields"),
        [
            (org.Move, {"unit": "OPS"}),
            (org.ChangeRole, {"role": "Lead"}),
            (org.ChangeHours, {"weekly_hours": "30"}),
            (org.PlanAbsence, {"absence": "SUMMER", "first_day": "2026-08-03", "last_day": "2026-08-14"}),
            (org.Leave, {}),
        ],
    )
    def test_an_unknown_person_is_not_changed(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, person="ann", **fields).refused(NotFound, "register it first")
        assert len(given(a_person()).when(command, person="ann", **fields).decide()) == 1

    def test_absences(self) -> None:
        away = {"person": "ann", "absence": "SUMMER"}
        days = {"first_day": "2026-08-14", "last_day": "2026-08-03"}
        given(a_person()).when(org.PlanAbsence, **away, **days).refused(BadInput, "--last-day")
        given(a_person()).when(org.CancelAbsence, **away).refused(NotFound, "no planned absence SUMMER")
        planned = organisation.AbsencePlanned(
            item="SUMMER", first_day=date(2026, 8, 3), last_day=date(2026, 8, 14), share=Decimal(1)
        )
        given(a_person(), on("2026-02-01", planned)).when(org.CancelAbsence, **away).then(
            organisation.AbsenceCancelled(item="SUMMER")
        )


class TestSurveysAndImports:
    ANSWER = {
        "subject": "crane-7",
        "period": "closure",
        "response": "17",
        "stakeholder_role": "team-member",
        "satisfaction": 4,
    }

    def test_an_answer_is_recorded_once_now_or_later(self) -> None:
        answered = survey.ResponseRecorded(
            item="17", stakeholder_role="team-member", satisfaction=4, scores={}, recommend=None
        )
        given().when(surveys.Respond, **self.ANSWER).then(answered)
        given(on("2026-05-01", answered)).when(surveys.Respond, **self.ANSWER).refused(Rejected, "recorded already")
        given(on("2026-05-01", answered)).when(surveys.Respond, occurring="2026-04-01", **self.ANSWER).refused(
            Rejected, "recorded already"
        )

    @pytest.mark.parametrize("score", [0, 6, "often"])
    def test_scores_are_1_to_5(self, score: object) -> None:
        given().when(surveys.Respond, **{**self.ANSWER, "satisfaction": score}).refused(BadInput, "--satisfaction")

    def test_an_invitation_is_not_empty(self) -> None:
        asked = {"subject": "pmo", "period": "2026-Q2"}
        given().when(surveys.Invite, **asked, invited={}).refused(BadInput, "--invited")
        given().when(surveys.Invite, **asked, invited={"team-member": 12}).then(
            survey.Invited(invited={"team-member": 12})
        )

    def test_a_survey_of_the_pmo_itself_needs_no_project(self) -> None:
        assert surveys.Invite(subject="pmo", period="2026-Q2", invited={}).references() == ()
        assert surveys.Invite(subject="dam-1", period="2026-Q2", invited={}).references() == ("project:DAM-1",)

    def test_the_figures_of_an_import_add_up(self) -> None:
        counts = {"rows": 10, "recorded": 4, "unchanged": 3, "rejected": 2, "ignored": 1, "events": 9}
        fields = {
            "import_id": "i-1",
            "source_kind": "csv",
            "file_name": "x.csv",
            "file_digest": "0" * 64,
            "mapping_digest": "1" * 64,
        }
        given().when(surveys.CompleteImport, **fields, **{**counts, "rows": 11}).refused(BadInput, "Rows are not")
        given().when(surveys.CompleteImport, **fields, **counts).then_type(governance.ImportCompleted)
