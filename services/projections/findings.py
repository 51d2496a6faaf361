"""Findings as they stand: what audits found, and what became of it."""

from collections.abc import Sequence
from typing import Any

from services.projections.clickhouse import ClickHouse
from services.projections.figures import named, units_below
from services.projections.scope import Scope

STANDING = ("open", "acknowledged", "risk-accepted")
CLOSED = ("remediated", "dismissed", "cured")
STATES = (*STANDING, *CLOSED)

_QUERY = """
    SELECT
        substring(stream, 9) AS finding, control, ifNull(unit, '') AS unit, subject, activating, severity, state,
        raised_at, ifNull(promise.1, '') AS owner, promise.2 AS due, acceptance.1 AS until,
        ifNull(found.8, '') AS detail,
        dateDiff('day', toDate32(raised_at, {tz:String}),
            if(state IN ('remediated', 'dismissed', 'cured'), toDate32(closed_at, {tz:String}), {as_of:Date32})) AS age,
        state IN ('acknowledged', 'risk-accepted')
            AND ifNull(if(state = 'acknowledged', due, until) < {as_of:Date32}, false) AS overdue
    FROM findings(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE has({states:Array(String)}, state)
      AND (empty({controls:Array(String)}) OR has({controls:Array(String)}, control))
      AND (NOT {narrowed:Bool} OR has({units:Array(String)}, ifNull(unit, '')))
    ORDER BY transform(severity, ['critical', 'high', 'medium', 'low'], [0, 1, 2, 3], 4), raised_at, finding
"""
_SUBJECTS = """
    SELECT stream, assumeNotNull(name) AS name
    FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE has({subjects:Array(String)}, stream) AND name IS NOT NULL
    UNION ALL
    SELECT stream, assumeNotNull(name) AS name
    FROM units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE has({subjects:Array(String)}, stream) AND name IS NOT NULL
"""


def findings(
    clickhouse: ClickHouse, scope: Scope, states: Sequence[str] = STANDING, controls: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Findings in one of these states, of these controls (all if none is named), gravest first; people by name.

    `age`: days since it was raised, until it was closed or the as-of day. `overdue`: the day by which it was promised,
    or until which its risk was accepted, is past.
    """
    narrowed = scope.unit is not None
    units = units_below(clickhouse, scope) if narrowed else []
    chosen = {"states": list(states), "controls": list(controls), "narrowed": narrowed, "units": units}
    rows = clickhouse.rows(_QUERY, {**scope.params(), **chosen})
    owners = named(clickhouse, [str(row["owner"]) for row in rows])
    details = named(clickhouse, [str(row["detail"]) for row in rows])
    names = named(clickhouse, _names(clickhouse, scope, [str(row["subject"]) for row in rows]))
    return [
        {**row, "name": name, "owner": owner, "detail": detail, "overdue": bool(row["overdue"])}
        for row, name, owner, detail in zip(rows, names, owners, details, strict=True)
    ]


def _names(clickhouse: ClickHouse, scope: Scope, subjects: Sequence[str]) -> list[str]:
    """What the subjects are called: projects and units by their names, others by their keys."""
    found = clickhouse.rows(_SUBJECTS, {**scope.params(), "subjects": sorted(set(subjects))})
    by_stream = {str(row["stream"]): str(row["name"]) for row in found}
    return [by_stream.get(subject, subject.partition(":")[2]) for subject in subjects]
