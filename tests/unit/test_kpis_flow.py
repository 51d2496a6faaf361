"""The KPIs about flow and maturity, each case by hand."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from kpi_world import KpiWorld, fresh, kpi_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def item(world: KpiWorld, unit: str, *moves: tuple[str, str, str]) -> str:
    code = fresh()
    world.tell(f"project:{code}", "proposed", "2026-01-01", unit=unit)
    stream = f"work:{code}/K1"
    world.tell(stream, "created", "2026-03-01", title=None, status="To do", category="queue")
    for on, happened, status in moves:
        category = {"Doing": "active", "Done": "done"}.get(status, "queue")
        world.tell(stream, happened, on, **({"status": status, "category": category} if status else {}))
    return stream


def flowed(world: KpiWorld, unit: str) -> str:
    return item(
        world, unit, ("2026-03-03", "moved", "Doing"), ("2026-03-05", "blocked", ""), ("2026-03-06", "unblocked", ""),
        ("2026-03-07", "moved", "Review"), ("2026-03-11", "done", "Done"),
    )  # fmt: skip


def test_one_item_from_start_to_done(world: KpiWorld) -> None:
    unit = world.unit()
    flowed(world, unit)
    cycle = world.figure("cycle-time", unit)
    assert (cycle.value, cycle.beside) == (8, {"p85": 8})
    assert world.shown("flow-efficiency", unit) == (3, 8, {})
    assert world.shown("blocked-time", unit)[0] == 1
    assert world.shown("throughput", unit) == (1, 1, {})
    waits = {f.by: f.value for f in world.figures("where-work-waits", by="status", unit=unit)}
    assert waits == {"To do": 2, "Doing": 1, "Review": 4}


def test_a_period_cuts_what_waits_and_what_is_done(world: KpiWorld) -> None:
    unit = world.unit()
    flowed(world, unit)
    period = ("2026-03-08", "2026-03-09")
    assert world.shown("where-work-waits", unit, period=period)[0] == 2
    assert world.shown("throughput", unit, period=period) == (0, 0, {})


def test_reopened_removed_and_never_active_items(world: KpiWorld) -> None:
    unit = world.unit()
    stream = flowed(world, unit)
    world.tell(stream, "reopened", "2026-03-20", status="Doing", category="active")
    assert world.shown("throughput", unit, as_of="2026-03-31") == (0, 0, {})
    assert world.figure("wip-age", unit, as_of="2026-03-31").value == Decimal("28.9583")  # summer time began
    world.tell(stream, "removed", "2026-04-15")
    assert world.figure("wip-age", unit).value is None
    other = world.unit()
    item(world, other, ("2026-03-11", "done", "Done"))
    assert world.shown("cycle-time", other) == (0, 0, {"never active": 1})


def test_maturity_is_the_latest_of_each_unit(world: KpiWorld) -> None:
    unit = world.unit()
    for on, level, target in (("2026-01-01", 2, 4), ("2026-03-01", 3, 5)):
        world.tell(
            f"business-unit:{unit}", "maturity-assessed", on, item="PROJECT", framework="P3M3",
            framework_version="3.0", level=level, perspectives={}, target=target, assessor_type="self",
        )  # fmt: skip
    assert world.figure("maturity", unit).value == 3
    assert world.figure("maturity", unit).beside == {"min": 3, "max": 3}
    assert world.figure("maturity-gap", unit).value == 2
    assert world.figure("maturity", unit, as_of="2026-02-01").value == 2
    world.tell(f"business-unit:{unit}", "retired", "2026-05-01")
    assert world.shown("maturity", unit) == (0, 0, {"unit retired": 1})


def test_fractions_of_days_add_up_without_loss(world: KpiWorld) -> None:
    unit = world.unit()
    # active for 16 h 48 min and, after a review, for 2 h 24 min: 0.7 and 0.1 days
    item(
        world, unit, ("2026-03-03 00:00", "moved", "Doing"), ("2026-03-03 16:48", "moved", "Review"),
        ("2026-03-03 21:36", "moved", "Doing"), ("2026-03-04 00:00", "done", "Done"),
    )  # fmt: skip
    figure = world.figure("flow-efficiency", unit)
    assert (figure.numerator, figure.denominator) == (Decimal("0.8"), 1)
    assert world.figure("cycle-time", unit).value == 1
