"""Proving that nothing was lost, doubled or changed: the verification, and signed checkpoints for others to keep."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.cli import output
from services.cli.files import whole_file
from services.cli.output import Column
from services.errors import Rejected
from services.settings import Settings

if TYPE_CHECKING:
    from services.verify.findings import Part

_COLUMNS = (
    Column("", "state"),
    Column("part", "name"),
    Column("looked at", "looked_at"),
    Column("differs", "differing"),
)
_DIFFERENCES = (Column("where", "where"), Column("what", "what", identifier=True), Column("how", "how"))


@click.command(
    epilog="""\b
Example:
  pmo verify
  pmo verify --checkpoint from-the-auditor.txt"""
)
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A signed checkpoint, as 'pmo checkpoint' wrote it: the log of today has to extend it.",
)
@click.option("--key", "key_text", help="The public key that it has to be signed by; by default this workspace's own.")
@click.option("--store-only", is_flag=True, help="Look at the event store and its checkpoints, not at copies of it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(files: tuple[Path, ...], key_text: str | None, store_only: bool, as_json: bool) -> None:
    """Prove that the log is whole, and that its copies and tables are what it says.

    Every stream's versions without a gap, the bytes of each event in the store, in ClickHouse and on Kafka (where there
    is one), every table against a fresh fold, and the Merkle root of the log against every signed checkpoint.

    Ends with exit code 4 if anything differs, and names it.
    """
    from services import verify as verification
    from services.runtime import brokers, open_app, open_reader
    from services.verify import checkpoint

    settings = Settings.load()
    key = checkpoint.PublicKey.parse(key_text) if key_text else None
    given = [(str(file), checkpoint.read(file)) for file in files]
    with ExitStack() as stack:
        app = stack.enter_context(open_app(settings))
        bootstrap = "" if store_only else brokers(settings)
        if not store_only:
            with output.progress("Opening ClickHouse") as progress:
                clickhouse = stack.enter_context(open_reader(settings, progress))
            tables = stack.enter_context(verification.comparing_tables(clickhouse))
        with output.progress("Reading the store") as progress:
            log, parts = verification.verify_store(settings, app, given, key, bootstrap, progress)
        parts += verification.verify_notes(app, log)
        if not store_only:
            with output.progress("Comparing ClickHouse") as progress:
                parts += verification.verify_clickhouse(app, clickhouse, log, progress, tables)
            if bootstrap:
                with output.progress("Comparing Kafka") as progress:
                    parts += verification.verify_topics(settings, app, bootstrap, log, progress)
                    parts += verification.verify_acknowledged(settings, clickhouse, bootstrap)
    if as_json:
        output.as_json({"events": log.size, "root": log.root.hex(), "parts": [_part(part) for part in parts]})
    else:
        _show(parts, log.size, log.root)
    differing = [part for part in parts if part.differing]
    if differing:
        named = ", ".join(f"{part.name} ({part.differing:,})" for part in differing)
        raise Rejected(f"What was recorded is not what stands there: {named}.")


@click.command(
    "checkpoint",
    epilog="""\b
Example:
  pmo checkpoint -o 2026-06-30.txt
  pmo checkpoint --key""",
)
@click.option("-o", "--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it too.")
@click.option(
    "--key", "show_key", is_flag=True, help="Print the public key that checkpoints are checked with, and end."
)
def sign(file: Path | None, show_key: bool) -> None:
    """Sign how many events there are and the Merkle root over them; give it to somebody who cannot change the log.

    'pmo verify --checkpoint FILE' proves later that the log still begins with exactly those events.
    """
    from services import verify as verification
    from services.runtime import brokers, open_app

    settings = Settings.load()
    if show_key:
        click.echo(verification.signer(settings).public)
        return
    with open_app(settings) as app, output.progress("Reading the store") as progress:
        signed = verification.sign(settings, app, progress)
        if bootstrap := brokers(settings):
            verification.publish(settings, bootstrap, signed)
    if file is None:
        click.echo(signed.text, nl=False)
        return
    with whole_file(file) as write:
        write(signed.text)
    click.echo(f"{file}: {output.counted(signed.size, 'event')}, root {signed.root.hex()}")


def _part(part: "Part") -> dict[str, object]:
    return {
        "part": part.name,
        "looked_at": part.looked_at,
        "unit": part.unit,
        "note": part.note,
        "differing": part.differing,
        "differences": [{"what": d.what, "how": d.how} for d in part.differences],
    }


def _show(parts: "Sequence[Part]", size: int, root: bytes) -> None:
    rows = [
        {
            "state": "differs" if part.differing else "ok",
            "name": part.name,
            "looked_at": f"{part.looked_at:,} {part.unit}",
            "differing": part.differing,
        }
        for part in parts
    ]
    notes = [f"{part.name}: {part.note}." for part in parts if part.note]
    output.table(f"{output.counted(size, 'event')}, Merkle root {root.hex()}", _COLUMNS, rows, notes)
    for part in parts:
        if part.differing:
            rest = part.differing - len(part.differences)
            more = [f"and {rest:,} more"] if rest else []
            named = [{"where": d.where, "what": d.what, "how": d.how} for d in part.differences]
            output.table("", _DIFFERENCES, named, more)
