"""Kafka: an idempotent producer, bulk and following readers, topics made as declared. The only user of kafka-python.

Every call that no broker answers raises Unavailable, soon.
"""

import logging
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache, lru_cache
from threading import Event
from types import ModuleType
from typing import Any, NamedTuple

import orjson

from services.errors import BadInput, Unavailable
from services.topics import MAX_RECORD_BYTES, Topic, check_topic

# Retries are announced once, by the error that ends them; a broker's restart is no news on a terminal.
_RETRYING_LOGGERS = ("kafka.net", "kafka.cluster", "kafka.consumer.fetcher")
_STALLED_SECONDS = 30.0


class Record(NamedTuple):
    """One record as read from a topic; a value of None is a tombstone. `sent_at` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]
    sent_at: int = 0

    def said(self, name: str) -> str | None:
        """What its document claims under this name, unchecked; None for what is no document or does not say it."""
        try:
            document = orjson.loads(self.value or b"")
        except ValueError:
            return None
        return str(document[name]) if isinstance(document, dict) and name in document else None


def declare(bootstrap: str, wanted: Sequence[Topic]) -> None:
    """Create the missing topics; BadInput when one exists that would lose events or move keys."""
    kafka = _kafka()
    with _admin(bootstrap, 10.0) as admin:
        present = set(admin.list_topics())
        # before any is made
        _check_topics(admin, [t for t in wanted if t.name in present])
        missing = {
            t.name: {"num_partitions": t.partitions, "replication_factor": t.replication, "configs": dict(t.config)}
            for t in wanted
            if t.name not in present
        }
        if missing:
            try:
                admin.create_topics(missing, wait_for_metadata=True)
            except kafka.errors.TopicAlreadyExistsError:
                # Another process declares the same at this moment; what it made is checked below like any other.
                admin.wait_for_topics(list(missing))
            except kafka.errors.InvalidReplicationFactorError:
                raise BadInput(
                    f"The broker at {bootstrap} can't keep {wanted[0].replication} copies; set PMO_REPLICATION to at "
                    "most the number of brokers."
                ) from None
            _check_topics(admin, [t for t in wanted if t.name in missing])


def _check_topics(admin: Any, wanted: Sequence[Topic]) -> None:
    from kafka.admin import ConfigFilterType, ConfigResource, ConfigResourceType

    if not wanted:
        return
    names = [t.name for t in wanted]
    partitions = {t["name"]: len(t["partitions"]) for t in admin.describe_topics(names)}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs = admin.describe_configs(resources, config_filter=ConfigFilterType.ALL)["topic"]
    for topic in wanted:
        check_topic(topic, partitions[topic.name], {k: str(v["value"]) for k, v in configs[topic.name].items()})


class Producer(AbstractContextManager["Producer"]):
    """Sends keyed records, idempotent and in order per key; after a failure it refuses everything.

    Not transactional: a batch that failed may have others behind it that arrived, so whoever sends again must skip
    by what is there, record by record.
    """

    def __init__(self, bootstrap: str) -> None:
        kafka = _kafka()
        self._bootstrap = bootstrap
        self._failed = False
        self._pending: list[Any] = []
        self._partition = lru_cache(65_536)(self._hashed)
        _probe(bootstrap, 2.0)
        with _answering(bootstrap):
            self._kafka = kafka.KafkaProducer(
                bootstrap_servers=bootstrap.split(","),
                bootstrap_timeout_ms=10_000,
                enable_idempotence=True,
                acks="all",
                # Many small requests would cost half the rate; whoever waits calls flush(), which does not linger.
                batch_size=256 * 1024,
                linger_ms=20,
                max_request_size=MAX_RECORD_BYTES,
                max_block_ms=10_000,
                request_timeout_ms=10_000,
                reconnect_backoff_max_ms=1_000,
                # Never give a batch up while later ones go out, which would leave a gap; flush() sets the limit.
                delivery_timeout_ms=7 * 24 * 3_600_000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )

    def send(self, topic: str, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        """Hand a record over for sending; only flush() says that it arrived."""
        kafka = _kafka()
        self._check_usable()
        try:
            partition = self._partition(topic, key)
            self._pending.append(self._kafka.send(topic, value, key, headers, partition))
        except kafka.errors.MessageSizeTooLargeError:
            raise BadInput(f"A record for {topic} is larger than {MAX_RECORD_BYTES} bytes; shorten it.") from None
        except kafka.errors.KafkaError as error:
            self.close()
            raise _sending_failed(self._bootstrap, error) from error

    def flush(self, timeout: float = 30.0) -> dict[tuple[str, int], int]:
        """Wait until all is acknowledged; the end offset of each partition written since the last flush.

        Raises Unavailable if anything failed or the time is over; this producer is then of no more use.
        """
        kafka = _kafka()
        self._check_usable()
        pending, self._pending = self._pending, []
        try:
            self._kafka.flush(timeout)
            ends: dict[tuple[str, int], int] = {}
            for future in pending:
                sent = future.get(0)
                ends[sent.topic, sent.partition] = max(ends.get((sent.topic, sent.partition), 0), sent.offset + 1)
        except kafka.errors.KafkaError as error:
            self.close()
            raise _sending_failed(self._bootstrap, error) from error
        return ends

    def close(self) -> None:
        """Stop without waiting: what no flush() confirmed may or may not arrive."""
        self._failed = True
        try:
            self._kafka.close(timeout=0)
        except _kafka().errors.KafkaTimeoutError:
            # close() flushes first, and when that times out it leaves its thread sending: late, out of order.
            self._kafka._sender.force_close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_usable(self) -> None:
        if self._failed:
            raise Unavailable(f"This connection to Kafka at {self._bootstrap} failed or was closed; make another.")

    def _hashed(self, topic: str, key: bytes) -> int:
        """The default partition of a key, kept in a cache: in Python the hash costs a tenth of the rate."""
        from kafka.partitioner.default import murmur2

        return int((murmur2(key) & 0x7FFFFFFF) % len(self._kafka.partitions_for(topic)))


def end_offsets(bootstrap: str, names: Sequence[str]) -> dict[tuple[str, int], int]:
    """The offset after the last record, for each partition of the topics."""
    with _consumer(bootstrap) as consumer, _answering(bootstrap):
        return _plain(consumer.end_offsets(_partitions(consumer, bootstrap, names)))


def read(
    bootstrap: str,
    names: Sequence[str],
    starts: Mapping[tuple[str, int], int] | None = None,
    until: Mapping[tuple[str, int], int] | None = None,
) -> Iterator[list[Record]]:
    """All records from `starts` (else the beginning) up to `until` (else the end as of now), in batches.

    Order holds within a partition. Raises Unavailable if a start lies beyond the topic's end: the topic was then
    made anew or lost records.
    """
    with _consumer(bootstrap) as consumer:
        with _answering(bootstrap):
            partitions = _partitions(consumer, bootstrap, names)
            ends = consumer.end_offsets(partitions)
            _seek(consumer, partitions, starts or {}, _plain(ends), consumer.beginning_offsets(partitions))
            stops = {p: until.get((p.topic, p.partition), 0) if until is not None else ends[p] for p in partitions}
            left = {p for p in partitions if consumer.position(p) < stops[p]}
            consumer.pause(*(set(partitions) - left))
        progress = time.monotonic()
        while left:
            with _answering(bootstrap):
                polled = consumer.poll(timeout_ms=500)
                batch = [_record(r) for p in left & polled.keys() for r in polled[p] if r.offset < stops[p]]
                # By position, not by the last record: a compacted partition may end in offsets that are gone.
                done = {p for p in left if consumer.position(p) >= stops[p]}
                consumer.pause(*done)
                left -= done
            if batch or done:
                progress = time.monotonic()
            elif time.monotonic() - progress > _STALLED_SECONDS:
                raise Unavailable(f"Kafka at {bootstrap} sends no records; see the broker's log, then try again.")
            if batch:
                yield batch


def tail(
    bootstrap: str,
    names: Sequence[str],
    stop: Event,
    starts: Mapping[tuple[str, int], int] | None = None,
    *,
    idle: bool = False,
) -> Iterator[list[Record]]:
    """Records from `starts` (else those to come) as they arrive, in batches, until `stop` is set.

    With `idle` there is an empty batch now and then where none arrive. It outlives a broker's restart: whoever must
    know that the broker is away asks check().
    """
    with _consumer(bootstrap) as consumer:
        with _answering(bootstrap):
            partitions = _partitions(consumer, bootstrap, names)
            ends = consumer.end_offsets(partitions)
            _seek(consumer, partitions, starts or {}, _plain(ends), ends)
        while not stop.is_set():
            with _answering(bootstrap):
                polled = consumer.poll(timeout_ms=200)
            batch = [_record(r) for records in polled.values() for r in records]
            if batch or idle:
                yield batch


def committed(bootstrap: str, group: str, names: Sequence[str]) -> dict[tuple[str, int], int]:
    """What the consumer group has acknowledged; a partition of which it never did is left out."""
    # By a consumer, not an administrator: it waits for the group's coordinator, which a new broker has yet to make.
    with _consumer(bootstrap, group) as consumer, _answering(bootstrap):
        found = {p: consumer.committed(p, timeout_ms=10_000) for p in _partitions(consumer, bootstrap, names)}
    return _plain({p: offset for p, offset in found.items() if offset is not None})


def commit(bootstrap: str, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
    """Acknowledge for the group, which must have no member at work: Unavailable if it has."""
    from kafka import TopicPartition
    from kafka.structs import OffsetAndMetadata

    with _consumer(bootstrap, group) as consumer, _answering(bootstrap):
        places = {TopicPartition(*at): OffsetAndMetadata(offset, "", -1) for at, offset in offsets.items()}
        consumer.assign(list(places))
        consumer.commit(places, timeout_ms=10_000)


def check(bootstrap: str, timeout: float = 2.0) -> str:
    """What answers there, in words for a person; Unavailable within about `timeout` seconds if nothing does."""
    with _admin(bootstrap, timeout) as admin:
        cluster = admin.describe_cluster()
        broker = cluster["brokers"][0]["broker_id"]
        version = ".".join(str(part) for part in admin.get_broker_version_data(broker).broker_version)
    return f"Kafka {version}, cluster {cluster['cluster_id']}, {len(cluster['brokers'])} broker(s)"


@cache
def _kafka() -> ModuleType:
    """kafka-python, imported late (0.2 s that a command without Kafka need not spend), its retries quieted."""
    import kafka
    import kafka.errors

    for name in _RETRYING_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("kafka").setLevel(logging.ERROR)
    return kafka  # type: ignore[no-any-return]


def _no_answer(bootstrap: str) -> Unavailable:
    return Unavailable(f"No Kafka broker answers at {bootstrap}; start it, or correct PMO_KAFKA.")


def _sending_failed(bootstrap: str, error: Exception) -> Unavailable:
    late = isinstance(error, _kafka().errors.KafkaTimeoutError)
    reason = "no answer in time" if late else str(error).partition("\n")[0]
    return Unavailable(f"Sending to Kafka at {bootstrap} failed ({reason}); check the broker, then try again.")


def _probe(bootstrap: str, timeout: float) -> None:
    """Fail at once where nothing listens: kafka-python would go on trying, and leave its thread behind."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdigit():
            raise BadInput(f"{address!r} is not a broker's address; give PMO_KAFKA as host:port, comma separated.")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout).close()
        except OSError:
            continue
        return
    raise _no_answer(bootstrap)


@contextmanager
def _answering(bootstrap: str) -> Iterator[None]:
    kafka = _kafka()
    try:
        yield
    except (kafka.errors.RetriableError, kafka.errors.BrokerNotAvailableError):
        raise _no_answer(bootstrap) from None
    except kafka.errors.KafkaError as error:
        raise Unavailable(f"Kafka at {bootstrap} refuses: {error}; check its log and its rights.") from error


@contextmanager
def _admin(bootstrap: str, timeout: float) -> Iterator[Any]:
    from kafka.admin import KafkaAdminClient

    _probe(bootstrap, timeout)
    milliseconds = int(timeout * 1000)
    with _answering(bootstrap):
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=milliseconds, request_timeout_ms=milliseconds
        )
        with closing(admin):
            yield admin


@contextmanager
def _consumer(bootstrap: str, group: str | None = None) -> Iterator[Any]:
    kafka = _kafka()
    _probe(bootstrap, 2.0)
    with _answering(bootstrap):
        consumer = kafka.KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=10_000,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            max_poll_records=5_000,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            reconnect_backoff_max_ms=1_000,
            metrics_enabled=False,
        )
    with closing(consumer):
        yield consumer


def _partitions(consumer: Any, bootstrap: str, names: Sequence[str]) -> list[Any]:
    from kafka import TopicPartition

    found = {name: consumer.partitions_for_topic(name) for name in names}
    if missing := sorted(name for name, partitions in found.items() if not partitions):
        raise Unavailable(f"Kafka at {bootstrap} has no topic {missing[0]}; start 'pmo up', which makes it.")
    return [TopicPartition(name, number) for name in names for number in sorted(found[name])]


def _seek(
    consumer: Any,
    partitions: Sequence[Any],
    starts: Mapping[tuple[str, int], int],
    ends: Mapping[tuple[str, int], int],
    default: Mapping[Any, int],
) -> None:
    consumer.assign(partitions)
    for p in partitions:
        at = (p.topic, p.partition)
        if starts.get(at, 0) > ends[at]:
            raise Unavailable(
                f"Topic {p.topic} ends at {ends[at]} in partition {p.partition}, before offset {starts[at]} that was "
                "read already: it was made anew or lost records; restore it, or rebuild from the store."
            )
        consumer.seek(p, starts.get(at, default[p]))


def _plain(offsets: Mapping[Any, int]) -> dict[tuple[str, int], int]:
    return {(p.topic, p.partition): offset for p, offset in offsets.items()}


def _record(r: Any) -> Record:
    return Record(r.topic, r.partition, r.offset, r.key, r.value, dict(r.headers), r.timestamp)
