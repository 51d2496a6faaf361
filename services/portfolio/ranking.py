"""Open proposals in the order of their scores, down to where budget or capacity ends, and what if that were otherwise.

The order: score, then value density (expected value per unit of cost), then code. From the top down each proposal is
taken if what is left of budget and capacity suffices; one that does not fit is cut by the first limit that it breaks,
and smaller ones below it may still fit. The cut line stands above the first that does not fit. What is unscored, or has
no budget or no exchange rate for it, comes last and is never taken: no limit can be checked of it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pydantic import ValidationError

from schemas.event import reason_of
from schemas.project import Proposed
from services.commands.project import scoring
from services.commands.project.scoring import ScoringModel, Unscorable, Weighing
from services.errors import BadInput, NotFound
from services.projections.clickhouse import ClickHouse
from services.projections.figures import NoRate
from services.projections.queries import ask
from services.projections.scope import Scope

Cut = Literal["", "budget", "capacity", "unscored", "no budget", "no rate"]
ORDER = "by score, then value per cost, then code; each is taken if what is left of budget and capacity suffices"
_CENT = Decimal("0.01")
_GROUPED = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")


@dataclass(frozen=True, slots=True)
class Proposal:
    """An open proposal; `cost` and `value` in the reporting currency, `hours` of its open placeholders.

    `model` says which model and version scored it; `computed` that the score is not recorded but was computed now;
    `recorded` the place that it was last given; `problem` that its budget cannot be converted.
    """

    project: str
    name: str
    unit: str
    status: str
    score: Decimal | None
    model: str
    computed: bool
    cost: Decimal | None
    value: Decimal | None
    hours: Decimal
    recorded: str = ""
    problem: NoRate | None = None

    @property
    def density(self) -> Decimal | None:
        """Expected value per unit of cost; None where one of the two is unknown."""
        return None if self.value is None or not self.cost else (self.value / self.cost).quantize(_CENT)


@dataclass(frozen=True, slots=True)
class Limits:
    """What can be taken; None: no limit. `without` names projects that are left aside."""

    budget: Decimal | None = None
    capacity: Decimal | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A proposal's place; `spent` and `used` are cost and hours of all taken down to here."""

    rank: int
    proposal: Proposal
    within: bool
    cut_by: Cut
    spent: Decimal
    used: Decimal


@dataclass(frozen=True, slots=True)
class Ranking:
    """All places, and the rank above which the cut line stands: None where all fit."""

    limits: Limits
    places: tuple[Place, ...]
    cut_line: int | None
    formula: str

    @property
    def taken(self) -> frozenset[str]:
        """The projects within."""
        return frozenset(place.proposal.project for place in self.places if place.within)


@dataclass(frozen=True, slots=True)
class Change:
    """What another set of limits changes: these come in, these fall out and by which limit."""

    comes_in: tuple[Place, ...]
    falls_out: tuple[tuple[Place, str], ...]


def proposals(clickhouse: ClickHouse, scope: Scope) -> tuple[list[Proposal], ScoringModel]:
    """The open proposals, and the model by which those without a recorded score are scored."""
    model = _model(clickhouse, scope)
    return [_proposal(row, model) for row in ask(clickhouse, "pipeline", scope)], model


def rank(found: Sequence[Proposal], limits: Limits, formula: str = "") -> Ranking:
    """The ranking within these limits. Raises NotFound for a project to leave aside that is no open proposal."""
    known = {proposal.project for proposal in found}
    if unknown := sorted(limits.without - known):
        raise NotFound(f"There is no open proposal {unknown[0]!r} to be left aside; 'pmo portfolio rank' lists them.")
    spent = used = Decimal(0)
    places: list[Place] = []
    for proposal in sorted(found, key=_order):
        if proposal.project in limits.without:
            continue
        cut = _cut(proposal, limits, spent, used)
        if not cut and proposal.cost is not None:
            spent, used = spent + proposal.cost, used + proposal.hours
        places.append(Place(len(places) + 1, proposal, not cut, cut, spent, used))
    line = next((place.rank for place in places if not place.within), None)
    return Ranking(limits, tuple(places), line, formula)


def compared(base: Ranking, case: Ranking) -> Change:
    """What comes in and what falls out of `case`, against `base`."""
    now = {place.proposal.project: place for place in case.places}
    fallen = [place for place in base.places if place.within and place.proposal.project not in case.taken]
    return Change(
        comes_in=tuple(place for place in case.places if place.within and place.proposal.project not in base.taken),
        falls_out=tuple(
            (place, now[place.proposal.project].cut_by if place.proposal.project in now else "left aside")
            for place in fallen
        ),
    )


def limit(said: Sequence[str], option: str) -> tuple[Decimal | None, Decimal | None]:
    """The base case's limit and the what-if's, from ``2000000`` and then ``+10%``, ``-50000`` or another amount.

    Raises BadInput.
    """
    base = case = None
    for place, text in enumerate(said):
        change = _number(text, option)
        if change.relative and base is None:
            raise BadInput(
                f"{option}: {text!r} changes a base case, so give that first: {option} 2000000 {option} +10%."
            )
        if place > 1:
            raise BadInput(f"{option}: give the base case and at most one change of it.")
        if base is None:
            base = case = change.amount
        else:
            case = change.of(base)
    if case is not None and case < 0:
        raise BadInput(f"{option}: that leaves less than nothing; give a smaller change.")
    return base, case


@dataclass(frozen=True, slots=True)
class _Said:
    amount: Decimal
    relative: bool
    percent: bool

    def of(self, base: Decimal) -> Decimal:
        if not self.relative:
            return self.amount
        return (base * (1 + self.amount / 100) if self.percent else base + self.amount).quantize(_CENT)


def _number(text: str, option: str) -> _Said:
    # a comma between thousands only: 2,5 is no 25
    word = _GROUPED.sub("", text.replace(" ", ""))
    percent = word.endswith("%")
    try:
        amount = Decimal(word.removesuffix("%"))
    except ArithmeticError:
        amount = Decimal("NaN")
    relative = word[:1] in ("+", "-")
    if not amount.is_finite() or abs(amount) >= 10**14 or (percent and not relative):
        raise BadInput(f"{option}: {text!r} is not an amount; write one like 2000000, or a change like +10% or -50000.")
    return _Said(amount, relative, percent)


def problems(ranking: Ranking) -> list[NoRate]:
    """What keeps a place in the ranking from being ranked by its cost: the exchange rates that are missing."""
    return [place.proposal.problem for place in ranking.places if place.proposal.problem]


def _order(proposal: Proposal) -> tuple[bool, Decimal, Decimal, str]:
    unranked = proposal.score is None or proposal.cost is None
    return unranked, -(proposal.score or Decimal(0)), -(proposal.density or Decimal(0)), proposal.project


def _cut(proposal: Proposal, limits: Limits, spent: Decimal, used: Decimal) -> Cut:
    if proposal.score is None:
        return "unscored"
    if proposal.problem is not None:
        return "no rate"
    if proposal.cost is None:
        return "no budget"
    if limits.budget is not None and spent + proposal.cost > limits.budget:
        return "budget"
    if limits.capacity is not None and used + proposal.hours > limits.capacity:
        return "capacity"
    return ""


def _model(clickhouse: ClickHouse, scope: Scope) -> ScoringModel:
    found = ask(clickhouse, "scoring_model", scope)
    name = scoring.BUILT_IN.name
    if not found:
        return scoring.BUILT_IN
    try:
        return ScoringModel(name=name, **dict(Weighing.model_validate_json(found[0]["value"])))
    except ValidationError as error:
        raise BadInput(
            f"The setting SCORING.{name} is no scoring model ({reason_of(error)}); correct it by 'pmo setting set'."
        ) from None


def _proposal(row: dict[str, Any], model: ScoringModel) -> Proposal:
    budget, rate = row["budget"], row["rate"]
    problem = None
    if budget is not None and rate is None:
        currency, _, day = str(row["missing"]).partition(" ")
        problem = NoRate(currency, day, f", which {row['project']} needs")
    score, computed = row["score"], False
    by = f"{row['model']} v{row['model_version']}"
    if score is None:
        score, computed, by = _computed(row, model), True, f"{model.name} v{model.version}"
    value = row["value"]
    in_reporting = rate if row["proposed_currency"] == row["currency"] else None
    return Proposal(
        project=str(row["project"]),
        name=str(row["name"]),
        unit=str(row["unit"]),
        status=str(row["status"]),
        score=score,
        model=by if score is not None else "",
        computed=computed and score is not None,
        cost=None if budget is None or problem else _money(Decimal(budget) * Decimal(rate)),
        value=None if value is None or in_reporting is None else _money(Decimal(value) * Decimal(in_reporting)),
        hours=Decimal(row["hours"] or 0).quantize(_CENT),
        recorded=_recorded(row),
        problem=problem,
    )


def _recorded(row: dict[str, Any]) -> str:
    if not row["last_ranking"]:
        return ""
    how = f"cut by {row['last_cut']}" if row["last_cut"] else "within"
    return f"{row['last_ranking']}: {row['last_rank']}, {how}"


def _computed(row: dict[str, Any], model: ScoringModel) -> Decimal | None:
    if not row["proposed_currency"]:
        # approved without ever being proposed: there is nothing to score
        return None
    proposal = Proposed(
        name=row["name"],
        unit=row["unit"],
        sponsor=None,
        manager=None,
        proposed_by=None,
        gate_route=None,
        contributions=dict(row["contributions"]),
        size=None,
        value=row["value"],
        risk=row["risk"],
        planned_start=None,
        planned_finish=None,
        budget=row["proposed_budget"],
        currency=row["proposed_currency"],
    )
    try:
        return scoring.scored(proposal, model)[0]
    except Unscorable:
        return None


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)


def recordable(ranking: Ranking) -> tuple[list[dict[str, Any]], Collection[str]]:
    """The fields of a ``project rank`` command for each place, and the projects that no limit could be checked of."""
    fields = [
        {
            "project": place.proposal.project,
            "rank": place.rank,
            "within": place.within,
            **({} if place.within else {"cut_by": place.cut_by}),
        }
        for place in ranking.places
        if place.cut_by in ("", "budget", "capacity")
    ]
    recorded = {str(row["project"]) for row in fields}
    return fields, [p.proposal.project for p in ranking.places if p.proposal.project not in recorded]
