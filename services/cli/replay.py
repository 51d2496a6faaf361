"""``pmo replay``: history once more, into tables of its own, and what other rules would have found."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services import times
from services.cli import output
from services.cli.ask import figure_row, no_figure, problem_notes
from services.cli.output import Column
from services.cli.scope import scope_data, scope_text
from services.errors import BadInput, NotFound, Unavailable
from services.settings import Settings
from services.shown import fraction_text, value_text

if TYPE_CHECKING:
    from services.audit.run import Occasion
    from services.projections.figures import NoRate
    from services.projections.kpi import Kpi
    from services.replay import Answer, Replayed, Rules

_SPEED = re.compile(r"(\d+(?:\.\d+)?)(?:d(?:/s)?)?")
_SHOWN = 40


@click.command(
    epilog="""\b
Example:
  pmo replay --from 2025-01-01 --to 2025-12-31
  pmo replay --from 2025-01-01 --to 2025-12-31 --speed 30d/s --listen
  pmo replay --from 2025-01-01 --to 2025-12-31 --controls stricter/"""
)
@click.option("--from", "first", metavar="DAY", required=True, help="First day; what was recorded before is there.")
@click.option("--to", "last", metavar="DAY", default="today", show_default=True, help="Last day of recording.")
@click.option("--speed", metavar="N", default="max", show_default=True, help="Days per second: 30d/s, or max.")
@click.option("--controls", "folder", type=click.Path(path_type=Path), help="Controls (and KPIs) to compare with.")
@click.option("--unit", metavar="CODE", help="Figures and findings of this unit and those below it.")
@click.option("--listen", is_flag=True, help="Send the events again to the topic PREFIX.replay of a running broker.")
@click.option("--keep", is_flag=True, help="Keep the tables of the replay.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    first: str,
    last: str,
    speed: str,
    folder: Path | None,
    unit: str | None,
    listen: bool,
    keep: bool,
    as_json: bool,
) -> None:
    """Let history happen again, in the order of recording, and show the figures and findings of the last day.

    The events land in tables of their own, by the same way as always; the workspace's own tables stay as they are.
    Files in the folder of --controls take the place of those of the same id or name; what they find more, and what
    they find no longer, is listed. With PMO_KAFKA, or --listen, the events go to the topic PREFIX.replay too.
    """
    from services.replay import Plan, replay, with_others
    from services.runtime import open_app

    settings = Settings.load()
    zone = settings.zone
    plan = Plan(
        times.day(first, "--from", zone), times.day(last, "--to", zone), _speed(speed), unit.upper() if unit else None
    )
    rules = _rules(settings)
    other = with_others(rules, *_others(folder)) if folder is not None else None
    broker = _broker(settings, listen)
    with _shown_dates() as seen, open_app(settings) as app:
        done = replay(app, plan, rules, other=other, listen=broker, keep=keep, seen=seen)
    if as_json:
        output.as_json(_data(plan.first, done))
    else:
        _show(plan.first, done)


def _speed(text: str) -> Decimal | None:
    if text.strip().lower() == "max":
        return None
    found = _SPEED.fullmatch(text.strip().lower())
    speed = Decimal(found[1]) if found else Decimal(0)
    if not 0 < speed <= 1_000_000:
        raise BadInput(f"--speed: {text!r} is no speed; write days per second like 30d/s, or max.")
    return speed


def _rules(settings: Settings) -> "Rules":
    from services.projections.checking import controls_with
    from services.projections.kpi import kpis_with, listed
    from services.replay import Rules

    own = settings.own_controls if settings.own_controls.is_dir() else None
    return Rules(listed(kpis_with(settings.own_kpis)), controls_with(own))


def _others(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from services.projections.checking import load_controls
    from services.projections.kpi import listed, load_kpis

    if not folder.is_dir():
        raise NotFound(f"--controls: there is no folder {folder}.")
    kpis, controls = listed(load_kpis(folder)), load_controls(folder)
    if not kpis and not controls:
        raise NotFound(f"--controls: there is neither a control (*.yaml) nor a KPI (*.sql) in {folder}.")
    return kpis, controls


def _broker(settings: Settings, listen: bool) -> str:
    from services.runtime import brokers

    if not listen:
        return settings.kafka
    found = brokers(settings)
    if not found:
        raise Unavailable("--listen needs a broker: set PMO_KAFKA to host:port, or run 'pmo up' in another terminal.")
    return found


@contextmanager
def _shown_dates() -> "Iterator[Callable[[date, int, int], None]]":
    """Shows the simulated date on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda day, done, total: None
        return

    def seen(day: date, done: int, total: int) -> None:
        click.echo(f"\r{day}  {done:,} of {total:,} events ", nl=False, err=True)

    try:
        yield seen
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


def _answer_data(answer: "Answer") -> dict[str, Any]:
    return {
        "figures": [
            *(figure_row(kpi, figure, "portfolio") for kpi, figure in answer.figures),
            *(no_figure(kpi, "portfolio", problem) for kpi, problem in answer.problems),
        ],
        "controls": [
            {
                "control": held.control.id,
                "number": held.control.number,
                "version": held.control.version,
                "digest": held.control.digest,
                "findings": held.findings,
                "activated": held.activated,
                "compliance": held.compliance,
            }
            for held in answer.held
        ],
    }


def _data(first: date, done: "Replayed") -> dict[str, Any]:
    other = done.other
    return {
        "scope": {**scope_data(done.scope), "from": first, "to": done.scope.as_of},
        "events": done.events,
        "landed_before": done.landed_first,
        "sent": done.sent,
        "topic": done.topic or None,
        "tables": done.where or None,
        **_answer_data(done.answer),
        "other": None
        if other is None
        else {
            **_answer_data(other),
            "new_findings": [_finding(occasion) for occasion in done.new()],
            "gone_findings": [_finding(occasion) for occasion in done.gone()],
        },
    }


def _finding(occasion: "Occasion") -> dict[str, Any]:
    names = ("control", "unit", "subject", "label", "result", "activating", "since", "due", "detail")
    return {name: getattr(occasion, name) for name in names}


def _show(first: date, done: "Replayed") -> None:
    scope = done.scope
    before = f", after {done.landed_first:,} recorded earlier" if done.landed_first else ""
    click.echo(f"{output.counted(done.events, 'event')} replayed, recorded {first} to {scope.as_of}{before}.")
    if done.topic:
        click.echo(f"{output.counted(done.sent, 'event')} sent to the topic {done.topic}.")
    if done.where:
        click.echo(f"Tables kept: {done.where}.")
    asked = scope_text(scope).replace("known now", "known by then")
    click.echo()
    _show_figures(f"KPIs, {asked}", done)
    click.echo()
    _show_controls(f"Findings, {asked}", done)
    if done.other is not None:
        for what, found in (("new under the other rules", done.new()), ("gone under the other rules", done.gone())):
            click.echo()
            _show_findings(f"{output.counted(len(found), 'finding')} {what}", found)


def _show_figures(title: str, done: "Replayed") -> None:
    currency = done.scope.currency
    others = {(kpi.name, figure.standing): (kpi, figure) for kpi, figure in (done.other.figures if done.other else ())}
    rows = []
    for kpi, figure in done.answer.figures:
        now = {"title": kpi.title, "standing": figure.standing, "n": figure.n, "of": fraction_text(kpi, figure)}
        now["value"] = value_text(kpi, figure.value, figure.n, currency)
        if beside := others.pop((kpi.name, figure.standing), None):
            text = value_text(beside[0], beside[1].value, beside[1].n, currency)
            now["other"] = text if text != now["value"] or beside[1].n != figure.n else "the same"
        rows.append(now)
    rows += [
        {"title": kpi.title, "standing": figure.standing, "n": figure.n,
         "other": value_text(kpi, figure.value, figure.n, currency)}
        for kpi, figure in others.values()
    ]  # fmt: skip
    lacking: dict[str, dict[str, Any]] = {}
    problems: list[tuple[Kpi, NoRate]] = []
    for column, answer in (("value", done.answer), ("other", done.other)):
        for kpi, problem in answer.problems if answer else ():
            lacking.setdefault(kpi.name, {"title": kpi.title})[column] = f"{problem.short}, see below"
            problems.append((kpi, problem))
    rows += lacking.values()
    columns = [Column("KPI", "title"), Column("standing", "standing"), Column("value", "value", number=True),
               Column("of", "of", number=True), Column("n", "n", number=True),
               *([Column("under the other rules", "other", number=True)] if done.other else [])]  # fmt: skip
    output.table(title, columns, rows, problem_notes(problems))


def _show_controls(title: str, done: "Replayed") -> None:
    others = {held.control.id: held for held in (done.other.held if done.other else ())}
    known = {held.control.id: held for held in done.answer.held}
    rows = []
    for control in {**known, **others}:
        held, beside = known.get(control), others.get(control)
        if not any(each and each.activated for each in (held, beside)):
            continue
        named = (held or beside).control  # type: ignore[union-attr]
        row: dict[str, Any] = {"number": named.number, "title": named.title}
        if held:
            row["held"] = f"{held.findings} / {held.activated}"
        if beside:
            text = f"{beside.findings} / {beside.activated}"
            row["other"] = "the same" if text == row.get("held") else text
        rows.append(row)
    columns = [Column("no", "number", number=True), Column("control", "title"),
               Column("findings / occasions", "held", number=True),
               *([Column("under the other rules", "other", number=True)] if done.other else [])]  # fmt: skip
    output.table(title, columns, rows)


def _show_findings(title: str, found: "Sequence[Occasion]") -> None:
    columns = [Column("control", "control"), Column("unit", "unit"), Column("subject", "subject", identifier=True),
               Column("name", "label"), Column("result", "result"), Column("detail", "detail")]  # fmt: skip
    rest = len(found) - _SHOWN
    notes = [f"and {rest:,} more; --json lists all"] if rest > 0 else []
    output.table(title, columns, [_finding(occasion) for occasion in found[:_SHOWN]], notes)
