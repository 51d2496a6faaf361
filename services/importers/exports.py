"""Records exports of a source: one transaction a file, the difference only, and the import itself as evidence."""

import datetime as dt
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from schemas.event import Record
from schemas.organisation import PersonJoined
from schemas.streams import slug_key, stream_id
from services.commands.app import Governance, Meta, UnitOfWork
from services.commands.command import Command
from services.commands.directory import PERSON_PREFIX
from services.commands.intake import Intake
from services.commands.organisation import Join, RegisterUnit
from services.commands.surveys import CompleteImport
from services.importers.checks import faults_of
from services.importers.rows import CellFault
from services.importers.shown import Allocation, Export, Hours, Item, Project, Row, Thing, When
from services.importers.source import Read, Source, SourceMapping, digest_of
from services.importers.tell.hours import item_of, tell_hours, tell_hours_gone
from services.importers.tell.projects import is_listed, tell_project, tell_project_gone
from services.importers.tell.teller import ACTOR, Teller, moment, origin
from services.importers.tell.work import tell_gone, tell_item
from services.importers.tell.workload import tell_allocation, tell_released

Progress = Callable[[int, int], None]
_SAID_EVERY = 500


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. `rows` = recorded + unchanged + rejected + ignored; `gone` are no rows of it."""

    export: Export
    recorded: int
    unchanged: int
    rejected: tuple[Row, ...]
    ignored: tuple[Row, ...]
    gone: tuple[str, ...]
    records: tuple[Record, ...]

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return len(self.export.rows)


def record(
    app: Governance, source: Source, read: Read, *, dry_run: bool = False, progress: Progress = lambda done, total: None
) -> list[FileReport]:
    """Records the files in the order of their data dates; with `dry_run`, only says what it would record."""
    exports = sorted(read.exports, key=lambda export: moment(export.data_date, app.settings))
    total = sum(len(export.rows) for export in exports)
    rehearsal = UnitOfWork(app) if dry_run else None
    reports: list[FileReport] = []
    done = 0
    for number, export in enumerate(exports, start=1):
        # only behind the last file is it known what none of them shows, and not if any row could not be read
        is_known = number == len(exports) and read.mapping.complete and not any(r.rejected for r in reports)
        shown = exports if is_known else ()
        work = partial(_record_file, app, source, read.mapping, export, shown, partial(_said, progress, done, total))
        reports.append(work(rehearsal) if rehearsal else app.transact(work))
        done += len(export.rows)
        progress(done, total)
    if read.mapping.complete and any(report.rejected for report in reports):
        exports[-1].notes.append("what is missing was not taken as gone, since rows were rejected")
    return reports


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector, which would look again and again at all that reading and recording keep."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _said(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _record_file(
    app: Governance,
    source: Source,
    mapping: SourceMapping,
    export: Export,
    complete: Sequence[Export],
    progress: Callable[[int], None],
    unit: UnitOfWork,
) -> FileReport:
    return _File(app, source, mapping, export, unit).record(complete, progress)


class _File:
    """The recording of one file in one unit of work."""

    def __init__(
        self, app: Governance, source: Source, mapping: SourceMapping, export: Export, unit: UnitOfWork
    ) -> None:
        self._app, self._source, self._mapping, self._export, self._unit = app, source, mapping, export, unit
        self._secret = app.settings.secret.get_secret_value()
        self._teller = Teller(app, unit, source.name, export.digest)
        self._import_id = f"{source.name}-{export.digest[:16]}"
        self._first = len(unit.records)

    def record(self, complete: Sequence[Export], progress: Callable[[int], None]) -> FileReport:
        """The rows first, then who joins by them, then what is gone, then the import itself."""
        latest = self._app.clock()
        recorded = 0
        told = 0
        rejected: list[Row] = []
        unmade: dict[str, Project] = {}
        ignored: list[Row] = []
        self._register_units()
        for number, row in enumerate(self._export.rows, start=1):
            if row.ignored is not None:
                ignored.append(row)
            elif (
                faults := row.faults
                or _faults_of(row.things, latest)
                # the row that was to make the project known was rejected
                or _faults_of(owed := _owed(row, unmade) if unmade else [], latest)
            ):
                rejected.append(row._replace(faults=faults))
                unmade.update(
                    (thing.key, thing) for thing in row.things if isinstance(thing, Project) and thing.if_unknown
                )
            else:
                before = len(self._unit.records)
                for thing in (*owed, *row.things):
                    self._tell(thing)
                for project in owed:
                    del unmade[project.key]
                told += 1
                recorded += len(self._unit.records) > before
            if number % _SAID_EVERY == 0:
                progress(number)
        gone = tuple(self._gone(complete)) if complete and not rejected else ()
        self._teller.name_people()
        self._join()
        records = self._unit.records[self._first :]
        report = FileReport(
            self._export, recorded, told - recorded, tuple(rejected), tuple(ignored), gone, tuple(records)
        )
        self._complete(report)
        return report

    def _tell(self, thing: Thing) -> None:
        match thing:
            case Item():
                tell_item(self._teller, thing)
            case Hours():
                tell_hours(self._teller, thing)
            case Project():
                tell_project(self._teller, thing)
            case Allocation():
                tell_allocation(self._teller, thing)

    def _gone(self, exports: Sequence[Export]) -> Iterator[str]:
        """What this source told of the projects of these exports, and none of them shows."""
        things = [thing for export in exports for row in export.rows for thing in row.things]
        shown = {stream_id("work", each.project, each.key) for each in things if isinstance(each, Item)}
        projects = frozenset(each.project for each in things if not isinstance(each, Project))
        projects |= {each.key for each in things if isinstance(each, Project)}
        when = self._export.data_date
        for stream in sorted(self._teller.streams("work")):
            in_scope = stream.partition(":")[2].partition("/")[0] in projects
            if in_scope and stream not in shown and tell_gone(self._teller, stream, when, self._export.file):
                yield stream
        listings = tuple({listing for export in exports for listing in export.listings})
        later = 0
        for stream in sorted(self._teller.streams("project")) if listings else ():
            if stream.partition(":")[2] in projects or not is_listed(self._teller, stream, listings):
                continue
            if tell_project_gone(self._teller, stream, when, self._export.file):
                yield stream
            else:
                later += 1
        if later:
            self._export.notes.append(
                "projects not listed, but changed after the latest time in the files, are not taken as gone "
                f"({later}); say by --data-date of which day the files speak"
            )
        entries = frozenset(item_of(each) for each in things if isinstance(each, Hours))
        plans: dict[str, set[str]] = {}
        for each in things:
            # the same plan may be another person's now
            if isinstance(each, Allocation) and (person := self._teller.person(each.person, each.seen)):
                plans.setdefault(stream_id("workload", person), set()).add(slug_key(each.id))
        for stream in sorted(self._teller.streams("timesheet")):
            if tell_hours_gone(self._teller, stream, entries, projects):
                yield stream
        # a format without plans says of none that it is gone
        has_plans = any(not export.without_plans for export in exports)
        for stream in sorted(self._teller.streams("workload")) if has_plans else ():
            if tell_released(self._teller, stream, frozenset(plans.get(stream, ())), projects, when):
                yield stream

    def _register_units(self) -> None:
        mapping = self._mapping
        named = (mapping.unit, mapping.join and mapping.join.unit, *(r.unit for r in mapping.projects.values()))
        begins = self._begins()
        for code in dict.fromkeys(code for code in named if code):
            if not self._unit.history(stream_id("business-unit", code)).version:
                self._handle(RegisterUnit, {"unit": code, "name": code}, f"import-unit-{self._source.name}", begins)

    def _begins(self) -> When:
        """The first moment that the file speaks of."""
        items = (
            thing for row in self._export.rows for thing in row.things if isinstance(thing, Item) and thing.created
        )
        first = min((moment(item.created or item.seen, self._app.settings) for item in items), default=None)
        return first or self._export.data_date

    def _join(self) -> None:
        """Makes known who was named, where the mapping says as what: of itself a source of work does not say so."""
        if (joining := self._mapping.join) is None:
            return
        for person, _, when in sorted(self._teller.people(), key=lambda each: each[0]):
            state = self._unit.state(stream_id("person", person))
            if state.record(PersonJoined) is None:
                fields = {"person": f"{PERSON_PREFIX}{person}", **joining.model_dump()}
                self._handle(Join, fields, f"import-join-{self._source.name}", _day(when, self._app))

    def _complete(self, report: FileReport) -> None:
        stream = stream_id("import", self._import_id)
        history = self._unit.history(stream)
        if not report.records and history.version:
            return
        fields = {
            "import_id": self._import_id,
            "source_kind": self._source.name,
            "file_name": self._export.file[-500:],
            "file_digest": self._export.digest,
            "mapping_digest": digest_of(self._mapping),
            "rows": report.rows,
            "recorded": report.recorded,
            "unchanged": report.unchanged,
            "rejected": len(report.rejected),
            "ignored": len(report.ignored),
            "events": len(report.records),
        }
        self._handle(CompleteImport, fields, f"{self._import_id}-{history.version + 1}", None)

    def _handle(self, command: type[Command], fields: dict[str, object], command_id: str, when: When | None) -> None:
        instant = when if isinstance(when, dt.datetime) else None
        meta = Meta(
            ACTOR,
            command_id,
            f"{origin(self._source.name)}{self._export.digest[:16]}",
            at=instant,
            on=None if instant else when,
        )
        self._unit.handle(Intake(self._secret).prepare(command, fields, meta.said()), meta)


def _faults_of(things: Iterable[Thing], latest: dt.datetime) -> tuple[CellFault, ...]:
    return tuple(chain.from_iterable(faults_of(thing, latest) for thing in things))


def _owed(row: Row, unmade: Mapping[str, Project]) -> list[Project]:
    """The projects that this row is the first to speak of among those that are taken."""
    owed: dict[str, Project] = {}
    own = {thing.key for thing in row.things if isinstance(thing, Project)}
    for thing in row.things:
        if not isinstance(thing, Project) and thing.project in unmade and thing.project not in own:
            owed.setdefault(thing.project, replace(unmade[thing.project], seen=_begins(thing)))
    return list(owed.values())


def _begins(thing: Item | Hours | Allocation) -> When:
    """The first moment that a thing speaks of."""
    if isinstance(thing, Hours):
        return thing.day
    return (thing.created if isinstance(thing, Item) else None) or thing.seen


def _day(when: When, app: Governance) -> dt.date:
    return when.astimezone(app.settings.zone).date() if isinstance(when, dt.datetime) else when
