"""The gate says not only that a released shape would change, but who would go wrong."""

import shutil
from pathlib import Path

import pytest

from schemas import generate, project, work
from schemas.catalogue import EVENTS
from schemas.event import Event
from services import compatibility
from services.compatibility import readers


class NoBudget(Event, type="pmo.project.baseline-set.v1"):
    """The same, but for a field that is gone."""

    item: str
    start: str
    finish: str
    currency: str


def test_who_reads_a_field_is_named() -> None:
    found = readers("pmo.project.baseline-set.v1", "budget")
    reading = {"table project_events", "view baselines", "KPI on-budget", "command 'pmo project set-baseline'"}
    assert reading <= set(found)
    assert readers("pmo.work.re-estimated.v2", "total_effort")[0] == "table work_events"
    assert readers("pmo.project.baseline-set.v1", "nothing") == []


def test_a_breaking_change_names_the_readers_that_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "json"
    shutil.copytree(generate.FOLDER, folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    events = tuple(NoBudget if event is project.BaselineSet else event for event in EVENTS)
    assert compatibility.main([], folder, events) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: pmo.project.baseline-set.v1 is released and frozen, but properties.data.properties.")
    assert "make a new version pmo.project.baseline-set.v2 instead. " in said
    assert " is read by table project_events" in said
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_without_a_change_it_does_what_the_generator_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert compatibility.main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_earlier_version_says_the_same_in_the_words_of_the_later_one() -> None:
    fields = {"estimate": "12.5", "planned_start": None, "planned_finish": "2026-07-01"}
    told = work.ReEstimatedV1.model_validate(fields)
    assert told.upcast().model_dump(mode="json") == {
        "total_effort": "12.5", "remaining_effort": None, "percent_complete": None, "planned_start": None,
        "planned_finish": "2026-07-01",
    }  # fmt: skip
    assert told.upcast().upcast() is not told
