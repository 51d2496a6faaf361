"""Which column is which: by the mapping, else by what the interface says of it, else by its title."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import get_args

from services.importers.smartsheet.grid import Column as GridColumn
from services.importers.smartsheet.grid import Grid
from services.importers.smartsheet.mapping import COLOURS, Column, SmartsheetMapping
from services.importers.smartsheet.values import flag, has_failed, is_empty, line

FIELDS: tuple[Column, ...] = get_args(Column)
_SAMPLE = 500
_TAGS: Mapping[str, Column] = {
    "GANTT_START_DATE": "start", "GANTT_END_DATE": "finish", "GANTT_DURATION": "duration",
    "GANTT_PREDECESSOR": "predecessors", "GANTT_PERCENT_COMPLETE": "percent_complete",
    "GANTT_ASSIGNED_RESOURCE": "assigned_to", "GANTT_ALLOCATION": "allocation",
    "BASELINE_START_DATE": "baseline_start", "BASELINE_END_DATE": "baseline_finish",
}  # fmt: skip
_TYPES: Mapping[str, Column] = {"PREDECESSOR": "predecessors", "DURATION": "duration"}
_SYSTEM: Mapping[str, Column] = {"CREATED_DATE": "created", "MODIFIED_DATE": "modified"}
_TITLES: Mapping[Column, tuple[str, ...]] = {
    "name": ("task name", "task", "primary column", "primary", "project name", "name", "activity name", "activity",
             "deliverable", "work item", "item", "title"),
    "key": ("row id", "rowid", "auto number", "auto-number", "autonumber", "auto id", "unique id", "task id", "item id",
            "project id", "id", "key"),
    "level": ("level", "hierarchy level", "outline level", "row level", "indent level", "hierarchy", "ancestors",
              "indent"),
    "work_type": ("task type", "work type", "item type", "type"),
    "status": ("status", "task status", "project status", "state", "stage"),
    "done": ("done", "completed", "complete", "finished", "complete?", "done?"),
    "blocked": ("blocked", "blocked?", "is blocked"),
    "start": ("start", "start date", "planned start", "planned start date", "begin", "begin date"),
    "finish": ("finish", "finish date", "end date", "end", "due date", "due", "planned finish", "planned end",
               "planned finish date", "planned end date", "target date"),
    "duration": ("duration", "planned duration"),
    "predecessors": ("predecessors", "predecessor"),
    "percent_complete": ("% complete", "percent complete", "%complete", "complete %", "% done", "percent done",
                         "progress"),
    "assigned_to": ("assigned to", "assignee", "owner", "task owner", "resource", "resources", "responsible",
                    "assigned resource", "project manager"),
    "allocation": ("allocation %", "allocation", "% allocation", "resource allocation", "allocation percent"),
    "effort": ("effort", "effort (hours)", "estimated hours", "estimate", "estimated effort", "planned hours", "work",
               "work (hours)", "hours estimated"),
    "actual_effort": ("actual hours", "actual effort", "actual work", "hours worked", "hours spent"),
    "baseline_start": ("baseline start", "baseline start date"),
    "baseline_finish": ("baseline finish", "baseline end", "baseline finish date", "baseline end date"),
    "deadline": ("deadline",),
    "actual_start": ("actual start", "actual start date"),
    "actual_finish": ("actual finish", "actual end", "actual finish date", "actual end date", "date completed",
                      "completed date", "completion date", "completed on"),
    "health": ("health", "rag", "rag status", "overall health", "project health", "schedule health", "ryg",
               "status (ryg)", "status symbol"),
    "budget": ("budget", "planned budget", "total budget", "approved budget", "budgeted cost", "planned cost"),
    "cost": ("forecast cost", "estimated cost", "cost", "total cost", "estimate at completion", "eac"),
    "actual_cost": ("actual cost", "actual costs", "actuals", "spent", "actual spend", "cost to date"),
    "created": ("created", "created date", "created on", "date created"),
    "modified": ("modified", "modified date", "modified on", "last modified", "last updated", "date modified"),
}  # fmt: skip


def places(grid: Grid, mapping: SmartsheetMapping) -> dict[Column, int]:
    """Where each field stands in a sheet. What the mapping says of a field is not guessed, and no column is two."""
    titles = {_plain(column.title): at for at, column in reversed(list(enumerate(grid.columns)))}
    found: dict[Column, int] = {}
    for name, wanted in mapping.columns.items():
        at = next((titles[_plain(title)] for title in wanted if _plain(title) in titles), None)
        if at is not None:
            found[name] = at
    open_fields = [name for name in FIELDS if name not in mapping.columns and not _is_told(grid, name)]
    for at, column in enumerate(grid.columns):
        told = _told(column)
        if told in open_fields and told not in found and at not in found.values():
            found[told] = at
    for name in open_fields:
        if name in found:
            continue
        for title in _TITLES[name]:
            at = titles.get(title)
            if at is not None and at not in found.values() and _fits(grid, at, name):
                found[name] = at
                break
    if "name" in open_fields and "name" not in found and grid.id is None and 0 not in found.values():
        # the primary column is the first one, whatever it is called
        found["name"] = 0
    return dict(sorted(found.items(), key=lambda each: FIELDS.index(each[0])))


def _is_told(grid: Grid, name: Column) -> bool:
    """Whether the interface tells by itself what other formats need a column for."""
    return grid.id is not None and name in ("key", "level", "created", "modified")


def _told(column: GridColumn) -> Column | None:
    if column.is_primary:
        return "name"
    by_tag = next((_TAGS[tag] for tag in column.tags if tag in _TAGS), None)
    return by_tag or _TYPES.get(column.type or "") or _SYSTEM.get(column.system or "")


def _fits(grid: Grid, at: int, name: Column) -> bool:
    """Whether a column that has the title also has the values: a Status may be a colour, a Complete a percentage."""
    if name not in ("status", "done", "blocked") or grid.columns[at].type == "CHECKBOX":
        return True
    cells = [cell for cell in islice(grid.column_cells(at), _SAMPLE) if not is_empty(cell) and not has_failed(cell)]
    is_rated = (grid.columns[at].symbol or "").startswith("RYG") or (
        bool(cells) and all((line(cell) or "").casefold() in COLOURS for cell in cells)
    )
    if name == "status":
        return not is_rated
    return all(isinstance(flag(cell), bool) for cell in cells)


def rated(grid: Grid, found: Mapping[Column, int], mapping: SmartsheetMapping) -> int | None:
    """A column Status that is not one but shows colours, where no other rates the row's health."""
    if "health" in found or "health" in mapping.columns:
        return None
    for at, column in enumerate(grid.columns):
        if _plain(column.title) in _TITLES["status"] and at not in found.values() and not _fits(grid, at, "status"):
            return at
    return None


def unknown(titles: Sequence[str], grids: Sequence[Grid]) -> bool:
    """Whether none of the sheets has any of these columns."""
    known = {_plain(column.title) for grid in grids for column in grid.columns}
    return bool(titles) and not any(_plain(title) in known for title in titles)


def _plain(title: str) -> str:
    return re.sub(r"[\s_]+", " ", title.casefold()).strip(" *:")
