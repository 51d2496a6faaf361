"""Random histories: the SQL of each control agrees with a slow checker in Python that says the rule in plain words."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from controls_checkers import (
    Found,
    counting,
    decision_checker,
    local_day,
    may_precede,
    start_checker,
    status_checker,
    what,
)
from controls_histories import START, days_between, last_by, shown, tell
from controls_world import PERSONS, World, fresh, opened
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas.event import Record

NAMES = tuple(PERSONS.values())
# each example is many histories, landed together; a failure shows the one that it is about, so nothing is shrunk
RANDOM = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=(Phase.generate,)
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("controls")) as clickhouse:
        yield World(clickhouse)


WHEN = st.tuples(st.integers(0, 70), st.sampled_from([None, None, None, 9, 15]))
ITEM = st.sampled_from("AB")
STEPS = ("baseline-set", "started", "started", "put-on-hold", "resumed", "completed", "reopened", "deferred")
PROJECT_STEPS = st.one_of(
    *(
        st.tuples(st.just(name), WHEN, st.just({}))
        for name in STEPS
    ),
    *(st.tuples(st.just("progress-reported"), WHEN, st.just({})) for _ in range(3)),
    *(
        st.tuples(st.just(name), WHEN, st.builds(lambda p: {"decided_by": p}, st.sampled_from(NAMES[:2])))
        for name in ("approved", "approved", "rejected")
    ),
    st.tuples(st.just("proposed"), WHEN, st.builds(lambda p: {"proposed_by": p}, st.sampled_from((None, *NAMES[:2])))),
    st.tuples(
        st.just("gate-requested"), WHEN,
        st.builds(lambda g, p: {"item": g, "requested_by": p}, ITEM, st.sampled_from((None, *NAMES[:2]))),
    ),
    *(
        st.tuples(
            st.just(name), WHEN,
            st.builds(lambda g, p: {"item": g, "decided_by": p}, ITEM, st.sampled_from(NAMES[:2])),
        )
        for name in ("gate-passed", "gate-failed")
    ),
    st.tuples(
        st.just("recorded"), WHEN,
        st.builds(lambda s: {"status": s}, st.sampled_from((None, "proposed", "approved", "running", "completed"))),
    ),
)  # fmt: skip
LATE = st.sampled_from([0, 0, 0, 0, 5, 30])
AGAIN = st.sampled_from([None] * 7 + [1, 2])


def histories(steps: st.SearchStrategy[Any], most: int = 12, n: int = 25) -> st.SearchStrategy[Any]:
    return st.lists(st.lists(st.tuples(steps, LATE, AGAIN), max_size=most), min_size=n, max_size=n)


AS_OF = st.integers(20, 90).map(lambda days: START + dt.timedelta(days=days))
KNOWN = st.sampled_from([None, None, 30, 60]).map(lambda days: days and START + dt.timedelta(days=days))


@RANDOM
@given(histories(PROJECT_STEPS), AS_OF, KNOWN)
def test_projects(world: World, drawn: list[Any], as_of: dt.date, known_at: dt.date | None) -> None:
    told = {(stream := f"project:{fresh()}"): tell(world, stream, history) for history in drawn}
    found: dict[int, dict[str, list[Any]]] = {n: defaultdict(list) for n in (1, 4, 7)}
    for number, by_stream in found.items():
        for occasion in world.ask(number, as_of, known_at and str(known_at), told):
            by_stream[occasion.subject].append(occasion)
    for stream, records in told.items():
        history = counting(records, as_of, known_at or dt.date.max)
        # occasions of one moment come in the order of their ids, which is not that of their versions
        assert sorted(o.result for o in found[1][stream]) == sorted(start_checker(history)), shown(history)
        assert sorted(o.result for o in found[4][stream]) == sorted(status_checker(history, as_of)), shown(history)
        assert sorted((o.activating, o.result) for o in found[7][stream]) == decision_checker(history), shown(history)


def released_until(history: Sequence[Record], release: Record) -> dt.date:
    ending = {"waived": "waiver-ended", "not-applicable": "mandated"}[what(release)]
    ends = [local_day(r) for r in history if what(r) == ending and r.k > release.k]
    return min([getattr(release.event, "until", dt.date.max), *ends[:1]])


def assessment_checker(history: Sequence[Record], standard: Sequence[Record], as_of: dt.date) -> list[Found]:
    found = []
    mandates = [r for r in history if what(r) == "mandated"]
    releases = [r for r in history if what(r) in ("waived", "not-applicable")]

    def fits(assessment: Record, mandate: Record) -> bool:
        both = max(assessment, mandate, key=lambda r: r.occurred_at)
        editions = [r.event.edition for r in standard if r.occurred_at <= both.occurred_at][-1:]
        editions += [r.event.edition for r in standard if r.occurred_at > both.occurred_at and may_precede(r, both)]
        return not standard or assessment.event.edition in editions

    for mandate, following in zip(mandates, [*mandates[1:], None], strict=False):
        due = mandate.event.due
        while any(local_day(r) <= due < released_until(history, r) for r in releases):
            due = max(released_until(history, r) for r in releases if local_day(r) <= due)
        if following and local_day(following) <= due:
            continue
        served = [local_day(r) for r in history if what(r) == "assessed" and fits(r, mandate)]
        if any(on <= due for on in served):
            found.append((mandate.event_id, "satisfied"))
        elif as_of > due:
            cured = bool(served) or any(local_day(r) > due for r in releases)
            found.append((mandate.event_id, "cured late" if cured else "violated"))
    return sorted(found)


def _day_after(days: int) -> str:
    return str(START + dt.timedelta(days=days))


EDITION = st.builds(lambda e: {"edition": e}, st.sampled_from("12"))
ADOPTION_STEPS = st.one_of(
    *(
        st.tuples(st.just(name), WHEN, st.builds(lambda d, f=field: {f: _day_after(d)}, st.integers(10, 80)))
        for name, field in (("mandated", "due"), ("mandated", "due"), ("waived", "until"))
    ),
    *(st.tuples(st.just("assessed"), WHEN, EDITION) for _ in range(2)),
    *(st.tuples(st.just(name), WHEN, st.just({})) for name in ("waiver-ended", "not-applicable", "adopted")),
)
EDITIONS = st.lists(st.tuples(st.tuples(st.just("revised"), WHEN, EDITION), st.just(0), st.none()), max_size=3)


@RANDOM
@given(histories(ADOPTION_STEPS, 7), st.lists(EDITIONS, min_size=25, max_size=25), AS_OF, KNOWN)
def test_standards(
    world: World, drawn: list[Any], standards: list[Any], as_of: dt.date, known_at: dt.date | None
) -> None:
    told = {}
    for history, editions in zip(drawn, standards, strict=True):
        code = fresh("S")
        stream = f"adoption:{code}/OPS"
        # at hours that no other event has, so that the order between the two streams is never a matter of versions
        shifted = [((name, (on, hour and hour + 1), f), late, again) for (name, (on, hour), f), late, again in editions]
        told[stream] = (tell(world, stream, history), tell(world, f"standard:{code}", shifted))
    found = defaultdict(list)
    for occasion in world.ask(9, as_of, known_at and str(known_at), told):
        found[occasion.subject].append((occasion.activating, occasion.result))
    for stream, (records, editions) in told.items():
        counted = [counting(part, as_of, known_at or dt.date.max) for part in (records, editions)]
        assert sorted(found[stream]) == assessment_checker(*counted, as_of), shown(*counted)


def training_checker(
    workload: Sequence[Record],
    person: Sequence[Record],
    course: Sequence[Record],
    training: Sequence[Record],
    as_of: dt.date,
) -> list[Found]:
    def held(on: dt.date) -> bool:
        for record in training:
            if what(record) == "revoked":
                continue
            event: Any = record.event
            revoked = [local_day(r) for r in training if what(r) == "revoked" and r.k > record.k]
            first, last = (
                (event.completed_on, event.expires) if what(record) == "completed" else (local_day(record), event.until)
            )
            if first <= on <= (last or dt.date.max) and not (revoked and on >= revoked[0]):
                return True
        return False

    found: list[Found] = []
    if not any(what(r) == "joined" for r in person):
        return found
    for item in {r.event.part for r in workload}:
        own = [r for r in workload if r.event.part == item]
        plans = [r for r in own if what(r) in ("allocation-planned", "allocation-revised")]
        if not plans:
            continue
        plan: Any = plans[-1].event
        last = plan.last_day
        releases: list[Any] = [r for r in own if what(r) == "allocation-released"]
        if releases and releases[-1].k > plans[-1].k:
            last = min(last, releases[-1].event.last_day or dt.date.min)
        stretches = defaultdict(list)
        for on in days_between(plan.first_day, min(last, as_of)) if last >= plan.first_day else []:
            job, rule = last_by(person, on), last_by(course, on)
            if job is None or rule is None or what(job) == "left" or what(rule) == "not-required":
                continue
            since = max(local_day(job), local_day(rule)) + dt.timedelta(days=rule.event.grace_days)
            if job.event.role == rule.event.role and on >= since and job.event.career_level >= rule.event.career_level:
                stretches[job.version, rule.version].append(held(on))
        for days in stretches.values():
            result = "satisfied" if all(days) else "cured late" if days[-1] else "violated"
            found.append((plans[-1].event_id, result))
    return sorted(found)


SPAN = st.tuples(st.integers(0, 60), st.integers(0, 25)).map(lambda s: (_day_after(s[0]), _day_after(sum(s))))
PLANS = st.one_of(
    *(
        st.tuples(
            st.just(name), WHEN,
            st.builds(lambda i, s: {"item": i, "project": "X", "first_day": s[0], "last_day": s[1]}, ITEM, SPAN),
        )
        for name in ("allocation-planned", "allocation-revised")
    ),
    st.tuples(
        st.just("allocation-released"), WHEN,
        st.builds(lambda i, s: {"item": i, "last_day": s}, ITEM, st.sampled_from([None, "2026-02-20"])),
    ),
)  # fmt: skip
JOB = st.builds(
    lambda r, n: {"role": r, "career_level": n}, st.sampled_from(["pilot", "pilot", "cook"]), st.integers(1, 3)
)
JOBS = st.one_of(
    *(st.tuples(st.just(name), WHEN, JOB) for name in ("joined", "role-changed")),
    st.tuples(st.just("left"), WHEN, st.just({})),
)
RULES = st.one_of(
    *(
        st.tuples(
            st.just("required"), WHEN,
            st.builds(
                lambda g, n: {"role": "pilot", "grace_days": g, "career_level": n},
                st.sampled_from([0, 0, 10]),
                st.integers(1, 2),
            ),
        )
        for _ in range(3)
    ),
    st.tuples(st.just("not-required"), WHEN, st.just({})),
)  # fmt: skip
TRAININGS = st.one_of(
    *(
        st.tuples(st.just("completed"), WHEN, SPAN.map(lambda s: {"completed_on": s[0], "expires": s[1]}))
        for _ in range(3)
    ),
    st.tuples(st.just("exempted"), WHEN, SPAN.map(lambda s: {"until": s[1]})),
    st.tuples(st.just("revoked"), WHEN, st.just({})),
)
ROLE_BEFORE = (("joined", (-30, None), {"role": "pilot", "career_level": 2}), 0, None)
RULE_BEFORE = (("required", (-20, None), {"role": "pilot", "grace_days": 0, "career_level": 1}), 0, None)


def renamed(steps: list[Any], suffix: str) -> list[Any]:
    """The steps with roles of their own."""
    return [((n, w, {**f, "role": f["role"] + suffix} if "role" in f else f), *rest) for (n, w, f), *rest in steps]


def few(steps: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(steps, LATE, AGAIN), max_size=most)


@RANDOM
@given(
    st.lists(st.tuples(few(PLANS, 4), few(JOBS, 2), few(RULES, 2), few(TRAININGS, 4)), min_size=25, max_size=25),
    AS_OF,
    KNOWN,
)
def test_trainings(world: World, drawn: list[Any], as_of: dt.date, known_at: dt.date | None) -> None:
    told = {}
    for plans, jobs, rules, trainings in drawn:
        course, person = fresh("C"), fresh().ljust(20, "A").translate(str.maketrans("0189", "WXYZ"))
        # a role of its own, so that no other example's course is required
        told[f"workload:{person}"] = (
            tell(world, f"workload:{person}", plans),
            tell(world, f"person:{person}", renamed([ROLE_BEFORE, *jobs], course)),
            tell(world, f"course:{course}", renamed([RULE_BEFORE, *rules], course)),
            tell(world, f"training:{person}/{course}", trainings),
        )
    found = defaultdict(list)
    for occasion in world.ask(12, as_of, known_at and str(known_at), told):
        found[occasion.subject].append((occasion.activating, occasion.result))
    for stream, records in told.items():
        counted = [counting(part, as_of, known_at or dt.date.max) for part in records]
        assert sorted(found[stream]) == training_checker(*counted, as_of), shown(*counted)
