"""A KPI beside others of its kind: by unit, by period, and by what others publish.

A share never stands alone: n and Wilson's interval go with it. The interval is uncertainty of the process that made
these n; the n themselves are all that there are. Governed and observed are never mixed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from schemas.streams import kind_of
from services.benchmarks.industry import Cited
from services.projections import figures
from services.projections.clickhouse import ClickHouse
from services.projections.figures import Figure
from services.projections.kpi import Kpi
from services.projections.scope import Scope
from services.projections.statistics import wilson

PROCESS = (
    "Intervals are Wilson's at 95 %: uncertainty of the process, not of the count; the population is complete. "
    "Where subjects weigh differently (~) each counts as one in its interval."
)
_PLACES = Decimal("0.0001")
_YEAR_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the share of the process lies, 0..1; `approximate` where subjects weigh differently."""

    low: Decimal
    high: Decimal
    approximate: bool

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two have a value in common."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit's figure; `rest` is the portfolio without it, `mark` "best", "worst" or ''."""

    figure: Figure
    interval: Interval | None
    rest: Figure | None
    difference: Decimal | None
    apart: bool
    mark: str
    retired: bool


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One period's figure; `difference` is this period less that one, None in this period's own row."""

    period: str
    first: date
    last: date
    figure: Figure | None
    interval: Interval | None
    difference: Decimal | None
    apart: bool
    standing: str


@dataclass(frozen=True, slots=True)
class IndustryRow:
    """Ours beside a published figure; `warnings` say why the two are not the same thing."""

    cited: Cited
    figure: Figure | None
    interval: Interval | None
    difference: Decimal | None
    outside: bool | None
    warnings: tuple[str, ...]


def interval_of(kpi: Kpi, figure: Figure) -> Interval | None:
    """Wilson's interval of a share; None for what is no share of n, or without data."""
    if kpi.measure != "share" or kpi.aggregator not in ("ratio-of-sums", "mean") or figure.value is None:
        return None
    if figure.n == 0 or not 0 <= figure.value <= 1:
        return None
    counted = figure.denominator == figure.n and kpi.aggregator == "ratio-of-sums"
    low, high = wilson(float(figure.value) * figure.n, figure.n)
    return Interval(Decimal(low).quantize(_PLACES), Decimal(high).quantize(_PLACES), approximate=not counted)


def by_unit(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, retired: frozenset[str] = frozenset()) -> list[UnitRow]:
    """Each unit with data, against the rest of the portfolio, governed and observed apart."""
    found = figures.measure(clickhouse, kpi, scope, "unit")
    whole = {figure.standing: figure for figure in figures.measure(clickhouse, kpi, scope, "portfolio")}
    intervals = [interval_of(kpi, figure) for figure in found]
    marks = _marks(kpi, found, intervals)
    rows: list[UnitRow] = []
    for figure, interval, mark in zip(found, intervals, marks, strict=True):
        alone = sum(other.standing == figure.standing for other in found) == 1
        rest = None if alone else _rest(clickhouse, kpi, scope, figure, whole[figure.standing])
        rows.append(
            UnitRow(
                figure=figure,
                interval=interval,
                rest=rest,
                difference=_difference(figure, rest),
                apart=_apart(interval, interval_of(kpi, rest) if rest else None),
                mark=mark,
                retired=figure.by in retired,
            )
        )
    return rows


def _rest(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, own: Figure, whole: Figure) -> Figure | None:
    """The portfolio without the unit of `own`."""
    if kpi.aggregator == "sum":
        # a sum without one of its parts is no yardstick for that part
        return None
    if kpi.aggregator == "ratio-of-sums":
        top, bottom = whole.numerator - own.numerator, whole.denominator - own.denominator
        value = top / bottom if bottom else None
        return replace(whole, value=value, numerator=top, denominator=bottom, n=whole.n - own.n)
    others = replace(kpi, sql=f"SELECT * FROM ({kpi.sql}) WHERE unit != '{_quoted(own.by)}'")
    found = figures.measure(clickhouse, others, scope, "portfolio")
    return next((figure for figure in found if figure.standing == own.standing), None)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _marks(kpi: Kpi, found: Sequence[Figure], intervals: Sequence[Interval | None]) -> list[str]:
    """Best and worst, only where the interval has nothing in common with that of any other unit."""
    marks = [""] * len(found)
    for standing in {figure.standing for figure in found} if kpi.better != "neither" else ():
        known = [
            (figure.value, place, interval)
            for place, (figure, interval) in enumerate(zip(found, intervals, strict=True))
            if figure.standing == standing and interval is not None and figure.value is not None
        ]
        if len(known) < 2:
            continue
        ordered = sorted(known, key=lambda item: item[0], reverse=kpi.better == "higher")
        for mark, (_, place, interval) in (("best", ordered[0]), ("worst", ordered[-1])):
            if not any(interval.overlaps(other) for _, at, other in known if at != place):
                marks[place] = mark
    return marks


def periods(scope: Scope) -> list[tuple[str, date, date]]:
    """This period, the one as long before it, and the same days of the year before, each once."""
    last = scope.period_to or scope.as_of
    first = scope.period_from or months_before(last + timedelta(days=1), _YEAR_MONTHS)
    whole_months = first.day == 1 and (last + timedelta(days=1)).day == 1
    day_after = last + timedelta(days=1)
    ending = first - timedelta(days=1)
    if months_before(day_after, _YEAR_MONTHS) == first:
        return [("this period", first, last), ("the year before", months_before(first, _YEAR_MONTHS), ending)]
    if whole_months:
        months = (day_after.year - first.year) * 12 + day_after.month - first.month
        before = months_before(first, months)
    else:
        before = first - (day_after - first)
    a_year = months_before(first, _YEAR_MONTHS), months_before(day_after, _YEAR_MONTHS) - timedelta(days=1)
    return [("this period", first, last), ("the one before", before, ending), ("a year before", *a_year)]


def months_before(day: date, months: int) -> date:
    """The same day so many months before, or the last day of a shorter month."""
    month = day.year * 12 + day.month - 1 - months
    following = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(month // 12, month % 12 + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def by_period(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> list[PeriodRow]:
    """This period against the one before and the year before; each as of its own last day, as known in the scope."""
    asked = periods(scope)
    measured = [
        {
            figure.standing: figure
            for figure in figures.measure_since(
                clickhouse, kpi, replace(scope, as_of=last, period_from=first, period_to=last), "portfolio"
            )
        }
        for _, first, last in asked
    ]
    rows: list[PeriodRow] = []
    for standing in sorted({standing for found in measured for standing in found}) or [""]:
        now = measured[0].get(standing)
        own = interval_of(kpi, now) if now else None
        for (name, first, last), found in zip(asked, measured, strict=True):
            figure = found.get(standing)
            interval = interval_of(kpi, figure) if figure else None
            is_now = name == asked[0][0]
            difference = None if is_now or now is None else _difference(now, figure)
            apart = not is_now and _apart(own, interval)
            rows.append(PeriodRow(name, first, last, figure, interval, difference, apart, standing))
    return rows


def by_industry(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, cited: Iterable[Cited]) -> list[IndustryRow]:
    """Ours beside each published figure of this KPI, governed and observed apart."""
    wanted = [row for row in cited if row.kpi == kpi.name]
    if not wanted:
        return []
    ours: list[Figure | None] = [*figures.measure(clickhouse, kpi, scope, "portfolio")]
    counted = _counted(clickhouse, kpi, scope)
    return [_beside(kpi, row, figure, counted) for row in wanted for figure in ours or [None]]


def _beside(kpi: Kpi, cited: Cited, figure: Figure | None, counted: str) -> IndustryRow:
    comparable = kpi.measure == "share"
    interval = interval_of(kpi, figure) if figure else None
    warnings: list[str] = []
    if cited.unit != counted:
        warnings.append(f"theirs counts {cited.unit}, ours {counted}")
    if not comparable:
        warnings.append(f"theirs is a share, ours is measured in {kpi.measure}")
    if cited.warning:
        warnings.append(cited.warning)
    value = figure.value if figure and comparable else None
    outside = None if interval is None else not interval.low <= cited.value <= interval.high
    difference = None if value is None else value - cited.value
    return IndustryRow(cited, figure, interval, difference, outside, tuple(warnings))


def _counted(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> str:
    """What the KPI counts, by the streams of its rows."""
    kinds = sorted({kind_of(str(row["subject"])) for row in figures.rows(clickhouse, kpi, scope)})
    return " and ".join(f"{kind}s" if kind != "adoption" else "adoptions by unit" for kind in kinds) or "nothing yet"


def _difference(one: Figure | None, other: Figure | None) -> Decimal | None:
    if one is None or other is None or one.value is None or other.value is None:
        return None
    return one.value - other.value


def _apart(one: Interval | None, other: Interval | None) -> bool:
    return one is not None and other is not None and not one.overlaps(other)
