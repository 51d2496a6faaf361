"""Pipeline: open proposals in the order of their scores, the cut line, and what if the limits were otherwise."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.dashboard.pages.common import kinds_of_queries
from services.dashboard.panels import Ask, Fact, House, Page, Panel, Part, Shown, Values
from services.dashboard.question import Question
from services.portfolio.ranking import ORDER, Change, Limits, Place, Ranking, compared, limit, problems, proposals, rank
from services.projections.queries import check_unit
from services.reports.pack import Column, Table, row
from services.shown import counted, figure, money

_KINDS = kinds_of_queries("pipeline", "scoring_model")
_OWN: Mapping[str, tuple[str, ...]] = {
    "budget": (), "budget_then": (), "capacity": (), "capacity_then": (), "without": (),
}  # fmt: skip


def page(_: House) -> Page:
    """The ranking, and what if."""
    return Page("/pipeline", "Pipeline", "Which proposals fit, where the cut line stands, and what if it moved.",
                _panels, _OWN, "filters_pipeline.html")  # fmt: skip


def _panels(_: Question) -> tuple[Panel, ...]:
    part = Part("pipeline", _ranked, _KINDS, own=tuple(_OWN))
    return (
        Panel("counts", "In short", (part,), lambda v: _counts(*v["pipeline"]), heading=False),
        Panel("cut", "Cost down to each place", (part,), lambda v: _cut(*v["pipeline"])),
        Panel("change", "What if: against the base case", (part,), lambda v: _change(*v["pipeline"])),
        Panel("ranking", "Open proposals", (part,), _table, hint=f"Order: {ORDER}."),
    )


def _ranked(ask: Ask) -> tuple[Ranking, Ranking, Change | None, str]:
    said = ask.question.get
    check_unit(ask.clickhouse, ask.scope)
    money_said = limit([text for text in (said("budget"), said("budget_then")) if text], "budget")
    hours_said = limit([text for text in (said("capacity"), said("capacity_then")) if text], "capacity")
    without = frozenset(code.upper() for code in said("without").replace(",", " ").split())
    found, model = proposals(ask.clickhouse, ask.scope)
    base = rank(found, Limits(money_said[0], hours_said[0]), model.formula)
    case = rank(found, Limits(money_said[1], hours_said[1], without), model.formula)
    return base, case, compared(base, case) if case.limits != base.limits else None, ask.scope.currency


def _counts(base: Ranking, case: Ranking, change: Change | None, currency: str) -> Shown:
    taken = [place for place in case.places if place.within]
    spent = case.places[-1].spent if case.places else Decimal(0)
    used = case.places[-1].used if case.places else Decimal(0)
    return Shown(
        facts=(
            Fact("open proposals", f"{len(case.places):,}", "", "#ranking"),
            Fact("within", f"{len(taken):,}", "good" if taken else ""),
            Fact("cut", f"{len(case.places) - len(taken):,}", "warn" if len(case.places) > len(taken) else "good"),
            Fact("cost of those within", money(spent, currency), "", "", _limit_text(case, currency)),
            Fact("hours of those within", f"{figure(used)} h"),
        )
    )


def _limit_text(ranking: Ranking, currency: str) -> str:
    limits = ranking.limits
    return "no budget limit" if limits.budget is None else f"of a budget of {money(limits.budget, currency)}"


def _cut(base: Ranking, case: Ranking, change: Change | None, currency: str) -> Shown:
    places = case.places[:60]
    series = [
        {"name": "within", "tone": "green", "values": [_cost(p) if p.within else None for p in places]},
        {"name": "cut", "tone": "muted", "values": [None if p.within else _cost(p) for p in places]},
    ]
    lines = [{"name": "cost so far", "values": [float(p.spent) for p in places], "step": True}]
    chart = {"kind": "bars", "stack": True, "categories": [p.proposal.project for p in places], "series": series,
             "lines": lines, "unit": currency, "label": "Cost of each proposal by rank, and the sum of those taken",
             "links": [f"/project/{p.proposal.project}" for p in places],
             "aim": None if case.limits.budget is None else float(case.limits.budget)}  # fmt: skip
    return Shown(chart=chart if places else None, tables=(_ranking_table(case, currency),))


def _cost(place: Place) -> float | None:
    return None if place.proposal.cost is None else float(place.proposal.cost)


def _change(base: Ranking, case: Ranking, change: Change | None, currency: str) -> Shown:
    if change is None:
        return Shown(note="Give a base case and a change of it above, such as a budget of 2000000 and then -10%, or "
                     "name proposals to leave aside: what comes in and what falls out is shown here.")  # fmt: skip
    rows = [{"what": "comes in", "project": p.proposal.project, "name": p.proposal.name, "unit": p.proposal.unit,
             "cost": p.proposal.cost, "why": ""} for p in change.comes_in]  # fmt: skip
    rows += [{"what": "falls out", "project": p.proposal.project, "name": p.proposal.name, "unit": p.proposal.unit,
              "cost": p.proposal.cost, "why": why if why == "left aside" else f"cut by {why}"}
             for p, why in change.falls_out]  # fmt: skip
    columns = (Column("what", ""), Column("project", "Project"), Column("name", "Name"), Column("unit", "Unit"),
               Column("cost", f"Cost, {currency}", "money"), Column("why", "Why"))  # fmt: skip
    table = Table("change", "Against the base case", columns, ("project",), tuple(row(each) for each in rows),
                  "Nothing changes.")  # fmt: skip
    return Shown(tables=(table,), note=f"{counted(len(rows), 'proposal')} changed sides.")


def _table(values: Values) -> Shown:
    base, case, change, currency = values["pipeline"]
    notes = [f"Formula: {case.formula}.", *(str(problem) for problem in problems(case))]
    return Shown(tables=(_ranking_table(case, currency),), note=" ".join(notes), more={"cut_line": case.cut_line})


def _ranking_table(case: Ranking, currency: str) -> Table:
    names = ("project", "name", "unit", "status", "score", "model", "density", "cost", "hours")
    rows = []
    for place in case.places:
        told: dict[str, Any] = {name: getattr(place.proposal, name) for name in names}
        told |= {"rank": place.rank, "spent": place.spent, "used": place.used,
                 "result": "within" if place.within else f"cut: {place.cut_by}"}  # fmt: skip
        rows.append(row(told))
    columns = (Column("rank", "Rank", "count"), Column("result", ""), Column("project", "Project"),
               Column("name", "Name"), Column("unit", "Unit"), Column("status", "Status"),
               Column("score", "Score", "number"), Column("model", "Model"),
               Column("density", "Value per cost", "number"), Column("cost", f"Cost, {currency}", "money"),
               Column("hours", "Hours", "number"), Column("spent", "Cost so far", "money"),
               Column("used", "Hours so far", "number"))  # fmt: skip
    return Table("ranking", "Open proposals by rank", columns, ("project",), tuple(rows),
                 "There is no open proposal at these two times.")  # fmt: skip
