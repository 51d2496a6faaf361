"""The envelope: what goes out comes back, and whatever else comes in is named, never crashes a reader."""

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from schemas import generate
from schemas.catalogue import BY_TYPE, parse, validated
from schemas.event import (
    EARLIEST,
    LATEST,
    MAX_BYTES,
    MAX_VERSION,
    InvalidRecord,
    Record,
    RecordTooLarge,
    UnknownType,
    order_key,
)
from schemas.progress import ActualCostCorrected, ProgressReported
from schemas.standard import Requirement, StandardPublished
from schemas.streams import STREAM_PATTERN, as_key, checked, slug_key, stream_id
from tests.strategies import INSTANTS, records

VALIDATORS = {
    name: Draft202012Validator(generate.schema_of(event), format_checker=FormatChecker())
    for name, event in BY_TYPE.items()
}


VOID = "pmo.project.voided.v1"


def a_record(**changes: Any) -> Record:
    report = ProgressReported(
        data_date="2026-06-30",
        percent_complete=Decimal("0.45"),
        method="physical",
        actual_cost=Decimal("118000.50"),
        forecast_finish=None,
        forecast_cost=None,
        currency="EUR",
        rag="amber",
        narrative=None,
        at_risk=None,
    )
    fields = {
        "stream": "project:CRANE-7",
        "version": 4,
        "event": report,
        "occurred_at": datetime(2026, 6, 29, 22, tzinfo=UTC),
        "recorded_at": datetime(2026, 7, 2, 7, 15, 30, 250_000, tzinfo=UTC),
        "source": "/pmo/test",
        "actor": "system:test",
        "command_id": "c1",
        "correlation_id": "c1",
    }
    return Record(**{**fields, **changes})


def changed(**attributes: Any) -> bytes:
    """A valid record's bytes with other attributes; None takes one away."""
    document = json.loads(a_record().to_bytes()) | attributes
    return json.dumps({k: v for k, v in document.items() if v is not None}).encode()


def with_data(**fields: Any) -> bytes:
    document = json.loads(a_record().to_bytes())
    document["data"] |= fields
    return json.dumps(document).encode()


@settings(max_examples=150, deadline=None)
@given(records())
def test_what_goes_out_comes_back(record: Record) -> None:
    value = record.to_bytes()
    parsed = parse(value)
    assert parsed == record
    assert parsed.to_bytes() is value, "what was received is never written again"
    assert replace(parsed, received=None).to_bytes() == value


@settings(max_examples=60, deadline=None)
@given(records())
def test_what_goes_out_satisfies_its_schema(record: Record) -> None:
    VALIDATORS[record.type_name].validate(json.loads(record.to_bytes()))


@settings(max_examples=200, deadline=None)
@given(records(), st.data())
def test_damaged_bytes_are_named_and_never_crash(record: Record, data: st.DataObject) -> None:
    value = bytearray(record.to_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        match data.draw(st.sampled_from(("change", "cut", "insert", "double"))):
            case "change":
                value[at] = data.draw(st.integers(0, 255))
            case "cut":
                del value[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                value[at:at] = data.draw(st.sampled_from((b"null", b"1e5", b'"', b"{", b"\xff", b"\\u0000")))
            case _:
                value[at:at] = value[max(0, at - 30) : at]
        value = value or bytearray(b" ")
    with contextlib.suppress(InvalidRecord, UnknownType):
        parse(bytes(value))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_named_and_never_crash(value: bytes) -> None:
    with pytest.raises((InvalidRecord, UnknownType)):
        parse(value)


def test_the_example_is_valid_as_the_negative_ones_differ_from_it_in_one_thing() -> None:
    assert replace(parse(changed()), received=None) == a_record()
    assert parse(with_data()) == a_record()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (changed(id="project:CRANE-8/4"), "id is not subject/version"),
        (changed(id="project:CRANE-7/0"), "id: "),
        (changed(id="project:CRANE-7/04"), "id: "),
        (changed(id="project:CRANE-7/1048576"), "at most 1048575 versions"),
        (changed(id="workload:A/4", subject="workload:A"), "another kind"),
        (changed(type="pmo.project.started.v1"), "dataschema|data"),
        (changed(dataschema="urn:pmo:schema:pmo.project.started.v1"), "dataschema does not belong"),
        (changed(time="2026-06-29T22:00:00.000"), "time: "),
        (changed(time="2026-06-29T22:00:00.000001Z"), "time: "),
        (changed(time="2026-06-29T22:00:00Z"), "time: "),
        (changed(time="2026-06-30T00:00:00.000+02:00"), "time: "),
        (changed(time="2026-02-30T00:00:00.000Z"), "time: "),
        (changed(time="1899-12-31T23:59:59.999Z"), "time: "),
        (changed(recordedtime="2200-01-01T00:00:00.000Z"), "recordedtime: "),
        (changed(reportedtime="yesterday"), "reportedtime: "),
        (changed(supersedes=4), "supersedes must name an earlier version"),
        (changed(supersedes=0), "supersedes: "),
        (changed(supersedes="3"), "supersedes: "),
        (changed(supersedes=True), "supersedes: "),
        (changed(specversion="0.3"), "specversion: "),
        (changed(source="https://elsewhere"), "source: "),
        (changed(datacontenttype="text/plain"), "datacontenttype: "),
        (changed(actor="ann@example.org"), "actor: "),
        (changed(actor="person:ann"), "actor: "),
        (changed(actorauth="trusted"), "actorauth: "),
        (changed(commandid='a"b'), "commandid: "),
        (changed(commandid="x" * 201), "commandid: "),
        (changed(correlationid=""), "correlationid: "),
        (changed(causationid="a b"), "causationid: "),
        (changed(precision="week"), "precision: "),
        (changed(colour="red"), "colour: "),
        (changed(subject="project:crane-7", id="project:crane-7/4"), "id: |subject: "),
        (changed(subject="Project:CRANE-7", id="Project:CRANE-7/4"), "id: |subject: "),
        (changed(subject="project:A/B/C/D/E", id="project:A/B/C/D/E/4"), "id: |subject: "),
        (changed(subject=f"project:{'A' * 65}", id=f"project:{'A' * 65}/4"), "id: |subject: "),
        (with_data(percent_complete=0.45), "data.percent_complete: "),
        (with_data(actual_cost=118000), "data.actual_cost: "),
        (with_data(actual_cost="1.18E+5"), "data.actual_cost: "),
        (with_data(actual_cost="-1"), "data.actual_cost: "),
        (with_data(actual_cost="1_000"), "data.actual_cost: "),
        (with_data(actual_cost="1.00001"), "data.actual_cost: "),
        (with_data(percent_complete="1.01"), "data.percent_complete: "),
        (with_data(data_date=None), "data.data_date: "),
        (with_data(data_date="30.6.2026"), "data.data_date: "),
        (with_data(data_date="2300-01-01"), "data.data_date: "),
        (with_data(colour="red"), "data.colour: "),
        (changed(type=VOID, dataschema=f"urn:pmo:schema:{VOID}", data={"reason": None}),
         "a voided event names in supersedes"),
        (b"", "JSON|json|EOF"),
        (b"[]", "object|dict"),
        (b"\xef\xbb\xbf" + a_record().to_bytes(), "JSON|json|expected"),
        (a_record().to_bytes() + b"x", "trailing"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_with_the_place(value: bytes, reason: str) -> None:
    with pytest.raises(InvalidRecord, match=reason):
        parse(value)


@pytest.mark.parametrize("attribute", sorted(json.loads(a_record().to_bytes())))
def test_every_required_attribute_is_required(attribute: str) -> None:
    with pytest.raises(InvalidRecord):
        parse(changed(**{attribute: None}))


@pytest.mark.parametrize("attribute", ["reportedtime", "causationid", "supersedes"])
def test_an_optional_attribute_is_absent_never_null(attribute: str) -> None:
    with pytest.raises(InvalidRecord, match=f"{attribute}: "):
        parse(json.dumps(json.loads(a_record().to_bytes()) | {attribute: None}).encode())


def test_a_reason_never_repeats_the_value() -> None:
    with pytest.raises(InvalidRecord) as refused:
        parse(with_data(rag="Ann Example says so"))
    assert "Ann" not in str(refused.value)


def test_an_unknown_type_in_a_valid_envelope_waits() -> None:
    later = {
        "type": "pmo.project.progress-reported.v7",
        "dataschema": "urn:pmo:schema:pmo.project.progress-reported.v7",
    }
    with pytest.raises(UnknownType, match=r"^pmo\.project\.progress-reported\.v7$"):
        validated(changed(**later, data={"anything": [1, {"goes": True}]}))
    with pytest.raises(InvalidRecord):
        validated(changed(**later, actor="nobody"))


def test_a_type_cannot_hide_behind_another() -> None:
    plain = a_record().to_bytes()
    unseen = plain.replace(b'"type":"pmo.project.progress', b'"type":\t"pmo.project.progress')
    with pytest.raises(InvalidRecord, match="hidden"):
        parse(unseen)
    twice = plain.replace(b'"type":"', b'"type":"pmo.project.started.v1","type":"', 1)
    with pytest.raises(InvalidRecord):
        parse(twice)


def test_a_record_has_at_most_256_kib() -> None:
    def big(length: int) -> Record:
        # 518 bytes a requirement, the last one as long as it takes
        rows = tuple(Requirement(id="R", text="x" * 400, weight=1) for _ in range(length))
        event = StandardPublished(
            name="x", standard_kind="process", edition="1", requirements=rows, data_class=None, security_review=None
        )
        return a_record(stream="standard:X", event=event)

    fitting = next(n for n in range(700, 500, -1) if len_or_none(big(n)))
    assert parse(big(fitting).to_bytes()) == big(fitting)
    with pytest.raises(RecordTooLarge, match="at most 262144"):
        big(fitting + 1).to_bytes()
    with pytest.raises(InvalidRecord, match="at most 262144"):
        parse(b" " * (MAX_BYTES + 1))


def len_or_none(record: Record) -> int | None:
    try:
        return len(record.to_bytes())
    except RecordTooLarge:
        return None


@pytest.mark.parametrize(
    ("amount", "written"),
    [("1E+5", "100000"), ("-0", "0"), ("0.0001", "0.0001"), ("12.50", "12.50"), ("1.000000", "1.0000")],
)
def test_a_decimal_is_written_plainly(amount: str, written: str) -> None:
    event = ActualCostCorrected(item="1", amount=Decimal(amount), currency="EUR", reason=None)
    value = a_record(event=event).to_bytes()
    assert json.loads(value)["data"]["amount"] == written
    assert parse(value).event == event


def test_a_time_is_written_in_utc_whatever_its_zone() -> None:
    local = datetime(2026, 6, 30, tzinfo=timezone(timedelta(hours=2)))
    assert json.loads(a_record(occurred_at=local).to_bytes())["time"] == "2026-06-29T22:00:00.000Z"


@settings(max_examples=60, deadline=None)
@given(INSTANTS, INSTANTS, st.integers(1, MAX_VERSION), st.integers(1, MAX_VERSION))
def test_the_order_key_orders_by_time_then_version(a: datetime, b: datetime, v: int, w: int) -> None:
    assert (order_key(a, v) < order_key(b, w)) == ((a, v) < (b, w))


def test_the_order_key_fits_64_bits() -> None:
    assert order_key(LATEST, MAX_VERSION) < 2**63
    assert order_key(EARLIEST, 1) >= -(2**63)


@pytest.mark.parametrize(
    "stream", ["project:ALPHA", "adoption:ISO-21502/FINANCE", "audit:A/B/C/D", "business-unit:X.1_2"]
)
def test_stream_grammar_takes(stream: str) -> None:
    assert checked(stream) == stream


@pytest.mark.parametrize(
    "stream", ["", "project", "project:", "project:alpha", "project:A/", "project:A//B", "project:A B", "-x:A",
               "project:Ä", "project:A\n", "project:A/B/C/D/E", f"project:{'A' * 65}"],
)  # fmt: skip
def test_stream_grammar_refuses(stream: str) -> None:
    with pytest.raises(ValueError, match="is not a stream id"):
        checked(stream)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_source_key_makes_a_key_of_its_own(one: str, other: str) -> None:
    stream = stream_id("project", slug_key(one))
    assert checked(stream) == stream
    assert (slug_key(one) == slug_key(other)) == (one.strip().upper() == other.strip().upper())


@pytest.mark.parametrize("key", ["A", "A" * 64, "A" * 56, "A" * 57])
def test_any_stream_fits_into_a_key(key: str) -> None:
    assert checked(stream_id("finding", as_key(f"project:{key}"))).startswith("finding:PROJECT")
    assert as_key(f"project:{key}") != as_key(f"project:{key[:-1]}B")


def test_the_published_pattern_of_a_stream_is_the_one_in_use() -> None:
    assert generate.schema_of(BY_TYPE["pmo.project.started.v1"])["properties"]["subject"]["pattern"] == (
        STREAM_PATTERN.replace("[a-z]+(?:-[a-z]+)*", "project")
    )
