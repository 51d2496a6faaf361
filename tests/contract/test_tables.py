"""The tables and KPIs against the contract: what a fill reads exists in the events, and every event is read."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from schemas.catalogue import EVENTS, KINDS, parse
from schemas.event import Event
from schemas.samples import FOLDER as SAMPLES
from schemas.streams import kind_of
from schemas.voiding import Voided
from services.commands.project.state import STATUS_AFTER
from services.errors import BadInput
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import FOLDER, Table, table, tables
from services.projections.kpi import COLUMNS, FAMILIES, OCCASIONS, lint, load_kpis, parse_kpi, readable_views
from services.projections.kpi import FOLDER as KPIS
from services.projections.projector import Projector
from services.projections.schema import prepare

COMMON = {
    "stream", "version", "happened", "item", "k", "occurred_at", "recorded_at", "reported_at",
}  # fmt: skip
OF_THE_STREAM = {
    "person", "week", "monday", "standard", "unit", "course", "subject", "period", "project", "item_key", "path",
    "control_key", "kpi_key", "report", "audit", "setting", "currency", "imported",
}  # fmt: skip
"""Columns that some tables read out of the stream's id, or out of who recorded it."""
OF_A_PART = {
    "validity_length": "d.validity.length", "validity_unit": "d.validity.unit", "validity_until": "d.validity.until",
}  # fmt: skip
"""Columns that stand inside of a field, and where."""
TYPED = [t for t in tables() if t.fill and len(t.kinds) == 1]
UNUSED = {
    "training.enrolled": "being enrolled is neither holding nor missing a course",
    "training.failed": "a failed try takes nothing away from what is held",
}
"""Events that no state view folds, each with the reason."""


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with ClickHouse.embedded(tmp_path_factory.mktemp("tables") / "clickhouse") as opened:
        prepare(opened, "test")
        land(opened)
        yield opened


def land(clickhouse: ClickHouse) -> None:
    """Every frozen sample, each as a version of its own and superseding nothing."""
    values = []
    for number, file in enumerate(sorted(SAMPLES.glob("*.json")), 3):
        value = re.sub(rb'"id":"([^"]+)/[0-9]+"', rb'"id":"\1/%d"' % number, file.read_bytes())
        values.append(value if b".voided." in value else re.sub(rb'"supersedes":[0-9]+,', b"", value))
    records = [parse(value) for value in values]
    Projector(clickhouse).land(values, {kind_of(r.stream) for r in records}, [])


def extracted(definition: Table) -> dict[str, str]:
    """What a fill reads out of `data`: each field with its ClickHouse type."""
    found = re.findall(r"JSONExtract\(value, 'data', '(Tuple\(.*?\))'\)", definition.fill or "", re.DOTALL)
    assert found, definition.name
    return {name: kind for part in found for name, kind in members(part).items()}


def members(tuple_type: str) -> dict[str, str]:
    """The members of a Tuple type."""
    inner, depth, parts = tuple_type.removeprefix("Tuple(").removesuffix(")"), 0, [""]
    for character in inner:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return dict(" ".join(part.split()).split(" ", 1) for part in parts)  # type: ignore[misc]


def columns(definition: Table) -> set[str]:
    return set(re.findall(r"^ {4}(\w+) ", definition.ddl, re.MULTILINE))


def fields(kind: str) -> dict[str, list[Any]]:
    """The fields of a kind's events, each with all its annotations."""
    found: dict[str, list[Any]] = {}
    for event in EVENTS:
        if event.kind == kind:
            for name, field in event.model_fields.items():
                found.setdefault(name, []).append(field.annotation)
    return found


@pytest.mark.parametrize("definition", TYPED, ids=lambda t: t.name)
def test_what_a_fill_reads_is_a_field_of_that_kind(definition: Table) -> None:
    known = fields(definition.kinds[0])
    for name, clickhouse_type in extracted(definition).items():
        assert name in known, f"{definition.name} reads {name}, which no {definition.kinds[0]} event has"
        for annotation in known[name]:
            assert fits(annotation, clickhouse_type), (
                f"{definition.name}: {name} is {annotation}, not {clickhouse_type}"
            )


def fits(annotation: Any, said: str) -> bool:
    """Whether a ClickHouse type can hold every value of a field, null among them."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Union or (args and type(None) in args):
        rest = [arg for arg in args if arg is not type(None)]
        can_be_null = said.startswith(("Nullable(", "Tuple("))
        inner = said.removeprefix("Nullable(").removesuffix(")") if said.startswith("Nullable(") else said
        return can_be_null and all(fits(arg, inner) for arg in rest)
    said = said.removeprefix("Nullable(").removesuffix(")") if said.startswith("Nullable(") else said
    if origin is tuple:
        return said.startswith("Array(") and fits(args[0], said[6:-1])
    if origin is dict:
        return said.startswith("Map(")
    if origin is Literal:
        return said == "String"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = members(said)
        return set(inner) <= set(annotation.model_fields) and all(
            fits(annotation.model_fields[name].annotation, kind) for name, kind in inner.items()
        )
    if annotation is int:
        return said.startswith(("UInt", "Int"))
    plain = {str: "String", bool: "Bool", date: "Date32", Decimal: "Decimal("}
    return hasattr(annotation, "__metadata__") and fits(args[0], said) or said.startswith(plain.get(annotation, "?"))


@pytest.mark.parametrize("definition", TYPED, ids=lambda t: t.name)
def test_every_column_is_filled(definition: Table) -> None:
    filled = set(re.findall(r"\bAS (\w+)", definition.fill or "")) | COMMON
    assert columns(definition) <= filled
    read_from_data = set(extracted(definition))
    inside = {column for column, place in OF_A_PART.items() if place in (definition.fill or "")}
    derived = columns(definition) - COMMON - OF_THE_STREAM - read_from_data - inside
    assert not derived, f"{definition.name} has {derived} that no event says"


def test_every_kind_has_its_table() -> None:
    assert {t.kinds[0] for t in TYPED} == set(KINDS)
    assert all(f"kind = '{t.kinds[0]}'" in (t.fill or "") for t in TYPED)


@pytest.mark.parametrize("event", [e for e in EVENTS if not issubclass(e, Voided)], ids=lambda e: e.type_name)
def test_every_event_is_folded_or_said_not_to_be(event: type[Event]) -> None:
    _, kind, happened, _ = event.type_name.split(".")
    views = [v.text for t in TYPED if t.kinds == (kind,) for v in t.views]
    is_read = any(f"'{happened}'" in text for text in views)
    assert is_read != (f"{kind}.{happened}" in UNUSED), event.type_name


def _log(definition: Table) -> str:
    return next(view.name for view in definition.views if view.name.endswith("_log"))


def test_no_view_speaks_of_an_event_that_does_not_exist() -> None:
    for definition in TYPED:
        for view in definition.views:
            read = {t.kinds[0] for t in TYPED if re.search(rf"\b{t.name}\b|\b{_log(t)}\(", view.text)}
            kinds = read | set(definition.kinds)
            known = {e.type_name.split(".")[2] for e in EVENTS if e.kind in kinds}
            for said in re.findall(r"happened (?:=|IN) (\([^)]*\)|'[^']*')", view.text):
                assert set(re.findall(r"'([^']*)'", said)) <= known, view.name


def test_the_life_cycle_is_the_same_on_both_sides(clickhouse: ClickHouse) -> None:
    (projects,) = (v for v in table("project_events").views if v.name == "projects")
    steps = re.search(
        r"argMaxIf\(tuple\(happened, occurred_at\), k, happened IN \((.*?)\)\) AS step", projects.text, re.S
    )
    assert steps
    mapped = re.search(r"transform\(step\.1,\s*(\[.*?\]),\s*(\[.*?\]), step\.1\)", projects.text, re.DOTALL)
    assert mapped
    names = set(re.findall(r"'([^']*)'", steps[1]))
    expected = {event.type_name.split(".")[2]: status for event, status in STATUS_AFTER.items()}
    assert names == set(expected)
    query = f"SELECT name, transform(name, {mapped[1]}, {mapped[2]}, name) AS status FROM values('name String', {{}})"
    rows = clickhouse.rows(query.format(", ".join(f"('{name}')" for name in sorted(names))))
    assert {row["name"]: row["status"] for row in rows} == expected


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda f: f.stem)
def test_every_frozen_sample_fills_its_row(clickhouse: ClickHouse, file: Path) -> None:
    record = parse(file.read_bytes())
    (definition,) = (t for t in TYPED if t.kinds == (record.event.kind,))
    rows = clickhouse.rows(
        f"SELECT * FROM {definition.name} WHERE (stream, version) IN "
        "(SELECT stream, version FROM events WHERE type = {type:String})",
        {"type": record.type_name},
    )
    if isinstance(record.event, Voided):
        assert not rows, "a voided event says nothing beyond what it withdraws"
        return
    (row,) = rows
    for name in type(record.event).model_fields:
        column = {"planned_start": "start", "planned_finish": "finish"}.get(name, name)
        # null only where an earlier version does not say it
        if column in row and getattr(record.event, name) is not None:
            assert row[column] not in (None, [], {}, ""), f"{definition.name}.{column} stays empty"
            value = getattr(record.event, name)
            if isinstance(value, Decimal | date | bool | int) or (
                isinstance(value, str) and column in extracted(definition)
            ):
                assert row[column] == value


@pytest.mark.parametrize("definition", tables(), ids=lambda t: t.name)
def test_every_table_and_view_says_what_it_is(definition: Table) -> None:
    assert definition.comment.strip().endswith(".")
    for view in definition.views:
        assert view.comment.strip(), view.name
        for param in ("as_of_k", "known_at", "basis"):
            assert (f"{{{param}:" in view.select) <= (param in view.comment), f"{view.name} does not name {param}"


def test_every_view_answers(clickhouse: ClickHouse) -> None:
    params = {
        "as_of_k": 2**62, "known_at": "2190-01-01 00:00:00.000", "basis": "recorded", "tz": "Europe/Berlin",
        "period_from": "2026-01-01", "period_to": "2026-12-31", "currency": "EUR",
        "as_of": "2026-12-31", "limit": 30, "threshold": 50000, "slip_share": 0.1, "cost_share": 0.1, "in_a_row": 2,
        "asked": "recommend",
    }  # fmt: skip
    for definition in tables():
        for view in definition.views:
            taken = sorted(set(re.findall(r"\{(\w+:[^{}]+)\}", view.select)))
            given = ", ".join(f"{each.split(':')[0]} = {{{each}}}" for each in taken)
            clickhouse.rows(f"SELECT * FROM {view.name}{f'({given})' if given else ''}", params)


def test_files_are_named_as_their_tables() -> None:
    stems = [path.stem.split("_", 1)[1] for path in sorted(FOLDER.glob("*.sql"), key=lambda each: each.stem)]
    assert [stem for stem in stems if "." not in stem] == [t.name for t in tables()]
    # what else stands in files of their own are views of a table that has one
    for path in FOLDER.glob("*.*.sql"):
        assert path.with_name(f"{path.name.partition('.')[0]}.sql").exists()
        assert set(re.findall(r"^-- @(\w+)", path.read_text(), re.MULTILINE)) <= {"view", "state"}


KPI = """-- name: a
-- title: A
-- family: delivery
-- measure: share
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own
-- definition: All
--   of it.
SELECT * FROM projects(as_of_k = 1) WHERE name != 'FROM nowhere'
"""


@pytest.mark.parametrize("kpi", load_kpis().values(), ids=lambda k: k.name)
def test_a_kpi_file_is_named_as_the_kpi_and_gives_the_columns(kpi: Any) -> None:
    assert (KPIS / f"{kpi.name.replace('-', '_')}.sql").exists()
    assert len(kpi.definition) > 100
    for column in COLUMNS:
        assert re.search(rf"\b{column}\b", kpi.sql)
    for param in ("as_of_k:", "known_at:", "basis:"):
        # the occasions of controls take them
        assert param in kpi.sql or OCCASIONS in kpi.sql


def test_kpis_come_in_the_order_of_families() -> None:
    order = [FAMILIES.index(kpi.family) for kpi in load_kpis().values()]
    assert order == sorted(order)


def test_a_header_may_go_on_on_the_next_line() -> None:
    assert parse_kpi(KPI).definition == "All of it."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-- source: our own\n", "", "line 1: the header 'source' is missing"),
        ("-- title: A", "-- titel: A", "line 2: there is no header 'titel'"),
        ("-- title: A", "-- name: b", "line 2: name again"),
        ("version: 1", "version: one", "line 7: version must be a whole number"),
        ("measure: share", "measure: percent", "line 4: measure must be one of share"),
        ("FROM projects(as_of_k = 1)", "FROM project_events", "line 11: it reads project_events, but"),
        ("FROM projects(as_of_k = 1)", "\nFROM events e", "line 12: it reads events, but"),
        ("FROM projects(as_of_k = 1)", "FROM projects", "line 11: projects needs its times"),
        ("FROM projects(as_of_k = 1)", "FROM pmo.projects(as_of_k = 1)", "it reads pmo.projects"),
        ("FROM projects(as_of_k = 1)", "FROM system.tables", "it reads system.tables"),
        ("WHERE name", "WHERE stream IN corrections AND name", "it reads corrections"),
    ],
)
def test_a_wrong_kpi_is_refused_with_its_file_and_line(old: str, new: str, said: str) -> None:
    assert old in KPI
    with pytest.raises(BadInput, match=f"^wrong.sql, .*{re.escape(said)}"):
        parse_kpi(KPI.replace(old, new), "wrong.sql")


def test_only_views_with_both_times_can_be_read() -> None:
    assert {"projects", "people", "capacity", "project_log"} <= readable_views()
    assert readable_views().isdisjoint({"names", "notes", "superseded", "events", "public_holidays"})
    assert list(lint("SELECT 1 FROM (SELECT 2)")) == []
