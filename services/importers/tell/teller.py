"""Records what a source tells in one unit of work: ids of its own keys, people by pseudonym, texts to the directory."""

import datetime as dt
import hashlib
from collections.abc import Iterable

from schemas.event import Event, Record
from schemas.fields import Note
from services.commands.app import Governance, UnitOfWork
from services.commands.days import day_end, day_start
from services.commands.directory import PERSON_PREFIX, Entry, pseudonym, write_note
from services.commands.erasing import NOTE_PREFIX
from services.commands.observing import Observer
from services.importers.shown import Person, When
from services.settings import Settings

ACTOR = "system:importer"
_MINUTE = dt.timedelta(seconds=59, milliseconds=999)


def origin(source: str) -> str:
    """What the correlation ids of all imports of a source begin with."""
    return f"import/{source}/"


def person_key(source: str, key: str) -> str:
    """The key that a source's person has here: of two tools never the same one. ``pmo person link`` takes it."""
    return f"{source}:{key}"


def moment(when: When, settings: Settings) -> dt.datetime:
    """The instant that orders what happened then: a day stands at its beginning."""
    return when if isinstance(when, dt.datetime) else day_start(when, settings)


class Teller:
    """One file's telling. Everything of one row carries an id made of the source's own keys."""

    def __init__(self, app: Governance, unit: UnitOfWork, source: str, digest: str) -> None:
        self._app, self._unit, self._source = app, unit, source
        self.settings = app.settings
        self._secret = app.settings.secret.get_secret_value()
        self._origin = origin(source)
        self._observer = Observer(app, unit, ACTOR, f"{self._origin}{digest[:16]}")
        self._new: set[str] = set()
        self._claimed: dict[str, set[str]] = {}
        self._known: dict[str, frozenset[str]] = {}
        self._seen_people: dict[str, tuple[Person, When]] = {}
        self._pseudonyms: dict[str, str] = {}

    @property
    def unit(self) -> UnitOfWork:
        """What everything is recorded in."""
        return self._unit

    def records(self, stream: str) -> list[Record]:
        """The stream's records that count, in the order of what they mean; none if it is new, which costs nothing."""
        if stream not in self._new and not self.is_known(stream):
            self._new.add(stream)
            self._unit.take_as_new((stream,))
            # another file of the same unit of work may have told of it
            if not self._unit.history(stream).version:
                return []
        return sorted(self._unit.history(stream).active(), key=lambda record: record.k)

    def is_known(self, stream: str) -> bool:
        """Whether the store has the stream."""
        kind = stream.partition(":")[0]
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = frozenset(self._app.store.streams(kind))
        return stream in known

    def streams(self, kind: str) -> frozenset[str]:
        """All streams of a kind that the store has."""
        self.is_known(f"{kind}:")
        return self._known[kind]

    def is_ours(self, record: Record) -> bool:
        """Whether this source told it, in whatever file."""
        return record.correlation_id.startswith(self._origin)

    def has_told(self, stream: str, command_id: str) -> bool:
        """Whether this id stands in the stream, also on what was withdrawn since."""
        return command_id in self._unit.history(stream).command_ids

    def was_withdrawn(self, stream: str, command_id: str) -> bool:
        """Whether somebody voided or replaced what was told under this id."""
        if not self.has_told(stream, command_id):
            return False
        return all(record.command_id != command_id for record in self._unit.history(stream).active())

    def claim(self, stream: str, parts: Iterable[str]) -> bool:
        """Takes the first of these parts of a stream that nothing else of this file is; False if there is none."""
        claimed = self._claimed.setdefault(stream, set())
        found = next((part for part in parts if part not in claimed), None)
        if found is not None:
            claimed.add(found)
        return found is not None

    def id_of(self, *parts: str) -> str:
        """The command id of what these parts of the source's own name: the same in every export."""
        content = "\0".join((self._source, *parts))
        return f"import-{hashlib.sha256(content.encode()).hexdigest()[:32]}"

    def tell(
        self,
        stream: str,
        event: Event,
        when: When,
        command_id: str,
        *,
        reported_at: dt.datetime | None = None,
        notes: tuple[Entry, ...] = (),
    ) -> None:
        """Records one event. An id that stands already is told again, of something else since, under another one."""
        if self.has_told(stream, command_id):
            command_id = f"{command_id}-{self._unit.history(stream).version + 1}"
        self._observer.observe(stream, event, when, command_id, reported_at=reported_at, entries=notes)

    def note(self, text: str | None) -> tuple[Note | None, tuple[Entry, ...]]:
        """A note for a free text, and what goes to the directory."""
        if text is None:
            return None, ()
        note, entry = write_note(text)
        return note, (entry,)

    def text_of(self, note: Note) -> str | None:
        """What the directory says of a note; None if it was erased."""
        subject = f"{NOTE_PREFIX}{note.id}"
        return self._app.store.values((subject,)).get(subject, {}).get("text")

    def person(self, person: Person | None, when: When) -> str | None:
        """The pseudonym of a source's person, whose name goes to the directory with the file."""
        if person is None:
            return None
        found = self._pseudonyms.get(person.key)
        if found is None:
            found = self._pseudonyms[person.key] = pseudonym(self._secret, person_key(self._source, person.key))
        known = self._seen_people.get(found)
        if known is None:
            self._seen_people[found] = (person, when)
        elif (person.name and not known[0].name) or (person.email and not known[0].email):
            self._seen_people[found] = (person, min(when, known[1], key=self._moment))
        elif (when is not known[1]) and self._moment(when) < self._moment(known[1]):
            self._seen_people[found] = (known[0], when)
        return found

    def _moment(self, when: When) -> dt.datetime:
        return moment(when, self.settings)

    def people(self) -> Iterable[tuple[str, Person, When]]:
        """Who was named: pseudonym, person, and the first time that any of it speaks of."""
        return [(pseudonym_, person, when) for pseudonym_, (person, when) in self._seen_people.items()]

    def name_people(self) -> None:
        """Writes names and e-mails to the directory where it does not have them so."""
        named = {f"{PERSON_PREFIX}{each}": person for each, person, _ in self.people()}
        held = self._app.store.values(named)
        entries = [
            Entry(subject, name, value)
            for subject, person in named.items()
            for name, value in (("name", person.name), ("email", person.email))
            if value and held.get(subject, {}).get(name) != value
        ]
        self._unit.record_entries(entries)

    def end_of(self, when: When) -> dt.datetime:
        """The last instant that it may mean: of a day, or of a minute where seconds are not shown."""
        if not isinstance(when, dt.datetime):
            return day_end(when, self.settings)
        return when if when.second or when.microsecond else when + _MINUTE
