"""The rules of allocations and timesheets."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import organisation, workload
from services.commands import workload as work
from services.commands.command import Command
from services.commands.intake import Intake
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import SECRET, Given, given, on, person
from tests.unit.commands.scenarios import (
    A_NOTE,
    a_person,
    an_allocation,
)

PERSON = f"person:{person('ann')}"


class TestAllocating:
    ASKED = {
        "person": "ann",
        "allocation": "a2",
        "project": "crane-7",
        "first_day": "2026-06-01",
        "last_day": "2026-09-30",
        "weekly_hours": "20",
    }

    def having(self, *items: Any, hours: int = 40) -> Given:
        return given(*items).elsewhere(PERSON, *a_person(hours))

    def test_within_capacity(self) -> None:
        self.having(an_allocation("A1", 20)).when(work.Allocate, **self.ASKED).then(
            workload.AllocationPlanned(
                item="A2",
                project="CRANE-7",
                first_day=date(2026, 6, 1),
                last_day=date(2026, 9, 30),
                weekly_hours=Decimal(20),
                hard=True,
                at_risk=None,
            )
        )

    def test_hard_hours_over_capacity_need_a_reason(self) -> None:
        full = self.having(an_allocation("A1", 21))
        full.when(work.Allocate, **self.ASKED).refused(
            work.OverCapacity, "41 committed hours in the week of 2026-06-01 against a net capacity of 40; plan"
        )
        full.when(work.Allocate, **self.ASKED, at_risk="peak").then_type(workload.AllocationPlanned)
        full.when(work.Allocate, **self.ASKED, hard=False).then_type(workload.AllocationPlanned)

    def test_pencilled_in_hours_do_not_count(self) -> None:
        self.having(an_allocation("A1", 40, hard=False)).when(work.Allocate, **self.ASKED).then_type(
            workload.AllocationPlanned
        )

    def test_the_busiest_week_counts_not_the_sum(self) -> None:
        early = {"first_day": date(2026, 6, 1), "last_day": date(2026, 6, 30), "item": "E"}
        late = {"first_day": date(2026, 7, 1), "last_day": date(2026, 7, 31), "item": "L"}
        (base,) = (event for event, _ in an_allocation(weekly_hours=20))
        both = on("2026-02-01", base.model_copy(update=early), base.model_copy(update=late))
        self.having(both).when(work.Allocate, **self.ASKED).then_type(workload.AllocationPlanned)
        overlapping = on("2026-02-01", base.model_copy(update={**early, "last_day": date(2026, 7, 1)}))
        self.having(both, overlapping).when(work.Allocate, **self.ASKED).refused(
            work.OverCapacity, "44 committed hours in the week of 2026-06-29"
        )

    @pytest.mark.parametrize(("last_day", "fits"), [(None, True), (date(2026, 6, 2), True), (date(2026, 6, 3), False)])
    def test_a_released_allocation_counts_to_its_last_day(self, last_day: date | None, fits: bool) -> None:
        released = on("2026-05-15", workload.AllocationReleased(item="A1", last_day=last_day, reason=None))
        when = self.having(an_allocation("A1", 40), released).when(work.Allocate, **self.ASKED)
        if fits:
            when.then_type(workload.AllocationPlanned)
        else:
            when.refused(work.OverCapacity, "44 committed")

    def test_the_contract_of_the_time_counts(self) -> None:
        fewer = on("2026-05-01", organisation.PersonHoursChanged(weekly_hours=Decimal(10)))
        given().elsewhere(PERSON, *a_person(), *fewer).when(work.Allocate, **self.ASKED).refused(
            work.OverCapacity, "a net capacity of 10;"
        )

    def test_a_contract_that_changes_while_it_lasts(self) -> None:
        steps = [
            on(day, organisation.PersonHoursChanged(weekly_hours=Decimal(hours)))
            for day, hours in (("2026-03-05", 20), ("2026-04-01", 10), ("2026-05-01", 40))
        ]
        full = {**self.ASKED, "first_day": "2026-02-02", "weekly_hours": "40"}
        given().elsewhere(PERSON, *a_person(), *sum(steps, ())).when(work.Allocate, **full).refused(
            work.OverCapacity, "40 committed hours in the week of 2026-03-02 against a net capacity of 32;"
        )

    def test_nobody_is_planned_for_more_than_ten_years(self) -> None:
        here = given().elsewhere(PERSON, *a_person())
        long = {**self.ASKED, "first_day": "2026-03-02", "hard": False}
        here.when(work.Allocate, **{**long, "last_day": "2036-03-02"}).then_type(workload.AllocationPlanned)
        here.when(work.Allocate, **{**long, "last_day": "2036-03-04"}).refused(BadInput, "more than ten years")

    def test_nobody_is_here_to_do_it(self) -> None:
        left = on("2026-06-10", organisation.PersonLeft(voluntary=True, reason=None))
        gone = given().elsewhere(PERSON, *a_person(), *left)
        gone.when(work.Allocate, **self.ASKED).refused(
            work.OverCapacity, "20 committed hours in the week of 2026-06-08"
        )
        late = {**self.ASKED, "first_day": "2026-07-04"}
        gone.when(work.Allocate, **late).refused(
            work.OverCapacity, "in the week of 2026-07-06 against a net capacity of 0, since the person is not here;"
        )
        gone.when(work.Allocate, **late, at_risk="comes back").then_type(workload.AllocationPlanned)
        gone.when(work.Allocate, **late, hard=False).then_type(workload.AllocationPlanned)
        gone.when(work.Allocate, **{**self.ASKED, "last_day": "2026-06-09"}).then_type(workload.AllocationPlanned)
        back = given().elsewhere(PERSON, *a_person(), *left, *on("2026-06-26", *(e for e, _ in a_person())))
        back.when(work.Allocate, **late).then_type(workload.AllocationPlanned)
        given(an_allocation("A2", 40)).elsewhere(PERSON, *a_person(), *left).when(work.Revise, **late).refused(
            work.OverCapacity, "not here"
        )

    def test_before_the_first_contract_that_is_known_it_holds(self) -> None:
        self.having().when(work.Allocate, **{**self.ASKED, "first_day": "2025-06-02"}).then_type(
            workload.AllocationPlanned
        )

    @pytest.mark.parametrize(
        ("absences", "words"),
        [
            # a holiday of up to four weeks, however it lies
            (["2026-06-10 2026-06-12 1"], ""),
            (["2026-06-08 2026-06-12 1"], ""),
            (["2026-06-08 2026-07-03 1"], ""),
            (["2026-06-10 2026-07-03 1"], ""),
            # after that it is none
            (["2026-06-10 2026-07-06 1"], "in the week of 2026-06-08 against a net capacity of 16;"),
            (["2026-06-22 2026-08-14 0.5"], "in the week of 2026-06-22 against a net capacity of 20;"),
            (["2026-06-08 2026-07-31 1"], "in the week of 2026-06-08 against a net capacity of 0;"),
            # parts that overlap are at most a whole
            (["2026-06-08 2026-07-10 0.75"] * 2, "in the week of 2026-06-08 against a net capacity of 0;"),
        ],
    )
    def test_planned_absence_lessens_capacity(self, absences: list[str], words: str) -> None:
        planned = [
            organisation.AbsencePlanned(item=f"{n}", first_day=first, last_day=last, share=Decimal(share))
            for n, (first, last, share) in enumerate(
                (date.fromisoformat(a), date.fromisoformat(b), c) for a, b, c in map(str.split, absences)
            )
        ]
        having = given().elsewhere(PERSON, *a_person(), *on("2026-05-01", *planned))
        when = having.when(work.Allocate, **{**self.ASKED, "weekly_hours": "40"})
        if words:
            when.refused(work.OverCapacity, f"40 committed hours {words}")
        else:
            when.then_type(workload.AllocationPlanned)
        cancelled = (organisation.AbsenceCancelled(item=each.item) for each in planned)
        here = given().elsewhere(PERSON, *a_person(), *on("2026-05-01", *planned), *on("2026-05-02", *cancelled))
        here.when(work.Allocate, **{**self.ASKED, "weekly_hours": "40"}).then_type(workload.AllocationPlanned)

    def test_absence_in_all_of_its_weeks(self) -> None:
        away = organisation.AbsencePlanned(
            item="A", first_day=date(2026, 6, 1), last_day=date(2026, 6, 12), share=Decimal(1)
        )
        having = given().elsewhere(PERSON, *a_person(), *on("2026-05-01", away))
        for last_day, fits in (("2026-06-05", False), ("2026-06-12", False), ("2026-06-19", True)):
            when = having.when(work.Allocate, **{**self.ASKED, "last_day": last_day})
            if fits:
                when.then_type(workload.AllocationPlanned)
            else:
                when.refused(work.OverCapacity, "a net capacity of 0;")

    def test_days_in_the_wrong_order_are_malformed(self) -> None:
        self.having().when(work.Allocate, **{**self.ASKED, "last_day": "2026-05-31"}).refused(BadInput, "--last-day")

    def test_an_id_stands_once_now_or_later(self) -> None:
        standing = self.having(an_allocation("A2", 1))
        standing.when(work.Allocate, **self.ASKED).refused(Rejected, "stands already")
        standing.when(work.Allocate, occurring="2026-01-15", **self.ASKED).refused(Rejected, "stands already")

    @pytest.mark.parametrize(
        ("command", "fields"),
        [(work.Revise, ASKED), (work.Confirm, {"confirmed_by": "bob"}), (work.Release, {})],
    )
    def test_what_does_not_stand_is_not_changed(self, command: type[Command], fields: dict[str, str]) -> None:
        fields = {"person": "ann", "allocation": "a2", **fields}
        self.having(an_allocation("A1")).when(command, **fields).refused(NotFound, "no allocation A2")
        released = on("2026-05-15", workload.AllocationReleased(item="A2", last_day=None, reason=None))
        self.having(an_allocation("A2"), released).when(command, **fields).refused(NotFound, "no allocation A2")

    def test_revising_does_not_count_its_own_hours(self) -> None:
        self.having(an_allocation("A2", 40)).when(work.Revise, **{**self.ASKED, "weekly_hours": "40"}).then_type(
            workload.AllocationRevised
        )

    def test_nobody_confirms_their_own(self) -> None:
        mine = {"person": "ann", "allocation": "A1"}
        self.having(an_allocation()).when(work.Confirm, **mine, confirmed_by="Ann").refused(Rejected, "their own")
        self.having(an_allocation()).when(work.Confirm, **mine, confirmed_by="bob").then(
            workload.AllocationConfirmed(item="A1", confirmed_by=person("bob"))
        )

    def test_release(self) -> None:
        self.having(an_allocation()).when(
            work.Release, person="ann", allocation="A1", last_day="2026-04-30", reason="moved on"
        ).then(workload.AllocationReleased(item="A1", last_day=date(2026, 4, 30), reason=A_NOTE))


class TestTimesheets:
    LOG = {"person": "ann", "project": "crane-7", "day": "2026-01-01", "hours": "6"}

    def test_hours_go_to_the_iso_week_of_their_day(self) -> None:
        command = Intake(SECRET).prepare(work.LogHours, self.LOG, {}).command
        assert command.stream() == f"timesheet:{person('ann')}/2026-W01"
        assert command.model_copy(update={"day": date(2027, 1, 1)}).stream().endswith("/2026-W53")
        assert command.occurs_on() == date(2026, 1, 1)
        assert set(command.references()) == {PERSON, "project:CRANE-7"}

    def test_the_same_day_and_project_again_is_a_correction(self) -> None:
        logged = workload.HoursLogged(
            item="CRANE-7.2026-01-01", project="CRANE-7", day=date(2026, 1, 1), hours=Decimal(6)
        )
        given().when(work.LogHours, **self.LOG).then(logged)
        given(on("2026-01-01", logged)).when(work.LogHours, **self.LOG).then(
            workload.HoursCorrected(**logged.model_dump(), reason=None)
        )

    def test_a_day_has_24_hours(self) -> None:
        given().when(work.LogHours, **{**self.LOG, "hours": "24.5"}).refused(BadInput, "--hours")

    def test_a_week_is_submitted_when_it_has_begun(self) -> None:
        week = {"person": "ann", "week_of": "2026-07-05"}
        given().when(work.Submit, occurring="2026-06-28", **week).refused(BadInput, "not begun")
        given().when(work.Submit, occurring="2026-06-29", **week).then(workload.TimesheetSubmitted())

    def test_only_what_is_submitted_is_approved_and_not_by_oneself(self) -> None:
        week = {"person": "ann", "week_of": "2026-06-22"}
        submitted = on("2026-06-26", workload.TimesheetSubmitted())
        given().when(work.ApproveTimesheet, **week, decided_by="bob").refused(Rejected, "not submitted")
        given(submitted).when(work.ApproveTimesheet, **week, decided_by="ANN").refused(Rejected, "their own")
        given(submitted).when(work.ApproveTimesheet, **week, decided_by="bob").then(
            workload.TimesheetApproved(decided_by=person("bob"))
        )
