-- Whom projects still look for, one row per record, typed.
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
    project String,
    role Nullable(String),
    skill Nullable(String),
    option_group Nullable(String),
    first_day Nullable(Date32),
    last_day Nullable(Date32),
    weekly_hours Nullable(Decimal(11, 4)),
    person Nullable(String),
    allocation Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill demand
WITH JSONExtract(value, 'data', 'Tuple(
    role Nullable(String), skill Nullable(String), option_group Nullable(String), first_day Nullable(Date32),
    last_day Nullable(Date32), weekly_hours Nullable(Decimal(11, 4)), person Nullable(String),
    allocation Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.demand\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 8) AS project, d.role AS role, d.skill AS skill, d.option_group AS option_group,
    d.first_day AS first_day, d.last_day AS last_day, d.weekly_hours AS weekly_hours, d.person AS person,
    d.allocation AS allocation
FROM {source}
WHERE kind = 'demand' AND happened != 'voided'
-- @view demand_log
-- Records of demand that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {demand_events}
-- @view placeholders
-- Placeholders that are still open at {as_of_k} as known at {known_at}, both days included: neither filled nor withdrawn.
-- Params: as_of_k, known_at, basis.
SELECT
    stream,
    any(log.project) AS project,
    item AS placeholder,
    argMaxIf(tuple(log.role, log.skill, log.option_group, log.first_day, log.last_day, log.weekly_hours, version), k,
        happened IN ('placeholder-planned', 'placeholder-revised')) AS plan,
    plan.1 AS role,
    plan.2 AS skill,
    plan.3 AS option_group,
    plan.4 AS first_day,
    plan.5 AS last_day,
    plan.6 AS weekly_hours,
    plan.7 AS plan_version
FROM {demand_events} AS log
GROUP BY stream, item
HAVING argMax(happened, k) NOT IN ('placeholder-filled', 'placeholder-withdrawn')
-- @view demand_weeks
-- Hours of each open placeholder in each week of the period (a week lies where its Thursday lies), pro rata by the days
-- from Monday to Friday, for the project's unit. `left_out` is '' or why the row adds nothing to the others: of the
-- alternatives of one option group only the one with the most hours in the week counts. Params: as_of_k, known_at, basis,
-- period_from, period_to.
SELECT
    each.stream AS stream,
    each.project AS project,
    ifNull(p.unit, '') AS unit,
    placeholder,
    plan_version,
    ifNull(each.role, '') AS role,
    ifNull(each.skill, '') AS skill,
    toDate32(number) AS monday,
    hours,
    multiIf(
        p.status IN ('completed', 'cancelled', 'merged', 'split', 'descoped', 'rejected', 'withdrawn'),
            concat('project ', p.status),
        each.option_group IS NOT NULL AND row_number() OVER (
            PARTITION BY each.stream, each.option_group, number ORDER BY hours DESC, placeholder) > 1,
            'alternative of an option group',
        '') AS left_out
FROM (
    SELECT
        stream,
        project,
        placeholder,
        plan_version,
        role,
        skill,
        option_group,
        toInt32(assumeNotNull(first_day)) AS first,
        toInt32(assumeNotNull(last_day)) AS last,
        greatest(first - positiveModulo(first + 3, 7), toInt32({period_from:Date32}) - 3 + 6
            - positiveModulo(toInt32({period_from:Date32}) - 3 + 6 + 3, 7)) AS opening,
        least(last, toInt32({period_to:Date32}) - 3) AS closing,
        arrayJoin(range(opening, greatest(opening, closing + 1), 7)) AS number,
        least(last, number + 4) - greatest(first, number) + 1 AS days,
        toDecimal128(assumeNotNull(weekly_hours), 4) * toDecimal128(days, 0) / toDecimal128(5, 0) AS hours
    FROM placeholders(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE first_day IS NOT NULL AND last_day IS NOT NULL
) AS each
LEFT JOIN projects(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}) AS p
    ON p.project = each.project
WHERE days > 0
