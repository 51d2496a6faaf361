"""Two hundred attempts on the endpoint: to write, to read files, to reach the network, to exhaust the machine."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from services.projections.clickhouse import ClickHouse
from services.projections.schema import connect
from services.settings import Settings
from services.web.endpoint import LIMITS, Endpoint
from tests.integration.workspaces import workspace

TOKEN = "a-token-of-the-analysts"
SECONDS = 2
OUTSIDE = Path("/tmp/pmo-must-not-exist")

LINES = (Path(__file__).parent / "attempts.txt").read_text().splitlines()
ATTEMPTS = [
    *(line for line in LINES if line and not line.startswith("#")),
    "",
    "-- x\nDROP TABLE events",
    "SELECT file\n('/etc/passwd')",
    f"SELECT {'(' * 5_000}1{')' * 5_000}",
    f"SELECT {'1+' * 200_000}1",
    f"SELECT '{'x' * 1_100_000}'",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, ClickHouse]]:
    settings = workspace(tmp_path_factory.mktemp("attempts"), endpoint_token=TOKEN)
    limits = {**LIMITS, "max_execution_time": SECONDS, "max_memory_usage": 500_000_000}
    with connect(settings) as clickhouse:
        endpoint = Endpoint(settings, clickhouse, limits=limits, own_limits=limits)
        endpoint.start()
        try:
            yield settings, clickhouse
        finally:
            endpoint.stop()


def asked(settings: Settings, query: str, token: str = TOKEN, **given: str) -> tuple[int, str]:
    """Status and text, as whoever has the token of the settings gets them."""
    place = json.loads(settings.endpoint_file.read_text())["url"].rpartition("@")[2].partition("/")[0]
    headers = {"X-ClickHouse-User": "pmo", "X-ClickHouse-Key": token}
    request = urllib.request.Request(f"http://{place}/?{urlencode(given)}", query.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def state(clickhouse: ClickHouse) -> list[dict[str, object]]:
    return clickhouse.rows(
        "SELECT database, name, total_rows, metadata_modification_time FROM system.tables"
        " WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') ORDER BY database, name"
    )


def test_two_hundred_attempts_are_refused_and_change_nothing(served: tuple[Settings, ClickHouse]) -> None:
    settings, clickhouse = served
    assert asked(settings, "SELECT count() FROM pmo_analysis.projects") == (200, "0\n")
    before = state(clickhouse)
    assert len(ATTEMPTS) == len(set(ATTEMPTS)) >= 200
    answered = []
    for attempt in ATTEMPTS:
        began = time.monotonic()
        code, text = asked(settings, attempt, param_f="file")
        # a query that works in memory alone notices the end of its time between two blocks
        if code not in (400, 401, 403, 404, 408, 500) or "root:" in text or time.monotonic() - began > 4 * SECONDS:
            answered.append((attempt[:100], code, text[:200], time.monotonic() - began))
    assert answered == []
    assert state(clickhouse) == before
    assert not OUTSIDE.exists()
    # and it still answers
    assert asked(settings, "SELECT 1") == (200, "1\n")


def test_rows_of_a_query_that_failed_do_not_stand_in_the_next_answer(served: tuple[Settings, ClickHouse]) -> None:
    settings, _ = served
    for _ in range(8):
        code, _text = asked(settings, "SELECT number, throwIf(number = 3000000) FROM numbers(5000000)")
        assert code == 400
        assert asked(settings, "SELECT 1") == (200, "1\n")


def test_parameters_of_the_address_change_no_setting(served: tuple[Settings, ClickHouse]) -> None:
    settings, _ = served
    for given in ({"readonly": "0"}, {"max_execution_time": "0"}, {"session_id": "a"}, {"profile": "default"}):
        assert asked(settings, "SELECT getSetting('max_execution_time')", **given) == (200, f"{SECONDS}\n")
        assert asked(settings, "SELECT getSetting('readonly')", **given) == (200, "1\n")
        assert asked(settings, "CREATE TABLE t (a Int8) ENGINE = Memory", **given)[0] == 403


def test_another_token_or_database_is_refused(served: tuple[Settings, ClickHouse]) -> None:
    settings, _ = served
    assert [asked(settings, "SELECT 1", token)[0] for token in ("", "wrong", TOKEN[:-1], TOKEN + "x")] == [401] * 4
    for database in ("system", "default", "pmo_other", "../pmo"):
        code, text = asked(settings, "SELECT 1", database=database)
        assert (code, "use pmo or pmo_analysis" in text) == (404, True)
