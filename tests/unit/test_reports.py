"""The steering pack: the same question gives the same digest, what changed is named, and no name becomes markup."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from controls_world import PERSONS
from kpi_world import KpiWorld, kpi_world, scope_of

from schemas.event import Record
from schemas.governance import KpiPublished
from services.cli.report import _exact
from services.commands.app import Governance, Meta
from services.errors import BadInput, NotFound, Rejected
from services.projections.checking import Control, load_controls
from services.projections.house import Target
from services.projections.kpi import Kpi, find_kpi
from services.projections.queries import ask
from services.reports import gather, issue, page
from services.reports.pack import LAYOUT, Column, Pack, canonical, differences, digest_of, plain
from services.runtime import quiet
from services.settings import Settings

NAMELESS = "ABCD" + "2" * 16
EVIL = "</script><script>alert('x')</script>"
KPIS: dict[str, Kpi] = {name: find_kpi(name) for name in ("on-time", "adoption", "cycle-time")}
CONTROLS: dict[str, Control] = {control.id: control for control in load_controls().values() if control.number in (1, 4)}
HEAD = page.Head("R-1", "Steering pack", EVIL, False, EVIL, 12, 0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KpiWorld]:
    with kpi_world(tmp_path_factory.mktemp("reports")) as made:
        made.tell("business-unit:PORT", "registered", "2019-01-01", parent=None, country=None)
        made.project(
            ("2026-01-01 proposed", {"unit": "PORT", "name": EVIL, "manager": PERSONS["ann"], "value": 9, "budget": 3}),
            "2026-01-02 approved",
            ("2026-01-03 baseline-set", {"item": "1", "finish": "2026-03-31"}),
            "2026-01-05 started",
            ("2026-05-01 progress-reported", {"data_date": "2026-05-01", "percent_complete": "0.5", "actual_cost": 600,
                                             "forecast_finish": "2026-07-31", "rag": "red"}),
            ("2026-05-20 gate-requested", {"item": "G2"}),
            ("2026-06-01 change-requested", {"item": "C1", "cost": 50, "days": 10}),
            ("2026-06-05 baseline-set", {"item": "2", "finish": "2026-09-30", "unauthorised": True}),
        )  # fmt: skip
        made.project(("2026-06-01 proposed", {"unit": "PORT", "name": "Quay", "value": 9, "budget": 3}))
        made.land()
        yield made


def pack_of(world: KpiWorld, as_of: str = "2026-06-30", kpis: dict[str, Kpi] = KPIS, layout: int = LAYOUT) -> Pack:
    scope = replace(scope_of(as_of, unit="PORT"), known_at=dt.datetime(2026, 7, 5, 12, 0, 0, 123_000, dt.UTC))
    return gather.gather(world.clickhouse, scope, kpis, CONTROLS, quiet, layout)


@pytest.fixture(scope="module")
def pack(world: KpiWorld) -> Pack:
    return pack_of(world)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Governance]:
    (tmp_path / "home").mkdir()
    with closing(Governance(Settings.of({"home": tmp_path / "home", "workspace_id": "t", "secret": "s" * 32}))) as made:
        yield made


def meta() -> Meta:
    return Meta(actor="system:test")


def table(pack: Pack, section: str, name: str) -> list[dict[str, object]]:
    [found] = [t for s in pack.sections if s.name == section for t in s.tables if t.name == name]
    return [dict(row) for row in found.rows]


def test_the_screens_are_there_in_order(pack: Pack) -> None:
    names = [section.name for section in pack.sections]
    assert names == ["attention", "portfolio", "capacity", "changes", "pipeline", "compliance", "bottlenecks",
                     "adoption", "kpis"]  # fmt: skip


def test_what_waits_has_an_owner_and_an_age(pack: Pack) -> None:
    waiting = {row["what"]: row for row in table(pack, "attention", "decisions")}
    assert set(waiting) == {"gate", "change", "proposal"}
    assert (waiting["gate"]["item"], waiting["gate"]["age"], waiting["gate"]["owner"]) == ("G2", 41, PERSONS["ann"])
    [stale] = table(pack, "attention", "stale")
    assert stale["report_age"] == 60


def test_slip_and_estimate_at_completion(pack: Pack) -> None:
    [slip] = table(pack, "portfolio", "slip")
    assert (slip["slip"], slip["slip_current"], slip["moved"]) == (122, -61, 0)
    [cost] = table(pack, "portfolio", "cost")
    assert (cost["eac"], cost["left_out"]) == (None, "stale report")
    [rebaseline] = table(pack, "changes", "rebaselines")
    assert rebaseline["rests_on"] == "unauthorised"


def test_the_estimate_is_budget_by_cpi(world: KpiWorld) -> None:
    [cost] = ask(world.clickhouse, "forecast_costs", scope_of("2026-05-15", unit="PORT"))
    assert (cost["eac"], cost["budget"], cost["actual"], cost["left_out"]) == (1200, 1000, 600, "")


def test_a_kpi_has_its_version_n_and_interval(pack: Pack) -> None:
    [row] = [row for row in table(pack, "kpis", "delivery") if row["kpi"] == "on-time"]
    assert (row["version"], row["n"], row["value"], row["interval"]) == (1, 1, "0", "0.0 to 79.4 %")
    assert row["trend"] == [None, None, None, None, "0"]
    assert pack.definitions["kpi:on-time"] == KPIS["on-time"].digest


def test_a_missing_rate_leaves_out_the_figure_and_its_trend(world: KpiWorld) -> None:
    rows = KPIS["on-time"].sql
    before = "if({period_from:Date32} > '1970-01-01', 'no rate: GBP 2026-01-03', excluded)"
    quarters = replace(KPIS["on-time"], sql=f"SELECT * REPLACE ({before} AS excluded) FROM ({rows})")
    now = replace(KPIS["cycle-time"], sql=f"SELECT * REPLACE ('no rate: GBP 2026-01-03' AS excluded) FROM ({rows})")
    pack = pack_of(world, kpis={"on-time": quarters, "cycle-time": now})
    told = {str(row["kpi"]): row for family in ("delivery", "flow") for row in table(pack, "kpis", family)}
    assert (told["on-time"]["value"], told["on-time"]["trend"]) == ("0", [])
    assert told["on-time"]["left_out"] == "five quarters: no rate: GBP 2026-01-03"
    assert (told["cycle-time"]["value"], told["cycle-time"]["left_out"]) == (None, "no rate: GBP 2026-01-03")


def test_the_same_question_has_the_same_digest_whatever_is_recorded_later(world: KpiWorld, pack: Pack) -> None:
    world.project(("2026-06-02 proposed", {"unit": "PORT"}), ("2026-06-03 approved", {}))
    for record in world._pending:
        object.__setattr__(record, "recorded_at", dt.datetime(2026, 7, 6, tzinfo=dt.UTC))
    world.land()
    assert pack_of(world).digest == pack.digest
    assert pack_of(world, "2026-06-29").digest != pack.digest


def test_people_stand_in_it_by_their_pseudonyms(pack: Pack) -> None:
    assert PERSONS["ann"] in pack.text
    html = page.page(pack, HEAD, {PERSONS["ann"]: "Ann Smith"}, scope_of("2026-06-30").zone)
    assert "Ann Smith" in html and "Ann Smith" not in pack.text


def test_no_name_becomes_markup_and_nothing_is_loaded(pack: Pack) -> None:
    html = page.page(pack, HEAD, {PERSONS["ann"]: EVIL}, scope_of("2026-06-30").zone)
    assert "<script>alert" not in html
    assert html.count("<script") == html.count("</script>") == 1
    assert "&lt;script&gt;alert(&#39;x&#39;)" in html
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)|@import|url\(""", html)
    # what is embedded is what the digest is of
    embedded = json.loads(html.split('id="figures">')[1].split("</script>")[0])
    assert digest_of(canonical(embedded)) == pack.digest and pack.digest in html
    assert EVIL in json.dumps(embedded)
    assert "prefers-color-scheme: dark" in html and "@media print" in html and "<caption>" in html


def test_it_is_issued_and_reproduced(app: Governance, pack: Pack) -> None:
    issue.issue(app, pack, KPIS, "R-1", "Steering pack", "board", meta())
    given = issue.issued(app, "r-1")
    assert issue.scope_of_issue(app, given).params()["known_at"] == "2026-07-05 12:00:00.123"
    found = issue.verdict(app, "r-1", given, pack)
    assert found.same and found.figures == () and not (found.changed or found.added or found.gone)


def test_a_definition_that_changed_is_named_with_the_figures(app: Governance, world: KpiWorld, pack: Pack) -> None:
    issue.issue(app, pack, KPIS, "R-1", "Steering pack", "board", meta())
    on_time = KPIS["on-time"]
    words = {"text": on_time.text + "\n", "sql": on_time.sql.replace("AS numerator", "+ 1 AS numerator", 1)}
    other = {"on-time": replace(on_time, **words), "adoption": KPIS["adoption"]}
    found = issue.verdict(app, "R-1", issue.issued(app, "R-1"), pack_of(world, kpis=other))
    assert not found.same
    assert found.changed == ("kpi:on-time",) and found.gone == ("kpi:cycle-time",) and found.added == ()
    assert found.figures is not None
    said = {difference.place: (difference.before, difference.now) for difference in found.figures}
    assert said["kpis, delivery, on-time governed: value"] == ("0", "1")


def test_a_target_stands_beside_what_it_is_for(world: KpiWorld, pack: Pack) -> None:
    world.tell("setting:TARGET.ON-TIME", "set", "2026-07-02", value='{"target": 0.8, "warn": 0.1}', decided_by=None)
    world.land()
    aimed = pack_of(world, "2026-07-03")
    [row] = [row for row in table(aimed, "kpis", "delivery") if row["kpi"] == "on-time"]
    assert (row["value"], row["target"], row["met"]) == ("0", "0.8", "not met")
    # reports of layout 2 are reproduced with the verdicts that they were issued with
    [row] = [r for r in table(pack_of(world, "2026-07-03", layout=2), "kpis", "delivery") if r["kpi"] == "on-time"]
    assert row["met"] == "warning"
    html = page.page(aimed, HEAD, {}, scope_of("2026-06-30").zone)
    assert re.search(r'<td class="number">80.0 %</td><td>not met</td>', html)
    # none was set before, and none is set for the others
    assert ">Target</th>" not in page.page(pack, HEAD, {}, scope_of("2026-06-30").zone)
    [row] = [row for row in table(pack, "kpis", "delivery") if row["kpi"] == "on-time"]
    assert (row["target"], row["met"]) == (None, "")
    assert {row["target"] for row in table(aimed, "kpis", "flow")} == {None}


@pytest.mark.parametrize(
    ("kpi", "warn", "verdicts"),
    [
        ("on-time", "0.7", {"0.8": "met", "0.79": "warning", "0.7": "warning", "0.69": "not met"}),
        ("waste", "0.9", {"0.8": "met", "0.81": "warning", "0.9": "warning", "0.91": "not met"}),
        ("on-time", None, {"0.8": "met", "0.79": "not met"}),
    ],
)
def test_a_warning_is_milder_than_not_met(kpi: str, warn: str | None, verdicts: dict[str, str]) -> None:
    aim = Target(Decimal("0.8"), None if warn is None else Decimal(warn))
    assert {value: aim.verdict(find_kpi(kpi), Decimal(value)) for value in verdicts} == verdicts


def test_a_target_of_a_sum_is_for_the_whole() -> None:
    aim = Target(Decimal(1000), None)
    assert [aim.of(find_kpi("risk-exposure"), by) for by in ("portfolio", "unit")] == [aim, None]
    assert aim.of(find_kpi("on-time"), "unit") is aim


def test_a_report_of_an_earlier_layout_is_reproduced_in_that_layout(
    app: Governance, world: KpiWorld, pack: Pack
) -> None:
    earlier = pack_of(world, layout=1)
    figures = json.loads(pack.text)
    for row in figures["figures"]["pipeline"]["ranking"]:
        del row["left_out"]
    for rows in (rows for tables in figures["figures"].values() for rows in tables.values()):
        for row in rows:
            assert ("target" in row) == ("met" in row)
            row.pop("target", None)
            row.pop("met", None)
    assert json.loads(earlier.text) == {**figures, "layout": 1}
    issue.issue(app, earlier, KPIS, "R-1", "Steering pack", "board", meta())
    given = issue.issued(app, "R-1")
    assert issue.verdict(app, "R-1", given, pack_of(world, layout=gather.layout_of(given.definitions))).same
    assert issue.verdict(app, "R-1", given, pack).changed == ("report:layout",)
    assert gather.layout_of(pack.definitions) == gather.layout_of({}) == LAYOUT


def test_the_words_of_each_kpi_are_published_once_for_each_version(app: Governance, pack: Pack) -> None:
    def of(kpis: dict[str, Kpi], report: str) -> tuple[int, tuple[str, ...]]:
        found = issue.issue(app, pack, kpis, report, "Steering pack", "board", meta())
        return found.kpis, found.retired

    def log(kpi: str) -> list[Record]:
        return list(app.history(f"kpi:{kpi}").records)

    assert of(KPIS, "R-1") == (3, ())
    [first] = log("ON-TIME")
    assert isinstance(first.event, KpiPublished)
    assert (first.event.digest, first.event.definition) == (pack.definitions["kpi:on-time"], KPIS["on-time"].text)
    assert first.event.digest == digest_of(first.event.definition)
    assert (first.event.definition_version, first.correlation_id) == (KPIS["on-time"].version, "R-1")
    assert of(KPIS, "R-2") == (0, ())
    revised = replace(KPIS["on-time"], version=2, text=KPIS["on-time"].text.replace("version: 1", "version: 2"))
    assert of({**KPIS, "on-time": revised}, "R-3") == (1, ())
    assert [type(record.event).__name__ for record in log("ON-TIME")] == ["KpiPublished", "KpiRevised"]
    assert of({"on-time": revised}, "R-4") == (0, ("adoption", "cycle-time"))
    assert of({"on-time": revised}, "R-5") == (0, ())
    assert of({**KPIS, "on-time": revised}, "R-6") == (2, ())
    assert [type(record.event).__name__ for record in log("ADOPTION")] == ["KpiPublished", "KpiRetired", "KpiPublished"]


def test_a_report_that_is_refused_publishes_nothing(app: Governance, pack: Pack) -> None:
    issue.issue(app, pack, {}, "R-1", "Steering pack", "board", meta())
    with pytest.raises(Rejected, match="issued with other figures"):
        issue.issue(app, replace(pack, sections=()), KPIS, "R-1", "Steering pack", "board", meta())
    assert not app.history("kpi:ON-TIME").exists


def test_figures_that_are_not_kept_cannot_be_compared(app: Governance, pack: Pack) -> None:
    issue.issue(app, pack, KPIS, "R-1", "Steering pack", "board", meta())
    file = app.settings.home / "reports" / "R-1.json"
    file.write_text(file.read_text().replace("PORT", "OPS"))
    assert issue.verdict(app, "R-1", issue.issued(app, "R-1"), pack).figures is None
    file.unlink()
    assert issue.verdict(app, "R-1", issue.issued(app, "R-1"), pack).figures is None


def test_other_figures_for_the_same_question_are_refused(app: Governance, pack: Pack) -> None:
    issue.issue(app, pack, KPIS, "R-1", "Steering pack", "board", meta())
    with pytest.raises(Rejected, match="issued with other figures for the same times"):
        issue.issue(app, replace(pack, sections=pack.sections[:1]), KPIS, "R-1", "Steering pack", "board", meta())


def test_a_report_that_there_is_not(app: Governance, pack: Pack) -> None:
    with pytest.raises(NotFound, match="'pmo report list'"):
        issue.issued(app, "R-2")
    issue.issue(app, pack, KPIS, "R-1", "Steering pack", "board", meta())
    with pytest.raises(NotFound, match="did you mean R-1"):
        issue.issued(app, "R-2")
    with pytest.raises(BadInput):
        issue.issue(app, pack, KPIS, "no good id", "Steering pack", "board", meta())


def test_what_is_known_today_is_known_by_now() -> None:
    now, later = dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC), dt.datetime(2026, 7, 5, 23, 59, tzinfo=dt.UTC)
    scope = scope_of("2026-06-30")
    assert [_exact(replace(scope, known_at=known), now).known_at for known in (None, later, now)] == [now] * 3
    assert _exact(replace(scope, known_at=now), later).known_at == now


def test_amounts_have_one_way_of_writing() -> None:
    assert [plain(Decimal(text)) for text in ("1.500", "100", "0.00", "-0", "1E+3")] == ["1.5", "100", "0", "0", "1000"]
    with pytest.raises(TypeError):
        plain(0.5)


def test_differences_tell_rows_that_came_and_went() -> None:
    before = {"figures": {"s": {"t": [{"k": "A", "v": 1}, {"k": "B", "v": 2}]}}}
    now = {"figures": {"s": {"t": [{"k": "C", "v": 1}, {"k": "B", "v": 3}]}}}
    found = differences(before, now, {("s", "t"): ("k",)})
    assert [(d.place, d.before, d.now) for d in found] == [
        ("s, t, A", "there", None), ("s, t, B: v", 2, 3), ("s, t, C", None, "there"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("share", "0.12345", "12.3 %"),
        ("money", "1234567.5", "1,234,568"),
        ("number", "3", "3"),
        ("slip", 12, "+12"),
        ("slip", 0, "0"),
        ("count", 1200, "1,200"),
        ("measured", None, "no data"),
        ("text", None, ""),
        ("person", "ABC", "Ann"),
        ("person", NAMELESS, "ABCD…"),
        ("text", f"approved by {NAMELESS}", "approved by ABCD…"),
        ("stream", f"person:{NAMELESS}", f"person:{NAMELESS}"),
        ("target", None, ""),
        ("target", "0.8", "0.8"),
    ],
)
def test_cells_as_people_read_them(kind: str, value: object, shown: str) -> None:
    assert page.cell(Column("f", "F", kind), {"f": value}, {"ABC": "Ann"}, "EUR") == shown  # type: ignore[arg-type]


def test_bars_stand_on_the_zero_line() -> None:
    up, down = page.bars(["10", None, "-10"])
    assert (up.x, up.y, up.height, up.negative) == (0, 0, 12, False)
    assert (down.x, down.y, down.height, down.negative) == (12, 12, 12, True)
    assert page.bars([]) == page.bars([None]) == []
    assert page.bars(["0"])[0].height == 1
