"""What every command about a project shares."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from pydantic import Field

from schemas.event import Event, Record
from schemas.streams import stream_id
from services.commands.command import Command, Context, KeyArgument
from services.commands.fold import State
from services.commands.project.state import ProjectState
from services.errors import NotFound, Rejected


class UnknownProject(NotFound):
    """The project has no history yet."""


class ProjectClosed(Rejected):
    """Withdrawn or financially closed: only corrections, credit notes and `reopen` are left."""


class NeedsAtRisk(Rejected):
    """Against the process, but it may have happened: recorded only with a reason, and found by a control."""


class NotRequested(Rejected):
    """A gate or a change is decided on request."""


class NotYet(Rejected):
    """What it rests on happened, but only later."""


class OwnDecision(Rejected):
    """Nobody decides on what they proposed or requested themselves."""


class ProjectCommand(Command):
    """A command about a project that exists."""

    closed_too: ClassVar[bool] = False
    """Whether it may come after the books are closed."""
    withdrawn_too: ClassVar[bool] = False
    """Whether it may come after the project is withdrawn."""
    project: KeyArgument = Field(description="The project's code")

    def stream(self) -> str:
        """The project's stream."""
        return stream_id("project", self.project)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown or closed project, then lets the command decide."""
        project = cast(ProjectState, state)
        if not project and not later:
            raise UnknownProject(f"There is no project {self.project}; 'pmo project propose' makes it.")
        how = self._at_rest(project)
        if how and context.corrects is None:
            raise ProjectClosed(
                f"Project {self.project} is {how}; reopen it first, or correct an event by --supersedes."
            )
        return self.follow(project, later, context)

    def _at_rest(self, project: ProjectState) -> str:
        if project.status == "withdrawn" and not self.withdrawn_too:
            return "withdrawn"
        return "financially closed" if project.is_closed and not self.closed_too else ""

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """The events that follow for a project that exists."""
        raise NotImplementedError


def refuse_not_yet(
    later: Sequence[Record], context: Context, what: str, *of: type[Event], item: str | None = None
) -> None:
    """Refuses where `what`, such as "Project X was proposed", is true only of a later time: an event of these types."""
    found = (r for r in later if isinstance(r.event, of) and item in (None, r.event.part))
    first = min(found, key=lambda record: record.k, default=None)
    if first is not None:
        then, now = (moment.astimezone(context.zone) for moment in (first.occurred_at, context.occurred_at))
        same = then.date() == now.date()
        form = "%Y-%m-%d %H:%M" if same else "%Y-%m-%d"
        hint = "a day stands for its beginning, so give a later time by --at" if same else "give a later day by --on"
        raise NotYet(
            f"{what} on {then:{form}}, after {now:{form}}; {hint}, "
            f"or correct that event by --supersedes {first.version}."
        )


def refuse_own(decided_by: str, owner: str | None, what: str) -> None:
    """Refuses a decision by the one whose matter it is."""
    if owner is not None and decided_by == owner:
        raise OwnDecision(f"{what} cannot be decided by the person who asked for it; let somebody else decide.")


def plain(model: Command, *without: str) -> dict[str, Any]:
    """The command's fields by name, without the stream's key and `without`."""
    left_out = {"project", *without}
    return {name: getattr(model, name) for name in type(model).model_fields if name not in left_out}
