"""What importing a plan records: its own times, once, and of a newer file the difference only."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from plan_files import PLANNER, XER, assignment, crane, hours, mspdi, resource, task, worked

from schemas.delivery import MilestoneDropped, MilestoneMoved, MilestonePlanned, MilestoneReached
from schemas.event import Event, Record
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
from services.commands.directory import pseudonym
from services.commands.intake import Intake
from services.errors import BadInput
from services.importers.msproject.mapping import Mapping, load, write
from services.importers.msproject.reader import PlanReader
from services.importers.msproject.record import FileReport, guessed, read, record
from services.settings import Settings

SECRET = "x" * 32
KEY = "CRANE-7"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
OPS = Mapping(unit="OPS")
Import = Callable[..., FileReport]


@pytest.fixture(scope="module", autouse=True)
def one_java() -> Iterator[None]:
    """One reading process for all these files: starting Java takes longer than reading them."""
    with PlanReader() as reader, pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlanReader, "__enter__", lambda self: reader)
        patch.setattr(PlanReader, "__exit__", lambda *_: None)
        yield
    reader._stop()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Governance]:
    settings = Settings.of({"home": tmp_path, "workspace_id": "test", "secret": SECRET, "time_zone": "UTC"})
    with contextlib.closing(Governance(settings)) as app:
        yield app


@pytest.fixture
def imported(app: Governance) -> Import:
    def run(path: Path, mapping: Mapping = OPS, code: str | None = KEY, **more: Any) -> FileReport:
        files = read([path], mapping, NOW, code=code, **{k: v for k, v in more.items() if k == "data_date"})
        (report,) = record(app, files, mapping, dry_run=more.get("dry_run", False))
        return report

    return run


def events(app: Governance, stream: str) -> list[Event]:
    return [r.event for r in app.history(stream).active()]


def records(app: Governance, stream: str, of: type[Event]) -> list[Record]:
    return [r for r in app.history(stream).active() if isinstance(r.event, of)]


def person(name: str) -> str:
    return pseudonym(SECRET, f"msproject:{name}")


ANN, BOB = person("ann@example.org"), person(f"{KEY}/2")


def kinds(report: FileReport) -> Counter[str]:
    return Counter(r.event.type_name.removeprefix("pmo.").rpartition(".")[0] for r in report.records)


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


def later(path: Path, **changes: Any) -> Path:
    header = {"StatusDate": "2026-03-31T17:00:00", "LastSaved": "2026-04-01T09:00:00"}
    return crane(path, header=header, **changes)


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


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"ActualFinish": "2026-12-24T17:00:00"}, "ActualFinish", "lies in the future"),
        ({"Finish": "2026-01-01T17:00:00"}, "Finish", "lies before its Start"),
        ({"Cost": -100}, "Cost", "less than nothing"),
        ({"PercentComplete": 140}, "PercentComplete", "is no share of 100"),
        ({"Work": "PT99999999H0M0S"}, "Work", "more than can be"),
    ],
)
def test_a_wrong_task_is_rejected_with_its_field(
    imported: Import, tmp_path: Path, change: dict[str, Any], column: str, reason: str
) -> None:
    report = imported(crane(tmp_path / "a.xml", tasks={"rails": change}))
    (fault,) = report.rejected
    assert (fault.row, fault.column) == ("task 2 (UID 2)", column) and reason in fault.reason
    assert report.rows == report.recorded + report.unchanged + len(report.rejected) + len(report.ignored)


def test_what_is_left_out_is_said_with_its_reason(imported: Import, tmp_path: Path) -> None:
    path = mspdi(
        tmp_path / "a.xml",
        [
            task(1, "Dig", "2026-01-05", "2026-01-09"), {"UID": 2, "ID": 2, "IsNull": 1},
            task(3, "Never", "2026-01-05", "2026-01-09", Active=0),
            task(4, "Theirs", "2026-01-05", "2026-01-09", ExternalTask=1),
        ],
        [
            resource(0, None), resource(1, "Ann"), resource(2, "Steel", Type=0), resource(3, "Travel", Type=2),
            resource(4, "Any", IsGeneric=1),
        ],
        [
            assignment(1, 1, -65535, "2026-01-05", "2026-01-09", 40),
            assignment(2, 1, 2, "2026-01-05", "2026-01-09", 40),
            assignment(3, 1, 1, "2026-01-05", "2026-01-09", 0),
            assignment(4, 3, 1, "2026-01-05", "2026-01-09", 40),
        ],
    )  # fmt: skip
    report = imported(path)
    assert sorted(row.reason for row in report.ignored) == sorted([
        "it is the project itself", "an empty row", "an inactive task", "a task of another project",
        "a resource without a name", "a material resource, and no person", "a cost resource, and no person",
        "a role or team that no task needs", "nobody is assigned", "its resource is left out", "no work is assigned",
        "its task is left out",
    ])  # fmt: skip
    assert report.rows == report.recorded + len(report.ignored)


def test_day_that_a_file_shows(app: Governance, imported: Import, tmp_path: Path) -> None:
    report = imported(crane(tmp_path / "a.xml", header={"StatusDate": None}))
    assert "it has no status date, so it is taken to show 2026-03-02, when it was last saved" in report.notes
    with pytest.raises(BadInput, match="status date, 2027-01-31, lies in the future; give the day .* --data-date"):
        imported(crane(tmp_path / "b.xml", header={"StatusDate": "2027-01-31T17:00:00"}))
    imported(crane(tmp_path / "b.xml", header={"StatusDate": "2027-01-31T17:00:00"}), data_date=dt.date(2026, 5, 1))
    assert records(app, f"project:{KEY}", Recorded)[-1].occurred_at.date() == dt.date(2026, 5, 1)


def test_a_currency_is_asked_for(imported: Import, tmp_path: Path) -> None:
    path = crane(tmp_path / "a.xml", header={"CurrencyCode": None})
    with pytest.raises(BadInput, match=r"a.xml holds costs and no currency; give one, such as --currency EUR\."):
        imported(path)
    report = imported(path, Mapping().with_options("ops", "gbp"))
    assert {r.event.currency for r in report.records if isinstance(r.event, Recorded)} == {"GBP"}


def test_two_plans_of_one_name_are_not_taken_for_one(imported: Import, tmp_path: Path) -> None:
    bare = {"GUID": None}
    imported(crane(tmp_path / "a.xml", header=bare), code=None)
    with pytest.raises(BadInput, match="would be project CRANE-RENEWAL-.*, which is known from another plan"):
        imported(crane(tmp_path / "b.xml", header={**bare, "CreationDate": "2025-11-11T08:00:00"}), code=None)
    assert (
        imported(crane(tmp_path / "c.xml", header={**bare, "StatusDate": "2026-03-31T17:00:00"}), code=None).recorded
        == 1
    )


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_plan_of_a_name_that_is_taken_is_left_out_alone(app: Governance, tmp_path: Path, dry_run: bool) -> None:
    bare = {"GUID": None}
    first = crane(tmp_path / "a.xml", header=bare)
    other = crane(tmp_path / "b.xml", header={**bare, "CreationDate": "2025-11-11T08:00:00"})
    last = crane(tmp_path / "c.xml", header={"GUID": None, "Title": "Quay wall"})
    reports = record(app, read([first, other, last], OPS, NOW), OPS, dry_run=dry_run)
    assert [(each.file, each.refused is None) for each in reports] == [
        ("a.xml", True),
        ("b.xml", False),
        ("c.xml", True),
    ]
    refused = reports[1]
    assert (refused.refused or "").startswith("b.xml would be project CRANE-RENEWAL-")
    assert (refused.rejections, refused.recorded, refused.events) == (refused.rows, 0, 0)
    assert reports[0].recorded
    assert reports[2].recorded
    assert reports[2].projects != reports[0].projects
    assert len(app.store.streams("project")) == (0 if dry_run else 2)
    if not dry_run:
        with pytest.raises(BadInput, match="^b.xml would be project"):
            record(app, read([other], OPS, NOW), OPS)


def test_what_was_recorded_before_a_file_that_cannot_be_is_said(app: Governance, tmp_path: Path) -> None:
    first, second = crane(tmp_path / "a.xml"), crane(tmp_path / "b.xml", header={"Title": "Quay wall", "GUID": None})
    files = read([first, second], OPS, NOW)
    states = files[1].wanted[0].states
    states[-1] = replace(states[-1], fields={**states[-1].fields, "actual_cost": -1.0})
    with pytest.raises(BadInput, match=r"^The project's actual cost is -1, .*\. Recorded before it: a.xml\.$"):
        record(app, files, OPS)


def test_primavera_and_planner(app: Governance, imported: Import, tmp_path: Path) -> None:
    (tmp_path / "quay.xer").write_text(XER, newline="")
    (tmp_path / "quay.planner").write_text(PLANNER)
    assert imported(tmp_path / "quay.xer", code=None).projects == ("QUAY-9",)
    assert app.store.streams("work") == ["work:QUAY-9/A1000"]
    report = imported(tmp_path / "quay.planner", code=None, data_date=dt.date(2026, 1, 5))
    assert report.projects == ("QUAY",)
    assert [e.weekly_hours for e in events(app, f"workload:{person('cem@example.org')}")] == [40]  # type: ignore[attr-defined]


def test_a_person_is_another_source_s_only_where_the_mapping_says_so(
    app: Governance, imported: Import, tmp_path: Path
) -> None:
    for path, said in (("unit register", {"unit": "OPS", "name": "Operations"}),
                       ("person join", {"person": "ann", "unit": "OPS", "role": "Engineer"})):  # fmt: skip
        app.handle(Intake(SECRET).prepare(BY_PATH[path], said, {}), Meta("system:test", on=dt.date(2025, 1, 1)))
    imported(crane(tmp_path / "a.xml"), Mapping(unit="OPS", people={"ann@example.org": "ann"}))
    ann = pseudonym(SECRET, "ann")
    assert len(records(app, f"person:{ann}", PersonJoined)) == 1 and not app.history(f"person:{ANN}").version
    assert records(app, f"workload:{ann}", AllocationPlanned)


def test_a_mapping_is_written_edited_and_read(imported: Import, tmp_path: Path) -> None:
    path, mapping = crane(tmp_path / "a.xml"), Mapping(unit="OPS")
    write(tmp_path / "plans.yaml", guessed(read([path], mapping, NOW), mapping))
    with pytest.raises(BadInput, match="exists already"):
        write(tmp_path / "plans.yaml", mapping)
    text = (tmp_path / "plans.yaml").read_text()
    (tmp_path / "plans.yaml").write_text(text.replace(f"{GUID_KEY}\n", "CRANE-9\n"))
    report = imported(path, load(tmp_path / "plans.yaml"), code=None)
    assert report.projects == ("CRANE-9",)
    (tmp_path / "plans.yaml").write_text("unit: OPS\npeople: [ann]\n")
    with pytest.raises(BadInput, match="plans.yaml, line 2: people"):
        load(tmp_path / "plans.yaml")
    (tmp_path / "plans.yaml").write_text("unit: OPS\ncurency: EUR\n")
    with pytest.raises(BadInput, match="line 2: curency: there is no key `curency` .did you mean `currency`"):
        load(tmp_path / "plans.yaml")


GUID_KEY = "0B0E5D1A-3A70-4D67-8A2E-000000000001"


def test_nothing_is_recorded_of_a_file_that_fails(app: Governance, imported: Import, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<Project xmlns='http://schemas.microsoft.com/project'><Tasks>")
    with pytest.raises(BadInput):
        imported(tmp_path / "a.xml")
    assert not app.store.streams()


def test_a_milestone_is_reached_and_taken_back(app: Governance, imported: Import, tmp_path: Path) -> None:
    reached = {"PercentComplete": 100, "ActualStart": "2026-02-20T17:00:00", "ActualFinish": "2026-02-20T17:00:00"}
    imported(crane(tmp_path / "a.xml", tasks={"ready": reached}))
    assert [r.occurred_at.day for r in records(app, f"project:{KEY}", MilestoneReached)] == [20]
    imported(later(tmp_path / "b.xml"))
    assert not records(app, f"project:{KEY}", MilestoneReached)


def test_hours_of_a_day_have_a_limit(app: Governance, imported: Import, tmp_path: Path) -> None:
    rows = worked(2, d2026_02_23=30)
    report = imported(
        crane(tmp_path / "a.xml", assignments={"hoist": {"TimephasedData": rows, "ActualWork": hours(30)}})
    )
    assert "30 hours of one person on 2026-02-23 are cut to 24" in report.notes
    assert [e.hours for e in events(app, f"timesheet:{BOB}/2026-W09")] == [Decimal(24)]  # type: ignore[attr-defined]
