"""Every event that may stand in the log: the registry, by type name, and the way from bytes to a record."""

import re
from functools import cache
from typing import Any

from pydantic import ValidationError

from schemas import (
    assurance,
    delivery,
    exposure,
    governance,
    organisation,
    progress,
    project,
    standard,
    survey,
    training,
    value,
    work,
    workload,
)
from schemas.event import (
    MAX_BYTES,
    Envelope,
    Event,
    InvalidRecord,
    Record,
    UnknownType,
    base_name,
    reason_of,
    version_of,
)
from schemas.voiding import Voided

EVENTS: tuple[type[Event], ...] = (
    *organisation.EVENTS,
    *project.EVENTS,
    *progress.EVENTS,
    *delivery.EVENTS,
    *exposure.EVENTS,
    *value.EVENTS,
    *work.EVENTS,
    *workload.EVENTS,
    *standard.EVENTS,
    *training.EVENTS,
    *survey.EVENTS,
    *governance.EVENTS,
    *assurance.EVENTS,
)

BY_TYPE: dict[str, type[Event]] = {event.type_name: event for event in EVENTS}
NEWEST: dict[str, type[Event]] = {}
"""The newest version of each type, by its name without the version: what commands write and folds read."""
for _event in sorted(EVENTS, key=lambda event: version_of(event.type_name)):
    NEWEST[base_name(_event.type_name)] = _event
KINDS: tuple[str, ...] = tuple(dict.fromkeys(event.kind for event in EVENTS))
VOIDED: dict[str, type[Voided]] = {event.kind: event for event in EVENTS if issubclass(event, Voided)}

if len(BY_TYPE) != len(EVENTS) or set(VOIDED) != set(KINDS):
    raise AssertionError("two events share a type name, or a kind has no voided event")


_TYPE = re.compile(rb'"type": ?"(pmo\.[a-z0-9.-]{1,100})"')


@cache
def envelope_of(event_class: type[Event]) -> type[Envelope[Event]]:
    """The whole document's model of one event type: what its published JSON Schema says."""
    return Envelope[event_class]  # type: ignore[valid-type]


def validated(value: bytes) -> Envelope[Any]:
    """The envelope of `value` with its event as `data`, checked against its published schema.

    Raises InvalidRecord for a wrong envelope or data invalid under a known schema, UnknownType for a valid envelope
    of a type that is not in the catalogue.
    """
    if len(value) > MAX_BYTES:
        raise InvalidRecord(f"{len(value)} bytes; at most {MAX_BYTES} are allowed")
    event_class = _event_class(value)
    if event_class is None:
        unknown = _envelope(Envelope[dict[str, Any]], value)
        if unknown.type in BY_TYPE:
            raise InvalidRecord("the type is hidden behind another one in the document")
        raise UnknownType(unknown.type)
    envelope = _envelope(envelope_of(event_class), value)
    if envelope.type != event_class.type_name:
        raise InvalidRecord("the document names two types")
    return envelope


def current(event: Event) -> Event:
    """The same fact in the newest version of its type; itself if it is that."""
    while (following := event.upcast()) is not event:
        event = following
    return event


def parse(value: bytes) -> Record:
    """The record whose bytes these are, its event in the newest version; raises what `validated` raises."""
    envelope = validated(value)
    event = current(envelope.data)
    return Record(
        stream=envelope.subject,
        version=envelope.version,
        event=event,
        older=None if event is envelope.data else envelope.data,
        occurred_at=envelope.time,
        recorded_at=envelope.recordedtime,
        source=envelope.source,
        actor=envelope.actor,
        command_id=envelope.commandid,
        correlation_id=envelope.correlationid,
        precision=envelope.precision,
        actor_auth=envelope.actorauth,
        reported_at=envelope.reportedtime,
        causation_id=envelope.causationid,
        supersedes=envelope.supersedes,
        received=value,
    )


def _event_class(value: bytes) -> type[Event] | None:
    # looking for the type in the bytes lets one pass of the parser read envelope and data together
    found = _TYPE.search(value)
    return BY_TYPE.get(found[1].decode()) if found else None


def _envelope(model: type[Envelope[Any]], value: bytes) -> Envelope[Any]:
    try:
        return model.model_validate_json(value, strict=True)
    except ValidationError as error:
        raise InvalidRecord(reason_of(error)) from None
