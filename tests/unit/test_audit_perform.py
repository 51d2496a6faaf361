"""Audits performed on a store and a real ClickHouse: what they record, and which findings they raise and cure."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas import assurance, governance
from services.audit.perform import Run, digest_of, perform
from services.audit.places import by_place
from services.audit.rules import rules_then
from services.audit.run import Occasion, check, scorecard
from services.catch_up import catch_up
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.catalogue import COMMANDS
from services.commands.command import Command
from services.commands.intake import Intake
from services.errors import BadInput
from services.projections.checking import Control, find_control, read_control
from services.projections.clickhouse import ClickHouse
from services.projections.findings import STANDING, STATES, findings
from services.projections.schema import prepare
from services.projections.scope import Scope
from services.settings import Settings

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
START, TRAINED = find_control("1"), find_control("12")
BY_PATH = {command.path: command for command in COMMANDS}


class Office:
    """A workspace whose clock goes on an hour with each audit."""

    def __init__(self, home: Path, clickhouse: ClickHouse) -> None:
        self.now = NOW
        settings = Settings.of({"home": home, "workspace_id": "audit-test", "secret": "s" * 16})
        self.app = Governance(settings, lambda: self.now)
        self.clickhouse = clickhouse
        for unit in ("OPS", "FIN"):
            self.say("unit register", "2026-01-01", unit=unit, name=unit)

    def say(self, path: str, on: str, **fields: Any) -> Outcome:
        command: type[Command] = BY_PATH[path]
        meta = Meta(actor="system:test", on=dt.date.fromisoformat(on))
        prepared = Intake(self.app.settings.secret.get_secret_value()).prepare(command, fields, meta.said())
        return self.app.handle(prepared, meta)

    def begun_unapproved(self, code: str, unit: str = "OPS") -> None:
        """A project whose third event is a start that nobody approved."""
        self.say("project propose", "2026-02-02", project=code, name=code, unit=unit)
        plan = {"start": "2026-03-02", "finish": "2026-12-18", "budget": "1000"}
        self.say("project set-baseline", "2026-02-03", project=code, **plan)
        self.say("project start", "2026-03-02", project=code, at_risk="storm damage")

    def void(self, code: str, version: int) -> None:
        self.app.void(f"project:{code}", version, Meta(actor="system:test"))

    def scope(self, **of: Any) -> Scope:
        return Scope(**{"as_of": TODAY, "zone": self.app.settings.zone, **of})

    def audit(self, *controls: Control, in_force: Collection[str] | None = None, **of: Any) -> Run:
        self.now += dt.timedelta(hours=1)
        position = self.catch_up()
        rules = list(controls) or [START]
        scope = self.scope(**of)
        return perform(self.app, self.clickhouse, rules, scope, "system:audit", position, in_force=in_force)

    def catch_up(self) -> int:
        catch_up(self.app, self.clickhouse, lambda done, total: None)
        return self.app.store.max_notification_id() or 0

    def findings(self, **of: Any) -> list[tuple[str, str]]:
        self.catch_up()
        found = findings(self.clickhouse, self.scope(**of), STATES)
        return sorted((row["subject"], row["state"]) for row in found)

    def events(self, kind: str) -> list[str]:
        query = "SELECT topic FROM stored_events WHERE originator_id GLOB ? ORDER BY rowid"
        return [str(topic).split(".")[2] for (topic,) in self.app.store.rows(query, f"{kind}:*")]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with ClickHouse.embedded(tmp_path / "clickhouse") as clickhouse:
        prepare(clickhouse, "audit-test")
        office = Office(tmp_path, clickhouse)
        yield office
        office.app.close()


def test_a_second_run_raises_nothing_twice_and_is_recorded_itself(office: Office) -> None:
    office.begun_unapproved("DOCK")
    first = office.audit()
    assert (first.published, first.raised, first.exceptions) == (1, 1, 1)
    second = office.audit()
    assert (second.published, second.raised, second.reopened, second.cured) == (0, 0, 0, 0)
    assert second.results_digest == first.results_digest
    assert (office.events("finding"), office.events("audit")) == (["raised"], ["performed", "performed"])
    [performed] = office.app.history(second.audit).records
    assert isinstance(performed.event, assurance.AuditPerformed)
    assert performed.event.controls == {START.id: START.digest}
    assert (performed.event.population, performed.event.exceptions) == (1, 1)
    # the first run recorded three events after what it had read: a definition, a finding and itself
    assert performed.event.position == first.position + 3
    assert performed.actor == "system:audit"


def test_a_finding_is_cured_when_its_cause_is_voided_and_reopened_when_that_comes_back(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.audit()
    office.void("DOCK", 3)
    assert office.audit().cured == 1
    assert office.findings() == [("project:DOCK", "cured")]
    assert office.audit().cured == 0
    office.void("DOCK", 4)
    again = office.audit()
    assert (again.raised, again.reopened) == (0, 1)
    assert office.findings() == [("project:DOCK", "open")]
    assert office.events("finding") == ["raised", "cured", "reopened"]


def test_a_finding_is_cured_when_the_approval_is_recorded_after_all(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.audit()
    office.say("project approve", "2026-02-20", project="DOCK", decided_by="board")
    assert office.audit().cured == 1
    [_, cured] = office.app.history(_stream(office)).records
    assert isinstance(cured.event, assurance.FindingCured)
    assert (cured.event.result, cured.correlation_id) == ("satisfied", cured.event.audit)


def test_what_is_cured_late_is_on_record_and_open_to_nobody(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.begun_unapproved("CRANE")
    office.say("project approve", "2026-05-01", project="CRANE", decided_by="board")
    first = office.audit()
    assert (first.raised, first.cured) == (2, 1)
    office.say("project approve", "2026-05-01", project="DOCK", decided_by="board")
    assert office.audit().cured == 1
    assert office.audit().cured == 0
    assert office.findings() == [("project:CRANE", "cured"), ("project:DOCK", "cured")]


def test_one_finding_names_all_occasions_of_its_event_and_is_cured_with_the_last(office: Office) -> None:
    office.say("project propose", "2026-02-02", project="DOCK", name="DOCK", unit="OPS")
    for course in ("FIRST-AID", "SAFETY", "WELDING"):
        office.say("course define", "2026-01-02", course=course, title=course)
        office.say("course require", "2026-01-03", course=course, requirement="R1", role="Pilot")
    office.say("person join", "2026-01-05", person="ann", unit="OPS", role="Pilot")
    office.say("training complete", "2026-02-01", person="ann", course="WELDING")
    days = {"first_day": "2026-03-02", "last_day": "2036-02-29"}
    office.say(
        "workload allocate", "2026-02-20", person="ann", allocation="A1", project="DOCK", weekly_hours="20", **days
    )
    run = office.audit(TRAINED)
    assert (run.exceptions, run.raised) == (2, 1)
    stream = _stream(office)
    [raised] = office.app.history(stream).records
    assert isinstance(raised.event, assurance.FindingRaised)
    assert (raised.event.result, raised.event.detail) == ("violated", "FIRST-AID for DOCK; SAFETY for DOCK")
    assert {"course:FIRST-AID/2", "course:SAFETY/2"} < set(raised.event.evidence)
    assert "course:WELDING/2" not in raised.event.evidence

    office.say("training complete", "2026-11-01", person="ann", course="SAFETY")
    still = office.audit(TRAINED)
    assert (still.raised, still.cured, office.events("finding")) == (0, 0, ["raised"])
    office.say("training complete", "2026-11-02", person="ann", course="FIRST-AID")
    assert office.audit(TRAINED).cured == 1
    cured = office.app.history(stream).records[-1].event
    assert isinstance(cured, assurance.FindingCured)
    assert cured.result == "cured-late"
    courses = {event.split("/")[1] for event in cured.evidence if event.startswith("training:")}
    assert courses == {"FIRST-AID", "SAFETY"}


def test_more_occasions_than_a_detail_has_room_for_are_counted() -> None:
    one = Occasion(
        "c", "OPS", "workload:A", "A", "governed", "workload:A/1", "violated", NOW, TODAY, None, ("course:C/1",), ""
    )
    lacking = [replace(one, detail=f"{n:03} {'x' * 96}", evidence=(f"course:C{n}/1",)) for n in range(7)]
    late = replace(one, result="cured late", due=dt.date(2026, 1, 1), detail="and one late", evidence=("late:L/1",))
    fine = replace(one, result="satisfied", detail="in order", evidence=("fine:F/1",))
    [(place, found)] = by_place([fine, late, *reversed(lacking)]).items()
    assert place == ("workload:A", "workload:A/1")
    assert (found.result, found.due) == ("violated", TODAY)
    assert found.detail == "; ".join(o.detail for o in lacking[:4]) + "; and 4 more"
    assert found.evidence == (*(f"course:C{n}/1" for n in range(7)), "late:L/1")


def test_a_rule_whose_file_is_gone_is_retired_and_its_findings_are_closed(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.begun_unapproved("LEDGER", "FIN")
    words = START.text.replace(f"id: {START.id}", "id: mine").replace("number: 1\n", "number: 901\n")
    mine = read_control(Path("901.yaml"), words.encode())
    assert office.audit(START, mine, in_force=[START.id, "mine"]).raised == 4
    then = office.now
    # neither a run of some controls nor one of the past closes anything
    assert office.audit(START).closed == 0
    past = office.audit(START, in_force=[START.id], as_of=dt.date(2026, 6, 30))
    assert (past.retired, past.closed) == (("mine",), 0)
    assert office.audit(START, in_force=[START.id], unit="FIN").closed == 1
    run = office.audit(START, in_force=[START.id])
    assert (run.retired, run.closed, run.cured) == ((), 1, 0)
    office.catch_up()
    own = findings(office.clickhouse, office.scope(), STATES, ["mine"])
    assert [row["state"] for row in own] == ["cured", "cured"]
    assert len(findings(office.clickhouse, office.scope(), STANDING, [START.id])) == 2

    closed = office.app.history(f"finding:{own[0]['finding']}").records[-1].event
    assert isinstance(closed, assurance.FindingCured)
    assert (closed.result, closed.evidence) == ("not-activated", ("control:MINE/2",))
    [_, retired] = office.app.history("control:MINE").records
    assert isinstance(retired.event, governance.ControlRetired) and retired.event.reason
    query = "SELECT value FROM directory WHERE subject = ?"
    [(reason,)] = office.app.store.rows(query, f"note:{retired.event.reason.id}")
    assert reason == "no file has this control any more"
    assert list(rules_then(office.clickhouse, office.scope(known_at=then))) == [START.id, "mine"]
    assert list(rules_then(office.clickhouse, office.scope())) == [START.id]


def test_a_rule_that_comes_back_finds_again(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.audit(in_force=[START.id])
    other = find_control("2")
    assert office.audit(other, in_force=[other.id]).closed == 1
    assert office.audit(other, in_force=[other.id]).retired == ()
    again = office.audit(in_force=[START.id, other.id])
    assert (again.published, again.reopened, office.findings()) == (1, 1, [("project:DOCK", "open")])


def test_a_clean_run_is_evidence_too(office: Office) -> None:
    run = office.audit()
    assert (run.exceptions, run.raised) == (0, 0)
    assert (office.events("audit"), office.events("finding"), office.events("control")) == (
        ["performed"],
        [],
        ["published"],
    )


def test_a_run_for_the_past_leaves_findings_as_they_are(office: Office) -> None:
    office.begun_unapproved("DOCK")
    for past in ({"as_of": dt.date(2026, 6, 30)}, {"known_at": NOW}):
        run = office.audit(**past)
        assert (run.exceptions, run.raised) == (1, 0)
    assert office.audit(as_of=dt.date(2026, 1, 31)).exceptions == 0
    assert (office.events("finding"), len(office.events("audit"))) == ([], 3)


@pytest.mark.parametrize("late", [{"as_of": TODAY + dt.timedelta(1)}, {"known_at": NOW + dt.timedelta(days=1)}])
def test_nobody_audits_the_future(office: Office, late: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="has not come"):
        office.audit(**late)
    assert office.events("audit") == []


def test_a_run_of_one_unit_touches_findings_of_that_unit_only(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.begun_unapproved("LEDGER", "FIN")
    assert office.audit(unit="FIN").raised == 1
    assert office.audit().raised == 1
    office.void("DOCK", 3)
    office.void("LEDGER", 3)
    assert office.audit(unit="FIN").cured == 1
    assert office.findings() == [("project:DOCK", "open"), ("project:LEDGER", "cured")]


def test_what_moved_to_another_unit_is_not_gone(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.audit()
    office.say("project transfer", "2026-10-01", project="DOCK", unit="FIN")
    assert office.audit(unit="OPS").cured == 0
    assert office.findings() == [("project:DOCK", "open")]


def test_what_people_closed_stays_closed(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.audit()
    finding = _stream(office).removeprefix("finding:")
    prepared = Intake("s" * 16).prepare(
        BY_PATH["finding dismiss"], {"finding": finding, "decided_by": "bob", "reason": "x"}, {}
    )
    office.app.handle(prepared, Meta(actor="system:test"))
    run = office.audit()
    assert (run.raised, run.reopened) == (0, 0)
    assert office.findings() == [("project:DOCK", "dismissed")]


def test_all_of_a_run_is_recorded_or_nothing(office: Office) -> None:
    office.begun_unapproved("DOCK")
    position = office.catch_up()

    def killed(unit: UnitOfWork, outcome: Outcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform(office.app, office.clickhouse, [START], office.scope(), "system:audit", position, also=killed)
    assert office.app.store.max_notification_id() == position
    assert office.audit().raised == 1


def test_the_rules_of_then_are_those_published_then(office: Office) -> None:
    office.audit()
    words = START.text.replace("severity: high", "severity: low").replace("version: 1", "version: 2")
    revised = read_control(Path("01.yaml"), words.encode())
    before = office.now
    office.now += dt.timedelta(days=1)
    day = TODAY + dt.timedelta(1)
    assert office.audit(revised, as_of=day).published == 1
    office.catch_up()
    then = rules_then(office.clickhouse, office.scope(as_of=day, known_at=before))
    assert [control.severity for control in then.values()] == ["high"]
    now = rules_then(office.clickhouse, office.scope(as_of=day))
    assert [control.severity for control in now.values()] == ["low"]
    assert rules_then(office.clickhouse, office.scope(as_of=dt.date(2026, 6, 1))) == {}


def test_occasions_of_a_period_are_those_activated_in_it(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.catch_up()
    march = office.scope(as_of=dt.date(2026, 3, 31), period_from=dt.date(2026, 3, 1), period_to=dt.date(2026, 3, 31))
    april = replace(march, as_of=dt.date(2026, 4, 30), period_from=dt.date(2026, 4, 1), period_to=dt.date(2026, 4, 30))
    assert [len(check(office.clickhouse, START, scope)) for scope in (march, april)] == [1, 0]
    assert [sum(s.violated for s in scorecard(office.clickhouse, START, scope)) for scope in (march, april)] == [1, 0]


def test_the_digest_does_not_depend_on_the_order(office: Office) -> None:
    office.begun_unapproved("DOCK")
    office.begun_unapproved("CRANE")
    office.catch_up()
    found = check(office.clickhouse, START, office.scope())
    assert digest_of(found) == digest_of(reversed(found)) != digest_of(found[:1])


def _stream(office: Office) -> str:
    query = "SELECT DISTINCT originator_id FROM stored_events WHERE originator_id GLOB 'finding:*'"
    [(stream,)] = office.app.store.rows(query)
    return str(stream)
