"""The simulated company goes on living by the rules: what it records is of its own managers, and is never refused."""

import json
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from services.catch_up import catch_up
from services.commands.app import Governance
from services.demo.company import load
from services.demo.living import Living
from services.projections.schema import connect
from services.runtime import quiet
from services.settings import Settings


@pytest.mark.long
def test_each_thing_that_happens_is_recorded_by_a_manager_of_a_running_project(tmp_path: Path) -> None:
    stored = {
        "home": tmp_path,
        "workspace_id": "demo",
        "secret": "s" * 32,
        "time_zone": "Europe/London",
        "simulated": True,
    }
    settings = Settings.of(stored)
    with closing(Governance(settings)) as app, connect(settings) as clickhouse:
        load(app, settings, until=datetime.now(settings.zone).date(), progress=quiet, scale=0.25)
        catch_up(app, clickhouse, quiet)
        before = app.store.max_notification_id() or 0
        living = Living(app, clickhouse, seed=3)
        said = Counter(living.record() for _ in range(40))
        assert "" not in said
        assert {"work create", "project report"} <= set(said)
        recorded = app.store.values_after(before, 1_000)
        assert len(recorded) >= 40
        events = [json.loads(value) for _, _, value in recorded]
        actors = {event["actor"] for event in events}
        assert all("name" in app.store.values([actor])[actor] for actor in actors)
        owners = {event["data"].get("owner") for event in events} - {None}
        assert {f"person:{owner}" for owner in owners} <= actors
