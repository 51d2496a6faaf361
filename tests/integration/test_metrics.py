"""What relay, worker and ``pmo up`` say to Prometheus, read as it reads it: over HTTP, by its own parser."""

import contextlib
import math
import re
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from services import bus
from services.commands.app import Governance
from services.errors import Unavailable
from services.health import status
from services.projections.schema import connect
from services.projections.worker import Worker
from services.settings import Settings
from services.topics import event_headers, event_topic
from services.up import run_relay
from tests.integration.workspaces import declare, ended, fill, process, until, workspace

ANY = ("--metrics-port", "0")


def address(running: "subprocess.Popen[str]") -> str:
    """Where a process that has just been started says that it serves its figures."""
    assert running.stdout is not None
    for line in running.stdout:
        if found := re.search(r"Metrics at (http://127\.0\.0\.1:\d+/metrics)", line):
            return found[1]
    raise AssertionError(f"it said no address: {running.communicate()}")


def scraped(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url, timeout=30) as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        families = list(text_string_to_metric_families(response.read().decode()))
    assert all(family.documentation for family in families)
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def shows(url: str, **wanted: float) -> Callable[[], bool]:
    return lambda: {name: scraped(url)[name] for name in wanted} == wanted


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix)
    declare(settings)
    return settings


def test_a_relay_that_leads_one_that_waits_and_a_worker(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 30)
        with process("relay", settings, *ANY) as relay, process("relay", settings, *ANY) as waiting:
            url, other = address(relay), address(waiting)
            until(shows(url, pmo_relay_position=30), 30, relay)
            leads = url if scraped(url)["pmo_relay_leader"] else other
            waits = other if leads == url else url
            fill(app, 12, first=30)
            done = {"pmo_relay_position": 42.0, "pmo_relay_lag_events": 0.0}
            until(shows(leads, pmo_relay_leader=1, pmo_relay_events_sent_total=42, **done), 30, relay)
            assert shows(waits, pmo_relay_leader=0, pmo_relay_events_sent_total=0, **done)()
            assert scraped(leads)["pmo_relay_batch_seconds_count"] >= 2
            assert scraped(leads)["pmo_relay_batch_seconds_sum"] > 0
            assert not {name for name in scraped(leads) if name.startswith("pmo_worker")}
            found = {what: finding for what, _, finding in status(settings)}
            assert found["relay"] == "0 events behind, a relay leads, 0 events/s"
        fill(app, 8, first=42)
        with bus.Producer(settings.kafka) as producer:
            producer.send(event_topic(settings.topic_prefix, "project"), b"project:P0", b"no JSON", event_headers(1))
            producer.flush()
        with process("worker", settings, *ANY) as worker:
            url = address(worker)
            until(shows(url, pmo_worker_events_landed_total=42, pmo_worker_dead_letters_total=1), 60, worker)
            assert shows(url, pmo_worker_position=42, pmo_worker_lag_events=0)()
            assert scraped(url)["pmo_worker_batch_seconds_count"] >= 1
            found = {what: finding for what, _, finding in status(settings)}
            assert found["relay"] == "8 events behind, no relay runs"
            assert found["worker"] == "0 records behind the relay, 0 records/s"
            assert ended(worker)[::2] == (0, "")


def test_without_kafka_the_store_is_what_is_followed(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    with process("up-embedded", settings, *ANY) as running, contextlib.closing(Governance(settings)) as app:
        url = address(running)
        fill(app, 20)
        until(shows(url, pmo_worker_events_landed_total=20, pmo_worker_position=20, pmo_worker_lag_events=0), 30)
        assert ended(running)[::2] == (0, "")


def test_what_nobody_can_know_is_no_number(settings: Settings) -> None:
    broken = settings.model_copy(update={"kafka": "127.0.0.1:9"})
    registry = CollectorRegistry()
    with connect(settings) as clickhouse:
        Worker(broken, broken.kafka, clickhouse, registry)
        assert math.isnan(registry.get_sample_value("pmo_worker_lag_events") or 0)


def test_a_taken_port_is_refused_in_one_sentence(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot be served at port {port}.*; give another one"):
            run_relay(settings, once=False, say=lambda _: None, metrics_port=port)
