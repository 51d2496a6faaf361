"""KPIs as tiles: the figure, how it went, its target, what others publish, n, and what it leaves out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from services.benchmarks.compare import months_before
from services.benchmarks.industry import Cited
from services.dashboard.board import Trouble
from services.dashboard.panels import ALWAYS, Ask, House, Panel, Part, Shown, Size, Standing, Tile
from services.dashboard.question import Question, earlier
from services.projections import trends
from services.projections.figures import Figure, kinds_read, measure
from services.projections.house import Target
from services.projections.kpi import Kpi
from services.shown import beside_text, fraction_text, left_out_text, percent, points_text, value_text

MONTHS = (12, 10, 8, 6, 4, 2)
"""How many months before the as-of day the points of a tile's trend lie; the last one is the figure itself."""
_TREND_LASTS_S = 600.0
"""What is past changes seldom, and costs much to ask for again: a late report may be missing in it for so long."""


def kinds_of(kpi: Kpi) -> frozenset[str] | None:
    """The kinds of streams that a KPI rests on; None for all."""
    return None if kpi.of_occasions else kinds_read(kpi.sql) | ALWAYS


def figures_part(kpi: Kpi, by: str = "portfolio") -> Part:
    """The KPI's figures: `pmo kpi NAME --by ...`."""
    if by == "portfolio":
        return Part(f"kpi:{kpi.name}", lambda ask: _measured(ask, kpi, by), kinds_of(kpi), published=kpi.name)
    return Part(f"kpi:{kpi.name}:{by}", lambda ask: _measured(ask, kpi, by), kinds_of(kpi))


def _measured(ask: Ask, kpi: Kpi, by: str) -> tuple[Figure, ...]:
    return tuple(measure(ask.clickhouse, kpi, ask.scope, by))


def trend_part(kpi: Kpi) -> Part:
    """The KPI at earlier days of the year: (day, figures)."""
    compute = _trend_of(kpi)
    return Part(f"trend:{kpi.name}", compute, kinds_of(kpi), lasting=_TREND_LASTS_S, wanted=False)


def _trend_of(kpi: Kpi) -> Callable[[Ask], Any]:
    def compute(ask: Ask) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
        scopes = [replace(ask.scope, as_of=months_before(ask.scope.as_of, months)) for months in MONTHS]
        scopes = [scope for scope in scopes if not (scope.period_from and scope.period_from > scope.as_of)]
        if not scopes:
            return ()
        points = trends.trend(ask.clickhouse, kpi, scopes)
        return tuple((scope.as_of.isoformat(), tuple(found)) for scope, found in points)

    return compute


def before_part(kpi: Kpi, months: int) -> Part:
    """The KPI's figures so many months before."""

    def compute(ask: Ask) -> tuple[Figure, ...]:
        return tuple(measure(ask.clickhouse, kpi, earlier(ask.scope, months), "portfolio"))

    return Part(f"before:{kpi.name}:{months}", compute, kinds_of(kpi), wanted=False)


def targets_part() -> Part:
    """What is to be reached, and the currency that amounts are shown in."""
    return Part("targets", lambda ask: (dict(ask.targets), ask.scope.currency), frozenset({"setting"}))


def parts(kpis: Iterable[Kpi], versus: str) -> tuple[Part, ...]:
    """All that tiles of these KPIs are made of."""
    found: list[Part] = [targets_part()]
    for kpi in kpis:
        found += [figures_part(kpi), trend_part(kpi)]
        if versus:
            found.append(before_part(kpi, int(versus)))
    return tuple(found)


def tile(kpi: Kpi, values: Mapping[str, Any], cited: Iterable[Cited], versus: str, large: bool = False) -> Tile | None:
    """The tile; None while its figure is computed."""
    found = values.get(f"kpi:{kpi.name}")
    if found is None:
        return None
    given = values.get("targets")
    aims, currency = given if isinstance(given, tuple) else ({}, "")
    aim = aims.get(kpi.name)
    aim = aim.of(kpi, "portfolio") if aim else None
    benchmark = _benchmark(kpi, cited)
    common = Tile(
        kpi=kpi.name,
        title=kpi.title,
        definition=kpi.definition,
        figures=(),
        target=value_text(kpi, aim.target, 0, currency) if aim else "",
        benchmark=percent(benchmark.value) if benchmark else "",
        benchmark_from=_source(benchmark) if benchmark else "",
        aim=float(aim.target) if aim else None,
        better=kpi.better,
        large=large,
    )
    if isinstance(found, Trouble):
        return replace(common, error=found.problem)
    before = values.get(f"before:{kpi.name}:{versus}") if versus else None
    standings = tuple(_standing(kpi, figure, aim, currency, before) for figure in found)
    days, points = _points(found, values.get(f"trend:{kpi.name}"))
    return replace(common, figures=standings, trend=points, trend_days=days)


def _standing(kpi: Kpi, figure: Figure, aim: Target | None, currency: str, before: Any) -> Standing:
    change, is_change = "", ""
    if isinstance(before, tuple):
        then = next((each.value for each in before if each.standing == figure.standing), None)
        if then is not None and figure.value is not None:
            difference = figure.value - then
            change, is_change = points_text(kpi, difference) if difference else "no change", _judged(kpi, difference)
        else:
            change = "no data then"
    return Standing(
        standing=figure.standing,
        value=value_text(kpi, figure.value, figure.n, currency),
        exact="" if figure.value is None else format(figure.value, "f"),
        of=fraction_text(kpi, figure),
        n=figure.n,
        left_out=left_out_text(figure.left_out, figure.incomplete),
        beside=beside_text(kpi, figure, currency),
        met=aim.verdict(kpi, figure.value) if aim else "",
        change=change,
        change_is=is_change,
    )


def _judged(kpi: Kpi, difference: Decimal) -> str:
    if kpi.better == "neither" or not difference:
        return ""
    return "good" if (difference > 0) == (kpi.better == "higher") else "bad"


def _points(now: Iterable[Figure], trend: Any) -> tuple[tuple[str, ...], tuple[float | None, ...] | None]:
    """The trend of the first standing, the figure itself last."""
    figures = list(now)
    if not isinstance(trend, tuple) or not figures:
        return (), None
    standing = figures[0].standing
    days = tuple(day for day, _ in trend)
    found = [next((f.value for f in each if f.standing == standing), None) for _, each in trend]
    return (*days, "now"), tuple(None if value is None else float(value) for value in (*found, figures[0].value))


def _benchmark(kpi: Kpi, cited: Iterable[Cited]) -> Cited | None:
    """The published figure that says least against being compared, the latest of these."""
    if kpi.measure != "share":
        return None
    own = [row for row in cited if row.kpi == kpi.name]
    return max(own, key=lambda row: (not row.warning, row.unit == "projects", row.year), default=None)


def _source(cited: Cited) -> str:
    warning = f" Not the same thing: {cited.warning}" if cited.warning else ""
    return f"{cited.source}, {cited.year}: {cited.figure}, counted in {cited.unit}.{warning}"


def problems(values: Mapping[str, Any]) -> list[str]:
    """What kept parts from being computed, each once."""
    return list(dict.fromkeys(value.problem for value in values.values() if isinstance(value, Trouble)))


def tile_panel(
    name: str, title: str, wanted: Sequence[Kpi], house: House, question: Question, size: Size = "full",
    *, large: bool = False,
) -> Panel:  # fmt: skip
    """A panel of tiles, each shown as soon as its figure is there; `large` ones without a heading."""

    def show(values: Mapping[str, Any]) -> Shown:
        made = [tile(kpi, values, house.cited, question.versus, large) for kpi in wanted]
        return Shown(tiles=tuple(each for each in made if each is not None), more={"all": len(wanted)})

    return Panel(name, title, parts(wanted, question.versus), show, size, heading=not large)
