"""An event store made again from Kafka alone: what the relay sent, at the positions that it was sent with.

Positions run from 1 without a gap, and so do the versions of each stream: whatever is missing in the middle shows. What
the end lacks shows against a signed checkpoint only.

What never was on Kafka does not come back: what commands said beside their events (a command id that is used again with
other content is taken for a second try), and the salts of notes (their texts come back, but can no longer be held
against the digests in the events).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from eventsourcing.persistence import IntegrityError, PersistenceError

from services import bus
from services.backup.erased import Erased, emptied
from services.backup.filled import empty_store
from services.backup.taking import Taking, said_in
from services.broker import LocalBroker
from services.commands.store_whole import EventRow, Filling
from services.errors import BadInput, Unavailable
from services.projections.bulk import read_checked, validators
from services.projections.landing import topic_names
from services.settings import Settings

Progress = Callable[[int, int], None]
Say = Callable[[str], None]

# on SQLite by the primary key's index alone, which holds the positions too
_OUT_OF_ORDER = """
SELECT originator_id, originator_version, number FROM (
    SELECT originator_id, originator_version, row_number() OVER stream AS number,
        {position} < lag({position}) OVER stream AS before
    FROM stored_events WINDOW stream AS (PARTITION BY originator_id ORDER BY originator_version)) AS numbered
WHERE number != originator_version OR before LIMIT 1"""


@dataclass(slots=True)
class Refilled:
    """What came back: events, names and notes; copies of events, and records that are no events, are not among them."""

    events: int = 0
    names: int = 0
    copies: int = 0
    others: int = 0


def refill(settings: Settings, say: Say, progress: Progress, erased: Path | None = None) -> Refilled:
    """Fills the workspace's empty event store from its topics, as a whole or not at all.

    `erased` is a list of who was erased, of whom nothing is to come back. Raises Rejected if there are events already,
    BadInput, which names the event, if something is missing or stands there in two forms, Unavailable if Kafka or the
    store fails or a relay is at work.
    """
    later = Erased.of(erased) if erased else None
    if erased and later:
        later.check(erased, settings.workspace_id, None)
    gone = later.erased if later else ()
    try:
        with _kafka(settings, say) as bootstrap, empty_store(settings) as filling:
            return _filled(filling, settings, bootstrap, gone, progress)
    except (PersistenceError, sqlite3.Error) as error:
        why = str(error).strip().partition("\n")[0]
        raise Unavailable(
            f"The event store {settings.store_place} could not be filled ({why}); nothing was written."
        ) from error


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


def _filled(filling: Filling, settings: Settings, bootstrap: str, gone: Sequence[str], progress: Progress) -> Refilled:
    names = topic_names(settings.topic_prefix)
    ends = bus.end_offsets(bootstrap, names)
    total, done = sum(ends.values()), 0
    taking = Taking(settings.source, settings.topic_prefix, total)
    with validators(total) as checking:
        for records, said in read_checked(bootstrap, names, {}, ends, checking, said_in):
            _insert(filling, taking.rows(records, said.result()))
            done += len(records)
            progress(done, total)
    _check_whole(filling, settings, bootstrap, taking)
    # all of this is on the topics: the relay goes on behind it
    sent = orjson.dumps({f"{topic}/{partition}": end for (topic, partition), end in ends.items() if end}).decode()
    seq = max((seq for _, seq, _ in taking.names.values()), default=0)
    filling.mark_sent(taking.last, sent, seq)
    rows = {key: (seq, *key, value, "") for key, (_, seq, value) in taking.names.items()}
    said_of = [key for key, (_, _, value) in taking.names.items() if value]
    # behind what was sent, so that the relay sends these erasures
    for number, key in enumerate(emptied(gone, said_of), seq + 1):
        rows[key] = (number, *key, None, "")
    filling.add_names(rows.values())
    return Refilled(taking.last, len(rows), taking.copies, taking.others)


def _insert(filling: Filling, rows: Sequence[EventRow]) -> None:
    try:
        filling.add_events(rows)
    except IntegrityError:
        _name_double(filling, rows)
        raise


def _name_double(filling: Filling, rows: Sequence[EventRow]) -> None:
    """Raises BadInput if the statement failed because an event stands at two positions."""
    places: dict[tuple[Any, ...], int] = {}
    at = filling.position
    query = f"SELECT {at} FROM stored_events WHERE originator_id = ? AND originator_version = ? AND {at} != ?"
    for position, stream, version, *_ in rows:
        found = [row[0] for row in filling.rows(query, stream, version, position)]
        other = places.setdefault((stream, version), position)
        if found or other != position:
            raise BadInput(
                f"{stream}/{version} stands on the topics at two positions, {position} and {(found or [other])[0]}: "
                "one of them was forged, and nothing was restored."
            )


def _check_whole(filling: Filling, settings: Settings, bootstrap: str, taking: Taking) -> None:
    where = f"the topics {settings.topic_prefix}.* at {bootstrap}"
    if not taking.last:
        raise Unavailable(f"There are no events on {where}; correct PMO_KAFKA or PMO_TOPIC_PREFIX.")
    if missing := taking.missing():
        raise BadInput(f"The event at position {missing} is missing on {where}, so nothing was restored.")
    for stream, version, number in filling.rows(_OUT_OF_ORDER.format(position=filling.position)):
        how = f"where version {number} should" if number != version else f"before version {version - 1}"
        raise BadInput(f"{stream}/{version} stands on {where} {how}, so nothing was restored.")
