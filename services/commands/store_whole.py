"""A whole store at once: read as of one moment while others record, or filled while it is empty."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

EventRow = tuple[int, str, int, str, bytes]
"""Position, stream, version, type and bytes."""
NameRow = tuple[int, str, str, str | None, str]
"""The directory's `seq`, subject, field, value and salt; a value of None where it was erased."""
DigestRow = tuple[str, str, str]
"""Stream, id and digest of a command."""

PAGE = 5_000
"""How many rows are held at once: an event may have 256 KiB."""

_EVENT = ("originator_id", "originator_version", "topic", "state")
_NAME = ("seq", "subject", "field", "value", "salt")
_DIGEST = ("stream", "command_id", "digest")


class Snapshot:
    """What a store holds at one moment, whatever is recorded meanwhile.

    `pages` gives the rows of a query, some at a time, and of this one moment; `position` is the column of positions.
    """

    def __init__(self, position: str, pages: Callable[[str], Iterator[Sequence[Any]]]) -> None:
        self._position = position
        self._pages = pages

    def last(self) -> int:
        """The highest position; 0 if there are no events."""
        [[(last,)]] = self._pages(f"SELECT coalesce(max({self._position}), 0) FROM stored_events")
        return int(last)

    def events(self) -> Iterator[list[EventRow]]:
        """All events in the order of their positions, some at a time."""
        columns = ", ".join((self._position, *_EVENT))
        for page in self._pages(f"SELECT {columns} FROM stored_events ORDER BY {self._position}"):
            yield [tuple(row) for row in page]

    def names(self) -> Iterator[NameRow]:
        """All that the directory says, in the order of its changes."""
        for page in self._pages(f"SELECT {', '.join(_NAME)} FROM directory ORDER BY seq"):
            yield from (tuple(row) for row in page)

    def digests(self) -> Iterator[DigestRow]:
        """The digests of all commands."""
        for page in self._pages(f"SELECT {', '.join(_DIGEST)} FROM command_digests"):
            yield from (tuple(row) for row in page)


class Filling(ABC):
    """A store within the one transaction that fills it, or leaves it as it was; nobody else writes meanwhile."""

    def __init__(self, position: str) -> None:
        self.position = position

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Inserts rows. Raises the library's IntegrityError for one that is there, and then inserts none of them."""

    @abstractmethod
    def rows(self, query: str, *params: Any) -> list[Any]:
        """The rows of one query, a `?` for each parameter, with what was inserted."""

    def is_empty(self) -> bool:
        """Whether nothing was recorded in it."""
        return not self.rows("SELECT 1 FROM stored_events UNION ALL SELECT 1 FROM directory LIMIT 1")

    def add_events(self, rows: Iterable[EventRow]) -> None:
        """Inserts events at their positions."""
        self.insert("stored_events", (self.position, *_EVENT), rows)

    def add_names(self, rows: Iterable[NameRow]) -> None:
        """Inserts entries of the directory under their numbers."""
        self.insert("directory", _NAME, rows)

    def add_digests(self, rows: Iterable[DigestRow]) -> None:
        """Inserts digests of commands."""
        self.insert("command_digests", _DIGEST, rows)

    def mark_sent(self, position: int, ends: str, seq: int) -> None:
        """Keeps that everything up to `position`, and the directory up to `seq`, stands on Kafka already."""
        self.insert("relayed", ("position", "ends"), [(position, ends)])
        self.insert("relayed_directory", ("one", "seq"), [(1, seq)])
