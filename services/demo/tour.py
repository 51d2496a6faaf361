"""A short tour of the simulated company: what is planted in it, and the commands that bring it to light."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """Something planted: in which unit, what it is, the module that plants it, and the commands that find it."""

    unit: str
    what: str
    planted_in: str
    commands: tuple[str, ...]


STOPS: tuple[Stop, ...] = (
    Stop("COM", "skips gates and starts without approval", "projects.py", ("pmo audit 1", "pmo audit 2")),
    Stop("DIG", "is overbooked", "work.py", ("pmo kpi over-allocated --by unit", "pmo audit 13")),
    Stop(
        "FIN", "adopted TAKT and finishes earlier since", "projects.py", ("pmo kpi on-time", "pmo benchmark --by unit")
    ),
    Stop("OPS", "one manager's reports never change", "reporting.py", ("pmo audit 25",)),
    Stop("PPL", "writes things down more than a month late", "reporting.py", ("pmo audit 26",)),
    Stop("RND", "its director holds gates up", "projects.py", ("pmo kpi gate-lead-time --by approver",)),
    Stop("RND", "says green whatever the figures say", "reporting.py", ("pmo audit 23",)),
    Stop("COM", "left a year out in assessing its maturity", "growth.py", ("pmo audit 22",)),
    Stop("OPS", "let its certificates lapse", "people.py", ("pmo kpi training-compliance", "pmo audit 12")),
    Stop("PPL", "assesses its standards late", "governing.py", ("pmo audit 9",)),
    Stop("all but PPL", "take up AI-FORECAST, mandated without a security review", "world.py", ("pmo audit 28",)),
)


def lines() -> list[str]:
    """The tour, a line for each stop."""
    return ["A short tour:", *(f"  {', '.join(stop.commands)}: {stop.unit} {stop.what}" for stop in STOPS)]
