"""An independent, slow recomputation agrees with the KPIs of resources, people and flow, and with capacity."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from landed import by_stream, landed

from schemas.event import Record
from services.projections import capacity, figures
from services.projections import kpi as kpis
from services.projections.clickhouse import ClickHouse
from services.projections.scope import Scope
from tests.property import kpi_flow, kpi_resources, kpi_staff
from tests.property.chronicle import Chronicle
from tests.property.slow import FOR_EVER, Question, Row
from tests.property.teller import FIRST, LAST, ZONE

SEED = 11
"""Of a world in which every reason to leave something out occurs."""
RECOMPUTED: dict[str, Callable[[Question], list[Row]]] = {
    **kpi_resources.RECOMPUTED,
    **kpi_staff.RECOMPUTED,
    **kpi_flow.RECOMPUTED,
}
EXCLUDED = {
    "utilization": {"not here that week", "no timesheet submitted"},
    "committed-load": {"not here that week", "project ended"},
    "forecast-load": {
        "not here that week", "project ended", "alternative of an option group", "project completed",
        "project cancelled", "project withdrawn",
    },
    "over-allocated": {"not here that week", "project ended"},
    "unmet-demand": {
        "alternative of an option group", "project completed", "project cancelled", "project withdrawn",
    },
    "forecast-accuracy": {"never joined"},
    "forecast-bias": {"never joined"},
    "attrition": set(),
    "retention": set(),
    "level-progress": {"left", "no path", "not assessed"},
    "cycle-time": {"removed", "never active"},
    "flow-efficiency": {"removed", "never active"},
    "wip-age": set(),
    "blocked-time": {"removed"},
    "throughput": {"removed"},
    "where-work-waits": {"removed"},
}  # fmt: skip
_AGREED = Fraction(1, 1000)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return Chronicle(SEED).records


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Iterator[ClickHouse]:
    with landed(tmp_path_factory.mktemp("hours"), records) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(records: list[Record]) -> list[tuple[Scope, Question]]:
    """Questions as of several days, with all that is known, with what was known then, and by what sources reported."""
    drawn = random.Random(SEED)
    streams = by_stream(records)
    found = []
    for as_of, basis, is_past, period in (
        (LAST, "recorded", False, (FIRST, LAST)),
        (dt.date(2026, 4, 5), "recorded", True, (dt.date(2026, 3, 5), dt.date(2026, 6, 2))),
        (dt.date(2026, 5, 20), "reported", True, (dt.date(2026, 2, 1), dt.date(2026, 5, 31))),
        (dt.date(2026, 1, 2), "recorded", False, (dt.date(2025, 12, 1), dt.date(2026, 1, 2))),
    ):
        known_at = drawn.choice(records).recorded_at if is_past else None
        scope = Scope(as_of, ZONE, known_at, basis, None, *period)  # type: ignore[arg-type]
        found.append((scope, Question(streams, ZONE, as_of, known_at or FOR_EVER, basis, *period)))
    return found


def by_of(value: Any) -> str:
    return ",".join(sorted(value)) if isinstance(value, list | tuple) else str(value)


def key_of(row: Row) -> tuple[Any, ...]:
    return row[:4]


@pytest.mark.parametrize("name", RECOMPUTED)
def test_a_slow_recomputation_agrees(clickhouse: ClickHouse, asked: list[tuple[Scope, Question]], name: str) -> None:
    kpi, reasons, counted, empty = kpis.find_kpi(name), Counter[str](), 0, 0
    for scope, question in asked:
        wanted = sorted(RECOMPUTED[name](question))
        shown = sorted(
            Row(r["unit"], r["subject"], tuple(by_of(r[d]) for d in kpi.by), r["excluded"],
                Fraction(r["numerator"]), Fraction(r["denominator"]))
            for r in figures.rows(clickhouse, kpi, scope)
        )  # fmt: skip
        about = f"{name} as of {scope.as_of}, known {scope.known_at}, {scope.basis}"
        missing, extra = Counter(map(key_of, wanted)), Counter(map(key_of, shown))
        assert not missing - extra and not extra - missing, f"{about}: {missing - extra} and {extra - missing}"
        for one, other in zip(shown, wanted, strict=True):
            # what is left out has no amounts that anybody would read
            same = all(abs(one[i] - other[i]) <= _AGREED for i in (4, 5)) or bool(one.excluded)
            told = "\n".join(str(r) for r in question.told(question.streams[one.subject]))
            assert same, f"{about}: {one} is not {other}\n{told}"
        reasons.update(row.excluded for row in wanted)
        included = [row for row in wanted if not row.excluded]
        counted += bool(included)
        empty += not included
        if scope.known_at:
            # figures are made of rows in one way: twice is enough
            continue
        measured = figures.measure(clickhouse, kpi, scope, "portfolio")
        assert sum(f.n for f in measured) == len(included)
        top = total(Fraction(f.numerator) for f in measured)
        assert abs(top - total(r.numerator for r in included)) <= len(included) * _AGREED
        if kpi.aggregator == "ratio-of-sums" and len(measured) == 1:
            (figure,) = measured
            below = total(r.denominator for r in included)
            expected = total(r.numerator for r in included) / below if below else None
            assert (figure.value is None) == (expected is None)
            assert expected is None or abs(Fraction(figure.value or 0) - expected) <= _AGREED
    assert reasons.keys() >= EXCLUDED[name] and reasons.keys() <= EXCLUDED[name] | {""}, reasons
    assert counted and empty


def total(amounts: Any) -> Fraction:
    return sum(amounts, Fraction(0))


@pytest.mark.parametrize(
    ("by", "every"), [("role", "week"), ("skill", "month"), ("unit", "month"), ("person", "week"), ("person", "month")]
)
def test_capacity_agrees(
    clickhouse: ClickHouse, asked: Sequence[tuple[Scope, Question]], by: capacity.By, every: capacity.Every
) -> None:
    hit: Counter[str] = Counter()
    for scope, question in asked:
        wanted = kpi_resources.loads(question, by, every)
        found = {(load.group, load.start): load for load in capacity.loads(clickhouse, scope, by, every)}
        assert found.keys() == wanted.keys()
        for key, hours in wanted.items():
            for name, amount in hours.items():
                assert abs(Fraction(getattr(found[key], name)) - amount) <= 100 * _AGREED, f"{key} {name} {scope}"
                hit[name] += amount != 0
            planned = sum(hours[name] for name in ("hard", "soft", "placeholders"))
            assert abs(Fraction(found[key].gap) - hours["net"] + planned) <= 400 * _AGREED
    assert all(hit[name] for name in kpi_resources.LOADS)
