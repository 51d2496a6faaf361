"""monday.com as a source: tells Excel from JSON, settles what the files leave open, and makes exports of them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.event import EARLIEST
from services.errors import BadInput
from services.importers import documents
from services.importers.moments import Calendar
from services.importers.monday import items
from services.importers.monday.entry import Statuses
from services.importers.monday.mapping import MondayMapping
from services.importers.monday.things import Things
from services.importers.shown import Export, When
from services.importers.source import Given, Read, Source

_EPILOG = """\b
Examples:
  pmo import monday board.json next-1.json next-2.json --zone Europe/London --dry-run
  pmo import monday board.json next-1.json next-2.json --complete
  pmo import monday Website_launch.xlsx --data-date 2026-06-30 --write-mapping monday.yaml
  pmo import monday Website_launch.xlsx --mapping monday.yaml --report report.json"""


def read(paths: Sequence[Path], mapping: MondayMapping, given: Given) -> Read:
    """All files of one import. Nothing is recorded before all of them are understood."""
    statuses = Statuses(mapping)
    zone = ZoneInfo(mapping.zone) if mapping.zone else None
    reader = items.Reader(mapping, Calendar(zone, mapping.date_order), statuses)
    texts = [documents.load(path) for path in paths]
    for text in texts:
        reader.learn(text)
    files = [reader.read(text) for text in texts]
    for entry in (entry for file in files for entry in file.entries):
        reader.tell_history(entry)
    _check_whole(reader, files, mapping)
    things = Things(mapping, statuses, reader.level)
    things.add(entry for file in files for entry in file.entries)
    exports = [_export(file, things, given) for file in files]
    exports[0].notes.extend(_settled(reader, things, zone))
    if statuses.guessed:
        said = ", ".join(f"{name} {category}" for name, category in sorted(statuses.guessed.items()))
        exports[0].notes.append(f"guessed by their names, since no board says that they are done: {said}")
    return Read(exports, _filled(mapping, statuses, things))


def _export(file: items.File, things: Things, given: Given) -> Export:
    rows = sorted([*file.rows, *(things.row(entry) for entry in file.entries)], key=lambda row: row.number)
    latest = given.data_date or _latest(entry.seen for entry in file.entries)
    carried = (*items.CARRIED, *file.carried)
    return Export(file.file, file.digest, "element", rows, latest or EARLIEST, file.notes, carried, tuple(file.other))


def _check_whole(reader: items.Reader, files: Sequence[items.File], mapping: MondayMapping) -> None:
    """Says that items are missing where the answers themselves say so, and then takes nothing as gone."""
    missing = reader.cursors - reader.nexts
    short = [board for board in reader.boards.values() if board.count is not None and board.shown < board.count]
    if missing > 0:
        said = f"{missing} answers have a cursor to more items, and the next page is not among the files"
    elif short:
        board = short[0]
        said = f"the board {board.name or board.id} has {board.count:,} items and the files have {board.shown:,}"
    else:
        return
    if mapping.complete:
        raise BadInput(f"{said[0].upper()}{said[1:]}; give all pages, or no --complete.")
    files[-1].notes.append(f"the export is not complete: {said}")


def _settled(reader: items.Reader, things: Things, zone: ZoneInfo | None) -> list[str]:
    notes = ["a state is dated by updated_at, its status, people and timeline by the changed_at of their columns"]
    if reader.several:
        notes.append(f"{reader.several} items have several people: the first one is the assignee, no other is carried")
    if reader.teams:
        notes.append(f"{reader.teams} items are assigned to teams, which are no people and not carried")
    if reader.held_back:
        notes.append(
            f"of {reader.held_back} items mirrors, formulas or dependencies have no value in the answer, and nothing "
            "is told of them; ask for display_value and linked_item_ids"
        )
    if reader.without_sessions:
        notes.append(f"{reader.without_sessions} items have tracked time without sessions, so nobody and no day has it")
    if reader.loose:
        notes.append(f"the activity log speaks of {reader.loose} items that no file shows; nothing is told of them")
    return notes


def _filled(mapping: MondayMapping, statuses: Statuses, things: Things) -> MondayMapping:
    return mapping.model_copy(
        update={
            "statuses": dict(sorted({**statuses.told(), **mapping.statuses}.items())),
            "project_statuses": dict(sorted({**things.project_statuses.told, **mapping.project_statuses}.items())),
        }
    )


def _latest(moments: Iterable[When]) -> When | None:
    now = dt.datetime.now(dt.UTC)
    return max((each for each in moments if isinstance(each, dt.datetime) and each <= now), default=None)


SOURCE = Source(
    "monday",
    "Import boards of monday.com as projects with their items of work, and their history.",
    MondayMapping,
    read,
    "the Excel export of a board, and answers of the GraphQL interface with boards, items and activity logs",
    _EPILOG,
)
