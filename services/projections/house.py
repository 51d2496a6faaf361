"""What the organisation set: the reporting currency, targets and thresholds in force at a scope's two times."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from services.projections.clickhouse import ClickHouse
from services.projections.kpi import Kpi
from services.projections.scope import Scope

if TYPE_CHECKING:
    from services.projections.checking import Control

_TARGET = "TARGET."
_QUERY = """
    SELECT setting, value
    FROM settings(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE startsWith(setting, {beginning:String})
"""


@dataclass(frozen=True, slots=True)
class Target:
    """What a KPI is to reach, and how far short of it is a warning only."""

    target: Decimal
    warn: Decimal | None

    def of(self, kpi: Kpi, group: str) -> "Target | None":
        """The target of the figures of a grouping; that of a sum is for the whole, and none for a part of it."""
        return None if kpi.aggregator == "sum" and group != "portfolio" else self

    def verdict(self, kpi: Kpi, value: Decimal | None) -> str:
        """``met``, ``warning`` from there as far as `warn`, or ``not met``.

        Empty where there is no value, or neither more nor less is better.
        """
        if value is None or kpi.better == "neither":
            return ""
        sign = 1 if kpi.better == "higher" else -1
        if sign * value >= sign * self.target:
            return "met"
        return "warning" if self.warn is not None and sign * value >= sign * self.warn else "not met"


def settings_in_force(clickhouse: ClickHouse, scope: Scope, beginning: str) -> dict[str, Any]:
    """The values of the settings whose names begin so, by name; one that has its default is not there."""
    rows = clickhouse.rows(_QUERY, {**scope.params(), "beginning": beginning})
    return {str(row["setting"]): json.loads(row["value"], parse_float=Decimal) for row in rows}


def in_reporting_currency(clickhouse: ClickHouse, scope: Scope) -> Scope:
    """The scope with the currency that is set at its times; the workspace's own where none is."""
    said = settings_in_force(clickhouse, scope, "REPORTING-CURRENCY").get("REPORTING-CURRENCY")
    return replace(scope, currency=said["currency"]) if said else scope


def targets(clickhouse: ClickHouse, scope: Scope) -> dict[str, Target]:
    """What is to be reached, by the KPIs' names."""
    return {
        name.removeprefix(_TARGET).lower(): Target(_number(said["target"]), _number(said.get("warn")))
        for name, said in settings_in_force(clickhouse, scope, _TARGET).items()
    }


def thresholds(clickhouse: ClickHouse, scope: Scope, names: Iterable[str]) -> Mapping[str, int | float]:
    """The numbers in these settings, where they are set."""
    wanted = set(names)
    said = settings_in_force(clickhouse, scope, "THRESHOLD.") if wanted else {}
    return {
        name: value if isinstance(value := said[name]["value"], int) else float(value) for name in wanted & said.keys()
    }


def as_set(clickhouse: ClickHouse, control: "Control", scope: Scope) -> "Control":
    """The control with the numbers that are set in the place of its own at the scope's times."""
    return control.under(thresholds(clickhouse, scope, control.settings.values()))


def _number(value: Any) -> Any:
    return None if value is None else Decimal(value)
