"""Boards of monday.com's Excel export: what each quirk of a real one becomes."""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.streams import slug_key
from services.errors import BadInput, PmoError
from services.importers.source import written
from tests.importers.kit import MUTATED, Desk, faults, fuzz, source, tells_nothing_again
from tests.importers.monday_files import (
    HEADER,
    SUBHEADER,
    TITLE,
    answer,
    board,
    item,
    line,
    rows,
    subline,
    workbook,
)

BOARD = slug_key("Website launch")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("monday"))
    yield desk
    desk.app.close()


def excel(desk: Desk, *lines: Sequence[Any], name: str = "board.xlsx") -> Path:
    """A board of one group with these rows."""
    return desk.file(name, workbook([*TITLE, ("Sprint 1",), HEADER, *lines]))


def without(name: str, *lines: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows without a column of the items' header."""
    at = HEADER.index(name)
    return [tuple(cell for place, cell in enumerate(each) if place != at) for each in lines]


def test_every_carried_cell_is_in_the_log(desk: Desk) -> None:
    report = desk.one(desk.file("board.xlsx", workbook(rows())))
    assert (report.rows, report.recorded, report.rejected) == (17, 5, ())
    ann, bob = desk.person("Ann Lee"), desk.person("Bob Ray")
    day = dt.date
    plan = (Decimal(8), day(2024, 1, 10), day(2024, 1, 31))
    expected = {
        "2001": ("Pay by card 1", "Item", "Working on it", "active", ann, None, *plan),
        "2002": ("Pay by card 2", "Item", "Not set", "queue", None, None, *plan),
        "2003": ("Pay by card 3", "Item", "Done", "done", ann, None, *plan),
        "3001": ("Refund 1", "Subitem", "✅", "done", bob, "2001", None, None, day(2024, 1, 15)),
        "3002": ("Refund 2", "Subitem", "Doing", "active", bob, "2003", None, None, day(2024, 1, 15)),
    }
    names = ("title", "work_type", "status", "category", "assignee", "parent", "estimate", "planned_start",
             "planned_finish")  # fmt: skip
    items = desk.items()
    assert {key: tuple(state[name] for name in names) for key, state in items.items()} == {
        f"{BOARD}/{key}": values for key, values in expected.items()
    }
    assert desk.steps(f"work:{BOARD}/2003") == [
        ("created", "2024-01-09 15:54"), ("done", "2024-01-20 09:00"), ("scheduled", "2024-01-20 09:00"),
    ]  # fmt: skip
    assert [each["person"] for each in items[f"{BOARD}/2001"]["assignments"]] == [ann, bob]
    assert desk.app.store.values((f"person:{ann}",)) == {f"person:{ann}": {"name": "Ann Lee"}}
    [(_, project)] = desk.of(f"project:{BOARD}")
    assert project["name"] == "Website launch"
    assert set(report.export.carried) == {
        "Name", "Person", "Status", "Timeline", "Estimated hours", "Last Updated", "Creation Log", "Owner", "Due date",
    }  # fmt: skip
    assert set(report.export.not_carried) == {"Story points", "Time Tracking"}


def test_what_is_no_item_is_ignored_with_its_reason(desk: Desk) -> None:
    report = desk.one(desk.file("board.xlsx", workbook(rows())))
    assert {row.number: row.ignored for row in report.ignored} == {
        1: "above the header", 2: "above the header", 3: "above the header", 4: "above the header", 5: "a header",
        7: "a header of subitems", 10: "totals of a group", 11: "blank", 12: "a group's title", 13: "a header again",
        15: "a header of subitems", 17: "totals of a group",
    }  # fmt: skip
    said = report.export.notes
    assert "columns of subitems of Website launch: status is Status, assignee is Owner, due is Due date" in said
    assert "sheet guessed as 'website launch', the first with content" in said
    assert "people are known by the names in the file, since it has no ids of them" in said
    assert "2 items have several people: the first is the assignee, all stand in the schedule" in said
    assert any("Excel shows no moves between" in note for note in said)
    assert any(note.startswith("guessed by their names") and "✅ done" in note for note in said)


def test_again_tells_nothing_and_a_newer_export_the_difference(desk: Desk) -> None:
    first = desk.file("board.xlsx", workbook(rows()))
    desk.run(first)
    tells_nothing_again(desk, first)
    later = {"Last Updated": "Bob Ray Feb 1, 2024 9:00 AM"}
    newer = excel(desk, line(1, Status="Stuck", **later), line(2, Status=None, Person=None), name="newer.xlsx")
    report = desk.one(newer)
    assert (report.recorded, report.unchanged) == (1, 1)
    assert [r.event.type_name.split(".")[2] for r in report.records] == ["moved", "blocked"]
    tells_nothing_again(desk, newer)
    tells_nothing_again(desk, first)
    gone = desk.one(newer, complete=True)
    assert gone.gone == tuple(f"work:{BOARD}/{key}" for key in ("2003", "3001", "3002"))


def test_two_groups_with_one_title(desk: Desk) -> None:
    both = desk.file("board.xlsx", workbook(rows()))
    with pytest.raises(BadInput, match=r"two groups called 'Sprint 1', and an Excel export has no ids of groups"):
        desk.run(both, mapping="level: group\n")
    one = excel(desk, line(1), name="one.xlsx")
    desk.run(one, mapping="level: group\n")
    assert set(desk.items()) == {f"{slug_key('Website launch.Sprint 1')}/2001"}
    mapping = "boards: {Website launch: {projects: group}}\nprojects: {Website launch/Sprint 1: {project: S1}}\n"
    desk.run(one, mapping=mapping)
    assert "S1/2001" in desk.items()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("1.21143E+09", "was shortened by a spreadsheet, so that the item is not known; export the board again"),
        (2001.5, "was shortened by a spreadsheet, so that the item is not known; export the board again"),
        (None, "is empty"),
        ("abc", "is not the id of an item, which has digits only"),
        (2.0**60, "was shortened by a spreadsheet, so that the item is not known; export the board again"),
    ],
)
def test_an_id_that_is_none_is_rejected_and_none_is_invented(desk: Desk, told: Any, said: str) -> None:
    broken = line(1, **{"Item ID (auto generated)": told})
    report = desk.one(excel(desk, broken, SUBHEADER, subline(1), line(2, **{"Item ID (auto generated)": 2002.0})))
    assert [(number, column, reason) for number, column, _, reason in faults(report)] == [
        (6, "Item ID", said), (8, "Subitems", "stands below row 6, which was rejected"),
    ]  # fmt: skip
    assert set(desk.items()) == {f"{BOARD}/2002"}


def test_without_ids_an_item_is_its_name_within_its_group(desk: Desk) -> None:
    lines = [line(1), line(2), line(3), line(3)]
    told = [
        *TITLE,
        ("Sprint 1",),
        *without("Item ID (auto generated)", HEADER, *lines),
        SUBHEADER[:-1],
        subline(1)[:-1],
    ]
    told += [("Sprint 2",), *without("Item ID (auto generated)", HEADER, line(1))]
    report = desk.one(desk.file("board.xlsx", workbook(told)))
    twice = "is also the name of row {}, and without the column Item ID nothing tells them apart; export it with that "
    twice += "column, or name another one as `key` in the mapping"
    assert faults(report) == [
        (8, "Name", "Pay by card 3", twice.format(9)), (9, "Name", "Pay by card 3", twice.format(8)),
        (11, "Subitems", "Refund 1", "stands below row 9, which was rejected"),
    ]  # fmt: skip
    assert sorted(state["title"] for state in desk.items().values()) == [
        "Pay by card 1",
        "Pay by card 1",
        "Pay by card 2",
    ]
    assert (
        "items are known by their name within their group, since the file has no column Item ID" in report.export.notes
    )
    assert all(re.fullmatch(rf"{BOARD}/N[0-9A-F]{{20}}", key) for key in desk.items())
    logged = b"".join(value for _, _, value in desk.app.store.values_after(0, 99))
    assert b"pay by card" not in logged.lower().replace(b"-", b" ")
    before = desk.told()
    again = desk.one(desk.folder / "board.xlsx")
    assert (again.recorded, desk.told()) == (0, before)


def test_the_mapping_may_name_a_column_that_is_the_key(desk: Desk) -> None:
    lines = [line(1, **{"Story points": "T-1"}), line(1, **{"Story points": "T-2"}), line(2, **{"Story points": None})]
    told = [*TITLE, ("Sprint 1",), *without("Item ID (auto generated)", HEADER, *lines)]
    mapping = "boards: {Website launch: {columns: {key: Story points}}}\n"
    report = desk.one(desk.file("board.xlsx", workbook(told)), mapping=mapping)
    assert faults(report) == [(8, "Story points", None, "is empty, and it is the key of the item")]
    assert len(desk.items()) == 2
    assert "items are known by the column that the mapping names as `key`, since the file has no column Item ID" in (
        report.export.notes
    )
    with pytest.raises(BadInput, match=r"has no column 'Ticket', which the mapping names; it has 'Name', 'Subitems'"):
        desk.run(desk.folder / "board.xlsx", mapping=mapping.replace("Story points", "Ticket"))


def test_a_subitem_whose_number_is_in_a_cell_of_the_items_header_is_no_item(desk: Desk) -> None:
    """Other columns stand below the same letters, and totals may follow a subitem at once."""
    report = desk.one(excel(desk, line(1), SUBHEADER, subline(1), (None, None, None, None, None, "34"), line(2)))
    assert (report.recorded, report.rejected) == (3, ())
    assert {row.number: row.ignored for row in report.ignored}[9] == "totals of a group"
    assert desk.items()[f"{BOARD}/2002"]["parent"] is None


def test_a_group_may_be_the_status(desk: Desk) -> None:
    desk.one(excel(desk, line(1)), mapping="boards: {Website launch: {group_is_status: true}}\n")
    assert desk.items()[f"{BOARD}/2001"]["status"] == "Sprint 1"


def test_people_by_name_may_be_given_the_keys_that_the_json_has(desk: Desk) -> None:
    desk.one(excel(desk, line(1)), mapping="people: {Ann Lee: '501'}\n")
    assert desk.items()[f"{BOARD}/2001"]["assignee"] == desk.person("501")


def test_both_formats_of_one_board_are_one_project_by_the_mapping(desk: Desk) -> None:
    mapping = "projects: {Website launch: {project: LAUNCH}}\npeople: {Ann Lee: '501', Bob Ray: '502'}\n"
    desk.one(excel(desk, line(1)), mapping=mapping)
    desk.one(desk.file("board.json", answer(board(item(1)))), mapping=mapping)
    assert set(desk.items()) == {"LAUNCH/2001"}
    assert desk.items()["LAUNCH/2001"]["status"] == "Shipped 🚀"


def test_story_points_are_no_hours_until_the_mapping_says_how_many(desk: Desk) -> None:
    told = excel(desk, line(1, **{"Estimated hours": None}), line(2, **{"Estimated hours": None, "Story points": "XL"}))
    desk.one(told)
    assert desk.items()[f"{BOARD}/2001"]["estimate"] is None
    report = desk.one(told, mapping="hours_per_point: 6\n")
    assert desk.items()[f"{BOARD}/2001"]["estimate"] == 30
    [note] = [note for row in report.export.rows for note in row.notes]
    assert (note.value, note.reason) == ("XL", "is no number of story points, so no estimate was recorded")


def test_items_of_a_portfolio_are_projects(desk: Desk) -> None:
    header = (*HEADER, "Health", "Budget", "% complete")
    told = [
        *TITLE,
        ("Running",),
        header,
        (*line(1), "🔴 Off track", 1250.5, 40),
        (*line(2, Status=None), None, None, None),
    ]
    mapping = "unit: OPS\ncurrency: EUR\nlevel: item\n"
    desk.one(desk.file("board.xlsx", workbook(told)), mapping=mapping)
    [(_, project)] = desk.of("project:2001")
    expected = {
        "name": "Pay by card 1", "unit": "OPS", "status": "running", "rag": "red", "budget": Decimal("1250.5"),
        "percent_complete": Decimal("0.4"), "category": "Running", "start": dt.date(2024, 1, 10),
    }  # fmt: skip
    assert {name: project[name] for name in expected} == expected
    assert "status" not in desk.of("project:2002")[0][1]


def test_what_a_file_leaves_open_is_asked_for(desk: Desk) -> None:
    told = excel(desk, line(1))
    with pytest.raises(BadInput, match=r"row 6: the time 'Jan 9, 2024 3:54 PM' has no zone; say by --zone"):
        desk.run(told, zone=None)
    named = {"Last Updated": None, "Creation Log": None}
    with pytest.raises(
        BadInput, match=r"does not say of which day it speaks, as a column Last Updated would; say it by"
    ):
        desk.run(excel(desk, line(1, **named)))
    desk.run(excel(desk, line(1, **named)), zone=None, data_date=dt.date(2024, 3, 1))
    assert desk.steps(f"work:{BOARD}/2001")[0] == ("created", "2024-02-29 23:00")
    either = excel(desk, line(2, **{"Timeline - End": "5/6/25", "Timeline - Start": None}))
    with pytest.raises(BadInput, match=r"row 6: the date '5/6/25' can be read two ways"):
        desk.run(either)
    desk.run(either, date_order="mdy")
    assert desk.items()[f"{BOARD}/2002"]["planned_finish"] == dt.date(2025, 5, 6)


def test_a_bad_row_is_named_by_row_column_and_value_and_the_rest_goes_on(desk: Desk) -> None:
    bad = line(1, **{"Estimated hours": "eight", "Timeline - Start": "soon"})
    late = line(2, **{"Last Updated": "Ann Lee Jan 31, 2199 9:00 AM"})
    report = desk.one(excel(desk, bad, late, line(3, **{"Timeline - Start": dt.datetime(2024, 3, 1)}), line(4)))
    assert faults(report) == [
        (6, "Timeline", "soon", "is not a date"),
        (7, "seen", "2199-01-31 09:00:00+00:00", "lies in the future, and nothing has happened there yet"),
    ]
    assert [(row.number, *note) for row in report.export.rows for note in row.notes] == [
        (8, "start", "2024-03-01", "lies after the finish, 2024-01-31, so it was left out")
    ]
    assert set(desk.items()) == {f"{BOARD}/2003", f"{BOARD}/2004"}


def test_what_was_guessed_is_written_out_and_says_the_same_again(desk: Desk) -> None:
    file = desk.file("board.xlsx", workbook(rows()))
    read = desk.read(file)
    told = written(read.mapping, "monday")
    assert "assignee: Owner" in told
    assert "✅: done" in told
    assert desk.read(file, mapping=told).mapping == read.mapping


def test_a_file_that_is_no_board_is_refused_by_what_it_seems_to_be(desk: Desk) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(10_001):
            archive.writestr(f"xl/{number}", "")
    table = "no Excel export of a board of monday.com: that has the board's name in its first row and below it rows"
    for name, content, said in (
        ("board.xlsx", workbook([("a", "b"), (1, 2)], updates=False), f"{table} .*; this one begins with 'a', 'b'"),
        ("board.xlsx", workbook([HEADER, line(1)], updates=False), f"{table} .* begins with 'Name', 'Subitems'"),
        ("board.xlsx", workbook([], updates=False), "has no sheet with content"),
        ("board.xlsx", b"PK\x03\x04xl/workbook.xml", "is a damaged Excel workbook"),
        ("board.xlsx", bomb.getvalue(), "would unpack to .* more than an import may have"),
        ("board.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "an Excel 97-2003 or a password-protected workbook"),
        ("board.pdf", b"%PDF-1.7", "it seems to be a PDF document"),
        ("board.csv", b"a,b\n1,2\n", f"{table} .*; this one begins with 'a', 'b'"),
        ("board.html", b"<html><table></table></html>", "an HTML page"),
        ("board.xlsx", b"", "is empty"),
    ):
        with pytest.raises(BadInput, match=said):
            desk.run(desk.file(name, content))
    twice = [excel(desk, line(1), name=name) for name in ("a.xlsx", "b.xlsx")]
    with pytest.raises(BadInput, match=r"a.xlsx and b.xlsx are both of the board 'Website launch'; import one by one"):
        desk.run(*twice)
    assert desk.count() == 0


def as_csv(lines: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(
        [cell.date() if isinstance(cell, dt.datetime) else cell for cell in each] for each in lines
    )
    return out.getvalue().encode()


def test_a_board_that_was_saved_as_csv_says_the_same(desk: Desk) -> None:
    desk.one(desk.file("board.xlsx", workbook(rows())))
    report = desk.one(desk.file("board.csv", as_csv(rows())))
    assert (report.recorded, report.unchanged, report.rejected) == (0, 5, ())


def test_mutated_files(desk: Desk) -> None:
    fuzz(desk, "board.xlsx", workbook(rows()))


def test_mutated_tables(desk: Desk) -> None:
    fuzz(desk, "board.csv", as_csv(rows()), date_order="dmy")


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 10**18), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=5),
    st.sampled_from(["Name", "Subitems", "1.2E+10", "v", "Ann, Bob,", "Jan 32, 2024", dt.datetime(2024, 1, 1, 9)]),
)  # fmt: skip


def test_mutated_cells(desk: Desk) -> None:
    """Any value in any cell, and rows that are missing or stand twice."""

    @settings(max_examples=MUTATED // 3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        changes=st.lists(st.tuples(st.integers(0, 16), st.integers(0, 12), CELLS), min_size=1, max_size=6),
        twice=st.integers(0, 16),
        gone=st.integers(0, 16),
    )
    def attempt(changes: list[tuple[int, int, Any]], twice: int, gone: int) -> None:
        lines = [list(each) for each in rows()]
        for row, place, cell in changes:
            lines[row] += [None] * (place + 1 - len(lines[row]))
            lines[row][place] = cell
        lines.insert(twice, lines[twice])
        del lines[gone]
        before = desk.count()
        try:
            desk.run(desk.file("board.xlsx", workbook(lines)))
        except PmoError as refusal:
            assert len(str(refusal)) > 10
            assert desk.count() == before

    attempt()
