-- What people are planned to work on, one row per record, typed; `item` is the allocation.
-- @create
CREATE TABLE {table} (
    stream String,
    version UInt32,
    happened LowCardinality(String),
    item String,
    k Int64,
    occurred_at DateTime64(3, 'UTC'),
    recorded_at DateTime64(3, 'UTC'),
    reported_at DateTime64(3, 'UTC'),
    project Nullable(String),
    first_day Nullable(Date32),
    last_day Nullable(Date32),
    weekly_hours Nullable(Decimal(7, 4)),
    hard Nullable(Bool),
    confirmed_by Nullable(String),
    at_risk Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill workload
WITH JSONExtract(value, 'data', 'Tuple(
    project Nullable(String), first_day Nullable(Date32), last_day Nullable(Date32),
    weekly_hours Nullable(Decimal(7, 4)), hard Nullable(Bool), confirmed_by Nullable(String),
    at_risk Tuple(id Nullable(String)))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.workload\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    d.project AS project, d.first_day AS first_day, d.last_day AS last_day, d.weekly_hours AS weekly_hours,
    d.hard AS hard, d.confirmed_by AS confirmed_by, d.at_risk.id AS at_risk
FROM {source}
WHERE kind = 'workload' AND happened != 'voided'
-- @view workload_log
-- Records of workloads that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {workload_events}
-- @view allocations
-- Allocations that stand at {as_of_k} as known at {known_at}, each cut at its release; both days included. `confirmed`
-- is true if the line manager agreed to it as it is now: a revision asks for another confirmation. One released before
-- it began is not here. `versions`: the plan's and the confirmation's (0: none). Params: as_of_k, known_at, basis.
SELECT
    stream,
    substring(stream, 10) AS person,
    item AS allocation,
    argMaxIf(tuple(log.project, log.first_day, log.last_day, log.weekly_hours, log.hard, log.at_risk, k, version,
        occurred_at), k, happened IN ('allocation-planned', 'allocation-revised')) AS plan,
    argMaxIf(tuple(k, log.last_day), k, happened = 'allocation-released') AS release,
    argMaxIf(tuple(k, log.confirmed_by, version), k, happened = 'allocation-confirmed') AS confirmation,
    plan.1 AS project,
    plan.2 AS first_day,
    release.1 != 0 AND release.1 > plan.7 AS released,
    if(released, least(release.2, plan.3), plan.3) AS last_day,
    plan.4 AS weekly_hours,
    plan.5 AS hard,
    plan.6 AS at_risk,
    plan.9 AS planned_at,
    confirmation.1 != 0 AND confirmation.1 > plan.7 AS confirmed,
    if(confirmed, confirmation.2, NULL) AS confirmed_by,
    [plan.8, if(confirmed, confirmation.3, 0)] AS versions
FROM {workload_events} AS log
GROUP BY stream, item
HAVING plan.7 != 0 AND (NOT released OR ifNull(release.2 >= plan.2, false))
-- @view planned_weeks
-- Hours that each person is planned for in each week of the period (a week lies where its Thursday lies), hard and soft
-- apart: an allocation's weekly hours, pro rata by the days from Monday to Friday that it covers. What is planned for
-- after the day on which the project ended, or for a withdrawn one at all, is no load and stands apart, in the columns
-- with `_after`. `versions` are those of the plans behind it, `firm` those of the hard ones. Params: as_of_k, known_at,
-- basis, tz, period_from, period_to.
SELECT
    any(allocation_stream) AS stream,
    person,
    toDate32(number) AS monday,
    sumIf(hours, is_hard) AS hard,
    sumIf(hours, NOT is_hard) AS soft,
    arraySort(groupArrayIf(version, kept > 0)) AS versions,
    arraySort(groupArrayIf(version, is_hard AND kept > 0)) AS firm,
    sumIf(hours_after, is_hard) AS hard_after,
    sumIf(hours_after, NOT is_hard) AS soft_after,
    arraySort(groupArrayIf(version, kept < days)) AS versions_after
FROM (
    SELECT
        booked.stream AS allocation_stream,
        person,
        ifNull(hard, false) AS is_hard,
        plan.8 AS version,
        toInt32(assumeNotNull(first_day)) AS first,
        toInt32(assumeNotNull(last_day)) AS last,
        greatest(first - positiveModulo(first + 3, 7), toInt32({period_from:Date32}) - 3 + 6
            - positiveModulo(toInt32({period_from:Date32}) - 3 + 6 + 3, 7)) AS opening,
        least(last, toInt32({period_to:Date32}) - 3) AS closing,
        arrayJoin(range(opening, greatest(opening, closing + 1), 7)) AS number,
        least(last, number + 4) - greatest(first, number) + 1 AS days,
        if(ended.project = '', days, least(days, greatest(0, ended.on_day - greatest(first, number) + 1))) AS kept,
        toDecimal64(assumeNotNull(weekly_hours), 4) * toDecimal64(kept, 0) / toDecimal64(5, 0) AS hours,
        toDecimal64(assumeNotNull(weekly_hours), 4) * toDecimal64(days - kept, 0) / toDecimal64(5, 0) AS hours_after
    FROM allocations(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS booked
    LEFT JOIN (
        SELECT project, if(status = 'withdrawn', -1000000, toInt32(toDate32(status_since, {tz:String}))) AS on_day
        FROM projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
        WHERE status IN ('completed', 'cancelled', 'merged', 'split', 'descoped', 'rejected', 'withdrawn')
    ) AS ended ON ended.project = booked.project
    WHERE first_day IS NOT NULL AND last_day IS NOT NULL
)
WHERE days > 0
GROUP BY person, number
-- @view at_risk_uses
-- Starts, progress reports and plans of allocations at {as_of_k} as known at {known_at}: `number` is 1 where it was
-- told at risk, since the platform refuses it otherwise. The owner of an allocation is its project.
-- Params: as_of_k, known_at, basis.
SELECT
    stream, owner, k,
    toFloat64(at_risk IS NOT NULL) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    [concat(stream, '/', toString(version))] AS evidence,
    concat(happened, if(number = 1, ' at risk', '')) AS detail
FROM (
    SELECT stream, stream AS owner, k, version, toString(happened) AS happened, log.at_risk AS at_risk
    FROM {project_events | happened IN ('started', 'progress-reported')} AS log
    UNION ALL
    SELECT stream, concat('project:', ifNull(log.project, '')), k, version, toString(happened), log.at_risk
    FROM {workload_events | happened IN ('allocation-planned', 'allocation-revised')} AS log
)
-- a record may stand twice until parts are merged
LIMIT 1 BY stream, k
-- @view booked_runs
-- Weeks running in which a person is planned firmly, either within or over net capacity, at {as_of_k} as known at
-- {known_at}: one row per stretch of weeks that are all within, or all over it; `number` is its weeks if it is over, else
-- 0. Weeks count once their Thursday has come, if the person is here and not away all week. `k` is the stretch's first
-- Monday with the version of the plan. Params: as_of_k, known_at, basis, as_of, tz.
SELECT
    stream,
    concat('person:', person) AS owner,
    toUnixTimestamp64Milli(toDateTime64(toDate32(stretch[1].1), 3, {tz:String})) * 1048576 + arrayMax(stretch[1].5) AS k,
    toFloat64(length(stretch) * stretch[1].2) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS cured_at,
    arrayMap(v -> concat(stream, '/', toString(v)), arraySort(arrayDistinct(arrayFlatten(stretch.5)))) AS evidence,
    arraySort(w -> w.4 - w.3, stretch)[1] AS worst,
    concat(toString(length(stretch)), if(length(stretch) = 1, ' week', ' weeks running'), ' from ',
        toString(toDate32(stretch[1].1)), ', up to ', toString(worst.3), ' hours planned of ', toString(worst.4)) AS detail
FROM (
    SELECT
        any(plan.stream) AS stream,
        person,
        arraySort(groupArray((
            toInt32(plan.monday),
            toUInt8(plan.hard > net.hours),
            toFloat64(plan.hard),
            toFloat64(net.hours),
            arrayMap(v -> toInt64(v), plan.firm)))) AS weeks,
        arrayJoin(arraySplit((w, before) -> w.1 != before.1 + 7 OR w.2 != before.2, weeks, arrayShiftRight(weeks, 1))) AS stretch
    FROM (
        SELECT stream, person, monday, hard, firm
        FROM planned_weeks(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
            tz = {tz:String}, period_from = '1970-01-01', period_to = {as_of:Date32}
        )
        WHERE hard > 0
    ) AS plan
    INNER JOIN (
        SELECT person, monday, hours
        FROM capacity(
            as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
            tz = {tz:String}, period_from = '1970-01-01', period_to = {as_of:Date32}
        )
        WHERE hours > 0
    ) AS net ON sipHash64(net.person) = sipHash64(plan.person) AND net.monday = plan.monday
    GROUP BY person
)
-- @view confirmations
-- Each hard allocation, as it is now, to a project that runs while it lasts, at {as_of_k} as known at {known_at}: it is due
-- on its first day, or when it was last planned, or when the project runs, whichever is the latest; `number` is the days
-- from then to the line manager's confirmation, or so far. Where only a source's states say whether a project runs, those
-- count. Params: as_of_k, known_at, basis, as_of, tz.
SELECT
    stream,
    concat('person:', person) AS owner,
    plan.7 AS k,
    toFloat64(if(confirmed, toInt32(toDate32(agreed_at, {tz:String})), toInt32({as_of:Date32})) - due_on) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    NOT confirmed AS is_open,
    toNullable(toDate32(due_on)) AS from_day,
    if(confirmed, agreed_at, NULL) AS cured_at,
    arrayMap(v -> concat(stream, '/', toString(v)), arrayFilter(v -> v != 0, versions)) AS evidence,
    concat(allocation, ' to ', project, if(confirmed, ', confirmed ', ', not confirmed '), toString(number), ' days after ',
        toString(toDate32(due_on))) AS detail
FROM (
    SELECT
        stream, person, allocation, plan, confirmed, versions,
        run.project AS project,
        fromUnixTimestamp64Milli(bitShiftRight(confirmation.1, 20), 'UTC') AS agreed_at,
        toInt32(greatest(assumeNotNull(first_day), toDate32(planned_at, {tz:String}))) AS begun,
        -- what was planned only after its last day is due then, if the project ran on the last day
        least(begun, toInt32(assumeNotNull(last_day))) AS lasting,
        if(arrayLast(s -> s.2 <= lasting, run.steps).3 = 1, lasting, arrayFirst(s -> s.2 > lasting AND s.3 = 1, run.steps).2)
            AS runs_on,
        greatest(begun, runs_on) AS due_on
    FROM allocations(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS booked
    INNER JOIN (
        SELECT
            substring(stream, 9) AS project,
            arraySort(groupUniqArray((
                k,
                toInt32(toDate32(occurred_at, {tz:String})),
                toUInt8(happened IN ('started', 'resumed', 'reopened') OR happened = 'recorded' AND log.status = 'running'),
                toUInt8(happened IN ('recorded', 'left-source'))))) AS said,
            arrayFilter(s -> s.4 = arrayMin(said.4), said) AS steps
        FROM {project_events | happened IN ('proposed', 'deferred', 'approved', 'rejected', 'started', 'put-on-hold',
            'resumed', 'completed', 'cancelled', 'merged-into', 'split-into', 'descoped', 'reopened', 'withdrawn',
            'recorded', 'left-source')} AS log
        WHERE happened != 'recorded' OR log.status IS NOT NULL
        GROUP BY stream
        HAVING argMax(happened, k) != 'withdrawn'
    ) AS run ON run.project = booked.project
    WHERE hard AND runs_on != 0 AND runs_on <= toInt32(assumeNotNull(last_day))
)
-- @view plans_of_leavers
-- Hard allocations of people who have left, at {as_of_k} as known at {known_at}, from the leaving on: `number` is the
-- days that each lasts from that day on, which counts no more. Released or revised afterwards, so that it ends before,
-- it is cured then. `k` is when what is shown was planned. Params: as_of_k, known_at, basis, tz.
SELECT
    stream,
    concat('person:', person) AS owner,
    shown.1.1 AS k,
    toFloat64(if(shown.3 >= beyond, shown.3 - greatest(beyond, toInt32(assumeNotNull(shown.1.5))) + 1, 0)) AS number,
    CAST(NULL AS Nullable(Float64)) AS own_limit,
    0 AS is_open,
    CAST(NULL AS Nullable(Date32)) AS from_day,
    if(last_bad = 0 OR last_bad = length(states), NULL, toNullable(states[last_bad + 1].2)) AS cured_at,
    [concat(stream, '/', toString(shown.1.2)), concat('person:', person, '/', toString(told))] AS evidence,
    concat(allocation, ' to ', ifNull(shown.1.8, '?'), ' up to ', toString(toDate32(shown.3)), ', left on ',
        toString(toDate32(beyond))) AS detail
FROM (
    SELECT
        booked.stream AS stream, substring(stream, 10) AS person, booked.allocation AS allocation, gone.gone_on AS beyond,
        gone.told AS told,
        greatest(1, arrayLastIndex(s -> toInt32(toDate32(s.4, {tz:String})) <= gone.gone_on, steps)) AS first_place,
        -- from the leaving on, after each step: the plan, when that was, and the last day (0: none is left, or a soft one)
        arraySlice(arrayMap((s, n) -> (
            arrayLast(p -> p.3 != 'allocation-released', arraySlice(steps, 1, n)),
            s.4,
            if(s.3 != 'allocation-released', ifNull(toInt32(s.6), 0),
                least(ifNull(toInt32(s.6), 0),
                    ifNull(toInt32(arrayLast(p -> p.3 != 'allocation-released', arraySlice(steps, 1, n)).6), 0)))),
            steps, arrayEnumerate(steps)), first_place) AS all_states,
        arrayMap(s -> (s.1, s.2, if(ifNull(s.1.7, false) AND s.3 >= ifNull(toInt32(s.1.5), 2147483647), s.3, 0)), all_states)
            AS states,
        arrayLastIndex(s -> s.3 >= gone.gone_on, states) AS last_bad,
        if(last_bad > 0, states[last_bad], arrayLast(s -> s.3 > 0, states)) AS shown
    FROM (
        SELECT
            stream,
            item AS allocation,
            arraySort(groupUniqArray((k, version, toString(happened), occurred_at, log.first_day, log.last_day, log.hard,
                log.project))) AS steps
        FROM {workload_events | happened IN ('allocation-planned', 'allocation-revised', 'allocation-released')} AS log
        GROUP BY stream, item
    ) AS booked
    INNER JOIN (
        SELECT
            substring(stream, 8) AS leaver,
            toInt32(toDate32(argMax(occurred_at, k), {tz:String})) AS gone_on,
            argMax(log.version, k) AS told
        FROM {person_events | happened IN ('joined', 'left')} AS log
        GROUP BY stream
        HAVING argMax(happened, k) = 'left'
    ) AS gone ON gone.leaver = substring(booked.stream, 10)
)
WHERE shown.3 > 0
