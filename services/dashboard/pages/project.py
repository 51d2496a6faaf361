"""One project: its head, baselines, earned value, milestones, and its timeline of who recorded what when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.dashboard.pages.common import kinds_of_queries, moments, note_ids, people
from services.dashboard.panels import ALWAYS, Ask, Fact, House, Page, Panel, Part, Shown, Values
from services.dashboard.question import Question
from services.errors import NotFound
from services.projections.figures import named
from services.projections.queries import ask as asked_for
from services.projections.timeline import events_of, notes
from services.reports.pack import Column, Table, row
from services.shown import money, percent

_KINDS = kinds_of_queries("portfolio", "project_baselines", "project_earned", "project_milestones") | {"project"}
_POINTS = 14
_MOST = 400


def page(_: House, code: str) -> Page:
    """A project's page."""
    code = code.upper()
    stream = f"project:{code}"

    def panels(_: Question) -> tuple[Panel, ...]:
        head = Part(f"project:{code}", lambda ask: _project(ask, code), _KINDS)
        earned = Part(f"earned:{code}", lambda ask: _earned(ask, stream), _KINDS)
        line = Part(f"timeline:{code}", lambda ask: _timeline(ask, stream), frozenset({"project"}) | ALWAYS)
        plans = Part(f"plans:{code}", lambda ask: _plans(ask, stream), _KINDS)
        return (
            Panel("head", "In short", (head,), _head, heading=False),
            Panel("earned", "Earned value", (earned,), _the_chart(earned),
                  hint="Planned by the baseline in force; earned and spent at each report's data date."),
            Panel("baselines", "Baselines", (plans,), lambda v: Shown(tables=(v[plans.key][0],)), "half"),
            Panel("milestones", "Milestones", (plans,), lambda v: Shown(tables=(v[plans.key][1],)), "half"),
            Panel("timeline", "Timeline", (line,), lambda v: _shown(v[line.key]),
                  hint="Every event, the latest first: what happened when, and who recorded it when."),
        )  # fmt: skip

    return Page(f"/project/{code}", f"Project {code}", "Decisions, baselines, reports: who recorded what, and when.",
                panels)  # fmt: skip


def _project(ask: Ask, code: str) -> tuple[Mapping[str, Any], str]:
    scope = replace(ask.scope, unit=None)
    found = [each for each in asked_for(ask.clickhouse, "portfolio", scope) if each["project"] == code]
    if not found:
        raise NotFound(f"There is no project {code} at that time; choose a later day, or see all projects.")
    return found[0], named(ask.clickhouse, [str(found[0]["manager"])])[0]


def _head(values: Values) -> Shown:
    [(found, manager)] = values.values()
    slip, rag = found["slip"], str(found["rag"])
    budget = found["budget"]
    facts = [
        Fact("status", str(found["status"]), hint=str(found["standing"])),
        Fact("unit", str(found["unit"])),
        Fact("manager", manager or "nobody is named"),
        Fact("reported", rag or "no colour", {"green": "good", "amber": "warn", "red": "bad"}.get(rag, "")),
        Fact("complete", "no report" if found["percent"] is None else percent(found["percent"])),
        Fact("slip against the first baseline", "unknown" if slip is None else f"{slip:+,} days" if slip else "none",
             "" if slip is None else "warn" if slip > 0 else "good"),
        Fact("ends", str(found["ends"] or "unknown")),
        Fact("budget", money(budget, str(found["currency"])) if budget is not None else "none"),
    ]  # fmt: skip
    return Shown(facts=tuple(facts), more={"name": str(found["name"])})


def _plans(ask: Ask, stream: str) -> tuple[Table, Table]:
    scope = replace(ask.scope, unit=None)
    plans = asked_for(ask.clickhouse, "project_baselines", scope, {"stream": stream})
    fields = ("number", "set_on", "start", "finish", "budget", "currency")
    columns = (Column("number", "No"), Column("set_on", "Set", "day"), Column("start", "Start", "day"),
               Column("finish", "Finish", "day"), Column("budget", "Budget", "money"),
               Column("currency", "Currency"))  # fmt: skip
    first = Table("baselines", "Baselines", columns, ("number",), tuple(row(each, *fields) for each in plans))
    stones = asked_for(ask.clickhouse, "project_milestones", scope, {"stream": stream})
    names = ("milestone", "name", "baseline", "due", "reached", "slip", "moves")
    heads = (Column("milestone", "Milestone"), Column("name", "Name"), Column("baseline", "Baseline", "day"),
             Column("due", "Now due", "day"), Column("reached", "Reached", "day"), Column("slip", "Slip, days", "slip"),
             Column("moves", "Moved", "count"))  # fmt: skip
    second = Table("milestones", "Milestones", heads, ("milestone",), tuple(row(each, *names) for each in stones))
    return people(ask, (first, second))  # type: ignore[return-value]


def _earned(ask: Ask, stream: str) -> Shown:
    scope = replace(ask.scope, unit=None)
    plans = asked_for(ask.clickhouse, "project_baselines", scope, {"stream": stream})
    if not plans:
        return Shown(note="No baseline was set, so nothing is planned that could be earned.")
    plan = plans[-1]
    days = _report_days(ask, stream)
    earned: dict[str, Mapping[str, Any]] = {}
    for day in days:
        at = replace(scope, as_of=min(day, scope.as_of))
        for each in asked_for(ask.clickhouse, "project_earned", at, {"stream": stream}):
            if not each["problem"]:
                earned[str(each["data_date"])] = each
    points = sorted(earned)
    rows = tuple(
        row(
            {
                "data_date": day,
                **{name: Decimal(earned[day][name]) for name in ("pv", "ev", "ac")},
                "percent": earned[day]["percent"],
            }
        )
        for day in points
    )
    columns = (Column("data_date", "Data date", "day"), Column("percent", "Complete", "share"),
               Column("pv", "Planned value", "money"), Column("ev", "Earned value", "money"),
               Column("ac", "Actual cost", "money"))  # fmt: skip
    chart = {
        "kind": "lines", "unit": str(plan["currency"]), "time": True, "label": "Planned and earned value, actual cost",
        "series": [
            {"name": f"Planned, baseline {plan['number']}", "dashed": True,
             "points": [[str(day), float(value)] for day, value in plan["curve"]]},
            {"name": "Earned", "area": True, "points": [[day, float(earned[day]["ev"])] for day in points]},
            {"name": "Actual cost", "points": [[day, float(earned[day]["ac"])] for day in points]},
        ],
        "marks": [{"at": str(each["set_on"]), "label": f"baseline {each['number']}"} for each in plans[1:]]
        + [{"at": scope.as_of.isoformat(), "label": "as of"}],
    }  # fmt: skip
    note = f"Money in {plan['currency']}."
    return Shown(chart=chart, tables=(Table("earned", "Earned value", columns, ("data_date",), rows),), note=note)


def _report_days(ask: Ask, stream: str) -> list[date]:
    """The days on which it was reported on, at most so many of them, the last one always."""
    scope = replace(ask.scope, unit=None)
    found = sorted(
        {
            each["occurred_at"].date()
            for each in events_of(ask.clickhouse, scope, stream)
            if not each["dead"] and str(each["type"]).startswith("pmo.project.progress-reported.")
        }
    )
    step = max(1, -(-len(found) // _POINTS))
    return found[::-1][::step][::-1]


def _the_chart(part: Part) -> Any:
    def show(values: Values) -> Shown:
        shown = values[part.key]
        assert isinstance(shown, Shown)
        return shown

    return show


def _timeline(ask: Ask, stream: str) -> Any:
    rows = events_of(ask.clickhouse, ask.scope, stream)[::-1]
    return moments(ask, rows[:_MOST], notes(ask.clickhouse, note_ids(rows[:_MOST]))), len(rows)


def _shown(found: Any) -> Shown:
    told, of = found
    note = f"The last {len(told):,} of {of:,} events; 'pmo history' prints all." if of > len(told) else ""
    columns = (Column("occurred", "Happened"), Column("title", "What"), Column("recorded", "Recorded"),
               Column("by", "By"), Column("mark", "Mark"), Column("event", "Event", "stream"))  # fmt: skip
    rows = tuple({name: getattr(each, name) for name in ("occurred", "title", "recorded", "by", "mark", "event")}
                 for each in told)  # fmt: skip
    return Shown(timeline=told, tables=(Table("events", "Events", columns, ("event",), rows),), note=note)
