"""An independent, slow recomputation agrees: KPIs worked out in Python from the records alone, on random histories."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from landed import by_stream, landed

from schemas import organisation, progress, project, training
from schemas.event import Event, Record
from schemas.streams import keys_of, kind_of
from services.projections import figures
from services.projections import kpi as kpis
from services.projections.clickhouse import ClickHouse
from services.projections.scope import Scope
from tests.property.folds import STEPS, countable, get, happened, last
from tests.property.histories import gathered
from tests.strategies import histories, models

ZONE = ZoneInfo("Pacific/Auckland")
Found = dict[str, tuple[str, str, int]]
"""By subject: its unit, why it is left out, its numerator."""
_DAYS = st.sampled_from([dt.date(2026, m, d) for m in (1, 3, 6) for d in (1, 2, 3)])


def some(event_class: type[Event], **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    """Events of a type, with these fields drawn from few values so that they meet."""
    return st.tuples(models(event_class), st.fixed_dictionaries(values)).map(
        lambda drawn: drawn[0].model_copy(update=drawn[1])
    )


_MONEY = st.sampled_from([Decimal(n) for n in (0, 90, 100, 110)])
_CURRENCY = st.sampled_from(("EUR", "EUR", "EUR", "GBP"))
_PROJECTS = st.one_of(
    some(project.Proposed),
    some(project.BaselineSet, item=st.sampled_from("12"), finish=_DAYS, budget=_MONEY, currency=_CURRENCY),
    some(project.Started),
    some(project.Completed),
    some(project.Cancelled),
    some(project.Reopened),
    some(project.Withdrawn),
    some(project.PutOnHold),
    some(project.FinanciallyClosed, final_cost=_MONEY, currency=_CURRENCY),
    some(progress.ActualCostCorrected, item=st.sampled_from("12"), amount=_MONEY.map(lambda m: -m), currency=_CURRENCY),
    some(project.Transferred),
)
_OBSERVED = some(progress.Recorded, finish=st.none() | _DAYS)
_ROLES = st.sampled_from(("PM", "DEV"))
_LEVELS = st.sampled_from((None, 1, 3))
_PEOPLE = st.one_of(
    some(organisation.PersonJoined, role=_ROLES, career_level=_LEVELS),
    some(organisation.PersonRoleChanged, role=_ROLES, career_level=_LEVELS),
    some(organisation.PersonMoved),
    some(organisation.PersonLeft),
)
_COURSES = st.one_of(
    some(training.CourseDefined),
    some(
        training.CourseRequired, item=st.sampled_from("12"), role=_ROLES, career_level=_LEVELS,
        grace_days=st.sampled_from((0, 1, 30)),
    ),
    some(training.CourseNotRequired, item=st.sampled_from("12")),
    some(training.CourseRetired),
)  # fmt: skip
_TRAININGS = st.one_of(
    some(training.TrainingCompleted, completed_on=_DAYS, expires=st.none() | _DAYS),
    some(training.TrainingExempted, until=_DAYS),
    some(training.TrainingRevoked),
    some(training.TrainingFailed),
)


def _history(kind: str, chosen: st.SearchStrategy[Event], length: int) -> st.SearchStrategy[list[Record]]:
    return histories(kind, max_streams=1, max_length=length, chosen=chosen)


def _named(examples: Sequence[list[Record]], prefix: str) -> list[Record]:
    return [replace(r, stream=f"{prefix}{n}") for n, example in enumerate(examples) for r in example]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    people = [f"person:{letter * 20}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    made = _named(gathered(_history("project", _PROJECTS, 14), 150), "project:G")
    made += _named(gathered(_history("project", _OBSERVED, 5), 60), "project:O")
    made += _named(gathered(_history("course", _COURSES, 6), 8), "course:C")
    for person, history in zip(people, gathered(_history("person", _PEOPLE, 6), len(people)), strict=False):
        made += [replace(r, stream=person) for r in history]
        for number, taken in enumerate(gathered(_history("training", _TRAININGS, 5), 4)):
            made += [replace(r, stream=f"training:{person[7:]}/C{number}") for r in taken]
    return made


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Iterator[ClickHouse]:
    with landed(tmp_path_factory.mktemp("recomputed"), records) as opened:
        yield opened


def local_day(record: Record) -> dt.date:
    return record.occurred_at.astimezone(ZONE).date()


def project_state(records: list[Record]) -> tuple[str, str, str]:
    """Standing, status and unit."""
    step = last(records, *STEPS)
    unit = get(last(records, "proposed", "recorded", "transferred"), "unit")[0] or ""
    return ("governed", STEPS[happened(step)], unit) if step else ("observed", "observed", unit)


def on_time(streams: dict[str, list[Record]], scope: Scope) -> Found:
    found: Found = {}
    for stream, records in streams.items():
        if kind_of(stream) != "project" or not records:
            continue
        standing, status, unit = project_state(records)
        baseline = last(records, "baseline-set", item="1")
        plan = next((r for r in records if happened(r) == "recorded" and get(r, "finish")[0]), None)
        planned = get(baseline if standing == "governed" else plan, "finish")[0]
        first, end = scope.period_from or dt.date(1970, 1, 1), scope.period_to or scope.as_of
        if status == "withdrawn" or planned is None or not first <= planned <= min(end, scope.as_of):
            continue
        excluded, met = "", False
        if standing == "governed":
            excluded = status if status in ("cancelled", "merged", "split", "descoped", "rejected") else ""
            completed = last(records, "completed")
            if status == "completed" and completed and baseline and baseline.occurred_at > completed.occurred_at:
                excluded = "baseline set after the completion"
            met = status == "completed" and completed is not None and local_day(completed) <= planned
        else:
            seen = last(records, "recorded")
            assert seen
            stated, said = get(seen, "finish", "status")
            if said == "cancelled":
                excluded = "cancelled"
            elif seen is not plan and stated and stated < local_day(seen):
                met = stated <= planned
            elif local_day(seen) <= planned:
                excluded = "no report after the finish"
            elif seen is plan:
                excluded = "only one report of a finish"
            elif stated is None:
                excluded = "finish no longer stated"
        found[stream] = (unit, excluded, int(met))
    return found


def on_budget(streams: dict[str, list[Record]], scope: Scope) -> Found:
    found: Found = {}
    ended = ("running", "on-hold", "completed", "cancelled")
    for stream, records in streams.items():
        if kind_of(stream) != "project" or not records:
            continue
        standing, status, unit = project_state(records)
        if standing == "observed":
            if any(happened(r) == "recorded" for r in records):
                if last(records, "financially-closed"):
                    continue
                found[stream] = (unit, "closure is not observed", 0)
            continue
        if status not in ended:
            continue
        standing_closure = last(records, "financially-closed", "reopened")
        if standing_closure is None or happened(standing_closure) == "reopened":
            found[stream] = (unit, "not closed", 0)
            continue
        first, end = scope.period_from or dt.date(1970, 1, 1), scope.period_to or scope.as_of
        if not first <= local_day(standing_closure) <= end:
            continue
        final, currency = get(standing_closure, "final_cost", "currency")
        baseline = last(records, "baseline-set", item="1")
        budget, planned_in = get(baseline, "budget", "currency")
        notes = {r.event.part: r for r in records if happened(r) == "actual-cost-corrected"}
        after = [r for r in notes.values() if r.k > standing_closure.k]
        final += sum(get(r, "amount")[0] for r in after)
        currencies = {currency, *(get(r, "currency")[0] for r in after)}
        if budget is None:
            found[stream] = (unit, "no baseline", 0)
        elif baseline and baseline.occurred_at > standing_closure.occurred_at:
            found[stream] = (unit, "baseline set after the closure", 0)
        elif budget == 0:
            found[stream] = (unit, "budget of 0", 0)
        elif currencies != {planned_in}:
            found[stream] = (unit, "cost in another currency", 0)
        else:
            found[stream] = (unit, "", int(final <= budget))
    return found


def training_compliance(streams: dict[str, list[Record]], scope: Scope) -> Found:
    found: Found = {}
    rules: dict[str, dict[str, Record]] = {}
    retired: dict[str, bool] = {}
    for stream, records in streams.items():
        if kind_of(stream) == "course" and records:
            course = keys_of(stream)[0]
            standing = {r.event.part: r for r in records if happened(r) in ("required", "not-required")}
            rules[course] = {item: r for item, r in standing.items() if happened(r) == "required"}
            is_defined = last(records, "defined", "retired")
            retired[course] = is_defined is not None and happened(is_defined) == "retired"
    for stream, records in streams.items():
        if kind_of(stream) != "person" or not last(records, "joined"):
            continue
        (person,) = keys_of(stream)
        unit = get(last(records, "joined", "moved"), "unit")[0]
        presence = last(records, "joined", "left")
        steps = [r for r in records if happened(r) in ("joined", "role-changed", "left")]
        role, level = get(last(records, "joined", "role-changed"), "role", "career_level")
        for course, standing in rules.items():
            dues = []
            for rule in standing.values():
                wanted, from_level, grace = get(rule, "role", "career_level", "grace_days")

                def suits(role: str | None, level: int | None, wanted: Any = wanted, least: Any = from_level) -> bool:
                    return role == wanted and (least is None or (level or 0) >= least)

                if not suits(role, level):
                    continue
                since, is_here = None, False
                for step in steps:
                    # a role stated of the time before a person joins, or after they left, is held by nobody
                    is_here = {"joined": True, "left": False}.get(happened(step), is_here)
                    if not is_here or not suits(*get(step, "role", "career_level")):
                        since = None
                    elif since is None:
                        since = local_day(step)
                dues.append(max(since or dt.date.min, local_day(rule)) + dt.timedelta(days=grace))
            if not dues:
                continue
            told = streams.get(f"training:{person}/{course}", [])
            revoked = last(told, "revoked")
            after = [r for r in told if revoked is None or r.k > revoked.k]
            done, freed = last(after, "completed"), last(after, "exempted")
            start, expires = get(done, "completed_on", "expires")
            holds = done is not None and start <= scope.as_of and (expires is None or expires >= scope.as_of)
            exempt = freed is not None and get(freed, "until")[0] >= scope.as_of
            excluded = ""
            if presence and happened(presence) == "left":
                excluded = "left"
            elif retired[course]:
                excluded = "course retired"
            elif min(dues) > scope.as_of:
                excluded = "not due yet"
            found[f"training:{person}/{course}"] = (unit, excluded, int(holds or exempt))
    return found


RECOMPUTED = {"on-time": on_time, "on-budget": on_budget, "training-compliance": training_compliance}
_AS_OF = [dt.date(2026, 1, 1), dt.date(2026, 1, 3), dt.date(2026, 3, 2), dt.date(2026, 6, 2), dt.date(2061, 1, 1)]


@pytest.mark.parametrize("name", RECOMPUTED)
@pytest.mark.parametrize("as_of", _AS_OF, ids=str)
def test_a_slow_recomputation_agrees(clickhouse: ClickHouse, records: list[Record], name: str, as_of: dt.date) -> None:
    streams = by_stream(records)
    for basis, known_at in (("recorded", None), ("recorded", random.choice(records).recorded_at), ("reported", None)):
        period = random.choice([(None, None), (dt.date(2026, 1, 2), dt.date(2026, 3, 2))])
        scope = Scope(as_of, ZONE, known_at, basis, None, *period)  # type: ignore[arg-type]
        moment = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), ZONE) - dt.timedelta(milliseconds=1)
        latest = known_at or dt.datetime(2199, 1, 1, tzinfo=dt.UTC)
        counted = {stream: countable(told, moment, latest, basis) for stream, told in streams.items()}
        expected = RECOMPUTED[name](counted, scope)
        kpi = kpis.find_kpi(name)
        rows = {row["subject"]: row for row in figures.rows(clickhouse, kpi, scope)}
        shown = {s: (r["unit"], r["excluded"], int(r["numerator"])) for s, r in rows.items()}
        for subject in shown.keys() | expected.keys():
            # what is left out has no numerator that anybody would read
            one, other = shown.get(subject), expected.get(subject)
            if one and other and one[1]:
                one, other = one[:2], other[:2]  # type: ignore[assignment]
            told = "\n".join(f"{r.version} {r.supersedes} {r.occurred_at} {r.event}" for r in streams[subject])
            assert one == other, f"{name} {subject} as of {as_of}, {scope.known_at}, {basis}:\n{told}"
        included = [row for row in expected.values() if not row[1]]
        measured = figures.measure(clickhouse, kpi, scope, "portfolio")
        assert sum(f.n for f in measured) == len(included)
        assert sum(f.numerator for f in measured) == sum(row[2] for row in included)


def test_evidence_names_records_that_count(clickhouse: ClickHouse, records: list[Record]) -> None:
    scope = Scope(dt.date(2061, 1, 1), ZONE)
    known = {r.event_id for r in records}
    for kpi in kpis.load_kpis().values():
        for row in figures.rows(clickhouse, kpi, scope):
            ids = [e if isinstance(e, str) else f"{row['subject']}/{e}" for e in row["evidence"]]
            assert set(ids) <= known
            assert row["excluded"] or ids, f"{kpi.name} {row['subject']} rests on nothing"
