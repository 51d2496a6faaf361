"""The mapping file: what it may say, and errors that name its line."""

import datetime as dt
from pathlib import Path

import pytest

from services.errors import BadInput, NotFound
from services.importers import mapping
from services.importers.naming import Alias, Identities, normalised

GOOD = """\
source: own
currency: EUR
fields:
  name: {columns: Project}
  rag: {columns: [Health, Status]}
  budget: {columns: Cost, unit: thousand}
rag: {G: green, R: red}
reports:
  - {files: "*2024*", data_date: 2024-03-31, reported_on: 2024-05-01}
"""


def load(tmp_path: Path, text: str | bytes) -> mapping.Mapping:
    path = tmp_path / "own.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return mapping.load(path)


def test_a_small_mapping(tmp_path: Path) -> None:
    own = load(tmp_path, GOOD)
    assert own.fields.name.columns == ("Project",)
    assert own.fields.budget is not None
    assert own.fields.budget.scale == 1000
    report = own.report("Plan-2024.CSV")
    assert report is not None
    assert report.data_date == dt.date(2024, 3, 31)
    assert own.report("plan.csv") is None
    assert len(own.digest) == 64


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("unit: thousand", "unit: dozen", r"own.yaml, line 6: fields.budget.unit: .*'thousand'"),
        (
            "columns: Project",
            "column: Project",
            r"line 4: fields.name.column: there is no key `column` \(did you mean `columns`\?\)\.$",
        ),
        ("fields:", "feilds:", r"line 3: feilds: there is no key `feilds` \(did you mean `fields`\?\)\.$"),
        (
            "unit: thousand",
            "zzz: 1",
            "line 6: fields.budget.zzz: there is no key `zzz` .here are columns, dec",
        ),
        ("source: own", "units: {A: {nam: A}}\nsource: own", r"units.A.nam: .* \(did you mean `name`\?\)"),
        ("source: own", f"source: {'o' * 48}", "line 1: source: String should match"),
        ("data_date: 2024-03-31", "data_date: 0026-03-31", "line 9: reports.0.data_date"),
        ("currency: EUR", "currency: euro", "own.yaml, line 2: currency"),
        ("currency: EUR\n", "", "own.yaml, line 1: a mapping: amounts need a `currency`"),
        ("rag: {G: green, R: red}\n", "", "a RAG column needs the scale `rag`"),
        ("R: red", "R: blue", "own.yaml, line 7: rag.R"),
        ("2024-05-01", "2024-01-01", "line 9: reports.0: `reported_on` lies before `data_date`"),
        ('files: "*2024*", ', "", "line 9: reports.0: a report is known by `files`, or by `column` and `value`"),
        ("source: own", "source: own\nsource: own", "line 2: 'source' stands here twice"),
        ("source: own", "source: [own", "own.yaml, line 2: it is not YAML"),
        ("source: own", "source: &a own", "own.yaml"),
        ("source: own", "absent: ['(']\nsource: own", r"line 1: absent.0: '\(' is not a regular expression"),
        ("source: own", "aliases: [{names: [A], key: X}, {names: [a], key: Y}]\nsource: own", "'a' is an alias of two"),
        ("source: own", "aliases: [{key: X}]\nsource: own", "line 1: aliases.0: an alias lists `names` or `keys`"),
        ("source: own", "aliases: [{keys: [X]}]\nsource: own", "an alias without `names` needs the `key`"),
        ("source: own", "units: {A: {name: A}}\naliases: [{names: [x], units: B}]\nsource: own", "an alias is for B"),
    ],
)
def test_an_error_names_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = GOOD.replace(old, new, 1)
    if "&a" in new:
        text = text.replace("currency: EUR", "currency: *a")
    with pytest.raises(BadInput, match=says):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "own.yaml is empty"),
        ("- a\n", "line 1: a mapping has keys"),
        (b"a: \xff", "is not UTF-8 text"),
        ("a: [" * 2000, "own.yaml"),
        ("a: 2024-99-99\n", "line 1: it holds a value that cannot be read"),
        ("a: " + "x" * 2_000_000, "more than the 1,048,576 of a mapping"),
    ],
)
def test_what_is_no_mapping(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        load(tmp_path, text)


def test_a_missing_mapping(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        mapping.load(tmp_path / "no.yaml")


def test_the_shipped_mapping_loads() -> None:
    assert mapping.load(mapping.find("gmpp")).source == "gmpp"


def test_finding_a_mapping() -> None:
    assert mapping.find("folder/own.yaml") == Path("folder/own.yaml")
    with pytest.raises(NotFound, match="no mapping 'own': give the path of a .yaml file, or one of gmpp"):
        mapping.find("own")


@pytest.mark.parametrize(
    ("pattern", "column", "matches"),
    [
        ("Project name", " project  Name", True),
        ("Start Date*", "Start date (latest approved)", True),
        ("Start", "Start Date", False),
    ],
)
def test_which_header_a_mapping_means(pattern: str, column: str, matches: bool) -> None:
    assert mapping.column_matches(pattern, column) is matches


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Search & Rescue", "SEARCH and  rescue"),
        ("Project Eagle (formerly Falcon Options)", "project eagle"),
        ("King's Bridge", "Kings Bridge"),
        ("Tax-Free Care", "Tax Free Care"),
        ("ＡＢＣ", "abc"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_names_that_differ_stay_apart() -> None:
    assert normalised("Echo") != normalised("Echo 2")
    assert normalised("100,000 Places") != normalised("100000 Places")


def test_identities_by_key_by_alias_and_by_name() -> None:
    rules = (
        Alias("AB_1", ("Bridge", "Old Bridge"), ("XB_1",), ()),
        Alias(None, ("Tunnel", "Tube"), (), ("NORTH", "SOUTH")),
    )
    find = Identities(rules, names_per_unit=True).find
    assert find("ab_1", "whatever", None).key == "AB_1"
    assert find("XB_1", "whatever", None).key == "AB_1"
    assert find(None, "OLD BRIDGE", "NORTH").key == "AB_1"
    tube = find(None, "Tube", "SOUTH")
    assert (tube.key, tube.by_name_alone) == (find(None, "tunnel", "NORTH").key, False)
    assert tube.key.startswith("NORTH-TUNNEL-")
    east = find(None, "Tube", "EAST")
    assert east.by_name_alone
    assert east.key not in (tube.key, find(None, "Tube", "WEST").key)


def test_a_name_may_stand_for_itself_in_every_unit() -> None:
    find = Identities((), names_per_unit=False).find
    assert find(None, "Tube one", "EAST").key == find(None, "tube ONE", "WEST").key
