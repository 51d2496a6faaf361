"""Writes the published form of the contract: a JSON Schema per event version, and AsyncAPI around them.

``python -m schemas.generate`` writes what is missing or only described otherwise; ``--check`` names what differs.
A released shape is frozen: its digest stands in `released.json`, and a changed one is refused, not written. So is the
way from a version to the next: what the samples become stands in `upcasts.json`.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from schemas.asyncapi import document
from schemas.catalogue import EVENTS, KINDS, envelope_of
from schemas.compatibility import changes
from schemas.event import VOIDED, Event, base_name, schema_name, version_of
from schemas.samples import sample
from schemas.streams import KIND_PATTERN

FOLDER = Path(__file__).parent / "json"
RELEASED = "released.json"
ASYNCAPI = "asyncapi.yaml"
UPCASTS = "upcasts.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_WORDS = ("title", "description", "examples", "$defs")

Schema = dict[str, Any]


class Frozen(Exception):
    """A released shape would change: that of `type_name`, in these `fields` of its data, or all of it."""

    def __init__(self, message: str, type_name: str, fields: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.type_name = type_name
        self.fields = tuple(dict.fromkeys(fields))


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


def files(folder: Path, events: Iterable[type[Event]]) -> dict[str, str]:
    """Every file's name and content. Raises Frozen if a released shape would change or vanish."""
    events = tuple(events)
    schemas = {event.type_name: schema_of(event) for event in events}
    released = _released(folder)
    for type_name, frozen in released.items():
        if type_name not in schemas:
            raise Frozen(f"{type_name} is released, so its class must stay; put it back into schemas.", type_name)
        if digest(schemas[type_name]) != frozen:
            raise _changed(type_name, folder / f"{type_name}.json", schemas[type_name])
    digests = released | {type_name: digest(schema) for type_name, schema in schemas.items()}
    return {
        **{f"{type_name}.json": _text(schema) for type_name, schema in schemas.items()},
        ASYNCAPI: document(schemas, KINDS),
        RELEASED: _text(dict(sorted(digests.items()))),
        **_upcasts(folder, events),
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


def main(arguments: list[str] | None = None, folder: Path = FOLDER, explained: Callable[[Frozen], str] = str) -> int:
    """Runs from the command line; `explained` words a refusal."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file differs")
    check = parser.parse_args(arguments).check
    try:
        names = list(differing(folder, files(folder, EVENTS))) if check else write(folder)
    except Frozen as error:
        print(f"Error: {explained(error)}", file=sys.stderr)
        return 1
    for name in names:
        print(f"{'differs' if check else 'written'}: {folder.name}/{name}")
    return 1 if check and names else 0


def _released(folder: Path) -> dict[str, str]:
    file = folder / RELEASED
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _changed(type_name: str, file: Path, schema: Schema) -> Frozen:
    old = structure(json.loads(file.read_text())) if file.exists() else {}
    found = list(changes(old, structure(schema))) if old else []
    # the file itself may have been written over: then only the digest remembers
    what = ", and ".join(change.what for change in found) or "its shape is not the one in released.json"
    base, version = base_name(type_name), version_of(type_name)
    return Frozen(
        f"{type_name} is released and frozen, but {what}; make a new version {base}.v{version + 1} instead.",
        type_name,
        (change.field for change in found if change.field),
    )


def _upcasts(folder: Path, events: Iterable[type[Event]]) -> dict[str, str]:
    """What each older version's sample becomes in the next: with all fields, and with none that can be null."""
    made: dict[str, Any] = {}
    for event in events:
        full = sample(event).event
        if full.upcast() is not full:
            newer = [each.upcast() for each in (full, _emptied(full))]
            data = [json.loads(each.model_dump_json()) for each in newer]
            made[event.type_name] = {"next": newer[0].type_name, "full": data[0], "empty": data[1]}
    file = folder / UPCASTS
    for type_name, frozen in (json.loads(file.read_text()) if file.exists() else {}).items():
        if made.get(type_name) != frozen:
            raise Frozen(
                f"What {type_name} becomes in {frozen['next']} is released and frozen, but now it would become "
                f"{json.dumps(made.get(type_name, {}).get('full'))} instead of {json.dumps(frozen['full'])}, so that "
                "what is recorded would mean something else; put its upcast back.",
                type_name,
            )
    return {UPCASTS: _text(made)} if made else {}


def _emptied(event: Event) -> Event:
    nullable = [n for n, field in type(event).model_fields.items() if type(None) in get_args(field.annotation)]
    return event.model_copy(update=dict.fromkeys(nullable))


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
