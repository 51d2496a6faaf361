"""What a backup holds: which files, their digests, and which log they are of."""

import hashlib
import os
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from services.benchmarks.industry import OWN
from services.errors import BadInput, Unavailable
from services.reports.issue import FOLDER as REPORTS
from services.settings import WORKSPACE_FILE

FILE = "manifest.json"
FORMAT = 1
EVENTS, NAMES = "events.sqlite", "directory.jsonl"
FILES = (WORKSPACE_FILE, "checkpoint.key", OWN)
CHECKPOINTS = "checkpoints"
FOLDERS = (CHECKPOINTS, "controls", "kpis", REPORTS)
_NEEDED = {WORKSPACE_FILE, EVENTS, NAMES}
_CHUNK = 1024 * 1024


def _known(files: dict[str, str]) -> dict[str, str]:
    for name in files:
        parts = PurePosixPath(name).parts
        inside = len(parts) > 1 and parts[0] in FOLDERS and ".." not in parts
        if not (inside or name in (*FILES, EVENTS, NAMES)):
            raise ValueError("a file that no backup has")
    if not files.keys() >= _NEEDED:
        raise ValueError("a file is missing that every backup has")
    return files


class Manifest(BaseModel):
    """The backup's own description; `root` is the Merkle root of its events, `files` their SHA-256 by name."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    program: str
    workspace: str
    taken_at: datetime
    events: int
    position: int
    root: str
    files: Annotated[dict[str, str], AfterValidator(_known)]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The manifest in a backup. Raises BadInput if that is none, Unavailable for one of a newer program."""
        try:
            content = (folder / FILE).read_bytes()
        except OSError as error:
            raise BadInput(
                f"{folder} is no backup ({FILE}: {error.strerror}); give the folder that 'pmo backup' made."
            ) from None
        try:
            found = _Versioned.model_validate_json(content)
            if found.format > FORMAT:
                raise Unavailable(
                    f"The backup {folder} was made by a newer pmo ({found.program}); update pmo here, then restore it."
                )
            return cls.model_validate_json(content)
        except ValidationError:
            raise BadInput(f"{folder / FILE} is not what was backed up; use another backup.") from None

    def write(self, folder: Path) -> None:
        """Puts it into the backup, in one step."""
        draft = folder / f".{FILE}"
        with owned(draft) as out:
            out.write(self.model_dump_json(indent=2).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
        draft.replace(folder / FILE)


class _Versioned(BaseModel):
    format: int
    program: str


def kept_files(home: Path, among: Collection[str]) -> Iterator[str]:
    """The names of the workspace's files that cannot be made again, apart from the store: those of these folders."""
    for path in sorted(path for name in among for path in _within(home / name)):
        # what begins with a dot is somebody's draft
        if not path.name.startswith("."):
            yield path.relative_to(home).as_posix()


def _within(path: Path) -> Iterator[Path]:
    return (each for each in (path, *path.rglob("*")) if each.is_file())


def owned(file: Path) -> BinaryIO:
    """A new file, which only its owner can read, whatever the umask."""
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def copy(source: Path, target: Path) -> str:
    """Copies a file, for its owner alone; gives the SHA-256 of what was copied."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as file, owned(target) as out:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def digest_of(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
