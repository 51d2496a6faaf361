"""The dashboard's words and small parts: addresses, sparks, tables as CSV."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.dashboard.commands import commands
from services.dashboard.guard import Guard
from services.dashboard.panels import House, Page
from services.dashboard.pulse import Stamp
from services.dashboard.question import Question, earlier
from services.dashboard.render import Renderer, as_csv, link, tone
from services.dashboard.sparks import spark
from services.dashboard.stream import told
from services.errors import BadInput
from services.projections.scope import Scope
from services.reports.pack import Column, Table
from services.settings import Settings

OWN: dict[str, tuple[str, ...]] = {"by": ("role", "unit"), "find": ()}


def settings(tmp_path: Path) -> Settings:
    return Settings.of({"home": tmp_path, "workspace_id": "t", "secret": "s" * 32, "time_zone": "Europe/London"})


def test_an_address_is_a_question_and_a_question_an_address(tmp_path: Path) -> None:
    given = {"as_of": "2026-06-30", "known_at": "2026-07-05", "unit": "ops", "versus": "12", "by": "unit"}
    question = Question.of(given, OWN)
    assert question.params() == {**given, "unit": "OPS"}
    assert question.common() == {name: value for name, value in question.params().items() if name != "by"}
    scope = question.scope(settings(tmp_path))
    assert (scope.as_of, scope.unit) == (dt.date(2026, 6, 30), "OPS")
    assert scope.known_at == dt.datetime(2026, 7, 5, 22, 59, 59, 999000, dt.UTC)
    assert not question.is_live
    assert Question.of({}, OWN).is_default


@pytest.mark.parametrize("given", [{"by": "colour"}, {"bye": "role"}, {"versus": "2"}, {"known_basis": "said"},
                                   {"find": "x" * 201}])  # fmt: skip
def test_what_a_page_does_not_take_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        Question.of(given, OWN)


@pytest.mark.parametrize(
    ("path", "more", "expected"),
    [
        ("/", {}, ["pmo kpi{at} --unit OPS"]),
        ("/portfolio", {}, ["pmo portfolio list{at} --unit OPS", "pmo report --json{at} --unit OPS"]),
        ("/capacity", {"by": "unit"}, ["pmo capacity{at} --unit OPS --by unit"]),
        ("/project/CRANE-7", {}, ["pmo history project:CRANE-7{at}"]),
        (
            "/pipeline",
            {"budget": "9", "budget_then": "-10%", "without": "A-1, B-2"},
            ["pmo portfolio rank --budget 9 --budget -10% --without A-1 --without B-2{at} --unit OPS"],
        ),
        ("/control/gates-in-order", {"from": "2026-01-01"},
         ["pmo audit backtest gates-in-order{at} --unit OPS --from 2026-01-01",
          "pmo explain gates-in-order{at} --unit OPS --from 2026-01-01"]),
        ("/kpi/cpi", {"by": "unit"},
         ["pmo kpi cpi{at} --unit OPS", "pmo kpi cpi{at} --unit OPS --by unit",
          "pmo benchmark cpi --by period{at} --unit OPS", "pmo explain cpi{at} --unit OPS"]),
    ],
)  # fmt: skip
def test_a_page_names_the_commands_that_print_the_same(path: str, more: dict[str, str], expected: list[str]) -> None:
    own: dict[str, tuple[str, ...]] = dict.fromkeys(("by", "budget", "budget_then", "without"), ())
    question = Question.of({"as_of": "2026-06-30", "known_at": "2026-07-05 12:00", "unit": "ops", **more}, own)
    at = " --as-of 2026-06-30 --known-at '2026-07-05 12:00'"
    assert list(commands(path, question)) == [line.replace("{at}", at) for line in expected]


def test_the_same_question_before_keeps_its_period() -> None:
    scope = Scope(
        dt.date(2026, 3, 31), ZoneInfo("UTC"), period_from=dt.date(2026, 1, 1), period_to=dt.date(2026, 3, 31)
    )
    moved = earlier(scope, 1)
    assert (moved.as_of, moved.period_from, moved.period_to) == (
        dt.date(2026, 2, 28), dt.date(2025, 12, 1), dt.date(2026, 2, 28),
    )  # fmt: skip


@pytest.mark.parametrize(("position", "hidden"), [(0, False), (7, True)])
def test_who_has_recorded_nothing_is_told_how_to_begin(tmp_path: Path, position: int, hidden: bool) -> None:
    day = dt.date(2026, 6, 30)
    around = {"units": [], "warnings": [], "first_day": day, "last_day": day, "known_day": "2026-06-30",
              "as_of_day": "2026-06-30", "slider": {"first": "2026-06-30", "days": 0},
              "stamp": told(Stamp(position, position))}  # fmt: skip
    house = House(settings(tmp_path), {}, {}, ())
    html = Renderer(house).page(Page("/attention", "Attention", "", lambda _: ()), Question(), [], around)
    banner = html.partition('id="nothing-yet"')[2].partition("</p>")[0]
    assert "pmo unit register" in banner
    assert banner.startswith(" hidden>") is hidden


def test_a_spark_goes_through_its_values_and_stays_in_its_box() -> None:
    assert spark(None) is None
    assert spark((None, 1.0)) is None
    made = spark((0.0, None, 1.0, 0.5), aim=0.75, width=100, height=20)
    assert made is not None
    assert made.line == "M3.0 17.0 L65.7 3.0 L97.0 10.0"
    assert made.aim == 6.5
    flat = spark((2.0, 2.0))
    assert flat is not None
    assert flat.line.count("16.0") == 2


def test_a_table_as_csv_has_exact_values_and_no_formulas() -> None:
    columns = (Column("name", "Name"), Column("value", "Value", "number"))
    rows = ({"name": "=1+1", "value": "-0.123456789"}, {"name": "@x", "value": None})
    assert as_csv(Table("t", "T", columns, ("name",), rows)) == "name,value\n'=1+1,-0.123456789\n'@x,\n"


def test_cells_lead_to_what_they_name_and_say_good_from_bad() -> None:
    question = Question(unit="OPS")
    assert link(question, Column("project", ""), {"project": "A-1"}) == "/project/A-1?unit=OPS"
    assert link(question, Column("subject", "", "stream"), {"subject": "work:A-1/W-3"}) == "/project/A-1?unit=OPS"
    assert link(question, Column("subject", "", "stream"), {"subject": "person:X"}) == ""
    assert tone(Column("slip", "", "slip"), {"slip": 3}) == "bad"
    assert tone(Column("rag", ""), {"rag": "amber"}) == "chip warn"
    assert tone(Column("name", ""), {"name": "red"}) == ""


def test_what_is_asked_too_fast_is_used_up_and_comes_back() -> None:
    guard = Guard("")
    assert all(guard.spend("a", 1) for _ in range(200))
    assert not guard.spend("a", 100)
    assert guard.spend("b", 1)


def test_too_many_requests_at_once_are_refused() -> None:
    from starlette.requests import Request

    guard = Guard("")
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "server": ("127.0.0.1", 80),
             "client": ("127.0.0.1", 1), "scheme": "http", "headers": [(b"host", b"127.0.0.1:80")]}  # fmt: skip
    answers = [guard.refusal(Request(scope)) for _ in range(2000)]
    assert answers[0] is None
    assert {answer[0] for answer in answers if answer} == {429}
