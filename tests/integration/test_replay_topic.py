"""A replay over a real broker: whoever listens sees every event again, in the order of each stream."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services import bus
from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.replay import RUN, Plan, Rules, replay, replay_topic
from tests.integration.workspaces import workspace


@pytest.fixture
def app(tmp_path: Path, broker: str, prefix: str) -> Iterator[Governance]:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix)
    """PORT is registered in January, renamed in February and March."""
    with closing(Governance(settings)) as made:
        for month in (1, 2, 3):
            meta = Meta(actor="system:test", recorded_at=datetime(2026, month, 10, tzinfo=UTC),
                        at=datetime(2026, month, 10, tzinfo=UTC))  # fmt: skip
            command = BY_PATH["unit register"] if month == 1 else BY_PATH["unit rename"]
            fields = {"unit": "PORT", "name": f"Port {month}"}
            made.handle(Intake(settings.secret.get_secret_value()).prepare(command, fields, meta.said()), meta)
        yield made


def test_listeners_see_it_happen_again(app: Governance, broker: str, prefix: str) -> None:
    plan = Plan(date(2026, 2, 1), date(2026, 2, 28))
    done = replay(app, plan, Rules({}, {}), listen=broker)
    topic = replay_topic(prefix)
    assert (done.landed_first, done.events, done.sent, done.topic) == (1, 1, 1, topic)
    records = [record for batch in bus.read(broker, [topic]) for record in batch]
    [(position, stream, value)] = app.store.values_after(1, 1)
    [record] = records
    assert (record.key, record.value) == (stream.encode(), bytes(value))
    assert record.headers["position"] == b"%d" % position and record.headers[RUN]
    again = replay(app, Plan(date(2026, 1, 1), date(2026, 12, 31)), Rules({}, {}), listen=broker)
    assert again.sent == 3
