"""What the worker does when a batch can't be landed: it tries on, gives up, or stops, but never goes on to the next."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from services import bus
from services.errors import Unavailable
from services.projections import worker as module
from services.projections.clickhouse import QueryFailed
from services.projections.worker import Worker
from services.settings import Settings


class ClickHouse:
    """Answers, or does not."""

    def __init__(self, answers: bool) -> None:
        self.answers = answers

    @property
    def version(self) -> str:
        if not self.answers:
            raise QueryFailed("away")
        return "26.9"


class Landing:
    """Fails as often as told, then lands."""

    def __init__(self, failures: Iterator[Exception]) -> None:
        self.failures = failures
        self.tries = 0
        self.landed: list[bus.Record] = []

    def land(self, records: list[bus.Record]) -> None:
        self.tries += 1
        for failure in self.failures:
            raise failure
        self.landed += records


def event(offset: int) -> Any:
    message = SimpleNamespace(topic="pmo.project", partition=0, offset=offset, key=b"k", value=b"v", headers=[])
    return SimpleNamespace(message=message)


def land(landing: Landing, answers: bool, tmp_path: Path, stop: Event | None = None) -> None:
    settings = Settings.of({"home": tmp_path, "workspace_id": "test", "secret": "x" * 32})
    worker = Worker(settings, "127.0.0.1:9", ClickHouse(answers))  # type: ignore[arg-type]
    worker._stop = stop or Event()
    worker._land_until_done([event(1), event(2)], landing)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_S", (0.0, 0.0))


def test_while_clickhouse_is_away_it_tries_on(tmp_path: Path) -> None:
    landing = Landing(iter([QueryFailed("away")] * 20))
    land(landing, answers=False, tmp_path=tmp_path)
    assert [r.offset for r in landing.landed] == [1, 2]
    assert landing.tries == 21


def test_while_kafka_takes_no_dead_letters_it_tries_on(tmp_path: Path) -> None:
    landing = Landing(iter([Unavailable("away")] * 20))
    land(landing, answers=True, tmp_path=tmp_path)
    assert landing.tries == 21


def test_what_fails_though_clickhouse_answers_ends_the_worker(tmp_path: Path) -> None:
    landing = Landing(iter([QueryFailed("no such column")] * 20))
    with pytest.raises(Unavailable, match="from offset 1 of pmo.project/0 on can't be landed: no such column"):
        land(landing, answers=True, tmp_path=tmp_path)
    assert not landing.landed


def test_stopped_while_clickhouse_is_away_it_lands_nothing(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    landing = Landing(iter([QueryFailed("away")] * 20))
    with pytest.raises(module._NotLanded):
        land(landing, answers=False, tmp_path=tmp_path, stop=stop)
    assert landing.tries == 1
