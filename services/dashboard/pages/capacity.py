"""Capacity: the next twelve weeks as a heat map, by role, skill or unit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from services.dashboard.panels import ALWAYS, Ask, Fact, House, Page, Panel, Part, Shown, Values
from services.dashboard.question import Question
from services.errors import BadInput
from services.projections.capacity import BY, By, Load, loads
from services.reports.pack import Column, Table, row
from services.reports.sections import WEEKS
from services.shown import NO_DATA, percent

_KINDS = frozenset({"person", "workload", "demand", "timesheet", "project"}) | ALWAYS
_HOURS = ("net", "hard", "soft", "placeholders", "actual", "gap")
_TITLES = {"net": "Net supply", "hard": "Hard", "soft": "Soft", "placeholders": "Asked for", "actual": "Worked",
           "gap": "Left"}  # fmt: skip


def page(_: House) -> Page:
    """Who is free, who is booked and who is missing."""

    def panels(question: Question) -> tuple[Panel, ...]:
        by = question.get("by", "role")
        part = Part("capacity", _loads, _KINDS, own=("by",))
        found = [
            Panel("counts", "In short", (part,), lambda v: _counts(v, by), heading=False),
            Panel("heat", f"Load by {by} and week", (part,), lambda v: _heat(v, by),
                  hint="What is planned and asked for, of the net supply: contracted hours less holidays and absence."),
        ]  # fmt: skip
        if by != "skill":
            found.append(Panel("weeks", "Supply and demand by week", (part,), _weeks))
        return tuple(found)

    return Page("/capacity", "Capacity", f"Who is free, booked and missing in the {WEEKS} weeks from the as-of day.",
                panels, {"by": BY}, "filters_capacity.html")  # fmt: skip


def _loads(ask: Ask) -> tuple[Load, ...]:
    scope = ask.question.scope(ask.house.settings)
    first = scope.period_from or scope.as_of
    last = scope.period_to or first + timedelta(weeks=WEEKS)
    if last < first:
        raise BadInput("The period ends before it begins: swap from and to.")
    by = cast("By", ask.question.get("by", "role"))
    return tuple(loads(ask.clickhouse, replace(scope, period_from=first, period_to=last), by))


def _used(load: Load) -> float | None:
    asked = load.hard + load.soft + load.placeholders
    if load.net <= 0:
        return None if asked <= 0 else 999.0
    return round(float(asked / load.net * 100), 1)


def _counts(values: Values, by: str) -> Shown:
    found: tuple[Load, ...] = values["capacity"]
    short = [load for load in found if load.gap < 0]
    groups = {load.group for load in short}
    facts = [
        Fact(f"{by}s with a week too short", f"{len(groups):,}", "warn" if groups else "good", "#heat"),
        Fact("weeks too short", f"{len(short):,}", "warn" if short else "good", "#heat"),
        Fact("hours missing", f"{-sum((load.gap for load in short), Decimal(0)):,.0f}", "bad" if short else "good"),
    ]
    if by != "skill":
        net = sum((load.net for load in found), Decimal(0))
        asked = sum((load.hard + load.soft + load.placeholders for load in found), Decimal(0))
        facts.append(Fact("of the net supply asked for", percent(asked / net) if net else NO_DATA))
    return Shown(facts=tuple(facts))


def _heat(values: Values, by: str) -> Shown:
    found: tuple[Load, ...] = values["capacity"]
    weeks = sorted({load.start for load in found})
    groups = sorted({load.group for load in found})
    cells = [
        [weeks.index(load.start), groups.index(load.group), used, f"{load.gap:,.0f} h left"]
        for load in found
        if (used := _used(load)) is not None
    ]
    chart = {"kind": "heat", "x": [_week(week) for week in weeks], "y": groups, "cells": cells, "unit": "%",
             "label": f"Load by {by} and week, percent of net supply"}  # fmt: skip
    rows = tuple(
        row({"group": load.group, "start": load.start, **{name: round(getattr(load, name), 2) for name in _HOURS}})
        for load in found
    )
    columns = (Column("group", by.capitalize()), Column("start", "Week of", "day"),
               *(Column(name, f"{_TITLES[name]}, h", "number") for name in _HOURS))  # fmt: skip
    note = "A person counts under each of their skills, so these rows must not be added up." if by == "skill" else ""
    table = Table("loads", f"Hours by {by} and week", columns, ("group", "start"), rows,
                  "Nobody is here in this period, and nothing is planned.")  # fmt: skip
    return Shown(chart=chart if cells else None, tables=(table,), note=note)


def _weeks(values: Values) -> Shown:
    sums: dict[date, dict[str, Decimal]] = {}
    load: Load
    for load in values["capacity"]:
        held = sums.setdefault(load.start, dict.fromkeys(_HOURS, Decimal(0)))
        for name in _HOURS:
            held[name] += getattr(load, name)
    weeks = sorted(sums)
    series: list[Mapping[str, object]] = [
        {"name": _TITLES[name], "values": [round(float(sums[week][name]), 1) for week in weeks]}
        for name in ("hard", "soft", "placeholders")
    ]
    line = {"name": _TITLES["net"], "values": [round(float(sums[week]["net"]), 1) for week in weeks]}
    chart = {"kind": "bars", "stack": True, "categories": [_week(week) for week in weeks], "series": series,
             "lines": [line], "unit": "h",
             "label": "Hours planned and asked for, against net supply, by week"}  # fmt: skip
    columns = (Column("start", "Week of", "day"),
               *(Column(name, f"{_TITLES[name]}, h", "number") for name in _HOURS))  # fmt: skip
    rows = tuple(row({"start": week, **{n: round(v, 2) for n, v in sums[week].items()}}) for week in weeks)
    return Shown(chart=chart if weeks else None, tables=(Table("weeks", "Hours by week", columns, ("start",), rows),))


def _week(day: date) -> str:
    return f"{day:%d %b}"
