"""Which commands of ``pmo`` print what a page shows, for the same question."""

import shlex
from collections.abc import Callable, Iterable, Mapping

from services.dashboard.pages.groups import BOTTLENECK_KPIS, STANDARD_KPIS
from services.dashboard.question import Question

_AT = ("as_of", "known_at", "known_basis")
_OF_UNIT = (*_AT, "unit")
_OF_PERIOD = (*_OF_UNIT, "from", "to")
_PACK, _FIGURES = "report -o report.html", "report --json"
"""The pack given to a committee, which is recorded; and its figures alone, which is not."""


def commands(path: str, question: Question) -> tuple[str, ...]:
    """The commands of the page at this address, each as a line for a shell."""
    kind, _, name = path.strip("/").partition("/")
    return tuple(f"pmo {line}" for line in _OF[kind](question, name))


def _line(command: str, question: Question, names: Iterable[str], more: Mapping[str, str] | None = None) -> str:
    given = question.params()
    said = {name: given.get(name, "") for name in names} | dict(more or {})
    words = [f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in said.items() if value]
    return " ".join((command, *words))


def _overview(question: Question, _: str) -> list[str]:
    return [_line("kpi", question, _OF_PERIOD)]


def _attention(question: Question, _: str) -> list[str]:
    return [_line("finding list", question, _OF_UNIT), _line(_FIGURES, question, _OF_UNIT)]


def _portfolio(question: Question, _: str) -> list[str]:
    return [_line("portfolio list", question, _OF_UNIT), _line(_FIGURES, question, _OF_UNIT)]


def _listing(question: Question, _: str) -> list[str]:
    return [_line("portfolio list", question, _OF_UNIT)]


def _capacity(question: Question, _: str) -> list[str]:
    return [_line("capacity", question, _OF_PERIOD, {"by": question.get("by", "role")})]


def _project(question: Question, code: str) -> list[str]:
    return [_line(f"history {shlex.quote(f'project:{code}')}", question, ("as_of", "known_at"))]


def _changes(question: Question, _: str) -> list[str]:
    return [_line(_FIGURES, question, _OF_UNIT)]


def _pipeline(question: Question, _: str) -> list[str]:
    limits = "".join(
        f" --{name.partition('_')[0]} {shlex.quote(value)}"
        for name in ("budget", "budget_then", "capacity", "capacity_then")
        if (value := question.get(name))
    )
    aside = question.get("without").replace(",", " ").split()
    without = "".join(f" --without {shlex.quote(code)}" for code in aside)
    return [_line(f"portfolio rank{limits}{without}", question, _OF_UNIT)]


def _compliance(question: Question, _: str) -> list[str]:
    return [_line("audit --by unit", question, _OF_UNIT)]


def _control(question: Question, control: str) -> list[str]:
    if question.first:
        return [_line(f"audit backtest {control}", question, _OF_PERIOD),
                _line(f"explain {control}", question, _OF_PERIOD)]  # fmt: skip
    return [_line(f"audit {control} --by unit", question, _OF_UNIT), _line(f"explain {control}", question, _OF_UNIT)]


def _grouped(pairs: Iterable[tuple[str, str]]) -> Callable[[Question, str], list[str]]:
    def lines(question: Question, _: str) -> list[str]:
        return [_line(f"kpi {name}", question, _OF_PERIOD, {"by": by}) for name, by in pairs]

    return lines


def _steering(question: Question, _: str) -> list[str]:
    return [_line("report list", question, _OF_UNIT), _line(_PACK, question, _OF_UNIT)]


def _kpi(question: Question, name: str) -> list[str]:
    found = [_line(f"kpi {name}", question, _OF_PERIOD)]
    if by := question.get("by"):
        found.append(_line(f"kpi {name}", question, _OF_PERIOD, {"by": by}))
    if question.first:
        every = {"every": question.get("every", "month")}
        found.append(_line(f"kpi trend {name}", question, _OF_PERIOD, every))
    period = _line(f"benchmark {name} --by period", question, _OF_PERIOD)
    return [*found, period, _line(f"explain {name}", question, _OF_PERIOD)]


_OF: Mapping[str, Callable[[Question, str], list[str]]] = {
    "": _overview,
    "attention": _attention,
    "portfolio": _portfolio,
    "projects": _listing,
    "project": _project,
    "capacity": _capacity,
    "changes": _changes,
    "pipeline": _pipeline,
    "compliance": _compliance,
    "control": _control,
    "bottlenecks": _grouped(BOTTLENECK_KPIS),
    "standards": _grouped(STANDARD_KPIS),
    "steering": _steering,
    "kpi": _kpi,
}
