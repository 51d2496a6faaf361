"""From Kafka in bulk: reading, validating and landing at the same time, for what a worker would take too long over.

Validation is what costs most, and Python does it on one core: beyond a certain number of records it goes to processes
of its own. They are spawned, since a process that has loaded chDB must never be forked.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from services import bulk_read, bus
from services.errors import Unavailable
from services.metrics import LandingMetrics
from services.projections.clickhouse import ClickHouse
from services.projections.landing import Landing, directory_row, fault, topic_names
from services.projections.projector import DirectoryRow
from services.topics import directory_topic

_BATCH = 20_000
_PROCESSES_FROM = 60_000
_AHEAD = 4

Place = tuple[str, int]
Said = TypeVar("Said")


def bulk_from_kafka(
    clickhouse: ClickHouse,
    bootstrap: str,
    prefix: str,
    progress: Callable[[int, int], None],
    *,
    stop: Event | None = None,
    anew: bool = False,
    metrics: LandingMetrics | None = None,
) -> dict[Place, int]:
    """Lands all records between the checkpoints (`anew`: the beginning) and the topics' ends as of now.

    Gives the offset to go on from, by topic and partition, as far as it came before `stop`.
    """
    names = topic_names(prefix)
    ends = bus.end_offsets(bootstrap, names)
    with Landing(clickhouse, bootstrap, prefix, metrics) as landing:
        landed = landing.projector.landed()
        starts = {} if anew else {at: landed[at].next for at in ends if at in landed}
        check_kept(bootstrap, starts, ends)
        total = sum(end - starts.get(at, 0) for at, end in ends.items())
        done = 0
        reached = dict(starts)
        with validators(total) as checking, ThreadPoolExecutor(1) as lander:
            read = read_checked(bootstrap, names, starts, ends, checking, faults_of)
            landings: deque[tuple[list[bus.Record], Future[None]]] = deque()
            for records, faults in read:
                if stop is not None and stop.is_set():
                    break
                landings.append((records, lander.submit(_land, landing, records, faults)))
                while landings and (len(landings) > 1 or landings[0][1].done()):
                    done += _landed(*landings.popleft(), reached)
                    progress(done, total)
            while landings:
                done += _landed(*landings.popleft(), reached)
                progress(done, total)
        landing.projector.settle()
    return reached


def values_from_kafka(
    bootstrap: str, prefix: str, progress: Callable[[int, int], None]
) -> Callable[[], Iterator[list[bytes]]]:
    """What gives the bytes of all valid events on the topics, in batches; asked again, of those that came since.

    What is invalid landed as a dead letter.
    """
    names = topic_names(prefix)
    reached: dict[Place, int] = {}
    done = 0

    def values() -> Iterator[list[bytes]]:
        nonlocal done
        ends = bus.end_offsets(bootstrap, names[:-1])
        check_kept(bootstrap, reached, ends)
        total = sum(ends.values())
        with validators(total - done) as checking:
            for records, faults in read_checked(bootstrap, names, reached, ends, checking, faults_of):
                found = zip(records, faults.result(), strict=True)
                yield [r.value for r, fault in found if r.value is not None and fault is None]
                done += len(records)
                progress(done, total)
        reached.update(ends)

    return values


def entries_from_kafka(bootstrap: str, prefix: str) -> Callable[[], Iterator[list[DirectoryRow]]]:
    """What gives the rows on the directory's topic, in batches; asked again, those that came since.

    What is no row of a directory landed as a dead letter.
    """
    reached: dict[Place, int] = {}

    def entries() -> Iterator[list[DirectoryRow]]:
        ends = bus.end_offsets(bootstrap, [directory_topic(prefix)])
        check_kept(bootstrap, reached, ends)
        for batch in bulk_read.read(bootstrap, reached, ends):
            if rows := [row for record in batch if (row := directory_row(record)) is not None]:
                yield rows
        reached.update(ends)

    return entries


def check_kept(bootstrap: str, landed: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
    """Raises Unavailable if a topic ends before what has landed from it: offsets mean something else now."""
    for (topic, partition), end in ends.items():
        if landed.get((topic, partition), 0) > end:
            raise Unavailable(
                f"Topic {topic} at {bootstrap} was made anew: partition {partition} ends at {end}, but "
                f"{landed[topic, partition]} were landed; restore it, or set PMO_TOPIC_PREFIX to a new name."
            )


def _landed(records: list[bus.Record], landing: Future[None], reached: dict[Place, int]) -> int:
    landing.result()
    for record in records:
        reached[record.topic, record.partition] = record.offset + 1
    return len(records)


def _land(landing: Landing, records: list[bus.Record], faults: Future[list[str | None]]) -> None:
    landing.land_much(records, faults.result())


def read_checked(
    bootstrap: str,
    names: list[str],
    starts: Mapping[Place, int],
    ends: Mapping[Place, int],
    checking: Executor,
    check: Callable[[list[bytes | None]], list[Said]],
) -> Iterator[tuple[list[bus.Record], "Future[list[Said]]"]]:
    """Batches as they were read, each with what `check` will say of its values; of the last topic, the directory, none.

    It may be called in another process.
    """
    coming: deque[tuple[list[bus.Record], Future[list[Said]]]] = deque()
    pending: list[bus.Record] = []

    def submit() -> None:
        values = [None if r.topic == names[-1] else r.value for r in pending]
        coming.append((pending, checking.submit(check, values)))

    for batch in bulk_read.read(bootstrap, starts, ends):
        pending += batch
        if len(pending) >= _BATCH:
            submit()
            pending = []
        while len(coming) > _AHEAD or (coming and coming[0][1].done()):
            yield coming.popleft()
    if pending:
        submit()
    yield from coming


def faults_of(values: list[bytes | None]) -> list[str | None]:
    """What is wrong with each value, in a process of its own."""
    return [fault(value) for value in values]


def validators(total: int) -> Executor:
    """What checks so many records: a thread, or processes where they are worth their start."""
    if total < _PROCESSES_FROM:
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(
        max(1, (os.cpu_count() or 2) - 1), multiprocessing.get_context("spawn"), initializer=_ignore_interrupts
    )


def _ignore_interrupts() -> None:
    # Ctrl-C goes to the whole group of processes; the one that started us ends us in order
    signal.signal(signal.SIGINT, signal.SIG_IGN)
