"""``pmo person erase`` and ``pmo note erase``: names and notes taken out of every copy, for good."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.generate import group as generated
from services.cli.groups import SuggestingGroup
from services.cli.output import Column
from services.errors import BadInput, Unavailable
from services.settings import Settings

if TYPE_CHECKING:
    from services.commands.app import Governance
    from services.commands.erasing import Known
    from services.erasure import Standing

_WAIT_S = 120.0
_COLUMNS = (Column("place", "place"), Column("copies", "copies"), Column("", "note"))
_OUT_OF_REACH = "Out of reach: backups, reports and exports made before; see docs/erasure.md."

_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_wait = click.option(
    "--wait", is_flag=True, help="Stay until no copy is left; ends with 7 if one is after two minutes."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(
    "erase",
    epilog="""\b
Example:
  pmo person erase ann@example.org
  pmo person erase "Ann Smith" --notes --wait
  pmo person erase person:BQQZK4ZDRLQMKZVZ2CJY --undo""",
)
@click.argument("person")
@click.option("--notes", "with_notes", is_flag=True, help="Also the notes whose text names the person.")
@click.option("--undo", is_flag=True, help="Let the directory take in a name again, as after a new consent.")
@_yes
@_wait
@_json
def erase_person(person: str, with_notes: bool, undo: bool, yes: bool, wait: bool, as_json: bool) -> None:
    """Erase the name, e-mail and login of PERSON: a key such as a login, a pseudonym, or a name.

    The events stay, and so does every figure; they hold a pseudonym only. Afterwards nothing brings the name back, no
    command and no import, until --undo. To do it again shows what still stands where.
    """
    from services.cli.recording import opened
    from services.commands import erasing

    settings = Settings.load()
    with opened() as app:
        found = erasing.find_person(app, person)
        if undo:
            _undo(app, found, yes, as_json)
            return
        mentioning = erasing.known(app, erasing.notes_that_mention(app, found.values.values()))
        if not yes and not found.is_erased:
            named = f" and {output.counted(len(mentioning), 'note')}" if with_notes and mentioning else ""
            _ask(f"Erase {_told(found)}{named} for good?")
        _erase(
            settings, app, [found, *(mentioning if with_notes else [])], wait, as_json, [] if with_notes else mentioning
        )


@click.command(
    "erase",
    epilog="""\b
Example:
  pmo note erase project:CRANE-7/3
  pmo note erase 5f0c9a1be2d34c6f8a7b90c1d2e3f405 --yes""",
)
@click.argument("note")
@_yes
@_wait
@_json
def erase_note(note: str, yes: bool, wait: bool, as_json: bool) -> None:
    """Erase the text of NOTE: a note's id, or an event STREAM/VERSION, of which all notes go.

    The event stays, with the note's id and a digest that nobody can check a guess against any more.
    """
    from services.cli.history import resolved
    from services.cli.recording import opened
    from services.commands import erasing

    settings = Settings.load()
    with opened() as app:
        stream, slash, version = note.rpartition("/")
        found = erasing.find_notes(app, f"{resolved(app, stream)}/{version}" if slash else note)
        if not yes and not all(each.is_erased for each in found):
            _ask(f"Erase {'; '.join(_told(each) for each in found)} for good?")
        _erase(settings, app, found, wait, as_json, [])


def person(name: str) -> click.Group:
    """The commands of the catalogue about people, and their erasure."""
    made = generated(name)
    made.add_command(erase_person)
    return made


_NOTE_EXAMPLE = """\b
Example:
  pmo note erase project:CRANE-7/5"""


def note(name: str) -> click.Group:
    """What can be done to notes."""
    made = SuggestingGroup(name, help="The free texts of events: reasons, narratives, comments.", epilog=_NOTE_EXAMPLE)
    made.add_command(erase_note)
    return made


def _undo(app: "Governance", found: "Known", yes: bool, as_json: bool) -> None:
    from services.commands import erasing

    if not found.erased:
        raise BadInput(f"{found.subject} is not erased, so there is nothing to undo.")
    if not yes:
        _ask(f"Let names of {found.subject} be taken in again?")
    erasing.lift(app, found)
    if as_json:
        output.as_json({"lifted": [found.subject]})
    else:
        click.echo(f"{found.subject} may be named again; what was erased does not come back by itself.")


def _erase(
    settings: Settings,
    app: "Governance",
    found: "Sequence[Known]",
    wait: bool,
    as_json: bool,
    mentioning: "Sequence[Known]",
) -> None:
    from services import erasure
    from services.cli.main import LOG
    from services.commands import erasing
    from services.projections.worker import log_file

    erasing.erase(app, found)
    values = [value for each in found for value in each.values.values()]
    erasure.blot_out([settings.home / LOG, log_file(settings)], values)
    places = erasure.wait_until_gone(settings, app, [each.subject for each in found], _WAIT_S if wait else 0)
    if as_json:
        output.as_json(
            {
                "erased": [{"subject": each.subject, "fields": sorted(each.values)} for each in found],
                "erased_before": [each.subject for each in found if each.is_erased],
                "notes_that_name_the_person": [each.subject for each in mentioning],
                "places": [{"place": p.place, "copies": p.copies, "note": p.note} for p in places],
            }
        )
    else:
        _show(found, places, mentioning)
    if wait and any(each.copies != 0 for each in places):
        left = ", ".join(each.place for each in places if each.copies != 0)
        raise Unavailable(f"Erased, but copies are left: {left}; see above, then run the same command again.")


def _show(found: "Sequence[Known]", places: "Iterable[Standing]", mentioning: "Sequence[Known]") -> None:
    title = "\n".join(
        f"{each.subject}: {'was erased before' if each.is_erased else f'erased ({_fields(each)})'}" for each in found
    )
    notes = [_OUT_OF_REACH]
    if mentioning:
        ids = ", ".join(each.subject for each in mentioning)
        notes.insert(0, f"The person is named in {ids}; --notes, or 'pmo note erase', erases these.")
    output.table(title, _COLUMNS, [_row(each) for each in places], notes)


def _row(place: "Standing") -> dict[str, Any]:
    copies = "unknown" if place.copies is None else "none left" if place.copies == 0 else f"{place.copies:,} left"
    return {"place": place.place, "copies": copies, "note": place.note}


def _told(found: "Known") -> str:
    values = ", ".join(repr(output.printable(value)) for value in found.values.values())
    return f"{found.subject} ({values or 'of whom no name is kept'})"


def _fields(found: "Known") -> str:
    return ", ".join(sorted(found.values)) or "nothing was known"


def _ask(question: str) -> None:
    click.confirm(question, abort=True, err=True)
