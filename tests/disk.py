"""A disk that is full at a word, for what one process writes into one folder."""

import os
import resource
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

_SIZE = "4g"
# rows need a megabyte, definitions some kilobytes
_LEFT = 512 * 1024


class Disk:
    """The folder's own disk: a file system in memory, as root; else a limit on whoever writes there has to do.

    The limit refuses as a full disk does what is written to any file, by another error: EFBIG instead of ENOSPC.
    The file system leaves room for ClickHouse's definitions: with none, the engine says that it made a table or view
    and leaves an empty file, with which it cannot be started again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mounted = os.geteuid() == 0

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self.mounted:
            _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(self._folder))
        return self

    def fill(self, writer: int) -> None:
        """Leaves no room for rows, for the process of this number; again and again, as merges give some back."""
        if self.mounted:
            found = os.statvfs(self._folder)
            self._resize(str((found.f_blocks - found.f_bfree) * found.f_frsize + _LEFT))
        else:
            _limit(writer, nothing=True)

    def free(self, writer: int) -> None:
        """There is room again."""
        if self.mounted:
            self._resize(_SIZE)
        else:
            _limit(writer, nothing=False)

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self._folder))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.mounted:
            # whoever still has a file open keeps it until then, without a name
            _run("umount", "--lazy", str(self._folder))


def _limit(writer: int, *, nothing: bool) -> None:
    _, most = resource.prlimit(writer, resource.RLIMIT_FSIZE)
    resource.prlimit(writer, resource.RLIMIT_FSIZE, (0 if nothing else most, most))


def _run(*line: str) -> None:
    subprocess.run(line, check=True, capture_output=True)
