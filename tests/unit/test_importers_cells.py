"""Cells: what is read, and what is refused rather than guessed."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from services.importers import cells
from services.importers.cells import Cell, CellProblem

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("12.5", "12500000"),
        ("£1,996.00", "1996000000"),
        ("£1996.00m", "1996000000"),
        ("Â£2.50", "2500000"),
        ("\ufffd654.46", "654460000"),
        ("ï¿½654.46", "654460000"),
        ("\xa0£12.00 ", "12000000"),
        ("-£4.18m", "-4180000"),
        ("(3.2)", "-3200000"),
        ("−1", "-1000000"),
        ("1 250.5", "1250500000"),
        ("1.5 bn", "1500000000"),
        ("250k", "250000"),
        ("0", "0"),
        ("27.28508537", "27285085.37"),
        (7, "7000000"),
        (0.1, "100000"),
    ],
)
def test_money(cell: Cell, amount: str) -> None:
    assert cells.money(cell, MILLION) == Decimal(amount)


def test_money_of_a_small_part_is_rounded_to_what_an_event_holds() -> None:
    assert str(cells.money("0.12345")) == "0.1234"
    assert str(cells.money("1000")) == "1000"


@pytest.mark.parametrize("cell", ["", None, "  "])
def test_no_money(cell: Cell) -> None:
    assert cells.money(cell) is None


@pytest.mark.parametrize(
    "cell", ["1.996,00", "1,5", "12,34,567", "five", "£", "1e9", "9" * 20, True, dt.date(2020, 1, 1), 1e300]
)
def test_not_money(cell: Cell) -> None:
    assert isinstance(cells.money(cell), CellProblem)


def test_a_declared_decimal_comma() -> None:
    assert cells.money("1.996,50 €", 1, ",") == Decimal("1996.5")
    assert isinstance(cells.money("1,996.50", 1, ","), CellProblem)


@pytest.mark.parametrize(
    ("cell", "orders", "day"),
    [
        ("30.06.08", ("dmy",), "2008-06-30"),
        ("17.03.97", ("dmy",), "1997-03-17"),
        ("31/12/2040", ("dmy",), "2040-12-31"),
        ("12/31/2040", ("mdy",), "2040-12-31"),
        ("2014-07-08", ("dmy", "ymd"), "2014-07-08"),
        ("2014-07-08T00:00:00", ("ymd",), "2014-07-08"),
        ("31/03/2016\n", ("dmy",), "2016-03-31"),
        ("08.07.14", ("dmy", "ymd"), "2014-07-08"),
        ("25/12/2020", ("dmy", "mdy"), "2020-12-25"),
        ("5/5/2020", ("dmy", "mdy"), "2020-05-05"),
        ("31 March 2025", ("ymd",), "2025-03-31"),
        ("1st Sept 99", ("ymd",), "1999-09-01"),
        (dt.datetime(2020, 2, 29, 13, 0), ("dmy",), "2020-02-29"),
        (dt.date(2020, 2, 29), ("dmy",), "2020-02-29"),
    ],
)
def test_days(cell: Cell, orders: tuple[str, ...], day: str) -> None:
    assert cells.day(cell, orders, 1970) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("3/4/2020", "could be 2020-03-04 or 2020-04-03; declare the order"),
        ("31/02/2020", "not a date"),
        ("1/012/2014", "not a date"),
        ("03.04/2020", "not a date"),
        ("31 Foo 2020", "not a date"),
        ("Exempt", "not a date"),
        (43831, "is a number, not a date"),
    ],
)
def test_not_days(cell: Cell, says: str) -> None:
    problem = cells.day(cell)
    assert isinstance(problem, CellProblem)
    assert says in problem.reason


def test_a_year_of_two_digits_needs_a_century() -> None:
    problem = cells.day("30.06.08", ("dmy",))
    assert isinstance(problem, CellProblem)
    assert "two digits" in problem.reason


FIVE = {"green": "green", "ambergreen": "amber-green", "amber": "amber", "amberred": "amber-red", "red": "red"}


@pytest.mark.parametrize("cell", ["Amber/Red", "Amber/red", "Amber/ Red", " AMBER-RED ", "amber red"])
def test_spellings_of_one_rating(cell: str) -> None:
    assert cells.rag(cell, FIVE) == "amber-red"


def test_a_rating_off_the_scale() -> None:
    assert cells.rag("", FIVE) is None
    assert isinstance(cells.rag("Blue", FIVE), CellProblem)


@pytest.mark.parametrize(
    ("cell", "unit", "share"), [("45%", "percent", "0.45"), ("45", "percent", "0.45"), (0.45, "fraction", "0.45")]
)
def test_shares(cell: Cell, unit: str, share: str) -> None:
    assert cells.share(cell, unit) == Decimal(share)


def test_not_shares() -> None:
    assert isinstance(cells.share("145%"), CellProblem)
    assert isinstance(cells.share("half"), CellProblem)


def test_text_is_one_clean_line() -> None:
    assert cells.text("\ufeff A\u00a0 b\r\n\x07c ") == "A b c"
    assert cells.text(12.0) == "12"
    assert isinstance(cells.label("x" * 501), CellProblem)


def test_a_narrative_keeps_its_lines_up_to_a_sane_size() -> None:
    assert cells.narrative(" one\r\ntwo\rthree ") == "one\ntwo\nthree"
    long = cells.narrative("ä" * 20_000)
    assert long is not None
    assert len(long.encode()) <= cells.NARRATIVE_BYTES
    assert long.endswith("…")


def test_prose_instead_of_a_value() -> None:
    patterns = (re.compile("exempt", re.IGNORECASE),)
    assert cells.absence("Exempt under\nSection 43", patterns) == "'Exempt under Section 43'"
    assert cells.absence("Amber", patterns) is None
    assert cells.absence(5, patterns) is None
