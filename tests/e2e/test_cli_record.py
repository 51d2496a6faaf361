"""Recording through the command line: what is printed, what is kept, what is refused."""

import shlex

import pytest

from services.settings import Settings
from tests.e2e.cli import Pmo


def test_a_command_prints_its_event(pmo: Pmo) -> None:
    assert pmo.ok("unit", "register", "ops", "--name", "Operations") == "business-unit:OPS/1 registered\n"


def test_json_has_the_event(crane: Pmo) -> None:
    [event] = crane.data("project", "approve", "CRANE-7", "--decided-by", "board", "--at", "2025-03-01T09:30")
    assert event["id"] == "project:CRANE-7/2"
    assert event["type"] == "pmo.project.approved.v1"
    assert event["occurred_at"] == "2025-03-01T09:30:00.000Z"
    assert set(event) == {"id", "type", "stream", "version", "occurred_at", "recorded_at", "data"}


def test_decimals_stay_exact(crane: Pmo) -> None:
    [event] = crane.data("history", "project:CRANE-7")
    assert event["data"]["budget"] == "250000.50"


def test_the_same_command_id_records_once(pmo: Pmo) -> None:
    register = ("unit", "register", "OPS", "--name", "Operations", "--command-id", "row-1", "--on", "2025-01-06")
    pmo.ok(*register)
    assert pmo.ok(*register) == "business-unit:OPS/1 registered (recorded earlier by the same command id)\n"
    assert "for another command" in pmo.refused(2, *register[:4], "Other", "--command-id", "row-1")


def test_repeatable_options_and_pairs(pmo: Pmo) -> None:
    publish = ("standard", "publish", "RISK", "--name", "Risk", "--standard-kind", "process", "--edition", "1")
    pairs = ("--requirements", "R1=Register kept", "--requirements", "R2=Owner named", "--weights", "R2=3")
    [event] = pmo.data(*publish, *pairs)
    requirements = [(each["id"], each["weight"]) for each in event["data"]["requirements"]]
    assert requirements == [("R1", 1), ("R2", 3)]
    assert "R1 R2" in pmo.refused(2, *publish, "--requirements", "R1 R2")
    assert "twice" in pmo.refused(2, *publish, "--requirements", "R1=a", "--requirements", "R1=b")


def test_an_unknown_truth_is_neither_yes_nor_no(crane: Pmo) -> None:
    [event] = crane.data("project", "complete", "CRANE-7", "--no-quality-met")
    assert (event["data"]["objectives_met"], event["data"]["quality_met"]) == (None, False)


def test_the_actor_is_a_pseudonym_whose_login_is_in_the_directory(crane: Pmo) -> None:
    crane.ok("goal", "declare", "GROWTH", "--statement", "Grow", "--weight", "0.4", "--actor", "system:planner")
    [own] = crane.data("history", "project:CRANE-7")
    [planned] = crane.data("history", "goal:GROWTH")
    assert own["actor"].startswith("person:") and own["by"] == "kim"
    assert planned["actor"] == "system:planner"
    assert b"kim" not in (crane.home / "events.sqlite").read_bytes().split(b"directory")[0]


def test_names_and_reasons_are_read_from_the_directory(crane: Pmo) -> None:
    crane.ok("project", "hold", "CRANE-7", "--reason", "supplier [b]insolvent[/b]", "--decided-by", "ann@example.org")
    shown = crane.ok("history", "project:CRANE-7")
    assert "supplier [b]insolvent[/b]" in shown
    assert "decided_by=Ann Smith" in shown
    assert crane.ok("history", "person:ann@example.org").count("joined") == 1


def test_superseding_and_voiding_show_in_the_history(crane: Pmo) -> None:
    rename = ("unit", "rename", "OPS", "--name", "Operatons", "--on", "2025-05-01")
    crane.ok(*rename)
    crane.ok("unit", "rename", "OPS", "--name", "Operations 2", "--on", "2025-05-02", "--supersedes", "2")
    assert crane.ok("void", "unit:ops", "3", "--reason", "entered twice") == "business-unit:OPS/4 voided\n"
    history = crane.data("history", "business-unit:OPS")
    assert [(each["version"], each["superseded_by"]) for each in history] == [(1, None), (2, None), (3, 4), (4, None)]
    shown = crane.ok("history", "business-unit:OPS")
    assert "[voided by 4] [supersedes 2]" in shown and "reason=entered twice" in shown
    assert "'pmo history business-unit:OPS'" in crane.refused(4, "void", "business-unit:OPS", "3")
    assert "is empty" in crane.refused(2, "void", "business-unit:OPS", "2", "--reason", " ")


def test_history_as_of_and_known_at(crane: Pmo) -> None:
    crane.ok("project", "approve", "CRANE-7", "--decided-by", "board", "--on", "2025-03-01")
    assert [each["version"] for each in crane.data("history", "project:CRANE-7", "--as-of", "2025-02-28")] == [1]
    assert crane.data("history", "project:CRANE-7", "--known-at", "2025-12-31") == []
    lines = crane.ok("history", "project:CRANE-7", "--csv").splitlines()
    assert lines[0].startswith("stream,version,occurred_at") and len(lines) == 3


def test_unknown_streams_name_their_neighbours(crane: Pmo) -> None:
    assert "Did you mean project:CRANE-7?" in crane.refused(5, "history", "project:CRANE-8")
    assert "Did you mean project:CRANE-7?" in crane.refused(5, "history", "crane-7")
    assert "there are business-unit" in crane.refused(5, "history", "projekt:CRANE-7")
    assert crane.refused(5, "history", "person:nobody@example.org").startswith("There is no stream person:")
    assert "is not a stream id" in crane.refused(2, "history", "project:a b")


def test_times_that_cannot_be(crane: Pmo) -> None:
    rename = ("unit", "rename", "OPS", "--name", "X")
    assert "2025-13-01" in crane.refused(2, *rename, "--on", "2025-13-01")
    assert "is not a day" in crane.refused(2, *rename, "--on", "1735689600")
    assert "is not an instant" in crane.refused(2, *rename, "--at", "2025-05-01")
    assert "not both" in crane.refused(2, *rename, "--on", "yesterday", "--at", "2025-05-01T00:00Z")
    assert "future" in crane.refused(2, *rename, "--on", "2190-01-01")
    assert "does not lie between" in crane.refused(2, *rename, "--on", "1066-10-14")
    assert crane.ok(*rename, "--on", "yesterday") and crane.ok(*rename, "--on", "today")


def test_wrong_input_of_every_family_records_nothing(crane: Pmo) -> None:
    ann, crane7 = "ann@example.org", "CRANE-7"
    dates = ("--first-day", "2025-03-03", "--last-day", "2025-02-03")
    wrong: tuple[tuple[int, str, tuple[str, ...]], ...] = (
        (2, "--budget: 'much'", ("project", "propose", "X", "--name", "X", "--unit", "OPS", "--budget", "much")),
        (2, "needs --name and --unit", ("project", "propose", "X")),
        (5, "no unit NOPE", ("project", "propose", "X", "--name", "X", "--unit", "NOPE")),
        (4, "--at-risk", ("project", "start", crane7)),
        (4, "somebody else", ("project", "approve", crane7, "--decided-by", ann)),
        (2, "--last-day lies before", ("workload", "allocate", ann, "A1", "--project", crane7, *dates,
                                       "--weekly-hours", "8")),
        (2, "--hours", ("timesheet", "log", ann, "--project", crane7, "--day", "2025-03-03", "--hours", "25")),
        (5, "no standard RISK", ("standard", "revise", "RISK", "--name", "R", "--standard-kind", "process",
                                 "--edition", "2", "--requirements", "R1=x")),
        (5, "no standard RISK", ("adoption", "adopt", "RISK", "OPS")),
        (2, "--valid-months", ("course", "define", "SAFETY", "--title", "Safety", "--valid-months", "0")),
        (5, "no course SAFETY", ("training", "enrol", ann, "SAFETY")),
        (2, "UNIT: 'a b'", ("unit", "register", "a b", "--name", "X")),
        (2, "--country", ("unit", "register", "X", "--name", "X", "--country", "Britain")),
        (4, "joined already", ("person", "join", ann, "--unit", "OPS", "--role", "PM")),
        (2, "--weight", ("goal", "declare", "G", "--statement", "x", "--weight", "1.5")),
        (2, "--satisfaction", ("survey", "respond", crane7, "CLOSURE", "1", "--stakeholder-role", "team-member",
                               "--satisfaction", "9")),
        (2, "'huge' is not one of", ("project", "propose", "X", "--name", "X", "--unit", "OPS", "--size", "huge")),
        (2, "--decided-by", ("project", "approve", crane7, "--decidd-by", "board")),
        (2, "neither a file", ("project", "approve", crane7, "--decided-by", "board", "--evidence", "no such file")),
        (2, "actor", ("unit", "rename", "OPS", "--name", "X", "--actor", "system:")),
        (2, "There is no version 99", ("unit", "rename", "OPS", "--name", "X", "--supersedes", "9" * 20)),
        (2, "There is no version 0", ("unit", "rename", "OPS", "--name", "X", "--supersedes", "0")),
        (2, "--as-of: ''", ("history", f"project:{crane7}", "--as-of", "")),
        (2, "Did you mean propose?", ("project", "propos", "X")),
        (2, "Did you mean project?", ("prject", "propose", "X")),
    )  # fmt: skip
    for exit_code, words, args in wrong:
        assert words in crane.refused(exit_code, *args), args


@pytest.mark.parametrize(
    ("sentence", "command"),
    [
        ("--country: 'Xx' is not written like GB.", "unit register X --name X --country Xx"),
        ("--currency: 'eur' is not written like EUR.", "PROPOSE --currency eur"),
        ("--percent-complete: 15 is more than 1; write a share like 0.15.", "REPORT 15"),
        ("--percent-complete: 1.2 is more than 1; write a share like 0.15.", "REPORT 1.2"),
        ("--percent-complete: -1 is less than 0, the least that is allowed.", "REPORT -1"),
        ("--percent-complete: '15%' is not a number written like 0.40.", "REPORT 15%"),
        ("--percent-complete: '0.123456789' has more than 8 decimals.", "REPORT 0.123456789"),
        (
            f"--budget: '{'9' * 19}' has more than 18 digits.",
            f"PROPOSE --budget {'9' * 19}",
        ),
        (
            f"--budget: '{'9' * 15}' has more than 14 digits before the decimal point.",
            f"PROPOSE --budget {'9' * 15}",
        ),
        (
            "--budget: 'NaN' is not a number written like 125000.00.",
            "PROPOSE --budget NaN",
        ),
        (
            "--contributions: 9 is more than 5, the most that is allowed.",
            "PROPOSE --contributions G=9",
        ),
        (
            "--contributions: 'two' is not a whole number written like 3.",
            "PROPOSE --contributions G=two",
        ),
        (
            "--valid-months: '1.5' is not a whole number written like 24.",
            "course define S --title S --valid-months=1.5",
        ),
        ("--valid-months: 0 is less than 1, the least that is allowed.", "course define S --title S --valid-months 0"),
        (
            "--curve: 1066-01-01 lies before 1900-01-01.",
            "project set-baseline CRANE-7 --start 2026-01-01 --finish 2026-02-02 --budget 1 --curve 1066-01-01=3",
        ),
        ("--name: it is empty.", "unit register X --name ''"),
        (
            f"--name: '{'x' * 60}...' has 501 characters, and at most 500 are allowed.",
            f"unit register X --name {'x' * 501}",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_plain_words(crane: Pmo, sentence: str, command: str) -> None:
    propose = "project propose X --name X --unit OPS"
    report = "project report CRANE-7 --method estimate --actual-cost 3 --percent-complete"
    said = command.replace("PROPOSE", propose).replace("REPORT", report)
    assert crane.refused(2, *shlex.split(said)) == sentence


def test_names_cannot_disturb_a_table(crane: Pmo) -> None:
    name = "First :smile:\n[red]second\x1b[31m"
    crane.ok("unit", "register", "OK", "--name", name)
    shown = crane.ok("history", "business-unit:OK").splitlines()
    assert shown[0] == "business-unit:OK: 1 event"
    assert len(shown) == 3
    assert r"First :smile:\n[red]second\x1b[31m" in shown[2]
    [event] = crane.data("history", "unit:OK")
    assert event["data"]["name"] == name


@pytest.mark.parametrize("named", [True, False])
def test_who_says_it_is_the_login_even_without_a_setting(
    pmo: Pmo, monkeypatch: pytest.MonkeyPatch, *, named: bool
) -> None:
    def login() -> str:
        if not named:
            raise KeyError("getpwuid(): uid not found: 1234")
        return "lee"

    monkeypatch.setenv("USER", "")
    monkeypatch.delenv("LOGNAME", raising=False)
    monkeypatch.delenv("PMO_ACTOR", raising=False)
    monkeypatch.setattr("getpass.getuser", login)
    assert Settings.load(pmo.home).actor == ("lee" if named else "unknown")
