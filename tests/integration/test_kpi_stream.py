"""The stream of KPIs on a real broker and without one: who publishes, who takes over, and what a reader sees."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.kpi_value import KpiValue, Pulse
from services import bus
from services.commands.app import Governance
from services.commands.relay import Relay
from services.kpi_stream import Latest, follow, parsed
from services.projections import publishing
from services.projections.clickhouse import ClickHouse
from services.projections.publishing import PULSE_S
from services.settings import Settings
from services.topics import kpi_topic
from tests.clickhouse import Server
from tests.e2e.cli import PROGRAM, Pmo
from tests.integration.workspaces import ROOT, command, declare, process, until, workspace

ON_TIME = "on-time/unit/OPS/governed"


def records(settings: Settings) -> list[bus.Record]:
    topic = kpi_topic(settings.topic_prefix)
    return [record for batch in bus.read(settings.kafka, [topic]) for record in batch]


def published(settings: Settings) -> Latest:
    latest = Latest()
    for record in records(settings):
        found = parsed(record.key, record.value)
        if found is not None:
            latest.take(found)
    return latest


def cancelled(settings: Settings) -> int:
    """How many cancelled projects the stream says."""
    held = published(settings).values.get("cancelled/portfolio//governed")
    return held.n if held else 0


def cancel(settings: Settings, code: str) -> None:
    with closing(Governance(settings)) as app:
        command(app, "project propose", project=code, name=code, unit="OPS")
        command(app, "project approve", project=code, decided_by="ann@example.org")
        command(app, "project start", project=code, at_risk="storm damage")
        command(app, "project cancel", project=code, reason="no money")
        Relay(app, settings.kafka, settings).run_once()


@pytest.mark.long
def test_another_worker_takes_over_and_values_never_go_back(
    tmp_path: Path, broker: str, prefix: str, server: Server
) -> None:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    with closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
    with process("worker", settings) as one, process("worker", settings) as other:
        cancel(settings, "CRANE-1")
        until(lambda: cancelled(settings) == 1, 60, one)
        one.kill()
        one.wait()
        cancel(settings, "CRANE-2")
        until(lambda: cancelled(settings) == 2, 60, other)
    by_key: dict[bytes | None, list[KpiValue]] = {}
    for record in records(settings):
        found = parsed(record.key, record.value)
        if isinstance(found, KpiValue):
            by_key.setdefault(record.key, []).append(found)
    for values in by_key.values():
        assert [v.position for v in values] == sorted(v.position for v in values)
        # one publishes, and only what changed
        assert all(one.said != other.said for one, other in zip(values, values[1:], strict=False))
    assert published(settings).pulse is not None


FREEZES = """
import os, signal, sys
from pathlib import Path
from services.projections import publishing
from services.settings import Settings
from services.up import run_worker

home, when, guard = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
due, computed, send = home / "freeze", publishing.Publisher._values, publishing.Publisher._send

def stand_still():
    if due.exists():
        due.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)

def values(self, kpi, position):
    found = computed(self, kpi, position)
    if when == "computed" and kpi.name == "cancelled" and any(value.n == 2 for value in found):
        stand_still()
    return found

def sending(self, records):
    if when == "sending" and any(key.startswith(b"cancelled/") for key, _ in records):
        stand_still()
    send(self, records)

publishing.Publisher._values, publishing.Publisher._send = values, sending
if guard == "unguarded":
    publishing._FRESH_S = float("inf")
run_worker(Settings.load(home), say=print)
"""


def is_stopped(running: "subprocess.Popen[str]") -> bool:
    return Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def told_of(settings: Settings) -> list[KpiValue]:
    """How many projects are cancelled in the portfolio, as it came."""
    found = (parsed(record.key, record.value) for record in records(settings))
    return [v for v in found if isinstance(v, KpiValue) and v.key == "cancelled/portfolio//governed"]


def seen_of(values: list[KpiValue]) -> list[int]:
    """What somebody sees who follows them."""
    latest = Latest()
    return [value.n for value in values if latest.take(value)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("when", "guard"), [("computed", "guarded"), ("computed", "unguarded"), ("sending", "guarded")]
)
def test_a_leader_frozen_past_its_session_says_nothing_old(
    when: str, guard: str, tmp_path: Path, broker: str, prefix: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops itself where it hurts; without its guard, and without the reader's, the old value is seen last."""
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    with closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
    arguments = [sys.executable, "-c", FREEZES, str(settings.home), when, guard]
    with subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as first:
        try:
            cancel(settings, "CRANE-1")
            until(lambda: cancelled(settings) == 1, 120, first)
            (settings.home / "freeze").touch()
            cancel(settings, "CRANE-2")
            until(lambda: is_stopped(first), 60, first)
            with process("worker", settings) as other:
                cancel(settings, "CRANE-3")
                until(lambda: cancelled(settings) == 3, 120, other)
                came_back = datetime.now(UTC)
                first.send_signal(signal.SIGCONT)
                until(lambda: len(pulses(settings, came_back)) >= 4, 60, other)
                # two leaders would have twice as many; one more may change hands
                found = pulses(settings, came_back)
                assert len(found) <= (found[-1].at - came_back).total_seconds() / PULSE_S + 2
        finally:
            first.kill()
    told = told_of(settings)
    goes_back = [v.position for v in told] != sorted(v.position for v in told)
    assert goes_back == ((when, guard) != ("computed", "guarded"))
    seen = seen_of(told)
    assert seen[-1] == 3
    assert seen == sorted(seen)
    assert {v.key: v for v in held(settings)}["cancelled/portfolio//governed"].n == 3
    if goes_back:
        monkeypatch.setattr(KpiValue, "replaces", lambda *_: True)
        assert seen_of(told)[-1] == 2


def pulses(settings: Settings, since: datetime) -> list[Pulse]:
    found = (parsed(record.key, record.value) for record in records(settings))
    return [pulse for pulse in found if isinstance(pulse, Pulse) and pulse.at > since]


def held(settings: Settings) -> list[KpiValue]:
    with ClickHouse.server(settings.clickhouse, create=False) as clickhouse:
        return publishing.held(clickhouse)


@contextmanager
def following(settings: Settings, *options: str) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """``pmo kpi --follow`` in a process, and the lines that it has printed so far."""
    arguments = [PROGRAM, "kpi", *options, "--follow"]
    env = {"PMO_HOME": str(settings.home), "PATH": str(Path(sys.executable).parent), "PYTHONUNBUFFERED": "1"}
    env["PYTHONPATH"] = str(ROOT)
    running = subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    assert running.stdout is not None
    reading = threading.Thread(target=lambda: lines.extend(iter(running.stdout.readline, "")))  # type: ignore[union-attr]
    reading.start()
    try:
        yield running, lines
    finally:
        running.kill()
        running.wait()
        reading.join()


@pytest.mark.parametrize("part", ["up-embedded", pytest.param("up", marks=pytest.mark.long)])
def test_a_command_is_seen_by_who_follows(part: str, tmp_path: Path, broker: str, prefix: str) -> None:
    kafka = broker if part == "up" else ""
    settings = workspace(tmp_path / "home", kafka=kafka, topic_prefix=prefix)
    pmo = Pmo(settings.home)
    pmo.ok("unit", "register", "OPS", "--name", "Operations")
    for code in ("CRANE-1", "CRANE-2"):
        pmo.ok("project", "propose", code, "--name", code, "--unit", "OPS")
        pmo.ok("project", "approve", code, "--decided-by", "ann@example.org")
        pmo.ok("project", "start", code, "--at-risk", "storm damage")
    pmo.ok("project", "cancel", "CRANE-1", "--reason", "no money")
    with process(part, settings) as running:
        assert running.stdout is not None
        until(lambda: "Ready" in (running.stdout.readline() or ""), 60, running)  # type: ignore[union-attr]
        latest, stop = Latest(), threading.Event()
        deadline = time.monotonic() + 60
        source = follow_when_there(settings, latest, stop, deadline)
        until(lambda: next(source) is not None and "cancelled/unit/OPS/governed" in latest.values, 60, running)
        stop.set()
        with following(settings, "cancelled", "--json") as (follower, lines):
            until(lambda: len(lines) >= 1, 30, follower)
            pmo.ok("project", "cancel", "CRANE-2", "--reason", "no money")
            until(lambda: len(lines) >= 2, 10, follower)
            first, second = (json.loads(line) for line in lines[:2])
            assert (first["kpi"], first["group"], first["n"], second["n"]) == ("cancelled", "OPS", 1, 2)
            assert 0 <= second["age"] < 600 and 0 <= first["age"] < 600
            # a batch's rows stand before its checkpoint: what was computed in between names the position before it
            assert second["position"] >= first["position"]
            follower.terminate()
            assert follower.wait(10) == 0


def follow_when_there(settings: Settings, latest: Latest, stop: threading.Event, deadline: float) -> Iterator[object]:
    from services.errors import Unavailable

    while True:
        try:
            yield from follow(settings, latest, stop)
            return
        except Unavailable:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_nobody_publishes_is_said(tmp_path: Path) -> None:
    pmo = Pmo(workspace(tmp_path / "home").home)
    assert "start 'pmo up'" in pmo.refused(7, "kpi", "--follow")
    assert "leave times" in pmo.refused(2, "kpi", "on-time", "--follow", "--as-of", "2026-01-01")
    assert "not by role" in pmo.refused(2, "kpi", "utilization", "--follow", "--by", "role")


def test_a_pulse_is_no_value() -> None:
    pulse = Pulse(position=3, last_recorded_at=None, at="2026-07-01T12:00:00Z")  # type: ignore[arg-type]
    assert parsed(b"pulse", pulse.to_bytes()) == pulse
    told = pulse.model_copy(update={"last_recorded_at": datetime(2026, 7, 1, 11)})
    read = parsed(b"pulse", told.to_bytes())
    assert isinstance(read, Pulse) and read.last_recorded_at == datetime(2026, 7, 1, 11, tzinfo=UTC)
