"""The event store on SQLite: the library's table, made unchangeable, and ours beside it, in one file."""

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
)
from eventsourcing.utils import Environment

from services.commands.directory import Entry
from services.commands.store import ENVIRONMENT, CommandDigest, Identity, Lead, Store, columns_of
from services.commands.store_whole import PAGE, Filling, Snapshot
from services.errors import Unavailable
from services.settings import Settings

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
    """CREATE TABLE IF NOT EXISTS workspace (
        one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, secret_digest TEXT NOT NULL,
        format INTEGER NOT NULL)""",
)

# whoever is erased stays so: nothing more is taken in of them, until an empty value lifts that
_INSERT_ENTRY = """INSERT OR REPLACE INTO directory (subject, field, value, salt) SELECT ?1, ?2, ?3, ?4
WHERE coalesce(?3, '') = '' OR NOT EXISTS (SELECT 1 FROM directory WHERE subject = ?1 AND value IS NULL)"""

# the id of a note is made with its text, so what stands there already is the same note, or that it was erased
_INSERT_NOTE = "INSERT OR IGNORE INTO directory (subject, field, value, salt) VALUES (?, ?, ?, ?)"

# Zeroes go over what is deleted, but not over what a connection without `secure_delete` left in pages: so no page
# of the directory is kept. VACUUM would do that too, and number the events anew.
_ANEW = (
    "CREATE TABLE directory_anew AS SELECT seq, subject, field, value, salt FROM directory",
    "DELETE FROM directory",
    "INSERT INTO directory (seq, subject, field, value, salt) SELECT * FROM directory_anew ORDER BY seq",
    "DROP TABLE directory_anew",
)
_ZEROED_AT_ONCE = 1_000
_CACHE_KIB = 256 * 1024


class Recorder(Store, SQLiteApplicationRecorder):
    """Inserts directory entries and command digests in the transaction of their events."""

    position = "rowid"
    lead_poll_s = 0.1
    holds = "instr(state, ?) > 0"

    def __init__(self, datastore: SQLiteDatastore, settings: Settings) -> None:
        super().__init__(datastore)
        self._settings = settings
        path = settings.store_path
        self._lock_file = path.with_name(f"{path.name}.relay.lock")

    def construct_create_table_statements(self) -> list[str]:
        """The library's table first, then ours."""
        return [*super().construct_create_table_statements(), *TABLES]

    def create_table(self) -> None:
        """Makes what is missing, unless the file is another workspace's or a newer program's."""
        held = self._identity()
        super().create_table()
        if held is None:
            own = Identity.of(self._settings)
            self.write("INSERT INTO workspace VALUES (1, ?, ?, ?) ON CONFLICT (one) DO NOTHING", *own)
            # somebody else may have been first
            self._identity()

    def _identity(self) -> Identity | None:
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'workspace'"):
            return None
        rows = self.rows("SELECT id, secret_digest, format FROM workspace")
        held = Identity(*rows[0]) if rows else None
        if held:
            held.check(self._settings)
        return held

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
        c.executemany(self.insert_events_statement, columns_of(stored_events))
        if texts := [entry for entry in entries if entry.is_text]:
            c.executemany(_INSERT_NOTE, _columns(texts))
        if others := [entry for entry in entries if not entry.is_text]:
            c.executemany(_INSERT_ENTRY, _columns(others))
        if digests:
            c.executemany(
                "INSERT INTO command_digests VALUES (?, ?, ?)", [(d.stream, d.command_id, d.digest) for d in digests]
            )
        return None

    def rows(self, query: str, *params: Any) -> list[Any]:
        """The rows of one read-only query."""
        # one statement is a transaction of its own, so none needs to be opened around it
        with self.datastore.get_connection(commit=False) as connection, connection.cursor() as cursor:
            # plain tuples: what reads the whole log takes half the time so
            cursor.row_factory = None
            return cursor.execute(query, params).fetchall()

    def write(self, statement: str, *params: Any) -> None:
        """Writes our own bookkeeping (never events) in a transaction of its own."""
        with self.datastore.transaction(commit=True) as c:
            c.execute(statement, params)

    def erase(self, entries: Sequence[Entry], commands: Sequence[tuple[str, str]]) -> None:
        """Writes the directory anew without the old values, zeroes the free pages and empties the write-ahead log."""
        with self.datastore.transaction(commit=True) as c:
            c.executemany(_INSERT_ENTRY, _columns(entries))
            c.executemany("DELETE FROM command_digests WHERE stream = ? AND command_id = ?", commands)
            for statement in _ANEW:
                c.execute(statement)
            _zero_free_pages(c)
        with self.datastore.get_connection(commit=False) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()[0]
        if busy:
            raise Unavailable(
                f"{self._settings.store_path} is erased, but a reader at work keeps the old bytes in its write-ahead "
                "log; run the same command again when that has ended."
            )

    def damage(self) -> list[str]:
        """What SQLite finds: broken pages, and rows that its indexes do not lead to, which commands do not see."""
        found = [str(row[0]) for row in self.rows("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    @contextlib.contextmanager
    def lead(self) -> Iterator[Lead | None]:
        """Takes the lock of a file beside the store; the kernel frees it when the process ends."""
        with self._lock_file.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield lambda: True

    def is_led(self) -> bool:
        """Whether some process relays this store now."""
        with self.lead() as lead:
            return lead is None

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Reads by one transaction: the first row that is read sets the moment."""
        place = f"{self._settings.store_path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(place, uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")

            def pages(query: str) -> Iterator[Sequence[Any]]:
                cursor = connection.execute(query)
                while rows := cursor.fetchmany(PAGE):
                    yield rows

            yield Snapshot(self.position, pages)

    @contextlib.contextmanager
    def filling(self) -> Iterator[Filling]:
        """Its first statement takes the lock of the writer."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute("DELETE FROM relayed")
            cursor.execute("DELETE FROM relayed_directory")
            cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            yield _Filling(self.position, cursor)


class _Filling(Filling):
    def __init__(self, position: str, cursor: SQLiteCursor) -> None:
        super().__init__(position)
        self._cursor = cursor

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" * len(columns))
        try:
            self._cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error

    def rows(self, query: str, *params: Any) -> list[Any]:
        self._cursor.execute(query, params)
        return list(self._cursor.fetchall())


def _columns(entries: Sequence[Entry]) -> list[tuple[str, str, str | None, str]]:
    return [(e.subject, e.field, e.value, e.salt) for e in entries]


def _zero_free_pages(c: SQLiteCursor) -> None:
    """Uses all free pages once: those from before `secure_delete` still hold what was deleted."""
    c.execute("PRAGMA page_size")
    page_size = c.fetchone()[0]
    c.execute("CREATE TABLE zeroes (zero BLOB)")
    while True:
        c.execute("PRAGMA freelist_count")
        free = c.fetchone()[0]
        if not free:
            break
        c.execute("INSERT INTO zeroes VALUES (zeroblob(?))", (min(free, _ZEROED_AT_ONCE) * page_size,))
    c.execute("DROP TABLE zeroes")


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
            # what is erased from the directory is overwritten
            connection.execute("PRAGMA secure_delete=ON")
            # in WAL mode NORMAL survives a kill; only FULL waits for the disk and survives a power cut
            connection.execute(f"PRAGMA synchronous={'FULL' if self.fsync else 'NORMAL'}")
        except sqlite3.Error as error:
            raise OperationalError(error) from error
        connection.row_factory = sqlite3.Row
        return SQLiteConnection(connection, max_age=self.max_age)


class Factory(SQLiteFactory):
    """The library's factory with our recorder and pool."""

    def __init__(self, settings: Settings) -> None:
        name = str(settings.store_path)
        super().__init__(Environment(env={**ENVIRONMENT, "SQLITE_DBNAME": name}))
        self._settings = settings
        pool = type("Pool", (_Pool,), {"fsync": settings.fsync})
        self.datastore.pool = pool(db_name=name, lock_timeout=LOCK_TIMEOUT_S)

    def application_recorder(self) -> Recorder:
        """The store, made ready."""
        recorder = Recorder(self.datastore, self._settings)
        recorder.create_table()
        return recorder


def holds_events(file: Path) -> bool:
    """Whether there is a store in this file that something was recorded in."""
    if not file.exists():
        return False
    with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as store:
        made = store.execute("SELECT 1 FROM sqlite_master WHERE name = 'stored_events'").fetchone()
        return bool(made and store.execute("SELECT 1 FROM stored_events LIMIT 1").fetchone())
