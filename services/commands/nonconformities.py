"""Where a unit does not work as a standard says, and how far the change has come."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas import standard as events
from schemas.event import Event, Record
from schemas.fields import Item, Level
from schemas.streams import stream_id
from services.commands.command import Argument, Command, Context, Day, FreeText, PersonKey, Proof
from services.commands.fold import State
from services.commands.standards import AdoptionCommand
from services.errors import BadInput, NotFound, Rejected


class _NonconformityCommand(AdoptionCommand):
    nonconformity: Annotated[Item, Argument()] = Field(description="Any name for it, to resolve it by")

    def standing(self, state: State) -> events.NonconformityRaised | None:
        """The nonconformity, if it is raised and not resolved."""
        last = state.record(events.NonconformityRaised, events.NonconformityResolved, item=self.nonconformity)
        return last.event if last and isinstance(last.event, events.NonconformityRaised) else None

    def next_of(self, later: Sequence[Record]) -> Event | None:
        """What happens to it next, as far as is recorded."""
        kinds = (events.NonconformityRaised, events.NonconformityResolved)
        own = (r for r in later if isinstance(r.event, kinds) and r.event.item == self.nonconformity)
        following = min(own, key=lambda r: r.k, default=None)
        return following.event if following else None


class RaiseNonconformity(
    _NonconformityCommand,
    path="adoption raise-nonconformity",
    example="RISK OPS NC-1 --severity major --due 2026-12-31 --requirement R1 --owner ann@example.org",
):
    """Record that a unit does not work as a standard says."""

    severity: Literal["minor", "major", "critical"] = Field(description="How grave it is")
    due: Day = Field(description="The day by which it is to be resolved")
    requirement: Item | None = Field(default=None, description="The requirement that is not met")
    raised_by: PersonKey | None = Field(default=None, description="Who found it")
    owner: PersonKey | None = Field(default=None, description="Who is to resolve it")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")
    description: FreeText | None = Field(default=None, description="What is wrong")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a name that stands, a day that has passed, and a requirement that the standard does not have."""
        if self.standing(state) or isinstance(self.next_of(later), events.NonconformityRaised):
            raise Rejected(
                f"Nonconformity {self.nonconformity} stands already; correct it by --supersedes, or name it otherwise."
            )
        if self.due < context.day:
            raise BadInput("--due lies before the day on which it is raised.")
        standard = context.other(stream_id("standard", self.standard))
        edition = standard.record(events.StandardPublished, events.StandardRevised)
        known = [each.id for each in getattr(edition.event, "requirements", ())] if edition else []
        if self.requirement and known and self.requirement not in known:
            raise BadInput(
                f"--requirement names {self.requirement}, which standard {self.standard} does not have; "
                f"it has {', '.join(known)}."
            )
        names = ("requirement", "severity", "due", "raised_by", "owner", "evidence", "description")
        fields: dict[str, Any] = {name: getattr(self, name) for name in names}
        return [events.NonconformityRaised(item=self.nonconformity, **fields)]


class ResolveNonconformity(
    _NonconformityCommand, path="adoption resolve-nonconformity", example="RISK OPS NC-1 --decided-by auditor"
):
    """Record that a nonconformity is resolved."""

    decided_by: PersonKey = Field(description="Who found it resolved; not its owner")
    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses what was not raised or is resolved, and its owner's own judgement."""
        standing = self.standing(state)
        if standing is None:
            if state.last(events.NonconformityRaised, item=self.nonconformity):
                raise self.resolved_already()
            raise NotFound(
                f"Unit {self.unit} has no nonconformity {self.nonconformity} with standard {self.standard} "
                "at that time; 'pmo adoption raise-nonconformity' records one."
            )
        if isinstance(self.next_of(later), events.NonconformityResolved):
            raise self.resolved_already()
        if self.decided_by == standing.owner:
            raise Rejected("A nonconformity is not closed by its owner; let somebody else decide that it is resolved.")
        return [
            events.NonconformityResolved(item=self.nonconformity, decided_by=self.decided_by, evidence=self.evidence)
        ]

    def resolved_already(self) -> Rejected:
        """The refusal of a second resolution."""
        return Rejected(f"Nonconformity {self.nonconformity} is resolved already; correct that by --supersedes.")


class _ChangeAssessment(AdoptionCommand):
    people: Annotated[int | None, Field(ge=0)] = Field(default=None, description="How many people it concerns")
    assessor: PersonKey | None = Field(default=None, description="Who judged")
    findings: FreeText | None = Field(default=None, description="What was found")

    def found(self) -> dict[str, Any]:
        """The event's fields."""
        return {name: getattr(self, name) for name in ("level", "people", "assessor", "findings")}


class AssessImpact(_ChangeAssessment, path="adoption assess-impact", example="RISK OPS --level 4 --people 42"):
    """Record how much a standard changes a unit's work."""

    level: Level = Field(description="1 hardly, 5 thoroughly")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the judgement."""
        return [events.ImpactAssessed(**self.found())]


class AssessReadiness(_ChangeAssessment, path="adoption assess-readiness", example="RISK OPS --level 2 --people 42"):
    """Record how ready a unit is for a standard."""

    level: Level = Field(description="1 not at all, 5 fully")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the judgement."""
        return [events.ReadinessAssessed(**self.found())]


class AssessResistance(_ChangeAssessment, path="adoption assess-resistance", example="RISK OPS --level 3 --people 42"):
    """Record how much a unit resists a standard."""

    level: Level = Field(description="1 hardly, 5 strongly")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the judgement."""
        return [events.ResistanceAssessed(**self.found())]


COMMANDS: tuple[type[Command], ...] = (
    RaiseNonconformity,
    ResolveNonconformity,
    AssessImpact,
    AssessReadiness,
    AssessResistance,
)
