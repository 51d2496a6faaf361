"""Folders that are there as a whole or not at all, whatever ends the process that makes them."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import PersistenceError

from services.errors import Rejected, Unavailable


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` once it is full and on the disk; if anything fails, it is removed.

    One that a killed process left behind is made anew. Raises Rejected if `target` is in use, Unavailable if it cannot
    be written.
    """
    refuse_used(target)
    draft = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.mkdir(mode=0o700, exist_ok=True)
        folder = os.open(draft, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise Unavailable(f"{target} cannot be made ({error.strerror}); choose another folder.") from None
    try:
        _take(draft, folder, target)
        try:
            _empty(draft)
            yield draft
            _settle(draft)
            refuse_used(target)
            draft.rename(target)
            _sync(target.parent)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except (OSError, sqlite3.Error, PersistenceError) as error:
        said = (
            error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip().partition("\n")[0]
        )
        raise Unavailable(
            f"{target} was not made, and nothing is left of it ({said}); see that the disk has room and the event "
            "store can be used, then try again."
        ) from error
    finally:
        os.close(folder)


def refuse_used(target: Path) -> None:
    """Raises Rejected if there is something already."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise Rejected(f"{target} holds other things already; give a new or empty folder.")


def _take(draft: Path, folder: int, target: Path) -> None:
    """Makes sure that nobody else fills this very folder: the kernel frees the lock when its holder ends."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # by the time it was free, it may have become the target, or gone
        if os.path.samestat(os.fstat(folder), draft.stat()):
            return
    except (BlockingIOError, FileNotFoundError):
        pass
    raise Unavailable(f"Another process writes {target} at this moment; wait for it, or give another folder.")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _settle(folder: Path) -> None:
    """For its owner alone, whatever the umask; and on the disk, so that no power cut leaves a folder of halves."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
