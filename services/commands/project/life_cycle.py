"""From proposal to financial closure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas import project as events
from schemas.event import Event, Record
from schemas.fields import Contribution, Cost, Currency, Share, Text
from schemas.streams import stream_id
from services.commands.command import Command, Context, Day, FreeText, KeyArgument, KeyField, PersonKey, Proof
from services.commands.fold import State, ever
from services.commands.project.common import NeedsAtRisk, ProjectCommand, plain, refuse_not_yet, refuse_own
from services.commands.project.state import ENDED, ProjectState
from services.errors import BadInput, Rejected


class CodeTaken(Rejected):
    """A project's code is unique."""


class NotProposed(Rejected):
    """An approval needs a proposal."""


class Propose(Command, path="project propose", example='CRANE-7 --name "Crane renewal" --unit OPS --budget 250000'):
    """Propose a project."""

    project: KeyArgument = Field(description="The project's code, unique for ever")
    name: Text = Field(description="Its name")
    unit: KeyField = Field(description="The unit that answers for it")
    sponsor: PersonKey | None = Field(default=None, description="Who pays and decides")
    manager: PersonKey | None = Field(default=None, description="Who manages it")
    proposed_by: PersonKey | None = Field(default=None, description="Whose proposal it is, whoever types it")
    gate_route: KeyField | None = Field(
        default=None, description="The route of gates that it follows, as 'pmo setting set GATE-ROUTE.NAME' sets it"
    )
    contributions: dict[KeyField, Contribution] = Field(
        default_factory=dict, description="How far it serves a goal, 0 to 5", examples=["GROWTH=3"]
    )
    size: events.Size | None = Field(default=None, description="Its size class")
    value: Cost | None = Field(default=None, description="What it is expected to be worth over its life")
    risk: Share | None = Field(default=None, description="Chance that it fails, 0 to 1")
    planned_start: Day | None = Field(default=None, description="First day of work")
    planned_finish: Day | None = Field(default=None, description="Last day of work")
    budget: Cost | None = Field(default=None, description="What it is to cost")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the organisation's")

    def stream(self) -> str:
        """The project's stream."""
        return stream_id("project", self.project)

    def references(self) -> tuple[str, ...]:
        """The unit and the goals."""
        return (stream_id("business-unit", self.unit), *(stream_id("goal", goal) for goal in self.contributions))

    def settings(self) -> tuple[str, ...]:
        """The route of gates."""
        return (f"GATE-ROUTE.{self.gate_route}",) if self.gate_route else ()

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken, and a finish before the start."""
        if ever(state, later, events.Proposed):
            raise CodeTaken(f"There is a project {self.project} already; choose another code.")
        if self.planned_start and self.planned_finish and self.planned_finish < self.planned_start:
            raise BadInput("--planned-finish lies before --planned-start.")
        return [events.Proposed(currency=self.currency or context.currency, **plain(self, "currency"))]


def _refuse_not_proposed(project: ProjectState, later: Sequence[Record], context: Context, code: str) -> None:
    if project.proposal is None:
        refuse_not_yet(later, context, f"Project {code} was proposed", events.Proposed)


def _refuse_ended(project: ProjectState, code: str, what: str) -> None:
    if project.status in ENDED - {"rejected"}:
        raise Rejected(f"Project {code} is {project.status}, not to be {what}; 'pmo project reopen' lets it go on.")


class Approve(ProjectCommand, path="project approve", example="CRANE-7 --decided-by board@example.org"):
    """Approve a proposed project."""

    decided_by: PersonKey = Field(description="Who decides; not the proposer")
    evidence: tuple[Proof, ...] = Field(default=(), description="Minutes or paper of the decision")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses without a proposal, and by the proposer."""
        _refuse_not_proposed(project, later, context, self.project)
        if project.proposal is None:
            raise NotProposed(f"Project {self.project} was never proposed, so there is nothing to approve.")
        if project.status not in ("proposed", "deferred", "rejected", "running", "on-hold"):
            raise Rejected(f"Project {self.project} is {project.status}; it cannot be approved now.")
        refuse_own(self.decided_by, project.proposal.proposed_by, "A proposal")
        return [events.Approved(**plain(self))]


class RejectProposal(ProjectCommand, path="project reject", example='CRANE-7 --decided-by board --reason "no funds"'):
    """Turn a proposal down."""

    decided_by: PersonKey = Field(description="Who decides; not the proposer")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is no open proposal, and by the proposer."""
        _refuse_not_proposed(project, later, context, self.project)
        if project.proposal is None or project.status not in ("proposed", "deferred"):
            raise Rejected(f"Project {self.project} is {project.status}; only an open proposal can be rejected.")
        refuse_own(self.decided_by, project.proposal.proposed_by, "A proposal")
        return [events.RejectedProposal(**plain(self))]


class Defer(ProjectCommand, path="project defer", example="CRANE-7 --until 2026-10-01"):
    """Put the decision on a proposal off."""

    until: Day | None = Field(default=None, description="When it is looked at again")
    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is no open proposal."""
        _refuse_not_proposed(project, later, context, self.project)
        if project.status not in ("proposed", "deferred"):
            raise Rejected(f"Project {self.project} is {project.status}; only an open proposal can be deferred.")
        if self.until and self.until < context.day:
            raise BadInput("--until lies before the decision to defer.")
        return [events.Deferred(**plain(self))]


class Start(ProjectCommand, path="project start", example="CRANE-7 --on 2026-03-01"):
    """Record that work on a project began."""

    at_risk: FreeText | None = Field(default=None, description="Why it began without approval or baseline")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Asks for a reason where approval or baseline is missing; refuses what has ended."""
        _refuse_ended(project, self.project, "started")
        missing = [
            what for what, held in (("approval", project.is_approved), ("baseline", project.baseline)) if not held
        ]
        if missing and self.at_risk is None:
            raise NeedsAtRisk(
                f"Project {self.project} has no {' and no '.join(missing)}; "
                "give --at-risk with the reason if it began all the same."
            )
        return [events.Started(at_risk=self.at_risk)]


class Hold(ProjectCommand, path="project hold", example='CRANE-7 --reason "supplier insolvent"'):
    """Put a project on hold."""

    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what has ended: only `reopen` lets that go on."""
        _refuse_ended(project, self.project, "put on hold")
        return [events.PutOnHold(**plain(self))]


class Resume(ProjectCommand, path="project resume", example="CRANE-7"):
    """Go on with a project that was on hold."""

    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what is not on hold."""
        if project.status != "on-hold":
            refuse_not_yet(later, context, f"Project {self.project} was put on hold", events.PutOnHold)
            raise Rejected(f"Project {self.project} is {project.status}, not on hold.")
        return [events.Resumed(**plain(self))]


class Complete(ProjectCommand, path="project complete", example="CRANE-7 --objectives-met --quality-met"):
    """Record that a project delivered."""

    objectives_met: bool | None = Field(
        default=None, description="Whether its objectives are met; leave out if unknown"
    )
    quality_met: bool | None = Field(default=None, description="Whether quality is as agreed; leave out if unknown")
    assessor: PersonKey | None = Field(default=None, description="Who judged that")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact, also for a project that was never started; refuses to record it twice."""
        if project.status == "completed":
            raise Rejected(f"Project {self.project} is completed already; correct that event by --supersedes.")
        return [events.Completed(**plain(self))]


class Cancel(ProjectCommand, path="project cancel", example="CRANE-7 --cause funding"):
    """Record that a project ended without delivering."""

    cause: Literal["strategy", "funding", "feasibility", "performance", "duplicate", "other"] | None = Field(
        default=None, description="What kind of reason"
    )
    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.Cancelled(**plain(self))]


class Reopen(ProjectCommand, path="project reopen", example='CRANE-7 --reason "warranty work"'):
    """Go on with a project that had ended."""

    closed_too = withdrawn_too = True
    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what has not ended."""
        if not project.is_closed and project.status not in ("completed", "cancelled", "descoped", "withdrawn"):
            raise Rejected(f"Project {self.project} is {project.status}; only one that has ended can be reopened.")
        return [events.Reopened(**plain(self))]


class Withdraw(ProjectCommand, path="project withdraw", example='CRANE-7 --reason "entered twice"'):
    """Say that the whole project was recorded in error."""

    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Takes the project out of every figure."""
        return [events.Withdrawn(**plain(self))]


class Close(ProjectCommand, path="project close", example="CRANE-7 --final-cost 243118.20"):
    """Close a project financially: no more cost will come."""

    final_cost: Cost = Field(description="What it cost in the end")
    currency: Currency | None = Field(default=None, description="By default the baseline's")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a project that has not ended."""
        if project.status not in ("completed", "cancelled", "merged", "split", "descoped"):
            raise Rejected(
                f"Project {self.project} is {project.status}; complete or cancel it before closing its books."
            )
        currency = self.currency or project.currency
        if currency is None:
            raise BadInput(f"Project {self.project} has no baseline to take the currency from; give --currency.")
        return [events.FinanciallyClosed(final_cost=Decimal(self.final_cost), currency=currency)]


class Transfer(ProjectCommand, path="project transfer", example="CRANE-7 --unit LOGISTICS"):
    """Let another unit answer for a project."""

    unit: KeyField = Field(description="The unit that takes it over")

    def references(self) -> tuple[str, ...]:
        """The unit."""
        return (stream_id("business-unit", self.unit),)

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.Transferred(unit=self.unit)]


class ChangeManager(ProjectCommand, path="project change-manager", example="CRANE-7 --manager ann@example.org"):
    """Give a project another manager."""

    manager: PersonKey | None = Field(default=None, description="Who manages it now; leave out if nobody does")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.ManagerChanged(manager=self.manager)]


class Merge(ProjectCommand, path="project merge", example="CRANE-7 --into HARBOUR-2"):
    """Record that a project went on as part of another one."""

    into: KeyField = Field(description="The project that it became part of")

    def references(self) -> tuple[str, ...]:
        """The other project."""
        return (stream_id("project", self.into),)

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a merger with itself."""
        if self.into == self.project:
            raise BadInput("A project cannot be merged into itself.")
        return [events.MergedInto(into=self.into)]


class Split(ProjectCommand, path="project split", example="CRANE-7 --into CRANE-8 --into CRANE-9"):
    """Record that a project went on as several others."""

    into: tuple[KeyField, ...] = Field(description="A project that went on with a part of it")

    def references(self) -> tuple[str, ...]:
        """The other projects."""
        return tuple(stream_id("project", into) for into in self.into)

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses fewer than two parts, and itself among them."""
        if len(set(self.into)) < 2 or self.project in self.into:
            raise BadInput("A project is split into two others or more: give --into for each.")
        return [events.SplitInto(into=self.into)]


class Descope(ProjectCommand, path="project descope", example='CRANE-7 --reason "no longer part of the programme"'):
    """Record that a project's scope was taken out of the portfolio."""

    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.Descoped(**plain(self))]


COMMANDS: tuple[type[Command], ...] = (
    Propose,
    Approve,
    RejectProposal,
    Defer,
    Start,
    Hold,
    Resume,
    Complete,
    Cancel,
    Reopen,
    Withdraw,
    Close,
    Transfer,
    ChangeManager,
    Merge,
    Split,
    Descope,
)
