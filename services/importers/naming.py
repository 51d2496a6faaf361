"""Which project a row is about: by the source's key, by an alias that a person declared, or by its name. No guess."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from schemas.streams import slug_key

_FORMER = re.compile(r"\((?:formerly|formally|previously|originally)\b[^()]*\)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+")
_K = TypeVar("_K")


@lru_cache(maxsize=65536)
def normalised(name: str) -> str:
    """What two spellings of one name share: case, punctuation, spacing and "&" aside, "(formerly ...)" left out."""
    folded = unicodedata.normalize("NFKC", _FORMER.sub(" ", name)).casefold().replace("&", " and ")
    return " ".join(_WORDS.findall(re.sub(r"['’`]", "", folded))) or folded.strip()


@dataclass(frozen=True, slots=True)
class Alias:
    """Names and keys that are one project; `units` limits the names to these business units."""

    key: str | None
    names: tuple[str, ...]
    keys: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The key of a row's stream, and whether only its name, known to no alias, stands behind it."""

    key: str
    by_name_alone: bool


class Identities:
    """Finds a row's stream by the declared rules; the same row gives the same key whatever else is imported."""

    def __init__(self, aliases: Iterable[Alias], names_per_unit: bool) -> None:
        self._names_per_unit = names_per_unit
        self._by_key: dict[str, str] = {}
        self._by_name: dict[tuple[str | None, str], str] = {}
        for alias in aliases:
            units = alias.units or (None,)
            target = slug_key(alias.key) if alias.key else self._of_name(alias.names[0], units[0])
            for key in alias.keys:
                self._declare(self._by_key, slug_key(key), target, key)
            for name in alias.names:
                for unit in units:
                    self._declare(self._by_name, (unit, normalised(name)), target, name)

    @staticmethod
    def _declare(known: dict[_K, str], key: _K, target: str, shown: str) -> None:
        if known.setdefault(key, target) != target:
            raise ValueError(f"{shown!r} is an alias of two projects, {known[key]} and {target}")

    def find(self, source_key: str | None, name: str, unit: str | None) -> Identity:
        """The stream of a row: by its source's key if it has one, else by its name."""
        if source_key is not None:
            key = slug_key(source_key)
            return Identity(self._by_key.get(key, key), by_name_alone=False)
        known = normalised(name)
        target = self._by_name.get((unit, known)) or self._by_name.get((None, known))
        if target is not None:
            return Identity(target, by_name_alone=False)
        return Identity(self._of_name(name, unit if self._names_per_unit else None), by_name_alone=True)

    @staticmethod
    def _of_name(name: str, unit: str | None) -> str:
        return slug_key(f"{unit} {normalised(name)}" if unit else normalised(name))
