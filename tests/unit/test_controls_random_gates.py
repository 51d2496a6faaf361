"""Random histories of gates and baselines: the SQL of controls 2, 3, 5 and 8 against slow checkers."""

import json
from collections.abc import Iterator

import pytest
from controls_agreement import CrowdedDice, agreed, lacking
from controls_checkers_gates import ALONE, CHECKERS
from controls_histories import Dice, Step, tell
from controls_world import EVIDENCE, World, fresh, opened

PROJECTS = 600
ROUTES: dict[str, list[tuple[int, dict[str, int] | None]]] = {
    "LONG": [(-30, {"G1": 10, "G2": 20, "G3": 5})],
    "MOVED": [(-30, {"G1": 10, "G3": 5}), (35, {"G1": 10, "G2": 3, "G3": 30})],
    "LATER": [(40, {"G2": 4, "G1": 10})],
    "CLEARED": [(-30, {"G1": 10, "G2": 20}), (30, None), (50, {"G1": 1})],
}
# few gates in a history: several rounds of one, or one after another
GATES = (("G1",), ("G1", "G2"), ("G1", "G2"), ("G1", "G2", "G3", "G9"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def drawn_route(dice: Dice, ways: list[tuple[int, dict[str, int] | None]]) -> list[Step]:
    steps: list[Step] = []
    for day, gates in ways:
        said = gates and json.dumps({"gates": [{"gate": gate, "due_days": days} for gate, days in gates.items()]})
        # at an hour that no other event has: the order of two streams is never a matter of versions
        (name, _, fields), *_ = dice.step("set", value=said)
        steps.append(((name, (day, dice.choice([None, 10])), fields), dice.choice([0, 20]), None))
    return steps


def drawn_project(dice: Dice) -> list[Step]:
    route, gates = dice.choice([*ROUTES, "LONG", "LONG", "NONE", None]), dice.choice(GATES)
    steps = [dice.sure("proposed", dice.randint(-10, 5), gate_route=route)]
    for _ in range(dice.randint(1, 9)):
        gate = dice.choice(gates)
        evidence = dice.choice([(), EVIDENCE, EVIDENCE])
        match dice.choice(
            [
                "ask",
                "ask",
                "ask",
                "pass",
                "pass",
                "pass",
                "pass",
                "fail",
                "conditions",
                "revoke",
                "revoke",
                "revoke",
                "end",
                "new",
            ]
        ):
            case "ask":
                steps.append(dice.step("gate-requested", item=gate))
            case "pass":
                steps.append(dice.step("gate-passed", item=gate, evidence=evidence))
            case "fail":
                steps.append(dice.step("gate-failed", item=gate))
            case "conditions":
                due = dice.day(30, 60)
                steps.append(dice.step("gate-passed-with-conditions", item=gate, evidence=evidence, due=due))
            case "revoke":
                steps.append(dice.step("gate-decision-revoked", item=gate))
            case "end":
                steps.append(dice.step(dice.choice(["rejected", "completed", "cancelled", "descoped", "withdrawn"])))
            case _:
                steps.append(dice.step("proposed", gate_route=dice.choice([*ROUTES])))
    return steps


def test_gates(world: World) -> None:
    dice = CrowdedDice(2)
    routes = [tell(world, f"setting:GATE-ROUTE.{name}", drawn_route(dice, ways)) for name, ways in ROUTES.items()]
    told = {}
    for _ in range(PROJECTS):
        stream = f"project:{fresh()}"
        told[stream] = (tell(world, stream, drawn_project(dice)), *routes)
    coverage = agreed(world, CHECKERS, told)
    assert lacking(coverage, {2: "svcn", 3: "svc"}) == []


def drawn_baselines(dice: Dice) -> list[Step]:
    steps = []
    for _ in range(dice.randint(1, 10)):
        item = dice.choice("AAB")
        match dice.choice(["plan", "plan", "plan", "yes", "yes", "no", "pass", "withdrawn"]):
            case "plan":
                change, wrong = dice.choice(["A", "A", "B", None]), dice.random() < 0.1
                number = dice.choice("1233")
                steps.append(dice.step("baseline-set", item=number, change_id=change, unauthorised=wrong))
            case "yes":
                steps.append(dice.step("change-approved", item=item))
            case "no":
                steps.append(dice.step("change-rejected", item=item))
            case "pass":
                name = dice.choice(["gate-passed", "gate-passed-with-conditions"])
                due = {"due": dice.day(30, 60)} if name != "gate-passed" else {}
                steps.append(dice.step(name, item=item, evidence=dice.choice([(), EVIDENCE]), **due))
            case _:
                if dice.random() < 0.3:
                    steps.append(dice.step("withdrawn"))
    return steps


def test_baselines_and_evidence(world: World) -> None:
    dice = CrowdedDice(5)
    told = {}
    for _ in range(PROJECTS):
        stream = f"project:{fresh()}"
        told[stream] = (tell(world, stream, drawn_baselines(dice)),)
    coverage = agreed(world, ALONE, told)
    assert lacking(coverage, {5: "svc", 8: "svc"}) == []
