"""Random histories of reports and forecasts: the SQL of controls 17, 24 to 27 and 31 against slow checkers."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterator

import pytest
from controls_agreement import CrowdedDice, agreed, lacking
from controls_checkers_reports import CHECKERS, at_risk_checker
from controls_histories import Dice, Step, person_key, tell
from controls_world import PERSONS, World, fresh, opened

PROJECTS = 600
NOTE = {"id": "0" * 32, "digest": "0" * 64}
ANSWERS = ("change-requested", "change-approved", "decision-recorded", "gate-passed", "gate-failed")
STEPS = ("started", "started", "put-on-hold", "put-on-hold", "resumed", "completed", "cancelled", "reopened")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


def report(dice: Dice, plain: bool, **fields: object) -> Step:
    return dice.step(
        "progress-reported",
        rag=dice.choice(["red", "red", None] if plain else ["red", "red", "red", "red", "green", "amber", None]),
        forecast_finish=None if plain else dice.choice([None, None, dice.day(0, 90)]),
        percent_complete="0" if plain else dice.choice(["0", "0", "0", "0.5"]),
        **fields,
    )


def drawn(dice: Dice) -> list[Step]:
    steps = [dice.sure("started", dice.randint(-10, 20))] if dice.random() < 0.6 else []
    # reports of one kind make long runs and long stretches of red
    plain, kinds = dice.random() < 0.5, ["report"] * 5 + ["answer", "step", "step", "plan", "forecast"]
    for _ in range(dice.randint(1, 10)):
        match dice.choice(kinds):
            case "report":
                steps.append(report(dice, plain, at_risk=dice.choice([None, None, NOTE])))
            case "answer":
                name = dice.choice(ANSWERS)
                fields = {"item": "A", "cost": 1, "currency": "EUR"} if name == "change-requested" else {"item": "A"}
                steps.append(dice.step(name, **fields))
            case "step":
                steps.append(dice.step(dice.choice([*STEPS, "withdrawn"] if dice.random() < 0.2 else STEPS)))
            case "plan":
                steps.append(dice.step("baseline-set", item=dice.choice("12"), finish=dice.day(0, 80)))
            case _:
                steps.append(dice.step("reforecast", forecast_finish=dice.choice([None, dice.day(0, 90)])))
    if dice.random() < 0.3:
        status = dice.choice([None, "proposed", "running", "completed"])
        steps.append(dice.step("recorded", status=status, rag=dice.choice([None, "red", "green"])))
    return steps if dice.random() < 0.9 else steps[-1:]


def test_reports(world: World) -> None:
    dice = CrowdedDice(17)
    told = {}
    for _ in range(PROJECTS):
        stream = f"project:{fresh()}"
        told[stream] = (tell(world, stream, drawn(dice)),)
    coverage = agreed(world, CHECKERS, told)
    assert lacking(coverage, {17: "svcn", 24: "svcn", 25: "sv", 26: "sv", 31: "sv"}) == []


def test_what_a_source_reported_in_time_was_told_in_time(world: World) -> None:
    dice = CrowdedDice(26)
    told = {}
    for _ in range(100):
        stream = f"project:{fresh()}"
        steps = tell(world, stream, [dice.step("started"), *(report(dice, True) for _ in range(3))])
        later = [r.occurred_at + dt.timedelta(days=dice.choice([0, 30, 31, 40])) for r in steps]
        reported = [
            dataclasses.replace(r, reported_at=min(on, r.recorded_at)) if dice.random() < 0.5 else r
            for r, on in zip(steps, later, strict=True)
        ]
        world._pending[-len(steps) :] = reported
        told[stream] = (reported,)
    coverage = agreed(world, {26: CHECKERS[26]}, told)
    assert lacking(coverage, {26: "sv"}) == []


def test_what_is_done_at_risk(world: World) -> None:
    dice = CrowdedDice(27)
    plans, projects = {}, {}
    for _ in range(200):
        key = fresh()
        names = ["started", "started", "progress-reported", "withdrawn", "voided"]
        project = tell(world, f"project:{key}", [
            dice.step(name, **({} if name == "withdrawn" else {"at_risk": dice.choice([None, NOTE])}))
            for name in dice.choices(names[:4], [4, 4, 4, 1], k=dice.randint(0, 5))
        ])  # fmt: skip
        stream = f"workload:{person_key()}"
        workload = tell(world, stream, [
            dice.step(name, item=dice.choice("AB"), **fields)
            for name, fields in dice.choices([
                ("allocation-planned", {"project": key, "at_risk": dice.choice([None, NOTE]), **dice.span(0, 60, 20)}),
                ("allocation-revised", {"project": key, "at_risk": dice.choice([None, NOTE]), **dice.span(0, 60, 20)}),
                ("allocation-released", {"last_day": None}),
                ("allocation-confirmed", {"confirmed_by": PERSONS["ann"]}),
            ], k=dice.randint(0, 5))
        ])  # fmt: skip
        projects[f"project:{key}"] = (project, [])
        plans[stream] = (project, workload)
    coverage: Counter[tuple[int, str]] = Counter()
    coverage += agreed(world, {27: at_risk_checker}, projects)
    coverage += agreed(world, {27: lambda _, workload, as_of: at_risk_checker([], workload, as_of)}, plans)
    assert lacking(coverage, {27: "sv"}) == []
