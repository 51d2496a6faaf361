"""The simulated company as it is at the beginning: units, goals, standards, courses, roles, and words for names."""

from dataclasses import dataclass, field
from typing import Any, Literal

ORGANISATION = "Simulated company: Meridian Works (no real organisation)"
TIME_ZONE = "Europe/London"
CURRENCY = "EUR"
TOP = "MERIDIAN"
ROUTES: dict[str, dict[str, int]] = {
    "STANDARD": {"G1": 10, "G2": 10, "G3": 14, "G4": 14},
    "LIGHT": {"G1": 10, "G4": 14},
}
"""The gates of each route, with the days in which they are to be decided."""


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit, how it works, and the cause that is planted in it; shares are 0 to 1."""

    code: str
    name: str
    country: str
    maturity: int
    people: int
    projects: int
    cause: str
    slip: float = 0.04
    report_every: int = 14
    skips_gates: float = 0.0
    starts_unapproved: float = 0.0
    overbooks: bool = False
    assesses_late: bool = False
    renews_training: bool = True
    confirms: float = 0.97
    submits_after: tuple[int, int] = (3, 6)
    records_late: float = 0.0
    says_green: bool = False
    currency: str = CURRENCY


UNITS: tuple[UnitPlan, ...] = (
    UnitPlan("FIN", "Finance", "GB", 4, 40, 16, "finishes earlier since it plans by TAKT, adopted first", slip=0.09),
    UnitPlan(
        "OPS",
        "Operations",
        "GB",
        3,
        75,
        28,
        "certificates lapsed; one manager's reports never change",
        renews_training=False,
    ),
    UnitPlan("DIG", "Digital", "DE", 3, 60, 26, "is overbooked", slip=0.12, overbooks=True, confirms=0.6),
    UnitPlan(
        "COM",
        "Commercial",
        "GB",
        1,
        45,
        20,
        "skips gates and starts without approval",
        slip=0.14,
        currency="GBP",
        report_every=21,
        skips_gates=0.6,
        starts_unapproved=0.4,
    ),
    UnitPlan(
        "RND",
        "Research",
        "DE",
        5,
        50,
        18,
        "says green whatever the figures say; its director holds gates up; TAKT in the second year",
        slip=0.16,
        says_green=True,
    ),
    UnitPlan(
        "PPL",
        "People",
        "IE",
        2,
        30,
        12,
        "writes things down more than a month late, and assesses its standards late",
        records_late=0.6,
        slip=0.08,
        report_every=28,
        assesses_late=True,
        submits_after=(9, 16),
    ),
)

GOALS: tuple[tuple[str, str, str, str], ...] = (
    ("GROWTH", "Grow in two new markets", "0.35", "COM"),
    ("COST", "Lower the cost of operations by a tenth", "0.30", "OPS"),
    ("SAFETY", "No harm to anybody at work", "0.20", "OPS"),
    ("SKILLS", "Be where people want to work", "0.15", "PPL"),
)

StandardKind = Literal["practice", "process", "technology"]


@dataclass(frozen=True, slots=True)
class StandardPlan:
    """A standard; `adopters` gives the months after the beginning at which a unit declared that it works by it."""

    code: str
    name: str
    kind: StandardKind
    requirements: dict[str, str]
    month: int = 1
    adopters: dict[str, int] = field(default_factory=dict)
    is_reviewed: bool = True

    def fields(self, edition: str) -> dict[str, Any]:
        """The fields of publishing it, or of another edition."""
        said: dict[str, Any] = {
            "standard": self.code,
            "name": self.name,
            "standard_kind": self.kind,
            "edition": edition,
            "requirements": dict(self.requirements),
        }
        if self.kind == "technology":
            said["data_class"] = "internal"
            if self.is_reviewed:
                said["security_review"] = f"https://docs.meridian.example/security/{self.code}"
        return said


_EARLY = {"FIN": 5, "RND": 7, "OPS": 9, "DIG": 10, "COM": 16, "PPL": 18}
STANDARDS: tuple[StandardPlan, ...] = (
    StandardPlan(
        "RISK", "Risk management", "process",
        {"R1": "A risk register is kept", "R2": "Each risk has an owner", "R3": "Risks are reviewed every month"},
        1, _EARLY,
    ),
    StandardPlan(
        "GATES", "Gate reviews", "process",
        {"R1": "Gates in the order of the route", "R2": "Evidence at every gate", "R3": "Decided within ten days"},
        1, {k: v for k, v in _EARLY.items() if k != "COM"},
    ),
    StandardPlan(
        "CHANGE", "Change control", "process",
        {"R1": "Changes are requested in writing", "R2": "Rebaselines rest on a change"}, 2, _EARLY,
    ),
    StandardPlan(
        "EVM", "Earned value reporting", "process",
        {"R1": "Planned value by month", "R2": "Progress measured, not guessed", "R3": "Cost at the data date"},
        4, {"FIN": 8, "RND": 12, "DIG": 20},
    ),
    StandardPlan(
        "TAKT", "Takt planning", "practice",
        {"R1": "Work cut into equal beats", "R2": "Obstacles cleared a beat ahead", "R3": "Handovers agreed"},
        3, {"FIN": 4, "RND": 17},
    ),
    StandardPlan(
        "LESSONS", "Lessons learned", "practice",
        {"R1": "A review at each closure", "R2": "Lessons read at each start"}, 3, {"FIN": 9, "RND": 9, "OPS": 15},
    ),
    StandardPlan(
        "PEER", "Peer-reviewed estimates", "practice",
        {"R1": "Two estimators", "R2": "Range, not a point"}, 6, {"RND": 10, "DIG": 14},
    ),
    StandardPlan(
        "AI-ASSIST", "AI assistant for text and code", "technology",
        {"R1": "Users are trained", "R2": "No confidential data", "R3": "Output is reviewed"},
        14, {"DIG": 17, "RND": 18, "FIN": 22, "COM": 23},
    ),
    StandardPlan(
        "AI-FORECAST", "AI forecast of finish and cost", "technology",
        {"R1": "Forecast beside the manager's own", "R2": "Error measured every quarter"},
        18, {"RND": 21, "DIG": 24}, is_reviewed=False,
    ),
    StandardPlan(
        "PLANBOARD", "Shared planning board", "technology",
        {"R1": "All projects are on it", "R2": "Updated every week"}, 2,
        {"DIG": 6, "FIN": 8, "OPS": 12, "RND": 8, "COM": 14},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A course and the roles that must hold it."""

    code: str
    title: str
    valid_months: int | None
    roles: tuple[str, ...]
    hours: str
    month: int = 0


MANAGER, LEAD, ENGINEER, DEVELOPER = "Project manager", "Team lead", "Engineer", "Developer"
ANALYST, TECHNICIAN, DIRECTOR = "Analyst", "Technician", "Director"
EVERYBODY = (MANAGER, LEAD, ENGINEER, DEVELOPER, ANALYST, TECHNICIAN)
COURSES: tuple[CoursePlan, ...] = (
    CoursePlan("SECURITY", "Information security", 12, EVERYBODY, "2"),
    CoursePlan("PRIVACY", "Data protection", 36, EVERYBODY, "3"),
    CoursePlan("SITE-SAFETY", "Safety on site", 24, (ENGINEER, TECHNICIAN), "8"),
    CoursePlan("PM-CORE", "Running a project by our standards", None, (MANAGER,), "24"),
    CoursePlan("AI-USE", "Using AI tools with care", 24, (DEVELOPER, ANALYST), "4", 15),
    CoursePlan("LEADING", "Leading a team", None, (LEAD,), "16"),
)

SKILLS: dict[str, tuple[str, ...]] = {
    MANAGER: ("planning", "stakeholders", "earned value"),
    LEAD: ("coaching", "planning", "quality"),
    ENGINEER: ("mechanics", "electrics", "commissioning"),
    DEVELOPER: ("python", "data", "interfaces"),
    ANALYST: ("requirements", "finance", "data"),
    TECHNICIAN: ("maintenance", "welding", "measurement"),
    DIRECTOR: ("strategy",),
}
ROLES: dict[str, tuple[str, ...]] = {
    "FIN": (ANALYST, ANALYST, ANALYST, LEAD),
    "OPS": (ENGINEER, TECHNICIAN, TECHNICIAN, LEAD, ENGINEER, TECHNICIAN),
    "DIG": (DEVELOPER, DEVELOPER, DEVELOPER, ANALYST, LEAD),
    "COM": (ANALYST, ANALYST, LEAD, DEVELOPER),
    "RND": (ENGINEER, ENGINEER, DEVELOPER, TECHNICIAN, LEAD),
    "PPL": (ANALYST, ANALYST, LEAD),
}

_FIRST = (
    "Ada Amir Anouk Bela Bruno Carys Chidi Dalia Dara Edda Emeka Esme Farid Fenna Gero Greta Hana Hugo Ilse Imran Iris "
    "Jana Jorah Kaito Keira Lando Leila Lorcan Mabel Marek Mina Nadia Niall Odile Omar Petra Quinn Ravi Rhona Sami "
    "Saskia Tariq Tilda Umar Vera Viktor Wanda Xenia Yusuf Zora"
)
_LAST = (
    "Abara Albrook Ashgrove Bellweather Birkdale Brannock Carrowby Castermoor Dunmallow Eastergate Elmsworth "
    "Farrowdale "
    "Fenwright Garlinge Glenmarrow Harkwood Hollinbeck Inglesby Jarrowfield Kestermann Kirkhallow Lindqvale Lockmere "
    "Maplethorne Merriweald Northcairn Oakhaven Orrinsdale Pellingham Quarrington Ravensholt Rowanford Saltmarsh "
    "Silverlock Stonebridge Tarnwick Thistlewood Underhay Valebrook Wetherstone Whitcombe Yarrowby"
)
FIRST_NAMES, LAST_NAMES = tuple(_FIRST.split()), tuple(_LAST.split())
PROJECT_SUBJECTS: dict[str, tuple[str, ...]] = {
    "FIN": ("Month-end close", "Invoice matching", "Treasury reporting", "Cost allocation", "Tax filing"),
    "OPS": ("Crane renewal", "Yard lighting", "Pump station", "Warehouse racking", "Conveyor line", "Gate control"),
    "DIG": ("Customer portal", "Data platform", "Identity service", "Mobile app", "Billing engine", "Service desk"),
    "COM": ("Dealer network", "Price list", "Key account", "Trade fair", "Loyalty programme"),
    "RND": ("Drive train", "Battery pack", "Test bench", "Sensor housing", "Control unit"),
    "PPL": ("Onboarding", "Career path", "Payroll", "Apprenticeship"),
}
PROJECT_KINDS = ("renewal", "roll-out", "redesign", "pilot", "extension", "automation", "migration")
