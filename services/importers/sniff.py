"""What a file is by its first bytes, so that a file that is not what its name claims is refused with a sentence."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from services.errors import BadInput

TEXT = "text"
JSON = "a JSON document"
WORKBOOK = "an Excel workbook"

_HEAD = 4096
_WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm"})

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel 97-2003 or a password-protected workbook; save it as .xlsx"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file of an import may cost: bytes, bytes and parts of a workbook once unpacked, cells."""

    file_bytes: int = 256 * 1024 * 1024
    unpacked_bytes: int = 1024 * 1024 * 1024
    parts: int = 10_000
    cells: int = 5_000_000


LIMITS = Limits()


def read_whole(path: Path, limits: Limits) -> bytes:
    """The bytes of `path`, refused if it is missing, empty or larger than the limit."""
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise BadInput(
                f"{path.name} has {size:,} bytes, more than the {limits.file_bytes:,} of an import; split it."
            )
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise BadInput(f"{path.name} is empty.")
    return data


def kind_of(path: Path, data: bytes) -> str:
    """`TEXT` or `WORKBOOK`; anything else is refused by what it seems to be."""
    what = seems(data)
    if what is None:
        claimed = WORKBOOK if path.suffix.lower() in _WORKBOOK_SUFFIXES else TEXT
        if claimed == WORKBOOK:
            raise BadInput(f"{path.name} is named as an Excel workbook but seems to be text; rename it to .csv.")
        return TEXT
    if what == WORKBOOK:
        if path.suffix.lower() not in _WORKBOOK_SUFFIXES:
            raise BadInput(f"{path.name} seems to be an Excel workbook; rename it to .xlsx.")
        return WORKBOOK
    raise BadInput(f"{path.name} is not a table: it seems to be {what}.")


def check_workbook_size(path: Path, limits: Limits) -> None:
    """Refuse a workbook that would unpack to more than memory should hold."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if len(members) > limits.parts or unpacked > limits.unpacked_bytes:
        raise BadInput(
            f"{path.name} would unpack to {unpacked:,} bytes in {len(members):,} parts, more than an import may have;"
            " save the one sheet as CSV."
        )


def seems(data: bytes) -> str | None:
    """What these bytes begin like, in words; None if it may be a table in text."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data.startswith(_UTF16):
        return None
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = head[:200].lower()
    if lowered.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body")):
        return "an HTML page; open it in a spreadsheet and save it as CSV"
    if lowered.startswith(b"<"):
        return "an XML document"
    # a file of one document a line is known by the first, without reading all of it
    if head[:1] in (b"{", b"[") and (is_json(first_line(data)) or is_json(data)):
        return JSON
    return None


def _zipped(data: bytes) -> str:
    # the names of a ZIP's members stand uncompressed in it, so that a damaged archive can still be named
    if b"xl/workbook.bin" in data:
        return "a binary Excel workbook; save it as .xlsx"
    if b"xl/workbook" in data:
        return WORKBOOK
    if b"word/document.xml" in data:
        return "a Word document"
    if b"ppt/presentation.xml" in data:
        return "a PowerPoint presentation"
    if b"opendocument.spreadsheet" in data:
        return "an OpenDocument spreadsheet; save it as .xlsx or CSV"
    return "a ZIP archive"


def first_line(data: bytes) -> bytes:
    """The first line with content, without a mark of byte order."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n") if data[:1] in b"\xef \t\r\n" else data
    end = start.find(b"\n")
    return start if end < 0 else start[:end]


def is_json(data: bytes) -> bool:
    """Whether all of it is one JSON document."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
