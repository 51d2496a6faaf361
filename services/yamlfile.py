"""YAML read with the line of every value, so that an error names the line to look at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import ErrorDetails
from yaml.constructor import SafeConstructor

from services.errors import BadInput

_MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 20
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Location = tuple[int | str, ...]


class Document:
    """The plain data of one YAML file, and where each part of it stands.

    What is `ours`, shipped with the program, goes through libyaml, ten times as fast; a file made to be nested a
    hundred thousand deep would overflow its stack.
    """

    def __init__(self, path: Path, data: bytes, what: str = "a mapping", *, ours: bool = False) -> None:
        self.name = path.name
        if len(data) > _MAX_BYTES:
            raise BadInput(f"{self.name} has {len(data):,} bytes, more than the {_MAX_BYTES:,} of {what}.")
        self._lines: dict[Location, int] = {}
        self._seen: set[int] = set()
        self._what = what
        self._values = SafeConstructor()
        try:
            root = yaml.compose(data.decode("utf-8-sig"), Loader=_FAST if ours else yaml.SafeLoader)
        except UnicodeDecodeError as error:
            raise BadInput(f"{self.name} is not UTF-8 text: {error.reason}.") from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise self.error(line, f"it is not YAML: {error.problem or error.context}") from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise BadInput(f"{self.name} is not YAML: {str(error).splitlines()[0]}.") from error
        if root is None:
            raise BadInput(f"{self.name} is empty.")
        self.content = self._plain(root, ())

    def error(self, line: int, reason: str) -> BadInput:
        """The refusal of this file for one line of it."""
        return BadInput(f"{self.name}, line {line}: {reason}.")

    def line_of(self, location: Sequence[int | str]) -> int:
        """The line of a value, or of the nearest part around it that is there."""
        for length in range(len(location), -1, -1):
            if (line := self._lines.get(tuple(location[:length]))) is not None:
                return line
        return 1

    def refused(self, errors: Sequence[ErrorDetails]) -> BadInput:
        """The refusal for what pydantic found: the first in full, and how many more there are."""
        first = min(errors, key=lambda found: self.line_of(found["loc"]))
        path = ".".join(str(part) for part in first["loc"]) or self._what
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return self.error(self.line_of(first["loc"]), f"{path}: {first['msg'].removeprefix('Value error, ')}{more}")

    def _plain(self, node: yaml.Node, at: Location) -> Any:
        self._lines[at] = node.start_mark.line + 1
        if id(node) in self._seen:
            raise self.error(self._lines[at], "anchors and aliases of YAML are not read here")
        self._seen.add(id(node))
        if len(at) > _MAX_DEPTH:
            raise self.error(self._lines[at], "it is nested too deeply")
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*at, position)) for position, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            plain: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                if key in plain:
                    raise self.error(key_node.start_mark.line + 1, f"{key!r} stands here twice")
                plain[key] = self._plain(value_node, (*at, key))
                self._lines[(*at, key)] = key_node.start_mark.line + 1
            return plain
        try:
            return self._values.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self.error(self._lines[at], "it holds a value that cannot be read") from error
