"""Small plans of our own making: MSPDI built from dictionaries, and the other formats as their tools write them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.bench.plans import calendar, write

GUID = "0B0E5D1A-3A70-4D67-8A2E-000000000001"
HEADER = {
    "SaveVersion": 14,
    "Name": "crane.xml",
    "GUID": GUID,
    "Title": "Crane renewal",
    "CreationDate": "2025-12-01T08:00:00",
    "LastSaved": "2026-03-02T09:30:00",
    "StartDate": "2026-01-05T08:00:00",
    "FinishDate": "2026-03-27T17:00:00",
    "CurrencyCode": "EUR",
    "CalendarUID": 1,
    "MinutesPerDay": 480,
    "MinutesPerWeek": 2400,
    "StatusDate": "2026-02-27T17:00:00",
}


def hours(number: float) -> dt.timedelta:
    return dt.timedelta(hours=number)


def task(uid: int, name: str | None, start: str, finish: str, **more: Any) -> dict[str, Any]:
    """A task of the plan, with days such as 2026-01-05; `more` are further elements of MSPDI."""
    return {
        "UID": uid,
        "ID": uid,
        "Name": name,
        "IsNull": 0,
        "CreateDate": "2025-12-01T08:00:00",
        "OutlineLevel": 1,
        "Start": f"{start}T08:00:00",
        "Finish": f"{finish}T17:00:00",
        "DurationFormat": 7,
        **more,
    }


def resource(uid: int, name: str | None, **more: Any) -> dict[str, Any]:
    return {"UID": uid, "ID": uid, "Name": name, "Type": 1, "IsNull": 0, "MaxUnits": "1.00", "CalendarUID": 1, **more}


def assignment(uid: int, task_uid: int, resource_uid: int, start: str, finish: str, work: float, **more: Any) -> Any:
    return {
        "UID": uid,
        "TaskUID": task_uid,
        "ResourceUID": resource_uid,
        "Start": f"{start}T08:00:00",
        "Finish": f"{finish}T17:00:00",
        "Units": "1",
        "Work": hours(work),
        "ActualWork": hours(0),
        "RemainingWork": hours(work),
        **more,
    }


def worked(uid: int, **days: float) -> list[dict[str, Any]]:
    """Timephased actual work, a day each: ``worked(1, d2026_01_05=8)``."""
    return [
        {
            "Type": 2,
            "UID": uid,
            "Start": f"{day[1:].replace('_', '-')}T08:00:00",
            "Finish": f"{day[1:].replace('_', '-')}T17:00:00",
            "Unit": 2,
            "Value": hours(number),
        }
        for day, number in days.items()
    ]


def mspdi(
    path: Path,
    tasks: Sequence[Any] = (),
    resources: Sequence[Any] = (),
    assignments: Sequence[Any] = (),
    *,
    calendars: Sequence[Any] = (),
    header: Mapping[str, Any] | None = None,
) -> Path:
    summary = task(0, "Crane renewal", "2026-01-05", "2026-03-27", Summary=1, OutlineLevel=0)
    write(
        path,
        {**HEADER, **(header or {})},
        {
            "Calendars": [calendar(1, "Standard"), *calendars],
            "Tasks": [summary, *tasks],
            "Resources": list(resources),
            "Assignments": list(assignments),
        },
    )
    return path


def crane(path: Path, **changes: Any) -> Path:
    """A plan with everything that is carried: two phases' tasks, a milestone, people, a role, hours and baselines."""
    rails = {
        "Work": hours(80),
        "ActualWork": hours(80),
        "RemainingWork": hours(0),
        "Duration": hours(80),
        "PercentComplete": 100,
        "ActualStart": "2026-01-05T08:00:00",
        "ActualFinish": "2026-01-16T17:00:00",
        "Cost": 500000,
        "ActualCost": 500000,
        "OutlineLevel": 2,
        "Baseline": {
            "Number": 0,
            "Start": "2026-01-05T08:00:00",
            "Finish": "2026-01-14T17:00:00",
            "Work": hours(64),
            "Cost": "400000",
        },
    }
    hoist = {
        "Work": hours(40),
        "ActualWork": hours(10),
        "RemainingWork": hours(30),
        "Duration": hours(40),
        "PercentComplete": 25,
        "ActualStart": "2026-02-23T08:00:00",
        "Cost": 250000,
        "OutlineLevel": 2,
        "Deadline": "2026-03-13T17:00:00",
        "PredecessorLink": {"PredecessorUID": 2, "Type": 1, "LinkLag": -9600, "LagFormat": 7},
        "Baseline": {"Number": 0, "Start": "2026-02-02T08:00:00", "Finish": "2026-02-06T17:00:00", "Cost": "250000"},
    }
    ready = {
        "Milestone": 1,
        "Duration": hours(0),
        "Baseline": {"Number": 0, "Start": "2026-02-27T17:00:00", "Finish": "2026-02-27T17:00:00"},
    }
    own = calendar(2, "Ann", base=1, exceptions=[day_off("2026-03-09", "2026-03-13", "Skiing")])
    tasks = {
        "phase": task(1, "Steel", "2026-01-05", "2026-03-06", Summary=1),
        "rails": task(2, "Order the rails", "2026-01-05", "2026-01-16", **rails),
        "hoist": task(3, "Mount the hoist", "2026-02-23", "2026-03-06", **hoist),
        "ready": task(4, "Crane ready", "2026-03-27", "2026-03-27", **ready),
    }
    resources = {
        "ann": resource(1, "Ann Example", EmailAddress="ann@example.org", Group="Engineering", CalendarUID=2),
        "bob": resource(2, "Bob Example", MaxUnits="0.50"),
        "welder": resource(3, "Welder", IsGeneric=1),
    }
    assignments = {
        "rails": assignment(
            1, 2, 1, "2026-01-05", "2026-01-16", 80,
            ActualWork=hours(80), RemainingWork=hours(0),
            TimephasedData=worked(1, **{f"d2026_01_{day:02}": 8 for day in (5, 6, 7, 8, 9, 12, 13, 14, 15, 16)}),
        ),
        "hoist": assignment(
            2, 3, 2, "2026-02-23", "2026-03-06", 40, Units="0.5",
            ActualWork=hours(10), RemainingWork=hours(30),
            TimephasedData=[
                *worked(2, d2026_02_23=4, d2026_02_24=4, d2026_02_25=2),
                *(
                    {**each, "Type": 1}
                    for each in worked(2, d2026_02_26=4, d2026_02_27=4, d2026_03_02=4, d2026_03_03=4,
                                       d2026_03_04=4, d2026_03_05=4, d2026_03_06=6)
                ),
            ],
        ),
        "weld": assignment(3, 3, 3, "2026-02-23", "2026-03-06", 40),
    }  # fmt: skip
    for parts, name in ((tasks, "tasks"), (resources, "resources"), (assignments, "assignments")):
        for key, change in changes.get(name, {}).items():
            if change is None:
                del parts[key]
            else:
                parts[key] = {**parts.get(key, {}), **change}
    return mspdi(
        path,
        list(tasks.values()),
        list(resources.values()),
        list(assignments.values()),
        calendars=[own],
        header=changes.get("header"),
    )


def day_off(first: str, last: str, name: str) -> dict[str, Any]:
    days = (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1
    return {
        "EnteredByOccurrences": 0,
        "TimePeriod": {"FromDate": f"{first}T00:00:00", "ToDate": f"{last}T23:59:00"},
        "Occurrences": days,
        "Name": name,
        "Type": 1,
        "DayWorking": 0,
    }


PLANNER = """<?xml version="1.0"?>
<project name="Quay" company="" manager="" phase="" project-start="20260105T000000Z" mrproject-version="2" calendar="1">
  <properties/><phases/>
  <calendars>
    <day-types>
      <day-type id="0" name="Working" description="A working day"/>
      <day-type id="1" name="Nonworking" description="A day off"/>
    </day-types>
    <calendar id="1" name="Default">
      <default-week mon="0" tue="0" wed="0" thu="0" fri="0" sat="1" sun="1"/>
      <overridden-day-types>
        <overridden-day-type id="0"><interval start="0800" end="1200"/><interval start="1300" end="1700"/>
        </overridden-day-type>
      </overridden-day-types>
      <days/>
    </calendar>
  </calendars>
  <tasks>
    <task id="1" name="Dig" note="" work="144000" duration="144000" start="20260105T000000Z"
      end="20260109T170000Z" work-start="20260105T080000Z" percent-complete="0" priority="0" type="normal"
      scheduling="fixed-work"/>
  </tasks>
  <resource-groups/>
  <resources>
    <resource group="" id="1" name="Cem Example" short-name="C" type="1" units="0" email="cem@example.org" note=""
      std-rate="0"/>
  </resources>
  <allocations><allocation task-id="1" resource-id="1" units="100"/></allocations>
</project>
"""

XER = "\r\n".join(
    [
        "ERMHDR\t18.8\t2026-02-27\tProject\tadmin\tadmin\tdb\tProject Management\tEUR",
        "%T\tPROJECT",
        "%F\tproj_id\tproj_short_name\tlast_recalc_date\tplan_start_date\tscd_end_date\tclndr_id\tguid",
        "%R\t77\tQUAY-9\t2026-02-27 00:00\t2026-01-05 08:00\t2026-03-27 17:00\t1\tAAAAAAAAAAAAAAAAAAAAAA",
        "%T\tCALENDAR",
        "%F\tclndr_id\tdefault_flag\tclndr_name\tday_hr_cnt\tweek_hr_cnt\tclndr_data",
        "%R\t1\tY\tStandard\t8\t40\t(0||CalendarData()())",
        "%T\tPROJWBS",
        "%F\twbs_id\tproj_id\tseq_num\tproj_node_flag\twbs_short_name\twbs_name\tparent_wbs_id",
        "%R\t500\t77\t1\tY\tQUAY-9\tQuay nine\t",
        "%T\tTASK",
        "%F\ttask_id\tproj_id\twbs_id\tclndr_id\tphys_complete_pct\tcomplete_pct_type\ttask_type\tduration_type"
        "\tstatus_code\ttask_code\ttask_name\tremain_drtn_hr_cnt\ttarget_drtn_hr_cnt\tact_start_date\tact_end_date"
        "\ttarget_start_date\ttarget_end_date\tearly_start_date\tearly_end_date",
        "%R\t900\t77\t500\t1\t100\tCP_Drtn\tTT_Task\tDT_FixedDrtn\tTK_Complete\tA1000\tDrive piles\t0\t80"
        "\t2026-01-05 08:00\t2026-01-16 17:00\t2026-01-05 08:00\t2026-01-16 17:00\t\t",
        "%R\t901\t77\t500\t1\t0\tCP_Drtn\tTT_FinMile\tDT_FixedDrtn\tTK_NotStart\tA2000\tQuay open\t0\t0"
        "\t\t\t2026-03-27 17:00\t2026-03-27 17:00\t2026-03-27 17:00\t2026-03-27 17:00",
        "%E",
        "",
    ]
)
