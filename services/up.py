"""``pmo up``: everything that one machine needs, in one process; and the relay and the worker alone, for teams.

Parts start in the order in which they need each other and end in the opposite one. If one ends by itself, all end.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from types import FrameType
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from services import bus
from services.broker import LocalBroker, why_not
from services.catch_up import catch_up
from services.commands.app import Governance
from services.errors import Unavailable
from services.metrics import LandingMetrics, served
from services.projections.clickhouse import ClickHouse
from services.runtime import Progress, endpoint_url, open_app, quiet
from services.settings import Settings
from services.topics import topics
from services.waiting import wait_visible

Say = Callable[[str], None]
LOOPBACK = "127.0.0.1"
ENDPOINT_SAYS = "Queries are answered at"
DASHBOARD_SAYS = "Dashboard at"
_WATCH_S = 0.1
_EMBEDDED_POLL_S = 0.1


class Web(NamedTuple):
    """Where the dashboard is served."""

    host: str = LOOPBACK
    port: int = 8080


@dataclass
class Running:
    """What `running` has started."""

    settings: Settings
    app: Governance
    clickhouse: ClickHouse
    bootstrap: str | None = None
    broker: LocalBroker | None = None
    parts: list["_Part"] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    dashboard: str = ""

    def check(self) -> None:
        """Raises what a part ended with, if one has ended."""
        for part in self.parts:
            if part.failure is not None:
                raise part.failure
            if not part.is_alive():
                raise Unavailable(f"The {part.name} ended by itself; start 'pmo up' again.")
        if self.broker is not None and not self.broker.running:
            raise Unavailable(f"The local Kafka broker ended; see {self.broker.data_dir}/server.log.")

    def wait_visible(self, position: int, timeout: float) -> None:
        """Waits until everything up to this position can be queried. Raises Unavailable."""
        self.check()
        wait_visible(self.app.store, self.clickhouse, position, timeout)


class _Part(threading.Thread):
    """A part in a thread of its own, which keeps what it ended with."""

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        super().__init__(name=name, daemon=True)
        self.failure: BaseException | None = None
        self.end = threading.Event()
        self._work = work

    def run(self) -> None:
        try:
            self._work(self.end)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever watches the parts
            self.failure = error

    def stop(self) -> None:
        """Ends it in order."""
        self.end.set()
        self.join()


@contextmanager
def running(
    settings: Settings,
    *,
    embedded: bool,
    say: Say,
    stop: threading.Event,
    progress: Progress = quiet,
    endpoint_port: int = 0,
    endpoint_host: str = LOOPBACK,
    metrics_port: int | None = None,
    web: Web | None = None,
) -> Iterator[Running]:
    """Starts all parts and says in a line each what runs; at the end stops them in order. Raises Unavailable.

    Once `stop` is set it waits no longer for a part that is still starting.
    """
    from services.projections.publishing import Publisher
    from services.projections.schema import connect

    if endpoint_url(settings):
        raise Unavailable(f"'pmo up' runs already for {settings.home}; stop it first, or use it.")
    with ExitStack() as stack:
        clickhouse = stack.enter_context(connect(settings))
        app = stack.enter_context(open_app(settings))
        now = Running(settings, app, clickhouse)
        say(f"ClickHouse {clickhouse.version}: {clickhouse.where}.")
        _start_broker(stack, now, embedded, say)
        # a connection of its own for each thread that uses one
        landing = clickhouse if settings.clickhouse else stack.enter_context(clickhouse.session())
        if now.bootstrap is None:
            metrics = LandingMetrics(now.registry)
            _start(stack, now, _Part("embedded projector", lambda end: _follow_store(app, landing, metrics, end)))
            publisher = Publisher(stack.enter_context(clickhouse.session(behind=True)), settings, lambda: True)
            _start(stack, now, _Part("KPI publisher", publisher.run))
            say("Events go straight from the store into ClickHouse.")
        else:
            _start_kafka_parts(stack, now, landing, say, progress, stop)
        if not settings.clickhouse:
            own = now.bootstrap or "" if now.broker else ""
            _start_endpoint(stack, settings, clickhouse, say, endpoint_port, own, endpoint_host)
        _serve_metrics(stack, now.registry, metrics_port, say)
        if web is not None:
            now.dashboard = _start_dashboard(stack, settings, clickhouse, say, web)
        yield now


def up(
    settings: Settings,
    *,
    embedded: bool,
    say: Say,
    stop: threading.Event | None = None,
    progress: Progress = quiet,
    endpoint_port: int = 0,
    endpoint_host: str = LOOPBACK,
    metrics_port: int | None = None,
    web: Web | None = None,
) -> None:
    """Runs everything until `stop`, SIGINT or SIGTERM. Raises what a part ended with, if one ends by itself."""
    with (
        stoppable(stop) as end,
        running(
            settings,
            embedded=embedded,
            say=say,
            stop=end,
            progress=progress,
            endpoint_port=endpoint_port,
            endpoint_host=endpoint_host,
            metrics_port=metrics_port,
            web=web,
        ) as now,
    ):
        say("Ready; Ctrl-C ends it.")
        while not end.wait(_WATCH_S):
            now.check()
        say("Stopping.")


def run_web(
    settings: Settings, web: Web, *, say: Say, stop: threading.Event | None = None, progress: Progress = quiet
) -> None:
    """``pmo web``: the dashboard on the ClickHouse of the settings or of a running ``pmo up``; else all of it.

    Nobody else could read an embedded folder that only the dashboard held, so there it is ``pmo up`` without Kafka.
    """
    from services.projections.schema import check_tables

    url = settings.clickhouse or endpoint_url(settings)
    if url is None:
        say("Nothing runs here, so the events are followed from the store.")
        up(settings, embedded=True, say=say, stop=stop, progress=progress, web=web)
        return
    with stoppable(stop) as end, ExitStack() as stack:
        clickhouse = stack.enter_context(ClickHouse.server(url, create=False))
        check_tables(clickhouse, settings.workspace_id)
        say(f"ClickHouse {clickhouse.version}: {clickhouse.where}.")
        _start_dashboard(stack, settings, clickhouse, say, web)
        say("Ready; Ctrl-C ends it.")
        end.wait()


def run_relay(
    settings: Settings,
    *,
    once: bool,
    say: Say,
    stop: threading.Event | None = None,
    progress: Progress = quiet,
    metrics_port: int | None = None,
) -> int:
    """``pmo relay``: sends the store's events to the Kafka of the settings; gives how many, if `once`."""
    from services.commands.relay import Relay

    bootstrap = _needed_kafka(settings, "relay")
    with stoppable(stop) as end, open_app(settings) as app, ExitStack() as stack:
        _declare(settings, bootstrap, say)
        registry = CollectorRegistry()
        relay = Relay(app, bootstrap, settings, registry)
        if once:
            return relay.run_once(progress)
        _serve_metrics(stack, registry, metrics_port, say)
        say("Relaying as soon as no other relay does; Ctrl-C ends it.")
        relay.run(end, progress)
        return 0


def run_worker(
    settings: Settings,
    *,
    say: Say,
    stop: threading.Event | None = None,
    progress: Progress = quiet,
    metrics_port: int | None = None,
) -> None:
    """``pmo worker``: lands the topics in ClickHouse; with an embedded one, it answers queries as ``pmo up`` does."""
    from services.projections.schema import connect
    from services.projections.worker import Worker, group_of

    bootstrap = _needed_kafka(settings, "worker")
    with ExitStack() as stack:
        end = stack.enter_context(stoppable(stop))
        clickhouse = stack.enter_context(connect(settings))
        _declare(settings, bootstrap, say)
        say(f"ClickHouse {clickhouse.version}: {clickhouse.where}.")
        landing = clickhouse
        if not settings.clickhouse:
            landing = stack.enter_context(clickhouse.session())
            _start_endpoint(stack, settings, clickhouse, say, 0)
        group = group_of(settings.topic_prefix)
        ready = f"Faust {version('faust-streaming')} worker follows in group {group}; Ctrl-C ends it."
        registry = CollectorRegistry()
        worker = Worker(settings, bootstrap, landing, registry)
        _serve_metrics(stack, registry, metrics_port, say)
        worker.run(end, progress, lambda: say(ready))


@contextmanager
def stoppable(stop: threading.Event | None = None) -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, where signals can be handled: in the main thread."""
    event = stop or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def end(_: int, __: FrameType | None) -> None:
        event.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _needed_kafka(settings: Settings, part: str) -> str:
    if not settings.kafka:
        raise Unavailable(f"'pmo {part}' needs a Kafka: set PMO_KAFKA to host:port, or run 'pmo up', which starts one.")
    return settings.kafka


def _declare(settings: Settings, bootstrap: str, say: Say) -> None:
    from schemas.catalogue import KINDS

    wanted = topics(settings.topic_prefix, KINDS, settings.partitions, settings.replication)
    bus.declare(bootstrap, wanted)
    say(f"{len(wanted)} topics of {settings.partitions} partitions each, prefix {settings.topic_prefix}.")


def _start_broker(stack: ExitStack, now: Running, embedded: bool, say: Say) -> None:
    if embedded:
        say("Running without Kafka, as asked.")
        return
    if now.settings.kafka:
        now.bootstrap = now.settings.kafka
    elif reason := why_not():
        say(f"Running without Kafka. {reason}")
        return
    else:
        now.broker = stack.enter_context(LocalBroker(now.settings.home / "kafka"))
        now.bootstrap = now.broker.start(lambda text: say(f"{text} ..."))
    whose = "local, started here" if now.broker else "as set by PMO_KAFKA"
    say(f"{bus.check(now.bootstrap)}, at {now.bootstrap} ({whose}).")


def _start_kafka_parts(
    stack: ExitStack, now: Running, landing: ClickHouse, say: Say, progress: Progress, stop: threading.Event
) -> None:
    from services.commands.relay import Relay
    from services.projections.worker import Worker, group_of

    bootstrap = now.bootstrap or ""
    _declare(now.settings, bootstrap, say)
    ready = threading.Event()
    worker = Worker(now.settings, bootstrap, landing, now.registry)
    part = _start(stack, now, _Part("Faust worker", lambda end: worker.run(end, progress, ready.set)))
    relay = Relay(now.app, bootstrap, now.settings, now.registry)
    _start(stack, now, _Part("relay", relay.run))
    while not ready.wait(_WATCH_S) and part.is_alive() and not stop.is_set():
        pass
    now.check()
    group = group_of(now.settings.topic_prefix)
    store = now.settings.store_place if now.settings.postgres else now.settings.store_path.name
    say(f"Relay from {store}; Faust {version('faust-streaming')} worker in group {group}.")


def _start(stack: ExitStack, now: Running, part: _Part) -> _Part:
    part.start()
    stack.callback(part.stop)
    now.parts.append(part)
    return part


def _start_endpoint(
    stack: ExitStack,
    settings: Settings,
    clickhouse: ClickHouse,
    say: Say,
    port: int,
    broker: str = "",
    host: str = LOOPBACK,
) -> None:
    from services.web.endpoint import Endpoint

    endpoint = Endpoint(settings, clickhouse, port, broker, host)
    stack.callback(endpoint.stop)
    endpoint.start()
    say(f"{ENDPOINT_SAYS} {endpoint.address} (user and token in {settings.endpoint_file}).")


def _start_dashboard(stack: ExitStack, settings: Settings, clickhouse: ClickHouse, say: Say, web: Web) -> str:
    from services.dashboard.server import Dashboard

    dashboard = Dashboard(settings, clickhouse, web.host, web.port)
    stack.callback(dashboard.stop)
    dashboard.start("choose another by --web-port, or leave the dashboard out by --no-web")
    say(f"{DASHBOARD_SAYS} {dashboard.address}")
    return dashboard.address


def _serve_metrics(stack: ExitStack, registry: CollectorRegistry, port: int | None, say: Say) -> None:
    if port is not None:
        say(f"Metrics at {stack.enter_context(served(registry, port))}.")


def _follow_store(app: Governance, clickhouse: ClickHouse, metrics: LandingMetrics, end: threading.Event) -> None:
    seen: tuple[int | None, int | None] = (None, None)
    metrics.lag.set_function(lambda: (app.store.max_notification_id() or 0) - (seen[0] or 0))
    while True:
        there = app.store.max_notification_id(), app.store.last_entry()
        if there != seen:
            began = time.perf_counter()
            landed = catch_up(app, clickhouse, quiet)
            seen = there
            metrics.landed(landed, 0, there[0] or 0, time.perf_counter() - began)
        if end.wait(_EMBEDDED_POLL_S):
            return
