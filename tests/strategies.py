"""Random records and histories for property tests: values that the contract allows, of every event in the catalogue."""

import datetime as dt
import string
import types
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from schemas import fields, work
from schemas.catalogue import EVENTS, KINDS, VOIDED, current
from schemas.event import PERSONAL_KINDS, Event, Record
from schemas.voiding import Voided

_FIRST, _LAST = dt.date(1990, 1, 1), dt.date(2060, 12, 31)
_KEYS = ("ALPHA", "BETA", "GAMMA-7")
_PEOPLE = ("ABCDEFGHIJ2345672345", "QRSTUVWXYZ2345672345", "7" * 20)
_HEX = "0123456789abcdef"
_WRITTEN = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))


def _decimals(low: str | None, high: str | None, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=places)


def _texts(alphabet: str, low: int, high: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=low, max_size=high)


BY_FIELD_TYPE: tuple[tuple[Any, st.SearchStrategy[Any]], ...] = (
    (fields.Day, st.dates(_FIRST, _LAST)),
    (fields.Key, st.sampled_from(_KEYS)),
    (fields.Item, st.sampled_from(("1", "2", "R-3:x", "2026-06-30"))),
    (fields.PersonId, st.sampled_from(_PEOPLE)),
    (fields.Text, st.text(_WRITTEN, min_size=1, max_size=30)),
    (fields.Money, _decimals("-99999999999999", "99999999999999", 4) | _decimals("-1000", "1000", 2)),
    (fields.Cost, _decimals("0", "99999999999999", 4) | _decimals("0", "1000", 0)),
    (work.Lag, _decimals("-999999", "999999", 4)),
    (fields.Share, _decimals("0", "1", 8) | _decimals("0", "1", 2)),
    (fields.Hours, _decimals("0", "168", 4) | _decimals("0", "40", 0)),
    (fields.DayHours, _decimals("0", "24", 2)),
    (fields.Effort, _decimals("0", "1000000", 4) | _decimals("0", "40", 0)),
    (fields.Points, _decimals("0", "100", 4)),
    (fields.Rate, _decimals("0.00000001", "9999999999", 8)),
    (fields.Instant, st.just("2026-07-01T12:00:00.000Z")),
    (fields.EventId, st.sampled_from(("project:ALPHA/3", "adoption:ISO-21502/OPS/12"))),
    (fields.Level, st.integers(1, 5)),
    (fields.CareerLevel, st.integers(1, 20)),
    (fields.Currency, st.sampled_from(("EUR", "GBP", "JPY"))),
    (fields.Country, st.sampled_from(("GB", "DE-BY", "US-CA"))),
    (fields.TimeZone, st.sampled_from(("UTC", "Europe/London", "America/Argentina/Buenos_Aires"))),
    (fields.Digest, _texts(_HEX, 64, 64)),
    (
        fields.Evidence.__annotations__["uri"],
        st.sampled_from(("https://docs.example/1?a=b#c", "file:///tmp/a%20b.pdf")),
    ),
)
"""A strategy for each shared field type; what is not here is made from its Python type and constraints."""


@cache
def _by_field_type() -> dict[str, st.SearchStrategy[Any]]:
    return {repr(annotation): strategy for annotation, strategy in BY_FIELD_TYPE}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a field's annotated type."""
    if (known := _by_field_type().get(repr(annotation))) is not None:
        return known
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated and args[0] is Decimal:
        # a shared type with a description of its own
        return values(Annotated[args[:-1]])
    if origin is Annotated:
        return _constrained(args[0], args[1:])
    if origin in (Union, types.UnionType):
        return st.one_of(*(values(arg) for arg in args))
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values(args[0]), values(args[1]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        types.NoneType: st.none(),
        int: st.integers(0, 1000),
    }
    return plain[annotation]


def _constrained(annotation: Any, metadata: Sequence[Any]) -> st.SearchStrategy[Any]:
    limits: dict[str, Any] = {}
    for one in metadata:
        for constraint in getattr(one, "metadata", [one]):
            for name in ("ge", "le", "min_length", "max_length", "pattern"):
                if getattr(constraint, name, None) is not None:
                    limits[name] = getattr(constraint, name)
    if annotation is int:
        return st.integers(limits.get("ge", 0), limits.get("le", 1000))
    if annotation is str and "pattern" in limits:
        return st.from_regex(limits["pattern"].removeprefix("^").removesuffix("$"), fullmatch=True, alphabet=_ASCII)
    if annotation is str:
        return st.text(_WRITTEN, min_size=limits.get("min_length", 0), max_size=min(limits.get("max_length", 30), 30))
    inner = values(annotation)
    least = limits.get("min_length", 0)
    return inner.filter(lambda value: len(value) >= least) if least else inner


_ASCII = st.characters(codec="ascii", exclude_categories=("Cc",))


@cache
def models(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Instances of an event or of a part of one."""
    return st.builds(model, **{name: values(_annotation(model, name)) for name in model.model_fields})


def _annotation(model: type[BaseModel], name: str) -> Any:
    # pydantic takes a field's Annotated apart; the class still has it whole
    return next(
        base.__annotations__[name] for base in model.__mro__ if name in base.__dict__.get("__annotations__", {})
    )


def events(*kinds: str) -> st.SearchStrategy[Event]:
    """Any event of any version, or any of these kinds; never a `voided` one, which needs something to void."""
    chosen = [e for e in EVENTS if not issubclass(e, Voided) and (not kinds or e.kind in kinds)]
    return st.sampled_from(chosen).flatmap(models)


def as_read(event: Event) -> dict[str, Event | None]:
    """What a record holds whose bytes say this event: the newest version, and the older one if it is that."""
    newest = current(event)
    return {"event": newest, "older": None if newest is event else event}


_IDS = _texts(string.ascii_letters + string.digits + "._:/@+=-", 1, 40)
_ACTORS = st.sampled_from((*(f"person:{p}" for p in _PEOPLE), "system:importer"))
_MILLISECOND = dt.timedelta(milliseconds=1)
_EPOCH = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
_SPAN = int((dt.datetime(2060, 1, 1, tzinfo=dt.UTC) - _EPOCH) / _MILLISECOND)
INSTANTS = st.integers(0, _SPAN).map(lambda ms: _EPOCH + ms * _MILLISECOND)


def streams(kind: str) -> st.SearchStrategy[str]:
    """Stream ids of a kind; those of people begin with a pseudonym."""
    keys = st.lists(st.sampled_from((*_KEYS, *_PEOPLE)), min_size=0, max_size=3)
    first = st.sampled_from(_PEOPLE if kind in PERSONAL_KINDS else (*_KEYS, *_PEOPLE))
    return st.tuples(first, keys).map(lambda parts: f"{kind}:{'/'.join((parts[0], *parts[1]))}")


@st.composite
def records(draw: st.DrawFn, *kinds: str) -> Record:
    """One valid record of any event, `voided` ones too, with any attributes."""
    version = draw(st.integers(2, 2**20 - 1))
    kind = draw(st.sampled_from(kinds or KINDS))
    event = draw(events(kind) | models(VOIDED[kind]))
    supersedes = st.integers(1, version - 1)
    return Record(
        stream=draw(streams(kind)),
        version=version,
        **as_read(event),
        occurred_at=draw(INSTANTS),
        recorded_at=draw(INSTANTS),
        source="/pmo/test",
        actor=draw(_ACTORS),
        command_id=draw(_IDS),
        correlation_id=draw(_IDS),
        precision=draw(st.sampled_from(("instant", "day"))),
        actor_auth=draw(st.sampled_from(("claimed", "authenticated"))),
        reported_at=draw(st.none() | INSTANTS),
        causation_id=draw(st.none() | _IDS),
        supersedes=draw(supersedes if isinstance(event, Voided) else st.none() | supersedes),
    )


@st.composite
def histories(
    draw: st.DrawFn,
    *kinds: str,
    max_streams: int = 3,
    max_length: int = 12,
    chosen: st.SearchStrategy[Event] | None = None,
) -> list[Record]:
    """The records of one or many streams, in the order of recording, as commands could have recorded them.

    Versions are contiguous and recorded_at never goes back within a stream; occurred_at is any, often the same day
    twice; some records supersede or void an earlier one that still counts, `voided` ones too. `chosen` gives the
    events instead of `kinds`.
    """
    names = draw(st.lists(st.sampled_from(kinds or KINDS), min_size=1, max_size=max_streams))
    made: dict[str, list[Record]] = {}
    for number, kind in enumerate(names):
        key = f"{draw(st.sampled_from(_KEYS))}.{number}"
        stream = f"{kind}:{draw(st.sampled_from(_PEOPLE))}/{key}" if kind in PERSONAL_KINDS else f"{kind}:{key}"
        made[stream] = draw(_one_history(stream, kind, max_length, chosen))
    everything = [record for history in made.values() for record in history]
    return sorted(everything, key=lambda r: (r.recorded_at, r.stream, r.version))


_DAYS = st.sampled_from([dt.datetime(2026, m, d, tzinfo=dt.UTC) for m in (1, 2, 6) for d in (1, 2)])


@st.composite
def _one_history(
    draw: st.DrawFn, stream: str, kind: str, max_length: int, chosen: st.SearchStrategy[Event] | None
) -> list[Record]:
    history: list[Record] = []
    now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    for version in range(1, draw(st.integers(1, max_length)) + 1):
        now += dt.timedelta(milliseconds=draw(st.sampled_from((0, 1, 1000, 86_400_000))))
        countable = sorted({r.version for r in history} - _superseded(history))
        supersedes = draw(st.none() | st.sampled_from(countable)) if countable else None
        voids = supersedes is not None and draw(st.booleans())
        event = draw(models(VOIDED[kind])) if voids else draw(events(kind) if chosen is None else chosen)
        record = Record(
            stream=stream,
            version=version,
            **as_read(event),
            occurred_at=draw(_DAYS | INSTANTS),
            recorded_at=now,
            source="/pmo/test",
            actor="system:test",
            command_id=f"c{version}",
            correlation_id="test",
            supersedes=supersedes,
        )
        earlier = draw(st.none() | st.just(now - dt.timedelta(days=40)))
        history.append(replace(record, reported_at=earlier))
    return history


def _superseded(history: Sequence[Record]) -> set[int]:
    """Versions that do not count, by the definition written out: no cleverness, so that it can be an oracle."""
    by_target: dict[int, list[Record]] = {}
    for record in history:
        if record.supersedes is not None:
            by_target.setdefault(record.supersedes, []).append(record)

    def is_withdrawn(version: int) -> bool:
        return any(isinstance(r.event, Voided) and not is_dead(r.version) for r in by_target.get(version, ()))

    def is_dead(version: int) -> bool:
        return any(not is_withdrawn(r.version) for r in by_target.get(version, ()))

    return {record.version for record in history if is_dead(record.version)}


superseded_by_definition = _superseded
