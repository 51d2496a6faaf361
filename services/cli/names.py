"""What there is to choose from, told fast: no file is parsed and no engine started, as completion needs it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.errors import NotFound, PmoError, did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_DEFINITIONS = Path(__file__).parents[1] / "projections"
_QUERY = """
    SELECT originator_id FROM stored_events WHERE originator_version = 1 AND originator_id GLOB ? ORDER BY 1
"""
Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def kpi_names() -> list[str]:
    """The names of the KPIs, from their files' names."""
    from services.projections import names
    from services.settings import default_home

    return names.kpi_names(default_home() / "kpis")


def control_names() -> dict[int, str]:
    """The controls' ids by their numbers, from their files' names."""
    from services.settings import default_home

    folders = (_DEFINITIONS / "controls", default_home() / "controls")
    pairs = (file.stem.partition("_") for folder in folders for file in folder.glob("*.yaml"))
    return {int(number): name.replace("_", "-") for number, _, name in sorted(pairs) if number.isdigit()}


def codes(home: Path, kind: str) -> list[str]:
    """The keys of all streams of a kind in a workspace; none if its store cannot be read."""
    from services.settings import Settings

    try:
        settings = Settings.load(home)
        if settings.postgres:
            from services.commands.postgres import keys

            return keys(settings.postgres, kind)
    except PmoError:
        return []
    try:
        store = sqlite3.connect(f"{(home / 'events.sqlite').absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return []
    try:
        return [str(stream).partition(":")[2] for (stream,) in store.execute(_QUERY, (f"{kind}:*",))]
    except sqlite3.Error:
        return []
    finally:
        store.close()


def unknown_kpi(name: str) -> NotFound:
    """There is no KPI of this name: which are like it, else which there are."""
    from services.cli.groups import nearest

    known = kpi_names()
    near = nearest(name, known)
    hint = did_you_mean(near, f"KPIs are {', '.join(known)}.")
    return NotFound(f"There is no KPI {name!r}; {hint}")


def unknown_control(name: str) -> NotFound:
    """There is no control of this id or number: which are like it, else which there are."""
    from services.cli.groups import nearest

    known = {control: f"{number} {control}" for number, control in control_names().items()}
    near = [known[control] for control in nearest(name, list(known))]
    hint = did_you_mean(near, f"controls are {', '.join(known.values())}.")
    return NotFound(f"There is no control {name!r}; {hint}")


def unknown_definition(name: str) -> NotFound:
    """There is neither a KPI nor a control of this name: which are like it."""
    from services.cli.groups import nearest

    near = nearest(name, [*kpi_names(), *control_names().values()])
    hint = did_you_mean(near, "'pmo kpi' lists KPIs, 'pmo audit' controls.")
    return NotFound(f"There is no KPI or control {name!r}; {hint}")


def complete_kpi(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """KPIs that begin so."""
    return _items([(name, "") for name in kpi_names()], incomplete)


def complete_control(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Controls whose id or number begins so."""
    known = control_names()
    return _items([(str(n), control) for n, control in known.items()] + [(c, "") for c in known.values()], incomplete)


def complete_definition(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """KPIs and controls that begin so."""
    found = (complete(context, parameter, incomplete) for complete in (complete_kpi, complete_control))
    return [item for items in found for item in items]


def completing(kind: str) -> Complete:
    """What completes the code of a stream of this kind in the present workspace."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from services.settings import default_home

        return _items([(code, "") for code in codes(default_home(), kind)], incomplete)

    return complete


def _items(pairs: list[tuple[str, str]], incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(value, help=text or None)
        for value, text in pairs
        if value.casefold().startswith(incomplete.casefold())
    ]
