"""The application's two times, and its corrections."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas import organisation
from schemas.event import MAX_VERSION
from schemas.voiding import Voided
from services.commands.app import Meta, UnitOfWork
from services.commands.days import day_end
from services.errors import BadInput, NotFound, Rejected
from tests.strategies import superseded_by_definition
from tests.unit.commands.office import ME, NOW, PROPOSAL, Office, settings_of, statuses


class TestTimes:
    def test_recorded_at_never_goes_back(self, planned: Office) -> None:
        planned.clock.now = NOW - timedelta(hours=3)
        planned.do("project hold", project="crane-7")
        planned.clock.now = NOW + timedelta(seconds=1)
        planned.do("project resume", project="crane-7")
        recorded = [r.recorded_at for r in planned.stored("project:CRANE-7")]
        assert recorded == [NOW, NOW, NOW, NOW + timedelta(seconds=1)]

    def test_a_day_stands_at_its_beginning_in_the_organisations_zone(self, planned: Office) -> None:
        first, second = planned.stored("project:CRANE-7")
        assert first.occurred_at == datetime(2026, 1, 9, 23, tzinfo=UTC)
        assert (first.precision, second.precision) == ("day", "day")
        assert day_end(date(2026, 3, 29), planned.settings) == datetime(2026, 3, 29, 21, 59, 59, 999_000, tzinfo=UTC)

    def test_an_instant_is_kept_to_the_millisecond(self, planned: Office) -> None:
        at = datetime.fromisoformat("2026-05-01T10:00:00.123999+02:00")
        (held,) = planned.do("project hold", Meta(ME, at=at), project="crane-7").records
        assert held.occurred_at == datetime(2026, 5, 1, 8, 0, 0, 123_000, tzinfo=UTC)
        assert held.precision == "instant"

    @pytest.mark.parametrize(
        ("meta", "words"),
        [
            (Meta(ME, on=date(2026, 7, 1)), "future"),
            (Meta(ME, at=NOW + timedelta(minutes=6)), "future"),
            (Meta(ME, reported_at=NOW + timedelta(minutes=6)), "future"),
            (Meta(ME, on=date(1899, 12, 31)), "between 1900-01-01"),
            (Meta(ME, on=date(1, 1, 1)), "between 1900-01-01"),
            (Meta(ME, at=datetime(1850, 1, 1, tzinfo=UTC)), "before 1900"),
            (Meta(ME, at=datetime(2026, 6, 1)), "needs a zone"),
            (Meta(ME, on=date(2026, 6, 1), at=NOW), "not both"),
            (Meta(ME, recorded_at=NOW), "cannot be given"),
        ],
    )
    def test_impossible_times_are_malformed(self, planned: Office, meta: Meta, words: str) -> None:
        before = planned.rows()
        with pytest.raises(BadInput, match=words):
            planned.do("project hold", meta, project="crane-7")
        assert planned.rows() == before

    def test_a_data_date_in_the_future_is_malformed_whatever_else_is_said(self, planned: Office) -> None:
        report = {"project": "crane-7", "percent_complete": "0.5", "actual_cost": "1", "data_date": "2026-07-01"}
        for meta in (Meta(ME), Meta(ME, on=date(2026, 6, 30)), Meta(ME, at=NOW)):
            with pytest.raises(BadInput, match="future"):
                planned.do("project report", meta, **report)

    def test_a_late_report_about_may_does_not_overwrite_june(self, planned: Office) -> None:
        report = {"project": "crane-7", "actual_cost": "1"}
        planned.do("project report", **report, percent_complete="0.6", data_date="2026-06-15")
        planned.do("project report", **report, percent_complete="0.4", data_date="2026-05-15")
        state: Any = UnitOfWork(planned.app).state("project:CRANE-7")
        assert str(state.report.data_date) == "2026-06-15"
        then: Any = UnitOfWork(planned.app).state("project:CRANE-7", datetime(2026, 5, 20, tzinfo=UTC))
        assert str(then.report.data_date) == "2026-05-15"

    def test_a_simulated_workspace_says_when_it_learned(self, tmp_path: Path) -> None:
        office = Office(settings_of(tmp_path, simulated=True))
        then = datetime(2025, 1, 1, tzinfo=UTC)
        (made,) = office.do("unit register", Meta(ME, recorded_at=then), unit="ops", name="Operations").records
        assert (made.recorded_at, made.occurred_at) == (then, then)
        office.app.close()


class TestCorrections:
    def test_a_date_is_corrected_to_any_other(self, planned: Office) -> None:
        start = {"project": "crane-7", "at_risk": "storm damage"}
        planned.do("project start", Meta(ME, on=date(2025, 12, 1), supersedes=2), **start)
        assert statuses(planned, datetime(2026, 1, 1, tzinfo=UTC)) == "running"
        planned.do("project start", Meta(ME, on=date(2026, 6, 1), supersedes=3), **start)
        assert statuses(planned, datetime(2026, 4, 1, tzinfo=UTC)) == "proposed", "the first date must not come back"
        assert statuses(planned) == "running"

    def test_voiding_a_correction_revives_what_it_replaced(self, planned: Office) -> None:
        planned.do(
            "project start", Meta(ME, on=date(2026, 6, 1), supersedes=2), project="crane-7", at_risk="storm damage"
        )
        planned.app.void("project:CRANE-7", 3, Meta(ME), "it was March after all")
        assert statuses(planned, datetime(2026, 4, 1, tzinfo=UTC)) == "running"

    def test_voiding_a_voiding_revives(self, planned: Office) -> None:
        planned.app.void("project:CRANE-7", 2, Meta(ME))
        assert statuses(planned) == "proposed"
        planned.app.void("project:CRANE-7", 3, Meta(ME))
        assert statuses(planned) == "running"

    @pytest.mark.parametrize("version", [4, 99, MAX_VERSION])
    def test_what_is_not_there_cannot_be_corrected(self, planned: Office, version: int) -> None:
        with pytest.raises(Rejected, match="does not exist or is already superseded"):
            planned.app.void("project:CRANE-7", version, Meta(ME))
        with pytest.raises(Rejected, match="does not exist"):
            planned.do("project start", Meta(ME, supersedes=version), project="crane-7", at_risk="x")

    def test_what_is_superseded_cannot_be_corrected_again(self, planned: Office) -> None:
        planned.app.void("project:CRANE-7", 2, Meta(ME))
        with pytest.raises(Rejected, match="already superseded"):
            planned.app.void("project:CRANE-7", 2, Meta(ME))

    def test_a_stream_that_is_not_there_cannot_be_corrected(self, planned: Office) -> None:
        with pytest.raises(NotFound, match="nothing in it can be corrected"):
            planned.app.void("project:NONE", 1, Meta(ME))

    def test_what_is_voided_whole_was_never_there(self, office: Office) -> None:
        office.app.void("business-unit:OPS", 1, Meta(ME), "wrong code")
        with pytest.raises(NotFound, match="no unit OPS"):
            office.do("project propose", **PROPOSAL)
        office.do("unit register", unit="ops", name="Operations")
        office.do("project propose", **PROPOSAL)
        assert [type(r.event) for r in office.stored("business-unit:OPS")][::2] == [organisation.UnitRegistered] * 2

    def test_the_application_and_the_definition_agree_on_what_counts(self, planned: Office) -> None:
        for version in (2, 3):
            planned.app.void("project:CRANE-7", version, Meta(ME))
        planned.do("project start", Meta(ME, supersedes=2), project="crane-7", at_risk="x")
        history = planned.app.history("project:CRANE-7")
        dead = superseded_by_definition(history.records)
        assert [r.version for r in history.active()] == [
            r.version for r in history.records if r.version not in dead and not isinstance(r.event, Voided)
        ]


class TestWhatReplacesWhat:
    def test_another_kind_of_event_cannot_take_the_place(self, planned: Office) -> None:
        with pytest.raises(Rejected, match="is proposed, which financially-closed cannot replace"):
            planned.do("project start", project="crane-7", at_risk="x")
            planned.do("project complete", project="crane-7")
            planned.do("project close", Meta(ME, supersedes=1), project="crane-7", final_cost="9", currency="EUR")
        assert len(planned.stored("project:CRANE-7")) == 4

    def test_a_gate_failed_by_mistake_can_be_passed(self, planned: Office) -> None:
        planned.do("project request-gate", project="crane-7", gate="g1", evidence=["https://docs.example/1"])
        (failed,) = planned.do("project fail-gate", project="crane-7", gate="g1", decided_by="board").records
        meta = Meta(ME, supersedes=failed.version)
        (passed,) = planned.do("project pass-gate", meta, project="crane-7", gate="g1", decided_by="board").records
        assert passed.event.type_name == "pmo.project.gate-passed.v1"

    def test_a_project_is_completed_once(self, planned: Office) -> None:
        planned.do("project complete", project="crane-7")
        with pytest.raises(Rejected, match="completed already; correct that event by --supersedes"):
            planned.do("project complete", project="crane-7")


class TestWhatIsEnteredLate:
    def test_a_certificate_older_than_its_courses_entry_expires(self, planned: Office) -> None:
        planned.do("person join", Meta(ME, on=date(2023, 1, 1)), person="ann", unit="ops", role="Manager")
        planned.do("course define", Meta(ME, on=date(2026, 1, 5)), course="safety", title="Safety", valid_months="24")
        done = planned.do("training complete", person="ann", course="safety", completed_on="2024-02-10").records[0]
        assert done.event.model_dump()["expires"] == date(2026, 2, 10)

    def test_an_approved_week_changes_only_with_a_reason(self, planned: Office) -> None:
        planned.do("person join", Meta(ME, on=date(2026, 1, 1)), person="ann", unit="ops", role="Manager")
        hours = {"person": "ann", "project": "crane-7", "day": "2026-06-01", "hours": "6"}
        planned.do("timesheet log", **hours)
        at = Meta(ME, on=date(2026, 6, 8))
        planned.do("timesheet submit", at, person="ann", week_of="2026-06-01")
        planned.do(
            "timesheet approve", Meta(ME, on=date(2026, 6, 9)), person="ann", week_of="2026-06-01", decided_by="bob"
        )
        with pytest.raises(Rejected, match="week is approved; give --reason"):
            planned.do("timesheet log", **{**hours, "hours": "7"})
        (changed,) = planned.do("timesheet log", **{**hours, "hours": "7", "reason": "typo"}).records
        assert changed.event.type_name == "pmo.timesheet.hours-corrected.v1"
