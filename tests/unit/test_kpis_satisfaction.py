"""The KPIs about satisfaction, each case by hand: who answered what, and the figure that follows."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from kpi_world import KpiWorld, Shown, fresh, kpi_world

FEW, TOLD = "fewer than 5 answers", "would tell fewer than 5 answers"
LEADER, MANAGER, MEMBER = "business-leader", "project-manager", "team-member"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def project(world: KpiWorld, unit: str) -> str:
    code = fresh()
    world.tell(f"project:{code}", "proposed", "2026-01-01", unit=unit)
    return code


def answered(
    world: KpiWorld,
    subject: str,
    *satisfaction: int,
    period: str = "2026-Q1",
    on: str = "2026-03-01",
    role: str = MEMBER,
    recommend: tuple[int | None, ...] = (),
    first: int = 1,
) -> str:
    """A survey's answers by one role, numbered from `first` on."""
    stream = f"survey:{subject}/{period}"
    for place, score in enumerate(satisfaction):
        world.tell(
            stream, "response-recorded", on, item=str(first + place), stakeholder_role=role, satisfaction=score,
            scores={}, recommend=recommend[place] if recommend else None,
        )  # fmt: skip
    return stream


def by_role(world: KpiWorld, kpi: str, unit: str) -> dict[str, Decimal | None | tuple[str, ...]]:
    """Each role's value, or why it is left out."""
    figures = world.figures(kpi, by="stakeholder_role", unit=unit)
    return {f.by: tuple(f.left_out) or f.value for f in figures}


def test_csat_is_the_mean_of_each_projects_share_of_4_and_5(world: KpiWorld) -> None:
    unit = world.unit()
    answered(world, project(world, unit), 5, 4, 3, 2, 1)
    answered(world, project(world, unit), *[5] * 10)
    figure = world.figure("csat", unit)
    assert (figure.value, figure.n, figure.left_out) == (Decimal("0.7"), 2, {})


def test_fewer_than_5_answers_are_not_shown_in_any_way(world: KpiWorld) -> None:
    unit = world.unit()
    answered(world, project(world, unit), 5, 5, 5, 1, recommend=(10, 10, 10, 0))
    for kpi in ("csat", "nps"):
        figure = world.figure(kpi, unit)
        assert (figure.value, figure.left_out) == (None, {FEW: 1})
        assert {(row["numerator"], *row["evidence"]) for row in world.rows(kpi, unit)} == {(0,)}


def test_no_survey_is_no_data(world: KpiWorld) -> None:
    unit = world.unit()
    project(world, unit)
    for kpi in ("csat", "nps", "response-rate"):
        assert (world.figure(kpi, unit).value, world.shown(kpi, unit)) == (None, (0, 0, {}))


def test_the_last_survey_counts_and_it_is_the_one_answered_last(world: KpiWorld) -> None:
    unit = world.unit()
    code = project(world, unit)
    answered(world, code, 5, 5, 5, 5, 5, on="2026-03-01")
    answered(world, code, 1, 1, 1, 1, 1, on="2026-05-01", period="2026-Q2")
    assert world.shown("csat", unit) == (0, 5, {})
    assert world.shown("csat", unit, as_of="2026-04-30") == (5, 5, {})
    assert world.shown("csat", unit, period=("2026-01-01", "2026-03-31")) == (5, 5, {})
    assert world.shown("csat", unit, period=("2025-01-01", "2025-12-31")) == (0, 0, {})
    # somebody answers the first survey late
    answered(world, code, 3, on="2026-05-02", first=6)
    assert world.shown("csat", unit) == (5, 6, {})


def test_an_earlier_survey_does_not_stand_in_for_a_last_one_with_few_answers(world: KpiWorld) -> None:
    unit = world.unit()
    code = project(world, unit)
    answered(world, code, 5, 5, 5, 5, 5)
    answered(world, code, 5, period="2026-Q2", on="2026-05-01")
    assert world.shown("csat", unit) == (0, 0, {FEW: 1})


def test_an_answer_counts_once_as_it_was_last_and_a_voided_one_not(world: KpiWorld) -> None:
    unit = world.unit()
    code = project(world, unit)
    stream = answered(world, code, 5, 5, 5, 5, 5)
    answered(world, code, 1, on="2026-03-02", first=5)
    assert world.shown("csat", unit) == (4, 5, {})
    world.tell(stream, "voided", "2026-03-03", supersedes=6)
    assert world.shown("csat", unit) == (5, 5, {})
    world.tell(stream, "voided", "2026-03-04", supersedes=1)
    assert world.shown("csat", unit) == (0, 0, {FEW: 1})
    assert world.shown("csat", unit, known_at="2026-03-03") == (5, 5, {})


def test_a_survey_of_the_pmo_is_of_no_project_but_has_its_response_rate(world: KpiWorld) -> None:
    stream = answered(world, "PMO", 1, 1, 1, 1, 1, recommend=(0, 0, 0, 0, 0), period="2031-Q1", on="2031-03-01")
    world.tell(stream, "invited", "2031-02-01", invited={MEMBER: 10})
    period = ("2031-01-01", "2031-12-31")
    assert world.figures("csat", "2031-12-31", period=period) == []
    assert world.shown("response-rate", "", as_of="2031-12-31", period=period) == (5, 10, {})


def test_a_withdrawn_project_was_recorded_in_error_and_so_was_its_survey(world: KpiWorld) -> None:
    unit = world.unit()
    code = project(world, unit)
    stream = answered(world, code, 5, 5, 5, 5, 5, recommend=(10, 10, 10, 10, 10))
    world.tell(stream, "invited", "2026-02-01", invited={MEMBER: 10})
    world.tell(f"project:{code}", "withdrawn", "2026-04-01")
    for kpi, before in {"csat": (5, 5, {}), "nps": (500, 5, {}), "response-rate": (5, 10, {})}.items():
        assert world.shown(kpi, unit, as_of="2026-03-31") == before
        assert world.shown(kpi, unit) == (0, 0, {})
        assert world.rows(kpi, unit) == []
        assert by_role(world, kpi, unit) == {}


def roles(world: KpiWorld, **answers: int) -> str:
    """A unit with one project, and so many contented answers by role."""
    unit = world.unit()
    code, first = project(world, unit), 1
    for role, number in answers.items():
        answered(world, code, *[5] * number, role=role.replace("_", "-"), recommend=(10,) * number, first=first)
        first += number
    return unit


@pytest.mark.parametrize("kpi", ["csat", "nps"])
def test_each_role_needs_5_answers_of_its_own(world: KpiWorld, kpi: str) -> None:
    full = 100 if kpi == "nps" else 1
    unit = roles(world, business_leader=5, team_member=5)
    assert by_role(world, kpi, unit) == {LEADER: full, MEMBER: full}
    # two small ones hide one another
    unit = roles(world, business_leader=3, project_manager=2, team_member=5)
    assert by_role(world, kpi, unit) == {LEADER: (FEW,), MANAGER: (FEW,), MEMBER: full}
    # one alone would be what the whole leaves, so that the next one is hidden with it
    unit = roles(world, business_leader=6, project_manager=4, team_member=5)
    assert by_role(world, kpi, unit) == {LEADER: full, MANAGER: (FEW,), MEMBER: (TOLD,)}
    assert world.figure(kpi, unit).value == full
    # fewer than 5 in all: nothing is shown, and nothing else needs hiding
    unit = roles(world, business_leader=2, project_manager=2)
    assert by_role(world, kpi, unit) == {LEADER: (FEW,), MANAGER: (FEW,)}


def test_nps_is_in_points_over_all_answers_together(world: KpiWorld) -> None:
    unit = world.unit()
    answered(world, project(world, unit), 3, 3, 3, 3, 3, recommend=(10, 9, 8, 7, 6))
    assert world.figure("nps", unit).value == 20
    answered(world, project(world, unit), *[3] * 15, recommend=(0,) * 15)
    figure = world.figure("nps", unit)
    assert (figure.value, figure.numerator, figure.denominator) == (-70, -1400, 20)


def test_who_did_not_say_whether_they_would_recommend_is_no_answer_of_nps(world: KpiWorld) -> None:
    unit = world.unit()
    answered(world, project(world, unit), 5, 5, 5, 5, 5, 5, recommend=(10, 10, 10, 10, 10, None))
    assert world.shown("nps", unit) == (500, 5, {})
    other = world.unit()
    answered(world, project(world, other), 5, 5, 5, 5, 5, recommend=(10, 10, 10, 10, None))
    assert world.shown("nps", other) == (0, 0, {FEW: 1})
    assert world.shown("csat", other) == (5, 5, {})


RATES: dict[str, tuple[tuple[dict[str, int], ...], dict[str, int], Shown]] = {
    "some": (({LEADER: 5, MEMBER: 10},), {LEADER: 2, MEMBER: 5}, (7, 15, {})),
    "nobody answered": (({LEADER: 5, MEMBER: 10},), {}, (0, 15, {})),
    "everybody answered": (({LEADER: 2},), {LEADER: 2}, (2, 2, {})),
    "a role that was not invited": (({LEADER: 5},), {LEADER: 2, MANAGER: 3}, (2, 5, {"nobody invited": 1})),
    "nobody was invited": ((), {LEADER: 2}, (0, 0, {"nobody invited": 1})),
    "invited anew": (({LEADER: 5}, {LEADER: 8, MEMBER: 2}), {LEADER: 4}, (4, 10, {})),
    "invited nobody of a role": (({LEADER: 5, MEMBER: 0},), {LEADER: 4}, (4, 5, {})),
}


@pytest.fixture(scope="module")
def rates(world: KpiWorld) -> dict[str, str]:
    """The unit of each case; all are landed together."""
    units = {}
    for case, (invitations, answers, _) in RATES.items():
        units[case] = unit = world.unit()
        code, first = project(world, unit), 1
        for number, invited in enumerate(invitations, 1):
            world.tell(f"survey:{code}/2026-Q1", "invited", f"2026-02-0{number}", invited=invited)
        for role, number in answers.items():
            answered(world, code, *[4] * number, role=role, first=first)
            first += number
    return units


@pytest.mark.parametrize("case", RATES)
def test_response_rate(world: KpiWorld, rates: dict[str, str], case: str) -> None:
    assert world.shown("response-rate", rates[case]) == RATES[case][2]


def test_response_rate_by_role(world: KpiWorld, rates: dict[str, str]) -> None:
    assert by_role(world, "response-rate", rates["some"]) == {LEADER: Decimal("0.4"), MEMBER: Decimal("0.5")}


def test_response_rate_is_that_of_surveys_with_something_in_the_period(world: KpiWorld) -> None:
    unit = world.unit()
    stream = answered(world, project(world, unit), 5, on="2026-04-02")
    world.tell(stream, "invited", "2026-03-01", invited={MEMBER: 4})
    assert world.shown("response-rate", unit, as_of="2026-03-31", period=("2026-03-01", "2026-03-31")) == (0, 4, {})
    assert world.shown("response-rate", unit, period=("2026-03-01", "2026-03-31")) == (0, 0, {})
    assert world.shown("response-rate", unit, period=("2026-04-01", "2026-04-30")) == (1, 4, {})
    assert world.rows("response-rate", unit)[0]["evidence"] == [2, 1]
