"""What is printed: tables for people, JSON and CSV for programs, progress on standard error."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, NamedTuple

import click

PIPED_WIDTH = 200
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
    """A column of a table: its heading, its field in the rows, and whether it holds figures."""

    title: str
    field: str
    number: bool = False


def format_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds ``--json`` and ``--csv`` to a command; it gets ``as_json`` and ``as_csv``."""
    command = click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def table(title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> None:
    """Prints rows as a table: never wider than the terminal, and nothing cut off."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        longest = max((len(word) for row in rows for word in text(row.get(column.field)).split()), default=0)
        shown.add_column(
            column.title,
            justify="right" if column.number else "left",
            overflow="fold",
            # an identifier that is broken in two cannot be copied
            min_width=min(longest, 24),
        )
    for row in rows:
        cells = [text(row.get(column.field)) for column in columns]
        style = "dim strike" if row.get("struck") else None
        shown.add_row(*(_styled(escape(cell), cell) for cell in cells), style=style)
    with console.capture() as printed:
        if title:
            console.print(escape(title), style="bold", soft_wrap=True)
        console.print(shown)
        for note in notes:
            console.print(escape(note), soft_wrap=not sys.stdout.isatty())
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


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
    """Shows (done, total) as a bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


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
        return ", ".join(f"{name}={text(each)}" for name, each in value.items())
    return str(value)


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


def _styled(escaped: str, plain: str) -> str:
    style = _STYLES.get(plain)
    return f"[{style}]{escaped}[/]" if style else escaped


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
