"""Who or what is to be erased, found by what one has in hand: a key, a pseudonym, a name; a note's id or its event.

What is erased stays in the directory as rows without a value, by pseudonym: they are the list of those of whom nothing
is taken in again. Lifting that leaves an empty value, which says that there is nothing to erase.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.event import Record
from services.commands.app import Governance
from services.commands.directory import PERSON_PREFIX, Entry, is_person, pseudonym
from services.commands.store import as_record
from services.errors import BadInput, NotFound, meant

PERSONAL = ("name", "email", "login")
TEXT = "text"
NOTE_PREFIX = "note:"
_ID = re.compile(r"[A-Z2-7]{20}")
_NOTE_ID = re.compile(r"[0-9a-f]{32}")
_NAMED = re.compile(rb'"id": ?"([0-9a-f]{32})"')
_PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the directory says of a subject, by field, and which fields were erased before."""

    subject: str
    values: dict[str, str]
    erased: frozenset[str]

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left to erase, and nothing is taken in."""
        return bool(self.erased) and not self.values

    def emptied(self) -> list[Entry]:
        """What takes the place of all that is known, and of what may be said later."""
        fields = PERSONAL if is_person(self.subject) else (TEXT,)
        return [Entry(self.subject, field, None) for field in sorted({*fields, *self.values, *self.erased})]

    def lifted(self) -> list[Entry]:
        """What lets the directory take in what is said from now on."""
        return [Entry(self.subject, field, "") for field in sorted(self.erased)]


def known(app: Governance, subjects: Iterable[str]) -> list[Known]:
    """What the directory says of these subjects."""
    wanted = sorted(set(subjects))
    values, erased = app.store.values(wanted), app.store.erased(wanted)
    return [Known(s, values.get(s, {}), frozenset(erased.get(s, ()))) for s in wanted]


def find_person(app: Governance, said: str) -> Known:
    """The person of this pseudonym, key (login, e-mail, staff number) or name.

    Raises NotFound that names whom the directory has of a similar name, BadInput for a name that several have.
    """
    try:
        by_key = PERSON_PREFIX + (bare if _ID.fullmatch(bare := said.strip()) else _pseudonym(app, said))
    except ValueError as error:
        raise BadInput(f"PERSON: {error}.") from None
    [found] = known(app, [by_key])
    if found.values or found.erased:
        return found
    named: dict[str, set[str]] = {}
    for subject, _, value in _said(app):
        if is_person(subject):
            named.setdefault(value.casefold(), set()).add(subject)
    people = sorted(named.get(said.strip().casefold(), ()))
    if len(people) > 1:
        raise BadInput(f"Several people are called {said.strip()!r}: {', '.join(people)}; give one of these ids.")
    if people:
        return known(app, people)[0]
    if app.store.states_with(by_key.removeprefix(PERSON_PREFIX)):
        return found
    hint = meant(said.strip().casefold(), named) if named else "it holds no names."
    raise NotFound(f"Neither the log nor the directory knows a person {said!r}; {hint}")


def find_notes(app: Governance, said: str) -> list[Known]:
    """The note of this id, or all notes of the event STREAM/VERSION, the stream written as in the log.

    Raises NotFound.
    """
    note = said.strip().lower().removeprefix(NOTE_PREFIX)
    if _NOTE_ID.fullmatch(note):
        [found] = known(app, [NOTE_PREFIX + note])
        if found.values or found.erased:
            return [found]
        raise NotFound(f"There is no note {note}; 'pmo history STREAM --json' shows the ids of a stream's notes.")
    stream, _, version = said.strip().rpartition("/")
    number = int(version) if version.isdecimal() else 0
    records = app.history(stream).records if number else []
    if not 1 <= number <= len(records):
        raise NotFound(
            f"There is no event {said}; write STREAM/VERSION as in project:CRANE-7/3, which 'pmo history' shows."
        )
    subjects = [subject for subject in subjects_of(records[number - 1]) if not is_person(subject)]
    if not subjects:
        raise NotFound(f"The event {said} has no note, so there is nothing in it to erase.")
    return known(app, subjects)


def subjects_of(record: Record) -> Iterator[str]:
    """The directory's subjects that an event's data names: people and notes."""
    return subjects_in(orjson.loads(record.to_bytes())["data"])


def subjects_in(value: Any) -> Iterator[str]:
    """The directory's subjects that data names: people and notes."""
    if isinstance(value, str) and _ID.fullmatch(value):
        yield f"{PERSON_PREFIX}{value}"
    elif isinstance(value, dict):
        if is_note(value):
            yield f"{NOTE_PREFIX}{value['id']}"
        for each in value.values():
            yield from subjects_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from subjects_in(each)


def is_note(value: dict[str, Any]) -> bool:
    """Whether this part of an event's data stands for a free text."""
    return set(value) == {"id", "digest"}


def notes_that_mention(app: Governance, values: Iterable[str]) -> list[str]:
    """The notes in whose text one of these values stands as words of its own."""
    pattern = whole_words(values)
    if pattern is None:
        return []
    return [subject for subject, field, value in _said(app) if field == TEXT and pattern.search(value)]


def whole_words(values: Iterable[str]) -> re.Pattern[str] | None:
    """What finds any of these values where it is not a part of a longer word; None of none."""
    longest_first = sorted({value for value in values if value}, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def erase(app: Governance, people_and_notes: Sequence[Known]) -> None:
    """Erases what the store holds of them, also what it keeps of the commands that said it."""
    entries = [entry for each in people_and_notes for entry in each.emptied()]
    app.store.erase(entries, list(_commands(app, [each.subject for each in people_and_notes])))


def lift(app: Governance, person: Known) -> None:
    """Lets the directory take in again what is said of a person."""
    app.append([], entries=person.lifted())


def _commands(app: Governance, subjects: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The commands that said it: their digests would tell whoever has the secret that a guess is right."""
    people = [subject for subject in subjects if is_person(subject)]
    own = [record for person in people for record in app.history(person).records]
    notes = {subject.removeprefix(NOTE_PREFIX) for subject in {*subjects} - {*people}}
    own += map(as_record, _states_naming(app, notes))
    yield from dict.fromkeys((record.stream, record.command_id) for record in own)


def _states_naming(app: Governance, notes: Collection[str]) -> Iterator[bytes]:
    """The bytes of the events that name one of these notes, by one way through the log."""
    if len(notes) <= 1:
        # the database looks through it faster than what it gives can be looked through here
        yield from (state for note in notes for state in app.store.states_with(note))
        return
    position = 0
    while rows := app.store.values_after(position, _PAGE):
        yield from (state for *_, state in rows if any(note.decode() in notes for note in _NAMED.findall(state)))
        position = rows[-1][0]


def _said(app: Governance) -> Iterator[tuple[str, str, str]]:
    """All that the directory says: subject, field, value."""
    seq = 0
    while entries := app.store.entries_after(seq, _PAGE):
        yield from ((subject, field, value) for _, subject, field, value, _ in entries if value)
        seq = entries[-1][0]


def _pseudonym(app: Governance, key: str) -> str:
    return pseudonym(app.settings.secret.get_secret_value(), key)
