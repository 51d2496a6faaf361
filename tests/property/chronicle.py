"""A random organisation's people, plans, hours and work: small and odd, so that absences and departures meet."""

import datetime as dt
import json
from decimal import Decimal

from schemas import governance, organisation, progress, project, training, work, workload
from schemas.event import Event
from tests.property.teller import Teller

UNITS = ("TOP", "SUB", "LAB", "FAB")
ROLES = ("PM", "DEV", "QA")
SKILLS = ("python", "sql", "welding")
PROJECTS = tuple(f"P{n}" for n in range(8))
PATHS = ("ALPHA", "BETA", "GAMMA")
PEOPLE = tuple(letter * 20 for letter in "ABCDEFGHIJKLMNOPQRST")
_STATUSES = (("To do", "queue"), ("Doing", "active"), ("Review", "queue"), ("Testing", "active"), ("Done", "done"))


class Chronicle(Teller):
    """Records by stream, all drawn from one seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._organisation()
        for person in PEOPLE:
            self._person(person)
        for code in PROJECTS:
            self._project(code)

    def _organisation(self) -> None:
        parents = {"TOP": (None, "GB"), "SUB": ("TOP", None), "LAB": ("SUB", "DE-BY"), "FAB": ("NOWHERE", None)}
        for code, (parent, country) in parents.items():
            registered = organisation.UnitRegistered(name=code, parent=parent, country=country)
            again = lambda: organisation.UnitRegistered(  # noqa: E731
                name="x", parent=self.pick(None, *UNITS), country=self.pick(None, "DE", "SA")
            )
            self.tell(f"business-unit:{code}", [registered], again, self.pick(0, 0, 1))
        for country in ("DE", "DE-BY", "GB"):
            self.tell(f"setting:CALENDAR.{country}", [], self._calendar, 3)
        for path in PATHS:
            self.tell(
                f"path:{path}", [self._path()], lambda: self.pick(self._path(), training.PathRetired(reason=None)), 2
            )

    def _calendar(self) -> Event:
        # days off are weekdays, days of work weekends: no day is both
        days = [self.day() for _ in range(8)]
        value = {
            "days_off": sorted({str(d) for d in days if d.weekday() < 4}),
            "working_days": sorted({str(d) for d in days if d.weekday() >= 4}),
        }
        return governance.SettingSet(value=self.pick(None, *[json.dumps(value)] * 3), decided_by=None)

    def _path(self) -> Event:
        levels = tuple(
            training.PathLevel(level=level, title="x", courses=(), months=self.pick(None, 1, 2, 3))
            for level in sorted(self.random.sample(range(1, 7), self.pick(1, 3)))
        )
        return training.PathDefined(role=self.pick(*ROLES), levels=levels)

    def _skills(self) -> tuple[str, ...]:
        return tuple(self.random.sample(SKILLS, self.pick(0, 1, 2)))

    def _joined(self) -> Event:
        return organisation.PersonJoined(
            unit=self.pick(*UNITS), role=self.pick(*ROLES), skills=self._skills(),
            weekly_hours=Decimal(self.pick("40", "37.5", "20", "0")), career_level=self.pick(None, 1, 3),
            country=self.pick(None, None, "GB", "DE", "SA", "NZ-AUK"), time_zone=None, work_mode=None,
        )  # fmt: skip

    def _later(self) -> Event:
        return self.pick(
            self._joined(),
            organisation.PersonLeft(voluntary=self.pick(True, True, False, None), reason=None),
            organisation.PersonLeft(voluntary=self.pick(True, True, False, None), reason=None),
            organisation.PersonMoved(unit=self.pick(*UNITS)),
            organisation.PersonRoleChanged(role=self.pick(*ROLES), career_level=None),
            organisation.SkillsChanged(skills=self._skills()),
            organisation.PersonHoursChanged(weekly_hours=Decimal(self.pick("40", "16", "33.3333"))),
            *[
                organisation.LevelAssessed(
                    path=self.pick(None, *PATHS),
                    career_level=self.random.randint(1, 6),
                    assessor=None,
                    evidence=(),
                )
            ]
            * 2,
            self._absence(),
            self._absence(),
            organisation.AbsenceCancelled(item=self.pick("1", "2")),
        )

    def _absence(self) -> Event:
        first = self.day()
        return organisation.AbsencePlanned(
            item=self.pick("1", "2", "3"), first_day=first, last_day=first + dt.timedelta(days=self.pick(0, 3, 11)),
            share=Decimal(self.pick("1", "0.5", "0.25")),
        )  # fmt: skip

    def _person(self, person: str) -> None:
        here = self.random.random() < 0.9
        if here:
            self.tell(f"person:{person}", [self._joined()], self._later, self.random.randint(0, 9))
        self.tell(f"workload:{person}", [], self._plan, self.random.randint(1, 8))
        for week in self.random.sample(range(2, 27), 8):
            monday = dt.date.fromisocalendar(2026, week, 1)
            self.tell(
                f"timesheet:{person}/2026-W{week:02}", [], lambda m=monday: self._hours(m), self.random.randint(1, 6)
            )

    def _plan(self) -> Event:
        first, item = self.day(), self.pick("1", "2", "3")
        plan = {
            "item": item, "project": self.pick(*PROJECTS), "first_day": first, "hard": self.pick(True, False),
            "last_day": first + dt.timedelta(days=self.pick(0, 6, 20, 60)), "at_risk": None,
            "weekly_hours": Decimal(self.pick("8", "20", "40", "12.5", "0")),
        }  # fmt: skip
        return self.pick(
            workload.AllocationPlanned(**plan), workload.AllocationPlanned(**plan), workload.AllocationRevised(**plan),
            workload.AllocationConfirmed(item=item, confirmed_by=PEOPLE[0]),
            workload.AllocationReleased(item=item, last_day=self.pick(None, self.day()), reason=None),
        )  # fmt: skip

    def _hours(self, monday: dt.date) -> Event:
        day = monday + dt.timedelta(days=self.random.randint(0, 6))
        code = self.pick(*PROJECTS[:3])
        entry = {
            "item": f"{code}.{day}",
            "project": code,
            "day": day,
            "hours": Decimal(self.pick("8", "7.5", "0", "3.25")),
        }
        return self.pick(
            workload.HoursLogged(**entry), workload.HoursLogged(**entry), workload.HoursCorrected(**entry, reason=None),
            workload.TimesheetSubmitted(), workload.TimesheetSubmitted(),
            workload.TimesheetApproved(decided_by=PEOPLE[0]),
        )  # fmt: skip

    def _project(self, code: str) -> None:
        proposed = project.Proposed(
            name=code, unit=self.pick(*UNITS), sponsor=None, manager=None, proposed_by=None, gate_route=None,
            contributions={}, size=None, value=None, risk=None, planned_start=None, planned_finish=None, budget=None,
            currency="EUR",
        )  # fmt: skip
        shown = dict.fromkeys(progress.Recorded.model_fields) | {"name": code, "unit": self.pick(*UNITS)}
        first = [progress.Recorded(**shown) if code == PROJECTS[0] else proposed]
        ends = dict(zip(PROJECTS[2:], self._ends(), strict=False))
        if code in ends:
            first.append(ends[code])
        self.tell(f"project:{code}", first, self._step, self.pick(1, 2, 3) if code in PROJECTS[5:] else 0)
        self.tell(f"demand:{code}", [], self._placeholder, self.random.randint(9, 15))
        for number in range(8):
            self.tell(f"work:{code}/K{number}", [self._created()], self._flow, self.random.randint(0, 9))

    def _ends(self) -> tuple[Event, ...]:
        return (
            project.Completed(objectives_met=None, quality_met=None, assessor=None),
            project.Cancelled(cause="other", reason=None, decided_by=None),
            project.Withdrawn(reason=None),
        )

    def _step(self) -> Event:
        return self.pick(
            *self._ends(), project.Started(at_risk=None), project.Reopened(reason=None, decided_by=None),
            project.Transferred(unit=self.pick(*UNITS)),
        )  # fmt: skip

    def _placeholder(self) -> Event:
        first, item = self.day(), self.pick(*"123456")
        plan = {
            "item": item, "role": self.pick(*ROLES), "skill": self.pick(None, *SKILLS),
            "option_group": self.pick(None, "G", "G"), "first_day": first,
            "last_day": first + dt.timedelta(days=self.pick(0, 20, 60)),
            "weekly_hours": Decimal(self.pick("20", "20", "30", "12.5")),
        }  # fmt: skip
        return self.pick(
            *[workload.PlaceholderPlanned(**plan)] * 4, workload.PlaceholderRevised(**plan),
            workload.PlaceholderFilled(item=item, person=PEOPLE[0], allocation="1"),
            workload.PlaceholderWithdrawn(item=item, reason=None),
        )  # fmt: skip

    def _created(self) -> Event:
        status, category = self.pick(*_STATUSES[:3])
        return work.WorkCreated(
            work_type=None, title=None, parent=None, status=status, category=category, assignee=None, estimate=None,
            planned_start=None, planned_finish=None,
        )  # fmt: skip

    def _flow(self) -> Event:
        status, category = self.pick(*_STATUSES)
        moved = work.Moved(from_status=None, from_category=None, status=status, category=category)
        done = work.WorkDone(status="Done", category="done")
        return self.pick(
            moved, moved, moved, done, done, work.Blocked(reason=None), work.Blocked(reason=None), work.Unblocked(),
            work.WorkReopened(status=status, category=category), work.WorkRemoved(reason=None),
            work.Assigned(assignee=None), work.WorkDescribed(work_type="Bug", title=None, parent=None), self._created(),
        )  # fmt: skip
