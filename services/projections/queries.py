"""Questions that are no KPI, one file each under ``queries/``: lists for the portfolio and the steering pack.

Like a KPI, a query reads state views only, each with both times; people stand in it by their pseudonyms.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.errors import BadInput
from services.projections.clickhouse import ClickHouse
from services.projections.figures import units_below
from services.projections.kept import flat_at
from services.projections.scope import Scope

FOLDER = Path(__file__).parent / "queries"


@cache
def query_text(name: str) -> str:
    """The text of one query's file."""
    return (FOLDER / f"{name}.sql").read_text()


def query_digest(name: str) -> str:
    """SHA-256 of the file's text."""
    return hashlib.sha256(query_text(name).encode()).hexdigest()


def ask(clickhouse: ClickHouse, name: str, scope: Scope, more: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a query; those of the scope's unit and the units below it, where it names one.

    Raises NotFound for an unknown unit.
    """
    # an empty array stands for all units: one text serves both
    units = units_below(clickhouse, scope) if scope.unit is not None else []
    return clickhouse.rows(flat_at(query_text(name), scope), {**scope.params(), "units": units, **(more or {})})


def check_unit(clickhouse: ClickHouse, scope: Scope) -> None:
    """Raises NotFound for a unit that there is not, and BadInput for one that is retired by the as-of day."""
    if scope.unit is None:
        return
    units_below(clickhouse, scope)
    if said := retirement(clickhouse, scope):
        raise BadInput(said)


def retirement(clickhouse: ClickHouse, scope: Scope) -> str | None:
    """One sentence on the scope's unit, if it is retired by the as-of day: since when, and how to ask for before."""
    if scope.unit is None:
        return None
    retired = {str(row["unit"]): row for row in ask(clickhouse, "retired_units", replace(scope, unit=None))}
    gone = retired.get(scope.unit.upper())
    if gone is None:
        return None
    into = f" and merged into {gone['merged_into']}" if gone["merged_into"] else ""
    before = gone["retired_on"] - timedelta(days=1)
    return f"Unit {scope.unit} was retired on {gone['retired_on']}{into}; --as-of {before} shows the time before."


def retired_units(clickhouse: ClickHouse, scope: Scope) -> frozenset[str]:
    """Units that are retired by the as-of day."""
    return frozenset(str(row["unit"]) for row in ask(clickhouse, "retired_units", replace(scope, unit=None)))
