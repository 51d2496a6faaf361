"""The program in processes of its own, as people run it: for what is measured from outside."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = (sys.executable, "-c", "from services.cli.main import main; main()")


def around(home: Path) -> dict[str, str]:
    """The environment of a process that works in the workspace `home`."""
    return {**os.environ, "PMO_HOME": str(home)}


def run(home: Path, *arguments: str) -> None:
    """Runs a command, which must succeed."""
    subprocess.run([*PROGRAM, *arguments], env=around(home), check=True, capture_output=True)
