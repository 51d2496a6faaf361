"""Controls run over a scope: their occasions one by one, or scored by unit."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from services.projections.checking import Compiled, Control, compiled
from services.projections.clickhouse import ClickHouse
from services.projections.figures import NoUnit, incomplete_streams, units_below
from services.projections.house import as_set
from services.projections.kept import flat_at
from services.projections.parallel import each
from services.projections.scope import Scope
from services.projections.templates import RESULTS

EXCEPTIONS = ("violated", "cured late")
COUNTS = ("satisfied", "violated", "cured_late", "no_evidence", "incomplete")
"""The counts of a score."""


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


def check(
    clickhouse: ClickHouse,
    control: Control,
    scope: Scope,
    results: Collection[str] = RESULTS,
    subject: str | None = None,
) -> list[Occasion]:
    """The control's occasions with one of these results, by unit and subject; `EXCEPTIONS` for the findings alone.

    Where the scope has a period, only those that were activated in it; where a subject is given, only its own.
    """
    sql, params = _asked(clickhouse, control, scope, subject)
    query = f"SELECT * FROM ({_within(sql, scope)}) ORDER BY unit, label, subject, since, activating"
    rows = clickhouse.rows(flat_at(query, scope), {**params, "wanted": _codes(results)})
    broken = incomplete_streams(clickhouse)
    return [_occasion(control, row, broken) for row in rows]


def scorecard(clickhouse: ClickHouse, control: Control, scope: Scope, subject: str | None = None) -> list[Score]:
    """The control's score for each unit, governed and observed apart; counted in ClickHouse.

    Where the scope has a period, of the occasions that were activated in it; where a subject is given, of its own.
    """
    sql, params = _asked(clickhouse, control, scope, subject)
    params["broken"] = sorted(incomplete_streams(clickhouse))
    query = sql.scores(in_period=scope.period_from is not None)
    return [_score(control, row) for row in clickhouse.rows(flat_at(query, scope), params)]


def checks(
    clickhouse: ClickHouse,
    controls: Iterable[Control],
    scope: Scope,
    results: Collection[str] = RESULTS,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, list[Occasion]]:
    """The occasions of several controls, by their ids, asked for at once; `progress` hears of each that is done."""
    wanted, done = list(controls), count(1)

    def ask(session: ClickHouse, control: Control) -> tuple[str, list[Occasion]]:
        found = check(session, control, scope, results)
        if progress:
            progress(next(done), len(wanted))
        return control.id, found

    return dict(each(clickhouse, ask, wanted))


def scorecards(clickhouse: ClickHouse, controls: Iterable[Control], scope: Scope) -> list[Score]:
    """The scores of several controls, in their order, asked for at once."""
    found = each(clickhouse, lambda session, control: scorecard(session, control, scope), controls)
    return [score for scores in found for score in scores]


def trend(clickhouse: ClickHouse, controls: Iterable[Control], scopes: Sequence[Scope]) -> list[list[Score]]:
    """The scores of several controls at each of several times in order, asked for at once.

    Before its unit was registered a time has no scores. Raises NoUnit if the last one has none either.
    """
    wanted = list(controls)
    if scopes[-1].unit is not None:
        units_below(clickhouse, scopes[-1])

    def ask(session: ClickHouse, asked: tuple[Scope, Control]) -> list[Score]:
        try:
            return scorecard(session, asked[1], asked[0])
        except NoUnit:
            return []

    found = iter(each(clickhouse, ask, [(scope, control) for scope in scopes for control in wanted]))
    return [[score for _ in wanted for score in next(found)] for _ in scopes]


def summed(scores: Iterable[Score], key: Callable[[Score], str], units: str) -> list[Score]:
    """The scores added up for each `key` and standing, with `units` in the place of a unit."""
    total: dict[tuple[str, str], Score] = {}
    for score in scores:
        place = (key(score), score.standing)
        if place in total:
            counts = {name: getattr(total[place], name) + getattr(score, name) for name in COUNTS}
            total[place] = replace(total[place], **counts)
        else:
            total[place] = replace(score, control=place[0], unit=units)
    return list(total.values())


def _codes(results: Collection[str]) -> list[int]:
    return [code for code, result in enumerate(RESULTS) if result in results]


def _within(sql: Compiled, scope: Scope) -> str:
    if scope.period_from is None:
        return sql.occasions()
    days = "toDate32(since, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}"
    return f"SELECT * FROM ({sql.occasions()}) WHERE {days}"


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


def _asked(
    clickhouse: ClickHouse, control: Control, scope: Scope, subject: str | None
) -> tuple[Compiled, dict[str, Any]]:
    sql = compiled(as_set(clickhouse, control, scope))
    params = {**scope.params(), **sql.params}
    if subject is not None:
        sql, params = sql.of_subject(), {**params, "subject": subject}
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
