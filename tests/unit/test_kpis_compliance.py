"""The compliance rate: the occasions of all controls as one KPI, which must equal what the audit itself counts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from controls_world import opened
from kpi_world import KpiWorld, scope_of

from schemas.catalogue import parse
from schemas.streams import kind_of
from services.audit.run import Score, scorecards
from services.commands.app import Governance
from services.demo.company import load
from services.errors import BadInput
from services.projections.checking import FOLDER, load_controls
from services.projections.clickhouse import ClickHouse
from services.projections.figures import Figure, measure, rows
from services.projections.kpi import find_kpi, kpis_with, listed, parse_kpi
from services.projections.projector import Projector
from services.projections.scope import Scope
from services.projections.trends import trend
from services.settings import Settings

pytestmark = pytest.mark.long

UNTIL = dt.date(2026, 7, 1)
KPI = find_kpi("compliance")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """The sample company, a tenth of it, with one record missing of a project."""
    home = tmp_path_factory.mktemp("company")
    settings = Settings.of({"home": home, "workspace_id": "demo", "secret": "s" * 32, "simulated": True})
    with closing(Governance(settings)) as app:
        load(app, settings, until=UNTIL, progress=lambda done, total: None, scale=0.1)
        values = [bytes(notification.state) for notification in app.store.select_notifications(1, 1_000_000)]
    records = [parse(value) for value in values]
    lost = next(n for n, record in enumerate(records) if record.stream.startswith("project:") and record.version == 5)
    del values[lost]
    with opened(home) as clickhouse:
        Projector(clickhouse).land(values, {kind_of(record.stream) for record in records}, [])
        yield clickhouse


def counted(scores: Iterable[Score], group: Callable[[Score], str]) -> dict[tuple[str, str], list[int]]:
    """What the audit says: without violation, activated, without evidence."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for score in scores:
        counts = (score.satisfied, score.activated, score.no_evidence)
        place = (group(score), score.standing)
        found[place] = [a + b for a, b in zip(found[place], counts, strict=True)]
    return found


def shown(figures: Iterable[Figure]) -> dict[tuple[str, str], list[int]]:
    return {
        (f.by, f.standing): [int(f.numerator), int(f.denominator), f.left_out.get("no evidence", 0)] for f in figures
    }


def test_it_equals_what_the_audit_counts(company: ClickHouse) -> None:
    scope = Scope(UNTIL, ZoneInfo("UTC"))
    controls = load_controls()
    scores = scorecards(company, controls.values(), scope)
    by_unit = counted(scores, lambda score: score.unit)
    assert len(by_unit) > 4
    assert any(satisfied < activated for satisfied, activated, _ in by_unit.values())
    figures = measure(company, KPI, scope, "unit")
    assert shown(figures) == by_unit
    assert all(f.value == (f.numerator / f.denominator if f.n else None) and f.n == f.denominator for f in figures)
    # a subject counts once, however many controls look at it
    assert sum(f.incomplete for f in figures) == 1
    listed_rows: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows(company, KPI, scope):
        assert row["severity"] == controls[row["control"]].severity
        counts = (0, 0, 1) if row["excluded"] else (int(row["numerator"]), int(row["denominator"]), 0)
        place = (row["control"], row["standing"])
        listed_rows[place] = [a + b for a, b in zip(listed_rows[place], counts, strict=True)]
    assert listed_rows == counted(scores, lambda score: score.control)


def test_it_keeps_to_a_unit_to_a_period_and_to_what_was_known(company: ClickHouse) -> None:
    known = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    scope = Scope(UNTIL, ZoneInfo("UTC"), known, "recorded", "OPS", dt.date(2025, 1, 1), dt.date(2025, 12, 31))
    controls = load_controls()
    wanted = counted(scorecards(company, controls.values(), scope), lambda score: controls[score.control].severity)
    assert shown(measure(company, KPI, scope, "severity")) == wanted
    assert len(wanted) > 2


@pytest.fixture(scope="module")
def world(company: ClickHouse) -> KpiWorld:
    """Cases of our own, in units of their own beside the company's."""
    return KpiWorld(company)


PLAN = ("2026-01-02 approved", ("2026-01-03 baseline-set", {"finish": dt.date(2026, 3, 31)}))
START = "approved-baseline-before-start"


def test_by_hand(world: KpiWorld, tmp_path: Path) -> None:
    """Of two starts one came before the approval, and was cured late; a start that only a source shows is beside."""
    code = world.unit()
    fine = world.project(("2026-01-01 proposed", {"unit": code}), *PLAN, "2026-01-05 started")
    late = world.project(("2026-01-01 proposed", {"unit": code}), "2026-01-01 started", *PLAN)
    seen = world.project(("2026-01-01 recorded", {"unit": code, "status": "running"}))
    world.project(("2026-01-01 proposed", {"unit": code}))
    world.land()
    kpi = kpis_with(with_a_control_of_its_own(tmp_path))["compliance"]
    found = rows(world.clickhouse, kpi, scope_of("2026-06-30", unit=code))
    for control in (START, f"my-{START}"):
        own = [row for row in found if row["control"] == control]
        assert {row["subject"]: (row["excluded"], int(row["numerator"]), row["evidence"][0]) for row in own} == {
            fine: ("", 1, f"{fine}/4"),
            late: ("", 0, f"{late}/2"),
            seen: ("no evidence", 0, f"{seen}/1"),
        }
    scope = scope_of("2026-06-30", unit=code, period=("2026-01-02", "2026-06-30"))
    [(_, figures)] = trend(world.clickhouse, KPI, [scope], "control")
    later = [(f.standing, int(f.numerator), int(f.denominator), dict(f.left_out)) for f in figures if f.by == START]
    assert later == [("governed", 1, 1, {})]


def with_a_control_of_its_own(home: Path) -> Path:
    """The folder of its KPIs, of which there are none."""
    shipped = next(FOLDER.glob("01_*.yaml")).read_text()
    (home / "controls").mkdir()
    renamed = shipped.replace("id: ", "id: my-", 1).replace("number: 1\n", "number: 1001\n", 1)
    (home / "controls" / "1001_mine.yaml").write_text(renamed)
    return home / "kpis"


def test_it_is_shown_by_name_only() -> None:
    kpis = kpis_with()
    assert set(kpis) - set(listed(kpis)) == {"compliance"}
    with pytest.raises(BadInput, match=r"mine.sql, line 9: shown can only be alone; leave it out otherwise"):
        parse_kpi(KPI.text.replace("shown: alone", "shown: never"), "mine.sql")
