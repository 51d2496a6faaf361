"""The simulated company: labelled so, reproducible, recorded by the rules, and with causes in it that can be found."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from schemas import organisation, progress, project, standard, training, workload
from schemas.catalogue import parse
from schemas.event import Record
from schemas.streams import keys_of
from schemas.voiding import Voided
from services.commands.app import Governance
from services.commands.catalogue import BY_PATH
from services.commands.command import Command
from services.commands.project.common import ProjectCommand
from services.demo import tour
from services.demo.company import DemoSummary, load, written
from services.demo.run import fresh_workspace
from services.demo.script import Said
from services.demo.world import FIRST_NAMES, LAST_NAMES, ORGANISATION, UNITS
from services.errors import Rejected
from services.settings import WORKSPACE_FILE, Settings

UNTIL = date(2026, 7, 1)
SECRET = "s" * 32
UNSAID = frozenset({"work describe", "project drop-milestone"})
"""Commands that the company has no use for: sources whose plans change say these."""


def settings_of(home: Path, **values: object) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    stored = {"home": home, "workspace_id": "demo", "secret": SECRET, "time_zone": "Europe/London", "simulated": True}
    return Settings.of({**stored, **values})


def nobody_watches(done: int, total: int) -> None:
    assert 0 < done <= total


class Company:
    """The company as it stands in a store."""

    def __init__(self, home: Path, scale: float) -> None:
        settings = settings_of(home)
        with closing(Governance(settings)) as app:
            self.summary: DemoSummary = load(app, settings, until=UNTIL, progress=nobody_watches, scale=scale)
            notifications = app.store.select_notifications(1, 1_000_000)
            self.values = [bytes(n.state) for n in notifications]
            self.directory = app.store.entries_after(0, 1_000_000)
        self.records = [parse(value) for value in self.values]
        self.streams: dict[str, list[Record]] = defaultdict(list)
        for record in self.records:
            self.streams[record.stream].append(record)

    def projects(self, unit: str) -> Iterator[list[Record]]:
        """The records of each governed project of a unit."""
        for stream, records in self.streams.items():
            if stream.startswith(f"project:{unit}-") and isinstance(records[0].event, project.Proposed):
                yield records


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("company"), 0.5)


def test_the_same_seed_gives_the_same_events(tmp_path: Path) -> None:
    first, second = (Company(tmp_path / name, 0.1) for name in ("first", "second"))
    assert [without_salt(v) for v in first.values] == [without_salt(v) for v in second.values]
    assert written(7, UNTIL, 0.1).counts() != written(8, UNTIL, 0.1).counts()


def without_salt(value: bytes) -> bytes:
    """The record without what the directory draws at random for a note."""
    return re.sub(rb'"(id|digest)":"[0-9a-f]{32,64}"', b"", value)


def test_the_summary_is_true(company: Company) -> None:
    events = company.summary.events
    assert events == len(company.records) == sum(map(len, company.streams.values()))
    people = [r for r in company.records if isinstance(r.event, organisation.PersonJoined)]
    assert company.summary.people == len(people)
    assert company.summary.units == len(UNITS) == 6


def test_at_full_size_it_is_as_large_as_promised_and_says_every_command() -> None:
    counts = written(7, UNTIL).counts()
    assert counts["project propose"] == 120
    assert counts["person join"] == 300
    assert 25_000 < sum(counts.values()) < 60_000
    assert set(BY_PATH) - set(counts) == UNSAID


def test_it_is_labelled_as_simulated_everywhere(tmp_path: Path, company: Company) -> None:
    settings = fresh_workspace(tmp_path / "demo")
    assert settings.simulated
    assert settings.organisation == ORGANISATION
    assert ORGANISATION.startswith("Simulated company")
    top = company.streams["business-unit:MERIDIAN"][0].event
    assert isinstance(top, organisation.UnitRegistered)
    assert top.name == ORGANISATION


def test_it_is_not_loaded_into_a_real_or_a_used_workspace(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "real", simulated=False)
    with closing(Governance(settings)) as app, pytest.raises(Rejected, match="simulated workspace"):
        load(app, settings, until=UNTIL, progress=nobody_watches)
    settings = settings_of(tmp_path / "used")
    with closing(Governance(settings)) as app:
        load(app, settings, until=UNTIL, progress=nobody_watches, scale=0.02)
        with pytest.raises(Rejected, match="empty workspace"):
            load(app, settings, until=UNTIL, progress=nobody_watches)


@pytest.mark.parametrize("weeks", [0, 13, 21, 39])
def test_on_whatever_day_it_is_loaded_nothing_is_left_to_do_once_the_books_are_closed(weeks: int) -> None:
    closed: set[str] = set()
    for said, _ in written(7, UNTIL + timedelta(weeks=weeks)).in_order(ZoneInfo("Europe/London")):
        if not isinstance(said, Said) or said.on or not issubclass(BY_PATH.get(said.path, Command), ProjectCommand):
            continue
        project = said.fields["project"]
        if said.path == "project close":
            closed.add(project)
        elif said.path == "project reopen":
            closed.discard(project)
        else:
            assert getattr(BY_PATH[said.path], "closed_too", False) or project not in closed, said


def test_only_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    first = fresh_workspace(home)
    assert fresh_workspace(home).workspace_id != first.workspace_id

    stored = json.loads((home / WORKSPACE_FILE).read_text())
    (home / WORKSPACE_FILE).write_text(json.dumps({**stored, "organisation": "Harbour Authority"}))
    with pytest.raises(Rejected, match="something else"):
        fresh_workspace(home)
    other = tmp_path / "papers"
    other.mkdir()
    (other / "letter.txt").write_text("Dear Sir")
    with pytest.raises(Rejected, match="something else"):
        fresh_workspace(other)
    assert (other / "letter.txt").exists()


def test_no_name_stands_in_the_log_and_everybody_has_one_in_the_directory(company: Company) -> None:
    names = {value for _, _, field, value, _ in company.directory if field == "name"}
    assert len(names) == company.summary.people
    log = b"\n".join(company.values).decode()
    assert not [name for name in names if name and name in log]
    assert not [last for last in LAST_NAMES if last in log]
    assert not re.findall(rf"\b({'|'.join(FIRST_NAMES)})\b", log)
    assert "meridian.example" in log  # documents are cited
    assert "@" not in log
    assert "MW-0" not in log


def test_it_was_recorded_in_order_and_nothing_lies_in_the_future(company: Company) -> None:
    recorded = [r.recorded_at for r in company.records]
    assert recorded == sorted(recorded)
    assert recorded[-1] < datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    assert all(r.occurred_at <= r.recorded_at for r in company.records)
    late = [r for r in company.records if r.recorded_at - r.occurred_at > timedelta(days=30)]
    assert late


def test_minds_change(company: Company) -> None:
    corrected = [r for r in company.records if r.supersedes and not isinstance(r.event, Voided)]
    assert corrected
    assert [r for r in company.records if isinstance(r.event, Voided)]
    happened = {r.event.type_name.split(".")[2] for r in company.records}
    assert {"rejected", "deferred", "cancelled", "put-on-hold", "reopened", "withdrawn"} <= happened


def test_one_unit_skips_gates_and_starts_without_approval(company: Company) -> None:
    approved: dict[str, list[bool]] = defaultdict(list)
    gates: dict[str, list[int]] = defaultdict(list)
    for unit in UNITS:
        for records in company.projects(unit.code):
            times = {type(r.event): r.occurred_at for r in reversed(records)}
            if started := times.get(project.Started):
                approved[unit.code].append(project.Approved in times and times[project.Approved] <= started)
                gates[unit.code].append(sum(isinstance(r.event, project.GatePassed) for r in records))
    assert not all(approved["COM"])
    assert all(all(found) for unit, found in approved.items() if unit != "COM")
    assert sum(gates["COM"]) / len(gates["COM"]) < 0.7 * sum(gates["FIN"]) / len(gates["FIN"])


def test_one_unit_is_overbooked(company: Company) -> None:
    over: dict[str, int] = defaultdict(int)
    for record in company.records:
        event = record.event
        if isinstance(event, workload.AllocationPlanned) and event.at_risk:
            over[event.project.split("-")[0]] += 1
    assert over["DIG"] > 5
    assert set(over) == {"DIG"}


def test_one_unit_lets_its_training_lapse(company: Company) -> None:
    units = {
        keys_of(r.stream)[0]: r.event.unit for r in company.records if isinstance(r.event, organisation.PersonJoined)
    }
    latest: dict[tuple[str, str], date | None] = {}
    for record in company.records:
        if isinstance(record.event, training.TrainingCompleted):
            person, course = keys_of(record.stream)
            latest[person, course] = record.event.expires
    lapsed: dict[str, list[bool]] = defaultdict(list)
    for (person, _), expires in latest.items():
        lapsed[units[person]].append(expires is not None and expires < UNTIL)
    share = {unit: sum(found) / len(found) for unit, found in lapsed.items()}
    assert all(share["OPS"] > 1.5 * share[unit] for unit in share if unit != "OPS")


def test_one_unit_is_assessed_late(company: Company) -> None:
    late: dict[str, list[bool]] = defaultdict(list)
    for stream, records in company.streams.items():
        if stream.startswith("adoption:") and isinstance(records[0].event, standard.Mandated):
            assessed = [r.occurred_at.date() for r in records if isinstance(r.event, standard.Assessed)]
            if assessed:
                late[keys_of(stream)[1]].append(min(assessed) > records[0].event.due)
    assert all(late["PPL"])
    assert not any(any(found) for unit, found in late.items() if unit != "PPL")


def test_one_manager_always_reports_the_same(company: Company) -> None:
    frozen = set()
    for unit in UNITS:
        for records in company.projects(unit.code):
            reports = [r.event for r in records if isinstance(r.event, progress.ProgressReported)]
            said = [(e.percent_complete, e.actual_cost, e.forecast_finish, e.rag) for e in reports]
            if len(said) > 5 and len(set(said[-3:])) == 1:
                proposal = records[0].event
                assert isinstance(proposal, project.Proposed)
                frozen.add(proposal.manager)
    assert len(frozen) == 1
    (manager,) = frozen
    stream = f"person:{manager}"
    joined = company.streams[stream][0].event
    assert isinstance(joined, organisation.PersonJoined)
    assert (joined.unit, joined.role) == ("OPS", "Project manager")


def test_adopters_of_one_standard_finish_earlier(company: Company) -> None:
    adopted = {
        unit: records[0].occurred_at.date()
        for unit in ("FIN", "RND")
        for records in [
            [r for r in company.streams[f"adoption:TAKT/{unit}"] if isinstance(r.event, standard.Adopted)],
        ]
    }
    slips: dict[bool, list[float]] = {True: [], False: []}
    for unit in UNITS:
        for records in company.projects(unit.code):
            events = {type(r.event): r for r in reversed(records)}
            baseline, completed = events.get(project.BaselineSet), events.get(project.Completed)
            if baseline is None or completed is None or not isinstance(baseline.event, project.BaselineSet):
                continue
            plan = baseline.event
            slip = (completed.occurred_at.date() - plan.finish).days / (plan.finish - plan.start).days
            by_takt = unit.code in adopted and plan.start >= adopted[unit.code]
            slips[by_takt].append(slip)
    assert median(slips[True]) < median(slips[False]) - 0.05


def test_one_approver_is_the_bottleneck_of_gates(company: Company) -> None:
    waited: dict[str, list[int]] = defaultdict(list)
    for unit in UNITS:
        for records in company.projects(unit.code):
            asked: dict[str, datetime] = {}
            for record in records:
                event = record.event
                if isinstance(event, project.GateRequested):
                    asked[event.item] = record.occurred_at
                elif isinstance(event, project.GatePassed) and event.item in asked:
                    waited[event.decided_by].append((record.occurred_at - asked[event.item]).days)
    slow = [found for found in waited.values() if median(found) > 20]
    assert len(waited) == 3
    assert len(slow) == 1


def reports(company: Company, unit: str) -> list[Record]:
    return [r for rs in company.projects(unit) for r in rs if isinstance(r.event, progress.ProgressReported)]


def test_one_unit_records_more_than_a_month_late(company: Company) -> None:
    late: dict[str, float] = {}
    for unit in UNITS:
        first = [r for r in reports(company, unit.code) if r.supersedes is None]
        late[unit.code] = sum(r.recorded_at - r.occurred_at > timedelta(days=30) for r in first) / len(first)
    assert late["PPL"] > 0.4
    assert all(share < 0.05 for unit, share in late.items() if unit != "PPL")


def test_one_unit_says_green_whatever_it_forecasts(company: Company) -> None:
    said = {
        unit.code: {e.rag for r in reports(company, unit.code) if isinstance(e := r.event, progress.ProgressReported)}
        for unit in UNITS
    }
    assert said["RND"] == {"green"}
    assert all(len(colours) > 1 for unit, colours in said.items() if unit != "RND")


def test_a_technology_is_mandated_without_review(company: Company) -> None:
    reviewed = {
        keys_of(stream)[0]: records[0].event.security_review is not None
        for stream, records in company.streams.items()
        if isinstance(records[0].event, standard.StandardPublished) and records[0].event.standard_kind == "technology"
    }
    assert [code for code, is_reviewed in reviewed.items() if not is_reviewed] == ["AI-FORECAST"]
    assert any(stream.startswith("adoption:AI-FORECAST/") for stream in company.streams)


def test_the_page_names_what_is_planted() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text()
    for stop in tour.STOPS:
        assert stop.what in page
        assert all(f"`{command}`" in page for command in stop.commands)
