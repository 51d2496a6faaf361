"""The templates of controls that look for what must not be, must be, or is too much; see `templates` for how."""

from services.projections.definitions import view_of
from services.projections.rules import Absence, Existence, Limit, NotMoreThan, Selector, Stretch
from services.projections.templates import (
    CURED,
    DAY,
    NO_DAY,
    NO_EVIDENCE,
    NO_MOMENT,
    NOT_YET,
    NOTHING_DECIDED,
    SATISFIED,
    VIOLATED,
    Binder,
    Parts,
    as_date,
    gathered,
    happenings_of,
    imported,
    moment_of,
    own,
    until_of,
)

_NOTHING = "CAST([], 'Array(Int64)')"


def _any(selectors: tuple[Selector, ...], kind: str, bind: Binder) -> str:
    return " OR ".join(f"({bind.chosen(selector, kind)})" for selector in selectors)


def _seen(observed: Selector | None, kind: str, bind: Binder) -> str:
    return gathered(bind.chosen(observed, kind), "k") if observed else _NOTHING


def absence(rule: Absence, kind: str, bind: Binder) -> Parts:
    """Each activation: whether it is of the forbidden sort, or comes in the stretch; in doubt it is not."""
    reads = happenings_of(rule.activation, rule.observed, rule.forbidden, *(rule.cured_by or ()))
    acts = bind.chosen(rule.activation, kind)
    bad = "toUInt8(1)"
    arrays = {"seen": _seen(rule.observed, kind, bind), "cures": "CAST([], 'Array(Tuple(Int64, String))')"}
    since, wrong = "toInt64(0)", "a.5 = 1"
    if rule.forbidden:
        bad = f"toUInt8({bind.chosen(rule.forbidden, kind)})"
        said = ", ".join(f"{column} is {_values(values)}" for column, values in rule.forbidden.where.items())
        detail = bind.value(said or "it is not to be", "String")
    if rule.during:
        reads |= happenings_of(*rule.during.begins, *rule.during.ends)
        arrays["steps"], since, wrong = _during(rule.during, rule.grace_days, kind, bind)
        detail = bind.value(f"after {' or '.join(n for s in rule.during.begins for n in s.happened)}", "String")
    arrays["acts"] = gathered(acts, "k", until_of(acts), f"toInt32({DAY})", "item", bad)
    if rule.cured_by:
        also = f" AND NOT ({bad})" if rule.forbidden else ""
        arrays["cures"] = gathered(f"({_any(rule.cured_by, kind, bind)}){also}", "k", "item")
    same = " AND c.2 = a.4" if rule.same_item else ""
    cure = f"arrayFirst(c -> c.1 > a.1{same}, cures).1"
    result = f"multiIf(NOT ({wrong}), {SATISFIED}, {cure} != 0, {CURED}, {VIOLATED})"
    return Parts(
        reads,
        arrays,
        [],
        f"arrayConcat({imported('acts', 'seen', 'toInt64(0), toInt64(0)')},"
        f" arrayMap(a -> ({result}, a.1, {cure}, {since}), acts))",
        f"(x.2, {NO_DAY}, if(x.1 = {CURED}, {moment_of('x.3')}, NULL),"
        f" {own(f'if(x.1 = {SATISFIED}, [x.2], arrayDistinct([x.2, x.4, x.3]))')},"
        f" multiIf(x.1 = {NO_EVIDENCE}, '{NOTHING_DECIDED}', x.1 = {SATISFIED}, '', {detail}))",
    )


def _values(values: tuple[object, ...]) -> str:
    return " or ".join("unknown" if value is None else str(value) for value in values)


def _during(during: Stretch, grace_days: int, kind: str, bind: Binder) -> tuple[str, str, str]:
    """The steps, the one that an activation `a` comes after, and whether it lies in the stretch for certain."""
    begins, ends = _any(during.begins, kind, bind), _any(during.ends, kind, bind)
    steps = gathered(
        f"({begins}) OR ({ends})", "k", until_of(f"({begins}) OR ({ends})"), f"toUInt8({begins})", f"toInt32({DAY})"
    )
    last = "arrayLast(s -> s.1 <= a.1 AND (s.3 = 0 OR s.2 <= a.1), steps)"
    ended = "arrayExists(s -> s.3 = 0 AND s.1 > a.1 AND s.1 <= a.2, steps)"
    grace = bind.value(grace_days, "Int32")
    late = f"a.3 - {last}.4 > {grace}" if grace_days else "true"
    return steps, f"{last}.1", f"{last}.3 = 1 AND {late} AND NOT {ended}"


def existence(rule: Existence, kind: str, bind: Binder) -> Parts:
    """Each activation, and the first that it needs, from whenever."""
    same = "t.3 = a.3" if rule.same_item else "true"
    arrays = {
        "acts": gathered(bind.chosen(rule.activation, kind), "k", f"toInt32({DAY})", "item"),
        "targets": gathered(bind.chosen(rule.needed, kind), "k", f"toInt32({DAY})", "item"),
        "seen": _seen(rule.observed, kind, bind),
    }
    due = f"a.2 + {bind.value(rule.within_days, 'Int32')}"
    first = f"arrayFirst(t -> {same}, targets)"
    result = (
        f"multiIf({first}.1 != 0 AND {first}.2 <= {due}, {SATISFIED},"
        f" {due} >= toInt32({{as_of:Date32}}), {NOT_YET}, {first}.1 != 0, {CURED}, {VIOLATED})"
    )
    return Parts(
        happenings_of(rule.activation, rule.needed, rule.observed),
        arrays,
        [],
        f"arrayConcat({imported('acts', 'seen', 'toInt32(0), toInt64(0)')},"
        f" arrayMap(a -> ({result}, a.1, toInt32({due}), {first}.1), acts))",
        f"(x.2, if(x.1 = {NO_EVIDENCE}, NULL, {as_date('x.3')}), if(x.1 = {CURED}, {moment_of('x.4')}, NULL),"
        f" {own('[x.2, x.4]')}, multiIf(x.1 = {NO_EVIDENCE}, '{NOTHING_DECIDED}', x.1 = {VIOLATED}, 'not done',"
        f" x.1 = {CURED}, 'late', ''))",
    )


def not_more_than(rule: NotMoreThan, kind: str, bind: Binder) -> Parts:
    """Each run of what is counted; what ends a run stands between as an element of an empty key."""
    counted, ended = bind.chosen(rule.counted, kind), bind.among(rule.ended_by)
    key = f"if({counted}, concat('=', toString(tuple(0, {', '.join(['0', *rule.alike])}))), '')"
    group = "item" if rule.same_item else "''"
    before = "arraySlice(arrayPushFront(entries, entries[1]), 1, length(entries))"
    split = f"arraySplit((e, p) -> e.1 != p.1 OR e.3 != p.3, entries, {before})"
    limit = bind.value(rule.at_most, "UInt32")
    return Parts(
        happenings_of(rule.counted) | set(rule.ended_by),
        {"entries": gathered(f"({counted}) OR ({ended})", group, "k", key)},
        [{"runs": f"arrayFilter(r -> r[1].3 != '', {split})"}],
        f"arrayMap(r -> (if(length(r) <= {limit}, toUInt8({SATISFIED}), toUInt8({VIOLATED})), r[1].2, r.2), runs)",
        f"(x.2, {NO_DAY}, {NO_MOMENT}, {own('x.3')},"
        f" if(x.1 = {VIOLATED}, concat(toString(length(x.3)), ' running'), ''))",
    )


def limit(rule: Limit, bind: Binder, heads: str | None) -> tuple[str, str]:
    """The view's rows with their one occasion each, and its entry; `heads` say of each owner its unit and label."""
    at = rule.at_most if rule.at_most is not None else rule.at_least
    ours = bind.value(at, "Float64")
    taken = []
    for name, clickhouse_type in view_of(rule.view).params.items():
        if name == "limit":
            taken.append(f"limit = {ours}")
        elif name in rule.given:
            taken.append(f"{name} = {bind.value(rule.given[name], clickhouse_type)}")
        else:
            taken.append(f"{name} = {{{name}:{clickhouse_type}}}")
    rows = f"{rule.view}({', '.join(taken)}) AS found"
    allowed = f"ifNull(found.own_limit, {ours})"
    if rule.at_most is not None:
        judged = f"assumeNotNull(found.number) <= {allowed}, if(found.is_open, {NOT_YET}, {SATISFIED})"
    else:
        judged = f"assumeNotNull(found.number) >= {allowed}, {SATISFIED}, found.is_open, {NOT_YET}"
    result = f"multiIf(isNull(found.number), {NO_EVIDENCE}, {judged}, isNotNull(found.cured_at), {CURED}, {VIOLATED})"
    shown = "found.unit AS unit, found.label AS label, 'governed' AS standing"
    joined = ""
    if heads:
        shown = (
            "heads.unit AS unit, if(heads.label = '', substring(found.owner, position(found.owner, ':') + 1),"
            " heads.label) AS label, if(heads.standing = '', 'governed', heads.standing) AS standing"
        )
        joined = f" LEFT JOIN ({heads}) AS heads ON heads.owner = found.owner WHERE heads.standing != 'withdrawn'"
    due = f"CAST(found.from_day + toInt32({allowed}) AS Nullable(Date32))"
    source = (
        f"SELECT {shown}, found.stream AS stream, found.evidence AS evidence, found.detail AS detail, {due} AS due,"
        " CAST(found.cured_at AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,"
        f" [(toUInt8({result}), toInt64(found.k))] AS raw FROM {rows}{joined}"
    )
    said = f"multiIf(x.1 = {NO_EVIDENCE} AND detail = '', '{NOTHING_DECIDED}', x.1 = {SATISFIED}, '', detail)"
    return source, f"(x.2, due, if(x.1 = {CURED}, cured_at, NULL), evidence, {said})"
