"""Records a plan: one transaction a file, the difference only, and the import itself as evidence."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from schemas.event import Record
from schemas.governance import ImportCompleted
from schemas.progress import Recorded
from schemas.project import LeftSource
from schemas.streams import stream_id
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.command import Command
from services.commands.days import day_start
from services.commands.intake import Intake
from services.commands.organisation import RegisterUnit
from services.commands.project.observe import LeaveSource, RecordState
from services.commands.surveys import CompleteImport
from services.errors import BadInput
from services.importers.mapping import Mapping
from services.importers.portfolio import Draft, FilePlan, Plan, to_commands

ACTOR = "system:importer"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. `rows` = recorded + unchanged + rejected + ignored; `left` are no rows of it."""

    plan: FilePlan
    recorded: int
    unchanged: int
    left: tuple[str, ...]
    records: tuple[Record, ...]

    @property
    def events(self) -> int:
        """Events that the file made."""
        return len(self.records)


def record(
    app: Governance,
    plan: Plan,
    mapping: Mapping,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> list[FileReport]:
    """Records the files in the order of their data dates; with `dry_run`, only says what it would record."""
    drafts = sorted(to_commands(plan), key=lambda planned: planned[0].data_date or dt.date.max)
    total = sum(len(rows) for _, rows in drafts)
    done = 0
    reports: list[FileReport] = []
    rehearsal = UnitOfWork(app) if dry_run else None
    for file, rows in drafts:
        work = partial(_record_file, app, plan, mapping, file, rows, partial(_counted, progress, done, total))
        reports.append(work(rehearsal) if rehearsal else app.transact(work))
        done += len(rows)
    return reports


def _counted(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _record_file(
    app: Governance,
    plan: Plan,
    mapping: Mapping,
    file: FilePlan,
    rows: tuple[Draft, ...],
    progress: Callable[[int], None],
    unit: UnitOfWork,
) -> FileReport:
    return _File(app, unit, plan, mapping, file).record(rows, progress)


class _File:
    """The recording of one file in one unit of work."""

    def __init__(self, app: Governance, unit: UnitOfWork, plan: Plan, mapping: Mapping, file: FilePlan) -> None:
        self._app, self._unit, self._plan, self._mapping, self._file = app, unit, plan, mapping, file
        self._secret = app.settings.secret.get_secret_value()
        self._origin = f"import/{plan.source}/"
        self._import_id = f"{plan.source}-{file.digest[:16]}"
        last = unit.state(stream_id("import", self._import_id)).last(ImportCompleted)
        self._imported = last is not None and last.mapping_digest == plan.mapping_digest
        self._first = len(unit.records)
        self._registered: set[str] = set()

    def record(self, drafts: tuple[Draft, ...], progress: Callable[[int], None]) -> FileReport:
        """Observations first, then who is gone from the listing, then the import itself."""
        recorded = 0
        for number, draft in enumerate(drafts, start=1):
            try:
                recorded += not self._observe(draft).repeated
            except BadInput as error:  # planning should have rejected it
                raise BadInput(f"{self._file.where(self._file.observations[number - 1].number)}: {error}") from error
            progress(number)
        left = tuple(self._leave())
        events = len(self._unit.records) - self._first
        unchanged = len(drafts) - recorded
        if events or not self._unit.history(stream_id("import", self._import_id)).version:
            self._complete(recorded, unchanged, events)
        return FileReport(self._file, recorded, unchanged, left, tuple(self._unit.records[self._first :]))

    def _observe(self, draft: Draft) -> Outcome:
        if unit := draft.data.get("unit"):
            self._register(str(unit), draft.occurred_at)
        shown = self._shown(draft)
        history = self._unit.history(draft.stream)
        before = history.command_ids.get(draft.command_id)
        if before and (self._imported or shown is None or shown.command_id.startswith(draft.command_id)):
            return Outcome(draft.stream, before, repeated=True)
        # said before, and something else since: another file says it again, under an id of its own
        command_id = f"{draft.command_id}-{history.version + 1}" if before else draft.command_id
        meta = self._meta(command_id, draft.occurred_at, draft.reported_at)
        if shown is not None:
            meta = replace(meta, supersedes=shown.version)
        fields = {name: value for name, value in draft.data.items() if value is not None}
        if draft.narrative:
            fields["narrative"] = draft.narrative
        return self._handle(RecordState, {"project": draft.stream.partition(":")[2], **fields}, meta)

    def _shown(self, draft: Draft) -> Record | None:
        """The state that counts of those that this source showed at the same date."""
        at = day_start(draft.occurred_at, self._app.settings)
        active = self._unit.history(draft.stream).active()
        same = (r for r in active if isinstance(r.event, Recorded) and r.occurred_at == at)
        return next((r for r in same if r.correlation_id.startswith(self._origin)), None)

    def _leave(self) -> Iterator[str]:
        date = self._file.data_date
        if not self._mapping.complete_listing or date is None:
            return
        listed = {stream_id("project", key) for key in self._file.listed}
        at = day_start(date, self._app.settings)
        for stream in self._streams():
            if stream in listed:
                continue
            seen = self._unit.state(stream, at).record(Recorded, LeftSource)
            if seen and isinstance(seen.event, Recorded) and seen.correlation_id.startswith(self._origin):
                fields = {"project": stream.partition(":")[2], "listing": self._file.file}
                meta = self._meta(f"left-{self._plan.source}-{date.isoformat()}-{self._file.digest[:16]}", date, None)
                if not self._handle(LeaveSource, fields, meta).repeated:
                    yield stream

    def _streams(self) -> list[str]:
        own = {r.stream for r in self._unit.records if r.stream.startswith("project:")}
        return sorted(own.union(self._app.store.streams("project")))

    def _register(self, code: str, day: dt.date) -> None:
        stream = stream_id("business-unit", code)
        if code in self._registered or self._unit.history(stream).version:
            return
        self._registered.add(code)
        known = self._mapping.units.get(code)
        fields = {"unit": code, "name": known.name if known else code}
        self._handle(RegisterUnit, fields, self._meta(f"import-unit-{self._plan.source}", day, None))

    def _complete(self, recorded: int, unchanged: int, events: int) -> None:
        fields = {
            "import_id": self._import_id,
            "source_kind": self._plan.source,
            "file_name": self._file.file,
            "file_digest": self._file.digest,
            "mapping_digest": self._plan.mapping_digest,
            "rows": self._file.rows,
            "recorded": recorded,
            "unchanged": unchanged,
            "rejected": len(self._file.rejected),
            "ignored": len(self._file.ignored),
            "events": events,
        }
        run = self._unit.history(stream_id("import", self._import_id)).version + 1
        self._handle(CompleteImport, fields, self._meta(f"{self._import_id}-{run}", None, None))

    def _handle(self, command: type[Command], fields: dict[str, Any], meta: Meta) -> Outcome:
        return self._unit.handle(Intake(self._secret).prepare(command, fields, meta.said()), meta)

    def _meta(self, command_id: str, day: dt.date | None, reported: dt.date | None) -> Meta:
        return Meta(
            actor=ACTOR,
            command_id=command_id,
            correlation_id=f"{self._origin}{self._file.digest[:16]}",
            on=day,
            reported_at=day_start(reported, self._app.settings) if reported else None,
        )
