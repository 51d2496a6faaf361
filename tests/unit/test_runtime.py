"""What a workspace's files may hold after a crash, or by somebody else's hand, and who is asked for answers then."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from services.errors import BadInput, Unavailable
from services.projections.clickhouse import ClickHouse, lock_file
from services.projections.schema import connect
from services.runtime import endpoint_url, open_app
from services.settings import Settings

URL = "http://pmo:token@127.0.0.1:9/pmo"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.of({"home": tmp_path, "workspace_id": "test", "secret": "x" * 32})


@pytest.mark.parametrize(
    "said", [b"garbage", b"", b"[]", b"\xff", b"{}", b'{"pid": "x", "url": ""}', b'{"pid": 9e99, "url": ""}']
)
def test_an_endpoint_file_that_says_nothing_is_passed_over(settings: Settings, said: bytes) -> None:
    settings.endpoint_file.write_bytes(said)
    assert endpoint_url(settings) is None


def test_an_endpoint_file_counts_only_while_its_folder_is_held(settings: Settings) -> None:
    # the number of a killed 'pmo up' may be another process's by now: here, ours
    settings.endpoint_file.write_text(json.dumps({"pid": os.getpid(), "url": URL}))
    assert endpoint_url(settings) is None
    with lock_file(settings.clickhouse_path).open("a") as lock:
        assert endpoint_url(settings) is None
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert endpoint_url(settings) == URL


def test_a_damaged_store_is_said_in_one_sentence(settings: Settings) -> None:
    with open_app(settings) as app:
        app.store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = bytearray(settings.store_path.read_bytes())
    pages[4096:] = b"\x55" * (len(pages) - 4096)
    settings.store_path.write_bytes(pages)
    with pytest.raises(Unavailable, match=r"events\.sqlite cannot be .*malformed"), open_app(settings) as app:
        app.history("project:A")


def test_a_folder_that_cannot_be_written_is_unavailable(settings: Settings) -> None:
    lock_file(settings.clickhouse_path).mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        ClickHouse.embedded(settings.clickhouse_path)


def test_batches_of_a_killed_process_are_dropped_at_the_next_start(settings: Settings) -> None:
    for _ in range(2):
        with connect(settings) as clickhouse:
            left = clickhouse.rows("SELECT name FROM system.tables WHERE database = 'pmo' AND name LIKE 'batch%'")
            clickhouse.command("CREATE TABLE IF NOT EXISTS batch_1_raw (value String) ENGINE = Memory")
        assert not left


@pytest.mark.parametrize("secret", ["", "short-s3cret"])
def test_a_secret_that_hides_nobody_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(BadInput, match="'secret'") as refused:
        Settings.of({"home": Path(), "workspace_id": "test", "secret": secret})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("url", ["host", "http://", "http://host:abc/pmo", "http://host:99999/pmo", "ftp://host/pmo"])
def test_an_address_of_clickhouse_that_is_none(url: str) -> None:
    with pytest.raises(BadInput, match="must look like"):
        ClickHouse.server(url)
