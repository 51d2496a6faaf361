"""Published figures as data: those shipped in ``industry.yaml``, and a workspace's own in ``benchmarks.yaml``."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.errors import Unavailable
from services.yamlfile import Document

SHIPPED = Path(__file__).with_name("industry.yaml")
OWN = "benchmarks.yaml"
Counted = Literal["projects", "organisations", "respondents' estimates"]
Line = Annotated[str, Field(min_length=1, max_length=500)]


class Cited(BaseModel):
    """A published figure: its value in the measure of `kpi` (a share is 0..1), of whom, in which words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    figure: Line
    value: Annotated[Decimal, Field(allow_inf_nan=False)]
    kpi: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    source: Line
    year: Annotated[int, Field(ge=1900, le=date.max.year)]
    population: Line
    unit: Counted
    wording: Line
    warning: Annotated[str, Field(max_length=500)] = ""


class _Rows(BaseModel):
    rows: list[Cited]


@cache
def shipped() -> tuple[Cited, ...]:
    """The rows of the catalogue."""
    return read(SHIPPED)


def cited_with(home: Path) -> tuple[Cited, ...]:
    """The shipped rows and the workspace's own. Raises BadInput with file and line."""
    own = home / OWN
    if not own.exists():
        return shipped()
    return (*shipped(), *read(own, taken=frozenset(row.id for row in shipped())))


def read(path: Path, taken: frozenset[str] = frozenset()) -> tuple[Cited, ...]:
    """The rows of one file, a list of mappings; no id is given again. Raises BadInput with file and line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read ({error.strerror}); correct its rights.") from None
    document = Document(path, data, "a list of published figures")
    if not isinstance(document.content, list):
        raise document.error(1, "it must be a list of published figures, each beginning with '- id: ...'")
    try:
        rows = _Rows.model_validate({"rows": document.content}).rows
    except ValidationError as error:
        found = [{**e, "loc": e["loc"][1:]} for e in error.errors()]
        raise document.refused(found) from error  # type: ignore[arg-type]
    seen = set(taken)
    for place, row in enumerate(rows):
        if row.id in seen:
            raise document.error(document.line_of([place, "id"]), f"id: there is a row {row.id} already")
        seen.add(row.id)
    return tuple(rows)
