"""Numbers and figures as people read them, on the command line and on the dashboard alike."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.projections.figures import Figure
    from services.projections.kpi import Kpi

NO_DATA = "no data"


def count(number: int) -> str:
    """``1,204``."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """``1 event``, ``1,204 events``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def said_of(number: int, noun: str, one: str, many: str) -> str:
    """What is said of some things: ``1 event is late``, ``2 events are late``."""
    return f"{counted(number, noun)} {one if number == 1 else many}"


def percent(share: Decimal) -> str:
    """``62.5 %`` of 0.625."""
    return f"{(share * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):,f} %"


def figure(number: Decimal, places: int = 4) -> str:
    """A number with thousands apart, and no more decimals than it needs, at most so many."""
    # nothing below zero is left of what is rounded to it
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0
    whole = rounded == rounded.to_integral_value()
    return f"{rounded.quantize(Decimal(1)) if whole else rounded.normalize():,f}"


def money(amount: Decimal, currency: str) -> str:
    """``EUR 243,118.20``."""
    return f"{currency} {amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"


def value_text(kpi: "Kpi", value: Decimal | None, n: int = 0, currency: str = "") -> str:
    """A KPI's value with its unit of measure."""
    if value is None:
        return "not reached" if kpi.aggregator == "kaplan-meier" and n else NO_DATA
    return measured(value, kpi.measure, currency)


def measured(value: Decimal, measure: str, currency: str = "") -> str:
    """A value with its unit of measure: shares, days and hours to a tenth, others to a hundredth."""
    match measure:
        case "share":
            return percent(value)
        case "days":
            days = figure(value, 1)
            return f"{days} {'day' if days == '1' else 'days'}"
        case "hours":
            return f"{figure(value, 1)} h"
        case "money":
            return money(value, currency)
        case _:
            return figure(value, 2)


def fraction_text(kpi: "Kpi", found: "Figure") -> str:
    """What was divided by what, where the value is a quotient."""
    return number_of(found.numerator, found.denominator) if kpi.aggregator == "ratio-of-sums" else ""


def beside_text(kpi: "Kpi", found: "Figure", currency: str = "") -> str:
    """What the definition sets next to the value."""
    parts = [f"{name.upper() if name[0] == 'p' else name} {value_text(kpi, value, 0, currency)}"
             for name, value in found.beside.items()]  # fmt: skip
    return ", ".join([*parts, *([f"{found.open} still open"] if found.open else [])])


def number_of(numerator: Decimal | None, denominator: Decimal | None) -> str:
    """What was divided by what, to a hundredth: the value itself says what is finer."""
    return "" if numerator is None or denominator is None else f"{figure(numerator, 2)} / {figure(denominator, 2)}"


def left_out_text(reasons: Mapping[str, int], incomplete: int) -> str:
    """How many were left out and why, and how many have a gap in their history."""
    parts: Iterable[str] = (f"{n:,} {reason}" for reason, n in sorted(reasons.items()))
    return ", ".join([*parts, *([f"{incomplete} with a gap in their history"] if incomplete else [])])


def better_text(kpi: "Kpi") -> str:
    """Which way is better."""
    return "neither more nor less is better" if kpi.better == "neither" else f"{kpi.better} is better"


def points_text(kpi: "Kpi", difference: Decimal | None) -> str:
    """A difference with its sign: of shares in points."""
    if difference is None:
        return ""
    if kpi.measure == "share":
        return f"{difference * 100:+.1f} points"
    sign = "+" if difference > 0 else ""
    return f"{sign}{figure(difference, 2)}"
