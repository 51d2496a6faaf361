"""What threatens the simulated company's projects, what stands in their way, and who has a stake in them."""

from datetime import date, timedelta
from typing import Any, Literal

from services.demo.fates import Project
from services.demo.script import Script

_MONTH = timedelta(days=30)
RISKS = (
    ("The supplier delivers late", "supply"),
    ("Key skills are missing", "people"),
    ("The old system cannot be read", "technology"),
    ("Prices rise before the order", "cost"),
    ("The permit comes late", "legal"),
    ("Users do not take it up", "change"),
)
_CHANCES = (("A second customer joins", "market"), ("A part can be used again", "technology"))
ISSUES = ("No test environment", "Drawings do not match", "Two teams wait for each other", "Licence has run out")
_STANDING = ("unaware", "resistant", "neutral", "supportive", "leading")
_STAKEHOLDERS = ("Works council", "Customer", "Site manager", "Data protection officer", "Regulator")
Severity = Literal["low", "medium", "high", "critical"]
_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


def watch(script: Script, projects: list[Project]) -> None:
    """The registers of risks, issues and stakeholders of every project that was started."""
    for project in projects:
        if project.fate == "entered-twice":
            continue
        last = min(project.ended, script.last_day)
        for number in range(1, script.random.randint(2, 4)):
            _risk(script, project, f"R{number}", last)
        for number in range(1, script.random.randint(1, 3)):
            _issue(script, project, f"I{number}", last)
        for number, role in enumerate(script.random.sample(_STAKEHOLDERS, k=script.random.randint(1, 3)), 1):
            _stakeholder(script, project, f"S{number}", role, last)


def _risk(script: Script, project: Project, code: str, last: date) -> None:
    """Raised early, looked at every month by most, and closed, or left open where nobody cares."""
    rng, cares = script.random, project.unit.maturity > 1
    is_threat = script.chance(0.85)
    name, category = rng.choice(RISKS if is_threat else _CHANCES)
    day, chance = project.at(rng.uniform(0.02, 0.4)), rng.uniform(0.1, 0.7)
    impact = project.planned.budget * rng.randint(3, 25) // 100
    where: dict[str, Any] = {"project": project.code, "risk": code, "by": project.manager.key}
    owner: dict[str, Any] = {"owner": project.manager.key} if script.chance(0.95 if cares else 0.6) else {}
    if not script.say(
        day, "project raise-risk", name=name, category=category, effect="threat" if is_threat else "opportunity",
        probability=f"{chance:.2f}", impact=str(impact), **where, **owner,
    ):  # fmt: skip
        return
    until = day + (last - day) * rng.uniform(0.5, 1.0) if script.chance(0.8) else last
    day += _MONTH
    while day < until:
        if script.chance(0.92 if cares else 0.3):
            chance = max(0.02, chance * rng.uniform(0.7, 1.08))
            same = script.chance(0.3)
            said: dict[str, Any] = {} if same else {"probability": f"{min(0.95, chance):.2f}", "impact": str(impact)}
            script.say(day, "project reassess-risk", **where, **said)
        day += _MONTH
    if script.chance(0.14) and until < last:
        script.say(until, "project materialise-risk", impact=str(impact * rng.randint(60, 130) // 100), **where)
        script.say(
            until + timedelta(days=3), "project raise-issue", project=project.code, issue=f"{code}-CAME", name=name,
            severity="high", owner=project.manager.key, due=(until + _MONTH).isoformat(), by=project.manager.key,
        )  # fmt: skip
        # before the books are closed, after which nothing is left to do
        solved = min(until + script.days(15, 40), last + timedelta(days=15))
        script.say(solved, "project close-issue", project=project.code, issue=f"{code}-CAME")
    elif project.ended <= script.last_day and script.chance(0.96 if cares else 0.5):
        script.say(min(until, last), "project close-risk", reason="It can no longer happen.", **where)


def _issue(script: Script, project: Project, code: str, last: date) -> None:
    rng = script.random
    day = project.at(rng.uniform(0.1, 0.8))
    where: dict[str, Any] = {"project": project.code, "issue": code, "by": project.manager.key}
    due, severity = day + script.days(20, 60), rng.randrange(len(_SEVERITIES))
    if not script.say(
        day, "project raise-issue", name=rng.choice(ISSUES), severity=_SEVERITIES[severity],
        owner=project.manager.key, due=due.isoformat(), **where,
    ):  # fmt: skip
        return
    solved = max(day + timedelta(days=5), due + script.days(-15, 12))
    if script.chance(0.4):
        script.say(
            day + timedelta(days=4), "project reassess-issue", severity=_SEVERITIES[min(3, severity + 1)],
            reason="It takes longer than was thought.", **where,
        )  # fmt: skip
    if script.chance(0.93) and solved < last + timedelta(days=15):
        script.say(solved, "project close-issue", reason="Solved.", **where)


def _stakeholder(script: Script, project: Project, code: str, role: str, last: date) -> None:
    rng = script.random
    stands, day = rng.randint(0, 3), project.at(0.02)
    where: dict[str, Any] = {"project": project.code, "stakeholder": code, "by": project.manager.key}
    if not script.say(
        day, "project register-stakeholder", role=role, current=_STANDING[stands], desired="supportive", **where
    ):
        return
    day += 3 * _MONTH
    while day < last:
        stands = min(4, max(0, stands + rng.choice((-1, 0, 1, 1))))
        script.say(day, "project assess-engagement", current=_STANDING[stands], **where)
        day += 3 * _MONTH
