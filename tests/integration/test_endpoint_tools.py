"""What analysts' tools do on the endpoint: the official Python client with its data frames, and the JDBC driver."""

import contextlib
import json
import struct
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_cityhash.cityhash import CityHash128
from lz4.block import decompress
from pydantic import SecretStr

from services.catch_up import catch_up
from services.cli.connect import connect as connect_command
from services.commands.app import Governance
from services.errors import BadInput
from services.projections.clickhouse import ClickHouse
from services.projections.schema import connect
from services.runtime import quiet
from services.settings import Settings
from services.web.blocks import BLOCK_BYTES, framed
from services.web.endpoint import Endpoint
from tests.e2e.cli import Pmo
from tests.integration.workspaces import workspace

TOKEN = "a-token-of-the-analysts"
JDBC = Path(__file__).parents[1] / "jdbc"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, ClickHouse]]:
    settings = workspace(tmp_path_factory.mktemp("tools"), endpoint_token=TOKEN)
    pmo = Pmo(settings.home)
    pmo.ok("unit", "register", "OPS", "--name", "Operations", "--on", "2026-01-05")
    for code, budget in (("CRANE-7", "1000.50"), ("DOCK-2", "2000")):
        fields = ("--name", code.title(), "--unit", "OPS", "--budget", budget, "--on", "2026-01-06")
        pmo.ok("project", "propose", code, *fields)
        plan = ("--start", "2026-02-01", "--finish", "2026-06-30", "--budget", budget)
        pmo.ok("project", "set-baseline", code, *plan, "--on", "2026-01-07")
    with contextlib.closing(Governance(settings)) as app, connect(settings) as clickhouse:
        catch_up(app, clickhouse, quiet)
        endpoint = Endpoint(settings, clickhouse)
        endpoint.start()
        try:
            yield settings, clickhouse
        finally:
            endpoint.stop()


@pytest.fixture
def served(running: tuple[Settings, ClickHouse]) -> Settings:
    return running[0]


def place(settings: Settings) -> str:
    return str(json.loads(settings.endpoint_file.read_text())["url"].rpartition("@")[2].partition("/")[0])


@pytest.fixture
def client(served: Settings) -> Iterator[Any]:
    host, _, port = place(served).partition(":")
    with clickhouse_connect.get_client(
        host=host, port=int(port), username="pmo", password=TOKEN, database="pmo_analysis"
    ) as client:
        yield client


def test_the_official_client_reads_rows_frames_and_arrow(client: Any) -> None:
    query = "SELECT project, budget FROM projects WHERE unit = {unit:String} ORDER BY project"
    given = {"unit": "OPS"}
    assert [row[0] for row in client.query(query, parameters=given).result_rows] == ["CRANE-7", "DOCK-2"]
    frame = client.query_df(query, parameters=given)
    assert frame["budget"].astype(float).tolist() == [1000.5, 2000.0]
    table = client.query_arrow(query, parameters=given)
    assert table.column("project").to_pylist() == ["CRANE-7", "DOCK-2"]
    assert client.query_np("SELECT project FROM projects ORDER BY project").shape == (2, 1)
    with client.query_row_block_stream("SELECT project FROM projects") as blocks:
        assert sorted(row[0] for block in blocks for row in block) == ["CRANE-7", "DOCK-2"]
    assert client.command("SELECT count() FROM kpi_on_time") == 2


def test_a_tool_finds_the_views_with_their_comments(client: Any) -> None:
    assert ("pmo_analysis",) in client.query("SHOW DATABASES").result_rows
    assert ("projects",) in client.query("SHOW TABLES").result_rows
    assert client.query("DESCRIBE TABLE projects").result_rows[0][:2] == ("stream", "String")
    shown = client.command("SELECT comment FROM system.tables WHERE database = 'pmo_analysis' AND name = 'kpi_on_time'")
    assert shown.startswith("KPI on-time, version 1: ")


def test_a_compressed_answer_is_framed_as_clickhouse_does_it(served: Settings) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    query = b"SELECT toString(number) FROM numbers(300000)"
    plain, packed = (
        urllib.request.urlopen(urllib.request.Request(f"http://{place(served)}/{given}", query, headers)).read()
        for given in ("", "?compress=1")
    )
    assert len(plain) > BLOCK_BYTES > len(packed) / 2
    assert unframed(packed) == plain
    assert framed(b"") == b""


def unframed(content: bytes) -> bytes:
    found, at = b"", 0
    while at < len(content):
        high, low, method, size, unpacked = struct.unpack_from("<QQBII", content, at)
        block = content[at + 16 : at + 16 + size]
        assert (high << 64 | low, method) == (CityHash128(block), 0x82)
        found += decompress(block[9:], uncompressed_size=unpacked)
        at += 16 + size
    return found


def test_elsewhere_than_here_only_with_a_token(running: tuple[Settings, ClickHouse], tmp_path: Path) -> None:
    settings, clickhouse = running
    without = settings.model_copy(update={"endpoint_token": SecretStr("")})
    with pytest.raises(BadInput, match="only with a token: set PMO_ENDPOINT_TOKEN"):
        Endpoint(without, clickhouse, host="0.0.0.0").start()
    with pytest.raises(BadInput, match="at least 16 characters"):
        workspace(tmp_path, endpoint_token="short")


def test_pmo_connect_says_how_without_the_token(served: Settings) -> None:
    pmo = Pmo(served.home)
    said = pmo.ok(connect_command.name or "")
    host, _, port = place(served).partition(":")
    for words in (f"host      {host}\n", f"port      {port}\n", "database  pmo_analysis\n", "user      pmo\n"):
        assert words in said
    assert TOKEN not in pmo.ok("connect", "--views")
    assert {view["view"] for view in pmo.data("connect")["views"]} > {"projects", "kpi_on_time"}


def test_pmo_connect_says_what_is_missing(running: tuple[Settings, ClickHouse], tmp_path: Path) -> None:
    settings, clickhouse = running
    nothing_runs = Pmo(workspace(tmp_path).home)
    assert "start 'pmo up --port 8123' with PMO_ENDPOINT_TOKEN set" in nothing_runs.refused(7, "connect")
    said = settings.endpoint_file.read_text()
    endpoint = Endpoint(settings.model_copy(update={"endpoint_token": SecretStr("")}), clickhouse)
    endpoint.start()
    try:
        assert "answers only the pmo of this machine" in Pmo(settings.home).refused(7, "connect")
    finally:
        endpoint.stop()
        settings.endpoint_file.write_text(said)


@pytest.mark.long
def test_the_jdbc_driver_reads_the_views(served: Settings, tmp_path: Path) -> None:
    fetch = ["mvn", "-q", "-B", "-f", JDBC / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={tmp_path}"]
    subprocess.run(fetch, check=True, timeout=300)
    run = ["java", "-cp", f"{tmp_path}/*", JDBC / "Analyst.java", place(served), TOKEN, "OPS"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("version 2")
    assert "table projects Every project with its state, plan, last report and forecast." in done.stdout
    assert "column first_finish Nullable(Date32)" in said
    assert "row CRANE-7 2026-06-30 1000.5000" in said
    assert said[-1].startswith("refused Code: 164.")
