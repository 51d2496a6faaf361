"""``pmo audit``: whether units follow the process, as a score for each control or occasion by occasion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.names import complete_control
from services.cli.output import Column
from services.cli.rules import COUNTS, rules_now, rules_option, rules_then
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.settings import Settings
from services.shown import NO_DATA

if TYPE_CHECKING:
    from services.audit.run import Occasion, Score
    from services.projections.checking import Control
    from services.projections.scope import Scope

_SEVERITIES = ("critical", "high", "medium", "low")
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
FINDING_COLUMNS = (
    Column("unit", "unit"),
    Column("subject", "subject", identifier=True),
    Column("name", "label"),
    Column("result", "result"),
    Column("since", "since_day"),
    Column("due", "due"),
    Column("detail", "detail"),
)


@click.command(
    "show",
    epilog="""\b
Example:
  pmo audit
  pmo audit 1 --unit OPS --as-of 2026-06-30 --findings""",
)
@click.argument("control", required=False, shell_complete=complete_control)
@click.option("--by", type=click.Choice(("unit", "portfolio", "severity")), help="One score for each of these.")
@click.option("--findings", is_flag=True, help="List what was violated, or cured only late.")
@rules_option
@scope_options
@output.format_options
def show(
    control: str | None,
    by: str | None,
    findings: bool,
    rules_of: str,
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
    from services.runtime import open_reader

    settings = Settings.load()
    now = rules_now(settings, control) if rules_of == "now" else []
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    occasions: list[Occasion] = []
    scores: list[Score] = []
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        wanted = now or rules_then(clickhouse, scope, control)
        if findings:
            found = run.checks(clickhouse, wanted, scope, run.EXCEPTIONS)
            occasions = [occasion for each in wanted for occasion in found[each.id]]
        else:
            scores = run.scorecards(clickhouse, wanted, scope)
    controls = {each.id: each for each in wanted}
    if findings:
        _show_findings(controls, scope, occasions, as_json, as_csv)
        return
    group = by or ("unit" if control else "portfolio")
    shown = _grouped(controls, scores, group)
    rows = [_score_row(controls.get(score.control), score, group) for score in shown]
    total = [_score_row(None, score, "total") for score in run.summed(scores, lambda _: "total", "total")]
    if as_json:
        told = {"scope": scope_data(scope), "controls": definitions(wanted), "scores": rows, "total": total}
        output.as_json(told)
    elif as_csv:
        output.as_csv(("severity", *_SCORE_CSV) if group == "severity" else _SCORE_CSV, rows)
    else:
        _show_scores(wanted, rows, total, scope, group)


def _grouped(controls: Mapping[str, "Control"], scores: "Sequence[Score]", group: str) -> "Sequence[Score]":
    from services.audit.run import summed

    if group == "unit":
        return scores
    if group == "portfolio":
        return summed(scores, lambda score: score.control, "portfolio")
    found = summed(scores, lambda score: controls[score.control].severity, "portfolio")
    return sorted(found, key=lambda score: (_SEVERITIES.index(score.control), score.standing))


def _score_row(control: "Control | None", score: "Score", group: str) -> dict[str, Any]:
    counts = {name: getattr(score, name) for name in (*_COUNTS, "incomplete")}
    return {
        **({"severity": score.control} if group == "severity" else {}),
        "control": control.id if control else None,
        "number": control.number if control else None,
        "version": control.version if control else None,
        "unit": score.unit,
        "standing": score.standing,
        "compliance": score.compliance,
        **counts,
    }


def _show_scores(
    wanted: Sequence["Control"],
    rows: Sequence[Mapping[str, Any]],
    total: Sequence[Mapping[str, Any]],
    scope: "Scope",
    group: str,
) -> None:
    titles = {each.id: each.title for each in wanted}
    by_severity = group == "severity"
    shown: list[Mapping[str, Any]] = [
        {**row, "title": titles.get(row["control"] or "", ""), "share": share_text(row["compliance"])} for row in rows
    ]
    scored = {row["control"] for row in rows}
    alone = len(wanted) == 1
    silent = [] if by_severity else [each for each in wanted if each.id not in scored]
    if alone and silent:
        shown.append({"title": silent[0].title, "unit": "all", "share": NO_DATA})
    shown += [
        {**row, "title": "Total", "severity": "total", "share": share_text(row["compliance"])}
        for row in total
        if len(rows) > 1
    ]
    named = [] if alone or by_severity else [Column("no", "number", number=True), Column("control", "title")]
    columns = [
        *([Column("severity", "severity")] if by_severity else named),
        *([Column("unit", "unit")] if group == "unit" else []),
        Column("standing", "standing"),
        Column("follows", "share", number=True),
        *COUNTS,
    ]
    if any(row["incomplete"] for row in rows):
        columns.append(Column("with a gap", "incomplete", number=True))
    title = wanted[0].title if alone else "Controls by severity" if by_severity else "Controls"
    never = ", ".join(str(each.number) for each in silent)
    notes = (
        explained(wanted[0])
        if alone
        else [
            *(["", f"Nothing activated {output.counted(len(silent), 'control')}: {never}."] if silent else []),
            "",
            "'pmo audit NUMBER' shows one by unit; --findings lists each case.",
        ]
    )
    output.table(f"{title}, {scope_text(scope)}", columns, shown, notes)


def share_text(compliance: Decimal | None) -> str:
    """The share of occasions that follow the process."""
    return NO_DATA if compliance is None else output.percent(compliance)


def _show_findings(
    controls: Mapping[str, "Control"],
    scope: "Scope",
    occasions: Sequence["Occasion"],
    as_json: bool,
    as_csv: bool,
) -> None:
    rows = [asdict(occasion) for occasion in occasions]
    if as_json:
        output.as_json({"scope": scope_data(scope), "controls": definitions(controls.values()), "findings": rows})
        return
    if as_csv:
        output.as_csv(_FINDING_CSV, rows)
        return
    alone = len(controls) == 1
    shown = [
        {**row, "number": controls[row["control"]].number, "since_day": row["since"].astimezone(scope.zone).date()}
        for row in rows
    ]
    columns = [*([] if alone else [Column("no", "number", number=True)]), *FINDING_COLUMNS]
    title = next(iter(controls.values())).title if alone else "Findings"
    notes = (
        [line for control in controls.values() for line in explained(control)]
        if alone
        else [
            "",
            *(f"{control.number}: {control.title} ({control.severity})" for control in controls.values()),
        ]
    )
    output.table(f"{title}, {output.counted(len(rows), 'finding')}, {scope_text(scope)}", columns, shown, notes)


def explained(control: "Control") -> list[str]:
    """What stands under a control's figures."""
    who = f"severity {control.severity}, owner {control.owner}, since {control.since}"
    return ["", f"Control {control.number}, {control.id}, version {control.version}, {who}.", f"Why: {control.why}"]


def definitions(controls: Iterable["Control"]) -> dict[str, Any]:
    """The controls' definitions for programs."""
    names = ("number", "title", "why", "severity", "owner", "since", "version", "template", "digest")
    return {control.id: {name: getattr(control, name) for name in names} for control in controls}
