"""The event store's tables on SQLite: the library's own, made unchangeable, and the directory's beside them.

Everything that one command records (events, names, notes, the command's digest) goes in by one transaction.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import Mapper as LibraryMapper
from eventsourcing.persistence import OperationalError, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteFactory,
)

from schemas.catalogue import parse
from schemas.event import Record
from services.commands.directory import Entry

LOCK_TIMEOUT_S = 30
_CACHED_STATEMENTS = 64

_FORBID = """CREATE TRIGGER IF NOT EXISTS stored_events_no_{verb} BEFORE {verb} ON stored_events
BEGIN SELECT RAISE(ABORT, 'events are immutable: record a correction instead'); END"""

# INSERT OR REPLACE deletes what is in its way without calling the trigger above
_FORBID_REPLACE = """CREATE TRIGGER IF NOT EXISTS stored_events_no_replace BEFORE INSERT ON stored_events
WHEN EXISTS (SELECT 1 FROM stored_events WHERE rowid = NEW.rowid OR
    (originator_id = NEW.originator_id AND originator_version = NEW.originator_version))
BEGIN SELECT RAISE(ABORT, 'events are immutable: record a correction instead'); END"""

TABLES = (
    _FORBID.format(verb="UPDATE"),
    _FORBID.format(verb="DELETE"),
    _FORBID_REPLACE,
    """CREATE TABLE IF NOT EXISTS directory (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, field TEXT NOT NULL,
        value TEXT, salt TEXT NOT NULL, UNIQUE (subject, field))""",
    """CREATE TABLE IF NOT EXISTS command_digests (
        stream TEXT, command_id TEXT, digest TEXT NOT NULL, PRIMARY KEY (stream, command_id)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS relayed (
        position INTEGER PRIMARY KEY, ends TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS relayed_directory (
        one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL)""",
)


@dataclass(frozen=True, slots=True)
class CommandDigest:
    """What a command said, in short, so that the same id with other content is noticed."""

    stream: str
    command_id: str
    digest: str


class Mapper(LibraryMapper[str]):
    """Stores a record's own bytes under its versioned type name, never a Python path."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The row of a record."""
        record: Record = domain_event
        return StoredEvent(record.stream, record.version, record.event.type_name, record.to_bytes())

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The record of a row."""
        return parse(bytes(stored_event.state))


class Recorder(SQLiteApplicationRecorder):
    """Inserts directory entries and command digests in the transaction of their events."""

    def construct_create_table_statements(self) -> list[str]:
        """The library's table first, then ours."""
        return [*super().construct_create_table_statements(), *TABLES]

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        entries: Sequence[Entry] = (),
        digests: Sequence[CommandDigest] = (),
        **_: Any,
    ) -> Sequence[int] | None:
        # the library asks for each position one by one, which nobody here needs and which takes as long again
        c.executemany(
            self.insert_events_statement,
            [(e.originator_id, e.originator_version, e.topic, e.state) for e in stored_events],
        )
        if entries:
            c.executemany(
                "INSERT OR REPLACE INTO directory (subject, field, value, salt) VALUES (?, ?, ?, ?)",
                [(e.subject, e.field, e.value, e.salt) for e in entries],
            )
        if digests:
            c.executemany(
                "INSERT INTO command_digests VALUES (?, ?, ?)", [(d.stream, d.command_id, d.digest) for d in digests]
            )
        return None

    def digest(self, stream: str, command_id: str) -> str | None:
        """What the command of this id said in this stream, in short; None if that is not known."""
        rows = self.rows("SELECT digest FROM command_digests WHERE stream = ? AND command_id = ?", stream, command_id)
        return str(rows[0][0]) if rows else None

    def entries_after(self, seq: int, limit: int) -> list[tuple[int, str, str, str | None, str]]:
        """Directory rows (seq, subject, field, value, salt) changed after `seq`; value None means erased."""
        query = "SELECT seq, subject, field, value, salt FROM directory WHERE seq > ? ORDER BY seq LIMIT ?"
        return [tuple(row) for row in self.rows(query, seq, limit)]

    def states_after(self, stream: str, version: int) -> list[bytes]:
        """The bytes of a stream's records after `version`, in order."""
        where = "originator_id = ? AND originator_version > ? ORDER BY originator_version"
        return [bytes(row[0]) for row in self.rows(f"SELECT state FROM stored_events WHERE {where}", stream, version)]

    def values_after(self, position: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Notification id, stream and bytes of the records after `position`, in order of recording."""
        query = "SELECT rowid, originator_id, state FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?"
        return self.rows(query, position, limit)

    def stored_after(self, position: int, limit: int) -> list[tuple[int, str, int, str, bytes]]:
        """Position, stream, version, type and bytes of the records after `position`, in order of recording."""
        columns = "rowid, originator_id, originator_version, topic, state"
        query = f"SELECT {columns} FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?"
        return [tuple(row) for row in self.rows(query, position, limit)]

    def stored_by_key(self, stream: str, version: int, limit: int) -> list[tuple[int, str, int, bytes]]:
        """Position, stream, version and bytes of the records after that one, by stream and version, byte by byte."""
        after = "(originator_id, originator_version) > (?, ?) ORDER BY originator_id, originator_version LIMIT ?"
        query = f"SELECT rowid, originator_id, originator_version, state FROM stored_events WHERE {after}"
        return [tuple(row) for row in self.rows(query, stream, version, limit)]

    def keys(self, kind: str) -> list[str]:
        """The keys of all streams of a kind."""
        found = self.rows(f"SELECT DISTINCT originator_id FROM stored_events WHERE originator_id GLOB '{kind}:*'")
        return [str(row[0]).partition(":")[2] for row in found]

    def rows(self, query: str, *params: Any) -> list[Any]:
        """The rows of one read-only query."""
        # one statement is a transaction of its own, so none needs to be opened around it
        with self.datastore.get_connection(commit=False) as connection:
            cursor = connection.cursor()
            cursor.execute(query, params)
            return list(cursor.fetchall())

    def write(self, statement: str, *params: Any) -> None:
        """Writes our own bookkeeping (never events) in a transaction of its own."""
        with self.datastore.transaction(commit=True) as c:
            c.execute(statement, params)


class _Pool(SQLiteConnectionPool):
    fsync = False

    def _create_connection(self) -> SQLiteConnection:
        # as the library does it, except that it keeps one compiled statement only, and compiles each anew
        try:
            connection = sqlite3.connect(
                self.db_name,
                uri=True,
                check_same_thread=False,
                isolation_level=None,
                cached_statements=_CACHED_STATEMENTS,
                timeout=LOCK_TIMEOUT_S,
            )
            connection.execute("PRAGMA journal_mode=WAL")
            # in WAL mode NORMAL survives a kill; only FULL waits for the disk and survives a power cut
            connection.execute(f"PRAGMA synchronous={'FULL' if self.fsync else 'NORMAL'}")
        except sqlite3.Error as error:
            raise OperationalError(error) from error
        connection.row_factory = sqlite3.Row
        return SQLiteConnection(connection, max_age=self.max_age)


class Factory(SQLiteFactory):
    """The library's factory with our recorder and pool."""

    application_recorder_class = Recorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        pool = type("Pool", (_Pool,), {"fsync": self.env.get("FSYNC") == "yes"})
        self.datastore.pool = pool(db_name=self.env["SQLITE_DBNAME"], lock_timeout=LOCK_TIMEOUT_S)
