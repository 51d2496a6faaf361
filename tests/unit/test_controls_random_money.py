"""Random histories of plans, changes, reports and costs: the SQL of controls 6, 23, 33 and 34 against slow checkers."""

from collections.abc import Iterator

import pytest
from controls_agreement import CrowdedDice, agreed, lacking
from controls_checkers_money import CHECKERS
from controls_histories import Dice, Step, tell
from controls_world import World, fresh, opened

PROJECTS = 600


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def drawn(dice: Dice) -> list[Step]:
    # most tell of one currency, and their cost grows; what is left is there for the edges
    currencies = dice.choice([["EUR"], ["EUR"], ["EUR"], ["EUR", "EUR", "GBP"]])

    def baseline(number: str) -> Step:
        plan = {"start": dice.day(-60, 25), "finish": dice.day(30, 50), "budget": dice.choice([1000, 1000, 500, 0])}
        return dice.step("baseline-set", days=40, first=-20, item=number, currency=dice.choice(currencies), **plan)

    steps = [baseline(number) for number in dice.choice(["", "1", "1", "12", "12", "122"])]
    if dice.random() < 0.4:
        steps.append(dice.step(dice.choice(["completed", "cancelled", "descoped"]), days=30, first=-40))
    for _ in range(dice.randint(1, 10)):
        currency, item = dice.choice(currencies), dice.choice("AB")
        match dice.choice(
            ["cost"] * 6
            + ["ask", "ask", "yes", "yes", "no", "plan", "plan", "plan", "end", "final", "correct", "correct"]
        ):
            case "cost":
                steps.append(dice.step(
                    "progress-reported",
                    actual_cost=dice.choice([0, 500, 1000, 1050, 1100, 1110, 1200, 1500]),
                    currency=currency,
                    rag=dice.choice([None, "green", "green", "green", "amber", "red"]),
                    data_date=dice.day(0, 70),
                    forecast_finish=dice.choice([None, dice.day(30, 60), dice.day(30, 60)]),
                    forecast_cost=dice.choice([None, 900, 1100, 1101, 1300]),
                ))  # fmt: skip
            case "ask":
                cost = dice.choice([-1500, -300, 100, 200, 500])
                steps.append(dice.step("change-requested", item=item, cost=cost, currency=currency))
            case "yes":
                steps.append(dice.step("change-approved", item=item))
            case "no":
                steps.append(dice.step("change-rejected", item=item))
            case "plan":
                steps.append(baseline(dice.choice("12")))
            case "end":
                names = ["completed", "cancelled", "merged-into", "reopened", "reopened", "withdrawn"]
                name = dice.choice(names)
                steps.append(dice.step(name, **({"into": "OTHER"} if name == "merged-into" else {})))
            case "final":
                steps.append(dice.step("financially-closed", final_cost=dice.choice([900, 1200]), currency=currency))
            case _:
                amount = dice.choice([-600, -100, 50, 100, 300])
                steps.append(dice.step("actual-cost-corrected", item=item, amount=amount, currency=currency))
    return steps


def test_money(world: World) -> None:
    dice = CrowdedDice(6)
    told = {}
    for _ in range(PROJECTS):
        stream = f"project:{fresh()}"
        told[stream] = (tell(world, stream, drawn(dice)),)
    coverage = agreed(world, CHECKERS, told)
    assert lacking(coverage, {6: "svcn", 23: "svn", 33: "sv", 34: "sv"}) == []
