"""Calls of parameterised views, written out where they stand: the engine then sees one query, and plans it as one.

A view that is called is planned for itself, with all its columns. Written out, columns that nobody asks for are dropped
first, which halves the time of the deeper questions; the rows are the same.
"""

import re
from collections.abc import Mapping
from functools import cache

PARAM = re.compile(r"\{(\w+):([^{}]+)\}")
"""A parameter: its name and its type."""

_TOKEN = re.compile(r"'[^']*'|[(){},]")
_DEPTH = {"(": 1, "{": 1, ")": -1, "}": -1}


def written_out(sql: str, views: Mapping[str, str]) -> str:
    """The query with each call of one of these views (name: its SELECT) replaced by that SELECT with what is given."""
    if not views:
        return sql
    calls, parts, at = _calls(tuple(views)), [], 0
    while found := calls.search(sql, at):
        end, arguments = _arguments(sql, found.end())
        parts.append(f"{sql[at : found.start(2)]}({_filled(views[found[2]], arguments)})")
        at = end + 1
    return "".join((*parts, sql[at:]))


@cache
def _calls(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(FROM|JOIN|IN)\s+({'|'.join(sorted(names, key=len, reverse=True))})\s*\(")


def _filled(select: str, given: Mapping[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        # what the call does not give is a parameter of the whole question
        value = given.get(found[1], found[0])
        return value if value == found[0] else f"CAST({value} AS {found[2]})"

    return PARAM.sub(put, select)


def _arguments(sql: str, start: int) -> tuple[int, dict[str, str]]:
    """Where the call that opens before `start` ends, and what it gives, by name."""
    depth, at, given = 1, start, {}
    for token in _TOKEN.finditer(sql, start):
        depth += _DEPTH.get(token[0], 0)
        if depth == 0 or (depth == 1 and token[0] == ","):
            name, _, value = sql[at : token.start()].partition("=")
            given[name.strip()] = value.strip()
            at = token.end()
        if depth == 0:
            return token.start(), given
    raise ValueError(f"a call is not closed: {sql[start - 40 : start + 40]}")


def closing(sql: str, start: int) -> int:
    """Where the parenthesis closes that opens before `start`."""
    return _arguments(sql, start)[0]
