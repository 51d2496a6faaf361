"""What every source relies on: limits of size, JSON element by element, and times that a file settles once."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadInput
from services.importers import documents
from services.importers.cells import CellProblem
from services.importers.documents import Element, Text
from services.importers.moments import Calendar, settle
from services.importers.sniff import LIMITS, Limits
from services.importers.source import Given, load_mapping
from tests.importers.kit import source

LONDON = ZoneInfo("Europe/London")


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        # nothing of it takes room on the disk
        file.truncate(2 * 1024**3)
    with pytest.raises(BadInput, match=rf"large.json has 2,147,483,648 bytes, more than the {LIMITS.file_bytes:,}"):
        documents.load(large)
    with pytest.raises(BadInput, match="more than the 3 of an import"):
        small = tmp_path / "small.json"
        small.write_text("[{}]")
        documents.load(small, Limits(file_bytes=3))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '{"a": [1, {"b": [2]}], "n": {"a": [9]}}',
            [("a", 1), ("a", {"b": [2]}), (None, {"a": True, "n": {"a": [9]}})],
        ),
        ("[1, 2]", [("a", 1), ("a", 2)]),
        ('[{"a": [1], "t": 1}, {"a": []}]', [("a", 1), (None, {"t": 1}), (None, {})]),
        ('{"a": []}\n{"a": [3]}\n', [(None, {"a": True}), ("a", 3), (None, {"a": True})]),
        ('{"t": 1}', [(None, {"t": 1})]),
    ],
)
def test_elements(text: str, found: list[Element]) -> None:
    assert list(documents.elements(Text("f.json", "", text), "a")) == found


@pytest.mark.parametrize(
    "text", ['{"a": [1,, 2]}', '{"a" [1]}', '{"a": [1] "b": 2}', "[1 2]", "{", "[", '{"a": [1]},', "x", "{1: 2}"]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"f.json.* JSON"):
        list(documents.elements(Text("f.json", "", text), "a"))


def test_one_document_a_line_is_decoded_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    for content, lines in (
        ('\ufeff{"a": [1]}\n\n{"a": [2]}\n', [1, 3]),
        ('\n  {"a": [1]}\n{"a": [2]}', [2, 3]),
        ('{"a":\n[1, 2]}', [1]),
        ("[1,\n 2]", [1]),
    ):
        path.write_text(content, encoding="utf-8")
        texts = list(documents.opened(path).texts)
        assert [text.line for text in texts] == lines
        found = [element.value for text in texts for element in documents.elements(text, "a") if element.key]
        assert found == [1, 2]
        assert {text.digest for text in texts} == {documents.load(path).digest}
    path.write_text('{"a": [1]}\n{"a": [2}\n')
    with pytest.raises(BadInput, match=r"lines.jsonl, line 2: it is not JSON"):
        [list(documents.elements(text, "a")) for text in documents.opened(path).texts]
    path.write_bytes('{"a": [1]}\n{"a": [2]}'.encode("utf-16"))
    assert [text.line for text in documents.opened(path).texts] == [1]


@given(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2099, 1, 1)))
def test_a_time_is_read_alike_in_every_way_of_writing_it(moment: dt.datetime) -> None:
    # of an hour that comes twice the first: what is written does not say which
    moment = moment.replace(second=0, microsecond=0, fold=0)
    expected = moment.replace(tzinfo=LONDON).astimezone(dt.UTC)
    for order, form in (("dmy", "%d/%m/%Y %H:%M"), ("mdy", "%m/%d/%Y %I:%M %p"), ("dmy", "%d/%b/%Y %I:%M %p")):
        calendar = Calendar(LONDON, order)  # type: ignore[arg-type]
        assert calendar.when(moment.strftime(form)) == expected
        assert calendar.day(moment.strftime(form)) == moment.date()
        assert calendar.when(expected.isoformat()) == expected


# two digits are a year from 1970 on
@given(st.lists(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2069, 12, 31)), min_size=2, max_size=2))
@pytest.mark.parametrize(
    ("order", "form"),
    [
        ("dmy", "%d/%b/%y %I:%M %p"),
        ("dmy", "%d.%m.%Y, %H:%M"),
        ("dmy", "%Y-%m-%d %H:%M"),
        ("mdy", "%b %d, %Y %I:%M %p"),
    ],
)
def test_a_day_and_a_time_that_came_apart_are_read_together(order: str, form: str, moments: list[dt.datetime]) -> None:
    first, second = (moment.replace(second=0, microsecond=0, fold=0) for moment in moments)
    both = dt.datetime.combine(first.date(), second.time())
    calendar = Calendar(LONDON, order)  # type: ignore[arg-type]
    for moment in (first, second, both):
        cell = moment.strftime(form)
        assert (
            calendar.when(cell)
            == Calendar(LONDON, order).when(cell)
            == (  # type: ignore[arg-type]
                moment.replace(tzinfo=LONDON).astimezone(dt.UTC)
            )
        )


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_problem(cell: str) -> None:
    found = Calendar(LONDON, "dmy").when(cell)
    assert found is None or isinstance(found, dt.date | CellProblem)


def test_a_file_whose_dates_are_all_alike_in_both_orders_is_not_asked_about() -> None:
    notes: list[str] = []
    calendar = settle([(2, "5/5/2025"), (3, "2024-01-09")], "f.csv", "line", None, None, notes)
    assert (calendar.day("5/5/2025"), notes) == (dt.date(2025, 5, 5), [])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "jira",
            "zone: UTC\nstatusses: {}\n",
            "line 2: statusses: there is no key `statusses` .did you mean `statuses`",
        ),
        ("asana", "projects:\n  P:\n    projct: P\n", "line 3: .*there is no key `projct` .did you mean `project`"),
        (
            "smartsheet",
            "columns:\n  statu: State\n",
            "line 2: columns.statu: there is no key `statu` .did you mean `st",
        ),
        ("monday", "zzz: 1\n", "line 1: zzz: there is no key `zzz` .here are .*`?boards.*zone"),
    ],
)
def test_a_misspelt_key_of_a_mapping_is_named_with_what_it_may_have_meant(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(content)
    with pytest.raises(BadInput, match=said) as refusal:
        load_mapping(source(name), path, Given())
    assert "not permitted" not in str(refusal.value)
