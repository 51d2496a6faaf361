"""A workspace made again from a backup, in a new folder: the events at their old positions, and the names with them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson

from services.backup.embedded import check_embedded
from services.backup.manifest import EVENTS, NAMES, Manifest, copy
from services.backup.take import checked
from services.backup.whole import made_whole
from services.errors import BadInput, Rejected
from services.runtime import open_app
from services.settings import WORKSPACE_FILE, Settings

Progress = Callable[[int, int], None]


def restore(folder: Path, home: Path, progress: Progress) -> Manifest:
    """Makes the workspace of the backup in `folder` again, in `home`.

    Raises Rejected if `home` is in use, BadInput, which names the file, if the backup is not what was backed up.
    """
    if (home / WORKSPACE_FILE).exists():
        raise Rejected(f"There is a workspace in {home} already; set PMO_HOME to another folder.")
    manifest = Manifest.of(folder)
    with made_whole(home) as draft:
        for name, digest in manifest.files.items():
            if _copied(folder / name, draft / name) != digest:
                raise BadInput(f"{folder / name} is not what was backed up; use another backup.")
        settings = Settings.load(draft)
        check_embedded(settings)
        # brings the tables of an older program up to date
        with open_app(settings):
            pass
        _take_names(draft)
        log = checked(settings, "Nothing was restored", progress)
        if (log.size, log.end, log.root.hex()) != (manifest.events, manifest.position, manifest.root):
            raise BadInput(f"{folder / EVENTS} does not hold the events that were backed up; use another backup.")
    return manifest


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
