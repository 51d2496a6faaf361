"""Jira as a source: tells CSV from JSON, settles what the files leave open, and turns issues into what they show."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import documents, moments
from services.importers.jira import search, table
from services.importers.jira.issue import Issue, Issues, Statuses
from services.importers.jira.mapping import JiraMapping
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Export, Row, last_moment
from services.importers.source import Given, Read, Source
from services.shown import counted, said_of

_EPILOG = """\b
Examples:
  pmo import jira issues.csv --zone Europe/London --dry-run
  pmo import jira search-1.json search-2.json --complete
  pmo import jira issues.csv --zone Europe/London --write-mapping jira.yaml
  pmo import jira issues.csv --mapping jira.yaml --report report.json"""


def read(paths: Sequence[Path], mapping: JiraMapping, given: Given) -> Read:
    """All files of one import. Nothing is recorded before all of them are understood."""
    statuses = Statuses(mapping)
    exports = [_Page(path, mapping) if documents.is_document(path) else _Sheet(path, mapping) for path in paths]
    issues = Issues(mapping, statuses)
    for export in exports:
        export.read(given, statuses)
        issues.add(export.issues)
    _merge_histories(exports)
    if mapping.complete:
        _check_complete([export for export in exports if isinstance(export, _Page)])
    projects: set[str] = set()
    made = [export.made(issues, given, projects) for export in exports]
    if statuses.guessed:
        said = ", ".join(f"{name} {category}" for name, category in sorted(statuses.guessed.items()))
        made[0].notes.append(f"guessed by their names, since no file says the category: {said}")
    filled = {**statuses.told, **statuses.guessed, **mapping.statuses}
    return Read(made, mapping.model_copy(update={"statuses": dict(sorted(filled.items()))}))


class _Sheet:
    """A CSV file."""

    def __init__(self, path: Path, mapping: JiraMapping) -> None:
        self._mapping = mapping
        self._table = table.read(path, mapping)
        self._sheet = table.Sheet(self._table, table.columns(self._table, mapping), Calendar())
        self.issues: list[Issue] = []
        self.rows: list[Row] = []

    def read(self, given: Given, statuses: Statuses) -> None:
        sheet, notes = self._sheet, self._table.notes
        if not sheet.at["status"]:
            raise BadInput(
                f"{self._table.file} has no column Status; if that is called otherwise, say so by `columns` in a "
                "mapping, as in columns: {status: State}; else it is no export of issues from Jira."
            )
        zone, order = moments_of(self._mapping)
        sheet.calendar = moments.settle(table.times(sheet), self._table.file, self._table.place, zone, order, notes)
        cells = (sheet.calendar.when(cell) for _, cell in table.happened(sheet))
        self.latest = given.data_date or last_moment(cells)
        if self.latest is None and self._table.rows:
            raise BadInput(
                f"{self._table.file} has no dates of what has happened; say by --data-date of which day it speaks."
            )
        reader = table.Reader(sheet, self._mapping, self.latest or EARLIEST)
        seen: dict[str, tuple[int, Any]] = {}
        for row in self._table.rows:
            found = reader.issue(row)
            if isinstance(found, Row):
                self.rows.append(found)
                continue
            statuses.learn(found.status, found.category)
            state = (found.status, found.assignee, found.estimate, found.title, found.due, found.resolution)
            before, held = seen.setdefault(found.key, (row.number, state))
            if held != state:
                said = f"is the issue of {self._table.place} {before} again, in another state"
                self.rows.append(Row(row.number, faults=(CellFault("Issue key", found.key, said),)))
            else:
                self.issues.append(found)
        if reader.undated:
            they = said_of(
                reader.undated, "issue", "has no date of its own and stands", "have no date of their own and stand"
            )
            notes.append(f"{they} at {self.latest}")
        notes.append("a state is dated by the column Updated, its status by Resolved or Status Category Changed")
        if reader.by_name:
            notes.append("people are known by the names in the file, since it has no column Assignee Id")

    def made(self, issues: Issues, given: Given, projects: set[str]) -> Export:
        rows = [*self.rows, *(issues.row(issue, projects) for issue in self.issues)]
        rows += [Row(each.number, faults=(CellFault(None, None, each.reason),)) for each in self._table.malformed]
        rows += [Row(each.number, ignored=each.reason) for each in self._table.ignored]
        return Export(
            self._table.file,
            self._table.digest,
            self._table.place,
            sorted(rows, key=lambda row: row.number),
            self.latest or EARLIEST,
            self._table.notes,
            tuple(self._table.columns[place] for places in self._sheet.at.values() for place in places[:1]),
            table.not_carried(self._sheet),
        )


class _Page:
    """A JSON file."""

    def __init__(self, path: Path, mapping: JiraMapping) -> None:
        zone, order = moments_of(mapping)
        self.page = search.Reader(mapping, Calendar(zone, order)).read(documents.load(path))
        self.issues = self.page.issues
        self.notes: list[str] = []

    def read(self, given: Given, statuses: Statuses) -> None:
        for issue in self.issues:
            statuses.learn(issue.status, issue.category)
        page = self.page
        if page.short_history:
            some = counted(page.short_history, "issue")
            self.notes.append(f"of {some} the export has not all changes; what came before is not known")
        if page.short_worklogs:
            self.notes.append(f"of {counted(page.short_worklogs, 'issue')} the export has not all worklogs")
        without = sum(issue.changes is None for issue in self.issues)
        if without:
            they = said_of(without, "issue", "comes without changelog: its", "come without changelog: their")
            self.notes.append(
                f"{they} status is dated by resolutiondate or statuscategorychangedate, the rest by updated"
            )

    def made(self, issues: Issues, given: Given, projects: set[str]) -> Export:
        page = self.page
        rows = [*page.rows, *(issues.row(issue, projects) for issue in self.issues)]
        rows += [
            Row(number, ignored=f"its changes are told with the issue {issues.key_of(key) or key}")
            for number, key in page.loose_rows.items()
        ]
        latest = given.data_date or last_moment(issue.seen for issue in self.issues)
        return Export(
            page.file,
            page.digest,
            "issue",
            sorted(rows, key=lambda row: row.number),
            latest or EARLIEST,
            self.notes,
            search.CARRIED,
            tuple(page.other),
        )


def moments_of(mapping: JiraMapping) -> tuple[Any, Any]:
    """Zone and order that mapping or user said."""
    return (ZoneInfo(mapping.zone) if mapping.zone else None), mapping.date_order


def _merge_histories(exports: Sequence[_Sheet | _Page]) -> None:
    """Changes that stand in files of their own go to their issues; whose issue is in no file, they are said to be."""
    by_name = {name: issue for export in exports for issue in export.issues for name in (issue.id, issue.key)}
    for export in exports:
        if not isinstance(export, _Page):
            continue
        for key, changes in export.page.loose.items():
            if (issue := by_name.get(key)) is None:
                raise BadInput(
                    f"{export.page.file} has the changelog of issue {key or 'without a name'}, which is in none of the "
                    "files; give the search that has it with it."
                )
            known = {change.id: change for change in (*(issue.changes or ()), *changes)}
            issue.changes = sorted(known.values(), key=lambda change: (change.when, len(change.id), change.id))


def _check_complete(pages: Sequence[_Page]) -> None:
    """Refuses to take what is missing as gone where the pages themselves say that some are missing."""
    found = sum(len(each.issues) for each in pages)
    total = max((each.page.total or 0 for each in pages), default=0)
    if total > found:
        raise BadInput(
            f"The search found {counted(total, 'issue')} and the files have {found:,}; give all pages, or no "
            "--complete."
        )
    if pages and not any(each.page.is_last for each in pages):
        raise BadInput("The last page of the search is not among the files; give all pages, or no --complete.")


SOURCE = Source(
    "jira",
    "Import the issues of Jira as items of work, with their history.",
    JiraMapping,
    read,
    "the CSV of an issue search, and the JSON of the search and of the changelog",
    _EPILOG,
)
