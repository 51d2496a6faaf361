"""The field types that events share, each with its meaning, unit and an example for the frozen samples."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from schemas.streams import KEY_PATTERN, KIND_PATTERN

_Exact = WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?$"})

Day = Annotated[dt.date, Field(examples=["2026-06-30"])]
"""A calendar day in the organisation's time zone."""

Key = Annotated[str, Field(pattern=rf"^{KEY_PATTERN}$", examples=["ALPHA"])]
"""The key of another stream of a kind that the field's name tells: a unit's code, a project's code."""

Item = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$", examples=["G1"])]
"""Which part of the stream the event is about; the fold's key is (stream, item)."""

PersonId = Annotated[str, Field(pattern=r"^[A-Z2-7]{20}$", examples=["ABCDEFGHIJ2345672345"])]
"""A pseudonym: 100 bits of the HMAC of the source's key under the workspace's secret, in base 32."""

Text = Annotated[str, Field(min_length=1, max_length=500, examples=["Harbour crane renewal"])]
"""A business name, never a person's name, a narrative or a reason: those are notes."""

Money = Annotated[Decimal, _Exact, Field(max_digits=18, decimal_places=4, examples=["125000.00"])]
"""An amount in the event's currency; a JSON string."""

Cost = Annotated[Decimal, _Exact, Field(ge=0, max_digits=18, decimal_places=4, examples=["125000.00"])]
"""An amount that is never negative; a JSON string."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
"""ISO 4217."""

Share = Annotated[Decimal, _Exact, Field(ge=0, le=1, max_digits=9, decimal_places=8, examples=["0.40"])]
"""A fraction 0..1; a JSON string."""

Hours = Annotated[Decimal, _Exact, Field(ge=0, le=168, max_digits=7, decimal_places=4, examples=["37.50"])]
"""Hours, in the period that the field's name tells; a JSON string."""

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples=["GB"])]
"""ISO 3166-1 alpha-2, or a subdivision of ISO 3166-2."""

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
