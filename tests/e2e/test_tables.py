"""Tables on a terminal, whole and readable at any width; and piped, one line a row."""

import os
import pty
import re
import subprocess
import sys

WIDTH = 60
NAMELESS = "ZK3F7QABCDEFGHIJ2345"
TABLE = f"""
from services.cli.output import Column, table
table(
    "Findings of a title that is longer than the terminal is wide, known now",
    [
        Column("finding", "id", identifier=True), Column("unit", "unit"), Column("none", "none"),
        Column("owner", "owner"), Column("days", "days", number=True), Column("detail", "detail"),
        Column("subject", "subject", identifier=True),
    ],
    [{{
        "id": "APPROVED-BASELINE-BEFORE-START/PROJECT.A", "unit": "OPS", "owner": "{NAMELESS}", "days": 970,
        "detail": "without an approval, without a baseline, and so on for a line and more",
        "subject": "person:{NAMELESS}",
    }}] * 2,
    ["A note."],
)
"""


def on_terminal(columns: int) -> list[str]:
    """The lines that a terminal of this width shows."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", TABLE], stdout=theirs, stderr=subprocess.STDOUT, env=environment
    ) as run:
        os.close(theirs)
        said = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:  # how Linux tells that the other end is closed
                break
            if not some:
                break
            said += some
    os.close(ours)
    assert run.returncode == 0, said
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode()).splitlines()


def test_what_has_no_room_beside_stands_below_its_row() -> None:
    lines = on_terminal(WIDTH)
    assert max(map(len, lines)) <= WIDTH
    assert lines[1] == "wide, known now" and lines[2].split() == ["unit", "owner", "days", "subject"]
    assert lines[3].split() == ["OPS", "ZK3F…", "970", f"person:{NAMELESS}"]
    assert lines[4:7] == [
        "    finding: APPROVED-BASELINE-BEFORE-START/PROJECT.A;",
        "    detail: without an approval, without a baseline, and so",
        "    on for a line and more",
    ]
    assert lines[7:11] == lines[3:7] and lines[11:] == ["A note."]


def test_piped_a_row_is_one_line_without_columns_that_are_empty() -> None:
    done = subprocess.run([sys.executable, "-c", TABLE], capture_output=True, text=True, check=True)
    title, heading, *rows, note = done.stdout.splitlines()
    assert title.endswith("known now") and note == "A note." and len(rows) == 2
    assert heading.split() == ["finding", "unit", "owner", "days", "detail", "subject"]
    assert rows[0].endswith(f"and more  person:{NAMELESS}")
