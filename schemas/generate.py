"""Writes the published form of the contract: a JSON Schema per event version, and AsyncAPI around them.

``python -m schemas.generate`` writes what is missing or only described otherwise; ``--check`` names what differs.
A released shape is frozen: its digest stands in `released.json`, and a changed one is refused, not written.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from schemas.asyncapi import document
from schemas.catalogue import EVENTS, KINDS, envelope_of
from schemas.event import VOIDED, Event, base_name, schema_name
from schemas.streams import KIND_PATTERN

FOLDER = Path(__file__).parent / "json"
RELEASED = "released.json"
ASYNCAPI = "asyncapi.yaml"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_WORDS = ("title", "description", "examples", "$defs")

Schema = dict[str, Any]


class Frozen(Exception):
    """A released shape would change."""


def schema_of(event: type[Event]) -> Schema:
    """The JSON Schema of the whole CloudEvents document of one event version."""
    schema = envelope_of(event).model_json_schema()
    properties: Schema = schema["properties"]
    properties["type"] = {"const": event.type_name, "title": "Type"}
    properties["dataschema"] |= {"const": schema_name(event.type_name)}
    properties["subject"]["pattern"] = properties["subject"]["pattern"].replace(KIND_PATTERN, event.kind)
    properties["id"]["pattern"] = properties["id"]["pattern"].replace(KIND_PATTERN, event.kind)
    if event.type_name.split(".")[2] == VOIDED:
        schema["required"].append("supersedes")
    for attribute in properties.values():
        attribute.pop("default", None)
    _close(schema)
    head = {"$schema": DIALECT, "$id": schema_name(event.type_name), "title": event.type_name}
    return {**head, "description": event.__doc__ or "", **{k: v for k, v in schema.items() if k not in head}}


def structure(schema: Schema) -> Any:
    """The part of a schema that is frozen: all but its words and the names of its parts, in one order."""
    return _structure(schema, schema.get("$defs", {}))


def digest(schema: Schema) -> str:
    """SHA-256 of the frozen part."""
    return hashlib.sha256(json.dumps(structure(schema), sort_keys=True).encode()).hexdigest()


def difference(old: Any, new: Any, place: str = "") -> str:
    """The first difference between two structures in one phrase; "" if there is none."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if found := difference(old.get(key), new.get(key), f"{place}.{key}" if place else key):
                return found
        return ""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return next((found for n, (a, b) in pairs if (found := difference(a, b, f"{place}[{n}]"))), "")
    if old == new:
        return ""
    if old is None:
        return f"{place} is new"
    if new is None:
        return f"{place} is gone"
    return f"{place} was {json.dumps(old)} and is now {json.dumps(new)}"


def files(folder: Path, events: Iterable[type[Event]]) -> dict[str, str]:
    """Every file's name and content. Raises Frozen if a released shape would change or vanish."""
    schemas = {event.type_name: schema_of(event) for event in events}
    released = _released(folder)
    for type_name, frozen in released.items():
        if type_name not in schemas:
            raise Frozen(f"{type_name} is released, so its class must stay; put it back into schemas.")
        if digest(schemas[type_name]) != frozen:
            raise Frozen(_changed(type_name, folder / f"{type_name}.json", schemas[type_name]))
    digests = released | {type_name: digest(schema) for type_name, schema in schemas.items()}
    return {
        **{f"{type_name}.json": _text(schema) for type_name, schema in schemas.items()},
        ASYNCAPI: document(schemas, KINDS),
        RELEASED: _text(dict(sorted(digests.items()))),
    }


def differing(folder: Path, wanted: dict[str, str]) -> Iterator[str]:
    """The names of files that are missing, hold something else, or belong to nothing."""
    for name, content in wanted.items():
        file = folder / name
        if not file.exists() or file.read_text() != content:
            yield name
    yield from sorted(file.name for file in folder.glob("*") if file.name not in wanted)


def write(folder: Path, events: Iterable[type[Event]] = EVENTS) -> list[str]:
    """Writes what differs and gives the names. Raises Frozen, having written nothing."""
    wanted = files(folder, events)
    folder.mkdir(exist_ok=True)
    written = [name for name in differing(folder, wanted) if name in wanted]
    for name in written:
        (folder / name).write_text(wanted[name])
    return written


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file differs")
    check = parser.parse_args(arguments).check
    try:
        names = list(differing(folder, files(folder, EVENTS))) if check else write(folder)
    except Frozen as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    for name in names:
        print(f"{'differs' if check else 'written'}: {folder.name}/{name}")
    return 1 if check and names else 0


def _released(folder: Path) -> dict[str, str]:
    file = folder / RELEASED
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _changed(type_name: str, file: Path, schema: Schema) -> str:
    old = structure(json.loads(file.read_text())) if file.exists() else {}
    what = difference(old, structure(schema)) if old else ""
    # the file itself may have been written over: then only the digest remembers
    what = what or "its shape is not the one in released.json"
    base, version = base_name(type_name), int(type_name.rpartition(".v")[2])
    return f"{type_name} is released and frozen, but {what}; make a new version {base}.v{version + 1} instead."


def _structure(schema: Any, parts: Schema) -> Any:
    if isinstance(schema, list):
        return [_structure(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _structure(parts[schema["$ref"].rpartition("/")[2]], parts)
    kept: Schema = {}
    for key, value in sorted(schema.items()):
        if key in ("properties", "patternProperties"):
            kept[key] = {name: _structure(one, parts) for name, one in sorted(value.items())}
        elif key == "required":
            kept[key] = sorted(value)
        elif key not in _WORDS:
            kept[key] = _structure(value, parts)
    return kept


def _close(schema: Any) -> None:
    # a mapping lets in no key but those that its pattern takes
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema["additionalProperties"] = False
            schema.pop("propertyNames", None)
        for part in schema.values():
            _close(part)
    elif isinstance(schema, list):
        for part in schema:
            _close(part)


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
