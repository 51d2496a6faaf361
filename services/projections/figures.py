"""KPIs measured: aggregated by unit, portfolio, project or another dimension, listed, and followed over time."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from schemas.fields import PERSON_PATTERN
from services.errors import BadInput, NotFound, did_you_mean
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import of_kinds, table, tables
from services.projections.kept import flat_at
from services.projections.kpi import COLUMNS, Kpi
from services.projections.parallel import each as of_each
from services.projections.scope import Scope
from services.projections.statistics import kaplan_meier_median, quantile

GROUPS: dict[str, tuple[str, str]] = {
    "portfolio": ("''", "'portfolio'"),
    "unit": ("unit", "any(unit)"),
    "project": ("subject", "any(label)"),
}
"""What every KPI can be grouped by: the key, and what is shown; "project" stands for each subject alone."""
_BOTH = ("unit", "portfolio")
MANY = frozenset({"skill"})
"""Dimensions of which a row may have several values, as an array: it counts under each, or under none."""
NO_RATE = "no rate: "
"""How an exclusion begins that is an error: an amount that cannot be converted."""

Question = tuple[str, Mapping[str, Any]]
"""A query for a KPI's rows, and its parameters."""
Group = dict[str, Any]
"""What the engine has added up of one group's rows."""

_STRING = re.compile(r"'[^']*'")
_PERSON = re.compile(rf"\b{PERSON_PATTERN}\b")
_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Figure:
    """A KPI for one group: `value` is None where the denominator is empty; `left_out` counts the excluded by reason.

    `beside` holds what the definition sets next to the value: "p80", "p85", "min" and "max" of the rows; `open` counts
    durations that are still going on. `incomplete` counts the subjects that rest on a stream of which a version has not
    landed; `subject` is the stream where each stands alone.
    """

    kpi: str
    by: str
    standing: str
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal
    n: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    incomplete: int = 0
    subject: str = ""
    beside: Mapping[str, Decimal] = field(default_factory=dict)
    open: int = 0


class NoUnit(NotFound):
    """There is no such unit at that time; its sentence names the nearest ones."""


class NoRate(BadInput):
    """An amount cannot be converted: there is no exchange rate for this currency on this day."""

    def __init__(self, currency: str, day: str, whose: str = "") -> None:
        self.short = f"{NO_RATE}{currency} {day}"
        super().__init__(
            f"There is no exchange rate for {currency} on {day}{whose}; "
            f"'pmo rate set {currency} --rate ... --first-day {day}' gives one."
        )


def groupings(kpi: Kpi) -> tuple[str, ...]:
    """What this KPI can be grouped by; the subjects of controls are of many kinds, so that "project" would mislead."""
    return (*(group for group in GROUPS if group != "project" or not kpi.of_occasions), *kpi.by)


def check_grouping(kpi: Kpi, by: str) -> None:
    """Raises BadInput for a grouping that the KPI does not have."""
    if by not in groupings(kpi):
        raise BadInput(f"{kpi.name} cannot be shown by {by}; it can by {', '.join(groupings(kpi))}.")


def rows(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, subject: str | None = None) -> list[dict[str, Any]]:
    """The KPI's subjects, or this one, those left out too; people by name where the directory has one."""
    sources = "sources" if _has_sources(kpi) else "CAST([], 'Array(String)') AS sources"
    columns = ", ".join((*COLUMNS, *kpi.by, sources))

    def ask(session: ClickHouse, question: Question) -> list[dict[str, Any]]:
        return session.rows(f"SELECT {columns} FROM ({of_grouping(kpi, question[0], '')})", question[1])

    # sorted here: engine 26.9 moves the columns of some joins around an ORDER BY for ever, and the setting against it
    # is refused by the read-only endpoint of `pmo up`
    found = [row for part in of_each(clickhouse, ask, _questions(clickhouse, kpi, scope, subject)) for row in part]
    found.sort(key=lambda row: (row["unit"], row["label"], row["subject"]))
    labels = named(clickhouse, [str(row["label"]) for row in found])
    return [{**row, "label": label} for row, label in zip(found, labels, strict=True)]


def measure(
    clickhouse: ClickHouse, kpi: Kpi, scope: Scope, by: str = "unit", subject: str | None = None
) -> list[Figure]:
    """The KPI's figures for each group, of one subject only if it is given, governed and observed apart.

    Raises BadInput for a grouping that the KPI does not have, and for an amount without an exchange rate.
    """
    check_grouping(kpi, by)
    return [figure for _, figure in _figures(clickhouse, kpi, _asked(clickhouse, kpi, scope, by, subject), by)]


def measure_twice(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> dict[str, list[Figure]]:
    """The KPI's figures by unit and for the portfolio, out of one question. Raises as `measure` does."""
    units = _asked(clickhouse, kpi, scope, "unit")
    whole = _together([[{**row, "grp": "", "shown": "portfolio"} for row in units]])
    return {
        by: [f for _, f in _figures(clickhouse, kpi, found, by)]
        for by, found in zip(_BOTH, (units, whole), strict=True)
    }


def _asked(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, by: str, subject: str | None = None) -> list[Group]:
    def ask(session: ClickHouse, question: Question) -> list[Group]:
        return _groups(session, kpi, *question, by)

    parts = of_each(clickhouse, ask, _questions(clickhouse, kpi, scope, subject))
    return parts[0] if len(parts) == 1 else _together(parts)


def measure_since(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, by: str) -> list[Figure]:
    """The KPI's figures, none at a time before there was the scope's unit: for points of which the last one has it."""
    try:
        return measure(clickhouse, kpi, scope, by)
    except NoUnit:
        return []


def measure_all(
    clickhouse: ClickHouse, kpis: Iterable[Kpi], scope: Scope, by: str
) -> tuple[list[tuple[Kpi, Figure]], list[tuple[Kpi, NoRate]]]:
    """The figures of several KPIs, and those that have none because an exchange rate is missing: the others stand."""

    def ask(session: ClickHouse, kpi: Kpi) -> list[Figure] | NoRate:
        try:
            return measure(session, kpi, scope, by)
        except NoRate as error:
            return error

    wanted = list(kpis)
    found: list[tuple[Kpi, Figure]] = []
    problems: list[tuple[Kpi, NoRate]] = []
    for kpi, answer in zip(wanted, of_each(clickhouse, ask, wanted), strict=True):
        if isinstance(answer, NoRate):
            problems.append((kpi, answer))
        else:
            found += [(kpi, figure) for figure in answer]
    return found, problems


def aggregated(
    clickhouse: ClickHouse, kpi: Kpi, query: str, params: Mapping[str, Any], by: str, point: str
) -> list[tuple[int, Figure]]:
    """The figures of each group of the KPI's rows that `query` gives, each with its `point`, a column of the query."""
    return _figures(clickhouse, kpi, _groups(clickhouse, kpi, query, params, by, point), by)


def _groups(
    clickhouse: ClickHouse, kpi: Kpi, query: str, params: Mapping[str, Any], by: str, point: str = "0"
) -> list[Group]:
    query = of_grouping(kpi, query, by)
    key, label = GROUPS.get(by, (f"toString(ifNull({by}, ''))", f"toString(any(ifNull({by}, '')))"))
    broken = sorted(incomplete_streams(clickhouse, kinds_read(kpi.sql)))
    rests_on = "arrayPushBack(sources, subject)" if _has_sources(kpi) else "[subject]"
    incomplete = (
        f"groupUniqArrayIf(subject, hasAny({rests_on}, {{broken:Array(String)}}))"
        if broken
        else "CAST([], 'Array(String)')"
    )
    return clickhouse.rows(
        f"""
        SELECT
            {point} AS at_point,
            {key} AS grp,
            standing,
            {label} AS shown,
            sumIf(numerator, excluded = '') AS top,
            sumIf(denominator, excluded = '') AS bottom,
            countIf(excluded = '') AS n,
            {_each(kpi)} AS each,
            sumMapIf([excluded], [1], excluded != '') AS left_out,
            {incomplete} AS incomplete
        FROM ({query})
        GROUP BY at_point, grp, standing
        ORDER BY at_point, shown, grp, standing
        """,
        {**params, **({"broken": broken} if broken else {})},
    )


def _together(parts: Iterable[list[Group]]) -> list[Group]:
    """The groups of several questions as those of one."""
    whole: dict[tuple[str, str], Group] = {}
    for row in (row for part in parts for row in part):
        place = (str(row["grp"]), str(row["standing"]))
        held = whole.get(place)
        whole[place] = (
            row
            if held is None
            else {
                **held,
                **{name: (held[name] or 0) + (row[name] or 0) for name in ("top", "bottom", "n")},
                "each": [*held["each"], *row["each"]],
                "left_out": tuple([*one, *other] for one, other in zip(held["left_out"], row["left_out"], strict=True)),
                "incomplete": {*held["incomplete"], *row["incomplete"]},
            }
        )
    return sorted(whole.values(), key=lambda row: (row["shown"], row["grp"], row["standing"]))


def _figures(clickhouse: ClickHouse, kpi: Kpi, groups: list[Group], by: str) -> list[tuple[int, Figure]]:
    shown = named(clickhouse, [str(row["shown"]) for row in groups])
    return [(int(row["at_point"]), _figure(kpi, row, label, by)) for row, label in zip(groups, shown, strict=True)]


def _each(kpi: Kpi) -> str:
    """What the aggregator needs of each row."""
    share = "toFloat64(numerator) / toFloat64(denominator)"
    match kpi.aggregator:
        case "kaplan-meier":
            return "groupArrayIf((toFloat64(numerator), toUInt8(ended)), excluded = '')"
        case "mean" | "median":
            return f"groupArrayIf(({share}, toUInt8(1)), excluded = '' AND denominator != 0)"
        case _ if kpi.beside:
            return f"groupArrayIf(({share}, toUInt8(1)), excluded = '' AND denominator != 0)"
        case _:
            return "CAST([], 'Array(Tuple(Float64, UInt8))')"


def _figure(kpi: Kpi, row: Mapping[str, Any], label: str, by: str) -> Figure:
    reasons, counts = row["left_out"]
    for reason in reasons:
        if str(reason).startswith(NO_RATE):
            currency, _, day = str(reason).removeprefix(NO_RATE).partition(" ")
            raise NoRate(currency, day)
    left_out = Counter[str]()
    for reason, count in zip(reasons, counts, strict=True):
        left_out[str(reason)] += int(count)
    each = sorted((float(value), bool(ended)) for value, ended in row["each"])
    top, bottom = Decimal(row["top"] or 0), Decimal(row["bottom"] or 0)
    return Figure(
        kpi=kpi.name,
        by=label,
        standing=str(row["standing"]),
        value=_value(kpi, top, bottom, int(row["n"]), each),
        numerator=top,
        denominator=bottom,
        n=int(row["n"]),
        left_out=dict(left_out),
        incomplete=len(row["incomplete"]),
        subject=str(row["grp"]) if by == "project" else "",
        beside=_beside(kpi, [value for value, _ in each]),
        open=sum(not ended for _, ended in each),
    )


def _value(kpi: Kpi, top: Decimal, bottom: Decimal, n: int, each: list[tuple[float, bool]]) -> Decimal | None:
    match kpi.aggregator:
        case "ratio-of-sums":
            return top / bottom if bottom else None
        case "sum":
            return top if n else None
        case "mean":
            return _exact(sum(value for value, _ in each) / len(each)) if each else None
        case "median":
            return _exact(quantile([value for value, _ in each], 0.5)) if each else None
        case "kaplan-meier":
            median = kaplan_meier_median(each)
            return None if median is None else _exact(median)


def _beside(kpi: Kpi, values: list[float]) -> dict[str, Decimal]:
    if not values or not kpi.beside:
        return {}
    if kpi.beside == "range":
        return {"min": _exact(values[0]), "max": _exact(values[-1])}
    return {kpi.beside: _exact(quantile(values, int(kpi.beside[1:]) / 100))}


def _exact(value: float) -> Decimal:
    return Decimal(value).quantize(_PLACES).normalize() + 0


def of_grouping(kpi: Kpi, query: str, by: str) -> str:
    """The rows that count in a grouping: some stand for a part of a subject and count only where that is asked for."""
    if re.search(r"\bAS only_by\b", kpi.sql):
        query = f"SELECT * FROM ({query}) WHERE only_by = '{by if by in kpi.by else ''}'"
    if by in MANY:
        query = f"SELECT * REPLACE (arrayJoin(if(empty({by}), [''], {by})) AS {by}) FROM ({query})"
    return query


def _has_sources(kpi: Kpi) -> bool:
    return re.search(r"\bAS sources\b", kpi.sql) is not None


def named(clickhouse: ClickHouse, labels: list[str]) -> list[str]:
    """The labels with people's names in the place of their pseudonyms, where the directory has one."""
    people = sorted({found for label in labels for found in _PERSON.findall(label)})
    if not people:
        return labels
    names = clickhouse.rows(
        "SELECT substring(subject, 8) AS person, name FROM names WHERE subject IN {subjects:Array(String)}",
        {"subjects": [f"person:{person}" for person in people]},
    )
    by_id = {str(row["person"]): str(row["name"]) for row in names}
    return [_PERSON.sub(lambda found: by_id.get(found[0], found[0]), label) for label in labels]


def incomplete_streams(clickhouse: ClickHouse, kinds: frozenset[str] = frozenset()) -> frozenset[str]:
    """Streams, of these kinds if given, of which a version has not landed: every figure that uses them says so."""
    # the names of a table's parts change with every insert: the same names, the same answer
    parts = clickhouse.parts(table("events").physical)
    known = clickhouse.memory.get(("incomplete", kinds))
    if known is None or known[0] != parts:
        query = f"""SELECT stream FROM {table("events").physical} WHERE {of_kinds(kinds)}
            GROUP BY stream HAVING uniqExact(version) != max(version)"""
        known = (parts, frozenset(str(row["stream"]) for row in clickhouse.rows(query)))
        clickhouse.memory["incomplete", kinds] = known
    return known[1]


@cache
def kinds_read(sql: str) -> frozenset[str]:
    """The kinds of streams that a query rests on, through all the views that it reads."""
    words = set(re.findall(r"\w+", _STRING.sub("''", sql)))
    found: frozenset[str] = frozenset()
    for t in tables():
        if t.name in words:
            found |= frozenset(t.kinds)
        for view in t.views:
            if view.name in words and view.text != sql:
                found |= kinds_read(view.text)
    return found


def _questions(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, subject: str | None = None) -> list[Question]:
    """What is to be asked: one query, or one for each control where the KPI is about their occasions."""
    of_scope: dict[str, Any] = scope.params()
    if kpi.of_occasions:
        # no other KPI needs the controls read and compiled
        from services.projections.occasions import of_each_control

        asked = of_each_control(clickhouse, kpi, scope)
    else:
        asked = [(kpi.sql, {})]
    wanted: list[str] = []
    if scope.unit is not None:
        wanted.append("unit IN {units:Array(String)}")
        of_scope["units"] = units_below(clickhouse, scope)
    if subject is not None:
        wanted.append("subject = {subject:String}")
        of_scope["subject"] = subject
    where = " AND ".join(wanted)
    return [
        (f"SELECT * FROM ({flat_at(sql, scope)}) WHERE {where}" if where else flat_at(sql, scope), {**of_scope, **own})
        for sql, own in asked
    ]


def units_below(clickhouse: ClickHouse, scope: Scope) -> list[str]:
    """The unit of the scope and all that stand below it at that time, those merged into one of them too.

    Raises NoUnit.
    """
    state = "units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})"
    query = flat_at(f"SELECT unit, ifNull(merged_into, parent) AS above FROM {state}", scope)
    found = clickhouse.rows(query, scope.params())
    above = {str(row["unit"]): row["above"] for row in found}
    wanted = str(scope.unit).upper()
    if wanted not in above:
        near = difflib.get_close_matches(wanted, above, n=3, cutoff=0.4)
        hint = "; " + did_you_mean(near, "'pmo unit register' makes one.")
        raise NoUnit(f"There is no unit {scope.unit} at that time{hint}")
    below = {wanted}
    while fresh := {unit for unit, parent in above.items() if parent in below and unit not in below}:
        below |= fresh
    return sorted(below)
