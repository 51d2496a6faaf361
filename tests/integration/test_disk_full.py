"""The disk of ClickHouse is full while a worker lands: it says so and waits, and nothing is lost or doubled."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.commands.app import Governance
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Projector
from services.projections.worker import _TRIES_WHILE_ANSWERING, log_file
from tests.clickhouse import Server
from tests.disk import Disk
from tests.integration.test_workers import EVENTS, acknowledged, all_is_acknowledged, assert_verified, relay
from tests.integration.workspaces import command, declare, fill, process, until, workspace

pytestmark = pytest.mark.long


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
    with process("worker", settings) as worker, contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        fill(app, EVENTS)
        relay(app, settings)
        until(lambda: all_is_acknowledged(settings), 120, worker)
        disk.fill(server.pid)
        fill(app, 2_000, EVENTS)
        relay(app, settings)

        def waits() -> bool:
            disk.fill(server.pid)
            log = log_file(settings)
            return (
                log.exists() and log.read_text().count("landing waits for room: ClickHouse at") > _TRIES_WHILE_ANSWERING
            )

        # longer than a batch is tried that fails for another reason
        until(waits, 120, worker)
        # nothing is acknowledged that has not landed, and not all has
        done, there = acknowledged(settings)
        with ClickHouse.server(settings.clickhouse) as clickhouse:
            landed = sum(each.next for each in Projector(clickhouse).landed().values())
        assert done <= landed < there
        disk.free(server.pid)
        until(lambda: all_is_acknowledged(settings), 120, worker)
        assert_verified(app, settings)
