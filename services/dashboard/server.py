"""The dashboard as a part of a process: its threads, its one look at the log, and its HTTP server."""

from services.benchmarks.industry import cited_with
from services.dashboard.board import Board
from services.dashboard.pages import MENU
from services.dashboard.panels import House
from services.dashboard.pulse import Pulse, Stamp
from services.dashboard.question import Question
from services.dashboard.reading import Workers
from services.dashboard.routes import Site
from services.dashboard.stream import Hub
from services.errors import BadInput
from services.projections.checking import controls_with
from services.projections.clickhouse import ClickHouse
from services.projections.kpi import kpis_with
from services.settings import Settings
from services.web.serving import ANYWHERE, LOOPBACK, Serving

HOST = "127.0.0.1"
PORT = 8080
_QUIET_S, _WARM_AGAIN_S = 2.0, 300.0


class Dashboard:
    """Serves from `start` until `stop`, through connections of its own to where `clickhouse` leads."""

    def __init__(
        self, settings: Settings, clickhouse: ClickHouse, host: str = HOST, port: int = PORT, *, secure: bool = False
    ) -> None:
        token = settings.web_token.get_secret_value()
        if host not in LOOPBACK and not token:
            raise BadInput(
                f"The dashboard is served at {host} only with a token: set PMO_WEB_TOKEN to 16 characters or more."
            )
        self._host = host
        own = settings.own_controls if settings.own_controls.is_dir() else None
        house = House(settings, kpis_with(settings.own_kpis), controls_with(own), cited_with(settings.home))
        self._workers = Workers(clickhouse)
        self._board = Board(house, self._workers)
        self._hub = Hub(self._board, lambda: self._pulse.stamp)
        self._pulse = Pulse(clickhouse, self._board, self._hub.stamped, self._again)
        self._site = Site(house, self._board, self._hub, lambda: self._pulse.stamp, token, secure=secure)
        self._serving = Serving(self._site.application(), host, port, "dashboard")
        self._warm_in = _QUIET_S

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        here = HOST if self._host in ANYWHERE else self._host
        return f"http://{f'[{here}]' if ':' in here else here}:{self._serving.port}"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._serving.running

    @property
    def stamp(self) -> Stamp:
        """How far its figures have come."""
        return self._pulse.stamp

    def start(self, hint: str = "choose another by --port") -> None:
        """Answers from now on. Raises Unavailable, with `hint`, where the port is taken."""
        self._serving.start(hint)
        self._pulse.start()

    def stop(self) -> None:
        """Ends in order."""
        self._serving.stop()
        if self._pulse.started:
            self._pulse.stop()
        self._site.close()
        self._workers.stop()

    def _again(self, quiet: float) -> None:
        self._hub.refresh()
        self._workers.rest(quiet > _QUIET_S)
        if quiet > self._warm_in:
            # nothing lands: the first visitor of a page is not to wait for it
            self._warm_in = quiet + _WARM_AGAIN_S
            for path, _, _ in MENU:
                self._board.refresh(self._site.pages.find(path), Question(), later=True)
        elif quiet < _QUIET_S:
            self._warm_in = max(_QUIET_S, min(self._warm_in, _WARM_AGAIN_S))
