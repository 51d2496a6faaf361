"""Answers queries as ClickHouse's HTTP interface does, while this process holds the embedded folder.

Read-only, on the loopback interface, with a random token as its password: other ``pmo`` processes read through it. With
``PMO_ENDPOINT_TOKEN`` it is open to other programs too, at another address if asked for; they see the views of
`services.projections.analysis` besides, and share the half of the threads. Results are sent whole, and no query runs
longer than `LIMITS` say, or `OWN_LIMITS` for those processes.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import os
import re
import secrets
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import HTTP
from typing import TYPE_CHECKING

from services.errors import BadInput, Rejected
from services.projections.analysis import database_of, offer
from services.projections.clickhouse import DATABASE, Answer, ClickHouse, EmbeddedReader, EngineError
from services.settings import Settings
from services.web.blocks import framed
from services.web.guard import check
from services.web.serving import ANYWHERE, LOOPBACK, Serving

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
USER = "pmo"
OTHERS = "others"
LIMITS = {
    "max_execution_time": 30,
    "max_result_rows": 5_000_000,
    "max_result_bytes": 1_000_000_000,
    "max_memory_usage": 2_000_000_000,
}
OWN_LIMITS = {**LIMITS, "max_execution_time": 600}
"""Of the pmo of this machine, which verifies through it."""
_THREADS = 4
_WAITING = 16
_MAX_QUERY_BYTES = 1_000_000
_READONLY, _SYNTAX, _AUTHENTICATION, _NO_DATABASE, _TOO_MANY = 164, 62, 516, 81, 202
_STATUS = {
    _READONLY: 403,
    _SYNTAX: 400,
    _AUTHENTICATION: 401,
    46: 404,
    47: 404,
    60: 404,
    81: 404,
    159: 408,
    202: 503,
    241: 500,
}
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_DEFAULT_FORMAT = "TabSeparated"


class Endpoint:
    """Serves from `start` until `stop`, in threads of its own."""

    def __init__(
        self,
        settings: Settings,
        clickhouse: ClickHouse,
        port: int = 0,
        broker: str = "",
        host: str = HOST,
        limits: Mapping[str, int] = LIMITS,
        own_limits: Mapping[str, int] = OWN_LIMITS,
    ) -> None:
        self._settings = settings
        self._file = settings.endpoint_file
        self._clickhouse = clickhouse
        self._limits = limits
        self._own_limits = own_limits
        self._token = secrets.token_urlsafe(24)
        self._host = host
        self._port = port
        self._broker = broker
        self._local = threading.local()
        self._readers: list[EmbeddedReader] = []
        self._pool = ThreadPoolExecutor(_THREADS, "endpoint")
        # so that other programs never hold up the pmo of this machine
        self._others = ThreadPoolExecutor(_THREADS // 2, "endpoint-others")
        self._waiting = 0
        self._offering = threading.Lock()
        self._offered = False
        found = clickhouse.rows("SELECT lower(name) AS name FROM system.table_functions")
        self._table_functions = frozenset(str(row["name"]) for row in found)
        self._serving: Serving | None = None
        self._time_zone = str(clickhouse.scalar("SELECT timezone()"))

    @property
    def address(self) -> str:
        """Where it answers, without the token."""
        return f"http://{self._host}:{self._port}/{DATABASE}"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._serving is not None and self._serving.running

    def start(self) -> None:
        """Answers from now on, and says so in the workspace's endpoint file. Raises Unavailable."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        if self._host not in LOOPBACK and not self._settings.endpoint_token.get_secret_value():
            raise BadInput(
                f"Queries are answered at {self._host} only with a token: "
                "set PMO_ENDPOINT_TOKEN to 16 characters or more."
            )
        app = Starlette(
            routes=[
                Route("/ping", _ping, methods=["GET"]),
                Route("/{database:path}", self._answer, methods=["GET", "POST"]),
            ]
        )
        self._serving = Serving(app, self._host, self._port, "query endpoint")
        self._serving.start("choose another")
        self._port = self._serving.port
        self._publish()

    def stop(self) -> None:
        """Ends in order: nobody is sent here any more, what runs is finished."""
        with contextlib.suppress(FileNotFoundError):
            self._file.unlink()
        if self._serving is not None:
            self._serving.stop()
        self._pool.shutdown()
        self._others.shutdown()
        for reader in self._readers:
            reader.close()

    def _publish(self) -> None:
        here = HOST if self._host in ANYWHERE else self._host
        url = f"http://{USER}:{self._token}@{here}:{self._port}/{DATABASE}"
        # the broker that this process started: 'pmo doctor' looks whether it answers
        is_open = bool(self._settings.endpoint_token.get_secret_value())
        said = {"pid": os.getpid(), "url": url, "kafka": self._broker, "open": is_open}
        part = self._file.with_name(self._file.name + ".part")
        part.unlink(missing_ok=True)
        # nobody else may read the token, not even for a moment
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(said, file)
        part.replace(self._file)

    async def _answer(self, request: "Request") -> "Response":
        given = dict(request.query_params)
        who = self._who(request.headers, given)
        if who is None:
            return _failed(_AUTHENTICATION, "Authentication failed: the user or the token is wrong")
        try:
            body = await _body(request)
        except ValueError:
            return _failed(_SYNTAX, f"The query is longer than {_MAX_QUERY_BYTES} bytes")
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            # the official client sends parameters that are too long for an address as a form
            given, body = {**_form(kind, body), **given}, b""
        # ClickHouse puts the two together when both are given
        parts = [given.get("query", ""), body.decode("utf-8", "replace")]
        query = "\n".join(part for part in parts if part)
        database = given.get("database") or request.headers.get("x-clickhouse-database") or DATABASE
        if database not in self._databases:
            known = " or ".join(self._databases)
            return _failed(_NO_DATABASE, f"Database {database} does not exist here; use {known}")
        params = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
        output = given.get("default_format") or request.headers.get("x-clickhouse-format") or _DEFAULT_FORMAT
        if self._waiting >= _WAITING:
            return _failed(_TOO_MANY, f"{_WAITING} queries wait already; ask again in a while")
        self._waiting += 1
        try:
            check(query, self._table_functions)
            loop = asyncio.get_running_loop()
            pool = self._pool if who == USER else self._others
            answer = await loop.run_in_executor(pool, self._run, who, database, query, params, output)
        except Rejected as refused:
            return _failed(_READONLY, str(refused))
        except EngineError as error:
            return _failed(error.code, str(error))
        finally:
            self._waiting -= 1
        return self._found(answer, _named_format(query) or output, given.get("compress") == "1")

    @property
    def _databases(self) -> tuple[str, str]:
        return DATABASE, database_of(self._clickhouse)

    def _run(self, who: str, database: str, query: str, params: Mapping[str, str], output: str) -> Answer:
        if who != USER or database != DATABASE:
            self._offer()
        readers: dict[str, EmbeddedReader] = self._local.__dict__.setdefault("readers", {})
        if database not in readers:
            # each thread has its own: one connection answers one query at a time
            limits = self._own_limits if who == USER else self._limits
            readers[database] = self._clickhouse.reader(limits, database)
            self._readers.append(readers[database])
        try:
            return readers[database].query(query, params, output)
        except EngineError:
            # chDB keeps the rows that a query gave before it failed, and would put them before the next one's
            reader = readers.pop(database)
            self._readers.remove(reader)
            reader.close()
            raise

    def _offer(self) -> None:
        """Makes the views for analysts when the first of them asks: nobody else waits for that."""
        with self._offering:
            if not self._offered:
                with self._clickhouse.session() as session:
                    offer(session, self._settings)
                self._offered = True

    def _who(self, headers: Mapping[str, str], given: Mapping[str, str]) -> str | None:
        """`USER` for a pmo of this machine, `OTHERS` for whoever has the token of the settings, None else."""
        user = given.get("user") or headers.get("x-clickhouse-user") or ""
        password = given.get("password") or headers.get("x-clickhouse-key") or ""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
        elif scheme.lower() == "bearer":
            user, password = USER, credentials
        if user != USER:
            return None
        found = None
        for who, token in ((USER, self._token), (OTHERS, self._settings.endpoint_token.get_secret_value())):
            # both are compared, so that the time tells nothing
            if secrets.compare_digest(password.encode(), token.encode()) and token:
                found = who
        return found

    def _found(self, answer: Answer, output: str, compressed: bool) -> "Response":
        from starlette.responses import Response

        # ClickHouse's Java client takes an answer without these counts for an empty one
        summary = {"result_rows": answer.rows, "result_bytes": len(answer.content),
                   "elapsed_ns": int(answer.seconds * 1e9)}  # fmt: skip
        headers = {
            "X-ClickHouse-Format": output,
            "X-ClickHouse-Timezone": self._time_zone,
            "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}),
        }
        content = framed(answer.content) if compressed else answer.content
        return Response(content, media_type=_media_type(output), headers=headers)


def is_open(settings: Settings) -> bool:
    """Whether the running ``pmo up`` answers other programs too."""
    try:
        return bool(json.loads(settings.endpoint_file.read_text()).get("open"))
    except (OSError, ValueError):
        return False


def _named_format(query: str) -> str | None:
    found = _FORMAT.search(query)
    return found[1] if found else None


def _media_type(output: str) -> str:
    if output.startswith("JSON") and "EachRow" not in output:
        return "application/json; charset=UTF-8"
    if output.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    return "text/csv; charset=UTF-8" if output.startswith("CSV") else "application/octet-stream"


async def _body(request: "Request") -> bytes:
    """The body; raises ValueError as soon as it is too long, whatever its header says."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _MAX_QUERY_BYTES:
            raise ValueError("too long")
        parts.append(part)
    return b"".join(parts)


def _form(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a form."""
    message = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body, policy=HTTP)
    fields = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            fields[name] = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return fields


async def _ping(_: "Request") -> "Response":
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("Ok.\n")


def _failed(code: int, message: str) -> "Response":
    from starlette.responses import PlainTextResponse

    text = message if message.startswith("Code:") else f"Code: {code}. DB::Exception: {message}."
    headers = {"X-ClickHouse-Exception-Code": str(code)}
    return PlainTextResponse(text + "\n", _STATUS.get(code, 400 if code < 1000 else 500), headers)
