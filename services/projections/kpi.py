"""KPIs: one SQL file each, that yields one row per occasion; here they are read and checked, `figures` measures them.

A KPI's SELECT gives `unit` (as of the as-of day), `subject` (a stream), `label`, `standing` ("governed" or "observed",
never mixed), `excluded` ("" or why it is left out), `numerator`, `denominator`, `evidence` (versions of the subject's
stream, or whole event ids) and, where it rests on more streams than the subject, `sources`. Each name of the header
`by` is a further column to group by. A duration (aggregator `kaplan-meier`) has the days so far as numerator and in
`ended` whether they are over. An amount of another currency than the reporting one that no rate is known for is
excluded as ``no rate: GBP 2026-01-01``, which is an error when the KPI is measured. It reads state views only, each
with both times; or ``({occasions})``, the occasions of each control, with `control` and `severity`: the question is put
to one control after another. One whose header says ``shown: alone`` takes longer, and is shown by its name only.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from services.errors import BadInput, NotFound, meant
from services.projections.definitions import tables
from services.projections.names import FOLDER as FOLDER

Measure = Literal["share", "ratio", "days", "hours", "money", "points", "count", "level"]
Better = Literal["higher", "lower", "neither"]
Aggregator = Literal["ratio-of-sums", "sum", "mean", "median", "kaplan-meier"]
Beside = Literal["", "p80", "p85", "range"]
Shown = Literal["", "alone"]
OCCASIONS = "{occasions}"
"""What stands in a KPI's SQL for a control's occasions."""
DIMENSIONS = (
    "role", "skill", "status", "stakeholder_role", "cause", "gate", "approver", "severity", "model", "standard",
    "course", "week", "control",
)  # fmt: skip
"""What a KPI may be grouped by beside portfolio, unit and project, where it makes sense."""
COLUMNS = ("unit", "subject", "label", "standing", "excluded", "numerator", "denominator", "evidence")
FAMILIES = (
    "delivery", "budget", "resources", "success", "satisfaction", "improvement", "portfolio", "flow", "people",
    "maturity",
)  # fmt: skip
"""The order in which KPIs are shown."""

_HEADER = re.compile(r"^-- ([a-z-]+): *(.*)$")
_FIELDS = ("name", "title", "family", "measure", "better", "aggregator", "version", "source", "definition")
_CHOICES = {"family": FAMILIES, "measure": get_args(Measure), "better": get_args(Better)}
_CHOICES["aggregator"] = get_args(Aggregator)
_OPTIONAL = ("by", "beside", "shown")
_READ = re.compile(r"\b(?:FROM|JOIN|IN)\s+([A-Za-z_][\w.]*)(\s*\()?", re.IGNORECASE)
_STRING = re.compile(r"'[^']*'")


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI's definition, as its file's header gives it; `controls` is where the workspace's own controls would be."""

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
    text: str
    by: tuple[str, ...] = ()
    beside: Beside = ""
    shown: Shown = ""
    controls: Path | None = None

    @property
    def of_occasions(self) -> bool:
        """Whether it asks control by control, so that its subjects are those of the controls."""
        return OCCASIONS in self.sql

    @property
    def digest(self) -> str:
        """SHA-256 of the file's text: what tells two definitions apart."""
        return hashlib.sha256(self.text.encode()).hexdigest()


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
            if last not in (*_FIELDS, *_OPTIONAL) or last in header:
                raise _wrong(file, number, f"there is no header {last!r}" if last not in header else f"{last} again")
            header[last], at[last] = match[2].strip(), number
        elif line.startswith("--") and last:
            header[last] += " " + line[2:].strip()
    for name in _FIELDS:
        if not header.get(name):
            raise _wrong(file, at.get(name, 1), f"the header {name!r} is missing or empty")
        if name in _CHOICES and header[name] not in _CHOICES[name]:
            raise _wrong(file, at[name], f"{name} must be one of {', '.join(_CHOICES[name])}")
    by = tuple(name.strip() for name in header.pop("by", "").split(",") if name.strip())
    if unknown := [name for name in by if name not in DIMENSIONS]:
        raise _wrong(file, at["by"], f"there is no dimension {unknown[0]!r}; known are {', '.join(DIMENSIONS)}")
    if header.setdefault("beside", "") not in get_args(Beside):
        raise _wrong(file, at["beside"], f"beside must be one of {', '.join(filter(None, get_args(Beside)))}")
    if header.setdefault("shown", "") not in get_args(Shown):
        raise _wrong(file, at["shown"], "shown can only be alone; leave it out otherwise")
    if not header["version"].isdigit():
        raise _wrong(file, at["version"], "version must be a whole number")
    # comments become empty lines, so that the engine and the linter count lines as the file does
    sql = "\n".join("" if line.lstrip().startswith("--") else line for line in lines)
    for number, problem in lint(sql):
        raise _wrong(file, number, problem)
    told = {**header, "version": int(header["version"]), "sql": sql.strip(), "text": text, "by": by}
    return Kpi(**told)  # type: ignore[arg-type]


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


def kpis_with(own: Path | None = None) -> dict[str, Kpi]:
    """The shipped KPIs and those of the folder `own`, if there is one; the workspace's own controls lie beside it.

    Raises BadInput where two have one name.
    """
    shipped = load_kpis()
    if own is None:
        return shipped
    added = load_kpis(own) if own.is_dir() else {}
    if clash := sorted(set(shipped) & set(added)):
        raise BadInput(
            f"{own / (clash[0].replace('-', '_') + '.sql')}: there is a KPI {clash[0]} already; rename yours."
        )
    known = sorted((shipped | added).values(), key=lambda kpi: FAMILIES.index(kpi.family))
    return {kpi.name: replace(kpi, controls=own.with_name("controls")) for kpi in known}


def listed(kpis: Mapping[str, Kpi]) -> dict[str, Kpi]:
    """Those that stand in a list of all KPIs: not those that are shown by their names only."""
    return {name: kpi for name, kpi in kpis.items() if kpi.shown != "alone"}


def find_kpi(name: str, own: Path | None = None) -> Kpi:
    """The KPI of this name. Raises NotFound with the nearest names."""
    kpis = kpis_with(own)
    if name in kpis:
        return kpis[name]
    raise NotFound(f"There is no KPI {name!r}; {meant(name, kpis)}")
