"""Connections that can only read, within limits, and the threads that use them, most urgent work first."""

import heapq
import itertools
import logging
import os
import threading
from collections.abc import Callable

from services.projections.clickhouse import ClickHouse

LIMITS = {
    "max_execution_time": 30,
    "max_result_rows": 2_000_000,
    "max_memory_usage": 2_000_000_000,
}
NOW, SOON, LATER, AT_REST = 0, 1, 2, 3
"""Somebody waits for it; somebody looks at it; somebody may look at it; the same, and only while nothing lands."""

_log = logging.getLogger("pmo.dashboard")

Work = Callable[[ClickHouse], None]


class Workers:
    """Threads with a connection each. One of them alone does what may wait, so that it never holds up the rest."""

    def __init__(self, clickhouse: ClickHouse, threads: int | None = None) -> None:
        self._clickhouse = clickhouse
        self._count = itertools.count()
        self._waiting: list[tuple[int, float, int, Work]] = []
        self._news = threading.Condition()
        self._end = False
        self._at_rest = False
        number = threads or max(2, min(8, os.cpu_count() or 1))
        self._threads = [
            threading.Thread(target=self._run, args=(most,), name=f"dashboard-{n}", daemon=True)
            for n, most in enumerate((AT_REST, *(SOON,) * number))
        ]
        for thread in self._threads:
            thread.start()

    def do(self, work: Work, urgency: int, cost: float = 0.0) -> None:
        """Has the work done, of equal urgency what costs least first; it must not raise."""
        with self._news:
            heapq.heappush(self._waiting, (urgency, cost, next(self._count), work))
            self._news.notify_all()

    def rest(self, at_rest: bool) -> None:
        """Says whether nothing lands."""
        with self._news:
            if at_rest and not self._at_rest:
                self._news.notify_all()
            self._at_rest = at_rest

    def stop(self) -> None:
        """Ends when what has begun is done."""
        with self._news:
            self._end = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join()

    def _next(self, most: int) -> Work | None:
        with self._news:
            while not self._end:
                if self._waiting and self._waiting[0][0] <= (most if self._at_rest else min(most, LATER)):
                    return heapq.heappop(self._waiting)[-1]
                self._news.wait()
        return None

    def _run(self, most: int) -> None:
        with self._clickhouse.session(LIMITS) as clickhouse:
            while (work := self._next(most)) is not None:
                try:
                    work(clickhouse)
                except Exception:  # noqa: BLE001 - logged, and the thread goes on for the others
                    _log.exception("a part of a page could not be computed")
