"""What stands behind a control's result: its occasions, and the events that activated and decided each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.audit.run import Occasion, Score, check, scorecard, summed
from services.projections.checking import Control
from services.projections.clickhouse import ClickHouse
from services.projections.explain import Trace, traces
from services.projections.figures import named
from services.projections.house import thresholds
from services.projections.rules import Rule
from services.projections.scope import Scope

_WORST_FIRST = ("violated", "cured late", "satisfied", "no evidence")


@dataclass(frozen=True, slots=True)
class Case:
    """An occasion and the events that it rests on, the activating one first."""

    occasion: Occasion
    events: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A control's scores and `cases` of it; `of` tells how many there are in all.

    `rule` is the control's, with the numbers that `settings` put in the place of its own.
    """

    control: Control
    rule: Rule
    settings: Mapping[str, int | float]
    scores: tuple[Score, ...]
    cases: tuple[Case, ...]
    of: int


def explain(
    clickhouse: ClickHouse,
    control: Control,
    scope: Scope,
    subject: str | None = None,
    left_out: bool = False,
    most: int | None = None,
) -> Explanation:
    """The control's scores and the first `most` of its occasions, those that went against it first.

    Those without evidence too if asked for; both of one `subject` only.
    """
    said = thresholds(clickhouse, scope, control.settings.values())
    found = [
        occasion
        for occasion in check(clickhouse, control, scope, subject=subject)
        if left_out or subject is not None or occasion.result != "no evidence"
    ]
    found.sort(key=lambda occasion: _WORST_FIRST.index(occasion.result))
    shown = found if most is None else found[:most]
    ids = [tuple(dict.fromkeys((occasion.activating, *occasion.evidence))) for occasion in shown]
    known = traces(clickhouse, (event for each in ids for event in each))
    labels = named(clickhouse, [occasion.label for occasion in shown])
    details = named(clickhouse, [occasion.detail for occasion in shown])
    return Explanation(
        control=control,
        rule=control.under(said).rule,
        settings=said,
        scores=tuple(summed(scorecard(clickhouse, control, scope, subject), lambda score: score.control, "portfolio")),
        cases=tuple(
            Case(
                replace(occasion, label=label, detail=detail),
                tuple(known[event] for event in each if event in known),
            )
            for occasion, label, detail, each in zip(shown, labels, details, ids, strict=True)
        ),
        of=len(found),
    )
