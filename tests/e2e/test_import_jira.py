"""Jira's history through the program: KPIs, capacity, bottlenecks and audits answer from it."""

import json

import pytest

from tests.e2e.cli import Pmo
from tests.e2e.figures import AS_OF, figures
from tests.importers.jira_files import CSV, issue, search

MAPPING = """\
projects:
  PAY: {project: PAYMENTS, unit: FIN}
join: {unit: FIN, role: Developer, weekly_hours: 38}
"""


@pytest.fixture
def imported(pmo: Pmo) -> Pmo:
    folder = pmo.home.parent
    (folder / "jira.yaml").write_text(MAPPING)
    (folder / "search.json").write_text(search(issue(1), issue(2)))
    pmo.ok("import", "jira", str(folder / "search.json"), "--mapping", str(folder / "jira.yaml"))
    return pmo


def test_figures_answer_from_the_imported_history(imported: Pmo) -> None:
    pmo = imported
    # from 10 January 9:00 until 19 January 17:00
    cycle = figures(pmo, "cycle-time", "unit")["FIN"]
    assert (cycle["n"], cycle["standing"], float(cycle["value"])) == (
        2,
        "observed",
        pytest.approx(9 + 8 / 24, abs=0.001),
    )
    assert float(figures(pmo, "throughput", "unit")["FIN"]["value"]) == 2
    waits = {status: float(each["value"]) for status, each in figures(pmo, "where-work-waits", "status").items()}
    # from 9 January 15:54 until the next day 9:00, and from 12 to 15 January, when it was flagged
    assert waits == {"To Do": pytest.approx(2 * 17.1 / 24, abs=0.01), "In Progress": pytest.approx(2 * 3, abs=0.001)}
    weeks = pmo.data("capacity", "--by", "role", "--from", "2024-01-08", "--to", "2024-01-14", "--as-of", "2024-03-31")
    [week] = weeks["loads"]
    # two people, of whom one has joined by then for a part of the week
    assert (week["group"], float(week["actual"])) == ("Developer", 2)
    assert float(week["net"]) > 0
    assert "Status every 14 days while running" in pmo.ok("audit", "--as-of", "2024-03-31")
    assert "work:PAYMENTS/PAY-1" in pmo.ok("explain", "cycle-time", *AS_OF)


def test_what_is_printed_written_and_answered_by_exit_codes(pmo: Pmo) -> None:
    folder = pmo.home.parent
    file = folder / "issues.csv"
    file.write_text(CSV + "Bad,PAY-9,9,,Bug,Done,PAY,P,,,,,31/Feb/24 3:54 PM\n")
    options = ("--zone", "Europe/London", "--report", str(folder / "report.json"))
    result = pmo("import", "jira", str(file), *options)
    assert result.exit_code == 3
    assert "issues.csv, line 7, column Created: '31/Feb/24 3:54 PM' is not in the calendar" in result.stdout
    report = json.loads((folder / "report.json").read_text())
    [told] = report["files"]
    assert (told["rows"], told["recorded"], told["rejected"]) == (5, 4, 1)
    assert told["rejections"] == [
        {"row": 7, "column": "Created", "value": "31/Feb/24 3:54 PM", "reason": "is not in the calendar"}
    ]
    assert told["events_by_type"]["pmo.work.created.v1"] == 4
    recorded = json.loads(pmo.ok("history", f"import:JIRA-{told['digest'][:16].upper()}", "--json"))
    assert "issues.csv" in json.dumps(recorded)
    again = pmo("import", "jira", str(file), *options, "--json")
    assert [f["recorded"] for f in json.loads(again.stdout)["files"]] == [0]
    assert "say by --zone" in pmo.refused(2, "import", "jira", str(file))
    assert "cannot be read" in pmo.refused(2, "import", "jira", str(folder / "none.csv"))
    assert "not an IANA time zone" in pmo.refused(2, "import", "jira", str(file), "--zone", "Moon")
    (folder / "wrong.yaml").write_text("statuses: {Open: waiting}\n")
    assert "wrong.yaml, line 1" in pmo.refused(2, "import", "jira", str(file), "--mapping", str(folder / "wrong.yaml"))
    guessed = folder / "guessed.yaml"
    pmo.ok("import", "jira", str(file), "--zone", "Europe/London", "--write-mapping", str(guessed))
    assert "In Review: active" in guessed.read_text()
    assert "exists already" in pmo.refused(
        2, "import", "jira", str(file), "--zone", "Europe/London", "--write-mapping", str(guessed)
    )
    used = pmo("import", "jira", str(file), "--mapping", str(guessed), "--dry-run")
    assert used.exit_code == 3
    assert "Would be recorded" in used.stdout
