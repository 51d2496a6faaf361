"""A program with other definitions before this one: what it landed into its own tables only is not lost."""

from pathlib import Path

import pytest

from schemas.samples import FOLDER as SAMPLES
from services.errors import Unavailable
from services.projections.definitions import table
from services.projections.kept import kept_states
from services.projections.projector import Projector
from services.projections.schema import check_tables, connect
from services.settings import Settings

OLDER = "project_events__0123456789"


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
