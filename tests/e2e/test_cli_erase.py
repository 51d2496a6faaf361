"""``pmo person erase`` and ``pmo note erase``, as a data-protection officer uses them."""

import json
import re
from pathlib import Path

import pytest

from services.catch_up import catch_up_directory
from services.cli.main import LOG
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Projector
from services.projections.schema import prepare
from services.runtime import open_app
from services.settings import Settings
from tests.e2e.cli import Pmo
from tests.postgres import Postgres

NAME, EMAIL = "Zebulon Quist", "q4711@harbour.example"
REASON = f"asked {NAME}, who wanted it at once"
JOIN = ("person", "join", EMAIL, "--unit", "OPS", "--role", "Rigger", "--name", NAME, "--email", EMAIL)


@pytest.fixture
def staffed(crane: Pmo) -> Pmo:
    crane.ok(*JOIN)
    crane.ok("project", "start", "CRANE-7", "--at-risk", REASON, "--actor", EMAIL)
    return crane


def holding(home: Path, text: str) -> list[str]:
    return [file.name for file in home.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_a_person_is_erased_everywhere_and_figures_and_verify_stay(staffed: Pmo) -> None:
    staffed.home.joinpath(LOG).write_text(f"ValueError: {NAME} said {EMAIL}\nline 2\n")
    before = staffed.ok("kpi", "--json")
    assert len(holding(staffed.home, NAME)) > 2
    said = staffed.ok("person", "erase", NAME, "--notes", "--yes", "--wait")
    subject = re.search(r"(person:\w{20}): erased \(email, login, name\)", said)
    assert subject
    assert NAME not in said
    assert said.count("none left") == 2
    assert holding(staffed.home, NAME) == holding(staffed.home, EMAIL) == []
    assert staffed.home.joinpath(LOG).read_text() == "ValueError: (erased) said (erased)\nline 2\n"
    assert staffed.ok("kpi", "--json") == before
    history = staffed.ok("history", "project:CRANE-7")
    assert "at_risk=(erased)" in history
    assert "person:" in history
    staffed.ok("verify")
    assert "was erased before" in staffed.ok("person", "erase", EMAIL)


def test_nothing_brings_the_name_back_until_that_is_undone(staffed: Pmo) -> None:
    staffed.ok("person", "erase", EMAIL, "--yes", "--notes")
    staffed.ok("person", "leave", EMAIL, "--reason", "retirement")
    again = staffed(*JOIN)
    assert again.exit_code == 0
    [line] = again.stderr.splitlines()
    assert re.fullmatch(r"Not kept, as it was erased: what was said of person:\w{20} \('pmo person erase'\).", line)
    staffed.ok("person", "leave", EMAIL, "--reason", "retirement")
    line = json.dumps({"command": "person join", "person": EMAIL, "unit": "OPS", "role": "Rigger", "name": NAME})
    applied = staffed("apply", "-", stdin=line)
    assert applied.exit_code == 0, applied.output
    assert "Not kept, as it was erased" in applied.stderr
    # who acts is not introduced again either, and that is not worth a word
    acted = staffed("unit", "register", "FIN", "--name", "Finance", "--actor", EMAIL)
    assert (acted.exit_code, acted.stderr) == (0, "")
    staffed.ok("kpi")
    assert holding(staffed.home / "clickhouse", NAME) == []
    assert holding(staffed.home, EMAIL) == []

    assert "may be named again" in staffed.ok("person", "erase", EMAIL, "--undo", "--yes")
    staffed.ok("person", "leave", EMAIL, "--reason", "retirement")
    assert staffed(*JOIN).stderr == ""
    staffed.ok("verify")
    assert staffed.data("person", "erase", NAME, "--yes")["erased"][0]["fields"] == ["email", "name"]


def test_it_asks_first_and_names_notes_that_stay(staffed: Pmo) -> None:
    asked = staffed("person", "erase", NAME, stdin="n\n")
    assert asked.exit_code == 130
    assert NAME in asked.stderr
    assert holding(staffed.home, NAME)
    done = staffed("person", "erase", NAME, "--json", stdin="y\n")
    # click's runner writes what was typed before it
    [note] = json.loads(done.stdout[done.stdout.index("{") :])["notes_that_name_the_person"]
    assert note.startswith("note:")
    assert holding(staffed.home, REASON)
    erased = staffed.data("note", "erase", note, "--yes")
    assert erased["erased"] == [{"subject": note, "fields": ["text"]}]
    assert holding(staffed.home, NAME) == []


def test_a_note_by_its_event(staffed: Pmo) -> None:
    assert "none left" in staffed.ok("note", "erase", "project:crane-7/2", "--yes")
    assert holding(staffed.home, REASON) == []
    assert "was erased before" in staffed.ok("note", "erase", "project:CRANE-7/2")
    staffed.ok("verify")


def test_a_kept_replay_is_a_copy_too(staffed: Pmo) -> None:
    # as 'pmo replay --keep' leaves it, without the minutes of the replay itself
    settings = Settings.load(staffed.home)
    folder = staffed.home / "replay" / "R1" / "clickhouse"
    with open_app(settings) as app, ClickHouse.embedded(folder) as clickhouse:
        prepare(clickhouse, settings.workspace_id)
        catch_up_directory(app, Projector(clickhouse))
    assert holding(folder, NAME)
    said = staffed.ok("person", "erase", NAME, "--notes", "--yes", "--wait")
    assert "replays      none left" in said
    assert holding(staffed.home, NAME) == []


@pytest.mark.parametrize(
    ("args", "code", "why"),
    [
        (("person", "erase", "Zebulon Quits"), 5, "did you mean zebulon quist"),
        (("person", "erase", NAME, "--undo"), 2, "is not erased, so there is nothing to undo"),
        (("note", "erase", "project:CRANE-7/1"), 5, "has no note"),
        (("note", "erase", "project:CRANE-8/1"), 5, "no event project:CRANE-8/1"),
        (("note", "erase", "boat:X/1"), 5, "no kind of stream 'boat'"),
    ],
)
def test_what_there_is_not(staffed: Pmo, args: tuple[str, ...], code: int, why: str) -> None:
    assert why in staffed.refused(code, *args)


def test_on_postgres(tmp_path: Path, postgres: Postgres) -> None:
    pmo = Pmo(tmp_path / "home")
    pmo.ok("init", "--store", postgres.new_database())
    pmo.ok("unit", "register", "OPS", "--name", "Operations")
    pmo.ok(*JOIN)
    pmo.ok("kpi")
    said = pmo.ok("person", "erase", NAME, "--yes")
    assert "write-ahead log" in said
    assert holding(pmo.home, NAME) == []
    pmo.ok("verify")
