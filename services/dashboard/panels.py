"""What pages consist of, as plain data: panels of tiles, charts, tables and facts, and the parts they are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from services.benchmarks.industry import Cited
from services.dashboard.question import Question
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.house import Target, in_reporting_currency, targets
from services.projections.kpi import Kpi
from services.projections.scope import Scope
from services.reports.pack import LAYOUT, Table
from services.reports.sections import Asked
from services.settings import Settings

Chart = Mapping[str, Any]
"""A chart for ``charts.js``: `kind` and its values, in numbers and words only."""
Size = Literal["full", "wide", "half", "third"]
ALWAYS = frozenset({"setting", "rate", "business-unit"})
"""Kinds of streams that every figure may rest on: targets, rates, and which unit stands below which."""


@dataclass(frozen=True, slots=True)
class House:
    """What does not change while the dashboard runs: settings and definitions."""

    settings: Settings
    kpis: Mapping[str, Kpi]
    controls: Mapping[str, Control]
    cited: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a part is computed with; use it in one thread."""

    clickhouse: ClickHouse
    question: Question
    scope: Scope
    house: House

    @classmethod
    def of(cls, clickhouse: ClickHouse, question: Question, house: House) -> "Ask":
        """The question in the currency that is set at its times."""
        scope = in_reporting_currency(clickhouse, question.scope(house.settings))
        return cls(clickhouse, question, scope, house)

    @property
    def targets(self) -> Mapping[str, Target]:
        """What is to be reached, by the KPIs' names."""
        return targets(self.clickhouse, self.scope)

    @property
    def asked(self) -> Asked:
        """The same for the screens of the steering pack."""
        return Asked(self.clickhouse, self.scope, self.house.kpis, self.house.controls, self.targets, LAYOUT)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is computed once for all who ask the same.

    `key` tells it from others of the same question. It is computed anew when streams of its `kinds` (None: of any)
    have more events, but where `lasting` at most every so many seconds. `published` names a KPI whose values the stream
    of KPIs has already for the default question. `own` names the page's own parameters that it depends on.
    """

    key: str
    compute: Callable[[Ask], Any]
    kinds: frozenset[str] | None = None
    lasting: float = 0.0
    published: str = ""
    own: tuple[str, ...] = ()
    wanted: bool = True
    """Whether a panel is not shown before it is there."""
    first: bool = False
    """Whether it costs next to nothing, and is done before others that are as urgent."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A KPI's figure in a tile."""

    standing: str
    value: str
    exact: str
    of: str
    n: int
    left_out: str
    beside: str
    met: str
    change: str = ""
    change_is: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A KPI at a glance: governed first, then observed; `trend` from old to new, None where there is no data."""

    kpi: str
    title: str
    definition: str
    figures: tuple[Standing, ...]
    target: str = ""
    benchmark: str = ""
    benchmark_from: str = ""
    trend: tuple[float | None, ...] | None = None
    trend_days: tuple[str, ...] = ()
    aim: float | None = None
    better: str = ""
    error: str = ""
    position: int = 0
    large: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value; `tone` is good, warn, bad or empty."""

    name: str
    value: str
    tone: str = ""
    link: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened: on which day, what, who recorded it and when, and what it says."""

    event: str
    title: str
    kind: str
    occurred: str
    recorded: str
    by: str
    claimed: bool
    late: str
    what: tuple[tuple[str, str], ...] = ()
    mark: str = ""
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row behind a figure, or one occasion of a control, with the events that it rests on."""

    unit: str
    subject: str
    label: str
    of: str
    why: str
    tone: str
    events: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a panel shows; `currency` is the one of amounts that name none."""

    tables: tuple[Table, ...] = ()
    chart: Chart | None = None
    tiles: tuple[Tile, ...] = ()
    facts: tuple[Fact, ...] = ()
    timeline: tuple[Moment, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    currency: str = ""
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


Values = Mapping[str, Any]
"""The values of a panel's parts, by their keys."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A card on a page: its parts, and how it is made of their values."""

    name: str
    title: str
    parts: tuple[Part, ...]
    show: Callable[[Values], Shown]
    size: Size = "full"
    hint: str = ""
    link: str = ""
    heading: bool = True


def simple(
    name: str,
    title: str,
    compute: Callable[[Ask], Shown],
    kinds: frozenset[str] | None = None,
    *,
    size: Size = "full",
    hint: str = "",
    own: tuple[str, ...] = (),
    key: str = "",
    link: str = "",
    heading: bool = True,
    first: bool = False,
) -> Panel:
    """A panel of one part; parts of different pages have different keys."""
    part = Part(key or name, compute, None if kinds is None else kinds | ALWAYS, own=own, first=first)
    return Panel(name, title, (part,), lambda values: _the(values), size, hint, link, heading)


def _the(values: Values) -> Shown:
    [shown] = values.values()
    assert isinstance(shown, Shown)
    return shown


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its panels for a question. `own` are its own parameters, each with its values where they are limited."""

    path: str
    title: str
    lede: str
    panels: Callable[[Question], tuple[Panel, ...]]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    form: str = ""
    """The template of its own filters."""
