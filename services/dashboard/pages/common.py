"""What several pages share: screens of the steering pack as parts, people by name, events for people to read."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.dashboard.panels import ALWAYS, Ask, Moment, Panel, Part, Shown, Size, Values
from services.projections.explain import Trace
from services.projections.figures import kinds_read, named
from services.projections.queries import query_text
from services.reports.pack import Section, Table
from services.reports.sections import Asked

_KNOWN_LATE_S = 86_400.0
_MANY = 8


def kinds_of_queries(*names: str) -> frozenset[str]:
    """The kinds of streams that these queries rest on."""
    return ALWAYS.union(*(kinds_read(query_text(name)) for name in names))


def section_part(key: str, gather: Callable[[Asked], Section], kinds: frozenset[str] | None) -> Part:
    """A screen of the steering pack, with people by name; its value is (section, currency)."""

    def compute(ask: Ask) -> tuple[Section, str]:
        section = gather(ask.asked)
        return replace(section, tables=people(ask, section.tables)), ask.scope.currency

    return Part(f"section:{key}", compute, kinds)


def of_section(
    part: Part,
    name: str,
    title: str,
    tables: tuple[str, ...],
    chart: Callable[[Section], Mapping[str, Any] | None] | None = None,
    *,
    size: Size = "full",
    hint: str = "",
) -> Panel:
    """A panel with these tables of a screen, and a chart that is made of it."""

    def show(values: Values) -> Shown:
        section, currency = values[part.key]
        found = tuple(table for table in section.tables if table.name in tables)
        return Shown(tables=found, chart=chart(section) if chart else None, note=section.note, currency=currency)

    return Panel(name, title, (part,), show, size, hint)


def people(ask: Ask, tables: Iterable[Table]) -> tuple[Table, ...]:
    """The tables with people by the names that the directory has for them."""
    return tuple(_with_names(ask, table) for table in tables)


def _with_names(ask: Ask, table: Table) -> Table:
    fields = [column.field for column in table.columns if column.kind == "person"]
    if not fields:
        return table
    found = sorted({str(row[field]) for row in table.rows for field in fields if row.get(field)})
    names = dict(zip(found, named(ask.clickhouse, found), strict=True))
    rows = tuple({**row, **{f: names.get(str(row[f]), row[f]) for f in fields if row.get(f)}} for row in table.rows)
    return replace(table, rows=rows)


def the(section: Section, table: str) -> Table:
    """One table of a screen."""
    return next(each for each in section.tables if each.name == table)


def traced(trace: Trace, zone: ZoneInfo) -> Moment:
    """An event behind a figure."""
    return Moment(
        event=trace.event,
        title=words(trace.type),
        kind=kind(trace.type),
        occurred=f"{trace.occurred_at.astimezone(zone):%Y-%m-%d %H:%M}",
        recorded=f"{trace.recorded_at.astimezone(zone):%Y-%m-%d %H:%M}",
        by=trace.actor,
        claimed=not trace.authenticated,
        late=lateness(trace.occurred_at, trace.recorded_at),
    )


def kind(type_name: str) -> str:
    """``baseline-set`` of ``pmo.project.baseline-set.v1``."""
    return type_name.split(".", 2)[-1].rpartition(".v")[0]


def words(type_name: str) -> str:
    """``Baseline set``."""
    return kind(type_name).replace("-", " ").capitalize()


def lateness(occurred: datetime, recorded: datetime) -> str:
    """How long after it happened it was recorded, where that is more than a day."""
    seconds = (recorded - occurred).total_seconds()
    return f"{seconds / _KNOWN_LATE_S:.0f} days later" if seconds > 2 * _KNOWN_LATE_S else ""


def moments(ask: Ask, rows: Iterable[Mapping[str, Any]], notes: Mapping[str, str]) -> tuple[Moment, ...]:
    """Events of a stream for people to read: who recorded what, when, and which of them no longer count."""
    found = list(rows)
    actors = named(ask.clickhouse, [str(row["actor"]).removeprefix("person:") for row in found])
    datas = [json.loads(row["data"] or "{}") for row in found]
    texts = named(ask.clickhouse, [json.dumps(_readable(data, notes), ensure_ascii=False) for data in datas])
    corrected = {row["supersedes"]: row for row in found if row["supersedes"]}
    return tuple(
        _moment(ask.scope.zone, row, actor, json.loads(text), corrected.get(row["version"]))
        for row, actor, text in zip(found, actors, texts, strict=True)
    )


def _moment(
    zone: ZoneInfo, row: Mapping[str, Any], actor: str, data: Mapping[str, Any], by: Mapping[str, Any] | None
) -> Moment:
    occurred, recorded = row["occurred_at"].replace(tzinfo=UTC), row["recorded_at"].replace(tzinfo=UTC)
    day = row["precision"] == "day"
    mark = f"corrects event {row['supersedes']}" if row["supersedes"] else ""
    if row["dead"]:
        how = "withdrawn" if by and kind(str(by["type"])) == "voided" else "replaced"
        mark = f"{how} by event {by['version']}" if by else "does not count"
    return Moment(
        event=f"{row['stream']}/{row['version']}",
        title=words(str(row["type"])) + (f" {row['item']}" if row["item"] else ""),
        kind=kind(str(row["type"])),
        occurred=f"{occurred.astimezone(zone):%Y-%m-%d}" if day else f"{occurred.astimezone(zone):%Y-%m-%d %H:%M}",
        recorded=f"{recorded.astimezone(zone):%Y-%m-%d %H:%M}",
        by=actor,
        claimed=not row["authenticated"],
        late=lateness(occurred, recorded),
        what=tuple((name.replace("_", " "), _said(value)) for name, value in data.items() if name != "item"),
        mark=mark,
        struck=bool(row["dead"]),
    )


def _readable(data: Any, notes: Mapping[str, str]) -> Any:
    if isinstance(data, dict):
        if set(data) == {"id", "digest"}:
            return notes.get(str(data["id"]), "(erased)")
        return {name: _readable(value, notes) for name, value in data.items() if value not in (None, [], {})}
    return [_readable(each, notes) for each in data] if isinstance(data, list) else data


def _said(value: Any) -> str:
    if isinstance(value, dict | list) and len(value) > _MANY:
        return f"{len(value)} points" if isinstance(value, dict) else f"{len(value)} of them"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_said(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_said(each) for each in value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def note_ids(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The notes that these events name."""
    return [found for row in rows for found in _ids(json.loads(row["data"] or "{}"))]


def _ids(data: Any) -> Iterable[str]:
    if isinstance(data, dict):
        if set(data) == {"id", "digest"}:
            yield str(data["id"])
        for value in data.values():
            yield from _ids(value)
    elif isinstance(data, list):
        for value in data:
            yield from _ids(value)
