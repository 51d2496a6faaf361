-- Exchange rates, one row per record, typed: what one unit of `currency` is worth from `first_day` on.
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
    currency String,
    first_day Nullable(Date32),
    to_currency Nullable(String),
    rate Nullable(Decimal(18, 8)),
    origin Nullable(String)
) ENGINE = ReplacingMergeTree ORDER BY (stream, version)
-- @fill rate
WITH JSONExtract(value, 'data', 'Tuple(
    first_day Nullable(Date32), to_currency Nullable(String), rate Nullable(Decimal(18, 8)), origin Nullable(String))') AS d
SELECT
    stream, version, replaceRegexpOne(type, '^pmo\\.rate\\.(.*)\\.v[0-9]+$', '\\1') AS happened, item, k,
    occurred_at, recorded_at, reported_at,
    substring(stream, 6) AS currency, d.first_day AS first_day, d.to_currency AS to_currency, d.rate AS rate,
    d.origin AS origin
FROM {source}
WHERE kind = 'rate' AND happened != 'voided'
-- @view rate_log
-- Records of rates that count at {as_of_k} as known at {known_at}. May hold a record twice until parts are
-- merged: fold it, never sum or count it. Params: as_of_k, known_at, basis.
SELECT * FROM {rate_events}
-- @view rates
-- Exchange rates known at {as_of_k} and {known_at}, each from its first day on. Params: as_of_k, known_at, basis.
SELECT
    any(log.currency) AS currency,
    item AS entry,
    argMax(tuple(log.first_day, log.to_currency, log.rate, version), k) AS held,
    held.1 AS first_day,
    held.2 AS to_currency,
    held.3 AS rate
FROM {rate_events | happened = 'set'} AS log
GROUP BY stream, item
-- @view project_rates
-- What each project's amounts are worth in the reporting currency {currency}, at {as_of_k} as known at {known_at}: `rate`
-- by the day of its first baseline (else of its proposal), so that later exchange rates do not look like performance; null
-- where none is known, with `missing` as "GBP 2026-01-01". Params: as_of_k, known_at, basis, tz, currency.
SELECT
    plan.stream AS stream,
    plan.currency AS currency,
    if(plan.currency = {currency:String}, toDecimal64(1, 8), nullIf(held.rate, 0)) AS rate,
    if(rate IS NULL, concat(plan.currency, ' ', toString(plan.day)), '') AS missing
FROM (
    SELECT
        stream,
        ifNull(coalesce(
            argMaxIf(tuple(log.currency), k, happened = 'baseline-set' AND item = '1').1,
            argMaxIf(tuple(log.currency), k, happened = 'proposed').1,
            argMinIf(tuple(log.currency), k, happened = 'recorded' AND log.currency IS NOT NULL).1), '') AS currency,
        toDate32(coalesce(
            argMaxIf(tuple(toNullable(occurred_at)), k, happened = 'baseline-set' AND item = '1').1,
            minIf(toNullable(occurred_at), happened IN ('proposed', 'recorded'))), {tz:String}) AS day
    FROM {project_events | happened IN ('proposed', 'baseline-set', 'recorded')} AS log
    GROUP BY stream
    HAVING currency != ''
) AS plan
LEFT ASOF JOIN (
    SELECT currency, assumeNotNull(first_day) AS first_day, assumeNotNull(rate) AS rate
    FROM rates(as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String})
    WHERE to_currency = {currency:String}
) AS held ON held.currency = plan.currency AND held.first_day <= plan.day
-- @view earned_money
-- View earned_value with what it takes to add it up over projects, at {as_of_k} as known at {known_at}: `rate` turns a
-- project's money into {currency}; `unconvertible` is '' or why there is none. Params: as_of_k, known_at, basis, as_of, tz,
-- currency.
SELECT
    ev.stream AS stream,
    ev.unit AS unit,
    ev.label AS label,
    ev.standing AS standing,
    ev.against AS against,
    ev.problem AS problem,
    ev.cost_problem AS cost_problem,
    ev.percent AS percent,
    ev.currency AS currency,
    ev.bac AS bac,
    ev.ac AS ac,
    ev.ev AS ev,
    ev.pv AS pv,
    ev.eac AS eac,
    ev.forecast AS forecast,
    ev.versions AS versions,
    ev.cost_versions AS cost_versions,
    if(ev.currency = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS rate,
    multiIf(
        ev.currency = {currency:String}, '',
        ev.currency != rates.currency, 'another currency',
        rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS unconvertible
FROM earned_value(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    as_of = {as_of:Date32}, tz = {tz:String}
) AS ev
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = ev.stream
-- @view exposures
-- What each open risk of a project that is running or on hold is worth in {currency} at {as_of_k} as known at {known_at}:
-- residual probability times impact, as `amount`. `effect` is "threat" or "opportunity", `excluded` '' or why there is no
-- amount. Params: as_of_k, known_at, basis, tz, currency.
WITH
    ifNull(k.assessment.3, '') AS told_in,
    if(told_in = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS rate
SELECT
    ifNull(k.what.2, '') AS effect,
    ifNull(p.unit, '') AS unit,
    p.stream AS stream,
    concat(ifNull(p.name, p.project), ' ', k.risk) AS label,
    p.standing AS standing,
    multiIf(
        k.assessment.1 IS NULL OR k.assessment.2 IS NULL, 'not assessed',
        told_in != {currency:String} AND told_in != rates.currency, 'another currency',
        told_in != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS excluded,
    toDecimal128(round(toDecimal128(round(
        toDecimal128(ifNull(k.assessment.2, 0), 4) * ifNull(k.assessment.1, 0), 4), 4) * rate, 4), 4) AS amount,
    k.assessment.6 AS version
FROM risks(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS k
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = k.stream
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = k.stream
WHERE p.status IN ('running', 'on-hold') AND k.state = 'open'
