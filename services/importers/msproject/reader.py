"""The importer's side of the reading process: it starts it, asks it for files, and outlives it."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
from pydantic import ValidationError

import services
from services.errors import BadInput, Unavailable
from services.importers.msproject.rows import ROW, Assignment, End, Project, Resource, Task, Unread
from services.importers.msproject.wanted import Fault

_MODULE = "services.importers.msproject.read"
_LONGEST_S = 300.0
_NEEDED = ("mpxj", "jpype")
_INSTALL = (
    "Reading project plans needs MPXJ (LGPL) and JPype: pip install 'pmo[msproject]' installs them,"
    " and a Java runtime, version 8 or later, has to be there."
)


@dataclass(slots=True)
class Plan:
    """One project of a file, as the file has it."""

    project: Project
    tasks: list[Task] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, row: Task | Resource | Assignment | Unread) -> None:
        """Puts a row where it belongs."""
        if isinstance(row, Task):
            self.tasks.append(row)
        elif isinstance(row, Resource):
            self.resources.append(row)
        elif isinstance(row, Assignment):
            self.assignments.append(row)
        else:
            self.faults.append(Fault(f"{row.what} UID {row.uid}", None, None, row.reason))


class PlanReader:
    """Reads plans through a process with Java in it, which serves many files; used as a context."""

    def __init__(self, longest: float = _LONGEST_S) -> None:
        self._longest = longest
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the reader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()
        self._errors.close()

    def read(self, path: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> list[Plan]:
        """The projects of a file. Raises BadInput if it is none, and Unavailable where Java or MPXJ is not there."""
        process = self._running()
        assert process.stdin and process.stdout
        late = threading.Event()

        def end_late() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._longest, end_late)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(orjson.dumps(str(path.absolute()), option=orjson.OPT_APPEND_NEWLINE))
            process.stdin.flush()
            plans, end = self._answer(process, progress)
        except BrokenPipeError:
            plans, end = [], None
        finally:
            timer.cancel()
        if late.is_set():
            self._stop()
            raise BadInput(f"{path.name} was not read within {self._longest:g} seconds; import a part of it.")
        if end is None:
            raise BadInput(f"{path.name} cannot be read: Java ended with it ({self._ended()}).")
        if end.unavailable:
            self._stop()
            raise Unavailable(f"{end.unavailable}.")
        if end.refused:
            says_its_name = end.refused.startswith(path.name)
            raise BadInput(end.refused if says_its_name else f"{path.name} cannot be read as a plan: {end.refused}.")
        return plans

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            if any(importlib.util.find_spec(name) is None for name in _NEEDED):
                raise Unavailable(_INSTALL)
            folder = str(Path(services.__file__).parent.parent)
            places = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            )
        return self._process

    @staticmethod
    def _answer(
        process: subprocess.Popen[bytes], progress: Callable[[int, int], None]
    ) -> tuple[list[Plan], End | None]:
        plans: list[Plan] = []
        refused: End | None = None
        total = 0
        assert process.stdout
        for number, line in enumerate(process.stdout, start=1):
            row = _row(line)
            if isinstance(row, End):
                return plans, refused or row
            if isinstance(row, Project):
                plans.append(Plan(row))
                total = number + row.rows
            elif isinstance(row, Unread) and row.what == "project":
                refused = End(refused=row.reason)
            elif plans:
                plans[-1].add(row)
            progress(number, total)
        return plans, None

    def _ended(self) -> str:
        process, self._process = self._process, None
        code = process.wait() if process else None
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        self._errors.seek(0)
        self._errors.truncate()
        return f"exit status {code}{f': {said[-1][:200]}' if said else ''}"

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            process.kill()
            process.wait()


def _row(line: bytes) -> Project | Task | Resource | Assignment | Unread | End:
    try:
        return ROW.validate_json(line)
    except ValidationError as error:
        first, said = error.errors(include_url=False)[0], orjson.loads(line)
        reason = f"its {first['loc'][-1]} is {str(first['input'])[:60]!r}, which cannot be"
        return Unread(what=said["row"], uid=said.get("uid", 0), reason=reason)
