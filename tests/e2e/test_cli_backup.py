"""`pmo backup` and `pmo restore`: whole or not at all, nothing changed, and erased names nowhere."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from services.commands.app import Governance
from tests.e2e.cli import PROGRAM, Pmo, run
from tests.integration.workspaces import fill, workspace
from tests.postgres import Postgres

OWN = {
    "controls/own.yaml": "# ours\n",
    "kpis/own.sql": "-- ours\n",
    "reports/R-1.json": "{}\n",
    "benchmarks.yaml": "[]\n",
}


@pytest.fixture
def office(crane: Pmo) -> Pmo:
    """With a note, a checkpoint and files of its own."""
    crane.ok("project", "defer", "CRANE-7", "--until", "2025-06-01", "--reason", "first the quay", "--on", "2025-02-10")
    crane.ok("checkpoint")
    crane.ok("unit", "register", "PORT", "--name", "Port", "--on", "2025-01-06")
    for name, text in OWN.items():
        (crane.home / name).parent.mkdir(exist_ok=True)
        (crane.home / name).write_text(text)
    return crane


@pytest.fixture
def backup(office: Pmo, tmp_path: Path) -> Path:
    folder = tmp_path / "backups" / "monday"
    office.ok("backup", str(folder))
    return folder


def around(home: Path) -> dict[str, str]:
    return {**os.environ, "PMO_HOME": str(home)}


def stored(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the store holds that must come back."""
    with closing(sqlite3.connect(home / "events.sqlite")) as store:
        return {
            "events": store.execute("SELECT rowid, * FROM stored_events ORDER BY rowid").fetchall(),
            "names": store.execute("SELECT * FROM directory ORDER BY seq").fetchall(),
            "digests": store.execute("SELECT * FROM command_digests").fetchall(),
        }


def in_store(home: Path, statement: str) -> None:
    """As somebody with a database editor, past the triggers."""
    with closing(sqlite3.connect(home / "events.sqlite")) as store, store:
        # many systems turn it on by default
        store.execute("PRAGMA secure_delete = OFF")
        for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f"DROP TRIGGER {name}")
        assert store.execute(statement).rowcount == 1


def nothing_beside(folder: Path) -> bool:
    """Neither it nor a half of it."""
    return not folder.parent.exists() or not [p for p in folder.parent.iterdir() if folder.name in p.name]


def containing(folder: Path, text: str) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def test_what_was_backed_up_comes_back(office: Pmo, backup: Path, tmp_path: Path) -> None:
    again = Pmo(tmp_path / "again")
    said = again.ok("restore", str(backup))
    assert "5 events as of 20" in said
    assert stored(again.home) == stored(office.home)
    for name in (*OWN, "workspace.json", "checkpoint.key"):
        assert (again.home / name).read_bytes() == (office.home / name).read_bytes()
    # the one that was signed before, and the backup's own
    assert len(list((again.home / "checkpoints").iterdir())) == 2
    found = again.data("verify")
    assert (found["events"], [p["part"] for p in found["parts"] if p["differing"]]) == (5, [])
    assert again.ok("checkpoint", "--key") == office.ok("checkpoint", "--key")
    # people are recognised, and history goes on behind it
    own = ("project", "approve", "CRANE-7", "--decided-by", "ann@example.org", "--on", "2025-03-03")
    assert "by the person who asked for it" in again.refused(4, *own)
    again.ok("project", "approve", "CRANE-7", "--decided-by", "ben@example.org", "--on", "2025-03-03")
    assert [row[0] for row in stored(again.home)["events"]] == [1, 2, 3, 4, 5, 6]
    assert stored(again.home)["events"][:5] == stored(office.home)["events"]


def test_only_its_owner_reads_a_backup_and_what_it_makes(office: Pmo, backup: Path, tmp_path: Path) -> None:
    home = tmp_path / "again"
    subprocess.run(["bash", "-c", f"umask 022; exec {PROGRAM} restore {backup}"], env=around(home), check=True)
    for folder in (backup, home):
        for path in (folder, *folder.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert not [p for p in backup.rglob("*") if "clickhouse" in p.name or "lock" in p.name or "-wal" in p.name]
    assert "holds the secret" in office.ok("backup", str(tmp_path / "tuesday"))


def test_names_stand_in_a_file_of_their_own_and_erased_ones_nowhere(office: Pmo, tmp_path: Path) -> None:
    # so long that it takes pages of its own, which are freed with it
    office.ok("void", "project:CRANE-7", "2", "--reason", "Eve Erased " * 1_000)
    in_store(office.home, "UPDATE directory SET value = NULL WHERE value LIKE 'Eve Erased%'")
    assert containing(office.home, "Eve Erased")
    folder = tmp_path / "backup"
    office.ok("backup", str(folder))
    assert containing(folder, "Eve Erased") == []
    assert containing(folder, "Ann Smith") == containing(folder, "first the quay") == ["directory.jsonl"]


def test_what_is_erased_later_can_be_taken_out_of_a_backup(office: Pmo, backup: Path, tmp_path: Path) -> None:
    in_store(office.home, "UPDATE directory SET value = NULL WHERE value = 'Ann Smith'")
    assert "names and notes, as of now" in office.ok("backup", "--names", str(backup))
    assert containing(backup, "Ann Smith") == []
    again = Pmo(tmp_path / "again")
    again.ok("restore", str(backup))
    assert stored(again.home)["names"] == stored(office.home)["names"]
    other = Pmo(tmp_path / "other")
    other.ok("init")
    assert "is a backup of another workspace" in other.refused(2, "backup", "--names", str(backup))


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def described(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        said = json.loads((folder / "manifest.json").read_text())
        change(said)
        (folder / "manifest.json").write_text(json.dumps(said))

    return do


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "the events": (lambda b: flipped(b / "events.sqlite"), "events.sqlite is not what was backed up"),
    "the names": (lambda b: flipped(b / "directory.jsonl"), "directory.jsonl is not what was backed up"),
    "the settings": (lambda b: flipped(b / "workspace.json"), "workspace.json is not what was backed up"),
    "a control": (lambda b: flipped(b / "controls" / "own.yaml"), "controls/own.yaml is not what was backed up"),
    "a file is gone": (lambda b: (b / "checkpoint.key").unlink(), "checkpoint.key is missing from the backup"),
    "no manifest": (lambda b: (b / "manifest.json").unlink(), "is no backup (manifest.json: No such file"),
    "half a manifest": (lambda b: (b / "manifest.json").write_text("{"), "manifest.json is not what was backed up"),
    "another root": (described(lambda m: m.update(root="00")), "does not hold the events that were backed up"),
    "a file elsewhere": (described(lambda m: m["files"].update({"kpis/../../x": ""})), "manifest.json is not what"),  # type: ignore[attr-defined]
    "a newer program": (described(lambda m: m.update(format=2, program="9.9")), "made by a newer pmo (9.9)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_changed_backup_is_refused_and_nothing_is_written(backup: Path, tmp_path: Path, case: str) -> None:
    change, said = BROKEN[case]
    change(backup)
    again = Pmo(tmp_path / "again")
    assert said in again.refused(7 if "newer" in case else 2, "restore", str(backup))
    assert nothing_beside(again.home)


def test_a_folder_that_is_in_use_is_refused(office: Pmo, backup: Path, tmp_path: Path) -> None:
    before = sorted(p.name for p in backup.iterdir())
    assert "holds other things already" in office.refused(4, "backup", str(backup))
    assert "There is a workspace in" in office.refused(4, "restore", str(backup))
    other = Pmo(tmp_path / "other")
    other.home.mkdir()
    (other.home / "notes.txt").touch()
    assert "holds other things already" in other.refused(4, "restore", str(backup))
    assert sorted(p.name for p in backup.iterdir()) == before
    assert [p.name for p in other.home.iterdir()] == ["notes.txt"]
    (other.home / "notes.txt").unlink()
    other.ok("restore", str(backup))
    assert "Give the folder of a backup, or --from-kafka" in other("restore").stderr


def test_a_store_that_is_not_in_order_is_not_backed_up(office: Pmo, tmp_path: Path) -> None:
    in_store(
        office.home, "DELETE FROM stored_events WHERE originator_id = 'project:CRANE-7' AND originator_version = 1"
    )
    said = office.refused(2, "backup", str(tmp_path / "backup"))
    assert said.startswith("Nothing was backed up: position 3 is missing")
    assert nothing_beside(tmp_path / "backup")


def test_a_server_that_does_not_answer_is_one_sentence(office: Pmo, backup: Path, tmp_path: Path) -> None:
    store = "postgresql://pmo:hidden@127.0.0.1:9/pmo"
    again = tmp_path / "again"
    for home, env, *line in (
        (office.home, store, "backup", str(tmp_path / "other")),
        (again, store, "restore", str(backup)),
        (again, "", "restore", str(backup), "--store", store),
    ):
        refused = run(home, *line, **({"PMO_STORE": env} if env else {}))
        assert (refused.returncode, refused.stderr.count("\n")) == (7, 1), refused.stderr
        assert "No Postgres answers at postgresql://pmo:***@127.0.0.1:9/pmo" in refused.stderr
    assert nothing_beside(tmp_path / "other") and nothing_beside(again)


def test_a_workspace_moves_to_postgres_and_back(office: Pmo, backup: Path, tmp_path: Path, postgres: Postgres) -> None:
    team, alone, url = Pmo(tmp_path / "team"), Pmo(tmp_path / "alone"), postgres.new_database()
    said = team.ok("restore", str(backup), "--store", url)
    assert "The events are in postgresql://pmo:***@127.0.0.1:" in said
    assert not list(team.home.glob("events.sqlite*"))
    own = ("project", "approve", "CRANE-7", "--decided-by", "ann@example.org", "--on", "2025-03-03")
    assert "by the person who asked for it" in team.refused(4, *own)
    assert not any(part["differing"] for part in team.data("verify")["parts"])
    said += team.ok("backup", str(tmp_path / "tuesday"))
    assert containing(tmp_path / "tuesday", "s3cr3t") == []
    alone.ok("restore", str(tmp_path / "tuesday"))
    assert stored(alone.home) == stored(office.home)
    third = Pmo(tmp_path / "third")
    assert "holds events or names already" in third.refused(4, "restore", str(backup), "--store", url)
    assert "s3cr3t" not in said


def test_what_is_no_store_or_another_than_set_is_refused(backup: Path, tmp_path: Path) -> None:
    again, store = tmp_path / "again", "postgresql://pmo:hidden@db.example/pmo"
    for env, given, said in (
        ({}, "postgres", "Setting 'store' is wrong: it must look like postgresql://"),
        ({"PMO_STORE": "postgresql://db.example/pmo"}, store, "PMO_STORE names another database than --store"),
    ):
        refused = run(again, "restore", str(backup), "--store", given, **env)
        assert (refused.returncode, said in refused.stderr, "hidden" in refused.stderr) == (2, True, False)
        assert nothing_beside(again)
    assert "set PMO_STORE" in Pmo(again)("restore", "--from-kafka", "--store", store).stderr


def test_who_was_erased_since_does_not_come_back(office: Pmo, backup: Path, tmp_path: Path) -> None:
    listed = tmp_path / "erased.json"
    office.ok("backup", "--erased", str(listed))
    before_it = listed.read_bytes()
    office.ok("person", "erase", "ann@example.org", "--yes")
    said = office.ok("backup", "--erased", str(listed))
    assert said.startswith("1 person or note that was erased, by pseudonym, in ")
    assert containing(backup, "Ann Smith")
    assert "ann" not in listed.read_text().lower()
    again, other = Pmo(tmp_path / "again"), Pmo(tmp_path / "other")
    again.ok("restore", str(backup), "--erased", str(listed))
    assert containing(again.home, "Ann Smith") == []
    assert containing(again.home, "first the quay")
    assert not any(part["differing"] for part in again.data("verify")["parts"])
    # the list from before says nothing of it
    listed.write_bytes(before_it)
    other.ok("restore", str(backup), "--erased", str(listed))
    assert containing(other.home, "Ann Smith")


def test_a_list_of_the_erased_that_does_not_fit_is_refused(office: Pmo, backup: Path, tmp_path: Path) -> None:
    listed, other, again = tmp_path / "erased.json", Pmo(tmp_path / "other"), Pmo(tmp_path / "again")
    assert "cannot be read (No such file" in again.refused(2, "restore", str(backup), "--erased", str(listed))
    other.ok("init")
    other.ok("backup", "--erased", str(listed))
    assert "is of another workspace" in again.refused(2, "restore", str(backup), "--erased", str(listed))
    office.ok("backup", "--erased", str(listed))
    text = listed.read_text()
    for wrong, code, said in (
        (text.replace("[]", '["Ann Smith"]'), 2, "is no list of who was erased"),
        (text.replace('"format": 1', '"format": 2'), 7, "was made by a newer pmo"),
        (re.sub(r'"listed_at": "\d{4}', '"listed_at": "2001', text), 2, "is older than the backup"),
    ):
        assert wrong != text
        listed.write_text(wrong)
        assert said in again.refused(code, "restore", str(backup), "--erased", str(listed))
    assert nothing_beside(again.home)
    assert "Give the folder of the backup, or --erased" in office("backup", "--names", "--erased", str(listed)).stderr
    assert "cannot be written" in office.refused(7, "backup", "--erased", str(tmp_path / "none" / "erased.json"))


def test_a_new_workspace_is_backed_up_too(pmo: Pmo, tmp_path: Path) -> None:
    pmo.ok("backup", str(tmp_path / "backup"))
    again = Pmo(tmp_path / "again")
    assert "0 events" in again.ok("restore", str(tmp_path / "backup"))
    again.ok("unit", "register", "OPS", "--name", "Operations")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose backup takes a while."""
    settings = workspace(tmp_path_factory.mktemp("large") / "home")
    with closing(Governance(settings)) as app:
        fill(app, 6_000)
    return settings.home


def test_a_full_disk_leaves_nothing(large: Path, tmp_path: Path) -> None:
    def small(command: str, home: Path) -> "subprocess.CompletedProcess[str]":
        # no file may grow beyond a megabyte, which the system refuses as it does on a full disk
        line = f"ulimit -f 1024; exec {PROGRAM} {command}"
        return subprocess.run(["bash", "-c", line], env=around(home), capture_output=True, text=True)

    folder, home = tmp_path / "backup", tmp_path / "again"
    failed = small(f"backup {folder}", large)
    assert (failed.returncode, nothing_beside(folder)) == (7, True), failed.stderr
    assert f"{folder} was not made, and nothing is left of it" in failed.stderr
    assert run(large, "backup", str(folder)).returncode == 0
    failed = small(f"restore {folder}", home)
    assert (failed.returncode, nothing_beside(home)) == (7, True), failed.stderr
    assert f"{home} was not made, and nothing is left of it" in failed.stderr


def stopped_half_way(home: Path, folder: Path, half: Path) -> "subprocess.Popen[bytes]":
    """A backup that stands still in the middle; one that is done before it can be stopped is begun again."""
    while True:
        # what a shell starts in the background does not hear SIGINT, nor does what that starts
        hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        line = [PROGRAM, "backup", folder]
        running = subprocess.Popen(line, env=around(home), stderr=subprocess.PIPE, preexec_fn=hears)
        while not (half / "events.sqlite").exists() and running.poll() is None:
            time.sleep(0.001)
        running.send_signal(signal.SIGSTOP)
        # it goes on for a moment until the signal reaches it
        while running.poll() is None and " T " not in Path(f"/proc/{running.pid}/stat").read_text():
            time.sleep(0.001)
        if running.poll() is None and not folder.exists():
            return running
        running.send_signal(signal.SIGCONT)
        running.communicate()
        assert running.returncode == 0
        shutil.rmtree(folder)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_it_leaves_no_half_and_can_be_done_again(large: Path, tmp_path: Path, how: signal.Signals) -> None:
    folder, half = tmp_path / "backup", tmp_path / ".backup.unfinished"
    running = stopped_half_way(large, folder, half)
    running.send_signal(how)
    running.send_signal(signal.SIGCONT)
    running.communicate()
    assert not folder.exists()
    assert half.exists() == (how == signal.SIGKILL)
    assert run(large, "backup", str(folder)).returncode == 0
    assert run(tmp_path / "again", "restore", str(folder)).returncode == 0
    assert not half.exists()
    assert stored(tmp_path / "again") == stored(large)


def test_two_at_once_make_one(large: Path, tmp_path: Path) -> None:
    line = [PROGRAM, "backup", tmp_path / "backup"]
    both = [subprocess.Popen(line, env=around(large), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate()[1] for each in both]
    assert sorted(each.returncode for each in both) in ([0, 7], [0, 4]), said
    assert run(tmp_path / "again", "restore", str(tmp_path / "backup")).returncode == 0
    assert [p.name for p in tmp_path.iterdir() if "unfinished" in p.name] == []


def test_positions_with_a_gap_are_not_backed_up(large: Path, tmp_path: Path) -> None:
    """No writer leaves one: what stood there was taken away."""
    home = tmp_path / "home"
    shutil.copytree(large, home)
    in_store(home, "UPDATE stored_events SET rowid = 9000 WHERE rowid = 6000")
    done = run(home, "backup", str(tmp_path / "backup"))
    assert done.returncode == 2
    assert "positions 6000 to 8999 are missing" in done.stderr
    assert nothing_beside(tmp_path / "backup")
