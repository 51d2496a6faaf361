"""``pmo audit``: whether units follow the process, as a score for each control or occasion by occasion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.ask import NO_DATA
from services.cli.names import complete_control, unknown_control
from services.cli.output import Column
from services.cli.scope import scope_data, scope_of, scope_options, scope_text
from services.errors import NotFound
from services.settings import Settings

if TYPE_CHECKING:
    from services.audit.run import Occasion, Score
    from services.projections.checking import Control
    from services.projections.scope import Scope

_COUNTS = ("satisfied", "violated", "cured_late", "no_evidence")
_SCORE_CSV = ("control", "number", "version", "unit", "standing", "compliance", *_COUNTS, "incomplete")
_FINDING_CSV = (
    "control",
    "unit",
    "subject",
    "label",
    "standing",
    "result",
    "activating",
    "since",
    "due",
    "cured_at",
    "evidence",
    "detail",
    "incomplete",
)
_FINDING_COLUMNS = (
    Column("unit", "unit"),
    Column("subject", "subject", identifier=True),
    Column("name", "label"),
    Column("result", "result"),
    Column("since", "since_day"),
    Column("due", "due"),
    Column("detail", "detail"),
)


@click.command(
    epilog="""\b
Example:
  pmo audit
  pmo audit 1 --unit OPS --as-of 2026-06-30 --findings"""
)
@click.argument("control", required=False, shell_complete=complete_control)
@click.option("--by", type=click.Choice(("unit", "portfolio")), help="One score for each of these.")
@click.option("--findings", is_flag=True, help="List what was violated, or cured only late.")
@scope_options
@output.format_options
def audit(
    control: str | None,
    by: str | None,
    findings: bool,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Whether units follow the process: for each control, how its occasions went.

    CONTROL is an id or number; without it all controls are scored for the portfolio. Where only a source's states are
    known, there is no evidence, which is neither a pass nor a finding.
    """
    from services.audit import run
    from services.projections.checking import load_controls
    from services.runtime import open_reader

    wanted = [_control(control)] if control else list(load_controls().values())
    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    occasions: list[Occasion] = []
    scores: list[Score] = []
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        for each in wanted:
            if findings:
                occasions += run.check(clickhouse, each, scope, run.EXCEPTIONS)
            else:
                scores += run.scorecard(clickhouse, each, scope)
    controls = {each.id: each for each in wanted}
    if findings:
        _show_findings(controls, scope, occasions, as_json, as_csv)
        return
    by_unit = (by or ("unit" if control else "portfolio")) == "unit"
    shown = scores if by_unit else list(_summed(scores))
    rows = [_score_row(controls[score.control], score) for score in shown]
    if as_json:
        output.as_json({"scope": scope_data(scope), "controls": _definitions(wanted), "scores": rows})
    elif as_csv:
        output.as_csv(_SCORE_CSV, rows)
    else:
        _show_scores(wanted, rows, scope, by_unit=by_unit)


def _control(wanted: str) -> "Control":
    from services.projections.checking import find_control

    try:
        return find_control(wanted)
    except NotFound:
        raise unknown_control(wanted) from None


def _summed(scores: Iterable["Score"]) -> Iterable["Score"]:
    """The scores of all units together, for each control and standing."""
    total: dict[tuple[str, str], Score] = {}
    for score in scores:
        key = (score.control, score.standing)
        if key in total:
            counts = {name: getattr(total[key], name) + getattr(score, name) for name in (*_COUNTS, "incomplete")}
            total[key] = replace(total[key], **counts)
        else:
            total[key] = replace(score, unit="portfolio")
    return total.values()


def _score_row(control: "Control", score: "Score") -> dict[str, Any]:
    counts = {name: getattr(score, name) for name in (*_COUNTS, "incomplete")}
    return {
        "control": control.id,
        "number": control.number,
        "version": control.version,
        "unit": score.unit,
        "standing": score.standing,
        "compliance": score.compliance,
        **counts,
    }


def _show_scores(
    wanted: Sequence["Control"], rows: Sequence[Mapping[str, Any]], scope: "Scope", *, by_unit: bool
) -> None:
    titles = {each.id: each.title for each in wanted}
    shown: list[Mapping[str, Any]] = [
        {
            **row,
            "title": titles[row["control"]],
            "share": NO_DATA if row["compliance"] is None else output.percent(row["compliance"]),
        }
        for row in rows
    ]
    scored = {row["control"] for row in rows}
    shown += [
        {"number": each.number, "title": each.title, "unit": "all", "share": NO_DATA}
        for each in wanted
        if each.id not in scored
    ]
    alone = len(wanted) == 1
    columns = [
        *([] if alone else [Column("no", "number", number=True), Column("control", "title")]),
        *([Column("unit", "unit")] if by_unit else []),
        Column("standing", "standing"),
        Column("follows", "share", number=True),
        Column("satisfied", "satisfied", number=True),
        Column("violated", "violated", number=True),
        Column("cured late", "cured_late", number=True),
        Column("no evidence", "no_evidence", number=True),
    ]
    if any(row["incomplete"] for row in rows):
        columns.append(Column("with a gap", "incomplete", number=True))
    title = wanted[0].title if alone else "Controls"
    notes = (
        _explained(wanted[0]) if alone else ["", "'pmo audit NUMBER' shows one by unit; --findings lists each case."]
    )
    output.table(f"{title}, {scope_text(scope)}", columns, shown, notes)


def _show_findings(
    controls: Mapping[str, "Control"],
    scope: "Scope",
    occasions: Sequence["Occasion"],
    as_json: bool,
    as_csv: bool,
) -> None:
    rows = [asdict(occasion) for occasion in occasions]
    if as_json:
        output.as_json({"scope": scope_data(scope), "controls": _definitions(controls.values()), "findings": rows})
        return
    if as_csv:
        output.as_csv(_FINDING_CSV, rows)
        return
    alone = len(controls) == 1
    shown = [
        {**row, "number": controls[row["control"]].number, "since_day": row["since"].astimezone(scope.zone).date()}
        for row in rows
    ]
    columns = [*([] if alone else [Column("no", "number", number=True)]), *_FINDING_COLUMNS]
    title = next(iter(controls.values())).title if alone else "Findings"
    notes = (
        [line for control in controls.values() for line in _explained(control)]
        if alone
        else [
            "",
            *(f"{control.number}: {control.title} ({control.severity})" for control in controls.values()),
        ]
    )
    output.table(f"{title}, {output.counted(len(rows), 'finding')}, {scope_text(scope)}", columns, shown, notes)


def _explained(control: "Control") -> list[str]:
    who = f"severity {control.severity}, owner {control.owner}, since {control.since}"
    return ["", f"Control {control.number}, {control.id}, version {control.version}, {who}.", f"Why: {control.why}"]


def _definitions(controls: Iterable["Control"]) -> dict[str, Any]:
    names = ("number", "title", "why", "severity", "owner", "since", "version", "template")
    return {control.id: {name: getattr(control, name) for name in names} for control in controls}
