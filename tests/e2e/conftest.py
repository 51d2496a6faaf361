"""Workspaces to run commands in."""

from pathlib import Path

import pytest

from tests.e2e.cli import Pmo


@pytest.fixture
def pmo(tmp_path: Path) -> Pmo:
    """A new workspace in London."""
    pmo = Pmo(tmp_path / "home")
    pmo.ok("init", "--organisation", "Harbour Authority", "--time-zone", "Europe/London", "--currency", "GBP")
    return pmo


@pytest.fixture
def crane(pmo: Pmo) -> Pmo:
    """With a unit, a person and a proposed project."""
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2025-01-06")
    join = ("person", "join", "ann@example.org", "--unit", "OPS", "--role", "Project manager", "--name", "Ann Smith")
    pmo.ok(*join, "--on", "2025-01-06")
    propose = ("project", "propose", "CRANE-7", "--name", "Crane renewal", "--unit", "OPS", "--budget", "250000.50")
    pmo.ok(*propose, "--proposed-by", "ann@example.org", "--on", "2025-02-03")
    return pmo
