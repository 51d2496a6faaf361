"""The steps of docs/adding.md, followed to the letter in a copy of the repository by a stranger."""

from pathlib import Path

from tests.steps import Copy

QUERY = """
import datetime as dt
from services.projections.scope import Scope
from services.runtime import open_reader
from services.settings import Settings
settings = Settings.load()
with open_reader(settings) as clickhouse:
    view = "site_visits(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})"
    print(clickhouse.rows("SELECT * FROM " + view, Scope(dt.date(2100, 1, 1), settings.zone).params()))
"""


def test_an_event_is_added_in_three_files(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy", tmp_path / "home")
    # a workspace with history and landed tables from before the event exists
    copy.pmo("init")
    copy.pmo("unit", "register", "OPS", "--name", "Operations", "--on", "2026-01-05")
    copy.pmo("project", "propose", "CRANE-7", "--name", "Crane", "--unit", "OPS", "--on", "2026-01-06")
    copy.pmo("kpi", "on-time")

    assert len(set(copy.follow("adding.md"))) == 3
    copy.make_schemas()
    assert (copy.folder / "schemas/json/pmo.project.site-visited.v1.json").exists()
    assert "visit-site" in (copy.folder / "docs/reference/commands.md").read_text()
    said = copy.pmo("project", "visit-site", "CRANE-7", "V1", "--place", "Quay 3", "--on", "2026-02-01")
    assert "project:CRANE-7/2 site-visited" in said
    assert "'place': 'Quay 3'" in copy.run("-c", QUERY)
