"""JSON exports, read element by element: an array of 100,000 issues is never all in memory as Python objects."""

import hashlib
import io
import json
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from services.errors import BadInput
from services.importers import sniff
from services.importers.sniff import LIMITS, Limits

_UTF8 = "utf-8-sig"
_BLANK = re.compile(r"[ \t\r\n]*")


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


_DECODER = json.JSONDecoder(parse_constant=_refused)


class Element(NamedTuple):
    """An element of one of the arrays that are looked for, or, with `key` None, the fields around them of a page."""

    key: str | None
    value: Any


class Text(NamedTuple):
    """A file's text, or one line of it by its number, and what proves which file it was."""

    file: str
    digest: str
    text: str
    line: int = 1


class Opened(NamedTuple):
    """A file whose texts are decoded one after the other, and what proves which file it was."""

    file: str
    digest: str
    texts: Iterator[Text]


def is_document(path: Path) -> bool:
    """Whether a file is, or claims to be, JSON and no table. Raises BadInput if it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    return path.suffix.lower() in (".json", ".jsonl") or head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def load(path: Path, limits: Limits = LIMITS) -> Text:
    """The text of a JSON file. Raises BadInput for one that is too large, empty, no text, or seems something else."""
    data, encoding = _read(path, limits)
    return _decoded(path, hashlib.sha256(data).hexdigest(), data, encoding)


def opened(path: Path, limits: Limits = LIMITS) -> Opened:
    """A JSON file line by line where its first line is a document, else as a whole; raises what `load` raises.

    A single emoji makes a text four times as large in memory as its file, so of many lines one is decoded at a time.
    """
    data, encoding = _read(path, limits)
    digest = hashlib.sha256(data).hexdigest()
    if encoding == _UTF8 and sniff.is_json(sniff.first_line(data)):
        lines = enumerate(io.BytesIO(data), start=1)
        texts = (_decoded(path, digest, line, _UTF8, number) for number, line in lines if line.strip())
        return Opened(path.name, digest, texts)
    return Opened(path.name, digest, iter((_decoded(path, digest, data, encoding),)))


def _read(path: Path, limits: Limits) -> tuple[bytes, str]:
    data = sniff.read_whole(path, limits)
    what = sniff.seems(data)
    if what not in (None, sniff.JSON):
        raise BadInput(f"{path.name} is not a JSON export: it seems to be {what}.")
    return data, "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else _UTF8


def _decoded(path: Path, digest: str, data: bytes, encoding: str, line: int = 1) -> Text:
    try:
        return Text(path.name, digest, data.decode(encoding), line)
    except UnicodeError as error:
        raise BadInput(f"{path.name} is not {encoding[:6].rstrip('-')} text: {error}.") from error


def elements(text: Text, *arrays: str) -> Iterator[Element]:
    """The elements of the arrays of these names, page by page: a document, a list, or one document a line.

    The elements of a list that stands at the top come under the first name, unless they are pages themselves.
    """
    at = _skip(text.text, 0)
    try:
        while at < len(text.text):
            at = yield from _value(text.text, at, arrays)
            at = _skip(text.text, at)
            if text.text[at : at + 1] == ",":
                raise ValueError(f"a comma stands between two documents at character {at + 1}")
    except json.JSONDecodeError as error:
        raise BadInput(f"{text.file}, line {text.line + error.lineno - 1}: it is not JSON: {error.msg}.") from error
    except ValueError as error:
        raise BadInput(f"{text.file} is not JSON: {error}.") from error
    except RecursionError as error:
        raise BadInput(f"{text.file} is nested too deeply to be an export.") from error


def _value(text: str, at: int, arrays: tuple[str, ...]) -> Generator[Element, None, int]:
    if text[at] == "[":
        at = yield from _array(text, at, arrays[0], arrays)
        return at
    if text[at] != "{":
        raise json.JSONDecodeError("an object or a list was expected", text, at)
    around: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise json.JSONDecodeError("a key and a colon were expected", text, at)
        at = _skip(text, at + 1)
        if key in arrays and text[at : at + 1] == "[":
            around.setdefault(key, True)
            at = yield from _array(text, at, key, ())
        else:
            around[key], at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "}":
            raise json.JSONDecodeError("a comma or the end of the object was expected", text, at)
    yield Element(None, around)
    return at + 1


def _array(text: str, at: int, key: str, pages: tuple[str, ...]) -> Generator[Element, None, int]:
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        value, at = _DECODER.raw_decode(text, at)
        if pages and isinstance(value, dict) and any(isinstance(value.get(name), list) for name in pages):
            for name in pages:
                yield from (Element(name, each) for each in value.pop(name, None) or ())
            yield Element(None, value)
        else:
            yield Element(key, value)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("a comma or the end of the list was expected", text, at)
    return at + 1


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
