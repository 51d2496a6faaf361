"""Whose export a file seems to be, so that one that was given to the wrong source is refused by the right command."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# columns that stand together in one tool's exports, and in no table that somebody made
_COLUMNS = (
    ("jira", "Jira", frozenset({"issue key", "issue id"})),
    ("asana", "Asana", frozenset({"task id", "section/column"})),
    ("monday", "monday.com", frozenset({"name", "subitems"})),
    ("monday", "monday.com", frozenset({"name", "item id (auto generated)"})),
)
_KEYS = (
    ("jira", "Jira", frozenset({"issues"})),
    ("monday", "monday.com", frozenset({"boards"})),
    ("monday", "monday.com", frozenset({"next_items_page"})),
    ("smartsheet", "Smartsheet", frozenset({"columns", "rows"})),
    ("smartsheet", "Smartsheet", frozenset({"columns", "totalRowCount"})),
    ("asana", "Asana", frozenset({"gid"})),
)


def of_columns(columns: Iterable[str], asked: str | None = None) -> str | None:
    """What a table seems to be by its columns, in words that end a sentence; None if that is not known.

    The source that is `asked` knows its own exports better.
    """
    return _seems({column.strip().casefold() for column in columns}, _COLUMNS, asked)


def of_keys(value: Mapping[str, Any], asked: str | None = None) -> str | None:
    """What a JSON document seems to be by its keys and those of its `data`; None if that is not known."""
    data = value.get("data")
    return _seems({*value, *(data if isinstance(data, dict) else ())}, _KEYS, asked)


def instead(around: Sequence[Mapping[str, Any]], asked: str) -> str:
    """What a JSON document is, by the objects around what was sought in vain, in words that end a sentence."""
    first = around[0] if around else {}
    return of_keys(first, asked) or (f"only {', '.join(list(first)[:5])}" if first else "and nothing else")


def _seems(names: set[str], signs: Iterable[tuple[str, str, frozenset[str]]], asked: str | None) -> str | None:
    for source, title, sign in signs:
        if source != asked and sign <= names:
            return f"it seems to be an export of {title}, which `pmo import {source}` reads"
    return None
