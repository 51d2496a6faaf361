"""The compatibility gate: each kind of breaking change is made to a released event, and the refusal read."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from schemas import generate, training
from schemas.catalogue import EVENTS
from schemas.event import Event
from schemas.fields import Hours, Text
from services.compatibility import explained, readers

V2 = "pmo.course.defined.v2"
SAME = "pmo.course.defined.v2 is released and frozen, but "
INSTEAD = "; make a new version pmo.course.defined.v3 instead."
Validity = training.Validity


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Fewer(Event, type=V2):
    title: Text
    provider: Text | None
    hours: Hours | None


class More(Event, type=V2):
    title: Text
    provider: Text | None
    hours: Hours | None
    validity: Validity | None
    language: Text


class Retyped(Event, type=V2):
    title: Text
    provider: Text | None
    hours: Annotated[int, Field(ge=0)] | None
    validity: Validity | None


class NeverNull(Event, type=V2):
    title: Text
    provider: Text
    hours: Hours | None
    validity: Validity | None


class Shorter(Event, type=V2):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    provider: Text | None
    hours: Hours | None
    validity: Validity | None


class FewerUnits(_Part):
    length: Annotated[int, Field(ge=1, le=18_250)]
    unit: Literal["months"]
    until: training.ValidUntil


class MoreUnits(_Part):
    length: Annotated[int, Field(ge=1, le=18_250)]
    unit: Literal["days", "months", "years"]
    until: training.ValidUntil


class FewerValues(Event, type=V2):
    title: Text
    provider: Text | None
    hours: Hours | None
    validity: FewerUnits | None


class MoreValues(Event, type=V2):
    title: Text
    provider: Text | None
    hours: Hours | None
    validity: MoreUnits | None


def instead_of(changed: type[Event]) -> tuple[type[Event], ...]:
    return tuple(changed if event.type_name == changed.type_name else event for event in EVENTS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(generate.FOLDER, tmp_path / "json"))


def refused(folder: Path, events: tuple[type[Event], ...]) -> generate.Frozen:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(generate.Frozen) as found:
        generate.write(folder, events)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before, "nothing is written"
    return found.value


@pytest.mark.parametrize(
    ("changed", "what", "field"),
    [
        (Fewer, "its field validity is gone", "validity"),
        (More, "it has a new required field language, which what is recorded does not have", "language"),
        (Retyped, "its field hours was of type string and is now of type integer", "hours"),
        (NeverNull, "its field provider can no longer be null", "provider"),
        (Shorter, "the greatest length of its field title was 500 and is now 100", "title"),
        (FewerValues, 'its field validity.unit no longer takes "days"', "validity"),
        (MoreValues, 'its field validity.unit also takes "years", which no reader of this version knows', "validity"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_each_kind_of_breaking_change_is_named(folder: Path, changed: type[Event], what: str, field: str) -> None:
    refusal = refused(folder, instead_of(changed))
    assert str(refusal) == SAME + what + INSTEAD
    assert (refusal.type_name, refusal.fields) == (V2, (field,))


def test_who_reads_the_field_is_named(folder: Path) -> None:
    said = explained(refused(folder, instead_of(Fewer)))
    assert said.startswith(f"{SAME}its field validity is gone{INSTEAD} Who reads validity breaks: ")
    for reader in (
        "column course_events.validity_length, course_events.validity_unit, course_events.validity_until",
        "view courses",
        "KPI training-compliance",
        "listing courses",
        "(course define)",
        "(training complete)",
    ):
        assert reader in said


def test_a_field_that_nothing_here_reads_is_said_to_be_read_by_others_only(folder: Path) -> None:
    said = explained(refused(folder, instead_of(More)))
    assert said.endswith("Nothing here reads language; programs of others may.")


def test_what_one_version_becomes_in_the_next_is_frozen_too(folder: Path) -> None:
    class OtherWay(training.CourseDefinedV1, type="pmo.course.defined.v1"):
        """A course exists, or is now described otherwise; as recorded before validities of days and whole years."""

        def upcast(self) -> training.CourseDefined:
            validity = Validity(length=24, unit="days", until="day") if self.valid_months else None
            return training.CourseDefined(title=self.title, provider=self.provider, hours=self.hours, validity=validity)

    said = explained(refused(folder, instead_of(OtherWay)))
    assert said.startswith(
        "What pmo.course.defined.v1 becomes in pmo.course.defined.v2 is released and frozen, but now "
    )
    assert '"unit": "days"' in said
    assert '"unit": "months"' in said
    assert "Who reads valid_months breaks: column course_events.validity_length" in said


def test_a_version_that_vanishes_is_missed_by_name(folder: Path) -> None:
    left = tuple(event for event in EVENTS if event.type_name != "pmo.course.defined.v1")
    said = explained(refused(folder, left))
    assert said.startswith("pmo.course.defined.v1 is released, so its class must stay; put it back into schemas.")
    assert "Who reads title breaks: column course_events.title; view courses" in said


def test_a_digest_written_over_together_with_the_schema_is_found_by_the_sample(folder: Path) -> None:
    # whoever changes the schema, its digest and the class, still has the frozen bytes against them: see test_schemas
    released = json.loads((folder / generate.RELEASED).read_text())
    released[V2] = "0" * 64
    (folder / generate.RELEASED).write_text(json.dumps(released))
    assert "its shape is not the one in released.json" in str(refused(folder, EVENTS))


@pytest.mark.parametrize(
    ("type_name", "field", "sort", "reader"),
    [
        ("pmo.project.progress-reported.v1", "rag", "KPI", "success"),
        ("pmo.project.progress-reported.v1", "percent_complete", "column", "project_events.percent_complete"),
        ("pmo.project.change-approved.v1", "decided_by", "control", "decider-is-not-proposer"),
        ("pmo.work.created.v1", "estimate", "column", "work_events.estimate"),
        ("pmo.project.proposed.v1", "gate_route", "control", "gates-in-order"),
        ("pmo.import.completed.v1", "mapping_digest", "code", "services/importers/record.py"),
    ],
)
def test_readers_of_all_sorts_are_found(type_name: str, field: str, sort: str, reader: str) -> None:
    assert any(found.startswith(reader) for found in readers(type_name, field)[sort])
