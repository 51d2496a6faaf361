"""What a control may say: the templates' parameters, as its YAML file gives them.

The vocabulary is that of DECLARE: an `activation` makes an occasion, other events of the same stream decide it. A
`Selector` picks events by what happened and by values of the log's columns; `observed` picks the states that a source
shows without decisions, which are evidence of neither. A further template is a model here and its SQL in `templates`.
"""

import re
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from schemas.catalogue import EVENTS
from services.errors import meant
from services.projections.definitions import table, tables, view_of

Value = str | int | bool | None
_COLUMN = re.compile(r"^ {4}(\w+) (.+?),?$", re.MULTILINE)
_WRAPPED = re.compile(r"^(?:LowCardinality|Nullable)\((.+)\)$")


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(max_length=50)]


@cache
def happenings(kind: str) -> frozenset[str]:
    """What can happen to a stream of this kind, as the logs' `happened` tells it."""
    return frozenset(event.type_name.split(".")[2] for event in EVENTS if event.kind == kind)


@cache
def columns(log: str) -> dict[str, str]:
    """The columns of a log by name, each with its type without Nullable and LowCardinality."""
    owner = next(t.name for t in tables() if any(view.name == log for view in t.views))
    found = {}
    for match in _COLUMN.finditer(table(owner).ddl):
        kind = match[2]
        while wrapped := _WRAPPED.match(kind):
            kind = wrapped[1]
        found[match[1]] = kind
    return found


def log_of(kind: str) -> str:
    """The view with all that happened to streams of this kind and counts."""
    return "unit_log" if kind == "business-unit" else f"{kind}_log"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _column(name: str, info: ValidationInfo) -> str:
    known = columns(log_of(_kind(info)))
    if name not in known:
        raise ValueError(f"a {_kind(info)} record has no column {name!r}; {meant(name, known)}")
    return name


def _day_column(name: str, info: ValidationInfo) -> str:
    if (held := columns(log_of(_kind(info)))[_column(name, info)]) != "Date32":
        raise ValueError(f"{name!r} holds {held}, not a day")
    return name


def _happening(names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    return _checked(names, _kind(info))


def _checked(names: tuple[str, ...], kind: str) -> tuple[str, ...]:
    known = happenings(kind)
    for name in names:
        if name not in known:
            raise ValueError(f"nothing of a {kind} is {name!r}; {meant(name, known)}")
    return names


def _kind(info: ValidationInfo) -> str:
    return str((info.context or {})["kind"])


class Selector(_Model):
    """Events of the stream: one of `happened`, and each column of `where` has one of its values (null: unknown)."""

    happened: Annotated[Names, Field(min_length=1)]
    where: dict[str, Annotated[tuple[Value, ...], BeforeValidator(_listed), Field(min_length=1)]] = {}

    @field_validator("happened")
    @classmethod
    def _known(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return _happening(names, info)

    @field_validator("where")
    @classmethod
    def _typed(cls, where: dict[str, tuple[Value, ...]], info: ValidationInfo) -> dict[str, tuple[Value, ...]]:
        known = columns(log_of(_kind(info)))
        fitting = {"String": str, "Bool": bool, "UInt16": int, "UInt32": int}
        for name, values in where.items():
            _column(name, info)
            python = fitting.get(known[name])
            if python is None:
                raise ValueError(f"{name!r} holds {known[name]}, and only text, numbers and yes or no can be compared")
            if any(value is not None and type(value) is not python for value in values):
                raise ValueError(f"{name!r} holds {known[name]}, and one of its values here is something else")
        return where


class Activated(_Model):
    """What every template has: which events make an occasion."""

    activation: Selector
    observed: Selector | None = Field(
        default=None, description="A source's states that imply an activation: no evidence, where none is recorded"
    )


class Requirement(Selector):
    """What has to hold when the occasion comes: the last event of `happened` or `cancelled_by` is one of `happened`."""

    name: str
    cancelled_by: Names = ()
    observed: Selector | None = None

    @field_validator("cancelled_by")
    @classmethod
    def _known_too(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return _happening(names, info)


class Precedence(Activated):
    """Nothing is activated before all that is required holds. What comes only afterwards cures late."""

    template: Literal["precedence"]
    required: Annotated[tuple[Requirement, ...], Field(min_length=1)]


class Running(_Model):
    """While it runs: from each event of `begins` to the next of `ends` or `begins`; the clock rests outside."""

    begins: Annotated[Names, Field(min_length=1)]
    ends: Annotated[Names, Field(min_length=1)]

    @field_validator("begins", "ends")
    @classmethod
    def _known(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return _happening(names, info)


class Periodic(_Model):
    """While it runs, the target comes at least every so many days: each one, and the first start, asks for the next."""

    template: Literal["periodic"]
    during: Running
    target: Selector
    every_days: Annotated[int, Field(ge=1, le=3660)]
    observed: Selector | None = None


class Pair(Activated):
    """Two events by different people: `activation` by the person in `by`, the last `against` before by `other`."""

    by: str
    against: Selector
    other: str
    same_item: bool = Field(default=False, description="Only what is about the same part of the stream")

    @field_validator("by", "other")
    @classmethod
    def _person(cls, name: str, info: ValidationInfo) -> str:
        return _column(name, info)


class Segregation(_Model):
    """Nobody decides on their own matter. Where either person is unknown, there is no evidence."""

    template: Literal["segregation"]
    pairs: Annotated[tuple[Pair, ...], Field(min_length=1)]


class Release(Selector):
    """Puts the due day off: to the day in the column `until`, or for ever; what is in `ended_by` ends that earlier."""

    until: str | None = None
    ended_by: Names = ()

    @field_validator("until")
    @classmethod
    def _day(cls, name: str | None, info: ValidationInfo) -> str | None:
        return None if name is None else _day_column(name, info)

    @field_validator("ended_by")
    @classmethod
    def _known_too(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return _happening(names, info)


class InForce(_Model):
    """The `column` of a target has the value that was in force in another stream, named by our column `by`."""

    column: str
    of: Literal["standard"]
    by: str
    happened: Names
    ended_by: Names = ()

    @field_validator("column", "by")
    @classmethod
    def _ours(cls, name: str, info: ValidationInfo) -> str:
        return _column(name, info)

    @field_validator("happened", "ended_by")
    @classmethod
    def _known(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return _checked(names, str(info.data.get("of")))


class Response(Activated):
    """An activation asks for the target by the end of the day in its column `due`; a later one cures late.

    A further activation by then takes the place of the earlier one. With `earlier_counts`, a target from before the
    activation serves too. What is released until after its due day is due when the release ends.
    """

    template: Literal["response"]
    due: str
    target: Selector
    in_force: InForce | None = None
    earlier_counts: bool = False
    same_item: bool = Field(default=False, description="Only what is about the same part of the stream")
    released_by: tuple[Release, ...] = ()

    @field_validator("due")
    @classmethod
    def _day(cls, name: str, info: ValidationInfo) -> str:
        return _day_column(name, info)


class ValidWhile(_Model):
    """Each row of the view `needs` (a stretch of days) is covered without a gap by rows of the view `held`.

    Both are views of days: `needs` has unit, stream, label, k, detail, evidence, from_day, to_day and the columns of
    `match`; `held` has from_day, to_day, event and the columns of `match`.
    """

    template: Literal["valid-while"]
    needs: str
    held: str
    match: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z_]+$")], ...], Field(min_length=1)]

    @field_validator("needs", "held")
    @classmethod
    def _view(cls, name: str) -> str:
        return _viewed(name)


Selectors = Annotated[tuple[Selector, ...], BeforeValidator(_listed), Field(min_length=1)]


class Stretch(_Model):
    """From what one of `begins` picks to the next of `ends`."""

    begins: Selectors
    ends: Selectors


class Absence(Activated):
    """What is activated is never of the `forbidden` sort, or never comes `during` a stretch, once its grace is over.

    `cured_by` says what cures it afterwards, unless it is forbidden itself; without, nothing does.
    """

    template: Literal["absence"]
    forbidden: Selector | None = None
    during: Stretch | None = None
    grace_days: Annotated[int, Field(ge=0, le=3660)] = 0
    cured_by: Selectors | None = None
    same_item: bool = Field(default=False, description="Only what is about the same part of the stream cures")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.forbidden is None) == (self.during is None):
            raise ValueError("an absence names either what is forbidden, or during what")
        return self


class Existence(Activated):
    """By so many days after the activation, what is `needed` has come, then or at any time before."""

    template: Literal["existence"]
    needed: Selector
    within_days: Annotated[int, Field(ge=0, le=3660)] = 0
    same_item: bool = Field(default=False, description="Only what is about the same part of the stream")


class NotMoreThan(_Model):
    """No run is longer than `at_most`.

    A run is what is counted until one of `ended_by`, or another value in a column of `alike`. Each run is
    one occasion; nothing cures one that was too long.
    """

    template: Literal["not-more-than"]
    counted: Selector
    at_most: Annotated[int, Field(ge=1, le=10_000)]
    alike: Names = ()
    ended_by: Names = ()
    same_item: bool = Field(default=False, description="Each part of the stream is counted for itself")

    @field_validator("alike")
    @classmethod
    def _ours(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return tuple(_column(name, info) for name in names)

    @field_validator("ended_by")
    @classmethod
    def _known(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return _checked(names, _kind(info))


class Limit(_Model):
    """The number in each row of a view keeps within a limit.

    The view has one row per occasion: stream, owner (the stream whose unit answers), k of the activating event, number
    (null: no evidence), own_limit (in the place of ours, or null), is_open (1 while the number may still grow),
    from_day (the due day is so many days later, or null), cured_at (or null), evidence and detail. `given` are
    parameters of the view; one that is named `limit` takes the limit itself.
    """

    template: Literal["limit"]
    view: str
    at_most: float | None = None
    at_least: float | None = None
    given: dict[str, float] = Field(default={}, validate_default=True)

    @field_validator("view")
    @classmethod
    def _view(cls, name: str) -> str:
        _viewed(name)
        if missing := [column for column in _OCCASION if column not in view_of(name).text]:
            raise ValueError(f"the view {name!r} has no {' and no '.join(missing)}, so it is not one of occasions")
        return name

    @field_validator("given")
    @classmethod
    def _taken(cls, given: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        taken = view_of(info.data["view"]).params.keys() - _OF_THE_SCOPE if "view" in info.data else given.keys()
        if taken != given.keys():
            raise ValueError(f"the view takes {' and '.join(sorted(taken)) or 'nothing'}")
        return given

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a limit is either at_most or at_least")
        return self


_OCCASION = ("owner", "number", "own_limit", "is_open", "from_day", "cured_at")
_OF_THE_SCOPE = {"as_of", "as_of_k", "known_at", "basis", "tz", "period_from", "period_to", "limit"}


def _viewed(name: str) -> str:
    known = {view.name for t in tables() for view in t.views}
    if name not in known:
        raise ValueError(f"there is no view {name!r}; {meant(name, known)}")
    return name


Rule = Annotated[
    Precedence | Response | Periodic | Segregation | ValidWhile | Absence | Existence | NotMoreThan | Limit,
    Field(discriminator="template"),
]
