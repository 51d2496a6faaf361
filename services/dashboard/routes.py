"""The addresses of the dashboard: pages, their panels one by one, tables as CSV, the live stream, and the pack."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import orjson

from services.dashboard.around import Around
from services.dashboard.board import WENT_WRONG, Board
from services.dashboard.guard import COOKIE, Guard, Guarded
from services.dashboard.pages import Pages
from services.dashboard.panels import House, Page
from services.dashboard.present import PACK_CSP, present_pack
from services.dashboard.pulse import Stamp
from services.dashboard.question import Question, address
from services.dashboard.render import STATIC, Renderer, as_csv, tables_of
from services.dashboard.stream import MOST_VIEWERS, Hub, told
from services.errors import BadInput, NotFound, PmoError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

_PATIENCE_S, _FIRST_S, _LONG_S = 0.3, 2.0, 20.0
_THREADS = 24
_FOR_EVER = b"public, max-age=31536000, immutable"
_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_log = logging.getLogger("pmo.dashboard")
T = TypeVar("T")


class Site:
    """What the addresses lead to."""

    def __init__(
        self, house: House, board: Board, hub: Hub, stamp: Callable[[], Stamp], token: str, *, secure: bool = False
    ) -> None:
        self._house = house
        self._board = board
        self._hub = hub
        self._stamp = stamp
        self._guard = Guard(token)
        self._token = token
        self._secure = secure
        self._pages = Pages(house)
        self._around = Around(house, board)
        self._renderer = Renderer(house)
        self._threads = ThreadPoolExecutor(_THREADS, "dashboard-requests")

    @property
    def pages(self) -> Pages:
        """The pages by their addresses."""
        return self._pages

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def application(self) -> "Starlette":
        """The application for a server."""
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.routing import Mount, Route
        from starlette.staticfiles import StaticFiles

        return Starlette(
            routes=[
                Route("/healthz", self._healthy),
                Mount("/static", _Lasting(StaticFiles(directory=STATIC))),
                Route("/login", self._login, methods=["GET", "POST"]),
                Route("/logout", self._logout, methods=["POST"]),
                Route("/live/{page:path}", self._live),
                Route("/fragments/{page:path}", self._fragments),
                Route("/csv/{page:path}", self._csv),
                Route("/steering/pack", self._pack),
                Route("/{page:path}", self._page),
            ],
            middleware=[Middleware(Guarded, guard=self._guard, refused=self._refused)],
            exception_handlers={PmoError: self._failed, 404: self._missing, 405: self._missing, Exception: self._wrong},
        )

    async def _page(self, request: "Request") -> "Response":
        from starlette.responses import HTMLResponse

        page, question, _ = self._asked(request)

        def made() -> str:
            around = self._around.of(question, page)
            first = _FIRST_S if page.path.startswith("/project/") else _PATIENCE_S
            ready = self._board.page(page, question, wait=first)
            if page.path.startswith("/project/") and ready[0].problem:
                raise NotFound(ready[0].problem)
            return self._renderer.page(page, question, ready, {**around, "stamp": told(self._stamp())})

        return HTMLResponse(await self._in_thread(made), headers={"Cache-Control": "no-store"})

    async def _fragments(self, request: "Request") -> "Response":
        from starlette.responses import Response

        page, question, rest = self._asked(request, "panels", "wait")
        names = [name for name in rest["panels"].split(",") if name]
        known = {panel.name for panel in page.panels(question)}
        if unknown := [name for name in names if name not in known]:
            raise NotFound(f"There is no panel {unknown[0]!r} on this page.")
        wait = _LONG_S if rest["wait"] == "long" else _FIRST_S if rest["wait"] else 0.0

        def made() -> bytes:
            ready = self._board.page(page, question, wait=wait, names=names)
            panels = {each.panel.name: {"html": self._renderer.panel(page, question, each), "waiting": each.waiting,
                                        "current": each.current} for each in ready}  # fmt: skip
            return orjson.dumps({"stamp": told(self._stamp()), "panels": panels})

        return Response(await self._in_thread(made), media_type="application/json",
                        headers={"Cache-Control": "no-store"})  # fmt: skip

    async def _csv(self, request: "Request") -> "Response":
        from starlette.responses import Response

        page, question, rest = self._asked(request, "panel", "table")

        def made() -> tuple[str, str]:
            found = self._board.page(page, question, wait=_LONG_S, names=[rest["panel"]])
            if not found:
                raise NotFound(f"There is no panel {rest['panel']!r} on this page.")
            [ready] = found
            if ready.problem:
                raise BadInput(ready.problem)
            tables = tables_of(ready.shown) if ready.shown else []
            chosen = [table for table in tables if table.name == rest["table"] or not rest["table"]]
            if not chosen:
                raise NotFound(f"There is no table {rest['table']!r} in this panel.")
            return as_csv(chosen[0]), _NAME.sub("-", f"{page.path.strip('/') or 'overview'}-{chosen[0].name}")

        text, name = await self._in_thread(made)
        return Response(text, media_type="text/csv; charset=utf-8", headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"})  # fmt: skip

    async def _live(self, request: "Request") -> "Response":
        from starlette.responses import StreamingResponse

        page, question, rest = self._asked(request, "since")
        if self._hub.viewers >= MOST_VIEWERS:
            raise _Busy(f"{MOST_VIEWERS} browsers follow already; try again in a while.")
        given = request.headers.get("last-event-id") or rest["since"]
        since = int(given) if given.isdigit() else -1
        stream: AsyncIterator[bytes] = self._hub.follow(page, question, since)
        return StreamingResponse(stream, media_type="text/event-stream",
                                 headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})  # fmt: skip

    async def _pack(self, request: "Request") -> "Response":
        from starlette.responses import HTMLResponse

        question = Question.of(dict(request.query_params), {})
        question.scope(self._house.settings)
        done: asyncio.Future[str | Exception] = asyncio.get_running_loop().create_future()
        present_pack(self._board, self._house, question, self._stamp().position,
                     partial(_answered, asyncio.get_running_loop(), done))  # fmt: skip
        found = await done
        if isinstance(found, Exception):
            raise found
        return HTMLResponse(found, headers={"Content-Security-Policy": PACK_CSP, "Cache-Control": "no-store"})

    async def _login(self, request: "Request") -> "Response":
        from starlette.responses import HTMLResponse, RedirectResponse

        wrong = ""
        if request.method == "POST":
            given = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
            if self._guard.knows(given.get("token", "")):
                target = given.get("next", "/")
                # only to a page of ours
                target = target if re.fullmatch(r"/(?![/\\])[^\\\r\n]*", target) else "/"
                response = RedirectResponse(target, 303)
                response.set_cookie(COOKIE, self._guard.cookie, httponly=True, samesite="strict", secure=self._secure)
                return response
            self._guard.spend(request.client.host if request.client else "", self._guard.slowed())
            wrong = "That is not the token."
        asked_for = request.query_params.get("next", "/")
        html = self._renderer.template("login.html", wrong=wrong, next=asked_for)
        return HTMLResponse(html, 401 if wrong else 200)

    async def _logout(self, _: "Request") -> "Response":
        from starlette.responses import RedirectResponse

        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response

    async def _healthy(self, _: "Request") -> "Response":
        from starlette.responses import PlainTextResponse

        well = self._stamp().reads
        return PlainTextResponse("Ok.\n" if well else "ClickHouse does not answer.\n", 200 if well else 503)

    def _asked(self, request: "Request", *rest: str) -> tuple[Page, Question, dict[str, str]]:
        """The page and the question of an address, and the parameters that are about the request itself."""
        given = dict(request.query_params)
        kept = {name: given.pop(name, "") for name in rest}
        page = self._pages.find(request.path_params.get("page", ""))
        question = Question.of(given, page.own)
        question.scope(self._house.settings)
        return page, question, kept

    async def _in_thread(self, made: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, made)

    def _refused(self, request: "Request", status: int, sentence: str) -> "Response":
        from starlette.responses import RedirectResponse

        if status == 401 and "text/html" in request.headers.get("accept", ""):
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(address("/login", {"next": path}), 303)
        return self._sentence(request, status, sentence)

    async def _failed(self, request: "Request", error: Exception) -> "Response":
        assert isinstance(error, PmoError)
        return self._sentence(request, error.http_status, str(error))

    async def _missing(self, request: "Request", error: Exception) -> "Response":
        status = int(getattr(error, "status_code", 404))
        said = "There is no such page; choose one on the left." if status == 404 else "That can't be done here."
        return self._sentence(request, status, said)

    async def _wrong(self, request: "Request", error: Exception) -> "Response":
        _log.error("a request failed", exc_info=error)
        return self._sentence(request, 500, WENT_WRONG)

    def _sentence(self, request: "Request", status: int, sentence: str) -> "Response":
        from starlette.responses import HTMLResponse, JSONResponse

        if request.url.path.startswith(("/fragments/", "/csv/", "/live/")):
            return JSONResponse({"error": sentence}, status)
        question = Question()
        html = self._renderer.template("error.html", sentence=sentence, status=status, question=question,
                                       stamp=told(self._stamp()), page=None)  # fmt: skip
        return HTMLResponse(html, status)


class _Busy(PmoError):
    http_status = 503


def _answered(loop: asyncio.AbstractEventLoop, done: "asyncio.Future[Any]", found: str | Exception) -> None:
    def put() -> None:
        if not done.done():
            done.set_result(found)

    loop.call_soon_threadsafe(put)


class _Lasting:
    """Static files whose address names their content may be kept."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        lasting = b"v=" in scope.get("query_string", b"")

        async def sent(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and lasting and message["status"] == 200:
                message = {**message, "headers": [*message["headers"], (b"cache-control", _FOR_EVER)]}
            await send(message)

        await self._app(scope, receive, sent)
