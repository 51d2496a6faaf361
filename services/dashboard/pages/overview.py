"""Overview: how we are doing, in the six families that everybody asks for, and what was recorded last."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from services.dashboard.pages import kpis as tiles
from services.dashboard.panels import Ask, House, Page, Panel, Shown, simple
from services.dashboard.question import Question
from services.projections.figures import named
from services.projections.kpi import Kpi, listed
from services.projections.timeline import latest
from services.reports.pack import Column, Table

HEADLINES = ("on-time", "on-budget", "utilization", "success", "csat", "adoption")
"""One KPI of each family."""
FAMILIES = {
    "delivery": "Delivery",
    "budget": "Budget",
    "resources": "Utilization",
    "success": "Success",
    "satisfaction": "Satisfaction",
    "improvement": "Improvement",
}
_LATEST = 8


def page(house: House) -> Page:
    """The overview."""
    known = listed(house.kpis)

    def panels(question: Question) -> tuple[Panel, ...]:
        heads = [known[name] for name in HEADLINES if name in known]
        return (
            _tiles("headlines", "Headlines", heads, house, question, large=True),
            *(
                _tiles(family, title, [kpi for kpi in known.values() if kpi.family == family], house, question)
                for family, title in FAMILIES.items()
            ),
            simple("latest", "Just recorded", _latest, None, hint="The last events, whatever they are about."),
        )

    return Page(
        "/", "Overview", "How we are doing, in the six families that every steering committee asks for.", panels
    )


def _tiles(name: str, title: str, wanted: list[Kpi], house: House, question: Question, *, large: bool = False) -> Panel:
    def show(values: Mapping[str, Any]) -> Shown:
        made = [tiles.tile(kpi, values, house.cited, question.versus, large) for kpi in wanted]
        return Shown(tiles=tuple(each for each in made if each is not None), more={"all": len(wanted)})

    return Panel(name, title, tiles.parts(wanted, question.versus), show, "full" if large else "half",
                 heading=not large)  # fmt: skip


def _latest(ask: Ask) -> Shown:
    found = latest(ask.clickhouse, ask.scope, _LATEST)
    actors = named(ask.clickhouse, [str(row["actor"]).removeprefix("person:") for row in found])
    rows = tuple(
        {
            "subject": str(row["stream"]),
            "event": str(row["type"]).split(".", 2)[-1].rpartition(".v")[0].replace("-", " "),
            "recorded": row["recorded_at"].replace(tzinfo=UTC).astimezone(ask.scope.zone).strftime("%Y-%m-%d %H:%M:%S"),
            "occurred": row["occurred_at"].replace(tzinfo=UTC).astimezone(ask.scope.zone).strftime("%Y-%m-%d"),
            "actor": actor,
        }
        for row, actor in zip(found, actors, strict=True)
    )
    columns = (Column("recorded", "Recorded"), Column("subject", "About", "stream"), Column("event", "What happened"),
               Column("occurred", "On", "day"), Column("actor", "Recorded by"))  # fmt: skip
    return Shown(tables=(Table("latest", "The last events", columns, ("recorded", "subject"), rows),))
