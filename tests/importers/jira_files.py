"""Small exports of our own making, in the shapes that Jira's are found in."""

import json
from typing import Any

HEADER = (
    "Summary,Issue key,Issue id,Parent,Issue Type,Status,Project key,Project name,Priority,Resolution,"
    "Assignee,Assignee Id,Created,Updated,Resolved,Due date,Sprint,Sprint,Labels,Log Work,Log Work,Original estimate,"
    "Work Ratio,Σ Original Estimate,Σ Time Spent,Custom field (Flagged),Custom field (Start date),Comment,Comment,"
    "Status Category\n"
)
CSV = HEADER + (
    "Pay by card,PAY-1,10001,,Story,Done,PAY,Payments,High,Done,Ann Smith,"
    "712020:aa,09/Jan/24 3:54 PM,20/Jan/24 9:00 AM,19/Jan/24 5:00 PM,31/Jan/24 12:00 AM,Sprint 1,Sprint 2,web,"
    '"first; second;10/Jan/24 9:00 AM;712020:aa;7200",";11/Jan/24 9:00 AM;712020:bb;5400",28800,-1,'
    '36000,12600,,10/Jan/24 12:00 AM,"10/Jan/24 9:30 AM;712020:aa;Looks good; ship it","two\nlines",Done\n'
    "Refund,PAY-2,10002,10001,Sub-task,In Review,PAY,Payments,Low,,Bob Jones,"
    "712020:bb,10/Jan/24 3:54 PM,21/Jan/24 9:00 AM,,,Sprint 2,,,,,14400,-1,14400,,Impediment,,,,In Progress\n"
    "Old idea,PAY-3,10003,,Bug,Closed,PAY,Payments,Low,Won't Do,,"
    ",11/Jan/24 3:54 PM,22/Jan/24 9:00 AM,22/Jan/24 9:00 AM,,,,,,,,-1,,,,,,,Done\n"
    "Later,OPS-1,20001,,Task,To Do,OPS,Operations,Low,,,"
    ",12/Jan/24 8:00 AM,12/Jan/24 8:00 AM,,,,,,,,,-1,,,,,,,To Do\n"
)


NAMES = {"712020:aa": "Ann Smith", "712020:bb": "Bob Jones"}


def status(name: str, category: str) -> dict[str, Any]:
    return {"name": name, "id": "3", "statusCategory": {"key": category, "name": category}}


def person(key: str, name: str) -> dict[str, Any]:
    return {"accountId": key, "displayName": name, "emailAddress": f"{key[-2:]}@example.org", "active": True}


def change(number: int, when: str, *items: tuple[str, Any, Any]) -> dict[str, Any]:
    entries = [
        {
            "field": name,
            "fieldtype": "jira",
            "from": old,
            "fromString": NAMES.get(old, old),
            "to": new,
            "toString": NAMES.get(new, new),
        }
        for name, old, new in items
    ]
    return {"id": str(number), "author": person("712020:aa", "Ann Smith"), "created": when, "items": entries}


def document(said: str) -> dict[str, Any]:
    """Text as version 3 of the interface writes it."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": said}]}],
    }


def issue(number: int = 1, **changed: Any) -> dict[str, Any]:
    """An issue of Cloud with a whole history: it waits, is worked on, flagged, reviewed and done."""
    fields = {
        "summary": "Pay by card",
        "description": document("As a customer I pay by card"),
        "issuetype": {"name": "Story", "subtask": False},
        "project": {"key": "PAY", "name": "Payments"},
        "status": status("Done", "done"),
        "resolution": {"name": "Done"},
        "assignee": person("712020:bb", "Bob Jones"),
        "created": "2024-01-09T15:54:12.345+0200",
        "updated": "2024-01-20T09:00:00.000+0200",
        "resolutiondate": "2024-01-19T17:00:00.000+0200",
        "timeoriginalestimate": 28800,
        "duedate": "2024-01-31",
        "customfield_10015": "2024-01-10",
        "customfield_10021": None,
        "workratio": -1,
        "worklog": {
            "total": 1,
            "worklogs": [
                {
                    "id": "900",
                    "author": person("712020:aa", "Ann Smith"),
                    "started": "2024-01-10T23:30:00.000+0200",
                    "timeSpentSeconds": 7200,
                    "comment": document("two hours"),
                }
            ],
        },
        **changed.pop("fields", {}),
    }
    histories = [
        change(14, "2024-01-19T17:00:00.000+0200", ("status", "In Review", "Done"), ("resolution", None, "Done")),
        change(
            13, "2024-01-15T09:00:00.000+0200", ("Flagged", "Impediment", ""), ("status", "In Progress", "In Review")
        ),
        change(12, "2024-01-12T09:00:00.000+0200", ("Flagged", "", "Impediment"), ("labels", "", "web")),
        change(11, "2024-01-11T09:00:00.000+0200", ("assignee", "712020:aa", "712020:bb")),
        change(
            10,
            "2024-01-10T09:00:00.000+0200",
            ("status", "To Do", "In Progress"),
            ("timeoriginalestimate", None, "28800"),
        ),
    ]
    return {
        "id": str(10_000 + number),
        "key": f"PAY-{number}",
        "fields": fields,
        "changelog": {"startAt": 0, "maxResults": 100, "total": len(histories), "histories": histories},
        **changed,
    }


def search(*issues: dict[str, Any], **around: Any) -> str:
    names = {"customfield_10021": "Flagged", "customfield_10015": "Start date"}
    return json.dumps(
        {"expand": "schema,names", "names": names, "startAt": 0, "total": len(issues), **around, "issues": issues}
    )
