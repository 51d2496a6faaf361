"""What is printed: tables for people, JSON and CSV for programs, progress on standard error."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.text import Text

# what is piped is searched and cut by programs: no line of it is broken
PIPED_WIDTH = 100_000
_GAP = 2
_WHOLE_WORD = 24
_WHOLE_IDENTIFIER = 36
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
    """Prints rows as a table: never wider than the terminal, and nothing cut off."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = None if sys.stdout.isatty() else PIPED_WIDTH
    console = Console(highlight=False, emoji=False, soft_wrap=False, width=width)
    headed = any(column.title for column in columns)
    shown = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", show_header=headed)
    cells = [[printable(text(row.get(column.field))) for column in columns] for row in rows]
    for column, width in zip(columns, _widths(columns, cells, console.width), strict=True):
        justify: Literal["right", "left"] = "right" if column.number else "left"
        shown.add_column(column.title, justify=justify, overflow="fold", width=width)
    for row, shown_cells in zip(rows, cells, strict=True):
        style = "dim strike" if row.get("struck") else None
        shown.add_row(*map(_styled, shown_cells), style=style)
    with console.capture() as printed:
        if title:
            console.print(Text(printable(title)), style="bold", soft_wrap=True)
        if rows:
            console.print(shown)
        for note in notes:
            console.print(Text(printable(note)), soft_wrap=not sys.stdout.isatty())
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """How wide each column is, so that all fit: the widest give way first, and words and identifiers last."""
    from rich.cells import cell_len

    widths: list[int] = []
    least: list[int] = []
    for number, column in enumerate(columns):
        lines = [line for row in cells for line in row[number].splitlines()]
        words = max((cell_len(word) for line in lines for word in line.split()), default=0)
        limit = _WHOLE_IDENTIFIER if column.identifier else _WHOLE_WORD
        natural = max(map(cell_len, lines), default=0)
        widths.append(min(max(len(column.title), natural), width))
        heading = max(map(len, column.title.split()), default=0)
        least.append(min(widths[-1], max(heading, natural if column.number else min(words, limit))))
    while sum(widths) + _GAP * (len(widths) - 1) > width and max(widths) > 1:
        # a word that is broken in two cannot be copied
        room = [have - need for have, need in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda n: (room[n] > 0, widths[n]))
        widths[widest] -= 1
    return widths


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
    """Shows (done, total) as a bar on standard error, from the first report on, if that is a terminal."""
    if not sys.stderr.isatty():
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

    def advance(self, done: int, total: int) -> None:
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True, emoji=False), transient=True)
            self._progress.add_task(self._what)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()


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


def printable(said: str) -> str:
    """The text with its control characters written as escapes, such as ``\\n``."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], said)


def _bracketed(value: Any) -> str:
    return f"[{text(value)}]" if isinstance(value, list | tuple | Mapping) else text(value)


def count(number: int) -> str:
    """``1,204``."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """``1 event``, ``1,204 events``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: Decimal) -> str:
    """``62.5 %`` of 0.625."""
    return f"{(share * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):,f} %"


def figure(number: Decimal) -> str:
    """A number with thousands apart, and no more decimals than it needs, at most four."""
    rounded = number.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    whole = rounded == rounded.to_integral_value()
    return f"{rounded.quantize(Decimal(1)) if whole else rounded.normalize():,f}"


def money(amount: Decimal, currency: str) -> str:
    """``EUR 243,118.20``."""
    return f"{currency} {amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"


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
