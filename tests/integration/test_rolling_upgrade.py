"""One event in two versions on one path: an older worker lands what it does not know, and nothing is missing then."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from schemas import work
from schemas.event import Record, in_milliseconds
from services.commands.app import Governance
from services.commands.relay import Relay
from services.projections import definitions
from services.projections.clickhouse import ClickHouse
from services.settings import Settings
from tests.clickhouse import Server
from tests.integration.test_rebuild import missing
from tests.integration.test_workers import all_is_acknowledged
from tests.integration.workspaces import ROOT, command, declare, process, until, workspace

OLDER = Path(__file__).parent / "older"
PLANS = """SELECT item_key, plan.1 AS hours, plan.4 AS hours_left
    FROM work_items(as_of_k = 9000000000000000000, known_at = '2199-01-01 00:00:00', basis = 'recorded')"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "clickhouse"
    folder.mkdir()
    server = Server(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str, server: Server) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    return settings


@contextlib.contextmanager
def older_worker(settings: Settings, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    shutil.copytree(definitions.FOLDER, folder)
    shutil.copy(OLDER / "40_work_events.sql", folder)
    arguments = [sys.executable, "-m", "tests.integration.older_part", str(settings.home), str(folder)]
    running = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def estimated(app: Governance, item: str) -> None:
    """An item of work of a program that wrote version 1, which nobody writes any more."""
    at = in_milliseconds(datetime.now(UTC))
    told = work.ReEstimatedV1(estimate=Decimal(8), planned_start=None, planned_finish=None)
    stream = f"work:CRANE-7/{item}"
    app.save(Record(stream, 2, told, at, at, "/pmo/test", "system:test", f"old-{item}", f"old-{item}"))  # type: ignore[arg-type]


def create(app: Governance, item: str) -> None:
    command(app, "work create", project="CRANE-7", item=item, title=item)


def plans(settings: Settings) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    with ClickHouse.server(settings.clickhouse, create=False) as clickhouse:
        return {row["item_key"]: (row["hours"], row["hours_left"]) for row in clickhouse.rows(PLANS)}


@pytest.mark.long
def test_an_older_and_a_newer_worker_land_side_by_side(tmp_path: Path, settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
        command(app, "project propose", project="CRANE-7", name="Crane", unit="OPS")
        with older_worker(settings, tmp_path / "tables") as older:
            for item in ("A", "B"):
                create(app, item)
                estimated(app, item)
            command(app, "work re-estimate", project="CRANE-7", item="B", estimate="20", remaining="5")
            Relay(app, settings.kafka, settings).run_once()
            until(lambda: all_is_acknowledged(settings), 90, older)
            with process("worker", settings) as newer:
                # what the older one landed is there in the newer one's words as soon as that has started
                wanted = {"A": (Decimal(8), None), "B": (Decimal(20), Decimal(5))}
                until(lambda: work_is_there(settings) and plans(settings) == wanted, 60, newer)
                # and what it goes on landing while both are at work, a few seconds later
                for item in ("C", "D", "E", "F"):
                    create(app, item)
                    command(app, "work re-estimate", project="CRANE-7", item=item, estimate="30", remaining="15")
                Relay(app, settings.kafka, settings).run_once()
                until(lambda: all_is_acknowledged(settings), 90, newer)
                wanted |= {item: (Decimal(30), Decimal(15)) for item in ("C", "D", "E", "F")}
                until(lambda: plans(settings) == wanted, 30, newer)
                assert older.poll() is None
    with ClickHouse.server(settings.clickhouse) as clickhouse:
        assert missing(clickhouse) == {}


def work_is_there(settings: Settings) -> bool:
    """Whether the view is the newer one's already."""
    query = "SELECT create_table_query LIKE '%remaining_effort%' FROM system.tables WHERE name = 'work_items'"
    with ClickHouse.server(settings.clickhouse, create=False) as clickhouse:
        return bool(clickhouse.scalar(query))
