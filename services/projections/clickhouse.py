"""The only ClickHouse client: chDB, the real engine in this process, or a server.

chDB allows one process per folder, so our own lock, with a wait, comes before it.
"""

import fcntl
import logging
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import unquote, urlsplit

from services.errors import BadInput, Unavailable

LOCK_WAIT_S = 10.0
_POLL_S = 0.05
_ARROW_FROM = 2_000  # rows; Arrow is seven times as fast, but takes half a second to load
# not less: a thread that is kept waiting while it holds the interpreter holds up all the others
NICE = 5
_BEHIND = {"max_threads": 1, "os_threads_nice_value_query": NICE}
_INSERT_SETTINGS = {"async_insert": 0}
DATABASE = "pmo"
_CHDB = "chDB in "
MINIMUM_VERSION = (24, 8)
# unknown user, wrong password, password required, authentication failed
_NOT_LET_IN = re.compile(r"\b[Cc]ode:? (?:19[234]|516)\b")

Params = Mapping[str, Any]


class ClickHouse:
    """One connection. Use one per thread; `session` makes another to the same place."""

    def __init__(
        self,
        connect: Callable[[], Any],
        database: str,
        where: str,
        lock: IO[str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._connect = connect
        self._client = connect()
        self._lock = lock
        self.database = database
        self.where = where
        self.folder = folder
        self.is_embedded = where.startswith(_CHDB)
        self.memory: dict[Any, tuple[frozenset[str], Any]] = {}
        self._spare: list[ClickHouse] = []

    @classmethod
    def embedded(cls, folder: Path, *, wait: float = LOCK_WAIT_S) -> Self:
        """The engine in this process on `folder`. Raises Unavailable if another process holds the folder."""
        lock = _locked(lock_file(folder), wait)
        import clickhouse_connect

        try:
            client = clickhouse_connect.get_client(dsn=f"chdb://{folder}")
            client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
            connect = partial(clickhouse_connect.get_client, dsn=f"chdb://{folder}", database=DATABASE)
            clickhouse = cls(connect, DATABASE, f"{_CHDB}{folder}", lock, folder)
            # last: the engine would stop with its only client, and start again
            client.close()
            return clickhouse
        except Exception as error:
            lock.close()
            raise Unavailable(f"The embedded ClickHouse in {folder} cannot be opened: {first_line(error)}.") from error

    @classmethod
    def server(cls, url: str, *, create: bool = True, settings: Params | None = None) -> Self:
        """A server at ``http://user:password@host:8123/database``. Raises Unavailable if it does not answer."""
        import clickhouse_connect

        logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
        parts = urlsplit(url)
        try:
            port = parts.port or 8123
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or not port:
            raise BadInput("The ClickHouse address must look like http://user:password@host:8123/database.")
        database = parts.path.strip("/") or DATABASE
        place = f"{parts.hostname}:{port}"
        options: dict[str, Any] = {
            "host": parts.hostname,
            "port": port,
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "secure": parts.scheme == "https",
            "autogenerate_session_id": False,
            "settings": dict(settings or {}),
            "connect_timeout": 5,
            "query_retries": 0,
        }
        try:
            socket.create_connection((parts.hostname, parts.port or 8123), timeout=5).close()
        except OSError as error:
            # the driver's own words for this are a page long
            raise Unavailable(f"No ClickHouse answers at {place}; start it, or correct PMO_CLICKHOUSE.") from error
        try:
            client = clickhouse_connect.get_client(**options)
            # before anything is written
            _check_version(place, str(client.command("SELECT version()")))
            if create:
                client.command(f"CREATE DATABASE IF NOT EXISTS `{database}`")
            client.close()
            connect = partial(clickhouse_connect.get_client, database=database, **options)
            return cls(connect, database, f"ClickHouse at {place}")
        except Unavailable:
            raise
        except Exception as error:
            if _NOT_LET_IN.search(str(error)):
                raise Unavailable(
                    f"ClickHouse at {place} does not let the user {options['username']} in; correct user and password "
                    "in PMO_CLICKHOUSE."
                ) from None
            raise Unavailable(f"ClickHouse at {place} does not answer as expected: {first_line(error)}.") from error

    def session(self, limits: Params | None = None, *, behind: bool = False) -> "ClickHouse":
        """Another connection to the same place, for another thread; close it before this one.

        With `limits` it can only read, and within these settings; so can the sessions that are made of it. What an
        embedded engine does for a session that stands `behind` yields to all else on this machine.
        """
        settings = {**(_BEHIND if behind and self.is_embedded else {}), **(limits or {})}
        # readonly last: from there on nothing is written, and on a server no setting is changed by others
        if limits:
            settings["readonly"] = 2
        connect = partial(_set, self._connect, settings, self.is_embedded) if settings else self._connect
        other = ClickHouse(connect, self.database, self.where)
        other.memory = self.memory
        return other

    @contextmanager
    def crew(self, count: int) -> Iterator[list["ClickHouse"]]:
        """This connection and more to the same place, `count` in all; those are kept for the next time.

        To open one costs as much as a small insert.
        """
        others = [self._spare.pop() if self._spare else self.session() for _ in range(count - 1)]
        try:
            yield [self, *others]
        finally:
            self._spare += others

    def reader(self, limits: Params, database: str | None = None) -> "EmbeddedReader":
        """A connection to the same embedded folder that can't write, change settings, or reach outside the engine."""
        return EmbeddedReader(self._embedded_folder(), database or self.database, limits)

    def _embedded_folder(self) -> Path:
        if self.folder is None:
            raise AssertionError(f"{self.where} is not embedded")
        return self.folder

    @property
    def version(self) -> str:
        """The engine's version."""
        return str(self.scalar("SELECT version()"))

    def parts(self, table: str) -> frozenset[str]:
        """Names the present content of a table of this database: another insert gives another name."""
        query = """SELECT name FROM system.parts
            WHERE database = currentDatabase() AND table = {table:String} AND active"""
        return frozenset(str(row["name"]) for row in self.rows(query, {"table": table}))

    def rows(self, query: str, params: Params | None = None) -> list[dict[str, Any]]:
        """The rows of a query, each by column name."""
        names, found = self._asked(query, params)
        return [dict(zip(names, row, strict=True)) for row in found]

    def scalar(self, query: str, params: Params | None = None) -> Any:
        """The first column of the first row; None where there is none."""
        found = self._asked(query, params)[1]
        return found[0][0] if found else None

    def command(self, statement: str, params: Params | None = None) -> None:
        """Runs a statement that gives no rows."""
        self._run(lambda: self._client.command(statement, parameters=dict(params or {})))

    def script(self, statements: Iterable[str]) -> None:
        """Runs statements one after another."""
        for statement in statements:
            self.command(statement)

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Inserts whole columns into `table`, in one block."""
        data = list(columns.values())
        if len(data[0]) < _ARROW_FROM:
            self._run(
                lambda: self._client.insert(
                    table, data, column_names=list(columns), column_oriented=True, settings=_INSERT_SETTINGS
                )
            )
            return
        import pyarrow

        block = pyarrow.table(dict(columns))
        self._run(lambda: self._client.insert_arrow(table, block, settings=_INSERT_SETTINGS))

    def raw(self, query: str, params: Params, settings: Params, output_format: str) -> bytes:
        """The result of `query` in a ClickHouse format, as bytes."""
        return bytes(
            self._run(
                lambda: self._client.raw_query(
                    query, parameters=dict(params), settings=dict(settings), fmt=output_format
                )
            )
        )

    def close(self) -> None:
        """Gives the folder free."""
        while self._spare:
            self._spare.pop().close()
        self._client.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _asked(self, query: str, params: Params | None) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        def ask() -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
            result = self._client.query(query, parameters=dict(params or {}))
            # the driver reads the rows only now
            return result.column_names, result.result_rows

        found: tuple[Sequence[str], Sequence[Sequence[Any]]] = self._run(ask)
        return found

    def _run(self, work: Any) -> Any:
        try:
            return work()
        except Exception as error:
            if self.is_embedded:
                # chDB keeps the rows that a query gave before it failed, and would put them before the next one's
                self._client.close()
                self._client = self._connect()
            raise translated(error, self.where) from error


def _set(connect: Callable[[], Any], settings: Params, embedded: bool) -> Any:
    client = connect()
    for name, value in settings.items():
        if embedded:
            client.command(f"SET {name} = {value}")
        else:
            client.set_client_setting(name, value)
    return client


class EmbeddedReader:
    """Passes a query's text, its encoded parameters and a format to the engine, as ClickHouse's HTTP interface does."""

    def __init__(self, folder: Path, database: str, limits: Params) -> None:
        import chdb

        self._handle = chdb.connect(str(folder.resolve()))
        self._handle.query(f"USE {database}")
        for name, value in limits.items():
            self._handle.query(f"SET {name} = {value}")
        # last: from here on this connection can change no setting, and no table function that reads outside works
        self._handle.query("SET readonly = 1")

    def query(self, text: str, params: Mapping[str, str], output_format: str) -> "Answer":
        """The result in `output_format`, or in the one that the query names. Raises EngineError."""
        try:
            result = self._handle.query(text, output_format, params=dict(params))
        except RuntimeError as error:
            raise EngineError(str(error)) from error
        return Answer(bytes(result.bytes() or b""), int(result.rows_read()), float(result.elapsed()))

    def close(self) -> None:
        """Ends the connection."""
        self._handle.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as bytes, how many rows it has, and the seconds that it took."""

    content: bytes
    rows: int
    seconds: float


class EngineError(Exception):
    """What the engine itself said, with its code, for those who talk to it directly."""

    def __init__(self, message: str) -> None:
        super().__init__(message.strip())
        found = re.search(r"Code: (\d+)", message)
        self.code = int(found[1]) if found else 1002


class QueryFailed(Unavailable):
    """The engine refused or could not finish a statement; the first line of its reason is kept."""


def translated(error: Exception, where: str) -> Exception:
    """What an error of the driver means to us."""
    return QueryFailed(f"{where} could not do that: {first_line(error)}.")


def first_line(error: BaseException) -> str:
    """The first line of an error, short enough for one sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")


def _check_version(place: str, version: str) -> None:
    if tuple(int(part) for part in version.split(".")[:2]) < MINIMUM_VERSION:
        oldest = ".".join(str(part) for part in MINIMUM_VERSION)
        raise Unavailable(f"ClickHouse at {place} is version {version}; at least {oldest} is needed.")


def lock_file(folder: Path) -> Path:
    """The file whose lock is held by whoever has the folder open; the kernel frees it when the process ends."""
    return folder.with_name(f"{folder.name}.lock")


def is_held(folder: Path) -> bool:
    """Whether some process has the folder open."""
    try:
        with lock_file(folder).open() as file:
            # shared, so that two who ask at once do not take each other for a holder
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _locked(path: Path, wait: float) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error.strerror}); correct the folder's rights.") from None
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                raise Unavailable(
                    f"Another pmo process holds {path.parent}; wait until it ends, or stop it, and try again."
                ) from None
            time.sleep(_POLL_S)
        else:
            return file
