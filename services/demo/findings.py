"""What the simulated company's own auditor found by hand, and what became of it."""

from datetime import timedelta
from typing import Any

from schemas.streams import as_key
from services.audit.controls import load_controls
from services.demo.fates import Project
from services.demo.people import Staff
from services.demo.script import EventOf, Script

_CONTROL = "approved-baseline-before-start"


def follow_up(script: Script, projects: list[Project], staff: Staff) -> None:
    """Starts without approval are raised as findings, the first of them long ago: each went another way."""
    digest = load_controls()[_CONTROL].digest
    found = [p for p in projects if p.unit.starts_unapproved and f"{p.code} started" in script.labels]
    unapproved = [p for p in found if f"{p.code} approved" not in script.labels]
    for number, project in enumerate(unapproved):
        subject, started = f"project:{project.code}", f"{project.code} started"
        day = project.started + timedelta(days=40)
        script.say(
            day, "finding raise", control=_CONTROL, subject=subject, activating=EventOf(started),
            control_digest=digest, evidence=[EventOf(started)], audit=f"BY-HAND-{day.year}", unit=project.unit.code,
            severity="high", result="violated", by="AUDIT-1",
        )  # fmt: skip
        finding = EventOf(started, f"{_CONTROL.upper()}/{as_key(subject)}/{{}}")
        owner, other = project.director, staff.directors["PPL"].key
        where: dict[str, Any] = {"finding": finding, "by": other}
        due = (day + timedelta(days=60)).isoformat()
        day += timedelta(days=7)
        if number % 4 != 3:
            script.say(day, "finding acknowledge", owner=owner, due=due, **where)
        day += timedelta(days=30)
        match number % 4:
            case 0:
                proof = [f"https://docs.meridian.example/{project.code}/approval"]
                script.say(day, "finding remediate", decided_by=other, evidence=proof, **where)
                script.say(day + timedelta(days=9), "finding reopen", reason="The paper was of another one.", **where)
            case 1:
                until = (day + timedelta(days=180)).isoformat()
                script.say(day, "finding accept", until=until, decided_by=other, requested_by=owner,
                           reason="The customer pays for it.", **where)  # fmt: skip
            case 2:
                script.say(day, "finding dismiss", decided_by=other, reason="Approved by letter.", **where)
            case _:
                pass
