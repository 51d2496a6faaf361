"""Each template of a control as ClickHouse SQL: arrays of a stream's events, and what decides each occasion.

One scan of the log and one GROUP BY per control. An event stands in an array by its key k, which holds its moment and
its version. Lambdas capture small arrays only: ClickHouse copies what a lambda captures for every element.

A day-precision event stands at its day's start, so it may have come after another of that day: where the order within
one day decides, such an event has the benefit of the doubt, until the day's end (`until`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.projections.rules import (
    Periodic,
    Precedence,
    Response,
    Segregation,
    Selector,
    ValidWhile,
    columns,
    log_of,
)

RESULTS = ("satisfied", "no evidence", "cured late", "violated")
"""In the order of their codes; `NOT_YET` is an occasion that is not (or no longer) activated and counts nowhere."""
SATISFIED, NO_EVIDENCE, CURED, VIOLATED, NOT_YET = range(5)

_EVER = 120_000  # as days since 1970: later than every day that an event can hold
ZONE = "{tz:String}"
NOTHING_DECIDED = "only the states that a source shows are known"


@dataclass
class Binder:
    """The constants of one control, bound as parameters; never put into the text."""

    params: dict[str, Any] = field(default_factory=dict)

    def value(self, value: Any, kind: str) -> str:
        """The placeholder of a value of this ClickHouse type."""
        name = f"c{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{kind}}}"

    def chosen(self, selector: Selector, kind: str) -> str:
        """The condition for the events that a selector picks."""
        types = columns(log_of(kind))
        parts = [self.among(selector.happened)]
        for column, values in selector.where.items():
            known = [value for value in values if value is not None]
            options = [f"{column} IS NULL"] if None in values else []
            if known:
                options.append(f"ifNull({column} IN {self.value(known, f'Array({types[column]})')}, false)")
            parts.append(f"({' OR '.join(options)})")
        return " AND ".join(parts)

    def among(self, happened: Sequence[str]) -> str:
        """The condition for events of these names."""
        return f"happened IN {self.value(list(happened), 'Array(String)')}"


@dataclass
class Parts:
    """What a template reads and how it decides.

    `arrays` are aggregates over a stream's events, `layers` follow from them in order; `raw` is an array of tuples
    whose first is the result's code and whose second the activating event's k; `entry` makes of such a tuple `x`, and
    of what is `kept`: (k, due, cured at, evidence, detail). Arrays are put together without `if`: ClickHouse would
    evaluate its branches lazily, and what they share again for each use.
    """

    reads: set[str]
    arrays: dict[str, str]
    layers: list[dict[str, str]]
    raw: str
    entry: str
    kept: tuple[str, ...] = ()
    joined: str = ""


def day_of(k: str) -> str:
    """The local day of an event, as days since 1970."""
    return f"toInt32(toDate32(fromUnixTimestamp64Milli(bitShiftRight({k}, 20), {ZONE})))"


def moment_of(k: str) -> str:
    """The moment of an event."""
    return f"fromUnixTimestamp64Milli(bitShiftRight({k}, 20), 'UTC')"


def as_date(days: str) -> str:
    """Days since 1970 as a day."""
    return f"(toDate32('1970-01-01') + {days})"


def own(keys: str) -> str:
    """Event ids of the stream's own events by their keys; 0 stands for none."""
    return f"arrayMap(v -> concat(stream, '/', toString(bitAnd(v, 1048575))), arrayFilter(v -> v != 0, {keys}))"


DAY = f"toDate32(occurred_at, {ZONE})"
NO_DAY = "CAST(NULL AS Nullable(Date32))"
NO_MOMENT = "CAST(NULL AS Nullable(DateTime64(3, 'UTC')))"


def gathered(condition: str, *elements: str) -> str:
    """The aggregate that holds an element for each event of the condition, in order."""
    element = elements[0] if len(elements) == 1 else f"({', '.join(elements)})"
    return f"arrayCompact(arraySort(groupArrayIf({element}, {condition})))"


def _next(array: str, last: str) -> str:
    """For each element the one after it."""
    return f"arraySlice(arrayPushBack({array}, {last}), 2)"


def until_of(condition: str) -> str:
    """The last key at which an event may have come, worked out for those of the condition only."""
    midnight = f"toDateTime64({DAY}, 3, {ZONE}) = occurred_at"
    return (
        f"multiIf(NOT ({condition}), k, {midnight},"
        f" toUnixTimestamp64Milli(toDateTime64({DAY} + 1, 3, {ZONE})) * 1048576 - 1, k)"
    )


def _said(violated: str) -> str:
    return (
        f"multiIf(x.1 = {NO_EVIDENCE}, '{NOTHING_DECIDED}', x.1 = {VIOLATED}, '{violated}', x.1 = {CURED}, 'late', '')"
    )


def imported(acts: str, seen: str, rest: str) -> str:
    """One occasion without evidence if nothing activated but a source's state; no `if`, see `Parts`."""
    return f"arrayMap(o -> (toUInt8({NO_EVIDENCE}), o, {rest}), arraySlice({seen}, 1, toUInt8(empty({acts}))))"


def happenings_of(*selectors: Selector | None) -> set[str]:
    """What the selectors pick from, which is all that has to be read for them."""
    return {name for selector in selectors if selector for name in selector.happened}


def precedence(rule: Precedence, kind: str, bind: Binder) -> Parts:
    """Each activation, held against what was in force then; per requirement: its state's code, and its event."""
    reads = happenings_of(rule.activation, rule.observed)
    activated = bind.chosen(rule.activation, kind)
    arrays = {"acts": gathered(activated, "k", until_of(activated))}
    arrays["seen"] = gathered(bind.chosen(rule.observed, kind), "k") if rule.observed else "CAST([], 'Array(Int64)')"
    looked: dict[str, str] = {}
    states = []
    for n, required in enumerate(rule.required):
        reads |= {*required.happened, *required.cancelled_by} | happenings_of(required.observed)
        meant = bind.chosen(required, kind)
        either = f"({meant}) OR {bind.among(required.cancelled_by)}" if required.cancelled_by else meant
        arrays[f"held{n}"] = gathered(either, "k", f"toUInt8({meant})")
        looked[f"before{n}"] = f"arrayMap(a -> arrayLast(h -> h.1 <= a.1, held{n}), acts)"
        looked[f"after{n}"] = f"arrayMap(a -> arrayFirst(h -> h.2 AND h.1 > a.1, held{n}), acts)"
        shown = ""
        if required.observed:
            arrays[f"shown{n}"] = gathered(bind.chosen(required.observed, kind), "k")
            shown = f"arrayExists(o -> o <= a.2, shown{n}), ({NO_EVIDENCE}, shown{n}[1]), "
        states.append(
            f"multiIf(b{n}.2, ({SATISFIED}, b{n}.1), f{n}.2 AND f{n}.1 <= a.2, ({SATISFIED}, f{n}.1), "
            f"{shown}f{n}.2, ({CURED}, f{n}.1), ({VIOLATED}, toInt64(0)))"
        )
    taken = ", ".join(f"b{n}, f{n}" for n in range(len(states)))
    names = bind.value([required.name for required in rule.required], "Array(String)")
    said = f"concat(if(s.1 = {NO_EVIDENCE}, 'undecided, only shown by a source: ', 'without '), n)"
    failed = f"arrayFilter(t -> t != '', arrayMap((s, n) -> if(s.1 = {SATISFIED}, '', {said}), x.3, {names}))"
    cured = moment_of(f"arrayMax(s -> if(s.1 = {CURED}, s.2, x.2), x.3)")
    shown = imported("acts", "seen", "CAST([], 'Array(Tuple(UInt8, Int64))')")
    return Parts(
        reads,
        arrays,
        [looked, {"states": f"arrayMap((a, {taken}) -> [{', '.join(states)}], acts, {', '.join(looked)})"}],
        f"arrayConcat({shown}, arrayMap((a, s) -> (toUInt8(arrayMax(s.1)), a.1, s), acts, states))",
        f"(x.2, {NO_DAY}, if(x.1 = {CURED}, {cured}, NULL), {own('arrayPushFront(x.3.2, x.2)')}, "
        f"if(empty(x.3), '{NOTHING_DECIDED}', arrayStringConcat({failed}, ', ')))",
    )


def segregation(rule: Segregation, kind: str, bind: Binder) -> Parts:
    """Each decision, held against the last matter before it that it can be about."""
    reads: set[str] = set()
    arrays: dict[str, str] = {}
    found = []
    for n, pair in enumerate(rule.pairs):
        reads |= happenings_of(pair.activation, pair.against, pair.observed)
        decided = bind.chosen(pair.activation, kind)
        arrays[f"acts{n}"] = gathered(decided, "k", until_of(decided), "item", f"ifNull({pair.by}, '')")
        arrays[f"other{n}"] = gathered(bind.chosen(pair.against, kind), "k", "item", f"ifNull({pair.other}, '')")
        same = " AND o.2 = a.3" if pair.same_item else ""
        matter = f"arrayLast(o -> o.1 <= a.2{same}, other{n})"
        text = bind.value(f"{pair.by} is {pair.other}", "String")
        result = f"multiIf(a.4 = '' OR {matter}.3 = '', {NO_EVIDENCE}, a.4 = {matter}.3, {VIOLATED}, {SATISFIED})"
        each = f"arrayMap(a -> ({result}, a.1, {matter}.1, {text}), acts{n})"
        if pair.observed:
            arrays[f"seen{n}"] = gathered(bind.chosen(pair.observed, kind), "k")
            found.append(imported(f"acts{n}", f"seen{n}", f"toInt64(0), {text}"))
        found.append(each)
    return Parts(
        reads,
        arrays,
        [],
        f"arrayConcat({', '.join(found)})",
        f"(x.2, {NO_DAY}, {NO_MOMENT}, {own('[x.2, x.3]')}, "
        f"multiIf(x.1 = {NO_EVIDENCE}, concat('unknown whether ', x.4), x.1 = {VIOLATED}, x.4, ''))",
    )


def periodic(rule: Periodic, kind: str, bind: Binder) -> Parts:
    """Each stretch between one target and the next, on a clock of days that only goes while it runs.

    A stretch is (result, its beginning's event, the clock then, the event that ends it or 0). The last one goes up to
    the as-of day, or to the end; it is no occasion before it is past due.
    """
    begins, ends = bind.among(rule.during.begins), bind.among(rule.during.ends)
    arrays = {
        "steps": gathered(f"({begins}) OR ({ends})", "k", f"toUInt8({begins})"),
        "targets": gathered(bind.chosen(rule.target, kind), "k"),
        "seen": gathered(bind.chosen(rule.observed, kind), "k") if rule.observed else "CAST([], 'Array(Int64)')",
    }
    limit = bind.value(rule.every_days, "Int32")
    today = "toInt32({as_of:Date32})"
    layers = [
        {
            "turns": f"arrayMap(s -> {day_of('s.1')}, steps)",
            # of each stretch of running: k and day from, k and day to
            "bare": "arrayFilter(i -> i.5 = 1, arrayMap((s, a, n, b) -> (s.1, a, n, b, s.2), steps, turns,"
            f" {_next('steps.1', str(2**63 - 1))}, {_next('turns', today)}))",
        },
        # and the clock at its beginning
        {
            "runs": "arrayMap((i, sum) -> (i.1, i.2, i.3, i.4, toInt32(sum - (i.4 - i.2))), bare,"
            " arrayCumSum(i -> i.4 - i.2, bare))",
            "total": "toInt32(arraySum(i -> i.4 - i.2, bare))",
        },
        {
            "marks": "arrayConcat(arraySlice(runs.1, 1, 1),"
            " arrayFilter(t -> arrayExists(i -> t > i.1 AND t < i.3, runs), targets))"
        },
        {
            "clocks": "arrayMap(d -> toInt32(arraySum(i -> least(greatest(d - i.2, 0), i.4 - i.2), runs)),"
            f" arrayMap(t -> {day_of('t')}, marks))",
            "following": _next("marks", "toInt64(0)"),
        },
        {
            "results": f"arrayMap((c, n, m) -> multiIf(n - c <= {limit}, if(m = 0, {NOT_YET}, {SATISFIED}),"
            f" m = 0, {VIOLATED}, {CURED}), clocks, {_next('clocks', 'total')}, following)"
        },
    ]
    raw = "arrayZip(results, marks, clocks, following)"
    within = f"arrayFirst(i -> i.5 + i.4 - i.2 >= x.3 + {limit}, runs)"
    due = f"if({within}.1 = 0, NULL, {as_date(f'({within}.2 + x.3 + {limit} - {within}.5)')})"
    return Parts(
        {*rule.during.begins, *rule.during.ends} | happenings_of(rule.target, rule.observed),
        arrays,
        layers,
        f"arrayConcat({imported('steps', 'seen', 'toInt32(0), toInt64(0)')}, {raw})",
        f"(x.2, {due}, if(x.1 = {CURED}, {moment_of('x.4')}, NULL), {own('[x.2, x.4]')}, {_said('none since')})",
        kept=("runs",),
    )


def response(rule: Response, kind: str, bind: Binder) -> Parts:
    """Each activation with its due day, put off by what releases it, and the first target that serves it."""
    reads = happenings_of(rule.activation, rule.target, rule.observed, *rule.released_by)
    day = f"toInt32({DAY})"
    sought = f"ifNull({rule.in_force.column}, '')" if rule.in_force else "''"
    asks = f"{bind.chosen(rule.activation, kind)} AND {rule.due} IS NOT NULL"
    serves = bind.chosen(rule.target, kind)
    arrays = {
        "acts": gathered(asks, "k", day, until_of(asks), f"ifNull(toInt32({rule.due}), 0)", "item"),
        "targets": gathered(serves, "k", day, until_of(serves), sought, "item"),
        "seen": gathered(bind.chosen(rule.observed, kind), "k") if rule.observed else "CAST([], 'Array(Int64)')",
    }
    releases = []
    for n, release in enumerate(rule.released_by):
        until = f"ifNull(toInt32({release.until}), {_EVER})" if release.until else f"toInt32({_EVER})"
        arrays[f"freed{n}"] = gathered(bind.chosen(release, kind), "k", day, until)
        ended = "toInt32(0)"
        if release.ended_by:
            reads |= set(release.ended_by)
            arrays[f"bound{n}"] = gathered(bind.among(release.ended_by), "k", day)
            ended = f"arrayFirst(e -> e.1 > r.1, bound{n}).2"
        over = f"if({ended} = 0, r.3, least(r.3, {ended}))"
        releases.append(f"arrayMap(r -> (r.1, r.2, {over}), freed{n})")
    no_release = "CAST([], 'Array(Tuple(Int64, Int32, Int32))')"
    joined, valid = "", "true"
    if rule.in_force:
        joined, valid = _in_force(rule, bind)
        arrays["ruling"] = "any(other.stages)"
    after = "" if rule.earlier_counts else " AND t.3 >= a.1"
    nexts = _next("acts.2", f"toInt32({2 * _EVER})")
    if rule.same_item:
        after += " AND t.5 = a.5"
        following = "arrayFirst(b -> b.1 > a.1 AND b.5 = a.5, acts)"
        nexts = f"arrayMap(a -> if({following}.1 = 0, toInt32({2 * _EVER}), {following}.2), acts)"
    layers = [
        {"freed": f"arraySort(arrayConcat({', '.join(releases)}))" if releases else no_release},
        {
            "dues": "arrayMap(a -> arrayFold((d, r) -> toInt32(if(r.2 <= d AND r.3 > d, r.3, d)), freed, a.4), acts)",
            "serving": f"arrayMap(a -> arrayFilter(t -> {valid}{after}, targets), acts)",
        },
        {
            "nexts": nexts,
            "firsts": "arrayMap(s -> s[1], serving)",
            # whichever comes first after the due day: the target, or what releases from it
            "cures": "arrayMap((d, s) -> arraySort(arrayConcat(arrayMap(t -> t.1, arrayFilter(t -> t.2 > d, s)),"
            " arrayMap(r -> r.1, arrayFilter(r -> r.2 > d, freed))))[1], dues, serving)",
        },
    ]
    result = (
        f"multiIf(n <= d, {NOT_YET}, f.1 != 0 AND f.2 <= d, {SATISFIED}, d >= toInt32({{as_of:Date32}}), {NOT_YET},"
        f" c != 0, {CURED}, {VIOLATED})"
    )
    raw = f"arrayMap((a, d, n, f, c) -> ({result}, a.1, d, if(f.2 <= d, f.1, c)), acts, dues, nexts, firsts, cures)"
    return Parts(
        reads,
        arrays,
        layers,
        f"arrayConcat({imported('acts', 'seen', 'toInt32(0), toInt64(0)')}, {raw})",
        f"(x.2, if(x.1 = {NO_EVIDENCE}, NULL, {as_date('x.3')}), if(x.1 = {CURED}, {moment_of('x.4')}, NULL), "
        f"{own('[x.2, x.4]')}, {_said('not done')})",
        joined=joined,
    )


def _in_force(rule: Response, bind: Binder) -> tuple[str, str]:
    """The join that gives what was in force when, and the condition for a target `t` of an activation `a`.

    What counts is what was in force once both were there; a stream that says nothing of it rules nothing out.
    """
    assert rule.in_force is not None
    other = rule.in_force
    either = bind.among([*other.happened, *other.ended_by])
    value = f"if({bind.among(other.happened)}, ifNull({other.column}, ''), '')"
    log = view(log_of(other.of))
    joined = (
        f"LEFT JOIN (SELECT substring(stream, {len(other.of) + 2}) AS ours,"
        f" arrayCompact(arraySort(groupArray((k, {value})))) AS stages FROM {log} WHERE {either} GROUP BY stream"
        f") AS other ON other.ours = log.{other.by}"
    )
    begin, end = "greatest(t.1, a.1)", "if(t.1 > a.1, t.3, a.3)"
    valid = (
        f"(empty(ruling) OR arrayLast(e -> e.1 <= {begin}, ruling).2 = t.4"
        f" OR arrayExists(e -> e.1 > {begin} AND e.1 <= {end} AND e.2 = t.4, ruling))"
    )
    return joined, valid


def view(name: str, *more: str) -> str:
    """A view, asked for what the question is about."""
    passed = [
        "as_of_k = {as_of_k:Int64}",
        "known_at = {known_at:DateTime64(3, 'UTC')}",
        "basis = {basis:String}",
        *more,
    ]
    return f"{name}({', '.join(passed)})"


def valid_while(rule: ValidWhile) -> tuple[str, str]:
    """The rows with their one occasion each, and its entry: covered, covered again, or not covered on its last day."""
    zone, match = f"tz = {ZONE}", ", ".join(rule.match)
    days = f"toInt32(from_day), ifNull(toInt32(to_day), {_EVER})"
    grouped = (
        f"SELECT {match}, arrayReverseSort(groupUniqArray(({days}))) AS spans, groupUniqArray(({days}, event)) AS given"
        f" FROM {view(rule.held, zone)} GROUP BY {match}"
    )
    # back from the last day: whatever covers the day before which nothing is covered yet
    covered = "arrayFold((d, h) -> toInt32(if(h.1 <= d AND h.2 >= d, h.1 - 1, d)), held.spans, until) + 1"
    on = " AND ".join(f"needs.{column} = held.{column}" for column in rule.match)
    needed = (
        "SELECT needs.unit AS unit, needs.stream AS stream, needs.label AS label, needs.k AS k,"
        " needs.evidence AS evidence, needs.detail AS detail, toInt32(needs.from_day) AS since,"
        f" toInt32(least(needs.to_day, {{as_of:Date32}})) AS until, held.given AS given, {covered} AS covered"
        f" FROM {view(rule.needs, zone)} AS needs LEFT JOIN ({grouped}) AS held ON {on}"
        " WHERE needs.from_day <= needs.to_day AND needs.from_day <= {as_of:Date32}"
    )
    result = f"multiIf(covered <= since, {SATISFIED}, covered <= until, {CURED}, {VIOLATED})"
    # what only the entry needs stands beside `raw`, so that scores do without reading it
    source = (
        "SELECT unit, stream, label, 'governed' AS standing, until, evidence, given, detail,"
        f" [(toUInt8({result}), k, since, covered)] AS raw FROM ({needed})"
    )
    start = f"toTimeZone(toDateTime64({as_date('x.4')}, 3, {ZONE}), 'UTC')"
    proof = "arrayMap(h -> h.3, arrayFilter(h -> h.1 <= until AND h.2 >= x.3, arraySort(given)))"
    cured = f"if(x.1 = {CURED}, {start}, NULL)"
    entry = f"(x.2, {as_date('x.3')}, {cured}, arrayDistinct(arrayConcat(evidence, {proof})), detail)"
    return source, entry
