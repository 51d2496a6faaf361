"""A ClickHouse server for the tests: chDB, the real engine, behind ClickHouse's HTTP protocol, opened for writing.

For where no ClickHouse server can be installed. `PMO_TEST_CLICKHOUSE` gives the tests a real one instead. Run as
``python -m tests.clickhouse FOLDER PORT``; it ends with the process that started it.
"""

import asyncio
import base64
import gzip
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
THREADS = 8
_OURS = {
    "wait_end_of_query", "buffer_size", "query", "database", "default_format", "query_id", "session_id", "compress",
    "decompress", "user", "password",
}  # fmt: skip
_INSERT = re.compile(rb"^\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)


class Server:
    """A running server in a process of its own, which can be stopped hard and started again."""

    def __init__(self, folder: Path, password: str = "", version: str = "") -> None:
        """With a password it lets nobody in without; with a version it says that it is that one."""
        self._folder = folder
        self._said = (password, version)
        self.port = _free_port()
        self._running: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"http://default@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def start(self) -> None:
        arguments = [sys.executable, "-m", "tests.clickhouse", str(self._folder), str(self.port), *self._said]
        with (self._folder.parent / "clickhouse.log").open("ab") as log:
            self._running = subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            assert self._running.poll() is None, (self._folder.parent / "clickhouse.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        """As kill -9 does."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()


@contextmanager
def started(folder: Path) -> Iterator[Callable[[], str]]:
    """Gives addresses of new databases, on the server of `PMO_TEST_CLICKHOUSE` if that is set, else on our own."""
    if given := os.environ.get("PMO_TEST_CLICKHOUSE"):
        yield lambda: f"{given.rstrip('/')}/t{uuid.uuid4().hex[:12]}"
        return
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(folder)
    server.start()
    try:
        yield lambda: server.url(f"t{uuid.uuid4().hex[:12]}")
    finally:
        server.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class _Engine:
    """One connection for each thread: a connection answers one statement at a time."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._local = threading.local()

    def run(self, query: bytes, body: bytes, given: Mapping[str, str], output: str) -> bytes:
        if getattr(self._local, "connection", None) is None:
            import chdb

            self._local.connection = chdb.connect(self._folder)
        connection = self._local.connection
        connection.query(f"USE `{given.get('database') or 'default'}`")
        for name, value in given.items():
            if name not in _OURS and not name.startswith("param_"):
                connection.query(f"SET {name} = '{value}'")
        params = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
        if body:
            return self._insert(connection, query, body)
        return bytes(connection.query(query.decode(), output, params=params).bytes() or b"")

    def _insert(self, connection: Any, query: bytes, body: bytes) -> bytes:
        found = _INSERT.match(query)
        if found is None:
            raise RuntimeError(f"Code: 62. DB::Exception: no insert: {query[:200]!r}")
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            into, form = found[1].decode(), found[2].decode()
            connection.query(f"{into} FROM INFILE '{file.name}' FORMAT {form}", "TabSeparated")
        return b""


_NOT_LET_IN = (
    "Code: 516. DB::Exception: default: Authentication failed: password is incorrect, or there is no user with such "
    "name. (AUTHENTICATION_FAILED) (version 24.8.4.13 (official build))\n"
)


def _serve(folder: str, port: int, password: str, version: str) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    engine, pool = _Engine(folder), ThreadPoolExecutor(THREADS)

    async def answer(request: Request) -> Response:
        given, body = dict(request.query_params), _unpacked(request.headers, await request.body())
        if password and _password(request.headers) != password:
            return PlainTextResponse(_NOT_LET_IN, 403, {"X-ClickHouse-Exception-Code": "516"})
        query = given.get("query", "").encode()
        if not query:
            # the statement stands before the data
            head, _, rest = body.partition(b"\n")
            query, body = (head, rest) if _INSERT.match(head) else (body, b"")
        if version:
            query = query.replace(b"version()", f"'{version}'".encode())
        output = given.get("default_format") or request.headers.get("x-clickhouse-format") or "TabSeparated"
        try:
            loop = asyncio.get_running_loop()
            content = await loop.run_in_executor(pool, engine.run, query, body, given, output)
        except RuntimeError as error:
            code = re.search(r"Code: (\d+)", str(error))
            headers = {"X-ClickHouse-Exception-Code": code[1] if code else "1002"}
            return PlainTextResponse(f"{error}\n", 500, headers)
        return Response(content, headers={"X-ClickHouse-Format": output, "X-ClickHouse-Timezone": "UTC"})

    async def ping(_: Request) -> Response:
        return PlainTextResponse("Ok.\n")

    routes = [Route("/ping", ping), Route("/{rest:path}", answer, methods=["GET", "POST"])]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _unpacked(headers: Mapping[str, str], body: bytes) -> bytes:
    match headers.get("content-encoding", ""):
        case "lz4":
            import lz4.frame

            return bytes(lz4.frame.decompress(body))
        case "zstd":
            from backports import zstd

            return bytes(zstd.decompress(body))
        case "gzip":
            return gzip.decompress(body)
        case _:
            return body


def _password(headers: Mapping[str, str]) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind == "Basic":
        return base64.b64decode(value).decode().partition(":")[2]
    return headers.get("x-clickhouse-key", "")


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _serve(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
