"""Commands about standards and how units adopt them."""

from collections.abc import Sequence
from typing import Annotated, Literal, cast

from pydantic import Field

from schemas import standard as events
from schemas.event import Event, Record
from schemas.fields import Item, Text
from schemas.streams import stream_id
from services.commands.command import Argument, Command, Context, Day, FreeText, KeyArgument, KeyField, PersonKey, Proof
from services.commands.fold import State, ever
from services.errors import BadInput, NotFound, Rejected

UnitArgument = Annotated[KeyField, Argument()]
Edition = events.StandardPublished | events.StandardRevised


class StandardState(State):
    """A standard, with all its editions."""

    steps_of = (events.StandardPublished, events.StandardRevised)


def editions_of(standard: State) -> dict[str, Edition]:
    """A standard's editions by name, the one in force last."""
    found: dict[str, Edition] = {}
    for step in standard.steps:
        edition = cast(Edition, step.event)
        found.pop(edition.edition, None)
        found[edition.edition] = edition
    return found


class _StandardCommand(Command):
    standard: KeyArgument = Field(description="The standard's code")

    def stream(self) -> str:
        """The standard's stream."""
        return stream_id("standard", self.standard)


class _Edition(_StandardCommand):
    name: Text = Field(description="Its name")
    standard_kind: events.StandardKind = Field(description="practice, process or technology")
    edition: Item = Field(description="The edition, such as 2021 or 1.4")
    requirements: dict[Item, Text] = Field(description="What it asks for, by id", examples=["R1=Risk register kept"])
    weights: dict[Item, Annotated[int, Field(ge=1, le=100)]] = Field(
        default_factory=dict, description="Weight of a requirement, 1 unless given", examples=["R1=2"]
    )
    data_class: Literal["public", "internal", "confidential", "restricted"] | None = Field(
        default=None, description="For technology: the data it may see"
    )
    security_review: Proof | None = Field(default=None, description="For technology: its security review")

    def fields(self) -> dict[str, object]:
        """The event's fields; refuses an edition that asks for nothing."""
        if not self.requirements:
            raise BadInput("A standard needs at least one --requirements ID=TEXT.")
        if unknown := set(self.weights) - set(self.requirements):
            raise BadInput(f"--weights names {sorted(unknown)[0]}, which is no requirement of this edition.")
        return {
            "name": self.name,
            "standard_kind": self.standard_kind,
            "edition": self.edition,
            "requirements": tuple(
                events.Requirement(id=item, text=text, weight=self.weights.get(item, 1))
                for item, text in self.requirements.items()
            ),
            "data_class": self.data_class,
            "security_review": self.security_review,
        }


class Publish(
    _Edition,
    path="standard publish",
    example='RISK --name "Risk management" --standard-kind process --edition 1 --requirements R1="Register kept"',
):
    """Publish a standard."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a code that is taken."""
        if ever(state, later, events.StandardPublished):
            raise Rejected(
                f"There is a standard {self.standard} already; 'pmo standard revise' gives it a new edition."
            )
        return [events.StandardPublished(**self.fields())]


class ReviseStandard(
    _Edition,
    path="standard revise",
    example=(
        'RISK --name "Risk management" --standard-kind process --edition 2 '
        '--requirements R1="Register kept" --requirements R2="Register reviewed"'
    ),
):
    """Give a standard another edition."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown standard, and an edition that exists."""
        editions = editions_of(state)
        if not editions:
            raise NotFound(f"There is no standard {self.standard}; 'pmo standard publish' makes it.")
        if self.edition in editions:
            raise Rejected(f"Standard {self.standard} has edition {self.edition} already; name the new one otherwise.")
        return [events.StandardRevised(**self.fields())]


class WithdrawStandard(_StandardCommand, path="standard withdraw", example="RISK"):
    """Let a standard no longer apply."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown standard."""
        if not state:
            raise NotFound(f"There is no standard {self.standard}.")
        return [events.StandardWithdrawn(reason=self.reason)]


class AdoptionCommand(Command):
    """A command about one unit's adoption of one standard."""

    standard: KeyArgument = Field(description="The standard's code")
    unit: UnitArgument = Field(description="The unit's code")

    def stream(self) -> str:
        """The unit's adoption of the standard."""
        return stream_id("adoption", self.standard, self.unit)

    def references(self) -> tuple[str, ...]:
        """The standard and the unit."""
        return (stream_id("standard", self.standard), stream_id("business-unit", self.unit))


class Mandate(AdoptionCommand, path="adoption mandate", example="RISK OPS --due 2026-12-31"):
    """Ask a unit to meet a standard by a day."""

    due: Day = Field(description="The day by which it is assessed as met")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a standard that is withdrawn."""
        standard = context.other(stream_id("standard", self.standard))
        last = standard.record(events.StandardPublished, events.StandardRevised, events.StandardWithdrawn)
        if last is not None and isinstance(last.event, events.StandardWithdrawn):
            raise Rejected(f"Standard {self.standard} is withdrawn; it cannot be mandated.")
        return [events.Mandated(due=self.due, decided_by=self.decided_by)]


class DeclareNotApplicable(
    AdoptionCommand, path="adoption not-applicable", example='RISK OPS --rationale "no projects" --decided-by cio'
):
    """Record that a standard does not concern a unit."""

    rationale: FreeText = Field(description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records it with its rationale."""
        return [events.NotApplicable(rationale=self.rationale, decided_by=self.decided_by)]


class Assess(AdoptionCommand, path="adoption assess", example="RISK OPS --results R1=met --results R2=partly"):
    """Hold a unit against a standard's requirements."""

    results: dict[Item, events.Result] = Field(
        description="Result of a requirement: met, partly or not-met", examples=["R1=met"]
    )
    edition: Item | None = Field(default=None, description="By default the edition in force")
    assessor: PersonKey | None = Field(default=None, description="Who judged")
    evidence: tuple[Proof, ...] = Field(default=(), description="What the judgement rests on")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an edition that the standard did not have by then, and requirements that it does not have."""
        editions = editions_of(context.other(stream_id("standard", self.standard)))
        if not editions:
            raise NotFound(f"Standard {self.standard} had no edition at that time.")
        edition = self.edition or list(editions)[-1]
        if edition not in editions:
            raise NotFound(
                f"Standard {self.standard} had no edition {edition} at that time; it had {', '.join(editions)}."
            )
        known = {requirement.id for requirement in editions[edition].requirements}
        if unknown := set(self.results) - known:
            raise BadInput(
                f"--results names {sorted(unknown)[0]}, which edition {edition} does not have; "
                f"it has {', '.join(sorted(known))}."
            )
        results = tuple(events.Assessment(requirement=r, result=result) for r, result in self.results.items())
        return [events.Assessed(edition=edition, results=results, assessor=self.assessor, evidence=self.evidence)]


class MeasureUsage(AdoptionCommand, path="adoption measure-usage", example="COPILOT OPS --active 42 --eligible 60"):
    """Record how many use a technology of those who could."""

    active: Annotated[int, Field(ge=0)] = Field(description="People who used it in the last 30 days")
    eligible: Annotated[int, Field(ge=0)] = Field(description="People who could")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses more users than there could be."""
        if self.active > self.eligible:
            raise BadInput("--active is more than --eligible.")
        return [events.UsageMeasured(active=self.active, eligible=self.eligible)]


class Adopt(AdoptionCommand, path="adoption adopt", example="RISK OPS"):
    """Declare that a unit works by a standard."""

    decided_by: PersonKey | None = Field(default=None, description="Who declares it")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the declaration."""
        return [events.Adopted(decided_by=self.decided_by)]


class Waive(AdoptionCommand, path="adoption waive", example="RISK OPS --until 2027-03-31 --decided-by cio"):
    """Let a unit be without a standard until a day."""

    until: Day = Field(description="The last day of the waiver")
    decided_by: PersonKey = Field(description="Who grants it; not the requester")
    requested_by: PersonKey | None = Field(default=None, description="Who asks")
    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a waiver that its requester grants, and one that has ended before it begins."""
        if self.decided_by == self.requested_by:
            raise Rejected("A waiver cannot be granted by the person who asked for it.")
        if self.until < context.day:
            raise BadInput("--until lies before the waiver's beginning.")
        fields = {name: getattr(self, name) for name in ("until", "reason", "requested_by", "decided_by")}
        return [events.Waived(**fields)]


class EndWaiver(AdoptionCommand, path="adoption end-waiver", example='RISK OPS --reason "adopted after all"'):
    """End a waiver before its day."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses where no waiver stands."""
        last = state.record(events.Waived, events.WaiverEnded)
        waiver = last.event if last else None
        if not isinstance(waiver, events.Waived) or waiver.until < context.day:
            raise Rejected(f"Unit {self.unit} has no waiver of standard {self.standard} that stands.")
        return [events.WaiverEnded(reason=self.reason)]


class Abandon(AdoptionCommand, path="adoption abandon", example='RISK OPS --reason "replaced by RISK-2"'):
    """Record that a unit no longer works by a standard."""

    reason: FreeText | None = Field(default=None, description="Why")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Records the fact."""
        return [events.Abandoned(reason=self.reason)]


COMMANDS: tuple[type[Command], ...] = (
    Publish,
    ReviseStandard,
    WithdrawStandard,
    Mandate,
    DeclareNotApplicable,
    Assess,
    MeasureUsage,
    Adopt,
    Waive,
    EndWaiver,
    Abandon,
)
