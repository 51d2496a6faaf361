"""Following the KPIs' values as they change: over Kafka where it is set, else from the running ``pmo up``."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

import orjson

from schemas.kpi_value import PULSE_KEY, KpiValue, Pulse
from services import bus
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.publishing import (
    PULSE_S,
    held,
    is_made,
    last_number,
    position_of,
    published_after,
    pulse_at,
)
from services.runtime import brokers, endpoint_url
from services.settings import Settings
from services.topics import kpi_topic

_POLL_S = 0.25


@dataclass
class Latest:
    """What a reader holds: of each place the value of most records; what is older is ignored."""

    values: dict[str, KpiValue] = field(default_factory=dict)
    pulse: Pulse | None = None

    def take(self, found: KpiValue | Pulse) -> bool:
        """Takes what was read; gives whether a value is another one now."""
        if isinstance(found, Pulse):
            if self.pulse is None or found.at > self.pulse.at:
                self.pulse = found
            return False
        held = self.values.get(found.key)
        if not found.replaces(held):
            return False
        self.values[found.key] = found
        return held is None or held.said != found.said


Changes = list[tuple[KpiValue | None, KpiValue]]
"""Values that changed, each after what it was before."""


def follow(settings: Settings, latest: Latest, stop: Event) -> Iterator[Changes]:
    """First the values that there are, then each change, until `stop`; an empty list says that nothing changed.

    Raises Unavailable where nobody can publish, and when whoever did has ended.
    """
    bootstrap = brokers(settings)
    source = _from_topic(settings, bootstrap, stop) if bootstrap else _from_table(settings, stop)
    for found in source:
        changes: Changes = []
        for each in found:
            before = latest.values.get(each.key) if isinstance(each, KpiValue) else None
            if latest.take(each) and isinstance(each, KpiValue):
                changes.append((before, each))
        yield changes


def parsed(key: bytes | None, value: bytes | None) -> KpiValue | Pulse | None:
    """What a record of the topic says; None for a tombstone."""
    if value is None:
        return None
    return (Pulse if key == PULSE_KEY.encode() else KpiValue).model_validate(orjson.loads(value))


def _from_topic(settings: Settings, bootstrap: str, stop: Event) -> Iterator[list[KpiValue | Pulse]]:
    topic = kpi_topic(settings.topic_prefix)
    ends = bus.end_offsets(bootstrap, [topic])
    there = [record for batch in bus.read(bootstrap, [topic], until=ends) for record in batch]
    yield _parsed(there)
    for batch in bus.tail(bootstrap, [topic], stop, ends, idle=True):
        yield _parsed(batch)


def _parsed(records: list[bus.Record]) -> list[KpiValue | Pulse]:
    return [found for record in records if (found := parsed(record.key, record.value)) is not None]


def _from_table(settings: Settings, stop: Event) -> Iterator[list[KpiValue | Pulse]]:
    url = settings.clickhouse or endpoint_url(settings)
    if url is None:
        raise Unavailable("Nobody publishes KPIs now: start 'pmo up', or set PMO_KAFKA where workers run.")
    with ClickHouse.server(url, create=False) as clickhouse:
        if not is_made(clickhouse):
            raise Unavailable("No KPI was published here yet; try again in a moment.")
        number, beaten = last_number(clickhouse), time.monotonic()
        # the table has no pulse: whoever answers is alive
        yield [pulse_at(clickhouse, position_of(clickhouse)), *held(clickhouse)]
        while not stop.wait(_POLL_S):
            pulses = list[Pulse]()
            try:
                number, found = published_after(clickhouse, number)
                if time.monotonic() - beaten >= PULSE_S:
                    pulses, beaten = [pulse_at(clickhouse, position_of(clickhouse))], time.monotonic()
            except Unavailable as error:
                raise Unavailable("'pmo up' has ended, and with it the stream of KPIs; start it again.") from error
            yield [*pulses, *found]
