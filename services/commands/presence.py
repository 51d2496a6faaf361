"""When a person is there to work: the contract of each day, less what planned absence takes of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from decimal import Decimal

from schemas import organisation
from schemas.workload import AllocationPlanned, AllocationRevised
from services.commands.fold import State

Planned = AllocationPlanned | AllocationRevised

WORKING_DAYS = 5
_NO_HOLIDAY = 5


class PersonState(State):
    """A person, with every step of the contract."""

    steps_of = (organisation.PersonJoined, organisation.PersonHoursChanged, organisation.PersonLeft)


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday to Friday: hard hours planned, hours of the contract, and what absence leaves of these."""

    monday: date
    planned: Decimal
    contracted: Decimal
    net: Decimal

    @property
    def patience(self) -> int:
        """How many such weeks running are too many; 0 where nothing is."""
        if self.planned > self.contracted:
            return 1
        return _NO_HOLIDAY if self.planned > self.net else 0


class Presence:
    """What one person can be booked for."""

    def __init__(self, person: State, zone: tzinfo) -> None:
        self._contracts = [
            (step.occurred_at.astimezone(zone).date(), getattr(step.event, "weekly_hours", Decimal(0)))
            for step in person.steps
        ]
        planned = person.parts(organisation.AbsencePlanned, organisation.AbsenceCancelled).values()
        self._absences = [r.event for r in planned if isinstance(r.event, organisation.AbsencePlanned)]

    def contracted(self, day: date) -> Decimal:
        """Hours a week of the contract that holds on `day`; none from the day of leaving on.

        Before the first one that is known, that one holds: people are often entered after they came.
        """
        held = self._contracts[0][1] if self._contracts else Decimal(0)
        for first_day, hours in self._contracts:
            if first_day <= day:
                held = hours
        return held

    def _there(self, day: date) -> Decimal:
        away = sum((a.share for a in self._absences if a.first_day <= day <= a.last_day), Decimal(0))
        return 1 - min(Decimal(1), away)

    def week(self, monday: date, hard: Iterable[Planned]) -> Week:
        """The week that begins on `monday`, under these allocations."""
        days = [monday + timedelta(days=n) for n in range(WORKING_DAYS)]
        contracts = [self.contracted(day) for day in days]
        return Week(
            monday=monday,
            planned=sum((a.weekly_hours * _covered(a, monday) for a in hard), Decimal(0)) / WORKING_DAYS,
            contracted=sum(contracts, Decimal(0)) / WORKING_DAYS,
            net=sum((c * self._there(day) for c, day in zip(contracts, days, strict=True)), Decimal(0)) / WORKING_DAYS,
        )

    def overbooked(self, new: Planned, others: Iterable[Planned]) -> Week | None:
        """The first week in which `new`, together with the hard allocations `others`, is more than the person can do.

        More than the contract is too much in any week, also when the contract has ended. What planned absence leaves
        is too little if it is so five weeks running, or in all weeks of the allocation: then nobody is there to do it.
        A shorter absence is a holiday, and hours a week are planned over holidays, public ones too: were they to
        lessen capacity here, everybody who is planned full-time would need a reason. Control 13 judges the weeks
        themselves once they have come, by net capacity without all of these, two weeks running.
        """
        hard = [new, *others]
        first = new.first_day - timedelta(days=new.first_day.weekday())
        mondays = (first + timedelta(days=n) for n in range(0, (new.last_day - first).days + 1, 7))
        weeks = [self.week(monday, hard) for monday in mondays if _covered(new, monday)]
        run: list[Week] = []
        for week in weeks:
            run = [*run, week] if run and run[0].patience == week.patience else [week]
            if week.patience and len(run) >= min(week.patience, len(weeks)):
                return run[0]
        return None


def _covered(allocation: Planned, monday: date) -> int:
    """How many of the days from Monday to Friday an allocation covers."""
    friday = monday + timedelta(days=WORKING_DAYS - 1)
    days = min(allocation.last_day, friday) - max(allocation.first_day, monday)
    return max(0, days.days + 1)
