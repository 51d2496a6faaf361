"""KPIs as a stream: one leader works out those whose tables changed, and publishes the values that are others now.

Each goes to the compacted topic `kpi_topic`, where there is a Kafka, and as a row to the table `kpi_values`, which
keeps how they went. A value carries how many records had landed before it was computed, so that a reader takes none of
a leader that was frozen meanwhile: that number never falls. What is published is no truth of its own: it is what
`pmo kpi` prints at that moment.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Event
from typing import Any

from schemas.kpi_value import PULSE_KEY, KpiValue, Pulse
from services import bus
from services.errors import PmoError, Unavailable
from services.projections import figures
from services.projections.clickhouse import ClickHouse
from services.projections.house import in_reporting_currency
from services.projections.kept import flat_at
from services.projections.kpi import Kpi, kpis_with, listed
from services.projections.parallel import stand_behind
from services.projections.projector import Projector
from services.projections.scope import Scope
from services.settings import Settings
from services.topics import kpi_topic

_TABLE = "kpi_values"
_LOOK_S = 0.1
_AGAIN_S = 0.5
PULSE_S = 2.0
"""How often it is said that values are published."""
_UNKNOWN_S = 1.0
"""What a KPI counts as costing that was not worked out yet: those that changed come first."""
_SHARE = 9
"""How much longer it rests than it works while records land."""
_RETRY_S = 5.0
# Beyond it Kafka may have given our partitions to another worker: what was begun before is not published.
_FRESH_S = 8.0
_PLACES = Decimal("0.00000001")
_PHYSICAL = re.compile(r"\b\w+__[0-9a-f]{10}\b")
_CREATE = """CREATE TABLE IF NOT EXISTS kpi_values (
    number UInt64, computed_at DateTime64(3, 'UTC'), position UInt64, as_of Date32, kpi LowCardinality(String),
    `by` LowCardinality(String), grp String, standing LowCardinality(String), value Nullable(Decimal(38, 8)), n UInt64,
    document String CODEC(ZSTD(1))
) ENGINE = MergeTree ORDER BY (kpi, `by`, grp, standing, number)"""
# by position first: a leader that was frozen goes on with the numbers that another one has given meanwhile
_LATEST = "SELECT argMax(document, (position, number)) AS document FROM kpi_values GROUP BY kpi, `by`, grp, standing"
_AFTER = "SELECT number, document FROM kpi_values WHERE number > {number:UInt64} ORDER BY number LIMIT 10000"
_LAST = "SELECT max(number) FROM kpi_values"

_log = logging.getLogger("faust.kpis")


def make_table(clickhouse: ClickHouse) -> None:
    """Makes the table of published values where it is missing."""
    clickhouse.command(_CREATE)


class Publisher:
    """Publishes all KPIs, or these, through `clickhouse`, which it uses from one thread, while `leads` says so.

    While `lands` says that records are being landed here, it works for a small part of the time.
    """

    def __init__(
        self,
        clickhouse: ClickHouse,
        settings: Settings,
        leads: Callable[[], bool],
        bootstrap: str | None = None,
        kpis: Mapping[str, Kpi] | None = None,
        lands: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clickhouse = clickhouse
        self._settings = settings
        self._leads = leads
        self._lands = lands
        self._bootstrap = bootstrap
        self._producer: bus.Producer | None = None
        self._kpis = listed(kpis_with(settings.own_kpis)) if kpis is None else kpis
        self._held: dict[str, KpiValue] | None = None
        self._done: dict[str, tuple[Any, float, float]] = {}
        self._read: dict[str, tuple[str, ...]] = {}
        self._number = 0
        self._since = 0.0
        self._beaten = 0.0

    def run(self, stop: Event) -> None:
        """Publishes until `stop`; while something is away it waits for it. Landing comes first."""
        stand_behind()
        pause = _LOOK_S
        while not stop.wait(pause):
            try:
                pause = _LOOK_S if self._leads() else _AGAIN_S
                if self._leads():
                    self.round(stop)
                else:
                    self._forget()
            except PmoError as error:
                _log.warning("KPIs are not published now: %s", error)
                self._forget()
                pause = _RETRY_S
        self._forget()

    def round(self, stop: Event) -> int:
        """Works out the KPIs whose tables changed since, as soon as it may; gives how many values were published."""
        if self._held is None:
            make_table(self._clickhouse)
            self._held = {value.key: value for value in held(self._clickhouse)}
            self._number = last_number(self._clickhouse)
            self._since = time.monotonic()
        published = 0
        while not stop.is_set() and self._leads():
            began = time.monotonic()
            tables, position = self._tables(), self._position()
            self._beat(position)
            kpi = self._next(tables)
            if kpi is None:
                break
            values = self._values(kpi, position)
            if time.monotonic() - began > _FRESH_S:
                # as old as if it had not been tried: its turn comes again after the others
                self._done[kpi.name] = (None, time.monotonic(), time.monotonic() - began)
                continue
            changed = list(self._changed(kpi, values))
            self._publish(changed)
            published += len(changed)
            took = time.monotonic() - began
            self._done[kpi.name] = (self._rests_on(kpi, tables), time.monotonic(), took)
            if self._position() != position or self._lands():
                # landing comes first: a small part of the time is ours while it goes on
                stop.wait(_SHARE * took)
        return published

    def _forget(self) -> None:
        if self._producer is not None:
            self._producer.close()
        self._producer, self._held, self._beaten = None, None, 0.0
        self._done.clear()

    def _tables(self) -> dict[str, str]:
        """By table a name of its content: another insert, or a merge, gives another name."""
        query = """SELECT table, toString(groupBitXor(sipHash64(name))) AS content FROM system.parts
            WHERE database = currentDatabase() AND active GROUP BY table"""
        return {str(row["table"]): str(row["content"]) for row in self._clickhouse.rows(query)}

    def _position(self) -> int:
        return position_of(self._clickhouse)

    def _next(self, tables: Mapping[str, str]) -> Kpi | None:
        """Of the KPIs whose tables changed the one that costs least, the longer it waits the sooner."""
        now = time.monotonic()
        waiting: list[tuple[float, str]] = []
        for kpi in self._kpis.values():
            state, at, took = self._done.get(kpi.name, (None, self._since, _UNKNOWN_S))
            if (now - at >= _AGAIN_S or kpi.name not in self._done) and state != self._rests_on(kpi, tables):
                waiting.append((took - (now - at) / len(self._kpis), kpi.name))
        return self._kpis[min(waiting)[1]] if waiting else None

    def _rests_on(self, kpi: Kpi, tables: Mapping[str, str]) -> tuple[date, tuple[str, ...]]:
        """What the value depends on: the day, and the content of the tables that it is computed from."""
        scope = self._scope()
        if kpi.name not in self._read:
            self._read[kpi.name] = tuple(sorted(set(_PHYSICAL.findall(flat_at(kpi.sql, scope)))))
        return scope.as_of, tuple(tables.get(name, "") for name in self._read[kpi.name])

    def _scope(self) -> Scope:
        today = datetime.now(UTC).astimezone(self._settings.zone).date()
        return Scope(today, self._settings.zone, currency=self._settings.currency)

    def _values(self, kpi: Kpi, position: int) -> list[KpiValue]:
        scope = in_reporting_currency(self._clickhouse, self._scope())
        common = {"kpi": kpi.name, "version": kpi.version, "currency": scope.currency, "as_of": scope.as_of,
                  "position": position, "computed_at": datetime.now(UTC)}  # fmt: skip
        try:
            measured = figures.measure_twice(self._clickhouse, kpi, scope)
        except figures.NoRate as error:
            return [_nothing({**common, "by": "portfolio"}, "", "", str(error))]
        return [
            KpiValue(**common, by=by, group="" if by == "portfolio" else figure.by, **_figure(figure))
            for by, found in measured.items()
            for figure in found
        ]

    def _changed(self, kpi: Kpi, values: Sequence[KpiValue]) -> Iterable[KpiValue]:
        """Those that differ from what was published, and those that there are no more, as nothing."""
        before = self._held or {}
        there = {value.key for value in values}
        for value in values:
            was = before.get(value.key)
            if was is None or was.said != value.said:
                yield value
        for key, was in before.items():
            if was.kpi == kpi.name and key not in there and (was.n or was.left_out or was.error):
                stamp = {"position": self._position(), "as_of": self._scope().as_of, "computed_at": datetime.now(UTC)}
                common = {"kpi": kpi.name, "version": kpi.version, "by": was.by, "currency": was.currency, **stamp}
                yield _nothing(common, was.group, was.standing, None)

    def _publish(self, values: Sequence[KpiValue]) -> None:
        if not values:
            return
        # Kafka first: what only the table had would never be sent
        self._send([(value.key.encode(), value.to_bytes()) for value in values])
        numbers = range(self._number + 1, self._number + len(values) + 1)
        self._clickhouse.insert(
            _TABLE,
            {
                "number": list(numbers),
                "computed_at": [value.computed_at for value in values],
                "position": [value.position for value in values],
                "as_of": [value.as_of for value in values],
                "kpi": [value.kpi for value in values],
                "by": [value.by for value in values],
                "grp": [value.group for value in values],
                "standing": [value.standing for value in values],
                "value": [value.value for value in values],
                "n": [value.n for value in values],
                "document": [value.to_bytes().decode() for value in values],
            },
        )
        self._number += len(values)
        if self._held is not None:
            self._held.update({value.key: value for value in values})

    def _beat(self, position: int) -> None:
        if self._bootstrap is None or time.monotonic() - self._beaten < PULSE_S:
            return
        self._send([(PULSE_KEY.encode(), pulse_at(self._clickhouse, position).to_bytes())])
        self._beaten = time.monotonic()

    def _send(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        if self._bootstrap is None:
            return
        if self._producer is None:
            self._producer = bus.Producer(self._bootstrap)
        try:
            for key, value in records:
                self._producer.send(kpi_topic(self._settings.topic_prefix), key, value, [])
            self._producer.flush()
        except Unavailable:
            self._producer = None
            raise


def position_of(clickhouse: ClickHouse) -> int:
    """How many records have landed, over all partitions."""
    return sum(checkpoint.next for checkpoint in Projector(clickhouse).landed().values())


def pulse_at(clickhouse: ClickHouse, position: int) -> Pulse:
    """That this place answers now, where so many records have landed, and when the last event of them was recorded."""
    last = clickhouse.scalar("SELECT max(recorded_at) FROM events")
    known = last if last is not None and last.year > 1970 else None
    return Pulse(position=position, last_recorded_at=known, at=datetime.now(UTC))


def held(clickhouse: ClickHouse) -> list[KpiValue]:
    """The values that were published last, from the table."""
    return [KpiValue.model_validate_json(row["document"]) for row in clickhouse.rows(_LATEST)]


def published_after(clickhouse: ClickHouse, number: int) -> tuple[int, list[KpiValue]]:
    """What was published after this number, from the table, and the last one's number."""
    rows = clickhouse.rows(_AFTER, {"number": number})
    last = max([number, *(int(row["number"]) for row in rows)])
    return last, [KpiValue.model_validate_json(row["document"]) for row in rows]


def last_number(clickhouse: ClickHouse) -> int:
    """The number of what was published last; 0 if nothing was. Raises Unavailable where there is no table."""
    return int(clickhouse.scalar(_LAST) or 0)


def is_made(clickhouse: ClickHouse) -> bool:
    """Whether anybody has published here."""
    return bool(clickhouse.scalar("EXISTS TABLE kpi_values"))


def _figure(figure: figures.Figure) -> dict[str, Any]:
    return {
        "standing": figure.standing,
        "value": None if figure.value is None else figure.value.quantize(_PLACES).normalize() + 0,
        "numerator": figure.numerator.normalize() + 0,
        "denominator": figure.denominator.normalize() + 0,
        "n": figure.n,
        "open": figure.open,
        "left_out": dict(figure.left_out),
        "incomplete": figure.incomplete,
        "error": None,
    }


def _nothing(common: Mapping[str, Any], group: str, standing: str, error: str | None) -> KpiValue:
    return KpiValue(
        **common, group=group, standing=standing, value=None, numerator=Decimal(0), denominator=Decimal(0), n=0, open=0,
        left_out={}, incomplete=0, error=error,
    )  # fmt: skip
