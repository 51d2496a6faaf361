"""Control 17 on red that goes on: each further 30 days that show it ask for an answer of their own."""

import datetime as dt
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest
from controls_world import World, opened

SATISFIED, VIOLATED, CURED = "satisfied", "violated", "cured late"
END = "2026-12-31"
Step = str | tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def report(on: str, rag: str) -> Step:
    return (f"{on} progress-reported", {"rag": rag})


def change(on: str, happened: str) -> Step:
    return (f"{on} change-{happened}", {"item": "C1", **({"cost": 1} if happened == "requested" else {})})


RED = report("2026-02-01", "red")
# what is told, its history, as of when, the results in the order of time
CASES: list[tuple[str, tuple[Step, ...], str, list[str]]] = [
    ("still red after 30 days, each answered", (RED, change("2026-02-10", "requested"),
        report("2026-03-03", "red"), report("2026-03-04", "red"), change("2026-04-02", "approved"),
        report("2026-04-03", "amber")), END, [SATISFIED, SATISFIED]),
    ("still red after 30 days, answered once", (RED, change("2026-02-10", "requested"),
        report("2026-03-04", "red"), report("2026-03-10", "red")), END, [SATISFIED, VIOLATED]),
    ("still red, not yet due", (RED, change("2026-02-10", "requested"), report("2026-03-04", "red")),
        "2026-04-02", [SATISFIED]),
    ("still red, answered before it was said again", (RED, change("2026-02-10", "requested"),
        change("2026-03-04", "approved"), report("2026-03-20", "red"), report("2026-04-02", "red")), END,
        [SATISFIED, SATISFIED]),
    ("still red, answered late", (RED, change("2026-02-10", "requested"), report("2026-03-04", "red"),
        change("2026-04-03", "approved"), report("2026-05-01", "green")), END, [SATISFIED, CURED]),
    ("silent after it was red", (RED,), END, [VIOLATED]),
    ("red every 28 days, and one answer", (RED, report("2026-03-01", "red"), report("2026-03-29", "red"),
        change("2026-04-01", "approved"), report("2026-04-26", "red"), report("2026-05-24", "red")), END,
        [CURED, SATISFIED, VIOLATED, VIOLATED]),
    ("red again after a hold is another stretch", (RED, "2026-02-10 put-on-hold", "2026-06-01 resumed",
        report("2026-06-02", "red"), report("2026-06-20", "amber")), END, [SATISFIED, SATISFIED]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=itemgetter(0))
def test_each_case(world: World, case: tuple[Any, ...]) -> None:
    assert world.results(17, world.project(*case[1]), case[2]) == case[3]


def test_a_stretch_that_goes_on_asks_again_by_its_own_day(world: World) -> None:
    stream = world.project(RED, change("2026-02-10", "requested"), report("2026-03-20", "red"))
    first, second = world.ask(17, END, streams=[stream])
    assert (first.due, second.due) == (dt.date(2026, 3, 3), dt.date(2026, 4, 2))
    assert (first.activating, second.activating) == (f"{stream}/1", f"{stream}/3")
    assert second.evidence == (f"{stream}/3",)
