"""Issues of Jira's CSV: what each quirk of a real export becomes."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from services.errors import BadInput
from tests.importers.jira_files import CSV, HEADER
from tests.importers.kit import Desk, fuzz, source, tells_nothing_again

START, DUE = dt.date(2024, 1, 10), dt.date(2024, 1, 31)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("jira"))
    yield desk
    desk.app.close()


def rows(*lines: str, header: str = "Issue key,Summary,Status,Status Category,Created,Updated,Resolved\n") -> str:
    return header + "".join(f"{line}\n" for line in lines)


def test_every_carried_cell_is_in_the_log(desk: Desk) -> None:
    report = desk.one(desk.file("issues.csv", CSV))
    assert (report.recorded, report.rejected, report.ignored) == (4, (), ())
    items = desk.items()
    ann, bob = desk.person("712020:aa"), desk.person("712020:bb")
    none = (None, None, None)
    expected = {
        "PAY/PAY-1": ("Pay by card", "Story", "Done", "done", ann, "8", None, START, DUE, False, False),
        "PAY/PAY-2": ("Refund", "Sub-task", "In Review", "active", bob, "4", "PAY-1", None, None, True, False),
        "PAY/PAY-3": ("Old idea", "Bug", "Not shown", "queue", None, None, *none, False, True),
        "OPS/OPS-1": ("Later", "Task", "To Do", "queue", None, None, *none, False, False),
    }
    names = ("title", "work_type", "status", "category", "assignee", "estimate", "parent", "planned_start",
             "planned_finish", "blocked", "removed")  # fmt: skip
    assert set(items) == set(expected)
    for key, values in expected.items():
        told = {name: items[key][name] for name in names}
        told["estimate"] = told["estimate"] and f"{told['estimate']:f}"
        assert told == dict(zip(names, values, strict=True)), key
    assert {key: f"{state['created']:%d %H:%M}" for key, state in items.items()} == {
        "PAY/PAY-1": "09 15:54", "PAY/PAY-2": "10 15:54", "PAY/PAY-3": "11 15:54", "OPS/OPS-1": "12 08:00",
    }  # fmt: skip
    assert desk.hours() == {
        (ann, "PAY", dt.date(2024, 1, 10)): Decimal(2),
        (bob, "PAY", dt.date(2024, 1, 11)): Decimal("1.5"),
    }
    assert desk.app.store.values((f"person:{ann}",)) == {f"person:{ann}": {"name": "Ann Smith"}}
    assert [fields["name"] for _, fields in desk.of("project:PAY")] == ["Payments"]
    assert set(report.export.carried) >= {"Log Work", "Parent", "Custom field (Flagged)", "Custom field (Start date)"}
    assert set(report.export.not_carried) == {
        "Priority", "Sprint", "Labels", "Work Ratio", "Σ Original Estimate", "Σ Time Spent", "Comment",
    }  # fmt: skip


def test_times_are_those_of_the_columns(desk: Desk) -> None:
    desk.one(desk.file("issues.csv", CSV))
    assert desk.steps("work:PAY/PAY-1") == [("created", "2024-01-09 15:54"), ("done", "2024-01-19 17:00")]
    assert desk.steps("work:PAY/PAY-2") == [
        ("created", "2024-01-10 15:54"), ("moved", "2024-01-21 09:00"), ("blocked", "2024-01-21 09:00"),
    ]  # fmt: skip
    assert desk.steps("work:PAY/PAY-3") == [("created", "2024-01-11 15:54"), ("removed", "2024-01-22 09:00")]
    assert desk.steps("work:OPS/OPS-1") == [("created", "2024-01-12 08:00")]


def test_again_tells_nothing_and_a_newer_export_the_difference(desk: Desk) -> None:
    first = desk.file("issues.csv", CSV)
    desk.run(first)
    tells_nothing_again(desk, first)
    newer = (
        CSV.replace("In Review", "Done")
        .replace("In Progress\n", "Done\n")
        .replace("21/Jan/24 9:00 AM,,,Sprint 2", "24/Jan/24 9:00 AM,24/Jan/24 8:00 AM,,Sprint 2")
    )
    newer = (
        newer.replace("Impediment", "")
        .replace("Later", "Later on")
        .replace("12/Jan/24 8:00 AM,,", "25/Jan/24 8:00 AM,,")
    )
    second = desk.file("newer.csv", newer.replace("14400,-1", "18000,-1"))
    report = desk.one(second)
    assert (report.recorded, report.unchanged) == (2, 2)
    assert sorted(r.event.type_name.split(".")[2] for r in report.records) == [
        "described", "done", "re-estimated", "unblocked",
    ]  # fmt: skip
    tells_nothing_again(desk, second)
    # the older one is about an earlier day, and says nothing that was not so then
    tells_nothing_again(desk, first)
    assert desk.items()["OPS/OPS-1"]["title"] == "Later on"


def test_a_dry_run_and_a_file_that_breaks_record_nothing(desk: Desk) -> None:
    report = desk.one(desk.file("issues.csv", CSV), dry_run=True)
    assert len(report.records) == 12
    assert desk.count() == 0
    with pytest.raises(BadInput, match="a quote is never closed"):
        desk.run(desk.file("issues.csv", CSV + '"open,PAY-9'))
    assert desk.count() == 0


def test_a_mark_of_byte_order_and_tabs_in_a_csv(desk: Desk) -> None:
    told = "\ufeffIssue key\tSummary\tStatus\tStatus Category\tCreated\nPAY-1\tA, b\tTo Do\tTo Do\t09/Jan/24 3:54 PM\n"
    assert desk.one(desk.file("issues.csv", told)).recorded == 1
    assert desk.items()["PAY/PAY-1"]["title"] == "A, b"


def test_one_key_on_several_rows(desk: Desk) -> None:
    header = "Issue key,Summary,Status,Created,Log Work\n"
    same = 'PAY-1,A,To Do,09/Jan/24 3:54 PM,"x;10/Jan/24 9:00 AM;ann;3600"'
    more = 'PAY-1,A,To Do,09/Jan/24 3:54 PM,"y;11/Jan/24 9:00 AM;ann;1800"'
    other = "PAY-1,A,Done,09/Jan/24 3:54 PM,"
    report = desk.one(desk.file("issues.csv", rows(same, more, same, other, header=header)))
    assert (report.recorded, report.unchanged, len(report.rejected)) == (2, 1, 1)
    [fault] = report.rejected[0].faults
    assert (report.rejected[0].number, fault.value, fault.reason) == (
        5, "PAY-1", "is the issue of line 2 again, in another state",
    )  # fmt: skip
    assert sum(desk.hours().values()) == Decimal("1.5")


def test_parents_by_number_by_key_and_absent(desk: Desk) -> None:
    header = "Issue key,Issue id,Parent id,Custom field (Epic Link),Status,Created\n"
    told = rows(
        "PAY-1,10001,,,To Do,09/Jan/24 3:54 PM", "PAY-2,10002,10001.0,,To Do,09/Jan/24 3:54 PM",
        "PAY-3,10003,,PAY-1,To Do,09/Jan/24 3:54 PM", "PAY-4,10004,77777,,To Do,09/Jan/24 3:54 PM",
        "OPS-5,10005,10001,,To Do,09/Jan/24 3:54 PM", header=header,
    )  # fmt: skip
    report = desk.one(desk.file("issues.csv", told))
    assert {key: state["parent"] for key, state in desk.items().items()} == {
        "PAY/PAY-1": None, "PAY/PAY-2": "PAY-1", "PAY/PAY-3": "PAY-1", "PAY/PAY-4": None, "OPS/OPS-5": None,
    }  # fmt: skip
    assert [(row.number, note.value, note.reason) for row in report.export.rows for note in row.notes] == [
        (5, "77777", "is no issue of these files, so no parent was recorded"),
        (6, "PAY-1", "is in another project, so no parent was recorded"),
    ]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("09/Jan/24 3:54 PM", "2024-01-09 15:54"),
        ("09/Jul/24 12:05 AM", "2024-07-08 23:05"),
        ("9. Okt. 2024 14:03", "2024-10-09 13:03"),
        ("2024-01-09T15:54:12.345+0200", "2024-01-09 13:54"),
        ("2024-01-09 15:54:12 +01:00", "2024-01-09 14:54"),
        ("2024-07-09 15:54", "2024-07-09 14:54"),
        ("6/21/2025 16:14", "2025-06-21 15:14"),
        ("21.06.2025 16:14", "2025-06-21 15:14"),
    ],
)
def test_times_in_all_ways_in_which_they_are_written(desk: Desk, written: str, utc: str) -> None:
    desk.one(desk.file("issues.csv", rows(f"PAY-1,A,To Do,To Do,{written},,")))
    assert desk.steps("work:PAY/PAY-1") == [("created", utc)]


def test_what_a_file_leaves_open_is_asked_for(desk: Desk) -> None:
    named = desk.file("issues.csv", rows("PAY-1,A,To Do,To Do,09/Jan/24 3:54 PM,,"))
    with pytest.raises(BadInput, match=r"issues.csv, line 2: the time '09/Jan/24 3:54 PM' has no zone; say by --zone"):
        desk.run(named, zone=None)
    either = desk.file("issues.csv", rows("PAY-1,A,To Do,To Do,5/6/25 9:00,7/7/25 9:00,"))
    with pytest.raises(BadInput, match=r"line 2: the date '5/6/25 9:00' can be read two ways .* --date-order dmy"):
        desk.run(either)
    desk.run(either, date_order="mdy")
    assert desk.steps("work:PAY/PAY-1") == [("created", "2025-05-06 08:00")]
    both = desk.file("both.csv", rows("PAY-2,A,To Do,To Do,13/6/25 9:00,,", "PAY-3,A,To Do,To Do,6/13/25 9:00,,"))
    with pytest.raises(BadInput, match="two orders, '13/6/25 9:00' in line 2 and '6/13/25 9:00' in line 3"):
        desk.run(both)
    report = desk.one(both, date_order="dmy")
    assert [(row.number, row.faults[0].reason) for row in report.rejected] == [
        (3, "does not fit the order dmy of the other dates")
    ]


def test_us_dates_are_settled_by_one_that_can_be_nothing_else(desk: Desk) -> None:
    report = desk.one(
        desk.file("issues.csv", rows("PAY-1,A,To Do,To Do,5/6/25 9:00,,", "PAY-2,A,To Do,To Do,5/31/25 9:00,,"))
    )
    assert "dates are in the order mdy, as '5/31/25 9:00' in line 3 shows" in report.export.notes
    assert desk.steps("work:PAY/PAY-1") == [("created", "2025-05-06 08:00")]


def test_a_bad_row_is_named_by_line_column_and_value_and_the_rest_goes_on(desk: Desk) -> None:
    told = HEADER + (
        "A,PAY-1,1,,Bug,Done,PAY,P,,,,,31/Feb/24 3:54 PM,,,,,,,,,oops,,,,,,,,Done\n"
        "B,not a key,2,,Bug,Done,PAY,P,,,,,01/Feb/24 3:54 PM,,,,,,,,,,,,,,,,,Done\n"
        "C,PAY-3,3,,Bug,,PAY,P,,,,,01/Feb/24 3:54 PM,,,,,,,,,,,,,,,,,\n"
        "D,PAY-4,4,,Bug,Open,PAY,P,,,,,01/Feb/94 3:54 PM,01/Jan/99 1:00 PM,,,,,,,,,,,,,,,,To Do\n"
        "E,PAY-5,5,,Bug,Open,PAY,P,,,,,01/Jan/68 3:54 PM,01/Jan/69 1:00 PM,,,,,,,,,,,,,,,,To Do\n"
        "F,PAY-6,6,,Bug,Open,PAY,P\n"
    )
    report = desk.one(desk.file("issues.csv", told))
    faults = {(row.number, f.column, f.value, f.reason) for row in report.rejected for f in row.faults}
    assert faults == {
        (2, "Created", "31/Feb/24 3:54 PM", "is not in the calendar"),
        (2, "Original estimate", "oops", "is neither seconds nor a time such as 1d 4h"),
        (3, "Issue key", "not a key", "is not the key of an issue, such as PAY-12"),
        (4, "Status", None, "is empty"),
        (6, "created", "2068-01-01 15:54:00+00:00", "lies in the future, and nothing has happened there yet"),
        (6, "seen", "2069-01-01 13:00:00+00:00", "lies in the future, and nothing has happened there yet"),
    }
    assert report.recorded == 2


def test_worklogs_that_have_no_place_are_left_out_and_said(desk: Desk) -> None:
    header = "Issue key,Status,Created,Log Work,Log Work,Log Work\n"
    line = 'PAY-1,To Do,09/Jan/24 3:54 PM,"w;10/Jan/24 9:00 AM;ann;144000",nonsense,"10/Jan/24 9:00 AM;ann;600"'
    report = desk.one(desk.file("issues.csv", rows(line, header=header)))
    assert [(n.column, n.value, n.reason) for row in report.export.rows for n in row.notes] == [
        ("Log Work", "nonsense", "is not comment;date;account;seconds, so it was left out"),
        ("Log Work", "40 h on 2024-01-10", "is more than a day has, so it was left out"),
    ]
    assert list(desk.hours().values()) == [Decimal("0.1667")]


def test_a_file_that_is_something_else_is_refused_by_what_it_seems_to_be(desk: Desk) -> None:
    for content, said in (
        (b"%PDF-1.7 ...", "it seems to be a PDF document"),
        (b"<html><table></table></html>", "an HTML page"),
        (b"", "is empty"),
        (b"a,b\n1,2\n", r"no header row with the columns that are looked for \(Issue key\)"),
        (b"Issue key,Summary\nPAY-1,A\n", "has no column Status"),
        (b"PK\x03\x04xl/workbook.xml", "seems to be an Excel workbook; rename it to .xlsx"),
        (b"Issue key,Status\nPAY-1,Open\n", "has no dates of what has happened; say by --data-date"),
    ):
        with pytest.raises(BadInput, match=said):
            desk.run(desk.file("issues.csv", content))
    assert desk.count() == 0


def test_mapping_names_projects_epics_statuses_people_and_as_what_they_join(desk: Desk) -> None:
    mapping = """\
unit: IT
projects:
  PAY: {project: PAYMENTS-2024, unit: FIN}
epics:
  OPS-1: {project: MOVE, unit: OPS}
statuses: {In Review: queue}
people: {Ann Smith: "712020:aa"}
not_done: []
join: {unit: FIN, role: Developer, weekly_hours: 38}
"""
    report = desk.one(desk.file("issues.csv", CSV.replace("712020:aa,", ",")), mapping=mapping)
    assert report.recorded == 4
    items = desk.items()
    assert set(items) == {"PAYMENTS-2024/PAY-1", "PAYMENTS-2024/PAY-2", "PAYMENTS-2024/PAY-3", "MOVE/OPS-1"}
    assert (items["PAYMENTS-2024/PAY-2"]["status"], items["PAYMENTS-2024/PAY-2"]["category"]) == ("In Review", "queue")
    assert (items["PAYMENTS-2024/PAY-3"]["removed"], items["PAYMENTS-2024/PAY-3"]["status"]) == (False, "Closed")
    assert items["PAYMENTS-2024/PAY-1"]["assignee"] == desk.person("712020:aa")
    assert [fields["unit"] for _, fields in desk.of("project:MOVE")] == ["OPS"]
    joined = {r.stream: (f"{r.occurred_at:%Y-%m-%d}", r.event.role) for r in desk.records("person:")}  # type: ignore[attr-defined]
    assert joined == {
        f"person:{desk.person('712020:aa')}": ("2024-01-08", "Developer"),
        f"person:{desk.person('712020:bb')}": ("2024-01-09", "Developer"),
    }
    tells_nothing_again(desk, desk.folder / "issues.csv", mapping=mapping)


def test_what_is_planned_does_not_say_of_which_day_a_file_speaks(desk: Desk) -> None:
    kept = (
        "Issue key,Status,Created,Updated,Due date\nPAY-7,Open,08/Jan/24 3:54 PM,10/Jan/24 3:54 PM,20/Mar/24 12:00 AM\n"
    )
    desk.run(desk.file("issues.csv", f"{kept}PAY-8,Open,08/Jan/24 3:54 PM,09/Jan/24 3:54 PM,\n"))
    assert desk.one(desk.file("fewer.csv", kept), complete=True).gone == ("work:PAY/PAY-8",)
    assert desk.steps("work:PAY/PAY-8")[-1] == ("removed", "2024-01-10 15:54")
    with pytest.raises(BadInput, match="has no dates of what has happened; say by --data-date"):
        desk.run(desk.file("due.csv", "Issue key,Status,Due date\nPAY-1,Open,20/Mar/24 12:00 AM\n"))


def test_what_is_gone_from_a_complete_export_is_removed_and_nothing_else(desk: Desk) -> None:
    desk.run(desk.file("issues.csv", CSV))
    fewer = desk.file("fewer.csv", "".join(line for line in CSV.splitlines(keepends=True) if "PAY-2" not in line))
    assert not desk.one(fewer).gone
    report = desk.one(fewer, complete=True, data_date=dt.date(2024, 2, 1))
    assert report.gone == ("work:PAY/PAY-2",)
    assert desk.steps("work:PAY/PAY-2")[-1] == ("removed", "2024-01-31 23:00")
    assert not desk.items()["PAY/PAY-2"]["blocked"]
    tells_nothing_again(desk, fewer, complete=True, data_date=dt.date(2024, 2, 1))
    # an older export says nothing of what came later
    older = desk.file("older.csv", HEADER + "A,PAY-7,7,,Bug,Open,PAY,P,,,,,08/Jan/24 3:54 PM,08/Jan/24 3:54 PM\n")
    assert not desk.one(older, complete=True).gone
    # it is in the source again, as of later
    desk.run(desk.file("again.csv", CSV.replace("21/Jan/24", "03/Feb/24")))
    assert [name for name, _ in desk.steps("work:PAY/PAY-2")][-2:] == ["created", "blocked"]


def test_mutated_files(desk: Desk) -> None:
    fuzz(desk, "issues.csv", CSV.encode())


@pytest.mark.parametrize(("updated", "said"), [(1, "1 issue has no date"), (2, "2 issues have no date")])
def test_one_is_said_of_one(desk: Desk, updated: int, said: str) -> None:
    lines = [f"PAY-{number},Title,To Do,To Do,2024-01-0{number} 10:00,," for number in range(1, updated + 1)]
    report = desk.one(desk.file("issues.csv", rows(*lines)))
    assert any(note.startswith(said) for note in report.export.notes)


def test_a_cell_of_more_text_than_is_read_is_named_by_file_and_row(desk: Desk) -> None:
    long = rows("PAY-1,Title,To Do,To Do,2024-01-01 10:00,,", f"PAY-2,{'x' * 140_000},To Do,To Do,,,")
    with pytest.raises(BadInput, match="issues.csv, line 3: a cell of the row .* 131,072 characters") as refusal:
        desk.run(desk.file("issues.csv", long))
    assert "limit" not in str(refusal.value)


GERMAN = (
    "Zusammenfassung;Vorgangsschlüssel;Vorgangs-ID;Vorgangstyp;Status;Zugewiesene Person;Erstellt;Aktualisiert;"
    "Erledigt;Protokoll;Protokoll;Stichwörter\n"
    "Mit Karte zahlen;PAY-1;10001;Story;Fertig;Ann Smith;09/Mär/24 15:54;20/Mär/24 09:00;"
    '19/Mär/24 17:00;"erst;10/Mär/24 09:00;712020:aa;7200";;web\n'
)
IN_GERMAN = """
columns:
  title: Zusammenfassung
  key: Vorgangsschlüssel
  id: [Vorgangs-ID, Vorgangsnummer]
  type: vorgangstyp
  assignee: Zugewiesene Person
  created: Erstellt
  updated: Aktualisiert
  resolved: Erledigt
  log: Protokoll
statuses: {Fertig: done}
"""


def test_an_export_in_another_language_is_read_by_the_titles_of_the_mapping(desk: Desk) -> None:
    report = desk.one(desk.file("de.csv", GERMAN), mapping=IN_GERMAN)
    assert (report.recorded, report.rejected) == (1, ())
    item = desk.items()["PAY/PAY-1"]
    assert (item["work_type"], item["title"]) == ("Story", "Mit Karte zahlen")
    assert item["assignee"] == desk.person("Ann Smith")
    assert desk.steps("work:PAY/PAY-1") == [("created", "2024-03-09 15:54"), ("done", "2024-03-19 17:00")]
    assert desk.hours() == {(desk.person("712020:aa"), "PAY", dt.date(2024, 3, 10)): Decimal(2)}
    assert report.export.not_carried == ("Stichwörter",)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (None, r"de.csv has no header row with the columns that are looked for \(Issue key\).*say by `columns`"),
        ("columns: {key: Vorgangsnummer}", r"looked for \(Vorgangsnummer\)"),
        ("columns: {key: Vorgangsschlüssel, due: Fällig}", "no column 'Fällig', which the mapping names as `due`"),
        ("columns: {key: Vorgangsschlüssel, status: null}", "no column Status; .* columns: {status: State}"),
        ("columns: {kee: Vorgangsschlüssel}", "line 1: columns.kee: there is no key `kee` .did you mean `key`"),
    ],
)
def test_titles_of_columns_that_do_not_fit(desk: Desk, mapping: str | None, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        desk.run(desk.file("de.csv", GERMAN), mapping=mapping)
    assert desk.count() == 0


def test_a_column_may_be_left_aside_by_the_mapping(desk: Desk) -> None:
    report = desk.one(desk.file("issues.csv", CSV), mapping="columns: {estimate: null, log: []}")
    assert report.recorded == 4
    assert all(item.get("estimate") is None for item in desk.items().values())
    assert desk.hours() == {}
