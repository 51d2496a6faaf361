"""The statistics of figures against published worked examples, and against slow recomputation."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projections.statistics import kaplan_meier_median, quantile, wilson

# Freireich et al. 1963, remission of leukaemia in weeks, as in most textbooks of survival analysis; True: over
TREATED = [
    *((weeks, True) for weeks in (6, 6, 6, 7, 10, 13, 16, 22, 23)),
    *((weeks, False) for weeks in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)),
]
PLACEBO = [
    (weeks, True) for weeks in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
]  # fmt: skip


@pytest.mark.parametrize(("durations", "median"), [(TREATED, 23), (PLACEBO, 8), ([(5, False)], None), ([], None)])
def test_the_median_of_the_published_example(durations: list[tuple[float, bool]], median: float | None) -> None:
    assert kaplan_meier_median(durations) == median


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40))
def test_the_median_equals_the_exact_product(durations: list[tuple[int, bool]]) -> None:
    going_on = Fraction(1)
    expected = None
    for day in sorted({days for days, ended in durations if ended}):
        at_risk = sum(days >= day for days, _ in durations)
        going_on *= 1 - Fraction(sum(ended for days, ended in durations if days == day), at_risk)
        if going_on <= Fraction(1, 2):
            expected = day
            break
    assert kaplan_meier_median(durations) == expected


# Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_the_published_examples(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=0.00005)


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson(0, 0)


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 2.5), (0.8, 3.4), (1, 4)])
def test_quantiles_lie_between_ranks(share: float, value: float) -> None:
    assert quantile([1, 2, 3, 4], share) == pytest.approx(value)
