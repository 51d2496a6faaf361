"""The application: load, decide, save, and try again when somebody else was first."""

import random
import re
import secrets
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory, IntegrityError, OperationalError, PersistenceError
from eventsourcing.utils import Environment

from schemas.catalogue import VOIDED
from schemas.event import (
    ACTOR_PATTERN,
    EARLIEST,
    ID_PATTERN,
    MAX_VERSION,
    ActorAuth,
    Event,
    Precision,
    Record,
    RecordTooLarge,
    in_milliseconds,
)
from schemas.fields import Note
from schemas.streams import kind_of
from services.commands.catalogue import MADE_BY, STATES
from services.commands.command import Context
from services.commands.corrections import happened, replaces
from services.commands.days import day_start
from services.commands.directory import Entry, content_digest, is_person, write_note
from services.commands.fold import History, State
from services.commands.intake import Prepared
from services.commands.setting_values import check_known
from services.commands.store import CommandDigest, Store, ToStore, as_record, factory
from services.errors import BadInput, Conflict, NotFound, Rejected, Unavailable
from services.settings import Settings

T = TypeVar("T")
_Times = tuple[datetime, datetime, Precision]
_TRIES = 20
_FAILED_TRIES = 5
_PAUSE_S = (0.01, 0.3)
_CACHED_STREAMS = 20_000
CLOCK_SKEW = timedelta(minutes=5)
_ACTOR = re.compile(ACTOR_PATTERN)
_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Meta:
    """What comes with a command besides its fields. `on` (a day) or `at` (an instant) is when it was true."""

    actor: str
    command_id: str = field(default_factory=lambda: secrets.token_hex(16))
    correlation_id: str | None = None
    causation_id: str | None = None
    actor_auth: ActorAuth = "claimed"
    on: date | None = None
    at: datetime | None = None
    reported_at: datetime | None = None
    supersedes: int | None = None
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuses what the envelope cannot hold. Raises BadInput."""
        if not _ACTOR.fullmatch(self.actor):
            raise BadInput(f"The actor {self.actor!r} is neither person:ID nor system:name.")
        for what in ("command_id", "correlation_id", "causation_id"):
            value = getattr(self, what)
            if value is not None and not _ID.fullmatch(value):
                raise BadInput(
                    f"The {what.replace('_', ' ')} {value[:60]!r} is not 1 to 200 letters, digits or . _ : / @ + = -"
                )
        if self.supersedes is not None and not 1 <= self.supersedes <= MAX_VERSION:
            raise BadInput(f"There is no version {str(self.supersedes)[:20]}; versions go from 1 to {MAX_VERSION}.")

    def said(self) -> dict[str, Any]:
        """What belongs to the content of the command, and so to its digest."""
        given = {"on": self.on, "at": self.at, "reported_at": self.reported_at, "supersedes": self.supersedes}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: the records that hold it, and whether an earlier try had made them."""

    stream: str
    records: tuple[Record, ...]
    repeated: bool


class Governance(Application[str]):
    """Records commands. One instance serves many threads; each write is one transaction."""

    name = "pmo"

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        kpis: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self.settings = settings
        self.kpis = kpis or {}
        self.clock = clock
        self.suppressed: set[str] = set()
        """Who was named to this application, and is erased, so that the name was not kept."""
        self._cache: OrderedDict[str, History] = OrderedDict()
        try:
            super().__init__()
        except (PersistenceError, sqlite3.DatabaseError) as error:
            raise Unavailable(f"The event store {settings.store_place} cannot be opened: {error}.") from error

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """What opens the store: the settings decide which, not the library's variables in the environment."""
        return factory(self.settings)

    @property
    def store(self) -> Store:
        """The recorder, with the directory's and the relay's tables."""
        return cast(Store, self.recorder)

    def history(self, stream: str) -> History:
        """All records of `stream`, empty if there is no such stream."""
        cached = self._cache.get(stream)
        known = cached.version if cached else 0
        fresh = [as_record(state) for state in self.store.states_after(stream, known)]
        if cached is None:
            cached = History(stream)
            self._cache[stream] = cached
            while len(self._cache) > _CACHED_STREAMS:
                self._cache.popitem(last=False)
        if fresh:
            # replaced, not extended: another thread may be reading the one before
            cached = cached.copy()
            cached.extend(fresh)
            self._cache[stream] = cached
        return cached

    def append(
        self, records: Sequence[Record], *, entries: Sequence[Entry] = (), digests: Sequence[CommandDigest] = ()
    ) -> None:
        """Writes decided records in one transaction, without what the library's `save` does for aggregates."""
        self.store.insert_events(ToStore(records), entries=entries, digests=digests)
        if named := {entry.subject for entry in entries if entry.value and is_person(entry.subject)}:
            self.suppressed.update(self.store.erased(named))

    def remember(self, histories: Iterable[History]) -> None:
        """Keeps what has just been saved, so that the next command need not read it back."""
        for history in histories:
            self._cache[history.stream] = history

    def handle(self, prepared: Prepared, meta: Meta) -> Outcome:
        """Decides and records one command."""
        return self.handle_all([(prepared, meta)])[0]

    def handle_all(self, commands: Iterable[tuple[Prepared, Meta]]) -> list[Outcome]:
        """Decides the commands one after another and records what follows in one transaction, or nothing at all."""
        work = list(commands)

        def decided(unit: "UnitOfWork") -> list[Outcome]:
            return [unit.handle(prepared, meta) for prepared, meta in work]

        return self.transact(decided)

    def void(self, stream: str, version: int, meta: Meta, reason: str | None = None) -> Outcome:
        """Withdraws one event; `reason` goes to the directory."""
        try:
            note, entry = write_note(reason) if reason is not None else (None, None)
        except ValueError as error:
            raise BadInput(f"--reason: {error}.") from None
        return self.transact(lambda unit: unit.void(stream, version, meta, note, (entry,) if entry else ()))

    def transact(self, work: Callable[["UnitOfWork"], T]) -> T:
        """Runs `work` on a fresh unit of work and saves once; decides again if another writer was first."""
        failed = 0
        for earlier in range(_TRIES):
            if earlier:
                # by chance, so that of many who want the same stream not always the same ones are first
                time.sleep(random.uniform(0, min(_PAUSE_S[0] * 2**earlier, _PAUSE_S[1])))
            unit = UnitOfWork(self)
            try:
                result = work(unit)
                unit.save()
            except IntegrityError:
                # somebody else took a version or a command id; the next try sees theirs
                continue
            except OperationalError as error:
                # a commit whose answer got lost is found by its command id at the next try
                failed += 1
                if failed == _FAILED_TRIES:
                    raise Unavailable(f"The event store does not accept writes ({error}); try again.") from error
            except RecordTooLarge as error:
                raise BadInput(f"{error}; say less, or cite a document.") from None
            else:
                return result
        raise Conflict("Others keep changing the same record; try again.")


class UnitOfWork:
    """Decides commands against what is stored and what it has decided itself, and saves all of it at once."""

    def __init__(self, app: Governance) -> None:
        self._app = app
        self._histories: dict[str, History] = {}
        self._own: set[str] = set()
        self.records: list[Record] = []
        self._entries: list[Entry] = []
        self._digests: dict[tuple[str, str], str] = {}

    def history(self, stream: str) -> History:
        """The stream as stored, with what this unit has added."""
        if stream not in self._histories:
            self._histories[stream] = self._app.history(stream)
        return self._histories[stream]

    def state(self, stream: str, as_of: datetime | None = None, without: int | None = None) -> State:
        """The stream's state at `as_of`, by default after all that is recorded."""
        return self._at(stream, as_of, without)[0]

    def _at(self, stream: str, as_of: datetime | None, without: int | None = None) -> tuple[State, list[Record]]:
        return self.history(stream).at(STATES.get(kind_of(stream), State), as_of, without)

    def handle(self, prepared: Prepared, meta: Meta) -> Outcome:
        """Decides one command. Raises BadInput, NotFound or Rejected, and then adds nothing."""
        command = prepared.command
        stream = command.stream()
        if again := self._repeated(stream, meta, prepared.digest):
            return again
        now, occurred_at, _ = times = self._times(meta, command.occurs_on())
        corrected = self._corrected(stream, meta)
        before, later = self._at(stream, occurred_at, meta.supersedes)
        missing = next((s for s in command.references() if not self.history(s).exists), None)
        if missing:
            kind, _, keys = missing.partition(":")
            keys, path = prepared.people.get(keys, keys), MADE_BY[kind]
            raise NotFound(f"There is no {path.split()[0]} {keys}; 'pmo {path}' makes it known, or correct the key.")
        for setting in command.settings():
            if not self.history(f"setting:{setting}").exists:
                check_known(setting, self._app.store.keys("setting"))
        named = (*command.references(), *command.considers())
        # what was described only later is known all the same: an old certificate, a course entered after it
        others = {s: self.state(s, occurred_at) or self.state(s) for s in named}
        zone = self._app.settings.zone
        day = occurred_at.astimezone(zone).date()
        context = Context(now, occurred_at, day, self._app.settings.currency, corrected, others, zone, self._app.kpis)
        events = command.decide(before, later, context)
        if corrected is not None and events and not replaces(corrected.event, events[0]):
            raise Rejected(
                f"Version {meta.supersedes} of {stream} is {happened(corrected.event)}, which {happened(events[0])} "
                "cannot replace; correct it by the same kind of command, or void it."
            )
        if meta.supersedes is not None and len(events) != 1:
            raise Rejected("A correction replaces one event by one; this command makes several, so void and redo them.")
        if not events:
            return Outcome(stream, (), repeated=False)
        return self._add(stream, events, meta, times, prepared.entries, prepared.digest)

    def void(
        self, stream: str, version: int, meta: Meta, reason: Note | None = None, entries: tuple[Entry, ...] = ()
    ) -> Outcome:
        """Withdraws version `version` of `stream`."""
        meta = replace(meta, supersedes=version)
        digest = content_digest(self._app.settings.secret.get_secret_value(), f"void {stream}/{version}".encode())
        if again := self._repeated(stream, meta, digest):
            return again
        self._corrected(stream, meta)
        event = VOIDED[kind_of(stream)](reason=reason)
        return self._add(stream, [event], meta, self._times(meta), entries, digest)

    def add(self, record: Record, entries: Iterable[Entry] = ()) -> None:
        """Takes a record that needs no decision."""
        self._own_history(record.stream).extend((record,))
        self.records.append(record)
        self._entries.extend(entries)

    def observe(self, stream: str, event: Event, meta: Meta, entries: Sequence[Entry] = ()) -> Record:
        """Records what a source tells as a fact, which no rule refuses. Raises BadInput for a time to come."""
        self._corrected(stream, meta)
        return self._add(stream, [event], meta, self._times(meta), tuple(entries), "").records[0]

    def take_as_new(self, streams: Iterable[str]) -> None:
        """Spares looking for the records of streams that have none; one that gets some meanwhile is found on saving."""
        fresh = {stream: History(stream) for stream in streams if stream not in self._histories}
        self._histories.update(fresh)
        self._own.update(fresh)

    def record_entries(self, entries: Iterable[Entry]) -> None:
        """Writes directory entries with the unit."""
        self._entries.extend(entries)

    def save(self) -> None:
        """Writes everything in one transaction."""
        if self.records or self._entries:
            digests = [CommandDigest(stream, cid, digest) for (stream, cid), digest in self._digests.items()]
            self._app.append(self.records, entries=self._entries, digests=digests)
            self._app.remember(self._histories[stream] for stream in self._own)

    def _own_history(self, stream: str) -> History:
        """A history that only this unit sees, to extend."""
        if stream not in self._own:
            self._histories[stream] = self.history(stream).copy()
            self._own.add(stream)
        return self._histories[stream]

    def _repeated(self, stream: str, meta: Meta, digest: str) -> Outcome | None:
        earlier = self.history(stream).command_ids.get(meta.command_id)
        if not earlier:
            return None
        said = self._digests.get((stream, meta.command_id)) or self._app.store.digest(stream, meta.command_id)
        if said and said != digest:
            raise BadInput(
                f"Command id {meta.command_id} was used before in {stream} for another command; give a new id."
            )
        return Outcome(stream, tuple(earlier), repeated=True)

    def _corrected(self, stream: str, meta: Meta) -> Record | None:
        if meta.supersedes is None:
            return None
        history = self.history(stream)
        if not history.version:
            raise NotFound(f"There is no {stream}, so nothing in it can be corrected.")
        if not history.is_active(meta.supersedes):
            raise Rejected(
                f"Version {meta.supersedes} of {stream} does not exist or is already superseded; "
                f"'pmo history {stream}' shows what can be corrected."
            )
        return history.records[meta.supersedes - 1]

    def _times(self, meta: Meta, own_day: date | None = None) -> tuple[datetime, datetime, Precision]:
        if meta.recorded_at is not None and not self._app.settings.simulated:
            raise BadInput("When something was recorded cannot be given, only when it happened.")
        now = in_milliseconds(meta.recorded_at or self._app.clock())
        if meta.on is not None and meta.at is not None:
            raise BadInput("Give the day (--on) or the instant (--at), not both.")
        day = meta.on or (None if meta.at else own_day)
        occurred_at = day_start(day, self._app.settings) if day else _instant(meta.at) if meta.at else now
        said = [occurred_at, day_start(own_day, self._app.settings) if own_day else now]
        if meta.reported_at:
            said.append(_instant(meta.reported_at))
        if max(said) > now + CLOCK_SKEW:
            raise BadInput("A fact cannot lie in the future; record it when it has happened.")
        if min(said) < EARLIEST:
            raise BadInput(f"A fact cannot lie before {EARLIEST.year}.")
        return now, occurred_at, "day" if day else "instant"

    def _add(
        self, stream: str, events: list[Event], meta: Meta, times: _Times, entries: tuple[Entry, ...], digest: str
    ) -> Outcome:
        now, occurred_at, precision = times
        history = self.history(stream)
        last = history.recorded_at
        first = Record(
            stream=stream,
            version=history.version + 1,
            event=events[0],
            occurred_at=occurred_at,
            recorded_at=max(now, last) if last else now,
            source=self._app.settings.source,
            actor=meta.actor,
            command_id=meta.command_id,
            correlation_id=meta.correlation_id or meta.command_id,
            precision=precision,
            actor_auth=meta.actor_auth,
            reported_at=in_milliseconds(meta.reported_at) if meta.reported_at else None,
            causation_id=meta.causation_id,
            supersedes=meta.supersedes,
        )
        further = (replace(first, version=first.version + n, event=event) for n, event in enumerate(events) if n)
        records = [first, *further]
        history = self._own_history(stream)
        history.extend(records)
        self.records.extend(records)
        self._entries.extend(entries)
        if digest:
            self._digests[stream, meta.command_id] = digest
        return Outcome(stream, tuple(records), repeated=False)


def _instant(moment: datetime) -> datetime:
    try:
        return in_milliseconds(moment)
    except ValueError:
        raise BadInput("A time needs a zone, as in 2026-06-30T09:00:00+02:00.") from None
