"""Erasure in the store, of both kinds: what is found by what one has in hand, and that no byte of it stays."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from services.commands import erasing
from services.commands.app import Governance, Meta
from services.commands.directory import Entry
from services.errors import BadInput, NotFound, Unavailable
from tests.postgres import PASSWORD, Postgres, database_of
from tests.unit.commands.office import ME, Office

NAME, EMAIL = "Zebulon Quist", "zebulon@example.org"
REASON = "the wisteria has grown into the gearbox"


@pytest.fixture
def staffed(planned: Office) -> Office:
    """With a person of a name that nothing else holds, others, and a note."""
    planned.do("person join", person="zq", unit="ops", role="rigger", name=NAME, email=EMAIL)
    for n in range(40):
        planned.do("person join", person=f"p{n}", unit="ops", role="rigger", name=f"Person {n} of the others")
    planned.do("project start", Meta(ME), project="crane-7", at_risk=REASON)
    return planned


def person(office: Office, said: str = "zq") -> erasing.Known:
    return erasing.find_person(office.app, said)


def note(office: Office) -> erasing.Known:
    return erasing.find_notes(office.app, f"project:CRANE-7/{len(office.stored('project:CRANE-7'))}")[0]


def bytes_of(office: Office, postgres: Postgres | None = None) -> bytes:
    """All that the store's files hold."""
    if postgres is None:
        folder = office.settings.home
        return b"".join(file.read_bytes() for file in sorted(folder.glob("events.sqlite*")))
    database = database_of(office.settings.store.get_secret_value())
    postgres.run("CHECKPOINT")
    [(data, oid)] = postgres.run(
        "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()", database
    )
    return b"".join(file.read_bytes() for file in sorted((Path(data) / "base" / str(oid)).iterdir()))


@pytest.fixture
def held(staffed: Office, request: pytest.FixtureRequest) -> "Held":
    is_postgres = staffed.settings.postgres is not None
    return Held(staffed, request.getfixturevalue("postgres") if is_postgres else None)


class Held:
    def __init__(self, office: Office, postgres: Postgres | None) -> None:
        self.office, self.postgres = office, postgres

    def __call__(self, *texts: str) -> set[str]:
        found = bytes_of(self.office, self.postgres)
        return {text for text in texts if text.encode() in found}


class TestNoByteStays:
    def test_of_a_person(self, staffed: Office, held: Held) -> None:
        assert held(NAME, EMAIL) == {NAME, EMAIL}
        others, events = staffed.directory(), staffed.rows()
        found = person(staffed)
        assert found.values == {"name": NAME, "email": EMAIL}
        erasing.erase(staffed.app, [found])
        assert held(NAME, EMAIL) == set()
        assert held("Person 39 of the others", REASON)
        left = staffed.directory()
        assert {key: value for key, value in left.items() if key[0] != found.subject} == {
            key: value for key, value in others.items() if key[0] != found.subject
        }
        own = {key[1]: value for key, value in left.items() if key[0] == found.subject}
        assert own == dict.fromkeys(erasing.PERSONAL, (None, ""))
        # positions too: they are what readers go on from
        assert staffed.rows() == events

    def test_of_a_note_nor_what_a_guess_could_be_checked_by(self, staffed: Office, held: Held) -> None:
        found = note(staffed)
        record = staffed.stored("project:CRANE-7")[-1]
        [(_, salt)] = [value for key, value in staffed.directory().items() if key[0] == found.subject]
        assert held(REASON, salt) == {REASON, salt}
        digest = staffed.app.store.digest(record.stream, record.command_id)
        assert digest
        erasing.erase(staffed.app, [found])
        assert held(REASON, salt) == set()
        assert staffed.app.store.digest(record.stream, record.command_id) is None

    def test_of_names_that_were_changed_before(self, staffed: Office, held: Held) -> None:
        subject = person(staffed).subject
        for n in range(50):
            staffed.app.append([], entries=[Entry(subject, "name", f"Zebulon the {n}th")])
        assert held("Zebulon the 49th")
        erasing.erase(staffed.app, [person(staffed)])
        assert held("Zebulon") == set()

    def test_again_completes_what_was_interrupted(self, staffed: Office, held: Held) -> None:
        subject = person(staffed).subject
        staffed.app.append([], entries=[Entry(subject, field, None) for field in erasing.PERSONAL])
        assert person(staffed).is_erased
        erasing.erase(staffed.app, [person(staffed)])
        assert held(NAME, EMAIL) == set()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
class TestOnSqlite:
    def test_free_pages_of_a_file_from_before_are_zeroed(self, staffed: Office, held: Held) -> None:
        with closing(sqlite3.connect(staffed.settings.store_path, isolation_level=None)) as old:
            old.execute("PRAGMA secure_delete=OFF")
            old.execute("CREATE TABLE planted (x)")
            old.executemany("INSERT INTO planted VALUES (?)", [(f"{NAME} {n} {'x' * 900}",) for n in range(400)])
            old.execute("DROP TABLE planted")
            assert old.execute("PRAGMA freelist_count").fetchone()[0] > 50
        assert held(f"{NAME} 399")
        erasing.erase(staffed.app, [person(staffed)])
        assert held(NAME) == set()

    def test_pages_that_another_program_left_dirty_are_not_kept(self, staffed: Office, held: Held) -> None:
        subject = person(staffed).subject
        with closing(sqlite3.connect(staffed.settings.store_path, isolation_level=None)) as other:
            other.execute("PRAGMA secure_delete=OFF")
            for n in range(400):
                of, name = (subject, f"Zebulon the {n}th") if n % 2 else (f"person:{n}", "y" * (n % 97))
                other.execute(
                    "INSERT OR REPLACE INTO directory (subject, field, value, salt) VALUES (?, 'name', ?, '')",
                    (of, name),
                )
        assert held("Zebulon the 1th", "Zebulon the 201th")
        erasing.erase(staffed.app, [person(staffed)])
        assert held("Zebulon") == set()

    def test_a_reader_at_work_is_named_and_the_same_again_completes_it(self, staffed: Office, held: Held) -> None:
        with closing(sqlite3.connect(staffed.settings.store_path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM directory").fetchall()
            with staffed.app.store.datastore.get_connection(commit=False) as connection:  # type: ignore[attr-defined]
                connection.cursor().execute("PRAGMA busy_timeout = 200")
            with pytest.raises(Unavailable, match="a reader at work.*run the same command again"):
                erasing.erase(staffed.app, [person(staffed)])
        erasing.erase(staffed.app, [person(staffed)])
        assert held(NAME) == set()


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_an_old_transaction_on_the_server_keeps_nothing_alive(staffed: Office, held: Held, postgres: Postgres) -> None:
    database = database_of(staffed.settings.store.get_secret_value())
    with closing(
        psycopg.connect(host="127.0.0.1", port=postgres.port, user="pmo", password=PASSWORD, dbname=database)
    ) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM stored_events")
        assert held(NAME) == {NAME}
        erasing.erase(staffed.app, [person(staffed)])
        assert held(NAME, EMAIL) == set()


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_the_servers_statistics_sample_no_names(staffed: Office, postgres: Postgres) -> None:
    database = database_of(staffed.settings.store.get_secret_value())
    postgres.run("ANALYZE directory", database)
    sampled = {name for (name,) in postgres.run("SELECT attname FROM pg_stats WHERE tablename = 'directory'", database)}
    assert "subject" in sampled
    assert sampled.isdisjoint({"value", "salt"})


class TestNothingBringsItBack:
    def test_neither_the_same_command_nor_another_field(self, staffed: Office) -> None:
        erasing.erase(staffed.app, [person(staffed)])
        subject = person(staffed).subject
        staffed.do("person leave", person="zq", reason="resignation")
        staffed.do("person join", person="zq", unit="ops", role="rigger", name=NAME, email=EMAIL)
        staffed.app.append([], entries=[Entry(subject, "nickname", "Zeb"), Entry("person:B", "name", "Bo")])
        assert staffed.app.store.values([subject, "person:B"]) == {"person:B": {"name": "Bo"}}
        assert staffed.app.suppressed == {subject}
        assert staffed.app.store.has_entry(subject, "login")

    def test_not_even_those_who_write_it_at_the_same_moment(self, staffed: Office, held: Held) -> None:
        found = person(staffed)
        ready = threading.Barrier(5)

        def write(writer: int) -> None:
            with closing(Governance(staffed.settings)) as app:
                ready.wait(20)
                for n in range(25):
                    app.append([], entries=[Entry(found.subject, erasing.PERSONAL[writer % 3], f"{NAME} {n}")])

        with ThreadPoolExecutor(4) as writers:
            written = [writers.submit(write, n) for n in range(4)]
            ready.wait(20)
            erasing.erase(staffed.app, [found])
            for each in written:
                each.result()
        assert person(staffed).is_erased
        assert held(NAME) == set()

    def test_until_that_is_lifted(self, staffed: Office) -> None:
        erasing.erase(staffed.app, [person(staffed)])
        erasing.lift(staffed.app, person(staffed))
        again = person(staffed)
        assert (again.values, again.erased) == ({}, frozenset())
        assert not staffed.app.store.has_entry(again.subject, "login")
        staffed.do("person leave", person="zq", reason="resignation")
        staffed.do("person join", person="zq", unit="ops", role="rigger", name=NAME)
        assert person(staffed).values == {"name": NAME}
        assert staffed.app.suppressed == set()


class TestFinding:
    @pytest.mark.parametrize("said", ["zq", " ZQ ", NAME, NAME.upper(), EMAIL])
    def test_a_person_by_what_one_has_in_hand(self, staffed: Office, said: str) -> None:
        assert person(staffed, said).values["name"] == NAME

    def test_a_person_by_pseudonym(self, staffed: Office) -> None:
        subject = person(staffed).subject
        assert person(staffed, subject) == person(staffed, subject.removeprefix("person:")) == person(staffed)

    def test_a_person_whom_only_the_log_knows(self, staffed: Office) -> None:
        staffed.do("person join", person="nameless", unit="ops", role="rigger")
        found = person(staffed, "nameless")
        assert (found.values, found.is_erased) == ({}, False)
        erasing.erase(staffed.app, [found])
        assert person(staffed, "nameless").is_erased

    def test_nobody(self, staffed: Office) -> None:
        with pytest.raises(NotFound, match="did you mean zebulon quist"):
            person(staffed, "Zebulon Quits")
        with pytest.raises(BadInput, match="a person's key is empty"):
            person(staffed, " ")

    def test_several_of_one_name(self, staffed: Office) -> None:
        staffed.do("person join", person="zq2", unit="ops", role="rigger", name=NAME)
        with pytest.raises(BadInput, match=r"Several people.*person:\w{20}, person:\w{20}; give one"):
            person(staffed, NAME)

    def test_a_note_by_its_id_or_event(self, staffed: Office) -> None:
        subject = note(staffed).subject
        for said in (subject, subject.removeprefix("note:")):
            assert erasing.find_notes(staffed.app, said) == [note(staffed)]
        assert note(staffed).values == {"text": REASON}

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ("0" * 32, "no note 0{32}; 'pmo history"),
            ("project:CRANE-7/99", "no event project:CRANE-7/99"),
            ("project:CRANE-7/0", "no event"),
            ("project:CRANE-7", "no event"),
            ("project:CRANE-7/1", "has no note"),
        ],
    )
    def test_no_note(self, staffed: Office, said: str, why: str) -> None:
        with pytest.raises(NotFound, match=why):
            erasing.find_notes(staffed.app, said)

    def test_notes_that_mention_somebody_by_whole_words(self, staffed: Office) -> None:
        for text in (f"asked {NAME.lower()}, who agreed", "Zebulon Quistgaard agreed", "zq: fine", "fizzqa"):
            staffed.do("project start", Meta(ME), project="crane-7", at_risk=text)
        found = erasing.notes_that_mention(staffed.app, [NAME, "zq"])
        texts = {value["text"] for value in staffed.app.store.values(found).values()}
        assert texts == {f"asked {NAME.lower()}, who agreed", "zq: fine"}
        assert erasing.notes_that_mention(staffed.app, []) == []
