"""``pmo up`` as a process: what others record becomes visible, and it ends in order."""

import contextlib
import signal
import subprocess
from pathlib import Path

from services.commands.app import Governance
from services.health import status
from services.runtime import endpoint_url, open_reader
from services.waiting import wait_visible
from tests.integration.workspaces import command, fill, process, until, workspace


def test_what_another_process_records_becomes_visible_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    settings = workspace(tmp_path, partitions=2)
    with process("up", settings) as running, contextlib.closing(Governance(settings)) as app:
        until(lambda: endpoint_url(settings) is not None, 90, running)
        with open_reader(settings) as clickhouse:
            command(app, "unit register", unit="FIN", name="Finance")
            wait_visible(app.store, clickhouse, app.store.max_notification_id() or 0, 30)
            assert clickhouse.scalar("SELECT stream FROM events") == "business-unit:FIN"
            assert {part: well for part, well, _ in status(settings)} == dict.fromkeys(
                ("store", "relay", "clickhouse", "worker"), True
            )
        java = subprocess.run(["pgrep", "-f", f"{settings.home}|kafka.Kafka"], capture_output=True, text=True)
        assert java.stdout
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (0, "")
    for said in ("ClickHouse ", "Kafka 4.", "topics of 2 partitions", "Faust", "Queries are answered", "Stopping."):
        assert said in out
    assert "@" not in out
    assert endpoint_url(settings) is None
    # a broker that still ran would keep the folder locked
    with (settings.home / "kafka" / "broker.lock").open() as lock:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_without_kafka_it_follows_the_store(tmp_path: Path, store: str) -> None:
    settings = workspace(tmp_path, store=store)
    with process("up-embedded", settings) as running, contextlib.closing(Governance(settings)) as app:
        until(lambda: endpoint_url(settings) is not None, 60, running)
        with open_reader(settings) as clickhouse:
            fill(app, 20)
            wait_visible(app.store, clickhouse, app.store.max_notification_id() or 0, 20)
            assert clickhouse.scalar("SELECT count() FROM events") == 20
        with process("up-embedded", settings) as second:
            _, err = second.communicate(timeout=30)
            assert second.returncode != 0
            assert "runs already" in err
        # killed, it leaves its file behind, and whoever asks next answers by itself
        running.kill()
        running.wait()
        assert settings.endpoint_file.exists()
        with open_reader(settings) as clickhouse:
            assert clickhouse.where.startswith("chDB")
            assert clickhouse.scalar("SELECT count() FROM events") == 20
