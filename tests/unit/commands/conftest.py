"""An office to record commands in, and one with a project in it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from services.commands.app import Meta
from tests.unit.commands.office import ME, PROPOSAL, Office, settings_of


@pytest.fixture
def office(tmp_path: Path, store: str) -> Iterator[Office]:
    office = Office(settings_of(tmp_path, store=store))
    office.do("unit register", unit="ops", name="Operations")
    yield office
    office.app.close()


@pytest.fixture
def planned(office: Office) -> Office:
    """A project proposed on 10 January and started, at risk, on 1 March."""
    office.do("project propose", Meta(ME, on=date(2026, 1, 10)), **PROPOSAL)
    office.do("project start", Meta(ME, on=date(2026, 3, 1)), project="crane-7", at_risk="storm damage")
    return office
