"""Capacity by hand: supply, plans, placeholders and hours of a few people in a few weeks."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
from kpi_world import KpiWorld, kpi_world, scope_of

from services.projections.capacity import By, Every, Load, loads

MONDAY = dt.date(2026, 3, 2)
NEXT = dt.date(2026, 3, 9)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("capacity")) as opened:
        yield opened


def asked(
    world: KpiWorld, unit: str, by: By, every: Every = "week", as_of: str = "2026-06-30"
) -> dict[tuple[str, dt.date], Load]:
    world.land()
    found = loads(world.clickhouse, scope_of(as_of, unit=unit, period=("2026-03-02", "2026-03-15")), by, every)
    return {(load.group, load.start): load for load in found}


@pytest.fixture(scope="module")
def unit(world: KpiWorld) -> str:
    """One person of 40 hours with a day off, planned 30 hard and 20 soft, who worked 12; and a placeholder of 16."""
    unit = world.unit()
    person = world.person(unit, weekly_hours="40", skills=["Welding", "Rigging"], role="Fitter")
    world.tell(f"person:{person}", "absence-planned", "2026-01-01", item="A1", first_day="2026-03-03",
               last_day="2026-03-03", share="1")  # fmt: skip
    project = world.unit()
    world.tell(f"project:{project}", "proposed", "2026-01-01", unit=unit)
    plan = {"project": project, "first_day": "2026-03-02", "last_day": "2026-03-08", "at_risk": None}
    world.tell(
        f"workload:{person}", "allocation-planned", "2026-01-01", item="P1", weekly_hours="30", hard=True, **plan
    )
    world.tell(
        f"workload:{person}", "allocation-planned", "2026-01-01", item="P2", weekly_hours="20", hard=False, **plan
    )
    world.tell(f"timesheet:{person}/2026-W10", "hours-logged", "2026-03-04", item=f"{project}.2026-03-04",
               project=project, day="2026-03-04", hours="12")  # fmt: skip
    world.tell(f"demand:{project}", "placeholder-planned", "2026-01-01", item="D1", role="Fitter", skill="Welding",
               option_group=None, first_day="2026-03-09", last_day="2026-03-13", weekly_hours="16")  # fmt: skip
    return unit


def test_a_role_has_supply_plans_and_a_gap(world: KpiWorld, unit: str) -> None:
    found = asked(world, unit, "role")
    first, second = found["Fitter", MONDAY], found["Fitter", NEXT]
    assert (first.net, first.hard, first.soft, first.actual) == (32, 30, 20, 12)
    assert first.gap == -18
    assert (second.net, second.placeholders, second.gap) == (40, 16, 24)


def test_by_skill_a_person_counts_under_each(world: KpiWorld, unit: str) -> None:
    found = asked(world, unit, "skill")
    assert [found[skill, MONDAY].net for skill in ("Rigging", "Welding")] == [32, 32]
    assert [found[skill, NEXT].placeholders for skill in ("Rigging", "Welding")] == [0, 16]


def test_by_unit_and_month_everything_adds_up(world: KpiWorld, unit: str) -> None:
    (load,) = asked(world, unit, "unit", "month").values()
    assert (load.start, load.net, load.placeholders) == (dt.date(2026, 3, 1), Decimal(72), Decimal(16))


def test_what_was_not_known_is_not_counted(world: KpiWorld, unit: str) -> None:
    found = asked(world, unit, "unit", as_of="2025-12-31").values()
    assert found and {(load.hard, load.soft, load.placeholders, load.actual) for load in found} == {(0, 0, 0, 0)}


def test_who_is_here_is_free_though_nothing_is_planned_yet(world: KpiWorld) -> None:
    unit = world.unit()
    world.person(unit, role="Fitter")
    found = asked(world, unit, "role", as_of="2026-03-02")
    assert {load.gap for load in found.values()} == {40}


def test_hours_after_the_end_of_a_project_stand_beside(world: KpiWorld) -> None:
    unit = world.unit()
    person, project = world.person(unit, role="Fitter"), world.unit()
    world.tell(f"project:{project}", "proposed", "2026-01-01", unit=unit)
    world.tell(f"workload:{person}", "allocation-planned", "2026-01-01", item="P1", weekly_hours="30", hard=True,
               project=project, first_day="2026-03-02", last_day="2026-03-15", at_risk=None)  # fmt: skip
    world.tell(f"project:{project}", "completed", "2026-03-04")
    found = asked(world, unit, "person")
    assert {start: (load.hard, load.after_end, load.gap) for (_, start), load in found.items()} == {
        MONDAY: (18, 12, 22), NEXT: (0, 30, 40),
    }  # fmt: skip
