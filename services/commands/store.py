"""The event store, whichever database holds it: what the rest of the program asks of it, and what both kinds share.

Events, names, notes and digests of commands that belong together go in by one transaction. Positions are 1, 2, 3 ... in
the order of commits, so that whoever reads on from a position misses nothing.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, cast

from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory, OperationalError, StoredEvent
from eventsourcing.persistence import Mapper as LibraryMapper

from schemas.catalogue import parse
from schemas.event import Record, UnknownType
from services.commands.directory import Entry, content_digest
from services.commands.store_whole import Filling, Snapshot
from services.errors import BadInput, Unavailable
from services.settings import Settings

FORMAT = 1
"""Of the tables. A program refuses a store of a later format than its own, which it could misread."""

ENVIRONMENT = {"MAPPER_TOPIC": "services.commands.store:Mapper", "ORIGINATOR_ID_TYPE": "text"}
_LOOKED_UP_AT_ONCE = 500

Columns = tuple[str, int, str, bytes]
Lead = Callable[[], bool]
"""Tells whether who asks still leads."""


@dataclass(frozen=True, slots=True)
class CommandDigest:
    """What a command said, in short, so that the same id with other content is noticed."""

    stream: str
    command_id: str
    digest: str


class Identity(NamedTuple):
    """Whose history a store holds, kept in it; the digest tells another secret, which would make other pseudonyms."""

    workspace: str
    secret_digest: str
    format: int

    @classmethod
    def of(cls, settings: Settings) -> "Identity":
        """What a new store of this workspace says."""
        digest = content_digest(settings.secret.get_secret_value(), b"workspace")
        return cls(settings.workspace_id, digest, FORMAT)

    def check(self, settings: Settings) -> None:
        """Raises BadInput if this workspace is not the one whose store says so, Unavailable for a later format."""
        wanted, place = Identity.of(settings), settings.store_place
        if self.format > FORMAT:
            raise Unavailable(
                f"The event store {place} was made by a newer pmo (format {self.format}, this one knows {FORMAT}); "
                "update pmo here."
            )
        if self.workspace != wanted.workspace:
            raise BadInput(
                f"The event store {place} holds the history of another workspace ({self.workspace}, not "
                f"{wanted.workspace}); give this one a store of its own, or set PMO_HOME to the other one."
            )
        if self.secret_digest != wanted.secret_digest:
            raise BadInput(
                f"The event store {place} was made under another secret, so that people would not be recognised again; "
                "copy workspace.json from where it was made."
            )


class Mapper(LibraryMapper[str]):
    """Stores a record's own bytes under its versioned type name, never a Python path."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The row of a record."""
        return _stored(domain_event)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The record of a row."""
        return as_record(bytes(stored_event.state))


def as_record(value: bytes) -> Record:
    """The record whose bytes stand in the store. Raises Unavailable for an event of a newer program."""
    try:
        return parse(value)
    except UnknownType as error:
        raise Unavailable(
            f"The history holds an event that this pmo does not know ({error}): a newer one recorded it; "
            "update this one."
        ) from None


class ToStore(Sequence[StoredEvent]):
    """The rows of records, each made when it is written: not all their bytes are in memory at once."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, at: Any) -> Any:
        return _stored(self._records[at]) if isinstance(at, int) else [_stored(record) for record in self._records[at]]

    def columns(self) -> Iterator[Columns]:
        """The rows for a statement, without the library's object for each."""
        return ((each.stream, each.version, each.type_name, each.to_bytes()) for each in self._records)


def _stored(record: Record) -> StoredEvent:
    return StoredEvent(record.stream, record.version, record.type_name, record.to_bytes())


def columns_of(events: Sequence[StoredEvent]) -> Iterable[Columns]:
    """Stream, version, type and bytes of each, for the statement that inserts them."""
    if isinstance(events, ToStore):
        return events.columns()
    return ((str(e.originator_id), e.originator_version, e.topic, e.state) for e in events)


class Store(ApplicationRecorder):
    """The library's recorder with the directory, the commands' digests and the relay's checkpoints beside the events.

    The statements here are those that all databases take, a `?` for each parameter.
    """

    position: ClassVar[str]
    """The column of the notification id."""
    lead_poll_s: ClassVar[float]
    """How often one who waits for the lead asks for it."""
    holds: ClassVar[str]
    """Whether the bytes of a record hold those of the parameter."""

    @abstractmethod
    def rows(self, query: str, *params: Any) -> list[Any]:
        """The rows of one read-only query, as tuples."""

    @abstractmethod
    def write(self, statement: str, *params: Any) -> None:
        """Writes our own bookkeeping (never events) in a transaction of its own."""

    @abstractmethod
    def erase(self, entries: Sequence[Entry], commands: Sequence[tuple[str, str]]) -> None:
        """Puts these entries, which say nothing, in the place of what the directory says, and drops what is kept of
        commands (stream, command id) that said it. No byte of the old values stays in the store.

        To do it again does no harm, and completes one that was interrupted. Raises Unavailable if a reader's
        transaction keeps old bytes alive.
        """

    def damage(self) -> list[str]:
        """What the database finds wrong with its own file; nothing where it says so only when it reads."""
        return []

    @abstractmethod
    def lead(self) -> AbstractContextManager[Lead | None]:
        """Takes the lock of the one relay of this store, None if another process has it.

        It is freed when the process ends, however it ends. Raises Unavailable if the server is away.
        """

    @abstractmethod
    def is_led(self) -> bool:
        """Whether some process relays this store now."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """All that the store holds at one moment; it holds up nobody who records."""

    @abstractmethod
    def filling(self) -> AbstractContextManager[Filling]:
        """Fills the store by one transaction, during which nobody else can record, as if nothing had been sent."""

    def digest(self, stream: str, command_id: str) -> str | None:
        """What the command of this id said in this stream, in short; None if that is not known."""
        rows = self.rows("SELECT digest FROM command_digests WHERE stream = ? AND command_id = ?", stream, command_id)
        return str(rows[0][0]) if rows else None

    def entries_after(self, seq: int, limit: int) -> list[tuple[int, str, str, str | None, str]]:
        """Directory rows (seq, subject, field, value, salt) changed after `seq`; value None means erased."""
        query = "SELECT seq, subject, field, value, salt FROM directory WHERE seq > ? ORDER BY seq LIMIT ?"
        return _behind(seq, self.rows(query, seq, limit))

    def last_entry(self) -> int:
        """The `seq` of the last change of the directory, 0 if there is none."""
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM directory")[0][0])

    def has_entry(self, subject: str, field: str) -> bool:
        """Whether the directory has this field of this subject, or had it before it was erased."""
        query = "SELECT 1 FROM directory WHERE subject = ? AND field = ? AND (value IS NULL OR value != '')"
        return bool(self.rows(query, subject, field))

    def entry(self, subject: str, field: str) -> int | None:
        """The `seq` of the last change of this field of this subject; None if the directory never had it."""
        rows = self.rows("SELECT seq FROM directory WHERE subject = ? AND field = ?", subject, field)
        return int(rows[0][0]) if rows else None

    def values(self, subjects: Iterable[str]) -> dict[str, dict[str, str]]:
        """What the directory says of these subjects, by field."""
        found: dict[str, dict[str, str]] = {}
        for subject, field, value in self._entries_of(subjects, "value != ''"):
            found.setdefault(subject, {})[field] = value or ""
        return found

    def erased(self, subjects: Iterable[str]) -> dict[str, set[str]]:
        """Which of these subjects are erased, each with its fields: nothing said of them is taken in any more."""
        found: dict[str, set[str]] = {}
        for subject, field, _ in self._entries_of(subjects, "value IS NULL"):
            found.setdefault(subject, set()).add(field)
        return found

    def all_erased(self) -> list[str]:
        """Everybody and every note that is erased, in order."""
        query = "SELECT DISTINCT subject FROM directory WHERE value IS NULL"
        return sorted(str(row[0]) for row in self.rows(query))

    def _entries_of(self, subjects: Iterable[str], condition: str) -> Iterable[tuple[str, str, str | None]]:
        wanted = sorted(subjects)
        for start in range(0, len(wanted), _LOOKED_UP_AT_ONCE):
            some = wanted[start : start + _LOOKED_UP_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT subject, field, value FROM directory WHERE {condition} AND subject IN ({marks})"
            yield from self.rows(query, *some)

    def streams(self, kind: str = "") -> list[str]:
        """The ids of all streams of a kind, of all kinds if none is given, in order."""
        query = "SELECT originator_id FROM stored_events WHERE originator_version = 1"
        # a semicolon is what follows a colon
        within = (" AND originator_id > ? AND originator_id < ?", (f"{kind}:", f"{kind};")) if kind else ("", ())
        return [str(row[0]) for row in self.rows(f"{query}{within[0]} ORDER BY 1", *within[1])]

    def keys(self, kind: str) -> list[str]:
        """The keys of all streams of a kind, in order."""
        return [stream.partition(":")[2] for stream in self.streams(kind)]

    def counts(self) -> tuple[int, int]:
        """How many events there are, and how many streams."""
        [(events, streams)] = self.rows("SELECT count(*), count(DISTINCT originator_id) FROM stored_events")
        return int(events), int(streams)

    def states_after(self, stream: str, version: int) -> list[bytes]:
        """The bytes of a stream's records after `version`, in order."""
        where = "originator_id = ? AND originator_version > ? ORDER BY originator_version"
        return [bytes(row[0]) for row in self.rows(f"SELECT state FROM stored_events WHERE {where}", stream, version)]

    def values_after(self, position: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Notification id, stream and bytes of the records after `position`, in order of recording."""
        at = self.position
        query = f"SELECT {at}, originator_id, state FROM stored_events WHERE {at} > ? ORDER BY {at} LIMIT ?"
        return _behind(position, self.rows(query, position, limit))

    def stored_after(self, position: int, limit: int) -> list[tuple[int, str, int, str, bytes]]:
        """Position, stream, version, type and bytes of the records after `position`, in order of recording."""
        at = self.position
        columns = f"{at}, originator_id, originator_version, topic, state"
        query = f"SELECT {columns} FROM stored_events WHERE {at} > ? ORDER BY {at} LIMIT ?"
        return _behind(position, self.rows(query, position, limit))

    def outside(self) -> list[tuple[str, int]]:
        """Stream and version of records whose position is no position: there are none unless somebody made them."""
        query = f"SELECT originator_id, originator_version FROM stored_events WHERE {self.position} < 1"
        return self.rows(query)

    def states_with(self, text: str) -> list[bytes]:
        """The bytes of all records that hold this text, in order of recording; it looks through the whole log."""
        query = f"SELECT state FROM stored_events WHERE {self.holds} ORDER BY {self.position}"
        return [bytes(row[0]) for row in self.rows(query, text.encode())]

    def stored_by_key(self, stream: str, version: int, limit: int) -> list[tuple[int, str, int, bytes]]:
        """Position, stream, version and bytes of the records after that one, by stream and version, byte by byte."""
        after = "(originator_id, originator_version) > (?, ?) ORDER BY originator_id, originator_version LIMIT ?"
        query = f"SELECT {self.position}, originator_id, originator_version, state FROM stored_events WHERE {after}"
        return self.rows(query, stream, version, limit)

    def checkpoints(self) -> list[tuple[int, str]]:
        """The relay's last checkpoints, latest first: position, and where the partitions ended when it was sent."""
        return self.rows(f"{_CHECKPOINT} ORDER BY position DESC")

    def relayed_position(self) -> int:
        """Up to which position everything has been sent; 0 if nothing has."""
        return int(self.rows("SELECT coalesce(max(position), 0) FROM relayed")[0][0])

    def checkpoint_behind(self, position: int) -> str | None:
        """Where the partitions ended when everything up to `position` had been sent; None as long as it has not."""
        # any row at or behind the position will do; the first one asks for the least
        rows = self.rows(f"{_CHECKPOINT} WHERE position >= ? ORDER BY position LIMIT 1", position)
        return str(rows[0][1]) if rows else None

    def relayed_entries(self) -> int:
        """Up to which `seq` the directory has been sent."""
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM relayed_directory")[0][0])

    def write_checkpoint(self, position: int, ends: str, seq: int) -> None:
        """Keeps that everything up to `position` and the directory's `seq` has been sent."""
        # what the vector says has been sent: a lost directory row would only be sent again
        both = "INSERT INTO relayed VALUES (?, ?) ON CONFLICT (position) DO UPDATE SET ends = excluded.ends"
        self.write(both, position, ends)
        self.write(
            "INSERT INTO relayed_directory VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET seq = excluded.seq", seq
        )

    def prune_checkpoints(self, kept: int) -> None:
        """Drops all but the last ones."""
        last = "SELECT position FROM relayed ORDER BY position DESC LIMIT ?"
        self.write(f"DELETE FROM relayed WHERE position < (SELECT min(position) FROM ({last}) AS last)", kept)

    def forget_checkpoints(self) -> None:
        """As if nothing had been sent."""
        self.write("DELETE FROM relayed")


_CHECKPOINT = "SELECT position, ends FROM relayed"


def _behind(after: int, rows: list[Any]) -> list[Any]:
    # a damaged file may give its rows in any order, and who reads on from the last one would never come to an end
    if rows and not rows[-1][0] > after:
        raise OperationalError("its rows stand in disorder")
    return rows


def factory(settings: Settings) -> InfrastructureFactory[Any]:
    """What opens the store that the settings name."""
    if settings.postgres:
        from services.commands import store_postgres

        return store_postgres.Factory(settings, settings.postgres)
    from services.commands import store_sqlite

    return store_sqlite.Factory(settings)


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store alone, without what records in it. Raises the library's PersistenceError if it is damaged or away."""
    made = factory(settings)
    try:
        yield cast(Store, made.application_recorder())
    finally:
        made.close()
