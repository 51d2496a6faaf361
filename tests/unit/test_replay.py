"""Replay: the tables are what they were on that day, by the same way, and the workspace's own stay as they are."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from controls_world import World, day

from schemas.catalogue import parse
from services.catch_up import catch_up
from services.cli import replay as cli
from services.cli.ask import figure_row
from services.commands.app import Governance
from services.errors import BadInput, NotFound
from services.projections import figures
from services.projections.checking import load_controls
from services.projections.kpi import Kpi, find_kpi
from services.projections.schema import connect
from services.projections.scope import Scope
from services.replay import Plan, Replayed, Rules, history, replay, replay_topic, with_others
from services.runtime import quiet
from services.settings import Settings

KPIS: dict[str, Kpi] = {name: find_kpi(name) for name in ("on-time", "adoption", "forecast-within-budget", "csat")}
CONTROLS = {control.id: control for control in load_controls().values() if control.number in (1, 4)}
RULES = Rules(KPIS, CONTROLS)
LAST = date(2026, 4, 30)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governance]:
    """Two projects; of one the completion of March is recorded only in May."""
    home = tmp_path_factory.mktemp("replay")
    settings = Settings.of({"home": home, "workspace_id": "t", "secret": "s" * 32, "time_zone": "Europe/Berlin"})
    world = World(None)  # type: ignore[arg-type]
    world.tell("business-unit:PORT", "registered", "2026-01-01", parent=None, country=None)
    plan: tuple[Any, ...] = (
        ("2026-01-01 proposed", {"unit": "PORT"}),
        ("2026-01-03 baseline-set", {"item": "1", "finish": "2026-03-31"}),
        "2026-01-05 started",
        ("2026-01-17 progress-reported", {"data_date": "2026-01-17", "forecast_finish": "2026-03-01"}),
    )
    world.project(*plan, "2026-03-20 completed")
    late = world.project(*plan)
    world.tell(late, "completed", "2026-03-30", recorded="2026-05-04")
    with closing(Governance(settings)) as made:
        made.append(sorted(world._pending, key=lambda record: record.recorded_at))
        yield made


def replayed(app: Governance, first: str = "2026-01-01", last: date = LAST, **more: Any) -> Replayed:
    plan = Plan(date.fromisoformat(first), last, more.pop("speed", None), more.pop("unit", None))
    return replay(app, plan, more.pop("rules", RULES), **more)


def as_json(found: list[tuple[Kpi, figures.Figure]]) -> str:
    return json.dumps([figure_row(kpi, figure, "portfolio") for kpi, figure in found], default=str)


def workspace(app: Governance, known_at: str | None) -> str:
    """What the workspace's own tables say."""
    settings = app.settings
    scope = Scope(LAST, settings.zone, known_at=day(known_at) if known_at else None, currency=settings.currency)
    with connect(settings) as clickhouse:
        catch_up(app, clickhouse, quiet)
        return as_json([(k, f) for k in KPIS.values() for f in figures.measure(clickhouse, k, scope, "portfolio")])


def test_the_tables_are_those_of_that_day(app: Governance) -> None:
    then, now = workspace(app, "2026-04-30 23:59"), workspace(app, None)
    done = replayed(app)
    assert as_json(done.answer.figures) == then != now
    [on_time] = [figure for kpi, figure in done.answer.figures if kpi.name == "on-time"]
    assert (on_time.value, on_time.n) == (Decimal("0.5"), 2)
    assert as_json(replayed(app, last=date(2026, 5, 31)).answer.figures) != then


def test_what_was_recorded_before_is_landed_first(app: Governance) -> None:
    done = replayed(app, "2026-01-10")
    assert (done.landed_first, done.events) == (7, 3)
    [on_time] = [figure for kpi, figure in done.answer.figures if kpi.name == "on-time"]
    assert on_time.n == 2


def test_nothing_is_left_behind_unless_it_is_kept(app: Governance) -> None:
    nothing = Rules({}, {})
    before = sorted(path.name for path in app.settings.home.iterdir())
    replayed(app, rules=nothing)
    assert sorted(path.name for path in app.settings.home.iterdir()) == before
    kept = replayed(app, rules=nothing, keep=True)
    [folder] = (app.settings.home / "replay").iterdir()
    assert str(folder) in kept.where


def test_the_simulated_clock_runs_at_its_speed(app: Governance) -> None:
    shown: list[tuple[date, int]] = []
    waits: list[float] = []
    done = replayed(
        app, speed=Decimal(1_000_000), seen=lambda on, landed, total: shown.append((on, landed)), wait=waits.append
    )
    assert done.events == 10 and waits
    assert shown == sorted(shown) and shown[-1] == (LAST, 10)
    assert all(date(2026, 1, 1) <= on <= LAST for on, _ in shown)


def test_other_rules_find_more_or_less(app: Governance) -> None:
    control = next(each for each in CONTROLS.values() if each.number == 4)
    lenient = control.model_copy(update={"rule": control.rule.model_copy(update={"every_days": 400})})
    done = replayed(app, other=with_others(RULES, {}, {control.id: lenient}))
    assert done.new() == []
    assert {occasion.control for occasion in done.gone()} == {control.id}
    back = replayed(app, rules=with_others(RULES, {}, {control.id: lenient}), other=RULES)
    assert len(back.new()) == len(done.gone()) and back.gone() == []


def test_another_kpi_is_measured_beside(app: Governance) -> None:
    half = replace(KPIS["on-time"], sql=KPIS["on-time"].sql.replace("AS numerator", "/ 2 AS numerator", 1))
    done = replayed(app, other=with_others(RULES, {"on-time": half}, {}))
    assert done.other is not None
    [beside] = [figure for kpi, figure in done.other.figures if kpi.name == "on-time"]
    assert beside.value == Decimal("0.25")


def test_a_missing_rate_stops_one_kpi_only(app: Governance, capsys: pytest.CaptureFixture[str]) -> None:
    rows = KPIS["on-time"].sql
    lacking = replace(KPIS["csat"], sql=f"SELECT * REPLACE ('no rate: GBP 2026-01-03' AS excluded) FROM ({rows})")
    rules = Rules({"csat": lacking, "on-time": KPIS["on-time"]}, {})
    done = replayed(app, rules=rules, other=with_others(rules, {"csat": replace(lacking, sql=rows)}, {}))
    assert [kpi.name for kpi, _ in done.answer.figures] == ["on-time"]
    assert done.other is not None and len(done.other.figures) == 2 and done.other.problems == []
    told = cli._data(date(2026, 1, 1), done)["figures"]
    said = "There is no exchange rate for GBP on 2026-01-03"
    assert [(row["kpi"], str(row.get("error"))[: len(said)]) for row in told] == [("on-time", "None"), ("csat", said)]
    cli._show(date(2026, 1, 1), done)
    shown = capsys.readouterr().out
    assert shown.count(said) == 1 and "no rate: GBP 2026-01-03, see below" in shown


def test_history_comes_in_the_order_of_recording(app: Governance) -> None:
    told = list(history(app))
    assert [moment for moment, _ in told] == sorted(moment for moment, _ in told)
    assert all(parse(value).recorded_at == moment for moment, (_, _, value) in told)


def test_wrong_input_in_words(app: Governance) -> None:
    with pytest.raises(BadInput, match="swap --from and --to"):
        replayed(app, "2026-05-01")
    with pytest.raises(
        NotFound, match="No event was recorded by 2020-12-31; the first event was recorded on 2026-01-01"
    ):
        replayed(app, "2020-01-01", date(2020, 12, 31))
    with pytest.raises(NotFound, match="There is no unit PROT at that time; did you mean PORT"):
        replayed(app, unit="PROT")
    assert replay_topic("pmo") == "pmo.replay"
