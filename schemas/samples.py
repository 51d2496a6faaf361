"""Frozen samples: the exact bytes of one record of every event version, which must load for ever.

``python -m schemas.samples`` adds those that are missing and never writes over one.
"""

import datetime as dt
import re
import types
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.catalogue import EVENTS
from schemas.event import Event, Record
from schemas.voiding import Voided

FOLDER = Path(__file__).parent / "samples"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]{4,}\.[0-9]{2}")
_PERSON = "ABCDEFGHIJ2345672345"
_STREAMS = {
    "access": f"access:{_PERSON}",
    "audit": "audit:2026-06-30-0001",
    "demand": "demand:ALPHA",
    "finding": "finding:STATUS-EVERY-14-DAYS/PROJECT.ALPHA/PROJECT.ALPHA.3",
    "path": "path:PROJECT-MANAGER",
    "rate": "rate:GBP",
    "setting": "setting:SCORING.DEFAULT",
    "work": "work:ALPHA/PROJ-7",
    "adoption": "adoption:ISO-21502/OPS",
    "import": "import:2026-06-30-PORTFOLIO",
    "person": f"person:{_PERSON}",
    "survey": "survey:ALPHA/2026-Q2",
    "timesheet": f"timesheet:{_PERSON}/2026-W27",
    "training": f"training:{_PERSON}/SAFETY",
    "workload": f"workload:{_PERSON}",
}


def sample(event_class: type[Event]) -> Record:
    """The record from whose bytes a missing sample is made: every attribute given, no field null."""
    stream = _STREAMS.get(event_class.kind, f"{event_class.kind}:ALPHA")
    return Record(
        stream=stream,
        version=3,
        event=event_class(**_fields(event_class)),
        occurred_at=dt.datetime(2026, 6, 29, 22, tzinfo=dt.UTC),
        recorded_at=dt.datetime(2026, 7, 2, 7, 15, 30, 250_000, tzinfo=dt.UTC),
        source="/pmo/sample",
        actor=f"person:{_PERSON}",
        command_id="4d1c9a52f0b34e0b8a3c5a4f7e6d2b10",
        correlation_id="import:2026-06-30-PORTFOLIO",
        precision="day",
        actor_auth="authenticated",
        reported_at=dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC),
        causation_id=f"{stream}/2",
        supersedes=2 if issubclass(event_class, Voided) else 1,
    )


def write_missing(folder: Path = FOLDER, events: Iterable[type[Event]] = EVENTS) -> list[str]:
    """Adds the missing samples and gives their names."""
    folder.mkdir(exist_ok=True)
    written = []
    for event_class in events:
        file = folder / f"{event_class.type_name}.json"
        if not file.exists():
            file.write_bytes(sample(event_class).to_bytes())
            written.append(file.name)
    return written


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    fields = enumerate(model.model_fields.items())
    return {name: _different(_field(field), position) for position, (name, field) in fields}


def _field(field: FieldInfo) -> Any:
    return field.examples[0] if field.examples else _value(field.annotation)


def _different(value: Any, position: int) -> Any:
    # no two days, people or amounts of one event are alike, so that a reader that mixes up two fields is noticed
    if value == _PERSON:
        return _PERSON[:-1] + chr(ord("A") + position)
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value) + dt.timedelta(days=position)
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value) + 1000 * position
    return value


def _value(annotation: Any) -> Any:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        said = [m.examples[0] for m in args[1:] if isinstance(m, FieldInfo) and m.examples]
        return said[-1] if said else _value(args[0])
    if origin in (Union, types.UnionType):
        return _value(args[0])
    if origin is Literal:
        return args[0]
    if origin is tuple:
        return (_value(args[0]),)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation(**_fields(annotation))
    plain = {bool: True, int: 1, Decimal: Decimal(1), dt.date: dt.date(2026, 6, 30)}
    if annotation not in plain:
        raise TypeError(f"no sample value for {annotation}; give its Field an example")
    return plain[annotation]


if __name__ == "__main__":
    for name in write_missing():
        print(f"written: samples/{name}")
