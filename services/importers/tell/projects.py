"""Projects as a source shows them: an observed state, told where it differs from the last one of the same source."""

from typing import Any

from schemas.event import Record
from schemas.progress import Recorded
from schemas.project import LeftSource
from schemas.streams import stream_id
from services.importers.shown import Project, When
from services.importers.tell.teller import Teller, moment

_NOTHING: dict[str, Any] = dict.fromkeys(Recorded.model_fields)


def tell_project(teller: Teller, project: Project) -> None:
    """Records the state if the source showed another one before, or none; a report once."""
    stream = stream_id("project", project.key)
    records = teller.records(stream)
    if project.if_unknown and records:
        return
    fields = {**_NOTHING, **project.fields}
    narrative = fields.pop("narrative", None)
    if project.id is not None:
        _tell_report(teller, stream, project, fields, narrative)
        return
    until = teller.end_of(project.seen)
    shown = [
        record
        for record in records
        if isinstance(record.event, Recorded | LeftSource) and teller.is_ours(record) and record.occurred_at <= until
    ]
    if shown and isinstance(shown[-1].event, Recorded):
        note = shown[-1].event.narrative
        was = teller.text_of(note) if note else None
        # a text that was erased is not brought in again
        if note is not None and was is None:
            narrative = None
        held = shown[-1].event.model_dump(exclude={"narrative"})
        same_text = was == (narrative and narrative.strip())
        if held == {name: value for name, value in fields.items() if name in held} and same_text:
            return
    told, entries = teller.note(narrative)
    event = Recorded.model_validate({**fields, "narrative": told})
    command_id = teller.id_of(stream, str(project.seen), repr(sorted(event.model_dump(exclude={"narrative"}).items())))
    teller.tell(stream, event, project.seen, command_id, notes=entries)


def _tell_report(teller: Teller, stream: str, project: Project, fields: dict[str, Any], narrative: str | None) -> None:
    command_id = teller.id_of(stream, "report", project.id or "")
    if teller.has_told(stream, command_id):
        return
    note, entries = teller.note(narrative)
    event = Recorded.model_validate({**fields, "narrative": note})
    teller.tell(stream, event, project.seen, command_id, notes=entries)


def is_listed(teller: Teller, stream: str, listed: tuple[str, ...]) -> bool:
    """Whether a project is, as far as is known, in a listing of this source; `listed` is how the keys in it begin."""
    last = next(reversed(_of_source(teller, stream)), None)
    return last is not None and isinstance(last.event, Recorded) and (last.event.source_key or "").startswith(listed)


def tell_project_gone(teller: Teller, stream: str, when: When, listing: str) -> bool:
    """Records that a source lists a project no longer; False where the listing may be older than the project."""
    seen = _of_source(teller, stream)
    if seen[0].occurred_at > teller.end_of(when):
        return False
    # the latest time in a listing may lie before the last that was told of what it no longer shows
    then = max(when, seen[-1].occurred_at, key=lambda each: moment(each, teller.settings))
    teller.tell(stream, LeftSource(listing=listing), then, teller.id_of(stream, "gone", str(then)))
    return True


def _of_source(teller: Teller, stream: str) -> list[Record]:
    """What this source told of a project, in the order of what it means."""
    told = teller.records(stream)
    return [each for each in told if isinstance(each.event, Recorded | LeftSource) and teller.is_ours(each)]
