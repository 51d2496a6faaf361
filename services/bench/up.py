"""A ``pmo up`` of its own, as people run it: for what is measured from outside."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from services.bench.program import PROGRAM, around
from services.errors import Unavailable
from services.runtime import endpoint_url
from services.settings import WORKSPACE_FILE, Settings
from services.up import DASHBOARD_SAYS

_START_S = 120.0


class Up(NamedTuple):
    """Where it serves its dashboard, and its process."""

    dashboard: str
    pid: int

    def peak(self) -> int:
        """The most memory that it has held, in bytes."""
        return peak_of(Path(f"/proc/{self.pid}/status").read_text())


def peak_of(status: str) -> int:
    """The most memory that a process has held, in bytes, by its file `status`; what it was started by is not in it."""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise Unavailable("This system does not say how much memory a process has held.")


def written(settings: Settings) -> Settings:
    """The workspace as other processes find it."""
    stored = {"workspace_id": settings.workspace_id, "secret": settings.secret.get_secret_value(), "simulated": True}
    (settings.home / WORKSPACE_FILE).write_text(json.dumps(stored))
    return Settings.load(settings.home)


@contextmanager
def running(settings: Settings, *options: str) -> Iterator[Up]:
    """Runs it until the end of the block."""
    command = [*PROGRAM, "up", "--web-port", "0", *options]
    said = settings.home / "up.txt"
    with said.open("w") as out:
        up = subprocess.Popen(command, env=around(settings.home), stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + _START_S
            while not (address := _address(said)) or endpoint_url(settings) is None:
                if up.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable("'pmo up' did not start for the measurement; try it by hand.")
                time.sleep(0.1)
            yield Up(address, up.pid)
        finally:
            up.terminate()
            up.wait()


def _address(said: Path) -> str:
    lines = said.read_text().splitlines()
    return next((line.removeprefix(DASHBOARD_SAYS).strip() for line in lines if line.startswith(DASHBOARD_SAYS)), "")
