"""Scoring and ranking of proposals."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas import project as events
from schemas.event import Event, Record, reason_of
from schemas.governance import SettingSet
from schemas.streams import stream_id
from services.commands.command import Command, Context, KeyField, PersonKey
from services.commands.fold import State
from services.commands.project.common import ProjectCommand, plain, refuse_not_yet
from services.commands.project.life_cycle import NotProposed
from services.commands.project.state import ProjectState
from services.errors import BadInput, NotFound, Rejected

Component = Literal["alignment", "value", "certainty", "affordability"]
Components = dict[Component, Decimal]
ModelName = Annotated[KeyField, Field(max_length=56)]

_CENT = Decimal("0.01")
_PAYS_WELL = 3


class UnknownModel(NotFound):
    """No setting describes the scoring model."""


class Unscorable(BadInput):
    """The proposal says nothing that the model looks at."""


class Weighing(BaseModel):
    """What a setting says of a scoring model."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    version: Annotated[int, Field(ge=1, le=10_000)]
    weights: dict[Component, Annotated[Decimal, Field(ge=0, le=1_000_000)]]
    ceiling: Annotated[Decimal, Field(gt=0)] = Field(
        default=Decimal(1_000_000), description="A budget that leaves no affordability, in the proposal's currency"
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.counting:
            raise ValueError("at least one weight is more than 0")
        return self

    @property
    def counting(self) -> Components:
        """The weights above 0, in the order in which components are shown."""
        return {name: self.weights[name] for name in get_args(Component) if self.weights.get(name)}


class ScoringModel(Weighing):
    """How proposals are scored: the weight of each component, and what the organisation can afford at once."""

    name: str

    @property
    def formula(self) -> str:
        """The model in one line: ``DEFAULT v1: 40 % alignment + 30 % value``."""
        total = sum(self.counting.values())
        shares = (f"{_short(100 * weight / total)} % {name}" for name, weight in self.counting.items())
        return f"{self.name} v{self.version}: {' + '.join(shares)}"


def alignment(proposal: events.Proposed, model: ScoringModel) -> Decimal | None:
    """100 x the mean contribution to the goals that the proposal names / 5; 0 where it names none."""
    contributions = proposal.contributions.values()
    return Decimal(20 * sum(contributions)) / len(contributions) if contributions else Decimal(0)


def value(proposal: events.Proposed, model: ScoringModel) -> Decimal | None:
    """100 x value / (3 x budget), at most 100; none without a value and a budget above 0."""
    if proposal.value is None or not proposal.budget:
        return None
    return 100 * min(Decimal(1), proposal.value / (_PAYS_WELL * proposal.budget))


def certainty(proposal: events.Proposed, model: ScoringModel) -> Decimal | None:
    """100 x (1 - risk); none without a risk."""
    return None if proposal.risk is None else 100 * (1 - proposal.risk)


def affordability(proposal: events.Proposed, model: ScoringModel) -> Decimal | None:
    """100 x (1 - budget / the model's ceiling), at least 0; none without a budget."""
    return None if proposal.budget is None else 100 * (1 - min(Decimal(1), proposal.budget / model.ceiling))


COMPONENTS: Mapping[Component, Callable[[events.Proposed, ScoringModel], Decimal | None]] = MappingProxyType(
    {"alignment": alignment, "value": value, "certainty": certainty, "affordability": affordability}
)
"""Each component of a score, 0 to 100, by its name in a model's weights."""

BUILT_IN = ScoringModel(
    name="DEFAULT",
    version=1,
    weights={"alignment": Decimal(40), "value": Decimal(30), "certainty": Decimal(20), "affordability": Decimal(10)},
)
"""What holds while no setting says otherwise."""

_OPTIONS: Mapping[Component, str] = MappingProxyType(
    {"value": "--value and --budget", "certainty": "--risk", "affordability": "--budget"}
)


def scored(proposal: events.Proposed, model: ScoringModel) -> tuple[Decimal, Components]:
    """The score and its components, in hundredths; what the proposal does not tell is left out.

    The score is the mean of the components as given, by the weights of those that are there: anybody can recompute it.
    Raises Unscorable if none is there.
    """
    found = {name: COMPONENTS[name](proposal, model) for name in model.counting}
    components = {name: points.quantize(_CENT) for name, points in found.items() if points is not None}
    if not components:
        options = " or ".join(dict.fromkeys(_OPTIONS[name] for name in model.counting))
        raise Unscorable(
            f"The proposal tells nothing that scoring model {model.name} looks at; "
            f"give {options} by 'pmo project propose' with --supersedes."
        )
    weight = sum(model.weights[name] for name in components)
    score = sum((model.weights[name] * points for name, points in components.items()), Decimal(0)) / weight
    return score.quantize(_CENT), components


def setting_of(model: str) -> str:
    """The stream of the setting that describes a model."""
    return stream_id("setting", f"SCORING.{model}")


def model_of(name: str, setting: State) -> ScoringModel:
    """The model that its setting describes, or the built-in one. Raises UnknownModel, or BadInput for a bad setting."""
    said = setting.last(SettingSet)
    if said is None or said.value is None:
        if name == BUILT_IN.name:
            return BUILT_IN
        raise UnknownModel(f"There is no scoring model {name}; 'pmo setting set SCORING.{name}' describes it.")
    try:
        weighing = Weighing.model_validate_json(said.value)
    except ValidationError as error:
        raise BadInput(
            f"The setting SCORING.{name} is no scoring model ({reason_of(error)}); "
            'set it to JSON such as {"version": 2, "weights": {"alignment": 60, "certainty": 40}, "ceiling": 500000}.'
        ) from None
    return ScoringModel(name=name, **dict(weighing))


def _short(number: Decimal) -> str:
    return f"{round(number, 1).normalize():f}"


class Score(ProjectCommand, path="project score", example="CRANE-7 --scored-by ann@example.org"):
    """Score a proposal by a model, whose weights stand in the setting SCORING.MODEL.

    Components are alignment = 100 x mean contribution to the goals it names / 5, value = 100 x value / (3 x budget),
    certainty = 100 x (1 - risk) and affordability = 100 x (1 - budget / ceiling), each held between 0 and 100. What the
    proposal does not tell is left out, and the other weights count the more.
    """

    model: ModelName = Field(default=BUILT_IN.name, description="The scoring model; DEFAULT is built in")
    scored_by: PersonKey | None = Field(default=None, description="Who scores it")

    def considers(self) -> tuple[str, ...]:
        """The model's setting."""
        return (setting_of(self.model),)

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses without a proposal, by an unknown model, and where the proposal tells nothing of what it looks at."""
        if project.proposal is None:
            refuse_not_yet(later, context, f"Project {self.project} was proposed", events.Proposed)
            raise NotProposed(f"Project {self.project} was never proposed, so there is nothing to score.")
        model = model_of(self.model, context.other(setting_of(self.model)))
        score, components = scored(project.proposal, model)
        return [
            events.Scored(
                model=model.name,
                model_version=model.version,
                score=score,
                components={str(name): points for name, points in components.items()},
                scored_by=self.scored_by,
            )
        ]


class Rank(ProjectCommand, path="project rank", example="CRANE-7 --ranking 2026-Q3 --rank 4 --within"):
    """Record a proposal's place among others, above the cut line or below it."""

    ranking: KeyField = Field(description="Any code for the ranking, the same for all that are ranked together")
    rank: Annotated[int, Field(ge=1, le=100_000)] = Field(description="The place, 1 the first")
    within: bool = Field(default=False, description="Say that it fits into budget and capacity")
    cut_by: Literal["budget", "capacity"] | None = Field(default=None, description="What it does not fit into")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def follow(self, project: ProjectState, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses both sides of the cut line at once, or none, and what is no proposal."""
        if self.within == (self.cut_by is not None):
            raise BadInput("Give either --within or what it does not fit into by --cut-by.")
        if project.proposal is None:
            refuse_not_yet(later, context, f"Project {self.project} was proposed", events.Proposed)
        if project.status not in ("proposed", "deferred", "approved"):
            raise Rejected(f"Project {self.project} is {project.status}; only a proposal is ranked.")
        return [events.Ranked(**plain(self))]


COMMANDS: tuple[type[Command], ...] = (Score, Rank)
