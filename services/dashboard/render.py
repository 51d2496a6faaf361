"""Pages as HTML: every text is escaped, nothing stands inline that would run or style."""

import csv
import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.dashboard.board import Ready
from services.dashboard.commands import commands
from services.dashboard.pages import MENU
from services.dashboard.panels import House, Page, Shown
from services.dashboard.question import VERSUS, Question, address
from services.dashboard.sparks import spark
from services.reports.pack import Column, Table
from services.reports.page import bars, cell

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = HERE / "static"
FIRST_ROWS = 50
_HELD = 500
_NUMBERS = frozenset({"count", "number", "money", "share", "measured", "target", "days", "slip"})
_GOOD = {"met", "green", "within", "satisfied", "comes in", "as reported", "approved", "completed", "reached"}
_WARN = {"warning", "amber", "medium", "open", "acknowledged", "cured late", "on-hold", "deferred", "proposed"}
_BAD = {"not met", "red", "critical", "high", "violated", "falls out", "rejected", "cancelled", "unauthorised"}
_CHIPS = frozenset({"met", "rag", "computed", "severity", "state", "verdict", "status", "what", "result", "of",
                    "rests_on"})  # fmt: skip


class Renderer:
    """Makes HTML and CSV of what is ready."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._held: OrderedDict[Any, tuple[Any, str]] = OrderedDict()
        self.version = _digest_of_static()

    def page(self, page: Page, question: Question, ready: list[Ready], around: Mapping[str, Any]) -> str:
        """A whole page."""
        return self.template("page.html", page=page, question=question, ready=ready, **around,
                             commands=commands(page.path, question),
                             panel_html=lambda each: self.panel(page, question, each))  # fmt: skip

    def panel(self, page: Page, question: Question, ready: Ready) -> str:
        """One panel; the same HTML as long as its parts are the same."""
        key = (page.path, ready.panel.name, question)
        version = (ready.version, ready.problem, ready.waiting)
        held = self._held.get(key)
        if held is not None and held[0] == version:
            return held[1]
        made = self.template("panel.html", page=page, question=question, ready=ready)
        self._held[key] = (version, made)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
        return made

    def template(self, name: str, **values: Any) -> str:
        """A template with what all of them know."""
        settings = self._house.settings
        common = {"menu": MENU, "organisation": settings.organisation, "simulated": settings.simulated,
                  "version": self.version, "zone": settings.time_zone, "versus": VERSUS}  # fmt: skip
        return self._environment.get_template(name).render(**common, **values)

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        environment.globals.update(
            cell=lambda column, row, currency: cell(column, row, {}, currency),
            is_number=lambda column: column.kind in _NUMBERS,
            tone=tone, link=link, to=_to, spark=spark, bars=bars, data=_data, first_rows=FIRST_ROWS,
            stream_link=stream_link,
        )  # fmt: skip
        return environment


def _to(question: Question, path: str, **more: str) -> str:
    """The address of another page with the same two times and unit."""
    return address(path, {**question.common(), **{name: value for name, value in more.items() if value}})


def _data(value: Any) -> str:
    """JSON for an element of data: nothing in it ends the element."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def tone(column: Column, row: Mapping[str, Any]) -> str:
    """good, warn or bad, where a cell says something of the kind; chip where it is a word of few."""
    value = row.get(column.field)
    if column.kind == "slip" and value:
        return "bad" if int(value) > 0 else "good"
    if column.field not in _CHIPS or not value:
        return ""
    word = str(value)
    if word in _GOOD or word.startswith("change "):
        return "chip good"
    if word in _WARN:
        return "chip warn"
    return "chip bad" if word in _BAD or word.startswith("cut") else "chip"


def link(question: Question, column: Column, row: Mapping[str, Any]) -> str:
    """Where a cell leads: to its project, control or unit."""
    value = str(row.get(column.field) or "")
    if not value:
        return ""
    if column.field == "project":
        return _to(question, f"/project/{value}")
    if column.field == "control" and " " not in value:
        return _to(question, f"/control/{value.lower()}")
    return stream_link(question, value) if column.kind == "stream" else ""


def stream_link(question: Question, stream: str) -> str:
    """The page of a stream, or of the project that it belongs to; empty where there is none."""
    kind, _, keys = stream.partition(":")
    key = keys.partition("/")[0]
    if kind in ("project", "work", "demand") and key:
        return _to(question, f"/project/{key}")
    if kind == "control" and key:
        return _to(question, f"/control/{key.lower()}")
    return _to(question, f"/kpi/{key.lower()}") if kind == "kpi" and key else ""


def as_csv(table: Table) -> str:
    """A table with its values as they are: no thousands apart, nothing rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fields = [column.field for column in table.columns]
    more = [name for name in ("measure",) if any(name in row for row in table.rows)]
    writer.writerow([*fields, *more])
    writer.writerows([[_csv(row.get(name)) for name in (*fields, *more)] for row in table.rows])
    return out.getvalue()


def _csv(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "@", "-", "\t") and not _is_number(value):
        # a spreadsheet would take it for a formula
        return f"'{value}"
    return "" if value is None else ";".join(map(str, value)) if isinstance(value, list | tuple) else value


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()


def tables_of(shown: Shown) -> list[Table]:
    """The tables that a panel can be downloaded as; its tiles are one."""
    return [*shown.tables, *([_tiles(shown)] if shown.tiles else []), *([_facts(shown)] if shown.facts else [])]


def _tiles(shown: Shown) -> Table:
    columns = tuple(Column(name, name) for name in ("kpi", "title", "standing", "value", "exact", "of", "n", "left_out",
                                                    "beside", "target", "met", "benchmark", "change"))  # fmt: skip
    rows = tuple(
        {"kpi": t.kpi, "title": t.title, "target": t.target, "benchmark": t.benchmark,
         **{name: getattr(f, name) for name in ("standing", "value", "exact", "of", "n", "left_out", "beside", "met",
                                                "change")}}
        for t in shown.tiles
        for f in t.figures
    )  # fmt: skip
    return Table("tiles", "KPIs", columns, ("kpi", "standing"), rows)


def _facts(shown: Shown) -> Table:
    columns = (Column("name", "name"), Column("value", "value"), Column("hint", "hint"))
    return Table("facts", "In short", columns, ("name",),
                 tuple({"name": f.name, "value": f.value, "hint": f.hint} for f in shown.facts))  # fmt: skip


def _digest_of_static() -> str:
    found = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]
