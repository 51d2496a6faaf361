"""The cells of Smartsheet: formulas that failed, durations, predecessors, percentages, checkboxes, contacts."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

from services.importers.cells import FOUR_PLACES, CellProblem, text
from services.importers.shown import Person

Unit = Literal["fraction", "percent"]

# #UNPARSEABLE, #INVALID DATA TYPE, #NO MATCH, #REF, #DIVIDE BY ZERO, and Excel's own such as #DIV/0!
_FAILED = re.compile(r"#[A-Z][A-Z /0-9-]+[!?]?")
_PART = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*(ms|[wdhms])[a-z]*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?|[.,]\d+")
_LINK = re.compile(r"(\d{1,7})\s*(FS|SS|FF|SF)?\s*(?:([+-])\s*(.+))?", re.IGNORECASE)
_TIME_OF_DAY = re.compile(r"[T ,]+\d{1,2}[:.]\d{2}.*$")
_SYMBOLS = {"empty": "0", "quarter": "0.25", "half": "0.5", "three quarter": "0.75", "full": "1"}
_FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "1", "x", "checked", "✓", "☑"), True),
    **dict.fromkeys(("false", "no", "n", "0", "unchecked", "☐"), False),
}  # fmt: skip
_UNITS: Mapping[str, str] = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
_RELATIONS = {"FS": "finish-to-start", "SS": "start-to-start", "FF": "finish-to-finish", "SF": "start-to-finish"}
_EIGHT_PLACES = Decimal("0.00000001")
_LONG = 100
_LONGEST = Decimal(100_000_000)


class Cell(NamedTuple):
    """A cell: its value, and where the source has them, how it is shown and what stands behind it."""

    value: Any = None
    display: str | None = None
    object: Any = None


class WorkingTime(NamedTuple):
    """How long a day and a week of a duration are, in working time."""

    hours_per_day: Decimal
    days_per_week: Decimal


class Duration(NamedTuple):
    """Working hours, or with `elapsed` hours by the clock."""

    hours: Decimal
    elapsed: bool


class Link(NamedTuple):
    """A predecessor: by the number of its row, or by its id where the source says it."""

    row: int | None
    id: str | None
    relation: str
    lag: Decimal
    unit: str
    elapsed: bool


def is_empty(cell: Cell) -> bool:
    """Whether nothing is in it: an empty cell has only its column, and a formula may have no value."""
    return cell.value is None or (isinstance(cell.value, str) and not cell.value.strip())


def has_failed(cell: Cell) -> bool:
    """Whether a formula stands in it that Smartsheet could not work out."""
    return isinstance(cell.value, str) and cell.value.startswith("#") and bool(_FAILED.fullmatch(cell.value.strip()))


def line(cell: Cell) -> str | None:
    """The cell as it is read by people: a picklist of 2.0 is shown as 2."""
    return text(cell.display) if isinstance(cell.display, str) else text(cell.value)


def day_part(value: Any) -> Any:
    """A date without its time of day, which in Smartsheet has no zone: when in the day work is planned to begin."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, str) and len(value) < _LONG:
        return _TIME_OF_DAY.sub("", value.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        moment = as_moment(value)
        return moment.date() if isinstance(moment, dt.datetime) else value
    return value


def as_moment(value: Any) -> Any:
    """A time of the interface; with `numericDates` these are milliseconds."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**14:
        return dt.datetime.fromtimestamp(value // 1000, dt.UTC) + dt.timedelta(milliseconds=value % 1000)
    return value


def duration(cell: Cell, time: WorkingTime) -> Duration | CellProblem:
    """`5d`, `2w`, `1w 2d 4h`, `e5d` by the clock, `~0` of a moment, or a number of days."""
    if isinstance(cell.value, bool | dt.date):
        return CellProblem("is no duration such as 5d")
    written = (text(cell.value) or "").removeprefix("~").strip()
    elapsed = written[:1] in "eE" and len(written) > 1
    parts = _parts(written[1:] if elapsed else re.sub(r"(?<=\d)e(?=[wdhm])", "", written))
    if parts is None:
        return CellProblem("is no duration such as 5d, 2w or e5d")
    elapsed = elapsed or bool(re.search(r"\de[wdhm]", written))
    hours = _hours(parts, WorkingTime(Decimal(24), Decimal(7)) if elapsed else time)
    return Duration(hours, elapsed) if hours < _LONGEST else CellProblem("is too long for a duration")


def links(cell: Cell, time: WorkingTime) -> list[Link] | CellProblem:
    """The predecessors of a row: `8FS +1.5w 2.5d, 9SS`; without a word they are finish-to-start."""
    if isinstance(cell.object, dict) and isinstance(told := cell.object.get("predecessors"), list):
        found = [_told(each, time) for each in told if isinstance(each, dict)]
        if all(each is not None for each in found):
            return [each for each in found if each is not None]
    found_links: list[Link] = []
    for written in re.split(r"[,;](?!\d)", text(cell.value) or ""):
        if not written.strip():
            continue
        matched = _LINK.fullmatch(written.strip())
        lag = _lag(matched[4], time) if matched and matched[4] else (Decimal(0), "days", False)
        if matched is None or lag is None:
            return CellProblem("is no list of predecessors such as 8FS +1.5w")
        number, unit, elapsed = lag
        relation = _RELATIONS[(matched[2] or "FS").upper()]
        found_links.append(
            Link(int(matched[1]), None, relation, -number if matched[3] == "-" else number, unit, elapsed)
        )
    return found_links


def share(cell: Cell, unit: Unit, most: Decimal = Decimal(1)) -> Decimal | CellProblem:
    """A fraction up to `most`, of a number, of a text with a percent sign, or of a symbol that shows quarters."""
    symbol = _SYMBOLS.get((line(cell) or "").casefold())
    if symbol is not None:
        return Decimal(symbol)
    number, signed = _as_number(cell)
    if number is None:
        return CellProblem("is not a percentage")
    if signed or unit == "percent":
        number /= 100
    elif unit == "fraction" and number > most:
        return CellProblem("is a percentage, and the others of the column are fractions; say `percent` in the mapping")
    if not 0 <= number <= most:
        return CellProblem(f"is not between 0 and {most * 100:f} percent")
    return number.quantize(_EIGHT_PLACES).normalize() + 0


def unit_of(cells: Iterable[Cell], most: Decimal = Decimal(1)) -> Unit:
    """What the numbers of a column are that have no percent sign: above `most` they can only be percentages."""
    numbers = (number for number, signed in map(_as_number, cells) if number is not None and not signed)
    return "percent" if any(number > most for number in numbers) else "fraction"


def is_either(cell: Cell, unit: Unit) -> bool:
    """Whether a number may be a fraction among percentages."""
    number, signed = _as_number(cell)
    return unit == "percent" and not signed and number is not None and 0 < number < 1


def flag(cell: Cell) -> bool | CellProblem:
    """A checkbox, a star or a flag."""
    if isinstance(cell.value, bool):
        return cell.value
    known = _FLAGS.get((text(cell.value) or "").casefold())
    return CellProblem("is neither checked nor unchecked") if known is None else known


def level(cell: Cell) -> int | None:
    """How far a row is indented, as a column counts it; None for what is no number."""
    number, signed = _as_number(cell)
    return None if number is None or signed or number != number.to_integral_value() else int(number)


def people(cell: Cell, emails: Mapping[str, str], known: Mapping[str, str], *, many: bool | None) -> list[Person]:
    """The contacts of a cell: by e-mail where one is told, else by name. `many` is whether the column holds several.

    `emails` are those that the column lists by name, `known` the mapping's keys by name.
    """
    if isinstance(cell.object, dict) and isinstance(told := cell.object.get("values"), list):
        pairs = [(text(each.get("name")), text(each.get("email"))) for each in told if isinstance(each, dict)]
        return [_person(name, email, emails, known) for name, email in pairs if name or email]
    value, shown = text(cell.value), text(cell.display)
    whole = shown or value or ""
    parts = [part for each in re.split(r"[,;]", whole) if (part := each.strip())]
    is_list = many or (many is None and whole not in known and all(" " in part or "@" in part for part in parts))
    if len(parts) > 1 and is_list:
        return [_person(part, None, emails, known) for part in parts]
    email = value if value and "@" in value and " " not in value else None
    return [_person(None if whole == email else whole, email, emails, known)] if whole else []


def _person(name: str | None, email: str | None, emails: Mapping[str, str], known: Mapping[str, str]) -> Person:
    if email is None and name and "@" in name and " " not in name:
        name, email = None, name
    email = email or emails.get(name or "")
    key = known.get(name or "") or (email or "").casefold() or name
    return Person(str(key)[:500], name, email)


def _as_number(cell: Cell) -> tuple[Decimal | None, bool]:
    """The number of a cell, and whether it is shown with a percent sign: a value of 0.5 is shown as 50%."""
    value = cell.value
    if isinstance(value, bool) or value is None or isinstance(value, dt.date):
        return None, False
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        if isinstance(cell.display, str) and cell.display.strip().endswith("%"):
            number, signed = number * 100, True
        else:
            signed = False
    else:
        written = str(value).strip()
        signed = written.endswith("%")
        try:
            number = Decimal(written.removesuffix("%").strip().replace(",", "."))
        except InvalidOperation:
            return None, False
    return (number, signed) if number.is_finite() and abs(number) < _LONGEST else (None, False)


def _parts(written: str) -> list[tuple[Decimal, str]] | None:
    """The parts of a duration; a bare number is days."""
    if len(written) > _LONG:
        return None
    if _NUMBER.fullmatch(written):
        return [(Decimal(written.replace(",", ".")), "d")]
    found = _PART.findall(written)
    if not found or _PART.sub("", written).strip(" ,"):
        return None
    return [(Decimal(number.replace(",", ".")), unit.lower()) for number, unit in found]


def _hours(parts: Iterable[tuple[Decimal, str]], time: WorkingTime) -> Decimal:
    sizes = {
        "w": time.hours_per_day * time.days_per_week, "d": time.hours_per_day, "h": Decimal(1),
        "m": Decimal(1) / 60, "s": Decimal(1) / 3600, "ms": Decimal(1) / 3_600_000,
    }  # fmt: skip
    hours = sum((number * sizes[unit] for number, unit in parts), Decimal(0))
    return hours.quantize(FOUR_PLACES).normalize() + 0 if hours < _LONGEST else hours


def _lag(written: str, time: WorkingTime) -> tuple[Decimal, str, bool] | None:
    """The number, unit and kind of a lag; parts of several units are added up in working hours."""
    written = written.strip()
    elapsed = written[:1] in "eE"
    parts = _parts(written[1:] if elapsed else written)
    if parts is None:
        return None
    if len(parts) == 1 and (unit := _UNITS.get(parts[0][1])):
        return parts[0][0], unit, elapsed
    return _hours(parts, WorkingTime(Decimal(24), Decimal(7)) if elapsed else time), "hours", elapsed


def _told(told: Mapping[str, Any], time: WorkingTime) -> Link | None:
    """A predecessor as an object; one that says it is invalid still names its row."""
    row, number = told.get("rowId"), told.get("rowNumber")
    relation = _RELATIONS.get(str(told.get("type") or "FS"))
    lag = told.get("lag")
    if relation is None or not (isinstance(row, int | str) or isinstance(number, int)):
        return None
    parts: list[tuple[Decimal, str]] = []
    names = {"weeks": "w", "days": "d", "hours": "h", "minutes": "m", "seconds": "s", "milliseconds": "ms"}
    fields: Mapping[str, Any] = lag if isinstance(lag, dict) else {}
    for name, unit in names.items():
        value = fields.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value and abs(value) < _LONGEST:
            parts.append((Decimal(repr(value)), unit))
    elapsed = fields.get("elapsed") is True
    if len(parts) == 1 and parts[0][1] in _UNITS:
        amount, unit = parts[0][0], _UNITS[parts[0][1]]
    elif parts:
        amount, unit = _hours(parts, WorkingTime(Decimal(24), Decimal(7)) if elapsed else time), "hours"
    else:
        amount, unit = Decimal(0), "days"
    amount = -amount if fields.get("negative") is True else amount
    return Link(number if isinstance(number, int) else None, str(row) if row else None, relation, amount, unit, elapsed)
