"""The published contract: every event version has a schema, a sample and a channel, and none of them changes."""

import json
import re
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from pydantic import Field

from schemas import generate, samples
from schemas.asyncapi import document
from schemas.catalogue import BY_TYPE, EVENTS, KINDS, NEWEST, parse
from schemas.event import SCHEMA_PREFIX, Envelope, Event, base_name, version_of
from schemas.fields import PERSON_PATTERN, Text

TYPES = sorted(BY_TYPE)
ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")


def schema(type_name: str) -> dict[str, Any]:
    return json.loads((generate.FOLDER / f"{type_name}.json").read_text())


def validator(type_name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(type_name), format_checker=FormatChecker())


def sample(type_name: str) -> bytes:
    return (samples.FOLDER / f"{type_name}.json").read_bytes()


def parts(tree: Any) -> Any:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from parts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from parts(value)


def test_generated_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_every_event_has_a_sample_and_every_sample_an_event() -> None:
    assert {file.stem for file in samples.FOLDER.glob("*.json")} == set(TYPES)


@pytest.mark.parametrize("type_name", TYPES)
def test_sample_loads_for_ever(type_name: str) -> None:
    record = parse(sample(type_name))
    assert type(record.as_recorded) is BY_TYPE[type_name]
    assert type(record.event) is NEWEST[base_name(type_name)], "every reader sees the newest version"
    assert replace(record, received=None).to_bytes() == sample(type_name)


@pytest.mark.parametrize("type_name", TYPES)
def test_sample_satisfies_its_schema(type_name: str) -> None:
    validator(type_name).validate(json.loads(sample(type_name)))


@pytest.mark.parametrize("type_name", TYPES)
def test_schema_and_parser_refuse_the_same(type_name: str) -> None:
    good = json.loads(sample(type_name))
    check = validator(type_name)
    required = [name for name in good if name not in ("reportedtime", "causationid", "supersedes")]
    wrong = [
        {**good, "extra": 1},
        {**good, "data": {**good["data"], "extra": 1}},
        *({k: v for k, v in good.items() if k != name} for name in required),
        *({**good, name: None} for name in good),
        *({**good, "data": {k: v for k, v in good["data"].items() if k != name}} for name in good["data"]),
        *({**good, name: good[name].replace("Z", "+00:00")} for name in ("time", "recordedtime", "reportedtime")),
        {**good, "type": good["type"].replace(".v", ".v9")},
        {**good, "supersedes": 0},
        {**good, "actor": "ann@example.org"},
    ]
    for document_ in wrong:
        with pytest.raises(ValidationError):
            check.validate(document_)
        with pytest.raises(ValueError):
            parse(json.dumps(document_).encode())


@pytest.mark.parametrize("type_name", TYPES)
def test_sample_keeps_the_naming_of_cloudevents(type_name: str) -> None:
    envelope = json.loads(sample(type_name))
    assert [name for name in envelope if not ATTRIBUTE.fullmatch(name)] == []
    assert envelope["specversion"] == "1.0"
    assert envelope["dataschema"].startswith(SCHEMA_PREFIX), "an absolute URI"


@pytest.mark.parametrize("type_name", TYPES)
def test_schema_is_sound_closed_and_named(type_name: str) -> None:
    published = schema(type_name)
    Draft202012Validator.check_schema(published)
    assert published["$id"] == published["properties"]["dataschema"]["const"]
    assert published["properties"]["type"]["const"] == type_name
    for part in parts(published):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False or part.get("propertyNames"), part
        assert part.get("type") != "number", "a decimal is a string"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type_name)
def test_an_event_sets_all_its_fields(event: type[Event]) -> None:
    assert [name for name, field in event.model_fields.items() if not field.is_required()] == []
    assert event.__doc__ and event.__doc__.strip()


def test_every_event_has_a_channel() -> None:
    asyncapi = yaml.safe_load((generate.FOLDER / generate.ASYNCAPI).read_text())
    assert asyncapi["asyncapi"] == "3.0.0"
    assert set(asyncapi["channels"]) == {f"pmo.{kind}" for kind in (*KINDS, "dead-letters", "kpi-values", "directory")}
    for event in EVENTS:
        message = asyncapi["channels"][f"pmo.{event.kind}"]["messages"][event.type_name]
        assert message == {"$ref": f"#/components/messages/{event.type_name}"}
        payload = asyncapi["components"]["messages"][event.type_name]["payload"]["schema"]
        assert (generate.FOLDER / payload["$ref"]).is_file()
    references = [part["$ref"] for part in parts(asyncapi) if "$ref" in part]
    for reference in (r for r in references if r.startswith("#/")):
        at: Any = asyncapi
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def test_versions_of_an_event_are_contiguous_from_one() -> None:
    versions = defaultdict(list)
    for type_name in TYPES:
        versions[base_name(type_name)].append(version_of(type_name))
    assert {base: v for base, v in versions.items() if sorted(v) != list(range(1, len(v) + 1))} == {}


@pytest.mark.parametrize("type_name", TYPES)
def test_each_version_is_brought_to_the_next_and_loses_nobody(type_name: str) -> None:
    older = parse(sample(type_name)).as_recorded
    newer = older.upcast()
    if type(older) is NEWEST[base_name(type_name)]:
        assert newer is older
        return
    assert newer.type_name == f"{base_name(type_name)}.v{version_of(type_name) + 1}"
    assert newer.part == older.part
    # the new version's own fields hold, as if it had been recorded
    assert type(newer).model_validate_json(newer.model_dump_json()) == newer
    # what an erasure looks for: people and notes
    personal = re.compile(rf'"({PERSON_PATTERN}|[0-9a-f]{{32}}|[0-9a-f]{{64}})"')
    assert set(personal.findall(older.model_dump_json())) <= set(personal.findall(newer.model_dump_json()))


def test_some_event_really_has_an_older_version() -> None:
    older = {e.type_name for e in EVENTS if NEWEST[base_name(e.type_name)] is not e}
    assert {"pmo.course.defined.v1", "pmo.work.re-estimated.v1"} <= older
    course = parse(sample("pmo.course.defined.v1"))
    assert json.loads(course.to_bytes())["data"]["valid_months"] == 24, "the bytes are as they were written"
    assert course.event.model_dump()["validity"] == {"length": 24, "unit": "months", "until": "day"}
    assert course.type_name == "pmo.course.defined.v1"


def test_released_digests_are_those_of_the_files() -> None:
    released = json.loads((generate.FOLDER / generate.RELEASED).read_text())
    assert released == {type_name: generate.digest(schema(type_name)) for type_name in TYPES}


# the gate itself, on a contract of its own


class First(Event, type="pmo.test.happened.v1"):
    """Something happened."""

    name: Text
    size: int | None


class Described(Event, type="pmo.test.happened.v1"):
    """Something happened, told in other words."""

    name: Text = Field(description="What it was")
    size: int | None


class Shorter(Event, type="pmo.test.happened.v1"):
    """Something happened."""

    name: Text


class Longer(Event, type="pmo.test.happened.v1"):
    """Something happened."""

    name: Text
    size: int | None
    colour: Text


class Retyped(Event, type="pmo.test.happened.v1"):
    """Something happened."""

    name: Text
    size: int


class Second(Event, type="pmo.test.happened.v2"):
    """Something happened, and had a colour."""

    name: Text
    size: int | None
    colour: Text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert generate.write(tmp_path, (First,)) == ["pmo.test.happened.v1.json", "asyncapi.yaml", "released.json"]
    return tmp_path


def content(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (Shorter, "its field size is gone"),
        (Longer, "it has a new required field colour, which what is recorded does not have"),
        (Retyped, "its field size can no longer be null"),
    ],
)
def test_a_released_shape_cannot_change(folder: Path, changed: type[Event], what: str) -> None:
    before = content(folder)
    with pytest.raises(generate.Frozen) as refused:
        generate.write(folder, (changed,))
    assert str(refused.value) == (
        f"pmo.test.happened.v1 is released and frozen, but {what}; make a new version pmo.test.happened.v2 instead."
    )
    assert content(folder) == before


@pytest.mark.parametrize("deleted", ["pmo.test.happened.v1.json", "asyncapi.yaml"])
def test_deleting_a_file_does_not_thaw_the_shape(folder: Path, deleted: str) -> None:
    (folder / deleted).unlink()
    with pytest.raises(generate.Frozen, match=r"pmo\.test\.happened\.v1 is released and frozen"):
        generate.write(folder, (Longer,))


def test_a_released_event_cannot_vanish(folder: Path) -> None:
    with pytest.raises(generate.Frozen, match=r"its class must stay"):
        generate.write(folder, ())


def test_words_and_class_names_may_change(folder: Path) -> None:
    assert generate.write(folder, (Described,)) == ["pmo.test.happened.v1.json", "asyncapi.yaml"]


def test_a_new_version_may_come(folder: Path) -> None:
    old = (folder / "pmo.test.happened.v1.json").read_text()
    assert "pmo.test.happened.v2.json" in generate.write(folder, (First, Second))
    assert (folder / "pmo.test.happened.v1.json").read_text() == old


def test_check_names_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "json"
    shutil.copytree(generate.FOLDER, copy)
    assert generate.main(["--check"], copy) == 0
    (copy / "asyncapi.yaml").write_text("other")
    (copy / "pmo.nothing.happened.v1.json").write_text("{}")
    assert generate.main(["--check"], copy) == 1
    assert capsys.readouterr().out == "differs: json/asyncapi.yaml\ndiffers: json/pmo.nothing.happened.v1.json\n"


def test_samples_are_never_written_over(tmp_path: Path) -> None:
    assert samples.write_missing(tmp_path, (First,)) == ["pmo.test.happened.v1.json"]
    assert samples.write_missing(tmp_path, (First, Second)) == ["pmo.test.happened.v2.json"]
    (tmp_path / "pmo.test.happened.v1.json").write_text("frozen")
    assert samples.write_missing(tmp_path, (First, Second)) == []
    assert (tmp_path / "pmo.test.happened.v1.json").read_text() == "frozen"


def test_asyncapi_needs_no_event_of_ours() -> None:
    made = yaml.safe_load(document({"pmo.test.happened.v1": {"description": "x"}}, ["test"]))
    assert set(made["channels"]) == {"pmo.test", "pmo.dead-letters", "pmo.kpi-values", "pmo.directory"}


def test_optional_attributes_are_absent_not_null() -> None:
    optional = [name for name, field in Envelope.model_fields.items() if not field.is_required()]
    assert optional == ["reportedtime", "causationid", "supersedes"]
