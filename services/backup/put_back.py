"""A workspace made again from a backup, in a new folder: the events at their old positions, and the names with them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import orjson

from services.backup.erased import Erased, erase
from services.backup.filled import empty_store
from services.backup.manifest import EVENTS, NAMES, Manifest, copy
from services.backup.settings_file import with_store
from services.backup.take import checked, embedded
from services.backup.whole import made_whole
from services.commands.store import opened
from services.errors import BadInput, Rejected
from services.runtime import open_app
from services.settings import WORKSPACE_FILE, Settings

Progress = Callable[[int, int], None]


class Restored(NamedTuple):
    """Of which backup, and where the events are now, for people to read."""

    manifest: Manifest
    store: str


def restore(folder: Path, home: Path, progress: Progress, store: str = "", erased: Path | None = None) -> Restored:
    """Makes the workspace of the backup in `folder` again, in `home`; its events in the database `store`, else SQLite.

    `erased` is a later list of who was erased, of whom nothing is to come back. Raises Rejected if `home` or the
    database is in use, BadInput, which names the file, if the backup is not what was backed up.
    """
    if (home / WORKSPACE_FILE).exists():
        raise Rejected(f"There is a workspace in {home} already; set PMO_HOME to another folder.")
    manifest = Manifest.of(folder)
    later = Erased.of(erased) if erased else None
    if erased and later:
        later.check(erased, manifest.workspace, manifest.taken_at)
    with made_whole(home) as draft:
        for name, digest in manifest.files.items():
            if _copied(folder / name, draft / name) != digest:
                raise BadInput(f"{folder / name} is not what was backed up; use another backup.")
        settings = _settings(draft, home, store)
        if settings.postgres:
            # refused at once if it is, and once more when all is ready
            with empty_store(settings):
                pass
        held = embedded(settings, draft)
        # brings the tables of an older program up to date
        with open_app(held):
            pass
        _take_names(draft)
        log = checked(held, "Nothing was restored", progress)
        if (log.size, log.end, log.root.hex()) != (manifest.events, manifest.position, manifest.root):
            raise BadInput(f"{folder / EVENTS} does not hold the events that were backed up; use another backup.")
        if later:
            erase(held, later.erased)
        if settings.postgres:
            _move(held, settings, progress)
    return Restored(manifest, settings.store_place)


def _settings(draft: Path, home: Path, store: str) -> Settings:
    """What the restored workspace will say of itself. Raises BadInput if `store` is not where its events would be."""
    if store:
        with_store(draft, store)
    settings = Settings.load(draft).model_copy(update={"home": home})
    if store and settings.store.get_secret_value() != store:
        raise BadInput(
            "PMO_STORE names another database than --store, and would win over it in every later command; unset it, "
            "or leave --store out."
        )
    return settings


def _move(held: Settings, settings: Settings, progress: Progress) -> None:
    """Moves a whole store into an empty one on a server."""
    with opened(held) as source, source.snapshot() as snapshot:
        last = snapshot.last()
        with empty_store(settings) as filling:
            for page in snapshot.events():
                filling.add_events(page)
                progress(page[-1][0], last)
            filling.add_names(snapshot.names())
            filling.add_digests(snapshot.digests())
    for file in held.home.glob(f"{EVENTS}*"):
        file.unlink()


def _copied(source: Path, target: Path) -> str:
    try:
        return copy(source, target)
    except FileNotFoundError:
        raise BadInput(f"{source} is missing from the backup; use another backup.") from None


def _take_names(home: Path) -> None:
    """Moves names and notes from their file into the store, under their old numbers."""
    file = home / NAMES
    with closing(sqlite3.connect(home / EVENTS, isolation_level=None)) as store, file.open("rb") as lines:
        store.execute("BEGIN")
        store.executemany(
            "INSERT INTO directory (seq, subject, field, value, salt) VALUES (:seq, :subject, :field, :value, :salt)",
            map(orjson.loads, lines),
        )
        store.execute("COMMIT")
    file.unlink()
