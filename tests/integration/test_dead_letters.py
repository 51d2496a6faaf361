"""Dead letters over a real broker and worker: listed, shown, and landed by another try if they are ours and valid."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import orjson
import pytest

from services import bus
from services.commands.app import Governance
from services.commands.relay import Relay
from services.dead_letters import letters, retry
from services.projections.clickhouse import ClickHouse
from services.projections.landing import Landing, topic_names
from services.projections.schema import connect
from services.projections.worker import group_of
from services.runtime import endpoint_url, quiet
from services.settings import Settings
from services.topics import dead_letter_topic, directory_topic, event_headers, event_topic
from services.verify import verify_store, verify_topics
from tests.e2e.cli import Pmo
from tests.integration.workspaces import command, declare, fill, process, until, workspace

pytestmark = pytest.mark.long

OLDER = "data: this field is not known"


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix)
    declare(settings)
    return settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Governance]:
    with contextlib.closing(Governance(settings)) as app:
        yield app


def older_worker_lands(settings: Settings, refused: set[str]) -> None:
    """What a worker of an older version does, which takes these events for invalid."""
    with connect(settings) as clickhouse:
        older_landing(settings, clickhouse, refused)
    names = topic_names(settings.topic_prefix)
    bus.commit(settings.kafka, group_of(settings.topic_prefix), bus.end_offsets(settings.kafka, names))


def older_landing(settings: Settings, clickhouse: ClickHouse, refused: set[str]) -> None:
    names = [event_topic(settings.topic_prefix, "project"), directory_topic(settings.topic_prefix)]
    with Landing(clickhouse, settings.kafka, settings.topic_prefix) as landing:
        starts = {at: c.next for at, c in landing.projector.landed().items() if at[0] in names}
        for batch in bus.read(settings.kafka, names, starts):
            landing.land_much(batch, [OLDER if r.said("id") in refused else None for r in batch])
        landing.projector.settle()


def send(settings: Settings, *values: bytes | None, topic: str = "project", key: bytes = b"project:P0") -> None:
    with bus.Producer(settings.kafka) as producer:
        for value in values:
            producer.send(event_topic(settings.topic_prefix, topic), key, value, event_headers(1))
        producer.flush()


@contextlib.contextmanager
def working(settings: Settings) -> Iterator[None]:
    with process("worker", settings) as running:
        until(lambda: endpoint_url(settings) is not None, 60, running)
        yield


def states(pmo: Pmo) -> dict[str, str]:
    return {row["event"] or row["topic"].rpartition(".")[2]: row["state"] for row in pmo.data("dead-letters", "list")}


def test_after_an_upgrade_what_is_ours_lands_and_what_is_not_stays_out(app: Governance, settings: Settings) -> None:
    fill(app, 10)
    Relay(app, settings.kafka, settings).run_once()
    genuine = bytes(app.store.states_after("project:P0", 3)[0])
    tampered = genuine.replace(b'"12.5"', b'"92.5"')
    invented = genuine.replace(b"project:P0", b"project:ZZ")
    send(settings, tampered, invented)
    older_worker_lands(settings, {"project:P0/4", "project:P0/7", "project:ZZ/4"})
    send(settings, b"no JSON")
    pmo = Pmo(settings.home)
    with working(settings):
        until(lambda: len(pmo.data("dead-letters", "list")) == 5, 30)
        listed = pmo.data("dead-letters", "list")
        assert sorted((row["event"], row["state"]) for row in listed if row["event"]) == [
            ("project:P0/4", "foreign"),
            ("project:P0/4", "ready"),
            ("project:P0/7", "ready"),
            ("project:ZZ/4", "foreign"),
        ]
        assert {row["reason"] for row in listed if row["event"]} == {OLDER}
        first = next(row for row in listed if row["event"] == "project:P0/7")
        assert (first["topic"], first["offset"], first["times"]) == (
            event_topic(settings.topic_prefix, "project"),
            "6",
            1,
        )
        told = pmo.data("dead-letters", "retry", first["letter"])
        assert [(row["event"], row["state"]) for row in told] == [("project:P0/7", "landed")]

        refused = pmo("dead-letters", "retry", "--json")
        assert refused.exit_code == 3, refused.output
        assert "3 of 5 dead letters cannot land" in refused.stderr
        told = orjson.loads(refused.stdout)
        assert sorted((row["state"], row["why"]) for row in told) == [
            ("foreign", "project:ZZ/4 was never recorded"),
            ("foreign", "the store holds other bytes"),
            ("invalid", next(row["why"] for row in told if row["state"] == "invalid")),
            ("landed", ""),
            ("landed", ""),
        ]
        sent = bus.end_offsets(settings.kafka, [event_topic(settings.topic_prefix, "project")])
        assert pmo("dead-letters", "retry").exit_code == 3
        assert bus.end_offsets(settings.kafka, [event_topic(settings.topic_prefix, "project")]) == sent
    with connect(settings) as clickhouse:
        rows = clickhouse.rows("SELECT version, value FROM events FINAL ORDER BY version")
    assert [row["value"].encode() for row in rows] == app.store.states_after("project:P0", 0)
    log, _ = verify_store(settings, app, (), None, settings.kafka, quiet)
    kafka, _ = verify_topics(settings, app, settings.kafka, log, quiet)
    assert kafka.note.startswith("2 of them copies")
    assert {d.how.partition(",")[0] for d in kafka.differences} == {
        "holds project:P0/4 with other bytes than in the store",
        "holds project:ZZ/4",
        "is no event",
    }


def test_while_the_workers_are_away_nothing_is_sent_twice(app: Governance, settings: Settings) -> None:
    fill(app, 3)
    Relay(app, settings.kafka, settings).run_once()
    older_worker_lands(settings, {"project:P0/2"})
    pmo = Pmo(settings.home)
    for said in ("have not landed what was sent once more", "have not landed what was sent before"):
        away = pmo("dead-letters", "retry", "--timeout", "0")
        assert (away.exit_code, said in away.stderr) == (7, True)
    assert sum(bus.end_offsets(settings.kafka, [event_topic(settings.topic_prefix, "project")]).values()) == 4


def test_a_worker_that_is_still_of_the_older_version_is_named(app: Governance, settings: Settings) -> None:
    fill(app, 3)
    Relay(app, settings.kafka, settings).run_once()
    older_worker_lands(settings, {"project:P0/2"})
    ended = Event()
    with connect(settings) as clickhouse, clickhouse.session() as landing, ThreadPoolExecutor(1) as thread:

        def work() -> None:
            while not ended.wait(0.05):
                older_landing(settings, landing, {"project:P0/2"})

        working = thread.submit(work)
        found = letters(settings.kafka, settings.topic_prefix)
        try:
            [(_, verdict)] = retry(settings, settings.kafka, found, clickhouse, app.store, 30)
        finally:
            ended.set()
        working.result()
    assert (verdict.state, "older version" in verdict.why) == ("invalid", True)
    [letter] = letters(settings.kafka, settings.topic_prefix)[1:]
    assert letter.event == "project:P0/2"


def test_without_the_store_only_what_is_of_this_workspace_lands(
    app: Governance, settings: Settings, tmp_path: Path
) -> None:
    fill(app, 3)
    Relay(app, settings.kafka, settings).run_once()
    other = bytes(app.store.states_after("project:P0", 1)[0]).replace(b'"/pmo/test"', b'"/pmo/else"')
    send(settings, other.replace(b"project:P0", b"project:P8"))
    apart = workspace(tmp_path / "apart", kafka=settings.kafka, topic_prefix=settings.topic_prefix)
    older_worker_lands(apart, {"project:P0/2", "project:P8/2"})
    pmo = Pmo(apart.home)
    with working(apart):
        assert states(pmo) == {"project:P0/2": "ready", "project:P8/2": "foreign"}
        assert pmo("dead-letters", "retry").exit_code == 3
        assert states(pmo) == {"project:P0/2": "landed", "project:P8/2": "foreign"}
    log, _ = verify_store(settings, app, (), None, settings.kafka, quiet)
    kafka, _ = verify_topics(settings, app, settings.kafka, log, quiet)
    assert kafka.note.startswith("1 of them copies")


def test_of_a_name_nothing_is_shown_and_it_is_never_sent_again(app: Governance, settings: Settings) -> None:
    command(app, "unit register", unit="OPS", name="Operations")
    command(app, "person join", person="ann@example.org", unit="OPS", role="Pilot", name="Ann Example")
    subject, field = next(entry[1:3] for entry in app.store.entries_after(0, 10) if entry[3] == "Ann Example")
    key = orjson.dumps([subject, field])
    with bus.Producer(settings.kafka) as producer:
        for sent in (key, b"no key"):
            producer.send(directory_topic(settings.topic_prefix), sent, b'{"name": "Ann Example"}', [("seq", b"1")])
        producer.flush()
    older_worker_lands(settings, set())
    letters = [r for batch in bus.read(settings.kafka, [dead_letter_topic(settings.topic_prefix)]) for r in batch]
    assert [r.value for r in letters] == [None, None]
    ends = bus.end_offsets(settings.kafka, [directory_topic(settings.topic_prefix)])
    pmo = Pmo(settings.home)
    listed = pmo("dead-letters", "retry")
    assert listed.exit_code == 3
    assert "Ann" not in listed.output
    # the query itself has caught up from the store meanwhile
    assert sorted((row["state"], row["why"]) for row in pmo.data("dead-letters", "list")) == [
        ("invalid", "not a record of the directory"),
        ("landed", "as the directory says it now"),
    ]
    assert bus.end_offsets(settings.kafka, [directory_topic(settings.topic_prefix)]) == ends


def test_one_is_shown_with_its_content_and_an_unknown_one_is_named(app: Governance, settings: Settings) -> None:
    send(settings, b"\xff\x1b[2Jno JSON")
    with working(settings):
        pmo = Pmo(settings.home)
        until(lambda: len(pmo.data("dead-letters", "list")) == 1, 30)
        [row] = pmo.data("dead-letters", "list")
        shown = pmo.ok("dead-letters", "show", row["letter"])
        assert r"\xff\x1b[2Jno JSON" in shown
        assert pmo.data("dead-letters", "show", row["letter"]) == {**row, "content": "\\xff\x1b[2Jno JSON"}
        assert pmo.ok("dead-letters", "list", "--csv").splitlines()[0].startswith("letter,state,why,refused_at")
        assert "There is no dead letter 9/9" in pmo.refused(5, "dead-letters", "show", "9/9")


def test_without_kafka_it_says_where_they_stand(tmp_path: Path) -> None:
    alone = workspace(tmp_path)
    assert "set PMO_KAFKA" in Pmo(alone.home).refused(7, "dead-letters", "list")
