"""The keys of a mapping file that no mapping has, in words that say what may have been meant."""

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_SET_BY_US = frozenset({"digest"})
_QUOTED = re.compile(r"'([^']+)'")


def unknown_keys(errors: list[ErrorDetails], model: type[BaseModel]) -> list[ErrorDetails]:
    """The keys that `model` does not have, each with what it may have been meant to be; they explain other errors."""
    unknown: list[ErrorDetails] = []
    for error in errors:
        if error["type"] == "extra_forbidden":
            known = _keys_at(error["loc"][:-1], model)
        elif error["type"] == "literal_error" and error["loc"][-1] == "[key]":
            # of a table whose keys are listed
            error["loc"] = error["loc"][:-1]
            known = _QUOTED.findall(error["ctx"]["expected"])
        else:
            continue
        key = str(error["loc"][-1])
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        hint = f"did you mean `{near[0]}`?" if near else f"here are {', '.join(known)}"
        error["msg"] = f"there is no key `{key}` ({hint})"
        unknown.append(error)
    return unknown


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    for part in location:
        # positions in lists and the keys of tables stand between the models
        if (field := model.model_fields.get(str(part))) is not None:
            model = next(_models(field.annotation), model)
    return sorted(set(model.model_fields) - _SET_BY_US)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
