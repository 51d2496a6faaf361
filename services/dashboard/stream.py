"""One stream of server-sent events for each browser: where the log stands, and which panels have other figures.

``id:`` is how much has landed; a browser that comes back with ``Last-Event-ID`` hears of all that came meanwhile.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from services.dashboard.board import Board, Key
from services.dashboard.panels import Page
from services.dashboard.pulse import Stamp
from services.dashboard.question import Question, today

BEAT_S = 5.0
APART_S = 0.25
"""At most four updates a second."""
MOST_VIEWERS = 200
_REFRESH_S = 0.4


@dataclass(eq=False, slots=True)
class Viewer:
    """A browser that looks at a page."""

    page: Page
    question: Question
    loop: asyncio.AbstractEventLoop
    news: asyncio.Event
    panels: set[str] = field(default_factory=set)
    index: dict[Key, set[str]] = field(default_factory=dict)
    day: date | None = None


class Hub:
    """Tells viewers what is news to them."""

    def __init__(self, board: Board, stamp: Callable[[], Stamp]) -> None:
        self._board = board
        self._stamp = stamp
        self._viewers: set[Viewer] = set()
        self._lock = threading.Lock()
        self._refreshed = 0.0
        board.on_change(self.changed)

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def stamped(self, _: Stamp) -> None:
        """The log has gone on: all hear of it, and what they look at is computed anew."""
        self._refreshed = 0.0
        self._wake(list(self._viewers))

    def refresh(self) -> None:
        """Has computed anew what somebody looks at and more has landed of; called again and again."""
        now = time.monotonic()
        if now - self._refreshed < _REFRESH_S:
            return
        self._refreshed = now
        with self._lock:
            looked_at = {(viewer.page.path, viewer.question): viewer.page for viewer in self._viewers}
        for (_, question), page in looked_at.items():
            if question.is_live:
                self._board.refresh(page, question)

    def changed(self, key: Key) -> None:
        """A part has another value."""
        with self._lock:
            concerned = []
            for viewer in self._viewers:
                self._index(viewer)
                if names := viewer.index.get(key):
                    viewer.panels |= names
                    concerned.append(viewer)
        self._wake(concerned)

    async def follow(self, page: Page, question: Question, since: int) -> AsyncIterator[bytes]:
        """The stream for one browser, which has what was so at `since`."""
        viewer = Viewer(page, question, asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._viewers.add(viewer)
        try:
            yield b"retry: 1000\n\n"
            stamp = self._stamp()
            if since != stamp.seq:
                viewer.panels.update(panel.name for panel in page.panels(question))
            viewer.news.set()
            while True:
                try:
                    await asyncio.wait_for(viewer.news.wait(), BEAT_S)
                except TimeoutError:
                    yield _event("beat", self._stamp(), {})
                    continue
                viewer.news.clear()
                with self._lock:
                    panels, viewer.panels = sorted(viewer.panels), set()
                yield _event("update", self._stamp(), {"panels": panels})
                await asyncio.sleep(APART_S)
        finally:
            with self._lock:
                self._viewers.discard(viewer)

    def _index(self, viewer: Viewer) -> None:
        """By the keys of its parts, the panels of its page."""
        day = today(self._board.house.settings)
        if viewer.day == day:
            return
        viewer.day, viewer.index = day, {}
        for panel in viewer.page.panels(viewer.question):
            for part in panel.parts:
                viewer.index.setdefault(self._board.key(part, viewer.question), set()).add(panel.name)
                if part.published and viewer.question.is_default:
                    viewer.index.setdefault((part.key,), set()).add(panel.name)

    @staticmethod
    def _wake(viewers: list[Viewer]) -> None:
        for viewer in viewers:
            # the server may end at this very moment
            with contextlib.suppress(RuntimeError):
                viewer.loop.call_soon_threadsafe(viewer.news.set)


def told(stamp: Stamp) -> dict[str, Any]:
    """The stamp for a browser."""
    return {
        "seq": stamp.seq,
        "position": stamp.position,
        "stream": stamp.stream,
        "what": stamp.type.split(".", 2)[-1].rpartition(".v")[0].replace("-", " ") if stamp.type else "",
        "recorded_at": stamp.recorded_at.isoformat() if stamp.recorded_at else None,
        "reads": stamp.reads,
    }


def _event(name: str, stamp: Stamp, more: dict[str, Any]) -> bytes:
    data = orjson.dumps({**told(stamp), **more})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (stamp.seq, name.encode(), data)
