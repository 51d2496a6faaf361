"""Erasure in the real engine: what it removes, down to the files, and what it must leave."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.projections import erasing
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.projections.projector import Projector
from services.projections.schema import prepare
from tests.clickhouse import Server

NAME = "Zebulon Quist"


@pytest.fixture(scope="module", params=["embedded", "server"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder = tmp_path_factory.mktemp("erasing") / "clickhouse"
    with ExitStack() as stack:
        if request.param == "embedded":
            clickhouse = stack.enter_context(ClickHouse.embedded(folder))
        else:
            server = Server(folder)
            server.start()
            stack.callback(server.kill)
            clickhouse = stack.enter_context(ClickHouse.server(server.url("erasing")))
            # where the files are, to look into them
            clickhouse.folder = folder
        prepare(clickhouse, "test")
        yield clickhouse


@pytest.fixture
def clickhouse(engine: ClickHouse) -> ClickHouse:
    engine.command(f"TRUNCATE TABLE {table('directory').physical}")
    return engine


def files_with(clickhouse: ClickHouse, text: str) -> list[Path]:
    assert clickhouse.folder is not None
    return [f for f in clickhouse.folder.rglob("*") if f.is_file() and text.encode() in f.read_bytes()]


def names(clickhouse: ClickHouse) -> dict[str, str]:
    return {row["subject"]: row["name"] for row in clickhouse.rows("SELECT subject, name FROM names")}


def test_rows_and_files_go_and_others_stay(clickhouse: ClickHouse) -> None:
    projector = Projector(clickhouse)
    older = "directory__0123456789"
    clickhouse.command(f"CREATE TABLE {older} AS {table('directory').physical}")
    for seq, (subject, name) in enumerate(
        [("person:A", NAME), ("person:B", "Bo Other"), ("person:A", f"Dr {NAME}")], 1
    ):
        projector.land_directory([(seq, subject, "name", name)])
    clickhouse.insert(older, {"seq": [1], "subject": ["person:A"], "field": ["name"], "value": [NAME]})
    assert len(files_with(clickhouse, NAME)) >= 2
    assert erasing.copies(clickhouse, ["person:A"]) > 0
    projector.land_directory([(4, "person:A", "name", None), (5, "person:A", "login", None)])
    assert files_with(clickhouse, NAME) == []
    assert erasing.copies(clickhouse, ["person:A"]) == 0
    assert names(clickhouse) == {"person:B": "Bo Other"}
    assert clickhouse.scalar(f"SELECT count() FROM {older}") == 0
    clickhouse.command(f"DROP TABLE {older} SYNC")


def test_an_erasure_that_lands_again_leaves_what_was_said_after_it(clickhouse: ClickHouse) -> None:
    projector = Projector(clickhouse)
    erasures = [(2, "person:A", "name", None), (9, "person:C", "name", None)]
    projector.land_directory([(1, "person:A", "name", NAME), *erasures])
    projector.land_directory([(3, "person:A", "name", ""), (4, "person:A", "name", "Zeb")])
    projector.land_directory(erasures)
    assert names(clickhouse) == {"person:A": "Zeb"}
    assert erasing.copies(clickhouse, ["person:C"]) == 0


def test_a_name_that_lands_after_its_erasure_is_seen_and_goes_when_that_lands_again(clickhouse: ClickHouse) -> None:
    projector = Projector(clickhouse)
    projector.land_directory([(2, "person:A", "name", None)])
    # a worker that had been away ends its batch
    projector.land_directory([(1, "person:A", "name", NAME)])
    assert names(clickhouse) == {}
    assert erasing.copies(clickhouse, ["person:A"]) == 1
    projector.land_directory([(2, "person:A", "name", None)])
    assert erasing.copies(clickhouse, ["person:A"]) == 0
    assert files_with(clickhouse, NAME) == []
