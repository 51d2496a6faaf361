"""What importing records: once, only what changed, and always what the latest file says."""

import contextlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.progress import Recorded
from schemas.project import LeftSource
from services.cli import imports
from services.commands.app import Governance, UnitOfWork
from services.errors import BadInput
from services.importers import mapping, portfolio
from services.importers.record import FileReport, record
from services.settings import Settings

MAPPING = """\
source: town
currency: GBP
complete_listing: true
layouts:
  - {files: "*", delimiter: ","}
reports:
  - {files: "*", data_date: 2024-06-30}
fields:
  key: {columns: number}
  name: {columns: project}
  unit: {columns: department}
  budget: {columns: cost, unit: one}
units:
  ROADS: {name: Roads}
"""
HEADER = "number,project,department,cost\n"
TEN, TWELVE = HEADER + "A1,Bridge,ROADS,10\n", HEADER + "A1,Bridge,ROADS,12\n"
TEN_AND_ZOO = TEN + "A2,Zoo,ROADS,5\n"

Imported = Callable[..., FileReport]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Governance]:
    settings = Settings.of({"home": tmp_path, "workspace_id": "test", "secret": "x" * 32})
    with contextlib.closing(Governance(settings)) as app:
        yield app


@pytest.fixture
def imported(app: Governance, tmp_path: Path) -> Imported:
    def run(content: str, rules: str = MAPPING) -> FileReport:
        (tmp_path / "town.yaml").write_text(rules)
        (tmp_path / "list.csv").write_text(content)
        loaded = mapping.load(tmp_path / "town.yaml")
        (report,) = record(app, portfolio.plan([tmp_path / "list.csv"], loaded), loaded)
        return report

    return run


def budget(app: Governance, project: str = "A1") -> Decimal | None:
    state = UnitOfWork(app).state(f"project:{project}")
    shown = state.record(Recorded, LeftSource)
    return shown.event.budget if shown and isinstance(shown.event, Recorded) else None


def test_the_same_file_again_records_nothing(app: Governance, imported: Imported) -> None:
    first, again = imported(TEN), imported(TEN)
    assert (first.recorded, first.unchanged, first.events) == (1, 0, 3)
    assert (again.recorded, again.unchanged, again.events) == (0, 1, 0)


def test_a_corrected_file_again_records_nothing(app: Governance, imported: Imported) -> None:
    imported(TEN)
    assert imported(TWELVE).recorded == 1
    assert [imported(content).events for content in (TWELVE, TEN, TWELVE)] == [0, 0, 0]
    assert budget(app) == 12


def test_a_row_that_is_again_what_it_was_is_recorded_again(app: Governance, imported: Imported) -> None:
    for content in (TEN, TWELVE):
        imported(content)
    assert imported(TEN_AND_ZOO).recorded == 2
    assert budget(app) == 10
    assert imported(TEN_AND_ZOO).events == 0


def test_a_mapping_that_is_again_what_it_was_counts_again(app: Governance, imported: Imported) -> None:
    imported(TEN)
    imported(TEN, MAPPING.replace("unit: one", "unit: thousand"))
    assert budget(app) == 10_000
    imported(TEN)
    assert budget(app) == 10


def test_a_project_that_leaves_comes_back_and_leaves(app: Governance, imported: Imported) -> None:
    assert imported(TEN_AND_ZOO).left == ()
    assert imported(TEN).left == ("project:A2",)
    imported(TEN_AND_ZOO.replace(",5", ",6"))
    assert budget(app, "A2") == 6
    assert imported(TWELVE).left == ("project:A2",)
    assert imported(TWELVE).events == 0


def test_a_refusal_while_recording_names_file_and_line(imported: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BadInput("--finish: no.")

    monkeypatch.setattr(UnitOfWork, "handle", refuse)
    with pytest.raises(BadInput, match=r"list.csv, line 2: --finish: no\."):
        imported(TEN)


def test_cells_left_empty_are_shown_on_every_import(imported: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    content = TEN + "A2,Zoo,ROADS,-5\nA3,Lake,ROADS,not known yet\n"
    for report in (imported(content), imported(content)):
        imports._print([report], dry_run=False, details=False)
        assert "2 cells were left empty; --details lists them." in capsys.readouterr().out
        assert imports._data(report)["cell_notes"] == [
            {"row": 3, "column": "cost", "reason": "'-5' is below zero"},
            {"row": 4, "column": "cost", "reason": "no value: 'not known yet'"},
        ]


def test_a_rejected_cell_is_printed_once(imported: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    report = imported(HEADER + 'A1,Bridge,ROADS,"1,5"\n')
    imports._print([report], dry_run=False, details=False)
    assert "list.csv, line 2, column cost: '1,5' is not an amount with '.'" in capsys.readouterr().out
