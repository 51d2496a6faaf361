"""Answers queries as ClickHouse's HTTP interface does, while this process holds the embedded folder.

Loopback and read-only, with a random token as its password. The official client, other ``pmo`` processes and BI
tools read through it; results are sent whole, and no query runs longer than `LIMITS` say.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import os
import re
import secrets
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from services.errors import Rejected, Unavailable
from services.projections.clickhouse import DATABASE, ClickHouse, EmbeddedReader, EngineError
from services.settings import Settings
from services.web.guard import check

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
USER = "pmo"
LIMITS = {
    "max_execution_time": 30,
    "max_result_rows": 5_000_000,
    "max_result_bytes": 1_000_000_000,
    "max_memory_usage": 2_000_000_000,
}
_THREADS = 4
_MAX_QUERY_BYTES = 1_000_000
_START_SECONDS = 20.0
_READONLY, _SYNTAX, _AUTHENTICATION, _NO_DATABASE = 164, 62, 516, 81
_STATUS = {_READONLY: 403, _SYNTAX: 400, _AUTHENTICATION: 401, 46: 404, 47: 404, 60: 404, 81: 404, 159: 408, 241: 500}
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_DEFAULT_FORMAT = "TabSeparated"


class Endpoint:
    """Serves from `start` until `stop`, in threads of its own."""

    def __init__(self, settings: Settings, clickhouse: ClickHouse, port: int = 0, broker: str = "") -> None:
        self._file = settings.endpoint_file
        self._clickhouse = clickhouse
        self._token = secrets.token_urlsafe(24)
        self._port = port
        self._broker = broker
        self._local = threading.local()
        self._readers: list[EmbeddedReader] = []
        self._pool = ThreadPoolExecutor(_THREADS, "endpoint")
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._time_zone = str(clickhouse.scalar("SELECT timezone()"))

    @property
    def address(self) -> str:
        """Where it answers, without the token."""
        return f"http://{HOST}:{self._port}/{DATABASE}"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Answers from now on, and says so in the workspace's endpoint file. Raises Unavailable."""
        import uvicorn
        from starlette.applications import Starlette
        from starlette.routing import Route

        listener = self._listen()
        app = Starlette(
            routes=[
                Route("/ping", _ping, methods=["GET"]),
                Route("/{database:path}", self._answer, methods=["GET", "POST"]),
            ]
        )
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listener, started), name="endpoint", daemon=True)
        self._thread.start()
        if not started.wait(_START_SECONDS):
            raise Unavailable("The query endpoint did not start; try again.")
        self._publish()

    def stop(self) -> None:
        """Ends in order: nobody is sent here any more, what runs is finished."""
        with contextlib.suppress(FileNotFoundError):
            self._file.unlink()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._pool.shutdown()
        for reader in self._readers:
            reader.close()

    def _listen(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # inherited by each connection: an answer in two parts must not wait 40 ms for the first one's receipt
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((HOST, self._port))
        except OSError as error:
            listener.close()
            raise Unavailable(f"Port {self._port} can't be used ({error.strerror}); choose another.") from None
        self._port = listener.getsockname()[1]
        return listener

    def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        async def run() -> None:
            serving = asyncio.ensure_future(self._server.serve(sockets=[listener]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            started.set()
            await serving

        # uvicorn leaves signals alone outside the main thread, which is where this runs
        asyncio.run(run())

    def _publish(self) -> None:
        url = f"http://{USER}:{self._token}@{HOST}:{self._port}/{DATABASE}"
        # the broker that this process started: 'pmo doctor' looks whether it answers
        said = {"pid": os.getpid(), "url": url, "kafka": self._broker}
        part = self._file.with_name(self._file.name + ".part")
        part.unlink(missing_ok=True)
        # nobody else may read the token, not even for a moment
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(said, file)
        part.replace(self._file)

    async def _answer(self, request: "Request") -> "Response":
        given = dict(request.query_params)
        if not self._allowed(request.headers, given):
            return _failed(_AUTHENTICATION, "Authentication failed: the user or the token is wrong")
        body = await request.body()
        if len(body) > _MAX_QUERY_BYTES:
            return _failed(_SYNTAX, f"The query is longer than {_MAX_QUERY_BYTES} bytes")
        # ClickHouse puts the two together when both are given
        parts = [given.get("query", ""), body.decode("utf-8", "replace")]
        query = "\n".join(part for part in parts if part)
        database = given.get("database") or request.headers.get("x-clickhouse-database") or DATABASE
        if database != DATABASE:
            return _failed(_NO_DATABASE, f"Database {database} does not exist here; use {DATABASE}")
        params = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
        output = given.get("default_format") or request.headers.get("x-clickhouse-format") or _DEFAULT_FORMAT
        try:
            check(query)
            loop = asyncio.get_running_loop()
            content = await loop.run_in_executor(self._pool, self._run, query, params, output)
        except Rejected as refused:
            return _failed(_READONLY, str(refused))
        except EngineError as error:
            return _failed(error.code, str(error))
        return self._found(content, _named_format(query) or output)

    def _run(self, query: str, params: Mapping[str, str], output: str) -> bytes:
        reader: EmbeddedReader | None = getattr(self._local, "reader", None)
        if reader is None:
            # each thread has its own: one connection answers one query at a time
            reader = self._local.reader = self._clickhouse.reader(LIMITS)
            self._readers.append(reader)
        return reader.query(query, params, output)

    def _allowed(self, headers: Mapping[str, str], given: Mapping[str, str]) -> bool:
        user = given.get("user") or headers.get("x-clickhouse-user") or ""
        password = given.get("password") or headers.get("x-clickhouse-key") or ""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return False
        right = secrets.compare_digest(password.encode(), self._token.encode())
        return right and user == USER

    def _found(self, content: bytes, output: str) -> "Response":
        from starlette.responses import Response

        headers = {"X-ClickHouse-Format": output, "X-ClickHouse-Timezone": self._time_zone}
        return Response(content, media_type=_media_type(output), headers=headers)


def _named_format(query: str) -> str | None:
    found = _FORMAT.search(query)
    return found[1] if found else None


def _media_type(output: str) -> str:
    if output.startswith("JSON") and "EachRow" not in output:
        return "application/json; charset=UTF-8"
    if output.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    return "text/csv; charset=UTF-8" if output.startswith("CSV") else "application/octet-stream"


async def _ping(_: "Request") -> "Response":
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("Ok.\n")


def _failed(code: int, message: str) -> "Response":
    from starlette.responses import PlainTextResponse

    text = message if message.startswith("Code:") else f"Code: {code}. DB::Exception: {message}."
    headers = {"X-ClickHouse-Exception-Code": str(code)}
    return PlainTextResponse(text + "\n", _STATUS.get(code, 400 if code < 1000 else 500), headers)
