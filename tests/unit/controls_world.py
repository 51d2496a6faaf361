"""A world of records for the tests of controls: what happened, landed in a real ClickHouse, and asked for occasions."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.catalogue import BY_TYPE
from schemas.event import Record
from schemas.streams import kind_of
from services.audit.run import Occasion, check
from services.projections.checking import Control, find_control
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.projections.projector import Projector
from services.projections.schema import prepare
from services.projections.scope import Scope

ZONE = ZoneInfo("Europe/Berlin")
EVIDENCE = ({"uri": "file:minutes.pdf", "digest": "0" * 64},)
PERSONS = {name: name.upper().ljust(20, "A") for name in ("ann", "bob", "eve", "dan")}
_NEEDED: dict[str, Any] = {
    "name": "Name",
    "unit": "OPS",
    "currency": "EUR",
    "contributions": {},
    "start": dt.date(2026, 1, 1),
    "finish": dt.date(2026, 12, 31),
    "budget": 1000,
    "days": 0,
    "curve": (),
    "unauthorised": False,
    "evidence": (),
    "method": "physical",
    "percent_complete": 0,
    "actual_cost": 0,
    "standard_kind": "practice",
    "requirements": ({"id": "R1", "text": "Do it", "weight": 1},),
    "results": ({"requirement": "R1", "result": "met"},),
    "item": "1",
    "title": "Course",
    "hours": 8,
    "grace_days": 0,
    "country": "DE",
    "time_zone": "Europe/Berlin",
    "weekly_hours": 40,
    "skills": (),
    "hard": True,
    "model": "VALUE",
    "model_version": 1,
    "components": {},
    "decided_by": PERSONS["bob"],
}
_codes = itertools.count()


def day(text: str | dt.date) -> dt.datetime:
    """The moment at which an event of that day stands; ``2026-03-01 10:00`` is an instant."""
    return dt.datetime.fromisoformat(str(text)).replace(tzinfo=ZONE)


def fresh(prefix: str = "P") -> str:
    """A key that no other test uses."""
    return f"{prefix}{next(_codes)}"


class World:
    """Records by stream, in the order of telling."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._versions: dict[str, int] = defaultdict(int)
        self._pending: list[Record] = []
        self._asked: dict[tuple[str, str, str | None], list[Occasion]] = {}

    def tell(
        self,
        stream: str,
        happened: str,
        on: str | dt.date,
        *,
        recorded: str | dt.date | None = None,
        supersedes: int | None = None,
        actor: str = "system:test",
        **fields: Any,
    ) -> Record:
        """One record; what is not given has a plain value."""
        kind = kind_of(stream)
        event_class = BY_TYPE[f"pmo.{kind}.{happened}.v1"]
        data = {
            name: fields.pop(name, _NEEDED.get(name) if info.is_required() else info.default)
            for name, info in event_class.model_fields.items()
        }
        assert not fields, fields
        if "data_date" in data and data["data_date"] is None:
            data["data_date"] = dt.date.fromisoformat(str(on)[:10])
        self._versions[stream] += 1
        moment = day(on).astimezone(dt.UTC)
        record = Record(
            stream=stream,
            version=self._versions[stream],
            event=event_class.model_validate(data),
            occurred_at=moment,
            recorded_at=day(recorded).astimezone(dt.UTC) if recorded else moment,
            source="/pmo/test",
            actor=actor,
            command_id=f"c{self._versions[stream]}",
            correlation_id="test",
            precision="instant" if " " in str(on) else "day",
            supersedes=supersedes,
        )
        self._pending.append(record)
        return record

    def project(self, *steps: str | tuple[Any, ...]) -> str:
        """A project's history: ``"2026-01-01 approved"`` or that with its fields; gives the stream."""
        stream = f"project:{fresh()}"
        self.add(stream, *steps)
        return stream

    def add(self, stream: str, *steps: str | tuple[Any, ...]) -> None:
        """More of a stream's history."""
        for step in steps:
            text, fields = step if isinstance(step, tuple) else (step, {})
            on, _, happened = text.rpartition(" ")
            self.tell(stream, happened, on, **fields)

    def land(self) -> None:
        """Puts everything told so far into ClickHouse."""
        values = [record.to_bytes() for record in self._pending]
        kinds = {kind_of(record.stream) for record in self._pending}
        self._pending.clear()
        self._asked.clear()
        Projector(self._clickhouse).land(values, kinds, [])

    def stand_twice(self, *kinds: str) -> None:
        """Lets all records of these kinds stand twice, as they may until ClickHouse merges its parts."""
        for kind in kinds:
            name = table(f"{kind}_events").physical
            self._clickhouse.command(f"INSERT INTO {name} SELECT * FROM {name}")
        self._asked.clear()

    def ask(
        self,
        control: str | int | Control,
        as_of: str | dt.date,
        known_at: str | None = None,
        streams: Iterable[str] | None = None,
    ) -> list[Occasion]:
        """The control's occasions about these streams."""
        if self._pending:
            self.land()
        rule = control if isinstance(control, Control) else find_control(str(control))
        asked = (rule.digest, str(as_of), known_at)
        if asked not in self._asked:
            known = day(f"{known_at} 23:59") if known_at else None
            scope = Scope(dt.date.fromisoformat(str(as_of)), ZONE, known_at=known)
            self._asked[asked] = check(self._clickhouse, rule, scope)
        found = self._asked[asked]
        wanted = None if streams is None else set(streams)
        return [occasion for occasion in found if wanted is None or occasion.subject in wanted]

    def results(self, control: str | int, stream: str, as_of: str, known_at: str | None = None) -> list[str]:
        """Just the results about one stream, in the order of time."""
        return [o.result for o in self.ask(control, as_of, known_at, [stream])]


def opened(folder: Path) -> ClickHouse:
    """A new ClickHouse with the program's tables."""
    clickhouse = ClickHouse.embedded(folder / "clickhouse")
    prepare(clickhouse, "test")
    return clickhouse
