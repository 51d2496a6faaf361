"""``pmo audit trend`` and ``pmo audit backtest``: compliance over time, and what a rule would have found."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.audit import FINDING_COLUMNS, definitions, explained, share_text
from services.cli.names import complete_control
from services.cli.output import Column
from services.cli.rules import COUNTS, control_of, rules_now, rules_option, rules_then
from services.cli.scope import say_if_retired, scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput
from services.projections.stretches import EVERY, scope_at, stretches
from services.settings import Settings

if TYPE_CHECKING:
    from services.audit.run import Score
    from services.projections.checking import Control
    from services.projections.scope import Scope

_TREND_CSV = (
    "from", "to", "unit", "standing", "compliance", "activated", "satisfied", "violated", "cured_late", "no_evidence",
)  # fmt: skip
_SCORE = (
    Column("standing", "standing"),
    Column("follows", "share", number=True),
    *COUNTS,
)


@click.command(
    "trend",
    epilog="""\b
Example:
  pmo audit trend --from 2025-01-01 --to 2025-12-31 --every quarter
  pmo audit trend 4 --from 2025-01-01 --by unit""",
)
@click.argument("control", required=False, shell_complete=complete_control)
@click.option("--from", "first", metavar="DAY", required=True, help="First day.")
@click.option("--to", "last", metavar="DAY", help="Last day; by default the as-of day.")
@click.option("--every", type=click.Choice(EVERY), default="month", show_default=True, help="A share for each.")
@click.option(
    "--by", type=click.Choice(("portfolio", "unit")), default="portfolio", show_default=True, help="A share for each."
)
@scope_options
@output.format_options
def trend(
    control: str | None,
    first: str,
    last: str | None,
    every: str,
    by: str,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """How compliance went: of the occasions that began in each stretch, those without violation as of its end."""
    from services.audit import run
    from services.runtime import open_reader

    settings = Settings.load()
    wanted = rules_now(settings, control)
    whole = scope_of(settings, unit, as_of, known_at, known_basis, first, last)
    parts = stretches(whole, every, 1)
    rows: list[dict[str, Any]] = []
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        scopes = [scope_at(whole, stretch, known_then=False) for stretch in parts]
        say_if_retired(clickhouse, scopes[-1])
        points = run.trend(clickhouse, wanted, scopes)
    for stretch, found in zip(parts, points, strict=True):
        groups = run.summed(found, lambda score: score.unit if by == "unit" else "portfolio", "")
        rows += [
            _row(score.control, score, stretch)
            for score in sorted(groups, key=lambda score: (score.control, score.standing))
        ]
    if as_json:
        output.as_json({"scope": scope_data(whole), "controls": definitions(wanted), "points": rows})
    elif as_csv:
        output.as_csv(_TREND_CSV, rows)
    else:
        columns = [Column("from", "from"), Column("to", "to"), *([Column("unit", "unit")] if by == "unit" else [])]
        columns += _SCORE
        shown = [{**row, "share": share_text(row["compliance"])} for row in rows]
        title = wanted[0].title if control else "Compliance"
        notes = explained(wanted[0]) if control else []
        title = f"{title}, every {every}, {scope_text(whole)}"
        output.table(title, columns, shown, notes if rows else ["No data in this period.", *notes])


@click.command(
    "backtest",
    epilog="""\b
Example:
  pmo audit backtest 17 --from 2025-01-01 --to 2025-12-31
  pmo audit backtest my-rule.yaml --from 2025-01-01 --to 2025-12-31 --unit OPS""",
)
@click.argument("control", metavar="CONTROL|FILE", shell_complete=complete_control)
@click.option("--from", "first", metavar="DAY", required=True, help="First day.")
@click.option("--to", "last", metavar="DAY", help="Last day; by default the as-of day.")
@rules_option
@scope_options
@output.format_options
def backtest(
    control: str,
    first: str,
    last: str | None,
    rules_of: str,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """What a rule would have found in a period, also one that never was in force; records nothing.

    CONTROL is an id or number, or the YAML file of a rule. Counted are the occasions that began in the period, judged
    as of its last day.
    """
    from services.audit.run import EXCEPTIONS, check, scorecard
    from services.runtime import open_reader

    settings = Settings.load()
    rule = _rule(settings, control) if rules_of == "now" or _is_file(control) else None
    scope = scope_of(settings, unit, as_of, known_at, known_basis, first, last)
    until = scope.period_to or scope.as_of
    scope = replace(scope, as_of=until, period_to=until)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        say_if_retired(clickhouse, scope)
        rule = rule or rules_then(clickhouse, scope, control)[0]
        scores = scorecard(clickhouse, rule, scope)
        exceptions = [asdict(occasion) for occasion in check(clickhouse, rule, scope, EXCEPTIONS)]
    rows = [_row(score.unit, score, (scope.period_from or until, until)) for score in scores]
    if as_json:
        told = {"scope": scope_data(scope), "controls": definitions([rule]), "scores": rows, "findings": exceptions}
        output.as_json(told)
    elif as_csv:
        output.as_csv(_TREND_CSV, rows)
    else:
        _show_backtest(rule, rows, exceptions, scope)


def _show_backtest(
    rule: "Control", rows: Sequence[dict[str, Any]], exceptions: list[dict[str, Any]], scope: "Scope"
) -> None:
    shown = [{**row, "share": share_text(row["compliance"])} for row in rows]
    columns = [Column("unit", "unit"), *_SCORE]
    notes = [] if rows else ["No data: nothing in this period made an occasion for this rule."]
    output.table(f"{rule.title}: what it would have found, {scope_text(scope)}", columns, shown, notes)
    if exceptions:
        click.echo()
        listed = [{**row, "since_day": row["since"].astimezone(scope.zone).date()} for row in exceptions]
        output.table(output.counted(len(listed), "finding"), FINDING_COLUMNS, listed, explained(rule))
    click.echo("Nothing was recorded.")


def _is_file(control: str) -> bool:
    return control.endswith((".yaml", ".yml"))


def _rule(settings: Settings, control: str) -> "Control":
    if not _is_file(control):
        return control_of(settings, control)
    from services.projections.checking import read_control

    path = Path(control)
    if not path.is_file():
        raise BadInput(f"There is no file {control}; give a control's id or number, or the YAML file of a rule.")
    return read_control(path)


def _row(unit: str, score: "Score", stretch: tuple[date, date]) -> dict[str, Any]:
    names = ("unit", "standing", "compliance", "activated", "satisfied", "violated", "cured_late", "no_evidence")
    return {"from": stretch[0], "to": stretch[1], **{name: getattr(score, name) for name in names}, "unit": unit}
