"""Every carried column of a plan, imported and read back out of the state, is what stands in the file, cell by cell."""

import contextlib
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_files import assignment, hours, mspdi, resource, task, worked

from schemas.delivery import MilestoneMoved, MilestonePlanned, MilestoneReached
from schemas.organisation import PersonJoined
from schemas.work import Moved, ReEstimated, WorkCreated, WorkDone, WorkReopened, WorkScheduled
from schemas.workload import AllocationPlanned, AllocationRevised, HoursCorrected, HoursLogged
from services.commands.app import Governance, UnitOfWork
from services.commands.directory import pseudonym
from services.commands.fold import State
from services.importers.msproject.mapping import Mapping
from services.importers.msproject.reader import PlanReader
from services.importers.msproject.record import interpreted, record
from services.importers.msproject.tell_work import _as_plan
from services.settings import Settings

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SECRET, KEY = "x" * 32, "P"
MAPPING = Mapping(unit="OPS")
FIRST = dt.date(2026, 1, 5)
RELATIONS = {0: "finish-to-finish", 1: "finish-to-start", 2: "start-to-finish", 3: "start-to-start"}
LAG_UNITS = {5: ("hours", 600), 7: ("days", 4800), 9: ("weeks", 24000)}


@pytest.fixture(scope="module")
def reader() -> Iterator[PlanReader]:
    with PlanReader() as reader:
        yield reader


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """A plan as elements of MSPDI, and its newer version in which some values are others."""
    count = draw(st.integers(1, 5))
    people = [
        resource(uid, f"Person {uid}", EmailAddress=f"p{uid}@example.org",
                 Group=draw(st.sampled_from(["Steel", "Site"])),
                 MaxUnits=draw(st.sampled_from(["1.00", "0.50", "1.50"])))
        for uid in range(1, draw(st.integers(1, 3)) + 1)
    ]  # fmt: skip
    versions = []
    for _ in range(2):
        tasks = [draw(a_task(uid)) for uid in range(1, count + 1)]
        assignments = [
            draw(an_assignment(uid, tasks[draw(st.integers(0, count - 1))], draw(st.integers(1, len(people)))))
            for uid in range(1, draw(st.integers(0, 4)) + 1)
        ]
        versions.append((tasks, people, assignments))
    return {"versions": versions}


@st.composite
def a_task(draw: st.DrawFn, uid: int) -> dict[str, Any]:
    start = FIRST + dt.timedelta(weeks=draw(st.integers(0, 20)), days=draw(st.integers(0, 4)))
    finish = start + dt.timedelta(days=draw(st.integers(0, 30)))
    state = draw(st.sampled_from(["queue", "active", "done"]))
    cents = st.integers(0, 10**9)
    more: dict[str, Any] = {
        "Milestone": int(draw(st.integers(0, 5)) == 0),
        "Work": hours(draw(st.integers(0, 400))),
        "ActualWork": hours(draw(st.integers(0, 100)) if state != "queue" else 0),
        "RemainingWork": hours(draw(st.integers(0, 300))),
        "Duration": hours(draw(st.integers(0, 500))),
        "DurationFormat": draw(st.sampled_from([5, 7, 8, 9])),
        "PercentComplete": {"queue": 0, "active": draw(st.integers(1, 99)), "done": 100}[state],
        "Cost": draw(cents),
        "ActualCost": draw(cents),
        "Deadline": draw(st.sampled_from([None, f"{finish}T17:00:00"])),
        "ActualStart": None if state == "queue" else f"{start}T08:00:00",
        "ActualFinish": f"{finish}T17:00:00" if state == "done" else None,
        "Baseline": [
            {
                "Number": number,
                "Start": f"{start - dt.timedelta(days=number)}T08:00:00",
                "Finish": f"{finish}T17:00:00",
                "Work": hours(draw(st.integers(1, 400))),
                "Cost": draw(cents),
            }
            for number in draw(st.sets(st.integers(0, 10), max_size=3))
        ],
    }
    if uid > 1 and draw(st.booleans()):
        unit = draw(st.sampled_from(sorted(LAG_UNITS)))
        more["PredecessorLink"] = {
            "PredecessorUID": uid - 1,
            "Type": draw(st.sampled_from(sorted(RELATIONS))),
            "LinkLag": LAG_UNITS[unit][1] * draw(st.integers(-5, 5)),
            "LagFormat": unit,
        }
    name = draw(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20))
    return task(uid, name.strip() or "Dig", str(start), str(finish), **more)


@st.composite
def an_assignment(draw: st.DrawFn, uid: int, of: dict[str, Any], person: int) -> dict[str, Any]:
    first = dt.date.fromisoformat(of["Start"][:10])
    days = [first + dt.timedelta(days=n) for n in range(draw(st.integers(1, 12)))]
    each = [draw(st.integers(1, 7)) for _ in days]
    return assignment(
        uid, of["UID"], person, str(days[0]), str(days[-1]), sum(each),
        Units=draw(st.sampled_from(["1", "0.5", "1.5"])), ActualWork=hours(sum(each)), RemainingWork=hours(0),
        TimephasedData=worked(uid, **{f"d{day:%Y_%m_%d}": number for day, number in zip(days, each, strict=True)}),
    )  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans())
def test_what_stands_in_a_plan_stands_in_the_state(
    reader: PlanReader, tmp_path_factory: pytest.TempPathFactory, plan: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    workspace = Settings.of({"home": folder, "workspace_id": "test", "secret": SECRET, "time_zone": "UTC"})
    with contextlib.closing(Governance(workspace)) as app:
        for number, (tasks, people, assignments) in enumerate(plan["versions"]):
            header = {"StatusDate": f"2026-{9 + number:02}-30T17:00:00", "LastSaved": None}
            path = mspdi(folder / f"{number}.xml", tasks, people, assignments, header=header)
            file = interpreted(reader, path, MAPPING, NOW, code=KEY)
            (report,) = record(app, [file], MAPPING)
            assert not report.rejected
            unit = UnitOfWork(app)
            for each in tasks:
                compare_task(app, unit, each, [a for a in assignments if a["TaskUID"] == each["UID"]])
            compare_people(unit, people, assignments)
            (again,) = record(app, [file], MAPPING)
            assert again.events == 0


def person(uid: int) -> str:
    return pseudonym(SECRET, f"msproject:p{uid}@example.org")


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text[:10]) if text else None


def number(elapsed: dt.timedelta) -> Decimal:
    return Decimal(elapsed // dt.timedelta(minutes=1)) / 60


def compare_task(app: Governance, unit: UnitOfWork, said: dict[str, Any], assigned: list[dict[str, Any]]) -> None:
    item = str(said["UID"])
    if said["Milestone"]:
        compare_milestone(unit.state(f"project:{KEY}"), item, said)
        return
    state = unit.state(f"work:{KEY}/{item}")
    created, plan, schedule = state.last(WorkCreated), _plan(state), state.last(WorkScheduled)
    assert created and created.title and schedule
    assert app.store.values([f"note:{created.title.id}"])[f"note:{created.title.id}"]["text"] == said["Name"]
    assert plan.total_effort == number(said["Work"])
    begun = said["PercentComplete"] or said["RemainingWork"] != said["Work"]
    assert (plan.percent_complete, plan.remaining_effort) == (
        (Decimal(said["PercentComplete"]) / 100, number(said["RemainingWork"])) if begun else (None, None)
    )
    assert (plan.planned_start, plan.planned_finish) == (day(said["Start"]), day(said["Finish"]))
    has_cost = said["Cost"] or said["ActualCost"]
    assert schedule.deadline == day(said["Deadline"])
    assert (schedule.actual_effort or 0) == number(said["ActualWork"])
    assert (schedule.cost or 0, schedule.actual_cost or 0) == (
        Decimal(said["Cost"]) / 100,
        Decimal(said["ActualCost"]) / 100,
    )
    assert schedule.currency == ("EUR" if has_cost else None)
    assert (schedule.duration, schedule.elapsed) == (number(said["Duration"]), said["DurationFormat"] == 8)
    assert [(b.number, b.start, b.finish, b.effort, b.cost or 0) for b in schedule.baselines] == [
        (b["Number"], day(b["Start"]), day(b["Finish"]), number(b["Work"]), Decimal(b["Cost"]) / 100)
        for b in sorted(said["Baseline"], key=lambda b: b["Number"])
    ]
    link = said.get("PredecessorLink")
    assert [(p.item_key, p.relation, p.lag, p.lag_unit) for p in schedule.predecessors] == (
        [(
            str(link["PredecessorUID"]), RELATIONS[link["Type"]],
            Decimal(link["LinkLag"]) / LAG_UNITS[link["LagFormat"]][1], LAG_UNITS[link["LagFormat"]][0],
        )] if link else []
    )  # fmt: skip
    assert [(a.person, a.units, a.effort, a.actual_effort) for a in schedule.assignments] == [
        (person(a["ResourceUID"]), Decimal(a["Units"]), number(a["Work"]), number(a["ActualWork"])) for a in assigned
    ]
    step = state.record(WorkCreated, Moved, WorkDone, WorkReopened)
    wanted = "done" if said["ActualFinish"] else "active" if said["ActualStart"] else "queue"
    assert step and step.event.category == wanted  # type: ignore[attr-defined]


def _plan(state: State) -> Any:
    held = state.record(WorkCreated, ReEstimated)
    assert held
    return _as_plan(held.event)


def compare_milestone(project: State, item: str, said: dict[str, Any]) -> None:
    planned, expected = (
        project.last(MilestonePlanned, item),
        project.record(MilestonePlanned, MilestoneMoved, item=item),
    )
    reached = project.record(MilestoneReached, item=item)
    assert planned and expected and planned.name == said["Name"]
    assert expected.event.due == day(said["Finish"])  # type: ignore[attr-defined]
    assert (reached.occurred_at.date() if reached else None) == day(said["ActualFinish"])


def compare_people(unit: UnitOfWork, people: list[dict[str, Any]], assignments: list[dict[str, Any]]) -> None:
    for each in people:
        joined = unit.state(f"person:{person(each['UID'])}").last(PersonJoined)
        assert joined and (joined.role, joined.weekly_hours) == (each["Group"], 40 * Decimal(each["MaxUnits"]))
    days: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
    for each in assignments:
        for row in each["TimephasedData"]:
            days[person(each["ResourceUID"]), day(row["Start"])] += number(row["Value"])  # type: ignore[index]
    for whose in (person(each["UID"]) for each in people):
        own = {on: worked_hours for (who, on), worked_hours in days.items() if who == whose}
        weeks: dict[dt.date, Decimal] = defaultdict(Decimal)
        for on, worked_hours in own.items():
            weeks[on - dt.timedelta(days=on.weekday())] += worked_hours
            year, week, _ = on.isocalendar()
            sheet = unit.state(f"timesheet:{whose}/{year}-W{week:02}")
            held = sheet.record(HoursLogged, HoursCorrected, item=f"{KEY}.{on}")
            assert held and held.event.hours == min(worked_hours, Decimal(24))  # type: ignore[attr-defined]
        standing = unit.state(f"workload:{whose}").standing()  # type: ignore[attr-defined]
        assert {a.first_day: a.weekly_hours for a in standing.values()} == dict(weeks)
        assert all(isinstance(a, AllocationPlanned | AllocationRevised) for a in standing.values())
