"""Risks, issues and stakeholders of a project."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from schemas import exposure as events
from schemas.event import Event, Record
from schemas.fields import Cost, Currency, Share, Text
from services.commands.command import Command, Context, Day, FreeText, KeyArgument, PersonKey, Proof
from services.commands.project.common import ProjectCommand, plain
from services.commands.project.registers import Register
from services.commands.project.state import ProjectState

RISKS = Register("risk", events.RiskRaised, "raise-risk", ended_by=events.RiskClosed, ended="closed")
HAPPENED = Register("risk", events.RiskRaised, "raise-risk", ended_by=events.RiskMaterialised, ended="materialised")
ISSUES = Register("issue", events.IssueRaised, "raise-issue", ended_by=events.IssueClosed, ended="closed")
STAKEHOLDERS = Register("stakeholder", events.StakeholderRegistered, "register-stakeholder")


class RaiseRisk(
    ProjectCommand,
    path="project raise-risk",
    example='CRANE-7 R1 --name "Crane fails" --effect threat --probability 0.3 --impact 50000 --owner ann@example.org',
):
    """Record something uncertain that would harm or help a project."""

    risk: KeyArgument = Field(description="Any code for the risk, to reassess and close it by")
    name: Text = Field(description="What may happen")
    effect: events.Effect = Field(default="threat", description="Whether it would harm or help")
    category: Text | None = Field(default=None, description="What kind of risk it is")
    probability: Share = Field(description="Chance that it happens, 0 to 1")
    impact: Cost = Field(description="What it would cost, or bring, if it happened")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's")
    owner: PersonKey | None = Field(default=None, description="Who looks after it")
    description: FreeText | None = Field(default=None, description="Cause, event and effect")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        RISKS.refuse_taken(self.project, self.risk, project, later)
        currency = self.currency or project.currency or context.currency
        return [events.RiskRaised(item=self.risk, currency=currency, **plain(self, "risk", "currency"))]


class ReassessRisk(
    ProjectCommand,
    path="project reassess-risk",
    example='CRANE-7 R1 --probability 0.1 --impact 20000 --reason "second supplier found"',
):
    """Look at a risk again. What is left out stays as it was, so that nothing at all means unchanged."""

    risk: KeyArgument = Field(description="The risk's code")
    probability: Share | None = Field(default=None, description="Chance that is left after the responses, 0 to 1")
    impact: Cost | None = Field(default=None, description="What it would still cost, or bring")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the risk's")
    owner: PersonKey | None = Field(default=None, description="Who looks after it now")
    reason: FreeText | None = Field(default=None, description="What changed, and why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a risk that was never raised, and one that was closed by then."""
        raised = RISKS.open_entry(self.project, self.risk, project, later)
        before = _latest(project, raised, events.RiskReassessed)
        fields = _kept(self, before, "probability", "impact", "currency", "owner")
        return [events.RiskReassessed(item=self.risk, reason=self.reason, **fields)]


class CloseRisk(ProjectCommand, path="project close-risk", example='CRANE-7 R1 --reason "crane is handed over"'):
    """Record that a risk can no longer happen."""

    risk: KeyArgument = Field(description="The risk's code")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a risk that was never raised, and to close it twice."""
        RISKS.refuse_ended(self.project, self.risk, project, later)
        return [events.RiskClosed(item=self.risk, reason=self.reason)]


class MaterialiseRisk(
    ProjectCommand, path="project materialise-risk", example='CRANE-7 R1 --impact 43000 --reason "gear box broke"'
):
    """Record that a risk happened, also one that was thought to be over."""

    risk: KeyArgument = Field(description="The risk's code")
    impact: Cost | None = Field(default=None, description="What it cost, or brought; leave out if unknown")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the risk's")
    reason: FreeText | None = Field(default=None, description="What happened")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a risk that was never raised, and to let it happen twice under one code."""
        HAPPENED.refuse_ended(self.project, self.risk, project, later)
        before = _latest(project, RISKS.entry(self.project, self.risk, project, later), events.RiskReassessed)
        fields = _kept(self, before, "currency")
        return [events.RiskMaterialised(item=self.risk, impact=self.impact, reason=self.reason, **fields)]


class RaiseIssue(
    ProjectCommand,
    path="project raise-issue",
    example='CRANE-7 I1 --name "No crane driver" --severity high --owner ann@example.org --due 2026-07-31',
):
    """Record something that stands in a project's way."""

    issue: KeyArgument = Field(description="Any code for the issue, to reassess and close it by")
    name: Text = Field(description="What stands in the way")
    severity: events.IssueSeverity = Field(description="How grave it is")
    owner: PersonKey | None = Field(default=None, description="Who is to solve it")
    due: Day | None = Field(default=None, description="The day by which it is to be solved")
    description: FreeText | None = Field(default=None, description="What there is to say")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        ISSUES.refuse_taken(self.project, self.issue, project, later)
        return [events.IssueRaised(item=self.issue, **plain(self, "issue"))]


class ReassessIssue(
    ProjectCommand, path="project reassess-issue", example='CRANE-7 I1 --severity critical --reason "strike goes on"'
):
    """Record that an issue is graver or lesser, or in other hands. What is left out stays as it was."""

    issue: KeyArgument = Field(description="The issue's code")
    severity: events.IssueSeverity | None = Field(default=None, description="How grave it is now")
    owner: PersonKey | None = Field(default=None, description="Who is to solve it now")
    due: Day | None = Field(default=None, description="The day by which it is to be solved now")
    reason: FreeText | None = Field(default=None, description="What changed, and why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an issue that was never raised, and one that was closed by then."""
        raised = ISSUES.open_entry(self.project, self.issue, project, later)
        before = _latest(project, raised, events.IssueReassessed)
        fields = _kept(self, before, "severity", "owner", "due")
        return [events.IssueReassessed(item=self.issue, reason=self.reason, **fields)]


class CloseIssue(ProjectCommand, path="project close-issue", example='CRANE-7 I1 --reason "driver hired"'):
    """Record that an issue is out of the way."""

    issue: KeyArgument = Field(description="The issue's code")
    reason: FreeText | None = Field(default=None, description="How")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an issue that was never raised, and to close it twice."""
        ISSUES.refuse_ended(self.project, self.issue, project, later)
        return [events.IssueClosed(item=self.issue, reason=self.reason)]


class RegisterStakeholder(
    ProjectCommand,
    path="project register-stakeholder",
    example='CRANE-7 S1 --role "Harbour master" --current resistant --desired supportive',
):
    """Record that somebody has a stake in a project."""

    stakeholder: KeyArgument = Field(description="Any code for the stakeholder, never a name")
    role: Text = Field(description="What they are to the project, never a name")
    person: PersonKey | None = Field(default=None, description="Who it is, where it is one person of the organisation")
    current: events.Engagement = Field(description="How they stand towards the project")
    desired: events.Engagement = Field(description="How they should stand")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        STAKEHOLDERS.refuse_taken(self.project, self.stakeholder, project, later)
        return [events.StakeholderRegistered(item=self.stakeholder, **plain(self, "stakeholder"))]


class AssessEngagement(
    ProjectCommand, path="project assess-engagement", example="CRANE-7 S1 --current neutral --evidence minutes.pdf"
):
    """Record how a stakeholder stands towards a project now."""

    stakeholder: KeyArgument = Field(description="The stakeholder's code")
    current: events.Engagement = Field(description="How they stand towards the project")
    desired: events.Engagement | None = Field(default=None, description="How they should stand; by default as before")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a stakeholder who was never registered."""
        registered = STAKEHOLDERS.entry(self.project, self.stakeholder, project, later)
        before = _latest(project, registered, events.EngagementAssessed)
        fields = _kept(self, before, "current", "desired")
        return [events.EngagementAssessed(item=self.stakeholder, evidence=self.evidence, **fields)]


def _latest(project: ProjectState, made: Event, changed_by: type[Event]) -> Event:
    """How an entry stood: as last assessed, else as it was made."""
    return project.last(changed_by, item=made.part) or made


def _kept(command: Command, before: Event, *names: str) -> dict[str, Any]:
    """These fields of a command; those that were left out as they were before."""
    given = {name: getattr(command, name) for name in names}
    return {name: getattr(before, name) if value is None else value for name, value in given.items()}


COMMANDS: tuple[type[Command], ...] = (
    RaiseRisk,
    ReassessRisk,
    CloseRisk,
    MaterialiseRisk,
    RaiseIssue,
    ReassessIssue,
    CloseIssue,
    RegisterStakeholder,
    AssessEngagement,
)
