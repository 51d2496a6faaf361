"""How fast the dashboard is: a page with data, an event to a browser's stream, and many viewers at once."""

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from statistics import median, quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

from services.bench.stage import Stage
from services.bench.up import running, written
from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.dashboard.pages import MENU
from services.errors import Unavailable

VIEWERS = 50
_EVENTS = 20
_PATIENCE_S = 300.0
_MEMORY = 900e6
_WAITING = re.compile(r'data-waiting="(\d+)"')


class Measured(NamedTuple):
    """By page the seconds that it took, complete; then of events and viewers; and the most memory, in bytes."""

    pages: dict[str, float]
    event: float
    viewers: float
    memory: int


def measured(stage: Stage) -> Measured:
    """Measures the dashboard of a `pmo up` without the broker on the stage's events, from outside."""
    app, _ = stage.app, stage.clickhouse
    stage.leave_engine()
    stage.say("Serving the dashboard ...")
    with running(written(stage.settings), "--embedded") as up:
        where = urlsplit(up.dashboard).netloc
        pages = {title.lower(): _page(where, path, stage.times) for path, title, _ in MENU}
        # the second column of both: the same events, seen by one browser and by many
        alone, many = _seen(app, where, 1), _seen(app, where, VIEWERS)
        return Measured(pages, median(alone), quantiles(many, n=100)[-1], up.peak())


def _page(where: str, path: str, times: int) -> float:
    """The seconds for a page, once all of it was computed."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (waiting := _WAITING.findall(_get(where, path))) or any(number != "0" for number in waiting):
        if time.monotonic() > deadline:
            raise Unavailable(f"The page {path} was not complete within {_PATIENCE_S:.0f} s.")
        time.sleep(0.2)
    found = []
    for _ in range(times):
        began = time.perf_counter()
        _get(where, path)
        found.append(time.perf_counter() - began)
    return median(found)


def _get(where: str, path: str) -> str:
    with closing(http.client.HTTPConnection(where, timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != http.client.OK:
            raise Unavailable(f"The page {path} was answered with {answer.status}.")
        return text


def _seen(app: Governance, where: str, viewers: int) -> list[float]:
    """For each event and each of so many streams the seconds from before the command until the stream says it."""
    heard: dict[str, list[float]] = {}
    lock, ready = threading.Lock(), threading.Barrier(viewers + 1)
    threads = [threading.Thread(target=_listen, args=(where, heard, lock, ready), daemon=True)
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


def _listen(where: str, heard: dict[str, list[float]], lock: threading.Lock, ready: threading.Barrier) -> None:
    with closing(http.client.HTTPConnection(where, timeout=60)) as connection:
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
    note = "what the browser then draws is not in it"
    yield "command to a browser's stream, median", found.event, 0.5, note
    verdict = "more than" if found.memory > _MEMORY else "within"
    memory = f"most memory of 'pmo up' {found.memory / 1e6:,.0f} MB, {verdict} {_MEMORY / 1e6:,.0f}"
    yield f"command to the streams of {VIEWERS} browsers, 99 of 100", found.viewers, 1.0, memory
