"""Objects of Asana's JSON: the history at its real times, and what each quirk of a real export becomes."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.errors import BadInput
from tests.importers.asana_files import (
    ANN,
    BOB,
    CSV,
    PAYMENTS,
    SECTIONS,
    WEBSITE,
    allocation,
    entry,
    exported,
    faults,
    graph,
    ignored,
    lines,
    membership,
    moved,
    notes,
    open_task,
    project,
    stories,
    story,
    task,
    update,
    user,
)  # fmt: skip
from tests.importers.kit import Desk, fuzz, source, tells_nothing_again

KEY = "work:PAYMENTS/1200000000000011"
TOLD = [
    ("created", "2024-01-09 13:54"),
    ("assigned", "2024-01-09 14:00"),
    ("moved", "2024-01-10 07:00"),
    ("assigned", "2024-01-11 07:00"),
    ("re-estimated", "2024-01-12 07:00"),
    ("re-estimated", "2024-01-13 07:00"),
    ("moved", "2024-01-15 07:00"),
    ("done", "2024-01-19 15:00"),
    ("scheduled", "2024-01-20 07:00"),
]
"""That it was moved to Done a minute before it was ticked is a move too; it is told below."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("asana"), zone="")
    yield desk
    desk.app.close()


def test_the_history_stands_at_its_real_times_and_ends_in_what_is_shown(desk: Desk) -> None:
    report = desk.one(desk.file("graph.jsonl", graph()))
    assert (report.recorded, report.rejected) == (3, ())
    moved_to_done = ("moved", "2024-01-19 14:59")
    assert desk.steps(KEY) == [*TOLD[:7], moved_to_done, *TOLD[7:]]
    ann, bob = desk.person("501"), desk.person("502")
    told = desk.of(KEY)
    assert (told[0][1]["status"], told[0][1]["category"], told[0][1].get("assignee")) == ("To Do", "queue", None)
    assert told[0][1]["planned_finish"] == dt.date(2024, 1, 24)
    assert [f["assignee"] for name, f in told if name == "assigned"] == [ann, bob]
    assert [(f["status"], f["category"]) for name, f in told if name in ("moved", "done")] == [
        ("In Progress", "active"), ("In Review", "active"), ("Done", "active"), ("Completed", "done"),
    ]  # fmt: skip
    state = desk.items()["PAYMENTS/1200000000000011"]
    shown = {
        "title": "Pay by card", "work_type": "Task", "status": "Completed", "category": "done", "assignee": bob,
        "estimate": Decimal(8), "planned_start": dt.date(2024, 1, 10), "planned_finish": dt.date(2024, 1, 31),
        "actual_effort": Decimal("1.5"), "blocked": False, "removed": False, "parent": None,
    }  # fmt: skip
    assert {name: state[name] for name in shown} == shown
    assert f"{state['created']:%H:%M:%S.%f}" == "13:54:12.345000"
    [waits] = desk.items()["PAYMENTS/1200000000000012"]["predecessors"]
    assert waits["item_key"] == "1200000000000011"
    assert desk.app.store.values((f"person:{ann}",))[f"person:{ann}"] == {
        "name": "Ann Smith", "email": "ann@example.org",
    }  # fmt: skip
    everything = b"".join(value for _, _, value in desk.app.store.values_after(0, 99))
    assert not any(text in everything for text in (b"Ann", b"Bob", b"ann@", b"Pay by", b"second"))


def test_again_tells_nothing_and_a_newer_export_only_what_is_new(desk: Desk) -> None:
    first = desk.file("graph.jsonl", graph(update(1, "2024-01-15T08:00:00.000Z", "at_risk"), entry(1, 90),
                                            allocation(1, "percent", 50)))  # fmt: skip
    desk.run(first)
    tells_nothing_again(desk, first)
    again = story(20, "2024-02-01T07:00:00.000Z", "marked_incomplete")
    reopened = task(11, "In Review", completed=False, completed_at=None, modified_at="2024-02-01T07:00:00.000Z")
    newer = desk.file(
        "newer.jsonl",
        lines(
            project(modified_at="2024-02-02T08:00:00.000Z"), *SECTIONS.values(), ANN, BOB, reopened,
            open_task(12, "In Progress", dependencies=[{"gid": "1200000000000011"}]), *stories(), again,
            moved(21, "2024-02-01T06:00:00.000Z", "Done", "In Review"),
            update(1, "2024-01-15T08:00:00.000Z", "at_risk"), update(2, "2024-02-01T08:00:00.000Z", "on_track"),
            entry(1, 120), entry(2, 30), allocation(1, "percent", 80),
        ),
    )  # fmt: skip
    report = desk.one(newer)
    told = sorted((r.stream.partition(":")[0], r.event.type_name.split(".")[2]) for r in report.records)
    assert told == [
        ("project", "recorded"), ("project", "recorded"), ("timesheet", "hours-corrected"),
        ("timesheet", "hours-logged"), ("work", "reopened"), ("workload", "allocation-revised"),
    ]  # fmt: skip
    assert desk.steps(KEY)[-1] == ("reopened", "2024-02-01 07:00")
    assert desk.items()["PAYMENTS/1200000000000011"]["status"] == "In Review"
    tells_nothing_again(desk, newer)
    report = desk.one(first)
    assert {r.stream.partition(":")[0] for r in report.records} <= {"timesheet", "workload"}


def test_a_project_and_its_status_updates(desk: Desk) -> None:
    portfolio = {"gid": "800", "resource_type": "portfolio", "name": "Growth", "items": [PAYMENTS]}
    path = desk.file(
        "graph.jsonl",
        lines(
            portfolio, project(), update(2, "2024-01-17T08:00:00.000Z", "off_track", "Late"),
            update(1, "2024-01-10T08:00:00.000Z", "on_track"),
            {"gid": "6009", "resource_type": "status_update", "parent": {"gid": "800", "resource_type": "portfolio"}},
        ),
    )  # fmt: skip
    report = desk.one(path, mapping="unit: FIN\n")
    assert (report.recorded, len(report.ignored)) == (3, 2)
    told = desk.of("project:PAYMENTS")
    assert [(f.get("status"), f.get("rag"), desk.text(f.get("narrative"))) for _, f in told] == [
        ("running", "green", "Update 1\nAll is well"), ("running", "red", "Update 2\nLate"), ("running", "red", None),
    ]  # fmt: skip
    assert desk.steps("project:PAYMENTS")[-1] == ("recorded", "2024-01-18 08:00")
    last = told[-1][1]
    assert {name: last[name] for name in ("name", "unit", "start", "finish", "category", "source_key")} == {
        "name": "Payments", "unit": "FIN", "start": dt.date(2024, 1, 8), "finish": dt.date(2024, 6, 30),
        "category": "Growth", "source_key": "900",
    }  # fmt: skip
    tells_nothing_again(desk, path, mapping="unit: FIN\n")
    ended = project(completed=True, completed_at="2024-06-20T08:00:00.000Z", modified_at="2024-06-20T08:00:00.000Z")
    desk.run(desk.file("ended.jsonl", lines(ended)))
    assert desk.of("project:PAYMENTS")[-1][1]["status"] == "completed"


def test_a_project_by_its_own_json_and_pages(desk: Desk) -> None:
    below = open_task(13, None, memberships=[], projects=[], parent=None)
    path = desk.file("Payments.json", exported(task(subtasks=[below]), open_task(12, "In Progress")))
    report = desk.one(path)
    assert report.recorded == 3
    assert desk.items()["PAYMENTS/1200000000000013"]["parent"] == "1200000000000011"
    assert "3 tasks come without stories" in " ".join(report.export.notes)
    assert desk.steps(KEY)[:2] == [("created", "2024-01-09 13:54"), ("done", "2024-01-19 15:00")]
    tells_nothing_again(desk, path)
    one = desk.file("1.json", exported(task(), next_page={"offset": "x"}))
    two = desk.file("2.json", exported(open_task(12, "In Progress"), next_page=None))
    with pytest.raises(BadInput, match="The last page is not among the files"):
        desk.run(one, complete=True)
    reports = desk.run(one, two, complete=True)
    assert [stream for each in reports for stream in each.gone] == ["work:PAYMENTS/1200000000000013"]
    single = desk.file("one.json", json.dumps({"data": open_task(14)}))
    assert desk.one(single).recorded == 1


def test_what_a_complete_export_takes_as_gone(desk: Desk) -> None:
    plans = allocation(1, "percent", 50), allocation(2, "percent", 20, assignee=BOB)
    desk.run(desk.file("graph.jsonl", graph(entry(1, 90), entry(2, 30, created_by=BOB), *plans)))
    people = "people: {ann@example.org: '501', Bob Jones: '502'}\n"
    # a CSV has neither hours nor plans, and says of none that it is gone
    gone = desk.one(desk.file("Payments.csv", CSV), complete=True, mapping=people).gone
    assert gone == ()
    told = graph(entry(1, 90), plans[0])
    fewer = desk.file("fewer.jsonl", told.replace("2024-01-20T07", "2024-02-20T07"))
    report = desk.one(fewer, complete=True)
    bob = desk.person("502")
    assert set(report.gone) == {
        "work:PAYMENTS/1200000000000013", "work:PAYMENTS/1200000000000014", f"timesheet:{bob}/2024-W02",
        f"workload:{bob}",
    }  # fmt: skip
    tells_nothing_again(desk, fewer, complete=True)


def test_types_subtasks_separators_and_names_that_are_none(desk: Desk) -> None:
    path = desk.file(
        "graph.jsonl",
        lines(
            open_task(11, resource_subtype="milestone"), open_task(12, resource_subtype="approval", name=""),
            open_task(13, memberships=[], projects=[], parent={"gid": "1200000000000011"}, name="Private task"),
            open_task(14, memberships=[], projects=[], parent={"gid": "404"}),
            open_task(15, memberships=[], projects=[]), open_task(16, resource_subtype="section"),
            open_task(17, is_rendered_as_separator=True), open_task(18, "Untitled section"),
            open_task(19, parent={"gid": "404"}),
        ),
    )  # fmt: skip
    report = desk.one(path)
    items = {key[-2:]: state for key, state in desk.items().items()}
    assert {key: (state["work_type"], state["title"]) for key, state in items.items()} == {
        "11": ("Milestone", "Task 11"), "12": ("Approval", None), "13": ("Task", "Private task"),
        "18": ("Task", "Task 18"), "19": ("Task", "Task 19"),
    }  # fmt: skip
    assert (items["13"]["parent"], items["18"]["status"]) == ("1200000000000011", "Open")
    reason = "is in no project; say by `project` in a mapping to which of ours it belongs"
    assert faults(report) == [(4, "Projects", reason), (5, "Projects", reason)]
    assert set(ignored(report)) == {6, 7}
    assert notes(report) == [(9, "Parent task", "is no task of these files, so no parent was recorded")]


def test_a_task_in_several_projects_has_one_history(desk: Desk) -> None:
    other = {"gid": "950", "resource_type": "section", "name": "Launch", "project": WEBSITE}
    both = open_task(
        11, memberships=[{"project": WEBSITE, "section": other}, membership(PAYMENTS, "In Review")],
        projects=[WEBSITE, PAYMENTS],
    )  # fmt: skip
    there: dict[str, Any] = {"old_section": {"gid": "951", "name": "Plan"}, "new_section": other}
    path = desk.file(
        "graph.jsonl",
        lines(
            moved(1, "2024-01-10T07:00:00.000Z", "To Do", "Done", **there),
            moved(2, "2024-01-11T07:00:00.000Z", "To Do", "Done", **there, project=WEBSITE),
            moved(3, "2024-01-12T07:00:00.000Z", "To Do", "In Review"), both, open_task(12, "In Progress"),
        ),
    )  # fmt: skip
    desk.one(path)
    assert set(desk.items()) == {"PAYMENTS/1200000000000011", "PAYMENTS/1200000000000012"}
    assert [f["status"] for name, f in desk.of(KEY) if name in ("created", "moved")] == ["To Do", "In Review"]
    tells_nothing_again(desk, path)


def test_tasks_without_memberships_say_nothing_of_sections(desk: Desk) -> None:
    desk.run(desk.file("all.json", exported(open_task(11, "In Progress"), open_task(12))))
    bare = [open_task(number, memberships=[]) for number in (11, 12)]
    report = desk.one(desk.file("bare.json", exported(*bare)))
    assert any(note.startswith("2 tasks come without memberships") for note in report.export.notes)
    assert (report.records, desk.items()["PAYMENTS/1200000000000011"]["status"]) == ((), "In Progress")


def test_two_projects_of_one_name_are_asked_about(desk: Desk) -> None:
    same = {**WEBSITE, "name": "Payments"}
    path = desk.file("graph.jsonl", lines(open_task(11), open_task(12, memberships=[membership(same, "To Do")],
                                                                  projects=[same])))  # fmt: skip
    with pytest.raises(BadInput, match="Two projects are named 'Payments', 900 and 901; say by `projects`"):
        desk.run(path)
    desk.run(path, mapping='projects: {"901": {project: PAY-2}}\n')
    assert {key.partition("/")[0] for key in desk.items()} == {"PAYMENTS", "PAY-2"}


def test_a_project_whose_name_comes_later_is_the_same(desk: Desk) -> None:
    nameless = {"gid": "900"}
    first = open_task(11, memberships=[{"project": nameless, "section": SECTIONS["To Do"]}], projects=[nameless])
    desk.one(desk.file("graph.jsonl", lines(first, open_task(12), project())))
    assert {key.partition("/")[0] for key in desk.items()} == {"PAYMENTS"}


def test_the_mapping_that_is_written_says_the_same_again(desk: Desk) -> None:
    path = desk.file("graph.jsonl", graph())
    mapping = desk.read(path).mapping
    assert mapping.statuses == {"Done": "done", "In Progress": "active", "In Review": "active", "To Do": "queue"}
    assert {gid: rule.project for gid, rule in mapping.projects.items()} == {"900": "PAYMENTS"}
    assert (mapping.workflow, mapping.people) == ({"PAYMENTS": True}, {"ann@example.org": "501"})  # type: ignore[attr-defined]
    desk.run(path)
    renamed = desk.file("renamed.jsonl", graph().replace('"name": "Payments"', '"name": "Paying"'))
    written = "projects: {'900': {project: PAYMENTS}}\nworkflow: {PAYMENTS: true}\n"
    report = desk.one(renamed, mapping=written)
    assert [r.stream for r in report.records] == ["project:PAYMENTS"]


def test_a_history_after_a_csv_of_states_adds_what_that_could_not_show(desk: Desk) -> None:
    people = "people: {ann@example.org: '501', Bob Jones: '502'}\n"
    desk.run(desk.file("Payments.csv", CSV), mapping=people)
    assert desk.of(KEY)[0][1]["status"] == "Not shown"
    path = desk.file("graph.jsonl", graph())
    desk.run(path)
    told = [(name, f["status"]) for name, f in desk.of(KEY) if "status" in f]
    assert told[:3] == [("created", "Not shown"), ("moved", "To Do"), ("moved", "In Progress")]
    assert told[-1][1] == "Completed"
    tells_nothing_again(desk, path)


def test_tasks_without_fields_and_other_objects(desk: Desk) -> None:
    told = exported(
        {"gid": "11", "resource_type": "task", "name": "A"}, open_task(12, created_at=None, modified_at=None),
        {"gid": "13", "resource_type": "tag", "name": "web"}, "text", {"gid": "14"},
        story(1, "2024-01-10T07:00:00.000Z", "marked_complete", 99), story(2, "x", "comment_added"),
        {**story(3, "yesterday", "marked_complete"), "gid": "5"}, open_task(15, assignee=user("503", "")),
    )  # fmt: skip
    report = desk.one(desk.file("graph.jsonl", told))
    assert [(n, column) for n, column, _ in faults(report)] == [
        (1, "completed"), (2, "modified_at"), (4, None), (5, "resource_type"), (8, "created_at"),
    ]  # fmt: skip
    assert ignored(report) == {
        3: "is a tag, which has no place here", 6: "is the history of a task that is in none of the files",
        7: "is the story comment_added, which has no place here",
    }  # fmt: skip
    assert desk.items()["PAYMENTS/1200000000000015"]["assignee"] == desk.person("503")


def test_times_that_can_not_be(desk: Desk) -> None:
    told = lines(
        task(11, completed_at="2024-01-02T08:00:00.000Z"), open_task(12, start_on="2024-03-01", due_on="2024-02-01"),
        open_task(13, modified_at="2199-01-01T00:00:00.000Z"), open_task(14, created_at="yesterday"),
    )  # fmt: skip
    report = desk.one(desk.file("graph.jsonl", told))
    assert {(n, column, said.partition(",")[0]) for n, column, said in notes(report)} == {
        (1, "completed_at", "lies before the creation"), (2, "start_on", "lies after the due date"),
    }  # fmt: skip
    assert faults(report) == [
        (3, "seen", "lies in the future, and nothing has happened there yet"), (4, "created_at", "is not a date"),
    ]  # fmt: skip
    assert desk.steps(KEY)[:2] == [("created", "2024-01-09 13:54"), ("done", "2024-01-20 07:00")]
    assert desk.items()["PAYMENTS/1200000000000012"]["planned_finish"] == dt.date(2024, 2, 1)


def test_estimates_without_a_unit_are_left_out_and_asked_about(desk: Desk) -> None:
    plain = {"gid": "88", "name": "Estimated time", "type": "number", "number_value": 90}
    path = desk.file("graph.jsonl", lines(open_task(11, custom_fields=[plain])))
    report = desk.one(path)
    assert any(note.startswith("the estimates of 1 task were left out") for note in report.export.notes)
    assert desk.items()["PAYMENTS/1200000000000011"].get("estimate") is None
    desk.one(path, mapping="time_unit: minutes\n")
    assert desk.items()["PAYMENTS/1200000000000011"]["estimate"] == Decimal("1.5")
    tells_nothing_again(desk, path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"errors": [{"message": "no"}]}', "it has no list `data` and no object with a gid, only errors"),
        (b"{}", "it has no list `data` and no object with a gid, and nothing else"),
        (b'{"data": [{"gid": "1", ', "line 1: it is not JSON"),
        (b'{"data": [NaN]}', "is not JSON: NaN is no number"),
        (b"\x1f\x8b\x08\x00", "it seems to be a gzip archive"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_file_that_is_no_export_is_refused_in_one_sentence(desk: Desk, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        desk.run(desk.file("graph.jsonl", content))
    assert desk.count() == 0


def test_mutated_files(desk: Desk) -> None:
    more = (update(1, "2024-01-15T08:00:00.000Z", "at_risk"), entry(1, 90), allocation(1, "percent", 50))
    fuzz(desk, "graph.jsonl", graph(*more).encode())


def test_mutated_files_of_a_project(desk: Desk) -> None:
    fuzz(desk, "Payments.json", exported(task(stories=stories()), open_task(12)).encode())
