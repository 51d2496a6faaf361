"""The `pmo` program in this process, on a workspace of its own."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from services.cli.main import root

PROGRAM = Path(sys.executable).with_name("pmo")


def run(home: Path, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """The installed program in a process of its own."""
    around = {**os.environ, "PMO_HOME": str(home), **env}
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, env=around, check=False)


@dataclass(frozen=True)
class Pmo:
    """Runs commands in one workspace."""

    home: Path

    def __call__(self, *args: str, stdin: str | bytes | None = None) -> Result:
        env = {"PMO_HOME": str(self.home), "PMO_ACTOR": "kim", "NO_COLOR": "1"}
        return CliRunner(env=env).invoke(root, args, input=stdin, prog_name="pmo")

    def ok(self, *args: str, stdin: str | bytes | None = None) -> str:
        result = self(*args, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def data(self, *args: str) -> Any:
        return json.loads(self.ok(*args, "--json"))

    def refused(self, exit_code: int, *args: str, stdin: str | bytes | None = None) -> str:
        """The one sentence of a command that must fail with `exit_code` and record nothing."""
        before = self.recorded()
        result = self(*args, stdin=stdin)
        assert result.exit_code == exit_code, result.output
        assert self.recorded() == before
        lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1
        assert "Traceback" not in result.output
        return lines[0].removeprefix("Error: ")

    def recorded(self) -> tuple[int, int]:
        """How many events and directory entries there are."""
        file = self.home / "events.sqlite"
        if not file.exists():
            return 0, 0
        with sqlite3.connect(file) as store:
            events = store.execute("SELECT count(*) FROM stored_events").fetchone()[0]
            entries = store.execute("SELECT count(*) FROM directory").fetchone()[0]
        store.close()
        return events, entries
