"""A real Postgres server for the tests, in a temporary folder and on a free port, and new databases in it."""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "s3cr3t p@ss/word"
_QUOTED = "s3cr3t%20p%40ss%2Fword"
# nothing here must survive a power cut
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "200"}
_NUMBERS = itertools.count(1)


class Postgres:
    """A server, which can be stopped and started again. Its superuser is `pmo`."""

    def __init__(self, folder: Path, user: str | None) -> None:
        """In `folder`, made by initdb, as this user of the machine."""
        self.port = _free_port()
        self._folder = folder
        self._user = user
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; it ends with this process, also if that is killed."""
        given = {**_SETTINGS, "port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        # the shell waits for the pipe's end, which comes with this process's end, and then stops the server at once
        script = '"$@" & read -r _; kill -QUIT $!; wait'
        with (self._folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                ["sh", "-c", script, "sh", _program("postgres"), "-D", str(self._folder / "data"), *options],
                user=self._user, cwd=self._folder, stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """Stops it at once, without a word to whoever is connected: its next start has to recover."""
        if self._running is not None:
            self._running.communicate(timeout=30)

    def kill_backends(self, database: str) -> int:
        """`kill -9` of what serves each connection to a database, upon which the server ends all others too.

        Gives their number.
        """
        found = self.run(f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'")
        for (pid,) in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait()
        return len(found)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.run("SELECT 1")
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.05)

    def new_database(self) -> str:
        """The address of an empty database, as PMO_STORE takes it."""
        name = f"t{os.getpid()}_{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str, user: str = "pmo", password: str = _QUOTED) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """One statement as the superuser, past the program."""
        with closing(
            psycopg.connect(
                host="127.0.0.1", port=self.port, user="pmo", password=PASSWORD, dbname=database, autocommit=True
            )
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def end_connections(self, database: str) -> None:
        """Ends every connection to a database, as a restart of the server does."""
        self.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")


def database_of(url: str) -> str:
    return url.rpartition("/")[2]


@contextmanager
def started() -> Iterator[Postgres]:
    """Starts a server of its own; it ends with this process, also if that is killed."""
    folder = Path(tempfile.mkdtemp(prefix="pmo-postgres-"))
    user = _owner()
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    try:
        data, words = folder / "data", folder / "password"
        words.write_text(PASSWORD)
        words.chmod(0o644)
        arguments = ("-D", data, "-U", "pmo", "-A", "scram-sha-256", "--pwfile", words, "-E", "UTF8", "--no-sync")
        subprocess.run([_program("initdb"), *arguments], user=user, cwd=folder, check=True, capture_output=True)
        server = Postgres(folder, user)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str | None:
    """Whom the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the way, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda file: int(file.parts[-3]))
    program = str(found[-1]) if found else shutil.which(name)
    assert program, f"no {name}: 'make postgres' installs Postgres, or says what to install"
    return program


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
