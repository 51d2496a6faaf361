"""The measurements run at a tiny scale and say something; how fast is nobody's test."""

import pytest

from schemas.catalogue import validated
from services.bench.data import records
from services.bench.figures import Figure, machine
from services.bench.run import Bench, bench
from services.dashboard.pages import MENU
from services.errors import NotFound
from services.projections.checking import load_controls
from services.projections.kpi import listed, load_kpis

EVENTS = 2_000
ENGINE_GROUPS = ("commands", "append", "landing", "rebuild", "kpis", "controls")


def unseen(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture(scope="module")
def measured() -> Bench:
    return bench(EVENTS, ENGINE_GROUPS, False, lambda _: None, unseen, times=1)


def test_the_history_that_is_measured_is_valid() -> None:
    made = list(records(EVENTS, "/pmo/bench"))
    assert 0.8 * EVENTS < len(made) < 1.5 * EVENTS
    for record in made:
        validated(record.to_bytes())
    versions: dict[str, int] = {}
    for record in made:
        assert record.version == versions.get(record.stream, 0) + 1
        versions[record.stream] = record.version
    assert any(record.supersedes for record in made)


def test_the_history_is_the_same_each_time() -> None:
    first, second = ([r.to_bytes() for r in records(500, "/pmo/bench")] for _ in range(2))
    assert first == second


@pytest.mark.long
def test_every_figure_is_positive(measured: Bench) -> None:
    assert all(figure.value > 0 for figure in measured.figures)
    assert {figure.group for figure in measured.figures} == set(ENGINE_GROUPS)


@pytest.mark.long
def test_the_dashboard_is_measured_from_outside() -> None:
    found = bench(EVENTS, ("web",), False, lambda _: None, unseen, times=1)
    names = " ".join(figure.name for figure in found.figures)
    assert all(f"dashboard, {title.lower()} with data" in names for _, title, _ in MENU)
    assert all(figure.value > 0 for figure in found.figures)
    assert "most memory of 'pmo up'" in found.figures[-1].note


@pytest.mark.long
def test_every_kpi_and_control_is_measured(measured: Bench) -> None:
    names = " ".join(figure.name for figure in measured.figures)
    assert all(f"KPI {name}, now" in names and f"KPI {name}, known" in names for name in listed(load_kpis()))
    assert all(control in names for control in load_controls())


@pytest.mark.long
def test_the_page_says_what_falls_short_and_on_what_machine(measured: Bench) -> None:
    short = Figure("append", "appending", 10.0, "1/s", 100.0)
    fine = Figure("kpis", "asking", 0.01, "s", 0.1, "first 0.020 s")
    page = Bench(measured.machine, EVENTS, (short, fine)).as_markdown()
    assert "| appending | 10 a second | 100 a second | falls short |  |" in page
    assert "| asking | 0.010 s | 0.100 s | ok | first 0.020 s |" in page
    assert "Falls short: appending." in page
    assert f"- clickhouse: {measured.machine['clickhouse']}" in page
    assert all(value for value in machine("engine").values())


def test_without_a_target_nothing_falls_short() -> None:
    assert not Figure("kafka", "relaying", 1.0, "1/s", None).falls_short


def test_the_program_is_measured_as_a_whole() -> None:
    found = bench(EVENTS, ["program"], False, lambda _: None, unseen, times=1).figures
    assert [figure.unit for figure in found] == ["s"] * 3


def test_a_plan_is_imported_whole() -> None:
    (figure,) = bench(EVENTS, ["plans"], False, lambda _: None, unseen, times=1).figures
    assert figure.unit == "s" and figure.target == 15
    assert figure.name.startswith(f"import of a plan of {EVENTS // 80} tasks")


def test_exports_of_every_tool_are_imported_whole() -> None:
    figures = bench(500, ["imports"], False, lambda _: None, unseen, times=1).figures
    assert [figure.unit for figure in figures] == ["1/s"] * 5 + ["MiB"]
    # a Python that has read and recorded something has taken more than this
    assert figures[-1].value > 40
    page = Bench({}, 500, figures).as_markdown()
    assert "| memory to import 500 items of monday.com |" in page and " | 1,024 MiB | ok |" in page


def test_an_unknown_measurement_is_named_with_those_that_exist() -> None:
    with pytest.raises(NotFound, match=r"'colour'; there are commands, append.*kafka"):
        bench(EVENTS, ["colour"], False, lambda _: None, unseen, times=1)
