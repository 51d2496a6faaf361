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
