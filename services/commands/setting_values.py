"""The settings that there are, by name, and what may stand in each: the one place that says so.

A setting's value is a JSON object. It is kept compact with sorted keys, so that equal values are equal texts.
"""

import json
import re
from collections.abc import Collection, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from schemas.event import reason_of
from schemas.fields import FIRST_DAY, LAST_DAY, Currency, Item
from services.errors import BadInput, NotFound


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


Whole = Annotated[int, BeforeValidator(_no_flag)]
Number = Annotated[int | Annotated[float, Field(allow_inf_nan=False)], BeforeValidator(_no_flag)]
CalendarDay = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]


class SettingValue(BaseModel):
    """The base of every setting's value. `rest` says what may stand for the part of its name in angle brackets."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    example: ClassVar[str]
    rest: ClassVar[str] = r"[A-Z0-9._-]+"


class Gate(BaseModel):
    """A gate of a route, and the calendar days from its request within which it is decided."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    gate: Item
    due_days: Annotated[Whole, Field(ge=1, le=3650)]


class GateRoute(SettingValue):
    """The gates that a project of this route passes, in order, each with the calendar days to decide it in."""

    example = '{"gates": [{"gate": "G1", "due_days": 10}, {"gate": "G2", "due_days": 15}]}'

    gates: Annotated[tuple[Gate, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [each.gate for each in self.gates]
        if len(set(names)) < len(names):
            raise ValueError("a gate stands in a route only once")
        return self


class Weights(BaseModel):
    """How much each part of a score counts, against the others."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    alignment: Annotated[Number, Field(ge=0)]
    value: Annotated[Number, Field(ge=0)]
    certainty: Annotated[Number, Field(ge=0)]
    affordability: Annotated[Number, Field(ge=0)]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.alignment + self.value + self.certainty + self.affordability <= 0:
            raise ValueError("at least one weight is more than 0")
        return self


class Scoring(SettingValue):
    """How proposals are scored: the model's version, the weights of its parts, and more that the model may take."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)
    example = (
        '{"version": 2, "weights": {"alignment": 40, "value": 30, "certainty": 20, "affordability": 10}, '
        '"ceiling": 1000000}'
    )

    version: Annotated[Whole, Field(ge=1)]
    weights: Weights
    ceiling: Annotated[Number, Field(gt=0)] | None = None


class Target(SettingValue):
    """What a KPI is to reach, and how far short of it is a warning only: between `warn` and the target."""

    example = '{"target": 0.8, "warn": 0.7}'

    target: Number
    warn: Number | None = None


class Threshold(SettingValue):
    """From where on something counts: an amount in the reporting currency, or a share."""

    example = '{"value": 100000}'

    value: Annotated[Number, Field(ge=0)]


class DaysThreshold(SettingValue):
    """From how many days on something counts."""

    example = '{"value": 35}'

    value: Annotated[Whole, Field(ge=0, le=3650)]


class Calendar(SettingValue):
    """Days on which a country's units do not work, or do, other than its public holidays and weekends say."""

    example = '{"days_off": ["2026-12-24"], "working_days": []}'
    rest = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"

    days_off: tuple[CalendarDay, ...] = ()
    working_days: tuple[CalendarDay, ...] = ()

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if both := set(self.days_off) & set(self.working_days):
            raise ValueError(f"{min(both)} cannot be both a day off and a working day")
        return self


class ReportingCurrency(SettingValue):
    """The currency into which figures of several projects are rolled up."""

    example = '{"currency": "EUR"}'

    currency: Currency


REPORTING_CURRENCY = "REPORTING-CURRENCY"
SETTINGS: dict[str, type[SettingValue]] = {
    "GATE-ROUTE.<NAME>": GateRoute,
    "SCORING.<MODEL>": Scoring,
    "TARGET.<KPI-NAME>": Target,
    "THRESHOLD.RISK-EXPOSURE": Threshold,
    "THRESHOLD.OVERSPEND": Threshold,
    "THRESHOLD.WIND-DOWN-DAYS": DaysThreshold,
    "THRESHOLD.STALE-DAYS": DaysThreshold,
    "CALENDAR.<COUNTRY>": Calendar,
    REPORTING_CURRENCY: ReportingCurrency,
}
"""Every setting by its name, with what may stand in it; a part in angle brackets is chosen by who sets it."""

_WHOLE = 100
_ELSEWHERE = {
    "TIME-ZONE": "the time zone is the workspace's: 'pmo init --time-zone' sets it, and time_zone in workspace.json",
}


def check_target(name: str, value: str, kpis: Mapping[str, tuple[str, str]]) -> None:
    """Raises BadInput for a target that cannot be its KPI's, or of a KPI not among `kpis`, where any are known.

    `value` is the setting's canonical one; `kpis` says by name what a KPI measures and which way is better.
    """
    kpi = name.removeprefix("TARGET.").lower()
    if not kpis or not name.startswith("TARGET."):
        return
    if kpi in kpis:
        _check_aim(kpi, json.loads(value), *kpis[kpi])
        return
    near = get_close_matches(kpi, kpis, 3, 0.4)
    meant = " or ".join(f"TARGET.{each.upper()}" for each in near)
    hint = f"did you mean {meant}?" if near else "'pmo kpi' lists them."
    raise BadInput(f"There is no KPI {kpi!r} to set a target for; {hint}")


def _check_aim(kpi: str, said: Mapping[str, float], measure: str, better: str) -> None:
    for what, number in said.items():
        if measure == "share" and not 0 <= number <= 1:
            hint = f"; write {number / 100:g} for {number:g} %" if 1 < number <= _WHOLE else ""
            raise BadInput(f"--value: {what} {number:g} is no share from 0 to 1, which {kpi} is{hint}.")
    sign = {"higher": 1, "lower": -1}.get(better, 0)
    if "warn" in said and sign * said["warn"] > sign * said["target"]:
        side = "below" if sign > 0 else "above"
        raise BadInput(
            f"--value: warn {said['warn']:g} does not lie {side} the target {said['target']:g}, and {better} is better "
            f"for {kpi}: between the two it is a warning not to meet the target, beyond warn it is not met."
        )


def check_known(name: str, known: Collection[str]) -> None:
    """Raises NotFound for a setting that is none of `known`, where any of its sort is: it is a slip of the pen then."""
    alike = [each for each in known if each.partition(".")[0] == name.partition(".")[0]]
    if alike and name not in alike:
        near = " or ".join(get_close_matches(name, alike, 3, 0.4))
        raise NotFound(f"There is no setting {name}; 'pmo setting set {name}' makes it, or did you mean {near}?")


def canonical(name: str, value: str) -> str:
    """The setting's value as it is kept. Raises BadInput for an unknown setting and a value that does not fit it."""
    model = _model_of(name)
    try:
        said = json.loads(value, parse_constant=_refuse_constant, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        problem = str(error) if type(error) is ValueError else "it is not valid JSON"
        raise BadInput(f"--value: {problem}; setting {name} is written like {model.example}.") from None
    if not isinstance(said, dict):
        raise BadInput(f"--value is no JSON object; setting {name} is written like {model.example}.")
    try:
        checked = model.model_validate(said)
    except ValidationError as error:
        raise BadInput(f"--value: {reason_of(error)}; setting {name} is written like {model.example}.") from None
    kept = checked.model_dump(mode="json", exclude_none=True)
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _model_of(name: str) -> type[SettingValue]:
    for pattern, model in SETTINGS.items():
        prefix, chosen, _ = pattern.partition("<")
        rest = name.removeprefix(prefix)
        if name == pattern or (chosen and rest != name and re.fullmatch(model.rest, rest)):
            return model
    if name.replace("_", "-").replace("TIMEZONE", "TIME-ZONE") in _ELSEWHERE:
        raise BadInput(f"There is no setting {name}: {_ELSEWHERE['TIME-ZONE']}.")
    near = get_close_matches(name, SETTINGS, 2, 0.7) or _alike(name, SETTINGS)
    hint = f"did you mean {' or '.join(near)}, of " if near else "there are "
    raise BadInput(f"There is no setting {name}; {hint}{', '.join(SETTINGS)}.")


def _alike(name: str, patterns: Mapping[str, object]) -> list[str]:
    head = name.partition(".")[0]
    return [each for each in patterns if get_close_matches(head, [each.partition(".")[0]], 1, 0.7)]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        found[name] = value
    return found
