"""Mutated bytes give a table whose rows add up, or one refusal; any cell gives a value or a problem."""

import datetime as dt
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import PmoError
from services.importers import cells, mapping, portfolio, tabular
from services.importers.cells import CellProblem
from services.importers.tabular import Format

CSV = 'name;cost;start\r\n"A; one";£1,5m;30.06.08\n\nB;"two\r\nlines";2014-07-08\r\nTotal;3;;\n'.encode("cp1252")
MUTATIONS = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=12)
ANY_CELL = st.one_of(
    st.text(max_size=30), st.from_regex(r"\A[£(-]*[\d,. ]{1,12}[a-z%)]{0,3}\Z"),
    st.from_regex(r"\A\d{1,4}[./-]\d{1,3}[./-]\d{1,4}\Z"), st.integers(), st.floats(), st.booleans(), st.none(),
    st.datetimes(), st.dates(), st.times(), st.timedeltas(),
)  # fmt: skip


def mutated(original: bytes, mutations: list[tuple[int, bytes]]) -> bytes:
    data = bytearray(original)
    for position, replacement in mutations:
        at = position % (len(data) + 1)
        data[at : at + max(1, len(replacement) - 1)] = replacement
    return bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def rules(folder: Path) -> mapping.Mapping:
    path = folder / "any.yaml"
    path.write_text(
        "source: any\ncurrency: EUR\nfields:\n  name: {columns: name}\n  budget: {columns: cost}\n"
        "  start: {columns: start}\n"
    )
    return mapping.load(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=MUTATIONS, transposed=st.booleans(), encoding=st.sampled_from([None, "utf-8", "utf-16", "cp1252"]))
def test_mutated_csv(
    folder: Path, rules: mapping.Mapping, mutations: list[tuple[int, bytes]], transposed: bool, encoding: str | None
) -> None:
    path = folder / "t.csv"
    path.write_bytes(mutated(CSV, mutations))
    try:
        table = tabular.read(path, Format(encoding=encoding, transposed=transposed))
        file = portfolio.plan_table(table, rules, dt.date(2020, 1, 1))
    except PmoError as refusal:
        assert str(refusal)
        return
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert len(set(table.columns)) == len(table.columns)
    assert file.rows == len(file.observations) + len(file.rejected) + len(file.ignored)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), min_size=1, max_size=12))
def test_mutated_workbook(folder: Path, mutations: list[tuple[int, bytes]]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["name", "start"])
    book.active.append(["A", dt.datetime(2020, 1, 1)])
    held = io.BytesIO()
    book.save(held)
    path = folder / "t.xlsx"
    path.write_bytes(mutated(held.getvalue(), mutations))
    try:
        table = tabular.read(path)
    except PmoError as refusal:
        assert str(refusal)
        return
    assert all(len(row.cells) == len(table.columns) for row in table.rows)


@settings(max_examples=300, deadline=None)
@given(
    cell=ANY_CELL,
    decimal=st.sampled_from(".,"),
    orders=st.permutations(cells.ORDERS),
    scale=st.sampled_from([1, 10**6]),
)
def test_any_cell(cell: cells.Cell, decimal: str, orders: list[str], scale: int) -> None:
    amount = cells.money(cell, scale, decimal)
    assert amount is None or isinstance(amount, CellProblem) or abs(amount) < 10**14
    for count in (1, 2, 3):
        day = cells.day(cell, orders[:count], 1970)
        assert day is None or isinstance(day, dt.date | CellProblem)
    share = cells.share(cell)
    assert share is None or isinstance(share, CellProblem) or 0 <= share <= 1
    assert cells.rag(cell, {"red": "red"}) in (None, "red") or isinstance(cells.rag(cell, {}), CellProblem)
    line, narrative = cells.text(cell), cells.narrative(cell)
    assert line is None or line.isprintable()
    assert narrative is None or len(narrative.encode()) <= cells.NARRATIVE_BYTES
