"""What becomes of an audit's findings."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from schemas import assurance as events
from schemas.event import Event, Record
from schemas.streams import KEY_PATTERN, key, stream_id
from services.commands.command import Argument, Command, Context, Day, FreeText, PersonKey, Proof, Shape
from services.commands.fold import State
from services.errors import BadInput, NotFound, Rejected

CLOSED: dict[type[Event], str] = {
    events.FindingDismissed: "dismissed",
    events.FindingRemediated: "remediated",
    events.FindingCured: "cured",
}
OPEN = (events.FindingRaised, events.FindingAcknowledged, events.FindingRiskAccepted, events.FindingReopened)

_PREFIX = "finding:"
_PARTS = 3


def _finding(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = value.strip().removeprefix(_PREFIX).split("/")
    if len(parts) != _PARTS:
        raise ValueError(
            f"{value!r} is not CONTROL/SUBJECT/EVENT, such as STATUS-EVERY-14-DAYS/PROJECT.ALPHA/PROJECT.ALPHA.3"
        )
    return "/".join(key(part) for part in parts)


FindingKey = Annotated[
    str,
    BeforeValidator(_finding),
    Shape("FINDING"),
    Field(pattern=rf"^{KEY_PATTERN}(/{KEY_PATTERN}){{2}}$", examples=["OWNER-NAMED/PROJECT.ALPHA/PROJECT.ALPHA.3"]),
]
_EXAMPLE = "STATUS-EVERY-14-DAYS/PROJECT.ALPHA/PROJECT.ALPHA.3"


def last_of(state: State) -> Record | None:
    """What happened to the finding last."""
    return state.record(*OPEN, *CLOSED)


def owner_of(state: State) -> str | None:
    """Who answers for the finding."""
    acknowledged = state.last(events.FindingAcknowledged)
    return acknowledged.owner if acknowledged else None


class _FindingCommand(Command):
    finding: Annotated[FindingKey, Argument()] = Field(description="The finding, as CONTROL/SUBJECT/EVENT")

    def stream(self) -> str:
        """The finding's stream."""
        return stream_id("finding", *self.finding.split("/"))

    def found(self, state: State, later: Sequence[Record]) -> Record:
        """What happened to the finding last; refuses one that was not raised, or not yet."""
        last = last_of(state)
        if last:
            return last
        raised = next((r for r in later if isinstance(r.event, events.FindingRaised)), None)
        if raised:
            when = raised.occurred_at.isoformat(timespec="minutes")
            raise Rejected(f"Finding {self.finding} was raised only at {when}; leave --on out, or give a later time.")
        raise NotFound(f"There is no finding {self.finding}; 'pmo audit run' raises them.")

    def refuse_closed(self, last: Record) -> None:
        """Refuses what is closed."""
        if how := CLOSED.get(type(last.event)):
            raise Rejected(f"Finding {self.finding} is {how}; 'pmo finding reopen' lets it stand again first.")

    def refuse_closed_later(self, later: Sequence[Record]) -> None:
        """Refuses to close what is recorded to be closed after that time."""
        ends: tuple[type[Event], ...] = (*CLOSED, events.FindingReopened)
        following = min((r for r in later if isinstance(r.event, ends)), key=lambda r: r.k, default=None)
        if following:
            self.refuse_closed(following)

    def refuse_owner(self, state: State, later: Sequence[Record], decided_by: str, what: str) -> None:
        """Refuses a decision by the one who answers for the finding, or took it over afterwards."""
        owners = {r.event.owner for r in later if isinstance(r.event, events.FindingAcknowledged)} | {owner_of(state)}
        if decided_by in owners:
            raise Rejected(f"A finding is not {what} by its owner; let somebody else decide.")


class Acknowledge(
    _FindingCommand, path="finding acknowledge", example=f"{_EXAMPLE} --owner ann@example.org --due 2026-09-30"
):
    """Record who answers for a finding, and by when it will be remedied."""

    owner: PersonKey = Field(description="Who answers for it")
    due: Day = Field(description="By when it will be remedied")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a finding that is closed, and a day that has passed."""
        self.refuse_closed(self.found(state, later))
        _refuse_past("--due", self.due, context)
        return [events.FindingAcknowledged(owner=self.owner, due=self.due)]


class Dismiss(
    _FindingCommand, path="finding dismiss", example=f'{_EXAMPLE} --decided-by bob --reason "reported by letter"'
):
    """Record that a finding is a false positive."""

    decided_by: PersonKey = Field(description="Who decides; not its owner")
    reason: FreeText = Field(description="Why it is none")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a finding that is closed, and its owner's own judgement."""
        self.refuse_closed(self.found(state, later))
        self.refuse_closed_later(later)
        self.refuse_owner(state, later, self.decided_by, "dismissed")
        return [events.FindingDismissed(decided_by=self.decided_by, reason=self.reason)]


class AcceptRisk(
    _FindingCommand,
    path="finding accept",
    example=f'{_EXAMPLE} --until 2026-12-31 --requested-by ann --decided-by cio --reason "replaced next year"',
):
    """Record that a finding is lived with until a day."""

    until: Day = Field(description="The last day of the acceptance")
    decided_by: PersonKey = Field(description="Who accepts it; neither its owner nor who asks")
    requested_by: PersonKey | None = Field(default=None, description="Who asks")
    reason: FreeText = Field(description="Why it is lived with")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a finding that is closed, an end in the past, and acceptance by its requester or owner."""
        self.refuse_closed(self.found(state, later))
        _refuse_past("--until", self.until, context)
        if self.requested_by is None and owner_of(state) is None:
            raise Rejected("Nobody is known to ask for it: give --requested-by, or let an owner acknowledge it first.")
        if self.decided_by == self.requested_by:
            raise Rejected("A risk is not accepted by the person who asked for it; let somebody else decide.")
        self.refuse_owner(state, later, self.decided_by, "accepted")
        fields = {name: getattr(self, name) for name in ("until", "requested_by", "decided_by", "reason")}
        return [events.FindingRiskAccepted(**fields)]


class Remediate(
    _FindingCommand,
    path="finding remediate",
    example=f"{_EXAMPLE} --decided-by bob --evidence https://docs.example/report",
):
    """Record that what a finding asked for is done."""

    decided_by: PersonKey = Field(description="Who found it done; not its owner")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a finding that is closed, and its owner's own judgement."""
        self.refuse_closed(self.found(state, later))
        self.refuse_closed_later(later)
        self.refuse_owner(state, later, self.decided_by, "closed")
        return [events.FindingRemediated(decided_by=self.decided_by, evidence=self.evidence)]


class Reopen(_FindingCommand, path="finding reopen", example=f'{_EXAMPLE} --reason "it happened again"'):
    """Let a finding stand again that was closed or accepted."""

    reason: FreeText = Field(description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a finding that stands."""
        last = self.found(state, later)
        if type(last.event) not in (*CLOSED, events.FindingRiskAccepted):
            raise Rejected(f"Finding {self.finding} stands already, so it cannot be reopened.")
        return [
            events.FindingReopened(
                decided_by=self.decided_by, control_digest=None, evidence=(), audit=None, reason=self.reason
            )
        ]


def _refuse_past(option: str, day: date, context: Context) -> None:
    if day < context.day:
        raise BadInput(f"{option} lies before the day on which it is decided.")


COMMANDS: tuple[type[Command], ...] = (Acknowledge, Dismiss, AcceptRisk, Remediate, Reopen)
