"""The PMO's own records: definitions, settings, rates, rights, reports, and what was brought in from elsewhere."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Currency, Day, Digest, Instant, Item, Key, Note, PersonId, Rate, Text, TimeZone
from schemas.voiding import voided

Count = Annotated[int, Field(ge=0, examples=[12])]
DefinitionText = Annotated[str, Field(min_length=1, max_length=60_000, examples=["id: status-every-14-days"])]
DefinitionVersion = Annotated[int, Field(ge=1, le=100_000, examples=[2])]
SettingText = Annotated[str, Field(min_length=1, max_length=60_000, examples=['{"gates":[]}'])]
Basis = Literal["recorded", "reported"]
Definitions = Annotated[dict[Item, Digest], Field(examples=[{"status-every-14-days": "ab" * 32}])]
"""Controls or KPIs by name, each with the digest of its definition."""


class ImportCompleted(Event, type="pmo.import.completed.v1"):
    """One file was brought in. Rows = recorded + unchanged + rejected + ignored."""

    source_kind: Text
    file_name: Text
    file_digest: Digest
    mapping_digest: Digest
    rows: Count
    recorded: Count
    unchanged: Count
    rejected: Count
    ignored: Count
    events: Count = Field(description="Events that the recorded rows made; one row may make several")


class ControlPublished(Event, type="pmo.control.published.v1"):
    """A rule is in force, in the words of its file."""

    title: Text
    definition: DefinitionText
    definition_version: DefinitionVersion
    digest: Digest


class ControlRevised(Event, type="pmo.control.revised.v1"):
    """The rule has other words."""

    title: Text
    definition: DefinitionText
    definition_version: DefinitionVersion
    digest: Digest


class ControlRetired(Event, type="pmo.control.retired.v1"):
    """The rule is no longer in force."""

    reason: Note | None


class KpiPublished(Event, type="pmo.kpi.published.v1"):
    """A figure is defined, in the words of its file."""

    title: Text
    definition: DefinitionText
    definition_version: DefinitionVersion
    digest: Digest


class KpiRevised(Event, type="pmo.kpi.revised.v1"):
    """The figure is defined otherwise."""

    title: Text
    definition: DefinitionText
    definition_version: DefinitionVersion
    digest: Digest


class KpiRetired(Event, type="pmo.kpi.retired.v1"):
    """The figure is no longer used."""

    reason: Note | None


class ReportIssued(Event, type="pmo.report.issued.v1"):
    """A report was given to somebody; issued again with the same times, its figures have the same digest."""

    title: Text
    audience: Text
    unit: Key | None = Field(description="The unit that it is about, with those below it; null: the portfolio")
    as_of: Day
    known_at: Instant
    basis: Basis
    currency: Currency = Field(description="The one that its amounts are shown in")
    time_zone: TimeZone = Field(description="In which its days begin and end")
    figures_digest: Digest
    definitions: Definitions


class AccessGranted(Event, type="pmo.access.granted.v1"):
    """The person may act in a role; `item` is the unit, or ALL."""

    item: Item
    role: Literal["viewer", "reporter", "manager", "pmo", "auditor", "administrator"]
    decided_by: PersonId


class AccessRevoked(Event, type="pmo.access.revoked.v1"):
    """The person no longer has that right."""

    item: Item
    reason: Note | None
    decided_by: PersonId | None


class SettingSet(Event, type="pmo.setting.set.v1"):
    """The setting has this value from now on."""

    value: SettingText | None = Field(description="JSON; null: back to the default")
    decided_by: PersonId | None


class RateSet(Event, type="pmo.rate.set.v1"):
    """What one unit of the stream's currency is worth from a day on; `item` is that day, or `DAY.CURRENCY`."""

    item: Item
    first_day: Day
    to_currency: Currency
    rate: Rate
    origin: Text | None = Field(description="Who published the rate")


ImportVoided = voided("import")
ControlVoided = voided("control")
KpiVoided = voided("kpi")
ReportVoided = voided("report")
AccessVoided = voided("access")
SettingVoided = voided("setting")
RateVoided = voided("rate")

EVENTS: tuple[type[Event], ...] = (
    ImportCompleted,
    ImportVoided,
    ControlPublished,
    ControlRevised,
    ControlRetired,
    ControlVoided,
    KpiPublished,
    KpiRevised,
    KpiRetired,
    KpiVoided,
    ReportIssued,
    ReportVoided,
    AccessGranted,
    AccessRevoked,
    AccessVoided,
    SettingSet,
    SettingVoided,
    RateSet,
    RateVoided,
)
