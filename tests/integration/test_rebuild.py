"""Rebuilding on a server while workers land and readers read: nothing is missing, and nobody sees less than before."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.commands.app import Governance
from services.commands.relay import Relay
from services.projections.beside import FRESH, being_filled
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table, tables
from services.projections.kept import kept_states
from services.projections.schema import connect
from services.settings import Settings
from tests.clickhouse import Server
from tests.e2e.cli import PROGRAM
from tests.integration.test_workers import EVENTS, all_is_acknowledged, assert_verified
from tests.integration.workspaces import ROOT, command, declare, fill, process, until, workspace

MORE = 2_000
SQL_ANTI_JOIN = "SELECT count() FROM {one} AS one LEFT ANTI JOIN {other} AS other USING (stream, version)"


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str, server: Server) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    return settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Governance]:
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        command(app, "person join", person="ann@example.org", unit="OPS", role="Pilot", name="Ann")
        fill(app, EVENTS)
        yield app


def rebuild(settings: Settings, *options: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "PMO_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([PROGRAM, "rebuild", *options], env=env, stdout=subprocess.PIPE, text=True)


class Reader(threading.Thread):
    """Counts the events of projects over and over: what it sees never falls."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.seen: list[int] = []
        self.end = threading.Event()
        self._url = url

    def run(self) -> None:
        query = "SELECT (SELECT uniqExact(stream, version) FROM project_events), (SELECT count() FROM events)"
        with ClickHouse.server(self._url, create=False) as own:
            while not self.end.is_set():
                self.seen.append(int(own.scalar(query)))


def missing(clickhouse: ClickHouse) -> dict[str, tuple[int, int]]:
    """By table the records of `events` that it lacks, and its rows of no such record."""
    found = {}
    for definition in tables():
        if not definition.fill or definition.name == "events":
            continue
        kinds = ", ".join(f"'{kind}'" for kind in definition.kinds)
        of_kinds = f"WHERE kind IN ({kinds})" if kinds else ""
        source = definition.select_from(f"(SELECT * FROM {table('events').physical} {of_kinds})")
        one, other = f"({source})", definition.physical
        counts = [int(clickhouse.scalar(SQL_ANTI_JOIN.format(one=a, other=b))) for a, b in ((one, other), (other, one))]
        if any(counts) and "stream" in definition.ddl:
            found[definition.name] = (counts[0], counts[1])
    return found


@pytest.mark.long
@pytest.mark.parametrize("source", ["kafka", "store", "events"])
def test_nothing_is_missing_and_nobody_sees_less(source: str, app: Governance, settings: Settings) -> None:
    with process("worker", settings) as one, process("worker", settings) as other:
        Relay(app, settings.kafka, settings).run_once()
        until(lambda: all_is_acknowledged(settings), 90, one)
        reader = Reader(settings.clickhouse)
        reader.start()
        running = rebuild(settings, "--from", source)
        for start in range(EVENTS, EVENTS + MORE, 500):
            fill(app, 500, start)
            Relay(app, settings.kafka, settings).run_once()
        out, _ = running.communicate(timeout=120)
        assert running.returncode == 0
        assert "All tables are filled anew from " in out
        until(lambda: all_is_acknowledged(settings), 90, other)
        reader.end.set()
        reader.join()
    assert len(reader.seen) > 10
    assert reader.seen == sorted(reader.seen)
    assert_verified(app, settings)
    with ClickHouse.server(settings.clickhouse) as clickhouse:
        assert missing(clickhouse) == {}
        assert fresh(clickhouse) == []


def fresh(clickhouse: ClickHouse) -> list[Any]:
    query = "SELECT name FROM system.tables WHERE database = currentDatabase() AND position(name, {fresh:String}) > 0"
    return clickhouse.rows(query, {"fresh": FRESH})


@pytest.mark.long
def test_one_that_is_killed_leaves_the_old_tables_and_the_next_clears_up(app: Governance, settings: Settings) -> None:
    with process("worker", settings) as one:
        Relay(app, settings.kafka, settings).run_once()
        until(lambda: all_is_acknowledged(settings), 90, one)
        running = rebuild(settings)
        with ClickHouse.server(settings.clickhouse) as clickhouse:
            until(lambda: bool(being_filled(clickhouse)), 60)
            running.send_signal(signal.SIGKILL)
            running.wait()
            assert clickhouse.scalar("SELECT uniqExact(stream, version) FROM project_events") == EVENTS
            # what it left takes records for as long as it might be alive, and goes with the next start after that
            fill(app, 100, EVENTS)
            Relay(app, settings.kafka, settings).run_once()
            until(lambda: all_is_acknowledged(settings), 60, one)
            deadline = time.monotonic() + 90
            while fresh(clickhouse):
                assert time.monotonic() < deadline
                time.sleep(1)
    assert_verified(app, settings)


@pytest.mark.long
def test_two_definitions_of_a_table_stand_side_by_side(app: Governance, settings: Settings) -> None:
    """What an older worker lands while the newer one runs is in the newer one's tables within seconds."""
    older = "project_events__0123456789"
    current = table("project_events").physical
    Relay(app, settings.kafka, settings).run_once()
    with process("worker", settings) as one:
        until(lambda: all_is_acknowledged(settings), 90, one)
        with connect(settings) as clickhouse:
            clickhouse.command(f"CREATE TABLE {older} AS {current}")
            # an older worker lands a stream into `events`, which it shares with the newer one, and its own table
            for name, target in ((table("events").physical, table("events").physical), (current, older)):
                rows = f"(SELECT * FROM {name} WHERE stream = 'project:P1')"
                clickhouse.command(f"INSERT INTO {target} SELECT * REPLACE ('project:OLD' AS stream) FROM {rows}")
            query = "SELECT count() FROM project_events WHERE stream = 'project:OLD'"
            until(lambda: int(clickhouse.scalar(query)) == 10, 30, one)
            for kept in kept_states():
                if kept.source.name == "project_events":
                    seen = f"SELECT count() FROM {kept.physical} WHERE stream = 'project:OLD'"
                    until(lambda seen=seen: int(clickhouse.scalar(seen)) == 1, 30, one)  # type: ignore[misc]
