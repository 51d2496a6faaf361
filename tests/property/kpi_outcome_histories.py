"""Random histories that the KPIs of outcomes, satisfaction, improvement and maturity can be told from."""

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

from schemas import organisation, progress, project, standard, survey, training
from schemas.event import Event
from schemas.samples import sample
from tests.property.teller import FIRST, LAST, Teller

SURVEYED = "PMO"
UNITS = ("U0", "U1", "U2")
PEOPLE = tuple(letter * 20 for letter in "ABCDEFGHIJKLMNOPQRST")
ROLES = ("business-leader", "project-manager", "team-member")
CURRENCIES = ("EUR", "EUR", "EUR", "GBP")
_DAYS = tuple(
    dt.date(2026, *day)
    for day in (
        (1, 5), (1, 6), (1, 19), (1, 20), (2, 1), (2, 2), (2, 3), (2, 20), (3, 6), (4, 4), (4, 5), (4, 6), (5, 19),
        (5, 20), (5, 21), (6, 10), (7, 4), (7, 5),
    )
)  # fmt: skip
"""Few, and around those that are asked about, so that days meet."""
_NINETY = dt.timedelta(days=90)


@cache
def _plain(event_class: type[Event]) -> Event:
    return sample(event_class).event


def some(event_class: type[Event], **fields: Any) -> Event:
    """An event of a type; what is not given is as in its sample."""
    return _plain(event_class).model_copy(update=fields)


class Outcomes(Teller):
    """Records by stream, all drawn from one seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._since = FIRST
        for number in range(150):
            self._ended(f"E{number}")
        for number in range(150):
            self._running(f"R{number}")
        for number in range(80):
            self.tell(f"project:O{number}", [self._recorded()], self._recorded, self.pick(0, 1, 2, 4))
        for code in (*(f"E{n}" for n in range(150)), *(f"R{n}" for n in range(9)), "O0", "O1", "O2", "X", SURVEYED):
            for period in range(self.pick(1, 1, 2)):
                self._survey(f"survey:{code}/Q{period}")
        # projects run before there are goals
        self._since = dt.date(2026, 2, 1)
        for number in range(3):
            self.tell(f"goal:G{number}", [], self._goal, self.pick(3, 4, 6))
        self._since = FIRST
        for number in range(12):
            self.tell(f"standard:S{number}", [self._edition()], self._standard, self.pick(0, 1, 2, 4))
        for number in range(13):
            for unit in range(16):
                self._adoption(f"adoption:S{number}/U{unit}")
        for number in range(100):
            self._unit(f"U{number}")
        for number in range(6):
            self.tell(f"course:C{number}", [], self._course, self.pick(2, 3, 5))
        for person in PEOPLE:
            self.tell(f"person:{person}", [self._joined()][: self.pick(0, 1, 1, 1)], self._person, self.pick(0, 1, 2))
            for number in range(7):
                self.tell(f"training:{person}/C{number}", [], self._training, self.random.randint(1, 5))

    def day(self, first: dt.date = FIRST, last: dt.date = LAST) -> dt.date:
        return self.pick(*(day for day in _DAYS if max(first, self._since) <= day <= last))

    def _money(self) -> Decimal:
        return Decimal(self.pick(90, 100, 100, 110, 0))

    def _proposed(self) -> Event:
        goals = [goal for goal in ("G0", "G1", "G2", "G9") if self.pick(True, False)]
        return some(
            project.Proposed, unit=self.pick(*UNITS), contributions={goal: self.random.randint(0, 5) for goal in goals},
            budget=self.pick(None, self._money()), currency=self.pick(*CURRENCIES),
        )  # fmt: skip

    def _baseline(self, *items: str) -> Event:
        return some(
            project.BaselineSet, item=self.pick(*items), finish=self.day(), budget=self._money(),
            currency=self.pick(*CURRENCIES),
        )  # fmt: skip

    def _completed(self) -> Event:
        yes = (True, True, True, True, False, None)
        return some(project.Completed, objectives_met=self.pick(*yes), quality_met=self.pick(*yes))

    def _cancelled(self) -> Event:
        return some(project.Cancelled, cause=self.pick("funding", "strategy", None))

    def _ending(self) -> Event:
        return self.pick(
            *(self._completed() for _ in range(6)),
            self._cancelled(), some(project.MergedInto), some(project.SplitInto), some(project.Descoped),
            some(project.RejectedProposal),
        )  # fmt: skip

    def _ended(self, code: str) -> None:
        first = [self._proposed(), self._baseline("1"), self._baseline("1", "2"), some(project.Started), self._ending()]
        self.tell(f"project:{code}", first, self._afterwards, self.pick(0, 0, 1, 2, 4))

    def _afterwards(self) -> Event:
        return self.pick(
            self._ending(), self._ending(), self._cancelled(), self._baseline("1", "2"), self._baseline("2"),
            some(project.Reopened), some(project.Withdrawn), some(project.Transferred, unit=self.pick(*UNITS)),
        )  # fmt: skip

    def _running(self, code: str) -> None:
        first = [self._proposed()]
        if self.pick(True, True, False):
            first.append(self._baseline("1"))
        first.append(self.pick(some(project.Started), some(project.Approved)))
        self.tell(f"project:{code}", first, self._meanwhile, self.random.randint(0, 5))

    def _meanwhile(self) -> Event:
        said = {"forecast_cost": self.pick(None, *[self._money()] * 3), "currency": self.pick(*CURRENCIES)}
        return self.pick(
            some(progress.ProgressReported, **said), some(progress.ProgressReported, **said),
            some(progress.Reforecast, **said), self._baseline("1", "2"), some(project.PutOnHold), self._proposed(),
            some(project.Started),
        )  # fmt: skip

    def _recorded(self) -> Event:
        return some(
            progress.Recorded, unit=self.pick(*UNITS), budget=self.pick(None, self._money(), self._money()),
            status=self.pick("running", "completed", "completed", "cancelled", None),
            forecast_cost=self.pick(None, self._money()), currency=self.pick(*CURRENCIES),
        )  # fmt: skip

    def _survey(self, stream: str) -> None:
        weights = self.pick((1, 0, 0), (4, 1, 1), (6, 6, 2), (1, 1, 1))
        content, people = self.pick((5, 4), (5, 5, 5, 2), (5, 4, 3, 1)), self.pick(4, 8, 8, 16)

        def said() -> Event:
            if self.random.random() < 0.1:
                return some(
                    survey.Invited, invited={role: self.pick(0, 3, 10) for role in self.random.sample(ROLES, 2)}
                )
            return some(
                survey.ResponseRecorded, item=str(self.random.randint(1, people)),
                stakeholder_role=self.random.choices(ROLES, weights)[0], satisfaction=self.pick(*content),
                recommend=self.pick(None, 0, 6, 7, 8, 9, 10),
            )  # fmt: skip

        self.tell(stream, [], said, self.pick(1, 8, 16, 32))

    def _goal(self) -> Event:
        return self.pick(
            *[some(organisation.GoalDeclared, weight=Decimal(self.pick("0.5", "0.3", "0")))] * 2,
            some(organisation.GoalReweighted, weight=Decimal(self.pick("0.25", "1"))), some(organisation.GoalRetired),
        )  # fmt: skip

    def _edition(self, event_class: type[Event] = standard.StandardPublished) -> Event:
        asked = tuple(
            standard.Requirement(id=key, text="x", weight=self.random.randint(1, 5))
            for key in self.random.sample(("R1", "R2", "R3"), self.pick(1, 2, 3))
        )
        kind = self.pick("practice", "technology", "technology")
        return some(event_class, edition=self.pick("1", "1", "2"), requirements=asked, standard_kind=kind)

    def _standard(self) -> Event:
        return self.pick(
            self._edition(), self._edition(standard.StandardRevised), self._edition(standard.StandardRevised),
            some(standard.StandardWithdrawn), some(standard.StandardWithdrawn),
        )  # fmt: skip

    def _adoption(self, stream: str) -> None:
        adopted, abandoned, mandated = some(standard.Adopted), some(standard.Abandoned), some(standard.Mandated)
        first = self.pick(*[[mandated]] * 6, [], [], [adopted, mandated], [adopted, abandoned, mandated])
        self.tell(stream, first, self._adopting, self.random.randint(1, 9))

    def _adopting(self) -> Event:
        results = tuple(
            standard.Assessment(requirement=key, result=self.pick("met", "met", "partly", "not-met"))
            for key in self.random.sample(("R1", "R2", "R3"), self.pick(1, 2, 3))
        )
        assessed = some(standard.Assessed, edition=self.pick("1", "2"), results=results)
        measured = some(standard.UsageMeasured, active=self.random.randint(0, 5), eligible=self.pick(0, 5, 10))
        item = self.pick("1", "1", "2")
        raised = some(standard.NonconformityRaised, item=item, severity=self.pick("minor", "critical"))
        return self.pick(
            some(standard.Mandated), some(standard.NotApplicable), assessed, assessed, measured, measured,
            some(standard.Adopted), some(standard.Adopted), some(standard.Abandoned),
            some(standard.Waived, until=self.day()), some(standard.WaiverEnded), raised, raised,
            some(standard.NonconformityResolved, item=item), some(standard.NonconformityResolved, item=item),
        )  # fmt: skip

    def _unit(self, code: str) -> None:
        registered = some(organisation.UnitRegistered)
        assessed = lambda: some(  # noqa: E731
            organisation.MaturityAssessed, item=self.pick("1", "2"), level=self.random.randint(1, 5),
            target=self.pick(None, 3, 5),
        )  # fmt: skip
        planned = lambda: some(  # noqa: E731
            organisation.ImprovementPlanned, item=self.pick("1", "2"), due=self.day()
        )
        more = lambda: self.pick(  # noqa: E731
            assessed(), assessed(), planned(), planned(), some(organisation.ImprovementDone, item=self.pick("1", "2")),
            some(organisation.ImprovementDone, item=self.pick("1", "2")), registered,
            some(organisation.UnitRetired), self.pick(assessed(), some(organisation.UnitMergedInto)),
        )  # fmt: skip
        self.tell(f"business-unit:{code}", [registered], more, self.random.randint(1, 8))

    def _course(self) -> Event:
        defined = some(training.CourseDefined, hours=self.pick(None, Decimal(4), Decimal("7.5")))
        return self.pick(defined, defined, some(training.CourseRetired))

    def _joined(self) -> Event:
        return some(organisation.PersonJoined, unit=self.pick(*UNITS), role=self.pick("PM", "DEV"))

    def _person(self) -> Event:
        return self.pick(
            self._joined(), some(organisation.PersonMoved, unit=self.pick(*UNITS)), some(organisation.PersonLeft),
            some(organisation.PersonLeft), some(organisation.PersonRoleChanged, role=self.pick("PM", "DEV")),
        )  # fmt: skip

    def _training(self) -> Event:
        # the 89th and the 90th day after those that are asked about
        soon = self.pick(LAST, dt.date(2026, 4, 5)) + _NINETY - dt.timedelta(days=self.pick(0, 1))
        done = some(training.TrainingCompleted, completed_on=self.day(), expires=self.pick(None, soon, self.day()))
        return self.pick(
            done, done, done, some(training.TrainingRevoked), some(training.TrainingExempted, until=self.day())
        )
