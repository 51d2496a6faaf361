"""How the field of a command looks on the command line, told from its type."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from services.commands.command import Argument, Shape


class Form(Enum):
    """The ways in which a value is given."""

    FLAG = auto()
    CHOICE = auto()
    DAY = auto()
    VALUE = auto()
    LIST = auto()
    PAIRS = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """A field on the command line."""

    name: str
    form: Form
    metavar: str
    choices: tuple[str, ...]
    positional: bool
    required: bool
    help: str

    @property
    def option(self) -> str:
        """The option's name."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.name.replace("_", "-").upper() if self.positional else self.option


_METAVARS: dict[type, str] = {date: "DAY", Decimal: "NUMBER", int: "NUMBER"}


def look_of(name: str, field: FieldInfo) -> Look:
    """The look of one field of a command."""
    plain, marks = _plain(field.annotation, list(field.metadata))
    form, metavar, choices = _form(plain, marks)
    positional = any(isinstance(mark, Argument) for mark in marks)
    return Look(name, form, metavar, choices, positional, field.is_required(), _help(name, form, field, choices))


def _form(plain: Any, marks: list[Any]) -> tuple[Form, str, tuple[str, ...]]:
    shape = next((mark.metavar for mark in reversed(marks) if isinstance(mark, Shape)), None)
    origin = get_origin(plain)
    if plain is bool:
        return Form.FLAG, "", ()
    if origin is Literal:
        return Form.CHOICE, "", tuple(str(each) for each in get_args(plain))
    if origin is dict:
        key, value = (_form(*_plain(part, [])) for part in get_args(plain))
        return Form.PAIRS, f"{key[1] or 'KEY'}={value[1] or 'VALUE'}", ()
    if origin is tuple:
        return Form.LIST, _form(*_plain(get_args(plain)[0], []))[1], ()
    if plain is date:
        return Form.DAY, "DAY", ()
    return Form.VALUE, shape or _METAVARS.get(plain, "TEXT"), ()


def _plain(annotation: Any, marks: list[Any]) -> tuple[Any, list[Any]]:
    """The type without `Annotated` and without None, and all that was annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _plain(inner, [*more, *marks])
    if origin in (Union, UnionType):
        rest = [each for each in get_args(annotation) if each is not NoneType]
        if len(rest) == 1:
            return _plain(rest[0], marks)
    return annotation, marks


def _help(name: str, form: Form, field: FieldInfo, choices: tuple[str, ...]) -> str:
    text = field.description or ""
    if choices:
        listed = ", ".join(choices)
        if not all(choice in text for choice in choices):
            text = f"{text}: {listed}"
    if form in (Form.LIST, Form.PAIRS):
        example = f", such as {field.examples[0]}" if form is Form.PAIRS and field.examples else ""
        text = f"{text}{example}; may be repeated"
    if field.is_required():
        return f"{text}  [required]"
    default = field.default
    if form is Form.FLAG and isinstance(default, bool):
        return f"{text}  [default: {'' if default else 'no-'}{name.replace('_', '-')}]"
    if default is not None and form in (Form.VALUE, Form.CHOICE) and not field.default_factory:
        return f"{text}  [default: {default}]"
    return text
