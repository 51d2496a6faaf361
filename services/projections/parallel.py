"""Many questions at once: the engine plans a query on one core, so there is one connection for each."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from services.projections.clickhouse import NICE, ClickHouse

T = TypeVar("T")
R = TypeVar("R")
_MOST = 8  # what a server shared with others is asked at once


def stand_behind() -> None:
    """Lets this thread, and those that it starts, yield to all others of this machine."""
    # what plans a query is the thread that asks
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def each(clickhouse: ClickHouse, ask: Callable[[ClickHouse, T], R], items: Iterable[T]) -> list[R]:
    """What `ask` answers for each item, in their order; every connection is used by one thread at a time."""
    wanted = list(items)
    workers = min(len(wanted), os.cpu_count() or 1, _MOST)
    if workers < 2:
        return [ask(clickhouse, item) for item in wanted]
    with clickhouse.crew(workers) as crew:
        free: SimpleQueue[ClickHouse] = SimpleQueue()
        for session in crew:
            free.put(session)

        def answered(item: T) -> R:
            session = free.get()
            try:
                return ask(session, item)
            finally:
                free.put(session)

        # left before the connections are given back
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(answered, wanted))
