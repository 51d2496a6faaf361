"""What a running relay and worker say of themselves to Prometheus, as text on the loopback interface.

Each process has a registry of its own, into which its parts write; it is served only if a port was asked for. What
stands in the store, in Kafka or in ClickHouse is asked for at each scrape, so that it holds whichever process moves it.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from services.errors import Unavailable

HOST = "127.0.0.1"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class RelayMetrics:
    """Of one relay, whether it leads or waits."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        registry = registry or CollectorRegistry()
        self.leader = Gauge("pmo_relay_leader", "1 while this relay leads, 0 while it waits.", registry=registry)
        self.position = Gauge(
            "pmo_relay_position", "Position in the store up to which events have been sent.", registry=registry
        )
        self.lag = Gauge("pmo_relay_lag_events", "Events recorded and not sent yet.", registry=registry)
        self.sent = Counter("pmo_relay_events_sent", "Events that this relay has sent.", registry=registry)
        self.batches = Histogram(
            "pmo_relay_batch_seconds",
            "From reading a batch to its checkpoint.",
            buckets=_SECONDS,
            registry=registry,
        )


class LandingMetrics:
    """Of one worker, or of what lands without Kafka."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        registry = registry or CollectorRegistry()
        self.position = Gauge(
            "pmo_worker_position", "Highest position in the store of what this worker landed.", registry=registry
        )
        self.lag = Gauge(
            "pmo_worker_lag_events", "Records sent and not landed yet, by whichever worker.", registry=registry
        )
        self.events = Counter("pmo_worker_events_landed", "Events that this worker has landed.", registry=registry)
        self.dead_letters = Counter(
            "pmo_worker_dead_letters", "Records that this worker has refused.", registry=registry
        )
        self.batches = Histogram(
            "pmo_worker_batch_seconds",
            "From a batch of records to its checkpoint.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._highest = 0

    def landed(self, events: int, refused: int, position: int, seconds: float) -> None:
        """Counts a batch."""
        self._highest = max(self._highest, position)
        self.position.set(self._highest)
        self.events.inc(events)
        self.dead_letters.inc(refused)
        self.batches.observe(seconds)


def known(ask: Callable[[], float], away: tuple[type[Exception], ...] = ()) -> Callable[[], float]:
    """`ask`, for a gauge: not a number, as nobody knows it, while what is asked raises Unavailable or one of `away`."""
    unknown: tuple[type[Exception], ...] = (Unavailable, *away)

    def asked() -> float:
        try:
            return ask()
        except unknown:
            return math.nan

    return asked


@contextmanager
def served(registry: CollectorRegistry, port: int) -> Iterator[str]:
    """Serves the registry's figures; gives their address. Raises Unavailable if the port is taken."""
    try:
        server, thread = start_http_server(port, HOST, registry)
    except OSError as error:
        raise Unavailable(f"Metrics cannot be served at port {port} ({error.strerror}); give another one.") from None
    try:
        yield f"http://{HOST}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
