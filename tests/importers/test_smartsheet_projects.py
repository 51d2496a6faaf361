"""Which projects the sheets of Smartsheet are, and what is gone from them."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from services.errors import BadInput
from tests.importers.kit import Desk, faults, source, tells_nothing_again
from tests.importers.smartsheet_files import (
    SHEET_ID,
    as_json,
    cell,
    identifier,
    plan,
    row,
    sheet,
    task,
)

PROJECT = str(SHEET_ID)
TWO = f"{PROJECT}/{identifier(7)}"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("smartsheet"), zone="")
    yield desk
    desk.app.close()


def test_several_sheets_of_a_file_are_projects_of_their_own(desk: Desk) -> None:
    other = sheet(task(1, cell("Start", "soon")), id=SHEET_ID + 9, name="Move")
    first, second = sheet(task(1)), sheet(task(2))
    report = desk.one(desk.file("sheets.json", json.dumps([first, other])))
    assert faults(report) == [(1, "Move: Start", "soon", "is not a date")]
    desk.run(desk.file("lines.jsonl", f"{json.dumps(second)}\n{json.dumps({**other, 'rows': [task(3)]})}\n"))
    desk.run(desk.file("wrapped.json", json.dumps({"data": [{**first, "rows": [task(4)]}], "totalCount": 1})))
    assert {key.partition("/")[0] for key in desk.items()} == {PROJECT, str(SHEET_ID + 9)}
    assert len(desk.items()) == 4
    assert desk.of(f"project:{SHEET_ID + 9}")[0][1]["name"] == "Move"


def test_rows_at_the_top_are_projects_where_the_mapping_says_so(desk: Desk) -> None:
    rows = [
        *plan(),
        row(8, cell("Task Name", "Office", "Office"), cell("Status", "On Hold", "On Hold"),
            cell("Health", "Gray", "Gray"), cell("Budget", 900, "£900")),
        row(9, cell("Task Name", "Fleet", "Fleet"), cell("Status", "Sleeping", "Sleeping")),
    ]  # fmt: skip
    mapping = "projects_are: rows\nunit: IT\nprojects: {Office: {project: OFFICE-1, unit: FIN}}\n"
    report = desk.one(desk.file("all.json", as_json(*rows)), mapping=mapping)
    website, fleet = (str(identifier(number)) for number in (1, 9))
    assert {key.partition("/")[0] for key in desk.items()} == {website}
    told = {
        key: desk.of(f"project:{key}")[0][1] for key in (website, "OFFICE-1", fleet)
    }  # fmt: skip
    assert told["OFFICE-1"] == {
        "name": "Office", "unit": "FIN", "status": "on-hold", "budget": Decimal(900), "currency": "GBP",
        "source_key": str(identifier(8)),
    }  # fmt: skip
    assert (told[website]["unit"], told[website]["rag"], told[fleet]["name"]) == ("IT", "amber", "Fleet")
    said = "left out, since it is not clear what they say of a project (project_statuses): Sleeping"
    assert said in report.export.notes
    tells_nothing_again(desk, desk.folder / "all.json", mapping=mapping)


def test_what_is_gone_is_removed_only_if_the_sheet_is_whole(desk: Desk) -> None:
    desk.run(desk.file("plan.json", as_json(*plan())))
    fewer = desk.file("fewer.json", as_json(*plan()[:5]))
    assert not desk.one(fewer).gone
    part = desk.file("part.json", as_json(*plan()[:5], totalRowCount=7))
    with pytest.raises(BadInput, match="The sheet Website Launch has 7 rows and part.json has 5 of them"):
        desk.run(part, complete=True)
    assert desk.one(fewer, complete=True).gone == (f"work:{TWO}",)
    tells_nothing_again(desk, fewer, complete=True)
    report = desk.one(desk.file("orphan.json", as_json(*plan()[2:5])))
    assert faults(report) == [
        (3, "parentId", str(identifier(2)), "is none of the rows of the file; export them all"),
        (4, "parentId", str(identifier(1)), "is none of the rows of the file; export them all"),
    ]


def test_work_has_a_project_though_the_row_of_the_project_was_rejected(desk: Desk) -> None:
    rows = plan()
    rows[0]["cells"][3] = cell("Start", "soon")
    report = desk.one(desk.file("plan.json", as_json(*rows)))
    assert faults(report) == [(1, "Start", "soon", "is not a date")]
    assert [fields["name"] for _, fields in desk.of(f"project:{PROJECT}")] == ["Website Launch"]
    assert len(desk.items()) == 3


def test_rows_that_are_under_each_other_are_no_work(desk: Desk) -> None:
    rows = (task(1, under=2), task(2, under=1), task(3))
    report = desk.one(desk.file("plan.json", as_json(*rows)))
    assert (report.recorded, [each.number for each in report.ignored]) == (1, [1, 2])
