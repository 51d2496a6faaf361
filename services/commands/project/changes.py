"""Changes of a project's scope, decisions about it, and actions that follow."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from schemas import delivery as events
from schemas.event import Event, Record
from schemas.fields import Currency, Money
from services.commands.command import Command, Context, Day, FreeText, KeyArgument, PersonKey, Proof
from services.commands.project.common import NotRequested, ProjectCommand, plain, refuse_not_yet, refuse_own
from services.commands.project.registers import Register, happened
from services.commands.project.state import ProjectState
from services.errors import Rejected

CHANGES = Register("change", events.ChangeRequested, "request-change")
DECISIONS = Register("decision", events.DecisionRecorded, "record-decision")
ACTIONS = Register("action", events.ActionOpened, "open-action", ended_by=events.ActionClosed, ended="closed")


class Decided(Rejected):
    """A change is decided once."""


class RequestChange(
    ProjectCommand,
    path="project request-change",
    example='CRANE-7 CR-1 --cost 12000 --days 14 --requested-by ann@example.org --reason "second hook"',
):
    """Ask for another scope, cost or finish."""

    change: KeyArgument = Field(description="Any code for the change, to decide it by")
    cost: Money = Field(description="What it adds to the budget: 0 if nothing, negative where it saves")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's")
    days: Annotated[int, Field(ge=-36_500, le=36_500)] = Field(
        default=0, description="Calendar days that it adds to the finish; negative where it saves"
    )
    requested_by: PersonKey | None = Field(default=None, description="Who asks, whoever types it")
    reason: FreeText | None = Field(default=None, description="What is to change, and why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        CHANGES.refuse_taken(self.project, self.change, project, later)
        currency = self.currency or project.currency or context.currency
        return [events.ChangeRequested(item=self.change, currency=currency, **plain(self, "change", "currency"))]


class _ChangeDecision(ProjectCommand):
    change: KeyArgument = Field(description="The change's code")
    decided_by: PersonKey = Field(description="Who decides; not the requester")

    def refuse(self, project: ProjectState, later: Sequence[Record], context: Context) -> None:
        """Refuses what was not requested by then or is decided, and a decision by the requester."""
        request = project.last(events.ChangeRequested, item=self.change)
        if request is None:
            asked = f"Change {self.change} of project {self.project} was requested"
            refuse_not_yet(later, context, asked, events.ChangeRequested, item=self.change)
            raise NotRequested(
                f"Nobody asked for change {self.change} of project {self.project}; 'pmo project request-change' does."
            )
        kinds = (events.ChangeApproved, events.ChangeRejected)
        if project.record(*kinds, item=self.change) or any(happened(later, *kinds, item=self.change)):
            raise Decided(
                f"Change {self.change} of project {self.project} is decided already; "
                "correct that event by --supersedes, or request another change."
            )
        refuse_own(self.decided_by, request.requested_by, "A change")


class ApproveChange(
    _ChangeDecision,
    path="project approve-change",
    example="CRANE-7 CR-1 --decided-by board --evidence https://docs.example/minutes",
):
    """Let a change be made; a new baseline may rest on it."""

    evidence: tuple[Proof, ...] = Field(default=(), description="Minutes or paper of the decision")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is not to be decided now, and by the requester."""
        self.refuse(project, later, context)
        return [events.ChangeApproved(item=self.change, **plain(self, "change"))]


class RejectChange(
    _ChangeDecision, path="project reject-change", example='CRANE-7 CR-1 --decided-by board --reason "too dear"'
):
    """Turn a change down."""

    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is not to be decided now, and by the requester."""
        self.refuse(project, later, context)
        return [events.ChangeRejected(item=self.change, **plain(self, "change"))]


class RecordDecision(
    ProjectCommand,
    path="project record-decision",
    example='CRANE-7 D-4 --text "buy, not rent" --decided-by board --evidence https://docs.example/minutes',
):
    """Record a decision about a project that no other command stands for."""

    decision: KeyArgument = Field(description="Any code for the decision")
    text: FreeText | None = Field(default=None, description="What was decided")
    decided_by: PersonKey | None = Field(default=None, description="Who decided")
    evidence: tuple[Proof, ...] = Field(default=(), description="Minutes or paper of the decision")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        DECISIONS.refuse_taken(self.project, self.decision, project, later)
        fields = plain(self, "decision", "text")
        return [events.DecisionRecorded(item=self.decision, decision=self.text, **fields)]


class OpenAction(
    ProjectCommand,
    path="project open-action",
    example='CRANE-7 A1 --owner ann@example.org --due 2026-07-15 --description "ask for offers"',
):
    """Ask somebody to do something by a day."""

    action: KeyArgument = Field(description="Any code for the action, to close it by")
    owner: PersonKey | None = Field(default=None, description="Who is to do it")
    due: Day | None = Field(default=None, description="The day by which it is to be done")
    description: FreeText | None = Field(default=None, description="What is to be done")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        ACTIONS.refuse_taken(self.project, self.action, project, later)
        return [events.ActionOpened(item=self.action, **plain(self, "action"))]


class CloseAction(ProjectCommand, path="project close-action", example="CRANE-7 A1 --on 2026-07-14"):
    """Record that an action is done."""

    action: KeyArgument = Field(description="The action's code")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an action that was never opened, and to close it twice."""
        ACTIONS.refuse_ended(self.project, self.action, project, later)
        return [events.ActionClosed(item=self.action, evidence=self.evidence)]


COMMANDS: tuple[type[Command], ...] = (
    RequestChange,
    ApproveChange,
    RejectChange,
    RecordDecision,
    OpenAction,
    CloseAction,
)
