"""Projects as a source shows them: an observed state, told where it differs from the last one of the same source."""

from typing import Any

from schemas.progress import Recorded
from schemas.project import LeftSource
from schemas.streams import stream_id
from services.importers.shown import Project, When
from services.importers.tell.teller import Teller

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


def tell_project_gone(teller: Teller, stream: str, when: When, listing: str, listed: tuple[str, ...]) -> bool:
    """Records that a source lists a project no longer; False if it never did, or was told so.

    `listed` are what the source's keys of projects of this listing begin with: of others it says nothing.
    """
    until = teller.end_of(when)
    seen = [
        record
        for record in teller.records(stream)
        if isinstance(record.event, Recorded | LeftSource) and teller.is_ours(record) and record.occurred_at <= until
    ]
    last = seen[-1].event if seen else None
    if not isinstance(last, Recorded) or not (last.source_key or "").startswith(listed):
        return False
    teller.tell(stream, LeftSource(listing=listing), when, teller.id_of(stream, "gone", str(when)))
    return True
