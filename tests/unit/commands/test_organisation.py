"""The rules of units, goals, people, surveys and imports."""

from datetime import date
from decimal import Decimal

import pytest

from schemas import governance, organisation, survey
from services.commands import organisation as org
from services.commands import surveys
from services.commands.command import Command
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import given, on
from tests.unit.commands.scenarios import (
    a_person,
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
        given().when(command, **fields).refused(NotFound, "pmo unit register")
        assert len(given(self.UNIT).when(command, **fields).decide()) == 1

    @pytest.mark.parametrize(
        ("country", "hint"),
        [
            ("GX", "known of GX; did you mean "),
            ("DE-BYY", "known of DE-BYY; did you mean DE-BY"),
            ("FR-999", "known of FR-999; give FR, the whole country"),
        ],
    )
    def test_a_country_without_a_calendar_is_refused(self, country: str, hint: str) -> None:
        given().when(org.RegisterUnit, unit="ops", name="x", country=country).refused(BadInput, hint)
        given().when(org.Join, **self.JOIN, country=country).refused(BadInput, hint)

    @pytest.mark.parametrize("country", ["GB", "DE-BY", "UK", "US-CA"])
    def test_a_country_or_a_part_of_one_with_a_calendar_is_taken(self, country: str) -> None:
        given().when(org.RegisterUnit, unit="ops", name="x", country=country).then_type(organisation.UnitRegistered)

    @pytest.mark.parametrize(
        ("command", "fields"), [(org.ReweightGoal, {"weight": "0.3"}), (org.RetireGoal, {"reason": "sold"})]
    )
    def test_an_unknown_goal_is_not_changed(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, goal="growth", **fields).refused(NotFound, "pmo goal declare")
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
        given().when(command, person="ann", **fields).refused(NotFound, "pmo person join")
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
