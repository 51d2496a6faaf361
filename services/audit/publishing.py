"""Definitions in the log: the words of controls and KPIs, published once for each version, retired when out of use."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from schemas import governance
from schemas.event import Event
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.assurance import PublishControl, PublishKpi, RetireControl, RetireKpi
from services.commands.command import Command
from services.commands.fold import State
from services.commands.intake import Intake
from services.projections.checking import Control
from services.projections.kpi import Kpi


class Scribe:
    """Issues the commands of one audit or report in one unit of work; `cause` is its id."""

    def __init__(self, app: Governance, unit: UnitOfWork, actor: str, cause: str) -> None:
        self.unit = unit
        self._secret = app.settings.secret.get_secret_value()
        self._actor = actor
        self.cause = cause

    def issue(self, command_class: type[Command], fields: Mapping[str, Any], *transition: object) -> Outcome:
        """Decides one command, under an id that the same transition always has."""
        said = "\n".join(map(str, (command_class.path, *transition)))
        command_id = hashlib.sha256(said.encode()).hexdigest()
        meta = Meta(actor=self._actor, command_id=command_id, correlation_id=self.cause)
        return self.unit.handle(Intake(self._secret).prepare(command_class, fields, meta.said()), meta)

    def step(self, command_class: type[Command], fields: Mapping[str, Any], *about: object) -> Outcome:
        """The same, where the transition begins at the stream's present version, as it may happen again and again."""
        stream = command_class.model_construct(None, **fields).stream()
        return self.issue(command_class, fields, *about, self.unit.history(stream).version)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of definitions: the field that names one, how it is published and retired, and which events hold words."""

    name: str
    publish: type[Command]
    retire: type[Command]
    words: tuple[type[Event], ...]
    out_of_use: str


CONTROLS = Sort(
    "control",
    PublishControl,
    RetireControl,
    (governance.ControlPublished, governance.ControlRevised),
    "no file has this control any more",
)
KPIS = Sort(
    "kpi",
    PublishKpi,
    RetireKpi,
    (governance.KpiPublished, governance.KpiRevised),
    "no report rests on this KPI any more",
)


def published(scribe: Scribe, sort: Sort, name: str, definition: Control | Kpi) -> bool:
    """Publishes a definition, unless the log has these very words in force; tells whether it had not."""
    fields = {
        sort.name: name,
        "title": definition.title,
        "definition": definition.text,
        "definition_version": definition.version,
        "digest": definition.digest,
    }
    outcome = scribe.step(sort.publish, fields, definition.digest)
    return bool(outcome.records) and not outcome.repeated


def out_of_use(app: Governance, sort: Sort, in_use: Collection[str]) -> list[str]:
    """The names of the published definitions that are not among those in use."""
    streams = app.store.streams(sort.name)
    told = [stream for stream in streams if app.history(stream).at(State, None)[0].record(*sort.words)]
    # the key of the stream is the name in capitals, and names have none
    return sorted({stream.partition(":")[2].lower() for stream in told} - set(in_use))


def retired(scribe: Scribe, sort: Sort, name: str) -> bool:
    """Retires a definition; tells whether it was in force."""
    return bool(scribe.step(sort.retire, {sort.name: name, "reason": sort.out_of_use}, sort.out_of_use).records)
