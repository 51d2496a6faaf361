"""KPIs: one SQL file each, that yields one row per subject; here they are read, aggregated and listed.

A KPI's SELECT gives `unit`, `subject` (a stream), `label`, `standing` ("governed" or "observed", never mixed),
`excluded` ("" or why the subject is left out), `numerator`, `denominator` and `evidence` (versions of the subject's
stream, or whole event ids). It reads views only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from services.errors import NotFound
from services.projections.clickhouse import ClickHouse
from services.projections.scope import Scope

FOLDER = Path(__file__).parent / "kpis"
By = Literal["portfolio", "unit", "project"]
_HEADER = re.compile(r"^-- ([a-z-]+): *(.*)$")
_GROUPS: dict[By, str] = {"portfolio": "'portfolio'", "unit": "unit", "project": "label"}


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI's definition, as its file's header gives it."""

    name: str
    title: str
    family: str
    measure: Literal["share", "ratio", "days", "points"]
    better: Literal["higher", "lower"]
    aggregator: Literal["ratio-of-sums", "median"]
    version: int
    source: str
    definition: str
    sql: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A KPI for one group: `value` is None where the denominator is empty; `left_out` counts the excluded by reason."""

    kpi: str
    by: str
    standing: str
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal
    n: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    incomplete: int = 0


@cache
def load_kpis(folder: Path = FOLDER) -> dict[str, Kpi]:
    """All KPIs, by name, in the order of families."""
    found = [parse_kpi(path.read_text()) for path in sorted(folder.glob("*.sql"))]
    return {kpi.name: kpi for kpi in found}


def parse_kpi(text: str) -> Kpi:
    """The KPI of one file."""
    header: dict[str, str] = {}
    last = ""
    lines = text.splitlines()
    for line in lines:
        if match := _HEADER.match(line):
            last = match[1]
            header[last] = match[2].strip()
        elif line.startswith("--") and last:
            header[last] += " " + line[2:].strip()
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    return Kpi(**{**header, "version": int(header["version"]), "sql": sql})  # type: ignore[arg-type]


def find_kpi(name: str) -> Kpi:
    """The KPI of this name. Raises NotFound with the nearest names."""
    import difflib

    kpis = load_kpis()
    if name in kpis:
        return kpis[name]
    near = difflib.get_close_matches(name, kpis, n=3, cutoff=0.4) or sorted(kpis)
    raise NotFound(f"There is no KPI {name!r}; did you mean {' or '.join(near)}?")


def rows(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> list[dict[str, Any]]:
    """The KPI's subjects, those left out too."""
    query, params = _scoped(clickhouse, kpi, scope)
    return clickhouse.rows(f"SELECT * FROM ({query}) ORDER BY unit, label", params)


def measure(clickhouse: ClickHouse, kpi: Kpi, scope: Scope, by: By = "unit") -> list[Figure]:
    """The KPI's figures for each group, governed and observed apart."""
    query, params = _scoped(clickhouse, kpi, scope)
    value = "quantileExactIf(0.5)(numerator, excluded = '')" if kpi.aggregator == "median" else "0"
    found = clickhouse.rows(
        f"""
        SELECT
            {_GROUPS[by]} AS grp,
            standing,
            sumIf(numerator, excluded = '') AS top,
            sumIf(denominator, excluded = '') AS bottom,
            countIf(excluded = '') AS n,
            {value} AS middle,
            sumMapIf([excluded], [1], excluded != '') AS left_out,
            groupUniqArray(subject) AS subjects
        FROM ({query})
        GROUP BY grp, standing
        ORDER BY grp, standing
        """,
        params,
    )
    broken = incomplete_streams(clickhouse)
    return [_figure(kpi, row, broken) for row in found]


def _figure(kpi: Kpi, row: Mapping[str, Any], broken: frozenset[str]) -> Figure:
    top, bottom, n = Decimal(row["top"] or 0), Decimal(row["bottom"] or 0), int(row["n"])
    value: Decimal | None
    if kpi.aggregator == "median":
        value = Decimal(row["middle"]) if n else None
    else:
        value = top / bottom if bottom else None
    reasons, counts = row["left_out"]
    return Figure(
        kpi=kpi.name,
        by=str(row["grp"]),
        standing=str(row["standing"]),
        value=value,
        numerator=top,
        denominator=bottom,
        n=n,
        left_out={str(reason): int(count) for reason, count in zip(reasons, counts, strict=True)},
        incomplete=len(broken.intersection(row["subjects"])),
    )


def incomplete_streams(clickhouse: ClickHouse) -> frozenset[str]:
    """Streams of which a version has not landed: every figure that uses them says so."""
    query = "SELECT stream FROM events GROUP BY stream HAVING uniqExact(version) != max(version)"
    return frozenset(str(row["stream"]) for row in clickhouse.rows(query))


def _scoped(clickhouse: ClickHouse, kpi: Kpi, scope: Scope) -> tuple[str, dict[str, Any]]:
    params = scope.params()
    if scope.unit is None:
        return kpi.sql, params
    return f"SELECT * FROM ({kpi.sql}) WHERE unit IN {{units:Array(String)}}", {
        **params,
        "units": units_below(clickhouse, scope),
    }


def units_below(clickhouse: ClickHouse, scope: Scope) -> list[str]:
    """The unit of the scope and all that stand below it at that time. Raises NotFound with the nearest codes."""
    import difflib

    state = "units(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})"
    found = clickhouse.rows(f"SELECT unit, parent FROM {state}", scope.params())
    parents = {str(row["unit"]): row["parent"] for row in found}
    wanted = str(scope.unit).upper()
    if wanted not in parents:
        near = difflib.get_close_matches(wanted, parents, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; 'pmo unit register' makes one."
        raise NotFound(f"There is no unit {scope.unit} at that time{hint}")
    below = {wanted}
    while fresh := {unit for unit, parent in parents.items() if parent in below and unit not in below}:
        below |= fresh
    return sorted(below)
