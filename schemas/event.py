"""The base of every event, and the envelope that it travels in: one CloudEvents 1.0 JSON document.

The bytes are written once, when the event is recorded, and are the same in the store, on Kafka and in ClickHouse.
Two times stand in them: `time` (when it was true in the business) and `recordedtime` (when we learned it).
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.fields import PERSON_PATTERN
from schemas.streams import KIND_PATTERN, STREAM_PATTERN, keys_of, kind_of
from schemas.wire import NeverNull, OnlyAs

TYPE_PATTERN = rf"^pmo\.({KIND_PATTERN})\.({KIND_PATTERN})\.v([1-9][0-9]*)$"
MAX_BYTES = 256 * 1024
VERSION_BITS = 20
VOIDED = "voided"
MAX_VERSION = (1 << VERSION_BITS) - 1
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Before it the order key fits 64 bits."""

PERSONAL_KINDS = frozenset({"person", "workload", "timesheet", "training", "access"})
"""Kinds whose streams are named by a person first: only a pseudonym may stand there."""

_PSEUDONYM = re.compile(PERSON_PATTERN)

Precision = Literal["instant", "day"]
ActorAuth = Literal["claimed", "authenticated"]


class Event(BaseModel):
    """What happened: the `data` of the envelope. A subclass names its type and is frozen once released.

    An event sets all fields of its type; null means cleared. `type_name` is ``pmo.<kind>.<past-tense>.v<n>``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type_name: ClassVar[str]
    kind: ClassVar[str]

    def __init_subclass__(cls, type: str = "", **kwargs: Any) -> None:
        """Takes ``class Proposed(Event, type="pmo.project.proposed.v1")``."""
        super().__init_subclass__(**kwargs)
        if type:
            cls.type_name = type
            cls.kind = type.split(".")[1]

    @property
    def part(self) -> str:
        """The part of the stream that this is about, "" for the whole: the fold's key is (stream, part)."""
        # a default for getattr would be found by a failing lookup, which pydantic makes slow
        part: str = self.__dict__.get("item", "")
        return part

    def upcast(self) -> "Event":
        """The same fact in the next version of its type; itself where this is the newest.

        An older version says here what its fields are in the next one: pure, never failing, no clock, nothing looked
        up. Notes and people stay as they are, so that an erasure finds them.
        """
        return self


@cache
def base_name(type_name: str) -> str:
    """The type without its version: ``pmo.project.proposed``; all versions of it fold alike."""
    return type_name.rpartition(".")[0]


@cache
def version_of(type_name: str) -> int:
    """The version of the type: 1 of ``pmo.project.proposed.v1``."""
    return int(type_name.rpartition(".v")[2])


def in_milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC, cut to the millisecond, which is what the contract can hold. Raises ValueError if naive."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    finer = utc.microsecond % 1000
    return utc.replace(microsecond=utc.microsecond - finer) if finer else utc


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z, negative before."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def order_key(occurred_at: datetime, version: int) -> int:
    """The one integer by which both folds order a stream: milliseconds << 20 | version."""
    return (milliseconds(occurred_at) << VERSION_BITS) | version


@lru_cache(maxsize=4096)
def rfc3339(moment: datetime) -> str:
    """The one way in which a time is written: ``2026-06-30T22:00:00.000Z``."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    parts = (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond // 1000)
    return _RFC3339 % parts


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# written in less than half the time that isoformat takes, and two times stand in every record
_RFC3339 = "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"
ID_PATTERN = r"^[A-Za-z0-9._:/@+=-]{1,200}$"
ACTOR_PATTERN = rf"^(person:{PERSON_PATTERN}|system:[a-z0-9][a-z0-9._-]{{0,63}})$"
SCHEMA_PREFIX = "urn:pmo:schema:"
_TIME_PATTERN = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
Time = Annotated[datetime, OnlyAs(_TIME_PATTERN, "date-time", datetime.fromisoformat)]
EVENT_ID_PATTERN = STREAM_PATTERN.removesuffix("$") + "/[1-9][0-9]{0,6}$"
Id = Annotated[str, Field(pattern=ID_PATTERN)]
Version = Annotated[int, Field(ge=1, le=MAX_VERSION)]
Data = TypeVar("Data")


class Envelope(BaseModel, Generic[Data]):
    """The CloudEvents attributes of a record, by their names on the wire, around its `data`.

    What is not given is absent, never null; here it is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    specversion: Literal["1.0"]
    id: Annotated[str, Field(pattern=EVENT_ID_PATTERN, description="stream/version")]
    source: Annotated[str, Field(pattern=r"^/pmo/[a-z0-9-]{1,64}$", description="The workspace that recorded it")]
    type: Annotated[str, Field(pattern=TYPE_PATTERN)]
    subject: Annotated[str, Field(pattern=STREAM_PATTERN, description="The stream")]
    time: Annotated[Time, Field(description="occurred_at: when it was true in the business")]
    datacontenttype: Literal["application/json"]
    dataschema: Annotated[str, Field(max_length=300, description="The $id of the JSON Schema that it satisfies")]
    recordedtime: Annotated[Time, Field(description="When we learned it; never earlier than the stream's last")]
    reportedtime: Annotated[Time | None, NeverNull(), Field(description="When the source says it was reported")] = None
    actor: Annotated[str, Field(pattern=ACTOR_PATTERN, description="Who recorded it, by pseudonym; or what did")]
    actorauth: Annotated[ActorAuth, Field(description="Whether the actor was authenticated or only claimed")]
    commandid: Annotated[Id, Field(description="A second try with the same id in the same stream records nothing")]
    correlationid: Annotated[Id, Field(description="What this belongs to: a run, an import, a request")]
    causationid: Annotated[Id | None, NeverNull(), Field(description="The id of the event that led to this one")] = None
    supersedes: Annotated[Version | None, NeverNull(), Field(description="The version that this replaces")] = None
    precision: Precision
    data: Data

    @property
    def version(self) -> int:
        """The number behind the stream in `id`."""
        return int(self.id[len(self.subject) + 1 :])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        stream, _, version = self.id.rpartition("/")
        if stream != self.subject:
            raise ValueError("id is not subject/version")
        if int(version) > MAX_VERSION:
            raise ValueError(f"a stream has at most {MAX_VERSION} versions")
        if self.supersedes is not None and self.supersedes >= int(version):
            raise ValueError("supersedes must name an earlier version")
        if self.supersedes is None and self.type.split(".", 3)[2] == VOIDED:
            raise ValueError("a voided event names in supersedes what it withdraws")
        if self.type.split(".", 2)[1] != kind_of(stream):
            raise ValueError("the type is of another kind than the stream")
        if kind_of(stream) in PERSONAL_KINDS and not _PSEUDONYM.fullmatch(keys_of(stream)[0]):
            raise ValueError("the stream of a person is named by a pseudonym")
        if self.dataschema != schema_name(self.type):
            raise ValueError("dataschema does not belong to the type")
        return self


def schema_name(type_name: str) -> str:
    """The `dataschema` of a type: the `$id` of its published schema, ``schemas/json/<type>.json``."""
    return SCHEMA_PREFIX + type_name


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it stands in the log. `originator_*` are the eventsourcing library's names for stream and version.

    `event` is in the newest version of its type; `older` is the event as it was recorded, where that was another one.
    """

    stream: str
    version: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime
    source: str
    actor: str
    command_id: str
    correlation_id: str
    precision: Precision = "instant"
    actor_auth: ActorAuth = "claimed"
    reported_at: datetime | None = None
    causation_id: str | None = None
    supersedes: int | None = None
    older: Event | None = None
    received: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def originator_id(self) -> str:
        """The stream."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version."""
        return self.version

    @property
    def as_recorded(self) -> Event:
        """The event in the version in which it was recorded, which is what the bytes hold."""
        return self.older or self.event

    @property
    def type_name(self) -> str:
        """The type under which it was recorded."""
        return self.as_recorded.type_name

    @property
    def k(self) -> int:
        """The order of meaning within the stream."""
        return order_key(self.occurred_at, self.version)

    @property
    def event_id(self) -> str:
        """Names this record for evidence, causation and people: ``project:ALPHA/3``."""
        return f"{self.stream}/{self.version}"

    def to_bytes(self) -> bytes:
        """The record's bytes: those received, else written now. Raises RecordTooLarge over 256 KiB."""
        if self.received is not None:
            return self.received
        event = self.older or self.event
        type_name = event.type_name
        # every value between the quotes is held to a pattern that needs no escaping; only `data` can hold other text
        reported = "" if self.reported_at is None else f'"reportedtime":"{rfc3339(self.reported_at)}",'
        causation = "" if self.causation_id is None else f'"causationid":"{self.causation_id}",'
        supersedes = "" if self.supersedes is None else f'"supersedes":{self.supersedes},'
        head = (
            f'{{"specversion":"1.0","id":"{self.stream}/{self.version}","source":"{self.source}","type":"{type_name}",'
            f'"subject":"{self.stream}","time":"{rfc3339(self.occurred_at)}","datacontenttype":"application/json",'
            f'"dataschema":"{schema_name(type_name)}","recordedtime":"{rfc3339(self.recorded_at)}",{reported}'
            f'"actor":"{self.actor}","actorauth":"{self.actor_auth}","commandid":"{self.command_id}",'
            f'"correlationid":"{self.correlation_id}",{causation}{supersedes}"precision":"{self.precision}","data":'
        )
        value = head.encode("ascii") + event.__pydantic_serializer__.to_json(event) + b"}"
        if len(value) > MAX_BYTES:
            raise RecordTooLarge(f"The event {self.event_id} has {len(value)} bytes; at most {MAX_BYTES} are allowed")
        return value


class RecordTooLarge(ValueError):
    """A record that does not fit into 256 KiB."""


class InvalidRecord(ValueError):
    """Bytes that are no record of ours: no JSON, a wrong envelope, or data invalid under a known schema."""


class UnknownType(ValueError):
    """A valid envelope of a type that this program does not know: it lands raw and waits for a rebuild."""


def reason_of(error: ValidationError) -> str:
    """The first problem of a validation in one phrase, without the value (it may be a secret or a name)."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
