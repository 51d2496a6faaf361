"""The JSON of Jira's search (Cloud's version 3, Server's version 2) and of its changelog, in one file or in pages."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.errors import BadInput
from services.importers import whose
from services.importers.cells import CellProblem, shown, text
from services.importers.documents import Element, Text, elements
from services.importers.jira.issue import Change, Issue, Worklog, effort
from services.importers.jira.mapping import JiraMapping
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Person, Row

ARRAYS = ("issues", "values", "issueChangeLogs")
_START_DATES = ("customfield_10015",)
_FLAGGED, _START = "flagged", "start date"
_ISSUE_OF = re.compile(r"/issue/([^/?]+)/changelog")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LATEST_SECONDS = 10_000_000_000
CARRIED = (
    "key", "id", "project", "summary", "issuetype", "status", "status.statusCategory", "resolution", "assignee",
    "timeoriginalestimate", "start date", "duedate", "flagged", "parent", "created", "updated", "resolutiondate",
    "worklog", "changelog",
)  # fmt: skip
_FIELDS = frozenset(
    ("project", "summary", "issuetype", "status", "resolution", "assignee", "timeoriginalestimate", "duedate", "parent",
     "created", "updated", "resolutiondate", "worklog", "statuscategorychangedate", "statusCategory")
)  # fmt: skip


class _Wrong(ValueError):
    """What an issue says that cannot be taken."""

    def __init__(self, column: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.fault = CellFault(column, shown(str(value)) if value is not None else None, reason)


@dataclass(slots=True)
class Page:
    """One JSON file, read: issues and rows that are none, and what the pages say of how many there are."""

    file: str
    digest: str
    issues: list[Issue] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    loose: dict[str, list[Change]] = field(default_factory=dict)
    loose_rows: dict[int, str] = field(default_factory=dict)
    total: int | None = None
    count: int = 0
    is_last: bool = True
    short_history: int = 0
    short_worklogs: int = 0
    other: dict[str, None] = field(default_factory=dict)


class Reader:
    """Reads JSON files; the names of custom fields are learned on the way."""

    def __init__(self, mapping: JiraMapping, calendar: Calendar) -> None:
        self._mapping, self._calendar = mapping, calendar
        self._flagged = mapping.flagged
        self._start: tuple[str, ...] = (mapping.start,) if mapping.start else _START_DATES

    def read(self, source: Text) -> Page:
        """One file. Raises BadInput if there is no issue and no changelog in it."""
        page = Page(source.file, source.digest)
        self._learn_names(source.text)
        around: list[Mapping[str, Any]] = []
        for element in elements(source, *ARRAYS):
            if element.key is None:
                around.append(element.value)
                self._envelope(page, element.value)
            else:
                self._element(page, element)
        is_single = [each for each in around if "key" in each and "fields" in each]
        for value in is_single:
            self._element(page, Element("issues", value))
        if not page.count and not any(name in each for each in around for name in ARRAYS):
            seems = whose.instead(around, "jira")
            raise BadInput(f"{source.file} is JSON, but no search of Jira: it has no list of issues, {seems}.")
        return page

    def _learn_names(self, whole: str) -> None:
        """Which custom fields are the flag and the start, where the export was made with expand=names."""
        for name, field_id in re.findall(r'"(customfield_\d+)"\s*:\s*"(Flagged|Start date)"', whole):
            if field_id == "Flagged":
                self._flagged = self._mapping.flagged or name
            elif not self._mapping.start and name not in self._start:
                self._start = (*self._start, name)

    def _envelope(self, page: Page, around: Mapping[str, Any]) -> None:
        if isinstance(total := around.get("total"), int) and around.get("issues"):
            page.total = max(page.total or 0, total)
        if around.get("issues") and (around.get("isLast") is False or around.get("nextPageToken")):
            page.is_last = False
        elif around.get("isLast") is True:
            page.is_last = True
        if isinstance(link := around.get("self"), str) and (found := _ISSUE_OF.search(link)) and "" in page.loose:
            page.loose.setdefault(found[1], []).extend(page.loose.pop(""))
            page.loose_rows = {number: key or found[1] for number, key in page.loose_rows.items()}

    def _element(self, page: Page, element: Element) -> None:
        page.count += 1
        number, value = page.count, element.value
        if not isinstance(value, dict):
            page.rows.append(Row(number, faults=(CellFault(None, shown(str(value)), "is not an issue"),)))
            return
        try:
            if element.key == "issues" and "key" in value:
                page.issues.append(self._issue(page, number, value))
            elif "changeHistories" in value:
                self._loose(page, number, str(value.get("issueId") or ""), value["changeHistories"])
            elif "items" in value and "created" in value:
                self._loose(page, number, "", [value])
            else:
                raise _Wrong("key", None, "has no key, so it is no issue")
        except _Wrong as wrong:
            page.rows.append(Row(number, faults=(wrong.fault,)))

    def _loose(self, page: Page, number: int, key: str, histories: Any) -> None:
        page.loose.setdefault(key, []).extend(self._changes(histories))
        page.loose_rows[number] = key

    def _issue(self, page: Page, number: int, value: Mapping[str, Any]) -> Issue:
        key = text(value.get("key"))
        if key is None or len(key) > 100:
            raise _Wrong("key", key, "is not the key of an issue, such as PAY-12")
        fields = value.get("fields")
        if not isinstance(fields, dict) or not fields:
            raise _Wrong("fields", key, "has no fields; export it with fields=*all and expand=changelog")
        page.other.update(dict.fromkeys(name for name, held in fields.items() if held and name not in _FIELDS))
        status = _part(fields, "status")
        name = text(status.get("name"))
        if name is None:
            raise _Wrong("status", key, "has no status")
        project, parent = _part(fields, "project"), _part(fields, "parent")
        created = self._when("created", fields.get("created"))
        resolved = self._when("resolutiondate", fields.get("resolutiondate"))
        seen = self._when("updated", fields.get("updated")) or resolved or created
        if seen is None:
            raise _Wrong("updated", key, "has neither created nor updated; export it with fields=*all")
        changelog = value.get("changelog")
        notes: list[CellFault] = []
        start, due = self._day("start", self._first(fields, self._start)), self._day("duedate", fields.get("duedate"))
        if start and due and due < start:
            notes.append(CellFault("start date", str(start), f"lies after the due date, {due}, so it was left out"))
            start = None
        issue = Issue(
            number,
            key.upper(),
            str(value.get("id") or key),
            text(project.get("key")) or key.rpartition("-")[0].upper(),
            name,
            text(_part(status, "statusCategory").get("key")),
            seen,
            project_name=text(project.get("name")),
            title=(text(fields.get("summary")) or "")[:2000] or None,
            work_type=text(_part(fields, "issuetype").get("name")),
            resolution=text(_part(fields, "resolution").get("name")),
            assignee=self._person(fields.get("assignee")),
            estimate=self._effort("timeoriginalestimate", fields.get("timeoriginalestimate")),
            start=start,
            due=due,
            flagged=bool(self._flagged and fields.get(self._flagged)),
            parent=text(parent.get("key")) or text(parent.get("id")),
            created=created,
            resolved=resolved,
            status_since=self._when("statuscategorychangedate", fields.get("statuscategorychangedate")),
            worklogs=self._worklogs(page, fields.get("worklog"), notes),
            notes=notes,
            silent=self._silent(fields),
        )
        if isinstance(changelog, dict) and isinstance(changelog.get("histories"), list):
            issue.changes = self._changes(changelog["histories"])
            if isinstance(total := changelog.get("total"), int) and total > len(changelog["histories"]):
                page.short_history += 1
        return issue

    def _silent(self, fields: Mapping[str, Any]) -> frozenset[str]:
        shown_by = {
            "assignee": ("assignee",), "estimate": ("timeoriginalestimate",), "planned_start": self._start,
            "planned_finish": ("duedate",), "blocked": (self._flagged,), "title": ("summary",),
            "removed": ("resolution",),
        }  # fmt: skip
        silent = (ours for ours, theirs in shown_by.items() if not any(name in fields for name in theirs))
        return frozenset((*silent, "percent_complete"))

    def _changes(self, histories: Any) -> list[Change]:
        changes: list[Change] = []
        for history in histories if isinstance(histories, list) else ():
            if not isinstance(history, dict) or not isinstance(items := history.get("items"), list):
                raise _Wrong("changelog", history, "is not an entry of a changelog")
            before: dict[str, Any] = {}
            after: dict[str, Any] = {}
            for item in items:
                if isinstance(item, dict):
                    self._change(item, before, after)
            if after:
                when = self._when("changelog", history.get("created"))
                if not isinstance(when, dt.datetime):
                    raise _Wrong("changelog", history.get("created"), "is not the time of a change")
                changes.append(Change(str(history.get("id") or when.isoformat()), when, before, after))
        changes.sort(key=lambda change: (change.when, len(change.id), change.id))
        return changes

    def _change(self, item: Mapping[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
        name = str(item.get("field") or item.get("fieldId") or "").casefold()
        old, new = item.get("fromString"), item.get("toString")
        match name:
            case "status":
                if (new_name := text(new)) is not None:
                    before.setdefault("status", text(old) or new_name)
                    after["status"] = new_name
            case "resolution":
                before.setdefault("resolution", text(old))
                after["resolution"] = text(new)
            case "assignee":
                before.setdefault("assignee", self._named(item.get("from"), old))
                after["assignee"] = self._named(item.get("to"), new)
            case "timeoriginalestimate":
                before.setdefault("estimate", self._effort("changelog", item.get("from")))
                after["estimate"] = self._effort("changelog", item.get("to"))
            case "duedate":
                before.setdefault("planned_finish", self._day("changelog", item.get("from")))
                after["planned_finish"] = self._day("changelog", item.get("to"))
            case "start date":
                before.setdefault("planned_start", self._day("changelog", item.get("from") or old))
                after["planned_start"] = self._day("changelog", item.get("to") or new)
            case "flagged":
                before.setdefault("blocked", bool(text(old)))
                after["blocked"] = bool(text(new))

    def _named(self, key: Any, name: Any) -> Person | None:
        known = text(key)
        return Person(known, text(name)) if known else None

    def _person(self, value: Any) -> Person | None:
        if not isinstance(value, dict):
            return None
        key = next((known for name in ("accountId", "key", "name") if (known := text(value.get(name)))), None)
        return Person(key, text(value.get("displayName")), text(value.get("emailAddress"))) if key else None

    def _worklogs(self, page: Page, value: Any, notes: list[CellFault]) -> list[Worklog]:
        if not isinstance(value, dict) or not isinstance(entries := value.get("worklogs"), list):
            return []
        if isinstance(total := value.get("total"), int) and total > len(entries):
            page.short_worklogs += 1
        logs: list[Worklog] = []
        for entry in entries:
            person = self._person(entry.get("author")) if isinstance(entry, dict) else None
            seconds = entry.get("timeSpentSeconds") if isinstance(entry, dict) else None
            started = str(entry.get("started")) if isinstance(entry, dict) else ""
            # the day in the zone of who logged it, which the offset tells
            day = self._calendar.day(started[:10]) if _ISO_DAY.match(started) else None
            if person is None or not isinstance(seconds, int) or not isinstance(day, dt.date):
                notes.append(
                    CellFault("worklog", shown(str(entry)), "has no author, day or seconds, so it was left out")
                )
                continue
            logs.append(Worklog(str(entry.get("id") or f"{started}-{seconds}"), person, day, seconds))
        return logs

    def _when(self, column: str, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) >= _LATEST_SECONDS else value
            try:
                moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
            except (ValueError, OverflowError, OSError):
                raise _Wrong(column, value, "is not a time") from None
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        return self._taken(column, value, self._calendar.when(value if isinstance(value, str) else None))

    def _day(self, column: str, value: Any) -> Any:
        return self._taken(column, value, self._calendar.day(value if isinstance(value, str) else None))

    @staticmethod
    def _taken(column: str, value: Any, found: Any) -> Any:
        if isinstance(found, CellProblem):
            raise _Wrong(column, value, found.reason)
        return found

    def _effort(self, column: str, value: Any) -> Any:
        try:
            return effort(value if isinstance(value, str | int) else None, self._mapping)
        except ValueError as error:
            raise _Wrong(column, value, str(error)) from None

    @staticmethod
    def _first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
        return next((fields[name] for name in names if fields.get(name)), None)


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
