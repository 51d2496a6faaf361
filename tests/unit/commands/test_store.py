"""The store itself, of both kinds: whose it is, and what many writers, a lost connection and a wrong address do."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from eventsourcing.persistence import IntegrityError

from schemas import catalogue
from schemas.event import Record
from services.commands.app import Governance, Meta
from services.commands.directory import Entry
from services.commands.postgres import keys
from services.commands.store import FORMAT, CommandDigest
from services.errors import BadInput, PmoError, Unavailable
from services.runtime import open_app
from services.settings import Settings
from tests.postgres import PASSWORD, Postgres, database_of
from tests.unit.commands.office import ME, NOW, PROPOSAL, Office, settings_of

WRITERS = 8
BATCHES = 40
ON_POSTGRES = pytest.mark.parametrize("store", ["postgres"], indirect=True)


@pytest.fixture
def event(office: Office) -> Record:
    return office.stored("business-unit:OPS")[0]


@pytest.fixture
def url(store: str) -> str:
    return store


def stored(app: Governance) -> tuple[int, int]:
    return app.store.max_notification_id() or 0, app.store.last_entry()


class TestManyWriters:
    def test_a_reader_that_goes_on_misses_nothing(self, office: Office, event: Record) -> None:
        first, seq = stored(office.app)
        ready, done = threading.Barrier(WRITERS + 1), threading.Event()
        seen: list[tuple[int, str]] = []
        names: list[tuple[int, str]] = []

        def write(writer: int) -> None:
            with closing(Governance(office.settings)) as app:
                ready.wait(20)
                for n in range(BATCHES):
                    stream = f"business-unit:W{writer}-{n}"
                    records = [replace(event, stream=stream, version=v) for v in range(1, 2 + n % 3)]
                    app.append(records, entries=[Entry(f"note:{stream}", "text", "x", "salt")])

        def read() -> None:
            position, entry = first, seq
            with closing(Governance(office.settings)) as app:
                ready.wait(20)
                while True:
                    last = done.is_set()
                    found = app.store.values_after(position, 1_000)
                    written = app.store.entries_after(entry, 1_000)
                    seen.extend((at, stream) for at, stream, _ in found)
                    names.extend((at, subject) for at, subject, _, _, _ in written)
                    position = found[-1][0] if found else position
                    entry = written[-1][0] if written else entry
                    if last and not found and not written:
                        return

        reader = threading.Thread(target=read)
        reader.start()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, range(WRITERS)))
        done.set()
        reader.join(30)
        streams = {f"business-unit:W{w}-{n}": 1 + n % 3 for w in range(WRITERS) for n in range(BATCHES)}
        assert [at for at, _ in seen] == list(range(first + 1, first + 1 + sum(streams.values())))
        assert {stream: [s for _, s in seen].count(stream) for stream in streams} == streams
        assert {subject for _, subject in names} == {f"note:{stream}" for stream in streams}
        # what belongs together stands together: no other writer's events in between
        runs = 1 + sum(one != other for (_, one), (_, other) in pairwise(seen))
        assert runs == len(streams)

    @pytest.mark.parametrize("clash", ["version", "digest"])
    def test_who_comes_second_leaves_nothing_behind(self, office: Office, event: Record, clash: str) -> None:
        before = stored(office.app)
        record = replace(event, version=1 if clash == "version" else 2)
        digest = CommandDigest(event.stream, "c-new" if clash == "version" else event.command_id, "x")
        with closing(Governance(office.settings)) as other, pytest.raises(IntegrityError):
            other.append([record], entries=[Entry("note:1", "text", "x", "salt")], digests=[digest])
        assert stored(office.app) == before
        assert office.app.store.digest(event.stream, "c-new") is None
        # and no position is lost by it
        office.do("project propose", **PROPOSAL)
        assert office.app.store.max_notification_id() == before[0] + 1

    def test_a_name_that_changes_is_read_again_and_of_two_at_once_the_last_counts(self, office: Office) -> None:
        seq = office.app.store.last_entry()
        office.app.append([], entries=[Entry("person:A", "name", each, "s") for each in ("Ann", "Anne")])
        [(first, *entry)] = office.app.store.entries_after(seq, 9)
        assert entry == ["person:A", "name", "Anne", "s"]
        office.app.append([], entries=[Entry("person:A", "name", None, "")])
        [(second, *entry)] = office.app.store.entries_after(seq, 9)
        assert (second > first, entry) == (True, ["person:A", "name", None, ""])
        assert office.app.store.values(["person:A"]) == {}
        assert office.app.store.has_entry("person:A", "name")

    def test_a_note_that_is_written_again_is_the_same_and_an_erased_one_stays_erased(self, office: Office) -> None:
        note, store = Entry("note:1", "text", "x", "salt"), office.app.store
        office.app.append([], entries=[note])
        office.app.append([], entries=[note])
        assert store.values(["note:1"]) == {"note:1": {"text": "x"}}
        office.app.append([], entries=[Entry("note:1", "text", None)])
        office.app.append([], entries=[note])
        assert store.values(["note:1"]) == {}
        assert store.erased(["note:1"]) == {"note:1": {"text"}}


@ON_POSTGRES
class TestLostConnections:
    def test_commands_are_recorded_once_while_connections_end(self, office: Office, postgres: Postgres) -> None:
        office.do("project propose", **PROPOSAL)
        office.do("project start", project="crane-7", at_risk="storm damage")
        ended = threading.Event()

        def end_them() -> None:
            for _ in range(12):
                postgres.end_connections(database_of(office.settings.store.get_secret_value()))
                time.sleep(0.04)
            ended.set()

        ender = threading.Thread(target=end_them)
        ender.start()
        ids = []
        while not ended.is_set():
            meta = Meta(ME, command_id=f"r-{len(ids)}")
            office.do("project report", meta, project="crane-7", percent_complete="0.5", actual_cost="1")
            ids.append(meta.command_id)
        ender.join()
        records = office.stored("project:CRANE-7")
        assert [r.version for r in records] == list(range(1, len(ids) + 3))
        assert [r.command_id for r in records[2:]] == ids

    def test_who_loses_the_connection_no_longer_leads(self, office: Office, postgres: Postgres) -> None:
        store = office.app.store
        with store.lead() as leads, closing(Governance(office.settings)) as other:
            assert leads is not None
            with other.store.lead() as second:
                assert second is None
            assert leads()
            assert other.store.is_led()
            postgres.end_connections(database_of(office.settings.store.get_secret_value()))
            with other.store.lead() as second:
                assert second is not None
                assert second()
                assert not leads()
        assert not store.is_led()


class TestWhoseItIs:
    @pytest.mark.parametrize(
        ("changes", "error", "words"),
        [
            ({"workspace_id": "other"}, BadInput, r"another workspace \(test, not other\)"),
            ({"secret": "another secret of ours"}, BadInput, "another secret"),
        ],
    )
    def test_another_workspaces_store_is_refused(
        self, planned: Office, changes: dict[str, str], error: type[PmoError], words: str
    ) -> None:
        before = stored(planned.app)
        wrong = planned.settings.model_copy(update=Settings.of({**settings_raw(planned.settings), **changes}).__dict__)
        with pytest.raises(error, match=words), open_app(wrong):
            pass
        assert stored(planned.app) == before

    def test_a_newer_programs_store_is_refused(self, planned: Office) -> None:
        planned.app.store.write("UPDATE workspace SET format = ?", FORMAT + 1)
        with pytest.raises(Unavailable, match="newer pmo.*update pmo"), open_app(planned.settings):
            pass

    def test_its_own_store_opens_again_and_again(self, planned: Office) -> None:
        before = planned.rows()
        for _ in range(2):
            with open_app(planned.settings) as app:
                assert [value for _, _, value in app.store.values_after(0, 99)] == [value for _, value in before]

    def test_many_who_open_a_new_one_at_once_make_it_once(self, tmp_path: Path, store: str) -> None:
        settings, together = settings_of(tmp_path, store=store), threading.Barrier(6)

        def start(_: int) -> list[tuple[str, ...]]:
            together.wait(10)
            with open_app(settings) as app:
                return [tuple(row) for row in app.store.rows("SELECT id FROM workspace")]

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(start, range(6))) == [[("test",)]] * 6


def settings_raw(settings: Settings) -> dict[str, object]:
    raw = settings.model_dump()
    return {**raw, "secret": settings.secret.get_secret_value(), "store": settings.store.get_secret_value()}


@ON_POSTGRES
class TestWhatIsNoStore:
    @pytest.fixture
    def refused(self, tmp_path: Path) -> Iterator[Callable[[str, type[PmoError], str], None]]:
        def check(url: str, error: type[PmoError], words: str) -> None:
            with pytest.raises(error, match=words) as said, open_app(settings_of(tmp_path, store=url)):
                pass
            assert "\n" not in str(said.value)
            assert not any(part in str(said.value) for part in (PASSWORD, "s3cr3t", "p%40ss", "word/"))

        yield check

    def test_a_server_that_refuses_or_is_away(
        self, postgres: Postgres, url: str, refused: Callable[[str, type[PmoError], str], None]
    ) -> None:
        database = database_of(url)
        refused(
            postgres.url(database, password="s3cr3t"), Unavailable, "refuses .*pmo:.*password authentication failed"
        )
        refused(postgres.url("nowhere"), Unavailable, 'database "nowhere" does not exist')
        refused(f"postgresql://pmo:s3cr3t@127.0.0.1:9/{database}", Unavailable, "No Postgres answers at .*refused")
        refused(f"{url}?sslmode=never", Unavailable, "sslmode")
        refused(f"{url}?colour=red", BadInput, "colour")
        assert postgres.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database) == []

    def test_a_database_of_something_else(
        self, postgres: Postgres, url: str, refused: Callable[[str, type[PmoError], str], None]
    ) -> None:
        database = database_of(url)
        postgres.run("CREATE TABLE directory (phone text)", database)
        refused(url, BadInput, 'tables of something else .*"directory" already exists')
        assert postgres.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database) == [("directory",)]
        postgres.run("CREATE TABLE workspace (desk text)", database)
        refused(url, BadInput, "tables of something else")

    def test_a_user_without_rights(
        self, postgres: Postgres, url: str, refused: Callable[[str, type[PmoError], str], None]
    ) -> None:
        database = database_of(url)
        postgres.run(f"CREATE ROLE guest_{database} LOGIN PASSWORD 's3cr3t'")
        refused(postgres.url(database, f"guest_{database}", "s3cr3t"), Unavailable, "too few rights.*owner")

    def test_a_workspace_whose_history_is_in_sqlite(
        self, tmp_path: Path, postgres: Postgres, url: str, refused: Callable[[str, type[PmoError], str], None]
    ) -> None:
        with closing(Office(settings_of(tmp_path)).app):
            pass
        with open_app(settings_of(tmp_path, store=url)):
            # a file that holds nothing is in nobody's way
            pass
        other = postgres.new_database()
        office = Office(settings_of(tmp_path))
        office.do("unit register", unit="ops", name="Operations")
        office.app.close()
        refused(other, BadInput, r"events\.sqlite holds this workspace's history.*pmo restore --store")
        assert postgres.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database_of(other)) == []

    def test_codes_to_complete_need_a_store(self, planned: Office, postgres: Postgres) -> None:
        empty = settings_of(planned.settings.home, store=postgres.new_database())
        assert planned.settings.postgres is not None
        assert empty.postgres is not None
        assert (keys(planned.settings.postgres, "project"), keys(empty.postgres, "project")) == (["CRANE-7"], [])


@ON_POSTGRES
def test_no_statement_reaches_history_past_the_program(planned: Office, postgres: Postgres) -> None:
    database, before = database_of(planned.settings.store.get_secret_value()), planned.rows()
    for statement in (
        "UPDATE stored_events SET state = ''",
        "DELETE FROM stored_events WHERE originator_version = 1",
        "TRUNCATE stored_events",
        "SET session_replication_role = replica; DELETE FROM stored_events",
        "INSERT INTO stored_events SELECT * FROM stored_events ON CONFLICT (originator_id, originator_version) "
        "DO UPDATE SET state = ''",
    ):
        with pytest.raises(Exception, match="events are immutable"):
            postgres.run(statement, database)
    assert planned.rows() == before


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://pmo:p%40ss@db:5433/pmo", "postgresql://pmo:***@db:5433/pmo"),
        ("postgresql://pmo:p@ss@db/pmo?sslmode=require", "postgresql://pmo:***@db/pmo"),
        ("postgres://pmo@db/pmo?password=pass", "postgresql://pmo:***@db/pmo"),
        ("postgresql:///pmo?host=/run/postgresql", "postgresql:///run/postgresql/pmo"),
    ],
)
def test_an_address_is_shown_without_its_password(tmp_path: Path, url: str, place: str) -> None:
    settings = settings_of(tmp_path, store=url)
    assert settings.store_place == place
    assert not any("ss@db" in shown or "pass" in shown for shown in (repr(settings), repr(settings.postgres)))


@pytest.mark.parametrize(
    "url",
    [
        "s3cr3t",
        "mysql://pmo:s3cr3t@db/pmo",
        "postgresql://pmo:s3cr3t@db",
        "postgresql://pmo:s3cr3t@/pmo",
        "postgresql://pmo:12/s3cr3t@db/pmo",
        "postgresql://pmo:s3cr3t@db:port/pmo",
        "postgresql://pmo:s3cr3t@db:99999/pmo",
        "postgresql://pmo:s3cr3t@[db/pmo",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput, match="'store' is wrong.*must look like postgresql://") as refused:
        settings_of(tmp_path, store=url)
    assert "s3cr3t" not in str(refused.value)


def test_the_librarys_variables_in_the_environment_decide_nothing(
    planned: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PERSISTENCE_MODULE", "MAPPER_TOPIC", "POSTGRES_ENABLE_DB_FUNCTIONS", "COMPRESSOR_TOPIC"):
        monkeypatch.setenv(name, "y")
        monkeypatch.setenv(f"PMO_{name}", "y")
    with closing(Governance(planned.settings)) as app:
        assert app.history("project:CRANE-7").records[0].recorded_at == NOW


def test_an_event_of_a_newer_program_is_said_to_be_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    registered = "pmo.business-unit.registered.v1"
    assert office.stored("business-unit:OPS")[0].type_name == registered
    monkeypatch.delitem(catalogue.BY_TYPE, registered)
    with (
        closing(Governance(office.settings)) as other,
        pytest.raises(Unavailable, match=r"does not know \(pmo\.business-unit\.registered\.v1\).*; update"),
    ):
        other.history("business-unit:OPS")
