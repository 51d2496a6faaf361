"""What is wanted against what is known: records the difference only, as facts, in one unit of work.

An event of an importer is known by its command id, which names source, project and aspect. What somebody else recorded
of the same thing stands: it is neither replaced nor removed.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property

import orjson

from schemas.event import Event, Record
from schemas.fields import Note
from schemas.streams import stream_id
from services.commands.app import Governance, Meta, UnitOfWork
from services.commands.days import day_start
from services.commands.directory import Entry, pseudonym, write_note
from services.commands.fold import State
from services.importers.msproject.wanted import Wanted

ACTOR = "system:importer"
SOURCE = "msproject"


class Teller:
    """Tells a unit of work what one project of one file says, and keeps which rows made events of it."""

    def __init__(self, app: Governance, unit: UnitOfWork, wanted: Wanted, digest: str) -> None:
        self.app, self.unit, self.wanted = app, unit, wanted
        self.changed: set[str] = set()
        self.project_stream = stream_id("project", wanted.key)
        self._secret = app.settings.secret.get_secret_value()
        self._zone = app.settings.zone
        self._correlation = f"import/{SOURCE}/{digest[:16]}"
        self._origin = f"{SOURCE}/{wanted.key}/"
        self.day_start = day_start(wanted.day, app.settings)
        self._reported = wanted.reported_at.replace(tzinfo=self._zone) if wanted.reported_at else None

    @cached_property
    def is_known(self) -> bool:
        """Whether this very file told of the project before, and no date in it says which day it shows."""
        told = self.unit.history(self.project_stream).active()
        return not self.wanted.is_dated and any(r.correlation_id == self._correlation for r in told)

    def instant(self, moment: dt.datetime) -> dt.datetime:
        """A moment of the file in the organisation's time zone, in UTC."""
        return moment.replace(tzinfo=self._zone).astimezone(dt.UTC)

    def person(self, key: str) -> str:
        """The pseudonym of a person's key."""
        return pseudonym(self._secret, key)

    def says(self, content: object) -> str:
        """A short keyed digest of what stands in the directory, to see later whether the source says another thing."""
        said = orjson.dumps([self._secret, content], default=str)
        return hashlib.sha256(said).hexdigest()[:16]

    def is_ours(self, record: Record | None, aspect: str = "") -> bool:
        """Whether this importer recorded it of this project."""
        return record is not None and record.command_id.startswith(f"{self._origin}{aspect}")

    def tell(
        self,
        stream: str,
        aspect: str,
        event: Event,
        row: str = "",
        *,
        on: dt.date | None = None,
        at: dt.datetime | None = None,
        replacing: Record | None = None,
        entries: Sequence[Entry] = (),
    ) -> None:
        """Records an event, by default as of the file's day."""
        version = self.unit.history(stream).version + 1
        meta = Meta(
            actor=ACTOR,
            command_id=f"{self._origin}{aspect}/{version}",
            correlation_id=self._correlation,
            on=None if at else on or self.wanted.day,
            at=at,
            reported_at=self._reported,
            supersedes=replacing.version if replacing else None,
        )
        self.unit.observe(stream, event, meta, entries)
        self.changed.add(row)

    def withdraw(self, record: Record, why: str, row: str = "") -> None:
        """Voids an event of ours that the source no longer tells."""
        note, entry = write_note(why)
        meta = Meta(
            actor=ACTOR,
            command_id=f"{self._origin}void/{self.unit.history(record.stream).version + 1}",
            correlation_id=self._correlation,
        )
        self.unit.void(record.stream, record.version, meta, note, (entry,))
        self.changed.add(row)

    def gone(self) -> tuple[Note, Entry]:
        """The reason of what is no longer there."""
        return write_note(f"no longer in {self.wanted.file}")

    def step(
        self, stream: str, aspect: str, held: Record | None, at: dt.datetime, make: Callable[[], Event], row: str
    ) -> None:
        """An event that has a time of its own: told once, and replaced where the source now tells another time."""
        if held is None:
            self.tell(stream, aspect, make(), row, at=at)
        elif self.is_ours(held) and held.occurred_at != at:
            self.tell(stream, aspect, make(), row, at=at, replacing=held)

    def state(self, stream: str) -> State:
        """All that is known of a stream."""
        return self.unit.state(stream)

    def streams(self, kind: str, begins: str) -> list[str]:
        """The streams of a kind whose key begins so, stored or told here."""
        stored = {s for s in self.app.store.streams(kind) if s.startswith(begins)}
        return sorted(stored)


def week_of(monday: dt.date) -> str:
    """The ISO week as keys write it."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"
