"""The disk of ClickHouse is full while a worker lands: it stops and says so, and nothing is lost or doubled."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.commands.app import Governance
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Projector
from services.settings import Settings
from tests.clickhouse import Server
from tests.disk import Disk
from tests.e2e.cli import PROGRAM
from tests.integration.test_workers import EVENTS, acknowledged, all_is_acknowledged, assert_verified, relay
from tests.integration.workspaces import command, declare, fill, until, workspace

pytestmark = pytest.mark.long


class Supervised:
    """`pmo worker`, started again as soon as it has ended, as a service is; `said` has the last words of each."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.said: list[tuple[int, str]] = []
        self._start()

    def _start(self) -> None:
        around = {**os.environ, "PMO_HOME": str(self._settings.home)}
        self._running = subprocess.Popen([PROGRAM, "worker"], env=around, stderr=subprocess.PIPE, text=True)

    def until(self, condition: Callable[[], bool]) -> None:
        def met() -> bool:
            if self._running.poll() is not None:
                self.said.append((self._running.returncode, self._running.communicate()[1]))
                self._start()
            return condition()

        until(met, 120)

    def end(self) -> None:
        self._running.kill()
        self._running.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with Disk(tmp_path / "clickhouse") as disk:
        yield disk


@pytest.fixture
def server(tmp_path: Path, disk: Disk) -> Iterator[Server]:
    server = Server(tmp_path / "clickhouse")
    server.start()
    yield server
    server.kill()


def test_landing_waits_for_room(disk: Disk, server: Server, tmp_path: Path, broker: str, prefix: str) -> None:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    worker = Supervised(settings)
    with contextlib.closing(Governance(settings)) as app, contextlib.closing(contextlib.ExitStack()) as stack:
        stack.callback(worker.end)
        command(app, "unit register", unit="OPS", name="Operations")
        fill(app, EVENTS)
        relay(app, settings)
        worker.until(lambda: all_is_acknowledged(settings))
        assert worker.said == []
        disk.fill(server.pid)
        fill(app, 2_000, EVENTS)
        relay(app, settings)

        def gave_up() -> bool:
            disk.fill(server.pid)
            return bool(worker.said)

        worker.until(gave_up)
        for code, said in worker.said:
            assert (code, said.count("\n")) == (7, 1), said
            assert said.startswith("Error: The records from offset ") and "can't be landed: ClickHouse at" in said
        # nothing is acknowledged that has not landed, and not all has
        done, there = acknowledged(settings)
        with ClickHouse.server(settings.clickhouse) as clickhouse:
            landed = sum(each.next for each in Projector(clickhouse).landed().values())
        assert done <= landed < there
        disk.free(server.pid)
        worker.until(lambda: all_is_acknowledged(settings))
        assert_verified(app, settings)
