"""An HTTP server in a thread of its own, for what a process answers beside its work."""

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from services.errors import Unavailable

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANYWHERE = ("0.0.0.0", "::")
_START_SECONDS = 20.0


class Serving:
    """Serves an application from `start` until `stop`."""

    def __init__(self, app: "ASGIApp", host: str, port: int, name: str) -> None:
        self._app = app
        self._host = host
        self._name = name
        self.port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, hint: str) -> None:
        """Answers from now on. Raises Unavailable, with `hint`, if the port can't be used."""
        import uvicorn

        listener = self._listen(hint)
        config = uvicorn.Config(
            self._app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            server_header=False,
            h11_max_incomplete_event_size=65_536,
        )
        self._server = uvicorn.Server(config)
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listener, started), name=self._name, daemon=True)
        self._thread.start()
        if not started.wait(_START_SECONDS):
            raise Unavailable(f"The {self._name} did not start; try again.")

    def stop(self) -> None:
        """Ends in order; what runs is given a second."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()

    def _listen(self, hint: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # inherited by each connection: an answer in two parts must not wait 40 ms for the first one's receipt
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((self._host, self.port))
        except OSError as error:
            listener.close()
            place = f"Port {self.port} of {self._host}"
            raise Unavailable(f"{place} can't be used ({error.strerror}); {hint}.") from None
        self.port = listener.getsockname()[1]
        return listener

    def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        async def run() -> None:
            serving = asyncio.ensure_future(self._server.serve(sockets=[listener]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            started.set()
            with contextlib.suppress(asyncio.CancelledError):
                await serving

        # uvicorn leaves signals alone outside the main thread, which is where this runs
        asyncio.run(run())
