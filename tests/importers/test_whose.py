"""A file that was given to the wrong source is refused by the name of the right one, and nothing is recorded."""

from pathlib import Path

import pytest

from services.errors import BadInput
from tests.importers.kit import Desk, source

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
FILES: dict[str, tuple[str, str | bytes]] = {
    "jira": ("a.csv", "Issue Type,Issue key,Issue id,Summary,Status,Created\nBug,PAY-1,1,A,Open,09/Jan/24 3:54 PM\n"),
    "asana": ("b.csv", "Task ID,Created At,Name,Section/Column,Due Date\n12,2024-01-09,A,To Do,2024-01-31\n"),
    "monday": ("c.xlsx", (SAMPLES / "website-launch.xlsx").read_bytes()),
    "jira ": ("a.json", '{"total": 1, "issues": [{"id": "1", "key": "PAY-1"}]}'),
    "asana ": ("b.json", '{"gid": "1", "resource_type": "task", "name": "A"}'),
    "monday ": ("c.json", '{"data": {"boards": [{"id": "1", "name": "B"}]}}'),
    "smartsheet ": ("d.json", '{"id": 1, "name": "S", "columns": [], "totalRowCount": 0, "rows": []}'),
}
WRONG = [(own, name) for own in FILES for name in ("jira", "asana", "monday", "smartsheet") if own.strip() != name]


@pytest.mark.parametrize(("own", "name"), WRONG)
def test_the_wrong_source(own: str, name: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, source(name))
    with pytest.raises(BadInput, match=f"it seems to be an export of .*, which `pmo import {own.strip()}` reads"):
        desk.run(desk.file(*FILES[own]))
    assert desk.count() == 0
    desk.app.close()


def test_a_sheet_with_the_columns_of_another_tool_is_one_if_a_mapping_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, source("smartsheet"))
    report = desk.one(desk.file(*FILES["asana"]), mapping="columns: {name: Name, key: Task ID, status: Section/Column}")
    assert report.recorded == 1
    desk.app.close()


def test_headers_in_another_language(tmp_path: Path) -> None:
    desk = Desk(tmp_path, source("jira"))
    with pytest.raises(BadInput, match="if it was exported in another language, say by `columns` in a mapping what"):
        desk.run(desk.file("de.csv", "Zusammenfassung;Vorgangsschlüssel;Status\nA;PAY-1;Offen\n"))
    desk.app.close()
