"""How exact values stand in the JSON: one way of writing each, so that every reader of the log sees the same value.

Python code gives decimals, days and instants as such; only their JSON is held to the pattern.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class OnlyAs:
    """In JSON a string of this `pattern`, read by `convert`; the constraints given before it hold in JSON too."""

    pattern: str
    format: str
    convert: Callable[[str], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Text of the pattern, then converted, then checked as the value that Python code would give."""
        value = handler(source)
        text = core_schema.str_schema(pattern=self.pattern)
        converted = core_schema.no_info_plain_validator_function(self.convert)
        return core_schema.json_or_python_schema(core_schema.chain_schema([text, converted, value]), value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A string of the pattern."""
        named = {"format": self.format} if self.format else {}
        return {"type": "string", **named, "pattern": self.pattern}


class Exact(OnlyAs):
    """A decimal: in JSON a string of plain digits that no reader takes for a binary fraction."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, "", Decimal)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads as `OnlyAs`; writes without exponent."""
        schema = super().__get_pydantic_core_schema__(source, handler)
        write = core_schema.plain_serializer_function_ser_schema(_plain, when_used="json")
        return {**schema, "serialization": write}


class NeverNull:
    """None in Python stands for an absent field; in JSON it is never null."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema without its null."""
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


def _plain(value: Decimal | None) -> str | None:
    if value is None:
        return None
    # a whole number, as most are, has nothing to be changed
    if (text := str(value)).isdecimal():
        return text
    text = format(value or abs(value), "f")
    whole, point, fraction = text.partition(".")
    fraction = fraction[:4] + fraction[4:].rstrip("0")
    return f"{whole}{point}{fraction}"
