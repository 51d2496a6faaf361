"""From what was said to a command: checks every field, and keeps names and free text out of the log."""

import hashlib
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import quote

import orjson
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from schemas.fields import Evidence, Note
from services.commands.command import Argument, Command, Translator
from services.commands.directory import Entry, content_digest, pseudonym, write_note
from services.errors import BadInput

_URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
_CHUNK = 1 << 20
_QUOTED = 60
_FEW, _WHOLE = 2, 100
_LIMITS = {
    "le": (operator.gt, "more than", "most"),
    "lt": (operator.ge, "not less than", "most"),
    "ge": (operator.lt, "less than", ""),
    "gt": (operator.le, "not more than", ""),
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A command ready to be decided, with what goes to the directory if it is recorded.

    `people` are the keys as they were written, by pseudonym: for a sentence to who wrote them, never to be kept.
    """

    command: Command
    entries: tuple[Entry, ...]
    digest: str
    people: Mapping[str, str] = field(default_factory=dict)


class Intake(Translator):
    """Prepares one command; make a new one for each."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._entries: list[Entry] = []
        self._people: dict[str, str] = {}

    def person(self, source_key: str) -> str:
        """The pseudonym of a person's key, or the id itself written as ``person:ID``."""
        person = pseudonym(self._secret, source_key)
        self._people[person] = source_key
        return person

    def note(self, text: str) -> Note:
        """A note for a free text; the text goes to the directory."""
        note, entry = write_note(text)
        self._entries.append(entry)
        return note

    def evidence(self, where: str) -> Evidence:
        """A URI as it is, or a file that exists by its name and digest."""
        path = Path(where).expanduser()
        if path.is_file():
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
            # the folder often holds a login, and the digest tells which file it was
            return Evidence(uri=f"file:{quote(path.name)}", digest=digest.hexdigest())
        if not _URI.fullmatch(where):
            raise ValueError(f"{where!r} is neither a file that can be read nor a URI such as https://docs.example/1")
        return Evidence(uri=where, digest=None)

    def prepare(self, command_class: type[Command], fields: Mapping[str, Any], meta: Mapping[str, Any]) -> Prepared:
        """The command with these fields; `meta` (given times and the like) counts as part of what was said.

        Raises BadInput that names the field.
        """
        try:
            command = command_class.model_validate(dict(fields), context=self)
        except ValidationError as error:
            raise BadInput(explained(command_class, error)) from None
        said = orjson.dumps([command_class.path, dict(fields), dict(meta)], default=str, option=orjson.OPT_SORT_KEYS)
        subject = command.stream()
        personal = [Entry(subject, name, value) for name, value in command.personal().items()]
        return Prepared(command, (*self._entries, *personal), content_digest(self._secret, said), self._people)


def explained(command_class: type[Command], error: ValidationError) -> str:
    """The first problem of a command's fields as one sentence with the option's name."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    option = _said_as(command_class, name) if name else command_class.path
    given = _quoted(first["input"])
    marks = _marks(command_class, first["loc"])
    like = next((str(mark.examples[0]) for mark in marks if isinstance(mark, FieldInfo) and mark.examples), "")
    ctx = first.get("ctx", {})
    match first["type"]:
        case "missing":
            return f"'{command_class.path}' needs {option}."
        case "extra_forbidden":
            known = ", ".join(sorted(command_class.model_fields))
            return f"'{command_class.path}' has no field {name!r}; its fields are {known}."
        case "date_from_datetime_parsing" | "date_parsing" | "date_from_datetime_inexact":
            problem = f"{given} is not a day written like 2026-06-30"
        case "decimal_parsing" | "decimal_type" | "finite_number":
            problem = f"{given} is not a number written like {like or '1250.50'}"
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            problem = f"{given} is not a whole number written like {like or '3'}"
        case "bool_parsing" | "bool_type":
            problem = f"{given} is neither true nor false"
        case "literal_error":
            problem = f"{given} is none of {ctx['expected']}"
        case "less_than_equal" | "greater_than_equal" | "less_than" | "greater_than":
            problem = _out_of_range(first["input"], {**ctx, **_limits(marks)})
        case "decimal_max_places" | "decimal_max_digits" | "decimal_whole_digits":
            # that a number is too great says more than that it is too long
            problem = _out_of_range(first["input"], _limits(marks)) or f"{given} has more than {_digits(ctx)}"
        case "string_too_long":
            problem = f"{given} has {len(first['input'])} characters, and at most {ctx['max_length']} are allowed"
        case "string_too_short" | "too_short":
            problem = "it is empty" if not first["input"] else f"{given} is too short"
        case "string_type":
            problem = f"{given} is not a text"
        case "string_unicode":
            problem = f"{given} is not valid unicode"
        case "tuple_type" | "list_type":
            problem = f"{given} is not a list"
        case "dict_type":
            problem = f"{given} is not a list of names with values"
        case "value_error" | "assertion_error":
            problem = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        case _:
            problem = f"{given} is not written {f'like {like}' if like else 'as it has to be'}"
    said = (problem or f"{given} is not allowed here").rstrip(".")
    return f"{option}: {said}{'' if said.endswith('?') else '.'}"


def _quoted(value: Any) -> str:
    shown = value if isinstance(value, str) else str(value)
    return repr(shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}...")


def _digits(limit: Mapping[str, Any]) -> str:
    match limit:
        case {"decimal_places": places}:
            return f"{places} decimals"
        case {"whole_digits": digits}:
            return f"{digits} digits before the decimal point"
        case _:
            return f"{limit['max_digits']} digits"


def _limits(marks: Iterable[Any]) -> dict[str, Any]:
    return {name: getattr(mark, name) for mark in marks for name in _LIMITS if getattr(mark, name, None) is not None}


def _out_of_range(value: Any, limits: Mapping[str, Any]) -> str:
    """What is wrong with a number or day beyond one of its limits; empty if it lies within them."""
    given = str(value)[:_QUOTED].strip()
    for name, (beyond, words, most) in _LIMITS.items():
        limit = limits.get(name)
        if limit is None or (number := _as_kind(given, limit)) is None or not beyond(number, limit):
            continue
        if isinstance(limit, date):
            return f"{given} lies {'after' if most else 'before'} {limit}"
        if name == "le" and limit == 1 and limits.get("ge", 0) == 0:
            # somebody thinks in percent
            share = number / 100 if _FEW <= number <= _WHOLE else Decimal("0.15")
            return f"{given} is more than 1; write a share like {share:f}"
        allowed = f", the {most or 'least'} that is allowed" if name in ("le", "ge") else ""
        return f"{given} is {words} {limit}{allowed}"
    return ""


def _as_kind(given: str, limit: Any) -> Any:
    try:
        return date.fromisoformat(given[:10]) if isinstance(limit, date) else Decimal(given)
    except (ValueError, ArithmeticError):
        return None


def _marks(command_class: type[Command], location: tuple[int | str, ...]) -> list[Any]:
    """All that is said of the value in this place, the outermost first."""
    field = command_class.model_fields.get(str(location[0])) if location else None
    if field is None:
        return []
    own = [field, *field.metadata]
    inner = _inner(field.annotation, is_key=location[-1] == "[key]")
    # what stands at a list or at pairs says how those look, not one of them
    return own + inner if len(location) == 1 else inner or own


def _inner(annotation: Any, *, is_key: bool) -> list[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = [part for mark in reversed(inner[1:]) for part in (mark, *getattr(mark, "metadata", ()))]
        return [*marks, *_inner(inner[0], is_key=is_key)]
    if origin is dict:
        return _inner(inner[0 if is_key else 1], is_key=False)
    if origin is Literal:
        return []
    return [mark for each in inner for mark in _inner(each, is_key=is_key)]


def _said_as(command_class: type[Command], name: str) -> str:
    field = command_class.model_fields.get(name)
    if field and any(isinstance(mark, Argument) for mark in field.metadata):
        return name.replace("_", "-").upper()
    return f"--{name.replace('_', '-')}"
