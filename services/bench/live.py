"""The whole path at a steady rate: a writer here, broker, relay and worker in a ``pmo up`` of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from schemas.event import Record
from services.bench.data import records
from services.bench.stage import Stage
from services.bench.up import running, written
from services.commands.app import Governance
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Projector
from services.runtime import endpoint_url, open_app
from services.settings import Settings
from services.topics import directory_topic
from services.waiting import is_visible

SLOW, FAST = 500, 4_000
"""Events a second: at which visibility is timed, and which are to be sustained."""
_TICK_S = 0.05
_CATCH_UP_S = 240.0
_PROBE_S = 0.05
_WAIT_S = 0.5
_FULL, _SHORT = (20.0, 60.0), (1.0, 2.0)
_FULL_FROM = 50_000


@dataclass
class Live:
    """What was seen: seconds from recording to queryable, and how many events were on their way, second by second."""

    visible: list[float] = field(default_factory=list)
    lag: list[int] = field(default_factory=list)
    landed: int = 0
    seconds: float = 0.0


def live(stage: Stage) -> Live:
    """Runs the path at `SLOW`, then at `FAST` events a second; for a moment only where few events are measured."""
    slow_s, fast_s = _FULL if stage.events >= _FULL_FROM else _SHORT
    settings = written(stage.workspace("live"))
    needed = int(SLOW * slow_s + FAST * fast_s)
    found = Live()
    with open_app(settings) as app, running(settings), ClickHouse.server(_url(settings), create=False) as reader:
        stage.say(f"Recording {SLOW} events a second for {slow_s:.0f} s, {FAST} for {fast_s:.0f} s ...")
        made = records(2 * needed, settings.source)
        _at_rate(app, list(islice(made, int(SLOW * slow_s))), SLOW, lambda: _probe(app, reader, found))
        _caught_up(app, reader)
        before, began = app.store.max_notification_id() or 0, time.perf_counter()
        _at_rate(app, list(islice(made, int(FAST * fast_s))), FAST, lambda: _watch(app, reader, found))
        found.seconds = time.perf_counter() - began
        found.landed = _landed(app, reader) - before
        _caught_up(app, reader)
    return found


def _url(settings: Settings) -> str:
    url = endpoint_url(settings)
    if url is None:
        raise Unavailable("'pmo up' ended during the measurement; try it by hand.")
    return url


def _at_rate(app: Governance, made: Sequence[Record], rate: int, work: Callable[[], None]) -> None:
    """Records at this rate while `work`, a thread's, looks on."""
    end = threading.Event()
    watching = threading.Thread(target=_until, args=(work, end), daemon=True)
    watching.start()
    began, done = time.perf_counter(), 0
    while done < len(made):
        due = min(len(made), int((time.perf_counter() - began + _TICK_S) * rate))
        app.append(made[done:due])
        done = due
        time.sleep(max(0.0, began + done / rate - time.perf_counter()))
    end.set()
    watching.join()


def _until(work: Callable[[], None], end: threading.Event) -> None:
    while not end.is_set():
        work()


def _probe(app: Governance, reader: ClickHouse, found: Live) -> None:
    position, began = app.store.max_notification_id() or 0, time.perf_counter()
    projector = Projector(reader)
    while not is_visible(app.store, projector.landed(), position):
        time.sleep(_PROBE_S)
    found.visible.append(time.perf_counter() - began)


def _watch(app: Governance, reader: ClickHouse, found: Live) -> None:
    found.lag.append((app.store.max_notification_id() or 0) - _landed(app, reader))
    time.sleep(1.0)


def _landed(app: Governance, reader: ClickHouse) -> int:
    """Events landed from the topics, of which each stands there once."""
    names = directory_topic(app.settings.topic_prefix)
    landed = Projector(reader).landed().values()
    return sum(checkpoint.next for checkpoint in landed if checkpoint.transport != names)


def _caught_up(app: Governance, reader: ClickHouse) -> None:
    position = app.store.max_notification_id() or 0
    deadline = time.monotonic() + _CATCH_UP_S
    while not is_visible(app.store, Projector(reader).landed(), position):
        if time.monotonic() > deadline:
            raise Unavailable("The path did not catch up within four minutes.")
        time.sleep(_WAIT_S)
