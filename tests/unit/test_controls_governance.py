"""Controls of governance: gates, baselines, spend and waivers, case by case."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from controls_world import World, fresh, opened

SATISFIED, VIOLATED, CURED, UNKNOWN = "satisfied", "violated", "cured late", "no evidence"
END = "2026-12-31"
BASED = ("2026-01-01 proposed", ("2026-01-05 baseline-set", {"item": "1"}))
MANDATED = ("2026-01-01 mandated", {"due": "2026-02-01"})
ROUTED = ("2026-01-01 proposed", {"gate_route": "LONG"})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def told(world: World) -> dict[int, str]:
    """Every case's stream, landed at once."""
    for name, on, gates in (
        ("LONG", "2025-01-01", {"G1": 10, "G2": 20, "G3": 10}),
        ("MOVED", "2025-01-01", {"G1": 10, "G3": 10}),
        ("MOVED", "2026-03-01", {"G1": 10, "G2": 5, "G3": 10}),
        ("LATER", "2026-06-01", {"G1": 10, "G2": 20}),
        ("CLEARED", "2025-01-01", {"G1": 10, "G2": 20}),
        ("CLEARED", "2025-06-01", None),
    ):
        said = gates and json.dumps({"gates": [{"gate": gate, "due_days": days} for gate, days in gates.items()]})
        world.tell(f"setting:GATE-ROUTE.{name}", "set", on, value=said)
    asks = tuple({"id": name, "text": "Do it", "weight": 1} for name in ("R1", "R2"))
    for name in ("ITIL", "GONE"):
        world.tell(f"standard:{name}", "published", "2025-01-01", edition="1", requirements=asks)
    world.tell("standard:ITIL", "revised", "2026-06-01", edition="2", requirements=asks)
    world.tell("standard:GONE", "withdrawn", "2026-06-01")
    found = {}
    for case in CASES:
        number, _, kind, history, *_ = case
        stream = {
            "project": f"project:{fresh()}",
            "adoption": f"adoption:ITIL/{fresh('U')}",
            "gone": f"adoption:GONE/{fresh('U')}",
        }[kind]
        world.add(stream, *history)
        found[id(case)] = stream
    world.land()
    return found


def passed(on: str, gate: str, how: str = "gate-passed") -> tuple[str, dict[str, Any]]:
    due = {"due": "2026-06-01"} if how == "gate-passed-with-conditions" else {}
    return (f"{on} {how}", {"item": gate, **due})


def revoked(on: str, gate: str) -> tuple[str, dict[str, Any]]:
    return (f"{on} gate-decision-revoked", {"item": gate})


def asked(on: str, gate: str) -> tuple[str, dict[str, Any]]:
    return (f"{on} gate-requested", {"item": gate})


def approved(on: str, change: str, how: str = "change-approved") -> tuple[str, dict[str, Any]]:
    return (f"{on} {how}", {"item": change})


def rebased(on: str, number: str, change: str | None, **fields: Any) -> tuple[str, dict[str, Any]]:
    return (f"{on} baseline-set", {"item": number, "change_id": change, **fields})


def change(item: str, cost: int, **fields: Any) -> tuple[str, dict[str, Any]]:
    return ("2026-01-10 change-requested", {"item": item, "cost": cost, "days": 0, **fields})


def cost(on: str, spent: int, **fields: Any) -> tuple[str, dict[str, Any]]:
    return (f"{on} progress-reported", {"actual_cost": spent, **fields})


def corrected(on: str, amount: int, item: str = "1") -> tuple[str, dict[str, Any]]:
    return (f"{on} actual-cost-corrected", {"item": item, "amount": amount})


def waived(on: str, until: str) -> tuple[str, dict[str, Any]]:
    return (f"{on} waived", {"until": until})


def assessed(on: str, result: str = "met", edition: str = "1") -> tuple[str, dict[str, Any]]:
    results = ({"requirement": "R1", "result": "met"}, {"requirement": "R2", "result": result})
    return (f"{on} assessed", {"edition": edition, "results": results})


# control, what is told, the kind of stream, its history, as of when, the results in the order of time
CASES: list[tuple[int, str, str, tuple[Any, ...], str, list[str]]] = [
    (2, "in order", "project", (ROUTED, passed("2026-02-01", "G1"), passed("2026-02-10", "G2")), END,
        [SATISFIED, SATISFIED]),
    (2, "skipped", "project", (ROUTED, passed("2026-02-01", "G2")), END, [VIOLATED]),
    (2, "passed before, with conditions", "project", (ROUTED, passed("2026-02-01", "G1", "gate-passed-with-conditions"),
        passed("2026-02-10", "G2")), END, [SATISFIED, SATISFIED]),
    (2, "one of two skipped", "project", (ROUTED, passed("2026-02-01", "G1"), passed("2026-02-10", "G3")), END,
        [SATISFIED, VIOLATED]),
    (2, "the other way round", "project", (ROUTED, passed("2026-02-10", "G2"), passed("2026-02-12", "G1")), END,
        [CURED, SATISFIED]),
    (2, "one of two caught up on", "project", (ROUTED, passed("2026-02-10", "G3"), passed("2026-02-12", "G1")), END,
        [VIOLATED, SATISFIED]),
    (2, "not yet caught up on", "project", (ROUTED, passed("2026-02-10", "G2"), passed("2026-02-12", "G1")),
        "2026-02-11", [VIOLATED]),
    (2, "revoked before", "project", (ROUTED, passed("2026-02-01", "G1"), revoked("2026-02-05", "G1"),
        passed("2026-02-10", "G2")), END, [SATISFIED, VIOLATED]),
    (2, "revoked and passed again", "project", (ROUTED, passed("2026-02-01", "G1"), revoked("2026-02-05", "G1"),
        passed("2026-02-06", "G1"), passed("2026-02-10", "G2")), END, [SATISFIED, SATISFIED, SATISFIED]),
    (2, "revoked afterwards", "project", (ROUTED, passed("2026-02-01", "G1"), passed("2026-02-10", "G2"),
        revoked("2026-02-11", "G1")), END, [SATISFIED, SATISFIED]),
    (2, "revoked on the day", "project", (ROUTED, passed("2026-02-01", "G1"), revoked("2026-02-10", "G1"),
        passed("2026-02-10", "G2")), END, [SATISFIED, SATISFIED]),
    (2, "failed before", "project", (ROUTED, passed("2026-02-01", "G1", "gate-failed"), passed("2026-02-10", "G2")),
        END, [VIOLATED]),
    (2, "on one day", "project", (ROUTED, passed("2026-02-10", "G2"), passed("2026-02-10", "G1")), END,
        [SATISFIED, SATISFIED]),
    (2, "on one day, by the clock", "project", (ROUTED, passed("2026-02-10 09:00", "G2"), passed("2026-02-10 10:00",
        "G1")),
        END, [CURED, SATISFIED]),
    (2, "without a route", "project", ("2026-01-01 proposed", passed("2026-02-01", "G2")), END, []),
    (2, "on no known route", "project", (("2026-01-01 proposed", {"gate_route": "NONE"}), passed("2026-02-01", "G2")),
        END, [UNKNOWN]),
    (2, "on a route that was cleared", "project", (("2026-01-01 proposed", {"gate_route": "CLEARED"}),
        passed("2026-02-01", "G2")), END, [UNKNOWN]),
    (2, "not on the route", "project", (ROUTED, passed("2026-02-01", "G9")), END, [VIOLATED]),
    (2, "a pass that was voided", "project", (ROUTED, passed("2026-02-01", "G2"),
        ("2026-02-03 voided", {"supersedes": 2})), END, []),
    (2, "an earlier one that was voided", "project", (ROUTED, passed("2026-02-01", "G1"), passed("2026-02-02", "G2"),
        ("2026-02-03 voided", {"supersedes": 2})), END, [VIOLATED]),
    (2, "the route of that time", "project", (("2026-01-01 proposed", {"gate_route": "MOVED"}),
        passed("2026-02-01", "G1"), passed("2026-02-10", "G3"), passed("2026-03-10", "G3")), END,
        [SATISFIED, SATISFIED, VIOLATED]),
    (2, "a route that was set later", "project", (("2026-01-01 proposed", {"gate_route": "LATER"}),
        passed("2026-02-10", "G2")), END, [VIOLATED]),
    (2, "withdrawn", "project", (ROUTED, passed("2026-02-01", "G2"), "2026-02-02 withdrawn"), END, []),
    (3, "on the last day", "project", (ROUTED, asked("2026-02-01", "G1"), passed("2026-02-11", "G1")), END,
        [SATISFIED]),
    (3, "a day later", "project", (ROUTED, asked("2026-02-01", "G1"), passed("2026-02-12", "G1")), END, [CURED]),
    (3, "failed in time", "project", (ROUTED, asked("2026-02-01", "G1"), passed("2026-02-11", "G1", "gate-failed")),
        END, [SATISFIED]),
    (3, "a gate with more days", "project", (ROUTED, asked("2026-02-01", "G2"), passed("2026-02-21", "G2")), END,
        [SATISFIED]),
    (3, "not decided", "project", (ROUTED, asked("2026-02-01", "G1")), "2026-02-12", [VIOLATED]),
    (3, "not yet due", "project", (ROUTED, asked("2026-02-01", "G1")), "2026-02-11", []),
    (3, "decided later than asked for", "project", (ROUTED, asked("2026-02-01", "G1"), passed("2026-02-13", "G1")),
        "2026-02-12", [VIOLATED]),
    (3, "another gate is decided", "project", (ROUTED, asked("2026-02-01", "G1"), passed("2026-02-02", "G2")), END,
        [VIOLATED]),
    (3, "without a route, on the last day", "project", ("2026-01-01 proposed", asked("2026-02-01", "G1"),
        passed("2026-02-15", "G1")), END, [SATISFIED]),
    (3, "without a route, a day later", "project", ("2026-01-01 proposed", asked("2026-02-01", "G1"),
        passed("2026-02-16", "G1")), END, [CURED]),
    (3, "not on the route", "project", (ROUTED, asked("2026-02-01", "G9"), passed("2026-02-15", "G9")), END,
        [SATISFIED]),
    (3, "the route of that time", "project", (("2026-01-01 proposed", {"gate_route": "MOVED"}),
        asked("2026-02-01", "G2"), passed("2026-02-15", "G2"), asked("2026-03-02", "G2"), passed("2026-03-10", "G2")),
        END, [SATISFIED, CURED]),
    (3, "asked again after it failed", "project", (ROUTED, asked("2026-02-01", "G1"),
        passed("2026-02-05", "G1", "gate-failed"), asked("2026-02-05", "G1"), passed("2026-02-20", "G1")), END,
        [SATISFIED, CURED]),
    (3, "decided on the day", "project", (ROUTED, passed("2026-02-05", "G1"), asked("2026-02-05", "G1")), END,
        [SATISFIED]),
    (3, "decided on the day, after an earlier round", "project", (ROUTED, asked("2026-02-01", "G1"),
        passed("2026-02-05", "G1", "gate-failed"), passed("2026-02-20", "G1"), asked("2026-02-20", "G1")), END,
        [SATISFIED, SATISFIED]),
    (3, "decided before, by the clock", "project", (ROUTED, passed("2026-02-05 09:00", "G1"),
        asked("2026-02-05 10:00", "G1")), END, [VIOLATED]),
    (3, "cancelled in time", "project", (ROUTED, asked("2026-02-01", "G1"), "2026-02-05 cancelled"), END, []),
    (3, "cancelled too late", "project", (ROUTED, asked("2026-02-01", "G1"), "2026-02-15 cancelled"), END, [VIOLATED]),
    (3, "decided after the end", "project", (ROUTED, asked("2026-02-01", "G1"), "2026-02-05 completed",
        passed("2026-02-08", "G1")), END, [SATISFIED]),
    (3, "decided late, after the end", "project", (ROUTED, asked("2026-02-01", "G1"), "2026-02-05 completed",
        passed("2026-02-18", "G1")), END, []),
    (3, "decided after an end that came too late", "project", (ROUTED, asked("2026-02-01", "G1"),
        "2026-02-15 completed", passed("2026-02-18", "G1")), END, [CURED]),
    (3, "ended on the day of the request", "project", (ROUTED, "2026-02-01 completed", asked("2026-02-01", "G1")), END,
        []),
    (3, "never asked for", "project", (ROUTED, passed("2026-02-01", "G1")), END, []),
    (3, "a decision that was voided", "project", (ROUTED, asked("2026-02-01", "G1"), passed("2026-02-03", "G1"),
        ("2026-02-20 voided", {"supersedes": 3})), END, [VIOLATED]),
    (5, "with its change", "project", (*BASED, approved("2026-02-01", "C1"), rebased("2026-02-10", "2", "C1")), END,
        [SATISFIED]),
    (5, "the first baseline", "project", BASED, END, []),
    (5, "unauthorised", "project", (*BASED, rebased("2026-02-10", "2", None, unauthorised=True)), END, [VIOLATED]),
    (5, "without a change", "project", (*BASED, rebased("2026-02-10", "2", None)), END, [VIOLATED]),
    (5, "never approved", "project", (*BASED, rebased("2026-02-10", "2", "C1")), END, [VIOLATED]),
    (5, "approved afterwards", "project", (*BASED, rebased("2026-02-10", "2", "C1"), approved("2026-02-11", "C1")), END,
        [CURED]),
    (5, "not yet approved", "project", (*BASED, rebased("2026-02-10", "2", "C1"), approved("2026-02-11", "C1")),
        "2026-02-10", [VIOLATED]),
    (5, "approved on the day", "project", (*BASED, rebased("2026-02-10", "2", "C1"), approved("2026-02-10", "C1")), END,
        [SATISFIED]),
    (5, "approved on the day, by the clock", "project", (*BASED, rebased("2026-02-10 09:00", "2", "C1"),
        approved("2026-02-10 10:00", "C1")), END, [CURED]),
    (5, "another change", "project", (*BASED, approved("2026-02-01", "C2"), rebased("2026-02-10", "2", "C1")), END,
        [VIOLATED]),
    (5, "rejected since", "project", (*BASED, approved("2026-02-01", "C1"), approved("2026-02-05", "C1",
        "change-rejected"),
        rebased("2026-02-10", "2", "C1")), END, [VIOLATED]),
    (5, "the same change twice", "project", (*BASED, approved("2026-02-01", "C1"), rebased("2026-02-10", "2", "C1"),
        rebased("2026-03-10", "3", "C1")), END, [SATISFIED, VIOLATED]),
    (5, "the change that an unauthorised one names", "project", (*BASED, approved("2026-02-01", "C1"),
        rebased("2026-02-05", "2", "C1", unauthorised=True), rebased("2026-02-10", "3", "C1")), END,
        [VIOLATED, SATISFIED]),
    (5, "an approval that was voided", "project", (*BASED, approved("2026-02-01", "C1"), rebased("2026-02-10", "2",
        "C1"),
        ("2026-02-11 voided", {"supersedes": 3})), END, [VIOLATED]),
    (5, "another one that was voided", "project", (*BASED, approved("2026-02-01", "C1"), rebased("2026-02-10", "2",
        "C1"),
        ("2026-02-11 voided", {"supersedes": 4}), rebased("2026-03-10", "3", "C1")), END, [SATISFIED]),
    (6, "10 % over", "project", (*BASED, cost("2026-02-01", 1100)), END, [SATISFIED]),
    (6, "more than 10 % over", "project", (*BASED, cost("2026-02-01", 1101)), END, [VIOLATED]),
    (6, "further over is the same occasion", "project", (*BASED, cost("2026-02-01", 500), cost("2026-03-01", 1200),
        cost("2026-04-01", 1300)), END, [VIOLATED]),
    (6, "not yet over", "project", (*BASED, cost("2026-02-01", 500), cost("2026-03-01", 1200)), "2026-02-28",
        [SATISFIED]),
    (6, "with a change", "project", (*BASED, change("C1", 200), approved("2026-02-01", "C1"), cost("2026-03-01", 1300)),
        END, [SATISFIED]),
    (6, "a change on the day", "project", (*BASED, change("C1", 200), cost("2026-03-01", 1300),
        approved("2026-03-01", "C1")), END, [SATISFIED]),
    (6, "a change on the day, by the clock", "project", (*BASED, change("C1", 200), cost("2026-03-01 09:00", 1300),
        approved("2026-03-01 10:00", "C1")), END, [CURED]),
    (6, "a change afterwards", "project", (*BASED, change("C1", 200), cost("2026-03-01", 1300),
        approved("2026-03-05", "C1")), END, [CURED]),
    (6, "too small a change afterwards", "project", (*BASED, change("C1", 10), cost("2026-03-01", 1300),
        approved("2026-03-05", "C1")), END, [VIOLATED]),
    (6, "over again", "project", (*BASED, change("C1", 200), cost("2026-03-01", 1300), approved("2026-03-05", "C1"),
        cost("2026-04-01", 1400)), END, [CURED, VIOLATED]),
    (6, "over again, and back again", "project", (*BASED, cost("2026-02-01", 1200), corrected("2026-02-10", -150),
        cost("2026-03-01", 1150), cost("2026-03-10", 1160), corrected("2026-03-20", -100, "2")), END, [CURED, CURED]),
    (6, "a change that was not approved", "project", (*BASED, change("C1", 200), cost("2026-03-01", 1300)), END,
        [VIOLATED]),
    (6, "a change that was rejected since", "project", (*BASED, change("C1", 200), approved("2026-02-01", "C1"),
        approved("2026-02-02", "C1", "change-rejected"), cost("2026-03-01", 1300)), END, [VIOLATED]),
    (6, "a change that saves", "project", (*BASED, change("C1", -500), approved("2026-02-01", "C1"),
        cost("2026-03-01", 600)), END, [VIOLATED]),
    (6, "nothing left to spend", "project", (*BASED, change("C1", -1000), approved("2026-02-01", "C1"),
        cost("2026-03-01", 1)), END, [VIOLATED]),
    (6, "the second baseline allows nothing", "project", (*BASED, rebased("2026-01-20", "2", None, budget=2000),
        cost("2026-03-01", 1500)), END, [VIOLATED]),
    (6, "a correction upwards", "project", (*BASED, cost("2026-02-01", 1000), corrected("2026-02-10", 150)), END,
        [VIOLATED]),
    (6, "a correction that is corrected", "project", (*BASED, cost("2026-02-01", 1000), corrected("2026-02-10", 90),
        corrected("2026-02-12", 60), corrected("2026-02-13", 40, "2")), END, [SATISFIED]),
    (6, "a correction downwards", "project", (*BASED, cost("2026-02-01", 1200), corrected("2026-02-10", -150)), END,
        [CURED]),
    (6, "a report after the correction", "project", (*BASED, cost("2026-02-01", 1000), corrected("2026-02-10", 100),
        cost("2026-03-01", 1050)), END, [SATISFIED]),
    (6, "the final cost", "project", (*BASED, cost("2026-02-01", 1000), ("2026-03-01 financially-closed",
        {"final_cost": 1101})), END, [VIOLATED]),
    (6, "a report that was voided", "project", (*BASED, cost("2026-02-01", 1200), ("2026-02-02 voided",
        {"supersedes": 3}),
        cost("2026-02-03", 1000)), END, [SATISFIED]),
    (6, "another currency", "project", (*BASED, cost("2026-02-01", 1200, currency="GBP")), END, [UNKNOWN]),
    (6, "a change in another currency", "project", (*BASED, change("C1", 200, currency="GBP"),
        approved("2026-02-01", "C1"), cost("2026-03-01", 1300)), END, [UNKNOWN]),
    (6, "without a budget", "project", (("2026-01-05 baseline-set", {"item": "1", "budget": 0}), cost("2026-02-01", 5)),
        END, []),
    (6, "without a baseline", "project", ("2026-01-01 proposed", cost("2026-02-01", 5)), END, []),
    (6, "without cost", "project", (*BASED, cost("2026-02-01", 0)), END, []),
    (11, "ended in time", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), "2026-03-01 waiver-ended"), END,
        [SATISFIED]),
    (11, "not yet over", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01")), "2026-03-01", []),
    (11, "expired", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01")), "2026-03-02", [VIOLATED]),
    (11, "ended late", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), "2026-03-02 waiver-ended"), END,
        [CURED]),
    (11, "renewed", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), waived("2026-03-01", "2026-12-31")), END,
        [SATISFIED]),
    (11, "renewed late", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), waived("2026-03-02", "2026-12-31")),
        END, [CURED]),
    (11, "renewed twice", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), waived("2026-03-01", "2026-04-01"),
        waived("2026-04-01", "2026-12-31")), END, [SATISFIED, SATISFIED, VIOLATED]),
    (11, "renewed twice, ended", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"),
        waived("2026-03-01", "2026-04-01"), waived("2026-04-01", "2026-05-01"), "2026-04-10 waiver-ended"), END,
        [SATISFIED, SATISFIED, VIOLATED]),
    (11, "renewed twice, expired", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"),
        waived("2026-03-01", "2026-04-01"), waived("2026-04-01", "2026-05-01"), "2026-05-10 waiver-ended"), END,
        [SATISFIED, SATISFIED, VIOLATED]),
    (11, "three with an end between", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"),
        waived("2026-03-01", "2026-04-01"), "2026-03-20 waiver-ended", waived("2026-04-01", "2026-12-31")), END,
        [SATISFIED, SATISFIED]),
    (11, "met", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), assessed("2026-02-20")), END, [SATISFIED]),
    (11, "met late", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), assessed("2026-03-20")), END, [CURED]),
    (11, "met in part", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), assessed("2026-02-20", "partly")),
        END, [VIOLATED]),
    (11, "met an edition that was replaced", "adoption", (MANDATED, assessed("2026-01-20"),
        waived("2026-02-01", "2026-08-01"), assessed("2026-06-20")), "2026-12-31", [VIOLATED]),
    (11, "met the new edition", "adoption", (MANDATED, waived("2026-02-01", "2026-08-01"),
        assessed("2026-07-20", edition="2")), "2026-12-31", [SATISFIED]),
    (11, "not applicable any more", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"),
        "2026-02-20 not-applicable"), END, [SATISFIED]),
    (11, "not applicable afterwards", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"),
        "2026-03-20 not-applicable"), END, [CURED]),
    (11, "not applicable before", "adoption", (MANDATED, "2026-01-20 not-applicable", waived("2026-02-01",
        "2026-03-01")),
        END, []),
    (11, "never mandated", "adoption", (waived("2026-02-01", "2026-03-01"),), END, []),
    (11, "voided", "adoption", (MANDATED, waived("2026-02-01", "2026-03-01"), ("2026-02-03 voided", {"supersedes": 2})),
        END, []),
    (11, "of a withdrawn standard", "gone", (MANDATED, waived("2026-02-01", "2026-08-01")), END, [SATISFIED]),
    (11, "withdrawn before", "gone", (MANDATED, waived("2026-07-01", "2026-08-01")), END, []),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_each_case(world: World, told: dict[int, str], case: tuple[Any, ...]) -> None:
    assert world.results(case[0], told[id(case)], case[4]) == case[5]


def found(world: World, told: dict[int, str], control: int, name: str, as_of: str = END) -> Any:
    """The last occasion of a case."""
    [case] = [case for case in CASES if case[:2] == (control, name)]
    return world.ask(control, as_of, streams=[told[id(case)]])[-1]


@pytest.mark.parametrize(
    ("control", "name", "said"),
    [
        (2, "one of two skipped", "G3 without G2"),
        (2, "skipped", "G2 without G1"),
        (2, "not on the route", "G9 is not on the route LONG"),
        (2, "on no known route", "the route NONE is not set"),
        (3, "a day later", "G1, decided after 11 days"),
        (3, "cancelled too late", "G1, not decided after 14 days"),
        (6, "more than 10 % over", "spent 1101 of 1000 EUR, 10.1 % over"),
        (6, "another currency", "cost, budget and changes are in different currencies"),
        (11, "expired", "expired on 2026-03-01"),
        (11, "renewed twice", "waiver 3 in a row"),
        (11, "renewed twice, expired", "expired on 2026-05-01, waiver 3 in a row"),
        (5, "unauthorised", "baseline 2 is unauthorised"),
        (5, "without a change", "baseline 2 names no change"),
        (5, "never approved", "baseline 2 rests on C1, which was not approved"),
        (5, "approved afterwards", "baseline 2 rests on C1, which was not approved"),
        (5, "the same change twice", "baseline 3 rests on C1, as baseline 2 does"),
    ],
)
def test_what_is_wrong_is_said(world: World, told: dict[int, str], control: int, name: str, said: str) -> None:
    assert found(world, told, control, name).detail == said


def test_skipped_gates_that_are_caught_up_on_say_when(world: World, told: dict[int, str]) -> None:
    [case] = [case for case in CASES if case[:2] == (2, "the other way round")]
    stream = told[id(case)]
    occasion = world.ask(2, END, streams=[stream])[0]
    assert occasion.cured_at == dt.datetime(2026, 2, 11, 23, tzinfo=dt.UTC)
    assert occasion.evidence == (f"{stream}/2", f"{stream}/3", "setting:GATE-ROUTE.LONG/1")


def test_a_gate_is_due_by_the_days_of_its_route(world: World, told: dict[int, str]) -> None:
    late = found(world, told, 3, "a day later")
    assert (late.due, late.cured_at) == (dt.date(2026, 2, 11), dt.datetime(2026, 2, 11, 23, tzinfo=dt.UTC))
    assert late.evidence[-1] == "setting:GATE-ROUTE.LONG/1"
    assert found(world, told, 3, "without a route, a day later").due == dt.date(2026, 2, 15)


def test_overspend_is_found_at_the_report_that_passes_it(world: World, told: dict[int, str]) -> None:
    over = found(world, told, 6, "further over is the same occasion")
    assert over.activating.endswith("/4")
    assert over.detail == "spent 1200 of 1000 EUR, 20 % over"
    cured = found(world, told, 6, "a change afterwards")
    assert cured.cured_at == dt.datetime(2026, 3, 4, 23, tzinfo=dt.UTC)
    assert [event.rpartition("/")[2] for event in cured.evidence] == ["2", "4", "5"]


def test_a_waiver_is_due_on_its_last_day(world: World, told: dict[int, str]) -> None:
    late = found(world, told, 11, "ended late")
    assert (late.due, late.label) == (dt.date(2026, 3, 1), "ITIL")
    assert late.cured_at == dt.datetime(2026, 3, 1, 23, tzinfo=dt.UTC)
    assert [event.rpartition("/")[2] for event in late.evidence] == ["2", "3"]


def test_what_was_not_known_then_does_not_count(world: World) -> None:
    late = world.project(ROUTED, asked("2026-02-01", "G1"))
    world.tell(late, "gate-passed", "2026-02-03", item="G1", recorded="2026-03-01")
    assert world.results(3, late, "2026-02-20", known_at="2026-02-20") == [VIOLATED]
    assert world.results(3, late, "2026-02-20", known_at="2026-03-01") == [SATISFIED]
    assert world.results(2, late, END, known_at="2026-02-20") == []


def test_records_that_stand_twice_count_once(world: World, told: dict[int, str]) -> None:
    controls = (2, 3, 5, 6, 11)
    before = {number: world.ask(number, END) for number in controls}
    assert all(before.values())
    world.stand_twice("project", "adoption", "setting", "standard")
    assert {number: world.ask(number, END) for number in controls} == before
