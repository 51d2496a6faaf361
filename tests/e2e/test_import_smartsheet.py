"""Sheets of Smartsheet through the program: exit codes, reports, mappings, and the figures that answer from them."""

import json
from pathlib import Path

import pytest

from tests.e2e.cli import Pmo
from tests.e2e.figures import AS_OF, figures
from tests.importers.smartsheet_files import CSV, SHEET_ID, as_json, plan, workbook

MAPPING = f"""\
unit: FIN
projects:
  "{SHEET_ID}": {{project: WEBSITE, unit: FIN}}
join: {{unit: FIN, role: Designer, weekly_hours: 40}}
"""


@pytest.fixture
def folder(pmo: Pmo) -> Path:
    return pmo.home.parent


@pytest.mark.long
def test_figures_answer_from_an_imported_sheet(pmo: Pmo, folder: Path) -> None:
    (folder / "plan.json").write_text(as_json(*plan()))
    (folder / "smartsheet.yaml").write_text(MAPPING)
    pmo.ok("import", "smartsheet", str(folder / "plan.json"), "--mapping", str(folder / "smartsheet.yaml"))
    done = figures(pmo, "throughput", "unit")
    assert float(done["FIN"]["value"]) == 1
    weeks = pmo.data("capacity", "--by", "role", "--from", "2024-02-05", "--to", "2024-02-11", "--as-of", "2024-03-31")
    [week] = weeks["loads"]
    # two people at 150 % of 40 hours
    assert (week["group"], float(week["hard"])) == ("Designer", 120)
    assert "rag=amber" in pmo.ok("history", "project:WEBSITE")
    assert "work:WEBSITE/" in pmo.ok("explain", "throughput", *AS_OF)
    assert "No start without" in pmo.ok("audit", "--as-of", "2024-03-31")


def test_what_is_printed_written_and_answered_by_exit_codes(pmo: Pmo, folder: Path) -> None:
    file = folder / "plan.csv"
    file.write_text(CSV + "WEB-6,Test,1,Open,13/45/24,,,,,,,,,,,02/01/24 9:00 AM,02/01/24 10:30 AM,\n")
    options = ("--zone", "Europe/London", "--date-order", "mdy", "--report", str(folder / "report.json"))
    result = pmo("import", "smartsheet", str(file), *options)
    assert result.exit_code == 3
    assert "plan.csv, line 8, column Start: '13/45/24' is not in the calendar" in result.stdout
    [told] = json.loads((folder / "report.json").read_text())["files"]
    assert (told["rows"], told["recorded"], told["rejected"], told["ignored"]) == (6, 3, 1, 2)
    assert told["rejections"] == [
        {"row": 8, "column": "Start", "value": "13/45/24", "reason": "is not in the calendar"}
    ]
    again = pmo("import", "smartsheet", str(file), *options, "--json")
    assert [each["recorded"] for each in json.loads(again.stdout)["files"]] == [0]
    assert "say by --zone" in pmo.refused(2, "import", "smartsheet", str(file), "--date-order", "mdy")
    guessed = folder / "guessed.yaml"
    pmo.ok("import", "smartsheet", str(file), *options[:4], "--write-mapping", str(guessed))
    assert "finish: End Date" in guessed.read_text()
    assert pmo("import", "smartsheet", str(file), "--mapping", str(guessed), "--dry-run").exit_code == 3
    (folder / "wrong.yaml").write_text("columns: {colour: Status}\n")
    refused = pmo.refused(2, "import", "smartsheet", str(file), "--mapping", str(folder / "wrong.yaml"))
    assert "wrong.yaml, line 1" in refused
    assert "seems to be" in pmo.refused(2, "import", "smartsheet", str(_pdf(folder)))
    assert "cannot be read" in pmo.refused(2, "import", "smartsheet", str(folder / "none.json"))
    (folder / "plan.xlsx").write_bytes(workbook())
    assert "Would be recorded" in pmo.ok("import", "smartsheet", str(folder / "plan.xlsx"), "--dry-run")
    assert "smartsheet" in pmo.ok("import", "--help")


def _pdf(folder: Path) -> Path:
    file = folder / "plan.pdf"
    file.write_bytes(b"%PDF-1.7")
    return file
