"""Small exports of our own making, in the shapes that Asana's are found in."""

import json
from typing import Any

HEADER = (
    "Task ID,Created At,Completed At,Last Modified,Name,Section/Column,Assignee,Assignee Email,Start Date,Due Date,"
    "Tags,Notes,Projects,Parent task,Blocked By (Dependencies),Blocking (Dependencies),Priority,Estimated time ,"
    "Actual time\n"
)
CSV = HEADER + (
    "1200000000000011,2024-01-09,2024-01-19,2024-01-20,Pay by card,Done,Ann Smith,ann@example.org,2024-01-10,"
    '2024-01-31,"web,Q4","First line\nsecond, with a comma",Payments,,,Refund,High,8h,1:30\n'
    "1200000000000012,2024-01-10,,2024-01-21,Refund,In Progress,Bob Jones,,2024-01-15,2024-02-15,,,Payments,,"
    "Pay by card,,Low,4h 30m,\n"
    "1200000000000013,2024-01-11,,2024-01-22,Write the text,,Ann Smith,ann@example.org,,,,,,Refund,,,,45m,\n"
    "1200000000000014,2024-01-12,,2024-01-12,Later,To Do,,,,,,,Payments,,,,,,\n"
)
PLAIN = "Task ID,Created At,Completed At,Last Modified,Name,Section/Column,Projects,Parent task\n"


def rows(*lines: str, header: str = PLAIN) -> str:
    return header + "".join(f"{line}\n" for line in lines)


def user(gid: str, name: str, **more: Any) -> dict[str, Any]:
    return {"gid": gid, "resource_type": "user", "name": name, **more}


ANN, BOB = user("501", "Ann Smith"), user("502", "Bob Jones")
PAYMENTS = {"gid": "900", "resource_type": "project", "name": "Payments"}
WEBSITE = {"gid": "901", "resource_type": "project", "name": "Website"}
SECTIONS = {
    name: {"gid": str(910 + at), "resource_type": "section", "name": name}
    for at, name in enumerate(("To Do", "In Progress", "In Review", "Done"))
}


def membership(project: dict[str, Any], section: str | None) -> dict[str, Any]:
    return {"project": project, "section": SECTIONS.get(section or "", {"gid": "999", "name": section})}


def task(number: int = 11, section: str | None = "Done", **changed: Any) -> dict[str, Any]:
    """A task as the interface shows one: by default it was worked on, reviewed and ticked."""
    return {
        "gid": f"12000000000000{number}",
        "resource_type": "task",
        "resource_subtype": "default_task",
        "name": "Pay by card",
        "notes": "First line\nsecond",
        "completed": True,
        "completed_at": "2024-01-19T15:00:30.000Z",
        "created_at": "2024-01-09T13:54:12.345Z",
        "modified_at": "2024-01-20T07:00:00.000Z",
        "assignee": BOB,
        "start_on": "2024-01-10",
        "due_on": "2024-01-31",
        "due_at": None,
        "parent": None,
        "memberships": [membership(PAYMENTS, section)],
        "projects": [PAYMENTS],
        "tags": [{"gid": "77", "name": "web"}],
        "dependencies": [],
        "actual_time_minutes": 90,
        "custom_fields": [
            {"gid": "88", "name": "Estimated time", "type": "number", "format": "duration", "number_value": 480}
        ],
        **changed,
    }


def open_task(number: int, section: str | None = "To Do", **changed: Any) -> dict[str, Any]:
    """A task that is not completed."""
    told = {"name": f"Task {number}", "completed": False, "completed_at": None, **changed}
    return task(number, section, **told)


def story(number: int, when: str, kind: str, about: int = 11, **fields: Any) -> dict[str, Any]:
    return {
        "gid": str(7000 + number),
        "resource_type": "story",
        "resource_subtype": kind,
        "type": "system",
        "created_at": when,
        "created_by": ANN,
        "text": "what Ann did, in words that change",
        "target": {"gid": f"12000000000000{about}", "resource_type": "task", "name": "Pay by card"},
        **fields,
    }


def moved(number: int, when: str, old: str, new: str, about: int = 11, **fields: Any) -> dict[str, Any]:
    sections = {"old_section": SECTIONS[old], "new_section": SECTIONS[new], **fields}
    return story(number, when, "section_changed", about, **sections)


def stories(about: int = 11) -> list[dict[str, Any]]:
    """A whole history, not in order: assigned, moved, re-estimated, put off, and completed."""
    dates = {"start_on": "2024-01-10", "due_on": "2024-01-24", "due_at": None}
    number = {"custom_field": {"gid": "88", "name": "Estimated time", "format": "duration"}}
    return [
        story(9, "2024-01-19T15:00:00.000Z", "marked_complete", about),
        story(1, "2024-01-09T14:00:00.000Z", "assigned", about, assignee=ANN),
        moved(2, "2024-01-10T07:00:00.000Z", "To Do", "In Progress", about),
        story(3, "2024-01-11T07:00:00.000Z", "assigned", about, assignee=BOB),
        story(
            4, "2024-01-12T07:00:00.000Z", "number_custom_field_changed", about, **number, old_number_value=None,
            new_number_value=480,
        ),
        story(
            5, "2024-01-13T07:00:00.000Z", "due_date_changed", about, old_dates=dates,
            new_dates={**dates, "due_on": "2024-01-31"},
        ),
        story(6, "2024-01-14T07:00:00.000Z", "comment_added", about),
        moved(7, "2024-01-15T07:00:00.000Z", "In Progress", "In Review", about),
        moved(8, "2024-01-19T14:59:00.000Z", "In Review", "Done", about),
    ]  # fmt: skip


def update(number: int, when: str, status: str, text: str = "All is well") -> dict[str, Any]:
    return {
        "gid": str(6000 + number),
        "resource_type": "status_update",
        "resource_subtype": "project_status_update",
        "status_type": status,
        "title": f"Update {number}",
        "text": text,
        "created_at": when,
        "author": ANN,
        "parent": PAYMENTS,
    }


def project(**changed: Any) -> dict[str, Any]:
    return {
        **PAYMENTS,
        "archived": False,
        "completed": False,
        "created_at": "2024-01-02T08:00:00.000Z",
        "modified_at": "2024-01-18T08:00:00.000Z",
        "start_on": "2024-01-08",
        "due_on": "2024-06-30",
        "owner": ANN,
        **changed,
    }


def entry(number: int, minutes: float, **changed: Any) -> dict[str, Any]:
    return {
        "gid": str(4000 + number),
        "resource_type": "time_tracking_entry",
        "duration_minutes": minutes,
        "entered_on": "2024-01-10",
        "created_by": ANN,
        "task": {"gid": "1200000000000011", "resource_type": "task", "name": "Pay by card"},
        **changed,
    }


def allocation(number: int, kind: str, value: float, **changed: Any) -> dict[str, Any]:
    return {
        "gid": str(3000 + number),
        "resource_type": "allocation",
        "assignee": ANN,
        "parent": PAYMENTS,
        "start_date": "2024-02-05",
        "end_date": "2024-03-03",
        "effort": {"type": kind, "value": value},
        **changed,
    }


def lines(*objects: Any) -> str:
    """JSON Lines, as a graph export has them."""
    return "".join(f"{json.dumps(each)}\n" for each in objects)


def exported(*tasks: Any, **around: Any) -> str:
    """The JSON of a project, and of a page of the interface."""
    return json.dumps({"data": list(tasks), **around})


def faults(report: Any) -> list[tuple[int, str | None, str]]:
    """Why rows were rejected: row, column and reason."""
    return [(row.number, fault.column, fault.reason) for row in report.rejected for fault in row.faults]


def notes(report: Any) -> list[tuple[int, str | None, str]]:
    """What was left out of rows that were taken: row, column and reason."""
    return [(row.number, note.column, note.reason) for row in report.export.rows for note in row.notes]


def ignored(report: Any) -> dict[int, str]:
    """Why rows were ignored."""
    return {row.number: row.ignored for row in report.ignored}


def graph(*more: Any) -> str:
    """A small graph export: a project with sections, users, one task with its history and one that waits for it."""
    return lines(
        project(), *SECTIONS.values(), {**ANN, "email": "ann@example.org"}, BOB,
        task(), open_task(12, "In Progress", dependencies=[{"gid": "1200000000000011"}]), *stories(), *more,
    )  # fmt: skip
