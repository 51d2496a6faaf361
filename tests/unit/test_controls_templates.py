"""Controls of the templates absence, existence, not-more-than and limit, and some of the older ones, case by case."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from controls_world import EVIDENCE, PERSONS, ZONE, World, fresh, opened

from services.audit.run import check
from services.projections.checking import load_controls
from services.projections.scope import Scope

ANN, BOB = PERSONS["ann"], PERSONS["bob"]
SATISFIED, VIOLATED, CURED, UNKNOWN = "satisfied", "violated", "cured late", "no evidence"
END = "2026-12-31"
CLOSED = ("2026-02-01 financially-closed", {"final_cost": 100})
RAISED = ("2026-02-01 raised", {"control": "c", "control_digest": "0" * 64, "subject": "project:P", "audit": "A",
    "activating": "project:P/1", "severity": "low", "result": "violated"})  # fmt: skip
PLAN = {"item": "1", "project": "P", "first_day": "2026-02-01", "last_day": "2026-03-01", "weekly_hours": 8}
PLANNED = ("2026-02-01 allocation-planned", PLAN)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def told(world: World) -> dict[int, str]:
    """The stream of each case; all are landed together, since landing takes longer than asking."""
    streams = {}
    for case in CASES:
        kind, steps = case[2], case[3]
        person = fresh().ljust(20, "A").translate(str.maketrans("0189", "WXYZ"))
        stream = {
            "project": f"project:{fresh()}",
            "adoption": f"adoption:{fresh('S')}/OPS",
            "business-unit": f"business-unit:{fresh('U')}",
            "training": f"training:{person}/{fresh('C')}",
            "finding": f"finding:C/{fresh('F')}/E",
            "access": f"access:{person}",
            "timesheet": f"timesheet:{person}/2026-W06",
            "workload": f"workload:{person}",
            "left": f"workload:{person}",
        }[kind.split()[0]]
        if kind.startswith("left "):
            world.add(f"person:{person}", ("2025-01-01 joined", {"role": "pilot"}), f"{kind.split()[1]} left")
        streams[id(case)] = stream
        world.add(stream, *(_own(step, person) for step in steps))
    return streams


def _own(step: Any, person: str) -> Any:
    """The step, with the stream's own person where it says SELF."""
    if isinstance(step, str):
        return step
    return step[0], {name: person if value == "SELF" else value for name, value in step[1].items()}


def passed(on: str, evidence: Any = (), item: str = "G1", how: str = "gate-passed") -> tuple[str, dict[str, Any]]:
    more = {"due": "2026-12-01"} if how.endswith("conditions") else {}
    return (f"{on} {how}", {"item": item, "evidence": evidence, **more})


def owned(on: str, owner: str | None) -> tuple[str, dict[str, Any]]:
    return (
        f"{on} nonconformity-raised",
        {"item": "1", "due": "2026-03-01", "severity": "minor", "owner": owner, "raised_by": ANN},
    )


def acknowledged(on: str, owner: str) -> tuple[str, dict[str, Any]]:
    return (f"{on} acknowledged", {"owner": owner, "due": "2026-06-01"})


def confirmed_by(whom: str) -> tuple[str, dict[str, Any]]:
    return ("2026-02-02 allocation-confirmed", {"item": "1", "confirmed_by": whom})


def raised(on: str, due: str, item: str = "1") -> tuple[str, dict[str, Any]]:
    return (f"{on} nonconformity-raised", {"item": item, "due": due, "severity": "minor"})


def resolved(on: str, item: str = "1") -> tuple[str, dict[str, Any]]:
    return (f"{on} nonconformity-resolved", {"item": item})


def benefit(on: str, due: str, item: str = "1") -> tuple[str, dict[str, Any]]:
    return (f"{on} benefit-planned", {"item": item, "due": due, "name": "Time saved", "amount": 1})


def measured(on: str, item: str = "1") -> tuple[str, dict[str, Any]]:
    return (f"{on} benefit-measured", {"item": item, "amount": 1})


def shown(on: str, status: str | None) -> tuple[str, dict[str, Any]]:
    return (f"{on} recorded", {"status": status})


def report(on: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return (f"{on} progress-reported", fields)


ASSESSED = {"item": "PPM", "framework": "P3M3", "framework_version": "3", "level": 2, "perspectives": {},
            "assessor_type": "self"}  # fmt: skip
MEASURE = "maturity-assessed"
LEFT = ("2026-03-01 left-source", {"listing": "Q1"})
# control, what is told, the kind of stream, its history, as of when, the results in the order of time
CASES: list[tuple[int, str, str, tuple[Any, ...], str, list[str]]] = [
    (8, "with evidence", "project", (passed("2026-02-01", EVIDENCE),), END, [SATISFIED]),
    (8, "without", "project", (passed("2026-02-01"),), END, [VIOLATED]),
    (8, "with conditions, without evidence", "project", (passed("2026-02-01", how="gate-passed-with-conditions"),),
        END, [VIOLATED]),
    (8, "passed again with evidence", "project", (passed("2026-02-01"), passed("2026-03-01", EVIDENCE)), END,
        [CURED, SATISFIED]),
    (8, "passed again without", "project", (passed("2026-02-01"), passed("2026-03-01")), END, [VIOLATED, VIOLATED]),
    (8, "another gate cures nothing", "project", (passed("2026-02-01"), passed("2026-03-01", EVIDENCE, "G2")), END,
        [VIOLATED, SATISFIED]),
    (8, "failed without", "project", (passed("2026-02-01", how="gate-failed"),), END, []),
    (8, "voided", "project", (passed("2026-02-01"), ("2026-02-02 voided", {"supersedes": 1})), END, []),
    (10, "in time", "adoption", (raised("2026-02-01", "2026-03-01"), resolved("2026-03-01")), END, [SATISFIED]),
    (10, "late", "adoption", (raised("2026-02-01", "2026-03-01"), resolved("2026-03-02")), END, [CURED]),
    (10, "never", "adoption", (raised("2026-02-01", "2026-03-01"),), END, [VIOLATED]),
    (10, "not yet due", "adoption", (raised("2026-02-01", "2026-03-01"),), "2026-03-01", []),
    (10, "another one is resolved", "adoption", (raised("2026-02-01", "2026-03-01"), resolved("2026-02-10", "2")),
        END, [VIOLATED]),
    (10, "another one does not replace it", "adoption", (raised("2026-02-01", "2026-03-01"),
        raised("2026-02-02", "2026-04-01", "2"), resolved("2026-02-20", "2")), END, [VIOLATED, SATISFIED]),
    (10, "stated anew", "adoption", (raised("2026-02-01", "2026-03-01"), raised("2026-02-15", "2026-04-01"),
        resolved("2026-03-20")), END, [SATISFIED]),
    (21, "before", "project", (("2026-01-01 scored", {"score": 50}), "2026-01-05 approved"), END, [SATISFIED]),
    (21, "never", "project", ("2026-01-05 approved",), END, [VIOLATED]),
    (21, "after", "project", ("2026-01-05 approved", ("2026-01-06 scored", {"score": 50})), END, [CURED]),
    (21, "same day", "project", ("2026-01-05 approved", ("2026-01-05 scored", {"score": 50})), END, [SATISFIED]),
    (21, "only shown", "project", (shown("2026-01-05", "running"),), END, [UNKNOWN]),
    (21, "shown as a proposal", "project", (shown("2026-01-05", "proposed"),), END, []),
    (22, "in time", "business-unit", ("2025-01-01 registered", (f"2026-01-01 {MEASURE}", ASSESSED)), "2026-06-01",
        [SATISFIED]),
    (22, "late", "business-unit", ("2025-01-01 registered", (f"2026-01-02 {MEASURE}", ASSESSED)), "2026-06-01",
        [CURED]),
    (22, "never", "business-unit", ("2025-01-01 registered",), "2026-01-02", [VIOLATED]),
    (22, "not yet due", "business-unit", ("2025-01-01 registered",), "2026-01-01", []),
    (22, "retired before", "business-unit", ("2025-01-01 registered", "2025-06-01 retired"), END, []),
    (25, "two alike", "project", (report("2026-02-01"), report("2026-02-10")), END, [SATISFIED]),
    (25, "three alike", "project", (report("2026-02-01"), report("2026-02-10"), report("2026-02-20")), END,
        [VIOLATED]),
    (25, "two and two", "project", (report("2026-02-01"), report("2026-02-10"), report("2026-02-20", rag="red"),
        report("2026-03-01", rag="red")), END, [SATISFIED, SATISFIED]),
    (25, "one between", "project", (report("2026-02-01"), report("2026-02-10"), report("2026-02-15", actual_cost=1),
        report("2026-02-20")), END, [SATISFIED, SATISFIED, SATISFIED]),
    (25, "the third voided", "project", (report("2026-02-01"), report("2026-02-10"), report("2026-02-20"),
        ("2026-02-21 voided", {"supersedes": 3})), END, [SATISFIED]),
    (29, "in time", "project", (benefit("2026-02-01", "2026-06-01"), measured("2026-05-01")), END, [SATISFIED]),
    (29, "late", "project", (benefit("2026-02-01", "2026-06-01"), measured("2026-06-02")), END, [CURED]),
    (29, "never", "project", (benefit("2026-02-01", "2026-06-01"), measured("2026-05-01", "2")), END, [VIOLATED]),
    (29, "not yet due", "project", (benefit("2026-02-01", "2026-06-01"),), "2026-06-01", []),
    (29, "planned anew", "project", (benefit("2026-02-01", "2026-06-01"), benefit("2026-05-01", "2026-09-01")),
        "2026-07-01", []),
    (30, "while running", "project", (shown("2026-02-01", "running"), LEFT), END, [VIOLATED]),
    (30, "of unknown status", "project", (shown("2026-02-01", None), LEFT), END, [VIOLATED]),
    (30, "completed by the source", "project", (shown("2026-02-01", "completed"), LEFT), END, [SATISFIED]),
    (30, "cancelled here", "project", (shown("2026-02-01", "running"), "2026-02-15 cancelled", LEFT), END,
        [SATISFIED]),
    (30, "completed afterwards", "project", (shown("2026-02-01", "running"), LEFT, "2026-04-01 completed"), END,
        [CURED]),
    (30, "back again", "project", (shown("2026-02-01", "running"), LEFT, shown("2026-05-01", "running")), END, [CURED]),
    (30, "still listed", "project", (shown("2026-02-01", "running"),), END, []),
    (31, "while running", "project", ("2026-01-10 started", report("2026-02-01")), END, [SATISFIED]),
    (31, "while on hold", "project", ("2026-01-10 started", "2026-01-20 put-on-hold", report("2026-02-01")), END,
        [VIOLATED]),
    (31, "after it was resumed", "project", ("2026-01-10 started", "2026-01-20 put-on-hold", "2026-01-25 resumed",
        report("2026-02-01")), END, [SATISFIED]),
    (31, "on the day of the hold", "project", ("2026-01-10 started", "2026-02-01 put-on-hold", report("2026-02-01")),
        END, [SATISFIED]),
    (31, "on the day of the hold, by the clock", "project", ("2026-01-10 started", "2026-02-01 09:00 put-on-hold",
        report("2026-02-01 10:00")), END, [VIOLATED]),
    (31, "on the day that it was resumed", "project", ("2026-01-10 started", "2026-01-20 put-on-hold",
        report("2026-02-01"), "2026-02-01 15:00 resumed"), END, [SATISFIED]),
    (33, "while running", "project", ("2026-01-10 started", report("2026-02-01")), END, [SATISFIED]),
    (33, "on the last day of the wind-down", "project", ("2026-01-10 completed", report("2026-03-11")), END,
        [SATISFIED]),
    (33, "a day later", "project", ("2026-01-10 completed", report("2026-03-12")), END, [VIOLATED]),
    (33, "a late credit note", "project", ("2026-01-10 completed", ("2026-03-12 actual-cost-corrected",
        {"item": "1", "amount": -1})), END, [VIOLATED]),
    (33, "reopened", "project", ("2026-01-10 completed", "2026-03-01 reopened", report("2026-03-12")), END,
        [SATISFIED]),
    (26, "on the 30th day", "project", (("2026-02-01 approved", {"recorded": "2026-03-03"}),), END, [SATISFIED]),
    (26, "a day later", "project", (("2026-02-01 approved", {"recorded": "2026-03-04"}),), END, [VIOLATED]),
    (26, "what a source showed", "project", (("2026-02-01 recorded", {"status": "running", "recorded": "2026-06-01"}),),
        END, []),
    (26, "withdrawn", "project", (("2026-02-01 approved", {"recorded": "2026-06-04"}), "2026-06-05 withdrawn"), END,
        []),
    (32, "by another", "adoption", (("2026-02-01 waived", {"until": "2026-03-01", "requested_by": ANN}),), END,
        [SATISFIED]),
    (32, "by the requester", "adoption", (("2026-02-01 waived", {"until": "2026-03-01", "requested_by": BOB}),), END,
        [VIOLATED]),
    (32, "requester unknown", "adoption", (("2026-02-01 waived", {"until": "2026-03-01"}),), END, [UNKNOWN]),
    (32, "exempted by another", "training", (("2026-02-01 exempted", {"until": "2026-03-01"}),), END, [SATISFIED]),
    (32, "exempted by oneself", "training", (("2026-02-01 exempted", {"until": "2026-03-01", "decided_by": "SELF"}),),
        END, [VIOLATED]),
    (32, "voided", "adoption", (("2026-02-01 waived", {"until": "2026-03-01", "requested_by": BOB}),
        ("2026-02-02 voided", {"supersedes": 1})), END, []),
    (32, "resolved by another", "adoption", (owned("2026-02-01", ANN), resolved("2026-02-10")), END, [SATISFIED]),
    (32, "resolved by its owner", "adoption", (owned("2026-02-01", BOB), resolved("2026-02-10")), END, [VIOLATED]),
    (32, "resolved, owned by nobody", "adoption", (owned("2026-02-01", None), resolved("2026-02-10")), END, [UNKNOWN]),
    (32, "taken over afterwards", "adoption", (owned("2026-02-01", ANN), resolved("2026-02-10"),
        owned("2026-02-11", BOB)), END, [SATISFIED]),
    (32, "closed by its owner", "finding", (RAISED, acknowledged("2026-02-02", BOB), "2026-02-03 remediated"), END,
        [VIOLATED]),
    (32, "closed by who took it over", "finding", (RAISED, acknowledged("2026-02-02", BOB),
        acknowledged("2026-02-03", ANN), "2026-02-04 dismissed"), END, [SATISFIED]),
    (32, "dismissed before anybody owned it", "finding", (RAISED, "2026-02-03 dismissed"), END, [SATISFIED]),
    (32, "accepted by who asked", "finding", (RAISED, ("2026-02-03 risk-accepted", {"until": "2026-06-01",
        "requested_by": BOB})), END, [VIOLATED]),
    (34, "nothing follows", "project", ("2026-01-10 completed", CLOSED), END, [SATISFIED]),
    (34, "a decision follows", "project", ("2026-01-10 completed", CLOSED, "2026-02-02 cancelled"), END, [VIOLATED]),
    (34, "on the same day", "project", (CLOSED, "2026-02-01 completed"), END, [SATISFIED]),
    (34, "a credit note", "project", (CLOSED, ("2026-03-12 actual-cost-corrected", {"item": "1", "amount": -1})), END,
        [SATISFIED]),
    (34, "reopened", "project", (CLOSED, "2026-02-10 reopened", "2026-02-12 completed"), END, [SATISFIED]),
    (34, "before it was reopened", "project", (CLOSED, report("2026-02-05"), "2026-02-10 reopened"), END, [VIOLATED]),
    (34, "closed twice", "project", (CLOSED, report("2026-02-05"), "2026-02-10 reopened",
        ("2026-02-20 financially-closed", {"final_cost": 100})), END, [VIOLATED, SATISFIED]),
    (34, "not closed", "project", ("2026-01-10 completed", report("2026-02-05")), END, []),
    (35, "confirmed by another", "workload", (PLANNED, confirmed_by(BOB)), END, [SATISFIED]),
    (35, "confirmed by oneself", "workload", (PLANNED, confirmed_by("SELF")), END, [VIOLATED]),
    (35, "approved by oneself", "timesheet", (("2026-02-10 approved", {"decided_by": "SELF"}),), END, [VIOLATED]),
    (35, "granted by another", "access", (("2026-02-10 granted", {"item": "OPS", "role": "viewer"}),), END,
        [SATISFIED]),
    (35, "granted by oneself", "access", (("2026-02-10 granted", {"item": "OPS", "role": "viewer",
        "decided_by": "SELF"}),), END, [VIOLATED]),
    (36, "still here", "workload", (PLANNED,), END, []),
    (36, "left after its end", "left 2026-03-02", (PLANNED,), END, [SATISFIED]),
    (36, "left on its last day", "left 2026-03-01", (PLANNED,), END, [VIOLATED]),
    (36, "released when they left", "left 2026-02-20", (PLANNED, ("2026-02-20 allocation-released", {"item": "1",
        "last_day": "2026-02-19"})), END, [SATISFIED]),
    (36, "released afterwards", "left 2026-02-20", (PLANNED, ("2026-02-25 allocation-released", {"item": "1",
        "last_day": "2026-02-19"})), END, [CURED]),
    (36, "dropped afterwards", "left 2026-02-20", (PLANNED, ("2026-02-25 allocation-released", {"item": "1"})), END,
        [CURED]),
    (36, "released, but not early enough", "left 2026-02-20", (PLANNED, ("2026-02-25 allocation-released",
        {"item": "1", "last_day": "2026-02-25"})), END, [VIOLATED]),
    (36, "planned after leaving", "left 2026-01-20", (PLANNED,), END, [VIOLATED]),
    (36, "only softly planned", "left 2026-02-20", (("2026-02-01 allocation-planned", {**PLAN, "hard": False}),), END,
        []),
    (36, "leaves later", "left 2026-02-20", (PLANNED,), "2026-02-19", []),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_each_case(world: World, told: dict[int, str], case: tuple[Any, ...]) -> None:
    assert world.results(case[0], told[id(case)], case[4]) == case[5]


MINE = """id: lesson-by-completion
number: 900
title: A lesson is recorded within ten days of completion
why: What was learned is soon forgotten.
subjects: project
severity: low
owner: PMO
since: 2026-01-01
version: 1
rule:
  template: existence
  activation: {happened: completed}
  needed: {happened: lesson-recorded}
  within_days: 10
"""


def test_existence_counts_what_came_before_too(world: World, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    control = load_controls(tmp_path)["lesson-by-completion"]
    lesson = {"item": "1"}
    done = "2026-02-01 completed"
    streams = {
        SATISFIED: world.project(("2026-01-05 lesson-recorded", lesson), done),
        "in time": world.project(done, ("2026-02-11 lesson-recorded", lesson)),
        CURED: world.project(done, ("2026-02-12 lesson-recorded", lesson)),
        VIOLATED: world.project(done),
        "open": world.project("2026-02-28 completed"),
    }
    world.land()
    scope = Scope(dt.date(2026, 3, 5), ZONE)
    found = {o.subject: o.result for o in check(world._clickhouse, control, scope)}
    assert {name: found.get(stream) for name, stream in streams.items()} == {
        SATISFIED: SATISFIED, "in time": SATISFIED, CURED: CURED, VIOLATED: VIOLATED, "open": None,
    }  # fmt: skip
