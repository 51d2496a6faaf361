"""An independent, slow recomputation agrees with the KPIs of delivery, budget and portfolio, on random histories."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import strategies as st
from landed import by_stream, landed, pound_rate

from schemas import delivery, exposure, progress, project, value
from schemas.event import Event, Record
from services.projections import figures
from services.projections import kpi as kpis
from services.projections.clickhouse import ClickHouse
from services.projections.scope import Scope
from tests.property.folds import countable
from tests.property.folds import project as project_fold
from tests.property.histories import gathered
from tests.property.kpi_projects import RECOMPUTED, ZONE, Row
from tests.strategies import histories, models

_DAYS = st.sampled_from([dt.date(2026, m, d) for m in (1, 2, 5, 6) for d in (1, 2, 3)])
_MONEY = st.sampled_from([Decimal(n) for n in (90, 100, 110, 0)])
_CURRENCY = st.sampled_from(("EUR",) * 7 + ("GBP",))
_SHARE = st.sampled_from([Decimal(n) for n in ("0.25", "0.33333333", "0.5", "1", "0")])
_ITEM = st.sampled_from("12")


def some(event_class: type[Event], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    return st.tuples(models(event_class), st.fixed_dictionaries(fields)).map(
        lambda drawn: drawn[0].model_copy(update=drawn[1])
    )


@st.composite
def baselines(draw: st.DrawFn) -> Event:
    """A plan whose curve, if it has one, rises from 0 at its start to its budget at its finish."""
    start, finish = dt.date(2026, 1, draw(st.integers(1, 3))), dt.date(2026, draw(st.sampled_from((2, 6))), 3)
    budget, between = draw(_MONEY), draw(st.lists(st.tuples(_DAYS, _SHARE), max_size=3))
    days = sorted({day for day, _ in between if start < day < finish})
    levels = sorted(share * budget for _, share in between)[: len(days)]
    curve = [(start, Decimal(0)), *zip(days, levels, strict=True), (finish, budget)] if between else []
    plain = draw(some(project.BaselineSet, item=_ITEM, currency=_CURRENCY))
    points = tuple(project.PlannedValue(day=day, value=round(worth, 4)) for day, worth in curve)
    return plain.model_copy(update={"start": start, "finish": finish, "budget": budget, "curve": points})


_REPORT = some(
    progress.ProgressReported, data_date=_DAYS, percent_complete=_SHARE, actual_cost=_MONEY, currency=_CURRENCY,
    forecast_finish=st.none() | _DAYS, forecast_cost=st.none() | _MONEY,
)  # fmt: skip
_LIFE = (
    some(project.Proposed, currency=_CURRENCY), baselines(), some(project.Started),
    some(project.Completed), some(project.Cancelled), some(project.Reopened),
)  # fmt: skip
_EARNED = st.one_of(
    *_LIFE, baselines(), some(project.Started), _REPORT, _REPORT, some(project.Withdrawn), some(project.MergedInto),
    some(progress.Reforecast, forecast_finish=st.none() | _DAYS, forecast_cost=st.none() | _MONEY, currency=_CURRENCY),
    some(progress.ActualCostCorrected, item=_ITEM, amount=_MONEY.map(lambda m: -m / 10), currency=_CURRENCY),
)  # fmt: skip
_CHANGES = st.one_of(
    *_LIFE, _REPORT, some(project.FinanciallyClosed, final_cost=_MONEY, currency=_CURRENCY),
    some(progress.ActualCostCorrected, item=_ITEM, amount=_MONEY.map(lambda m: -m), currency=_CURRENCY),
    some(delivery.ChangeRequested, item=_ITEM, cost=_MONEY, currency=_CURRENCY),
    some(delivery.ChangeApproved, item=_ITEM), some(delivery.ChangeRejected, item=_ITEM),
)  # fmt: skip
_PARTS = st.one_of(
    *_LIFE,
    some(delivery.MilestonePlanned, item=_ITEM, due=_DAYS), some(delivery.MilestoneMoved, item=_ITEM, due=_DAYS),
    some(delivery.MilestoneReached, item=_ITEM), some(delivery.MilestoneDropped, item=_ITEM),
    some(project.GateRequested, item=_ITEM), some(project.GateRequested, item=_ITEM),
    some(project.GatePassed, item=_ITEM), some(project.GateFailed, item=_ITEM),
)  # fmt: skip
_WORTH = st.one_of(
    *_LIFE,
    some(exposure.RiskRaised, item=_ITEM, probability=_SHARE, impact=_MONEY, currency=_CURRENCY),
    some(exposure.RiskReassessed, item=_ITEM, probability=_SHARE, impact=_MONEY, currency=_CURRENCY),
    some(exposure.RiskClosed, item=_ITEM),
    some(value.BenefitPlanned, item=_ITEM, amount=_MONEY, currency=_CURRENCY, due=_DAYS),
    some(value.BenefitMeasured, item=_ITEM, amount=_MONEY, currency=_CURRENCY),
)  # fmt: skip


_RUNNING = st.one_of(
    baselines(), baselines(), some(project.Started), some(project.Started), some(project.Completed), _REPORT, _REPORT,
    some(progress.Reforecast, forecast_finish=_DAYS, forecast_cost=_MONEY, currency=_CURRENCY),
    some(progress.ActualCostCorrected, item=_ITEM, amount=_MONEY.map(lambda m: -m / 10), currency=_CURRENCY),
)  # fmt: skip
_CLOSING = st.one_of(
    some(project.Started), some(project.Completed), some(project.Cancelled), baselines(), baselines(),
    some(project.FinanciallyClosed, final_cost=_MONEY, currency=_CURRENCY),
    some(project.FinanciallyClosed, final_cost=_MONEY, currency=_CURRENCY),
    some(delivery.ChangeRequested, item=_ITEM, cost=_MONEY, currency=_CURRENCY),
    some(delivery.ChangeApproved, item=_ITEM),
)  # fmt: skip
_EXPOSED = st.one_of(
    some(project.Proposed, currency=_CURRENCY), some(project.Started), some(project.Started),
    some(exposure.RiskRaised, item=_ITEM, probability=_SHARE, impact=_MONEY, currency=_CURRENCY),
    some(exposure.RiskReassessed, item=_ITEM, probability=_SHARE, impact=_MONEY, currency=_CURRENCY),
    some(value.BenefitPlanned, item=_ITEM, amount=_MONEY, currency=_CURRENCY, due=_DAYS),
    some(value.BenefitMeasured, item=_ITEM, amount=_MONEY, currency=_CURRENCY),
)  # fmt: skip


_FIRST: dict[str, tuple[st.SearchStrategy[Event], ...]] = {
    "R": (baselines(), some(project.Started), _REPORT),
    "F": (baselines(), some(project.FinanciallyClosed, final_cost=_MONEY, currency=_CURRENCY), some(project.Started)),
    "X": (
        some(exposure.RiskRaised, item=_ITEM, probability=_SHARE, impact=_MONEY, currency=_CURRENCY),
        some(project.Started),
    ),
}


def plain(history: list[Record]) -> list[Record]:
    return [r for r in history if r.supersedes is None]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    made: list[Record] = []
    families = {
        "E": (_EARNED, 60), "R": (_RUNNING, 160), "C": (_CHANGES, 50), "F": (_CLOSING, 80), "P": (_PARTS, 80),
        "W": (_WORTH, 50), "X": (_EXPOSED, 50),
    }  # fmt: skip
    for letter, (chosen, number) in families.items():
        told = gathered(histories("project", max_streams=1, max_length=16, chosen=chosen), number)
        first = [gathered(strategy, number) for strategy in _FIRST.get(letter, ())]
        for n, history in enumerate(told):
            # most random histories lack what a figure needs: the first records are given it
            needed = dict(zip((r.version for r in plain(history)), (some_of[n] for some_of in first), strict=False))
            made += [replace(r, stream=f"project:{letter}{n}", event=needed.get(r.version, r.event)) for r in history]
    return made


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Iterator[ClickHouse]:
    with landed(tmp_path_factory.mktemp("projects"), [*records, pound_rate()]) as opened:
        yield opened


def near(one: list[Row], other: list[Row]) -> bool:
    if [row[0] for row in one] != [row[0] for row in other]:
        return False
    # what is left out has no amounts that anybody would read
    pairs = [(a[i], b[i]) for a, b in zip(one, other, strict=True) if not a[0] for i in (1, 2)]
    return all(abs(a - b) <= Fraction(1, 1000) for a, b in pairs)


@pytest.mark.parametrize("name", RECOMPUTED)
def test_a_slow_recomputation_agrees(clickhouse: ClickHouse, records: list[Record], name: str) -> None:
    kpi = kpis.find_kpi("risk-exposure" if name == "threat-exposure" else name)
    streams = by_stream(records)
    for as_of in (dt.date(2026, 1, 3), dt.date(2026, 2, 3), dt.date(2026, 6, 2), dt.date(2026, 6, 30)):
        for basis, known_at in (
            ("recorded", None),
            ("recorded", random.choice(records).recorded_at),
            ("reported", None),
        ):
            period = random.choice([(None, None), (dt.date(2026, 1, 2), dt.date(2026, 6, 1))])
            scope = Scope(as_of, ZONE, known_at, basis, None, *period)  # type: ignore[arg-type]
            moment = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), ZONE) - dt.timedelta(milliseconds=1)
            latest = known_at or dt.datetime(2199, 1, 1, tzinfo=dt.UTC)
            shown: dict[str, list[Row]] = defaultdict(list)
            for row in figures.rows(clickhouse, kpi, scope):
                shown[row["subject"]].append(
                    (row["excluded"], Fraction(row["numerator"]), Fraction(row["denominator"]))
                )  # fmt: skip
            for stream, told in streams.items():
                counted = countable(told, moment, latest, basis)
                wanted = sorted(RECOMPUTED[name](counted, scope, name)) if project_fold(counted) else []
                text = "\n".join(f"{r.version} {r.occurred_at} {r.event}" for r in counted)
                found = sorted(shown[stream])
                assert near(found, wanted), f"{name} {stream} {scope}:\n{found}\n{wanted}\n{text}"
