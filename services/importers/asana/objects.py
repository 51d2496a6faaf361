"""The objects of Asana's interface that are no tasks: projects and their status updates, hours, and plans of people."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.importers.asana.mapping import AsanaMapping
from services.importers.asana.task import Projects, Tasks
from services.importers.cells import CellProblem, narrative, shown, text
from services.importers.moments import Calendar
from services.importers.rows import CellFault
from services.importers.shown import Allocation, Hours, Person, Project, Row, When, instant
from services.importers.worked import hours_of

_STATES: dict[str, tuple[str, str | None]] = {
    "on_track": ("running", "green"), "at_risk": ("running", "amber"), "off_track": ("running", "red"),
    "on_hold": ("on-hold", None), "complete": ("completed", None), "dropped": ("cancelled", None),
    "green": ("running", "green"), "yellow": ("running", "amber"), "red": ("running", "red"), "blue": ("on-hold", None),
}  # fmt: skip
"""What the status of an update, or the colour of an older one, says: our status and rating."""


class Wrong(ValueError):
    """What an object says that cannot be taken."""

    def __init__(self, column: str | None, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.fault = CellFault(column, shown(str(value)) if value is not None else None, reason)


@dataclass(slots=True)
class People:
    """Users by gid, of whom names and e-mails may stand in another file than what they did."""

    known: dict[str, Person] = field(default_factory=dict)

    def learn(self, user: Mapping[str, Any]) -> Person | None:
        """A user as an object shows one; None without a gid."""
        if (gid := text(user.get("gid") if isinstance(user.get("gid"), str | int) else None)) is None:
            return None
        held = self.known.get(gid, Person(gid))
        found = Person(gid, said(user, "name") or held.name, said(user, "email") or held.email)
        if found != held:
            self.known[gid] = found
        return self.known.setdefault(gid, found)

    def of(self, person: Person | None) -> Person | None:
        """The same person with all that any file says of them."""
        return self.known.get(person.key, person) if person else None


class Others:
    """Turns objects that are no tasks into rows, when all files of the import are read."""

    def __init__(
        self, mapping: AsanaMapping, calendar: Calendar, projects: Projects, tasks: Tasks, people: People
    ) -> None:
        self._mapping, self._calendar, self._projects, self._tasks = mapping, calendar, projects, tasks
        self._people = people
        self.portfolios: dict[str, str] = {}
        self._latest: dict[str, tuple[When, str]] = {}

    def portfolio(self, value: Mapping[str, Any]) -> None:
        """Which projects a portfolio has, if it says so; of several the first by the alphabet is the category."""
        name = said(value, "name")
        for each in (*listed(value, "items"), *listed(value, "projects")):
            gid = said(each, "gid")
            if gid and name:
                self.portfolios[gid] = min(name, self.portfolios.get(gid, name))

    def update(self, number: int, value: Mapping[str, Any]) -> Row:
        """A status update: a state of its project at that time."""
        parent = part(value, "parent") or part(value, "project")
        if said(parent, "resource_type") not in (None, "project") or not said(parent, "gid"):
            return Row(number, ignored="is an update of a portfolio or goal, which has no place here")
        state = said(value, "status_type") or said(value, "color")
        when = self.when("created_at", value.get("created_at"))
        gid = said(value, "gid")
        if when is None or gid is None:
            raise Wrong("created_at", gid, "has no gid or created_at; ask for it with opt_fields")
        key = self._projects.of(said(parent, "gid"), said(parent, "name"))
        held = self._latest.get(key)
        if state and (held is None or instant(held[0]) <= instant(when)):
            self._latest[key] = (when, state)
        status, rag = _STATES.get(state or "", (None, None))
        body = value.get("text")
        texts = (said(value, "title"), body if isinstance(body, str) else None)
        fields = {
            "status": status,
            "rag": rag,
            "source_key": said(parent, "gid"),
            "narrative": narrative("\n".join(each for each in texts if each)),
        }
        return Row(number, (Project(key, when, fields, id=gid),))

    def project(self, number: int, value: Mapping[str, Any], data_date: When) -> Row:
        """A project as it is now."""
        gid, name = said(value, "gid"), said(value, "name")
        if gid is None:
            raise Wrong("gid", None, "is empty")
        if "name" not in value:
            return Row(number, ignored="has only its gid; ask for it with opt_fields")
        key = self._projects.of(gid, name)
        current = part(value, "current_status_update") or part(value, "current_status")
        updated = self.when("current_status_update", current.get("created_at"))
        told = self._latest.get(key)
        state = told[1] if told else said(current, "status_type") or said(current, "color")
        status, rag = _STATES.get(state or "", (None, None))
        finished = self.when("completed_at", value.get("completed_at"))
        if value.get("completed") is True or finished is not None:
            status, rag = "completed", None
        start = self.day("start_on", value.get("start_on"))
        finish = self.day("due_on", value.get("due_on") or value.get("due_date"))
        notes: tuple[CellFault, ...] = ()
        if start and finish and finish < start:
            reason = f"lies after the due date, {finish}, so it was left out"
            start, notes = None, (CellFault("start_on", str(start), reason),)
        times = [self.when("modified_at", value.get("modified_at")), finished, updated, told[0] if told else None]
        seen = max((time for time in times if time is not None), key=instant, default=data_date)
        fields = {
            "name": name or key,
            "unit": self._projects.unit(key),
            "status": status,
            "rag": rag,
            "start": start,
            "finish": finish,
            "category": self.portfolios.get(gid),
            "source_key": gid,
        }
        return Row(number, (Project(key, seen, fields),), notes=notes)

    def entry(self, number: int, value: Mapping[str, Any]) -> Row:
        """An entry of time tracking."""
        gid, minutes = said(value, "gid"), value.get("duration_minutes")
        person = self._people.learn(part(value, "created_by"))
        day = self.day("entered_on", value.get("entered_on"))
        if gid is None or person is None or day is None:
            raise Wrong("entered_on", gid, "has no gid, created_by or entered_on; ask for them with opt_fields")
        if not isinstance(minutes, int | float) or isinstance(minutes, bool) or minutes < 0:
            raise Wrong("duration_minutes", minutes, "is no number of minutes")
        if not minutes:
            return Row(number, ignored="is an entry of no time")
        project = self._project_of(value)
        worked = hours_of(Decimal(str(minutes)) * 60)
        return Row(number, (Hours(self._people.of(person) or person, project, day, worked, gid),))

    def _project_of(self, value: Mapping[str, Any]) -> str:
        for name in ("attributable_to", "project"):
            if gid := said(part(value, name), "gid"):
                return self._projects.of(gid, said(part(value, name), "name"))
        task = said(part(value, "task"), "gid")
        home = self._tasks.home(task) if task else None
        if home is None:
            raise Wrong("task", task, "is no task of these files, so it is not known to which project the time belongs")
        return home

    def allocation(self, number: int, value: Mapping[str, Any], data_date: When) -> Row:
        """A plan of a person for a project."""
        parent, assignee, effort = part(value, "parent"), part(value, "assignee"), part(value, "effort")
        if said(parent, "resource_type") not in (None, "project"):
            return Row(number, ignored="is for a portfolio, and only projects have plans here")
        if said(assignee, "resource_type") not in (None, "user"):
            return Row(number, ignored="is of a team, and only people have plans here")
        person, gid = self._people.learn(assignee), said(value, "gid")
        first = self.day("start_date", value.get("start_date"))
        last = self.day("end_date", value.get("end_date"))
        if gid is None or person is None or not said(parent, "gid") or first is None or last is None:
            raise Wrong(
                "assignee", gid, "has no assignee, parent, start_date or end_date; ask for them with opt_fields"
            )
        project = self._projects.of(said(parent, "gid"), said(parent, "name"))
        weekly = self._weekly(effort, first, last)
        if not weekly:
            return Row(number, ignored="is a plan of no effort")
        seen = self.when("modified_at", value.get("modified_at") or value.get("created_at")) or data_date
        plan = Allocation(self._people.of(person) or person, project, gid, first, last, weekly, hard=False, seen=seen)
        return Row(number, (plan,))

    def _weekly(self, effort: Mapping[str, Any], first: dt.date, last: dt.date) -> Decimal:
        value = effort.get("value")
        if value is None:
            return Decimal(0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
            raise Wrong("effort", value, "is no effort")
        number, days = Decimal(str(value)), (last - first).days + 1
        if effort.get("type") == "percent":
            return _rounded(number * self._mapping.weekly_hours / 100)
        if effort.get("type") != "hours":
            raise Wrong("effort", effort.get("type"), "is neither hours nor percent")
        match self._mapping.allocation_hours:
            case "week":
                return _rounded(number)
            case "day":
                return _rounded(number * 5)
            case "total":
                if days < 1:
                    raise Wrong("end_date", str(last), f"lies before the start, {first}")
                return _rounded(number * 7 / days)
            case _:
                raise Wrong(
                    "effort",
                    f"{value} hours",
                    "is for an unknown time; say by `allocation_hours` in a mapping: day, week or total",
                )

    def when(self, column: str, value: Any) -> When | None:
        """A time. Raises Wrong."""
        found: When | None = self._taken(column, value, self._calendar.when(value if isinstance(value, str) else None))
        return found

    def day(self, column: str, value: Any) -> dt.date | None:
        """A day. Raises Wrong."""
        found: dt.date | None = self._taken(
            column, value, self._calendar.day(value if isinstance(value, str) else None)
        )
        return found

    @staticmethod
    def _taken(column: str, value: Any, found: Any) -> Any:
        if isinstance(found, CellProblem):
            raise Wrong(column, value, found.reason)
        return found


def part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; an empty one if it is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def listed(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list within an object."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def said(value: Mapping[str, Any], name: str) -> str | None:
    """A text or number within an object, as one line."""
    found = value.get(name)
    return text(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01")).normalize() + 0
