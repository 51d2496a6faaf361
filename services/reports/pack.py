"""What a report consists of, as plain data whose digest tells whether two of them say the same.

People stand in it by their pseudonyms, so that erasing a name changes no digest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from schemas.event import rfc3339

LAYOUT = 3
"""Counts up when the same figures are arranged otherwise; 1 has no targets, nor why a proposal has no cost;
up to 2, "warning" was worse than "not met".

A report is computed again in the layout that it was issued in, so that its digest stays the same.
"""
Kind = Literal[
    "text", "stream", "count", "number", "money", "share", "measured", "target", "days", "slip", "day", "person",
    "spark", "bars",
]  # fmt: skip
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field of the rows, its heading, and how its values are shown."""

    field: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the values of the columns `keys` tell its rows apart."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str = "None."


@dataclass(frozen=True, slots=True)
class Section:
    """One screen of the pack."""

    name: str
    title: str
    tables: tuple[Table, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """All figures of a report for one question; `definitions` by kind and name, each with its digest."""

    scope: Mapping[str, Any]
    definitions: Mapping[str, str]
    sections: tuple[Section, ...]
    layout: int = LAYOUT

    def figures(self) -> dict[str, Any]:
        """The figures alone, without headings: what the digest is of."""
        return {
            "layout": self.layout,
            "scope": dict(self.scope),
            "figures": {s.name: {t.name: [dict(row) for row in t.rows] for t in s.tables} for s in self.sections},
        }

    @property
    def text(self) -> str:
        """The figures as canonical JSON."""
        return canonical(self.figures())

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_of(self.text)

    def as_data(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {**self.figures(), "digest": self.digest, "definitions": dict(self.definitions)}

    def keys(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """What tells the rows of each table apart, by section and table."""
        return {(s.name, t.name): t.keys for s in self.sections for t in s.tables}


def row(values: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    """These fields as they stand in JSON: amounts as text without needless zeros, days as ISO 8601."""
    return {name: plain(values[name]) for name in fields or tuple(values)}


def plain(value: Any) -> Any:
    """A value as it stands in canonical JSON."""
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        raise TypeError("a binary fraction has no place in a digest")
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return value


def canonical(value: Any) -> str:
    """JSON in one way only: keys sorted, nothing between."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that differs: where it stands, what it was and what it is now; None: not there."""

    place: str
    before: Any
    now: Any


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], keys: Mapping[tuple[str, str], Sequence[str]]
) -> list[Difference]:
    """Which figures differ between two packs' figures, row by row."""
    found = list(_differing("scope", before.get("scope", {}), now.get("scope", {})))
    was, is_now = before.get("figures", {}), now.get("figures", {})
    for section in _names(was, is_now):
        tables_before, tables_now = was.get(section, {}), is_now.get(section, {})
        for table in _names(tables_before, tables_now):
            by = keys.get((section, table), ())
            old, new = _keyed(tables_before.get(table, ()), by), _keyed(tables_now.get(table, ()), by)
            for key in _names(old, new):
                found += _differing(f"{section}, {table}, {key}", old.get(key, {}), new.get(key, {}))
    return found


def _names(*places: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for place in places for name in place))


def _keyed(rows: Sequence[Row], keys: Sequence[str]) -> dict[str, Row]:
    return {" ".join(str(row.get(key, "")) for key in keys) or str(place): row for place, row in enumerate(rows)}


def _differing(place: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    if not before or not now:
        if before or now:
            yield Difference(place, "there" if before else None, "there" if now else None)
        return
    for name in _names(before, now):
        if before.get(name) != now.get(name):
            yield Difference(f"{place}: {name}", before.get(name), now.get(name))


def as_rows(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """The differences for programs."""
    return [asdict(each) for each in found]
