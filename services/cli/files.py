"""Files that a command writes for its user: whole, or not at all."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.errors import Unavailable


@contextmanager
def whole_file(path: Path) -> Iterator[Callable[[str], None]]:
    """Takes the text of a file that appears under its name when the block has ended well, whole or not at all.

    Raises Unavailable at once where none can be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise _not_written(path, error) from None

    def write(text: str) -> None:
        try:
            file.write(text)
            file.flush()
        except OSError as error:
            raise _not_written(path, error) from None

    try:
        with file:
            yield write
        try:
            draft.replace(path)
        except OSError as error:
            raise _not_written(path, error) from None
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _not_written(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path} cannot be written ({error.strerror}); give another file.")
