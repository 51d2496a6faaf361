"""What a file does not say: codes of projects, the unit, who is who, which resources are roles. Optional, as YAML."""

import hashlib
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.fields import Currency, Key, Text
from services.errors import BadInput
from services.importers.misspelt import unknown_keys
from services.yamlfile import Document

NO_UNIT = "MSPROJECT"
"""The unit of those of whom no unit is known."""
_HEAD = """\
# How plans are read; see docs/import-msproject.md. `people` maps a resource of a file to the person's own key, as in
# 'pmo person join': without it, a resource is a person of its own, whom 'pmo person link' joins with another.
"""


class Mapping(BaseModel):
    """The mapping of plans. Its digest is kept with the import."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Key | None = Field(default=None, description="The unit that answers for the projects and has their people")
    currency: Currency | None = Field(default=None, description="Of files that hold costs and name none")
    projects: dict[str, Key] = Field(default={}, description="Code by GUID, project id, title or file name")
    people: dict[str, Text] = Field(default={}, description="A person's own key by e-mail, account, GUID or name")
    roles: frozenset[str] = Field(default=frozenset(), description="Names of resources that are no one person")

    @property
    def digest(self) -> str:
        """SHA-256 of what it says."""
        said = self.model_dump_json(exclude={"roles"}) + "\n".join(sorted(self.roles))
        return hashlib.sha256(said.encode()).hexdigest()

    def with_options(self, unit: str | None, currency: str | None) -> Self:
        """The mapping with what was said on the command line, which counts more. Raises BadInput."""
        said = {name: value for name, value in (("unit", unit), ("currency", currency)) if value}
        try:
            return type(self).model_validate({**self.model_dump(), **{n: v.strip().upper() for n, v in said.items()}})
        except ValidationError as error:
            first = error.errors()[0]
            raise BadInput(f"--{first['loc'][0]}: {first['input']!r} is not written as it has to be.") from None


def load(path: Path) -> Mapping:
    """The mapping in a file. Raises BadInput with file and line."""
    try:
        document = Document(path, path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        return Mapping.model_validate(document.content)
    except ValidationError as error:
        raise document.refused(unknown_keys(error.errors(), Mapping) or error.errors()) from None


def write(path: Path, mapping: Mapping) -> None:
    """Writes a mapping to edit. Raises BadInput if there is such a file already."""
    content = {**mapping.model_dump(), "roles": sorted(mapping.roles)}
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(_HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    except FileExistsError:
        raise BadInput(f"{path} exists already; name another file, or use it by --mapping.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from error
