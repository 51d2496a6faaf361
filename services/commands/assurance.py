"""What the audit itself records: definitions in force, audits performed, findings raised and cured, reports issued."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from schemas import assurance as events
from schemas import governance
from schemas.event import Event, Record
from schemas.fields import Currency, Digest, EventId, Instant, Item, Text, TimeZone
from schemas.streams import as_key, stream_id
from services.commands.command import Command, Context, Day, FreeText, KeyField
from services.commands.findings import CLOSED, last_of
from services.commands.fold import State
from services.errors import BadInput, NotFound, Rejected


def finding_stream(control: str, subject: str, activating: str) -> str:
    """The stream of what `control` found about the stream `subject`, at the event `activating`."""
    return stream_id("finding", control, as_key(subject), as_key(activating))


class _ControlCommand(Command):
    control: KeyField

    def stream(self) -> str:
        """The control's stream."""
        return stream_id("control", self.control)


class _KpiCommand(Command):
    kpi: KeyField

    def stream(self) -> str:
        """The KPI's stream."""
        return stream_id("kpi", self.kpi)


class _Definition(Command):
    title: Text
    # to the last newline: a KPI's digest is of its text
    definition: Annotated[governance.DefinitionText, StringConstraints(strip_whitespace=False)]
    definition_version: governance.DefinitionVersion
    digest: Digest

    def words(self) -> dict[str, Any]:
        """The event's fields."""
        return {name: getattr(self, name) for name in _Definition.model_fields}


class PublishControl(_ControlCommand, _Definition, path="control publish", example=""):
    """Record a control's words: published, revised where they differ, nothing where they do not."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """A control that was retired is published again."""
        held = state.record(governance.ControlPublished, governance.ControlRevised, governance.ControlRetired)
        if held is None or isinstance(held.event, governance.ControlRetired):
            return [governance.ControlPublished(**self.words())]
        return [governance.ControlRevised(**self.words())] if _differs(held, self.digest) else []


class RetireControl(_ControlCommand, path="control retire", example=""):
    """Record that a control is no longer in force."""

    reason: FreeText | None = None

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown control; one that is retired stays so."""
        held = state.record(governance.ControlPublished, governance.ControlRevised, governance.ControlRetired)
        if held is None:
            raise NotFound(f"There is no control {self.control} to retire.")
        retired = isinstance(held.event, governance.ControlRetired)
        return [] if retired else [governance.ControlRetired(reason=self.reason)]


class PublishKpi(_KpiCommand, _Definition, path="kpi publish", example=""):
    """Record a KPI's words: published, revised where they differ, nothing where they do not."""

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """A KPI that was retired is published again."""
        held = state.record(governance.KpiPublished, governance.KpiRevised, governance.KpiRetired)
        if held is None or isinstance(held.event, governance.KpiRetired):
            return [governance.KpiPublished(**self.words())]
        return [governance.KpiRevised(**self.words())] if _differs(held, self.digest) else []


class RetireKpi(_KpiCommand, path="kpi retire", example=""):
    """Record that a KPI is no longer used."""

    reason: FreeText | None = None

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown KPI; one that is retired stays so."""
        held = state.record(governance.KpiPublished, governance.KpiRevised, governance.KpiRetired)
        if held is None:
            raise NotFound(f"There is no KPI {self.kpi} to retire.")
        return [] if isinstance(held.event, governance.KpiRetired) else [governance.KpiRetired(reason=self.reason)]


def _differs(held: Record, digest: str) -> bool:
    return getattr(held.event, "digest", None) != digest


class PerformAudit(Command, path="audit perform", example=""):
    """Record that controls were run."""

    audit_id: KeyField
    controls: governance.Definitions
    unit: KeyField | None = None
    as_of: Day
    known_at: Instant
    basis: governance.Basis
    time_zone: TimeZone
    position: governance.Count
    population: governance.Count
    exceptions: governance.Count
    without_evidence: governance.Count
    incomplete: governance.Count
    by_control: dict[Item, events.ControlCounts]
    results_digest: Digest

    def stream(self) -> str:
        """The audit's stream."""
        return stream_id("audit", self.audit_id)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an id that is taken, and more exceptions than occasions."""
        if state or later:
            raise Rejected(f"Audit {self.audit_id} is recorded already; give the new one another id.")
        if self.exceptions > self.population:
            raise BadInput("There are more exceptions than occasions.")
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "audit_id"}
        return [events.AuditPerformed(**fields)]


class _FindingCommand(Command):
    control: Item
    subject: events.Subject
    activating: EventId
    control_digest: Digest
    evidence: tuple[EventId, ...] = ()
    audit: KeyField

    def stream(self) -> str:
        """The finding's stream."""
        return finding_stream(self.control, self.subject, self.activating)


class RaiseFinding(_FindingCommand, path="finding raise", example=""):
    """Record that a control found an occasion that went against it."""

    unit: KeyField | None = None
    severity: events.Severity
    result: Literal["violated", "cured-late"]
    due: Day | None = None
    detail: Text | None = None

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Raises it once; what was cured and is violated again is reopened. A violation of the past
        never leaves the log, so what people dismissed or remediated stays as they left it."""
        last = last_of(state) or next((r for r in later if isinstance(r.event, events.FindingRaised)), None)
        if last is None:
            fields = {name: getattr(self, name) for name in events.FindingRaised.model_fields}
            return [events.FindingRaised(**fields)]
        if self.result == "violated" and isinstance(last.event, events.FindingCured):
            return [
                events.FindingReopened(
                    decided_by=None,
                    control_digest=self.control_digest,
                    evidence=self.evidence,
                    audit=self.audit,
                    reason=None,
                )
            ]
        return []


class CureFinding(_FindingCommand, path="finding cure", example=""):
    """Record that a later audit found the occasion in order."""

    result: Literal["satisfied", "cured-late", "not-activated", "no-evidence"]

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Nothing follows for what was never raised or is closed."""
        last = last_of(state)
        if last is None or type(last.event) in CLOSED:
            return []
        fields = {name: getattr(self, name) for name in events.FindingCured.model_fields}
        return [events.FindingCured(**fields)]


class IssueReport(Command, path="report issue", example=""):
    """Record that a report was given to somebody."""

    report_id: KeyField
    title: Text
    audience: Text
    unit: KeyField | None = None
    as_of: Day
    known_at: Instant
    basis: governance.Basis
    currency: Currency
    time_zone: TimeZone
    figures_digest: Digest
    definitions: governance.Definitions

    def stream(self) -> str:
        """The report's stream."""
        return stream_id("report", self.report_id)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses other figures than were issued for the same question."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "report_id"}
        issued = governance.ReportIssued(**fields)
        before = state.last(governance.ReportIssued)
        if before and _question(before) == _question(issued) and before.figures_digest != issued.figures_digest:
            raise Rejected(
                f"Report {self.report_id} was issued with other figures for the same times and definitions; "
                "find out which are right before it is issued again."
            )
        return [issued]


def _question(report: governance.ReportIssued) -> tuple[object, ...]:
    times = (report.as_of, report.known_at, report.basis, report.time_zone)
    return report.unit, *times, report.currency, report.definitions


COMMANDS: tuple[type[Command], ...] = ()
"""None that people issue: definitions are published, findings raised and reports issued by the programs that make them.
"""

ISSUED_BY_PROGRAMS: tuple[type[Command], ...] = (
    PublishControl,
    RetireControl,
    PublishKpi,
    RetireKpi,
    PerformAudit,
    RaiseFinding,
    CureFinding,
    IssueReport,
)
"""Those of this module, for audits, reports and whatever puts definitions in force."""
