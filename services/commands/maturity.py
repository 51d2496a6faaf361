"""How mature a unit is, and what it does to become more so."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from schemas import organisation as events
from schemas.event import Event, Record
from schemas.fields import Item, Level, Text
from services.commands.command import Argument, Command, Context, Day, FreeText, PersonKey, Proof, Shape
from services.commands.fold import State
from services.commands.organisation import UnitCommand, known
from services.errors import BadInput, NotFound, Rejected

FRAMEWORK = "P3M3"


MODELS = ("PORTFOLIO", "PROGRAMME", "PROJECT")


def _model(value: Any) -> Any:
    model = value.strip().upper() if isinstance(value, str) else value
    if model not in MODELS:
        raise ValueError(f"{value!r} is none of {FRAMEWORK}'s models {', '.join(MODELS)}")
    return model


Model = Annotated[Item, BeforeValidator(_model), Shape("MODEL")]


class AssessMaturity(
    UnitCommand,
    path="unit assess-maturity",
    example="OPS project --level 3 --perspectives governance=3 --perspectives benefits=2",
):
    """Record how mature a unit was found to be, in one of P3M3's three models."""

    model: Annotated[Model, Argument()] = Field(description="The model: portfolio, programme or project")
    level: Level = Field(description="The model's overall level, 1 to 5")
    perspectives: dict[Item, Level] = Field(
        default_factory=dict, description="The level of a perspective, 1 to 5", examples=["governance=3"]
    )
    target: Level | None = Field(default=None, description="The level that the unit aims at")
    framework_version: Text = Field(default="3.0", description="The edition of P3M3")
    assessor_type: Literal["self", "peer", "independent"] = Field(default="self", description="Whose judgement it is")
    assessor: PersonKey | None = Field(default=None, description="Who judged")
    evidence: tuple[Proof, ...] = Field(default=(), description="What the judgement rests on")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown unit."""
        known(state or later, f"unit {self.unit}", "unit register")
        fields = {name: getattr(self, name) for name in type(self).model_fields if name not in ("unit", "model")}
        return [events.MaturityAssessed(item=self.model, framework=FRAMEWORK, **fields)]


class _ImprovementCommand(UnitCommand):
    improvement: Annotated[Item, Argument()] = Field(description="Any name for it, to finish it by")

    def refuse_finished(self, state: State) -> None:
        """Refuses an improvement that is carried out."""
        if state.last(events.ImprovementDone, item=self.improvement):
            raise Rejected(
                f"Improvement {self.improvement} of unit {self.unit} is finished already; "
                "correct that by --supersedes, or plan another."
            )


class PlanImprovement(
    _ImprovementCommand,
    path="unit plan-improvement",
    example="OPS BENEFITS-1 --due 2026-12-31 --model project --perspective benefits",
):
    """Record what a unit means to get better at. Again for the same name, it changes the plan."""

    due: Day = Field(description="By when")
    model: Model | None = Field(
        default=None, description="The maturity model that it serves: portfolio, programme or project"
    )
    perspective: Item | None = Field(default=None, description="The model's perspective that it serves")
    owner: PersonKey | None = Field(default=None, description="Who answers for it")
    description: FreeText | None = Field(default=None, description="What is to be done")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown unit, a day that has passed, and an improvement that is finished."""
        known(state or later, f"unit {self.unit}", "unit register")
        if self.due < context.day:
            raise BadInput("--due lies before the day on which it is planned.")
        self.refuse_finished(state)
        fields = {name: getattr(self, name) for name in ("model", "perspective", "due", "owner", "description")}
        return [events.ImprovementPlanned(item=self.improvement, **fields)]


class FinishImprovement(
    _ImprovementCommand,
    path="unit finish-improvement",
    example="OPS BENEFITS-1 --evidence https://docs.example/benefits",
):
    """Record that an improvement is carried out."""

    evidence: tuple[Proof, ...] = Field(default=(), description="What shows it")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an improvement that was not planned, and one that is finished."""
        if state.last(events.ImprovementPlanned, item=self.improvement) is None:
            raise NotFound(
                f"Unit {self.unit} has no improvement {self.improvement} at that time; "
                "'pmo unit plan-improvement' makes it."
            )
        self.refuse_finished(State([*state.records(events.ImprovementDone), *later]))
        return [events.ImprovementDone(item=self.improvement, evidence=self.evidence)]


COMMANDS: tuple[type[Command], ...] = (AssessMaturity, PlanImprovement, FinishImprovement)
