"""Several workers on one ClickHouse server: killed, frozen, and with the server gone, nothing is lost or doubled."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import bus
from services.commands.app import Governance
from services.commands.relay import Relay
from services.projections.clickhouse import ClickHouse
from services.projections.landing import topic_names
from services.projections.worker import group_of
from services.runtime import quiet
from services.settings import Settings
from services.verify import verify_clickhouse, verify_store, verify_topics
from tests.clickhouse import Server
from tests.integration.workspaces import command, declare, fill, process, until, workspace

EVENTS = 6_000


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str, server: Server) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    return settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Governance]:
    """A store with a name and many events, of which none is sent yet."""
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        command(app, "person join", person="ann@example.org", unit="OPS", role="Pilot", name="Ann")
        fill(app, EVENTS)
        yield app


def relay(app: Governance, settings: Settings) -> None:
    Relay(app, settings.kafka, settings).run_once()


def acknowledged(settings: Settings) -> tuple[int, int]:
    """How many records the group has acknowledged, and how many there are."""
    names = topic_names(settings.topic_prefix)
    committed = bus.committed(settings.kafka, group_of(settings.topic_prefix), names)
    return sum(committed.values()), sum(bus.end_offsets(settings.kafka, names).values())


def all_is_acknowledged(settings: Settings) -> bool:
    done, there = acknowledged(settings)
    return done == there


def assert_verified(app: Governance, settings: Settings) -> None:
    """Nothing is lost, doubled or changed, anywhere."""
    log, parts = verify_store(settings, app, (), None, "", quiet)
    with ClickHouse.server(settings.clickhouse) as clickhouse:
        parts += verify_clickhouse(app, clickhouse, log, quiet)
    parts += verify_topics(settings, app, settings.kafka, log, quiet)
    assert [(d.where, d.what, d.how) for part in parts for d in part.differences] == []
    looked_at = {part.name: part.looked_at for part in parts}
    assert looked_at["ClickHouse"] == looked_at["event store"] == log.size > EVENTS
    assert [part.note for part in parts if "on their way" in part.note] == []


@pytest.mark.long
def test_two_workers_share_the_topics(app: Governance, settings: Settings) -> None:
    with process("worker", settings) as one, process("worker", settings) as other:
        relay(app, settings)
        until(lambda: all_is_acknowledged(settings), 240, one)
        assert other.poll() is None
    assert_verified(app, settings)


@pytest.mark.long
def test_one_killed_in_the_middle_is_stood_in_for(app: Governance, settings: Settings) -> None:
    with process("worker", settings) as one, process("worker", settings) as other:
        relay(app, settings)
        until(lambda: acknowledged(settings)[0] > 0, 60, one)
        one.kill()
        fill(app, 2_000, EVENTS)
        relay(app, settings)
        until(lambda: all_is_acknowledged(settings), 240, other)
    assert_verified(app, settings)


@pytest.mark.long
def test_a_frozen_one_comes_back_as_a_zombie_and_does_no_harm(app: Governance, settings: Settings) -> None:
    with process("worker", settings) as one, process("worker", settings) as other:
        relay(app, settings)
        until(lambda: acknowledged(settings)[0] > 0, 60, one)
        one.send_signal(signal.SIGSTOP)
        # its session times out after ten seconds, and what it held goes to the other one
        fill(app, 2_000, EVENTS)
        relay(app, settings)
        until(lambda: all_is_acknowledged(settings), 240, other)
        one.send_signal(signal.SIGCONT)
        fill(app, 1_000, EVENTS + 2_000)
        relay(app, settings)
        until(lambda: all_is_acknowledged(settings), 240, other)
    assert_verified(app, settings)


@pytest.mark.long
def test_a_server_that_dies_and_comes_back_misses_nothing(app: Governance, settings: Settings, server: Server) -> None:
    with process("worker", settings) as one:
        relay(app, settings)
        until(lambda: acknowledged(settings)[0] > 0, 60, one)
        server.kill()
        fill(app, 2_000, EVENTS)
        relay(app, settings)
        time.sleep(1)
        assert not all_is_acknowledged(settings)
        server.start()
        until(lambda: all_is_acknowledged(settings), 240, one)
    assert_verified(app, settings)
