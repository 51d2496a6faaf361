"""The base of every command: a pydantic model and a pure `decide`.

A command is made by `Intake.command` from what a person or a file said: keys of people become pseudonyms, free text
becomes notes, files become evidence. `decide` then sees typed values only, and reads no clock and no other I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from schemas.event import Event, Record
from schemas.fields import FIRST_DAY, LAST_DAY, Evidence, Note, PersonId
from schemas.streams import key
from services.commands.fold import State


@dataclass(frozen=True, slots=True)
class Context:
    """What `decide` may know besides the stream itself; gathered before, so that deciding stays pure."""

    now: datetime
    occurred_at: datetime
    day: date
    currency: str = "EUR"
    corrects: Record | None = None
    others: Mapping[str, State] = field(default_factory=dict)
    zone: tzinfo = UTC
    kpis: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What each KPI measures and which way is better, by name; empty where none are known."""

    def other(self, stream: str) -> State:
        """The state of another stream that the command names; empty if it does not exist."""
        return self.others.get(stream, State())


class Command(BaseModel):
    """What somebody asks to be recorded. `path` is its place in the CLI: ``project propose``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, str_strip_whitespace=True)

    path: ClassVar[str]
    example: ClassVar[str]

    def __init_subclass__(cls, path: str = "", example: str = "", **kwargs: Any) -> None:
        """Takes ``class Start(Command, path="project start", example="ALPHA --on 2026-03-01")``."""
        super().__init_subclass__(**kwargs)
        if path:
            cls.path, cls.example = path, example

    def stream(self) -> str:
        """The stream that it is about."""
        raise NotImplementedError

    def references(self) -> tuple[str, ...]:
        """Other streams that must exist for it to make sense."""
        return ()

    def considers(self) -> tuple[str, ...]:
        """Other streams that `decide` looks at and that need not exist."""
        return ()

    def settings(self) -> tuple[str, ...]:
        """Settings that it names: where others of their sort are set, they must be among these."""
        return ()

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """The events that follow, given the state at its time and the events after it; raises Rejected or BadInput."""
        raise NotImplementedError

    def occurs_on(self) -> date | None:
        """The day that the command itself says it happened on, where it has a field for that."""
        return None

    def personal(self) -> dict[str, str]:
        """Values about the stream's person that go to the directory and never into the log."""
        return {}


class Translator:
    """What turns a person's key, a text and a file into what may stand in an event; see `intake.Intake`."""

    def person(self, source_key: str) -> str:
        """The pseudonym of a person's key."""
        raise NotImplementedError

    def note(self, text: str) -> Note:
        """A note for a free text."""
        raise NotImplementedError

    def evidence(self, where: str) -> Evidence:
        """Evidence for a URI or a file's path."""
        raise NotImplementedError


def _translator(info: ValidationInfo) -> Translator:
    if not isinstance(info.context, Translator):
        raise ValueError("needs an intake to be translated by")
    return info.context


def _person(value: Any, info: ValidationInfo) -> Any:
    return _translator(info).person(value) if isinstance(value, str) else value


def _note(value: Any, info: ValidationInfo) -> Any:
    return _translator(info).note(value) if isinstance(value, str) else value


def _evidence(value: Any, info: ValidationInfo) -> Any:
    return _translator(info).evidence(value) if isinstance(value, str) else value


def _key(value: Any) -> Any:
    return key(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Argument:
    """Marks a field that the CLI takes by position."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the CLI names and reads a field's value, where the type alone does not tell."""

    metavar: str


def _moments(value: Any) -> Any:
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError("a day is written like 2026-06-30")
    return value


Day = Annotated[date, BeforeValidator(_moments), Field(ge=FIRST_DAY, le=LAST_DAY, examples=["2026-06-30"])]
KeyField = Annotated[str, BeforeValidator(_key), Shape("CODE"), Field(examples=["ALPHA"])]
PersonKey = Annotated[PersonId, BeforeValidator(_person), Shape("PERSON")]
FreeText = Annotated[Note, BeforeValidator(_note), Shape("TEXT")]
Proof = Annotated[Evidence, BeforeValidator(_evidence), Shape("FILE_OR_URI")]
KeyArgument = Annotated[KeyField, Argument()]
PersonArgument = Annotated[PersonKey, Argument()]
