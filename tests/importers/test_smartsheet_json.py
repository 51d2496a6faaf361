"""The JSON of Smartsheet's interface: what each quirk of a real sheet becomes, and every carried cell in the log."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.errors import BadInput
from tests.importers.kit import Desk, faults, fuzz, notes, source, tells_nothing_again
from tests.importers.smartsheet_files import (
    ANN,
    BOB,
    COLUMNS,
    SHEET_ID,
    as_json,
    cell,
    contacts,
    identifier,
    plan,
    row,
    task,
)

PROJECT = str(SHEET_ID)
WIREFRAMES, SHOP, TWO = (f"{PROJECT}/{identifier(number)}" for number in (3, 5, 7))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("smartsheet"), zone="")
    yield desk
    desk.app.close()


def test_every_carried_cell_is_in_the_log(desk: Desk) -> None:
    report = desk.one(desk.file("plan.json", as_json(*plan())))
    assert (report.recorded, report.rejected) == (4, ())
    assert {each.number: each.ignored for each in report.ignored} == {
        2: "a parent row: what it shows is made of the rows under it",
        4: "a parent row: what it shows is made of the rows under it",
        6: "blank",
    }
    assert report.export.not_carried == ("Variance", "Comments")
    assert set(report.export.carried) == {each["title"] for each in COLUMNS} - {"Variance", "Comments"}
    items = desk.items()
    ann, bob = desk.person("ann@example.org"), desk.person("bob@example.org")
    assert set(items) == {WIREFRAMES, SHOP, TWO}
    names = ("title", "status", "category", "planned_start", "planned_finish", "duration", "elapsed",
             "percent_complete", "assignee", "blocked", "currency")  # fmt: skip
    told = {key: tuple(items[key].get(name) for name in names) for key in items}
    assert told == {
        WIREFRAMES: ("Wireframes", "Complete", "done", dt.date(2024, 1, 10), dt.date(2024, 1, 16), Decimal(40), False,
                     Decimal(1), ann, False, "GBP"),
        SHOP: ("Shop", "In Progress", "active", dt.date(2024, 1, 17), dt.date(2024, 2, 13), Decimal(336), True,
               Decimal("0.25"), ann, True, None),
        TWO: ("2", "Not Started", "queue", None, None, None, None, None, None, False, None),
    }  # fmt: skip
    [baseline] = items[WIREFRAMES]["baselines"]
    assert baseline == {
        "number": 0, "start": dt.date(2024, 1, 8), "finish": dt.date(2024, 1, 12), "effort": None,
        "cost": Decimal(2000),
    }  # fmt: skip
    # a row number is that of the sheet, in which a blank row counts too; lags of two units are one in hours
    after = [(each["item_key"], each["relation"], f"{each['lag']} {each['lag_unit']}") for each in
             items[SHOP]["predecessors"]]  # fmt: skip
    assert after == [
        (str(identifier(3)), "finish-to-start", "80 hours"), (str(identifier(7)), "start-to-start", "-2 days"),
    ]  # fmt: skip
    assert [(each["person"], each["units"]) for each in items[SHOP]["assignments"]] == [
        (ann, Decimal("1.5")), (bob, Decimal("1.5")),
    ]  # fmt: skip
    plans = [each.event for each in desk.records("workload:")]
    assert sorted((each.weekly_hours, each.first_day, each.last_day) for each in plans) == [  # type: ignore[attr-defined]
        (20, dt.date(2024, 1, 10), dt.date(2024, 1, 16)),
        (60, dt.date(2024, 1, 17), dt.date(2024, 2, 13)),
        (60, dt.date(2024, 1, 17), dt.date(2024, 2, 13)),
    ]
    [(_, project)] = desk.of(f"project:{PROJECT}")
    assert project == {
        "name": "Website Launch", "status": "running", "start": dt.date(2024, 1, 10), "finish": dt.date(2024, 3, 29),
        "budget": Decimal(50000), "actual_cost": Decimal("20000.5"), "currency": "GBP", "rag": "amber",
        "percent_complete": Decimal("0.4"), "source_key": PROJECT,
    }  # fmt: skip
    named = desk.app.store.values((f"person:{ann}", f"person:{bob}"))
    assert named[f"person:{ann}"] == {"name": "Ann Smith", "email": "Ann@example.org"}
    log = b"".join(value for _, _, value in desk.app.store.values_after(0, 99))
    assert b"Ann" not in log
    assert b"ann@" not in log


def test_times_are_those_of_the_rows(desk: Desk) -> None:
    desk.run(desk.file("plan.json", as_json(*plan())))
    assert desk.steps(f"work:{SHOP}") == [
        ("created", "2024-01-08 09:00"),
        *((name, "2024-02-05 10:30") for name in ("moved", "re-estimated", "blocked", "scheduled")),
    ]
    assert desk.steps(f"work:{TWO}") == [("created", "2024-01-08 09:00")]


def test_again_tells_nothing_and_a_newer_export_the_difference(desk: Desk) -> None:
    first = desk.file("plan.json", as_json(*plan()))
    desk.run(first)
    tells_nothing_again(desk, first)
    rows = plan()
    rows[4] = row(
        5, cell("Task Name", "Shop", "Shop"), cell("Status", "Complete", "Complete"),
        cell("Start", "2024-01-17T08:00:00"), cell("Finish", "2024-02-20T16:59:59"), cell("Duration", "e2w", "e2w"),
        cell("% Complete", 1, "100%"), contacts(BOB), cell("Allocation %", 1.5, "150%"),
        modifiedAt="2024-03-01T08:00:00Z", under=4,
    )  # fmt: skip
    newer = desk.file("newer.json", as_json(*rows, name="Website 2.0", modifiedAt="2024-03-01T08:00:00Z"))
    report = desk.one(newer)
    assert (report.recorded, report.unchanged) == (2, 2)
    told = sorted((each.stream.split(":")[0], each.event.type_name.split(".")[2]) for each in report.records)
    # the project is the same one under another name
    assert told == [
        ("project", "recorded"), ("work", "assigned"), ("work", "done"), ("work", "re-estimated"),
        ("work", "scheduled"), ("work", "unblocked"), ("workload", "allocation-revised"),
    ]  # fmt: skip
    assert {r.event.type_name.split(".")[2] for r in report.records if r.stream == f"work:{SHOP}"} == {
        "assigned", "done", "re-estimated", "scheduled", "unblocked",
    }  # fmt: skip
    assert desk.items()[SHOP]["predecessors"] == ()
    tells_nothing_again(desk, newer)
    tells_nothing_again(desk, first)
    # Ann's plan is Bob's now
    gone = desk.one(newer, complete=True).gone
    assert gone == (f"workload:{desk.person('ann@example.org')}",)


def test_an_empty_cell_is_emptied_and_a_column_that_is_not_there_says_nothing(desk: Desk) -> None:
    told = (cell("% Complete", 0.5, "50%"), contacts(ANN), cell("Baseline Start", "2024-01-08"))
    desk.run(desk.file("a.json", as_json(task(1, *told))))
    fewer = [each for each in COLUMNS if each["title"] in ("Task Name", "Status")]
    names = {each["title"] for each in fewer}
    bare = {**task(1), "cells": [each for each in task(1)["cells"] if each.get("value")]}
    assert len(bare["cells"]) == len(names)
    tells_nothing_again(desk, desk.file("b.json", as_json(bare, columns=fewer)))
    assert desk.items()[f"{PROJECT}/{identifier(1)}"]["percent_complete"] == Decimal("0.5")
    # the cells are there again, and have nothing but their column
    assert {"columnId"} == set(task(1)["cells"][-1])
    desk.run(desk.file("c.json", as_json(task(1))))
    item = desk.items()[f"{PROJECT}/{identifier(1)}"]
    assert (item["percent_complete"], item["assignee"], item["baselines"], item["assignments"]) == (None, None, (), ())


def test_a_formula_without_a_value_is_empty_and_one_that_failed_says_nothing(desk: Desk) -> None:
    desk.run(desk.file("a.json", as_json(task(1, cell("% Complete", 0.5, "50%"), contacts(ANN)))))
    failed = cell("% Complete", "#UNPARSEABLE", "#UNPARSEABLE", formula="=AVG([Done]1")
    report = desk.one(desk.file("b.json", as_json(task(1, failed, cell("Start", formula="=[Start]2"), contacts(ANN)))))
    assert notes(report) == [
        (1, "% Complete", "#UNPARSEABLE", "is a formula that failed, so the cell was left out"),
    ]
    item = desk.items()[f"{PROJECT}/{identifier(1)}"]
    assert (item["percent_complete"], item["planned_start"]) == (Decimal("0.5"), None)
    planned = (contacts(ANN), cell("Allocation %", 0.5, "50%"), cell("Baseline Start", "2024-01-08"))
    desk.run(desk.file("e.json", as_json(task(9, *planned, cell("Budget", 5, "£5")))))
    both = (cell("Allocation %", "#REF"), cell("Budget", "#REF"))
    desk.run(desk.file("f.json", as_json(task(9, *planned[::2], *both))))
    item = desk.items()[f"{PROJECT}/{identifier(9)}"]
    assert (item["assignments"][0]["units"], item["baselines"][0]["cost"]) == (Decimal("0.5"), Decimal(5))
    for number, said in enumerate(("#INVALID DATA TYPE", "#NO MATCH", "#REF", "#DIV/0!"), start=1):
        assert len(notes(desk.one(desk.file("c.json", as_json(task(number, cell("Start", said))))))) == 1
    assert notes(desk.one(desk.file("d.json", as_json(task(1, cell("Task Name", "#1 priority", "#1 priority")))))) == []


def test_rows_without_numbers_stand_in_the_order_of_their_siblings(desk: Desk) -> None:
    rows = plan()
    before = {2: None, 3: None, 4: 2, 5: None, 6: 5, 7: 6}
    for each, number in zip(rows, range(1, 8), strict=True):
        del each["rowNumber"]
        if before.get(number):
            each["siblingId"] = identifier(before[number])  # type: ignore[arg-type]
    rows.reverse()
    report = desk.one(desk.file("plan.json", as_json(*rows)))
    assert "rows have no numbers and stand in the order of their siblingId" in report.export.notes
    assert [each["item_key"] for each in desk.items()[SHOP]["predecessors"]] == [
        str(identifier(3)), str(identifier(7)),
    ]  # fmt: skip
    assert [each.number for each in report.ignored] == [2, 4, 6]


def test_ids_of_16_digits_are_exact_and_rounded_ones_are_refused(desk: Desk) -> None:
    assert float(SHEET_ID) == SHEET_ID
    rounded = {**task(2), "id": 5.22548097491565e15}
    text = as_json(task(1), rounded, {**task(3), "id": None}, {**task(4), "id": str(identifier(4))}, task(4))
    report = desk.one(desk.file("plan.json", text))
    assert faults(report) == [
        (2, "id", "5225480974915650.0", "is no id: it went through a program that keeps 15 digits"),
        (3, "id", "None", "is no id: it went through a program that keeps 15 digits"),
        (4, "id", str(identifier(4)), "is the id of row 4 again"),
    ]
    assert set(desk.items()) == {f"{PROJECT}/{identifier(1)}", f"{PROJECT}/{identifier(4)}"}


def test_a_time_without_a_zone_is_a_day_of_the_plan_or_is_asked_for(desk: Desk) -> None:
    report = desk.one(desk.file("a.json", as_json(task(1, cell("Start", "2024-01-10T23:30:00")))))
    assert desk.items()[f"{PROJECT}/{identifier(1)}"]["planned_start"] == dt.date(2024, 1, 10)
    assert not any("zone" in note for note in report.export.notes)
    naive = desk.file("b.json", as_json(task(1, createdAt="2024-01-08T09:00:00")))
    with pytest.raises(BadInput, match=r"b.json, row 1: the time '2024-01-08T09:00:00' has no zone; say by --zone"):
        desk.run(naive)
    assert desk.one(naive, zone="Europe/London").unchanged == 0
    numeric = task(2, cell("Start", 1704873600000), createdAt=1704704400000, modifiedAt=1706783400123)
    desk.run(desk.file("c.json", as_json(numeric)))
    assert desk.steps(f"work:{PROJECT}/{identifier(2)}")[0] == ("created", "2024-01-08 09:00")
    assert desk.items()[f"{PROJECT}/{identifier(2)}"]["planned_start"] == dt.date(2024, 1, 10)


@pytest.mark.parametrize(
    ("told", "keys"),
    [
        (contacts(ANN, BOB), ["ann@example.org", "bob@example.org"]),
        (contacts({"name": "Temp"}), ["Temp"]),
        (cell("Assigned To", "Ann Smith, Cem Kaya", "Ann Smith, Cem Kaya"), ["ann@example.org", "Cem Kaya"]),
        (cell("Assigned To", "bob@example.org", "Bob Jones"), ["bob@example.org"]),
        (cell("Assigned To", "Cem Kaya", "Cem Kaya"), ["cem"]),
    ],
)
def test_contacts_by_email_by_name_and_by_mapping(desk: Desk, told: dict[str, Any], keys: list[str]) -> None:
    options = [{"name": "Ann Smith", "email": "ann@example.org"}]
    listed = [{**each, "contactOptions": options} if each["title"] == "Assigned To" else each for each in COLUMNS]
    mapping = "people: {Cem Kaya: cem}\n" if keys == ["cem"] else None
    desk.run(desk.file("plan.json", as_json(task(1, told), columns=listed)), mapping=mapping)
    item = desk.items()[f"{PROJECT}/{identifier(1)}"]
    assert [each["person"] for each in item["assignments"]] == [desk.person(key) for key in keys]
    assert item["assignee"] == desk.person(keys[0])


def test_a_column_of_symbols_is_a_rating_and_not_a_status(desk: Desk) -> None:
    columns = [
        {**each, "title": {"Status": "Stage Gate", "Health": "Status"}.get(each["title"], each["title"])}
        for each in COLUMNS
    ]
    report = desk.one(desk.file("plan.json", as_json(*plan(), columns=columns)))
    assert "Status is health" in report.export.notes[-1] or any("Status is health" in n for n in report.export.notes)
    assert [fields.get("rag") for _, fields in desk.of(f"project:{PROJECT}")] == ["amber"]
    # without a status it follows from how much is done
    assert (desk.items()[WIREFRAMES]["status"], desk.items()[SHOP]["status"]) == ("Complete", "In progress")


def test_a_rating_that_is_not_known_is_said(desk: Desk) -> None:
    rows = plan()
    rows[0]["cells"][2] = cell("Health", "Purple", "Purple")
    report = desk.one(desk.file("plan.json", as_json(*rows)))
    why = "is no rating that is known, so it was left out; say in the mapping's `health` which one it is"
    assert notes(report) == [(1, "Health", "Purple", why)]
    desk.run(desk.file("plan.json", as_json(*rows)), mapping="health: {Purple: red}\n")
    assert desk.of(f"project:{PROJECT}")[-1][1]["rag"] == "red"


def test_percentages_are_settled_for_the_column_and_mixed_ones_are_pointed_out(desk: Desk) -> None:
    fractions = as_json(task(1, cell("% Complete", 0.5, "50%")), task(2, cell("% Complete", 1)))
    assert desk.one(desk.file("a.json", fractions)).recorded == 2
    assert desk.items()[f"{PROJECT}/{identifier(2)}"]["percent_complete"] == 1
    mixed = as_json(*(task(at, cell("% Complete", value)) for at, value in ((3, 50), (4, "25%"), (5, 0.5), (6, 120))))
    report = desk.one(desk.file("b.json", mixed))
    assert "numbers in % Complete are percentages, so that 50 is a half" in report.export.notes
    assert faults(report) == [
        (5, "% Complete", "0.5", "could be a fraction or a percentage; others of the column are percentages"),
        (6, "% Complete", "120", "is not between 0 and 100 percent"),
    ]
    told = [desk.items()[f"{PROJECT}/{identifier(at)}"]["percent_complete"] for at in (3, 4)]
    assert told == [Decimal("0.5"), Decimal("0.25")]


def test_amounts_without_a_currency_are_asked_for(desk: Desk) -> None:
    dollars = desk.file("plan.json", as_json(task(1, cell("Budget", 1234.5, "$1,234.50"))))
    with pytest.raises(BadInput, match=r"row 1, column Budget: nothing says which currency '\$1,234.50' is in"):
        desk.run(dollars)
    desk.run(dollars, mapping="currency: AUD\n")
    item = desk.items()[f"{PROJECT}/{identifier(1)}"]
    assert (item["baselines"][0]["cost"], item["currency"]) == (Decimal("1234.5"), "AUD")


def test_predecessors_that_have_no_place_are_left_out_and_said(desk: Desk) -> None:
    rows = plan()
    rows[4]["cells"][5] = cell("Predecessors", "2, 3, 5, 6FF, 99", "2, 3, 5, 6FF, 99")
    report = desk.one(desk.file("plan.json", as_json(*rows)))
    assert [(number, value, why) for number, _, value, why in notes(report)] == [
        (5, "row 2", "is a parent row, which is no item of work, so it was left out"),
        (5, "row 5", "is the row itself, so it was left out"),
        (5, "row 6", "is no row of the sheet, so it was left out"),
        (5, "row 99", "is no row of the sheet, so it was left out"),
    ]
    assert [each["item_key"] for each in desk.items()[SHOP]["predecessors"]] == [str(identifier(3))]


def test_predecessors_as_objects_name_their_rows_by_id(desk: Desk) -> None:
    lag = {"objectType": "DURATION", "negative": True, "elapsed": True, "days": 2.5}
    told = {
        "objectType": "PREDECESSOR_LIST",
        "predecessors": [{"rowId": identifier(3), "rowNumber": 99, "type": "FF", "lag": lag, "inCriticalPath": True}],
    }
    rows = plan()
    rows[4]["cells"][5] = cell("Predecessors", "3FF -e2.5d", "3FF -e2.5d", objectValue=told)
    desk.run(desk.file("plan.json", as_json(*rows)))
    [link] = desk.items()[SHOP]["predecessors"]
    assert link == {
        "item_key": str(identifier(3)), "relation": "finish-to-finish", "lag": Decimal("-2.5"), "lag_unit": "days",
        "elapsed": True,
    }  # fmt: skip


def test_actual_days_are_when_work_began_and_was_done(desk: Desk) -> None:
    columns = [
        {**each, "title": {"Variance": "Actual Start", "Comments": "Actual Finish"}.get(each["title"], each["title"])}
        for each in COLUMNS
    ]
    done = task(1, cell("Status", "Complete"), cell("Variance", "2024-01-02"), cell("Comments", "2024-01-05"))
    desk.run(desk.file("plan.json", as_json(done, columns=columns)))
    # the row was made after the work of which it tells
    assert [(name, when[:10]) for name, when in desk.steps(f"work:{PROJECT}/{identifier(1)}")] == [
        ("created", "2024-01-01"), ("moved", "2024-01-01"), ("done", "2024-01-04"),
    ]  # fmt: skip
    tells_nothing_again(desk, desk.folder / "plan.json")


def test_statuses_that_end_a_row_without_its_being_done(desk: Desk) -> None:
    ended = task(1, cell("Status", "Cancelled", "Cancelled"))
    desk.run(desk.file("plan.json", as_json(ended)))
    assert desk.items()[f"{PROJECT}/{identifier(1)}"]["removed"]
    desk.run(desk.file("plan.json", as_json(task(1, modifiedAt="2024-02-09T10:30:00Z"))))
    assert not desk.items()[f"{PROJECT}/{identifier(1)}"]["removed"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"errorCode": 1006, "message": "Not Found"}', "it has no columns and rows, but only errorCode, message"),
        (b'{"data": [{"id": 1, "name": "Plan"}], "totalCount": 1}', "it has no rows; get each sheet by GET /sheets/"),
        (b'{"columns": [{"virtualId": 1, "title": "A"}], "rows": []}', "is a report of Smartsheet"),
        (b'{"columns": [{"id": 1, "title": "A"}], "rows": []}', "has no columns such as Status"),
        (b'{"columns": [{"id": 1, ', "line 1: it is not JSON"),
        (b"[1]", "a list of other things"),
        (b"%PDF-1.4", "it seems to be a PDF document"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_in_one_sentence(desk: Desk, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        desk.run(desk.file("sheet.json", content))
    assert desk.count() == 0


def test_what_cannot_be_is_a_fault_of_its_row(desk: Desk) -> None:
    rows = (
        task(1, cell("Duration", "soon", "soon")), task(2, cell("Predecessors", "after lunch")),
        task(3, cell("Allocation %", 9.0)), task(4, contacts(ANN), cell("Allocation %", 0.5, "50%")),
        task(5, cell("Start", "2024-02-02"), cell("Finish", "2024-02-01")),
        task(6, modifiedAt="2199-01-01T00:00:00Z"), task(7, cell("Blocked", "perhaps")),
    )  # fmt: skip
    report = desk.one(desk.file("plan.json", as_json(*rows, "text")))  # type: ignore[arg-type]
    assert faults(report) == [
        (1, "Duration", "soon", "is no duration such as 5d, 2w or e5d"),
        (2, "Predecessors", "after lunch", "is no list of predecessors such as 8FS +1.5w"),
        (6, "seen", "2199-01-01 00:00:00+00:00", "lies in the future, and nothing has happened there yet"),
        (7, "Blocked", "perhaps", "is neither checked nor unchecked"),
        (8, None, "text", "is no row: it has no cells"),
    ]
    assert [(number, value, why) for number, _, value, why in notes(report)] == [
        (3, "900%", "makes no plan, since nobody is assigned"),
        (4, "50%", "makes no plan, since there are no days from and to which it is"),
        (5, "2024-02-02", "lies after Finish, 2024-02-01, so it was left out"),
    ]


def test_mutated_files(desk: Desk) -> None:
    fuzz(desk, "plan.json", as_json(*plan()).encode())
