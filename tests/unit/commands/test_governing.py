"""The rules of settings, exchange rates and rights, and of what audits and reports record."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import assurance as audited
from schemas import governance
from services.commands import assurance, governing
from services.commands.command import Command
from services.commands.intake import Intake
from services.commands.setting_values import SETTINGS
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import SECRET, given, on, person
from tests.unit.commands.scenarios import A_NOTE

SET = on("2026-02-01", governance.SettingSet(value='{"target":0.8}', decided_by=None))
CLEARED = on("2026-05-01", governance.SettingSet(value=None, decided_by=None))
FULL = {"<NAME>": "STANDARD", "<MODEL>": "DEFAULT", "<KPI-NAME>": "ON-TIME", "<COUNTRY>": "DE-BY"}


def full_name(pattern: str) -> str:
    prefix, chosen, _ = pattern.partition("<")
    return prefix + (FULL[pattern.removeprefix(prefix)] if chosen else "")


class TestSettings:
    @pytest.mark.parametrize("pattern", SETTINGS)
    def test_every_setting_takes_its_example_compact_and_sorted(self, pattern: str) -> None:
        example = SETTINGS[pattern].example
        assert SETTINGS[pattern].__doc__
        expected = json.dumps(json.loads(example), sort_keys=True, separators=(",", ":"))
        given().when(governing.SetSetting, name=full_name(pattern), value=example, decided_by="cio").then(
            governance.SettingSet(value=expected, decided_by=person("cio"))
        )

    def test_equal_values_are_equal_texts(self) -> None:
        written = ' { "warn" : "0.7",\n "target": 0.8 } '
        for value in (written, {"target": "0.8", "warn": 0.7}):
            given().when(governing.SetSetting, name="target.on-time", value=value).then(
                governance.SettingSet(value='{"target":0.8,"warn":0.7}', decided_by=None)
            )
        given().when(governing.SetSetting, name="threshold.stale-days", value={"value": "35"}).then(
            governance.SettingSet(value='{"value":35}', decided_by=None)
        )

    def test_a_scoring_model_keeps_what_more_it_takes(self) -> None:
        weights = '{"alignment":1,"value":0,"certainty":0,"affordability":0}'
        (made,) = (
            given()
            .when(governing.SetSetting, name="SCORING.X", value=f'{{"version":1,"weights":{weights},"curve":[1,2]}}')
            .then_type(governance.SettingSet)
        )
        assert json.loads(made.model_dump()["value"])["curve"] == [1, 2]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("TARGTE.ON-TIME", "did you mean TARGET.<KPI-NAME>"),
            ("THRESHOLD.OVERSPENT", "did you mean THRESHOLD.OVERSPEND"),
            ("REPORTING-CURENCY", "did you mean REPORTING-CURRENCY"),
            ("CALENDAR.GERMANY", "did you mean CALENDAR.<COUNTRY>"),
            ("TARGET.", "did you mean TARGET.<KPI-NAME>"),
            ("COLOUR", "there are GATE-ROUTE.<NAME>, SCORING.<MODEL>"),
        ],
    )
    def test_an_unknown_setting_names_the_known(self, name: str, words: str) -> None:
        given().when(governing.SetSetting, name=name, value="{}").refused(BadInput, words)
        given().when(governing.SetSetting, name=name, value="{}").refused(BadInput, "REPORTING-CURRENCY")

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("TARGET.ON-TIME", "{", "not valid JSON"),
            ("TARGET.ON-TIME", "[" * 100_000, "--value"),
            ("TARGET.ON-TIME", "0.8", "no JSON object"),
            ("TARGET.ON-TIME", '{"target": NaN}', "NaN is not a number"),
            ("TARGET.ON-TIME", '{"target": 1e999}', "target"),
            ("TARGET.ON-TIME", '{"target": true}', "true and false are no numbers"),
            ("TARGET.ON-TIME", '{"target": 1, "target": 2}', "'target' is given twice"),
            ("TARGET.ON-TIME", "{}", "target: Field required"),
            ("TARGET.ON-TIME", '{"target": 0.8, "wran": 0.7}', "wran"),
            ("GATE-ROUTE.STANDARD", '{"gates": []}', "gates"),
            ("GATE-ROUTE.STANDARD", '{"gates": [{"gate": "G1", "due_days": 0}]}', "gates.0.due_days"),
            ("GATE-ROUTE.STANDARD", '{"gates": [{"gate": "G1", "due_days": 1.5}]}', "gates.0.due_days"),
            (
                "GATE-ROUTE.STANDARD",
                '{"gates": [{"gate": "G1", "due_days": 1}, {"gate": "G1", "due_days": 2}]}',
                "only once",
            ),
            ("SCORING.X", '{"version": 0, "weights": {}}', "version"),
            ("SCORING.X", '{"version": 1, "weights": {"alignment": 1}}', "weights.value"),
            (
                "SCORING.X",
                '{"version": 1, "weights": {"alignment": 0, "value": 0, "certainty": 0, "affordability": 0}}',
                "more than 0",
            ),
            (
                "SCORING.X",
                '{"version": 1, "weights": {"alignment": 1, "value": 0, "certainty": 0, "affordability": 0, "x": 1}}',
                "weights.x",
            ),
            ("THRESHOLD.OVERSPEND", '{"value": -1}', "value"),
            ("THRESHOLD.STALE-DAYS", '{"value": 1.5}', "value"),
            ("CALENDAR.GB", '{"days_off": ["24.12.2026"]}', "days_off.0"),
            ("CALENDAR.GB", '{"days_off": ["2026-12-24"], "working_days": ["2026-12-24"]}', "both"),
            ("REPORTING-CURRENCY", '{"currency": "euro"}', "currency"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_with_an_example(self, name: str, value: str, words: str) -> None:
        given().when(governing.SetSetting, name=name, value=value).refused(BadInput, words)
        if len(value) < 60_000:
            given().when(governing.SetSetting, name=name, value=value).refused(BadInput, "is written like {")

    def test_only_what_is_set_is_cleared(self) -> None:
        clear = {"name": "target.on-time"}
        given(SET).when(governing.ClearSetting, **clear, decided_by="cio").then(
            governance.SettingSet(value=None, decided_by=person("cio"))
        )
        given().when(governing.ClearSetting, **clear).refused(NotFound, "no value")
        given(SET, CLEARED).when(governing.ClearSetting, **clear).refused(NotFound, "no value")
        given(SET).when(governing.ClearSetting, occurring="2026-01-01", **clear).refused(NotFound, "at that time")
        given(SET, CLEARED).correcting(2).when(governing.ClearSetting, **clear).then_type(governance.SettingSet)


class TestRates:
    ASKED = {"currency": "gbp", "rate": "1.17", "first_day": "2026-01-01"}
    MADE = governance.RateSet(
        item="2026-01-01", first_day=date(2026, 1, 1), to_currency="EUR", rate=Decimal("1.17"), origin=None
    )

    def test_a_rate_holds_from_its_day_in_the_reporting_currency(self) -> None:
        given().when(governing.SetRate, **self.ASKED).then(self.MADE)
        given().when(governing.SetRate, **self.ASKED, to="usd", origin="ECB").then(
            self.MADE.model_copy(update={"to_currency": "USD", "origin": "ECB"})
        )
        command = Intake(SECRET).prepare(governing.SetRate, self.ASKED, {}).command
        assert (command.stream(), command.occurs_on()) == ("rate:GBP", date(2026, 1, 1))

    def test_a_currency_has_no_rate_to_itself(self) -> None:
        given().when(governing.SetRate, **{**self.ASKED, "currency": "EUR"}).refused(BadInput, "--to")
        given().when(governing.SetRate, **self.ASKED, to="GBP").refused(BadInput, "--to")

    @pytest.mark.parametrize("rate", ["0", "-1", "much"])
    def test_a_rate_is_more_than_nothing(self, rate: str) -> None:
        given().when(governing.SetRate, **{**self.ASKED, "rate": rate}).refused(BadInput, "--rate")

    def test_one_rate_a_day_unless_corrected(self) -> None:
        known = given(on("2026-01-01", self.MADE))
        known.when(governing.SetRate, **self.ASKED).refused(Rejected, "--supersedes 1")
        known.when(governing.SetRate, occurring="2025-12-31", **self.ASKED).refused(Rejected, "--supersedes 1")
        known.when(governing.SetRate, **{**self.ASKED, "first_day": "2026-02-01"}).then_type(governance.RateSet)
        known.correcting(1).when(governing.SetRate, **self.ASKED).then(self.MADE)

    def test_rates_to_several_currencies_stand_side_by_side(self) -> None:
        dollars = self.MADE.model_copy(update={"item": "2026-01-01.USD", "to_currency": "USD"})
        one = given(on("2026-01-01", self.MADE))
        one.when(governing.SetRate, **self.ASKED, to="USD").then(dollars)
        one.when(governing.SetRate, occurring="2025-12-31", **self.ASKED, to="USD").then(dollars)
        both = given(on("2026-01-01", self.MADE), on("2026-01-01", dollars))
        both.when(governing.SetRate, **self.ASKED).refused(
            Rejected, "a rate to EUR from 2026-01-01 already; correct it by --supersedes 1"
        )
        both.when(governing.SetRate, **self.ASKED, to="USD").refused(
            Rejected, "a rate to USD from 2026-01-01 already; correct it by --supersedes 2"
        )
        both.correcting(2).when(governing.SetRate, **self.ASKED, to="USD").then(dollars)
        both.correcting(1).when(governing.SetRate, **self.ASKED).then(self.MADE)
        both.correcting(1).when(governing.SetRate, **self.ASKED, to="USD").refused(Rejected, "--supersedes 2")


class TestAccess:
    GRANTED = on("2026-02-01", governance.AccessGranted(item="OPS", role="pmo", decided_by=person("cio")))
    REVOKED = on("2026-05-01", governance.AccessRevoked(item="OPS", reason=None, decided_by=None))
    ASKED = {"person": "ann", "role": "pmo", "unit": "ops", "decided_by": "cio"}

    def test_a_right_is_for_a_unit_or_all(self) -> None:
        given().when(governing.GrantAccess, **self.ASKED).then(*(event for event, _ in self.GRANTED))
        everywhere = {name: value for name, value in self.ASKED.items() if name != "unit"}
        given().when(governing.GrantAccess, **everywhere).then(
            governance.AccessGranted(item="ALL", role="pmo", decided_by=person("cio"))
        )
        command = Intake(SECRET).prepare(governing.GrantAccess, self.ASKED, {}).command
        assert (command.stream(), command.references()) == (f"access:{person('ann')}", ("business-unit:OPS",))
        assert Intake(SECRET).prepare(governing.GrantAccess, everywhere, {}).command.references() == ()

    def test_nobody_grants_themselves_a_right(self) -> None:
        given().when(governing.GrantAccess, **{**self.ASKED, "decided_by": "ANN"}).refused(Rejected, "themselves")

    def test_a_right_is_granted_once_and_may_change(self) -> None:
        granted = given(self.GRANTED)
        granted.when(governing.GrantAccess, **self.ASKED).refused(Rejected, "pmo for OPS already")
        granted.when(governing.GrantAccess, **{**self.ASKED, "role": "auditor"}).then_type(governance.AccessGranted)
        granted.when(governing.GrantAccess, occurring="2026-01-01", **self.ASKED).then_type(governance.AccessGranted)
        granted.correcting(1).when(governing.GrantAccess, **self.ASKED).then_type(governance.AccessGranted)
        given(self.GRANTED, self.REVOKED).when(governing.GrantAccess, **self.ASKED).then_type(governance.AccessGranted)

    def test_only_a_right_that_stands_is_revoked(self) -> None:
        revoke = {"person": "ann", "unit": "ops"}
        given(self.GRANTED).when(governing.RevokeAccess, **revoke, reason="moved", decided_by="cio").then(
            governance.AccessRevoked(item="OPS", reason=A_NOTE, decided_by=person("cio"))
        )
        given().when(governing.RevokeAccess, **revoke).refused(NotFound, "no right for OPS")
        given(self.GRANTED).when(governing.RevokeAccess, person="ann").refused(NotFound, "no right for ALL")
        given(self.GRANTED).when(governing.RevokeAccess, occurring="2026-01-01", **revoke).refused(
            NotFound, "at that time"
        )
        given(self.GRANTED, self.REVOKED).when(governing.RevokeAccess, **revoke).refused(NotFound, "access grant")


WORDS: dict[str, Any] = {"title": "Status", "definition": "id: x", "definition_version": 1, "digest": "ab" * 32}
NEWER: dict[str, Any] = {**WORDS, "definition": "id: y", "definition_version": 2, "digest": "cd" * 32}


@pytest.mark.parametrize(
    ("key", "publish", "retire", "published", "revised", "retired"),
    [
        (
            "control",
            assurance.PublishControl,
            assurance.RetireControl,
            governance.ControlPublished,
            governance.ControlRevised,
            governance.ControlRetired,
        ),
        (
            "kpi",
            assurance.PublishKpi,
            assurance.RetireKpi,
            governance.KpiPublished,
            governance.KpiRevised,
            governance.KpiRetired,
        ),
    ],
)
def test_definitions_are_published_revised_and_retired(
    key: str, publish: type[Command], retire: type[Command], published: Any, revised: Any, retired: Any
) -> None:
    name = {key: "status"}
    history = on("2026-01-01", published(**WORDS))
    given().when(publish, **name, **WORDS).then(published(**WORDS))
    given(history).when(publish, **name, **WORDS).then()
    given(history).when(publish, **name, **NEWER).then(revised(**NEWER))
    newest = history + on("2026-02-01", revised(**NEWER))
    given(newest).when(publish, **name, **NEWER).then()
    given(newest).when(publish, **name, **WORDS).then(revised(**WORDS))
    given().when(retire, **name).refused(NotFound, "STATUS")
    given(newest).when(retire, **name, reason="merged").then(retired(reason=A_NOTE))
    gone = newest + on("2026-03-01", retired(reason=None))
    given(gone).when(retire, **name).then()
    given(gone).when(publish, **name, **NEWER).then(published(**NEWER))
    assert publish(**name, **WORDS).stream() == f"{key}:STATUS"


class TestAuditsAndReports:
    SCOPE: dict[str, Any] = {
        "unit": "OPS",
        "as_of": "2026-06-30",
        "known_at": "2026-07-01T00:00:00.000Z",
        "basis": "recorded",
    }
    AUDIT: dict[str, Any] = {
        **SCOPE,
        "audit_id": "A-1",
        "controls": {"status-every-14-days": "ab" * 32},
        "position": 100,
        "population": 12,
        "exceptions": 2,
        "without_evidence": 1,
        "incomplete": 0,
        "time_zone": "Europe/London",
        "by_control": {},
        "results_digest": "cd" * 32,
    }
    REPORT: dict[str, Any] = {
        **SCOPE,
        "report_id": "R-1",
        "title": "Steering",
        "audience": "Board",
        "currency": "EUR",
        "time_zone": "Europe/London",
        "figures_digest": "ab" * 32,
        "definitions": {"on-time": "cd" * 32},
    }

    def test_an_audit_is_recorded_once(self) -> None:
        (made,) = given().when(assurance.PerformAudit, **self.AUDIT).then_type(audited.AuditPerformed)
        given(on("2026-06-30", made)).when(assurance.PerformAudit, **self.AUDIT).refused(Rejected, "recorded already")
        late = given(on("2026-06-30", made)).when(assurance.PerformAudit, occurring="2026-06-01", **self.AUDIT)
        late.refused(Rejected, "another id")

    def test_the_figures_of_an_audit_fit(self) -> None:
        given().when(assurance.PerformAudit, **{**self.AUDIT, "exceptions": 13}).refused(BadInput, "more exceptions")

    def test_the_same_question_has_the_same_figures(self) -> None:
        (made,) = given().when(assurance.IssueReport, **self.REPORT).then_type(governance.ReportIssued)
        issued = given(on("2026-06-30", made))
        issued.when(assurance.IssueReport, **{**self.REPORT, "audience": "Auditors"}).then_type(governance.ReportIssued)
        other = {**self.REPORT, "figures_digest": "ef" * 32}
        issued.when(assurance.IssueReport, **other).refused(Rejected, "other figures")
        issued.when(assurance.IssueReport, **{**other, "as_of": "2026-05-31"}).then_type(governance.ReportIssued)
        issued.when(assurance.IssueReport, **{**other, "definitions": {"on-time": "ef" * 32}}).then_type(
            governance.ReportIssued
        )
        issued.correcting(1).when(assurance.IssueReport, **other).then_type(governance.ReportIssued)


@pytest.mark.parametrize("command", assurance.ISSUED_BY_PROGRAMS, ids=lambda command: command.path)
def test_what_programs_issue_explains_itself_and_is_not_for_people(command: type[Command]) -> None:
    assert command.__doc__ and command.path and not command.example
    assert command not in assurance.COMMANDS
