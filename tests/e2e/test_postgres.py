"""The program on a Postgres store: as on SQLite, and never with the password."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli import Pmo, run
from tests.postgres import Postgres, database_of

SECRETS = ("s3cr3t", "p%40ss", "p@ss")


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


@pytest.fixture
def team(tmp_path: Path, url: str) -> Iterator[Pmo]:
    """A new workspace on a database, with a unit and a project."""
    pmo = Pmo(tmp_path / "home")
    pmo.ok("init", "--store", url, "--time-zone", "Europe/London", "--currency", "GBP")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2025-01-06")
    propose = ("project", "propose", "CRANE-7", "--name", "Crane renewal", "--unit", "OPS", "--budget", "250000.50")
    pmo.ok(*propose, "--on", "2025-02-03")
    yield pmo
    assert not (pmo.home / "events.sqlite").exists()


def test_recording_and_asking(team: Pmo) -> None:
    assert "Crane renewal" in team.ok("history", "project:CRANE-7")
    assert "kim" in team.ok("history", "project:CRANE-7")
    assert "Did you mean project:CRANE-7" in team("history", "project:CRANE-8").stderr
    team.ok("project", "start", "CRANE-7", "--at-risk", "storm damage")
    assert "storm damage" in team.ok("history", "project:CRANE-7")
    assert "CRANE-7" in team.ok("portfolio", "list")
    team.ok("audit", "run")
    codes = {"_PMO_COMPLETE": "bash_complete", "COMP_CWORD": "2", "COMP_WORDS": "pmo project start C"}
    completed = run(team.home, **{**codes, "COMP_CWORD": "3"})
    assert completed.stdout.split() == ["plain,CRANE-7"]


def test_who_gets_past_the_trigger_is_found(team: Pmo, url: str, postgres: Postgres) -> None:
    team.ok("kpi", "on-time")
    team.ok("verify")
    byte = "set_byte(state, length(state) - 2, 33)"
    tampering = f"UPDATE stored_events SET state = {byte} WHERE originator_id = 'project:CRANE-7'"
    trigger = "ALTER TABLE stored_events {} TRIGGER stored_events_immutable"
    postgres.run(f"{trigger.format('DISABLE')}; {tampering}; {trigger.format('ENABLE ALWAYS')}", database_of(url))
    assert "project:CRANE-7/1" in team("verify", "--json").stdout


def test_another_machine_with_the_same_workspace_file_writes_on(team: Pmo, tmp_path: Path) -> None:
    other = Pmo(tmp_path / "other")
    other.home.mkdir()
    (other.home / "workspace.json").write_bytes((team.home / "workspace.json").read_bytes())
    other.ok("project", "start", "CRANE-7", "--at-risk", "storm damage")
    assert [event["version"] for event in team.data("history", "project:CRANE-7")] == [1, 2]


def test_the_doctor_says_which_store_it_is_and_no_password(team: Pmo, url: str) -> None:
    said = team.ok("doctor", "--json")
    found = {each["what"]: each for each in json.loads(said)}["event store"]
    assert found["state"] == "ok"
    assert found["finding"].startswith("2 events in 2 streams, postgresql://pmo:***@127.0.0.1:")
    assert found["finding"].endswith(database_of(url))
    assert not any(secret in said for secret in SECRETS)
    assert stat.S_IMODE((team.home / "workspace.json").stat().st_mode) == 0o600


def test_a_wrong_or_missing_server_is_one_sentence(team: Pmo, url: str, postgres: Postgres) -> None:
    wrong = {
        postgres.url(database_of(url), password="s3cr3t"): (7, "password authentication failed"),
        f"postgresql://pmo:s3cr3t@127.0.0.1:9/{database_of(url)}": (7, "No Postgres answers"),
        "postgresql://pmo:s3cr3t@127.0.0.1": (2, "must look like postgresql://"),
    }
    for address, (code, words) in wrong.items():
        done = run(team.home, "unit", "register", "FIN", "--name", "Finance", PMO_STORE=address)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert words in done.stderr
        assert "s3cr3t" not in done.stderr + done.stdout
    done = run(team.home, "doctor", "--json", PMO_STORE=f"postgresql://pmo:s3cr3t@127.0.0.1:9/{database_of(url)}")
    states = {each["what"]: each["state"] for each in json.loads(done.stdout)}
    assert (done.returncode, states["event store"]) == (7, "failed")
    assert "s3cr3t" not in done.stdout + done.stderr


def test_another_workspaces_database_is_refused(team: Pmo, tmp_path: Path, url: str, postgres: Postgres) -> None:
    other = Pmo(tmp_path / "other")
    other.ok("init")
    done = run(other.home, "unit", "register", "FIN", "--name", "Finance", PMO_STORE=url)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "holds the history of another workspace" in done.stderr
    assert postgres.run("SELECT count(*) FROM stored_events", database_of(url)) == [(2,)]
    assert [file.name for file in other.home.iterdir()] == ["workspace.json"]
