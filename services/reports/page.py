"""The pack as one HTML file: nothing is loaded from elsewhere, every text is escaped, figures are embedded as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.nameless import shortened
from services.projections.clickhouse import ClickHouse
from services.projections.figures import named
from services.reports.pack import Column, Pack, Row
from services.shown import NO_DATA, figure, measured, percent

if TYPE_CHECKING:
    from jinja2 import Template

_NUMBERS = frozenset({"count", "number", "money", "share", "measured", "target", "days", "slip"})


@dataclass(frozen=True, slots=True)
class Head:
    """What stands around the figures; none of it is in their digest."""

    report: str
    title: str
    organisation: str
    simulated: bool
    audience: str
    position: int
    incomplete: int


def page(pack: Pack, head: Head, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """The whole file. `names` has the names of people by their pseudonyms."""
    from markupsafe import Markup

    # inside a script element no character reference is read, so what could end it is written as JSON's own escape
    safe = pack.text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    known = datetime.fromisoformat(str(pack.scope["known_at"]))
    return _template().render(
        pack=pack,
        head=head,
        figures=Markup(safe),
        known=f"{known.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone}",
        cell=lambda column, row: cell(column, row, names, str(pack.scope["currency"])),
        is_number=lambda column: column.kind in _NUMBERS,
        bars=bars,
    )


def people(clickhouse: ClickHouse, pack: Pack) -> dict[str, str]:
    """The names of the people in a pack, where the directory has them."""
    found = sorted(set(_people(pack)))
    return dict(zip(found, named(clickhouse, found), strict=True))


def _people(pack: Pack) -> Iterator[str]:
    for section in pack.sections:
        for table in section.tables:
            for column in table.columns:
                if column.kind == "person":
                    yield from (str(row[column.field]) for row in table.rows if row[column.field])


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("steering.html")


def cell(column: Column, row: Row, names: Mapping[str, str], currency: str) -> str:
    """A value as people read it."""
    value = row.get(column.field)
    if value is None or value == "":
        return NO_DATA if column.kind == "measured" else ""
    match column.kind:
        case "person":
            return shortened(names.get(str(value), str(value)))
        case "count":
            return f"{int(value):,}"
        case "slip":
            return f"{int(value):+,}" if int(value) else "0"
        case "number":
            return figure(Decimal(str(value)), 1)
        case "money":
            return figure(Decimal(str(value)), 0)
        case "share":
            return percent(Decimal(str(value)))
        case "measured" | "target":
            return measured(Decimal(str(value)), str(row.get("measure", "")), currency)
        case "stream":
            return str(value)
        case _:
            return shortened(str(value))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a small chart, in its own coordinates."""

    x: int
    y: float
    height: float
    negative: bool


def bars(values: Any, height: int = 24, step: int = 6) -> list[Bar]:
    """Bars from the zero line up and down; a missing value leaves its place empty."""
    known = [float(value) for value in values or () if value is not None]
    if not known:
        return []
    top, bottom = max(0.0, *known), min(0.0, *known)
    scale = height / ((top - bottom) or 1.0)
    made = []
    for place, value in enumerate(values):
        if value is None:
            continue
        size = max(1.0, abs(float(value)) * scale)
        y = (top - max(0.0, float(value))) * scale
        made.append(Bar(place * step, round(min(y, height - size), 2), round(size, 2), float(value) < 0))
    return made
