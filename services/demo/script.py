"""What people of the simulated company say, when they say it, and how that is recorded through the real commands."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from schemas.streams import as_key
from services.commands import assurance
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.commands.catalogue import BY_PATH
from services.commands.directory import PERSON_PREFIX, pseudonym, write_note
from services.commands.intake import Intake

SYSTEM = "system:demo"
_OPENING = time(8)
_WORKING_DAY = timedelta(hours=10)
_BATCH = 2_000

_PATHS = {command.path: command for command in assurance.ISSUED_BY_PROGRAMS} | BY_PATH

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Said:
    """One command, recorded on a day. `label` lets a later one correct or void it."""

    recorded: date
    path: str
    fields: dict[str, Any]
    actor: str
    on: date | None
    label: str
    corrects: str


@dataclass(frozen=True, slots=True)
class EventOf:
    """In a field: the id of the event that `label` stands for, or `within` with that id as a key in it."""

    label: str
    within: str = ""

    def told(self, event_id: str) -> str:
        """The field's value."""
        return self.within.format(as_key(event_id)) if self.within else event_id


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A void: the event of `label` was recorded in error."""

    recorded: date
    label: str
    reason: str
    actor: str


class Script:
    """Collects what is said up to a day, in any order, and plays it in the order of its recording."""

    def __init__(self, seed: int, until: date) -> None:
        self.random = random.Random(seed)
        self.until = until
        self.labels: set[str] = set()
        self._said: list[Said | Withdrawal] = []

    @property
    def last_day(self) -> date:
        """The last day on which something is recorded: the one before `until`, so that nothing lies in the future."""
        return self.until - timedelta(days=1)

    def say(
        self,
        day: date,
        path: str,
        /,
        *,
        by: str = SYSTEM,
        late: int = 0,
        label: str = "",
        corrects: str = "",
        **fields: Any,
    ) -> bool:
        """Something that was true on `day` and is recorded `late` days after; False if that is not past yet.

        What is recorded late stands at its day, what is recorded at once at its instant.
        """
        recorded = self.workday(day + timedelta(days=late))
        if recorded > self.last_day:
            return False
        on = day if recorded != day else None
        if label:
            self.labels.add(label)
        self._said.append(Said(recorded, path, fields, by, on, label, corrects))
        return True

    def withdraw(self, day: date, label: str, reason: str, by: str = SYSTEM) -> bool:
        """Voids on `day` what stands under `label`."""
        recorded = self.workday(day)
        if recorded > self.last_day or label not in self.labels:
            return False
        self._said.append(Withdrawal(recorded, label, reason, by))
        return True

    def workday(self, day: date) -> date:
        """`day`, or the Monday after if it lies on a weekend."""
        return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share

    def days(self, low: int, high: int) -> timedelta:
        """So many days, from `low` to `high`."""
        return timedelta(days=self.random.randint(low, high))

    def counts(self) -> Counter[str]:
        """How often each command is said; corrections are not counted."""
        return Counter(said.path for said in self._said if isinstance(said, Said) and not said.corrects)

    def in_order(self, zone: ZoneInfo) -> list[tuple[Said | Withdrawal, datetime]]:
        """Everything with the time of its recording: within a day in the order in which it was said."""
        ordered = sorted(self._said, key=lambda said: said.recorded)
        per_day: dict[date, int] = {}
        for said in ordered:
            per_day[said.recorded] = per_day.get(said.recorded, 0) + 1
        timed, rank, last = [], 0, date.min
        for said in ordered:
            rank = rank + 1 if said.recorded == last else 0
            last = said.recorded
            opening = datetime.combine(last, _OPENING, zone).astimezone(UTC)
            timed.append((said, opening + rank * (_WORKING_DAY / per_day[last])))
        return timed


class Player:
    """Records a script through the commands and their rules, many commands in one transaction."""

    def __init__(self, app: Governance) -> None:
        self._app = app
        self._secret = app.settings.secret.get_secret_value()
        self._outcomes: dict[str, Outcome] = {}
        self.events = 0

    def play(self, script: Script, progress: Progress) -> None:
        """Records everything."""
        timed = list(enumerate(script.in_order(self._app.settings.zone)))
        for start in range(0, len(timed), _BATCH):
            batch = timed[start : start + _BATCH]
            self.events += self._app.transact(partial(self._record, batch))
            progress(start + len(batch), len(timed))

    def _record(self, batch: Iterable[tuple[int, tuple[Said | Withdrawal, datetime]]], unit: UnitOfWork) -> int:
        for number, (said, recorded_at) in batch:
            command_id = f"demo-{number}"
            if isinstance(said, Withdrawal):
                self._void(unit, said, Meta(self._actor(said.actor), command_id, recorded_at=recorded_at))
            else:
                self._say(unit, said, command_id, recorded_at)
        return len(unit.records)

    def _say(self, unit: UnitOfWork, said: Said, command_id: str, recorded_at: datetime) -> None:
        supersedes = self._outcomes[said.corrects].records[0].version if said.corrects else None
        meta = Meta(self._actor(said.actor), command_id, on=said.on, supersedes=supersedes, recorded_at=recorded_at)
        prepared = Intake(self._secret).prepare(_PATHS[said.path], self._known(said.fields), meta.said())
        outcome = unit.handle(prepared, meta)
        if said.label:
            self._outcomes[said.label] = outcome

    def _known(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields, with the ids of events that are known only now."""
        return {name: self._told(value) for name, value in fields.items()}

    def _told(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._told(each) for each in value]
        if not isinstance(value, EventOf):
            return value
        first = self._outcomes[value.label].records[0]
        return value.told(f"{first.stream}/{first.version}")

    def _void(self, unit: UnitOfWork, said: Withdrawal, meta: Meta) -> None:
        record = self._outcomes[said.label].records[0]
        note, entry = write_note(said.reason)
        unit.void(record.stream, record.version, meta, note, (entry,))

    def _actor(self, said: str) -> str:
        return said if said == SYSTEM else f"{PERSON_PREFIX}{pseudonym(self._secret, said)}"
