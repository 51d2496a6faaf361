"""CSV and Excel files as one kind of table whose rows know where they stood.

Whatever is not a data row (a disclaimer above the header, the header again, a blank line) is kept as ignored with its
reason, so that the rows of a file always add up.
"""

import csv
import hashlib
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

import openpyxl

from services.errors import BadInput
from services.importers import sniff, whose
from services.importers.cells import Cell, text
from services.importers.sniff import LIMITS, Limits

_HEADER_WITHIN = 50
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 50
_SINGLE_BYTE = frozenset({"cp1252", "windows-1252"})
# NUL cannot occur in decoded text, so a last record that is not exactly this one means that a quote stayed open
_SENTINEL = "\x00end"
WORKBOOK_FAULTS = (
    zipfile.BadZipFile, zlib.error, KeyError, IndexError, AttributeError, ValueError, TypeError, SyntaxError, EOFError,
    OSError, NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip
"""What reading a damaged workbook may raise."""


@dataclass(frozen=True, slots=True)
class Format:
    """How to read a file; what is None is guessed, and the guess is noted."""

    encoding: str | None = None
    delimiter: str | None = None
    transposed: bool = False
    sheet: str | None = None


class Row(NamedTuple):
    """One data row: its number in the file (line, row or column) and its raw cells, as many as there are columns."""

    number: int
    cells: list[Cell]


class Ignored(NamedTuple):
    """A row that is no data, and why."""

    number: int
    reason: str


IN_ENGLISH = "if it was exported in another language, export it in English"
"""What to do where the columns of a tool have their own names, which no mapping can change."""


@dataclass(slots=True)
class Table:
    """The rows of one file. `place` is what a row's number counts: line, row or column; `sheet` is a workbook's."""

    file: str
    digest: str
    place: str
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    malformed: list[Ignored] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sheet: str | None = None

    def where(self, number: int) -> str:
        """The row in words that a user can follow: ``uk_2018.csv, line 12``."""
        return f"{self.file}, {self.place} {number}"


def read(
    path: Path,
    form: Format | None = None,
    is_header: Callable[[str], bool] | None = None,
    limits: Limits = LIMITS,
    sought: str = "",
    advice: str = "check the mapping",
) -> Table:
    """The table in `path`. `is_header` knows a column that only the header has; without it the header is guessed.

    `sought` says in the refusal which columns those are, and `advice` what to do.
    """
    table, records = lines(path, form, limits)
    _fill(table, records, is_header, sought, advice)
    return table


def lines(path: Path, form: Format | None = None, limits: Limits = LIMITS) -> tuple[Table, list[Row]]:
    """The rows of a file as they stand, for a layout with more headers than one; the table itself has none of them."""
    form = form or Format()
    data = sniff.read_whole(path, limits)
    digest = hashlib.sha256(data).hexdigest()
    if sniff.kind_of(path, data) == sniff.WORKBOOK:
        table = Table(path.name, digest, "row")
        records = _workbook(path, form, table, limits)
    else:
        table = Table(path.name, digest, "line")
        records = _delimited(data, form, table, limits)
    if form.transposed:
        table.place = "column"
        records = _turned(records, limits)
    return table, records


def _fill(table: Table, records: list[Row], is_header: Callable[[str], bool] | None, sought: str, advice: str) -> None:
    at = _header_at(records, is_header)
    if at is None:
        first = next((record.cells for record in records if any(text(cell) for cell in record.cells)), [])
        shown = ", ".join(repr((text(cell) or "")[:60]) for cell in first[:20])
        advice = whose.of_columns(text(cell) or "" for row in records[:_HEADER_WITHIN] for cell in row.cells) or advice
        raise BadInput(
            f"{table.file} has no header row with the columns that are looked for{sought}; its first row with content"
            f" is {shown}; {advice}."
        )
    header = [text(cell) or "" for cell in records[at].cells]
    while header and not header[-1]:
        header.pop()
    table.columns = distinct(header)
    width = len(header)
    header_cells = records[at].cells
    table.ignored.extend(Ignored(record.number, "above the header") for record in records[:at])
    for record in records[at + 1 :]:
        cells = record.cells
        if not any(text(cell) for cell in cells):
            table.ignored.append(Ignored(record.number, "blank"))
        elif cells == header_cells:
            table.ignored.append(Ignored(record.number, "the header again"))
        elif len(cells) > width and any(text(cell) for cell in cells[width:]):
            table.malformed.append(Ignored(record.number, f"has {len(cells)} cells, but the header has {width}"))
        else:
            if len(cells) < width:
                record = Row(record.number, cells + [None] * (width - len(cells)))
            elif len(cells) > width:
                record = Row(record.number, cells[:width])
            table.rows.append(record)


def _header_at(records: Sequence[Row], is_header: Callable[[str], bool] | None) -> int | None:
    top = records[:_HEADER_WITHIN]
    if is_header is not None:
        known = (at for at, record in enumerate(top) if any(is_header(text(cell) or "") for cell in record.cells))
        return next(known, None)
    widths = Counter(len(record.cells) for record in top if any(record.cells))
    usual = widths.most_common(1)[0][0] if widths else 0
    for at, record in enumerate(top):
        filled = [cell for cell in record.cells if text(cell)]
        if filled and len(filled) * 2 > usual and all(isinstance(cell, str) for cell in filled):
            return at
    return None


def distinct(header: Sequence[str]) -> list[str]:
    """The names of columns, each of its own: one that repeats gets a number, and an empty one its position."""
    columns: list[str] = []
    taken: set[str] = set()
    for position, name in enumerate(header, start=1):
        base = name or f"(column {position})"
        unique, again = base, 1
        while unique in taken:
            again += 1
            unique = f"{base}.{again}"
        taken.add(unique)
        columns.append(unique)
    return columns


def _turned(records: Sequence[Row], limits: Limits) -> list[Row]:
    fields = [record.cells for record in records if any(record.cells)]
    width = max((len(cells) for cells in fields), default=0)
    _check_cells(width * len(fields), limits)
    padded = [cells + [None] * (width - len(cells)) for cells in fields]
    return [Row(number, list(cells)) for number, cells in enumerate(zip(*padded, strict=True), start=1)]


def _check_cells(count: int, limits: Limits) -> None:
    if count > limits.cells:
        raise BadInput(f"The table has more than the {limits.cells:,} cells of an import; split it.")


def _delimited(data: bytes, form: Format, table: Table, limits: Limits) -> list[Row]:
    decoded = _decoded(data, form.encoding, table)
    if "\x00" in decoded:
        raise BadInput(f"{table.file} is not a table: it seems to be a binary file or text in another encoding.")
    delimiter = form.delimiter or _guessed_delimiter(decoded, table)
    records: list[Row] = []
    cells = 0
    started = 1
    reader = csv.reader(chain(io.StringIO(decoded, newline=""), (_SENTINEL,)), delimiter=delimiter)
    try:
        for record in cast("Iterator[list[Cell]]", reader):
            records.append(Row(started, record))
            cells += len(record)
            started = reader.line_num + 1
            _check_cells(cells, limits)
    except csv.Error:
        # nothing else stops this reader, which takes quotes as they come
        raise BadInput(
            f"{table.file}, line {started}: a cell of the row that begins here has more than "
            f"{csv.field_size_limit():,} characters; shorten it or, where a quote was left open, close that."
        ) from None
    if records.pop().cells != [_SENTINEL]:
        raise BadInput(f"{table.file} ends inside a quoted cell; a quote is never closed.")
    return records


def _decoded(data: bytes, encoding: str | None, table: Table) -> str:
    for mark, marked in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            encoding = marked
    if encoding is None:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            encoding = "cp1252"
            table.notes.append("encoding guessed as cp1252, since it is not UTF-8")
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise BadInput(f"{encoding} is not an encoding that can be read; use utf-8, utf-16 or cp1252.") from error
    except UnicodeDecodeError as error:
        fits = next((other for other in ("utf-8", "cp1252") if _decodes(data, other)), None)
        if fits or encoding.lower() not in _SINGLE_BYTE:
            before = data[: error.start].decode(encoding, "replace").splitlines(keepends=True) or [""]
            line, column = (len(before), len(before[-1])) if before[-1][-1:] not in "\r\n" else (len(before) + 1, 0)
            hint = f"it fits {fits}, so say `encoding: {fits}`" if fits else "it fits neither utf-8 nor cp1252"
            raise BadInput(
                f"{table.file}, line {line}, character {column + 1}: this is not {encoding}; {hint} in the mapping's"
                " `layouts`, or save the file anew."
            ) from error
    except UnicodeError as error:
        raise BadInput(f"{table.file} is not {encoding}: {error}.") from error
    # a few bytes that mean nothing in an encoding of single bytes are broken in the source, whatever is declared
    decoded = data.decode(encoding, "replace")
    table.notes.append(f"characters that are not {encoding} and show as \ufffd: {decoded.count(chr(0xFFFD))}")
    return decoded


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _guessed_delimiter(decoded: str, table: Table) -> str:
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        sample: list[int] = []
        try:
            for record in csv.reader(io.StringIO(decoded[:200_000], newline=""), delimiter=delimiter):
                if record:
                    sample.append(len(record))
                if len(sample) == _SAMPLE_RECORDS:
                    break
        except csv.Error:
            continue  # a delimiter that does not fit may glue cells beyond the limit; another one will fit
        if sample:
            width, often = Counter(sample).most_common(1)[0]
            score = (often / len(sample), width) if width > 1 else (0.0, 0)
            best, best_score = max((best, best_score), (delimiter, score), key=lambda scored: scored[1])
    table.notes.append(f"delimiter guessed as {best!r}")
    return best


def _workbook(path: Path, form: Format, table: Table, limits: Limits) -> list[Row]:
    try:
        sniff.check_workbook_size(path, limits)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except WORKBOOK_FAULTS as error:
        raise BadInput(f"{table.file} is a damaged Excel workbook ({error}).") from error
    try:
        if form.sheet is not None and form.sheet not in book.sheetnames:
            raise BadInput(f"{table.file} has no sheet {form.sheet!r}; it has {', '.join(book.sheetnames)}.")
        sheets = [form.sheet] if form.sheet is not None else book.sheetnames
        for name in sheets:
            records = _capped(_sheet_rows(book[name]), limits)
            if any(any(record.cells) for record in records):
                if len(sheets) > 1:
                    table.notes.append(f"sheet guessed as {name!r}, the first with content")
                table.sheet = name
                return records
    except WORKBOOK_FAULTS as error:
        raise BadInput(f"{table.file} is a damaged Excel workbook ({error}).") from error
    finally:
        book.close()
    raise BadInput(f"{table.file} has no sheet with content.")


def _sheet_rows(sheet: object) -> Iterator[Sequence[Cell]]:
    reset = getattr(sheet, "reset_dimensions", None)
    rows = getattr(sheet, "iter_rows", None)
    if rows is None:  # a chart sheet
        return iter(())
    if reset is not None:
        # the stated size of a sheet is often far too large, and every row would be padded to it
        reset()
    found: Iterator[Sequence[Cell]] = rows(values_only=True)
    return found


def _capped(rows: Iterable[Sequence[Cell]], limits: Limits) -> list[Row]:
    records: list[Row] = []
    cells = 0
    for number, values in enumerate(rows, start=1):
        kept = list(values)
        while kept and kept[-1] in (None, ""):
            kept.pop()
        cells += len(values) + 1
        _check_cells(cells, limits)
        records.append(Row(number, kept))
    while records and not records[-1].cells:
        # Excel often states formatted but empty rows down to the bottom of the sheet
        records.pop()
    return records
