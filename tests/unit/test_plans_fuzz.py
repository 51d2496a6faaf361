"""Mutated plans: each is recorded with rows that add up, or refused with one sentence, and Java goes on."""

import contextlib
import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from plan_files import PLANNER, XER, crane

from services.commands.app import Governance
from services.errors import BadInput
from services.importers.msproject.mapping import Mapping
from services.importers.msproject.reader import PlanReader
from services.importers.msproject.record import interpreted, record
from services.settings import Settings

NOW = dt.datetime.now(dt.UTC)
MAPPING = Mapping(unit="OPS", currency="EUR")
PIECES = [
    b"", b"0", b"-1", b"9999999999", b"1e99", b"PT", b"-PT8H0M0S", b"PT99999999H0M0S", b"2026-02-30T08:00:00", b"NaN",
    b"0001-01-01T00:00:00", b"99999-12-31T00:00:00", b"2099-01-01T00:00:00", b"-65535", b"\x00", b"\xff", b"&#0;",
    b"&lt;", b"<", b">", b"<Task>", b"</Task>", b"\t", b"%R\t", b"true", "\u00e9".encode(), b"x" * 600,
]  # fmt: skip
COUNTS = {"crane.xml": 220, "quay.planner": 50, "quay.xer": 50}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = crane(tmp_path_factory.mktemp("plans") / "crane.xml")
    return {"crane.xml": path.read_bytes(), "quay.planner": PLANNER.encode(), "quay.xer": XER.encode()}


@pytest.fixture(scope="module")
def reader() -> Iterator[PlanReader]:
    with PlanReader(longest=60) as reader:
        yield reader


def mutated(original: bytes, chance: random.Random) -> bytes:
    """Mostly values between marks are exchanged, else bytes anywhere."""
    data = bytearray(original)
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(data))
        until = at + chance.randint(0, 12)
        if chance.random() < 0.7:
            marks = b"><" if b"<Project" in original[:100] else b'""' if b"<project" in original else b"\t\t"
            at = data.find(marks[:1], at) + 1
            until = data.find(marks[1:], at)
            if at <= 0 or until < at:
                continue
        data[at:until] = chance.choice(PIECES) if chance.random() < 0.8 else bytes(data[-40:])
    return bytes(data)


def run(reader: PlanReader, folder: Path, name: str, original: bytes, count: int, seed: int) -> tuple[int, int]:
    """How many of the mutated files are recorded and refused."""
    chance = random.Random(seed)
    recorded = refused = 0
    settings = Settings.of({"home": folder, "workspace_id": "test", "secret": "x" * 32, "time_zone": "UTC"})
    with contextlib.closing(Governance(settings)) as app:
        for number in range(count):
            path = folder / name
            data = mutated(original, chance)
            path.write_bytes(data)
            before = app.store.counts()
            try:
                file = interpreted(reader, path, MAPPING, NOW, code=f"P{number}")
                (report,) = record(app, [file], MAPPING, dry_run=number % 5 > 0)
            except BadInput as refusal:
                said = str(refusal)
                assert "\n" not in said and said.endswith(".") and "Traceback" not in said, (number, said)
                assert app.store.counts() == before, "nothing is half recorded"
                refused += 1
            else:
                sum_of_rows = report.recorded + report.unchanged + len(report.rejected) + len(report.ignored)
                assert report.rows == sum_of_rows, (number, data)
                recorded += 1
    return recorded, refused


@pytest.mark.parametrize("name", COUNTS)
def test_mutated_plans(reader: PlanReader, originals: dict[str, bytes], tmp_path: Path, name: str) -> None:
    recorded, refused = run(reader, tmp_path, name, originals[name], COUNTS[name], seed=6)
    assert recorded + refused == COUNTS[name] and recorded > 5 and refused > 5


@pytest.mark.long
@pytest.mark.parametrize("name", COUNTS)
def test_ten_thousand_mutated_plans(reader: PlanReader, originals: dict[str, bytes], tmp_path: Path, name: str) -> None:
    recorded, refused = run(reader, tmp_path, name, originals[name], 10_000 * COUNTS[name] // 320, seed=7)
    assert recorded > refused // 20
