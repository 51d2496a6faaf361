"""Column values of the interface: `value` is JSON inside a string, beside it `text` and fields of the type."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import orjson

from services.importers.cells import FOUR_PLACES, Cell, CellProblem, money, share, shown, text
from services.importers.moments import Calendar
from services.importers.monday.mapping import WITHOUT_VALUE, Column, plain
from services.importers.rows import CellFault
from services.importers.shown import Person

_DIGITS = re.compile(r"\d{1,20}")
_NUMBER = re.compile(r"[-+]?\d{1,12}(?:\.\d{1,12})?")
_POINTS = re.compile(r"(\d{1,4}(?:\.\d{1,2})?)(?: ?(?:sp|points?|pts?))?", re.IGNORECASE)


class Wrong(ValueError):
    """What an item says that cannot be taken."""

    def __init__(self, column: str | None, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.fault = CellFault(column, shown(str(value)) if value is not None else None, reason)


class Value:
    """One column's value of one item."""

    def __init__(self, column: Column, told: Mapping[str, Any]) -> None:
        self.column, self.told = column, told

    @cached_property
    def raw(self) -> Any:
        """What the string holds. Raises Wrong if that is no JSON."""
        value = self.told.get("value")
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return orjson.loads(value)
        except ValueError:
            raise Wrong(self.column.title, value, "is not the JSON that monday.com writes into `value`") from None

    def field(self, name: str) -> Any:
        """A field that was asked for by the column's type, else the same field of the raw value."""
        if (found := self.told.get(name)) is not None:
            return found
        return self.raw.get(name) if isinstance(self.raw, dict) else None

    @property
    def text(self) -> str | None:
        """The value as text; of mirrors and formulas the interface gives it apart."""
        return text(_plain(self.told.get("text"))) or text(_plain(self.told.get("display_value")))

    @property
    def is_held_back(self) -> bool:
        """Whether the answer does not hold the value, which is then not empty but unknown."""
        if self.column.type in WITHOUT_VALUE:
            return self.text is None
        return self.column.type == "dependency" and self.raw is None and "linked_item_ids" not in self.told

    def when(self, calendar: Calendar, *names: str) -> dt.datetime | None:
        """A moment among these fields. Raises Wrong for what is none."""
        for name in names:
            if (found := self.field(name)) is not None:
                moment = calendar.when(found if isinstance(found, str) else None)
                if isinstance(moment, dt.datetime):
                    return moment
                reason = moment.reason if isinstance(moment, CellProblem) else "is not a moment"
                raise Wrong(self.column.title, found, reason)
        return None

    def day(self, calendar: Calendar, name: str) -> dt.date | None:
        """The day of a timeline's `from` or `to`. Raises Wrong for what is none."""
        found = self.field(name)
        if found is None or found == "":
            return None
        day = calendar.day(found[:10]) if isinstance(found, str) else CellProblem("is not a date")
        if isinstance(day, CellProblem):
            raise Wrong(self.column.title, found, day.reason)
        return day

    def date(self, calendar: Calendar) -> dt.date | None:
        """The day of a date column, in the calendar's zone if it has a time, which monday.com tells in UTC."""
        time = self.field("time")
        day = self.day(calendar, "date")
        if day is None or not isinstance(time, str) or not time or calendar.zone is None:
            return day
        moment = calendar.when(f"{day.isoformat()}T{time}Z")
        if not isinstance(moment, dt.datetime):
            raise Wrong(self.column.title, time, "is not a time of day")
        return moment.astimezone(calendar.zone).date()

    def label(self, labels: Mapping[str, str]) -> str | None:
        """The label of a status or a dropdown; None for none. `labels` are the board's, by their numbers."""
        if (told := text(_plain(self.told.get("label"))) or self.text) is not None:
            return told[:500]
        index = self.field("index")
        return labels.get(str(index)) or None if index is not None else labels.get("5") or None

    def people(self) -> list[tuple[str, bool]]:
        """The ids of people and teams, and whether each is a person."""
        return people_of(self.raw) or people_of(self.told)

    def linked(self) -> tuple[str, ...]:
        """The ids of items that a dependency names."""
        return tuple(dict.fromkeys(_linked(self.told.get("linked_item_ids"), self.raw)))

    def number(self) -> Decimal | None:
        """The number of a numbers column. Raises Wrong for what is none."""
        return number(self.column, self.scalar)

    @property
    def scalar(self) -> str | int | float | None:
        """The value where it is one number or text."""
        told = self.raw if isinstance(self.raw, str | int | float) else self.told.get("number")
        return self.text if told is None else _plain(told)

    def points(self, labels: Mapping[str, str]) -> Decimal | None:
        """Story points, also where they are labels. Raises Wrong for a label that is no number."""
        if self.column.type == "numbers":
            return self.number()
        return points(self.column, self.label(labels))

    def sessions(self) -> Iterator[Mapping[str, Any]]:
        """The sessions of a time tracking column, as both ways of asking give them."""
        listed = self.told.get("history")
        if not isinstance(listed, list):
            listed = self.raw.get("additional_value") if isinstance(self.raw, dict) else None
        for each in listed if isinstance(listed, list) else ():
            yield each if isinstance(each, dict) else {}

    @property
    def seconds(self) -> int:
        """The time that was tracked in all, in seconds."""
        total = self.field("duration")
        return total if isinstance(total, int) and not isinstance(total, bool) else 0


def number(column: Column, told: Any) -> Decimal | None:
    """A number as text or number. Raises Wrong for what is none."""
    line = text(_plain(told))
    if line is None:
        return None
    try:
        if not _NUMBER.fullmatch(line):
            raise InvalidOperation
        found = Decimal(line).quantize(FOUR_PLACES)
    except InvalidOperation:
        raise Wrong(column.title, told, "is not a number") from None
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()


def share_of(column: Column, told: Cell) -> Decimal | None:
    """A share 0..1 of a number of percent. Raises Wrong for what is none."""
    return _taken(column, told, share(told))


def amount_of(column: Column, told: Cell) -> Decimal | None:
    """An amount of money. Raises Wrong for what is none."""
    return _taken(column, told, money(told))


def _taken(column: Column, told: Cell, found: Decimal | None | CellProblem) -> Decimal | None:
    if isinstance(found, CellProblem):
        raise Wrong(column.title, told, found.reason)
    return found


def points(column: Column, label: str | None) -> Decimal | None:
    """Story points of a label such as ``5`` or ``5 SP``. Raises Wrong for one that is no number."""
    if label is None:
        return None
    matched = _POINTS.fullmatch(label) or _POINTS.fullmatch(plain(label))
    if matched is None:
        raise Wrong(column.title, label, "is no number of story points")
    return Decimal(matched[1])


def people_of(value: Any) -> list[tuple[str, bool]]:
    """The ids of people and teams in the value of a people column, and whether each is a person."""
    if not isinstance(value, dict):
        return []
    listed = value.get("personsAndTeams") or value.get("persons_and_teams") or ()
    found = []
    for each in listed if isinstance(listed, list) else ():
        key = key_of(each.get("id")) if isinstance(each, dict) else None
        if key is not None:
            found.append((key, each.get("kind") != "team"))
    return found


def key_of(value: Any) -> str | None:
    """An id of monday.com: digits, as text or number."""
    line = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return line if _DIGITS.fullmatch(line) else None


def persons(value: Value, names: Mapping[str, str], mails: Mapping[str, str]) -> list[Person]:
    """The people of a people column, without teams; named by the users that were asked for, else by the text."""
    told = value.people()
    shown_names = [name.strip() for name in (value.text or "").split(",")]
    # a name may have a comma in it: names are taken only where there are as many as ids
    beside = dict(zip([key for key, _ in told], shown_names, strict=True)) if len(told) == len(shown_names) else {}
    return [Person(key, names.get(key) or beside.get(key), mails.get(key)) for key, is_person in told if is_person]


def _linked(ids: Any, raw: Any) -> Iterator[str]:
    listed = ids if isinstance(ids, list) else (raw.get("linkedPulseIds") if isinstance(raw, dict) else None)
    for each in listed if isinstance(listed, list) else ():
        if (key := key_of(each.get("linkedPulseId") if isinstance(each, dict) else each)) is not None:
            yield key


def _plain(value: Any) -> str | int | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None
