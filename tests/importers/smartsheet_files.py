"""Small sheets of our own making, in the shapes in which Smartsheet's interface, Excel and CSV have them."""

import datetime as dt
import io
import json
from collections.abc import Sequence
from typing import Any

import openpyxl
from openpyxl.worksheet.properties import Outline

SHEET_ID = 4583173393803140
FIRST_ID = 5225480965908356
ANN = {"objectType": "CONTACT", "name": "Ann Smith", "email": "Ann@example.org"}
BOB = {"objectType": "CONTACT", "name": "Bob Jones", "email": "bob@example.org"}
COLUMNS: tuple[dict[str, Any], ...] = (
    {"title": "Task Name", "type": "TEXT_NUMBER", "primary": True},
    {"title": "Status", "type": "PICKLIST", "options": ["Not Started", "In Progress", "Complete"]},
    {"title": "Health", "type": "PICKLIST", "symbol": "RYG", "options": ["Red", "Yellow", "Green"]},
    {"title": "Start", "type": "ABSTRACT_DATETIME", "tags": ["CALENDAR_START_DATE", "GANTT_START_DATE"]},
    {"title": "Finish", "type": "ABSTRACT_DATETIME", "tags": ["CALENDAR_END_DATE", "GANTT_END_DATE"]},
    {"title": "Duration", "type": "DURATION", "tags": ["GANTT_DURATION"]},
    {"title": "Predecessors", "type": "PREDECESSOR", "tags": ["GANTT_PREDECESSOR"]},
    {"title": "% Complete", "type": "TEXT_NUMBER", "tags": ["GANTT_PERCENT_COMPLETE"]},
    {"title": "Assigned To", "type": "MULTI_CONTACT_LIST", "tags": ["GANTT_ASSIGNED_RESOURCE"]},
    {"title": "Allocation %", "type": "TEXT_NUMBER", "tags": ["GANTT_ALLOCATION"]},
    {"title": "Baseline Start", "type": "DATE", "tags": ["BASELINE_START_DATE"]},
    {"title": "Baseline Finish", "type": "DATE", "tags": ["BASELINE_END_DATE"]},
    {"title": "Variance", "type": "TEXT_NUMBER", "tags": ["BASELINE_VARIANCE"]},
    {"title": "Budget", "type": "TEXT_NUMBER"},
    {"title": "Actual Cost", "type": "TEXT_NUMBER"},
    {"title": "Blocked", "type": "CHECKBOX"},
    {"title": "Comments", "type": "TEXT_NUMBER"},
)
TITLES = tuple(column["title"] for column in COLUMNS)


def identifier(number: int) -> int:
    """The id of the row of that number: 16 digits, which a floating point number of 15 does not hold."""
    return FIRST_ID + 4_503_599 * number


def cell(title: str, value: Any = None, display: str | None = None, **more: Any) -> dict[str, Any]:
    """A cell by the title of its column; without a value it is empty."""
    told = {"value": value, "displayValue": display, **more}
    return {"columnId": 7_000_000_000_000_001 + TITLES.index(title), **{k: v for k, v in told.items() if v is not None}}


def row(number: int, *cells: dict[str, Any], under: int | None = None, **more: Any) -> dict[str, Any]:
    """A row with all cells; those that are not given are empty, which is shown by `columnId` alone."""
    given = {each["columnId"] for each in cells}
    empty = [each for title in TITLES if (each := cell(title))["columnId"] not in given]
    told = {
        "id": identifier(number),
        "rowNumber": number,
        "parentId": identifier(under) if under else None,
        "expanded": True,
        "createdAt": "2024-01-08T09:00:00Z",
        "modifiedAt": f"2024-02-{number:02}T10:30:00Z",
        "cells": [*cells, *empty],
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


def contacts(*people: dict[str, Any], title: str = "Assigned To") -> dict[str, Any]:
    names = ", ".join(each["name"] for each in people)
    return cell(title, names, names, objectValue={"objectType": "MULTI_CONTACT", "values": list(people)})


def plan() -> list[dict[str, Any]]:
    """A project of two phases: a row for the project, a parent for each phase, and the work under them."""
    return [
        row(
            1, cell("Task Name", "Website", "Website"), cell("Status", "In Progress", "In Progress"),
            cell("Health", "Yellow", "Yellow"), cell("Start", "2024-01-10T08:00:00"),
            cell("Finish", "2024-03-29T16:59:59"), cell("% Complete", 0.4, "40%"),
            cell("Budget", 50000, "£50,000"), cell("Actual Cost", 20000.5, "£20,000.50"),
        ),
        row(2, cell("Task Name", "Design", "Design"), cell("Status", "Complete", "Complete"), under=1),
        row(
            3, cell("Task Name", "Wireframes", "Wireframes"), cell("Status", "Complete", "Complete"),
            cell("Start", "2024-01-10T08:00:00"), cell("Finish", "2024-01-16T16:59:59"), cell("Duration", "5d", "5d"),
            cell("% Complete", 1, "100%"), contacts(ANN), cell("Allocation %", 0.5, "50%"),
            cell("Baseline Start", "2024-01-08"), cell("Baseline Finish", "2024-01-12"),
            cell("Variance", "2d", "2d"), cell("Budget", 2000, "£2,000"), cell("Blocked", False),
            cell("Comments", "liked by all", "liked by all"), under=2,
        ),
        row(4, cell("Task Name", "Build", "Build"), under=1),
        row(
            5, cell("Task Name", "Shop", "Shop"), cell("Status", "In Progress", "In Progress"),
            cell("Start", "2024-01-17T08:00:00"), cell("Finish", "2024-02-13T16:59:59"),
            cell("Duration", "e2w", "e2w"),
            cell("Predecessors", "3FS +1.5w 2.5d, 7SS -2d", "3FS +1.5w 2.5d, 7SS -2d"),
            cell("% Complete", 0.25, "25%"), contacts(ANN, BOB), cell("Allocation %", 1.5, "150%"),
            cell("Blocked", True), under=4,
        ),
        row(6, under=4),
        row(7, cell("Task Name", 2.0, "2"), cell("Status", "Not Started", "Not Started"), under=4),
    ]  # fmt: skip


def sheet(*rows: dict[str, Any], columns: Sequence[dict[str, Any]] = COLUMNS, **around: Any) -> dict[str, Any]:
    """A sheet as ``GET /sheets/{id}`` gives it."""
    told = [
        {"id": 7_000_000_000_000_001 + at, "index": at, "version": 0, "width": 150, **column}
        for at, column in enumerate(columns)
    ]
    return {
        "id": SHEET_ID,
        "name": "Website Launch",
        "version": 12,
        "totalRowCount": len(rows),
        "accessLevel": "OWNER",
        "dependenciesEnabled": True,
        "projectSettings": {
            "workingDays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
            "nonWorkingDays": [],
            "lengthOfDay": 8,
        },
        "createdAt": "2024-01-08T09:00:00Z",
        "modifiedAt": "2024-02-20T10:00:00Z",
        "columns": told,
        "rows": list(rows),
        **around,
    }


def as_json(*rows: dict[str, Any], **around: Any) -> str:
    return json.dumps(sheet(*rows, **around))


CSV = (
    "Row ID,Task Name,Level,Status,Start,End Date,Duration,Predecessors,% Complete,Assigned To,Allocation %,"
    "Baseline Start,Baseline Finish,Budget,Blocked,Created,Modified,Notes\n"
    'WEB-1,Website,0,In Progress,01/10/24,03/29/24,,,40%,,,,,"£50,000",false,01/08/24 9:00 AM,02/01/24 10:30 AM,\n'
    "WEB-2,Design,1,Complete,,,,,,,,,,,false,01/08/24 9:00 AM,02/02/24 10:30 AM,\n"
    "WEB-3,Wireframes,2,Complete,01/10/24,01/16/24,5d,,100%,Ann Smith,50%,"
    '01/08/24,01/12/24,"£2,000.50",false,01/08/24 9:00 AM,02/03/24 10:30 AM,"liked\nby all"\n'
    ",,,,,,,,,,,,,,false,,,\n"
    'WEB-5,Shop,1,In Progress,01/17/24,02/13/24,e2w,3FS +1.5w,25%,"Ann Smith, Bob Jones",150%,,,,true,'
    "01/08/24 9:00 AM,02/05/24 10:30 AM,\n"
)

GRID: tuple[tuple[int, tuple[Any, ...]], ...] = (
    (0, ("Website", "In Progress", "Yellow", "2024-01-10", "2024-03-29", None, None, 0.4, None, None)),
    (1, ("Design", "Complete", None, None, None, None, None, None, None, None)),
    (2, ("Wireframes", "Complete", "Green", "2024-01-10", "2024-01-16", "5d", None, 1, "Ann Smith", 0.5)),
    (1, ("Build", None, None, None, None, None, None, None, None, None)),
    (2, ("Shop", "In Progress", None, "2024-01-17", "2024-02-13", "~4w", "3FS", 0.25, "Ann Smith, Bob Jones", 1.5)),
    (2, ()),
    (2, ("Test", "Not Started", None, None, None, 0, "5SS +1d", 0, None, None)),
)
"""Rows of an Excel export, with how far each is indented."""


def workbook(rows: Sequence[tuple[int, tuple[Any, ...]]] = GRID, title: str = "Website Launch") -> bytes:
    """An Excel export: the grid on the first sheet with its hierarchy as outline, and the comments on a second one."""
    book = openpyxl.Workbook()
    grid = book.active
    assert grid is not None
    grid.title = title
    grid.sheet_properties.outlinePr = Outline(summaryBelow=False)
    grid.append(["Task Name", "Status", "Health", "Start", "Finish", "Duration", "Predecessors", "% Complete",
                 "Assigned To", "Allocation %"])  # fmt: skip
    for number, (indent, cells) in enumerate(rows, start=2):
        for at, value in enumerate(cells, start=1):
            if isinstance(value, str) and value[:4] in ("2024", "2025") and len(value) == 10:
                value = dt.datetime.fromisoformat(value)
            if value is not None:
                grid.cell(number, at, value)
        if indent:
            grid.row_dimensions[number].outlineLevel = indent
    comments = book.create_sheet("Comments")
    comments.append(["Row 3", "Ann Smith: looks good"])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def task(number: int = 1, *cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A row of work with a name and a status, and these cells."""
    given = {each["columnId"] for each in cells}
    usual = (cell("Task Name", f"Task {number}", f"Task {number}"), cell("Status", "Not Started", "Not Started"))
    return row(number, *cells, *(each for each in usual if each["columnId"] not in given), **more)
