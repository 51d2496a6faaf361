"""The KPIs about load, demand and forecasts of hours, each case by hand."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
from kpi_world import KpiWorld, fresh, kpi_world

WEEK = ("2026-05-04", "2026-05-10")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("kpis")) as made:
        yield made


def plan(
    world: KpiWorld, person: str, hours: int, first: str = "2026-05-04", last: str = "2026-05-10", *,
    hard: bool = True, on: str = "2026-01-05", item: str = "A",
) -> None:  # fmt: skip
    world.tell(
        f"workload:{person}", "allocation-planned", on, item=item, project="P1", first_day=first, last_day=last,
        weekly_hours=hours, hard=hard,
    )  # fmt: skip


def test_committed_load_takes_hard_hours_over_net_capacity(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit, weekly_hours=20)
    world.tell(
        f"person:{person}", "absence-planned", "2026-04-01",
        item="A", first_day="2026-05-04", last_day="2026-05-04", share=1,
    )  # fmt: skip
    plan(world, person, 10)
    plan(world, person, 8, hard=False, item="B")
    world.person(unit)
    assert world.shown("committed-load", unit, period=WEEK) == (10, 16 + 40, {})
    assert world.shown("forecast-load", unit, period=WEEK) == (18, 56, {})


def test_a_week_that_is_planned_in_part_counts_by_the_working_day(world: KpiWorld) -> None:
    unit = world.unit()
    plan(world, world.person(unit), 20, "2026-05-07", "2026-05-12")
    assert world.shown("committed-load", unit, period=WEEK) == (8, 40, {})
    assert world.shown("committed-load", unit, period=("2026-05-11", "2026-05-17")) == (8, 40, {})


def test_over_allocated_weeks_among_those_with_a_plan(world: KpiWorld) -> None:
    unit = world.unit()
    for hours in (40, 41):
        plan(world, world.person(unit), hours)
    world.person(unit)
    assert world.shown("over-allocated", unit, period=WEEK) == (1, 2, {})


def test_who_left_has_no_capacity_and_stands_beside(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    plan(world, person, 10, "2026-03-02", "2026-03-08")
    world.tell(f"person:{person}", "left", "2026-02-01")
    assert world.shown("committed-load", unit, period=("2026-03-02", "2026-03-08")) == (0, 0, {})
    beside = world.figure("committed-load", "", period=("2026-03-02", "2026-03-08")).left_out
    assert beside == {"not here that week": 1}


def needed(world: KpiWorld, unit: str) -> str:
    code = fresh()
    world.tell(f"project:{code}", "proposed", "2026-01-01", unit=unit)
    for item, hours, group in (("X", 10, "G"), ("Y", 30, "G"), ("Z", 5, None)):
        world.tell(
            f"demand:{code}", "placeholder-planned", "2026-01-05", item=item, role="DEV", skill="python",
            option_group=group, first_day="2026-05-04", last_day="2026-05-10", weekly_hours=hours,
        )  # fmt: skip
    return code


def test_alternatives_of_an_option_group_count_once(world: KpiWorld) -> None:
    unit = world.unit()
    code = needed(world, unit)
    beside = {"alternative of an option group": 1}
    assert world.shown("unmet-demand", unit, period=WEEK) == (35, 2, beside)
    assert world.shown("forecast-load", unit, period=WEEK) == (35, 0, beside)
    world.tell(f"demand:{code}", "placeholder-withdrawn", "2026-02-01", item="Y")
    assert world.shown("unmet-demand", unit, period=WEEK) == (15, 2, {})
    world.tell(f"project:{code}", "cancelled", "2026-03-01", cause="other")
    assert world.shown("unmet-demand", unit, period=WEEK) == (0, 0, {"project cancelled": 2})


def test_by_skill_a_person_counts_under_each(world: KpiWorld) -> None:
    unit = world.unit()
    plan(world, world.person(unit, skills=("sql", "python")), 10)
    found = {f.by: f.denominator for f in world.figures("committed-load", by="skill", unit=unit, period=WEEK)}
    assert found == {"python": 40, "sql": 40}
    assert world.figure("committed-load", unit, period=WEEK).denominator == 40


def test_the_forecast_is_what_was_known_four_weeks_before(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    plan(world, person, 20, on="2026-04-06")
    world.tell(
        f"workload:{person}", "allocation-revised", "2026-04-07", item="A", project="P1",
        first_day="2026-05-04", last_day="2026-05-10", weekly_hours=30,
    )  # fmt: skip
    stream = f"timesheet:{person}/2026-W19"
    world.tell(stream, "hours-logged", "2026-05-04", item="P1.a", project="P1", day=dt.date(2026, 5, 4), hours=16)
    assert world.figure("forecast-accuracy", unit, period=WEEK).value is None
    world.tell(stream, "submitted", "2026-05-11")
    assert world.figure("forecast-accuracy", unit, period=WEEK).value == Decimal("0.8")
    assert world.figure("forecast-bias", unit, period=WEEK).value == Decimal("-0.2")


def test_a_calendar_of_ones_own_and_the_country_of_a_unit_above(world: KpiWorld) -> None:
    top = world.unit(country="AT")
    below = fresh("U")
    world.tell(f"business-unit:{below}", "registered", "2019-01-01", parent=top, country=None)
    world.person(below)
    plan(world, world.person(below), 1)
    period = ("2026-05-11", "2026-05-17")
    assert world.shown("committed-load", below, period=period) == (0, 64, {})
    said = '{"days_off":["2026-05-15"],"working_days":["2026-05-14"]}'
    world.tell("setting:CALENDAR.AT", "set", "2026-01-01", value=said)
    assert world.shown("committed-load", below, period=WEEK)[1] == 80
    assert world.shown("committed-load", below, period=("2026-05-18", "2026-05-24"))[1] == 80
    assert world.shown("committed-load", below, period=period)[1] == 64
    world.tell("setting:CALENDAR.AT", "set", "2026-02-01", value='{"days_off":["2026-05-15"],"working_days":[]}')
    assert world.shown("committed-load", below, period=period)[1] == 48


def test_what_is_planned_after_the_end_of_a_project_is_no_load(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    code, other = fresh(), fresh()
    for project in (code, other):
        world.tell(f"project:{project}", "proposed", "2026-01-01", unit=unit)
    for item, project, hours, hard in (("A", code, 50, True), ("B", code, 10, False), ("C", other, 5, True)):
        world.tell(
            f"workload:{person}", "allocation-planned", "2026-01-05", item=item, project=project,
            first_day="2026-05-04", last_day="2026-05-17", weekly_hours=hours, hard=hard,
        )  # fmt: skip
    after = ("2026-05-11", "2026-05-17")
    assert world.shown("over-allocated", unit, period=WEEK) == (1, 1, {})
    # on a Wednesday, of the day itself: three of five days count
    world.tell(f"project:{code}", "completed", "2026-05-06")
    beside = {"project ended": 1}
    assert world.shown("committed-load", unit, period=WEEK) == (30 + 5, 40, beside)
    assert world.shown("forecast-load", unit, period=WEEK) == (36 + 5, 40, beside)
    assert world.shown("over-allocated", unit, period=WEEK) == (1, 1, beside)
    assert world.shown("committed-load", unit, period=after) == (5, 40, beside)
    assert world.shown("over-allocated", unit, period=after) == (0, 1, beside)
    # as of a day before the end it is still to come
    assert world.shown("committed-load", unit, as_of="2026-05-05", period=after) == (55, 40, {})
    week = world.rows("committed-load", unit, period=after)
    assert sorted((row["excluded"], row["numerator"], row["denominator"]) for row in week) == [
        ("", 5, 40), ("project ended", 50, 0),
    ]  # fmt: skip
    world.tell(f"project:{code}", "reopened", "2026-06-01")
    assert world.shown("committed-load", unit, period=after) == (55, 40, {})
    world.tell(f"project:{code}", "withdrawn", "2026-06-02")
    assert world.shown("forecast-load", unit, period=WEEK) == (5, 40, beside)


def test_a_plan_that_was_corrected_later_counts_as_it_stood_then(world: KpiWorld) -> None:
    unit = world.unit()
    whole = {"project": "P1", "first_day": "2026-05-04", "last_day": "2026-05-10", "hard": True, "at_risk": None}
    accuracy = {}
    # what the plan of 20 hours was corrected to, and when: 28 days before the Monday, or on the day after that
    for known, hours in (("2026-04-06", 10), ("2026-04-07", 10), ("2026-04-06", None), ("2026-04-07", None)):
        person = world.person(unit)
        stream = f"workload:{person}"
        world.tell(stream, "allocation-planned", "2026-03-01", item="A", weekly_hours=20, **whole)
        if hours:
            world.tell(stream, "allocation-planned", "2026-03-01", recorded=known, supersedes=1, item="A",
                       weekly_hours=hours, **whole)  # fmt: skip
        else:
            world.tell(stream, "voided", "2026-03-01", recorded=known, supersedes=1)
        sheet = f"timesheet:{person}/2026-W19"
        world.tell(sheet, "hours-logged", "2026-05-04", item="P1.a", project="P1", day=dt.date(2026, 5, 4), hours=5)
        world.tell(sheet, "submitted", "2026-05-11")
        accuracy[known, hours] = person
    shown = {row["label"]: row["denominator"] for row in world.rows("forecast-accuracy", unit, period=WEEK)}
    assert {case: shown[person] for case, person in accuracy.items()} == {
        ("2026-04-06", 10): 10, ("2026-04-07", 10): 20, ("2026-04-06", None): 0, ("2026-04-07", None): 20,
    }  # fmt: skip


def test_holidays_and_absence_at_the_end_of_the_last_week_count(world: KpiWorld) -> None:
    # 1 May is a Friday and a holiday in Germany
    week = ("2026-04-27", "2026-05-03")
    for away, hours in ((None, 32), ("2026-05-01", 32), ("2026-04-30", 24)):
        unit = world.unit()
        person = world.person(unit, country="DE")
        if away:
            world.tell(
                f"person:{person}", "absence-planned", "2026-04-01", item="A", first_day=away, last_day="2026-05-20",
                share=1,
            )  # fmt: skip
        world.tell(f"timesheet:{person}/2026-W18", "submitted", "2026-05-03")
        for period in (week, ("2026-04-27", "2026-04-30"), ("2026-04-30", "2026-04-30")):
            assert world.shown("committed-load", unit, period=period) == (0, hours, {})
        # the week has ended with the as-of day
        assert world.shown("utilization", unit, as_of="2026-05-03", period=week) == (0, hours, {})


def test_between_leaving_and_coming_back_nobody_is_here(world: KpiWorld) -> None:
    unit = world.unit()
    person = world.person(unit)
    plan(world, person, 10, "2026-02-02", "2026-03-29")
    # a Monday: of that week no day is left
    world.tell(f"person:{person}", "left", "2026-02-09")
    world.tell(f"person:{person}", "hours-changed", "2026-02-10", weekly_hours=20)
    world.tell(f"person:{person}", "joined", "2026-03-02", unit=unit, country=None, role="PM", weekly_hours=30)
    assert world.shown("committed-load", unit, period=("2026-02-02", "2026-03-29")) == (50, 40 + 4 * 30, {})
    assert world.figure("over-allocated", "", period=("2026-02-09", "2026-03-01")).left_out["not here that week"] >= 3
    assert world.rows("over-allocated", unit, period=("2026-02-09", "2026-03-01")) == []
