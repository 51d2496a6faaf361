"""Kafka's topics as data: which there are, what each must keep, and what a record's headers say.

A topic is never created by using it, keeps everything for ever, and keeps its partition count: adding partitions
would move keys, and so break the order of a stream.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.errors import BadInput

MAX_RECORD_BYTES = 1024 * 1024
POSITION = "position"
SEQ = "seq"
CONTENT_TYPE = "content-type"
CLOUDEVENT = b"application/cloudevents+json"

_KEEP_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
SEGMENT_S = 10
"""How long a segment of the directory's topic takes records: only the first record after that closes it, and only what
is closed is compacted."""
# A name must go soon after its tombstone, but the tombstone must outlast any reader's absence: ten years.
_ERASABLE = {
    "cleanup.policy": "compact",
    "segment.ms": str(SEGMENT_S * 1000),
    "max.compaction.lag.ms": "10000",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "315360000000",
    "file.delete.delay.ms": "1000",
}
_LATEST = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1", "delete.retention.ms": "86400000"}
_FIXED = (*_KEEP_FOR_EVER, "delete.retention.ms")


@dataclass(frozen=True)
class Topic:
    """A topic as it must be on the broker."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)


def event_topic(prefix: str, kind: str) -> str:
    """The topic of all streams of a kind."""
    return f"{prefix}.{kind}"


def dead_letter_topic(prefix: str) -> str:
    """The topic of what could not be landed."""
    return f"{prefix}.dead-letters"


def checkpoint_topic(prefix: str) -> str:
    """The topic of the log's signed checkpoints."""
    return f"{prefix}.checkpoints"


def kpi_topic(prefix: str) -> str:
    """The compacted topic of the KPIs' values; ``PREFIX.kpi`` is that of the streams that define them."""
    return f"{prefix}.kpi-values"


def directory_topic(prefix: str) -> str:
    """The compacted topic of names and notes, which can be erased."""
    return f"{prefix}.directory"


def topics(prefix: str, kinds: Iterable[str], partitions: int, replication: int) -> tuple[Topic, ...]:
    """All topics of a workspace: those of the kinds of streams, dead letters, checkpoints, KPIs' values, directory."""
    common = {
        # The broker counts a batch, which is a little longer than the one record in it.
        "max.message.bytes": str(2 * MAX_RECORD_BYTES),
        "message.timestamp.type": "CreateTime",
        "min.insync.replicas": str(max(1, replication - 1)),
    }
    kept = [*(event_topic(prefix, kind) for kind in kinds), dead_letter_topic(prefix), checkpoint_topic(prefix)]
    return (
        *(Topic(name, partitions, replication, common | _KEEP_FOR_EVER) for name in kept),
        Topic(kpi_topic(prefix), partitions, replication, common | _LATEST),
        Topic(directory_topic(prefix), partitions, replication, common | _ERASABLE),
    )


def event_headers(position: int) -> list[tuple[str, bytes]]:
    """The headers of an event's record: its position in the store, and what the value is."""
    return [(POSITION, b"%d" % position), (CONTENT_TYPE, CLOUDEVENT)]


def directory_headers(seq: int) -> list[tuple[str, bytes]]:
    """The header of a directory record: its number, which a tombstone could say nowhere else."""
    return [(SEQ, b"%d" % seq)]


def check_topic(topic: Topic, partitions: int, config: Mapping[str, str]) -> None:
    """BadInput when the topic as it is on the broker would move keys or lose records."""
    if partitions != topic.partitions:
        raise BadInput(
            f"Topic {topic.name} has {partitions} partitions, but {topic.partitions} are set; set "
            f"PMO_PARTITIONS={partitions}, or another PMO_TOPIC_PREFIX: keys would move."
        )
    wrong = [f"{k}={v}" for k, v in topic.config.items() if k in _FIXED and config[k] != v]
    if int(config["max.message.bytes"]) < int(topic.config.get("max.message.bytes", 0)):
        wrong.append(f"max.message.bytes={topic.config['max.message.bytes']}")
    if wrong:
        raise BadInput(
            f"Topic {topic.name} would not keep every record; set {', '.join(wrong)} on it with kafka-configs, "
            "or choose another PMO_TOPIC_PREFIX."
        )
