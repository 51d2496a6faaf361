"""Where it is measured: workspaces in a temporary folder, filled when a measurement first needs them."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property, partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

from schemas.event import Record
from services.bench.data import LAST_DAY, records
from services.catch_up import catch_up
from services.commands.app import Governance
from services.projections.clickhouse import ClickHouse
from services.projections.figures import measure
from services.projections.kpi import load_kpis
from services.projections.schema import connect
from services.projections.scope import Scope
from services.runtime import Progress, open_app
from services.settings import Settings

Say = Callable[[str], None]
T = TypeVar("T")
_APPENDED_AT_ONCE = 20_000


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """How many seconds it took, and what came of it."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


class Stage:
    """A store with many events and a ClickHouse that has landed them; the times that filling them took are kept."""

    def __init__(self, folder: Path, events: int, say: Say, progress: Progress, times: int) -> None:
        self.folder = folder
        self.events = events
        self.say = say
        self.progress = progress
        self.times = times
        self.stack = ExitStack()
        self._engine = self.stack.enter_context(ExitStack())
        self.engine = f"chDB {version('chdb')}"

    def workspace(self, name: str) -> Settings:
        """An empty workspace."""
        home = self.folder / name
        home.mkdir()
        return Settings.of({"home": home, "workspace_id": f"bench-{name}", "secret": secrets.token_hex(32)})

    @cached_property
    def settings(self) -> Settings:
        """The workspace with many events."""
        return self.workspace("large")

    @cached_property
    def _filled(self) -> tuple[Governance, float]:
        app = self.stack.enter_context(open_app(self.settings))
        self.say(f"Making about {self.events:,} events and appending them to the store ...")
        seconds, done = 0.0, 0
        for batch in _batches(self.events, self.settings.source):
            seconds += timed(partial(app.append, batch))[0]
            done += len(batch)
            self.progress(done, max(done, self.events))
        return app, seconds

    @property
    def app(self) -> Governance:
        """The application on the store with many events."""
        return self._filled[0]

    @property
    def append_seconds(self) -> float:
        """How long appending them took, without making them."""
        return self._filled[1]

    @cached_property
    def count(self) -> int:
        """How many events there are."""
        return self.app.store.max_notification_id() or 0

    @cached_property
    def scope(self) -> Scope:
        """Now, as far as these events go."""
        return Scope(LAST_DAY, self.settings.zone)

    @cached_property
    def _landed(self) -> tuple[ClickHouse, float]:
        app, scope = self.app, self.scope
        clickhouse = self._engine.enter_context(connect(self.settings))
        self.engine = f"{clickhouse.version} in chDB {version('chdb')}"
        self.say("Landing them in ClickHouse ...")

        def first_answer() -> None:
            catch_up(app, clickhouse, self.progress)
            measure(clickhouse, next(iter(load_kpis().values())), scope)

        return clickhouse, timed(first_answer)[0]

    @property
    def clickhouse(self) -> ClickHouse:
        """The engine that has landed them."""
        return self._landed[0]

    @property
    def landing_seconds(self) -> float:
        """How long it took until the first KPI was answered."""
        return self._landed[1]

    def leave_engine(self) -> None:
        """Closes the engine: a process can have only one open."""
        self._engine.close()


def _batches(events: int, source: str) -> Iterator[list[Record]]:
    made = records(events, source)
    while batch := list(islice(made, _APPENDED_AT_ONCE)):
        yield batch
