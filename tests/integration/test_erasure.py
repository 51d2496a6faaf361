"""An erasure while everything runs: no file of the workspace holds the name any more, not the broker's either."""

import contextlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.main import root
from services.commands.app import Governance
from services.runtime import endpoint_url, open_reader
from services.settings import Settings
from services.waiting import wait_visible
from tests.integration.workspaces import command, process, until, workspace

NAME, EMAIL, REASON = "Zebulon Quist", "q4711@harbour.example", "wisteria grew into gearbox"


def files_with(settings: Settings, *texts: str) -> dict[str, set[str]]:
    """By the part of the workspace that they are in, what texts its files hold."""
    found: dict[str, set[str]] = {}
    for file in settings.home.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            content = file.read_bytes() if file.is_file() else b""
            held = {text for text in texts if text.encode() in content}
            if held:
                found.setdefault(file.relative_to(settings.home).parts[0], set()).update(held)
    return found


def pmo(settings: Settings, *args: str) -> Result:
    done = CliRunner(env={"PMO_HOME": str(settings.home), "PMO_ACTOR": "kim"}).invoke(root, args, prog_name="pmo")
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.long
def test_no_file_of_the_workspace_holds_it_and_verify_passes(tmp_path: Path) -> None:
    settings = workspace(tmp_path, partitions=2)
    with process("up", settings) as running, contextlib.closing(Governance(settings)) as app:
        until(lambda: endpoint_url(settings) is not None, 90, running)
        command(app, "unit register", unit="FIN", name="Finance")
        command(app, "person join", person="zq", unit="FIN", role="analyst", name=NAME, email=EMAIL)
        command(app, "person join", person="bo", unit="FIN", role="analyst", name="Bo Other")
        command(app, "project propose", project="ROOF", name="Roof", unit="FIN", budget="1000")
        command(app, "project start", project="ROOF", at_risk=REASON)
        with open_reader(settings) as clickhouse:
            wait_visible(app.store, clickhouse, app.store.max_notification_id() or 0, 30)
        before = pmo(settings, "kpi", "--json").stdout
        held = files_with(settings, NAME, EMAIL, REASON)
        assert {NAME, REASON} <= held["clickhouse"]
        assert held["kafka"] == {NAME, EMAIL, REASON}
        assert held.keys() >= {"events.sqlite-wal"}

        pmo(settings, "note", "erase", "project:ROOF/2", "--yes")
        said = json.loads(pmo(settings, "person", "erase", NAME, "--yes", "--wait", "--json").stdout)
        assert [(p["place"], p["copies"]) for p in said["places"]] == [
            ("event store", 0), ("ClickHouse", 0), ("Kafka", 0)
        ]  # fmt: skip
        # the broker unlinks what it compacted a second later
        until(lambda: not files_with(settings, NAME, EMAIL, REASON), 30, running)
        assert files_with(settings, "Bo Other").keys() >= {"kafka", "clickhouse"}
        assert pmo(settings, "kpi", "--json").stdout == before
        verified = json.loads(pmo(settings, "verify", "--json").stdout)
        assert {"names in ClickHouse", "names on Kafka"} <= {part["part"] for part in verified["parts"]}
