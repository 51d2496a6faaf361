"""Tasks of Asana's CSV: what each quirk of a real export becomes."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadInput
from services.importers.asana.table import gid_of
from services.importers.cells import CellProblem
from tests.importers.asana_files import CSV, HEADER, rows
from tests.importers.kit import Desk, faults, fuzz, notes, source, tells_nothing_again

AGAIN = "export it again from Asana and import the file as it was downloaded"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("asana"), zone="")
    yield desk
    desk.app.close()


def scheduled(desk: Desk, stream: str) -> dict[str, Any]:
    return next(fields for name, fields in reversed(desk.of(stream)) if name == "scheduled")


def test_every_carried_cell_is_in_the_log(desk: Desk) -> None:
    report = desk.one(desk.file("Payments.csv", CSV))
    assert (report.recorded, report.rejected, report.ignored) == (4, (), ())
    items = desk.items()
    ann, bob = desk.person("ann@example.org"), desk.person("Bob Jones")
    day = dt.date.fromisoformat
    expected = {
        "11": ("Pay by card", "Completed", "done", ann, "8", day("2024-01-10"), day("2024-01-31"), None),
        "12": ("Refund", "In Progress", "active", bob, "4.5", day("2024-01-15"), day("2024-02-15"), None),
        "13": ("Write the text", "Open", "queue", ann, "0.75", None, None, "1200000000000012"),
        "14": ("Later", "To Do", "queue", None, None, None, None, None),
    }
    names = ("title", "status", "category", "assignee", "estimate", "planned_start", "planned_finish", "parent")
    assert set(items) == {f"PAYMENTS/12000000000000{number}" for number in expected}
    for number, values in expected.items():
        told = {name: items[f"PAYMENTS/12000000000000{number}"][name] for name in names}
        told["estimate"] = told["estimate"] and f"{told['estimate']:f}"
        assert told == dict(zip(names, values, strict=True)), number
    assert scheduled(desk, "work:PAYMENTS/1200000000000011")["actual_effort"] == Decimal("1.5")
    [waits] = scheduled(desk, "work:PAYMENTS/1200000000000012")["predecessors"]
    assert (waits["item_key"], waits["relation"]) == ("1200000000000011", "finish-to-start")
    assert [fields["name"] for _, fields in desk.of("project:PAYMENTS")] == ["Payments"]
    assert desk.app.store.values((f"person:{ann}",)) == {
        f"person:{ann}": {"name": "Ann Smith", "email": "ann@example.org"}
    }
    everything = b"".join(value for _, _, value in desk.app.store.values_after(0, 99))
    assert not any(text in everything for text in (b"Ann", b"ann@", b"second", b"Pay by"))
    assert set(report.export.not_carried) == {"Tags", "Notes", "Blocking (Dependencies)", "Priority"}
    assert set(report.export.carried) == {name.strip() for name in HEADER.split(",")} - set(report.export.not_carried)


def test_days_are_those_of_the_columns(desk: Desk) -> None:
    report = desk.one(desk.file("Payments.csv", CSV))
    # days begin in the zone of the workspace, an hour before that of the world
    assert desk.steps("work:PAYMENTS/1200000000000011") == [
        ("created", "2024-01-08 23:00"), ("done", "2024-01-18 23:00"), ("scheduled", "2024-01-19 23:00"),
    ]  # fmt: skip
    assert desk.steps("work:PAYMENTS/1200000000000012") == [
        ("created", "2024-01-09 23:00"), ("moved", "2024-01-20 23:00"), ("scheduled", "2024-01-20 23:00"),
    ]  # fmt: skip
    assert desk.steps("work:PAYMENTS/1200000000000014") == [("created", "2024-01-11 23:00")]
    assert "a state is dated by the column Last Modified, its completion by Completed At" in report.export.notes
    assert "guessed that the sections say how far work is: Payments" in report.export.notes


def test_again_tells_nothing_and_a_newer_export_the_difference(desk: Desk) -> None:
    first = desk.file("Payments.csv", CSV)
    desk.run(first)
    tells_nothing_again(desk, first)
    newer = CSV.replace("2024-01-10,,2024-01-21,Refund", "2024-01-10,2024-02-02,2024-02-03,Refund")
    newer = newer.replace(
        "2024-01-12,,2024-01-12,Later,To Do,,", "2024-01-12,,2024-02-04,Later on,In Review,Bob Jones,"
    )
    second = desk.file("newer.csv", newer)
    report = desk.one(second)
    assert (report.recorded, report.unchanged) == (2, 2)
    assert sorted(r.event.type_name.split(".")[2] for r in report.records) == ["assigned", "described", "done", "moved"]
    tells_nothing_again(desk, second)
    # the older one is about an earlier day, and says nothing that was not so then
    tells_nothing_again(desk, first)
    assert desk.items()["PAYMENTS/1200000000000014"]["title"] == "Later on"


def test_reopened_and_completed_again(desk: Desk) -> None:
    desk.run(desk.file("a.csv", rows("11,2024-01-09,2024-01-19,2024-01-19,A,To Do,P,")))
    desk.run(desk.file("b.csv", rows("11,2024-01-09,,2024-01-25,A,To Do,P,")))
    desk.run(desk.file("c.csv", rows("11,2024-01-09,2024-01-28,2024-01-29,A,To Do,P,")))
    assert [name for name, _ in desk.steps("work:P/11")] == ["created", "done", "reopened", "done"]


def test_a_dry_run_and_a_file_that_breaks_record_nothing(desk: Desk) -> None:
    report = desk.one(desk.file("Payments.csv", CSV), dry_run=True)
    assert len(report.records) == 9
    assert desk.count() == 0
    with pytest.raises(BadInput, match="a quote is never closed"):
        desk.run(desk.file("Payments.csv", CSV + '"open,2024-01-01'))
    with pytest.raises(BadInput, match=r"no header row with the columns that are looked for \(Task ID\)"):
        desk.run(desk.file("other.csv", "Issue key,Status\nPAY-1,Done\n"))
    with pytest.raises(BadInput, match="it seems to be a PDF|seems to be a PDF"):
        desk.run(desk.file("other.csv", b"%PDF-1.4"))
    assert desk.count() == 0


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1.21143E+15", "was cut to 6 digits by a spreadsheet"),
        ('"1,21143E+15"', "was cut to 6 digits by a spreadsheet"),
        ("1.2114301234567E+15", "was cut to 14 digits by a spreadsheet"),
        ("12114301234567890.0", "was cut by a spreadsheet"),
        ("abc", "is not the id of a task"),
        ("", "is empty"),
    ],
)
def test_an_id_that_a_spreadsheet_cut_is_rejected(desk: Desk, written: str, reason: str) -> None:
    report = desk.one(desk.file("P.csv", rows(f"{written},2024-01-09,,2024-01-09,A,,P,", "12,2024-01-09,,,B,,P,")))
    [(number, column, _, said)] = faults(report)
    assert (number, column, report.recorded) == (2, "Task ID", 1)
    assert said == (f"{reason}; {AGAIN}" if "cut" in reason else reason)
    assert set(desk.items()) == {"P/12"}


@pytest.mark.parametrize("written", ["1.211430123456789E+15", "1211430123456789.0", "'1211430123456789"])
def test_an_id_that_is_still_whole_is_taken(desk: Desk, written: str) -> None:
    desk.one(desk.file("P.csv", rows(f"{written},2024-01-09,,2024-01-09,A,,P,")))
    assert set(desk.items()) == {"P/1211430123456789"}


@given(st.integers(1, 10**17), st.integers(0, 16))
def test_an_id_is_taken_whole_or_not_at_all(number: int, places: int) -> None:
    assert gid_of(str(number)) == str(number)
    shown = gid_of(f"{number:.{places}E}")
    assert isinstance(shown, CellProblem) or shown == str(number)
    shown = gid_of(float(number))
    assert isinstance(shown, CellProblem) or shown == str(number)


def test_ids_that_are_not_unique_or_all_rounded_are_rejected(desk: Desk) -> None:
    same = "1211430123456780,2024-01-09,,2024-01-09,{},,P,".format
    report = desk.one(desk.file("P.csv", rows(same("A"), same("B"), same("A"), "12,2024-01-09,,,C,,P,")))
    reason = f"is the id of different tasks in lines 2, 3, 4, as a spreadsheet leaves it; {AGAIN}"
    assert faults(report) == [(n, "Task ID", "1211430123456780", reason) for n in (2, 3, 4)]
    rounded = [f"12114301234567{number}0,2024-01-09,,2024-01-09,T{number},,P," for number in range(10, 16)]
    report = desk.one(desk.file("P.csv", rows(*rounded, "13,2024-01-09,,,C,,P,")))
    assert report.recorded == 1
    assert {said for *_, said in faults(report)} == {
        f"ends in 0 as all ids of this file do, since a spreadsheet keeps 15 digits; {AGAIN}"
    }
    assert set(desk.items()) == {"P/12", "P/13"}


def test_a_task_twice_is_one_and_in_another_state_rejected(desk: Desk) -> None:
    line = "11,2024-01-09,,2024-01-09,A,To Do,P,"
    report = desk.one(desk.file("P.csv", rows(line, line, line.replace("To Do", "Doing"))))
    assert (report.recorded, report.unchanged) == (1, 1)
    assert faults(report) == [(4, "Task ID", "11", "is the task of line 2 again, in another state")]


def test_a_workbook_with_ids_as_text_and_as_numbers(desk: Desk) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Task ID", "Created At", "Last Modified", "Name", "Projects"])
    sheet.append(["1211430123456789", dt.date(2024, 1, 9), dt.date(2024, 1, 9), "A", "P"])
    sheet.append([1211430123456780, dt.date(2024, 1, 9), dt.date(2024, 1, 9), "B", "P"])
    sheet.append([121143012345678, dt.date(2024, 1, 9), dt.date(2024, 1, 9), "C", "P"])
    path = desk.folder / "P.xlsx"
    book.save(path)
    report = desk.one(path, zone="Europe/Berlin")
    assert [(n, said) for n, *_, said in faults(report)] == [(3, f"is a number in a workbook; {AGAIN}")]
    assert set(desk.items()) == {"P/1211430123456789", "P/121143012345678"}


def test_a_parent_by_a_name_that_repeats_is_said_and_not_guessed(desk: Desk) -> None:
    told = rows(
        "11,2024-01-09,,2024-01-09,Coffee,To Do,P,", "12,2024-01-09,,2024-01-09,Coffee,Doing,P,",
        "13,2024-01-09,,2024-01-09,Beans,,,Coffee", "14,2024-01-09,,2024-01-09,Cups,,,Beans",
        "15,2024-01-09,,2024-01-09,Milk,,,Cow",
    )  # fmt: skip
    report = desk.one(desk.file("P.csv", told))
    assert notes(report) == [
        (4, "Parent task", "Coffee", "is the name of 2 tasks, in lines 2, 3, so no parent was recorded"),
        (6, "Parent task", "Cow", "is no task of this file, so no parent was recorded"),
    ]
    assert {key: state["parent"] for key, state in desk.items().items()} == {
        "P/11": None, "P/12": None, "P/13": None, "P/14": "13", "P/15": None,
    }  # fmt: skip
    tells_nothing_again(desk, desk.folder / "P.csv")


def test_names_with_commas_and_several_that_are_waited_for(desk: Desk) -> None:
    header = "Task ID,Created At,Last Modified,Name,Projects,Blocked By (Dependencies)\n"
    told = rows(
        '11,2024-01-09,2024-01-09,"Cut, then glue",P,', "12,2024-01-09,2024-01-09,Paint,P,",
        '13,2024-01-09,2024-01-09,Sell,P,"Cut, then glue,Paint,Private task"', header=header,
    )  # fmt: skip
    report = desk.one(desk.file("P.csv", told))
    assert [each["item_key"] for each in scheduled(desk, "work:P/13")["predecessors"]] == ["11", "12"]
    assert notes(report) == [
        (4, "Blocked By (Dependencies)", "Private task", "is no task of this file, so it was left out")
    ]


def test_rows_above_the_header_spaces_in_headers_and_other_spaces_in_cells(desk: Desk) -> None:
    told = (
        ",,\n,,https://app.asana.com/-/project\n,,\n"
        "Task ID ,Created At,Last Modified, Name ,Section/Column ,Projects,Estimated time \n"
        "11,2024-01-09,\u00a02024-01-09\u00a0,Real\u00a0State  office,In\u00a0Progress,Harbour\u00a0North,8h\n"
        "12,2024-01-09,2024-01-09,B,To Do,Harbour North,\n"
    )
    report = desk.one(desk.file("P.csv", told))
    assert [(row.number, row.ignored) for row in report.ignored] == [(n, "above the header") for n in (1, 2, 3)]
    [one, two] = sorted(desk.items().values(), key=lambda state: str(state["title"]), reverse=True)
    assert (one["title"], one["status"], one["estimate"]) == ("Real State office", "In Progress", 8)
    assert two["status"] == "To Do"
    assert len({key.partition("/")[0] for key in desk.items()}) == 1


def test_two_orders_of_dates_are_pointed_out_and_asked_for(desk: Desk) -> None:
    told = rows("11,22/9/2025,,22/9/2025,A,,P,", "12,9/22/2025,,9/22/2025,B,,P,")
    path = desk.file("P.csv", told)
    with pytest.raises(BadInput, match="two orders, '22/9/2025' in line 2 and '9/22/2025' in line 3"):
        desk.run(path)
    report = desk.one(path, date_order="dmy")
    assert [(n, column) for n, column, *_ in faults(report)] == [(3, "Created At"), (3, "Last Modified")]
    either = desk.file("Q.csv", rows("13,2/9/2025,,2/9/2025,A,,P,"))
    with pytest.raises(BadInput, match="can be read two ways"):
        desk.run(either)
    desk.one(either, date_order="mdy")
    assert desk.steps("work:P/13") == [("created", "2025-02-08 23:00")]


def test_completed_before_it_was_created(desk: Desk) -> None:
    report = desk.one(desk.file("P.csv", rows("11,2024-01-09,2024-01-02,2024-01-20,A,,P,")))
    said = "lies before the creation, 2024-01-09, so it is completed as of the last change"
    assert notes(report) == [(2, "Completed At", "2024-01-02", said)]
    assert desk.steps("work:P/11") == [("created", "2024-01-08 23:00"), ("done", "2024-01-19 23:00")]
    tells_nothing_again(desk, desk.folder / "P.csv")


def test_numbers_need_a_unit_and_have_a_thousands_mark(desk: Desk) -> None:
    header = "Task ID,Created At,Last Modified,Name,Projects,Estimated time\n"
    told = rows('11,2024-01-09,2024-01-09,A,P,"7,500"', "12,2024-01-09,2024-01-09,B,P,90", header=header)
    path = desk.file("P.csv", told)
    report = desk.one(path)
    [said] = [note for note in report.export.notes if "Estimated time" in note]
    assert said.endswith("say by `time_unit` in a mapping: minutes or hours")
    assert "Estimated time" in report.export.not_carried
    desk.one(path, mapping="time_unit: minutes\n")
    assert {key: state["estimate"] for key, state in desk.items().items()} == {"P/11": 125, "P/12": Decimal("1.5")}
    tells_nothing_again(desk, path)
    report = desk.one(path, mapping="{time_unit: hours, decimal: ','}\n")
    assert desk.items()["P/11"]["estimate"] == Decimal("7.5")
    named = desk.file("Q.csv", rows("13,2024-01-09,2024-01-09,A,P,2 days", header=header))
    assert faults(desk.one(named)) == [(2, "Estimated time", "2 days", "is no time such as 1h 30m, 1:30 or 90")]
    own = header.replace("Estimated time", "Effort (h)")
    with pytest.raises(BadInput, match="has no column 'Effort', which the mapping names as `estimate`"):
        desk.one(desk.file("R.csv", rows("14,2024-01-09,2024-01-09,A,P,6", header=own)), mapping="estimate: Effort\n")
    desk.one(desk.folder / "R.csv", mapping="estimate: Effort (h)\n")
    assert desk.items()["P/14"]["estimate"] == 6


def test_a_task_in_several_projects_counts_in_one(desk: Desk) -> None:
    alpha = rows("11,2024-01-09,,2024-01-20,A,Doing,\"Zeta,Alpha\",", "12,2024-01-09,,2024-01-20,B,To Do,Alpha,",
                 "14,2024-01-09,,2024-01-20,Below,,,A")  # fmt: skip
    zeta = rows('11,2024-01-09,,2024-01-20,A,Planning,"Zeta,Alpha",', "13,2024-01-09,,2024-01-20,C,Launch,Zeta,")
    files = desk.file("Alpha.csv", alpha), desk.file("Zeta.csv", zeta)
    reports = desk.run(*files)
    assert set(desk.items()) == {"ALPHA/11", "ALPHA/12", "ALPHA/14", "ZETA/13"}
    assert desk.items()["ALPHA/11"]["status"] == "Doing"
    assert desk.items()["ZETA/13"]["status"] == "Open"
    said = [note for report in reports for note in report.export.notes]
    assert any(note.startswith("2 tasks are in several projects and count in one") for note in said)
    assert any("do not say how far work is, so what is not completed is Open: Zeta" in note for note in said)
    tells_nothing_again(desk, *files)
    # the section in the other project says nothing of this one
    tells_nothing_again(desk, files[1])
    with pytest.raises(BadInput, match="The files show a part of Alpha only; export the whole project too"):
        desk.run(files[1], complete=True)
    written = desk.read(*files).mapping
    assert list(written.projects) == ["Alpha", "Zeta"]


def test_the_mapping_names_projects_people_and_what_sections_mean(desk: Desk) -> None:
    mapping = """\
unit: IT
projects:
  "Launch, Q3": {project: LAUNCH, unit: OPS}
workflow: {PAYMENTS: true}
statuses: {Parked: queue}
people: {ann@example.org: "501", Bob Jones: "502"}
join: {unit: IT, role: Developer}
"""
    header = "Task ID,Created At,Last Modified,Name,Section/Column,Assignee,Assignee Email,Projects\n"
    told = rows(
        '11,2024-01-09,2024-01-09,A,Parked,Ann Smith,ann@example.org,"Payments,Launch, Q3"',
        "12,2024-01-09,2024-01-09,B,Waiting room,Bob Jones,,Payments", header=header,
    )  # fmt: skip
    desk.one(desk.file("P.csv", told), mapping=mapping)
    items = desk.items()
    assert set(items) == {"LAUNCH/11", "PAYMENTS/12"}
    assert items["LAUNCH/11"]["assignee"] == desk.person("501")
    assert (items["PAYMENTS/12"]["status"], items["PAYMENTS/12"]["category"]) == ("Waiting room", "active")
    assert [fields["unit"] for _, fields in desk.of("project:LAUNCH")] == ["OPS"]
    assert {r.stream for r in desk.records("person:")} == {f"person:{desk.person(key)}" for key in ("501", "502")}


def test_files_and_tasks_without_a_project(desk: Desk) -> None:
    path = desk.file("sync.csv", "Task ID,Created At,Last Modified,Name\n11,2024-01-09,2024-01-09,A\n")
    with pytest.raises(BadInput, match=r"has no column Projects.*`project: KEY` in a mapping"):
        desk.run(path)
    desk.one(path, mapping="project: HARBOUR\n")
    alone = desk.file("mine.csv", rows("12,2024-01-09,,2024-01-09,A,,,", "13,2024-01-09,,2024-01-09,,,P,",
                                       "14,2024-01-09,,2024-01-09,B,,Q,"))  # fmt: skip
    reason = "is in no project; say by `project` in a mapping to which of ours it belongs"
    assert faults(desk.one(alone)) == [(2, "Projects", None, reason)]
    desk.one(alone, mapping="project: HARBOUR\n")
    assert set(desk.items()) == {"HARBOUR/11", "HARBOUR/12", "P/13", "Q/14"}
    assert desk.items()["P/13"]["title"] is None


def test_what_stands_among_the_done_and_is_not_ticked(desk: Desk) -> None:
    report = desk.one(desk.file("Payments.csv", CSV.replace("2024-01-19,2024-01-20,Pay", ",2024-01-20,Pay")))
    state = desk.items()["PAYMENTS/1200000000000011"]
    assert (state["status"], state["category"]) == ("Done", "active")
    assert "tasks in Done that are not ticked as completed count as active" in report.export.notes


def test_what_is_gone_from_a_complete_export_is_removed_and_may_come_back(desk: Desk) -> None:
    desk.run(desk.file("Payments.csv", CSV))
    fewer = desk.file("fewer.csv", "".join(each for each in CSV.splitlines(keepends=True) if ",Later," not in each))
    assert not desk.one(fewer).gone
    report = desk.one(fewer, complete=True, data_date=dt.date(2024, 2, 1))
    assert report.gone == ("work:PAYMENTS/1200000000000014",)
    assert desk.steps("work:PAYMENTS/1200000000000014")[-1] == ("removed", "2024-01-31 23:00")
    tells_nothing_again(desk, fewer, complete=True, data_date=dt.date(2024, 2, 1))
    desk.run(desk.file("again.csv", CSV.replace("2024-01-12,Later", "2024-02-03,Later")))
    assert [name for name, _ in desk.steps("work:PAYMENTS/1200000000000014")][-2:] == ["removed", "created"]


def test_what_is_gone_is_so_after_all_that_was_told_of_it_and_not_by_a_due_date(desk: Desk) -> None:
    head = "Task ID,Created At,Completed At,Last Modified,Name,Section/Column,Due Date,Projects\n"
    kept = "1200000000000011,2024-01-09,,2024-01-10,Pay,To Do,2024-06-30,Payments\n"
    ended = "1200000000000012,2024-01-09,2024-01-22,2024-01-22,Refund,Done,,Payments\n"
    desk.run(desk.file("both.csv", head + kept + ended))
    fewer = desk.file("fewer.csv", head + kept)
    assert desk.one(fewer, complete=True).gone == ("work:PAYMENTS/1200000000000012",)
    # what is left in the file says nothing of later than the tenth, and its due date nothing at all
    told = [("created", "2024-01-08 23:00"), ("done", "2024-01-21 23:00"), ("removed", "2024-01-21 23:00")]
    assert desk.steps("work:PAYMENTS/1200000000000012") == told
    tells_nothing_again(desk, fewer, complete=True)


def test_a_bad_row_is_named_by_line_column_and_value_and_the_rest_goes_on(desk: Desk) -> None:
    told = rows(
        "11,2024-02-31,,2024-01-09,A,,P,", "12,2199-01-01,,2199-01-01,B,,P,", "13,2024-01-09,,2024-01-09,C,,P,,x,y",
        f"14,2024-01-09,,2024-01-09,D,{'s' * 501},P,", "15,2024-01-09,,2024-01-09,E,,P,",
    )  # fmt: skip
    report = desk.one(desk.file("P.csv", told))
    assert {(n, column, said) for n, column, _, said in faults(report)} == {
        (2, "Created At", "is not in the calendar"),
        (3, "created", "lies in the future, and nothing has happened there yet"),
        (3, "seen", "lies in the future, and nothing has happened there yet"),
        (4, None, "has 10 cells, but the header has 8"),
        (5, "Section/Column", "has 501 characters, more than 500"),
    }
    assert set(desk.items()) == {"P/15"}
    # the row that would have made the project known is not in the log, and the project is
    assert desk.steps("project:P") == [("recorded", "2024-01-08 23:00")]


def test_mutated_files(desk: Desk) -> None:
    fuzz(desk, "Payments.csv", CSV.encode())


def test_what_belongs_to_a_project_that_no_event_can_hold_is_rejected_with_it(desk: Desk) -> None:
    long = "A" * 501
    lines = "".join(
        f"120000000000001{n},2024-01-09,,2024-01-09,Task {n},{name}\n" for n, name in enumerate((long, long, "B"))
    )
    text = "Task ID,Created At,Completed At,Last Modified,Name,Projects\n" + lines
    report = desk.one(desk.file("Long.csv", text))
    assert [row.number for row in report.rejected] == [2, 3]
    assert all("at most 500" in fault.reason for row in report.rejected for fault in row.faults)
    assert [stream for stream in desk.app.store.streams() if stream.startswith(("work:", "project:"))] == [
        "project:B", "work:B/1200000000000012",
    ]  # fmt: skip
