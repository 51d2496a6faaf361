"""A real Kafka broker for the integration tests: one a session, or one a worker of pytest-xdist."""

import uuid
from collections.abc import Iterator

import pytest

from services.broker import LocalBroker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running broker."""
    with LocalBroker(tmp_path_factory.mktemp("kafka")) as local:
        yield local.start()


@pytest.fixture
def prefix() -> str:
    """A topic prefix that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"
