"""`pmo verify` on a store whose file somebody has edited by bytes, past SQLite."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli import Pmo

CRANE = "project:CRANE-7"


@pytest.fixture
def office(tmp_path: Path) -> Pmo:
    pmo = Pmo(tmp_path / "home")
    pmo.ok("init", "--organisation", "Harbour Authority", "--time-zone", "Europe/London", "--currency", "GBP")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2025-01-06")
    pmo.ok("project", "propose", "CRANE-7", "--name", "Crane renewal", "--unit", "OPS", "--on", "2025-02-03")
    pmo.ok("project", "approve", "CRANE-7", "--decided-by", "ben@example.org", "--on", "2025-02-12")
    join = ("person", "join", "ann@example.org", "--unit", "OPS", "--role", "Project manager", "--name", "Ann Smith")
    pmo.ok(*join, "--on", "2025-01-06")
    join = ("person", "join", "ben@example.org", "--unit", "OPS", "--role", "Director", "--name", "Ben Jones")
    pmo.ok(*join, "--on", "2025-01-06")
    return pmo


def page_edited(pmo: Pmo, name: str, edit: Callable[[bytes], bytes]) -> None:
    """As somebody with a hex editor: the first page of a table or an index of the store's file."""
    with sqlite3.connect(pmo.home / "events.sqlite") as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = store.execute("PRAGMA page_size").fetchone()
        (root,) = store.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    store.close()
    file = pmo.home / "events.sqlite"
    content, begin = file.read_bytes(), (root - 1) * size
    edited = edit(content[begin : begin + size])
    assert len(edited) == size and edited != content[begin : begin + size]
    file.write_bytes(content[:begin] + edited + content[begin + size :])


def test_an_event_that_the_index_does_not_lead_to_is_named(office: Pmo) -> None:
    # the last one of the stream, which stands first: commands would decide as if it had never been
    index = "sqlite_autoindex_stored_events_1"
    page_edited(office, index, lambda page: page.replace(CRANE.encode(), b"project:CRANE-8", 1))
    how = "is not found by its stream and version, so that commands do not see it"
    result = office("verify", "--store-only", "--json")
    assert result.exit_code == 4
    found = [
        (part["part"], d["what"], d["how"]) for part in json.loads(result.stdout)["parts"] for d in part["differences"]
    ]
    assert found == [("event store", f"{CRANE}/2", how)]
    assert how in office.refused(2, "checkpoint")


@pytest.mark.parametrize("table", ["directory", "stored_events"])
def test_a_page_in_disorder_is_told_and_not_read_for_ever(office: Pmo, table: str) -> None:
    def swapped(page: bytes) -> bytes:
        assert page[0] == 13, "a leaf"
        last = 8 + 2 * (int.from_bytes(page[3:5]) - 1)
        return page[:8] + page[last : last + 2] + page[10:last] + page[8:10] + page[last + 2 :]

    page_edited(office, table, swapped)
    assert "cannot be used" in office.refused(7, "verify")
