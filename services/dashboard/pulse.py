"""One thread for all viewers: how far has landed, what was recorded last, and which kinds of streams have more."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from schemas.kpi_value import KpiValue
from services.dashboard.board import Board, Published
from services.errors import PmoError
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import tables
from services.projections.figures import Figure
from services.projections.kept import kept_states
from services.projections.projector import Checkpoint, Projector
from services.projections.publishing import held, is_made, last_number, published_after

LOOK_S = 0.15
_RETRY_S = 1.0
_LOOK_FOR_KPIS_S = 5.0
_CONTENT = """SELECT table, toString(groupBitXor(sipHash64(name))) AS content FROM system.parts
    WHERE database = currentDatabase() AND active GROUP BY table"""
_LAST = """SELECT stream, type, recorded_at FROM events WHERE recorded_at >= {after:DateTime64(3, 'UTC')}
    ORDER BY recorded_at DESC, stream DESC, version DESC LIMIT 1"""

_log = logging.getLogger("pmo.dashboard")


@dataclass(frozen=True, slots=True)
class Stamp:
    """How far the figures have come: `seq` counts all records landed and never falls; `position` is the last event's.

    `reads` is false while ClickHouse does not answer.
    """

    seq: int = 0
    position: int = 0
    stream: str = ""
    type: str = ""
    recorded_at: datetime | None = None
    reads: bool = True


class Pulse:
    """Follows what lands, from `start` until `stop`: calls `tell` with each new stamp, and `again` after each look with
    the seconds for which nothing has landed."""

    def __init__(
        self, clickhouse: ClickHouse, board: Board, tell: Callable[[Stamp], None], again: Callable[[float], None]
    ) -> None:
        self.stamp = Stamp()
        self._again = again
        self._moved = 0.0
        self._clickhouse = clickhouse
        self._board = board
        self._tell = tell
        self._tables = {t.physical: frozenset(t.kinds) for t in tables() if t.kinds} | {
            kept.physical: frozenset(kept.source.kinds) for kept in kept_states()
        }
        self._content: dict[str, str] = {}
        self._number: int | None = None
        self._looked = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dashboard-pulse", daemon=True)

    def start(self) -> None:
        """Looks once, so that the first page has its stamp, and goes on from there. Raises Unavailable."""
        with self._clickhouse.session() as session:
            self._look(session)
        self._thread.start()

    @property
    def started(self) -> bool:
        """Whether it was started."""
        return self._thread.ident is not None

    def stop(self) -> None:
        """Ends it."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                with self._clickhouse.session() as session:
                    while not self._end.wait(LOOK_S):
                        self._look(session)
            except PmoError as error:
                if self.stamp.reads:
                    _log.warning("the dashboard cannot read: %s", error)
                self._set(replace(self.stamp, reads=False))
                self._end.wait(_RETRY_S)

    def _look(self, session: ClickHouse) -> None:
        landed = Projector(session).landed()
        seq = sum(checkpoint.next for checkpoint in landed.values())
        if seq != self.stamp.seq or not self.stamp.reads:
            self._board.landed(seq, self._changed(session))
            self._set(self._stamped(session, seq, landed))
            self._moved = time.monotonic()
        self._follow_kpis(session)
        self._again(time.monotonic() - self._moved)

    def _set(self, stamp: Stamp) -> None:
        self.stamp = stamp
        self._tell(stamp)

    def _stamped(self, session: ClickHouse, seq: int, landed: dict[tuple[str, int], Checkpoint]) -> Stamp:
        position = max((checkpoint.position for checkpoint in landed.values()), default=0)
        known = self.stamp.recorded_at or datetime(1970, 1, 1, tzinfo=UTC)
        rows = session.rows(_LAST, {"after": known.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]})
        if not rows:
            return Stamp(seq, position)
        [last] = rows
        at = last["recorded_at"].replace(tzinfo=UTC)
        return Stamp(seq, position, str(last["stream"]), str(last["type"]), at)

    def _changed(self, session: ClickHouse) -> set[str]:
        """The kinds of the tables whose parts are others than before; a merge may name one too many, never too few."""
        content = {str(row["table"]): str(row["content"]) for row in session.rows(_CONTENT)}
        if not content:
            # a reader of a server may not see its parts
            return {kind for kinds in self._tables.values() for kind in kinds}
        changed = {name for name, now in content.items() if self._content.get(name) != now}
        self._content = content
        return {kind for name in changed for kind in self._tables.get(name, ())}

    def _follow_kpis(self, session: ClickHouse) -> None:
        if self._number is None:
            if time.monotonic() - self._looked < _LOOK_FOR_KPIS_S or not is_made(session):
                self._looked = max(self._looked, time.monotonic() - _LOOK_FOR_KPIS_S + LOOK_S)
                return
            self._number, values = last_number(session), held(session)
        else:
            self._number, values = published_after(session, self._number)
        if values:
            self._board.take(_published(self._board.published, values))
            for name in {value.kpi for value in values}:
                self._board.tell((f"kpi:{name}",))


def _published(before: dict[str, Published], values: list[KpiValue]) -> dict[str, Published]:
    found: dict[str, Published] = {}
    for value in values:
        if value.by != "portfolio":
            continue
        held = found.get(value.kpi) or before.get(value.kpi)
        others = tuple(f for f in held.figures if f.standing != value.standing) if held else ()
        if held and held.day != value.as_of and held.day > value.as_of:
            continue
        there = value.n or value.left_out or value.value is not None
        own = (_figure(value),) if there and not value.error else ()
        figures = tuple(sorted((*others, *own), key=lambda figure: figure.standing))
        found[value.kpi] = Published(value.as_of, value.position, figures, value.error or "")
    return found


def _figure(value: KpiValue) -> Figure:
    return Figure(
        kpi=value.kpi,
        by="portfolio",
        standing=value.standing,
        value=value.value,
        numerator=value.numerator,
        denominator=value.denominator,
        n=value.n,
        left_out=value.left_out,
        incomplete=value.incomplete,
        open=value.open,
    )
