"""The relay on a real broker: order, resuming after kill -9, one leader, names and their erasure."""

import contextlib
import threading
from collections import Counter, defaultdict
from pathlib import Path

import orjson
import pytest

from services import bus
from services.commands.app import Governance
from services.commands.directory import Entry
from services.commands.relay import BATCH, Relay
from services.errors import BadInput, Unavailable
from services.projections.landing import topic_names
from services.settings import Settings
from services.topics import SEQ, directory_topic, event_topic
from tests.integration.workspaces import command, declare, ended, fill, process, until, workspace
from tests.postgres import Postgres, database_of


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str, store: str) -> Settings:
    settings = workspace(tmp_path, kafka=broker, topic_prefix=prefix, store=store)
    declare(settings)
    return settings


def relayed(settings: Settings) -> list[bus.Record]:
    topic = event_topic(settings.topic_prefix, "project")
    return [r for batch in bus.read(settings.kafka, [topic]) for r in batch]


def sent(settings: Settings) -> int:
    return sum(bus.end_offsets(settings.kafka, topic_names(settings.topic_prefix)).values())


def names(settings: Settings) -> list[bus.Record]:
    return [r for batch in bus.read(settings.kafka, [directory_topic(settings.topic_prefix)]) for r in batch]


def named(settings: Settings) -> int:
    """How many records of the directory were sent."""
    return sum(bus.end_offsets(settings.kafka, [directory_topic(settings.topic_prefix)]).values())


def ids(records: list[bus.Record]) -> list[str]:
    return [orjson.loads(r.value or b"")["id"] for r in records]


def test_what_is_recorded_is_sent_once_and_in_order(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 300)
        assert Relay(app, settings.kafka, settings).run_once() == 300
        fill(app, 50, 300)
        assert Relay(app, settings.kafka, settings).run_once() == 50
        assert Relay(app, settings.kafka, settings).run_once() == 0
        stored = {f"{n.originator_id}/{n.originator_version}": n for n in app.store.select_notifications(1, 1_000)}
    records = relayed(settings)
    assert len(records) == 350
    versions = defaultdict(list)
    for record, event_id in zip(records, ids(records), strict=True):
        notification = stored[event_id]
        assert record.value == notification.state
        assert record.headers["position"] == b"%d" % notification.id
        versions[record.key].append(notification.originator_version)
    assert all(found == sorted(found) for found in versions.values())


def test_records_behind_the_checkpoint_are_not_sent_again(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 100)
        Relay(app, settings.kafka, settings).run_once()
        app.store.forget_checkpoints()
        fill(app, 10, 100)
        assert Relay(app, settings.kafka, settings).run_once() == 10
    assert len(relayed(settings)) == 110


def test_a_hole_behind_the_checkpoint_is_filled(settings: Settings) -> None:
    """Of two batches in flight, the later one arrived and the earlier one was refused."""
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 10)
        late = app.store.select_notifications(9, 10)[0]
        with bus.Producer(settings.kafka) as producer:
            producer.send(event_topic(settings.topic_prefix, "project"), b"project:P0", bytes(late.state), [])
            producer.flush()
        assert Relay(app, settings.kafka, settings).run_once() == 9
    assert len(set(ids(relayed(settings)))) == len(relayed(settings)) == 10


def test_killed_in_the_middle_it_goes_on_where_it_was(settings: Settings) -> None:
    total = 4 * BATCH
    with contextlib.closing(Governance(settings)) as app:
        fill(app, total)
        with process("relay", settings) as running:
            until(lambda: sent(settings) > BATCH // 2, 60, running)
            running.kill()
            running.wait()
        before = sent(settings)
        assert before < total
        Relay(app, settings.kafka, settings).run_once()
        records = relayed(settings)
        stored = {n.state for n in app.store.select_notifications(1, 2 * total)}
    copies = {value: n for value, n in Counter(r.value for r in records).items() if n > 1}
    assert {r.value for r in records} == stored
    # only what was in flight when it was killed may stand there twice, byte for byte
    assert len(copies) < BATCH
    assert len(records) == total + len(copies)


def test_the_second_relay_waits_and_takes_over(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 10)
        with process("relay", settings) as first:
            until(lambda: sent(settings) == 10, 60, first)
            with pytest.raises(Unavailable, match="Another process relays this store"):
                Relay(app, settings.kafka, settings).run_once()
            stop = threading.Event()
            second = threading.Thread(target=Relay(app, settings.kafka, settings).run, args=(stop,))
            second.start()
            fill(app, 10, 10)
            until(lambda: sent(settings) == 20, 20, first)
            first.kill()
            first.wait()
            fill(app, 10, 20)
            until(lambda: sent(settings) == 30, 20)
            assert app.store.is_led()
            stop.set()
            second.join(10)
            assert not second.is_alive()
        assert not app.store.is_led()
    assert len(set(ids(relayed(settings)))) == 30


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_relay_whose_server_ends_its_connections_goes_on(settings: Settings, postgres: Postgres) -> None:
    database = database_of(settings.store.get_secret_value())
    with contextlib.closing(Governance(settings)) as app, process("relay", settings) as running:
        for n in range(4):
            fill(app, 10, 10 * n)
            until(lambda n=n: sent(settings) == 10 * n + 10, 60, running)  # type: ignore[misc]
            postgres.end_connections(database)
        until(app.store.is_led, 20, running)
        assert ended(running)[0] == 0
    assert len(set(ids(relayed(settings)))) == len(relayed(settings)) == 40


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_names_go_to_the_directory_and_an_erasure_leaves_a_tombstone(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="FIN", name="Finance")
        command(app, "person join", person="kim", unit="FIN", role="analyst", name="Kim Example")
        Relay(app, settings.kafka, settings).run_once()
        subject, field = app.store.rows("SELECT subject, field FROM directory WHERE value = 'Kim Example'")[0]
        seq = app.store.relayed_entries()
        app.append([], entries=[Entry(subject, field, None)])
        with process("relay", settings) as first:
            until(lambda: len(names(settings)) > 1, 20, first)
            first.kill()
            first.wait()
        # killed before it could close the segment: the next one sends the erasure again, and closes it
        assert app.store.relayed_entries() == seq
        Relay(app, settings.kafka, settings).run_once()
        assert app.store.relayed_entries() == seq + 1
    mine = [r for r in names(settings) if r.key == orjson.dumps([subject, field])]
    said = [orjson.loads(r.value)["value"] if r.value else None for r in mine]
    # the broker may have compacted it already
    assert said[-1] is None
    assert set(said) <= {"Kim Example", None}
    assert named(settings) == 4
    assert mine[-1].headers[SEQ] == b"%d" % (seq + 1)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_closes_the_segment_of_an_erasure_does_not_erase_what_was_said_after_it(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        command(app, "unit register", unit="FIN", name="Finance")
        app.append([], entries=[Entry("person:A", "name", None)])
        with process("relay", settings) as running:
            until(lambda: bool(names(settings)), 20, running)
            app.append([], entries=[Entry("person:A", "name", "")])
            app.append([], entries=[Entry("person:A", "name", "Kim Example")])
            until(lambda: app.store.relayed_entries() == app.store.last_entry(), 30, running)
    said = [orjson.loads(r.value)["value"] if r.value else None for r in names(settings)]
    assert said[-1] == "Kim Example"
    # the empty value may have been overtaken before it was sent; the name is sent again to close the segment
    assert named(settings) in (3, 4)


def test_topics_made_anew_are_noticed_and_a_new_prefix_sends_everything(settings: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 10)
        Relay(app, settings.kafka, settings).run_once()
        ends = {f"{event_topic(settings.topic_prefix, 'project')}/0": 99}
        app.store.write_checkpoint(99, orjson.dumps(ends).decode(), 0)
        with pytest.raises(Unavailable, match="made anew or lost records.*PMO_TOPIC_PREFIX"):
            Relay(app, settings.kafka, settings).run_once()
        other = settings.model_copy(update={"topic_prefix": f"{settings.topic_prefix}-2"})
        declare(other)
        assert Relay(app, settings.kafka, other).run_once() == 10


def test_topics_of_another_workspace_are_refused(settings: Settings, tmp_path: Path) -> None:
    other = workspace(
        tmp_path / "other", workspace_id="other", kafka=settings.kafka, topic_prefix=settings.topic_prefix
    )
    with contextlib.closing(Governance(settings)) as app, contextlib.closing(Governance(other)) as second:
        for each in (app, second):
            command(each, "unit register", unit="FIN", name="Finance")
        Relay(app, settings.kafka, settings).run_once()
        with pytest.raises(BadInput, match="another workspace.*PMO_TOPIC_PREFIX"):
            # else its own FIN would be taken for one that was sent already
            Relay(second, settings.kafka, other).run_once()
        assert not second.store.checkpoints()
