"""From the store to Kafka: in order, one leader, resumable after any crash without sending anything twice.

Send, wait for every acknowledgement, then write the checkpoint. What was acknowledged after the last checkpoint is
found on the topics at the next start and skipped, event by event: "up to the highest version" would not do, since of
two batches in flight the later one can arrive when the earlier one was refused.

A tombstone of the directory is sent twice, the second time when its segment may take no more records: that closes the
segment, without which the broker would never compact it. Only then does the checkpoint pass the erasure.
"""

import contextlib
import json
import re
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import orjson
from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError

from schemas.catalogue import KINDS
from schemas.streams import kind_of
from services import bus
from services.commands.app import Governance
from services.commands.store import Lead
from services.errors import BadInput, Unavailable
from services.metrics import RelayMetrics, known
from services.settings import Settings
from services.topics import POSITION, SEGMENT_S, directory_headers, directory_topic, event_headers, event_topic
from services.whose import check_ours

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

BATCH = 5_000
# Each row holds the end offset of every partition, for those who wait until their own write is visible.
_KEPT_ROWS = 200
_PRUNE_EVERY = 50
_POLL_S = (0.02, 0.05)
_BACK_OFF_S = (0.2, 5.0)
_TRIES_WITH_BROKER = 5
_TRIES_LEADING = 5
_VERSION = re.compile(r"[0-9]{1,7}")
# the broker compares the times of records, which are ours
_CLOSED_AFTER_S = SEGMENT_S + 1

_STORE_AWAY = (PersistenceError, sqlite3.DatabaseError)

Sent = Callable[[int, int], None]


def unseen(_: int, __: int) -> None:
    """Takes progress that nobody wants to see."""


class _LeadLostError(Exception):
    """The store's server has ended the connection that held the lock."""


class _Tombstone(NamedTuple):
    """When it was sent, up to where the directory had been sent before, and what is said under its key by now."""

    sent_at: float
    before: int
    seq: int
    key: bytes
    content: bytes | None = None


class Relay:
    """Sends what one store holds; of several relays on a store, one works and the others wait to take over."""

    def __init__(
        self, app: Governance, bootstrap: str, settings: Settings, registry: "CollectorRegistry | None" = None
    ) -> None:
        self._store = app.store
        self._metrics = RelayMetrics(registry)
        self._metrics.position.set_function(known(self._store.relayed_position, _STORE_AWAY))
        self._metrics.lag.set_function(known(self._lag, _STORE_AWAY))
        self._bootstrap = bootstrap
        self._prefix = settings.topic_prefix
        self._source = settings.source
        self._topics = [event_topic(self._prefix, kind) for kind in KINDS]
        self._directory = directory_topic(self._prefix)
        self._producer: bus.Producer | None = None
        self._position = 0
        self._seq = 0
        self._open: deque[_Tombstone] = deque()
        self._ends: dict[tuple[str, int], int] = {}
        self._there: set[str] = set()
        self._checkpoints = 0

    def run(self, stop: Event, on_sent: Sent = unseen) -> None:
        """Waits to become the leader, then sends until `stop`.

        Outlives a broker and a store's server that go and come back. Raises Unavailable if the broker does not answer
        at the start, or its topics lost what was sent, and BadInput if they are another workspace's.
        """
        failed = 0
        while not stop.is_set():
            with self._leading(stop) as leads:
                if leads is None:
                    return
                written = self._checkpoints
                try:
                    self._metrics.leader.set(1)
                    self._lead(stop, leads, on_sent)
                except _LeadLostError:
                    # another relay may lead by now: this one waits like any other
                    continue
                except (InterfaceError, OperationalError):
                    # a server that has just come back may give the lead, and no connection yet to read by
                    failed = failed + 1 if leads() and self._checkpoints == written else 0
                    if failed >= _TRIES_LEADING:
                        raise
                    stop.wait(self._store.lead_poll_s)
                finally:
                    self._metrics.leader.set(0)
                    self._discard()

    def _lead(self, stop: Event, leads: Lead, on_sent: Sent) -> None:
        self._resume()
        idle = _POLL_S[0]
        while not stop.is_set():
            began = time.perf_counter()
            try:
                sent = self._send_batch(leads, on_sent)
            except Unavailable:
                self._recover(stop)
                continue
            idle = min(idle * 1.2, _POLL_S[1]) if sent is None else _POLL_S[0]
            if sent is None:
                stop.wait(idle)
            else:
                self._metrics.sent.inc(sent)
                self._metrics.batches.observe(time.perf_counter() - began)

    def run_once(self, on_sent: Sent = unseen) -> int:
        """Sends all that is there now; gives the number of events sent. Raises Unavailable if another relay leads."""
        with self._store.lead() as leads:
            if leads is None:
                raise Unavailable("Another process relays this store already, so there is nothing to do here.")
            try:
                self._resume()
                total = 0
                while (sent := self._send_batch(leads, on_sent)) is not None or self._open:
                    total += sent or 0
                    if sent is None:
                        time.sleep(_POLL_S[1])
                return total
            except _LeadLostError:
                raise Unavailable("The store's server closed the connection; try again when it is back.") from None
            finally:
                self._discard()

    def _lag(self) -> int:
        return (self._store.max_notification_id() or 0) - self._store.relayed_position()

    @contextlib.contextmanager
    def _leading(self, stop: Event) -> Iterator[Lead | None]:
        while not stop.is_set():
            with contextlib.ExitStack() as stack:
                try:
                    leads = stack.enter_context(self._store.lead())
                except Unavailable:
                    # the store's server went while this relay ran, and is waited for
                    leads = None
                if leads is not None:
                    yield leads
                    return
            stop.wait(self._store.lead_poll_s)
        yield None

    def _resume(self) -> None:
        """Goes on after the checkpoint, knowing what stands on the topics behind it."""
        self._discard()
        self._open.clear()
        self._position, starts = self._checkpoint()
        self._seq = self._store.relayed_entries() if starts else 0
        names = [*self._topics, self._directory]
        ends = bus.end_offsets(self._bootstrap, names)
        check_ours(self._bootstrap, self._prefix, ends, self._source)
        self._check_kept(starts, ends)
        starts = {at: end for at, end in starts.items() if at[0] != self._directory}
        self._there = set()
        for batch in bus.read(self._bootstrap, self._topics, starts, ends):
            self._there.update(event_id for r in batch if (event_id := self._recorded_id(r)))
        # a partition without records has no place in the vector: nothing can ever be landed from it
        self._ends = {at: end for at, end in ends.items() if end}
        self._producer = bus.Producer(self._bootstrap)

    def _recorded_id(self, record: bus.Record) -> str | None:
        """The id of an event that stands on its topic already. Raises BadInput if a relay sent it from another store.

        A store from an older backup would record other events under ids that were sent, and they would be skipped.
        """
        event_id = record.said("id")
        stream, _, version = (event_id or "").rpartition("/")
        if event_id and POSITION in record.headers and _VERSION.fullmatch(version):
            found = self._store.stored_by_key(stream, int(version) - 1, 1)
            if not found or found[0][-1] != record.value:
                raise BadInput(
                    f"The topics {self._prefix}.* at {self._bootstrap} hold {event_id}, which this store does not: was "
                    "it restored from an older backup? 'pmo restore --from-kafka' brings all back into an empty store; "
                    "or set PMO_TOPIC_PREFIX to a new name to send this one to new topics."
                )
        return event_id

    def _checkpoint(self) -> tuple[int, dict[tuple[str, int], int]]:
        checkpoints = self._store.checkpoints()
        if not checkpoints:
            return 0, {}
        position, said = checkpoints[0]
        starts = {_place(text): end for text, end in json.loads(said).items()}
        if any(topic not in (*self._topics, self._directory) for topic, _ in starts):
            # another prefix: other topics, which know nothing of what the old ones hold
            self._store.forget_checkpoints()
            return 0, {}
        return position, starts

    def _check_kept(self, starts: dict[tuple[str, int], int], ends: dict[tuple[str, int], int]) -> None:
        for (topic, partition), end in starts.items():
            found = ends.get((topic, partition), 0)
            if found < end:
                raise Unavailable(
                    f"Topic {topic} at {self._bootstrap} was made anew or lost records (partition {partition} ends at "
                    f"{found}, {end} were sent); restore it, or set PMO_TOPIC_PREFIX to a new name to send everything "
                    "to new topics."
                )

    def _send_batch(self, leads: Lead, on_sent: Sent) -> int | None:
        """Sends the next batch; the number of events sent, None if there was nothing to do."""
        producer = self._producer
        if producer is None:
            raise AssertionError("not resumed")
        notifications = self._store.select_notifications(self._position, BATCH, inclusive_of_start=False)
        entries = self._store.entries_after(self._seq, BATCH)
        # after reading, which may have outlasted the server that had given the lead
        if not leads():
            raise _LeadLostError
        closing = [each for each in self._open if each.sent_at <= time.monotonic() - _CLOSED_AFTER_S]
        if not notifications and not entries and not closing:
            return None
        for each in closing:
            producer.send(self._directory, each.key, each.content, directory_headers(each.seq))
        # names go first: whoever sees an event is to see the name of its person
        for seq, subject, field, value, _ in entries:
            key = orjson.dumps([subject, field])
            document = {"seq": seq, "subject": subject, "field": field, "value": value}
            content = None if value is None else orjson.dumps(document)
            producer.send(self._directory, key, content, directory_headers(seq))
            # what closes a segment must not undo what was said meanwhile, after a new consent
            newer = (each._replace(seq=seq, content=content) if each.key == key else each for each in self._open)
            self._open = deque(newer)
            if value is None:
                self._open.append(_Tombstone(time.monotonic(), self._seq, seq, key))
            self._seq = seq
        sent = 0
        for n in notifications:
            stream = str(n.originator_id)
            if self._there and f"{stream}/{n.originator_version}" in self._there:
                continue
            topic = event_topic(self._prefix, kind_of(stream))
            producer.send(topic, stream.encode(), bytes(n.state), event_headers(n.id))
            sent += 1
        self._ends.update(producer.flush())
        for _ in closing:
            self._open.popleft()
        self._position = notifications[-1].id if notifications else self._position
        self._write_checkpoint()
        if len(notifications) < BATCH:
            # all that a crash left behind the checkpoint has been passed
            self._there = set()
        on_sent(self._position, max(self._position, self._store.max_notification_id() or 0))
        return sent

    def _write_checkpoint(self) -> None:
        ends = {f"{topic}/{partition}": end for (topic, partition), end in self._ends.items()}
        seq = self._open[0].before if self._open else self._seq
        self._store.write_checkpoint(self._position, json.dumps(ends), seq)
        self._checkpoints += 1
        if self._checkpoints % _PRUNE_EVERY == 1:
            self._store.prune_checkpoints(_KEPT_ROWS)

    def _recover(self, stop: Event) -> None:
        """Starts anew with another producer as soon as the broker answers; raises what then still fails."""
        self._discard()
        pause = _BACK_OFF_S[0]
        failed_with_broker = 0
        while not stop.wait(pause):
            try:
                self._resume()
                return
            except Unavailable:
                pause = min(pause * 2, _BACK_OFF_S[1])
                if _answers(self._bootstrap):
                    failed_with_broker += 1
                if failed_with_broker >= _TRIES_WITH_BROKER:
                    raise

    def _discard(self) -> None:
        if self._producer is not None:
            self._producer.close()
            self._producer = None


def _place(text: str) -> tuple[str, int]:
    topic, _, partition = text.rpartition("/")
    return topic, int(partition)


def _answers(bootstrap: str) -> bool:
    try:
        bus.check(bootstrap)
    except Unavailable:
        return False
    return True
