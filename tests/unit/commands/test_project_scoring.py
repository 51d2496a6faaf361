"""How proposals are scored, by a model of the settings or the built-in one, and ranked."""

from decimal import Decimal
from typing import Any

import pytest

from schemas import project
from services.commands.app import Meta
from services.commands.intake import Intake
from services.commands.project import scoring
from services.commands.project.common import NotYet
from services.commands.project.life_cycle import NotProposed
from services.commands.project.scoring import BUILT_IN, COMPONENTS, ScoringModel, UnknownModel, Unscorable, scored
from services.errors import BadInput, Rejected
from tests.unit.commands.dsl import SECRET, Given, ProjectHistory, given, on, person
from tests.unit.commands.office import ME, PROPOSAL, Office
from tests.unit.commands.scenarios import (
    PROPOSED,
    a_completed_project,
    a_proposed_project,
    a_running_project,
    a_scoring_model,
    an_approved_project,
)

SETTING = "setting:SCORING.DEFAULT"
FULL = {
    "contributions": {"GROWTH": 3, "SAFETY": 4},
    "value": Decimal(450_000),
    "risk": Decimal("0.2"),
    "budget": Decimal(250_000),
}
SECOND = '{"version": 2, "weights": {"certainty": 30, "affordability": 10, "value": 0}, "ceiling": 500000}'


def proposal(**fields: Any) -> project.Proposed:
    return PROPOSED.model_copy(update=fields)


def model(ceiling: int = 1_000_000, **weights: str) -> ScoringModel:
    return ScoringModel(
        name="M", version=1, weights={name: Decimal(weight) for name, weight in weights.items()}, ceiling=ceiling
    )


def a_full_proposal() -> ProjectHistory:
    return on("2026-01-10", proposal(**FULL))


def with_setting(text: str | None) -> Given:
    return given(a_full_proposal()).elsewhere(SETTING, *a_scoring_model(text))


class TestTheFormula:
    def test_a_worked_example(self) -> None:
        # 100 x (3 + 4) / 2 / 5 = 70; 100 x 450 / 750 = 60; 100 x (1 - 0.2) = 80; 100 x (1 - 250 / 1000) = 75
        # 0.4 x 70 + 0.3 x 60 + 0.2 x 80 + 0.1 x 75 = 69.5
        score, components = scored(proposal(**FULL), BUILT_IN)
        assert score == Decimal("69.50")
        assert components == {
            "alignment": Decimal(70),
            "value": Decimal(60),
            "certainty": Decimal(80),
            "affordability": Decimal(75),
        }

    @pytest.mark.parametrize(
        ("component", "fields", "points"),
        [
            ("alignment", {"contributions": {}}, "0"),
            ("alignment", {"contributions": {"GROWTH": 0}}, "0"),
            ("alignment", {"contributions": {"GROWTH": 5}}, "100"),
            ("alignment", {"contributions": {"A": 1, "B": 1, "C": 0}}, "13.33"),
            ("value", {"value": Decimal(0)}, "0"),
            ("value", {"value": Decimal(750_000)}, "100"),
            ("value", {"value": Decimal(9_000_000)}, "100"),
            ("value", {"value": Decimal(250_000)}, "33.33"),
            ("certainty", {"risk": Decimal(0)}, "100"),
            ("certainty", {"risk": Decimal(1)}, "0"),
            ("affordability", {"budget": Decimal(0)}, "100"),
            ("affordability", {"budget": Decimal(1_000_000)}, "0"),
            ("affordability", {"budget": Decimal(3_000_000)}, "0"),
        ],
    )
    def test_each_component_goes_from_0_to_100(self, component: str, fields: dict[str, Any], points: str) -> None:
        score, components = scored(proposal(**{**FULL, **fields}), model(**{component: "1"}))
        assert score == components[component] == Decimal(points)  # type: ignore[index]

    @pytest.mark.parametrize(
        ("fields", "left"),
        [
            ({"value": None}, ["alignment", "certainty", "affordability"]),
            ({"budget": Decimal(0)}, ["alignment", "certainty", "affordability"]),
            ({"budget": None}, ["alignment", "certainty"]),
            ({"risk": None}, ["alignment", "value", "affordability"]),
            ({"value": None, "risk": None, "budget": None}, ["alignment"]),
        ],
    )
    def test_what_the_proposal_does_not_tell_is_left_out(self, fields: dict[str, Any], left: list[str]) -> None:
        assert list(scored(proposal(**{**FULL, **fields}), BUILT_IN)[1]) == left

    def test_the_other_weights_then_count_the_more(self) -> None:
        # (40 x 70 + 30 x 60 + 10 x 75) / 80
        score, _ = scored(proposal(**{**FULL, "risk": None}), BUILT_IN)
        assert score == Decimal("66.88")

    def test_the_components_as_recorded_give_the_score(self) -> None:
        third = {**FULL, "contributions": {"A": 1, "B": 1, "C": 0}, "value": Decimal(250_000)}
        score, components = scored(proposal(**third), BUILT_IN)
        recomputed = sum(BUILT_IN.weights[name] * points for name, points in components.items()) / 100
        assert score == round(recomputed, 2)

    def test_a_proposal_that_tells_nothing_of_it_names_what_to_give(self) -> None:
        silent = proposal(value=None, risk=None, budget=None)
        with pytest.raises(Unscorable, match="give --value and --budget or --risk by 'pmo project propose'"):
            scored(silent, model(alignment="0", value="1", certainty="1"))

    def test_each_component_says_its_formula(self) -> None:
        for name, component in COMPONENTS.items():
            assert "100 x" in str(component.__doc__)
            assert f"{name} = 100 x" in " ".join(str(scoring.Score.__doc__).split())

    def test_a_model_in_one_line(self) -> None:
        assert BUILT_IN.formula == "DEFAULT v1: 40 % alignment + 30 % value + 20 % certainty + 10 % affordability"
        assert model(certainty="1", value="2", alignment="0").formula == "M v1: 66.7 % value + 33.3 % certainty"


class TestScoring:
    def test_by_the_built_in_model(self) -> None:
        given(a_full_proposal()).when(scoring.Score, project="CRANE-7", scored_by="ann").then(
            project.Scored(
                model="DEFAULT",
                model_version=1,
                score=Decimal("69.50"),
                components={
                    "alignment": Decimal("70.00"),
                    "value": Decimal("60.00"),
                    "certainty": Decimal("80.00"),
                    "affordability": Decimal("75.00"),
                },
                scored_by=person("ann"),
            )
        )

    def test_by_the_model_of_the_settings(self) -> None:
        with_setting(SECOND).when(scoring.Score, project="CRANE-7").then(
            project.Scored(
                model="DEFAULT",
                model_version=2,
                score=Decimal("72.50"),
                components={"certainty": Decimal("80.00"), "affordability": Decimal("50.00")},
                scored_by=None,
            )
        )

    def test_a_setting_that_was_cleared_leaves_the_built_in_one(self) -> None:
        (made,) = with_setting(None).when(scoring.Score, project="CRANE-7").then_type(project.Scored)
        assert made.model_dump()["model_version"] == 1

    def test_another_model_stands_in_a_setting_of_its_own(self) -> None:
        fields = {"project": "CRANE-7", "model": "lean"}
        command = Intake(SECRET).prepare(scoring.Score, fields, {}).command
        assert command.considers() == ("setting:SCORING.LEAN",)
        given(a_full_proposal()).when(scoring.Score, **fields).refused(UnknownModel, "pmo setting set SCORING.LEAN")
        (made,) = (
            given(a_full_proposal())
            .elsewhere("setting:SCORING.LEAN", *a_scoring_model(SECOND))
            .when(scoring.Score, **fields)
            .then_type(project.Scored)
        )
        assert made.model_dump()["model"] == "LEAN"

    def test_a_models_name_has_to_fit_into_a_settings(self) -> None:
        given(a_full_proposal()).when(scoring.Score, project="CRANE-7", model="M" * 57).refused(BadInput, "--model")
        assert scoring.setting_of("M" * 56)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("not json", "Invalid JSON"),
            ("[1, 2]", "object"),
            ('{"version": 2}', "weights"),
            ('{"weights": {"alignment": 1}}', "version"),
            ('{"version": 0, "weights": {"alignment": 1}}', "version"),
            ('{"version": 2, "weights": {}}', "at least one weight"),
            ('{"version": 2, "weights": {"alignment": 0}}', "at least one weight"),
            ('{"version": 2, "weights": {"alignment": -1}}', "weights.alignment"),
            ('{"version": 2, "weights": {"beauty": 1}}', "weights.beauty"),
            ('{"version": 2, "weights": {"alignment": 1}, "ceiling": 0}', "ceiling"),
            ('{"version": 2, "weights": {"alignment": 1}, "name": "X"}', "name"),
            ('{"version": 2, "weights": {"alignment": 1}, "bonus": 3}', "bonus"),
        ],
    )
    def test_a_bad_setting_is_named(self, text: str, problem: str) -> None:
        rule = with_setting(text).when(scoring.Score, project="CRANE-7")
        rule.refused(BadInput, "The setting SCORING.DEFAULT is no scoring model")
        rule.refused(BadInput, problem)

    def test_without_a_proposal_there_is_nothing_to_score(self) -> None:
        started = on("2026-01-01", project.Started(at_risk=None))
        given(started).when(scoring.Score, project="CRANE-7").refused(NotProposed, "nothing to score")
        given(a_full_proposal()).when(scoring.Score, occurring="2026-01-09", project="CRANE-7").refused(
            NotYet, "was proposed on 2026-01-10, after 2026-01-09"
        )

    def test_it_is_scored_late_and_again(self) -> None:
        later = on("2026-02-10", proposal(**{**FULL, "risk": Decimal(1)}))
        (made,) = (
            given(a_full_proposal(), later)
            .when(scoring.Score, occurring="2026-02-01", project="CRANE-7")
            .then_type(project.Scored)
        )
        assert made.model_dump()["components"]["certainty"] == 80
        given(a_full_proposal(), on("2026-02-01", made)).when(scoring.Score, project="CRANE-7").then_type(
            project.Scored
        )

    def test_a_score_is_corrected(self, office: Office) -> None:
        office.do("project propose", **PROPOSAL)
        (first,) = office.do("project score", project="crane-7").records
        office.do("project propose", Meta(ME, supersedes=1), **PROPOSAL, risk="0.5")
        (second,) = office.do("project score", Meta(ME, supersedes=first.version), project="crane-7").records
        assert isinstance(second.event, project.Scored)
        assert second.event.components["certainty"] == 50


RANK = {"project": "CRANE-7", "ranking": "2026-q3", "rank": 4}


class TestRanking:
    def test_above_and_below_the_cut_line(self) -> None:
        history = given(a_proposed_project())
        history.when(scoring.Rank, **RANK, within=True, decided_by="board").then(
            project.Ranked(ranking="2026-Q3", rank=4, within=True, cut_by=None, decided_by=person("board"))
        )
        history.when(scoring.Rank, **RANK, cut_by="capacity").then(
            project.Ranked(ranking="2026-Q3", rank=4, within=False, cut_by="capacity", decided_by=None)
        )

    @pytest.mark.parametrize("fields", [{}, {"within": False}, {"within": True, "cut_by": "budget"}])
    def test_it_is_one_or_the_other(self, fields: dict[str, Any]) -> None:
        given(a_proposed_project()).when(scoring.Rank, **RANK, **fields).refused(BadInput, "--cut-by")

    def test_places_begin_with_1(self) -> None:
        given(a_proposed_project()).when(scoring.Rank, **{**RANK, "rank": 0}, within=True).refused(BadInput, "--rank")

    @pytest.mark.parametrize(
        "history",
        [
            an_approved_project(),
            a_proposed_project() + on("2026-02-01", project.Deferred(until=None, reason=None, decided_by=None)),
        ],
    )
    def test_what_waits_is_ranked(self, history: ProjectHistory) -> None:
        given(history).when(scoring.Rank, **RANK, within=True).then_type(project.Ranked)

    @pytest.mark.parametrize(
        "history",
        [
            a_running_project(),
            a_completed_project(),
            on("2026-01-01", project.LeftSource(listing="x")),
            a_proposed_project() + on("2026-02-01", project.RejectedProposal(decided_by=person("board"), reason=None)),
        ],
    )
    def test_what_is_no_proposal_is_not_ranked(self, history: ProjectHistory) -> None:
        given(history).when(scoring.Rank, **RANK, within=True).refused(Rejected, "only a proposal")

    def test_a_late_ranking_finds_the_proposal_of_then(self) -> None:
        given(a_running_project()).when(scoring.Rank, occurring="2026-02-20", **RANK, within=True).then_type(
            project.Ranked
        )
