"""Controls: one YAML file each, an audit rule as data, compiled to one SELECT over views.

A control's occasions are what activated it. Each is satisfied, violated, cured late, or without evidence: a source's
state that implies an activation, whose decisions are not recorded here, is neither a pass nor a finding.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from services.errors import BadInput, NotFound, meant
from services.projections import templates, templates_counting
from services.projections.rules import (
    Absence,
    Existence,
    Limit,
    NotMoreThan,
    Periodic,
    Precedence,
    Response,
    Rule,
    Segregation,
    ValidWhile,
    log_of,
)
from services.projections.templates import RESULTS, Binder, Parts, view
from services.yamlfile import Document

FOLDER = Path(__file__).parent / "controls"
Kind = Literal["project", "adoption", "workload", "timesheet", "person", "business-unit"]
Severity = Literal["low", "medium", "high", "critical"]
Line = Annotated[str, Field(min_length=1, max_length=1000)]


OBSERVED, GONE = "", "withdrawn"


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of stream that controls can be about: what is shown of it, as aggregates over its log.

    `step` is the last step of its life cycle: `OBSERVED` before the first one, `GONE` if it counts nowhere. Where a
    view says all that of each stream, `state` asks it for owner, unit, label and standing (`GONE` for that one).
    """

    reads: tuple[str, ...] = ()
    unit: str = "''"
    label: str = "''"
    step: str = "'governed'"
    state: str = ""


SUBJECTS = {
    "project": Subject(
        state="SELECT stream AS owner, ifNull(unit, '') AS unit, ifNull(name, '') AS label,"
        f" if(status = '{GONE}', '{GONE}', standing) AS standing FROM {view('projects')}"
    ),
    "adoption": Subject(reads=(), unit="any(log.unit)", label="any(log.standard)", step="'mandated'"),
    "business-unit": Subject(
        reads=("registered", "renamed"),
        unit="substring(log.stream, 15)",
        label="argMaxIf(tuple(log.name), k, happened IN ('registered', 'renamed')).1",
        step="'registered'",
    ),
    "person": Subject(
        reads=("joined", "moved"),
        unit="argMaxIf(tuple(log.unit), k, happened IN ('joined', 'moved')).1",
        label="substring(log.stream, 8)",
        step="'joined'",
    ),
}
_OWNERS = {"project": "project", "workload": "person", "timesheet": "person", "person": "person"}
"""Whose unit answers for what a view of occasions says of such a kind; of the others, the view says the unit."""


class Control(BaseModel):
    """A control as its file gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    number: Annotated[int, Field(ge=1, description="The catalogue's number")]
    title: Line
    why: Line
    subjects: Kind
    severity: Severity
    owner: Line
    since: date
    version: Annotated[int, Field(ge=1)]
    rule: Rule
    settings: dict[str, Annotated[str, Field(pattern=r"^THRESHOLD\.[A-Z0-9._-]+$")]] = Field(
        default={}, description="Which setting, where it is set, stands in the place of which of the rule's numbers"
    )

    @model_validator(mode="after")
    def _of_the_rule(self) -> Self:
        for place in self.settings:
            name, _, key = place.partition(".")
            held = getattr(self.rule, name, None)
            held = held.get(key) if isinstance(held, dict) else held
            if isinstance(held, bool) or not isinstance(held, int | float):
                raise ValueError(f"settings: the rule has no number {place!r}")
        return self

    _text: str = PrivateAttr(default="")

    @property
    def template(self) -> str:
        """The rule's template."""
        return self.rule.template

    @property
    def text(self) -> str:
        """The file's own words."""
        return self._text

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, whatever the file's layout and comments."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def under(self, said: Mapping[str, int | float]) -> "Control":
        """The control with the numbers that these settings put in the place of its own."""
        rule = self.rule
        for place, setting in self.settings.items():
            if setting in said:
                name, _, key = place.partition(".")
                value = {**getattr(rule, name), key: said[setting]} if key else said[setting]
                rule = rule.model_copy(update={name: value})
        return self.model_copy(update={"rule": rule})


@cache
def load_controls(folder: Path = FOLDER) -> dict[str, Control]:
    """All controls of a folder, by id, in the order of their numbers. Raises BadInput with file, line and reason."""
    found: dict[str, Control] = {}
    numbers: dict[int, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        document, control = _read(path, path.read_bytes())
        if control.id in found or control.number in numbers:
            key, other = ("id", control.id) if control.id in found else ("number", numbers[control.number])
            raise document.error(document.line_of([key]), f"{key}: {other} has it already")
        found[control.id] = control
        numbers[control.number] = control.id
    return dict(sorted(found.items(), key=lambda item: item[1].number))


def _read(path: Path, data: bytes) -> tuple[Document, Control]:
    document = Document(path, data, "a control", ours=path.parent == FOLDER)
    control = _parsed(document)
    control._text = data.decode("utf-8-sig")
    return document, control


def controls_with(folder: Path | None = None) -> dict[str, Control]:
    """The shipped controls and those of a folder of one's own, which give no id or number again."""
    shipped = load_controls()
    if folder is None:
        return shipped
    numbers = {control.number: control for control in shipped.values()}
    own = load_controls(folder)
    for control in own.values():
        if taken := shipped.get(control.id) or numbers.get(control.number):
            key = "id" if taken.id == control.id else "number"
            raise BadInput(f"{folder}: {key} of {control.id}: the shipped control {taken.id} has it already.")
    return {**shipped, **own}


def find_control(wanted: str, folder: Path | None = None) -> Control:
    """The control of this id or number, shipped or of one's own. Raises NotFound with the nearest ids."""
    controls = controls_with(folder)
    for control in controls.values():
        if wanted in (control.id, str(control.number)):
            return control
    raise NotFound(f"There is no control {wanted!r}; {meant(wanted, controls)}")


def read_control(path: Path, data: bytes | None = None) -> Control:
    """The control of one file, or of the words `data` that stand for it. Raises BadInput with file, line and reason."""
    return _read(path, path.read_bytes() if data is None else data)[1]


def _parsed(document: Document) -> Control:
    content = document.content
    kind = content.get("subjects") if isinstance(content, dict) else None
    try:
        # names are checked against the subjects' kind; if that is none, its own line is the first that is refused
        control = Control.model_validate(content, context={"kind": kind if kind in get_args(Kind) else "project"})
    except ValidationError as error:
        # pydantic puts the template's name into the place of an error, which the file does not have
        found = [{**e, "loc": _place(e["loc"])} for e in error.errors()]
        raise document.refused(found) from error  # type: ignore[arg-type]
    if control.subjects not in SUBJECTS and not isinstance(control.rule, ValidWhile | Limit):
        line = document.line_of(["subjects"])
        raise document.error(line, f"subjects: {control.template} can be about {' or '.join(SUBJECTS)} only")
    return control


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return (location[0], *location[2:]) if location[:1] == ("rule",) and len(location) > 1 else location


_NONE_BROKEN: dict[str, Any] = {"broken": []}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A control as SQL; it takes the scope's parameters beside its own."""

    source: str
    entry: str
    params: dict[str, Any]

    def occasions(self) -> str:
        """One row per activated occasion whose result is among ``{wanted:Array(UInt8)}``."""
        picked = "arrayFilter(x -> has({wanted:Array(UInt8)}, x.1), raw)"
        return (
            "SELECT unit, stream AS subject, label, standing,"
            " concat(stream, '/', toString(bitAnd(o.2.1, 1048575))) AS activating,"
            f" arrayElement({list(RESULTS)}, o.1 + 1) AS result, {templates.moment_of('o.2.1')} AS since,"
            " o.2.2 AS due, o.2.3 AS cured_at, o.2.4 AS evidence, o.2.5 AS detail "
            f"FROM (SELECT unit, stream, label, standing, arrayJoin(arrayMap(x -> (x.1, {self.entry}), {picked})) AS o"
            f" FROM ({self.source})) ORDER BY unit, label, subject, since, activating"
        )

    def scores(self, *, in_period: bool = False) -> str:
        """One row per unit and standing: `counts` of occasions by result, in the order of `RESULTS`.

        `in_period`: of those that were activated in the scope's period. `incomplete` counts the streams with occasions
        that are among ``{broken:Array(String)}``.
        """
        source = self.source
        if in_period:
            day = f"toDate32({templates.moment_of('x.2')}, {{tz:String}})"
            began = f"{day} BETWEEN {{period_from:Date32}} AND {{period_to:Date32}}"
            source = f"SELECT unit, stream, standing, arrayFilter(x -> {began}, raw) AS raw FROM ({source})"
        counts = ", ".join(f"countEqual(raw.1, {code})" for code in range(len(RESULTS)))
        return (
            f"SELECT unit, standing, sumForEach([{counts}]) AS counts,"
            " uniqExactIf(stream, notEmpty(raw) AND stream IN {broken:Array(String)}) AS incomplete"
            f" FROM ({source}) GROUP BY unit, standing HAVING arraySum(counts) > 0 ORDER BY unit, standing"
        )

    def of_units(self) -> "Compiled":
        """The same for ``{units:Array(String)}`` only."""
        return replace(self, source=f"SELECT * FROM ({self.source}) WHERE unit IN {{units:Array(String)}}")

    def of_subject(self) -> "Compiled":
        """The same for ``{subject:String}`` only."""
        return replace(self, source=f"SELECT * FROM ({self.source}) WHERE stream = {{subject:String}}")


def compiled(control: Control) -> Compiled:
    """The control's SQL."""
    bind = Binder()
    rule, kind = control.rule, control.subjects
    match rule:
        case ValidWhile():
            source, entry = templates.valid_while(rule)
            return Compiled(source, entry, _NONE_BROKEN)
        case Limit():
            owner = _OWNERS.get(kind)
            source, entry = templates_counting.limit(rule, bind, _heads(owner) if owner else None)
            return Compiled(source, entry, {**_NONE_BROKEN, **bind.params})
        case Precedence():
            parts = templates.precedence(rule, kind, bind)
        case Segregation():
            parts = templates.segregation(rule, kind, bind)
        case Periodic():
            parts = templates.periodic(rule, kind, bind)
        case Response():
            parts = templates.response(rule, kind, bind)
        case Absence():
            parts = templates_counting.absence(rule, kind, bind)
        case Existence():
            parts = templates_counting.existence(rule, kind, bind)
        case NotMoreThan():
            parts = templates_counting.not_more_than(rule, kind, bind)
    return Compiled(_by_stream(parts, SUBJECTS[kind], kind, bind), parts.entry, {**_NONE_BROKEN, **bind.params})


def _by_stream(parts: Parts, subject: Subject, kind: str, bind: Binder) -> str:
    columns = {"stream": "log.stream", **parts.arrays}
    read = bind.among(sorted(parts.reads | set(subject.reads)))
    log = f"{view(log_of(kind))} AS log {parts.joined} WHERE log.{read} GROUP BY log.stream"
    if subject.state:
        label = f"ifNull(nullIf(label, ''), substring(stream, {len(kind) + 2}))"
        source = (
            f"SELECT {', '.join(columns)}, unit AS its_unit, {label} AS its_label,"
            f" ifNull(nullIf(standing, ''), 'observed') AS its_standing FROM (SELECT {_listed(columns)} FROM {log})"
            f" AS told LEFT JOIN ({subject.state}) AS heads ON heads.owner = told.stream WHERE its_standing != '{GONE}'"
        )
    else:
        heads = {
            "its_unit": f"ifNull({subject.unit}, '')",
            "its_label": f"ifNull({subject.label}, substring(log.stream, {len(kind) + 2}))",
            "its_standing": _standing(subject),
        }
        source = f"SELECT {_listed({**columns, **heads})} FROM {log} HAVING its_standing != '{GONE}'"
    known = [*columns, "its_unit", "its_label", "its_standing"]
    for layer in parts.layers:
        # by name: ClickHouse takes longer to plan a chain of `*`, or of aliases, than to read the data
        source = f"SELECT {', '.join(known)}, {_listed(layer)} FROM ({source})"
        known += layer
    shown = ["its_unit AS unit", "stream", "its_label AS label", "its_standing AS standing"]
    return f"SELECT {', '.join([*shown, *parts.kept, f'{parts.raw} AS raw'])} FROM ({source})"


def _standing(subject: Subject) -> str:
    return f"transform({subject.step}, ['{OBSERVED}', '{GONE}'], ['observed', '{GONE}'], 'governed')"


def _heads(kind: str) -> str:
    """Unit, label and standing by owner."""
    subject = SUBJECTS[kind]
    return subject.state or (
        f"SELECT log.stream AS owner, ifNull({subject.unit}, '') AS unit, ifNull({subject.label}, '') AS label,"
        f" {_standing(subject)} AS standing"
        f" FROM {view(log_of(kind))} AS log WHERE log.happened IN {subject.reads} GROUP BY log.stream"
    )


def _listed(columns: dict[str, str]) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
