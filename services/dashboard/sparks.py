"""Small charts that are drawn here, as paths of an SVG: how a figure went, and its target."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spark:
    """A line in a box of `width` by `height`; `area` is the same closed at the bottom, `aim` the target's height."""

    width: int
    height: int
    line: str
    area: str
    last: tuple[float, float] | None
    aim: float | None
    words: str


def spark(
    values: Sequence[float | None] | None, aim: float | None = None, width: int = 120, height: int = 32
) -> Spark | None:
    """The line through the values that there are; None where there are fewer than two."""
    known = [value for value in values or () if value is not None]
    if values is None or len(known) < 2:
        return None
    low, high = min(known), max(known)
    if aim is not None and low - (high - low) * 2 <= aim <= high + (high - low) * 2:
        low, high = min(low, aim), max(high, aim)
    spread = (high - low) or abs(high) or 1.0
    if high == low:
        low, high = low - spread / 2, high + spread / 2
        spread = high - low
    pad = 3.0

    def place(index: int, value: float) -> tuple[float, float]:
        x = pad + index * (width - 2 * pad) / (len(values) - 1)
        return round(x, 1), round(height - pad - (value - low) / spread * (height - 2 * pad), 1)

    points = [place(index, value) for index, value in enumerate(values) if value is not None]
    line = "M" + " L".join(f"{x} {y}" for x, y in points)
    area = f"{line} L{points[-1][0]} {height} L{points[0][0]} {height} Z"
    target = place(0, aim)[1] if aim is not None and low <= aim <= high else None
    words = ", ".join(f"{value:.4g}" for value in known)
    return Spark(width, height, line, area, points[-1], target, words)
