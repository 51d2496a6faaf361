"""The one root of the errors that a user may see, each with its exit code and HTTP status.

A message is one sentence that says what happened and what the user can do about it; the CLI prints it after
``Error:`` and ends with `exit_code`. Anything else that escapes is a defect of ours and ends with exit code 1.
"""

import difflib
from collections.abc import Iterable, Sequence


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence on a name that there is not: which are like it, else which there are."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    return did_you_mean(near, f"there are {', '.join(names)}.")


def did_you_mean(near: Sequence[str], otherwise: str) -> str:
    """The end of a sentence on what there is not: what is near it, else what to do `otherwise`."""
    return f"did you mean {' or '.join(near)}?" if near else otherwise


class PmoError(Exception):
    """The root: an outcome that the user can act on."""

    exit_code = 1
    http_status = 500


class BadInput(PmoError):
    """What was given is malformed: a field, a date, a file of another kind (exit code 2)."""

    exit_code = 2
    http_status = 400


class PartlyRejected(PmoError):
    """The work was done, but some rows or lines were rejected and are listed (exit code 3)."""

    exit_code = 3
    http_status = 422


class Rejected(PmoError):
    """A rule of the process refuses the command; nothing was recorded (exit code 4)."""

    exit_code = 4
    http_status = 409


class NotFound(PmoError):
    """A stream, KPI, control or workspace that does not exist (exit code 5)."""

    exit_code = 5
    http_status = 404


class Conflict(PmoError):
    """Somebody else changed the stream meanwhile, again and again (exit code 6)."""

    exit_code = 6
    http_status = 409


class Unavailable(PmoError):
    """Something needed is not there: a locked folder, a broker, a database, Java (exit code 7)."""

    exit_code = 7
    http_status = 503
