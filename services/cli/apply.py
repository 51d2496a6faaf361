"""Many commands from a JSON Lines file, in one transaction."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click

from services.cli import output
from services.cli.groups import nearest
from services.cli.history import withdraw
from services.cli.recording import Actor, Common, Scribe, actor_of, meta_of, opened
from services.commands.app import Governance, Outcome, UnitOfWork
from services.commands.catalogue import BY_PATH
from services.errors import BadInput, NotFound, PartlyRejected, PmoError, Rejected, did_you_mean
from services.settings import Settings

_COMMON = ("on", "at", "reported_at", "command_id", "actor", "recorded_at")
_VOID = "void"
_VOID_NEEDS, _VOID_TAKES = ("stream", "version"), ("reason", "command_id", "actor")
_PROGRESS_EVERY = 200
_EPILOG = """\b
A line is one command:
  {"command": "unit register", "unit": "OPS", "name": "Operations", "on": "2026-01-05"}
Its fields are the options of that command, with _ for -; on, at, reported_at,
supersedes, command_id and actor may be given too. A line without command_id gets
one from its content, so that applying a file again records nothing twice.

\b
An event that was recorded in error is withdrawn by
  {"command": "void", "stream": "project:ALPHA", "version": 3, "reason": "twice"}

\b
Example:
  pmo apply commands.jsonl"""


class Line(NamedTuple):
    """One line that is not blank: its number, its bytes, and which of several like it in this file it is."""

    number: int
    content: bytes
    occurrence: int

    @property
    def command_id(self) -> str:
        """The id where the line gives none: the same for the same line, wherever in the file it moves."""
        digest = hashlib.sha256(self.content + b"#%d" % self.occurrence).hexdigest()
        return f"apply-{digest[:40]}"


@dataclass
class Tally:
    """What became of the lines."""

    commands: int = 0
    events: int = 0
    repeated: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        rejected = [{"line": number, "error": reason} for number, reason in self.rejected]
        return {
            "commands": self.commands,
            "events": self.events,
            "recorded_earlier": self.repeated,
            "rejected": rejected,
        }

    def as_text(self) -> str:
        """One line for people."""
        parts = [f"{output.counted(self.events, 'event')} recorded"]
        if self.repeated:
            parts.append(f"{output.count(self.repeated)} recorded earlier")
        if self.rejected:
            parts.append(f"{output.count(len(self.rejected))} rejected")
        return f"{output.counted(self.commands, 'command')}: {', '.join(parts)}"


@click.command(epilog=_EPILOG)
@click.argument("file", metavar="FILE")
@click.option("--keep-going", is_flag=True, help="Record the good lines and list the bad ones (exit code 3).")
@click.option("--actor", metavar="LOGIN", help="Who says what the lines say; by default PMO_ACTOR or you.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def apply(file: str, keep_going: bool, actor: str | None, as_json: bool) -> None:
    """Record many commands from FILE, one JSON object a line; - reads standard input.

    All lines are one transaction: if one is wrong, nothing is recorded, unless --keep-going is given.
    """
    settings = Settings.load()
    lines = list(_lines(_content(file)))
    with opened() as app, output.progress("Applying") as progress:
        applying = _Applying(app, settings, actor_of(settings, actor), keep_going, progress)
        tally = app.transact(lambda unit: applying.all(unit, lines))
    for number, reason in tally.rejected:
        click.echo(f"line {number}: {reason}", err=True)
    if as_json:
        output.as_json(tally.as_data())
    else:
        click.echo(tally.as_text())
    if tally.rejected:
        raise PartlyRejected(
            f"{output.counted(len(tally.rejected), 'line')} of {output.count(tally.commands)} "
            "could not be recorded; correct them and apply the file again."
        )


class _Applying:
    def __init__(
        self,
        app: Governance,
        settings: Settings,
        actor: Actor,
        keep_going: bool,
        progress: Callable[[int, int], None],
    ) -> None:
        self._app = app
        self._settings = settings
        self._actor = actor
        self._actors: dict[str, Actor] = {}
        self._keep_going = keep_going
        self._progress = progress

    def all(self, unit: UnitOfWork, lines: list[Line]) -> Tally:
        tally = Tally(commands=len(lines))
        scribe = Scribe(self._app, unit)
        for done, line in enumerate(lines):
            try:
                self._one(scribe, line, tally)
            except (BadInput, NotFound, Rejected) as error:
                if not self._keep_going:
                    raise _at_line(line.number, error) from None
                tally.rejected.append((line.number, str(error)))
            if done % _PROGRESS_EVERY == 0:
                self._progress(done, len(lines))
        return tally

    def _one(self, scribe: Scribe, line: Line, tally: Tally) -> None:
        said = parsed(line.content)
        path = said.pop("command", None)
        if path == _VOID:
            self._tally(self._void(scribe, line, said), tally)
            return
        command_class = BY_PATH.get(path) if isinstance(path, str) else None
        if command_class is None:
            near = nearest(str(path), [*BY_PATH, _VOID])
            hint = did_you_mean(list(map(repr, near)), "write one like 'project propose'.")
            raise BadInput(f"command: {path!r} is no command; {hint}" if path else 'The line has no "command".')
        given = {name: _text(said.pop(name), name) for name in _COMMON if name in said}
        given.setdefault("command_id", line.command_id)
        replaced = said.pop("supersedes", None)
        common = Common(supersedes=None if replaced is None else _version(replaced, "supersedes"), **given)
        actor = self._actor if common.actor is None else self._named(common.actor)
        self._tally(scribe.record(command_class, said, meta_of(self._settings, common, actor), actor), tally)

    def _void(self, scribe: Scribe, line: Line, said: dict[str, Any]) -> Outcome:
        if more := set(said) - {*_VOID_NEEDS, *_VOID_TAKES}:
            fields = ", ".join((*_VOID_NEEDS, *_VOID_TAKES))
            raise BadInput(f"'void' has no field {min(more)!r}; its fields are {fields}.")
        if missing := [name for name in _VOID_NEEDS if name not in said]:
            raise BadInput(f"'void' needs {' and '.join(missing)}.")
        given = {name: _text(value, name) for name, value in said.items() if name != "version"}
        common = Common(command_id=given.get("command_id", line.command_id))
        actor = self._named(given["actor"]) if "actor" in given else self._actor
        meta = meta_of(self._settings, common, actor)
        version = _version(said["version"], "version")
        outcome = withdraw(self._app, scribe.unit, given["stream"], version, meta, given.get("reason"))
        scribe.introduce(actor, outcome)
        return outcome

    @staticmethod
    def _tally(outcome: Outcome, tally: Tally) -> None:
        if outcome.repeated:
            tally.repeated += 1
        else:
            tally.events += len(outcome.records)

    def _named(self, login: str) -> Actor:
        if login not in self._actors:
            self._actors[login] = actor_of(self._settings, login)
        return self._actors[login]


def parsed(content: bytes) -> dict[str, Any]:
    """The fields of one line. Numbers stay texts, so that decimals are exact. Raises BadInput."""
    try:
        said = json.loads(
            content, parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_no_duplicates
        )
    except BadInput:
        raise
    except (ValueError, RecursionError):
        raise BadInput("The line is not valid JSON.") from None
    if not isinstance(said, dict):
        raise BadInput('The line is not a JSON object such as {"command": "unit register", ...}.')
    return {name: value for name, value in said.items() if value is not None}


def _no_constant(name: str) -> NoReturn:
    raise BadInput(f"{name} is not a number.")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BadInput(f"{twice!r} is given twice.")
    return found


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name}: {value!r} is not a text.")
    return value


def _version(value: Any, name: str) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or int(value) < 1:
        raise BadInput(f"{name}: {value!r} is not a version such as 3.")
    return int(value)


def _content(file: str) -> bytes:
    if file == "-":
        return click.get_binary_stream("stdin").read()
    path = Path(file)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"There is no file {file}; give a JSON Lines file, or - for standard input.") from None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None


def _lines(content: bytes) -> Iterator[Line]:
    seen: Counter[bytes] = Counter()
    # a byte order mark is what Windows programs begin a file with
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = raw.strip()
        if line:
            seen[line] += 1
            yield Line(number, line, seen[line])


def _at_line(number: int, error: PmoError) -> PmoError:
    located = type(error)(f"line {number}: {error}")
    located.__cause__ = error.__cause__
    return located
