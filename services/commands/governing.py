"""The organisation's settings, exchange rates and rights."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from schemas import governance as events
from schemas.event import Event, Record
from schemas.fields import Currency, Rate, Text
from schemas.streams import stream_id
from services.commands.command import (
    Argument,
    Command,
    Context,
    Day,
    FreeText,
    KeyArgument,
    KeyField,
    PersonArgument,
    PersonKey,
    Shape,
)
from services.commands.fold import State
from services.commands.setting_values import REPORTING_CURRENCY, canonical, check_target
from services.errors import BadInput, NotFound, Rejected

_REPORTING_CURRENCY = stream_id("setting", REPORTING_CURRENCY)
EVERYWHERE = "ALL"
"""Stands for all units where a right is granted."""


def _as_json(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


JsonText = Annotated[events.SettingText, BeforeValidator(_as_json), Shape("JSON")]
CurrencyCode = Annotated[Currency, BeforeValidator(_upper), Shape("CURRENCY")]


class _SettingCommand(Command):
    name: KeyArgument = Field(description="The setting's name, such as TARGET.ON-TIME or GATE-ROUTE.STANDARD")

    def stream(self) -> str:
        """The setting's stream."""
        return stream_id("setting", self.name)


class SetSetting(_SettingCommand, path="setting set", example="""TARGET.ON-TIME --value '{"target": 0.8}'"""):
    """Set a target, threshold, gate route, scoring model, calendar or the reporting currency from now on.

    Settings are `GATE-ROUTE.<NAME>`, `SCORING.<MODEL>`, `TARGET.<KPI-NAME>`, THRESHOLD.RISK-EXPOSURE,
    THRESHOLD.OVERSPEND, THRESHOLD.WIND-DOWN-DAYS, THRESHOLD.STALE-DAYS, `CALENDAR.<COUNTRY>` and REPORTING-CURRENCY.

    A target is {"target": 0.8, "warn": 0.7}, a share as a number from 0 to 1. At the target or better it is met,
    between it and `warn`, which may be left out, it is a warning, and beyond that it is not met.
    """

    value: JsonText = Field(description="Its value, a JSON object")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an unknown setting, a value that does not fit it, and the target of a KPI that there is not."""
        value = canonical(self.name, self.value)
        check_target(self.name, value, context.kpis)
        return [events.SettingSet(value=value, decided_by=self.decided_by)]


class ClearSetting(_SettingCommand, path="setting clear", example="TARGET.ON-TIME"):
    """Let a setting have its default again."""

    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a setting that has no value at that time."""
        last = state.last(events.SettingSet)
        if last is None or last.value is None:
            raise NotFound(f"Setting {self.name} has no value at that time; its default holds already.")
        return [events.SettingSet(value=None, decided_by=self.decided_by)]


class SetRate(Command, path="rate set", example="GBP --rate 1.17 --first-day 2026-01-01 --to EUR"):
    """Record what a currency is worth from a day on."""

    currency: Annotated[CurrencyCode, Argument()] = Field(description="The currency, such as GBP")
    rate: Rate = Field(description="What one unit of it is worth in the other currency")
    first_day: Day = Field(description="The first day on which it holds")
    to: CurrencyCode | None = Field(default=None, description="The other currency; by default the reporting currency")
    origin: Text | None = Field(default=None, description="Who published the rate")

    def stream(self) -> str:
        """The currency's stream."""
        return stream_id("rate", self.currency)

    def occurs_on(self) -> date | None:
        """The rate's first day."""
        return self.first_day

    def considers(self) -> tuple[str, ...]:
        """The reporting currency."""
        return (_REPORTING_CURRENCY,)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a currency against itself, and a day that has a rate to the same currency."""
        said = context.other(_REPORTING_CURRENCY).last(events.SettingSet)
        to = self.to or (json.loads(said.value)["currency"] if said and said.value else context.currency)
        if to == self.currency:
            raise BadInput(f"--to: a unit of {to} is always worth one {to}; name another currency.")
        day = self.first_day.isoformat()
        known = {
            r.event.part: (r.version, r.event.to_currency)
            for r in (*state.records(events.RateSet), *later)
            if isinstance(r.event, events.RateSet) and r.event.first_day == self.first_day
        }
        for version, other in known.values():
            if other == to:
                raise Rejected(
                    f"{self.currency} has a rate to {to} from {day} already; correct it by --supersedes {version}."
                )
        # the day alone, as ever, unless a rate to another currency stands there: it is not to take that one's place
        item = f"{day}.{to}" if day in known else day
        return [events.RateSet(item=item, first_day=self.first_day, to_currency=to, rate=self.rate, origin=self.origin)]


class _AccessCommand(Command):
    person: PersonArgument = Field(description="The person's own key")
    unit: KeyField | None = Field(default=None, description="For one unit, with those below it; by default for all")

    def stream(self) -> str:
        """The person's rights."""
        return stream_id("access", self.person)

    def references(self) -> tuple[str, ...]:
        """The unit."""
        return (stream_id("business-unit", self.unit),) if self.unit else ()

    @property
    def scope(self) -> str:
        """The unit, or ALL."""
        return self.unit or EVERYWHERE

    def granted(self, state: State) -> events.AccessGranted | None:
        """The right that stands."""
        last = state.record(events.AccessGranted, events.AccessRevoked, item=self.scope)
        return last.event if last and isinstance(last.event, events.AccessGranted) else None


class GrantAccess(
    _AccessCommand, path="access grant", example="ann@example.org --role pmo --unit OPS --decided-by cio"
):
    """Record that a person may act in a role; another one for the same unit takes its place. Not enforced yet."""

    role: Literal["viewer", "reporter", "manager", "pmo", "auditor", "administrator"] = Field(description="The role")
    decided_by: PersonKey = Field(description="Who grants it; not the person")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses one's own right, and one that stands."""
        if self.decided_by == self.person:
            raise Rejected("Nobody grants themselves a right; let somebody else decide.")
        standing = self.granted(state)
        if standing and standing.role == self.role:
            raise Rejected(f"That person is {self.role} for {self.scope} already; 'pmo access revoke' ends it.")
        return [events.AccessGranted(item=self.scope, role=self.role, decided_by=self.decided_by)]


class RevokeAccess(_AccessCommand, path="access revoke", example='ann@example.org --unit OPS --reason "other duties"'):
    """Let a person no longer act in a role."""

    reason: FreeText | None = Field(default=None, description="Why")
    decided_by: PersonKey | None = Field(default=None, description="Who decides")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses where no right stands."""
        if self.granted(state) is None:
            raise NotFound(f"That person has no right for {self.scope} at that time; 'pmo access grant' gives one.")
        return [events.AccessRevoked(item=self.scope, reason=self.reason, decided_by=self.decided_by)]


COMMANDS: tuple[type[Command], ...] = (SetSetting, ClearSetting, SetRate, GrantAccess, RevokeAccess)
