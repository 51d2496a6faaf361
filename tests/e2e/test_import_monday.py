"""monday.com's history through the program: KPIs, capacity, bottlenecks and audits answer from it."""

import json

import pytest

from tests.e2e.cli import Pmo
from tests.e2e.figures import AS_OF, figures
from tests.importers.monday_files import (
    HEADER,
    LOG,
    TITLE,
    answer,
    board,
    item,
    label,
    line,
    moved,
    next_page,
    subitem,
    workbook,
)

MAPPING = """\
projects:
  Website launch: {project: LAUNCH, unit: FIN}
join: {unit: FIN, role: Developer, weekly_hours: 38}
"""
STUCK = moved(11, "2024-02-01 09:00:00", None, "Stuck", pulse_id=2002)


@pytest.fixture
def imported(pmo: Pmo) -> Pmo:
    folder = pmo.home.parent
    (folder / "monday.yaml").write_text(MAPPING)
    told = board(item(1, subitems=[subitem()]), cursor="x", activity_logs=[*LOG, STUCK])
    (folder / "board.json").write_text(answer(told))
    stuck = label("Stuck", 2, "2024-02-01T09:00:00.000Z")
    (folder / "next.json").write_text(next_page(item(2, stuck, updated_at="2024-02-01T09:00:00Z")))
    pmo.ok(
        "import", "monday", str(folder / "board.json"), str(folder / "next.json"), "--mapping",
        str(folder / "monday.yaml"), "--complete",
    )  # fmt: skip
    return pmo


@pytest.mark.long
def test_figures_answer_from_the_imported_history(imported: Pmo) -> None:
    pmo = imported
    # from 10 January 9:00 until 19 January 15:00
    cycle = figures(pmo, "cycle-time", "unit")["FIN"]
    assert (cycle["n"], cycle["standing"]) == (1, "observed")
    assert float(cycle["value"]) == pytest.approx(9 + 6 / 24, abs=0.001)
    assert float(figures(pmo, "throughput", "unit")["FIN"]["value"]) == 1
    waits = {status: float(each["value"]) for status, each in figures(pmo, "where-work-waits", "status").items()}
    # 2001 was stuck from 15 until 19 January, and 2002 is since 1 February until the end of March
    assert waits["Stuck"] == pytest.approx(4 + 6 / 24 + 59 + 15 / 24, abs=0.1)
    weeks = pmo.data("capacity", "--by", "role", "--from", "2024-01-08", "--to", "2024-01-14", "--as-of", "2024-03-31")
    [week] = weeks["loads"]
    # two hours of each of both items
    assert (week["group"], float(week["actual"])) == ("Developer", 4)
    assert "Status every 14 days while running" in pmo.ok("audit", "--as-of", "2024-03-31")
    assert "work:LAUNCH/2001" in pmo.ok("explain", "cycle-time", *AS_OF)


def test_what_is_printed_written_and_answered_by_exit_codes(pmo: Pmo) -> None:
    folder = pmo.home.parent
    file = folder / "board.xlsx"
    bad = line(2, **{"Item ID (auto generated)": "1.21143E+09"})
    file.write_bytes(workbook([*TITLE, ("Sprint 1",), HEADER, line(1), bad]))
    options = ("--zone", "Europe/London", "--report", str(folder / "report.json"))
    result = pmo("import", "monday", str(file), *options)
    assert result.exit_code == 3
    reason = "was shortened by a spreadsheet, so that the item is not known; export the board again"
    assert f"board.xlsx, row 7, column Item ID: '1.21143E+09' {reason}" in result.stdout
    [told] = json.loads((folder / "report.json").read_text())["files"]
    assert (told["rows"], told["recorded"], told["rejected"], told["ignored"]) == (7, 1, 1, 5)
    assert told["rejections"] == [{"row": 7, "column": "Item ID", "value": "1.21143E+09", "reason": reason}]
    recorded = pmo.ok("history", f"import:MONDAY-{told['digest'][:16].upper()}", "--json")
    assert "board.xlsx" in recorded
    again = pmo("import", "monday", str(file), *options, "--json")
    assert [f["recorded"] for f in json.loads(again.stdout)["files"]] == [0]
    assert "say by --zone" in pmo.refused(2, "import", "monday", str(file))
    assert "cannot be read" in pmo.refused(2, "import", "monday", str(folder / "none.xlsx"))
    error = folder / "error.json"
    error.write_text('{"error_code": "ComplexityException", "error_message": "Complexity budget exhausted"}')
    assert "error.json is no export but an error" in pmo.refused(2, "import", "monday", str(error))
    half = folder / "half.json"
    half.write_text(answer(board(item(1), cursor="x")))
    assert "give all pages, or no --complete" in pmo.refused(2, "import", "monday", str(half), "--complete")
    guessed = folder / "guessed.yaml"
    pmo.ok("import", "monday", str(half), "--write-mapping", str(guessed))
    assert "Shipped 🚀: done" in guessed.read_text()
    used = pmo("import", "monday", str(half), "--mapping", str(guessed), "--dry-run")
    assert (used.exit_code, "Would be recorded" in used.stdout) == (0, True)
    (folder / "wrong.yaml").write_text("boards: {'1001': {columns: {status: Nothing}}}\n")
    wrong = pmo.refused(2, "import", "monday", str(half), "--mapping", str(folder / "wrong.yaml"))
    assert "The board 1001 has no column 'Nothing', which the mapping names; it has 'Person'" in wrong
    assert "monday" in pmo.ok("import", "--help")
