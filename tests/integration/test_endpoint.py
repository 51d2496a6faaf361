"""The endpoint: the official client reads through it, and nobody writes or reaches out."""

import base64
import contextlib
import json
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from services.catch_up import catch_up
from services.commands.app import Governance
from services.errors import Unavailable
from services.projections.clickhouse import ClickHouse
from services.projections.schema import connect
from services.runtime import endpoint_url, open_reader, quiet
from services.settings import Settings
from services.web.endpoint import Endpoint
from tests.integration.workspaces import fill, workspace


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A workspace with 20 events whose endpoint answers, in this process."""
    settings = workspace(tmp_path_factory.mktemp("served"))
    with contextlib.closing(Governance(settings)) as app, connect(settings) as clickhouse:
        fill(app, 20)
        catch_up(app, clickhouse, quiet)
        endpoint = Endpoint(settings, clickhouse)
        endpoint.start()
        try:
            yield settings
        finally:
            endpoint.stop()
    assert not settings.endpoint_file.exists()


def asked(settings: Settings, query: str, token: str | None = None, **given: str) -> tuple[int, str, Any]:
    """Status, body and headers of a plain HTTP request."""
    said = json.loads(settings.endpoint_file.read_text())["url"]
    credentials, _, address = said.removeprefix("http://").partition("@")
    user, _, right = credentials.partition(":")
    basic = base64.b64encode(f"{user}:{right if token is None else token}".encode()).decode()
    host = address.partition("/")[0]
    request = urllib.request.Request(
        f"http://{host}/?{urlencode(given)}", query.encode(), {"Authorization": f"Basic {basic}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_the_official_client_reads_with_parameters(served: Settings) -> None:
    with open_reader(served) as clickhouse:
        assert clickhouse.where.startswith("ClickHouse at 127.0.0.1")
        assert clickhouse.version
        query = "SELECT stream, version, {texts:Array(String)} AS texts FROM events WHERE stream = {s:String}"
        texts = ["it's", "a\\b", "tab\tline\n", "ä"]
        rows = clickhouse.rows(f"{query} AND version <= 2 ORDER BY version", {"s": "project:P1", "texts": texts})
        assert rows == [{"stream": "project:P1", "version": n, "texts": texts} for n in (1, 2)]
        assert clickhouse.scalar("SELECT {s:String}", {"s": "it's \\ \t \n"}) == "it's \\ \t \n"
        assert clickhouse.scalar("SELECT count() FROM events WHERE version > 99") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events__x VALUES (1)",
        "DROP TABLE events",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "SET readonly = 0",
        "KILL QUERY WHERE 1",
        "SYSTEM SHUTDOWN",
        "USE default",
        "SELECT 1; DROP TABLE events",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 1000",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT file /* ; */ ('/etc/passwd')",
        "SELECT \"fi\\x6ce\"('/etc/passwd')",
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
        "SELECT arrayMap({f:Identifier}, ['/etc/passwd'])",
        "SELECT * FROM default.`/etc/passwd`",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:1/a/b')",
        "SELECT * FROM remote('127.0.0.1:1', system.one)",
        "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
        "SELECT * FROM executable('id', 'LineAsString', 's String')",
        "SELECT * FROM Python(settings)",
        "SELECT 1 INTO OUTFILE '/tmp/pmo-must-not-exist'",
        "SELECT 1 INTO /* */ OUTFILE '/tmp/pmo-must-not-exist'",
        "",
    ],
)
def test_what_writes_or_reaches_out_is_refused(served: Settings, statement: str) -> None:
    code, body, headers = asked(served, statement, param_f="file")
    assert code in (400, 403), body
    assert "root:" not in body
    assert headers["X-ClickHouse-Exception-Code"] in ("164", "62")
    assert not Path("/tmp/pmo-must-not-exist").exists()


def test_text_that_only_looks_dangerous_is_answered(served: Settings) -> None:
    query = "SELECT 'file(1); DROP TABLE x INTO OUTFILE' AS `url(`, 1 AS file -- ; DROP"
    assert asked(served, query)[:2] == (200, "file(1); DROP TABLE x INTO OUTFILE\t1\n")


def test_a_wrong_token_or_none_is_refused(served: Settings) -> None:
    for token in ("", "wrong"):
        code, _, headers = asked(served, "SELECT 1", token)
        assert (code, headers["X-ClickHouse-Exception-Code"]) == (401, "516")
    assert stat.S_IMODE(served.endpoint_file.stat().st_mode) == 0o600
    url = str(endpoint_url(served))
    with pytest.raises(Unavailable, match="does not let the user pmo in; correct user and password"):
        ClickHouse.server(url.replace("pmo:", "pmo:x"), create=False)


def test_errors_and_formats_are_those_of_clickhouse(served: Settings) -> None:
    code, body, headers = asked(served, "SELECT nothing FROM events")
    assert (code, headers["X-ClickHouse-Exception-Code"]) == (404, "47")
    assert body.startswith("Code: 47. DB::Exception")
    assert asked(served, "SELECT 1 AS a", default_format="JSONEachRow")[1] == '{"a":1}\n'
    code, body, headers = asked(served, "SELECT {a:UInt8} AS a FORMAT CSVWithNames", param_a="7")
    assert (code, body, headers["X-ClickHouse-Format"]) == (200, '"a"\n7\n', "CSVWithNames")
    assert asked(served, "SELECT 1", database="other")[0] == 404


def test_parameters_too_long_for_an_address_come_as_a_form(served: Settings) -> None:
    many = [f"project:P{n:05}" for n in range(20_000)]
    with open_reader(served) as clickhouse:
        assert clickhouse.scalar("SELECT length({many:Array(String)})", {"many": many}) == len(many)
