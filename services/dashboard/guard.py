"""Who may see the dashboard: this machine, or whoever has the token; never a page of somebody else's."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from services.web.serving import LOOPBACK

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "pmo_dashboard"
OPEN = ("/login", "/healthz")
_OPEN_FOLDER = "/static/"
_LONGEST = 8_192
_LARGEST = 4_096
_RATE, _BURST = 40.0, 240.0
_KNOWN = 2_000
_SLOW_LOGIN = 20.0

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Decides over each request before anything is looked up."""

    def __init__(self, token: str) -> None:
        self._token = token
        # a cookie outlives no restart with another token, and says nothing of the token
        self._cookie = hmac.new(token.encode(), b"pmo dashboard", sha256).hexdigest() if token else ""
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @property
    def cookie(self) -> str:
        """What a browser that gave the token is recognised by."""
        return self._cookie

    def knows(self, token: str) -> bool:
        """Whether this is the token."""
        return bool(self._token) and secrets.compare_digest(token.encode(), self._token.encode())

    def refusal(self, request: "Request") -> tuple[int, str] | None:
        """The status and the sentence with which it is refused; None if it may go on."""
        host = request.headers.get("host", "")
        if not self._token and (urlsplit(f"//{host}").hostname or "") not in LOOPBACK:
            return 421, "This dashboard answers at 127.0.0.1 and localhost only; open it there."
        if request.method not in ("GET", "HEAD", "POST"):
            return 405, "Only GET and POST are answered here."
        if len(str(request.url)) > _LONGEST:
            return 414, "This address is too long; leave some of its parameters out."
        if int(request.headers.get("content-length") or 0) > _LARGEST:
            return 413, "That is more than is taken here."
        if self._is_foreign(request, host):
            return 403, "Requests from other sites are not answered; open the dashboard itself."
        if not self._may_spend(request):
            return 429, "Too many requests at once; wait a moment."
        if self._token and not self._is_known(request):
            return 401, "Give the token of this dashboard."
        return None

    def slowed(self) -> float:
        """How many requests of the rate a wrong token costs."""
        return _SLOW_LOGIN

    def spend(self, who: str, amount: float) -> bool:
        """Takes from what somebody may ask for; whether there was enough."""
        now = time.monotonic()
        left, at = self._spent.pop(who, (_BURST, now))
        left = min(_BURST, left + (now - at) * _RATE)
        self._spent[who] = (max(0.0, left - amount), now)
        while len(self._spent) > _KNOWN:
            self._spent.popitem(last=False)
        return left >= amount

    def _may_spend(self, request: "Request") -> bool:
        return self.spend(request.client.host if request.client else "", 1.0)

    def _is_known(self, request: "Request") -> bool:
        if request.url.path in OPEN or request.url.path.startswith(_OPEN_FOLDER):
            return True
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.knows(bearer):
            return True
        return secrets.compare_digest(request.cookies.get(COOKIE, "").encode(), self._cookie.encode())

    @staticmethod
    def _is_foreign(request: "Request", host: str) -> bool:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return True
        if request.method == "POST" and origin is None and "referer" not in request.headers:
            return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        site = request.headers.get("sec-fetch-site", "none")
        navigates = request.headers.get("sec-fetch-mode") == "navigate" and request.method == "GET"
        return site in ("cross-site", "same-site") and not navigates


class Guarded:
    """The middleware: what is refused gets `refused`, and every answer its headers."""

    def __init__(self, app: "ASGIApp", guard: Guard, refused: "Callable[[Request, int, str], Response]") -> None:
        self._app = app
        self._guard = guard
        self._refused = refused

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answers one request."""
        from starlette.datastructures import MutableHeaders
        from starlette.requests import Request

        if scope["type"] != "http":
            return

        async def sent(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope)
        no = self._guard.refusal(request)
        await (self._refused(request, *no) if no else self._app)(scope, receive, sent)
