"""Stories of Asana, the entries of a task's history, into changes of what is carried over."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from services.importers.asana.mapping import AsanaMapping, unit_named
from services.importers.asana.objects import Others, People, Wrong, part, said
from services.importers.asana.table import section_of
from services.importers.asana.task import Change, Projects, Task, hours
from services.importers.cells import CellProblem

_DATES = {"planned_start": ("start_on", "start_at"), "planned_finish": ("due_on", "due_at")}


def change_of(
    story: Mapping[str, Any],
    kind: str,
    others: Others,
    people: People,
    projects: Projects,
    mapping: AsanaMapping,
) -> Change | None:
    """What a story changed; None for a comment, a like, and all else that has no place here. Raises Wrong."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    project: str | None = None
    sections: tuple[str, ...] = ()
    match kind:
        case "marked_complete" | "marked_incomplete":
            after["completed"] = kind == "marked_complete"
            before["completed"] = not after["completed"]
        case "assigned" | "unassigned":
            after["assignee"] = people.learn(part(story, "assignee")) if kind == "assigned" else None
            before["assignee"] = None
        case "section_changed":
            before["section"], after["section"] = (_section(story, f"{when}_section") for when in ("old", "new"))
            if gid := said(part(story, "project"), "gid"):
                project = projects.of(gid, said(part(story, "project"), "name"))
            gids = (said(part(story, name), "gid") for name in ("new_section", "old_section"))
            sections = tuple(gid for gid in gids if gid)
        case "number_custom_field_changed":
            _estimate(story, before, after, mapping)
        case _ if part(story, "new_dates") or part(story, "old_dates"):
            old, new = part(story, "old_dates"), part(story, "new_dates")
            for ours, theirs in _DATES.items():
                was, now = (_day(others, each, theirs) for each in (old, new))
                if was != now:
                    before[ours], after[ours] = was, now
    if not after:
        return None
    when, gid = others.when("created_at", story.get("created_at")), said(story, "gid")
    if not isinstance(when, dt.datetime):
        raise Wrong("created_at", gid, "has no time, so it is no history; ask for it with opt_fields")
    return Change(gid or f"{kind} {when}", when, before, after, project, sections)


def in_order(changes: Iterable[Change], task: Task) -> list[Change]:
    """A task's own changes and those that stand elsewhere, each once, oldest first."""
    known = {change.id: change for change in (*(task.changes or ()), *changes)}
    return sorted(known.values(), key=lambda change: (change.when, len(change.id), change.id))


def _section(story: Mapping[str, Any], name: str) -> str | None:
    found = section_of(said(part(story, name), "name"))
    if isinstance(found, CellProblem):
        raise Wrong(name, said(part(story, name), "name"), found.reason)
    return found


def _day(others: Others, dates: Mapping[str, Any], names: tuple[str, str]) -> dt.date | None:
    on, at = (dates.get(name) for name in names)
    return others.day(names[0], on or (at[:10] if isinstance(at, str) else None))


def _estimate(story: Mapping[str, Any], before: dict[str, Any], after: dict[str, Any], mapping: AsanaMapping) -> None:
    field = part(story, "custom_field")
    name = said(field, "name") or ""
    if name.casefold() != (mapping.estimate or "Estimated time").casefold():
        return
    unit = "minutes" if said(field, "format") == "duration" else mapping.time_unit or unit_named(name)
    if unit is None:
        return
    for held, value in ((before, story.get("old_number_value")), (after, story.get("new_number_value"))):
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
        found = hours(f"{value:.4f}", unit, ".") if is_number else None
        if isinstance(found, CellProblem):
            raise Wrong(name, value, found.reason)
        held["estimate"] = found
