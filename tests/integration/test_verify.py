"""The verification of topics on a real broker: copies are counted, everything else that differs is named."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import bus
from services.commands.app import Governance
from services.commands.relay import Relay
from services.projections.bulk import bulk_from_kafka
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.projections.schema import prepare
from services.projections.worker import group_of
from services.runtime import quiet
from services.settings import Settings
from services.topics import checkpoint_topic, directory_topic, event_headers, event_topic
from services.verify import publish, sign, verify_acknowledged, verify_store, verify_topics
from services.verify.findings import Part
from tests.integration.workspaces import command, declare, fill, workspace

STREAM = "project:P1"


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str, store: str) -> Settings:
    settings = workspace(tmp_path, kafka=broker, topic_prefix=prefix, store=store)
    declare(settings)
    return settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Governance]:
    """A store of a hundred events and a name, all of them sent."""
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 100)
        command(app, "unit register", unit="OPS", name="Operations")
        command(app, "person join", person="ann@example.org", unit="OPS", role="Pilot", name="Ann")
        Relay(app, settings.kafka, settings).run_once()
        yield app


def verified(app: Governance, settings: Settings) -> dict[str, Part]:
    log, parts = verify_store(settings, app, (), None, settings.kafka, quiet)
    return {part.name: part for part in (*parts, *verify_topics(settings, app, settings.kafka, log, quiet))}


def named(part: Part) -> list[tuple[str, str]]:
    return [(d.what, d.how) for d in part.differences]


def stored(app: Governance, version: int) -> tuple[int, bytes]:
    position, *_, value = app.store.stored_by_key(STREAM, version - 1, 1)[0]
    return position, value


def send(settings: Settings, value: bytes | None, position: int, key: str = STREAM, kind: str = "project") -> None:
    with bus.Producer(settings.kafka) as producer:
        producer.send(event_topic(settings.topic_prefix, kind), key.encode(), value, event_headers(position))
        producer.flush()


def test_what_was_sent_is_as_it_was_recorded_and_copies_are_counted(app: Governance, settings: Settings) -> None:
    found = verified(app, settings)
    assert (found["Kafka"].looked_at, found["Kafka"].differing, found["Kafka"].note) == (102, 0, "")
    assert (found["names on Kafka"].looked_at > 0, found["names on Kafka"].differing) == (True, 0)
    position, value = stored(app, 3)
    send(settings, value, position)
    found = verified(app, settings)
    assert (found["Kafka"].looked_at, found["Kafka"].differing) == (103, 0)
    assert found["Kafka"].note.startswith("1 of them copies")


def test_other_bytes_are_named(app: Governance, settings: Settings) -> None:
    position, value = stored(app, 3)
    send(settings, value.replace(b'"12.5"', b'"92.5"'), position)
    send(settings, value, position + 1)
    send(settings, value.replace(b"project:P1", b"project:P9"), 10_000)
    send(settings, value.replace(b"project:P1", b"project:ZZ"), position)
    send(settings, b"{", position)
    send(settings, None, position)
    hows = {how for _, how in named(verified(app, settings)["Kafka"])}
    assert hows == {
        f"holds {STREAM}/3 with other bytes than in the store",
        f"holds {STREAM}/3 with another position",
        "holds project:P9/3 with other bytes than in the store",
        "holds project:ZZ/3, which is not in the store",
        "is no event",
    }


def test_an_event_under_another_key_or_topic_is_named(app: Governance, settings: Settings) -> None:
    position, value = stored(app, 3)
    send(settings, value, position, key="project:P2")
    send(settings, value, position, kind="person")
    found = named(verified(app, settings)["Kafka"])
    assert [how for _, how in found] == [f"an event of {STREAM} stands under another key or topic"] * 2


def test_what_is_missing_or_out_of_order_is_named(app: Governance, settings: Settings) -> None:
    fill(app, 20, 100)
    # the last ten are on the topic in the wrong order, the first ten are not, though the relay says so
    rows = app.store.stored_after(102, 20)
    for position, stream, _, _, value in reversed(rows[10:]):
        send(settings, value, position, key=stream)
    app.store.write("UPDATE relayed SET position = ?", app.store.max_notification_id() or 0)
    found = named(verified(app, settings)["Kafka"])
    assert [what for what, how in found if how == "is missing"] == [f"project:P10/{n}" for n in range(1, 11)]
    assert len([how for _, how in found if "comes after version" in how]) == 9


def test_names_are_held_against_the_directory_without_being_shown(app: Governance, settings: Settings) -> None:
    topic = directory_topic(settings.topic_prefix)
    (key,) = {r.key for batch in bus.read(settings.kafka, [topic]) for r in batch if b"Ann" in (r.value or b"")}
    with bus.Producer(settings.kafka) as producer:
        producer.send(topic, key or b"", b'{"seq":1,"value":"Eve"}', [("seq", b"1")])
        producer.send(topic, b'["person:NOBODY","name"]', b'{"seq":2}', [("seq", b"2")])
        producer.flush()
    found = named(verified(app, settings)["names on Kafka"])
    assert sorted(how for _, how in found) == ["is another than in the store", "stands there, but not in the store"]
    assert "name of person:NOBODY" in [what for what, _ in found]
    assert "Ann" not in str(found) and "Eve" not in str(found)


def test_checkpoints_are_published_and_checked(app: Governance, settings: Settings) -> None:
    publish(settings, settings.kafka, sign(settings, app, quiet))
    fill(app, 10, 100)
    found = verified(app, settings)["checkpoints"]
    assert (found.looked_at, found.differing) == (2, 0)
    with bus.Producer(settings.kafka) as producer:
        producer.send(checkpoint_topic(settings.topic_prefix), b"pmo/test", b"forged", [])
        producer.flush()
    assert [how for _, how in named(verified(app, settings)["checkpoints"])] == ["is not as it was signed"]


def test_what_was_acknowledged_and_has_not_landed_is_named(app: Governance, settings: Settings, tmp_path: Path) -> None:
    with ClickHouse.embedded(tmp_path / "clickhouse") as clickhouse:
        prepare(clickhouse, settings.workspace_id)
        reached = bulk_from_kafka(clickhouse, settings.kafka, settings.topic_prefix, quiet)
        bus.commit(settings.kafka, group_of(settings.topic_prefix), reached)
        [part] = verify_acknowledged(settings, clickhouse, settings.kafka)
        assert (part.looked_at, part.differing) == (len(reached), 0)
        # whoever takes the rows takes what speaks of them too
        clickhouse.command(f"TRUNCATE TABLE {table('checkpoints').physical}")
        [part] = verify_acknowledged(settings, clickhouse, settings.kafka)
        assert part.differing == len([end for end in reached.values() if end])
        ends = {f"{topic}/{number}": end for (topic, number), end in reached.items()}
        for what, how in named(part):
            assert how == f"was acknowledged up to {ends[what]}, and has landed up to 0 only"
