"""The gate before a contract is written: ``python -m services.compatibility [--check]``.

Does what `schemas.generate` does, and where that refuses a change of a released shape, says who reads the field: the
tables, views, KPIs and controls that would go wrong on the records that stand in the log, and the commands that set it.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas import generate
from schemas.catalogue import EVENTS
from schemas.event import Event, base_name
from services.commands.catalogue import COMMANDS
from services.projections.checking import load_controls
from services.projections.definitions import Table, tables
from services.projections.kpi import load_kpis

_FIELD = re.compile(r"properties\.data\.properties\.(\w+)")


def readers(type_name: str, field: str) -> list[str]:
    """Who reads this field of the events of a type, each in two words, such as ``KPI on-time``."""
    found = list(_of_tables(type_name, field))
    commands = [command for command in COMMANDS if field in command.model_fields and _makes(command, type_name)]
    return found + [f"command 'pmo {command.path}'" for command in commands]


def _of_tables(type_name: str, field: str) -> Iterator[str]:
    kind, happened = type_name.split(".")[1:3]
    for definition in tables():
        if definition.kinds == (kind,) and re.search(rf"\bd\.{field}\b", definition.fill or ""):
            yield f"table {definition.name}"
            yield from _of_views(definition, field, happened)


def _of_views(definition: Table, field: str, happened: str) -> Iterator[str]:
    views = {v.name for v in definition.views if re.search(rf"\b{field}\b", v.text) and f"'{happened}'" in v.text}
    others = {view.name: view.text for t in tables() for view in t.views}
    while further := {name for name, text in others.items() if name not in views and _calls(text, views)}:
        views |= further
    yield from (f"view {name}" for name in sorted(views))
    yield from (f"KPI {kpi.name}" for kpi in load_kpis().values() if _calls(kpi.sql, views))
    for control in load_controls().values():
        if {happened, field} <= set(re.findall(r"[\w-]+", str(control.rule))):
            yield f"control {control.id}"


def _calls(sql: str, views: set[str]) -> bool:
    return any(name in views for name in re.findall(r"\b(\w+)\s*\(", sql))


def _makes(command: type, type_name: str) -> bool:
    import inspect

    words = "".join(part.capitalize() for part in base_name(type_name).split(".")[2].split("-"))
    return re.search(rf"\.{words}\b|\.\w*{words}\(", inspect.getsource(command)) is not None


def explained(refused: generate.Frozen) -> str:
    """The sentence of the refusal, with who reads the field that would change."""
    said = str(refused)
    type_name, field = said.partition(" ")[0], _FIELD.search(said)
    reading = readers(type_name, field[1]) if field else []
    return f"{said} {field[1]} is read by {', '.join(reading)}." if field and reading else said


def main(arguments: list[str], folder: Path = generate.FOLDER, events: Iterable[type[Event]] = EVENTS) -> int:
    """Runs from the command line."""
    try:
        generate.files(folder, events)
    except generate.Frozen as refused:
        print(f"Error: {explained(refused)}", file=sys.stderr)
        return 1
    return generate.main(arguments, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
