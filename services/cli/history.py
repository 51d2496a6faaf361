"""The events of one stream, and the withdrawal of one of them."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from schemas.catalogue import KINDS
from schemas.event import Record
from schemas.streams import checked
from schemas.voiding import Voided
from services import times
from services.cli import output
from services.cli.groups import nearest
from services.cli.output import Column
from services.errors import BadInput, NotFound
from services.settings import Settings

if TYPE_CHECKING:
    from schemas.fields import Note
    from services.commands.app import Governance, Meta, Outcome, UnitOfWork
    from services.commands.directory import Entry

_ALIASES = {"unit": "business-unit"}
_PERSONAL_KINDS = ("person", "workload", "timesheet", "training")
_PERSON_ID = re.compile(r"[A-Z2-7]{20}")
_SHOWN_OF_A_NOTE = 160
_COLUMNS = (
    Column("v", "version", number=True),
    Column("occurred", "occurred"),
    Column("recorded", "recorded"),
    Column("event", "event"),
    Column("by", "by"),
    Column("what", "what"),
)
_CSV = ("stream", "version", "occurred_at", "recorded_at", "type", "actor", "by", "superseded_by", "supersedes", "data")


@click.command(
    epilog="""\b
Example:
  pmo history project:CRANE-7 --known-at 2026-06-30
  pmo history workload:ann@example.org"""
)
@click.argument("stream")
@click.option("--as-of", metavar="DAY", help="Only what had happened by the end of this day.")
@click.option("--known-at", metavar="TIME", help="Only what had been recorded by this day's end or instant.")
@output.format_options
def history(stream: str, as_of: str | None, known_at: str | None, as_json: bool, as_csv: bool) -> None:
    """Every event of STREAM, such as project:CRANE-7, in the order of recording.

    An event that a later one corrects or withdraws is struck out and marked. A person's key may stand for the
    pseudonym. Names and notes come from the directory, as long as they are kept there.
    """
    from services.cli.recording import opened

    settings = Settings.load()
    until = times.end_of(as_of, "--as-of", settings.zone) if as_of is not None else None
    known = times.known(known_at, settings.zone) if known_at is not None else None
    with opened() as app:
        stream = resolved(app, stream)
        records = _found(app, stream, app.history(stream).records)
        shown = [r for r in records if known is None or r.recorded_at <= known]
        rows = _rows(app, shown, until)
    if as_json:
        output.as_json(rows)
    elif as_csv:
        output.as_csv(_CSV, rows)
    else:
        zone = settings.zone
        limits = [f"as of {as_of}"] if as_of else []
        limits += [f"known at {known_at}"] if known_at else []
        title = ", ".join([f"{stream}: {output.counted(len(rows), 'event')}", *limits])
        output.table(title, _COLUMNS, [{**row, **_for_people(row, zone)} for row in rows])


@click.command(
    epilog="""\b
Example:
  pmo void project:CRANE-7 3 --reason "entered for the wrong project\""""
)
@click.argument("stream")
@click.argument("version", type=click.IntRange(min=1), metavar="VERSION")
@click.option("--reason", metavar="TEXT", help="Why; kept in the erasable directory.")
@click.option("--command-id", metavar="ID", help="A second try with the same id records nothing.")
@click.option("--actor", metavar="LOGIN", help="Who says it; by default PMO_ACTOR or you.")
@click.option("--json", "as_json", is_flag=True, help="Print the event as JSON.")
def void(
    stream: str, version: int, reason: str | None, command_id: str | None, actor: str | None, as_json: bool
) -> None:
    """Withdraw VERSION of STREAM, which was recorded in error; it stays visible, and no longer counts.

    Voiding an event that corrects another one makes the earlier one count again.
    """
    from services.cli.generate import show
    from services.cli.recording import Common, Scribe, actor_of, meta_of, opened

    settings = Settings.load()
    said_by = actor_of(settings, actor)
    meta = meta_of(settings, Common(command_id=command_id), said_by)
    with opened() as app:

        def voided(unit: "UnitOfWork") -> "Outcome":
            outcome = withdraw(app, unit, stream, version, meta, reason)
            Scribe(app, unit).introduce(said_by, outcome)
            return outcome

        show([app.transact(voided)], as_json)


def withdraw(
    app: "Governance", unit: "UnitOfWork", stream: str, version: int, meta: "Meta", reason: str | None
) -> "Outcome":
    """Voids one event in a unit of work. Raises BadInput, NotFound or Rejected."""
    note, entries = _note(reason)
    stream = resolved(app, stream)
    # asked of the unit: it may hold events that are not written yet
    _found(app, stream, unit.history(stream).records)
    return unit.void(stream, version, meta, note, entries)


def _note(reason: str | None) -> "tuple[Note | None, tuple[Entry, ...]]":
    from services.commands.directory import write_note

    if reason is None:
        return None, ()
    try:
        note, entry = write_note(reason)
    except ValueError as error:
        raise BadInput(f"--reason: {error}.") from None
    return note, (entry,)


def resolved(app: "Governance", text: str, label: str = "STREAM") -> str:
    """The stream id that `text` means; a person's own key becomes the pseudonym. Raises BadInput or NotFound.

    `label` is what the argument is called.
    """
    from services.commands.directory import pseudonym

    kind, colon, keys = text.strip().partition(":")
    kind = _ALIASES.get(kind.lower(), kind.lower())
    if not colon:
        raise NotFound(f"{text!r} is not a stream such as project:ALPHA.{_meant(app, text.strip())}")
    if kind not in KINDS:
        raise NotFound(f"There is no kind of stream {kind!r}; there are {', '.join(KINDS)}.")
    if kind in _PERSONAL_KINDS:
        person, slash, rest = keys.partition("/")
        if not _PERSON_ID.fullmatch(person.upper()):
            try:
                person = pseudonym(app.settings.secret.get_secret_value(), person)
            except ValueError as error:
                raise BadInput(f"{label}: {error}.") from None
        keys = f"{person}{slash}{rest}"
    try:
        return checked(f"{kind}:{keys.upper()}")
    except ValueError as error:
        raise BadInput(f"{label}: {error}.") from None


def _found(app: "Governance", stream: str, records: list[Record]) -> list[Record]:
    if not records:
        kind, _, keys = stream.partition(":")
        hint = "" if kind in _PERSONAL_KINDS else _hint(app, keys, kind)
        raise NotFound(f"There is no stream {stream}.{hint}")
    return records


def _meant(app: "Governance", key: str) -> str:
    """What somebody may mean who leaves the kind of stream out: a person by their own key, or a code."""
    from services.commands.directory import pseudonym

    if key and app.history(f"person:{pseudonym(app.settings.secret.get_secret_value(), key)}").exists:
        return f" Did you mean person:{key}?"
    return _hint(app, key.upper())


def _hint(app: "Governance", keys: str, kind: str = "") -> str:
    by_keys = {stream.partition(":")[2]: stream for stream in app.store.streams(kind)}
    near = [by_keys[found] for found in nearest(keys, list(by_keys))]
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _rows(app: "Governance", records: Sequence[Record], until: datetime | None) -> list[dict[str, Any]]:
    from services.commands.erasing import subjects_in

    replaced = _replaced_by(records)
    voiding = {record.version for record in records if isinstance(record.event, Voided)}
    shown = [record for record in records if until is None or record.occurred_at <= until]
    datas = [json.loads(record.to_bytes())["data"] for record in shown]
    subjects = {record.actor for record in shown} | {s for data in datas for s in subjects_in(data)}
    names = _names(app, subjects)
    return [
        {
            "stream": record.stream,
            "version": record.version,
            "occurred_at": record.occurred_at,
            "precision": record.precision,
            "recorded_at": record.recorded_at,
            "reported_at": record.reported_at,
            "type": record.type_name,
            "actor": record.actor,
            "by": names.get(record.actor, record.actor),
            "superseded_by": replaced.get(record.version),
            "voided": replaced.get(record.version) in voiding,
            "supersedes": record.supersedes,
            "data": data,
            "readable": _readable(data, names),
        }
        for record, data in zip(shown, datas, strict=True)
    ]


def _replaced_by(records: Sequence[Record]) -> dict[int, int]:
    """For each version that no longer counts, the active one that superseded it."""
    replaced: dict[int, int] = {}
    for record in sorted(records, key=lambda r: r.version, reverse=True):
        if record.supersedes is not None and record.version not in replaced:
            replaced.setdefault(record.supersedes, record.version)
    return replaced


def _names(app: "Governance", subjects: Iterable[str]) -> dict[str, str]:
    found = app.store.values(subjects)
    preferred = ("name", "login", "email", "text")
    return {subject: next((by[f] for f in preferred if f in by), subject) for subject, by in found.items()}


def _readable(value: Any, names: dict[str, str]) -> Any:
    """The data with names for pseudonyms and texts for notes, without what is not set."""
    from services.commands.erasing import is_note

    if isinstance(value, str):
        return names.get(f"person:{value}", value)
    if isinstance(value, list):
        return [_readable(each, names) for each in value]
    if isinstance(value, dict):
        if is_note(value):
            return _short(names.get(f"note:{value['id']}", "(erased)"))
        return {name: _readable(each, names) for name, each in value.items() if each not in (None, [], {})}
    return value


def _short(note: str) -> str:
    line = " ".join(note.split())
    return line if len(line) <= _SHOWN_OF_A_NOTE else f"{line[:_SHOWN_OF_A_NOTE]}... ({len(note):,} characters)"


def _for_people(row: dict[str, Any], zone: Any) -> dict[str, Any]:
    from services.cli.recording import short_type

    occurred = row["occurred_at"].astimezone(zone)
    marks = []
    if row["superseded_by"]:
        marks.append(f"{'voided' if row['voided'] else 'superseded'} by {row['superseded_by']}")
    if row["supersedes"]:
        marks.append(f"{'voids' if short_type(row['type']) == 'voided' else 'supersedes'} {row['supersedes']}")
    what = output.text(row["readable"])
    return {
        "occurred": f"{occurred:%Y-%m-%d}" if row["precision"] == "day" else f"{occurred:%Y-%m-%d %H:%M}",
        "recorded": f"{row['recorded_at'].astimezone(zone):%Y-%m-%d %H:%M}",
        "event": short_type(row["type"]),
        "what": " ".join([*(f"[{mark}]" for mark in marks), what]).strip(),
        "struck": bool(row["superseded_by"]),
    }
