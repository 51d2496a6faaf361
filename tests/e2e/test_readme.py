"""The README's commands, typed one after another into a fresh workspace, print what the README shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "docs" / "samples"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


def sessions(page: Path) -> list[tuple[str, str]]:
    """Each command of a page and the output that the page shows for it."""
    found: list[tuple[str, str]] = []
    for block in CONSOLE.findall(page.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip()))
    return found


def plain(text: str) -> str:
    """Without what differs from run to run: folders, ids of people, times of recording, layout of blanks."""
    text = re.sub(r"/\S*/(?=\.pmo)", "", text)
    text = re.sub(r"person:[A-Z2-7]{20}", "person:ID", text)
    text = re.sub(r"\b[A-Z2-7]{20}\b|\b[A-Z2-7]{4}…", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME", text)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if sessions(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PMO_HOME": str(tmp_path / ".pmo"),
        "PMO_ACTOR": "ann@example.org",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TZ": "UTC",
        "COLUMNS": "200",
    }
    for sample in SAMPLES.iterdir():
        shutil.copy(sample, tmp_path)
    for command, shown in sessions(page):
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        printed = done.stdout + done.stderr
        assert plain(printed) == plain(shown), f"$ {command}"
