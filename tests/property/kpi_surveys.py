"""KPIs of satisfaction worked out in plain Python, sharing nothing with the SQL."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from schemas.event import Record
from schemas.streams import keys_of
from tests.property.folds import get, happened, last
from tests.property.kpi_outcomes import Project, answers, last_survey, projects
from tests.property.slow import Question, Row

FEWEST = 5


class Group(NamedTuple):
    """What some of a project's stakeholders answered; the role is "" for all of them."""

    project: Project
    role: str
    excluded: str
    said: list[int]

    def row(self, numerator: int) -> Row:
        whose = self.project
        by, n = (self.role,), len(self.said)
        return Row(
            whose.unit, whose.stream, by, self.excluded, Fraction(numerator), Fraction(n), standing=whose.standing
        )


def asked(question: Question, about: str) -> Iterator[Group]:
    for project in projects(question):
        everybody = last_survey(question, project, in_period=True)
        if not everybody or question.meets("withdrawn", project.status == "withdrawn"):
            continue
        said: dict[str, list[int]] = {get(r, "stakeholder_role")[0]: [] for r in everybody}
        for record in everybody:
            role, value = get(record, "stakeholder_role", about)
            if not question.meets("not answered", value is None):
                said[role].append(value)
        whole = [value for values in said.values() for value in values]
        yield Group(project, "", "" if len(whole) >= FEWEST else "fewer than 5 answers", whole)
        hidden = sum(len(values) for values in said.values() if len(values) < FEWEST)
        enough = sorted((len(values), role) for role, values in said.items() if len(values) >= FEWEST)
        question.meets("small roles hide each other", hidden >= FEWEST and enough)
        question.meets("a role is hidden with another, a third is not", 0 < hidden < FEWEST and len(enough) > 1)
        for role, values in said.items():
            reason = "" if len(values) >= FEWEST else "fewer than 5 answers"
            if 0 < hidden < FEWEST and enough and role == enough[0][1]:
                reason = "would tell fewer than 5 answers"
            yield Group(project, role, reason, values)


def csat(question: Question) -> list[Row]:
    return [group.row(sum(v >= 4 for v in group.said)) for group in asked(question, "satisfaction")]


def nps(question: Question) -> list[Row]:
    return [
        group.row(100 * (sum(v >= 9 for v in group.said) - sum(v <= 6 for v in group.said)))
        for group in asked(question, "recommend")
    ]


def response_rate(question: Question) -> list[Row]:
    by_code = {keys_of(p.stream)[0]: p for p in projects(question)}
    rows = []
    for stream, told in question.by_kind["survey"].items():
        if not question.covers(max(map(question.local, told))):
            continue
        project = by_code.get(keys_of(stream)[0])
        question.meets("of no project", project is None)
        if project and question.meets("withdrawn", project.status == "withdrawn"):
            continue
        unit, standing = (project.unit, project.standing) if project else ("", "governed")
        invitation: Record | None = last(told, "invited")
        question.meets("invited again", sum(happened(r) == "invited" for r in told) > 1)
        invited = get(invitation, "invited")[0] or {}
        said = [get(r, "stakeholder_role")[0] for r in answers(question, told)]
        for role in {*invited, *said}:
            number, answered = invited.get(role, 0), said.count(role)
            question.meets("more answers than invited", 0 < number < answered)
            question.meets("no answer", number and not answered)
            if number or answered:
                excluded = "" if number else "nobody invited"
                rows.append(
                    Row(unit, stream, (role,), excluded, Fraction(answered), Fraction(number), standing=standing)
                )
    return rows


RECOMPUTED: dict[str, Callable[[Question], list[Row]]] = {
    "csat": csat,
    "nps": nps,
    "response-rate": response_rate,
}
