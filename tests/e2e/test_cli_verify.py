"""`pmo verify` and `pmo checkpoint`: whatever is tampered with is found and named."""

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.projections.calendars import library_version
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.projections.kept import kept_states
from services.projections.projector import staged
from services.projections.schema import connect
from services.settings import Settings
from services.verify import copies
from tests.e2e.cli import Pmo

EVENTS, PROJECTS = table("events").physical, table("project_events").physical
CRANE = "project:CRANE-7"


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with some history, landed, to be copied."""
    pmo = Pmo(tmp_path_factory.mktemp("landed") / "home")
    pmo.ok("init", "--organisation", "Harbour Authority", "--time-zone", "Europe/London", "--currency", "GBP")
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--country", "GB", "--on", "2025-01-06")
    join = ("person", "join", "ann@example.org", "--unit", "OPS", "--role", "Project manager", "--name", "Ann Smith")
    pmo.ok(*join, "--on", "2025-01-06")
    propose = ("project", "propose", "CRANE-7", "--name", "Crane renewal", "--unit", "OPS", "--budget", "250000.50")
    pmo.ok(*propose, "--proposed-by", "ann@example.org", "--on", "2025-02-03")
    pmo.ok("project", "defer", "CRANE-7", "--until", "2025-06-01", "--reason", "first the quay", "--on", "2025-02-10")
    pmo.ok("project", "approve", "CRANE-7", "--decided-by", "ben@example.org", "--on", "2025-02-12")
    pmo.ok("unit", "register", "PORT", "--name", "Port", "--on", "2025-01-06")
    pmo.ok("kpi", "on-time")
    return pmo.home


@pytest.fixture
def office(landed: Path, tmp_path: Path) -> Pmo:
    return Pmo(Path(shutil.copytree(landed, tmp_path / "home", symlinks=True)))


def differences(pmo: Pmo, *args: str) -> list[tuple[str, str, str]]:
    """What `pmo verify` names, having refused."""
    result = pmo("verify", "--json", *args)
    assert result.exit_code == 4, result.output
    parts = json.loads(result.stdout)["parts"]
    found = [(part["part"], d["what"], d["how"]) for part in parts for d in part["differences"]]
    assert "Error: What was recorded is not what stands there" in result.stderr
    return found


def in_store(pmo: Pmo, *statements: str) -> None:
    """As somebody with a database editor, past the triggers."""
    with sqlite3.connect(pmo.home / "events.sqlite") as store:
        for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert store.execute(statement).rowcount == 1 or statement.startswith("CREATE")
    store.close()


def in_clickhouse(pmo: Pmo, work: Callable[[ClickHouse], None]) -> None:
    with connect(Settings.load(pmo.home)) as clickhouse:
        work(clickhouse)


@pytest.mark.parametrize("page", [1, 2, copies._PAGE])
def test_an_untouched_workspace_is_as_it_was_recorded(page: int, office: Pmo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_PAGE", page)
    found = office.data("verify")
    assert found["events"] == 6
    assert all(part["differing"] == 0 for part in found["parts"])
    looked_at = {part["part"]: part["looked_at"] for part in found["parts"]}
    assert (looked_at["event store"], looked_at["ClickHouse"], looked_at["table events"]) == (6, 6, 6)
    assert looked_at["table project_events"] == 3
    assert looked_at["names in ClickHouse"] > 0
    assert "6 events, Merkle root" in office.ok("verify")


def renumbered(version: int, other: int) -> str:
    where = f"originator_id = '{CRANE}' AND originator_version = {version}"
    return f"UPDATE stored_events SET originator_version = {other} WHERE {where}"


STORE = {
    "a byte changed": (
        ["UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), '250000.5', '950000.5') AS BLOB)"
         f" WHERE originator_id = '{CRANE}' AND originator_version = 1"],
        ("ClickHouse", f"{CRANE}/1", "has other bytes than in the store"),
    ),
    "bytes that are no event": (
        [f"UPDATE stored_events SET state = x'00' WHERE originator_id = '{CRANE}' AND originator_version = 1"],
        ("event store", f"{CRANE}/1", "its bytes are no event"),
    ),
    "a row removed": (
        [f"DELETE FROM stored_events WHERE originator_id = '{CRANE}' AND originator_version = 2"],
        ("event store", f"{CRANE}/3", "comes where version 2 should"),
    ),
    "the first row removed": (
        [f"DELETE FROM stored_events WHERE originator_id = '{CRANE}' AND originator_version = 1"],
        ("ClickHouse", f"{CRANE}/1", "is not in the store"),
    ),
    "text in place of bytes": (
        [f"UPDATE stored_events SET state = replace(state, 'OPS', 'FIN') WHERE originator_id = '{CRANE}'"
         " AND originator_version = 1"],
        ("event store", f"{CRANE}/1", "its bytes are no event"),
    ),
    "moved out of sight": (
        [f"UPDATE stored_events SET rowid = -1 WHERE originator_id = '{CRANE}' AND originator_version = 3"],
        ("event store", f"{CRANE}/3", "stands before the first position, where nobody reads it"),
    ),
    "a note rewritten": (
        ["UPDATE directory SET value = 'first the lock' WHERE value = 'first the quay'"],
        ("notes", f"{CRANE}/2", "names a note whose text is another than when it was recorded"),
    ),
    "a note removed": (
        ["DELETE FROM directory WHERE value = 'first the quay'"],
        ("notes", f"{CRANE}/2", "names a note that is not in the directory"),
    ),
    "the last row removed": (
        [f"DELETE FROM stored_events WHERE originator_id = '{CRANE}' AND originator_version = 3"],
        ("ClickHouse", f"{CRANE}/3", "is not in the store"),
    ),
    "a row added": (
        ["INSERT INTO stored_events SELECT originator_id, 4, topic, state FROM stored_events"
         f" WHERE originator_id = '{CRANE}' AND originator_version = 3"],
        ("event store", f"{CRANE}/4", f"its bytes say that it is {CRANE}/3, pmo.project.approved.v1"),
    ),
    "moved behind a gap": (
        [f"UPDATE stored_events SET rowid = 9223372036854775807 WHERE originator_id = '{CRANE}'"
         " AND originator_version = 1"],
        ("event store", "position 3", "is missing"),
    ),
    "two swapped": (
        [renumbered(2, 99), renumbered(3, 2), renumbered(99, 3)],
        ("event store", f"{CRANE}/3", f"its bytes say that it is {CRANE}/2, pmo.project.deferred.v1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STORE)
def test_tampering_with_the_store_is_found(office: Pmo, case: str) -> None:
    office.ok("checkpoint")
    statements, named = STORE[case]
    in_store(office, *statements)
    found = differences(office)
    assert named in found
    assert "checkpoints" in {part for part, *_ in found} or case in (
        "a row added",
        "two swapped",
        "a note rewritten",
        "a note removed",
    )
    # what is not in order is not signed anew
    if named[0] == "event store":
        assert "Nothing is signed" in office.refused(2, "checkpoint")


def test_a_stream_of_one_event_cannot_go_unseen(office: Pmo) -> None:
    in_store(office, "DELETE FROM stored_events WHERE originator_id = 'business-unit:OPS'")
    assert differences(office, "--store-only") == [("event store", "position 1", "is missing")]
    assert "position 1 is missing" in office.refused(2, "checkpoint")


def test_a_name_that_is_no_text_is_named(office: Pmo) -> None:
    in_store(office, "UPDATE directory SET value = CAST(value AS BLOB) WHERE value = 'Ann Smith'")
    [(part, what, how)] = differences(office)
    assert (part, how) == ("notes", "is no text") and what.startswith("name of person:")


CLICKHOUSE = {
    "a byte changed": (
        f"ALTER TABLE {EVENTS} UPDATE value = replace(value, '250000.5', '950000.5') WHERE stream = '{CRANE}'",
        {("ClickHouse", f"{CRANE}/1", "has other bytes than in the store"),
         ("table project_events", f"{CRANE}/1", "follows from what was recorded otherwise")},
    ),
    "a row removed": (
        f"ALTER TABLE {EVENTS} DELETE WHERE stream = '{CRANE}' AND version = 2",
        {("ClickHouse", f"{CRANE}/2", "is missing"),
         ("table project_events", f"{CRANE}/2", "follows from nothing that was recorded")},
    ),
    "a row added": (
        f"INSERT INTO {EVENTS} SELECT * REPLACE (toUInt32(9) AS version) FROM {EVENTS} WHERE stream = '{CRANE}'"
        " AND type = 'pmo.project.approved.v1'",
        {("ClickHouse", f"{CRANE}/9", "is not in the store"),
         ("table events", f"{CRANE}/9", "follows from nothing that was recorded")},
    ),
    "another column": (
        f"ALTER TABLE {EVENTS} UPDATE actor = 'somebody' WHERE stream = '{CRANE}' AND version = 3",
        {("table events", f"{CRANE}/3", "follows from what was recorded otherwise")},
    ),
    "two swapped": (
        f"ALTER TABLE {EVENTS} UPDATE version = 5 - version WHERE stream = '{CRANE}' AND version IN (2, 3)", None,
    ),
    "a projection's row": (
        f"ALTER TABLE {PROJECTS} UPDATE unit = 'FINANCE' WHERE version = 1",
        {("table project_events", f"{CRANE}/1", "follows from what was recorded otherwise")},
    ),
    "a projection's row removed": (
        f"ALTER TABLE {PROJECTS} DELETE WHERE version = 2",
        {("table project_events", f"{CRANE}/2", "is missing")},
    ),
    "a projection's row added": (
        f"INSERT INTO {PROJECTS} SELECT * REPLACE ('project:GHOST' AS stream) FROM {PROJECTS} WHERE version = 1",
        {("table project_events", "project:GHOST/1", "follows from nothing that was recorded")},
    ),
    "rows of no stream": (
        f"INSERT INTO {PROJECTS} SELECT * REPLACE ('' AS stream) FROM {PROJECTS} WHERE version = 1",
        {("table project_events", "/1", "follows from nothing that was recorded")},
    ),
    "events behind all others": (
        f"INSERT INTO {EVENTS} SELECT * REPLACE (concat(char(255), 'x') AS stream) FROM {EVENTS}"
        " WHERE type = 'pmo.project.approved.v1'", None,
    ),
    "a calendar": (
        f"INSERT INTO {table('calendars').physical} (country, library, weekend, days)"
        f" VALUES ('GB', '{library_version()}', [1, 2, 3, 6, 7], [])",
        {("calendars", "GB", "is another than the library's")},
    ),
    "a calendar of another version": (
        f"INSERT INTO {table('calendars').physical} (country, library, weekend, days, filled_at)"
        " VALUES ('GB', '99.9', [1, 2, 3, 6, 7], [], '2100-01-01 00:00:00')",
        {("calendars", "GB", f"is another than the library's {library_version()} here, and said to be of 99.9")},
    ),
    "a calendar removed": (
        f"ALTER TABLE {table('calendars').physical} DELETE WHERE 1",
        {("calendars", "GB", "is missing")},
    ),
    "a name on top": (
        f"INSERT INTO {table('directory').physical} SELECT * REPLACE (1000000 AS seq, 'Eve' AS value)"
        f" FROM {table('directory').physical} WHERE field = 'name'", None,
    ),
    "a name of nobody": (
        f"INSERT INTO {table('directory').physical} VALUES (1000000, 'person:NOBODY', 'name', 'Eve')",
        {("names in ClickHouse", "name of person:NOBODY", "is not in the store")},
    ),
    "a state": (
        f"ALTER TABLE {kept_states()[0].physical} UPDATE unit = arrayMap(u -> 'FINANCE', unit) WHERE 1",
        {(f"states of {kept_states()[0].view.name}", CRANE, "follows from what was recorded otherwise")},
    ),
    "a name": (
        f"ALTER TABLE {table('directory').physical} UPDATE value = 'Eve' WHERE value = 'Ann Smith'", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLICKHOUSE)
def test_tampering_with_clickhouse_is_found(office: Pmo, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statement, named = CLICKHOUSE[case]
    # so that what is tampered with stands at the edge of pages, and outside of all streams
    monkeypatch.setattr(copies, "_PAGE", 2)

    def work(clickhouse: ClickHouse) -> None:
        if case == "two swapped":
            # keys can't be updated: the two are written anew in each other's place
            rows = f"SELECT * REPLACE (toUInt32(5 - version) AS version) FROM {EVENTS} WHERE version IN (2, 3)"
            clickhouse.command(f"CREATE TABLE swapped ENGINE = Memory AS {rows} AND stream = '{CRANE}'")
            clickhouse.command(
                f"ALTER TABLE {EVENTS} DELETE WHERE stream = '{CRANE}' AND version > 1 SETTINGS mutations_sync = 2"
            )
            clickhouse.command(f"INSERT INTO {EVENTS} SELECT * FROM swapped")
            clickhouse.command("DROP TABLE swapped")
        else:
            more = "" if statement.startswith("INSERT") else " SETTINGS mutations_sync = 2"
            clickhouse.command(statement + more)

    in_clickhouse(office, work)
    found = differences(office)
    if case in ("a name", "a name on top"):
        assert [(part, how) for part, _, how in found] == [("names in ClickHouse", "is another than in the store")]
        assert "Ann" not in str(found) and "Eve" not in str(found)
    elif case == "events behind all others":
        assert [how for part, _, how in found if part == "ClickHouse"] == ["is not in the store"]
    elif named is None:
        assert {("ClickHouse", f"{CRANE}/{n}", "has other bytes than in the store") for n in (2, 3)} <= set(found)
    else:
        assert named <= set(found)


def test_a_batch_that_is_being_landed_is_no_difference(office: Pmo) -> None:
    with connect(Settings.load(office.home)) as clickhouse:
        where = f"WHERE stream = '{CRANE}' AND version = 3"
        value = clickhouse.scalar(f"SELECT value FROM {EVENTS} {where}")
        clickhouse.command(f"ALTER TABLE {PROJECTS} DELETE {where} SETTINGS mutations_sync = 2")
        begun = threading.Event()

        def land() -> None:
            with clickhouse.session() as session, staged(session, [value]) as batch:
                begun.set()
                # long enough for the comparison to meet it without its row of the projection
                time.sleep(1)
                session.command(f"INSERT INTO {PROJECTS} {table('project_events').select_from(batch)}")

        with ThreadPoolExecutor(1) as other:
            landing = other.submit(land)
            begun.wait()
            parts = copies.compare_tables(clickhouse, lambda done, total: None)
            landing.result()
        assert [d for part in parts for d in part.differences] == []


def test_todays_log_extends_the_checkpoint_of_yesterday(office: Pmo, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.txt"
    assert "6 events" in office.ok("checkpoint", "-o", str(file))
    office.ok("unit", "register", "QUAY", "--name", "Quay", "--on", "2025-01-06")
    key = office.ok("checkpoint", "--key").strip()
    found = office.data("verify", "--checkpoint", str(file), "--key", key, "--store-only")
    assert {part["part"]: part["looked_at"] for part in found["parts"]} == {
        "event store": 7,
        "checkpoints": 2,
        "notes": 1,
    }
    signed = office.ok("checkpoint").splitlines()
    assert signed[1] == "7"


def test_a_checkpoint_that_was_changed_is_refused(office: Pmo, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.txt"
    office.ok("checkpoint", "-o", str(file))
    file.write_text(file.read_text().replace("\n6\n", "\n5\n"))
    assert "is not signed by the key" in office.refused(2, "verify", "--checkpoint", str(file))
    assert "no public key" in office.refused(2, "verify", "--checkpoint", str(file), "--key", "abc")
    kept = next((office.home / "checkpoints").iterdir())
    kept.write_text(kept.read_text().replace("\n6\n", "\n5\n"))
    assert differences(office, "--store-only") == [("checkpoints", "checkpoint 6", "is not as it was signed")]


def test_a_kept_checkpoint_that_is_no_text_stops_nothing(office: Pmo) -> None:
    office.ok("checkpoint")
    kept = next((office.home / "checkpoints").iterdir())
    kept.write_bytes(kept.read_bytes() + b"\xff\xfe")
    assert differences(office, "--store-only") == [("checkpoints", "checkpoint 6", "is not as it was signed")]


def test_kept_checkpoints_that_change_places_or_grow_are_named(office: Pmo) -> None:
    office.ok("checkpoint")
    office.ok("unit", "register", "QUAY", "--name", "Quay", "--on", "2025-01-06")
    office.ok("checkpoint")
    first, second = sorted((office.home / "checkpoints").iterdir())
    texts = first.read_text(), second.read_text()
    first.write_text(texts[1])
    second.write_text(texts[0])
    how = "is not as it was signed"
    both = [("checkpoints", "checkpoint 6", how), ("checkpoints", "checkpoint 7", how)]
    assert differences(office, "--store-only") == both
    first.write_text(texts[0] + "\u2014 witness/example AAAAAAAA\n")
    second.write_text(texts[1])
    assert differences(office, "--store-only") == both[:1]


def test_a_key_that_is_gone_is_missed_and_another_one_is_told(office: Pmo) -> None:
    office.ok("checkpoint")
    (office.home / "checkpoint.key").unlink()
    said = office.refused(7, "verify", "--store-only")
    assert "is missing; restore it from a backup" in said and not (office.home / "checkpoint.key").exists()
    kept = next((office.home / "checkpoints").iterdir())
    content = kept.read_text()
    kept.unlink()
    office.ok("checkpoint")
    kept.write_text(content)
    how = "is signed by another key than this workspace's"
    assert differences(office, "--store-only") == [("checkpoints", "checkpoint 6", how)]


def test_a_shortened_log_does_not_extend_its_checkpoint(office: Pmo, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.txt"
    office.ok("checkpoint", "-o", str(file))
    in_store(office, "DELETE FROM stored_events WHERE originator_id = 'business-unit:PORT'")
    how = "was of 6 events, of which 1 are gone"
    assert (("checkpoints", str(file), how)) in differences(office, "--checkpoint", str(file), "--store-only")
