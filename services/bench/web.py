"""How fast the dashboard is: a page with data, an event to a browser's stream, and many viewers at once."""

import http.client
import json
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from statistics import median, quantiles
from typing import NamedTuple

from services.bench.stage import Stage
from services.catch_up import catch_up
from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.dashboard.server import Dashboard
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.runtime import quiet

VIEWERS = 50
_EVENTS = 20
_FOLLOW_S = 0.1  # as the embedded projector does
_PATIENCE_S = 300.0
_PAGES = {"overview": "/", "attention": "/attention", "portfolio": "/portfolio", "compliance": "/compliance"}


class Measured(NamedTuple):
    """By page the seconds that it took, complete; then of events and viewers; and the process's memory in bytes."""

    pages: dict[str, float]
    event: float
    viewers: float
    memory: float


def measured(stage: Stage) -> Measured:
    """Measures the dashboard on the stage's events."""
    clickhouse, app = stage.clickhouse, stage.app
    stage.say("Serving the dashboard ...")
    dashboard = Dashboard(stage.settings, clickhouse, port=0)
    dashboard.start()
    end = threading.Event()
    follower = threading.Thread(target=_follow, args=(app, clickhouse, end), daemon=True)
    try:
        pages = {name: _page(dashboard, path, stage.times) for name, path in _PAGES.items()}
        follower.start()
        # the second column of both: the same events, seen by one browser and by many
        alone, many = _seen(app, dashboard, 1), _seen(app, dashboard, VIEWERS)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return Measured(pages, median(alone), quantiles(many, n=100)[-1], peak)
    finally:
        end.set()
        if follower.is_alive():
            follower.join()
        dashboard.stop()


def _follow(app: Governance, clickhouse: ClickHouse, end: threading.Event) -> None:
    with clickhouse.session() as session:
        seen = app.store.max_notification_id()
        while not end.wait(_FOLLOW_S):
            if (there := app.store.max_notification_id()) != seen:
                catch_up(app, session, quiet)
                seen = there


def _page(dashboard: Dashboard, path: str, times: int) -> float:
    """The seconds for a page, once all of it was computed."""
    deadline = time.monotonic() + _PATIENCE_S
    while 'data-waiting="0"' not in (text := _get(dashboard, path)) or 'aria-busy="true"' in text:
        if time.monotonic() > deadline:
            raise Unavailable(f"The page {path} was not complete within {_PATIENCE_S:.0f} s.")
        time.sleep(0.2)
    found = []
    for _ in range(times):
        began = time.perf_counter()
        _get(dashboard, path)
        found.append(time.perf_counter() - began)
    return median(found)


def _get(dashboard: Dashboard, path: str) -> str:
    host, _, port = dashboard.address.removeprefix("http://").rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != http.client.OK:
            raise Unavailable(f"The page {path} was answered with {answer.status}.")
        return text


def _seen(app: Governance, dashboard: Dashboard, viewers: int) -> list[float]:
    """For each event and each of so many streams the seconds from before the command until the stream says it."""
    heard: dict[str, list[float]] = {}
    lock, ready = threading.Lock(), threading.Barrier(viewers + 1)
    threads = [threading.Thread(target=_listen, args=(dashboard, heard, lock, ready), daemon=True)
               for _ in range(viewers)]  # fmt: skip
    for thread in threads:
        thread.start()
    ready.wait(60)
    secret = app.settings.secret.get_secret_value()
    began: dict[str, float] = {}
    for number in range(_EVENTS):
        unit = f"BENCH-{viewers}-{number}"
        began[f"business-unit:{unit}"] = time.perf_counter()
        prepared = Intake(secret).prepare(BY_PATH["unit register"], {"unit": unit, "name": "Bench"}, {})
        app.handle(prepared, Meta("system:bench"))
        time.sleep(1.0)
    with lock:
        return [at - began[stream] for stream, times in heard.items() if stream in began for at in times]


def _listen(
    dashboard: Dashboard, heard: dict[str, list[float]], lock: threading.Lock, ready: threading.Barrier
) -> None:
    host, _, port = dashboard.address.removeprefix("http://").rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=60)) as connection:
        connection.request("GET", "/live/attention")
        answer = connection.getresponse()
        ready.wait(60)
        last = ""
        deadline = time.monotonic() + _EVENTS * 1.0 + 3
        while time.monotonic() < deadline:
            line = answer.readline()
            if not line.startswith(b"data: "):
                continue
            stream = str(json.loads(line[6:])["stream"])
            if stream != last:
                last = stream
                with lock:
                    heard.setdefault(stream, []).append(time.perf_counter())


def as_lines(found: Measured) -> Iterator[tuple[str, float, float | None, str]]:
    """Each figure's name, value in seconds, what is aimed at, and a note."""
    for name, seconds in found.pages.items():
        yield f"dashboard, {name} with data", seconds, 0.4, ""
    note = f"peak memory {found.memory / 1e6:,.0f} MB"
    yield "command to a browser's stream, median", found.event, 0.5, ""
    yield f"command to the streams of {VIEWERS} browsers, 99 of 100", found.viewers, 1.0, note
