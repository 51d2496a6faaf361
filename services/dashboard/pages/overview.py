"""Overview: how we are doing, in the six families that everybody asks for, and what was recorded last."""

from datetime import UTC

from services.dashboard.pages.kpis import tile_panel
from services.dashboard.panels import Ask, House, Page, Panel, Shown, simple
from services.dashboard.question import Question, today
from services.projections.figures import named
from services.projections.kpi import listed
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
_PLACES = ("delivery", "budget", "resources", "improvement", "success", "satisfaction")
"""How they stand on the page: those of about one height side by side."""
_SMALL = ("success", "satisfaction")
_LATEST = 8


def page(house: House) -> Page:
    """The overview."""
    known = listed(house.kpis)

    def panels(question: Question) -> tuple[Panel, ...]:
        heads = [known[name] for name in HEADLINES if name in known]
        return (
            tile_panel("headlines", "Headlines", heads, house, question, large=True),
            *(
                tile_panel(
                    name,
                    FAMILIES[name],
                    [k for k in known.values() if k.family == name],
                    house,
                    question,
                    "third" if name in _SMALL else "half",
                )
                for name in _PLACES
            ),  # fmt: skip
            simple(
                "latest", "Just recorded", _latest, None, size="third", first=True, hint="The last events, of whatever."
            ),
        )

    return Page(
        "/", "Overview", "How we are doing, in the six families that every steering committee asks for.", panels
    )


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
            "today": today(ask.house.settings).isoformat(),
        }
        for row, actor in zip(found, actors, strict=True)
    )
    columns = (Column("recorded", "Recorded"), Column("subject", "About", "stream"), Column("event", "What happened"),
               Column("occurred", "On", "day"), Column("actor", "Recorded by"))  # fmt: skip
    return Shown(tables=(Table("latest", "The last events", columns, ("recorded", "subject"), rows),),
                 more={"feed": True})  # fmt: skip
