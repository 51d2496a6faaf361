"""Benchmarks: units, periods and published figures beside one another, and never without n and interval."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from kpi_world import NO_FIGURE, KpiWorld, kpi_world, scope_of

from services.benchmarks import compare
from services.benchmarks.industry import Cited, cited_with, shipped
from services.errors import BadInput, NotFound
from services.projections.kpi import find_kpi
from services.projections.queries import check_unit

ON_TIME = find_kpi("on-time")
ROW = """
- {id: ours, figure: Ours, value: 0.5, kpi: on-time, source: Survey, year: 2025, population: Ports, unit: projects,
   wording: on time}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    """GOOD is on time in 20 of 20, BAD in none of 20, SMALL in 1 of 2; OLD is retired."""
    with kpi_world(tmp_path_factory.mktemp("benchmarks")) as made:
        for code in ("GOOD", "BAD", "SMALL", "OLD"):
            made.tell(f"business-unit:{code}", "registered", "2019-01-01", parent=None, country=None)
        made.tell("business-unit:OLD", "retired", "2026-01-01", reason=None)
        for unit, n, met in (("GOOD", 20, 20), ("BAD", 20, 0), ("SMALL", 2, 1)):
            for number in range(n):
                done = "2026-03-31" if number < met else "2026-05-01"
                made.project(
                    ("2026-01-01 proposed", {"unit": unit}),
                    "2026-01-02 approved",
                    ("2026-01-03 baseline-set", {"finish": "2026-03-31"}),
                    "2026-01-05 started",
                    f"{done} completed",
                )
        made.land()
        yield made


def test_each_unit_is_set_against_the_rest(world: KpiWorld) -> None:
    rows = {row.figure.by: row for row in compare.by_unit(world.clickhouse, ON_TIME, scope_of("2026-06-30"))}
    good = rows["GOOD"]
    assert good.rest is not None and (good.rest.numerator, good.rest.n) == (1, 22)
    assert good.difference == 1 - Decimal(1) / 22
    assert good.interval is not None and good.interval.low == Decimal("0.8389") and not good.interval.approximate
    assert good.apart


def test_best_and_worst_only_where_no_interval_overlaps(world: KpiWorld) -> None:
    rows = compare.by_unit(world.clickhouse, ON_TIME, scope_of("2026-06-30"))
    # one of two may be anything from 9 to 91 %, so that it hides both
    assert {row.figure.by: row.mark for row in rows} == {"BAD": "", "GOOD": "", "SMALL": ""}
    figures = [row.figure for row in rows if row.figure.by != "SMALL"]
    intervals = [compare.interval_of(ON_TIME, figure) for figure in figures]
    assert compare._marks(ON_TIME, figures, intervals) == ["worst", "best"]
    assert compare._marks(replace(ON_TIME, better="lower"), figures, intervals) == ["best", "worst"]
    assert compare._marks(replace(ON_TIME, better="neither"), figures, intervals) == ["", ""]


def test_a_median_is_measured_again_without_the_unit(world: KpiWorld) -> None:
    median = replace(ON_TIME, aggregator="median", measure="days")
    rows = {row.figure.by: row for row in compare.by_unit(world.clickhouse, median, scope_of("2026-06-30"))}
    assert rows["GOOD"].rest is not None and rows["GOOD"].rest.value == 0 and rows["GOOD"].rest.n == 22
    assert rows["GOOD"].interval is None and rows["GOOD"].mark == ""


@pytest.mark.parametrize(
    ("figure", "interval"),
    [
        (replace(NO_FIGURE, value=Decimal("1.2"), n=5), None),
        (NO_FIGURE, None),
        (replace(NO_FIGURE, value=Decimal("0.5"), denominator=Decimal(40), n=4), True),
        (replace(NO_FIGURE, value=Decimal("0.5"), denominator=Decimal(4), n=4), False),
    ],
)
def test_an_interval_says_when_it_is_approximate(figure: compare.Figure, interval: bool | None) -> None:
    found = compare.interval_of(ON_TIME, figure)
    assert (found.approximate if found else None) is interval


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (None, ["2025-07-01 2026-06-30", "2024-07-01 2025-06-30"]),
        (("2026-04-01", "2026-06-30"), ["2026-04-01 2026-06-30", "2026-01-01 2026-03-31", "2025-04-01 2025-06-30"]),
        (("2026-04-10", "2026-04-19"), ["2026-04-10 2026-04-19", "2026-03-31 2026-04-09", "2025-04-10 2025-04-19"]),
        (("2024-02-01", "2024-02-29"), ["2024-02-01 2024-02-29", "2024-01-01 2024-01-31", "2023-02-01 2023-02-28"]),
    ],
)
def test_the_periods_before(period: tuple[str, str] | None, expected: list[str]) -> None:
    found = compare.periods(scope_of("2026-06-30", period=period))
    assert [f"{first} {last}" for _, first, last in found] == expected


def test_the_same_day_of_a_shorter_month() -> None:
    assert compare.months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert compare.months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert compare.months_before(date(2026, 1, 15), 13) == date(2024, 12, 15)


def test_a_period_against_those_before(world: KpiWorld) -> None:
    rows = compare.by_period(world.clickhouse, ON_TIME, scope_of("2026-03-31", period=("2026-01-01", "2026-03-31")))
    now, before, year = rows
    # BAD and half of SMALL are still open on the last day of March
    assert now.figure is not None and (now.figure.numerator, now.figure.n) == (21, 42)
    assert before.figure is None and year.figure is None and before.difference is None


def test_a_published_figure_of_another_unit_is_shown_with_a_warning(world: KpiWorld) -> None:
    rows = compare.by_industry(world.clickhouse, ON_TIME, scope_of("2026-06-30"), shipped())
    said = {row.cited.id: row for row in rows}
    assert said["pmi-2021-time"].warnings == ("theirs counts respondents' estimates, ours projects",)
    assert said["chaos-2015-time"].warnings == ("its method is disputed: Eveleens and Verhoef (2010)",)
    assert said["chaos-2015-time"].difference == Decimal("0.5") - Decimal("0.40")
    assert said["chaos-2015-time"].outside is False
    assert "organisations" in said["wellingtone-2025-time"].warnings[0]


def test_ours_without_data_is_still_beside_theirs(world: KpiWorld) -> None:
    rows = compare.by_industry(world.clickhouse, ON_TIME, scope_of("2020-01-01"), shipped())
    assert rows and all(row.figure is None and row.difference is None for row in rows)
    assert "ours nothing yet" in rows[0].warnings[0]


def test_what_is_no_share_is_said_to_be_none(world: KpiWorld) -> None:
    level = replace(ON_TIME, measure="level")
    [row] = compare.by_industry(world.clickhouse, level, scope_of("2026-06-30"), [cited(kpi="on-time")])
    assert row.warnings == ("theirs is a share, ours is measured in level",) and row.difference is None


def cited(**given: object) -> Cited:
    plain = {"id": "x", "figure": "X", "value": "0.5", "kpi": "on-time", "source": "S", "year": 2025,
             "population": "P", "unit": "projects", "wording": "w"}  # fmt: skip
    return Cited.model_validate({**plain, **given})


def test_the_shipped_rows_name_source_year_population_and_unit() -> None:
    assert len({row.id for row in shipped()}) == len(shipped()) == 17
    assert {row.value for row in shipped() if row.source.endswith("2021")} == {
        Decimal("0.73"), Decimal("0.62"), Decimal("0.55"), Decimal("0.094"),
    }  # fmt: skip


def test_rows_of_ones_own(tmp_path: Path) -> None:
    assert cited_with(tmp_path) == shipped()
    (tmp_path / "benchmarks.yaml").write_text(ROW)
    assert cited_with(tmp_path)[-1].id == "ours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: x", "benchmarks.yaml, line 1: it must be a list"),
        (ROW.replace("0.5", "much"), "line 2: 0.value: Input should be a valid decimal"),
        (ROW.replace("projects", "people"), "line 2: 0.unit: Input should be 'projects', 'organisations'"),
        (ROW.replace("on time}", "on time, page: 3}"), "0.page: Extra inputs are not permitted"),
        (ROW + ROW.strip(), "there is a row ours already"),
        (ROW.replace("ours", "pmi-2021-time", 1), "there is a row pmi-2021-time already"),
        ("- {id: x", "it is not YAML"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "benchmarks.yaml").write_text(text)
    with pytest.raises(BadInput) as refused:
        cited_with(tmp_path)
    assert said in str(refused.value)


def test_a_unit_that_is_unknown_or_retired(world: KpiWorld) -> None:
    check_unit(world.clickhouse, scope_of("2025-12-31", unit="OLD"))
    with pytest.raises(BadInput, match="Unit OLD was retired on 2026-01-01; --as-of 2025-12-31 shows the time"):
        check_unit(world.clickhouse, scope_of("2026-06-30", unit="OLD"))
    with pytest.raises(NotFound, match="did you mean GOOD"):
        check_unit(world.clickhouse, scope_of("2026-06-30", unit="GOD"))
