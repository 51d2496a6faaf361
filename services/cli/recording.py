"""From what was typed, or stood in a file, to recorded events: who says it, when it was true, under which id."""

from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from services import times
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.command import Command
from services.commands.directory import PERSON_PREFIX, Entry, pseudonym
from services.commands.intake import Intake
from services.errors import BadInput
from services.runtime import open_app
from services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_PREFIX = "system:"


@dataclass(frozen=True, slots=True)
class Common:
    """What may be said with every command, as it was written. `recorded_at` is for simulated workspaces only."""

    on: str | None = None
    at: str | None = None
    reported_at: str | None = None
    supersedes: int | None = None
    command_id: str | None = None
    actor: str | None = None
    recorded_at: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who says it: the id for the log, and the login for the directory."""

    id: str
    login: Entry | None


class Scribe:
    """Records in one unit of work, and introduces each actor to the directory with their first event."""

    def __init__(self, app: Governance, unit: UnitOfWork) -> None:
        self._app = app
        self.unit = unit
        self._introduced: set[str] = set()

    def record(self, command_class: type[Command], fields: Mapping[str, Any], meta: Meta, actor: Actor) -> Outcome:
        """Decides one command and adds what follows to the unit."""
        intake = Intake(self._app.settings.secret.get_secret_value())
        prepared = intake.prepare(command_class, fields, meta.said())
        outcome = self.unit.handle(prepared, meta)
        self.introduce(actor, outcome)
        return outcome

    def introduce(self, actor: Actor, outcome: Outcome) -> None:
        """Keeps the actor's login in the directory, unless it is there, or was erased from it."""
        if actor.login is None or outcome.repeated or not outcome.records or actor.id in self._introduced:
            return
        self._introduced.add(actor.id)
        if not self._app.store.has_entry(actor.login.subject, actor.login.field):
            self.unit.record_entries([actor.login])


@contextmanager
def opened() -> "Iterator[Governance]":
    """The application of the present workspace."""
    with open_app(Settings.load()) as app:
        yield app
        if app.suppressed:
            people = ", ".join(sorted(app.suppressed))
            click.echo(f"Not kept, as it was erased: what was said of {people} ('pmo person erase').", err=True)


def actor_of(settings: Settings, said: str | None) -> Actor:
    """The actor that `said` names: a login, ``person:ID`` or ``system:NAME``; by default the setting's."""
    login = (settings.actor if said is None else said).strip()
    if login.startswith(SYSTEM_PREFIX):
        return Actor(login, None)
    try:
        person = pseudonym(settings.secret.get_secret_value(), login)
    except ValueError as error:
        raise BadInput(f"--actor: {error}.") from None
    actor = f"{PERSON_PREFIX}{person}"
    return Actor(actor, None if login.startswith(PERSON_PREFIX) else Entry(actor, "login", login))


def meta_of(settings: Settings, common: Common, actor: Actor) -> Meta:
    """What comes with a command, checked. Raises BadInput that names the option."""
    zone = settings.zone
    given: dict[str, Any] = {}
    if common.on is not None:
        given["on"] = times.day(common.on, "--on", zone)
    if common.at is not None:
        given["at"] = times.instant(common.at, "--at", zone)
    if common.reported_at is not None:
        given["reported_at"] = times.start_of(common.reported_at, "--reported-at", zone)
    if common.recorded_at is not None:
        given["recorded_at"] = times.start_of(common.recorded_at, "recorded_at", zone)
    if common.command_id is not None:
        given["command_id"] = common.command_id
    return Meta(actor=actor.id, supersedes=common.supersedes, **given)


def as_data(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """The events of these outcomes, for programs."""
    return [
        {
            "id": record.event_id,
            "type": record.type_name,
            "stream": record.stream,
            "version": record.version,
            "occurred_at": record.occurred_at,
            "recorded_at": record.recorded_at,
            "data": record.as_recorded.model_dump(mode="json"),
        }
        for outcome in outcomes
        for record in outcome.records
    ]


def as_lines(outcome: Outcome) -> list[str]:
    """One line for each event, for people."""
    if not outcome.records:
        return [f"Nothing to record: {outcome.stream} says so already."]
    again = " (recorded earlier by the same command id)" if outcome.repeated else ""
    return [f"{record.event_id} {short_type(record.type_name)}{again}" for record in outcome.records]


def short_type(type_name: str) -> str:
    """``proposed`` of ``pmo.project.proposed.v1``."""
    return type_name.split(".")[2]
