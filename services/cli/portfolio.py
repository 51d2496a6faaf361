"""``pmo portfolio``: all projects at a glance, and the ranking of open proposals with its cut line."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.output import Column
from services.cli.scope import scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput
from services.settings import Settings

if TYPE_CHECKING:
    from services.commands.app import UnitOfWork
    from services.portfolio.ranking import Change, Limits, Place, Ranking
    from services.projections.scope import Scope

_LIST_CSV = ("project", "name", "unit", "status", "standing", "manager", "first_finish", "current_finish", "ends",
             "slip", "slip_current", "rag", "percent", "report_age", "budget", "currency")  # fmt: skip
_RANK_CSV = ("rank", "project", "name", "unit", "status", "score", "model", "computed", "density", "cost", "hours",
             "spent", "used", "within", "cut_by", "error")  # fmt: skip


@click.group(
    epilog="""\b
Example:
  pmo portfolio list --as-of 2026-06-30
  pmo portfolio rank --budget 2000000 --capacity 12000
  pmo portfolio rank --budget 2000000 --budget +10% --without CRANE-7"""
)
def portfolio() -> None:
    """All projects at a glance, and which proposals fit into budget and capacity."""


@portfolio.command(
    "list",
    epilog="""\b
Example:
  pmo portfolio list --unit OPS --as-of 2026-06-30 --known-at 2026-07-05""",
)
@scope_options
@output.format_options
def list_(
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """All projects: status, slip against the first baseline, reported RAG, age of the last report, budget.

    The slip is from the first baseline's finish to the finish, or to the last forecast but not before the as-of day.
    """
    from services.projections.figures import named
    from services.projections.house import in_reporting_currency
    from services.projections.queries import ask, check_unit
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        check_unit(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        rows = ask(clickhouse, "portfolio", scope)
        managers = named(clickhouse, [str(row["manager"]) for row in rows])
    rows = [{**row, "manager_id": row["manager"], "manager": name} for row, name in zip(rows, managers, strict=True)]
    if as_json:
        output.as_json({"scope": scope_data(scope), "projects": rows})
    elif as_csv:
        output.as_csv(_LIST_CSV, rows)
    else:
        shown = [
            {
                **row,
                "slip_text": "" if row["slip"] is None else f"{row['slip']:+,} d",
                "age": "" if row["report_age"] is None else f"{row['report_age']:,} d",
                "money": "" if row["budget"] is None else output.money(row["budget"], row["currency"]),
            }
            for row in rows
        ]
        columns = [Column("project", "project", identifier=True), Column("name", "name"), Column("unit", "unit"),
                   Column("status", "status"), Column("manager", "manager"),
                   Column("slip", "slip_text", number=True), Column("RAG", "rag"),
                   Column("last report", "age", number=True), Column("budget", "money", number=True)]  # fmt: skip
        notes = [] if rows else ["No data: there is no project at these two times."]
        output.table(f"Portfolio, {output.counted(len(rows), 'project')}, {scope_text(scope)}", columns, shown, notes)


@portfolio.command(
    "rank",
    epilog="""\b
Example:
  pmo portfolio rank --budget 2000000 --capacity 12000
  pmo portfolio rank --budget 2000000 --budget +10%
  pmo portfolio rank --budget 2000000 --record 2026-Q3 --decided-by ann@example.org""",
)
@click.option("--budget", multiple=True, metavar="AMOUNT", help="In the reporting currency; again: a what-if, +10%.")
@click.option("--capacity", multiple=True, metavar="HOURS", help="Hours of open placeholders; again: a what-if.")
@click.option("--without", multiple=True, metavar="PROJECT", help="What if this one is left aside; may be given again.")
@click.option("--record", "ranking_id", metavar="RANKING-ID", help="Record each proposal's place under this code.")
@click.option("--decided-by", metavar="PERSON", help="Who decides; needed with --record.")
@click.option("--actor", metavar="LOGIN", help="Who says it; by default PMO_ACTOR or you.")
@scope_options
@output.format_options
def rank_(
    budget: tuple[str, ...],
    capacity: tuple[str, ...],
    without: tuple[str, ...],
    ranking_id: str | None,
    decided_by: str | None,
    actor: str | None,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Open proposals in the order of their scores, down to where budget or capacity ends.

    Open is what is proposed, deferred, or approved and not begun. Each is taken, from the top, if what is left
    suffices; equal scores go by value per cost. What lacks a budget, or an exchange rate for it, comes last. A second
    --budget or --capacity, or --without, is compared with the case without it. What nobody scored is scored by the
    model DEFAULT, and says so.
    """
    from services.portfolio.ranking import Limits, compared, limit, problems, proposals, rank
    from services.projections.house import in_reporting_currency
    from services.projections.queries import check_unit
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    money, hours = limit(budget, "--budget"), limit(capacity, "--capacity")
    if ranking_id is not None and (as_of is not None or known_at is not None):
        raise BadInput("A ranking is recorded as of now: leave out --as-of and --known-at, or --record.")
    if ranking_id is None and (decided_by is not None or actor is not None):
        raise BadInput("--decided-by and --actor belong to --record: without it nothing is recorded.")
    if ranking_id is not None and decided_by is None:
        raise BadInput("--record needs --decided-by: somebody answers for a ranking.")
    if ranking_id is not None and (without or money[0] != money[1] or hours[0] != hours[1]):
        raise BadInput(
            "A what-if is not recorded: give --budget and --capacity once each and no --without, or no --record."
        )
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        check_unit(clickhouse, scope)
        scope = in_reporting_currency(clickhouse, scope)
        found, model = proposals(clickhouse, scope)
    base = rank(found, Limits(money[0], hours[0]), model.formula)
    case = rank(found, Limits(money[1], hours[1], frozenset(code.upper() for code in without)), model.formula)
    if ranking_id is not None:
        for problem in problems(case):
            raise problem
    change = compared(base, case) if case.limits != base.limits else None
    recorded = _record(settings, case, ranking_id, decided_by or "", actor) if ranking_id else []
    rows = [_row(place) for place in case.places]
    if as_json:
        told = _change_data(base.limits, change) if change else None
        head = {"scope": scope_data(scope), "limits": _limits_data(case.limits), "formula": case.formula}
        output.as_json({**head, "cut_line": case.cut_line, "places": rows, "against_base": told, "recorded": recorded})
    elif as_csv:
        output.as_csv(_RANK_CSV, rows)
    else:
        _show(case, rows, scope, change, base.limits)
        if ranking_id:
            click.echo(f"\nRecorded as ranking {ranking_id.upper()}: {output.counted(len(recorded), 'event')}.")


def _record(settings: Settings, ranking: "Ranking", code: str, decided_by: str, said: str | None) -> list[str]:
    """One ``project rank`` for each place, all in one transaction; the same ranking again records nothing new."""
    from services.cli.recording import Common, Scribe, actor_of, meta_of
    from services.commands.project.scoring import Rank
    from services.portfolio.ranking import recordable
    from services.runtime import open_app

    places, _ = recordable(ranking)
    if not places:
        raise BadInput("There is nothing to record: no proposal has both a score and a budget.")
    actor = actor_of(settings, said)
    content = json.dumps([code.upper(), decided_by, places], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:24]

    def recorded(unit: "UnitOfWork") -> list[str]:
        scribe = Scribe(app, unit)
        made: list[str] = []
        for fields in places:
            meta = meta_of(settings, Common(command_id=f"rank-{digest}"), actor)
            outcome = scribe.record(Rank, {**fields, "ranking": code, "decided_by": decided_by}, meta, actor)
            made += [record.event_id for record in outcome.records if not outcome.repeated]
        return made

    with open_app(settings) as app:
        return app.transact(recorded)


def _row(place: "Place") -> dict[str, Any]:
    names = ("project", "name", "unit", "status", "score", "model", "computed", "density", "cost", "hours")
    return {
        "rank": place.rank,
        **{name: getattr(place.proposal, name) for name in names},
        "spent": place.spent,
        "used": place.used,
        "within": place.within,
        "cut_by": place.cut_by,
        "error": str(place.proposal.problem) if place.proposal.problem else None,
    }


def _limits_data(limits: "Limits") -> dict[str, Any]:
    return {"budget": limits.budget, "capacity": limits.capacity, "without": sorted(limits.without)}


def _change_data(base: "Limits", change: "Change") -> dict[str, Any]:
    return {
        "base": _limits_data(base),
        "comes_in": [place.proposal.project for place in change.comes_in],
        "falls_out": {place.proposal.project: why for place, why in change.falls_out},
    }


def _show(
    case: "Ranking", rows: Sequence[Mapping[str, Any]], scope: "Scope", change: "Change | None", base: "Limits"
) -> None:
    from services.portfolio.ranking import ORDER, problems

    shown: list[Mapping[str, Any]] = []
    for row in rows:
        if row["rank"] == case.cut_line:
            shown.append({"project": "--- cut line ---"})
        shown.append(
            {
                **row,
                "score_text": "unscored" if row["score"] is None else f"{row['score']:.2f}",
                "model_text": f"{row['model']}{', computed' if row['computed'] else ''}",
                "result": "within" if row["within"] else f"cut: {row['cut_by']}",
            }
        )
    columns = [Column("rank", "rank", number=True), Column("project", "project", identifier=True),
               Column("name", "name"), Column("unit", "unit"), Column("status", "status"),
               Column("score", "score_text", number=True), Column("model", "model_text"),
               Column("value per cost", "density", number=True), Column(f"cost {scope.currency}", "cost", number=True),
               Column("hours", "hours", number=True), Column("cost so far", "spent", number=True),
               Column("hours so far", "used", number=True), Column("", "result")]  # fmt: skip
    models = {row["model"] for row in rows if row["model"]}
    notes = ["", f"Limits: {_limits_text(case.limits, scope.currency)}. Order: {ORDER}.", f"Formula: {case.formula}."]
    if len(models) > 1:
        notes.append(f"Scores of several models stand side by side ({', '.join(sorted(models))}); score them anew.")
    notes += [line for problem in problems(case) for line in ("", str(problem))]
    if change is not None:
        notes += ["", f"Against the base case ({_limits_text(base, scope.currency)}):", *_changes_text(change)]
    if not rows:
        notes = ["No data: there is no open proposal at these two times."]
    title = f"Ranking of {output.counted(len(rows), 'open proposal')}, {scope_text(scope)}"
    output.table(title, columns, shown, notes)


def _changes_text(change: "Change") -> list[str]:
    lines = [f"  comes in: {place.proposal.project}, {place.proposal.name}" for place in change.comes_in]
    for place, why in change.falls_out:
        reason = why if why == "left aside" else f"cut by {why}"
        lines.append(f"  falls out: {place.proposal.project}, {place.proposal.name} ({reason})")
    return lines or ["  nothing changes"]


def _limits_text(limits: "Limits", currency: str) -> str:
    parts = [
        "no budget limit" if limits.budget is None else f"budget {output.money(limits.budget, currency)}",
        "no capacity limit" if limits.capacity is None else f"capacity {output.figure(Decimal(limits.capacity))} h",
        *([f"without {', '.join(sorted(limits.without))}"] if limits.without else []),
    ]
    return ", ".join(parts)
