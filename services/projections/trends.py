"""A KPI at many points in time: at once where its rows are states that are kept, else point by point."""

import re
from collections.abc import Sequence

from services.projections.clickhouse import ClickHouse
from services.projections.definitions import flat
from services.projections.figures import Figure, aggregated, check_grouping, measure_since, units_below
from services.projections.kept import Kept, kept_states
from services.projections.kpi import Kpi
from services.projections.parallel import each
from services.projections.scope import Scope

_CALL = re.compile(r"\b(?:FROM|JOIN|IN)\s+(\w+)\s*\(")
_OF_THE_POINT = {"as_of": "point_as_of", "period_from": "point_from", "period_to": "point_to"}

Points = list[tuple[Scope, list[Figure]]]


def trend(clickhouse: ClickHouse, kpi: Kpi, scopes: Sequence[Scope], by: str = "portfolio") -> Points:
    """The KPI at each of several times in order, each with the period that its scope names.

    Before its unit was registered a point has no figures. Raises NoUnit if the last one has none either.
    """
    check_grouping(kpi, by)
    state = state_of(kpi)
    if state is None or any(scope.known_at is not None or scope.unit is not None for scope in scopes):
        if scopes[-1].unit is not None:
            units_below(clickhouse, scopes[-1])
        return each(clickhouse, lambda session, scope: (scope, measure_since(session, kpi, scope, by)), scopes)
    return _at_once(clickhouse, kpi, state, scopes, by)


def state_of(kpi: Kpi) -> Kept | None:
    """The kept state that is all that the KPI reads, row by row; None where it reads more or folds further."""
    called = _CALL.findall(kpi.sql)
    if len(called) != 1 or len(re.findall(r"\bSELECT\b", kpi.sql)) != 1:
        return None
    return next((kept for kept in kept_states() if kept.view.name == called[0]), None)


def _at_once(clickhouse: ClickHouse, kpi: Kpi, state: Kept, scopes: Sequence[Scope], by: str) -> Points:
    asked = [scope.params() for scope in scopes]
    sql = re.sub(r"\bSELECT\b", "SELECT point,", kpi.sql)
    for name, column in _OF_THE_POINT.items():
        sql = sql.replace(f"{{{name}:Date32}}", column)
    query = flat(sql, {state.view.name: state.at_points(kpi.sql)})
    params = {
        **asked[-1],
        "point_k": [params["as_of_k"] for params in asked],
        **{column: [params[name] for params in asked] for name, column in _OF_THE_POINT.items()},
    }
    found: list[list[Figure]] = [[] for _ in scopes]
    for point, figure in aggregated(clickhouse, kpi, query, params, by, "point"):
        found[point - 1].append(figure)
    return list(zip(scopes, found, strict=True))
