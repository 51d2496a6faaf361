-- name: waste
-- title: Investment wasted
-- family: portfolio
-- measure: share
-- better: lower
-- aggregator: ratio-of-sums
-- version: 1
-- source: our own; PMI, Pulse of the Profession, asks for investment wasted due to poor performance, which is another
--   question
-- definition: Of the cost of the projects that were cancelled or completed in the period (and not reopened since):
--   the share of the cancelled ones. A project's cost is the final one if it is financially closed, else the last
--   reported cost to date, each with the corrections since. Amounts in the reporting currency stand as they are; others
--   must be in the plan's currency, and are converted at the rate of the first baseline's day: without one it is an
--   error that names it. Left out and counted beside: no cost known; a correction in another currency than the cost;
--   another currency. Merged, split and descoped projects go on elsewhere and count nowhere, nor do observed and
--   withdrawn ones.
WITH
    arrayFilter(c -> c.1 > if(p.is_closed, p.closure.5, r.report.9), p.cost_corrections) AS since,
    arrayFilter(c -> c.1 = arrayMax(o -> if(o.2 = c.2, o.1, 0), since), since) AS later,
    ifNull(if(p.is_closed, p.closure.2, r.report.8), '') AS told_in,
    toDecimal128(ifNull(if(p.is_closed, p.closure.1, r.report.3), 0), 4)
        + arraySum(arrayMap(c -> toDecimal128(ifNull(c.3, 0), 4), later)) AS cost,
    if(told_in = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS rate
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    ifNull(p.name, p.project) AS label,
    p.standing AS standing,
    multiIf(
        NOT p.is_closed AND r.report.7 = 0, 'no cost known',
        arrayExists(c -> ifNull(c.4, '') != told_in, later), 'correction in another currency',
        told_in != {currency:String} AND told_in != rates.currency, 'another currency',
        told_in != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS excluded,
    if(p.status = 'cancelled', denominator, toDecimal128(0, 4)) AS numerator,
    toDecimal128(round(cost * rate, 4), 4) AS denominator,
    arrayFilter(
        v -> v > 0,
        arrayPushFront(arrayMap(c -> c.5, later), if(p.is_closed, p.closure.4, r.report.7))) AS evidence
FROM projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p
LEFT JOIN project_reports(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS r ON r.stream = p.stream
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = p.stream
WHERE p.status IN ('cancelled', 'completed')
  AND toDate32(p.status_since, {tz:String}) BETWEEN {period_from:Date32} AND {period_to:Date32}
