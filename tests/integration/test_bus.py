"""The bus on a real broker: what is declared, what is sent, and what is read again."""

import time
from threading import Event

import pytest

from services import bus
from services.errors import BadInput, Unavailable
from services.topics import Topic, directory_topic, event_headers, event_topic, topics

NOWHERE = "127.0.0.1:9"


def declared(broker: str, prefix: str) -> str:
    """Declare the topics of two kinds, with three partitions each; the first one's name."""
    bus.declare(broker, topics(prefix, ["project", "workload"], 3, 1))
    return event_topic(prefix, "project")


def send(broker: str, topic: str, values: list[tuple[bytes, bytes]]) -> dict[tuple[str, int], int]:
    with bus.Producer(broker) as producer:
        for position, (key, value) in enumerate(values, 1):
            producer.send(topic, key, value, event_headers(position))
        return producer.flush()


def read_all(*args: object, **kwargs: object) -> list[bus.Record]:
    return [record for batch in bus.read(*args, **kwargs) for record in batch]  # type: ignore[arg-type]


def test_declaring_twice_changes_nothing(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    send(broker, topic, [(b"project:A", b"1")])
    declared(broker, prefix)
    assert [r.value for r in read_all(broker, [topic])] == [b"1"]


def test_another_partition_count_is_refused(broker: str, prefix: str) -> None:
    declared(broker, prefix)
    with pytest.raises(BadInput, match="has 3 partitions, but 4 are set"):
        bus.declare(broker, topics(prefix, ["project"], 4, 1))


def test_a_topic_that_forgets_is_refused(broker: str, prefix: str) -> None:
    bus.declare(broker, [Topic(event_topic(prefix, "project"), 3, 1, {"retention.ms": "1000"})])
    with pytest.raises(BadInput, match=r"would not keep every record; set retention\.ms=-1"):
        declared(broker, prefix)


def test_more_copies_than_brokers_are_refused(broker: str, prefix: str) -> None:
    with pytest.raises(BadInput, match="PMO_REPLICATION"):
        bus.declare(broker, topics(prefix, ["project"], 1, 3))


def test_records_come_back_as_they_were_sent(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    value = '{"äöü": "\U0001f600"}'.encode()
    ends = send(broker, topic, [(b"project:A", value)])
    ((written, partition), end), *others = ends.items()
    assert (written, end, others) == (topic, 1, [])
    headers = {"position": b"1", "content-type": b"application/cloudevents+json"}
    [read] = read_all(broker, [topic])
    assert read == bus.Record(topic, partition, 0, b"project:A", value, headers, read.sent_at)
    assert abs(time.time() - read.sent_at / 1000) < 60


def test_a_tombstone_has_no_value(broker: str, prefix: str) -> None:
    declared(broker, prefix)
    with bus.Producer(broker) as producer:
        producer.send(directory_topic(prefix), b"person:1", b"a name", [])
        producer.send(directory_topic(prefix), b"person:1", None, [])
        producer.flush()
    assert [r.value for r in read_all(broker, [directory_topic(prefix)])] == [b"a name", None]


def test_each_key_keeps_its_order_and_its_partition(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    sent = [(b"project:%d" % (n % 17), b"%d" % n) for n in range(3_000)]
    ends = send(broker, topic, sent)
    records = read_all(broker, [topic])
    assert ends == bus.end_offsets(broker, [topic])
    assert {p for _, p in ends} == {0, 1, 2}
    for key in {key for key, _ in sent}:
        mine = [r for r in records if r.key == key]
        assert [r.value for r in mine] == [value for k, value in sent if k == key]
        assert len({r.partition for r in mine}) == 1


def test_keys_go_where_the_default_partitioner_of_java_puts_them(broker: str, prefix: str) -> None:
    """Values of murmur2 in Kafka's own UtilsTest, positive and modulo three."""
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    topic = declared(broker, prefix)
    send(broker, topic, [(key, b"") for key in hashes])
    found = {r.key: r.partition for r in read_all(broker, [topic])}
    assert found == {key: (value & 0x7FFFFFFF) % 3 for key, value in hashes.items()}


def test_reading_ends_where_it_should(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    empty = event_topic(prefix, "workload")
    send(broker, topic, [(b"project:A", b"%d" % n) for n in range(10)])
    ((at, end),) = [(at, end) for at, end in bus.end_offsets(broker, [topic]).items() if end]
    assert end == 10
    assert read_all(broker, [empty]) == []
    assert len(read_all(broker, [topic, empty])) == 10
    assert [r.offset for r in read_all(broker, [topic], {at: 4}, {at: 7})] == [4, 5, 6]
    assert read_all(broker, [topic], {at: 10}) == []


def test_a_start_beyond_the_end_is_refused(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    with pytest.raises(Unavailable, match="made anew or lost records"):
        read_all(broker, [topic], {(topic, 0): 1})


def test_a_missing_topic_is_named_and_not_made(broker: str, prefix: str) -> None:
    topic = event_topic(prefix, "project")
    for _ in range(2):
        with pytest.raises(Unavailable, match=f"has no topic {topic}"):
            read_all(broker, [topic])


def test_a_tail_follows_until_it_is_stopped(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    send(broker, topic, [(b"project:A", b"early")])
    stop = Event()
    seen: list[bytes | None] = []
    starts = dict.fromkeys(bus.end_offsets(broker, [topic]), 0)
    for batch in bus.tail(broker, [topic], stop, starts):
        seen += [r.value for r in batch]
        if seen == [b"early"]:
            send(broker, topic, [(b"project:B", b"late")])
        if b"late" in seen:
            stop.set()
    assert seen == [b"early", b"late"]


def test_a_group_that_never_acknowledged_has_nothing(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    assert bus.committed(broker, f"{prefix}-nobody", [topic]) == {}


def test_a_record_that_is_too_large_is_refused_before_it_is_sent(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    with bus.Producer(broker) as producer:
        with pytest.raises(BadInput, match="larger than"):
            producer.send(topic, b"project:A", b"x" * 1_100_000, [])
        producer.send(topic, b"project:A", b"x" * 600_000, [])
        assert list(producer.flush().values()) == [1]


def test_a_closed_producer_refuses(broker: str, prefix: str) -> None:
    topic = declared(broker, prefix)
    with bus.Producer(broker) as producer:
        pass
    with pytest.raises(Unavailable, match="failed or was closed"):
        producer.send(topic, b"project:A", b"", [])
    with pytest.raises(Unavailable, match="failed or was closed"):
        producer.flush()


def test_check_says_what_answers(broker: str) -> None:
    assert bus.check(broker).startswith("Kafka 4.")


def test_an_address_must_have_a_port() -> None:
    with pytest.raises(BadInput, match="host:port"):
        bus.check("kafka")


@pytest.mark.parametrize(
    "call",
    [
        lambda: bus.check(NOWHERE),
        lambda: bus.declare(NOWHERE, topics("pmo", ["project"], 1, 1)),
        lambda: bus.Producer(NOWHERE),
        lambda: read_all(NOWHERE, ["pmo.project"]),
        lambda: bus.end_offsets(NOWHERE, ["pmo.project"]),
    ],
    ids=["check", "declare", "produce", "read", "end_offsets"],
)
def test_an_unreachable_broker_is_told_at_once(call: object) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable, match="No Kafka broker answers at 127.0.0.1:9;"):
        call()  # type: ignore[operator]
    assert time.monotonic() - start < 2
