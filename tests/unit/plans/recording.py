"""What tests of imported plans share: a store, one reading process, and what was recorded."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schemas.event import Event, Record
from services.commands.app import Governance
from services.commands.directory import pseudonym
from services.importers.msproject.mapping import Mapping
from services.importers.msproject.record import FileReport
from tests.unit.plan_files import crane

SECRET = "x" * 32
KEY = "CRANE-7"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
OPS = Mapping(unit="OPS")
Import = Callable[..., FileReport]


def events(app: Governance, stream: str) -> list[Event]:
    return [r.event for r in app.history(stream).active()]


def records(app: Governance, stream: str, of: type[Event]) -> list[Record]:
    return [r for r in app.history(stream).active() if isinstance(r.event, of)]


def person(name: str) -> str:
    return pseudonym(SECRET, f"msproject:{name}")


ANN, BOB = person("ann@example.org"), person(f"{KEY}/2")


def kinds(report: FileReport) -> Counter[str]:
    return Counter(r.event.type_name.removeprefix("pmo.").rpartition(".")[0] for r in report.records)


def later(path: Path, **changes: Any) -> Path:
    header = {"StatusDate": "2026-03-31T17:00:00", "LastSaved": "2026-04-01T09:00:00"}
    return crane(path, header=header, **changes)
