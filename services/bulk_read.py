"""Reads whole topics with aiokafka, whose record decoder is compiled: half the time a record that kafka-python takes.

Only for reading much at once, where that counts; everything else goes through `services.bus`. aiokafka is there anyway,
as what Faust reads with.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

from services import bus
from services.bus import Record
from services.errors import Unavailable

_BATCH = 10_000
_STALLED_SECONDS = 30.0

Place = tuple[str, int]


def read(bootstrap: str, starts: Mapping[Place, int], until: Mapping[Place, int]) -> Iterator[list[Record]]:
    """All records from `starts` (else the beginning) up to `until`, in batches; order holds within a partition."""
    left = {at: end for at, end in until.items() if end > starts.get(at, 0)}
    if not left:
        return
    # at once, in one sentence, where nothing answers: aiokafka would go on trying
    bus.check(bootstrap)
    loop = asyncio.new_event_loop()
    try:
        yield from _read(loop, bootstrap, {at: starts.get(at, 0) for at in left}, left)
    finally:
        loop.close()


def _read(
    loop: asyncio.AbstractEventLoop, bootstrap: str, starts: Mapping[Place, int], left: dict[Place, int]
) -> Iterator[list[Record]]:
    from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

    consumer = loop.run_until_complete(_started(bootstrap, starts))
    try:
        progress = time.monotonic()
        while left:
            try:
                batch, done = loop.run_until_complete(_next(consumer, left))
            except KafkaError as error:
                raise Unavailable(f"Kafka at {bootstrap} ended while it was read ({error}); try again.") from error
            for at in done:
                del left[at]
            if batch:
                yield batch
            if batch or done:
                progress = time.monotonic()
            elif time.monotonic() - progress > _STALLED_SECONDS:
                raise Unavailable(f"Kafka at {bootstrap} sends no records; see the broker's log, then try again.")
    finally:
        loop.run_until_complete(consumer.stop())


async def _started(bootstrap: str, starts: Mapping[Place, int]) -> Any:
    from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        # a start that is gone must not be passed over in silence
        auto_offset_reset="none",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    consumer.assign([TopicPartition(*at) for at in starts])
    for at, offset in starts.items():
        consumer.seek(TopicPartition(*at), offset)
    return consumer


async def _next(consumer: Any, left: Mapping[Place, int]) -> tuple[list[Record], list[Place]]:
    from aiokafka import TopicPartition

    polled = await consumer.getmany(timeout_ms=500, max_records=_BATCH)
    batch = [
        Record(r.topic, r.partition, r.offset, r.key, r.value, dict(r.headers), r.timestamp)
        for at, records in polled.items()
        if (end := left.get((at.topic, at.partition)))
        for r in records
        if r.offset < end
    ]
    # By position, not by the last record: a compacted partition may end in offsets that are gone.
    done = [at for at, end in left.items() if await consumer.position(TopicPartition(*at)) >= end]
    if done:
        consumer.pause(*(TopicPartition(*at) for at in done))
    return batch, done
