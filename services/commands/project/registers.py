"""What the registers of a project have in common: a code that is taken once, made before it is changed, ended once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from schemas.event import Event, Record
from services.commands.project.state import ProjectState
from services.errors import NotFound, Rejected

E = TypeVar("E", bound=Event)


class CodeInUse(Rejected):
    """Within a project, a register's codes are unique."""


class Ended(Rejected):
    """What has ended is not ended or changed again."""


class NotInRegister(NotFound):
    """The project's register has no such entry."""


@dataclass(frozen=True)
class Register(Generic[E]):
    """One kind of entry: its name, the event and the command that make it, and what ends it, in a word.

    An entry that is dated later is known all the same: it is often written down after what happened to it.
    """

    name: str
    made_by: type[E]
    made_with: str
    ended_by: type[Event] | None = None
    ended: str = ""

    def refuse_taken(self, code: str, item: str, project: ProjectState, later: Sequence[Record]) -> None:
        """Refuses a code that the project's register has, or will have."""
        if self._find(self.made_by, item, project, later):
            raise CodeInUse(
                f"Project {code} has {self.name} {item} already; choose another code, or correct it by --supersedes."
            )

    def entry(self, code: str, item: str, project: ProjectState, later: Sequence[Record]) -> E:
        """The event that made an entry; refuses one that was never made."""
        made = self._find(self.made_by, item, project, later)
        if made is None:
            raise NotInRegister(f"Project {code} has no {self.name} {item}; 'pmo project {self.made_with}' makes it.")
        return made

    def open_entry(self, code: str, item: str, project: ProjectState, later: Sequence[Record]) -> E:
        """The event that made an entry; refuses one that had ended by then."""
        made = self.entry(code, item, project, later)
        if self.ended_by and project.last(self.ended_by, item=item):
            raise Ended(
                f"The {self.name} {item} of project {code} is {self.ended}; "
                "say by --on on which day before that this happened, or void that event first."
            )
        return made

    def refuse_ended(self, code: str, item: str, project: ProjectState, later: Sequence[Record]) -> None:
        """Refuses to end an entry that was never made, that has ended, or of which a later end is known."""
        self.entry(code, item, project, later)
        if self.ended_by and self._find(self.ended_by, item, project, later):
            raise Ended(
                f"The {self.name} {item} of project {code} is {self.ended} already; correct that event by --supersedes."
            )

    def _find(self, of: type[Event], item: str, project: ProjectState, later: Sequence[Record]) -> E | None:
        found = project.last(of, item=item) or next(iter(happened(later, of, item=item)), None)
        return cast("E | None", found)


def happened(later: Sequence[Record], *of: type[Event], item: str) -> Iterable[Event]:
    """The events of these types about one part, in order of recording."""
    return (record.event for record in later if isinstance(record.event, of) and record.event.part == item)
