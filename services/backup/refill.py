"""An event store made again from Kafka alone: what the relay sent, at the positions that it was sent with.

Positions run from 1 without a gap, and so do the versions of each stream: whatever is missing in the middle shows. What
the end lacks shows against a signed checkpoint only.

What never was on Kafka does not come back: what commands said beside their events (a command id that is used again with
other content is taken for a second try), and the salts of notes (their texts come back, but can no longer be held
against the digests in the events).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import SQLiteCursor

from services import bus
from services.backup.embedded import check_embedded
from services.backup.taking import Row, Taking, said_in
from services.broker import LocalBroker
from services.commands.store_sqlite import Recorder
from services.errors import BadInput, Rejected, Unavailable
from services.projections.bulk import read_checked, validators
from services.projections.landing import topic_names
from services.runtime import open_app
from services.settings import Settings

Progress = Callable[[int, int], None]
Say = Callable[[str], None]
_CACHE_KIB = 256 * 1024

_INSERT = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)"
# by the primary key's index alone, which holds the positions too
_OUT_OF_ORDER = """
SELECT originator_id, originator_version, number FROM (
    SELECT originator_id, originator_version, row_number() OVER stream AS number,
        rowid < lag(rowid) OVER stream AS before
    FROM stored_events WINDOW stream AS (PARTITION BY originator_id ORDER BY originator_version))
WHERE number != originator_version OR before LIMIT 1"""


@dataclass(slots=True)
class Refilled:
    """What came back: events, names and notes; copies of events, and records that are no events, are not among them."""

    events: int = 0
    names: int = 0
    copies: int = 0
    others: int = 0


def refill(settings: Settings, say: Say, progress: Progress) -> Refilled:
    """Fills the workspace's empty event store from its topics, as a whole or not at all.

    Raises Rejected if there are events already, BadInput, which names the event, if something is missing or stands
    there in two forms, Unavailable if Kafka or the disk fails or a relay is at work.
    """
    check_embedded(settings)
    with _kafka(settings, say) as bootstrap, open_app(settings) as app:
        if app.store.is_led():
            raise Unavailable("A relay is at work for this workspace; stop it or 'pmo up', then try again.")
        ends = bus.end_offsets(bootstrap, topic_names(settings.topic_prefix))
        try:
            with cast(Recorder, app.store).datastore.transaction(commit=True) as cursor:
                return _filled(cursor, settings, bootstrap, ends, progress)
        except PersistenceError as error:
            raise Unavailable(f"The event store could not be filled ({error}); nothing was written.") from error


@contextmanager
def _kafka(settings: Settings, say: Say) -> Iterator[str]:
    """Where Kafka answers: as set, else the workspace's own broker, which is started for as long as it is needed."""
    folder = settings.home / "kafka"
    if settings.kafka:
        yield settings.kafka
    elif folder.is_dir():
        with LocalBroker(folder) as broker:
            yield broker.start(lambda text: say(f"{text} ..."))
    else:
        raise Unavailable("There is no Kafka to restore from: set PMO_KAFKA to host:port.")


def _filled(
    cursor: SQLiteCursor, settings: Settings, bootstrap: str, ends: dict[tuple[str, int], int], progress: Progress
) -> Refilled:
    # the first statement takes the lock of the writer, so that nobody records anything meanwhile
    cursor.execute("DELETE FROM relayed")
    cursor.execute("SELECT 1 FROM stored_events UNION ALL SELECT 1 FROM directory LIMIT 1")
    if cursor.fetchall():
        raise Rejected(
            f"{settings.store_path} holds events or names already, and only an empty store is filled from Kafka: move "
            "the file away, or set PMO_HOME to another folder with this workspace's workspace.json."
        )
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    total, done, names = sum(ends.values()), 0, topic_names(settings.topic_prefix)
    taking = Taking(settings.source, settings.topic_prefix, total)
    with validators(total) as checking:
        for records, said in read_checked(bootstrap, names, {}, ends, checking, said_in):
            _insert(cursor, taking.rows(records, said.result()))
            done += len(records)
            progress(done, total)
    _check_whole(cursor, settings, bootstrap, taking)
    cursor.executemany(
        "INSERT INTO directory (seq, subject, field, value, salt) VALUES (?, ?, ?, ?, '')",
        [(seq, *key, value) for key, (_, seq, value) in taking.names.items()],
    )
    # all of this is on the topics: the relay goes on behind it
    sent = orjson.dumps({f"{topic}/{partition}": end for (topic, partition), end in ends.items() if end}).decode()
    cursor.execute("INSERT INTO relayed VALUES (?, ?)", (taking.last, sent))
    seq = max((seq for _, seq, _ in taking.names.values()), default=0)
    cursor.execute("INSERT OR REPLACE INTO relayed_directory VALUES (1, ?)", (seq,))
    return Refilled(taking.last, len(taking.names), taking.copies, taking.others)


def _insert(cursor: SQLiteCursor, rows: Sequence[Row]) -> None:
    try:
        cursor.executemany(_INSERT, rows)
    except Exception:
        _name_double(cursor, rows)
        raise


def _name_double(cursor: SQLiteCursor, rows: Sequence[Row]) -> None:
    """Raises BadInput if the statement failed because an event stands at two positions."""
    places: dict[tuple[Any, ...], int] = {}
    for position, stream, version, *_ in rows:
        query = "SELECT rowid FROM stored_events WHERE originator_id = ? AND originator_version = ? AND rowid != ?"
        cursor.execute(query, (stream, version, position))
        found = [row[0] for row in cursor.fetchall()]
        other = places.setdefault((stream, version), position)
        if found or other != position:
            raise BadInput(
                f"{stream}/{version} stands on the topics at two positions, {position} and {(found or [other])[0]}: "
                "one of them was forged, and nothing was restored."
            )


def _check_whole(cursor: SQLiteCursor, settings: Settings, bootstrap: str, taking: Taking) -> None:
    where = f"the topics {settings.topic_prefix}.* at {bootstrap}"
    if not taking.last:
        raise Unavailable(f"There are no events on {where}; correct PMO_KAFKA or PMO_TOPIC_PREFIX.")
    if missing := taking.missing():
        raise BadInput(f"The event at position {missing} is missing on {where}, so nothing was restored.")
    cursor.execute(_OUT_OF_ORDER)
    for stream, version, number in cursor.fetchall():
        how = f"where version {number} should" if number != version else f"before version {version - 1}"
        raise BadInput(f"{stream}/{version} stands on {where} {how}, so nothing was restored.")
