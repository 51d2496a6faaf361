"""What docs/operations.md says is refused at start: each tried as a user would, with nothing written anywhere."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.catalogue import KINDS
from services import bus
from services.commands.app import Governance
from services.commands.relay import Relay
from services.commands.store import FORMAT
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.schema import connect
from services.settings import Settings
from services.topics import topics
from tests.clickhouse import ROOT, Server
from tests.e2e.cli import Pmo
from tests.integration.workspaces import command, declare, workspace
from tests.postgres import Postgres, database_of

PAGE = (ROOT / "docs" / "operations.md").read_text().partition("## What is refused at start")[2].partition("\n## ")[0]
ROWS = {name: (said, int(code)) for name, said, code in re.findall(r"^\| (.+?) \| \"(.+?)\" \| (\d) \|$", PAGE, re.M)}
RECORD = ("unit", "register", "OPS", "--name", "Operations")
ASK = ("kpi", "on-time")


@dataclass
class Place:
    """A workspace, what it may be connected to, and how that is asked whether anything was written."""

    pmo: Pmo
    settings: Settings
    set: Callable[[str, str], None]
    broker: str
    prefix: str
    postgres: Postgres
    folder: Path


@pytest.fixture
def place(tmp_path: Path, broker: str, prefix: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Place:
    settings = workspace(tmp_path / "home")
    return Place(Pmo(settings.home), settings, monkeypatch.setenv, broker, prefix, postgres, tmp_path)


@contextmanager
def a_server(folder: Path, **said: str) -> Iterator[str]:
    """A ClickHouse of its own; its address."""
    (folder / "server").mkdir(parents=True, exist_ok=True)
    server = Server(folder / "server", **said)
    server.start()
    try:
        yield server.url("pmo")
    finally:
        server.kill()


def other(place: Place, **given: str) -> Settings:
    return workspace(place.folder / "other", workspace_id="other", **given)


def said(place: Place, *args: str) -> tuple[int, str]:
    """The exit code and the one sentence of what fails."""
    result = place.pmo(*args)
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.output
    assert "Traceback" not in result.output
    return result.exit_code, lines[0].removeprefix("Error: ")


_MADE = "SELECT count() FROM system.databases WHERE name = 'pmo'"


def _default(url: str) -> str:
    return url.replace("/pmo", "/default")


def wrong_postgres_password(place: Place) -> Iterator[tuple[int, str]]:
    url = place.postgres.new_database()
    place.set("PMO_STORE", place.postgres.url(database_of(url), password="wrong-word"))
    yield said(place, *RECORD)
    assert place.postgres.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database_of(url)) == []


def wrong_clickhouse_password(place: Place) -> Iterator[tuple[int, str]]:
    with a_server(place.folder, password="right") as url:
        place.set("PMO_CLICKHOUSE", url.replace("default@", "default:wrong-word@"))
        place.set("PMO_KAFKA", place.broker)
        place.set("PMO_TOPIC_PREFIX", place.prefix)
        yield said(place, *ASK)
        yield said(place, "worker")
        right = url.replace("default@", "default:right@")
        with ClickHouse.server(_default(right), create=False) as server:
            assert server.scalar(_MADE) == 0


def older_clickhouse(place: Place) -> Iterator[tuple[int, str]]:
    with a_server(place.folder, version="23.8.2.7") as url:
        place.set("PMO_CLICKHOUSE", url)
        place.set("PMO_KAFKA", place.broker)
        place.set("PMO_TOPIC_PREFIX", place.prefix)
        yield said(place, *ASK)
        yield said(place, "worker")
    with a_server(place.folder) as url, ClickHouse.server(_default(url), create=False) as server:
        assert server.scalar(_MADE) == 0


def newer_tables(place: Place) -> Iterator[tuple[int, str]]:
    with connect(place.settings) as clickhouse:
        clickhouse.command(
            "INSERT INTO definitions (workspace, fingerprint, types) VALUES ('test', 'later', ['pmo.rate.set.v9'])"
        )
        before = clickhouse.rows("SELECT name FROM system.tables ORDER BY name")
    yield said(place, *ASK)
    yield said(place, "up", "--embedded")
    with ClickHouse.embedded(place.settings.clickhouse_path) as clickhouse:
        assert clickhouse.rows("SELECT name FROM system.tables ORDER BY name") == before
        assert clickhouse.scalar("SELECT count() FROM definitions") == 2


def tables_of_another(place: Place) -> Iterator[tuple[int, str]]:
    with a_server(place.folder) as url:
        with connect(other(place, clickhouse=url)):
            pass
        place.set("PMO_CLICKHOUSE", url)
        yield said(place, *ASK)
        place.set("PMO_KAFKA", place.broker)
        place.set("PMO_TOPIC_PREFIX", place.prefix)
        yield said(place, "worker")
        with ClickHouse.server(url) as server:
            assert server.scalar("SELECT groupUniqArray(workspace) FROM definitions") == ["other"]


def newer_store(place: Place) -> Iterator[tuple[int, str]]:
    for store in ("", place.postgres.new_database()):
        place.set("PMO_STORE", store)
        with closing(Governance(Settings.load(place.settings.home))) as app:
            app.store.write("UPDATE workspace SET format = ?", FORMAT + 1)
        yield said(place, *RECORD)


def newer_event(place: Place) -> Iterator[tuple[int, str]]:
    with closing(Governance(place.settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        (value,) = app.store.states_after("business-unit:OPS", 0)
        value = bytes(value).replace(b"registered.v1", b"registered.v9").replace(b"OPS/1", b"OPS/2")
        position = "business-unit:OPS", 2, "pmo.business-unit.registered.v9", value
    _past_the_program(place.settings.store_path, position)
    yield said(place, "unit", "rename", "OPS", "--name", "Operations and works")


def _past_the_program(store: Path, row: tuple[str, int, str, bytes]) -> None:
    with closing(sqlite3.connect(store)) as file:
        into = "stored_events (originator_id, originator_version, topic, state)"
        file.execute(f"INSERT INTO {into} VALUES (?, ?, ?, ?)", row)
        file.commit()


def store_of_another(place: Place) -> Iterator[tuple[int, str]]:
    url = place.postgres.new_database()
    with closing(Governance(other(place, store=url))):
        pass
    place.set("PMO_STORE", url)
    yield said(place, *RECORD)
    assert place.postgres.run("SELECT count(*) FROM stored_events", database_of(url)) == [(0,)]


def other_partitions(place: Place) -> Iterator[tuple[int, str]]:
    # one of them is enough, and the others are then not made beside it
    bus.declare(place.broker, topics(place.prefix, KINDS, 2, 1)[:1])
    place.set("PMO_KAFKA", place.broker)
    place.set("PMO_TOPIC_PREFIX", place.prefix)
    place.pmo.ok(*RECORD)
    yield said(place, "relay", "--once")
    yield said(place, "worker")
    yield said(place, "up")
    with pytest.raises(Unavailable, match="has no topic"):
        bus.end_offsets(place.broker, [topics(place.prefix, KINDS, 2, 1)[1].name])


def topics_of_another(place: Place) -> Iterator[tuple[int, str]]:
    owner = other(place, kafka=place.broker, topic_prefix=place.prefix)
    declare(owner)
    with closing(Governance(owner)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        Relay(app, place.broker, owner).run_once()
    before = bus.end_offsets(place.broker, [t.name for t in topics(place.prefix, KINDS, 4, 1)])
    place.set("PMO_KAFKA", place.broker)
    place.set("PMO_TOPIC_PREFIX", place.prefix)
    place.pmo.ok(*RECORD)
    yield said(place, "relay", "--once")
    yield said(place, "worker")
    yield said(place, "up")
    assert bus.end_offsets(place.broker, [t.name for t in topics(place.prefix, KINDS, 4, 1)]) == before


def no_postgres(place: Place) -> Iterator[tuple[int, str]]:
    place.set("PMO_STORE", "postgresql://pmo:wrong-word@127.0.0.1:9/pmo")
    yield said(place, *RECORD)


def no_clickhouse(place: Place) -> Iterator[tuple[int, str]]:
    place.set("PMO_CLICKHOUSE", "http://127.0.0.1:9/pmo")
    yield said(place, *ASK)


def no_kafka(place: Place) -> Iterator[tuple[int, str]]:
    place.set("PMO_KAFKA", "127.0.0.1:9")
    yield said(place, "relay", "--once")


CASES = {
    "no Postgres there": no_postgres,
    "no ClickHouse there": no_clickhouse,
    "no Kafka there": no_kafka,
    "wrong user or password of Postgres": wrong_postgres_password,
    "wrong user or password of ClickHouse": wrong_clickhouse_password,
    "a ClickHouse that is too old": older_clickhouse,
    "tables made by a newer program": newer_tables,
    "tables of another workspace": tables_of_another,
    "a store made by a newer program": newer_store,
    "an event of a newer program": newer_event,
    "a store of another workspace": store_of_another,
    "topics of other partitions than set": other_partitions,
    "topics of another workspace": topics_of_another,
}


def test_the_page_lists_what_is_tried_here() -> None:
    assert list(ROWS) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_in_the_words_of_the_page(name: str, place: Place) -> None:
    words, code = ROWS.get(name, ("nothing", 0))
    told = list(CASES[name](place))
    assert told
    for exit_code, sentence in told:
        assert re.fullmatch(".+".join(re.escape(part) for part in words.split("...")), sentence), sentence
        assert exit_code == code
        assert "wrong-word" not in sentence
