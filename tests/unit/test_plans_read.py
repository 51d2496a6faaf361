"""Plan files into neutral rows, through Java: what bites in each format, and what is refused with which sentence."""

import datetime as dt
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from plan_files import PLANNER, XER, assignment, crane, day_off, hours, mspdi, resource, task, worked

from services.bench.plans import calendar
from services.errors import BadInput, Unavailable
from services.importers.msproject import guard
from services.importers.msproject.reader import Plan, PlanReader
from services.importers.sniff import Limits

Read = Callable[..., Plan]


@pytest.fixture(scope="module")
def reader() -> Iterator[PlanReader]:
    with PlanReader() as reader:
        yield reader


@pytest.fixture
def plan(reader: PlanReader, tmp_path: Path) -> Read:
    def read(*args: Any, **more: Any) -> Plan:
        (found,) = reader.read(mspdi(tmp_path / "plan.xml", *args, **more))
        return found

    return read


def a_task(**more: Any) -> dict[str, Any]:
    return task(1, "Dig", "2026-01-05", "2026-01-09", **more)


def test_a_plan_is_read_with_all_its_rows(reader: PlanReader, tmp_path: Path) -> None:
    (found,) = reader.read(crane(tmp_path / "crane.xml"))
    assert (found.project.guid or "").endswith("000000000001")
    assert found.project.status_date == dt.datetime(2026, 2, 27, 17)
    assert [each.name for each in found.tasks] == [
        "Crane renewal", "Steel", "Order the rails", "Mount the hoist", "Crane ready",
    ]  # fmt: skip
    assert [(each.name, each.generic) for each in found.resources] == [
        ("Ann Example", False), ("Bob Example", False), ("Welder", True),
    ]  # fmt: skip
    assert [each.work for each in found.assignments] == [80, 40, 40]
    assert found.project.rows == len(found.tasks) + len(found.resources) + len(found.assignments)


def test_money_of_mspdi_is_in_hundredths(plan: Read) -> None:
    assert plan([a_task(Cost=123456, ActualCost=100)]).tasks[1].cost == 1234.56


def test_nobody_is_behind_the_resource_65535(plan: Read) -> None:
    found = plan([a_task()], [resource(1, "Ann")], [assignment(1, 1, -65535, "2026-01-05", "2026-01-09", 40)])
    assert [each.resource for each in found.assignments] == [None]


def test_a_nameless_resource_zero_stays_nameless(plan: Read) -> None:
    assert [(each.uid, each.name) for each in plan([a_task()], [resource(0, None)]).resources] == [(0, None)]


def test_an_empty_row_is_told_as_one(plan: Read) -> None:
    found = plan([a_task(), {"UID": 2, "ID": 2, "IsNull": 1}])
    assert [each.is_null for each in found.tasks] == [False, False, True]


def test_hours_minutes_and_fractions_of_seconds(plan: Read) -> None:
    found = plan([a_task(Work="PT0H12M51.02S", ActualWork="PT2H0M5.07S")])
    assert found.tasks[1].work == pytest.approx(12 / 60 + 51.02 / 3600, abs=1e-6)
    assert found.tasks[1].actual_work == pytest.approx(2 + 5.07 / 3600, abs=1e-6)


@pytest.mark.parametrize(("unit", "elapsed", "hours_said"), [(7, False, 40), (8, True, 40), (10, True, 40)])
def test_elapsed_durations_are_marked(plan: Read, unit: int, elapsed: bool, hours_said: float) -> None:
    told = plan([a_task(Duration=hours(hours_said), DurationFormat=unit)]).tasks[1]
    assert told.elapsed is elapsed
    assert told.duration == pytest.approx(hours_said)


@pytest.mark.parametrize(
    ("lag", "unit", "said"),
    [
        (4800, 7, (1, "d", False)),
        (-9600, 7, (-2, "d", False)),
        (-300, 5, (-0.5, "h", False)),
        (14400, 8, (1, "d", True)),
        (50, 19, (50, "%", False)),
    ],
)
def test_lag_is_in_tenths_of_minutes_and_may_be_negative(plan: Read, lag: int, unit: int, said: Any) -> None:
    second = task(2, "Fill", "2026-01-12", "2026-01-16",
                  PredecessorLink={"PredecessorUID": 1, "Type": 3, "LinkLag": lag, "LagFormat": unit})  # fmt: skip
    (link,) = plan([a_task(), second]).tasks[2].predecessors
    assert (link.uid, link.relation) == (1, "SS")
    assert (link.lag, link.unit, link.elapsed) == said


def test_rates_and_units_from_1984_to_2049_have_no_limits(plan: Read) -> None:
    ann = resource(
        1, "Ann", StandardRate=50, StandardRateFormat=2,
        Rates={"Rate": [
            {"RatesFrom": "1984-01-01T00:00:00", "RatesTo": "2025-12-31T23:59:00", "RateTable": 0,
             "StandardRate": 50, "StandardRateFormat": 2, "OvertimeRate": 0, "CostPerUse": 0},
            {"RatesFrom": "2026-01-01T00:00:00", "RatesTo": "2049-12-31T23:59:00", "RateTable": 0,
             "StandardRate": 60, "StandardRateFormat": 2, "OvertimeRate": 0, "CostPerUse": 0},
        ]},
        AvailabilityPeriods={"AvailabilityPeriod": [
            {"AvailableFrom": "1984-01-01T00:00:00", "AvailableTo": "2025-12-31T23:59:00", "AvailableUnits": 1},
            {"AvailableFrom": "2026-01-01T00:00:00", "AvailableTo": "2049-12-31T23:59:00", "AvailableUnits": 0.5},
        ]},
    )  # fmt: skip
    told = plan([a_task()], [ann]).resources[0]
    assert [(r.start and r.start.year, r.finish and r.finish.year, r.hour) for r in told.rates] == [
        (None, 2025, 50), (2026, None, 60),
    ]  # fmt: skip
    assert [(u.start and u.start.year, u.finish and u.finish.year, u.units) for u in told.units] == [
        (None, 2025, 1), (2026, None, 0.5),
    ]  # fmt: skip


def test_units_of_one_and_a_half(plan: Read) -> None:
    found = plan(
        [a_task()], [resource(1, "Ann", MaxUnits="1.5")],
        [assignment(1, 1, 1, "2026-01-05", "2026-01-09", 60, Units="1.5")],
    )  # fmt: skip
    assert found.assignments[0].units == found.resources[0].units[0].units == 1.5
    assert [each.hours for each in found.assignments[0].days] == [12] * 5


def test_hours_are_spread_by_the_calendar_where_the_file_does_not_tell_them(plan: Read) -> None:
    found = plan([a_task()], [resource(1, "Ann")], [assignment(1, 1, 1, "2026-01-08", "2026-01-13", 32)])
    assert [(each.day.day, each.hours) for each in found.assignments[0].days] == [(8, 8), (9, 8), (12, 8), (13, 8)]
    assert (found.assignments[0].timephased, found.assignments[0].worked) == (False, ())


def test_overtime_within_timephased_work_is_not_counted_twice(plan: Read) -> None:
    told = assignment(
        1, 1, 1, "2026-01-05", "2026-01-09", 40, ActualWork=hours(10), ActualOvertimeWork=hours(2),
        RemainingWork=hours(30),
        TimephasedData=[*worked(1, d2026_01_05=10), {**worked(1, d2026_01_05=2)[0], "Type": 3}],
    )  # fmt: skip
    found = plan([a_task()], [resource(1, "Ann")], [told])
    assert [(each.day.day, each.hours) for each in found.assignments[0].worked] == [(5, 10)]


def test_thousands_of_timephased_rows(plan: Read) -> None:
    first = dt.datetime(2026, 1, 5, 8)
    rows = [
        {"Type": 2, "UID": 1, "Start": at, "Finish": at + dt.timedelta(minutes=10), "Unit": 1,
         "Value": dt.timedelta(minutes=10)}
        for at in (first + dt.timedelta(days=d, minutes=10 * n) for d in range(100) if (first.weekday() + d) % 7 < 5
                   for n in range(24))
    ][:2358]  # fmt: skip
    work = len(rows) / 6
    told = assignment(1, 1, 1, "2026-01-05", "2026-05-29", work, ActualWork=hours(work), RemainingWork=hours(0),
                      TimephasedData=rows)  # fmt: skip
    found = plan([task(1, "Dig", "2026-01-05", "2026-05-29")], [resource(1, "Ann")], [told])
    assert sum(each.hours for each in found.assignments[0].worked) == pytest.approx(work, abs=0.1)


def test_days_off_of_a_person_and_of_the_calendar_below(plan: Read) -> None:
    standard = calendar(3, "Site", exceptions=[day_off("2026-01-06", "2026-01-06", "Epiphany")])
    own = calendar(2, "Ann", base=3, exceptions=[day_off("2026-02-02", "2026-02-06", "Skiing")])
    found = plan([a_task()], [resource(1, "Ann", CalendarUID=2)], calendars=[standard, own])
    told = [(str(each.first_day), str(each.last_day), each.hours) for each in found.resources[0].exempt]
    assert told == [("2026-02-02", "2026-02-06", 0), ("2026-01-06", "2026-01-06", 0)]


def test_eleven_baselines(plan: Read) -> None:
    baselines = [
        {"Number": number, "Start": f"2026-01-{number + 1:02}T08:00:00", "Finish": "2026-01-30T17:00:00", "Cost": 100}
        for number in range(11)
    ]
    told = plan([a_task(Baseline=baselines)]).tasks[1].baselines
    assert [(each.number, each.start and each.start.day, each.cost) for each in told] == [
        (n, n + 1, 1) for n in range(11)
    ]


def test_planner(reader: PlanReader, tmp_path: Path) -> None:
    (tmp_path / "quay.planner").write_text(PLANNER)
    (found,) = reader.read(tmp_path / "quay.planner")
    assert (found.project.name, found.tasks[0].name, found.resources[0].email) == ("Quay", "Dig", "cem@example.org")
    assert sum(each.hours for each in found.assignments[0].days) == 40


def test_primavera(reader: PlanReader, tmp_path: Path) -> None:
    (tmp_path / "quay.xer").write_text(XER, newline="")
    (found,) = reader.read(tmp_path / "quay.xer")
    assert (found.project.code, found.project.guid) == ("QUAY-9", None), "a GUID of zeros is none"
    assert found.project.status_date == dt.datetime(2026, 2, 27)
    assert [(each.code, each.is_project, each.milestone) for each in found.tasks] == [
        ("QUAY-9", True, False), ("A1000", False, False), ("A2000", False, True),
    ]  # fmt: skip


def test_a_value_that_cannot_be_takes_its_row_and_no_other(plan: Read) -> None:
    found = plan([a_task(), task(2, "Fill", "2026-01-12", "2026-01-16", Start="9999999-01-12T08:00:00")])
    assert [each.uid for each in found.tasks if each.uid == 1] == [1]


DOCTYPE = '<!DOCTYPE Project [<!ENTITY a "b">]>'


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xml", f"<?xml version='1.0'?>{DOCTYPE}<Project/>", "a.xml declares a document type, and a plan needs none"),
        (
            "a.xml",
            f"<?xml version='1.0' encoding='UTF-16'?>{DOCTYPE}<Project/>".encode("utf-16"),
            "declares a document",
        ),
        ("a.xml", "<rss><channel/></rss>", "it seems to be an XML document of <rss>"),
        ("a.xml", "<Project xmlns='http://schemas.microsoft.com/project'><Tasks>", "a.xml is a broken XML document"),
        ("a.xml", "<html><p>Sign in<br></html>", "it seems to be an HTML page"),
        ("a.xml", "", "a.xml is empty"),
        ("a.xml", "<project>" + "<a>" * 90_000 + "</a>" * 90_000 + "</project>", "cannot be read as a plan"),
        ("a.mpp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "an Excel 97-2003 workbook"),
        ("a.mpp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "a.mpp cannot be read as a plan"),
        ("a.mpp", b"%PDF-1.7", "it seems to be a PDF document"),
        ("a.csv", "Task,Start\n", "it seems to be a text"),
        ("a.xer", "ERMHDR\t\n%T\tPROJECT\n%R", "a.xer"),
        ("a.xml", "<Project xmlns='http://schemas.microsoft.com/project'></Project>", "no project is found in it"),
    ],
)
def test_what_is_no_plan_is_named(reader: PlanReader, tmp_path: Path, name: str, content: Any, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=says) as refused:
        reader.read(path)
    assert "Traceback" not in str(refused.value) and str(refused.value).endswith(".")


def test_an_archive_is_not_unpacked(reader: PlanReader, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plan.xml", bytes(50_000_000))
    with pytest.raises(BadInput, match="it seems to be a ZIP archive"):
        reader.read(tmp_path / "bomb.zip")


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.xml").open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(BadInput, match=r"has 2,147,483,648 bytes, more than the"):
        guard.check(tmp_path / "huge.xml")
    assert guard.LIMITS.file_bytes < Limits().file_bytes


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    path = crane(tmp_path / "crane.xml")
    with PlanReader(longest=0.05) as reader, pytest.raises(BadInput, match="was not read within 0.05 seconds"):
        reader.read(path)


def test_the_end_of_the_reading_process_is_a_sentence_and_the_next_file_is_read(tmp_path: Path) -> None:
    path = crane(tmp_path / "crane.xml")
    with PlanReader() as reader:
        assert len(reader.read(path)) == 1
        process = reader._process
        assert process
        process.kill()
        process.wait()
        assert len(reader.read(path)) == 1


@pytest.mark.parametrize(("hidden", "says"), [("java", "install a Java runtime"), ("mpxj", "pip install 'pmo")])
def test_what_to_install_is_said_where_it_is_missing(tmp_path: Path, hidden: str, says: str) -> None:
    path = crane(tmp_path / "crane.xml")
    code = (
        "import importlib.util, sys, jpype\n"
        "real = importlib.util.find_spec\n"
        + (
            "importlib.util.find_spec = lambda name, *a: None if name == 'mpxj' else real(name, *a)\n"
            if hidden == "mpxj"
            else "def none(): raise jpype.JVMNotFoundException('No JVM shared library file (libjvm.so) found.')\n"
            "jpype._core.getDefaultJVMPath = none\njpype.getDefaultJVMPath = none\n"
        )
        + "from services.importers.msproject import read\nread.main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        check=True,
    )  # fmt: skip
    said = orjson.loads(done.stdout.splitlines()[-1])
    assert says in said["unavailable"]


def test_the_importer_says_it_as_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("services.importers.msproject.reader._NEEDED", ("no_such_module",))
    with PlanReader() as reader, pytest.raises(Unavailable, match="pip install 'pmo"):
        reader.read(crane(tmp_path / "crane.xml"))
