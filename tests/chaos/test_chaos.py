"""The short form of the crash harness; `make chaos` is the long one."""

from pathlib import Path

from tests.chaos.harness import run
from tests.postgres import Postgres

KILLS = 8


def test_nothing_is_lost_doubled_or_changed(tmp_path: Path, postgres: Postgres) -> None:
    said: list[str] = []
    outcome = run(tmp_path, postgres, KILLS, 7, said.append, short=True)
    assert outcome.done.total() == KILLS and len(outcome.done) >= 3, said
    assert outcome.acknowledged > 100
    assert outcome.lost == []
    assert outcome.differences == []
    looked_at = {part.name: part.looked_at for part in outcome.parts}
    assert looked_at["event store"] == looked_at["ClickHouse"] >= outcome.acknowledged
    assert looked_at["Kafka"] >= looked_at["event store"]
