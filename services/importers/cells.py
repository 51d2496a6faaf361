"""The parsers of single cells. Each gives a value, `None` for an empty cell, or a `CellProblem` that says why not.

Nothing is guessed: a day/month order that is not declared is read only where it cannot be mistaken, and a number whose
separators do not fit the declared decimal mark is a problem, not a number.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from schemas.fields import FIRST_DAY, LAST_DAY

Cell = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | None
"""What a reader hands over: text from CSV, typed values from a workbook."""

ORDERS = ("dmy", "mdy", "ymd")
NARRATIVE_BYTES = 16 * 1024

_MAX_DIGITS = 14
_ONE, FOUR_PLACES = Decimal(1), Decimal("0.0001")
_SCALES = {
    "": None, "k": 1000, "thousand": 1000, "m": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "million": 1_000_000,
    "bn": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
# £ read as cp1252 from UTF-8, U+FFFD read as cp1252 from UTF-8, and U+FFFD itself stand where a pound sign was
_CURRENCY = re.compile(r"ï¿½|Â[£€]|[£$€¥\ufffd]|\b(?:GBP|EUR|USD|CHF)\b", re.IGNORECASE)
_PLAIN = re.compile(r"£?((?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,4})?)")
_AMOUNT = {
    ".": re.compile(r"(\d{1,3}(?:[, ']\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+) ?([a-z]*)"),
    ",": re.compile(r"(\d{1,3}(?:[. ']\d{3})+(?:,\d+)?|\d+(?:,\d*)?|,\d+) ?([a-z]*)"),
}
_NUMERIC_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[T ]0?0:00(?::00(?:\.0+)?)?)?")
_NAMED_DATE = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4}|\d{2})")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), start=1,
    )
    for name in names.split()
}  # fmt: skip

_WORD = re.compile(r"[^\W\d_]{2,}")
# the numbers that prose has: "Section 43 (2) and 44 of the Act 2000", "§ 3 Nr. 4"
_REFERENCE = re.compile(
    r"(?:§+|\b(?:sections?|acts?|articles?|paragraphs?|clauses?|regulations?|schedule|annex|exemptions?|art\.|artikel|"
    r"absatz|abs\.|ziffer|nr\.))\s*\d+[a-z]?(?:\s?\(\w{1,4}\))*(?:\s*(?:,|&|and|or|und|oder)\s*\d+[a-z]?(?:\s?\(\w{1,4}\))*)*",
    re.IGNORECASE,
)
# words that make a value of another spelling, not prose: "end of June", "two million"
NEAR_DAYS = frozenset(_MONTHS)
NEAR_AMOUNTS = frozenset(_SCALES) | {"gbp", "eur", "usd", "chf", "millions", "billions", "thousands"}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why a cell has no value, in words that follow the value: "is not a date"."""

    reason: str


def text(cell: Cell) -> str | None:
    """The cell as one line of text, without control characters and doubled spaces."""
    if cell is None or cell == "":
        return None
    if cell.__class__ is str and cell.isprintable() and "  " not in cell:
        return cell.strip() or None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    line = " ".join(str(cell).split())
    if not line.isprintable():
        line = " ".join("".join(character for character in line if character.isprintable()).split())
    return line or None


def label(cell: Cell, longest: int = 500) -> str | None | CellProblem:
    """A business name or category of at most `longest` characters."""
    line = text(cell)
    if line is not None and len(line) > longest:
        return CellProblem(f"has {len(line)} characters, more than {longest}")
    return line


def narrative(cell: Cell) -> str | None:
    """Free text with its lines kept, cut to a sane size with a visible mark."""
    if cell is None:
        return None
    lines = str(cell).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
    encoded = lines.encode("utf-8", "replace")
    if len(encoded) <= NARRATIVE_BYTES:
        return encoded.decode() or None
    return encoded[: NARRATIVE_BYTES - 3].decode("utf-8", "ignore") + "…"


def money(cell: Cell, scale: int = 1, decimal: str = ".") -> Decimal | None | CellProblem:
    """An amount in units of the currency; `scale` is the column's (1,000,000 for "£m") unless the cell says its own."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool | dt.date | dt.time | dt.timedelta):
        return CellProblem("is not an amount")
    if isinstance(cell, int | float):
        return _scaled(str(cell) if isinstance(cell, int) else repr(cell), scale)
    return _money_text(cell, scale, decimal)


@lru_cache(maxsize=4096)
def _money_text(cell: str, scale: int, decimal: str) -> Decimal | None | CellProblem:
    if decimal == "." and (plain := _PLAIN.fullmatch(cell)):
        return _scaled(plain[1].replace(",", ""), scale)
    line = " ".join(_CURRENCY.sub("", cell).split()).lower()
    if not line:
        return None if not cell.strip() else CellProblem("is not an amount")
    negative = False
    if line.startswith("(") and line.endswith(")"):
        negative, line = True, line[1:-1].strip()
    if line[:1] in "-−–+":
        negative, line = negative != (line[0] != "+"), line[1:].strip()
    matched = _AMOUNT[decimal].fullmatch(line)
    if matched is None or matched[2] not in _SCALES:
        return CellProblem(f"is not an amount with '{decimal}' as its decimal mark{_hint(line, decimal)}")
    digits = re.sub(r"[ ']" if decimal == "." else r"[. ']", "", matched[1])
    digits = digits.replace(",", "") if decimal == "." else digits.replace(",", ".")
    return _scaled(("-" if negative else "") + digits, _SCALES[matched[2]] or scale)


def _scaled(digits: str, scale: int) -> Decimal | CellProblem:
    try:
        amount = Decimal(digits)
        if not amount.is_finite() or (amount and amount.adjusted() > _MAX_DIGITS):
            return CellProblem("is too large for an amount")
        amount = amount * scale + 0  # no amount is minus zero
        if amount and amount.adjusted() >= _MAX_DIGITS:
            return CellProblem("is too large for an amount")
        whole = amount.quantize(_ONE)
        rounded = whole if whole == amount else _exact(amount.quantize(FOUR_PLACES, ROUND_HALF_EVEN) + 0)
        return rounded if rounded.adjusted() < _MAX_DIGITS else CellProblem("is too large for an amount")
    except InvalidOperation:
        return CellProblem("is not an amount")


def _hint(line: str, decimal: str) -> str:
    other = "," if decimal == "." else "."
    matched = _AMOUNT[other].fullmatch(line)
    return f'; say `decimal: "{other}"` in the mapping' if matched and matched[2] in _SCALES else ""


def _exact(amount: Decimal) -> Decimal:
    whole = amount.quantize(_ONE)
    return whole if whole == amount else amount.normalize()


def share(cell: Cell, unit: str = "percent") -> Decimal | None | CellProblem:
    """A fraction 0..1; a number without a percent sign is read in the declared `unit`, percent or fraction."""
    if cell is None or cell == "":
        return None
    signed = isinstance(cell, str) and cell.rstrip().endswith("%")
    amount = money(str(cell).rstrip().removesuffix("%") if signed else cell)
    if amount is None or isinstance(amount, CellProblem):
        return amount
    fraction = amount / 100 if signed or unit == "percent" else amount
    if not 0 <= fraction <= 1:
        return CellProblem("is not between 0 and 100 percent")
    return fraction


def day(cell: Cell, orders: Sequence[str] = ORDERS, century_from: int | None = None) -> dt.date | None | CellProblem:
    """A calendar day. `century_from` 1970 reads two-digit years as 1970 to 2069; without it they are refused."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, dt.datetime):
        cell = cell.date()
    if isinstance(cell, dt.date):
        return _in_range(cell)
    if not isinstance(cell, str):
        return CellProblem("is a number, not a date; format the column as dates")
    return _in_range(_day_text(cell.strip(), tuple(orders), century_from))


def _in_range(found: dt.date | None | CellProblem) -> dt.date | None | CellProblem:
    if isinstance(found, dt.date) and not FIRST_DAY <= found <= LAST_DAY:
        return CellProblem(f"lies outside the years {FIRST_DAY.year} to {LAST_DAY.year}")
    return found


@lru_cache(maxsize=8192)
def _day_text(cell: str, orders: tuple[str, ...], century_from: int | None) -> dt.date | None | CellProblem:
    if not cell:
        return None
    if matched := _NUMERIC_DATE.fullmatch(cell):
        groups = (matched[1], matched[3], matched[4])
        parts = {
            order: _in_order(order, groups, century_from)
            for order in orders
            # beside other orders only four digits make the first number a year
            if order != "ymd" or len(matched[1]) == 4 or orders == ("ymd",)
        }
        found = {value for value in parts.values() if isinstance(value, dt.date)}
        if len(found) > 1:
            first, second = sorted(found)[:2]
            return CellProblem(f"could be {first} or {second}; declare the order of day and month")
        if found:
            return found.pop()
        reasons = [value for value in parts.values() if isinstance(value, CellProblem)]
        return reasons[0] if reasons else CellProblem(f"is not a date in the order {' or '.join(orders)}")
    if matched := _NAMED_DATE.fullmatch(cell):
        month = _MONTHS.get(matched[2].lower())
        year = _year(matched[3], century_from)
        if isinstance(year, CellProblem):
            return year
        if month is not None:
            return _calendar(year, month, int(matched[1])) or CellProblem("is not in the calendar")
    return CellProblem("is not a date")


def _in_order(order: str, parts: tuple[str, str, str], century_from: int | None) -> dt.date | CellProblem | None:
    named = dict(zip(order, parts, strict=True))
    if len(named["d"]) > 2 or len(named["m"]) > 2 or len(named["y"]) not in (2, 4):
        return None
    year = _year(named["y"], century_from)
    return year if isinstance(year, CellProblem) else _calendar(year, int(named["m"]), int(named["d"]))


def _year(digits: str, century_from: int | None) -> int | CellProblem:
    if len(digits) == 4:
        return int(digits)
    if century_from is None:
        return CellProblem(f"has a year of two digits, {digits}; declare century_from in the mapping")
    return century_from + (int(digits) - century_from) % 100


def _calendar(year: int, month: int, of_month: int) -> dt.date | None:
    try:
        return dt.date(year, month, of_month)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def rag_key(cell: str) -> str:
    """What two spellings of one rating share: ``Amber/ Red`` and ``AMBER-RED`` are both ``amberred``."""
    return "".join(character for character in cell.casefold() if character.isalpha())


def rag(cell: Cell, scale: Mapping[str, str]) -> str | None | CellProblem:
    """The rating on our scale of five; `scale` maps the source's spellings, by `rag_key`, to it."""
    line = text(cell)
    if line is None:
        return None
    return scale.get(rag_key(line)) or CellProblem("is not on the declared RAG scale")


def shown(cell: Cell) -> str:
    """The cell as a report quotes it, short enough for one line."""
    return _cut(text(str(cell)) or "", 60)


def is_prose(cell: Cell, near: frozenset[str] = frozenset()) -> bool:
    """Whether words stand where a value should: two or more, no number but that of a section, none of `near`."""
    if not isinstance(cell, str):
        return False
    words = [word.casefold() for word in _WORD.findall(cell)]
    if len(words) < 2 or near.intersection(words) or any(character in "£$€¥%" for character in cell):
        return False
    return not any(character.isdigit() for character in _REFERENCE.sub("", cell))


def absence(cell: Cell, patterns: Sequence[re.Pattern[str]]) -> str | None:
    """The prose that stands instead of a value, if one of the declared patterns knows it."""
    if not isinstance(cell, str):
        return None
    line = text(cell)
    if line is None or not any(pattern.match(line) for pattern in patterns):
        return None
    return _short(line, 160)


def _short(line: str, longest: int = 60) -> str:
    return repr(_cut(text(line) or "", longest))


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[: longest - 1] + "…"
