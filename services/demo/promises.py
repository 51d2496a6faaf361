"""What the simulated company's projects promise and learn: milestones, changes, decisions, benefits, lessons."""

from datetime import timedelta
from typing import Any

from services.demo.fates import Project
from services.demo.script import Script

_MILESTONES = ("Design agreed", "Order placed", "First part delivered", "Test passed", "Handed over")
_LESSONS = (
    ("procurement", "Order what takes long before the second gate."),
    ("planning", "Plan the test first."),
    ("people", "Name a deputy for every role."),
    ("change", "Show users something in the first month."),
)
_UNFINISHED = ("entered-twice", "merged", "split")


def keep(script: Script, projects: list[Project]) -> None:
    """Everything of this module, for every project that was started."""
    started = sorted(projects, key=lambda p: (p.started, p.code))
    for number, project in enumerate(started):
        if project.fate in _UNFINISHED:
            continue
        _milestones(script, project)
        _changes(script, project)
        _decisions(script, project)
        _benefits(script, project)
        _lesson(script, project)
        before = [p for p in started[:number] if p.fate not in _UNFINISHED]
        _learn_from(script, project, before)
        _depend_on(script, project, before)


def _said(project: Project, **fields: Any) -> dict[str, Any]:
    return {"project": project.code, "by": project.manager.key, **fields}


def _milestones(script: Script, project: Project) -> None:
    """Planned evenly along the plan, moved where the work slips, reached along the way that it really took."""
    plan, count = project.planned, 2 + script.random.randint(0, 3)
    for number, name in enumerate(_MILESTONES[-count:], 1):
        share = number / count
        due = plan.start + timedelta(days=round(plan.days * share))
        where = _said(project, milestone=f"M{number}")
        script.say(project.started, "project plan-milestone", name=name, due=due.isoformat(), **where)
        reached = project.at(share)
        if (reached - due).days > 20 and number > 1:
            script.say(
                project.at(share - 0.8 / count), "project move-milestone", due=reached.isoformat(),
                reason="What comes before is late.", decided_by=project.director, **where,
            )  # fmt: skip
        if project.fate not in ("cancelled", "descoped") or share < 1:
            late = script.random.randint(32, 50) if script.chance(project.unit.records_late / 2) else 0
            script.say(reached, "project reach-milestone", late=late, **where)


def _changes(script: Script, project: Project) -> None:
    """Half of the projects ask for a change; most are approved, some not, some wait."""
    rng = script.random
    for number in range(2, 2 + rng.choice((0, 0, 1, 1, 2))):
        day = project.at(rng.uniform(0.15, 0.75))
        where = _said(project, change=f"CR-{number}")
        asked = script.say(
            day, "project request-change", cost=str(project.planned.budget * rng.randint(-2, 8) // 100),
            days=rng.randint(-5, 20), requested_by=project.manager.key, reason="Users ask for more.", **where,
        )  # fmt: skip
        decided, what = day + script.days(5, 25), rng.random()
        by = {**where, "by": project.director, "decided_by": project.director}
        if asked and what < 0.6:
            proof = [f"https://docs.meridian.example/{project.code}/CR-{number}"]
            script.say(decided, "project approve-change", evidence=proof, **by)
        elif asked and what < 0.92:
            script.say(decided, "project reject-change", reason="Not worth its price.", **by)


def _decisions(script: Script, project: Project) -> None:
    """A decision with an action; where work slips badly, one on how to recover."""
    rng, director = script.random, project.director
    day = project.at(rng.uniform(0.2, 0.6))
    is_late = project.planned.slip > 0.12 and not project.unit.says_green
    if is_late and script.chance(0.7):
        script.say(
            project.at(0.45), "project record-decision", text="Two people more until the test.",
            **_said(project, decision="RECOVERY", decided_by=director),
        )  # fmt: skip
    if script.chance(0.5):
        script.say(
            day, "project record-decision", text="Buy, do not build.",
            **_said(project, decision="D1", decided_by=director),
        )  # fmt: skip
    if script.chance(0.6):
        due = day + script.days(14, 40)
        where = _said(project, action="A1")
        script.say(day, "project open-action", owner=project.manager.key, due=due.isoformat(), **where)
        if script.chance(0.85):
            script.say(due + script.days(-8, 10), "project close-action", **where)


def _benefits(script: Script, project: Project) -> None:
    """Planned at the start; half a year after the end they are measured, unless that is forgotten."""
    rng, plan = script.random, project.planned
    amount = plan.budget * rng.randint(40, 160) // 100
    due = plan.finish + timedelta(days=180)
    where = _said(project, benefit="B1")
    script.say(
        project.started + timedelta(days=2), "project plan-benefit", name="Lower cost of running it",
        amount=str(amount), due=due.isoformat(), owner=project.director, **where,
    )  # fmt: skip
    if project.fate not in ("cancelled", "descoped") and script.chance(0.35 + 0.12 * project.unit.maturity):
        for months in (6, 12):
            got = amount * rng.randint(50, 110) // 100 * months // 12
            script.say(project.ended + timedelta(days=30 * months - 8), "project measure-benefit",
                       amount=str(got), evidence=[f"https://docs.meridian.example/{project.code}/B1"],
                       **where)  # fmt: skip


def _lesson(script: Script, project: Project) -> None:
    if script.chance(0.25 + 0.13 * project.unit.maturity):
        category, text = script.random.choice(_LESSONS)
        script.say(
            project.ended + timedelta(days=12), "project record-lesson", category=category, text=text,
            label=f"{project.code} lesson", **_said(project, lesson="L1"),
        )  # fmt: skip


def _learn_from(script: Script, project: Project, before: list[Project]) -> None:
    day = project.started + timedelta(days=5)
    told = [p for p in before if f"{p.code} lesson" in script.labels and p.ended + timedelta(days=20) < day]
    if told and script.chance(0.4):
        script.say(
            day, "project apply-lesson", from_project=script.random.choice(told[-12:]).code,
            **_said(project, lesson="L1", evidence=[f"https://docs.meridian.example/{project.code}/plan"]),
        )  # fmt: skip


def _depend_on(script: Script, project: Project, before: list[Project]) -> None:
    """Now and then a project needs something of one that still runs."""
    running = [p for p in before if p.ended > project.started + timedelta(days=40)]
    if not running or not script.chance(0.45):
        return
    other, where = script.random.choice(running), _said(project, dependency="D1")
    script.say(
        project.started + timedelta(days=8), "project declare-dependency", on_project=other.code,
        needed_by=project.at(0.6).isoformat(), **where,
    )  # fmt: skip
    if script.chance(0.3):
        script.say(project.at(0.5), "project remove-dependency", reason="It goes without.", **where)
