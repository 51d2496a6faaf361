"""The local broker: it keeps its data, dies with its parent, and says what is missing."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services import bus
from services.broker import LocalBroker, why_not
from services.errors import Unavailable
from services.topics import event_topic, topics

PARENT = """
import sys
from pathlib import Path
from services.broker import LocalBroker
local = LocalBroker(Path(sys.argv[1]))
print(local.start(), flush=True)
sys.stdin.read()
"""


def script(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def send_one(address: str, value: bytes) -> None:
    with bus.Producer(address) as producer:
        producer.send(event_topic("pmo", "project"), b"project:A", value, [])
        producer.flush()


def test_the_data_outlives_a_stop_and_the_kill_of_the_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdin and parent.stdout
    killed = parent.stdout.readline().strip()
    bus.declare(killed, topics("pmo", ["project"], 1, 1))
    send_one(killed, b"before the kill")
    with pytest.raises(Unavailable, match="Another process runs a broker"):
        LocalBroker(tmp_path).start()
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()

    with LocalBroker(tmp_path) as local:
        address = local.start()
        with pytest.raises(Unavailable):
            bus.check(killed)
        producer = bus.Producer(address)
        producer.send("pmo.project", b"project:A", b"before the stop", [])
        producer.flush()
        local.stop()
        assert not local.running
        producer.send("pmo.project", b"project:A", b"lost", [])
        with pytest.raises(Unavailable, match="no answer in time"):
            producer.flush(0.5)
        with pytest.raises(Unavailable, match="failed or was closed"):
            producer.send("pmo.project", b"project:A", b"later", [])
        with pytest.raises(Unavailable):
            bus.check(address)
        address = local.start()
        values = [r.value for batch in bus.read(address, ["pmo.project"]) for r in batch]
    assert values == [b"before the kill", b"before the stop"]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Port {port} can't be used"):
            LocalBroker(tmp_path, port).start()


def test_without_java_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why_not() == "No Java was found; install Java 17 or later, or use --embedded."
    with pytest.raises(Unavailable, match="No Java was found"):
        LocalBroker(tmp_path / "data").start()


def test_an_old_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = why_not()
    assert reason and "needs Java 17 or later" in reason and "is 11" in reason


class TestFirstStart:
    """Nothing fetched yet: a cache of its own, a Java that only tells its version, and no network."""

    @pytest.fixture(autouse=True)
    def fresh(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        (tmp_path / "bin").mkdir()
        script(tmp_path / "bin", "java", """echo 'version "17.0.1"' >&2; echo 'a.b.OddException: odd' >&2; exit 1""")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def test_without_maven_it_says_so(self) -> None:
        reason = why_not()
        assert reason and "no Maven was found" in reason

    def test_without_network_it_says_so_and_leaves_nothing_half_done(self, tmp_path: Path) -> None:
        script(tmp_path / "bin", "mvn", "echo '[ERROR] no route to the repository'; exit 1")
        with pytest.raises(Unavailable, match=r"can't fetch the Kafka broker \(.*no route.*connect to the network"):
            LocalBroker(tmp_path / "data").start()
        (kept,) = (tmp_path / "cache" / "pmo").iterdir()
        assert [file.name for file in kept.iterdir()] == ["lock"]

    def test_a_broker_that_ends_at_once_says_why(self, tmp_path: Path) -> None:
        script(tmp_path / "bin", "mvn", "exit 0")
        (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
        (tmp_path / "data" / "data").mkdir(parents=True)
        start = time.monotonic()
        with pytest.raises(Unavailable, match=r"ended while starting \(a\.b\.OddException: odd\)"):
            LocalBroker(tmp_path / "data").start()
        assert time.monotonic() - start < 10
