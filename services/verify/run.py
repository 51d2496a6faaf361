"""The whole verification: the store, its checkpoints, ClickHouse, Kafka."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event

from services import bus
from services.catch_up import DIRECTORY, landed_position
from services.commands.app import Governance
from services.errors import BadInput, Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.landing import topic_names
from services.projections.projector import Projector
from services.projections.worker import group_of
from services.settings import Settings
from services.topics import checkpoint_topic
from services.verify import checkpoint
from services.verify.checkpoint import Checkpoint, PublicKey, Signer
from services.verify.copies import compare_calendars, compare_directory, compare_events, compare_tables
from services.verify.findings import Part
from services.verify.log import Log, compare_notes, walked
from services.verify.topics import compare_directory_topic, compare_topics
from services.waiting import missing

Progress = Callable[[int, int], None]
Told = tuple[str, str]
"""Where a checkpoint was found, and its text."""


def signer(settings: Settings) -> Signer:
    """What signs this workspace's checkpoints; its key is made at first.

    Raises Unavailable if the key is gone that earlier ones were signed with.
    """
    file = settings.home / "checkpoint.key"
    if not file.exists() and any(_kept(settings)):
        raise Unavailable(
            f"{file}, which the checkpoints in {_folder(settings)} were signed with, is missing; "
            "restore it from a backup."
        )
    return Signer(file, settings.source.strip("/"))


def _kept(settings: Settings) -> list[Path]:
    """The checkpoints that were signed here, the smallest log first."""
    return sorted(_folder(settings).glob("*.txt"))


def sign(settings: Settings, app: Governance, progress: Progress) -> Checkpoint:
    """Signs the log as it is now, and keeps the checkpoint. Raises BadInput if the store itself is not in order."""
    part = Part("event store")
    log = walked(app.store, (), part, progress)
    if part.differing:
        found = part.differences[0]
        raise BadInput(f"Nothing is signed: {found.what} {found.how} in the event store; 'pmo verify' says more.")
    return keep(settings, log)


def keep(settings: Settings, log: Log) -> Checkpoint:
    """Signs a log that was found in order, and keeps the checkpoint in the workspace."""
    signed = signer(settings).sign(log.size, log.root)
    folder = _folder(settings)
    folder.mkdir(exist_ok=True)
    draft = folder / f".{os.getpid()}"
    draft.write_text(signed.text)
    draft.replace(_file(settings, signed.size))
    return signed


def publish(settings: Settings, bootstrap: str, signed: Checkpoint) -> None:
    """Puts the checkpoint on its own topic, for whoever follows it."""
    with bus.Producer(bootstrap) as producer:
        producer.send(checkpoint_topic(settings.topic_prefix), signed.log.encode(), signed.text.encode(), [])
        producer.flush()


def published_checkpoints(settings: Settings, bootstrap: str) -> list[Told]:
    """The checkpoints on their topic."""
    name = checkpoint_topic(settings.topic_prefix)
    ends = bus.end_offsets(bootstrap, [name])
    return [
        (f"offset {r.offset} of {r.topic}/{r.partition}", (r.value or b"").decode(errors="replace"))
        for batch in bus.read(bootstrap, [name], until=ends)
        for r in batch
    ]


def _folder(settings: Settings) -> Path:
    return settings.home / "checkpoints"


def _file(settings: Settings, size: int) -> Path:
    # twelve digits, so that names sort as numbers do; the same log gives the same text
    return _folder(settings) / f"{size:012}.txt"


def verify_store(
    settings: Settings,
    app: Governance,
    given: Sequence[Told],
    key: PublicKey | None,
    bootstrap: str,
    progress: Progress,
) -> tuple[Log, list[Part]]:
    """The store by itself and against checkpoints: given, kept, and, with a `bootstrap`, those on Kafka.

    Raises BadInput for a given checkpoint that is none, or is not signed by `key` (else by this workspace's own).
    """
    ours = signer(settings)
    told = [(where, checkpoint.opened(text, key or ours.public, where)) for where, text in given]
    part, checked = Part("event store"), Part("checkpoints", unit="checkpoints")
    published = published_checkpoints(settings, bootstrap) if bootstrap else []
    readers: list[tuple[str, Callable[[], str], Path | None]] = [
        (f"checkpoint {file.stem.lstrip('0') or '0'}", partial(checkpoint.read, file), file) for file in _kept(settings)
    ]
    readers += [(where, partial(str, text), None) for where, text in published]
    for where, read, file in readers:
        try:
            each = checkpoint.opened(read(), ours.public, where)
            # others may have signed what was given away, but nobody what is kept
            if each != ours.sign(each.size, each.root) or file not in (None, _file(settings, each.size)):
                raise BadInput(f"{where} is another than was kept there.")
            told.append((where, each))
        except checkpoint.OtherKey:
            checked.looked_at += 1
            checked.differs(where, "is signed by another key than this workspace's")
        except BadInput:
            checked.looked_at += 1
            checked.differs(where, "is not as it was signed")
    log = walked(app.store, [each.size for _, each in told], part, progress)
    for where, each in told:
        checked.looked_at += 1
        if each.size > log.size:
            checked.differs(where, f"was of {each.size} events, of which {each.size - log.size} are gone")
        elif log.roots[each.size] != each.root:
            checked.differs(where, f"does not fit: the first {each.size} events are not those that were signed")
    return log, [part, checked]


def verify_notes(app: Governance, log: Log) -> list[Part]:
    """The texts of notes against the digests in their events."""
    part = Part("notes", unit="notes")
    compare_notes(app.store, log, part)
    return [part]


@contextmanager
def comparing_tables(clickhouse: ClickHouse) -> Iterator[Callable[[], list[Part]]]:
    """Compares the tables while the block reads the store, which takes another core; what it gives waits for them.

    Whatever ends the block early ends that too.
    """
    ended = Event()

    def go_on(done: int, total: int) -> None:
        if ended.is_set():
            raise _Ended

    with clickhouse.session() as own, ThreadPoolExecutor(1) as thread:
        comparing = thread.submit(compare_tables, own, go_on)
        try:
            yield comparing.result
        finally:
            ended.set()


class _Ended(Exception):
    """Nobody waits for the result any more."""


def verify_clickhouse(
    app: Governance,
    clickhouse: ClickHouse,
    log: Log,
    progress: Progress,
    tables: Callable[[], list[Part]] | None = None,
) -> list[Part]:
    """ClickHouse against the store, and its tables against its events, if `tables` does not give what came of that."""
    projector = Projector(clickhouse)
    landed = min(log.end, landed_position(app, projector))
    part, names = Part("ClickHouse"), Part("names in ClickHouse", unit="names and notes")
    if landed < log.end:
        part.note = f"{log.end - landed} are still on their way"
    compare_events(app.store, clickhouse, landed, log, part, progress)
    compare_directory(app.store, clickhouse, _landed_entries(app, projector), names)
    calendars = Part("calendars", unit="countries")
    compare_calendars(clickhouse, calendars)
    return [part, names, *(tables() if tables else compare_tables(clickhouse, progress)), calendars]


def _landed_entries(app: Governance, projector: Projector) -> int:
    """Up to which row the directory has landed for certain, by whichever transport."""
    landed = projector.landed()
    direct = landed[DIRECTORY, 0].next if (DIRECTORY, 0) in landed else 0
    checkpoints = app.store.checkpoints()
    if checkpoints and not missing(json.loads(checkpoints[0][1]), landed):
        return max(direct, app.store.relayed_entries())
    return direct


def verify_acknowledged(settings: Settings, clickhouse: ClickHouse, bootstrap: str) -> list[Part]:
    """What the workers acknowledged on Kafka against what ClickHouse says has landed, which comes first.

    Whoever takes rows away together with the checkpoints that speak of them makes them look as if still on their way.
    """
    part = Part("acknowledged", unit="partitions")
    acknowledged = bus.committed(bootstrap, group_of(settings.topic_prefix), topic_names(settings.topic_prefix))
    landed = Projector(clickhouse).landed()
    for (topic, partition), offset in sorted(acknowledged.items()):
        part.looked_at += 1
        there = landed[topic, partition].next if (topic, partition) in landed else 0
        if there < offset:
            part.differs(f"{topic}/{partition}", f"was acknowledged up to {offset}, and has landed up to {there} only")
    return [part]


def verify_topics(settings: Settings, app: Governance, bootstrap: str, log: Log, progress: Progress) -> list[Part]:
    """Kafka's topics against the store."""
    bus.check(bootstrap)
    checkpoints = app.store.checkpoints()
    sent = checkpoints[0][0] if checkpoints else 0
    named = app.store.relayed_entries()
    part, names = Part("Kafka", unit="records"), Part("names on Kafka", unit="records")
    if not sent:
        raise Unavailable(f"Nothing was sent to Kafka at {bootstrap} yet; 'pmo relay' or 'pmo up' does that.")
    compare_topics(app.store, log, min(sent, log.end), bootstrap, settings.topic_prefix, part, progress)
    compare_directory_topic(app.store, named, bootstrap, settings.topic_prefix, names)
    return [part, names]
