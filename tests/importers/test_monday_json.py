"""Boards of monday.com's interface: the history at its real times, and what each quirk of a real answer becomes."""

import copy
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import BadInput, PmoError
from services.importers.source import written
from tests.importers.kit import MUTATED, Desk, faults, fuzz, source, tells_nothing_again
from tests.importers.monday_files import (
    ANN,
    BOARD,
    BOB,
    COLUMNS,
    LOG,
    answer,
    board,
    cell,
    item,
    label,
    notes,
    people,
    session,
    subitem,
    timeline,
    tracked,
)

USERS = [{"id": ANN, "name": "Ann Lee", "email": "ann@example.org"}, {"id": int(BOB), "name": "Bob Ray, PhD"}]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, source("monday"), zone="")
    yield desk
    desk.app.close()


def test_every_carried_cell_is_in_the_log(desk: Desk) -> None:
    second = item(
        2, label(None), people(), timeline(None, None), cell("numbers", None, ""), cell("kind", None, ""),
        cell("dependent_on", None, None, linked_item_ids=["2001"]), tracked(),
    )  # fmt: skip
    told = answer(board(item(1, subitems=[subitem()]), second), users=USERS)
    report = desk.one(desk.file("board.json", told), mapping="unit: FIN\n")
    assert (report.recorded, report.rejected, report.ignored) == (3, (), ())
    ann, bob = desk.person(ANN), desk.person(BOB)
    day = dt.date
    none = (None, None, None)
    expected = {
        "1001/2001": ("Pay by card 1", "Feature", "Shipped 🚀", "done", ann, Decimal(8), None, day(2024, 1, 10),
                      day(2024, 1, 31)),
        "1001/2002": ("Pay by card 2", "Item", "Not set", "queue", None, None, *none),
        "1001/3001": ("Refund 1", "Subitem", "Doing", "active", bob, None, "2001", None, day(2024, 1, 15)),
    }  # fmt: skip
    names = ("title", "work_type", "status", "category", "assignee", "estimate", "parent", "planned_start",
             "planned_finish")  # fmt: skip
    items = desk.items()
    assert {key: tuple(state[name] for name in names) for key, state in items.items()} == expected
    assert {key: f"{state['created']:%d %H:%M}" for key, state in items.items()} == {
        "1001/2001": "09 08:00", "1001/2002": "09 08:00", "1001/3001": "10 08:00",
    }  # fmt: skip
    assert [each["item_key"] for each in items["1001/2002"]["predecessors"]] == ["2001"]
    assert desk.hours() == {(ann, "1001", day(2024, 1, 10)): Decimal(2)}
    [(_, project)] = desk.of("project:1001")
    assert (project["name"], project["unit"], project["source_key"]) == ("Website launch", "FIN", BOARD)
    named = desk.app.store.values((f"person:{ann}", f"person:{bob}"))
    assert named == {
        f"person:{ann}": {"name": "Ann Lee", "email": "ann@example.org"},
        f"person:{bob}": {"name": "Bob Ray, PhD"},
    }
    logged = b"".join(value for _, _, value in desk.app.store.values_after(0, 99))
    assert b"Ann" not in logged
    assert b"Pay by card" not in logged
    assert set(report.export.carried) >= {
        "name", "Person", "Status", "Timeline", "Estimated hours", "Type", "Time Tracking", "Dependent On", "Owner",
        "Due date",
    }  # fmt: skip
    assert set(report.export.not_carried) == {"Priority", "Story points", "Client", "Cost"}
    assert report.export.notes[:2] == [
        "columns of Website launch: status is Status, assignee is Person, timeline is Timeline, estimate is Estimated "
        "hours, time is Time Tracking, work_type is Type, after is Dependent On",
        "columns of subitems of Website launch: status is Status, assignee is Owner, due is Due date",
    ]


def test_value_is_json_inside_a_string_and_broken_json_is_a_fault(desk: Desk) -> None:
    broken = cell("status", None, "Stuck") | {"value": '{"index": 2,'}
    decoded = label("Stuck", 2) | {"value": {"index": 2, "changed_at": "2024-01-12T09:00:00.000Z"}}
    report = desk.one(desk.file("board.json", answer(board(item(1, broken), item(2, decoded)))))
    assert faults(report) == [
        (1, "Status", '{"index": 2,', "is not the JSON that monday.com writes into `value`"),
    ]  # fmt: skip
    assert ("blocked", "2024-01-12 09:00") in desk.steps("work:1001/2002")


def test_a_status_that_is_not_set_is_null_text_and_waits(desk: Desk) -> None:
    null, empty = label(None), cell("status", {"index": 5, "post_id": None}, None)
    desk.one(desk.file("board.json", answer(board(item(1, null), item(2, empty)))))
    for key in ("1001/2001", "1001/2002"):
        state = desk.items()[key]
        assert (state["status"], state["category"]) == ("Not set", "queue")
    columns = json.loads(json.dumps(COLUMNS).replace(r"\"5\": \"\"", r"\"5\": \"Not begun\""))
    desk.one(desk.file("named.json", answer(board(item(3, null), columns=columns))))
    assert desk.items()["1001/2003"]["status"] == "Not begun"


def test_labels_that_the_board_counts_as_done_are_done_whatever_they_are_called(desk: Desk) -> None:
    newer = [
        {"id": 1, "label": "Abgenommen", "is_done": True, "color": 1}, {"id": 0, "label": "Läuft", "is_done": False},
    ]  # fmt: skip
    columns = [{**COLUMNS[3], "settings_str": None, "settings": {"labels": newer}}]
    told = [item(1, label("Abgenommen", 1)), item(2, label("Läuft", 0)), item(3, label("✅", 4))]
    fragment = item(4, {**label("Fertig", 6), "is_done": True, "label": "Fertig"})
    read = desk.read(desk.file("board.json", answer(board(*told, fragment, columns=columns))))
    assert read.mapping.statuses == {"Abgenommen": "done", "Fertig": "done", "Läuft": "active", "✅": "done"}
    said = "guessed by their names, since no board says that they are done: Läuft active, ✅ done"
    assert said in read.exports[0].notes
    mapped = desk.read(desk.folder / "board.json", mapping="statuses: {Läuft: queue, ✅: active}\n")
    assert mapped.mapping.statuses == {"Abgenommen": "done", "Fertig": "done", "Läuft": "queue", "✅": "active"}


def test_type_color_and_types_by_id_are_status(desk: Desk) -> None:
    bare = [{key: each[key] for key in ("id", "text", "value")} for each in item(1)["column_values"]]
    told = item(1, column_values=bare)
    desk.one(desk.file("board.json", answer(board(told, columns=[]))))
    state = desk.items()["1001/2001"]
    assert (state["status"], state["assignee"], state["planned_finish"]) == (
        "Shipped 🚀", desk.person(ANN), dt.date(2024, 1, 31),
    )  # fmt: skip


def test_story_points_are_no_hours_until_the_mapping_says_how_many(desk: Desk) -> None:
    told = [item(1, cell("numbers", None, "")), item(2, cell("numbers", None, ""), label("XL", 7, column="points"))]
    report = desk.one(desk.file("board.json", answer(board(*told))))
    assert desk.items()["1001/2001"]["estimate"] is None
    assert "Story points" in report.export.not_carried
    report = desk.one(desk.folder / "board.json", mapping="hours_per_point: 6\n")
    assert desk.items()["1001/2001"]["estimate"] == 30
    assert notes(report) == [(2, "XL", "is no number of story points, so no estimate was recorded")]
    assert "Story points" in report.export.carried


def test_tracked_time_is_hours_on_the_day_in_the_zone_that_is_said(desk: Desk) -> None:
    late = session(1, ANN, "2024-01-10T23:30:00Z", "2024-01-11T00:30:00Z")
    running, long = (
        session(2, BOB, "2024-01-12T08:00:00Z", None),
        session(3, BOB, "2024-01-12T08:00:00Z", "2024-01-14T08:00:00Z"),
    )
    gone = session(4, BOB, "2024-01-12T08:00:00Z", "2024-01-12T09:00:00Z", status="deleted")
    nobody = {**session(5, BOB, "2024-01-12T08:00:00Z", "2024-01-12T09:00:00Z"), "started_user_id": None}
    told = answer(board(item(1, tracked(late, running, long, gone, nobody, seconds=1)), item(2, tracked(seconds=7200))))
    report = desk.one(desk.file("board.json", told), zone="Europe/Berlin")
    assert desk.hours() == {(desk.person(ANN), "1001", dt.date(2024, 1, 11)): Decimal(1)}
    assert [reason for _, _, reason in notes(report)] == [
        "is a session that still runs, so it was left out",
        "has no id, person or times of a session, so it was left out",
        "is more than a day has, so it was left out",
    ]
    assert "the days of tracked time are those of Europe/Berlin" in report.export.notes
    assert "1 item has tracked time without sessions, so nobody and no day has it" in report.export.notes
    asked = {**tracked(), "value": None, "history": [session(9, BOB, "2024-01-12T08:00:00Z", "2024-01-12T09:30:00Z")]}
    desk.one(desk.file("asked.json", answer(board(item(3, asked)))))
    assert desk.hours()[desk.person(BOB), "1001", dt.date(2024, 1, 12)] == Decimal("1.5")


def test_several_people_and_teams(desk: Desk) -> None:
    both = people(BOB, ANN, text="Bob Ray, Ann Lee")
    team = cell("person", {"personsAndTeams": [{"id": 7, "kind": "team"}]}, "Builders")
    report = desk.one(desk.file("board.json", answer(board(item(1, both), item(2, team)))))
    first, second = (desk.items()[key] for key in ("1001/2001", "1001/2002"))
    assert first["assignee"] == desk.person(BOB)
    assert [each["person"] for each in first["assignments"]] == [desk.person(BOB), desk.person(ANN)]
    assert second["assignee"] is None
    assert "1 item is assigned to a team, and a team is no person and not carried" in report.export.notes
    again = item(1, people(BOB, text="Bob Ray"), updated_at="2024-02-01T09:00:00Z")
    desk.one(desk.file("newer.json", answer(board(again, item(2, team)))))
    assert desk.items()["1001/2001"]["assignments"] == ()


def test_mirrors_formulas_and_dependencies_without_value_are_unknown_and_not_empty(desk: Desk) -> None:
    mapping = "boards: {'1001': {columns: {estimate: formula, status: mirror}}}\n"
    mirrored = cell("mirror", None, None, display_value="Review")
    with_values = item(1, cell("formula", None, None, display_value="12"), mirrored)
    after = item(2, cell("dependent_on", None, None, linked_item_ids=["2001"]), cell("formula", None, "4"), mirrored)
    desk.one(desk.file("board.json", answer(board(with_values, after))), mapping=mapping)
    state = desk.items()["1001/2001"]
    assert (state["status"], state["estimate"]) == ("Review", 12)
    hidden = {name: cell(name, None, None) for name in ("mirror", "formula", "dependent_on")}
    late = {"updated_at": "2024-02-01T09:00:00Z"}
    newer = answer(board(item(1, *hidden.values(), **late), item(2, *hidden.values(), **late)))
    report = desk.one(desk.file("newer.json", newer), mapping=mapping)
    assert (report.recorded, report.unchanged) == (0, 2)
    assert any(
        note.startswith("mirrors, formulas or dependencies of 2 items have no value") for note in report.export.notes
    )


def test_dependencies_beyond_the_files_are_left_out_and_said(desk: Desk) -> None:
    value = {"linkedPulseIds": [{"linkedPulseId": 2002}, {"linkedPulseId": 4711}]}
    told = answer(board(item(1, cell("dependent_on", value, "x")), item(2)))
    report = desk.one(desk.file("board.json", told))
    assert [each["item_key"] for each in desk.items()["1001/2001"]["predecessors"]] == ["2002"]
    assert notes(report) == [(1, "4711", "is no item of these files, so it was left out")]


def test_a_bad_row_is_named_and_the_rest_goes_on(desk: Desk) -> None:
    told: list[Any] = [
        item(1, timeline("2024-02-31", "2024-03-01")), item(2, cell("numbers", "eight", "eight")),
        {**item(3), "id": "1.21143E+15"}, {**item(4), "created_at": "yesterday"}, "text",
        {**item(6), "column_values": None}, {**item(7), "created_at": None, "updated_at": None},
        item(8, timeline("2024-03-02", "2024-03-01"), cell("share", "45", "45 %", "progress", title="% done")),
        {**item(9), "updated_at": "2199-01-01T00:00:00Z"},
    ]  # fmt: skip
    report = desk.one(desk.file("board.json", answer(board(*told))))
    assert faults(report) == [
        (1, "Timeline", "2024-02-31", "is not in the calendar"),
        (2, "Estimated hours", "eight", "is not a number"),
        (3, "id", "1.21143E+15", "is not the id of an item, which has digits only"),
        (4, "created_at", "yesterday", "is not a date"),
        (5, None, "text", "is not an item"),
        (6, "column_values", "2006", "are not there; ask for column_values { id type text value }"),
        (7, "updated_at", None, "has neither created_at nor updated_at; ask for both"),
        (9, "seen", "2199-01-01 00:00:00+00:00", "lies in the future, and nothing has happened there yet"),
    ]
    assert notes(report) == [(8, "2024-03-02", "lies after the finish, 2024-03-01, so it was left out")]
    assert set(desk.items()) == {"1001/2008"}
    assert desk.items()["1001/2008"]["percent_complete"] == Decimal("0.45")


def test_a_dry_run_records_nothing(desk: Desk) -> None:
    report = desk.one(desk.file("board.json", answer(board(item(1)))), dry_run=True)
    assert len(report.records) == 6
    assert desk.count() == 0


def test_what_was_guessed_is_written_out_and_says_the_same_again(desk: Desk) -> None:
    file = desk.file("board.json", answer(board(item(1, subitems=[subitem()]), activity_logs=LOG)))
    read = desk.read(file)
    told = written(read.mapping, "monday")
    assert "status: status" in told
    assert "Shipped 🚀: done" in told
    assert desk.read(file, mapping=told).mapping == read.mapping
    desk.run(file)
    tells_nothing_again(desk, file, mapping=told)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '{"error_code": "ComplexityException", "status_code": 429, "error_message": "Complexity budget exhausted, '
            'query cost 30001", "errors": ["Complexity budget exhausted, query cost 30001"]}',
            "is no export but an error that monday.com answered: Complexity budget exhausted, query cost 30001; ask",
        ),
        (
            '{"errors": [{"message": "Field \'foo\' doesn\'t exist", "extensions": {"code": "undefinedField"}}]}',
            "is no export but an error that monday.com answered: Field 'foo' doesn't exist; ask again",
        ),
        (
            '{"data": {"boards": []}, "errors": [{"message": "Timeout"}]}',
            "has an error beside its data, so that some of it is missing: Timeout; ask again",
        ),
        ('{"error_code": "x", "data": []}', "is no export but an error that monday.com answered: x; ask again"),
        ('{"data": {"me": {"id": 1}}}', "no answer of monday.com: it has neither boards nor items, only me"),
        ("[1, 2]", "is JSON, but no answer of monday.com: it holds '1'"),
        ('{"data": {"boards": [{"name": "x", "items_page": {}}]}}', "has a board without its id; ask for boards"),
        ('{"data": {"boards": [', "line 1: it is not JSON"),
        ("[" * 100_000, "is nested too deeply"),
        ("%PDF-1.4", "it seems to be a PDF document"),
    ],
)
def test_a_file_that_is_no_answer_is_refused_in_one_sentence(desk: Desk, content: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        desk.run(desk.file("board.json", content))
    assert said in str(refused.value)
    assert desk.count() == 0


def test_people_of_two_tools_are_two_until_they_are_linked(desk: Desk) -> None:
    desk.run(desk.file("board.json", answer(board(item(1)))))
    assert desk.items()["1001/2001"]["assignee"] == desk.person(ANN)
    assert desk.person(ANN) != desk.person(f"jira:{ANN}")


WHOLE = answer(board(item(1, subitems=[subitem()]), item(2), activity_logs=LOG, cursor="x"), users=USERS)


def test_mutated_files(desk: Desk) -> None:
    fuzz(desk, "board.json", WHOLE.encode())


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 10**18), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5), st.sampled_from([[], {}, [[]], [None], {"id": None}, "{", "[]", '{"index": []}', "1e9"]),
    st.sampled_from(["2024-02-30", "17047872000009822", "2024-01-09T08:00:00Z", "2199-01-01T00:00:00Z"]),
)  # fmt: skip


def test_mutated_values(desk: Desk) -> None:
    """What an answer holds is anything, at any place, also inside the strings that hold JSON."""

    @settings(max_examples=MUTATED // 3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(places=st.lists(st.tuples(st.integers(0, 10_000), ODD), min_size=1, max_size=4))
    def attempt(places: list[tuple[int, Any]]) -> None:
        told = json.loads(WHOLE)
        # what is put in several places, or into itself, is another one in each
        for at, odd in copy.deepcopy(places):
            found = list(_places(told))
            holder, key = found[at % len(found)]
            if isinstance(held := holder[key], str) and held[:2] == '{"' and at % 2:
                inner = json.loads(held)
                inside = list(_places(inner))
                if inside:
                    within, name = inside[at % len(inside)]
                    within[name] = odd
                holder[key] = json.dumps(inner)
            else:
                holder[key] = odd
        before = desk.count()
        try:
            desk.run(desk.file("board.json", json.dumps(told)))
        except PmoError as refusal:
            assert len(str(refusal)) > 10
            assert desk.count() == before

    attempt()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])
