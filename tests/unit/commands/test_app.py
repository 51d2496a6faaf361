"""The application on a real SQLite store: once only, together, and never changed."""

import multiprocessing
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError

from schemas.catalogue import parse
from services.commands.app import Governance, Meta, Outcome, UnitOfWork
from services.errors import BadInput, Rejected, Unavailable
from tests.unit.commands.office import ME, PROPOSAL, Office, settings_of


class TestOnce:
    def test_a_second_try_records_nothing_and_answers_the_same(self, office: Office) -> None:
        meta = Meta(ME, command_id="c-1")
        first = office.do("project propose", meta, **PROPOSAL)
        again = office.do("project propose", meta, **PROPOSAL)
        assert (first.repeated, again.repeated) == (False, True)
        assert again.records == first.records
        assert len(office.stored("project:CRANE-7")) == 1

    def test_notes_of_a_second_try_are_not_kept_twice(self, planned: Office) -> None:
        meta = Meta(ME, command_id="c-1")
        for _ in range(2):
            planned.do("project hold", meta, project="crane-7", reason="supplier insolvent")
        assert [v for (_, n), (v, _) in planned.directory().items() if n == "text"].count("supplier insolvent") == 1

    @pytest.mark.parametrize(
        "changes",
        [{"name": "Other"}, {"sponsor": "bob"}, {"contributions": {}}],
    )
    def test_the_same_id_with_other_content_is_refused(self, office: Office, changes: dict[str, Any]) -> None:
        meta = Meta(ME, command_id="c-1")
        office.do("project propose", meta, **PROPOSAL)
        with pytest.raises(BadInput, match="c-1 was used before"):
            office.do("project propose", meta, **{**PROPOSAL, **changes})

    def test_when_it_happened_is_part_of_the_content(self, office: Office) -> None:
        office.do("project propose", Meta(ME, command_id="c-1"), **PROPOSAL)
        with pytest.raises(BadInput, match="used before"):
            office.do("project propose", Meta(ME, command_id="c-1", on=date(2026, 6, 1)), **PROPOSAL)

    def test_another_command_under_the_same_id_is_refused(self, planned: Office) -> None:
        planned.do("project hold", Meta(ME, command_id="c-1"), project="crane-7")
        with pytest.raises(BadInput, match="used before"):
            planned.do("project complete", Meta(ME, command_id="c-1"), project="crane-7")
        with pytest.raises(BadInput, match="used before"):
            planned.app.void("project:CRANE-7", 1, Meta(ME, command_id="c-1"))

    def test_the_same_id_in_another_stream_is_another_command(self, office: Office) -> None:
        for code in ("a", "b"):
            office.do("project propose", Meta(ME, command_id="c-1"), **{**PROPOSAL, "project": code})
        assert len(office.stored("project:A")) == len(office.stored("project:B")) == 1

    def test_voiding_twice_by_one_id_voids_once_and_only_that(self, planned: Office) -> None:
        meta = Meta(ME, command_id="v-1")
        assert not planned.app.void("project:CRANE-7", 2, meta, "typo").repeated
        assert planned.app.void("project:CRANE-7", 2, meta, "typo").repeated
        with pytest.raises(BadInput, match="used before"):
            planned.app.void("project:CRANE-7", 1, meta)
        with pytest.raises(BadInput, match="used before"):
            planned.do("project hold", meta, project="crane-7")

    def test_a_new_process_knows_the_ids(self, planned: Office) -> None:
        meta = Meta(ME, command_id="c-1")
        planned.do("project hold", meta, project="crane-7")
        other = Office(planned.settings)
        assert other.do("project hold", meta, project="crane-7").repeated
        with pytest.raises(BadInput, match="used before"):
            other.do("project hold", meta, project="crane-7", decided_by="bob")
        other.app.close()

    def test_two_processes_sending_one_command_record_it_once(self, office: Office) -> None:
        context = multiprocessing.get_context("spawn")
        barrier, answers = context.Barrier(2), context.Queue()
        store = office.settings.store.get_secret_value()
        arguments = (str(office.settings.home), store, barrier, answers)
        processes = [context.Process(target=propose_in_another_process, args=arguments) for _ in range(2)]
        for process in processes:
            process.start()
        got = [answers.get(timeout=30) for _ in processes]
        for process in processes:
            process.join(10)
        assert sorted(repeated for repeated, _ in got) == [False, True]
        assert {versions for _, versions in got} == {(1,)}
        assert len(office.stored("project:CRANE-7")) == 1


def propose_in_another_process(home: str, store: str, barrier: Any, answers: Any) -> None:
    office = Office(settings_of(Path(home), store=store))
    barrier.wait(30)
    outcome = office.do("project propose", Meta(ME, command_id="c-1"), **PROPOSAL)
    answers.put((outcome.repeated, tuple(record.version for record in outcome.records)))


class TestTogether:
    def test_threads_lose_nothing_and_leave_no_gap(self, planned: Office) -> None:
        start = threading.Barrier(6)

        def report(worker: int) -> None:
            start.wait(10)
            for n in range(5):
                planned.do(
                    "project report",
                    Meta(ME, command_id=f"w{worker}-{n}"),
                    project="crane-7",
                    percent_complete="0.5",
                    actual_cost=str(worker * 100 + n),
                )

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(report, range(6)))
        records = planned.stored("project:CRANE-7")
        assert [r.version for r in records] == list(range(1, 2 + 30 + 1))
        assert {r.command_id for r in records[2:]} == {f"w{w}-{n}" for w in range(6) for n in range(5)}
        assert planned.app.history("project:CRANE-7").records == records

    def test_two_who_want_one_code_get_one_project(self, office: Office) -> None:
        other = Office(office.settings)
        office.app.history("project:CRANE-7")
        other.do("project propose", **PROPOSAL)
        with pytest.raises(Rejected, match="already"):
            office.do("project propose", **PROPOSAL)
        other.app.close()

    def test_a_unit_of_work_is_saved_whole_or_not_at_all(self, office: Office) -> None:
        before = (office.rows(), office.directory())
        work = [
            office.prepared("project propose", **PROPOSAL),
            office.prepared("project start", project="crane-7", at_risk="Ann said so"),
            office.prepared("project resume", project="crane-7"),
        ]
        with pytest.raises(Rejected, match="not on hold"):
            office.app.handle_all(work)
        assert (office.rows(), office.directory()) == before
        assert not office.app.history("project:CRANE-7").exists
        outcomes = office.app.handle_all(work[:2])
        assert [r.version for outcome in outcomes for r in outcome.records] == [1, 2]

    def test_a_unit_sees_what_it_has_decided_itself(self, office: Office) -> None:
        twice = [office.prepared("project propose", **PROPOSAL) for _ in range(2)]
        with pytest.raises(Rejected, match="already"):
            office.app.handle_all(twice)

    def test_one_command_twice_in_a_unit_is_recorded_once(self, office: Office) -> None:
        prepared, meta = office.prepared("project propose", **PROPOSAL)
        first, second = office.app.handle_all([(prepared, meta), (prepared, meta)])
        assert (first.repeated, second.repeated) == (False, True)
        assert len(office.stored("project:CRANE-7")) == 1

    def test_a_lost_race_is_decided_again(self, planned: Office) -> None:
        other = Office(planned.settings)
        tries = []

        def work(unit: UnitOfWork) -> Outcome:
            tries.append(unit)
            prepared, meta = planned.prepared("project complete", project="crane-7")
            outcome = unit.handle(prepared, meta)
            if len(tries) == 1:
                other.do("project hold", project="crane-7")
            return outcome

        assert [r.version for r in planned.app.transact(work).records] == [4]
        assert len(tries) == 2
        other.app.close()


class TestTheStore:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE stored_events SET topic = 'x'",
            "DELETE FROM stored_events",
            "UPDATE stored_events SET originator_version = 9 WHERE originator_id = 'project:CRANE-7'",
        ],
    )
    def test_refuses_to_change_history(self, planned: Office, statement: str) -> None:
        before = planned.rows()
        with pytest.raises(IntegrityError, match="events are immutable"):
            planned.app.store.write(statement)
        assert planned.rows() == before

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT OR REPLACE INTO stored_events SELECT * FROM stored_events",
            "INSERT OR REPLACE INTO stored_events (rowid, originator_id, originator_version, topic, state) "
            "VALUES (1, 'project:OTHER', 1, 'x', x'00')",
        ],
    )
    @pytest.mark.parametrize("store", ["sqlite"], indirect=True)
    def test_refuses_to_replace_history_past_the_program(self, planned: Office, statement: str) -> None:
        before = planned.rows()
        with sqlite3.connect(planned.settings.store_path) as connection, pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
        assert planned.rows() == before

    @pytest.mark.parametrize(("fsync", "synchronous"), [(False, 1), (True, 2)])
    def test_writes_ahead_and_waits_for_the_disk_only_if_asked(
        self, tmp_path: Path, fsync: bool, synchronous: int
    ) -> None:
        app = Governance(settings_of(tmp_path, fsync=fsync))
        assert app.store.rows("PRAGMA journal_mode")[0][0] == "wal"
        assert app.store.rows("PRAGMA synchronous")[0][0] == synchronous
        app.close()

    def test_holds_the_records_own_bytes_under_their_type(self, planned: Office) -> None:
        rows = planned.app.store.rows("SELECT originator_id, originator_version, topic, state FROM stored_events")
        for stream, version, topic, state in rows:
            record = parse(bytes(state))
            assert (stream, version, topic) == (record.stream, record.version, record.type_name)
            assert replace(record, received=None).to_bytes() == bytes(state)

    def test_a_folder_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="cannot be opened"):
            Governance(settings_of(tmp_path / "nowhere"))
