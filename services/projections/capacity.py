"""Who is free, who is booked, who is missing: net supply against plans, placeholders and hours worked, by week."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from services.projections.clickhouse import ClickHouse
from services.projections.figures import named, units_below
from services.projections.kept import flat_at
from services.projections.scope import Scope

By = Literal["role", "skill", "unit", "person"]
Every = Literal["week", "month"]
BY: tuple[By, ...] = get_args(By)

_TIMES = "as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}"
_PERIOD = "period_from = {period_from:Date32}, period_to = {period_to:Date32}"
_ROWS = f"""
    SELECT unit, role, skills, person, monday,
        toDecimal128(hours, 4) AS net, toDecimal128(0, 4) AS hard, toDecimal128(0, 4) AS soft,
        toDecimal128(0, 4) AS placeholders, toDecimal128(0, 4) AS actual, toDecimal128(0, 4) AS after_end
    FROM capacity({_TIMES}, tz = {{tz:String}}, {_PERIOD})
    UNION ALL
    SELECT ifNull(p.unit, ''), ifNull(p.role, ''), p.skills, plan.person, plan.monday,
        0, toDecimal128(plan.hard, 4), toDecimal128(plan.soft, 4), 0, 0,
        toDecimal128(plan.hard_after + plan.soft_after, 4)
    FROM planned_weeks({_TIMES}, tz = {{tz:String}}, {_PERIOD}) AS plan
    LEFT JOIN people({_TIMES}) AS p ON p.person = plan.person
    UNION ALL
    SELECT unit, role, if(skill = '', [], [skill]), '', monday, 0, 0, 0, toDecimal128(hours, 4), 0, 0
    FROM demand_weeks({_TIMES}, {_PERIOD})
    WHERE left_out = ''
    UNION ALL
    SELECT ifNull(p.unit, ''), ifNull(p.role, ''), p.skills, worked.person, worked.monday,
        0, 0, 0, 0, toDecimal128(ifNull(worked.hours, 0), 4), 0
    FROM timesheet_hours({_TIMES}) AS worked
    LEFT JOIN people({_TIMES}) AS p ON p.person = worked.person
    WHERE worked.monday BETWEEN {{period_from:Date32}} - 3 AND {{period_to:Date32}} - 3
"""
_HOURS = ("net", "hard", "soft", "placeholders", "actual", "after_end")
_GROUPS: dict[By, str] = {
    "unit": "unit",
    "role": "role",
    "skill": "arrayJoin(if(empty(skills), [''], skills))",
    "person": "person",
}


@dataclass(frozen=True, slots=True)
class Load:
    """Hours of one group in one stretch, which begins on `start` (a Monday, or the first of a month).

    `net`: contracted, less holidays and absence; `hard` and `soft`: allocations, up to the end of their project;
    `placeholders`: open ones, of alternatives the greatest; `actual`: logged; `after_end`: allocated for after
    the end, so no load. A week lies where its Thursday lies.
    """

    group: str
    start: date
    net: Decimal
    hard: Decimal
    soft: Decimal
    placeholders: Decimal
    actual: Decimal
    after_end: Decimal

    @property
    def gap(self) -> Decimal:
        """What is left of the net supply when everything planned and asked for is taken off; negative if too little."""
        return self.net - self.hard - self.soft - self.placeholders


def loads(clickhouse: ClickHouse, scope: Scope, by: By, every: Every = "week") -> list[Load]:
    """The loads of each group and stretch of the scope's period, by group and start.

    By skill a person counts under each of theirs, so those rows must not be added up.
    """
    params: dict[str, Any] = scope.params()
    chosen = ""
    if scope.unit is not None:
        chosen = "WHERE unit IN {units:Array(String)}"
        params["units"] = units_below(clickhouse, scope)
    start = "monday" if every == "week" else "toStartOfMonth(monday + 3)"
    sums = ", ".join(f"sum({name}) AS {name}" for name in _HOURS)
    found = clickhouse.rows(
        flat_at(
            f"SELECT {_GROUPS[by]} AS grp, toDate32({start}) AS start, {sums} FROM ({_ROWS}) {chosen}"
            " GROUP BY grp, start ORDER BY grp, start",
            scope,
        ),
        params,
    )
    shown = named(clickhouse, [str(row["grp"]) for row in found])
    return [
        Load(
            label or "(none)",
            row["start"],
            *(Decimal(row[name]) for name in _HOURS),
        )
        for row, label in zip(found, shown, strict=True)
    ]
