"""The field types that events share, each with its meaning, unit and an example for the frozen samples."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.streams import KEY_PATTERN, KIND_PATTERN
from schemas.wire import Exact, OnlyAs

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2299, 12, 31)

Day = Annotated[
    dt.date,
    Field(ge=FIRST_DAY, le=LAST_DAY),
    OnlyAs(r"^(19|2[0-2])[0-9]{2}-[0-9]{2}-[0-9]{2}$", "date", dt.date.fromisoformat),
    Field(examples=["2026-06-30"]),
]
"""A calendar day in the organisation's time zone, 1900 to 2299."""

Key = Annotated[str, Field(pattern=rf"^{KEY_PATTERN}$", examples=["ALPHA"])]
"""The key of another stream of a kind that the field's name tells: a unit's code, a project's code."""

Item = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$", examples=["G1"])]
"""Which part of the stream the event is about; the fold's key is (stream, item)."""

PERSON_PATTERN = "[A-Z2-7]{20}"
PersonId = Annotated[str, Field(pattern=rf"^{PERSON_PATTERN}$", examples=["ABCDEFGHIJ2345672345"])]
"""A pseudonym: 100 bits of the HMAC of the source's key under the workspace's secret, in base 32."""

Text = Annotated[str, Field(min_length=1, max_length=500, examples=["Harbour crane renewal"])]
"""A business name, never a person's name, a narrative or a reason: those are notes."""

Money = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=4),
    Exact(r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$"),
    Field(examples=["125000.00"]),
]
"""An amount in the event's currency."""

Cost = Annotated[
    Decimal,
    Field(ge=0, max_digits=18, decimal_places=4),
    Exact(r"^[0-9]{1,14}(\.[0-9]{1,4})?$"),
    Field(examples=["125000.00"]),
]
"""An amount that is never negative, in the event's currency."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
"""ISO 4217."""

Share = Annotated[
    Decimal,
    Field(ge=0, le=1, max_digits=9, decimal_places=8),
    Exact(r"^(0(\.[0-9]{1,8})?|1(\.0{1,8})?)$"),
    Field(examples=["0.40"]),
]
"""A fraction 0..1."""

Hours = Annotated[
    Decimal,
    Field(ge=0, le=168, max_digits=7, decimal_places=4),
    Exact(r"^([0-9]{1,2}|1[0-5][0-9]|16[0-7])(\.[0-9]{1,4})?$|^168(\.0{1,4})?$"),
    Field(examples=["37.50"]),
]
"""Hours, in the period that the field's name tells."""

DayHours = Annotated[
    Decimal,
    Field(ge=0, le=24, max_digits=6, decimal_places=4),
    Exact(r"^(1?[0-9]|2[0-3])(\.[0-9]{1,4})?$|^24(\.0{1,4})?$"),
    Field(examples=["7.50"]),
]
"""Hours on one day."""

Effort = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000, max_digits=11, decimal_places=4),
    Exact(r"^([0-9]{1,6}(\.[0-9]{1,4})?|1000000(\.0{1,4})?)$"),
    Field(examples=["120.50"]),
]
"""Hours of work, of any number of people over any time."""

Points = Annotated[
    Decimal,
    Field(ge=0, le=100, max_digits=7, decimal_places=4),
    Exact(r"^([0-9]{1,2}(\.[0-9]{1,4})?|100(\.0{1,4})?)$"),
    Field(examples=["72.50"]),
]
"""A score from 0 to 100."""

Rate = Annotated[
    Decimal,
    Field(gt=0, lt=10_000_000_000, max_digits=18, decimal_places=8),
    Exact(r"^[0-9]{1,10}(\.[0-9]{1,8})?$"),
    Field(examples=["1.08500000"]),
]
"""How many units of one currency a unit of another is worth."""

Level = Annotated[int, Field(ge=1, le=5, examples=[3])]
"""A level from 1, the lowest, to 5."""

CareerLevel = Annotated[int, Field(ge=1, le=20, examples=[3])]
"""A career level from 1, the lowest, to 20."""

EventId = Annotated[
    str,
    Field(
        pattern=rf"^{KIND_PATTERN}:{KEY_PATTERN}(?:/{KEY_PATTERN}){{0,3}}/[1-9][0-9]{{0,6}}$",
        examples=["project:ALPHA/3"],
    ),
]
"""An event, as stream/version."""

Instant = Annotated[
    str,
    Field(pattern=r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"),
    Field(examples=["2026-07-01T12:00:00.000Z"]),
]
"""A moment as the envelope writes it: UTC, to the millisecond."""

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples=["GB"])]
"""ISO 3166-1 alpha-2, or a subdivision of ISO 3166-2."""

_ZONE_PART = "[A-Za-z0-9_+-]{1,30}"
TimeZone = Annotated[str, Field(pattern=rf"^{_ZONE_PART}(/{_ZONE_PART}){{0,2}}$", examples=["Europe/London"])]
"""A name of the IANA time zone database."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["ab" * 32])]
"""SHA-256, lower-case hexadecimal."""

Rag = Literal["green", "amber-green", "amber", "amber-red", "red"]
"""Delivery confidence; scales of three leave out the mixed ones."""

Contribution = Annotated[int, Field(ge=0, le=5, examples=[3])]
"""How far a project serves a goal: 0 not at all, 5 fully."""


class Note(BaseModel):
    """Free text that stays outside the log: the directory's key to it, and a salted digest that proves it unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["0" * 32])]
    digest: Digest


class Evidence(BaseModel):
    """A document that shows what happened: where it is, and what it was when it was cited."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    uri: Annotated[
        str, Field(pattern=rf"^{KIND_PATTERN}[a-z0-9+.-]*:\S{{1,2000}}$", examples=["https://docs.example/gate-1"])
    ]
    digest: Digest | None = Field(description="SHA-256 of the file; null where it could not be read")
