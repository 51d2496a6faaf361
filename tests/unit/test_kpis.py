"""What all KPIs share: scope, grouping, names, gaps, and tables that are made anew."""

import datetime as dt
from collections.abc import Iterator

import pytest
from kpi_world import ZONE, KpiWorld, fresh, kpi_world, scope_of

from services.errors import BadInput, NotFound
from services.projections import figures
from services.projections import kpi as kpis
from services.projections.definitions import table
from services.projections.projector import Projector
from services.projections.schema import prepare
from services.projections.scope import Scope


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def late(world: KpiWorld, unit: str, name: str = "Name") -> str:
    return world.project(
        ("2026-01-01 proposed", {"unit": unit, "name": name}),
        ("2026-01-02 baseline-set", {"item": "1", "finish": "2026-03-31"}),
    )


def test_a_unit_takes_in_those_below_and_those_merged_into_it(world: KpiWorld) -> None:
    top = world.unit()
    below, gone, beside = fresh("U"), fresh("U"), world.unit()
    world.tell(f"business-unit:{below}", "registered", "2019-01-01", parent=top, country=None)
    world.tell(f"business-unit:{gone}", "registered", "2019-01-01", parent=beside, country=None)
    world.tell(f"business-unit:{gone}", "merged-into", "2026-05-01", into=below)
    for unit in (top, below, gone, beside):
        late(world, unit)
    assert [f.by for f in world.figures("on-time", unit=top)] == sorted([top, below, gone])
    assert [f.by for f in world.figures("on-time", unit=top, as_of="2026-04-30")] == sorted([top, below])
    assert [f.by for f in world.figures("on-time", unit=beside.lower())] == [beside]


def test_an_unknown_unit_is_refused_with_the_nearest(world: KpiWorld) -> None:
    unit = world.unit()
    with pytest.raises(NotFound, match=f"did you mean .*{unit}"):
        world.figures("on-time", unit=f"{unit}X")
    with pytest.raises(NotFound, match="There is no unit"):
        world.figures("on-time", unit=unit, as_of="2018-12-31")


def test_each_project_stands_alone_even_with_the_same_name(world: KpiWorld) -> None:
    unit = world.unit()
    streams = [late(world, unit, "Twin"), late(world, unit, "Twin")]
    figures = world.figures("on-time", by="project", unit=unit)
    assert [(f.by, f.subject, f.n) for f in figures] == [("Twin", stream, 1) for stream in streams]


def test_the_portfolio_is_one_figure_for_each_standing(world: KpiWorld) -> None:
    unit = world.unit()
    late(world, unit)
    world.project(("2025-01-01 recorded", {"unit": unit, "finish": "2025-03-31"}))
    figures = world.figures("on-time", by="portfolio", unit=unit)
    assert [(f.by, f.standing, f.n) for f in figures] == [("portfolio", "governed", 1), ("portfolio", "observed", 0)]


def test_people_are_shown_by_name_until_it_is_erased(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    world.tell(f"timesheet:{person}/2026-W10", "submitted", "2026-03-09")
    directory = Projector(world.clickhouse)
    directory.land_directory([(1, f"person:{person}", "name", "Ann Other")])
    period = ("2026-03-02", "2026-03-08")
    assert [row["label"] for row in world.rows("utilization", unit, period=period)] == ["Ann Other"]
    directory.land_directory([(2, f"person:{person}", "name", None)])
    assert [row["label"] for row in world.rows("utilization", unit, period=period)] == [person]
    assert person in [f.by for f in world.figures("utilization", by="project", period=period)]


def test_a_gap_in_a_history_is_said(world: KpiWorld) -> None:
    unit = world.unit()
    stream = late(world, unit)
    assert world.figure("on-time", unit).incomplete == 0
    world.tell(stream, "started", "2026-01-05")
    world.tell(stream, "put-on-hold", "2026-02-01")
    world.lose(-2)
    assert world.figure("on-time", unit).incomplete == 1
    assert stream in figures.incomplete_streams(world.clickhouse)
    assert figures.incomplete_streams(world.clickhouse, frozenset({"person"})) == frozenset()


def test_a_gap_in_another_stream_that_a_figure_rests_on_is_said_too(world: KpiWorld) -> None:
    unit, code = world.unit(), fresh("S")
    world.tell(f"adoption:{code}/{unit}", "mandated", "2026-01-01", due="2026-12-31")
    world.tell(f"standard:{code}", "published", "2026-01-01", edition="1")
    world.tell(f"standard:{code}", "revised", "2026-02-01", edition="2")
    lost = world.lose(-2)
    assert world.figure("adoption", unit).incomplete == 1
    world.find(lost)
    assert world.figure("adoption", unit).incomplete == 0


def test_what_a_figure_rests_on_is_found_through_all_views() -> None:
    assert figures.kinds_read(kpis.find_kpi("utilization").sql) == {
        "person", "business-unit", "timesheet", "workload", "setting",
    }  # fmt: skip


def test_an_unknown_kpi_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean on-time"):
        kpis.find_kpi("ontime")


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(BadInput, match="swap"):
        Scope(dt.date(2026, 1, 1), ZONE, period_from=dt.date(2026, 1, 2), period_to=dt.date(2026, 1, 1))


def test_a_day_ends_in_the_organisations_time_zone(world: KpiWorld) -> None:
    unit = world.unit()
    world.project(
        ("2026-01-01 proposed", {"unit": unit}),
        ("2026-01-02 baseline-set", {"item": "1", "finish": "2026-03-31"}),
        "2026-03-31 23:59 completed",
    )
    assert world.shown("on-time", unit, as_of="2026-03-31") == (1, 1, {})
    assert scope_of("2026-03-31").as_of_k < scope_of("2026-04-01").as_of_k


def test_a_table_made_anew_is_filled_from_what_has_landed(world: KpiWorld) -> None:
    unit = world.unit()
    late(world, unit)
    before = world.figure("on-time", unit)
    clickhouse = world.clickhouse
    for name in ("project_events", "corrections"):
        clickhouse.command(f"DROP TABLE {table(name).physical} SYNC")
    # as an older program would have left it: `events` under another hash
    clickhouse.command(f"RENAME TABLE {table('events').physical} TO events__older")
    clickhouse.command("CREATE OR REPLACE VIEW events AS SELECT * FROM events__older")
    clickhouse.command("INSERT INTO definitions (workspace, fingerprint) VALUES ('test', 'older')")
    held = clickhouse.scalar("SELECT uniqExact(stream, version) FROM events")
    prepare(clickhouse, "test")
    assert clickhouse.scalar("SELECT uniqExact(stream, version) FROM events") == held
    world.forget()
    assert world.figure("on-time", unit) == before


def test_calendars_are_filled_for_the_countries_that_are_named(world: KpiWorld) -> None:
    world.unit(country="NZ-AUK")
    world.land()
    shown = world.clickhouse.rows("SELECT country, weekend, length(days) AS n FROM calendars WHERE country = 'NZ-AUK'")
    assert [(row["weekend"], row["n"] > 500) for row in shown] == [([6, 7], True)]
