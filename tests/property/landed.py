"""An engine in which records have landed, and the records of each stream: what the recomputations start from."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from schemas import governance
from schemas.event import Record
from schemas.streams import kind_of
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Projector
from services.projections.schema import prepare


@contextmanager
def landed(folder: Path, records: Iterable[Record]) -> Iterator[ClickHouse]:
    """A new ClickHouse in `folder` that has landed the records."""
    told = list(records)
    with ClickHouse.embedded(folder / "clickhouse") as opened:
        prepare(opened, "test")
        Projector(opened).land([r.to_bytes() for r in told], {kind_of(r.stream) for r in told}, [])
        yield opened


def pound_rate() -> Record:
    """What a pound is worth in euro, from 1970 on."""
    early = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    rate = governance.RateSet(item="1", first_day=early.date(), to_currency="EUR", rate=Decimal("1.25"), origin=None)
    return Record("rate:GBP", 1, rate, early, early, "/pmo/test", "system:test", "c", "c")


def by_stream(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Each stream's records, in their order."""
    streams: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        streams[record.stream].append(record)
    return streams
