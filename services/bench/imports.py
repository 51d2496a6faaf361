"""How fast exports of other tools come in: from the bytes of a file to recorded events."""

import csv
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from services.bench.boards import MOVES, write_board, write_sheet
from services.bench.program import around, run
from services.bench.stage import Stage, timed
from services.bench.up import peak_of
from services.errors import Unavailable
from services.importers.exports import FileReport, record, undisturbed
from services.importers.source import Given, load, load_mapping
from services.importers.sources import SOURCES
from services.runtime import open_app

_ROWS = 20_000
_WARMING = 200
_BEGINNING = datetime(2023, 1, 2, 8, tzinfo=UTC)
_STATUSES = {"To Do": "new", "In Progress": "indeterminate", "In Review": "indeterminate", "Done": "done"}
_HEADER = (
    "Summary", "Issue key", "Issue id", "Issue Type", "Status", "Project key", "Project name", "Priority", "Resolution",
    "Assignee", "Assignee Id", "Created", "Updated", "Resolved", "Sprint", "Sprint", "Labels", "Original estimate",
    "Work Ratio", "Comment", "Status Category",
)  # fmt: skip
_TASK_HEADER = (
    "Task ID", "Created At", "Completed At", "Last Modified", "Name", "Section/Column", "Assignee", "Assignee Email",
    "Start Date", "Due Date", "Tags", "Notes", "Projects", "Parent task", "Blocked By (Dependencies)",
    "Blocking (Dependencies)", "Priority", "Estimated time",
)  # fmt: skip


def jira(stage: Stage, folder: Path, rows: int) -> Iterator[tuple[str, float]]:
    """Rows of a CSV, and entries of the changelogs of a JSON, a second."""
    with _importing(stage, "jira", Given(zone=ZoneInfo("Europe/London"))) as bring_in:
        # the models of events are built at their first use
        bring_in(_table(folder, "WARM", _WARMING))
        bring_in(_search(folder, "WARMER", _WARMING))
        table = _table(folder, "CSV", rows)
        seconds, report = timed(partial(bring_in, table))
        yield "CSV rows to recorded events", report.recorded / seconds
        search = _search(folder, "JSON", rows)
        seconds, report = timed(partial(bring_in, search))
        yield "JSON changelog entries to recorded events", (len(_STATUSES) - 1) * report.recorded / seconds


def asana(stage: Stage, folder: Path, rows: int) -> float:
    """Rows of a project's CSV a second."""
    with _importing(stage, "asana", Given()) as bring_in:
        bring_in(_tasks(folder, "Warm", _WARMING))
        file = _tasks(folder, "Tasks", rows)
        seconds, report = timed(partial(bring_in, file))
        return report.recorded / seconds


def monday(stage: Stage, folder: Path, rows: int) -> float:
    """Entries of the activity log of a board a second, each item having gone through all statuses."""
    with _importing(stage, "monday", Given(zone=ZoneInfo("Europe/London"))) as bring_in:
        bring_in(write_board(folder / "warm.jsonl", 1, _WARMING, with_log=True))
        board = write_board(folder / "board.jsonl", 2, rows, with_log=True)
        seconds, report = timed(partial(bring_in, board))
        return len(MOVES) * report.recorded / seconds


def smartsheet(stage: Stage, folder: Path, rows: int) -> float:
    """Rows of a sheet's CSV a second."""
    with _importing(stage, "smartsheet", Given(zone=ZoneInfo("Europe/London"))) as bring_in:
        bring_in(write_sheet(folder / "Warm.csv", _WARMING))
        sheet = write_sheet(folder / "Sheet.csv", rows)
        seconds, report = timed(partial(bring_in, sheet))
        return report.recorded / seconds


_SAYING_ITS_MEMORY = """
from pathlib import Path
from services.cli.main import main
try:
    main()
finally:
    print(Path("/proc/self/status").read_text())
"""


def memory_of_monday(stage: Stage, folder: Path, items: int) -> float:
    """The most memory, in MiB, that the program takes to import so many items of monday.com."""
    board = write_board(folder / "many.jsonl", 3, items, with_log=False)
    home = stage.folder / "imports-many"
    run(home, "init")
    said = subprocess.run(
        [sys.executable, "-c", _SAYING_ITS_MEMORY, "import", "monday", str(board)],
        env=around(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise Unavailable(f"The import of {items:,} items that was to be measured ended with {said.returncode}.")
    return peak_of(said.stdout) / 2**20


@contextmanager
def _importing(stage: Stage, name: str, given: Given) -> Iterator[Callable[[Path], FileReport]]:
    """What brings a file of this source into a workspace of its own."""
    source = load(next(row for row in SOURCES if row.name == name))
    mapping = load_mapping(source, None, given)
    with open_app(stage.workspace(f"imports-{name}")) as app:

        def bring_in(file: Path) -> FileReport:
            with undisturbed():
                (report,) = record(app, source, source.read([file], mapping, given))
            return report

        yield bring_in


def rows_of(stage: Stage, most: int = _ROWS) -> int:
    """How many rows are brought in."""
    return max(_WARMING, min(most, stage.events))


def _table(folder: Path, project: str, rows: int) -> Path:
    """A third of the issues each waits, is worked on, and is done."""
    rng = random.Random(7)
    lines: list[Sequence[object]] = [_HEADER]
    for number in range(rows):
        created = _BEGINNING + timedelta(minutes=rng.randrange(400_000))
        changed = created + timedelta(minutes=rng.randrange(90_000))
        status = ("To Do", "In Progress", "Done")[number % 3]
        done = status == "Done"
        lines.append(
            (
                f"What is to be done, {number}", f"{project}-{number}", number, "Story", status, project,
                "Project", "High", "Done" if done else "", f"Person {number % 60}", f"id:{number % 60}",
                _short(created), _short(changed), _short(changed) if done else "", "Sprint 1", "Sprint 2", "web",
                3600 * (number % 9), -1, "", status,
            )
        )  # fmt: skip
    return _written(folder / f"{project}.csv", lines)


def _tasks(folder: Path, project: str, rows: int) -> Path:
    """A third of the tasks each waits, is worked on, and is completed."""
    rng = random.Random(7)
    lines: list[Sequence[object]] = [_TASK_HEADER]
    for number in range(rows):
        created = _BEGINNING.date() + timedelta(days=rng.randrange(300))
        changed = created + timedelta(days=rng.randrange(60))
        section = ("To Do", "In Progress", "Done")[number % 3]
        lines.append(
            (
                1_200_000_000_000_001 + number, created, changed if section == "Done" else "", changed,
                f"{project} {number}", section, f"Person {number % 60}", f"p{number % 60}@example.org", created,
                changed, "web", "x" * 100, project, "", "", "", "High", f"{number % 9}h",
            )
        )  # fmt: skip
    return _written(folder / f"{project}.csv", lines)


def _written(file: Path, lines: Iterable[Sequence[object]]) -> Path:
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(lines)
    return file


def _search(folder: Path, project: str, issues: int) -> Path:
    """Each issue went through all statuses."""
    rng = random.Random(7)
    found = []
    names = list(_STATUSES)
    for number in range(issues):
        created = at = _BEGINNING + timedelta(minutes=rng.randrange(400_000))
        histories = []
        for step, (old, new) in enumerate(zip(names, names[1:], strict=False)):
            at += timedelta(hours=rng.randrange(1, 90))
            item = {"field": "status", "fieldtype": "jira", "from": "1", "fromString": old, "to": "3", "toString": new}
            histories.append(
                {"id": f"{number}{step}", "author": {"accountId": "a"}, "created": _long(at), "items": [item]}
            )
        fields = {
            "summary": f"What is to be done, {number}",
            "status": {"name": "Done", "statusCategory": {"key": "done"}},
            "project": {"key": project, "name": "Project"},
            "issuetype": {"name": "Story"},
            "assignee": {"accountId": f"a{number % 50}", "displayName": "Somebody"},
            "created": _long(created),
            "updated": _long(at),
            "resolution": {"name": "Done"},
            "description": "x" * 400,
        }
        found.append(
            {"id": f"{number}", "key": f"{project}-{number}", "fields": fields, "changelog": {"histories": histories}}
        )
    file = folder / f"{project}.json"
    file.write_text(json.dumps({"total": issues, "issues": found}))
    return file


def _short(moment: datetime) -> str:
    return moment.strftime("%d/%b/%y %I:%M %p")


def _long(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
