"""The views for analysts say what the program says, and show only what their tools can read."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.catch_up import catch_up
from services.commands.app import Governance
from services.demo.company import load
from services.projections import analysis, figures
from services.projections.clickhouse import ClickHouse
from services.projections.kpi import load_kpis
from services.projections.queries import ask
from services.projections.schema import connect
from services.projections.scope import Scope
from services.runtime import quiet
from services.settings import Settings

KPIS = [kpi for kpi in load_kpis().values() if not kpi.of_occasions]
OFTEN = {
    "on-time",
    "cpi",
    "unmet-demand",
    "utilization",
    "success",
    "nps",
    "adoption",
    "waste",
    "retention",
    "maturity",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, ClickHouse]]:
    home = tmp_path_factory.mktemp("analysed")
    settings = Settings.of(
        {"home": home, "workspace_id": "demo", "secret": "s" * 32, "time_zone": "Pacific/Auckland", "simulated": True}
    )
    with closing(Governance(settings)) as app, connect(settings) as clickhouse:
        load(app, settings, until=date(2026, 7, 1), progress=quiet, scale=0.1)
        catch_up(app, clickhouse, quiet)
        assert analysis.offer(clickhouse, settings)
        yield settings, clickhouse


def today(settings: Settings) -> Scope:
    return Scope(datetime.now(UTC).astimezone(settings.zone).date(), settings.zone, currency=settings.currency)


@pytest.mark.parametrize(
    "name", [pytest.param(k.name, marks=() if k.name in OFTEN else pytest.mark.long) for k in KPIS]
)
def test_a_kpis_rows_add_up_to_its_figures(company: tuple[Settings, ClickHouse], name: str) -> None:
    settings, clickhouse = company
    kpi = load_kpis()[name]
    view = f"{analysis.database_of(clickhouse)}.kpi_{name.replace('-', '_')}"
    rows = clickhouse.rows(
        f"""SELECT unit, standing, sum(numerator) AS top, sum(denominator) AS bottom, count() AS n
        FROM {view} WHERE excluded = '' GROUP BY unit, standing ORDER BY unit, standing"""
    )
    shown = [(row["unit"], row["standing"], row["top"], row["bottom"], row["n"]) for row in rows]
    measured = figures.measure(clickhouse, kpi, today(settings), "unit")
    told = sorted((f.by, f.standing, f.numerator, f.denominator, f.n) for f in measured if f.n)
    assert shown == told


def test_the_list_of_projects_is_the_portfolio(company: tuple[Settings, ClickHouse]) -> None:
    settings, clickhouse = company
    shown = clickhouse.rows("SELECT * FROM pmo_analysis.projects ORDER BY unit, project")
    assert shown == ask(clickhouse, "portfolio", today(settings))
    assert len(shown) > 10


def test_every_view_answers_with_plain_values_and_says_what_it_is(company: tuple[Settings, ClickHouse]) -> None:
    settings, clickhouse = company
    there = clickhouse.rows("SELECT name, comment FROM system.tables WHERE database = 'pmo_analysis' ORDER BY name")
    assert {row["name"] for row in there} == {name for name, _ in analysis.listed(settings)} | {"about"}
    assert all(len(row["comment"]) > 20 for row in there)
    assert not [row for row in there if "{" in row["comment"]]
    about = clickhouse.rows("SELECT view, meaning FROM pmo_analysis.about")
    assert [(row["view"], row["meaning"]) for row in about] == analysis.listed(settings)
    types = clickhouse.rows("SELECT DISTINCT type FROM system.columns WHERE database = 'pmo_analysis'")
    assert not [row for row in types if any(word in row["type"] for word in ("Array", "Tuple", "Map"))]
    for row in there:
        values: list[dict[str, Any]] = clickhouse.rows(f"SELECT * FROM pmo_analysis.{row['name']} LIMIT 1")
        assert all(isinstance(value, int | str | Decimal | date | float | None) for r in values for value in r.values())


def test_views_are_made_anew_only_where_something_changed(company: tuple[Settings, ClickHouse]) -> None:
    settings, clickhouse = company
    assert not analysis.offer(clickhouse, settings)
    clickhouse.command("CREATE VIEW pmo_analysis.of_an_earlier_version AS SELECT 1")
    try:
        assert analysis.offer(clickhouse, settings.model_copy(update={"currency": "NZD"}))
        query = "SELECT count() FROM system.tables WHERE name = 'of_an_earlier_version'"
        assert clickhouse.scalar(query) == 0
    finally:
        assert analysis.offer(clickhouse, settings)


def test_an_own_kpi_is_there_too(company: tuple[Settings, ClickHouse], tmp_path: Path) -> None:
    settings, clickhouse = company
    own = settings.own_kpis
    own.mkdir()
    text = next(Path(analysis.__file__).parent.glob("kpis/on_time.sql")).read_text()
    try:
        (own / "ours.sql").write_text(text.replace("-- name: on-time", "-- name: ours"))
        analysis.offer(clickhouse, settings)
        query = "SELECT (SELECT count() FROM pmo_analysis.kpi_ours) = (SELECT count() FROM pmo_analysis.kpi_on_time)"
        assert clickhouse.scalar(query) == 1
    finally:
        (own / "ours.sql").unlink()
