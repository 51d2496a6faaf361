"""The rules of standards, their adoption, courses and trainings."""

from datetime import date
from typing import Any

import pytest

from schemas import standard, training
from schemas.fields import Evidence
from services.commands import standards, trainings
from services.commands.command import Command
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import Given, given, on, person
from tests.unit.commands.scenarios import (
    A_NOTE,
    a_course,
    a_published_standard,
    a_revised_standard,
    a_withdrawn_standard,
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
        revised = a_published_standard() + a_revised_standard()
        given(revised).when(standards.ReviseStandard, **{**self.EDITION, "edition": "1"}).refused(
            Rejected, "has edition 1 already"
        )

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

    def test_an_assessment_under_an_earlier_edition_but_not_one_that_never_was(self) -> None:
        having = self.having(*a_published_standard(), *a_revised_standard())
        assess = {**self.HERE, "results": {"R2": "met"}}
        having.when(standards.Assess, **assess).refused(BadInput, "edition 2 does not have; it has R1, R3")
        (made,) = having.when(standards.Assess, **assess, edition="1").then_type(standard.Assessed)
        assert made.model_dump()["edition"] == "1"
        having.when(standards.Assess, **{**assess, "results": {"R9": "met"}}, edition="1").refused(BadInput, "R1, R2")
        having.when(standards.Assess, **assess, edition="7").refused(
            NotFound, "Standard RISK had no edition 7 at that time; it had 1, 2."
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

    def test_only_a_waiver_that_stands_is_ended(self) -> None:
        waived = standard.Waived(until=date(2026, 12, 31), reason=None, requested_by=None, decided_by=person("cio"))
        over = waived.model_copy(update={"until": date(2026, 6, 29)})
        ended = standard.WaiverEnded(reason=None)
        for history in ((), on("2026-01-01", over), on("2026-01-01", waived, ended)):
            given(history).when(standards.EndWaiver, **self.HERE).refused(Rejected, "no waiver")
        given(on("2026-01-01", waived)).when(standards.EndWaiver, **self.HERE).then(ended)

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

    def having(self, validity: training.Validity | None = None) -> Given:
        return given().elsewhere("course:SAFETY", *a_course(validity))

    @pytest.mark.parametrize(
        ("validity", "expires"),
        [
            (None, None),
            ((24, "months", "day"), date(2028, 2, 28)),
            ((1, "months", "day"), date(2026, 3, 28)),
            ((1, "months", "end-of-month"), date(2026, 3, 31)),
            ((12, "months", "end-of-year"), date(2027, 12, 31)),
            ((1, "days", "day"), date(2026, 3, 1)),
            ((365, "days", "end-of-month"), date(2027, 2, 28)),
            ((18_250, "months", "day"), date(2299, 12, 31)),
        ],
    )
    def test_a_completion_counts_as_long_as_the_course_says(
        self, validity: tuple[int, training.ValidUnit, training.ValidUntil] | None, expires: date | None
    ) -> None:
        said = training.Validity(length=validity[0], unit=validity[1], until=validity[2]) if validity else None
        (made,) = (
            self.having(said)
            .when(trainings.CompleteTraining, **self.HERE, completed_on="2026-02-28")
            .then_type(training.TrainingCompleted)
        )
        assert made.model_dump()["expires"] == expires

    def test_a_validity_is_stated_in_one_unit(self) -> None:
        course = {"course": "safety", "title": "Site safety"}
        given().when(trainings.DefineCourse, **course, valid_days="365").then(
            training.CourseDefined(
                title="Site safety", provider=None, hours=None,
                validity=training.Validity(length=365, unit="days", until="day"),
            )
        )  # fmt: skip
        (made,) = (
            given()
            .when(trainings.DefineCourse, **course, valid_months="12", valid_until="end-of-year")
            .then_type(training.CourseDefined)
        )
        assert made.validity == training.Validity(length=12, unit="months", until="end-of-year")
        given().when(trainings.DefineCourse, **course, valid_days="365", valid_months="12").refused(
            BadInput, "--valid-days"
        )
        given().when(trainings.DefineCourse, **course, valid_until="end-of-year").refused(BadInput, "--valid-until")

    def test_a_course_of_version_1_counts_for_months_to_the_day(self) -> None:
        older = training.CourseDefinedV1(title="Site safety", provider=None, hours=None, valid_months=24)
        (made,) = (
            given()
            .elsewhere("course:SAFETY", *on("2026-01-01", older))
            .when(trainings.CompleteTraining, **self.HERE, completed_on="2026-02-28")
            .then_type(training.TrainingCompleted)
        )
        assert made.model_dump()["expires"] == date(2028, 2, 28)

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
