"""Issues of Jira's JSON: the history at its real times, and what each quirk of a real export becomes."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.commands.app import Meta
from services.errors import BadInput
from tests.importers.jira_files import CSV, change, issue, person, search, status
from tests.importers.kit import Desk, fuzz, source, tells_nothing_again

TOLD = [
    ("created", "2024-01-09 13:54"),
    ("moved", "2024-01-10 07:00"),
    ("re-estimated", "2024-01-10 07:00"),
    ("assigned", "2024-01-11 07:00"),
    ("blocked", "2024-01-12 07:00"),
    ("moved", "2024-01-15 07:00"),
    ("unblocked", "2024-01-15 07:00"),
    ("done", "2024-01-19 15:00"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("jira"), zone="")
    yield desk
    desk.app.close()


def faults(report: Any) -> list[tuple[int, str | None, str]]:
    return [(row.number, fault.column, fault.reason) for row in report.rejected for fault in row.faults]


def test_the_history_stands_at_its_real_times_and_ends_in_what_is_shown(desk: Desk) -> None:
    report = desk.one(desk.file("search.json", search(issue())))
    assert (report.recorded, report.rejected) == (1, ())
    assert desk.steps("work:PAY/PAY-1") == TOLD
    ann, bob = desk.person("712020:aa"), desk.person("712020:bb")
    created = desk.of("work:PAY/PAY-1")[0][1]
    assert (created["status"], created["category"], created["assignee"]) == ("To Do", "queue", ann)
    assert "estimate" not in created
    state = desk.items()["PAY/PAY-1"]
    shown = {
        "title": "Pay by card", "work_type": "Story", "status": "Done", "category": "done", "assignee": bob,
        "estimate": Decimal(8), "planned_start": dt.date(2024, 1, 10), "planned_finish": dt.date(2024, 1, 31),
        "blocked": False, "removed": False, "parent": None,
    }  # fmt: skip
    assert {name: state[name] for name in shown} == shown
    assert f"{state['created']:%H:%M:%S.%f}" == "13:54:12.345000"
    # it was logged late in the evening where Ann works, which is the next day nowhere
    assert desk.hours() == {(ann, "PAY", dt.date(2024, 1, 10)): Decimal(2)}
    named = desk.app.store.values((f"person:{ann}", f"person:{bob}"))
    assert named[f"person:{bob}"] == {"name": "Bob Jones", "email": "bb@example.org"}
    assert b"Bob" not in b"".join(value for _, _, value in desk.app.store.values_after(0, 99))


def test_again_tells_nothing_and_a_newer_export_only_the_new_changes(desk: Desk) -> None:
    first = desk.file("search.json", search(issue()))
    desk.run(first)
    tells_nothing_again(desk, first)
    reopened = issue(
        fields={"status": status("In Progress", "indeterminate"), "updated": "2024-02-02T09:00:00.000+0200"}
    )
    histories = reopened["changelog"]["histories"]
    histories.insert(0, change(20, "2024-02-01T09:00:00.000+0200", ("status", "Done", "In Progress")))
    newer = desk.file("newer.json", search(reopened, issue(2)))
    report = desk.one(newer)
    assert (report.recorded, report.unchanged) == (2, 0)
    assert desk.steps("work:PAY/PAY-1") == [*TOLD, ("reopened", "2024-02-01 07:00")]
    tells_nothing_again(desk, newer)
    tells_nothing_again(desk, first)


def test_what_somebody_withdrew_is_not_told_again(desk: Desk) -> None:
    first = desk.file("search.json", search(issue()))
    desk.run(first)
    [blocked] = [r for r in desk.records("work:") if r.event.type_name.endswith(".blocked.v1")]
    [unblocked] = [r for r in desk.records("work:") if r.event.type_name.endswith(".unblocked.v1")]
    for record in (blocked, unblocked):
        desk.app.void(record.stream, record.version, Meta(actor="system:test"))
    tells_nothing_again(desk, first)
    kept = [step for step in TOLD if step[0] not in ("blocked", "unblocked")]
    assert [step for step in desk.steps("work:PAY/PAY-1") if step[0] != "voided"] == kept


def test_pages_of_one_export_and_what_is_gone(desk: Desk) -> None:
    desk.run(desk.file("all.json", search(issue(1), issue(2), issue(3))))
    one = desk.file("1.json", search(issue(1), total=2))
    two = desk.file("2.json", search(issue(3, fields={"parent": {"id": "10001", "key": "PAY-1"}}), total=2, startAt=1))
    with pytest.raises(BadInput, match="The search found 2 issues and the files have 1; give all pages"):
        desk.run(one, complete=True)
    reports = desk.run(one, two, complete=True)
    assert [stream for report in reports for stream in report.gone if stream.startswith("work:")] == ["work:PAY/PAY-2"]
    assert desk.items()["PAY/PAY-2"]["removed"]
    assert desk.items()["PAY/PAY-3"]["parent"] == "PAY-1"
    cloud = json.loads(search(issue(1)))
    del cloud["total"], cloud["startAt"]
    token = desk.file("token.json", json.dumps({**cloud, "isLast": False, "nextPageToken": "x"}))
    with pytest.raises(BadInput, match="The last page of the search is not among the files"):
        desk.run(token, complete=True)


def test_issues_without_fields_without_changelog_and_what_is_none(desk: Desk) -> None:
    bare = {"id": "1", "key": "PAY-7", "self": "x"}
    plain = issue(2)
    del plain["changelog"]
    report = desk.one(desk.file("search.json", search(bare, plain, "text", {"id": "3"})))  # type: ignore[arg-type]
    assert faults(report) == [
        (1, "fields", "has no fields; export it with fields=*all and expand=changelog"),
        (3, None, "is not an issue"),
        (4, "key", "has no key, so it is no issue"),
    ]
    assert desk.steps("work:PAY/PAY-2") == [("created", "2024-01-09 13:54"), ("done", "2024-01-19 15:00")]


def test_version_2_of_servers_names_people_by_key(desk: Desk) -> None:
    ann = {"name": "asmith", "key": "JIRAUSER10100", "displayName": "Ann Smith"}
    log = {"id": "1", "author": ann, "started": "2024-01-10T09:00:00.000+0000", "timeSpentSeconds": 600, "comment": "x"}
    told = issue(fields={"assignee": ann, "description": "h1. wiki", "worklog": {"total": 30, "worklogs": [log]}})
    told["changelog"] = {"histories": [change(1, "2024-01-10T09:00:00.000+0000", ("assignee", None, "JIRAUSER10100"))]}
    report = desk.one(desk.file("search.json", search(told)))
    key = desk.person("JIRAUSER10100")
    assert desk.items()["PAY/PAY-1"]["assignee"] == key
    assert [person for person, _, _ in desk.hours()] == [key]
    assert "of 1 issue the export has not all worklogs" in report.export.notes


def test_what_ends_without_being_done_is_removed_and_may_come_back(desk: Desk) -> None:
    declined = issue(fields={"resolution": None, "status": status("To Do", "new")})
    declined["changelog"]["histories"] = [
        change(1, "2024-01-11T09:00:00.000+0000", ("status", "To Do", "Closed"), ("resolution", None, "Won't Do")),
        change(2, "2024-01-12T09:00:00.000+0000", ("status", "Closed", "To Do"), ("resolution", "Won't Do", None)),
        change(3, "2024-01-13T09:00:00.000+0000", ("status", "To Do", "Cancelled")),
        change(4, "2024-01-14T09:00:00.000+0000", ("status", "Cancelled", "To Do")),
    ]
    desk.run(desk.file("search.json", search(declined)))
    assert [name for name, _ in desk.of("work:PAY/PAY-1") if name != "assigned"] == [
        "created", "removed", "created", "removed", "created",
    ]  # fmt: skip
    assert desk.text(desk.of("work:PAY/PAY-1")[1][1]["reason"]) == "Ended without being done: Won't Do"


def test_a_changelog_in_a_file_of_its_own(desk: Desk) -> None:
    plain = issue()
    histories = plain.pop("changelog")["histories"]
    listed = desk.file("search.json", search(plain))
    bulk = desk.file("bulk.json", json.dumps({"issueChangeLogs": [{"issueId": "10001", "changeHistories": histories}]}))
    reports = desk.run(listed, bulk)
    assert [(r.recorded, len(r.ignored)) for r in reports if r.export.file == "bulk.json"] == [(0, 1)]
    assert desk.steps("work:PAY/PAY-1") == TOLD
    link = "https://x.atlassian.net/rest/api/3/issue/PAY-1/changelog?startAt=0"
    tells_nothing_again(desk, listed, desk.file("values.json", json.dumps({"self": link, "values": histories})))
    with pytest.raises(BadInput, match="has the changelog of issue 10001, which is in none of the files"):
        desk.run(bulk)


def test_a_history_that_is_not_all_there_says_so(desk: Desk) -> None:
    told = issue()
    told["changelog"]["total"] = 120
    report = desk.one(desk.file("search.json", search(told)))
    assert any("of 1 issue the export has not all changes" in note for note in report.export.notes)


def test_a_history_after_an_export_of_states_adds_what_that_could_not_show(desk: Desk) -> None:
    desk.run(desk.file("issues.csv", CSV), zone="Europe/Helsinki")
    assert desk.of("work:PAY/PAY-1")[0][1]["status"] == "Not shown"
    first = desk.file("search.json", search(issue()))
    desk.run(first)
    names = [(name, fields.get("status")) for name, fields in desk.of("work:PAY/PAY-1")]
    assert [each for each in names if each[1]] == [
        ("created", "Not shown"), ("moved", "To Do"), ("moved", "In Progress"), ("moved", "In Review"),
        ("done", "Done"),
    ]  # fmt: skip
    tells_nothing_again(desk, first)


def test_hours_of_both_formats_are_the_same_hours(desk: Desk) -> None:
    header = "Issue key,Status,Created,Log Work,Log Work\n"
    logged = '"x;10/Jan/24 11:30 PM;712020:aa;7200","x;10/Jan/24 9:00 AM;712020:aa;7200"'
    table = desk.file("issues.csv", f"{header}PAY-1,Done,09/Jan/24 3:54 PM,{logged}\n")
    desk.run(table, zone="Europe/Helsinki")
    told = desk.file("search.json", search(issue()))
    desk.run(told, complete=True)
    desk.run(told, complete=True)
    tells_nothing_again(desk, table, zone="Europe/Helsinki")
    assert list(desk.hours().values()) == [Decimal(4)]
    changed = issue()
    changed["fields"]["worklog"]["worklogs"][0] |= {"id": "901", "timeSpentSeconds": 3600}
    desk.run(desk.file("search.json", search(changed)))
    assert list(desk.hours().values()) == [Decimal(5)]
    changed["fields"]["worklog"]["worklogs"][0]["timeSpentSeconds"] = 1800
    desk.run(desk.file("search.json", search(changed)))
    assert list(desk.hours().values()) == [Decimal("4.5")]


def test_lists_lines_and_single_issues(desk: Desk) -> None:
    as_list = json.dumps([issue(1), issue(2)])
    as_pages = json.dumps([json.loads(search(issue(3))), json.loads(search(issue(4)))])
    as_lines = f"{json.dumps(issue(5))}\n{json.dumps(issue(6))}\n"
    for name, text, rows in (("a.json", as_list, 2), ("b.json", as_pages, 2), ("c.jsonl", as_lines, 2)):
        assert desk.one(desk.file(name, text)).recorded == rows
    assert desk.one(desk.file("d.json", "\ufeff" + search(issue(7)))).recorded == 1
    assert desk.one(desk.file("e.json", search(issue(8)).encode("utf-16"))).recorded == 1
    assert len(desk.items()) == 8


def test_statuses_by_category_else_by_name_which_is_said(desk: Desk) -> None:
    told = issue(fields={"status": {"name": "Abgenommen"}})
    histories = [change(1, "2024-01-11T09:00:00.000+0000", ("status", "Backlog", "Abgenommen"))]
    report = desk.one(desk.file("search.json", search({**told, "changelog": {"histories": histories}})))
    assert (
        "guessed by their names, since no file says the category: Abgenommen active, Backlog queue"
        in report.export.notes
    )
    read = desk.read(desk.folder / "search.json")
    assert read.mapping.statuses == {"Abgenommen": "active", "Backlog": "queue"}


def test_times_that_can_not_be(desk: Desk) -> None:
    late = issue(1, fields={"updated": "2199-01-01T00:00:00.000+0000"})
    wrong = issue(2, fields={"created": "yesterday"})
    naive = issue(3, fields={"created": "2024-01-01T10:00:00"})
    report = desk.one(desk.file("search.json", search(late, wrong, naive)))
    assert faults(report) == [
        (1, "seen", "lies in the future, and nothing has happened there yet"),
        (2, "created", "is not a date"),
        (3, "created", "has no zone; say which by --zone"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"errorMessages": ["no"]}', "no search of Jira: it has no list of issues, only errorMessages"),
        (b'{"issues": [{"key": "A-1", ', "line 1: it is not JSON"),
        (b'{"issues": [NaN]}', "is not JSON: NaN is no number"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"%PDF-1.4", "it seems to be a PDF document"),
        (b"\xff\xfe\x00", "is not utf-16 text"),
        (b'{"issues": ["\xff"]}', "is not utf-8 text"),
    ],
)
def test_a_file_that_is_no_export_is_refused_in_one_sentence(desk: Desk, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        desk.run(desk.file("search.json", content))
    assert desk.count() == 0


def test_people_of_two_tools_are_two_until_they_are_linked(desk: Desk) -> None:
    desk.run(desk.file("search.json", search(issue(fields={"assignee": person("ann", "Ann")}))))
    assert desk.items()["PAY/PAY-1"]["assignee"] == desk.person("ann") != desk.person("other:ann")


def test_mutated_files(desk: Desk) -> None:
    fuzz(desk, "search.json", search(issue(1), issue(2)).encode())
