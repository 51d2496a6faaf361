"""The rules of maturity, improvements, links, skills, levels and career paths."""

from datetime import date
from typing import Any

import pytest

from schemas import organisation, training
from schemas.fields import Evidence
from services.commands import maturity, paths
from services.commands import organisation as org
from services.commands.command import Command
from services.commands.intake import Intake
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import SECRET, given, on, person
from tests.unit.commands.scenarios import A_NOTE, a_person

UNIT = on("2026-01-01", organisation.UnitRegistered(name="Operations", parent=None, country="GB"))
PROOF = Evidence(uri="https://docs.example/1", digest=None)


class TestMaturity:
    ASKED: dict[str, Any] = {"unit": "ops", "model": "project", "level": 3}

    def test_an_assessment_belongs_to_one_model(self) -> None:
        given(UNIT).when(
            maturity.AssessMaturity,
            **self.ASKED,
            perspectives={"governance": "3", "benefits": "2"},
            target=4,
            assessor_type="peer",
            assessor="bob",
            evidence=["https://docs.example/1"],
        ).then(
            organisation.MaturityAssessed(
                item="PROJECT",
                framework="P3M3",
                framework_version="3.0",
                level=3,
                perspectives={"governance": 3, "benefits": 2},
                target=4,
                assessor_type="peer",
                assessor=person("bob"),
                evidence=(PROOF,),
            )
        )

    def test_the_models_are_p3m3s(self) -> None:
        given(UNIT).when(maturity.AssessMaturity, **{**self.ASKED, "model": "agile"}).refused(
            BadInput, "PORTFOLIO, PROGRAMME, PROJECT"
        )

    @pytest.mark.parametrize("level", [0, 6])
    def test_levels_are_1_to_5(self, level: int) -> None:
        given(UNIT).when(maturity.AssessMaturity, **{**self.ASKED, "level": level}).refused(BadInput, "--level")
        given(UNIT).when(maturity.AssessMaturity, **self.ASKED, perspectives={"governance": level}).refused(
            BadInput, "--perspectives"
        )

    @pytest.mark.parametrize(
        ("command", "fields"),
        [
            (maturity.AssessMaturity, {"model": "project", "level": "3"}),
            (maturity.PlanImprovement, {"improvement": "B-1", "due": "2026-12-31"}),
        ],
    )
    def test_an_unknown_unit_is_not_assessed(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, unit="ops", **fields).refused(NotFound, "no unit OPS")
        assert len(given(UNIT).when(command, unit="ops", occurring="2025-12-31", **fields).decide()) == 1


class TestImprovements:
    PLAN = {"unit": "ops", "improvement": "B-1", "due": "2026-12-31"}
    MADE = organisation.ImprovementPlanned(
        item="B-1", model="PROJECT", perspective="benefits", due=date(2026, 12, 31), owner=None, description=None
    )
    PLANNED = UNIT + on("2026-02-01", MADE)
    DONE = on("2026-05-01", organisation.ImprovementDone(item="B-1", evidence=()))
    FINISH = {"unit": "ops", "improvement": "B-1"}

    def test_planning_and_planning_anew(self) -> None:
        fields = {**self.PLAN, "model": "Project", "perspective": "benefits"}
        given(UNIT).when(maturity.PlanImprovement, **fields).then(self.MADE)
        given(self.PLANNED).when(maturity.PlanImprovement, **{**self.PLAN, "due": "2027-01-31"}).then_type(
            organisation.ImprovementPlanned
        )

    def test_the_day_is_not_past(self) -> None:
        given(UNIT).when(maturity.PlanImprovement, **{**self.PLAN, "due": "2026-06-29"}).refused(BadInput, "--due")
        given(UNIT).when(
            maturity.PlanImprovement, occurring="2026-06-01", **{**self.PLAN, "due": "2026-06-29"}
        ).then_type(organisation.ImprovementPlanned)

    def test_what_is_finished_is_not_planned_anew(self) -> None:
        given(self.PLANNED, self.DONE).when(maturity.PlanImprovement, **self.PLAN).refused(Rejected, "finished already")

    def test_finishing(self) -> None:
        given(UNIT).when(maturity.FinishImprovement, **self.FINISH).refused(NotFound, "no improvement B-1")
        given(self.PLANNED).when(maturity.FinishImprovement, **self.FINISH, evidence=["https://docs.example/1"]).then(
            organisation.ImprovementDone(item="B-1", evidence=(PROOF,))
        )

    def test_finished_once_now_or_later_unless_corrected(self) -> None:
        done = given(self.PLANNED, self.DONE)
        done.when(maturity.FinishImprovement, **self.FINISH).refused(Rejected, "finished already")
        late = done.when(maturity.FinishImprovement, occurring="2026-04-01", **self.FINISH)
        late.refused(Rejected, "--supersedes")
        done.correcting(3).when(maturity.FinishImprovement, occurring="2026-04-01", **self.FINISH).then_type(
            organisation.ImprovementDone
        )


class TestPeople:
    PATH = training.PathDefined(
        role="Engineer",
        levels=(
            training.PathLevel(level=1, title="Junior", courses=(), months=None),
            training.PathLevel(level=3, title="Lead", courses=(), months=None),
        ),
    )
    LINKED = on("2026-02-01", organisation.PersonLinked(item=person("4711"), tool="jira"))
    LINK = {"person": "ann", "other": "4711", "tool": "jira"}

    def test_skills_are_those_given(self) -> None:
        change: dict[str, Any] = {"person": "ann", "skills": ["SQL", "Python", "SQL"]}
        given(a_person()).when(org.ChangeSkills, **change).then(organisation.SkillsChanged(skills=("SQL", "Python")))
        given(a_person()).when(org.ChangeSkills, person="ann", skills=[]).then(organisation.SkillsChanged(skills=()))
        given(a_person()).when(org.ChangeSkills, person="ann").refused(BadInput, "--skills")

    def test_a_level_is_one_of_the_path(self) -> None:
        having = given(a_person()).elsewhere("path:ENGINEER", *on("2026-01-01", self.PATH))
        level = {"person": "ann", "career_path": "engineer", "assessor": "bob"}
        having.when(org.AssessLevel, **level, career_level=2).refused(BadInput, "its levels are 1, 3")
        having.when(org.AssessLevel, **level, career_level=3, evidence=["https://docs.example/1"]).then(
            organisation.LevelAssessed(path="ENGINEER", career_level=3, assessor=person("bob"), evidence=(PROOF,))
        )

    def test_a_path_must_exist_if_given(self) -> None:
        fields: dict[str, Any] = {"person": "ann", "career_level": 2}
        with_path = Intake(SECRET).prepare(org.AssessLevel, {**fields, "career_path": "eng"}, {}).command
        assert with_path.references() == ("path:ENG",)
        assert Intake(SECRET).prepare(org.AssessLevel, fields, {}).command.references() == ()
        given(a_person()).when(org.AssessLevel, person="ann", career_level=2).then_type(organisation.LevelAssessed)

    def test_a_link_leads_to_the_pseudonym(self) -> None:
        given(a_person()).when(org.LinkPerson, **self.LINK).then(
            organisation.PersonLinked(item=person("4711"), tool="jira")
        )

    def test_nobody_is_linked_to_themselves(self) -> None:
        given(a_person()).when(org.LinkPerson, **{**self.LINK, "other": " ANN "}).refused(BadInput, "same person")

    def test_a_link_is_made_once_in_either_direction_unless_corrected(self) -> None:
        linked = given(a_person(), self.LINKED)
        linked.when(org.LinkPerson, **self.LINK).refused(Rejected, "linked already")
        linked.when(org.LinkPerson, occurring="2026-01-15", **self.LINK).refused(Rejected, "linked already")
        linked.correcting(2).when(org.LinkPerson, **{**self.LINK, "tool": "planner"}).then_type(
            organisation.PersonLinked
        )
        back = on("2026-02-01", organisation.PersonLinked(item=person("ann"), tool="jira"))
        given(a_person()).elsewhere(f"person:{person('4711')}", *back).when(org.LinkPerson, **self.LINK).refused(
            Rejected, "the other way round"
        )

    @pytest.mark.parametrize(
        ("command", "fields"),
        [
            (org.ChangeSkills, {"skills": ["SQL"]}),
            (org.AssessLevel, {"career_level": 2}),
            (org.LinkPerson, {"other": "4711", "tool": "jira"}),
        ],
    )
    def test_an_unknown_person_is_not_changed(self, command: type[Command], fields: dict[str, Any]) -> None:
        given().when(command, person="ann", **fields).refused(NotFound, "pmo person join")
        assert len(given(a_person()).when(command, occurring="2025-12-01", person="ann", **fields).decide()) == 1


class TestPaths:
    DEFINE: dict[str, Any] = {"career_path": "engineer", "role": "Engineer", "levels": {"2": "Senior", "1": "Junior"}}

    def test_levels_with_their_courses_and_months_in_order(self) -> None:
        given().when(paths.DefinePath, **self.DEFINE, courses={"2": "safety, first-aid"}, months={"2": "36"}).then(
            training.PathDefined(
                role="Engineer",
                levels=(
                    training.PathLevel(level=1, title="Junior", courses=(), months=None),
                    training.PathLevel(level=2, title="Senior", courses=("SAFETY", "FIRST-AID"), months=36),
                ),
            )
        )

    def test_the_courses_must_exist(self) -> None:
        command = paths.DefinePath(**self.DEFINE, courses={1: ("A",), 2: ("B", "A")})
        assert command.references() == ("course:A", "course:B")

    def test_a_path_has_levels_and_nothing_of_others(self) -> None:
        given().when(paths.DefinePath, **{**self.DEFINE, "levels": {}}).refused(BadInput, "--levels")
        given().when(paths.DefinePath, **{**self.DEFINE, "levels": {"21": "x"}}).refused(BadInput, "--levels")
        given().when(paths.DefinePath, **self.DEFINE, courses={"3": "SAFETY"}).refused(BadInput, "--courses names")
        given().when(paths.DefinePath, **self.DEFINE, months={"3": 12}).refused(BadInput, "--months names level 3")

    def test_a_path_may_be_described_anew_and_retired(self) -> None:
        defined = on("2026-01-01", TestPeople.PATH)
        given(defined).when(paths.DefinePath, **self.DEFINE).then_type(training.PathDefined)
        given().when(paths.RetirePath, career_path="engineer").refused(NotFound, "path define")
        given(defined).when(paths.RetirePath, career_path="engineer", reason="merged").then(
            training.PathRetired(reason=A_NOTE)
        )
