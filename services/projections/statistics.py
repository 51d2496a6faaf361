"""The few statistics that figures need, each with the source of its formula."""

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import NormalDist


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, linear between the two nearest ranks (Hyndman and Fan, 7)."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def kaplan_meier_median(durations: Iterable[tuple[float, bool]]) -> float | None:
    """The median of durations some of which are still going on: (days so far, whether it is over).

    The first duration at which the estimated share still going on is at most one half; None if it never gets there,
    which means that more than half last longer than what has been seen. Source: Kaplan and Meier, Nonparametric
    Estimation from Incomplete Observations (1958), the product-limit estimate.
    """
    told = sorted(durations)
    at_risk, going_on = len(told), 1.0
    position = 0
    while position < len(told):
        days = told[position][0]
        same = position
        while same < len(told) and told[same][0] == days:
            same += 1
        over = sum(ended for _, ended in told[position:same])
        if over:
            going_on *= 1 - over / at_risk
            # the product of fractions may miss one half by a rounding error
            if going_on <= 0.5 + 1e-12:
                return days
        at_risk -= same - position
        position = same
    return None


def wilson(successes: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share, 0..1. Raises ValueError for n = 0.

    Called what it is: how far the process that made these n could lie from what they show; the n themselves are all
    there are. Source: Wilson, Probable Inference (1927).
    """
    if n <= 0:
        raise ValueError("an interval needs at least one observation")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    middle = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return max(0.0, low), min(1.0, high)
