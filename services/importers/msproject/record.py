"""Records plans: one transaction a file, the difference only, and the import itself as evidence."""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from schemas.event import Record
from schemas.organisation import UnitRegistered
from schemas.streams import stream_id
from services.commands.app import Governance, Meta, UnitOfWork
from services.commands.days import day_start
from services.commands.intake import Intake
from services.commands.surveys import CompleteImport
from services.errors import BadInput
from services.importers.msproject.compare import ACTOR, SOURCE, Teller
from services.importers.msproject.interpret import Known, interpret
from services.importers.msproject.mapping import NO_UNIT, Mapping
from services.importers.msproject.people import KEY_PREFIX
from services.importers.msproject.reader import Plan, PlanReader
from services.importers.msproject.tell_people import tell_demand, tell_hours, tell_loads, tell_people
from services.importers.msproject.tell_project import Another, latest_day, refuse_another, tell_milestones, tell_states
from services.importers.msproject.tell_work import tell_work
from services.importers.msproject.wanted import Fault, Ignored, Wanted

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file with the projects that are wanted of it."""

    path: Path
    digest: str
    plans: tuple[Plan, ...]
    wanted: tuple[Wanted, ...]

    @property
    def day(self) -> dt.date:
        """The latest day that it shows."""
        return max(each.day for each in self.wanted)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: rows = recorded + unchanged + rejected + ignored."""

    file: str
    digest: str
    projects: tuple[str, ...]
    rows: int
    recorded: int
    unchanged: int
    rejected: tuple[Fault, ...]
    ignored: tuple[Ignored, ...]
    notes: tuple[str, ...]
    records: tuple[Record, ...]
    refused: str | None = None
    """Why nothing of it was taken, so that all of its rows are rejected."""

    @property
    def rejections(self) -> int:
        """How many of its rows were rejected."""
        return self.rows if self.refused else len(self.rejected)

    @property
    def events(self) -> int:
        """Events that the file made."""
        return len(self.records)


def read(
    paths: Sequence[Path],
    mapping: Mapping,
    now: dt.datetime,
    *,
    code: str | None = None,
    data_date: dt.date | None = None,
    progress: Progress = lambda done, total: None,
) -> list[ReadFile]:
    """What the files want, in the order of their days; `now` is in the organisation's zone.

    Raises BadInput for what is no plan, and Unavailable where Java or MPXJ is not there.
    """
    if code and len(paths) > 1:
        raise BadInput("--project names one project: give one file, or name them in a mapping.")
    with PlanReader() as reader:
        found = [
            interpreted(reader, path, mapping, now, code=code, data_date=data_date, progress=progress) for path in paths
        ]
    return sorted(found, key=lambda each: each.day)


def interpreted(
    reader: PlanReader,
    path: Path,
    mapping: Mapping,
    now: dt.datetime,
    *,
    code: str | None = None,
    data_date: dt.date | None = None,
    progress: Progress = lambda done, total: None,
) -> ReadFile:
    """What one file wants. Raises BadInput."""
    plans = reader.read(path, progress)
    if not plans:
        raise BadInput(f"{path.name} holds no project.")
    if code and len(plans) > 1:
        raise BadInput(f"{path.name} holds {len(plans)} projects, and --project names one; name them in a mapping.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    modified = dt.datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo).date()
    known = Known(path.name, modified, now.date(), now.replace(tzinfo=None))
    wanted = tuple(interpret(plan, mapping, known, code, data_date) for plan in plans)
    keys = [each.key for each in wanted]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise BadInput(f"{path.name} holds project {min(twice)} twice; tell them apart in a mapping.")
    return ReadFile(path, digest, tuple(plans), wanted)


def guessed(files: Sequence[ReadFile], mapping: Mapping) -> Mapping:
    """The mapping with what was guessed written out, to be edited."""
    projects, people, roles = dict(mapping.projects), dict(mapping.people), set(mapping.roles)
    for file in files:
        for plan, wanted in zip(file.plans, file.wanted, strict=True):
            name = plan.project.guid or plan.project.code or plan.project.title or file.path.name
            projects.setdefault(name, wanted.key)
            for key, person in wanted.people.items():
                if key.startswith(KEY_PREFIX):
                    resource = person.resource
                    people.setdefault(resource.email or resource.account or resource.guid or resource.name or key, key)
            roles |= set(wanted.roles.values())
    return mapping.model_copy(update={"projects": projects, "people": people, "roles": frozenset(roles)})


def record(
    app: Governance,
    files: Sequence[ReadFile],
    mapping: Mapping,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> list[FileReport]:
    """Records the files one after another; with `dry_run`, only says what it would record.

    A file whose name makes it another project than it is gets a report that says so, and the others go on. Raises
    BadInput where that is so of all files, and for whatever else cannot be recorded.
    """
    rehearsal = UnitOfWork(app) if dry_run else None
    total = sum(each.rows for file in files for each in file.wanted)
    reports: list[FileReport] = []
    for file in files:
        work = partial(_record_file, app, file, mapping)
        try:
            reports.append(work(rehearsal) if rehearsal else app.transact(work))
        except Another as error:
            rows = sum(each.rows for each in file.wanted)
            keys = tuple(each.key for each in file.wanted)
            reports.append(FileReport(file.path.name, file.digest, keys, rows, 0, 0, (), (), (), (), str(error)))
        except BadInput as error:
            if rehearsal or not reports:
                raise
            # a file is a transaction: what stands before this one stays
            before = ", ".join(report.file for report in reports)
            raise BadInput(f"{error} Recorded before it: {before}.") from error
        progress(sum(report.rows for report in reports), total)
    if reports and all(report.refused for report in reports):
        raise BadInput(reports[0].refused)
    return reports


def _record_file(app: Governance, file: ReadFile, mapping: Mapping, unit: UnitOfWork) -> FileReport:
    first = len(unit.records)
    listed, changed, rejected = 0, 0, [fault for each in file.wanted for fault in each.rejected]
    ignored = [row for each in file.wanted for row in each.ignored]
    notes = [note for each in file.wanted for note in each.notes]
    tellers = [Teller(app, unit, wanted, file.digest) for wanted in file.wanted]
    for teller in tellers:
        # before anything is told, which would stay in a rehearsal
        refuse_another(teller)
    for wanted, teller in zip(file.wanted, tellers, strict=True):
        latest = latest_day(teller)
        rows = wanted.listed
        try:
            if latest is not None and latest > day_start(wanted.day, app.settings):
                tell_states(teller)
                old = f"the file shows {wanted.day}, before what is known: only the project's state is taken"
                ignored += [Ignored(row, old) for row in sorted(rows - {"project"})]
                rows = {"project"}
            else:
                _tell_all(teller, unit, mapping)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]
            raise BadInput(
                f"{file.path.name}: {said['loc'][-1]} is {str(said['input'])[:60]!r}: {said['msg']}."
            ) from None
        own = _changed(teller, wanted)
        listed += len(rows)
        changed += len(rows & own)
    rows_in_all = sum(each.rows for each in file.wanted)
    report = FileReport(
        file=file.path.name,
        digest=file.digest,
        projects=tuple(each.key for each in file.wanted),
        rows=rows_in_all,
        recorded=changed,
        unchanged=listed - changed,
        rejected=tuple(rejected),
        ignored=tuple(ignored),
        notes=tuple(notes),
        records=tuple(unit.records[first:]),
    )
    return _complete(app, unit, report, mapping, first)


def _tell_all(teller: Teller, unit: UnitOfWork, mapping: Mapping) -> None:
    code = mapping.unit or NO_UNIT
    if mapping.unit or teller.wanted.people:
        _register(teller, unit, code, mapping)
    tell_states(teller)
    tell_milestones(teller)
    tell_people(teller, code)
    tell_work(teller)
    tell_loads(teller)
    tell_demand(teller)
    tell_hours(teller)


def _register(teller: Teller, unit: UnitOfWork, code: str, mapping: Mapping) -> None:
    """The unit, where it is not known yet, from the first day that the file tells of."""
    stream = stream_id("business-unit", code)
    if unit.history(stream).exists:
        return
    name = code if mapping.unit else "Of plans that name no unit"
    weeks = (monday for _, monday in teller.wanted.loads)
    days = [teller.wanted.day, *weeks, *(state.day for state in teller.wanted.states)]
    teller.tell(stream, "unit", UnitRegistered(name=name, parent=None, country=None), on=min(days))


def _changed(teller: Teller, wanted: Wanted) -> set[str]:
    """The rows of which something was recorded; hours are those of all assignments of a person or role."""
    changed = set(teller.changed)
    changed |= {
        row
        for row, (person, role) in wanted.assignment_rows.items()
        if (person and f"person {person}" in changed) or (role and f"role {role}" in changed)
    }
    return changed | {row for row, role in wanted.role_rows.items() if f"role {role}" in changed}


def _complete(app: Governance, unit: UnitOfWork, report: FileReport, mapping: Mapping, first: int) -> FileReport:
    import_id = f"{SOURCE}-{report.digest[:16]}"
    history = unit.history(stream_id("import", import_id))
    if not report.events and history.version:
        return report
    fields = {
        "import_id": import_id,
        "source_kind": SOURCE,
        "file_name": report.file,
        "file_digest": report.digest,
        "mapping_digest": mapping.digest,
        "rows": report.rows,
        "recorded": report.recorded,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
        "ignored": len(report.ignored),
        "events": report.events,
    }
    run = history.version + 1
    meta = Meta(ACTOR, command_id=f"{import_id}-{run}", correlation_id=f"import/{SOURCE}/{report.digest[:16]}")
    unit.handle(Intake(app.settings.secret.get_secret_value()).prepare(CompleteImport, fields, meta.said()), meta)
    return FileReport(
        report.file, report.digest, report.projects, report.rows, report.recorded, report.unchanged, report.rejected,
        report.ignored, report.notes, tuple(unit.records[first:]),
    )  # fmt: skip
