"""A program with other definitions before this one: what it landed into its own tables only is not lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from schemas.samples import FOLDER as SAMPLES
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import OWNER, table
from services.projections.kept import kept_states
from services.projections.older import keep_settled, settle_older
from services.projections.projector import Projector, staged
from services.projections.schema import check_tables, connect
from services.settings import Settings
from tests.clickhouse import Server
from tests.integration.workspaces import until

OLDER = "project_events__0123456789"


@contextmanager
def settling(clickhouse: ClickHouse) -> Iterator[None]:
    """What a worker does beside landing."""
    stop = Event()
    thread = Thread(target=keep_settled, args=(clickhouse, stop, 0.2))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_rows_that_only_an_older_table_holds_are_brought_in(tmp_path: Path) -> None:
    settings = Settings.of({"home": tmp_path, "workspace_id": "test", "secret": "s" * 32})
    current = table("project_events").physical
    value = (SAMPLES / "pmo.project.started.v1.json").read_bytes()
    with connect(settings) as clickhouse:
        Projector(clickhouse).land([value], {"project"}, [])
        # as if an older worker had landed it: `events` has it, and the table of its own definition
        clickhouse.command(f"RENAME TABLE {current} TO {OLDER}")
        clickhouse.command(f"CREATE TABLE {current} AS {OLDER}")
        assert clickhouse.scalar("SELECT count() FROM project_events") == 0
        for kept in kept_states():
            clickhouse.command(f"TRUNCATE TABLE {kept.physical}")
    with connect(settings) as clickhouse:
        assert clickhouse.scalar("SELECT count() FROM project_events") == 1
        assert clickhouse.scalar(f"SELECT count() FROM system.tables WHERE name = '{OLDER}'") == 0
        for kept in kept_states():
            assert clickhouse.scalar(f"SELECT count() FROM {kept.physical}") == 1


def test_a_state_of_another_definition_is_made_anew(tmp_path: Path) -> None:
    settings = Settings.of({"home": tmp_path, "workspace_id": "test", "secret": "s" * 32})
    kept = kept_states()[0]
    older = kept.physical.replace("__", "__0")
    value = (SAMPLES / "pmo.project.started.v1.json").read_bytes()
    with connect(settings) as clickhouse:
        Projector(clickhouse).land([value], {"project"}, [])
        clickhouse.command(f"RENAME TABLE {kept.physical} TO {older}")
        clickhouse.command("ALTER TABLE definitions UPDATE fingerprint = 'older' WHERE 1 SETTINGS mutations_sync = 1")
        with pytest.raises(Unavailable, match="another version of pmo"):
            check_tables(clickhouse, "test")
    with connect(settings) as clickhouse:
        check_tables(clickhouse, "test")
        assert clickhouse.scalar(f"SELECT count() FROM {kept.physical}") == 1
        assert clickhouse.scalar(f"SELECT count() FROM system.tables WHERE name = '{older}'") == 0


def test_a_table_that_an_older_worker_knows_nothing_of_misses_nothing(tmp_path: Path, server: Server) -> None:
    told = {"home": tmp_path, "workspace_id": "test", "secret": "s" * 32, "clickhouse": server.url("pmo")}
    settings = Settings.of(told)
    first = (SAMPLES / "pmo.project.started.v1.json").read_bytes()
    second = first.replace(b"project:ALPHA/3", b"project:ALPHA/4")
    current, events = table("project_events").physical, table("events").physical
    counted = "SELECT count() FROM project_events"
    with connect(settings) as clickhouse:
        Projector(clickhouse).land([first], {"project"}, [])
        # as if the program before had no such table: it lands into `events` alone, and there is none of its own
        clickhouse.command(f"TRUNCATE TABLE {current}")
        settle_older(clickhouse)
        assert clickhouse.scalar(counted) == 0, "nobody was here before: nothing is looked for"
        clickhouse.command(f"INSERT INTO {OWNER} (at, workspace, fingerprint) VALUES (now64(6) - 60, 'test', 'older')")
        settle_older(clickhouse)
        assert clickhouse.scalar(counted) == 1
        with settling(clickhouse), clickhouse.session() as older:
            with staged(older, [second]) as batch:
                older.command(f"INSERT INTO {events} SELECT * FROM {batch}")
            until(lambda: older.scalar(counted) == 2, 30)
