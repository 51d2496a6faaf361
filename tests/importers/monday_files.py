"""Small exports of our own making, in the shapes in which boards of monday.com are found."""

import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import openpyxl

BOARD, SUBBOARD, FOLIO = "1001", "1002", "1003"
ANN, BOB = "501", "502"
_SUBITEMS = {"1001": "1002"}

STATUS = {
    "done_colors": [1],
    "labels": {"0": "Working on it", "1": "Shipped 🚀", "2": "Stuck", "3": "Review", "5": ""},
    "labels_colors": {"1": {"color": "#00c875", "border": "#00B461", "var_name": "green-shadow"}},
}
COLUMNS = [
    {"id": "name", "title": "Name", "type": "name", "settings_str": "{}"},
    {"id": "subitems", "title": "Subitems", "type": "subtasks", "settings_str": '{"boardIds":[1002]}'},
    {"id": "person", "title": "Person", "type": "people", "settings_str": "{}"},
    {"id": "status", "title": "Status", "type": "status", "settings_str": json.dumps(STATUS)},
    {"id": "priority", "title": "Priority", "type": "status", "settings_str": '{"labels":{"1":"High","2":"Low"}}'},
    {"id": "timeline", "title": "Timeline", "type": "timeline", "settings_str": "{}"},
    {"id": "numbers", "title": "Estimated hours", "type": "numbers", "settings_str": "{}"},
    {"id": "points", "title": "Story points", "type": "status", "settings_str": '{"labels":{"0":"3","1":"5 SP"}}'},
    {"id": "kind", "title": "Type", "type": "dropdown", "settings_str": "{}"},
    {"id": "time_tracking", "title": "Time Tracking", "type": "time_tracking", "settings_str": "{}"},
    {"id": "dependent_on", "title": "Dependent On", "type": "dependency", "settings_str": "{}"},
    {"id": "mirror", "title": "Client", "type": "mirror", "settings_str": "{}"},
    {"id": "formula", "title": "Cost", "type": "formula", "settings_str": "{}"},
]
# the board of the subitems has other columns, and one type by its older name
SUBCOLUMNS = [
    {"id": "name", "title": "Name", "type": "name", "settings_str": "{}"},
    {"id": "owner", "title": "Owner", "type": "multiple-person", "settings_str": "{}"},
    {"id": "state", "title": "Status", "type": "color", "settings_str": '{"labels":{"0":"Doing","1":"Done"}}'},
    {"id": "date0", "title": "Due date", "type": "date", "settings_str": "{}"},
]
GROUPS = [{"id": "topics", "title": "Sprint 1"}, {"id": "new_group", "title": "Sprint 1"}]


def cell(column: str, value: Any, text: str | None, kind: str | None = None, **more: Any) -> dict[str, Any]:
    """A column's value: what it holds is JSON in a string."""
    held = json.dumps(value) if value is not None else None
    told = next((c["type"] for c in (*COLUMNS, *SUBCOLUMNS) if c["id"] == column), kind)
    return {"id": column, "type": kind or told, "text": text, "value": held, **more}


def label(text: str | None, index: int = 0, changed: str | None = None, column: str = "status") -> dict[str, Any]:
    if text is None:
        return cell(column, None, None)
    return cell(column, {"index": index, "post_id": None, "changed_at": changed}, text)


def people(*ids: str, text: str = "", changed: str | None = None, column: str = "person") -> dict[str, Any]:
    listed = [{"id": int(key), "kind": "person"} for key in ids]
    return cell(column, {"personsAndTeams": listed, "changed_at": changed} if ids else None, text)


def timeline(start: str | None, finish: str | None, changed: str | None = None) -> dict[str, Any]:
    if start is None and finish is None:
        return cell("timeline", None, "")
    return cell("timeline", {"from": start, "to": finish, "changed_at": changed}, f"{start} - {finish}")


def session(key: int, who: str, started: str, ended: str | None, **more: Any) -> dict[str, Any]:
    return {"id": key, "started_at": started, "ended_at": ended, "started_user_id": int(who), "ended_user_id": int(who),
            "status": "active", **more}  # fmt: skip


def tracked(*sessions: dict[str, Any], seconds: int = 0) -> dict[str, Any]:
    value = {"running": "false", "duration": seconds, "startDate": 1704880800, "additional_value": list(sessions)}
    return cell("time_tracking", value if sessions or seconds else None, "")


def item(number: int = 1, *cells: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """An item as the interface gives it, shipped, with every column."""
    values = {
        each["id"]: each
        for each in (
            people(ANN, text="Ann Lee", changed="2024-01-09T09:00:00.000Z"),
            label("Shipped 🚀", 1, "2024-01-19T15:00:00.250Z"),
            label("High", 1, column="priority"),
            timeline("2024-01-10", "2024-01-31", "2024-01-09T10:00:00.000Z"),
            cell("numbers", "8", "8"),
            label("5 SP", 1, column="points"),
            cell("kind", {"ids": [1]}, "Feature"),
            tracked(session(9000 + number, ANN, "2024-01-10T22:30:00Z", "2024-01-11T00:30:00Z"), seconds=7200),
            # since 2025 the interface holds back the value of a dependency, and gives it where it is asked for
            cell("dependent_on", None, None, linked_item_ids=[]),
            cell("mirror", None, None, display_value="Harbour"),
            cell("formula", None, None),
            *cells,
        )
    }
    return {
        "id": str(2000 + number),
        "name": f"Pay by card {number}",
        "state": "active",
        "created_at": "2024-01-09T08:00:00Z",
        "updated_at": "2024-01-20T09:00:00Z",
        "group": {"id": "topics", "title": "Sprint 1"},
        "column_values": list(values.values()),
        "subitems": [],
        **changed,
    }


def subitem(number: int = 1, *cells: dict[str, Any], **changed: Any) -> dict[str, Any]:
    values = {
        each["id"]: each
        for each in (
            people(BOB, text="Bob Ray", column="owner"),
            label("Doing", 0, "2024-01-12T09:00:00.000Z", column="state"),
            cell("date0", {"date": "2024-01-15", "icon": None}, "2024-01-15"),
            *cells,
        )
    }
    return {
        "id": str(3000 + number),
        "name": f"Refund {number}",
        "state": "active",
        "created_at": "2024-01-10T08:00:00Z",
        "updated_at": "2024-01-20T09:00:00Z",
        "board": {"id": SUBBOARD},
        "column_values": list(values.values()),
        **changed,
    }


def board(*items: dict[str, Any], key: str = BOARD, cursor: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "name": "Website launch",
        "columns": COLUMNS,
        "groups": GROUPS,
        "items_page": {"cursor": cursor, "items": list(items)},
        **more,
    }


def answer(*boards: dict[str, Any], **more: Any) -> str:
    below = {"id": SUBBOARD, "name": "Subitems of Website launch", "columns": SUBCOLUMNS, "groups": []}
    listed = [*boards, below] if any(each["id"] == BOARD for each in boards) else list(boards)
    return json.dumps({"data": {"boards": listed, **more}, "account_id": 1}, ensure_ascii=False)


def next_page(*items: dict[str, Any], cursor: str | None = None) -> str:
    return json.dumps({"data": {"next_items_page": {"cursor": cursor, "items": list(items)}}})


def ticks(moment: str) -> str:
    """A time as the activity log writes it: 17 digits, in steps of 100 ns."""
    since = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return str(round(since.timestamp() * 1000) * 10_000 + 9822)


def log(number: int, when: str, event: str = "update_column_value", **data: Any) -> dict[str, Any]:
    return {
        "id": f"c8fdef7f-{number:04}",
        "event": event,
        "data": json.dumps({"board_id": int(BOARD), "is_top_group": True, "pulse_id": 2001, **data}),
        "entity": "pulse",
        "user_id": ANN,
        "created_at": ticks(when),
    }


def moved(number: int, when: str, before: str | None, after: str | None, **data: Any) -> dict[str, Any]:
    """A change of the status as the log has it."""
    old, new = (
        {"label": {"index": 0, "text": text, "style": {"color": "#fdab3d"}}, "post_id": None} if text else None
        for text in (before, after)
    )
    told = {
        "column_id": "status",
        "column_type": "color",
        "column_title": "Status",
        "previous_value": old,
        "value": new,
    }
    return log(number, when, **{**told, **data})


LOG = [
    # the newest comes first
    moved(5, "2024-01-19 15:00:00", "Stuck", "Shipped 🚀"),
    moved(4, "2024-01-15 09:00:00", "Working on it", "Stuck"),
    log(
        3,
        "2024-01-11 09:00:00",
        column_id="person",
        column_type="multiple-person",
        column_title="Person",
        previous_value={"personsAndTeams": [{"id": int(BOB), "kind": "person"}]},
        value={"personsAndTeams": [{"id": int(ANN), "kind": "person"}]},
    ),
    moved(2, "2024-01-10 09:00:00", None, "Working on it"),
    log(1, "2024-01-09 08:00:00", "create_pulse", pulse_name="Pay by card 1", group_id="topics"),
]

HEADER = (
    "Name", "Subitems", "Person", "Status", "Timeline - Start", "Timeline - End", "Estimated hours", "Story points",
    "Time Tracking", "Last Updated", "Creation Log", "Item ID (auto generated)",
)  # fmt: skip
SUBHEADER = ("Subitems", "Name", "Owner", "Status", "Due date", "Item ID (auto generated)")
TITLE = (("Website launch",), ("What we do until June",), ())


def line(number: int = 1, **changed: Any) -> tuple[Any, ...]:
    """An item's row, by the header's titles."""
    told: dict[str, Any] = {
        "Name": f"Pay by card {number}",
        "Person": "Ann Lee, Bob Ray",
        "Status": "Working on it",
        "Timeline - Start": datetime(2024, 1, 10),
        "Timeline - End": datetime(2024, 1, 31),
        "Estimated hours": 8,
        "Story points": "5 SP",
        "Time Tracking": "02:00:00",
        "Last Updated": "Ann Lee Jan 20, 2024 9:00 AM",
        "Creation Log": "Bob Ray Jan 9, 2024 3:54 PM",
        "Item ID (auto generated)": str(2000 + number),
        **changed,
    }
    return tuple(told.get(name) for name in HEADER)


def subline(number: int = 1, **changed: Any) -> tuple[Any, ...]:
    told = {
        "Name": f"Refund {number}", "Owner": "Bob Ray", "Status": "✅", "Due date": datetime(2024, 1, 15),
        "Item ID (auto generated)": 3000 + number, **changed,
    }  # fmt: skip
    return tuple(told.get(name) for name in SUBHEADER)


TOTALS = (None, None, None, None, datetime(2024, 1, 10), datetime(2024, 1, 31), 16)


def rows() -> list[Sequence[Any]]:
    """A board of two groups with one title, with subitems, totals and blank rows."""
    return [
        *TITLE, ("Sprint 1",), HEADER, line(1), SUBHEADER, subline(1), line(2, Status=None, Person=None), TOTALS, (),
        ("Sprint 1",), HEADER, line(3, Status="Done"), SUBHEADER, subline(2, Status="Doing"), TOTALS,
    ]  # fmt: skip


def workbook(lines: Iterable[Sequence[Any]], updates: bool = True) -> bytes:
    """The bytes of a board's Excel export, beside it the sheet of updates as monday.com writes it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "website launch"
    for each in lines:
        sheet.append(list(each))
    if updates:
        other = book.create_sheet("updates")
        other.append(["Website launch"])
        other.append(["Item ID", "Item Name", "Content Type", "User", "Created At", "Update Content", "Post ID"])
        other.append(["2001", "Pay by card 1", "Update", "Ann Lee", "20/January/2024  09:00:00 AM", "Hello", "77"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def notes(report: Any) -> list[tuple[int, str | None, str]]:
    """What was left out of rows that were taken: row, value and reason."""
    return [(row.number, note.value, note.reason) for row in report.export.rows for note in row.notes]
