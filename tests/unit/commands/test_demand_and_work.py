"""The rules of placeholders and of items of work."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import work as facts
from schemas import workload
from services.commands import demand, work
from services.commands.command import Command
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import given, on, person
from tests.unit.commands.scenarios import A_NOTE, an_allocation

SPAN: dict[str, Any] = {"first_day": date(2026, 9, 1), "last_day": date(2026, 11, 27), "weekly_hours": Decimal(80)}
NEEDED: dict[str, Any] = {"item": "W-1", "role": "Welder", "skill": None, "option_group": None, **SPAN}
PLANNED = on("2026-02-01", workload.PlaceholderPlanned(**NEEDED))
FILLED = on("2026-05-01", workload.PlaceholderFilled(item="W-1", person=person("ann"), allocation="A1"))
WITHDRAWN = on("2026-05-01", workload.PlaceholderWithdrawn(item="W-1", reason=None))
HERE = {"project": "crane-7", "placeholder": "w-1"}
PLAN = {
    **HERE,
    "role": "Welder",
    "first_day": "2026-09-01",
    "last_day": "2026-11-27",
    "weekly_hours": "80",
}
FILL = {**HERE, "person": "ann", "allocation": "a1"}
ANNS = f"workload:{person('ann')}"


class TestPlanningDemand:
    def test_what_is_needed(self) -> None:
        given().when(demand.PlanDemand, **PLAN, skill="TIG", option_group="OG1").then(
            workload.PlaceholderPlanned(**{**NEEDED, "skill": "TIG", "option_group": "OG1"})
        )
        assert demand.PlanDemand(**PLAN).references() == ("project:CRANE-7",)

    @pytest.mark.parametrize("command", [demand.PlanDemand, demand.ReviseDemand])
    def test_days_in_the_wrong_order_are_malformed(self, command: type[Command]) -> None:
        history = PLANNED if command is demand.ReviseDemand else ()
        given(history).when(command, **{**PLAN, "last_day": "2026-08-31"}).refused(BadInput, "--last-day")

    def test_a_name_stands_once_now_or_later_unless_corrected(self) -> None:
        planned = given(PLANNED)
        planned.when(demand.PlanDemand, **PLAN).refused(Rejected, "demand revise")
        planned.when(demand.PlanDemand, occurring="2026-01-01", **PLAN).refused(Rejected, "stands already")
        planned.correcting(1).when(demand.PlanDemand, **PLAN).then(workload.PlaceholderPlanned(**NEEDED))
        given(PLANNED, FILLED).when(demand.PlanDemand, **PLAN).refused(Rejected, "stands already")

    def test_what_was_withdrawn_may_be_planned_again(self) -> None:
        given(PLANNED, WITHDRAWN).when(demand.PlanDemand, **PLAN).then_type(workload.PlaceholderPlanned)

    def test_revising(self) -> None:
        given(PLANNED).when(demand.ReviseDemand, **{**PLAN, "role": "Fitter"}).then(
            workload.PlaceholderRevised(**{**NEEDED, "role": "Fitter"})
        )


class TestClosingDemand:
    @pytest.mark.parametrize(
        ("command", "fields"), [(demand.ReviseDemand, PLAN), (demand.FillDemand, FILL), (demand.WithdrawDemand, HERE)]
    )
    def test_only_what_is_open_changes(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, **fields).refused(NotFound, "no placeholder W-1")
        given(PLANNED).when(command, occurring="2026-01-01", **fields).refused(NotFound, "at that time")
        given(PLANNED, FILLED).when(command, **fields).refused(Rejected, "filled already")
        given(PLANNED, WITHDRAWN).when(command, **fields).refused(Rejected, "withdrawn already")

    def test_a_late_revision_from_before_it_was_filled(self) -> None:
        given(PLANNED, FILLED).when(demand.ReviseDemand, occurring="2026-04-01", **PLAN).then_type(
            workload.PlaceholderRevised
        )

    @pytest.mark.parametrize(("command", "fields"), [(demand.FillDemand, FILL), (demand.WithdrawDemand, HERE)])
    def test_it_is_closed_once_now_or_later_unless_corrected(
        self, command: type[Command], fields: dict[str, str]
    ) -> None:
        filled = given(PLANNED, FILLED).elsewhere(ANNS, *an_allocation())
        filled.when(command, occurring="2026-04-01", **fields).refused(Rejected, "--supersedes")
        assert len(filled.correcting(2).when(command, occurring="2026-04-01", **fields).decide()) == 1

    def test_filling_by_an_allocation_of_the_same_project(self) -> None:
        given(PLANNED).elsewhere(ANNS, *an_allocation()).when(demand.FillDemand, **FILL).then(
            workload.PlaceholderFilled(item="W-1", person=person("ann"), allocation="A1")
        )
        given(PLANNED).elsewhere(ANNS, *an_allocation("A2")).when(demand.FillDemand, **FILL).refused(
            NotFound, "no allocation A1"
        )
        given(PLANNED).when(demand.FillDemand, **FILL).refused(NotFound, "workload allocate")

    def test_an_allocation_that_was_released_or_is_elsewhere_fills_nothing(self) -> None:
        released = on("2026-05-01", workload.AllocationReleased(item="A1", last_day=None, reason=None))
        given(PLANNED).elsewhere(ANNS, *an_allocation(), *released).when(demand.FillDemand, **FILL).refused(
            NotFound, "that stands"
        )
        ((made, day),) = an_allocation()
        elsewhere = (made.model_copy(update={"project": "DAM-1"}), day)
        given(PLANNED).elsewhere(ANNS, elsewhere).when(demand.FillDemand, **FILL).refused(
            Rejected, "is for project DAM-1"
        )

    def test_withdrawing(self) -> None:
        given(PLANNED).when(demand.WithdrawDemand, **HERE, reason="bought in").then(
            workload.PlaceholderWithdrawn(item="W-1", reason=A_NOTE)
        )


ITEM = {"project": "crane-7", "item": "w-12"}
CREATED = on(
    "2026-02-01",
    facts.WorkCreated(
        work_type="task",
        title=A_NOTE,
        parent=None,
        status="Open",
        category="queue",
        assignee=None,
        estimate=Decimal(16),
        planned_start=None,
        planned_finish=None,
    ),
)
STARTED = on(
    "2026-03-01",
    facts.Moved(from_status="Open", from_category="queue", status="In progress", category="active"),
)
BLOCKED = on("2026-04-01", facts.Blocked(reason=None))
UNBLOCKED = on("2026-04-15", facts.Unblocked())
DONE = on("2026-05-01", facts.WorkDone(status="Done", category="done"))
REOPENED = on("2026-05-15", facts.WorkReopened(status="In progress", category="active"))
REMOVED = on("2026-06-01", facts.WorkRemoved(reason=None))
CHANGES: list[tuple[type[Command], dict[str, Any]]] = [
    (work.MoveWork, {"status": "In progress", "category": "active"}),
    (work.AssignWork, {"assignee": "ann"}),
    (work.ReEstimateWork, {"estimate": "24"}),
    (work.BlockWork, {}),
    (work.FinishWork, {}),
    (work.RemoveWork, {}),
]


class TestCreatingWork:
    def test_an_item_with_its_stream(self) -> None:
        fields = {**ITEM, "work_type": "task", "title": "Order the rails", "estimate": "16"}
        given().when(work.CreateWork, **fields).then(*(event for event, _ in CREATED))
        command = work.CreateWork(project="crane-7", item="w-12", parent="w-1")
        assert command.stream() == "work:CRANE-7/W-12"
        assert command.references() == ("project:CRANE-7", "work:CRANE-7/W-1")
        assert work.AssignWork(**ITEM).references() == ("project:CRANE-7",)

    def test_a_key_is_taken_now_or_later_unless_corrected_or_removed(self) -> None:
        given(CREATED).when(work.CreateWork, **ITEM).refused(Rejected, "has an item W-12 already")
        given(CREATED).when(work.CreateWork, occurring="2026-01-01", **ITEM).refused(Rejected, "--supersedes")
        given(CREATED).correcting(1).when(work.CreateWork, **ITEM).then_type(facts.WorkCreated)
        given(CREATED, REMOVED).when(work.CreateWork, **ITEM).then_type(facts.WorkCreated)

    def test_malformed(self) -> None:
        given().when(work.CreateWork, **ITEM, parent="W-12").refused(BadInput, "part of itself")
        days = {"planned_start": "2026-05-02", "planned_finish": "2026-05-01"}
        given().when(work.CreateWork, **ITEM, **days).refused(BadInput, "--planned-finish")


class TestWork:
    @pytest.mark.parametrize(("command", "fields"), CHANGES)
    def test_only_what_exists_changes(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, **ITEM, **fields).refused(NotFound, "work create")
        given(CREATED, REMOVED).when(command, **ITEM, **fields).refused(NotFound, "was removed")
        assert len(given(CREATED).when(command, **ITEM, **fields).decide()) == 1

    @pytest.mark.parametrize(("command", "fields"), CHANGES)
    def test_a_fact_from_before_the_item_was_known(self, command: type[Command], fields: dict[str, str]) -> None:
        assert len(given(CREATED).when(command, occurring="2026-01-15", **ITEM, **fields).decide()) == 1

    def test_a_move_knows_where_from(self) -> None:
        review = {**ITEM, "status": "In review", "category": "active"}
        given(CREATED, STARTED).when(work.MoveWork, **review).then(
            facts.Moved(from_status="In progress", from_category="active", status="In review", category="active")
        )
        given(CREATED, STARTED).when(work.MoveWork, occurring="2026-02-15", **review).then(
            facts.Moved(from_status="Open", from_category="queue", status="In review", category="active")
        )
        given(CREATED).when(work.MoveWork, occurring="2026-01-15", **review).then(
            facts.Moved(from_status=None, from_category=None, status="In review", category="active")
        )
        given(CREATED, STARTED).correcting(2).when(work.MoveWork, **review).then(
            facts.Moved(from_status="Open", from_category="queue", status="In review", category="active")
        )

    def test_being_done_has_its_own_commands(self) -> None:
        given(CREATED).when(work.MoveWork, **ITEM, status="Done", category="done").refused(BadInput, "'pmo work done'")
        given(CREATED, DONE).when(work.MoveWork, **ITEM, status="Open", category="queue").refused(
            Rejected, "'pmo work reopen'"
        )

    def test_assigning_to_somebody_and_to_nobody(self) -> None:
        given(CREATED).when(work.AssignWork, **ITEM, assignee="ann").then(facts.Assigned(assignee=person("ann")))
        given(CREATED).when(work.AssignWork, **ITEM).then(facts.Assigned(assignee=None))

    def test_estimates(self) -> None:
        given(CREATED).when(work.ReEstimateWork, **ITEM).refused(BadInput, "--estimate")
        days = {"planned_start": "2026-05-02", "planned_finish": "2026-05-01"}
        given(CREATED).when(work.ReEstimateWork, **ITEM, **days).refused(BadInput, "--planned-finish")
        given(CREATED).when(work.ReEstimateWork, **ITEM, estimate=0, planned_start="2026-05-02").then(
            facts.ReEstimated(
                total_effort=Decimal(0),
                remaining_effort=None,
                percent_complete=None,
                planned_start=date(2026, 5, 2),
                planned_finish=None,
            )
        )

    def test_blocking_and_unblocking(self) -> None:
        given(CREATED).when(work.BlockWork, **ITEM, reason="no steel").then(facts.Blocked(reason=A_NOTE))
        given(CREATED, BLOCKED).when(work.BlockWork, **ITEM).refused(Rejected, "blocked already")
        given(CREATED, BLOCKED).when(work.BlockWork, occurring="2026-03-15", **ITEM).refused(Rejected, "--supersedes")
        given(CREATED, BLOCKED).correcting(2).when(work.BlockWork, occurring="2026-03-15", **ITEM).then_type(
            facts.Blocked
        )
        given(CREATED).when(work.UnblockWork, **ITEM).refused(Rejected, "not blocked")
        given(CREATED, BLOCKED).when(work.UnblockWork, **ITEM).then(facts.Unblocked())
        ended = given(CREATED, BLOCKED, UNBLOCKED)
        ended.when(work.UnblockWork, **ITEM).refused(Rejected, "not blocked")
        ended.when(work.UnblockWork, occurring="2026-04-10", **ITEM).refused(Rejected, "unblocked already")
        ended.when(work.BlockWork, **ITEM).then_type(facts.Blocked)
        # an earlier stretch, found out late
        ended.when(work.BlockWork, occurring="2026-04-20", **ITEM).then_type(facts.Blocked)

    def test_done_once_now_or_later_unless_corrected(self) -> None:
        given(CREATED, STARTED).when(work.FinishWork, **ITEM, status="Closed").then(
            facts.WorkDone(status="Closed", category="done")
        )
        done = given(CREATED, DONE)
        done.when(work.FinishWork, **ITEM).refused(Rejected, "correct it by --supersedes")
        done.when(work.FinishWork, occurring="2026-04-01", **ITEM).refused(Rejected, "correct it by --supersedes")
        done.correcting(2).when(work.FinishWork, occurring="2026-04-01", **ITEM).then_type(facts.WorkDone)
        given(CREATED, DONE, REOPENED).when(work.FinishWork, **ITEM).then_type(facts.WorkDone)

    def test_reopening(self) -> None:
        given(CREATED, DONE).when(work.ReopenWork, **ITEM).then(
            facts.WorkReopened(status="In progress", category="active")
        )
        given(CREATED, STARTED).when(work.ReopenWork, **ITEM).refused(Rejected, "not done")
        given(CREATED, DONE).when(work.ReopenWork, **ITEM, category="done").refused(BadInput, "--category")
        given(CREATED, DONE, REOPENED).when(work.ReopenWork, occurring="2026-05-05", **ITEM).refused(
            Rejected, "reopened already"
        )
        given().when(work.ReopenWork, **ITEM).refused(NotFound, "does not exist")

    def test_removed_once_now_or_later_unless_corrected(self) -> None:
        given(CREATED).when(work.RemoveWork, **ITEM, reason="duplicate").then(facts.WorkRemoved(reason=A_NOTE))
        removed = given(CREATED, REMOVED)
        removed.when(work.RemoveWork, occurring="2026-05-15", **ITEM).refused(Rejected, "removed already")
        removed.correcting(2).when(work.RemoveWork, occurring="2026-05-15", **ITEM).then_type(facts.WorkRemoved)
        removed.when(work.AssignWork, occurring="2026-05-15", **ITEM).then_type(facts.Assigned)
