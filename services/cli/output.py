"""What is printed: tables for people, JSON and CSV for programs, progress on standard error."""

import csv
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from services.nameless import shortened
from services.shown import count as count
from services.shown import counted as counted
from services.shown import figure as figure
from services.shown import money as money
from services.shown import percent as percent

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table
    from rich.text import Text

# what is piped is searched and cut by programs: no line of it is broken
PIPED_WIDTH = 100_000
_GAP = 2
_WHOLE_WORD = 24
_WHOLE_IDENTIFIER = 36
_INDENT = 4
# lines, about, that a cell may be high before its column gives way
_HIGHEST = 4
# with what it is indented by, as that is not cut off either
_WORD = re.compile(r"^ *[^ ]+|[^ ]+")
# what moves the cursor, breaks a line or turns the direction of writing would spoil a table
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_STYLES = {
    "violated": "red",
    "failed": "red",
    "cured late": "yellow",
    "warning": "yellow",
    "no evidence": "yellow",
    "satisfied": "green",
    "ok": "green",
}


class Column(NamedTuple):
    """A column of a table: its heading, its field in the rows, and whether it holds figures or identifiers."""

    title: str
    field: str
    number: bool = False
    identifier: bool = False


def format_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds ``--json`` and ``--csv`` to a command; it gets ``as_json`` and ``as_csv``."""
    one = {"is_flag": True, "callback": _one_format}
    command = click.option("--csv", "as_csv", help="Print comma-separated values.", **one)(command)  # type: ignore[arg-type]
    return click.option("--json", "as_json", help="Print JSON.", **one)(command)  # type: ignore[arg-type]


def _one_format(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    other = "as_csv" if parameter.name == "as_json" else "as_json"
    if value and context.params.get(other):
        raise click.UsageError("--json and --csv exclude each other; give one of them.", context)
    return value


def table(title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> None:
    """Prints rows as a table: never wider than the terminal, and nothing cut off.

    A column without anything in it is left out. What there is no room for beside the others stands on lines of its own
    below each row.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    piped = not sys.stdout.isatty()
    console = Console(highlight=False, emoji=False, width=PIPED_WIDTH if piped else None)
    cells = [[_table_cell(column, row) for column in columns] for row in rows]
    columns, cells = _filled(columns, cells)
    sizes = [_size(column, [row[n] for row in cells]) for n, column in enumerate(columns)]
    beside = _beside(columns, sizes, console.width)
    widths = _widths([sizes[n] for n in beside], console.width)
    headed = [columns[n] for n in beside]
    with console.capture() as printed:
        if title:
            console.print(Text(printable(title)), style="bold", soft_wrap=piped)
        shown = _grid(headed, widths, heading=any(column.title for column in headed))
        for row, line in zip(rows, cells, strict=True):
            style = "dim strike" if row.get("struck") else ""
            shown.add_row(*(_styled(line[n]) for n in beside), style=style)
            below = [
                f"{column.title}: {line[n]}" if column.title else line[n]
                for n, column in enumerate(columns)
                if n not in beside and line[n]
            ]
            if below:
                console.print(shown)
                console.print(Padding(Text("; ".join(below), style=style, overflow="fold"), (0, 0, 0, _INDENT)))
                shown = _grid(headed, widths, heading=False)
        if shown.row_count:
            console.print(shown)
        for note in notes:
            console.print(Text(printable(note)), soft_wrap=piped)
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


class _Size(NamedTuple):
    """How wide a column is with each cell on one line, and how narrow it may become."""

    whole: int
    least: int


def _filled(columns: Sequence[Column], cells: list[list[str]]) -> tuple[Sequence[Column], list[list[str]]]:
    filled = [n for n in range(len(columns)) if any(row[n] for row in cells)]
    return [columns[n] for n in filled], [[row[n] for n in filled] for row in cells]


def _size(column: Column, cells: Sequence[str]) -> _Size:
    from rich.cells import cell_len

    natural = max(map(cell_len, cells), default=0)
    # a word that is broken in two cannot be copied
    words = max((cell_len(word) for cell in cells for word in _WORD.findall(cell)), default=0)
    words = min(words, _WHOLE_IDENTIFIER if column.identifier else _WHOLE_WORD)
    heading = max(map(len, column.title.split()), default=0)
    whole = max(len(column.title), natural)
    return _Size(whole, min(whole, max(heading, natural if column.number else max(words, -(-natural // _HIGHEST)))))


def _beside(columns: Sequence[Column], sizes: Sequence[_Size], width: int) -> list[int]:
    """The columns that there is room for: the widest give way, identifiers last, and what a row begins with never."""
    beside = list(range(len(columns)))
    while sum(sizes[n].least for n in beside) + _GAP * (len(beside) - 1) > width and len(beside) > 1:
        short = [n for n in beside if columns[n].identifier and sizes[n].whole <= _WHOLE_IDENTIFIER]
        # what a row begins with tells it from the others; an identifier may be too long for that, and is not broken
        movable = [n for n in beside if n != beside[0] or (columns[n].identifier and n not in short)]
        beside.remove(max(movable, key=lambda n: (n not in short, sizes[n].whole)))
    return beside


def _widths(sizes: Sequence[_Size], width: int) -> list[int]:
    """How wide each column is, so that all fit: the widest give way first, and words and identifiers last."""
    widths = [min(size.whole, width) for size in sizes]
    while sum(widths) + _GAP * (len(widths) - 1) > width and max(widths) > 1:
        room = [have - size.least for have, size in zip(widths, sizes, strict=True)]
        widest = max(range(len(widths)), key=lambda n: (room[n] > 0, widths[n]))
        widths[widest] -= 1
    return widths


def _grid(columns: Sequence[Column], widths: Sequence[int], *, heading: bool) -> "Table":
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", show_header=heading)
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["right", "left"] = "right" if column.number else "left"
        grid.add_column(column.title, justify=justify, overflow="fold", width=width)
    return grid


def _table_cell(column: Column, row: Mapping[str, Any]) -> str:
    shown = printable(text(row.get(column.field)))
    return shown if column.identifier else shortened(shown)


def as_json(value: Any) -> None:
    """Prints `value` as JSON: decimals as strings, times as in the events."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def as_csv(fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Prints rows as comma-separated values under these headings."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([_cell(row.get(field)) for field in fields] for row in rows)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows (done, total) as a bar on standard error while there is something left, if that is a terminal.

    It is gone when all is done, so that what is said next stands on a line of its own.
    """
    # a terminal without a cursor to move would keep the bar for ever
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        yield lambda done, total: None
        return
    bar = _Bar(what)
    try:
        yield bar.advance
    finally:
        bar.end()


class _Bar:
    def __init__(self, what: str) -> None:
        self._what = what
        self._progress: Progress | None = None
        self._began = time.monotonic()

    def advance(self, done: int, total: int) -> None:
        if done >= total:
            self.end()
            return
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            texts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            columns = (*texts, TextColumn("{task.fields[rate]:,.0f}/s"), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True, emoji=False), transient=True)
            self._progress.add_task(self._what, rate=0.0)
            self._progress.start()
        rate = done / max(time.monotonic() - self._began, 0.001)
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, rate=rate)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def text(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return figure(value)
    if isinstance(value, list | tuple):
        return ", ".join(text(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_bracketed(each)}" for name, each in value.items())
    return str(value)


def local(moment: datetime, zone: tzinfo) -> datetime:
    """A time in the organisation's zone; one without a zone, as ClickHouse gives it, is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)


def printable(said: str) -> str:
    """The text with its control characters written as escapes, such as ``\\n``."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], said)


def _bracketed(value: Any) -> str:
    return f"[{text(value)}]" if isinstance(value, list | tuple | Mapping) else text(value)


def _styled(cell: str) -> "Text":
    from rich.text import Text

    return Text(cell, style=_STYLES.get(cell, ""))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        from schemas.event import rfc3339

        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


_compact = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple | dict):
        return _compact(value)
    return _plain(value)
