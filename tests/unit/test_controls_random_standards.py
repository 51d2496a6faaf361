"""Random histories of standards, waivers, exemptions and maturity against slow checkers."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from controls_checkers import Found, counting
from controls_checkers_standards import (
    maturity_checker,
    nonconformity_checker,
    own_decision_checker,
    technology_checker,
    waiver_checker,
)
from controls_histories import START, Dice, Step, person_key, shown, tell
from controls_world import PERSONS, World, fresh, opened

from schemas.event import Record

NAMES = tuple(PERSONS.values())[:2]
TIMES = [(90, None), (75, 60), (45, None), (45, 60), (30, 45), (60, 30)]
"""As of when and known when, in days from the start."""
MANY = 300
Told = dict[str, tuple[list[Record], list[Record]]]
"""By subject: its own records, and those of the standard that it is about."""
REQUIREMENTS = ({"id": "R1", "text": "Do it", "weight": 1}, {"id": "R2", "text": "Again", "weight": 1})


def drawn_adoption(dice: Dice) -> list[Step]:
    steps = []
    for _ in range(dice.randint(1, 8)):
        match dice.choice(
            ["mandated", "waived", "waived", "waived", "assessed", "raised", "raised", "resolved", "other"]
        ):
            case "mandated":
                steps.append(dice.step("mandated", due=dice.day(20, 80)))
            case "waived":
                who = {"requested_by": dice.choice((None, *NAMES)), "decided_by": dice.choice(NAMES)}
                steps.append(dice.step("waived", until=dice.day(10, 80), **who))
            case "assessed":
                results = [{"requirement": r, "result": dice.choice(["met", "met", "partly"])} for r in ("R1", "R2")]
                found = {"edition": dice.choice("12"), "results": results[: dice.choice([1, 2, 2])]}
                steps.append(dice.step("assessed", **found))
            case "raised":
                ask = {"item": dice.choice("AB"), "due": dice.day(5, 80), "severity": "major"}
                ask["owner"] = dice.choice((None, *NAMES))
                steps.append(dice.step("nonconformity-raised", **ask))
            case "resolved":
                by = dice.choice((None, *NAMES, *NAMES))
                steps.append(dice.step("nonconformity-resolved", item=dice.choice("AB"), decided_by=by))
            case _:
                steps.append(dice.step(dice.choice(["waiver-ended", "waiver-ended", "not-applicable"])))
    return steps


def drawn_standard(dice: Dice) -> list[Step]:
    steps = []
    for n in range(dice.randint(0, 3)):
        name = dice.choice(["published" if n == 0 else "revised"] * 4 + ["withdrawn"])
        words = {} if name == "withdrawn" else edition(dice)
        (happened, (on, hour), fields), late, again = dice.step(name, 60, -10, **words)
        # at hours that no other event has, so that the order between the two streams is never a matter of versions
        steps.append(((happened, (on, hour and hour + 1), fields), late, again))
    return steps


def edition(dice: Dice) -> dict[str, object]:
    return {
        "edition": dice.choice("12"),
        "standard_kind": dice.choice(["technology", "technology", "practice"]),
        "security_review": dice.choice([None, {"uri": "file:review.pdf", "digest": "0" * 64}]),
        "data_class": "internal",
        "requirements": REQUIREMENTS[: dice.choice([1, 2])],
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def adoptions(world: World) -> Told:
    dice, told = Dice(10), {}
    for _ in range(MANY):
        code = fresh("S")
        stream = f"adoption:{code}/OPS"
        told[stream] = tell(world, stream, drawn_adoption(dice)), tell(world, f"standard:{code}", drawn_standard(dice))
    return told


@pytest.fixture(scope="module")
def exemptions(world: World) -> Told:
    dice, told = Dice(32), {}
    for _ in range(MANY // 4):
        person = person_key()
        stream = f"training:{person}/{fresh('C')}"
        granted = [
            dice.step("exempted", until=dice.day(0, 80), decided_by=dice.choice((person, *NAMES)))
            for _ in range(dice.randint(0, 3))
        ]
        told[stream] = tell(world, stream, granted), []
    return told


@pytest.fixture(scope="module")
def findings(world: World) -> Told:
    dice, told = Dice(33), {}
    raised = {"control": "c", "control_digest": "0" * 64, "subject": "project:P", "activating": "project:P/1"}
    for _ in range(MANY // 4):
        stream = f"finding:C/{fresh('F')}/E"
        steps = [dice.sure("raised", 0, severity="low", result="violated", audit="A", **raised)]
        for _ in range(dice.randint(1, 5)):
            match dice.choice(["acknowledged", "acknowledged", "dismissed", "remediated", "risk-accepted"]):
                case "acknowledged":
                    steps.append(dice.step("acknowledged", owner=dice.choice(NAMES), due=dice.day(0, 80)))
                case "risk-accepted":
                    who = {"requested_by": dice.choice((None, *NAMES)), "decided_by": dice.choice(NAMES)}
                    steps.append(dice.step("risk-accepted", until=dice.day(0, 80), **who))
                case closed:
                    steps.append(dice.step(closed, decided_by=dice.choice(NAMES)))
        told[stream] = tell(world, stream, steps), []
    return told


@pytest.fixture(scope="module")
def units(world: World) -> Told:
    dice, told = Dice(22), {}
    for _ in range(MANY):
        stream = f"business-unit:{fresh('U')}"
        names = ["registered", "retired", "merged-into", *["maturity-assessed"] * 4]
        level = {"item": "P3M3", "framework": "P3M3", "framework_version": "3", "level": 2, "perspectives": {}}
        fields = {"merged-into": {"into": "OPS"}, "maturity-assessed": {**level, "assessor_type": "self"}}
        steps = [dice.sure("registered", 0)] if dice.random() < 0.9 else []
        for _ in range(dice.randint(0, 6)):
            name = dice.choice(names)
            steps.append(dice.step(name, 1500, -100, **fields.get(name, {})))
        told[stream] = tell(world, stream, steps), []
    return told


def compared(
    world: World,
    control: int,
    told: Told,
    checker: Callable[[list[Record], list[Record], dt.date], list[Found]],
    times: list[tuple[int, int | None]] = TIMES,
) -> set[str]:
    """Holds the SQL against the checker at all times; gives the results that there were."""
    results: set[str] = set()
    for days, known_day in times:
        as_of = START + dt.timedelta(days=days)
        known = None if known_day is None else START + dt.timedelta(days=known_day)
        found = defaultdict(list)
        for occasion in world.ask(control, as_of, known and str(known), told):
            found[occasion.subject].append((occasion.activating, occasion.result))
        for stream, parts in told.items():
            own, standard = (counting(part, as_of, known or dt.date.max) for part in parts)
            assert sorted(found[stream]) == checker(own, standard, as_of), f"{as_of}\n{shown(own, standard)}"
            results |= {result for _, result in found[stream]}
    return results


def test_nonconformities_are_resolved(world: World, adoptions: Told) -> None:
    results = compared(world, 10, adoptions, lambda own, standard, as_of: nonconformity_checker(own, as_of))
    assert results == {"satisfied", "cured late", "violated"}


def test_waivers_neither_expire_nor_are_renewed_twice(world: World, adoptions: Told) -> None:
    assert compared(world, 11, adoptions, waiver_checker) == {"satisfied", "cured late", "violated"}


def test_technologies_are_reviewed(world: World, adoptions: Told) -> None:
    results = compared(world, 28, adoptions, lambda own, standard, as_of: technology_checker(own, standard))
    assert results == {"satisfied", "cured late", "violated"}


@pytest.mark.parametrize("kind", ["adoptions", "exemptions", "findings"])
def test_nobody_decides_on_their_own(world: World, kind: str, request: pytest.FixtureRequest) -> None:
    told: Told = request.getfixturevalue(kind)
    results = compared(world, 32, told, lambda own, standard, as_of: own_decision_checker(own))
    assert results == {"satisfied", "violated"} | ({"no evidence"} if kind == "adoptions" else set())


def test_maturity_is_assessed_yearly(world: World, units: Told) -> None:
    times = [(1600, None), (900, 1000), (900, 700), (500, None)]
    results = compared(world, 22, units, lambda own, standard, as_of: maturity_checker(own, as_of), times)
    assert results == {"satisfied", "cured late", "violated"}
