"""What stands behind a figure: its rows and the events behind them, each case by hand."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from controls_world import PERSONS, day
from kpi_world import KpiWorld, kpi_world, scope_of

from services.audit.explain import Explanation as ControlExplanation
from services.audit.explain import explain as explain_control
from services.projections.checking import find_control
from services.projections.explain import Explanation, explain
from services.projections.kpi import FOLDER, parse_kpi
from services.projections.projector import Projector

PLAN = ("2026-01-02 approved", ("2026-01-03 baseline-set", {"finish": dt.date(2026, 3, 31)}), "2026-01-05 started")
AS_OF = "2026-06-30"
ON_TIME = parse_kpi((FOLDER / "on_time.sql").read_text(), "on_time.sql")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("explained")) as made:
        yield made


@pytest.fixture(scope="module")
def unit(world: KpiWorld) -> str:
    """One project that ended in time, one that is late and one that was cancelled."""
    code = world.unit()
    for last in ("2026-03-30 completed", "2026-03-30 progress-reported", "2026-03-30 cancelled"):
        world.project(("2026-01-01 proposed", {"unit": code}), *PLAN, last)
    world.land()
    return code


def of(world: KpiWorld, unit: str, **how: str | bool | int | None) -> Explanation:
    return explain(world.clickhouse, ON_TIME, scope_of(AS_OF, unit=unit), **how)  # type: ignore[arg-type]


def test_each_row_names_the_events_it_rests_on(world: KpiWorld, unit: str) -> None:
    found = of(world, unit)
    assert found.of == 2
    [figure] = found.figures
    assert (figure.n, str(figure.value), dict(figure.left_out)) == (2, "0.5", {"cancelled": 1})
    assert sorted([event.type for event in row.events] for row in found.rows) == [
        ["pmo.project.baseline-set.v1"],
        ["pmo.project.baseline-set.v1", "pmo.project.completed.v1"],
    ]
    completed = max((row for row in found.rows), key=lambda row: len(row.events)).events[1]
    assert completed.event.endswith("/5")
    assert completed.occurred_at == day("2026-03-30")
    assert (completed.actor, completed.authenticated) == ("system:test", False)


def test_what_is_left_out_is_explained_on_request(world: KpiWorld, unit: str) -> None:
    assert sorted(row.excluded for row in of(world, unit, left_out=True).rows) == ["", "", "cancelled"]
    out = next(row for row in of(world, unit, left_out=True).rows if row.excluded)
    assert [row.subject for row in of(world, unit, subject=out.subject).rows] == [out.subject]


def test_only_the_first_rows_are_looked_into_and_all_are_counted(world: KpiWorld, unit: str) -> None:
    found = of(world, unit, most=1)
    assert (len(found.rows), found.of) == (1, 2)
    assert of(world, unit, subject="project:NONE").rows == ()


def test_who_recorded_an_event_has_a_name_where_the_directory_knows_one(world: KpiWorld) -> None:
    code = world.unit()
    stream = world.project(("2026-01-01 proposed", {"unit": code}), *PLAN)
    Projector(world.clickhouse).land_directory([(1, f"person:{PERSONS['ann']}", "name", "Ann Other")])
    record = world.tell(stream, "completed", "2026-03-30")
    world.lose(-1)
    world.find(replace(record, actor=f"person:{PERSONS['ann']}", actor_auth="authenticated"))
    world.land()
    [row] = of(world, code).rows
    assert [(event.actor, event.authenticated) for event in row.events] == [("system:test", False), ("Ann Other", True)]


def of_control(world: KpiWorld, unit: str, **how: str | bool | int | None) -> ControlExplanation:
    return explain_control(world.clickhouse, find_control("1"), scope_of(AS_OF, unit=unit), **how)  # type: ignore[arg-type]


def test_an_occasion_names_the_event_that_activated_it_and_those_that_decided_it(world: KpiWorld) -> None:
    code = world.unit()
    fine = world.project(("2026-01-01 proposed", {"unit": code}), *PLAN)
    late = world.project(("2026-01-01 proposed", {"unit": code}), "2026-01-01 started", *PLAN[:2])
    shown = world.project(("2026-01-01 recorded", {"unit": code, "status": "running"}))
    world.land()
    found = of_control(world, code)
    # what went against the control first; where only a source's states are known, on request
    told = [(case.occasion.subject, case.occasion.result) for case in found.cases]
    assert (told[0][0], told[-1]) == (late, (fine, "satisfied"))
    assert told[0][1] == "cured late"
    assert [case.events[0].type for case in found.cases] == ["pmo.project.started.v1"] * 2
    for case in found.cases:
        assert {event.event for event in case.events} == {case.occasion.activating, *case.occasion.evidence}
    assert [event.event for event in found.cases[-1].events] == [f"{fine}/{version}" for version in (4, 2, 3)]
    assert sum(score.activated for score in found.scores) == found.of == 2
    assert [case.occasion.subject for case in of_control(world, code, left_out=True).cases] == [late, fine, shown]
    assert [case.occasion.subject for case in of_control(world, code, subject=shown).cases] == [shown]
    assert [case.occasion.subject for case in of_control(world, code, most=1).cases] == [late]
    assert of_control(world, code, most=1).of == 2
