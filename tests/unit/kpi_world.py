"""A world of records for the tests of KPIs: each case in a unit of its own, and one figure for it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from controls_world import ZONE, World, day, fresh, opened

from schemas.event import Record
from services.projections import figures
from services.projections import kpi as kpis
from services.projections.clickhouse import ClickHouse
from services.projections.figures import Figure
from services.projections.scope import Basis, Scope

NO_FIGURE = Figure("", "", "", None, Decimal(0), Decimal(0), 0)
Shown = tuple[int, int, dict[str, int]]


class KpiWorld(World):
    """Records by stream, and the figures that follow."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        super().__init__(clickhouse)
        self.clickhouse = clickhouse
        self.last = ""
        self._figures: dict[tuple[Any, ...], list[Figure]] = {}

    def land(self) -> None:
        """Puts everything told so far into ClickHouse."""
        super().land()
        self._figures.clear()

    def lose(self, place: int) -> Record:
        """Takes out a record that was told and not landed yet."""
        return self._pending.pop(place)

    def find(self, record: Record) -> None:
        """Tells a lost record after all."""
        self._pending.append(record)

    def forget(self) -> None:
        """Asks for every figure anew."""
        self._figures.clear()

    def unit(self, **fields: Any) -> str:
        """A unit of its own."""
        code = fresh("U")
        self.tell(f"business-unit:{code}", "registered", "2019-01-01", **{"parent": None, "country": None, **fields})
        return code

    def person(self, unit: str, on: str = "2020-01-01", **fields: Any) -> str:
        """A person's pseudonym."""
        number = int(fresh("")) + 2
        person = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(number >> 5 * place) % 32] for place in range(20))
        self.tell(f"person:{person}", "joined", on, unit=unit, **{"country": None, "role": "PM", **fields})
        return person

    def figures(self, kpi: str, as_of: str = "2026-06-30", by: str = "unit", **scope: Any) -> list[Figure]:
        """The KPI's figures."""
        if self._pending:
            self.land()
        key = (kpi, as_of, by, *sorted(scope.items()))
        if key not in self._figures:
            self._figures[key] = figures.measure(self.clickhouse, kpis.find_kpi(kpi), scope_of(as_of, **scope), by)
        return self._figures[key]

    def figure(
        self, kpi: str, unit: str, as_of: str = "2026-06-30", standing: str = "governed", **scope: Any
    ) -> Figure:
        """The figure of one unit."""
        found = [f for f in self.figures(kpi, as_of, **scope) if f.by == unit and f.standing == standing]
        return found[0] if found else NO_FIGURE

    def shown(self, kpi: str, unit: str, as_of: str = "2026-06-30", standing: str = "governed", **scope: Any) -> Shown:
        """Numerator, denominator and what is left out."""
        figure = self.figure(kpi, unit, as_of, standing, **scope)
        return int(figure.numerator), int(figure.denominator), dict(figure.left_out)

    def rows(self, kpi: str, unit: str, as_of: str = "2026-06-30", **scope: Any) -> list[dict[str, Any]]:
        """The KPI's rows of one unit."""
        if self._pending:
            self.land()
        found = figures.rows(self.clickhouse, kpis.find_kpi(kpi), scope_of(as_of, **scope))
        return [row for row in found if row["unit"] == unit]


def scope_of(
    as_of: str,
    known_at: str | None = None,
    basis: Basis = "recorded",
    unit: str | None = None,
    period: tuple[str, str] | None = None,
) -> Scope:
    """A question, its days written out; known at a day's last minute."""
    return Scope(
        dt.date.fromisoformat(as_of),
        ZONE,
        known_at=day(f"{known_at} 23:59") if known_at else None,
        basis=basis,
        unit=unit,
        period_from=dt.date.fromisoformat(period[0]) if period else None,
        period_to=dt.date.fromisoformat(period[1]) if period else None,
    )


@contextmanager
def kpi_world(folder: Path) -> Iterator[KpiWorld]:
    """A world in a new ClickHouse."""
    with opened(folder) as clickhouse:
        yield KpiWorld(clickhouse)
