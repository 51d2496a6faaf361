"""Taking a backup, also while others record: the events, apart from them the names, and the workspace's own files.

ClickHouse and Kafka are left out, and so is how far the relay has come: both are made again from the store.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from services.backup.embedded import check_embedded
from services.backup.manifest import (
    CHECKPOINTS,
    EVENTS,
    FILES,
    FOLDERS,
    NAMES,
    Manifest,
    copy,
    digest_of,
    kept_files,
    owned,
)
from services.backup.whole import made_whole
from services.commands.app import Governance
from services.errors import BadInput, Unavailable
from services.runtime import open_app
from services.settings import Settings
from services.verify import keep, signer, verify_store
from services.verify.log import Log

Progress = Callable[[int, int], None]
_PAGE = 50_000
_APART = {"stored_events", "directory", "relayed", "relayed_directory"}
"""Tables with a way of their own; any other is copied as it is."""


def backup(settings: Settings, target: Path, progress: Progress) -> Manifest:
    """Writes a backup of the workspace into the new folder `target`, as of one moment.

    Raises Rejected if the folder is in use, BadInput if the store is not in order, Unavailable if it cannot be written.
    """
    check_embedded(settings)
    # makes what is missing: the tables of a store that is new, or older than this program, and the key
    with open_app(settings):
        signer(settings)
    with made_whole(target) as draft:
        copied = settings.model_copy(update={"home": draft})
        with open_app(copied):
            pass
        # checkpoints first, since none may be of a longer log than the copy's; the rest after it, so that what the
        # events tell of is there
        files = _copy_files(settings.home, draft, {CHECKPOINTS})
        files[NAMES] = _copy_store(settings.store_path, draft, progress)
        files |= _copy_files(settings.home, draft, {*FILES, *FOLDERS} - {CHECKPOINTS})
        log = checked(copied, "Nothing was backed up", progress)
        keep(copied, log)
        files |= {name: digest_of(draft / name) for name in kept_files(draft, {CHECKPOINTS})}
        files[EVENTS] = digest_of(draft / EVENTS)
        manifest = Manifest(
            program=version("pmo"),
            workspace=settings.workspace_id,
            taken_at=datetime.now(UTC),
            events=log.size,
            position=log.end,
            root=log.root.hex(),
            files=dict(sorted(files.items())),
        )
        manifest.write(draft)
    return manifest


def renew_names(settings: Settings, folder: Path) -> int:
    """Puts today's names and notes into a backup in place of its own, so that what was erased since is not in there.

    Gives their number. Raises BadInput if it is no backup of this workspace.
    """
    manifest = Manifest.of(folder)
    if manifest.workspace != settings.workspace_id:
        raise BadInput(
            f"{folder} is a backup of another workspace ({manifest.workspace}, not {settings.workspace_id}); set "
            "PMO_HOME to that one."
        )
    draft = folder / f".{NAMES}"
    try:
        with open_app(settings) as app:
            digest, count = _write_names(_entries(app), draft)
        draft.replace(folder / NAMES)
        manifest.model_copy(update={"files": {**manifest.files, NAMES: digest}}).write(folder)
    except OSError as error:
        raise Unavailable(
            f"The names in {folder} could not be renewed ({error.strerror}); see that the disk has room and the folder "
            "can be written, then try again."
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    return count


def checked(settings: Settings, otherwise: str, progress: Progress) -> Log:
    """The log of a store that is in order and fits its checkpoints. Raises BadInput that begins with `otherwise`."""
    with open_app(settings) as app:
        log, parts = verify_store(settings, app, (), None, "", progress)
    found = next((d for part in parts for d in part.differences), None)
    if found:
        raise BadInput(f"{otherwise}: {found.what} {found.how} ({found.where}); 'pmo verify' says more.")
    return log


def _copy_files(home: Path, draft: Path, among: set[str]) -> dict[str, str]:
    return {name: copy(home / name, draft / name) for name in kept_files(home, among)}


def _copy_store(store: Path, draft: Path, progress: Progress) -> str:
    """Copies the store's rows as of one moment into the empty store in `draft`; gives the digest of the names' file.

    Row by row, and not by SQLite's own backup or VACUUM: the first copies free pages, in which erased names may stand,
    and would bring the names along; the second may number rows anew, and a row's number is an event's position.
    """
    with closing(sqlite3.connect(draft / EVENTS, isolation_level=None, uri=True)) as copied:
        copied.execute("ATTACH ? AS live", (f"{store.absolute().as_uri()}?mode=ro",))
        # one transaction: the first row that is read sets the moment, and holds up nobody
        copied.execute("BEGIN")
        [(last,)] = copied.execute("SELECT coalesce(max(rowid), 0) FROM live.stored_events")
        for start in range(0, last, _PAGE):
            columns = "rowid, originator_id, originator_version, topic, state"
            copied.execute(
                f"INSERT INTO main.stored_events ({columns}) SELECT {columns} FROM live.stored_events"
                " WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                (start, start + _PAGE),
            )
            progress(min(last, start + _PAGE), last)
        for (table,) in copied.execute("SELECT name FROM live.sqlite_master WHERE type = 'table'").fetchall():
            if table not in _APART and not table.startswith("sqlite_"):
                copied.execute(f"INSERT OR REPLACE INTO main.{table} SELECT * FROM live.{table}")
        names = copied.execute("SELECT seq, subject, field, value, salt FROM live.directory ORDER BY seq")
        digest, _ = _write_names(names, draft / NAMES)
        copied.execute("COMMIT")
    return digest


def _entries(app: Governance) -> Iterator[tuple[int, str, str, str | None, str]]:
    seq = 0
    while entries := app.store.entries_after(seq, _PAGE):
        yield from entries
        seq = entries[-1][0]


def _write_names(entries: Iterable[Sequence[Any]], file: Path) -> tuple[str, int]:
    """Writes a line for each row of the directory; gives the file's digest and the number of lines."""
    digest, count = hashlib.sha256(), 0
    with owned(file) as out:
        for seq, subject, field, value, salt in entries:
            line = {"seq": seq, "subject": subject, "field": field, "value": value, "salt": salt}
            content = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
            digest.update(content)
            out.write(content)
            count += 1
    return digest.hexdigest(), count
