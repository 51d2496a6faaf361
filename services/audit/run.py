"""Controls run over a scope: their occasions one by one, or scored by unit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.projections.checking import Compiled, Control, compiled
from services.projections.clickhouse import ClickHouse
from services.projections.figures import incomplete_streams, units_below
from services.projections.scope import Scope
from services.projections.templates import RESULTS

EXCEPTIONS = ("violated", "cured late")


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that a control was activated: by which event, `since` when, `due` by which day, and how it went.

    `incomplete`: a version of the subject's history has not landed, so that the result may change.
    """

    control: str
    unit: str
    subject: str
    label: str
    standing: str
    activating: str
    result: str
    since: datetime
    due: date | None
    cured_at: datetime | None
    evidence: tuple[str, ...]
    detail: str
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """A control's occasions in one unit: how many, and how they went. What was never activated counts nowhere."""

    control: str
    unit: str
    standing: str
    satisfied: int
    violated: int
    cured_late: int
    no_evidence: int
    incomplete: int

    @property
    def activated(self) -> int:
        """Occasions that can be judged."""
        return self.satisfied + self.violated + self.cured_late

    @property
    def compliance(self) -> Decimal | None:
        """The share of occasions without violation, cured late counted as violated; None where there was none."""
        return Decimal(self.satisfied) / self.activated if self.activated else None


def check(clickhouse: ClickHouse, control: Control, scope: Scope, results: Collection[str] = RESULTS) -> list[Occasion]:
    """The control's occasions with one of these results, by unit and subject; `EXCEPTIONS` for the findings alone."""
    sql, params = _asked(clickhouse, compiled(control), scope)
    wanted = [code for code, result in enumerate(RESULTS) if result in results]
    rows = clickhouse.rows(sql.occasions(), {**params, "wanted": wanted})
    broken = incomplete_streams(clickhouse)
    return [_occasion(control, row, broken) for row in rows]


def scorecard(clickhouse: ClickHouse, control: Control, scope: Scope) -> list[Score]:
    """The control's score for each unit, governed and observed apart; counted in ClickHouse."""
    sql, params = _asked(clickhouse, compiled(control), scope)
    rows = clickhouse.rows(sql.scores(), {**params, "broken": sorted(incomplete_streams(clickhouse))})
    return [_score(control, row) for row in rows]


def _score(control: Control, row: Mapping[str, Any]) -> Score:
    counts = dict(zip(RESULTS, row["counts"], strict=True))
    return Score(
        control=control.id,
        unit=str(row["unit"]),
        standing=str(row["standing"]),
        satisfied=int(counts["satisfied"]),
        violated=int(counts["violated"]),
        cured_late=int(counts["cured late"]),
        no_evidence=int(counts["no evidence"]),
        incomplete=int(row["incomplete"]),
    )


def _asked(clickhouse: ClickHouse, sql: Compiled, scope: Scope) -> tuple[Compiled, dict[str, Any]]:
    params = {**scope.params(), **sql.params}
    if scope.unit is None:
        return sql, params
    return sql.of_units(), {**params, "units": units_below(clickhouse, scope)}


def _occasion(control: Control, row: Mapping[str, Any], broken: frozenset[str]) -> Occasion:
    return Occasion(
        control=control.id,
        incomplete=row["subject"] in broken,
        **{
            **row,
            "since": row["since"].replace(tzinfo=UTC),
            "cured_at": row["cured_at"] and row["cured_at"].replace(tzinfo=UTC),
            "evidence": tuple(row["evidence"]),
        },
    )
