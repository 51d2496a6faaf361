"""Connections that can only read, within limits, and the threads that use them, most urgent work first."""

import itertools
import logging
import os
import threading
from collections.abc import Callable
from queue import PriorityQueue

from services.projections.clickhouse import ClickHouse

LIMITS = {
    "max_execution_time": 30,
    "max_result_rows": 2_000_000,
    "max_memory_usage": 2_000_000_000,
}
NOW, SOON, LATER = 0, 1, 2
"""Somebody waits for it; somebody looks at it; somebody may look at it."""
_STOP = 9

_log = logging.getLogger("pmo.dashboard")

Work = Callable[[ClickHouse], None]


class Workers:
    """Threads with a connection each."""

    def __init__(self, clickhouse: ClickHouse, threads: int | None = None) -> None:
        self._clickhouse = clickhouse
        self._queue: PriorityQueue[tuple[int, int, Work | None]] = PriorityQueue()
        self._count = itertools.count()
        number = threads or max(2, min(8, os.cpu_count() or 1))
        self._threads = [
            threading.Thread(target=self._run, name=f"dashboard-{n}", daemon=True) for n in range(number)
        ]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def do(self, work: Work, urgency: int) -> None:
        """Has the work done; it must not raise."""
        self._queue.put((urgency, next(self._count), work))

    def stop(self) -> None:
        """Ends when what has begun is done."""
        for _ in self._threads:
            self._queue.put((-1, next(self._count), None))
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with self._clickhouse.session(LIMITS) as clickhouse:
            while (work := self._queue.get()[2]) is not None:
                try:
                    work(clickhouse)
                except Exception:  # noqa: BLE001 - logged, and the thread goes on for the others
                    _log.exception("a part of a page could not be computed")
