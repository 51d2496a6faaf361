"""Asana's history through the program: KPIs, capacity, bottlenecks and audits answer from it."""

import json

import pytest

from tests.e2e.cli import Pmo
from tests.e2e.figures import figures
from tests.importers.asana_files import CSV, SECTIONS, allocation, entry, lines, project, stories, task, update

MAPPING = """\
unit: FIN
projects:
  "900": {project: PAYMENTS, unit: FIN}
join: {unit: FIN, role: Developer, weekly_hours: 38}
"""


@pytest.mark.long
def test_figures_answer_from_the_imported_history(pmo: Pmo) -> None:
    folder = pmo.home.parent
    (folder / "asana.yaml").write_text(MAPPING)
    told = lines(
        project(), *SECTIONS.values(), task(), task(12), *stories(), *stories(12), entry(1, 90),
        allocation(1, "percent", 50, start_date="2024-01-08", end_date="2024-01-14"),
        update(1, "2024-01-15T08:00:00.000Z", "at_risk"),
    )  # fmt: skip
    (folder / "graph.jsonl").write_text(told)
    pmo.ok("import", "asana", str(folder / "graph.jsonl"), "--mapping", str(folder / "asana.yaml"))
    # from 10 January 7:00 until 19 January 15:00
    cycle = figures(pmo, "cycle-time", "unit")["FIN"]
    assert (cycle["n"], cycle["standing"], float(cycle["value"])) == (
        2,
        "observed",
        pytest.approx(9 + 8 / 24, abs=0.001),
    )
    assert float(figures(pmo, "throughput", "unit")["FIN"]["value"]) == 2
    waits = {status: float(each["value"]) for status, each in figures(pmo, "where-work-waits", "status").items()}
    # from 9 January 13:54 until the next day 7:00
    assert waits == {"To Do": pytest.approx(2 * 17.1 / 24, abs=0.01)}
    week = ("--from", "2024-01-08", "--to", "2024-01-14", "--as-of", "2024-03-31")
    [load] = pmo.data("capacity", "--by", "role", *week)["loads"]
    assert (load["group"], float(load["actual"])) == ("Developer", 1.5)
    assert float(load["soft"]) == 20
    assert "Status every 14 days while running" in pmo.ok("audit", "--as-of", "2024-03-31")
    assert "amber" in pmo.ok("history", "project:PAYMENTS")


def test_what_is_printed_written_and_answered_by_exit_codes(pmo: Pmo) -> None:
    folder = pmo.home.parent
    file = folder / "Payments.csv"
    file.write_text(CSV + "1.21143E+15,2024-01-09,,2024-01-09,Cut,To Do,,,,,,,Payments,,,,,,\n")
    result = pmo("import", "asana", str(file), "--report", str(folder / "report.json"))
    assert result.exit_code == 3
    assert "Payments.csv, line 7, column Task ID: '1.21143E+15' was cut to 6 digits by a spreadsheet" in result.stdout
    report = json.loads((folder / "report.json").read_text())
    [told] = report["files"]
    assert (told["rows"], told["recorded"], told["rejected"]) == (5, 4, 1)
    assert told["events_by_type"]["pmo.work.created.v1"] == 4
    again = pmo("import", "asana", str(file), "--json")
    assert [f["recorded"] for f in json.loads(again.stdout)["files"]] == [0]
    guessed = folder / "guessed.yaml"
    pmo.ok("import", "asana", str(file), "--write-mapping", str(guessed))
    assert "workflow:\n  PAYMENTS: true\n" in guessed.read_text()
    used = pmo("import", "asana", str(file), "--mapping", str(guessed), "--dry-run", "--json")
    assert used.exit_code == 3
    assert [f["recorded"] for f in json.loads(used.stdout)["files"]] == [0]
    assert "cannot be read" in pmo.refused(2, "import", "asana", str(folder / "none.csv"))
    (folder / "wrong.yaml").write_text("time_unit: weeks\n")
    assert "wrong.yaml, line 1" in pmo.refused(2, "import", "asana", str(file), "--mapping", str(folder / "wrong.yaml"))
    assert "asana" in pmo.ok("import", "--help")
