"""KPIs of improvement, adoption, training and maturity worked out in plain Python, sharing nothing with the SQL."""

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.event import Record
from schemas.streams import keys_of
from tests.property.folds import get, happened, last
from tests.property.slow import Question, Records, Row, is_here, parts, role_of, unit_of


def is_last(told: Records, name: str, *others: str) -> bool:
    """Whether of these the last that happened is the first named."""
    found = last(told, name, *others)
    return found is not None and happened(found) == name


def row(unit: str, subject: str, excluded: str, numerator: Any, *by: str, ended: bool = True) -> Row:
    return Row(unit, subject, by, excluded, Fraction(numerator), Fraction(1), ended)


def improvements_on_time(question: Question) -> list[Row]:
    rows = []
    for stream, everything in question.by_kind["business-unit"].items():
        mine = [r for r in everything if happened(r) in ("improvement-planned", "improvement-done")]
        for told in parts(mine).values():
            plan, done = last(told, "improvement-planned"), last(told, "improvement-done")
            question.meets("done without a plan", plan is None)
            due = get(plan, "due")[0]
            if not question.covers(due) or question.meets("due after the as-of day", due > question.as_of):
                continue
            question.meets("planned for another day", len({get(r, "due")[0] for r in told} - {None}) > 1)
            question.meets("done on the day", done and question.local(done) == due)
            question.meets("done late", done and question.local(done) > due)
            question.meets("open", not done)
            rows.append(row(stream[14:], stream, "", done is not None and question.local(done) <= due))
    return rows


def assessments(question: Question) -> Iterator[tuple[str, Record, str]]:
    """A unit's stream, its last assessment in a model, and why the unit counts no more."""
    for stream, told in question.by_kind["business-unit"].items():
        reason = "unit merged" if last(told, "merged-into") else ""
        if is_last(told, "retired", "registered"):
            reason = "unit retired"
        else:
            question.meets("registered again", last(told, "retired") and last(told, "maturity-assessed"))
        mine = [r for r in told if happened(r) == "maturity-assessed"]
        question.meets("several models", len(parts(mine)) > 1)
        for assessed in parts(mine).values():
            question.meets("assessed again", len(assessed) > 1)
            yield stream, assessed[-1], reason


def maturity(question: Question) -> list[Row]:
    return [
        row(stream[14:], stream, reason, get(assessed, "level")[0], assessed.event.part)
        for stream, assessed, reason in assessments(question)
    ]


def maturity_gap(question: Question) -> list[Row]:
    rows = []
    for stream, assessed, reason in assessments(question):
        level, target = get(assessed, "level", "target")
        why = reason or ("no target" if target is None else "")
        question.meets("above the target", not why and level > target)
        rows.append(row(stream[14:], stream, why, 0 if why else target - level, assessed.event.part))
    return rows


class Adoption(NamedTuple):
    """`edition` is the standard's in force."""

    stream: str
    told: Records
    edition: Record | None
    is_withdrawn: bool

    def row(self, excluded: str, numerator: Any = 0, denominator: Any = 1, *, ended: bool = True) -> Row:
        standard, unit = keys_of(self.stream)
        return Row(unit, self.stream, (standard,), excluded, Fraction(numerator), Fraction(denominator), ended)


def adoptions(question: Question) -> Iterator[Adoption]:
    for stream, told in question.by_kind["adoption"].items():
        standard = question.by_kind["standard"].get(f"standard:{keys_of(stream)[0]}", [])
        edition = last(standard, "published", "revised")
        # what was never published cannot be withdrawn
        withdrawn = edition is not None and is_last(standard, "withdrawn", "published", "revised")
        yield Adoption(stream, told, edition, withdrawn)


def met(question: Question, adoption: Adoption) -> set[str]:
    """The requirements that the last assessment under the edition in force found met."""
    (edition,) = get(adoption.edition, "edition")
    everything = [r for r in adoption.told if happened(r) == "assessed"]
    under = [r for r in everything if get(r, "edition")[0] == edition]
    question.meets("assessed under another edition only", everything and not under)
    question.meets("assessed under another edition since", under and everything[-1] is not under[-1])
    if not question.meets("assessed", under):
        return set()
    assessed = under[-1]
    stance = last(adoption.told, "adopted", "abandoned")
    if stance and happened(stance) == "abandoned":
        if question.meets("abandoned since", stance.k > assessed.k):
            return set()
        question.meets("abandoned before the assessment", True)
    question.meets("abandoned, adopted again", is_last(adoption.told, "adopted") and last(adoption.told, "abandoned"))
    results = {each.requirement: each.result for each in get(assessed, "results")[0]}
    question.meets("partly met", "partly" in results.values())
    asked_for = {each.id for each in get(adoption.edition, "requirements")[0]}
    question.meets("a requirement that was not assessed", asked_for - results.keys())
    question.meets("more than the edition asks for", results.keys() - asked_for)
    return {each for each, result in results.items() if result == "met"}


def adoption_rate(question: Question) -> list[Row]:
    rows = []
    for adoption in adoptions(question):
        told, waiver = adoption.told, last(adoption.told, "waived", "waiver-ended")
        reason = ""
        if is_last(told, "not-applicable", "mandated"):
            reason = "not applicable"
        elif not last(told, "mandated"):
            reason = "not mandated"
        elif adoption.edition is None:
            reason = "no edition in force"
        elif adoption.is_withdrawn:
            reason = "standard withdrawn"
        elif waiver and happened(waiver) == "waived" and get(waiver, "until")[0] >= question.as_of:
            question.meets("waived for the last day", get(waiver, "until")[0] == question.as_of)
            reason = "waived"
        if reason:
            rows.append(adoption.row(reason))
            continue
        question.meets("no longer waived", waiver and happened(waiver) == "waived")
        question.meets("waiver ended", waiver and happened(waiver) == "waiver-ended")
        requirements = get(adoption.edition, "requirements")[0]
        found = met(question, adoption)
        question.meets("heavier than others", len({r.weight for r in requirements}) > 1 and found)
        rows.append(
            adoption.row("", sum(r.weight for r in requirements if r.id in found), sum(r.weight for r in requirements))
        )
    return rows


def technology_usage(question: Question) -> list[Row]:
    rows = []
    for adoption in adoptions(question):
        if get(adoption.edition, "standard_kind")[0] != "technology":
            question.meets("another kind", last(adoption.told, "usage-measured"))
            continue
        everything = [r for r in adoption.told if happened(r) == "usage-measured"]
        measured = [r for r in everything if question.covers(question.local(r))]
        question.meets("measured after the period too", measured and everything[-1] is not measured[-1])
        question.meets("measured outside the period only", everything and not measured)
        question.meets("measured again", len(measured) > 1)
        active, eligible = get(measured[-1], "active", "eligible") if measured else (0, 0)
        reason = ""
        if adoption.is_withdrawn:
            reason = "standard withdrawn"
        elif is_last(adoption.told, "abandoned", "adopted"):
            reason = "abandoned"
        elif not measured:
            reason = "not measured"
        elif eligible == 0:
            reason = "nobody eligible"
        rows.append(adoption.row(reason, active, eligible))
    return rows


def time_to_adopt(question: Question) -> list[Row]:
    rows = []
    for adoption in adoptions(question):
        told = adoption.told
        place = next((n for n, r in enumerate(told) if happened(r) == "mandated"), None)
        if place is None or not question.covers(question.local(told[place])):
            continue
        since, before, later = question.local(told[place]), told[:place], told[place:]
        question.meets("mandated again", sum(happened(r) == "mandated" for r in told) > 1)
        given_up = last(before, "adopted") and is_last(before, "abandoned", "adopted")
        question.meets("adopted and abandoned before", given_up)
        declared = [r for r in later if happened(r) == "adopted"]
        question.meets("declared again", len(declared) > 1)
        until: dt.date | None = question.local(declared[0]) if declared else None
        if question.meets("worked by it before", is_last(before, "adopted", "abandoned")):
            until = since
        reason = ""
        if is_last(told, "not-applicable", "mandated"):
            reason = "not applicable"
        elif adoption.is_withdrawn and until is None:
            reason = "standard withdrawn"
        question.meets("withdrawn after it was adopted", adoption.is_withdrawn and not reason)
        question.meets("not declared yet", not reason and until is None)
        rows.append(adoption.row(reason, ((until or question.as_of) - since).days, ended=until is not None))
    return rows


def time_to_remediate(question: Question) -> list[Row]:
    rows = []
    for stream, everything in question.by_kind["adoption"].items():
        mine = [r for r in everything if happened(r).startswith("nonconformity-")]
        for told in parts(mine).values():
            raised = last(told, "nonconformity-raised")
            question.meets("resolved, never raised", raised is None)
            if raised is None or not question.covers(question.local(raised)):
                continue
            ended = is_last(told, "nonconformity-resolved", "nonconformity-raised")
            question.meets("raised again", not ended and last(told, "nonconformity-resolved"))
            question.meets(
                "raised again and resolved", ended and len([r for r in told if happened(r) == happened(raised)]) > 1
            )
            until = question.local(told[-1]) if ended else question.as_of
            severity = get(raised, "severity")[0]
            days = (until - question.local(raised)).days
            rows.append(row(keys_of(stream)[1], stream, "", days, severity, ended=ended))
    return rows


class Taken(NamedTuple):
    """What a person who joined did of a course."""

    stream: str
    told: Records
    person: Records
    course: Records

    def row(self, excluded: str, numerator: Any) -> Row:
        (course,) = keys_of(self.stream)[1:]
        return row(unit_of(self.person), self.stream, excluded, numerator, course, role_of(self.person))


def trainings(question: Question) -> Iterator[Taken]:
    for stream, told in question.by_kind["training"].items():
        person, course = keys_of(stream)
        if not question.meets("of somebody unknown", person not in question.people):
            yield Taken(stream, told, question.people[person], question.by_kind["course"].get(f"course:{course}", []))


def training_expiring(question: Question) -> list[Row]:
    rows = []
    for taken in trainings(question):
        revoked = last(taken.told, "revoked")
        held = last([r for r in taken.told if revoked is None or r.k > revoked.k], "completed")
        question.meets("revoked", revoked and held is None and last(taken.told, "completed"))
        question.meets("revoked and taken again", revoked and held)
        start, until = get(held, "completed_on", "expires")
        if start is None or question.meets("not taken yet", start > question.as_of):
            continue
        if until is not None and question.meets("expired", until < question.as_of):
            continue
        question.meets("expires today", until == question.as_of)
        question.meets("for ever", until is None)
        left = None if until is None else (until - question.as_of).days
        question.meets("expires on the 89th day", left == 89)
        question.meets("expires on the 90th day", left == 90)
        reason = ""
        if not is_here(question, taken.person, question.as_of):
            reason = "left"
        elif is_last(taken.course, "retired", "defined"):
            reason = "course retired"
        rows.append(taken.row(reason, left is not None and left < 90))
    return rows


def training_hours(question: Question) -> list[Row]:
    rows = []
    for taken in trainings(question):
        hours = get(last(taken.course, "defined"), "hours")[0]
        days = [get(r, "completed_on")[0] for r in taken.told if happened(r) == "completed"]
        question.meets("after the as-of day", any(question.covers(day) and day > question.as_of for day in days))
        done = [day for day in days if question.covers(day) and day <= question.as_of]
        question.meets("taken twice", len(done) > 1)
        question.meets("revoked", done and is_last(taken.told, "revoked", "completed"))
        question.meets("a course described anew", len({get(r, "hours")[0] for r in taken.course} - {None}) > 1)
        rows += [taken.row("hours not stated" if hours is None else "", hours or 0) for _ in done]
    return rows


RECOMPUTED: dict[str, Callable[[Question], list[Row]]] = {
    "improvements-on-time": improvements_on_time,
    "maturity": maturity,
    "maturity-gap": maturity_gap,
    "adoption": adoption_rate,
    "technology-usage": technology_usage,
    "time-to-adopt": time_to_adopt,
    "time-to-remediate": time_to_remediate,
    "training-expiring": training_expiring,
    "training-hours": training_hours,
}
