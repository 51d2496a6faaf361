"""What the records of a batch tell, as far as it decides which tables and states they can concern.

Read off their bytes, which costs a tenth of asking the engine. What is said may be too much, never too little.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_TYPE = re.compile(rb'"type": ?"pmo\.[a-z-]+\.([a-z-]+)\.')
_SUPERSEDES = b'"supersedes"'
_COUNTRY = re.compile(rb'"country": ?"([^"]*)"')


class Told(NamedTuple):
    """`happened` is None where a record does not say it as ours do; `corrects`: whether any may."""

    happened: frozenset[str] | None
    corrects: bool
    countries: frozenset[bytes]


def told(values: Sequence[bytes]) -> Told:
    """What these records tell."""
    types = [_TYPE.search(value) for value in values]
    return Told(
        None if None in types else frozenset(found[1].decode() for found in types if found),
        any(_SUPERSEDES in value for value in values),
        frozenset(country for value in values for country in _COUNTRY.findall(value)),
    )
