"""A rebuild that was frozen for so long that workers took it for dead: what landed meanwhile is not lost.

It stands still wherever it hurts: while the source is read, right before two tables are exchanged, and while a worker's
batch is on its way into the former table.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.catch_up import catch_up, entries_from_store, values_from_store
from services.commands.app import Governance
from services.commands.directory import Entry
from services.commands.relay import Relay
from services.errors import Unavailable
from services.projections import beside
from services.projections.beside import being_filled, drop_abandoned
from services.projections.bulk import bulk_from_kafka, entries_from_kafka, values_from_kafka
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.projections.filling import fill_from
from services.projections.kept import kept_states
from services.projections.projector import Checkpoint, Projector, staged
from services.projections.rebuilding import rebuild, rebuild_directory, rebuild_events
from services.projections.schema import connect
from services.runtime import quiet
from services.settings import Settings
from services.verify import verify_clickhouse, verify_store
from tests.clickhouse import Server
from tests.integration.workspaces import ROOT, command, declare, fill, until, workspace

EVENTS, MORE = 200, 50
NAME, OTHER_NAME = "Zebulon Quist", "Anouk Verhoeven"
FIRST = itertools.count(EVENTS, MORE)
"""Where the events begin that come meanwhile: the tests share a workspace, which grows."""
LANDED, PROJECTS = table("events").physical, table("project_events").physical


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return workspace(tmp_path_factory.mktemp("frozen") / "home", kafka="")


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Governance]:
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        command(app, "person join", person="ann@example.org", unit="OPS", role="Pilot", name=NAME)
        fill(app, EVENTS)
        yield app


@pytest.fixture(scope="module")
def clickhouse(app: Governance, settings: Settings) -> Iterator[ClickHouse]:
    """Everything has landed."""
    with connect(settings) as clickhouse:
        catch_up(app, clickhouse, quiet)
        yield clickhouse


@pytest.fixture
def taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after half a minute without a sign of life: nobody lands into the tables that are being filled."""
    monkeypatch.setattr(beside, "_LEASE_S", -1)


class Frozen:
    """Lets something happen before, and something after, the first statement that begins with these words."""

    def __init__(self, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[str], None] = lambda _: None
        self.was = False
        self._run, self._words = clickhouse.command, words
        monkeypatch.setattr(clickhouse, "command", self._command)

    def _command(self, statement: str, params: Any = None) -> None:
        due = not self.was and statement.startswith(self._words)
        if due:
            self.was = True
            self.before()
        self._run(statement, params)
        if due:
            # under the fresh one's name stands the former one now
            self.after(statement.split()[2])


def lands(app: Governance, clickhouse: ClickHouse) -> None:
    """Another process records events and lands them."""
    fill(app, MORE, next(FIRST))
    with clickhouse.session() as own:
        catch_up(app, own, quiet)


def ends_in(app: Governance, clickhouse: ClickHouse, former: str, name: str) -> None:
    """A batch whose statement began before the exchange: its rows come to stand in the former table, and it is said."""
    position = app.store.max_notification_id() or 0
    fill(app, MORE, next(FIRST))
    values = [value for _, _, value in app.store.values_after(position, MORE)]
    with clickhouse.session() as own, staged(own, values) as batch:
        if name != "events":
            fill_from(own, LANDED, table("events"), batch)
        fill_from(own, former, table(name), batch)
        Projector(own).checkpoint([Checkpoint("store", 0, position + MORE, position + MORE)])


def assert_whole(app: Governance, settings: Settings, clickhouse: ClickHouse) -> None:
    log, parts = verify_store(settings, app, (), None, "", quiet)
    parts += verify_clickhouse(app, clickhouse, log, quiet)
    assert [difference for part in parts for difference in part.differences] == []
    assert [part.note for part in parts if part.note] == []
    for physical in (LANDED, PROJECTS):
        counts = clickhouse.rows(f"SELECT count() AS there, uniqExact(stream, version) AS each FROM {physical}")
        assert counts[0]["there"] == counts[0]["each"] >= EVENTS + MORE, physical


@pytest.mark.usefixtures("taken_for_dead")
@pytest.mark.parametrize("when", ["reading", "before", "after"])
def test_events_from_the_store(
    when: str, app: Governance, settings: Settings, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = values_from_store(app, quiet)
    frozen = Frozen(clickhouse, monkeypatch, f"EXCHANGE TABLES {LANDED}")
    if when == "before":
        frozen.before = lambda: lands(app, clickhouse)
    elif when == "after":
        frozen.after = lambda former: ends_in(app, clickhouse, former, "events")

    def read() -> Iterator[Sequence[bytes]]:
        yield from values()
        if when == "reading" and not frozen.was:
            frozen.was = True
            lands(app, clickhouse)

    rebuild_events(clickhouse, read)
    assert frozen.was
    rebuild(clickhouse, ["project_events"])
    assert_whole(app, settings, clickhouse)


@pytest.mark.usefixtures("taken_for_dead")
def test_one_whose_table_was_cleared_away_says_so(app: Governance, clickhouse: ClickHouse) -> None:
    values = values_from_store(app, quiet)

    def read() -> Iterator[Sequence[bytes]]:
        yield from values()
        with clickhouse.session() as own:
            drop_abandoned(own)

    before = clickhouse.rows("SELECT * FROM events ORDER BY stream, version")
    with pytest.raises(Unavailable, match=r"was cleared away; the tables are as they were: run it again\.$"):
        rebuild_events(clickhouse, read)
    assert clickhouse.rows("SELECT * FROM events ORDER BY stream, version") == before


@pytest.mark.usefixtures("taken_for_dead")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_table_from_events(
    when: str, app: Governance, settings: Settings, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = Frozen(clickhouse, monkeypatch, f"EXCHANGE TABLES {PROJECTS}")
    if when == "before":
        frozen.before = lambda: lands(app, clickhouse)
    else:
        frozen.after = lambda former: ends_in(app, clickhouse, former, "project_events")
    rebuild(clickhouse, ["project_events"])
    assert frozen.was
    assert_whole(app, settings, clickhouse)


@pytest.mark.usefixtures("taken_for_dead")
def test_kept_states(
    app: Governance, settings: Settings, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = next(each for each in kept_states() if each.source.name == "project_events")
    frozen = Frozen(clickhouse, monkeypatch, f"EXCHANGE TABLES {kept.physical}")
    frozen.before = lambda: lands(app, clickhouse)
    rebuild(clickhouse, ["project_events"])
    assert frozen.was
    assert_whole(app, settings, clickhouse)


@pytest.mark.usefixtures("taken_for_dead")
def test_from_kafka(tmp_path: Path, broker: str, prefix: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    with contextlib.closing(Governance(settings)) as app, connect(settings) as clickhouse:
        command(app, "unit register", unit="OPS", name="Operations")
        joins(app, "ann", NAME)
        fill(app, EVENTS)

        def land() -> None:
            Relay(app, broker, settings).run_once()
            with clickhouse.session() as own:
                bulk_from_kafka(own, broker, prefix, quiet)

        def happens() -> None:
            fill(app, MORE, EVENTS)
            joins(app, "bob", OTHER_NAME)
            land()

        land()
        frozen = Frozen(clickhouse, monkeypatch, f"EXCHANGE TABLES {LANDED}")
        frozen.before = happens
        rebuild_events(clickhouse, values_from_kafka(broker, prefix, quiet))
        clickhouse.command(f"ALTER TABLE {table('directory').physical} DELETE WHERE 1 SETTINGS mutations_sync = 2")
        rebuild_directory(clickhouse, entries_from_kafka(broker, prefix))
        rebuild(clickhouse, ["project_events"])
        assert frozen.was
        assert_whole(app, settings, clickhouse)
        assert names(clickhouse) == {NAME, OTHER_NAME}


SMALL_BATCHES = """
import services.bulk_read, services.projections.bulk
services.bulk_read._BATCH = services.projections.bulk._BATCH = 10
from services.cli.main import main
main()
"""


@pytest.mark.long
def test_a_real_one_is_stopped_and_goes_on(
    tmp_path: Path, broker: str, prefix: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``pmo rebuild --from kafka``, frozen while it reads; who lands here waits one second for a sign of life."""
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    monkeypatch.setattr(beside, "_LEASE_S", 1)
    with contextlib.closing(Governance(settings)) as app, connect(settings) as clickhouse:
        fill(app, 2_000)
        Relay(app, broker, settings).run_once()
        bulk_from_kafka(clickhouse, broker, prefix, quiet)
        env = {**os.environ, "PMO_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}
        command_line = [sys.executable, "-c", SMALL_BATCHES, "rebuild", "--from", "kafka"]
        with subprocess.Popen(command_line, env=env, stdout=subprocess.PIPE, text=True) as running:
            until(lambda: rows_of(clickhouse, being_filled(clickhouse).get(LANDED, ())) > 0, 60, running)
            running.send_signal(signal.SIGSTOP)
            try:
                until(lambda: not being_filled(clickhouse), 30)
                fill(app, MORE, 2_000)
                Relay(app, broker, settings).run_once()
                bulk_from_kafka(clickhouse, broker, prefix, quiet)
                assert int(clickhouse.scalar("SELECT count() FROM events")) == 2_000 + MORE
            finally:
                running.send_signal(signal.SIGCONT)
            out, _ = running.communicate(timeout=120)
        assert running.returncode == 0
        assert f"anew from {2_000 + MORE:,} events" in out
        assert_whole(app, settings, clickhouse)


def rows_of(clickhouse: ClickHouse, names: Sequence[str]) -> int:
    return sum(int(clickhouse.scalar(f"SELECT count() FROM {name}")) for name in names)


def names(clickhouse: ClickHouse) -> set[str]:
    return {str(row["name"]) for row in clickhouse.rows("SELECT name FROM names")}


def files_with(folder: Path, text: str) -> list[Path]:
    return [f for f in folder.rglob("*") if f.is_file() and text.encode() in f.read_bytes()]


def joins(app: Governance, person: str, name: str) -> None:
    command(app, "person join", person=f"{person}@example.org", unit="OPS", role="Pilot", name=name)


class TestDirectory:
    """Names and notes, which stand in no event, come from the directory."""

    def test_a_damaged_one(self, app: Governance, settings: Settings, clickhouse: ClickHouse) -> None:
        physical = table("directory").physical
        clickhouse.command(f"ALTER TABLE {physical} DELETE WHERE field = 'name' SETTINGS mutations_sync = 2")
        rows = {"seq": [99], "subject": ["person:NOBODY"], "field": ["name"], "value": ["Nobody"]}
        clickhouse.insert(physical, rows)
        assert NAME not in names(clickhouse)
        rebuild_directory(clickhouse, entries_from_store(app))
        assert NAME in names(clickhouse)
        assert "Nobody" not in names(clickhouse)
        log, _ = verify_store(settings, app, (), None, "", quiet)
        assert [p for p in verify_clickhouse(app, clickhouse, log, quiet) if p.differing] == []

    @pytest.mark.usefixtures("taken_for_dead")
    @pytest.mark.parametrize("when", ["reading", "before"])
    def test_what_is_erased_and_added_meanwhile(
        self, when: str, app: Governance, settings: Settings, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        erased, added = f"Erasmus {when}", f"Adda {when}"
        joins(app, f"erasmus-{when}", erased)
        with clickhouse.session() as own:
            catch_up(app, own, quiet)
        subject = next(row[1] for row in app.store.entries_after(0, 100) if row[3] == erased)
        entries = entries_from_store(app)

        def happens() -> None:
            app.store.erase([Entry(subject, "name", None)], [])
            joins(app, f"adda-{when}", added)
            with clickhouse.session() as own:
                catch_up(app, own, quiet)

        frozen = Frozen(clickhouse, monkeypatch, f"EXCHANGE TABLES {table('directory').physical}")

        def read() -> Iterator[Sequence[tuple[int, str, str, str | None]]]:
            for rows in entries():
                if when == "reading" and not frozen.was:
                    # the rows in hand still say the name
                    frozen.was = True
                    happens()
                yield rows

        if when == "before":
            frozen.before = happens
        rebuild_directory(clickhouse, read)
        assert frozen.was
        assert {NAME, added} <= names(clickhouse)
        assert erased not in names(clickhouse)
        assert files_with(settings.clickhouse_path, erased) == []
        assert files_with(settings.clickhouse_path, added) != []


def test_an_empty_source_empties_nothing(tmp_path: Path, clickhouse: ClickHouse) -> None:
    before = int(clickhouse.scalar("SELECT count() FROM events"))
    with contextlib.closing(Governance(workspace(tmp_path / "empty", kafka=""))) as empty:
        with pytest.raises(Unavailable, match=r"no event .* \d+ have landed, which stay"):
            rebuild_events(clickhouse, values_from_store(empty, quiet))
        with pytest.raises(Unavailable, match="no name or note"):
            rebuild_directory(clickhouse, entries_from_store(empty))
    assert int(clickhouse.scalar("SELECT count() FROM events")) == before
    assert NAME in names(clickhouse)
