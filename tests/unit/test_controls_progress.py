"""Controls on hours, reports, forecasts, risks, completions, mandates and what was told at risk, case by case."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from controls_world import PERSONS, World, fresh, opened

ANN = PERSONS["ann"]
SATISFIED, VIOLATED, CURED, UNKNOWN = "satisfied", "violated", "cured late", "no evidence"
END = "2026-12-31"
Told = tuple[str, dict[str, Any]]
Step = str | Told
NOTE = {"id": "0" * 32, "digest": "0" * 64}
REVIEW = {"uri": "https://docs.example/review", "digest": None}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def told(world: World) -> dict[int, str]:
    """The stream of each case; all are landed together, since landing takes longer than asking.

    A step that says `of` belongs to another stream: the project's survey, the standard, the person's allocations.
    """
    streams = {}
    for case in CASES:
        project, standard = f"project:{fresh()}", fresh("S")
        person = fresh().ljust(20, "A").translate(str.maketrans("0189", "WXYZ"))
        workload = f"workload:{person}"
        others = {"survey": f"survey:{project[8:]}/CLOSURE", "standard": f"standard:{standard}", "workload": workload}
        own = {"project": project, "adoption": f"adoption:{standard}/OPS", "workload": workload}
        own["timesheet"] = f"timesheet:{person}/2026-W06"
        streams[id(case)] = own[case[2]]
        for step in case[3]:
            text, fields = (step, {}) if isinstance(step, str) else (step[0], dict(step[1]))
            if fields.get("project") == "SELF":
                fields["project"] = project[8:]
            on, _, happened = text.rpartition(" ")
            world.tell(others.get(fields.pop("of", ""), own[case[2]]), happened, on, **fields)
    return streams


def report(on: str, rag: str | None = None, **fields: Any) -> Told:
    return (f"{on} progress-reported", {"rag": rag, **_days(fields)})


def shown(on: str, **fields: Any) -> Told:
    return (f"{on} recorded", fields)


def baseline(on: str, item: str = "1", finish: str = "2026-12-31", **fields: Any) -> Told:
    return (f"{on} baseline-set", {"item": item, "finish": dt.date.fromisoformat(finish), **_days(fields)})


def reforecast(on: str, finish: str) -> Told:
    return (f"{on} reforecast", {"forecast_finish": dt.date.fromisoformat(finish)})


def risk(on: str, probability: str = "0.5", owner: str | None = ANN, item: str = "R1", **fields: Any) -> Told:
    more = {"name": "Flood", "effect": "threat", **fields}
    return (f"{on} risk-raised", {"item": item, "probability": probability, "impact": 100_000, "owner": owner, **more})


def reassessed(on: str, probability: str = "0.5", owner: str | None = ANN, item: str = "R1") -> Told:
    return (f"{on} risk-reassessed", {"item": item, "probability": probability, "impact": 100_000, "owner": owner})


def item(text: str, name: str, **fields: Any) -> Told:
    return (text, {"item": name, **_days(fields)})


def change(on: str, happened: str, name: str = "C1") -> Told:
    return item(f"{on} change-{happened}", name, **({"cost": 1, "days": 1} if happened == "requested" else {}))


def answer(on: str) -> Told:
    said = {"item": "1", "stakeholder_role": "team-member", "satisfaction": 4, "scores": {}}
    return (f"{on} response-recorded", {"of": "survey", **said})


def edition(on: str, name: str = "1", reviewed: bool = False, kind: str = "technology", how: str = "published") -> Told:
    review = REVIEW if reviewed else None
    return (f"{on} {how}", {"of": "standard", "edition": name, "standard_kind": kind, "security_review": review})


def mandated(on: str) -> Told:
    return (f"{on} mandated", {"due": dt.date(2026, 12, 1)})


def logged(on: str, day: str, hours: int = 8, happened: str = "hours-logged") -> Told:
    fields = {"item": f"X.{day}", "project": "SELF", "day": dt.date.fromisoformat(day), "hours": hours}
    return (f"{on} {happened}", fields)


def allocated(on: str, first: str, last: str, happened: str = "planned", **fields: Any) -> Told:
    days = {"first_day": dt.date.fromisoformat(first), "last_day": dt.date.fromisoformat(last)}
    return (f"{on} allocation-{happened}", {"of": "workload", "item": "A1", "project": "SELF", **days, **fields})


def released(on: str, last: str | None) -> Told:
    day = dt.date.fromisoformat(last) if last else None
    return (f"{on} allocation-released", {"of": "workload", "item": "A1", "last_day": day})


def _days(fields: dict[str, Any]) -> dict[str, Any]:
    days = ("start", "finish", "due", "forecast_finish", "data_date")
    return {name: dt.date.fromisoformat(value) if name in days else value for name, value in fields.items()}


def voided(on: str, version: int) -> Told:
    return (f"{on} voided", {"supersedes": version})


RUNS, DONE = "2026-01-10 started", "2026-06-01 completed"
RED = report("2026-02-01", "red")
PLAN = baseline("2026-01-05", start="2026-01-01", finish="2026-04-11", budget=1000)  # 100 days
LONG = allocated("2026-01-15", "2026-02-01", "2026-02-28")
WORK = logged("2026-02-03", "2026-02-02")
CONDITION = item("2026-02-01 gate-passed-with-conditions", "G1", due="2026-05-01")
FORECAST = {"forecast_finish": "2026-04-11"}
# control, what is told, the kind of stream, its history, as of when, the results in the order of time
CASES: list[tuple[int, str, str, tuple[Step, ...], str, list[str]]] = [
    (16, "allocated", "timesheet", (LONG, WORK), END, [SATISFIED]),
    (16, "pencilled in", "timesheet", (allocated("2026-01-15", "2026-02-01", "2026-02-28", hard=False), WORK), END,
        [SATISFIED]),
    (16, "on the first and on the last day", "timesheet", (allocated("2026-01-15", "2026-02-02", "2026-02-03"),
        WORK, logged("2026-02-04", "2026-02-03")), END, [SATISFIED, SATISFIED]),
    (16, "a day before and a day after", "timesheet", (allocated("2026-01-15", "2026-02-03", "2026-02-03"),
        WORK, logged("2026-02-05", "2026-02-04")), END, [VIOLATED, VIOLATED]),
    (16, "to another project", "timesheet", (allocated("2026-01-15", "2026-02-01", "2026-02-28", project="ELSE"), WORK),
        END, [VIOLATED]),
    (16, "never allocated", "timesheet", (WORK,), END, [VIOLATED]),
    (16, "before its release", "timesheet", (LONG, released("2026-02-10", "2026-02-10"), WORK), END, [SATISFIED]),
    (16, "after its release", "timesheet", (LONG, released("2026-01-20", "2026-02-01"), WORK), END, [VIOLATED]),
    (16, "released altogether", "timesheet", (LONG, released("2026-01-20", None), WORK), END, [VIOLATED]),
    (16, "released only after it was logged", "timesheet", (LONG, WORK, released("2026-02-20", "2026-02-01")), END,
        [SATISFIED]),
    (16, "moved between the work and its logging", "timesheet", (LONG,
        allocated("2026-02-05", "2026-02-05", "2026-02-28", "revised"), logged("2026-02-06", "2026-02-02")), END,
        [SATISFIED]),
    (16, "allocated afterwards", "timesheet", (WORK, allocated("2026-02-04", "2026-02-01", "2026-02-28")), END,
        [CURED]),
    (16, "allocated on the day of logging", "timesheet", (WORK, allocated("2026-02-03", "2026-02-01", "2026-02-28")),
        END, [SATISFIED]),
    (16, "revised to another day", "timesheet", (LONG, allocated("2026-01-20", "2026-02-05", "2026-02-28", "revised"),
        WORK), END, [VIOLATED]),
    (16, "no hours after all", "timesheet", (WORK, logged("2026-02-05", "2026-02-02", 0, "hours-corrected")), END, []),
    (16, "withdrawn", "timesheet", (WORK, voided("2026-02-05", 1)), END, []),
    (17, "green within 30 days", "project", (RED, report("2026-03-03", "green")), END, [SATISFIED]),
    (17, "green a day late", "project", (RED, report("2026-03-04", "green")), END, [CURED]),
    (17, "not yet due", "project", (RED,), "2026-03-03", []),
    (17, "past due", "project", (RED,), "2026-03-04", [VIOLATED]),
    (17, "no colour is no answer", "project", (RED, report("2026-02-10")), END, [VIOLATED]),
    (17, "red again is the same stretch", "project", (RED, report("2026-02-10", "red"),
        change("2026-02-20", "requested")), END, [SATISFIED]),
    (17, "two stretches", "project", (RED, report("2026-02-10", "amber"), report("2026-02-20", "red")), END,
        [SATISFIED, VIOLATED]),
    (17, "change requested before", "project", (change("2026-01-20", "requested"), RED), END, [VIOLATED]),
    (17, "change approved", "project", (change("2026-01-20", "requested"), RED, change("2026-02-15", "approved")), END,
        [SATISFIED]),
    (17, "decision of the same day", "project", (item("2026-02-01 decision-recorded", "D1"), RED), END, [SATISFIED]),
    (17, "decision of the same day, before it by the clock", "project", (item("2026-02-01 08:00 decision-recorded",
        "D1"), report("2026-02-01 10:00", "red")), END, [VIOLATED]),
    (17, "gate", "project", (RED, item("2026-02-20 gate-failed", "G1")), END, [SATISFIED]),
    (17, "put on hold", "project", (RED, "2026-02-20 put-on-hold"), END, [SATISFIED]),
    (17, "cancelled late", "project", (RED, "2026-03-20 cancelled"), END, [CURED]),
    (17, "voided", "project", (RED, voided("2026-02-02", 1)), END, []),
    (17, "its answer voided", "project", (RED, item("2026-02-20 gate-failed", "G1"), voided("2026-02-22", 2)), END,
        [VIOLATED]),
    (17, "withdrawn project", "project", (RED, "2026-02-02 withdrawn"), END, []),
    (17, "shown as red", "project", (shown("2026-02-01", status="running", rag="red"),), END, [UNKNOWN]),
    (17, "shown as green", "project", (shown("2026-02-01", status="running", rag="green"),), END, []),
    (18, "in time", "project", (risk("2026-02-01"), reassessed("2026-03-04", "0.1")), END, [SATISFIED]),
    (18, "a day late", "project", (risk("2026-02-01"), reassessed("2026-03-05", "0.1")), END, [CURED]),
    (18, "each assessment asks for the next", "project", (risk("2026-02-01"), reassessed("2026-03-01")), END,
        [SATISFIED, VIOLATED]),
    (18, "not yet due", "project", (risk("2026-02-01"),), "2026-03-04", []),
    (18, "past due", "project", (risk("2026-02-01"),), "2026-03-05", [VIOLATED]),
    (18, "below the threshold", "project", (risk("2026-02-01", "0.49"),), END, []),
    (18, "an opportunity", "project", (risk("2026-02-01", effect="opportunity"),), END, []),
    (18, "grown", "project", (risk("2026-02-01", "0.1"), reassessed("2026-05-01", "0.9")), END, [VIOLATED]),
    (18, "closed", "project", (risk("2026-02-01"), item("2026-02-20 risk-closed", "R1")), END, [SATISFIED]),
    (18, "materialised", "project", (risk("2026-02-01"), item("2026-02-20 risk-materialised", "R1")), END, [SATISFIED]),
    (18, "another one is reassessed", "project", (risk("2026-02-01"), risk("2026-02-01", "0.1", item="R2"),
        reassessed("2026-02-20", "0.1", item="R2")), END, [VIOLATED]),
    (18, "the project ends", "project", (risk("2026-02-01"), "2026-02-20 completed"), END, [SATISFIED]),
    (18, "assessed after the project's end", "project", (risk("2026-02-01"), "2026-02-20 completed",
        reassessed("2026-02-21")), END, [SATISFIED]),
    (18, "assessed after the project went on", "project", ("2026-01-20 completed", "2026-01-25 reopened",
        risk("2026-02-01")), END, [VIOLATED]),
    (18, "without owner", "project", (risk("2026-02-01", owner=None),), "2026-02-02", [VIOLATED]),
    (18, "without owner at first", "project", (risk("2026-02-01", owner=None), reassessed("2026-02-10")), "2026-02-28",
        [CURED]),
    (18, "owned on the same day", "project", (risk("2026-02-01", owner=None), reassessed("2026-02-01")), "2026-02-28",
        [SATISFIED]),
    (18, "still without", "project", (risk("2026-02-01", owner=None), reassessed("2026-02-10", owner=None)),
        "2026-02-28", [VIOLATED, VIOLATED]),
    (18, "voided", "project", (risk("2026-02-01"), voided("2026-02-02", 1)), END, []),
    (19, "on the 30th day", "project", (DONE, answer("2026-07-01")), END, [SATISFIED]),
    (19, "a day later", "project", (DONE, answer("2026-07-02")), END, [CURED]),
    (19, "never", "project", (DONE,), END, [VIOLATED]),
    (19, "not yet due", "project", (DONE,), "2026-07-01", []),
    (19, "shortly before", "project", (DONE, answer("2026-05-02")), END, [SATISFIED]),
    (19, "long before", "project", (DONE, answer("2026-05-01")), END, [VIOLATED]),
    (19, "answer withdrawn", "project", (DONE, answer("2026-06-10"), ("2026-06-11 voided",
        {"of": "survey", "supersedes": 1})), END, [VIOLATED]),
    (19, "reopened in time", "project", (DONE, "2026-06-15 reopened"), END, []),
    (19, "reopened too late", "project", (DONE, "2026-07-15 reopened"), END, [VIOLATED]),
    (19, "completed again", "project", (DONE, "2026-06-15 reopened", "2026-09-01 completed", answer("2026-09-10")), END,
        [SATISFIED]),
    (19, "running", "project", (RUNS, answer("2026-06-10")), END, []),
    (19, "only shown", "project", (shown("2026-06-01", status="completed"),), END, [UNKNOWN]),
    (20, "nothing was ever open", "project", (DONE,), END, [SATISFIED]),
    (20, "all settled", "project", (risk("2026-02-01"), change("2026-02-01", "requested"), CONDITION,
        item("2026-05-01 risk-closed", "R1"), change("2026-05-01", "rejected"), item("2026-05-01 condition-met", "G1"),
        DONE), END, [SATISFIED]),
    (20, "open risk", "project", (risk("2026-02-01"), DONE), END, [VIOLATED]),
    (20, "materialised risk", "project", (risk("2026-02-01"), item("2026-05-01 risk-materialised", "R1"), DONE), END,
        [SATISFIED]),
    (20, "open change", "project", (change("2026-02-01", "requested"), change("2026-02-01", "approved", "C2"), DONE),
        END, [VIOLATED]),
    (20, "open condition", "project", (CONDITION, DONE), END, [VIOLATED]),
    (20, "passed again without", "project", (CONDITION, item("2026-03-01 gate-passed", "G1"), DONE), END, [SATISFIED]),
    (20, "closed on the day", "project", (risk("2026-02-01"), DONE, item("2026-06-01 risk-closed", "R1")), END,
        [SATISFIED]),
    (20, "closed on the day, later by the clock", "project", (risk("2026-02-01"), "2026-06-01 09:00 completed",
        item("2026-06-01 10:00 risk-closed", "R1")), END, [CURED]),
    (20, "all closed afterwards", "project", (risk("2026-02-01"), CONDITION, DONE,
        item("2026-06-02 risk-closed", "R1"), item("2026-06-05 condition-met", "G1")), END, [CURED]),
    (20, "one closed afterwards", "project", (risk("2026-02-01"), CONDITION, DONE,
        item("2026-06-02 risk-closed", "R1")), END, [VIOLATED]),
    (20, "raised afterwards", "project", (DONE, risk("2026-06-02")), END, [SATISFIED]),
    (20, "completed twice", "project", (risk("2026-02-01"), DONE, "2026-07-01 reopened",
        item("2026-07-10 risk-closed", "R1"), "2026-08-01 completed"), END, [CURED, SATISFIED]),
    (20, "risk voided", "project", (risk("2026-02-01"), DONE, voided("2026-07-02", 1)), END, [SATISFIED]),
    (20, "only shown", "project", (shown("2026-06-01", status="completed"),), END, [UNKNOWN]),
    (20, "running", "project", (RUNS, risk("2026-02-01")), END, []),
    (23, "green at 10 %", "project", (PLAN, report("2026-02-01", "green", forecast_finish="2026-04-21",
        forecast_cost=1100)), END, [SATISFIED]),
    (23, "green, a day over", "project", (PLAN, report("2026-02-01", "green", forecast_finish="2026-04-22")), END,
        [VIOLATED]),
    (23, "green, cost over", "project", (PLAN, report("2026-02-01", "green", forecast_cost=1101)), END, [VIOLATED]),
    (23, "red, a day over", "project", (PLAN, report("2026-02-01", "red", forecast_finish="2026-04-22")), END,
        [SATISFIED]),
    (23, "green and early", "project", (PLAN, report("2026-02-01", "green", forecast_finish="2026-03-01")), END,
        [SATISFIED]),
    (23, "no colour", "project", (PLAN, report("2026-02-01", forecast_finish="2026-08-01")), END, []),
    (23, "no forecast", "project", (PLAN, report("2026-02-01", "green")), END, []),
    (23, "no baseline", "project", (report("2026-02-01", "green", forecast_cost=1),), END, [UNKNOWN]),
    (23, "baseline only later", "project", (report("2026-01-04", "green", forecast_cost=9999), PLAN), END, [UNKNOWN]),
    (23, "another currency", "project", (PLAN, report("2026-02-01", "green", forecast_cost=9999, currency="USD")), END,
        [UNKNOWN]),
    (23, "against the baseline in force, by the first one's length", "project", (PLAN,
        baseline("2026-02-01", "2", "2026-08-01", start="2026-01-01", budget=2000),
        report("2026-01-31", "green", forecast_finish="2026-07-01"),
        report("2026-02-02", "green", forecast_finish="2026-08-11", forecast_cost=2200),
        report("2026-02-03", "green", forecast_finish="2026-08-12")), END, [VIOLATED, SATISFIED, VIOLATED]),
    (23, "corrected", "project", (PLAN, report("2026-02-01", "green", forecast_cost=1200),
        report("2026-02-01", "red", forecast_cost=1200, supersedes=2)), END, [SATISFIED]),
    (24, "by the baseline", "project", (PLAN, RUNS), "2026-04-12", [VIOLATED]),
    (24, "its last day", "project", (PLAN, RUNS), "2026-04-11", []),
    (24, "a forecast in time", "project", (PLAN, RUNS, reforecast("2026-04-11", "2026-06-01")), "2026-05-01",
        [SATISFIED]),
    (24, "a forecast a day late", "project", (PLAN, RUNS, reforecast("2026-04-12", "2026-06-01")), "2026-05-01",
        [CURED]),
    (24, "each forecast", "project", (PLAN, RUNS, report("2026-02-01", **FORECAST), reforecast("2026-03-01",
        "2026-05-01")), "2026-06-01", [SATISFIED, SATISFIED, VIOLATED]),
    (24, "no forecast in a report", "project", (PLAN, RUNS, report("2026-04-20")), "2026-05-01", [VIOLATED]),
    (24, "forecasts the past", "project", (RUNS, report("2026-05-01", **FORECAST)), "2026-05-02", [VIOLATED]),
    (24, "forecasts the past, told anew that day", "project", (RUNS, report("2026-05-01", **FORECAST),
        reforecast("2026-05-01", "2026-09-01")), "2026-05-02", [SATISFIED]),
    (24, "completed in time", "project", (PLAN, RUNS, "2026-04-11 completed"), END, [SATISFIED]),
    (24, "completed late", "project", (PLAN, RUNS, "2026-04-12 completed"), END, [CURED]),
    (24, "cancelled in time", "project", (PLAN, RUNS, "2026-03-01 cancelled"), END, [SATISFIED]),
    (24, "on hold", "project", (PLAN, RUNS, "2026-04-01 put-on-hold"), END, []),
    (24, "resumed with another forecast", "project", (PLAN, RUNS, "2026-04-01 put-on-hold", "2026-06-01 resumed",
        reforecast("2026-06-01", "2026-09-01")), "2026-07-01", [SATISFIED]),
    (24, "resumed without", "project", (PLAN, RUNS, "2026-04-01 put-on-hold", "2026-06-01 resumed"), "2026-06-02",
        [VIOLATED]),
    (24, "another baseline is none after a forecast", "project", (PLAN, RUNS, report("2026-02-01", **FORECAST),
        baseline("2026-03-01", "2")), "2026-05-01", [SATISFIED, VIOLATED]),
    (24, "another baseline without a forecast", "project", (PLAN, RUNS, baseline("2026-03-01", "2")), "2026-05-01",
        [SATISFIED]),
    (24, "never started", "project", (PLAN,), END, []),
    (24, "voided forecast", "project", (PLAN, RUNS, reforecast("2026-03-01", "2026-06-01"), voided("2026-03-02", 3)),
        "2026-05-01", [VIOLATED]),
    (24, "only shown", "project", (shown("2026-02-01", status="running"),), END, [UNKNOWN]),
    (24, "shown as a proposal", "project", (shown("2026-02-01", status="proposed"),), END, []),
    (27, "started as allowed", "project", (RUNS,), END, [SATISFIED]),
    (27, "started at risk", "project", ((RUNS, {"at_risk": NOTE}),), END, [VIOLATED]),
    (27, "reported at risk", "project", (report("2026-02-01"), report("2026-03-01", at_risk=NOTE)), END,
        [SATISFIED, VIOLATED]),
    (27, "planned within capacity", "workload", (LONG,), END, [SATISFIED]),
    (27, "planned and revised at risk", "workload", (allocated("2026-01-15", "2026-02-01", "2026-02-28", at_risk=NOTE),
        allocated("2026-01-16", "2026-02-01", "2026-02-20", "revised", at_risk=NOTE)), END, [VIOLATED, VIOLATED]),
    (27, "voided", "project", ((RUNS, {"at_risk": NOTE}), voided("2026-01-12", 1)), END, []),
    (28, "reviewed", "adoption", (edition("2026-01-01", reviewed=True), mandated("2026-02-01")), END, [SATISFIED]),
    (28, "not reviewed", "adoption", (edition("2026-01-01"), mandated("2026-02-01")), END, [VIOLATED]),
    (28, "a process needs none", "adoption", (edition("2026-01-01", kind="process"), mandated("2026-02-01")), END, []),
    (28, "of an unknown standard", "adoption", (mandated("2026-02-01"),), END, []),
    (28, "an edition without", "adoption", (edition("2026-01-01", reviewed=True),
        edition("2026-01-20", "2", how="revised"), mandated("2026-02-01")), END, [VIOLATED]),
    (28, "reviewed afterwards", "adoption", (edition("2026-01-01"), mandated("2026-02-01"),
        edition("2026-03-01", "2", reviewed=True, how="revised")), END, [CURED]),
    (28, "reviewed on the same day", "adoption", (edition("2026-01-01"), mandated("2026-02-01"),
        edition("2026-02-01", "2", reviewed=True, how="revised")), END, [SATISFIED]),
    (28, "published only afterwards", "adoption", (mandated("2026-02-01"), edition("2026-03-01", reviewed=True)), END,
        [CURED]),
    (28, "mandated twice", "adoption", (edition("2026-01-01"), mandated("2026-02-01"), mandated("2026-03-01")), END,
        [VIOLATED, VIOLATED]),
    (28, "voided", "adoption", (edition("2026-01-01"), mandated("2026-02-01"), voided("2026-02-02", 1)), END, []),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_each_case(world: World, told: dict[int, str], case: tuple[Any, ...]) -> None:
    assert world.results(case[0], told[id(case)], case[4]) == case[5]


def test_what_an_occasion_says(world: World) -> None:
    streams = {
        17: world.project(RED),
        18: world.project(risk("2026-02-01", owner=None)),
        20: world.project(risk("2026-02-01"), change("2026-02-01", "requested"), CONDITION, DONE),
        23: world.project(PLAN, report("2026-02-01", "green", forecast_finish="2026-05-01", forecast_cost=1200)),
        24: world.project(PLAN, RUNS, reforecast("2026-04-15", "2027-06-01")),
        27: world.project((RUNS, {"at_risk": NOTE})),
    }
    found = {number: world.ask(number, END, streams=[stream])[0] for number, stream in streams.items()}
    assert {number: occasion.detail for number, occasion in found.items()} == {
        17: "red, and nothing done",
        18: "risk R1, no owner",
        20: "open: change C1, condition of G1, risk R1",
        23: "says green, finish off by 20 %, cost off by 20 %",
        24: "finish expected by 2026-04-11, in the past for 4 days",
        27: "started at risk",
    }
    assert (found[17].due, found[18].due, found[24].due) == (dt.date(2026, 3, 3), None, dt.date(2026, 4, 11))
    assert found[24].evidence == (f"{streams[24]}/1", f"{streams[24]}/3")
    assert found[24].cured_at == dt.datetime(2026, 4, 14, 22, tzinfo=dt.UTC)


def test_the_unit_that_answers(world: World) -> None:
    stream = world.project(("2026-01-01 proposed", {"unit": "RND"}))
    person = fresh("PERSON").ljust(20, "A").translate(str.maketrans("0189", "WXYZ"))
    world.tell(f"person:{person}", "joined", "2025-01-01", unit="FIN", role="Analyst")
    fields: dict[str, Any] = {
        "item": "A1",
        "project": stream[8:],
        "first_day": dt.date(2026, 2, 1),
        "last_day": dt.date(2026, 2, 5),
    }
    world.tell(f"workload:{person}", "allocation-planned", "2026-01-10", at_risk=NOTE, **fields)
    fields = {"item": "X.2026-02-06", "project": stream[8:], "day": dt.date(2026, 2, 6), "hours": 3}
    world.tell(f"timesheet:{person}/2026-W06", "hours-logged", "2026-02-06", **fields)
    [used] = world.ask(27, END, streams=[f"workload:{person}"])
    [hours] = world.ask(16, END, streams=[f"timesheet:{person}/2026-W06"])
    assert (used.unit, hours.unit, hours.label) == ("RND", "FIN", person)
    assert hours.detail == f"3 h for {stream[8:]} on 2026-02-06, not allocated"
    world.tell(stream, "withdrawn", "2026-03-01")
    assert world.ask(27, END, streams=[f"workload:{person}"]) == []


def test_what_was_not_known_then_does_not_count(world: World) -> None:
    told = reforecast("2026-04-11", "2026-09-01")
    stream = world.project(PLAN, RUNS, (told[0], {**told[1], "recorded": "2026-05-20"}))
    assert world.results(24, stream, "2026-05-01", known_at="2026-05-01") == [VIOLATED]
    assert world.results(24, stream, "2026-05-01") == [SATISFIED]
