"""A copy of the repository in which the steps of a page of docs are followed to the letter."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_STEP = re.compile(r"<!-- (edit|create) (\S+)(?: (before|replace) (.*?))? -->\n```\w+\n(.*?)```", re.DOTALL)


class Copy:
    """The program in a folder of its own, with the workspace in which it runs."""

    def __init__(self, folder: Path, home: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ, "PMO_HOME": str(home), "PYTHONPATH": str(folder), "PMO_ACTOR": "stranger", **environment,
        }  # fmt: skip
        for name in ("schemas", "services", "infra", "docs", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    def follow(self, page: str) -> list[str]:
        """Follows the steps of a page; the files that they touch, in their order."""
        steps = _STEP.findall((ROOT / "docs" / page).read_text())
        for action, file, how, anchor, text in steps:
            path = self.folder / file
            if action == "create":
                path.write_text(text)
                continue
            anchor = anchor.replace("\\n", "\n")
            before = path.read_text()
            assert before.count(anchor) == 1, f"{file} no longer has one {anchor!r}"
            path.write_text(before.replace(anchor, text + anchor if how == "before" else text.removesuffix("\n")))
        return [file for _, file, _, _, _ in steps]

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a run of Python says; on standard error if it is to end otherwise than well."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    def pmo(self, *arguments: str, code: int = 0) -> str:
        """What a command says."""
        return self.run("-c", "from services.cli.main import main; main()", *arguments, code=code)

    def make_schemas(self) -> None:
        """What `make schemas reference` does."""
        for module in ("services.compatibility", "schemas.samples", "services.reference"):
            self.run("-m", module)
