"""What the tests of every source use: a workspace to import into, mutated files, and what the log says in the end."""

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import work as events
from schemas.catalogue import parse
from schemas.event import Record
from services.commands.app import Governance
from services.commands.directory import pseudonym
from services.errors import PmoError
from services.importers.exports import FileReport, record
from services.importers.source import Given, Read, Source, load, load_mapping
from services.importers.sources import SOURCES
from services.settings import Settings

SECRET = "a secret for tests"
MUTATED = int(os.environ.get("PMO_FUZZ", "300"))
"""How many mutated files each parser gets; `make fuzz` asks for many more."""


def source(name: str) -> Source:
    return load(next(row for row in SOURCES if row.name == name))


@dataclass
class Desk:
    """A workspace, and one source's files imported into it."""

    folder: Path
    source: Source
    zone: str = "Europe/London"
    app: Governance = field(init=False)

    def __post_init__(self) -> None:
        told = {"home": self.folder / "home", "workspace_id": "test", "secret": SECRET, "time_zone": "Europe/Berlin"}
        (self.folder / "home").mkdir(parents=True)
        self.app = Governance(Settings.of(told))

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, *files: Path, mapping: str | None = None, **said: Any) -> Read:
        zone = said.pop("zone", self.zone)
        asked = Given(zone=ZoneInfo(zone) if zone else None, **said)
        path = self.file("mapping.yaml", mapping) if mapping else None
        return self.source.read(files, load_mapping(self.source, path, asked), asked)

    def run(self, *files: Path, dry_run: bool = False, **said: Any) -> list[FileReport]:
        """Imports files; the rows of each add up, and what is recorded is what is reported."""
        before = self.told()
        reports = record(self.app, self.source, self.read(*files, **said), dry_run=dry_run)
        for report in reports:
            assert report.rows == (report.recorded + report.unchanged + len(report.rejected) + len(report.ignored))
        assert self.told() - before == (0 if dry_run else sum(len(r.records) for r in reports))
        return reports

    def one(self, *files: Path, **said: Any) -> FileReport:
        (report,) = self.run(*files, **said)
        return report

    def count(self) -> int:
        return self.app.store.max_notification_id() or 0

    def told(self) -> int:
        """How many events there are but those of the imports themselves."""
        [(count,)] = self.app.store.rows("SELECT count(*) FROM stored_events WHERE originator_id NOT LIKE 'import:%'")
        return int(count)

    def records(self, kind: str = "") -> list[Record]:
        found = [parse(value) for _, _, value in self.app.store.values_after(0, 1_000_000)]
        return [r for r in found if r.stream.startswith(kind)]

    def of(self, stream: str) -> list[tuple[str, dict[str, Any]]]:
        """Each event of a stream by its short name, in the order of what they mean, without what is null."""
        ordered = sorted(self.app.history(stream).active(), key=lambda r: r.k)
        return [
            (r.event.type_name.split(".")[2], {k: v for k, v in r.event.model_dump().items() if v is not None})
            for r in ordered
        ]

    def steps(self, stream: str) -> list[tuple[str, str]]:
        """Each event of a stream by its short name, and when it was, to the minute in UTC."""
        ordered = sorted(self.app.history(stream).active(), key=lambda r: r.k)
        return [(r.event.type_name.split(".")[2], f"{r.occurred_at:%Y-%m-%d %H:%M}") for r in ordered]

    def person(self, key: str) -> str:
        return pseudonym(SECRET, f"{self.source.name}:{key}")

    def text(self, note: Mapping[str, Any] | None) -> str | None:
        if note is None:
            return None
        return self.app.store.values((f"note:{note['id']}",)).get(f"note:{note['id']}", {}).get("text")

    def items(self) -> dict[str, dict[str, Any]]:
        """Every item of work as the log says it is now, told by a fold of the tests' own."""
        found: dict[str, dict[str, Any]] = {}
        for each in sorted(self.records("work:"), key=lambda r: (r.stream, r.k)):
            state = found.setdefault(each.stream.removeprefix("work:"), {"blocked": False, "removed": False})
            match each.event:
                case events.Blocked() | events.Unblocked():
                    state["blocked"] = isinstance(each.event, events.Blocked)
                case events.WorkRemoved():
                    state["removed"] = True
                case events.ReEstimated():
                    told = each.event.model_dump()
                    state.update({**told, "estimate": told.pop("total_effort")})
                case _:
                    state.update(each.event.model_dump())
                    if isinstance(each.event, events.WorkCreated):
                        state["removed"] = False
            if isinstance(each.event, events.WorkCreated):
                state["created"] = each.occurred_at
        for state in found.values():
            state["title"] = self.text(state["title"])
        return found

    def hours(self) -> dict[tuple[str, str, dt.date], Decimal]:
        """Hours by person, project and day."""
        standing: dict[tuple[str, str], Any] = {}
        for each in sorted(self.records("timesheet:"), key=lambda r: (r.stream, r.k)):
            standing[each.stream, each.event.part] = each.event
        found: dict[tuple[str, str, dt.date], Decimal] = {}
        for (stream, _), event in standing.items():
            key = (stream.removeprefix("timesheet:").partition("/")[0], event.project, event.day)
            found[key] = found.get(key, Decimal(0)) + event.hours
        return found


def mutations() -> st.SearchStrategy[list[tuple[int, bytes]]]:
    """Where bytes of a file are replaced, and by what: often by what means something to a parser."""
    meaningful = [
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\x00",
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"-1",
        b"\xff\xfe",
        b"1e999",
        b";",
        b"",
    ]
    pieces = st.one_of(st.binary(max_size=4), st.sampled_from(meaningful))
    return st.lists(st.tuples(st.integers(0, 5_000), pieces), min_size=1, max_size=12)


def mutated(original: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    data = bytearray(original)
    for position, piece in changes:
        at = position % (len(data) + 1)
        data[at : at + max(1, len(piece))] = piece
    return bytes(data)


def fuzz(
    desk: Desk, name: str, original: bytes, packed: Callable[[bytes], bytes] = lambda data: data, **said: Any
) -> None:
    """Imports mutated copies of a file: each records what it reports, or is refused in a sentence.

    `packed` makes the file of what is mutated, where that is a part of it, as in an archive with checksums.
    """

    @settings(max_examples=MUTATED, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(changes=mutations())
    def attempt(changes: list[tuple[int, bytes]]) -> None:
        path = desk.file(name, packed(mutated(original, changes)))
        before = desk.count()
        try:
            desk.run(path, **said)
        except PmoError as refusal:
            assert len(str(refusal)) > 10
            assert desk.count() == before

    attempt()


def tells_nothing_again(desk: Desk, *files: Path, **said: Any) -> None:
    """A second import of the same rows makes no event, and says that every row is unchanged."""
    before = desk.told()
    for report in desk.run(*files, **said):
        assert report.recorded == 0
        assert not report.records
        assert not report.gone
    assert desk.told() == before


def faults(report: Any) -> list[tuple[int, str | None, str | None, str]]:
    """Why rows were rejected: row, column, value and reason."""
    return [(row.number, *fault) for row in report.rejected for fault in row.faults]


def notes(report: Any) -> list[tuple[int, str, str | None, str]]:
    """What was left out of rows that were taken."""
    return [(row.number, *note) for row in report.export.rows for note in row.notes]
