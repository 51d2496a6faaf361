"""What all kinds of tests share: the two kinds of store."""

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres, started

STORES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running Postgres server: one a session, or one a worker of pytest-xdist."""
    with started() as server:
        yield server


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """What PMO_STORE says: nothing for SQLite, or a new database's address."""
    if request.param == "sqlite":
        return ""
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()
