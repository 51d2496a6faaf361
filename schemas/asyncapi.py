"""The contract as an AsyncAPI 3.0 document: which channel carries which events, and how a record looks on Kafka."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from schemas.kpi_value import KpiValue, Pulse
from schemas.streams import STREAM_PATTERN

_CLOUDEVENT = "application/cloudevents+json"
_KAFKA = "0.5.0"
_POSITION = {"type": "string", "pattern": "^[0-9]+$", "description": "The record's position in the event store"}
_EVENT_HEADERS = {
    "type": "object",
    "required": ["position", "content-type"],
    "properties": {"position": _POSITION, "content-type": {"const": _CLOUDEVENT}},
}


def document(schemas: Mapping[str, Mapping[str, Any]], kinds: Iterable[str]) -> str:
    """The document as YAML, with a reference to each event's JSON Schema beside it."""
    import yaml

    by_kind = {kind: [t for t in schemas if t.split(".")[1] == kind] for kind in kinds}
    channels = {
        f"pmo.{kind}": _channel(f"pmo.{kind}", f"Every {kind} stream", types)
        for kind, types in by_kind.items()
        if types
    }
    channels["pmo.dead-letters"] = _channel(
        "pmo.dead-letters", "What could not be landed, as it came, with the reason", ["dead-letter"]
    )
    channels["pmo.kpi-values"] = _channel(
        "pmo.kpi-values",
        "What each KPI is now, compacted; of two values the one of more records counts",
        ["kpi-value", "pulse"],
    )
    channels["pmo.directory"] = _channel(
        "pmo.directory", "Names and notes, compacted; a record without a value erases", ["directory-entry"]
    )
    content = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "pmo",
            "version": "1",
            "description": "Events of a portfolio of projects, as CloudEvents 1.0. The first word of an address is the "
            "topic prefix, pmo unless set otherwise. One topic per kind of stream, kept for ever, its partition count "
            "fixed; the key is the stream, so that a stream's records are in order.",
        },
        "defaultContentType": _CLOUDEVENT,
        "channels": channels,
        "operations": {
            f"receive-{name.removeprefix('pmo.')}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{name}"},
            }
            for name in channels
        },
        "components": {
            "messages": {
                **{type_name: _event(type_name, schema) for type_name, schema in schemas.items()},
                "dead-letter": _DEAD_LETTER,
                "directory-entry": _DIRECTORY_ENTRY,
                "kpi-value": _of_model("kpi-value", KpiValue),
                "pulse": _of_model("pulse", Pulse),
            }
        },
    }
    return yaml.dump(content, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=120)


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return Dumper


def _channel(address: str, description: str, messages: Iterable[str]) -> dict[str, Any]:
    return {
        "address": address,
        "description": f"{description}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": address, "bindingVersion": _KAFKA}},
    }


def _of_model(name: str, model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": (model.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "payload": model.model_json_schema(mode="serialization"),
    }


def _event(type_name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": type_name,
        "title": type_name,
        "summary": schema["description"],
        "contentType": _CLOUDEVENT,
        "headers": _EVENT_HEADERS,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{type_name}.json"},
        },
        "bindings": {"kafka": {"key": {"type": "string", "pattern": STREAM_PATTERN}, "bindingVersion": _KAFKA}},
    }


_DEAD_LETTER = {
    "name": "dead-letter",
    "title": "dead-letter",
    "summary": "The bytes of a record that is invalid, unchanged, under the key that it had.",
    "contentType": "application/octet-stream",
    "payload": {},
}

_DIRECTORY_ENTRY = {
    "name": "directory-entry",
    "title": "directory-entry",
    "summary": "A name or a note's text; null where it has been erased.",
    "contentType": "application/json",
    "payload": {},
}
