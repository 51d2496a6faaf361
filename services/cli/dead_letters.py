"""``pmo dead-letters``: what could not be landed, and another try."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from services.cli import output
from services.cli.groups import SuggestingGroup
from services.cli.output import Column
from services.errors import PartlyRejected, Unavailable
from services.settings import Settings

if TYPE_CHECKING:
    from services.commands.store import Store
    from services.dead_letters import Letter, Verdict
    from services.projections.clickhouse import ClickHouse

_FIELDS = (
    "letter", "state", "why", "refused_at", "times", "reason", "event", "topic", "partition", "offset", "size",
)  # fmt: skip
_COLUMNS = (
    Column("letter", "letter", identifier=True),
    Column("state", "state"),
    Column("refused", "refused_at"),
    Column("times", "times", number=True),
    Column("event", "event", identifier=True),
    Column("record", "record", identifier=True),
    Column("bytes", "size", number=True),
    Column("reason", "reason"),
    Column("now", "why"),
)
_STATES = "landed: it stands in ClickHouse; ready: it would land now; foreign: the event store does not hold it."


class _Opened(NamedTuple):
    settings: Settings
    bootstrap: str
    clickhouse: "ClickHouse"
    store: "Store | None"


@click.group(
    "dead-letters",
    cls=SuggestingGroup,
    epilog="""\b
Example:
  pmo dead-letters list""",
)
def group() -> None:
    """Records that could not be landed: why, what became of them, and another try after an upgrade."""


@group.command(
    "list",
    epilog="""\b
Example:
  pmo dead-letters list --json""",
)
@output.format_options
def list_(as_json: bool, as_csv: bool) -> None:
    """Every record that was refused, with the reason then and its state now; not what it says."""
    from services.dead_letters import judged, letters

    with _opened() as now:
        found = judged(now.settings, letters(now.bootstrap, now.settings.topic_prefix), now.clickhouse, now.store)
    _print(found, as_json, as_csv)


@group.command(
    epilog="""\b
Example:
  pmo dead-letters show 0/12"""
)
@click.argument("letter")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(letter: str, as_json: bool) -> None:
    """One record, LETTER of 'pmo dead-letters list', with its content. A name or note has none here."""
    from services.dead_letters import chosen, judged, letters

    with _opened() as now:
        found = chosen(letters(now.bootstrap, now.settings.topic_prefix), [letter])
        [(told, verdict)] = judged(now.settings, found, now.clickhouse, now.store)
    row = _row(told, verdict)
    content = None if told.value is None else told.value.decode(errors="backslashreplace")
    if as_json:
        output.as_json({**row, "content": content})
        return
    rows = [{"what": name.replace("_", " "), "value": row[name]} for name in _FIELDS if row[name] not in (None, "")]
    notes = [] if content is None else ["", content]
    output.table(f"Dead letter {letter}", (Column("", "what"), Column("", "value", identifier=True)), rows, notes)


@group.command(
    epilog="""\b
Example:
  pmo dead-letters retry
  pmo dead-letters retry 0/12 3/4"""
)
@click.argument("chosen_letters", metavar="[LETTER]...", nargs=-1)
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=30.0, help="Seconds to wait for the workers; by default 30."
)
@output.format_options
def retry(chosen_letters: tuple[str, ...], timeout: float, as_json: bool, as_csv: bool) -> None:
    """Check refused records once more, and land those that are valid now; by default all of them.

    A record lands only if the event store, where it is at hand, holds the very same bytes. Running it again changes
    nothing. Ends with exit code 3 if any record still has not landed, and says why.
    """
    from services import dead_letters

    with _opened() as now:
        found = dead_letters.letters(now.bootstrap, now.settings.topic_prefix)
        tried = dead_letters.chosen(found, chosen_letters)
        done = dead_letters.retry(now.settings, now.bootstrap, tried, now.clickhouse, now.store, timeout)
    _print(done, as_json, as_csv)
    left = sum(verdict.state != "landed" for _, verdict in done)
    if left:
        raise PartlyRejected(f"{left} of {output.counted(len(done), 'dead letter')} cannot land; the list says why.")


@contextmanager
def _opened() -> Iterator[_Opened]:
    from services.runtime import brokers, open_app, open_reader

    settings = Settings.load()
    bootstrap = brokers(settings)
    if not bootstrap:
        raise Unavailable("Dead letters stand on Kafka: set PMO_KAFKA to host:port, or run 'pmo up', which starts one.")
    with ExitStack() as stack:
        store = stack.enter_context(open_app(settings)).store
        progress = stack.enter_context(output.progress("Catching up"))
        clickhouse = stack.enter_context(open_reader(settings, progress))
        # where only a worker runs, nothing was ever recorded
        yield _Opened(settings, bootstrap, clickhouse, store if store.max_notification_id() else None)


def _print(found: "Sequence[tuple[Letter, Verdict]]", as_json: bool, as_csv: bool) -> None:
    rows = [_row(letter, verdict) for letter, verdict in found]
    if as_json:
        output.as_json(rows)
    elif as_csv:
        output.as_csv(_FIELDS, rows)
    else:
        shown = [{**row, "record": f"{row['topic']}/{row['partition']}/{row['offset']}"} for row in rows]
        output.table(output.counted(len(rows), "dead letter"), _COLUMNS, shown, [_STATES] if rows else [])


def _row(letter: "Letter", verdict: "Verdict") -> dict[str, Any]:
    return {
        "letter": letter.place,
        "state": verdict.state,
        "why": verdict.why,
        "refused_at": letter.refused_at,
        "times": letter.times,
        "reason": letter.reason,
        "event": letter.event,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "size": len(letter.value or b""),
    }
