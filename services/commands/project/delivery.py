"""Baselines, gates and progress of a project."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas import progress
from schemas import project as events
from schemas.event import Event, Record
from schemas.fields import Cost, Currency, Money, Rag, Share
from services.commands.command import Argument, Command, Context, Day, FreeText, KeyField, PersonKey, Proof
from services.commands.project.common import (
    NeedsAtRisk,
    NotRequested,
    ProjectCommand,
    plain,
    refuse_not_yet,
    refuse_own,
)
from services.commands.project.state import ENDED, STATUS_AFTER, ProjectState
from services.errors import BadInput, Rejected

Gate = Annotated[KeyField, Argument()]
WIND_DOWN_DAYS = 60
"""For so long cost still comes to a project that has ended; control 33 says the same."""
GATE_DECISIONS = (
    events.GatePassed,
    events.GatePassedWithConditions,
    events.GateFailed,
    events.GateDecisionRevoked,
)


class UnauthorisedBaseline(Rejected):
    """A further baseline needs an approved change, or the word "unauthorised"."""


class NoEvidence(Rejected):
    """A gate is not passed without evidence."""


class SetBaseline(
    ProjectCommand,
    path="project set-baseline",
    example="CRANE-7 --start 2026-03-01 --finish 2026-11-30 --budget 250000",
):
    """Set the plan that a project is measured against."""

    start: Day = Field(description="First day of work")
    finish: Day = Field(description="Last day of work")
    budget: Cost = Field(description="Budget at completion")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's before")
    curve: dict[Day, Cost] = Field(
        default_factory=dict,
        description="Planned value by day, rising from 0 at the start to the budget at the finish; by default a line",
        examples=["2026-06-30=120000"],
    )
    change_id: KeyField | None = Field(default=None, description="The approved change behind it, of this project")
    unauthorised: bool = Field(default=False, description="Say that no change was approved for it")
    reason: FreeText | None = Field(default=None, description="Why, if unauthorised")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a curve that is not monotone, and a further baseline that nobody stands for."""
        if self.finish < self.start:
            raise BadInput("--finish lies before --start.")
        if self.change_id and self.unauthorised:
            raise BadInput("--unauthorised says that no change was approved; leave out that or --change-id.")
        others = [r.event for r in (*project.records(events.BaselineSet), *later) if _is_baseline(r)]
        number = max((int(other.part) for other in others), default=0) + 1
        if context.corrects and _is_baseline(context.corrects):
            number = int(context.corrects.event.part)
        if number > 1 or self.change_id:
            self._refuse_unauthorised(project, others)
        currency = self.currency or project.currency
        if currency is None:
            raise BadInput("The project has no currency yet; give --currency.")
        points = tuple(events.PlannedValue(day=day, value=value) for day, value in self._points())
        return [
            events.BaselineSet(
                item=str(number),
                curve=points,
                currency=currency,
                **plain(self, "curve", "currency"),
            )
        ]

    def _refuse_unauthorised(self, project: ProjectState, others: Sequence[Event]) -> None:
        """Refuses a change that is not approved or behind another baseline, and a further baseline without one."""
        if self.unauthorised and self.reason:
            return
        if self.change_id is None:
            raise UnauthorisedBaseline(
                f"Project {self.project} has a baseline; give the approved --change-id, "
                "or --unauthorised with --reason."
            )
        if not project.is_change_approved(self.change_id):
            raise UnauthorisedBaseline(
                f"Project {self.project} had no approved change {self.change_id} by then; "
                "let it be approved by 'pmo project approve-change', or give --unauthorised with --reason."
            )
        used = next((o for o in others if isinstance(o, events.BaselineSet) and o.change_id == self.change_id), None)
        if used:
            raise UnauthorisedBaseline(
                f"Change {self.change_id} is behind baseline {used.item} already; "
                "give another approved --change-id, or --unauthorised with --reason."
            )

    def _points(self) -> list[tuple[Day, Decimal]]:
        points = sorted({self.start: Decimal(0), self.finish: self.budget, **self.curve}.items())
        values = [value for _, value in points]
        ends = (points[0], points[-1])
        if self.start == self.finish:
            return [(self.finish, self.budget)]
        if ends != ((self.start, Decimal(0)), (self.finish, self.budget)) or values != sorted(values):
            raise BadInput("--curve must rise, never fall, from 0 at the start to the budget at the finish.")
        return points


class RequestGate(ProjectCommand, path="project request-gate", example="CRANE-7 G1 --requested-by ann@example.org"):
    """Ask for a gate's decision."""

    gate: Gate = Field(description="The gate")
    requested_by: PersonKey | None = Field(default=None, description="Who asks")
    evidence: tuple[Proof, ...] = Field(default=(), description="What is to be judged")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the request."""
        return [events.GateRequested(item=self.gate, requested_by=self.requested_by, evidence=self.evidence)]


class PassGate(
    ProjectCommand, path="project pass-gate", example="CRANE-7 G1 --decided-by board --evidence minutes.pdf"
):
    """Let a project pass a gate."""

    gate: Gate = Field(description="The gate")
    decided_by: PersonKey = Field(description="Who decides; not the requester")
    evidence: tuple[Proof, ...] = Field(default=(), description="What the decision rests on")
    due: Day | None = Field(default=None, description="Passed with conditions, owed by this day")
    conditions: FreeText | None = Field(default=None, description="What is still owed")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses without request or evidence, and by the requester."""
        request = _requested(project, later, context, self.gate, self.project)
        if not self.evidence and not request.evidence:
            raise NoEvidence(f"Gate {self.gate} needs evidence: give --evidence with a file or a URI.")
        refuse_own(self.decided_by, request.requested_by, "A gate")
        decided = {"item": self.gate, "decided_by": self.decided_by, "evidence": self.evidence or request.evidence}
        if self.conditions and not self.due:
            raise BadInput("Conditions need the day by which they are owed: give --due.")
        if self.due and self.due < context.day:
            raise BadInput("--due lies before the decision.")
        if self.due:
            return [events.GatePassedWithConditions(due=self.due, conditions=self.conditions, **decided)]
        return [events.GatePassed(**decided)]


class FailGate(
    ProjectCommand, path="project fail-gate", example='CRANE-7 G1 --decided-by board --reason "no risk plan"'
):
    """Do not let a project pass a gate."""

    gate: Gate = Field(description="The gate")
    decided_by: PersonKey = Field(description="Who decides; not the requester")
    evidence: tuple[Proof, ...] = Field(default=(), description="What the decision rests on")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses without request, and by the requester."""
        refuse_own(self.decided_by, _requested(project, later, context, self.gate, self.project).requested_by, "A gate")
        return [events.GateFailed(item=self.gate, **plain(self, "gate"))]


class RevokeGate(
    ProjectCommand, path="project revoke-gate", example='CRANE-7 G1 --decided-by board --reason "evidence was wrong"'
):
    """Let a gate's decision no longer hold."""

    gate: Gate = Field(description="The gate")
    decided_by: PersonKey = Field(description="Who decides; not the requester")
    evidence: tuple[Proof, ...] = Field(default=(), description="What the decision rests on")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses where no decision holds, and by the requester."""
        decision = project.record(*GATE_DECISIONS, item=self.gate)
        if decision is None or isinstance(decision.event, events.GateDecisionRevoked):
            decided = f"Gate {self.gate} of project {self.project} was decided"
            refuse_not_yet(later, context, decided, *GATE_DECISIONS[:3], item=self.gate)
            raise Rejected(f"Gate {self.gate} of project {self.project} has no decision to revoke.")
        request = project.last(events.GateRequested, item=self.gate)
        refuse_own(self.decided_by, request.requested_by if request else None, "A gate")
        return [events.GateDecisionRevoked(item=self.gate, **plain(self, "gate"))]


class MeetCondition(ProjectCommand, path="project meet-condition", example="CRANE-7 G1 --evidence risk-plan.pdf"):
    """Record that what a gate still asked for is done."""

    gate: Gate = Field(description="The gate")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses where nothing is owed."""
        decision = project.record(*GATE_DECISIONS, item=self.gate)
        if decision is None or not isinstance(decision.event, events.GatePassedWithConditions):
            passed = f"Gate {self.gate} of project {self.project} was passed with conditions"
            refuse_not_yet(later, context, passed, events.GatePassedWithConditions, item=self.gate)
            raise Rejected(f"Gate {self.gate} of project {self.project} is not passed with conditions.")
        return [events.ConditionMet(item=self.gate, evidence=self.evidence)]


class Report(
    ProjectCommand,
    path="project report",
    example="CRANE-7 --data-date 2026-06-30 --percent-complete 0.45 --actual-cost 118000 --rag amber",
):
    """Report a project's progress at its data date."""

    data_date: Day | None = Field(
        default=None, description="The day that the figures speak of; by default --on or today"
    )
    percent_complete: Share = Field(description="Work done, 0 to 1")
    method: progress.ProgressMethod = Field(default="physical", description="How that was measured")
    actual_cost: Cost = Field(description="Cost to date, from the beginning")
    forecast_finish: Day | None = Field(default=None, description="The finish that is expected now")
    forecast_cost: Cost | None = Field(default=None, description="The cost at completion that is expected now")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's")
    rag: Rag | None = Field(default=None, description="Delivery confidence")
    narrative: FreeText | None = Field(default=None, description="What there is to say")
    at_risk: FreeText | None = Field(default=None, description="Why it comes while on hold or after the wind-down")

    def occurs_on(self) -> Day | None:
        """The data date: a late report about May does not overwrite June's."""
        return self.data_date

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Asks for a reason while on hold, and after the wind-down: bills that come until then are no surprise."""
        data_date = self.data_date or context.day
        if self.at_risk is None and (since := self._at_rest_since(project, context)):
            raise NeedsAtRisk(
                f"Project {self.project} is {since}; give --at-risk with the reason for reporting progress."
            )
        currency = self.currency or project.currency or context.currency
        fields = plain(self, "data_date", "currency")
        return [progress.ProgressReported(data_date=data_date, currency=currency, **fields)]

    def _at_rest_since(self, project: ProjectState, context: Context) -> str:
        step = project.record(*STATUS_AFTER)
        if step is None or project.status == "on-hold":
            return "on-hold" if step else ""
        day = step.occurred_at.astimezone(context.zone).date()
        is_over = project.status in ENDED - {"rejected"} and (context.day - day).days > WIND_DOWN_DAYS
        return f"{project.status} since {day}, more than {WIND_DOWN_DAYS} days" if is_over else ""


class CorrectCost(
    ProjectCommand, path="project correct-cost", example='CRANE-7 CN-114 --amount -1200 --reason "credit note"'
):
    """Record a credit note or a booking error."""

    closed_too = withdrawn_too = True
    number: Annotated[KeyField, Argument()] = Field(description="The credit note's number")
    amount: Money = Field(description="Added to the cost to date; negative for a credit")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact, also on a closed project."""
        return [
            progress.ActualCostCorrected(
                item=self.number,
                amount=self.amount,
                currency=self.currency or project.currency or context.currency,
                reason=self.reason,
            )
        ]


class ReforecastProject(ProjectCommand, path="project reforecast", example="CRANE-7 --forecast-finish 2027-01-31"):
    """Expect another finish or cost, between two reports."""

    forecast_finish: Day | None = Field(default=None, description="The finish that is expected now")
    forecast_cost: Cost | None = Field(default=None, description="The cost at completion that is expected now")
    currency: Currency | None = Field(default=None, description="ISO 4217; by default the plan's")
    reason: FreeText | None = Field(default=None, description="Why")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an empty one."""
        if self.forecast_finish is None and self.forecast_cost is None:
            raise BadInput("Give --forecast-finish, --forecast-cost or both.")
        currency = self.currency or project.currency or context.currency
        # what is left out is expected as before: an event sets all fields of its type
        said = project.record(progress.ProgressReported, progress.Reforecast)
        kept = {name: getattr(said.event, name) for name in ("forecast_finish", "forecast_cost")} if said else {}
        given = {name: value for name, value in plain(self, "currency").items() if value is not None}
        return [
            progress.Reforecast(
                **{
                    "currency": currency,
                    "reason": None,
                    "forecast_finish": None,
                    "forecast_cost": None,
                    **kept,
                    **given,
                }
            )
        ]


def _is_baseline(record: Record) -> bool:
    return isinstance(record.event, events.BaselineSet)


def _requested(
    project: ProjectState, later: Sequence[Record], context: Context, gate: str, code: str
) -> events.GateRequested:
    request = project.last(events.GateRequested, item=gate)
    if request is None:
        refuse_not_yet(later, context, f"Gate {gate} of project {code} was requested", events.GateRequested, item=gate)
        raise NotRequested(f"Nobody asked for gate {gate} of project {code}; 'pmo project request-gate' does.")
    return request


COMMANDS: tuple[type[Command], ...] = (
    SetBaseline,
    RequestGate,
    PassGate,
    FailGate,
    RevokeGate,
    MeetCondition,
    Report,
    CorrectCost,
    ReforecastProject,
)
