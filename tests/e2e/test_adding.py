"""The steps of docs/adding.md, followed to the letter in a copy of the repository by a stranger."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEP = re.compile(r"<!-- (edit|create) (\S+)(?: before (.*?))? -->\n```\w+\n(.*?)```", re.DOTALL)
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
    copy = tmp_path / "copy"
    for folder in ("schemas", "services", "infra", "docs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "PMO_HOME": str(tmp_path / "home"), "PYTHONPATH": str(copy), "PMO_ACTOR": "stranger"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pmo(*arguments: str) -> str:
        return run("-c", "from services.cli.main import main; main()", *arguments)

    # a workspace with history and landed tables from before the event exists
    pmo("init")
    pmo("unit", "register", "OPS", "--name", "Operations", "--on", "2026-01-05")
    pmo("project", "propose", "CRANE-7", "--name", "Crane", "--unit", "OPS", "--on", "2026-01-06")
    pmo("kpi", "on-time")

    steps = STEP.findall((ROOT / "docs" / "adding.md").read_text())
    assert len({file for _, file, _, _ in steps}) == 3
    for action, file, anchor, text in steps:
        path = copy / file
        if action == "create":
            path.write_text(text)
            continue
        anchor = anchor.replace("\\n", "\n")
        before = path.read_text()
        assert before.count(anchor) == 1, f"{file} no longer has one {anchor!r}"
        path.write_text(before.replace(anchor, text + anchor))

    run("-m", "schemas.generate")
    run("-m", "schemas.samples")
    run("-m", "services.reference")
    assert (copy / "schemas/json/pmo.project.site-visited.v1.json").exists()
    assert "visit-site" in (copy / "docs/reference/commands.md").read_text()
    said = pmo("project", "visit-site", "CRANE-7", "V1", "--place", "Quay 3", "--on", "2026-02-01")
    assert "project:CRANE-7/2 site-visited" in said
    assert "'place': 'Quay 3'" in run("-c", QUERY)
