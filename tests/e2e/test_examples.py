"""The example of every command, run as it stands in the help: in workspaces that have what it needs, on days that fit.

Then each event that an example made is corrected by the same command, and the correction is voided.
"""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas import samples
from schemas.catalogue import EVENTS, VOIDED, parse
from schemas.event import Event
from schemas.streams import kind_of
from schemas.voiding import Voided
from services.cli.generate import RecordCommand
from services.commands.app import Meta, Outcome
from services.commands.assurance import RaiseFinding
from services.commands.catalogue import BY_PATH, COMMANDS
from services.commands.intake import Intake
from tests.unit.commands.office import ME, SECRET, Office, settings_of

# a line of two words is that command's example; other lines are typed as they stand
PEOPLE_AND_UNITS = """
2026-01-05
unit register
unit register LOGISTICS --name Logistics
unit register FINANCE --name Finance
unit rename
goal declare
goal reweight
goal retire
person join
person move
person change-role
person change-hours
person change-skills
person assess-level
person link
person plan-absence
person cancel-absence
access grant
access revoke
course define
course require
training enrol
path define
path retire
unit assess-maturity
unit plan-improvement
unit finish-improvement
setting set
setting clear
rate set
2026-06-01
training complete
training fail
training exempt
training revoke
course not-require
course retire
person leave
unit merge
unit retire
"""
BEGINNING = """
2025-01-06
unit register OPS --name Operations
unit register LOGISTICS --name Logistics
person join ann@example.org --unit OPS --role "Project manager"
project propose HARBOUR-2 --name Harbour --unit OPS
project record-lesson HARBOUR-2 L1
2026-01-05
project propose
"""
A_PROJECT = f"""{BEGINNING}
project score
project rank
project defer
project approve
project set-baseline
2026-03-01
project start
project request-gate
project fail-gate
project revoke-gate
project pass-gate
project pass-gate CRANE-7 G1 --decided-by board --evidence minutes.pdf --due 2026-07-31
project meet-condition
project plan-milestone
project move-milestone
project drop-milestone
project declare-dependency
project remove-dependency
project request-change
project approve-change
project record-decision
project open-action
project raise-risk
project reassess-risk
project materialise-risk
project raise-issue
project reassess-issue
project close-issue
project register-stakeholder
project assess-engagement
project plan-benefit
project record-lesson
project apply-lesson
project transfer
project change-manager
survey invite
survey respond
2026-07-15
project report
project reforecast
project correct-cost
project close-action
project hold
project resume
2026-09-16
project reach-milestone
project measure-benefit
project complete
project close
project reopen
"""
WORK = f"""{BEGINNING}
workload allocate
workload revise
workload confirm
2026-03-09
timesheet log
timesheet submit
timesheet approve
work create
work describe
work move
work assign
work re-estimate
work block
work unblock
work done
work reopen
work remove
demand plan
demand revise
demand fill
demand plan CRANE-7 WELDER-2 --role Welder --first-day 2026-09-01 --last-day 2026-11-27 --weekly-hours 40
demand withdraw CRANE-7 WELDER-2
workload release
"""
STANDARDS = f"""{BEGINNING}
standard publish
standard revise
standard publish COPILOT --name Copilot --standard-kind technology --edition 1 --requirements R1=Used
adoption mandate
adoption assess-impact
adoption assess-readiness
adoption assess-resistance
adoption assess
adoption measure-usage
adoption raise-nonconformity
adoption resolve-nonconformity
adoption waive
adoption end-waiver
adoption adopt
adoption abandon
adoption not-applicable
standard withdraw
"""
FINDINGS = """
2026-06-30
finding acknowledge
finding remediate
finding reopen
finding dismiss
finding reopen
finding accept
"""
OTHER_WAYS = (
    "project reject",
    "project cancel",
    "project descope",
    "project withdraw",
    "project merge",
    "project propose CRANE-8 --name Crane --unit OPS\nproject propose CRANE-9 --name Crane --unit OPS\nproject split",
    "project raise-risk\nproject close-risk",
    "project request-change\nproject reject-change",
    "demand plan\ndemand withdraw",
    "project record\nproject leave-source",
)
CORRECTED_BY = {
    # an approved week changes only with a reason
    "timesheet log": 'timesheet log ann@example.org --project CRANE-7 --day 2026-03-02 --hours 7 --reason "mistyped"',
}
CHAPTERS = (PEOPLE_AND_UNITS, A_PROJECT, WORK, STANDARDS, FINDINGS, *(f"{BEGINNING}{way}" for way in OTHER_WAYS))


class World:
    """A workspace in which lines are typed, each a minute after the one before."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(settings_of(folder))
        self.made: list[tuple[str, Outcome]] = []

    def play(self, chapter: str) -> None:
        for line in filter(None, chapter.splitlines()):
            if line[0].isdigit():
                self.office.clock.now = datetime.combine(
                    date.fromisoformat(line), time(12), self.office.clock.now.tzinfo
                )
            else:
                self.made.append((line, self.type(line)))

    def type(self, line: str, **meta: Any) -> Outcome:
        """Records what `line` says; `meta` comes with it."""
        self.office.clock.now += timedelta(minutes=1)
        path = " ".join(line.split(" ")[:2])
        said = BY_PATH[path].example if line == path else line.removeprefix(path)
        command = RecordCommand(BY_PATH[path])
        with command.make_context(path, shlex.split(said)) as context:
            params = dict(context.params)
        on = params.pop("on")
        given = {"on": date.fromisoformat(on), **meta} if on else meta
        if on:
            given.pop("at", None)
        fields = command.fields(params, self.office.settings)
        return self.office.do(path, Meta(ME, **given), **fields)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    for name in ("minutes.pdf", "risk-plan.pdf"):
        Path(name).touch()
    world = World(tmp_path)
    yield world
    world.office.app.close()


def raise_finding(world: World) -> None:
    fields = {
        "control": "STATUS-EVERY-14-DAYS", "subject": "project:ALPHA", "activating": "project:ALPHA/3",
        "control_digest": "0" * 64, "audit": "A1", "severity": "high", "result": "violated",
    }  # fmt: skip
    world.office.app.handle(Intake(SECRET).prepare(RaiseFinding, fields, {}), Meta(ME))


def test_every_command_has_its_place_in_a_chapter() -> None:
    typed = {line for chapter in CHAPTERS for line in chapter.splitlines()}
    assert {command.path for command in COMMANDS} <= typed


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.strip().rpartition("\n")[2])
def test_every_example_runs_and_what_it_made_is_corrected_and_voided(world: World, chapter: str) -> None:
    if chapter == FINDINGS:
        raise_finding(world)
    world.play(chapter)
    app = world.office.app
    for line, outcome in world.made:
        (first,) = outcome.records
        (corrected,) = world.type(CORRECTED_BY.get(line, line), supersedes=first.version, at=first.occurred_at).records
        assert corrected.supersedes == first.version, line
        assert not app.history(first.stream).is_active(first.version)
        app.void(first.stream, corrected.version, Meta(ME))
        assert app.history(first.stream).is_active(first.version)


@pytest.mark.parametrize("event", [e for e in EVENTS if not issubclass(e, Voided)], ids=lambda event: event.type_name)
def test_every_event_of_the_catalogue_is_voided_and_revived(world: World, event: type[Event]) -> None:
    sample = parse((samples.FOLDER / f"{event.type_name}.json").read_bytes())
    first = replace(sample, version=1, supersedes=None, received=None)
    app = world.office.app
    app.append([first])
    (withdrawn,) = app.void(first.stream, 1, Meta(ME), reason="by mistake").records
    assert type(withdrawn.event) is VOIDED[kind_of(first.stream)]
    assert not app.history(first.stream).exists
    app.void(first.stream, 2, Meta(ME))
    assert [r.event for r in app.history(first.stream).active()] == [first.event]
