"""What differs between two shapes of one event version, in words: for whoever is about to change a released one."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

Schema = dict[str, Any]

_BOUNDS = {
    "minimum": "least value",
    "maximum": "greatest value",
    "minLength": "least length",
    "maxLength": "greatest length",
    "minItems": "least number of entries",
    "maxItems": "greatest number of entries",
    "pattern": "pattern",
    "format": "format",
}


class Change(NamedTuple):
    """One difference: the field of `data` that it is in, "" for the envelope, and what it is."""

    field: str
    what: str


def changes(old: Schema, new: Schema) -> Iterator[Change]:
    """Every difference between two structures of whole documents, those of the event's own fields first."""
    old_data, new_data = _data(old), _data(new)
    fields = {**old_data.get("properties", {}), **new_data.get("properties", {})}
    for name in fields:
        for what in _changed(old_data, new_data, name, name):
            yield Change(name, what)
    for place, one, other in _leaves(_without_data(old), _without_data(new), ""):
        yield Change("", f"{place} of its envelope was {_said(one)} and is now {_said(other)}")


def _data(document: Schema) -> Schema:
    return document.get("properties", {}).get("data", {})  # type: ignore[no-any-return]


def _without_data(document: Schema) -> Schema:
    properties = {name: value for name, value in document.get("properties", {}).items() if name != "data"}
    return {**document, "properties": properties}


def _changed(old: Schema, new: Schema, name: str, place: str) -> Iterator[str]:
    """How a property of two objects differs."""
    before, after = old.get("properties", {}).get(name), new.get("properties", {}).get(name)
    if after is None:
        yield f"its field {place} is gone"
    elif before is None:
        must = "required " if name in new.get("required", ()) else ""
        yield f"it has a new {must}field {place}, which what is recorded does not have"
    else:
        yield from _differs(before, after, place)
        if (name in old.get("required", ())) != (name in new.get("required", ())):
            yield f"its field {place} {'must' if name in new.get('required', ()) else 'need not'} be there now"


def _differs(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if old == new:
        return
    (was_null, old), (is_null, new) = _nullable(old), _nullable(new)
    if was_null != is_null:
        yield f"its field {place} can {'be null now' if is_null else 'no longer be null'}"
    if _kind(old) != _kind(new):
        yield f"its field {place} was of type {_kind(old)} and is now of type {_kind(new)}"
        return
    values, now = _values(old), _values(new)
    for gone in [value for value in values if value not in now]:
        yield f"its field {place} no longer takes {_said(gone)}"
    for more in [value for value in now if value not in values]:
        yield f"its field {place} also takes {_said(more)}, which no reader of this version knows"
    for key, called in _BOUNDS.items():
        if old.get(key) != new.get(key):
            yield f"the {called} of its field {place} was {_said(old.get(key))} and is now {_said(new.get(key))}"
    for name in {**old.get("properties", {}), **new.get("properties", {})}:
        yield from _changed(old, new, name, f"{place}.{name}")
    for key in ("items", "additionalProperties", "patternProperties", "anyOf"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict) and key == "items":
            yield from _differs(old[key], new[key], f"{place}[]")
        elif old.get(key) != new.get(key):
            yield f"its field {place} holds {_said(new.get(key))} and no longer {_said(old.get(key))}"


def _nullable(schema: Schema) -> tuple[bool, Schema]:
    """Whether null is allowed, and what else is."""
    choices = schema.get("anyOf", [])
    rest = [each for each in choices if each != {"type": "null"}]
    if len(rest) == 1 and len(choices) == 2:
        return True, {**{key: value for key, value in schema.items() if key != "anyOf"}, **rest[0]}
    return False, schema


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "several" if "anyOf" in schema else "string" if _values(schema) else "any"))


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", []))


def _leaves(old: Any, new: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _leaves(old.get(key), new.get(key), f"{place}.{key}" if place else key)
    elif old != new:
        yield place, old, new


def _said(value: Any) -> str:
    return "not limited" if value is None else json.dumps(value)
