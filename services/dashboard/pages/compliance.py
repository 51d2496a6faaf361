"""Compliance: units by controls; and one control with its occasions, the events behind them, and how it went."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from services.audit.explain import explain
from services.audit.run import Score, scorecard, summed, trend
from services.benchmarks.compare import months_before
from services.dashboard.board import Trouble
from services.dashboard.pages.common import traced
from services.dashboard.panels import ALWAYS, Ask, Evidence, Fact, House, Page, Panel, Part, Shown, Values
from services.dashboard.question import Question
from services.projections.checking import Control, compiled
from services.projections.figures import kinds_read
from services.projections.stretches import scope_at, stretches
from services.reports.pack import Column, Section, Table
from services.reports.sections import compliance
from services.shown import NO_DATA, percent

_FIRST = 30
_TONES = {"violated": "bad", "cured late": "warn", "satisfied": "good"}


def page(house: House) -> Page:
    """The matrix."""
    parts = tuple(_scores(control) for control in house.controls.values())

    def panels(_: Question) -> tuple[Panel, ...]:
        return (
            Panel("counts", "In short", parts, lambda v: _counts(v), heading=False),
            Panel("matrix", "Units by controls", parts, lambda v: _matrix(house, v),
                  hint="The share of occasions without violation; what was cured late counts as violated. Choose a "
                  "cell to see its occasions."),
            Panel("controls", "Controls, those most often violated first", parts, lambda v: _chart(house, v)),
        )  # fmt: skip

    return Page("/compliance", "Compliance", "Whether units follow the process, control by control.", panels)


def _scores(control: Control) -> Part:
    kinds = kinds_read(compiled(control).occasions()) | ALWAYS
    return Part(f"scores:{control.id}", lambda ask: tuple(scorecard(ask.clickhouse, control, ask.scope)), kinds)


def _there(values: Values) -> list[Score]:
    return [score for found in values.values() if isinstance(found, tuple) for score in found]


def _screen(house: House, values: Values) -> Section:
    known = {control.id: control for control in house.controls.values() if f"scores:{control.id}" in values}
    return compliance(_Known(known), _there(values))  # type: ignore[arg-type]


class _Known:
    """All that the screen's arrangement asks of the question."""

    def __init__(self, controls: Mapping[str, Control]) -> None:
        self.controls = controls


def _counts(values: Values) -> Shown:
    scores = _there(values)
    activated = sum(score.activated for score in scores)
    violated = sum(score.violated for score in scores)
    late = sum(score.cured_late for score in scores)
    failing = {score.control for score in scores if score.violated or score.cured_late}
    share = Decimal(sum(score.satisfied for score in scores)) / activated if activated else None
    waits = sum(1 for found in values.values() if found is None)
    return Shown(
        facts=(
            Fact("of all occasions followed", NO_DATA if share is None else percent(share)),
            Fact("occasions", f"{activated:,}"),
            Fact("violated", f"{violated:,}", "bad" if violated else "good"),
            Fact("cured late", f"{late:,}", "warn" if late else "good"),
            Fact("controls with exceptions", f"{len(failing):,}", "", "#controls", f"of {len(values):,}"),
        ),
        more={"waits": waits},
    )


def _matrix(house: House, values: Values) -> Shown:
    section = _screen(house, values)
    [table] = section.tables
    units = [column.field.removeprefix("unit:") for column in table.columns if column.field.startswith("unit:")]
    units = [unit for unit in units if any(found.get(f"unit:{unit}") for found in table.rows)]
    ids = {control.number: control.id for control in house.controls.values()}
    rows = []
    for found in table.rows:
        cells = [_cell(unit, str(found.get(f"unit:{unit}", ""))) for unit in units]
        share = found["compliance"]
        rows.append(
            {
                "id": ids[found["number"]], "number": found["number"], "title": found["control"],
                "severity": found["severity"], "activated": found["activated"], "cells": cells,
                "no_evidence": found["no_evidence"],
                "share": "" if share is None else percent(Decimal(share)),
                "level": _level(None if share is None else float(share)),
                "waits": values.get(f"scores:{ids[found['number']]}") is None,
            }
        )  # fmt: skip
    troubles = [found.problem for found in values.values() if isinstance(found, Trouble)]
    return Shown(tables=(table,), more={"matrix": {"units": [unit or "(none)" for unit in units], "rows": rows}},
                 note=" ".join(dict.fromkeys(troubles)))  # fmt: skip


def _cell(unit: str, text: str) -> dict[str, Any]:
    if not text:
        return {"unit": unit, "text": "", "level": "none", "share": ""}
    violated, _, activated = text.partition("/")
    share = 1 - int(violated) / int(activated)
    return {"unit": unit, "text": text, "level": _level(share), "share": f"{share * 100:.0f} %"}


def _level(share: float | None) -> str:
    """Which of the colours a share has."""
    if share is None:
        return "none"
    return next((name for least, name in ((1.0, "5"), (0.95, "4"), (0.85, "3"), (0.7, "2"), (0.4, "1"))
                 if share >= least), "0")  # fmt: skip


def _chart(house: House, values: Values) -> Shown:
    known = {control.id: control for control in house.controls.values()}
    total = {score.control: score for score in summed(_governed(values), lambda score: score.control, "")}
    worst = sorted(total.values(), key=lambda score: (score.compliance is None, score.compliance or 0))
    worst = [score for score in worst if score.activated][:20][::-1]
    counted = (("satisfied", "satisfied", "green"), ("cured_late", "cured late", "amber"),
               ("violated", "violated", "red"))  # fmt: skip
    series = [
        {"name": name, "tone": tone, "values": [round(100 * getattr(s, field) / s.activated, 1) for s in worst]}
        for field, name, tone in counted
    ]
    names = [f"{known[score.control].number} {known[score.control].title}" for score in worst]
    chart = {"kind": "bars", "stack": True, "horizontal": True, "categories": names, "series": series, "unit": "%",
             "max": 100, "label": "Controls by share of occasions",
             "links": [f"/control/{s.control}" for s in worst]}  # fmt: skip
    return Shown(chart=chart if worst else None, tables=(_score_table(list(total.values()), known),))


def _governed(values: Values) -> list[Score]:
    return [score for score in _there(values) if score.standing == "governed"]


def _score_table(scores: Sequence[Score], known: Mapping[str, Control] | None = None) -> Table:
    rows = tuple(
        {
            "control": score.control, "title": known[score.control].title if known else "", "unit": score.unit,
            "standing": score.standing, "share": "" if score.compliance is None else percent(score.compliance),
            "activated": score.activated, "satisfied": score.satisfied, "violated": score.violated,
            "cured_late": score.cured_late, "no_evidence": score.no_evidence,
        }
        for score in scores
    )  # fmt: skip
    first = (Column("control", "Control"), Column("title", "Title")) if known else (Column("unit", "Unit"),)
    columns = (*first, Column("standing", "Standing"), Column("share", "Follows"),
               Column("activated", "n", "count"), Column("satisfied", "Satisfied", "count"),
               Column("violated", "Violated", "count"), Column("cured_late", "Cured late", "count"),
               Column("no_evidence", "No evidence", "count"))  # fmt: skip
    return Table("scores", "Scores", columns, ("control" if known else "unit", "standing"), rows, "No data.")


def control_page(_: House, control: Control) -> Page:
    """One control."""
    kinds = kinds_read(compiled(control).occasions()) | ALWAYS
    own: Mapping[str, tuple[str, ...]] = {"subject": (), "left_out": ("", "yes"), "rows": ("", "all")}
    score = Part(f"scores:{control.id}:in", lambda ask: tuple(scorecard(ask.clickhouse, control, _period(ask).scope)),
                 kinds)  # fmt: skip
    went = Part(f"went:{control.id}", lambda ask: _went(ask, control), kinds, lasting=60.0)
    cases = Part(f"cases:{control.id}", lambda ask: _cases(ask, control), kinds, own=tuple(own))

    def panels(_: Question) -> tuple[Panel, ...]:
        return (
            Panel("counts", "In short", (score,), lambda v: _summary(control, v[score.key]), heading=False),
            Panel("units", "By unit", (score,), lambda v: _by_unit(v[score.key]), "half"),
            Panel("trend", "By quarter", (went,), lambda v: v[went.key], "half",
                  hint="A back-test: of the occasions that began in each quarter, how many followed as of its end."),
            Panel("cases", "Occasions, those that went against it first", (cases,), lambda v: v[cases.key],
                  hint="Each with the events that activated and decided it."),
        )  # fmt: skip

    return Page(f"/control/{control.id}", f"{control.number} {control.title}", control.why, panels, own,
                "filters_period.html")  # fmt: skip


def _period(ask: Ask) -> Ask:
    """A back-test is judged as of the period's last day."""
    last = ask.scope.period_to
    return replace(ask, scope=replace(ask.scope, as_of=last)) if last and ask.scope.period_from else ask


def _summary(control: Control, scores: Sequence[Score]) -> Shown:
    activated = sum(score.activated for score in scores)
    satisfied = sum(score.satisfied for score in scores)
    return Shown(
        facts=(
            Fact("follows", percent(Decimal(satisfied) / activated) if activated else NO_DATA),
            Fact("occasions", f"{activated:,}"),
            Fact("violated", f"{sum(s.violated for s in scores):,}", "bad" if any(s.violated for s in scores) else ""),
            Fact("cured late", f"{sum(s.cured_late for s in scores):,}"),
            Fact("no evidence", f"{sum(s.no_evidence for s in scores):,}"),
            Fact("severity", control.severity, hint=f"{control.id}, version {control.version}, {control.template}"),
        )
    )


def _by_unit(scores: Sequence[Score]) -> Shown:
    units = sorted({score.unit for score in scores})
    counted = (("satisfied", "satisfied", "green"), ("cured_late", "cured late", "amber"),
               ("violated", "violated", "red"), ("no_evidence", "no evidence", "muted"))  # fmt: skip
    series = [
        {"name": name, "tone": tone, "values": [sum(getattr(s, field) for s in scores if s.unit == u) for u in units]}
        for field, name, tone in counted
    ]
    chart = {"kind": "bars", "stack": True, "categories": [u or "(none)" for u in units], "series": series, "unit": "",
             "label": "Occasions by unit and result"}  # fmt: skip
    return Shown(chart=chart if units else None, tables=(_score_table(scores),))


def _went(ask: Ask, control: Control) -> Shown:
    last = ask.scope.period_to or ask.scope.as_of
    first = ask.scope.period_from or months_before(last + timedelta(days=1), 24)
    whole = replace(ask.scope, period_from=first, period_to=last)
    parts = stretches(whole, "quarter", 1)
    found = trend(ask.clickhouse, [control], [scope_at(whole, part, known_then=False) for part in parts])
    names = [f"{end.year} Q{(end.month + 2) // 3}" for _, end in parts]
    counted = (("satisfied", "satisfied", "green"), ("cured_late", "cured late", "amber"),
               ("violated", "violated", "red"))  # fmt: skip
    series = [
        {"name": name, "tone": tone, "values": [sum(getattr(s, field) for s in scores) for scores in found]}
        for field, name, tone in counted
    ]
    rows = tuple(
        {"quarter": name, "from": part[0].isoformat(), "to": part[1].isoformat(),
         **{field: sum(getattr(s, field) for s in scores) for field, _, _ in counted}}
        for name, part, scores in zip(names, parts, found, strict=True)
    )  # fmt: skip
    columns = (Column("quarter", "Quarter"), Column("from", "From", "day"), Column("to", "To", "day"),
               *(Column(field, name.capitalize(), "count") for field, name, _ in counted))  # fmt: skip
    chart = {"kind": "bars", "stack": True, "categories": names, "series": series, "unit": "",
             "label": "Occasions by quarter in which they began"}  # fmt: skip
    return Shown(chart=chart, tables=(Table("trend", "By quarter", columns, ("quarter",), rows),))


def _cases(ask: Ask, control: Control) -> Shown:
    asked = _period(ask)
    most = None if asked.question.get("rows") == "all" else _FIRST
    subject = asked.question.get("subject") or None
    left_out = asked.question.get("left_out") == "yes"
    found = explain(asked.clickhouse, control, asked.scope, subject, left_out, most)
    zone = asked.scope.zone
    evidence = tuple(
        Evidence(
            unit=case.occasion.unit,
            subject=case.occasion.subject,
            label=case.occasion.label,
            of=case.occasion.result,
            why=" · ".join(filter(None, (
                f"since {case.occasion.since.astimezone(zone):%Y-%m-%d}",
                f"due {case.occasion.due}" if case.occasion.due else "", case.occasion.detail))),
            tone=_TONES.get(case.occasion.result, ""),
            events=tuple(traced(trace, zone) for trace in case.events),
        )
        for case in found.cases
    )  # fmt: skip
    return Shown(evidence=evidence, tables=(evidence_table(evidence),), more={"of": found.of, "shown": len(evidence)})


def evidence_table(evidence: Sequence[Evidence]) -> Table:
    """Rows behind a figure, one line for each event."""
    rows = tuple(
        {
            "unit": each.unit, "subject": each.subject, "label": each.label, "of": each.of, "why": each.why,
            "event": event.event if event else "", "what": event.title if event else "",
            "occurred": event.occurred if event else "", "recorded": event.recorded if event else "",
            "by": event.by if event else "",
        }
        for each in evidence
        for event in each.events or (None,)
    )  # fmt: skip
    columns = (Column("unit", "Unit"), Column("subject", "Subject", "stream"), Column("label", "Name"),
               Column("of", "Of"), Column("why", "Why"), Column("event", "Event", "stream"), Column("what", "What"),
               Column("occurred", "Happened"), Column("recorded", "Recorded"), Column("by", "By"))  # fmt: skip
    return Table("rows", "Rows and their events", columns, ("subject", "event"), rows)
