"""The rules of nonconformities, and of how far a unit has come with a standard."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from schemas import standard
from schemas.event import Event
from schemas.fields import Evidence
from services.commands import nonconformities
from services.commands.command import Command
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import Given, ProjectHistory, given, on, person
from tests.unit.commands.scenarios import A_NOTE, a_published_standard

HERE = {"standard": "risk", "unit": "ops"}
PROOF = Evidence(uri="https://docs.example/1", digest=None)
MADE = standard.NonconformityRaised(
    item="NC-1",
    requirement="R1",
    severity="major",
    due=date(2026, 12, 31),
    raised_by=person("auditor"),
    owner=person("ann"),
    evidence=(PROOF,),
    description=A_NOTE,
)
RAISED = on("2026-03-01", MADE)
RESOLVED = on("2026-05-01", standard.NonconformityResolved(item="NC-1", decided_by=person("bob"), evidence=()))


def having(*histories: ProjectHistory) -> Given:
    return given(*histories).elsewhere("standard:RISK", *a_published_standard())


class TestRaising:
    ASKED: dict[str, Any] = {
        **HERE,
        "nonconformity": "NC-1",
        "severity": "major",
        "due": "2026-12-31",
        "requirement": "R1",
        "raised_by": "auditor",
        "owner": "ann",
        "evidence": ["https://docs.example/1"],
        "description": "no register",
    }

    def test_it_is_recorded_with_its_owner_and_day(self) -> None:
        having().when(nonconformities.RaiseNonconformity, **self.ASKED).then(MADE)

    def test_a_name_stands_once_now_or_later_unless_corrected(self) -> None:
        raised = having(RAISED)
        raised.when(nonconformities.RaiseNonconformity, **self.ASKED).refused(Rejected, "stands already")
        late = {**self.ASKED, "occurring": "2026-02-01"}
        raised.when(nonconformities.RaiseNonconformity, **late).refused(Rejected, "--supersedes")
        raised.correcting(1).when(nonconformities.RaiseNonconformity, **late).then(MADE)

    def test_it_may_come_back(self) -> None:
        having(RAISED, RESOLVED).when(nonconformities.RaiseNonconformity, **self.ASKED).then(MADE)

    def test_the_day_is_not_past(self) -> None:
        past = {**self.ASKED, "due": "2026-06-29"}
        having().when(nonconformities.RaiseNonconformity, **past).refused(BadInput, "--due")
        having().when(nonconformities.RaiseNonconformity, occurring="2026-06-01", **past).then_type(
            standard.NonconformityRaised
        )

    def test_the_requirement_is_one_of_the_standard(self) -> None:
        unknown = {**self.ASKED, "requirement": "R9"}
        having().when(nonconformities.RaiseNonconformity, **unknown).refused(BadInput, "it has R1, R2")
        unsaid = {name: value for name, value in self.ASKED.items() if name != "requirement"}
        having().when(nonconformities.RaiseNonconformity, **unsaid).then_type(standard.NonconformityRaised)


class TestResolving:
    ASKED = {**HERE, "nonconformity": "NC-1", "decided_by": "bob"}

    def test_somebody_else_decides(self) -> None:
        having(RAISED).when(nonconformities.ResolveNonconformity, **self.ASKED).then(
            standard.NonconformityResolved(item="NC-1", decided_by=person("bob"), evidence=())
        )
        having(RAISED).when(nonconformities.ResolveNonconformity, **{**self.ASKED, "decided_by": "Ann"}).refused(
            Rejected, "not closed by its owner"
        )

    def test_only_what_was_raised_by_then(self) -> None:
        having().when(nonconformities.ResolveNonconformity, **self.ASKED).refused(NotFound, "no nonconformity NC-1")
        having(RAISED).when(nonconformities.ResolveNonconformity, occurring="2026-02-01", **self.ASKED).refused(
            NotFound, "at that time"
        )
        having(RAISED).when(nonconformities.ResolveNonconformity, **{**self.ASKED, "nonconformity": "NC-2"}).refused(
            NotFound, "no nonconformity NC-2"
        )

    def test_once_now_or_later_unless_corrected(self) -> None:
        resolved = having(RAISED, RESOLVED)
        resolved.when(nonconformities.ResolveNonconformity, **self.ASKED).refused(Rejected, "resolved already")
        late = {**self.ASKED, "occurring": "2026-04-01"}
        resolved.when(nonconformities.ResolveNonconformity, **late).refused(Rejected, "--supersedes")
        resolved.correcting(2).when(nonconformities.ResolveNonconformity, **late).then_type(
            standard.NonconformityResolved
        )


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (nonconformities.AssessImpact, standard.ImpactAssessed),
        (nonconformities.AssessReadiness, standard.ReadinessAssessed),
        (nonconformities.AssessResistance, standard.ResistanceAssessed),
    ],
)
def test_how_far_the_change_has_come(command: type[Command], event: Callable[..., Event]) -> None:
    having().when(command, **HERE, level=4, people=42, assessor="bob", findings="much to do").then(
        event(level=4, people=42, assessor=person("bob"), findings=A_NOTE)
    )
    having().when(command, **HERE, level=6).refused(BadInput, "--level")
    having().when(command, **HERE, level=1, people=-1).refused(BadInput, "--people")
    assert command.model_validate({**HERE, "level": 1}).references() == ("standard:RISK", "business-unit:OPS")
