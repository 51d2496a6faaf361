"""A large history for measuring: valid records of a realistic mix, made without deciding each of them.

About a hundred events for each project, its person and its adoption; spread over three years, with a few corrections.
"""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from schemas import organisation, progress, project, standard, survey, training, workload
from schemas.event import Event, Record

PER_PROJECT = 100
"""Events for each project, with its share of people and adoptions."""

_FIRST_DAY = date(2023, 7, 3)
_DAYS = 1096
LAST_DAY = _FIRST_DAY + timedelta(days=_DAYS)
_UNITS, _COURSES, _WEEKS = 50, 8, 5
_ACTOR = "system:bench"
_ROLES = ("Engineer", "Developer", "Analyst", "Project manager")


def person_id(number: int) -> str:
    """A pseudonym of the right form."""
    return base64.b32encode(number.to_bytes(12, "big")).decode()[:20]


class _Maker:
    """Makes records of one stream after another, each with the next version."""

    def __init__(self, source: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self._source = source
        self._made = 0
        self._stream = ""
        self._version = 0
        self._recorded = datetime.min.replace(tzinfo=UTC)

    def open(self, stream: str) -> None:
        """Turns to another stream."""
        self._stream, self._version = stream, 0
        self._recorded = datetime.min.replace(tzinfo=UTC)

    def record(self, event: Event, day: date, corrects: bool = False) -> Record:
        """The stream's next record; one in fifty is learned of some days late. `corrects` the one before."""
        self._version += 1
        self._made += 1
        occurred = datetime(day.year, day.month, day.day, 8, self._made % 60, self._made % 59, tzinfo=UTC)
        late = timedelta(days=self._made % 9) if self._made % 50 == 0 else timedelta()
        self._recorded = max(self._recorded, occurred + late)
        command_id = f"bench-{self._made}"
        return Record(
            stream=self._stream,
            version=self._version,
            event=event,
            occurred_at=occurred,
            recorded_at=self._recorded,
            source=self._source,
            actor=_ACTOR,
            command_id=command_id,
            correlation_id=command_id,
            supersedes=self._version - 1 if corrects else None,
        )


def records(events: int, source: str, seed: int = 7) -> Iterator[Record]:
    """About `events` records, stream by stream."""
    make = _Maker(source, seed)
    count = max(4, events // PER_PROJECT)
    yield from _frame(make, count // _UNITS + 1)
    for number in range(count):
        yield from _person(make, number)
        yield from _project(make, number, count)
        yield from _adoption(make, number)


def _frame(make: _Maker, standards: int) -> Iterator[Record]:
    """Units, goals, standards and courses, which everything else names."""
    for number in range(_UNITS):
        make.open(f"business-unit:U{number}")
        parent = f"U{number // 10}" if number >= 10 else None
        yield make.record(organisation.UnitRegistered(name=f"Unit {number}", parent=parent, country="GB"), _FIRST_DAY)
    make.open("goal:GROWTH")
    yield make.record(organisation.GoalDeclared(statement="Grow", weight=Decimal("0.5"), owner_unit=None), _FIRST_DAY)
    requirements = tuple(standard.Requirement(id=f"R{n}", text=f"Requirement {n}", weight=1) for n in range(4))
    for number in range(standards):
        make.open(f"standard:S{number}")
        kinds: tuple[Literal["practice", "process", "technology"], ...] = ("practice", "process", "technology")
        fields: dict[str, Any] = {"edition": "1", "requirements": requirements, "data_class": None}
        yield make.record(
            standard.StandardPublished(
                name=f"Standard {number}", standard_kind=kinds[number % 3], security_review=None, **fields
            ),
            _FIRST_DAY,
        )
    valid = training.Validity(length=24, unit="months", until="day")
    for number in range(_COURSES):
        make.open(f"course:C{number}")
        described = training.CourseDefined(title=f"Course {number}", provider=None, hours=Decimal(4), validity=valid)
        yield make.record(described, _FIRST_DAY)
        required = training.CourseRequired(item="R1", role=_ROLES[number % 4], career_level=None, grace_days=90)
        yield make.record(required, _FIRST_DAY)


def _person(make: _Maker, number: int) -> Iterator[Record]:
    rng, person = make.rng, person_id(number)
    joined = _FIRST_DAY + timedelta(days=rng.randrange(300))
    make.open(f"person:{person}")
    yield make.record(
        organisation.PersonJoined(
            unit=f"U{number % _UNITS}", role=_ROLES[number % 4], skills=("planning",), weekly_hours=Decimal(40),
            career_level=3, country="GB", time_zone=None, work_mode=None,
        ),
        joined,
    )  # fmt: skip
    away = _FIRST_DAY + timedelta(days=rng.randrange(500, _DAYS))
    yield make.record(
        organisation.AbsencePlanned(item="A1", first_day=away, last_day=away + timedelta(days=9), share=Decimal(1)),
        joined + timedelta(days=100),
    )
    for course in range(number % 4, _COURSES, 4):
        make.open(f"training:{person}/C{course}")
        done = joined + timedelta(days=rng.randrange(20, 160))
        while done < _FIRST_DAY + timedelta(days=_DAYS):
            expires = done + timedelta(days=730)
            passed = training.TrainingCompleted(completed_on=done, score=None, certificate=None, expires=expires)
            yield make.record(passed, done)
            done += timedelta(days=rng.randrange(600, 900))
    make.open(f"workload:{person}")
    for part in range(4):
        first = joined + timedelta(days=30 + 180 * part)
        yield make.record(
            workload.AllocationPlanned(
                item=f"A{part}", project=f"P{number}", first_day=first, last_day=first + timedelta(days=200),
                weekly_hours=Decimal(20), hard=part % 3 != 0, at_risk=None,
            ),
            first,
        )  # fmt: skip
        yield make.record(workload.AllocationConfirmed(item=f"A{part}", confirmed_by=person_id(number + 1)), first)
    for week in range(_WEEKS):
        monday = _FIRST_DAY + timedelta(days=_DAYS // 7 * 7 - 7 * (week + 1))
        year, iso_week, _ = monday.isocalendar()
        make.open(f"timesheet:{person}/{year}-W{iso_week:02}")
        for weekday in range(5):
            day = monday + timedelta(days=weekday)
            item = f"P{number}.{day.isoformat()}"
            hours = Decimal(rng.randrange(12, 36)) / 4
            yield make.record(workload.HoursLogged(item=item, project=f"P{number}", day=day, hours=hours), day)
        yield make.record(workload.TimesheetSubmitted(), monday + timedelta(days=5))
        yield make.record(workload.TimesheetApproved(decided_by=person_id(number + 1)), monday + timedelta(days=6))


def _project(make: _Maker, number: int, count: int) -> Iterator[Record]:
    rng = make.rng
    proposed = _FIRST_DAY + timedelta(days=rng.randrange(_DAYS - 500))
    start = proposed + timedelta(days=30)
    finish = start + timedelta(days=rng.randrange(120, 420))
    budget = Decimal(rng.randrange(50_000, 900_000))
    manager, sponsor = person_id(number), person_id((number + 1) % count)
    money: dict[str, Any] = {"budget": budget, "currency": "EUR"}
    make.open(f"project:P{number}")
    yield make.record(
        project.Proposed(
            name=f"Project {number}", unit=f"U{number % _UNITS}", sponsor=sponsor, manager=manager, proposed_by=manager,
            gate_route="STANDARD", contributions={"GROWTH": number % 6}, size="medium", value=None, risk=None,
            planned_start=start, planned_finish=finish, **money,
        ),
        proposed,
    )  # fmt: skip
    yield make.record(project.GateRequested(item="G1", requested_by=manager, evidence=()), proposed)
    yield make.record(project.GatePassed(item="G1", decided_by=sponsor, evidence=()), proposed + timedelta(days=6))
    if number % 20:
        yield make.record(project.Approved(decided_by=sponsor, evidence=()), proposed + timedelta(days=10))
    days = (finish - start).days
    shares = [Decimal(n) / 6 for n in range(7)]
    curve = tuple(
        project.PlannedValue(day=start + timedelta(days=int(days * s)), value=round(budget * s, 2)) for s in shares
    )
    yield make.record(
        project.BaselineSet(
            item="1", start=start, finish=finish, curve=curve, change_id=None, unauthorised=False, reason=None,
            decided_by=sponsor, **money,
        ),
        proposed + timedelta(days=12),
    )  # fmt: skip
    yield make.record(project.Started(at_risk=None), start)
    ended = finish + timedelta(days=rng.randrange(-20, 80))
    for report in range(1, 33):
        day = start + timedelta(days=14 * report)
        share = Decimal(min(0.99, (day - start).days / max(1, (ended - start).days))).quantize(Decimal("0.01"))
        said = progress.ProgressReported(
            data_date=day, percent_complete=share, method="physical", actual_cost=round(budget * share, 2),
            forecast_finish=ended, forecast_cost=budget, currency="EUR", rag="green" if ended <= finish else "amber",
            narrative=None, at_risk=None,
        )  # fmt: skip
        yield make.record(said, day, corrects=report == 20 and number % 10 == 0)
    if number % 5:
        yield make.record(project.Completed(objectives_met=number % 7 > 1, quality_met=True, assessor=sponsor), ended)
        closed = project.FinanciallyClosed(final_cost=budget * (90 + number % 20) / 100, currency="EUR")
        yield make.record(closed, ended + timedelta(days=40))
    if number % 5 == 1:
        make.open(f"survey:P{number}/CLOSURE")
        yield make.record(survey.Invited(invited={"team-member": 8}), ended)
        for answer in range(6):
            yield make.record(
                survey.ResponseRecorded(
                    item=str(answer), stakeholder_role="team-member", satisfaction=rng.randint(2, 5), scores={},
                    recommend=rng.randint(3, 10),
                ),
                ended + timedelta(days=answer),
            )  # fmt: skip


def _adoption(make: _Maker, number: int) -> Iterator[Record]:
    code, unit = number // _UNITS, number % _UNITS
    make.open(f"adoption:S{code}/U{unit}")
    asked = _FIRST_DAY + timedelta(days=make.rng.randrange(400))
    yield make.record(standard.Mandated(due=asked + timedelta(days=180), decided_by=person_id(0)), asked)
    results: tuple[Literal["met", "partly", "not-met"], ...] = ("met", "partly", "not-met")
    for year in range(3):
        judged = tuple(
            standard.Assessment(requirement=f"R{n}", result=make.rng.choices(results, (5, 2, 1))[0]) for n in range(4)
        )
        assessed = standard.Assessed(edition="1", results=judged, assessor=person_id(0), evidence=())
        yield make.record(assessed, asked + timedelta(days=make.rng.randrange(100, 200) + 240 * year))
    yield make.record(standard.Adopted(decided_by=None), asked + timedelta(days=150))
    if code % 3 == 2:
        for month in range(6):
            measured = standard.UsageMeasured(active=make.rng.randrange(10, 50), eligible=60)
            yield make.record(measured, asked + timedelta(days=160 + 60 * month))
