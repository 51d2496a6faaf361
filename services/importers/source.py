"""What a source of `pmo import` is: how its files are read, and the mapping that says what they leave open."""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from schemas.fields import Hours, Key, Text
from schemas.work import StatusCategory
from services.errors import BadInput
from services.importers.misspelt import unknown_keys
from services.importers.moments import DateOrder
from services.importers.shown import Export
from services.importers.sources import Row
from services.yamlfile import Document


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/London") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value or ()


def _plain(titles: tuple[str, ...]) -> object:
    return titles[0] if len(titles) == 1 else list(titles) or None


Titles = Annotated[tuple[str, ...], BeforeValidator(_listed), PlainSerializer(_plain, when_used="json")]
"""The titles that a column may have in a file: one, several, or null for none."""


class Part(BaseModel):
    """A part of a mapping file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Joining(Part):
    """As what the people of a source join, where its mapping asks for that: a source of work says no such thing."""

    unit: Key
    role: Text
    weekly_hours: Hours = Decimal(40)


class ProjectRule(Part):
    """Which project of ours one of the source's is."""

    project: Key
    unit: Key | None = None


class SourceMapping(Part):
    """What all mappings say; a source's own adds its columns and fields. Every key may be left out."""

    zone: Zone | None = Field(default=None, description="Of times that have none")
    date_order: DateOrder | None = Field(default=None, description="dmy or mdy, where 5/6/25 may be either")
    unit: Key | None = Field(default=None, description="The unit that answers for projects not yet known")
    projects: dict[str, ProjectRule] = Field(default={}, description="The source's projects, by its key, as ours")
    statuses: dict[str, StatusCategory] = Field(default={}, description="The category of each status")
    people: dict[str, str] = Field(default={}, description="Names in the source, and the key each one has there")
    join: Joining | None = Field(default=None, description="As what people join at the first day that they are named")
    complete: bool = Field(
        default=False, description="The files of one import hold all of their projects: what is missing is gone"
    )


@dataclass(frozen=True, slots=True)
class Given:
    """What the user said with the files, which wins over the mapping."""

    zone: ZoneInfo | None = None
    date_order: DateOrder | None = None
    data_date: dt.date | None = None
    complete: bool = False


class Read(NamedTuple):
    """Files, understood: each as an export, and the mapping that was used with what was guessed filled in."""

    exports: list[Export]
    mapping: SourceMapping


@dataclass(frozen=True)
class Source:
    """One tool. `read` takes all files of one import, since one export may be in several; it records nothing.

    It raises BadInput with one sentence for a file that is not what the source writes.
    """

    name: str
    title: str
    mapping: type[SourceMapping]
    read: Callable[[Sequence[Path], Any, Given], Read]
    files: str
    epilog: str


def load(row: Row) -> Source:
    """The source of a row."""
    source: Source = import_module(row.module).SOURCE
    return source


def load_mapping(source: Source, path: Path | None, given: Given) -> SourceMapping:
    """The mapping of this file, or defaults, under what the user said. What is wrong with it is said with its line."""
    said = {
        name: value
        for name, value in (
            ("zone", given.zone.key if given.zone else None),
            ("date_order", given.date_order),
            ("complete", given.complete or None),
        )
        if value is not None
    }
    if path is None:
        return source.mapping.model_validate(said)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    document = Document(path, data)
    if not isinstance(document.content, dict):
        raise document.error(1, f"a mapping for {source.name} has keys such as `statuses`")
    try:
        return source.mapping.model_validate({**document.content, **said})
    except ValidationError as error:
        raise document.refused(unknown_keys(error.errors(), source.mapping) or error.errors()) from error


def written(mapping: SourceMapping, title: str) -> str:
    """The mapping as a file that can be edited and used again."""
    plain = mapping.model_dump(mode="json", exclude_defaults=True)
    body = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False) if plain else ""
    return f"# {title}: what was guessed. Edit it, and give it with --mapping.\n{body}"


def digest_of(mapping: SourceMapping) -> str:
    """What tells one mapping from another in the record of an import."""
    return hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()
