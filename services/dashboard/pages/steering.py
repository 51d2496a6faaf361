"""The steering pack: the reports that were issued, each reproducible by its digest, and the pack as it would be now."""

from datetime import datetime

from services.dashboard.pages.common import kinds_of_queries
from services.dashboard.panels import Ask, Fact, House, Page, Panel, Shown, simple
from services.dashboard.question import Question
from services.projections.queries import ask as asked_for
from services.reports.pack import Column, Table, row

KINDS = frozenset({"report"}) | kinds_of_queries("reports_issued")


def page(_: House) -> Page:
    """What steering committees were given."""
    return Page("/steering", "Steering pack", "What committees were given, and what they would be given now.", _panels)


def _panels(_: Question) -> tuple[Panel, ...]:
    return (
        simple("present", "The pack as of these two times", _present, frozenset(), key="present"),
        simple("issued", "Issued reports", _issued, KINDS,
               hint="'pmo report verify ID' computes one again: the same digest, or which figures are others."),
    )  # fmt: skip


def _present(ask: Ask) -> Shown:
    scope = ask.scope
    facts = (
        Fact("as of", scope.as_of.isoformat()),
        Fact("as known", f"{scope.known_at.astimezone(scope.zone):%Y-%m-%d %H:%M}" if scope.known_at else "now"),
        Fact("of", scope.unit or "the whole portfolio"),
        Fact("in", scope.currency),
    )
    note = (
        "One file with all that a steering committee looks at, frozen at both times. It is gathered when you open it, "
        "which takes some seconds; to give it to somebody and have that recorded, run 'pmo report -o report.html'."
    )
    return Shown(facts=facts, note=note, more={"pack": True})


def _issued(ask: Ask) -> Shown:
    found = [each for each in asked_for(ask.clickhouse, "reports_issued", ask.scope)
             if ask.scope.unit in (None, each["unit"])]  # fmt: skip
    zone = ask.scope.zone
    rows = tuple(
        {
            **row(each, "report", "title", "audience", "unit", "as_of", "digest"),
            "known_at": f"{datetime.fromisoformat(each['known_at']).astimezone(zone):%Y-%m-%d %H:%M}",
            "issued_at": f"{each['issued_at']:%Y-%m-%d %H:%M}",
        }
        for each in found
    )
    columns = (Column("report", "Report"), Column("title", "Title"), Column("audience", "For"), Column("unit", "Unit"),
               Column("as_of", "As of", "day"), Column("known_at", "Known at"), Column("issued_at", "Issued, UTC"),
               Column("digest", "Digest of its figures"))  # fmt: skip
    empty = "None was issued; 'pmo report -o report.html' issues one."
    return Shown(tables=(Table("issued", "Issued reports", columns, ("report",), rows, empty),))
