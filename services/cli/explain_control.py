"""What ``pmo explain`` says of a control: its result, its words, its occasions, and the events behind each."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.audit import definitions, explained, share_text
from services.cli.explain import EVENT_COLUMNS, event_cells
from services.cli.output import Column
from services.cli.rules import COUNTS
from services.cli.scope import scope_data, scope_text

if TYPE_CHECKING:
    from services.audit.explain import Case, Explanation
    from services.audit.run import Score
    from services.projections.scope import Scope

_COUNTS = ("compliance", "activated", "satisfied", "violated", "cured_late", "no_evidence", "incomplete")
_CSV = (
    "unit", "subject", "label", "standing", "result", "activating", "since", "due", "cured_at", "detail",
    "event", "type", "occurred_at", "recorded_at", "actor", "authenticated",
)  # fmt: skip


def print_explanation(found: "Explanation", scope: "Scope", *, as_json: bool, as_csv: bool) -> None:
    """Prints a control's explanation as it is asked for."""
    control = found.control
    if as_json:
        told = {"id": control.id, **definitions([control])[control.id], "definition": control.text}
        output.as_json(
            {
                "scope": scope_data(scope),
                "control": {**told, "rule": _rule(found), "settings": dict(found.settings)},
                "scores": [_score(score) for score in found.scores],
                "occasions": [
                    {**asdict(case.occasion), "events": [asdict(event) for event in case.events]}
                    for case in found.cases
                ],
            }
        )
    elif as_csv:
        output.as_csv(_CSV, (line for case in found.cases for line in _flat(case)))
    else:
        _show(found, scope)


def _rule(found: "Explanation") -> dict[str, Any]:
    return found.rule.model_dump(mode="json", exclude_defaults=True)


def _score(score: "Score") -> dict[str, Any]:
    return {"standing": score.standing, **{name: getattr(score, name) for name in _COUNTS}}


def _flat(case: "Case") -> Iterator[dict[str, Any]]:
    for event in case.events or (None,):
        yield {**asdict(case.occasion), **(asdict(event) if event else {})}


def _show(found: "Explanation", scope: "Scope") -> None:
    control = found.control
    rows = [{**_score(score), "share": share_text(score.compliance)} for score in found.scores]
    columns = [
        Column("standing", "standing"),
        Column("follows", "share", number=True),
        *COUNTS,
        *([Column("with a gap", "incomplete", number=True)] if any(row["incomplete"] for row in rows) else []),
    ]
    notes = [*explained(control), f"Rule: {output.text(_rule(found))}"]
    notes += [
        f"{setting} is set: {place} is {output.text(found.settings[setting])}."
        for place, setting in control.settings.items()
        if setting in found.settings
    ]
    notes.append(f"Digest: {control.digest}")
    nothing = [] if rows else ["No data: nothing made an occasion for this control."]
    output.table(f"{control.title}, {scope_text(scope)}", columns, rows, [*nothing, *notes])
    if not found.cases:
        return
    click.echo()
    more = found.of - len(found.cases)
    output.table(
        f"What it rests on, {output.counted(found.of, 'occasion')}",
        [
            Column("unit", "unit"),
            Column("subject, and event", "subject", identifier=True),
            Column("name, and type", "label"),
            Column("result", "result"),
            Column("since", "since"),
            Column("due", "due"),
            Column("detail", "detail"),
            *EVENT_COLUMNS,
        ],
        [line for case in found.cases for line in _lines(case, scope)],
        [f"{output.counted(more, 'occasion')} more; --all shows them."] if more else [],
    )


def _lines(case: "Case", scope: "Scope") -> Iterator[dict[str, Any]]:
    occasion = case.occasion
    yield {**asdict(occasion), "since": occasion.since.astimezone(scope.zone).date()}
    for event in case.events:
        activates = " (activates)" if event.event == occasion.activating else ""
        yield {**event_cells(event, scope), "label": f"  {event.type}{activates}"}
