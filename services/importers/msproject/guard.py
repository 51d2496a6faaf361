"""What a plan file seems to be, before Java sees it: its size and kind, and XML that is whole and has no entities."""

from pathlib import Path
from xml.parsers import expat

from services.errors import BadInput
from services.importers.sniff import Limits, read_whole, seems

LIMITS = Limits(file_bytes=160 * 1024 * 1024)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAY = "a project plan in .mpp, .mpt, .mpx, .xer, or the XML of Microsoft Project, Primavera or Planner"
_OFFICE = {
    "Workbook": "an Excel 97-2003 workbook",
    "WordDocument": "a Word 97-2003 document",
    "PowerPoint Document": "a PowerPoint 97-2003 presentation",
    "__properties_version1.0": "an Outlook message",
    "VisioDocument": "a Visio drawing",
}
_ROOTS = {
    ("http://schemas.microsoft.com/project", "Project"),
    ("http://schemas.microsoft.com/project/2007", "Project"),
    ("", "project"),
}
_PRIMAVERA = "APIBusinessObjects"


def check(path: Path) -> bytes:
    """The bytes of a plan. Raises BadInput with what it seems to be."""
    data = read_whole(path, LIMITS)
    if data.startswith(_OLE):
        for stream, what in _OFFICE.items():
            if stream.encode("utf-16-le") in data:
                raise BadInput(f"{path.name} is no project plan: it seems to be {what}.")
        return data
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"ERMHDR\t", b"MPX,", b"MPX;", b"MPX\t")):
        return data
    if head.startswith(b"<") or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        _check_xml(path.name, data)
        return data
    what = seems(data) or "a text"
    raise BadInput(f"{path.name} is no project plan: it seems to be {what}. Give {_SAY}.")


class _Refused(Exception):
    """Why an XML document is not taken."""


def _check_xml(name: str, data: bytes) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")

    def doctype(*_: object) -> None:
        raise _Refused("declares a document type, and a plan needs none; entities are not read")

    def opened(tag: str, _: object) -> None:
        # the first element tells what it is; what is in it is the library's to read
        parser.StartElementHandler = None
        namespace, _, local = tag.rpartition(" ")
        if (namespace, local) not in _ROOTS and local != _PRIMAVERA:
            what = "an HTML page" if local.lower() == "html" else f"an XML document of <{local[:60]}>"
            raise _Refused(f"is no project plan: it seems to be {what}. Give {_SAY}")

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = opened
    try:
        parser.Parse(data, True)
    except _Refused as why:
        raise BadInput(f"{name} {why}.") from None
    except (expat.ExpatError, ValueError, LookupError) as error:
        if data[:200].lower().lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<!doctype html", b"<html")):
            raise BadInput(f"{name} is no project plan: it seems to be an HTML page. Give {_SAY}.") from None
        raise BadInput(f"{name} is a broken XML document ({error}); export it again.") from None
