"""Random rules of one's own, made of the templates, on random histories of projects, against slow checkers."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from controls_checkers import Found, counting
from controls_checkers_templates import (
    absence_checker,
    count_checker,
    existence_checker,
    precedence_checker,
    response_checker,
)
from controls_histories import START, Dice, Step, shown, tell
from controls_world import PERSONS, World, fresh, opened

from schemas.event import Record
from services.projections.checking import Control, read_control

ANN, BOB = PERSONS["ann"], PERSONS["bob"]
TIMES = [(90, None), (60, 45), (40, 60)]
"""As of when and known when, in days from the start."""
MANY, RULES = 200, 10
PARTS = ("action-opened", "action-closed", "issue-raised", "issue-closed")
WHOLES = ("approved", "rejected", "started", "put-on-hold", "resumed", "deferred", "completed")
HEAD = {
    "title": "Mine", "why": "Because we say so.", "subjects": "project", "severity": "low", "owner": "PMO",
    "since": "2026-01-01", "version": 1,
}  # fmt: skip
Rule = dict[str, Any]


def drawn_project(dice: Dice) -> list[Step]:
    steps: list[Step] = []
    for _ in range(dice.randint(1, 14)):
        name = dice.choice((*PARTS, *WHOLES, "recorded"))
        step = dice.step(name, 45, **fields_of(dice, name))
        steps.append(dice.beside(step, steps[-1]) if steps and dice.random() < 0.4 else step)
    return steps


def fields_of(dice: Dice, name: str) -> dict[str, Any]:
    match name:
        case "action-opened":
            return {
                "item": dice.choice("AB"),
                "due": dice.choice([None, dice.day(5, 80)]),
                "owner": dice.choice([None, ANN]),
            }
        case "issue-raised":
            severity = dice.choice(["low", "high"])
            return {"item": dice.choice("AB"), "due": dice.day(5, 80), "severity": severity, "owner": BOB}
        case "action-closed" | "issue-closed":
            return {"item": dice.choice("AB")}
        case "approved" | "rejected":
            return {"decided_by": dice.choice([ANN, BOB])}
        case "put-on-hold" | "resumed":
            return {"decided_by": dice.choice([None, ANN])}
        case "deferred":
            return {"until": dice.choice([None, dice.day(5, 80)])}
        case "recorded":
            return {"status": dice.choice([None, "running", "completed"])}
    return {}


def selector(dice: Dice, among: tuple[str, ...]) -> Rule:
    """Picks one or two happenings, sometimes by a value."""
    names = dice.sample(among, dice.choice([1, min(2, len(among))]))
    options: list[Rule] = [
        {},
        {},
        {"decided_by": [ANN]},
        {"decided_by": [BOB, None]},
        {"severity": "high"},
        {"owner": [None]},
    ]
    fitting = {
        "severity": {"issue-raised"},
        "owner": {"issue-raised", "action-opened"},
        "decided_by": {"approved", "rejected", "put-on-hold", "resumed"},
    }
    where = dice.choice([o for o in options if all(fitting[column] & set(names) for column in o)])
    return {"happened": names, **({"where": where} if where else {})}


def observed(dice: Dice) -> Rule:
    some: Rule = {"observed": {"happened": "recorded", "where": {"status": ["running", None]}}}
    return some if dice.random() < 0.5 else {}


def parted(dice: Dice, count: int, among: tuple[str, ...] = PARTS + WHOLES) -> list[tuple[str, ...]]:
    """The happenings dealt out, so that nothing has two parts in a rule."""
    shuffled = dice.sample(among, len(among))
    return [tuple(shuffled[n::count]) for n in range(count)]


def existence(dice: Dice) -> Rule:
    first, second = parted(dice, 2)
    same = {"same_item": True} if dice.random() < 0.3 else {}
    rule = {"activation": selector(dice, first), "needed": selector(dice, second), **same, **observed(dice)}
    return {"template": "existence", "within_days": dice.choice([0, 5, 20]), **rule}


def absence(dice: Dice) -> Rule:
    first, second, third, fourth = parted(dice, 4)
    activation = selector(dice, first)
    if dice.random() < 0.5:
        kind: Rule = {"forbidden": {**activation, "where": {"decided_by": [ANN, None]}}}
    else:
        during = {"begins": selector(dice, second), "ends": selector(dice, third)}
        kind = {"during": during, "grace_days": dice.choice([0, 0, 1, 7])}
    cured = {"cured_by": selector(dice, dice.choice([first, fourth]))} if dice.random() < 0.7 else {}
    same = {"same_item": True} if dice.random() < 0.3 else {}
    return {"template": "absence", "activation": activation, **kind, **cured, **same, **observed(dice)}


def not_more_than(dice: Dice) -> Rule:
    same = {"same_item": True} if dice.random() < 0.5 else {}
    # without a part of its own, nothing can end the run of a part
    first, second = parted(dice, 2, PARTS if same else PARTS + WHOLES)
    values = dice.choice([[], ["decided_by"], ["severity", "owner"], ["item"]])
    ended = {"ended_by": dice.sample(second, 1)} if dice.random() < 0.7 else {}
    rule = {"counted": selector(dice, first), "at_most": dice.choice([1, 1, 2]), "alike": values}
    return {"template": "not-more-than", **rule, **ended, **same}


def precedence(dice: Dice) -> Rule:
    first, second, third = parted(dice, 3)
    required = []
    for _ in range(dice.choice([1, 2])):
        cancelled = {"cancelled_by": dice.sample(third, 1)} if dice.random() < 0.5 else {}
        required.append({"name": "it", **selector(dice, second), **cancelled, **observed(dice)})
    return {"template": "precedence", "activation": selector(dice, first), "required": required, **observed(dice)}


def response(dice: Dice) -> Rule:
    asks = dice.choice([("action-opened",), ("issue-raised",), ("action-opened", "issue-raised")])
    others = tuple(name for name in PARTS + WHOLES if name not in (*asks, "deferred"))
    target, ending = parted(dice, 2, others)
    released = {"happened": "deferred", "until": "until", "ended_by": dice.sample(ending, 1)}
    more: Rule = {"released_by": [released]} if dice.random() < 0.5 else {}
    for name in ("same_item", "earlier_counts"):
        more |= {name: True} if dice.random() < 0.3 else {}
    return {
        "template": "response", "activation": selector(dice, asks), "due": "due", "target": selector(dice, target),
        **more, **observed(dice),
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


@pytest.fixture(scope="module")
def told(world: World) -> dict[str, list[Record]]:
    dice = Dice(5)
    return {(stream := f"project:{fresh()}"): tell(world, stream, drawn_project(dice)) for _ in range(MANY)}


EVERY = {"satisfied", "no evidence", "cured late", "violated"}
TEMPLATES: list[tuple[Callable[[Dice], Rule], Callable[[Any, list[Record], dt.date], list[Found]], set[str]]] = [
    (existence, existence_checker, EVERY),
    (absence, absence_checker, EVERY),
    (not_more_than, count_checker, {"satisfied", "violated"}),
    (precedence, precedence_checker, EVERY),
    (response, response_checker, EVERY),
]


@pytest.mark.parametrize(("drawn", "checker", "possible"), TEMPLATES, ids=[each[0].__name__ for each in TEMPLATES])
def test_a_rule_of_ones_own(
    world: World,
    told: dict[str, list[Record]],
    drawn: Callable[[Dice], Rule],
    checker: Callable[[Any, list[Record], dt.date], list[Found]],
    possible: set[str],
) -> None:
    dice = Dice(drawn.__name__)
    results: set[str] = set()
    for number in range(RULES):
        control = own(number, drawn(dice))
        for days, known_day in TIMES:
            as_of = START + dt.timedelta(days=days)
            known = None if known_day is None else START + dt.timedelta(days=known_day)
            found = defaultdict(list)
            for occasion in world.ask(control, as_of, known and str(known)):
                found[occasion.subject].append((occasion.activating, occasion.result))
            for stream, records in told.items():
                history = counting(records, as_of, known or dt.date.max)
                expected = checker(control.rule, history, as_of)
                assert sorted(found[stream]) == expected, f"{as_of} {control.rule}\n{shown(history)}"
            results |= {result for occasions in found.values() for _, result in occasions}
    assert results == possible


def own(number: int, rule: Rule) -> Control:
    words = {"id": f"mine-{number}", "number": 900 + number, **HEAD, "rule": rule}
    return read_control(Path("mine.yaml"), json.dumps(words, indent=1).encode())
