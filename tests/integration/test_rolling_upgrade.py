"""A rolling upgrade: this program and a later one, in which docs/evolution.md was followed, on one broker and server.

The later program is a copy of the repository with the page's steps done; both run as real processes.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

import pytest

from services.commands.app import Governance
from services.commands.relay import Relay
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table
from services.settings import Settings
from tests.clickhouse import Server
from tests.integration.test_workers import all_is_acknowledged
from tests.integration.workspaces import declare, ended, process, until, workspace
from tests.steps import ROOT, Copy

CURRENCIES = [f"{a}{b}{c}" for a, b, c in product("ABC", "QRST", "XYZ")]
PROJECTS = [f"CRANE-{n}" for n in range(12)]
NEW = "pmo.rate.set.v2"


@pytest.fixture
def settings(tmp_path: Path, broker: str, prefix: str, server: Server) -> Settings:
    settings = workspace(tmp_path / "home", kafka=broker, topic_prefix=prefix, clickhouse=server.url("pmo"))
    declare(settings)
    return settings


@pytest.fixture
def newer(tmp_path: Path, settings: Settings) -> Copy:
    """The later program, which has another event and another table besides."""
    copy = Copy(tmp_path / "newer", settings.home)
    copy.follow("evolution.md")
    copy.follow("adding.md")
    copy.make_schemas()
    return copy


def apply(program: Copy, settings: Settings, lines: Iterable[dict[str, object]]) -> None:
    """Commands of a program, and what they record sent to Kafka."""
    file = program.folder / "commands.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    program.pmo("apply", str(file))
    with contextlib.closing(Governance(settings)) as app:
        Relay(app, settings.kafka, settings).run_once()


def rates(currencies: Iterable[str], **more: object) -> list[dict[str, object]]:
    said = {"command": "rate set", "rate": "0.5", "first_day": "2026-01-01", "to": "EUR"}
    return [{**said, "currency": currency, **more} for currency in currencies]


def visits() -> Iterator[dict[str, object]]:
    """Projects on all partitions, and what only the newer program knows of each."""
    yield {"command": "unit register", "unit": "OPS", "name": "Operations"}
    for project in PROJECTS:
        yield {"command": "project propose", "project": project, "name": "Crane", "unit": "OPS"}
        yield {"command": "project visit-site", "project": project, "number": "V1", "place": "Quay 3"}


@pytest.mark.long
def test_nothing_that_an_old_worker_lands_is_missing_in_the_new_ones_tables(
    settings: Settings, newer: Copy, tmp_path: Path
) -> None:
    older = Copy(tmp_path / "older", settings.home)
    some, others, rest = CURRENCIES[:12], CURRENCIES[12:24], CURRENCIES[24:]
    of_old = table("rate_events").physical
    with process("worker", settings, program=ROOT) as old:
        apply(older, settings, rates(some))
        apply(newer, settings, rates(others, per=100))
        until(lambda: all_is_acknowledged(settings), 60, old)
        with ClickHouse.server(settings.clickhouse) as clickhouse:
            landed = f"SELECT count() FROM events WHERE type = '{NEW}'"
            assert int(clickhouse.scalar(landed)) == len(others), "raw, as an unknown type"
            held = {row["currency"] for row in clickhouse.rows(f"SELECT currency FROM {of_old}")}
            assert held == set(some), "never read by the rules of the version before"
            with process("worker", settings, program=newer.folder) as new:
                # the newer program's tables have what the older one landed, also of what only the newer knows
                said = "SELECT currency, toString(rate) AS rate FROM rate_events ORDER BY currency"
                until(lambda: clickhouse.scalar(f"SELECT count() FROM ({said})") == 24, 60, new)
                # both at work: each has partitions. First only what the older one knows nothing of, so that none of its
                # own tables tells that it landed anything
                apply(newer, settings, rates(rest, per=100))
                until(lambda: clickhouse.scalar(f"SELECT count() FROM ({said})") == 36, 60, new)
                apply(older, settings, rates(f"D{c[1:]}" for c in some))
                until(lambda: all_is_acknowledged(settings), 60, new)
                assert old.poll() is None
                everything = {
                    **dict.fromkeys([*some, *(f"D{c[1:]}" for c in some)], "0.5"),
                    **dict.fromkeys([*others, *rest], "0.005"),
                }
                until(lambda: {r["currency"]: r["rate"] for r in clickhouse.rows(said)} == everything, 30, new)
                # a table of which the older one knows nothing
                apply(newer, settings, visits())
                until(lambda: clickhouse.scalar("SELECT count() FROM site_visit_events") == len(PROJECTS), 60, new)
                assert ended(old)[0] == 0
                apply(newer, settings, rates(["ZZZ"], per=10))
                until(lambda: all_is_acknowledged(settings), 60, new)
    # row by row against a fresh fold, every table and the bytes of every copy
    assert re.search(r"ok +table rate_events +49 rows +0\n", newer.pmo("verify"))
