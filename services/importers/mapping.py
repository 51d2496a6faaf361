"""The mapping file: which column is which field, how its cells are written, and which rows are one project."""

import fnmatch
import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.fields import Currency, Day, Key
from schemas.fields import Text as Name
from services.errors import BadInput, NotFound
from services.importers import tabular
from services.importers.cells import rag_key, text
from services.importers.misspelt import unknown_keys
from services.importers.naming import Alias, Identities
from services.yamlfile import Document

_SHIPPED = Path(__file__).parent / "mappings"
_SCALES = {"one": 1, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}

Rag = Literal["green", "amber-green", "amber", "amber-red", "red"]
Status = Literal["proposed", "approved", "running", "on-hold", "completed", "cancelled"]
Order = Literal["dmy", "mdy", "ymd"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _compiled(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a pattern is text")
    try:
        return re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_compiled)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class Layout(_Part):
    """How the files of some names are written; what is left out is guessed and said."""

    files: Texts = ("*",)
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    transposed: bool = False
    sheet: str | None = None


class Report(_Part):
    """When what a file shows was true, and when it was published; by the file's name or by the value of a column."""

    files: Texts | None = None
    column: str | None = None
    value: str | None = None
    data_date: Day
    reported_on: Day | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.files is None) == (self.column is None) or (self.column is None) != (self.value is None):
            raise ValueError("a report is known by `files`, or by `column` and `value`")
        if self.reported_on is not None and self.reported_on < self.data_date:
            raise ValueError("`reported_on` lies before `data_date`")
        return self

    @field_validator("value", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value


class Column(_Part):
    """Where a field stands: the first of these columns that has a value; `*` at the end stands for more.

    A file that has none of them is refused, unless the field is not `required`.
    """

    columns: Texts
    required: bool = True
    replace: dict[str, str] = {}


class DayColumn(Column):
    """A date, and the orders of day, month and year that its cells may have."""

    orders: tuple[Order, ...] = Field(default=("dmy", "mdy", "ymd"), min_length=1)


class MoneyColumn(Column):
    """An amount, and the unit of the column where a cell does not say its own."""

    unit: Literal["one", "thousand", "million", "billion"] = "one"
    decimal: Literal[".", ","] = "."

    @property
    def scale(self) -> int:
        """The unit as a factor."""
        return _SCALES[self.unit]


class ShareColumn(Column):
    """A share, and whether a number without a percent sign is a percentage or a fraction."""

    unit: Literal["percent", "fraction"] = "percent"


class Fields(_Part):
    """The columns of each field. Only a name is needed."""

    name: Column
    key: Column | None = None
    unit: Column | None = None
    status: Column | None = None
    rag: Column | None = None
    category: Column | None = None
    narrative: Column | None = None
    data_date: DayColumn | None = None
    start: DayColumn | None = None
    finish: DayColumn | None = None
    budget: MoneyColumn | None = None
    forecast_cost: MoneyColumn | None = None
    actual_cost: MoneyColumn | None = None
    year_budget: MoneyColumn | None = None
    year_forecast: MoneyColumn | None = None
    benefits: MoneyColumn | None = None
    percent_complete: ShareColumn | None = None


class Unit(_Part):
    """A business unit: its name, and how else the source writes it."""

    name: Name
    also: tuple[str, ...] = ()


class AliasRule(_Part):
    """Names and keys of the source that a person found to be one project."""

    key: str | None = None
    names: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    units: Texts | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.names and not self.keys:
            raise ValueError("an alias lists `names` or `keys`")
        if self.key is None and not self.names:
            raise ValueError("an alias without `names` needs the `key` that it stands for")
        return self

    @property
    def alias(self) -> Alias:
        """The rule as `Identities` takes it."""
        return Alias(self.key, self.names, self.keys, self.units or ())


class IgnoreRule(_Part):
    """Rows that are no projects, such as totals, by what a column says."""

    column: str
    matches: Pattern
    reason: str


class Mapping(_Part):
    """One mapping file. `digest` is of its bytes, for the record of the import.

    `complete_listing` says that each file lists every project that the source still follows, so that one which a later
    file no longer shows has left the source.
    """

    digest: str
    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{0,46}$")]
    title: str | None = None
    currency: Currency | None = None
    century_from: Annotated[int, Field(ge=1900, le=2000)] | None = None
    layouts: tuple[Layout, ...] = ()
    reports: tuple[Report, ...] = ()
    fields: Fields
    rag: dict[str, Rag] = {}
    statuses: dict[str, Status] = {}
    units: dict[Key, Unit] = {}
    absent: tuple[Pattern, ...] = ()
    ignore: tuple[IgnoreRule, ...] = ()
    names_per_unit: bool = True
    complete_listing: bool = False
    aliases: tuple[AliasRule, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        money = ("budget", "forecast_cost", "actual_cost", "year_budget", "year_forecast", "benefits")
        if self.currency is None and any(getattr(self.fields, field) is not None for field in money):
            raise ValueError("amounts need a `currency`")
        if self.fields.rag is not None and not self.rag:
            raise ValueError("a RAG column needs the scale `rag`, from the source's ratings to ours")
        for rule in self.aliases:
            if self.units and (unknown := set(rule.units or ()) - set(self.units)):
                raise ValueError(f"an alias is for {', '.join(sorted(unknown))}, which is not among `units`")
        return self

    @cached_property
    def identities(self) -> Identities:
        """The rules of which row is which project."""
        return Identities((rule.alias for rule in self.aliases), self.names_per_unit)

    @cached_property
    def rag_scale(self) -> dict[str, str]:
        """The ratings by what their spellings share."""
        return {rag_key(spelling): ours for spelling, ours in self.rag.items()}

    @cached_property
    def unit_codes(self) -> dict[str, str]:
        """The code of each way in which the source writes a unit, in lower case."""
        return {
            written.casefold(): code for code, unit in self.units.items() for written in (code, unit.name, *unit.also)
        }

    def layout(self, file: str) -> tabular.Format:
        """How to read the file of this name."""
        found = next((layout for layout in self.layouts if _named(file, layout.files)), Layout())
        return tabular.Format(found.encoding, found.delimiter, found.transposed, found.sheet)

    def report(self, file: str) -> Report | None:
        """The report that the file's name tells, if one does."""
        return next((report for report in self.reports if report.files and _named(file, report.files)), None)


def find(name: str) -> Path:
    """The mapping file of this path, or of this name among those that ship, such as ``gmpp``."""
    if (path := Path(name)).suffix in (".yaml", ".yml"):
        return path
    shipped = sorted(_SHIPPED.glob("*.yaml"))
    found = next((path for path in shipped if path.stem == name), None)
    if found is None:
        known = ", ".join(path.stem for path in shipped)
        raise NotFound(f"There is no mapping {name!r}: give the path of a .yaml file, or one of {known}.")
    return found


def load(path: Path) -> Mapping:
    """The mapping in `path`; what is wrong with it is said with its line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    document = Document(path, data)
    if not isinstance(document.content, dict):
        raise document.error(1, "a mapping has keys such as `source` and `fields`")
    document.content["digest"] = hashlib.sha256(data).hexdigest()
    try:
        mapping = Mapping.model_validate(document.content)
    except ValidationError as error:
        raise document.refused(unknown_keys(error.errors(), Mapping) or error.errors()) from error
    try:
        _ = mapping.identities
    except ValueError as error:
        raise document.error(document.line_of(("aliases",)), str(error)) from error
    return mapping


def column_matches(pattern: str, column: str) -> bool:
    """Whether a header is the one that a mapping names: case and spacing aside, `*` at the end for more."""
    wanted, header = (text(pattern) or "").casefold(), (text(column) or "").casefold()
    return header.startswith(wanted[:-1].rstrip()) if wanted.endswith("*") else header == wanted


def _named(file: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(file.casefold(), pattern.casefold()) for pattern in patterns)
