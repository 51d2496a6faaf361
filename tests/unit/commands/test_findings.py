"""The rules of findings: what people do to them, and when an audit raises, reopens and cures them."""

from datetime import date
from typing import Any

import pytest

from schemas import assurance as facts
from services.commands import assurance, findings
from services.commands.command import Command
from services.commands.intake import Intake
from services.errors import BadInput, NotFound, Rejected
from tests.unit.commands.dsl import SECRET, ProjectHistory, given, on, person
from tests.unit.commands.scenarios import A_NOTE, MINUTES

KEY = "STATUS-EVERY-14-DAYS/PROJECT.ALPHA/PROJECT.ALPHA.3"
WHAT: dict[str, Any] = {
    "control": "status-every-14-days",
    "subject": "project:ALPHA",
    "activating": "project:ALPHA/3",
    "control_digest": "ab" * 32,
    "evidence": ("project:ALPHA/3",),
    "audit": "A-1",
}
FOUND: dict[str, Any] = {
    **WHAT,
    "unit": "OPS",
    "severity": "high",
    "result": "violated",
    "due": date(2026, 7, 31),
    "detail": None,
}
RAISED = on("2026-03-01", facts.FindingRaised(**FOUND))
OWNED = on("2026-03-10", facts.FindingAcknowledged(owner=person("ann"), due=date(2026, 7, 31)))
CURED_FIELDS: dict[str, Any] = {"control_digest": "ab" * 32, "result": "satisfied", "evidence": (), "audit": "A-2"}
CURED = on("2026-05-01", facts.FindingCured(**CURED_FIELDS))
DISMISSED = on("2026-05-01", facts.FindingDismissed(decided_by=person("bob"), reason=None))
REMEDIATED = on("2026-05-01", facts.FindingRemediated(decided_by=person("bob"), evidence=()))
ACCEPTED = on(
    "2026-05-01",
    facts.FindingRiskAccepted(until=date(2026, 12, 31), requested_by=None, decided_by=person("cio"), reason=None),
)
REOPENED = on(
    "2026-06-01", facts.FindingReopened(decided_by=None, control_digest=None, evidence=(), audit=None, reason=None)
)
ACKNOWLEDGE = {"finding": KEY, "owner": "ann", "due": "2026-09-30"}
DISMISS = {"finding": KEY, "decided_by": "bob", "reason": "reported by letter"}
ACCEPT = {"finding": KEY, "until": "2026-12-31", "decided_by": "cio", "reason": "replaced next year"}
REMEDIATE = {"finding": KEY, "decided_by": "bob"}
REOPEN = {"finding": KEY, "reason": "again"}
DECISIONS = [
    (findings.Acknowledge, ACKNOWLEDGE),
    (findings.Dismiss, DISMISS),
    (findings.AcceptRisk, {**ACCEPT, "requested_by": "kim"}),
    (findings.Remediate, REMEDIATE),
]


class TestNaming:
    @pytest.mark.parametrize("said", [KEY, KEY.lower(), f"finding:{KEY}", f" {KEY} "])
    def test_a_finding_is_named_with_or_without_its_kind(self, said: str) -> None:
        command = Intake(SECRET).prepare(findings.Remediate, {**REMEDIATE, "finding": said}, {}).command
        assert command.stream() == f"finding:{KEY}"

    @pytest.mark.parametrize("said", ["STATUS-EVERY-14-DAYS", "A/B", "A/B/C/D", "A/B/", "a/b/c d", "project:A/B/C"])
    def test_another_form_is_malformed(self, said: str) -> None:
        given(RAISED).when(findings.Remediate, **{**REMEDIATE, "finding": said}).refused(BadInput, "FINDING:")

    def test_the_audit_names_it_alike(self) -> None:
        stream = assurance.finding_stream("status-every-14-days", "project:ALPHA", "project:ALPHA/3")
        assert stream == f"finding:{KEY}"
        longest = assurance.finding_stream("c" * 64, f"adoption:{'A' * 64}/{'B' * 64}", f"adoption:{'A' * 64}/B/9")
        parts = longest.removeprefix("finding:").split("/")
        assert len(parts) == 3 and max(map(len, parts)) <= 64


class TestDeciding:
    @pytest.mark.parametrize(("command", "fields"), [*DECISIONS, (findings.Reopen, REOPEN)])
    def test_only_what_an_audit_raised_by_then(self, command: type[Command], fields: dict[str, str]) -> None:
        given().when(command, **fields).refused(NotFound, "'pmo audit run'")
        given(RAISED).when(command, occurring="2026-02-28", **fields).refused(Rejected, "raised only at 2026-03-01")

    @pytest.mark.parametrize(("command", "fields"), DECISIONS)
    @pytest.mark.parametrize(
        ("closing", "how"), [(CURED, "cured"), (DISMISSED, "dismissed"), (REMEDIATED, "remediated")]
    )
    def test_what_is_closed_is_reopened_first(
        self, command: type[Command], fields: dict[str, str], closing: ProjectHistory, how: str
    ) -> None:
        given(RAISED, closing).when(command, **fields).refused(Rejected, f"is {how}; 'pmo finding reopen'")
        assert len(given(RAISED, closing, REOPENED).when(command, **fields).decide()) == 1
        given(RAISED, closing).correcting(2).when(command, **fields).decide()

    @pytest.mark.parametrize(("command", "fields"), [(findings.Dismiss, DISMISS), (findings.Remediate, REMEDIATE)])
    def test_a_late_closing_of_what_was_closed_after(self, command: type[Command], fields: dict[str, str]) -> None:
        late = {**fields, "occurring": "2026-04-01"}
        given(RAISED, REMEDIATED).when(command, **late).refused(Rejected, "is remediated")
        assert len(given(RAISED, REMEDIATED).correcting(2).when(command, **late).decide()) == 1

    def test_a_late_acknowledgement_of_what_was_closed_after(self) -> None:
        given(RAISED, REMEDIATED).when(findings.Acknowledge, occurring="2026-04-01", **ACKNOWLEDGE).then_type(
            facts.FindingAcknowledged
        )

    def test_acknowledging(self) -> None:
        given(RAISED).when(findings.Acknowledge, **ACKNOWLEDGE).then(
            facts.FindingAcknowledged(owner=person("ann"), due=date(2026, 9, 30))
        )
        given(RAISED, OWNED).when(findings.Acknowledge, **{**ACKNOWLEDGE, "owner": "bob"}).then_type(
            facts.FindingAcknowledged
        )
        given(RAISED).when(findings.Acknowledge, **{**ACKNOWLEDGE, "due": "2026-06-29"}).refused(BadInput, "--due")

    def test_dismissing_by_another_than_the_owner_with_a_reason(self) -> None:
        given(RAISED, OWNED).when(findings.Dismiss, **DISMISS).then(
            facts.FindingDismissed(decided_by=person("bob"), reason=A_NOTE)
        )
        given(RAISED, OWNED).when(findings.Dismiss, **{**DISMISS, "decided_by": "Ann"}).refused(
            Rejected, "not dismissed by its owner"
        )
        given(RAISED).when(findings.Dismiss, finding=KEY, decided_by="bob").refused(BadInput, "--reason")

    def test_accepting_until_a_day_by_neither_owner_nor_requester(self) -> None:
        given(RAISED, OWNED).when(findings.AcceptRisk, **ACCEPT, requested_by="ann").then(
            facts.FindingRiskAccepted(
                until=date(2026, 12, 31), requested_by=person("ann"), decided_by=person("cio"), reason=A_NOTE
            )
        )
        having = given(RAISED, OWNED)
        having.when(findings.AcceptRisk, **{**ACCEPT, "decided_by": "ann"}).refused(Rejected, "by its owner")
        having.when(findings.AcceptRisk, **ACCEPT, requested_by="CIO").refused(Rejected, "who asked for it")
        having.when(findings.AcceptRisk, **{**ACCEPT, "until": "2026-06-29"}).refused(BadInput, "--until")
        unending = {name: value for name, value in ACCEPT.items() if name != "until"}
        having.when(findings.AcceptRisk, **unending).refused(BadInput, "needs --until")

    def test_remediated_but_not_in_its_owners_judgement(self) -> None:
        given(RAISED, OWNED).when(findings.Remediate, **REMEDIATE, evidence=["https://docs.example/minutes"]).then(
            facts.FindingRemediated(decided_by=person("bob"), evidence=(MINUTES,))
        )
        given(RAISED, OWNED).when(findings.Remediate, **{**REMEDIATE, "decided_by": "ann"}).refused(
            Rejected, "not closed by its owner"
        )
        # nor dated before she took it on
        given(RAISED, OWNED).when(
            findings.Remediate, occurring="2026-03-05", **{**REMEDIATE, "decided_by": "ann"}
        ).refused(Rejected, "not closed by its owner")

    def test_a_risk_that_nobody_asks_to_accept(self) -> None:
        given(RAISED).when(findings.AcceptRisk, **ACCEPT).refused(Rejected, "--requested-by")

    @pytest.mark.parametrize("ended", [CURED, DISMISSED, REMEDIATED, ACCEPTED])
    def test_what_was_closed_or_accepted_is_reopened(self, ended: ProjectHistory) -> None:
        given(RAISED, ended).when(findings.Reopen, **REOPEN, decided_by="bob").then(
            facts.FindingReopened(decided_by=person("bob"), control_digest=None, evidence=(), audit=None, reason=A_NOTE)
        )

    @pytest.mark.parametrize("history", [RAISED, RAISED + OWNED, RAISED + CURED + REOPENED])
    def test_what_stands_is_not_reopened(self, history: ProjectHistory) -> None:
        given(history).when(findings.Reopen, **REOPEN).refused(Rejected, "stands already")

    def test_an_owner_stays_one_after_reopening(self) -> None:
        given(RAISED, OWNED, CURED, REOPENED).when(findings.Remediate, **{**REMEDIATE, "decided_by": "ann"}).refused(
            Rejected, "by its owner"
        )


class TestAuditing:
    AGAIN = facts.FindingReopened(
        decided_by=None,
        control_digest=WHAT["control_digest"],
        evidence=WHAT.get("evidence", ()),
        audit="A-1",
        reason=None,
    )

    def test_a_new_finding_is_raised(self) -> None:
        given().when(assurance.RaiseFinding, **FOUND).then(facts.FindingRaised(**FOUND))

    @pytest.mark.parametrize(
        "history",
        [RAISED, RAISED + OWNED, RAISED + ACCEPTED, RAISED + DISMISSED, RAISED + REMEDIATED, RAISED + CURED + REOPENED],
    )
    def test_what_stands_or_was_closed_by_people_is_not_raised_again(self, history: ProjectHistory) -> None:
        given(history).when(assurance.RaiseFinding, **FOUND).then()
        given(history).when(assurance.RaiseFinding, occurring="2026-02-01", **FOUND).then()

    def test_what_was_cured_and_is_violated_again_is_reopened(self) -> None:
        given(RAISED, CURED).when(assurance.RaiseFinding, **FOUND).then(self.AGAIN)
        given(RAISED, CURED).when(assurance.RaiseFinding, **{**FOUND, "result": "cured-late"}).then()

    @pytest.mark.parametrize("history", [RAISED, RAISED + OWNED, RAISED + ACCEPTED, RAISED + CURED + REOPENED])
    def test_what_stands_is_cured(self, history: ProjectHistory) -> None:
        given(history).when(assurance.CureFinding, **{**WHAT, "audit": "A-2", "evidence": ()}, result="satisfied").then(
            facts.FindingCured(**CURED_FIELDS)
        )

    @pytest.mark.parametrize("history", [(), RAISED + CURED, RAISED + DISMISSED, RAISED + REMEDIATED])
    def test_nothing_else_is_cured(self, history: ProjectHistory) -> None:
        given(history).when(assurance.CureFinding, **WHAT, result="satisfied").then()

    def test_a_finding_is_about_an_event(self) -> None:
        given().when(assurance.RaiseFinding, **{**FOUND, "activating": "ALPHA"}).refused(BadInput, "--activating")
