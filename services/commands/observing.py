"""What a source tells as a fact, which no rule refuses: recorded without a decision, and much faster for that."""

import datetime as dt
from collections.abc import Iterable

from schemas.event import EARLIEST, Event, Record, in_milliseconds
from services.commands.app import CLOCK_SKEW, Governance, UnitOfWork
from services.commands.days import day_start
from services.commands.directory import Entry
from services.errors import BadInput


class Observer:
    """Records facts in one unit of work, all under one actor and one correlation id."""

    def __init__(self, app: Governance, unit: UnitOfWork, actor: str, correlation_id: str) -> None:
        self._unit, self._settings = unit, app.settings
        self._source, self._actor, self._correlation_id = app.settings.source, actor, correlation_id
        self._now = in_milliseconds(app.clock())
        self._latest = self._now + CLOCK_SKEW

    def observe(
        self,
        stream: str,
        event: Event,
        when: dt.datetime | dt.date,
        command_id: str,
        *,
        reported_at: dt.datetime | None = None,
        entries: Iterable[Entry] = (),
    ) -> None:
        """Records one fact; a day stands at its beginning. Raises BadInput for a time to come, or before 1900."""
        is_instant = isinstance(when, dt.datetime)
        at = in_milliseconds(when) if isinstance(when, dt.datetime) else day_start(when, self._settings)
        if not EARLIEST <= at <= self._latest or (reported_at is not None and reported_at > self._latest):
            raise BadInput(f"A fact cannot lie in the future, nor before {EARLIEST.year}: {stream} at {when}.")
        history = self._unit.history(stream)
        last = history.recorded_at
        self._unit.add(
            Record(
                stream,
                history.version + 1,
                event,
                at,
                self._now if last is None or last <= self._now else last,
                self._source,
                self._actor,
                command_id,
                self._correlation_id,
                "instant" if is_instant else "day",
                "claimed",
                in_milliseconds(reported_at) if reported_at else None,
            ),
            entries,
        )
