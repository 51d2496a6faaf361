"""What importing a plan records: its own times, once, and of a newer file the difference only."""

import datetime as dt
from pathlib import Path

import pytest

from schemas.delivery import MilestoneDropped, MilestoneMoved, MilestonePlanned
from schemas.governance import ImportCompleted
from schemas.organisation import AbsencePlanned, PersonHoursChanged, PersonJoined
from schemas.progress import Recorded
from schemas.work import Moved, ReEstimated, WorkCreated, WorkDone, WorkRemoved, WorkReopened, WorkScheduled
from schemas.workload import (
    AllocationPlanned,
    AllocationReleased,
    AllocationRevised,
    HoursCorrected,
    HoursLogged,
    PlaceholderPlanned,
    PlaceholderWithdrawn,
)
from services.commands.app import Governance, Meta, UnitOfWork
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from tests.unit.plan_files import crane, hours, worked
from tests.unit.plans.recording import ANN, BOB, KEY, SECRET, Import, events, kinds, later, records

pytestmark = pytest.mark.usefixtures("one_java")


def test_rows_are_recorded_unchanged_rejected_and_ignored(app: Governance, imported: Import, tmp_path: Path) -> None:
    report = imported(crane(tmp_path / "crane.xml"))
    assert (report.rows, report.recorded, report.unchanged, len(report.rejected), len(report.ignored)) == (
        12,
        11,
        0,
        0,
        1,
    )
    (done,) = records(app, f"import:MSPROJECT-{report.digest[:16].upper()}", ImportCompleted)
    assert isinstance(done.event, ImportCompleted)
    assert (done.event.rows, done.event.recorded, done.event.ignored) == (12, 11, 1)


def test_the_same_file_again_records_nothing(imported: Import, tmp_path: Path) -> None:
    path = crane(tmp_path / "crane.xml")
    first, again = imported(path), imported(path)
    assert first.events > 30
    assert (again.recorded, again.unchanged, again.events) == (0, 11, 0)


def test_a_dry_run_records_nothing_and_says_the_same(app: Governance, imported: Import, tmp_path: Path) -> None:
    path = crane(tmp_path / "crane.xml")
    dry = imported(path, dry_run=True)
    assert not app.store.streams()
    assert kinds(dry) == kinds(imported(path))


def test_the_baseline_is_the_state_first_shown_and_asserts_no_decision(
    app: Governance, imported: Import, tmp_path: Path
) -> None:
    report = imported(crane(tmp_path / "crane.xml"))
    baseline, now = records(app, f"project:{KEY}", Recorded)
    assert isinstance(baseline.event, Recorded) and isinstance(now.event, Recorded)
    assert (baseline.event.category, baseline.event.budget, baseline.event.currency) == ("Baseline 0", 6500, "EUR")
    assert (baseline.event.start, baseline.event.finish) == (dt.date(2026, 1, 5), dt.date(2026, 2, 27))
    assert (now.event.finish, now.event.forecast_cost, now.event.budget) == (dt.date(2026, 3, 27), 7500, 6500)
    assert now.occurred_at == dt.datetime(2026, 2, 27, tzinfo=dt.UTC)
    assert now.reported_at == dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
    assert "project.baseline-set" not in kinds(report) and "project.approved" not in kinds(report)


def test_tasks_begin_and_end_at_their_own_times(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml"))
    created, plan, moved, done, scheduled = app.history(f"work:{KEY}/2").active()
    assert isinstance(created.event, WorkCreated) and isinstance(scheduled.event, WorkScheduled)
    assert isinstance(plan.event, ReEstimated)
    assert (plan.event.total_effort, plan.event.remaining_effort, plan.event.percent_complete) == (80, 0, 1)
    assert (created.event.parent, created.event.assignee, created.event.estimate) == ("1", ANN, 80)
    assert created.occurred_at == dt.datetime(2025, 12, 1, 8, tzinfo=dt.UTC)
    assert (type(moved.event), moved.occurred_at.isoformat()) == (Moved, "2026-01-05T08:00:00+00:00")
    assert (type(done.event), done.occurred_at.isoformat()) == (WorkDone, "2026-01-16T17:00:00+00:00")
    assert scheduled.occurred_at.date() == dt.date(2026, 2, 27)
    assert (scheduled.event.actual_effort, scheduled.event.actual_cost, scheduled.event.currency) == (80, 5000, "EUR")
    assert [(b.number, b.effort, b.cost) for b in scheduled.event.baselines] == [(0, 64, 4000)]
    assert [(a.person, a.units, a.effort, a.actual_effort) for a in scheduled.event.assignments] == [(ANN, 1, 80, 80)]


def test_a_summary_has_no_estimate_of_its_own(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml", tasks={"phase": {"Work": hours(120)}}))
    (created,) = records(app, f"work:{KEY}/1", WorkCreated)
    assert isinstance(created.event, WorkCreated)
    assert (created.event.work_type, created.event.estimate) == ("summary", None)


def test_a_milestone_has_its_baseline_as_the_day_first_planned(
    app: Governance, imported: Import, tmp_path: Path
) -> None:
    imported(crane(tmp_path / "crane.xml"))
    planned, moved = [e for e in events(app, f"project:{KEY}") if isinstance(e, MilestonePlanned | MilestoneMoved)]
    assert (planned.item, planned.due, moved.due) == ("4", dt.date(2026, 2, 27), dt.date(2026, 3, 27))


def test_people_join_without_their_names_in_the_log(app: Governance, imported: Import, tmp_path: Path) -> None:
    report = imported(crane(tmp_path / "crane.xml"))
    (ann,) = records(app, f"person:{ANN}", PersonJoined)
    (bob,) = records(app, f"person:{BOB}", PersonJoined)
    assert isinstance(ann.event, PersonJoined) and isinstance(bob.event, PersonJoined)
    assert (ann.event.unit, ann.event.role, ann.event.weekly_hours) == ("OPS", "Engineering", 40)
    assert ann.occurred_at.date() == dt.date(2026, 1, 5)
    assert bob.event.weekly_hours == 20
    assert app.store.values([f"person:{ANN}"])[f"person:{ANN}"] == {"name": "Ann Example", "email": "ann@example.org"}
    log = b"".join(r.to_bytes() for r in report.records)
    assert not any(said in log for said in (b"Ann", b"example.org", b"Order the rails", b"Bob"))


def test_units_that_change_change_the_hours(app: Governance, imported: Import, tmp_path: Path) -> None:
    periods = [
        {"AvailableFrom": "1984-01-01T00:00:00", "AvailableTo": "2026-01-31T23:59:00", "AvailableUnits": 1},
        {"AvailableFrom": "2026-02-01T00:00:00", "AvailableTo": "2049-12-31T23:59:00", "AvailableUnits": 0.5},
    ]
    imported(crane(tmp_path / "c.xml", resources={"ann": {"AvailabilityPeriods": {"AvailabilityPeriod": periods}}}))
    (joined,), (changed,) = (records(app, f"person:{ANN}", of) for of in (PersonJoined, PersonHoursChanged))
    assert (joined.event.weekly_hours, changed.event.weekly_hours) == (40, 20)  # type: ignore[attr-defined]
    assert changed.occurred_at.date() == dt.date(2026, 2, 1)


def test_absences_are_days_off_of_the_calendar(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml"))
    (absence,) = records(app, f"person:{ANN}", AbsencePlanned)
    assert isinstance(absence.event, AbsencePlanned)
    assert (absence.event.first_day, absence.event.last_day, absence.event.share) == (
        dt.date(2026, 3, 9), dt.date(2026, 3, 13), 1,
    )  # fmt: skip


def test_planned_hours_are_one_allocation_a_week(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml"))
    planned = [e for e in events(app, f"workload:{BOB}") if isinstance(e, AllocationPlanned)]
    assert [(e.item, e.first_day, e.weekly_hours, e.hard) for e in planned] == [
        ("CRANE-7.2026-W09", dt.date(2026, 2, 23), 18, True), ("CRANE-7.2026-W10", dt.date(2026, 3, 2), 22, True),
    ]  # fmt: skip


def test_a_proposed_resource_is_only_pencilled_in(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml", resources={"bob": {"BookingType": 1}}))
    assert {e.hard for e in events(app, f"workload:{BOB}") if isinstance(e, AllocationPlanned)} == {False}


def test_a_role_is_demand_and_no_person(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml"))
    placed = [e for e in events(app, f"demand:{KEY}") if isinstance(e, PlaceholderPlanned)]
    assert [(e.role, e.first_day.isoformat(), e.weekly_hours) for e in placed] == [
        ("Welder", "2026-02-23", 20), ("Welder", "2026-03-02", 20),
    ]  # fmt: skip
    assert len(app.store.streams("person")) == 2


def test_a_team_is_more_than_one_person_can_be(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml", resources={"bob": {"MaxUnits": "5.00"}}))
    assert {e.role for e in events(app, f"demand:{KEY}") if isinstance(e, PlaceholderPlanned)} == {
        "Welder",
        "Bob Example",
    }


def test_hours_worked_are_logged_on_their_days(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "crane.xml"))
    logged = records(app, f"timesheet:{BOB}/2026-W09", HoursLogged)
    assert [(r.event.day.day, r.event.hours) for r in logged] == [(23, 4), (24, 4), (25, 2)]  # type: ignore[attr-defined]
    assert [r.occurred_at.date().day for r in logged] == [23, 24, 25]


def test_hours_that_are_not_told_by_day_are_not_made_up(app: Governance, imported: Import, tmp_path: Path) -> None:
    report = imported(crane(tmp_path / "crane.xml", assignments={"rails": {"TimephasedData": None}}))
    assert not [s for s in app.store.streams("timesheet") if ANN in s]
    assert "1 assignment has hours worked, but not by day: no timesheet is made of these" in report.notes
    scheduled = UnitOfWork(app).state(f"work:{KEY}/2").last(WorkScheduled)
    assert scheduled and scheduled.assignments[0].actual_effort == 80


def test_a_newer_file_records_only_the_difference(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    done = {
        "PercentComplete": 100, "ActualFinish": "2026-03-10T17:00:00", "Finish": "2026-03-10T17:00:00",
        "ActualWork": hours(40), "RemainingWork": hours(0),
    }  # fmt: skip
    report = imported(later(tmp_path / "b.xml", tasks={"hoist": done}))
    assert kinds(report) == {
        "project.recorded": 1, "work.re-estimated": 1, "work.done": 1, "work.scheduled": 1, "import.completed": 1,
    }  # fmt: skip
    assert (report.recorded, report.unchanged) == (2, 9)
    assert [r.occurred_at.date() for r in records(app, f"work:{KEY}/3", WorkDone)] == [dt.date(2026, 3, 10)]


def test_what_is_gone_is_removed_and_no_outcome(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    gone = {"tasks": {"hoist": None, "ready": None}, "assignments": {"hoist": None, "weld": None}}
    report = imported(later(tmp_path / "b.xml", **gone))
    assert records(app, f"work:{KEY}/3", WorkRemoved) and not records(app, f"work:{KEY}/3", WorkDone)
    assert [e.item for e in events(app, f"project:{KEY}") if isinstance(e, MilestoneDropped)] == ["4"]
    assert len(records(app, f"workload:{BOB}", AllocationReleased)) == 2
    assert len(records(app, f"demand:{KEY}", PlaceholderWithdrawn)) == 2
    assert [r.event.hours for r in records(app, f"timesheet:{BOB}/2026-W09", HoursCorrected)] == [0, 0, 0]  # type: ignore[attr-defined]
    assert imported(tmp_path / "b.xml").events == 0
    back = imported(crane(tmp_path / "c.xml", header={"StatusDate": "2026-04-30T17:00:00"}))
    assert {"work.created", "project.milestone-planned", "workload.allocation-planned"} <= set(kinds(back))
    assert imported(tmp_path / "c.xml").events == 0
    assert report.events > 8


def test_a_rejected_row_is_not_gone(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    wrong = {"Finish": "2026-01-01T08:00:00"}
    report = imported(later(tmp_path / "b.xml", tasks={"hoist": wrong}, assignments={"hoist": wrong}))
    assert [(fault.row, fault.column) for fault in report.rejected] == [
        ("assignment UID 2 (task UID 3)", "Finish"), ("task 3 (UID 3)", "Finish"),
    ]  # fmt: skip
    assert not records(app, f"work:{KEY}/3", WorkRemoved) and not records(app, f"workload:{BOB}", AllocationReleased)


def test_an_older_file_adds_its_state_and_takes_nothing_back(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(later(tmp_path / "b.xml"))
    old = imported(crane(tmp_path / "a.xml", tasks={"hoist": None}))
    assert kinds(old) == {"project.recorded": 2, "import.completed": 1}, "its own state, and that the baseline stood"
    assert not records(app, f"work:{KEY}/3", WorkRemoved)
    assert [imported(tmp_path / name).events for name in ("b.xml", "a.xml")] == [0, 0]


def test_hours_and_plans_that_change_are_corrected(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    rows = [*worked(2, d2026_02_23=6, d2026_02_24=4), *({**r, "Type": 1} for r in worked(2, d2026_03_02=30))]
    imported(later(tmp_path / "b.xml", assignments={"hoist": {"TimephasedData": rows}}))
    said = [(type(e), e.day.day, e.hours) for e in events(app, f"timesheet:{BOB}/2026-W09")[3:]]  # type: ignore[attr-defined]
    assert said == [(HoursCorrected, 23, 6), (HoursCorrected, 25, 0)]
    revised = [e for e in events(app, f"workload:{BOB}") if isinstance(e, AllocationRevised)]
    assert [(e.item[-3:], e.weekly_hours) for e in revised] == [("W09", 10), ("W10", 30)]


def test_another_title_takes_the_place_of_the_one_before(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    report = imported(later(tmp_path / "b.xml", tasks={"rails": {"Name": "Order the rails and sleepers"}}))
    assert kinds(report)["work.created"] == 1
    (created,) = records(app, f"work:{KEY}/2", WorkCreated)
    note = created.event.title  # type: ignore[attr-defined]
    assert app.store.values([f"note:{note.id}"])[f"note:{note.id}"]["text"] == "Order the rails and sleepers"
    assert created.supersedes == 1 and created.occurred_at.year == 2025


def test_a_task_that_is_no_longer_done_goes_on(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    on = {"PercentComplete": 50, "ActualFinish": None, "Finish": "2026-04-10T17:00:00"}
    imported(later(tmp_path / "b.xml", tasks={"rails": on}))
    (reopened,) = records(app, f"work:{KEY}/2", WorkReopened)
    assert reopened.occurred_at.date() == dt.date(2026, 3, 31)
    assert imported(tmp_path / "b.xml").events == 0
    done = crane(tmp_path / "c.xml", header={"StatusDate": "2026-04-30T17:00:00"})
    imported(done)
    assert imported(done).events == 0
    last = UnitOfWork(app).state(f"work:{KEY}/2").record(Moved, WorkDone, WorkReopened)
    assert last and isinstance(last.event, WorkDone)


def test_a_finish_on_another_day_replaces_the_one_before(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    imported(later(tmp_path / "b.xml", tasks={"rails": {"ActualFinish": "2026-01-15T17:00:00"}}))
    assert [r.occurred_at.day for r in records(app, f"work:{KEY}/2", WorkDone)] == [15]


def test_what_people_recorded_stands(app: Governance, imported: Import, tmp_path: Path) -> None:
    imported(crane(tmp_path / "a.xml"))
    said = {"person": f"person:{BOB}", "allocation": f"{KEY}.2026-W10", "project": KEY, "first_day": "2026-03-02",
            "last_day": "2026-03-08", "weekly_hours": "5"}  # fmt: skip
    app.handle(Intake(SECRET).prepare(BY_PATH["workload revise"], said, {}), Meta("system:test"))
    assert imported(tmp_path / "a.xml").events == 0
    assert imported(later(tmp_path / "b.xml", assignments={"hoist": None})).events
    last = UnitOfWork(app).state(f"workload:{BOB}").parts(AllocationPlanned, AllocationRevised, AllocationReleased)
    assert last[f"{KEY}.2026-W10"].event.weekly_hours == 5  # type: ignore[attr-defined]
