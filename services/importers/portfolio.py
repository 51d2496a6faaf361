"""Portfolio tables into observed states of projects: a plan first, which records nothing, then its events.

A row becomes one observation, or is rejected with the cells that are wrong, or ignored with a reason. Prose that stands
instead of an amount, a date or a rating ("Exempt under Section 43") leaves the field empty and is noted.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.fields import LAST_DAY
from schemas.streams import stream_id
from services.errors import BadInput
from services.importers import mapping as mappings
from services.importers import tabular
from services.importers.rows import CellFault, CellNote, Observed, RowReader


@dataclass(frozen=True, slots=True)
class Observation:
    """What one row of a source shows of one project at one date; null where the source is silent."""

    stream_key: str
    occurred_at: dt.date
    reported_at: dt.date | None
    observed: Observed
    number: int
    notes: tuple[CellNote, ...]


class Rejection(NamedTuple):
    """A row that was not taken, and each of its cells that is wrong."""

    number: int
    faults: tuple[CellFault, ...]


class NewName(NamedTuple):
    """A project that only its name identifies, known to no alias: look whether it is another one renamed."""

    name: str
    unit: str | None
    stream_key: str
    number: int


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What one file would record. `rows` = observations + rejected + ignored."""

    file: str
    digest: str
    place: str
    rows: int
    observations: tuple[Observation, ...]
    rejected: tuple[Rejection, ...]
    ignored: tuple[tabular.Ignored, ...]
    new_names: tuple[NewName, ...]
    unused_columns: tuple[str, ...]
    notes: tuple[str, ...]
    listed: frozenset[str]

    @property
    def data_date(self) -> dt.date | None:
        """The latest date that its rows speak of; None if it has none."""
        return max((observation.occurred_at for observation in self.observations), default=None)

    def where(self, number: int) -> str:
        """The row in words: ``uk_2018.csv, line 12``."""
        return f"{self.file}, {self.place} {number}"


@dataclass(frozen=True)
class Plan:
    """What an import would record, file by file; one file is one transaction."""

    source: str
    mapping_digest: str
    files: tuple[FilePlan, ...]

    @cached_property
    def new_names(self) -> Mapping[str, tuple[NewName, ...]]:
        """The streams that only a name identifies, each with the rows that named it."""
        found: dict[str, tuple[NewName, ...]] = {}
        for file in self.files:
            for new in file.new_names:
                found[new.stream_key] = (*found.get(new.stream_key, ()), new)
        return found

    @property
    def observations(self) -> Iterator[Observation]:
        """All observations, in the order of the files."""
        return (observation for file in self.files for observation in file.observations)


class Draft(NamedTuple):
    """One `recorded` event to be: what `Governance` needs, with the narrative apart since it goes to the directory."""

    stream: str
    command_id: str
    occurred_at: dt.date
    reported_at: dt.date | None
    data: dict[str, Any]
    narrative: str | None


def plan(
    files: Sequence[Path],
    mapping: mappings.Mapping,
    data_date: dt.date | None = None,
    today: dt.date = LAST_DAY,
) -> Plan:
    """What importing `files` would record; `data_date` serves files whose date neither mapping nor column tells.

    A row whose data date lies after `today` is rejected.
    """
    if not files:
        raise BadInput("No file was given to import.")
    planned = tuple(_plan_file(path, mapping, data_date, today) for path in files)
    return Plan(mapping.source, mapping.digest, planned)


def to_commands(plan: Plan) -> Iterator[tuple[FilePlan, tuple[Draft, ...]]]:
    """The drafts of each file, to be recorded in one transaction a file.

    The command id is of source, stream, data date and content: the same row again is the same command, and a row that
    the source has changed since is another one.
    """
    for file in plan.files:
        yield file, tuple(_draft(plan.source, observation) for observation in file.observations)


def _draft(source: str, observation: Observation) -> Draft:
    data = observation.observed._asdict()
    narrative = data.pop("narrative")
    content = orjson.dumps(
        [source, observation.stream_key, observation.occurred_at, observation.reported_at, data, narrative],
        default=_written,
        option=orjson.OPT_SORT_KEYS,
    )
    command_id = f"import-{hashlib.sha256(content).hexdigest()[:32]}"
    stream = stream_id("project", observation.stream_key)
    return Draft(stream, command_id, observation.occurred_at, observation.reported_at, data, narrative)


def _written(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{value!r} has no place in an event")


def _plan_file(path: Path, mapping: mappings.Mapping, data_date: dt.date | None, today: dt.date) -> FilePlan:
    names = mapping.fields.name.columns
    table = tabular.read(
        path,
        mapping.layout(path.name),
        lambda header: any(mappings.column_matches(name, header) for name in names),
        sought=f" (`name`: {' or '.join(map(repr, names))})",
    )
    return plan_table(table, mapping, data_date, today)


def plan_table(
    table: tabular.Table, mapping: mappings.Mapping, data_date: dt.date | None = None, today: dt.date = LAST_DAY
) -> FilePlan:
    """What the rows of one table would record. Reads nothing but its arguments."""
    reader = RowReader(table, mapping, data_date, today)
    observations: list[Observation] = []
    rejected = [Rejection(row.number, (CellFault(None, None, row.reason),)) for row in table.malformed]
    ignored = list(table.ignored)
    new_names: list[NewName] = []
    first_seen: dict[tuple[str, dt.date], int] = {}
    listed: set[str] = set()
    for row in table.rows:
        if (reason := reader.ignored(row)) is not None:
            ignored.append(tabular.Ignored(row.number, reason))
            continue
        read = reader.read(row)
        name, unit, dated = read.name, read.unit, read.dates
        identity = mapping.identities.find(read.source_key, name, unit)
        listed.add(identity.key)
        if read.faults:
            rejected.append(Rejection(row.number, tuple(read.faults)))
            continue
        before = first_seen.setdefault((identity.key, dated.data_date), row.number)
        if before != row.number:
            twice = CellFault(None, name, f"is the project of {table.place} {before}, {identity.key}, a second time")
            rejected.append(Rejection(row.number, (twice,)))
            continue
        if identity.by_name_alone:
            new_names.append(NewName(name, unit, identity.key, row.number))
        observations.append(
            Observation(identity.key, dated.data_date, dated.reported_on, read.observed, row.number, tuple(read.notes))
        )
    return FilePlan(
        table.file,
        table.digest,
        table.place,
        len(table.rows) + len(table.malformed) + len(table.ignored),
        tuple(observations),
        tuple(sorted(rejected, key=lambda row: row.number)),
        tuple(sorted(ignored, key=lambda row: row.number)),
        tuple(new_names),
        reader.unused_columns,
        tuple(table.notes),
        frozenset(listed),
    )
