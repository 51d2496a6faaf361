"""Loads the simulated company into a workspace, through the real commands and all their rules."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.commands.app import Governance
from services.demo import (
    demand,
    exposure,
    findings,
    governing,
    growth,
    house,
    items,
    people,
    projects,
    promises,
    work,
)
from services.demo.script import Player, Progress, Script
from services.demo.world import UNITS
from services.errors import Rejected
from services.settings import Settings

DAYS = 1096
TIMESHEET_WEEKS = 20


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was loaded."""

    units: int
    projects: int
    people: int
    events: int
    first_day: date
    last_day: date


def load(
    app: Governance,
    settings: Settings,
    *,
    seed: int = 7,
    until: date,
    progress: Progress,
    scale: float = 1.0,
) -> DemoSummary:
    """Records three years of the company up to the day before `until`; the same seed and day give the same events.

    Raises Rejected if the workspace is not a simulated one, or holds events already.
    """
    if not settings.simulated:
        raise Rejected("The simulated company is loaded into a simulated workspace only; 'pmo demo' makes one.")
    if app.store.max_notification_id():
        raise Rejected("The simulated company is loaded into an empty workspace only.")
    script = written(seed, until, scale)
    player = Player(app)
    player.play(script, progress)
    spoken = script.counts()
    return DemoSummary(
        units=len(UNITS),
        projects=spoken["project propose"],
        people=spoken["person join"],
        events=player.events,
        first_day=until - timedelta(days=DAYS),
        last_day=script.last_day,
    )


def written(seed: int, until: date, scale: float = 1.0) -> Script:
    """All that is said in the company; `scale` below 1 makes it smaller."""
    script = Script(seed, until)
    start = script.workday(until - timedelta(days=DAYS))
    governing.found(script, start, UNITS)
    staff = people.hire(script, start, UNITS, scale)
    people.teach(script, start, staff)
    house.lay_down(script, start, staff)
    growth.mature(script, start, UNITS, staff)
    growth.careers(script, start, staff)
    governing.adopt_standards(script, start, UNITS, staff)
    governing.ask_about_the_pmo(script, start)
    running = projects.portfolio(script, start, UNITS, staff, scale)
    work.staff_projects(script, running, staff)
    demand.look_for(script, running)
    exposure.watch(script, running)
    promises.keep(script, running)
    items.do(script, running)
    findings.follow_up(script, running, staff)
    work.log_hours(script, running, staff, round(TIMESHEET_WEEKS * min(1.0, scale * 2)) or 1)
    return script
