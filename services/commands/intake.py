"""From what was said to a command: checks every field, and keeps names and free text out of the log."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import ValidationError

from schemas.fields import Evidence, Note
from services.commands.command import Argument, Command, Translator
from services.commands.directory import Entry, content_digest, pseudonym, write_note
from services.errors import BadInput

_URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Prepared:
    """A command ready to be decided, with what goes to the directory if it is recorded."""

    command: Command
    entries: tuple[Entry, ...]
    digest: str


class Intake(Translator):
    """Prepares one command; make a new one for each."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._entries: list[Entry] = []

    def person(self, source_key: str) -> str:
        """The pseudonym of a person's key, or the id itself written as ``person:ID``."""
        return pseudonym(self._secret, source_key)

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
        return Prepared(command, (*self._entries, *personal), content_digest(self._secret, said))


def explained(command_class: type[Command], error: ValidationError) -> str:
    """The first problem of a command's fields as one sentence with the option's name."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    option = _said_as(command_class, name) if name else command_class.path
    problem = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    match first["type"]:
        case "missing":
            return f"'{command_class.path}' needs {option}."
        case "extra_forbidden":
            known = ", ".join(sorted(command_class.model_fields))
            return f"'{command_class.path}' has no field {name!r}; its fields are {known}."
        case "date_from_datetime_parsing" | "date_parsing" | "date_from_datetime_inexact":
            problem = f"{first['input']!r} is not a day written like 2026-06-30"
        case "decimal_parsing" | "decimal_type":
            problem = f"{first['input']!r} is not a number written like 1250.50"
        case "literal_error":
            problem = f"{first['input']!r} is none of {first['ctx']['expected']}"
        case "value_error":
            pass
        case _:
            problem = f"{problem[0].lower()}{problem[1:]} (given: {str(first['input'])[:60]!r})"
    return f"{option}: {problem.rstrip('.')}."


def _said_as(command_class: type[Command], name: str) -> str:
    field = command_class.model_fields.get(name)
    if field and any(isinstance(mark, Argument) for mark in field.metadata):
        return name.replace("_", "-").upper()
    return f"--{name.replace('_', '-')}"
