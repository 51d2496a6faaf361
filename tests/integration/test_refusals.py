"""What is refused at start, in one sentence, before anything is written."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.catalogue import KINDS
from services import bus
from services.errors import BadInput, Unavailable
from services.projections import clickhouse as client
from services.projections.clickhouse import ClickHouse
from services.projections.schema import prepare
from services.topics import topics
from tests.clickhouse import Server
from tests.integration.workspaces import declare, workspace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.kill()


def databases(server: Server) -> set[str]:
    with ClickHouse.server(server.url("default"), create=False) as opened:
        return {str(row["name"]) for row in opened.rows("SELECT name FROM system.databases")}


def test_a_clickhouse_of_an_older_version(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = databases(server)
    monkeypatch.setattr(client, "MINIMUM_VERSION", (99, 1))
    with pytest.raises(Unavailable, match=r"is version 2[0-9.]+; at least 99\.1 is needed\.$"):
        ClickHouse.server(server.url("refused"))
    monkeypatch.undo()
    assert databases(server) == before


def test_tables_of_another_workspace(server: Server) -> None:
    with ClickHouse.server(server.url("shared")) as opened:
        prepare(opened, "one")
        before = opened.rows("SELECT name FROM system.tables WHERE database = 'shared' ORDER BY name")
        with pytest.raises(Unavailable, match="belongs to workspace one, not other"):
            prepare(opened, "other")
        assert opened.rows("SELECT name FROM system.tables WHERE database = 'shared' ORDER BY name") == before


def test_topics_with_other_partitions_than_declared(tmp_path: Path, broker: str, prefix: str) -> None:
    settings = workspace(tmp_path, kafka=broker, topic_prefix=prefix)
    declare(settings)
    wanted = topics(prefix, KINDS, settings.partitions + 1, 1)
    with pytest.raises(BadInput, match=rf"has {settings.partitions} partitions, but {settings.partitions + 1} are set"):
        bus.declare(broker, wanted)
    # one that is missing is not made either where another one is wrong
    extra = replace(wanted[0], name=f"{prefix}.never-made")
    with pytest.raises(BadInput, match="keys would move"):
        bus.declare(broker, [*wanted, extra])
    with pytest.raises(Unavailable, match="has no topic"):
        bus.end_offsets(broker, [extra.name])
