"""What the simulated company's figures and findings say, unit by unit, as data for whoever prints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.audit.controls import Control, load_controls
from services.audit.run import scorecard
from services.demo.world import UNITS
from services.projections.clickhouse import ClickHouse
from services.projections.figures import measure
from services.projections.house import in_reporting_currency
from services.projections.kpi import Kpi, listed, load_kpis
from services.projections.scope import Scope
from services.settings import Settings

GOVERNED = "governed"


@dataclass(frozen=True, slots=True)
class KpiByUnit:
    """One KPI: its value in each unit that has one, None where there is no data."""

    kpi: Kpi
    values: Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class ControlByUnit:
    """One control: in each unit how many occasions violated it, and how many there were."""

    control: Control
    violated: Mapping[str, int]
    activated: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is shown of the company, with the units in the order of their columns."""

    units: tuple[str, ...]
    kpis: tuple[KpiByUnit, ...]
    controls: tuple[ControlByUnit, ...]


def overview(clickhouse: ClickHouse, settings: Settings, as_of: date) -> Overview:
    """Figures and findings by unit at the end of a day, of what is governed; observed states are not among them."""
    scope = in_reporting_currency(clickhouse, Scope(as_of, settings.zone, currency=settings.currency))
    return Overview(
        units=tuple(unit.code for unit in UNITS),
        kpis=tuple(_kpi(clickhouse, kpi, scope) for kpi in listed(load_kpis()).values()),
        controls=tuple(_control(clickhouse, control, scope) for control in load_controls().values()),
    )


def _kpi(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> KpiByUnit:
    figures = measure(clickhouse, kpi, scope)
    return KpiByUnit(kpi, {figure.by: figure.value for figure in figures if figure.standing == GOVERNED})


def _control(clickhouse: ClickHouse, control: Control, scope: Scope) -> ControlByUnit:
    scores = [score for score in scorecard(clickhouse, control, scope) if score.standing == GOVERNED]
    return ControlByUnit(
        control,
        # what was cured late was violated all the same
        {score.unit: score.violated + score.cured_late for score in scores},
        {score.unit: score.activated for score in scores},
    )
