"""KPIs over what an audit counts: the question is put to one control after another, and the answers are added up."""

from collections.abc import Mapping
from typing import Any

from services.projections.checking import compiled, controls_with
from services.projections.clickhouse import ClickHouse
from services.projections.house import as_set
from services.projections.kpi import OCCASIONS, Kpi
from services.projections.scope import Scope
from services.projections.templates import RESULTS

_TOLD = "SELECT *, {control:String} AS control, {severity:String} AS severity FROM ("


def of_each_control(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> list[tuple[str, Mapping[str, Any]]]:
    """The KPI's query over the occasions of each control, the workspace's own too, with the control's parameters.

    One query over all of them would take the engine longer to plan than to answer.
    """
    own = kpi.controls if kpi.controls is not None and kpi.controls.is_dir() else None
    asked: list[tuple[str, Mapping[str, Any]]] = []
    for control in controls_with(own).values():
        sql = compiled(as_set(clickhouse, control, scope))
        told = {"control": control.id, "severity": control.severity, "wanted": list(range(len(RESULTS)))}
        asked.append((kpi.sql.replace(OCCASIONS, _TOLD + sql.occasions() + ")"), {**sql.params, **told}))
    return asked
