"""KPIs: one SQL file each, that yields one row per occasion; here they are read, checked, aggregated and listed.

A KPI's SELECT gives `unit` (as of the as-of day), `subject` (a stream), `label`, `standing` ("governed" or "observed",
never mixed), `excluded` ("" or why it is left out), `numerator`, `denominator`, `evidence` (versions of the subject's
stream, or whole event ids) and, where it rests on more streams than the subject, `sources`. It reads state views only,
each with both times.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from schemas.fields import PERSON_PATTERN
from services.errors import BadInput, NotFound
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import of_kinds, table, tables
from services.projections.scope import Scope

FOLDER = Path(__file__).parent / "kpis"
By = Literal["portfolio", "unit", "project"]
Measure = Literal["share", "ratio", "days", "points"]
Better = Literal["higher", "lower"]
Aggregator = Literal["ratio-of-sums", "median"]
COLUMNS = ("unit", "subject", "label", "standing", "excluded", "numerator", "denominator", "evidence")
FAMILIES = ("delivery", "budget", "resources", "success", "improvement")
"""The order in which KPIs are shown."""

_HEADER = re.compile(r"^-- ([a-z-]+): *(.*)$")
_FIELDS = ("name", "title", "family", "measure", "better", "aggregator", "version", "source", "definition")
_CHOICES = {"family": FAMILIES, "measure": get_args(Measure), "better": get_args(Better)}
_CHOICES["aggregator"] = get_args(Aggregator)
_READ = re.compile(r"\b(?:FROM|JOIN|IN)\s+([A-Za-z_][\w.]*)(\s*\()?", re.IGNORECASE)
_STRING = re.compile(r"'[^']*'")
_PERSON = re.compile(rf"\b{PERSON_PATTERN}\b")
_GROUPS: dict[By, tuple[str, str]] = {
    "portfolio": ("''", "'portfolio'"),
    "unit": ("unit", "any(unit)"),
    "project": ("subject", "any(label)"),
}


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI's definition, as its file's header gives it."""

    name: str
    title: str
    family: str
    measure: Measure
    better: Better
    aggregator: Aggregator
    version: int
    source: str
    definition: str
    sql: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A KPI for one group: `value` is None where the denominator is empty; `left_out` counts the excluded by reason.

    `incomplete` counts the subjects that rest on a stream of which a version has not landed; `subject` is the stream
    where each stands alone.
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


@cache
def load_kpis(folder: Path = FOLDER) -> dict[str, Kpi]:
    """All KPIs, by name, in the order of families. Raises BadInput that names the file and the line."""
    found = [parse_kpi(path.read_text(), path.name) for path in sorted(folder.glob("*.sql"))]
    return {kpi.name: kpi for kpi in sorted(found, key=lambda kpi: FAMILIES.index(kpi.family))}


def parse_kpi(text: str, file: str = "KPI") -> Kpi:
    """The KPI of one file. Raises BadInput that names `file` and the line."""
    header: dict[str, str] = {}
    at: dict[str, int] = {}
    last = ""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if match := _HEADER.match(line):
            last = match[1]
            if last not in _FIELDS or last in header:
                raise _wrong(file, number, f"there is no header {last!r}" if last not in _FIELDS else f"{last} again")
            header[last], at[last] = match[2].strip(), number
        elif line.startswith("--") and last:
            header[last] += " " + line[2:].strip()
    for name in _FIELDS:
        if not header.get(name):
            raise _wrong(file, at.get(name, 1), f"the header {name!r} is missing or empty")
        if name in _CHOICES and header[name] not in _CHOICES[name]:
            raise _wrong(file, at[name], f"{name} must be one of {', '.join(_CHOICES[name])}")
    if not header["version"].isdigit():
        raise _wrong(file, at["version"], "version must be a whole number")
    # comments become empty lines, so that the engine and the linter count lines as the file does
    sql = "\n".join("" if line.startswith("--") else line for line in lines)
    for number, problem in lint(sql):
        raise _wrong(file, number, problem)
    return Kpi(**{**header, "version": int(header["version"]), "sql": sql.strip()})  # type: ignore[arg-type]


def _wrong(file: str, line: int, problem: str) -> BadInput:
    return BadInput(f"{file}, line {line}: {problem}; correct the file.")


@cache
def readable_views() -> frozenset[str]:
    """The views that take both times: all that a KPI may read."""
    return frozenset(
        view.name for t in tables() for view in t.views if "{as_of_k:" in view.select and "{known_at:" in view.select
    )


def lint(sql: str) -> Iterator[tuple[int, str]]:
    """What the SQL reads besides state views with both times, each with its line.

    A base table holds a record twice until parts are merged, and forgets neither the future nor what was superseded.
    """
    sql = _STRING.sub("''", sql)
    for match in _READ.finditer(sql):
        name, called, line = match[1], match[2], sql.count("\n", 0, match.start()) + 1
        if name.upper() == "SELECT":
            continue
        if name not in readable_views():
            yield line, f"it reads {name}, but a KPI reads only views that take both times"
        elif not called:
            yield line, f"{name} needs its times: {name}(as_of_k = ..., known_at = ..., basis = ...)"


def find_kpi(name: str) -> Kpi:
    """The KPI of this name. Raises NotFound with the nearest names."""
    import difflib

    kpis = load_kpis()
    if name in kpis:
        return kpis[name]
    near = difflib.get_close_matches(name, kpis, n=3, cutoff=0.4) or sorted(kpis)
    raise NotFound(f"There is no KPI {name!r}; did you mean {' or '.join(near)}?")


def rows(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> list[dict[str, Any]]:
    """The KPI's subjects, those left out too; people by name where the directory has one."""
    query, params = _scoped(clickhouse, kpi, scope)
    found = clickhouse.rows(f"SELECT {', '.join(COLUMNS)} FROM ({query}) ORDER BY unit, label, subject", params)
    labels = _named(clickhouse, [str(row["label"]) for row in found])
    return [{**row, "label": label} for row, label in zip(found, labels, strict=True)]


def measure(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, by: By = "unit") -> list[Figure]:
    """The KPI's figures for each group, governed and observed apart; "project" stands for each subject alone."""
    query, params = _scoped(clickhouse, kpi, scope)
    key, label = _GROUPS[by]
    broken = sorted(incomplete_streams(clickhouse, kinds_read(kpi.sql)))
    rests_on = "arrayPushBack(sources, subject)" if re.search(r"\bAS sources\b", kpi.sql) else "[subject]"
    incomplete = f"uniqExactIf(subject, hasAny({rests_on}, {{broken:Array(String)}}))" if broken else "0"
    middle = "quantileExactIf(0.5)(numerator, excluded = '')" if kpi.aggregator == "median" else "0"
    found = clickhouse.rows(
        f"""
        SELECT
            {key} AS grp,
            standing,
            {label} AS shown,
            sumIf(numerator, excluded = '') AS top,
            sumIf(denominator, excluded = '') AS bottom,
            countIf(excluded = '') AS n,
            {middle} AS middle,
            sumMapIf([excluded], [1], excluded != '') AS left_out,
            {incomplete} AS incomplete
        FROM ({query})
        GROUP BY grp, standing
        ORDER BY shown, grp, standing
        """,
        {**params, **({"broken": broken} if broken else {})},
    )
    shown = _named(clickhouse, [str(row["shown"]) for row in found])
    return [_figure(kpi, row, label, by) for row, label in zip(found, shown, strict=True)]


def _figure(kpi: Kpi, row: Mapping[str, Any], label: str, by: By) -> Figure:
    top, bottom, n = Decimal(row["top"] or 0), Decimal(row["bottom"] or 0), int(row["n"])
    ratio = top / bottom if bottom else None
    middle = Decimal(row["middle"]) if n else None
    reasons, counts = row["left_out"]
    return Figure(
        kpi=kpi.name,
        by=label,
        standing=str(row["standing"]),
        value=middle if kpi.aggregator == "median" else ratio,
        numerator=top,
        denominator=bottom,
        n=n,
        left_out={str(reason): int(count) for reason, count in zip(reasons, counts, strict=True)},
        incomplete=int(row["incomplete"]),
        subject=str(row["grp"]) if by == "project" else "",
    )


def _named(clickhouse: ClickHouse, labels: list[str]) -> list[str]:
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


def _scoped(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> tuple[str, dict[str, Any]]:
    params = scope.params()
    if scope.unit is None:
        return kpi.sql, params
    return f"SELECT * FROM ({kpi.sql}) WHERE unit IN {{units:Array(String)}}", {
        **params,
        "units": units_below(clickhouse, scope),
    }


def units_below(clickhouse: ClickHouse, scope: Scope) -> list[str]:
    """The unit of the scope and all that stand below it at that time, those merged into one of them too.

    Raises NotFound with the nearest codes.
    """
    import difflib

    state = "units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})"
    found = clickhouse.rows(f"SELECT unit, ifNull(merged_into, parent) AS above FROM {state}", scope.params())
    above = {str(row["unit"]): row["above"] for row in found}
    wanted = str(scope.unit).upper()
    if wanted not in above:
        near = difflib.get_close_matches(wanted, above, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; 'pmo unit register' makes one."
        raise NotFound(f"There is no unit {scope.unit} at that time{hint}")
    below = {wanted}
    while fresh := {unit for unit, parent in above.items() if parent in below and unit not in below}:
        below |= fresh
    return sorted(below)
