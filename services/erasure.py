"""Erasure beyond the store: the copies of names and notes in ClickHouse, in kept replays, on Kafka and in log files.

What runs carries the erasure on by itself: the relay to Kafka, the worker to ClickHouse. Here is done what nobody else
would do, and looked at what still stands.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from services import bus
from services.catch_up import catch_up_directory
from services.commands.app import Governance
from services.commands.erasing import whole_words
from services.errors import Unavailable
from services.projections import erasing
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Projector
from services.projections.schema import prepare
from services.runtime import brokers, open_reader
from services.settings import Settings
from services.topics import directory_topic

_POLL_S = 1.0
_ERASED = "(erased)"
_SERVER_LOG = "the server's write-ahead log keeps it until that is recycled, and its archives and backups longer"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many copies a place still holds, None if it cannot be looked at; and what has to happen, if anything."""

    place: str
    copies: int | None
    note: str = ""


def standing(settings: Settings, app: Governance, subjects: Sequence[str]) -> list[Standing]:
    """Where something of these subjects still stands. An embedded ClickHouse that nobody has open is brought up."""
    stored = app.store.values(subjects)
    looks: list[Callable[[], Standing | None]] = [
        lambda: Standing("event store", len(stored), _SERVER_LOG if settings.postgres else ""),
        lambda: _in_clickhouse(settings, subjects),
        lambda: _in_replays(settings, app, subjects),
        lambda: _on_kafka(settings, app, subjects),
    ]
    return [found for look in looks if (found := look()) is not None]


def wait_until_gone(settings: Settings, app: Governance, subjects: Sequence[str], seconds: float) -> list[Standing]:
    """The same, as soon as nothing stands anywhere, and at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = standing(settings, app, subjects)
        if not any(each.copies != 0 for each in found) or time.monotonic() >= deadline:
            return found
        time.sleep(_POLL_S)


def blot_out(files: Iterable[Path], values: Iterable[str]) -> None:
    """Takes values out of log files, in place: whoever has one open goes on appending to it."""
    pattern = whole_words(values)
    for file in files:
        if pattern is None or not file.exists():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if pattern.search(text):
            file.write_text(pattern.sub(_ERASED, text), encoding="utf-8")


def _in_clickhouse(settings: Settings, subjects: Sequence[str]) -> Standing:
    try:
        with open_reader(settings) as clickhouse:
            left = erasing.copies(clickhouse, list(subjects))
    except Unavailable as error:
        return Standing("ClickHouse", None, str(error))
    return Standing("ClickHouse", left, "the worker carries it out as soon as it runs" if left else "")


def _in_replays(settings: Settings, app: Governance, subjects: Sequence[str]) -> Standing | None:
    """The tables of replays that were kept are copies too, which nobody else keeps up."""
    folders = sorted((settings.home / "replay").glob("*/clickhouse"))
    left = 0
    for folder in folders:
        try:
            with ClickHouse.embedded(folder) as clickhouse:
                prepare(clickhouse, settings.workspace_id)
                catch_up_directory(app, Projector(clickhouse))
                left += erasing.copies(clickhouse, list(subjects))
        except Unavailable as error:
            return Standing("replays", None, str(error))
    return Standing("replays", left) if folders else None


def _on_kafka(settings: Settings, app: Governance, subjects: Sequence[str]) -> Standing | None:
    bootstrap = brokers(settings)
    if not bootstrap:
        if not (settings.home / "kafka").exists():
            return None
        return Standing("Kafka", None, "the local broker does not run; a minute of 'pmo up' carries it out")
    try:
        left = _records_of(bootstrap, settings.topic_prefix, set(subjects))
    except Unavailable as error:
        return Standing("Kafka", None, str(error))
    if not left:
        return Standing("Kafka", 0)
    if app.store.relayed_entries() < app.store.last_entry():
        return Standing("Kafka", left, "the relay has to send it and, 11 s later, to close the topic's segment")
    return Standing("Kafka", left, "the broker compacts the topic within a minute")


def _records_of(bootstrap: str, prefix: str, subjects: set[str]) -> int:
    records = (r for batch in bus.read(bootstrap, [directory_topic(prefix)]) for r in batch)
    return sum(_says_something(record, subjects) for record in records)


def _says_something(record: bus.Record, subjects: set[str]) -> bool:
    if record.value is None:
        return False
    try:
        return orjson.loads(record.key or b"")[0] in subjects and bool(orjson.loads(record.value)["value"])
    except (ValueError, TypeError, KeyError, IndexError):
        # not ours: nobody but the relay writes there, and 'pmo verify' names what somebody else did
        return False
