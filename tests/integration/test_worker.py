"""The whole path over a real broker: commands, relay, Kafka, the Faust worker in its own process, chDB."""

import contextlib
from pathlib import Path

import orjson
import pytest

from services import bus
from services.commands.app import Governance
from services.commands.relay import Relay
from services.projections.bulk import bulk_from_kafka
from services.projections.landing import topic_names
from services.projections.projector import Checkpoint, Projector
from services.projections.schema import connect
from services.projections.worker import BULK_FROM, group_of
from services.runtime import quiet
from services.settings import Settings
from services.topics import dead_letter_topic, event_headers, event_topic
from services.waiting import is_visible
from tests.integration.workspaces import (
    command,
    contents,
    declare,
    embedded_contents,
    ended,
    fill,
    process,
    until,
    workspace,
)


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix)
    declare(settings)
    return settings


def relay(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        Relay(app, settings.kafka, settings).run_once()


def committed(settings: Settings) -> dict[tuple[str, int], int]:
    return bus.committed(settings.kafka, group_of(settings.topic_prefix), topic_names(settings.topic_prefix))


def ends(settings: Settings) -> dict[tuple[str, int], int]:
    return {at: end for at, end in bus.end_offsets(settings.kafka, topic_names(settings.topic_prefix)).items() if end}


def work_until_all_is_acknowledged(settings: Settings) -> None:
    with process("worker", settings) as running:
        until(lambda: {at: n for at, n in committed(settings).items() if n} == ends(settings), 90, running)
        code, _, err = ended(running)
        assert (code, err) == (0, "")


def test_the_tables_are_those_of_the_embedded_path(settings: Settings, tmp_path: Path) -> None:
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="FIN", name="Finance")
        command(app, "person join", person="kim", unit="FIN", role="analyst", name="Kim Example")
        command(app, "project propose", project="ROOF", name="New roof", unit="FIN", size="small")
        fill(app, 500)
        last = app.store.max_notification_id() or 0
        relay(settings)
        work_until_all_is_acknowledged(settings)
        with connect(settings) as clickhouse:
            over_kafka = contents(clickhouse)
            landed = Projector(clickhouse).landed()
        assert is_visible(app.store, landed, last)
        assert not is_visible(app.store, landed, last + 1)
    assert over_kafka == embedded_contents(settings, tmp_path / "embedded")
    assert len(over_kafka["events"]) == 503
    assert over_kafka["directory"]


@pytest.mark.long
def test_killed_in_the_middle_it_ends_in_the_same_tables(settings: Settings, tmp_path: Path) -> None:
    events = BULK_FROM * 3 // 4
    with contextlib.closing(Governance(settings)) as app:
        fill(app, events)
    relay(settings)
    with process("worker", settings) as running:
        until(lambda: sum(committed(settings).values()) > 0, 60, running)
        running.kill()
        running.wait()
    reached = committed(settings)
    assert sum(reached.values()) < events
    with connect(settings) as clickhouse:
        landed = Projector(clickhouse).landed()
        assert 0 < sum(reached.values()) <= int(clickhouse.scalar("SELECT uniqExact(stream, version) FROM events"))
    assert all(offset <= landed[at].next for at, offset in reached.items() if offset)
    work_until_all_is_acknowledged(settings)
    with connect(settings) as clickhouse:
        over_kafka = contents(clickhouse)
    assert over_kafka == embedded_contents(settings, tmp_path / "embedded")


def test_an_invalid_record_becomes_a_dead_letter_and_an_unknown_type_lands(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 2)
        valid, other = (bytes(n.state) for n in app.store.select_notifications(1, 2))
    document = orjson.loads(other)
    unknown = orjson.dumps(
        document | {"type": "pmo.project.dreamt-of.v1", "dataschema": "urn:pmo:schema:pmo.project.dreamt-of.v1"}
    )
    wrong = orjson.dumps(document | {"data": {"at_risk": 7}})
    topic = event_topic(settings.topic_prefix, "project")
    with bus.Producer(settings.kafka) as producer:
        for value in (b"no JSON", wrong, None, unknown, valid):
            producer.send(topic, b"project:P0", value, event_headers(1))
        producer.flush()
    work_until_all_is_acknowledged(settings)
    letters = [r for batch in bus.read(settings.kafka, [dead_letter_topic(settings.topic_prefix)]) for r in batch]
    assert [r.value for r in letters] == [b"no JSON", wrong, None]
    partition = letters[0].headers["partition"]
    for number, letter in enumerate(letters):
        place = {"topic": topic.encode(), "partition": partition, "offset": b"%d" % number}
        assert {name: letter.headers[name] for name in place} == place
        assert letter.headers["reason"]
    with connect(settings) as clickhouse:
        rows = clickhouse.rows("SELECT DISTINCT version, type, value FROM events ORDER BY version")
    assert [row["type"] for row in rows] == ["pmo.project.proposed.v1", "pmo.project.dreamt-of.v1"]
    assert rows[1]["value"].encode() == unknown


def test_a_lost_clickhouse_is_filled_again_though_the_group_had_read_everything(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 100)
    relay(settings)
    group_had_read = ends(settings)
    bus.commit(settings.kafka, group_of(settings.topic_prefix), group_had_read)
    with process("worker", settings) as running:
        assert running.stdout is not None
        until(lambda: "follows in group" in (running.stdout.readline() if running.stdout else ""), 60, running)
        assert ended(running)[0] == 0
    with connect(settings) as clickhouse:
        assert clickhouse.scalar("SELECT count() FROM events") == 100


def test_in_bulk_the_same_is_landed_and_it_goes_on_at_the_checkpoint(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 300)
    relay(settings)
    with bus.Producer(settings.kafka) as producer:
        producer.send(event_topic(settings.topic_prefix, "project"), b"project:P0", b"no JSON", event_headers(1))
        producer.flush()
    with connect(settings) as clickhouse:
        said: list[tuple[int, int]] = []
        for _ in range(2):
            prefix = settings.topic_prefix
            reached = bulk_from_kafka(
                clickhouse, settings.kafka, prefix, lambda done, total: said.append((done, total))
            )
            assert {at: offset for at, offset in reached.items() if offset} == ends(settings)
        assert said == [(301, 301)]
        assert clickhouse.scalar("SELECT count() FROM events") == 300
        bulk_from_kafka(clickhouse, settings.kafka, settings.topic_prefix, quiet, anew=True)
        assert clickhouse.scalar("SELECT uniqExact(stream, version) FROM events") == 300
    letters = [r for batch in bus.read(settings.kafka, [dead_letter_topic(settings.topic_prefix)]) for r in batch]
    assert {r.value for r in letters} == {b"no JSON"}


def test_topics_made_anew_are_noticed(settings: Settings) -> None:
    topic = event_topic(settings.topic_prefix, "project")
    with connect(settings) as clickhouse:
        Projector(clickhouse).checkpoint([Checkpoint(topic, 0, 99)])
    with process("worker", settings) as running:
        _, err = running.communicate(timeout=60)
        assert running.returncode != 0
        assert "was made anew" in err


def test_topics_of_another_workspace_are_refused(settings: Settings, tmp_path: Path) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 10)
        Relay(app, settings.kafka, settings).run_once()
    other = workspace(
        tmp_path / "other", workspace_id="other", kafka=settings.kafka, topic_prefix=settings.topic_prefix
    )
    with process("worker", other) as running:
        _, err = running.communicate(timeout=60)
        assert running.returncode != 0
        assert "events of another workspace" in err
    with connect(other) as clickhouse:
        assert clickhouse.scalar("SELECT count() FROM events") == 0
