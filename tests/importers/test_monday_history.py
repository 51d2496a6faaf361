"""The activity log of monday.com's boards: history at its real times, told once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.importers.kit import Desk, faults, source, tells_nothing_again
from tests.importers.monday_files import (
    ANN,
    BOARD,
    BOB,
    LOG,
    answer,
    board,
    item,
    label,
    log,
    moved,
    people,
    subitem,
    ticks,
)

TOLD = [
    ("created", "2024-01-09 08:00"),
    ("re-estimated", "2024-01-09 10:00"),
    ("moved", "2024-01-10 09:00"),
    ("assigned", "2024-01-11 09:00"),
    ("moved", "2024-01-15 09:00"),
    ("blocked", "2024-01-15 09:00"),
    ("done", "2024-01-19 15:00"),
    ("unblocked", "2024-01-19 15:00"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("monday"), zone="")
    yield desk
    desk.app.close()


def test_without_the_log_each_field_stands_at_the_time_at_which_it_last_changed(desk: Desk) -> None:
    desk.one(desk.file("board.json", answer(board(item(1, subitems=[subitem()])))))
    assert desk.steps("work:1001/2001") == [
        ("created", "2024-01-09 08:00"), ("assigned", "2024-01-09 09:00"), ("re-estimated", "2024-01-09 10:00"),
        ("done", "2024-01-19 15:00"),
    ]  # fmt: skip
    assert desk.of("work:1001/2001")[0][1]["status"] == "Not shown"
    assert desk.steps("work:1001/3001") == [("created", "2024-01-10 08:00"), ("moved", "2024-01-12 09:00")]


def test_the_log_is_history_at_its_real_times(desk: Desk) -> None:
    report = desk.one(desk.file("board.json", answer(board(item(1), activity_logs=LOG))))
    assert desk.steps("work:1001/2001") == TOLD
    created = desk.of("work:1001/2001")[0][1]
    assert (created["status"], created["category"], created["assignee"]) == ("Not set", "queue", desk.person(BOB))
    [_, _, (_, begun), (_, assigned), *_] = desk.of("work:1001/2001")
    assert (begun["from_status"], begun["status"], assigned["assignee"]) == (
        "Not set", "Working on it", desk.person(ANN),
    )  # fmt: skip
    assert desk.items()["1001/2001"]["status"] == "Shipped 🚀"
    assert "the activity log has 5 entries and goes back to 2024-01-09 08:00 UTC" in report.export.notes
    tells_nothing_again(desk, desk.folder / "board.json")


def test_a_log_that_does_not_go_back_to_the_beginning_does_not_say_how_it_began(desk: Desk) -> None:
    desk.one(desk.file("board.json", answer(board(item(1), activity_logs=LOG[:2]))))
    names = [(name, fields.get("status")) for name, fields in desk.of("work:1001/2001") if "status" in fields]
    assert names == [("created", "Not shown"), ("moved", "Stuck"), ("done", "Shipped 🚀")]


def test_a_log_after_an_import_without_it_adds_the_history_and_doubles_nothing(desk: Desk) -> None:
    desk.one(desk.file("board.json", answer(board(item(1)))))
    with_log = desk.file("log.json", answer(board(item(1), activity_logs=LOG)))
    desk.one(with_log)
    names = [(name, fields.get("status")) for name, fields in desk.of("work:1001/2001") if "status" in fields]
    assert names == [
        ("created", "Not shown"), ("moved", "Not set"), ("moved", "Working on it"), ("moved", "Stuck"),
        ("done", "Shipped 🚀"),
    ]  # fmt: skip
    tells_nothing_again(desk, with_log)
    tells_nothing_again(desk, desk.folder / "board.json")


def test_a_log_in_a_file_of_its_own_and_what_it_says_of_others(desk: Desk) -> None:
    other = moved(9, "2024-01-11 09:00:00", None, "Working on it", pulse_id=2999)
    alone = {"id": BOARD, "name": "Website launch", "activity_logs": [*LOG, other, log(8, "2024-01-10 00:00:00", "x")]}
    first = desk.file("board.json", answer(board(item(1))))
    reports = desk.run(first, desk.file("log.json", json.dumps({"data": {"boards": [alone]}})))
    assert desk.steps("work:1001/2001") == TOLD
    assert sorted((r.export.file, r.rows) for r in reports) == [("board.json", 1), ("log.json", 0)]
    said = [note for report in reports for note in report.export.notes]
    assert "the activity log speaks of 1 item that no file shows; nothing is told of it" in said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (log(7, "2024-01-10 09:00:00") | {"created_at": "1704880800"}, "is not a time of the activity log: 17 digits"),
        (log(7, "2024-01-10 09:00:00") | {"created_at": None}, "is not a time of the activity log: 17 digits"),
        (log(7, "2024-01-10 09:00:00") | {"data": "{oops"}, "is not the JSON that monday.com writes into `data`"),
        (log(7, "2024-01-10 09:00:00") | {"event": None}, "has no event, or no data"),
        ("oops", "is not an entry of the activity log"),
    ],
)
def test_an_entry_of_the_log_that_is_none_is_rejected(desk: Desk, told: Any, said: str) -> None:
    report = desk.one(desk.file("board.json", answer(board(item(1), activity_logs=[*LOG, told]))))
    [(number, column, _, reason)] = faults(report)
    assert (number, column) == (7, "activity_logs")
    assert said in reason
    assert desk.steps("work:1001/2001") == TOLD


def test_times_of_the_log_in_iso_8601_too_as_some_tools_write_them(desk: Desk) -> None:
    told = [{**each, "created_at": f"2024-01-{9 + at:02}T08:00:00.000Z"} for at, each in enumerate(reversed(LOG))]
    desk.one(desk.file("board.json", answer(board(item(1), activity_logs=told))))
    assert ("moved", "2024-01-10 08:00") in desk.steps("work:1001/2001")
    assert ticks("2024-01-09 08:00:00") == "17047872000009822"


def test_again_tells_nothing_and_a_newer_answer_only_the_difference(desk: Desk) -> None:
    first = desk.file("board.json", answer(board(item(1, subitems=[subitem()]), item(2))))
    desk.run(first)
    tells_nothing_again(desk, first)
    reopened = item(
        1, label("Review", 3, "2024-02-01T09:00:00.000Z"), people(BOB, text="Bob", changed="2024-02-02T09:00:00Z"),
        updated_at="2024-02-03T09:00:00Z", subitems=[subitem(name="Refund all", updated_at="2024-02-03T09:00:00Z")],
        name="Pay by any card",
    )  # fmt: skip
    newer = desk.file("newer.json", answer(board(reopened, item(2), item(3))))
    report = desk.one(newer)
    assert (report.recorded, report.unchanged) == (3, 1)
    assert desk.steps("work:1001/2001")[-3:] == [
        ("reopened", "2024-02-01 09:00"), ("assigned", "2024-02-02 09:00"), ("described", "2024-02-03 09:00"),
    ]  # fmt: skip
    assert desk.items()["1001/3001"]["title"] == "Refund all"
    tells_nothing_again(desk, newer)
    # the older one is about an earlier day, and says nothing that was not so then
    before = desk.told()
    desk.run(first)
    assert desk.items()["1001/2001"]["title"] == "Pay by any card"
    assert desk.steps("work:1001/2001")[-1] == ("described", "2024-02-03 09:00")
    assert desk.told() == before


def test_a_group_may_be_the_status_and_its_moves_its_history(desk: Desk) -> None:
    groups = {"source_group": {"id": "a", "title": "Backlog"}, "dest_group": {"id": "b", "title": "In work"}}
    told = item(1, group={"id": "b", "title": "In work"})
    moves = [log(2, "2024-01-12 09:00:00", "move_pulse_from_group", **groups), *LOG[-1:]]
    mapping = "boards: {Website launch: {group_is_status: true}}\n"
    desk.run(desk.file("board.json", answer(board(told, activity_logs=moves))), mapping=mapping)
    steps = [(name, fields.get("status")) for name, fields in desk.of("work:1001/2001") if "status" in fields]
    assert steps == [("created", "Backlog"), ("moved", "In work")]
    assert ("moved", "2024-01-12 09:00") in desk.steps("work:1001/2001")
