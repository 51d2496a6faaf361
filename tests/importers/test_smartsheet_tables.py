"""Smartsheet's Excel and CSV: hierarchy, keys, dates, and what each quirk of a real export becomes."""

import datetime as dt
import io
import os
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.errors import BadInput
from services.importers.cells import CellProblem
from services.importers.smartsheet.values import Cell, Duration, WorkingTime, duration, links, people
from services.importers.source import written
from tests.importers.kit import Desk, faults, fuzz, source, tells_nothing_again
from tests.importers.smartsheet_files import (
    ANN,
    CSV,
    GRID,
    TITLES,
    as_json,
    cell,
    contacts,
    identifier,
    row,
    workbook,
)

TIME = WorkingTime(Decimal(8), Decimal(5))
AS_OF = dt.date(2024, 2, 1)
BOOK = workbook()
GRID_PART = "xl/worksheets/sheet1.xml"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("smartsheet"))
    yield desk
    desk.app.close()


def rows(*lines: str, header: str = "Task Name,Status,Start,Finish\n") -> str:
    return header + "".join(f"{line}\n" for line in lines)


def titles(desk: Desk) -> dict[str, str]:
    """The key of each item by its title."""
    return {state["title"]: key for key, state in desk.items().items()}


def test_every_carried_cell_of_a_csv_is_in_the_log(desk: Desk) -> None:
    report = desk.one(desk.file("plan.csv", CSV))
    assert (report.rows, report.recorded, report.rejected) == (5, 3, ())
    assert [(each.number, each.ignored) for each in report.ignored] == [
        (3, "a parent row: what it shows is made of the rows under it"), (6, "blank"),
    ]  # fmt: skip
    items, ann, bob = desk.items(), desk.person("Ann Smith"), desk.person("Bob Jones")
    assert set(items) == {"PLAN/WEB-3", "PLAN/WEB-5"}
    names = ("title", "status", "category", "planned_start", "planned_finish", "duration", "elapsed",
             "percent_complete", "assignee", "blocked", "currency")  # fmt: skip
    assert {key: tuple(items[key][name] for name in names) for key in items} == {
        "PLAN/WEB-3": ("Wireframes", "Complete", "done", dt.date(2024, 1, 10), dt.date(2024, 1, 16), 40, False, 1, ann,
                       False, "GBP"),
        "PLAN/WEB-5": ("Shop", "In Progress", "active", dt.date(2024, 1, 17), dt.date(2024, 2, 13), 336, True,
                       Decimal("0.25"), ann, True, None),
    }  # fmt: skip
    assert items["PLAN/WEB-3"]["baselines"] == (
        {"number": 0, "start": dt.date(2024, 1, 8), "finish": dt.date(2024, 1, 12), "effort": None,
         "cost": Decimal("2000.5")},
    )  # fmt: skip
    # its third row is the predecessor: the line of a row is another number where cells have several lines
    assert [each["item_key"] for each in items["PLAN/WEB-5"]["predecessors"]] == ["WEB-3"]
    assert [(e["person"], e["units"]) for e in items["PLAN/WEB-5"]["assignments"]] == [
        (ann, Decimal("1.5")), (bob, Decimal("1.5")),
    ]  # fmt: skip
    assert desk.steps("work:PLAN/WEB-3")[:2] == [("created", "2024-01-08 09:00"), ("done", "2024-02-03 10:30")]
    assert desk.of("project:PLAN")[0][1]["budget"] == 50000
    assert report.export.not_carried == ("Notes",)
    assert {"dates are in the order mdy, as '03/29/24' in line 2 shows", "amounts are in GBP"} < set(
        report.export.notes
    )


def test_every_carried_cell_of_a_workbook_is_in_the_log(desk: Desk) -> None:
    report = desk.one(desk.file("plan.xlsx", workbook()), data_date=AS_OF)
    assert [(each.number, each.ignored) for each in report.ignored] == [
        (3, "a parent row: what it shows is made of the rows under it"),
        (5, "a parent row: what it shows is made of the rows under it"),
        (7, "blank"),
    ]
    assert "sheet guessed as 'Website Launch', the first with content" in report.export.notes
    keys, items = titles(desk), desk.items()
    names = ("status", "planned_start", "planned_finish", "duration", "percent_complete")
    assert {title: tuple(items[key][name] for name in names) for title, key in keys.items()} == {
        "Wireframes": ("Complete", dt.date(2024, 1, 10), dt.date(2024, 1, 16), 40, 1),
        "Shop": ("In Progress", dt.date(2024, 1, 17), dt.date(2024, 2, 13), 160, Decimal("0.25")),
        "Test": ("Not Started", None, None, 0, 0),
    }
    # Test is the seventh row, behind a blank one
    after = {title: [each["item_key"] for each in items[key]["predecessors"]] for title, key in keys.items()}
    own = {title: key.split("/")[1] for title, key in keys.items()}
    assert after == {"Wireframes": [], "Shop": [own["Wireframes"]], "Test": [own["Shop"]]}
    [project] = {key.split("/")[0] for key in items}
    assert desk.of(f"project:{project}")[0][1]["rag"] == "amber"
    assert desk.of(f"project:{project}")[0][1]["name"] == "Website Launch"


@pytest.mark.parametrize(("name", "content"), [("plan.csv", CSV), ("plan.xlsx", workbook())])
def test_again_tells_nothing_and_a_newer_export_the_difference(desk: Desk, name: str, content: Any) -> None:
    first = desk.file(name, content)
    desk.run(first, data_date=AS_OF)
    tells_nothing_again(desk, first, data_date=AS_OF)
    if name == "plan.csv":
        newer = desk.file(name, CSV.replace("e2w,3FS +1.5w,25%", "e2w,3FS +1.5w,75%").replace("02/05/24", "02/06/24"))
    else:
        changed = [(indent, tuple(0.75 if value == 0.25 else value for value in cells)) for indent, cells in GRID]
        newer = desk.file(name, workbook(changed))
    report = desk.one(newer, data_date=dt.date(2024, 2, 10))
    assert [each.event.type_name for each in report.records] == ["pmo.work.re-estimated.v2"]
    assert report.records[0].event.percent_complete == Decimal("0.75")  # type: ignore[attr-defined]
    tells_nothing_again(desk, newer, data_date=dt.date(2024, 2, 10))


def test_a_file_that_says_no_times_stands_at_its_own_date(desk: Desk) -> None:
    file = desk.file("plan.xlsx", workbook())
    os.utime(file, (1_706_783_400, 1_706_783_400))
    report = desk.one(file)
    said = "rows that do not say when they changed: 4; they stand at 2024-02-01 10:30 UTC, that of the file itself"
    assert said in report.export.notes
    assert {f"{each.occurred_at:%Y-%m-%d %H:%M}" for each in desk.records("work:")} == {"2024-02-01 10:30"}


def test_a_workbook_is_the_same_project_whatever_its_file_is_called(desk: Desk) -> None:
    desk.run(desk.file("plan.xlsx", workbook()), data_date=AS_OF)
    tells_nothing_again(desk, desk.file("Website Launch (3).xlsx", workbook()), data_date=AS_OF)
    desk.run(desk.file("Office move.csv", rows("A,Done,2024-01-01,")), data_date=AS_OF)
    tells_nothing_again(desk, desk.file("Office move (1).csv", rows("A,Done,2024-01-01,")), data_date=AS_OF)
    desk.run(desk.file("x.csv", rows("A,Done,2024-01-01,")), data_date=AS_OF, mapping="project: MOVE-1\n")
    assert any(key.startswith("MOVE-1/") for key in desk.items())


def test_names_that_repeat_are_no_keys(desk: Desk) -> None:
    report = desk.one(desk.file("plan.csv", rows("Test,Done,,", "Plan,Done,,", "Test,Open,,")), data_date=AS_OF)
    why = (
        "stands on several rows, and without a column of keys nothing tells them apart; "
        "name one as `key` in the mapping"
    )
    assert faults(report) == [(2, "Task Name", "Test", why), (4, "Task Name", "Test", why)]
    assert "rows are known by their names under the names of the rows above them" in report.export.notes
    assert "nothing shows which rows are under others, so none is" in report.export.notes
    # a title may name people: only its digest stands in the log
    assert b"PLAN/PLAN" not in b"".join(value for _, _, value in desk.app.store.values_after(0, 99)).upper()
    # under other parents they are others
    grid = ((0, ("One",)), (1, ("Test", "Done")), (0, ("Two",)), (1, ("Test", "Not Started")))
    assert desk.one(desk.file("plan.xlsx", workbook(grid)), data_date=AS_OF).recorded == 2
    named = "columns: {key: WBS}\n"
    keyed = rows("Test,Done,,,1.1", "Test,Open,,,1.2", "Other,Open,,,1.1", ",,,,", "X,Open,,,",
                 header="Task Name,Status,Start,Finish,WBS\n")  # fmt: skip
    report = desk.one(desk.file("keyed.csv", keyed), data_date=AS_OF, mapping=named)
    assert faults(report) == [
        (4, "WBS", "1.1", "is the key of line 2 again"),
        (6, "WBS", None, "is empty, so nothing tells this row from others"),
    ]
    assert {key for key in desk.items() if key.startswith("KEYED/")} == {"KEYED/1.1", "KEYED/1.2"}


def test_keys_that_a_spreadsheet_rounded_are_refused(desk: Desk) -> None:
    header = "Row ID,Task Name,Status\n"
    report = desk.one(
        desk.file("a.csv", rows("5.22548E+15,A,Open", "5225480974915653,B,Open", header=header)), data_date=AS_OF
    )
    assert faults(report) == [(2, "Row ID", "5.22548E+15", "is no key: a spreadsheet has rounded it to 15 digits")]
    assert set(desk.items()) == {"A/5225480974915653"}
    told = rows(*(f"522548097491{number}0,T{number},Open" for number in (565, 571, 582)), header=header)
    with pytest.raises(BadInput, match=r"column Row ID: all ids end in 0, as 5225480974915650 does, so a spreadsheet"):
        desk.run(desk.file("b.csv", told), data_date=AS_OF)


def test_the_same_row_of_csv_and_json_is_one_item_by_its_id(desk: Desk) -> None:
    mapping = "projects: {Website Launch: {project: WEB}}\n"
    told = row(1, cell("Task Name", "A", "A"), cell("Status", "Open", "Open"))
    desk.run(desk.file("plan.json", as_json(told)), mapping=mapping)
    text = rows(f"A,Open,2024-02-01T10:30:00Z,{identifier(1)}", header="Task Name,Status,Modified,Row ID\n")
    tells_nothing_again(desk, desk.file("Website Launch.csv", text), mapping=mapping)


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("01/31/24", None, dt.date(2024, 1, 31)), ("31/01/2024", None, dt.date(2024, 1, 31)),
        ("31.01.24", None, dt.date(2024, 1, 31)), ("2024-01-31", None, dt.date(2024, 1, 31)),
        ("31 Jan 2024", None, dt.date(2024, 1, 31)), ("01/02/24", "mdy", dt.date(2024, 1, 2)),
        ("01/02/24", "dmy", dt.date(2024, 2, 1)), ("01/31/24 8:00 AM", None, dt.date(2024, 1, 31)),
    ],
)  # fmt: skip
def test_dates_as_each_region_writes_them(desk: Desk, written: str, order: Any, day: dt.date) -> None:
    file = desk.file("plan.csv", rows(f"A,Open,{written},"))
    if order:
        with pytest.raises(BadInput, match=r"plan.csv, line 2: the date '01/02/24' can be read two ways"):
            desk.run(file, data_date=dt.date(2024, 3, 1))
    desk.run(file, data_date=dt.date(2024, 3, 1), date_order=order)
    assert desk.items()[titles(desk)["A"]]["planned_start"] == day


def test_a_title_that_repeats_and_blank_rows(desk: Desk) -> None:
    header = "Task Name,Status,Status,% Complete\n"
    report = desk.one(desk.file("plan.csv", rows("A,Done,Late,50%", ",,,", header=header)), data_date=AS_OF)
    assert (desk.items()[titles(desk)["A"]]["status"], report.export.not_carried) == ("Done", ("Status.2",))
    assert [each.ignored for each in report.ignored] == ["blank"]
    mapping = "columns: {status: Status.2, percent_complete: null}\n"
    desk.run(desk.file("plan.csv", rows("A,Done,Late,50%", header=header)), data_date=AS_OF, mapping=mapping)
    assert desk.items()[titles(desk)["A"]]["status"] == "Late"
    with pytest.raises(BadInput, match="No file has the column 'State' that the mapping names for `status`"):
        desk.run(desk.folder / "plan.csv", mapping="columns: {status: State}\n")


def test_a_checkbox_says_that_a_row_is_done(desk: Desk) -> None:
    text = rows("true,A", "false,B", "TRUE,C", header="Done,Task Name\n")
    desk.run(desk.file("list.csv", text), data_date=AS_OF)
    categories = {state["title"]: state["category"] for state in desk.items().values()}
    assert categories == {"A": "done", "B": "queue", "C": "done"}


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (("€1.234,50", "€10"), [Decimal("1234.5"), Decimal(10)]),
        (("€1,234.50", "€10"), [Decimal("1234.5"), Decimal(10)]),
        (("€1.234", "€10"), "'€1.234' can be read two ways; say `decimal`"),
        (("€10", "£10"), "nothing says which currency"),
        (("10", "20"), "nothing says which currency '10' is in"),
    ],
)
def test_amounts_are_settled_for_the_file(desk: Desk, amounts: tuple[str, str], said: Any) -> None:
    lines = (f'{name},Open,"{amount}"' for name, amount in zip("AB", amounts, strict=True))
    file = desk.file("plan.csv", rows(*lines, header="Task Name,Status,Budget\n"))
    if isinstance(said, str):
        with pytest.raises(BadInput, match=said):
            desk.run(file, data_date=AS_OF)
    else:
        desk.run(file, data_date=AS_OF)
        assert [desk.items()[titles(desk)[name]]["baselines"][0]["cost"] for name in "AB"] == said


def test_the_mapping_that_is_guessed_reads_the_same(desk: Desk) -> None:
    file = desk.file("plan.csv", CSV)
    guessed = written(desk.read(file).mapping, "smartsheet")
    assert "  finish: End Date\n" in guessed
    assert "projects:\n  plan:\n    project: PLAN\n" in guessed
    desk.run(file)
    tells_nothing_again(desk, file, mapping=guessed)


@pytest.mark.parametrize(
    ("written", "hours", "elapsed"),
    [
        ("5d", "40", False), ("2w", "80", False), ("e5d", "120", True), ("5ed", "120", True), ("~0", "0", False),
        ("~4w", "160", False), ("1w 2d 4h", "60", False), ("1.5d", "12", False), ("30m", "0.5", False),
        (3, "24", False), (2.0, "16", False), ("0", "0", False), ("90s", "0.025", False), ("e1w", "168", True),
    ],
)  # fmt: skip
def test_durations(written: Any, hours: str, elapsed: bool) -> None:
    assert duration(Cell(written), TIME) == Duration(Decimal(hours), elapsed)


@pytest.mark.parametrize("written", ["soon", "5x", "", "-3d", "d", True, "9" * 300, "1e9d"])
def test_what_is_no_duration(written: Any) -> None:
    assert isinstance(duration(Cell(written), TIME), CellProblem)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("8", [(8, "finish-to-start", "0", "days", False)]),
        (8, [(8, "finish-to-start", "0", "days", False)]),
        (8.0, [(8, "finish-to-start", "0", "days", False)]),
        ("8FS +1.5w 2.5d", [(8, "finish-to-start", "80.0", "hours", False)]),
        ("8ss-2d, 9FF +e3h", [(8, "start-to-start", "-2", "days", False), (9, "finish-to-finish", "3", "hours", True)]),
        ("3SF + 1,5d", [(3, "start-to-finish", "1.5", "days", False)]),
        ("7; 8", [(7, "finish-to-start", "0", "days", False), (8, "finish-to-start", "0", "days", False)]),
    ],
)
def test_predecessors(written: Any, found: list[Any]) -> None:
    told = links(Cell(written), TIME)
    assert not isinstance(told, CellProblem)
    assert [(e.row, e.relation, e.lag, e.unit, e.elapsed) for e in told] == [
        (row, relation, Decimal(lag), unit, elapsed) for row, relation, lag, unit, elapsed in found
    ]


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("Ann Smith", ["Ann Smith"]), ("Ann Smith, Bob Jones", ["Ann Smith", "Bob Jones"]),
        ("Smith, Ann", ["Smith, Ann"]), ("ann@example.org; Bob Jones", ["ann@example.org", "Bob Jones"]),
        ("Ann@Example.org", ["ann@example.org"]), ("Team A, Team B", ["team"]),
    ],
)  # fmt: skip
def test_names_of_a_table(written: str, keys: list[str]) -> None:
    found = people(Cell(written), {}, {"Team A, Team B": "team"}, many=None)
    assert [each.key for each in found] == keys


def test_a_workbook_that_is_something_else_or_unpacks_to_too_much(desk: Desk) -> None:
    for name, content, said in (
        ("plan.xlsx", b"%PDF-1.7", "it seems to be a PDF document"),
        ("plan.xlsx", CSV.encode(), "named as an Excel workbook but seems to be text"),
        ("plan.csv", workbook(), "seems to be an Excel workbook; rename it to .xlsx"),
        ("plan.csv", b"", "is empty"),
        ("plan.csv", b"a,b\n1,2\n", "has no columns such as Status, % Complete, Start or Finish, but a, b"),
        ("plan.xlsx", _bomb(), r"would unpack to 2,147,\d+,\d+ bytes in \d+ parts"),
        ("plan.xlsx", _with_entities(), "declares a document type, and entities are not read"),
    ):
        with pytest.raises(BadInput, match=said):
            desk.run(desk.file(name, content), data_date=AS_OF)
    assert desk.count() == 0


def _replaced(part: str, change: Any) -> bytes:
    """A workbook in which one part is another one."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return written.getvalue()


def _bomb() -> bytes:
    """A workbook that says of a part that it has two gigabytes: the size is looked at before anything is unpacked."""
    data = bytearray(_replaced(GRID_PART, lambda part: part))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(GRID_PART.encode()))
    data[at + 24 : at + 28] = (2 * 1024**3).to_bytes(4, "little")
    return bytes(data)


def _with_entities() -> bytes:
    doctype = b'<!DOCTYPE x [<!ENTITY a "b">]>'
    return _replaced(GRID_PART, lambda part: doctype + part)


def test_a_damaged_outline_is_a_damaged_workbook(desk: Desk) -> None:
    broken = _replaced(GRID_PART, lambda part: part.replace(b'outlineLevel="1"', b'outlineLevel="x"'))
    with pytest.raises(BadInput, match="plan.xlsx is a damaged Excel workbook"):
        desk.run(desk.file("plan.xlsx", broken), data_date=AS_OF)


def test_cells_of_a_workbook_with_times_need_a_zone_only_where_a_time_is_meant(desk: Desk) -> None:
    book = openpyxl.Workbook()
    grid = book.active
    assert grid is not None
    grid.append(["Task Name", "Status", "Start", "Modified"])
    grid.append(["A", "Open", dt.datetime(2024, 1, 31, 8), dt.datetime(2024, 7, 1, 9)])
    written = io.BytesIO()
    book.save(written)
    file = desk.file("plan.xlsx", written.getvalue())
    with pytest.raises(BadInput, match=r"plan.xlsx, row 2: the time '2024-07-01 09:00:00' has no zone"):
        desk.run(file, zone=None)
    desk.run(file)
    [item] = desk.items().values()
    assert item["planned_start"] == dt.date(2024, 1, 31)
    assert f"{item['created']:%H:%M}" == "08:00"


def test_who_joins_is_said_by_the_mapping(desk: Desk) -> None:
    told = row(1, *(cell(title) for title in TITLES[:1]), cell("Status", "Open"), contacts(ANN))
    mapping = "join: {unit: IT, role: Designer}\n"
    desk.run(desk.file("plan.json", as_json(told)), mapping=mapping)
    assert [each.event.role for each in desk.records(f"person:{desk.person('ann@example.org')}")] == ["Designer"]  # type: ignore[attr-defined]


def test_mutated_csv(desk: Desk) -> None:
    fuzz(desk, "plan.csv", CSV.encode(), data_date=AS_OF)


def test_mutated_workbooks(desk: Desk) -> None:
    fuzz(desk, "plan.xlsx", workbook(), data_date=AS_OF)


def test_mutated_parts_of_a_workbook(desk: Desk) -> None:
    """The grid itself, mutated below the checksums of the archive."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        grid = archive.read(GRID_PART)
    fuzz(desk, "plan.xlsx", grid, lambda part: _replaced(GRID_PART, lambda _: part), data_date=AS_OF)
