"""Boards of monday.com and sheets of Smartsheet of our own making, of any size."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_BEGINNING = datetime(2023, 1, 2, 8, tzinfo=UTC)
_PAGE = 500
_PEOPLE = 60
MOVES = ("Working on it", "Review", "Done")
"""The statuses that an item with a history went through, one after another."""
_COLUMNS = [
    {"id": "name", "title": "Name", "type": "name", "settings_str": "{}"},
    {"id": "person", "title": "Person", "type": "people", "settings_str": "{}"},
    {
        "id": "status",
        "title": "Status",
        "type": "status",
        "settings_str": json.dumps({"done_colors": [2], "labels": dict(enumerate(MOVES))}),
    },
    {"id": "timeline", "title": "Timeline", "type": "timeline", "settings_str": "{}"},
    {"id": "numbers", "title": "Estimated hours", "type": "numbers", "settings_str": "{}"},
    {"id": "text", "title": "Remarks", "type": "text", "settings_str": "{}"},
]
_TITLES = (
    "Row ID", "Task Name", "Status", "Start", "Finish", "% Complete", "Assigned To", "Comments", "Created", "Modified",
)  # fmt: skip


def write_board(path: Path, board: int, items: int, *, with_log: bool) -> Path:
    """Answers of monday.com's interface, one a line: a board, then its items by pages, with their history if asked."""
    first = board * 10_000_000
    with path.open("w", encoding="utf-8") as out:
        told = {
            "id": str(board),
            "name": f"Board {board}",
            "columns": _COLUMNS,
            "groups": [{"id": "topics", "title": "Sprint 1"}],
            "activity_logs": list(_log(board, first, items)) if with_log else [],
            "items_page": {"cursor": "0" if items else None, "items": []},
        }
        out.write(json.dumps({"data": {"boards": [told]}}) + "\n")
        for start in range(0, items, _PAGE):
            end = min(start + _PAGE, items)
            page = {
                "cursor": str(end) if end < items else None,
                "items": [_item(board, first, number) for number in range(start, end)],
            }
            out.write(json.dumps({"data": {"next_items_page": page}}) + "\n")
    return path


def _created(number: int) -> datetime:
    # spread over the best part of a year, in no order
    return _BEGINNING + timedelta(minutes=number * 7_919 % 400_000)


def _item(board: int, first: int, number: int) -> dict[str, Any]:
    """It is done, as its history says."""
    created = _created(number)
    done = created + timedelta(hours=len(MOVES))
    day = created.date()
    values = {
        "person": ({"personsAndTeams": [{"id": 500 + number % _PEOPLE, "kind": "person"}]}, "Somebody"),
        "status": ({"index": len(MOVES) - 1, "post_id": None, "changed_at": _iso(done)}, MOVES[-1]),
        "timeline": ({"from": str(day), "to": str(day + timedelta(days=20))}, f"{day} - {day}"),
        "numbers": (str(number % 9), str(number % 9)),
        "text": ("x" * 200, "x" * 200),
    }
    return {
        "id": str(first + number),
        "name": f"What is to be done, {number}",
        "state": "active",
        "created_at": _iso(created),
        "updated_at": _iso(done),
        "board": {"id": str(board)},
        "group": {"id": "topics", "title": "Sprint 1"},
        "column_values": [
            {"id": column, "type": next(c["type"] for c in _COLUMNS if c["id"] == column), "text": text,
             "value": json.dumps(value)}
            for column, (value, text) in values.items()
        ],
        "subitems": [],
    }  # fmt: skip


def _log(board: int, first: int, items: int) -> Iterator[dict[str, Any]]:
    for number in range(items):
        before: str | None = None
        for step, status in enumerate(MOVES, start=1):
            data = {
                "board_id": board,
                "pulse_id": first + number,
                "column_id": "status",
                "column_type": "color",
                "column_title": "Status",
                "previous_value": {"label": {"index": step - 2, "text": before}} if before else None,
                "value": {"label": {"index": step - 1, "text": status}},
            }
            at = _created(number) + timedelta(hours=step)
            yield {
                "id": f"{first + number}-{step}",
                "event": "update_column_value",
                "data": json.dumps(data),
                "entity": "pulse",
                "user_id": "501",
                "created_at": str(int(at.timestamp() * 10_000_000)),
            }
            before = status


def write_sheet(path: Path, rows: int) -> Path:
    """A sheet of Smartsheet as CSV: a third of the rows each waits, is worked on, and is done."""
    with path.open("w", newline="", encoding="utf-8") as opened:
        out = csv.writer(opened)
        out.writerow(_TITLES)
        for number in range(rows):
            created = _created(number)
            start, finish = created.date(), created.date() + timedelta(days=20)
            status = ("Not Started", "In Progress", "Complete")[number % 3]
            out.writerow(
                (
                    f"R-{number}", f"What is to be done, {number}", status, start, finish, f"{number % 3 * 50}%",
                    f"Person {number % _PEOPLE}", "x" * 100, f"{created:%Y-%m-%d %H:%M}",
                    f"{created + timedelta(days=1):%Y-%m-%d %H:%M}",
                )
            )  # fmt: skip
    return path


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
