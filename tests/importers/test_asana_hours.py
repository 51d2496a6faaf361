"""Tracked time and allocations of Asana's graph exports."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.importers.asana_files import (
    BOB,
    WEBSITE,
    allocation,
    entry,
    faults,
    graph,
    ignored,
    lines,
    task,
)  # fmt: skip
from tests.importers.kit import Desk, source, tells_nothing_again


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("asana"), zone="")
    yield desk
    desk.app.close()


def test_time_that_was_tracked(desk: Desk) -> None:
    report = desk.one(
        desk.file(
            "graph.jsonl",
            lines(
                task(), entry(1, 90), entry(2, 30, entered_on="2024-01-11", created_by=BOB), entry(3, 1500),
                entry(4, 0),
                entry(5, 15, attributable_to=WEBSITE), entry(6, 15, task={"gid": "404"}), entry(7, -5),
                entry(8, 60, created_by=None),
            ),
        )
    )  # fmt: skip
    ann, bob = desk.person("501"), desk.person("502")
    assert desk.hours() == {
        (ann, "PAYMENTS", dt.date(2024, 1, 10)): Decimal("1.5"),
        (bob, "PAYMENTS", dt.date(2024, 1, 11)): Decimal("0.5"),
        (ann, "WEBSITE", dt.date(2024, 1, 10)): Decimal("0.25"),
    }
    assert [fields["name"] for _, fields in desk.of("project:WEBSITE")] == ["Website"]
    assert [(n, column) for n, column, _ in faults(report)] == [
        (4, "hours"), (7, "task"), (8, "duration_minutes"), (9, "entered_on"),
    ]  # fmt: skip
    assert ignored(report) == {5: "is an entry of no time"}


def test_allocations_by_percent_and_by_hours_of_which_is_to_be_said(desk: Desk) -> None:
    told = lines(
        task(), allocation(1, "percent", 50), allocation(2, "hours", 56, assignee=BOB),
        allocation(3, "percent", 50, parent={"gid": "800", "resource_type": "portfolio"}),
        allocation(4, "percent", 50, assignee={"gid": "700", "resource_type": "team"}),
        allocation(5, "percent", 50, end_date="2024-01-01"), {**allocation(6, "percent", 1), "effort": None},
    )  # fmt: skip
    path = desk.file("graph.jsonl", told)
    report = desk.one(path)
    said = "is for an unknown time; say by `allocation_hours` in a mapping: day, week or total"
    assert faults(report) == [(3, "effort", said), (6, None, "lies before the start, 2024-02-05")]
    assert ignored(report) == {
        4: "is for a portfolio, and only projects have plans here", 5: "is of a team, and only people have plans here",
        7: "is a plan of no effort",
    }  # fmt: skip
    [(name, plan)] = desk.of(f"workload:{desk.person('501')}")
    assert (name, plan["project"], plan["weekly_hours"], plan["hard"]) == ("allocation-planned", "PAYMENTS", 20, False)
    for kind, weekly in (("week", 56), ("total", 14), ("day", 280)):
        desk.run(path, mapping=f"allocation_hours: {kind}\n")
        known = [f["weekly_hours"] for _, f in desk.of(f"workload:{desk.person('502')}")]
        assert known[-1:] == [weekly] if weekly <= 168 else known[-1:] == [14]


def test_a_plan_that_is_gone_is_released_after_it_was_planned(desk: Desk) -> None:
    later = allocation(2, "percent", 20, assignee=BOB, modified_at="2024-03-01T07:00:00.000Z")
    desk.run(desk.file("graph.jsonl", graph(allocation(1, "percent", 50), later)))
    fewer = desk.file("fewer.jsonl", graph(allocation(1, "percent", 50)))
    assert desk.one(fewer, complete=True).gone[-1] == f"workload:{desk.person('502')}"
    assert [name for name, _ in desk.of(f"workload:{desk.person('502')}")] == [
        "allocation-planned", "allocation-released",
    ]  # fmt: skip
    tells_nothing_again(desk, fewer, complete=True)
