"""Many commands from a file: all or nothing, again without effect, exact numbers."""

import json
from pathlib import Path

import pytest

from tests.e2e.cli import Pmo

UNIT = {"command": "unit register", "unit": "OPS", "name": "Operations", "on": "2025-01-06"}
GOAL = '{"command": "goal declare", "goal": "G", "statement": "Grow", "weight": 0.12345678, "on": "2025-01-07"}'
PROJECT = {"command": "project propose", "project": "P1", "name": "One", "unit": "OPS", "contributions": {"G": 3}}
GOOD = "\n".join((json.dumps(UNIT), "", GOAL, json.dumps(PROJECT), ""))


@pytest.fixture
def good(tmp_path: Path) -> str:
    file = tmp_path / "good.jsonl"
    file.write_text(GOOD)
    return str(file)


def test_applies_and_applies_again(pmo: Pmo, good: str) -> None:
    assert pmo.ok("apply", good) == "3 commands: 3 events recorded\n"
    assert pmo.ok("apply", good) == "3 commands: 0 events recorded, 3 recorded earlier\n"
    [goal] = pmo.data("history", "goal:G")
    assert goal["data"]["weight"] == "0.12345678"


def test_a_moved_line_is_still_the_same_command(pmo: Pmo, good: str) -> None:
    pmo.ok("apply", good)
    again = json.dumps({**UNIT, "unit": "FIN", "name": "Finance"}) + "\n" + GOOD
    assert pmo.ok("apply", "-", stdin=again) == "4 commands: 1 event recorded, 3 recorded earlier\n"


def test_one_bad_line_records_nothing(pmo: Pmo) -> None:
    sentence = pmo.refused(5, "apply", "-", stdin=f'{GOOD}{{"command": "project hold", "project": "P2"}}\n')
    assert sentence.startswith("line 5: There is no project P2")


def test_keep_going_records_the_good_lines(pmo: Pmo) -> None:
    bad = ('{"command": "unit regster"}', "[]", "{", '{"command": "goal retire", "goal": "X", "why": 1}', "{}")
    result = pmo("apply", "-", "--keep-going", "--json", stdin="\n".join((GOOD, *bad)))
    assert result.exit_code == 3
    summary = json.loads(result.stdout)
    assert (summary["commands"], summary["events"]) == (8, 3)
    assert [each["line"] for each in summary["rejected"]] == [6, 7, 8, 9, 10]
    assert "did you mean 'unit register'" in summary["rejected"][0]["error"]
    assert "5 lines of 8 could not be recorded" in result.stderr
    assert pmo.recorded()[0] == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"command": "unit register", "unit": "A", "name": "x", "name": "y"}', "'name' is given twice"),
        ('{"command": "goal declare", "goal": "A", "statement": "x", "weight": NaN}', "NaN is not a number"),
        ('{"command": "unit rename", "unit": "A", "name": "x", "supersedes": 0}', "is not a version"),
        ('{"command": "unit rename", "unit": "A", "name": "x", "supersedes": 99999999999999999999}', "no version 999"),
        ('{"command": "unit register", "unit": "A", "name": "x", "actor": ""}', "key is empty"),
        ('{"command": "unit rename", "unit": "A", "name": "x", "on": "soon"}', "'soon' is not a day"),
        ('{"command": "unit rename", "unit": "A", "name": "x", "actor": true}', "True is not a text"),
        ('{"command": "unit register", "unit": "A", "name": "x", "recorded_at": "2025-01-01"}', "cannot be given"),
        ('{"command": ["unit"]}', "is no command"),
        ("[" * 100_000, "is not valid JSON"),
        ("PK\x03\x04\x00\x14 a spreadsheet", "is not valid JSON"),
        ('{"command": "unit register", "unit": "A", "name": "\ud83d"}'.encode("utf-8", "surrogatepass"), "unicode"),
    ],
)
def test_malformed_lines(pmo: Pmo, line: str | bytes, words: str) -> None:
    assert words in pmo.refused(2, "apply", "-", stdin=line)


def test_files_that_cannot_be_read(pmo: Pmo, tmp_path: Path) -> None:
    assert "There is no file" in pmo.refused(2, "apply", str(tmp_path / "none.jsonl"))
    assert "cannot be read" in pmo.refused(2, "apply", str(tmp_path))
    assert pmo.ok("apply", "-", stdin="") == "0 commands: 0 events recorded\n"


def test_actors_and_ids_of_lines(pmo: Pmo) -> None:
    line = {**UNIT, "actor": "system:loader", "command_id": "row-1", "reported_at": "2025-01-08"}
    pmo.ok("apply", "-", stdin="\ufeff" + json.dumps(line))
    [event] = pmo.data("history", "business-unit:OPS")
    assert event["actor"] == "system:loader"
    assert event["reported_at"] == "2025-01-08T00:00:00.000Z"
    assert "for another command" in pmo.refused(2, "apply", "-", stdin=json.dumps({**line, "name": "Other"}))


def test_a_line_withdraws_an_event_even_of_the_same_file(pmo: Pmo) -> None:
    line = {"command": "void", "stream": "unit:ops", "version": 1, "reason": "entered twice"}
    lines = f"{json.dumps(UNIT)}\n{json.dumps(line)}\n"
    assert pmo.ok("apply", "-", stdin=lines) == "2 commands: 2 events recorded\n"
    assert pmo.ok("apply", "-", stdin=lines) == "2 commands: 0 events recorded, 2 recorded earlier\n"
    shown = pmo.ok("history", "unit:OPS")
    assert "[voided by 2]" in shown and "reason=entered twice" in shown
    assert "There is no stream" in pmo.refused(5, "apply", "-", stdin=json.dumps({**line, "stream": "unit:NONE"}))
    assert "Version 9" in pmo.refused(4, "apply", "-", stdin=json.dumps({**line, "version": 9}))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stream": "unit:OPS"}, "'void' needs version"),
        ({"stream": "unit:OPS", "version": "last"}, "version: 'last' is not a version such as 3"),
        ({"stream": "unit:OPS", "version": 1, "on": "2025-01-06"}, "'void' has no field 'on'"),
        ({"stream": 7, "version": 1, "reason": ["x"]}, "is not a text"),
    ],
)
def test_malformed_withdrawals(pmo: Pmo, fields: dict[str, object], words: str) -> None:
    assert words in pmo.refused(2, "apply", "-", stdin=json.dumps({"command": "void", **fields}))
