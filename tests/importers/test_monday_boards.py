"""Boards of monday.com as projects, pages of them, and what is gone from them."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from services.errors import BadInput
from tests.importers.kit import Desk, source, tells_nothing_again
from tests.importers.monday_files import (
    BOARD,
    BOB,
    COLUMNS,
    FOLIO,
    SUBBOARD,
    answer,
    board,
    cell,
    item,
    label,
    log,
    next_page,
    notes,
    subitem,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("monday"), zone="")
    yield desk
    desk.app.close()


def test_two_groups_with_one_title_are_two_projects_where_groups_are_projects(desk: Desk) -> None:
    told = [item(1), item(2, group={"id": "new_group", "title": "Sprint 1"})]
    desk.run(desk.file("board.json", answer(board(*told))), mapping="level: group\n")
    assert set(desk.items()) == {"1001.TOPICS/2001", "1001.NEW_GROUP/2002"}
    assert [fields["name"] for _, fields in desk.of("project:1001.TOPICS")] == ["Website launch / Sprint 1"]
    mapping = f"boards: {{'{BOARD}': {{projects: group}}}}\nprojects: {{1001/topics: {{project: S1, unit: OPS}}}}\n"
    desk.run(desk.file("board.json", answer(board(*told))), mapping=mapping)
    assert "S1/2001" in desk.items()


def test_subitems_stand_on_a_board_of_their_own_with_other_columns(desk: Desk) -> None:
    # without that board among the files the columns are known by what the values themselves say
    told = json.dumps({"data": {"boards": [board(item(1, subitems=[subitem(1), subitem(2, board=None)]))]}})
    desk.one(desk.file("board.json", told))
    for key in ("1001/3001", "1001/3002"):
        state = desk.items()[key]
        assert (state["parent"], state["status"], state["assignee"]) == ("2001", "Doing", desk.person(BOB))
    mapping = "boards: {'1001': {subitems: {status: person}}}\n"
    with pytest.raises(
        BadInput, match=r"The board 1002 has no column 'person', which the mapping names; it has 'owner'"
    ):
        desk.run(desk.file("board.json", told), mapping=mapping)


def test_the_board_of_the_subitems_given_too_is_the_same_subitems(desk: Desk) -> None:
    below = {**subitem(1), "parent_item": {"id": "2001"}, "board": None}
    own = board(below, key=SUBBOARD, columns=[], name="Subitems of Website launch")
    told = json.dumps({"data": {"boards": [board(item(1, subitems=[subitem(1)])), own]}})
    report = desk.one(desk.file("board.json", told))
    assert [row.ignored for row in report.ignored] == ["the item 3001 again, which is told from board.json"]
    assert set(desk.items()) == {"1001/2001", "1001/3001"}
    alone = desk.one(desk.file("own.json", json.dumps({"data": {"boards": [own]}})))
    assert notes(alone) == [(1, "2001", "is no item of these files, so no parent was recorded")]


def test_what_ends_without_being_done_is_archived_or_deleted(desk: Desk) -> None:
    told = [
        item(1, state="archived"), item(2, label("Working on it", 0, "2024-01-12T09:00:00Z"), state="archived"),
        item(3, state="deleted"), item(4, label("Cancelled", 8, "2024-01-12T09:00:00Z")),
    ]  # fmt: skip
    logs = [
        log(2, "2024-01-14 09:00:00", "archive_pulse", pulse_id=2002),
        log(1, "2024-01-09 08:00:00", "create_pulse"),
    ]
    desk.one(desk.file("board.json", answer(board(*told, activity_logs=logs))))
    items = desk.items()
    assert {key: state["removed"] for key, state in items.items()} == {
        "1001/2001": False, "1001/2002": True, "1001/2003": True, "1001/2004": True,
    }  # fmt: skip
    reasons = {
        key: desk.text(desk.of(f"work:{key}")[-1][1]["reason"]) for key, state in items.items() if state["removed"]
    }
    assert reasons == {
        "1001/2002": "Archived in monday.com before it was done", "1001/2003": "Deleted in monday.com",
        "1001/2004": "Ended without being done: Cancelled",
    }  # fmt: skip
    assert desk.steps("work:1001/2002")[-1] == ("removed", "2024-01-14 09:00")
    tells_nothing_again(desk, desk.folder / "board.json")


def test_pages_and_a_cursor_without_the_next_one(desk: Desk) -> None:
    desk.run(desk.file("all.json", answer(board(item(1), item(2), item(3)))))
    first = desk.file("1.json", answer(board(item(1), cursor="MSw5NzI4")))
    last = desk.file("2.json", next_page(item(3, updated_at="2024-02-01T09:00:00Z")))
    report = desk.one(first)
    said = "the export is not complete: an answer has a cursor to more items, and the next page is not among the files"
    assert said in report.export.notes
    with pytest.raises(BadInput, match="An answer has a cursor to more items, .* give all pages, or no --complete"):
        desk.run(first, complete=True)
    reports = desk.run(last, first, complete=True)
    gone = [stream for report in reports for stream in report.gone if stream.startswith("work:")]
    assert gone == ["work:1001/2002"]
    assert desk.items()["1001/2002"]["removed"]
    counted = desk.file("counted.json", answer(board(item(1), items_count=3)))
    with pytest.raises(BadInput, match="The board Website launch has 3 items and the files have 1; give all pages"):
        desk.run(counted, complete=True)


def test_a_next_page_needs_to_know_its_board(desk: Desk) -> None:
    other = board(key="9", name="B", cursor="y")
    two = desk.file("two.json", json.dumps({"data": {"boards": [board(item(1), cursor="x"), other]}}))
    lost = desk.file("lost.json", next_page(item(2)))
    with pytest.raises(BadInput, match=r"lost.json has items that do not say of which board they are; ask for board"):
        desk.run(two, lost)
    desk.run(two, desk.file("found.json", next_page(item(2, board={"id": "9"}))))
    assert set(desk.items()) == {"1001/2001", "9/2002"}


def test_items_of_a_portfolio_are_projects_and_leave_it_when_they_are_gone(desk: Desk) -> None:
    columns = [
        *COLUMNS, {"id": "health", "title": "Project health", "type": "status", "settings_str": "{}"},
        {"id": "budget", "title": "Budget", "type": "numbers", "settings_str": "{}"},
        {"id": "share", "title": "% complete", "type": "numbers", "settings_str": "{}"},
    ]  # fmt: skip
    more = (label("At risk", 2, column="health"), cell("budget", "125000", "125000"), cell("share", "40", "40"))
    running = item(1, label("Working on it"), *more, name="Crane renewal", subitems=[subitem()])
    folio = board(running, item(2), item(3, state="deleted"), key=FOLIO, columns=columns, name="Portfolio")
    mapping = f"unit: OPS\ncurrency: EUR\nboards: {{'{FOLIO}': {{projects: item}}}}\n"
    first = desk.file("folio.json", answer(folio, board(item(9))))
    report = desk.one(first, mapping=mapping)
    [(_, told)] = desk.of("project:2001")
    expected = {
        "name": "Crane renewal", "unit": "OPS", "status": "running", "start": dt.date(2024, 1, 10),
        "finish": dt.date(2024, 1, 31), "budget": Decimal(125000), "currency": "EUR", "rag": "amber",
        "percent_complete": Decimal("0.4"), "source_key": "1003/2001",
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    assert desk.of("project:2002")[0][1]["status"] == "completed"
    assert set(desk.items()) == {"2001/3001", "1001/2009"}
    assert [row.ignored for row in report.ignored] == ["deleted in monday.com"]
    assert {"Project health", "Budget", "% complete"} <= set(report.export.carried)
    tells_nothing_again(desk, first, mapping=mapping)
    later = item(1, label("Working on it"), *more, updated_at="2024-02-01T09:00:00Z", name="Crane renewal")
    fewer = desk.file("fewer.json", answer({**folio, "items_page": {"cursor": None, "items": [later]}}))
    assert not desk.one(fewer, mapping=mapping).gone
    gone = desk.one(fewer, mapping=mapping, complete=True)
    # the board that is no portfolio is not among these files
    assert gone.gone == ("work:2001/3001", "project:2002")
    assert desk.of("project:2002")[-1][0] == "left-source"
    tells_nothing_again(desk, fewer, mapping=mapping, complete=True)


def test_that_a_project_changed_last_is_gone_needs_a_date(desk: Desk) -> None:
    mapping = f"unit: OPS\nboards: {{'{FOLIO}': {{projects: item}}}}\n"
    last = item(2, updated_at="2024-05-01T09:00:00Z")
    both = desk.file("both.json", answer(board(item(1), last, key=FOLIO)))
    fewer = desk.file("fewer.json", answer(board(item(1), key=FOLIO)))
    desk.run(both, mapping=mapping)
    older = desk.one(fewer, mapping=mapping, complete=True)
    assert older.gone == ()
    assert "changed after the latest time in the files, are not taken as gone (1)" in older.export.notes[-1]
    day = dt.date(2024, 5, 3)
    assert desk.one(fewer, mapping=mapping, complete=True, data_date=day).gone == ("project:2002",)
    assert [name for name, _ in desk.steps("project:2002")] == ["recorded", "left-source"]
    tells_nothing_again(desk, fewer, mapping=mapping, complete=True, data_date=day)


def test_lists_lines_old_answers_and_items_alone(desk: Desk) -> None:
    pages = [json.loads(answer(board(item(1)))), json.loads(answer(board(item(2))))]
    old = {"data": {"boards": [{"id": BOARD, "name": "W", "columns": COLUMNS, "items": [item(5)]}]}}
    for name, told, rows in (
        ("list.json", json.dumps(pages), 2),
        ("lines.jsonl", f"{answer(board(item(3)))}\n{answer(board(item(4)))}\n", 2),
        ("old.json", json.dumps(old), 1),
        ("boards.json", json.dumps([board(item(6))]), 1),
        ("item.json", json.dumps({**item(7), "board": {"id": BOARD}}), 1),
        ("items.json", "\ufeff" + json.dumps({"data": {"items": [{**item(8), "board": {"id": BOARD}}]}}), 1),
    ):
        assert desk.one(desk.file(name, told)).recorded == rows, name
    assert len(desk.items()) == 8
