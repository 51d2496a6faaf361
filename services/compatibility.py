"""The compatibility gate: a released event does not change, and who would change it is told which readers break.

``python -m services.compatibility`` does what ``python -m schemas.generate`` does, which knows the contract only, and
adds to a refusal who reads the field: columns and views of tables, KPIs, controls, listings, commands and other code.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from schemas import generate
from schemas.catalogue import BY_TYPE
from services.commands.catalogue import COMMANDS
from services.projections.analysis import FOLDER as ANALYSIS
from services.projections.checking import compiled, load_controls
from services.projections.definitions import Table, flat, tables
from services.projections.kpi import load_kpis
from services.projections.queries import FOLDER as QUERIES

SERVICES = Path(__file__).parent
_SHOWN = 8
_QUOTED = re.compile(r"'[^']*'")


def readers(type_name: str, field: str) -> dict[str, list[str]]:
    """Who reads this field of `data`, by kind of reader: tables' columns, views, KPIs, controls, listings, code."""
    kind = type_name.split(".")[1]
    found: dict[str, list[str]] = {"column": [], "view": [], "KPI": [], "control": [], "listing": [], "code": []}
    for definition in (t for t in tables() if kind in t.kinds):
        columns = columns_of(definition, field)
        found["column"] += [f"{definition.name}.{column}" for column in columns]
        for sort, name, text in _texts():
            if definition.physical in text and any(re.search(rf"\b{column}\b", text) for column in columns):
                found[sort].append(name)
    event = BY_TYPE.get(type_name)
    found["code"] = list(_code(event.__name__, field)) if event else []
    return {sort: sorted(dict.fromkeys(names)) for sort, names in found.items() if names}


def columns_of(definition: Table, field: str) -> list[str]:
    """The columns of a table that are filled out of this field, also by way of names given on the way."""
    fill = definition.fill or ""
    items = [item for part in re.split(r"\bSELECT\b|\bWITH\b", fill) for item in _items(part)]
    named = {found[2]: found[1] for item in items if (found := re.match(r"(.*)\bAS (\w+)", item, re.DOTALL))}
    data = "|".join(name for name, text in named.items() if "JSONExtract(value, 'data', 'Tuple" in text)
    direct = re.compile(rf"\b({data or '-'})\.{field}\b|'data', '{field}'")
    reached = {name for name, text in named.items() if direct.search(text)}
    named = {name: _QUOTED.sub("''", text) for name, text in named.items()}
    while more := {n for n, text in named.items() if any(re.search(rf"\b{r}\b", text) for r in reached)} - reached:
        reached |= more
    return [c for c in re.findall(r"^ {4}(\w+) ", definition.ddl, re.MULTILINE) if c in reached]


def explained(refusal: generate.Frozen) -> str:
    """A refusal, with who would break."""
    fields = refusal.fields or tuple(getattr(BY_TYPE.get(refusal.type_name), "model_fields", ()))
    return " ".join([str(refusal), *(_told(field, readers(refusal.type_name, field)) for field in fields)])


def _told(field: str, found: Mapping[str, list[str]]) -> str:
    if not found:
        return f"Nothing here reads {field}; programs of others may."
    parts = [f"{sort} {_shortened(names)}" for sort, names in found.items()]
    return f"Who reads {field} breaks: {'; '.join(parts)}."


def _shortened(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


@cache
def _texts() -> tuple[tuple[str, str, str], ...]:
    """Every query of ours, as what it is, its name and its text over tables only."""
    found = [("view", view.name, view.select) for t in tables() for view in t.views]
    found += [("KPI", kpi.name, flat(kpi.sql)) for kpi in load_kpis().values()]
    found += [("control", control.id, flat(compiled(control).occasions())) for control in load_controls().values()]
    for folder in (QUERIES, ANALYSIS):
        found += [("listing", path.stem, flat(path.read_text())) for path in sorted(folder.glob("*.sql"))]
    return tuple(found)


def _items(text: str) -> Iterator[str]:
    """What a list names, at its commas outside of parentheses and strings."""
    depth, at = 0, 0
    for token in re.finditer(r"'[^']*'|[(),]|\nFROM ", text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] in (",", "\nFROM "):
            yield text[at : token.start()]
            at = token.end()
    yield text[at:]


def _code(event: str, field: str) -> Iterator[str]:
    paths = {f"{command.__module__}.{command.__name__}": command.path for command in COMMANDS}
    for file in sorted(SERVICES.rglob("*.py")):
        text = file.read_text()
        if not re.search(rf"\b{event}\b", text) or not re.search(rf"\b{field}\b", text):
            continue
        place = file.relative_to(SERVICES.parent)
        module = ".".join(place.with_suffix("").parts)
        for top in ast.parse(text).body:
            for line in _lines(top, event, field):
                command = paths.get(f"{module}.{getattr(top, 'name', '')}")
                yield f"{place}:{line}" + (f" ({command})" if command else "")


def _lines(top: ast.AST, event: str, field: str) -> Iterable[int]:
    """Where a field of something is read, or an event is made with it; `self` is a command's own."""
    for node in ast.walk(top):
        if isinstance(node, ast.Attribute) and node.attr == field:
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                yield node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == event:
            yield from (keyword.value.lineno for keyword in node.keywords if keyword.arg == field)


if __name__ == "__main__":
    sys.exit(generate.main(explained=explained))
