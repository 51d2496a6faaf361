"""Given / when / then on events, without a store: ``given(...).when(...).then(...)`` or ``.refused(Error, "words")``.

`given` takes events with the day on which they occurred; people are written by their keys, as a user writes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas.event import Event, Record
from schemas.streams import kind_of
from services.commands.catalogue import STATES
from services.commands.command import Command, Context
from services.commands.directory import pseudonym
from services.commands.fold import State
from services.commands.intake import Intake
from services.errors import PmoError
from tests.strategies import as_read

SECRET = "a secret for tests"
TODAY = date(2026, 6, 30)

ProjectHistory = tuple[tuple[Event, date], ...]


def person(key: str) -> str:
    """The pseudonym of a person's key."""
    return pseudonym(SECRET, key)


def on(day: str, *events: Event) -> ProjectHistory:
    """These events, on that day."""
    return tuple((event, date.fromisoformat(day)) for event in events)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def record(stream: str, version: int, event: Event, day: date, supersedes: int | None = None) -> Record:
    return Record(
        stream=stream,
        version=version,
        **as_read(event),
        occurred_at=midnight(day),
        recorded_at=midnight(TODAY),
        source="/pmo/test",
        actor="system:test",
        command_id=f"c{version}",
        correlation_id="test",
        supersedes=supersedes,
    )


def fold(stream: str, history: Iterable[tuple[Event, date]]) -> State:
    records = [record(stream, n, event, day) for n, (event, day) in enumerate(history, 1)]
    return STATES.get(kind_of(stream), State)(records)


@dataclass(frozen=True)
class Given:
    """What had happened before the command."""

    history: ProjectHistory = ()
    others: dict[str, State] = field(default_factory=dict)
    corrected: int | None = None

    def elsewhere(self, stream: str, *history: tuple[Event, date]) -> "Given":
        """What had happened in another stream."""
        return replace(self, others={**self.others, stream: fold(stream, history)})

    def correcting(self, version: int) -> "Given":
        """The command comes with ``--supersedes version``."""
        return replace(self, corrected=version)

    def when(self, command: type[Command], occurring: str = TODAY.isoformat(), **fields: Any) -> "When":
        """The command, true on the day `occurring`, with fields as a user gives them."""
        return When(self, command, date.fromisoformat(occurring), fields)


@dataclass(frozen=True)
class When:
    """A command that is still to be decided."""

    given: Given
    command_class: type[Command]
    day: date
    fields: dict[str, Any]

    def decide(self) -> Sequence[Event]:
        command = Intake(SECRET).prepare(self.command_class, self.fields, {}).command
        stream = command.stream()
        everything = [record(stream, n, event, day) for n, (event, day) in enumerate(self.given.history, 1)]
        corrects = everything[self.given.corrected - 1] if self.given.corrected else None
        counting = [r for r in everything if r is not corrects]
        at = midnight(self.day)
        before = STATES.get(kind_of(stream), State)(r for r in counting if r.occurred_at <= at)
        later = [r for r in counting if r.occurred_at > at]
        context = Context(midnight(TODAY), at, self.day, "EUR", corrects, self.given.others)
        return command.decide(before, later, context)

    def then(self, *expected: Event) -> None:
        """Exactly these events follow; a note's id and digest are not compared."""
        assert [_without_notes(event) for event in self.decide()] == [_without_notes(event) for event in expected]

    def then_type(self, *expected: type[Event]) -> Sequence[Event]:
        """Events of these types follow; gives them for a closer look."""
        events = self.decide()
        assert [type(event) for event in events] == list(expected)
        return events

    def refused(self, error: type[PmoError], words: str) -> None:
        """Exactly this error, in one sentence with these words."""
        with pytest.raises(error) as raised:
            self.decide()
        message = str(raised.value)
        assert words in message
        assert message.endswith((".", "?")) and "\n" not in message


def given(*histories: ProjectHistory) -> Given:
    """What had happened, in order of recording."""
    return Given(tuple(pair for history in histories for pair in history))


NOTE = {"id": "0" * 32, "digest": "0" * 64}
"""Stands for any note in an expected event."""


def _without_notes(event: Event) -> tuple[type[Event], Any]:
    return type(event), _blank(event.model_dump())


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"id", "digest"}:
            return "a note"
        return {name: _blank(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_blank(one) for one in value]
    return value
