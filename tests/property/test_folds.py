"""The SQL's state views equal an obvious fold, and the tables do not depend on how records were delivered."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st

from schemas import organisation, progress, project, standard
from schemas.catalogue import KINDS
from schemas.event import MAX_VERSION, Record, order_key
from schemas.streams import kind_of
from services.projections import trends
from services.projections.clickhouse import ClickHouse
from services.projections.definitions import tables, view_of
from services.projections.figures import measure
from services.projections.kept import Kept, kept_states
from services.projections.kpi import load_kpis
from services.projections.projector import Projector
from services.projections.rebuilding import rebuild
from services.projections.schema import prepare
from services.projections.scope import Scope
from tests.property.folds import countable
from tests.property.histories import apart, gathered
from tests.property.views import VIEWS, ViewCase, expected
from tests.strategies import histories, models

_TIMES = "as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}"
_LIFE_CYCLE = (
    project.Proposed, project.Approved, project.BaselineSet, project.Started, project.Completed, project.Cancelled,
    project.Reopened, project.FinanciallyClosed, project.Transferred,
)  # fmt: skip
_REPORTS = (project.Proposed, project.BaselineSet, progress.ProgressReported, progress.Reforecast)
_PEOPLE = (
    organisation.PersonJoined, organisation.PersonHoursChanged, organisation.PersonRoleChanged, organisation.PersonLeft,
)  # fmt: skip
_TRIES = 6


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with ClickHouse.embedded(tmp_path_factory.mktemp("folds") / "clickhouse") as opened:
        prepare(opened, "test")
        yield opened


@pytest.fixture(scope="module")
def records() -> list[Record]:
    chosen = (("project", _LIFE_CYCLE), ("project", _REPORTS), ("person", _PEOPLE))
    focused = [
        histories(kind, max_streams=2, max_length=12, chosen=st.sampled_from(events).flatmap(models))
        for kind, events in chosen
    ]
    adopted = histories("adoption", "standard", max_streams=4, max_length=10)
    published = histories("standard", max_streams=1, max_length=2, chosen=models(standard.StandardPublished))
    together = st.tuples(published, histories("adoption", max_streams=2)).map(lambda both: [*both[0], *both[1]])
    mixed = gathered(histories(*KINDS), 60)
    for strategy in (*focused, adopted, together, histories("workload", max_streams=2, max_length=20)):
        mixed += gathered(strategy, 40)
    everything = mixed + [example for kind in KINDS for example in gathered(histories(kind), 12)]
    return apart(everything)


def land(clickhouse: ClickHouse, batch: list[Record]) -> None:
    Projector(clickhouse).land([r.to_bytes() for r in batch], {kind_of(r.stream) for r in batch}, [])


def empty(clickhouse: ClickHouse) -> None:
    clickhouse.script(f"TRUNCATE TABLE {each.physical}" for each in (*tables(), *kept_states()))


def shown(clickhouse: ClickHouse, case: ViewCase, params: dict[str, Any]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    key = f"{case.stream}, {case.item}" if case.item else case.stream
    zone = ", tz = {tz:String}" if "tz" in view_of(case.view).params else ""
    found = clickhouse.rows(
        f"SELECT tuple({key}) AS key, tuple({case.columns}) AS row FROM {case.view}({_TIMES}{zone})", params
    )
    rows = {tuple(row["key"]): tuple(row["row"]) for row in found}
    assert len(rows) == len(found), f"{case.view} shows something twice"
    return rows


@pytest.fixture(scope="module")
def landed(clickhouse: ClickHouse, records: list[Record]) -> dict[str, list[Record]]:
    """All streams, each record landed twice, in two orders: views must not care."""
    empty(clickhouse)
    land(clickhouse, records)
    land(clickhouse, random.sample(records, len(records)))
    streams: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        streams[record.stream].append(record)
    return dict(streams)


@pytest.mark.parametrize("basis", ["recorded", "reported"])
@pytest.mark.parametrize("attempt", range(_TRIES))
def test_state_views_equal_the_fold(
    clickhouse: ClickHouse, landed: dict[str, list[Record]], attempt: int, basis: str
) -> None:
    everything = [r for records in landed.values() for r in records]
    as_of = random.choice([max, lambda times: random.choice(list(times))])(r.occurred_at for r in everything)
    heard = [r.recorded_at if basis == "recorded" else r.reported_at or r.recorded_at for r in everything]
    known_at = max(heard) if attempt == 0 else random.choice(heard)
    params = {
        "as_of_k": order_key(as_of, MAX_VERSION),
        "known_at": known_at.replace(tzinfo=None).isoformat(" ", "milliseconds"),
        "basis": basis,
        "tz": "UTC",
    }
    counted = {stream: countable(records, as_of, known_at, basis) for stream, records in landed.items()}
    for case in VIEWS:
        rows, wanted = shown(clickhouse, case, params), expected(case, counted)
        for key in rows.keys() | wanted.keys():
            told = "\n".join(map(str, landed.get(key[0], [])))
            assert rows.get(key) == wanted.get(key), f"{case.view} {key} at {as_of}, {known_at}, {basis}:\n{told}"


@pytest.mark.parametrize("kept", kept_states(), ids=lambda kept: kept.view.name)
def test_kept_states_equal_the_fold_of_all_that_is_known(
    clickhouse: ClickHouse, landed: dict[str, list[Record]], kept: Kept
) -> None:
    keys = sorted(r.k for records in landed.values() for r in records if kind_of(r.stream) in kept.source.kinds)
    columns = [row["name"] for row in clickhouse.rows(f"DESCRIBE ({kept.select})", {"as_of_k": 0})]
    assert len(columns) > 1
    seen = 0
    for as_of_k in (keys[0] - 1, *random.sample(keys, 12), keys[-1]):
        params = {"as_of_k": as_of_k, "known_at": "2299-01-01 00:00:00.000", "basis": "recorded"}
        query = "SELECT {} FROM ({}) ORDER BY stream"
        held = clickhouse.rows(query.format(", ".join(columns), kept.select), params)
        assert held == clickhouse.rows(query.format(", ".join(columns), kept.view.select), params)
        seen += len(held)
    assert seen > 20


def test_a_trend_in_one_go_equals_the_figures_of_each_point(
    clickhouse: ClickHouse, landed: dict[str, list[Record]]
) -> None:
    alone = [kpi for kpi in load_kpis().values() if trends.state_of(kpi)]
    assert {"on-time", "on-time-current", "on-budget", "objectives-met"} <= {kpi.name for kpi in alone}
    zone = ZoneInfo("Europe/London")
    days = sorted(
        {r.occurred_at.date() for records in landed.values() for r in records if r.stream.startswith("project:")}
    )
    last = sorted(random.sample(days, 8))
    scopes = [Scope(day, zone, period_from=dt.date(1970, 1, 1), period_to=day) for day in last]
    shown = 0
    for kpi in alone:
        for by in ("portfolio", "unit"):
            found = trends.trend(clickhouse, kpi, scopes, by)
            assert found == [(scope, measure(clickhouse, kpi, scope, by)) for scope in scopes], kpi.name
            shown += sum(len(figures) for _, figures in found)
    assert shown


def contents(clickhouse: ClickHouse) -> dict[str, list[dict[str, Any]]]:
    ordered = {t.physical: "stream, version" for t in tables() if t.fill} | {
        k.physical: "stream" for k in kept_states()
    }
    return {name: clickhouse.rows(f"SELECT * FROM {name} FINAL ORDER BY {key}") for name, key in ordered.items()}


def test_tables_are_the_same_however_records_are_delivered(clickhouse: ClickHouse, records: list[Record]) -> None:
    empty(clickhouse)
    land(clickhouse, records)
    once = contents(clickhouse)
    assert all(once.values()), "a table stayed empty"
    for attempt in range(4):
        empty(clickhouse)
        delivered = random.sample(records, len(records)) + random.choices(records, k=len(records) // 2)
        random.shuffle(delivered)
        cuts = sorted(random.sample(range(len(delivered)), 3))
        if attempt == 0:
            # one by one at the end: batches of few types, on which not every kept state rests
            delivered.sort(key=lambda record: record.stream.startswith("project:"))
            cuts = list(range(len(delivered) - 25, len(delivered)))
        for start, end in zip([0, *cuts], [*cuts, len(delivered)], strict=True):
            land(clickhouse, delivered[start:end])
        again = contents(clickhouse)
        for name, rows in once.items():
            assert again[name] == rows, name


def test_a_rebuild_gives_the_same_tables(clickhouse: ClickHouse, records: list[Record]) -> None:
    empty(clickhouse)
    land(clickhouse, records)
    before = contents(clickhouse)
    assert rebuild(clickhouse) == len(records)
    assert contents(clickhouse) == before


def test_days_of_a_time_before_1970_are_kept(clickhouse: ClickHouse) -> None:
    day = dt.date(1923, 4, 5)
    published = standard.Waived(until=day, reason=None, requested_by=None, decided_by="A" * 20)
    record = Record(
        "adoption:OLD/U", 1, published, dt.datetime(1923, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "/pmo/test", "system:test", "c", "c",
    )  # fmt: skip
    land(clickhouse, [record])
    assert clickhouse.scalar("SELECT until FROM adoption_events WHERE stream = 'adoption:OLD/U'") == day
    assert clickhouse.scalar("SELECT k FROM adoption_events WHERE stream = 'adoption:OLD/U'") == record.k
