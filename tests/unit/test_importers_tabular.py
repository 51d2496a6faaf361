"""Tables out of files as people really export them, and refusals that say what a file seems to be."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from services.errors import BadInput
from services.importers import tabular
from services.importers.sniff import Limits
from services.importers.tabular import Format, Table


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., Table]:
    def read(content: bytes | str, form: Format | None = None, name: str = "t.csv", header: str | None = None) -> Table:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tabular.read(path, form, None if header is None else lambda column: column == header)

    return read


def cells(table: Table) -> list[list[object]]:
    return [row.cells for row in table.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_reads_each_encoding(given: Callable[..., Table], encoding: str) -> None:
    assert cells(given("name,cost\nBrücke,£5\n".encode(encoding))) == [["Brücke", "£5"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_guesses_the_delimiter_and_says_so(given: Callable[..., Table], delimiter: str) -> None:
    table = given(f"name{delimiter}cost\nA, the first{delimiter}1\nB{delimiter}2\n".replace("A, the", '"A, the')
                  .replace("first", 'first"'))  # fmt: skip
    assert cells(table) == [["A, the first", "1"], ["B", "2"]]
    assert table.notes == [f"delimiter guessed as {delimiter!r}"]


def test_a_guessed_encoding_is_noted(given: Callable[..., Table]) -> None:
    assert any("cp1252" in note for note in given("name,cost\nBrücke,1\n".encode("cp1252")).notes)


def test_bytes_outside_the_encoding_are_counted(given: Callable[..., Table]) -> None:
    table = given(b"name,cost\nA\x8d,1\n", Format("cp1252", ","))
    assert cells(table) == [["A\ufffd", "1"]]
    assert table.notes == ["characters that are not cp1252 and show as \ufffd: 1"]


@pytest.mark.parametrize(
    ("content", "declared", "says"),
    [
        (
            "name,cost\nA,1\nBrücke,1\n".encode("cp1252"),
            "utf-8",
            "line 3, character 3: .* utf-8; it fits cp1252, so say",
        ),
        ("name\nÜber\n".encode("cp1252"), "utf-8", "line 2, character 1: "),
        ("name\n“A”\n".encode(), "cp1252", "line 2, character 7: .* cp1252; it fits utf-8, so say `encoding: utf-8`"),
        (b"name\n\xff\x8d\n", "utf-8", "line 2, character 1: .* neither utf-8 nor cp1252"),
        (b"\xff\xfen\x00\n\x00a", "utf-16", "t.csv, line 2, character 1: this is not utf-16"),
    ],
)
def test_a_declared_encoding_that_does_not_fit(
    given: Callable[..., Table], content: bytes, declared: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        given(content, Format(declared, ","))


def test_mixed_line_ends_and_cells_of_several_lines_keep_their_line(given: Callable[..., Table]) -> None:
    table = given('name,why\r\nA,"one\rtwo\r\nthree"\nB,x\r\n')
    assert [(row.number, row.cells) for row in table.rows] == [(2, ["A", "one\rtwo\r\nthree"]), (5, ["B", "x"])]
    assert table.where(5) == "t.csv, line 5"


def test_ragged_rows(given: Callable[..., Table]) -> None:
    table = given("a,b,c\n1\n1,2,3,,\n1,2,3,4\n", Format(delimiter=","), header="a")
    assert cells(table) == [["1", None, None], ["1", "2", "3"]]
    assert table.malformed == [(4, "has 4 cells, but the header has 3")]


def test_preamble_blank_rows_and_a_repeated_header_are_ignored_with_a_reason(given: Callable[..., Table]) -> None:
    table = given("Confidential\n\nname,cost\nA,1\n,\nname,cost\nB,2\n\n", header="name")
    assert cells(table) == [["A", "1"], ["B", "2"]]
    assert [reason for _, reason in table.ignored] == [
        "above the header", "above the header", "blank", "the header again", "blank",
    ]  # fmt: skip


def test_the_header_below_a_preamble_is_guessed(given: Callable[..., Table]) -> None:
    table = given("A report\n\nname,cost,end\nA,1,x\nB,2,y\n")
    assert table.columns == ["name", "cost", "end"]


def test_a_header_that_stands_twice_keeps_both_columns(given: Callable[..., Table]) -> None:
    assert given("rating,rating,,rating.2\nA,B,C,D\n").columns == ["rating", "rating.2", "(column 3)", "rating.2.2"]


def test_a_transposed_sheet(given: Callable[..., Table]) -> None:
    table = given("Name,A,B,\nRating\n(note),red,green,\n,,,\n", Format(delimiter=",", transposed=True), header="Name")
    assert table.columns == ["Name", "Rating", "(note)"]
    assert [(row.number, row.cells) for row in table.rows] == [(2, ["A", None, "red"]), (3, ["B", None, "green"])]
    assert table.ignored == [(4, "blank")]
    assert table.where(3) == "t.csv, column 3"


def workbook(*rows: list[object], title: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_a_workbook(given: Callable[..., Table]) -> None:
    table = given(workbook(["Made today"], ["name", "cost"], ["A", 1.5], [], ["B", None, None]), None, "t.xlsx", "name")
    assert [(row.number, row.cells) for row in table.rows] == [(3, ["A", 1.5]), (5, ["B", None])]
    assert table.ignored == [(1, "above the header"), (4, "blank")]
    assert table.where(3) == "t.xlsx, row 3"


def test_a_sheet_that_is_not_there(given: Callable[..., Table]) -> None:
    with pytest.raises(BadInput, match="no sheet 'Costs'; it has Plan"):
        given(workbook(["name"], title="Plan"), Format(sheet="Costs"), "t.xlsx")


def zipped(*members: tuple[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "t.csv", "is empty"),
        (b"\xef\xbb\xbf\r\n", "t.csv", "is empty"),
        (b"%PDF-1.7 ...", "t.csv", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "t.xls", "Excel 97-2003"),
        (b"<!DOCTYPE html><table>", "t.xls", "an HTML page"),
        (b"<?xml version='1.0'?><a/>", "t.csv", "an XML document"),
        (b'{"issues": [1, 2]}', "t.csv", "a JSON document"),
        (b'{"a": 1}\n{"a": 2}\n', "t.csv", "a JSON document"),
        (zipped(("word/document.xml", "x")), "t.docx", "a Word document"),
        (zipped(("a.csv", "x")), "t.csv", "a ZIP archive"),
        (zipped(("xl/workbook.xml", "x")), "t.csv", "rename it to .xlsx"),
        (zipped(("xl/workbook.bin", "x")), "t.xlsb", "a binary Excel workbook"),
        (zipped(("xl/workbook.xml", "x")), "t.xlsx", "damaged Excel workbook"),
        (b"name,cost\nA,1\n", "t.xlsx", "seems to be text"),
        (b"name\x00,cost\nA,1\n", "t.csv", "a binary file"),
        (b'name,cost\n"A,1\nB,2\n', "t.csv", "a quote is never closed"),
        (
            b'name,cost\n"' + b"A" * 200_000,
            "t.csv",
            "line 2: a cell of the row that begins here has more than 131,072 char",
        ),
    ],
)
def test_a_file_that_is_not_what_it_claims(given: Callable[..., Table], content: bytes, name: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        given(content, None, name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        tabular.read(tmp_path / "no.csv")


def test_an_unknown_encoding(given: Callable[..., Table]) -> None:
    with pytest.raises(BadInput, match="klingon is not an encoding"):
        given("name\n", Format(encoding="klingon"))


@pytest.mark.parametrize(
    ("content", "name", "limits", "says"),
    [
        (zipped(("xl/workbook.xml", "x" * 5000)), "t.xlsx", Limits(unpacked_bytes=4000), "would unpack to 5,000 bytes"),
        (zipped(("xl/workbook.xml", "x"), ("b", "")), "t.xlsx", Limits(parts=1), "in 2 parts"),
        (b"a,b\n" * 6, "t.csv", Limits(cells=10), "more than the 10 cells"),
        (b"a,b\n" * 6, "t.csv", Limits(file_bytes=10), "more than the 10 of an import"),
    ],
)
def test_limits(tmp_path: Path, content: bytes, name: str, limits: Limits, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=says):
        tabular.read(tmp_path / name, limits=limits)


def test_a_header_that_is_not_there(given: Callable[..., Table]) -> None:
    with pytest.raises(BadInput, match="has no header row with the columns that are looked for"):
        given("a,b\n1,2\n", header="name")
