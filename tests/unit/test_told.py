"""What a batch tells is read off its bytes, as our own writer and others write them."""

import json
import threading
from pathlib import Path

from schemas.catalogue import EVENTS
from schemas.samples import sample
from services.dashboard.reading import AT_REST, LATER, Work, Workers
from services.projections.clickhouse import ClickHouse
from services.projections.told import Told, told


def test_of_every_event_what_happened_is_read() -> None:
    for event in EVENTS:
        value = sample(event).to_bytes()
        assert told([value]).happened == {event.type_name.split(".")[2]}
        assert told([json.dumps(json.loads(value)).encode()]) == told([value])


def test_more_than_is_so_may_be_told_but_never_less() -> None:
    own = b'{"type":"pmo.unit.registered.v1","data":{"country":"GB"}}'
    assert told([own]) == Told(frozenset({"registered"}), False, frozenset({b"GB"}))
    assert told([own, b'{"type":"pmo.unit.moved.v1","supersedes":3}']) == Told(
        frozenset({"registered", "moved"}), True, frozenset({b"GB"})
    )
    assert told([own, rb'{"type":"pmo.unit\u002emoved.v1"}']).happened is None


def test_what_may_wait_until_nothing_lands_waits_for_that(tmp_path: Path) -> None:
    with ClickHouse.embedded(tmp_path / "clickhouse") as clickhouse:
        workers = Workers(clickhouse)
        done: list[str] = []
        later, at_rest = threading.Event(), threading.Event()

        def work(name: str, said: threading.Event) -> Work:
            def do(_: ClickHouse) -> None:
                done.append(name)
                said.set()

            return do

        workers.do(work("at rest", at_rest), AT_REST)
        workers.do(work("later", later), LATER)
        assert later.wait(10)
        assert done == ["later"]
        workers.rest(True)
        assert at_rest.wait(10)
        workers.stop()
    assert done == ["later", "at rest"]
