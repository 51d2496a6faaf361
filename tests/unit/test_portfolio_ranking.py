"""The ranking of open proposals: its order, the cut line, and what another budget would change."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from controls_world import fresh
from kpi_world import KpiWorld, kpi_world, scope_of

from services.errors import BadInput, NotFound
from services.portfolio.ranking import Limits, Proposal, compared, limit, problems, proposals, rank, recordable
from services.projections.kpi import lint
from services.projections.queries import FOLDER, ask


def proposal(code: str, score: int | None, cost: int | None = 100, **more: Any) -> Proposal:
    plain: dict[str, Any] = {"name": code, "unit": "OPS", "status": "proposed", "model": "DEFAULT v1",
                             "computed": False, "value": Decimal(100), "hours": Decimal(0)}  # fmt: skip
    return Proposal(
        project=code,
        score=None if score is None else Decimal(score),
        cost=None if cost is None else Decimal(cost),
        **{**plain, **more},
    )


def order(found: list[Proposal], **limits: Any) -> list[tuple[str, str]]:
    return [(place.proposal.project, place.cut_by) for place in rank(found, Limits(**limits)).places]


def test_by_score_then_value_per_cost_then_code() -> None:
    found = [
        proposal("D", 50),
        proposal("C", 50),
        proposal("B", 50, value=Decimal(300)),
        proposal("A", 60),
        proposal("E", 50, value=None),
    ]
    assert [code for code, _ in order(found)] == ["A", "B", "C", "D", "E"]


def test_what_does_not_fit_is_cut_by_the_limit_and_smaller_ones_may_still_fit() -> None:
    found = [
        proposal("A", 90, 60),
        proposal("B", 80, 60),
        proposal("C", 70, 40, hours=Decimal(9)),
        proposal("D", 60, 1),
    ]
    ranking = rank(found, Limits(Decimal(101), Decimal(8)))
    assert [(p.proposal.project, p.cut_by) for p in ranking.places] == [
        ("A", ""), ("B", "budget"), ("C", "capacity"), ("D", ""),
    ]  # fmt: skip
    assert ranking.cut_line == 2 and ranking.taken == {"A", "D"}
    assert [(p.spent, p.used) for p in ranking.places][-1] == (61, 0)


def test_exactly_the_budget_fits() -> None:
    assert order([proposal("A", 90, 100)], budget=Decimal(100)) == [("A", "")]
    assert rank([proposal("A", 90)], Limits()).cut_line is None
    assert rank([], Limits()).places == ()


def test_unscored_and_without_a_budget_come_last_and_are_never_taken() -> None:
    found = [proposal("A", None, 1), proposal("B", 99, None), proposal("C", 1)]
    assert order(found) == [("C", ""), ("B", "no budget"), ("A", "unscored")]
    fields, left = recordable(rank(found, Limits()))
    assert fields == [{"project": "C", "rank": 1, "within": True}] and left == ["B", "A"]


def test_what_if() -> None:
    found = [proposal("A", 90, 60), proposal("B", 80, 40), proposal("C", 70, 50)]
    base = rank(found, Limits(Decimal(100)))
    more = compared(base, rank(found, Limits(Decimal(150))))
    assert [p.proposal.project for p in more.comes_in] == ["C"] and more.falls_out == ()
    less = compared(base, rank(found, Limits(Decimal(60))))
    assert [(p.proposal.project, why) for p, why in less.falls_out] == [("B", "budget")]
    without = compared(base, rank(found, Limits(Decimal(100), without=frozenset({"A"}))))
    assert [(p.proposal.project, why) for p, why in without.falls_out] == [("A", "left aside")]
    assert [p.proposal.project for p in without.comes_in] == ["C"]
    with pytest.raises(NotFound, match="no open proposal 'Z'"):
        rank(found, Limits(without=frozenset({"Z"})))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), (None, None)),
        (("2000000",), (2_000_000, 2_000_000)),
        (("2,000,000", "+10%"), (2_000_000, 2_200_000)),
        (("100", "-25%"), (100, 75)),
        (("100", "-40"), (100, 60)),
        (("100", "250"), (100, 250)),
    ],
)
def test_a_limit_and_its_change(said: tuple[str, ...], expected: tuple[int | None, int | None]) -> None:
    assert limit(said, "--budget") == expected


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (("+10%",), "changes a base case"),
        (("10%",), "is not an amount"),
        (("much",), "is not an amount"),
        (("NaN",), "is not an amount"),
        (("1e30",), "is not an amount"),
        (("2,5",), "is not an amount"),
        (("2000000,50",), "is not an amount"),
        (("1,0000",), "is not an amount"),
        (("100", "-200"), "less than nothing"),
        (("100", "+1", "+2"), "at most one change"),
    ],
)
def test_a_limit_that_is_none(said: tuple[str, ...], because: str) -> None:
    with pytest.raises(BadInput, match=because):
        limit(said, "--budget")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("ranking")) as made:
        yield made


def proposed(world: KpiWorld, unit: str, *more: Any, **fields: Any) -> str:
    plain = {"unit": unit, "budget": 1000, "value": 3000, "risk": "0.5", "name": "N"}
    return world.project(("2026-01-01 proposed", {**plain, **fields}), *more).partition(":")[2]


def test_open_proposals_with_score_cost_and_hours(world: KpiWorld) -> None:
    unit = world.unit()
    scored = proposed(world, unit, ("2026-01-05 scored", {"model": "VALUE", "model_version": 3, "score": 61}))
    computed = proposed(world, unit)
    bare = proposed(world, unit, budget=None, value=None, risk=None)
    approved = proposed(
        world,
        unit,
        "2026-01-03 approved",
        ("2026-01-04 baseline-set", {"item": "1", "budget": 2000, "currency": "EUR"}),
    )
    for step in ("started", "rejected", "cancelled", "withdrawn"):
        proposed(world, unit, f"2026-01-06 {step}")
    for number, option in enumerate((None, "X", "X")):
        world.tell(f"demand:{scored}", "placeholder-planned", "2026-01-07", item=f"D{number}", role="PM",
                   first_day="2026-02-02", last_day="2026-02-15", weekly_hours=10, option_group=option)  # fmt: skip
    world.land()
    found, model = proposals(world.clickhouse, scope_of("2026-06-30", unit=unit))
    by_code = {each.project: each for each in found}
    assert set(by_code) == {scored, computed, bare, approved}
    assert (by_code[scored].score, by_code[scored].model, by_code[scored].computed) == (61, "VALUE v3", False)
    # of the two that are alternatives one counts
    assert by_code[scored].hours == 40 and by_code[scored].density == 3
    assert by_code[computed].model == f"{model.name} v{model.version}" and by_code[computed].computed
    assert by_code[approved].cost == 2000 and by_code[approved].status == "approved"
    assert by_code[bare].cost is None


def test_a_missing_rate_is_named_and_a_known_one_is_used(world: KpiWorld) -> None:
    unit = world.unit()
    code = proposed(world, unit, currency="GBP")
    world.land()
    scope = scope_of("2026-06-30", unit=unit)
    [lacking], _ = proposals(world.clickhouse, scope)
    assert (lacking.cost, lacking.value, lacking.problem and lacking.problem.short) == (
        None, None, "no rate: GBP 2026-01-01",
    )  # fmt: skip
    ranking = rank([proposal("A", 1), lacking], Limits())
    assert [(place.proposal.project, place.cut_by) for place in ranking.places] == [("A", ""), (code, "no rate")]
    assert [f"no exchange rate for GBP on 2026-01-01, which {code} needs" in str(p) for p in problems(ranking)] == [
        True
    ]
    assert recordable(ranking)[1] == [code]
    world.tell(
        "rate:GBP", "set", "2025-12-01", item="2025-12-01", first_day="2025-12-01", to_currency="EUR", rate="1.2"
    )
    world.land()
    [found], _ = proposals(world.clickhouse, scope)
    assert (found.cost, found.value) == (1200, 3600)


def test_both_times_hold(world: KpiWorld) -> None:
    unit = world.unit()
    proposed(world, unit, "2026-03-01 rejected")
    world.tell(f"project:{fresh()}", "proposed", "2026-02-01", recorded="2026-05-01", unit=unit)
    world.land()
    assert len(proposals(world.clickhouse, scope_of("2026-02-15", known_at="2026-02-20", unit=unit))[0]) == 1
    assert len(proposals(world.clickhouse, scope_of("2026-02-15", unit=unit))[0]) == 2
    assert len(proposals(world.clickhouse, scope_of("2026-06-30", unit=unit))[0]) == 1


def test_the_portfolio_at_a_glance(world: KpiWorld) -> None:
    unit = world.unit()
    steps = (
        ("2026-01-01 proposed", {"unit": unit, "name": "Quay", "manager": "A" * 20, "budget": 500}),
        "2026-01-02 approved",
        ("2026-01-03 baseline-set", {"item": "1", "finish": "2026-03-31", "budget": 1000}),
        "2026-01-05 started",
        ("2026-03-01 progress-reported", {"data_date": "2026-03-01", "forecast_finish": "2026-04-30", "rag": "amber"}),
    )
    late, done = world.project(*steps), world.project(*steps, "2026-03-21 completed")
    world.land()
    rows = {row["stream"]: row for row in ask(world.clickhouse, "portfolio", scope_of("2026-04-10", unit=unit))}
    assert (rows[late]["slip"], rows[late]["rag"], rows[late]["report_age"]) == (30, "amber", 40)
    assert rows[done]["slip"] == -10 and rows[late]["budget"] == 1000
    later = {row["stream"]: row for row in ask(world.clickhouse, "portfolio", scope_of("2026-06-30", unit=unit))}
    # a forecast in the past is no forecast
    assert later[late]["slip"] == 91


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.stem)
def test_queries_read_only_views_with_both_times(path: Path) -> None:
    sql = "\n".join("" if line.startswith("--") else line for line in path.read_text().splitlines())
    assert list(lint(sql)) == []
