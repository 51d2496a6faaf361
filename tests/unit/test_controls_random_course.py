"""Random histories of a project's course and its end: the SQL of controls 18 to 21, 29 and 30 against slow checkers."""

from collections.abc import Iterator

import pytest
from controls_agreement import CrowdedDice, agreed, lacking
from controls_checkers_course import CHECKERS, survey_checker
from controls_histories import Dice, Step, tell
from controls_world import PERSONS, World, fresh, opened

PROJECTS = 600


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def risk(dice: Dice) -> Step:
    name = dice.choice(["raised", "raised", "reassessed", "reassessed", "closed", "materialised"])
    held = {
        "probability": dice.choice(["0.1", "0.5", "0.5", "0.9"]),
        "impact": 100_000,
        "owner": dice.choice([None, PERSONS["ann"]]),
        "currency": "EUR",
    }
    effect = {"effect": dice.choice(["threat", "threat", "threat", "opportunity"])}
    fields = {"raised": {**held, **effect}, "reassessed": held, "materialised": {"currency": "EUR"}}.get(name, {})
    return dice.step(f"risk-{name}", item=dice.choice("AAB"), **fields)


def drawn_risks(dice: Dice) -> list[Step]:
    """With what a completion may leave open."""
    steps = []
    # some assess their risks again and again, others settle what is open about the completion
    risks, rest = ["risk"] * 5, ["ask", "decide", "condition", "met", "end", "end", "shown"]
    kinds = risks + rest if dice.random() < 0.5 else ["risk", "end", "closed", "closed", *rest]
    for _ in range(dice.randint(1, 10)):
        item = dice.choice("AB")
        match dice.choice(kinds):
            case "risk":
                steps.append(risk(dice))
            case "closed":
                steps.append(dice.step("risk-closed", item=item))
            case "ask":
                steps.append(dice.step("change-requested", item=item, cost=1, currency="EUR"))
            case "decide":
                steps.append(dice.step(dice.choice(["change-approved", "change-rejected"]), item=item))
            case "condition":
                steps.append(dice.step("gate-passed-with-conditions", item=item, due=dice.day(0, 60)))
            case "met":
                names = ["condition-met", "condition-met", "gate-passed", "gate-failed", "gate-decision-revoked"]
                steps.append(dice.step(dice.choice(names), item=item))
            case "end":
                names = ["completed", "completed", "completed", "cancelled", "reopened", "started"]
                steps.append(dice.step(dice.choice([*names, "withdrawn"] if dice.random() < 0.2 else names)))
            case _:
                steps.append(dice.step("recorded", status=dice.choice([None, "running", "completed"])))
    return steps


def drawn_course(dice: Dice) -> list[Step]:
    """From the proposal to the benefits."""
    steps = []
    plain = ("proposed", "approved", "approved", "rejected", "started", "put-on-hold", "completed", "cancelled")
    for _ in range(dice.randint(1, 9)):
        match dice.choice(["step", "step", "step", "score", "plan", "plan", "measured", "left", "left", "shown"]):
            case "step":
                steps.append(dice.step(dice.choice([*plain, "withdrawn"] if dice.random() < 0.2 else plain)))
            case "score":
                steps.append(dice.step("scored", score="50"))
            case "plan":
                fields = {"amount": 1, "currency": "EUR", "due": dice.day(0, 60)}
                steps.append(dice.step("benefit-planned", item=dice.choice("AB"), **fields))
            case "measured":
                steps.append(dice.step("benefit-measured", item=dice.choice("AB"), amount=1, currency="EUR"))
            case "left":
                steps.append(dice.step("left-source", listing="export.csv"))
            case _:
                names = (None, "proposed", "approved", "running", "completed", "cancelled")
                steps.append(dice.step("recorded", status=dice.choice(names)))
    return steps


def test_risks_and_what_is_left_open(world: World) -> None:
    dice = CrowdedDice(18)
    told = {}
    for _ in range(PROJECTS):
        stream = f"project:{fresh()}"
        told[stream] = (tell(world, stream, drawn_risks(dice)),)
    coverage = agreed(world, {number: CHECKERS[number] for number in (18, 20)}, told)
    assert lacking(coverage, {18: "svc", 20: "svcn"}) == []


def test_the_course(world: World) -> None:
    dice = CrowdedDice(21)
    told = {}
    for _ in range(PROJECTS):
        stream = f"project:{fresh()}"
        told[stream] = (tell(world, stream, drawn_course(dice)),)
    coverage = agreed(world, {number: CHECKERS[number] for number in (21, 29, 30)}, told)
    assert lacking(coverage, {21: "svcn", 29: "svc", 30: "svc"}) == []


def test_surveys(world: World) -> None:
    dice = CrowdedDice(19)
    answer = {"item": "1", "stakeholder_role": "team-member", "satisfaction": 4, "scores": {}}
    told = {}
    for _ in range(PROJECTS):
        key = fresh()
        names = ("completed", "completed", "completed", "completed", "reopened", "started", "withdrawn")
        steps = [dice.step(dice.choices(names, [4, 4, 4, 4, 4, 1, 1])[0]) for _ in range(dice.choice([0, 1, 1, 2, 3]))]
        if dice.random() < 0.2:
            steps.append(dice.step("recorded", status=dice.choice([None, "running", "completed", "completed"])))
        project = tell(world, f"project:{key}", steps)
        answers = [dice.step("response-recorded", **answer) for _ in range(dice.choice([0, 0, 0, 1, 1, 2, 3]))]
        told[f"project:{key}"] = (project, tell(world, f"survey:{key}/CLOSURE", answers))
    coverage = agreed(world, {19: survey_checker}, told)
    assert lacking(coverage, {19: "svcn"}) == []
