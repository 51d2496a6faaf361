"""``pmo report``: the steering pack as one HTML file, issued, listed, and computed again."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.files import whole_file
from services.cli.groups import DefaultGroup
from services.cli.output import Column
from services.cli.scope import scope_data, scope_of, scope_options, scope_text
from services.errors import BadInput, Rejected
from services.settings import Settings

if TYPE_CHECKING:
    from services.commands.app import Governance
    from services.projections.clickhouse import ClickHouse
    from services.projections.kpi import Kpi
    from services.projections.scope import Scope
    from services.reports.issue import Verdict
    from services.reports.pack import Pack
    from services.runtime import Progress

_TITLE = "Steering pack"
_SHOWN = 40


@click.group(
    cls=DefaultGroup,
    default="issue",
    epilog="""\b
Example:
  pmo report -o report.html --as-of 2026-06-30 --audience "Steering committee"
  pmo report verify 2026-06-30-3F2A91C0
  pmo report list""",
)
def report() -> None:
    """The steering pack: one file with all that a steering committee looks at, reproducible by its digest.

    'pmo report -o FILE' is short for 'pmo report issue -o FILE'.
    """


@report.command(
    "issue",
    epilog="""\b
Example:
  pmo report -o report.html --unit OPS --as-of 2026-06-30 --known-at 2026-07-05""",
)
@click.option("-o", "--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="The HTML file to write.")
@click.option("--audience", metavar="TEXT", default="the steering committee", show_default=True, help="Who gets it.")
@click.option("--title", metavar="TEXT", default=_TITLE, show_default=True, help="Its title.")
@click.option("--id", "report_id", metavar="REPORT-ID", help="Its id; by default the day and part of the digest.")
@click.option("--actor", metavar="LOGIN", help="Who issues it; by default PMO_ACTOR or you.")
@scope_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON; without -o nothing is issued.")
def issue_(
    file: Path | None,
    audience: str,
    title: str,
    report_id: str | None,
    actor: str | None,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
) -> None:
    """Gather the pack, write it as one HTML file, and record that it was issued.

    Known is what is known now, to the millisecond, unless --known-at says otherwise: so the same figures can be
    computed at any later time. The KPIs' definitions are published with it as events where their words are new.
    """
    from services.cli.recording import Common, actor_of, meta_of
    from services.projections.house import in_reporting_currency
    from services.reports import page
    from services.reports.gather import incomplete, this_instant
    from services.reports.issue import check_words, default_id, issue
    from services.runtime import open_app, open_reader

    if file is None and not as_json:
        raise BadInput("Give the file to write by -o report.html, or --json to see the figures only.")
    settings = Settings.load()
    scope = _exact(scope_of(settings, unit, as_of, known_at, known_basis), this_instant())
    check_words(settings, scope, report_id or "R", title, audience)
    published = None
    with ExitStack() as stack:
        write = stack.enter_context(whole_file(file)) if file else None
        with output.progress("Gathering") as progress, open_reader(settings, progress) as clickhouse:
            with open_app(settings) as app:
                position = _visible(app, clickhouse)
            scope = in_reporting_currency(clickhouse, scope)
            kpis = _kpis(settings)
            pack = _gathered(settings, clickhouse, scope, kpis, progress)
            names = page.people(clickhouse, pack)
            gaps = incomplete(clickhouse)
        code = (report_id or default_id(pack)).upper()
        if write is not None:
            head = page.Head(code, title, settings.organisation, settings.simulated, audience, position, gaps)
            write(page.page(pack, head, names, settings.zone))
            with open_app(settings) as app:
                meta = meta_of(settings, Common(), actor_of(settings, actor))
                published = issue(app, pack, kpis, code, title, audience, meta)
    if as_json:
        told = {"published": published.kpis, "retired": published.retired} if published else {}
        output.as_json({"report": code if file else None, "position": position, **told, **pack.as_data()})
    else:
        rows = sum(len(table.rows) for section in pack.sections for table in section.tables)
        click.echo(f"Report {code}, {scope_text(scope)}: {output.counted(rows, 'row')} in {file}.")
        click.echo(f"Digest {pack.digest}; 'pmo report verify {code}' computes it again.")
        if published and published.kpis:
            click.echo(f"{output.counted(published.kpis, 'KPI definition')} published in the present words.")
        if published and published.retired:
            click.echo(f"Retired, as no report rests on them any more: {', '.join(published.retired)}.")


@report.command(
    "verify",
    epilog="""\b
Example:
  pmo report verify 2026-06-30-3F2A91C0""",
)
@click.argument("report_id", metavar="REPORT-ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(report_id: str, as_json: bool) -> None:
    """Compute an issued report again, with its own times: the same digest, or what is different and why.

    Ends with exit code 4 if the figures are others than those that were issued.
    """
    from services.reports.gather import layout_of
    from services.reports.issue import issued, scope_of_issue, verdict
    from services.runtime import open_app, open_reader

    settings = Settings.load()
    with open_app(settings) as app:
        given = issued(app, report_id)
        scope = scope_of_issue(app, given)
        with output.progress("Gathering") as progress, open_reader(settings, progress) as clickhouse:
            pack = _gathered(settings, clickhouse, scope, _kpis(settings), progress, layout_of(given.definitions))
        found = verdict(app, report_id, given, pack)
    if as_json:
        output.as_json(_verdict_data(found))
    else:
        _show(found, settings.zone)
    if not found.same:
        raise Rejected(f"Report {found.report} cannot be reproduced: its figures are others than those issued.")


@report.command(
    "list",
    epilog="""\b
Example:
  pmo report list""",
)
@scope_options
@output.format_options
def list_(
    unit: str | None, as_of: str | None, known_at: str | None, known_basis: str, as_json: bool, as_csv: bool
) -> None:
    """Reports that were issued, to whom, for which times, and the digest of their figures."""
    from services.projections.queries import ask
    from services.runtime import open_reader

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    with output.progress("Catching up") as progress, open_reader(settings, progress) as clickhouse:
        found = ask(clickhouse, "reports_issued", scope)
    rows = [row for row in found if scope.unit in (None, row["unit"])]
    fields = ("report", "title", "audience", "unit", "as_of", "known_at", "digest", "issued_at")
    if as_json:
        output.as_json({"scope": scope_data(scope), "reports": rows})
    elif as_csv:
        output.as_csv(fields, rows)
    else:
        columns = [Column(name.replace("_", " "), name, identifier=name == "report") for name in fields]
        shown = [
            {
                **row,
                "known_at": output.local(datetime.fromisoformat(row["known_at"]), settings.zone),
                "issued_at": output.local(row["issued_at"], settings.zone),
            }
            for row in rows
        ]
        output.table(f"Reports, {scope_text(scope)}", columns, shown, [] if rows else ["None was issued."])


def _exact(scope: "Scope", now: datetime) -> "Scope":
    """With what is known by now at the most: today is not over, and a report that was issued no longer changes."""
    return replace(scope, known_at=min(scope.known_at or now, now))


def _visible(app: "Governance", clickhouse: "ClickHouse") -> int:
    """The position up to which everything recorded can be queried."""
    from services.waiting import wait_visible

    position = app.store.max_notification_id() or 0
    if position:
        wait_visible(app.store, clickhouse, position, 30.0)
    return position


def _kpis(settings: Settings) -> "dict[str, Kpi]":
    from services.projections.kpi import kpis_with, listed

    return listed(kpis_with(settings.own_kpis))


def _gathered(
    settings: Settings,
    clickhouse: "ClickHouse",
    scope: "Scope",
    kpis: "dict[str, Kpi]",
    progress: "Progress",
    layout: int | None = None,
) -> "Pack":
    from services.projections.checking import controls_with
    from services.reports.gather import gather
    from services.reports.pack import LAYOUT

    controls = controls_with(settings.own_controls if settings.own_controls.is_dir() else None)
    return gather(clickhouse, scope, kpis, controls, progress, layout or LAYOUT)


def _verdict_data(found: "Verdict") -> dict[str, Any]:
    from services.reports.pack import as_rows

    return {
        "report": found.report,
        "same": found.same,
        "issued_digest": found.issued.figures_digest,
        "digest": found.digest,
        "definitions_changed": list(found.changed),
        "definitions_added": list(found.added),
        "definitions_gone": list(found.gone),
        "figures": None if found.figures is None else as_rows(found.figures),
    }


def _show(found: "Verdict", zone: tzinfo) -> None:
    given = found.issued
    known = output.text(output.local(datetime.fromisoformat(given.known_at), zone))
    click.echo(f"Report {found.report}, as of {given.as_of}, known at {known}.")
    if found.same:
        click.echo(f"Same digest: {found.digest}.")
    else:
        click.echo(f"Another digest: issued with {given.figures_digest}, computed now {found.digest}.")
    for what, names in (("changed", found.changed), ("added", found.added), ("gone", found.gone)):
        if names:
            click.echo(f"Definitions {what} since: {', '.join(names)}.")
    if found.same:
        return
    if not (found.changed or found.added or found.gone):
        click.echo("No definition changed: records known at that time are others, or a setting of the workspace is.")
    if found.figures is None:
        click.echo("Which figures differ cannot be told: those issued are not kept in this workspace's 'reports'.")
        return
    columns = [Column("figure", "place"), Column("issued", "before"), Column("now", "now")]
    rest = len(found.figures) - _SHOWN
    notes = [f"and {rest:,} more; --json lists all"] if rest > 0 else []
    rows = [{"place": d.place, "before": _text(d.before), "now": _text(d.now)} for d in found.figures[:_SHOWN]]
    output.table(f"{output.counted(len(found.figures), 'figure')} differ", columns, rows, notes)


def _text(value: Any) -> str:
    return "nothing" if value is None else output.text(value)
