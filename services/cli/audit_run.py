"""``pmo audit run``: runs the controls and leaves evidence of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.output import Column
from services.cli.recording import Scribe, actor_of
from services.cli.rules import COUNTS
from services.cli.scope import scope_data, scope_of, scope_options, scope_text
from services.settings import Settings

if TYPE_CHECKING:
    from services.audit.perform import Run
    from services.commands.app import Outcome, UnitOfWork
    from services.projections.checking import Control
    from services.projections.scope import Scope

_VISIBLE_S = 60.0


@click.command(
    "run",
    epilog="""\b
Example:
  pmo audit run
  pmo audit run --unit OPS --as-of 2026-06-30""",
)
@click.option(
    "--controls",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Further controls from this folder; by default those in the workspace's folder 'controls'.",
)
@click.option("--actor", metavar="LOGIN", help="Who runs it; by default PMO_ACTOR or you.")
@scope_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(
    folder: Path | None,
    actor: str | None,
    unit: str | None,
    as_of: str | None,
    known_at: str | None,
    known_basis: str,
    as_json: bool,
) -> None:
    """Run all controls, record that it was done, and raise and cure findings.

    The controls' words are published as they are now, so that the rules of then can be looked up later; one whose file
    is gone is retired, and its findings are closed, unless --controls names another folder. A run for another day than
    today, or with what was known earlier, records itself and leaves findings as they are.
    """
    from services.audit.perform import is_present, perform
    from services.projections.checking import controls_with
    from services.runtime import open_app, open_reader
    from services.waiting import wait_visible

    settings = Settings.load()
    scope = scope_of(settings, unit, as_of, known_at, known_basis)
    own = folder or (settings.own_controls if settings.own_controls.is_dir() else None)
    controls = list(controls_with(own).values())
    by = actor_of(settings, actor)
    with (
        output.progress("Catching up") as progress,
        open_reader(settings, progress) as clickhouse,
        open_app(settings) as app,
    ):
        position = app.store.max_notification_id() or 0
        wait_visible(app.store, clickhouse, position, _VISIBLE_S)
        with output.progress("Checking") as checked:

            def introduce(unit: "UnitOfWork", outcome: "Outcome") -> None:
                Scribe(app, unit).introduce(by, outcome)

            # further controls of another folder say nothing about those of the workspace
            in_force = None if folder else [control.id for control in controls]
            found = perform(app, clickhouse, controls, scope, by.id, position, checked, introduce, in_force)
        present = is_present(scope, app.clock())
    if as_json:
        output.as_json({"scope": scope_data(scope), **_summary(found), "controls": _rows(controls, found)})
    else:
        _show(controls, found, scope, present=present)


def _summary(found: "Run") -> dict[str, Any]:
    changes = ("raised", "reopened", "cured", "closed")
    names = ("audit", "position", "published", "retired", *changes, "exceptions", "results_digest")
    return {name: getattr(found, name) for name in names}


def _rows(controls: "list[Control]", found: "Run") -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(control, name) for name in ("number", "title", "severity", "digest")},
            "control": control.id,
            **{
                result.replace(" ", "_"): sum(occasion.result == result for occasion in found.occasions[control.id])
                for result in ("satisfied", "violated", "cured late", "no evidence")
            },
            **{change: found.changes[control.id][change] for change in ("raised", "reopened", "cured")},
        }
        for control in controls
    ]


def _show(controls: "list[Control]", found: "Run", scope: "Scope", *, present: bool) -> None:
    columns = [
        Column("no", "number", number=True),
        Column("control", "title"),
        Column("severity", "severity"),
        *COUNTS,
        *([Column("raised", "raised", number=True), Column("cured", "cured", number=True)] if present else []),
    ]
    changed = [
        output.counted(found.raised, "finding") + " raised",
        *([f"{found.reopened} reopened"] if found.reopened else []),
        f"{found.cured} cured",
    ]
    notes = ["", f"Recorded as {found.audit}, up to position {found.position}, results {found.results_digest[:16]}."]
    if present:
        notes.append(f"{', '.join(changed)}. 'pmo finding list' shows those that stand.")
    else:
        notes.append("Not about today with all that is known: findings are left as they are.")
    if found.published:
        notes.append(f"{output.counted(found.published, 'control')} published in the present words.")
    if found.retired:
        retired = f"{output.counted(len(found.retired), 'control')} retired, as no file has it any more"
        notes.append(f"{retired}: {', '.join(found.retired)}.")
    if found.closed:
        notes.append(f"{output.counted(found.closed, 'finding')} of retired controls closed.")
    output.table(f"Audit, {scope_text(scope)}", columns, _rows(controls, found), notes)
