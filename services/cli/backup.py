"""Backups of a workspace, and workspaces made again: from a backup, or their events from Kafka."""

import time
from pathlib import Path

import click

from services.cli import output
from services.cli.files import whole_file
from services.settings import Settings, default_home


@click.command(
    epilog="""\b
Example:
  pmo backup /mnt/backups/2026-06-30
  pmo backup --names /mnt/backups/2026-06-30
  pmo backup --erased /mnt/backups/erased.json"""
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--names", is_flag=True, help="Only replace a backup's names by today's: what was erased goes there too.")
@click.option(
    "--erased",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Only write the list of who was erased, for 'pmo restore --erased'.",
)
def backup(folder: Path | None, names: bool, erased: Path | None) -> None:
    """Write a backup of the workspace into the new folder DIR, while everything goes on running.

    It holds the events, be they on Postgres or in the workspace, the names and notes in a file of their own, settings,
    keys, checkpoints, reports and your own controls and KPIs, each with its digest. ClickHouse and Kafka are not in it:
    both are made again from the events.
    """
    from services import backup as backups

    if (folder is None) == (erased is None) or (names and folder is None):
        raise click.UsageError("Give the folder of the backup, or --erased FILE.", click.get_current_context())
    settings = Settings.load()
    if erased is not None:
        listed = backups.Erased.now(settings)
        with whole_file(erased.resolve()) as write:
            write(listed.text())
        count = len(listed.erased)
        what = "person or note that was" if count == 1 else "people and notes that were"
        click.echo(f"{count:,} {what} erased, by pseudonym, in {erased.resolve()}")
        return
    assert folder is not None
    folder = folder.resolve()
    if names:
        count = backups.renew_names(settings, folder)
        click.echo(f"{count:,} names and notes, as of now, in {folder}")
        return
    with output.progress("Copying") as progress:
        taken = backups.backup(settings, folder, progress)
    click.echo(
        f"{output.counted(taken.events, 'event')} and {output.counted(len(taken.files), 'file')} in {folder}, "
        f"Merkle root {taken.root}\n"
        "It holds the secret and the key that signs checkpoints, but no password of a server: keep it as safe as the "
        "workspace."
    )


@click.command(
    epilog="""\b
Example:
  PMO_HOME=restored pmo restore /mnt/backups/2026-06-30
  PMO_HOME=restored pmo restore /mnt/backups/2026-06-30 --store postgresql://pmo@db.example.org/pmo
  PMO_HOME=restored pmo restore /mnt/backups/2026-06-30 --erased /mnt/backups/erased.json
  PMO_KAFKA=broker:9092 pmo restore --from-kafka"""
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--from-kafka", is_flag=True, help="Fill this workspace's empty event store from its topics.")
@click.option(
    "--store", default="", metavar="URL", help="An empty Postgres database for the events; by default SQLite."
)
@click.option(
    "--erased",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A later list by 'pmo backup --erased': of these, nothing comes back.",
)
def restore(folder: Path | None, from_kafka: bool, store: str, erased: Path | None) -> None:
    """Make the workspace of the backup DIR again, in PMO_HOME, which must be a new folder.

    Its events go into SQLite or Postgres, wherever they were before. With --from-kafka, a workspace that has its
    workspace.json but lost its events gets them back from Kafka alone, at their old positions, with names and notes.
    'pmo verify' proves either.
    """
    from services import backup as backups

    if (folder is None) == (not from_kafka):
        raise click.UsageError("Give the folder of a backup, or --from-kafka.", click.get_current_context())
    if folder is not None:
        home = default_home().resolve()
        with output.progress("Checking") as progress:
            found, place = backups.restore(folder.resolve(), home, progress, store, erased)
        taken = f"{found.taken_at:%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"{output.counted(found.events, 'event')} as of {taken} in {home}, Merkle root {found.root}\n"
            f"The events are in {place}"
        )
        return
    if store:
        raise click.UsageError(
            "--from-kafka fills the store that the workspace names: set PMO_STORE.", click.get_current_context()
        )
    began = time.perf_counter()
    with output.progress("Reading Kafka") as progress:
        filled = backups.refill(Settings.load(), click.echo, progress, erased)
    seconds = time.perf_counter() - began
    click.echo(
        f"{output.counted(filled.events, 'event')} and {filled.names:,} names and notes from Kafka in {seconds:.1f} s"
    )
    if filled.copies or filled.others:
        click.echo(f"Passed over: {filled.copies:,} copies, {filled.others:,} records that are no events of ours")
