"""What has been computed, at which position of the log, and what is to be computed anew because more has landed.

A part is computed once for all who ask the same question. When more lands, what rests on other kinds of streams still
holds; the rest is shown with the position that it is of until its successor is there.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.dashboard.panels import Ask, House, Page, Panel, Part, Shown
from services.dashboard.question import Question, today
from services.dashboard.reading import AT_REST, LATER, NOW, SOON, Work, Workers
from services.errors import PmoError
from services.projections.clickhouse import ClickHouse
from services.projections.figures import Figure

_MOST = 4_000
_REST = 1.0
"""Nothing is computed anew more often than it takes, so that landing comes first."""

_AT_WORK = -1

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A part's value, or why there is none; `seq` is how far had landed before it was computed."""

    value: Any
    problem: str
    seq: int
    at: float
    took: float

    @property
    def is_published(self) -> bool:
        """Whether it comes with the stream of KPIs."""
        return self.at == 0.0

    @property
    def mark(self) -> tuple[int, float, int]:
        """Another one for another value."""
        return self.seq, self.at, id(self.value) if self.is_published else 0


@dataclass(frozen=True, slots=True)
class Ready:
    """A panel as it stands: `shown` is None where it is still being computed. `current`: nothing newer has landed."""

    panel: Panel
    shown: Shown | None
    problem: str
    seq: int
    current: bool
    waiting: int
    version: tuple[Any, ...]
    """Another one for other values."""


@dataclass(slots=True)
class Published:
    """What the stream of KPIs says for the default question."""

    day: date
    seq: int
    figures: tuple[Figure, ...]
    problem: str = ""


class Board:
    """Computes parts through `workers`, and tells `changed` which page and question has news."""

    def __init__(self, house: House, workers: Workers) -> None:
        self.house = house
        self.published: dict[str, Published] = {}
        self.seq = 0
        self._workers = workers
        self._lock = threading.Condition()
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._running: dict[Key, int] = {}
        self._touched: dict[str, int] = {}
        self._any = 0
        self._listeners: list[Callable[[Key], None]] = []

    def do(self, work: Work, urgency: int) -> None:
        """Has other work done by the same threads."""
        self._workers.do(work, urgency)

    def on_change(self, listener: Callable[[Key], None]) -> None:
        """Calls `listener` with the key of each part that has another value, from the threads that compute."""
        self._listeners.append(listener)

    def landed(self, seq: int, kinds: Iterable[str]) -> None:
        """More has landed, of these kinds of streams."""
        with self._lock:
            self.seq = self._any = seq
            self._touched.update(dict.fromkeys(kinds, seq))

    def key(self, part: Part, question: Question) -> Key:
        """What tells the values of parts apart."""
        own = tuple((name, question.get(name)) for name in part.own)
        return (part.key, *question.key(today(self.house.settings)), own)

    def page(self, page: Page, question: Question, *, wait: float = 0.0, names: Sequence[str] = ()) -> list[Ready]:
        """The page's panels, or those of these names; waits at most so many seconds for what is not there."""
        panels = [panel for panel in page.panels(question) if not names or panel.name in names]
        deadline = time.monotonic() + wait
        wanted = {}
        for panel in panels:
            for part in panel.parts:
                wanted[self.key(part, question)] = part
        for key, part in wanted.items():
            self._want(key, part, question, NOW if part.wanted else LATER)
        needed = [key for key, part in wanted.items() if part.wanted]
        with self._lock:
            while not all(self._has(key, wanted[key]) for key in needed):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._lock.wait(left)
        return [self.ready(panel, question) for panel in panels]

    def ready(self, panel: Panel, question: Question) -> Ready:
        """The panel out of what is there."""
        found: dict[str, Any] = {}
        problem, waiting, seqs, current = "", 0, [], True
        version: list[Any] = [today(self.house.settings)]
        for part in panel.parts:
            key = self.key(part, question)
            entry = self._entry(key, part)
            version.append(None if entry is None else entry.mark)
            if entry is None:
                waiting += part.wanted
                found[part.key] = None
                continue
            if part.wanted and not entry.is_published:
                seqs.append(self.seq if self._holds(entry, part) else entry.seq)
                current = current and self._holds(entry, part)
            if entry.problem and len(panel.parts) == 1:
                problem = entry.problem
            found[part.key] = Trouble(entry.problem) if entry.problem else entry.value
        some = any(value is not None for value in found.values())
        needed = any(part.wanted for part in panel.parts)
        ready = not needed or waiting < sum(part.wanted for part in panel.parts)
        shown = panel.show(found) if ready and not problem and (some or not panel.parts) else None
        return Ready(panel, shown, problem, min(seqs, default=self.seq), current, waiting, tuple(version))

    def refresh(self, page: Page, question: Question, *, later: bool = False) -> None:
        """Computes anew what more has landed of since, for somebody who looks at the page, or who may `later`."""
        for panel in page.panels(question):
            for part in panel.parts:
                urgency = AT_REST if later else SOON if part.wanted else LATER
                self._want(self.key(part, question), part, question, urgency)

    def _entry(self, key: Key, part: Part) -> Entry | None:
        if part.published and key[-1] == () and not any(key[2:-1]):
            told = self.published.get(part.published)
            if told is not None and told.day.isoformat() == key[1]:
                return Entry(told.figures, told.problem, told.seq, 0.0, 0.0)
        return self._entries.get(key)

    def _has(self, key: Key, part: Part) -> bool:
        return self._entry(key, part) is not None

    def _holds(self, entry: Entry, part: Part) -> bool:
        """Whether nothing that it rests on has landed since."""
        if part.kinds is None:
            return self._any <= entry.seq
        return all(self._touched.get(kind, 0) <= entry.seq for kind in part.kinds)

    def _want(self, key: Key, part: Part, question: Question, urgency: int) -> None:
        with self._lock:
            entry = self._entry(key, part)
            if entry is not None and entry.is_published:
                # published by another: it goes on by itself
                return
            if entry is not None:
                age = time.monotonic() - entry.at
                if self._holds(entry, part) or age < max(part.lasting, entry.took * _REST):
                    return
                if part.lasting and not question.is_live:
                    return
                urgency = max(urgency, LATER if part.lasting else SOON)
            # asked for again by somebody who waits: the earlier order stays, whoever is first does it
            if self._running.get(key, 99) <= urgency:
                return
            self._running[key] = urgency
        cost = -1.0 if part.first else entry.took if entry is not None else 0.0
        self._workers.do(lambda clickhouse: self._compute(clickhouse, key, part, question), urgency, cost)

    def _compute(self, clickhouse: ClickHouse, key: Key, part: Part, question: Question) -> None:
        with self._lock:
            if self._running.get(key, _AT_WORK) == _AT_WORK:
                return
            self._running[key] = _AT_WORK
            seq = self.seq
        began = time.monotonic()
        value, problem = None, ""
        try:
            value = part.compute(Ask.of(clickhouse, question, self.house))
        except PmoError as error:
            problem = str(error)
        except Exception:
            self._put(key, Entry(None, WENT_WRONG, seq, time.monotonic(), time.monotonic() - began))
            raise
        now = time.monotonic()
        self._put(key, Entry(value, problem, seq, now, now - began))

    def _put(self, key: Key, entry: Entry) -> None:
        with self._lock:
            before = self._entries.pop(key, None)
            self._entries[key] = entry
            self._running.pop(key, None)
            while len(self._entries) > _MOST:
                self._entries.popitem(last=False)
            self._lock.notify_all()
        if before is None or (before.value, before.problem) != (entry.value, entry.problem):
            self.tell(key)

    def tell(self, key: Key) -> None:
        """Says that a part has another value."""
        for listener in self._listeners:
            listener(key)

    def take(self, published: Mapping[str, Published]) -> None:
        """Takes what the stream of KPIs says."""
        with self._lock:
            self.published.update(published)
            self._lock.notify_all()


@dataclass(frozen=True, slots=True)
class Trouble:
    """In the place of a part's value: why there is none."""

    problem: str


WENT_WRONG = "Something went wrong inside pmo; its log has the details. Please report it."
