"""The tables and views, read from ``tables/*.sql``: what each is, what fills it, what reads it.

A file has one table (``-- @create``, with ``{table}`` for its name), at most one SELECT that fills it from events
(``-- @fill KIND ...`` or ``*``, with ``{source}`` for what it reads), and views: ``-- @view NAME``, or ``-- @state
NAME`` for one whose rows are kept for every moment too, see `kept`. Further views of a table may stand apart by
subject, in files named ``TABLE.SUBJECT.sql``. A table of some kinds takes the types that this program knows, so that a
later version of one is never read by the rules of an earlier; a program that knows another type has another table. It
stands under its definition's hash behind a plain view of its own name, so that two versions of the program can run side
by side and a rebuild can swap.

In a view, ``{project_events}`` stands for that table's records which count at both times, and ``{project_events |
CONDITION}`` for those of them that satisfy a cheap condition: it is checked before anything dear is. A view that reads
another one has it written out, see `inlining`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from schemas.catalogue import EVENTS
from services.projections.inlining import PARAM, written_out

FOLDER = Path(__file__).parent / "tables"
OWNER = "definitions"
"""The table of whose the database is, and which definitions were in use since when."""
_LIVE = re.compile(r"\{(\w+)(?: \| ([^{}]+))?\}")
NOTHING: Mapping[str, str] = MappingProxyType({})
_CALLED = re.compile(r"\b(?:FROM|JOIN|IN)\s+(\w+)\s*\(")
_KEYED = "version UInt32,"
_RECORD = "record UInt64 MATERIALIZED sipHash64(stream, version)"
_SECTION = re.compile(r"^-- @(create|fill|view|state)\b *(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class View:
    """A named query; parameters are written ``{name:Type}``."""

    name: str
    text: str
    comment: str
    is_state: bool = False

    @property
    def select(self) -> str:
        """The query, with the records that count and the views that it reads written out."""
        return flat(self.of_records)

    @property
    def of_records(self) -> str:
        """The query, with the records that count written out."""
        return _LIVE.sub(lambda found: live(found[1], found[2]), self.text)

    @property
    def params(self) -> dict[str, str]:
        """Its parameters by name, each with its type."""
        return dict(PARAM.findall(self.select))

    def create(self) -> str:
        """The statement that makes it or puts it in the place of an older one."""
        return f"CREATE OR REPLACE VIEW {self.name} AS {self.select}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, with the one SELECT that fills it from events; `kinds` empty means from all of them."""

    name: str
    ddl: str
    fill: str | None
    kinds: tuple[str, ...]
    views: tuple[View, ...]
    comment: str

    @property
    def physical(self) -> str:
        """The name that it stands under: its own and the hash of what it is and what fills it."""
        return f"{self.name}__{digest(self._ddl, self.fill or '')}"

    @property
    def _ddl(self) -> str:
        """With the column `record`: looking up one number is ten times as fast as stream and version.

        SipHash, since nobody must be able to make up a stream whose record counts for one that was superseded.
        """
        return self.ddl.replace(_KEYED, f"{_KEYED}\n    {_RECORD},", 1)

    def create(self, name: str | None = None) -> str:
        """The statement that makes it under `name`, by default its physical one."""
        return self._ddl.replace("CREATE TABLE {table}", f"CREATE TABLE IF NOT EXISTS {name or self.physical}")

    def select_from(self, source: str) -> str:
        """The SELECT that fills it, reading `source` (``events``, or a batch with the same columns)."""
        return (self.fill or "").replace("{source}", source)

    def takes(self, kinds: set[str]) -> bool:
        """Whether records of these kinds can make rows of it."""
        return self.fill is not None and (not self.kinds or not kinds.isdisjoint(self.kinds))


def digest(*parts: str) -> str:
    """A short hash of what something is made by, whatever its layout."""
    text = "\n".join(" ".join(part.split()) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _parsed(path: Path) -> Table:
    name = path.stem.split("_", 1)[1].partition(".")[0]
    text = path.read_text()
    marks = list(_SECTION.finditer(text))
    comment = _comment(text[: marks[0].start()])
    ddl, fill, kinds, views = "", None, (), []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else len(text)].strip()
        match mark[1]:
            case "create":
                ddl = body
            case "fill":
                kinds = () if mark[2].strip() == "*" else tuple(mark[2].split())
                fill = _code(body).replace("{source}", _of_known_types(kinds) if kinds else "{source}")
            case _:
                views.append(View(mark[2].strip(), _code(body), _comment(body), mark[1] == "state"))
    return Table(name, ddl, fill, kinds, tuple(views), comment)


def _of_known_types(kinds: Iterable[str]) -> str:
    known = ", ".join(f"'{event.type_name}'" for event in EVENTS if event.kind in kinds)
    return f"(SELECT * FROM {{source}} WHERE type IN ({known}))"


def _comment(text: str) -> str:
    return " ".join(line[2:].strip() for line in text.splitlines() if line.startswith("--"))


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


@cache
def tables() -> tuple[Table, ...]:
    """All tables, in the order in which they and their views are made."""
    found: dict[str, Table] = {}
    # by stem: the file of the table itself comes before those of its subjects
    for path in sorted(FOLDER.glob("*.sql"), key=lambda each: each.stem):
        part = _parsed(path)
        whole = found.get(part.name)
        found[part.name] = replace(whole, views=whole.views + part.views) if whole else part
    return tuple(found.values())


@cache
def table(name: str) -> Table:
    """The table of this name."""
    return next(t for t in tables() if t.name == name)


@cache
def view_of(name: str) -> View:
    """The view of this name."""
    return _by_name()[name]


def flat(sql: str, instead: Mapping[str, str] = NOTHING) -> str:
    """A query over views with their SELECTs written out, so that it reads tables only; `instead` of some views."""
    called = {name for name in _CALLED.findall(sql) if name in _by_name()}
    return written_out(sql, {n: instead.get(n) or flat(_by_name()[n].of_records, instead) for n in called})


@cache
def _by_name() -> dict[str, View]:
    return {view.name: view for t in tables() for view in t.views}


def of_kinds(kinds: Iterable[str]) -> str:
    """A condition for streams of these kinds that the order of `events` answers without reading the others."""
    # ';' follows ':' in ASCII
    ranges = [f"(stream >= '{kind}:' AND stream < '{kind};')" for kind in sorted(kinds)]
    return f"({' OR '.join(ranges)})" if ranges else "1"


def live(name: str, condition: str | None) -> str:
    """The records of a table that count at both times, and satisfy a condition if there is one."""
    corrections = table("corrections")
    dead = corrections.views[0].text.replace("FROM corrections", f"FROM {corrections.physical}")
    also = f"\n    AND {condition}" if condition else ""
    return f"""(
    SELECT * FROM {table(name).physical}
    PREWHERE k <= {{as_of_k:Int64}}
    AND if({{basis:String}} = 'reported', reported_at, recorded_at) <= {{known_at:DateTime64(3, 'UTC')}}{also}
    WHERE record NOT IN (SELECT sipHash64(stream, version) FROM ({dead})))"""


@cache
def fingerprint() -> str:
    """A hash of every definition: the same means that nothing has to be made anew."""
    parts = [t.physical for t in tables()] + [v.create() for t in tables() for v in t.views]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
