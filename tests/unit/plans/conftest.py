"""A store to import plans into, and one reading process for all of a module's files."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.commands.app import Governance
from services.importers.msproject.mapping import Mapping
from services.importers.msproject.reader import PlanReader
from services.importers.msproject.record import FileReport, read, record
from services.settings import Settings
from tests.unit.plans.recording import KEY, NOW, OPS, SECRET, Import


@pytest.fixture(scope="module")
def one_java() -> Iterator[None]:
    """One reading process for all these files: starting Java takes longer than reading them."""
    with PlanReader() as reader, pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlanReader, "__enter__", lambda self: reader)
        patch.setattr(PlanReader, "__exit__", lambda *_: None)
        yield
    reader._stop()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Governance]:
    settings = Settings.of({"home": tmp_path, "workspace_id": "test", "secret": SECRET, "time_zone": "UTC"})
    with contextlib.closing(Governance(settings)) as app:
        yield app


@pytest.fixture
def imported(app: Governance) -> Import:
    def run(path: Path, mapping: Mapping = OPS, code: str | None = KEY, **more: Any) -> FileReport:
        files = read([path], mapping, NOW, code=code, **{k: v for k, v in more.items() if k == "data_date"})
        (report,) = record(app, files, mapping, dry_run=more.get("dry_run", False))
        return report

    return run
