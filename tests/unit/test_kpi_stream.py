"""KPIs as a stream: what is published is what the program prints, once, and a reader never goes back."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event

import pytest

from schemas.kpi_value import KpiValue, Pulse
from services.catch_up import catch_up
from services.cli.follow import _aged
from services.commands.app import Governance
from services.kpi_stream import Latest, parsed
from services.projections import figures, publishing
from services.projections.clickhouse import ClickHouse
from services.projections.kpi import load_kpis
from services.projections.publishing import Publisher
from services.projections.schema import connect
from services.projections.scope import Scope
from services.runtime import quiet
from services.settings import Settings
from tests.e2e.cli import Pmo

SOME = {name: load_kpis()[name] for name in ("on-time", "success", "cancelled", "csat", "waste", "gate-lead-time")}
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def value(position: int = 5, number: str = "0.5", **more: object) -> KpiValue:
    fields = {
        "kpi": "on-time", "version": 1, "by": "unit", "group": "OPS", "standing": "governed", "value": Decimal(number),
        "numerator": Decimal(1), "denominator": Decimal(2), "n": 2, "open": 0, "left_out": {"cancelled": 1},
        "incomplete": 0, "currency": "EUR", "error": None, "as_of": date(2026, 7, 1), "position": position,
        "computed_at": NOW,
    }  # fmt: skip
    return KpiValue.model_validate({**fields, **more})


class TestReading:
    def test_a_value_of_fewer_records_is_ignored(self) -> None:
        latest = Latest()
        assert latest.take(value(5, "0.5"))
        assert not latest.take(value(4, "0.1"))
        assert not latest.take(value(9, "0.5"))
        assert latest.take(value(9, "0.6"))
        assert not latest.take(value(9, "0.1", as_of=date(2026, 6, 30)))
        assert [v.value for v in latest.values.values()] == [Decimal("0.6")]

    def test_a_pulse_says_who_publishes(self) -> None:
        latest = Latest()
        for seconds in (2, 1):
            assert not latest.take(Pulse(position=1, last_recorded_at=None, at=NOW + timedelta(seconds=seconds)))
        assert latest.pulse is not None and latest.pulse.at == NOW + timedelta(seconds=2)

    def test_what_stands_on_the_topic_is_read_again(self) -> None:
        told = value()
        assert parsed(told.key.encode(), told.to_bytes()) == told
        assert parsed(told.key.encode(), None) is None
        assert b'"value":"0.5"' in told.to_bytes()


@pytest.mark.parametrize(
    ("age", "said"), [(0.4, "0 s"), (75.0, "1 min 15 s"), (3_725.0, "1 h 2 min"), (200_000.0, "2 d 7 h")]
)
def test_an_age_is_said_in_two_units(age: float, said: str) -> None:
    assert _aged(age) == f"The last event was recorded {said} ago."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Pmo, ClickHouse]]:
    pmo = Pmo(tmp_path_factory.mktemp("published") / "home")
    pmo.ok("init", "--time-zone", "Europe/London")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2025-01-06")
    complete(pmo, "CRANE-1")
    settings = Settings.load(pmo.home)
    with connect(settings) as clickhouse:
        land(settings, clickhouse)
        yield settings, pmo, clickhouse


def complete(pmo: Pmo, code: str, on: str = "2025-06-02") -> None:
    pmo.ok("project", "propose", code, "--name", code, "--unit", "OPS", "--on", "2025-01-07")
    plan = ("--start", "2025-02-03", "--finish", "2025-06-30", "--budget", "1000")
    pmo.ok("project", "set-baseline", code, *plan, "--on", "2025-01-20")
    pmo.ok("project", "approve", code, "--decided-by", "ann@example.org", "--on", "2025-01-21")
    pmo.ok("project", "start", code, "--on", "2025-02-03")
    pmo.ok("project", "complete", code, "--objectives-met", "--on", on)


def land(settings: Settings, clickhouse: ClickHouse) -> None:
    with closing(Governance(settings)) as app:
        catch_up(app, clickhouse, quiet)


def publisher(settings: Settings, clickhouse: ClickHouse) -> Publisher:
    return Publisher(clickhouse, settings, lambda: True, kpis=SOME)


def test_what_is_published_is_what_the_program_prints(running: tuple[Settings, Pmo, ClickHouse]) -> None:
    settings, _, clickhouse = running
    assert publisher(settings, clickhouse).round(Event()) >= len(SOME)
    held = {v.key: v for v in publishing.held(clickhouse)}
    scope = Scope(datetime.now(UTC).astimezone(settings.zone).date(), settings.zone)
    for kpi in SOME.values():
        for by in ("portfolio", "unit"):
            told = {v.group: (v.value, v.n, v.left_out) for v in held.values() if (v.kpi, v.by) == (kpi.name, by)}
            measured = figures.measure(clickhouse, kpi, scope, by)
            assert told == {f.by if by == "unit" else "": (f.value, f.n, dict(f.left_out)) for f in measured}, kpi.name


def test_only_what_changed_is_published_again(
    running: tuple[Settings, Pmo, ClickHouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, pmo, clickhouse = running
    monkeypatch.setattr(publishing, "_AGAIN_S", 0.0)
    own = publisher(settings, clickhouse)
    own.round(Event())
    # another one, after a restart, knows what was published
    assert publisher(settings, clickhouse).round(Event()) == 0
    before = publishing.last_number(clickhouse)
    complete(pmo, "CRANE-2", "2025-07-14")
    land(settings, clickhouse)
    own.round(Event())
    _, told = publishing.published_after(clickhouse, before)
    latest = {v.key: v for v in told}
    assert latest["on-time/unit/OPS/governed"].value == Decimal("0.5")
    assert latest["on-time/portfolio//governed"].n == 2
    assert not [v for v in told if v.kpi == "csat"]
    assert {v.position for v in told} == {max(v.position for v in told)}
    # a finding of nobody's: the tables of projects are as they were
    assert own.round(Event()) == 0


def test_a_figure_that_there_is_no_more_is_published_as_nothing(
    running: tuple[Settings, Pmo, ClickHouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, pmo, clickhouse = running
    monkeypatch.setattr(publishing, "_AGAIN_S", 0.0)
    own = publisher(settings, clickhouse)
    pmo.ok("unit", "register", "NEW", "--name", "New", "--on", "2025-01-06")
    pmo.ok("project", "transfer", "CRANE-1", "--unit", "NEW", "--on", "2025-05-01")
    land(settings, clickhouse)
    own.round(Event())
    assert {v.group for v in publishing.held(clickhouse) if v.key.startswith("on-time/unit/")} >= {"NEW"}
    pmo.ok("void", "project:CRANE-1", "6", "--reason", "by mistake")
    land(settings, clickhouse)
    own.round(Event())
    gone = next(v for v in publishing.held(clickhouse) if v.key == "on-time/unit/NEW/governed")
    assert (gone.value, gone.n) == (None, 0)


def test_a_frozen_leader_publishes_nothing_of_before(
    running: tuple[Settings, Pmo, ClickHouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, pmo, clickhouse = running
    monkeypatch.setattr(publishing, "_AGAIN_S", 0.0)
    own = publisher(settings, clickhouse)
    own.round(Event())
    complete(pmo, "CRANE-3")
    land(settings, clickhouse)
    stop = Event()
    guard, turns = publishing._FRESH_S, [True] * 3 * len(SOME)
    monkeypatch.setattr(publishing, "_FRESH_S", -1.0)
    monkeypatch.setattr(own, "_leads", iter([*turns, False]).__next__)
    assert own.round(stop) == 0
    # as many turns without having been frozen publish: it was the guard that threw them away
    monkeypatch.setattr(publishing, "_FRESH_S", guard)
    monkeypatch.setattr(own, "_leads", iter([*turns, False]).__next__)
    assert own.round(stop) > 0


def test_the_value_of_most_records_is_held_whatever_its_number(
    running: tuple[Settings, Pmo, ClickHouse],
) -> None:
    _, _, clickhouse = running
    number = publishing.last_number(clickhouse) + 1
    # a leader that was frozen gives numbers again, or goes on behind those of the other one
    for at, position, said in ((number, 9, "0.9"), (number, 7, "0.7"), (number + 1, 8, "0.8")):
        each = value(position, said, group="TWICE")
        row = {name: getattr(each, name) for name in ("computed_at", "position", "as_of", "kpi", "by", "standing", "n")}
        row |= {"number": at, "grp": each.group, "value": each.value, "document": each.to_bytes().decode()}
        clickhouse.insert("kpi_values", {name: [content] for name, content in row.items()})
    assert [v.value for v in publishing.held(clickhouse) if v.group == "TWICE"] == [Decimal("0.9")]
