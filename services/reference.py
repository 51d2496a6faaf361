"""Writes the reference pages out of the catalogues: ``python -m services.reference [--check]``.

What a page says stands in one place only: the event's, the command's or the KPI's own definition.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from schemas.catalogue import EVENTS, KINDS, NEWEST
from schemas.event import base_name
from services.audit.controls import load_controls
from services.commands.catalogue import COMMANDS
from services.commands.command import Argument
from services.projections.definitions import tables
from services.projections.kpi import load_kpis

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
_MADE = "<!-- Made by `make reference` from the catalogues; edit those, not this page. -->\n"


def pages() -> dict[str, str]:
    """Each page's name and text."""
    made = {
        "events.md": "\n".join(_events()),
        "commands.md": "\n".join(_commands()),
        "kpis.md": "\n".join(_kpis()),
        "controls.md": "\n".join(_controls()),
        "tables.md": "\n".join(_tables()),
    }
    return {name: f"{_MADE}\n{text.rstrip()}\n" for name, text in made.items()}


def _events() -> Iterator[str]:
    yield "# Events"
    yield f"\n{len(EVENTS)} events of {len(KINDS)} kinds of stream. The JSON Schemas stand in `schemas/json/`."
    for kind in KINDS:
        yield f"\n## {kind}\n"
        yield "| event | meaning | fields |"
        yield "|---|---|---|"
        for event in EVENTS:
            if event.kind == kind:
                fields = ", ".join(f"`{name}`" for name in event.model_fields) or "none"
                newest = NEWEST[base_name(event.type_name)].type_name
                older = "" if newest == event.type_name else f" Only read, as `{newest}`."
                yield f"| `{event.type_name}` | {_one_line(event.__doc__)}{older} | {fields} |"


def _commands() -> Iterator[str]:
    yield "# Commands"
    group = ""
    for command in COMMANDS:
        name = command.path.split()[0]
        if name != group:
            group = name
            yield f"\n## pmo {group}"
        yield f"\n### pmo {command.path}\n"
        yield f"{_one_line(command.__doc__)}\n"
        yield f"    pmo {command.path} {command.example}\n"
        yield "| field | meaning |"
        yield "|---|---|"
        for name, field in command.model_fields.items():
            yield f"| {_option(name, field)} | {field.description or ''}{_choices(field)} |"
    yield "\nEach also takes `--on`, `--at`, `--reported-at`, `--supersedes`, `--command-id`, `--actor` and `--json`."


def _option(name: str, field: FieldInfo) -> str:
    if any(isinstance(mark, Argument) for mark in field.metadata):
        return f"`{name.upper()}`"
    return f"`--{name.replace('_', '-')}`{' (required)' if field.is_required() else ''}"


def _choices(field: FieldInfo) -> str:
    choices = [value for value in _literals(field.annotation) if isinstance(value, str)]
    return f" (one of {', '.join(choices)})" if choices else ""


def _literals(annotation: object) -> list[object]:
    found: list[object] = []
    for part in get_args(annotation):
        if isinstance(part, str):
            found.append(part)
        elif str(part).startswith("typing.Literal"):
            found.extend(get_args(part))
    return found


def _kpis() -> Iterator[str]:
    yield "# KPIs"
    for kpi in load_kpis().values():
        yield f"\n## {kpi.title} (`{kpi.name}`)\n"
        yield f"{kpi.definition}\n"
        yield f"- Family: {kpi.family}; measure: {kpi.measure}; {kpi.better} is better; {kpi.aggregator}"
        yield f"- Version {kpi.version}; source: {kpi.source}"
        yield f"- Try: `pmo kpi {kpi.name} --by unit`"


def _controls() -> Iterator[str]:
    yield "# Controls"
    for control in load_controls().values():
        yield f"\n## {control.number} {control.title} (`{control.id}`)\n"
        yield f"{control.why}\n"
        yield f"- Template: {control.template}; severity: {control.severity}; owner: {control.owner}"
        yield f"- Version {control.version}, in force since {control.since}"
        yield f"- Try: `pmo audit {control.id}`"


def _tables() -> Iterator[str]:
    yield "# Tables and views"
    yield "\nViews with parameters are called like `projects(as_of_k = ..., known_at = ..., basis = 'recorded')`."
    for table in tables():
        yield f"\n## {table.name}\n\n{table.comment}"
        for view in table.views:
            yield f"\n- view `{view.name}`: {view.comment}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def main() -> int:
    """Writes the pages, or with ``--check`` names those that differ and answers 1."""
    made = pages()
    differing = [name for name, text in made.items() if _read(FOLDER / name) != text]
    if "--check" in sys.argv[1:]:
        for name in differing:
            print(f"docs/reference/{name} is not what the catalogues say; run `make reference`.")
        return 1 if differing else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in differing:
        (FOLDER / name).write_text(made[name])
    return 0


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
