"""Postgres is stopped and started again, or loses the processes of its connections, while commands and a relay run."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.commands.app import Governance, Meta
from services.commands.catalogue import BY_PATH
from services.commands.intake import Intake
from services.errors import Unavailable
from services.runtime import open_app, quiet
from services.settings import Settings
from services.verify import verify_store, verify_topics
from tests.e2e.cli import run
from tests.integration.workspaces import SECRET, command, declare, process, until, workspace
from tests.postgres import Postgres, database_of, started

pytestmark = pytest.mark.long

ROUNDS = 3


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of its own, since it is stopped."""
    with started() as server:
        yield server


class Writer(threading.Thread):
    """Lets people join, one after another, each with a name; keeps what was answered to each command."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.enough = threading.Event()
        self.recorded: list[str] = []
        self.failed: dict[str, str] = {}
        self.defect: Exception | None = None

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                key = uuid.uuid4().hex
                try:
                    with open_app(self._settings) as app:
                        while not self.enough.is_set():
                            key = uuid.uuid4().hex
                            self._join(app, key)
                            self.recorded.append(key)
                except Unavailable as error:
                    self.failed[key] = str(error)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.defect = error

    @staticmethod
    def _join(app: Governance, key: str) -> None:
        fields = {"person": f"{key}@example.org", "unit": "OPS", "role": "Pilot", "name": f"Name of {key}"}
        app.handle(Intake(SECRET).prepare(BY_PATH["person join"], fields, {}), Meta("system:test", command_id=key))


def test_it_comes_back_by_itself_and_nothing_is_half_recorded(
    server: Postgres, tmp_path: Path, broker: str, prefix: str
) -> None:
    url = server.new_database()
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, store=url)
    declare(settings)
    with closing(Governance(settings)) as app:
        command(app, "unit register", unit="OPS", name="Operations")
    writer = Writer(settings)
    with process("relay", settings) as relay:
        with closing(Governance(settings)) as app:
            until(app.store.is_led, 60, relay)
        writer.start()
        try:
            for number in range(ROUNDS):
                _goes_on(writer)
                server.stop()
                said = run(settings.home, "unit", "register", "FIN", "--name", "Finance")
                assert (said.returncode, said.stderr.count("\n")) == (7, 1), said.stderr
                assert said.stderr.startswith("Error: No Postgres answers at postgresql://pmo:***@127.0.0.1:")
                if number == 0:
                    # who has it open waits for a while; at last a command fails there too
                    until(lambda: bool(writer.failed or writer.defect), 60)
                server.start()
                _goes_on(writer)
                assert server.kill_backends(database_of(url)) > 0
        finally:
            writer.enough.set()
            writer.join()
        assert writer.defect is None, repr(writer.defect)
        with closing(Governance(settings)) as app:
            until(lambda: app.store.relayed_position() == app.store.max_notification_id(), 60, relay)
            _look(app, writer, settings)


def _goes_on(writer: Writer) -> None:
    """Waits until commands are recorded again."""
    before = len(writer.recorded)
    until(lambda: len(writer.recorded) > before + 5 or writer.defect is not None, 60)


def _look(app: Governance, writer: Writer, settings: Settings) -> None:
    for said in writer.failed.values():
        assert "\n" not in said and "s3cr3t" not in said and said.endswith(".")
    rows = app.store.rows("SELECT stream, command_id FROM command_digests")
    commands = {command_id: stream for stream, command_id in rows}
    # what was answered is there, and of what failed nothing: an answer that got lost is looked up before it is given
    assert set(writer.recorded) <= set(commands)
    people = set(app.store.streams("person"))
    assert people == {stream for stream in commands.values() if stream.startswith("person:")}
    assert {subject for _, subject, field, *_ in app.store.entries_after(0, 100_000) if field == "name"} == people
    assert len(people) >= len(writer.recorded)
    assert len(people) <= len(writer.recorded) + len(writer.failed)
    log, parts = verify_store(settings, app, (), None, "", quiet)
    parts += verify_topics(settings, app, settings.kafka, log, quiet)
    assert [(d.where, d.what, d.how) for part in parts for d in part.differences] == []
    assert {part.name: part.looked_at for part in parts}["Kafka"] == log.size
