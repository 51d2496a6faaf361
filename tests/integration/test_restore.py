"""Stores made again: from Kafka alone, at the old positions; topics from the store alone; a backup while all runs."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from services import bus
from services.backup import Erased, backup, refill, restore
from services.cli.main import root
from services.commands import erasing
from services.commands.app import Governance
from services.commands.directory import Entry
from services.commands.relay import Relay
from services.errors import BadInput, PmoError, Rejected, Unavailable
from services.runtime import endpoint_url, quiet
from services.settings import Settings
from services.topics import directory_topic, event_headers, event_topic
from services.verify import publish, sign, verify_store, verify_topics
from tests.integration.workspaces import command, declare, ended, fill, process, until, workspace

pytestmark = pytest.mark.long

STREAM = "project:P1"
EVENTS = 104


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str) -> Settings:
    settings = workspace(tmp_path / "lost", kafka=broker, topic_prefix=prefix)
    declare(settings)
    return settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Governance]:
    """A store of some events, a note, a name, and a name that was erased, all of them sent."""
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 100)
        command(app, "unit register", unit="OPS", name="Operations")
        for person in ("Ann", "Eve"):
            command(app, "person join", person=f"{person}@example.org", unit="OPS", role="Pilot", name=person)
        command(app, "project propose", project="ROOF", name="Roof", unit="OPS", size="small")
        Relay(app, settings.kafka, settings).run_once()
        app.store.write("UPDATE directory SET seq = seq + 100, value = NULL WHERE value = 'Eve'")
        Relay(app, settings.kafka, settings).run_once()
        yield app


@pytest.fixture
def empty(settings: Settings, tmp_path: Path, store: str) -> Settings:
    """What is left of the workspace, its settings; the new store is of either kind."""
    return workspace(tmp_path / "again", kafka=settings.kafka, topic_prefix=settings.topic_prefix, store=store)


def rows(app: Governance) -> list[tuple[int, str, int, str, bytes]]:
    return app.store.stored_after(0, 100_000)


def names(app: Governance) -> list[tuple[int, str, str, str | None]]:
    return [entry[:4] for entry in app.store.entries_after(0, 100_000)]


def sent(settings: Settings) -> int:
    topics = [event_topic(settings.topic_prefix, kind) for kind in ("project", "person", "business-unit")]
    return sum(bus.end_offsets(settings.kafka, [*topics, directory_topic(settings.topic_prefix)]).values())


def differing(app: Governance, settings: Settings) -> dict[str, int]:
    log, parts = verify_store(settings, app, (), None, settings.kafka, quiet)
    return {part.name: part.differing for part in (*parts, *verify_topics(settings, app, settings.kafka, log, quiet))}


def send(settings: Settings, value: bytes | None, position: int, key: str = STREAM) -> None:
    with bus.Producer(settings.kafka) as producer:
        producer.send(event_topic(settings.topic_prefix, "project"), key.encode(), value, event_headers(position))
        producer.flush()


def event(app: Governance, version: int) -> tuple[int, bytes]:
    position, *_, value = app.store.stored_by_key(STREAM, version - 1, 1)[0]
    return position, value


def test_a_store_comes_back_from_kafka_alone(app: Governance, settings: Settings, empty: Settings) -> None:
    publish(settings, settings.kafka, sign(settings, app, quiet))
    (empty.home / "checkpoint.key").write_bytes((settings.home / "checkpoint.key").read_bytes())
    filled = refill(empty, print, quiet)
    assert (filled.events, filled.copies, filled.others) == (EVENTS, 0, 0)
    before = sent(settings)
    with contextlib.closing(Governance(empty)) as again:
        assert rows(again) == rows(app)
        assert names(again) == names(app)
        assert None in {value for *_, value in names(again)}
        assert Relay(again, empty.kafka, empty).run_once() == 0
        assert sent(settings) == before
        assert not any(differing(again, empty).values())
        # it is not a copy to look at: history goes on in it
        command(again, "unit register", unit="PORT", name="Port")
        assert Relay(again, empty.kafka, empty).run_once() == 1
        assert not any(differing(again, empty).values())
        assert rows(again)[-1][0] == EVENTS + 1


def test_who_was_erased_does_not_come_back_from_kafka(
    app: Governance, settings: Settings, empty: Settings, tmp_path: Path
) -> None:
    """Their last tombstone may not have been sent, or have been compacted away, and with it who is not to be named."""
    ann, gone = erasing.find_person(app, "ann@example.org"), "person:AAAAAAAAAAAAAAAAAAAA"
    erasing.erase(app, [ann])
    app.append([], entries=[Entry(gone, "name", None)])
    listed = tmp_path / "erased.json"
    listed.write_text(Erased.now(settings).text())
    refill(empty, print, quiet, listed)
    with contextlib.closing(Governance(empty)) as again:
        assert rows(again) == rows(app)
        assert {value for *_, value in names(again)} == {None}
        assert set(again.store.erased([ann.subject, gone])) == {ann.subject, gone}
        # the relay sends what Kafka did not know
        assert again.store.relayed_entries() < again.store.last_entry()
        Relay(again, empty.kafka, empty).run_once()
        assert not any(differing(again, empty).values())
    with pytest.raises(BadInput, match="is of another workspace"):
        refill(empty.model_copy(update={"workspace_id": "other"}), print, quiet, listed)


def test_copies_are_taken_once_and_what_is_no_event_is_passed_over(app: Governance, empty: Settings) -> None:
    for version in (3, 4, 3):
        position, value = event(app, version)
        send(empty, value, position)
    for nothing in (b"{", None, value.replace(b'"green"', b'"mauve"')):
        send(empty, nothing, position)
    send(empty, value, position, key="project:P2")
    filled = refill(empty, print, quiet)
    assert (filled.events, filled.copies, filled.others) == (EVENTS, 3, 4)
    with contextlib.closing(Governance(empty)) as again:
        assert rows(again) == rows(app)


def forged(app: Governance, empty: Settings, case: str) -> None:
    position, value = event(app, 3)
    if case == "other bytes":
        send(empty, value.replace(b'"12.5"', b'"92.5"'), position)
    elif case == "another position":
        send(empty, value, EVENTS + 1)
    elif case == "a far position":
        send(empty, value.replace(STREAM.encode(), b"project:ZZ"), 10**15, key="project:ZZ")
    elif case == "a gap in a stream":
        send(empty, value.replace(b"project:P1/3", b"project:P1/13"), EVENTS + 1)
    elif case == "a gap in the log":
        send(empty, value.replace(b"project:P1/3", b"project:P1/11"), EVENTS + 2)
        send(empty, b"{", 1)
    else:
        send(empty, value.replace(b"/pmo/test", b"/pmo/elsewhere"), position)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("other bytes", "Position 13 stands on the topics twice with different bytes, once as project:P1/3"),
        ("another position", "project:P1/3 stands on the topics at two positions, 1"),
        ("a far position", r"project:ZZ/3 has position 1000000000000000, but the topics .* records only"),
        ("a gap in a stream", "project:P1/13 stands on the topics .* where version 11 should"),
        ("a gap in the log", "The event at position 105 is missing on the topics"),
        ("another workspace", r"hold the events of another workspace \(/pmo/elsewhere, not /pmo/test\)"),
    ],
)
def test_what_is_missing_or_forged_is_named_and_nothing_is_written(
    app: Governance, empty: Settings, case: str, said: str
) -> None:
    forged(app, empty, case)
    with pytest.raises(BadInput, match=said):
        refill(empty, print, quiet)
    with contextlib.closing(Governance(empty)) as again:
        assert (rows(again), names(again), again.store.rows("SELECT * FROM relayed")) == ([], [], [])


def test_events_in_the_wrong_order_are_named(settings: Settings, empty: Settings) -> None:
    with contextlib.closing(Governance(settings)) as app:
        fill(app, 3)
        for (position, stream, *_, value), other in zip(rows(app), (1, 3, 2), strict=True):
            assert position <= 3
            send(empty, value, other, key=stream)
    with pytest.raises(BadInput, match="project:P0/3 stands on the topics .* before version 2"):
        refill(empty, print, quiet)


def test_only_an_empty_store_that_nobody_relays_is_filled(app: Governance, settings: Settings, empty: Settings) -> None:
    before = rows(app)
    with pytest.raises(Rejected, match="holds events or names already"):
        refill(settings, print, quiet)
    assert rows(app) == before
    other = empty.model_copy(update={"topic_prefix": f"{empty.topic_prefix}-none"})
    declare(other)
    with contextlib.closing(Governance(empty)) as again:
        stop = threading.Event()
        relay = threading.Thread(target=Relay(again, other.kafka, other).run, args=(stop,))
        relay.start()
        until(again.store.is_led, 10)
        with pytest.raises(Unavailable, match="A relay is at work"):
            refill(empty, print, quiet)
        stop.set()
        relay.join()
    with pytest.raises(Unavailable, match="There are no events on the topics"):
        refill(other, print, quiet)
    with pytest.raises(Unavailable, match="There is no Kafka to restore from"):
        refill(empty.model_copy(update={"kafka": ""}), print, quiet)


def test_a_lost_store_comes_back_from_the_broker_of_the_workspace_itself(tmp_path: Path) -> None:
    settings = workspace(tmp_path / "home", partitions=1)
    with process("up", settings) as running, contextlib.closing(Governance(settings)) as app:
        until(lambda: endpoint_url(settings) is not None, 90, running)
        fill(app, 20)
        until(lambda: app.store.checkpoint_behind(20) is not None, 30, running)
        before = rows(app)
        assert ended(running)[0] == 0
    for file in settings.home.glob("events.sqlite*"):
        file.unlink()
    result = CliRunner(env={"PMO_HOME": str(settings.home)}).invoke(root, ["restore", "--from-kafka"])
    assert result.exit_code == 0, result.output
    assert "20 events and 0 names and notes from Kafka in" in result.output
    with contextlib.closing(Governance(settings)) as again:
        assert rows(again) == before


def test_topics_come_back_from_the_store_alone(app: Governance, settings: Settings, empty: Settings) -> None:
    other = settings.model_copy(update={"topic_prefix": f"{settings.topic_prefix}-new"})
    declare(other)
    assert Relay(app, other.kafka, other).run_once() == EVENTS
    assert not any(differing(app, other).values())
    # and a store from those again
    filled = refill(empty.model_copy(update={"topic_prefix": other.topic_prefix}), print, quiet)
    assert (filled.events, filled.copies) == (EVENTS, 0)


def test_a_restored_backup_goes_on_with_the_topics_that_it_finds(
    app: Governance, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "backup", quiet)
    restore(tmp_path / "backup", tmp_path / "again", quiet)
    again = Settings.load(tmp_path / "again")
    with contextlib.closing(Governance(again)) as restored:
        assert Relay(restored, again.kafka, again).run_once() == 0
        assert not any(differing(restored, again).values())


def test_a_store_that_is_older_than_its_topics_sends_nothing(
    app: Governance, settings: Settings, tmp_path: Path
) -> None:
    """Else what it records next would be skipped, since its ids are there already."""
    backup(settings, tmp_path / "backup", quiet)
    fill(app, 10, 100)
    Relay(app, settings.kafka, settings).run_once()
    restore(tmp_path / "backup", tmp_path / "again", quiet)
    again, before = Settings.load(tmp_path / "again"), sent(settings)
    with contextlib.closing(Governance(again)) as restored:
        command(restored, "project propose", project="P10", name="Another", unit="OPS", size="small")
        with pytest.raises(BadInput, match="which this store does not: .* --from-kafka.*PMO_TOPIC_PREFIX"):
            Relay(restored, again.kafka, again).run_once()
        assert sent(settings) == before
        other = again.model_copy(update={"topic_prefix": f"{again.topic_prefix}-new"})
        declare(other)
        assert Relay(restored, other.kafka, other).run_once() == EVENTS + 1
        assert not any(differing(restored, other).values())


def test_a_backup_while_all_runs_is_of_one_moment(tmp_path: Path) -> None:
    settings = workspace(tmp_path / "home")
    enough, failures = threading.Event(), list[PmoError]()

    def record() -> None:
        try:
            with contextlib.closing(Governance(settings)) as app:
                command(app, "unit register", unit="OPS", name="Operations")
                number = 0
                while not enough.is_set():
                    number += 1
                    command(app, "person join", person=f"p{number}@x.org", unit="OPS", role="Pilot", name=f"N{number}")
        except PmoError as error:
            failures.append(error)

    with process("up-embedded", settings) as running:
        until(lambda: endpoint_url(settings) is not None, 60, running)
        writer = threading.Thread(target=record)
        writer.start()
        for n in range(4):
            backup(settings, tmp_path / f"backup-{n}", quiet)
        enough.set()
        writer.join()
        assert running.poll() is None
    assert failures == []
    sizes = []
    for n in range(4):
        restore(tmp_path / f"backup-{n}", tmp_path / f"again-{n}", quiet)
        with contextlib.closing(sqlite3.connect(tmp_path / f"again-{n}" / "events.sqlite")) as store:
            joined, named = (
                {subject for (subject,) in store.execute(query)}
                for query in (
                    "SELECT originator_id FROM stored_events WHERE topic LIKE 'pmo.person.joined%'",
                    "SELECT subject FROM directory WHERE field = 'name'",
                )
            )
        # both are written by one transaction, so neither may be there without the other
        assert joined == named
        sizes.append(len(joined))
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]
