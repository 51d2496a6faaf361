"""The outline of a workbook's sheet: how far each row is indented, which is how Smartsheet exports its hierarchy."""

import zipfile
from pathlib import Path
from xml.parsers import expat

import openpyxl

from services.errors import BadInput
from services.importers import tabular

_PIECE = 1 << 16


def levels(path: Path, sheet: str) -> dict[int, int]:
    """The level of each row of the sheet that has one, by its number; rows at the top are left out.

    Reads the parts that a table's own reading leaves out, of a workbook whose size was checked by it.
    """
    try:
        book = openpyxl.load_workbook(path, read_only=True)
        try:
            part = getattr(book[sheet], "_worksheet_path", None)
        finally:
            book.close()
        return _levels(path, str(part)) if part else {}
    except (*tabular.WORKBOOK_FAULTS, expat.ExpatError) as error:
        raise BadInput(f"{path.name} is a damaged Excel workbook ({error}).") from error


def _levels(path: Path, part: str) -> dict[int, int]:
    found: dict[int, int] = {}
    parser = expat.ParserCreate()
    last = 0

    def doctype(*_: object) -> None:
        raise ValueError("it declares a document type, and entities are not read")

    def opened(tag: str, attributes: dict[str, str]) -> None:
        nonlocal last
        if tag.rpartition(":")[2] == "row":
            last = int(attributes.get("r", last + 1))
            if level := int(attributes.get("outlineLevel", 0)):
                found[last] = level

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = opened
    with zipfile.ZipFile(path) as archive, archive.open(part) as file:
        while piece := file.read(_PIECE):
            parser.Parse(piece)
        parser.Parse(b"", True)
    return found
