"""Items of work inside projects."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas import work as events
from schemas.event import Event, Record
from schemas.fields import Effort, Share, Text
from schemas.streams import stream_id
from services.commands.command import Argument, Command, Context, Day, FreeText, KeyArgument, KeyField, PersonKey
from services.commands.fold import State
from services.errors import BadInput, NotFound, Rejected

_STATUS = (events.WorkCreated, events.Moved, events.WorkDone, events.WorkReopened)


class _WorkCommand(Command):
    project: KeyArgument = Field(description="The project's code")
    item: Annotated[KeyField, Argument()] = Field(description="The item's key in the project, such as W-12")

    def stream(self) -> str:
        """The item's stream."""
        return stream_id("work", self.project, self.item)

    def references(self) -> tuple[str, ...]:
        """The project."""
        return (stream_id("project", self.project),)

    def existing(self, state: State, later: Sequence[Record]) -> None:
        """Refuses an item that does not exist, or was removed; one that is created later is known all the same."""
        last = state.record(events.WorkCreated, events.WorkRemoved)
        known = isinstance(last.event, events.WorkCreated) if last else _next(later, events.WorkCreated) is not None
        if not known:
            how = "was removed from" if last else "does not exist in"
            raise NotFound(f"Item {self.item} {how} project {self.project}; 'pmo work create' makes it.")


class CreateWork(
    _WorkCommand, path="work create", example='CRANE-7 W-12 --title "Order the rails" --work-type task --estimate 16'
):
    """Record that a project has an item of work."""

    work_type: Text | None = Field(default=None, description="What it is, such as task or defect")
    title: FreeText | None = Field(default=None, description="Its title")
    parent: KeyField | None = Field(default=None, description="The item that it is a part of, in the same project")
    status: Text = Field(default="Open", description="Its status")
    category: events.StatusCategory = Field(default="queue", description="Whether it waits, is worked on, or is done")
    assignee: PersonKey | None = Field(default=None, description="Who is to do it")
    estimate: Effort | None = Field(default=None, description="Hours that it is expected to take")
    planned_start: Day | None = Field(default=None, description="Its planned first day")
    planned_finish: Day | None = Field(default=None, description="Its planned last day")

    def references(self) -> tuple[str, ...]:
        """The project and the parent."""
        parent = (stream_id("work", self.project, self.parent),) if self.parent else ()
        return (*super().references(), *parent)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a key that is taken, now or later, an item inside itself, and days in the wrong order."""
        last = state.record(events.WorkCreated, events.WorkRemoved)
        if (last and isinstance(last.event, events.WorkCreated)) or _next(later, events.WorkCreated):
            raise Rejected(
                f"Project {self.project} has an item {self.item} already; correct it by --supersedes, "
                "or take another key."
            )
        if self.parent == self.item:
            raise BadInput("An item cannot be a part of itself.")
        _in_order(self.planned_start, self.planned_finish)
        fields = {name: getattr(self, name) for name in type(self).model_fields if name not in ("project", "item")}
        return [events.WorkCreated(**fields)]


class DescribeWork(_WorkCommand, path="work describe", example='CRANE-7 W-12 --title "Order steel rails"'):
    """Record that an item has another title, type or parent: all of them are given anew."""

    work_type: Text | None = Field(default=None, description="What it is, such as task or defect")
    title: FreeText | None = Field(default=None, description="Its title")
    parent: KeyField | None = Field(default=None, description="The item that it is a part of, in the same project")

    def references(self) -> tuple[str, ...]:
        """The project and the parent."""
        parent = (stream_id("work", self.project, self.parent),) if self.parent else ()
        return (*super().references(), *parent)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, an item inside itself, and a description that says nothing."""
        self.existing(state, later)
        if self.parent == self.item:
            raise BadInput("An item cannot be a part of itself.")
        if self.title is None and self.work_type is None and self.parent is None:
            raise BadInput("Give --title, --work-type or --parent.")
        return [events.WorkDescribed(work_type=self.work_type, title=self.title, parent=self.parent)]


class MoveWork(_WorkCommand, path="work move", example='CRANE-7 W-12 --status "In review" --category active'):
    """Record that an item went from one status to another."""

    status: Text = Field(description="The status that it has now")
    category: events.StatusCategory = Field(description="Whether it waits or is worked on")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, and a move into or out of being done, which have their own commands."""
        self.existing(state, later)
        if self.category == "done":
            raise BadInput("--category: a move does not finish an item; 'pmo work done' does.")
        before = _status(state)
        if before.get("category") == "done":
            raise Rejected(f"Item {self.item} is done; 'pmo work reopen' lets it go on.")
        return [
            events.Moved(
                from_status=before.get("status"),
                from_category=before.get("category"),
                status=self.status,
                category=self.category,
            )
        ]


class AssignWork(_WorkCommand, path="work assign", example="CRANE-7 W-12 --assignee ann@example.org"):
    """Record who is to do an item."""

    assignee: PersonKey | None = Field(default=None, description="Who is to do it; leave out for nobody")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist."""
        self.existing(state, later)
        return [events.Assigned(assignee=self.assignee)]


class ReEstimateWork(_WorkCommand, path="work re-estimate", example="CRANE-7 W-12 --estimate 24 --remaining 10"):
    """Record that an item is expected to take other hours or days: all of them are given anew."""

    estimate: Effort | None = Field(default=None, description="Hours from its beginning to its end")
    remaining: Effort | None = Field(default=None, description="Hours that are still to be worked")
    percent_complete: Share | None = Field(default=None, description="How much of it is done, 0 to 1")
    planned_start: Day | None = Field(default=None, description="Its planned first day")
    planned_finish: Day | None = Field(default=None, description="Its planned last day")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, an estimate of nothing, and days in the wrong order."""
        self.existing(state, later)
        fields = {name: getattr(self, name) for name in ("percent_complete", "planned_start", "planned_finish")}
        fields |= {"total_effort": self.estimate, "remaining_effort": self.remaining}
        if not any(value is not None for value in fields.values()):
            raise BadInput("Give --estimate, --remaining, --percent-complete, --planned-start or --planned-finish.")
        _in_order(self.planned_start, self.planned_finish)
        return [events.ReEstimated(**fields)]


class BlockWork(_WorkCommand, path="work block", example='CRANE-7 W-12 --reason "waiting for steel"'):
    """Record that an item cannot go on."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, and one that is blocked."""
        self.existing(state, later)
        if _blocked(state) or isinstance(_next(later, events.Blocked, events.Unblocked), events.Blocked):
            raise Rejected(f"Item {self.item} is blocked already; correct it by --supersedes.")
        return [events.Blocked(reason=self.reason)]


class UnblockWork(_WorkCommand, path="work unblock", example="CRANE-7 W-12"):
    """Record that a blocked item can go on."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, and one that is not blocked, or whose block ended later."""
        self.existing(state, later)
        if not _blocked(state):
            raise Rejected(f"Item {self.item} is not blocked at that time; 'pmo work block' records that it is.")
        if isinstance(_next(later, events.Blocked, events.Unblocked), events.Unblocked):
            raise Rejected(f"Item {self.item} is unblocked already; correct it by --supersedes.")
        return [events.Unblocked()]


class FinishWork(_WorkCommand, path="work done", example="CRANE-7 W-12"):
    """Record that an item is finished."""

    status: Text = Field(default="Done", description="The status that it has now")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, and one that is done, now or later."""
        self.existing(state, later)
        following = _next(later, events.WorkDone, events.WorkReopened)
        if _status(state).get("category") == "done" or isinstance(following, events.WorkDone):
            raise Rejected(f"Item {self.item} is done already; correct it by --supersedes.")
        return [events.WorkDone(status=self.status, category="done")]


class ReopenWork(_WorkCommand, path="work reopen", example='CRANE-7 W-12 --status "In progress"'):
    """Record that a finished item goes on."""

    status: Text = Field(default="In progress", description="The status that it has now")
    category: Literal["queue", "active"] = Field(default="active", description="Whether it waits or is worked on")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, and one that is not done, or is reopened later."""
        self.existing(state, later)
        if _status(state).get("category") != "done":
            raise Rejected(f"Item {self.item} is not done at that time, so it cannot be reopened.")
        if isinstance(_next(later, events.WorkDone, events.WorkReopened), events.WorkReopened):
            raise Rejected(f"Item {self.item} is reopened already; correct it by --supersedes.")
        return [events.WorkReopened(status=self.status, category=self.category)]


class RemoveWork(_WorkCommand, path="work remove", example='CRANE-7 W-12 --reason "duplicate"'):
    """Record that an item is no longer part of its project."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an item that does not exist, or is removed, now or later."""
        self.existing(state, later)
        if isinstance(_next(later, events.WorkCreated, events.WorkRemoved), events.WorkRemoved):
            raise Rejected(f"Item {self.item} is removed already; correct it by --supersedes.")
        return [events.WorkRemoved(reason=self.reason)]


def _status(state: State) -> dict[str, Any]:
    """The item's status and category, empty where none is known yet."""
    last = state.record(*_STATUS)
    return {name: getattr(last.event, name) for name in ("status", "category")} if last else {}


def _blocked(state: State) -> bool:
    last = state.record(events.WorkCreated, events.Blocked, events.Unblocked)
    return last is not None and isinstance(last.event, events.Blocked)


def _next(later: Sequence[Record], *types: type[Event]) -> Event | None:
    """The first event of these types to follow."""
    following = min((r for r in later if isinstance(r.event, types)), key=lambda r: r.k, default=None)
    return following.event if following else None


def _in_order(start: date | None, finish: date | None) -> None:
    if start is not None and finish is not None and finish < start:
        raise BadInput("--planned-finish lies before --planned-start.")


COMMANDS: tuple[type[Command], ...] = (
    CreateWork,
    DescribeWork,
    MoveWork,
    AssignWork,
    ReEstimateWork,
    BlockWork,
    UnblockWork,
    FinishWork,
    ReopenWork,
    RemoveWork,
)
