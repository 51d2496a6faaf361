"""From MPXJ's objects to the neutral rows of `rows`, as plain dictionaries: runs in the reading process only."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jpype

_NO_LIMIT = ("1984-01-01", "2049-12-31")
_LONGEST_DAYS = 366 * 30
_ByTime = Callable[[Any, Any], Any]
_CLOSE_HOURS = 0.02


class Extractor:
    """Reads one `ProjectFile`."""

    def __init__(self, project: Any) -> None:
        self._project = project
        self._properties = project.getProjectProperties()
        self._hours = jpype.JClass("org.mpxj.TimeUnit").HOURS
        self._convert = jpype.JClass("org.mpxj.Duration").convertUnits
        self._range = jpype.JClass("org.mpxj.LocalDateTimeRange")
        self._list = jpype.JClass("java.util.ArrayList")
        self._weekdays = list(jpype.JClass("java.time.DayOfWeek").values())
        self._local_date = jpype.JClass("java.time.LocalDate")
        self._day_of: dict[int, tuple[str, Any]] = {}
        self._exempt: dict[int, list[dict[str, Any]]] = {}
        self._numbers = self._baselines_of(project.getTasks().getPopulatedFields())

    def rows(self) -> Iterator[dict[str, Any]]:
        """The project, then its tasks, resources and assignments."""
        read = [self._tried("task", self._task, task) for task in self._project.getTasks()]
        tasks = [row for row in read if row["row"] == "task"]
        for task in tasks:
            task["is_project"] = task["uid"] == 0
        roots = [task for task in tasks if task["parent"] is None and not task["is_null"]]
        if len(roots) == 1 and roots[0]["summary"] and self._text(self._properties.getFileApplication()) == "Primavera":
            roots[0]["is_project"] = True
        yield self._project_row(next((task for task in tasks if task["is_project"]), None))
        yield from read
        for resource in self._project.getResources():
            yield self._tried("resource", self._resource, resource)
        for assignment in self._project.getResourceAssignments():
            if assignment.getTask() is not None:
                yield self._tried("assignment", self._assignment, assignment)

    @staticmethod
    def _tried(what: str, make: Callable[[Any], dict[str, Any]], of: Any) -> dict[str, Any]:
        """A row, or what is wrong with it: what one row holds must not take the others with it."""
        try:
            return make(of)
        except jpype.JException as error:
            reason = f"{error.getClass().getSimpleName()} {error.getMessage() or ''}".strip()[:200]
            return {"row": "unread", "what": what, "uid": int(of.getUniqueID() or 0), "reason": reason}

    def _project_row(self, summary: dict[str, Any] | None) -> dict[str, Any]:
        of = self._properties
        own = summary or {}
        set_on = {0: of.getBaselineDate(), **{n: of.getBaselineDate(n) for n in range(1, 11)}}
        baselines = [
            {**baseline, "set_on": self._moment(set_on[baseline["number"]])} for baseline in own.get("baselines", ())
        ]
        known = {baseline["number"] for baseline in baselines}
        baselines += [
            {"number": number, "set_on": self._moment(day)}
            for number, day in set_on.items()
            if day is not None and number not in known
        ]
        return {
            "row": "project",
            "file_type": self._text(of.getFileType()) or "",
            "application": self._text(of.getFileApplication()) or "",
            "guid": self._guid(of.getGUID()),
            "code": self._text(of.getProjectID()),
            "title": self._text(of.getProjectTitle()),
            "name": self._text(of.getName()),
            "category": self._text(of.getCategory()),
            "currency": self._text(of.getCurrencyCode()),
            "status_date": self._moment(of.getStatusDate()),
            "saved_at": self._moment(of.getLastSaved()),
            "created_at": self._moment(of.getCreationDate()),
            "start": own.get("start") or self._moment(of.getStartDate()),
            "finish": own.get("finish") or self._moment(of.getFinishDate()),
            "actual_start": own.get("actual_start"),
            "actual_finish": own.get("actual_finish"),
            "complete": own.get("complete"),
            "cost": own.get("cost"),
            "actual_cost": own.get("actual_cost"),
            "baselines": sorted(baselines, key=lambda baseline: baseline["number"]),
            "rows": int(
                self._project.getTasks().size()
                + self._project.getResources().size()
                + self._project.getResourceAssignments().size()
            ),
        }

    def _task(self, task: Any) -> dict[str, Any]:
        duration = task.getDuration()
        return {
            "row": "task",
            "uid": int(task.getUniqueID()),
            "number": self._whole(task.getID()),
            "code": self._text(task.getActivityID()),
            "name": self._text(task.getName()),
            "parent": self._whole(task.getParentTaskUniqueID()),
            "is_null": bool(task.getNull()),
            "summary": bool(task.getSummary()),
            "milestone": bool(task.getMilestone()),
            "active": bool(task.getActive()),
            "external": bool(task.getExternalTask()),
            "created_at": self._moment(task.getCreateDate()),
            "start": self._moment(task.getStart()),
            "finish": self._moment(task.getFinish()),
            "actual_start": self._moment(task.getActualStart()),
            "actual_finish": self._moment(task.getActualFinish()),
            "deadline": self._moment(task.getDeadline()),
            "duration": self._in_hours(duration),
            "elapsed": duration is not None and bool(duration.getUnits().isElapsed()),
            "work": self._in_hours(task.getWork()),
            "actual_work": self._in_hours(task.getActualWork()),
            "remaining_work": self._in_hours(task.getRemainingWork()),
            "complete": self._share(task.getPercentageComplete()),
            "cost": self._number(task.getCost()),
            "actual_cost": self._number(task.getActualCost()),
            "predecessors": [self._predecessor(relation) for relation in task.getPredecessors()],
            "baselines": self._baselines(task),
        }

    @staticmethod
    def _baselines_of(populated: Iterable[Any]) -> tuple[int, ...]:
        """The numbers of the baselines of which any task has something: asking each task for all is slow."""
        names = {str(field.name()) for field in populated}
        what = ("START", "FINISH", "COST", "WORK")
        return tuple(n for n in range(11) if any(f"BASELINE{n or ''}_{part}" in names for part in what))

    def _baselines(self, task: Any) -> list[dict[str, Any]]:
        found = []
        for number in self._numbers:
            which = (number,) if number else ()
            baseline = {
                "start": self._moment(task.getBaselineStart(*which)),
                "finish": self._moment(task.getBaselineFinish(*which)),
                "work": self._in_hours(task.getBaselineWork(*which)),
                "cost": self._number(task.getBaselineCost(*which)),
            }
            if any(baseline.values()):
                found.append({"number": number, **baseline})
        return found

    def _predecessor(self, relation: Any) -> dict[str, Any]:
        lag = relation.getLag()
        return {
            "uid": int(relation.getPredecessorTask().getUniqueID()),
            "relation": str(relation.getType()),
            "lag": float(lag.getDuration()) if lag is not None else 0,
            "unit": str(lag.getUnits()).removeprefix("e") if lag is not None else "d",
            "elapsed": lag is not None and bool(lag.getUnits().isElapsed()),
        }

    def _resource(self, resource: Any) -> dict[str, Any]:
        calendar = resource.getCalendar()
        days = self._week(calendar or self._properties.getDefaultCalendar())
        return {
            "row": "resource",
            "uid": int(resource.getUniqueID()),
            "number": self._whole(resource.getID()),
            "guid": self._guid(resource.getGUID()),
            "code": self._text(resource.getResourceID()),
            "name": self._text(resource.getName()),
            "email": self._text(resource.getEmailAddress()),
            "account": self._text(resource.getNtAccount()),
            "group": self._text(resource.getGroup()),
            "kind": self._kind(resource.getType()),
            "generic": bool(resource.getGeneric()) or bool(resource.getRole()),
            "proposed": str(resource.getBookingType()) == "PROPOSED",
            "is_null": bool(resource.getNull()),
            "week": sum(days) if days else None,
            "days": days,
            "units": [
                {**self._limits(step.getRange().getStart(), step.getRange().getEnd()), "units": units}
                for step in resource.getAvailability()
                if (units := self._share(step.getUnits())) is not None
            ],
            "rates": [row for entry in resource.getCostRateTable(0) or () if (row := self._rate(entry))],
            "exempt": self._exemptions(calendar),
        }

    @staticmethod
    def _kind(kind: Any) -> str:
        said = str(kind)
        return said.lower() if said in ("MATERIAL", "COST") else "work"

    def _rate(self, entry: Any) -> dict[str, Any] | None:
        standard, overtime = entry.getStandardRate(), entry.getOvertimeRate()
        per_use = self._number(entry.getCostPerUse())
        hour = self._by_hour(standard)
        if not hour and not per_use:
            return None
        return {
            **self._limits(entry.getStartDate(), entry.getEndDate()),
            "hour": hour or 0,
            "overtime_hour": self._by_hour(overtime),
            "per_use": per_use,
        }

    def _by_hour(self, rate: Any) -> float | None:
        if rate is None:
            return None
        one = self._convert(1.0, rate.getUnits(), self._hours, self._properties).getDuration()
        return float(rate.getAmount()) / float(one) if one else None

    def _limits(self, start: Any, finish: Any) -> dict[str, Any]:
        first, last = self._moment(start), self._moment(finish)
        return {
            "start": None if first is None or first[:10] <= _NO_LIMIT[0] else first,
            "finish": None if last is None or last[:10] >= _NO_LIMIT[1] else last,
        }

    def _week(self, calendar: Any) -> list[float]:
        """Hours that a calendar works on each weekday, Monday first, without exceptions."""
        if calendar is None:
            return []
        return [float(calendar.getWork(day, self._hours).getDuration()) for day in self._weekdays]

    def _exemptions(self, calendar: Any) -> list[dict[str, Any]]:
        """The exceptions of a calendar and of those that it is based on; its own come first."""
        found: list[dict[str, Any]] = []
        while calendar is not None:
            key = int(calendar.getUniqueID())
            if key not in self._exempt:
                self._exempt[key] = [
                    {
                        "first_day": str(exception.getFromDate()),
                        "last_day": str(exception.getToDate()),
                        "hours": float(calendar.getWork(exception.getFromDate(), self._hours).getDuration()),
                        "name": self._text(exception.getName()),
                    }
                    for exception in calendar.getExpandedCalendarExceptions()
                    if exception.getFromDate() is not None and exception.getToDate() is not None
                ]
            found += self._exempt[key]
            calendar = calendar.getParent()
        return found

    def _assignment(self, of: Any) -> dict[str, Any]:
        resource = of.getResource()
        start, finish = of.getStart(), of.getFinish()
        work = self._in_hours(of.getWork())
        actual = self._in_hours(of.getActualWork())
        remaining = self._in_hours(of.getRemainingWork())
        row: dict[str, Any] = {
            "row": "assignment",
            "uid": int(of.getUniqueID()),
            "task": int(of.getTaskUniqueID()),
            "resource": int(resource.getUniqueID()) if resource is not None else None,
            "units": self._share(of.getUnits()),
            "start": self._moment(start),
            "finish": self._moment(finish),
            "work": work,
            "actual_work": actual,
            "remaining_work": remaining,
            "cost": self._number(of.getCost()),
            "actual_cost": self._number(of.getActualCost()),
        }
        if resource is None or not work or start is None or finish is None:
            return row
        row["timephased"] = timephased = bool(of.getRawTimephasedActualRegularWork())
        names, ranges = self._days(start, finish)
        if not names:
            return row
        worked = self._spread(
            names, ranges, actual, of.getTimephasedActualRegularWork, of.getTimephasedActualOvertimeWork
        )
        rest = self._spread(
            names,
            ranges,
            remaining,
            of.getTimephasedRemainingRegularWork,
            of.getTimephasedRemainingOvertimeWork,
        )
        total = dict(worked)
        for day, hours in rest.items():
            total[day] = total.get(day, 0) + hours
        missing = work - sum(total.values())
        if missing > _CLOSE_HOURS:
            for day, hours in self._evenly(of, names, missing).items():
                total[day] = total.get(day, 0) + hours
        row["days"] = [{"day": day, "hours": hours} for day, hours in sorted(total.items())]
        if timephased:
            row["worked"] = [{"day": day, "hours": hours} for day, hours in sorted(worked.items())]
        return row

    def _days(self, start: Any, finish: Any) -> tuple[list[str], Any]:
        """The days from `start` to `finish`, by name and as MPXJ takes them; none where that is longer than a plan."""
        first, last = int(start.toLocalDate().toEpochDay()), int(finish.toLocalDate().toEpochDay())
        ranges = self._list()
        if not 0 <= last - first < _LONGEST_DAYS:
            return [], ranges
        names = []
        for number in range(first, last + 1):
            name, whole = self._day_of.get(number) or self._make_day(number)
            names.append(name)
            ranges.add(whole)
        return names, ranges

    def _make_day(self, number: int) -> tuple[str, Any]:
        day = self._local_date.ofEpochDay(number)
        made = str(day), self._range(day.atStartOfDay(), day.plusDays(1).atStartOfDay())
        self._day_of[number] = made
        return made

    def _spread(
        self, names: list[str], ranges: Any, total: float | None, regular: _ByTime, overtime: _ByTime
    ) -> dict[str, float]:
        """Hours by day. In some files overtime is within the regular hours by time, in others beside them."""
        if total == 0:
            return {}
        found = self._by_day(names, regular(ranges, self._hours))
        if total is None:
            return found
        if abs(sum(found.values()) - total) > _CLOSE_HOURS:
            beside = self._by_day(names, overtime(ranges, self._hours))
            both = {day: found.get(day, 0) + beside.get(day, 0) for day in {*found, *beside}}
            if abs(sum(both.values()) - total) < abs(sum(found.values()) - total):
                return both
        return found

    def _evenly(self, of: Any, names: list[str], hours: float) -> dict[str, float]:
        """Hours of which the file does not tell the days, spread as the calendar works."""
        calendar = of.getEffectiveCalendar()
        works = {
            name: float(calendar.getWork(self._local_date.parse(name), self._hours).getDuration())
            for name in names
            if calendar is not None
        }
        whole = sum(works.values())
        if not whole:
            return dict.fromkeys(names, hours / len(names))
        return {name: hours * work / whole for name, work in works.items() if work}

    @staticmethod
    def _by_day(names: list[str], durations: Any) -> dict[str, float]:
        return {
            name: hours
            for name, duration in zip(names, durations, strict=True)
            if duration is not None and (hours := float(duration.getDuration()))
        }

    def _in_hours(self, duration: Any) -> float | None:
        if duration is None:
            return None
        units = duration.getUnits()
        if units != self._hours:
            duration = self._convert(duration.getDuration(), units, self._hours, self._properties)
        return float(duration.getDuration())

    @staticmethod
    def _moment(value: Any) -> str | None:
        return None if value is None else str(value)[:26]

    @staticmethod
    def _text(value: Any) -> str | None:
        # a store may refuse a null character, and nothing can write half of a surrogate pair
        return None if value is None else str(value).replace("\0", "").encode(errors="replace").decode().strip() or None

    @classmethod
    def _guid(cls, value: Any) -> str | None:
        said = cls._text(value)
        return said if said and said.strip("0-") else None

    @staticmethod
    def _whole(value: Any) -> int | None:
        return None if value is None else int(value)

    @staticmethod
    def _number(value: Any) -> float | None:
        return None if value is None else float(value)

    @staticmethod
    def _share(value: Any) -> float | None:
        return None if value is None else float(value) / 100
