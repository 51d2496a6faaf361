"""The reading process: ``python -m services.importers.msproject.read FILE...`` prints the rows of plans as JSON lines.

Java runs in here and nowhere else: it is given little memory, and its crash is not one of pmo. Without files it
reads paths from its standard input, a JSON string a line, so that one start serves many files.
"""

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from services.errors import BadInput
from services.importers.msproject import guard

_OPTIONS = (
    "-Xmx1024m",
    "-Xmn200m",
    "-Xss8m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Duser.language=en",
    "-Duser.country=GB",
    "-Djavax.xml.accessExternalDTD=",
    "-Djavax.xml.accessExternalSchema=",
    "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
)
_MEMORY = "java.lang.OutOfMemoryError"
_KEEP = 200


class Unreadable(Exception):
    """Why a plan cannot be read."""


class NoJava(Exception):
    """Why no plan can be read here."""


def start() -> None:
    """Starts Java with MPXJ. Raises NoJava with what to install."""
    import jpype

    spec = importlib.util.find_spec("mpxj")
    if spec is None or spec.origin is None:
        raise NoJava("MPXJ is not installed; pip install 'pmo[msproject]' installs it")
    try:
        jpype.startJVM(*_OPTIONS, classpath=[str(Path(spec.origin).parent / "lib" / "*")], convertStrings=False)
    except (jpype.JVMNotFoundException, jpype.JVMNotSupportedException, OSError, RuntimeError) as error:
        raise NoJava(
            "Java is not found; install a Java runtime, version 8 or later, or set JAVA_HOME to one"
            f" ({str(error).splitlines()[0][:_KEEP]})"
        ) from None


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of one file, project by project. Raises Unreadable."""
    import jpype

    from services.importers.msproject.extract import Extractor

    try:
        reader = jpype.JClass("org.mpxj.reader.UniversalProjectReader")()
        found = reader.readAll(str(path))
        if not found:
            raise Unreadable("no project is found in it")
        for project in found:
            yield from Extractor(project).rows()
    except jpype.JException as error:
        raise Unreadable(_why(error)) from error


def _why(error: Any) -> str:
    """The innermost reason that Java gives, in a few words."""
    names = []
    while error is not None:
        names.append((str(error.getClass().getName()), str(error.getMessage() or "")))
        error = error.getCause()
    if any(name == _MEMORY for name, _ in names):
        return "it needs more memory than an import may take"
    if any("assword" in text for _, text in names):
        return "it is protected by a password; save it without one"
    name, text = names[-1]
    return " ".join(f"{name.rpartition('.')[2]} {text}".split())[:_KEEP]


def answer(path: Path, out: BinaryIO) -> None:
    """Prints a file's rows and its end, which tells what is wrong with it."""
    projects = 0
    try:
        guard.check(path)
        for row in rows(path):
            projects += row["row"] == "project"
            _say(out, row)
    except (Unreadable, BadInput) as why:
        _say(out, {"row": "end", "refused": str(why)})
    else:
        _say(out, {"row": "end", "projects": projects})


def _say(out: BinaryIO, row: dict[str, Any]) -> None:
    out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    if row["row"] == "end":
        out.flush()


def _asked(arguments: list[str]) -> Iterable[Path]:
    if arguments:
        return (Path(argument) for argument in arguments)
    return (Path(orjson.loads(line)) for line in sys.stdin.buffer)


def main(arguments: list[str]) -> None:
    """Answers for the files that are named, or else for each path that the standard input tells."""
    # what Java's libraries print must not stand between our lines
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    try:
        start()
    except NoJava as why:
        _say(out, {"row": "end", "unavailable": str(why)})
        return
    for path in _asked(arguments):
        answer(path, out)


if __name__ == "__main__":
    main(sys.argv[1:])
