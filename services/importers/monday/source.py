"""monday.com as a source: tells Excel from JSON, settles what the files leave open, and makes exports of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import documents
from services.importers.moments import Calendar
from services.importers.monday import items
from services.importers.monday.entry import Statuses
from services.importers.monday.mapping import BoardRule, Level, MondayMapping
from services.importers.monday.sheet import Sheet
from services.importers.monday.things import Things, listing
from services.importers.shown import Export, When, last_moment
from services.importers.source import Given, Read, Source
from services.shown import counted, said_of

_EPILOG = """\b
Examples:
  pmo import monday board.json next-1.json next-2.json --zone Europe/London --dry-run
  pmo import monday board.json next-1.json next-2.json --complete
  pmo import monday board.xlsx --data-date 2026-06-30 --write-mapping monday.yaml
  pmo import monday board.xlsx --mapping monday.yaml --report report.json"""


def read(paths: Sequence[Path], mapping: MondayMapping, given: Given) -> Read:
    """All files of one import. Nothing is recorded before all of them are understood."""
    statuses = Statuses(mapping)
    reader = items.Reader(mapping, Calendar(_zone(mapping), mapping.date_order), statuses)
    answered = {path for path in paths if documents.is_document(path)}
    for path in paths:
        if path in answered:
            reader.learn(path)
    sheets: dict[str, Sheet] = {}
    read: list[Sheet | items.File] = []
    for path in paths:
        if path in answered:
            read.append(reader.read(path))
        else:
            sheet = Sheet(path, mapping, given)
            if (other := sheets.setdefault(sheet.board, sheet)) is not sheet:
                raise BadInput(
                    f"{other.file} and {sheet.file} are both of the board {sheet.board!r}; import one by one."
                )
            read.append(sheet)

    def level(board: str) -> Level:
        return sheets[board].level if board in sheets else reader.level(board)

    things = Things(mapping, statuses, level)
    files = [each for each in read if isinstance(each, items.File)]
    for file in files:
        for entry in file.entries:
            reader.tell_history(entry)
    things.add(entry for each in read for entry in each.entries)
    _check_whole(reader, files, mapping)
    exports = [_export(each, things, given) for each in read]
    if files:
        files[0].notes.extend(_settled(reader, _zone(mapping)))
    for sheet in sheets.values():
        sheet.notes.extend(_said(sheet, mapping))
    if statuses.guessed:
        said = ", ".join(f"{name} {category}" for name, category in sorted(statuses.guessed.items()))
        exports[0].notes.append(f"guessed by their names, since no board says that they are done: {said}")
    boards = {**reader.rules(), **{sheet.board: sheet.filled for sheet in sheets.values()}}
    return Read(exports, _filled(mapping, statuses, things, boards))


def _zone(mapping: MondayMapping) -> ZoneInfo | None:
    return ZoneInfo(mapping.zone) if mapping.zone else None


def _export(read: Sheet | items.File, things: Things, given: Given) -> Export:
    rows = sorted([*read.rows, *map(things.row, read.entries)], key=lambda row: row.number)
    if isinstance(read, Sheet):
        day: When = read.data_date
    else:
        day = given.data_date or last_moment(entry.seen for entry in read.entries) or EARLIEST
    boards = dict.fromkeys(entry.board for entry in read.entries if things.is_project(entry))
    return Export(
        read.file,
        read.digest,
        read.place,
        rows,
        day,
        read.notes,
        tuple(read.carried),
        tuple(read.other),
        listings=tuple(map(listing, boards)),
    )


def _check_whole(reader: items.Reader, files: Sequence[items.File], mapping: MondayMapping) -> None:
    """Says that items are missing where the answers themselves say so, and then takes nothing as gone."""
    missing = reader.cursors - reader.nexts
    short = [board for board in reader.boards.values() if board.count is not None and board.shown < board.count]
    if missing > 0:
        answers = "an answer has" if missing == 1 else f"{missing} answers have"
        said = f"{answers} a cursor to more items, and the next page is not among the files"
    elif short:
        board = short[0]
        has = f"{counted(board.count or 0, 'item')} and the files have {board.shown:,}"
        said = f"the board {board.name or board.id} has {has}"
    else:
        return
    if mapping.complete:
        raise BadInput(f"{said[0].upper()}{said[1:]}; give all pages, or no --complete.")
    files[-1].notes.append(f"the export is not complete: {said}")


def _settled(reader: items.Reader, zone: ZoneInfo | None) -> list[str]:
    notes = [
        *reader.said,
        "a state is dated by updated_at; status, people and timeline by the changed_at of their columns",
    ]
    if reader.tracked:
        named = zone.key if zone else "UTC, since there is no --zone"
        notes.append(f"the days of tracked time are those of {named}")
    if reader.several:
        notes.append(_with_several(reader.several))
    if reader.teams:
        they = said_of(reader.teams, "item", "is assigned to a team", "are assigned to teams")
        notes.append(f"{they}, and a team is no person and not carried")
    if reader.held_back:
        notes.append(
            f"mirrors, formulas or dependencies of {counted(reader.held_back, 'item')} have no value in the answer, "
            "and nothing is told of them; ask for display_value and linked_item_ids"
        )
    if reader.without_sessions:
        they = said_of(reader.without_sessions, "item", "has", "have")
        notes.append(f"{they} tracked time without sessions, so nobody and no day has it")
    if reader.logged:
        begins = min(reader.log_begins.values())
        entries = "entry" if reader.logged == 1 else "entries"
        notes.append(f"the activity log has {reader.logged:,} {entries} and goes back to {begins:%Y-%m-%d %H:%M} UTC")
    if reader.loose:
        that = "that no file shows; nothing is told of"
        loose = said_of(reader.loose, "item", f"{that} it", f"{that} them")
        notes.append(f"the activity log speaks of {loose}")
    return notes


def _with_several(number: int) -> str:
    they = said_of(number, "item", "has", "have")
    return f"{they} several people: the first is the assignee, all stand in the schedule"


def _said(sheet: Sheet, mapping: MondayMapping) -> list[str]:
    notes = [
        *sheet.said,
        f"the board is known by its name, {sheet.board}, since an Excel export has no ids of boards and groups",
        "a state is dated by the column Last Updated, else it is of the data date; Excel shows no moves between",
    ]
    if any(person.key == person.name for entry in sheet.entries for person in entry.people):
        notes.append("people are known by the names in the file, since it has no ids of them")
    if sheet.several:
        notes.append(_with_several(sheet.several))
    if not sheet.has_ids:
        what = "the column that the mapping names as `key`" if sheet.has_key else "their name within their group"
        notes.append(f"items are known by {what}, since the file has no column Item ID")
    return notes


def _filled(
    mapping: MondayMapping, statuses: Statuses, things: Things, boards: Mapping[str, BoardRule]
) -> MondayMapping:
    return mapping.model_copy(
        update={
            "boards": {**mapping.boards, **boards},
            "statuses": dict(sorted({**statuses.told(), **mapping.statuses}.items())),
            "project_statuses": dict(sorted({**things.project_statuses.told, **mapping.project_statuses}.items())),
        }
    )


SOURCE = Source(
    "monday",
    "Import boards of monday.com as projects with their items of work, and their history.",
    MondayMapping,
    read,
    "the Excel export of a board, and answers of the GraphQL interface with boards, items and activity logs",
    _EPILOG,
)
