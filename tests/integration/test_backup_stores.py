"""Backups of either store, restored into either: the same events, names and digests, while others record."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.backup import Erased, backup, renew_names, restore
from services.commands import erasing
from services.commands.app import Governance
from services.commands.directory import Entry
from services.errors import BadInput, PmoError, Rejected, Unavailable
from services.runtime import quiet
from services.settings import Settings
from services.verify import sign, verify_notes, verify_store
from tests.integration.workspaces import command, fill, workspace
from tests.postgres import PASSWORD, Postgres, database_of

EVENTS = 45
NOTE = "the wisteria has grown into the gearbox"
SECRETS = (PASSWORD, "s3cr3t")


@pytest.fixture
def settings(tmp_path: Path, store: str) -> Settings:
    return workspace(tmp_path / "home", store=store, clickhouse="http://pmo:s3cr3t@127.0.0.1:9/pmo")


@pytest.fixture
def app(settings: Settings) -> Iterator[Governance]:
    """A store with names, one of them erased and one given twice, a note, and a signed checkpoint."""
    with closing(Governance(settings)) as app:
        fill(app, 40)
        command(app, "unit register", unit="OPS", name="Operations")
        for person in ("Ann", "Eve"):
            command(app, "person join", person=f"{person}@example.org", unit="OPS", role="Pilot", name=person)
        command(app, "project propose", project="ROOF", name="Roof", unit="OPS", size="small")
        command(app, "project start", project="ROOF", at_risk=NOTE)
        erasing.erase(app, [erasing.find_person(app, "Eve@example.org")])
        sign(settings, app, quiet)
        yield app


@pytest.fixture(params=["into sqlite", "into postgres"])
def target(request: pytest.FixtureRequest, postgres: Postgres) -> str:
    return postgres.new_database() if request.param == "into postgres" else ""


def held(app: Governance) -> dict[str, list[Any]]:
    with app.store.snapshot() as snapshot:
        events = [row for page in snapshot.events() for row in page]
        return {"events": events, "names": list(snapshot.names()), "digests": sorted(snapshot.digests())}


def differing(app: Governance) -> dict[str, int]:
    log, parts = verify_store(app.settings, app, (), None, "", quiet)
    return {part.name: part.differing for part in (*parts, *verify_notes(app, log))}


def restored(folder: Path, home: Path, target: str, erased: Path | None = None) -> Governance:
    restore(folder, home, quiet, target, erased)
    return Governance(Settings.load(home))


def containing(folder: Path, *texts: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(text.encode() in path.read_bytes() for text in texts)]


def test_either_comes_back_in_either(app: Governance, target: str, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    taken = backup(app.settings, folder, quiet)
    assert (taken.events, taken.position) == (EVENTS, EVENTS)
    assert containing(folder, *SECRETS) == []
    assert containing(folder, "Ann", NOTE) == ["directory.jsonl"]
    before = held(app)
    with closing(restored(folder, tmp_path / "again", target)) as again:
        assert again.settings.postgres == Settings.load(tmp_path / "again").postgres
        assert bool(again.settings.postgres) == bool(target)
        assert (tmp_path / "again" / "events.sqlite").exists() == (not target)
        assert held(again) == before
        assert (len(before["events"]), len(before["digests"])) == (EVENTS, 4)
        assert {value for _, subject, *_, value, _ in before["names"] if subject.startswith("note:")} == {NOTE}
        assert set(differing(again).values()) == {0}
        # history goes on behind it, names too
        command(again, "person join", person="kim@example.org", unit="OPS", role="Pilot", name="Kim")
        after = held(again)
        assert after["events"][:-1] == before["events"]
        assert after["events"][-1][0] == EVENTS + 1
        assert after["names"][: len(before["names"])] == before["names"]
        assert after["names"][-1][3] == "Kim"
        assert containing(tmp_path / "again", PASSWORD) == []
        with closing(app):
            assert held(app) == before


def test_who_was_erased_since_comes_back_in_neither(app: Governance, target: str, tmp_path: Path) -> None:
    folder, listed = tmp_path / "backup", tmp_path / "erased.json"
    backup(app.settings, folder, quiet)
    ann, noted = erasing.find_person(app, "ann@example.org"), erasing.find_notes(app, "project:ROOF/2")
    told = {digest for *_, digest in held(app)["digests"]}
    erasing.erase(app, [ann, *noted])
    listed.write_text(Erased.now(app.settings).text())
    with closing(restored(folder, tmp_path / "again", target, listed)) as again:
        names = held(again)["names"]
        assert {value for *_, value, _ in names} == {None}
        assert sorted((subject, field) for _, subject, field, *_ in names) == sorted(
            (subject, field) for _, subject, field, *_ in held(app)["names"]
        )
        # what could be guessed against: of the digests, those of the person's and the note's commands are gone
        assert held(again)["digests"] == held(app)["digests"]
        assert {digest for *_, digest in held(again)["digests"]} < told
        assert containing(tmp_path / "again", NOTE, '"Ann"') == []
        # nor by being named once more, as an import from the old source would
        again.append([], entries=[Entry(ann.subject, "name", "Ann")])
        assert {value for *_, value, _ in held(again)["names"]} == {None}
        assert held(again)["events"][:EVENTS] == held(app)["events"]
        assert set(differing(again).values()) == {0}


def test_a_backup_is_of_one_moment(app: Governance, tmp_path: Path) -> None:
    enough, failures, ann = threading.Event(), list[PmoError](), erasing.find_person(app, "ann@example.org")

    def record() -> None:
        try:
            with closing(Governance(app.settings)) as writer:
                number = 0
                while not enough.is_set():
                    number += 1
                    command(writer, "person join", person=f"p{number}", unit="OPS", role="Pilot", name=f"N{number}")
                    writer.append([], entries=[Entry(ann.subject, "name", f"Ann {number}")])
        except PmoError as error:
            failures.append(error)

    writer = threading.Thread(target=record)
    writer.start()
    sizes = []
    try:
        for n in range(3):
            sizes.append(backup(app.settings, tmp_path / f"b{n}", quiet).events)
            renew_names(app.settings, tmp_path / f"b{n}")
            backup(app.settings, tmp_path / f"c{n}", quiet)
    finally:
        enough.set()
        writer.join()
    assert failures == []
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]
    for n in range(3):
        with closing(restored(tmp_path / f"c{n}", tmp_path / f"again-{n}", "")) as again:
            rows = held(again)
            joined = {stream for _, stream, _, kind, _ in rows["events"] if kind.startswith("pmo.person.joined")}
            # both are written by one transaction, so neither may be there without the other
            assert joined == {subject for _, subject, field, *_ in rows["names"] if field == "name"}
            assert set(differing(again).values()) == {0}
        # of the names as of now, none stands there twice, though one was changed while they were read
        restore(tmp_path / f"b{n}", tmp_path / f"renewed-{n}", quiet)


@pytest.mark.long
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_slow_other_side_ends_no_transaction(app: Governance, postgres: Postgres, tmp_path: Path) -> None:
    def slow(done: int, total: int) -> None:
        # longer than the library lets a transaction do nothing
        time.sleep(7)

    backup(app.settings, tmp_path / "backup", slow)
    restore(tmp_path / "backup", tmp_path / "again", slow, postgres.new_database())
    with closing(Governance(Settings.load(tmp_path / "again"))) as again:
        assert held(again) == held(app)


def test_a_database_in_use_is_refused(app: Governance, postgres: Postgres, tmp_path: Path) -> None:
    folder, used = tmp_path / "backup", postgres.new_database()
    backup(app.settings, folder, quiet)
    first = restored(folder, tmp_path / "again", used)
    with closing(first):
        before = held(first)
        for home in ("other", "again"):
            with pytest.raises(Rejected, match="already"):
                restore(folder, tmp_path / home, quiet, used)
        assert held(first) == before
        with first.store.lead() as lead:
            assert lead
            with pytest.raises(Unavailable, match="A relay is at work"):
                restore(folder, tmp_path / "other", quiet, used)
    assert not (tmp_path / "other").exists()
    foreign = workspace(tmp_path / "foreign", store=postgres.new_database(), workspace_id="foreign")
    Governance(foreign).close()
    with pytest.raises(BadInput, match="holds the history of another workspace"):
        restore(folder, tmp_path / "other", quiet, foreign.store.get_secret_value())
    assert not (tmp_path / "other").exists()


def test_a_server_that_fails_half_way_is_left_as_it_was(app: Governance, postgres: Postgres, tmp_path: Path) -> None:
    folder, url, home = tmp_path / "backup", postgres.new_database(), tmp_path / "other"
    backup(app.settings, folder, quiet)

    def fail(done: int, total: int) -> None:
        # the check reports progress too, when nothing stands in the database yet
        postgres.end_connections(database_of(url))

    with pytest.raises(Unavailable, match=f"{home} was not made, and nothing is left of it .*; see that") as said:
        restore(folder, home, fail, url)
    assert not any(secret in str(said.value) for secret in SECRETS) and "\n" not in str(said.value)
    assert [path.name for path in tmp_path.iterdir() if "other" in path.name] == []
    assert postgres.run("SELECT count(*) FROM stored_events", database_of(url)) == [(0,)]
    with closing(restored(folder, home, url)) as again:
        assert held(again) == held(app)
