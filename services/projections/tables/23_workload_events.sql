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
-- apart: an allocation's weekly hours, pro rata by the days from Monday to Friday that it covers. `versions` are those of
-- the plans behind it. Params: as_of_k, known_at, basis, period_from, period_to.
SELECT
    any(allocation_stream) AS stream,
    person,
    toDate32(number) AS monday,
    sumIf(hours, is_hard) AS hard,
    sumIf(hours, NOT is_hard) AS soft,
    arraySort(groupArray(version)) AS versions
FROM (
    SELECT
        stream AS allocation_stream,
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
        toDecimal64(assumeNotNull(weekly_hours), 4) * toDecimal64(days, 0) / toDecimal64(5, 0) AS hours
    FROM allocations(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE first_day IS NOT NULL AND last_day IS NOT NULL
)
WHERE days > 0
GROUP BY person, number
