"""Times and days as people's exports write them. What a file leaves open (zone, order of day and month) is settled once
for the whole file, by what it shows or by what the user said; what neither settles is asked for.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.event import in_milliseconds
from schemas.fields import FIRST_DAY, LAST_DAY
from services.errors import BadInput
from services.importers.cells import Cell, CellProblem
from services.importers.shown import When

DateOrder = Literal["dmy", "mdy"]

_CENTURY = 2000
_NEXT_CENTURY_FROM = 70
_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_SHORT_YEAR = r"(?P<year>\d{4}|\d{2})"
_ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME)
_NUMERIC = re.compile(r"(?P<a>\d{1,2})(?P<mark>[/.-])(?P<b>\d{1,2})(?P=mark)" + _SHORT_YEAR + _TIME)
_NAMED = re.compile(r"(?P<day>\d{1,2})[./ -]+(?P<name>[^\W\d_]{3,10})\.?[/ ,.-]+" + _SHORT_YEAR + _TIME)
_NAMED_FIRST = re.compile(r"(?P<name>[^\W\d_]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? " + _SHORT_YEAR + _TIME)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janv janvier ene enero", "feb february februar févr fév février febrero",
            "mar march mär märz mrz mars marzo", "apr april avr avril abr abril", "may mai mayo",
            "jun june juni juin junio", "jul july juli juil juillet julio", "aug august août ago agosto",
            "sep sept september septembre septiembre", "oct october okt oktober octobre octubre",
            "nov november novembre noviembre", "dec december dez dezember déc décembre dic diciembre",
        ), start=1,
    )
    for name in names.split()
}  # fmt: skip


@dataclass(slots=True)
class Calendar:
    """How one file writes its times. Parsing remembers what it has read: the same cell comes again and again."""

    zone: ZoneInfo | None = None
    order: DateOrder | None = None
    _read: dict[str, When | CellProblem] = field(default_factory=dict)
    _days: dict[str, dt.date] = field(default_factory=dict)
    _times: dict[str, dt.time] = field(default_factory=dict)

    def when(self, cell: Cell) -> When | None | CellProblem:
        """A moment, or a day where there is no time; None for an empty cell."""
        if cell is None or cell == "":
            return None
        if isinstance(cell, dt.datetime):
            return self._in_zone(cell)
        if isinstance(cell, dt.date):
            return _in_range(cell)
        if not isinstance(cell, str):
            return CellProblem("is a number, not a date; format the column as dates")
        found = self._read.get(cell)
        if found is None:
            if not cell.strip():
                return None
            found = self._read[cell] = self._parse(cell.strip())
        return found

    def day(self, cell: Cell) -> dt.date | None | CellProblem:
        """The day of a moment in the file's zone, as its source meant it."""
        found = self.when(cell)
        if isinstance(found, dt.datetime):
            return found.astimezone(self.zone).date() if self.zone else found.date()
        return found

    def _in_zone(self, moment: dt.datetime) -> When | CellProblem:
        if moment.tzinfo is None:
            if self.zone is None:
                return CellProblem("has no zone; say which by --zone")
            moment = moment.replace(tzinfo=self.zone)
        # both ends are ends of a year
        if not FIRST_DAY.year <= moment.year <= LAST_DAY.year:
            return CellProblem(f"lies outside the years {FIRST_DAY.year} to {LAST_DAY.year}")
        return in_milliseconds(moment)

    def _parse(self, text: str) -> When | CellProblem:
        if text[10:11] == "T":
            try:
                return self._in_zone(dt.datetime.fromisoformat(text))
            except ValueError:
                pass  # it may be written in another way that is read below
        # a moment comes once, but its day and its time of day came before
        written_day, _, written_time = text.partition(" ")
        if (on := self._days.get(written_day)) is not None and (at := self._times.get(written_time)) is not None:
            return self._in_zone(dt.datetime.combine(on, at, self.zone))
        # no other way of writing begins with four digits
        if text[:4].isdecimal():
            if (matched := _ISO.fullmatch(text)) is not None:
                return self._made(matched, int(matched["year"]), int(matched["month"]), int(matched["day"]))
            return CellProblem("is not a date")
        if (matched := _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text)) is not None:
            month = _MONTHS.get(matched["name"].casefold())
            if month is None:
                return CellProblem(f"is not a date; no month is called {matched['name']}")
            return self._made(matched, _year(matched["year"]), month, int(matched["day"]))
        if (matched := _NUMERIC.fullmatch(text)) is not None:
            a, b, year = int(matched["a"]), int(matched["b"]), _year(matched["year"])
            if self.order is None:
                return CellProblem("could be day/month or month/day; say which by --date-order dmy or mdy")
            month, day = (b, a) if self.order == "dmy" else (a, b)
            found = self._made(matched, year, month, day)
            if isinstance(found, CellProblem) and 1 <= day <= 12 < month <= 31:
                return CellProblem(f"does not fit the order {self.order} of the other dates")
            return found
        return CellProblem("is not a date")

    def _made(self, matched: re.Match[str], year: int, month: int, day: int) -> When | CellProblem:
        written, minute, second, part, half, zone = matched.group("hour", "minute", "second", "part", "half", "zone")
        hour = int(written or 0)
        if half:
            # 0 and 13 o'clock have no half of a day, and no day has the hour that is put in their place
            hour = hour % 12 + (12 if half[0] in "pP" else 0) if 1 <= hour <= 12 else 24
        micro = int(part.ljust(6, "0")[:6]) if part else 0
        own = self.zone if zone is None else _offset(zone)
        try:
            if written is None:
                return _in_range(dt.date(year, month, day))
            at = dt.datetime(year, month, day, hour, int(minute), int(second or 0), micro, own)
        except ValueError:
            return CellProblem("is not a time of day" if _is_day(year, month, day) else "is not in the calendar")
        if zone is None:
            written_day, _, written_time = matched.string.partition(" ")
            if matched.start("hour") == len(written_day) + 1:
                self._days[written_day], self._times[written_time] = at.date(), at.time()
        return self._in_zone(at)


def settle(
    cells: Iterable[tuple[int, Cell]],
    file: str,
    place: str,
    zone: ZoneInfo | None,
    order: DateOrder | None,
    notes: list[str],
) -> Calendar:
    """The calendar of a file, from all its cells with times (each with its row's number). Says in `notes` what it is.

    Raises BadInput that names the option which settles what the file leaves open.
    """
    found: dict[DateOrder, tuple[int, str]] = {}
    either: tuple[int, str] | None = None
    zoneless: tuple[int, str] | None = None
    looked_at: set[str] = set()
    for number, cell in cells:
        if isinstance(cell, dt.datetime) and cell.tzinfo is None:
            zoneless = zoneless or (number, cell.isoformat(sep=" "))
        if not isinstance(cell, str) or cell in looked_at:
            continue
        looked_at.add(cell)
        text = cell.strip()
        matched = _NUMERIC.fullmatch(text)
        if matched is not None:
            fits = _orders(int(matched["a"]), int(matched["b"]))
            if len(fits) == 1:
                found.setdefault(fits[0], (number, text))
            elif matched["a"].zfill(2) != matched["b"].zfill(2):
                either = either or (number, text)
        elif zoneless is None:
            matched = _ISO.fullmatch(text) or _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text)
        if zoneless is None and matched is not None and matched["hour"] is not None and matched["zone"] is None:
            zoneless = (number, text)
    order = order or _settled_order(found, either, file, place, notes)
    if zoneless is not None:
        if zone is None:
            raise BadInput(
                f"{file}, {place} {zoneless[0]}: the time {zoneless[1]!r} has no zone; say by --zone, such as --zone "
                "Europe/London, in which it was exported."
            )
        notes.append(f"times without a zone are in {zone.key}")
    return Calendar(zone, order)


def _settled_order(
    found: dict[DateOrder, tuple[int, str]], either: tuple[int, str] | None, file: str, place: str, notes: list[str]
) -> DateOrder | None:
    if len(found) == 2:
        told = " and ".join(f"{text!r} in {place} {number}" for number, text in found.values())
        raise BadInput(
            f"{file} has dates in two orders, {told}; say by --date-order dmy or mdy which one holds, and rows that do "
            "not fit it are rejected."
        )
    if found:
        [(order, (number, text))] = found.items()
        notes.append(f"dates are in the order {order}, as {text!r} in {place} {number} shows")
        return order
    if either is not None:
        raise BadInput(
            f"{file}, {place} {either[0]}: the date {either[1]!r} can be read two ways and no other date of the file "
            "tells which; say --date-order dmy or --date-order mdy."
        )
    return "dmy"  # day and month are the same wherever there are both


def _orders(a: int, b: int) -> tuple[DateOrder, ...]:
    if a > 12 >= b:
        return ("dmy",)
    if b > 12 >= a:
        return ("mdy",)
    return ("dmy", "mdy")


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return _CENTURY + int(digits) - (100 if int(digits) >= _NEXT_CENTURY_FROM else 0)


def _offset(written: str | None) -> dt.tzinfo | None:
    if written is None:
        return None
    if written[0] not in "+-":
        return dt.UTC
    minutes = int(written[1:3]) * 60 + int(written[-2:])
    if minutes >= 24 * 60:
        return dt.UTC
    return dt.timezone(dt.timedelta(minutes=-minutes if written[0] == "-" else minutes))


def _in_range(day: dt.date) -> dt.date | CellProblem:
    if not FIRST_DAY <= day <= LAST_DAY:
        return CellProblem(f"lies outside the years {FIRST_DAY.year} to {LAST_DAY.year}")
    return day
