"""An independent, slow recomputation agrees with the KPIs of outcomes, satisfaction, improvement and maturity."""

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from landed import by_stream, landed, pound_rate

from schemas.event import Record
from services.projections import figures
from services.projections import kpi as kpis
from services.projections.clickhouse import ClickHouse
from services.projections.kpi import Kpi
from services.projections.scope import FIRST_DAY, Scope
from tests.property import kpi_improvement, kpi_outcomes, kpi_surveys
from tests.property.kpi_outcome_cases import CASES, EXCLUDED
from tests.property.kpi_outcome_histories import Outcomes
from tests.property.slow import FOR_EVER, Question, Row
from tests.property.teller import LAST, ZONE

SEED = 26
"""Of a world in which every case of the definitions occurs."""
RECOMPUTED: dict[str, Callable[[Question], list[Row]]] = {
    **kpi_outcomes.RECOMPUTED,
    **kpi_surveys.RECOMPUTED,
    **kpi_improvement.RECOMPUTED,
}
OF_PARTS = ("csat", "nps")
"""By stakeholder role these have rows of their own, which count only where that is asked for."""
_AGREED = Fraction(1, 1000)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return Outcomes(SEED).records


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Iterator[ClickHouse]:
    with landed(tmp_path_factory.mktemp("outcomes"), [*records, pound_rate()]) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(records: list[Record]) -> list[tuple[Scope, Question]]:
    """Questions as of several days, with all that is known, with what was known then, and by what sources reported."""
    drawn = random.Random(SEED)
    streams = by_stream(records)
    moments = sorted(record.recorded_at for record in records)
    found = []
    for as_of, basis, is_past, first, end in (
        (LAST, "recorded", False, FIRST_DAY, LAST),
        (LAST, "recorded", True, dt.date(2026, 2, 2), dt.date(2026, 4, 5)),
        (dt.date(2026, 4, 5), "recorded", False, dt.date(2026, 2, 2), LAST),
        (dt.date(2026, 5, 20), "reported", True, FIRST_DAY, dt.date(2026, 5, 20)),
        (dt.date(2026, 1, 20), "recorded", False, FIRST_DAY, dt.date(2026, 1, 20)),
        (dt.date(2026, 1, 4), "recorded", False, FIRST_DAY, dt.date(2026, 1, 4)),
    ):
        known_at = drawn.choice(moments[len(moments) // 2 :]) if is_past else None
        scope = Scope(as_of, ZONE, known_at, basis, None, first, end)  # type: ignore[arg-type]
        found.append((scope, Question(streams, ZONE, as_of, known_at or FOR_EVER, basis, first, end)))
    return found


def near(one: Any, other: Fraction) -> bool:
    return abs(Fraction(one) - other) <= _AGREED


def halfway(durations: Sequence[Row]) -> Fraction | None:
    """By Kaplan and Meier: the first duration that at most half outlast, those still going on outlasting themselves."""
    going_on = Fraction(1)
    for days in sorted({row.numerator for row in durations if row.ended}):
        at_risk = sum(row.numerator >= days for row in durations)
        over = sum(row.numerator == days and row.ended for row in durations)
        going_on *= Fraction(at_risk - over, at_risk)
        if going_on <= Fraction(1, 2):
            return days
    return None


def total(amounts: Any) -> Fraction:
    return sum(amounts, Fraction(0))


def value(kpi: Kpi, counted: Sequence[Row]) -> Fraction | None:
    top, bottom = total(row.numerator for row in counted), total(row.denominator for row in counted)
    match kpi.aggregator:
        case "ratio-of-sums":
            return top / bottom if bottom else None
        case "sum":
            return top if counted else None
        case "mean":
            shares = [row.numerator / row.denominator for row in counted if row.denominator]
            return total(shares) / len(shares) if shares else None
    return halfway(counted)


def key_of(row: Row) -> tuple[Any, ...]:
    return (*row[:4], row.standing)


def check_rows(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, question: Question, wanted: list[Row]) -> None:
    found = figures.rows(clickhouse, kpi, scope)
    shown = sorted(
        Row(r["unit"], r["subject"], tuple(str(r[d]) for d in kpi.by), r["excluded"], Fraction(r["numerator"]),
            Fraction(r["denominator"]), standing=r["standing"])
        for r in found
    )  # fmt: skip
    about = f"{kpi.name} as of {scope.as_of}, known {scope.known_at}, {scope.basis}"
    missing, extra = Counter(map(key_of, wanted)), Counter(map(key_of, shown))
    assert not missing - extra and not extra - missing, f"{about}: {missing - extra} and {extra - missing}"
    for one, other in zip(shown, sorted(wanted), strict=True):
        # what is left out has no amounts that anybody would read
        same = near(one.numerator, other.numerator) and near(one.denominator, other.denominator) or bool(one.excluded)
        told = "\n".join(str(r) for r in question.told(question.streams[one.subject]))
        assert same, f"{about}: {one} is not {other}\n{told}"
    for row in found:
        ids = {e if isinstance(e, str) else f"{row['subject']}/{e}" for e in row["evidence"]}
        assert ids <= question.ids and (ids or row["excluded"]), f"{about}: {row}"


def check_figures(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, wanted: list[Row], by: str) -> list[Fraction | None]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in wanted:
        place = {"portfolio": "portfolio", "unit": row.unit}.get(by) if by not in kpi.by else row.by[kpi.by.index(by)]
        groups[place or "", row.standing].append(row)
    measured = {(f.by, f.standing): f for f in figures.measure(clickhouse, kpi, scope, by)}
    assert measured.keys() == groups.keys()
    values = []
    for key, figure in measured.items():
        about = f"{kpi.name} by {by}: {key} as of {scope.as_of}, known {scope.known_at}, {scope.basis}"
        counted = [row for row in groups[key] if not row.excluded]
        assert figure.n == len(counted), about
        assert figure.left_out == Counter(row.excluded for row in groups[key] if row.excluded), about
        assert near(figure.numerator, total(row.numerator for row in counted)), about
        assert near(figure.denominator, total(row.denominator for row in counted)), about
        assert figure.open == sum(not row.ended for row in counted), about
        expected = value(kpi, counted)
        assert (figure.value is None) == (expected is None), about
        assert expected is None or near(figure.value, expected), about
        values.append(expected)
    return values


@pytest.mark.parametrize("name", RECOMPUTED)
def test_a_slow_recomputation_agrees(clickhouse: ClickHouse, asked: list[tuple[Scope, Question]], name: str) -> None:
    kpi, rows, met = kpis.find_kpi(name), list[Row](), set[str]()
    values: set[Fraction | None] = set()
    for scope, question in asked:
        question.met.clear()
        wanted = RECOMPUTED[name](question)
        met |= question.met
        whole = [row for row in wanted if name not in OF_PARTS or row.by == ("",)]
        check_rows(clickhouse, kpi, scope, question, whole)
        for by in ("portfolio", "unit"):
            values.update(check_figures(clickhouse, kpi, scope, whole, by))
        of_parts = [row for row in wanted if name not in OF_PARTS or row.by != ("",)]
        for by in kpi.by:
            values.update(check_figures(clickhouse, kpi, scope, of_parts, by))
        rows += wanted
    assert {row.excluded for row in rows} == EXCLUDED[name] | {""}
    assert met == CASES[name]
    # figures of many sizes: a question that finds the same everywhere proves little
    assert len(values - {None}) > 3
