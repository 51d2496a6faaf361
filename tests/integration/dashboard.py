"""A dashboard and a browser for its tests: one of each for a module."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from services.commands.app import Governance
from services.demo.company import load
from services.settings import Settings
from services.up import Running, Web, running
from tests.integration.workspaces import workspace

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
SETTLED = "[...document.querySelectorAll('[data-panel]')].every(panel => panel.dataset.waiting === '0')"


@dataclass(frozen=True)
class Served:
    """A running dashboard, and what runs it."""

    settings: Settings
    url: str
    now: Running

    def get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: str = "") -> Any:
        """Status, text and headers of a plain request."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=180)
        with contextlib.closing(connection):
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers

    def panels(self, path: str, *names: str) -> dict[str, Any]:
        """The panels of a page as soon as they are complete."""
        mark = "&" if "?" in path else "?"
        for _ in range(60):
            status, text, _ = self.get(f"/fragments{path}{mark}panels={','.join(names)}&wait=1")
            assert status == 200, text
            found = json.loads(text)["panels"]
            if all(not panel["waiting"] for panel in found.values()):
                return dict(found)
        raise AssertionError(f"{path} was not complete in time")


@contextlib.contextmanager
def served(home: Path, *, embedded: bool = True, scale: float = 0.08, **given: Any) -> Iterator[Served]:
    """The simulated company, small, in `home`, with everything that `pmo up` runs."""
    settings = workspace(home, time_zone="Europe/London", organisation="Harbour Ltd", **given)
    with contextlib.closing(Governance(settings)) as app:
        load(app, settings, until=datetime.now(settings.zone).date(), progress=lambda done, of: None, scale=scale)
    said: list[str] = []
    stop = threading.Event()
    with running(settings, embedded=embedded, say=said.append, stop=stop, web=Web(port=0)) as now:
        now.wait_visible(now.app.store.max_notification_id() or 0, 60)
        assert now.dashboard in said[-1]
        yield Served(settings, now.dashboard, now)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def opened(browser: Browser, url: str, *, ends: bool = False, **given: Any) -> Iterator[Page]:
    """A page in a context of its own; afterwards nothing may have gone wrong in it, but that its server `ends`."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce", **given})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        page.goto(url)
        yield page
        # a server that was away is no fault of the page
        away = "Failed to load resource: " if ends else "Failed to load resource: net::ERR_"
        told = [text for text in wrong if not text.startswith(away)]
        assert told == [], told
    finally:
        context.close()


def until(page: Page, script: str, within: float = 10.0) -> float:
    """Waits until a script gives something true; the seconds that it took. Its policy forbids Playwright's own way."""
    began = time.monotonic()
    while not page.evaluate(script):
        assert time.monotonic() - began < within, f"not within {within} s: {script}"
        page.wait_for_timeout(30)
    return time.monotonic() - began


def settle(page: Page, within: float = 60.0) -> None:
    """Waits until every panel is complete."""
    until(page, f"document.querySelectorAll('[data-panel]').length && {SETTLED}", within)
