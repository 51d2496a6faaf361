"""Taking a backup, also while others record: the events, apart from them the names, and the workspace's own files.

ClickHouse and Kafka are left out, and so is how far the relay has come: both are made again from the store.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import orjson
from pydantic import SecretStr

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
from services.backup.settings_file import without_passwords
from services.backup.whole import made_whole
from services.commands.store import opened
from services.commands.store_whole import NameRow
from services.errors import BadInput, Unavailable
from services.runtime import open_app
from services.settings import WORKSPACE_FILE, Settings
from services.verify import keep, signer, verify_store
from services.verify.log import Log

Progress = Callable[[int, int], None]


def backup(settings: Settings, target: Path, progress: Progress) -> Manifest:
    """Writes a backup of the workspace into the new folder `target`, as of one moment.

    Raises Rejected if the folder is in use, BadInput if the store is not in order, Unavailable if it cannot be written.
    """
    # makes what is missing: the tables of a store that is new, or older than this program, and the key
    with open_app(settings):
        signer(settings)
    with made_whole(target) as draft:
        copied = embedded(settings, draft)
        # checkpoints first, since none may be of a longer log than the copy's; the rest after it, so that what the
        # events tell of is there
        files = _copy_files(settings.home, draft, {CHECKPOINTS})
        files[NAMES] = _copy_store(settings, copied, progress)
        files |= _copy_files(settings.home, draft, {*FILES, *FOLDERS} - {CHECKPOINTS})
        without_passwords(draft)
        files[WORKSPACE_FILE] = digest_of(draft / WORKSPACE_FILE)
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
        with open_app(settings) as app, app.store.snapshot() as held:
            digest, count = _write_names(held.names(), draft)
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


def embedded(settings: Settings, home: Path) -> Settings:
    """The same workspace with its events in a file in the folder `home`, wherever they are now."""
    return settings.model_copy(update={"home": home, "store": SecretStr("")})


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


def _copy_store(settings: Settings, copied: Settings, progress: Progress) -> str:
    """Copies what the store holds at one moment into an empty one; gives the digest of the names' file.

    Row by row, and not by SQLite's own backup or VACUUM: the first copies free pages, in which erased names may stand,
    and would bring the names along; the second may number rows anew, and a row's number is an event's position.
    """
    with opened(settings) as live, live.snapshot() as held, opened(copied) as new, new.filling() as filling:
        last = held.last()
        for page in held.events():
            filling.add_events(page)
            progress(page[-1][0], last)
        filling.add_digests(held.digests())
        digest, _ = _write_names(held.names(), copied.home / NAMES)
    return digest


def _write_names(entries: Iterable[NameRow], file: Path) -> tuple[str, int]:
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
