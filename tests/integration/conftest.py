"""A real Kafka broker for the integration tests: one a session, or one a worker of pytest-xdist."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.broker import LocalBroker
from tests.clickhouse import Server


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running broker."""
    with LocalBroker(tmp_path_factory.mktemp("kafka")) as local:
        yield local.start()


@pytest.fixture
def prefix() -> str:
    """A topic prefix that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A ClickHouse server of the test's own: it may be killed."""
    folder = tmp_path / "clickhouse"
    folder.mkdir()
    server = Server(folder)
    server.start()
    yield server
    server.kill()
