-- name: benefits
-- title: Benefits realised
-- family: portfolio
-- measure: ratio
-- better: higher
-- aggregator: ratio-of-sums
-- version: 1
-- source: PMI, Benefits Realization Management: A Practice Guide (2019); the rule for unmeasured ones is our own
-- definition: Of the benefits that are due by the as-of day, or measured whether due or not: the sum of what was last
--   measured over the sum of what was planned. One that is due and was never measured counts 0. It is a state at the
--   as-of day: the period does not matter. Amounts in the reporting currency stand as they are; others must be in the
--   plan's currency, and are converted at the rate of the first baseline's day: without one it is an error that names
--   it. Left out and counted beside: under its status, benefits of projects that were cancelled, merged, split,
--   descoped or rejected; another currency. Observed and withdrawn projects count nowhere.
WITH
    b.measured.4 > 0 AS is_measured,
    ifNull(b.plan.3, '') AS planned_in,
    if(is_measured, ifNull(b.measured.2, ''), planned_in) AS measured_in,
    if(planned_in = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS planned_rate,
    if(measured_in = {currency:String}, toDecimal64(1, 8), ifNull(rates.rate, 0)) AS measured_rate
SELECT
    ifNull(p.unit, '') AS unit,
    p.stream AS subject,
    concat(ifNull(p.name, p.project), ' ', b.benefit) AS label,
    p.standing AS standing,
    multiIf(
        p.status IN ('cancelled', 'merged', 'split', 'descoped', 'rejected'), p.status,
        planned_in != {currency:String} AND planned_in != rates.currency, 'another currency',
        planned_in != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        measured_in != {currency:String} AND measured_in != rates.currency, 'another currency',
        measured_in != {currency:String} AND rates.rate IS NULL, concat('no rate: ', rates.missing),
        '') AS excluded,
    toDecimal128(round(toDecimal128(if(is_measured, ifNull(b.measured.1, 0), 0), 4) * measured_rate, 4), 4) AS numerator,
    toDecimal128(round(toDecimal128(ifNull(b.plan.2, 0), 4) * planned_rate, 4), 4) AS denominator,
    arrayFilter(v -> v > 0, [b.plan.6, b.measured.4]) AS evidence
FROM benefits(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS b
INNER JOIN projects(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String}
) AS p ON p.stream = b.stream
LEFT JOIN project_rates(
    as_of_k = {as_of_k:Int64}, known_at = {known_at:DateTime64(3, 'UTC')}, basis = {basis:String},
    tz = {tz:String}, currency = {currency:String}
) AS rates ON rates.stream = b.stream
WHERE p.status NOT IN ('withdrawn', 'observed') AND (ifNull(b.plan.4 <= {as_of:Date32}, false) OR b.measured.4 > 0)
