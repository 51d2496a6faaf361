"""The distributed path under crashes: Postgres, Kafka, two relays, two workers, one ClickHouse server, two writers.

At random moments something is killed, frozen, or stopped and started again. At the end all that a writer was told to be
recorded has to be there, and the verification must find nothing lost, doubled or changed.
"""

import contextlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services import bus
from services.broker import LocalBroker
from services.commands.app import Governance
from services.projections.clickhouse import ClickHouse
from services.projections.landing import topic_names
from services.projections.worker import group_of
from services.runtime import open_app, quiet
from services.settings import Settings
from services.verify import verify_clickhouse, verify_notes, verify_store, verify_topics
from services.verify.findings import Part
from tests.clickhouse import Server
from tests.disk import Disk
from tests.integration.workspaces import ROOT, command, declare, until, workspace
from tests.postgres import Postgres, database_of

PARTS = ("writer-1", "writer-2", "relay-1", "relay-2", "worker-1", "worker-2")
# of a disk that is full, long enough for a worker to give up and be started again
_FULL_S, _AGAIN_S = 10.0, 0.1
# past the session's timeout, so that the group goes on without the frozen one
_FROZEN_S = 14.0
_AWAY_S = 3.0
_BETWEEN_S = (0.5, 3.0)
_AT_WORK = 100
_SETTLED_WITHIN_S = 240.0

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What was done to the path, and what came of it."""

    done: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """What the verification found."""
        return [(d.where, d.what, d.how) for part in self.parts for d in part.differences]

    @property
    def notes(self) -> list[str]:
        """What the verification says beside."""
        return [f"{part.name}: {part.note}" for part in self.parts if part.note]


class Crew:
    """The running parts; each is started again as soon as it has ended."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, part: str) -> None:
        """Starts a part in a process of its own; what it says goes to its log."""
        kind = part.partition("-")[0]
        module = "tests.chaos.writer" if kind == "writer" else "tests.integration.part"
        given = (
            [str(self._settings.home), str(self.told(part))] if kind == "writer" else [kind, str(self._settings.home)]
        )
        with (self._folder / f"{part}.log").open("ab") as log:
            self._running[part] = subprocess.Popen(
                [sys.executable, "-m", module, *given], cwd=ROOT, stdout=log, stderr=log
            )

    def told(self, writer: str) -> Path:
        """The file in which a writer keeps what was recorded."""
        return self._folder / f"{writer}.told"

    def restart_ended(self) -> None:
        """A supervisor's work."""
        for part, running in list(self._running.items()):
            if running.poll() is not None:
                self.start(part)

    def kill(self, part: str) -> None:
        self._running[part].kill()
        self._running[part].wait()
        self.start(part)

    def send(self, part: str, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._running[part].send_signal(number)

    def stop(self, kind: str) -> None:
        """Ends all parts of a kind for good."""
        for part in [part for part in self._running if part.startswith(kind)]:
            running = self._running.pop(part)
            running.send_signal(signal.SIGCONT)
            running.kill()
            running.wait()


def run(folder: Path, postgres: Postgres, kills: int, seed: int, say: Say, *, short: bool = False) -> Outcome:
    """Lets the path work while so many times something happens to it, then looks at what is left.

    In the short form nothing happens that takes long, or that others would notice who use the same Postgres.
    """
    dice, outcome, began = random.Random(seed), Outcome(), time.monotonic()
    store = postgres.new_database()
    clickhouse_folder = folder / "clickhouse"
    server = Server(clickhouse_folder)
    with LocalBroker(folder / "kafka") as broker, Disk(clickhouse_folder) as disk, contextlib.ExitStack() as stack:
        kafka = broker.start()
        server.start()
        stack.callback(server.kill)
        settings = workspace(folder / "home", kafka=kafka, store=store, clickhouse=server.url("pmo"))
        declare(settings)
        with open_app(settings) as app:
            command(app, "unit register", unit="OPS", name="Operations")
        path = Crew(settings, folder)
        for kind in ("writer", "relay", "worker"):
            stack.callback(path.stop, kind)
        for part in PARTS:
            path.start(part)
        with open_app(settings) as app:
            until(lambda: app.store.counts()[0] > _AT_WORK, _SETTLED_WITHIN_S)
        port = int(kafka.rpartition(":")[2])
        events: list[tuple[str, int]] = [("kill", 12), ("postgres", 2), ("clickhouse", 1), ("broker", 1)]
        if not short:
            events += [("freeze", 1), ("stop postgres", 1), ("kill postgres", 1)]
        if not short and disk.mounted:
            events.append(("disk", 1))
        while outcome.done.total() < kills:
            time.sleep(dice.uniform(*_BETWEEN_S))
            path.restart_ended()
            what = dice.choices([name for name, _ in events], [weight for _, weight in events])[0]
            match what:
                case "kill":
                    part = dice.choice(PARTS)
                    what = f"kill -9 {part.partition('-')[0]}"
                    path.kill(part)
                case "freeze":
                    part = dice.choice(("worker-1", "worker-2", "relay-1", "relay-2"))
                    what = f"freeze {part.partition('-')[0]}"
                    path.send(part, signal.SIGSTOP)
                    time.sleep(_FROZEN_S)
                    path.send(part, signal.SIGCONT)
                case "postgres":
                    what = "end Postgres connections"
                    postgres.end_connections(database_of(store))
                case "stop postgres":
                    what = "stop Postgres"
                    postgres.stop()
                    time.sleep(_AWAY_S)
                    postgres.start()
                case "kill postgres":
                    what = "kill -9 of Postgres's processes"
                    postgres.kill_backends(database_of(store))
                case "disk":
                    what = "fill ClickHouse's disk"
                    _supervised(path, _FULL_S, lambda: disk.fill(server.pid))
                    disk.free(server.pid)
                case "clickhouse":
                    what = "kill -9 ClickHouse"
                    server.kill()
                    time.sleep(_AWAY_S)
                    server.start()
                case _:
                    what = "stop the broker"
                    broker.stop()
                    time.sleep(_AWAY_S)
                    broker = stack.enter_context(LocalBroker(folder / "kafka", port))
                    broker.start()
            outcome.done[what] += 1
            say(f"{outcome.done.total()}/{kills}: {what}")
        path.stop("writer")
        with open_app(settings) as app:
            say("Waiting until all has landed ...")
            until(lambda: _settled(app, settings, path), _SETTLED_WITHIN_S)
            say("Verifying ...")
            _look(outcome, app, settings, path)
    outcome.seconds = time.monotonic() - began
    return outcome


def _supervised(path: Crew, seconds: float, keep: Callable[[], None]) -> None:
    """Lets the path work for so long, what has ended being started again, while `keep` keeps something as it is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        keep()
        path.restart_ended()
        time.sleep(_AGAIN_S)


def _settled(app: Governance, settings: Settings, path: Crew) -> bool:
    path.restart_ended()
    checkpoints = app.store.checkpoints()
    if not checkpoints or checkpoints[0][0] < (app.store.max_notification_id() or 0):
        return False
    names = topic_names(settings.topic_prefix)
    committed = bus.committed(settings.kafka, group_of(settings.topic_prefix), names)
    return sum(committed.values()) == sum(bus.end_offsets(settings.kafka, names).values())


def _look(outcome: Outcome, app: Governance, settings: Settings, path: Crew) -> None:
    for writer in (part for part in PARTS if part.startswith("writer")):
        # a line that was cut off by a kill was not told in full
        told = [line for line in path.told(writer).read_text().split("\n")[:-1] if line]
        outcome.acknowledged += len(told)
        for event in told:
            stream, _, version = event.rpartition("/")
            if not app.store.states_after(stream, int(version) - 1):
                outcome.lost.append(event)
    log, outcome.parts = verify_store(settings, app, (), None, "", quiet)
    outcome.parts += verify_notes(app, log)
    with ClickHouse.server(settings.clickhouse) as clickhouse:
        outcome.parts += verify_clickhouse(app, clickhouse, log, quiet)
    outcome.parts += verify_topics(settings, app, settings.kafka, log, quiet)
