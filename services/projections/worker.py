"""The Faust worker: follows the event topics and lands what comes; the only user of Faust.

Faust's own `take` acknowledges even what failed, and `noack_take` reads nothing on while a batch is at work, so events
are gathered here, unacknowledged, landed with retries, and acknowledged in order afterwards. One batch lands while the
next one gathers, never more: a batch that can't be landed ends the worker, and nothing behind it is acknowledged. The
committed offset never passes what stands in ClickHouse.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from services import bus
from services.errors import PmoError, Unavailable
from services.metrics import LandingMetrics, known
from services.projections.bulk import bulk_from_kafka, check_kept
from services.projections.clickhouse import ClickHouse, QueryFailed
from services.projections.landing import Landing, topic_names
from services.projections.older import keep_settled
from services.projections.projector import Projector
from services.projections.publishing import Publisher
from services.settings import Settings
from services.topics import directory_topic
from services.whose import check_ours

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

# A batch of everything costs half a second however small, one of ten thousand about a second.
BATCH = 10_000
# A gap of so many records is closed in bulk, several times as fast as one after another through Faust.
BULK_FROM = 20_000
_WITHIN_S = 0.02
_WATCH_S = 0.02
_RETRY_S = (0.1, 5.0)
_TRIES_WHILE_ANSWERING = 5
# Landing shares the interpreter with Faust's loop, which waits for a turn at each of its many small steps: a turn of
# 5 ms, the default, halves the rate.
_SWITCH_S = 0.0005
_LOGGERS = ("faust", "mode", "aiokafka")
_NO_ROOM = re.compile(r"NOT_ENOUGH_SPACE|No space left on device")

Progress = Callable[[int, int], None]


def group_of(prefix: str) -> str:
    """The consumer group of the workers."""
    return f"{prefix}-projector"


class Worker:
    """Lands the topics of one workspace through `clickhouse`, which it uses from one thread at a time."""

    def __init__(
        self,
        settings: Settings,
        bootstrap: str,
        clickhouse: ClickHouse,
        registry: "CollectorRegistry | None" = None,
    ) -> None:
        self._settings = settings
        self._bootstrap = bootstrap
        self._clickhouse = clickhouse
        self._group = group_of(settings.topic_prefix)
        self._leading = (directory_topic(settings.topic_prefix), 0)
        self._names = topic_names(settings.topic_prefix)
        self._gathered = _Gathered()
        self._at_work = False
        self._failure: BaseException | None = None
        self._stop = Event()
        self._leads = False
        self._metrics = LandingMetrics(registry)
        self._metrics.lag.set_function(known(self._lag))

    def run(self, stop: Event, progress: Progress, ready: Callable[[], None]) -> None:
        """Lands until `stop`, in any thread; `ready` is called when it has caught up and follows.

        Raises Unavailable when Kafka does not answer at the start, or a batch can't be landed, and BadInput when the
        topics are another workspace's.
        """
        self._stop = stop
        _log_to(self._settings)
        self._catch_up(progress)
        if not stop.is_set():
            sys.setswitchinterval(_SWITCH_S)
            asyncio.run(self._follow(ready))
        if self._failure is not None and not isinstance(self._failure, _NotLanded):
            raise self._failure

    def _catch_up(self, progress: Progress) -> None:
        """Closes a large gap in bulk, and one that the group's offsets hide: a ClickHouse that was lost or restored."""
        ends = bus.end_offsets(self._bootstrap, self._names)
        check_ours(self._bootstrap, self._settings.topic_prefix, ends, self._settings.source)
        committed = bus.committed(self._bootstrap, self._group, self._names)
        with Landing(self._clickhouse, self._bootstrap, self._settings.topic_prefix) as landing:
            landed = {at: c.next for at, c in landing.projector.landed().items()}
        check_kept(self._bootstrap, landed, ends)
        hidden = any(landed.get(at, 0) < offset for at, offset in committed.items())
        gap = sum(end - landed.get(at, 0) for at, end in ends.items())
        if not hidden and gap < BULK_FROM:
            return
        prefix = self._settings.topic_prefix
        reached = bulk_from_kafka(
            self._clickhouse, self._bootstrap, prefix, progress, stop=self._stop, metrics=self._metrics
        )
        ahead = {at: offset for at, offset in reached.items() if offset > committed.get(at, 0)}
        try:
            bus.commit(self._bootstrap, self._group, ahead)
        except Unavailable:
            # other workers of the group are at work, and the group is theirs: what they read twice does no harm
            logging.getLogger("faust").warning("could not commit what was landed in bulk; it will be landed again")

    def _lands(self) -> bool:
        """Whether a batch is being landed; in any thread."""
        return self._at_work

    def _lag(self) -> int:
        """How many records of all partitions have not landed; in any thread."""
        ends = bus.end_offsets(self._bootstrap, self._names)
        with self._clickhouse.session() as own:
            landed = {at: c.next for at, c in Projector(own).landed().items()}
        return sum(max(0, end - landed.get(at, 0)) for at, end in ends.items())

    async def _follow(self, ready: Callable[[], None]) -> None:
        prefix = self._settings.topic_prefix
        with (
            Landing(self._clickhouse, self._bootstrap, prefix, self._metrics) as landing,
            ThreadPoolExecutor(1, "landing") as thread,
        ):
            self._gathered = _Gathered()
            app = self._make_app()
            await app.start()
            batches = asyncio.create_task(self._land_gathered(landing, thread))
            ready()
            with self._beside_landing():
                while not (self._stop.is_set() or self._failure or app.crashed):
                    self._leads = any(tuple(place) == self._leading for place in app.consumer.assignment())
                    await asyncio.sleep(_WATCH_S)
                self._leads = False
            if app.crashed and self._failure is None and not self._stop.is_set():
                self._failure = Unavailable(
                    f"The Faust worker ended ({app.crash_reason!r}); see {log_file(self._settings)}, then start it "
                    "again."
                )
            # so that the last batch is acknowledged before the offsets are committed
            self._stop.set()
            self._gathered.wake()
            await asyncio.wait([batches], timeout=_RETRY_S[1])
            await app.stop()

    @contextmanager
    def _beside_landing(self) -> Iterator[None]:
        """What goes on beside landing, each in a thread of its own.

        The worker that has the leading partition publishes the KPIs; on a server, each brings in what workers with
        older definitions land.
        """
        end = Event()
        with ExitStack() as stack:
            session = stack.enter_context(self._clickhouse.session(behind=True))
            publisher = Publisher(session, self._settings, lambda: self._leads, self._bootstrap, lands=self._lands)
            threads = [Thread(target=publisher.run, args=(end,), name="kpis", daemon=True)]
            if self._settings.clickhouse:
                own = stack.enter_context(self._clickhouse.session())
                threads.append(Thread(target=keep_settled, args=(own, end), name="settling", daemon=True))
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                end.set()
                for thread in threads:
                    thread.join()

    def _make_app(self) -> Any:
        import faust
        from mode import CrashingSupervisor

        settings = self._settings
        app = faust.App(
            self._group,
            broker=[f"kafka://{address.strip()}" for address in self._bootstrap.split(",")],
            datadir=settings.home / "faust",
            web_enabled=False,
            # Topics are declared by us, with what they must keep; Faust makes none, not even its own.
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            # One worker alone owns an embedded folder: under a fixed name it takes its partitions over at once,
            # where Kafka would otherwise wait until the killed one's session has ended.
            # Of several workers each is a member by itself: an empty name would be one and the same for all.
            consumer_group_instance_id=None if settings.clickhouse else f"{self._group}-{settings.workspace_id}",
            broker_session_timeout=10.0,
            broker_heartbeat_interval=2.0,
            broker_commit_every=10_000,
            broker_commit_interval=1.0,
            stream_buffer_maxsize=BATCH,
            stream_wait_empty=False,
        )
        topic = app.topic(*self._names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

        async def land(stream: Any) -> None:
            async for event in stream.noack().events():
                await self._gathered.put(event)

        app.agent(topic, name="land", supervisor_strategy=CrashingSupervisor)(land)
        return app

    async def _land_gathered(self, landing: Landing, thread: ThreadPoolExecutor) -> None:
        """Batch after batch: rows first, then the acknowledgement; a failure is kept for `run`, and ends the worker."""
        loop = asyncio.get_running_loop()
        try:
            while not self._stop.is_set():
                events = await self._gathered.take()
                if not events or self._stop.is_set():
                    continue
                self._at_work = True
                await loop.run_in_executor(thread, self._land_until_done, events, landing)
                self._at_work = False
                for event in events:
                    event.ack()
        except Exception as error:  # noqa: BLE001 - raised by `run`, when all has ended in order
            self._failure = error

    def _land_until_done(self, events: Sequence[Any], landing: Landing) -> None:
        """Tries again for as long as ClickHouse or Kafka is away, or has no room; what else fails, fails for good."""
        records = [_record(event.message) for event in events]
        pause, failed = _RETRY_S[0], 0
        while True:
            try:
                landing.land(records)
                return
            except QueryFailed as error:
                if _NO_ROOM.search(str(error)):
                    logging.getLogger("faust").warning("landing waits for room: %s", error)
                    failed = 0
                else:
                    failed = failed + 1 if self._answers() else 0
                if failed >= _TRIES_WHILE_ANSWERING:
                    at = f"offset {records[0].offset} of {records[0].topic}/{records[0].partition}"
                    raise Unavailable(f"The records from {at} on can't be landed: {error}") from error
            except Unavailable:
                # the dead letters could not be sent: Kafka is away, and comes back like any broker
                failed = 0
            if self._stop.wait(pause):
                raise _NotLanded
            pause = min(pause * 2, _RETRY_S[1])

    def _answers(self) -> bool:
        try:
            return bool(self._clickhouse.version)
        except Unavailable:
            return False


class _Gathered:
    """Events that were read and wait to be landed, within one event loop; of no more than the next batch."""

    def __init__(self) -> None:
        self._events: list[Any] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, event: Any) -> None:
        """Adds one, as soon as there is room."""
        while len(self._events) >= BATCH:
            self._room.clear()
            await self._room.wait()
        self._events.append(event)
        self._news.set()

    async def take(self) -> list[Any]:
        """All, when there are some, and those that come right after them."""
        await self._news.wait()
        await asyncio.sleep(_WITHIN_S)
        taken, self._events = self._events, []
        self._news.clear()
        self._room.set()
        return taken

    def wake(self) -> None:
        """Ends the wait of who takes."""
        self._news.set()


class _NotLanded(PmoError):
    """Stopped while something was away: the batch stays unacknowledged and is read again at the next start."""


def log_file(settings: Settings) -> Path:
    """Where Faust's own warnings go."""
    return settings.home / "worker.log"


def _log_to(settings: Settings) -> None:
    handler = logging.FileHandler(log_file(settings), delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False


def _record(message: Any) -> bus.Record:
    headers = dict(message.headers or ())
    return bus.Record(message.topic, message.partition, message.offset, message.key, message.value, headers)
