"""Files of plans: what is refused, rejected or left out, several at once, other formats, mappings."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.delivery import MilestoneReached
from schemas.organisation import PersonJoined
from schemas.progress import Recorded
from schemas.workload import (
    AllocationPlanned,
)
from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.directory import pseudonym
from services.commands.intake import Intake
from services.errors import BadInput
from services.importers.msproject.mapping import Mapping, load, write
from services.importers.msproject.record import guessed, read, record
from tests.unit.plan_files import PLANNER, XER, assignment, crane, hours, mspdi, resource, task, worked
from tests.unit.plans.recording import ANN, BOB, KEY, NOW, OPS, SECRET, Import, events, later, person, records

pytestmark = pytest.mark.usefixtures("one_java")


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
