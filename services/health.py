"""How well each part of the path is, how far it is behind, and how fast it goes: for ``pmo doctor``."""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from services.commands.app import Governance
from services.errors import PmoError
from services.projections.clickhouse import ClickHouse
from services.runtime import endpoint_url, open_app
from services.settings import Settings
from services.waiting import STORE, Landed, missing

_SAMPLE_S = 1.0


def status(settings: Settings) -> list[tuple[str, bool, str]]:
    """For ``pmo doctor``: each part of the path, whether it is well, how far it is behind, and how fast it goes."""
    with open_app(settings) as app, ExitStack() as stack:
        led = app.store.is_led()
        running_at = settings.clickhouse or endpoint_url(settings)
        clickhouse, away = None, None
        if running_at:
            try:
                clickhouse = stack.enter_context(ClickHouse.server(running_at, create=False))
            except PmoError as error:
                away = ("clickhouse", False, str(error))
        before = _Reached.now(app, clickhouse)
        if led or clickhouse:
            time.sleep(_SAMPLE_S)
        now = _Reached.now(app, clickhouse)
        found = [("store", True, f"{now.recorded} events recorded")]
        if now.checkpoints or led:
            behind = now.recorded - now.sent
            leader = f"a relay leads, {_rate(before, now, 'sent')} events/s" if led else "no relay runs"
            found.append(("relay", led or not behind, f"{behind} events behind, {leader}"))
        if away:
            return [*found, away]
        if clickhouse is None:
            return [*found, ("worker", True, "nothing runs; queries catch up by themselves")]
        found.append(("clickhouse", True, f"{clickhouse.version} at {clickhouse.where}"))
        if now.checkpoints:
            behind = missing(json.loads(now.checkpoints[0][1]), now.landed)
            speed = f"{_rate(before, now, 'taken')} records/s"
            found.append(("worker", behind == 0 or led, f"{behind} records behind the relay, {speed}"))
        return found


@dataclass(frozen=True)
class _Reached:
    """How far everything has come at a moment."""

    at: float
    recorded: int
    checkpoints: list[tuple[int, str]]
    landed: Landed

    @classmethod
    def now(cls, app: Governance, clickhouse: ClickHouse | None) -> "_Reached":
        from services.projections.projector import Projector

        landed = Projector(clickhouse).landed() if clickhouse else {}
        return cls(time.monotonic(), app.store.max_notification_id() or 0, app.store.checkpoints(), landed)

    @property
    def sent(self) -> int:
        return self.checkpoints[0][0] if self.checkpoints else 0

    @property
    def taken(self) -> int:
        return sum(checkpoint.next for (transport, _), checkpoint in self.landed.items() if transport != STORE)


def _rate(before: _Reached, now: _Reached, of: Literal["sent", "taken"]) -> str:
    return f"{(getattr(now, of) - getattr(before, of)) / (now.at - before.at):,.0f}"
