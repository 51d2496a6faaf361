"""Workspaces for the tests of the path: how they are made, filled and compared."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from schemas.catalogue import BY_TYPE, KINDS
from schemas.event import Record
from services import bus
from services.catch_up import catch_up
from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import tables
from services.projections.schema import connect
from services.runtime import quiet
from services.settings import Settings
from services.topics import topics

ROOT = Path(__file__).parents[2]
SECRET = "0123456789abcdef0123456789abcdef"
START = datetime(2026, 1, 1, tzinfo=UTC)


def workspace(home: Path, **given: Any) -> Settings:
    """A new workspace in `home`, as other processes find it too."""
    home.mkdir(parents=True, exist_ok=True)
    stored = {"workspace_id": "test", "secret": SECRET, "simulated": True, **given}
    (home / "workspace.json").write_text(json.dumps(stored))
    return Settings.load(home)


def declare(settings: Settings) -> None:
    bus.declare(settings.kafka, topics(settings.topic_prefix, KINDS, settings.partitions, settings.replication))


def command(app: Governance, path: str, **fields: Any) -> None:
    """One command, as the command line gives it."""
    prepared = Intake(SECRET).prepare(BY_PATH[path], fields, {})
    app.handle(prepared, Meta(actor="system:test"))


def fill(app: Governance, events: int, first: int = 0) -> None:
    """Records many events of projects, ten a project, past the rules: only the bytes matter here."""
    proposed = BY_TYPE["pmo.project.proposed.v1"].model_validate(
        {
            "name": "Roof", "unit": "FINANCE", "sponsor": None, "manager": None, "proposed_by": None,
            "gate_route": None, "contributions": {}, "size": "small", "value": Decimal("1.5"), "risk": None,
            "planned_start": date(2026, 1, 1), "planned_finish": date(2026, 6, 1), "budget": Decimal(1000),
            "currency": "EUR",
        }
    )  # fmt: skip
    started = BY_TYPE["pmo.project.started.v1"].model_validate({"at_risk": None})
    reported = BY_TYPE["pmo.project.progress-reported.v1"].model_validate(
        {
            "data_date": date(2026, 2, 1), "percent_complete": Decimal("0.5"), "method": "estimate",
            "actual_cost": Decimal("12.5"), "forecast_finish": None, "forecast_cost": None, "currency": "EUR",
            "rag": "green", "narrative": None, "at_risk": None,
        }
    )  # fmt: skip
    records = []
    for n in range(first, first + events):
        event = {0: proposed, 1: started}.get(n % 10, reported)
        at = START + timedelta(minutes=n)
        records.append(
            Record(
                f"project:P{n // 10}", n % 10 + 1, event, at, at, "/pmo/test", "system:test", f"c{n}", f"c{n}",
            )
        )  # fmt: skip
    for begin in range(0, events, 5_000):
        app.save(*records[begin : begin + 5_000])  # type: ignore[arg-type]


def contents(clickhouse: ClickHouse) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that says something of the events or the directory."""
    named = [t for t in tables() if t.fill or t.name == "directory"]
    return {t.name: clickhouse.rows(f"SELECT * FROM {t.physical} FINAL ORDER BY ALL") for t in named}


def embedded_contents(settings: Settings, home: Path) -> dict[str, list[dict[str, Any]]]:
    """What an embedded workspace holds that is fed from the same store without Kafka."""
    other = workspace(home, kafka="")
    app = Governance(settings)
    with contextlib.closing(app), connect(other) as clickhouse:
        catch_up(app, clickhouse, quiet)
        return contents(clickhouse)


@contextlib.contextmanager
def process(part: str, settings: Settings, *options: str, program: Path = ROOT) -> Iterator["subprocess.Popen[str]"]:
    """A part, of the program in this folder, in a process of its own, killed at the end if it still runs."""
    arguments = [sys.executable, "-m", "tests.integration.part", part, str(settings.home), *options]
    running = subprocess.Popen(
        arguments, cwd=program, env={**os.environ, "PYTHONPATH": str(program)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def ended(running: "subprocess.Popen[str]", within: float = 20) -> tuple[int, str, str]:
    """Asks it to end; its exit code and what it said."""
    running.terminate()
    out, err = running.communicate(timeout=within)
    return running.returncode, out, err


def until(condition: Callable[[], bool], within: float, running: "subprocess.Popen[str] | None" = None) -> None:
    """Waits until `condition` holds; fails at once if the process that is to bring it about has ended."""
    deadline = time.monotonic() + within
    while not condition():
        if running is not None and running.poll() is not None:
            raise AssertionError(f"ended with {running.returncode}: {running.communicate()}")
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)
